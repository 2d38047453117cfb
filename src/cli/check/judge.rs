//! From the bytes of a file to its report: every interchange, judged by syntax, directory, guide and rules, all at once.

use std::ops::Range;

use bytes::Bytes;
use jiff::Timestamp;

use super::remedy::remedy;
use super::report::{
    Family, FilePlace, FileReport, Finding, InterchangeReport, MessageReport, NoteReport, SegmentReport, Unreadable,
    capitalised,
};
use super::text::Text;
use crate::declaration::guide::{Guide, Reading};
use crate::declaration::{RuleFinding, Severity};
use crate::edifact::{
    ElementPlace, Frame, FrameFinder, Interchange, Mended, Message, MessageType, Note, PartyId, Place, Repertoire,
    Segment, ServiceTag, SyntaxFinding, Tolerance, mend,
};
use crate::gateway::{Examined, Rulebook, Syntax, examine, judge_content, judge_syntax};
use crate::grammar::Examined as Structure;
use crate::language::Language;
use crate::partner::{Agreement, Authority, Partner, PartnerId, PartnerKind, PartnerLimits};
use crate::record::{Channel, Delivery};
use crate::rules;

/// What files are judged by.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) rulebook: Rulebook,
    /// The partner whose identities and authority count; none when anybody's file is looked at.
    pub(super) partner: Option<Partner>,
    /// The moment at which the files are taken to come.
    pub(super) at: Timestamp,
    pub(super) language: Language,
    pub(super) is_syntax_only: bool,
}

/// The short name of the partner that stands for whoever wrote a file.
const ANYBODY: &str = "anybody";

impl Judge {
    /// Judges every interchange in these bytes, and says where what is none begins.
    pub(super) fn judge(&self, file: &str, bytes: &[u8]) -> FileReport {
        let text = Text::new(bytes);
        let mut report = FileReport::new(file);
        let (mut from, mut finder) = (0, FrameFinder::new(self.rulebook.tolerances));
        while let Some(rest) = bytes.get(from..) {
            let range = match finder.find(rest) {
                Frame::Interchange(range) => range,
                Frame::Incomplete => match finder.rest(rest) {
                    Some(range) => range,
                    None => break,
                },
                Frame::Garbage => {
                    let switch = finder.would_allow(rest);
                    report.unreadable = Some(self.unreadable(&text, rest, from + line_breaks(rest), switch));
                    break;
                }
            };
            let whole = from + range.start..from + range.end;
            let own = bytes.get(whole.clone()).unwrap_or_default();
            match Examination::of(self, &text, &mend(own, &self.rulebook.tolerances), whole.start) {
                Some(examination) => examination.tell(&mut report),
                None => {
                    let switch = self.rulebook.tolerances.would_allow(own);
                    report.unreadable = Some(self.unreadable(&text, own, whole.start, switch));
                }
            }
            from = whole.end;
        }
        if report.interchanges.is_empty() && report.unreadable.is_none() {
            report.unreadable = Some(self.unreadable(&text, &[], 0, None));
        }
        report.settle();
        report
    }

    /// What is no interchange, or none of the kind that is processed here.
    fn unreadable(&self, text: &Text<'_>, bytes: &[u8], offset: usize, switch: Option<Tolerance>) -> Unreadable {
        // Nobody knows the repertoire of what is no interchange; one byte is one character.
        let (line, column) = text.point(offset, Repertoire::Unoc);
        let place = Some(FilePlace { line, column, offset, length: bytes.len() });
        if switch == Some(Tolerance::SeveralInterchanges) {
            let (sentence, hint) = self.language.choose(
                (
                    "Another interchange came before this one",
                    "Send one interchange only, or switch tolerances.several_interchanges on",
                ),
                (
                    "Un autre interchange précède celui-ci",
                    "N'envoyez qu'un interchange, ou activez tolerances.several_interchanges",
                ),
            );
            return Unreadable { sentence: sentence.to_owned(), hint: hint.to_owned(), place };
        }
        let (sentence, hint) = if Interchange::is_interactive(bytes) {
            self.language.choose(
                (
                    "Here is an interactive interchange (UIB to UIZ)",
                    "Only batch interchanges are processed: UNB to UNZ",
                ),
                (
                    "Voici un interchange interactif (UIB à UIZ)",
                    "Seuls les interchanges par lots sont traités: UNB à UNZ",
                ),
            )
        } else {
            self.language.choose(
                (
                    "Here is no interchange: neither UNA nor UNB can be read",
                    "An interchange begins with UNB, or with UNA in front of it, and ends with UNZ",
                ),
                (
                    "Ceci n'est pas un interchange: ni UNA ni UNB n'est lisible",
                    "Un interchange commence par UNB, précédé ou non de UNA, et se termine par UNZ",
                ),
            )
        };
        let hint = match switch.map(Tolerance::name) {
            Some(name) => self.language.choose(
                format!("Send nothing but interchanges, or switch tolerances.{name} on"),
                format!("N'envoyez que des interchanges, ou activez tolerances.{name}"),
            ),
            None => hint.to_owned(),
        };
        Unreadable { sentence: sentence.to_owned(), hint, place }
    }

    /// Syntax and directory; with a partner also who speaks to whom, and what is processed.
    fn syntax(&self, interchange: &Interchange<'_>, findings: Vec<SyntaxFinding>) -> Syntax {
        let mut syntax = judge_syntax(interchange, findings, &self.rulebook.catalogue);
        if let Some(partner) = &self.partner {
            let delivery = Delivery {
                partner: partner.id.clone(),
                channel: Channel::EdiTls,
                received_at: self.at,
                bytes: Bytes::copy_from_slice(interchange.bytes()),
            };
            if let Examined::Interchange(examination) = examine(delivery, partner, &self.rulebook) {
                syntax.findings = examination.facts.findings;
            }
        }
        syntax
    }

    /// Guide, code lists and rules, whatever syntax said of the message.
    fn content(
        &self,
        interchange: &Interchange<'_>,
        number: u32,
        message: &Message,
        structure: &Structure,
    ) -> Vec<RuleFinding> {
        let Some(guide) = self.rulebook.guide(&message.kind) else { return Vec::new() };
        let anybody = self.partner.is_none().then(|| self.anybody(interchange, message, structure, guide)).flatten();
        let Some(partner) = self.partner.as_ref().or(anybody.as_ref()) else { return Vec::new() };
        let Rulebook { codes, settings, zone, .. } = &self.rulebook;
        let context = rules::Context::new((codes, settings), partner, (self.at, zone), self.language);
        let mut reader = guide.reader(interchange.envelope.repertoire, &self.rulebook.zone);
        judge_content(interchange, (number, message), structure, &mut reader, &context).findings
    }

    /// A partner that may file what this declaration states: whoever that is, the rules of authority have nothing to say.
    fn anybody(
        &self,
        interchange: &Interchange<'_>,
        message: &Message,
        structure: &Structure,
        guide: &Guide,
    ) -> Option<Partner> {
        let mut reader = guide.reader(interchange.envelope.repertoire, &self.rulebook.zone);
        let Reading { draft, .. } = reader.read(interchange.segments_of(message), &structure.matches);
        let pair = draft.authorization_id.as_ref().zip(draft.business_number.as_ref());
        let authority = pair.and_then(|(authorization_id, business_number)| {
            Some(Authority {
                authorization_id: authorization_id.value.parse().ok()?,
                business_number: business_number.value.parse().ok()?,
            })
        });
        let has_provider = draft.service_provider.name.is_some() || draft.service_provider.identification.is_some();
        Some(Partner {
            id: PartnerId::new(ANYBODY)?,
            name: ANYBODY.to_owned(),
            kind: if has_provider { PartnerKind::ServiceProvider } else { PartnerKind::Exporter },
            identities: Vec::new(),
            certificates: Vec::new(),
            authority: authority.into_iter().collect(),
            language: self.language,
            agreement: Agreement::default(),
            limits: PartnerLimits::default(),
        })
    }
}

/// Line breaks in front of what stands here mean nothing.
fn line_breaks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// One interchange with everything that was found in it.
struct Examination<'a> {
    judge: &'a Judge,
    text: &'a Text<'a>,
    /// Where the interchange begins in the file.
    start: usize,
    mended: &'a Mended<'a>,
    interchange: Interchange<'a>,
    notes: Vec<Note>,
    /// The repertoire in which its bytes are shown.
    repertoire: Repertoire,
    syntax: Syntax,
}

impl<'a> Examination<'a> {
    fn of(judge: &'a Judge, text: &'a Text<'a>, mended: &'a Mended<'a>, start: usize) -> Option<Self> {
        let opened = mended.read()?;
        let (interchange, findings, notes) = (opened.interchange, opened.findings, opened.notes);
        let syntax = judge.syntax(&interchange, findings);
        let is_utf8 = notes.iter().any(|note| note.tolerance == Tolerance::Utf8UnderUnoc);
        let repertoire = if is_utf8 { Repertoire::Unoy } else { interchange.envelope.repertoire };
        Some(Self { judge, text, start, mended, interchange, notes, repertoire, syntax })
    }

    fn tell(&self, report: &mut FileReport) {
        report.interchanges.push(self.summary());
        let number = report.interchanges.len();
        let is_next = number > 1;
        let follows = is_next.then_some(Note { tolerance: Tolerance::SeveralInterchanges, count: 1, first: 0..0 });
        self.notes.iter().chain(&follows).for_each(|note| report.take_note(self.note(number, note)));
        report.findings.extend(self.syntax.findings.iter().map(|finding| self.syntax_finding(number, finding)));
        if self.judge.is_syntax_only {
            return;
        }
        for ((index, message), structure) in (0..).zip(&self.interchange.messages).zip(&self.syntax.structures) {
            let Some(structure) = structure else { continue };
            let findings = self.judge.content(&self.interchange, index, message, structure);
            let told = findings.iter().filter(|finding| !self.is_echo(index, finding));
            report.findings.extend(told.map(|finding| self.content_finding(number, index, finding)));
        }
    }

    fn note(&self, number: usize, note: &Note) -> NoteReport {
        NoteReport {
            tolerance: note.tolerance.name(),
            sentence: capitalised(note.tolerance.sentence(self.judge.language)),
            count: note.count,
            place: self.place_of(&note.first),
            interchange: number,
        }
    }

    fn summary(&self) -> InterchangeReport {
        let envelope = &self.interchange.envelope;
        let message = |message: &Message| MessageReport {
            reference: message.reference.clone(),
            kind: written_kind(&message.kind),
            is_declaration: self.judge.rulebook.guide(&message.kind).is_some(),
        };
        InterchangeReport {
            reference: envelope.reference.0.clone(),
            sender: written_party(&envelope.sender),
            recipient: written_party(&envelope.recipient),
            is_practice: envelope.is_practice,
            line: self.place(&(0..0)).line,
            messages: self.interchange.messages.iter().map(message).collect(),
        }
    }

    /// Whether guide or rules only say again what the directory said: of the same element, or that a segment is not used
    /// in which something is wrong already.
    fn is_echo(&self, index: u32, finding: &RuleFinding) -> bool {
        let Some(point) = &finding.segment else { return false };
        let is_same = |said: Option<ElementPlace>| match (said, point.element) {
            (Some(said), Some(element)) => {
                said.element == element.element && (said.component.is_none() || said.component == element.component)
            }
            (_, None) => finding.severity == Severity::Notice,
            (None, Some(_)) => false,
        };
        self.syntax.findings.iter().any(|said| match said.place {
            Place::Segment { message, position, element } => {
                message == index && position == point.position && is_same(element)
            }
            Place::Interchange { .. } | Place::FunctionalGroup { .. } | Place::Message { .. } => false,
        })
    }

    fn syntax_finding(&self, number: usize, finding: &SyntaxFinding) -> Finding {
        let (judge, envelope) = (self.judge, &self.interchange.envelope);
        let place = Spot::of(&finding.place);
        let segment = place.position.zip(place.message).and_then(|(position, message)| self.segment(message, position));
        let tag = place.service.map(|tag| tag.as_str().to_owned()).or_else(|| segment.map(|segment| tag_of(&segment)));
        let sentence = judge.language.choose(finding.error.english(), finding.error.french());
        let catalogue = &judge.rulebook.catalogue;
        let hint = remedy(finding, segment.as_ref(), &self.interchange, catalogue, judge.language);
        Finding {
            code: format!("S{:02}", finding.error.code(envelope.version)),
            family: Family::Syntax,
            severity: Severity::Error,
            sentence: capitalised(sentence),
            detail: Some(finding.detail.clone()).filter(|detail| !detail.is_empty()),
            hint: Some(capitalised(&hint)),
            place: self.place(&finding.span),
            interchange: number,
            group: place.group.map(|group| group + 1),
            message: place.message.map(|message| message + 1),
            segment: tag.map(|tag| SegmentReport { tag, position: place.position }),
            element: place.element.map(|element| element.element),
            component: place.element.and_then(|element| element.component),
            occurrence: place.element.and_then(|element| element.occurrence),
            commodity: None,
            repertoire: self.repertoire,
        }
    }

    fn content_finding(&self, number: usize, index: u32, finding: &RuleFinding) -> Finding {
        let point = finding.segment.as_ref();
        let element = point.and_then(|point| point.element);
        let remedy = rules::explain(&finding.code).map(|rule| rule.remedy.in_language(self.judge.language).to_owned());
        Finding {
            code: finding.code.clone(),
            family: Family::Content,
            severity: finding.severity,
            sentence: finding.text.clone(),
            detail: None,
            hint: remedy,
            place: self.place(&self.shown(index, finding)),
            interchange: number,
            group: None,
            message: Some(index + 1),
            segment: point.map(|point| SegmentReport { tag: point.tag.to_string(), position: Some(point.position) }),
            element: element.map(|element| element.element),
            component: element.and_then(|element| element.component),
            occurrence: element.and_then(|element| element.occurrence),
            commodity: finding.line,
            repertoire: self.repertoire,
        }
    }

    /// The bytes that show a finding: its own, else its segment, else the beginning of its message.
    fn shown(&self, index: u32, finding: &RuleFinding) -> Range<usize> {
        if !finding.span.is_empty() {
            return finding.span.clone();
        }
        let position = finding.segment.as_ref().map_or(1, |segment| segment.position);
        self.segment(index, position).map(|segment| segment.span()).unwrap_or_default()
    }

    fn segment(&self, message: u32, position: u32) -> Option<Segment<'_>> {
        let message = self.interchange.messages.get(usize::try_from(message).ok()?)?;
        self.interchange.segments_of(message).nth(usize::try_from(position.checked_sub(1)?).ok()?)
    }

    fn place(&self, span: &Range<usize>) -> FilePlace {
        self.place_of(&self.mended.original(span))
    }

    /// The place of bytes as they came.
    fn place_of(&self, span: &Range<usize>) -> FilePlace {
        let offset = self.start + span.start;
        let (line, column) = self.text.point(offset, self.repertoire);
        FilePlace { line, column, offset, length: span.len() }
    }
}

/// A place, taken apart.
#[derive(Default)]
struct Spot {
    group: Option<u32>,
    message: Option<u32>,
    position: Option<u32>,
    service: Option<ServiceTag>,
    element: Option<ElementPlace>,
}

impl Spot {
    fn of(place: &Place) -> Self {
        match *place {
            Place::Interchange { segment, element } => Self { service: segment, element, ..Self::default() },
            Place::FunctionalGroup { group, segment, element } => {
                Self { group: Some(group), service: segment, element, ..Self::default() }
            }
            Place::Message { message, segment, element } => {
                Self { message: Some(message), service: segment, element, ..Self::default() }
            }
            Place::Segment { message, position, element } => {
                Self { message: Some(message), position: Some(position), element, ..Self::default() }
            }
        }
    }
}

fn tag_of(segment: &Segment<'_>) -> String {
    String::from_utf8_lossy(segment.tag_bytes()).into_owned()
}

fn written_party(party: &PartyId) -> String {
    match &party.qualifier {
        Some(qualifier) => format!("{}:{qualifier}", party.identification),
        None => party.identification.clone(),
    }
}

fn written_kind(kind: &MessageType) -> String {
    let association = kind.association.iter().flat_map(|association| [":", association]);
    [&*kind.kind, ":", &kind.version, ":", &kind.release, ":", &kind.agency].into_iter().chain(association).collect()
}
