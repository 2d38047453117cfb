//! What the embedded engine does when the process, the disk or the files fail it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use tokio::task::JoinSet;

use super::open::open_on;
use super::*;
use crate::record::Verdict;
use crate::store::WAITING_BYTES_MAX;
use crate::store::battery::{options, proofs};
use crate::store::journal::{Disk, Fault, FaultyDisk};
use crate::store::sample::{evidence, partner, sent};
use crate::store::state::Pair;

fn open(directory: &Path) -> EmbeddedStore {
    EmbeddedStore::open(options(directory)).unwrap()
}

fn open_with(disk: &FaultyDisk, directory: &Path) -> EmbeddedStore {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    open_on(&disk, options(directory)).unwrap()
}

fn segment(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("store/journal/{number:08}.seg"))
}

fn seal(directory: &Path, number: u64) -> PathBuf {
    segment(directory, number).with_extension("seal")
}

fn state(directory: &Path) -> PathBuf {
    directory.join("store/state")
}

/// Everything the state knows once it is brought up to the journal, without what differs between engines.
fn known(directory: &Path) -> Vec<Pair> {
    open(directory).shared.index.contents()
}

/// Records interchanges of one declaration each, one after the other, and returns what stands.
async fn record(store: &EmbeddedStore, references: impl IntoIterator<Item = u32>) -> Vec<Recorded> {
    let mut recorded = Vec::new();
    for reference in references {
        let reference = reference.to_string();
        recorded.push(store.record(sent(&reference).declaring(&reference)).await.unwrap().recorded);
    }
    recorded
}

/// All of these stand, and the next number follows the last one.
async fn check(store: &EmbeddedStore, recorded: &[Recorded]) {
    for (first, reference) in recorded.iter().zip(1..) {
        let reference = reference.to_string();
        let standing = store.record(sent(&reference).declaring(&reference)).await.unwrap();
        assert_eq!(standing, Standing { recorded: first.clone(), is_repeat: true });
    }
    let next = recorded.len() + 1;
    let following = store.record(sent("next").declaring("next")).await.unwrap().recorded;
    assert_eq!(proofs(&following), [format!("AB123420261120{next}")]);
}

#[tokio::test]
async fn everything_is_there_after_close() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let recorded = record(&store, 1..=40).await;
    store.close().await.unwrap();
    assert!(store.ready().is_err());
    assert_eq!(store.record(sent("x")).await, Err(Unavailable("the record is closed".into())));
    drop(store);
    let store = open(directory.path());
    assert!(store.summary().segments > 1);
    assert_eq!((store.summary().records, store.summary().replayed), (40, 0));
    check(&store, &recorded).await;
}

#[tokio::test]
async fn everything_is_there_after_a_drop() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let recorded = record(&store, 1..=40).await;
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.summary().records, 40);
    assert!(!store.summary().had_torn_tail);
    check(&store, &recorded).await;
}

/// Interchanges under one reference, each with the first of them that it is the same as.
fn under_one_reference() -> [(Examination, usize); 8] {
    let again = |which| sent("1").prepared(which, "20261121:0300");
    [
        (sent("1"), 0),
        (sent("1").with_other_bytes(2), 1),
        (sent("1").with_other_bytes(2), 1),
        (sent("1").with_other_bytes(3).mended(), 3),
        (sent("1"), 0),
        (again(1).mended(), 0),
        (again(2), 1),
        (again(3), 3),
    ]
}

#[tokio::test]
async fn what_waits_for_the_same_flush_is_known_already() {
    let directory = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    let store = Arc::new(open_with(&disk, directory.path()));
    let (begun, lets_go) = disk.hold();
    let mut tasks = Vec::new();
    for examination in [sent("0")].into_iter().chain(under_one_reference().map(|(examination, _)| examination)) {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move { store.record(examination).await.unwrap() }));
        tokio::task::yield_now().await; // Its request waits now.
        if tasks.len() == 1 {
            begun.recv().unwrap();
        }
    }
    drop(lets_go);
    let mut standings = Vec::new();
    for task in tasks.into_iter().skip(1) {
        standings.push(task.await.unwrap());
    }
    for (at, (standing, (_, same))) in standings.iter().zip(under_one_reference()).enumerate() {
        assert_eq!((standing.is_repeat, &standing.recorded), (at != same, &standings[same].recorded), "{at}");
        assert_eq!(standing.recorded.facts.is_refused(), same != 0, "{at}");
    }
    // The last of the three that are new went to the disk behind the two others, in one write.
    let last = store.shared.reader.find(standings[3].recorded.number).unwrap().unwrap();
    let behind = usize::try_from(last.offset).unwrap() + 24;
    assert_eq!(fs::read(segment(directory.path(), last.segment)).unwrap()[behind..behind + 4], [2, 0, 0, 0]);
}

#[tokio::test]
async fn other_bytes_stay_refused_over_starts() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut stands = Vec::new();
    for (examination, _) in under_one_reference() {
        stands.push(store.record(examination).await.unwrap().recorded);
    }
    drop(store);
    for is_rebuilt in [false, true] {
        if is_rebuilt {
            fs::remove_dir_all(state(directory.path())).unwrap();
        }
        let store = open(directory.path());
        assert_eq!(store.summary().rebuilt.is_some(), is_rebuilt);
        for ((examination, _), recorded) in under_one_reference().into_iter().zip(stands.clone()) {
            assert_eq!(store.record(examination).await, Ok(Standing { recorded, is_repeat: true }));
        }
    }
}

#[tokio::test]
async fn answers_still_wait_after_a_drop() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    record(&store, 1..=3).await;
    let waiting = store.waiting(&partner("maple"), 10, HashSet::new()).await.unwrap();
    let delivered: Vec<_> = waiting[..4].iter().map(|waiting| waiting.answer).collect();
    store.delivered(&partner("maple"), &delivered).await.unwrap();
    drop(store);
    assert_eq!(open(directory.path()).waiting(&partner("maple"), 10, HashSet::new()).await.unwrap(), waiting[4..]);
}

#[tokio::test]
async fn answers_to_long_interchanges_are_read_a_few_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let length = usize::try_from(WAITING_BYTES_MAX / 2).unwrap();
    for reference in ["1", "2", "3"] {
        store.record(sent(reference).with_bytes(length)).await.unwrap();
    }
    let references = async |except| {
        let waiting = store.waiting(&partner("maple"), 10, except).await.unwrap();
        waiting.iter().map(|waiting| waiting.answer.reference).collect::<Vec<_>>()
    };
    assert_eq!(references(HashSet::new()).await, [AnswerReference(1)]);
    assert_eq!(references(HashSet::from([AnswerReference(1)])).await, [AnswerReference(2)]);
}

#[tokio::test]
async fn a_first_start_that_was_interrupted_leaves_no_state_to_mourn() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    let watermark = state(directory.path()).with_file_name("watermark");
    fs::remove_file(&watermark).unwrap();
    let store = open(directory.path());
    assert_eq!((&store.summary().rebuilt, store.summary().records), (&None, 0));
    record(&store, 1..=1).await;
    drop(store);
    fs::remove_file(&watermark).unwrap();
    assert!(open(directory.path()).summary().rebuilt.is_some());
}

#[tokio::test]
async fn a_deleted_state_is_made_again_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let recorded = record(&store, 1..=40).await;
    store.delivered(&partner("maple"), &recorded[0].answers().collect::<Vec<_>>()).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let before = known(directory.path());
    fs::remove_dir_all(state(directory.path())).unwrap();
    let store = open(directory.path());
    assert!(store.summary().rebuilt.is_some());
    assert_eq!(store.summary().replayed, 41);
    drop(store);
    assert_eq!(known(directory.path()), before);
}

#[tokio::test]
async fn a_state_that_came_up_empty_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let recorded = record(&store, 1..=5).await;
    store.close().await.unwrap();
    drop(store);
    fs::remove_dir_all(state(directory.path())).unwrap();
    drop(sled::open(state(directory.path())).unwrap());
    check(&open(directory.path()), &recorded).await;
}

#[tokio::test]
async fn what_a_start_finds_is_flushed_before_anybody_relies_on_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let recorded = record(&store, 1..=3).await;
    drop(store);
    let disk = FaultyDisk::default();
    disk.fail(Fault::Sync, 1);
    let faulty: Arc<dyn Disk> = Arc::new(disk);
    let trouble = open_on(&faulty, options(directory.path())).unwrap_err();
    assert!(matches!(trouble, OpenTrouble::Journal(_)), "{trouble}");
    check(&open(directory.path()), &recorded).await;
}

#[tokio::test]
async fn a_cut_last_write_is_no_matter() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let recorded = record(&store, 1..=3).await;
    drop(store);
    let path = segment(directory.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end - 10..=end].fill(0);
    fs::write(&path, &bytes).unwrap();
    let store = open(directory.path());
    assert!(store.summary().had_torn_tail);
    assert_eq!(store.summary().records, 2);
    check(&store, &recorded[..2]).await;
}

#[tokio::test]
async fn a_journal_that_lost_its_end_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    record(&store, 1..=3).await;
    store.close().await.unwrap();
    drop(store);
    let path = segment(directory.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end] ^= 1;
    fs::write(&path, &bytes).unwrap();
    fs::remove_dir_all(state(directory.path())).unwrap();
    for _ in 0..2 {
        let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err();
        assert!(matches!(trouble, OpenTrouble::JournalCut { found: 2, known: 3 }), "{trouble}");
    }
}

/// One bit of a closed store's segment is flipped; the start is refused with words that name the place.
async fn flipped(number: u64, byte: usize) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    record(&store, 1..=40).await;
    store.close().await.unwrap();
    drop(store);
    let path = segment(directory.path(), number);
    let mut bytes = fs::read(&path).unwrap();
    bytes[byte] ^= 4;
    fs::write(&path, &bytes).unwrap();
    let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err();
    assert!(matches!(trouble, OpenTrouble::Journal(_)), "{trouble}");
    assert!(trouble.to_string().contains(&format!("{number:08}.seg")), "{trouble}");
}

#[tokio::test]
async fn a_flipped_bit_in_a_sealed_segment_stops_the_start() {
    flipped(1, 5000).await;
}

#[tokio::test]
async fn a_flipped_bit_in_the_middle_of_the_last_segment_stops_the_start() {
    flipped(2, 100).await;
}

#[tokio::test]
async fn a_flipped_bit_in_a_header_stops_the_start() {
    flipped(1, 20).await;
}

#[tokio::test]
async fn a_flipped_bit_behind_the_last_frame_of_a_sealed_segment_stops_the_start() {
    flipped(1, (8 << 10) - 1).await;
}

#[tokio::test]
async fn a_damaged_entry_is_never_read_as_another() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    // So many that the first one stands in no page that is still to be written.
    let recorded = record(&store, 1..=20).await;
    let path = segment(directory.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[200] ^= 1;
    fs::write(&path, &bytes).unwrap();
    for which in [1, 2] {
        let outcome = store.record(sent("1").declaring("1").with_other_bytes(which)).await;
        assert!(outcome.as_ref().is_err_and(|Unavailable(reason)| reason.contains("damaged")), "{outcome:?}");
    }
    assert_eq!(store.record(sent("2").declaring("2")).await.unwrap().recorded, recorded[1]);
    assert_eq!(store.record(sent("21")).await.unwrap().recorded.number, RecordNumber(21));
}

#[tokio::test]
async fn a_start_may_leave_sealed_segments_for_later_reads_to_check() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let recorded = record(&store, 1..=40).await;
    store.close().await.unwrap();
    drop(store);
    let path = segment(directory.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[200] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let options = StoreOptions { checks_everything: false, ..options(directory.path()) };
    let store = EmbeddedStore::open(options).unwrap();
    assert!(store.record(sent("1").declaring("1")).await.is_err());
    assert_eq!(store.record(sent("40").declaring("40")).await.unwrap().recorded, recorded[39]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_acknowledged_to_many_at_once_is_there_after_a_drop() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()));
    let mut tasks = JoinSet::new();
    for reference in 0..200 {
        let (store, reference) = (Arc::clone(&store), reference.to_string());
        tasks.spawn(async move {
            let standing = store.record(sent(&reference).declaring(&reference)).await.unwrap();
            (reference, standing.recorded)
        });
    }
    let acknowledged = tasks.join_all().await;
    drop(store);
    let store = open(directory.path());
    for (reference, recorded) in acknowledged {
        let standing = store.record(sent(&reference).declaring(&reference)).await.unwrap();
        assert_eq!(standing, Standing { recorded, is_repeat: true });
    }
}

#[tokio::test]
async fn a_missing_segment_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    record(&store, 1..=40).await;
    drop(store);
    fs::remove_file(segment(directory.path(), 1)).unwrap();
    let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err();
    assert!(trouble.to_string().contains("segment 1 "), "{trouble}");
}

#[tokio::test]
async fn a_state_without_a_journal_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    fs::remove_dir_all(directory.path().join("store/journal")).unwrap();
    let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err();
    assert!(matches!(trouble, OpenTrouble::JournalMissing(_)), "{trouble}");
}

#[tokio::test]
async fn a_second_owner_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let _first = open(directory.path());
    let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err();
    assert!(trouble.to_string().contains("in use by another process"), "{trouble}");
}

#[tokio::test]
async fn an_entry_longer_than_a_segment_gets_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    record(&store, 1..=1).await;
    let long = store.record(sent("long").with_bytes(100_000)).await.unwrap().recorded;
    record(&store, 2..=2).await;
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.summary().segments, 3);
    assert_eq!(store.delivery(long.number).await.unwrap().unwrap().bytes.len(), 100_000);
}

/// A disk that fails under the n-th interchange: nothing is acknowledged from then on, and after a new start all that
/// was acknowledged stands, and numbers go on without a gap and without a repeat.
async fn fails(fault: Fault, n: u32) {
    let directory = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    let store = open_with(&disk, directory.path());
    disk.fail(fault, n);
    let mut acknowledged = Vec::new();
    let mut reference = 1_u32;
    let refused = loop {
        let text = reference.to_string();
        match store.record(sent(&text).declaring(&text)).await {
            Ok(standing) => acknowledged.push(standing.recorded),
            Err(reason) => break reason,
        }
        reference += 1;
    };
    assert_eq!(store.ready(), Err(refused.clone()));
    assert_eq!(store.record(sent("1").declaring("1")).await, Err(refused.clone()));
    assert_eq!(store.keep(evidence(b"?")).await, Err(refused.clone()));
    assert_eq!(store.close().await, Err(refused));
    drop(store);
    let store = open(directory.path());
    // What failed may stand all the same: then its number was drawn for it, and it gets that answer.
    let text = reference.to_string();
    acknowledged.push(store.record(sent(&text).declaring(&text)).await.unwrap().recorded);
    check(&store, &acknowledged).await;
}

#[tokio::test]
async fn a_failed_write_draws_no_number() {
    for n in [1, 3] {
        fails(Fault::Write, n).await;
    }
}

#[tokio::test]
async fn half_a_write_draws_no_number() {
    for n in [1, 3] {
        fails(Fault::ShortWrite, n).await;
    }
}

#[tokio::test]
async fn a_failed_flush_gives_no_number() {
    for n in [1, 3] {
        fails(Fault::Sync, n).await;
    }
}

#[tokio::test]
async fn a_full_disk_draws_no_number() {
    fails(Fault::Full, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_wait_hear_of_the_failure() {
    let directory = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    let store = Arc::new(open_with(&disk, directory.path()));
    disk.fail(Fault::Sync, 3);
    let mut tasks = JoinSet::new();
    for reference in 0..64 {
        let store = Arc::clone(&store);
        let reference = reference.to_string();
        tasks.spawn(async move { store.record(sent(&reference).declaring(&reference)).await });
    }
    let outcomes = tasks.join_all().await;
    let mut given: Vec<u64> = outcomes
        .iter()
        .flatten()
        .map(|standing| match &standing.recorded.verdicts[..] {
            [Verdict::Accepted { proof, .. }] => proof.sequence,
            verdicts => panic!("{verdicts:?}"),
        })
        .collect();
    given.sort_unstable();
    assert!(given.iter().copied().eq(1..=given.len() as u64));
    assert!(store.record(sent("x")).await.is_err());
}

/// A store of several segments, closed; how many.
async fn several_segments(directory: &Path) -> u64 {
    let store = open(directory);
    record(&store, 1..=40).await;
    store.close().await.unwrap();
    let segments = store.shared.reader.find(RecordNumber(40)).unwrap().unwrap().segment;
    assert!(segments > 2);
    segments
}

#[tokio::test]
async fn a_full_segment_is_sealed_with_its_digest() {
    let directory = tempfile::tempdir().unwrap();
    let segments = several_segments(directory.path()).await;
    for number in 1..segments {
        let text = fs::read_to_string(seal(directory.path(), number)).unwrap();
        let digest = digest(&SHA256, &fs::read(segment(directory.path(), number)).unwrap());
        let digits: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text.lines().last(), Some(format!("sha256 {digits}").as_str()));
    }
    assert!(!seal(directory.path(), segments).exists(), "the last one is not full yet");
}

#[tokio::test]
async fn a_seal_that_is_gone_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    several_segments(directory.path()).await;
    let before = fs::read(seal(directory.path(), 1)).unwrap();
    fs::remove_file(seal(directory.path(), 1)).unwrap();
    drop(open(directory.path()));
    assert_eq!(fs::read(seal(directory.path(), 1)).unwrap(), before);
}

#[tokio::test]
async fn the_seal_of_another_segment_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    several_segments(directory.path()).await;
    fs::copy(seal(directory.path(), 2), seal(directory.path(), 1)).unwrap();
    let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err().to_string();
    assert!(trouble.contains("00000001.seg") && trouble.contains("its seal is of another one"), "{trouble}");
    fs::write(seal(directory.path(), 1), "rubbish").unwrap();
    let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err().to_string();
    assert!(trouble.contains("00000001.seal") && trouble.contains("its seal cannot be read"), "{trouble}");
}

/// Somebody who knows the format writes the last entry of the first segment anew, checksum and all.
#[tokio::test]
async fn an_entry_that_was_written_anew_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    record(&store, 1..=40).await;
    let second = store.shared.reader.find(RecordNumber(2)).unwrap().unwrap();
    let path = segment(directory.path(), second.segment);
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let frame = usize::try_from(second.offset).unwrap();
    let end = frame + usize::try_from(second.length).unwrap();
    bytes[end - 1] ^= 1;
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&bytes[frame + 4..frame + 8]), &bytes[frame + 12..end]);
    bytes[frame + 8..frame + 12].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let trouble = EmbeddedStore::open(options(directory.path())).unwrap_err().to_string();
    assert!(trouble.contains(&format!("is damaged at byte {frame}, where entry 2 should be")), "{trouble}");
}

#[tokio::test]
async fn nobody_looks_again_at_answers_that_were_delivered() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let from = || store.shared.outbox_from(&partner("maple")).unwrap();
    assert_eq!(from(), state::outbox(&partner("maple"), AnswerReference(0)));
    for reference in 1..=3 {
        store.record(sent(&reference.to_string()).declaring(&reference.to_string())).await.unwrap();
    }
    let waiting = store.waiting(&partner("maple"), 10, HashSet::new()).await.unwrap();
    let answers: Vec<_> = waiting.iter().map(|waiting| waiting.answer).collect();
    // One that is left out waits all the same, so what is behind it moves nothing.
    store.delivered(&partner("maple"), &answers[1..3]).await.unwrap();
    assert_eq!(from(), state::outbox(&partner("maple"), answers[0].reference));
    store.delivered(&partner("maple"), &answers[..1]).await.unwrap();
    assert_eq!(from(), state::outbox(&partner("maple"), answers[3].reference));
    assert_eq!(store.count_waiting(&partner("maple"), 10).await, Ok(answers.len() - 3));
    store.delivered(&partner("maple"), &answers[3..]).await.unwrap();
    let behind = AnswerReference(answers.last().unwrap().reference.0 + 1);
    assert_eq!(from(), state::outbox(&partner("maple"), behind));
    store.record(sent("4").declaring("4")).await.unwrap();
    let later = store.waiting(&partner("maple"), 10, HashSet::new()).await.unwrap();
    assert_eq!(later.first().map(|waiting| waiting.answer.reference), Some(behind));
}

#[tokio::test]
async fn a_long_interchange_is_recorded_like_any_other() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let long = (0..=LONG_JUDGEMENTS).fold(sent("1"), |sent, n| sent.declaring(&n.to_string()));
    let recorded = store.record(long.clone()).await.unwrap().recorded;
    assert_eq!(proofs(&recorded).len(), LONG_JUDGEMENTS + 1);
    drop(store);
    let again = open(directory.path()).record(long).await.unwrap();
    assert_eq!((again.is_repeat, again.recorded), (true, recorded));
}
