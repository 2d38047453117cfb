//! The values of one segment by their places, divided once for everything that is read from it.

use std::borrow::Cow;
use std::ops::Range;

use super::Condition;
use super::place::{Code, Position, Slot};
use super::texts::Texts;
use crate::declaration::draft::{StatedAt, Text};
use crate::edifact::{Segment, unrelease};

/// The values of a segment. What repeats an element is left out: a guide places first occurrences.
#[derive(Debug, Default)]
pub(super) struct SegmentValues<'a> {
    /// From the first byte of the segment on, beyond its end.
    ahead: &'a [u8],
    /// Of the segment in the interchange.
    offset: usize,
    /// The release character, when one stands in the segment.
    release: Option<u8>,
    /// The components, whatever element they are of: where each begins and ends.
    pieces: Vec<(usize, usize)>,
    /// The first component of each element, the first data element at 0; behind them, where the last one ends.
    firsts: Vec<usize>,
}

impl<'a> SegmentValues<'a> {
    /// Takes the values of a segment in the place of those of the last one.
    pub(super) fn take(&mut self, segment: &Segment<'a>) {
        let (service, mut cuts) = (*segment.service(), segment.cuts());
        // The tag ends at the first separator of elements; what else divides it is not for readers of values.
        while cuts.next().is_some_and(|tag| tag.separator != service.element || cuts.is_last(&tag)) {}
        self.pieces.clear();
        self.firsts.clear();
        self.firsts.push(0);
        let mut is_repeated = false;
        for piece in cuts.by_ref() {
            if !is_repeated {
                self.pieces.push((piece.start, piece.end));
            }
            if piece.separator == service.element {
                self.firsts.push(self.pieces.len());
                is_repeated = false;
            } else if piece.separator != service.component {
                is_repeated = true;
            }
        }
        self.firsts.push(self.pieces.len());
        (self.ahead, self.offset) = (segment.ahead(), segment.span().start);
        self.release = service.release.filter(|_| cuts.has_release());
    }

    /// The components of an element.
    #[inline]
    fn components(&self, element: u16) -> &[(usize, usize)] {
        let element = usize::from(element).wrapping_sub(2);
        match self.firsts.get(element..element.wrapping_add(2)) {
            Some([first, behind]) => self.pieces.get(*first..*behind).unwrap_or_default(),
            _ => &[],
        }
    }

    #[inline]
    fn piece(&self, at: Position) -> Option<(usize, usize)> {
        self.components(at.element).get(usize::from(at.component).wrapping_sub(1)).copied()
    }

    /// What a component says, without release characters; nothing when it is not there.
    #[inline]
    pub(super) fn component(&self, at: Position) -> Cow<'a, [u8]> {
        self.piece(at).map(|piece| self.unreleased(piece)).unwrap_or_default()
    }

    /// The code that a component says.
    #[inline]
    pub(super) fn code(&self, at: Position) -> Code<Cow<'a, [u8]>> {
        Code::of(self.component(at))
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
    pub(super) fn text(&self, slot: &Slot, segment: StatedAt, texts: &mut Texts<'a>) -> Option<(Text<'a>, StatedAt)> {
        let Position { element, component } = slot.first;
        let components = self.components(element);
        let components_from = components.get(usize::from(component).wrapping_sub(1)..)?;
        let piece @ (begin, end) = *components_from.first()?;
        let (text, span) = if slot.more > 0 && components_from.len() > 1 {
            self.joined(components_from, slot, texts)?
        } else if begin == end {
            return None;
        } else {
            (self.text_of(piece, texts), begin..end)
        };
        let component = (components.len() > 1).then_some(component);
        let at = segment.element(element, component, self.offset + span.start..self.offset + span.end);
        (!text.is_empty()).then_some((text, at))
    }

    /// The texts of several components, and their bytes in the segment.
    fn joined(
        &self,
        components: &[(usize, usize)],
        slot: &Slot,
        texts: &mut Texts<'a>,
    ) -> Option<(Text<'a>, Range<usize>)> {
        let mut pieces = components.iter().take(slot.more + 1).filter(|(begin, end)| begin != end);
        let first @ (begin, mut end) = *pieces.next()?;
        let mut text = self.text_of(first, texts);
        for piece in pieces {
            let more = self.text_of(*piece, texts);
            end = piece.1;
            if text.is_empty() {
                text = more;
            } else {
                let joined = text.to_mut();
                joined.push(slot.joined_by);
                joined.push_str(&more);
            }
        }
        Some((text, begin..end))
    }

    /// The format (2379) that is stated beside a date; nothing when none is.
    pub(super) fn date_format(&self, slot: &Slot) -> Cow<'a, [u8]> {
        slot.format_at.map(|at| self.component(at)).unwrap_or_default()
    }

    #[inline]
    fn text_of(&self, (begin, end): (usize, usize), texts: &mut Texts<'a>) -> Text<'a> {
        if self.release.is_some()
            && let Cow::Owned(bytes) = self.unreleased((begin, end))
        {
            return texts.released(&bytes);
        }
        texts.text(self.offset + begin..self.offset + end, || self.ahead.get(begin..).unwrap_or_default())
    }

    /// The bytes of a piece without release characters, copied only when there are some.
    #[inline]
    fn unreleased(&self, (begin, end): (usize, usize)) -> Cow<'a, [u8]> {
        let bytes = self.ahead.get(begin..end).unwrap_or_default();
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
        let at = StatedAt::segment(Tag(*b"NAD"), 2, 0..segment.len());
        let said = values
            .text(slot, at, &mut texts)
            .map(|(text, at)| (text, at.point().element.is_some_and(|element| element.component.is_some())));
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
