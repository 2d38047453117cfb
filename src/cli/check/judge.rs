//! From the bytes of a file to its report: every interchange, judged by syntax, directory, guide and rules, all at once.
//!
//! Start with [`Judge`]. A file is read interchange by interchange, and of its findings no more are kept than are told:
//! the rest is counted.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::Range;

use bytes::Bytes;
use jiff::Timestamp;

use super::echo::is_echo;
use super::expectation::{Expectation, named, of_syntax, stated};
use super::place::Spot;
use super::remedy::{nearest_codes, remedy};
use super::report::{
    Family, FilePlace, FileReport, Finding, InterchangeReport, MessageReport, NoteReport, SegmentReport, Unreadable,
    capitalised,
};
use super::site::Site;
use super::stream::{Piece, Stream};
use super::text::{Stretch, Text};
use super::unreadable::{nothing, too_long, unknown};
use crate::codes::CodeList;
use crate::declaration::guide::{Reader, TextStore};
use crate::declaration::{Draft, RuleFinding, Severity};
use crate::edifact::{
    Interchange, Mended, Message, MessageType, Note, PartyId, Reading, Repertoire, Segment, SyntaxError, SyntaxFinding,
    Tolerance, mend,
};
use crate::gateway::{Examined, Refused, Rulebook, Syntax, examine, judge_each};
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
}

/// The short name of the partner that stands for whoever wrote a file.
const ANYBODY: &str = "anybody";

/// What a package is called where a message has its type.
const PACKAGE: &str = "UNO";

/// Rules that look into a code list by themselves, where the guide names none.
const LISTS: &[(&str, &str)] = &[("H217", "provinces"), ("L310", "hs-export-codes"), ("L322", "provinces")];

impl Judge {
    /// Judges every interchange in a file of so many bytes, where that is known, and says where what is none begins.
    ///
    /// # Errors
    /// The file could not be read to its end; the report has what was found before.
    pub(super) fn judge(&self, from: &mut dyn Read, length: Option<u64>, report: &mut FileReport) -> io::Result<()> {
        let mut stream = Stream::new(from, length, self.interchange_bytes_max, self.rulebook.tolerances);
        loop {
            let (length, end) = match stream.next()? {
                None => break,
                Some(Piece::Garbage(stretch, switch)) => {
                    report.unreadable = Some(self.unreadable(stretch, |bytes| unknown(bytes, switch, self.language)));
                    break;
                }
                Some(Piece::TooLong(stretch)) => {
                    let told = too_long(self.interchange_bytes_max, self.language);
                    report.unreadable = Some(self.unreadable(stretch, |_| told));
                    break;
                }
                Some(Piece::Interchange(stretch)) => {
                    let own = stretch.bytes.get(stretch.whole.clone()).unwrap_or_default();
                    let mended = mend(own, &self.rulebook.tolerances);
                    let number = report.counts.interchanges + 1;
                    let Some(examination) = Examination::of(self, &stretch, &mended, number) else {
                        let switch = self.rulebook.tolerances.would_allow(own);
                        let told = unknown(own, switch, self.language);
                        report.unreadable = Some(self.unreadable(stretch, |_| told));
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
    fn unreadable(&self, stretch: Stretch<'_>, why: impl FnOnce(&[u8]) -> [String; 2]) -> Unreadable {
        let [sentence, hint] = why(stretch.bytes.get(stretch.whole.start..).unwrap_or_default());
        let text = Text::new(stretch, Repertoire::Unoc, self.columns);
        let (line, column) = text.line_and_column(0);
        let excerpt = text.excerpt(&(0..0));
        let place = FilePlace { line, column, offset: text.offset(), length: 0 };
        Unreadable { sentence, hint, place: Some(place), source_line: Some(excerpt.text.clone()), excerpt }
    }

    /// Syntax and directory, and what else is found in each message while it is at hand: of a message without findings
    /// nothing is kept. With a partner also who speaks to whom, and what is processed.
    fn examine(&self, interchange: &Interchange<'_>, findings: Vec<SyntaxFinding>) -> (Syntax, Content) {
        let (texts, mut content) = (TextStore::default(), Content::new());
        let mut readers = self.readers(interchange, &texts);
        let mut syntax = judge_each(interchange, findings, &self.rulebook.catalogue, |seen| {
            let reader = readers.iter_mut().find(|reader| reader.guide().applies_to(&seen.message.kind));
            let found = reader.map(|reader| self.content(seen.message, seen.structure, reader)).unwrap_or_default();
            let is_kept = !seen.is_right || !found.is_empty() || self.partner.is_some();
            content.extend((!found.is_empty()).then_some((seen.number, found)));
            is_kept
        });
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
        (syntax, content)
    }

    /// What reads declarations; nothing when only syntax counts.
    fn readers<'t>(&'t self, interchange: &'t Interchange<'_>, texts: &'t TextStore) -> Vec<Reader<'t, 't>> {
        let Rulebook { guides, zone, codes, .. } = &self.rulebook;
        let wanted = guides.iter().filter(|_| !self.is_syntax_only);
        wanted.map(|guide| guide.reader(interchange, (zone, codes), texts)).collect()
    }

    /// Guide, code lists and rules, whatever syntax said of the message.
    fn content(&self, message: &Message, structure: &Structure, reader: &mut Reader<'_, '_>) -> Vec<RuleFinding> {
        let reading = reader.read(message, structure);
        let anybody = if self.partner.is_none() { self.anybody(&reading.draft) } else { None };
        let Some(partner) = self.partner.as_ref().or(anybody.as_ref()) else { return Vec::new() };
        let Rulebook { codes, settings, zone, .. } = &self.rulebook;
        rules::judge(reading, &rules::Context::new((codes, settings), partner, (self.at, zone), self.language))
    }

    /// A partner that may file what this declaration states: whoever that is, the rules of authority have nothing to say.
    fn anybody(&self, draft: &Draft<'_>) -> Option<Partner> {
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
    /// What was read: spans of findings count in its bytes, and places in those that came.
    mended: &'a Mended<'a>,
    interchange: Interchange<'a>,
    notes: Vec<Note>,
    syntax: Syntax,
    content: Content,
}

/// What guide, code lists and rules found, by message; those without are not in it.
type Content = BTreeMap<u32, Vec<RuleFinding>>;

impl<'a> Examination<'a> {
    fn of(judge: &'a Judge, stretch: &Stretch<'a>, mended: &'a Mended<'a>, number: usize) -> Option<Self> {
        let Reading { interchange, findings, notes } = mended.read()?;
        let is_utf8 = notes.iter().any(|note| note.tolerance == Tolerance::Utf8UnderUnoc);
        let repertoire = if is_utf8 { Repertoire::Unoy } else { interchange.envelope.repertoire };
        let text = Text::new(stretch.clone(), repertoire, judge.columns);
        let (syntax, content) = judge.examine(&interchange, findings);
        Some(Self { judge, text, number, mended, interchange, notes, syntax, content })
    }

    /// Tells everything in the order of the bytes, message by message.
    fn tell(&self, report: &mut FileReport) {
        report.begin(|| self.summary(), self.interchange.messages.len());
        self.take_notes(report);
        let refused = Refused::by(&self.syntax.findings);
        let mut findings = self.syntax.findings.as_slice();
        for (index, message) in (0..).zip(&self.interchange.messages) {
            let end = self.interchange.segments_of(message).next_back().map_or(0, |segment| segment.span().end);
            let (own, rest) = findings.split_at(findings.partition_point(|finding| finding.span.start <= end));
            let content = self.content.get(&index).map(Vec::as_slice).unwrap_or_default();
            let has_errors = content.iter().any(|finding| finding.severity == Severity::Error);
            report.counts.refused += usize::from(has_errors || !refused.lets_through(index, message));
            self.tell_message(report, index, own, content);
            findings = rest;
        }
        self.tell_message(report, 0, findings, &[]);
    }

    /// Notes what was taken although the standard does not have it.
    fn take_notes(&self, report: &mut FileReport) {
        let several = Note { tolerance: Tolerance::SeveralInterchanges, count: 1, first: 0..0 };
        let several = (self.number > 1).then_some(several);
        for note in self.notes.iter().chain(&several) {
            report.take_note(NoteReport {
                tolerance: note.tolerance.name(),
                sentence: capitalised(note.tolerance.sentence(self.judge.language)),
                count: note.count,
                place: self.place(&note.first),
                interchange: self.number,
            });
        }
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
            reference: message.reference.to_string(),
            kind: if is_package(message) { PACKAGE.to_owned() } else { written_kind(&message.kind) },
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
        let Expectation { expected, found } = of_syntax(finding, &site, language);
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
        let shown = self.mended.original(span);
        let excerpt = self.text.excerpt(&shown);
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
            place: self.place(&shown),
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
            message_name: message.map(|message| {
                let kind = if is_package(message) { PACKAGE } else { &message.kind.kind };
                (kind.to_owned(), message.reference.to_string())
            }),
            is_behind: false,
            element_name: site.element_spec().map(|element| named(&element.name, element.id.as_str())),
        }
    }

    /// The place of bytes as they came.
    fn place(&self, shown: &Range<usize>) -> FilePlace {
        let (line, column) = self.text.line_and_column(shown.start);
        FilePlace { line, column, offset: self.text.offset() + shown.start, length: shown.len() }
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

fn is_package(message: &Message) -> bool {
    message.package.is_some()
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
