//! A gateway without doors, for tests and benches: the embedded rulebook, a record in memory, one partner, a moment that
//! stands still.

#![allow(dead_code, reason = "each test and bench uses its own part of the house")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

use std::path::PathBuf;
use std::sync::LazyLock;

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use lodged::codes::CodeLists;
use lodged::declaration::guide::Guide;
use lodged::edifact::{Interchange, PartyId, Tolerances};
use lodged::gateway::{Examined, Gateway, Identities, Received, Rulebook, examine, judge_syntax};
use lodged::grammar::Catalogue;
use lodged::identifier::ProofForm;
use lodged::language::Language;
use lodged::partner::{Agreement, Authority, Partner, PartnerId, PartnerKind, PartnerLimits};
use lodged::record::{Channel, Delivery, Examination};
use lodged::rules::RuleSettings;
use lodged::store::{Memory, Numbering};

/// A file of the project.
pub(crate) fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative)
}

pub(crate) struct House {
    pub(crate) gateway: Gateway<Memory>,
    pub(crate) partner: Partner,
    pub(crate) now: Timestamp,
}

impl House {
    pub(crate) fn new() -> Self {
        let numbering = Numbering { form: ProofForm::Cers, zone: zone() };
        Self {
            gateway: Gateway::new(rulebook(), Memory::new(numbering)),
            partner: partner(),
            now: "2026-11-21T20:45:00Z".parse().unwrap(),
        }
    }

    /// The partner is from now on an exporter that files for itself.
    pub(crate) fn files_for_itself(&mut self, authorization_id: &str) {
        self.partner.kind = PartnerKind::Exporter;
        for authority in &mut self.partner.authority {
            authority.authorization_id = authorization_id.parse().unwrap();
        }
    }

    /// What goes back for these bytes.
    pub(crate) async fn receives(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let delivery = Delivery {
            partner: self.partner.id.clone(),
            channel: Channel::EdiTls,
            received_at: self.now,
            bytes: Bytes::copy_from_slice(bytes),
        };
        match self.gateway.receive(&self.partner, delivery).await.unwrap() {
            Received::Recorded { replies, .. } => replies.into_iter().map(|reply| reply.bytes.to_vec()).collect(),
            Received::Unreadable { .. } => Vec::new(),
        }
    }
}

fn zone() -> TimeZone {
    TimeZone::get("America/Toronto").unwrap()
}

/// What is built in.
pub(crate) fn rulebook() -> Rulebook {
    let catalogue = Catalogue::embedded();
    let guide = Guide::embedded(&catalogue).unwrap();
    let real = PartyId { identification: "LODGED".to_owned(), ..PartyId::default() };
    Rulebook {
        identities: Identities { real, practice: None },
        tolerances: Tolerances::default(),
        catalogue,
        guides: vec![guide],
        codes: CodeLists::embedded(),
        settings: RuleSettings::default(),
        zone: zone(),
        segments_max: 250_000,
        evidence_bytes_max: 65_536,
    }
}

/// The service provider of the examples.
pub(crate) fn partner() -> Partner {
    let identity =
        PartyId { identification: "ACMEFWD".to_owned(), qualifier: Some("ZZ".to_owned()), ..PartyId::default() };
    Partner {
        id: PartnerId::new("acme").unwrap(),
        name: "Acme Forwarding".to_owned(),
        kind: PartnerKind::ServiceProvider,
        identities: vec![identity],
        certificates: Vec::new(),
        authority: vec![Authority {
            authorization_id: "AB1234".parse().unwrap(),
            business_number: "123456782RM0001".parse().unwrap(),
        }],
        language: Language::En,
        agreement: Agreement { identifier: Some("ACME-1".to_owned()), age_days_max: Some(180), ..Agreement::default() },
        limits: PartnerLimits::default(),
    }
}

/// What the examination of these bytes finds.
pub(crate) fn examined(bytes: &[u8]) -> Examination {
    let partner = partner();
    let delivery = Delivery {
        partner: partner.id.clone(),
        channel: Channel::EdiTls,
        received_at: "2026-11-21T20:45:00Z".parse().unwrap(),
        bytes: Bytes::copy_from_slice(bytes),
    };
    match examine(delivery, &partner, &RULEBOOK) {
        Examined::Interchange(examination) => *examination,
        Examined::Unreadable(evidence) => panic!("{}", evidence.reason),
    }
}

/// An interchange with one declaration of one commodity that guide and rules accept, under references of its own.
pub(crate) fn one_line_declaration(number: usize) -> Vec<u8> {
    let sample: String = SAMPLE.iter().map(|byte| char::from(*byte)).collect();
    let (from, to) = (sample.find("CST+2+").unwrap(), sample.find("UNS+S'").unwrap());
    let text = sample
        .replace(&sample[from..to], "")
        .replace('\n', "")
        .replace("MOA+63:96250.00", "MOA+63:91250.00")
        .replace("CNT+5:2'", "CNT+5:1'")
        .replace("UNT+46", "UNT+40")
        .replace("ACME0000000001", &format!("ACME{number:010}"))
        .replace("ACME-2026-000417", &format!("ACME-{number:010}"));
    text.chars().map(|character| u8::try_from(character).unwrap()).collect()
}

/// One interchange with so many declarations of so many commodities each that guide and rules accept, in ASCII, which
/// every reader takes.
pub(crate) fn declarations(count: usize, lines: usize) -> Vec<u8> {
    let sample: String = SAMPLE
        .iter()
        .filter(|byte| **byte != b'\n')
        .map(|byte| match byte {
            0xc8 | 0xc9 | 0xe9 => 'E',
            byte => char::from(*byte),
        })
        .collect();
    let at = |text: &str| sample.find(text).unwrap();
    let (header, goods, summary) =
        (&sample[at("UNH+1+")..at("CST+1+")], &sample[at("CST+2+")..at("UNS+S'")], &sample[at("UNS+S'")..at("UNZ+")]);
    // Each commodity weighs 1,400 kg and is worth 5,000 CAD.
    let header = header
        .replace("MEA+WT+AAD+KGM:18450.5", &format!("MEA+WT+AAD+KGM:{}", 1_400 * lines))
        .replace("MOA+63:96250.00", &format!("MOA+63:{}.00", 5_000 * lines));
    let goods: String = (1..=lines).map(|line| goods.replace("CST+2+", &format!("CST+{line}+"))).collect();
    let summary =
        summary.replace("CNT+5:2", &format!("CNT+5:{lines}")).replace("UNT+46", &format!("UNT+{}", 34 + 6 * lines));
    let message = format!("{header}{goods}{summary}");
    let mut text = sample[..at("UNH+1+")].to_owned();
    for number in 1..=count {
        let message = message
            .replace("UNH+1+", &format!("UNH+{number}+"))
            .replace("+1'", &format!("+{number}'"))
            .replace("ACME-2026-000417", &format!("ACME-{number:010}"));
        text.push_str(&message);
    }
    format!("{text}UNZ+{count}+ACME0000000001'").into_bytes()
}

const SAMPLE: &[u8] = include_bytes!("../../testdata/export-original.edi");

/// The rulebook that is built in, compiled once.
pub(crate) static RULEBOOK: LazyLock<Rulebook> = LazyLock::new(rulebook);

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);

/// Whether a reply is valid under our own grammars: every reply of every test goes through here.
pub(crate) fn is_valid(reply: &[u8]) {
    let (interchange, findings) = Interchange::read(reply).expect("an answer is an interchange");
    let syntax = judge_syntax(&interchange, findings, &CATALOGUE);
    assert!(syntax.findings.is_empty(), "{:#?}\n{}", syntax.findings, reply.escape_ascii());
}
