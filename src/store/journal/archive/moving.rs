//! Moving: a copy that is right and on stable storage first, then a note of it, and then the original goes.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::note::Note;
use super::{ArchiveTrouble, place};
use crate::record::Digest;
use crate::store::journal::scan;
use crate::store::journal::seal::Seal;
use crate::store::journal::segment::Header;
use crate::store::journal::{Disk, JournalTrouble, Shelves, StoreId};
use crate::store::lock::{self, LockTrouble};

/// Segments in front of the one that is written that stay where they are: what is read most is in them.
const KEPT_SEGMENTS: u64 = 2;

/// How much is written between two flushes, in bytes: flushes of commits may wait for whatever else a disk has been given.
const PIECE_BYTES: usize = 1 << 20;

/// When an entry was received or done; none when it does not say.
pub(crate) type Moment<'a> = dyn Fn(&[u8]) -> Option<Timestamp> + 'a;

/// Moves old segments of a journal to its archive.
pub(crate) struct Mover<'a> {
    disk: &'a dyn Disk,
    shelves: &'a Shelves,
    archive: &'a Path,
    store: StoreId,
}

impl<'a> Mover<'a> {
    /// For a journal that has an archive; none for another one.
    pub(crate) fn new(disk: &'a dyn Disk, shelves: &'a Shelves, store: StoreId) -> Option<Self> {
        Some(Self { disk, shelves, archive: shelves.archive()?, store })
    }

    /// Moves every sealed segment whose last entry is older than a moment, from the earliest one on up to the first that is
    /// not; the one that is written and the two before it stay. What an earlier run began is finished. Returns how many
    /// were moved; it stops in front of a segment when it may not go on.
    ///
    /// # Errors
    /// [`ArchiveTrouble`]; then every segment is still where it was, or in both places, or moved.
    pub(crate) fn run(
        &self,
        older_than: Timestamp,
        moment: &Moment<'_>,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<u64, ArchiveTrouble> {
        place::check(self.archive, self.store)?;
        let lock = lock::take(self.archive).map_err(|trouble| self.locked(trouble))?;
        self.tidy()?;
        let journal = self.shelves.journal();
        let first = Note { store: self.store, directory: self.archive.to_owned(), up_to: 0 };
        let mut note = Note::read(journal)?.unwrap_or(first);
        let numbers = Shelves::of(journal).list()?.segments;
        let active = numbers.last().copied().unwrap_or(0);
        let mut moved = 0;
        for number in numbers.into_iter().take_while(|number| number.saturating_add(KEPT_SEGMENTS) < active) {
            let Some(seal) = Seal::read(self.disk, journal, number)? else { break };
            // One that is noted was old when its move began.
            let is_due = number <= note.up_to || self.is_older(number, older_than, moment)?;
            if !is_due || !goes_on() {
                break;
            }
            self.put(&seal, &mut note)?;
            moved += 1;
        }
        drop(lock);
        Ok(moved)
    }

    /// Whether the last entry that says when it came is older than that. One in which none does is no younger than its
    /// neighbours.
    fn is_older(&self, number: u64, than: Timestamp, moment: &Moment<'_>) -> Result<bool, ArchiveTrouble> {
        let (file, path) = self.shelves.open(self.disk, number)?;
        let header = Header::of(&*file, &path)?;
        let (bytes, _) = self.shelves.read(self.disk, &header)?;
        let mut last = None;
        let Ok(_) = scan::frames(&bytes, &header, |_, payload| {
            last = moment(payload).or(last);
            Ok::<_, std::convert::Infallible>(())
        });
        Ok(last.is_none_or(|last| last < than))
    }

    fn put(&self, seal: &Seal, note: &mut Note) -> Result<(), ArchiveTrouble> {
        let number = seal.segment;
        let (journal, original) = (self.shelves.journal(), self.shelves.path(number));
        if !self.has_copy(seal)? {
            self.copy(seal, &original)?;
        }
        self.put_seal(seal)?;
        self.flush_names(self.archive)?;
        if note.up_to < number {
            note.up_to = number;
            note.write(self.disk, journal)?;
        }
        self.disk.remove(&original).map_err(ArchiveTrouble::io("remove", &original))?;
        self.flush_names(journal)
    }

    /// Whether the archive has the segment already, right and on stable storage: somebody may have put it there by hand.
    fn has_copy(&self, seal: &Seal) -> Result<bool, ArchiveTrouble> {
        let copy = Shelves::of(self.archive).path(seal.segment);
        if !copy.exists() {
            return Ok(false);
        }
        if self.digest(&copy)? == seal.digest {
            let file = self.disk.read(&copy).map_err(ArchiveTrouble::io("open", &copy))?;
            file.sync().map_err(ArchiveTrouble::io("flush", &copy))?;
            return Ok(true);
        }
        // A damaged copy is replaced. What is right by a seal of its own is the only one of something else.
        match Seal::read(self.disk, self.archive, seal.segment) {
            Ok(Some(other)) if other != *seal => Err(ArchiveTrouble::OtherSegment(copy)),
            Ok(_) | Err(JournalTrouble::Header { .. }) => Ok(false),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Copies a segment under another name, and gives the copy its own once it is right and on stable storage.
    fn copy(&self, seal: &Seal, original: &Path) -> Result<(), ArchiveTrouble> {
        let bytes = self.bytes(original)?;
        if Digest::of([bytes.as_slice()]).0 != seal.digest {
            return Err(ArchiveTrouble::Original(original.to_owned()));
        }
        let copy = Shelves::of(self.archive).path(seal.segment);
        let new = copy.with_extension("new");
        self.write(&new, &bytes)?;
        drop(bytes);
        if self.digest(&new)? != seal.digest {
            self.disk.remove(&new).map_err(ArchiveTrouble::io("remove", &new))?;
            return Err(ArchiveTrouble::ReadBack(new));
        }
        self.disk.protect(&new).map_err(ArchiveTrouble::io("protect", &new))?;
        self.disk.rename(&new, &copy).map_err(ArchiveTrouble::io("rename", &new))
    }

    /// Writes a file and puts it on stable storage. What is left of one that cannot be written takes no room.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), ArchiveTrouble> {
        let written = self.disk.create(path, 0).and_then(|file| {
            let offsets = (0..).step_by(PIECE_BYTES);
            bytes.chunks(PIECE_BYTES).zip(offsets).try_for_each(|(piece, offset)| {
                file.write_at(piece, offset)?;
                file.sync()
            })
        });
        written.map_err(|source| {
            // What is left all the same is removed by the next run.
            drop(self.disk.remove(path));
            ArchiveTrouble::Io { doing: "write", path: path.to_owned(), source }
        })
    }

    /// The seal lies beside the copy as well, so that the archive can be checked by itself.
    fn put_seal(&self, seal: &Seal) -> Result<(), ArchiveTrouble> {
        match Seal::read(self.disk, self.archive, seal.segment) {
            Ok(Some(there)) if there == *seal => Ok(()),
            Ok(_) | Err(JournalTrouble::Header { .. }) => {
                seal.write(self.disk, self.archive)?;
                let path = crate::store::journal::seal::path(self.archive, seal.segment);
                self.disk.protect(&path).map_err(ArchiveTrouble::io("protect", &path))
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// What an interrupted run left.
    fn tidy(&self) -> Result<(), ArchiveTrouble> {
        let paths = crate::store::journal::shelves::paths_in(self.archive);
        let paths = paths.map_err(ArchiveTrouble::io("list", self.archive))?;
        let is_unfinished = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "new");
        let mut unfinished = paths.iter().filter(is_unfinished);
        unfinished.try_for_each(|path| self.disk.remove(path).map_err(ArchiveTrouble::io("remove", path)))
    }

    fn digest(&self, path: &Path) -> Result<[u8; 32], ArchiveTrouble> {
        Ok(Digest::of([self.bytes(path)?.as_slice()]).0)
    }

    fn bytes(&self, path: &Path) -> Result<Vec<u8>, ArchiveTrouble> {
        let file = self.disk.read(path).map_err(ArchiveTrouble::io("open", path))?;
        let length = file.bytes().map_err(ArchiveTrouble::io("measure", path))?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        file.read_at(&mut bytes, 0).map_err(ArchiveTrouble::io("read", path))?;
        Ok(bytes)
    }

    fn flush_names(&self, directory: &Path) -> Result<(), ArchiveTrouble> {
        self.disk.sync_directory(directory).map_err(ArchiveTrouble::io("flush", directory))
    }

    fn locked(&self, trouble: LockTrouble) -> ArchiveTrouble {
        match trouble {
            LockTrouble::InUse => ArchiveTrouble::InUse(self.archive.to_owned()),
            LockTrouble::Io { doing, path, source } => ArchiveTrouble::Io { doing, path, source },
        }
    }
}
