//! A disk made again from what was written down, as a power cut could have left it.
//!
//! What is surely there: of a file, everything that was written or truncated before the last flush of it *began*, if that
//! flush was completed before the cut. Of names, everything up to the last change that a completed flush of its directory
//! covers; in front of it nothing is missing, since a journaling file system (ext4, XFS, Btrfs) commits its changes of names
//! in the order in which they were made, all directories in one log. For the same reason names that are not covered are
//! lost from the end: any first part of them may be there. That the flush of a new file brings its name along, as these
//! file systems do, is not counted on. A file whose name is there and whose contents were never flushed may be empty.
//!
//! What else of the contents is there is up to chance: the kernel writes pages of 4 KiB out in any order and whenever it
//! likes. A page that was written several times has what it was at one of these times, never a later write without an
//! earlier one. Lengths are changes of the file system's own, and keep their order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

use crate::random::Random;

/// What a disk loses at once.
const PAGE: u64 = 4096;

/// What is there of all that no flush covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    All,
    Nothing,
    Half,
}

/// What was written down, and where each record of it begins.
pub(crate) struct Log {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

/// One operation.
#[derive(Debug, Clone)]
struct Record {
    at: u64,
    kind: u32,
    path: String,
    offset: u64,
    length: u64,
    data: Range<usize>,
}

/// The kinds, numbered as in `preload.c`.
const CREATE: u32 = 1;
const MAKE_DIRECTORY: u32 = 2;
const WRITE: u32 = 3;
const ZEROES: u32 = 4;
const TRUNCATE: u32 = 5;
const RENAME: u32 = 6;
const UNLINK: u32 = 7;
const FLUSH: u32 = 8;
const FLUSH_DIRECTORY: u32 = 9;

impl Log {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let (mut records, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let record = Record::read(&bytes, at);
            at = record.data.end;
            records.push(record);
        }
        Self { bytes, records }
    }

    /// How long it was before this record was in it; as many as there are records, and the whole length.
    pub(crate) fn length_before(&self, record: usize) -> u64 {
        self.records.get(record).map_or(u64::try_from(self.bytes.len()).unwrap(), |record| record.at)
    }

    pub(crate) fn records(&self) -> usize {
        self.records.len()
    }

    /// Records of changes of names, of lengths, and of flushes: between them little can go wrong that cannot elsewhere.
    pub(crate) fn turns(&self) -> Vec<usize> {
        let is_turn = |record: &Record| !matches!(record.kind, WRITE | ZEROES);
        (0..self.records()).filter(|index| is_turn(&self.records[*index])).collect()
    }
}

impl Record {
    fn read(bytes: &[u8], at: usize) -> Self {
        let small = |from: usize| u32::from_le_bytes(*bytes[at + from..].first_chunk().unwrap());
        let large = |from: usize| u64::from_le_bytes(*bytes[at + from..].first_chunk().unwrap());
        let (kind, offset, length) = (small(0), large(8), large(16));
        let path = at + 24..at + 24 + usize::try_from(small(4)).unwrap();
        let data_bytes = if matches!(kind, WRITE | RENAME) { usize::try_from(length).unwrap() } else { 0 };
        let data = path.end..path.end + data_bytes;
        let path = String::from_utf8(bytes[path].to_vec()).unwrap();
        Self { at: u64::try_from(at).unwrap(), kind, path, offset, length, data }
    }
}

/// The disk below the process, up to some record.
pub(crate) struct Disk<'a> {
    log: &'a Log,
    /// The next record.
    next: usize,
    nodes: Vec<Node>,
    /// Names as the process sees them.
    names: Names,
    /// Names that are surely there.
    covered: Names,
    /// Changes of names behind them, in order.
    uncovered: Vec<usize>,
}

/// Which file or directory has a name.
type Names = BTreeMap<String, usize>;

/// A file or a directory.
#[derive(Debug, Clone, Default)]
struct Node {
    is_directory: bool,
    /// What is surely there.
    covered: Vec<u8>,
    /// Writes and truncations behind it, in order.
    uncovered: Vec<usize>,
}

impl<'a> Disk<'a> {
    pub(crate) fn new(log: &'a Log) -> Self {
        let (nodes, names) = (Vec::new(), Names::new());
        Self { log, next: 0, nodes, covered: names.clone(), names, uncovered: Vec::new() }
    }

    /// Goes on to this record, which has not happened yet.
    pub(crate) fn goes_on_to(&mut self, record: usize) {
        while self.next < record {
            self.happens(self.next);
            self.next += 1;
        }
    }

    fn happens(&mut self, index: usize) {
        let log = self.log;
        let record = &log.records[index];
        match record.kind {
            CREATE | MAKE_DIRECTORY => {
                let is_directory = record.kind == MAKE_DIRECTORY;
                self.nodes.push(Node { is_directory, ..Node::default() });
                self.names.insert(record.path.clone(), self.nodes.len() - 1);
                self.uncovered.push(index);
            }
            RENAME | UNLINK => {
                rename(&mut self.names, record, log);
                self.uncovered.push(index);
            }
            WRITE | ZEROES | TRUNCATE => {
                let node = self.names[&record.path];
                self.nodes[node].uncovered.push(index);
            }
            FLUSH => {
                let node = &mut self.nodes[self.names[&record.path]];
                let count = node.uncovered.partition_point(|write| log.records[*write].at < record.offset);
                for write in node.uncovered.drain(..count) {
                    apply(&mut node.covered, &log.records[write], log, None);
                }
            }
            FLUSH_DIRECTORY => self.covers_names(&record.path, record.offset),
            kind => panic!("a record of kind {kind}"),
        }
    }

    fn covers_names(&mut self, directory: &str, begun: u64) {
        let is_covered = |index: &usize| {
            let record = &self.log.records[*index];
            record.at < begun && (parent(&record.path) == directory || parent(self.log.new_name(record)) == directory)
        };
        let count = self.uncovered.iter().rposition(is_covered).map_or(0, |last| last + 1);
        for index in self.uncovered.drain(..count) {
            change(&mut self.covered, index, self.log);
        }
    }

    /// Writes into a directory what is there after a cut at this point.
    pub(crate) fn is_left(&self, kept: Kept, random: &mut Random, directory: &Path) {
        fs::create_dir_all(directory).unwrap();
        let changes = match kept {
            Kept::All => self.uncovered.len(),
            Kept::Nothing => 0,
            Kept::Half => random.index(self.uncovered.len() + 1),
        };
        let mut names = self.covered.clone();
        for index in &self.uncovered[..changes] {
            change(&mut names, *index, self.log);
        }
        // A directory sorts before what is in it.
        for (name, node) in names {
            let (path, node) = (directory.join(&name), &self.nodes[node]);
            if node.is_directory {
                fs::create_dir_all(path).unwrap();
            } else {
                fs::write(path, self.contents(node, kept, random)).unwrap();
            }
        }
    }

    fn contents(&self, node: &Node, kept: Kept, random: &mut Random) -> Vec<u8> {
        let mut bytes = node.covered.clone();
        match kept {
            Kept::All => {
                node.uncovered.iter().for_each(|index| apply(&mut bytes, &self.log.records[*index], self.log, None));
            }
            Kept::Nothing => {}
            Kept::Half => self.half(node, &mut bytes, random),
        }
        bytes
    }

    /// Every other page, as it was at one of the times when it was written.
    fn half(&self, node: &Node, bytes: &mut Vec<u8>, random: &mut Random) {
        let records = || node.uncovered.iter().map(|index| &self.log.records[*index]);
        let mut writes = BTreeMap::<u64, usize>::new();
        for page in records().flat_map(pages) {
            *writes.entry(page).or_default() += 1;
        }
        let mut left: BTreeMap<u64, usize> = writes
            .into_iter()
            .map(|(page, times)| (page, if random.once_in(2) { 0 } else { 1 + random.index(times) }))
            .collect();
        let truncations = records().filter(|record| record.kind == TRUNCATE).count();
        let mut truncations = random.index(truncations + 1);
        for record in records() {
            if record.kind == TRUNCATE {
                if truncations > 0 {
                    truncations -= 1;
                    apply(bytes, record, self.log, None);
                }
                continue;
            }
            let mut kept = BTreeSet::new();
            for page in pages(record) {
                if let Some(times) = left.get_mut(&page).filter(|times| **times > 0) {
                    *times -= 1;
                    kept.insert(page);
                }
            }
            apply(bytes, record, self.log, Some(&kept));
        }
    }
}

impl Log {
    /// The name that a change leads to.
    fn new_name<'a>(&'a self, record: &'a Record) -> &'a str {
        match record.kind {
            RENAME => std::str::from_utf8(&self.bytes[record.data.clone()]).unwrap(),
            _ => &record.path,
        }
    }
}

/// The pages that a write touches.
fn pages(record: &Record) -> Range<u64> {
    match record.kind {
        WRITE | ZEROES => record.offset / PAGE..(record.offset + record.length).div_ceil(PAGE),
        _ => 0..0,
    }
}

/// Writes or truncates, all of it or only these pages.
fn apply(bytes: &mut Vec<u8>, record: &Record, log: &Log, only: Option<&BTreeSet<u64>>) {
    let as_index = |offset: u64| usize::try_from(offset).unwrap();
    if record.kind == TRUNCATE {
        return bytes.resize(as_index(record.length), 0);
    }
    let whole = record.offset..record.offset + record.length;
    let ranges: Vec<Range<u64>> = match only {
        None => vec![whole],
        Some(pages) => {
            pages.iter().map(|page| (page * PAGE).max(whole.start)..((page + 1) * PAGE).min(whole.end)).collect()
        }
    };
    for range in ranges {
        let (from, to) = (as_index(range.start), as_index(range.end));
        if bytes.len() < to {
            bytes.resize(to, 0);
        }
        if record.kind == ZEROES {
            bytes[from..to].fill(0);
        } else {
            let data = record.data.start + as_index(range.start - record.offset);
            bytes[from..to].copy_from_slice(&log.bytes[data..data + to - from]);
        }
    }
}

/// Repeats a change of names. A node is as old as the record that made it.
fn change(names: &mut Names, index: usize, log: &Log) {
    let record = &log.records[index];
    match record.kind {
        CREATE | MAKE_DIRECTORY => {
            names.insert(record.path.clone(), log.nodes_before(index));
        }
        _ => rename(names, record, log),
    }
}

impl Log {
    /// How many files and directories were made before this record.
    fn nodes_before(&self, index: usize) -> usize {
        self.records[..index].iter().filter(|record| matches!(record.kind, CREATE | MAKE_DIRECTORY)).count()
    }
}

/// Moves a name with everything below it, or takes it away.
fn rename(names: &mut Names, record: &Record, log: &Log) {
    let below = format!("{}/", record.path);
    let moved: Vec<String> =
        names.keys().filter(|name| **name == record.path || name.starts_with(&below)).cloned().collect();
    for name in moved {
        let node = names.remove(&name).unwrap();
        if record.kind == RENAME {
            names.insert(format!("{}{}", log.new_name(record), &name[record.path.len()..]), node);
        }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
