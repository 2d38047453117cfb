//! Where the files of segments are. Nobody else makes a path of a segment's number.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Disk, JournalFile};
use super::seal;
use super::segment::{self, Header};
use super::trouble::JournalTrouble;

/// A file that is open, and where it is.
pub(crate) type Found = (Arc<dyn JournalFile>, PathBuf);

/// Where the segments of a journal are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shelves {
    journal: PathBuf,
}

/// The files of a journal, by their numbers in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Listed {
    /// Segments.
    pub(crate) segments: Vec<u64>,
    /// Seals.
    pub(crate) seals: Vec<u64>,
}

impl Shelves {
    /// The segments in this directory.
    pub(crate) fn of(journal: impl Into<PathBuf>) -> Self {
        Self { journal: journal.into() }
    }

    /// The directory in which segments are made and sealed.
    pub(crate) fn journal(&self) -> &Path {
        &self.journal
    }

    /// Where a segment is made.
    pub(crate) fn path(&self, number: u64) -> PathBuf {
        segment::path(&self.journal, number)
    }

    /// Opens a segment to read it.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`].
    pub(crate) fn open(&self, disk: &dyn Disk, number: u64) -> Result<Found, JournalTrouble> {
        let path = self.path(number);
        let file = disk.read(&path).map_err(JournalTrouble::io("open", &path))?;
        Ok((file, path))
    }

    /// All bytes of the segment with this header, and where they are.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`].
    pub(crate) fn read(&self, disk: &dyn Disk, header: &Header) -> Result<(Vec<u8>, PathBuf), JournalTrouble> {
        let (file, path) = self.open(disk, header.number)?;
        let mut bytes = vec![0; usize::try_from(header.bytes).unwrap_or(usize::MAX)];
        file.read_at(&mut bytes, 0).map_err(JournalTrouble::io("read", &path))?;
        Ok((bytes, path))
    }

    /// What there is.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`].
    pub(crate) fn list(&self) -> Result<Listed, JournalTrouble> {
        let mut listed = Listed::default();
        for path in paths_in(&self.journal).map_err(JournalTrouble::io("list", &self.journal))? {
            listed.segments.extend(segment::number(&path));
            listed.seals.extend(seal::number(&path));
        }
        listed.segments.sort_unstable();
        listed.seals.sort_unstable();
        Ok(listed)
    }
}

/// What is in a directory.
pub(super) fn paths_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
}
