//! `lodged store rebuild` and `compact`: the state, made anew.

use std::fs;

use serde_json::json;

use crate::agreement::is_right;
use crate::store::{FRAME_BYTES, HEADER_BYTES, Store, declaration, run_with_files_of, state};

#[test]
fn a_state_is_made_anew_and_the_old_one_is_kept() {
    let store = Store::with(12);
    let db = state(&store);
    db.insert(b"dacme\0\0NEVER", b"?").unwrap();
    drop(db);
    let report = store.json("rebuild");
    assert_eq!((&report["entries"], &report["keys"]), (&json!(16), &json!(161)));
    assert!(report["bytes_before"].as_u64() > Some(0) && report["bytes_after"].as_u64() > Some(0));
    assert_eq!(report["aside"], store.directory().join("state.aside-1").to_str().unwrap());
    assert!(store.directory().join("state.aside-1").is_dir() && !store.directory().join("state.new").exists());
    is_right(&store);
    let open = store.open();
    assert_eq!(open.summary().rebuilt, None);
    let repeat = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(async { lodged::store::Store::record(&open, declaration(1)).await.unwrap() });
    assert!(repeat.is_repeat);
}

#[test]
fn compacting_removes_the_old_one() {
    let store = Store::with(3);
    store.tool(&["compact"]).said(0, "the state was made anew from 7 entries: ");
    assert!(!store.directory().join("state.aside-1").exists());
    is_right(&store);
}

#[test]
fn a_state_that_is_gone_or_spoiled_is_made_again() {
    let store = Store::with(3);
    fs::remove_dir_all(store.directory().join("state")).unwrap();
    store.tool(&["rebuild"]).said(0, "bytes before               0");
    is_right(&store);
    Store::changes(&store.directory().join("state/db"), |bytes| bytes.iter_mut().for_each(|byte| *byte = !*byte));
    store.tool(&["compact"]).said(0, "made anew");
    is_right(&store);
}

#[test]
fn nothing_is_made_of_a_damaged_journal() {
    let store = Store::with(12);
    Store::changes(&store.segment(1), |bytes| bytes[HEADER_BYTES + FRAME_BYTES] ^= 1);
    let before = store.files();
    for verb in ["rebuild", "compact"] {
        store.tool(&[verb]).said(2, "segment 1, byte 96, entry 1: entries cannot be read");
    }
    assert!(store.files() == before, "something was changed");
}

#[test]
fn nothing_is_made_of_a_journal_that_ends_too_early() {
    let store = Store::with(3);
    let last = store.segments();
    Store::changes(&store.segment(last), |bytes| {
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        bytes[end - 3..].fill(0);
    });
    store.tool(&["compact"]).said(2, "entries at the end are lost");
    assert!(store.directory().join("state").exists());
}

#[test]
fn nothing_is_made_while_a_daemon_has_the_store() {
    let store = Store::with(1);
    let _open = store.open();
    for verb in ["rebuild", "compact"] {
        store.tool(&[verb]).said(2, "is in use by another process; stop that one first");
    }
}

#[test]
fn a_full_disk_leaves_the_old_state() {
    let store = Store::with(12);
    for verb in ["rebuild", "compact"] {
        let directory = store.directory();
        let ran = run_with_files_of(8, &["store", verb, "--store", directory.to_str().unwrap()]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(!store.directory().join("state.new").exists());
        is_right(&store);
    }
}

#[test]
fn what_is_left_of_a_record_is_enough_to_make_its_state_anew() {
    let store = Store::with(12);
    let before = store.json("rebuild")["keys"].as_u64().unwrap();
    let dropped = store.drops_what_is_full();
    let report = is_right(&store);
    assert_eq!(report["dropped_entries"], dropped.entries);
    let after = store.json("compact")["keys"].as_u64().unwrap();
    assert!(after < before, "{after} of {before}");
    assert_eq!(is_right(&store)["keys"], report["keys"]);
    fs::remove_dir_all(store.directory().join("state")).unwrap();
    drop(store.open());
    assert_eq!(is_right(&store)["keys"], report["keys"]);
}
