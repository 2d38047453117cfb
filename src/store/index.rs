//! The state on the disk, in sled: never the only copy of anything, and rebuilt from the journal whenever in doubt.
//!
//! Start with [`Index::open`], which says from which entry on the journal has to be applied. sled is opened guarded: it
//! panics on some damage and comes up empty on other, so the state carries its format, the identity of the store and the
//! last entry that it holds, a file beside it repeats the two latter, and a state that does not agree with the file is
//! moved aside. How its keys lie in sled is the business of [`Runs`].

use std::fs::{self, File};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::identifier::RecordNumber;

use super::Unavailable;
use super::floor::Floor;
use super::journal::StoreId;
use super::runs::{self, Damaged, FILTER_BYTES_MAX, RunWriter, Runs};
use super::state::Pair;
use super::watermark::{self, Watermark, WatermarkFile};

/// sled writes a leaf that does not fit a quarter of a segment to a file it never flushes; no leaf gets that long here. It holds
/// some segments in memory until they are full.
const SEGMENT_BYTES: usize = 2 << 20;

/// Values of a leaf before sled divides it. The longest ones are filters, and their keys shorter than a kilobyte.
const LEAF_VALUES_MAX: usize = 17;
const _: () = assert!(LEAF_VALUES_MAX * (FILTER_BYTES_MAX + 1024) < SEGMENT_BYTES / 4, "a leaf is never flushed");

/// A state of an earlier build: sled opens it with no other segments than those it was made with.
const FORMER_SEGMENT_BYTES: usize = 8 << 20;

/// How often sled writes out what it was given; a kill costs nothing, since the journal is applied again.
const FLUSH_MILLISECONDS: u64 = 500;

/// How often it is tried to open a state that sled's threads still hold, and the pause between: three seconds in all.
const FREE_TRIES: u32 = 300;
const FREE_PAUSE: Duration = Duration::from_millis(10);

/// How the name of a snapshot ends that sled is still writing.
const HALF_SNAPSHOT: &str = "generating";

/// The key of the store's identity. No other key begins with this letter.
const STORE: &[u8] = b"m store";

/// The key of the format.
const FORMAT: &[u8] = b"m format";

/// How keys and values lie in sled: 2 since they lie in runs. A state of another format is made anew.
const FORMAT_NUMBER: [u8; 4] = 2_u32.to_be_bytes();

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
    /// Another version made it.
    #[error("the state has a format that this version does not use")]
    OtherFormat,
    /// A part of it is not as it was written.
    #[error(transparent)]
    Damaged(#[from] Damaged),
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
    /// of it once through each way that a file was opened. Whatever is written for the state is written to this file.
    file: File,
    path: PathBuf,
    runs: Runs,
    watermark: WatermarkFile,
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
    /// Up to which entry the state in `directory` is said to hold everything; none when it is surely made anew. Nothing is
    /// opened for it.
    pub(crate) fn promised(directory: &Path, store: StoreId) -> Option<RecordNumber> {
        let marked = promise(&directory.join("watermark"), store).ok();
        marked.filter(|_| directory.join("state").exists())
    }

    /// The state in `directory`, of the store whose journal is there. `may_be_made` is asked before a new one is made, in the
    /// place of one that is moved aside.
    ///
    /// A state that had to be made anew keeps the watermark file of the one before it until its first checkpoint: should
    /// the start be interrupted, the next one knows that the state is not whole.
    ///
    /// # Errors
    /// What `may_be_made` says, and then nothing is made or moved; [`IndexTrouble`] when not even a new one can be made.
    pub(crate) fn open<E: From<IndexTrouble>>(
        directory: &Path,
        store: StoreId,
        cache_bytes: u64,
        may_be_made: impl FnOnce() -> Result<(), E>,
    ) -> Result<OpenedIndex, E> {
        let state = directory.join("state");
        let watermark = directory.join("watermark");
        // One that is not said to be kept is not opened either: it would be written to.
        let opened = promise(&watermark, store).and_then(|_| Self::reopen(&state, &watermark, store, cache_bytes));
        let trouble = match opened {
            Ok((index, applied)) => return Ok(OpenedIndex { index, applied, known: applied, rebuilt: None }),
            Err(trouble) => trouble,
        };
        may_be_made()?;
        let known = watermark::known_entry(&watermark, store);
        let was_there = state.exists() || watermark.exists();
        let index = Self::make_anew(&state, &watermark, store, cache_bytes, was_there)?;
        let rebuilt = was_there.then(|| trouble.to_string());
        Ok(OpenedIndex { index, applied: RecordNumber(0), known, rebuilt })
    }

    /// An empty state in the place of one that is moved aside, on stable storage.
    fn make_anew(
        state: &Path,
        watermark: &Path,
        store: StoreId,
        cache_bytes: u64,
        was_there: bool,
    ) -> Result<Self, IndexTrouble> {
        move_aside(state)?;
        let index = Self::make(state, watermark, store, cache_bytes)?;
        index.flush()?;
        sync_tree(state)?;
        if !was_there {
            watermark::write(watermark, store, Watermark::Kept(RecordNumber(0)))?;
        }
        Ok(index)
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
        let marked = match promise(watermark, store) {
            Err(IndexTrouble::NotKept) => return Err(IndexTrouble::NotKept),
            marked => marked,
        };
        let (index, applied) = Self::unmarked(state, watermark, store, cache_bytes)?;
        match marked? {
            marked if applied < marked => Err(IndexTrouble::Behind { applied: applied.0, watermark: marked.0 }),
            _ => Ok((index, applied)),
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
        let (db, file, path) = open_sled(state, cache_bytes)?;
        if db.get(STORE)?.is_none_or(|found| *found != store.0) {
            return Err(IndexTrouble::NotOurs);
        }
        if db.get(FORMAT)?.is_none_or(|found| *found != FORMAT_NUMBER) {
            return Err(IndexTrouble::OtherFormat);
        }
        let runs = contained(|| Runs::open(&db))?;
        let applied = runs.applied();
        let watermark = WatermarkFile::new(watermark, store);
        Ok((Self { db, file, path, runs, watermark }, applied))
    }

    /// An empty state in a directory where none is, which no start knows of yet.
    ///
    /// # Errors
    /// [`IndexTrouble`] when it cannot be made.
    pub(crate) fn make(state: &Path, watermark: &Path, store: StoreId, cache_bytes: u64) -> Result<Self, IndexTrouble> {
        let (db, file, path) = open_sled(state, cache_bytes)?;
        db.insert(STORE, &store.0)?;
        db.insert(FORMAT, &FORMAT_NUMBER)?;
        let runs = Runs::open(&db)?;
        Ok(Self { db, file, path, runs, watermark: WatermarkFile::new(watermark, store) })
    }

    /// Puts a state that was made on stable storage.
    ///
    /// # Errors
    /// [`IndexTrouble`] when that is not possible.
    pub(crate) fn finish(self, state: &Path) -> Result<(), IndexTrouble> {
        self.flush()?;
        drop(self);
        sync_tree(state)
    }

    /// Puts everything on stable storage, and says so only if nothing was lost since the last time.
    fn flush(&self) -> Result<(), IndexTrouble> {
        contained(|| Ok(self.db.flush().map(drop)?))?;
        self.file.sync_data().map_err(IndexTrouble::io("flush", &self.path))
    }

    /// The last entry whose changes it holds.
    pub(crate) fn applied(&self) -> RecordNumber {
        self.runs.applied()
    }

    /// What is below it is there for nobody.
    pub(crate) fn floor(&self) -> Floor {
        self.runs.floor()
    }

    /// Raises the floor, before the entry that says so is applied.
    pub(crate) fn raise(&self, floor: Floor) {
        self.runs.raise(floor);
    }

    /// What a key holds.
    ///
    /// # Errors
    /// [`IndexTrouble`] when that cannot be said; the next start then makes the state again.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexTrouble> {
        self.noted(|| self.runs.get(key))
    }

    /// The first `limit` wanted keys that begin so, from `from` on, with what they hold, in order.
    ///
    /// # Errors
    /// [`IndexTrouble`] when that cannot be said; the next start then makes the state again.
    pub(crate) fn beginning_with(
        &self,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<Pair>, IndexTrouble> {
        self.noted(|| self.runs.beginning_with(prefix, from, limit, is_wanted))
    }

    /// Takes over changes, in the order of their keys: all that entries behind the last one that it holds made, up to
    /// `applied`.
    ///
    /// # Errors
    /// [`IndexTrouble`]; the next start then makes the state again.
    pub(crate) fn apply<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        applied: RecordNumber,
    ) -> Result<(), IndexTrouble> {
        self.noted(|| self.runs.add(changes, applied))
    }

    /// Puts together what was applied in many pieces, as long as it `is_wanted`: whether anything was.
    ///
    /// # Errors
    /// [`IndexTrouble`]; the next start then makes the state again.
    pub(crate) fn merge(&self, is_wanted: impl Fn() -> bool) -> Result<bool, IndexTrouble> {
        self.noted(|| self.runs.merge(is_wanted))
    }

    /// Whether so much waits to be merged that others have to stand back for it.
    pub(crate) fn is_merging_urgent(&self) -> bool {
        self.runs.is_merging_urgent()
    }

    /// Writes keys one behind the other, in order, into a state that no start knows of yet; they count with
    /// [`Self::count`].
    pub(crate) fn writer(&self) -> RunWriter<'_> {
        self.runs.writer()
    }

    /// Lets what was written count: all that entries up to `applied` changed.
    ///
    /// # Errors
    /// [`IndexTrouble`]; then it does not.
    pub(crate) fn count(&self, writer: RunWriter<'_>, applied: RecordNumber) -> Result<(), IndexTrouble> {
        self.runs.count(writer, applied)
    }

    /// Puts everything that was applied on stable storage, and notes up to which entry. The order matters: the state goes
    /// before the file, so that the file never promises more than the state holds.
    ///
    /// # Errors
    /// [`IndexTrouble`]; the next start then makes the state again.
    pub(crate) fn checkpoint(&self) -> Result<(), IndexTrouble> {
        let applied = self.runs.applied();
        self.noted(|| self.flush())?;
        self.watermark.kept(applied)
    }

    /// Does something with what is kept, and contains a panic of sled. When that fails, nobody knows any more what the
    /// disk holds of the state, and this is noted before anybody hears of the trouble: whoever hears of it may end the
    /// process.
    fn noted<T>(&self, work: impl FnOnce() -> Result<T, IndexTrouble>) -> Result<T, IndexTrouble> {
        contained(work).inspect_err(|_| self.watermark.not_kept())
    }

    /// Everything it holds, in order; behind it what sled holds and nobody put there.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Result<Pair, IndexTrouble>> + use<> {
        let mut kept = self.runs.pairs().peekable();
        let mut strays = strays(self.db.clone()).peekable();
        std::iter::from_fn(move || match (kept.peek(), strays.peek()) {
            (Some(Ok((kept_key, _))), Some(Ok((stray, _)))) if stray < kept_key => strays.next(),
            (None, _) => strays.next(),
            (Some(_), _) => kept.next(),
        })
    }

    /// The keys that are in its runs, whether they speak of what is kept or not.
    #[cfg(test)]
    pub(crate) fn everything(&self) -> std::collections::BTreeSet<Vec<u8>> {
        self.runs.everything()
    }

    #[cfg(test)]
    pub(crate) fn contents(&self) -> Vec<Pair> {
        self.pairs().collect::<Result<_, _>>().unwrap()
    }
}

/// Up to which entry the file says that the state was kept.
fn promise(watermark: &Path, store: StoreId) -> Result<RecordNumber, IndexTrouble> {
    match watermark::read(watermark, store)? {
        Watermark::Kept(marked) => Ok(marked),
        Watermark::NotKept(_) => Err(IndexTrouble::NotKept),
    }
}

/// Keys that are in sled and none of ours, in order. Those of runs are many, so they are jumped over.
fn strays(db: sled::Db) -> impl Iterator<Item = Result<Pair, IndexTrouble>> {
    let is_own = |key: &[u8]| key == STORE || key == FORMAT || runs::is_own(key);
    let mut from = Some(Vec::new());
    let next = move || loop {
        let (key, value) = match db.range(from.take()?..).next()? {
            Ok(pair) => pair,
            Err(error) => return Some(Err(error.into())),
        };
        from = Some(runs::behind(&key).unwrap_or_else(|| [&key, &[0][..]].concat()));
        if !is_own(&key) {
            return Some(Ok((key.to_vec(), value.to_vec())));
        }
    };
    std::iter::from_fn(next)
}

/// Opens sled with the settings under which it keeps what it flushed, and its file once more.
fn open_sled(directory: &Path, cache_bytes: u64) -> Result<(sled::Db, File, PathBuf), IndexTrouble> {
    remove_half_snapshots(directory)?;
    let open = |segment_bytes| {
        let settings = sled::Config::new()
            .path(directory)
            .segment_size(segment_bytes)
            .cache_capacity(cache_bytes)
            .flush_every_ms(Some(FLUSH_MILLISECONDS));
        free(|| settings.open())
    };
    let db = contained(|| match open(SEGMENT_BYTES) {
        Err(sled::Error::Unsupported(_)) => Ok(open(FORMER_SEGMENT_BYTES)?),
        opened => Ok(opened?),
    })?;
    let path = directory.join("db");
    let file = File::open(&path).map_err(IndexTrouble::io("open", &path))?;
    Ok((db, file, path))
}

/// Removes snapshots that sled was still writing when the process ended. It takes one for its latest, finds it damaged, and
/// refuses all that it holds; without it, it reads the snapshot before and goes on from there.
fn remove_half_snapshots(directory: &Path) -> Result<(), IndexTrouble> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(IndexTrouble::io("list", directory))?,
    };
    for entry in entries {
        let path = entry.map_err(IndexTrouble::io("list", directory))?.path();
        if path.extension().is_some_and(|extension| extension == HALF_SNAPSHOT) {
            fs::remove_file(&path).map_err(IndexTrouble::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Opens sled once it is free. Its threads let go of a state a moment after this process did, and no other process has it: the
/// whole directory is locked.
fn free(open: impl Fn() -> sled::Result<sled::Db>) -> sled::Result<sled::Db> {
    let is_held =
        |error: &sled::Error| matches!(error, sled::Error::Io(error) if error.to_string().contains("acquire lock"));
    for _ in 0..FREE_TRIES {
        match open() {
            Err(error) if is_held(&error) => thread::sleep(FREE_PAUSE),
            opened => return opened,
        }
    }
    open()
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
    watermark::write(&directory.join("watermark"), store, Watermark::Kept(applied))?;
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

/// Flushes a directory: names in it are on stable storage then.
pub(crate) fn sync_directory(path: &Path) -> Result<(), IndexTrouble> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(IndexTrouble::io("flush", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::state;

    const STORE_ID: StoreId = StoreId([7; 16]);
    const CACHE_BYTES: u64 = 8 << 20;

    fn open(directory: &Path) -> OpenedIndex {
        Index::open(directory, STORE_ID, CACHE_BYTES, || Ok::<_, IndexTrouble>(())).unwrap()
    }

    fn put(index: &Index, key: &str) {
        index.apply([(key.as_bytes(), Some(&b"value"[..]))], RecordNumber(3)).unwrap();
    }

    /// A state with one key, at watermark 3.
    fn made(directory: &Path) {
        let OpenedIndex { index, applied, rebuilt, .. } = open(directory);
        assert_eq!((applied, rebuilt), (RecordNumber(0), None));
        put(&index, "a");
        index.checkpoint().unwrap();
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
        watermark::write(&directory.path().join("watermark"), STORE_ID, Watermark::Kept(RecordNumber(4))).unwrap();
        is_rebuilt(directory.path());
        assert!(directory.path().join("state.aside-1").exists());
    }

    #[test]
    fn a_state_that_the_disk_did_not_keep_is_moved_aside() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        watermark::write(&directory.path().join("watermark"), STORE_ID, Watermark::NotKept(RecordNumber(3))).unwrap();
        let OpenedIndex { applied, known, rebuilt, .. } = open(directory.path());
        assert_eq!((applied, known), (RecordNumber(0), RecordNumber(3)));
        assert!(rebuilt.unwrap().contains("could not keep"));
    }

    /// Whatever goes wrong with it: the note is there when the trouble is heard of, and stands.
    fn is_doubted_for_good(go_wrong: impl FnOnce(&Index) -> Result<(), IndexTrouble>) {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let watermark = directory.path().join("watermark");
        let OpenedIndex { index, .. } = open(directory.path());
        go_wrong(&index).unwrap_err();
        let noted = Watermark::NotKept(RecordNumber(3));
        assert_eq!(watermark::read(&watermark, STORE_ID).unwrap(), noted);
        index.apply([(&b"b"[..], Some(&b"value"[..]))], RecordNumber(4)).unwrap();
        assert!(matches!(index.checkpoint(), Err(IndexTrouble::NotKept)));
        assert_eq!(watermark::read(&watermark, STORE_ID).unwrap(), noted);
        drop(index);
        let OpenedIndex { known, rebuilt, .. } = open(directory.path());
        assert_eq!(known, RecordNumber(3));
        assert!(rebuilt.unwrap().contains("could not keep"));
    }

    /// All pages of all runs are gone.
    fn lose_pages(index: &Index) {
        for page in index.db.scan_prefix(b"P").keys() {
            index.db.remove(page.unwrap()).unwrap();
        }
    }

    /// The first page of the first run is gone.
    fn lose_a_page(index: &Index) {
        let page = index.db.scan_prefix(b"P").keys().next().unwrap().unwrap();
        index.db.remove(page).unwrap();
    }

    #[test]
    fn a_state_once_doubted_is_never_kept_again() {
        is_doubted_for_good(|index| index.noted(|| Err(IndexTrouble::Panicked)));
        is_doubted_for_good(|index| {
            // Of many pages, one that was not the last to be looked at.
            let keys: Vec<_> = (0..2000).map(|number| format!("key {number:04}")).collect();
            index.apply(keys.iter().map(|key| (key.as_bytes(), Some(&b"value"[..]))), RecordNumber(4))?;
            index.get(keys[1999].as_bytes())?;
            lose_pages(index);
            index.get(keys[0].as_bytes()).map(drop)
        });
        is_doubted_for_good(|index| {
            lose_a_page(index);
            index.beginning_with(b"", b"", 1, |_| true).map(drop)
        });
        is_doubted_for_good(|index| {
            lose_a_page(index);
            for entry in 4..12 {
                index.apply([(&b"c"[..], Some(&b""[..]))], RecordNumber(entry))?;
            }
            index.merge(|| true).map(drop)
        });
    }

    #[test]
    fn a_panic_of_sled_is_a_doubt_like_any_other() {
        is_doubted_for_good(|index| index.noted(|| panic!("over what it found")));
    }

    #[test]
    fn a_state_of_another_store_is_moved_aside() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let may_be_made = || Ok::<_, IndexTrouble>(());
        let other = Index::open(directory.path(), StoreId([8; 16]), CACHE_BYTES, may_be_made).unwrap();
        assert!(other.rebuilt.is_some());
    }

    #[test]
    fn a_state_stays_where_it_is_until_another_may_be_made() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let watermark = directory.path().join("watermark");
        for mark in [Watermark::NotKept(RecordNumber(3)), Watermark::Kept(RecordNumber(4))] {
            watermark::write(&watermark, STORE_ID, mark).unwrap();
            let refused = Index::open(directory.path(), STORE_ID, CACHE_BYTES, || Err(IndexTrouble::NotOurs));
            assert!(matches!(refused, Err(IndexTrouble::NotOurs)));
            assert!(!directory.path().join("state.aside-1").exists());
        }
        is_rebuilt(directory.path());
        assert!(directory.path().join("state.aside-1").exists());
    }

    #[test]
    fn a_state_that_sled_has_not_let_go_of_yet_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let settings = sled::Config::new().path(directory.path());
        let held = settings.open().unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| free(|| settings.open()).map(drop));
            thread::sleep(10 * FREE_PAUSE);
            drop(held);
            waiting.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_state_of_another_format_is_moved_aside() {
        for format in [None, Some(1_u32), Some(3)] {
            let directory = tempfile::tempdir().unwrap();
            made(directory.path());
            let (db, ..) = open_sled(&directory.path().join("state"), CACHE_BYTES).unwrap();
            match format {
                Some(format) => db.insert(FORMAT, &format.to_be_bytes()).unwrap(),
                None => db.remove(FORMAT).unwrap(),
            };
            drop(db);
            is_rebuilt(directory.path());
        }
    }

    #[test]
    fn a_state_with_longer_segments_stays() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let state = directory.path().join("state");
        let (db, ..) = open_sled(&state, CACHE_BYTES).unwrap();
        let pairs: Vec<_> = db.iter().map(Result::unwrap).collect();
        drop(db);
        fs::remove_dir_all(&state).unwrap();
        let former = sled::Config::new().path(&state).segment_size(FORMER_SEGMENT_BYTES).open().unwrap();
        pairs.into_iter().for_each(|(key, value)| drop(former.insert(key, value).unwrap()));
        drop(former);
        let OpenedIndex { index, applied, rebuilt, .. } = open(directory.path());
        assert_eq!((applied, rebuilt), (RecordNumber(3), None));
        assert_eq!(index.get(b"a").unwrap(), Some(b"value".to_vec()));
    }

    #[test]
    fn a_kill_while_sled_writes_a_snapshot_costs_nothing() {
        let directory = tempfile::tempdir().unwrap();
        made(directory.path());
        let half = directory.path().join("state/snap.7FFFFFFFFFFFFFFF.generating");
        for written in [&b""[..], b"half of a snapshot"] {
            fs::write(&half, written).unwrap();
            let OpenedIndex { index, applied, rebuilt, .. } = open(directory.path());
            assert_eq!((applied, rebuilt), (RecordNumber(3), None));
            assert_eq!(index.get(b"a").unwrap(), Some(b"value".to_vec()));
            assert!(!half.exists());
        }
    }

    #[test]
    fn no_leaf_of_filters_is_so_long_that_it_is_never_flushed() {
        let directory = tempfile::tempdir().unwrap();
        let OpenedIndex { index, .. } = open(directory.path());
        let keys: Vec<_> = (0..20 * 8192).map(|number| format!("d{number:08}").into_bytes()).collect();
        assert!(keys.iter().all(|key| state::is_asked_often(key)));
        index.apply(keys.iter().map(|key| (key.as_slice(), Some(&b"value"[..]))), RecordNumber(3)).unwrap();
        index.checkpoint().unwrap();
        assert!(index.db.scan_prefix(b"F").count() >= LEAF_VALUES_MAX);
        let outside: Vec<_> = fs::read_dir(directory.path().join("state/blobs")).unwrap().collect();
        assert!(outside.is_empty(), "{outside:?}");
    }

    #[test]
    fn what_nobody_put_into_sled_is_told_among_the_keys() {
        let directory = tempfile::tempdir().unwrap();
        let OpenedIndex { index, .. } = open(directory.path());
        put(&index, "b");
        for stray in ["a", "c", "Z"] {
            index.db.insert(stray, "").unwrap();
        }
        let keys: Vec<_> = index.contents().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [b"Z", b"a", b"b", b"c"]);
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
