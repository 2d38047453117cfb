//! The values of one segment by their places, divided once for everything that is read from it.

use std::borrow::Cow;
use std::ops::Range;

use super::Condition;
use super::place::{Position, Slot};
use super::texts::Texts;
use crate::declaration::draft::{Field, Stated, Text};
use crate::declaration::finding::SegmentPoint;
use crate::edifact::{ElementPlace, Piece, Segment, unrelease};

/// The values of a segment. What repeats an element is left out: a guide places first occurrences.
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
    /// The components, whatever element they are of; behind them is what longer segments left.
    pieces: Vec<Piece>,
    /// Where those of each element end, the first data element at 1.
    ends: Vec<usize>,
    /// How many elements there are.
    elements: usize,
}

/// Where a value was found.
#[derive(Debug)]
pub(super) struct Found {
    pub point: SegmentPoint,
    pub span: Range<usize>,
}

impl Found {
    /// The value with its place.
    #[inline]
    pub(super) fn stated<T>(&self, value: T) -> Stated<T> {
        Stated { value, point: self.point, span: self.span.clone() }
    }

    /// Puts a value where it belongs, when it could be read; says whether it could.
    #[inline]
    pub(super) fn put<T>(&self, read: Option<T>, field: &mut Field<T>) -> bool {
        read.map(|value| *field = Some(self.stated(value))).is_some()
    }
}

impl<'a> SegmentValues<'a> {
    /// Takes the values of a segment in the place of those of the last one.
    pub(super) fn take(&mut self, segment: &Segment<'a>) {
        let (service, mut cuts, span) = (*segment.service(), segment.cuts(), segment.span());
        // The tag ends at the first separator of elements; what else divides it is not for readers of values.
        while cuts.next().is_some_and(|tag| tag.separator != service.element || cuts.is_last(&tag)) {}
        self.make_room(span.len() + 2);
        let (mut count, mut elements, mut is_repeated) = (0, 1, false);
        for piece in cuts.by_ref() {
            if !is_repeated && let Some(room) = self.pieces.get_mut(count) {
                *room = piece;
                count += 1;
            }
            if piece.separator == service.element {
                self.ends.get_mut(elements).into_iter().for_each(|end| *end = count);
                elements += 1;
                is_repeated = false;
            } else if piece.separator != service.component {
                is_repeated = true;
            }
        }
        self.ends.get_mut(elements).into_iter().for_each(|end| *end = count);
        self.elements = elements;
        (self.ahead, self.offset) = (segment.ahead(), span.start);
        self.release = service.release.filter(|_| cuts.has_release());
        self.separator = service.component;
    }

    /// Sees to it that there is room for so many pieces.
    fn make_room(&mut self, pieces: usize) {
        if self.pieces.len() < pieces {
            self.pieces.resize(pieces, Piece { start: 0, end: 0, separator: 0 });
            self.ends.resize(pieces, 0);
        }
    }

    /// The components of an element from this one on.
    #[inline]
    fn components(&self, from: Position) -> &[Piece] {
        let element = usize::from(from.element).wrapping_sub(2);
        match self.ends.get(element..element.wrapping_add(2)) {
            Some([begin, end]) if element < self.elements => {
                self.pieces.get(begin + usize::from(from.component) - 1..*end).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// What a component says, without release characters; nothing when it is not there.
    #[inline]
    pub(super) fn component(&self, at: Position) -> Cow<'a, [u8]> {
        self.components(at).first().map(|piece| self.unreleased(piece)).unwrap_or_default()
    }

    /// Whether the segment says everything that is asked.
    pub(super) fn hold(&self, checks: &[Condition]) -> bool {
        checks.iter().all(|check| {
            let said = self.component(check.at);
            check.values.iter().any(|value| value.as_bytes() == &*said)
        })
    }

    /// The text that stands here, blanks around it taken off, and where it was found; none when nothing does.
    #[inline]
    pub(super) fn text(&self, slot: &Slot, point: SegmentPoint, texts: &mut Texts<'a>) -> Option<(Text<'a>, Found)> {
        let components = self.components(slot.first);
        let (first, more) = components.split_first()?;
        let (text, span) = if slot.more > 0 && !more.is_empty() {
            self.joined(components, slot, texts)?
        } else if first.is_empty() {
            return None;
        } else {
            (self.text_of(first, texts), first.start..first.end)
        };
        let Position { element, component } = slot.first;
        let is_in_composite = component > 1 || first.separator == self.separator;
        let place = ElementPlace { element, component: is_in_composite.then_some(component), occurrence: None };
        let span = self.offset + span.start..self.offset + span.end;
        let found = Found { point: SegmentPoint { element: Some(place), ..point }, span };
        (!text.is_empty()).then_some((text, found))
    }

    /// The texts of several components, and their bytes in the segment.
    fn joined(&self, components: &[Piece], slot: &Slot, texts: &mut Texts<'a>) -> Option<(Text<'a>, Range<usize>)> {
        let mut pieces = components.iter().take(slot.more + 1).filter(|piece| !piece.is_empty());
        let first = pieces.next()?;
        let (mut text, mut end) = (self.text_of(first, texts), first.end);
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
        Some((text, first.start..end))
    }

    /// The format (2379) that is stated beside a date; nothing when none is.
    pub(super) fn date_format(&self, slot: &Slot) -> Cow<'a, [u8]> {
        slot.format_at.map(|at| self.component(at)).unwrap_or_default()
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
    use crate::edifact::{Repertoire, ServiceChars, Tag};

    /// What stands at a place, and whether in a composite.
    #[track_caller]
    fn check(segment: &str, components: (u16, u16), expected: Option<(&str, bool)>) {
        let (mut values, mut texts) = (SegmentValues::default(), Texts::new(Repertoire::Unoa));
        for bytes in ["TAG+what+was:there+before", segment] {
            let service = ServiceChars { repetition: Some(b'*'), ..ServiceChars::DEFAULT };
            values.take(&Segment::new(service, 0, bytes.as_bytes()));
        }
        let (component, last) = components;
        let first = Position { element: 3, component };
        let slot = &Slot { element: 0, first, more: usize::from(last - component), joined_by: '|', format_at: None };
        let point = SegmentPoint { tag: Tag(*b"NAD"), position: 2, element: None };
        let said = values
            .text(slot, point, &mut texts)
            .map(|(text, found)| (text, found.point.element.is_some_and(|element| element.component.is_some())));
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
