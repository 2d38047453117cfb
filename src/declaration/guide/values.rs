//! The values of one segment by their places, divided once for everything that is read from it.

use std::borrow::Cow;
use std::ops::Range;

use super::place::{Check, Code, Layout, Position, Slot};
use super::texts::Texts;
use crate::declaration::draft::{StatedAt, Text};
use crate::edifact::{PieceEnd, Segment, unrelease};

/// The values of a segment that its place wants. What repeats an element is left out: a guide places first occurrences.
#[derive(Debug)]
pub(super) struct SegmentValues<'a> {
    /// The interchange.
    bytes: &'a [u8],
    release: Option<u8>,
    /// What the segment says in each cell of its place; behind these is what other places have left.
    row: Vec<Component>,
}

/// Where a component stands in the interchange.
#[derive(Debug, Clone, Copy, Default)]
struct Component {
    start: usize,
    end: usize,
    /// Whether it is the last one of its element.
    is_last: bool,
    /// Whether service characters may stand in it, released or releasing.
    has_service: bool,
}

impl Component {
    #[inline]
    fn is_empty(self) -> bool {
        self.start == self.end
    }

    #[inline]
    fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A text as a segment states it, and where.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub text: Text<'a>,
    start: usize,
    end: usize,
    /// Whether its element may be a simple one: nothing of it stands behind the text.
    is_simple: bool,
}

impl Found<'_> {
    /// The place of the value of this slot in this segment.
    #[inline(always)]
    pub(super) fn at(&self, slot: &Slot, segment: &StatedAt) -> StatedAt {
        let Position { element, component } = slot.first;
        let component = if component > 1 || !self.is_simple { component } else { 0 };
        segment.element(element, component, self.start..self.end)
    }
}

impl<'a> SegmentValues<'a> {
    /// For an interchange with this release character, if it has one, and places that have no more cells than this.
    pub(super) fn new(bytes: &'a [u8], release: Option<u8>, cells_max: usize) -> Self {
        Self { bytes, release, row: vec![Component::default(); cells_max] }
    }

    /// Takes the values of a segment in the place of those of the last one. `ends` is where its pieces end, the tag first,
    /// in bytes from `origin` on; nothing in it repeats an element.
    #[inline]
    pub(super) fn take(&mut self, ends: &[PieceEnd], origin: usize, layout: &Layout) {
        let Some((mut row, (tag, ends))) = self.row.get_mut(..layout.cells).zip(ends.split_first()) else { return };
        let (mut start, mut ends) = (origin + tag.end() + 1, ends.iter());
        for (_, width) in &layout.elements {
            let Some((cells, others)) = row.split_at_mut_checked(*width) else { return };
            let mut cells = cells.iter_mut();
            for piece in ends.by_ref() {
                let (end, is_last) = (origin + piece.end(), piece.ends_element());
                if let Some(cell) = cells.next() {
                    *cell = Component { start, end, is_last, has_service: piece.has_service() };
                }
                start = end + 1;
                if is_last {
                    break;
                }
            }
            // What is not stated is in none of the pieces.
            cells.for_each(|cell| *cell = Component::default());
            row = others;
        }
    }

    /// The same for a segment of which nothing is known yet.
    pub(super) fn divide(&mut self, segment: &Segment<'a>, layout: &Layout) {
        let (service, mut cuts, origin) = (*segment.service(), segment.cuts(), segment.span().start);
        let Some(row) = self.row.get_mut(..layout.cells) else { return };
        row.fill(Component::default());
        // The tag ends at the first separator of elements; what else divides it is not for readers of values.
        while cuts.next().is_some_and(|tag| tag.separator != service.element || cuts.is_last(&tag)) {}
        let mut elements = layout.elements.iter();
        let mut wanted = elements.next().map(|(cell, width)| *cell..cell + width).unwrap_or_default();
        while let Some(piece) = cuts.next() {
            let is_last = piece.separator != service.component || cuts.is_last(&piece);
            if let Some(room) = wanted.next().and_then(|cell| row.get_mut(cell)) {
                let (start, end) = (origin + piece.start, origin + piece.end);
                *room = Component { start, end, is_last, has_service: true };
            }
            if piece.separator == service.element {
                let Some((cell, width)) = elements.next() else { break };
                wanted = *cell..cell + width;
            } else if is_last {
                // Behind a separator of repetitions comes the same element again.
                wanted = 0..0;
            }
        }
    }

    #[inline]
    fn component(&self, cell: usize) -> Component {
        self.row.get(cell).copied().unwrap_or_default()
    }

    /// Shows somebody the code that a cell says, without release characters; the empty one when it says nothing.
    #[inline]
    pub(super) fn with_code<T>(&self, cell: usize, look: impl FnOnce(&Code<&[u8]>) -> T) -> T {
        let component = self.component(cell);
        if component.has_service {
            return look(&Code::of(&self.unreleased(component)));
        }
        let ahead = self.bytes.get(component.start..).unwrap_or_default();
        look(&Code::ahead(ahead, component.end - component.start))
    }

    /// Whether the segment says everything that is asked.
    #[inline]
    pub(super) fn hold(&self, checks: &[Check]) -> bool {
        let holds = |check: &Check| self.with_code(check.cell, |said| check.codes.iter().any(|code| code.is(said)));
        checks.iter().all(holds)
    }

    /// The text that stands here, blanks around it taken off; none when nothing does.
    #[inline]
    pub(super) fn text(&self, slot: &Slot, texts: &mut Texts<'a>) -> Option<Found<'a>> {
        let first = self.component(slot.cell);
        let (text, Range { start, end }) = if (slot.more > 0 && !first.is_last) || first.has_service {
            self.joined(slot, texts)?
        } else if first.is_empty() {
            return None;
        } else {
            (texts.text(first.range()), first.range())
        };
        (!text.is_empty()).then_some(Found { text, start, end, is_simple: first.is_last })
    }

    /// The texts of the components that a value is made of, and their bytes in the segment.
    #[inline(never)]
    fn joined(&self, slot: &Slot, texts: &mut Texts<'a>) -> Option<(Text<'a>, Range<usize>)> {
        let components = self.row.get(slot.cell..=slot.cell + slot.more).unwrap_or_default();
        let mut components = components.iter().copied().filter(|component| !component.is_empty());
        let first = components.next()?;
        let (mut text, mut joined, mut end) = (self.text_of(first, texts), String::new(), first.end);
        for component in components {
            let more = self.text_of(component, texts);
            end = component.end;
            if joined.is_empty() && text.is_empty() {
                text = more;
            } else {
                if joined.is_empty() {
                    joined.push_str(text);
                }
                joined.push(slot.joined_by);
                joined.push_str(more);
            }
        }
        let text = if joined.is_empty() { text } else { texts.keep(&joined) };
        Some((text, first.start..end))
    }

    /// The format (2379) that is stated beside a date; nothing when none is.
    pub(super) fn date_format(&self, slot: &Slot) -> Cow<'a, [u8]> {
        slot.format_cell.map(|cell| self.unreleased(self.component(cell))).unwrap_or_default()
    }

    fn text_of(&self, component: Component, texts: &mut Texts<'a>) -> Text<'a> {
        match self.unreleased(component) {
            Cow::Owned(bytes) => texts.released(&bytes),
            Cow::Borrowed(_) => texts.text(component.range()),
        }
    }

    /// The bytes of a component without release characters, copied only when there are some.
    #[inline]
    fn unreleased(&self, component: Component) -> Cow<'a, [u8]> {
        let bytes = self.bytes.get(component.range()).unwrap_or_default();
        match self.release {
            Some(release) if component.has_service && bytes.contains(&release) => unrelease(release, bytes).into(),
            _ => bytes.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, texts::TextStore};
    use super::*;
    use crate::declaration::from_message::Sink;
    use crate::edifact::{Repertoire, ServiceChars, Tag};

    /// What stands at a place, and whether in a composite.
    #[track_caller]
    fn check(segment: &str, components: (u16, u16), expected: Option<(&str, bool)>) {
        let store = TextStore::default();
        let (component, last) = components;
        let first = Position { element: 3, component };
        let more = usize::from(last - component);
        let cell = usize::from(component) + 1;
        let slot = &Slot {
            element: 0,
            first,
            cell,
            more,
            joined_by: '|',
            format_cell: None,
            most: 1,
            format: Format::Text { is_alphabetic: false, least: 1, most: 35 },
            sink: Sink::Text(|draft| &mut draft.vessel),
            is_listed: false,
        };
        let layout = Layout { elements: vec![(0, 2), (2, usize::from(last))], cells: 2 + usize::from(last) };
        let (before, service) =
            ("TAG+what+was:there+before'", ServiceChars { repetition: Some(b'*'), ..ServiceChars::DEFAULT });
        let bytes = format!("{before}{segment}'").into_bytes();
        let mut values = SegmentValues::new(&bytes, service.release, layout.cells);
        let mut texts = Texts::new(&bytes, Repertoire::Unoa, &store);
        values.divide(&Segment::new(service, 0, before.trim_end_matches('\'').as_bytes()), &layout);
        values.divide(&Segment::new(service, before.len(), &bytes[before.len()..bytes.len() - 1]), &layout);
        let at = StatedAt::segment(Tag(*b"NAD"), 2, 0..segment.len());
        let said = values.text(slot, &mut texts).map(|found| {
            (found.text, found.at(slot, &at).point().element.is_some_and(|element| element.component.is_some()))
        });
        assert_eq!(said, expected);
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
