//! Examinations for tests, as small as the idea they show.

use std::ops::Range;

use bytes::Bytes;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::declaration::{Certifier, Declaration, Exporter, Function, Line, Measure, Party};
use crate::edifact::{
    AcknowledgementRequest, ControlReference, Envelope, MessageType, PartyId, Place, Repertoire, SyntaxError,
    SyntaxFinding, SyntaxVersion,
};
use crate::identifier::{DeclarationReference, ProofForm};
use crate::language::Language;
use crate::partner::{Agreement, PartnerId};
use crate::record::{
    Actor, Answer, AnswerReference, Channel, Counted, Decision, Delivery, Evidence, Examination, Facts, Judgement,
    MessageFacts, RepeatKey,
};

use super::{By, Numbering};

/// The moment at which everything is received: still the evening of 20 November where numbers are drawn.
pub(super) const NOW: &str = "2026-11-21T03:00:00Z";

/// The exporter of declarations that name no other.
pub(super) const EXPORTER: &str = "AB1234";

/// CERS numbers of days in Toronto's time, which in winter is five hours behind.
pub(super) fn numbering() -> Numbering {
    Numbering { form: ProofForm::Cers, zone: TimeZone::fixed(jiff::tz::offset(-5)) }
}

/// Somebody who does something with a tool.
pub(super) fn by() -> By {
    By { who: Actor::User { uid: 1000, name: Some("keeper".to_owned()) }, at: NOW.parse().unwrap() }
}

pub(super) fn partner(name: &str) -> PartnerId {
    PartnerId::new(name).unwrap()
}

/// An examination of an interchange that was sent under a reference, with nothing in it, and wants a CONTRL.
pub(super) fn sent(reference: &str) -> Examination {
    let sender = PartyId { identification: "MAPLE".into(), qualifier: Some("ZZ".into()), ..PartyId::default() };
    let repeat_key = RepeatKey {
        partner: partner("maple"),
        sender: sender.clone(),
        reference: reference.into(),
        is_practice: false,
    };
    let delivery = Delivery {
        partner: partner("maple"),
        channel: Channel::EdiTls,
        received_at: NOW.parse::<Timestamp>().unwrap(),
        bytes: Bytes::new(),
    };
    let examination = Examination {
        delivery,
        facts: facts(sender, reference),
        notes: Vec::new(),
        repeat_key: Some(repeat_key),
        counted: Counted::Stretches(Vec::new()),
    };
    examination.with_other_bytes(1)
}

fn facts(sender: PartyId, reference: &str) -> Facts {
    let envelope = Envelope {
        repertoire: Repertoire::Unoc,
        version: SyntaxVersion::V3,
        sender,
        recipient: PartyId { identification: "LODGED".into(), ..PartyId::default() },
        reference: ControlReference(reference.into()),
        application_reference: None,
        acknowledgement: AcknowledgementRequest::Acknowledgement,
        agreement: None,
        is_practice: false,
    };
    Facts {
        envelope,
        gateway: PartyId { identification: "LODGED".into(), ..PartyId::default() },
        language: Language::En,
        agreement: Agreement::default(),
        groups: Vec::new(),
        messages: Vec::new(),
        findings: Vec::new(),
        judgements: Vec::new(),
        acknowledges: Vec::new(),
        is_acknowledgement: false,
    }
}

pub(super) fn evidence(bytes: &'static [u8]) -> Evidence {
    let delivery = Delivery { bytes: Bytes::from_static(bytes), ..sent("0").delivery };
    Evidence { delivery, reason: "no readable UNB".into() }
}

impl Examination {
    /// The same, with a declaration in it that is accepted so far.
    pub(super) fn declaring(self, reference: &str) -> Self {
        self.declaring_for(EXPORTER, reference)
    }

    pub(super) fn declaring_for(self, authorization_id: &str, reference: &str) -> Self {
        let declaration = declaration(authorization_id, reference);
        self.judged(reference, Decision::Accept(Box::new(declaration)))
    }

    pub(super) fn refusing(self, reference: &str) -> Self {
        self.judged(reference, Decision::Refuse)
    }

    fn judged(mut self, reference: &str, decision: Decision) -> Self {
        let message = u32::try_from(self.facts.messages.len()).unwrap();
        self.facts.messages.push(MessageFacts {
            reference: message.to_string().into(),
            kind: MessageType { kind: "CUSDEC".into(), ..MessageType::default() }.into(),
            group: None,
            package: None,
        });
        self.facts.judgements.push(Judgement {
            message,
            reference: DeclarationReference(reference.into()),
            version: "1".into(),
            findings: Vec::new(),
            decision,
        });
        self
    }

    /// The same, with something else stated in its last declaration.
    pub(super) fn stating(mut self, state: impl FnOnce(&mut Declaration)) -> Self {
        match self.facts.judgements.last_mut() {
            Some(Judgement { decision: Decision::Accept(declaration), .. }) => state(declaration),
            last => panic!("{last:?} states nothing"),
        }
        self
    }

    /// The same from another partner.
    pub(super) fn from(mut self, name: &str) -> Self {
        self.delivery.partner = partner(name);
        self.repeat_key = self.repeat_key.map(|key| RepeatKey { partner: partner(name), ..key });
        self
    }

    /// The same, received so many days later.
    pub(super) fn after_days(mut self, days: i64) -> Self {
        self.delivery.received_at += SignedDuration::from_hours(24 * days);
        self
    }

    /// The same as practice.
    pub(super) fn for_practice(mut self) -> Self {
        self.facts.envelope.is_practice = true;
        self.repeat_key = self.repeat_key.map(|key| RepeatKey { is_practice: true, ..key });
        self
    }

    /// The same reference with other bytes.
    pub(super) fn with_other_bytes(self, which: u8) -> Self {
        self.prepared(which, "261120:2159")
    }

    /// The same reference with these bytes, prepared at a moment, which does not count.
    pub(super) fn prepared(mut self, which: u8, moment: &str) -> Self {
        let before = format!("UNB+{}+", self.facts.envelope.reference.0);
        self.delivery.bytes = format!("{before}{moment}'BGM+{which}'UNZ'").into();
        let behind = before.len() + moment.len();
        self.counted = stretches([0..before.len(), behind..self.delivery.bytes.len()]);
        self
    }

    /// The same in bytes that are mended when they are read.
    pub(super) fn mended(mut self) -> Self {
        self.counted = Counted::Digest(self.counted.digest(&self.delivery.bytes).unwrap());
        self.delivery.bytes = [b"\n", &*self.delivery.bytes].concat().into();
        self
    }

    /// The same without a key by which a repeat of it would be known.
    pub(super) fn without_key(mut self) -> Self {
        self.repeat_key = None;
        self
    }

    /// The same, asking for no CONTRL.
    pub(super) fn asking_nothing(mut self) -> Self {
        self.facts.envelope.acknowledgement = AcknowledgementRequest::None;
        self
    }

    /// The same, refused as a whole.
    pub(super) fn refused(mut self) -> Self {
        let place = Place::Interchange { segment: None, element: None };
        let finding = SyntaxFinding { error: SyntaxError::UnknownSender, place, span: 0..0, detail: String::new() };
        self.facts.findings.push(finding);
        self
    }

    /// The same as nothing but a CONTRL of the partner for these answers.
    pub(super) fn acknowledging(mut self, answers: &[Answer]) -> Self {
        self.facts.is_acknowledgement = true;
        self.facts.acknowledges = answers.iter().map(|answer| answer.reference).collect::<Vec<AnswerReference>>();
        self
    }

    /// The same with sentences in French.
    pub(super) fn in_french(mut self) -> Self {
        self.facts.language = Language::Fr;
        self
    }

    /// The same with bytes this long.
    #[expect(clippy::single_range_in_vec_init, reason = "all of them are one stretch")]
    pub(super) fn with_bytes(mut self, length: usize) -> Self {
        self.delivery.bytes = vec![b'x'; length].into();
        self.counted = stretches([0..length]);
        self
    }
}

fn stretches<const N: usize>(stretches: [Range<usize>; N]) -> Counted {
    let short = |stretch: Range<usize>| u32::try_from(stretch.start).unwrap()..u32::try_from(stretch.end).unwrap();
    Counted::Stretches(stretches.map(short).into())
}

/// A declaration of one commodity.
fn declaration(authorization_id: &str, reference: &str) -> Declaration {
    let measure = |value: u32, unit: &str| Measure { value: value.into(), unit: unit.into() };
    let line = Line {
        number: 1,
        hs_code: "10019910".into(),
        description: "WHEAT".into(),
        origin: "CA".into(),
        province: Some("SK".into()),
        quantity: Some(measure(20, "TNE")),
        value: 5000.into(),
        gross_weight: None,
        permits: Vec::new(),
        vehicles: Vec::new(),
        is_controlled: false,
    };
    let exporter = Exporter {
        business_number: "123456782RM0001".parse().unwrap(),
        authorization_id: authorization_id.parse().unwrap(),
        party: Party { name: "MAPLE GRAIN".into(), ..Party::default() },
    };
    Declaration {
        reference: DeclarationReference(reference.into()),
        version: 1,
        function: Function::Original,
        submission_reason: None,
        exporter,
        consignee: Party::default(),
        parties_are_related: false,
        service_provider: None,
        carrier_name: "NORTH SHIPPING".into(),
        transport_document: None,
        mode: "1".into(),
        vessel: None,
        conveyance: None,
        export_date: date(2026, 11, 30),
        planned_loading: None,
        exit_office: "0009".into(),
        destination: "JP".into(),
        packages: 1,
        package_type: "VR".into(),
        is_containerised: false,
        containers: Vec::new(),
        exporter_references: Vec::new(),
        permits: Vec::new(),
        is_controlled: false,
        currency: "CAD".into(),
        freight: 100.into(),
        gross_weight: measure(20, "TNE"),
        total_value: 5000.into(),
        reason_for_export: None,
        lease_months: None,
        certifier: Certifier::default(),
        lines: vec![line],
    }
}
