//! The section control segments of a message: which of them says D, and which S (0081).

use super::{matching::Examined, table::MessageGrammar};
use crate::edifact::{ElementPlace, Place, Segment, SyntaxError, SyntaxFinding, Tag};

/// Separates the sections of a message.
pub(super) const SEPARATOR: Tag = Tag(*b"UNS");

/// Between heading and detail section.
const DETAIL: u8 = b'D';
/// Between detail and summary section.
const SUMMARY: u8 = b'S';

impl MessageGrammar {
    /// Adds what is wrong with the values of the section control segments of a message that was examined. A table with two
    /// of them has D first and S then; of a single one nobody can tell, so that it may say either. What is no letter is
    /// said by the definition of the segment.
    ///
    /// `message` counts from 0; `segments` are those that were examined.
    pub fn check_sections<'a>(
        &self,
        message: u32,
        segments: impl IntoIterator<Item = Segment<'a>, IntoIter: Clone>,
        examined: &mut Examined,
    ) {
        let segments = segments.into_iter();
        let separators = || self.places().filter(|(_, place)| place.tag == SEPARATOR && place.path.is_empty());
        let are_two = separators().count() == 2;
        for ((id, _), due) in separators().zip([DETAIL, SUMMARY]) {
            // Outside of groups, places follow each other as the table has them.
            let first = examined.matches.partition_point(|found| found.place < id);
            let Some(found) = examined.matches.get(first).filter(|found| found.place == id) else { continue };
            let index = usize::try_from(found.position.saturating_sub(1)).unwrap_or(usize::MAX);
            let Some(segment) = segments.clone().nth(index) else { continue };
            let Some(stated) = segment.component(2, 1) else { continue };
            let error = match stated.raw() {
                &[letter] if letter == due => continue,
                [DETAIL | SUMMARY] if !are_two => continue,
                [DETAIL | SUMMARY] => SyntaxError::ValueNotSupported,
                [letter] if letter.is_ascii_alphabetic() => SyntaxError::InvalidValue,
                _ => continue,
            };
            let element = Some(ElementPlace::element(2));
            let place = Place::Segment { message, position: found.position, element };
            let due = if are_two { char::from(due).to_string() } else { "D or S".to_owned() };
            let detail = format!("Section identification (0081) is {due} here");
            examined.findings.push(SyntaxFinding { error, place, span: stated.span(), detail });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{catalogue, grammar, told};
    use crate::edifact::Interchange;

    /// What is said of the separators of a message whose table has these sections.
    fn check(table: &str, body: &str, expected: &[&str]) {
        let catalogue = catalogue(&format!("directory T:1:UN\nsegment AAA\nmessage TEST\n{table}"));
        let text = format!("UNB+UNOA:3+A+B+261121:2045+1'UNH+1+TEST:T:1:UN'{body}UNT+2+1'UNZ+1+1'");
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let segments = || interchange.segments_of(&interchange.messages[0]);
        let mut examined = grammar(&catalogue).examine(&interchange.envelope, 0, segments());
        grammar(&catalogue).check_sections(0, segments(), &mut examined);
        assert_eq!(examined.findings.iter().map(|finding| told(&text, finding)).collect::<Vec<_>>(), expected);
    }

    const TWO: &str = "  M UNH\n  C AAA x9\n  M UNS\n  C AAA x9\n  M UNS\n  C AAA x9\n  M UNT\n";
    const ONE: &str = "  M UNH\n  C AAA x9\n  M UNS\n  C AAA x9\n  M UNT\n";

    #[test]
    fn two_separators_are_detail_and_summary() {
        check(TWO, "AAA'UNS+D'AAA'UNS+S'AAA'", &[]);
        check(TWO, "UNS+S'UNS+D'", &["14 2 2 S", "14 3 2 D"]);
        check(TWO, "UNS+X'UNS+S'", &["12 2 2 X"]);
    }

    #[test]
    fn a_single_separator_may_be_either() {
        check(ONE, "UNS+S'", &[]);
        check(ONE, "UNS+D'", &[]);
        check(ONE, "UNS+X'", &["12 2 2 X"]);
    }

    #[test]
    fn what_is_no_letter_is_said_once() {
        check(ONE, "UNS+1'", &["37 2 2 1"]);
        check(ONE, "UNS+DS'", &["39 2 2 DS"]);
        check(ONE, "UNS'", &["13 2 2"]);
    }
}
