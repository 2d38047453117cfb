//! Where separators divide a segment: the lowest floor of all that reads segments.

use super::scan::{Scan, block_at};
use super::segment::Segment;
use super::service::ServiceChars;

/// Bytes whose separators are found together: most segments have fewer.
const BLOCK: usize = 32;

/// What stands between two separators; positions count from the first byte of the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Its first byte.
    pub start: usize,
    /// Behind its last byte.
    pub end: usize,
    /// The byte there: the separator, or whatever stands behind the segment.
    pub separator: u8,
}

impl Piece {
    /// Whether nothing stands in it.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// The pieces of a segment between its separators, the tag first.
#[derive(Debug, Clone)]
pub struct Cuts<'a> {
    /// From the first byte of the segment on, beyond its end.
    ahead: &'a [u8],
    length: usize,
    pub(super) service: ServiceChars,
    /// Where the block begins whose separators are known.
    block: usize,
    /// Its separators that lie ahead, and the end of the segment.
    stops: u64,
    /// Its last byte releases the first of the next one.
    is_released: bool,
    /// The release character, once one was met.
    pub(super) release: Option<u8>,
    /// Where the next piece begins; behind the end when there is none.
    start: usize,
}

impl<'a> Cuts<'a> {
    #[inline]
    pub(super) fn of(segment: &Segment<'a>) -> Self {
        let (ahead, length, service) = (segment.ahead(), segment.raw().len(), *segment.service());
        let mut cuts = Self { ahead, length, service, block: 0, stops: 0, is_released: false, release: None, start: 0 };
        cuts.scan_block();
        cuts
    }

    /// The bytes of a piece.
    #[inline]
    #[must_use]
    pub fn bytes(&self, piece: &Piece) -> &'a [u8] {
        self.ahead.get(piece.start..piece.end).unwrap_or_default()
    }

    /// Whether the segment ends behind a piece.
    #[inline]
    #[must_use]
    pub fn is_last(&self, piece: &Piece) -> bool {
        piece.end == self.length
    }

    /// Whether some byte up to here, or a few behind, was released.
    #[inline]
    #[must_use]
    pub fn has_release(&self) -> bool {
        self.release.is_some()
    }

    /// Finds the separators of the block, and marks the end of the segment when it lies in it.
    #[inline]
    fn scan_block(&mut self) {
        let service = &self.service;
        let separators = [service.component, service.element, service.repetition.unwrap_or(service.element)];
        let scan = Scan::new(separators, service.release);
        let masks = scan.masks(&block_at::<BLOCK>(self.ahead, self.block), self.is_released);
        let left = self.length.saturating_sub(self.block);
        let end = if left < BLOCK { 1 << left } else { 0 };
        let inside = u64::wrapping_sub(end, 1);
        self.stops = masks.stops & inside | end;
        self.is_released = masks.releases_next;
        if masks.releases & inside != 0 {
            self.release = service.release;
        }
    }
}

impl Iterator for Cuts<'_> {
    type Item = Piece;

    #[inline]
    fn next(&mut self) -> Option<Piece> {
        let start = self.start;
        if start > self.length {
            return None;
        }
        while self.stops == 0 {
            self.block += BLOCK;
            self.scan_block();
        }
        let end = self.block + self.stops.trailing_zeros() as usize;
        self.stops &= self.stops - 1;
        self.start = end + 1;
        Some(Piece { start, end, separator: self.ahead.get(end).copied().unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of a segment, in brackets where nothing stands in them; and whether something was released.
    #[track_caller]
    fn check(segment: &str, expected: &str, has_release: bool) {
        let segment = Segment::new(ServiceChars::DEFAULT, 0, segment.as_bytes());
        let (mut cuts, mut found) = (segment.cuts(), Vec::new());
        while let Some(piece) = cuts.next() {
            let text = cuts.bytes(&piece).escape_ascii();
            found.push(if piece.is_empty() { format!("[{text}]") } else { text.to_string() });
        }
        assert_eq!((found.join(" "), cuts.has_release()), (expected.to_owned(), has_release));
    }

    #[test]
    fn pieces_stand_between_separators() {
        check("DTM+137:20261121:102", "DTM 137 20261121 102", false);
        check("NAD++:", "NAD [] [] []", false);
        check("", "[]", false);
    }

    #[test]
    fn what_is_released_divides_nothing_and_is_told() {
        check("FTX+A?+B", "FTX A?+B", true);
        let long = "A".repeat(BLOCK);
        check(&format!("FTX+{long}+?:"), &format!("FTX {long} ?:"), true);
    }

    #[test]
    fn a_segment_may_end_where_a_block_does() {
        for length in BLOCK - 2..=BLOCK + 2 {
            let long = "A".repeat(length - 4);
            check(&format!("FTX+{long}"), &format!("FTX {long}"), false);
        }
    }
}
