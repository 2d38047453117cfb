//! Standbys of stores with short segments: what they take, what they refuse, and what becomes of them.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;

use super::marker::Marker;
use super::*;
use crate::store::battery::{options, proofs};
use crate::store::inspect::{Step, Watch};
use crate::store::journal::Shelves;
use crate::store::journal::segment::{FORMAT, Header};
use crate::store::sample::{NOW, by, evidence, sent};
use crate::store::{Dropped, EmbeddedStore, OpenTrouble, Retention, Shipped, Store as _, StoreOptions, Unfit, check};

struct Unwatched;

impl Watch for Unwatched {
    fn reached(&mut self, _step: Step, _done: u64, _total: Option<u64>) {}
}

/// A store and a place for its standby.
struct Pair {
    home: TempDir,
    store: EmbeddedStore,
}

impl Pair {
    /// With so many interchanges, which fill some segments.
    async fn with(interchanges: u32) -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(options(home.path())).unwrap();
        let pair = Self { home, store };
        pair.records(1..=interchanges).await;
        pair
    }

    async fn records(&self, references: impl IntoIterator<Item = u32>) {
        for reference in references {
            let reference = reference.to_string();
            self.store.record(sent(&reference).with_bytes(500).declaring(&reference)).await.unwrap();
        }
    }

    fn standby(&self) -> PathBuf {
        self.home.path().join("standby")
    }

    fn open(&self) -> Standby {
        Standby::open(&self.standby()).unwrap()
    }

    /// Follows until everything is there, so many bytes at a time.
    async fn follows(&self, standby: &mut Standby, bytes_max: u64) -> Result<(), FollowTrouble> {
        while !self.step(standby, bytes_max).await?.is_level() {}
        Ok(())
    }

    async fn step(&self, standby: &mut Standby, bytes_max: u64) -> Result<Taken, FollowTrouble> {
        let (shipped, bytes) = self.next(standby, bytes_max).await;
        standby.take(&shipped, &bytes, NOW.parse().unwrap())
    }

    async fn next(&self, standby: &Standby, bytes_max: u64) -> (Shipped, Vec<u8>) {
        let (wanted, most) = standby.wants();
        self.store.ship(wanted, if most < bytes_max { most } else { bytes_max }).await.unwrap()
    }

    /// The standby has the same bytes as the store, and nothing else.
    fn is_the_same(&self) {
        let names = |directory: &Path| {
            let entries = fs::read_dir(directory.join("journal")).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names: Vec<_> = entries.filter(|name| name.to_str().unwrap().ends_with(".seg")).collect();
            names.sort();
            names
        };
        let store = self.home.path().join("store");
        assert_eq!(names(&self.standby()), names(&store));
        for name in names(&store) {
            let [one, other] =
                [&store, &self.standby()].map(|place| fs::read(place.join("journal").join(&name)).unwrap());
            assert!(one == other, "{}", name.display());
        }
        let report = check(&self.standby(), 100, &mut Unwatched).unwrap();
        assert!(report.is_right() && report.unsealed_segments == 0, "{report:?}");
    }
}

fn says<T>(outcome: Result<T, impl std::fmt::Display>, words: &str) {
    let said = outcome.err().map(|trouble| trouble.to_string()).unwrap_or_default();
    assert!(said.contains(words), "{words:?} is not in {said:?}");
}

#[tokio::test]
async fn everything_comes_however_much_at_a_time() {
    for bytes_max in [96, 1_000, 1 << 20] {
        let pair = Pair::with(40).await;
        let mut standby = pair.open();
        pair.follows(&mut standby, bytes_max).await.unwrap();
        pair.records(41..=60).await;
        pair.follows(&mut standby, bytes_max).await.unwrap();
        assert_eq!(standby.entry(), 60);
        standby.leave().unwrap();
        pair.is_the_same();
    }
}

#[tokio::test]
async fn an_entry_that_is_longer_than_what_comes_at_one_time_is_put_together() {
    let pair = Pair::with(2).await;
    pair.store.record(sent("long").with_bytes(50_000)).await.unwrap();
    pair.records(3..=5).await;
    let mut standby = pair.open();
    pair.follows(&mut standby, 3_000).await.unwrap();
    standby.leave().unwrap();
    pair.is_the_same();
}

#[tokio::test]
async fn a_segment_without_an_entry_is_followed_like_any_other() {
    let pair = Pair::with(0).await;
    pair.store.record(sent("long").with_bytes(50_000)).await.unwrap(); // The first segment has no room for it.
    pair.records(1..=3).await;
    for bytes_max in [96, 1 << 20] {
        let mut standby = pair.open();
        pair.follows(&mut standby, bytes_max).await.unwrap();
        standby.leave().unwrap();
        pair.is_the_same();
        fs::remove_dir_all(pair.standby()).unwrap();
    }
    // It is opened again where it has the header of the first one and nothing else.
    pair.step(&mut pair.open(), 96).await.unwrap();
    let mut standby = pair.open();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    standby.leave().unwrap();
    pair.is_the_same();
}

#[tokio::test]
async fn a_gateway_of_a_later_version_is_followed_no_further() {
    let pair = Pair::with(1).await;
    let mut standby = pair.open();
    let (shipped, mut bytes) = pair.next(&standby, 1 << 20).await;
    let header = Header::read(bytes.first_chunk().unwrap()).unwrap();
    let later = Header { format: FORMAT + 1, ..header }.write();
    bytes[..later.len()].copy_from_slice(&later);
    let taken = standby.take(&shipped, &bytes, NOW.parse().unwrap());
    says(taken, "bring this machine to the version of the gateway");
    assert_eq!(fs::read_dir(pair.standby()).unwrap().count(), 1, "more than its lock was made");
}

#[tokio::test]
async fn it_goes_on_wherever_it_was_stopped() {
    let pair = Pair::with(30).await;
    let mut steps = 0;
    loop {
        let mut standby = pair.open();
        // Comparing is a step by itself.
        pair.step(&mut standby, 2_500).await.unwrap();
        if pair.step(&mut standby, 2_500).await.unwrap().is_level() {
            break;
        }
        steps += 1;
    }
    assert!(steps > 10, "{steps}");
    drop(pair.open());
    pair.is_the_same();
}

#[tokio::test]
async fn what_an_interrupted_write_left_is_taken_away() {
    let pair = Pair::with(5).await;
    let mut standby = pair.open();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    let place = standby.wants().0;
    drop(standby);
    pair.records(6..=8).await;
    // The end of what comes next is on the disk, and its beginning is not.
    let path = pair.standby().join(format!("journal/{:08}.seg", place.segment));
    let mut bytes = fs::read(&path).unwrap();
    let whole = fs::read(pair.home.path().join(format!("store/journal/{:08}.seg", place.segment))).unwrap();
    let from = usize::try_from(place.offset).unwrap() + 100;
    bytes[from..].copy_from_slice(&whole[from..]);
    fs::write(&path, bytes).unwrap();
    let mut standby = pair.open();
    assert_eq!(standby.entry(), 5);
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    standby.leave().unwrap();
    pair.is_the_same();
}

#[tokio::test]
async fn what_it_surely_had_and_has_no_more_is_told() {
    let pair = Pair::with(5).await;
    let mut standby = pair.open();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    standby.leave().unwrap();
    let path = pair.standby().join("journal/00000001.seg");
    let mut bytes = fs::read(&path).unwrap();
    bytes[200] ^= 1;
    fs::write(&path, &bytes).unwrap();
    says(Standby::open(&pair.standby()).map(drop), "it had entry 5, and its journal ends at 0");
    says(promote(&pair.standby(), StoreOptions::CACHE_BYTES, &by(), &mut Unwatched), "it had entry 5");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn whatever_bit_is_flipped_on_the_way_nothing_wrong_is_taken() {
    let pair = Pair::with(3).await;
    let mut standby = pair.open();
    let (shipped, whole) = pair.next(&standby, 300).await;
    for bit in (0..whole.len() * 8).step_by(7) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let refused = standby.take(&shipped, &bytes, NOW.parse().unwrap());
        assert!(refused.is_err() || standby.entry() == 0, "bit {bit}");
        drop(standby);
        fs::remove_dir_all(pair.standby()).unwrap();
        standby = pair.open();
    }
    pair.follows(&mut standby, 1 << 20).await.unwrap();
}

#[tokio::test]
async fn damage_in_the_gateways_journal_is_not_taken() {
    let pair = Pair::with(5).await;
    let mut standby = pair.open();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    pair.records(6..=7).await;
    let (shipped, mut bytes) = pair.next(&standby, 1 << 20).await;
    bytes[100] ^= 1;
    let now = NOW.parse().unwrap();
    says(standby.take(&shipped, &bytes, now), "an entry is damaged); run `lodged store check`");
    assert_eq!(standby.entry(), 5);
    let mut standby = {
        drop(standby);
        pair.open()
    };
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    says(standby.take(&Shipped { segment: 9, ..shipped }, &[], now), "it is not what was asked for");
}

#[tokio::test]
async fn another_stores_journal_is_refused() {
    let (pair, other) = (Pair::with(2).await, Pair::with(2).await);
    let mut standby = pair.open();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    says(other.step(&mut standby, 1 << 20).await, "give each store a directory of its own");
}

#[tokio::test]
async fn a_gateway_that_went_another_way_is_refused() {
    let pair = Pair::with(4).await;
    let old = pair.home.path().join("old");
    copy(&pair.home.path().join("store/journal"), &old.join("store/journal"));
    pair.records(5..=6).await;
    let mut standby = pair.open();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    drop(standby);
    // The gateway was restored to the moment of four entries.
    let store = EmbeddedStore::open(options(&old)).unwrap();
    let restored = Pair { home: pair.home, store };
    says(
        restored.step(&mut restored.open(), 1 << 20).await,
        "the gateway has entries up to 4, and the standby up to 6",
    );
    restored.records([7, 8, 9]).await;
    says(restored.step(&mut restored.open(), 1 << 20).await, "entry 6 of the standby is not that of the gateway");
    // One that did not notice meets it with the next entry.
    let now = NOW.parse().unwrap();
    let mut standby = restored.open();
    let wanted = crate::store::Wanted { next: 5, ..standby.wants().0 };
    let (shipped, _) = restored.store.ship(wanted, 0).await.unwrap();
    assert!(standby.take(&shipped, &[], now).is_err());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn what_is_no_standby_is_left_alone() {
    let pair = Pair::with(1).await;
    says(Standby::open(&pair.home.path().join("store")).map(drop), "is in use by another process");
    let other = pair.home.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter"), "mine").unwrap();
    says(Standby::open(&other).map(drop), "is no standby and not empty");
    let open = pair.open();
    says(Standby::open(&pair.standby()).map(drop), "is in use by another process");
    drop(open);
    pair.store.close().await.unwrap();
    drop(pair.store);
    says(Standby::open(&pair.home.path().join("store")).map(drop), "is a store and no standby");
}

#[tokio::test]
async fn the_root_of_a_disk_is_empty() {
    let pair = Pair::with(1).await;
    fs::create_dir_all(pair.standby().join("lost+found")).unwrap();
    pair.follows(&mut pair.open(), 1 << 20).await.unwrap();
    pair.is_the_same();
}

#[tokio::test]
async fn a_standby_lies_in_nothing_else() {
    let pair = Pair::with(1).await;
    pair.follows(&mut pair.open(), 1 << 20).await.unwrap();
    for (place, words) in [
        ("store/inner", "store, which is a store"),
        ("store/journal/inner", "store, which is a store"),
        ("standby/inner", "standby, which is a standby"),
    ] {
        let inner = pair.home.path().join(place);
        says(Standby::open(&inner).map(drop), words);
        assert!(!inner.exists());
    }
}

#[tokio::test]
async fn a_standby_becomes_a_store_that_knows_everything() {
    let pair = Pair::with(20).await;
    pair.store.keep(evidence(b"rubbish")).await.unwrap();
    let first = pair.store.record(sent("1").with_bytes(500).declaring("1")).await.unwrap();
    assert!(first.is_repeat);
    let mut standby = pair.open();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    let at = pair.standby();
    says(promote(&at, StoreOptions::CACHE_BYTES, &by(), &mut Unwatched), "is in use by another process");
    drop(standby);
    let on_it = || StoreOptions { directory: at.clone(), ..options(pair.home.path()) };
    let refused = EmbeddedStore::open(on_it());
    assert!(matches!(refused, Err(OpenTrouble::Unfit(Unfit::Standby(_)))), "{refused:?}");
    let report = promote(&at, StoreOptions::CACHE_BYTES, &by(), &mut Unwatched).unwrap();
    assert_eq!((report.was_standby, report.entries, report.known_entry), (true, 21, Some(21)));
    assert_eq!((report.missing_entries, report.last_received_at), (0, Some(NOW.parse().unwrap())));
    says(Standby::open(&at).map(drop), "is a store and no standby");
    let again = promote(&at, StoreOptions::CACHE_BYTES, &by(), &mut Unwatched).unwrap();
    assert_eq!((again.was_standby, again.entries, again.keys), (false, 21, None));
    let promoted = EmbeddedStore::open(on_it()).unwrap();
    assert_eq!(promoted.summary().replayed, 0);
    assert_eq!(promoted.record(sent("1").with_bytes(500).declaring("1")).await.unwrap(), first);
    let last = promoted.record(sent("new").declaring("new")).await.unwrap();
    assert_eq!((last.is_repeat, last.recorded.number.0), (false, 22));
    assert!(promote(&at, StoreOptions::CACHE_BYTES, &by(), &mut Unwatched).is_ok(), "also while a gateway has it");
}

#[test]
fn where_nothing_ever_came_there_is_nothing_to_promote() {
    let home = tempfile::tempdir().unwrap();
    drop(Standby::open(&home.path().join("standby")).unwrap());
    says(promote(&home.path().join("standby"), StoreOptions::CACHE_BYTES, &by(), &mut Unwatched), "it has no journal");
}

/// Days after which what is received at the start is older than it is kept.
const OVER: i64 = Retention::RETENTION_DAYS as i64 + 1;

fn later() -> Timestamp {
    NOW.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_hours(24 * OVER)
}

impl Pair {
    /// Drops what is old, and waits until the files are gone.
    async fn drops_what_is_old(&mut self) -> Dropped {
        self.reopens().await; // All is sealed then.
        let dropped = self.store.prune(later()).await.unwrap();
        self.reopens().await;
        dropped
    }

    async fn reopens(&mut self) {
        self.store.close().await.unwrap();
        let empty = tempfile::tempdir().unwrap();
        drop(std::mem::replace(&mut self.store, EmbeddedStore::open(options(empty.path())).unwrap()));
        self.store = EmbeddedStore::open(options(self.home.path())).unwrap();
    }

    fn segments(&self) -> usize {
        let entries = fs::read_dir(self.standby().join("journal")).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "seg")).count()
    }
}

#[tokio::test]
async fn a_standby_drops_what_its_gateway_dropped() {
    let mut pair = Pair::with(60).await;
    let mut standby = pair.open();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    let before = pair.segments();
    let dropped = pair.drops_what_is_old().await;
    assert!(dropped.segments > 2);
    standby.pause();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    assert_eq!(pair.segments() + usize::try_from(dropped.segments).unwrap(), before);
    standby.leave().unwrap();
    pair.is_the_same();
    drop(pair.open());
    promote(&pair.standby(), 8 << 20, &by(), &mut Unwatched).unwrap();
    let store = EmbeddedStore::open(StoreOptions { directory: pair.standby(), ..options(pair.home.path()) }).unwrap();
    assert_eq!(store.first().0, dropped.entries + 1);
    let next = store.record(sent("next").declaring("next")).await.unwrap().recorded;
    assert_eq!(proofs(&next), ["AB12342026112061"]);
}

#[tokio::test]
async fn what_a_standby_did_not_remove_is_removed_by_the_next_opening() {
    let mut pair = Pair::with(60).await;
    let mut standby = pair.open();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    let journal = Shelves::of(pair.standby().join("journal"));
    let file = |number| journal.path(number);
    let before: Vec<_> = (1..)
        .take_while(|number| file(*number).exists())
        .map(|number| (number, fs::read(file(number)).unwrap()))
        .collect();
    pair.reopens().await;
    let dropped = pair.store.prune(later()).await.unwrap();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    standby.leave().unwrap();
    let (begins, left) = (Marker::find(&pair.standby()).unwrap().unwrap().begins, pair.segments());
    assert!(begins == dropped.segments + 1 && begins > 3, "{begins}");
    for (number, bytes) in before.into_iter().filter(|(number, _)| number + 2 >= begins) {
        if !file(number).exists() {
            fs::write(file(number), bytes).unwrap();
        }
    }
    assert!(pair.segments() > left);
    drop(pair.open());
    assert_eq!(pair.segments(), left);
    pair.reopens().await;
    pair.is_the_same();
}

#[tokio::test]
async fn a_new_standby_begins_where_the_journal_of_the_gateway_begins() {
    for bytes_max in [1_000, 1 << 20] {
        let mut pair = Pair::with(60).await;
        let dropped = pair.drops_what_is_old().await;
        let mut standby = pair.open();
        pair.follows(&mut standby, bytes_max).await.unwrap();
        standby.leave().unwrap();
        pair.is_the_same();
        assert_eq!(Marker::find(&pair.standby()).unwrap().unwrap().begins, dropped.segments + 1);
        promote(&pair.standby(), 8 << 20, &by(), &mut Unwatched).unwrap();
    }
}

#[tokio::test]
async fn a_standby_without_the_word_of_what_was_dropped_is_not_promoted() {
    let mut pair = Pair::with(60).await;
    pair.drops_what_is_old().await;
    let mut standby = pair.open();
    assert!(!pair.step(&mut standby, 1_000).await.unwrap().is_level());
    standby.leave().unwrap();
    says(promote(&pair.standby(), 8 << 20, &by(), &mut Unwatched), "numbers would be given again");
    let mut standby = pair.open();
    pair.follows(&mut standby, 1_000).await.unwrap();
    drop(standby);
    promote(&pair.standby(), 8 << 20, &by(), &mut Unwatched).unwrap();
}

#[tokio::test]
async fn a_standby_that_ends_in_what_was_dropped_is_made_anew() {
    let mut pair = Pair::with(60).await;
    let mut standby = pair.open();
    pair.step(&mut standby, 3_000).await.unwrap();
    drop(standby);
    pair.drops_what_is_old().await;
    says(pair.step(&mut pair.open(), 1 << 20).await, "which the gateway has dropped since");
}

#[tokio::test]
async fn a_segment_that_a_standby_lost_is_missed_whatever_was_dropped() {
    let mut pair = Pair::with(60).await;
    let dropped = pair.drops_what_is_old().await;
    pair.records(61..=100).await;
    let mut standby = pair.open();
    pair.follows(&mut standby, 1 << 20).await.unwrap();
    standby.leave().unwrap();
    let first = dropped.segments + 1;
    let segment = Shelves::of(pair.standby().join("journal")).path(first);
    fs::remove_file(&segment).unwrap();
    says(Standby::open(&pair.standby()).map(drop), &format!("segment {first} is missing"));
    fs::remove_file(segment.with_extension("seal")).unwrap();
    says(Standby::open(&pair.standby()).map(drop), &format!("segment {first} is missing"));
}
