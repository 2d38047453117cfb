//! Reading entries where they stand. Every read checks the frame again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};

use tokio::sync::watch;

use crate::identifier::RecordNumber;
use crate::store::state::Pointer;

use super::disk::Disk;
use super::dropping;
use super::frame::{self, Frame};
use super::scan;
use super::seal::Seal;
use super::segment::{Header, StoreId};
use super::shelves::Shelves;
use super::shipping::End;
use super::trouble::JournalTrouble;

/// Reads the journal while it is written.
pub(crate) struct Reader {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) shelves: Shelves,
    pub(super) store: StoreId,
    /// Segments by the number of their first entry.
    pub(super) segments: RwLock<BTreeMap<u64, u64>>,
    /// The first segment that is kept; one without an entry is not found by its first one.
    pub(super) begins: AtomicU64,
    /// How far the journal is on stable storage.
    pub(super) end: watch::Sender<End>,
    /// Whoever has it moves or drops segments.
    turn: Mutex<()>,
}

impl Reader {
    pub(crate) fn new(disk: Arc<dyn Disk>, shelves: Shelves, store: StoreId) -> Self {
        Self {
            disk,
            shelves,
            store,
            segments: RwLock::default(),
            begins: AtomicU64::new(u64::MAX),
            end: watch::Sender::default(),
            turn: Mutex::default(),
        }
    }

    /// Whose journal it is.
    pub(crate) fn store(&self) -> StoreId {
        self.store
    }

    /// Where its segments are.
    pub(crate) fn shelves(&self) -> &Shelves {
        &self.shelves
    }

    /// Through which its files are reached.
    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Segments that are neither in the journal nor in its archive, in order; an archive that cannot be read has nothing.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`] when the journal cannot be listed.
    pub(crate) fn absent(&self) -> Result<Vec<u64>, JournalTrouble> {
        let known: Vec<u64> = self.segments.read().unwrap_or_else(PoisonError::into_inner).values().copied().collect();
        let here = self.shelves.list_journal()?.segments;
        let held = self.shelves.held().unwrap_or_default().segments;
        let is_absent = |number: &u64| here.binary_search(number).is_err() && held.binary_search(number).is_err();
        Ok(known.into_iter().filter(is_absent).collect())
    }

    /// Entries from `first` on stand in this segment.
    pub(crate) fn learn(&self, first: u64, segment: u64) {
        self.begins.fetch_min(segment, Ordering::AcqRel);
        self.segments.write().unwrap_or_else(PoisonError::into_inner).insert(first, segment);
    }

    /// The segment that begins with this entry, when it is full, and the first entry behind it.
    pub(crate) fn full(&self, first: RecordNumber) -> Option<(u64, RecordNumber)> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let mut from = segments.range(first.0..);
        let (_, segment) = from.next().filter(|(begins, _)| **begins == first.0)?;
        from.next().map(|(next, _)| (*segment, RecordNumber(*next)))
    }

    /// Whether a segment has a seal that can be read.
    pub(crate) fn is_sealed(&self, segment: u64) -> bool {
        Seal::read(&*self.disk, self.shelves.journal(), segment).is_ok_and(|seal| seal.is_some())
    }

    /// Removes the segments up to this one, of which nobody wants anything any more, wherever they are; not while others move
    /// to the archive. Whether that was done.
    ///
    /// # Errors
    /// [`JournalTrouble`]; doing it again goes on where it was.
    pub(crate) fn drop_through(&self, through: u64) -> Result<bool, JournalTrouble> {
        self.begins.fetch_max(through.saturating_add(1), Ordering::AcqRel);
        self.segments.write().unwrap_or_else(PoisonError::into_inner).retain(|_, segment| *segment > through);
        let turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(false),
        };
        dropping::remove_through(&*self.disk, &self.shelves, self.store, through)?;
        drop(turn);
        Ok(true)
    }

    /// As long as this is held no segment is removed but by who holds it.
    pub(crate) fn hold(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The journal is on stable storage up to here.
    pub(super) fn ends(&self, end: End) {
        self.end.send_replace(end);
    }

    /// Hands the entry at this place to `read`.
    ///
    /// # Errors
    /// [`JournalTrouble`] when the file cannot be read, or holds something else there.
    pub(crate) fn entry<T>(&self, pointer: Pointer, read: impl FnOnce(&[u8]) -> T) -> Result<T, JournalTrouble> {
        let Pointer { number, segment, offset, length } = pointer;
        let damaged = |path| JournalTrouble::Damaged { path, offset, number };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > frame::HEADER_BYTES + frame::PAYLOAD_BYTES_MAX {
            return Err(damaged(self.shelves.path(segment)));
        }
        let mut bytes = vec![0; length];
        let (file, path) = self.shelves.open(&*self.disk, segment)?;
        file.read_at(&mut bytes, offset).map_err(JournalTrouble::io("read", &path))?;
        let frame = Frame::read(&bytes, self.store.generation(segment)).filter(|frame| frame.number == number);
        frame.map(|frame| read(frame.payload)).ok_or_else(|| damaged(path))
    }

    /// Where the entry of this number stands; none when there is none. Reads its segment from the start.
    ///
    /// # Errors
    /// [`JournalTrouble`] when the file cannot be read.
    pub(crate) fn find(&self, number: RecordNumber) -> Result<Option<Pointer>, JournalTrouble> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let Some(segment) = segments.range(..=number.0).next_back().map(|(_, segment)| *segment) else {
            return Ok(None);
        };
        drop(segments);
        let (file, path) = self.shelves.open(&*self.disk, segment)?;
        let header = Header::of(&*file, &path)?;
        let (bytes, _) = self.shelves.read(&*self.disk, &header)?;
        Ok(scan::find(&bytes, &header, number))
    }
}
