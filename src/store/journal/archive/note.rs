//! Two small files that belong together: the journal notes where its archive is and how far it goes, the archive whose it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::ArchiveTrouble;
use crate::record::Digest;
use crate::store::journal::seal::{from_digits, hexadecimal};
use crate::store::journal::{Disk, StoreId, write_whole};
use crate::store::within::begins_with;

/// What a note or a marker of any version begins with.
const TITLE: &str = "lodged archive ";

/// The version of these.
const VERSION: &str = "1";

/// Longest one that is read, in bytes: a path has at most 4096.
const BYTES_MAX: usize = 8192;

/// What a journal knows of its archive: the file `archived` in its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// Whose archive it is.
    pub(crate) store: StoreId,
    /// Where it is.
    pub(crate) directory: PathBuf,
    /// Segments up to this one may be in it alone; 0 when none is.
    pub(crate) up_to: u64,
}

impl Note {
    /// The note in the directory of a journal; none when it has no archive.
    ///
    /// # Errors
    /// [`ArchiveTrouble`] when it cannot be read, a later version wrote it, or it was changed.
    pub(crate) fn read(journal: &Path) -> Result<Option<Self>, ArchiveTrouble> {
        let path = journal.join("archived");
        let parsed = text_in(&path)?.map(|text| Self::parse(&text).ok_or(ArchiveTrouble::Changed(path)));
        parsed.transpose()
    }

    /// Puts it on stable storage, in the place of one that was there.
    ///
    /// # Errors
    /// [`ArchiveTrouble`] when it cannot be written.
    pub(super) fn write(&self, disk: &dyn Disk, journal: &Path) -> Result<(), ArchiveTrouble> {
        let text = self.to_text().ok_or_else(|| ArchiveTrouble::Name(self.directory.clone()))?;
        Ok(write_whole(disk, &journal.join("archived"), &text)?)
    }

    /// None when the path cannot stand in a line of text.
    fn to_text(&self) -> Option<String> {
        let Self { store, directory, up_to } = self;
        let directory = directory.to_str().filter(|path| !path.contains('\n'))?;
        Some(checked(format!("{TITLE}{VERSION}\nstore {store}\ndirectory {directory}\nsegments {up_to}\n")))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n').skip(1);
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let note = Self {
            store: StoreId(from_digits(field("store")?)?),
            directory: field("directory")?.into(),
            up_to: field("segments")?.parse().ok()?,
        };
        // What is written otherwise is no note of ours; its last line is the digest of the others.
        (note.to_text().as_deref() == Some(text)).then_some(note)
    }
}

/// What an archive says of itself: the file `archive` in its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marker {
    /// Whose it is.
    pub(super) store: StoreId,
}

impl Marker {
    /// The marker in a directory; none when it is no archive.
    ///
    /// # Errors
    /// [`ArchiveTrouble`] when it cannot be read, a later version wrote it, or it was changed.
    pub(super) fn read(archive: &Path) -> Result<Option<Self>, ArchiveTrouble> {
        let path = archive.join("archive");
        let parsed = text_in(&path)?.map(|text| Self::parse(&text).ok_or(ArchiveTrouble::Changed(path)));
        parsed.transpose()
    }

    /// Puts it on stable storage.
    ///
    /// # Errors
    /// [`ArchiveTrouble`] when it cannot be written.
    pub(super) fn write(self, disk: &dyn Disk, archive: &Path) -> Result<(), ArchiveTrouble> {
        Ok(write_whole(disk, &archive.join("archive"), &self.to_text())?)
    }

    fn to_text(self) -> String {
        checked(format!("{TITLE}{VERSION}\nstore {}\n", self.store))
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text.split('\n').nth(1)?.strip_prefix("store ")?;
        let marker = Self { store: StoreId(from_digits(digits)?) };
        (marker.to_text() == text).then_some(marker)
    }
}

/// Whether a directory is an archive, of any version.
pub(crate) fn is_archive(directory: &Path) -> bool {
    begins_with(&directory.join("archive"), TITLE.as_bytes())
}

/// Lines with their digest behind them.
fn checked(lines: String) -> String {
    let digest = hexadecimal(&Digest::of([lines.as_bytes()]).0);
    lines + &format!("sha256 {digest}\n")
}

/// The text of a file of this version, empty when it is none; none when it is not there.
fn text_in(path: &Path) -> Result<Option<String>, ArchiveTrouble> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(ArchiveTrouble::io("read", path))?,
    };
    let text = String::from_utf8(bytes).ok().filter(|text| text.len() <= BYTES_MAX).unwrap_or_default();
    let version = text.strip_prefix(TITLE).and_then(|rest| rest.lines().next());
    if version.is_some_and(|version| version != VERSION && version.parse::<u32>().is_ok()) {
        return Err(ArchiveTrouble::OtherFormat(path.to_owned()));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: StoreId = StoreId([7; 16]);

    fn note(directory: &str) -> Note {
        Note { store: STORE, directory: directory.into(), up_to: 12 }
    }

    #[test]
    fn both_are_read_as_they_were_written() {
        let text = note("/mnt/a b").to_text().unwrap();
        assert_eq!(Note::parse(&text), Some(note("/mnt/a b")));
        assert_eq!(Marker::parse(&Marker { store: STORE }.to_text()), Some(Marker { store: STORE }));
        assert_eq!(Marker::parse(&text), None);
        assert_eq!(Note::parse(&Marker { store: STORE }.to_text()), None);
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let (note, marker) = (note("/mnt/archive").to_text().unwrap(), Marker { store: STORE }.to_text());
        for bit in 0..note.len() * 8 {
            assert_eq!(Note::parse(&flipped(&note, bit)), None, "bit {bit}");
        }
        for bit in 0..marker.len() * 8 {
            assert_eq!(Marker::parse(&flipped(&marker, bit)), None, "bit {bit}");
        }
    }

    fn flipped(text: &str, bit: usize) -> String {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn a_path_that_does_not_stand_in_a_line_is_refused() {
        assert_eq!(note("/mnt/a\nb").to_text(), None);
    }
}
