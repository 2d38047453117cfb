//! The examination: pure, from bytes to what stands in them.
//!
//! [`examine`] is the stage of the spine; [`judge_syntax`] and [`judge_content`] are its two halves, which `lodged check`
//! uses by themselves. None of them stops at the first mistake.

use std::collections::HashSet;

use aws_lc_rs::digest;

use super::rulebook::Rulebook;
use crate::declaration::guide::Guide;
use crate::edifact::{
    ElementPlace, Interchange, Message, MessageType, Place, Segment, ServiceTag, SyntaxError, SyntaxFinding, Tag,
};
use crate::grammar::{Catalogue, Examined as Structure};
use crate::identifier::DeclarationReference;
use crate::partner::Partner;
use crate::record::{
    AnswerReference, Decision, Delivery, Digest, Evidence, Examination, Facts, GroupFacts, Judgement, MessageFacts,
    RepeatKey,
};
use crate::rules;

/// The message that acknowledges an interchange; it is understood, never answered.
const ACKNOWLEDGEMENT: &str = "CONTRL";

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
    let Some((interchange, findings)) = Interchange::read(&bytes) else {
        return Examined::Unreadable(Evidence { delivery, reason: "there is no readable UNB".to_owned() });
    };
    if !interchange.envelope.can_be_answered() {
        let reason = "UNB has no reference, sender or recipient that an answer could name".to_owned();
        return Examined::Unreadable(Evidence { delivery, reason });
    }
    let mut syntax = if interchange.segments().len() > rulebook.segments_max {
        too_long(&interchange, findings, rulebook.segments_max)
    } else {
        judge_syntax(&interchange, findings, &rulebook.catalogue)
    };
    check_parties(&interchange, partner, rulebook, &mut syntax.findings);
    check_kinds(&interchange, rulebook, &mut syntax.findings);
    syntax.findings.sort_by_key(|finding| (finding.span.start, finding.place));
    let judgements = judge_all(&interchange, &syntax, partner, rulebook, &delivery);
    let is_sender_known = partner.is_known_as(&interchange.envelope.sender);
    let repeat_key = is_sender_known.then(|| RepeatKey {
        partner: partner.id.clone(),
        sender: interchange.envelope.sender.without_addresses(),
        reference: interchange.envelope.reference.0.clone(),
        is_practice: interchange.envelope.is_practice,
    });
    let digest = repeat_digest(&interchange);
    let facts = facts(&interchange, partner, rulebook, syntax.findings, judgements);
    Examined::Interchange(Box::new(Examination { delivery, facts, repeat_key, digest }))
}

/// What syntax and directory say of an interchange.
#[derive(Debug)]
pub struct Syntax {
    /// What they forbid, in the order of the bytes.
    pub findings: Vec<SyntaxFinding>,
    /// Where each message's segments stand in its table; none where there is no grammar for it.
    pub structures: Vec<Option<Structure>>,
}

/// Most findings of syntax and directory that are looked for in one interchange. A message begun is examined to its end,
/// so the limit of a message may come on top of it.
pub const FINDINGS_MAX: usize = 10_000;

/// Judges an interchange by syntax and directory alone. `findings` are those of its reading.
///
/// Once there are [`FINDINGS_MAX`] no further message is examined, and the interchange is refused as a whole.
#[must_use]
pub fn judge_syntax(interchange: &Interchange<'_>, mut findings: Vec<SyntaxFinding>, catalogue: &Catalogue) -> Syntax {
    findings.extend(catalogue.check_service(interchange));
    let mut structures = Vec::with_capacity(interchange.messages.len());
    for (number, message) in (0..).zip(&interchange.messages) {
        if is_full(interchange, message, &mut findings) {
            break;
        }
        let grammar = catalogue.message(&message.kind);
        let mut structure =
            grammar.map(|grammar| grammar.examine(&interchange.envelope, number, interchange.segments_of(message)));
        match &mut structure {
            Some(structure) => findings.append(&mut structure.findings),
            // What S009 leaves out, the service segments say: there is nothing yet that could be supported.
            None if !is_named(&message.kind) => {}
            None => findings.push(unsupported(interchange, number, message, unknown_part(catalogue, &message.kind))),
        }
        structures.push(structure);
    }
    structures.resize_with(interchange.messages.len(), || None);
    findings.sort_by_key(|finding| (finding.span.start, finding.place));
    Syntax { findings, structures }
}

/// Whether no more is said of the messages from this one on. Then the interchange is refused: they were not looked at.
fn is_full(interchange: &Interchange<'_>, message: &Message, findings: &mut Vec<SyntaxFinding>) -> bool {
    let is_full = findings.len() >= FINDINGS_MAX;
    if is_full {
        let span = interchange.segments_of(message).next().map(|unh| unh.span()).unwrap_or_default();
        let detail = format!("more than {FINDINGS_MAX} mistakes were found; from this message on none is examined");
        findings.push(refusal(span, detail));
    }
    is_full
}

/// An interchange of more segments than are taken: nothing of it is examined.
fn too_long(interchange: &Interchange<'_>, mut findings: Vec<SyntaxFinding>, segments_max: usize) -> Syntax {
    let span = interchange.segments().nth(segments_max).map(|segment| segment.span()).unwrap_or_default();
    let count = interchange.segments().len();
    findings.push(refusal(span, format!("{count} segments came, at most {segments_max} are taken")));
    Syntax { findings, structures: interchange.messages.iter().map(|_| None).collect() }
}

/// Refuses the interchange for a reason of our own.
fn refusal(span: std::ops::Range<usize>, detail: String) -> SyntaxFinding {
    let place = Place::Interchange { segment: None, element: None };
    SyntaxFinding { error: SyntaxError::Unspecified, place, span, detail }
}

/// Whether everything is there that UNH must say of its message.
fn is_named(kind: &MessageType) -> bool {
    [&kind.kind, &kind.version, &kind.release, &kind.agency].iter().all(|part| !part.is_empty())
}

/// The component of S009 that no grammar is there for: the type, or its version.
fn unknown_part(catalogue: &Catalogue, kind: &MessageType) -> u16 {
    if catalogue.knows_kind(&kind.kind) { 2 } else { 1 }
}

/// A message that cannot be processed is refused at its UNH.
fn unsupported(interchange: &Interchange<'_>, number: u32, message: &Message, component: u16) -> SyntaxFinding {
    let element = ElementPlace::component(3, component);
    let span = interchange.segments_of(message).next().and_then(|unh| {
        let part = unh.component(3, component).map(|component| component.span());
        part.or(Some(unh.span()))
    });
    let kind = &message.kind;
    let detail = if component == 1 {
        format!("{} is not processed here", kind.kind)
    } else {
        format!("{} is not processed in {}:{}:{}", kind.kind, kind.version, kind.release, kind.agency)
    };
    SyntaxFinding {
        error: SyntaxError::ValueNotSupported,
        place: Place::Message { message: number, segment: Some(ServiceTag::Unh), element: Some(element) },
        span: span.unwrap_or_default(),
        detail,
    }
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

/// A message with a grammar but without a guide is well built and still not for us.
fn check_kinds(interchange: &Interchange<'_>, rulebook: &Rulebook, findings: &mut Vec<SyntaxFinding>) {
    for (number, message) in (0..).zip(&interchange.messages) {
        let is_known = rulebook.catalogue.message(&message.kind).is_some();
        let is_processed = message.kind.kind == ACKNOWLEDGEMENT || rulebook.guide(&message.kind).is_some();
        if is_known && !is_processed {
            if is_full(interchange, message, findings) {
                break;
            }
            findings.push(unsupported(interchange, number, message, 1));
        }
    }
}

/// What syntax and directory refuse, by the findings: the whole, functional groups, messages.
#[derive(Default)]
struct Refused {
    interchange: bool,
    groups: HashSet<u32>,
    messages: HashSet<u32>,
}

impl Refused {
    fn by(findings: &[SyntaxFinding]) -> Self {
        let mut refused = Self::default();
        for finding in findings {
            match finding.place {
                Place::Interchange { .. } => refused.interchange = true,
                Place::FunctionalGroup { group, .. } => _ = refused.groups.insert(group),
                Place::Message { message, .. } | Place::Segment { message, .. } => {
                    refused.messages.insert(message);
                }
            }
        }
        refused
    }

    fn lets_through(&self, number: u32, message: &Message) -> bool {
        let is_group_refused = message.group.is_some_and(|group| self.groups.contains(&group));
        !self.interchange && !is_group_refused && !self.messages.contains(&number)
    }
}

/// Judges what syntax and directory let through, in the order of the input.
fn judge_all(
    interchange: &Interchange<'_>,
    syntax: &Syntax,
    partner: &Partner,
    rulebook: &Rulebook,
    delivery: &Delivery,
) -> Vec<Judgement> {
    let refused = Refused::by(&syntax.findings);
    let context = rules::Context {
        codes: &rulebook.codes,
        partner,
        received_at: delivery.received_at,
        zone: &rulebook.zone,
        settings: &rulebook.settings,
        language: partner.language,
    };
    let mut judgements = Vec::new();
    for ((number, message), structure) in (0..).zip(&interchange.messages).zip(&syntax.structures) {
        if let (Some(guide), Some(structure)) = (rulebook.guide(&message.kind), structure)
            && refused.lets_through(number, message)
        {
            judgements.push(judge_content(
                interchange,
                (number, message),
                structure,
                (guide, &rulebook.catalogue),
                &context,
            ));
        }
    }
    judgements
}

/// Judges what one declaration says, by guide, code lists and rules.
#[must_use]
pub fn judge_content(
    interchange: &Interchange<'_>,
    (number, message): (u32, &Message),
    structure: &Structure,
    (guide, catalogue): (&Guide, &Catalogue),
    context: &rules::Context<'_>,
) -> Judgement {
    let segments: Vec<Segment<'_>> = interchange.segments_of(message).collect();
    let repertoire = interchange.envelope.repertoire;
    let reading = catalogue
        .message(&message.kind)
        .map(|grammar| guide.read(grammar, &segments, &structure.matches, repertoire, context.zone));
    let (draft, breaches) = reading.map(|reading| (reading.draft, reading.breaches)).unwrap_or_default();
    let mut findings: Vec<_> = breaches.iter().map(|breach| rules::finding_of(breach, context.language)).collect();
    findings.extend(rules::judge(&draft, context));
    let findings = rules::cut(findings, context.language);
    let stated = |element: u16, component: u16| {
        let bgm = segments.iter().find(|segment| segment.tag() == Tag(*b"BGM"));
        let component = bgm.and_then(|bgm| bgm.component(element, component));
        component.map(|component| repertoire.decode(&component.unreleased()).into_owned()).unwrap_or_default()
    };
    let mut judgement = Judgement {
        message: number,
        reference: DeclarationReference(stated(3, 1)),
        version: stated(3, 2),
        findings,
        decision: Decision::Refuse,
    };
    if !judgement.has_errors()
        && let Some(declaration) = draft.complete()
    {
        judgement.decision = Decision::Accept(Box::new(declaration));
    }
    judgement
}

fn facts(
    interchange: &Interchange<'_>,
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
        envelope: interchange.envelope.clone(),
        gateway: gateway.clone(),
        language: partner.language,
        agreement: partner.agreement,
        groups: interchange.groups.iter().map(group_facts).collect(),
        messages: interchange.messages.iter().map(message_facts).collect(),
        acknowledges: if is_refused { Vec::new() } else { acknowledged(interchange) },
        findings,
        judgements,
        is_acknowledgement,
    }
}

fn group_facts(group: &crate::edifact::FunctionalGroup) -> GroupFacts {
    GroupFacts { reference: group.reference.clone(), sender: group.sender.clone(), recipient: group.recipient.clone() }
}

fn message_facts(message: &Message) -> MessageFacts {
    MessageFacts { reference: message.reference.clone(), kind: message.kind.clone(), group: message.group }
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

/// What counts when an interchange is compared with an earlier one: UNB to UNZ without UNA, without line breaks between
/// segments, and without the moment of preparation (S004), which a retransmission may set anew.
fn repeat_digest(interchange: &Interchange<'_>) -> Digest {
    const PREPARED: u16 = 5;
    let mut context = digest::Context::new(&digest::SHA256);
    let terminator = [interchange.service().terminator];
    let separator = [interchange.service().element];
    for (number, segment) in interchange.segments().enumerate() {
        if number == 0 {
            context.update(segment.tag_bytes());
            for element in segment.elements() {
                context.update(&separator);
                context.update(if element.position() == PREPARED { b"" } else { element.raw() });
            }
        } else {
            context.update(segment.raw());
        }
        context.update(&terminator);
    }
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, digested)| *byte = *digested);
    Digest(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges an interchange with so many messages whose bodies are this; says how many findings there are, and what
    /// the one says that refuses the interchange.
    fn check(messages: usize, body: &str, expected: (usize, Option<&str>)) {
        let messages_text: String = (0..messages)
            .map(|number| {
                let count = body.matches('\'').count() + 2;
                format!("UNH+{number}+CUSRES:D:96B:UN'{body}UNT+{count}+{number}'")
            })
            .collect();
        let text = format!("UNB+UNOA:3+A+B+261121:2045+1'{messages_text}UNZ+{messages}+1'");
        let (interchange, findings) = Interchange::read(text.as_bytes()).unwrap();
        let syntax = judge_syntax(&interchange, findings, &Catalogue::embedded());
        assert_eq!(syntax.structures.len(), messages);
        let refusal = syntax.findings.iter().find(|finding| matches!(finding.place, Place::Interchange { .. }));
        assert_eq!((syntax.findings.len(), refusal.map(|finding| finding.detail.as_str())), expected);
    }

    #[test]
    fn mistakes_of_few_messages_refuse_these_messages() {
        check(2, "BGM+961'XYZ'", (2, None));
    }

    #[test]
    fn beyond_the_limit_no_message_is_examined_and_the_interchange_is_refused() {
        let detail = "more than 10000 mistakes were found; from this message on none is examined";
        check(200, &format!("BGM+961'{}", "XYZ'".repeat(100)), (FINDINGS_MAX + 1, Some(detail)));
        check(50, &format!("BGM+961'{}", "XYZ'".repeat(5_000)), (FINDINGS_MAX + 1, Some(detail)));
    }
}
