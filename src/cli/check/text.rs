//! A file as people see it: lines and columns, and the stretch of a line around a place.

use std::ops::Range;

use crate::edifact::Repertoire;

/// Most characters of a line that are shown.
const SHOWN_MAX: usize = 100;
/// Characters that are shown in front of a place when its line is too long to be shown whole.
const LEAD: usize = 30;
/// Most bytes of one character in any repertoire.
const CHARACTER_BYTES_MAX: usize = 4;
/// The byte order mark of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The bytes of a file, with the beginnings of its lines.
#[derive(Debug)]
pub(super) struct Text<'a> {
    bytes: &'a [u8],
    starts: Vec<usize>,
}

/// A stretch of a line, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// What is shown, with `…` where something is left out. Not yet safe for a terminal.
    pub(super) text: String,
    /// Characters in front of the place.
    pub(super) lead: usize,
    /// Characters of the place, at least 1.
    pub(super) marked: usize,
}

impl<'a> Text<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        // A byte order mark is nothing that anybody sees.
        let first = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Self { bytes, starts: std::iter::once(first).chain(breaks).collect() }
    }

    /// Line and column of a byte, both counted from 1; columns are characters.
    pub(super) fn point(&self, offset: usize, repertoire: Repertoire) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = line.checked_sub(1).and_then(|index| self.starts.get(index)).copied().unwrap_or_default();
        (line, self.width(start..offset, repertoire) + 1)
    }

    /// The line of a place, or as much around it as can be shown.
    pub(super) fn excerpt(&self, span: &Range<usize>, repertoire: Repertoire) -> Excerpt {
        let line = self.line(span.start);
        let place = span.start.clamp(line.start, line.end)..span.end.clamp(line.start, line.end);
        let width = self.width(line.clone(), repertoire);
        let marked_max = if width <= SHOWN_MAX { width } else { SHOWN_MAX - LEAD };
        let marked = self.first(place.clone(), marked_max, repertoire);
        let lead_max = if width <= SHOWN_MAX { width } else { LEAD };
        let lead = self.last(line.start..place.start, lead_max, repertoire);
        let taken = lead.chars().count() + marked.chars().count();
        let is_place_cut = marked.chars().count() < self.width(place.clone(), repertoire);
        let tail_max = if is_place_cut { 0 } else { SHOWN_MAX.saturating_sub(taken) };
        let tail = self.first(place.end..line.end, tail_max, repertoire);
        let before = lead.chars().count();
        let is_cut_before = before < self.width(line.start..place.start, repertoire);
        let is_cut_after = taken - before + tail.chars().count() < self.width(place.start..line.end, repertoire);
        let ellipsis = |is_cut| if is_cut { "…" } else { "" };
        Excerpt {
            text: format!("{}{lead}{marked}{tail}{}", ellipsis(is_cut_before), ellipsis(is_cut_after)),
            lead: before + usize::from(is_cut_before),
            marked: marked.chars().count().max(1),
        }
    }

    /// The bytes of the line that a byte stands in, without its line break.
    fn line(&self, offset: usize) -> Range<usize> {
        let next = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = next.checked_sub(1).and_then(|index| self.starts.get(index)).copied().unwrap_or_default();
        let end = self.starts.get(next).map_or(self.bytes.len(), |next| next - 1);
        let is_windows = end > start && self.bytes.get(end - 1) == Some(&b'\r');
        start..if is_windows { end - 1 } else { end }
    }

    /// How many characters these bytes are, without decoding them: only UTF-8 has characters of several bytes.
    fn width(&self, range: Range<usize>, repertoire: Repertoire) -> usize {
        let bytes = self.bytes.get(range).unwrap_or_default();
        if repertoire == Repertoire::Unoy {
            bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
        } else {
            bytes.len()
        }
    }

    fn first(&self, range: Range<usize>, most: usize, repertoire: Repertoire) -> String {
        let end = range.end.min(range.start.saturating_add(most * CHARACTER_BYTES_MAX));
        let bytes = self.bytes.get(range.start..end).unwrap_or_default();
        repertoire.decode(bytes).chars().take(most).collect()
    }

    fn last(&self, range: Range<usize>, most: usize, repertoire: Repertoire) -> String {
        let start = range.start.max(range.end.saturating_sub(most * CHARACTER_BYTES_MAX));
        let decoded = repertoire.decode(self.bytes.get(start..range.end).unwrap_or_default());
        let surplus = decoded.chars().count().saturating_sub(most);
        decoded.chars().skip(surplus).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The excerpt around `place`, with the caret line under it.
    fn check(text: &[u8], place: &str, repertoire: Repertoire, expected: [&str; 2]) {
        let start = text.windows(place.len()).position(|window| window == place.as_bytes()).unwrap();
        let excerpt = Text::new(text).excerpt(&(start..start + place.len()), repertoire);
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
        let line = format!("A+{}", "z".repeat(300));
        let shown = [format!("A+{}…", "z".repeat(70)), format!("  {}", "^".repeat(70))];
        check(line.as_bytes(), &"z".repeat(300), Repertoire::Unob, shown.each_ref().map(String::as_str));
    }

    #[test]
    fn columns_are_characters_of_the_repertoire() {
        check(b"NAD+\xc9RABLI\xc8RE+QC'", "QC", Repertoire::Unoc, ["NAD+ÉRABLIÈRE+QC'", "              ^^"]);
        check("NAD+ÉRABLIÈRE+QC'".as_bytes(), "QC", Repertoire::Unoy, ["NAD+ÉRABLIÈRE+QC'", "              ^^"]);
    }

    #[test]
    fn places_are_counted_from_one() {
        let text = Text::new("UNB'\nÉÉX".as_bytes());
        assert_eq!(text.point(0, Repertoire::Unoy), (1, 1));
        assert_eq!(text.point(5, Repertoire::Unoy), (2, 1));
        assert_eq!(text.point(9, Repertoire::Unoy), (2, 3));
        assert_eq!(text.point(9, Repertoire::Unoc), (2, 5));
    }

    #[test]
    fn nothing_at_the_end_of_a_line_still_has_a_caret() {
        let excerpt = Text::new(b"UNZ+1'").excerpt(&(6..6), Repertoire::Unob);
        assert_eq!((excerpt.text.as_str(), excerpt.lead, excerpt.marked), ("UNZ+1'", 6, 1));
    }
}
