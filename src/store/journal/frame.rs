//! A frame: one entry under a checksum.
//!
//! `magic | length | crc32c | generation | number | behind | chain | payload`, integers little-endian. The checksum covers
//! everything but the magic and itself.

use crate::identifier::RecordNumber;

use super::chain::{CHAIN_BYTES, Chain};

/// What a frame begins with.
const MAGIC: [u8; 4] = *b"LDGf";

/// Bytes in front of a payload.
pub(crate) const HEADER_BYTES: usize = CHAIN + CHAIN_BYTES;

/// Longest payload, in bytes.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 256 << 20;

/// Where the checked part after the checksum begins.
const CHECKED: usize = 12;

/// Where the chain stands.
const CHAIN: usize = 28;

/// How long the frame is, in bytes, that these begin, if they do.
pub(crate) fn announced(bytes: &[u8]) -> Option<u64> {
    let length = bytes.strip_prefix(&MAGIC)?.first_chunk().copied().map(u32::from_le_bytes)?;
    u64::try_from(HEADER_BYTES).ok()?.checked_add(length.into())
}

/// Whether a frame may begin with these bytes, as far as they go.
pub(crate) fn may_begin(bytes: &[u8]) -> bool {
    MAGIC.iter().zip(bytes).all(|(expected, found)| expected == found)
}

/// A frame as it lies in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// The number of the entry.
    pub(crate) number: RecordNumber,
    /// How many entries before this one went to the disk in the same write.
    pub(crate) behind: u32,
    /// What it and all entries before it come to. Whoever reads along the journal checks it; a single read cannot.
    pub(crate) chain: Chain,
    /// The entry.
    pub(crate) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Bytes of the whole frame.
    pub(crate) fn length(&self) -> usize {
        HEADER_BYTES + self.payload.len()
    }

    /// The first entry of the write that this one came with.
    pub(crate) fn first_of_write(&self) -> u64 {
        self.number.0.saturating_sub(self.behind.into())
    }

    /// The frame at the start of these bytes; none when there is none whole and unharmed of this generation.
    pub(crate) fn read(bytes: &'a [u8], generation: u32) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
        let field = |at: usize| header.get(at..)?.first_chunk().copied().map(u32::from_le_bytes);
        if !header.starts_with(&MAGIC) || field(12)? != generation {
            return None;
        }
        let length = usize::try_from(field(4)?).ok()?;
        let payload = rest.get(..length)?;
        let checked = crc32c::crc32c_append(crc32c::crc32c(header.get(4..8)?), header.get(CHECKED..)?);
        if crc32c::crc32c_append(checked, payload) != field(8)? {
            return None;
        }
        let number = header.get(16..)?.first_chunk().copied().map(u64::from_le_bytes)?;
        let chain = header.get(CHAIN..)?.first_chunk().copied().map(Chain)?;
        Some(Self { number: RecordNumber(number), behind: field(24)?, chain, payload })
    }

    /// Appends the frame; it returns its length, or none when the payload is longer than [`PAYLOAD_BYTES_MAX`].
    pub(crate) fn write(&self, generation: u32, to: &mut Vec<u8>) -> Option<u32> {
        if self.payload.len() > PAYLOAD_BYTES_MAX {
            return None;
        }
        let payload_bytes = u32::try_from(self.payload.len()).ok()?;
        let length = payload_bytes.to_le_bytes();
        let mut checked = [0; HEADER_BYTES - CHECKED];
        let fields: [&[u8]; 4] =
            [&generation.to_le_bytes(), &self.number.0.to_le_bytes(), &self.behind.to_le_bytes(), &self.chain.0];
        checked.iter_mut().zip(fields.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&length), &checked);
        let checksum = crc32c::crc32c_append(checksum, self.payload);
        to.reserve(self.length());
        to.extend_from_slice(&MAGIC);
        to.extend_from_slice(&length);
        to.extend_from_slice(&checksum.to_le_bytes());
        to.extend_from_slice(&checked);
        to.extend_from_slice(self.payload);
        u32::try_from(self.length()).ok()
    }

    /// The whole and unharmed frames anywhere in these bytes, each with its place.
    ///
    /// The generation of a segment comes from the identity of the store, which no partner knows, so bytes that somebody
    /// sent do not look like frames and cost no checksum.
    pub(crate) fn all(bytes: &'a [u8], generation: u32) -> impl Iterator<Item = (usize, Self)> {
        let places = bytes.windows(MAGIC.len()).enumerate().filter(|(_, window)| *window == MAGIC);
        places.filter_map(move |(place, _)| Some((place, Self::read(bytes.get(place..)?, generation)?)))
    }

    /// The first of them that meets a condition.
    pub(crate) fn find(bytes: &'a [u8], generation: u32, condition: impl Fn(&Self) -> bool) -> Option<Self> {
        Self::all(bytes, generation).map(|(_, frame)| frame).find(|frame| condition(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'_> =
        Frame { number: RecordNumber(7), behind: 2, chain: Chain([9; CHAIN_BYTES]), payload: b"what came" };

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        assert_eq!(FRAME.write(5, &mut bytes), Some(u32::try_from(FRAME.length()).unwrap()));
        bytes
    }

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        assert_eq!(Frame::read(&written(), 5), Some(FRAME));
        assert_eq!(FRAME.first_of_write(), 5);
    }

    #[test]
    fn a_frame_of_another_segment_is_none() {
        assert_eq!(Frame::read(&written(), 6), None);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_seen() {
        let whole = written();
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Frame::read(&bytes, 5), None, "bit {bit}");
        }
        for end in 0..whole.len() {
            assert_eq!(Frame::read(&whole[..end], 5), None, "cut at {end}");
        }
    }

    #[test]
    fn a_frame_is_found_behind_rubbish() {
        let bytes = [b"LDGfrubbish".as_slice(), &written(), b"LDGf"].concat();
        assert_eq!(Frame::find(&bytes, 5, |_| true), Some(FRAME));
        assert_eq!(Frame::find(&bytes, 5, |frame| frame.number.0 > 7), None);
    }
}
