//! Whether a store is right: the journal frame by frame, and the state beside the sum of the entries' changes.

use std::path::Path;

use serde::Serialize;

use super::compare::{self, KeyCounts};
use super::journal::{Segments, Walked};
use super::state::{self, Looked};
use super::{Disagreement, Disagreements, Gathered, Hold, InspectTrouble, KeyKind, StorePlace, Watch, What, bytes_in};
use crate::identifier::RecordNumber;
use crate::store::entry::Entry;
use crate::store::journal::frame::Frame;
use crate::store::state::Pointer;
use crate::store::watermark::known_entry;

/// The number of the description of [`CheckReport`].
const DOCUMENT: u32 = 1;

/// What a look at a whole store found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The number of this description.
    pub document: u32,
    /// Which store it is.
    pub store: String,
    /// Whether a daemon has it.
    pub is_in_use: bool,
    /// Entries up to the last one.
    pub entries: u64,
    /// The first of them that are not kept any more.
    pub dropped_entries: u64,
    /// The digest of all of them.
    pub chain: String,
    /// The format of its last segment; those in front of it may have former ones.
    pub format: u32,
    /// Segments of the journal.
    pub segments: u64,
    /// Those of them that have a seal.
    pub sealed_segments: u64,
    /// Full ones that have none yet; the next start makes it.
    pub unsealed_segments: u64,
    /// Bytes that the journal takes on the disk.
    pub journal_bytes: u64,
    /// What is no whole entry at the end; none when there are zeroes.
    pub tail: Option<Tail>,
    /// Whether the state was compared.
    pub state: StateCheck,
    /// The last entry that the state holds, when it was compared.
    pub applied: Option<u64>,
    /// How many keys of each kind there are, when the state was compared.
    pub keys: Vec<KeyCount>,
    /// What is not as it should be.
    pub disagreements: Disagreements,
}

impl CheckReport {
    /// Whether nothing disagrees.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.disagreements.total == 0
    }
}

/// Where the journal ends, when something lies behind: what is written at the moment, or what an interrupted write left
/// and the next start removes. Nothing of it was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tail {
    /// The segment.
    pub segment: u64,
    /// The byte behind its last whole frame.
    pub byte: u64,
}

/// What became of the comparison with the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateCheck {
    /// It was compared.
    Compared,
    /// It was not: a daemon has the store.
    InUse,
    /// There is none, as after a restore; the next start makes it.
    NotMade,
    /// It was not: the journal cannot be read whole, so it is not known what the state should hold.
    JournalDamaged,
    /// It was not, or not to its end: what is wrong with it is among the disagreements.
    Unreadable,
}

/// How many keys of a kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct KeyCount {
    /// The kind.
    pub kind: KeyKind,
    /// In the state.
    pub in_state: u64,
    /// By the journal; the state may be some behind.
    pub in_journal: u64,
}

/// Looks at all of a store and changes nothing. At most `limit` disagreements are told, all are counted.
///
/// # Errors
/// [`InspectTrouble`] when it cannot be looked at.
pub fn check(directory: &Path, limit: usize, watch: &mut dyn Watch) -> Result<CheckReport, InspectTrouble> {
    let place = StorePlace::find(directory)?;
    let hold = place.hold()?;
    let is_in_use = matches!(hold, Hold::InUse);
    let mut found = Disagreements::new(limit);
    let store = Segments::find(&place.shelves()?, is_in_use, &mut Disagreements::new(0))?.store();
    // What the watermark says is in the journal already, but perhaps in a segment that was not there when they were listed:
    // so it is asked first.
    let marked = known_entry(&place.watermark(), store).0;
    let segments = Segments::find(&place.shelves()?, is_in_use, &mut found)?;
    let looked = if is_in_use { None } else { Some(state::look(&place, store, &mut found, watch)?) };
    let applied = match &looked {
        Some(Looked::Opened(opened)) => Some(opened.applied),
        Some(Looked::NotMade | Looked::Wrong) | None => None,
    };
    let mut gathered = applied.map(Gathered::new);
    let walked = segments
        .walk(&mut found, watch, &mut |pointer, frame, found| take(pointer, frame, gathered.as_mut(), found))?;
    let has_end = check_end(&walked, marked.max(applied.map_or(0, |applied| applied.0)), &mut found);
    let (state, counts) = match (looked, gathered) {
        (None, _) => (StateCheck::InUse, None),
        (Some(Looked::NotMade), _) => (StateCheck::NotMade, None),
        (Some(Looked::Opened(opened)), Some(gathered)) if has_end => {
            let expected = gathered.in_order().map_err(InspectTrouble::Temporary)?;
            opened.index.raise(walked.floor);
            let counts = compare::compare(&opened.index, expected, &mut found, watch)?;
            opened.close()?;
            (if counts.is_some() { StateCheck::Compared } else { StateCheck::Unreadable }, counts)
        }
        (Some(Looked::Opened(_)), _) => (StateCheck::JournalDamaged, None),
        (Some(Looked::Wrong), _) => (StateCheck::Unreadable, None),
    };
    let (segment, byte) = walked.end;
    Ok(CheckReport {
        document: DOCUMENT,
        store: store.to_string(),
        is_in_use,
        entries: walked.last().0,
        dropped_entries: walked.floor.entry.0,
        chain: walked.chain.to_string(),
        format: segments.format(),
        segments: segments.count(),
        sealed_segments: walked.sealed,
        unsealed_segments: walked.unsealed,
        journal_bytes: bytes_in(&place.journal())?,
        tail: walked.is_torn.then_some(Tail { segment, byte }),
        state,
        applied: applied.map(|applied| applied.0),
        keys: counts.as_ref().map(key_counts).unwrap_or_default(),
        disagreements: found,
    })
}

/// Whether an entry can be understood, and what the state learns from it.
pub(super) fn take(
    pointer: Pointer,
    frame: &Frame<'_>,
    gathered: Option<&mut Gathered>,
    found: &mut Disagreements,
) -> Result<(), InspectTrouble> {
    let Pointer { number, segment, offset, .. } = pointer;
    let wrong = || Disagreement::new(What::EntryNotUnderstood).in_segment(segment).at(offset).entry(number.0);
    let entry = match Entry::decode(frame.payload) {
        Ok(entry) => entry,
        Err(unavailable) => {
            found.add(wrong().found(unavailable.0));
            return Ok(());
        }
    };
    if let Some(RecordNumber(stated)) = entry.number().filter(|stated| *stated != number) {
        found
            .add(wrong().found(format!("a record with number {stated}")).expected(format!("one with number {number}")));
    }
    let Some(gathered) = gathered else { return Ok(()) };
    match entry.changes(pointer) {
        Ok(changes) => gathered.add(number, changes).map_err(InspectTrouble::Temporary),
        Err(unavailable) => {
            found.add(wrong().found(unavailable.0));
            Ok(())
        }
    }
}

/// Whether the journal is whole and ends no earlier than somebody knows. Where it is not whole, that was said.
pub(super) fn check_end(walked: &Walked, known: u64, found: &mut Disagreements) -> bool {
    let RecordNumber(last) = walked.last();
    let is_short = last < known;
    if is_short && walked.is_whole {
        let (segment, byte) = walked.end;
        let lost = Disagreement::new(What::EntriesLost).in_segment(segment).at(byte).entry(walked.next);
        let expected = format!("entries up to {known}, which the state had");
        found.add(lost.found(format!("entries up to {last}")).expected(expected));
    }
    walked.is_whole && !is_short
}

fn key_counts(counts: &KeyCounts) -> Vec<KeyCount> {
    let kinds = KeyKind::ALL.into_iter().filter(|kind| *kind != KeyKind::Unknown || counts.contains_key(kind));
    kinds
        .map(|kind| {
            let (in_state, in_journal) = counts.get(&kind).copied().unwrap_or_default();
            KeyCount { kind, in_state, in_journal }
        })
        .collect()
}
