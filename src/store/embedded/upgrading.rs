//! A journal of the format before this one, as its last version left it, at its first start with this one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::open::open_on;
use super::*;
use crate::store::battery::options;
use crate::store::journal::segment::{FORMAT, HEADER_BYTES, Header};
use crate::store::journal::{Disk, Fault, FaultyDisk};
use crate::store::sample::sent;

/// A closed store of the former format with so many interchanges.
async fn former(interchanges: u32) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(options(directory.path())).unwrap();
    lodges(&store, 1..=interchanges).await;
    store.close().await.unwrap();
    drop(store);
    for (path, bytes) in files(directory.path()) {
        if path.extension().is_some_and(|extension| extension == "seg") {
            let header = Header::read(bytes.first_chunk().unwrap()).unwrap();
            let former = Header { format: FORMAT - 1, ..header }.write();
            fs::write(&path, [&former, &bytes[HEADER_BYTES..]].concat()).unwrap();
        } else if path.extension().is_some_and(|extension| extension == "seal") {
            fs::remove_file(path).unwrap();
        }
    }
    directory
}

async fn lodges(store: &EmbeddedStore, references: impl IntoIterator<Item = u32>) {
    for reference in references {
        let reference = reference.to_string();
        assert!(!store.record(sent(&reference).declaring(&reference)).await.unwrap().is_repeat);
    }
}

fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(directory).into_iter().map(|entry| entry.unwrap().into_path());
    entries.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn segment(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("store/journal/{number:08}.seg"))
}

/// Every entry is there, and the next number follows.
async fn goes_on(store: &EmbeddedStore, interchanges: u32) {
    for reference in 1..=interchanges {
        let reference = reference.to_string();
        assert!(store.record(sent(&reference).declaring(&reference)).await.unwrap().is_repeat);
    }
    let next = store.record(sent("next").declaring("next")).await.unwrap().recorded;
    assert_eq!(next.number, RecordNumber(u64::from(interchanges) + 1));
}

/// The start with these options is refused, and changes nothing.
fn is_refused(directory: &Path, disk: &FaultyDisk, words: &str) {
    let before = files(directory);
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let options = StoreOptions { checks_everything: false, ..options(directory) };
    let said = open_on(&disk, options).unwrap_err().to_string();
    assert!(said.contains(words), "{said}");
    assert!(files(directory) == before, "something was changed");
}

#[tokio::test]
async fn it_goes_on_in_a_new_segment_and_leaves_the_others_as_they_were() {
    for interchanges in [0, 1, 3, 40] {
        let directory = former(interchanges).await;
        let before = files(directory.path());
        let store = EmbeddedStore::open(options(directory.path())).unwrap();
        let StartSummary { upgraded_from, segments, replayed, rebuilt, .. } = store.summary().clone();
        assert_eq!((upgraded_from, replayed, rebuilt), (Some(FORMAT - 1), 0, None));
        goes_on(&store, interchanges).await;
        drop(store);
        for (path, bytes) in before.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "seg")) {
            assert!(fs::read(path).unwrap() == *bytes, "{}", path.display());
        }
        let newest = fs::read(segment(directory.path(), segments.try_into().unwrap())).unwrap();
        assert_eq!(Header::read(newest.first_chunk().unwrap()).unwrap().format, FORMAT);
    }
}

#[tokio::test]
async fn a_second_start_finds_nothing_to_upgrade() {
    let directory = former(3).await;
    drop(EmbeddedStore::open(options(directory.path())).unwrap());
    let store = EmbeddedStore::open(options(directory.path())).unwrap();
    assert_eq!((store.summary().upgraded_from, store.summary().segments), (None, 2));
    goes_on(&store, 3).await;
}

#[tokio::test]
async fn damage_anywhere_stops_it_before_anything_is_changed() {
    let directory = former(40).await;
    let disk = FaultyDisk::default();
    for number in [1, 2] {
        let path = segment(directory.path(), number);
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        bytes[200] ^= 1;
        fs::write(&path, bytes).unwrap();
        is_refused(directory.path(), &disk, &format!("{number:08}.seg is damaged at byte 96"));
        fs::write(path, whole).unwrap();
    }
    fs::remove_dir_all(directory.path().join("store/state")).unwrap();
    fs::remove_file(segment(directory.path(), 2)).unwrap();
    is_refused(directory.path(), &disk, "segment 2 of the journal in");
}

#[tokio::test]
async fn a_journal_that_lost_its_end_is_not_upgraded() {
    let directory = former(3).await;
    let path = segment(directory.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end] ^= 1;
    fs::write(path, bytes).unwrap();
    is_refused(directory.path(), &FaultyDisk::default(), "the journal ends at entry 2, but entry 3 was recorded");
}

#[tokio::test]
async fn an_entry_that_is_not_understood_stops_it() {
    let directory = former(0).await;
    let path = segment(directory.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let header = Header::read(bytes.first_chunk().unwrap()).unwrap();
    let (number, payload) = (RecordNumber(1), b"\x7f");
    let chain = header.chain.follow(number, payload);
    let mut frame = Vec::new();
    crate::store::journal::frame::Frame { number, behind: 0, chain, payload }
        .write(header.generation(), &mut frame)
        .unwrap();
    bytes[HEADER_BYTES..HEADER_BYTES + frame.len()].copy_from_slice(&frame);
    fs::write(path, bytes).unwrap();
    is_refused(directory.path(), &FaultyDisk::default(), "is not one of this version");
}

#[tokio::test]
async fn a_full_disk_leaves_it_for_the_next_start() {
    let directory = former(3).await;
    let disk = FaultyDisk::default();
    disk.fail(Fault::Full, 1);
    let faulty: Arc<dyn Disk> = Arc::new(disk);
    let before = fs::read(segment(directory.path(), 1)).unwrap();
    let said = open_on(&faulty, options(directory.path())).unwrap_err().to_string();
    assert!(said.contains("cannot create"), "{said}");
    assert!(fs::read(segment(directory.path(), 1)).unwrap() == before);
    let store = EmbeddedStore::open(options(directory.path())).unwrap();
    assert_eq!(store.summary().upgraded_from, Some(FORMAT - 1));
    goes_on(&store, 3).await;
}

#[tokio::test]
async fn what_an_interrupted_write_left_is_removed_before_the_segment_is_sealed() {
    let directory = former(3).await;
    let path = segment(directory.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    bytes[end..end + 3].copy_from_slice(b"LDG");
    fs::write(&path, &bytes).unwrap();
    let store = EmbeddedStore::open(options(directory.path())).unwrap();
    assert!(store.summary().had_torn_tail);
    goes_on(&store, 3).await;
    drop(store);
    bytes[end..].fill(0);
    assert!(fs::read(&path).unwrap() == bytes);
    assert!(path.with_extension("seal").exists());
}
