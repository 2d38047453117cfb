//! The examination: pure, from bytes to what stands in them.
//!
//! [`examine`] is the stage of the spine. It goes from message to message with `judge_each`, by syntax and directory, and
//! judges with `judge_content` what these let through. Nothing stops at the first mistake.

use std::ops::Range;

use super::reference::reference;
use super::refused::Refused;
use super::rulebook::Rulebook;
use super::syntax::{OfKind, Seen, is_full, judge_each, too_long, unsupported};
use crate::declaration::guide::{Reader, TextStore};
use crate::edifact::{
    ElementPlace, FunctionalGroup, Interchange, Mended, Message, Place, Reading, Segment, ServiceTag, SyntaxError,
    SyntaxFinding, Tag, Tolerance, mend, preparation_day,
};
use crate::grammar::Examined as Structure;
use crate::partner::{Agreement, Partner};
use crate::record::{
    AnswerReference, Counted, Decision, Delivery, Digest, Evidence, Examination, Facts, GroupFacts, Judgement,
    MessageFacts, RepeatKey,
};
use crate::rules;

/// The message that acknowledges an interchange; it is understood, never answered.
const ACKNOWLEDGEMENT: &str = "CONTRL";

/// Why an interactive interchange is not answered: CONTRL is for batch interchanges, and nothing else is defined here.
pub const NO_INTERACTIVE: &str = "an interactive interchange (UIB to UIZ) came, only batch interchanges are processed";

/// The moment of preparation (S004) in UNB.
const PREPARED: u16 = 5;

/// What an examination comes to.
#[derive(Debug)]
pub enum Examined {
    /// An interchange that can be recorded and answered.
    Interchange(Box<Examination>),
    /// Bytes that nobody can be answered for.
    Unreadable(Evidence),
}

/// Examines one interchange. No socket, no disk, no clock; it never stops at the first mistake.
#[must_use]
pub fn examine(delivery: Delivery, partner: &Partner, rulebook: &Rulebook) -> Examined {
    let bytes = delivery.bytes.clone();
    let mended = mend(&bytes, &rulebook.tolerances);
    let Some(Reading { interchange, findings, notes }) = mended.read() else {
        let reason = unreadable(&bytes, rulebook);
        return Examined::Unreadable(Evidence { delivery, reason });
    };
    if !interchange.envelope.can_be_answered() {
        let reason = "UNB has no reference, sender or recipient that an answer could name".to_owned();
        return Examined::Unreadable(Evidence { delivery, reason });
    }
    let mut own_findings = Vec::new();
    check_parties(&interchange, partner, rulebook, &mut own_findings);
    check_agreement(&interchange, partner, &delivery, rulebook, &mut own_findings);
    let (mut findings, mut judgements) =
        judge_messages(&interchange, findings, &Refused::by(&own_findings), partner, rulebook, &delivery);
    findings.append(&mut own_findings);
    check_kinds(&interchange, rulebook, &mut findings);
    findings.sort_by_key(|finding| (finding.span.start, finding.place));
    // Too many mistakes refuse the interchange with all that is in it, whatever was judged before that was known.
    if findings.iter().any(|finding| matches!(finding.place, Place::Interchange { .. })) {
        judgements.clear();
    }
    mended.restore(findings.iter_mut().map(|finding| &mut finding.span));
    mended
        .restore(judgements.iter_mut().flat_map(|judgement| &mut judgement.findings).map(|finding| &mut finding.span));
    let is_sender_known = partner.is_known_as(&interchange.envelope.sender);
    let repeat_key = is_sender_known.then(|| RepeatKey {
        partner: partner.id.clone(),
        sender: interchange.envelope.sender.without_addresses(),
        reference: interchange.envelope.reference.0.clone(),
        is_practice: interchange.envelope.is_practice,
    });
    let counted = counted(&interchange, &mended);
    let facts = facts(interchange, partner, rulebook, findings, judgements);
    Examined::Interchange(Box::new(Examination { delivery, facts, notes, repeat_key, counted }))
}

/// Why there is nothing to examine, with the switch that would make it readable.
fn unreadable(bytes: &[u8], rulebook: &Rulebook) -> String {
    if Interchange::is_interactive(bytes) {
        return NO_INTERACTIVE.to_owned();
    }
    let switch = rulebook.tolerances.would_allow(bytes).map(Tolerance::hint);
    format!("there is no readable UNB{}", switch.unwrap_or_default())
}

/// Whom it is for, who sent it, whether it is practice: what UNB says against what is agreed.
fn check_parties(
    interchange: &Interchange<'_>,
    partner: &Partner,
    rulebook: &Rulebook,
    findings: &mut Vec<SyntaxFinding>,
) {
    let envelope = &interchange.envelope;
    let mut refuse = |error, element, detail: &str| {
        let span = interchange.header().and_then(|unb| unb.element(element)).map(|element| element.span());
        let place =
            Place::Interchange { segment: Some(ServiceTag::Unb), element: Some(ElementPlace::element(element)) };
        findings.push(SyntaxFinding { error, place, span: span.unwrap_or_default(), detail: detail.to_owned() });
    };
    let indicator = interchange.header().and_then(|unb| unb.component(12, 1));
    if indicator.is_some_and(|indicator| indicator.raw() != b"1") {
        refuse(SyntaxError::TestNotSupported, 12, "1 marks practice, and nothing else does");
    }
    if rulebook.identities.addressed_by(envelope).is_none() {
        refuse(SyntaxError::NotTheRecipient, 4, "this gateway does not go by this name");
    }
    if !partner.is_known_as(&envelope.sender) {
        refuse(SyntaxError::UnknownSender, 3, "the certificate belongs to another sender");
    }
}

/// What the interchange agreement with the partner says: which agreement it is, and how old an interchange may be.
fn check_agreement(
    interchange: &Interchange<'_>,
    partner: &Partner,
    delivery: &Delivery,
    rulebook: &Rulebook,
    findings: &mut Vec<SyntaxFinding>,
) {
    const NAMED: u16 = 11;
    let Agreement { identifier, age_days_max, .. } = &partner.agreement;
    let mut refuse = |error, place: Place, segment: &Segment<'_>, element: u16, detail: String| {
        let span = segment.element(element).map(|element| element.span()).unwrap_or_default();
        findings.push(SyntaxFinding { error, place: place.with_element(ElementPlace::element(element)), span, detail });
    };
    let Some(header) = interchange.header() else { return };
    let place = Place::Interchange { segment: Some(ServiceTag::Unb), element: None };
    let named = interchange.envelope.agreement.as_ref();
    if let Some((identifier, named)) = identifier.as_ref().zip(named).filter(|(identifier, named)| identifier != named)
    {
        let detail = format!("the agreement is {identifier}, not {named}");
        refuse(SyntaxError::NoAgreement, place, &header, NAMED, detail);
    }
    let Some(days_max) = *age_days_max else { return };
    let received = delivery.received_at.to_zoned(rulebook.zone.clone()).date();
    let mut check_age = |place, segment: &Segment<'_>| {
        let day = segment.component(PREPARED, 1).and_then(|day| preparation_day(day.raw()));
        if day.is_some_and(|day| day.duration_until(received).as_hours() > i64::from(days_max) * 24) {
            let detail = format!("it was prepared more than {days_max} days before it came");
            refuse(SyntaxError::TooOld, place, segment, PREPARED, detail);
        }
    };
    check_age(place, &header);
    for (number, group) in (0..).zip(&interchange.groups) {
        let place = Place::FunctionalGroup { group: number, segment: Some(ServiceTag::Ung), element: None };
        interchange.envelope_of(group).take(1).for_each(|header| check_age(place, &header));
    }
}

/// A message with a grammar but without a guide is well built and still not for us.
fn check_kinds(interchange: &Interchange<'_>, rulebook: &Rulebook, findings: &mut Vec<SyntaxFinding>) {
    let mut strangers = OfKind::new(|kind| {
        let is_processed = kind.kind == ACKNOWLEDGEMENT || rulebook.guide(kind).is_some();
        !is_processed && rulebook.catalogue.message(kind).is_some()
    });
    for (number, message) in (0..).zip(&interchange.messages) {
        if strangers.of(&message.kind) {
            if is_full(interchange, message, findings) {
                break;
            }
            findings.push(unsupported(interchange, number, message, 1));
        }
    }
}

/// Judges message by message: by syntax and directory, and then, while its segments are still divided, by guide, code
/// lists and rules what nothing refuses. `refused` is what the envelopes are refused for already.
fn judge_messages(
    interchange: &Interchange<'_>,
    findings: Vec<SyntaxFinding>,
    refused: &Refused,
    partner: &Partner,
    rulebook: &Rulebook,
    delivery: &Delivery,
) -> (Vec<SyntaxFinding>, Vec<Judgement>) {
    if interchange.segments().len() > rulebook.segments_max {
        return (too_long(interchange, findings, rulebook.segments_max).findings, Vec::new());
    }
    let (zone_and_codes, texts) = ((&rulebook.zone, &rulebook.codes), TextStore::default());
    let mut readers: Vec<Reader<'_, '_>> =
        rulebook.guides.iter().map(|guide| guide.reader(interchange, zone_and_codes, &texts)).collect();
    let lists_and_settings = (&rulebook.codes, &rulebook.settings);
    let received = (delivery.received_at, &rulebook.zone);
    let context = rules::Context::new(lists_and_settings, partner, received, partner.language);
    let mut guides = OfKind::new(|kind| rulebook.guides.iter().position(|guide| guide.applies_to(kind)));
    let mut judgements: Vec<Judgement> = Vec::with_capacity(interchange.messages.len());
    let mut carried = 0;
    let syntax = judge_each(interchange, findings, &rulebook.catalogue, |seen| {
        let Seen { number, message, .. } = seen;
        let reader = guides.of(&message.kind).and_then(|guide| readers.get_mut(guide));
        if let Some(reader) = reader.filter(|_| seen.is_right && refused.lets_through(number, message)) {
            let context = context.carrying(rules::FINDINGS_OF_INTERCHANGE_MAX.saturating_sub(carried));
            let judgement = judge_content(interchange, (number, message), seen.structure, reader, &context);
            carried += judgement.findings.len();
            judgements.push(judgement);
        }
        !seen.is_right
    });
    (syntax.findings, judgements)
}

/// Judges what one declaration says, by guide, code lists and rules.
fn judge_content(
    interchange: &Interchange<'_>,
    (number, message): (u32, &Message),
    structure: &Structure,
    reader: &mut Reader<'_, '_>,
    context: &rules::Context<'_>,
) -> Judgement {
    let reading = reader.read(message, structure);
    let findings = rules::judge(reading, context);
    let (reference, version) = reference(interchange, message, &reading.draft);
    let mut judgement = Judgement { message: number, reference, version, findings, decision: Decision::Refuse };
    if !judgement.has_errors()
        && let Some(declaration) = reading.draft.complete()
    {
        judgement.decision = Decision::Accept(declaration);
    }
    judgement
}

fn facts(
    interchange: Interchange<'_>,
    partner: &Partner,
    rulebook: &Rulebook,
    findings: Vec<SyntaxFinding>,
    judgements: Vec<Judgement>,
) -> Facts {
    let identities = &rulebook.identities;
    let is_acknowledgement = !interchange.messages.is_empty()
        && interchange.messages.iter().all(|message| message.kind.kind == ACKNOWLEDGEMENT);
    let gateway = identities.addressed_by(&interchange.envelope).unwrap_or(&identities.real);
    let is_refused = findings.iter().any(|finding| matches!(finding.place, Place::Interchange { .. }));
    Facts {
        gateway: gateway.clone(),
        language: partner.language,
        agreement: partner.agreement.clone(),
        acknowledges: if is_refused { Vec::new() } else { acknowledged(&interchange) },
        envelope: interchange.envelope,
        groups: interchange.groups.into_iter().map(group_facts).collect(),
        messages: interchange.messages.into_iter().map(message_facts).collect(),
        findings,
        judgements,
        is_acknowledgement,
    }
}

fn group_facts(group: FunctionalGroup) -> GroupFacts {
    GroupFacts { reference: group.reference, sender: group.sender, recipient: group.recipient }
}

fn message_facts(message: Message) -> MessageFacts {
    let Message { reference, kind, group, package, .. } = message;
    MessageFacts { reference, kind, group, package }
}

/// Our answers that the CONTRL messages of an interchange name in their UCI (0020).
fn acknowledged(interchange: &Interchange<'_>) -> Vec<AnswerReference> {
    let contrl = interchange.messages.iter().filter(|message| message.kind.kind == ACKNOWLEDGEMENT);
    let uci =
        contrl.flat_map(|message| interchange.segments_of(message)).filter(|segment| segment.tag() == Tag(*b"UCI"));
    uci.filter_map(|uci| uci.component(2, 1))
        .filter_map(|reference| std::str::from_utf8(reference.raw()).ok()?.parse().ok().map(AnswerReference))
        .collect()
}

/// What counts when its reference comes again: where it lies, or the digest of it.
fn counted(interchange: &Interchange<'_>, mended: &Mended<'_>) -> Counted {
    let lies = |stretch| {
        let Range { start, end } = mended.original(&stretch);
        Some(u32::try_from(start).ok()?..u32::try_from(end).ok()?)
    };
    if mended.is_as_it_came() {
        let stretches = counted_stretches(interchange).take(Counted::STRETCHES_MAX + 1).map(lies);
        let stretches: Option<Vec<_>> = stretches.collect();
        if let Some(stretches) = stretches.filter(|stretches| stretches.len() <= Counted::STRETCHES_MAX) {
            return Counted::Stretches(stretches);
        }
    }
    let piece = |stretch: Range<usize>| interchange.bytes().get(stretch).unwrap_or_default();
    Counted::Digest(Digest::of(counted_stretches(interchange).map(piece)))
}

/// The stretches of what was read that count.
fn counted_stretches(interchange: &Interchange<'_>) -> impl Iterator<Item = Range<usize>> {
    let mut stretches = interchange.stretches();
    let of_first = stretches.next().zip(interchange.header()).map(|(first, unb)| {
        // Of UNB there is the tag, and what stands around S004.
        let (tag, elements, end) = (unb.tag_bytes(), unb.tag_element().span().end, unb.span().end);
        let prepared = unb.element(PREPARED).map_or(end..end, |element| element.span());
        [first.start..first.start + tag.len(), elements..prepared.start, prepared.end..first.end]
    });
    of_first.into_iter().flatten().chain(stretches)
}
