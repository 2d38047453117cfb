//! The quick look at a segment: plainly right, or worth the exact look of [`check_elements`](super::element).
//!
//! Nearly every segment is right, and to see that takes less than to say what is wrong. The quick look never takes a
//! wrong segment for a right one; a right one that is unusual (a repetition, a value from another code list) it leaves to
//! the exact look, which has the last word.

use std::ops::Range;

use super::{
    codes::{Code, Coding},
    spec::{ElementSpec, Representation, SegmentSpec, SegmentTable, ValueKind, ValueSpec},
};
use crate::edifact::{Envelope, Repertoire, Segment, ServiceChars, SyntaxVersion, Value};

/// The elements and values of a [`SegmentTable`], without what only words need. Rows are those of the table.
#[derive(Debug, Clone, Default)]
pub(super) struct QuickRows {
    elements: Vec<QuickElement>,
    values: Vec<QuickValue>,
}

#[derive(Debug, Clone)]
struct QuickElement {
    is_mandatory: bool,
    /// The bits of the components that must be there.
    mandatory: u64,
    values: Range<usize>,
}

#[derive(Debug, Clone, Copy)]
struct QuickValue {
    representation: Representation,
    /// The code list it is held against.
    list: Option<usize>,
}

impl QuickRows {
    pub(super) fn of(elements: &[ElementSpec], values: &[ValueSpec]) -> Self {
        let element = |spec: &ElementSpec| QuickElement {
            is_mandatory: spec.is_mandatory,
            mandatory: spec.mandatory,
            values: spec.values.clone(),
        };
        let value = |spec: &ValueSpec| QuickValue {
            representation: spec.representation,
            list: match spec.coding {
                Coding::Listed(list) => Some(list),
                Coding::Free | Coding::Elsewhere(_) => None,
            },
        };
        Self { elements: elements.iter().map(element).collect(), values: values.iter().map(value).collect() }
    }
}

/// What the quick look must know of the interchange.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quick {
    element: u8,
    /// The decimal marks that are legal; the same one twice where there is but one.
    marks: [u8; 2],
    has_wide_characters: bool,
}

impl Quick {
    pub(super) fn new(service: &ServiceChars, envelope: &Envelope) -> Self {
        let is_syntax_4 = envelope.version == SyntaxVersion::V4;
        Self {
            element: service.element,
            marks: if is_syntax_4 { *b".," } else { [service.decimal_mark; 2] },
            has_wide_characters: envelope.repertoire == Repertoire::Unoy,
        }
    }

    /// Whether everything in the segment is plainly as its definition says.
    pub(super) fn is_right(&self, table: &SegmentTable, spec: &SegmentSpec, segment: &Segment<'_>) -> bool {
        let raw = segment.raw();
        let is_nested = raw.get(3).is_some_and(|byte| *byte != self.element);
        if is_nested || (self.has_wide_characters && !raw.is_ascii()) {
            return false;
        }
        let Some(elements) = table.quick.elements.get(spec.elements.clone()) else { return false };
        let mut look = Look {
            quick: self,
            table,
            ahead: elements,
            position: 1,
            values: &[],
            is_optional: true,
            must: 0,
            present: 0,
        };
        let mut last = None::<Value<'_>>;
        for value in segment.values() {
            // Nothing behind a separator of components is unusual, and wrong in syntax 4.
            let is_next = value.element != look.position;
            if is_next && (last.is_some_and(|last| last.is_empty() && last.component > 1) || !look.next_element()) {
                return false;
            }
            if !look.value(&value) {
                return false;
            }
            last = Some(value);
        }
        let is_trailing = last.is_some_and(|last| last.is_empty());
        !is_trailing && look.is_whole() && look.ahead.iter().all(|element| !element.is_mandatory)
    }

    /// How many characters of a value count for its length, when they are of its kind.
    #[inline]
    fn length(&self, kind: ValueKind, value: &Value<'_>) -> Option<usize> {
        match kind {
            ValueKind::Alphanumeric => Some(value.length()),
            ValueKind::Numeric => self.digits(value.raw),
            ValueKind::Alphabetic => (!value.raw.iter().any(u8::is_ascii_digit)).then(|| value.length()),
        }
    }

    /// How many digits a plain number has: digits, a minus sign in front, a decimal mark between digits.
    fn digits(&self, raw: &[u8]) -> Option<usize> {
        if raw.iter().all(u8::is_ascii_digit) {
            return Some(raw.len());
        }
        let unsigned = raw.strip_prefix(b"-").unwrap_or(raw);
        let mark = unsigned.iter().position(|byte| self.marks.contains(byte))?;
        let (whole, fraction) = (unsigned.get(..mark)?, unsigned.get(mark + 1..)?);
        let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        (is_number(whole) && is_number(fraction)).then_some(whole.len() + fraction.len())
    }
}

/// The look along the elements of one segment.
struct Look<'t> {
    quick: &'t Quick,
    table: &'t SegmentTable,
    /// The elements behind the one that it stands in.
    ahead: &'t [QuickElement],
    /// Of the element that it stands in; the tag's at first.
    position: u16,
    /// Its values.
    values: &'t [QuickValue],
    /// Whether it may be left out.
    is_optional: bool,
    /// The components that must be there when one is, a bit for each.
    must: u64,
    /// The components that are there.
    present: u64,
}

impl<'t> Look<'t> {
    /// Goes on to the next element; false when there is none, or the last one lacks something.
    fn next_element(&mut self) -> bool {
        let is_whole = self.is_whole();
        let Some((element, ahead)) = self.ahead.split_first() else { return false };
        self.position = self.position.saturating_add(1);
        self.ahead = ahead;
        self.values = self.table.quick.values.get(element.values.clone()).unwrap_or_default();
        (self.is_optional, self.must, self.present) = (!element.is_mandatory, element.mandatory, 0);
        is_whole
    }

    fn is_whole(&self) -> bool {
        if self.present == 0 { self.is_optional } else { self.must & !self.present == 0 }
    }

    fn value(&mut self, value: &Value<'_>) -> bool {
        let Some(spec) = self.values.get(usize::from(value.component) - 1).filter(|_| value.occurrence == 1) else {
            return false;
        };
        if value.is_empty() {
            return true;
        }
        self.present |= 1 << (value.component - 1);
        let representation = spec.representation;
        let lengths = usize::from(representation.length_min)..=usize::from(representation.length_max);
        let has_length = self.quick.length(representation.kind, value).is_some_and(|length| lengths.contains(&length));
        has_length && spec.list.is_none_or(|list| self.is_listed(list, value))
    }

    fn is_listed(&self, list: usize, value: &Value<'_>) -> bool {
        let code = Code::read(value.raw.iter().copied());
        self.table.codes.get(list).zip(code).is_some_and(|(list, code)| list.has(code))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::{prop_assert, proptest};

    use super::super::{
        Catalogue, characters::Characters, element::check_elements, findings::Findings, trial::catalogue,
    };
    use super::*;
    use crate::edifact::{Interchange, Place};

    static TABLES: LazyLock<Catalogue> = LazyLock::new(|| {
        catalogue(
            "directory T:1:UN
element 1000 an..5 Text
element 1001 a3    Letters
element 1002 n..3  Number
element 1004 an..3 Coded
element 1131 an..3 List
codes 1004
  AB
  +
elsewhere 1131
composite C100 Both
  M 1000
  C 1002
composite C300 Coded
  C 1004
  C 1131
segment AAA
  M 1000
  C C100
  C 1001
  C 1002
segment BBB
  M C100 x2
  C C300
message TEST
  M UNH
  C AAA x9
  C BBB x9
  M UNT
",
        )
    });

    /// Whether the quick look finds the segment right, and whether the exact look does.
    fn looks(syntax: &str, segment: &str) -> (bool, bool) {
        let text = format!("UNB+{syntax}+A+B+261121:2045+1'{segment}'");
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let (envelope, service) = (&interchange.envelope, interchange.service());
        let table = TABLES.directory(&super::super::DirectoryKey::read("T:1:UN").unwrap()).unwrap();
        // None, when a release character has taken its terminator.
        let Some(segment) = interchange.segments().nth(1) else { return (false, false) };
        let Some(spec) = table.segment(segment.tag()) else { return (false, false) };
        let place = Place::Segment { message: 0, position: 1, element: None };
        let mut findings = Findings::of(place);
        check_elements(&Characters::new(service, envelope), table, spec, &segment, place, &mut findings);
        (Quick::new(service, envelope).is_right(table, spec, &segment), findings.into_vec().is_empty())
    }

    fn check(segment: &str, expected: (bool, bool)) {
        assert_eq!(looks("UNOC:3", segment), expected, "{segment}");
    }

    #[test]
    fn what_is_common_and_right_is_seen_at_once() {
        check("AAA+x", (true, true));
        check("AAA+?+?+?+?+?++xy:12+ABC+-1.50", (true, true));
        check("AAA+x++ABC", (true, true));
        check("BBB+x:1+AB:X", (true, true));
    }

    #[test]
    fn what_is_unusual_and_right_is_left_to_the_exact_look() {
        check("BBB+x+XY:ZZZ", (false, true));
        check("BBB+x+?+", (false, true));
        check("AAA+x++", (false, true));
    }

    #[test]
    fn what_is_wrong_is_never_right() {
        for segment in [
            "AAA",
            "AAA+",
            "AAA++x",
            "AAA+123456",
            "AAA+x+:1",
            "AAA+x++AB",
            "AAA+x++AB1",
            "AAA+x+++1234",
            "AAA+x+++1.",
            "AAA+x+++.5",
            "AAA+x+++1,5",
            "AAA+x+++1-",
            "AAA+x+++--1",
            "AAA+x+++1+y",
            "AAA:1+x",
            "BBB",
            "BBB+x+AC",
            "AAA+x:y",
        ] {
            check(segment, (false, false));
        }
        assert_eq!(looks("UNOC:4", "AAA+x++"), (false, false));
        assert_eq!(looks("UNOC:4", "BBB+x*y*z"), (false, false));
    }

    proptest! {
        #[test]
        fn whatever_is_plainly_right_is_right(segment in "(AAA|BBB)([-+:*?.,x1é]|[ABC]{3}|\\+|AB|12){0,20}") {
            for syntax in ["UNOC:3", "UNOY:4", "UNOA:1"] {
                let (quick, exact) = looks(syntax, &segment);
                prop_assert!(!quick || exact, "{segment} in {syntax}");
            }
        }
    }
}
