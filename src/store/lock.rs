//! Whose a directory is: the file `lock` in it, locked as long as its owner has it open.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
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
    locked(&path(directory), |path| OpenOptions::new().create(true).truncate(false).write(true).open(path))
}

/// Takes a directory that was taken before, and makes nothing for it; none when nobody ever took it. Waits as [`take`] does.
///
/// # Errors
/// [`LockTrouble`] when it is another's, or that cannot be told.
pub(crate) fn take_again(directory: &Path) -> Result<Option<File>, LockTrouble> {
    where_there(locked(&path(directory), |path| OpenOptions::new().write(true).open(path)))
}

/// Keeps others from taking a directory, and writes nothing for it; none when nobody ever took it. Waits as [`take`] does.
///
/// # Errors
/// [`LockTrouble`] when it is another's, or that cannot be told.
pub(crate) fn hold(directory: &Path) -> Result<Option<File>, LockTrouble> {
    where_there(locked(&path(directory), |path| File::open(path)))
}

/// The file by which a directory is taken.
pub(crate) fn path(directory: &Path) -> PathBuf {
    directory.join("lock")
}

/// None when there is no file to lock.
fn where_there(locked: Result<File, LockTrouble>) -> Result<Option<File>, LockTrouble> {
    match locked {
        Err(LockTrouble::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        locked => locked.map(Some),
    }
}

/// The file under this path, opened anew for every try: whoever has it may remove it meanwhile, and a lock of a file that has
/// no name keeps nobody out.
fn locked(path: &Path, open: impl Fn(&Path) -> io::Result<File>) -> Result<File, LockTrouble> {
    let trouble = |doing| move |source| LockTrouble::Io { doing, path: path.to_owned(), source };
    for _ in 0..ATTEMPTS {
        let file = open(path).map_err(trouble("open"))?;
        match file.try_lock() {
            Ok(()) if is_at(&file, path).map_err(trouble("look at"))? => return Ok(file),
            Ok(()) | Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(source)) => return Err(trouble("lock")(source)),
        }
    }
    Err(LockTrouble::InUse)
}

/// Whether an open file is the one that has this path now.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let place = |data: Metadata| (data.dev(), data.ino());
    match fs::metadata(path) {
        Ok(data) => Ok(place(data) == place(file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What somebody gets who waits while whoever has the directory does this, and lets go of it then.
    fn after<T: Send>(
        wait: fn(&Path) -> Result<T, LockTrouble>,
        meanwhile: fn(&Path),
    ) -> (tempfile::TempDir, Result<T, LockTrouble>) {
        // Where the machine is slow, they may give up waiting.
        let mut tries = (0..20).map(|_| {
            let home = tempfile::tempdir().unwrap();
            let held = take(home.path()).unwrap();
            let waited = thread::scope(|scope| {
                let waiting = scope.spawn(|| wait(home.path()));
                thread::sleep(PAUSE * 4);
                meanwhile(home.path());
                drop(held);
                waiting.join().unwrap()
            });
            (home, waited)
        });
        tries.find(|(_, waited)| !matches!(waited, Err(LockTrouble::InUse))).unwrap()
    }

    fn removes(home: &Path) {
        fs::remove_file(path(home)).unwrap();
    }

    #[test]
    fn a_directory_is_had_by_one() {
        let (home, waited) = after(take, |_| {});
        let _held = waited.unwrap();
        assert!(matches!(take(home.path()), Err(LockTrouble::InUse)));
        assert!(matches!(take_again(home.path()), Err(LockTrouble::InUse)));
        assert!(matches!(hold(home.path()), Err(LockTrouble::InUse)));
    }

    #[test]
    fn whoever_waited_for_a_lock_that_was_removed_has_the_one_that_counts() {
        let (home, waited) = after(take, removes);
        let _held = waited.unwrap();
        assert!(matches!(take(home.path()), Err(LockTrouble::InUse)), "two have the directory");
    }

    #[test]
    fn where_nobody_ever_took_it_nothing_is_made() {
        let home = tempfile::tempdir().unwrap();
        assert!(take_again(home.path()).unwrap().is_none());
        assert!(hold(home.path()).unwrap().is_none());
        assert!(!path(home.path()).exists());
        for wait in [take_again, hold] {
            let (home, waited) = after(wait, removes);
            assert!(waited.unwrap().is_none(), "it has a lock that keeps nobody out");
            assert!(!path(home.path()).exists());
        }
        assert!(matches!(take(&home.path().join("gone")), Err(LockTrouble::Io { doing: "open", .. })));
    }
}
