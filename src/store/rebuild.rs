//! Making the state anew from the journal, while no daemon has the store: the same keys, without what sled keeps of those
//! that are gone.
//!
//! The new state is made beside the old one and compared with the journal before it takes its place, so whatever stops it
//! leaves the old one as it was.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::flush::{self, NotFlushing};
use super::index::{self, Index, IndexTrouble, contained};
use super::inspect::{Disagreements, InspectTrouble, Step, StorePlace, Sum, Watch, bytes_in, compare};
use super::left::{self, By, LeaveTrouble, LeftAct};
use crate::record::Deed;

/// The number of the description of [`RebuildReport`].
const DOCUMENT: u32 = 1;

/// Keys between two words about how far it is.
const KEYS_BETWEEN: u64 = 1024;

/// The state was not made anew; the old one is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RebuildTrouble {
    /// The store cannot be looked at, or its journal is damaged.
    #[error(transparent)]
    Inspect(#[from] InspectTrouble),
    /// The state's flushes would not reach the disk.
    #[error(transparent)]
    NotFlushing(#[from] NotFlushing),
    /// A state cannot be made, or not be put in its place.
    #[error("the state cannot be made: {0}")]
    State(String),
    /// It cannot be noted for the audit.
    #[error(transparent)]
    Leave(#[from] LeaveTrouble),
    /// What was made does not hold what it was given.
    #[error(
        "the new state is not what it should be ({first}); the old one stays; look at the disk and the memory of this machine"
    )]
    Wrong {
        /// The first thing that is wrong with it.
        first: String,
    },
}

impl From<IndexTrouble> for RebuildTrouble {
    fn from(trouble: IndexTrouble) -> Self {
        Self::State(trouble.to_string())
    }
}

/// What became of the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RebuildReport {
    /// The number of this description.
    pub document: u32,
    /// Which store it is.
    pub store: String,
    /// Entries that it was made of.
    pub entries: u64,
    /// Keys that it holds.
    pub keys: u64,
    /// Bytes that the state took on the disk before; 0 when there was none.
    pub bytes_before: u64,
    /// Bytes that it takes now.
    pub bytes_after: u64,
    /// Where the old state is, when it was kept.
    pub aside: Option<PathBuf>,
}

/// Makes the state of a store anew. The old one is moved aside, as a start does, or removed. Who does it is left for the
/// journal.
///
/// # Errors
/// [`RebuildTrouble`] when the store is in use or its journal is not as it was written, or it cannot be made.
pub fn rebuild(
    directory: &Path,
    cache_bytes: u64,
    keeps_old: bool,
    by: &By,
    watch: &mut dyn Watch,
) -> Result<RebuildReport, RebuildTrouble> {
    let place = StorePlace::find(directory)?;
    let lock = place.take()?;
    let report = rebuild_taken(&place, cache_bytes, keeps_old, Some(by), watch);
    drop(lock);
    report
}

/// The same for a store that is taken already; as a step of something that tells of itself when nobody is named.
///
/// # Errors
/// As [`rebuild`].
pub(crate) fn rebuild_taken(
    place: &StorePlace,
    cache_bytes: u64,
    keeps_old: bool,
    by: Option<&By>,
    watch: &mut dyn Watch,
) -> Result<RebuildReport, RebuildTrouble> {
    flush::self_test()?;
    let bytes_before = bytes_in(&place.state())?;
    let sum = Sum::of(place, watch)?;
    let new = Unfinished::new(place.directory.join("state.new"))?;
    let keys = contained(|| Ok(make(&new.0, place, &sum, cache_bytes, watch)))??;
    check(&new.0, place, &sum, cache_bytes, watch)?;
    let deed = if keeps_old { Deed::Rebuilt } else { Deed::Compacted };
    let noted = by.map(|by| note(place, by, deed, &sum, [bytes_before, keys])).transpose()?;
    let replaced = index::replace(&place.directory, &new.0, sum.store, sum.walked.last());
    if let (Err(_), Some(noted)) = (&replaced, &noted) {
        noted.remove()?;
    }
    let aside = replaced?;
    if let Some(aside) = aside.as_deref().filter(|_| !keeps_old) {
        fs::remove_dir_all(aside).map_err(IndexTrouble::io("remove", aside))?;
    }
    Ok(RebuildReport {
        document: DOCUMENT,
        store: sum.store.to_string(),
        entries: sum.walked.last().0,
        keys,
        bytes_before,
        bytes_after: bytes_in(&place.state())?,
        aside: aside.filter(|_| keeps_old),
    })
}

/// Leaves the act before the state is replaced: none is done that nobody hears of.
fn note(
    place: &StorePlace,
    by: &By,
    deed: Deed,
    sum: &Sum,
    [bytes_before, keys]: [u64; 2],
) -> Result<LeftAct, LeaveTrouble> {
    let last = sum.walked.last();
    let (before, after) = (format!("bytes {bytes_before}"), format!("entries {last}\nkeys {keys}"));
    left::leave(&place.directory, by.act(deed, &place.directory, [&before, &after]), last)
}

/// Writes every key once and in order; how many.
fn make(
    state: &Path,
    place: &StorePlace,
    sum: &Sum,
    cache_bytes: u64,
    watch: &mut dyn Watch,
) -> Result<u64, RebuildTrouble> {
    let index = Index::make(state, &place.watermark(), sum.store, cache_bytes)?;
    let mut writer = index.writer();
    for pair in sum.gathered.in_order().map_err(InspectTrouble::Temporary)? {
        let (key, expected) = pair.map_err(InspectTrouble::Temporary)?;
        let live = |value: &&[u8]| sum.walked.floor.is_live(&key, value);
        let Some(value) = expected.last().filter(live) else { continue };
        writer.push(&key, Some(value))?;
        if writer.keys().is_multiple_of(KEYS_BETWEEN) {
            watch.reached(Step::Make, writer.keys(), None);
        }
    }
    let keys = writer.keys();
    index.count(writer, sum.walked.last())?;
    index.finish(state)?;
    Ok(keys)
}

/// Reads the new state again from its files, and compares it with the journal.
fn check(
    state: &Path,
    place: &StorePlace,
    sum: &Sum,
    cache_bytes: u64,
    watch: &mut dyn Watch,
) -> Result<(), RebuildTrouble> {
    let mut found = Disagreements::new(1);
    let (index, applied) = contained(|| Index::unmarked(state, &place.watermark(), sum.store, cache_bytes))?;
    let expected = sum.gathered.in_order().map_err(InspectTrouble::Temporary)?;
    compare(&index, expected, &mut found, watch)?;
    contained(|| {
        drop(index);
        Ok(())
    })?;
    let first = found.told.first().map(ToString::to_string);
    let first = first.or_else(|| (applied != sum.walked.last()).then(|| format!("its watermark is {applied}")));
    first.map_or(Ok(()), |first| Err(RebuildTrouble::Wrong { first }))
}

/// A state that is made, and taken away unless it took its place.
struct Unfinished(PathBuf);

impl Unfinished {
    fn new(path: PathBuf) -> Result<Self, RebuildTrouble> {
        let unfinished = Self(path);
        unfinished.remove().map_err(IndexTrouble::io("remove", &unfinished.0))?;
        Ok(unfinished)
    }

    fn remove(&self) -> std::io::Result<()> {
        if self.0.exists() { fs::remove_dir_all(&self.0) } else { Ok(()) }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, path = %self.0.display(), "a state that is not finished could not be removed");
        }
    }
}
