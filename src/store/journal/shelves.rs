//! Where the files of segments are: all in the journal's own directory, but for old ones that moved to an archive. Nobody else
//! makes a path of a segment's number.
//!
//! A segment moves in one direction, and its original goes once the copy is there: who looks into the journal first and then
//! into the archive finds it, whenever it moves. Seals stay in the journal.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::{ArchiveTrouble, Note};
use super::disk::{Disk, JournalFile};
use super::seal;
use super::segment::{self, Header, StoreId};
use super::trouble::JournalTrouble;

/// A file that is open, and where it is.
pub(crate) type Found = (Arc<dyn JournalFile>, PathBuf);

/// Where the segments of a journal are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shelves {
    journal: PathBuf,
    archive: Option<OldShelf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct OldShelf {
    directory: PathBuf,
    /// The store whose segments up to a number may be in it alone, as far as was known when this was made.
    moved: Option<(StoreId, u64)>,
}

/// The files of a journal, by their numbers in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Listed {
    /// Segments, wherever they are.
    pub(crate) segments: Vec<u64>,
    /// Seals.
    pub(crate) seals: Vec<u64>,
}

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Held {
    /// The numbers of its segments, in order.
    pub(crate) segments: Vec<u64>,
    /// How long they are together, in bytes.
    pub(crate) bytes: u64,
}

impl Shelves {
    /// The segments in this directory, and nowhere else.
    pub(crate) fn of(journal: impl Into<PathBuf>) -> Self {
        Self { journal: journal.into(), archive: None }
    }

    /// The same with old ones in an archive, as far as the journal notes it.
    pub(super) fn with_archive(self, directory: PathBuf, note: Option<&Note>) -> Self {
        let moved = note.map(|note| (note.store, note.up_to));
        Self { archive: Some(OldShelf { directory, moved }), ..self }
    }

    /// The segments of the journal in this directory, which notes where its archive is when it has one.
    ///
    /// # Errors
    /// [`ArchiveTrouble`] when the note cannot be read.
    pub(crate) fn find(journal: PathBuf) -> Result<Self, ArchiveTrouble> {
        Ok(match Note::read(&journal)? {
            Some(note) => Self::of(journal).with_archive(note.directory.clone(), Some(&note)),
            None => Self::of(journal),
        })
    }

    /// The directory in which segments are made and sealed.
    pub(crate) fn journal(&self) -> &Path {
        &self.journal
    }

    /// The directory to which old ones move.
    pub(crate) fn archive(&self) -> Option<&Path> {
        self.archive.as_ref().map(|archive| archive.directory.as_path())
    }

    /// The store of the archive in which alone a segment may be; none when it has to be in the journal.
    pub(super) fn archived_of(&self, number: u64) -> Option<StoreId> {
        let (store, up_to) = self.archive.as_ref()?.moved?;
        (number <= up_to).then_some(store)
    }

    /// Where a segment is made, and is until it moves.
    pub(crate) fn path(&self, number: u64) -> PathBuf {
        segment::path(&self.journal, number)
    }

    /// Where a segment is, for who tells of it.
    pub(crate) fn place(&self, number: u64) -> PathBuf {
        let (path, archived) = (self.path(number), self.archive().map(|archive| segment::path(archive, number)));
        archived.filter(|archived| !path.exists() && archived.exists()).unwrap_or(path)
    }

    /// Opens a segment to read it.
    ///
    /// # Errors
    /// [`JournalTrouble`] when it is in neither place, or cannot be opened.
    pub(crate) fn open(&self, disk: &dyn Disk, number: u64) -> Result<Found, JournalTrouble> {
        self.open_by(|path| disk.read(path), number)
    }

    /// Opens a segment to read it once from end to end.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub(crate) fn open_through(&self, disk: &dyn Disk, number: u64) -> Result<Found, JournalTrouble> {
        self.open_by(|path| disk.read_through(path), number)
    }

    fn open_by(
        &self,
        open: impl Fn(&Path) -> io::Result<Arc<dyn JournalFile>>,
        number: u64,
    ) -> Result<Found, JournalTrouble> {
        let path = self.path(number);
        let archive = match (open(&path), self.archive()) {
            (Err(error), Some(archive)) if error.kind() == io::ErrorKind::NotFound => archive,
            (file, _) => return Ok((file.map_err(JournalTrouble::io("open", &path))?, path)),
        };
        let path = segment::path(archive, number);
        match open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.absent(number)),
            file => Ok((file.map_err(JournalTrouble::io("open", &path))?, path)),
        }
    }

    /// All bytes of the segment with this header, and where they are.
    ///
    /// # Errors
    /// [`JournalTrouble`] when it is in neither place, or cannot be read.
    pub(crate) fn read(&self, disk: &dyn Disk, header: &Header) -> Result<(Vec<u8>, PathBuf), JournalTrouble> {
        let (file, path) = self.open(disk, header.number)?;
        let mut bytes = vec![0; usize::try_from(header.bytes).unwrap_or(usize::MAX)];
        file.read_at(&mut bytes, 0).map_err(JournalTrouble::io("read", &path))?;
        Ok((bytes, path))
    }

    /// What there is. An archive that is not there has nothing.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`].
    pub(crate) fn list(&self) -> Result<Listed, JournalTrouble> {
        let mut listed = self.list_journal()?;
        listed.segments.extend(self.held()?.segments);
        listed.segments.sort_unstable();
        listed.segments.dedup();
        Ok(listed)
    }

    /// What is in the journal's own directory.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`].
    pub(crate) fn list_journal(&self) -> Result<Listed, JournalTrouble> {
        let mut listed = Listed::default();
        for path in paths_in(&self.journal).map_err(JournalTrouble::io("list", &self.journal))? {
            listed.segments.extend(segment::number(&path));
            listed.seals.extend(seal::number(&path));
        }
        listed.segments.sort_unstable();
        listed.seals.sort_unstable();
        Ok(listed)
    }

    /// What is in the archive; nothing when that is not there.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`].
    pub(crate) fn held(&self) -> Result<Held, JournalTrouble> {
        let mut held = Held::default();
        let Some(archive) = self.archive() else { return Ok(held) };
        let paths = match paths_in(archive) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(held),
            paths => paths.map_err(JournalTrouble::io("list", archive))?,
        };
        for (number, path) in paths.iter().filter_map(|path| Some((segment::number(path)?, path))) {
            let length = fs::metadata(path).map_err(JournalTrouble::io("measure", path))?.len();
            held.segments.push(number);
            held.bytes = held.bytes.saturating_add(length);
        }
        held.segments.sort_unstable();
        Ok(held)
    }

    /// Whether that came of an archive that is not there or cannot be read.
    pub(crate) fn is_away(&self, trouble: &JournalTrouble) -> bool {
        match trouble {
            JournalTrouble::Absent { .. } => true,
            JournalTrouble::Io { path, .. } => self.archive().is_some_and(|archive| path.starts_with(archive)),
            JournalTrouble::Header { .. }
            | JournalTrouble::Missing { .. }
            | JournalTrouble::Damaged { .. }
            | JournalTrouble::TooLong { .. }
            | JournalTrouble::NotPrepared { .. } => false,
        }
    }

    /// What to say of a segment that is not there.
    pub(crate) fn absent(&self, number: u64) -> JournalTrouble {
        let journal = self.journal.clone();
        match self.archive() {
            Some(archive) => JournalTrouble::Absent { number, journal, archive: archive.to_owned() },
            None => JournalTrouble::Missing { directory: journal, number },
        }
    }
}

/// What is in a directory.
pub(super) fn paths_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
}
