//! The thread that brings the state up to the journal, behind the commits.
//!
//! It puts many entries into the state at one time: a counter that changed many times is written once, an answer that
//! waited and was delivered meanwhile not at all. When too much waits for it, the writer waits. What it has not applied
//! when the process dies is applied at the next start. A third thread puts together what it made in many pieces.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::background;
use crate::event;
use crate::identifier::RecordNumber;
use crate::store::floor::Floor;
use crate::store::overlay::Overlay;
use crate::store::{Unavailable, state};

use super::pace::Due;
use super::shared::Shared;
use super::writer::StopOnPanic;

/// How much of the journal a start has to apply again, at most, in time.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);

/// How long merging rests at one time, at most.
const REST_MAX: Duration = Duration::from_millis(10);

/// What is told of files that go later.
pub(super) const NOT_REMOVED: &str = "segments that are kept no more could not be removed; that is tried again when more is dropped, and at the next start";

/// The thread's own things.
pub(crate) struct Applier {
    shared: Arc<Shared>,
    /// The last entry that the state holds.
    applied: RecordNumber,
    /// The last entry that it holds on stable storage.
    checkpoint: RecordNumber,
    /// The segment of the last checkpoint.
    segment: u64,
    /// The last segment that is to be dropped once the state has the floor on stable storage.
    dropping: Option<u64>,
    /// The last one that was, while others moved to the archive: the next checkpoint tries again.
    late: Option<u64>,
    /// Memory for what is committed next.
    next: Overlay,
    merger: Merger,
}

impl Applier {
    /// For a state that holds everything up to `applied` on stable storage, while this segment is written.
    pub(crate) fn new(shared: &Arc<Shared>, applied: RecordNumber, segment: u64) -> std::io::Result<Self> {
        let merger = Merger::start(Arc::clone(shared))?;
        let shared = Arc::clone(shared);
        Ok(Self {
            shared,
            applied,
            checkpoint: applied,
            segment,
            dropping: None,
            late: None,
            next: Overlay::default(),
            merger,
        })
    }

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
        self.shared.pace.stop();
        self.merger.end();
        drop(guard);
        outcome
    }

    fn work(&mut self) -> Result<(), Unavailable> {
        let mut last_checkpoint = Instant::now();
        loop {
            let due = self.shared.pace.next(CHECKPOINT_EVERY.saturating_sub(last_checkpoint.elapsed()));
            if self.shared.is_abandoned() {
                return Ok(());
            }
            let segment = if due == Due::Nothing { self.segment } else { self.apply()? };
            if due == Due::Last {
                self.merger.end(); // Nothing of ours is written behind the last checkpoint.
                return self.checkpoint();
            }
            let is_due = segment != self.segment || self.dropping.is_some();
            if is_due || last_checkpoint.elapsed() >= CHECKPOINT_EVERY {
                self.checkpoint()?;
                (self.segment, last_checkpoint) = (segment, Instant::now());
            }
        }
    }

    /// Applies all that is committed, and returns the segment of the last entry.
    fn apply(&mut self) -> Result<u64, Unavailable> {
        let keys = self.shared.pace.taken();
        let Some(recent) = self.shared.take_recent(&mut self.next) else {
            // They were taken with those before, between their commit and their count.
            self.shared.pace.applied(keys);
            return Ok(self.segment);
        };
        self.shared.index.apply(recent.changes.in_order(), recent.up_to)?;
        if let Some(Some(floor)) = recent.changes.get(state::FLOOR) {
            self.dropping = Some(state::read::<Floor>(floor)?.segment);
        }
        let segment = recent.segment;
        self.applied = recent.up_to;
        drop(recent);
        self.next = self.shared.forget_taken();
        self.shared.pace.applied(keys);
        let lag = u32::try_from(self.shared.lag()).unwrap_or(u32::MAX);
        metrics::gauge!(event::STORE_LAG).set(f64::from(lag));
        self.merger.wake();
        Ok(segment)
    }

    /// Puts the state on stable storage; then what was dropped may go.
    fn checkpoint(&mut self) -> Result<(), Unavailable> {
        if self.checkpoint < self.applied {
            self.shared.index.checkpoint()?;
            self.checkpoint = self.applied;
        }
        let Some(through) = self.dropping.take().max(self.late.take()) else { return Ok(()) };
        match self.shared.reader.drop_through(through) {
            Ok(is_done) => self.late = Some(through).filter(|_| !is_done),
            // Nothing depends on it: what is below the floor is there for nobody.
            Err(trouble) => tracing::error!(%trouble, "{NOT_REMOVED}"),
        }
        Ok(())
    }
}

/// The thread that puts together what was applied in many pieces.
struct Merger {
    /// None once it is told to end.
    wakes: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Merger {
    fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        let (wakes, woken) = sync_channel(1);
        let merging = Arc::clone(&shared);
        let thread = background::spawn("lodged-merge", move || merge(&merging, &woken))?;
        Ok(Self { wakes: Some(wakes), thread: Some(thread), shared })
    }

    /// There may be something to do. It looks again after whatever it does now, so one word is enough.
    fn wake(&self) {
        if let Some(wakes) = &self.wakes {
            _ = wakes.try_send(()); // A full channel has the word already.
        }
    }

    /// What it is in the middle of is left: it is done anew some day.
    fn end(&mut self) {
        drop(self.wakes.take());
        self.shared.end_merging();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that merges the state panicked");
        }
    }
}

fn merge(shared: &Arc<Shared>, woken: &Receiver<()>) {
    let guard = StopOnPanic(Arc::clone(shared));
    loop {
        let since = Cell::new(Instant::now());
        match shared.index.merge(|| goes_on(shared, &since)) {
            Ok(true) => {}
            Ok(false) if woken.recv().is_err() => break,
            Ok(false) => {}
            Err(trouble) => {
                shared.stop(&trouble.to_string());
                break;
            }
        }
    }
    drop(guard);
}

/// Whether merging goes on. It rests between two pieces of work as long as the last one took, since commits wait for the
/// processors and the disk that it would take for itself, unless it is urgent.
fn goes_on(shared: &Shared, since: &Cell<Instant>) -> bool {
    if shared.merges() && !shared.index.is_merging_urgent() {
        thread::sleep(since.get().elapsed().min(REST_MAX));
    }
    since.set(Instant::now());
    shared.merges()
}
