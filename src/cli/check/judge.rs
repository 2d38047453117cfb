//! From the bytes of a file to its report: every interchange, judged by syntax, directory, guide and rules, all at once.
//!
//! Start with [`Judge`]. A file is read interchange by interchange, and of its findings no more are kept than are told:
//! the rest is counted.

use std::cell::RefCell;
use std::io::{self, Read};
use std::ops::Range;

use bytes::Bytes;
use jiff::Timestamp;

use super::expectation::{Expectation, named, of_syntax, stated};
use super::place::Spot;
use super::refused::{Refused, is_echo};
use super::remedy::{nearest_codes, remedy};
use super::report::{
    Family, FilePlace, FileReport, Finding, InterchangeReport, MessageReport, SegmentReport, Unreadable, capitalised,
};
use super::site::Site;
use super::stream::{Piece, Stream};
use super::text::{Stretch, Text};
use super::unreadable::{cut_off, nothing, too_long, unknown};
use crate::codes::CodeList;
use crate::declaration::guide::Guide;
use crate::declaration::{RuleFinding, Severity};
use crate::edifact::{Interchange, Message, MessageType, PartyId, Repertoire, Segment, SyntaxError, SyntaxFinding};
use crate::gateway::{Examined, Rulebook, Syntax, examine, judge_content, judge_syntax};
use crate::grammar::Examined as Structure;
use crate::language::Language;
use crate::partner::{Agreement, Authority, Partner, PartnerId, PartnerKind, PartnerLimits};
use crate::record::{Channel, Delivery};
use crate::rules;

/// What files are judged by, and how much is told of them.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) rulebook: Rulebook,
    /// The partner whose identities and authority count; none when anybody's file is looked at.
    pub(super) partner: Option<Partner>,
    /// The moment at which the files are taken to come.
    pub(super) at: Timestamp,
    pub(super) language: Language,
    pub(super) is_syntax_only: bool,
    /// Most findings of one file that are told.
    pub(super) findings_max: usize,
    /// Longest interchange.
    pub(super) interchange_bytes_max: usize,
    /// Columns of a line that are shown.
    pub(super) columns: usize,
    /// Somebody who may file for all exporters that came before, when anybody's file is looked at.
    pub(super) known: RefCell<Option<Partner>>,
}

/// Findings about who files for whom.
const AUTHORITY: [&str; 2] = ["A105", rules::FOREIGN_EXPORTER];
/// Most exporters that are remembered.
const KNOWN_MAX: usize = 256;

/// The short name of the partner that stands for whoever wrote a file.
const ANYBODY: &str = "anybody";

/// Rules that look into a code list by themselves, where the guide names none.
const LISTS: &[(&str, &str)] = &[("H217", "provinces"), ("L310", "hs-export-codes"), ("L322", "provinces")];

impl Judge {
    /// Judges every interchange in a file, and says where what is none begins.
    ///
    /// # Errors
    /// The file could not be read to its end; the report has what was found before.
    pub(super) fn judge(&self, from: &mut dyn Read, report: &mut FileReport) -> io::Result<()> {
        let mut stream = Stream::new(from, self.interchange_bytes_max);
        loop {
            let (length, end) = match stream.next()? {
                None => break,
                Some(Piece::Garbage(stretch)) => {
                    report.unreadable = Some(self.unreadable(stretch, unknown));
                    break;
                }
                Some(Piece::TooLong(stretch)) => {
                    let bytes_max = self.interchange_bytes_max;
                    report.unreadable = Some(self.unreadable(stretch, |_, language| too_long(bytes_max, language)));
                    break;
                }
                Some(Piece::Interchange(stretch)) => {
                    let Some(examination) = Examination::of(self, &stretch, report.counts.interchanges + 1) else {
                        report.unreadable = Some(self.unreadable(stretch, cut_off));
                        break;
                    };
                    examination.tell(report);
                    (stretch.whole.len(), examination.text.end())
                }
            };
            stream.go_on(length, end);
        }
        if report.counts.interchanges == 0 && report.unreadable.is_none() {
            report.unreadable = Some(nothing(self.language));
        }
        Ok(())
    }

    /// What stands here cannot be read. Nobody knows its repertoire; one byte is one character.
    fn unreadable(&self, stretch: Stretch<'_>, why: impl Fn(&[u8], Language) -> [String; 2]) -> Unreadable {
        let [sentence, hint] = why(stretch.bytes.get(stretch.whole.start..).unwrap_or_default(), self.language);
        let text = Text::new(stretch, Repertoire::Unoc, self.columns);
        let (line, column) = text.line_and_column(0);
        let excerpt = text.excerpt(&(0..0));
        let place = FilePlace { line, column, offset: text.offset(), length: 0 };
        Unreadable { sentence, hint, place: Some(place), source_line: Some(excerpt.text.clone()), excerpt }
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
        let judged = |partner: &Partner| {
            let context = rules::Context {
                codes: &self.rulebook.codes,
                partner,
                received_at: self.at,
                zone: &self.rulebook.zone,
                settings: &self.rulebook.settings,
                language: self.language,
            };
            judge_content(interchange, (number, message), structure, (guide, &self.rulebook.catalogue), &context)
                .findings
        };
        if let Some(partner) = &self.partner {
            return judged(partner);
        }
        // Most declarations of a file are for exporters that came before: then it need not be asked who this one is.
        if let Some(known) = self.known.borrow().as_ref() {
            let findings = judged(known);
            let is_about_authority = findings.iter().any(|finding| AUTHORITY.contains(&finding.code.as_str()));
            if !is_about_authority && findings.len() < rules::FINDINGS_MAX {
                return findings;
            }
        }
        let Some(anybody) = self.anybody(interchange, message, structure, guide) else { return Vec::new() };
        let findings = judged(&anybody);
        self.remember(anybody);
        findings
    }

    /// The next declaration for the same exporter may be filed too. Nobody who is remembered is a service provider: of
    /// those, the rules demand more.
    fn remember(&self, anybody: Partner) {
        match &mut *self.known.borrow_mut() {
            Some(known) if known.authority.len() >= KNOWN_MAX => {}
            Some(known) => known.authority.extend(anybody.authority),
            known => *known = Some(Partner { kind: PartnerKind::Exporter, ..anybody }),
        }
    }

    /// A partner that may file what this declaration states: whoever that is, the rules of authority have nothing to say.
    fn anybody(
        &self,
        interchange: &Interchange<'_>,
        message: &Message,
        structure: &Structure,
        guide: &Guide,
    ) -> Option<Partner> {
        let segments: Vec<Segment<'_>> = interchange.segments_of(message).collect();
        let grammar = self.rulebook.catalogue.message(&message.kind)?;
        let repertoire = interchange.envelope.repertoire;
        let draft = guide.read(grammar, &segments, &structure.matches, repertoire, &self.rulebook.zone).draft;
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

/// One interchange with everything that was found in it.
struct Examination<'a> {
    judge: &'a Judge,
    text: Text<'a>,
    /// Which interchange of the file it is, from 1.
    number: usize,
    interchange: Interchange<'a>,
    syntax: Syntax,
}

impl<'a> Examination<'a> {
    fn of(judge: &'a Judge, stretch: &Stretch<'a>, number: usize) -> Option<Self> {
        let (interchange, findings) = Interchange::read(stretch.bytes.get(stretch.whole.clone())?)?;
        let text = Text::new(stretch.clone(), interchange.envelope.repertoire, judge.columns);
        let syntax = judge.syntax(&interchange, findings);
        Some(Self { judge, text, number, interchange, syntax })
    }

    /// Tells everything in the order of the bytes, message by message.
    fn tell(&self, report: &mut FileReport) {
        report.begin(|| self.summary(), self.interchange.messages.len());
        let refused = Refused::by(&self.syntax.findings);
        let mut findings = self.syntax.findings.as_slice();
        for ((index, message), structure) in (0..).zip(&self.interchange.messages).zip(&self.syntax.structures) {
            let end = self.interchange.segments_of(message).next_back().map_or(0, |segment| segment.span().end);
            let (own, rest) = findings.split_at(findings.partition_point(|finding| finding.span.start <= end));
            let structure = structure.as_ref().filter(|_| !self.judge.is_syntax_only);
            let content = structure.map(|structure| self.judge.content(&self.interchange, index, message, structure));
            let content = content.unwrap_or_default();
            let has_errors = content.iter().any(|finding| finding.severity == Severity::Error);
            report.counts.refused += usize::from(has_errors || refused.has(index, message));
            self.tell_message(report, index, own, &content);
            findings = rest;
        }
        self.tell_message(report, 0, findings, &[]);
    }

    /// Tells what was found in one message, and in front of it.
    fn tell_message(&self, report: &mut FileReport, index: u32, syntax: &[SyntaxFinding], content: &[RuleFinding]) {
        let version = self.interchange.envelope.version;
        let own = |finding: &&RuleFinding| !is_echo(syntax, index, finding);
        let mut content: Vec<(Range<usize>, &RuleFinding)> =
            content.iter().filter(own).map(|finding| (self.shown(index, finding), finding)).collect();
        content.sort_by_key(|(span, _)| span.start);
        let mut content = content.into_iter().peekable();
        for finding in syntax {
            while let Some((span, rule)) = content.next_if(|(span, _)| span.start < finding.span.start) {
                report.tell(&rule.code, rule.severity, || self.content_finding(index, rule, &span));
            }
            let code = finding.error.code(version).to_string();
            report.tell(&code, Severity::Error, || self.syntax_finding(&code, finding));
        }
        for (span, rule) in content {
            report.tell(&rule.code, rule.severity, || self.content_finding(index, rule, &span));
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
            line: self.text.line_and_column(0).0,
            messages: self.interchange.messages.iter().map(message).collect(),
        }
    }

    fn syntax_finding(&self, code: &str, finding: &SyntaxFinding) -> Finding {
        let (catalogue, language) = (&self.judge.rulebook.catalogue, self.judge.language);
        let spot = Spot::from(&finding.place);
        let site = Site::at(catalogue, &self.interchange, &self.syntax.structures, &spot);
        let Expectation { expected, found } = of_syntax(finding, &site, catalogue, language);
        let gap = (finding.error == SyntaxError::Missing).then(|| site.gap()).flatten();
        let span = gap.unwrap_or_else(|| finding.span.clone());
        Finding {
            family: Family::Syntax,
            sentence: capitalised(language.choose(finding.error.english(), finding.error.french())),
            detail: Some(finding.detail.clone()).filter(|detail| !detail.is_empty()),
            expected,
            found,
            hint: Some(capitalised(&remedy(finding, &site, catalogue, language))),
            is_behind: finding.error == SyntaxError::Missing && spot.element.is_none() && spot.position.is_some(),
            ..self.finding(code, Severity::Error, &spot, &site, &span)
        }
    }

    fn content_finding(&self, index: u32, finding: &RuleFinding, span: &Range<usize>) -> Finding {
        let (catalogue, language) = (&self.judge.rulebook.catalogue, self.judge.language);
        let spot = Spot::of_rule(index, finding);
        let site = Site::at(catalogue, &self.interchange, &self.syntax.structures, &spot);
        let rule = rules::explain(&finding.code);
        // A rule whose sentence names no value is about one that is not there, and points at what demands it.
        let has_value = rule.is_none_or(|rule| rule.sentence.english.contains('{'));
        let is_there = has_value && spot.element.is_some() && !finding.span.is_empty();
        let found = is_there.then(|| stated(&site, span)).flatten();
        let remedy = rule.map(|rule| rule.remedy.in_language(language));
        let list = found.as_ref().and_then(|_| self.list(&finding.code, index));
        let on = self.judge.at.to_zoned(self.judge.rulebook.zone.clone()).date();
        let value = list.map(|_| super::expectation::value(&site, span)).unwrap_or_default();
        let nearest =
            list.filter(|list| !list.is_valid(&value, on)).map(|list| nearest_codes(list, &value, on, language));
        let hints: Vec<String> = remedy.map(str::to_owned).into_iter().chain(nearest.flatten()).collect();
        Finding {
            family: Family::Content,
            sentence: finding.text.clone(),
            expected: list.map(|list| {
                let (name, count) = (list.name(), list.len());
                language.choose(
                    format!("one of the {count} codes of the list {name}"),
                    format!("un des {count} codes de la liste {name}"),
                )
            }),
            found,
            hint: Some(hints.join("; ")).filter(|hint| !hint.is_empty()),
            commodity: finding.line,
            ..self.finding(&finding.code, finding.severity, &spot, &site, span)
        }
    }

    /// The one code list whose values have this finding when they are not in it.
    fn list(&self, code: &str, index: u32) -> Option<&CodeList> {
        let codes = &self.judge.rulebook.codes;
        if let Some((_, name)) = LISTS.iter().find(|(of, _)| *of == code) {
            return codes.list(name);
        }
        let message = self.interchange.messages.get(usize::try_from(index).ok()?)?;
        let guide = self.judge.rulebook.guide(&message.kind)?;
        let mut lists = guide.elements().filter_map(|element| element.list.as_ref()).filter(|(_, of)| of == code);
        let (name, _) = lists.next()?;
        if lists.any(|(other, _)| other != name) {
            return None;
        }
        codes.list(name)
    }

    /// What every finding has: its place in the file, in the interchange and in the table.
    fn finding(&self, code: &str, severity: Severity, spot: &Spot, site: &Site<'_>, span: &Range<usize>) -> Finding {
        let (line, column) = self.text.line_and_column(span.start);
        let excerpt = self.text.excerpt(span);
        let message = spot.message.and_then(|index| self.interchange.messages.get(usize::try_from(index).ok()?));
        let tag = spot.service.map(|tag| tag.as_str().to_owned()).or_else(|| site.segment.as_ref().map(tag_of));
        Finding {
            code: code.to_owned(),
            family: Family::Syntax,
            severity,
            sentence: String::new(),
            detail: None,
            expected: None,
            found: None,
            hint: None,
            place: FilePlace { line, column, offset: self.text.offset() + span.start, length: span.len() },
            source_line: excerpt.text.clone(),
            interchange: self.number,
            group: spot.group.map(|group| group + 1),
            message: spot.message.map(|message| message + 1),
            segment: tag.map(|tag| SegmentReport { tag, position: spot.position }),
            path: site.table_place().map(ToString::to_string),
            element: spot.element.map(|element| element.element),
            component: spot.element.and_then(|element| element.component),
            occurrence: spot.element.and_then(|element| element.occurrence),
            commodity: None,
            excerpt,
            message_name: message.map(|message| (message.kind.kind.clone(), message.reference.clone())),
            is_behind: false,
            element_name: site.element_spec().map(|element| named(&element.name, element.id.as_str())),
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
