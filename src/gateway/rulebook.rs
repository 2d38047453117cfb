//! What the gateway goes by: everything that SIGHUP replaces, in one piece.

use jiff::tz::TimeZone;

use crate::codes::CodeLists;
use crate::declaration::guide::Guide;
use crate::edifact::{Envelope, MessageType, PartyId};
use crate::grammar::Catalogue;
use crate::rules::RuleSettings;

/// Grammars, guides, code lists, rules' settings and our own identities. Replaced whole or not at all.
#[derive(Debug)]
pub struct Rulebook {
    /// Who we are.
    pub identities: Identities,
    /// The message grammars.
    pub catalogue: Catalogue,
    /// The implementation guides: a message is a declaration when one of them applies to it.
    pub guides: Vec<Guide>,
    /// The code lists.
    pub codes: CodeLists,
    /// What the rules can be told.
    pub settings: RuleSettings,
    /// The zone in which days are counted and local moments stated.
    pub zone: TimeZone,
    /// Most segments of an interchange that is examined, service segments included.
    pub segments_max: usize,
    /// Longest evidence kept of what nobody can be answered for, in bytes.
    pub evidence_bytes_max: usize,
}

impl Rulebook {
    /// The guide of this message, when it is a declaration.
    #[must_use]
    pub fn guide(&self, message: &MessageType) -> Option<&Guide> {
        self.guides.iter().find(|guide| guide.applies_to(message))
    }
}

/// The identities (0010 with 0007) of this gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identities {
    /// For real interchanges, and for practice marked by 0035.
    pub real: PartyId,
    /// For practice alone, where there is such a one.
    pub practice: Option<PartyId>,
}

impl Identities {
    /// The identity that an interchange means, when it means one of ours. What is sent to the practice identity without
    /// the test indicator means neither: it is not for certain what its sender wants.
    #[must_use]
    pub fn addressed_by(&self, envelope: &Envelope) -> Option<&PartyId> {
        let practice = self.practice.as_ref().filter(|_| envelope.is_practice);
        [Some(&self.real), practice].into_iter().flatten().find(|identity| identity.is_same_party(&envelope.recipient))
    }
}
