//! The state on the disk, in sled: never the only copy of anything, and rebuilt from the journal whenever in doubt.
//!
//! Start with [`Index::open`], which says from which entry on the journal has to be applied. sled is opened guarded: it
//! panics on some damage and comes up empty on other, so the state carries the identity of the store and a watermark, a
//! file beside it repeats both, and a state that does not agree with the file is moved aside.

use std::fs::{self, File};
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::identifier::RecordNumber;

use super::Unavailable;
use super::journal::StoreId;
use super::state::Pair;

/// sled writes a leaf that does not fit a quarter of a segment to a file it never flushes; no leaf gets that long here.
const SEGMENT_BYTES: usize = 8 << 20;

/// How often sled writes out what it was given; a kill costs nothing, since the journal is applied again.
const FLUSH_MILLISECONDS: u64 = 500;

/// The key of the store's identity. No other key begins with this letter.
const STORE: &[u8] = b"m store";

/// The key of the watermark.
const APPLIED: &[u8] = b"m applied";

/// The state cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexTrouble {
    /// The operating system said no.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
    /// sled said no.
    #[error("the state cannot be used: {0}")]
    Sled(#[from] sled::Error),
    /// sled panicked over what it found.
    #[error("the state cannot be read: sled panicked")]
    Panicked,
    /// It holds nothing, or what another store left.
    #[error("the state is empty or belongs to another store")]
    NotOurs,
    /// Some of what was written to it is gone.
    #[error("the disk could not keep all of the state")]
    NotKept,
    /// It holds less than it did.
    #[error("the state has entries up to {applied}, but once had them up to {watermark}")]
    Behind {
        /// Its own watermark.
        applied: u64,
        /// The watermark of the file beside it.
        watermark: u64,
    },
}

impl IndexTrouble {
    /// For `map_err`: what was tried, and where.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

impl From<IndexTrouble> for Unavailable {
    fn from(trouble: IndexTrouble) -> Self {
        Self(trouble.to_string())
    }
}

/// The state.
#[derive(Debug)]
pub(crate) struct Index {
    db: sled::Db,
    /// The file of sled, opened once more: its thread logs a flush that failed and goes on, but the operating system tells
    /// of it once through each way that a file was opened.
    file: File,
    path: PathBuf,
    store: StoreId,
    watermark: PathBuf,
    /// Whether something of it could not be read, written or flushed. It stays so, whatever succeeds later.
    is_doubted: Mutex<bool>,
}

/// A state that was opened.
#[derive(Debug)]
pub(crate) struct OpenedIndex {
    /// The state.
    pub(crate) index: Index,
    /// The last entry that it surely holds.
    pub(crate) applied: RecordNumber,
    /// The last entry that it, or the one before it, is known to have held.
    pub(crate) known: RecordNumber,
    /// Why it is a new one, when one should have been there.
    pub(crate) rebuilt: Option<String>,
}

impl Index {
    /// The state in `directory`, of the store whose journal is there.
    ///
    /// A state that had to be made anew keeps the watermark file of the one before it until its first checkpoint: should
    /// the start be interrupted, the next one knows that the state is not whole.
    ///
    /// # Errors
    /// [`IndexTrouble`] when not even a new one can be made.
    pub(crate) fn open(directory: &Path, store: StoreId, cache_bytes: u64) -> Result<OpenedIndex, IndexTrouble> {
        let state = directory.join("state");
        let watermark = directory.join("watermark");
        let known = known_entry(&watermark, store);
        let was_there = state.exists() || watermark.exists();
        let trouble = match Self::reopen(&state, &watermark, store, cache_bytes) {
            Ok((index, applied)) => return Ok(OpenedIndex { index, applied, known: applied, rebuilt: None }),
            Err(trouble) => trouble,
        };
        move_aside(&state)?;
        let index = Self::make(&state, &watermark, store, cache_bytes)?;
        index.db.flush()?;
        sync_tree(&state)?;
        if !was_there {
            write_watermark(&watermark, store, Watermark::Kept(RecordNumber(0)))?;
        }
        let rebuilt = was_there.then(|| trouble.to_string());
        Ok(OpenedIndex { index, applied: RecordNumber(0), known, rebuilt })
    }

    /// The state as it was left, if it can be trusted, and the last entry that it surely holds.
    ///
    /// # Errors
    /// [`IndexTrouble`] when it cannot; then a start makes a new one.
    pub(crate) fn reopen(
        state: &Path,
        watermark: &Path,
        store: StoreId,
        cache_bytes: u64,
    ) -> Result<(Self, RecordNumber), IndexTrouble> {
        let (index, applied) = Self::unmarked(state, watermark, store, cache_bytes)?;
        match read_watermark(watermark, store)? {
            Watermark::NotKept(_) => Err(IndexTrouble::NotKept),
            Watermark::Kept(marked) if applied < marked => {
                Err(IndexTrouble::Behind { applied: applied.0, watermark: marked.0 })
            }
            Watermark::Kept(_) => Ok((index, applied)),
        }
    }

    /// The same whatever the watermark file says.
    ///
    /// # Errors
    /// [`IndexTrouble`] when it cannot be trusted.
    pub(crate) fn unmarked(
        state: &Path,
        watermark: &Path,
        store: StoreId,
        cache_bytes: u64,
    ) -> Result<(Self, RecordNumber), IndexTrouble> {
        if !state.exists() {
            return Err(IndexTrouble::NotOurs);
        }
        let index = Self::over(open_sled(state, cache_bytes)?, state, watermark, store)?;
        if index.db.get(STORE)?.is_none_or(|found| *found != store.0) {
            return Err(IndexTrouble::NotOurs);
        }
        let applied = index.db.get(APPLIED)?.and_then(|value| <[u8; 8]>::try_from(&*value).ok());
        Ok((index, RecordNumber(applied.map_or(0, u64::from_be_bytes))))
    }

    /// An empty state in a directory where none is, which no start knows of yet.
    ///
    /// # Errors
    /// [`IndexTrouble`] when it cannot be made.
    pub(crate) fn make(state: &Path, watermark: &Path, store: StoreId, cache_bytes: u64) -> Result<Self, IndexTrouble> {
        let index = Self::over(open_sled(state, cache_bytes)?, state, watermark, store)?;
        index.db.insert(STORE, &store.0)?;
        Ok(index)
    }

    fn over(db: sled::Db, state: &Path, watermark: &Path, store: StoreId) -> Result<Self, IndexTrouble> {
        let path = state.join("db");
        let file = File::open(&path).map_err(IndexTrouble::io("open", &path))?;
        let is_doubted = Mutex::new(false);
        Ok(Self { db, file, path, store, watermark: watermark.to_owned(), is_doubted })
    }

    /// Puts a state that was made on stable storage: it holds everything up to this entry.
    ///
    /// # Errors
    /// [`IndexTrouble`] when that is not possible.
    pub(crate) fn finish(self, state: &Path, applied: RecordNumber) -> Result<(), IndexTrouble> {
        self.mark(applied)?;
        drop(self);
        sync_tree(state)
    }

    /// Puts everything on stable storage, and then the note that it holds everything up to this entry.
    fn mark(&self, applied: RecordNumber) -> Result<(), IndexTrouble> {
        self.flush()?;
        self.db.insert(APPLIED, &applied.0.to_be_bytes())?;
        self.flush()
    }

    /// Puts everything on stable storage, and says so only if nothing was lost since the last time.
    fn flush(&self) -> Result<(), IndexTrouble> {
        self.db.flush()?;
        self.file.sync_data().map_err(IndexTrouble::io("flush", &self.path))
    }

    /// What a key holds.
    ///
    /// # Errors
    /// [`IndexTrouble::Sled`]; the next start then makes the state again.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexTrouble> {
        let found = self.db.get(key).map_err(|trouble| self.not_kept(trouble.into()))?;
        Ok(found.map(|value| value.to_vec()))
    }

    /// The first `limit` wanted keys that begin so, with what they hold, in order.
    ///
    /// # Errors
    /// [`IndexTrouble::Sled`]; the next start then makes the state again.
    pub(crate) fn beginning_with(
        &self,
        prefix: &[u8],
        limit: usize,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<Pair>, IndexTrouble> {
        let pairs = self.db.scan_prefix(prefix);
        let wanted = pairs.filter(|pair| pair.as_ref().map_or(true, |(key, _)| is_wanted(key))).take(limit);
        let read: sled::Result<Vec<Pair>> =
            wanted.map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect();
        read.map_err(|trouble| self.not_kept(trouble.into()))
    }

    /// Takes over changes. Doing it twice is harmless.
    ///
    /// # Errors
    /// [`IndexTrouble::Sled`]; the next start then makes the state again.
    pub(crate) fn apply<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
    ) -> Result<(), IndexTrouble> {
        let applied = changes.into_iter().try_for_each(|(key, value)| match value {
            Some(value) => self.db.insert(key, value.as_slice()).map(drop),
            None => self.db.remove(key).map(drop),
        });
        applied.map_err(|trouble| self.not_kept(trouble.into()))
    }

    /// Notes that everything up to this entry is on stable storage. The order matters: what was applied, then the
    /// watermark in the state, then the file, so that the file never promises more than the state holds.
    ///
    /// # Errors
    /// [`IndexTrouble`]; the next start then makes the state again.
    pub(crate) fn checkpoint(&self, applied: RecordNumber) -> Result<(), IndexTrouble> {
        self.mark(applied).map_err(|trouble| self.not_kept(trouble))?;
        let is_doubted = self.is_doubted.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_doubted {
            return Err(IndexTrouble::NotKept);
        }
        write_watermark(&self.watermark, self.store, Watermark::Kept(applied))
    }

    /// Notes that nobody knows what the state holds on the disk. The note is there before anybody hears of the trouble:
    /// whoever hears of it may end the process.
    fn not_kept(&self, trouble: IndexTrouble) -> IndexTrouble {
        let mut is_doubted = self.is_doubted.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_doubted {
            *is_doubted = true;
            let known = known_entry(&self.watermark, self.store);
            // When this fails too, the disk takes nothing any more; there is nobody else to tell.
            drop(write_watermark(&self.watermark, self.store, Watermark::NotKept(known)));
        }
        trouble
    }

    /// Everything it holds but its own keys, in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Result<Pair, IndexTrouble>> + use<> {
        let pairs = self.db.iter().map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec())));
        let is_own = |pair: &sled::Result<Pair>| pair.as_ref().is_ok_and(|(key, _)| key == STORE || key == APPLIED);
        pairs.filter(move |pair| !is_own(pair)).map(|pair| pair.map_err(Into::into))
    }

    #[cfg(test)]
    pub(crate) fn contents(&self) -> Vec<Pair> {
        self.pairs().collect::<Result<_, _>>().unwrap()
    }
}

/// Opens sled with the settings under which it keeps what it flushed.
fn open_sled(path: &Path, cache_bytes: u64) -> Result<sled::Db, IndexTrouble> {
    let settings = sled::Config::new()
        .path(path)
        .segment_size(SEGMENT_BYTES)
        .cache_capacity(cache_bytes)
        .flush_every_ms(Some(FLUSH_MILLISECONDS));
    contained(|| Ok(settings.open()?))
}

/// What is done with a state that may be damaged: sled panics over some of what it finds.
///
/// # Errors
/// [`IndexTrouble::Panicked`], or what it returns.
pub(crate) fn contained<T>(work: impl FnOnce() -> Result<T, IndexTrouble>) -> Result<T, IndexTrouble> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(IndexTrouble::Panicked))
}

/// Gives a state another name, the first free one, and returns it; none when there is no state.
fn move_aside(state: &Path) -> Result<Option<PathBuf>, IndexTrouble> {
    if !state.exists() {
        return Ok(None);
    }
    let free = (1_u32..).map(|n| state.with_extension(format!("aside-{n}"))).find(|path| !path.exists());
    let aside = free.unwrap_or_else(|| state.with_extension("aside"));
    fs::rename(state, &aside).map_err(IndexTrouble::io("move aside", state))?;
    Ok(Some(aside))
}

/// Puts a state that was made in `new` where a start looks for it, which surely holds everything up to `applied`. The one
/// that was there is moved aside, and its new name is returned. Should this be interrupted, a start makes the state again.
///
/// # Errors
/// [`IndexTrouble::Io`].
pub(crate) fn replace(
    directory: &Path,
    new: &Path,
    store: StoreId,
    applied: RecordNumber,
) -> Result<Option<PathBuf>, IndexTrouble> {
    let state = directory.join("state");
    let aside = move_aside(&state)?;
    fs::rename(new, &state).map_err(IndexTrouble::io("rename", new))?;
    sync_directory(directory)?;
    write_watermark(&directory.join("watermark"), store, Watermark::Kept(applied))?;
    Ok(aside)
}

/// Flushes every file and directory of a new state once: sled never does so for some of them.
fn sync_tree(path: &Path) -> Result<(), IndexTrouble> {
    for entry in fs::read_dir(path).map_err(IndexTrouble::io("list", path))? {
        let path = entry.map_err(IndexTrouble::io("list", path))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            File::open(&path).and_then(|file| file.sync_all()).map_err(IndexTrouble::io("flush", &path))?;
        }
    }
    sync_directory(path)
}

fn sync_directory(path: &Path) -> Result<(), IndexTrouble> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(IndexTrouble::io("flush", path))
}

/// What the file beside the state says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watermark {
    /// The state surely held everything up to this entry.
    Kept(RecordNumber),
    /// It did once, but since then something of it could not be written or flushed.
    NotKept(RecordNumber),
}

impl Watermark {
    fn entry(self) -> RecordNumber {
        let (Self::Kept(entry) | Self::NotKept(entry)) = self;
        entry
    }
}

/// The word behind the number of a state that was not kept.
const NOT_KEPT: &str = " not-kept";

/// The watermark file: the identity of the store, a number, and a word if need be, for people too. Written beside, then
/// renamed.
fn write_watermark(path: &Path, store: StoreId, mark: Watermark) -> Result<(), IndexTrouble> {
    let new = path.with_extension("new");
    let word = if matches!(mark, Watermark::NotKept(_)) { NOT_KEPT } else { "" };
    let written = File::create(&new).and_then(|mut file| {
        writeln!(file, "{store} {}{word}", mark.entry())?;
        file.sync_all()
    });
    written.map_err(IndexTrouble::io("write", &new))?;
    fs::rename(&new, path).map_err(IndexTrouble::io("rename", &new))?;
    sync_directory(path.parent().unwrap_or(path))
}

/// The last entry that the journal surely has, as far as the watermark file can be read.
pub(crate) fn known_entry(path: &Path, store: StoreId) -> RecordNumber {
    read_watermark(path, store).map_or(RecordNumber(0), Watermark::entry)
}

/// What the watermark file says.
fn read_watermark(path: &Path, store: StoreId) -> Result<Watermark, IndexTrouble> {
    let text = fs::read_to_string(path).map_err(IndexTrouble::io("read", path))?;
    let (name, mark) = text.trim_end().split_once(' ').ok_or(IndexTrouble::NotOurs)?;
    let (number, make): (_, fn(RecordNumber) -> Watermark) = match mark.strip_suffix(NOT_KEPT) {
        Some(number) => (number, Watermark::NotKept),
        None => (mark, Watermark::Kept),
    };
    let number = number.parse().ok().filter(|_| name == store.to_string());
    number.map(|number| make(RecordNumber(number))).ok_or(IndexTrouble::NotOurs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE_ID: StoreId = StoreId([7; 16]);
    const CACHE_BYTES: u64 = 8 << 20;

    fn open(directory: &Path) -> OpenedIndex {
        Index::open(directory, STORE_ID, CACHE_BYTES).unwrap()
    }

    fn put(index: &Index, key: &str) {
        index.apply([(&key.as_bytes().to_vec(), &Some(b"value".to_vec()))]).unwrap();
    }

    /// A state with one key, at watermark 3.
    fn made(directory: &Path) {
        let OpenedIndex { index, applied, rebuilt, .. } = open(directory);
        assert_eq!((applied, rebuilt), (RecordNumber(0), None));
        put(&index, "a");
        index.checkpoint(RecordNumber(3)).unwrap();
    }

    fn is_rebuilt(directory: &Path) {
        let OpenedIndex { index, applied, rebuilt, .. } = open(directory);
        assert_eq!(applied, RecordNumber(0));
        assert!(rebuilt.is_some());
        assert_eq!(index.contents(), []);
    }

    #[test]
    fn what_was_applied_is_there_again() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let OpenedIndex { index, applied, rebuilt, .. } = open(directory.path());
        assert_eq!((applied, rebuilt), (RecordNumber(3), None));
        assert_eq!(index.get(b"a").unwrap(), Some(b"value".to_vec()));
    }

    #[test]
    fn a_state_that_is_gone_is_made_again() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        fs::remove_dir_all(directory.path().join("state")).unwrap();
        is_rebuilt(directory.path());
    }

    #[test]
    fn a_state_behind_its_watermark_file_is_moved_aside() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        write_watermark(&directory.path().join("watermark"), STORE_ID, Watermark::Kept(RecordNumber(4))).unwrap();
        is_rebuilt(directory.path());
        assert!(directory.path().join("state.aside-1").exists());
    }

    #[test]
    fn a_state_that_the_disk_did_not_keep_is_moved_aside() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        write_watermark(&directory.path().join("watermark"), STORE_ID, Watermark::NotKept(RecordNumber(3))).unwrap();
        let OpenedIndex { applied, known, rebuilt, .. } = open(directory.path());
        assert_eq!((applied, known), (RecordNumber(0), RecordNumber(3)));
        assert!(rebuilt.unwrap().contains("could not keep"));
    }

    #[test]
    fn a_state_once_doubted_is_never_kept_again() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let OpenedIndex { index, .. } = open(directory.path());
        assert!(matches!(index.not_kept(IndexTrouble::Panicked), IndexTrouble::Panicked));
        put(&index, "b");
        assert!(matches!(index.checkpoint(RecordNumber(4)), Err(IndexTrouble::NotKept)));
        drop(index);
        let OpenedIndex { known, rebuilt, .. } = open(directory.path());
        assert_eq!(known, RecordNumber(3));
        assert!(rebuilt.unwrap().contains("could not keep"));
    }

    #[test]
    fn a_state_of_another_store_is_moved_aside() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let other = Index::open(directory.path(), StoreId([8; 16]), CACHE_BYTES).unwrap();
        assert!(other.rebuilt.is_some());
    }

    #[test]
    fn a_state_that_sled_cannot_read_is_moved_aside() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let path = directory.path().join("state/db");
        let bytes: Vec<_> = fs::read(&path).unwrap().into_iter().map(|byte| !byte).collect();
        fs::write(&path, bytes).unwrap();
        is_rebuilt(directory.path());
    }

    #[test]
    fn a_watermark_that_cannot_be_read_means_a_new_state() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        fs::write(directory.path().join("watermark"), b"rubbish").unwrap();
        is_rebuilt(directory.path());
    }
}
