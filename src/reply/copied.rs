//! What an answer copies from its subject: said in the answer's repertoire, and no longer than it may be there.
//!
//! The subject may break any rule of its syntax, and its answer must not. What is too long is cut, and where the answer
//! must have a value and the subject has none, a full stop stands, as for every character that cannot be said.

use std::borrow::Cow;

use crate::edifact::{MessageType, PartyId, Repertoire, SyntaxVersion};
use crate::record::Facts;

/// Says what is copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copier {
    repertoire: Repertoire,
    version: SyntaxVersion,
}

impl Copier {
    /// For the answers to this subject: in the repertoire of the agreement, else in that of the subject.
    pub(super) fn new(facts: &Facts) -> Self {
        let repertoire = facts.agreement.answer_repertoire.unwrap_or(facts.envelope.repertoire);
        Self { repertoire, version: facts.envelope.version }
    }

    pub(super) fn repertoire(self) -> Repertoire {
        self.repertoire
    }

    /// The text as the repertoire can say it: one character may have become several.
    pub(super) fn said(self, text: &str) -> String {
        match self.repertoire.encode(text) {
            Cow::Borrowed(_) => text.to_owned(),
            Cow::Owned(bytes) => self.repertoire.decode(&bytes).into_owned(),
        }
    }

    /// At most so many characters of the text.
    pub(super) fn cut(self, text: &str, length_max: usize) -> String {
        let mut said = self.said(text);
        if let Some((at, _)) = said.char_indices().nth(length_max) {
            said.truncate(at);
        }
        said
    }

    /// The same for a value that must not be empty.
    pub(super) fn demanded(self, text: &str, length_max: usize) -> String {
        let text = self.cut(text, length_max);
        if text.is_empty() { ".".to_owned() } else { text }
    }

    /// A sender or recipient (S002, S003, S006, S007).
    pub(super) fn party(self, party: &PartyId) -> PartyId {
        let is_v4 = self.version == SyntaxVersion::V4;
        let cut = |text: &Option<String>, length_max| text.as_deref().map(|text| self.cut(text, length_max));
        PartyId {
            identification: self.demanded(&party.identification, 35),
            qualifier: cut(&party.qualifier, 4),
            internal: cut(&party.internal, if is_v4 { 35 } else { 14 }),
            internal_sub: cut(&party.internal_sub, 35).filter(|_| is_v4),
        }
    }

    /// A sender or recipient that only syntax 4 may leave out (S006, S007).
    pub(super) fn party_of_group(self, party: Option<&PartyId>) -> PartyId {
        match party {
            None if self.version == SyntaxVersion::V4 => PartyId::default(),
            party => self.party(&party.map(PartyId::without_addresses).unwrap_or_default()),
        }
    }

    /// A message type (S009). UCM names a message by 0062 and S009 together in every version, so none is left out.
    pub(super) fn message_type(self, kind: &MessageType) -> MessageType {
        let is_v4 = self.version == SyntaxVersion::V4;
        MessageType {
            kind: self.demanded(&kind.kind, 6),
            version: self.demanded(&kind.version, 3),
            release: self.demanded(&kind.release, 3),
            agency: self.demanded(&kind.agency, if is_v4 { 3 } else { 2 }),
            association: kind.association.as_deref().map(|code| self.cut(code, 6)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNOA: Copier = Copier { repertoire: Repertoire::Unoa, version: SyntaxVersion::V3 };

    #[test]
    fn what_becomes_longer_is_cut_after_it_was_said() {
        assert_eq!(UNOA.said("½ Straße"), "1/2 STRASSE");
        assert_eq!(UNOA.cut("½½½½½½", 14), "1/21/21/21/21/");
    }

    #[test]
    fn what_must_be_there_and_is_not_becomes_a_full_stop() {
        assert_eq!(UNOA.demanded("", 14), ".");
        assert_eq!(UNOA.message_type(&MessageType::default()).kind, ".");
    }

    #[test]
    fn addresses_are_those_of_the_syntax_version() {
        let long = || Some("X".repeat(40));
        let party =
            PartyId { identification: String::new(), qualifier: long(), internal: long(), internal_sub: long() };
        let lengths = |party: PartyId| {
            [party.qualifier, party.internal, party.internal_sub].map(|text| text.map_or(0, |text| text.len()))
        };
        assert_eq!(lengths(UNOA.party(&party)), [4, 14, 0]);
        assert_eq!(lengths(Copier { version: SyntaxVersion::V4, ..UNOA }.party(&party)), [4, 35, 35]);
    }
}
