//! A segment: a file of the journal, written full of zeroes before the first frame goes into it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;

use super::chain::{CHAIN_BYTES, Chain};
use super::disk::JournalFile;
use super::trouble::JournalTrouble;
use crate::store::within::begins_with;

/// What a segment begins with.
const MAGIC: [u8; 8] = *b"LODGEDjl";

/// The layout of frames and the encoding of entries, as new segments have it. It is raised when an entry can be written that
/// the version before would not understand (`docs/journal-format.md` has what each one brought).
pub(crate) const FORMAT: u32 = 2;

/// The first format, which is read as well.
const FORMAT_FIRST: u32 = 1;

/// What is wrong with a segment of another format.
pub(crate) const OTHER_FORMAT: &str = "another version wrote it";

/// Bytes in front of the first frame.
pub(crate) const HEADER_BYTES: usize = 96;

/// [`HEADER_BYTES`] as an offset.
pub(crate) const FIRST_FRAME: u64 = 96;

/// Which store a file belongs to. Drawn once, when the store is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoreId(pub(crate) [u8; 16]);

impl StoreId {
    /// A new one; none when the machine has no randomness to give.
    pub(crate) fn draw() -> Option<Self> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).ok().map(|()| Self(bytes))
    }

    /// The mark of a segment's frames: frames of other segments and of other stores are none here.
    pub(crate) fn generation(self, segment: u64) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&self.0), &segment.to_le_bytes())
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a segment says of itself: `magic | format | store | number | first entry | bytes | chain | crc32c`, zeroes between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The format of everything in it: a segment is never changed, so one journal has segments of several.
    pub(crate) format: u32,
    /// The store it belongs to.
    pub(crate) store: StoreId,
    /// Its number, from 1.
    pub(crate) number: u64,
    /// The number of the first entry in it.
    pub(crate) first: u64,
    /// The length of the file, in bytes.
    pub(crate) bytes: u64,
    /// What all entries before it come to.
    pub(crate) chain: Chain,
}

impl Header {
    /// The mark of its frames.
    pub(crate) fn generation(&self) -> u32 {
        self.store.generation(self.number)
    }

    /// The bytes of the header.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.format.to_le_bytes());
        bytes.extend_from_slice(&self.store.0);
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.bytes.to_le_bytes());
        bytes.extend_from_slice(&self.chain.0);
        bytes.resize(HEADER_BYTES - 4, 0);
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The header at the start of a file.
    pub(crate) fn read(bytes: &[u8; HEADER_BYTES]) -> Result<Self, &'static str> {
        const SHORT: &str = "its header is cut";
        let (fields, checksum) = bytes.split_last_chunk::<4>().ok_or(SHORT)?;
        let (magic, rest) = fields.split_first_chunk::<8>().ok_or(SHORT)?;
        let (format, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
        let (store, rest) = rest.split_first_chunk::<16>().ok_or(SHORT)?;
        let (number, rest) = rest.split_first_chunk::<8>().ok_or(SHORT)?;
        let (first, rest) = rest.split_first_chunk::<8>().ok_or(SHORT)?;
        let (length, rest) = rest.split_first_chunk::<8>().ok_or(SHORT)?;
        let (chain, _) = rest.split_first_chunk::<CHAIN_BYTES>().ok_or(SHORT)?;
        if *magic != MAGIC {
            return Err("it does not begin as one");
        }
        if crc32c::crc32c(fields) != u32::from_le_bytes(*checksum) {
            return Err("its header is damaged");
        }
        let format = u32::from_le_bytes(*format);
        if !(FORMAT_FIRST..=FORMAT).contains(&format) {
            return Err(OTHER_FORMAT);
        }
        Ok(Self {
            format,
            store: StoreId(*store),
            number: u64::from_le_bytes(*number),
            first: u64::from_le_bytes(*first),
            bytes: u64::from_le_bytes(*length),
            chain: Chain(*chain),
        })
    }

    /// The header of a file, which has the length that it says.
    pub(crate) fn of(file: &dyn JournalFile, path: &Path) -> Result<Self, JournalTrouble> {
        let (header, length) = Self::of_any_length(file, path)?;
        let reason = "its length is not the one it states";
        if header.bytes == length { Ok(header) } else { Err(JournalTrouble::Header { path: path.to_owned(), reason }) }
    }

    /// The header of a file, and the length that it has.
    pub(crate) fn of_any_length(file: &dyn JournalFile, path: &Path) -> Result<(Self, u64), JournalTrouble> {
        let trouble = |reason| JournalTrouble::Header { path: path.to_owned(), reason };
        let length = file.bytes().map_err(JournalTrouble::io("measure", path))?;
        if length < FIRST_FRAME {
            return Err(trouble("it is too short"));
        }
        let mut bytes = [0; HEADER_BYTES];
        file.read_at(&mut bytes, 0).map_err(JournalTrouble::io("read", path))?;
        Ok((Self::read(&bytes).map_err(trouble)?, length))
    }
}

/// The file of a segment in a directory; [`super::Shelves`] knows which.
pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:08}.{EXTENSION}"))
}

/// The extension of segments.
const EXTENSION: &str = "seg";

/// Whether there is a segment of any store and format in a directory. False where that cannot be read.
pub(crate) fn has_segments(directory: &Path) -> bool {
    let is_segment = |path: &Path| number(path).is_some() && begins_with(path, &MAGIC);
    fs::read_dir(directory).is_ok_and(|entries| entries.flatten().any(|entry| is_segment(&entry.path())))
}

/// The number in the name of a segment's file; none for any other file.
pub(super) fn number(path: &Path) -> Option<u64> {
    let is_segment = path.extension().is_some_and(|extension| extension == EXTENSION);
    path.file_stem().filter(|_| is_segment)?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        format: FORMAT,
        store: StoreId([7; 16]),
        number: 3,
        first: 41,
        bytes: 4096,
        chain: Chain([9; CHAIN_BYTES]),
    };

    fn of_format(format: u32) -> Result<Header, &'static str> {
        Header::read(&Header { format, ..HEADER }.write().try_into().unwrap())
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        for format in FORMAT_FIRST..=FORMAT {
            assert_eq!(of_format(format), Ok(Header { format, ..HEADER }));
        }
    }

    #[test]
    fn a_format_that_is_not_known_is_not_read() {
        for format in [0, FORMAT + 1, u32::MAX] {
            assert_eq!(of_format(format), Err(OTHER_FORMAT));
        }
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_seen() {
        let whole: [u8; HEADER_BYTES] = HEADER.write().try_into().unwrap();
        for bit in 0..HEADER_BYTES * 8 {
            let mut bytes = whole;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::read(&bytes).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn generations_tell_segments_and_stores_apart() {
        assert_ne!(StoreId([7; 16]).generation(1), StoreId([7; 16]).generation(2));
        assert_ne!(StoreId([7; 16]).generation(1), StoreId([8; 16]).generation(1));
    }

    #[test]
    fn names_of_segments_are_numbers() {
        assert_eq!(number(&path(Path::new("journal"), 12)), Some(12));
        assert_eq!(number(Path::new("journal/next.new")), None);
    }
}
