//! The section control segments of a message: which of them says D, and which S (0081).

use super::{
    matching::Examined,
    table::{MessageGrammar, TablePlace},
};
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
    /// `message` counts from 0; `segment_at` gives its segments by their position (0096).
    pub fn check_sections<'a>(
        &self,
        message: u32,
        segment_at: impl Fn(u32) -> Option<Segment<'a>>,
        examined: &mut Examined,
    ) {
        let separators = self.separators.get_or_init(|| {
            let are_separators = |(_, place): &(_, &TablePlace)| place.tag == SEPARATOR && place.path.is_empty();
            self.places().filter(are_separators).map(|(separator, _)| separator).collect()
        });
        let are_two = separators.len() == 2;
        for (separator, due) in separators.iter().copied().zip([DETAIL, SUMMARY]) {
            // Outside of groups, places follow each other as the table has them.
            let first = examined.matches.partition_point(|found| found.place < separator);
            let Some(found) = examined.matches.get(first).filter(|found| found.place == separator) else { continue };
            let Some(segment) = segment_at(found.position) else { continue };
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
        let message = &interchange.messages[0];
        let mut examined = grammar(&catalogue).examine(&interchange.envelope, 0, interchange.segments_of(message));
        grammar(&catalogue).check_sections(0, |position| interchange.segment_of(message, position), &mut examined);
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
