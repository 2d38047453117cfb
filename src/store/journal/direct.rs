//! Writing past the memory of the operating system, in which nobody needs what was just written: the copy into it took a
//! fifth of what a commit costs, and zeroes in it a tenth of what a record does.
//!
//! Whole pages alone can be written so, and not on every file system; whoever cannot writes as usual.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What a file system keeps in memory as one piece, in bytes.
const PAGE: usize = 4096;

/// The same, of a file.
pub(super) const PAGE_BYTES: u64 = PAGE as u64;

/// What is written at a time, in bytes.
const PIECE_BYTES: usize = (1 << 20) - PAGE;

/// A file, opened once more to be written so.
pub(super) struct Direct {
    file: File,
    room: Mutex<Room>,
}

impl Direct {
    /// The file at this path; none where it cannot be written so.
    #[cfg(target_os = "linux")]
    pub(super) fn open(path: &Path) -> Option<Self> {
        use std::os::unix::fs::OpenOptionsExt as _;

        let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_DIRECT).open(path).ok()?;
        let mut room = Room::default();
        // A file system that takes the flag and wants other pages than these says so when they are read.
        file.read_at(room.get(PAGE)?, 0).ok()?;
        Some(Self { file, room: Mutex::new(room) })
    }

    /// None: it is not to be had here.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn open(_path: &Path) -> Option<Self> {
        None
    }

    /// Whether these bytes are whole pages of the file.
    pub(super) fn takes(bytes: &[u8], offset: u64) -> bool {
        bytes.len().is_multiple_of(PAGE) && offset.is_multiple_of(PAGE_BYTES)
    }

    /// Writes whole pages, through memory that begins where a page does.
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let mut at = offset;
        for piece in bytes.chunks(PIECE_BYTES) {
            let aligned = room.get(piece.len()).ok_or(io::ErrorKind::OutOfMemory)?;
            aligned.copy_from_slice(piece);
            self.file.write_all_at(aligned, at)?;
            at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
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
            self.0 = vec![0; (bytes + PAGE).next_power_of_two()];
        }
        let aligned = self.0.as_ptr().align_offset(PAGE);
        self.0.get_mut(aligned..)?.get_mut(..bytes)
    }
}
