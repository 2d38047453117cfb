//! What was accepted, one declaration after the other, for other systems.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::journal::Segments;
use super::{Disagreements, InspectTrouble, StorePlace, Watch};
use crate::declaration::Declaration;
use crate::record::{Channel, Decision, Recorded, Verdict};
use crate::store::entry::{Entry, LodgedInterchange};
use crate::store::journal::Chain;

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

/// How much was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Declarations.
    pub declarations: u64,
    /// The entry from which the next export has to go on.
    pub next: u64,
}

/// Hands over every accepted declaration, real or practice, of entry `since` and those behind it, in their order; a daemon
/// may write meanwhile.
///
/// # Errors
/// [`InspectTrouble::Damaged`] at the first thing that is not as it was written, when what stands before it was handed over;
/// [`InspectTrouble::Output`] when `each` fails.
pub fn export(
    directory: &Path,
    since: u64,
    is_practice: bool,
    watch: &mut dyn Watch,
    each: &mut dyn FnMut(&ExportedDeclaration<'_>) -> io::Result<()>,
) -> Result<Exported, InspectTrouble> {
    let place = StorePlace::find(directory)?;
    let mut found = Disagreements::new(1);
    let segments = Segments::find(&place.journal(), true, &mut found)?.since(since);
    found.refuse()?;
    let mut declarations = 0;
    let walked = segments.walk(&mut found, watch, &mut |pointer, frame, found| {
        found.refuse()?;
        if pointer.number.0 < since {
            return Ok(());
        }
        let entry = Entry::decode(frame.payload);
        match entry.map_err(|unavailable| InspectTrouble::Damaged { first: unavailable.0 })? {
            Entry::Interchange(lodged) if lodged.recorded.facts.envelope.is_practice == is_practice => {
                declarations += hand_over(&lodged, frame.chain, each).map_err(InspectTrouble::Output)?;
            }
            Entry::Interchange(_) | Entry::Evidence(_) | Entry::Delivered { .. } | Entry::Act(_) => {}
        }
        Ok(())
    })?;
    found.refuse()?;
    Ok(Exported { declarations, next: walked.next })
}

fn hand_over(
    LodgedInterchange { recorded, .. }: &LodgedInterchange,
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
