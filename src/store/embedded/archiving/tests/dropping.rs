//! What is older than it is kept goes from the archive too, and not while that is away.

use super::*;
use crate::record::Verdict;
use crate::store::{Dropped, Retention};

/// The last interchange that is too old at [`over`].
const OLD: u32 = 40;

/// When everything up to that is older than it is kept.
fn over() -> Timestamp {
    received_at(OLD + 1) + SignedDuration::from_hours(24 * i64::from(Retention::RETENTION_DAYS))
}

impl Home {
    /// While the archive may be away not everything can be checked at a start.
    fn open_quickly(&self) -> EmbeddedStore {
        EmbeddedStore::open(StoreOptions { checks_everything: false, ..self.options() }).unwrap()
    }

    /// The same where old segments lay in the archive and were dropped, closed.
    async fn dropped() -> (Self, Vec<Recorded>, Dropped) {
        let (home, recorded) = Self::archived().await;
        let store = home.open();
        let dropped = store.prune(over()).await.unwrap();
        assert!(dropped.segments > 1 && dropped.entries <= u64::from(OLD), "{dropped:?}");
        is_kept_behind(&store, &recorded, dropped).await;
        store.close().await.unwrap();
        (home, recorded, dropped)
    }

    /// The numbers of all files of that kind in both places.
    fn numbers(&self, extension: &str) -> Vec<u64> {
        let all = [self.journal(), self.archive()];
        let entries =
            all.iter().flat_map(|directory| fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()));
        let of_kind = entries.filter(|path| path.extension().is_some_and(|end| end == extension));
        of_kind.map(|path| path.file_stem().unwrap().to_str().unwrap().parse().unwrap()).collect()
    }

    async fn closes_without(&self, store: EmbeddedStore, dropped: Dropped) {
        store.close().await.unwrap();
        drop(store);
        self.is_without(dropped);
    }

    /// Nothing is left of what was dropped, all else is there, and the journal agrees with the state.
    fn is_without(&self, dropped: Dropped) {
        for extension in ["seg", "seal"] {
            let numbers = self.numbers(extension);
            assert_eq!(numbers.iter().min(), Some(&(dropped.segments + 1)), "{extension}: {numbers:?}");
        }
        let report = self.check();
        assert!(report.is_right(), "{:?}", report.disagreements);
        assert_eq!(report.dropped_entries, dropped.entries);
    }
}

/// What was dropped is found by nobody, and everything else by everybody.
async fn is_kept_behind(store: &EmbeddedStore, recorded: &[Recorded], dropped: Dropped) {
    assert_eq!(store.first(), RecordNumber(dropped.entries + 1));
    for recorded in recorded {
        let kept = (recorded.number.0 > dropped.entries).then(|| recorded.clone());
        assert_eq!(store.delivery(recorded.number).await.unwrap().is_some(), kept.is_some());
        let [Verdict::Accepted { proof, .. }] = &recorded.verdicts[..] else { panic!("{recorded:?}") };
        assert_eq!(store.report(proof).await.unwrap(), kept);
    }
}

#[tokio::test]
async fn what_is_dropped_goes_from_the_archive_too() {
    let (home, recorded, dropped) = Home::dropped().await;
    home.is_without(dropped);
    let store = home.open();
    let summary = store.summary();
    assert_eq!((&summary.rebuilt, summary.replayed, &summary.absent_segments[..]), (&None, 0, &[][..]));
    is_kept_behind(&store, &recorded, dropped).await;
    drop(store);
    fs::remove_dir_all(home.store().join("state")).unwrap();
    let store = home.open();
    assert!(store.summary().rebuilt.is_some());
    is_kept_behind(&store, &recorded, dropped).await;
    let next = record(&store, [RECORDED + 1]).await.remove(0);
    assert!(next.number.0 > u64::from(RECORDED), "{}", next.number);
    assert!(store.archive(Timestamp::MAX).await.unwrap().absent.is_empty());
    home.closes_without(store, dropped).await;
}

#[tokio::test]
async fn dropping_waits_while_the_archive_is_away_and_nothing_is_lost() {
    let (home, recorded) = Home::archived().await;
    home.archive_goes();
    let store = home.open_quickly();
    let said = store.prune(over()).await.unwrap_err().to_string();
    assert!(said.contains("segment 1 of the journal is neither in"), "{said}");
    assert_eq!(store.first(), RecordNumber(1));
    record(&store, [RECORDED + 1]).await;
    home.archive_comes_back();
    let dropped = store.prune(over()).await.unwrap();
    assert!(dropped.segments > 1);
    is_kept_behind(&store, &recorded, dropped).await;
    home.closes_without(store, dropped).await;
}

#[tokio::test]
async fn a_start_does_without_the_archive_behind_what_was_dropped() {
    let (home, recorded, dropped) = Home::dropped().await;
    home.archive_goes();
    let store = home.open_quickly();
    assert_eq!(store.summary().absent_segments.first(), Some(&(dropped.segments + 1)));
    assert_eq!(store.first(), RecordNumber(dropped.entries + 1));
    assert_eq!(store.delivery(RecordNumber(1)).await.unwrap(), None);
    let said = store.delivery(store.first()).await.unwrap_err().to_string();
    assert!(said.contains("mount the archive there"), "{said}");
    record(&store, [RECORDED + 1]).await;
    home.archive_comes_back();
    is_kept_behind(&store, &recorded, dropped).await;
    home.closes_without(store, dropped).await;
}

/// The files are removed in an order of which every beginning is a store, whatever the place in which they lie.
#[tokio::test]
async fn whatever_stops_the_removal_the_next_start_goes_on() {
    for n in 1..=7 {
        let (home, recorded) = Home::archived().await;
        let disk = FaultyDisk::default();
        let store = home.open_with(&disk);
        disk.fail(Fault::Remove, n);
        let dropped = store.prune(over()).await.unwrap();
        assert!(dropped.segments >= 3, "three files of each");
        store.close().await.unwrap();
        drop(store);
        assert!(home.numbers("seal").contains(&dropped.segments), "{n}");
        // The next start cannot either, since the archive is away, and says of nothing that it is not there that was dropped.
        home.archive_goes();
        let store = home.open_quickly();
        assert_eq!(store.summary().absent_segments.first(), Some(&(dropped.segments + 1)));
        assert_eq!(store.delivery(RecordNumber(1)).await.unwrap(), None);
        drop(store);
        home.archive_comes_back();
        let store = home.open();
        is_kept_behind(&store, &recorded, dropped).await;
        drop(store);
        home.is_without(dropped);
    }
}

#[tokio::test]
#[expect(clippy::await_holding_lock, reason = "nobody waits for it who works for what is awaited")]
async fn what_is_dropped_while_others_move_goes_behind_them() {
    let (home, recorded) = Home::archived().await;
    let store = home.open();
    let turn = store.shared.reader.hold();
    let dropped = store.prune(over()).await.unwrap();
    while store.lag() > 0 {
        std::thread::yield_now();
    }
    is_kept_behind(&store, &recorded, dropped).await;
    assert!(home.numbers("seg").contains(&1));
    drop(turn);
    home.closes_without(store, dropped).await;
}
