//! Writing interchanges: values are released, counts and references fill themselves in.
//!
//! What is written is in normal form: no UNA unless asked for, no line breaks, no separators that have nothing after them.

use super::envelope::{MessageType, PartyId, SyntaxVersion};
use super::repertoire::Repertoire;
use super::segment::Segment;
use super::service::ServiceChars;

/// Bytes of an answer to one message without mistakes: a first guess, and no limit.
const BYTES_EXPECTED: usize = 256;

/// Writes one interchange. Begin with [`new`](Self::new), end with [`finish`](Self::finish).
#[derive(Debug)]
pub struct InterchangeWriter {
    bytes: Vec<u8>,
    service: ServiceChars,
    repertoire: Repertoire,
    reference: String,
    messages: usize,
    /// The message that is open: its reference, and its segments so far.
    message: Option<(String, usize)>,
}

impl InterchangeWriter {
    /// A writer with these characters, whose first segment is the caller's UNB; `reference` (0020) is repeated in UNZ.
    #[must_use]
    pub fn new(service: ServiceChars, repertoire: Repertoire, reference: &str) -> Self {
        let bytes = Vec::with_capacity(BYTES_EXPECTED);
        Self { bytes, service, repertoire, reference: reference.to_owned(), messages: 0, message: None }
    }

    /// Writes the service string advice. It is only right before anything else.
    pub fn advice(&mut self) {
        self.bytes.extend_from_slice(&self.service.advice());
    }

    /// Writes a segment: its tag, and what `fill` puts into it.
    pub fn segment(&mut self, tag: &str, fill: impl FnOnce(&mut SegmentWriter<'_>)) {
        self.bytes.extend_from_slice(tag.as_bytes());
        let mut writer =
            SegmentWriter { bytes: &mut self.bytes, service: self.service, repertoire: self.repertoire, elements: 0 };
        fill(&mut writer);
        self.bytes.push(self.service.terminator);
        if let Some((_, segments)) = &mut self.message {
            *segments += 1;
        }
    }

    /// Begins a message: UNH.
    pub fn begin_message(&mut self, reference: &str, kind: &MessageType) {
        self.end_message();
        self.messages += 1;
        self.message = Some((reference.to_owned(), 0));
        self.segment("UNH", |segment| {
            segment.element(reference);
            segment.message_type(kind);
        });
    }

    /// Ends the open message, if one is: UNT with its count and reference.
    pub fn end_message(&mut self) {
        if let Some((reference, segments)) = self.message.take() {
            self.segment("UNT", |segment| {
                segment.element(&(segments + 1).to_string());
                segment.element(&reference);
            });
        }
    }

    /// Ends the interchange: UNZ with its count and reference.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.end_message();
        let (messages, reference) = (self.messages.to_string(), std::mem::take(&mut self.reference));
        self.segment("UNZ", |segment| {
            segment.element(&messages);
            segment.element(&reference);
        });
        self.bytes
    }
}

/// Writes the elements of one segment. Empty ones at the end leave no separators behind.
#[derive(Debug)]
pub struct SegmentWriter<'a> {
    bytes: &'a mut Vec<u8>,
    service: ServiceChars,
    repertoire: Repertoire,
    /// Elements given so far whose separators are not yet written.
    elements: usize,
}

impl SegmentWriter<'_> {
    /// A simple data element; an empty value keeps its place.
    pub fn element(&mut self, value: &str) {
        self.composite(&[value]);
    }

    /// An element that is left out.
    pub fn skip(&mut self) {
        self.elements += 1;
    }

    /// A composite with these components.
    pub fn composite(&mut self, components: &[&str]) {
        self.elements += 1;
        let Some(last) = components.iter().rposition(|component| !component.is_empty()) else { return };
        self.bytes.extend(std::iter::repeat_n(self.service.element, std::mem::take(&mut self.elements)));
        for (position, component) in components.iter().take(last + 1).enumerate() {
            if position > 0 {
                self.bytes.push(self.service.component);
            }
            release_into(self.bytes, &self.service, &self.repertoire.encode(component));
        }
    }

    /// A sender or recipient as S002, S003, S006 and S007 have it.
    pub fn party(&mut self, party: &PartyId) {
        let [qualifier, internal, internal_sub] =
            [&party.qualifier, &party.internal, &party.internal_sub].map(|text| text.as_deref().unwrap_or_default());
        self.composite(&[&party.identification, qualifier, internal, internal_sub]);
    }

    /// A message type as S009 has it.
    pub fn message_type(&mut self, kind: &MessageType) {
        let association = kind.association.as_deref().unwrap_or_default();
        self.composite(&[&kind.kind, &kind.version, &kind.release, &kind.agency, association]);
    }

    /// Syntax identifier and version (S001).
    pub fn syntax(&mut self, version: SyntaxVersion) {
        let name = self.repertoire.as_str();
        self.composite(&[name, version.as_str()]);
    }
}

impl Segment<'_> {
    /// Appends the segment in normal form: released where it must be and nowhere else, no separators with nothing after
    /// them, one terminator.
    pub fn write_normal(&self, bytes: &mut Vec<u8>) {
        let service = *self.service();
        bytes.extend_from_slice(self.tag_element().raw());
        let mut skipped = 0;
        for element in self.elements() {
            skipped += 1;
            let repetitions: Vec<Vec<u8>> = element
                .repetitions()
                .map(|repetition| {
                    let components = repetition.components().map(|component| component.unreleased().into_owned());
                    join_normal(service.component, components.map(|value| released(&service, &value)))
                })
                .collect();
            let value = join_normal(service.repetition.unwrap_or_default(), repetitions.into_iter());
            if !value.is_empty() {
                bytes.extend(std::iter::repeat_n(service.element, std::mem::take(&mut skipped)));
                bytes.extend_from_slice(&value);
            }
        }
        bytes.push(service.terminator);
    }
}

fn released(service: &ServiceChars, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    release_into(&mut bytes, service, value);
    bytes
}

/// Appends a value, released where it must be.
fn release_into(bytes: &mut Vec<u8>, service: &ServiceChars, value: &[u8]) {
    if !value.iter().any(|byte| service.needs_release(*byte)) {
        return bytes.extend_from_slice(value);
    }
    for byte in value {
        if service.needs_release(*byte) {
            bytes.extend(service.release);
        }
        bytes.push(*byte);
    }
}

/// Joins the pieces, leaving out the empty ones at the end.
fn join_normal(separator: u8, pieces: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let (mut bytes, mut skipped) = (Vec::new(), 0);
    for (position, piece) in pieces.enumerate() {
        skipped += usize::from(position > 0);
        if !piece.is_empty() {
            bytes.extend(std::iter::repeat_n(separator, std::mem::take(&mut skipped)));
            bytes.extend_from_slice(&piece);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fill: impl FnOnce(&mut SegmentWriter<'_>), expected: &str) {
        let mut writer = InterchangeWriter::new(ServiceChars::DEFAULT, Repertoire::Unob, "R");
        writer.segment("ABC", fill);
        assert_eq!(String::from_utf8(writer.finish()).unwrap(), format!("{expected}UNZ+0+R'"));
    }

    #[test]
    fn what_is_left_out_keeps_its_place_unless_nothing_follows() {
        check(
            |segment| {
                segment.element("A");
                segment.skip();
                segment.element("");
                segment.element("B");
                segment.skip();
            },
            "ABC+A+++B'",
        );
        check(|segment| segment.composite(&["", "A", "", "B", ""]), "ABC+:A::B'");
        check(|segment| segment.composite(&["", ""]), "ABC'");
    }

    #[test]
    fn values_are_released_where_they_must_be() {
        check(|segment| segment.composite(&["A'B", "+:?*"]), "ABC+A?'B:?+?:??*'");
    }

    #[test]
    fn what_every_interchange_has_is_written_whole() {
        let text = |text: &str| Some(text.to_owned());
        let party = PartyId {
            identification: "ACME".to_owned(),
            qualifier: text("ZZ"),
            internal: None,
            internal_sub: text("S"),
        };
        check(|segment| segment.party(&party), "ABC+ACME:ZZ::S'");
        check(|segment| segment.party(&party.without_addresses()), "ABC+ACME:ZZ'");
        check(|segment| segment.syntax(SyntaxVersion::V4), "ABC+UNOB:4'");
    }

    #[test]
    fn counts_and_references_fill_themselves_in() {
        let [kind, version, release, agency] = ["X", "D", "96B", "UN"].map(str::to_owned);
        let kind = MessageType { kind, version, release, agency, association: Some("EXP".to_owned()) };
        let mut writer = InterchangeWriter::new(ServiceChars::DEFAULT, Repertoire::Unob, "IC'1");
        writer.advice();
        writer.segment("UNB", |segment| segment.element("A"));
        writer.begin_message("M1", &kind);
        writer.segment("BGM", |_| {});
        writer.begin_message("M2", &kind);
        writer.end_message();
        writer.end_message();
        assert_eq!(
            String::from_utf8(writer.finish()).unwrap(),
            "UNA:+.? 'UNB+A'UNH+M1+X:D:96B:UN:EXP'BGM'UNT+3+M1'UNH+M2+X:D:96B:UN:EXP'UNT+2+M2'UNZ+2+IC?'1'"
        );
    }

    #[test]
    fn normal_form_leaves_out_what_means_nothing() {
        let service = ServiceChars { repetition: Some(b'*'), ..ServiceChars::DEFAULT };
        let normal = |text: &str| {
            let mut bytes = Vec::new();
            Segment::new(service, 0, text.as_bytes()).write_normal(&mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(normal("ABC++A::B:+:*+C*?D*::*+"), "ABC++A::B++C*D'");
        assert_eq!(normal("ABC+A?+?*?B+*A"), "ABC+A?+?*B+*A'");
    }
}
