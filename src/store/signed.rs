//! Small texts under a digest: a title with the number of its version, lines of a name and a value, and in the last line the
//! SHA-256 of the others. For people to read, and for nobody to change by accident.
//!
//! Start with [`SignedText`]: whoever has such a text says its title and its fields, everything else is here.

use std::fs::File;
use std::io::{self, Read as _};
use std::iter::Peekable;
use std::path::Path;
use std::str::Split;

use crate::record::Digest;

use super::journal::seal::hexadecimal;
use super::within::begins_with;

/// A small text cannot be taken.
#[derive(Debug)]
pub(crate) enum SignedTrouble {
    /// The operating system said no.
    Io(io::Error),
    /// A later version wrote it.
    OtherFormat,
    /// It is not as it was written.
    Damaged,
}

/// The lines of a text behind its title.
pub(crate) struct Fields<'a>(Peekable<Split<'a, char>>);

impl<'a> Fields<'a> {
    /// The value of the next line when it has this name; otherwise none, and the line stays the next one.
    pub(crate) fn next(&mut self, name: &str) -> Option<&'a str> {
        let value = |line: &'a str| line.strip_prefix(name)?.strip_prefix(' ');
        self.0.next_if(|line| value(line).is_some()).and_then(value)
    }
}

/// What is kept as a small text.
pub(crate) trait SignedText: Sized {
    /// What a text of any version begins with.
    const TITLE: &'static str;
    /// The version of this one.
    const VERSION: u32;
    /// Longest text that is read, in bytes; those that are written are a tenth of it.
    const BYTES_MAX: u64 = 4096;

    /// Its names and values, in order. What is not said may be left out.
    fn fields(&self) -> Vec<(&'static str, String)>;

    /// What has these fields.
    fn of(fields: &mut Fields<'_>) -> Option<Self>;

    /// The whole text.
    fn to_text(&self) -> String {
        let fields: String = self.fields().iter().map(|(name, value)| format!("{name} {value}\n")).collect();
        let lines = format!("{} {}\n{fields}", Self::TITLE, Self::VERSION);
        let checked = hexadecimal(&Digest::of([lines.as_bytes()]).0);
        format!("{lines}sha256 {checked}\n")
    }

    /// What a text says; none when it was written otherwise.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        lines.next()?;
        let said = Self::of(&mut Fields(lines.peekable()))?;
        (said.to_text() == text).then_some(said)
    }

    /// What the file says; none when there is no file. No more of it is read than such a text can have.
    ///
    /// # Errors
    /// [`SignedTrouble`] when it cannot be read, a later version wrote it, or it was changed.
    fn read(path: &Path) -> Result<Option<Self>, SignedTrouble> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(SignedTrouble::Io)?,
        };
        let mut bytes = Vec::new();
        file.take(Self::BYTES_MAX).read_to_end(&mut bytes).map_err(SignedTrouble::Io)?;
        let text = String::from_utf8_lossy(&bytes);
        let title = text.lines().next().unwrap_or_default();
        let version =
            title.strip_prefix(Self::TITLE).and_then(|version| version.strip_prefix(' ')?.parse::<u32>().ok());
        if version.is_some_and(|version| version != Self::VERSION) {
            return Err(SignedTrouble::OtherFormat);
        }
        Self::parse(&text).map(Some).ok_or(SignedTrouble::Damaged)
    }

    /// Whether a file is such a text by its title, of any version, damaged behind the title or not.
    fn is_titled(path: &Path) -> bool {
        begins_with(path, format!("{} ", Self::TITLE).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Note {
        entry: u64,
        of: Option<String>,
    }

    impl SignedText for Note {
        const TITLE: &'static str = "lodged note";
        const VERSION: u32 = 3;

        fn fields(&self) -> Vec<(&'static str, String)> {
            let of = self.of.iter().map(|of| ("of", of.clone()));
            [("entry", self.entry.to_string())].into_iter().chain(of).collect()
        }

        fn of(fields: &mut Fields<'_>) -> Option<Self> {
            Some(Self { entry: fields.next("entry")?.parse().ok()?, of: fields.next("of").map(str::to_owned) })
        }
    }

    fn note() -> Note {
        Note { entry: 41, of: Some("somebody".to_owned()) }
    }

    fn check(bytes: impl AsRef<[u8]>, expected: &str) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("note");
        fs::write(&path, bytes).unwrap();
        assert_eq!(format!("{:?}", Note::read(&path)), expected);
    }

    #[test]
    fn a_text_is_read_as_it_was_written() {
        assert!(note().to_text().starts_with("lodged note 3\nentry 41\nof somebody\nsha256 "));
        check(note().to_text(), "Ok(Some(Note { entry: 41, of: Some(\"somebody\") }))");
        check(Note { of: None, ..note() }.to_text(), "Ok(Some(Note { entry: 41, of: None }))");
        assert!(matches!(Note::read(Path::new("/nowhere/at/all")), Ok(None)));
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let text = note().to_text();
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Note::parse(&String::from_utf8_lossy(&bytes)), None, "bit {bit}");
        }
    }

    #[test]
    fn another_version_is_told_from_damage() {
        check(note().to_text().replace("note 3", "note 4"), "Err(OtherFormat)");
        check("lodged note 17\nwhat is written then", "Err(OtherFormat)");
        for text in ["", "lodged note\n", "lodged note three\n", "lodged note 3\n", "\u{fffd}"] {
            check(text, "Err(Damaged)");
        }
        check([0xff, 0xfe], "Err(Damaged)");
    }

    #[test]
    fn no_more_is_read_than_a_text_can_have() {
        let long = Note { of: Some("x".repeat(5000)), ..note() };
        check(long.to_text(), "Err(Damaged)");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("note");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(matches!(Note::read(&path), Err(SignedTrouble::Damaged)));
    }
}
