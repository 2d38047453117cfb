//! What becomes of a record when its oldest entries are dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tokio::runtime;

use super::open::open_on;
use super::*;
use crate::identifier::ProofForm;
use crate::record::{Actor, Deed, Verdict};
use crate::store::battery::{options, proofs};
use crate::store::inspect::{Disagreements, Segments, Step, Watch};
use crate::store::journal::{Disk, Fault, FaultyDisk, Shelves};
use crate::store::sample::{NOW, by, evidence, numbering, partner, sent};
use crate::store::state::Pair;
use crate::store::{Numbering, Retention, check, rebuild, stats};

/// Days after which what was received at the start is older than the record is kept.
const OVER: i64 = Retention::RETENTION_DAYS as i64 + 1;

/// Days after which it is surely forgotten as a repeat, and still kept.
const FORGOTTEN: i64 = Retention::REPEAT_DAYS as i64 + 2;

fn open(directory: &Path) -> EmbeddedStore {
    EmbeddedStore::open(options(directory)).unwrap()
}

fn open_with(disk: &FaultyDisk, directory: &Path) -> EmbeddedStore {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    open_on(&disk, options(directory)).unwrap()
}

fn day(days: i64) -> Timestamp {
    NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * days)
}

/// Records interchanges of one declaration each, all on one day.
async fn record(store: &EmbeddedStore, references: std::ops::Range<u32>, days: i64) -> Vec<Recorded> {
    let mut recorded = Vec::new();
    for reference in references {
        let reference = reference.to_string();
        let examination = sent(&reference).declaring(&reference).after_days(days);
        recorded.push(store.record(examination).await.unwrap().recorded);
    }
    recorded
}

/// Waits for the thread that seals behind the writer's back.
fn sealed(store: &EmbeddedStore) {
    let (floor, last) = (store.shared.index.floor().segment, store.shared.reader.end().borrow().segment);
    while !(floor + 1..last).all(|segment| store.shared.reader.is_sealed(segment)) {
        std::thread::yield_now();
    }
}

async fn prune(store: &EmbeddedStore, days: i64) -> Dropped {
    sealed(store);
    store.prune(day(days)).await.unwrap()
}

fn proof(recorded: &Recorded) -> ProofOfReportNumber {
    let [Verdict::Accepted { proof, .. }] = &recorded.verdicts[..] else { panic!("{recorded:?}") };
    proof.clone()
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let journal = fs::read_dir(directory.join("store/journal")).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = journal.filter(|path| path.extension().is_some_and(|end| end == "seg")).collect();
    segments.sort();
    segments
}

/// Everything the state knows that is kept, once it is brought up to the journal.
fn known(directory: &Path) -> Vec<Pair> {
    open(directory).shared.index.contents()
}

/// The state is gone at one moment, whatever the threads of sled still write into it.
fn loses_its_state(directory: &Path) {
    let lost = tempfile::tempdir_in(directory).unwrap();
    fs::rename(directory.join("store/state"), lost.path().join("state")).unwrap();
}

struct Nobody;

impl Watch for Nobody {
    fn reached(&mut self, _: Step, _: u64, _: Option<u64>) {}
}

/// Journal and state agree, whether the state is the one that was kept or made again.
fn check_all(directory: &Path) {
    let place = directory.join("store");
    let kept = known(directory);
    let report = check(&place, 10, &mut Nobody).unwrap();
    assert!(report.is_right(), "{:?}", report.disagreements);
    assert!(report.keys.iter().all(|count| count.in_state == count.in_journal), "{:?}", report.keys);
    loses_its_state(directory);
    assert_eq!(known(directory), kept, "made again by a start");
    rebuild(&place, 8 << 20, false, &by(), &mut Nobody).unwrap();
    assert_eq!(known(directory), kept, "made again by hand");
}

/// A store with old entries in several segments and young ones behind them, and what stands for each.
async fn old_and_young(store: &EmbeddedStore) -> (Vec<Recorded>, Vec<Recorded>) {
    (record(store, 1..81, 0).await, record(store, 81..121, 1000).await)
}

#[tokio::test]
async fn what_is_older_than_it_is_kept_is_dropped_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let (old, young) = old_and_young(&store).await;
    assert_eq!(prune(&store, OVER - 1).await, Dropped::default());
    let dropped = prune(&store, OVER).await;
    let first = store.first();
    assert!(dropped.segments > 2 && old[0].number < first && first <= young[0].number, "{dropped:?}");
    assert_eq!(dropped.entries, first.0 - 1);
    assert_eq!((dropped.interchanges, dropped.declarations), (dropped.entries, dropped.entries));
    assert_eq!(dropped.answers, 2 * dropped.entries);
    for recorded in old.iter().chain(&young) {
        let kept = (recorded.number >= first).then(|| recorded.clone());
        assert_eq!(store.report(&proof(recorded)).await.unwrap(), kept);
        assert_eq!(store.delivery(recorded.number).await.unwrap().is_some(), kept.is_some());
    }
    let waiting = store.waiting(&partner("maple"), 1000, HashSet::new()).await.unwrap();
    assert!(waiting.iter().all(|waiting| waiting.recorded.number >= first));
    assert_eq!(waiting.len(), 2 * (120 - usize::try_from(dropped.entries).unwrap()));
    let mut found = store.find(&Search::default(), 1000).await.unwrap().found;
    found.reverse();
    assert_eq!((found.len(), found[0].at.entry), (waiting.len() / 2, first));
    store.close().await.unwrap();
    drop(store);
    let left = segments(directory.path());
    assert!(left[0].ends_with(format!("{:08}.seg", dropped.segments + 1)), "{left:?}");
    check_all(directory.path());
    let report = stats(&directory.path().join("store"), 10, &mut Nobody).unwrap();
    assert_eq!((report.dropped_entries, report.disagreements.total), (dropped.entries, 0));
}

#[tokio::test]
async fn acts_evidence_and_notes_go_with_what_they_stand_among() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let act = Act {
        at: day(0),
        who: Actor::Signal("SIGHUP".into()),
        deed: Deed::Reloaded,
        subject: "lodged.toml".into(),
        before: String::new(),
        after: "x".repeat(3000),
    };
    store.note(act.clone()).await.unwrap();
    store.keep(evidence(b"?")).await.unwrap();
    let recorded = record(&store, 1..30, 0).await;
    store.delivered(&partner("maple"), &recorded[0].answers().collect::<Vec<_>>()).await.unwrap();
    record(&store, 30..60, 0).await;
    let late = store.note(Act { at: day(OVER), ..act.clone() }).await.unwrap();
    record(&store, 60..90, OVER).await;
    let dropped = prune(&store, OVER).await;
    assert_eq!(dropped.answers, 2 * dropped.interchanges - 2, "two were delivered");
    assert_eq!(store.acts(RecordNumber(0), 9).await.unwrap(), [(late, Act { at: day(OVER), ..act })]);
    store.close().await.unwrap();
    drop(store);
    check_all(directory.path());
}

/// A young entry in the middle of a segment keeps it, and everything behind it.
#[tokio::test]
async fn a_segment_with_one_young_entry_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    record(&store, 1..2, 0).await;
    record(&store, 2..3, 1).await;
    record(&store, 3..60, 0).await;
    assert_eq!(prune(&store, OVER).await, Dropped::default());
    assert!(prune(&store, OVER + 1).await.segments > 2);
}

#[tokio::test]
async fn a_record_that_is_kept_for_ever_is_not_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let retention = Retention { retention_days: 0, ..Retention::default() };
    let store = EmbeddedStore::open(StoreOptions { retention, ..options(directory.path()) }).unwrap();
    record(&store, 1..60, 0).await;
    assert_eq!(prune(&store, 100 * OVER).await, Dropped::default());
    assert_eq!(store.first(), RecordNumber(1));
}

/// The clock is set back to the days of what was dropped: numbers go on behind those that were given then.
#[tokio::test]
async fn numbers_and_references_go_on_behind_those_that_were_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    record(&store, 1..60, 0).await;
    record(&store, 60..90, OVER).await;
    assert!(prune(&store, OVER).await.entries > 10);
    record(&store, 90..120, OVER).await;
    store.close().await.unwrap();
    drop(store);
    for (round, number, answer) in [(2, 60, 240), (3, 61, 302)] {
        loses_its_state(directory.path());
        let store = open(directory.path());
        let recorded = record(&store, 100 * round..100 * round + 1, 0).await;
        assert_eq!(proofs(&recorded[0]), [format!("AB123420261120{number}")]);
        assert_eq!(recorded[0].cusres, Some(AnswerReference(answer)));
        record(&store, 100 * round + 1..100 * round + 31, OVER).await;
        // What carried the counters on is dropped itself, and they are carried on again.
        assert!(prune(&store, OVER * i64::from(round) + 1).await.entries > 10);
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_reference_and_a_forgotten_repeat_are_new_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    record(&store, 1..40, 0).await;
    assert_eq!(prune(&store, FORGOTTEN - 1).await, Dropped::default());
    assert!(store.interchange(&sent("1").repeat_key.unwrap()).await.unwrap().is_some());
    assert_eq!(prune(&store, FORGOTTEN).await, Dropped::default());
    assert_eq!(store.interchange(&sent("1").repeat_key.unwrap()).await, Ok(None));
    let again = record(&store, 1..2, FORGOTTEN).await;
    assert!(matches!(again[0].verdicts[..], [Verdict::Refused { .. }]), "the declaration stands: {again:?}");
    record(&store, 100..140, OVER).await;
    prune(&store, OVER).await;
    let anew = record(&store, 2..3, OVER).await;
    assert!(matches!(anew[0].verdicts[..], [Verdict::Accepted { .. }]), "{anew:?}");
    assert!(store.declared(&partner("maple"), false, &DeclarationReference("3".into())).await.unwrap().is_none());
    store.close().await.unwrap();
    drop(store);
    check_all(directory.path());
}

#[tokio::test]
async fn a_merged_state_has_nothing_of_what_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let old = record(&store, 1..60, 0).await;
    prune(&store, OVER).await;
    store.close().await.unwrap();
    drop(store);
    for reference in 100..110 {
        // Each of them leaves a run.
        let store = open(directory.path());
        record(&store, reference..reference + 1, OVER).await;
        store.close().await.unwrap();
    }
    let store = open(directory.path());
    let index = &store.shared.index;
    while index.merge(|| true).unwrap() {}
    let first = store.first();
    let keys = index.everything();
    for recorded in old {
        let key = state::report(&proof(&recorded));
        assert_eq!(keys.contains(&key), recorded.number >= first, "{}", recorded.number);
        assert_eq!(keys.contains(&state::interchange(recorded.number)), recorded.number >= first);
    }
}

/// Nothing is removed before the entry that says so, and the state that knows of it, are on stable storage; and what was
/// not removed then is removed by the next start.
#[tokio::test]
async fn what_was_not_removed_is_removed_by_the_next_start() {
    for n in 1..=4 {
        let directory = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::default();
        let store = open_with(&disk, directory.path());
        old_and_young(&store).await;
        let before = segments(directory.path()).len();
        disk.fail(Fault::Remove, n);
        let dropped = prune(&store, OVER).await;
        store.close().await.unwrap();
        drop(store);
        let left = segments(directory.path()).len();
        assert!(left + usize::try_from(dropped.segments).unwrap() > before, "some are still there");
        let report = check(&directory.path().join("store"), 10, &mut Nobody).unwrap();
        assert!(report.is_right(), "{:?}", report.disagreements);
        drop(open(directory.path()));
        assert_eq!(segments(directory.path()).len() + usize::try_from(dropped.segments).unwrap(), before);
        check_all(directory.path());
    }
}

/// Killed behind the commit: nothing was told to the state yet.
#[tokio::test]
async fn a_drop_behind_the_commit_is_finished_by_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    old_and_young(&store).await;
    let before = segments(directory.path()).len();
    let dropped = prune(&store, OVER).await;
    let first = store.first();
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.first(), first);
    assert_eq!(segments(directory.path()).len() + usize::try_from(dropped.segments).unwrap(), before);
    drop(store);
    check_all(directory.path());
}

#[tokio::test]
async fn nothing_is_dropped_when_that_cannot_be_noted() {
    let directory = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    let store = open_with(&disk, directory.path());
    let (old, _) = old_and_young(&store).await;
    let before = segments(directory.path()).len();
    sealed(&store);
    disk.fail(Fault::Sync, 1);
    assert!(store.prune(day(OVER)).await.is_err());
    assert_eq!((store.first(), segments(directory.path()).len()), (RecordNumber(1), before));
    assert!(store.report(&proof(&old[0])).await.unwrap().is_some());
}

/// A segment without a seal may be damaged, and is not dropped.
#[tokio::test]
async fn a_segment_without_a_seal_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    old_and_young(&store).await;
    store.close().await.unwrap();
    drop(store);
    let store = open(directory.path());
    fs::remove_file(segments(directory.path())[1].with_extension("seal")).unwrap();
    assert_eq!(store.prune(day(OVER)).await.unwrap().segments, 1);
}

/// A pruned and closed store.
async fn pruned(directory: &Path) -> Dropped {
    let store = open(directory);
    old_and_young(&store).await;
    let dropped = prune(&store, OVER).await;
    store.close().await.unwrap();
    dropped
}

#[tokio::test]
async fn one_segment_less_than_was_dropped_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let dropped = pruned(directory.path()).await;
    fs::remove_file(&segments(directory.path())[0]).unwrap();
    let missing = format!("segment {} of the journal", dropped.segments + 1);
    for is_rebuilt in [false, true] {
        if is_rebuilt {
            loses_its_state(directory.path());
        }
        let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err().to_string();
        assert!(trouble.contains(&missing), "{trouble}");
    }
    let report = check(&directory.path().join("store"), 10, &mut Nobody).unwrap();
    let told = &report.disagreements.told;
    assert!(told.iter().any(|told| told.segment == Some(dropped.segments + 1)), "{told:?}");
}

/// The state is not touched by a start that is refused: once the segment is back, it is what it was.
#[tokio::test]
async fn a_segment_that_is_back_makes_the_store_whole_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    old_and_young(&store).await;
    store.close().await.unwrap();
    drop(store);
    let before = known(directory.path());
    let first = &segments(directory.path())[0];
    let aside = directory.path().join("aside");
    loses_its_state(directory.path());
    fs::rename(first, &aside).unwrap();
    let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err().to_string();
    assert!(trouble.contains("segment 1 of the journal"), "{trouble}");
    fs::rename(&aside, first).unwrap();
    assert_eq!(known(directory.path()), before);
}

/// Somebody puts a first segment with another past in the place of the one that is left.
#[tokio::test]
async fn another_past_than_the_one_that_was_dropped_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    pruned(directory.path()).await;
    let first = &segments(directory.path())[0];
    let mut bytes = fs::read(first).unwrap();
    bytes[52] ^= 1;
    let checksum = crc32c::crc32c(&bytes[..92]);
    bytes[92..96].copy_from_slice(&checksum.to_le_bytes());
    fs::write(first, bytes).unwrap();
    let seal = first.with_extension("seal");
    fs::remove_file(seal).unwrap();
    let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err().to_string();
    assert!(trouble.contains("do not follow those that were dropped"), "{trouble}");
    let report = check(&directory.path().join("store"), 10, &mut Nobody).unwrap();
    assert!(!report.is_right());
}

#[tokio::test]
async fn who_reads_along_goes_on_behind_what_was_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    old_and_young(&store).await;
    let begun = store.accepted(Along::from(RecordNumber(1)), false, 1).await.unwrap();
    assert_eq!((begun.declarations, begun.skipped), (1, 0));
    prune(&store, OVER).await;
    let first = store.first();
    for along in [begun.next, Along::from(RecordNumber(1))] {
        let accepted = store.accepted(along, false, 1).await.unwrap();
        assert_eq!((accepted.declarations, accepted.skipped), (1, first.0 - along.next().0));
        assert_eq!(accepted.next.next().0, first.0 + 1);
        assert_eq!(store.accepted(accepted.next, false, 1).await.unwrap().skipped, 0);
    }
}

/// Segments that were there when somebody began to read are gone when they are to be read.
#[tokio::test]
async fn what_is_dropped_between_two_looks_is_no_disagreement() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    old_and_young(&store).await;
    let mut found = Disagreements::new(1);
    let listed = Segments::find(&Shelves::of(directory.path().join("store/journal")), true, &mut found).unwrap();
    assert!(prune(&store, OVER).await.segments > 2);
    store.close().await.unwrap();
    let walked = listed.walk(&mut found, &mut Nobody, &mut |_, _, _| Ok(())).unwrap();
    assert_eq!((found.total, walked.is_whole, walked.last()), (0, true, store.last()));
}

/// Files go while somebody reads them: what was dropped meanwhile is no disagreement.
#[tokio::test]
async fn whoever_looks_while_something_is_dropped_sees_what_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for year in 0..5 {
        record(&store, 100 * year..100 * year + 60, 365 * i64::from(year)).await;
    }
    let place = directory.path().join("store");
    let (looks, looked) = (Arc::new(AtomicBool::new(true)), Arc::clone(&store.shared));
    let looking = std::thread::spawn({
        let looks = Arc::clone(&looks);
        move || {
            let mut most = 0;
            while looks.load(Ordering::Acquire) {
                let report = check(&place, 10, &mut Nobody).unwrap();
                assert!(report.is_right(), "{:?}", report.disagreements);
                let report = stats(&place, 10, &mut Nobody).unwrap();
                assert_eq!(report.disagreements.total, 0);
                most = report.dropped_entries;
            }
            most
        }
    });
    for year in 0..3 {
        prune(&store, OVER + 365 * year).await;
        while looked.lag() > 0 {
            tokio::task::yield_now().await;
        }
    }
    looks.store(false, Ordering::Release);
    assert!(looking.join().unwrap() > 0);
}

/// One thing that happens to a store over the years.
#[derive(Debug, Clone)]
enum Happens {
    /// An interchange under one of few references, with one of few declarations.
    Record(u8, u8),
    /// So many days go by.
    Pass(i64),
    Deliver(usize),
    Prune,
    Close,
    Drop,
    LoseState,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        12 => (0..30_u8, any::<u8>()).prop_map(|(reference, declared)| Happens::Record(reference, declared)),
        3 => prop::sample::select(&[1, 200, 401, 900, -30][..]).prop_map(Happens::Pass),
        2 => (1..5_usize).prop_map(Happens::Deliver),
        2 => Just(Happens::Prune),
        1 => Just(Happens::Close),
        1 => Just(Happens::Drop),
        1 => Just(Happens::LoseState),
    ]
}

/// Numbers of a month: dense enough that the same series is drawn from again when days pass and come back.
fn yearly(directory: &Path) -> EmbeddedStore {
    let numbering = Numbering { form: ProofForm::G7, ..numbering() };
    EmbeddedStore::open(StoreOptions { numbering, segment_bytes: 4 << 10, ..options(directory) }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Whatever happens: no number and no reference is given twice, a repeat within its days gets its first answer, and a
    /// state that is made again of what is left of the journal is the one that was kept.
    #[test]
    fn what_is_dropped_is_missed_by_nobody(all in prop::collection::vec(happens(), 20..120)) {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let mut store = yearly(directory.path());
        let (mut days, mut given, mut answers) = (0, HashSet::new(), HashSet::new());
        for happens in all {
            match happens {
                Happens::Pass(more) => days += more,
                Happens::Record(reference, declared) => {
                    let examination = sent(&reference.to_string()).declaring(&declared.to_string()).after_days(days);
                    let standing = runtime.block_on(store.record(examination.clone())).unwrap();
                    if !standing.is_repeat {
                        for proof in proofs(&standing.recorded).into_iter().filter(|proof| proof != "-") {
                            prop_assert!(given.insert(proof.clone()), "{proof} was given twice");
                        }
                        for answer in standing.recorded.answers() {
                            prop_assert!(answers.insert(answer.reference), "{answer:?} was drawn twice");
                        }
                    }
                    let again = runtime.block_on(store.record(examination)).unwrap();
                    prop_assert_eq!(again, Standing { is_repeat: true, ..standing });
                }
                Happens::Deliver(many) => runtime.block_on(async {
                    let waiting = store.waiting(&partner("maple"), many, HashSet::new()).await.unwrap();
                    let answers: Vec<_> = waiting.into_iter().map(|waiting| waiting.answer).collect();
                    store.delivered(&partner("maple"), &answers).await.unwrap();
                }),
                Happens::Prune => drop(runtime.block_on(prune(&store, days))),
                Happens::Close | Happens::Drop | Happens::LoseState => {
                    if matches!(happens, Happens::Close) {
                        runtime.block_on(store.close()).unwrap();
                    }
                    drop(store);
                    if matches!(happens, Happens::LoseState) {
                        loses_its_state(directory.path());
                    }
                    store = yearly(directory.path());
                }
            }
        }
        runtime.block_on(store.close()).unwrap();
        drop(store);
        check_all(directory.path());
    }
}
