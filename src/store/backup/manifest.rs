//! The manifest: which store a backup is of and how far it goes, in a few lines of text.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::BackupTrouble;
use super::file::{self, sha256};
use crate::store::journal::seal::{from_digits, hexadecimal};
use crate::store::journal::{Chain, StoreId};

/// What a manifest of any version begins with.
const TITLE: &str = "lodged backup ";

/// The version of this one.
const VERSION: &str = "1";

/// Longest manifest that is read, in bytes; one is less than 500.
const BYTES_MAX: usize = 4096;

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
    pub(super) fn read(backup: &Path) -> Result<Option<Self>, BackupTrouble> {
        let path = backup.join("manifest");
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(BackupTrouble::io("read", &path))?,
        };
        let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= BYTES_MAX).unwrap_or_default();
        let version = text.strip_prefix(TITLE).and_then(|rest| rest.lines().next());
        if version.is_some_and(|version| version != VERSION && version.parse::<u32>().is_ok()) {
            return Err(BackupTrouble::OtherFormat(path));
        }
        Self::parse(text).map(Some).ok_or(BackupTrouble::Manifest(path))
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

    fn to_text(&self) -> String {
        let Self { made, store, begins, sealed, next, chain, tail } = self;
        let tail = hexadecimal(tail);
        // Where nothing was dropped the line is left out, as it was before anything could be.
        let begins = if *begins == 1 { String::new() } else { format!("begins {begins}\n") };
        let lines = format!(
            "{TITLE}{VERSION}\nmade {made}\nstore {store}\n{begins}sealed {sealed}\nnext {next}\nchain {chain}\ntail {tail}\n"
        );
        let checked = hexadecimal(&sha256(lines.as_bytes()));
        format!("{lines}sha256 {checked}\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n').skip(1).peekable();
        let mut field =
            |name: &str| lines.next_if(|line| line.starts_with(name))?.strip_prefix(name)?.strip_prefix(' ');
        let manifest = Self {
            made: field("made")?.parse().ok()?,
            store: StoreId(from_digits(field("store")?)?),
            begins: field("begins").map_or(Some(1), |begins| begins.parse().ok())?,
            sealed: field("sealed")?.parse().ok()?,
            next: field("next")?.parse().ok()?,
            chain: Chain(from_digits(field("chain")?)?),
            tail: from_digits(field("tail")?)?,
        };
        // What is written otherwise is no manifest of ours; its last line is the digest of the others.
        (manifest.to_text() == text).then_some(manifest)
    }
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

    #[test]
    fn every_flipped_bit_is_seen() {
        let text = manifest().to_text();
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let changed = String::from_utf8_lossy(&bytes);
            assert_eq!(Manifest::parse(&changed), None, "bit {bit}");
        }
    }
}
