//! What the values of headers may be, beyond their form: moments that are some, codes that the standard lists, and what
//! must be stated together.

use jiff::civil::Time;

use super::findings::Findings;
use crate::edifact::{ElementPlace, Place, Repertoire, Segment, ServiceTag, SyntaxError, preparation_day};

/// What a header is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) is_syntax_4: bool,
    pub(super) repertoire: Repertoire,
}

/// The moment of preparation (S004), in UNB and UNG.
const PREPARED: u16 = 5;
/// The acknowledgement request (0031) in UNB.
const ACKNOWLEDGEMENT: u16 = 10;
/// The status of the transfer (S010) in UNH.
const TRANSFER: u16 = 5;

/// Looks at the values of a header. What is wrong in form is said by its definition, and not said again.
pub(super) fn check_header(
    header: Header,
    tag: ServiceTag,
    segment: &Segment<'_>,
    place: Place,
    findings: &mut Findings,
) {
    let mut check = Check { header, segment, place, findings };
    match tag {
        ServiceTag::Unb => {
            check.syntax();
            check.moment();
            let codes: &[&[u8]] = &[b"1", b"2"];
            let says = "0031 is 1 (acknowledgement) or 2 (receipt), or is left out";
            check.code(ElementPlace::element(ACKNOWLEDGEMENT), codes, SyntaxError::InvalidValue, says);
        }
        ServiceTag::Ung => {
            check.moment();
            check.group_note();
        }
        ServiceTag::Unh => {
            let says = "0073 is C (creation) or F (final), or is left out";
            check.code(ElementPlace::component(TRANSFER, 2), &[b"C", b"F"], SyntaxError::InvalidValue, says);
        }
        ServiceTag::Una | ServiceTag::Unt | ServiceTag::Uno | ServiceTag::Unp | ServiceTag::Une | ServiceTag::Unz => {}
    }
}

struct Check<'a> {
    header: Header,
    segment: &'a Segment<'a>,
    place: Place,
    findings: &'a mut Findings,
}

impl Check<'_> {
    /// What syntax 4 says of itself beside its version: its release (0076) and the encoding of its characters (0133).
    fn syntax(&mut self) {
        if !self.header.is_syntax_4 {
            return;
        }
        let encodings: &[&[u8]] = match self.header.repertoire {
            Repertoire::Unoa | Repertoire::Unob => &[b"1", b"2", b"7"],
            Repertoire::Unoy => &[b"7"],
            Repertoire::Unoc
            | Repertoire::Unod
            | Repertoire::Unoe
            | Repertoire::Unof
            | Repertoire::Unog
            | Repertoire::Unoh
            | Repertoire::Unoi
            | Repertoire::Unoj
            | Repertoire::Unok => &[b"1", b"2"],
        };
        let says = "0133 names another encoding than the repertoire has by itself";
        self.code(ElementPlace::component(2, 4), encodings, SyntaxError::UnsupportedCharacterSet, says);
        let says = "syntax 4 is read in its releases 01 and 02";
        self.code(ElementPlace::component(2, 5), &[b"01", b"02"], SyntaxError::UnsupportedSyntax, says);
    }

    /// A value that must be one of these, where it is stated at all.
    fn code(&mut self, element: ElementPlace, codes: &[&[u8]], error: SyntaxError, says: &str) {
        let stated = self.segment.component(element.element, element.component.unwrap_or(1));
        if let Some(stated) = stated.filter(|stated| !codes.contains(&stated.raw())) {
            self.findings.push(error, self.place.with_element(element), stated.span(), || says.to_owned());
        }
    }

    /// Date and time of preparation (S004): YYMMDD, in syntax 4 CCYYMMDD, and HHMM.
    fn moment(&mut self) {
        let length = if self.header.is_syntax_4 { 8 } else { 6 };
        for (component, is_some, says) in
            [(1, is_date as fn(&[u8]) -> bool, "0017 is no day"), (2, is_time, "0019 is no time of day")]
        {
            let expected = if component == 1 { length } else { 4 };
            let Some(stated) = self.segment.component(PREPARED, component) else { continue };
            let has_form = stated.raw().len() == expected && stated.raw().iter().all(u8::is_ascii_digit);
            if has_form && !is_some(stated.raw()) {
                let place = self.place.with_element(ElementPlace::component(PREPARED, component));
                self.findings.push(SyntaxError::InvalidValue, place, stated.span(), || says.to_owned());
            }
        }
    }

    /// Syntax 4: all of 0038, 0051 and S008 are stated in UNG, or none (dependency note D2(010,060,070)).
    fn group_note(&mut self) {
        let is_stated = |element| {
            self.segment.element(element).is_some_and(|element| element.components().any(|one| !one.is_empty()))
        };
        let stated = [2, 7, 8].into_iter().filter(|element| is_stated(*element)).count();
        if self.header.is_syntax_4 && !matches!(stated, 0 | 3) {
            self.findings.push(SyntaxError::DependencyViolated, self.place, self.segment.span(), || {
                "0038, 0051 and S008 are stated together or not at all".to_owned()
            });
        }
    }
}

fn is_date(digits: &[u8]) -> bool {
    preparation_day(digits).is_some()
}

/// HHMM.
fn is_time(digits: &[u8]) -> bool {
    let number = |from: usize| std::str::from_utf8(digits.get(from..from + 2)?).ok()?.parse().ok();
    number(0).zip(number(2)).is_some_and(|(hour, minute)| Time::new(hour, minute, 0, 0).is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::{Catalogue, trial::told};
    use crate::edifact::Interchange;

    /// What is said of the headers of an interchange with one message.
    fn check(unb: &str, ung: &str, unh: &str, expected: &[&str]) {
        let une = if ung.is_empty() { "" } else { "UNE+1+G'" };
        let text = format!("UNB+{unb}'{ung}UNH+1+X:D:96B:UN{unh}'UNT+2+1'{une}UNZ+1+1'");
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let findings = Catalogue::embedded().check_service(&interchange);
        assert_eq!(findings.iter().map(|finding| told(&text, finding)).collect::<Vec<_>>(), expected);
    }

    /// The same for the moment of preparation alone, in UNB.
    fn check_moment(syntax: &str, moment: &str, expected: &[&str]) {
        check(&format!("{syntax}+A+B+{moment}+1"), "", "", expected);
    }

    #[test]
    fn a_moment_is_one() {
        check_moment("UNOA:3", "240229:2359", &[]);
        check_moment("UNOA:3", "230229:0000", &["12 UCI 5:1 230229"]);
        check_moment("UNOA:3", "261301:2400", &["12 UCI 5:1 261301", "12 UCI 5:2 2400"]);
        check_moment("UNOA:4", "20261131:1260", &["12 UCI 5:1 20261131", "12 UCI 5:2 1260"]);
    }

    #[test]
    fn what_has_no_form_is_said_once() {
        check_moment("UNOA:3", "2613:24", &["40 UCI 5:1 2613", "40 UCI 5:2 24"]);
        check_moment("UNOA:3", "26AB01:0000", &["37 UCI 5:1 26AB01"]);
    }

    #[test]
    fn groups_state_moments_and_what_belongs_together() {
        check("UNOA:3+A+B+261121:2045+1", "UNG+X+A+B+261131:2045+G+UN+D:96B'", "", &["12 UCF 5:1 261131"]);
        check("UNOA:4+A+B+20261121:2045+1", "UNG+X+A+B++G+UN+D:96B'", "", &[]);
        check("UNOA:4+A+B+20261121:2045+1", "UNG+++++G'", "", &[]);
        check("UNOA:4+A+B+20261121:2045+1", "UNG+X++++G'", "", &["48 UCF UNG+X++++G"]);
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        check("UNOA:3+A+B+261121:2045+1++++2", "", "", &[]);
        check("UNOA:3+A+B+261121:2045+1++++3", "", "", &["12 UCI 10 3"]);
        check("UNOA:3+A+B+261121:2045+1", "", "++1:X", &["12 UCM 5:2 X"]);
        check("UNOA:3+A+B+261121:2045+1", "", "++1:C", &[]);
    }

    #[test]
    fn syntax_4_says_its_release_and_encoding() {
        check("UNOC:4::2:02+A+B+20261121:2045+1", "", "", &[]);
        check("UNOY:4::7+A+B+20261121:2045+1", "", "", &[]);
        check("UNOC:4:::03+A+B+20261121:2045+1", "", "", &["2 UCI 2:5 03"]);
        check("UNOC:4::4+A+B+20261121:2045+1", "", "", &["46 UCI 2:4 4"]);
    }
}
