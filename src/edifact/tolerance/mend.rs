//! The stage in front of the reader: the bytes as it wants them, what was taken on the way, and the way back.
//!
//! An interchange that needs nothing is borrowed, after a look at its ends. Each of the others is one function that says
//! whether it is needed, and writes the bytes anew when it is.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2, memrchr};

use super::front::{BYTE_ORDER_MARK, Front, Implied, front, implied_terminator, is_line_break, next_content};
use super::rewrite::{Origin, Rewrite};
use super::{Note, Tolerance, Tolerances, met};
use crate::edifact::finding::SyntaxFinding;
use crate::edifact::interchange::Interchange;
use crate::edifact::repertoire::Repertoire;
use crate::edifact::service::{ServiceChars, UNA_LENGTH};

/// One interchange as the reader wants it.
#[derive(Debug)]
pub struct Mended<'a> {
    bytes: Cow<'a, [u8]>,
    /// What was done, first to last; empty where the bytes are those that came.
    origins: Vec<Origin>,
    notes: Vec<Note>,
    tolerances: Tolerances,
}

/// One interchange, read under tolerances.
#[derive(Debug)]
pub struct Reading<'a> {
    /// What was read.
    pub interchange: Interchange<'a>,
    /// What is wrong with it, in the order of the bytes; spans count in the mended bytes.
    pub findings: Vec<SyntaxFinding>,
    /// What was taken although the standard does not have it; places count in the bytes as they came.
    pub notes: Vec<Note>,
}

/// Makes of the bytes of one interchange what the reader wants, as far as these tolerances go.
///
/// Mending what was mended changes nothing.
#[must_use]
pub fn mend<'a>(bytes: &'a [u8], tolerances: &Tolerances) -> Mended<'a> {
    let mut mended =
        Mended { bytes: Cow::Borrowed(bytes), origins: Vec::new(), notes: Vec::new(), tolerances: *tolerances };
    if !mended.cut_front() {
        return mended;
    }
    if tolerances.newline_terminator {
        mended.rewrite(Tolerance::NewlineTerminator, with_newline_terminator);
    }
    if tolerances.wrapped_lines {
        mended.rewrite(Tolerance::WrappedLines, unwrapped);
    }
    if tolerances.utf8_under_unoc {
        mended.rewrite(Tolerance::Utf8UnderUnoc, transcoded);
    }
    if tolerances.missing_last_terminator {
        mended.rewrite(Tolerance::MissingLastTerminator, terminated);
    }
    mended
}

/// Bytes that were written anew: how often something was changed in them, and where first.
struct Change<'a> {
    rewrite: Rewrite<'a>,
    count: usize,
    first: Range<usize>,
}

impl<'a> Mended<'a> {
    /// Takes off what stands in front; says whether an interchange stands there at all.
    fn cut_front(&mut self) -> bool {
        let Cow::Borrowed(bytes) = self.bytes else { return false };
        let start = match front(&self.tolerances, bytes) {
            Front::At(0) => return true,
            Front::At(start) => start,
            Front::Undecided | Front::Nothing => return false,
        };
        let mut content = next_content(bytes, 0);
        let before = bytes.get(content..start).unwrap_or_default();
        if self.tolerances.byte_order_mark && before.starts_with(BYTE_ORDER_MARK) {
            let first = content..content + BYTE_ORDER_MARK.len();
            content = next_content(bytes, first.end);
            self.notes.push(Note { tolerance: Tolerance::ByteOrderMark, count: 1, first });
        }
        if content < start {
            self.notes.push(Note { tolerance: Tolerance::Preamble, count: 1, first: content..start });
        }
        self.origins.push(Origin::cut(start, bytes.len()));
        self.bytes = Cow::Borrowed(bytes.get(start..).unwrap_or_default());
        true
    }

    fn rewrite(&mut self, tolerance: Tolerance, change: fn(&[u8], ServiceChars) -> Option<Change<'_>>) {
        let service = ServiceChars::read(&self.bytes).unwrap_or(ServiceChars::DEFAULT);
        let Some(Change { rewrite, count, first }) = change(&self.bytes, service) else { return };
        let (bytes, origin) = rewrite.finish();
        self.notes.push(Note { tolerance, count, first: self.original(&first) });
        self.bytes = Cow::Owned(bytes);
        self.origins.push(origin);
    }

    /// The bytes as the reader wants them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the bytes are a stretch of those that came: nothing in them was written anew.
    #[must_use]
    pub fn is_as_it_came(&self) -> bool {
        matches!(self.bytes, Cow::Borrowed(_))
    }

    /// Where a stretch of the mended bytes stands in those that came.
    #[must_use]
    pub fn original(&self, range: &Range<usize>) -> Range<usize> {
        self.origins.iter().rev().fold(range.clone(), |range, origin| origin.of_range(&range))
    }

    /// Makes spans of the mended bytes spans of those that came.
    pub fn restore<'s>(&self, spans: impl IntoIterator<Item = &'s mut Range<usize>>) {
        if !self.origins.is_empty() {
            spans.into_iter().for_each(|span| *span = self.original(span));
        }
    }

    /// Reads the interchange. What the reader can read although the standard does not have it is a note where it is taken,
    /// and a finding where it is not.
    ///
    /// None when no UNB can be found: then there is nobody to answer.
    #[must_use]
    pub fn read(&self) -> Option<Reading<'_>> {
        let (interchange, mut findings) = Interchange::read(&self.bytes)?;
        let mut notes = self.notes.clone();
        for note in met::met(&interchange, &self.tolerances, &mut findings) {
            if notes.iter().all(|known| known.tolerance != note.tolerance) {
                notes.push(Note { first: self.original(&note.first), ..note });
            }
        }
        Some(Reading { interchange, findings, notes })
    }
}

/// Where the segments begin: behind UNA, where there is one.
fn content(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"UNA") { UNA_LENGTH.min(bytes.len()) } else { 0 }
}

/// An UNA that says what the lines do: they are the segments.
fn with_newline_terminator(bytes: &[u8], service: ServiceChars) -> Option<Change<'_>> {
    let content = content(bytes);
    let rest = bytes.get(content..)?;
    let Implied::Terminator(terminator) = implied_terminator(&service, rest) else { return None };
    // UNA of a syntax 4 that has none stands for the default characters, and they have a repetition separator.
    let repetition = if content == 0 { Some(ServiceChars::DEFAULT_REPETITION) } else { service.repetition };
    let mut rewrite = Rewrite::of(bytes);
    rewrite.replace(0..content, &ServiceChars { terminator, repetition, ..service }.advice());
    let first = content + next_content(rest, 0);
    let end = first + memchr(terminator, bytes.get(first..)?)?;
    Some(Change { rewrite, count: 1, first: end..next_content(bytes, end) })
}

/// Lines that were wrapped within segments, put together. A line break between a release character and what it releases is
/// one of them.
fn unwrapped(bytes: &[u8], service: ServiceChars) -> Option<Change<'_>> {
    if is_line_break(service.terminator) {
        return None;
    }
    let end = bytes.iter().rposition(|byte| !is_line_break(*byte))?; // Line breaks at the very end are those of the file.
    memchr2(b'\r', b'\n', bytes.get(..end)?)?;
    let (mut rewrite, mut count, mut first) = (Rewrite::of(bytes), 0, None);
    let (mut at, mut is_within, mut is_released) = (content(bytes), false, false);
    while let Some(&byte) = bytes.get(at).filter(|_| at < end) {
        if is_line_break(byte) {
            let stretch = at..next_content(bytes, at);
            at = stretch.end;
            if is_within {
                rewrite.replace(stretch.clone(), b"");
                count += 1;
                first.get_or_insert(stretch);
            }
        } else {
            is_within = is_released || byte != service.terminator;
            is_released = !is_released && Some(byte) == service.release;
            at += 1;
        }
    }
    Some(Change { rewrite, count, first: first? })
}

/// The text of UNOC, where every sequence of it is UTF-8 and every character one of ISO 8859-1.
fn transcoded(bytes: &[u8], service: ServiceChars) -> Option<Change<'_>> {
    let start = next_content(bytes, content(bytes));
    let named = bytes.get(start..)?.strip_prefix(b"UNB")?.strip_prefix(&[service.element])?;
    let is_unoc = named.starts_with(Repertoire::Unoc.as_str().as_bytes());
    if !is_unoc || bytes.is_ascii() {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let (mut rewrite, mut count, mut first) = (Rewrite::of(bytes), 0, None);
    for (at, character) in text.char_indices().filter(|(_, character)| !character.is_ascii()) {
        let byte = u8::try_from(character).ok().filter(|byte| *byte >= 0xa0)?;
        let stretch = at..at + character.len_utf8();
        rewrite.replace(stretch.clone(), &[byte]);
        count += 1;
        first.get_or_insert(stretch);
    }
    Some(Change { rewrite, count, first: first? })
}

/// The terminator behind UNZ, where the bytes end without it.
fn terminated(bytes: &[u8], service: ServiceChars) -> Option<Change<'_>> {
    let end = bytes.iter().rposition(|byte| !is_line_break(*byte))? + 1;
    let is_ended = is_line_break(service.terminator) && bytes.get(end..)?.contains(&service.terminator);
    let segment = next_content(bytes, last_terminator(bytes.get(..end)?, &service)? + 1);
    let trailer = bytes.get(segment..end)?.strip_prefix(b"UNZ")?.strip_prefix(&[service.element])?;
    if is_ended || trailer.is_empty() || releases_next(trailer, &service) {
        return None;
    }
    let mut rewrite = Rewrite::of(bytes);
    rewrite.replace(end..end, &[service.terminator]);
    Some(Change { rewrite, count: 1, first: end..end })
}

/// The last terminator that is not released.
fn last_terminator(bytes: &[u8], service: &ServiceChars) -> Option<usize> {
    let mut end = bytes.len();
    loop {
        let before = bytes.get(..end)?;
        let at = memrchr(service.terminator, before)?;
        if !releases_next(before.get(..at)?, service) {
            return Some(at);
        }
        end = at;
    }
}

/// Whether the character behind these bytes is released: an odd number of release characters stands at their end.
pub(super) fn releases_next(bytes: &[u8], service: &ServiceChars) -> bool {
    let Some(release) = service.release else { return false };
    bytes.iter().rev().take_while(|byte| **byte == release).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mends with all tolerances: what is read, and each note with the bytes that it shows.
    #[track_caller]
    fn check(bytes: &[u8], read: &str, notes: &[(Tolerance, usize, &str)]) {
        let mended = mend(bytes, &Tolerances::ALL);
        assert_eq!(mended.bytes().escape_ascii().to_string(), read.as_bytes().escape_ascii().to_string());
        let shown = |range: &Range<usize>| bytes[range.clone()].escape_ascii().to_string();
        let found: Vec<_> = mended.notes.iter().map(|note| (note.tolerance, note.count, shown(&note.first))).collect();
        let notes: Vec<_> =
            notes.iter().map(|(tolerance, count, shown)| (*tolerance, *count, (*shown).to_owned())).collect();
        assert_eq!(found, notes);
        assert!(mend(bytes, &Tolerances::NONE).notes.is_empty());
    }

    #[test]
    fn what_needs_nothing_is_borrowed() {
        let bytes = b"UNB+UNOC:3+A'\r\nUNZ+1+R'\r\n";
        for tolerances in [Tolerances::default(), Tolerances::ALL] {
            let mended = mend(bytes, &tolerances);
            assert!(matches!(mended.bytes, Cow::Borrowed(same) if same == bytes) && mended.origins.is_empty());
        }
    }

    #[test]
    fn what_is_cut_off_in_front_leaves_the_rest_as_it_came() {
        assert!(mend(b"To: B\nUNB+UNOA'UNZ+1'", &Tolerances::ALL).is_as_it_came());
        assert!(!mend(b"To: B\nUNB+UNOA'UNZ+1", &Tolerances::ALL).is_as_it_came());
    }

    #[test]
    fn what_stands_in_front_is_taken_off() {
        check(b"\xef\xbb\xbfUNB+A'UNZ+1'", "UNB+A'UNZ+1'", &[(Tolerance::ByteOrderMark, 1, r"\xef\xbb\xbf")]);
        check(b"To: B\n\nUNB+UNOA'", "UNB+UNOA'", &[(Tolerance::Preamble, 1, r"To: B\n\n")]);
        let both = [(Tolerance::ByteOrderMark, 1, r"\xef\xbb\xbf"), (Tolerance::Preamble, 1, r"To: B\n")];
        check(b"\xef\xbb\xbf\nTo: B\nUNB+UNOA'", "UNB+UNOA'", &both);
    }

    #[test]
    fn lines_that_are_segments_get_an_una_that_says_so() {
        let note = |shown| [(Tolerance::NewlineTerminator, 1, shown)];
        check(b"UNB+A\nUNH+1\nUNZ+1\n", "UNA:+.?*\nUNB+A\nUNH+1\nUNZ+1\n", &note(r"\n"));
        check(b"UNB+A\r\nUNH+1\r\nUNZ+1\r\n", "UNA:+.?*\rUNB+A\r\nUNH+1\r\nUNZ+1\r\n", &note(r"\r\n"));
        check(b"UNA:+,? '\nUNB+A\nUNH+1\nUNZ+1\n", "UNA:+,? \n\nUNB+A\nUNH+1\nUNZ+1\n", &note(r"\n"));
    }

    #[test]
    fn the_line_break_that_is_shown_is_the_one_that_ends_unb() {
        let mended = mend(b"UNA:+,? '\nUNB+A\nUNH+1\nUNZ+1\n", &Tolerances::ALL);
        let shown = mended.notes.iter().map(|note| (note.first.start, note.first.end));
        assert_eq!(shown.collect::<Vec<_>>(), [(15, 16)]);
    }

    #[test]
    fn wrapped_lines_are_put_together() {
        check(
            b"UNB+UNOA:3+AB\r\nCD'UNH+1'\r\nBGM+1?\n'2'U\nNZ+1'\r\n",
            "UNB+UNOA:3+ABCD'UNH+1'\r\nBGM+1?'2'UNZ+1'\r\n",
            &[(Tolerance::WrappedLines, 3, r"\r\n")],
        );
    }

    #[test]
    fn a_line_is_wrapped_behind_a_released_terminator_too() {
        check(b"UNB+A?'\nB'UNZ+1'", "UNB+A?'B'UNZ+1'", &[(Tolerance::WrappedLines, 1, r"\n")]);
        check(b"UNB+A??'\nUNZ+1'", "UNB+A??'\nUNZ+1'", &[]);
    }

    #[test]
    fn utf_8_under_unoc_becomes_iso_8859_1_when_all_of_it_can() {
        let mended = |text: &str| mend(text.as_bytes(), &Tolerances::ALL).bytes().to_vec();
        assert_eq!(mended("UNB+UNOC:3+\u{c9}T\u{e9}'"), b"UNB+UNOC:3+\xc9T\xe9'");
        assert_eq!(
            mended("UNB+UNOC:3+\u{c9}\u{20ac}'"),
            "UNB+UNOC:3+\u{c9}\u{20ac}'".as_bytes(),
            "no euro in ISO 8859-1"
        );
        assert_eq!(mended("UNB+UNOC:3+\u{85}'"), "UNB+UNOC:3+\u{85}'".as_bytes(), "no control characters");
        assert_eq!(mended("UNB+UNOY:4+\u{c9}'"), "UNB+UNOY:4+\u{c9}'".as_bytes(), "UNOY is UTF-8");
        let latin = b"UNB+UNOC:3+\xc9\xc3\xa9'";
        assert_eq!(mend(latin, &Tolerances::ALL).bytes(), latin, "one byte that is no UTF-8 and none is");
    }

    #[test]
    fn the_last_terminator_is_put_in() {
        let note = [(Tolerance::MissingLastTerminator, 1, "")];
        check(b"UNB+A'UNZ+1+R", "UNB+A'UNZ+1+R'", &note);
        check(b"UNB+A'UNZ+1+R\r\n", "UNB+A'UNZ+1+R'\r\n", &note);
        check(b"UNA:+.? \nUNB+A\nUNZ+1+R", "UNA:+.? \nUNB+A\nUNZ+1+R\n", &note);
        check(b"UNB+A'UNZ+1+R?'", "UNB+A'UNZ+1+R?''", &note);
    }

    #[test]
    fn the_last_terminator_is_missing_only_behind_unz() {
        for text in ["UNB+A'UNH+1", "UNB+A'UNZ", "UNB+A'UNZ+1+R?", "UNB+A'UNZ+", "UNA:+.? \nUNB+A\nUNZ+1\n"] {
            assert_eq!(mend(text.as_bytes(), &Tolerances::ALL).bytes(), text.as_bytes());
        }
    }

    #[test]
    fn a_place_in_what_is_read_is_a_place_in_what_came() {
        let bytes = "\u{feff}To: B\nUNB+UNOC:3+\u{c9}\u{c9}A\n+B'UNZ+1+R";
        let mended = mend(bytes.as_bytes(), &Tolerances::ALL);
        assert_eq!(mended.bytes(), b"UNB+UNOC:3+\xc9\xc9A+B'UNZ+1+R'");
        let shown = |stretch: &[u8]| {
            let start = mended.bytes().windows(stretch.len()).position(|window| window == stretch).unwrap();
            bytes.get(mended.original(&(start..start + stretch.len()))).unwrap()
        };
        assert_eq!([shown(b"\xc9\xc9"), shown(b"+B"), shown(b"UNZ"), shown(b"R'")], ["\u{c9}\u{c9}", "+B", "UNZ", "R"]);
    }

    #[test]
    fn every_character_that_was_transcoded_is_counted() {
        let mended = mend("UNB+UNOC:3+\u{c9}T\u{e9}'".as_bytes(), &Tolerances::ALL);
        let counted = mended.notes.iter().map(|note| (note.tolerance, note.count, note.first.clone()));
        assert_eq!(counted.collect::<Vec<_>>(), [(Tolerance::Utf8UnderUnoc, 2, 11..13)]);
    }

    #[test]
    fn spans_and_notes_of_what_is_read_are_those_of_what_came() {
        let mended = mend(b"\xef\xbb\xbfUNB+UNOA:3+A?B+C'UNZ+0+1'", &Tolerances::ALL);
        let mut spans = [0..3, 13..14];
        mended.restore(&mut spans);
        assert_eq!(spans, [3..6, 16..17]);
        let notes = mended.read().unwrap().notes.into_iter().map(|note| (note.tolerance, note.first));
        let expected = [(Tolerance::ByteOrderMark, 0..3), (Tolerance::ReleaseBeforeOrdinary, 15..17)];
        assert_eq!(notes.collect::<Vec<_>>(), expected);
        let plain = mend(b"UNB+A'", &Tolerances::ALL);
        plain.restore(&mut spans);
        assert_eq!(spans, [3..6, 16..17]);
    }

    #[test]
    fn without_unb_nothing_is_read() {
        assert!(mend(b"", &Tolerances::ALL).read().is_none());
        assert!(mend(b"\xef\xbb\xbfUNB+A'", &Tolerances::NONE).read().is_none());
    }
}
