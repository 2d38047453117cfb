//! What the state should hold: the sum of the entries' changes, in the order of the keys, in bounded memory.
//!
//! Changes are gathered in memory until they are [`GATHERED_BYTES`], then go in order to a file that has no name, and all
//! of it is merged at the end. Against a second sled this needs no cache, writes each change once and one behind the
//! other, and does not compare sled with itself; against a pass for each kind of key it reads the journal once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, btree_map};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::identifier::RecordNumber;
use crate::store::state::Change;

/// How much is gathered before it goes to the file, in bytes of keys and values; memory takes about twice as much.
const GATHERED_BYTES: usize = 64 << 20;

/// What a key and its place in memory take beside its bytes, roughly.
const KEY_BYTES: usize = 64;

/// What a key may hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Expected {
    /// The last change by an entry that the state holds.
    settled: Option<Option<Vec<u8>>>,
    /// The last change by an entry behind it, which the next start applies.
    open: Option<Option<Vec<u8>>>,
}

impl Expected {
    /// What it holds when everything is applied; none when it is not there then.
    pub(crate) fn last(&self) -> Option<&[u8]> {
        self.open.as_ref().map_or_else(|| self.settled(), Option::as_deref)
    }

    /// What it holds now; none when it is not there.
    pub(crate) fn settled(&self) -> Option<&[u8]> {
        self.settled.as_ref()?.as_deref()
    }

    /// Takes over what later entries changed.
    fn follow(&mut self, later: Self) {
        self.settled = later.settled.or(self.settled.take());
        self.open = later.open.or(self.open.take());
    }
}

/// Changes that are gathered, entry after entry.
#[derive(Debug)]
pub(crate) struct Gathered {
    applied: RecordNumber,
    keys: BTreeMap<Vec<u8>, Expected>,
    bytes: usize,
    bytes_max: usize,
    file: Option<Arc<File>>,
    /// Where in the file each run ends.
    runs: Vec<u64>,
}

impl Gathered {
    /// None yet, for a state that holds everything up to `applied`.
    pub(crate) fn new(applied: RecordNumber) -> Self {
        Self { applied, keys: BTreeMap::new(), bytes: 0, bytes_max: GATHERED_BYTES, file: None, runs: Vec::new() }
    }

    /// Takes over what an entry changes.
    ///
    /// # Errors
    /// When the file for it cannot be written.
    pub(crate) fn add(&mut self, number: RecordNumber, changes: Vec<Change>) -> io::Result<()> {
        for Change { key, value } in changes {
            self.bytes += KEY_BYTES + key.len() + value.as_ref().map_or(0, Vec::len);
            let expected = self.keys.entry(key).or_default();
            if number <= self.applied {
                expected.settled = Some(value);
            } else {
                expected.open = Some(value);
            }
        }
        if self.bytes >= self.bytes_max { self.write_run() } else { Ok(()) }
    }

    /// All of it in the order of the keys.
    ///
    /// # Errors
    /// When the file for it cannot be read.
    pub(crate) fn in_order(&self) -> io::Result<InOrder<'_>> {
        let mut runs: Vec<Run<'_>> = Vec::with_capacity(self.runs.len() + 1);
        if let Some(file) = &self.file {
            let mut at = 0;
            for end in self.runs.iter().copied() {
                runs.push(Run::File(BufReader::new(Section { file: Arc::clone(file), at, end })));
                at = end;
            }
        }
        runs.push(Run::Memory(self.keys.iter()));
        let mut ordered = InOrder { runs, heads: BinaryHeap::new() };
        for run in 0..ordered.runs.len() {
            ordered.advance(run)?;
        }
        Ok(ordered)
    }

    fn write_run(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => Arc::clone(self.file.insert(Arc::new(tempfile::tempfile()?))),
        };
        let mut writer = BufWriter::new(&*file);
        for pair in std::mem::take(&mut self.keys) {
            let bytes = postcard::to_stdvec(&pair).map_err(io::Error::other)?;
            writer.write_all(&u32::try_from(bytes.len()).map_err(io::Error::other)?.to_le_bytes())?;
            writer.write_all(&bytes)?;
        }
        writer.flush()?;
        drop(writer);
        self.runs.push((&*file).seek(SeekFrom::End(0))?);
        self.bytes = 0;
        Ok(())
    }
}

/// Keys with what they may hold, in order.
#[derive(Debug)]
pub(crate) struct InOrder<'a> {
    runs: Vec<Run<'a>>,
    /// The next key of each run, and the run: runs of one key come in the order in which they were written.
    heads: BinaryHeap<Reverse<(Vec<u8>, usize, Expected)>>,
}

impl InOrder<'_> {
    fn advance(&mut self, run: usize) -> io::Result<()> {
        let next = self.runs.get_mut(run).map_or(Ok(None), Run::next)?;
        self.heads.extend(next.map(|(key, expected)| Reverse((key, run, expected))));
        Ok(())
    }

    fn pop(&mut self) -> io::Result<Option<(Vec<u8>, Expected)>> {
        let Some(Reverse((key, run, mut expected))) = self.heads.pop() else { return Ok(None) };
        self.advance(run)?;
        while self.heads.peek().is_some_and(|Reverse((next, _, _))| *next == key) {
            let Some(Reverse((_, run, later))) = self.heads.pop() else { break };
            expected.follow(later);
            self.advance(run)?;
        }
        Ok(Some((key, expected)))
    }
}

impl Iterator for InOrder<'_> {
    type Item = io::Result<(Vec<u8>, Expected)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pop().transpose()
    }
}

#[derive(Debug)]
enum Run<'a> {
    Memory(btree_map::Iter<'a, Vec<u8>, Expected>),
    File(BufReader<Section>),
}

impl Run<'_> {
    fn next(&mut self) -> io::Result<Option<(Vec<u8>, Expected)>> {
        let reader = match self {
            Self::Memory(keys) => return Ok(keys.next().map(|(key, expected)| (key.clone(), expected.clone()))),
            Self::File(reader) => reader,
        };
        let mut length = [0; 4];
        if io::BufRead::fill_buf(reader)?.is_empty() {
            return Ok(None);
        }
        reader.read_exact(&mut length)?;
        let mut bytes = vec![0; usize::try_from(u32::from_le_bytes(length)).map_err(io::Error::other)?];
        reader.read_exact(&mut bytes)?;
        postcard::from_bytes(&bytes).map(Some).map_err(io::Error::other)
    }
}

/// A part of a file.
#[derive(Debug)]
struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(buffer.get_mut(..left).unwrap_or_default(), self.at)?;
        self.at = self.at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: u8, value: Option<u8>) -> Change {
        Change { key: vec![key], value: value.map(|value| vec![value]) }
    }

    /// The same whether everything stays in memory or each entry is a run of its own.
    fn check(applied: u64, entries: &[(u8, Option<u8>)], key: u8, settled: Option<u8>, last: Option<u8>) {
        for bytes_max in [1, GATHERED_BYTES] {
            let mut gathered = Gathered { bytes_max, ..Gathered::new(RecordNumber(applied)) };
            for (number, (key, value)) in (1..).zip(entries) {
                gathered.add(RecordNumber(number), vec![change(*key, *value)]).unwrap();
            }
            let keys: Vec<_> = gathered.in_order().unwrap().map(Result::unwrap).collect();
            assert!(keys.is_sorted_by(|(one, _), (other, _)| one < other));
            let (_, expected) = keys.into_iter().find(|(found, _)| *found == [key]).unwrap();
            let of = |value: Option<u8>| value.map(|value| vec![value]);
            assert_eq!(expected.settled(), of(settled).as_deref());
            assert_eq!(expected.last(), of(last).as_deref());
        }
    }

    const ENTRIES: &[(u8, Option<u8>)] =
        &[(b'b', Some(1)), (b'a', Some(9)), (b'b', Some(2)), (b'c', Some(9)), (b'b', None), (b'b', Some(3))];

    #[test]
    fn of_what_is_applied_the_last_change_counts() {
        check(6, ENTRIES, b'b', Some(3), Some(3));
        check(6, &ENTRIES[..5], b'b', None, None);
    }

    #[test]
    fn what_is_applied_at_the_next_start_is_not_there_yet() {
        check(3, ENTRIES, b'b', Some(2), Some(3));
        check(5, ENTRIES, b'b', None, Some(3));
        check(0, ENTRIES, b'b', None, Some(3));
    }
}
