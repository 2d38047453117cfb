//! The values of one segment by their places, divided once for everything that is read from it.

use std::borrow::Cow;
use std::ops::Range;

use super::place::{Check, Code, Position, Slot};
use super::texts::Texts;
use crate::declaration::draft::{StatedAt, Text};
use crate::edifact::{PieceEnd, Pieces, Segment, Stretch, unrelease};

/// Bytes of a tag: what has a place has one that is well-formed.
const TAG_LENGTH: usize = 3;

/// The values of one segment after the other, as far as their places want something of them. What repeats an element is
/// left out: a guide places first occurrences.
#[derive(Debug)]
pub(super) struct SegmentValues<'a> {
    /// The interchange.
    bytes: &'a [u8],
    release: Option<u8>,
    /// Where the pieces of the message end, and behind them those of segments that nobody has divided before.
    ends: Vec<PieceEnd>,
    /// The byte from which the ends of the segment are counted.
    origin: usize,
    /// The elements of the segment by their positions (0098); what stands at those of no element means nothing.
    elements: Vec<ElementPieces>,
}

/// The pieces of an element, by their places among all; none where the last one is not behind the one before the first.
#[derive(Debug, Clone, Copy, Default)]
struct ElementPieces {
    before: u32,
    last: u32,
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
    /// For an interchange with this release character, if it has one, and places that want nothing of elements from
    /// `unwanted` on.
    pub(super) fn new(bytes: &'a [u8], release: Option<u8>, unwanted: usize) -> Self {
        Self { bytes, release, ends: Vec::new(), origin: 0, elements: vec![ElementPieces::default(); unwanted] }
    }

    /// Goes on to a message that is divided like this.
    pub(super) fn begin(&mut self, pieces: &Pieces) {
        self.ends.clear();
        self.ends.extend_from_slice(pieces.all());
    }

    /// Takes the values of the segment with these pieces of the message in the place of those of the last one, as far as
    /// they stand before the `unwanted` elements; says where the segment lies. Nothing in it repeats an element, and ends
    /// are counted from `origin` on. None where nobody has divided it.
    #[inline]
    pub(super) fn take(&mut self, stretch: Stretch, origin: usize, unwanted: usize) -> Option<Range<usize>> {
        self.origin = origin;
        let (begin, ends) = (stretch.begin(), self.ends.get(stretch.range())?);
        let [tag, pieces @ ..] = ends else { return None };
        let span = origin + tag.end().saturating_sub(TAG_LENGTH)..origin + pieces.last().unwrap_or(tag).end();
        let wanted = self.elements.get_mut(usize::from(Position::FIRST.element)..unwanted).unwrap_or_default();
        let (mut element, mut before) = (0, begin);
        for (piece, last) in pieces.iter().zip(begin + 1..) {
            let Some(room) = wanted.get_mut(element) else { return Some(span) };
            *room = ElementPieces { before, last };
            if piece.ends_element() {
                (element, before) = (element + 1, last);
            }
        }
        // What is not stated is in none of the pieces.
        wanted.iter_mut().skip(element).for_each(|room| *room = ElementPieces::default());
        Some(span)
    }

    /// The same for a segment of which nothing is known yet.
    pub(super) fn divide(&mut self, segment: &Segment<'a>, unwanted: usize) {
        self.origin = segment.span().start;
        let wanted = self.elements.get_mut(usize::from(Position::FIRST.element)..unwanted).unwrap_or_default();
        wanted.fill(ElementPieces::default());
        // The tag ends at the first separator of elements; what else divides it is not for readers of values.
        let (mut wanted, mut open) = (wanted.iter_mut(), None::<&mut ElementPieces>);
        let (service, mut cuts) = (segment.service(), segment.cuts());
        while let Some(piece) = cuts.next() {
            let ends_element = piece.separator != service.component || cuts.is_last(&piece);
            let (Ok(at), Some(end)) = (u32::try_from(self.ends.len()), PieceEnd::unlooked(piece.end, ends_element))
            else {
                break;
            };
            self.ends.push(end);
            // Behind a separator of repetitions comes the same element again.
            if ends_element && let Some(element) = open.take() {
                element.last = at;
            }
            if piece.separator == service.element {
                open = wanted.next();
                open.iter_mut().for_each(|element| element.before = at);
            }
        }
    }

    #[inline]
    fn component(&self, at: Position) -> Component {
        let piece = |element: &ElementPieces| {
            let index = element.before + u32::from(at.component);
            let ends = self.ends.get(..=index as usize).filter(|_| index <= element.last)?;
            let [.., before, piece] = ends else { return None };
            Some(Component {
                start: self.origin + before.end() + 1,
                end: self.origin + piece.end(),
                is_last: piece.ends_element(),
                has_service: piece.has_service(),
            })
        };
        self.elements.get(usize::from(at.element)).and_then(piece).unwrap_or_default()
    }

    /// Shows somebody the code that a component says, without release characters; the empty one when it says nothing.
    #[inline]
    pub(super) fn with_code<T>(&self, at: Position, look: impl FnOnce(&Code<&[u8]>) -> T) -> T {
        let component = self.component(at);
        if component.has_service {
            return look(&Code::of(&self.unreleased(component)));
        }
        let ahead = self.bytes.get(component.start..).unwrap_or_default();
        look(&Code::ahead(ahead, component.end - component.start))
    }

    /// Whether the segment says everything that is asked.
    #[inline]
    pub(super) fn hold(&self, checks: &[Check]) -> bool {
        let holds = |check: &Check| self.with_code(check.at, |said| check.codes.iter().any(|code| code.is(said)));
        checks.iter().all(holds)
    }

    /// The text that stands here, blanks around it taken off; none when nothing does.
    #[inline]
    pub(super) fn text(&self, slot: &Slot, texts: &mut Texts<'a>) -> Option<Found<'a>> {
        let first = self.component(slot.first);
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
        let components = (0..=slot.more).map(|more| self.component(slot.first.and(more)));
        let mut components = components.filter(|component| !component.is_empty());
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
        slot.format_at.map(|at| self.unreleased(self.component(at))).unwrap_or_default()
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
    use crate::edifact::{Interchange, Repertoire, Tag};

    /// What stands at a place, and whether in a composite.
    #[track_caller]
    fn check(segment: &str, components: (u16, u16), expected: Option<(&str, bool)>) {
        let store = TextStore::default();
        let (component, last) = components;
        let first = Position { element: 3, component };
        let slot = &Slot {
            element: 0,
            first,
            more: last - component,
            joined_by: '|',
            format_at: None,
            most: 1,
            format: Format::Text { is_alphabetic: false, least: 1, most: 35 },
            sink: Sink::Text(|draft| &mut draft.vessel),
            is_listed: false,
        };
        let text = format!("UNB+UNOA:4+A+B+261121:2045+1'TAG+what+was:there+before'{segment}'");
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let mut values = SegmentValues::new(interchange.bytes(), Some(b'?'), 4);
        let mut texts = Texts::new(interchange.bytes(), Repertoire::Unoa, &store);
        let mut said = None;
        for segment in interchange.segments().skip(1) {
            values.divide(&segment, 4);
            let at = StatedAt::segment(Tag(*b"NAD"), 2, segment.span());
            said = values.text(slot, &mut texts).map(|found| {
                (found.text, found.at(slot, &at).point().element.is_some_and(|element| element.component.is_some()))
            });
        }
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
