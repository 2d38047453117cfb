//! What is counted of an interchange, whichever door it came through.

use crate::edifact::SyntaxError;
use crate::event::{self, JudgedAs, Outcome, SecurityEvent};
use crate::gateway::Received;
use crate::partner::PartnerId;
use crate::record::{Channel, Recorded, Verdict};
use crate::rules::FOREIGN_EXPORTER;

/// Counts what became of an interchange.
pub(crate) fn count(channel: Channel, partner: &PartnerId, outcome: Outcome) {
    let labels = [
        ("channel", channel.as_str().to_owned()),
        ("partner", partner.as_str().to_owned()),
        ("outcome", outcome.as_str().to_owned()),
    ];
    metrics::counter!(event::INTERCHANGES, &labels).increment(1);
}

/// Counts what was received, with its declarations and with what may have been meant ill. A repeat is counted as such
/// and not as what it repeats.
pub(crate) fn count_received(channel: Channel, partner: &PartnerId, received: &Received) -> Outcome {
    let outcome = match received {
        Received::Unreadable { .. } => Outcome::Evidence,
        Received::Recorded { is_repeat: true, .. } => Outcome::Repeat,
        Received::Recorded { recorded, .. } => outcome(recorded),
    };
    count(channel, partner, outcome);
    match received {
        Received::Unreadable { .. } => count_security(SecurityEvent::Unreadable),
        Received::Recorded { recorded, is_repeat, .. } => {
            let is_foreign = recorded.facts.findings.iter().any(|finding| finding.error == SyntaxError::UnknownSender);
            if is_foreign {
                count_security(SecurityEvent::ForeignSender);
            }
            let judged = recorded.facts.judgements.iter().flat_map(|judgement| &judgement.findings);
            if !is_repeat && judged.into_iter().any(|finding| finding.code == FOREIGN_EXPORTER) {
                count_security(SecurityEvent::ForeignExporter);
            }
            if !is_repeat {
                recorded.verdicts.iter().for_each(|verdict| count_declaration(partner, verdict));
            }
        }
    }
    outcome
}

/// Counts something that somebody may have meant ill.
pub(crate) fn count_security(kind: SecurityEvent) {
    metrics::counter!(event::SECURITY_EVENTS, "kind" => kind.as_str()).increment(1);
}

fn count_declaration(partner: &PartnerId, verdict: &Verdict) {
    let judged = if is_accepted(verdict) { JudgedAs::Accepted } else { JudgedAs::Refused };
    let labels = [("partner", partner.as_str().to_owned()), ("verdict", judged.as_str().to_owned())];
    metrics::counter!(event::DECLARATIONS, &labels).increment(1);
}

fn outcome(recorded: &Recorded) -> Outcome {
    let has_accepted = recorded.verdicts.iter().any(is_accepted);
    let has_refused = !recorded.facts.findings.is_empty() || !recorded.verdicts.iter().all(is_accepted);
    match (has_accepted, has_refused) {
        (_, false) => Outcome::Accepted,
        (true, true) => Outcome::PartlyRefused,
        (false, true) => Outcome::Refused,
    }
}

fn is_accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted { .. })
}
