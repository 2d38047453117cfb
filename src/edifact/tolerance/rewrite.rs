//! Bytes that were written anew with something left out, put in or replaced, and the way back to where each came from.

use std::ops::Range;

/// Where the bytes from `to` on came from, up to the next piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    to: usize,
    from: usize,
}

/// The way back from what was written to what it was written from, as pieces that were kept whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// In order, by both of their places.
    pieces: Vec<Piece>,
    /// Length of what it was written from.
    length: usize,
}

impl Origin {
    /// Of bytes that were cut off in front.
    pub(super) fn cut(start: usize, length: usize) -> Self {
        Self { pieces: vec![Piece { to: 0, from: start }], length }
    }

    /// Where a byte came from. One that was put in came from where the next one did.
    pub(super) fn of(&self, offset: usize) -> usize {
        let next = self.pieces.partition_point(|piece| piece.to <= offset);
        let piece = next.checked_sub(1).and_then(|index| self.pieces.get(index));
        let end = self.pieces.get(next).map_or(self.length, |piece| piece.from);
        piece.map_or(0, |piece| (piece.from + (offset - piece.to)).min(end))
    }

    /// Where a stretch came from.
    pub(super) fn of_range(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.of(range.start);
        start..if range.is_empty() { start } else { self.of(range.end) }
    }
}

/// Writes bytes anew.
#[derive(Debug)]
pub(super) struct Rewrite<'a> {
    bytes: &'a [u8],
    /// Everything before was kept, replaced or left out.
    read: usize,
    written: Vec<u8>,
    pieces: Vec<Piece>,
}

impl<'a> Rewrite<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, read: 0, written: Vec::with_capacity(bytes.len()), pieces: vec![Piece { to: 0, from: 0 }] }
    }

    /// Keeps everything up to here, and writes these bytes in the place of the stretch.
    pub(super) fn replace(&mut self, stretch: Range<usize>, by: &[u8]) {
        self.written.extend_from_slice(self.bytes.get(self.read..stretch.start).unwrap_or_default());
        self.written.extend_from_slice(by);
        self.read = stretch.end;
        self.pieces.push(Piece { to: self.written.len(), from: stretch.end });
    }

    /// Keeps the rest.
    pub(super) fn finish(mut self) -> (Vec<u8>, Origin) {
        self.written.extend_from_slice(self.bytes.get(self.read..).unwrap_or_default());
        (self.written, Origin { pieces: self.pieces, length: self.bytes.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replaces stretches of a text, and checks where a stretch of what is written came from.
    #[track_caller]
    fn check(text: &str, replaced: &[(Range<usize>, &str)], written: &str, shows: &[(&str, &str)]) {
        let mut rewrite = Rewrite::of(text.as_bytes());
        replaced.iter().for_each(|(stretch, by)| rewrite.replace(stretch.clone(), by.as_bytes()));
        let (bytes, origin) = rewrite.finish();
        assert_eq!(String::from_utf8(bytes).unwrap(), written);
        for (stretch, came_from) in shows {
            let start = written.find(stretch).unwrap();
            assert_eq!(text.get(origin.of_range(&(start..start + stretch.len()))), Some(*came_from), "{stretch}");
        }
    }

    #[test]
    fn what_is_left_out_is_stepped_over() {
        check("AB\nCD\nEF", &[(2..3, ""), (5..6, "")], "ABCDEF", &[("AB", "AB\n"), ("BC", "B\nC"), ("EF", "EF")]);
    }

    #[test]
    fn what_is_replaced_shows_what_stood_there() {
        check("a<<b", &[(1..3, "-")], "a-b", &[("-", "<<"), ("b", "b"), ("a", "a")]);
    }

    #[test]
    fn what_is_put_in_shows_nothing() {
        check("UNB", &[(0..0, "UNA"), (3..3, "'")], "UNAUNB'", &[("UNA", ""), ("UNB", "UNB"), ("'", "")]);
    }

    #[test]
    fn what_is_cut_off_in_front_is_counted() {
        assert_eq!(Origin::cut(3, 10).of_range(&(0..4)), 3..7);
        assert_eq!(Origin::cut(3, 10).of(7), 10);
    }
}
