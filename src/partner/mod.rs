//! Trading partners: who may speak to the gateway, under which identities, for which exporters.
//!
//! Start with [`Partner`], and [`PartnerBook`] for all of them. Partners come from the configuration; this room knows what
//! they are, not where they are kept.

mod book;
mod new;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::edifact::{PartyId, Repertoire};
use crate::identifier::{AuthorizationId, BusinessNumber};
use crate::language::Language;

pub use book::{Clash, PartnerBook, Shared};
pub use new::{NewCertificate, NewPartner};

/// The short name of a partner: the stem of its file, lower-case letters, digits and hyphens, at most 32.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartnerId(String);

impl PartnerId {
    /// Longest short name, in characters.
    pub const LENGTH_MAX: usize = 32;

    /// A short name, when the text is one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_formed = (1..=Self::LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        is_formed.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a partner is in the trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartnerKind {
    /// Files for itself.
    Exporter,
    /// Files for the exporters that associated with it.
    ServiceProvider,
    /// Loads what was reported.
    Carrier,
}

/// A trading partner as the interchange agreement knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// The short name.
    pub id: PartnerId,
    /// The name for people.
    pub name: String,
    /// What it is in the trade.
    pub kind: PartnerKind,
    /// The identities (0004 with 0007) under which it may send.
    pub identities: Vec<PartyId>,
    /// The certificates by which it is found.
    pub certificates: Vec<PartnerCertificate>,
    /// For whom it may file.
    pub authority: Vec<Authority>,
    /// The language of its answers.
    pub language: Language,
    /// What the agreement says of the answers it gets.
    pub agreement: Agreement,
    /// Its own limits, where they differ from the gateway's.
    pub limits: PartnerLimits,
}

impl Partner {
    /// Whether this partner may send under this identity.
    #[must_use]
    pub fn is_known_as(&self, sender: &PartyId) -> bool {
        self.identities.iter().any(|identity| identity.is_same_party(sender))
    }

    /// Whether this partner may file for this exporter under this authorization ID.
    #[must_use]
    pub fn may_file_for(&self, authorization_id: &str, business_number: &str) -> bool {
        let said = (authorization_id, business_number);
        self.authority.iter().any(|pair| (pair.authorization_id.as_str(), pair.business_number.as_str()) == said)
    }
}

/// A certificate of a partner, found by its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerCertificate {
    /// SHA-256 of the DER.
    pub fingerprint: [u8; 32],
    /// The DER, as its file holds it.
    pub der: Vec<u8>,
    /// First moment at which it is taken; never before its own validity begins.
    pub from: Timestamp,
    /// First moment at which it is no longer taken; never after its own validity ends.
    pub until: Timestamp,
}

impl PartnerCertificate {
    /// Whether it is taken at this moment.
    #[must_use]
    pub fn is_taken_at(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// Whole days from this moment until it is no longer taken; negative once it is not.
    #[must_use]
    pub fn days_left(&self, at: Timestamp) -> i64 {
        days_until(self.until, at)
    }
}

/// Whole days from a moment to the end of a certificate; negative once it ended.
#[must_use]
pub fn days_until(until: Timestamp, at: Timestamp) -> i64 {
    until.duration_since(at).as_secs().div_euclid(24 * 60 * 60)
}

/// One exporter that a partner may file for: the pair that both documents of the exporter name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// The exporter's authorization ID.
    pub authorization_id: AuthorizationId,
    /// The exporter's business number.
    pub business_number: BusinessNumber,
}

/// What the interchange agreement says of interchanges and of their answers. What it says of interchanges is judged when
/// they come; only what it says of answers is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Agreement {
    /// Its identifier: an interchange that names another one (0032) is refused. None: whatever it names is taken.
    #[serde(skip)]
    pub identifier: Option<String>,
    /// How many days an interchange or functional group may be old, from its preparation (S004) to its reception. None:
    /// any age is taken.
    #[serde(skip)]
    pub age_days_max: Option<u16>,
    /// Answers ask for an acknowledgement of their own (0031 = 1).
    pub answers_want_acknowledgement: bool,
    /// The repertoire of answers, when it is not the subject's.
    pub answer_repertoire: Option<Repertoire>,
}

/// A partner's own limits. None means the gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartnerLimits {
    /// Interchanges per minute.
    pub interchanges_per_minute_max: Option<u32>,
    /// Bytes of one interchange.
    pub interchange_bytes_max: Option<usize>,
    /// Connections at one time.
    pub connections_max: Option<usize>,
}
