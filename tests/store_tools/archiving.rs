//! The tools of the record where old segments are in an archive.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use lodged::store::{EmbeddedStore, StoreOptions};
use tokio::runtime::Runtime;

use crate::agreement::is_right;
use crate::store::{HEADER_BYTES, SEGMENT_BYTES, Store, options, record, run};

/// A store with everything in its archive that may be there; how many segments that are.
fn archived() -> (Store, u64) {
    let store = Store::with(40);
    let open = EmbeddedStore::open(with_archive(&store.directory(), &archive(&store))).unwrap();
    let moved = Runtime::new().unwrap().block_on(open.archive(Timestamp::MAX)).unwrap().moved;
    assert!(moved > 3);
    (store, moved)
}

fn with_archive(directory: &Path, archive: &Path) -> StoreOptions {
    StoreOptions { archive: Some(archive.to_owned()), ..options(directory) }
}

fn archive(store: &Store) -> PathBuf {
    store.home().join("archive")
}

/// The archive is no more where it was.
fn goes(store: &Store) {
    fs::rename(archive(store), store.home().join("away")).unwrap();
}

#[test]
fn every_tool_finds_what_moved() {
    let (store, moved) = archived();
    is_right(&store);
    let stats = store.json("stats");
    assert_eq!(
        (&stats["archived_segments"], &stats["archive"]),
        (&moved.into(), &archive(&store).to_str().unwrap().into())
    );
    assert_eq!(stats["entries"], 44);
    assert_eq!(stats["sizes"]["archive_bytes"], moved * SEGMENT_BYTES);
    store.tool(&["stats"]).said(0, &format!("the archive is {}", archive(&store).display()));
    let export = store.tool(&["export"]);
    assert_eq!((export.code, export.out.lines().count()), (Some(0), 40));
    store.tool(&["rebuild"]).said(0, "the state was made anew from 44 entries");
    is_right(&store);
}

#[test]
fn a_backup_has_what_moved_and_becomes_a_store_that_moves_it_again() {
    let (store, moved) = archived();
    let [backup, restored] = ["backup", "restored"].map(|name| store.home().join(name));
    let report = store.tool(&["backup", backup.to_str().unwrap(), "--json"]).json();
    assert_eq!((&report["entries"], &report["copied_segments"]), (&44.into(), &(moved + 2).into()));
    run(&["store", "restore", backup.to_str().unwrap(), restored.to_str().unwrap()]).said(0, "entries   44");
    let open = EmbeddedStore::open(with_archive(&restored, &archive(&store))).unwrap();
    let again = Runtime::new().unwrap().block_on(open.archive(Timestamp::MAX)).unwrap();
    assert_eq!((again.moved, again.segments), (moved, moved), "the copies that are there are right");
    drop(open);
    run(&["store", "check", "--store", restored.to_str().unwrap()]).said(0, "nothing disagrees");
}

#[test]
fn a_backup_goes_on_while_the_archive_is_away_when_it_has_what_is_there() {
    let (store, _) = archived();
    let [backup, late] = ["backup", "late"].map(|name| store.home().join(name).to_str().unwrap().to_owned());
    store.tool(&["backup", &backup]).said(0, "entries   44");
    goes(&store);
    let quick = StoreOptions { checks_everything: false, ..with_archive(&store.directory(), &archive(&store)) };
    Runtime::new().unwrap().block_on(record(&EmbeddedStore::open(quick).unwrap(), 1000..=1010));
    store.tool(&["backup", &backup, "--verify"]).said(0, "entries   55");
    store.tool(&["backup", &late]).said(2, "mount the archive there");
    let restored = store.home().join("restored");
    run(&["store", "restore", &backup, restored.to_str().unwrap()]).said(0, "entries   55");
}

#[test]
fn a_backup_does_not_go_into_the_archive() {
    let (store, _) = archived();
    store.tool(&["backup", archive(&store).join("backup").to_str().unwrap()]).said(2, "is in the store itself");
}

#[test]
fn what_is_away_is_named_with_the_places_where_it_was_looked_for() {
    let (store, moved) = archived();
    goes(&store);
    let report = store.json("check");
    let told = &report["disagreements"]["told"][0];
    assert_eq!((&told["what"], &told["segment"]), (&"segment-missing".into(), &1.into()));
    assert_eq!(told["expected"], format!("segments 1 to {moved}"));
    let found = told["found"].as_str().unwrap();
    assert!(found.contains("record/journal and nothing in the archive") && found.contains("/archive"), "{found}");
    store.tool(&["export"]).said(2, "segment 1: the segment is missing");
    let first_kept = fs::read_to_string(store.seal(moved)).unwrap();
    let next = first_kept.lines().find_map(|line| line.strip_prefix("next ")).unwrap();
    store.tool(&["export", "--since", next]).said(0, "exported");
    store.tool(&["rebuild"]).said(2, "segment 1: the segment is missing");
}

#[test]
fn a_flipped_bit_in_the_archive_is_found_and_not_backed_up() {
    let (store, _) = archived();
    let segment = archive(&store).join("00000002.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[HEADER_BYTES + 10] ^= 1;
    fs::remove_file(&segment).unwrap();
    fs::write(&segment, bytes).unwrap();
    store.tool(&["check"]).said(1, "segment 2: the segment does not have the digest of its seal");
    store.tool(&["backup", store.home().join("backup").to_str().unwrap()]).said(2, "archive/00000002.seg");
}

#[test]
fn what_the_journal_says_of_its_archive_is_not_guessed_when_it_was_changed() {
    let (store, _) = archived();
    Store::changes(&store.directory().join("journal/archived"), |text| text[40] ^= 1);
    store.tool(&["check"]).said(2, "journal/archived is not as it was written");
    let trouble = EmbeddedStore::open(options(&store.directory())).unwrap_err().to_string();
    assert!(trouble.contains("journal/archived is not as it was written"), "{trouble}");
}
