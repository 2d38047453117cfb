//! Writing and reading past the memory of the operating system, in which nobody needs what was just written, nor what is
//! read once from end to end: the copy into it takes a fifth of what a commit takes.
//!
//! Whole pages alone go this way, and not on every file system; all else goes as usual.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What a file system keeps in memory as one piece, in bytes.
const PAGE: usize = 4096;

/// The same, of a file.
pub(super) const PAGE_BYTES: u64 = PAGE as u64;

/// What is written or read at a time, in bytes.
const PIECE_BYTES: usize = 1 << 20;

/// A file, opened once more for this way.
pub(super) struct Direct {
    file: File,
    room: Mutex<Room>,
}

impl Direct {
    /// The file at this path, to read, and to write if `writes`; none where there is no such way, or not a page to try it on.
    #[cfg(target_os = "linux")]
    pub(super) fn open(path: &Path, writes: bool) -> Option<Self> {
        use std::os::unix::fs::OpenOptionsExt as _;

        let file = OpenOptions::new().read(true).write(writes).custom_flags(libc::O_DIRECT).open(path).ok()?;
        let mut room = Room::default();
        // A file system that takes the flag and wants other pages than these says so when one is read.
        file.read_at(room.get(PAGE)?, 0).ok().filter(|read| *read == PAGE)?;
        Some(Self { file, room: Mutex::new(room) })
    }

    /// None: there is no such way here.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn open(_path: &Path, _writes: bool) -> Option<Self> {
        None
    }

    /// Whether these bytes are whole pages of the file.
    pub(super) fn takes(bytes: &[u8], offset: u64) -> bool {
        bytes.len().is_multiple_of(PAGE) && offset.is_multiple_of(PAGE_BYTES)
    }

    /// Writes whole pages, through memory that begins where a page does.
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        for (piece, at) in bytes.chunks(PIECE_BYTES).zip((offset..).step_by(PIECE_BYTES)) {
            let aligned = room.get(piece.len()).ok_or(io::ErrorKind::OutOfMemory)?;
            aligned.copy_from_slice(piece);
            self.file.write_all_at(aligned, at)?;
        }
        Ok(())
    }

    /// Reads whole pages, in the same way.
    pub(super) fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        for (piece, at) in bytes.chunks_mut(PIECE_BYTES).zip((offset..).step_by(PIECE_BYTES)) {
            let aligned = room.get(piece.len()).ok_or(io::ErrorKind::OutOfMemory)?;
            self.file.read_exact_at(aligned, at)?;
            piece.copy_from_slice(aligned);
        }
        Ok(())
    }

    /// Puts what was written on stable storage.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Memory that begins where a page does.
#[derive(Default)]
struct Room(Vec<u8>);

impl Room {
    /// So many bytes of it, no more than a piece.
    fn get(&mut self, bytes: usize) -> Option<&mut [u8]> {
        if self.0.len() < bytes + PAGE {
            self.0 = vec![0; bytes.next_power_of_two() + PAGE];
        }
        let aligned = self.0.as_ptr().align_offset(PAGE);
        self.0.get_mut(aligned..)?.get_mut(..bytes)
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// Beside the program, and not in memory, as temporary files may be.
    fn directory() -> TempDir {
        tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap()
    }

    /// Whether this way goes to a file of so many bytes.
    #[track_caller]
    fn check(bytes: usize, expected: bool) {
        let directory = directory();
        let path = directory.path().join("file");
        fs::write(&path, vec![7; bytes]).unwrap();
        assert_eq!(Direct::open(&path, true).is_some(), expected);
    }

    #[test]
    fn this_way_goes_only_where_a_page_was_read_by_it() {
        check(0, false);
        check(300, false);
        check(PAGE, true);
    }

    #[test]
    fn pages_come_back_as_they_were_written() {
        let directory = directory();
        let path = directory.path().join("file");
        fs::write(&path, vec![0; 3 * PIECE_BYTES]).unwrap();
        let direct = Direct::open(&path, true).unwrap();
        let bytes: Vec<u8> = (0..PIECE_BYTES + 2 * PAGE).map(|at| at.to_le_bytes()[at % 3]).collect();
        direct.write_at(&bytes, 3 * PAGE_BYTES).unwrap();
        direct.sync().unwrap();
        let mut read = vec![1; bytes.len()];
        direct.read_at(&mut read, 3 * PAGE_BYTES).unwrap();
        assert!(read == bytes && fs::read(&path).unwrap()[3 * PAGE..][..bytes.len()] == bytes);
    }
}
