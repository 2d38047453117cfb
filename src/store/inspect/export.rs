//! What was accepted, one declaration after the other, for other systems.

use std::io;
use std::path::Path;

use super::journal::Segments;
use super::{Disagreements, InspectTrouble, StorePlace, Watch};
use crate::store::entry::Entry;
use crate::store::exported::{ExportedDeclaration, hand_over};

/// How much was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Declarations.
    pub declarations: u64,
    /// The entry from which the next export has to go on.
    pub next: u64,
    /// Entries that were asked for and are not kept any more.
    pub dropped: u64,
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
    let segments = Segments::find(&place.shelves()?, true, &mut found)?.since(since);
    found.refuse()?;
    let dropped = segments.floor().first().0.saturating_sub(since.max(1));
    let mut declarations = 0;
    let walked = segments.walk(&mut found, watch, &mut |pointer, frame, found| {
        found.refuse()?;
        if pointer.number.0 < since {
            return Ok(());
        }
        let entry = Entry::decode(frame.payload);
        match entry.map_err(|unavailable| InspectTrouble::Damaged { first: unavailable.0 })? {
            Entry::Interchange(lodged) if lodged.recorded.facts.envelope.is_practice == is_practice => {
                declarations += hand_over(&lodged.recorded, frame.chain, each).map_err(InspectTrouble::Output)?;
            }
            Entry::Interchange(_) | Entry::Evidence(_) | Entry::Delivered { .. } | Entry::Act(_) | Entry::Pruned(_) => {
            }
        }
        Ok(())
    })?;
    found.refuse()?;
    Ok(Exported { declarations, next: walked.next, dropped })
}
