//! The watermark: a file beside the state that says how far the state was surely kept, or that it was not.
//!
//! Start with [`WatermarkFile`], which a state in use writes. It never says that a state was kept once anything of that
//! state could not be read, written or flushed.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::index::{IndexTrouble, sync_directory};
use super::journal::StoreId;
use crate::identifier::RecordNumber;

/// What the file says of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watermark {
    /// The state surely held everything up to this entry.
    Kept(RecordNumber),
    /// It did once, but since then something of it could not be read, written or flushed.
    NotKept(RecordNumber),
}

/// The word behind the number of a state that was not kept.
const NOT_KEPT: &str = " not-kept";

impl Watermark {
    fn entry(self) -> RecordNumber {
        let (Self::Kept(entry) | Self::NotKept(entry)) = self;
        entry
    }
}

/// The file of a state that is in use.
#[derive(Debug)]
pub(crate) struct WatermarkFile {
    path: PathBuf,
    store: StoreId,
    /// Whether something of the state could not be read, written or flushed. It stays so, whatever succeeds later.
    is_doubted: Mutex<bool>,
}

impl WatermarkFile {
    /// For a state of this store that nothing speaks against yet.
    pub(crate) fn new(path: &Path, store: StoreId) -> Self {
        Self { path: path.to_owned(), store, is_doubted: Mutex::new(false) }
    }

    /// Notes that everything up to this entry is on stable storage.
    ///
    /// # Errors
    /// [`IndexTrouble::NotKept`] when something had gone wrong before, [`IndexTrouble::Io`] when the note cannot be made.
    pub(crate) fn kept(&self, applied: RecordNumber) -> Result<(), IndexTrouble> {
        let is_doubted = self.is_doubted();
        if *is_doubted {
            return Err(IndexTrouble::NotKept);
        }
        write(&self.path, self.store, Watermark::Kept(applied))
    }

    /// Notes that nobody knows what the disk holds of the state. The note is there when this returns.
    pub(crate) fn not_kept(&self) {
        let mut is_doubted = self.is_doubted();
        if !*is_doubted {
            *is_doubted = true;
            let known = known_entry(&self.path, self.store);
            // When this fails too, the disk takes nothing any more; there is nobody else to tell.
            drop(write(&self.path, self.store, Watermark::NotKept(known)));
        }
    }

    fn is_doubted(&self) -> MutexGuard<'_, bool> {
        self.is_doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the file: the identity of the store, a number, and a word if need be, for people too. Written beside, then
/// renamed.
///
/// # Errors
/// [`IndexTrouble::Io`].
pub(crate) fn write(path: &Path, store: StoreId, mark: Watermark) -> Result<(), IndexTrouble> {
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

/// Which other store's the file is, in hexadecimal; none when it is this one's, or cannot be read.
pub(crate) fn of_another(path: &Path, store: StoreId) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let (name, _) = text.split_once(' ')?;
    let (ours, is_name) = (store.to_string(), |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    (name != ours && name.len() == ours.len() && name.bytes().all(is_name)).then(|| name.to_owned())
}

/// What the file says.
///
/// # Errors
/// [`IndexTrouble`] when it cannot be read, or is of another store.
pub(crate) fn read(path: &Path, store: StoreId) -> Result<Watermark, IndexTrouble> {
    let text = fs::read_to_string(path).map_err(IndexTrouble::io("read", path))?;
    let (name, mark) = text.trim_end().split_once(' ').ok_or(IndexTrouble::NotOurs)?;
    let (number, make): (_, fn(RecordNumber) -> Watermark) = match mark.strip_suffix(NOT_KEPT) {
        Some(number) => (number, Watermark::NotKept),
        None => (mark, Watermark::Kept),
    };
    let number = number.parse().ok().filter(|_| name == store.to_string());
    number.map(|number| make(RecordNumber(number))).ok_or(IndexTrouble::NotOurs)
}

/// The last entry that the journal surely has, as far as the file can be read.
pub(crate) fn known_entry(path: &Path, store: StoreId) -> RecordNumber {
    read(path, store).map_or(RecordNumber(0), Watermark::entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: StoreId = StoreId([7; 16]);

    fn check(text: &str, expected: Option<Watermark>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("watermark");
        fs::write(&path, text).unwrap();
        assert_eq!(read(&path, STORE).ok(), expected, "{text:?}");
        assert_eq!(of_another(&path, STORE), None, "{text:?}");
    }

    #[test]
    fn what_is_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("watermark");
        for mark in [Watermark::Kept(RecordNumber(0)), Watermark::NotKept(RecordNumber(42))] {
            write(&path, STORE, mark).unwrap();
            assert_eq!(read(&path, STORE).unwrap(), mark);
            assert!(read(&path, StoreId([8; 16])).is_err());
            assert_eq!(of_another(&path, StoreId([8; 16])), Some(STORE.to_string()));
            assert_eq!(of_another(&path, STORE), None);
            assert_eq!(known_entry(&path, STORE), mark.entry());
        }
    }

    #[test]
    fn anything_else_is_nothing() {
        check(&format!("{STORE} 3\n"), Some(Watermark::Kept(RecordNumber(3))));
        check(&format!("{STORE} 3 not-kept\n"), Some(Watermark::NotKept(RecordNumber(3))));
        for text in ["", "3", &format!("{STORE} 3 kept"), &format!("{STORE} not-kept"), &format!("{STORE} 3  not-kept")]
        {
            check(text, None);
        }
    }

    #[test]
    fn a_doubt_stands() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("watermark");
        let file = WatermarkFile::new(&path, STORE);
        file.kept(RecordNumber(3)).unwrap();
        file.not_kept();
        assert!(matches!(file.kept(RecordNumber(4)), Err(IndexTrouble::NotKept)));
        assert_eq!(read(&path, STORE).unwrap(), Watermark::NotKept(RecordNumber(3)));
    }
}
