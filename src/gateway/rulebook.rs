//! What the gateway goes by: everything that SIGHUP replaces, in one piece.

use jiff::tz::TimeZone;

use crate::codes::CodeLists;
use crate::declaration::guide::{Guide, Mistake, Named};
use crate::edifact::{Envelope, MessageType, PartyId, Tolerances};
use crate::grammar::Catalogue;
use crate::rules::{self, RuleSettings};

/// Grammars, guides, code lists, rules' settings and our own identities. Replaced whole or not at all.
#[derive(Debug)]
pub struct Rulebook {
    /// Who we are.
    pub identities: Identities,
    /// What is taken although the standard does not have it.
    pub tolerances: Tolerances,
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

/// What a guide names and nobody has: codes without a rule, code lists that are not there. A rulebook goes by no guide
/// with such a mistake.
#[must_use]
pub fn check_guide(guide: &Guide, codes: &CodeLists) -> Vec<Mistake> {
    let mistake = |named: &Named, text| Mistake { line: named.line, column: 1, text };
    let wrong = |named: &Named| match (rules::explain(&named.code), &named.list) {
        (None, _) => Some(format!("{}: no rule has this code; docs/findings.md lists them", named.code)),
        (Some(rule), Some(_)) if !rule.judges_lists() => {
            Some(format!("{}: this rule judges no code list, so no value would be looked up", named.code))
        }
        (Some(_), Some(list)) => codes.list_or_hint(list).err().map(|unknown| unknown.to_string()),
        (Some(_), None) => None,
    };
    guide.names().filter_map(|named| Some(mistake(named, wrong(named)?))).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../grammars/export/cusdec.guide");

    /// What is wrong with the shipped guide when this stands in the place of that.
    #[track_caller]
    fn check(that: &str, this: &str, expected: &[&str]) {
        let guide = Guide::load(&SHIPPED.replacen(that, this, 1), &Catalogue::embedded()).unwrap();
        let mistakes = check_guide(&guide, &CodeLists::embedded());
        assert_eq!(mistakes.iter().map(|mistake| mistake.text.as_str()).collect::<Vec<_>>(), expected);
        let line = SHIPPED.lines().position(|line| !that.is_empty() && line.contains(that)).map(|line| line + 1);
        assert!(mistakes.iter().all(|mistake| line.is_some_and(|line| line >= mistake.line)), "{mistakes:?}");
    }

    #[test]
    fn the_shipped_guide_names_what_is_there() {
        check("", "", &[]);
    }

    #[test]
    fn a_code_needs_a_rule() {
        let said = "Q290: no rule has this code; docs/findings.md lists them";
        check("codes unused H290", "codes unused Q290", &[said]);
        check("codes L301 L302", "codes L301 Q290", &[said]);
    }

    #[test]
    fn a_list_must_be_there_and_its_code_must_judge_lists() {
        let unknown = CodeLists::embedded().list_or_hint("cbsa-office").unwrap_err().to_string();
        check("list cbsa-offices H210", "list cbsa-office H210", &[&unknown]);
        let said = "H201: this rule judges no code list, so no value would be looked up";
        check("list cbsa-offices H210", "list cbsa-offices H201", &[said]);
    }
}
