//! The bytes of entries, held against bytes that were written down when their format was made.
//!
//! Entries are read by every later version and never by an earlier one, so whatever changes their bytes, or adds a value that
//! an earlier version would not read, takes a new format (`journal::segment::FORMAT`) with bytes of its own.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::civil::date;
use serde::de::DeserializeOwned;

use super::Unavailable;
use super::entry::{Entry, LodgedInterchange, Pruned, Remembered};
use super::floor::Floor;
use super::journal::scan::{self, Ending};
use super::journal::segment::{FORMAT, Header};
use super::sample::{NOW, evidence, partner, sent};
use crate::declaration::{
    Certifier, Declaration, Function, Line, Measure, Party, RuleFinding, SegmentPoint, Severity, TransportDocument,
};
use crate::edifact::{
    AcknowledgementRequest, ElementPlace, MessageType, PackageReference, PartyId, Place, Repertoire, ServiceTag,
    SyntaxError, SyntaxFinding, SyntaxVersion, Tag,
};
use crate::identifier::{ProofForm, ProofOfReportNumber, RecordNumber};
use crate::language::Language;
use crate::record::{
    Act, Actor, Answer, AnswerKind, AnswerReference, Channel, Counted, Decision, Deed, Digest, Examination, Facts,
    GroupFacts, Judgement, MessageFacts, Recorded, Verdict,
};

/// Set to anything, bytes are written down that are not yet. What is written down is never written again.
const KEEP: &str = "LODGED_KEEP_ENTRIES";

/// Where the bytes of a format are.
fn folder(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/entries/format-{format}"))
}

/// What is written down under this name for the present format is this.
#[track_caller]
fn is_written_down(name: &str, now: &str) {
    let path = folder(FORMAT).join(name);
    if !path.exists() && std::env::var_os(KEEP).is_some() {
        fs::create_dir_all(folder(FORMAT)).unwrap();
        fs::write(&path, now).unwrap();
    }
    let then = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        then == now,
        "{} has other bytes now; an earlier version of format {FORMAT} would not read them as what they are: raise the format, \
         and write down those of the new one, with {KEEP}=1, once. They are:\n{now}",
        path.display(),
    );
}

/// An entry has the bytes that were written down, and is read from them.
#[track_caller]
fn check(name: &str, entry: &Entry) {
    let bytes = entry.encode().unwrap();
    is_written_down(&format!("{name}.hex"), &digits(&bytes));
    assert_eq!(&Entry::decode(&bytes).unwrap(), entry);
}

/// Bytes in lines of thirty-two.
fn digits(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        line.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        text.push('\n');
    }
    text
}

fn bytes(digits: &str) -> Vec<u8> {
    let digits: String = digits.split_whitespace().collect();
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// An interchange as it is recorded under a number.
fn lodged(examination: Examination, remembers: impl FnOnce(&Examination) -> Option<Remembered>) -> LodgedInterchange {
    let remembered = remembers(&examination);
    let (recorded, bytes) = Recorded::settled(RecordNumber(300), examination.delivery, examination.facts);
    LodgedInterchange { bytes, remembered, recorded }
}

fn entry(lodged: LodgedInterchange) -> Entry {
    Entry::Interchange(Box::new(lodged))
}

fn some<T: for<'a> From<&'a str>>(text: &str) -> Option<T> {
    Some(text.into())
}

fn party(name: &str) -> PartyId {
    PartyId { identification: name.into(), qualifier: some("ZZ"), internal: some("DOOR"), internal_sub: some("BELL") }
}

/// Everything that can be stated.
fn declaration(declared: &Declaration) -> Declaration {
    let measure = |value: &str| Measure { value: value.parse().unwrap(), unit: "KGM".into() };
    let person = |name: &str| Party {
        identification: some("123456782RM0001"),
        name: name.into(),
        street: vec!["1 RUE DE L'ÎLE".into(), "2".into()],
        city: "QUÉBEC".into(),
        region: some("QC"),
        postal_code: some("G1A 1A1"),
        country: "CA".into(),
        contact: some("DESK"),
        telephone: some("+1 418 555 0100"),
        email: some("desk@example.com"),
    };
    let line = Line {
        quantity: Some(measure("20.5")),
        gross_weight: Some(measure("21")),
        permits: vec!["P1".into()],
        vehicles: vec!["1M8GDM9AXKP042788".into()],
        is_controlled: true,
        ..declared.lines[0].clone()
    };
    Declaration {
        version: 2,
        function: Function::Amendment,
        submission_reason: some("OUTAGE"),
        consignee: person("SAKURA"),
        parties_are_related: true,
        service_provider: Some(person("ACME")),
        transport_document: Some(TransportDocument { kind: "BM".into(), number: "MTRL26110417".into() }),
        vessel: some("MV SAINT LAURENT"),
        conveyance: some("042W"),
        planned_loading: Some(NOW.parse().unwrap()),
        is_containerised: true,
        containers: vec!["CSQU3054383".into()],
        exporter_references: vec!["PO 88213".into()],
        permits: vec!["P2".into(), "P3".into()],
        is_controlled: true,
        freight: "-0.05".parse().unwrap(),
        total_value: "79228162514264337593543950335".parse().unwrap(),
        reason_for_export: some("LEASE"),
        lease_months: Some(12),
        certifier: Certifier {
            name: "A. PERSON".into(),
            company: some("ACME"),
            telephone: some("1"),
            date: Some(date(2026, 11, 21)),
            place: some("QUÉBEC"),
        },
        lines: vec![line.clone(), line],
        ..declared.clone()
    }
}

fn rule_finding() -> RuleFinding {
    let element = Some(ElementPlace { element: 3, component: Some(2), occurrence: Some(4) });
    RuleFinding {
        code: "H201".into(),
        severity: Severity::Warning,
        line: Some(7),
        segment: Some(SegmentPoint { tag: Tag::read(b"BGM"), position: 2, element }),
        span: 300..70_000,
        text: "É".into(),
    }
}

fn syntax_findings() -> Vec<SyntaxFinding> {
    let element = Some(ElementPlace { element: 2, component: Some(1), occurrence: None });
    let segment = Some(ServiceTag::Unz);
    let places = [
        Place::Interchange { segment, element },
        Place::FunctionalGroup { group: 1, segment, element: None },
        Place::Message { message: 2, segment: None, element },
        Place::Segment { message: 3, position: 400, element },
    ];
    let finding = |place| SyntaxFinding { error: SyntaxError::Missing, place, span: 5..6, detail: "0020".into() };
    places.into_iter().map(finding).collect()
}

/// Everything that there can be.
fn everything() -> Facts {
    let mut facts = sent("1").declaring("1").refusing("2").for_practice().in_french().facts;
    let Decision::Accept(declared) = &facts.judgements[0].decision else { panic!("it is accepted") };
    let declared = Decision::Accept(Box::new(declaration(declared)));
    facts.judgements[0].decision = declared;
    facts.judgements[1] = Judgement { findings: vec![rule_finding()], ..facts.judgements[1].clone() };
    let (sender, recipient) = (Some(party("MAPLE")), Some(party("LODGED")));
    facts.envelope.sender = party("MAPLE");
    facts.envelope.application_reference = some("CUSDEC");
    facts.envelope.agreement = some("MAPLE-1");
    facts.agreement.answers_want_acknowledgement = true;
    facts.agreement.answer_repertoire = Some(Repertoire::Unoy);
    facts.groups = vec![GroupFacts { reference: "G1".into(), sender, recipient }];
    let kind = MessageType {
        kind: "CUSDEC".into(),
        version: "D".into(),
        release: "96B".into(),
        agency: "UN".into(),
        association: some("EAN001"),
    };
    let package = PackageReference { qualifier: "AA".into(), identification: "OBJECT-1".into() };
    facts.messages[0] =
        MessageFacts { reference: "M1".into(), kind: Arc::new(kind), group: Some(0), package: Some(Box::new(package)) };
    facts.findings = syntax_findings();
    facts.acknowledges = vec![AnswerReference(7), AnswerReference(u64::MAX)];
    facts
}

fn proof(form: ProofForm) -> ProofOfReportNumber {
    let text = if form == ProofForm::G7 { "AB123420261100300" } else { "TESTAB123420261120300" };
    let mut readings = ProofOfReportNumber::readings(text);
    readings.retain(|proof| proof.form == form);
    readings.remove(0)
}

#[test]
fn an_interchange_with_everything() {
    let first = |examination: &Examination| {
        Some(Remembered::First { key: examination.repeat_key.clone()?, counted: examination.counted.clone() })
    };
    let mut lodged = lodged(sent("1"), first);
    lodged.recorded.facts = everything();
    lodged.recorded.verdicts = vec![
        Verdict::Accepted { proof: proof(ProofForm::Cers), version: 2 },
        Verdict::Accepted { proof: proof(ProofForm::G7), version: 1 },
        Verdict::Refused { findings: vec![rule_finding()] },
    ];
    lodged.recorded.contrl = Some(AnswerReference(128));
    lodged.recorded.cusres = Some(AnswerReference(129));
    check("interchange", &entry(lodged));
}

#[test]
fn an_interchange_with_nothing() {
    check("interchange-without-a-key", &entry(lodged(sent("1").without_key().asking_nothing(), |_| None)));
}

#[test]
fn an_interchange_that_was_mended() {
    let first = |examination: &Examination| {
        Some(Remembered::First { key: examination.repeat_key.clone()?, counted: examination.counted.clone() })
    };
    let mended = sent("1").mended();
    assert!(matches!(mended.counted, Counted::Digest(_)));
    check("interchange-mended", &entry(lodged(mended, first)));
}

#[test]
fn an_interchange_of_other_bytes() {
    let other = |examination: &Examination| {
        let digest = Digest::of([b"other".as_slice()]);
        Some(Remembered::Other { key: examination.repeat_key.clone()?, digest })
    };
    check("interchange-of-other-bytes", &entry(lodged(sent("1").refused(), other)));
}

#[test]
fn evidence_bytes() {
    let mut kept = evidence(b"EHLO");
    kept.delivery.bytes = Bytes::from_static(&[0, 0xff]);
    check("evidence", &Entry::Evidence(kept));
}

#[test]
fn delivered_answers() {
    let answers = [AnswerKind::Contrl, AnswerKind::Cusres].map(|kind| Answer { reference: AnswerReference(128), kind });
    check("delivered", &Entry::Delivered { partner: partner("maple"), answers: answers.into() });
}

#[test]
fn acts_by_everybody() {
    let actors = [
        ("act-by-a-user", Actor::User { uid: 1000, name: Some("root".into()) }),
        ("act-by-a-number", Actor::User { uid: 0, name: None }),
        ("act-by-a-signal", Actor::Signal("SIGHUP".into())),
    ];
    for (name, who) in actors {
        let (before, after) = ("name = \"É\"\n".into(), String::new());
        let at = NOW.parse().unwrap();
        let act = Act { at, who, deed: Deed::CertificateDisabled, subject: "maple".into(), before, after };
        check(name, &Entry::Act(Box::new(act)));
    }
}

#[test]
fn what_is_dropped() {
    let floor = Floor { segment: 3, entry: RecordNumber(300), chain: [9; 32], forgotten: RecordNumber(70_000) };
    let counters = vec![
        (Bytes::from_static(b"amaple"), Bytes::from_static(&[0x80, 1])),
        (Bytes::from_static(b"cAB1234"), Bytes::from_static(&[7])),
    ];
    let at = NOW.parse().unwrap();
    check("pruned", &Entry::Pruned(Box::new(Pruned { at, floor: Some(floor), counters: counters.clone() })));
    check("pruned-counters-alone", &Entry::Pruned(Box::new(Pruned { at, floor: None, counters })));
}

/// The choices of a type that holds nothing else, by the byte that each is.
fn choices<T: DeserializeOwned + fmt::Debug>() -> String {
    let name = std::any::type_name::<T>().rsplit("::").next().unwrap();
    let chosen = (0..=u8::MAX >> 1).map_while(|byte| postcard::from_bytes::<T>(&[byte]).ok());
    let chosen: Vec<_> = chosen.enumerate().map(|(byte, choice)| format!("{byte} {choice:?}")).collect();
    format!("{name}: {}\n", chosen.join(", "))
}

#[test]
fn choices_have_the_bytes_that_they_had_and_no_other_is_there() {
    let all = [
        choices::<AcknowledgementRequest>(),
        choices::<AnswerKind>(),
        choices::<Channel>(),
        choices::<Deed>(),
        choices::<Function>(),
        choices::<Language>(),
        choices::<ProofForm>(),
        choices::<Repertoire>(),
        choices::<ServiceTag>(),
        choices::<Severity>(),
        choices::<SyntaxError>(),
        choices::<SyntaxVersion>(),
    ];
    is_written_down("choices.txt", &all.concat());
}

#[test]
fn every_kind_of_entry_is_written_down_and_those_of_former_formats_are_read() {
    let mut kinds = Vec::new();
    for folder in (1..=FORMAT).map(folder).filter(|folder| folder.exists()) {
        for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "hex") {
                let entry = Entry::decode(&bytes(&fs::read_to_string(&file).unwrap()));
                kinds.push(kind(&entry.unwrap_or_else(|trouble| panic!("{}: {trouble}", file.display()))));
            }
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert!(kinds.iter().copied().eq(0..KINDS), "{kinds:?}");
}

#[test]
fn what_former_stores_hold_is_encoded_as_it_was() {
    let mut entries = 0;
    for segment in walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/stores")) {
        let path = segment.unwrap().into_path();
        if path.extension().is_none_or(|extension| extension != "seg") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let header = Header::read(bytes.first_chunk().unwrap()).unwrap();
        let contents = scan::frames(&bytes, &header, |pointer, payload| {
            assert!(Entry::decode(payload)?.encode()? == payload, "entry {} of {}", pointer.number, path.display());
            entries += 1;
            Ok::<_, Unavailable>(())
        });
        assert_eq!(contents.unwrap().ending, Ending::Clean);
    }
    assert!(entries > 0);
}

/// How many kinds of entry there are.
const KINDS: usize = 5;

/// A kind that is new stands at the end, has the next number, and has its bytes written down.
fn kind(entry: &Entry) -> usize {
    match entry {
        Entry::Interchange(_) => 0,
        Entry::Evidence(_) => 1,
        Entry::Delivered { .. } => 2,
        Entry::Act(_) => 3,
        Entry::Pruned(_) => 4,
    }
}
