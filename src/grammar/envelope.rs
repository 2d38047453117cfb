//! The service segments of an interchange against their definitions: UNB, UNG, UNH, UNT, UNE and UNZ.

use super::{
    catalogue::Catalogue,
    characters::Characters,
    element::check_elements,
    findings::Findings,
    header::{Header, check_header},
    quick::Quick,
    spec::SegmentTable,
};
use crate::edifact::{
    ElementPlace, Interchange, Message, Pieces, Place, Segment, ServiceTag, SyntaxError, SyntaxFinding, SyntaxVersion,
    Tag,
};

impl Catalogue {
    /// Checks the elements of all service segments by the syntax version of the interchange.
    ///
    /// What [`Interchange::read`] says already is not said again: counts, references, and what UNB does not support.
    /// Where there are more than [`FINDINGS_MAX`](super::FINDINGS_MAX), the last one refuses the interchange.
    #[must_use]
    pub fn check_service(&self, interchange: &Interchange<'_>) -> Vec<SyntaxFinding> {
        let mut check = self.check_envelopes(interchange);
        for (number, message) in (0..).zip(&interchange.messages) {
            check.check_message(number, message);
        }
        check.into_findings()
    }

    /// The same message by message: begins with the envelopes around the messages.
    #[must_use]
    pub fn check_envelopes<'a>(&'a self, interchange: &'a Interchange<'a>) -> ServiceCheck<'a> {
        let envelope = &interchange.envelope;
        let mut check = ServiceCheck {
            table: self.service(envelope.version),
            interchange,
            quick: Quick::new(interchange.service(), envelope),
            pieces: Pieces::default(),
            characters: None,
            header: Header { is_syntax_4: envelope.version == SyntaxVersion::V4, repertoire: envelope.repertoire },
            findings: Findings::of(Place::Interchange { segment: None, element: None }),
        };
        let ends = [(interchange.header(), ServiceTag::Unb), (interchange.trailer(), ServiceTag::Unz)];
        for (segment, tag) in ends {
            check.segment(segment, tag, Place::Interchange { segment: Some(tag), element: None });
        }
        for (number, group) in (0..).zip(&interchange.groups) {
            for (segment, tag) in interchange.envelope_of(group).zip([ServiceTag::Ung, ServiceTag::Une]) {
                let place = Place::FunctionalGroup { group: number, segment: Some(tag), element: None };
                check.segment(Some(segment), tag, place);
            }
        }
        check
    }
}

/// The check of the service segments of one interchange.
#[derive(Debug)]
pub struct ServiceCheck<'a> {
    table: &'a SegmentTable,
    interchange: &'a Interchange<'a>,
    quick: Quick,
    /// Where the pieces of the segment end that is looked at.
    pieces: Pieces,
    /// What its bytes mean, once a quick look was not enough.
    characters: Option<Characters>,
    header: Header,
    findings: Findings,
}

impl ServiceCheck<'_> {
    /// Checks UNH and UNT of a message, counted from 0; says whether nothing is wrong with them.
    pub fn check_message(&mut self, number: u32, message: &Message) -> bool {
        let before = self.findings.as_slice().len();
        let mut segments = self.interchange.segments_of(message);
        let ends = [(segments.next(), ServiceTag::Unh), (segments.next_back(), ServiceTag::Unt)];
        for (segment, tag) in ends {
            self.segment(segment, tag, Place::Message { message: number, segment: Some(tag), element: None });
        }
        before == self.findings.as_slice().len()
    }

    /// What was found so far.
    #[must_use]
    pub fn findings(&self) -> &[SyntaxFinding] {
        self.findings.as_slice()
    }

    /// What was found, in the order of the bytes.
    #[must_use]
    pub fn into_findings(self) -> Vec<SyntaxFinding> {
        let mut findings = self.findings.into_vec();
        findings.sort_by_key(|finding| (finding.span.start, finding.place));
        findings
    }

    /// Checks one segment, when it is the one wanted: the last segment of a message need not be UNT.
    fn segment(&mut self, segment: Option<Segment<'_>>, wanted: ServiceTag, place: Place) {
        let tag = Tag::read(wanted.as_str().as_bytes());
        let Some(segment) = segment.filter(|segment| segment.tag_number() == tag.number()) else { return };
        let Some(spec) = self.table.segment(tag) else { return };
        let before = self.findings.as_slice().len();
        self.pieces.divide(self.quick.divider(), &segment, &segment);
        if self.quick.look_at(&spec.quick, &segment, &self.pieces, &mut 0).is_none() {
            let new = || Characters::new(self.interchange.service(), &self.interchange.envelope);
            let characters = self.characters.get_or_insert_with(new);
            check_elements(characters, self.table, spec, &segment, place, &mut self.findings);
        }
        check_header(self.header, wanted, &segment, place, &mut self.findings);
        self.findings.retain_from(before, |finding| !is_said_by_the_reader(finding));
    }
}

/// Whether the reader has a finding of its own for this: it says of every syntax identifier and version that it does
/// not support, an empty one too, and of every count that is no number of what came.
fn is_said_by_the_reader(finding: &SyntaxFinding) -> bool {
    const FIRST: u16 = 2;
    let (Place::Interchange { segment, element: Some(element) }
    | Place::FunctionalGroup { segment, element: Some(element), .. }
    | Place::Message { segment, element: Some(element), .. }) = finding.place
    else {
        return false;
    };
    let is_header = segment == Some(ServiceTag::Unb);
    let is_trailer = matches!(segment, Some(ServiceTag::Unt | ServiceTag::Une | ServiceTag::Unz));
    let is_no_number = matches!(finding.error, SyntaxError::InvalidCharacterType | SyntaxError::InvalidDecimalNotation);
    match element {
        ElementPlace { element: FIRST, component: Some(1 | 2), .. } => is_header,
        ElementPlace { element: FIRST, component: None, .. } => {
            (is_header && finding.error == SyntaxError::Missing) || (is_trailer && is_no_number)
        }
        ElementPlace { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::told;
    use super::*;

    /// What reader and service segments say of an interchange together, in the order of its bytes.
    fn check(text: &str, expected: &[&str]) {
        let (interchange, mut findings) = Interchange::read(text.as_bytes()).unwrap();
        findings.extend(Catalogue::embedded().check_service(&interchange));
        findings.sort_by_key(|finding| finding.span.start);
        let found: Vec<String> = findings.iter().map(|finding| told(text, finding)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn right_service_segments_have_no_findings() {
        check("UNB+UNOA:3+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'", &[]);
        check("UNB+UNOC:4+A+B+20261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'", &[]);
    }

    #[test]
    fn messages_are_checked_one_by_one() {
        let text = "UNB+UNOA:3+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNH+2'UNT+2+2'UNZ+2+1'";
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let catalogue = Catalogue::embedded();
        let mut service = catalogue.check_envelopes(&interchange);
        assert!(service.findings().is_empty());
        let are_right = [0, 1].map(|number| service.check_message(number, &interchange.messages[number as usize]));
        assert_eq!((are_right, service.findings().len()), ([true, false], 1));
        assert_eq!(service.findings(), catalogue.check_service(&interchange));
    }

    #[test]
    fn dates_are_those_of_the_syntax_version() {
        check("UNB+UNOA:3+A+B+20261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'", &["39 UCI 5:1 20261121"]);
        check("UNB+UNOC:4+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'", &["40 UCI 5:1*1 261121"]);
    }

    #[test]
    fn each_level_gets_its_own() {
        check(
            "UNB+UNOA:3+A++261121:2045+1'UNG+TOOLONG+A+B+261121:2045+G+UN+D:96B'UNH+1+X:D::UN'UNT+2+1'UNE+1'UNZ+1+1'",
            &["13 UCI 4", "39 UCF 2 TOOLONG", "13 UCM 3:3 X:D::UN", "13 UCF 3"],
        );
    }

    #[test]
    fn what_the_reader_says_is_not_said_again() {
        check(
            "UNB+UNO:9+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'",
            &["46 UCI 2:1 UNO:9", "2 UCI 2:2 UNO:9"],
        );
        check("UNB++A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'", &["46 UCI 2:1", "2 UCI 2:2"]);
        check("UNB+UNOA:3+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+B+1'UNZ+1+1'", &["29 UCM 2 B"]);
        check("UNB+UNOA:3+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+1,5+1'UNZ+1,5+1'", &["29 UCM 2 1,5", "29 UCI 2 1,5"]);
    }

    #[test]
    fn where_findings_are_cut_the_interchange_is_refused() {
        let faulty: String = (0..1_200).map(|number| format!("UNH+{number}+X:D::UN'UNT+2+{number}'")).collect();
        let text = format!("UNB+UNOA:3+A+B+261121:2045+1'{faulty}UNZ+1200+1'");
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let findings = Catalogue::embedded().check_service(&interchange);
        assert_eq!(findings.len(), super::super::FINDINGS_MAX);
        let last = findings.last().unwrap();
        assert_eq!(last.place, Place::Interchange { segment: None, element: None });
        assert_eq!(last.detail, "more than 1000 mistakes were found; the rest is left out");
    }

    #[test]
    fn an_empty_trailer_lacks_both_of_its_elements() {
        check("UNB+UNOA:3+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT'UNZ+1+1'", &["13 UCM 2", "13 UCM 3"]);
    }

    #[test]
    fn a_code_that_a_level_may_not_carry_is_replaced() {
        check("UNB+UNOC:4+A*C+B+20261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'", &["16 UCI 3*2 C"]);
    }
}
