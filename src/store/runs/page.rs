//! A page: some hundred keys in order with what they hold, as one value of sled.
//!
//! `crc32c | bound | pairs`. The bound is the first key of the page behind this one, so that whoever looks for a key knows
//! that it should be here when it is anywhere in the run: a page that is gone is never taken for keys that are not there.
//! The checksum covers the key of the page in sled too. A pair is what its key shares with the one before it, the rest of
//! the key, and what it holds; a removed key says so. Lengths are LEB128.

use sled::IVec;

/// A page is full from this length on, in bytes. sled writes the sixteen pages of a leaf anew from time to time, reads all of
/// them for one, and keeps at least one leaf in each of the 256 parts of its memory for them, whatever that is told to be:
/// with 16 KiB the process grew by some 150 MB until the millionth declaration, with 4 KiB by 20 MB more than with these. Shorter
/// pages cost more keys of sled: 1 KiB a third more of the disk.
const PAGE_BYTES: usize = 2 << 10;

/// Bytes of the checksum.
const CHECKSUM_BYTES: usize = 4;

/// Gathers pairs until they are a page.
#[derive(Debug, Default)]
pub(super) struct PageWriter {
    pairs: Vec<u8>,
    last: Vec<u8>,
}

impl PageWriter {
    /// Whether the next pair belongs to the next page.
    pub(super) fn is_full(&self) -> bool {
        self.pairs.len() >= PAGE_BYTES
    }

    /// Appends a pair; keys come in order.
    pub(super) fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        let shared = self.last.iter().zip(key).take_while(|(one, other)| one == other).count();
        let rest = key.get(shared..).unwrap_or_default();
        write_number(&mut self.pairs, shared);
        write_number(&mut self.pairs, rest.len());
        write_number(&mut self.pairs, value.map_or(0, |value| value.len() + 1));
        self.pairs.extend_from_slice(rest);
        self.pairs.extend_from_slice(value.unwrap_or_default());
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
    }

    /// The page that is kept under `place` and in front of the one that begins with `bound`, when there is one. The writer
    /// is empty then.
    pub(super) fn finish(&mut self, place: &[u8], bound: Option<&[u8]>) -> Vec<u8> {
        let bound_bytes = bound.unwrap_or_default();
        let mut page = vec![0; CHECKSUM_BYTES];
        page.reserve(self.pairs.len() + bound_bytes.len() + 8);
        write_number(&mut page, bound.map_or(0, |bound| bound.len() + 1));
        page.extend_from_slice(bound_bytes);
        page.append(&mut self.pairs);
        self.last.clear();
        let checksum = checksum(place, page.get(CHECKSUM_BYTES..).unwrap_or_default());
        page.splice(..CHECKSUM_BYTES, checksum);
        page
    }
}

/// Goes along the pairs of a page.
#[derive(Debug, Clone)]
pub(super) struct Pairs {
    page: IVec,
    bound: Option<Vec<u8>>,
    at: usize,
    key: Vec<u8>,
    /// Where in the page the value lies; none when the key is removed.
    value: Option<(usize, usize)>,
}

impl Pairs {
    /// In front of the first pair of the page that is kept under `place`; none when it is not as it was written.
    pub(super) fn read(place: &[u8], page: IVec) -> Option<Self> {
        let (found, rest) = page.split_at_checked(CHECKSUM_BYTES)?;
        if found != checksum(place, rest) {
            return None;
        }
        let (length, bound_at) = read_number(&page, CHECKSUM_BYTES)?;
        let (bound, at) = match length.checked_sub(1) {
            None => (None, bound_at),
            Some(length) => {
                let end = bound_at.checked_add(length)?;
                (Some(page.get(bound_at..end)?.to_vec()), end)
            }
        };
        Some(Self { page, bound, at, key: Vec::new(), value: None })
    }

    /// What the page behind this one begins with; none when this is the last one.
    pub(super) fn bound(&self) -> Option<&[u8]> {
        self.bound.as_deref()
    }

    /// Goes on to the next pair: whether there is one; none when the page cannot be read.
    pub(super) fn advance(&mut self) -> Option<bool> {
        if self.at >= self.page.len() {
            return Some(false);
        }
        let (shared, at) = read_number(&self.page, self.at)?;
        let (rest, at) = read_number(&self.page, at)?;
        let (held, at) = read_number(&self.page, at)?;
        let value_at = at.checked_add(rest)?;
        let end = value_at.checked_add(held.saturating_sub(1))?;
        if shared > self.key.len() || end > self.page.len() {
            return None;
        }
        self.key.truncate(shared);
        self.key.extend_from_slice(self.page.get(at..value_at)?);
        self.value = (held > 0).then_some((value_at, end));
        self.at = end;
        Some(true)
    }

    /// The key of the pair.
    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    /// What it holds; none when it is removed.
    pub(super) fn value(&self) -> Option<&[u8]> {
        self.value.and_then(|(start, end)| self.page.get(start..end))
    }
}

fn checksum(place: &[u8], rest: &[u8]) -> [u8; CHECKSUM_BYTES] {
    crc32c::crc32c_append(crc32c::crc32c(place), rest).to_le_bytes()
}

fn write_number(to: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        to.push(0x80 | low);
        number >>= 7;
    }
    let [last, ..] = number.to_le_bytes();
    to.push(last);
}

/// The number at a place, and the place behind it.
fn read_number(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let (mut number, mut shift) = (0_usize, 0_u32);
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        number |= usize::from(byte & 0x7F).checked_shl(shift)?;
        if byte < 0x80 {
            return Some((number, at));
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &[u8] = b"place";

    fn page(pairs: &[(&str, Option<&str>)], bound: Option<&str>) -> Vec<u8> {
        let mut writer = PageWriter::default();
        pairs.iter().for_each(|(key, value)| writer.push(key.as_bytes(), value.map(str::as_bytes)));
        writer.finish(PLACE, bound.map(str::as_bytes))
    }

    fn read(page: &[u8]) -> Option<Vec<(String, Option<String>)>> {
        let mut pairs = Pairs::read(PLACE, page.into())?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut found = Vec::new();
        while pairs.advance()? {
            found.push((text(pairs.key()), pairs.value().map(text)));
        }
        Some(found)
    }

    fn check(pairs: &[(&str, Option<&str>)]) {
        let expected: Vec<_> = pairs.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect();
        for bound in [None, Some(""), Some("x")] {
            let page = page(pairs, bound);
            assert_eq!(read(&page), Some(expected.clone()));
            assert_eq!(Pairs::read(PLACE, page.into()).unwrap().bound(), bound.map(str::as_bytes));
        }
    }

    #[test]
    fn pairs_are_read_as_they_were_written() {
        check(&[]);
        check(&[("", Some("")), ("a", None), ("ab", Some("1")), ("abc", Some("")), ("b", None)]);
        let long = "l".repeat(70_000);
        check(&[("k", Some(&long)), (&long, Some("v"))]);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_seen() {
        let whole = page(&[("a", Some("1")), ("ab", None)], Some("b"));
        for bit in 0..whole.len() * 8 {
            let mut page = whole.clone();
            page[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(&page), None, "bit {bit}");
        }
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn a_page_of_another_place_is_none() {
        assert!(Pairs::read(b"elsewhere", page(&[("a", None)], None).into()).is_none());
    }
}
