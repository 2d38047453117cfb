//! What the gateway goes by: everything that SIGHUP replaces, in one piece.

use jiff::tz::TimeZone;

use crate::edifact::{Envelope, PartyId};

/// Grammars, guides, code lists, rules' settings and our own identities. Replaced whole or not at all.
#[derive(Debug)]
pub struct Rulebook {
    /// Who we are.
    pub identities: Identities,
    /// The zone in which days are counted.
    pub zone: TimeZone,
    /// Longest evidence kept of what nobody can be answered for, in bytes.
    pub evidence_bytes_max: usize,
}

/// The identities (0010 with 0007) of this gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identities {
    /// For real interchanges, and for practice marked by 0035.
    pub real: PartyId,
    /// For practice alone.
    pub practice: PartyId,
}

impl Identities {
    /// The identity that an interchange means, when it means one of ours.
    #[must_use]
    pub fn addressed_by(&self, envelope: &Envelope) -> Option<&PartyId> {
        let is_practice_only = self.practice.is_same_party(&envelope.recipient);
        if self.real.is_same_party(&envelope.recipient) {
            Some(&self.real)
        } else if is_practice_only && envelope.is_practice {
            Some(&self.practice)
        } else {
            None
        }
    }
}
