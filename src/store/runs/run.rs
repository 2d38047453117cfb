//! A run: changes of consecutive entries in the order of their keys, in pages, written once and never changed.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sled::IVec;

use super::Damaged;
use super::filter::{self, Block, FILTER_KEYS_MAX, Filter, Probe};
use super::page::{PageWriter, Pairs};
use crate::store::index::IndexTrouble;
use crate::store::state;

/// The letters of our keys in sled; keys of the state begin with small letters.
pub(super) const PAGE: u8 = b'P';
pub(super) const FILTER: u8 = b'F';

/// A run whose filters would take more memory has none, and its pages are looked at: a run of more than 26 million
/// declarations, or of 53 million whose answers were all delivered.
const FILTERS_BYTES_MAX: usize = 256 << 20;

/// How often a page is looked at once more, when it is read for one key and when pages are read one behind the other. sled holds
/// what it keeps against its limit (`store.cache_bytes`) only when it was looked at 64 times in one of 256 parts of its memory.
/// Looked at once each, leaves of 64 KB and more would stay, 64 in each part: a gigabyte, whatever the limit is. A look at what
/// is in memory takes a microsecond.
const LOOKS_AT_ONE: usize = 15;
const LOOKS_ALONG: usize = 3;

/// What the checksum of a filter covers behind its bits: which keys set which of them. That of a former one, of twelve bits
/// for each key, ends with them; a run that has such filters is read as one that has none, until it is merged.
const FILTER_KIND: &[u8] = &[2];

/// What the catalogue says of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Described {
    /// Its number: of two runs that hold a key, the one that stands later in the catalogue counts, whatever the numbers.
    pub(super) id: u64,
    /// How often its keys were merged.
    pub(super) level: u8,
    /// Keys in it, those that are removed too.
    pub(super) keys: u64,
    /// Filters; none when it is too long to have any.
    pub(super) filters: Option<u32>,
}

/// A run that can be read.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) described: Described,
    filters: Option<Filters>,
    /// Held by all who may read its pages.
    pages: Arc<()>,
    /// The last page that was looked at for one key: answers that were delivered are asked for one behind the other.
    latest: Mutex<Option<Latest>>,
}

/// A page, in front of its first pair, and its place.
#[derive(Debug)]
struct Latest {
    place: IVec,
    pairs: Pairs,
}

/// Filters, each of the keys from a first one on.
#[derive(Debug, Default)]
struct Filters {
    /// The first keys one behind the other, since they are looked at for every question.
    firsts: Vec<u8>,
    /// Where each of them is.
    places: Vec<Range<usize>>,
    filters: Vec<Filter>,
    /// How much memory they take, in bytes.
    bytes: usize,
}

impl Filters {
    fn push(&mut self, first: &[u8], filter: Filter) {
        let begin = self.firsts.len();
        self.firsts.extend_from_slice(first);
        self.places.push(begin..self.firsts.len());
        self.bytes += filter.bytes();
        self.filters.push(filter);
    }

    fn len(&self) -> usize {
        self.filters.len()
    }

    /// In the order of the keys.
    fn iter(&self) -> impl Iterator<Item = (&[u8], &Filter)> {
        self.places.iter().map(|place| self.first(place)).zip(&self.filters)
    }

    /// The block in which the key's bits are when one of them knows it; none when none does.
    fn block(&self, key: &[u8], probe: &Probe) -> Option<&Block> {
        let behind = self.places.partition_point(|place| self.first(place) <= key);
        self.filters.get(behind.checked_sub(1)?)?.block(probe)
    }

    fn first(&self, place: &Range<usize>) -> &[u8] {
        self.firsts.get(place.clone()).unwrap_or_default()
    }
}

/// What the filters of a run say of a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hint<'a> {
    /// They do not know keys of its kind, or the run has none.
    Nothing,
    /// The run does not hold it.
    Absent,
    /// This block has its bits if the run holds it.
    Block(&'a Block),
}

impl Hint<'_> {
    /// Whether the run may hold the key.
    pub(super) fn may_hold(self, probe: Option<&Probe>) -> bool {
        match self {
            Self::Nothing => true,
            Self::Absent => false,
            Self::Block(block) => probe.is_none_or(|probe| probe.may_be_in(block)),
        }
    }
}

/// What the keys of all parts of a run in sled begin with.
pub(super) fn parts(letter: u8, run: u64) -> Vec<u8> {
    let mut place = Vec::with_capacity(64);
    place.push(letter);
    place.extend_from_slice(&run.to_be_bytes());
    place
}

/// Where the filter is kept of keys from `first` on.
fn place_of_filter(run: u64, first: &[u8]) -> Vec<u8> {
    let mut place = parts(FILTER, run);
    place.extend_from_slice(first);
    place
}

/// Where the page is kept of keys from `first` on: later pages stand in front of earlier ones, so that the page that a key
/// is on is the next one from the key's own place on. sled must not be asked for the one before a key: going backwards, it
/// looks for the leaf in front of one that begins with a byte by that byte less one and four bytes of ones, never finds
/// one that begins behind that, and panics after a million looks.
///
/// Each byte is turned into its complement, a byte of ones gets a zero behind it, and two of ones end it: of two keys the
/// lesser has the greater place, also when it is the beginning of the other.
fn place_of_page(run: u64, first: &[u8]) -> Vec<u8> {
    let mut place = parts(PAGE, run);
    for byte in first {
        place.push(!byte);
        if *byte == 0 {
            place.push(0);
        }
    }
    place.extend_from_slice(&[0xFF, 0xFF]);
    place
}

impl Run {
    /// A run of the catalogue, with its filters in memory.
    pub(super) fn load(db: &sled::Db, described: Described) -> Result<Self, IndexTrouble> {
        let Described { id, filters: Some(expected), .. } = described else {
            return Ok(Self::new(described, None));
        };
        let (mut filters, mut is_former) = (Filters::default(), false);
        let prefix = parts(FILTER, id);
        for pair in db.scan_prefix(&prefix) {
            let (key, value) = pair?;
            look_again(db, &key, LOOKS_ALONG)?;
            let (checksum, bits) = value.split_first_chunk().ok_or(Damaged(id))?;
            if *checksum == checksum_of(&key, &[bits]) {
                is_former = true;
            } else if *checksum != checksum_of(&key, &[bits, FILTER_KIND]) {
                return Err(Damaged(id).into());
            }
            filters.push(key.get(prefix.len()..).unwrap_or_default(), Filter::read(bits).ok_or(Damaged(id))?);
        }
        if u32::try_from(filters.len()).ok() != Some(expected) {
            return Err(Damaged(id).into());
        }
        Ok(Self::new(described, Some(filters).filter(|_| !is_former)))
    }

    fn new(described: Described, filters: Option<Filters>) -> Self {
        Self { described, filters, pages: Arc::default(), latest: Mutex::default() }
    }

    /// The same run, whose pages are looked at for every key.
    pub(super) fn without_filters(&self) -> Self {
        Self { described: self.described, filters: None, pages: Arc::clone(&self.pages), latest: Mutex::default() }
    }

    /// How much memory its filters take, in bytes.
    pub(super) fn filter_bytes(&self) -> usize {
        self.filters.as_ref().map_or(0, |filters| filters.bytes)
    }

    /// Whether somebody besides the holder of this one may read its pages.
    pub(super) fn is_read(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) > 1 || Arc::strong_count(&self.pages) > 1
    }

    /// What has to be looked at before the pages are asked for a key.
    pub(super) fn hint(&self, key: &[u8], probe: Option<&Probe>) -> Hint<'_> {
        match (probe, &self.filters) {
            (Some(probe), Some(filters)) => filters.block(key, probe).map_or(Hint::Absent, Hint::Block),
            (None, _) | (_, None) => Hint::Nothing,
        }
    }

    /// What the run says of a key: nothing, that it is removed, or what it holds.
    pub(super) fn get(&self, db: &sled::Db, key: &[u8]) -> Result<Option<Option<Vec<u8>>>, IndexTrouble> {
        let id = self.described.id;
        let mut pairs = self.page_of(db, key)?;
        while pairs.advance().ok_or(Damaged(id))? {
            if pairs.key() >= key {
                return Ok((pairs.key() == key).then(|| pairs.value().map(<[u8]>::to_vec)));
            }
        }
        Ok(None)
    }

    /// The page in which a key is when it is here: the last one again, or another.
    fn page_of(&self, db: &sled::Db, key: &[u8]) -> Result<Pairs, IndexTrouble> {
        let id = self.described.id;
        let latest = || self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Latest { place, pairs }) = &*latest()
            && **place >= *place_of_page(id, key)
            && pairs.bound().is_none_or(|bound| key < bound)
        {
            return Ok(pairs.clone());
        }
        let (place, pairs) = page_of(db, id, key)?;
        *latest() = Some(Latest { place, pairs: pairs.clone() });
        Ok(pairs)
    }
}

/// The hash by which filters know a key, when they know keys of its kind.
fn hash(key: &[u8]) -> Option<u64> {
    state::is_asked_often(key).then(|| filter::hash(key))
}

/// What filters are asked of a key, when they know keys of its kind.
pub(super) fn probe(key: &[u8]) -> Option<Probe> {
    hash(key).map(Probe::of)
}

/// The page of a run in which a key is when it is in the run, in front of its first pair, and its place.
fn page_of(db: &sled::Db, run: u64, key: &[u8]) -> Result<(IVec, Pairs), IndexTrouble> {
    let found = db.range(place_of_page(run, key)..).next().transpose()?;
    let (place, page) = found.filter(|(place, _)| place.starts_with(&parts(PAGE, run))).ok_or(Damaged(run))?;
    look_again(db, &place, LOOKS_AT_ONE)?;
    let pairs = Pairs::read(&place, page).ok_or(Damaged(run))?;
    // A page between this one and the key is gone.
    if pairs.bound().is_some_and(|bound| bound <= key) {
        return Err(Damaged(run).into());
    }
    Ok((place, pairs))
}

/// Has sled count that what is in this place is in its memory.
fn look_again(db: &sled::Db, place: &[u8], times: usize) -> sled::Result<()> {
    (0..times).try_for_each(|_| db.get(place).map(drop))
}

/// Goes along a run.
#[derive(Debug)]
pub(super) struct Cursor {
    db: sled::Db,
    run: Arc<Run>,
    pairs: Pairs,
}

impl Cursor {
    /// At the first pair from a key on; none when there is none.
    pub(super) fn seek(db: &sled::Db, run: &Arc<Run>, from: &[u8]) -> Result<Option<Self>, IndexTrouble> {
        let mut cursor = Self { db: db.clone(), run: Arc::clone(run), pairs: page_of(db, run.described.id, from)?.1 };
        while cursor.advance()? {
            if cursor.key() >= from {
                return Ok(Some(cursor));
            }
        }
        Ok(None)
    }

    /// Goes on to the next pair: whether there is one.
    pub(super) fn advance(&mut self) -> Result<bool, IndexTrouble> {
        let id = self.run.described.id;
        while !self.pairs.advance().ok_or(Damaged(id))? {
            let Some(bound) = self.pairs.bound() else { return Ok(false) };
            let place = place_of_page(id, bound);
            let page = self.db.get(&place)?.ok_or(Damaged(id))?;
            look_again(&self.db, &place, LOOKS_ALONG)?;
            self.pairs = Pairs::read(&place, page).ok_or(Damaged(id))?;
        }
        Ok(true)
    }

    pub(super) fn key(&self) -> &[u8] {
        self.pairs.key()
    }

    pub(super) fn value(&self) -> Option<&[u8]> {
        self.pairs.value()
    }
}

/// Writes a run, pair after pair in the order of the keys.
#[derive(Debug)]
pub(crate) struct RunWriter<'a> {
    db: &'a sled::Db,
    id: u64,
    page: PageWriter,
    /// The place of the page that is gathered.
    place: Vec<u8>,
    keys: u64,
    /// Keys of the filter that is gathered, the first of them as it is.
    hashes: Vec<u64>,
    first: Vec<u8>,
    filters: Option<Filters>,
}

impl<'a> RunWriter<'a> {
    pub(super) fn new(db: &'a sled::Db, id: u64) -> Self {
        let (page, place) = (PageWriter::default(), place_of_page(id, b""));
        Self { db, id, page, place, keys: 0, hashes: Vec::new(), first: Vec::new(), filters: Some(Filters::default()) }
    }

    /// How many pairs were written.
    pub(crate) fn keys(&self) -> u64 {
        self.keys
    }

    /// Writes a pair.
    ///
    /// # Errors
    /// [`IndexTrouble::Sled`].
    pub(crate) fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), IndexTrouble> {
        if self.page.is_full() {
            let page = self.page.finish(&self.place, Some(key));
            self.db.insert(&self.place, page)?;
            self.place = place_of_page(self.id, key);
        }
        self.page.push(key, value);
        self.keys += 1;
        if let Some(hash) = hash(key)
            && self.filters.is_some()
        {
            if self.hashes.is_empty() {
                self.first = key.to_vec();
            }
            self.hashes.push(hash);
            if self.hashes.len() == FILTER_KEYS_MAX {
                self.end_filter();
            }
        }
        Ok(())
    }

    /// Everything was written. The run counts once it is in the catalogue; there is none when it was not wanted any more, which
    /// is asked between one filter and the next.
    pub(super) fn finish(mut self, level: u8, is_wanted: impl Fn() -> bool) -> Result<Option<Run>, IndexTrouble> {
        let page = self.page.finish(&self.place, None);
        self.db.insert(&self.place, page)?;
        if !self.hashes.is_empty() {
            self.end_filter();
        }
        let (id, keys) = (self.id, self.keys);
        for (first, filter) in self.filters.iter().flat_map(Filters::iter) {
            let (place, bits) = (place_of_filter(id, first), filter.write());
            let value = [&checksum_of(&place, &[&bits, FILTER_KIND])[..], &bits].concat();
            self.db.insert(place, value)?;
            if !is_wanted() {
                return Ok(None);
            }
        }
        let filters = self.filters.as_ref().map(|filters| u32::try_from(filters.len()).unwrap_or(u32::MAX));
        Ok(Some(Run::new(Described { id, level, keys, filters }, self.filters)))
    }

    fn end_filter(&mut self) {
        let Some(filters) = &mut self.filters else { return };
        filters.push(&self.first, Filter::of(&self.hashes));
        self.hashes.clear();
        if filters.bytes > FILTERS_BYTES_MAX {
            self.filters = None;
        }
    }
}

fn checksum_of(place: &[u8], parts: &[&[u8]]) -> [u8; 4] {
    parts.iter().fold(crc32c::crc32c(place), |sum, part| crc32c::crc32c_append(sum, part)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![Just(0), Just(1), Just(0xFE), Just(0xFF), any::<u8>()], 0..6)
    }

    proptest! {
        #[test]
        fn the_lesser_key_has_the_greater_place(one in key(), other in key()) {
            let [one_place, other_place] = [&one, &other].map(|key| place_of_page(7, key));
            prop_assert_eq!(one.cmp(&other), other_place.cmp(&one_place));
        }
    }
}
