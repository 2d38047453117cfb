//! Reading entries where they stand. Every read checks the frame again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::identifier::RecordNumber;
use crate::store::state::Pointer;

use super::disk::Disk;
use super::dropping;
use super::frame::{self, Frame};
use super::scan;
use super::seal::Seal;
use super::segment::{self, Header, StoreId};
use super::shipping::End;
use super::trouble::JournalTrouble;

/// Reads the journal while it is written.
pub(crate) struct Reader {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) directory: PathBuf,
    pub(super) store: StoreId,
    /// Segments by the number of their first entry.
    pub(super) segments: RwLock<BTreeMap<u64, u64>>,
    /// How far the journal is on stable storage.
    pub(super) end: watch::Sender<End>,
}

impl Reader {
    pub(crate) fn new(disk: Arc<dyn Disk>, directory: PathBuf, store: StoreId) -> Self {
        Self { disk, directory, store, segments: RwLock::default(), end: watch::Sender::default() }
    }

    /// Whose journal it is.
    pub(crate) fn store(&self) -> StoreId {
        self.store
    }

    /// Entries from `first` on stand in this segment.
    pub(crate) fn learn(&self, first: u64, segment: u64) {
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
        Seal::read(&*self.disk, &self.directory, segment).is_ok_and(|seal| seal.is_some())
    }

    /// Removes the segments up to this one, of which nobody wants anything any more.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`]; doing it again goes on where it was.
    pub(crate) fn drop_through(&self, through: u64) -> Result<u64, JournalTrouble> {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).retain(|_, segment| *segment > through);
        dropping::remove_through(&*self.disk, &self.directory, through)
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
        let path = segment::path(&self.directory, segment);
        let damaged = || JournalTrouble::Damaged { path: path.clone(), offset, number };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > frame::HEADER_BYTES + frame::PAYLOAD_BYTES_MAX {
            return Err(damaged());
        }
        let mut bytes = vec![0; length];
        let file = self.disk.open(&path).map_err(JournalTrouble::io("open", &path))?;
        file.read_at(&mut bytes, offset).map_err(JournalTrouble::io("read", &path))?;
        let frame = Frame::read(&bytes, self.store.generation(segment)).filter(|frame| frame.number == number);
        frame.map(|frame| read(frame.payload)).ok_or_else(damaged)
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
        let path = segment::path(&self.directory, segment);
        let file = self.disk.open(&path).map_err(JournalTrouble::io("open", &path))?;
        let header = Header::of(&*file, &path)?;
        let bytes = segment::read(&*self.disk, &path, &header)?;
        Ok(scan::find(&bytes, &header, number))
    }
}
