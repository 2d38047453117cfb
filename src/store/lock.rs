//! Whose a directory is: the file `lock` in it, locked as long as its owner has it open.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How often a lock is tried, and the pause behind each: a process that was just made holds what its parent had open until
/// it becomes another program, a lock that was let go of meanwhile too.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Why a directory is not ours.
#[derive(Debug)]
pub(crate) enum LockTrouble {
    /// Another process has it.
    InUse,
    /// The operating system said no.
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
}

/// Takes a directory: it is ours as long as the file is open. Waits 0.2 s at most for whoever has it.
///
/// # Errors
/// [`LockTrouble`] when it is another's, or that cannot be told.
pub(crate) fn take(directory: &Path) -> Result<File, LockTrouble> {
    let path = path(directory);
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    locked(path, opened)
}

/// Takes a directory that was taken before, and makes nothing for it; none when nobody ever took it. Waits as [`take`] does.
///
/// # Errors
/// [`LockTrouble`] when it is another's, or that cannot be told.
pub(crate) fn take_again(directory: &Path) -> Result<Option<File>, LockTrouble> {
    let path = path(directory);
    match OpenOptions::new().write(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => locked(path, opened).map(Some),
    }
}

/// Keeps others from taking a directory, and writes nothing for it; none when nobody ever took it. Waits as [`take`] does.
///
/// # Errors
/// [`LockTrouble`] when it is another's, or that cannot be told.
pub(crate) fn hold(directory: &Path) -> Result<Option<File>, LockTrouble> {
    let path = path(directory);
    match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => locked(path, opened).map(Some),
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join("lock")
}

fn locked(path: PathBuf, opened: io::Result<File>) -> Result<File, LockTrouble> {
    let file = match opened {
        Ok(file) => file,
        Err(source) => return Err(LockTrouble::Io { doing: "open", path, source }),
    };
    for _ in 0..ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(source)) => return Err(LockTrouble::Io { doing: "lock", path, source }),
        }
    }
    Err(LockTrouble::InUse)
}
