//! Writing at the end of the journal: entries gather in memory, then one write and one flush take all of them.
//!
//! Nothing is retried. After the first error the bytes on the disk are unknown, and whoever owns the [`Journal`] stops.

use std::path::Path;
use std::sync::Arc;

use crate::identifier::RecordNumber;
use crate::store::state::Pointer;

use super::chain::Chain;
use super::disk::{Disk, JournalFile};
use super::frame::{self, Frame};
use super::prepare::Preparing;
use super::reader::Reader;
use super::seal::Sealer;
use super::segment::{FIRST_FRAME, Header, StoreId};
use super::shelves::Shelves;
use super::shipping::End;
use super::trouble::JournalTrouble;

/// How much memory is kept for the next write.
const KEPT_BYTES: usize = 4 << 20;

/// The end of the journal.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    shelves: Shelves,
    store: StoreId,
    segment_bytes: u64,
    behind: Behind,
    active: Active,
    /// The number of the next entry.
    next: u64,
    /// What all entries before it come to.
    chain: Chain,
    /// Frames that are not written yet.
    gathered: Vec<u8>,
    /// How many.
    entries: u32,
    preparing: Preparing,
}

/// The segment that is written.
pub(crate) struct Active {
    /// The file.
    pub(crate) file: Arc<dyn JournalFile>,
    /// What it says of itself.
    pub(crate) header: Header,
    /// Behind the last frame on stable storage.
    pub(crate) end: u64,
}

/// Who goes on with the segments once they are written.
pub(crate) struct Behind {
    /// Reads entries from them.
    pub(crate) reader: Arc<Reader>,
    /// Seals them.
    pub(crate) sealer: Sealer,
}

/// Where segments are made, and how long.
pub(crate) struct Place {
    /// Through which the files are reached.
    pub(crate) disk: Arc<dyn Disk>,
    /// Where they are.
    pub(crate) shelves: Shelves,
    /// The length of new segments, in bytes.
    pub(crate) segment_bytes: u64,
}

impl Journal {
    /// The journal whose next entry has this number, follows this chain, and goes to the end of the active segment.
    pub(crate) fn new(place: Place, behind: Behind, active: Active, (next, chain): (u64, Chain)) -> Self {
        let Place { disk, shelves, segment_bytes } = place;
        let store = active.header.store;
        let preparing = Preparing::new(Arc::clone(&disk), shelves.journal());
        let (gathered, entries) = (Vec::new(), 0);
        let journal =
            Self { disk, shelves, store, segment_bytes, behind, active, next, chain, gathered, entries, preparing };
        journal.tell_end();
        journal
    }

    /// The number that the next entry gets.
    pub(crate) fn next_number(&self) -> RecordNumber {
        RecordNumber(self.next)
    }

    /// The segment that is written.
    pub(crate) fn segment(&self) -> u64 {
        self.active.header.number
    }

    /// How many entries are gathered.
    pub(crate) fn gathered_entries(&self) -> u32 {
        self.entries
    }

    /// How many bytes are gathered.
    pub(crate) fn gathered_bytes(&self) -> usize {
        self.gathered.len()
    }

    /// Whether an entry of this length still goes into the active segment.
    ///
    /// # Errors
    /// [`JournalTrouble::TooLong`] when it goes into none.
    pub(crate) fn has_room(&self, payload_bytes: usize) -> Result<bool, JournalTrouble> {
        if payload_bytes > frame::PAYLOAD_BYTES_MAX {
            return Err(JournalTrouble::TooLong { bytes: payload_bytes });
        }
        let needed = self.gathered.len() + frame::HEADER_BYTES + payload_bytes;
        Ok(self.active.end.saturating_add(as_offset(needed)) <= self.active.header.bytes)
    }

    /// Gathers an entry, for which there is room, under the next number.
    ///
    /// # Errors
    /// [`JournalTrouble::TooLong`], and nothing is gathered.
    pub(crate) fn gather(&mut self, payload: &[u8]) -> Result<Pointer, JournalTrouble> {
        let number = self.next_number();
        let offset = self.active.end.saturating_add(as_offset(self.gathered.len()));
        let chain = self.chain.follow(number, payload);
        let frame = Frame { number, behind: self.entries, chain, payload };
        let generation = self.active.header.generation();
        let length = frame.write(generation, &mut self.gathered);
        let length = length.ok_or(JournalTrouble::TooLong { bytes: payload.len() })?;
        (self.next, self.chain) = (self.next + 1, chain);
        self.entries += 1;
        Ok(Pointer { number, segment: self.segment(), offset, length })
    }

    /// An entry that is gathered and not written.
    pub(crate) fn gathered_entry(&self, pointer: Pointer) -> Option<&[u8]> {
        let offset = pointer.offset.checked_sub(self.active.end).filter(|_| pointer.segment == self.segment())?;
        let bytes = self.gathered.get(usize::try_from(offset).ok()?..)?;
        Frame::read(bytes, self.active.header.generation()).map(|frame| frame.payload)
    }

    /// Puts everything gathered on stable storage: one write, one flush.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`]; then what is on the disk is unknown, and nothing may be written any more.
    pub(crate) fn flush(&mut self) -> Result<(), JournalTrouble> {
        let path = self.shelves.path(self.segment());
        let Active { file, end, .. } = &mut self.active;
        file.write_at(&self.gathered, *end).map_err(JournalTrouble::io("write", &path))?;
        file.sync().map_err(JournalTrouble::io("flush", &path))?;
        *end = end.saturating_add(as_offset(self.gathered.len()));
        self.gathered.clear();
        self.gathered.shrink_to(KEPT_BYTES);
        self.entries = 0;
        self.tell_end();
        if self.active.end >= self.active.header.bytes / 4 {
            self.preparing.begin(self.segment_bytes);
        }
        Ok(())
    }

    /// Goes on in a new segment, in which an entry of this length has room. Nothing may be gathered.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`], as from a full disk; then nothing may be written any more.
    pub(crate) fn roll(&mut self, payload_bytes: usize) -> Result<(), JournalTrouble> {
        let needed = FIRST_FRAME.saturating_add(as_offset(frame::HEADER_BYTES + payload_bytes));
        let bytes = needed.max(self.segment_bytes);
        let (prepared, file) = self.preparing.take(bytes)?;
        let (number, first, chain) = (self.segment() + 1, self.next, self.chain);
        let header = Header { store: self.store, number, first, bytes, chain };
        name(&*self.disk, &*file, &prepared, &self.shelves.path(header.number), &header)?;
        self.behind.reader.learn(header.first, header.number);
        self.behind.sealer.seal(self.active.header, header);
        self.active = Active { file, header, end: FIRST_FRAME };
        self.tell_end();
        Ok(())
    }

    /// Tells those who read along how far they may read.
    fn tell_end(&self) {
        let last = self.next.saturating_sub(1);
        self.behind.reader.ends(End { segment: self.segment(), offset: self.active.end, last });
    }
}

/// Makes a file full of zeroes a segment: header and flush first, its name last, so that a segment always has a header.
pub(crate) fn name(
    disk: &dyn Disk,
    file: &dyn JournalFile,
    prepared: &Path,
    path: &Path,
    header: &Header,
) -> Result<(), JournalTrouble> {
    file.write_at(&header.write(), 0).map_err(JournalTrouble::io("write", prepared))?;
    file.sync().map_err(JournalTrouble::io("flush", prepared))?;
    disk.rename(prepared, path).map_err(JournalTrouble::io("rename", prepared))?;
    let directory = path.parent().unwrap_or(path);
    disk.sync_directory(directory).map_err(JournalTrouble::io("flush", directory))
}

fn as_offset(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
