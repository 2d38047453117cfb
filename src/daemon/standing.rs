//! What is in force, line by line, so that a record of a reload or a start says what it changed.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::config::{Dossier, Loaded};
use crate::edifact::MessageType;
use crate::feed::Consumer;
use crate::gateway::Rulebook;

/// What a configuration and a rulebook come to: settings, the program, partners, consumers of
/// the feed, grammars, guides, code lists. No secret is among it.
pub(super) fn standing(loaded: &Loaded, rulebook: &Rulebook) -> Vec<String> {
    let mut lines = settings(loaded);
    lines.push(format!("program = {}", env!("CARGO_PKG_VERSION")));
    lines.extend(loaded.dossiers.iter().map(partner));
    lines.extend(loaded.consumers.iter().map(consumer));
    let messages = rulebook.catalogue.message_types().map(|kind| format!("grammar {}", of_type(kind)));
    lines.extend(messages.collect::<BTreeSet<_>>());
    let guide = |message: &MessageType, elements: usize| format!("guide {}: {elements} elements", of_type(message));
    lines.extend(rulebook.guides.iter().map(|of| guide(&of.message, of.elements().count())));
    lines.extend(rulebook.codes.iter().map(|list| format!("code list {}: {} codes", list.name(), list.len())));
    lines
}

fn settings(loaded: &Loaded) -> Vec<String> {
    let Ok(Value::Object(sections)) = serde_json::to_value(&loaded.config) else { return Vec::new() };
    let keys = sections.iter().flat_map(|(section, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, value)| format!("{section}.{key} = {value}"))
    });
    keys.collect()
}

fn consumer(Consumer { name, is_practice, target }: &Consumer) -> String {
    format!("consumer {name}: {target}, practice {is_practice}")
}

/// Whether a line is that of this partner.
pub(super) fn is_of_partner(line: &str, partner: &str) -> bool {
    line.strip_prefix("partner ").and_then(|line| line.strip_prefix(partner)).is_some_and(|rest| rest.starts_with(':'))
}

fn partner(dossier: &Dossier) -> String {
    let Dossier { partner, is_disabled, .. } = dossier;
    let identities = partner.identities.iter().map(|identity| match &identity.qualifier {
        Some(qualifier) => format!("{}:{qualifier}", identity.identification),
        None => identity.identification.clone(),
    });
    let certificates = dossier.held().map(|(certificate, held)| {
        let digits: String = certificate.fingerprint.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let taken = if held.is_disabled { " disabled" } else { "" };
        format!("{digits} {} to {}{taken}", certificate.from, certificate.until)
    });
    let authority = partner.authority.iter();
    let authority = authority.map(|pair| format!("{} {}", pair.authorization_id, pair.business_number));
    let agreement = &partner.agreement;
    let identifier = agreement.identifier.iter().map(|identifier| format!("identifier {identifier}"));
    let age = agreement.age_days_max.iter().map(|days| format!("age_days_max {days}"));
    let answers = std::iter::once(words(agreement)).filter(|words| !words.is_empty());
    let list = |items: Vec<String>| items.join(", ");
    format!(
        "partner {}: {:?}, {}, {}, disabled {is_disabled}; identities {}; certificates {}; may file for {}; limits {}; \
         agreement {}",
        partner.id,
        partner.name,
        words(&partner.kind),
        words(&partner.language),
        list(identities.collect()),
        list(certificates.collect()),
        list(authority.collect()),
        words(&partner.limits),
        list(identifier.chain(age).chain(answers).collect()),
    )
}

/// A message type as S009 states it.
fn of_type(message: &MessageType) -> String {
    let MessageType { kind, version, release, agency, association } = message;
    let association = association.iter().map(|code| format!(":{code}")).collect::<String>();
    format!("{kind}:{version}:{release}:{agency}{association}")
}

/// A value in the words of the file it comes from: of several fields those that say something.
fn words(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        Ok(Value::Object(fields)) => {
            let said = fields.into_iter().filter(|(_, value)| !value.is_null());
            said.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}

/// The lines that only one of both has, of each.
pub(super) fn difference(before: &[String], after: &[String]) -> [String; 2] {
    let own = |lines: &[String], others: &[String]| {
        let others: BTreeSet<_> = others.iter().collect();
        let own: Vec<_> = lines.iter().filter(|line| !others.contains(line)).map(String::as_str).collect();
        own.join("\n")
    };
    [own(before, after), own(after, before)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::{PartnerKind, PartnerLimits};

    fn check(before: &[&str], after: &[&str], expected: [&str; 2]) {
        let [before, after] =
            [before, after].map(|lines| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
        assert_eq!(difference(&before, &after), expected);
    }

    #[test]
    fn values_are_told_in_the_words_of_their_files() {
        let limits = PartnerLimits { connections_max: Some(3), ..PartnerLimits::default() };
        assert_eq!(words(&limits), "connections_max 3");
        assert_eq!(words(&PartnerKind::ServiceProvider), "service-provider");
        assert_eq!(words(&PartnerLimits::default()), "");
        let [kind, version, release, agency] = ["CUSDEC", "D", "96B", "UN"].map(str::to_owned);
        let message = MessageType { kind, version, release, agency, association: Some("LDG10".to_owned()) };
        assert_eq!(of_type(&message), "CUSDEC:D:96B:UN:LDG10");
    }

    #[test]
    fn what_did_not_change_is_not_told() {
        check(&["a", "b"], &["a", "b"], ["", ""]);
    }

    #[test]
    fn what_changed_is_told_as_it_was_and_as_it_is() {
        check(&["a = 1", "b", "c"], &["a = 2", "b", "d", "e"], ["a = 1\nc", "a = 2\nd\ne"]);
    }
}
