//! The manifest: which store a backup is of and how far it goes, in a few lines of text.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::BackupTrouble;
use super::file;
use crate::store::guard::Unfit;
use crate::store::journal::seal::{from_digits, hexadecimal};
use crate::store::journal::{Chain, StoreId, has_segments};
use crate::store::signed::{Fields, SignedText, SignedTrouble};

/// What a whole backup is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// When it was made.
    pub(super) made: Timestamp,
    /// Of which store.
    pub(super) store: StoreId,
    /// The first segment in it.
    pub(super) begins: u64,
    /// The last sealed segment in it; one less than `begins` when it has none.
    pub(super) sealed: u64,
    /// The number of the first entry that it does not have.
    pub(super) next: u64,
    /// What all entries before that come to.
    pub(super) chain: Chain,
    /// The SHA-256 of the file with the segment behind the sealed ones.
    pub(super) tail: [u8; 32],
}

impl Manifest {
    /// The manifest of a backup; none when there is none.
    ///
    /// # Errors
    /// [`BackupTrouble`] when it cannot be read, a later version wrote it, or it was changed.
    pub(super) fn find(backup: &Path) -> Result<Option<Self>, BackupTrouble> {
        let path = backup.join("manifest");
        SignedText::read(&path).map_err(|trouble| match trouble {
            SignedTrouble::Io(source) => BackupTrouble::Io { doing: "read", path, source },
            SignedTrouble::OtherFormat => Unfit::OtherFormat(path).into(),
            SignedTrouble::Damaged => BackupTrouble::Manifest(path),
        })
    }

    /// Writes it, in the place of one that was there.
    ///
    /// # Errors
    /// [`BackupTrouble::Io`].
    pub(super) fn write(&self, backup: &Path) -> Result<(), BackupTrouble> {
        let text = self.to_text();
        file::write(&backup.join("manifest"), text.as_bytes(), 0)
    }

    /// The file with the segment behind the sealed ones: another one for every length.
    pub(super) fn tail_path(&self, backup: &Path) -> PathBuf {
        segments(backup).join(format!("{:08}-{}.tail", self.sealed.saturating_add(1), self.next))
    }
}

impl SignedText for Manifest {
    const TITLE: &'static str = "lodged backup";
    const VERSION: u32 = 1;

    fn fields(&self) -> Vec<(&'static str, String)> {
        let Self { made, store, begins, sealed, next, chain, tail } = self;
        let mut fields = vec![("made", made.to_string()), ("store", store.to_string())];
        // Where nothing was dropped the line is left out, as it was before anything could be.
        fields.extend((*begins > 1).then(|| ("begins", begins.to_string())));
        fields.extend([
            ("sealed", sealed.to_string()),
            ("next", next.to_string()),
            ("chain", chain.to_string()),
            ("tail", hexadecimal(tail)),
        ]);
        fields
    }

    fn of(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            made: fields.next("made")?.parse().ok()?,
            store: StoreId(from_digits(fields.next("store")?)?),
            begins: fields.next("begins").map_or(Some(1), |begins| begins.parse().ok())?,
            sealed: fields.next("sealed")?.parse().ok()?,
            next: fields.next("next")?.parse().ok()?,
            chain: Chain(from_digits(fields.next("chain")?)?),
            tail: from_digits(fields.next("tail")?)?,
        })
    }
}

/// Whether a directory is a backup of any version, or half of one.
pub(crate) fn is_backup(directory: &Path) -> bool {
    Manifest::is_titled(&directory.join("manifest")) || has_segments(&segments(directory))
}

/// Where the segments of a backup are.
pub(super) fn segments(backup: &Path) -> PathBuf {
    backup.join("segments")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            made: "2026-11-21T20:45:00Z".parse().unwrap(),
            store: StoreId([7; 16]),
            begins: 1,
            sealed: 2,
            next: 41,
            chain: Chain([0xab; 32]),
            tail: [1; 32],
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        for begins in [1, 2, 3] {
            let manifest = Manifest { begins, ..manifest() };
            assert_eq!(Manifest::parse(&manifest.to_text()), Some(manifest));
        }
        assert!(manifest().tail_path(Path::new("b")).ends_with("segments/00000003-41.tail"));
    }
}
