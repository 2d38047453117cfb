//! Interchanges: the envelopes UNB…UNZ, UNG…UNE, UNH…UNT, and what is wrong with them.
//!
//! Start with [`Interchange::read`]. It never stops at the first mistake: what can be read is read, and everything that
//! cannot stand comes back as findings in the order of the bytes. Values of the service segments are judged by the
//! service grammars, one floor up; here are references, counts and order.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::finding::{ElementPlace, Place, ServiceTag, SyntaxError, SyntaxFinding};
use super::repertoire::Repertoire;
use super::segment::{Element, Segment, Tag, segment_bytes};
use super::service::{ServiceChars, UNA_LENGTH};

/// The version of the syntax rules (0002).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are their numbers")]
pub enum SyntaxVersion {
    V1,
    V2,
    V3,
    V4,
}

impl SyntaxVersion {
    /// The version of this number.
    #[must_use]
    pub fn read(number: &[u8]) -> Option<Self> {
        match number {
            b"1" => Some(Self::V1),
            b"2" => Some(Self::V2),
            b"3" => Some(Self::V3),
            b"4" => Some(Self::V4),
            _ => None,
        }
    }

    /// The digit in UNB.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2 => "2",
            Self::V3 => "3",
            Self::V4 => "4",
        }
    }
}

/// What the sender wants to hear back (0031).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum AcknowledgementRequest {
    /// Nothing, unless something is wrong.
    #[default]
    None,
    /// 1: the result of the syntax check.
    Acknowledgement,
    /// 2: that it was received.
    Receipt,
}

impl AcknowledgementRequest {
    /// Whether anything is wanted.
    #[must_use]
    pub fn is_wanted(self) -> bool {
        self != Self::None
    }
}

/// A sender or recipient: identification and qualifier together, with what UNB says beside them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct PartyId {
    /// The identification (0004, 0010, 0040, 0044), an..35.
    pub identification: String,
    /// The qualifier (0007), an..4.
    pub qualifier: Option<String>,
    /// Address for routing (0008, 0014).
    #[serde(default)]
    pub internal: Option<String>,
    /// Syntax 4's second address (0042, 0046).
    #[serde(default)]
    pub internal_sub: Option<String>,
}

impl PartyId {
    /// Whether identification and qualifier agree; addresses for routing say nothing of who it is.
    #[must_use]
    pub fn is_same_party(&self, other: &Self) -> bool {
        self.identification == other.identification && self.qualifier == other.qualifier
    }

    /// The identification and qualifier without addresses.
    #[must_use]
    pub fn without_addresses(&self) -> Self {
        Self { identification: self.identification.clone(), qualifier: self.qualifier.clone(), ..Self::default() }
    }

    fn read(element: &Element<'_>, repertoire: Repertoire) -> Self {
        let mut values = values(element, repertoire).into_iter();
        let mut next = || values.next().filter(|value| !value.is_empty());
        Self { identification: next().unwrap_or_default(), qualifier: next(), internal: next(), internal_sub: next() }
    }
}

/// The interchange control reference (0020).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ControlReference(pub String);

/// What UNB says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The repertoire (0001); UNOA where the one named is not supported.
    pub repertoire: Repertoire,
    /// The syntax version (0002); 3 where the one named is not known.
    pub version: SyntaxVersion,
    /// Who sent it (S002).
    pub sender: PartyId,
    /// Whom it is for (S003).
    pub recipient: PartyId,
    /// Its reference (0020).
    pub reference: ControlReference,
    /// The application reference (0026).
    pub application_reference: Option<String>,
    /// What the sender wants back (0031).
    pub acknowledgement: AcknowledgementRequest,
    /// The agreement it names (0032).
    pub agreement: Option<String>,
    /// Whether it is practice (0035 = 1).
    pub is_practice: bool,
}

impl Envelope {
    /// Whether an answer can name what it answers: 0020, S002 and S003 are there and fit where UCI copies them.
    #[must_use]
    pub fn can_be_answered(&self) -> bool {
        let fits = |text: &str, length: usize| (1..=length).contains(&text.chars().count());
        fits(&self.reference.0, 14) && fits(&self.sender.identification, 35) && fits(&self.recipient.identification, 35)
    }
}

/// What a message is (S009): the key of the catalogue of grammars.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct MessageType {
    /// Message type (0065), for example CUSDEC.
    pub kind: String,
    /// Version (0052), for example D.
    pub version: String,
    /// Release (0054), for example 96B.
    pub release: String,
    /// Controlling agency (0051), for example UN.
    pub agency: String,
    /// Association assigned code (0057).
    pub association: Option<String>,
}

/// One message: UNH to UNT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its reference (0062).
    pub reference: String,
    /// What it is (S009).
    pub kind: MessageType,
    /// The functional group it stands in, counted from 0.
    pub group: Option<u32>,
    /// Its first segment, UNH, in the interchange.
    first: usize,
    /// Behind its last segment.
    end: usize,
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

/// A stretch of bytes that is a segment.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

/// One interchange, read where it lies.
#[derive(Debug)]
pub struct Interchange<'a> {
    bytes: &'a [u8],
    service: ServiceChars,
    segments: Vec<Span>,
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
        let service = ServiceChars::read(bytes).unwrap_or_else(|error| {
            let place = Place::Interchange { segment: Some(ServiceTag::Una), element: None };
            findings.push(finding(
                error,
                place,
                0..UNA_LENGTH.min(bytes.len()),
                "UNA cannot be used; the default characters were",
            ));
            ServiceChars::DEFAULT
        });
        let content = if has_una { UNA_LENGTH } else { 0 };
        let segments = segments(&service, bytes, content)?;
        let header =
            Segment::new(service, usize::try_from(segments.first()?.start).ok()?, slice(bytes, *segments.first()?));
        if header.tag() != Tag(*b"UNB") {
            return None;
        }
        // Which characters UNB is read with depends on the version in it: only syntax 4 knows repetitions.
        let is_syntax_4 = header.component(2, 2).is_some_and(|version| version.raw() == b"4");
        let mut service = service.for_version(is_syntax_4, has_una);
        let header = Segment::new(service, header.span().start, header.raw());
        let envelope = read_header(&header, &mut findings);
        if envelope.version != SyntaxVersion::V4 && !service.has_decimal_mark() {
            let place = Place::Interchange { segment: Some(ServiceTag::Una), element: None };
            let detail = "the decimal mark of UNA is neither a full stop nor a comma";
            findings.push(finding(SyntaxError::InvalidServiceCharacter, place, 0..UNA_LENGTH, detail));
            service.decimal_mark = ServiceChars::DEFAULT.decimal_mark;
        }
        let interchange =
            Self { bytes, service, segments, envelope, groups: Vec::new(), messages: Vec::new(), trailer: None };
        let mut walk = Walk { interchange, findings, open: Open::default(), references: HashSet::new() };
        walk.run();
        let Walk { interchange, mut findings, .. } = walk;
        // Of a repertoire that is not supported nobody can say which characters it has.
        if !findings.iter().any(|finding| finding.error == SyntaxError::UnsupportedCharacterSet) {
            interchange.check_characters(&mut findings);
        }
        findings.sort_by_key(|finding| (finding.span.start, finding.place));
        Some((interchange, findings))
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

    /// All segments in order, service segments included.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = Segment<'a>> + '_ {
        self.segments.iter().map(|span| self.at(*span))
    }

    /// The segments of a message, UNH to UNT.
    pub fn segments_of(
        &self,
        message: &Message,
    ) -> impl ExactSizeIterator<Item = Segment<'a>> + DoubleEndedIterator + Clone + '_ {
        self.segments.get(message.first..message.end).unwrap_or_default().iter().map(|span| self.at(*span))
    }

    /// UNG, and UNE when there is one, of a functional group.
    pub fn envelope_of(&self, group: &FunctionalGroup) -> impl Iterator<Item = Segment<'a>> + '_ {
        [Some(group.header), group.trailer].into_iter().flatten().filter_map(|index| self.segment(index))
    }

    fn segment(&self, index: usize) -> Option<Segment<'a>> {
        self.segments.get(index).map(|span| self.at(*span))
    }

    fn at(&self, span: Span) -> Segment<'a> {
        Segment::new(self.service, span.start as usize, slice(self.bytes, span))
    }

    /// Finds the bytes that the repertoire does not have (0085 = 21), one finding for each component that holds some.
    ///
    /// One pass over a table of 256 entries; only what is found is looked at again, to say where it stands.
    fn check_characters(&self, findings: &mut Vec<SyntaxFinding>) {
        let allowed = self.allowed_bytes();
        let is_allowed = |byte: &u8| allowed.get(usize::from(*byte)).copied().unwrap_or_default();
        let wants_utf8 = self.envelope.repertoire == Repertoire::Unoy;
        let mut places = Places::default();
        for (index, span) in self.segments.iter().enumerate() {
            let place = places.next(self, index);
            let raw = slice(self.bytes, *span);
            let is_clean =
                raw.iter().all(is_allowed) && (!wants_utf8 || raw.is_ascii() || std::str::from_utf8(raw).is_ok());
            if !is_clean {
                self.find_characters(self.at(*span), place, &is_allowed, findings);
            }
        }
    }

    fn find_characters(
        &self,
        segment: Segment<'a>,
        place: Place,
        is_allowed: &dyn Fn(&u8) -> bool,
        findings: &mut Vec<SyntaxFinding>,
    ) {
        let wants_utf8 = self.envelope.repertoire == Repertoire::Unoy;
        for element in std::iter::once(segment.tag_element()).chain(segment.elements()) {
            for repetition in element.repetitions() {
                for component in repetition.components() {
                    let raw = component.raw();
                    let bad = raw.iter().position(|byte| !is_allowed(byte));
                    let broken =
                        wants_utf8.then(|| std::str::from_utf8(raw).err().map(|error| error.valid_up_to())).flatten();
                    let Some(at) = bad.or(broken) else { continue };
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

/// Divides the bytes at the terminators. Bytes behind the last terminator are no segment.
fn segments(service: &ServiceChars, bytes: &[u8], from: usize) -> Option<Vec<Span>> {
    let mut segments = Vec::with_capacity(bytes.len() / 24);
    let mut rest = skip_line_breaks(bytes.get(from..)?);
    while let Some((behind, segment)) = segment_bytes(service, rest) {
        let start = u32::try_from(bytes.len() - rest.len()).ok()?;
        let end = start + u32::try_from(segment.len()).ok()?;
        segments.push(Span { start, end });
        rest = skip_line_breaks(behind);
    }
    Some(segments)
}

fn skip_line_breaks(bytes: &[u8]) -> &[u8] {
    let breaks = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    bytes.get(breaks..).unwrap_or_default()
}

fn slice(bytes: &[u8], span: Span) -> &[u8] {
    bytes.get(span.start as usize..span.end as usize).unwrap_or_default()
}

/// A count of the standard: more than 4,294,967,295 cannot stand in an interchange that can be read.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn finding(error: SyntaxError, place: Place, span: std::ops::Range<usize>, detail: &str) -> SyntaxFinding {
    SyntaxFinding { error, place, span, detail: detail.to_owned() }
}

/// The texts of the components of an element's first repetition.
fn values(element: &Element<'_>, repertoire: Repertoire) -> Vec<String> {
    element.components().map(|component| repertoire.decode(&component.unreleased()).into_owned()).collect()
}

/// The text of a component; empty when there is none.
fn value(segment: &Segment<'_>, element: u16, component: u16, repertoire: Repertoire) -> String {
    segment
        .component(element, component)
        .map(|component| repertoire.decode(&component.unreleased()).into_owned())
        .unwrap_or_default()
}

/// Reads UNB. What of it cannot be supported is a finding; what is left out or too long is the service grammar's.
fn read_header(header: &Segment<'_>, findings: &mut Vec<SyntaxFinding>) -> Envelope {
    let bytes = |element, component| {
        header.component(element, component).map(|found| found.unreleased().into_owned()).unwrap_or_default()
    };
    let (named_repertoire, named_version) = (bytes(2, 1), bytes(2, 2));
    let version = SyntaxVersion::read(&named_version);
    let repertoire = Repertoire::read(&named_repertoire);
    let span = header.element(2).map_or(header.span(), |element| element.span());
    let mut unsupported = |error, component| {
        let place =
            Place::Interchange { segment: Some(ServiceTag::Unb), element: Some(ElementPlace::component(2, component)) };
        findings.push(finding(error, place, span.clone(), ""));
    };
    if repertoire.is_none() {
        unsupported(SyntaxError::UnsupportedCharacterSet, 1);
    }
    if version.is_none() {
        unsupported(SyntaxError::UnsupportedSyntax, 2);
    }
    let repertoire = repertoire.unwrap_or(Repertoire::Unoa);
    let text = |element| value(header, element, 1, repertoire);
    let party =
        |element| header.element(element).map(|element| PartyId::read(&element, repertoire)).unwrap_or_default();
    let stated = |text: String| (!text.is_empty()).then_some(text);
    Envelope {
        repertoire,
        version: version.unwrap_or(SyntaxVersion::V3),
        sender: party(3),
        recipient: party(4),
        reference: ControlReference(text(6)),
        application_reference: stated(text(8)),
        acknowledgement: match text(10).as_str() {
            "1" => AcknowledgementRequest::Acknowledgement,
            "2" => AcknowledgementRequest::Receipt,
            _ => AcknowledgementRequest::None,
        },
        agreement: stated(text(11)),
        is_practice: text(12) == "1",
    }
}

/// Most findings about the envelopes and characters of one interchange: one of nothing but mistakes must not cost more
/// memory than its bytes.
const FINDINGS_MAX: usize = 1_000;

/// Takes a finding, up to the limit. The last one refuses the interchange as a whole: what was left out could have
/// refused any of its messages.
fn take(findings: &mut Vec<SyntaxFinding>, found: SyntaxFinding) {
    if findings.len() + 1 < FINDINGS_MAX {
        findings.push(found);
    } else if findings.len() < FINDINGS_MAX {
        let place = Place::Interchange { segment: None, element: None };
        let detail = format!("more than {FINDINGS_MAX} mistakes were found; the rest is left out");
        findings.push(finding(SyntaxError::Unspecified, place, found.span, &detail));
    }
}

/// What is open at a point of the walk.
#[derive(Default)]
struct Open {
    message: bool,
    group: bool,
    /// Whether groups and messages are mixed.
    mixing: Mixing,
}

/// An interchange has functional groups, or messages outside of them, not both.
#[derive(Default, PartialEq, Eq)]
enum Mixing {
    /// No message stood outside a functional group.
    #[default]
    None,
    /// A message did; a functional group would mix them.
    BareMessage,
    /// They are mixed, which is said once.
    Reported,
}

/// The walk over the segments that finds the envelopes.
struct Walk<'a> {
    interchange: Interchange<'a>,
    findings: Vec<SyntaxFinding>,
    open: Open,
    /// References in use: of groups (none) and of messages (their group, and the reference).
    references: HashSet<(&'static str, Option<u32>, String)>,
}

impl<'a> Walk<'a> {
    fn run(&mut self) {
        for index in 1..self.interchange.segments.len() {
            let Some(segment) = self.interchange.segment(index) else { break };
            match &segment.tag().0 {
                b"UNG" => self.open_group(index, &segment),
                b"UNH" => self.open_message(index, &segment),
                b"UNT" if self.open.message => self.close_message(index, &segment),
                b"UNE" if self.open.group => self.close_group(index, &segment),
                b"UNZ" if self.interchange.trailer.is_none() => self.close_interchange(index, &segment),
                _ if self.open.message => {}
                _ => self.report_outside(&segment),
            }
        }
        self.report_end();
    }

    fn report(&mut self, error: SyntaxError, place: Place, segment: &Segment<'a>, element: Option<u16>, detail: &str) {
        let span =
            element.and_then(|position| segment.element(position)).map_or(segment.span(), |element| element.span());
        let place = element.map_or(place, |position| place.with_element(ElementPlace::element(position)));
        take(&mut self.findings, finding(error, place, span, detail));
    }

    fn text(&self, segment: &Segment<'a>, element: u16, component: u16) -> String {
        value(segment, element, component, self.interchange.envelope.repertoire)
    }

    fn message_place(&self, segment: ServiceTag) -> Place {
        let message = count(self.interchange.messages.len().saturating_sub(1));
        Place::Message { message, segment: Some(segment), element: None }
    }

    fn group_place(&self, segment: ServiceTag) -> Place {
        let group = count(self.interchange.groups.len().saturating_sub(1));
        Place::FunctionalGroup { group, segment: Some(segment), element: None }
    }

    fn open_group(&mut self, index: usize, segment: &Segment<'a>) {
        self.leave_message(index, segment);
        self.leave_group(segment);
        let party = |position| {
            segment.element(position).map(|element| PartyId::read(&element, self.interchange.envelope.repertoire))
        };
        let group = FunctionalGroup {
            reference: self.text(segment, 6, 1),
            sender: party(3).filter(|party| !party.identification.is_empty()),
            recipient: party(4).filter(|party| !party.identification.is_empty()),
            header: index,
            trailer: None,
        };
        let is_new = self.references.insert(("UNG", None, group.reference.clone()));
        self.interchange.groups.push(group);
        self.open.group = true;
        self.report_mixed(segment);
        if !is_new {
            self.report(SyntaxError::Duplicate, self.group_place(ServiceTag::Ung), segment, Some(6), "");
        }
    }

    fn open_message(&mut self, index: usize, segment: &Segment<'a>) {
        self.leave_message(index, segment);
        let mut kind = (1..=5).map(|component| self.text(segment, 3, component)).collect::<Vec<_>>().into_iter();
        let mut next = || kind.next().unwrap_or_default();
        let kind = MessageType {
            kind: next(),
            version: next(),
            release: next(),
            agency: next(),
            association: Some(next()).filter(|code| !code.is_empty()),
        };
        let group = self.open.group.then(|| count(self.interchange.groups.len().saturating_sub(1)));
        let reference = self.text(segment, 2, 1);
        let is_new = self.references.insert(("UNH", group, reference.clone()));
        let differs = group.is_some()
            && self
                .interchange
                .messages
                .iter()
                .rev()
                .take(1)
                .any(|last| last.group == group && last.kind.kind != kind.kind);
        self.interchange.messages.push(Message { reference, kind, group, first: index, end: index + 1 });
        self.open.message = true;
        if group.is_none() && self.open.mixing == Mixing::None {
            self.open.mixing = Mixing::BareMessage;
        }
        self.report_mixed(segment);
        if !is_new {
            self.report(
                SyntaxError::Duplicate,
                self.message_place(ServiceTag::Unh),
                segment,
                Some(2),
                "a message before it has the same reference",
            );
        }
        if differs && self.interchange.envelope.version < SyntaxVersion::V4 {
            self.report(SyntaxError::MoreThanOneMessageType, self.group_place(ServiceTag::Ung), segment, None, "");
        }
    }

    fn close_message(&mut self, index: usize, segment: &Segment<'a>) {
        self.open.message = false;
        let Some(message) = self.interchange.messages.last_mut() else { return };
        message.end = index + 1;
        let (counted, reference) = (message.end - message.first, message.reference.clone());
        self.check_trailer(segment, self.message_place(ServiceTag::Unt), counted, &reference, "segments");
    }

    fn close_group(&mut self, index: usize, segment: &Segment<'a>) {
        self.leave_message(index, segment);
        self.open.group = false;
        let number = count(self.interchange.groups.len().saturating_sub(1));
        // They are the last ones: looking through all would cost an interchange of many groups its square.
        let messages = self.interchange.messages.iter().rev();
        let counted = messages.take_while(|message| message.group == Some(number)).count();
        let Some(group) = self.interchange.groups.last_mut() else { return };
        group.trailer = Some(index);
        let reference = group.reference.clone();
        self.check_trailer(segment, self.group_place(ServiceTag::Une), counted, &reference, "messages");
        if counted == 0 {
            self.report(
                SyntaxError::LowerLevelEmpty,
                self.group_place(ServiceTag::Ung),
                segment,
                None,
                "the functional group has no message",
            );
        }
    }

    fn close_interchange(&mut self, index: usize, segment: &Segment<'a>) {
        self.leave_message(index, segment);
        self.leave_group(segment);
        self.interchange.trailer = Some(index);
        let place = Place::Interchange { segment: Some(ServiceTag::Unz), element: None };
        let (groups, messages) = (self.interchange.groups.len(), self.interchange.messages.len());
        let (counted, what) = if groups > 0 { (groups, "functional groups") } else { (messages, "messages") };
        let reference = self.interchange.envelope.reference.0.clone();
        self.check_trailer(segment, place, counted, &reference, what);
        if groups + messages == 0 {
            let place = Place::Interchange { segment: None, element: None };
            self.report(SyntaxError::LowerLevelEmpty, place, segment, None, "the interchange has no message");
        }
    }

    /// A trailer repeats the reference of its header and counts what came between.
    fn check_trailer(&mut self, segment: &Segment<'a>, place: Place, counted: usize, reference: &str, what: &str) {
        let said = self.text(segment, 2, 1);
        if !said.is_empty() && said.trim_start_matches('0') != counted.to_string().trim_start_matches('0') {
            let detail = format!("{said} {what} were announced, {counted} arrived");
            self.report(SyntaxError::CountDoesNotMatch, place, segment, Some(2), &detail);
        }
        let repeated = self.text(segment, 3, 1);
        if !repeated.is_empty() && repeated != reference {
            let detail = format!("the header has {reference}");
            self.report(SyntaxError::ReferencesDoNotMatch, place, segment, Some(3), &detail);
        }
    }

    /// Another envelope begins or ends while a message is open: its UNT is missing.
    fn leave_message(&mut self, index: usize, segment: &Segment<'a>) {
        if !std::mem::take(&mut self.open.message) {
            return;
        }
        if let Some(message) = self.interchange.messages.last_mut() {
            message.end = index;
        }
        let place = self.message_place(ServiceTag::Unt);
        self.report(SyntaxError::Missing, place, segment, None, "UNT is missing before this segment");
    }

    fn leave_group(&mut self, segment: &Segment<'a>) {
        if std::mem::take(&mut self.open.group) {
            let place = self.group_place(ServiceTag::Une);
            self.report(SyntaxError::Missing, place, segment, None, "UNE is missing before this segment");
        }
    }

    fn report_mixed(&mut self, segment: &Segment<'a>) {
        if self.open.mixing == Mixing::BareMessage && !self.interchange.groups.is_empty() {
            self.open.mixing = Mixing::Reported;
            let place = Place::Interchange { segment: None, element: None };
            self.report(SyntaxError::GroupsAndMessagesMixed, place, segment, None, "");
        }
    }

    fn report_outside(&mut self, segment: &Segment<'a>) {
        let place = if self.open.group {
            let group = count(self.interchange.groups.len().saturating_sub(1));
            Place::FunctionalGroup { group, segment: None, element: None }
        } else {
            Place::Interchange { segment: None, element: None }
        };
        self.report(SyntaxError::OutsideMessage, place, segment, None, "");
    }

    /// The bytes have ended: what is still open lacks its trailer.
    fn report_end(&mut self) {
        if self.interchange.trailer.is_some() {
            return;
        }
        let Some(last) = self.interchange.segment(self.interchange.segments.len().saturating_sub(1)) else { return };
        let end = self.interchange.segments.len();
        self.leave_message(end, &last);
        self.leave_group(&last);
        let rest = self.interchange.bytes.get(last.span().end + 1..).unwrap_or_default();
        let has_rest = rest.iter().any(|byte| !matches!(byte, b'\r' | b'\n'));
        let detail = if has_rest { "the last segment has no terminator" } else { "UNZ is missing at the end" };
        let place = Place::Interchange { segment: Some(ServiceTag::Unz), element: None };
        self.report(SyntaxError::Missing, place, &last, None, detail);
    }
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "the places that are tested are those of ASCII")]
mod tests {
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
    fn groups_and_messages_do_not_mix() {
        check(
            "UNH+1+X:D:96B:UN'UNT+2+1'UNG+X+A+B+261121:2045+G1+UN+D:96B'UNH+1+X:D:96B:UN'UNT+2+1'UNE+1+G1'UNZ+1+IC1'",
            &["30 UCI - UNG+X+A+B+261121:2045+G1+UN+D:96B"],
        );
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
        assert!(read("UNA:+ ?*'", "UNOA:4").iter().all(|code| *code != 20));
        assert_eq!(read("UNA:+ ? '", "UNOA:3"), [20]);
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
