//! Restoring: a backup becomes a store again, in a directory where nothing is.

use std::path::{Path, PathBuf};
use std::{fs, io};

use jiff::Timestamp;
use serde::Serialize;

use super::BackupTrouble;
use super::file::{self, digest_of};
use super::manifest::{self, Manifest};
use crate::identifier::RecordNumber;
use crate::record::Deed;
use crate::store::inspect::{Disagreements, InspectTrouble, Segments, Step, Watch};
use crate::store::journal::seal::Seal;
use crate::store::journal::{JournalTrouble, RealDisk, Shelves};
use crate::store::left::{self, By, LeaveTrouble};
use crate::store::within::refuse_within;

/// The number of the description of [`RestoreReport`].
const DOCUMENT: u32 = 1;

/// The journal while it is not whole; a start does not take it for one.
pub(crate) const STAGING: &str = "journal.restoring";

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// The number of this description.
    pub document: u32,
    /// Which store it is.
    pub store: String,
    /// When the backup was made.
    pub made: Timestamp,
    /// Entries in it.
    pub entries: u64,
    /// The digest of all of them.
    pub chain: String,
    /// Segments of its journal.
    pub segments: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Makes a store of a backup. All of the backup is checked before anything is written, and all of the store once it is; the
/// state is made at its first start. Who does it is left for the journal, into which that start writes it.
///
/// # Errors
/// [`BackupTrouble`]; then nothing is left behind.
pub fn restore(backup: &Path, to: &Path, by: &By, watch: &mut dyn Watch) -> Result<RestoreReport, BackupTrouble> {
    refuse_within(to)?;
    let manifest = find(backup)?;
    let tail = manifest.tail_path(backup);
    let last = manifest.sealed.saturating_add(1);
    let copies = manifest::segments(backup);
    let (from, new) = (Shelves::of(&copies), Shelves::of(to.join(STAGING)));
    let segments = check(backup, &manifest, watch, |found| {
        Segments::with_tail(&from, false, Some((manifest.begins..=last, tail.clone())), found)
    })?;
    let mut unfinished = Unfinished::new(to)?;
    let staging = new.journal();
    file::make_directory(staging)?;
    let (mut bytes, total) = (0, segments.bytes());
    for number in manifest.begins..=last {
        let header = segments.header(number);
        let header = header.ok_or_else(|| JournalTrouble::Missing { directory: copies.clone(), number })?;
        let path = if number == last { tail.clone() } else { from.path(number) };
        let read = fs::read(&path).map_err(BackupTrouble::io("read", &path))?;
        file::write(&new.path(number), &read, header.bytes)?;
        if let Some(seal) = Seal::read(&RealDisk, &copies, number)?.filter(|_| number < last) {
            seal.write(&RealDisk, staging)?;
        }
        bytes += header.bytes;
        watch.reached(Step::Copy, bytes, Some(total));
    }
    let whole = check(staging, &manifest, watch, |found| Segments::find(&new, false, found));
    match whole {
        // What was copied was right, so the disk is not.
        Err(BackupTrouble::NotRight { .. }) => return Err(BackupTrouble::ReadBack(staging.to_owned())),
        whole => drop(whole?),
    }
    note(backup, to, by, &manifest)?;
    let journal = to.join("journal");
    fs::rename(staging, &journal).map_err(BackupTrouble::io("rename", staging))?;
    unfinished.is_done = true;
    file::sync_directory(to)?;
    Ok(RestoreReport {
        document: DOCUMENT,
        store: manifest.store.to_string(),
        made: manifest.made,
        entries: manifest.next.saturating_sub(1),
        chain: manifest.chain.to_string(),
        segments: segments.count(),
        bytes,
    })
}

/// Leaves the act while the journal is not in its place, so that no gateway starts.
fn note(backup: &Path, to: &Path, by: &By, manifest: &Manifest) -> Result<(), LeaveTrouble> {
    let Manifest { made, store, next, chain, .. } = manifest;
    let (from, last) = (std::path::absolute(backup), next.saturating_sub(1));
    let from = from.as_deref().unwrap_or(backup).display();
    let after = format!("backup {from}, made {made}\nstore {store}\nentries {last}\nchain {chain}");
    left::leave(to, by.act(Deed::Restored, to, ["", &after]), RecordNumber(last)).map(drop)
}

/// The manifest of a backup that has everything it speaks of.
fn find(backup: &Path) -> Result<Manifest, BackupTrouble> {
    let half = |reason: String| BackupTrouble::Half { path: backup.to_owned(), reason };
    fs::read_dir(backup).map_err(BackupTrouble::io("list", backup))?;
    let Some(manifest) = Manifest::find(backup)? else {
        if manifest::segments(backup).exists() {
            return Err(half("it has no manifest, which is written last".to_owned()));
        }
        return Err(BackupTrouble::NoBackup(backup.to_owned()));
    };
    let tail = manifest.tail_path(backup);
    if !tail.exists() {
        return Err(half(format!("{} is missing", tail.display())));
    }
    let copies = Shelves::of(manifest::segments(backup));
    for number in manifest.begins..=manifest.sealed {
        let path = copies.path(number);
        if !path.exists() {
            return Err(half(format!("{} is missing", path.display())));
        }
    }
    if digest_of(&tail)?.0 != manifest.tail {
        let first = format!("{} does not have the digest of the manifest", tail.display());
        return Err(BackupTrouble::NotRight { path: backup.to_owned(), first });
    }
    Ok(manifest)
}

/// Reads all segments, which must be exactly what the manifest speaks of.
fn check(
    place: &Path,
    manifest: &Manifest,
    watch: &mut dyn Watch,
    segments: impl FnOnce(&mut Disagreements) -> Result<Segments, InspectTrouble>,
) -> Result<Segments, BackupTrouble> {
    let mut found = Disagreements::new(1);
    let segments = segments(&mut found)?;
    let walked = segments.walk(&mut found, watch, &mut |_, _, _| Ok(()))?;
    let first = found.told.first().map(|first| {
        let found = first.found.as_ref().map(|found| format!(": {found}")).unwrap_or_default();
        format!("{first}{found}")
    });
    let differs = || {
        let is_all = (walked.next, walked.chain) == (manifest.next, manifest.chain)
            && segments.store() == manifest.store
            && walked.sealed == manifest.sealed.saturating_add(1).saturating_sub(manifest.begins)
            && !walked.is_torn;
        (!is_all).then(|| "it is not what its manifest says".to_owned())
    };
    match first.or_else(differs) {
        Some(first) => Err(BackupTrouble::NotRight { path: place.to_owned(), first }),
        None => Ok(segments),
    }
}

/// A directory in which a store is restored. What was made in it is taken away unless the store is whole.
struct Unfinished {
    directory: PathBuf,
    was_there: bool,
    is_done: bool,
    /// Keeps a daemon from starting on it.
    _lock: fs::File,
}

impl Unfinished {
    fn new(directory: &Path) -> Result<Self, BackupTrouble> {
        if directory.exists() {
            refuse_others(directory)?;
        }
        let was_there = !file::make_directory(directory)?;
        let lock = file::lock(directory)?;
        // Whoever had it until now may have made a store there: what lies in it is theirs then.
        refuse_others(directory)?;
        let unfinished = Self { directory: directory.to_owned(), was_there, is_done: false, _lock: lock };
        let staging = directory.join(STAGING);
        for own in [directory.join(left::DIRECTORY), staging] {
            remove_directory(&own).map_err(BackupTrouble::io("remove", &own))?;
        }
        Ok(unfinished)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_done {
            remove(&self.directory, self.was_there);
        }
    }
}

/// What is there and is not ours is left alone. A restore that was killed may have left its own behind: the lock is the first
/// of it.
fn refuse_others(directory: &Path) -> Result<(), BackupTrouble> {
    let paths = file::list_own(directory)?;
    let is_own = |path: &PathBuf| [STAGING, "lock", left::DIRECTORY].iter().any(|own| path.ends_with(own));
    let is_left_over = match paths.as_slice() {
        [] => true,
        [only] => [STAGING, "lock"].iter().any(|own| only.ends_with(own)),
        paths => directory.join(STAGING).exists() && paths.iter().all(is_own),
    };
    if is_left_over { Ok(()) } else { Err(BackupTrouble::NotEmpty(directory.to_owned())) }
}

fn remove(directory: &Path, was_there: bool) {
    let removed = [
        remove_directory(&directory.join(left::DIRECTORY)),
        remove_directory(&directory.join(STAGING)),
        fs::remove_file(directory.join("lock")),
        if was_there { Ok(()) } else { fs::remove_dir(directory) },
    ];
    for error in removed.into_iter().filter_map(Result::err) {
        tracing::warn!(%error, directory = %directory.display(), "what was half restored could not be removed");
    }
}

/// Removes a directory with what is in it, when it is there.
fn remove_directory(directory: &Path) -> io::Result<()> {
    if directory.exists() { fs::remove_dir_all(directory) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// Whoever has the directory, as another restore, makes a store there while this one waits for it.
    #[test]
    fn what_others_made_while_a_restore_waited_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let held = file::lock(home.path()).unwrap();
        let waited = thread::scope(|scope| {
            let waiting = scope.spawn(|| Unfinished::new(home.path()).map(drop));
            thread::sleep(Duration::from_millis(50));
            for made in ["acts", "journal"] {
                fs::create_dir(home.path().join(made)).unwrap();
            }
            fs::write(home.path().join("acts/restored.act"), "theirs").unwrap();
            drop(held);
            waiting.join().unwrap()
        });
        let left = fs::read_to_string(home.path().join("acts/restored.act")).ok();
        assert_eq!(left.as_deref(), Some("theirs"), "{waited:?}");
        assert!(home.path().join("journal").exists() && home.path().join("lock").exists());
        // Where the machine is slow, it may have given up waiting.
        assert!(matches!(waited, Err(BackupTrouble::NotEmpty(_) | BackupTrouble::InUse(_))), "{waited:?}");
    }
}
