//! The quick look at a segment: plainly right, or worth the exact look of [`check_elements`](super::element).
//!
//! Nearly every segment is right, and to see that takes less than to say what is wrong. The quick look never takes a
//! wrong segment for a right one; a right one that is unusual (a repetition, a value from another code list) it leaves to
//! the exact look, which has the last word.
//!
//! Of most values nothing is asked but how long they are; and what an element may lack is worked out beforehand.

use std::sync::Arc;

use super::{
    codes::{Code, CodeList, CodeSet, Coding},
    spec::{ElementSpec, Representation, ValueKind, ValueSpec},
};
use crate::edifact::{
    Divider, Envelope, PieceEnd, Pieces, Repertoire, Segment, ServiceChars, Stretch, SyntaxVersion, no_digits,
};

/// A segment without what only words need.
#[derive(Debug, Clone)]
pub(super) struct QuickSegment {
    /// Of all elements, one behind the other.
    values: Vec<QuickValue>,
    /// The code lists that they are held against.
    lists: Vec<Arc<CodeSet>>,
    /// Whether some element must be there.
    is_mandatory: bool,
}

#[derive(Debug, Clone, Copy)]
struct QuickValue {
    /// Fewest characters, and how many more there may be.
    length: (u16, u16),
    /// The first value of the next element.
    next: u16,
    /// The code list it is held against, of those of the segment.
    list: Option<u16>,
    kind: ValueKind,
    /// Whether its length is all that is asked of it.
    is_plain: bool,
    /// Whether it is another component than the first.
    is_further: bool,
    /// What is the case with its element when nothing stands here.
    when_empty: u8,
    /// What must not be the case when its element ends here, a bit for each.
    forbidden: u8,
    /// Whether an element behind its own must be there.
    is_more_mandatory: bool,
}

/// Something stands in the element.
const HAS_CONTENT: u8 = 1;
/// A component was left out that must be there when one is.
const LACKS: u8 = 2;

impl QuickSegment {
    /// The segment with these elements, each with its values; `codes` are the code lists of its table.
    pub(super) fn of(elements: &[(&ElementSpec, &[ValueSpec])], codes: &[CodeList]) -> Self {
        let is_mandatory = |elements: &[(&ElementSpec, _)]| elements.iter().any(|(element, _)| element.is_mandatory);
        let mut quick = Self { values: Vec::new(), lists: Vec::new(), is_mandatory: is_mandatory(elements) };
        let mut behind = elements;
        while let Some(((element, values), rest)) = behind.split_first() {
            if quick.add(element, values, is_mandatory(rest), codes).is_none() {
                break;
            }
            behind = rest;
        }
        quick
    }

    /// Adds an element; none where it cannot be kept. What is not kept is not found, and the exact look decides.
    fn add(
        &mut self,
        element: &ElementSpec,
        values: &[ValueSpec],
        is_more_mandatory: bool,
        codes: &[CodeList],
    ) -> Option<()> {
        let next = u16::try_from(self.values.len() + values.len()).ok().filter(|_| !values.is_empty())?;
        for (spec, index) in values.iter().zip(0..) {
            let list = match spec.coding {
                Coding::Listed(list) => {
                    self.lists.push(Arc::clone(codes.get(list)?.set()));
                    Some(u16::try_from(self.lists.len() - 1).ok()?)
                }
                Coding::Free | Coding::Elsewhere(_) => None,
            };
            self.values.push(QuickValue { list, next, is_more_mandatory, ..QuickValue::of(element, spec, index)? });
        }
        Some(())
    }
}

impl QuickValue {
    /// The value that is this component of the element, counted from 0.
    fn of(element: &ElementSpec, spec: &ValueSpec, index: u32) -> Option<Self> {
        let Representation { kind, length_min, length_max } = spec.representation;
        let bit = 1u64.checked_shl(index)?;
        let lacks_more = element.mandatory & !(bit | (bit - 1)) != 0;
        let is_forbidden = |case| match case {
            HAS_CONTENT => lacks_more,
            _ if case & HAS_CONTENT != 0 => true,
            _ => element.is_mandatory,
        };
        Some(Self {
            length: (length_min, length_max.saturating_sub(length_min)),
            next: 0,
            list: None,
            kind,
            is_plain: kind == ValueKind::Alphanumeric && !matches!(spec.coding, Coding::Listed(_)),
            is_further: index > 0,
            when_empty: if element.mandatory & bit != 0 { LACKS } else { 0 },
            forbidden: (0..=HAS_CONTENT | LACKS)
                .filter(|case| is_forbidden(*case))
                .fold(0, |all, case| all | 1 << case),
            is_more_mandatory: false,
        })
    }

    #[inline]
    fn has_length(&self, length: usize) -> bool {
        let (fewest, more) = self.length;
        length.wrapping_sub(usize::from(fewest)) <= usize::from(more)
    }
}

/// What the quick look must know of the interchange.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quick {
    divider: Divider,
    release: Option<u8>,
    repetition: Option<u8>,
    /// The decimal marks that are legal; the same one twice where there is but one.
    marks: [u8; 2],
    has_wide_characters: bool,
}

impl Quick {
    pub(super) fn new(service: &ServiceChars, envelope: &Envelope) -> Self {
        let is_syntax_4 = envelope.version == SyntaxVersion::V4;
        Self {
            divider: Divider::new(service),
            release: service.release,
            repetition: service.repetition,
            marks: if is_syntax_4 { *b".," } else { [service.decimal_mark; 2] },
            has_wide_characters: envelope.repertoire == Repertoire::Unoy,
        }
    }

    /// What divides the segments of the interchange.
    pub(super) fn divider(&self) -> &Divider {
        &self.divider
    }

    /// The pieces of the segment, when everything in it is plainly as its definition says.
    ///
    /// They are looked for in `pieces` from `next` on, which then goes on behind them.
    #[inline(always)]
    pub(super) fn look_at(
        &self,
        definition: &QuickSegment,
        segment: &Segment<'_>,
        pieces: &Pieces,
        next: &mut usize,
    ) -> Option<Stretch> {
        if self.has_wide_characters && !segment.raw().is_ascii() {
            return None;
        }
        let begin = segment.span().start.checked_sub(pieces.origin())?;
        // Whoever was not looked at has left his pieces, and line breaks that end segments are there too.
        while pieces.from(*next).first()?.end() < begin {
            *next += 1;
        }
        let look = Look { quick: self, definition, begin, ahead: segment.ahead() };
        let count = look.count(pieces.from(*next), begin + segment.length())?;
        let stretch = Stretch::of(*next, count)?;
        *next += count;
        Some(stretch)
    }

    /// How many digits a plain number has: digits, a minus sign in front, a decimal mark between digits. More bytes than
    /// its own are `ahead`.
    fn digits(&self, ahead: &[u8], raw: &[u8]) -> Option<usize> {
        let is_mark = |at: usize| raw.get(at).is_some_and(|byte| self.marks.contains(byte));
        match no_digits(ahead, raw.len()) {
            Some(0) => return Some(raw.len()),
            Some(mark) if mark.is_power_of_two() && mark > 1 => {
                let mark = mark.trailing_zeros() as usize;
                return (is_mark(mark) && mark + 1 < raw.len()).then_some(raw.len() - 1);
            }
            _ => {}
        }
        let unsigned = raw.strip_prefix(b"-").unwrap_or(raw);
        if unsigned.iter().all(u8::is_ascii_digit) {
            return (unsigned.len() == raw.len()).then_some(raw.len());
        }
        let mark = unsigned.iter().position(|byte| self.marks.contains(byte))?;
        let (whole, fraction) = (unsigned.get(..mark)?, unsigned.get(mark + 1..)?);
        let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        (is_number(whole) && is_number(fraction)).then_some(whole.len() + fraction.len())
    }
}

/// The look at one segment.
struct Look<'a> {
    quick: &'a Quick,
    definition: &'a QuickSegment,
    /// Where it begins, counted as its pieces are.
    begin: usize,
    /// From there on, beyond its end.
    ahead: &'a [u8],
}

impl Look<'_> {
    /// How many of these pieces are those of the segment, which ends at `end`, when it is right.
    #[inline(never)]
    fn count(&self, pieces: &[PieceEnd], end: usize) -> Option<usize> {
        let values = self.definition.values.as_slice();
        let mut rest = pieces.iter();
        let tag = rest.next().filter(|tag| tag.ends_element() && !tag.has_service())?;
        let (mut begin, mut at, mut case) = (tag.end() + 1, 0, 0);
        let mut is_more_mandatory = self.definition.is_mandatory;
        while begin <= end {
            let (piece, value) = (rest.next()?, values.get(at)?);
            if piece.end() == begin {
                // Nothing behind a separator is unusual, and wrong in syntax 4.
                if begin == end || (value.is_further && piece.ends_element()) {
                    return None;
                }
                case |= u32::from(value.when_empty);
            } else {
                let is_plain = value.is_plain && !piece.has_service();
                let has_length = is_plain && value.has_length(piece.end() - begin);
                if !has_length && (is_plain || !self.fits(value, begin, *piece)) {
                    return None;
                }
                case |= u32::from(HAS_CONTENT);
            }
            if piece.ends_element() {
                if u32::from(value.forbidden) >> case & 1 != 0 {
                    return None;
                }
                (at, case) = (usize::from(value.next), 0);
            } else {
                at += 1;
                if at == usize::from(value.next) {
                    return None;
                }
            }
            is_more_mandatory = value.is_more_mandatory;
            begin = piece.end() + 1;
        }
        (begin == end + 1 && !is_more_mandatory).then(|| pieces.len() - rest.len())
    }

    /// Whether a value of which more is asked than its length is plainly of the kind and length that it must be, and in its list.
    #[cold]
    fn fits(&self, value: &QuickValue, begin: usize, piece: PieceEnd) -> bool {
        let ahead = self.ahead.get(begin - self.begin..).unwrap_or_default();
        let raw = ahead.get(..piece.end() - begin).unwrap_or_default();
        if piece.has_service() {
            return self.fits_released(value, raw);
        }
        let length = match value.kind {
            ValueKind::Numeric => self.quick.digits(ahead, raw).unwrap_or_default(),
            ValueKind::Alphabetic if raw.iter().any(u8::is_ascii_digit) => 0,
            ValueKind::Alphabetic | ValueKind::Alphanumeric => raw.len(),
        };
        length > 0 && value.has_length(length) && value.list.is_none_or(|list| self.is_listed(list, raw))
    }

    /// The same for a value with released characters, where it is neither repeated nor a number nor a code.
    fn fits_released(&self, value: &QuickValue, raw: &[u8]) -> bool {
        let (mut length, mut bytes) = (0, raw.iter());
        while let Some(byte) = bytes.next() {
            if Some(*byte) == self.quick.release {
                bytes.next();
            } else if Some(*byte) == self.quick.repetition {
                return false;
            }
            length += 1;
        }
        value.is_plain && value.has_length(length)
    }

    fn is_listed(&self, list: u16, raw: &[u8]) -> bool {
        let code = Code::read(raw.iter().copied());
        self.definition.lists.get(usize::from(list)).zip(code).is_some_and(|(list, code)| list.has(code))
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

    /// Whether the quick look finds the segment right, and whether the exact look does; `behind` stands behind it.
    fn looks(syntax: &str, segment: &str, behind: &str) -> (bool, bool) {
        let text = format!("UNB+{syntax}+A+B+261121:2045+1'{segment}'{behind}");
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let (envelope, service) = (&interchange.envelope, interchange.service());
        let table = TABLES.directory(&super::super::DirectoryKey::read("T:1:UN").unwrap()).unwrap();
        // None, when a release character has taken its terminator.
        let Some(segment) = interchange.segments().nth(1) else { return (false, false) };
        let Some(spec) = table.segment(segment.tag()) else { return (false, false) };
        let place = Place::Segment { message: 0, position: 1, element: None };
        let mut findings = Findings::of(place);
        check_elements(&Characters::new(service, envelope), table, spec, &segment, place, &mut findings);
        let pieces = &mut Pieces::default();
        let quick = Quick::new(service, envelope);
        pieces.divide(quick.divider(), &segment, &segment);
        let quick = quick.look_at(&spec.quick, &segment, pieces, &mut 0);
        (quick.is_some(), findings.into_vec().is_empty())
    }

    /// What stands behind a segment: enough to look at its last value in one go, or nothing.
    const BEHIND: [&str; 2] = ["BBB+x'UNT+4+1'UNZ+1+1'", ""];

    #[track_caller]
    fn check_in(syntax: &str, segment: &str, expected: (bool, bool)) {
        for behind in BEHIND {
            assert_eq!(looks(syntax, segment, behind), expected, "{segment}, {behind:?} behind it");
        }
    }

    #[track_caller]
    fn check(segment: &str, expected: (bool, bool)) {
        check_in("UNOC:3", segment, expected);
    }

    #[test]
    fn what_is_common_and_right_is_seen_at_once() {
        check("AAA+x", (true, true));
        check("AAA+?+?+?+?+?++xy:12+ABC+-1.50", (true, true));
        check("AAA+x++ABC", (true, true));
        check("AAA+a?+b", (true, true));
        for number in ["12", "1.5", "1.50", "12.3", "-1.5", "-12.3"] {
            check(&format!("AAA+x+++{number}"), (true, true));
        }
        check("BBB+x:1+AB:X", (true, true));
        check("BBB+x+:X", (true, true));
        check("AAA+é", (true, true));
        check_in("UNOY:4", "AAA+x", (true, true));
    }

    #[test]
    fn what_is_unusual_and_right_is_left_to_the_exact_look() {
        check("BBB+x+XY:ZZZ", (false, true));
        check("BBB+x+?+", (false, true));
        check("AAA+x++", (false, true));
        check("AAA+x+++-12", (false, true));
        check_in("UNOC:4", "BBB+x*y", (false, true));
        check_in("UNOC:4", "AAA*B+x", (false, true));
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
            "AAA+x+++1.234",
            "AAA+x+++-1.234",
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
        check_in("UNOC:4", "AAA+x++", (false, false));
        check_in("UNOC:4", "BBB+x*y*z", (false, false));
        check_in("UNOC:4", "AAA+x+x*y", (false, false));
    }

    proptest! {
        #[test]
        fn whatever_is_plainly_right_is_right(segment in "(AAA|BBB)([-+:*?.,x1é]|[ABC]{3}|\\+|AB|12){0,20}") {
            for syntax in ["UNOC:3", "UNOY:4", "UNOA:1"] {
                for behind in BEHIND {
                    let (quick, exact) = looks(syntax, &segment, behind);
                    prop_assert!(!quick || exact, "{segment} in {syntax}, {behind:?} behind it");
                }
            }
        }
    }
}
