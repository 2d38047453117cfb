//! Whole pages, each write beginning with what its first page holds already: whatever lengths entries have, wherever a write
//! ends, and whichever way its bytes go to the disk, the files are the same, and everything is read again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;

use super::direct::{Direct, PAGE_BYTES};
use super::frame::HEADER_BYTES;
use super::scan::Ending;
use super::seal::{self, Seal};
use super::segment::FIRST_FRAME;
use super::*;
use crate::identifier::RecordNumber;
use crate::store::state::Pointer;

/// The pages of a segment in which most of these tests write.
const SEGMENT_BYTES: u64 = 16 << 10;

/// Which way writes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As they are asked for: whole pages past the memory of the system.
    AsAsked,
    /// All through memory.
    ThroughMemory,
    /// By turns.
    ByTurns,
}

/// The file system, whose writes go one of the ways. It lets nobody write what is write-protected, as a system does with all
/// but the administrator.
#[derive(Debug, Clone)]
struct WayDisk {
    way: Way,
    writes: Arc<AtomicUsize>,
}

struct WayFile {
    disk: WayDisk,
    file: Arc<dyn JournalFile>,
    is_seal: bool,
}

impl WayDisk {
    fn of(way: Way) -> Arc<dyn Disk> {
        Arc::new(Self { way, writes: Arc::default() })
    }

    fn goes(&self, path: &Path, file: io::Result<Arc<dyn JournalFile>>) -> io::Result<Arc<dyn JournalFile>> {
        let is_seal = path.to_string_lossy().contains(".seal");
        Ok(Arc::new(WayFile { disk: self.clone(), file: file?, is_seal }))
    }

    fn goes_through_memory(&self) -> bool {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        match self.way {
            Way::AsAsked => false,
            Way::ThroughMemory => true,
            Way::ByTurns => number.is_multiple_of(2),
        }
    }
}

impl Disk for WayDisk {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn JournalFile>> {
        self.goes(path, RealDisk.create(path, bytes))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        if fs::metadata(path)?.permissions().readonly() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.goes(path, RealDisk.open(path))
    }

    fn read(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        self.goes(path, RealDisk.read(path))
    }

    fn read_through(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        self.goes(path, RealDisk.read_through(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn protect(&self, path: &Path) -> io::Result<()> {
        RealDisk.protect(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_directory(path)
    }
}

impl JournalFile for WayFile {
    fn bytes(&self) -> io::Result<u64> {
        self.file.bytes()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_at(buffer, offset)
    }

    /// What goes through memory is divided so that no piece of it is whole pages.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let end = offset + bytes.len() as u64;
        let is_header = (offset, end) == (0, FIRST_FRAME);
        let is_whole = Direct::takes(bytes, offset) || (offset.is_multiple_of(PAGE_BYTES) && end == self.bytes()?);
        assert!(is_whole || is_header || self.is_seal, "bytes {offset} to {end} are no whole pages");
        if !self.disk.goes_through_memory() {
            return self.file.write_at(bytes, offset);
        }
        let (first, rest) = bytes.split_at(bytes.len().min(1));
        self.file.write_at(first, offset)?;
        self.file.write_at(rest, offset + 1)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

/// What happens to a journal.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// An entry of so many bytes is gathered.
    Entry(usize),
    /// Everything gathered is put on stable storage.
    Flush,
    /// It is left and found again.
    Reopen,
}

/// A journal, and what should be in it.
struct Written {
    directory: PathBuf,
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    journal: Option<(Journal, Arc<Reader>)>,
    entries: Vec<(Pointer, Vec<u8>)>,
    /// How many of them are on stable storage.
    flushed: usize,
}

impl Written {
    fn new(directory: &Path, way: Way, segment_bytes: u64) -> Self {
        let (directory, disk) = (directory.join(format!("{way:?}")), WayDisk::of(way));
        fs::create_dir(&directory).unwrap();
        let mut written = Self { directory, disk, segment_bytes, journal: None, entries: Vec::new(), flushed: 0 };
        let opened = Opened::create(written.place(), StoreId([7; 16])).unwrap();
        written.resume(opened);
        written
    }

    fn place(&self) -> Place {
        let (disk, shelves) = (Arc::clone(&self.disk), Shelves::of(&self.directory));
        Place { disk, shelves, segment_bytes: self.segment_bytes }
    }

    /// Everything is found again, and it goes on behind that.
    fn resume(&mut self, opened: Opened) {
        let mut found = Vec::new();
        let contents = opened.read(RecordNumber(0), true, |pointer, payload| {
            found.push((pointer, payload.to_vec()));
            Ok::<_, JournalTrouble>(())
        });
        let contents = contents.unwrap();
        assert!(found == self.entries, "{} entries were found of {}", found.len(), self.entries.len());
        assert_eq!(contents.ending, Ending::Clean);
        self.journal = Some(opened.resume(&contents).unwrap());
    }

    fn takes(&mut self, step: Step) {
        match step {
            Step::Entry(length) => self.gather(length),
            Step::Flush => self.flush(),
            Step::Reopen => {
                self.flush();
                drop(self.journal.take());
                let opened = open(self.place()).unwrap().unwrap();
                self.resume(opened);
            }
        }
    }

    fn gather(&mut self, length: usize) {
        if !self.journal.as_ref().unwrap().0.has_room(length).unwrap() {
            self.flush();
            self.journal.as_mut().unwrap().0.roll(length).unwrap();
        }
        let (journal, _) = self.journal.as_mut().unwrap();
        let number = journal.next_number().0;
        // No entry is like another, and none ends in zeroes.
        let first = usize::try_from(number % 251).unwrap();
        let payload: Vec<u8> = (1..=251).cycle().skip(first).take(length).collect();
        let pointer = journal.gather(&payload).unwrap();
        self.entries.push((pointer, payload));
        self.knows_what_is_unwritten();
    }

    fn knows_what_is_unwritten(&self) {
        let (journal, _) = self.journal.as_ref().unwrap();
        for (pointer, payload) in &self.entries[self.flushed..] {
            assert_eq!(journal.unwritten_entry(*pointer), Some(payload.as_slice()), "{pointer:?}");
        }
    }

    fn flush(&mut self) {
        if self.flushed == self.entries.len() {
            return;
        }
        let write = self.journal.as_mut().unwrap().0.take();
        self.knows_what_is_unwritten();
        write.flush().unwrap();
        let (_, reader) = self.journal.as_ref().unwrap();
        for (pointer, payload) in &self.entries[self.flushed..] {
            reader.entry(*pointer, |read| assert!(read == payload, "{pointer:?}")).unwrap();
        }
        self.flushed = self.entries.len();
    }

    /// What the segments are, which both ways of reading say.
    fn ends(mut self) -> BTreeMap<String, Vec<u8>> {
        self.takes(Step::Reopen);
        drop(self.journal.take());
        let paths = fs::read_dir(&self.directory).unwrap().map(|entry| entry.unwrap().path());
        let segments = paths.filter(|path| path.extension().is_some_and(|extension| extension == "seg"));
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).unwrap();
            let mut past_memory = vec![1; bytes.len() / PAGE * PAGE];
            Direct::open(&path, false).unwrap().read_at(&mut past_memory, 0).unwrap();
            assert!(bytes.starts_with(&past_memory), "{} is another file past memory", path.display());
            (path.file_name().unwrap().to_str().unwrap().to_owned(), bytes)
        };
        segments.map(read).collect()
    }
}

/// [`PAGE_BYTES`] as a length.
const PAGE: usize = 4096;

/// Beside the program, and not in memory, as temporary files may be.
fn directory() -> TempDir {
    tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap()
}

/// Whichever way writes go, the segments come out the same.
fn check(segment_bytes: u64, steps: &[Step]) {
    let directory = directory();
    let [asked, through, by_turns] = [Way::AsAsked, Way::ThroughMemory, Way::ByTurns].map(|way| {
        let mut written = Written::new(directory.path(), way, segment_bytes);
        steps.iter().for_each(|step| written.takes(*step));
        written.ends()
    });
    assert!(asked == through && asked == by_turns, "{:?}", asked.keys());
}

/// Lengths of entries behind which a page, or a segment, is full but for so many bytes.
fn filling(bytes: usize) -> impl Iterator<Item = usize> {
    let first = usize::try_from(FIRST_FRAME).unwrap();
    [0, first].into_iter().flat_map(move |before| (0..3).map(move |left| bytes - before - HEADER_BYTES - left))
}

#[test]
fn entries_that_fill_pages_and_segments_to_their_end_are_read_again() {
    let pages = [PAGE, 2 * PAGE, 3 * PAGE, 4 * PAGE];
    let lengths: Vec<_> = [12_288, 13_000].into_iter().chain(pages.into_iter().flat_map(filling)).collect();
    for then in [Step::Flush, Step::Reopen] {
        let steps: Vec<_> = lengths.iter().flat_map(|length| [Step::Entry(*length), then]).collect();
        check(SEGMENT_BYTES, &steps);
        check(5 * SEGMENT_BYTES, &steps);
    }
}

#[test]
fn segments_that_do_not_end_with_a_page_are_written_to_their_end() {
    for segment_bytes in [12_288, 13_000] {
        let bytes = usize::try_from(segment_bytes).unwrap();
        let lengths: Vec<_> = filling(bytes).chain([0, 5000, bytes - 5000, 12_288, 13_000]).collect();
        let steps: Vec<_> = lengths.iter().flat_map(|length| [Step::Entry(*length), Step::Flush]).collect();
        check(segment_bytes, &steps);
    }
}

#[test]
fn a_seal_that_nobody_may_write_is_read() {
    let (directory, disk) = (directory(), WayDisk::of(Way::AsAsked));
    let seal = Seal { segment: 3, first: 41, next: 77, chain: Chain([0xab; 32]), digest: [0x01; 32] };
    seal.write(&*disk, directory.path()).unwrap();
    disk.protect(&seal::path(directory.path(), 3)).unwrap();
    assert_eq!(Seal::read(&*disk, directory.path(), 3).unwrap(), Some(seal));
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let length = prop_oneof![
        4 => 0..300_usize,
        2 => 0..14_000_usize,
        1 => select(vec![12_288, 13_000]),
        2 => select(filling(PAGE).chain(filling(3 * PAGE)).collect::<Vec<_>>()),
    ];
    let step = prop_oneof![6 => length.prop_map(Step::Entry), 3 => Just(Step::Flush), 1 => Just(Step::Reopen)];
    prop::collection::vec(step, 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read_again_whichever_way_it_went(
        segment_bytes in select(vec![4096, 12_288, 13_000, SEGMENT_BYTES, 40_000]), steps in steps()
    ) {
        check(segment_bytes, &steps);
    }
}
