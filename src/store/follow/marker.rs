//! The file that says that a directory is a standby, of which store, and how far it surely goes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::FollowTrouble;
use crate::record::Digest;
use crate::store::guard::STANDBY;
use crate::store::journal::seal::{from_digits, hexadecimal};
use crate::store::journal::{Disk, StoreId, write_whole};

/// What a marker of any version begins with.
const TITLE: &str = "lodged standby ";

/// The version of this one.
const VERSION: &str = "1";

/// Longest marker that is read, in bytes; one is less than 300.
const BYTES_MAX: usize = 4096;

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
    pub(super) fn read(directory: &Path) -> Result<Option<Self>, FollowTrouble> {
        let path = path(directory);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(FollowTrouble::io("read", &path))?,
        };
        let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= BYTES_MAX).unwrap_or_default();
        let version = text.strip_prefix(TITLE).and_then(|rest| rest.lines().next());
        if version.is_some_and(|version| version != VERSION && version.parse::<u32>().is_ok()) {
            return Err(FollowTrouble::OtherFormat(path));
        }
        let damaged = || FollowTrouble::Damaged {
            path: directory.to_owned(),
            reason: format!("{} is not as it was written", path.display()),
        };
        Self::parse(text).map(Some).ok_or_else(damaged)
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

    fn to_text(&self) -> String {
        let Self { store, begins, entry, known, heard } = self;
        // Where nothing was dropped the line is left out, as it was before anything could be.
        let begins = if *begins == 1 { String::new() } else { format!("begins {begins}\n") };
        let lines = format!("{TITLE}{VERSION}\nstore {store}\n{begins}entry {entry}\nknown {known}\nheard {heard}\n");
        let checked = hexadecimal(&Digest::of([lines.as_bytes()]).0);
        format!("{lines}sha256 {checked}\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n').skip(1).peekable();
        let mut field =
            |name: &str| lines.next_if(|line| line.starts_with(name))?.strip_prefix(name)?.strip_prefix(' ');
        let marker = Self {
            store: StoreId(from_digits(field("store")?)?),
            begins: field("begins").map_or(Some(1), |begins| begins.parse().ok())?,
            entry: field("entry")?.parse().ok()?,
            known: field("known")?.parse().ok()?,
            heard: field("heard")?.parse().ok()?,
        };
        // What is written otherwise is no marker of ours; its last line is the digest of the others.
        (marker.to_text() == text).then_some(marker)
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join(STANDBY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker() -> Marker {
        let heard = "2026-11-21T20:45:00Z".parse().unwrap();
        Marker { store: StoreId([7; 16]), begins: 1, entry: 41, known: 43, heard }
    }

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        for begins in [1, 2] {
            let marker = Marker { begins, ..marker() };
            assert_eq!(Marker::parse(&marker.to_text()), Some(marker));
        }
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let text = marker().to_text();
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Marker::parse(&String::from_utf8_lossy(&bytes)), None, "bit {bit}");
        }
    }
}
