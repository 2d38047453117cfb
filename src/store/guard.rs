//! Whether a directory is one that a store may be opened in: looked at before anything in it is touched.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::journal;

/// What may be done with a directory or a file by others than its owner, and must not be.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// Of a directory: others than its owner may go into it.
const ENTERED_BY_OTHERS: u32 = 0o011;
/// The same of others than its owner and its group, and that they may read a file.
const ENTERED_BY_ALL: u32 = 0o001;
/// See [`ENTERED_BY_ALL`].
const READABLE_BY_ALL: u32 = 0o004;
/// What a store has in directories of its own.
const PARTS: [&str; 3] = ["journal", "state", "acts"];

/// The directory is not fit for a store. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Somebody else could change the record.
    #[error(
        "{} can be written by others, its mode is {mode:04o}: who can change the record can change what was proved; \
         look at what is in it, then chmod go-w {}", path.display(), path.display()
    )]
    Writable {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Files that are made now could not be written by those who come after.
    #[error(
        "{} belongs to user {owner}, and this process is user {ours}; run it as that user (runuser -u), or hand the files \
         over (chown -R)", path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Whose it is, as a number.
        owner: u32,
        /// Who asks.
        ours: u32,
    },
    /// Something else has its name.
    #[error(
        "{} is no directory; name the directory of the record in store.directory, or move that file away", .0.display()
    )]
    NoDirectory(PathBuf),
    /// Something else has the name of a journal.
    #[error("{} is no directory, as a journal is; put the journal back, or restore the record from a backup", .0.display())]
    NoJournal(PathBuf),
    /// A later version wrote it.
    #[error("{} has a format that this version does not know; use the version that wrote it, or a later one", .0.display())]
    OtherFormat(PathBuf),
    /// A restore was interrupted.
    #[error(
        "{} holds a restore that was not finished; run `lodged store restore` again: it goes into the same directory",
        .0.display()
    )]
    HalfRestored(PathBuf),
    /// Something else is in it, and no store.
    #[error(
        "{} has no record in it, but it has {}: a record has a directory of its own; correct store.directory, or take \
         away what is there", path.display(), found.display()
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
        /// The first thing that is nothing of a store's.
        found: PathBuf,
    },
    /// It is a backup.
    #[error("{} is a backup and no store; make a store of it with `lodged store restore`", .0.display())]
    Backup(PathBuf),
    /// It follows another store.
    #[error(
        "{} is a standby that follows another gateway; when that one is gone for good, make a store of it with \
         `lodged store promote`", .0.display()
    )]
    Standby(PathBuf),
    /// The operating system does not say.
    #[error("cannot look at {}: {source}", path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
}

/// What a store has in its directory that may be there before its journal is, or may have been left there.
const OWN: [&str; 7] = ["acts", "backed-up", "backed-up.new", "feeds", "in-force", "in-force.next", "lock"];

/// What a directory has in which a store is, or was.
const OF_A_STORE: [&str; 3] = ["journal", "state", "watermark"];

/// What a file system has at its root for itself.
pub(crate) const OF_THE_FILE_SYSTEM: &str = "lost+found";

/// The user who may do anything.
pub(crate) const ROOT: u32 = 0;

/// What a directory that follows another store has in it.
pub(crate) const STANDBY: &str = "standby";

/// Looks at a directory that may not be there yet.
///
/// # Errors
/// [`Unfit`] when no store may be opened in it.
pub(crate) fn guard(directory: &Path) -> Result<(), Unfit> {
    guard_of(directory, user())
}

/// The same for a process of this user; whose the directory is is not asked where that is none.
///
/// # Errors
/// As [`guard`].
pub(crate) fn guard_of(directory: &Path, ours: Option<u32>) -> Result<(), Unfit> {
    guard_parts(directory, ours)?;
    if directory.join(STANDBY).exists() {
        return Err(Unfit::Standby(directory.to_owned()));
    }
    Ok(())
}

/// A store is begun where nothing else is: not in a directory that was named by mistake. Its archive may be there, where a disk
/// is mounted. Sockets and what is hidden are not looked at, as the one for administration, which a killed process leaves.
///
/// # Errors
/// [`Unfit::NotEmpty`] or [`Unfit::Io`].
pub(crate) fn refuse_strangers(directory: &Path, archive: Option<&Path>) -> Result<(), Unfit> {
    // What lost its journal is told so, whatever lies beside it.
    if OF_A_STORE.iter().any(|name| directory.join(name).exists()) {
        return Ok(());
    }
    let io = |source| Unfit::Io { path: directory.to_owned(), source };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(io)?,
    };
    for entry in entries {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_archive = archive.is_some_and(|archive| archive.starts_with(entry.path()));
        let is_known = is_archive || OWN.contains(&&*name) || name == OF_THE_FILE_SYSTEM || name.starts_with(['.']);
        let is_aside = name.starts_with("state.") || name.starts_with("watermark.");
        let kind = entry.file_type().map_err(io)?;
        if !is_known && !is_aside && (kind.is_file() || kind.is_dir() || kind.is_symlink()) {
            return Err(Unfit::NotEmpty { path: directory.to_owned(), found: entry.file_name().into() });
        }
    }
    Ok(())
}

/// The same for a directory that may be a standby.
///
/// # Errors
/// As [`guard`].
pub(crate) fn guard_standby(directory: &Path) -> Result<(), Unfit> {
    guard_parts(directory, user())
}

fn guard_parts(directory: &Path, ours: Option<u32>) -> Result<(), Unfit> {
    if let Some(data) = look(directory)? {
        if !data.is_dir() {
            return Err(Unfit::NoDirectory(directory.to_owned()));
        }
        own(directory.to_owned(), &data, ours)?;
        let entered = data.mode() & ENTERED_BY_OTHERS;
        own_files(directory, entered)?;
        for path in PARTS.map(|part| directory.join(part)) {
            if let Some(data) = look(&path)?.filter(Metadata::is_dir) {
                own(path.clone(), &data, ours)?;
                own_files(&path, entered & data.mode())?;
            }
        }
    }
    let journal = directory.join("journal");
    match look(&journal)? {
        Some(data) if data.is_dir() => know_format(&journal),
        Some(_) => Err(Unfit::NoJournal(journal)),
        None => refuse_copies(directory),
    }
}

/// Of a directory without a journal: that it is not what a restore or a backup makes.
///
/// # Errors
/// [`Unfit::HalfRestored`] or [`Unfit::Backup`].
pub(crate) fn refuse_copies(directory: &Path) -> Result<(), Unfit> {
    let has = |name: &str| directory.join(name).exists();
    if has("journal.restoring") {
        return Err(Unfit::HalfRestored(directory.to_owned()));
    }
    if has("manifest") && has("segments") { Err(Unfit::Backup(directory.to_owned())) } else { Ok(()) }
}

/// Whether all of a journal has a format that this version knows: nothing is touched otherwise, not even a lock.
fn know_format(journal: &Path) -> Result<(), Unfit> {
    match journal::unknown(journal) {
        Ok(Some(segment)) => Err(Unfit::OtherFormat(segment)),
        // What cannot be listed is told by whoever reads it.
        Ok(None) | Err(_) => Ok(()),
    }
}

/// Looks at a directory that is to hold a part of a store, and which may not be there yet: whose it is.
///
/// # Errors
/// [`Unfit::Writable`], [`Unfit::Foreign`] or [`Unfit::Io`].
pub(crate) fn guard_part(directory: &Path) -> Result<(), Unfit> {
    guard_part_of(directory, user())
}

/// The same for a process of this user; whose it is is not asked where that is none.
///
/// # Errors
/// As [`guard_part`].
pub(crate) fn guard_part_of(directory: &Path, ours: Option<u32>) -> Result<(), Unfit> {
    match look(directory)? {
        Some(data) => own(directory.to_owned(), &data, ours),
        None => Ok(()),
    }
}

/// Whether nobody else can write the files in a directory, as far as others can go into it (`entered`, for the group and for
/// all). A socket is for others where the settings say so.
fn own_files(directory: &Path, entered: u32) -> Result<(), Unfit> {
    let io = |source| Unfit::Io { path: directory.to_owned(), source };
    if entered == 0 {
        return Ok(());
    }
    for entry in fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let Some(data) = look(&path)?.filter(Metadata::is_file) else { continue };
        if data.mode() & (entered << 1) != 0 {
            return Err(Unfit::Writable { path, mode: data.mode() & 0o7777 });
        }
    }
    Ok(())
}

/// A segment of a store that everybody on the machine can read, with its permissions; none when they cannot, or there is
/// none.
///
/// # Errors
/// [`Unfit::Io`] when that cannot be told.
pub fn readable_by_all(directory: &Path) -> Result<Option<(PathBuf, u32)>, Unfit> {
    let journal = directory.join("journal");
    for entered in [directory, &journal] {
        if look(entered)?.is_none_or(|data| data.mode() & ENTERED_BY_ALL == 0) {
            return Ok(None);
        }
    }
    let io = |source| Unfit::Io { path: journal.clone(), source };
    for entry in fs::read_dir(&journal).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let mode = look(&path)?.map_or(0, |data| data.mode() & 0o7777);
        if mode & READABLE_BY_ALL != 0 {
            return Ok(Some((path, mode)));
        }
    }
    Ok(None)
}

fn look(path: &Path) -> Result<Option<Metadata>, Unfit> {
    match fs::metadata(path) {
        Ok(data) => Ok(Some(data)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Unfit::Io { path: path.to_owned(), source }),
    }
}

fn own(path: PathBuf, data: &Metadata, ours: Option<u32>) -> Result<(), Unfit> {
    let (mode, owner) = (data.mode() & 0o7777, data.uid());
    if mode & WRITABLE_BY_OTHERS != 0 {
        return Err(Unfit::Writable { path, mode });
    }
    match ours.filter(|ours| *ours != owner) {
        Some(ours) => Err(Unfit::Foreign { path, owner, ours }),
        None => Ok(()),
    }
}

/// The user that this process acts as; none where the system does not say so.
pub(crate) fn user() -> Option<u32> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok() // Real, effective, saved, file system.
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Looks at a directory in which these directories and, behind them, these files are.
    fn check(names: &[&str], mode: u32, expected: &str) {
        let home = tempfile::tempdir().unwrap();
        for name in names {
            fs::create_dir(home.path().join(name)).unwrap();
        }
        fs::set_permissions(home.path(), Permissions::from_mode(mode)).unwrap();
        let said = guard(home.path()).err().map(|unfit| unfit.to_string()).unwrap_or_default();
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
        let left = fs::read_dir(home.path()).unwrap().count();
        assert_eq!(left, names.len(), "something was made");
    }

    #[test]
    fn a_directory_that_others_can_write_is_refused() {
        check(&["journal", "state"], 0o777, "its mode is 0777");
        check(&[], 0o770, "chmod go-w");
        check(&["journal", "state"], 0o755, "");
        check(&[], 0o700, "");
    }

    #[test]
    fn what_is_in_it_is_looked_at_as_well() {
        let home = tempfile::tempdir().unwrap();
        let journal = home.path().join("journal");
        fs::create_dir(&journal).unwrap();
        fs::set_permissions(&journal, Permissions::from_mode(0o707)).unwrap();
        assert!(matches!(guard(home.path()), Err(Unfit::Writable { path, mode: 0o707 }) if path == journal));
    }

    /// A store with a segment, whose directories and files have these permissions.
    fn store(of: u32, journal: u32, segment: u32, watermark: u32) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let files = [("journal/00000001.seg", segment), ("watermark", watermark)];
        fs::create_dir(home.path().join("journal")).unwrap();
        for (name, mode) in files {
            fs::write(home.path().join(name), "").unwrap();
            fs::set_permissions(home.path().join(name), Permissions::from_mode(mode)).unwrap();
        }
        fs::set_permissions(home.path().join("journal"), Permissions::from_mode(journal)).unwrap();
        fs::set_permissions(home.path(), Permissions::from_mode(of)).unwrap();
        home
    }

    #[test]
    fn files_that_others_can_write_are_refused_where_others_get_at_them() {
        let refused = |of, journal, segment, watermark| {
            let home = store(of, journal, segment, watermark);
            match guard_standby(home.path()) {
                Err(Unfit::Writable { path, mode }) => {
                    Some((path.file_name().unwrap().to_str().unwrap().to_owned(), mode))
                }
                other => other.map(|()| None).unwrap(),
            }
        };
        let named = |name: &str, mode| Some((name.to_owned(), mode));
        assert_eq!(refused(0o755, 0o755, 0o644, 0o644), None);
        assert_eq!(refused(0o755, 0o755, 0o646, 0o644), named("00000001.seg", 0o646));
        assert_eq!(refused(0o755, 0o700, 0o644, 0o664), named("watermark", 0o664));
        assert_eq!(refused(0o750, 0o750, 0o664, 0o644), named("00000001.seg", 0o664));
        assert_eq!(refused(0o700, 0o755, 0o666, 0o666), None, "nobody gets there");
        assert_eq!(refused(0o750, 0o755, 0o646, 0o646), None, "the group may not write, and nobody else gets there");
    }

    #[test]
    fn a_record_that_everybody_can_read_is_told() {
        let told = |of, journal, segment| {
            readable_by_all(store(of, journal, segment, 0o644).path()).unwrap().map(|(_, mode)| mode)
        };
        assert_eq!(told(0o755, 0o755, 0o644), Some(0o644));
        assert_eq!(told(0o755, 0o755, 0o640), None);
        assert_eq!(told(0o755, 0o750, 0o644), None);
        assert_eq!(told(0o700, 0o755, 0o644), None);
        assert_eq!(readable_by_all(Path::new("/nowhere/at/all")).unwrap(), None);
    }

    #[test]
    fn a_file_is_no_directory() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let said = guard(file.path()).unwrap_err().to_string();
        assert!(said.contains(" is no directory; name the directory of the record in store.directory"), "{said}");
    }

    #[test]
    fn a_restore_that_was_not_finished_is_no_store() {
        check(&["journal.restoring"], 0o700, "run `lodged store restore` again");
        check(&["journal", "journal.restoring"], 0o700, "");
    }

    #[test]
    fn a_backup_is_no_store() {
        check(&["manifest", "segments"], 0o700, "is a backup and no store");
    }

    #[test]
    fn a_standby_is_no_store() {
        check(&["journal", "standby"], 0o700, "lodged store promote");
    }

    #[test]
    fn a_directory_that_is_not_there_is_fit() {
        assert!(guard(Path::new("/nowhere/at/all")).is_ok());
    }

    #[test]
    fn a_store_is_not_begun_among_other_things() {
        let said = |names: &[&str], archive: Option<&str>| {
            let home = tempfile::tempdir().unwrap();
            names.iter().for_each(|name| fs::create_dir(home.path().join(name)).unwrap());
            let archive = archive.map(|archive| home.path().join(archive));
            refuse_strangers(home.path(), archive.as_deref()).err().map(|unfit| unfit.to_string()).unwrap_or_default()
        };
        assert!(said(&["conf"], None).contains("has no record in it, but it has conf"));
        assert_eq!(said(&["lost+found", ".snapshot", "acts", "feeds", "state.aside-1", "watermark.new"], None), "");
        for of_a_store in ["journal", "state", "watermark"] {
            assert_eq!(said(&[of_a_store, "conf"], None), "", "{of_a_store}");
        }
        assert_eq!(said(&["archive"], Some("archive")), "");
        assert_eq!(said(&["disk"], Some("disk/archive")), "");
        assert!(said(&["archive"], Some("disk")).contains("it has archive"));
    }

    #[test]
    fn another_users_directory_is_refused() {
        let data = fs::metadata("/proc/self/status").unwrap();
        let other = data.uid() + 1;
        assert!(matches!(own("record".into(), &data, Some(other)), Err(Unfit::Foreign { ours, .. }) if ours == other));
        assert!(own("record".into(), &data, Some(data.uid())).is_ok());
        let home = tempfile::tempdir().unwrap();
        let mine = fs::metadata(home.path()).unwrap().uid();
        assert!(matches!(guard_of(home.path(), Some(mine + 1)), Err(Unfit::Foreign { owner, .. }) if owner == mine));
        assert!(guard_of(home.path(), None).is_ok(), "it was not asked");
    }
}
