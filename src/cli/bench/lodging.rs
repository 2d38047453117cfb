//! The interchanges that are sent: declarations that the shipped guide and rules accept, each under references of its own,
//! with a transport document and a container of its own.
//!
//! Start with [`Forms::write`]. An interchange is written once, by the writer of the library, and is then filled with
//! references and containers: what it costs to send one must not be what is measured.

use std::ops::Range;

use jiff::Zoned;

use super::container::{CONTAINERS, container};
use crate::cli::sample::{SAMPLE, as_of};
use crate::edifact::{
    Interchange, InterchangeWriter, MessageType, PartyId, Repertoire, Segment, SegmentWriter, ServiceChars,
    SyntaxVersion, Tag,
};

/// The reference of an interchange (0020, an..14), which is the beginning of the references of its declarations too.
pub(super) type Reference = [u8; REFERENCE_BYTES];

/// Bytes of a reference.
const REFERENCE_BYTES: usize = 14;
/// What stands in a form where its reference goes; the sample has no such character.
const BLANK: &str = "@@@@@@@@@@@@@@";
/// What stands in a form where the container of a declaration goes; the sample has no such character.
const CONTAINER_BLANK: &str = "%%%%%%%%%%%";
/// The digits of references.
const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Digits that say which run it is; the others count.
const RUN_DIGITS: usize = 8;

/// A country that no list has, so that guide and rules refuse the declaration.
const NO_COUNTRY: &str = "QQ";
/// What each commodity weighs, in kilograms, and what it is worth.
const COMMODITY: (usize, usize) = (1_400, 5_000);

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Who sends (S002).
    pub(super) sender: PartyId,
    /// The gateway (S003).
    pub(super) recipient: PartyId,
    /// Under which authorization ID, and for which exporter.
    pub(super) authority: (String, String),
    /// Declarations of an interchange.
    pub(super) declarations: usize,
    /// Commodities of a declaration.
    pub(super) lines: usize,
    /// Whether it is practice (0035 = 1).
    pub(super) is_practice: bool,
    /// Whether a CONTRL is asked for (0031 = 1).
    pub(super) wants_contrl: bool,
}

/// What is asked for with an interchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To be accepted.
    Acceptance,
    /// To be refused, by guide and rules.
    Refusal,
}

/// An interchange for each thing that can be asked for, without its reference.
#[derive(Debug)]
pub(super) struct Forms {
    accepted: Form,
    refused: Form,
}

impl Forms {
    /// Writes them, for sending at this moment.
    pub(super) fn write(wanted: &Wanted, now: &Zoned) -> Self {
        let sample = as_of(SAMPLE, now);
        let form = |asked| Form::of(write(wanted, &sample, asked));
        Self { accepted: form(Asked::Acceptance), refused: form(Asked::Refusal) }
    }

    /// Appends the interchange with this reference.
    pub(super) fn fill(&self, asked: Asked, reference: &Reference, out: &mut Vec<u8>) {
        match asked {
            Asked::Acceptance => self.accepted.fill(reference, out),
            Asked::Refusal => self.refused.fill(reference, out),
        }
    }

    /// How long an interchange is that is to be accepted, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.accepted.bytes.len()
    }
}

/// An interchange, and where its reference and the containers of its declarations go.
#[derive(Debug)]
struct Form {
    bytes: Vec<u8>,
    blanks: Vec<Range<usize>>,
    /// One for each declaration, in their order.
    containers: Vec<Range<usize>>,
}

impl Form {
    fn of(bytes: Vec<u8>) -> Self {
        let find = |blank: &str| memchr::memmem::find_iter(&bytes, blank).map(|at| at..at + blank.len()).collect();
        let (blanks, containers) = (find(BLANK), find(CONTAINER_BLANK));
        Self { bytes, blanks, containers }
    }

    fn fill(&self, reference: &Reference, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&self.bytes);
        let filled = out.get_mut(begin..).unwrap_or_default();
        for blank in &self.blanks {
            if let Some(blank) = filled.get_mut(blank.clone()) {
                blank.copy_from_slice(reference);
            }
        }
        let declarations = u64::try_from(self.containers.len()).unwrap_or_default();
        let first = number_of(reference) % CONTAINERS * declarations;
        for (blank, number) in self.containers.iter().zip(first..) {
            if let Some((blank, container)) = filled.get_mut(blank.clone()).zip(container(number)) {
                blank.copy_from_slice(container.as_str().as_bytes());
            }
        }
    }
}

/// The references of one run: those of another run are others, unless both began in the same millisecond.
#[derive(Debug, Clone, Copy)]
pub(super) struct References(Reference);

impl References {
    /// Those of the run that began at this millisecond of Unix time.
    pub(super) fn of(milliseconds: u64) -> Self {
        let mut first = [b'0'; REFERENCE_BYTES];
        let (run, _) = first.split_at_mut(RUN_DIGITS);
        count(run, milliseconds);
        Self(first)
    }

    /// The one with this number.
    pub(super) fn reference(&self, number: u64) -> Reference {
        let mut reference = self.0;
        let (_, counted) = reference.split_at_mut(RUN_DIGITS);
        count(counted, number);
        reference
    }

    /// Whether a reference is one of this run.
    pub(super) fn are_of(&self, reference: &[u8]) -> bool {
        reference.len() == REFERENCE_BYTES && reference.get(..RUN_DIGITS) == self.0.get(..RUN_DIGITS)
    }
}

/// The number that a reference stands for: that of the run and that in it. What is too long for it is left out in front.
fn number_of(reference: &Reference) -> u64 {
    let base = u64::try_from(DIGITS.len()).unwrap_or(u64::MAX);
    let digits = reference.iter().map(|digit| char::from(*digit).to_digit(36).map_or(0, u64::from));
    digits.fold(0, |number: u64, digit| number.wrapping_mul(base).wrapping_add(digit))
}

/// Writes the last digits of a number.
fn count(digits: &mut [u8], mut number: u64) {
    let base = u64::try_from(DIGITS.len()).unwrap_or(u64::MAX);
    for digit in digits.iter_mut().rev() {
        let value = usize::try_from(number % base).unwrap_or_default();
        *digit = DIGITS.get(value).copied().unwrap_or(b'0');
        number /= base;
    }
}

/// Writes an interchange after the sample, with blanks for its reference and the containers of its declarations.
fn write(wanted: &Wanted, sample: &[u8], asked: Asked) -> Vec<u8> {
    let Some((interchange, _)) = Interchange::read(sample) else { return Vec::new() };
    let repertoire = interchange.envelope.repertoire;
    let mut writer = InterchangeWriter::new(ServiceChars::DEFAULT, repertoire, BLANK);
    let prepared = interchange.header().into_iter().flat_map(|unb| texts(&unb, repertoire).into_iter().nth(3));
    writer.segment("UNB", |unb| {
        unb.syntax(SyntaxVersion::V3);
        unb.party(&wanted.sender);
        unb.party(&wanted.recipient);
        prepared.for_each(|moment| compose(unb, &moment));
        unb.element(BLANK);
        (0..3).for_each(|_| unb.skip());
        unb.element(if wanted.wants_contrl { "1" } else { "" });
        unb.skip();
        unb.element(if wanted.is_practice { "1" } else { "" });
    });
    for message in &interchange.messages {
        let segments: Vec<Segment<'_>> = interchange.segments_of(message).collect();
        for number in 1..=wanted.declarations {
            Declaration { wanted, asked, repertoire, number }.write(&mut writer, &message.kind, &segments);
        }
    }
    writer.finish()
}

/// One declaration of an interchange.
struct Declaration<'a> {
    wanted: &'a Wanted,
    asked: Asked,
    repertoire: Repertoire,
    /// From 1.
    number: usize,
}

impl Declaration<'_> {
    fn write(&self, writer: &mut InterchangeWriter, kind: &MessageType, sample: &[Segment<'_>]) {
        let body = sample.get(1..sample.len().saturating_sub(1)).unwrap_or_default();
        let is = |tag: &'static [u8; 3]| move |segment: &Segment<'_>| segment.tag() == Tag(*tag);
        let first_line = body.iter().position(is(b"CST")).unwrap_or(body.len());
        let last_line = body.iter().rposition(is(b"CST")).unwrap_or(body.len());
        let summary = body.iter().rposition(is(b"UNS")).unwrap_or(body.len());
        writer.begin_message(&self.number.to_string(), kind);
        for segment in body.get(..first_line).unwrap_or_default() {
            self.copy(writer, segment, None);
        }
        for line in 1..=self.wanted.lines {
            for segment in body.get(last_line..summary).unwrap_or_default() {
                self.copy(writer, segment, Some(line));
            }
        }
        for segment in body.get(summary..).unwrap_or_default() {
            self.copy(writer, segment, None);
        }
    }

    /// Writes a segment of the sample with what is asked for in it.
    fn copy(&self, writer: &mut InterchangeWriter, segment: &Segment<'_>, line: Option<usize>) {
        let tag = segment.tag();
        let mut elements = texts(segment, self.repertoire);
        let first = elements.first().and_then(|element| element.first()).cloned().unwrap_or_default();
        let (weight, value) = COMMODITY;
        let (authorization, exporter) = &self.wanted.authority;
        let own = || format!("{BLANK}-{}", self.number);
        match (&tag.0, first.as_str(), line) {
            (b"BGM", ..) => put(&mut elements, 1, 0, own()),
            (b"RFF", "ABO", None) => put(&mut elements, 0, 1, own()),
            (b"RFF", "BM", None) => put(&mut elements, 0, 1, format!("BL{}", own())),
            (b"EQD", "CN", None) => put(&mut elements, 1, 0, CONTAINER_BLANK.to_owned()),
            (b"RFF", "ABP", None) => put(&mut elements, 0, 1, authorization.clone()),
            (b"NAD", "EX", None) => put(&mut elements, 1, 0, exporter.clone()),
            (b"LOC", "36", None) if self.asked == Asked::Refusal => put(&mut elements, 1, 0, NO_COUNTRY.to_owned()),
            (b"MEA", "WT", None) => put(&mut elements, 2, 1, (weight * self.wanted.lines).to_string()),
            (b"MOA", "63", None) => put(&mut elements, 0, 1, format!("{}.00", value * self.wanted.lines)),
            (b"CNT", "5", None) => put(&mut elements, 0, 1, self.wanted.lines.to_string()),
            (b"CST", _, Some(line)) => put(&mut elements, 0, 0, line.to_string()),
            _ => {}
        }
        writer.segment(tag.as_str(), |writing| elements.iter().for_each(|element| compose(writing, element)));
    }
}

/// The texts of a segment, element by element.
fn texts(segment: &Segment<'_>, repertoire: Repertoire) -> Vec<Vec<String>> {
    let elements = segment.elements().map(|element| {
        let components = element.components();
        components.map(|component| repertoire.decode(&component.unreleased()).into_owned()).collect()
    });
    elements.collect()
}

fn put(elements: &mut [Vec<String>], element: usize, component: usize, text: String) {
    if let Some(place) = elements.get_mut(element).and_then(|element| element.get_mut(component)) {
        *place = text;
    }
}

fn compose(segment: &mut SegmentWriter<'_>, components: &[String]) {
    let components: Vec<&str> = components.iter().map(String::as_str).collect();
    segment.composite(&components);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use bytes::Bytes;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::config::Config;
    use crate::daemon::load_rulebook;
    use crate::gateway::{Examined, examine};
    use crate::language::Language;
    use crate::partner::{Agreement, Authority, Partner, PartnerId, PartnerKind, PartnerLimits};
    use crate::record::{Channel, Decision, Delivery, Facts};

    fn wanted(declarations: usize, lines: usize) -> Wanted {
        let party = |identification: &str, qualifier: Option<&str>| PartyId {
            identification: identification.to_owned(),
            qualifier: qualifier.map(str::to_owned),
            ..PartyId::default()
        };
        Wanted {
            sender: party("BIRCH", Some("ZZ")),
            recipient: party("LODGED", None),
            authority: ("CD5678".to_owned(), "802005116RM0001".to_owned()),
            declarations,
            lines,
            is_practice: true,
            wants_contrl: false,
        }
    }

    /// What comes of the interchange with this number.
    fn examined(wanted: &Wanted, asked: Asked, number: u64) -> Facts {
        let now: Zoned = "2026-11-21T15:45:00-05:00[America/Toronto]".parse().unwrap();
        let mut bytes = Vec::new();
        Forms::write(wanted, &now).fill(asked, &References::of(1).reference(number), &mut bytes);
        let partner = Partner {
            id: PartnerId::new("birch").unwrap(),
            name: "Birch".to_owned(),
            kind: PartnerKind::ServiceProvider,
            identities: vec![wanted.sender.clone()],
            certificates: Vec::new(),
            authority: vec![Authority {
                authorization_id: wanted.authority.0.parse().unwrap(),
                business_number: wanted.authority.1.parse().unwrap(),
            }],
            language: Language::En,
            agreement: Agreement::default(),
            limits: PartnerLimits::default(),
        };
        let (id, bytes) = (partner.id.clone(), Bytes::from(bytes));
        let delivery = Delivery { partner: id, channel: Channel::EdiTls, received_at: now.timestamp(), bytes };
        let zone = TimeZone::get("America/Toronto").unwrap();
        let rulebook = load_rulebook(&Config::default(), zone).unwrap();
        let Examined::Interchange(examination) = examine(delivery, &partner, &rulebook) else { panic!("unreadable") };
        examination.facts
    }

    /// How many declarations are accepted, and how many refused.
    fn check(wanted: &Wanted, asked: Asked, expected: (usize, usize)) {
        let Facts { findings, envelope, judgements, .. } = examined(wanted, asked, 2);
        assert_eq!(findings, []);
        assert_eq!(envelope.reference.0, "00000001000002");
        assert_eq!(envelope.is_practice, wanted.is_practice);
        assert_eq!(envelope.acknowledgement.is_wanted(), wanted.wants_contrl);
        let refused = judgements.iter().filter(|judgement| judgement.has_errors()).count();
        assert_eq!((judgements.len() - refused, refused), expected, "{judgements:#?}");
    }

    #[test]
    fn a_declaration_is_accepted() {
        check(&wanted(1, 1), Asked::Acceptance, (1, 0));
    }

    #[test]
    fn several_declarations_of_several_commodities_are_accepted() {
        check(&wanted(3, 7), Asked::Acceptance, (3, 0));
    }

    #[test]
    fn what_is_to_be_refused_is_refused() {
        check(&wanted(2, 1), Asked::Refusal, (0, 2));
    }

    #[test]
    fn a_real_one_that_asks_for_a_contrl_says_so() {
        check(&Wanted { is_practice: false, wants_contrl: true, ..wanted(1, 1) }, Asked::Acceptance, (1, 0));
    }

    #[test]
    fn each_declaration_has_a_transport_document_and_a_container_of_its_own() {
        let (mut documents, mut containers) = (HashSet::new(), HashSet::new());
        for number in 0..7 {
            for judgement in examined(&wanted(3, 1), Asked::Acceptance, number).judgements {
                assert_eq!(judgement.findings, []);
                let Decision::Accept(declaration) = judgement.decision else { panic!("it is refused") };
                documents.insert(declaration.transport_document.unwrap().number);
                containers.extend(declaration.containers);
            }
        }
        assert_eq!((documents.len(), containers.len()), (21, 21), "{documents:?} {containers:?}");
    }

    #[test]
    fn references_count_in_letters_too_and_differ_from_run_to_run() {
        let run = References::of(36 * 36 * 36 - 1);
        assert_eq!(&run.reference(0), b"00000ZZZ000000");
        assert_eq!(&run.reference(37), b"00000ZZZ000011");
        assert!(run.are_of(&run.reference(99)) && !run.are_of(&References::of(1).reference(99)));
        assert!(!run.are_of(b"00000ZZZ"));
    }
}
