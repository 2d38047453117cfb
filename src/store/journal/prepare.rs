//! The next segment, written full of zeroes by a thread before it is needed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::store::background;

use super::disk::{Disk, JournalFile};
use super::trouble::JournalTrouble;

/// The name of a segment that is not one yet.
pub(crate) const PREPARED: &str = "next.new";

/// The name of one that is longer or shorter than the one that is prepared: for one entry that is longer than segments are.
const OTHER_LENGTH: &str = "oversized.new";

/// What a thread makes.
type Made = io::Result<Arc<dyn JournalFile>>;

/// Prepares one segment at a time.
pub(crate) struct Preparing {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    /// The thread, and the length in bytes of what it makes.
    begun: Option<(JoinHandle<Made>, u64)>,
}

impl Preparing {
    /// For the segments in this directory.
    pub(crate) fn new(disk: Arc<dyn Disk>, directory: &Path) -> Self {
        Self { disk, directory: directory.to_owned(), begun: None }
    }

    /// Lets a segment of this length be made, unless one is made already.
    pub(crate) fn begin(&mut self, bytes: u64) {
        if self.begun.is_some() {
            return;
        }
        let (disk, path) = (Arc::clone(&self.disk), self.directory.join(PREPARED));
        let prepare = background::spawn("lodged-segment", move || disk.create(&path, bytes));
        match prepare {
            Ok(prepare) => self.begun = Some((prepare, bytes)),
            Err(error) => tracing::warn!(%error, "no thread to prepare the next segment; it is made when it is needed"),
        }
    }

    /// A file of this length: the one that was prepared, or one that is made now. Its path, and the file.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`], as from a full disk, or [`JournalTrouble::NotPrepared`].
    pub(crate) fn take(&mut self, bytes: u64) -> Result<(PathBuf, Arc<dyn JournalFile>), JournalTrouble> {
        let (path, file) = match self.begun.take_if(|(_, prepared)| *prepared == bytes) {
            Some((prepare, _)) => {
                let not_prepared = |_| JournalTrouble::NotPrepared { directory: self.directory.clone() };
                (self.directory.join(PREPARED), prepare.join().map_err(not_prepared)?)
            }
            None => {
                let path = self.directory.join(if self.begun.is_some() { OTHER_LENGTH } else { PREPARED });
                let file = self.disk.create(&path, bytes);
                (path, file)
            }
        };
        let file = file.map_err(JournalTrouble::io("create", &path))?;
        Ok((path, file))
    }
}

impl Drop for Preparing {
    /// The next owner of the directory must not meet a thread of this one.
    fn drop(&mut self) {
        if let Some((prepare, _)) = self.begun.take()
            && prepare.join().is_err()
        {
            tracing::warn!("the thread that prepared the next segment panicked");
        }
    }
}
