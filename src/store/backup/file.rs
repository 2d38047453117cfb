//! Files that are whole or not there: written under another name, flushed, renamed, and their directory flushed.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use super::BackupTrouble;
use crate::record::Digest;
use crate::store::guard::{self, OF_THE_FILE_SYSTEM, ROOT};
use crate::store::lock::{self, LockTrouble};

/// The end of the name of a file that is not whole yet.
const UNFINISHED: &str = "new";

/// How many zeroes are written at a time.
const ZEROES: usize = 1 << 20;

/// Writes a file of these bytes and zeroes up to a length.
///
/// # Errors
/// [`BackupTrouble::Io`]; then nothing has its name that had not before.
pub(super) fn write(path: &Path, bytes: &[u8], length: u64) -> Result<(), BackupTrouble> {
    let new = unfinished(path);
    let written = create_anew(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        write_zeroes(&mut file, length.saturating_sub(as_length(bytes)))?;
        hand_over(&file, path)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&new, path));
    if let Err(source) = renamed {
        // It may not even have been made; what went wrong is told.
        drop(fs::remove_file(&new));
        return Err(BackupTrouble::Io { doing: "write", path: path.to_owned(), source });
    }
    sync_directory(path.parent().unwrap_or(path))
}

/// Gives what root just made to whom the directory belongs to that it lies in: root may make a backup in a directory of the
/// gateway's user, who goes on with it. It goes by the open file, since its name may be another's by now.
fn hand_over(made: &File, path: &Path) -> io::Result<()> {
    hand_over_by(guard::user(), made, path)
}

/// The same by this user. Nobody but root can give anything away: where others may make a backup, it stays theirs.
fn hand_over_by(ours: Option<u32>, made: &File, path: &Path) -> io::Result<()> {
    if ours != Some(ROOT) {
        return Ok(());
    }
    let owner = fs::metadata(path.parent().unwrap_or(path))?;
    let is_theirs = made.metadata()?.uid() == owner.uid();
    if is_theirs { Ok(()) } else { fchown(made, Some(owner.uid()), Some(owner.gid())) }
}

/// Makes a file where an interrupted write may have left one. What it is made to point at by others is not written.
fn create_anew(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => File::create_new(path),
    }
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(UNFINISHED);
    path.with_file_name(name)
}

/// Whether a file is one that never became whole.
pub(super) fn is_unfinished(path: &Path) -> bool {
    path.extension() == Some(OsStr::new(UNFINISHED))
}

fn write_zeroes(file: &mut File, count: u64) -> io::Result<()> {
    let zeroes = vec![0; ZEROES];
    let mut left = count;
    while left > 0 {
        let piece = usize::try_from(left).map_or(ZEROES, |left| left.min(ZEROES));
        file.write_all(zeroes.get(..piece).unwrap_or(&zeroes))?;
        left = left.saturating_sub(u64::try_from(piece).unwrap_or(u64::MAX));
    }
    Ok(())
}

/// Puts the names in a directory on stable storage.
///
/// # Errors
/// [`BackupTrouble::Io`].
pub(super) fn sync_directory(path: &Path) -> Result<(), BackupTrouble> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(BackupTrouble::io("flush", path))
}

/// Makes a directory in one that is there, for nobody else, on stable storage; false when it is there already.
///
/// # Errors
/// [`BackupTrouble::Io`].
pub(super) fn make_directory(path: &Path) -> Result<bool, BackupTrouble> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            let path = std::path::absolute(path).map_err(BackupTrouble::io("find", path))?;
            sync_directory(path.parent().unwrap_or(&path)).map(|()| true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(source) => Err(BackupTrouble::Io { doing: "create", path: path.to_owned(), source }),
    }
}

/// The same for a part of a backup, which belongs to whom the backup belongs to.
///
/// # Errors
/// [`BackupTrouble::Io`].
pub(super) fn make_part(path: &Path) -> Result<(), BackupTrouble> {
    if make_directory(path)? {
        let opened = File::open(path).and_then(|made| hand_over(&made, path));
        opened.map_err(BackupTrouble::io("hand over", path))?;
    }
    Ok(())
}

/// Keeps others from writing into a directory. The lock belongs to whom that belongs to.
///
/// # Errors
/// [`BackupTrouble::InUse`], or [`BackupTrouble::Io`].
pub(super) fn lock(directory: &Path) -> Result<File, BackupTrouble> {
    let path = lock::path(directory);
    match File::create_new(&path).and_then(|made| hand_over(&made, &path)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(BackupTrouble::io("create", &path)(error));
        }
        _ => {}
    }
    lock::take(directory).map_err(|trouble| match trouble {
        LockTrouble::InUse => BackupTrouble::InUse(directory.to_owned()),
        LockTrouble::Io { doing, path, source } => BackupTrouble::Io { doing, path, source },
    })
}

/// What is in a directory, by name.
///
/// # Errors
/// [`BackupTrouble::Io`].
pub(super) fn list(directory: &Path) -> Result<Vec<PathBuf>, BackupTrouble> {
    let entries = fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = entries.map_err(BackupTrouble::io("list", directory))?;
    paths.sort();
    Ok(paths)
}

/// The same but for what a disk has at its root.
///
/// # Errors
/// [`BackupTrouble::Io`].
pub(super) fn list_own(directory: &Path) -> Result<Vec<PathBuf>, BackupTrouble> {
    let mut paths = list(directory)?;
    paths.retain(|path| !path.ends_with(OF_THE_FILE_SYSTEM));
    Ok(paths)
}

/// The SHA-256 of a file, and its length.
///
/// # Errors
/// [`BackupTrouble::Io`].
pub(super) fn digest_of(path: &Path) -> Result<([u8; 32], u64), BackupTrouble> {
    let bytes = fs::read(path).map_err(BackupTrouble::io("read", path))?;
    Ok((sha256(&bytes), as_length(&bytes)))
}

/// The SHA-256 of bytes.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Digest::of([bytes]).0
}

/// How many bytes there are.
pub(super) fn as_length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;

    use super::*;

    #[test]
    fn who_is_not_root_gives_nothing_away() {
        let home = tempfile::tempdir().unwrap();
        let made = File::create(home.path().join("made")).unwrap();
        let ours = made.metadata().unwrap().uid();
        // Somebody else's directory: root can make one, and to all others the root of the file system is one.
        let is_root = chown(home.path(), Some(12_345), None).is_ok();
        let directory = if is_root { home.path() } else { Path::new("/") };
        hand_over_by(Some(1000), &made, &directory.join("made")).unwrap();
        assert_eq!(made.metadata().unwrap().uid(), ours);
        assert_eq!(hand_over_by(Some(ROOT), &made, &directory.join("made")).is_ok(), is_root);
        assert_eq!(made.metadata().unwrap().uid() == 12_345, is_root);
    }
}
