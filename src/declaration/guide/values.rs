//! The values that are wanted of one segment, found in one pass for everything that is read from it.

use std::borrow::Cow;
use std::ops::Range;

use super::place::{Check, Place, Position, Slot};
use super::texts::Texts;
use crate::declaration::draft::Text;
use crate::edifact::{Piece, Segment, unrelease};

/// What stands where nothing does.
const NOTHING: Piece = Piece { start: 0, end: 0, separator: 0 };

/// The wanted components of a segment. What repeats an element is left out: a guide places first occurrences.
#[derive(Debug, Default)]
pub(super) struct SegmentValues<'a> {
    /// From the first byte of the segment on, beyond its end.
    ahead: &'a [u8],
    /// Of the segment in the interchange.
    offset: usize,
    /// The release character, when one stands in the segment.
    release: Option<u8>,
    /// What separates components.
    separator: u8,
    /// A piece for each component that is wanted of the place.
    pieces: Vec<Piece>,
}

impl<'a> SegmentValues<'a> {
    /// Takes what is wanted of a segment at this place, instead of what was wanted of the last one.
    pub(super) fn take(&mut self, segment: &Segment<'a>, place: &Place) {
        let (service, mut cuts) = (segment.service(), segment.cuts());
        // The tag ends at the first separator of elements; what else divides it is not for readers of values.
        while cuts.next().is_some_and(|tag| tag.separator != service.element || cuts.is_last(&tag)) {}
        self.pieces.clear();
        let mut at = Position::FIRST;
        for wanted in &place.wanted {
            let mut found = NOTHING;
            while at <= *wanted {
                let Some(piece) = cuts.next() else { break };
                if at == *wanted {
                    found = piece;
                }
                at = if piece.separator == service.component {
                    at.next_component()
                } else if piece.separator == service.element {
                    at.next_element()
                } else {
                    at.repeated()
                };
            }
            self.pieces.push(found);
        }
        self.ahead = segment.ahead();
        self.offset = segment.span().start;
        self.release = service.release.filter(|_| cuts.has_release());
        self.separator = service.component;
    }

    /// What a component says, without release characters.
    #[inline]
    pub(super) fn component(&self, index: usize) -> Cow<'a, [u8]> {
        self.pieces.get(index).map(|piece| self.unreleased(piece)).unwrap_or_default()
    }

    /// Whether the segment says everything that is asked.
    pub(super) fn hold(&self, checks: &[Check]) -> bool {
        checks.iter().all(|check| {
            let said = self.component(check.component);
            check.values.iter().any(|value| value.as_bytes() == &*said)
        })
    }

    /// The text that stands here, blanks around it taken off, with its bytes in the interchange; none when nothing does.
    #[inline]
    pub(super) fn text(&self, slot: &Slot, texts: &mut Texts<'a>) -> Option<(Text<'a>, Range<usize>)> {
        if slot.first != slot.last {
            return self.joined(slot, texts);
        }
        let piece = self.pieces.get(slot.first).filter(|piece| !piece.is_empty())?;
        let text = self.text_of(piece, texts);
        (!text.is_empty()).then_some((text, self.offset + piece.start..self.offset + piece.end))
    }

    fn joined(&self, slot: &Slot, texts: &mut Texts<'a>) -> Option<(Text<'a>, Range<usize>)> {
        let mut pieces = self.pieces.get(slot.first..=slot.last)?.iter().filter(|piece| !piece.is_empty());
        let begin = pieces.next()?;
        let (mut text, mut end) = (self.text_of(begin, texts), begin.end);
        for piece in pieces {
            let more = self.text_of(piece, texts);
            end = piece.end;
            if text.is_empty() {
                text = more;
            } else {
                let joined = text.to_mut();
                joined.push(slot.joined_by);
                joined.push_str(&more);
            }
        }
        (!text.is_empty()).then_some((text, self.offset + begin.start..self.offset + end))
    }

    /// The format (2379) that is stated beside a date; nothing when none is.
    pub(super) fn date_format(&self, slot: &Slot) -> Cow<'a, [u8]> {
        slot.format.map(|format| self.component(format)).unwrap_or_default()
    }

    /// Whether what stands here is a component of a composite, by what the segment says.
    #[inline]
    pub(super) fn is_in_composite(&self, slot: &Slot) -> bool {
        let (_, component) = slot.at;
        component > 1 || self.pieces.get(slot.first).is_some_and(|first| first.separator == self.separator)
    }

    #[inline]
    fn text_of(&self, piece: &Piece, texts: &mut Texts<'a>) -> Text<'a> {
        if self.release.is_some()
            && let Cow::Owned(bytes) = self.unreleased(piece)
        {
            return texts.released(&bytes);
        }
        let ahead = self.ahead.get(piece.start..).unwrap_or_default();
        texts.text(self.offset + piece.start, piece.end - piece.start, ahead)
    }

    /// The bytes of a piece without release characters, copied only when there are some.
    #[inline]
    fn unreleased(&self, piece: &Piece) -> Cow<'a, [u8]> {
        let bytes = self.ahead.get(piece.start..piece.end).unwrap_or_default();
        match self.release {
            Some(release) if bytes.contains(&release) => unrelease(release, bytes).into(),
            _ => bytes.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declaration::guide::place::{Stand, ValueAt, Wishes};
    use crate::edifact::{Repertoire, ServiceChars};

    /// What stands at a place, and whether in a composite.
    #[track_caller]
    fn check(segment: &str, components: (u16, u16), expected: Option<(&str, bool)>) {
        let (first, last) = components;
        let value =
            ValueAt { first: Position::of(3, first), last: Position::of(3, last), joined_by: '|', format_at: None };
        let stand = Stand { own: Vec::new(), around: Vec::new(), values: vec![(0, value)] };
        let place = Place::of(&Wishes { stands: vec![stand], ..Wishes::default() }, &[]);
        let (mut values, mut texts) = (SegmentValues::default(), Texts::new(Repertoire::Unoa));
        for bytes in ["TAG+what+was:there+before", segment] {
            let service = ServiceChars { repetition: Some(b'*'), ..ServiceChars::DEFAULT };
            values.take(&Segment::new(service, 0, bytes.as_bytes()), &place);
        }
        let slot = &place.case(b"").readings[0].slots[0];
        let said = values.text(slot, &mut texts).map(|(text, _)| (text, values.is_in_composite(slot)));
        assert_eq!(said.as_ref().map(|(text, is_composite)| (text.as_ref(), *is_composite)), expected);
    }

    #[test]
    fn components_that_say_something_are_joined_in_order() {
        check("NAD+EX+A::B:C+D", (1, 3), Some(("A|B", true)));
        check("NAD+EX+A::B:C+D", (2, 2), None);
        check("NAD+EX+:A::B:C+D", (1, 4), Some(("A|B", true)));
        check("NAD+EX+ :A: +D", (1, 4), Some(("A|", true)));
        check("NAD+EX+A+D", (1, 5), Some(("A", false)));
    }

    #[test]
    fn nothing_stands_behind_the_end() {
        check("NAD+EX", (1, 1), None);
        check("NAD+EX+A", (2, 3), None);
        check("NAD", (1, 1), None);
    }

    #[test]
    fn blanks_and_release_characters_are_taken_off() {
        check("NAD+EX+ A ?+B ", (1, 1), Some(("A +B", false)));
        check("NAD+EX+  ", (1, 1), None);
    }

    #[test]
    fn what_repeats_an_element_is_left_out() {
        check("NAD+EX*CN+A:B*C:D+E", (1, 4), Some(("A|B", true)));
    }
}
