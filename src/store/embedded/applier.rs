//! The thread that brings the state up to the journal, behind the commits.
//!
//! Its queue is short: when the state falls that far behind, the writer waits. Batches that wait are put together, so
//! that a counter or an answer that changed many times is written once. What it has not applied when the process dies
//! is applied at the next start.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::event;
use crate::identifier::RecordNumber;
use crate::store::Unavailable;
use crate::store::state::Change;

use super::shared::Shared;
use super::writer::StopOnPanic;

/// Batches that may wait before the writer does.
pub(crate) const QUEUE_BATCHES: usize = 64;

/// How much of the journal a start has to apply again, at most, in time.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);

/// What one flush put on stable storage.
pub(crate) struct Batch {
    /// What the state learns from it; one change for each key.
    pub(crate) changes: Vec<Change>,
    /// Its last entry.
    pub(crate) up_to: RecordNumber,
    /// The segment that it went to.
    pub(crate) segment: u64,
}

/// The thread's own things.
pub(crate) struct Applier {
    pub(crate) shared: Arc<Shared>,
    pub(crate) batches: Receiver<Batch>,
    /// The last entry that the state holds.
    pub(crate) applied: RecordNumber,
    /// The last entry that it holds on stable storage.
    pub(crate) checkpoint: RecordNumber,
    /// The segment of the last checkpoint.
    pub(crate) segment: u64,
}

impl Applier {
    /// Works until the writer ends, and then leaves nothing to apply, unless the store was dropped.
    ///
    /// # Errors
    /// [`Unavailable`] when the state cannot be written; the store stops then.
    pub(crate) fn run(mut self) -> Result<(), Unavailable> {
        let guard = StopOnPanic(Arc::clone(&self.shared));
        let outcome = self.work();
        if let Err(reason) = &outcome {
            self.shared.stop(&reason.0);
        }
        drop(guard);
        outcome
    }

    fn work(&mut self) -> Result<(), Unavailable> {
        let mut last_checkpoint = Instant::now();
        loop {
            match self.batches.recv_timeout(CHECKPOINT_EVERY.saturating_sub(last_checkpoint.elapsed())) {
                Ok(_) | Err(RecvTimeoutError::Disconnected) if self.shared.is_abandoned() => return Ok(()),
                Ok(batch) => {
                    let segment = self.apply(batch)?;
                    if segment == self.segment && last_checkpoint.elapsed() < CHECKPOINT_EVERY {
                        continue;
                    }
                    self.segment = segment;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.checkpoint(),
            }
            self.checkpoint()?;
            last_checkpoint = Instant::now();
        }
    }

    /// Applies a batch and all that wait behind it, and returns the segment of the last one.
    fn apply(&mut self, first: Batch) -> Result<u64, Unavailable> {
        let Batch { changes, mut up_to, mut segment } = first;
        let mut latest: BTreeMap<_, _> = changes.into_iter().map(|change| (change.key, change.value)).collect();
        for batch in self.batches.try_iter().take(QUEUE_BATCHES) {
            latest.extend(batch.changes.into_iter().map(|change| (change.key, change.value)));
            (up_to, segment) = (batch.up_to, batch.segment);
        }
        self.shared.index.apply(&latest)?;
        self.shared.forget(up_to, latest.keys());
        self.applied = up_to;
        let lag = u32::try_from(self.shared.committed().0.saturating_sub(up_to.0)).unwrap_or(u32::MAX);
        metrics::gauge!(event::STORE_LAG).set(f64::from(lag));
        Ok(segment)
    }

    fn checkpoint(&mut self) -> Result<(), Unavailable> {
        if self.checkpoint < self.applied {
            self.shared.index.checkpoint(self.applied)?;
            self.checkpoint = self.applied;
        }
        Ok(())
    }
}
