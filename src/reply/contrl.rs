//! CONTRL: what syntax and directory say of an interchange (ISO 9735, the syntax and service report message).
//!
//! Only what is refused is listed: UCI with action 7 acknowledges every level below that is not explicitly rejected. Each
//! finding stands at the lowest level that may carry its code. Where more is wrong than CONTRL has room for, the level
//! above carries 18 (unspecified error) unless it has a code of its own: that is how CONTRL notes that something was cut.

use std::collections::BTreeMap;

use super::copied::Copier;
use super::envelope;
use crate::edifact::{
    AcknowledgementRequest, ElementPlace, InterchangeWriter, Level, MessageType, Place, SegmentWriter, ServiceTag,
    SyntaxError, SyntaxFinding, SyntaxVersion,
};
use crate::record::{AnswerReference, Facts, GroupFacts, MessageFacts, Recorded};

/// Most UCS in one message response (segment groups 2 and 5 of CONTRL).
const SEGMENT_ERRORS_MAX: usize = 999;
/// Most UCD under one UCS.
const ELEMENT_ERRORS_MAX: usize = 99;

/// Highest position of a segment in its message (0096), and highest occurrence of an element (0136).
const POSITION_MAX: u32 = 999_999;
/// Highest position of an element in its segment (0098), and of a component in its composite (0104).
const ELEMENT_POSITION_MAX: u16 = 999;

/// Action (0083): this level and all lower levels rejected.
const REJECTED: &str = "4";
/// Action (0083): this level acknowledged, and all lower levels if not explicitly rejected.
const ACKNOWLEDGED: &str = "7";
/// Action (0083): interchange received.
const RECEIVED: &str = "8";

/// Writes the interchange with the one CONTRL of a record.
pub(super) fn write(recorded: &Recorded, reference: AnswerReference) -> InterchangeWriter {
    let facts = &recorded.facts;
    let report = Report::of(facts);
    let mut writer = envelope::begin(recorded, reference);
    writer.begin_message("1", &message_type(facts.envelope.version));
    write_uci(&mut writer, facts, &report);
    let mut messages: BTreeMap<Option<u32>, Vec<(u32, &MessageFacts)>> = BTreeMap::new();
    for (number, message) in (0..).zip(&facts.messages) {
        messages.entry(message.group).or_default().push((number, message));
    }
    for (number, message) in messages.remove(&None).unwrap_or_default() {
        write_message(&mut writer, facts, &report, number, message);
    }
    for (number, group) in (0..).zip(&facts.groups) {
        let messages = messages.get(&Some(number)).map(Vec::as_slice).unwrap_or_default();
        write_group(&mut writer, facts, &report, (number, group), messages);
    }
    writer
}

/// The CONTRL of a syntax version: syntax 4 has its own, 3 is D:3, the older ones 2:2.
fn message_type(version: SyntaxVersion) -> MessageType {
    let (number, release) = match version {
        SyntaxVersion::V1 | SyntaxVersion::V2 => ("2", "2"),
        SyntaxVersion::V3 => ("D", "3"),
        SyntaxVersion::V4 => ("4", "1"),
    };
    MessageType {
        kind: "CONTRL".to_owned(),
        version: number.to_owned(),
        release: release.to_owned(),
        agency: "UN".to_owned(),
        association: None,
    }
}

fn write_uci(writer: &mut InterchangeWriter, facts: &Facts, report: &Report<'_>) {
    let action = match (report.interchange, facts.envelope.acknowledgement) {
        (Some(_), _) => REJECTED,
        (None, AcknowledgementRequest::Receipt) if facts.findings.is_empty() => RECEIVED,
        (None, _) => ACKNOWLEDGED,
    };
    let copier = Copier::new(facts);
    writer.segment("UCI", |uci| {
        uci.element(&copier.demanded(&facts.envelope.reference.0, 14));
        uci.party(&copier.party(&facts.envelope.sender));
        uci.party(&copier.party(&facts.envelope.recipient));
        uci.element(action);
        write_fault(uci, report.interchange, false, facts.envelope.version);
    });
}

fn write_group(
    writer: &mut InterchangeWriter,
    facts: &Facts,
    report: &Report<'_>,
    (number, group): (u32, &GroupFacts),
    messages: &[(u32, &MessageFacts)],
) {
    let fault = report.groups.get(&number).copied();
    let has_faulty_message = messages.iter().any(|(message, _)| report.messages.contains_key(message));
    if fault.is_none() && !has_faulty_message {
        return;
    }
    let copier = Copier::new(facts);
    writer.segment("UCF", |ucf| {
        ucf.element(&copier.demanded(&group.reference, 14));
        ucf.party(&copier.party_of_group(group.sender.as_ref()));
        ucf.party(&copier.party_of_group(group.recipient.as_ref()));
        ucf.element(if fault.is_some() { REJECTED } else { ACKNOWLEDGED });
        write_fault(ucf, fault, false, facts.envelope.version);
    });
    for (number, message) in messages {
        write_message(writer, facts, report, *number, message);
    }
}

fn write_message(
    writer: &mut InterchangeWriter,
    facts: &Facts,
    report: &Report<'_>,
    number: u32,
    message: &MessageFacts,
) {
    let Some(faults) = report.messages.get(&number) else { return };
    let version = facts.envelope.version;
    let copier = Copier::new(facts);
    let is_cut = faults.segments.len() > SEGMENT_ERRORS_MAX;
    writer.segment("UCM", |ucm| {
        // One and only one of 0062 and 0800, all or none of 0062 and S009, of 0800 and S020 (ISO 9735-4, notes of UCM).
        if message.package.is_some() {
            ucm.skip();
            ucm.skip();
        } else {
            ucm.element(&copier.demanded(&message.reference, 14));
            ucm.message_type(&copier.message_type(&message.kind));
        }
        ucm.element(REJECTED);
        write_fault(ucm, faults.own, is_cut, version);
        if let Some(package) = &message.package {
            ucm.element(&copier.demanded(&message.reference, 35));
            ucm.composite(&[&copier.demanded(&package.qualifier, 3), &copier.demanded(&package.identification, 35)]);
        }
    });
    for ((position, _), fault) in faults.segments.iter().take(SEGMENT_ERRORS_MAX) {
        let is_cut = fault.elements.len() > ELEMENT_ERRORS_MAX;
        writer.segment("UCS", |ucs| {
            ucs.element(&position.min(&POSITION_MAX).to_string());
            ucs.element(&own_code(fault.own, is_cut, version));
        });
        for (finding, place) in fault.elements.iter().take(ELEMENT_ERRORS_MAX) {
            writer.segment("UCD", |ucd| {
                ucd.element(&code(finding, version));
                write_element(ucd, *place, version);
            });
        }
    }
}

/// 0085, 0013 and S011 of UCI, UCF and UCM.
fn write_fault(segment: &mut SegmentWriter<'_>, finding: Option<&SyntaxFinding>, is_cut: bool, version: SyntaxVersion) {
    segment.element(&own_code(finding, is_cut, version));
    let (tag, element) = finding.map(|finding| service_segment(&finding.place)).unwrap_or_default();
    segment.element(tag.map(ServiceTag::as_str).unwrap_or_default());
    match element.and_then(sayable).filter(|_| tag.is_some()) {
        Some(place) => write_element(segment, place, version),
        None => segment.skip(),
    }
}

/// S011: 0098, 0104, and in syntax 4 the occurrence of a repeating element (0136).
fn write_element(segment: &mut SegmentWriter<'_>, place: ElementPlace, version: SyntaxVersion) {
    let component = place.component.map(|component| component.to_string()).unwrap_or_default();
    let occurrence = place.occurrence.filter(|occurrence| version == SyntaxVersion::V4 && *occurrence > 1);
    let occurrence = occurrence.map(|occurrence| occurrence.to_string()).unwrap_or_default();
    segment.composite(&[&place.element.to_string(), &component, &occurrence]);
}

/// The place as far as S011 can say it: an element further behind is the segment's fault, and a component the element's.
fn sayable(place: ElementPlace) -> Option<ElementPlace> {
    let component = place.component.filter(|component| *component <= ELEMENT_POSITION_MAX);
    let occurrence = place.occurrence.map(|occurrence| occurrence.min(POSITION_MAX));
    (place.element <= ELEMENT_POSITION_MAX).then_some(ElementPlace { component, occurrence, ..place })
}

/// The code (0085) of a level itself: that of its finding, or the note that what lies below was cut.
fn own_code(finding: Option<&SyntaxFinding>, is_cut: bool, version: SyntaxVersion) -> String {
    let cut = is_cut.then(|| SyntaxError::Unspecified.code(version).to_string());
    finding.map(|finding| code(finding, version)).or(cut).unwrap_or_default()
}

fn code(finding: &SyntaxFinding, version: SyntaxVersion) -> String {
    finding.error.code(version).to_string()
}

fn service_segment(place: &Place) -> (Option<ServiceTag>, Option<ElementPlace>) {
    match *place {
        Place::Interchange { segment, element }
        | Place::FunctionalGroup { segment, element, .. }
        | Place::Message { segment, element, .. } => (segment, element),
        Place::Segment { .. } => (None, None),
    }
}

/// The findings, sorted to the levels of CONTRL. A level has room for one code of its own: the first one stands.
#[derive(Default)]
struct Report<'a> {
    interchange: Option<&'a SyntaxFinding>,
    groups: BTreeMap<u32, &'a SyntaxFinding>,
    messages: BTreeMap<u32, MessageFaults<'a>>,
}

/// What is wrong with one message. Segments are kept by position, and by the number of the UCS at that position: one
/// UCS carries one code, so a second one of the same segment needs another.
#[derive(Default)]
struct MessageFaults<'a> {
    own: Option<&'a SyntaxFinding>,
    segments: BTreeMap<(u32, u32), SegmentFaults<'a>>,
}

#[derive(Default)]
struct SegmentFaults<'a> {
    own: Option<&'a SyntaxFinding>,
    elements: Vec<(&'a SyntaxFinding, ElementPlace)>,
}

impl<'a> Report<'a> {
    fn of(facts: &'a Facts) -> Self {
        let mut report = Self::default();
        facts.findings.iter().for_each(|finding| report.take(finding));
        report
    }

    fn take(&mut self, finding: &'a SyntaxFinding) {
        match finding.place {
            Place::Interchange { .. } => self.interchange = self.interchange.or(Some(finding)),
            Place::FunctionalGroup { group, .. } => {
                self.groups.entry(group).or_insert(finding);
            }
            Place::Message { message, .. } => {
                let own = &mut self.messages.entry(message).or_default().own;
                *own = own.or(Some(finding));
            }
            Place::Segment { message, position, element } => {
                self.messages.entry(message).or_default().take_segment(finding, position, element);
            }
        }
    }
}

impl<'a> MessageFaults<'a> {
    fn take_segment(&mut self, finding: &'a SyntaxFinding, position: u32, element: Option<ElementPlace>) {
        match element.and_then(sayable) {
            Some(place) if finding.error.may_stand_at(Level::Element) => {
                self.segments.entry((position, 0)).or_default().elements.push((finding, place));
            }
            _ if finding.error.may_stand_at(Level::Segment) => {
                let next = self.segments.range((position, 0)..=(position, u32::MAX)).next_back();
                let number = match next {
                    Some((_, faults)) if faults.own.is_none() => 0,
                    Some(((_, number), _)) => number + 1,
                    None => 0,
                };
                self.segments.entry((position, number)).or_default().own = Some(finding);
            }
            _ => self.own = self.own.or(Some(finding)),
        }
    }
}
