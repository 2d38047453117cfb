//! Which of the bytes stop the reader, many at a time.
//!
//! A [`Scan`] looks for a few characters in a block and answers with a bit for each byte that is one of them; the
//! reader then goes from bit to bit instead of from byte to byte. Fields of EDIFACT are five bytes long on average, too
//! short for a search that begins anew at each of them.

use wide::u8x16;

/// Most bytes that are looked at together: as many as a mask has bits.
pub(super) const BLOCK: usize = 64;

/// What is looked for. The same character may be named twice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<const N: usize> {
    stops: [u8x16; N],
    release: Option<u8x16>,
}

/// What a block holds: a bit for each byte, the first byte's the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Masks {
    /// Characters that are looked for and were not released.
    pub(super) stops: u64,
    /// Release characters that release the one after them.
    pub(super) releases: u64,
    /// The last byte of the block releases the first of the next one.
    pub(super) releases_next: bool,
}

/// Finds one character, released or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finder(u8x16);

impl Finder {
    #[inline]
    pub(super) fn new(character: u8) -> Self {
        Self(u8x16::splat(character))
    }

    /// A bit for each byte of this block that is the character.
    #[inline]
    pub(super) fn find(self, block: &[u8; BLOCK]) -> u64 {
        find(block, |bytes| bytes.simd_eq(self.0))
    }
}

impl<const N: usize> Scan<N> {
    /// Looks for these characters, unless the one in front of them is a release character.
    #[inline]
    pub(super) fn new(stops: [u8; N], release: Option<u8>) -> Self {
        Self { stops: stops.map(u8x16::splat), release: release.map(u8x16::splat) }
    }

    /// What this block of at most [`BLOCK`] bytes, a multiple of 16, holds. `is_released` says that the block before ended
    /// in a release character.
    #[inline]
    pub(super) fn masks<const BYTES: usize>(&self, block: &[u8; BYTES], is_released: bool) -> Masks {
        let stops =
            find(block, |bytes| self.stops.iter().fold(u8x16::ZERO, |found, stop| found | bytes.simd_eq(*stop)));
        let Some(release) = self.release else {
            return Masks { stops, releases: 0, releases_next: false };
        };
        let releases = find(block, |bytes| bytes.simd_eq(release));
        if releases == 0 && !is_released {
            return Masks { stops, releases: 0, releases_next: false };
        }
        released(stops, releases, is_released, 1 << (BYTES - 1))
    }
}

#[inline]
fn find(block: &[u8], matches: impl Fn(u8x16) -> u8x16) -> u64 {
    let (lanes, _) = block.as_chunks::<16>();
    lanes.iter().rev().fold(0, |mask, lane| mask << 16 | u64::from(matches(u8x16::new(*lane)).to_bitmask()))
}

/// Takes out what is released: a release character, or another stop, behind a release character that is not released.
/// `last` is the last byte of the block.
fn released(stops: u64, releases: u64, is_released: bool, last: u64) -> Masks {
    let mut masks = Masks { stops, ..Masks::default() };
    let mut released = u64::from(is_released);
    let mut rest = releases & !released;
    while rest != 0 {
        let release = rest & rest.wrapping_neg();
        let next = if release == last { 0 } else { release << 1 };
        masks.releases |= release;
        masks.releases_next = release == last;
        released |= next;
        rest &= !(release | next);
    }
    masks.stops &= !released;
    masks
}

/// Which of the first `length` bytes are no digits, a bit for each; none where they cannot be looked at together, being
/// more than sixteen or almost the last ones.
#[inline]
pub(crate) fn no_digits(ahead: &[u8], length: usize) -> Option<u32> {
    let block = ahead.first_chunk::<16>().filter(|block| length <= block.len())?;
    let values = u8x16::new(*block) - u8x16::splat(b'0');
    let digits = values.min(u8x16::splat(9)).simd_eq(values).to_bitmask();
    Some(!digits & ((1 << length) - 1))
}

/// The block that begins here. Behind the end of the bytes stand zeros, which are no service characters.
#[inline]
pub(super) fn block_at<const BYTES: usize>(bytes: &[u8], at: usize) -> [u8; BYTES] {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.first_chunk::<BYTES>().copied().unwrap_or_else(|| {
        let mut block = [0; BYTES];
        block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        block
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    /// The twin that looks at one byte after the other.
    fn one_by_one(bytes: &[u8], stops: [u8; 3], release: Option<u8>) -> Vec<(usize, bool)> {
        let (mut found, mut is_released) = (Vec::new(), false);
        for (at, byte) in bytes.iter().enumerate() {
            let is_release = !is_released && Some(*byte) == release;
            if is_release || (!is_released && stops.contains(byte)) {
                found.push((at, is_release));
            }
            is_released = is_release;
        }
        found
    }

    fn by_blocks<const BYTES: usize>(bytes: &[u8], stops: [u8; 3], release: Option<u8>) -> Vec<(usize, bool)> {
        let scan = Scan::new(stops, release);
        let (mut found, mut is_released) = (Vec::new(), false);
        for at in (0..bytes.len()).step_by(BYTES) {
            let masks = scan.masks(&block_at::<BYTES>(bytes, at), is_released);
            is_released = masks.releases_next;
            assert_eq!(masks.stops & masks.releases, 0, "what releases does not stop");
            for bit in 0..BYTES {
                if (masks.stops | masks.releases) >> bit & 1 == 1 {
                    found.push((at + bit, masks.releases >> bit & 1 == 1));
                }
            }
        }
        found
    }

    #[test]
    fn a_release_character_reaches_over_the_end_of_a_block() {
        let mut bytes = vec![b'A'; 63];
        bytes.extend_from_slice(b"?'??'");
        let found = [(63, true), (65, true), (67, false)];
        assert_eq!(by_blocks::<64>(&bytes, [b'\''; 3], Some(b'?')), found);
        assert_eq!(by_blocks::<32>(&bytes, [b'\''; 3], Some(b'?')), found);
    }

    #[test]
    fn without_a_release_character_every_stop_stops() {
        assert_eq!(by_blocks::<64>(b"?'", *b"'''", None), [(1, false)]);
    }

    proptest! {
        #[test]
        fn what_is_no_digit_is_found(bytes in proptest::collection::vec(any::<u8>(), 16..20), text in "[0-9/:]{16}", length in 0..=16_usize) {
            for bytes in [&bytes, text.as_bytes()] {
                let one_by_one = bytes.iter().take(length).enumerate();
                let expected = one_by_one.fold(0, |all, (at, byte)| all | u32::from(!byte.is_ascii_digit()) << at);
                prop_assert_eq!(no_digits(bytes, length), Some(expected));
            }
        }

        #[test]
        fn blocks_hold_what_one_byte_after_the_other_holds(text in "[A+:'?]{0,200}", has_release in any::<bool>()) {
            let release = has_release.then_some(b'?');
            let stops = *b"+:'";
            let expected = one_by_one(text.as_bytes(), stops, release);
            prop_assert_eq!(&by_blocks::<64>(text.as_bytes(), stops, release), &expected);
            prop_assert_eq!(by_blocks::<32>(text.as_bytes(), stops, release), expected);
        }

        #[test]
        fn of_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200), stops in any::<[u8; 3]>(), release in any::<u8>()) {
            let stops = stops.map(|stop| stop | 1); // Not zero, which stands behind the end.
            let release = Some(release | 1).filter(|release| !stops.contains(release));
            prop_assert_eq!(by_blocks::<64>(&bytes, stops, release), one_by_one(&bytes, stops, release));
        }
    }
}
