//! Which elements are simple: the reader, which knows no grammar, takes every element for a composite.

use super::{Catalogue, Examined, SegmentSpec, SegmentTable};
use crate::edifact::{ElementPlace, Interchange, Place, SyntaxFinding, Tag};

impl Catalogue {
    /// Takes the component (0104) out of the places of findings in simple elements, which CONTRL does not count.
    ///
    /// `structures` are what the messages were examined to, in their order. Where no grammar knows a segment, its findings
    /// stay as they are.
    pub fn name_simple_elements(
        &self,
        interchange: &Interchange<'_>,
        structures: &[Option<Examined>],
        findings: &mut [SyntaxFinding],
    ) {
        for finding in findings {
            let Some(element) = finding.place.element().filter(|element| element.component == Some(1)) else {
                continue;
            };
            let spec = self.segment_at(interchange, structures, finding.place);
            let index = usize::from(element.element).checked_sub(2);
            let spec = spec.zip(index).and_then(|((table, spec), index)| table.elements(spec).get(index));
            if spec.is_some_and(|spec| !spec.id.is_composite()) {
                finding.place = finding.place.with_element(ElementPlace { component: None, ..element });
            }
        }
    }

    /// The definition of the segment at a place.
    fn segment_at<'c>(
        &'c self,
        interchange: &Interchange<'_>,
        structures: &[Option<Examined>],
        place: Place,
    ) -> Option<(&'c SegmentTable, &'c SegmentSpec)> {
        let version = interchange.envelope.version;
        match place {
            Place::Segment { message, position, .. } => {
                let index = usize::try_from(message).ok()?;
                let grammar = self.message(&interchange.messages.get(index)?.kind)?;
                let matches = &structures.get(index)?.as_ref()?.matches;
                let found = matches.binary_search_by_key(&position, |found| found.position).ok()?;
                grammar.segment(matches.get(found)?.place, version)
            }
            Place::Interchange { segment, .. }
            | Place::FunctionalGroup { segment, .. }
            | Place::Message { segment, .. } => {
                let table = self.service(version);
                Some((table, table.segment(Tag::read(segment?.as_str().as_bytes()))?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::told;
    use super::*;

    #[test]
    fn only_composites_have_components() {
        let text = "UNB+UNOA:3+a+B+261121:2045+1'UNH+b+CUSDEC:D:96B:UN'BGM+x+C+y'XYZ+z'UNT+4+b'UNZ+1+1'";
        let (interchange, mut findings) = Interchange::read(text.as_bytes()).unwrap();
        let catalogue = Catalogue::embedded();
        let message = &interchange.messages[0];
        let grammar = catalogue.message(&message.kind).unwrap();
        let examined = grammar.examine(&interchange.envelope, 0, interchange.segments_of(message));
        catalogue.name_simple_elements(&interchange, &[Some(examined)], &mut findings);
        let found: Vec<String> = findings.iter().map(|finding| told(text, finding)).collect();
        let expected = ["21 UCI 3:1 a", "21 UCM 2 b", "21 2 2:1 x", "21 2 4 y", "21 3 2:1 z", "21 UCM 3 b"];
        assert_eq!(found, expected);
    }
}
