//! Whether a directory that is to be made or filled lies in one that is a whole of its own: a store, a standby, a backup or an
//! archive. What others put in there is in its way, or goes with it when it is moved, restored or removed.
//!
//! Start with [`refuse_within`]. Directories are known by what their files begin with, not by names alone: others have a
//! `journal` too.

use std::fmt;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{backup, follow, journal};

/// A directory lies in one that is a whole of its own. Nothing was made.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} lies in {}, which is {whole}, where nothing else may be; name a directory outside of it", target.display(),
    within.display()
)]
pub struct Within {
    target: PathBuf,
    within: PathBuf,
    whole: Whole,
}

/// What nothing else may be put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    Store,
    Standby,
    Backup,
    Archive,
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Store => "a store",
            Self::Standby => "a standby",
            Self::Backup => "a backup",
            Self::Archive => "the archive of a store",
        })
    }
}

impl Whole {
    /// What a directory is. None of it where that cannot be read: who may not look into it makes nothing in it either.
    fn of(directory: &Path) -> Option<Self> {
        let has = |name: &str| directory.join(name).exists();
        if follow::is_standby(directory) {
            Some(Self::Standby)
        } else if backup::is_backup(directory) {
            Some(Self::Backup)
        } else if journal::is_archive(directory) {
            Some(Self::Archive)
        } else if journal::has_segments(&directory.join("journal"))
            || has(backup::STAGING)
            || (has("state") && has("watermark"))
        {
            Some(Self::Store)
        } else {
            None
        }
    }
}

/// Refuses a directory, which need not be there yet, when one above it is a store, a standby, a backup or an archive.
///
/// # Errors
/// [`Within`] with the nearest of these.
pub(crate) fn refuse_within(target: &Path) -> Result<(), Within> {
    let place = whereabouts(target);
    let found = place.ancestors().skip(1).find_map(|above| Some((above.to_owned(), Whole::of(above)?)));
    match found {
        Some((within, whole)) => Err(Within { target: target.to_owned(), within, whole }),
        None => Ok(()),
    }
}

/// Where a directory really is, as far as it is there.
fn whereabouts(target: &Path) -> PathBuf {
    // Where there is no such path at all, whoever makes it says so.
    let target = std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
    let real = |above: &Path| {
        let real = fs::canonicalize(above).ok()?;
        let rest = target.strip_prefix(above).ok()?;
        Some(if rest.as_os_str().is_empty() { real } else { real.join(rest) })
    };
    target.ancestors().find_map(real).unwrap_or_else(|| target.clone())
}

/// Whether a file begins with these bytes, at most 64 of them. False where it cannot be read, or is no file.
pub(crate) fn begins_with(path: &Path, bytes: &[u8]) -> bool {
    let mut found = [0; 64];
    let Some(found) = found.get_mut(..bytes.len()) else { return false };
    // A pipe that nobody writes into would be waited for.
    let is_file = fs::metadata(path).is_ok_and(|data| data.is_file());
    is_file && File::open(path).and_then(|mut file| file.read_exact(found)).is_ok() && found == bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a directory below this one, in which these files are with these texts.
    fn said(files: &[(&str, &str)], below: &str) -> String {
        let home = tempfile::tempdir().unwrap();
        let whole = home.path().join("whole");
        fs::create_dir(&whole).unwrap();
        for (name, text) in files {
            let path = whole.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let target = home.path().join(below);
        let said = refuse_within(&target).err().map(|within| within.to_string()).unwrap_or_default();
        let real = fs::canonicalize(whole).unwrap();
        said.replace(target.to_str().unwrap(), "TARGET").replace(real.to_str().unwrap(), "WHOLE")
    }

    const STORE: (&str, &str) = ("journal/00000001.seg", "LODGEDjl and more");

    #[test]
    fn each_of_them_is_known() {
        let is = |files: &[(&str, &str)], kind: &str| {
            let words = "where nothing else may be; name a directory outside of it";
            for below in ["whole/x", "whole/journal/x", "whole/x/y/z"] {
                assert_eq!(said(files, below), format!("TARGET lies in WHOLE, which is {kind}, {words}"));
            }
        };
        is(&[STORE], "a store");
        is(&[("journal/00000001.seg", "damaged"), ("journal/00000002.seg", "LODGEDjl")], "a store");
        is(&[("state/db", ""), ("watermark", "")], "a store");
        is(&[("journal.restoring/00000001.seg", "")], "a store");
        is(&[STORE, ("standby", "lodged standby 1\n")], "a standby");
        is(&[("manifest", "lodged backup 9\n")], "a backup");
        is(&[("segments/00000001.seg", "LODGEDjl and more")], "a backup");
        is(&[("archive", "lodged archive 1\n")], "the archive of a store");
    }

    #[test]
    fn others_may_have_the_same_names() {
        for files in [
            &[("journal/system.journal", "LPKSHHRH")][..],
            &[("journal/00000001.seg", "Dear diary")],
            &[("manifest", "CACHE MANIFEST"), ("segments/1.seg", "")],
            &[("archive/2026/letter", "Dear")],
            &[("standby", ""), ("watermark", "")],
        ] {
            assert_eq!(said(files, "whole/x"), "");
        }
    }

    #[test]
    fn the_directory_itself_and_its_neighbours_are_for_others_to_judge() {
        for beside in ["whole", "beside", "beside/x", "whole.x/y", "whole/../beside"] {
            assert_eq!(said(&[STORE], beside), "");
        }
    }

    #[test]
    fn a_link_is_followed() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("whole/journal")).unwrap();
        fs::write(home.path().join("whole/journal/00000001.seg"), "LODGEDjl").unwrap();
        std::os::unix::fs::symlink("whole/journal", home.path().join("link")).unwrap();
        let found = refuse_within(&home.path().join("link/x/y")).map_err(|within| within.within);
        assert_eq!(found.unwrap_err(), fs::canonicalize(home.path().join("whole")).unwrap());
    }
}
