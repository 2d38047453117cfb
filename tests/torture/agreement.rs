//! Whether what is in the state is what the journal says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::tz::TimeZone;
use lodged::identifier::ProofForm;
use lodged::store::{EmbeddedStore, Numbering, StoreOptions};

use crate::gateway::copy;

/// Fails unless the journal in this directory is whole and makes the very state that is beside it, key by key. The store
/// is closed; copies of it are opened, so that nothing in it changes.
pub(crate) fn agrees(record: &Path) {
    let copies = tempfile::tempdir().unwrap();
    let (kept, made) = (copies.path().join("kept"), copies.path().join("made"));
    copy(record, &kept);
    copy(&record.join("journal"), &made.join("journal"));
    assert_eq!(opened(&kept), None, "the state beside the journal could not be used");
    assert_eq!(opened(&made), None, "a store without a state has none to make again");
    let (kept, made) = (state(&kept), state(&made));
    for key in kept.keys().chain(made.keys()) {
        let key_text = key.escape_ascii();
        assert!(kept.get(key) == made.get(key), "journal and state disagree about {key_text}");
    }
    assert!(!made.is_empty(), "there is nothing to agree about");
}

/// Opens and closes a store, and says why its state was made again, if it was.
fn opened(record: &Path) -> Option<String> {
    let zone = TimeZone::get("America/Toronto").unwrap();
    let options = StoreOptions::new(record.to_owned(), Numbering { form: ProofForm::Cers, zone });
    let store = EmbeddedStore::open(options).unwrap_or_else(|trouble| panic!("{trouble}"));
    let rebuilt = store.summary().rebuilt.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.close()).unwrap();
    rebuilt
}

/// Everything in a state but the two keys of its own.
fn state(record: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let path = record.join("state");
    let database = sled::Config::new().path(&path).segment_size(8 << 20).open().unwrap();
    let pairs = database.iter().map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap());
    let pairs = pairs.filter(|(key, _)| !key.starts_with(b"m ")).collect();
    drop(database);
    fs::remove_dir_all(path).unwrap();
    pairs
}
