//! What is in a store, in figures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::journal::Segments;
use super::{Disagreement, Disagreements, InspectTrouble, StorePlace, Watch, What, bytes_in};
use crate::record::{Recorded, Verdict};
use crate::store::entry::{Entry, LodgedInterchange};
use crate::store::journal::frame::Frame;
use crate::store::state::Pointer;

/// The number of the description of [`StatsReport`].
const DOCUMENT: u32 = 1;

/// What is in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatsReport {
    /// The number of this description.
    pub document: u32,
    /// Which store it is.
    pub store: String,
    /// Entries that were read.
    pub entries: u64,
    /// Interchanges among them.
    pub interchanges: u64,
    /// Bytes that nobody could be answered for.
    pub evidence: u64,
    /// Notes that answers were delivered.
    pub deliveries: u64,
    /// Acts of administrators.
    pub acts: u64,
    /// Notes that something is not kept any more.
    pub prunings: u64,
    /// Entries in front of them that are not kept any more.
    pub dropped_entries: u64,
    /// Interchanges, real and practice, that were not refused as a whole.
    pub interchanges_accepted: u64,
    /// Interchanges that were refused as a whole.
    pub interchanges_refused: u64,
    /// Interchanges for practice.
    pub interchanges_practice: u64,
    /// Declarations, real and practice, that got a number.
    pub declarations_accepted: u64,
    /// Declarations that got none.
    pub declarations_refused: u64,
    /// When the first interchange or evidence was received.
    pub first_received_at: Option<Timestamp>,
    /// When the last one was received.
    pub last_received_at: Option<Timestamp>,
    /// Bytes of the interchanges as they came.
    pub interchange_bytes: u64,
    /// Bytes of the entries.
    pub entry_bytes: u64,
    /// Segments of the journal.
    pub segments: u64,
    /// Those of them that have a seal.
    pub sealed_segments: u64,
    /// Those of them that are in the archive.
    pub archived_segments: u64,
    /// Where the archive is; none when there is none.
    pub archive: Option<PathBuf>,
    /// Who lodged, by their short names.
    pub partners: BTreeMap<String, PartnerStats>,
    /// How much of the disk its files take.
    pub sizes: Sizes,
    /// What of the journal could not be read; it is not in the figures.
    pub disagreements: Disagreements,
}

/// What a partner lodged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PartnerStats {
    /// Interchanges.
    pub interchanges: u64,
    /// Declarations that got a number.
    pub declarations_accepted: u64,
    /// Declarations that got none.
    pub declarations_refused: u64,
}

/// How much of the disk the files of a store take, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// The journal, without what is in its archive.
    pub journal_bytes: u64,
    /// The segments in the archive; 0 when there is none.
    pub archive_bytes: u64,
    /// The state.
    pub state_bytes: u64,
    /// States that were moved aside.
    pub aside_bytes: u64,
}

/// Counts what is in a store; a daemon may write meanwhile.
///
/// # Errors
/// [`InspectTrouble`] when it cannot be looked at.
pub fn stats(directory: &Path, limit: usize, watch: &mut dyn Watch) -> Result<StatsReport, InspectTrouble> {
    let place = StorePlace::find(directory)?;
    let mut found = Disagreements::new(limit);
    let shelves = place.shelves()?;
    let segments = Segments::find(&shelves, true, &mut found)?;
    let mut report = StatsReport::new(segments.store().to_string(), sizes_at(&place)?);
    let walked = segments.walk(&mut found, watch, &mut |pointer, frame, found| {
        report.add(pointer, frame, found);
        Ok(())
    })?;
    (report.segments, report.sealed_segments) = (segments.count(), walked.sealed);
    report.archived_segments = u64::try_from(shelves.held().unwrap_or_default().segments.len()).unwrap_or(u64::MAX);
    report.archive = shelves.archive().map(Path::to_owned);
    Ok(StatsReport { dropped_entries: walked.floor.entry.0, disagreements: found, ..report })
}

/// How much of the disk the files of a store take now.
///
/// # Errors
/// [`InspectTrouble`] when it cannot be looked at.
pub fn sizes(directory: &Path) -> Result<Sizes, InspectTrouble> {
    sizes_at(&StorePlace::find(directory)?)
}

fn sizes_at(place: &StorePlace) -> Result<Sizes, InspectTrouble> {
    let mut aside_bytes = 0_u64;
    for entry in std::fs::read_dir(&place.directory).map_err(InspectTrouble::io("list", &place.directory))? {
        let entry = entry.map_err(InspectTrouble::io("list", &place.directory))?;
        if entry.file_name().to_string_lossy().starts_with("state.") {
            aside_bytes = aside_bytes.saturating_add(bytes_in(&entry.path())?);
        }
    }
    // One that cannot be read is told of by whoever reads the journal.
    let archive_bytes = place.shelves()?.held().unwrap_or_default().bytes;
    let (journal_bytes, state_bytes) = (bytes_in(&place.journal())?, bytes_in(&place.state())?);
    Ok(Sizes { journal_bytes, archive_bytes, state_bytes, aside_bytes })
}

impl StatsReport {
    fn new(store: String, sizes: Sizes) -> Self {
        Self {
            document: DOCUMENT,
            store,
            entries: 0,
            interchanges: 0,
            evidence: 0,
            deliveries: 0,
            acts: 0,
            prunings: 0,
            dropped_entries: 0,
            interchanges_accepted: 0,
            interchanges_refused: 0,
            interchanges_practice: 0,
            declarations_accepted: 0,
            declarations_refused: 0,
            first_received_at: None,
            last_received_at: None,
            interchange_bytes: 0,
            entry_bytes: 0,
            segments: 0,
            sealed_segments: 0,
            archived_segments: 0,
            archive: None,
            partners: BTreeMap::new(),
            sizes,
            disagreements: Disagreements::new(0),
        }
    }

    fn add(&mut self, pointer: Pointer, frame: &Frame<'_>, found: &mut Disagreements) {
        self.entries += 1;
        self.entry_bytes += length(frame.payload);
        match Entry::decode(frame.payload) {
            Ok(Entry::Interchange(interchange)) => self.add_interchange(&interchange),
            Ok(Entry::Evidence(evidence)) => {
                self.evidence += 1;
                self.received(evidence.delivery.received_at);
            }
            Ok(Entry::Delivered { .. }) => self.deliveries += 1,
            Ok(Entry::Act(_)) => self.acts += 1,
            Ok(Entry::Pruned(_)) => self.prunings += 1,
            Err(unavailable) => {
                let wrong = Disagreement::new(What::EntryNotUnderstood).in_segment(pointer.segment).at(pointer.offset);
                found.add(wrong.entry(pointer.number.0).found(unavailable.0));
            }
        }
    }

    fn add_interchange(&mut self, LodgedInterchange { bytes, recorded, .. }: &LodgedInterchange) {
        let Recorded { partner, facts, verdicts, received_at, .. } = recorded;
        let is_accepted = |verdict: &&Verdict| matches!(verdict, Verdict::Accepted { .. });
        let accepted = count(verdicts.iter().filter(is_accepted));
        let refused = count(verdicts.iter()).saturating_sub(accepted);
        self.interchanges += 1;
        *(if facts.is_refused() { &mut self.interchanges_refused } else { &mut self.interchanges_accepted }) += 1;
        self.interchanges_practice += u64::from(facts.envelope.is_practice);
        self.interchange_bytes += length(bytes);
        self.declarations_accepted += accepted;
        self.declarations_refused += refused;
        let of_partner = self.partners.entry(partner.to_string()).or_default();
        of_partner.interchanges += 1;
        of_partner.declarations_accepted += accepted;
        of_partner.declarations_refused += refused;
        self.received(*received_at);
    }

    /// The clock may have been set back, so the first moment is not always that of the first entry.
    fn received(&mut self, at: Timestamp) {
        self.first_received_at = Some(self.first_received_at.map_or(at, |first| first.min(at)));
        self.last_received_at = self.last_received_at.max(Some(at));
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.fold(0, |count, _| count + 1)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
