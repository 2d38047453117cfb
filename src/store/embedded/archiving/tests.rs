//! Segments move to the archive whole or not at all, and are read wherever they are.

mod dropping;

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::super::open::open_on;
use super::super::{OpenTrouble, StoreOptions};
use super::*;
use crate::identifier::RecordNumber;
use crate::record::Recorded;
use crate::store::battery::options;
use crate::store::inspect::{self, Step, Watch};
use crate::store::journal::{Along, Disk, Fault, FaultyDisk};
use crate::store::sample::{NOW, by, partner, sent};
use crate::store::{CheckReport, Standby, Standing, Store as _, Wanted, What};

/// Declarations in the record of a test; with segments of 4 KiB that are more than ten.
const RECORDED: u32 = 80;

struct Unwatched;

impl Watch for Unwatched {
    fn reached(&mut self, _: Step, _: u64, _: Option<u64>) {}
}

/// A store with an archive beside it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With so much in it, an hour apart, and nothing moved.
    async fn recorded() -> (Self, Vec<Recorded>) {
        let home = Self::new();
        let recorded = record(&home.open(), 1..=RECORDED).await;
        (home, recorded)
    }

    /// The same with everything moved that may move.
    async fn archived() -> (Self, Vec<Recorded>) {
        let (home, recorded) = Self::recorded().await;
        let archived = home.open().archive(Timestamp::MAX).await.unwrap();
        assert_eq!(archived.moved, home.segments(&home.archive()).len() as u64);
        assert!(archived.moved > 5 && archived.absent.is_empty());
        (home, recorded)
    }

    fn store(&self) -> PathBuf {
        self.0.path().join("store")
    }

    fn journal(&self) -> PathBuf {
        self.store().join("journal")
    }

    fn archive(&self) -> PathBuf {
        self.0.path().join("archive")
    }

    fn options(&self) -> StoreOptions {
        StoreOptions { archive: Some(self.archive()), segment_bytes: 4 << 10, ..options(self.0.path()) }
    }

    fn open(&self) -> EmbeddedStore {
        EmbeddedStore::open(self.options()).unwrap()
    }

    fn open_with(&self, disk: &FaultyDisk) -> EmbeddedStore {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        open_on(&disk, self.options()).unwrap()
    }

    fn refuses(&self, options: StoreOptions) -> String {
        let before = self.files();
        let said = EmbeddedStore::open(options).unwrap_err().to_string();
        assert!(self.files() == before, "something was changed");
        said
    }

    fn check(&self) -> CheckReport {
        inspect::check(&self.store(), 100, &mut Unwatched).unwrap()
    }

    /// The numbers of the segments in a directory.
    fn segments(&self, directory: &Path) -> Vec<u64> {
        let number = |name: &str| name.strip_suffix(".seg").and_then(|number| number.parse().ok());
        let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut numbers: Vec<_> = names.filter_map(|name| number(&name)).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Every file with what is in it, but for the state, which sled writes when it is looked at.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = walkdir::WalkDir::new(self.0.path()).sort_by_file_name().into_iter().map(Result::unwrap);
        let state = self.store().join("state");
        let is_file = |entry: &walkdir::DirEntry| entry.file_type().is_file() && !entry.path().starts_with(&state);
        entries.filter(is_file).map(|entry| (entry.path().to_owned(), fs::read(entry.path()).unwrap())).collect()
    }

    fn archived_file(&self, number: u64, extension: &str) -> PathBuf {
        self.archive().join(format!("{number:08}.{extension}"))
    }

    fn original(&self, number: u64) -> PathBuf {
        self.journal().join(format!("{number:08}.seg"))
    }

    /// The first entry behind a segment, by its seal.
    fn next_behind(&self, number: u64) -> u32 {
        let seal = fs::read_to_string(self.original(number).with_extension("seal")).unwrap();
        seal.lines().find_map(|line| line.strip_prefix("next ")).unwrap().parse().unwrap()
    }

    /// The archive is no more where it was, or is there again.
    fn archive_goes(&self) {
        fs::rename(self.archive(), self.0.path().join("away")).unwrap();
    }

    fn archive_comes_back(&self) {
        fs::rename(self.0.path().join("away"), self.archive()).unwrap();
    }
}

/// When an interchange of a test was received: an hour behind the one before.
fn received_at(reference: u32) -> Timestamp {
    NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(reference.into())
}

async fn lodge(store: &EmbeddedStore, reference: u32) -> Result<Standing, crate::store::Unavailable> {
    let mut examination = sent(&reference.to_string()).declaring(&reference.to_string());
    examination.delivery.received_at = received_at(reference);
    store.record(examination).await
}

async fn record(store: &EmbeddedStore, references: impl IntoIterator<Item = u32>) -> Vec<Recorded> {
    let mut recorded = Vec::new();
    for reference in references {
        recorded.push(lodge(store, reference).await.unwrap().recorded);
    }
    recorded
}

/// All of these stand, and each can be read.
async fn check(store: &EmbeddedStore, recorded: &[Recorded]) {
    for (first, reference) in recorded.iter().zip(1..) {
        let standing = lodge(store, reference).await.unwrap();
        assert_eq!(standing, Standing { recorded: first.clone(), is_repeat: true });
        assert!(store.delivery(first.number).await.unwrap().is_some());
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn what_moved_is_read_as_before() {
    let (home, recorded) = Home::archived().await;
    let (moved, kept) = (home.segments(&home.archive()), home.segments(&home.journal()));
    assert_eq!(kept.len(), 3, "the one that is written, and two before it");
    assert!(moved.iter().chain(&kept).copied().eq(1..=moved.len() as u64 + 3));
    for number in moved {
        for extension in ["seg", "seal"] {
            let mode = fs::metadata(home.archived_file(number, extension)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o400);
        }
        assert!(home.original(number).with_extension("seal").exists(), "a start needs nothing of the archive");
    }
    let store = home.open();
    assert_eq!(store.summary().records, u64::from(RECORDED));
    check(&store, &recorded).await;
    let accepted = store.accepted(Along::from(RecordNumber(1)), false, usize::MAX).await.unwrap();
    assert_eq!(accepted.declarations, u64::from(RECORDED));
    let (shipped, bytes) = store.ship(Wanted { segment: 1, offset: 0, next: 1 }, u64::MAX).await.unwrap();
    assert_eq!((shipped.segment, bytes), (1, fs::read(home.archived_file(1, "seg")).unwrap()));
    drop(store);
    assert!(home.check().is_right());
}

#[tokio::test]
async fn a_standby_follows_from_the_archive_and_has_the_same_segments() {
    let (home, recorded) = Home::archived().await;
    let (store, directory) = (home.open(), home.0.path().join("standby"));
    let mut standby = Standby::open(&directory).unwrap();
    loop {
        let (wanted, most) = standby.wants();
        let (shipped, bytes) = store.ship(wanted, most).await.unwrap();
        if standby.take(&shipped, &bytes, NOW.parse().unwrap()).unwrap().is_level() {
            break;
        }
    }
    standby.leave().unwrap();
    let archived = fs::read(home.archived_file(2, "seg")).unwrap();
    assert!(fs::read(directory.join("journal/00000002.seg")).unwrap() == archived);
    drop(store);
    let report = crate::store::promote(&directory, StoreOptions::CACHE_BYTES, &by(), &mut Unwatched).unwrap();
    assert_eq!(report.entries, recorded.len() as u64);
}

#[tokio::test]
async fn what_moved_is_read_again_when_the_state_is_made_anew() {
    let (home, recorded) = Home::archived().await;
    fs::remove_dir_all(home.store().join("state")).unwrap();
    let store = home.open();
    assert_eq!(store.summary().replayed, u64::from(RECORDED));
    check(&store, &recorded).await;
}

#[tokio::test]
async fn a_segment_moves_when_its_last_entry_is_old() {
    let (home, recorded) = Home::recorded().await;
    let store = home.open();
    let half = received_at(RECORDED / 2);
    store.archive(half).await.unwrap();
    let last_of = |number| received_at(home.next_behind(number) - 1);
    let (moved, kept) = (home.segments(&home.archive()), home.segments(&home.journal()));
    assert!(!moved.is_empty() && moved.iter().all(|number| last_of(*number) < half));
    assert!(last_of(kept[0]) >= half);
    assert_eq!(store.archive(half).await.unwrap().moved, 0);
    check(&store, &recorded).await;
}

#[tokio::test]
async fn a_few_segments_stay_however_old_they_are() {
    let home = Home::new();
    let store = home.open();
    let mut reference = 0;
    while home.segments(&home.journal()).len() < 3 {
        reference += 1;
        lodge(&store, reference).await.unwrap();
    }
    drop(store);
    assert_eq!(home.open().archive(Timestamp::MAX).await.unwrap().moved, 0);
}

#[tokio::test]
async fn a_kill_at_any_step_leaves_every_segment_somewhere_and_the_next_run_ends_it() {
    let (home, recorded) = Home::recorded().await;
    let mut steps = 0;
    loop {
        steps += 1;
        let disk = FaultyDisk::default();
        let store = home.open_with(&disk);
        disk.fail(Fault::Kill, steps);
        let is_done = store.archive(Timestamp::MAX).await.is_ok();
        drop(store);
        let report = home.check();
        assert!(report.is_right(), "killed at step {steps}: {:?}", report.disagreements.told);
        assert_eq!(report.entries, u64::from(RECORDED));
        if is_done {
            break;
        }
    }
    assert!(steps > 10);
    let store = home.open();
    assert_eq!(store.archive(Timestamp::MAX).await.unwrap().moved, 0);
    check(&store, &recorded).await;
    drop(store);
    let left = fs::read_dir(home.archive()).unwrap().map(|entry| entry.unwrap().path());
    assert!(left.into_iter().all(|path| path.extension().is_none_or(|extension| extension != "new")));
}

#[tokio::test]
async fn a_disk_that_fails_keeps_nobody_from_recording() {
    let (home, recorded) = Home::recorded().await;
    for (fault, words) in
        [(Fault::Full, "cannot write"), (Fault::Write, "cannot write"), (Fault::Flip, "reads back otherwise")]
    {
        let disk = FaultyDisk::default();
        let store = home.open_with(&disk);
        disk.fail(fault, 1);
        let said = store.archive(Timestamp::MAX).await.unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
        disk.fail(Fault::Sync, u32::MAX);
        assert!(store.ready().is_ok());
        assert!(home.segments(&home.archive()).is_empty(), "{fault:?}");
        check(&store, &recorded).await;
    }
    let store = home.open();
    assert_eq!(home.segments(&home.journal()).len() as u64, store.archive(Timestamp::MAX).await.unwrap().moved + 3);
}

#[tokio::test]
async fn a_copy_that_is_damaged_is_made_again_before_the_original_goes() {
    let (home, recorded) = Home::recorded().await;
    let right = fs::read(home.original(1)).unwrap();
    drop(home.open());
    fs::write(home.archived_file(1, "seg"), &right).unwrap();
    flip(&home.archived_file(1, "seg"), 200);
    let store = home.open();
    store.archive(Timestamp::MAX).await.unwrap();
    assert_eq!(fs::read(home.archived_file(1, "seg")).unwrap(), right);
    check(&store, &recorded).await;
}

#[tokio::test]
async fn a_copy_that_somebody_put_there_is_taken_when_it_is_right() {
    let (home, recorded) = Home::recorded().await;
    drop(home.open());
    fs::copy(home.original(1), home.archived_file(1, "seg")).unwrap();
    flip(&home.original(1), 200);
    let store = EmbeddedStore::open(StoreOptions { checks_everything: false, ..home.options() }).unwrap();
    store.archive(Timestamp::MAX).await.unwrap();
    check(&store, &recorded).await;
}

#[tokio::test]
async fn another_segment_under_the_name_is_neither_taken_nor_overwritten() {
    let (home, _) = Home::recorded().await;
    drop(home.open());
    fs::copy(home.original(2), home.archived_file(1, "seg")).unwrap();
    fs::copy(home.original(2).with_extension("seal"), home.archived_file(1, "seal")).unwrap();
    let before = home.files();
    let trouble = home.open().archive(Timestamp::MAX).await.unwrap_err();
    assert!(matches!(trouble, ArchiveTrouble::OtherSegment(_)), "{trouble}");
    let is_the_archives = |(path, _): &(PathBuf, Vec<u8>)| path.starts_with(home.archive()) && !path.ends_with("lock");
    let after = home.files();
    assert!(before.iter().filter(|file| is_the_archives(file)).eq(after.iter().filter(|file| is_the_archives(file))));
    assert!(home.original(1).exists());
}

#[tokio::test]
async fn an_original_that_is_damaged_stays_where_it_is() {
    let (home, _) = Home::recorded().await;
    drop(home.open());
    flip(&home.original(1), 200);
    let options = StoreOptions { checks_everything: false, ..home.options() };
    let store = EmbeddedStore::open(options).unwrap();
    let trouble = store.archive(Timestamp::MAX).await.unwrap_err();
    assert!(matches!(&trouble, ArchiveTrouble::Original(path) if *path == home.original(1)), "{trouble}");
    assert!(home.segments(&home.archive()).is_empty());
}

#[tokio::test]
async fn a_flipped_bit_in_the_archive_is_found_by_every_reader() {
    let (home, _) = Home::archived().await;
    flip(&home.archived_file(2, "seg"), 200);
    let what: Vec<_> = home.check().disagreements.told.iter().map(|one| (one.what, one.segment)).collect();
    assert_eq!(what, [(What::EntriesDamaged, Some(2)), (What::DigestWrong, Some(2))]);
    let said = home.refuses(home.options());
    assert!(said.contains("archive/00000002.seg is damaged at byte 96"), "{said}");
    let store = EmbeddedStore::open(StoreOptions { checks_everything: false, ..home.options() }).unwrap();
    let said = lodge(&store, home.next_behind(1)).await.unwrap_err().to_string();
    assert!(said.contains("archive/00000002.seg is damaged"), "{said}");
}

#[tokio::test]
async fn an_archive_that_is_away_keeps_nobody_from_recording_and_is_told() {
    let (home, mut recorded) = Home::archived().await;
    home.archive_goes();
    let moved = home.check().disagreements;
    assert_eq!((moved.total, moved.told[0].what), (1, What::SegmentMissing));
    assert!(moved.told[0].found.as_ref().unwrap().contains("archive"), "{:?}", moved.told[0]);
    let store = EmbeddedStore::open(StoreOptions { checks_everything: false, ..home.options() }).unwrap();
    assert_eq!(store.summary().absent_segments.first(), Some(&1));
    let said = lodge(&store, 1).await.unwrap_err().to_string();
    assert!(
        said.contains("segment 1 of the journal is neither in") && said.contains("mount the archive there"),
        "{said}"
    );
    assert!(store.delivery(RecordNumber(1)).await.is_err());
    let maple = partner("maple");
    let waiting = || store.waiting(&maple, 1, HashSet::new());
    let first_here = u64::from(home.next_behind(home.segments(&home.0.path().join("away")).len() as u64));
    assert_eq!(waiting().await.unwrap()[0].recorded.number.0, first_here, "the others wait on");
    recorded.extend(record(&store, RECORDED + 1..=RECORDED + 10).await);
    let trouble = store.archive(Timestamp::MAX).await.unwrap_err();
    assert!(matches!(trouble, ArchiveTrouble::Away(_)), "{trouble}");
    assert!(!home.archive().exists(), "nothing is made where a disk is to be mounted");
    home.archive_comes_back();
    check(&store, &recorded).await;
    assert_eq!(waiting().await.unwrap()[0].recorded.number.0, 1);
    assert!(store.archive(Timestamp::MAX).await.unwrap().moved > 0);
}

#[tokio::test]
async fn a_start_that_needs_what_is_away_is_refused() {
    let (home, _) = Home::archived().await;
    home.archive_goes();
    fs::remove_dir_all(home.store().join("state")).unwrap();
    let said = EmbeddedStore::open(home.options()).unwrap_err().to_string();
    assert!(
        said.contains("segment 1 of the journal is neither in") && said.contains("mount the archive there"),
        "{said}"
    );
}

#[tokio::test]
async fn what_never_moved_must_be_there() {
    let (home, _) = Home::archived().await;
    let kept = home.segments(&home.journal())[0];
    fs::rename(home.original(kept), home.0.path().join("elsewhere")).unwrap();
    let said = home.refuses(home.options());
    assert!(said.contains(&format!("segment {kept} of the journal in")) && said.contains("is missing"), "{said}");
}

#[tokio::test]
async fn two_stores_never_share_an_archive() {
    let (home, _) = Home::archived().await;
    let (other, _) = Home::recorded().await;
    let said = other.refuses(StoreOptions { archive: Some(home.archive()), ..other.options() });
    assert!(said.contains("is the archive of store") && said.contains("and this is store"), "{said}");
    let new = Home::new();
    let said = new.refuses(StoreOptions { archive: Some(home.archive()), ..new.options() });
    assert!(said.contains("and this is a new one"), "{said}");
}

#[tokio::test]
async fn a_directory_that_is_not_fit_is_refused_before_anything_is_changed() {
    let home = Home::new();
    let named = |path: PathBuf| StoreOptions { archive: Some(path), ..home.options() };
    for inside in ["store", "store/journal", "store/journal/old", "store/state"] {
        let said = home.refuses(named(home.0.path().join(inside)));
        assert!(said.contains("is in the record itself"), "{said}");
    }
    fs::create_dir(home.archive()).unwrap();
    fs::write(home.archive().join("letters"), "").unwrap();
    assert!(home.refuses(home.options()).contains("is no archive and not empty"));
    let said = home.refuses(named(home.archive().join("letters")));
    assert!(said.contains("is no directory"), "{said}");
    fs::remove_file(home.archive().join("letters")).unwrap();
    fs::set_permissions(home.archive(), Permissions::from_mode(0o777)).unwrap();
    assert!(home.refuses(home.options()).contains("can be written by others"));
    fs::set_permissions(home.archive(), Permissions::from_mode(0o700)).unwrap();
    fs::create_dir(home.archive().join("lost+found")).unwrap();
    drop(home.open());
}

#[tokio::test]
async fn an_archive_can_be_brought_elsewhere_with_everything_in_it() {
    let (home, recorded) = Home::archived().await;
    let elsewhere = || StoreOptions { archive: Some(home.0.path().join("away")), ..home.options() };
    let said = home.refuses(elsewhere());
    assert!(said.contains("segments of the journal are in the archive"), "{said}");
    home.archive_goes();
    let store = EmbeddedStore::open(elsewhere()).unwrap();
    check(&store, &recorded).await;
    drop(store);
    assert!(home.check().is_right(), "the tools find it there too");
}

#[tokio::test]
async fn an_archive_that_is_named_no_more_is_read_and_gets_nothing() {
    let (home, mut recorded) = Home::archived().await;
    let store = EmbeddedStore::open(StoreOptions { archive: None, ..home.options() }).unwrap();
    assert_eq!(store.archive_directory(), Some(home.archive().as_path()));
    recorded.extend(record(&store, RECORDED + 1..=RECORDED + 10).await);
    assert_eq!(store.archive(Timestamp::MAX).await.unwrap().moved, 0);
    check(&store, &recorded).await;
}

#[tokio::test]
async fn a_store_without_one_has_none() {
    let home = Home::new();
    let store = EmbeddedStore::open(StoreOptions { archive: None, ..home.options() }).unwrap();
    assert_eq!(store.archive_directory(), None);
    assert_eq!(store.archive(Timestamp::MAX).await.unwrap(), Archived::default());
}

#[test]
fn what_a_start_refuses_has_a_kind_of_its_own() {
    let home = Home::new();
    let options = StoreOptions { archive: Some(home.store().join("journal")), ..home.options() };
    assert!(matches!(EmbeddedStore::open(options), Err(OpenTrouble::Archive(ArchiveTrouble::Inside { .. }))));
}
