//! Interchanges: the envelopes UNB…UNZ, UNG…UNE, UNH…UNT, and what is wrong with them.
//!
//! Start with [`Interchange::read`]. It never stops at the first mistake: what can be read is read, and everything that
//! cannot stand comes back as findings in the order of the bytes. Values of the service segments are judged by the
//! service grammars, one floor up; here are references, counts and order.

mod references;
mod segments;
mod walk;

use std::ops::Range;
use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::envelope::{Envelope, MessageType, PartyId, SyntaxVersion, read_header};
use super::finding::{ElementPlace, Place, ServiceTag, SyntaxError, SyntaxFinding, finding};
use super::scan::BLOCK;
use super::segment::{Segment, Tag};
use super::service::{ServiceChars, UNA_LENGTH};
pub(super) use segments::Traces;
use segments::{Divided, Segments, count, divide, first_end, is_line_break, skip_line_breaks, span};
use walk::{take, walk};

/// One message: UNH to UNT; or a package of syntax 4, UNO to UNP, which counts like a message and is never read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its reference (0062, of a package 0800).
    pub reference: CompactString,
    /// What it is (S009); nothing for a package. Messages that follow each other share it where it is the same.
    pub kind: Arc<MessageType>,
    /// The functional group it stands in, counted from 0.
    pub group: Option<u32>,
    /// What the object of a package relates to; none for a message.
    pub package: Option<Box<PackageReference>>,
    /// Its first segment, UNH, in the interchange.
    first: usize,
    /// Behind its last segment.
    end: usize,
}

/// What the object of a package relates to (S020).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PackageReference {
    /// Reference qualifier (0813).
    pub qualifier: String,
    /// Reference identification number (0802).
    pub identification: String,
}

/// One functional group: UNG to UNE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionalGroup {
    /// Its reference (0048).
    pub reference: String,
    /// Application sender (S006), when stated.
    pub sender: Option<PartyId>,
    /// Application recipient (S007), when stated.
    pub recipient: Option<PartyId>,
    /// UNG in the interchange.
    header: usize,
    /// UNE in the interchange.
    trailer: Option<usize>,
}

/// One interchange, read where it lies.
#[derive(Debug)]
pub struct Interchange<'a> {
    bytes: &'a [u8],
    service: ServiceChars,
    /// Where the first segment may begin.
    content: usize,
    /// Where each segment ends: four bytes a segment are all that is kept of it.
    ends: Vec<u32>,
    /// What its bytes may hold that the standard does not have.
    traces: Traces,
    /// What UNB says.
    pub envelope: Envelope,
    /// The functional groups, in order.
    pub groups: Vec<FunctionalGroup>,
    /// The messages, in order.
    pub messages: Vec<Message>,
    /// UNZ, when there is one.
    trailer: Option<usize>,
}

impl<'a> Interchange<'a> {
    /// Longest interchange that can be read, in bytes.
    pub const BYTES_MAX: usize = u32::MAX as usize;

    /// Reads one interchange, from UNA or UNB to UNZ, and says what is wrong with its envelopes.
    ///
    /// None when no UNB can be found: then there is nobody to answer.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<(Self, Vec<SyntaxFinding>)> {
        let mut findings = Vec::new();
        let has_una = bytes.starts_with(b"UNA");
        let advised = ServiceChars::read(bytes);
        if let Err(error) = advised {
            let place = Place::Interchange { segment: Some(ServiceTag::Una), element: None };
            let detail = "UNA cannot be used; the default characters were";
            findings.push(finding(error, place, 0..UNA_LENGTH.min(bytes.len()), detail));
        }
        u32::try_from(bytes.len()).ok()?;
        // An UNA that cannot be used is as if there were none, in syntax 4 too.
        let is_advised = has_una && advised.is_ok();
        let newer = advised.unwrap_or(ServiceChars::DEFAULT).for_version(true, is_advised);
        let content = skip_line_breaks(bytes, if has_una { UNA_LENGTH } else { 0 });
        let header = Segment::at(newer, bytes, content..first_end(&newer, bytes, content)?);
        // Only syntax 4 knows repetitions: it is syntax 4 when UNB says so as syntax 4 reads it.
        let is_syntax_4 = header.component(2, 2).is_some_and(|version| *version.unreleased() == *b"4");
        let mut service = newer.for_version(is_syntax_4, is_advised);
        let header = Segment::at(service, bytes, header.span());
        if header.tag() != Tag(*b"UNB") {
            return None;
        }
        let envelope = read_header(&header, is_syntax_4, &mut findings);
        if envelope.version != SyntaxVersion::V4 && !service.has_decimal_mark() {
            let place = Place::Interchange { segment: Some(ServiceTag::Una), element: None };
            let detail = "the decimal mark of UNA is neither a full stop nor a comma";
            findings.push(finding(SyntaxError::InvalidDecimalNotation, place, 0..UNA_LENGTH, detail));
            service.decimal_mark = ServiceChars::DEFAULT.decimal_mark;
        }
        let is_older = envelope.version != SyntaxVersion::V4;
        let Divided { ends, suspects, services, traces } =
            divide(&service, bytes, content, envelope.repertoire, is_older);
        let interchange = Self {
            bytes,
            service,
            content,
            ends,
            traces,
            envelope,
            groups: Vec::new(),
            messages: Vec::new(),
            trailer: None,
        };
        let (interchange, mut findings) = walk(interchange, &services, findings);
        // Of a repertoire that is not supported nobody can say which characters it has.
        if !findings.iter().any(|finding| finding.error == SyntaxError::UnsupportedCharacterSet) {
            interchange.check_characters(&suspects, &mut findings);
        }
        findings.sort_by_key(|finding| (finding.span.start, finding.place));
        Some((interchange, findings))
    }

    /// Whether an interactive interchange (UIB, ISO 9735-3) begins here, perhaps behind UNA: [`read`](Self::read) gives
    /// nothing for one, and CONTRL answers batch interchanges alone.
    #[must_use]
    pub fn is_interactive(bytes: &[u8]) -> bool {
        let begins = |from: usize, tag: &[u8]| bytes.get(from..).is_some_and(|rest| rest.starts_with(tag));
        let first = skip_line_breaks(bytes, 0);
        let content = if begins(first, b"UNA") { skip_line_breaks(bytes, first + UNA_LENGTH) } else { first };
        begins(content, b"UIB")
    }

    /// The bytes it was read from.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The service characters in force.
    #[must_use]
    pub fn service(&self) -> &ServiceChars {
        &self.service
    }

    /// UNB.
    #[must_use]
    pub fn header(&self) -> Option<Segment<'a>> {
        self.segment(0)
    }

    /// UNZ, when there is one.
    #[must_use]
    pub fn trailer(&self) -> Option<Segment<'a>> {
        self.segment(self.trailer?)
    }

    /// What its bytes may hold that the standard does not have.
    pub(super) fn traces(&self) -> Traces {
        self.traces
    }

    /// All segments in order, service segments included.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = Segment<'a>> + '_ {
        self.stretch(0..self.ends.len())
    }

    /// The bytes of its segments with their terminators, in order: segments that lie back to back are one stretch, and
    /// line breaks between segments are in none.
    pub fn stretches(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let is_followed = |ends: &&[u32]| match ends {
            [end, ..] => !self.bytes.get(*end as usize + 1).is_some_and(is_line_break),
            [] => false,
        };
        let (mut rest, mut behind) = (self.ends.as_slice(), self.content);
        std::iter::from_fn(move || {
            // Without line breaks nobody need look at all of them.
            let is_whole = !self.traces.line_breaks;
            let count = if is_whole { rest.len() } else { 1 + rest.windows(2).take_while(is_followed).count() };
            let (ends, others) = rest.split_at_checked(count)?;
            let start = skip_line_breaks(self.bytes, behind);
            behind = *ends.last()? as usize + 1;
            rest = others;
            Some(start..behind)
        })
    }

    /// The segments of a message, UNH to UNT.
    pub fn segments_of(
        &self,
        message: &Message,
    ) -> impl ExactSizeIterator<Item = Segment<'a>> + DoubleEndedIterator + Clone + '_ {
        self.stretch(message.first..message.end)
    }

    /// One segment of a message by its position, UNH = 1 (0096).
    #[must_use]
    pub fn segment_of(&self, message: &Message, position: u32) -> Option<Segment<'a>> {
        let index = message.first.checked_add(usize::try_from(position.checked_sub(1)?).ok()?)?;
        self.segment(index).filter(|_| index < message.end)
    }

    /// UNG, and UNE when there is one, of a functional group.
    pub fn envelope_of(&self, group: &FunctionalGroup) -> impl Iterator<Item = Segment<'a>> + '_ {
        [Some(group.header), group.trailer].into_iter().flatten().filter_map(|index| self.segment(index))
    }

    fn stretch(
        &self,
        segments: Range<usize>,
    ) -> impl ExactSizeIterator<Item = Segment<'a>> + DoubleEndedIterator + Clone + '_ {
        let behind = segments.start.checked_sub(1).and_then(|before| self.ends.get(before));
        Segments {
            bytes: self.bytes,
            service: self.service,
            start: behind.map_or(self.content, |end| *end as usize + 1),
            ends: self.ends.get(segments).unwrap_or_default().iter(),
        }
    }

    #[inline]
    fn segment(&self, index: usize) -> Option<Segment<'a>> {
        let span = span(self.bytes, &self.ends, self.content, index)?;
        Some(Segment::at(self.service, self.bytes, span))
    }

    /// Finds the bytes that the repertoire does not have (0085 = 21), one finding for each component that holds some.
    ///
    /// Only segments that reach into one of the `suspects` are looked at: blocks that hold more than plain characters.
    fn check_characters(&self, suspects: &[u32], findings: &mut Vec<SyntaxFinding>) {
        let allowed = self.allowed_bytes();
        let is_allowed = |byte: &u8| allowed.get(usize::from(*byte)).copied().unwrap_or_default();
        let repertoire = self.envelope.repertoire;
        let (mut places, mut next, mut ahead) = (Places::default(), 0, 0);
        for block in suspects {
            // Between two segments there may be any number of blocks full of line breaks: they are passed over once.
            if (*block as usize + BLOCK) <= ahead {
                continue;
            }
            let first = self.ends.partition_point(|end| end < block);
            for index in first.max(next)..self.ends.len() {
                let Some(segment) = self.segment(index) else { break };
                let raw = segment.raw();
                ahead = segment.span().start;
                if ahead >= *block as usize + BLOCK {
                    break;
                }
                next = index + 1;
                let is_clean = raw.iter().all(is_allowed) && repertoire.fault_in_sequences(raw).is_none();
                let place = || places.next(self, index);
                // What a package holds is no text of the interchange.
                if let Some(place) = (!is_clean).then(place).filter(|place| !self.is_in_package(*place)) {
                    self.find_characters(segment, place, &is_allowed, findings);
                }
            }
        }
    }

    fn is_in_package(&self, place: Place) -> bool {
        let message = place.message().and_then(|message| self.messages.get(usize::try_from(message).ok()?));
        message.is_some_and(|message| message.package.is_some())
    }

    fn find_characters(
        &self,
        segment: Segment<'a>,
        place: Place,
        is_allowed: &dyn Fn(&u8) -> bool,
        findings: &mut Vec<SyntaxFinding>,
    ) {
        for element in std::iter::once(segment.tag_element()).chain(segment.elements()) {
            for repetition in element.repetitions() {
                for component in repetition.components() {
                    let raw = component.raw();
                    let bad = raw.iter().position(|byte| !is_allowed(byte));
                    let broken = self.envelope.repertoire.fault_in_sequences(raw);
                    let Some(at) = bad.into_iter().chain(broken).min() else { continue };
                    let byte = raw.get(at).copied().unwrap_or_default();
                    let element_place = ElementPlace {
                        element: element.position(),
                        // A tag has no components: what stands behind it there is nesting, and a finding of its own.
                        component: (element.position() > 1).then(|| component.position()),
                        occurrence: self.service.repetition.map(|_| repetition.occurrence()),
                    };
                    let start = component.span().start + at;
                    let detail = format!("byte {byte:02X} is not a character of {}", self.envelope.repertoire.as_str());
                    let place = place.with_element(element_place);
                    take(findings, finding(SyntaxError::InvalidCharacter, place, start..start + 1, &detail));
                }
            }
        }
    }

    /// What may stand in a segment: the repertoire, and the service characters that UNA chose.
    fn allowed_bytes(&self) -> [bool; 256] {
        let mut allowed = *self.envelope.repertoire.allowed_bytes();
        let service = &self.service;
        let separators = [Some(service.component), Some(service.element), service.release, service.repetition];
        for byte in separators.into_iter().flatten().chain([service.terminator]) {
            if let Some(entry) = allowed.get_mut(usize::from(byte)) {
                *entry = true;
            }
        }
        allowed
    }
}

impl Place {
    /// The element it names.
    #[must_use]
    pub fn element(&self) -> Option<ElementPlace> {
        match *self {
            Self::Interchange { element, .. }
            | Self::FunctionalGroup { element, .. }
            | Self::Message { element, .. }
            | Self::Segment { element, .. } => element,
        }
    }

    /// The same place with this element in it.
    #[must_use]
    pub fn with_element(self, element: ElementPlace) -> Self {
        let element = Some(element);
        match self {
            Self::Interchange { segment, .. } => Self::Interchange { segment, element },
            Self::FunctionalGroup { group, segment, .. } => Self::FunctionalGroup { group, segment, element },
            Self::Message { message, segment, .. } => Self::Message { message, segment, element },
            Self::Segment { message, position, .. } => Self::Segment { message, position, element },
        }
    }
}

/// Says of each segment in turn where CONTRL would report it.
#[derive(Default)]
struct Places {
    message: usize,
    group: usize,
}

impl Places {
    fn next(&mut self, interchange: &Interchange<'_>, index: usize) -> Place {
        while interchange.messages.get(self.message).is_some_and(|message| message.end <= index) {
            self.message += 1;
        }
        if let Some(message) = interchange.messages.get(self.message).filter(|message| message.first <= index) {
            return self.in_message(interchange, message, index);
        }
        while interchange.groups.get(self.group + 1).is_some_and(|group| group.header <= index) {
            self.group += 1;
        }
        if let Some(group) = interchange.groups.get(self.group) {
            let tags = [(Some(group.header), ServiceTag::Ung), (group.trailer, ServiceTag::Une)];
            if let Some((_, tag)) = tags.into_iter().find(|(at, _)| *at == Some(index)) {
                return Place::FunctionalGroup { group: count(self.group), segment: Some(tag), element: None };
            }
            let end = group.trailer.or(interchange.trailer);
            if group.header < index && end.is_none_or(|end| index < end) {
                return Place::FunctionalGroup { group: count(self.group), segment: None, element: None };
            }
        }
        let segment = match index {
            0 => Some(ServiceTag::Unb),
            _ if interchange.trailer == Some(index) => Some(ServiceTag::Unz),
            _ => None,
        };
        Place::Interchange { segment, element: None }
    }

    /// UNH and UNT are the message's own, everything between them is named by its position.
    fn in_message(&self, interchange: &Interchange<'_>, message: &Message, index: usize) -> Place {
        let number = count(self.message);
        let has_trailer = || interchange.segment(index).is_some_and(|segment| segment.tag() == Tag(*b"UNT"));
        let segment = match index {
            _ if index == message.first => Some(ServiceTag::Unh),
            _ if index + 1 == message.end && has_trailer() => Some(ServiceTag::Unt),
            _ => None,
        };
        match segment {
            Some(_) => Place::Message { message: number, segment, element: None },
            None => Place::Segment { message: number, position: count(index - message.first + 1), element: None },
        }
    }
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "the places that are tested are those of ASCII")]
mod tests {
    use super::super::envelope::AcknowledgementRequest;
    use super::walk::FINDINGS_MAX;
    use super::*;

    const UNB: &str = "UNB+UNOA:3+ACME:ZZ+CUSTOMS:ZZ+261121:2045+IC1'";

    /// Reads an interchange and says what is wrong with it, a finding per line: code, place, the bytes it points at.
    fn check(body: &str, expected: &[&str]) {
        let text = format!("{UNB}{body}");
        let (_, findings) = Interchange::read(text.as_bytes()).unwrap();
        let found: Vec<String> = findings
            .iter()
            .map(|finding| {
                format!("{} {} {}", finding.error.number(), place(finding.place), &text[finding.span.clone()])
            })
            .collect();
        assert_eq!(found, expected);
    }

    fn place(place: Place) -> String {
        let at = |segment: Option<ServiceTag>, element: Option<ElementPlace>| {
            let segment = segment.map_or("-", ServiceTag::as_str);
            let element =
                element.map(|element| format!(" {}:{}", element.element, element.component.unwrap_or_default()));
            format!("{segment}{}", element.unwrap_or_default())
        };
        match place {
            Place::Interchange { segment, element } => format!("UCI {}", at(segment, element)),
            Place::FunctionalGroup { group, segment, element } => format!("UCF {group} {}", at(segment, element)),
            Place::Message { message, segment, element } => format!("UCM {message} {}", at(segment, element)),
            Place::Segment { message, position, element } => format!("UCS {message} {position} {}", at(None, element)),
        }
    }

    #[track_caller]
    fn check_stretches(text: &str, expected: &[&str]) {
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let stretches: Vec<&str> = interchange.stretches().map(|stretch| &text[stretch]).collect();
        assert_eq!(stretches, expected);
        let segments = interchange.segments().map(|segment| segment.span().len() + 1).sum::<usize>();
        assert_eq!(stretches.concat().len(), segments);
    }

    #[test]
    fn line_breaks_between_segments_divide_stretches() {
        let (first, second) = (format!("{UNB}UNH+1+X:D:96B:UN'"), "UNT+2+1'UNZ+1+IC1'");
        check_stretches(&format!("{first}{second}"), &[&format!("{first}{second}")]);
        check_stretches(&format!("UNA:+.? '\r\n{first}\r\n{second}\n"), &[&first, second]);
        check_stretches(&format!("{first}\n'\n'{second}"), &[&first, "'", &format!("'{second}")]);
        check_stretches(&format!("{UNB}FTX+A\nB'{second}"), &[&format!("{UNB}FTX+A\nB'{second}")]);
        check_stretches(&format!("{UNB}{second} rest"), &[&format!("{UNB}{second}")]);
    }

    #[test]
    fn a_right_interchange_has_no_findings() {
        check("UNH+1+CUSDEC:D:96B:UN'BGM+1'UNT+3+1'UNZ+1+IC1'", &[]);
        check("UNG+CUSDEC+A+B+261121:2045+G1+UN+D:96B'UNH+1+CUSDEC:D:96B:UN'UNT+2+1'UNE+1+G1'UNZ+1+IC1'", &[]);
    }

    #[test]
    fn trailers_must_count_and_repeat() {
        check(
            "UNH+1+X:D:96B:UN'UNT+3+2'UNZ+2+IC2'",
            &["29 UCM 0 UNT 2:0 3", "28 UCM 0 UNT 3:0 2", "29 UCI UNZ 2:0 2", "28 UCI UNZ 3:0 IC2"],
        );
    }

    #[test]
    fn leading_zeros_of_a_count_mean_nothing() {
        check("UNH+1+X:D:96B:UN'UNT+0002+1'UNZ+01+IC1'", &[]);
    }

    #[test]
    fn a_missing_unt_is_the_messages_fault() {
        check("UNH+1+X:D:96B:UN'BGM+1'UNZ+1+IC1'", &["13 UCM 0 UNT UNZ+1+IC1"]);
        check("UNH+1+X:D:96B:UN'UNH+2+X:D:96B:UN'UNT+2+2'UNZ+2+IC1'", &["13 UCM 0 UNT UNH+2+X:D:96B:UN"]);
    }

    #[test]
    fn a_missing_unz_is_the_interchanges_fault() {
        check("UNH+1+X:D:96B:UN'UNT+2+1'", &["13 UCI UNZ UNT+2+1"]);
    }

    #[test]
    fn groups_are_counted_and_closed() {
        check(
            "UNG+X+A+B+261121:2045+G1+UN+D:96B'UNH+1+X:D:96B:UN'UNT+2+1'UNG+X+A+B+261121:2045+G1+UN+D:96B'UNE+3+G2'UNZ+2+IC1'",
            &[
                "13 UCF 0 UNE UNG+X+A+B+261121:2045+G1+UN+D:96B",
                "26 UCF 1 UNG 6:0 G1",
                "32 UCF 1 UNG UNE+3+G2",
                "29 UCF 1 UNE 2:0 3",
                "28 UCF 1 UNE 3:0 G2",
            ],
        );
    }

    #[test]
    fn segments_of_a_message_are_counted_from_one_to_its_trailer() {
        let text = format!("{UNB}UNH+1+X:D:96B:UN'BGM+1'UNT+3+1'UNZ+1+IC1'");
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let tag = |position| interchange.segment_of(&interchange.messages[0], position).map(|found| found.tag().0);
        assert_eq!([0, 1, 2, 3, 4].map(tag), [None, Some(*b"UNH"), Some(*b"BGM"), Some(*b"UNT"), None]);
    }

    #[test]
    fn segments_are_the_same_from_both_ends() {
        let text = format!("{UNB}UNH+1+X:D:96B:UN'\r\nBGM+1'RFF+1'\nUNT+4+1'UNZ+1+IC1'");
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let segments = || interchange.segments_of(&interchange.messages[0]);
        let spans: Vec<_> = segments().map(|segment| segment.span()).collect();
        let mut backwards: Vec<_> = segments().rev().map(|segment| segment.span()).collect();
        backwards.reverse();
        assert_eq!(backwards, spans);
        assert_eq!(segments().last().map(|segment| segment.span()), spans.last().cloned());
        for (index, span) in spans.iter().enumerate() {
            assert_eq!(segments().nth(index).map(|segment| segment.span()).as_ref(), Some(span));
        }
    }

    #[test]
    fn a_group_names_the_applications_that_it_states() {
        let text = format!("{UNB}UNG+X+A:ZZ+B+261121:2045+G1+UN+D:96B'UNE+0+G1'UNG+++++G2'UNE+0+G2'UNZ+2+IC1'");
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let name = |party: &Option<PartyId>| party.as_ref().map(|party| party.identification.clone());
        let parties = interchange.groups.iter().map(|group| (name(&group.sender), name(&group.recipient)));
        let stated = (Some("A".to_owned()), Some("B".to_owned()));
        assert_eq!(parties.collect::<Vec<_>>(), [stated, (None, None)]);
    }

    #[test]
    fn groups_and_messages_do_not_mix() {
        check(
            "UNH+1+X:D:96B:UN'UNT+2+1'UNG+X+A+B+261121:2045+G1+UN+D:96B'UNH+1+X:D:96B:UN'UNT+2+1'UNE+1+G1'UNZ+1+IC1'",
            &["30 UCI - UNG+X+A+B+261121:2045+G1+UN+D:96B"],
        );
    }

    /// The same for an interchange of syntax 4.
    fn check_newer(body: &str, expected: &[&str]) {
        let text = format!("UNB+UNOB:4+A+B+20261121:2045+1'{body}");
        let (_, findings) = Interchange::read(text.as_bytes()).unwrap();
        let found = findings.iter().map(|found| format!("{} {}", found.error.number(), place(found.place)));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_package_counts_like_a_message_and_is_refused_unread() {
        let message = "UNH+1+X:D:96B:UN'UNT+2+1'UNZ+2+1'";
        check_newer(&format!("UNO+P1+AA:R+1+3'\u{1}'\u{2}UNP+3+P1'{message}"), &["47 UCM 0 UNO"]);
        check_newer(&format!("UNO+P1+AA:R+1+4:1'USH+1'UNH'UNP+4+P1'{message}"), &["47 UCM 0 UNO"]);
        check_newer(&format!("UNO+P1+AA:R+1+99'UNH'UNP+99+P1'{message}"), &["47 UCM 0 UNO"]);
        let group = "UNG+++++G'UNO+P1+AA:R'UNP+3+P1'UNE+1+G'";
        check_newer(&format!("{group}UNZ+1+1'"), &["47 UCM 0 UNO"]);
        check("UNO+P1'UNP+1+P1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+IC1'", &["33 UCI - UNO+P1", "33 UCI - UNP+1+P1"]);
    }

    #[test]
    fn packages_are_called_so_in_a_syntax_without_them() {
        let text = format!("{UNB}UNO+P1'UNP+1+P1'BGM+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+IC1'");
        let (_, findings) = Interchange::read(text.as_bytes()).unwrap();
        let details: Vec<&str> = findings.iter().map(|found| &*found.detail).collect();
        assert_eq!(details, ["packages (UNO to UNP) are not processed", "packages (UNO to UNP) are not processed", ""]);
    }

    #[test]
    fn a_package_without_its_trailer_ends_where_it_begins() {
        check_newer("UNO+P1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+2+1'", &["47 UCM 0 UNO", "13 UCM 0 UNP"]);
    }

    #[test]
    fn security_segments_between_messages_are_no_part_of_this() {
        check("USH+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+IC1'", &["27 UCI - USH+1"]);
        check_newer("USH+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'", &["33 UCI -"]);
        check_newer("UNG+++++G'USH+1'UNH+1+X:D:96B:UN'UNT+2+1'UNE+1+G'UNZ+1+1'", &["47 UCF 0 -"]);
    }

    #[test]
    fn a_service_tag_ends_at_a_service_character() {
        check("UNH+1+X:D:96B:UN'UNT+2+1'UNZ!1!IC1'", &["22 UCI UNZ 1:0 UNZ!1!IC1"]);
        check(
            "UNG+X+A+B+261121:2045+G1+UN+D:96B'UNH+1+X:D:96B:UN'UNT+2+1'UNE!1!G1'UNZ+1+IC1'",
            &["22 UCF 0 UNE 1:0 UNE!1!G1"],
        );
        check("UNH!1'UNT+2'UNZ+1+IC1'", &["22 UCM 0 UNH 1:0 UNH!1"]);
    }

    #[test]
    fn interactive_interchanges_are_recognised() {
        for text in ["UIB+UNOA:4'", "UNA:+.? 'UIB+UNOA:4'", "\r\nUNA:+.? '\nUIB'"] {
            assert!(Interchange::is_interactive(text.as_bytes()), "{text}");
            assert!(Interchange::read(text.trim_start().as_bytes()).is_none(), "{text}");
        }
        assert!(!Interchange::is_interactive(b"UNB+UNOA:4'"));
    }

    #[test]
    fn a_segment_outside_a_message_is_reported() {
        check("BGM+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+IC1'", &["33 UCI - BGM+1"]);
    }

    #[test]
    fn a_reference_used_twice_is_the_second_messages_fault() {
        check("UNH+1+X:D:96B:UN'UNT+2+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+2+IC1'", &["26 UCM 1 UNH 2:0 1"]);
    }

    #[test]
    fn a_reference_that_is_left_out_is_no_duplicate() {
        check("UNH++X:D:96B:UN'UNT+2'UNH++X:D:96B:UN'UNT+2'UNZ+2+IC1'", &[]);
        let group = "UNG+X+A+B+261121:2045++UN+D:96B'UNH+1+X:D:96B:UN'UNT+2+1'UNE+1'";
        check(&format!("{group}{group}UNZ+2+IC1'"), &[]);
    }

    #[test]
    fn several_types_are_told_once_of_a_functional_group() {
        let messages = ["X", "", "Y", "X"].map(|kind| format!("UNH+{kind}1+{kind}:D'UNT+2+{kind}1'"));
        let group = format!("UNG+X+A+B+261121:2045+G1+UN+D:96B'{}UNE+4+G1'", messages.concat().replace("X1", "?X1"));
        let (told, again) = ("31 UCF 0 UNG UNH+Y1+Y:D", "26 UCM 3 UNH 2:0 ?X1");
        check(&format!("{group}UNZ+1+IC1'"), &[told, again]);
        check_newer(&format!("{group}UNZ+1+1'"), &["26 UCM 3 UNH 2:0"]);
    }

    #[test]
    fn nothing_behind_unz_is_read() {
        let message = "UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+IC1'";
        check(&format!("{message}\r\n"), &[]);
        check(&format!("{message}\nUNH+2+a'UNZ+1+IC1'"), &["33 UCI - UNH+2+a"]);
        check(&format!("{message}X"), &["33 UCI - X"]);
    }

    #[test]
    fn an_empty_interchange_is_reported() {
        check("UNZ+0+IC1'", &["32 UCI - UNZ+0+IC1"]);
    }

    #[test]
    fn characters_outside_the_repertoire_are_found_where_they_stand() {
        check("UNH+1+X:D:96B:UN'FTX+A:b#c:D'UNT+3+1'UNZ+1+IC1'", &["21 UCS 0 2 - 2:2 b"]);
    }

    #[test]
    fn characters_of_service_segments_are_found_in_their_envelope() {
        check(
            "UNG+X+a+B+261121:2045+G1+UN+D:96B'UNH+b+X:D:96B:UN'UNT+2+b'UNE+1+c'UNZ+1+IC1'",
            &[
                "21 UCF 0 UNG 3:1 a",
                "21 UCM 0 UNH 2:1 b",
                "21 UCM 0 UNT 3:1 b",
                "28 UCF 0 UNE 3:0 c",
                "21 UCF 0 UNE 3:1 c",
            ],
        );
    }

    #[test]
    fn characters_between_the_messages_of_a_group_are_found_in_the_group() {
        let group = "UNG+X+A+B+261121:2045+G1+UN+D:96B'UNH+1+X:D:96B:UN'UNT+2+1'AAA+a'UNE+1+G1'";
        check(
            &format!("{group}BBB+b'UNZ+1+IC1'"),
            &["33 UCF 0 - AAA+a", "21 UCF 0 - 2:1 a", "33 UCI - BBB+b", "21 UCI - 2:1 b"],
        );
    }

    #[test]
    fn the_first_byte_that_is_no_character_is_shown() {
        let text = b"UNB+UNOY:4+A+B+20261121:2045+1'UNH+1+X'FTX+A\xff\0+A\0\xff'UNT+3+1'UNZ+1+1'";
        let (_, findings) = Interchange::read(text).unwrap();
        assert_eq!(findings.iter().map(|found| text[found.span.start]).collect::<Vec<_>>(), [0xff, 0]);
    }

    #[test]
    fn characters_of_an_unsupported_repertoire_are_not_judged() {
        let text = "UNB+UNOX:3+a+b+261121:2045+1'UNH+1+X:D:96B:UN'FTX+c'UNT+3+1'UNZ+1+1'";
        let (_, findings) = Interchange::read(text.as_bytes()).unwrap();
        assert_eq!(findings.iter().map(|finding| finding.error.number()).collect::<Vec<_>>(), [46]);
    }

    #[test]
    fn only_syntax_four_repeats_elements_of_unb() {
        let sender = |text: &str| Interchange::read(text.as_bytes()).unwrap().0.envelope.sender.identification;
        assert_eq!(sender("UNA:+.?*'UNB+UNOA:3+A*B+C+261121:2045+1'"), "A*B");
        assert_eq!(sender("UNA:+.?*'UNB+UNOA:4+A*B+C+20261121:2045+1'"), "A");
        assert_eq!(sender("UNB+UNOA:4+A*B+C+20261121:2045+1'"), "A");
        assert_eq!(sender("UNB+UNOA:?4+A*B+C+20261121:2045+1'"), "A", "the version is read without release characters");
        assert_eq!(sender("UNA++.? 'UNB+UNOA:4+A*B+C+20261121:2045+1'"), "A", "the default characters, all of them");
        assert_eq!(sender("UNB+U*NOA:4+A*B+C+20261121:2045+1'"), "A*B", "version 4 only as long as nothing repeats");
    }

    #[test]
    fn many_empty_groups_cost_no_more_than_their_bytes() {
        let group = "UNG+X+A+B+261121:2045+G+UN+D:96B'UNH+1+X:D:96B:UN'UNT+2+1'UNE+1+G'";
        let text = format!("{UNB}{}UNZ+30000+IC1'", group.repeat(30_000));
        let (interchange, findings) = Interchange::read(text.as_bytes()).unwrap();
        assert_eq!((interchange.groups.len(), findings.len()), (30_000, FINDINGS_MAX));
    }

    #[test]
    fn a_line_break_inside_a_value_is_no_character() {
        check("UNH+1+X:D:96B:UN'FTX+A\nB'UNT+3+1'UNZ+1+IC1'", &["21 UCS 0 2 - 2:1 \n"]);
    }

    #[test]
    fn what_is_not_supported_is_said_of_unb() {
        let read = |text: &str| {
            Interchange::read(text.as_bytes())
                .map(|(_, findings)| findings.iter().map(|f| f.error.number()).collect::<Vec<_>>())
        };
        assert_eq!(read("UNB+UNOX:3+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'"), Some(vec![46]));
        assert_eq!(read("UNB+UNOA:9+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'"), Some(vec![2]));
        assert_eq!(read("UNA++.? 'UNB+UNOA:3+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'"), Some(vec![20]));
    }

    #[test]
    fn syntax_four_does_not_look_at_the_decimal_mark_of_una() {
        let read = |una: &str, syntax: &str| {
            let text = format!("{una}UNB+{syntax}+A+B+261121:2045+1'UNH+1+X:D:96B:UN'UNT+2+1'UNZ+1+1'");
            let (_, findings) = Interchange::read(text.as_bytes()).unwrap();
            findings.iter().map(|found| found.error.number()).collect::<Vec<_>>()
        };
        assert!(read("UNA:+ ?*'", "UNOA:4").iter().all(|code| *code != 19));
        assert_eq!(read("UNA:+ ? '", "UNOA:3"), [19]);
    }

    #[test]
    fn without_unb_there_is_nobody_to_answer() {
        assert!(Interchange::read(b"").is_none());
        assert!(Interchange::read(b"UNH+1'").is_none());
        assert!(Interchange::read(b"UNB+UNOA:3").is_none(), "not even a terminator");
    }

    #[test]
    fn nothing_but_mistakes_ends_at_the_limit_and_refuses_the_interchange() {
        let text = format!("{UNB}{}UNZ+0+IC1'", "'".repeat(100_000));
        let (_, findings) = Interchange::read(text.as_bytes()).unwrap();
        assert_eq!(findings.len(), FINDINGS_MAX);
        assert!(findings.iter().any(|finding| finding.error == SyntaxError::Unspecified));
    }

    #[test]
    fn unb_is_read_whole() {
        let text = "UNB+UNOC:4+A?+B:ZZ:R1:R2+C:14+20261121:2045+IC?'1+PW+APP+A+1+AGR+1'UNZ+0+IC?'1'";
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let envelope = &interchange.envelope;
        assert_eq!(envelope.sender.identification, "A+B");
        assert_eq!(envelope.sender.internal_sub.as_deref(), Some("R2"));
        assert_eq!(envelope.reference.0, "IC'1");
        assert_eq!(envelope.acknowledgement, AcknowledgementRequest::Acknowledgement);
        assert!(envelope.is_practice);
        assert_eq!(interchange.service().repetition, Some(b'*'));
    }
}
