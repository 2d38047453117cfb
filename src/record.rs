//! The plain types between the spine's stages: what was examined, what was decided, what was recorded.
//!
//! Start with [`Examination`] (what the examination found, before the disk) and [`Recorded`] (what stands, after it).
//! Everything an answer needs is in [`Recorded`], so that the same record always yields the same bytes.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use aws_lc_rs::digest;
use bytes::Bytes;
use compact_str::CompactString;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::declaration::{Declaration, RuleFinding, Severity};
use crate::edifact::{Envelope, MessageType, Note, PackageReference, PartyId, Place, SyntaxFinding};
use crate::identifier::{AuthorizationId, DeclarationReference, ProofOfReportNumber, RecordNumber};
use crate::language::Language;
use crate::partner::{Agreement, PartnerId};

/// One interchange as it came through a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The partner whose certificate brought it.
    pub partner: PartnerId,
    /// The door it came through.
    pub channel: Channel,
    /// When its last byte was here.
    pub received_at: Timestamp,
    /// The bytes, from UNA or UNB to the end of UNZ and with what was tolerated in front of them, kept as they came.
    pub bytes: Bytes,
}

/// A door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// EDI over TLS.
    EdiTls,
}

impl Channel {
    /// The name in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdiTls => "edi-tls",
        }
    }
}

/// What an examination found. Pure data: no number is drawn and nothing is recorded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    /// What came.
    pub delivery: Delivery,
    /// What it says, and what is wrong with it.
    pub facts: Facts,
    /// Under which key a repeat of it is known; none for an interchange that must not use a reference up (refused
    /// with 23, or without a readable reference).
    pub repeat_key: Option<RepeatKey>,
    /// What was taken although the standard does not have it; told while running, not recorded.
    pub notes: Vec<Note>,
    /// What of it is compared when its reference comes again.
    pub counted: Counted,
}

/// What an interchange says, with everything its answers need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// UNB, as the answers mirror it.
    pub envelope: Envelope,
    /// Who answers: the identity of this gateway, real or practice.
    pub gateway: PartyId,
    /// The language of the sentences.
    pub language: Language,
    /// What the partner's agreement says of answers.
    pub agreement: Agreement,
    /// The functional groups, in order.
    pub groups: Vec<GroupFacts>,
    /// The messages, in order.
    pub messages: Vec<MessageFacts>,
    /// What syntax and directory forbid, in the order of the bytes.
    pub findings: Vec<SyntaxFinding>,
    /// One for each declaration that syntax and directory let through, in order.
    pub judgements: Vec<Judgement>,
    /// Our answers that a CONTRL in this interchange acknowledges, by their control reference (0020).
    pub acknowledges: Vec<AnswerReference>,
    /// Whether this interchange holds nothing but CONTRL, which is never answered.
    pub is_acknowledgement: bool,
}

impl Facts {
    /// Whether a CONTRL goes back: it was asked for, or something failed, and this is not itself an acknowledgement.
    #[must_use]
    pub fn wants_contrl(&self) -> bool {
        !self.is_acknowledgement && (self.envelope.acknowledgement.is_wanted() || !self.findings.is_empty())
    }

    /// Whether the interchange as a whole is refused (UCI with action 4).
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.refusal().is_some()
    }

    /// The first finding that refuses the interchange as a whole.
    #[must_use]
    pub fn refusal(&self) -> Option<&SyntaxFinding> {
        self.findings.iter().find(|finding| matches!(finding.place, Place::Interchange { .. }))
    }
}

/// A functional group as UCF copies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// Its reference (0048).
    pub reference: String,
    /// Application sender (S006).
    pub sender: Option<PartyId>,
    /// Application recipient (S007).
    pub recipient: Option<PartyId>,
}

/// A message or package as UCM copies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFacts {
    /// Its reference (0062, of a package 0800).
    pub reference: CompactString,
    /// What it is (S009). Messages that follow each other share it where it is the same.
    pub kind: Arc<MessageType>,
    /// The functional group it stands in, counted from 0.
    pub group: Option<u32>,
    /// What the object of a package relates to; none for a message. Packages are rare, so it lies elsewhere.
    pub package: Option<Box<PackageReference>>,
}

/// What guide, code lists and rules say of one declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The message, counted from 0 in the interchange.
    pub message: u32,
    /// The submitter's reference (1004); empty when the message states none.
    pub reference: DeclarationReference,
    /// The version of it (1056), as stated; empty when it is not.
    pub version: CompactString,
    /// What is said of it, in the order of the message; at most 50, the last one then says that more were cut.
    pub findings: Vec<RuleFinding>,
    /// What was decided.
    pub decision: Decision,
}

impl Judgement {
    /// Whether any finding refuses the declaration.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// What an examination decides; the record may still refuse it when the reference is taken or numbers are exhausted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// To be recorded, under a number drawn in the same commit.
    Accept(Box<Declaration>),
    /// Refused; the findings say why.
    Refuse,
}

impl Decision {
    /// The authorization ID under which a number is to be drawn.
    #[must_use]
    pub fn authorization_id(&self) -> Option<&AuthorizationId> {
        match self {
            Self::Accept(declaration) => Some(&declaration.exporter.authorization_id),
            Self::Refuse => None,
        }
    }
}

/// What makes two interchanges the same: who sent it under which reference, real or practice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RepeatKey {
    /// The partner.
    pub partner: PartnerId,
    /// The identity it sent under (0004, 0007).
    pub sender: PartyId,
    /// The interchange control reference (0020).
    pub reference: String,
    /// Practice or real.
    pub is_practice: bool,
}

/// What counts when an interchange comes under a reference that was used: UNB to UNZ without UNA, without line breaks
/// between segments, and without the moment of preparation (S004), which a retransmission may set anew.
///
/// Most references come once, so this says where it lies, and [`Counted::digest`] is asked only when one comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counted {
    /// These stretches of the bytes as they came, one behind the other; at most [`Counted::STRETCHES_MAX`].
    Stretches(Vec<Range<u32>>),
    /// What has this digest. It lies in more stretches, or was mended and does not lie in the bytes that came.
    Digest(Digest),
}

impl Counted {
    /// Most stretches: more of them take more room than a digest.
    pub const STRETCHES_MAX: usize = 8;

    /// The digest of it; `bytes` are the interchange as it came. None when a stretch does not lie in them.
    #[must_use]
    pub fn digest(&self, bytes: &[u8]) -> Option<Digest> {
        let stretches = match self {
            Self::Digest(digest) => return Some(*digest),
            Self::Stretches(stretches) => stretches,
        };
        let in_bytes =
            |stretch: &Range<u32>| bytes.get(usize::try_from(stretch.start).ok()?..usize::try_from(stretch.end).ok()?);
        let pieces: Option<Vec<&[u8]>> = stretches.iter().map(in_bytes).collect();
        pieces.map(Digest::of)
    }
}

/// SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of these pieces, one behind the other.
    #[must_use]
    pub fn of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut digesting = Digesting::default();
        pieces.into_iter().for_each(|piece| digesting.update(piece));
        digesting.finish()
    }
}

/// A digest of pieces that come one behind the other.
pub struct Digesting(digest::Context);

impl Default for Digesting {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Digesting {
    /// One more piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all of them.
    #[must_use]
    pub fn finish(self) -> Digest {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(self.0.finish().as_ref()).for_each(|(byte, digested)| *byte = *digested);
        Digest(bytes)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The control reference (0020) of an answer of ours: from a counter per partner, drawn in the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AnswerReference(pub u64);

impl fmt::Display for AnswerReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014}", self.0)
    }
}

/// What stands in the record for an interchange: everything its answers say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its number.
    pub number: RecordNumber,
    /// The partner that brought it.
    pub partner: PartnerId,
    /// The door it came through.
    pub channel: Channel,
    /// When it was received; the answers carry this moment.
    pub received_at: Timestamp,
    /// What it says. A reference used before (0085 = 26) leaves the one finding and no judgements.
    pub facts: Facts,
    /// One for each judgement, in order.
    pub verdicts: Vec<Verdict>,
    /// The CONTRL interchange, when one goes back.
    pub contrl: Option<AnswerReference>,
    /// The CUSRES interchange, when one goes back.
    pub cusres: Option<AnswerReference>,
}

impl Recorded {
    /// The answers that go back, in the order in which they leave.
    pub fn answers(&self) -> impl Iterator<Item = Answer> + '_ {
        let contrl = self.contrl.map(|reference| Answer { reference, kind: AnswerKind::Contrl });
        let cusres = self.cusres.map(|reference| Answer { reference, kind: AnswerKind::Cusres });
        contrl.into_iter().chain(cusres)
    }
}

/// What the record decided of one declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Accepted under this number.
    Accepted {
        /// The number.
        proof: ProofOfReportNumber,
        /// The version, 1 for an original.
        version: u32,
    },
    /// Refused by the findings of the judgement, or by what the record knows.
    Refused {
        /// What the record adds: a reference used before, numbers exhausted.
        findings: Vec<RuleFinding>,
    },
}

/// One interchange of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// Its control reference.
    pub reference: AnswerReference,
    /// What is in it.
    pub kind: AnswerKind,
}

/// The two kinds of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AnswerKind {
    /// One CONTRL.
    Contrl,
    /// One CUSRES per declaration.
    Cusres,
}

/// Something that was changed by hand: an entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// When it was decided.
    pub at: Timestamp,
    /// Who did it.
    pub who: Actor,
    /// What was done.
    pub deed: Deed,
    /// What it was done to: the short name of a partner, a directory.
    pub subject: String,
    /// How it was before, as text; at most [`Act::TEXT_BYTES_MAX`] bytes.
    pub before: String,
    /// How it is since, as text; at most [`Act::TEXT_BYTES_MAX`] bytes.
    pub after: String,
}

impl Act {
    /// Most bytes of what is kept of the former and of the new text: most files of partners are shorter.
    pub const TEXT_BYTES_MAX: usize = 16 * 1024;
    /// What stands at the end of a text that was cut.
    pub const CUT: &'static str = "\n…";

    /// A text as it is kept: cut at the limit, and marked where it was.
    #[must_use]
    pub fn text(text: &str) -> String {
        if text.len() <= Self::TEXT_BYTES_MAX {
            return text.to_owned();
        }
        let room = Self::TEXT_BYTES_MAX - Self::CUT.len();
        let kept = (0..=room).rev().find_map(|end| text.get(..end)).unwrap_or_default();
        format!("{kept}{}", Self::CUT)
    }
}

/// Who changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A user of the machine, as the kernel told.
    User {
        /// The number.
        uid: u32,
        /// The name that the machine had for it then; none when it had none.
        name: Option<String>,
    },
    /// A signal; who sent it is not told.
    Signal(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { uid, name: Some(name) } => write!(f, "{name} ({uid})"),
            Self::User { uid, name: None } => write!(f, "user {uid}"),
            Self::Signal(signal) => f.write_str(signal),
        }
    }
}

/// What was changed by hand. In records each is the number of its line, so new ones stand at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// A partner is new.
    PartnerAdded,
    /// A partner is not let in any more.
    PartnerDisabled,
    /// A partner is let in again.
    PartnerEnabled,
    /// A partner has one certificate more.
    CertificateAdded,
    /// A certificate is not taken any more.
    CertificateDisabled,
    /// Everything that SIGHUP replaces was loaded anew.
    Reloaded,
    /// A backup was brought up to the journal.
    BackedUp,
    /// The daemon started with other settings or partners than those that were last in force.
    Started,
    /// A store was made of a backup.
    Restored,
    /// A store was made of a standby.
    Promoted,
    /// The state was made anew, and the old one kept.
    Rebuilt,
    /// The state was made anew, and the old one removed.
    Compacted,
}

impl Deed {
    /// The word in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PartnerAdded => "partner-added",
            Self::PartnerDisabled => "partner-disabled",
            Self::PartnerEnabled => "partner-enabled",
            Self::CertificateAdded => "certificate-added",
            Self::CertificateDisabled => "certificate-disabled",
            Self::Reloaded => "reloaded",
            Self::BackedUp => "backed-up",
            Self::Started => "started",
            Self::Restored => "restored",
            Self::Promoted => "promoted",
            Self::Rebuilt => "rebuilt",
            Self::Compacted => "compacted",
        }
    }
}

/// Bytes that nobody can be answered for, kept as evidence under the certificate that brought them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What came, cut at the limit of the gateway.
    pub delivery: Delivery,
    /// Why it is only evidence.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message as records have held it since the first one.
    #[derive(Serialize)]
    struct Held {
        reference: String,
        kind: MessageType,
        group: Option<u32>,
        package: Option<PackageReference>,
    }

    #[test]
    fn what_messages_share_is_recorded_as_if_each_had_its_own() {
        let kind = MessageType { kind: "CUSDEC".to_owned(), version: "D".to_owned(), ..MessageType::default() };
        let shared = Arc::new(kind.clone());
        let held = ["1", "2"].map(|reference| Held {
            reference: reference.to_owned(),
            kind: kind.clone(),
            group: Some(0),
            package: None,
        });
        let facts = ["1", "2"].map(|reference| MessageFacts {
            reference: reference.into(),
            kind: Arc::clone(&shared),
            group: Some(0),
            package: None,
        });
        let recorded = postcard::to_stdvec(&held).unwrap();
        assert_eq!(postcard::to_stdvec(&facts).unwrap(), recorded);
        assert_eq!(postcard::from_bytes(&recorded), Ok(facts.clone()));
        assert_eq!(serde_json::to_string(&facts).unwrap(), serde_json::to_string(&held).unwrap());
    }

    #[test]
    fn a_long_text_of_an_act_is_cut_between_characters_and_marked() {
        let long = "é".repeat(Act::TEXT_BYTES_MAX);
        let kept = Act::text(&long);
        assert!(kept.len() <= Act::TEXT_BYTES_MAX && kept.ends_with("é\n…"), "{}", kept.len());
        assert_eq!(Act::text("short"), "short");
    }

    #[test]
    fn the_words_of_deeds_are_those_of_their_documents() {
        for deed in [Deed::PartnerAdded, Deed::CertificateDisabled, Deed::BackedUp, Deed::Started, Deed::Compacted] {
            assert_eq!(serde_json::to_value(deed).unwrap(), deed.as_str());
        }
    }

    #[expect(clippy::single_range_in_vec_init, reason = "one stretch is a stretch")]
    #[test]
    fn how_it_lies_makes_no_difference() {
        let whole = Counted::Stretches(vec![0..6]).digest(b"UNBUNZ");
        assert_eq!(Counted::Stretches(vec![1..4, 4..4, 5..8]).digest(b"\nUNB\nUNZ\n"), whole);
        assert_eq!(Counted::Digest(whole.unwrap()).digest(b"anything"), whole);
        assert_ne!(Counted::Stretches(vec![0..5]).digest(b"UNBUNZ"), whole);
    }

    #[test]
    fn a_stretch_outside_of_the_bytes_has_no_digest() {
        let backwards = Range { start: 3, end: 2 };
        for stretch in [0..4, 4..5, u32::MAX..u32::MAX, backwards] {
            assert_eq!(Counted::Stretches(vec![0..1, stretch]).digest(b"UNB"), None);
        }
    }

    #[test]
    fn the_digest_is_sha_256() {
        let digest = format!("{:?}", Digest::of([b"a".as_slice(), b"bc"]));
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
