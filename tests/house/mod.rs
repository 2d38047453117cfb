//! A gateway without doors, for tests: the embedded rulebook, a record in memory, one partner, a moment that stands still.

use std::path::PathBuf;
use std::sync::LazyLock;

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use lodged::codes::CodeLists;
use lodged::declaration::guide::Guide;
use lodged::edifact::{Interchange, PartyId};
use lodged::gateway::{Gateway, Identities, Received, Rulebook, judge_syntax};
use lodged::grammar::Catalogue;
use lodged::identifier::ProofForm;
use lodged::language::Language;
use lodged::partner::{Agreement, Authority, Partner, PartnerId, PartnerKind, PartnerLimits};
use lodged::record::{Channel, Delivery};
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

    /// What goes back for these bytes.
    pub async fn receives(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
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
        catalogue,
        guides: vec![guide],
        codes: CodeLists::embedded(),
        settings: RuleSettings::default(),
        zone: zone(),
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
        agreement: Agreement::default(),
        limits: PartnerLimits::default(),
    }
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);

/// Whether a reply is valid under our own grammars: every reply of every test goes through here.
pub(crate) fn is_valid(reply: &[u8]) {
    let (interchange, findings) = Interchange::read(reply).expect("an answer is an interchange");
    let syntax = judge_syntax(&interchange, findings, &CATALOGUE);
    assert!(syntax.findings.is_empty(), "{:#?}\n{}", syntax.findings, reply.escape_ascii());
}
