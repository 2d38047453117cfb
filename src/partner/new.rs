//! What an administrator says of a partner or a certificate that is to be added, as it is said: nothing is judged yet.

use serde::{Deserialize, Serialize};

use super::PartnerKind;

/// A partner that is to be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPartner {
    /// The short name.
    pub partner: String,
    /// The name for people.
    pub name: String,
    /// What it is in the trade.
    pub kind: PartnerKind,
    /// The language of its answers: `en` or `fr`.
    pub language: String,
    /// Identification and qualifier, empty for none.
    pub identities: Vec<[String; 2]>,
    /// Authorization ID and business number of exporters that it may file for.
    pub authority: Vec<[String; 2]>,
    /// Its certificates, each in PEM.
    pub certificates: Vec<String>,
}

/// A certificate that is to be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCertificate {
    /// The short name of the partner.
    pub partner: String,
    /// The certificate in PEM.
    pub pem: String,
    /// When it begins to be taken; empty when its own validity says so.
    pub from: String,
    /// When it ends to be taken; empty when its own validity says so.
    pub until: String,
}
