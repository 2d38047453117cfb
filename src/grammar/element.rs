//! The elements of one segment against its definition: how many, which must be there, and what their values are made of.
//!
//! One pass over the bytes of a segment finds separators, lengths and kinds of characters together; a value is looked
//! at again only when it is a number with more than digits in it.

use std::ops::Range;

use super::{
    findings::Findings,
    matching::times,
    spec::{ElementSpec, SegmentSpec, SegmentTable, ValueKind, ValueSpec},
};
use crate::edifact::{ElementPlace, Envelope, Place, Repertoire, Segment, ServiceChars, SyntaxError, SyntaxVersion};

// What a byte is, in a value. The first four and OTHER are kinds of characters.
const DIGIT: u8 = 1;
const MINUS: u8 = 2;
const MARK: u8 = 4;
const WRONG_MARK: u8 = 8;
const OTHER: u8 = 16;
/// A service character.
const SERVICE: u8 = 32;
/// The second or a later byte of a character of UTF-8: it does not count.
const CONTINUED: u8 = 64;

/// What the bytes of one interchange mean: its service characters, repertoire and syntax version in one table.
#[derive(Debug)]
pub(super) struct Characters {
    classes: [u8; 256],
    service: ServiceChars,
    is_syntax_4: bool,
}

impl Characters {
    pub(super) fn new(service: &ServiceChars, envelope: &Envelope) -> Self {
        let is_syntax_4 = envelope.version == SyntaxVersion::V4;
        let mut classes = [OTHER; 256];
        for (byte, class) in (0..=u8::MAX).zip(&mut classes) {
            *class = match byte {
                b'0'..=b'9' => DIGIT,
                b'-' => MINUS,
                // Syntax 4 takes either mark, whatever UNA says (ISO 9735-1:2002, 10.1).
                b'.' | b',' if is_syntax_4 || byte == service.decimal_mark => MARK,
                b'.' | b',' => WRONG_MARK,
                0x80..=0xbf if envelope.repertoire == Repertoire::Unoy => OTHER | CONTINUED,
                _ => OTHER,
            };
            let separators = [Some(service.component), Some(service.element), service.release, service.repetition];
            if separators.contains(&Some(byte)) {
                *class |= SERVICE;
            }
        }
        Self { classes, service: *service, is_syntax_4 }
    }

    fn class(&self, byte: u8) -> u8 {
        self.classes.get(usize::from(byte)).copied().unwrap_or(OTHER)
    }

    /// `value = *( character / release-character character )`, from here to the next separator or the end.
    #[inline]
    fn value(&self, raw: &[u8], start: usize) -> Value {
        let (mut end, mut length, mut kinds) = (start, 0u32, 0u8);
        let ending = loop {
            let Some(&byte) = raw.get(end) else { break Ending::Segment };
            let mut class = self.class(byte);
            if class & SERVICE != 0 {
                if Some(byte) != self.service.release {
                    break self.ending(byte);
                }
                // At the very end a release character releases nothing and stands for itself.
                if let Some(&released) = raw.get(end + 1) {
                    end += 1;
                    class = self.class(released);
                }
            }
            kinds |= class;
            length += u32::from(class & CONTINUED == 0);
            end += 1;
        };
        Value { start, end, length, kinds, ending }
    }

    fn ending(&self, byte: u8) -> Ending {
        if byte == self.service.component {
            Ending::Component
        } else if byte == self.service.element {
            Ending::Element
        } else {
            Ending::Repetition
        }
    }
}

/// What stands behind a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Component,
    Repetition,
    Element,
    Segment,
}

/// One value in the bytes of its segment.
#[derive(Debug, Clone, Copy)]
struct Value {
    start: usize,
    end: usize,
    /// In characters, release characters left out.
    length: u32,
    /// The kinds of its characters.
    kinds: u8,
    ending: Ending,
}

impl Value {
    fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// Checks the elements of a segment. Findings stand at `place`, or at the element in it.
pub(super) fn check_elements(
    characters: &Characters,
    table: &SegmentTable,
    spec: &SegmentSpec,
    segment: &Segment<'_>,
    place: Place,
    findings: &mut Findings,
) {
    let (raw, offset) = (segment.raw(), segment.span().start);
    Check { characters, table, spec, raw, offset, place, findings, has_trailing: false }.segment();
}

struct Check<'a> {
    characters: &'a Characters,
    table: &'a SegmentTable,
    spec: &'a SegmentSpec,
    raw: &'a [u8],
    /// Of the segment in the interchange.
    offset: usize,
    place: Place,
    findings: &'a mut Findings,
    /// A separator stands somewhere with nothing after it.
    has_trailing: bool,
}

impl Check<'_> {
    fn segment(mut self) {
        let elements = self.table.elements(self.spec);
        let mut last = self.tag();
        let (mut position, mut has_excess) = (1u16, false);
        while last.ending == Ending::Element {
            position = position.saturating_add(1);
            let start = last.end + 1;
            match elements.get(usize::from(position) - 2) {
                Some(element) => last = self.element(element, position, start),
                None => {
                    let before = last;
                    last = self.excess(start);
                    has_excess |= last.end > before.end + 1;
                }
            }
        }
        self.has_trailing |=
            position > 1 && last.is_empty() && self.raw.last() == Some(&self.characters.service.element);
        for (element, position) in elements.iter().zip(2u16..).skip(usize::from(position) - 1) {
            if element.is_mandatory {
                let end = self.raw.len();
                self.report_missing(element, position, end..end);
            }
        }
        let whole = 0..self.raw.len();
        if has_excess {
            let (tag, max) = (self.spec.tag, elements.len());
            self.report(SyntaxError::TooManyConstituents, None, whole.clone(), || {
                format!("{tag} has {max} data elements")
            });
        }
        if self.has_trailing && self.characters.is_syntax_4 {
            let tag = self.spec.tag;
            self.report(SyntaxError::TrailingSeparator, None, whole, || {
                format!("{tag} has a separator with nothing behind it; syntax 4 leaves it out")
            });
        }
    }

    /// The tag; components behind it are explicit nesting.
    fn tag(&mut self) -> Value {
        let mut last = self.characters.value(self.raw, 0);
        let is_nested = last.ending == Ending::Component;
        while matches!(last.ending, Ending::Component | Ending::Repetition) {
            last = self.characters.value(self.raw, last.end + 1);
        }
        if is_nested {
            self.report(SyntaxError::NestingIndicator, None, 0..last.end, || {
                "nesting is implicit here: nothing stands behind the tag".to_owned()
            });
        }
        last
    }

    /// One element with its repetitions; returns its last value.
    fn element(&mut self, element: &ElementSpec, position: u16, start: usize) -> Value {
        let mut occurrence = 1u32;
        let (mut last, mut has_content) = self.repetition(
            element,
            ElementPlace { element: position, component: None, occurrence: self.occurrence(1) },
            start,
        );
        while last.ending == Ending::Repetition {
            occurrence = occurrence.saturating_add(1);
            let place = ElementPlace { element: position, component: None, occurrence: self.occurrence(occurrence) };
            let from = last.end + 1;
            let is_full;
            (last, is_full) = self.repetition(element, place, from);
            has_content |= is_full;
            self.has_trailing |= !is_full && last.ending != Ending::Repetition;
            if is_full && occurrence == element.repetitions_max.saturating_add(1) {
                let max = element.repetitions_max;
                self.report(SyntaxError::TooManyRepetitions, Some(place), from..last.end, || {
                    format!("{} may stand here {}", named(&element.name, element.id.as_str()), times(max))
                });
            }
        }
        if !has_content && element.is_mandatory {
            self.report_missing(element, position, start..last.end);
        }
        last
    }

    /// One repetition of an element; returns its last value, and whether anything stands in it.
    fn repetition(&mut self, element: &ElementSpec, place: ElementPlace, start: usize) -> (Value, bool) {
        let table = self.table;
        let values = table.values(element);
        let is_composite = element.id.is_composite();
        let (mut present, mut has_excess, mut component) = (0u64, false, 0u16);
        let mut from = start;
        let last = loop {
            let value = self.characters.value(self.raw, from);
            component = component.saturating_add(1);
            if !value.is_empty() {
                match values.get(usize::from(component) - 1) {
                    Some(spec) => {
                        present |= 1 << (component - 1);
                        let component = is_composite.then_some(component);
                        self.value(spec, ElementPlace { component, ..place }, &value);
                    }
                    None => has_excess = true,
                }
            }
            if value.ending != Ending::Component {
                break value;
            }
            from = value.end + 1;
        };
        self.has_trailing |= component > 1 && last.is_empty();
        if has_excess {
            let max = values.len();
            self.report(SyntaxError::TooManyConstituents, Some(place), start..last.end, || {
                let name = named(&element.name, element.id.as_str());
                if is_composite { format!("{name} has {max} components") } else { format!("{name} has no components") }
            });
        }
        if present != 0 && element.mandatory & !present != 0 {
            self.report_missing_components(element, place, present, start..last.end);
        }
        (last, present != 0 || has_excess)
    }

    /// An element behind the last that is defined.
    fn excess(&self, start: usize) -> Value {
        let mut value = self.characters.value(self.raw, start);
        let mut is_empty = value.is_empty();
        while matches!(value.ending, Ending::Component | Ending::Repetition) {
            value = self.characters.value(self.raw, value.end + 1);
            is_empty &= value.is_empty();
        }
        Value { start: if is_empty { value.end } else { start }, ..value }
    }

    #[inline]
    fn value(&mut self, spec: &ValueSpec, place: ElementPlace, value: &Value) {
        let representation = spec.representation;
        let mut length = value.length;
        match representation.kind {
            ValueKind::Alphanumeric => {}
            ValueKind::Numeric if value.kinds & !SERVICE == DIGIT => {}
            ValueKind::Numeric => length = self.number(spec, place, value),
            ValueKind::Alphabetic => {
                if value.kinds & DIGIT != 0 {
                    self.report_value(SyntaxError::InvalidCharacterType, spec, place, value, "has no digits");
                }
            }
        }
        let (min, max) = (u32::from(representation.length_min), u32::from(representation.length_max));
        if length > max || length < min {
            let error = if length > max { SyntaxError::TooLong } else { SyntaxError::TooShort };
            self.report(error, Some(place), value.start..value.end, || {
                let unit = if representation.kind == ValueKind::Numeric { "digits" } else { "characters" };
                format!("{} is {representation}; {length} {unit} stand here", named(&spec.name, spec.id.as_str()))
            });
        }
    }

    /// A number with more in it than digits (ISO 9735, clause on numeric data elements); returns how many of its
    /// characters count for its length.
    fn number(&mut self, spec: &ValueSpec, place: ElementPlace, value: &Value) -> u32 {
        let number = Number::read(self.characters, self.raw.get(value.start..value.end).unwrap_or_default());
        let is_older = !self.characters.is_syntax_4;
        let mistake = if number.is_broken {
            Some((
                SyntaxError::InvalidCharacterType,
                "is a number: digits, a minus sign in front, a decimal mark inside",
            ))
        } else if number.has_wrong_mark {
            Some((SyntaxError::InvalidDecimalNotation, "has another decimal mark than UNA names"))
        } else if number.has_mark && !number.has_digit_before && is_older {
            Some((SyntaxError::MissingDigit, "needs a digit in front of the decimal mark"))
        } else if number.has_mark && !number.has_digit_after {
            Some((SyntaxError::InvalidCharacterType, "needs a digit behind the decimal mark"))
        } else {
            None
        };
        if let Some((error, what)) = mistake {
            self.report_value(error, spec, place, value, what);
        }
        number.length
    }

    fn occurrence(&self, occurrence: u32) -> Option<u32> {
        self.characters.service.repetition.map(|_| occurrence)
    }

    /// Reports at an element of the segment, or at the segment itself. The span counts from the segment's first byte.
    fn report(
        &mut self,
        error: SyntaxError,
        element: Option<ElementPlace>,
        span: Range<usize>,
        detail: impl FnOnce() -> String,
    ) {
        let place = element.map_or(self.place, |element| self.place.with_element(element));
        self.findings.push(error, place, self.offset + span.start..self.offset + span.end, detail);
    }

    fn report_value(&mut self, error: SyntaxError, spec: &ValueSpec, place: ElementPlace, value: &Value, what: &str) {
        self.report(error, Some(place), value.start..value.end, || {
            format!("{} {what}", named(&spec.name, spec.id.as_str()))
        });
    }

    fn report_missing(&mut self, element: &ElementSpec, position: u16, span: Range<usize>) {
        let tag = self.spec.tag;
        self.report(SyntaxError::Missing, Some(ElementPlace::element(position)), span, || {
            format!("{} is mandatory in {tag}", named(&element.name, element.id.as_str()))
        });
    }

    fn report_missing_components(
        &mut self,
        element: &ElementSpec,
        place: ElementPlace,
        present: u64,
        span: Range<usize>,
    ) {
        let table = self.table;
        for (spec, component) in table.values(element).iter().zip(1u16..) {
            if element.mandatory & !present & (1 << (component - 1)) != 0 {
                let place = ElementPlace { component: Some(component), ..place };
                self.report(SyntaxError::Missing, Some(place), span.clone(), || {
                    let composite = named(&element.name, element.id.as_str());
                    format!("{} is mandatory in {composite}", named(&spec.name, spec.id.as_str()))
                });
            }
        }
    }
}

/// What a numeric value is made of.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a clause of the standard that may be broken")]
struct Number {
    /// Something stands in it, or stands there in an order, that no number has.
    is_broken: bool,
    has_wrong_mark: bool,
    has_mark: bool,
    has_digit_before: bool,
    has_digit_after: bool,
    /// Everything but signs and marks.
    length: u32,
}

impl Number {
    fn read(characters: &Characters, raw: &[u8]) -> Self {
        let mut number = Self::default();
        let mut bytes = raw.iter();
        let mut is_first = true;
        while let Some(&byte) = bytes.next() {
            let is_release = Some(byte) == characters.service.release;
            let byte = if is_release { bytes.next().copied().unwrap_or(byte) } else { byte };
            let class = characters.class(byte);
            match class & !SERVICE {
                DIGIT if number.has_mark => number.has_digit_after = true,
                DIGIT => number.has_digit_before = true,
                MINUS => number.is_broken |= !is_first,
                MARK | WRONG_MARK => {
                    number.is_broken |= number.has_mark;
                    number.has_mark = true;
                    number.has_wrong_mark |= class & WRONG_MARK != 0;
                }
                _ => number.is_broken = true,
            }
            let counts = class & (MINUS | MARK | WRONG_MARK | CONTINUED) == 0;
            number.length += u32::from(counts);
            is_first = false;
        }
        number.is_broken |= !number.has_digit_before && !number.has_digit_after;
        number
    }
}

/// A data element as people call it: its name and its number.
fn named(name: &str, id: &str) -> String {
    if name.is_empty() { id.to_owned() } else { format!("{name} ({id})") }
}
