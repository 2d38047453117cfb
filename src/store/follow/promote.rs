//! Promoting: a standby becomes a store on which a gateway starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::marker::Marker;
use super::{FollowTrouble, Standby};
use crate::identifier::RecordNumber;
use crate::record::Deed;
use crate::store::entry::Entry;
use crate::store::inspect::{Disagreements, InspectTrouble, Segments, StorePlace, Watch};
use crate::store::journal::{Disk, RealDisk};
use crate::store::left::{self, By, LeaveTrouble};
use crate::store::rebuild::{RebuildReport, RebuildTrouble, rebuild_taken};

/// The number of the description of [`PromoteReport`].
const DOCUMENT: u32 = 1;

/// What was promoted, and what it may lack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromoteReport {
    /// The number of this description.
    pub document: u32,
    /// Which store it is.
    pub store: String,
    /// Whether it was a standby until now; it was a store before, when it was not.
    pub was_standby: bool,
    /// Entries in it: the number of the last one.
    pub entries: u64,
    /// The digest of all of them.
    pub chain: String,
    /// When the newest interchange in its last segments was received.
    pub last_received_at: Option<Timestamp>,
    /// When the gateway that it followed was last heard; what that one acknowledged later may be missing.
    pub heard_at: Option<Timestamp>,
    /// The last entry that the gateway had then.
    pub known_entry: Option<u64>,
    /// How many entries up to that one are missing.
    pub missing_entries: u64,
    /// Keys of the state that was made; none when it was a store before.
    pub keys: Option<u64>,
}

/// A standby was not promoted: it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum PromoteTrouble {
    /// There is no standby, another process has it, or it is not what it was.
    #[error(transparent)]
    Standby(#[from] FollowTrouble),
    /// Its journal cannot be looked at, or is not as it was written.
    #[error(transparent)]
    Inspect(#[from] InspectTrouble),
    /// The state was not made.
    #[error(transparent)]
    Rebuild(#[from] RebuildTrouble),
    /// The gateway dropped something in front of what came first, and the entry that says so did not come yet.
    #[error(
        "{} does not have the entry yet that says what the gateway dropped in front of segment {begins}; without it numbers would \
         be given again; follow on until it is level, or restore a backup", directory.display()
    )]
    Behind {
        /// The standby.
        directory: PathBuf,
        /// Its first segment.
        begins: u64,
    },
    /// It cannot be noted for the audit.
    #[error(transparent)]
    Leave(#[from] LeaveTrouble),
    /// Nothing ever came.
    #[error("{} has no entry: it never followed a gateway; there is nothing to promote", .0.display())]
    Nothing(PathBuf),
}

/// Makes a store of a standby: all of its journal is read and checked, the state is made of it and compared, and only then
/// it is a standby no more. Who does it is left for the journal. What is a store already stays as it is.
///
/// # Errors
/// [`PromoteTrouble`]; then it is the standby that it was.
pub fn promote(
    directory: &Path,
    cache_bytes: u64,
    by: &By,
    watch: &mut dyn Watch,
) -> Result<PromoteReport, PromoteTrouble> {
    let place = StorePlace::find(directory)?;
    if Marker::find(directory)?.is_none() {
        return look(&place, None, watch);
    }
    let standby = Standby::open(directory)?;
    let (marker, lock) = standby.into_parts();
    let marker = marker.ok_or_else(|| PromoteTrouble::Nothing(directory.to_owned()))?;
    check_beginning(&place, &marker)?;
    let RebuildReport { keys, .. } = rebuild_taken(&place, cache_bytes, false, None, watch)?;
    let report = look(&place, Some((&marker, keys)), watch)?;
    note(directory, by, &marker, &report)?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    Marker::remove(&*disk, directory)?;
    drop(lock);
    Ok(report)
}

/// Leaves the act while it is a standby still, on which no gateway starts.
fn note(directory: &Path, by: &By, marker: &Marker, report: &PromoteReport) -> Result<(), LeaveTrouble> {
    let PromoteReport { store, entries, chain, missing_entries, .. } = report;
    let before = format!("standby, heard {}\nknown entry {}", marker.heard, marker.known);
    let after = format!("store {store}\nentries {entries}\nchain {chain}\nmissing entries {missing_entries}");
    let act = by.act(Deed::Promoted, directory, [&before, &after]);
    left::leave(directory, act, RecordNumber(*entries)).map(drop)
}

/// What was dropped in front of a standby must be told by the entries that it has.
fn check_beginning(place: &StorePlace, marker: &Marker) -> Result<(), PromoteTrouble> {
    let segments = Segments::find(&place.shelves()?, false, &mut Disagreements::new(0))?;
    if segments.floor().segment.saturating_add(1) < segments.first() && segments.first() == marker.begins {
        return Err(PromoteTrouble::Behind { directory: place.directory.clone(), begins: marker.begins });
    }
    Ok(())
}

/// What a store holds; of one that was a standby, what it may lack.
fn look(
    place: &StorePlace,
    promoted: Option<(&Marker, u64)>,
    watch: &mut dyn Watch,
) -> Result<PromoteReport, PromoteTrouble> {
    let mut found = Disagreements::new(1);
    let segments = Segments::find(&place.shelves()?, promoted.is_none(), &mut found)?;
    let store = segments.store().to_string();
    // The last segment may have nothing but notes in it, the one before it hardly.
    let since = segments.header(segments.last().saturating_sub(1)).map_or(1, |header| header.first);
    let mut last_received_at = None;
    let walked = segments.since(since).walk(&mut found, watch, &mut |_, frame, _| {
        if let Ok(Entry::Interchange(interchange)) = Entry::decode(frame.payload) {
            last_received_at = last_received_at.max(Some(interchange.recorded.received_at));
        }
        Ok(())
    })?;
    found.refuse()?;
    let entries = walked.last().0;
    let marker = promoted.map(|(marker, _)| marker);
    Ok(PromoteReport {
        document: DOCUMENT,
        store,
        was_standby: promoted.is_some(),
        entries,
        chain: walked.chain.to_string(),
        last_received_at,
        heard_at: marker.map(|marker| marker.heard),
        known_entry: marker.map(|marker| marker.known),
        missing_entries: marker.map_or(0, |marker| marker.known.saturating_sub(entries)),
        keys: promoted.map(|(_, keys)| keys),
    })
}
