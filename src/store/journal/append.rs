//! Writing at the end of the journal: entries gather in memory, then one write and one flush take all of them, while the
//! next ones gather.
//!
//! Nothing is retried. After the first error the bytes on the disk are unknown, and whoever owns the [`Journal`] stops.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::identifier::RecordNumber;
use crate::store::state::Pointer;

use super::chain::Chain;
use super::direct::PAGE_BYTES;
use super::disk::{Disk, JournalFile};
use super::frame::{self, Frame};
use super::prepare::Preparing;
use super::reader::Reader;
use super::seal::Sealer;
use super::segment::{FIRST_FRAME, FORMAT, Header, StoreId};
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
    /// Frames that are not written yet, and in front of them what stands in the page in which they begin: whole pages are
    /// written.
    gathered: Vec<u8>,
    /// How many entries are gathered.
    entries: u32,
    /// The last pages that were taken to be written, and where in the active segment they begin.
    taken: (Arc<Vec<u8>>, u64),
    preparing: Preparing,
}

/// The segment that is written.
pub(crate) struct Active {
    /// The file.
    pub(crate) file: Arc<dyn JournalFile>,
    /// What it says of itself.
    pub(crate) header: Header,
    /// Behind the last frame that was taken to be written.
    pub(crate) end: u64,
}

impl Active {
    /// Where the page begins in which the next frame to be written does.
    fn last_page(&self) -> u64 {
        self.end - self.end % PAGE_BYTES
    }

    /// What stands in that page in front of the frame.
    fn of_last_page(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.end - self.last_page()).unwrap_or_default()];
        self.file.read_at(&mut bytes, self.last_page())?;
        Ok(bytes)
    }
}

/// Frames on their way to stable storage. There is one at a time: the next ones may be written only when these are there.
pub(crate) struct Write {
    file: Arc<dyn JournalFile>,
    path: PathBuf,
    bytes: Arc<Vec<u8>>,
    offset: u64,
    reader: Arc<Reader>,
    /// Where the journal ends when they are there.
    end: End,
}

impl Write {
    /// Puts them on stable storage: one write, one flush. Then those who read along are told how far they may read.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`]; then what is on the disk is unknown, and nothing may be written any more.
    pub(crate) fn flush(self) -> Result<(), JournalTrouble> {
        let Self { file, path, bytes, offset, reader, end } = self;
        file.write_at(&bytes, offset).map_err(JournalTrouble::io("write", &path))?;
        file.sync().map_err(JournalTrouble::io("flush", &path))?;
        reader.ends(end);
        Ok(())
    }
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
    ///
    /// # Errors
    /// [`JournalTrouble::Io`] when the end of that cannot be read.
    pub(crate) fn new(
        place: Place,
        behind: Behind,
        active: Active,
        (next, chain): (u64, Chain),
    ) -> Result<Self, JournalTrouble> {
        let Place { disk, shelves, segment_bytes } = place;
        let store = active.header.store;
        let preparing = Preparing::new(Arc::clone(&disk), shelves.journal());
        let path = shelves.path(active.header.number);
        let gathered = active.of_last_page().map_err(JournalTrouble::io("read", &path))?;
        let (entries, taken) = (0, Default::default());
        let journal = Self {
            disk,
            shelves,
            store,
            segment_bytes,
            behind,
            active,
            next,
            chain,
            gathered,
            entries,
            taken,
            preparing,
        };
        journal.behind.reader.ends(journal.end());
        Ok(journal)
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

    /// How many bytes are gathered, with those in front of them in their page.
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
        let needed = as_offset(frame::HEADER_BYTES + payload_bytes);
        Ok(self.gathered_end().saturating_add(needed) <= self.active.header.bytes)
    }

    /// Behind the last frame that is gathered.
    fn gathered_end(&self) -> u64 {
        self.active.last_page().saturating_add(as_offset(self.gathered.len()))
    }

    /// Gathers an entry, for which there is room, under the next number.
    ///
    /// # Errors
    /// [`JournalTrouble::TooLong`], and nothing is gathered.
    pub(crate) fn gather(&mut self, payload: &[u8]) -> Result<Pointer, JournalTrouble> {
        let number = self.next_number();
        let offset = self.gathered_end();
        let chain = self.chain.follow(number, payload);
        let frame = Frame { number, behind: self.entries, chain, payload };
        let generation = self.active.header.generation();
        let length = frame.write(generation, &mut self.gathered);
        let length = length.ok_or(JournalTrouble::TooLong { bytes: payload.len() })?;
        (self.next, self.chain) = (self.next + 1, chain);
        self.entries += 1;
        Ok(Pointer { number, segment: self.segment(), offset, length })
    }

    /// An entry that is gathered or was taken to be written.
    pub(crate) fn unwritten_entry(&self, pointer: Pointer) -> Option<&[u8]> {
        let (taken, taken_at) = &self.taken;
        let places = [(self.gathered.as_slice(), self.active.last_page()), (taken.as_slice(), *taken_at)];
        let (bytes, offset) = places.into_iter().find_map(|(bytes, begins)| {
            let offset = pointer.offset.checked_sub(begins).filter(|_| pointer.segment == self.segment())?;
            Some((bytes, offset))
        })?;
        let bytes = bytes.get(usize::try_from(offset).ok()?..)?;
        Frame::read(bytes, self.active.header.generation()).map(|frame| frame.payload)
    }

    /// Takes everything gathered, to be put on stable storage. What was taken before must be there.
    pub(crate) fn take(&mut self) -> Write {
        let path = self.shelves.path(self.segment());
        let offset = self.active.last_page();
        self.active.end = self.gathered_end();
        // What was taken before is written, so its memory serves again.
        let mut written = std::mem::take(&mut self.taken.0);
        let mut next = Arc::get_mut(&mut written).map(std::mem::take).unwrap_or_default();
        next.clear();
        next.shrink_to(KEPT_BYTES);
        let before = usize::try_from(self.active.last_page().saturating_sub(offset)).unwrap_or_default();
        next.extend_from_slice(self.gathered.get(before..).unwrap_or_default());
        self.fill_page();
        let bytes = Arc::new(std::mem::replace(&mut self.gathered, next));
        debug_assert_eq!(self.gathered_end(), self.active.end, "a page begins with all that it holds");
        self.taken = (Arc::clone(&bytes), offset);
        self.entries = 0;
        if self.active.end >= self.active.header.bytes / 4 {
            self.preparing.begin(self.segment_bytes);
        }
        let (file, reader) = (Arc::clone(&self.active.file), Arc::clone(&self.behind.reader));
        Write { file, path, bytes, offset, reader, end: self.end() }
    }

    /// Puts zeroes behind what is gathered, where there are zeroes, up to the end of the page.
    fn fill_page(&mut self) {
        let page_end = self.active.end.next_multiple_of(PAGE_BYTES).min(self.active.header.bytes);
        let missing = usize::try_from(page_end.saturating_sub(self.active.end)).unwrap_or_default();
        self.gathered.resize(self.gathered.len() + missing, 0);
    }

    /// Goes on in a new segment, in which an entry of this length has room. Nothing may be gathered, and what was taken must
    /// be on stable storage.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`], as from a full disk; then nothing may be written any more.
    pub(crate) fn roll(&mut self, payload_bytes: usize) -> Result<(), JournalTrouble> {
        let needed = FIRST_FRAME.saturating_add(as_offset(frame::HEADER_BYTES + payload_bytes));
        let bytes = needed.max(self.segment_bytes);
        let (prepared, file) = self.preparing.take(bytes)?;
        let (number, first, chain) = (self.segment() + 1, self.next, self.chain);
        let header = Header { format: FORMAT, store: self.store, number, first, bytes, chain };
        name(&*self.disk, &*file, &prepared, &self.shelves.path(header.number), &header)?;
        self.behind.reader.learn(header.first, header.number);
        self.behind.sealer.seal(self.active.header, header);
        self.active = Active { file, header, end: FIRST_FRAME };
        self.gathered = header.write();
        self.taken = Default::default();
        self.behind.reader.ends(self.end());
        Ok(())
    }

    /// How far it goes once everything that was taken is on stable storage.
    fn end(&self) -> End {
        let last = self.next.saturating_sub(1);
        End { segment: self.segment(), offset: self.active.end, last }
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
