//! The elements of one segment against its definition: how many, which must be there, and what their values are made of.
//!
//! One pass over the bytes of a segment finds separators, lengths and kinds of characters together; a value is looked
//! at again only when it is a number with more than digits in it.

use std::{iter, ops::Range};

use super::{
    characters::{Characters, DIGIT, Ending, Number, Value},
    codes::{Code, Coding},
    findings::Findings,
    matching::times,
    spec::{ElementSpec, SegmentSpec, SegmentTable, ValueKind, ValueSpec},
};
use crate::edifact::{ElementPlace, Place, Segment, SyntaxError};

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
                    let is_empty;
                    (last, is_empty) = self.excess(start);
                    has_excess |= !is_empty;
                }
            }
        }
        self.has_trailing |= last.is_empty() && self.raw.last() == Some(&self.characters.service.element);
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
        let (mut occurrence, mut has_excess) = (1u32, false);
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
            if is_full && occurrence > element.repetitions_max && !std::mem::replace(&mut has_excess, true) {
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
        let (mut unlisted, mut is_listed_elsewhere) = (0u64, false);
        let mut from = start;
        let last = loop {
            let value = self.characters.value(self.raw, from);
            component = component.saturating_add(1);
            if !value.is_empty() {
                match values.get(usize::from(component) - 1) {
                    Some(spec) => {
                        let bit = component - 1;
                        present |= 1 << bit;
                        let component = is_composite.then_some(component);
                        let fits = self.value(spec, ElementPlace { component, ..place }, &value);
                        match spec.coding {
                            Coding::Free => {}
                            Coding::Listed(list) => {
                                unlisted |= u64::from(fits && !self.is_listed(list, &value)) << bit;
                            }
                            Coding::Elsewhere(own) => is_listed_elsewhere |= own.is_none() || own != self.code(&value),
                        }
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
        let has_content = present != 0 || has_excess;
        if has_content && element.mandatory & !present != 0 {
            self.report_missing_components(element, place, present, start..last.end);
        }
        if unlisted != 0 && !is_listed_elsewhere {
            self.report_unlisted(element, place, unlisted, start);
        }
        (last, has_content)
    }

    /// An element behind the last that is defined; returns its last value, and whether nothing stands in it.
    fn excess(&self, start: usize) -> (Value, bool) {
        let mut value = self.characters.value(self.raw, start);
        let mut is_empty = value.is_empty();
        while matches!(value.ending, Ending::Component | Ending::Repetition) {
            value = self.characters.value(self.raw, value.end + 1);
            is_empty &= value.is_empty();
        }
        (value, is_empty)
    }

    /// The code that a value is, release characters left out.
    fn code(&self, value: &Value) -> Option<Code> {
        let mut bytes = self.raw.get(value.start..value.end).unwrap_or_default().iter().copied();
        let release = self.characters.service.release;
        Code::read(iter::from_fn(|| {
            bytes.next().and_then(|byte| if Some(byte) == release { bytes.next().or(Some(byte)) } else { Some(byte) })
        }))
    }

    fn is_listed(&self, list: usize, value: &Value) -> bool {
        let list = self.table.codes.get(list);
        list.is_none_or(|list| self.code(value).is_some_and(|code| list.has(code)))
    }

    /// Checks the characters and the length of a value; returns whether its length is right.
    #[inline]
    fn value(&mut self, spec: &ValueSpec, place: ElementPlace, value: &Value) -> bool {
        let representation = spec.representation;
        let mut length = value.length;
        match representation.kind {
            ValueKind::Alphanumeric => {}
            ValueKind::Numeric if value.kinds == DIGIT => {}
            ValueKind::Numeric => length = self.number(spec, place, value),
            ValueKind::Alphabetic => {
                if value.kinds & DIGIT != 0 {
                    self.report_value(SyntaxError::InvalidCharacterType, spec, place, value, "has no digits");
                }
            }
        }
        let (min, max) = (u32::from(representation.length_min), u32::from(representation.length_max));
        let fits = (min..=max).contains(&length);
        // What has no digit at all is no number, which is said already.
        if !fits && length > 0 {
            let error = if length > max { SyntaxError::TooLong } else { SyntaxError::TooShort };
            self.report(error, Some(place), value.start..value.end, || {
                let unit = if representation.kind == ValueKind::Numeric { "digits" } else { "characters" };
                format!("{} is {representation}; {length} {unit} stand here", named(&spec.name, spec.id.as_str()))
            });
        }
        fits
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

    /// Reports the values of an element that their code lists do not have, a bit for each.
    fn report_unlisted(&mut self, element: &ElementSpec, place: ElementPlace, unlisted: u64, start: usize) {
        let table = self.table;
        let mut from = start;
        for (spec, component) in table.values(element).iter().zip(1u16..) {
            let value = self.characters.value(self.raw, from);
            if unlisted & (1 << (component - 1)) != 0 {
                let component = element.id.is_composite().then_some(component);
                let place = ElementPlace { component, ..place };
                self.report_value(SyntaxError::InvalidValue, spec, place, &value, "has no such code in its directory");
            }
            from = value.end + 1;
        }
    }
}

/// A data element as people call it: its name and its number.
fn named(name: &str, id: &str) -> String {
    if name.is_empty() { id.to_owned() } else { format!("{name} ({id})") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::super::{
        Catalogue, DirectoryCodes,
        catalogue::{Source, read},
        trial::{catalogue, examine, grammar, told},
    };

    const DIRECTORY: &str = "
directory T:1:UN
element 1000 an..5 Text
element 1001 a3    Letters
element 1002 n..3  Number
element 1003 n4    Time
element 1004 an..3 Coded
element 1131 an..3 List
element 3055 an..3 Agency
codes 1004
  AB First
  +  Second
elsewhere 1131
elsewhere 3055 unless 6
composite C100 Both
  M 1000
  C 1002
composite C200 Optional
  C 1000
  C 1000
composite C300 Coded
  C 1004
  C 1131
  C 3055
  C 1000
  C 1004
segment AAA
  M 1000
  C C100
  C 1001
  C 1002
  C 1003
segment BBB
  M C100
segment CCC
  C 1000 x2
  C C200
segment DDD
  C 1004 x9
  C C300 x9
message TEST
  M UNH
  C AAA x9
  C BBB x9
  C CCC x9
  C DDD x9
  M UNT
";

    fn check_in(syntax: &str, segment: &str, expected: &[&str]) {
        let catalogue = catalogue(DIRECTORY);
        let (text, examined) = examine(grammar(&catalogue), syntax, &format!("{segment}'"));
        let found: Vec<String> = examined.findings.iter().map(|finding| told(&text, finding)).collect();
        assert_eq!(found, expected, "{segment} in {syntax}");
    }

    /// What is wrong with one segment in syntax 3; it is the second of its message.
    fn check(segment: &str, expected: &[&str]) {
        check_in("UNOC:3", segment, expected);
    }

    #[test]
    fn a_right_segment_has_no_findings() {
        check("AAA+x", &[]);
        check("AAA+x+y:12+ABC+-12.3+1234", &[]);
    }

    #[test]
    fn a_mandatory_element_must_be_there() {
        check("AAA", &["13 2 2"]);
        check("AAA++y", &["13 2 2"]);
        check("BBB", &["13 2 2"]);
        check("BBB+:", &["13 2 2 :"]);
    }

    #[test]
    fn a_composite_that_is_there_has_its_mandatory_components() {
        check("AAA+x+:12", &["13 2 3:1 :12"]);
        check("AAA+x++ABC", &[]);
        check("AAA+x+:+ABC", &[]);
    }

    #[test]
    fn too_many_elements_are_the_segments_fault() {
        check("BBB+x+y+z", &["16 2 BBB+x+y+z"]);
        check("BBB+x++:z", &["16 2 BBB+x++:z"]);
    }

    #[test]
    fn too_many_components_are_the_elements_fault() {
        check("BBB+x:1:y:z", &["16 2 2 x:1:y:z"]);
        check("AAA+x:y", &["16 2 2 x:y"]);
        check("BBB+::x", &["16 2 2 ::x", "13 2 2:1 ::x"]);
    }

    #[test]
    fn lengths_count_characters_without_release_characters() {
        check("AAA+??????????", &[]);
        check("AAA+abcdef", &["39 2 2 abcdef"]);
        check("AAA+x++AB", &["40 2 4 AB"]);
        check_in("UNOC:3", "AAA+ééé", &["39 2 2 ééé"]);
        check_in("UNOY:4", "AAA+ééééé", &[]);
    }

    #[test]
    fn letters_are_no_digits() {
        check("AAA+x++A1B", &["37 2 4 A1B"]);
        check("AAA+x++A?1B", &["37 2 4 A?1B"]);
    }

    #[test]
    fn signs_and_decimal_marks_do_not_count() {
        check("AAA+x+++-12.3", &[]);
        check("AAA+x+++1234", &["39 2 5 1234"]);
        check("AAA+x++++123", &["40 2 6 123"]);
    }

    #[test]
    fn a_number_is_digits_with_a_sign_in_front_and_a_mark_inside() {
        for value in ["1A", "1-", "--1", "1.2.3", "1E2", " 1", "1.", "?+1"] {
            check(&format!("AAA+x+++{value}"), &[&format!("37 2 5 {value}")]);
        }
        check("AAA+x+++-", &["37 2 5 -"]);
    }

    #[test]
    fn the_decimal_mark_is_that_of_una() {
        check("AAA+x+++1,5", &["19 2 5 1,5"]);
        check_in("UNOC:4", "AAA+x+++1,5", &[]);
    }

    #[test]
    fn a_digit_stands_in_front_of_the_decimal_mark() {
        check("AAA+x+++.5", &["38 2 5 .5"]);
        check("BBB+x:-.5", &["38 2 2:2 -.5"]);
        check_in("UNOC:4", "AAA+x+++.5", &[]);
    }

    #[test]
    fn explicit_nesting_is_not_used() {
        check("BBB:1+x", &["34 2 BBB:1"]);
    }

    #[test]
    fn syntax_3_tolerates_separators_with_nothing_behind_them() {
        check("BBB+x:+", &[]);
        check("BBB+x:::+++", &[]);
        check("BBB+x+::", &[]);
    }

    #[test]
    fn syntax_4_does_not() {
        check_in("UNOC:4", "BBB+x+", &["45 2 BBB+x+"]);
        check_in("UNOC:4", "BBB+x:", &["45 2 BBB+x:"]);
        check_in("UNOC:4", "CCC+x*", &["45 2 CCC+x*"]);
        check_in("UNOC:4", "BBB+x++", &["45 2 BBB+x++"]);
        check_in("UNOC:4", "CCC+?+", &[]);
    }

    #[test]
    fn repetitions_are_counted() {
        check_in("UNOC:4", "CCC+x*y", &[]);
        check_in("UNOC:4", "CCC+x*y*z", &["35 2 2*3 z"]);
        check_in("UNOC:4", "CCC+x*y**z*z", &["35 2 2*4 z"]);
        check_in("UNOC:4", "AAA+x*abcdef", &["39 2 2*2 abcdef", "35 2 2*2 abcdef"]);
        check("CCC+x*y", &[]);
    }

    #[test]
    fn a_conditional_composite_of_conditional_components_may_be_anything() {
        check("CCC++:x", &[]);
        check("CCC++x", &[]);
    }

    #[test]
    fn a_coded_value_is_in_its_list() {
        check("DDD+AB+AB", &[]);
        check("DDD+AC+AB:::x:AC", &["12 2 2 AC", "12 2 3:5 AC"]);
        check("DDD+ab", &["12 2 2 ab"]);
        check("DDD+?++?A?B", &[]);
        check_in("UNOC:4", "DDD+AB*AC+AB*AC", &["12 2 2*2 AC", "12 2 3:1*2 AC"]);
    }

    #[test]
    fn a_value_of_the_wrong_length_is_not_looked_up() {
        check("DDD+ABCD", &["39 2 2 ABCD"]);
    }

    #[test]
    fn a_composite_that_names_another_list_is_not_held_against_that_of_the_directory() {
        check("DDD++AC:ZZZ", &[]);
        check("DDD++AC::5:x:AC", &[]);
        check("DDD++AC:::x:AC", &["12 2 3:1 AC", "12 2 3:5 AC"]);
        check("DDD++AC::6", &["12 2 3:1 AC"]);
        check("DDD++AC:ZZZ:6", &[]);
        check_in("UNOC:4", "DDD++AB:ZZZ*AC", &["12 2 3:1*2 AC"]);
    }

    #[test]
    fn lists_that_only_name_judge_nothing() {
        let source = Source { name: "a".into(), text: DIRECTORY.to_owned() };
        let catalogue = Catalogue::new(read(&[source], DirectoryCodes::Named).0);
        assert_eq!(examine(grammar(&catalogue), "UNOC:3", "DDD+AC+AC'").1.findings, []);
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_segment_is_told_inside_of_it(segment in "(AAA|BBB|CCC|DDD)([-+:*?.,'x1é]|[ABC]{3}){0,40}") {
            let catalogue = catalogue(DIRECTORY);
            for syntax in ["UNOC:3", "UNOY:4"] {
                let (text, examined) = examine(grammar(&catalogue), syntax, &segment);
                for finding in &examined.findings {
                    prop_assert!(text.as_bytes().get(finding.span.clone()).is_some(), "{finding:?}");
                }
            }
        }
    }
}
