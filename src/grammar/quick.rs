//! The quick look at a segment: plainly right, or worth the exact look of [`check_elements`](super::element).
//!
//! Nearly every segment is right, and to see that takes less than to say what is wrong. The quick look never takes a
//! wrong segment for a right one; a right one that is unusual (a repetition, a value from another code list) it leaves to
//! the exact look, which has the last word.

use super::{
    codes::{Code, Coding},
    spec::{ElementSpec, Representation, SegmentSpec, SegmentTable, ValueKind, ValueSpec},
};
use crate::edifact::{Cuts, Envelope, Piece, Repertoire, Segment, ServiceChars, SyntaxVersion};

/// An element of a segment, without what only words need.
#[derive(Debug, Clone)]
pub(super) struct QuickElement {
    is_mandatory: bool,
    /// The bits of the components that must be there when one is.
    mandatory: u64,
    values: Box<[QuickValue]>,
}

#[derive(Debug, Clone, Copy)]
struct QuickValue {
    kind: ValueKind,
    /// Fewest characters, and how many more there may be.
    length: (u16, u16),
    /// The code list it is held against.
    list: Option<u32>,
}

impl QuickElement {
    pub(super) fn of(element: &ElementSpec, values: &[ValueSpec]) -> Self {
        let value = |spec: &ValueSpec| {
            let Representation { kind, length_min, length_max } = spec.representation;
            let list = match spec.coding {
                // A list whose number is too high to be kept is not found, and the exact look decides.
                Coding::Listed(list) => Some(u32::try_from(list).unwrap_or(u32::MAX)),
                Coding::Free | Coding::Elsewhere(_) => None,
            };
            QuickValue { kind, length: (length_min, length_max.saturating_sub(length_min)), list }
        };
        Self {
            is_mandatory: element.is_mandatory,
            mandatory: element.mandatory,
            values: values.iter().map(value).collect(),
        }
    }
}

/// What the quick look must know of the interchange.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quick {
    element: u8,
    component: u8,
    release: Option<u8>,
    /// The decimal marks that are legal; the same one twice where there is but one.
    marks: [u8; 2],
    has_wide_characters: bool,
}

/// What the look at an element has come to.
enum Seen {
    /// Another element follows.
    Element,
    /// The segment ends here.
    End,
    /// It is not plainly right.
    Unusual,
}

impl Quick {
    pub(super) fn new(service: &ServiceChars, envelope: &Envelope) -> Self {
        let is_syntax_4 = envelope.version == SyntaxVersion::V4;
        Self {
            element: service.element,
            component: service.component,
            release: service.release,
            marks: if is_syntax_4 { *b".," } else { [service.decimal_mark; 2] },
            has_wide_characters: envelope.repertoire == Repertoire::Unoy,
        }
    }

    /// Whether everything in the segment is plainly as its definition says.
    pub(super) fn is_right(&self, table: &SegmentTable, spec: &SegmentSpec, segment: &Segment<'_>) -> bool {
        if self.has_wide_characters && !segment.raw().is_ascii() {
            return false;
        }
        let mut elements = spec.quick.iter();
        let mut cuts = segment.cuts();
        let mut seen = cuts.next().map_or(Seen::Unusual, |tag| self.behind(&tag, &cuts));
        while let Seen::Element = seen {
            let Some(element) = elements.next() else { return false };
            seen = self.look_at(element, table, &mut cuts);
        }
        matches!(seen, Seen::End) && !elements.any(|element| element.is_mandatory)
    }

    /// What stands behind the last piece of an element, or behind the tag.
    #[inline]
    fn behind(&self, piece: &Piece, cuts: &Cuts<'_>) -> Seen {
        match piece.separator {
            _ if cuts.is_last(piece) => Seen::End,
            separator if separator == self.element => Seen::Element,
            _ => Seen::Unusual,
        }
    }

    #[inline]
    fn look_at(&self, element: &QuickElement, table: &SegmentTable, cuts: &mut Cuts<'_>) -> Seen {
        let (mut present, mut component) = (0u64, 1u64);
        for spec in &element.values {
            let Some(cut) = cuts.next() else { break };
            if !cut.is_empty() {
                if !self.fits(spec, table, &cut, cuts) {
                    break;
                }
                present |= component;
            }
            if cut.separator == self.component && !cuts.is_last(&cut) {
                component <<= 1;
                continue;
            }
            let is_whole = if present == 0 { !element.is_mandatory } else { element.mandatory & !present == 0 };
            // Nothing behind a separator is unusual, and wrong in syntax 4.
            let is_trailing = cut.is_empty() && (component > 1 || cuts.is_last(&cut));
            return if is_whole && !is_trailing { self.behind(&cut, cuts) } else { Seen::Unusual };
        }
        Seen::Unusual
    }

    /// Whether a value is plainly of the kind and length that it must be, and in its list.
    #[inline]
    fn fits(&self, spec: &QuickValue, table: &SegmentTable, piece: &Piece, cuts: &Cuts<'_>) -> bool {
        if cuts.has_release() && self.release.is_some_and(|release| cuts.bytes(piece).contains(&release)) {
            return self.fits_released(spec, cuts.bytes(piece));
        }
        let length = match spec.kind {
            ValueKind::Alphanumeric => piece.end - piece.start,
            ValueKind::Numeric => self.digits(cuts.bytes(piece)).unwrap_or_default(),
            ValueKind::Alphabetic if cuts.bytes(piece).iter().any(u8::is_ascii_digit) => 0,
            ValueKind::Alphabetic => piece.end - piece.start,
        };
        let (fewest, more) = spec.length;
        let has_length = length > 0 && length.wrapping_sub(usize::from(fewest)) <= usize::from(more);
        has_length && spec.list.is_none_or(|list| is_listed(table, list, cuts.bytes(piece)))
    }

    /// The same for a value with released characters, where it is neither a number nor a code.
    fn fits_released(&self, spec: &QuickValue, raw: &[u8]) -> bool {
        let (mut length, mut bytes) = (0, raw.iter());
        while let Some(byte) = bytes.next() {
            if Some(*byte) == self.release {
                bytes.next();
            }
            length += 1;
        }
        let (fewest, more) = spec.length;
        spec.kind == ValueKind::Alphanumeric
            && spec.list.is_none()
            && (usize::from(fewest)..=usize::from(fewest) + usize::from(more)).contains(&length)
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

fn is_listed(table: &SegmentTable, list: u32, raw: &[u8]) -> bool {
    let code = Code::read(raw.iter().copied());
    table.codes.get(list as usize).zip(code).is_some_and(|(list, code)| list.has(code))
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
