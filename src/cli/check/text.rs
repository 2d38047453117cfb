//! A file as people see it: lines and columns, and the stretch of a line around a place.
//!
//! [`Text`] is one interchange with a little of what stands around it, however long the file is: a place is found in the
//! same time wherever it lies, also when all of the file is one line.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::cli::safe::visible;
use crate::edifact::Repertoire;

/// Bytes that are kept in front of an interchange and behind it, so that a line can be shown around its ends.
pub(super) const CONTEXT_BYTES: usize = 1_024;

/// Columns of a line that are shown, when nobody says how wide the terminal is.
pub(super) const COLUMNS: usize = 100;
/// Fewest and most columns of a line that are shown, however wide the terminal is.
pub(super) const COLUMNS_MIN: usize = 40;
/// See [`COLUMNS_MIN`]. So many characters of any repertoire fit into the context.
pub(super) const COLUMNS_MAX: usize = 200;

/// The byte order mark of UTF-8: nothing that anybody sees.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Most bytes of one character in any repertoire.
const CHARACTER_BYTES_MAX: usize = 4;
/// Bytes between two places whose line and column are known beforehand.
const BLOCK_BYTES: usize = 4_096;

/// A line, from 1, and the characters that stand in front of a place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) line: usize,
    pub(super) before: usize,
}

impl Point {
    /// The beginning of a file.
    pub(super) const START: Self = Self { line: 1, before: 0 };

    /// The point behind these bytes. Only UTF-8 has characters of several bytes; none is decoded to be counted.
    pub(super) fn after(self, bytes: &[u8], repertoire: Repertoire) -> Self {
        let count = |bytes: &[u8]| match repertoire == Repertoire::Unoy {
            true => bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count(),
            false => bytes.len(),
        };
        let breaks = bytes.iter().filter(|byte| **byte == b'\n').count();
        match bytes.iter().rposition(|byte| *byte == b'\n').filter(|_| breaks > 0) {
            Some(at) => Self { line: self.line + breaks, before: count(bytes.get(at + 1..).unwrap_or_default()) },
            None => Self { line: self.line, before: self.before + count(bytes) },
        }
    }
}

/// Where a text lies in its file.
#[derive(Debug, Clone)]
pub(super) struct Stretch<'a> {
    /// The interchange, with its context.
    pub(super) bytes: &'a [u8],
    /// Where the interchange lies in these bytes.
    pub(super) whole: Range<usize>,
    /// Where the interchange begins in the file, in bytes.
    pub(super) offset: usize,
    /// The same in lines and columns.
    pub(super) point: Point,
}

/// One interchange, with what is needed to say where something stands in it.
#[derive(Debug)]
pub(super) struct Text<'a> {
    stretch: Stretch<'a>,
    repertoire: Repertoire,
    /// Columns that are shown.
    columns: usize,
    /// Bytes of the byte order mark in front of the interchange.
    unseen: usize,
    /// The points at the beginning of each block of the interchange, and behind its last.
    points: Vec<Point>,
}

/// A stretch of a line, ready to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// What is shown, safe for a terminal, with `…` where something is left out.
    pub(super) text: String,
    /// Columns in front of the place.
    pub(super) lead: usize,
    /// Columns of the place, at least 1.
    pub(super) marked: usize,
}

/// The line of a place, as far as it could be shown.
struct Line {
    /// In the bytes of the stretch.
    bytes: Range<usize>,
    /// It began earlier.
    is_open: bool,
    /// It goes on.
    is_endless: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(stretch: Stretch<'a>, repertoire: Repertoire, columns: usize) -> Self {
        let whole = stretch.bytes.get(stretch.whole.clone()).unwrap_or_default();
        let unseen = if whole.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut points = vec![stretch.point];
        let mut point = stretch.point;
        for (number, block) in whole.chunks(BLOCK_BYTES).enumerate() {
            let unseen = if number == 0 { unseen } else { 0 };
            point = point.after(block.get(unseen..).unwrap_or_default(), repertoire);
            points.push(point);
        }
        Self { stretch, repertoire, columns, unseen, points }
    }

    /// Where the interchange begins in the file.
    pub(super) fn offset(&self) -> usize {
        self.stretch.offset
    }

    /// The point behind the interchange.
    pub(super) fn end(&self) -> Point {
        self.points.last().copied().unwrap_or(self.stretch.point)
    }

    /// Line and column of a byte of the interchange, both counted from 1; columns are characters.
    pub(super) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let block = (at / BLOCK_BYTES).min(self.points.len().saturating_sub(1));
        let known = self.points.get(block).copied().unwrap_or(self.stretch.point);
        let begin = self.stretch.whole.start;
        // In front of the mark and within it is the same place.
        let between = begin + (block * BLOCK_BYTES).max(self.unseen)..begin + at;
        let point = known.after(self.stretch.bytes.get(between).unwrap_or_default(), self.repertoire);
        (point.line, point.before + 1)
    }

    /// The line of a place of the interchange, or as much around it as can be shown.
    pub(super) fn excerpt(&self, span: &Range<usize>) -> Excerpt {
        let begin = self.stretch.whole.start;
        let length = self.stretch.bytes.len();
        let start = (begin + span.start).min(length);
        let Line { bytes: line, is_open, is_endless } = self.line(start);
        let start = start.clamp(line.start, line.end);
        let end = (begin + span.end).clamp(start, line.end);
        let reach = self.columns * CHARACTER_BYTES_MAX;
        let before = self.decode(line.start..start);
        let place = self.decode(start..end.min(start + reach));
        let behind = self.decode(end..line.end);
        let (lead, marked) = (columns(&before), columns(&place));
        let is_all_there = !is_open && !is_endless && end - start <= reach;
        if is_all_there && lead + marked + columns(&behind) <= self.columns {
            return Excerpt { text: format!("{before}{place}{behind}"), lead, marked: marked.max(1) };
        }
        let front = self.columns * 3 / 10;
        let lead_shown = last(&before, front);
        let place_shown = first(&place, self.columns - front);
        let is_place_cut = end - start > reach || place_shown.len() < place.len();
        let left = self.columns.saturating_sub(columns(lead_shown) + columns(place_shown));
        let behind_shown = if is_place_cut { "" } else { first(&behind, left) };
        let is_cut_before = is_open || lead_shown.len() < before.len();
        let is_cut_behind = is_place_cut || is_endless || behind_shown.len() < behind.len();
        let ellipsis = |is_cut| if is_cut { "…" } else { "" };
        let (head, tail) = (ellipsis(is_cut_before), ellipsis(is_cut_behind));
        Excerpt {
            text: format!("{head}{lead_shown}{place_shown}{behind_shown}{tail}"),
            lead: columns(lead_shown) + usize::from(is_cut_before),
            marked: columns(place_shown).max(1),
        }
    }

    /// The line that a byte stands in, without its line break, as far as it could be shown.
    fn line(&self, at: usize) -> Line {
        let bytes = self.stretch.bytes;
        let reach = self.columns * CHARACTER_BYTES_MAX;
        let from = at.saturating_sub(reach);
        let broken = bytes.get(from..at).unwrap_or_default().iter().rposition(|byte| *byte == b'\n');
        let is_beginning = from == 0 && self.stretch.offset == self.stretch.whole.start;
        let start = broken.map_or(from, |broken| from + broken + 1);
        let has_mark = bytes.get(start..).unwrap_or_default().starts_with(BYTE_ORDER_MARK);
        let start = if has_mark { start + BYTE_ORDER_MARK.len() } else { start };
        let (at, to) = (at.max(start), (at.max(start) + 2 * reach).min(bytes.len()));
        let end = bytes.get(at..to).unwrap_or_default().iter().position(|byte| *byte == b'\n');
        let is_endless = end.is_none() && to < bytes.len();
        let end = end.map_or(to, |end| at + end);
        let is_windows = end > start && bytes.get(end - 1) == Some(&b'\r') && bytes.get(end) == Some(&b'\n');
        let bytes = start..if is_windows { end - 1 } else { end };
        Line { bytes, is_open: broken.is_none() && !is_beginning, is_endless }
    }

    /// The characters of a stretch of a line, made visible; no more of them than could be shown.
    fn decode(&self, range: Range<usize>) -> String {
        let end = range.end.min(range.start + self.columns * CHARACTER_BYTES_MAX);
        visible(&self.repertoire.decode(self.stretch.bytes.get(range.start..end).unwrap_or_default()))
    }
}

/// How many columns of a terminal a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// As much of the beginning of a text as these columns hold.
pub(super) fn first(text: &str, most: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, character)| {
        taken += character.width().unwrap_or(0);
        taken > most
    });
    text.get(..end.map_or(text.len(), |(at, _)| at)).unwrap_or_default()
}

/// As much of the end of a text as these columns hold.
fn last(text: &str, most: usize) -> &str {
    let mut taken = 0;
    let begin = text.char_indices().rev().find(|(_, character)| {
        taken += character.width().unwrap_or(0);
        taken > most
    });
    text.get(begin.map_or(0, |(at, character)| at + character.len_utf8())..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], repertoire: Repertoire) -> Text<'_> {
        let stretch = Stretch { bytes, whole: 0..bytes.len(), offset: 0, point: Point::START };
        Text::new(stretch, repertoire, COLUMNS)
    }

    /// The excerpt around `place`, with the caret line under it.
    #[track_caller]
    fn check(bytes: &[u8], place: &str, repertoire: Repertoire, expected: [&str; 2]) {
        let start = bytes.windows(place.len()).position(|window| window == place.as_bytes()).unwrap();
        let excerpt = text(bytes, repertoire).excerpt(&(start..start + place.len()));
        let carets = format!("{}{}", " ".repeat(excerpt.lead), "^".repeat(excerpt.marked));
        assert_eq!([excerpt.text.as_str(), carets.as_str()], expected);
    }

    #[test]
    fn a_short_line_is_shown_whole() {
        check(b"UNB+A'\r\nBGM+830'\r\n", "830", Repertoire::Unob, ["BGM+830'", "    ^^^"]);
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let line = format!("{}+HERE+{}", "a".repeat(200), "z".repeat(200));
        let shown = [format!("…{}+HERE+{}…", "a".repeat(29), "z".repeat(65)), format!("{}^^^^", " ".repeat(31))];
        check(line.as_bytes(), "HERE", Repertoire::Unob, shown.each_ref().map(String::as_str));
    }

    #[test]
    fn a_long_place_is_cut() {
        for length in [300, 3_000] {
            let line = format!("A+{}", "z".repeat(length));
            let shown = [format!("A+{}…", "z".repeat(70)), format!("  {}", "^".repeat(70))];
            check(line.as_bytes(), &"z".repeat(length), Repertoire::Unob, shown.each_ref().map(String::as_str));
        }
    }

    #[test]
    fn a_place_over_several_lines_is_marked_on_its_first() {
        check(b"FTX+AB\nCD'\n", "AB\nCD", Repertoire::Unob, ["FTX+AB", "    ^^"]);
    }

    #[test]
    fn characters_stand_as_the_repertoire_has_them() {
        check(b"NAD+\xc9RABLI\xc8RE+QC'", "QC", Repertoire::Unoc, ["NAD+ÉRABLIÈRE+QC'", "              ^^"]);
        check("NAD+ÉRABLIÈRE+QC'".as_bytes(), "QC", Repertoire::Unoy, ["NAD+ÉRABLIÈRE+QC'", "              ^^"]);
    }

    #[test]
    fn carets_stand_under_wide_characters_and_behind_marks_without_width() {
        check("NAD+東京+QC'".as_bytes(), "QC", Repertoire::Unoy, ["NAD+東京+QC'", "         ^^"]);
        check("NAD+東京+QC'".as_bytes(), "東京", Repertoire::Unoy, ["NAD+東京+QC'", "    ^^^^"]);
        check("NAD+e\u{301}+QC'".as_bytes(), "QC", Repertoire::Unoy, ["NAD+e\u{301}+QC'", "      ^^"]);
    }

    #[test]
    fn control_characters_are_seen_and_released_ones_stay() {
        check(b"FTX+\t\x1b+A?+B+C'", "C", Repertoire::Unob, ["FTX+␉␛+A?+B+C'", "            ^"]);
    }

    #[test]
    fn lines_end_as_windows_ends_them() {
        check(b"A+1'\r\nB+2'\r\n", "2", Repertoire::Unob, ["B+2'", "  ^"]);
        check(b"A+1'\rB+2'", "2", Repertoire::Unob, ["A+1'␍B+2'", "       ^"]);
    }

    #[test]
    fn places_are_counted_from_one() {
        let check = |repertoire, at, expected| {
            assert_eq!(text("UNB'\nÉÉX".as_bytes(), repertoire).line_and_column(at), expected);
        };
        check(Repertoire::Unoy, 0, (1, 1));
        check(Repertoire::Unoy, 5, (2, 1));
        check(Repertoire::Unoy, 9, (2, 3));
        check(Repertoire::Unoc, 9, (2, 5));
    }

    #[test]
    fn places_are_the_same_on_both_sides_of_a_block() {
        let bytes = format!("{}\n{}", "é".repeat(BLOCK_BYTES), "é".repeat(BLOCK_BYTES));
        let text = text(bytes.as_bytes(), Repertoire::Unoy);
        assert_eq!(text.line_and_column(2 * BLOCK_BYTES), (1, BLOCK_BYTES + 1));
        assert_eq!(text.line_and_column(2 * BLOCK_BYTES + 1), (2, 1));
        assert_eq!(text.line_and_column(bytes.len()), (2, BLOCK_BYTES + 1));
        assert_eq!(text.end(), Point { line: 2, before: BLOCK_BYTES });
    }

    #[test]
    fn an_interchange_in_the_middle_of_a_line_shows_what_is_around_it() {
        let stretch = Stretch { bytes: b"A'UNB+X'B", whole: 2..8, offset: 52, point: Point { line: 3, before: 40 } };
        let text = Text::new(stretch, Repertoire::Unob, COLUMNS);
        assert_eq!(text.line_and_column(4), (3, 45));
        let Excerpt { text, lead, marked } = text.excerpt(&(4..5));
        assert_eq!((text.as_str(), lead, marked), ("…A'UNB+X'B", 7, 1));
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        for repertoire in [Repertoire::Unoc, Repertoire::Unoy] {
            let text = text(b"\xef\xbb\xbfUNB+X'", repertoire);
            assert_eq!([0, 3, 7].map(|at| text.line_and_column(at)), [(1, 1), (1, 1), (1, 5)]);
            let Excerpt { text: shown, lead, marked } = text.excerpt(&(7..8));
            assert_eq!((shown.as_str(), lead, marked), ("UNB+X'", 4, 1));
            assert_eq!(text.excerpt(&(0..3)), Excerpt { text: "UNB+X'".to_owned(), lead: 0, marked: 1 });
        }
    }

    #[test]
    fn nothing_at_the_end_of_a_line_still_has_a_caret() {
        let excerpt = text(b"UNZ+1'", Repertoire::Unob).excerpt(&(6..6));
        assert_eq!((excerpt.text.as_str(), excerpt.lead, excerpt.marked), ("UNZ+1'", 6, 1));
    }
}
