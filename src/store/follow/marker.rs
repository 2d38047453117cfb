//! The file that says that a directory is a standby, of which store, and how far it surely goes.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::FollowTrouble;
use crate::store::guard::{STANDBY, Unfit};
use crate::store::journal::seal::from_digits;
use crate::store::journal::{Disk, StoreId, write_whole};
use crate::store::signed::{Fields, SignedText, SignedTrouble};

/// What a standby knows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    /// Which store it follows.
    pub(super) store: StoreId,
    /// The first segment that it is to have: those in front of it were dropped.
    pub(super) begins: u64,
    /// The last entry that it surely has: it may have more.
    pub(super) entry: u64,
    /// The last entry that the gateway had when it was last heard.
    pub(super) known: u64,
    /// When that was.
    pub(super) heard: Timestamp,
}

impl Marker {
    /// The marker in a directory; none when there is none.
    ///
    /// # Errors
    /// [`FollowTrouble`] when it cannot be read, a later version wrote it, or it was changed.
    pub(super) fn find(directory: &Path) -> Result<Option<Self>, FollowTrouble> {
        let path = path(directory);
        SignedText::read(&path).map_err(|trouble| match trouble {
            SignedTrouble::Io(source) => FollowTrouble::Io { doing: "read", path, source },
            SignedTrouble::OtherFormat => Unfit::OtherFormat(path).into(),
            SignedTrouble::Damaged => FollowTrouble::Damaged {
                path: directory.to_owned(),
                reason: format!("{} is not as it was written", path.display()),
            },
        })
    }

    /// Puts it on stable storage, in the place of one that was there.
    ///
    /// # Errors
    /// [`FollowTrouble::Io`].
    pub(super) fn write(&self, disk: &dyn Disk, directory: &Path) -> Result<(), FollowTrouble> {
        Ok(write_whole(disk, &path(directory), &self.to_text())?)
    }

    /// Takes it away for good: from then on the directory is no standby.
    ///
    /// # Errors
    /// [`FollowTrouble::Io`].
    pub(super) fn remove(disk: &dyn Disk, directory: &Path) -> Result<(), FollowTrouble> {
        let path = path(directory);
        fs::remove_file(&path).map_err(FollowTrouble::io("remove", &path))?;
        disk.sync_directory(directory).map_err(FollowTrouble::io("flush", directory))
    }
}

impl SignedText for Marker {
    const TITLE: &'static str = "lodged standby";
    const VERSION: u32 = 1;

    fn fields(&self) -> Vec<(&'static str, String)> {
        let Self { store, begins, entry, known, heard } = self;
        let mut fields = vec![("store", store.to_string())];
        // Where nothing was dropped the line is left out, as it was before anything could be.
        fields.extend((*begins > 1).then(|| ("begins", begins.to_string())));
        fields.extend([("entry", entry.to_string()), ("known", known.to_string()), ("heard", heard.to_string())]);
        fields
    }

    fn of(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            store: StoreId(from_digits(fields.next("store")?)?),
            begins: fields.next("begins").map_or(Some(1), |begins| begins.parse().ok())?,
            entry: fields.next("entry")?.parse().ok()?,
            known: fields.next("known")?.parse().ok()?,
            heard: fields.next("heard")?.parse().ok()?,
        })
    }
}

/// Whether a directory is a standby, of any version.
pub(crate) fn is_standby(directory: &Path) -> bool {
    Marker::is_titled(&path(directory))
}

fn path(directory: &Path) -> PathBuf {
    directory.join(STANDBY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let heard = "2026-11-21T20:45:00Z".parse().unwrap();
        for begins in [1, 2] {
            let marker = Marker { store: StoreId([7; 16]), begins, entry: 41, known: 43, heard };
            assert_eq!(Marker::parse(&marker.to_text()), Some(marker));
        }
    }
}
