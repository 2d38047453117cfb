//! The keys of the state in sled: sorted runs of pages instead of a key of sled for each of ours.
//!
//! Start with [`Runs`]. A key of sled costs some microseconds and is written several times; a page of some hundred keys
//! costs not much more. So changes are put away many at a time, as a run: sorted, in pages, never changed again. What
//! holds for a key is said by the latest run that speaks of it. Runs of one level are merged into one of the next when
//! there are [`FAN_OUT`] of them, so that there are only some for each power of it, and each key is written once a level.
//! One value of sled, the catalogue, says which runs count and which entries they are made of: whatever a crash leaves
//! of the rest, this room never reads half a run.

mod filter;
mod merged;
mod page;
mod run;

pub(crate) use filter::FILTER_BYTES_MAX;
pub(crate) use run::RunWriter;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use self::merged::Merged;
use self::run::{Described, FILTER, Hint, PAGE, Run, parts};
use super::floor::Floor;
use super::index::IndexTrouble;
use super::state::{self, Pair};
use crate::identifier::RecordNumber;

/// Runs of a level that are merged into one of the next.
const FAN_OUT: usize = 8;

/// The key of the catalogue in sled.
const CATALOGUE: &[u8] = b"m runs";

/// Most memory that the filters of all runs take, in bytes. Beyond it the earliest runs go without, and their pages are looked at
/// for every key: with more than fifty million declarations. While runs are merged, those of the new one come on top.
const FILTERS_BYTES_MAX: usize = 512 << 20;

/// Keys between two looks at whether a merge is still wanted.
const KEYS_BETWEEN: u64 = 4096;

/// Pages that are removed between two such looks.
const PAGES_BETWEEN: usize = 8;

/// With so many runs that wait for the first merge, merging is urgent: each of them is a look more for every key.
const URGENT_RUNS: usize = 3 * FAN_OUT;

/// A run with this number, or the catalogue, is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the state is damaged in run {0}; it can be made again from the journal")]
pub(crate) struct Damaged(u64);

/// Which runs count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Catalogue {
    /// The last entry whose changes are in them.
    applied: u64,
    /// The number of the next run.
    next: u64,
    /// From the earliest to the latest.
    runs: Vec<Described>,
}

/// The runs of a state.
#[derive(Debug)]
pub(crate) struct Runs {
    db: sled::Db,
    catalogue: Mutex<Catalogue>,
    /// Those of the catalogue, from the latest to the earliest.
    current: RwLock<Arc<Vec<Arc<Run>>>>,
    /// Those that were merged, whose pages somebody may still read.
    retired: Mutex<Vec<Arc<Run>>>,
    /// Most memory that filters take, in bytes.
    filters_bytes_max: usize,
    /// Keys that speak of what is below it are not there.
    floor: RwLock<Floor>,
}

impl Runs {
    /// The runs in sled; those that nothing speaks of are removed.
    ///
    /// # Errors
    /// [`IndexTrouble`] when they are not as they were written.
    pub(crate) fn open(db: &sled::Db) -> Result<Self, IndexTrouble> {
        Self::open_with(db, FILTERS_BYTES_MAX)
    }

    fn open_with(db: &sled::Db, filters_bytes_max: usize) -> Result<Self, IndexTrouble> {
        let catalogue = match db.get(CATALOGUE)? {
            Some(value) => Catalogue::read(&value).ok_or(Damaged(0))?,
            None => Catalogue::default(),
        };
        for letter in [PAGE, FILTER] {
            remove_unknown(db, letter, &catalogue)?;
        }
        let mut room = FilterRoom(filters_bytes_max);
        let load = |described: &Described| Ok(room.take(Arc::new(Run::load(db, *described)?)));
        let current: Result<Vec<_>, IndexTrouble> = catalogue.runs.iter().rev().map(load).collect();
        let current = RwLock::new(Arc::new(current?));
        let (catalogue, retired, floor) = (Mutex::new(catalogue), Mutex::default(), RwLock::default());
        let runs = Self { db: db.clone(), catalogue, current, retired, filters_bytes_max, floor };
        if let Some(floor) = runs.get(state::FLOOR)? {
            runs.raise(state::read(&floor).map_err(|_| Damaged(0))?);
        }
        Ok(runs)
    }

    /// The last entry whose changes the runs hold.
    pub(crate) fn applied(&self) -> RecordNumber {
        RecordNumber(self.catalogue().applied)
    }

    /// Where the floor is.
    pub(crate) fn floor(&self) -> Floor {
        *self.floor.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keys that speak of what is below this floor are not there from now on. It never sinks.
    pub(crate) fn raise(&self, floor: Floor) {
        let mut current = self.floor.write().unwrap_or_else(PoisonError::into_inner);
        if floor.is_above(&current) {
            *current = floor;
        }
    }

    /// What a key holds.
    ///
    /// # Errors
    /// [`IndexTrouble`] when that cannot be said.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexTrouble> {
        let (probe, current) = (run::probe(key), self.current());
        let hints: Vec<Hint<'_>> = current.iter().map(|run| run.hint(key, probe.as_ref())).collect();
        for (run, hint) in current.iter().zip(hints) {
            if hint.may_hold(probe.as_ref())
                && let Some(said) = run.get(&self.db, key)?
            {
                return Ok(said.filter(|value| self.floor().is_live(key, value)));
            }
        }
        Ok(None)
    }

    /// The first `limit` wanted keys that begin so, from `from` on, with what they hold, in order.
    ///
    /// # Errors
    /// [`IndexTrouble`] when that cannot be said.
    pub(crate) fn beginning_with(
        &self,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<Pair>, IndexTrouble> {
        let (mut found, floor) = (Vec::new(), self.floor());
        let mut merged = Merged::seek(&self.db, &self.current(), prefix.max(from))?;
        while found.len() < limit && merged.advance()? && merged.key().starts_with(prefix) {
            let value = merged.value().filter(|value| floor.is_live(merged.key(), value));
            if let Some(value) = value.filter(|_| is_wanted(merged.key())) {
                found.push((merged.key().to_vec(), value.to_vec()));
            }
        }
        Ok(found)
    }

    /// Every key that holds something, in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Result<Pair, IndexTrouble>> + use<> {
        let floor = self.floor();
        let (mut merged, mut trouble) = match Merged::seek(&self.db, &self.current(), b"") {
            Ok(merged) => (Some(merged), None),
            Err(trouble) => (None, Some(trouble)),
        };
        std::iter::from_fn(move || {
            let next = trouble
                .take()
                .map_or_else(|| next_pair(merged.as_mut()?, &floor).transpose(), |trouble| Some(Err(trouble)));
            if !matches!(next, Some(Ok(_))) {
                merged = None;
            }
            next
        })
    }

    #[cfg(test)]
    pub(crate) fn everything(&self) -> std::collections::BTreeSet<Vec<u8>> {
        let mut merged = Merged::seek(&self.db, &self.current(), b"").unwrap();
        let mut keys = std::collections::BTreeSet::new();
        while merged.advance().unwrap() {
            keys.insert(merged.key().to_vec());
        }
        keys
    }

    /// Takes over what entries up to `applied` changed, in the order of the keys.
    ///
    /// # Errors
    /// [`IndexTrouble`]; then nothing counts of it.
    pub(crate) fn add<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        applied: RecordNumber,
    ) -> Result<(), IndexTrouble> {
        let mut writer = self.writer();
        let mut floor = None;
        for (key, value) in changes {
            writer.push(key, value)?;
            if key == state::FLOOR {
                floor = value.map(state::read::<Floor>).transpose().map_err(|_| Damaged(0))?;
            }
        }
        self.count(writer, applied)?;
        if let Some(floor) = floor {
            self.raise(floor);
        }
        Ok(())
    }

    /// Writes a run that counts for nothing yet.
    pub(crate) fn writer(&self) -> RunWriter<'_> {
        let mut catalogue = self.catalogue();
        catalogue.next += 1;
        RunWriter::new(&self.db, catalogue.next)
    }

    /// Lets a run count, which holds what entries up to `applied` changed.
    ///
    /// # Errors
    /// [`IndexTrouble`]; then it does not.
    pub(crate) fn count(&self, writer: RunWriter<'_>, applied: RecordNumber) -> Result<(), IndexTrouble> {
        let run = if writer.keys() == 0 { None } else { writer.finish(0, || true)? };
        let mut catalogue = self.catalogue();
        let mut counting = catalogue.clone();
        counting.applied = applied.0;
        counting.runs.extend(run.as_ref().map(|run| run.described));
        self.db.insert(CATALOGUE, counting.write()?)?;
        *catalogue = counting;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let runs = run.into_iter().map(Arc::new).chain(current.iter().cloned());
        *current = Arc::new(self.within_room(runs));
        Ok(())
    }

    /// Runs from the latest to the earliest, with as many filters as there is memory for.
    fn within_room(&self, runs: impl Iterator<Item = Arc<Run>>) -> Vec<Arc<Run>> {
        let mut room = FilterRoom(self.filters_bytes_max);
        runs.map(|run| room.take(run)).collect()
    }

    /// Merges runs of one level, when there are enough of them and as long as it `is_wanted`: whether it did.
    ///
    /// # Errors
    /// [`IndexTrouble`]; everything then counts as before.
    pub(crate) fn merge(&self, is_wanted: impl Fn() -> bool) -> Result<bool, IndexTrouble> {
        self.remove_retired(&is_wanted)?;
        let current = self.current();
        let Some((level, first, count)) = due(&current) else { return Ok(false) };
        let merging = current.get(first..first + count).unwrap_or_default();
        // Behind the earliest run a removed key hides nothing.
        let is_earliest = first + count == current.len();
        let mut merged = Merged::seek(&self.db, merging, b"")?;
        let (mut writer, floor) = (self.writer(), self.floor());
        while merged.advance()? {
            // What an earlier run has of a key that is not live is not live either.
            let is_kept = merged.value().map_or(!is_earliest, |value| floor.is_live(merged.key(), value));
            if is_kept {
                writer.push(merged.key(), merged.value())?;
            }
            if writer.keys().is_multiple_of(KEYS_BETWEEN) && !is_wanted() {
                return Ok(false);
            }
        }
        drop(merged);
        let Some(run) = writer.finish(level.saturating_add(1), &is_wanted)? else { return Ok(false) };
        self.replace(merging, run)?;
        Ok(true)
    }

    /// Whether so much waits to be merged that others have to stand back for it.
    pub(crate) fn is_merging_urgent(&self) -> bool {
        self.current().iter().take_while(|run| run.described.level == 0).count() >= URGENT_RUNS
    }

    fn replace(&self, merged: &[Arc<Run>], run: Run) -> Result<(), IndexTrouble> {
        let is_merged = |id: u64| merged.iter().any(|run| run.described.id == id);
        let mut catalogue = self.catalogue();
        let mut counting = catalogue.clone();
        let at = counting.runs.iter().position(|described| is_merged(described.id)).unwrap_or(0);
        counting.runs.retain(|described| !is_merged(described.id));
        counting.runs.insert(at, run.described);
        self.db.insert(CATALOGUE, counting.write()?)?;
        *catalogue = counting;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let mut runs: Vec<_> = current.iter().filter(|run| !is_merged(run.described.id)).cloned().collect();
        runs.insert(runs.len() - at, Arc::new(run));
        *current = Arc::new(self.within_room(runs.into_iter()));
        drop((current, catalogue));
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).extend(merged.iter().cloned());
        Ok(())
    }

    /// Removes the pages of merged runs that nobody reads any more, as long as that `is_wanted`.
    fn remove_retired(&self, is_wanted: &impl Fn() -> bool) -> Result<(), IndexTrouble> {
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, mut unread): (_, Vec<_>) = std::mem::take(&mut *retired).into_iter().partition(Run::is_read);
        *retired = read;
        drop(retired);
        while let Some(run) = unread.pop() {
            let id = run.described.id;
            if !remove(&self.db, PAGE, id, is_wanted)? || !remove(&self.db, FILTER, id, is_wanted)? {
                unread.push(run);
                self.retired.lock().unwrap_or_else(PoisonError::into_inner).append(&mut unread);
            }
        }
        Ok(())
    }

    fn current(&self) -> Arc<Vec<Arc<Run>>> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn catalogue(&self) -> MutexGuard<'_, Catalogue> {
        self.catalogue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left of the memory that filters may take, in bytes.
struct FilterRoom(usize);

impl FilterRoom {
    /// The run, without its filters when there is no room for them.
    fn take(&mut self, run: Arc<Run>) -> Arc<Run> {
        match self.0.checked_sub(run.filter_bytes()) {
            Some(left) => {
                self.0 = left;
                run
            }
            None => Arc::new(run.without_filters()),
        }
    }
}

impl Catalogue {
    fn read(value: &[u8]) -> Option<Self> {
        let (checksum, rest) = value.split_first_chunk::<4>()?;
        postcard::from_bytes(rest).ok().filter(|_| *checksum == crc32c::crc32c(rest).to_le_bytes())
    }

    fn write(&self) -> Result<Vec<u8>, IndexTrouble> {
        let catalogue = postcard::to_stdvec(self).map_err(|_| IndexTrouble::Damaged(Damaged(0)))?;
        Ok([&crc32c::crc32c(&catalogue).to_le_bytes()[..], &catalogue].concat())
    }
}

/// The next key that holds something and speaks of what is kept.
fn next_pair(merged: &mut Merged, floor: &Floor) -> Result<Option<Pair>, IndexTrouble> {
    while merged.advance()? {
        if let Some(value) = merged.value().filter(|value| floor.is_live(merged.key(), value)) {
            return Ok(Some((merged.key().to_vec(), value.to_vec())));
        }
    }
    Ok(None)
}

/// The lowest level of which there are enough runs: where they begin, and how many. Runs from the latest to the earliest
/// never come to a lower level again.
fn due(current: &[Arc<Run>]) -> Option<(u8, usize, usize)> {
    let mut first = 0;
    current.chunk_by(|one, other| one.described.level == other.described.level).find_map(|runs| {
        let found = (runs.first()?.described.level, first, runs.len());
        first += runs.len();
        (runs.len() >= FAN_OUT).then_some(found)
    })
}

/// Removes what is kept of a run under a letter: whether all of it, which goes on as long as it `is_wanted`.
fn remove(db: &sled::Db, letter: u8, run: u64, is_wanted: impl Fn() -> bool) -> Result<bool, IndexTrouble> {
    for (removed, key) in (1_usize..).zip(db.scan_prefix(parts(letter, run)).keys()) {
        db.remove(key?)?;
        if removed.is_multiple_of(PAGES_BETWEEN) && !is_wanted() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes what was begun and never counted, or counted once and was not removed yet.
fn remove_unknown(db: &sled::Db, letter: u8, catalogue: &Catalogue) -> Result<(), IndexTrouble> {
    let mut from = 0_u64;
    while let Some(pair) = db.range(parts(letter, from)..[letter + 1].to_vec()).next() {
        let (key, _) = pair?;
        let Some(run) = key.get(1..).and_then(|rest| rest.first_chunk()).copied().map(u64::from_be_bytes) else {
            break;
        };
        if !catalogue.runs.iter().any(|described| described.id == run) {
            remove(db, letter, run, || true)?;
        }
        let Some(next) = run.checked_add(1) else { break };
        from = next;
    }
    Ok(())
}

/// Whether a key of sled is one of this room.
pub(crate) fn is_own(key: &[u8]) -> bool {
    key == CATALOGUE || matches!(key.first(), Some(&(PAGE | FILTER)))
}

/// Where keys go on behind all of those that this room has under one letter; none for a key that is no such.
pub(crate) fn behind(key: &[u8]) -> Option<Vec<u8>> {
    key.first().filter(|letter| matches!(**letter, PAGE | FILTER)).map(|letter| vec![letter + 1])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::page::Pairs;
    use super::*;
    use crate::store::state;

    type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

    fn sled() -> sled::Db {
        sled::Config::new().temporary(true).open().unwrap()
    }

    fn add(runs: &Runs, changes: &Changes, applied: u64) {
        let changes = changes.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
        runs.add(changes, RecordNumber(applied)).unwrap();
    }

    /// Many keys, each with a value that names the change.
    fn changes(keys: std::ops::Range<u32>, value: &str) -> Changes {
        keys.map(|key| (format!("r{key:06}").into_bytes(), Some(value.as_bytes().to_vec()))).collect()
    }

    fn get(runs: &Runs, key: &str) -> Option<String> {
        runs.get(key.as_bytes()).unwrap().map(|value| String::from_utf8(value).unwrap())
    }

    fn pages(db: &sled::Db) -> Vec<sled::IVec> {
        db.scan_prefix([PAGE]).keys().map(Result::unwrap).collect()
    }

    #[test]
    fn the_latest_run_that_speaks_of_a_key_counts() {
        let (db, key) = (sled(), b"o1".to_vec());
        let runs = Runs::open(&db).unwrap();
        add(&runs, &Changes::from([(key.clone(), Some(b"1".to_vec())), (b"o2".to_vec(), Some(b"2".to_vec()))]), 1);
        add(&runs, &Changes::from([(key, None)]), 2);
        for runs in [runs, Runs::open(&db).unwrap()] {
            assert_eq!((get(&runs, "o1"), get(&runs, "o2").as_deref()), (None, Some("2")));
            assert_eq!(runs.pairs().map(Result::unwrap).collect::<Vec<_>>(), [(b"o2".to_vec(), b"2".to_vec())]);
            assert_eq!(runs.applied(), RecordNumber(2));
        }
    }

    #[test]
    fn keys_are_found_on_every_page_and_others_are_not() {
        let db = sled();
        let runs = Runs::open(&db).unwrap();
        add(&runs, &changes(0..20_000, "1"), 1);
        assert!(pages(&db).len() > 5);
        for key in (0..20_000).step_by(7) {
            assert_eq!(get(&runs, &format!("r{key:06}")).as_deref(), Some("1"));
            assert_eq!(get(&runs, &format!("r{key:06}x")), None);
        }
        assert_eq!((get(&runs, "a"), get(&runs, "z")), (None, None));
        let found = runs.beginning_with(b"r0199", b"r01995", 3, |key| key != b"r019951").unwrap();
        let found: Vec<_> = found.iter().map(|(key, _)| key.as_slice()).collect();
        assert_eq!(found, [b"r019950", b"r019952", b"r019953"]);
    }

    /// sled's way back from a leaf to the one before it never ends where that one begins with a letter, four bytes of ones
    /// and more, and this one with the next letter: as keys of interchanges (`n`) in front of answers (`o`) do.
    #[test]
    fn answers_behind_interchanges_are_found_wherever_a_leaf_ends() {
        let value = Some(vec![b'v'; 1 << 10]);
        let answers = (0..192_u64).map(|answer| [b"oacme\0", &answer.to_be_bytes()[..]].concat());
        for interchanges in (0..9).map(|pages| 16 * (18 + pages)) {
            let places = (0..interchanges).map(|entry| state::interchange(RecordNumber(entry)));
            let all: Changes = places.chain(answers.clone()).map(|key| (key, value.clone())).collect();
            let runs = Runs::open(&sled()).unwrap();
            add(&runs, &all, 1);
            for answer in answers.clone() {
                let behind = [&answer[..], &[0]].concat();
                assert_eq!(runs.get(&behind).unwrap(), None);
                let found = runs.beginning_with(b"oacme\0", &answer, 1, |_| true).unwrap();
                assert_eq!(found, [(answer, value.clone().unwrap())]);
            }
            assert_eq!(runs.beginning_with(b"oacme\0", b"", 200, |_| true).unwrap().len(), 192);
        }
    }

    #[test]
    fn enough_runs_are_merged_and_their_pages_removed() {
        let db = sled();
        let runs = Runs::open(&db).unwrap();
        for applied in 1..=40_u64 {
            add(&runs, &changes(0..300, &applied.to_string()), applied);
            while runs.merge(|| true).unwrap() {}
        }
        assert!(runs.current().len() < FAN_OUT, "{:?}", runs.current());
        assert_eq!(get(&runs, "r000299").as_deref(), Some("40"));
        assert!(!runs.merge(|| true).unwrap());
        let described: Vec<_> = runs.current().iter().map(|run| run.described.id).collect();
        let kept: std::collections::BTreeSet<_> =
            pages(&db).iter().map(|key| u64::from_be_bytes(*key[1..].first_chunk().unwrap())).collect();
        assert!(kept.into_iter().eq(described.into_iter().collect::<std::collections::BTreeSet<_>>()));
        assert_eq!(Runs::open(&db).unwrap().pairs().count(), 300);
    }

    /// How much memory the filters of each run take, from the latest to the earliest.
    fn filter_bytes(runs: &Runs) -> Vec<usize> {
        runs.current().iter().map(|run| run.filter_bytes()).collect()
    }

    #[test]
    fn filters_that_do_not_fit_into_memory_are_those_of_the_earliest_runs() {
        let db = sled();
        add(&Runs::open(&db).unwrap(), &changes(0..2000, "1"), 1);
        let of_one = filter_bytes(&Runs::open(&db).unwrap())[0];
        let mut runs = Runs::open_with(&db, 3 * of_one).unwrap();
        for applied in 2..=5_u32 {
            add(&runs, &changes(2000 * (applied - 1)..2000 * applied, "1"), applied.into());
        }
        for _ in 0..2 {
            let with_filters: Vec<_> = filter_bytes(&runs).iter().map(|bytes| *bytes > 0).collect();
            assert_eq!(with_filters, [true, true, true, false, false]);
            for key in (0..10_000).step_by(77) {
                assert_eq!(get(&runs, &format!("r{key:06}")).as_deref(), Some("1"));
            }
            runs = Runs::open_with(&db, 3 * of_one).unwrap();
        }
    }

    #[test]
    fn a_run_that_loses_its_filters_while_it_is_read_keeps_its_pages() {
        let db = sled();
        let runs = Runs::open_with(&db, 0).unwrap();
        add(&runs, &changes(0..2000, "1"), 1);
        // Somebody reads the run as it was before its filters went.
        let described = runs.current()[0].described;
        let before = Arc::new(Run::load(&db, described).unwrap());
        *runs.current.write().unwrap() = Arc::new(vec![Arc::clone(&before)]);
        let mut reading = Merged::seek(&db, &runs.current(), b"").unwrap();
        drop(before);
        for applied in 2..=8 {
            add(&runs, &changes(0..10, "2"), applied);
        }
        assert_eq!(filter_bytes(&runs), [0; 8]);
        assert!(runs.merge(|| true).unwrap());
        assert!(!runs.merge(|| true).unwrap());
        let mut keys = 0;
        while reading.advance().unwrap() {
            keys += 1;
        }
        assert_eq!(keys, 2000);
        drop(reading);
        assert!(!runs.merge(|| true).unwrap());
        let merged = runs.current()[0].described.id;
        assert!(pages(&db).iter().all(|page| page.starts_with(&parts(PAGE, merged))));
    }

    #[test]
    fn a_merge_rests_between_filters_and_between_pages_that_it_removes() {
        let db = sled();
        let runs = Runs::open(&db).unwrap();
        for applied in 1..=8 {
            add(&runs, &changes(0..60_000, &applied.to_string()), applied);
        }
        let rests = std::cell::Cell::new(0_u64);
        let rest = || {
            rests.set(rests.get() + 1);
            true
        };
        assert!(runs.merge(rest).unwrap());
        let filters = filters_of(&db, runs.current()[0].described.id);
        assert!(filters >= 4 && rests.get() >= 60_000 / KEYS_BETWEEN + filters, "{filters} {}", rests.get());
        rests.set(0);
        let before = pages(&db).len();
        assert!(!runs.merge(rest).unwrap());
        let removed = before - pages(&db).len();
        assert!(removed >= 8 * PAGES_BETWEEN && rests.get() >= 8 * (removed / 8 / PAGES_BETWEEN) as u64, "{removed}");
    }

    fn filters_of(db: &sled::Db, run: u64) -> u64 {
        db.scan_prefix(parts(FILTER, run)).count() as u64
    }

    #[test]
    fn pages_that_are_not_removed_yet_are_removed_later() {
        let db = sled();
        let runs = Runs::open(&db).unwrap();
        for applied in 1..=8 {
            add(&runs, &changes(0..60_000, &applied.to_string()), applied);
        }
        assert!(runs.merge(|| true).unwrap());
        let before = pages(&db).len();
        assert!(!runs.merge(|| false).unwrap());
        assert_eq!(pages(&db).len(), before - PAGES_BETWEEN);
        assert!(!runs.merge(|| true).unwrap());
        let merged = runs.current()[0].described.id;
        assert!(pages(&db).iter().all(|page| page.starts_with(&parts(PAGE, merged))));
        assert_eq!(filters_of(&db, merged), db.scan_prefix([FILTER]).count() as u64);
    }

    #[test]
    fn a_merge_that_is_not_wanted_any_more_changes_nothing() {
        let db = sled();
        let runs = Runs::open(&db).unwrap();
        for applied in 1..=8 {
            add(&runs, &changes(0..9000, &applied.to_string()), applied);
        }
        assert!(!runs.merge(|| false).unwrap());
        assert_eq!(runs.current().len(), 8);
        let before = pages(&db).len();
        let runs = Runs::open(&db).unwrap();
        assert!(pages(&db).len() < before, "what was begun is removed at a start");
        assert_eq!((get(&runs, "r008999").as_deref(), runs.pairs().count()), (Some("8"), 9000));
    }

    #[test]
    fn a_page_that_is_gone_or_spoiled_is_never_taken_for_keys_that_are_not_there() {
        for place in 0..3 {
            for is_gone in [true, false] {
                let db = sled();
                let runs = Runs::open(&db).unwrap();
                add(&runs, &changes(0..20_000, "1"), 1);
                let page = pages(&db)[place].clone();
                let mut pairs = Pairs::read(&page, db.get(&page).unwrap().unwrap()).unwrap();
                assert_eq!(pairs.advance(), Some(true));
                let first = pairs.key().to_vec();
                if is_gone {
                    db.remove(&page).unwrap();
                } else {
                    let mut bytes = db.get(&page).unwrap().unwrap().to_vec();
                    *bytes.last_mut().unwrap() ^= 1;
                    db.insert(&page, bytes).unwrap();
                }
                assert!(runs.get(&first).is_err(), "{place} {is_gone}");
                assert!(runs.pairs().any(|pair| pair.is_err()));
                assert!(runs.beginning_with(b"r", b"", 20_000, |_| true).is_err());
            }
        }
    }

    #[test]
    fn filters_of_a_former_kind_hide_no_key() {
        let db = sled();
        add(&Runs::open(&db).unwrap(), &changes(0..20_000, "1"), 1);
        for pair in db.scan_prefix([FILTER]).map(Result::unwrap) {
            // No bit is set, so that whoever went by them would find nothing.
            let bits = vec![0; pair.1.len() - 4];
            let checksum = crc32c::crc32c_append(crc32c::crc32c(&pair.0), &bits).to_le_bytes();
            db.insert(pair.0, [&checksum[..], &bits].concat()).unwrap();
        }
        let runs = Runs::open(&db).unwrap();
        for key in (0..20_000).step_by(77) {
            assert_eq!(get(&runs, &format!("r{key:06}")).as_deref(), Some("1"));
        }
        assert_eq!(get(&runs, "r1"), None);
        drop(runs);
        let (place, value) = db.scan_prefix([FILTER]).map(Result::unwrap).last().unwrap();
        let mut spoiled = value.to_vec();
        spoiled[10] ^= 1;
        db.insert(place, spoiled).unwrap();
        assert!(matches!(Runs::open(&db), Err(IndexTrouble::Damaged(_))), "the last of several filters is spoiled");
    }

    #[test]
    fn a_catalogue_or_filter_that_is_spoiled_or_gone_is_seen_at_once() {
        for key in [&b"F"[..], CATALOGUE] {
            let db = sled();
            add(&Runs::open(&db).unwrap(), &changes(0..100, "1"), 1);
            let (key, value) = db.scan_prefix(key).next().unwrap().unwrap();
            let mut bytes = value.to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            db.insert(&key, bytes).unwrap();
            assert!(Runs::open(&db).is_err());
        }
    }

    fn some_changes() -> impl Strategy<Value = Changes> {
        let key = ("[or]", 0..40_u32).prop_map(|(kind, key)| format!("{kind}{key}").into_bytes());
        prop::collection::btree_map(key, prop::option::of(prop::collection::vec(any::<u8>(), 0..600)), 0..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_put_away_and_merged_is_what_was_put_away_last(
            steps in prop::collection::vec((some_changes(), 0..3_u8), 1..30)
        ) {
            let db = sled();
            let mut runs = Runs::open(&db).unwrap();
            let mut expected = Changes::new();
            for (applied, (changes, then)) in (1..).zip(steps) {
                add(&runs, &changes, applied);
                expected.extend(changes);
                match then {
                    0 => drop(runs.merge(|| true).unwrap()),
                    1 => runs = Runs::open(&db).unwrap(),
                    _ => {}
                }
                for (key, value) in &expected {
                    prop_assert_eq!(&runs.get(key).unwrap(), value);
                }
            }
            let held = expected.into_iter().filter_map(|(key, value)| Some((key, value?)));
            prop_assert!(runs.pairs().map(Result::unwrap).eq(held));
        }
    }
}
