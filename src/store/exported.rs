//! An accepted version of a declaration, as other systems get it.

use std::io;

use jiff::Timestamp;
use serde::Serialize;

use super::journal::Chain;
use crate::declaration::Declaration;
use crate::record::{Channel, Decision, Recorded, Verdict};

/// The number of the description of [`ExportedDeclaration`].
const DOCUMENT: u32 = 1;

/// One accepted version of a declaration.
#[derive(Debug, Serialize)]
pub struct ExportedDeclaration<'a> {
    /// The number of this description.
    document: u32,
    /// The entry of the journal that accepted it.
    entry: u64,
    /// The digest of that entry and all before it.
    chain: &'a str,
    /// When it was received.
    received_at: Timestamp,
    /// The partner that lodged it.
    partner: &'a str,
    /// The door it came through.
    channel: Channel,
    /// Practice or real.
    is_practice: bool,
    /// The interchange control reference (0020).
    interchange: &'a str,
    /// The message reference (0062).
    message: &'a str,
    /// Its proof-of-report number.
    proof: String,
    /// The submitter's reference (1004).
    reference: &'a str,
    /// The version, 1 for an original.
    version: u32,
    /// What was declared.
    declaration: &'a Declaration,
}

/// Hands over what an entry accepted, in the order of its messages; returns how many that were.
///
/// # Errors
/// What `each` returns.
pub(crate) fn hand_over(
    recorded: &Recorded,
    chain: Chain,
    each: &mut dyn FnMut(&ExportedDeclaration<'_>) -> io::Result<()>,
) -> io::Result<u64> {
    let Recorded { number, partner, channel, received_at, facts, verdicts, .. } = recorded;
    let (chain, mut count) = (chain.to_string(), 0);
    for (judgement, verdict) in facts.judgements.iter().zip(verdicts) {
        let (Verdict::Accepted { proof, version }, Decision::Accept(declaration)) = (verdict, &judgement.decision)
        else {
            continue;
        };
        let message = usize::try_from(judgement.message).ok().and_then(|message| facts.messages.get(message));
        each(&ExportedDeclaration {
            document: DOCUMENT,
            entry: number.0,
            chain: &chain,
            received_at: *received_at,
            partner: partner.as_str(),
            channel: *channel,
            is_practice: facts.envelope.is_practice,
            interchange: &facts.envelope.reference.0,
            message: message.map_or("", |message| &message.reference),
            proof: proof.to_string(),
            reference: &judgement.reference.0,
            version: *version,
            declaration,
        })?;
        count += 1;
    }
    Ok(count)
}
