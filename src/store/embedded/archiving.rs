//! Old segments move to the archive while everything else goes on.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::shared::Shared;
use crate::background;
use crate::event;
use crate::store::EmbeddedStore;
use crate::store::entry::Entry;
use crate::store::journal::{ArchiveTrouble, Mover};

/// What an archive holds now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Archived {
    /// Segments that were moved this time.
    pub moved: u64,
    /// Segments in it.
    pub segments: u64,
    /// Their length together, in bytes.
    pub bytes: u64,
    /// Segments of the journal that are neither in it nor in the journal.
    pub absent: Vec<u64>,
}

impl EmbeddedStore {
    /// Where old segments are, or are to move; none when the store has no archive.
    #[must_use]
    pub fn archive_directory(&self) -> Option<&Path> {
        self.shared.reader.shelves().archive()
    }

    /// Moves the sealed segments whose last entry is older than that to the archive, when the store has one that is named:
    /// on a thread of its own, which nobody waits for when the process ends. The segment that is written and the two before it
    /// stay. What an earlier time began is finished.
    ///
    /// # Errors
    /// [`ArchiveTrouble`] when the archive is away or full, or a segment or its copy is not as it was written; nothing is lost
    /// by it, and recording goes on.
    pub async fn archive(&self, older_than: Timestamp) -> Result<Archived, ArchiveTrouble> {
        let shared = Arc::clone(&self.shared);
        let (reply, archived) = oneshot::channel();
        let run = move || {
            let outcome = shared.archive(older_than);
            drop(shared); // Whoever hears of it may open the store anew.
            if reply.send(outcome).is_err() {
                tracing::debug!("nobody waits for the archive any more");
            }
        };
        background::spawn("lodged-archive", run).map_err(|_| ArchiveTrouble::Thread)?;
        archived.await.unwrap_or(Err(ArchiveTrouble::Thread))
    }
}

impl Shared {
    fn archive(&self, older_than: Timestamp) -> Result<Archived, ArchiveTrouble> {
        let shelves = self.reader.shelves();
        let moment = |payload: &[u8]| Entry::decode(payload).ok().as_ref().and_then(Entry::moment);
        let goes_on = || !self.is_abandoned() && self.ready().is_ok();
        let mover = Mover::new(self.reader.disk(), shelves, self.reader.store()).filter(|_| self.archives);
        let turn = self.reader.hold(); // What is dropped meanwhile goes when everything has moved.
        let moved = mover.map_or(Ok(0), |mover| mover.run(older_than, &moment, &goes_on));
        drop(turn);
        let held = shelves.held().unwrap_or_default();
        let (segments, bytes) = (u64::try_from(held.segments.len()).unwrap_or(u64::MAX), held.bytes);
        metrics::gauge!(event::STORE_ARCHIVE_SEGMENTS).set(as_float(segments));
        metrics::gauge!(event::STORE_ARCHIVE_BYTES).set(as_float(bytes));
        let absent = self.reader.absent().inspect(|absent| {
            metrics::gauge!(event::STORE_ARCHIVE_ABSENT).set(as_float(u64::try_from(absent.len()).unwrap_or(u64::MAX)));
        });
        // Whoever looks at this one finds those above as they are.
        metrics::gauge!(event::STORE_ARCHIVE_FAILING).set(if moved.is_err() { 1.0 } else { 0.0 });
        let absent = absent?;
        moved.map(|moved| Archived { moved, segments, bytes, absent })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; bytes of an archive stay below 2^52")]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
