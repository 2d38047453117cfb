//! What syntax and directory say of a whole interchange, message by message, up to a limit.

use std::sync::Arc;

use super::refused::Refused;
use crate::edifact::{
    ElementPlace, Interchange, Message, MessageType, Place, Segment, ServiceTag, SyntaxError, SyntaxFinding,
    SyntaxVersion,
};
use crate::grammar::{Catalogue, Examined as Structure};

/// What syntax and directory say of an interchange.
#[derive(Debug)]
pub struct Syntax {
    /// What they forbid, in the order of the bytes.
    pub findings: Vec<SyntaxFinding>,
    /// Where each message's segments stand in its table; none where there is no grammar for it.
    pub structures: Vec<Option<Structure>>,
}

/// Most findings of syntax and directory that are looked for in one interchange. A message begun is examined to its end,
/// so the limit of a message may come on top of it, and that of the service segments.
pub const FINDINGS_MAX: usize = 10_000;

/// Judges an interchange by syntax and directory alone. `findings` are those of its reading.
///
/// Once there are [`FINDINGS_MAX`] no further message is examined, and the interchange is refused as a whole.
#[must_use]
pub fn judge_syntax(interchange: &Interchange<'_>, findings: Vec<SyntaxFinding>, catalogue: &Catalogue) -> Syntax {
    judge_each(interchange, findings, catalogue, |_| true)
}

/// A message as syntax and directory have examined it, while its segments are still divided.
#[derive(Debug)]
pub struct Seen<'s, 'i> {
    /// Which message it is, from 0.
    pub number: u32,
    /// The message.
    pub message: &'i Message,
    /// Where its segments stand in its table, and what is wrong with them.
    pub structure: &'s Structure,
    /// Whether nothing of it, of its functional group, or of the whole is refused so far.
    pub is_right: bool,
}

/// The same message by message: `look` sees each one that there is a grammar for, and says whether its structure is to be
/// kept. That of a message with mistakes always should be: it says where these stand.
pub fn judge_each<'i>(
    interchange: &'i Interchange<'_>,
    mut findings: Vec<SyntaxFinding>,
    catalogue: &Catalogue,
    mut look: impl FnMut(Seen<'_, 'i>) -> bool,
) -> Syntax {
    let mut service = catalogue.check_envelopes(interchange);
    let refused = Refused::by(findings.iter().chain(service.findings()));
    let mut structures = Vec::with_capacity(interchange.messages.len());
    let mut grammars = OfKind::new(|kind| catalogue.message(kind));
    let mut structure = Structure::default();
    for (number, message) in (0..).zip(&interchange.messages) {
        if is_full(interchange, message, &mut findings) {
            break;
        }
        let is_service_right = service.check_message(number, message);
        let mut is_kept = false;
        match grammars.of(&message.kind) {
            Some(grammar) => {
                let segments = interchange.segments_of(message);
                grammar.examine_into(&mut structure, &interchange.envelope, number, segments);
                grammar.check_sections(number, |position| interchange.segment_of(message, position), &mut structure);
                name_strangers(interchange, &mut structure.findings);
                let is_body_right = structure.findings.is_empty();
                let is_right = is_service_right && is_body_right && refused.lets_through(number, message);
                is_kept = look(Seen { number, message, structure: &structure, is_right });
                findings.append(&mut structure.findings);
            }
            // What S009 leaves out, the service segments say: there is nothing yet that could be supported.
            None if !is_named(&message.kind) => {}
            None => findings.push(unsupported(interchange, number, message, unknown_part(catalogue, &message.kind))),
        }
        structures.push(is_kept.then(|| structure.without_pieces()));
    }
    structures.resize_with(interchange.messages.len(), || None);
    findings.append(&mut service.into_findings());
    catalogue.name_simple_elements(interchange, &structures, &mut findings);
    findings.sort_by_key(|finding| (finding.span.start, finding.place));
    Syntax { findings, structures }
}

/// What is known of a kind of message, found once for neighbours of one kind.
pub(super) struct OfKind<'i, T, F> {
    find: F,
    last: Option<(&'i Arc<MessageType>, T)>,
}

impl<'i, T: Copy, F: Fn(&MessageType) -> T> OfKind<'i, T, F> {
    pub(super) fn new(find: F) -> Self {
        Self { find, last: None }
    }

    pub(super) fn of(&mut self, kind: &'i Arc<MessageType>) -> T {
        match self.last {
            Some((last, found)) if Arc::ptr_eq(last, kind) => found,
            _ => self.last.insert((kind, (self.find)(kind))).1,
        }
    }
}

/// Segments that the directory does not know, and that something else is wrong with: security segments, for which syntax 1
/// to 3 has a code of its own (0085 = 27), and tags with something behind them that is no service character (22).
fn name_strangers(interchange: &Interchange<'_>, findings: &mut [SyntaxFinding]) {
    let is_older = interchange.envelope.version < SyntaxVersion::V4;
    for finding in findings.iter_mut().filter(|finding| finding.error == SyntaxError::NotSupported) {
        let Some(raw) = interchange.bytes().get(finding.span.clone()) else { continue };
        let segment = Segment::new(*interchange.service(), finding.span.start, raw);
        if segment.tag().is_security() && is_older {
            finding.error = SyntaxError::SecurityNotSupported;
            "security segments are not processed".clone_into(&mut finding.detail);
        } else if let Some(tag) = segment.tag_with_wrong_separator() {
            finding.error = SyntaxError::InvalidServiceUse;
            finding.place = finding.place.with_element(ElementPlace::element(1));
            finding.detail = format!("what stands behind {tag} is no service character of this interchange");
        }
    }
}

/// Whether no more is said of the messages from this one on. Then the interchange is refused: they were not looked at.
pub(super) fn is_full(interchange: &Interchange<'_>, message: &Message, findings: &mut Vec<SyntaxFinding>) -> bool {
    let is_full = findings.len() >= FINDINGS_MAX;
    if is_full {
        let span = interchange.segments_of(message).next().map(|unh| unh.span()).unwrap_or_default();
        let detail = format!("more than {FINDINGS_MAX} mistakes were found; from this message on none is examined");
        findings.push(refusal(span, detail));
    }
    is_full
}

/// An interchange of more segments than are taken: nothing of it is examined.
pub(super) fn too_long(interchange: &Interchange<'_>, mut findings: Vec<SyntaxFinding>, segments_max: usize) -> Syntax {
    let span = interchange.segments().nth(segments_max).map(|segment| segment.span()).unwrap_or_default();
    let count = interchange.segments().len();
    findings.push(refusal(span, format!("{count} segments came, limits.interchange_segments_max is {segments_max}")));
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
pub(super) fn unsupported(
    interchange: &Interchange<'_>,
    number: u32,
    message: &Message,
    component: u16,
) -> SyntaxFinding {
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
    fn neighbours_of_one_kind_are_looked_up_once() {
        let kinds =
            ["CUSDEC", "CUSRES"].map(|kind| Arc::new(MessageType { kind: kind.to_owned(), ..MessageType::default() }));
        let asked = std::cell::Cell::new(0);
        let mut declarations = OfKind::new(|kind| {
            asked.set(asked.get() + 1);
            kind.kind == "CUSDEC"
        });
        let found = [0, 0, 1, 1, 0].map(|kind: usize| declarations.of(&kinds[kind]));
        assert_eq!((found, asked.get()), ([true, true, false, false, true], 3));
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
