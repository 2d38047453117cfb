//! `lodged store check`: a store that is right, and each way of being wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::agreement::{check, is_right};
use crate::store::{FRAME_BYTES, HEADER_BYTES, SEGMENT_BYTES, Store, record, run, state};

#[test]
fn a_store_that_is_right_is_said_to_be() {
    let store = Store::with(12);
    let before = store.files();
    let report = is_right(&store);
    assert_eq!(
        (&report["state"], &report["entries"], &report["applied"]),
        (&json!("compared"), &json!(16), &json!(16))
    );
    let keys: Vec<_> = report["keys"].as_array().unwrap().iter().collect();
    for (kind, count) in
        [("answer-counter", 1), ("number-counter", 2), ("declaration", 13), ("proof-of-report", 13), ("repeat-key", 14)]
    {
        let found = keys.iter().find(|key| key["kind"] == kind).unwrap();
        assert_eq!((&found["in_state"], &found["in_journal"]), (&json!(count), &json!(count)), "{kind}");
    }
    assert!(store.files() == before, "something was changed");
    store.tool(&["check"]).said(0, "nothing disagrees");
}

#[test]
fn the_configuration_names_the_store() {
    let store = Store::with(1);
    let config = store.home().join("lodged.toml");
    fs::create_dir(store.home().join("partners")).unwrap();
    fs::write(&config, "[store]\ndirectory = \"record\"\n").unwrap();
    run(&["store", "check", "--config", config.to_str().unwrap()]).said(0, "nothing disagrees");
}

#[test]
fn after_a_kill_what_is_applied_again_is_no_disagreement() {
    let store = Store::with(3);
    let open = store.open();
    tokio::runtime::Runtime::new().unwrap().block_on(record(&open, 20..=32));
    drop(open);
    let report = is_right(&store);
    assert!(report["applied"].as_u64() < report["entries"].as_u64(), "{report}");
}

#[test]
fn while_a_daemon_has_it_the_journal_alone_is_checked() {
    let store = Store::with(6);
    let open = store.open();
    let report = is_right(&store);
    assert_eq!((&report["state"], &report["is_in_use"]), (&json!("in-use"), &json!(true)));
    store.tool(&["check"]).said(0, "not compared: a daemon has the store in use");
    drop(open);
    Store::changes(&store.segment(1), |bytes| bytes[HEADER_BYTES + FRAME_BYTES] ^= 1);
    let _open = lodged::store::EmbeddedStore::open(lodged::store::StoreOptions {
        checks_everything: false,
        ..crate::store::options(&store.directory())
    })
    .unwrap();
    check(&store, &[("entries-damaged", Some(1)), ("digest-wrong", Some(1))]);
}

#[test]
fn the_journal_is_read_while_it_is_written() {
    let store = Store::with(1);
    let open = store.open();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(record(&open, 100..=260)));
        let mut entries = 0;
        while !writing.is_finished() {
            let found = is_right(&store)["entries"].as_u64().unwrap();
            assert!(found >= entries, "{found} {entries}");
            entries = found;
        }
        writing.join().unwrap();
    });
}

#[test]
fn a_damaged_entry_is_told_with_its_place_and_the_rest_is_read() {
    let store = Store::with(12);
    Store::changes(&store.segment(1), |bytes| bytes[HEADER_BYTES + FRAME_BYTES + 9] ^= 4);
    let report = check(&store, &[("entries-damaged", Some(1)), ("digest-wrong", Some(1))]);
    let damaged = &report["disagreements"]["told"][0];
    assert_eq!((&damaged["byte"], &damaged["entry"], &damaged["expected"]), (&json!(96), &json!(1), &json!("entry 1")));
    assert_eq!((&report["entries"], &report["state"]), (&json!(16), &json!("journal-damaged")));
}

#[test]
fn a_segment_that_is_gone_is_told() {
    let store = Store::with(12);
    fs::remove_file(store.segment(2)).unwrap();
    check(&store, &[("segment-missing", Some(2))]);
}

#[test]
fn the_last_segment_that_is_gone_is_told() {
    let store = Store::with(12);
    let last = store.segments();
    fs::remove_file(store.segment(last)).unwrap();
    check(&store, &[("segment-missing", Some(last))]);
}

#[test]
fn a_cut_file_is_told() {
    let store = Store::with(12);
    Store::changes(&store.segment(1), |bytes| bytes.truncate(5000));
    let report = check(&store, &[("segment-unreadable", Some(1))]);
    assert_eq!(report["disagreements"]["told"][0]["found"], "its length is not the one it states");
}

#[test]
fn entries_that_are_cut_off_at_the_end_are_told_by_the_state() {
    let store = Store::with(3);
    let last = store.segments();
    Store::changes(&store.segment(last), |bytes| {
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        bytes[end - 3..].fill(0);
    });
    let report = check(&store, &[("entries-lost", Some(last))]);
    assert!(report["tail"].is_object());
}

#[test]
fn what_an_interrupted_write_left_is_no_disagreement() {
    let store = Store::with(3);
    let last = store.segments();
    Store::changes(&store.segment(last), |bytes| {
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        bytes[end + 8..end + 16].copy_from_slice(b"LDGf\xff\x01\0\0");
    });
    assert!(is_right(&store)["tail"].is_object());
    store.tool(&["check"]).said(0, "what an interrupted write left");
}

#[test]
fn bytes_behind_the_last_entry_of_a_full_segment_are_told() {
    let store = Store::with(12);
    Store::changes(&store.segment(1), |bytes| *bytes.last_mut().unwrap() = 7);
    let report = check(&store, &[("not-zeroes", Some(1)), ("digest-wrong", Some(1))]);
    assert_eq!(
        (&report["disagreements"]["told"][0]["byte"], &report["state"]),
        (&json!(SEGMENT_BYTES - 1), &json!("compared"))
    );
}

#[test]
fn seals_that_were_changed_are_told() {
    let store = Store::with(12);
    let text = fs::read_to_string(store.seal(1)).unwrap();
    fs::write(store.seal(1), "rubbish").unwrap();
    check(&store, &[("seal-wrong", Some(1))]);
    fs::copy(store.seal(2), store.seal(1)).unwrap();
    check(&store, &[("seal-wrong", Some(1)), ("digest-wrong", Some(1))]);
    let (before, digest) = text.trim_end().rsplit_once(' ').unwrap();
    fs::write(store.seal(1), format!("{before} {}\n", digest.chars().rev().collect::<String>())).unwrap();
    check(&store, &[("digest-wrong", Some(1))]);
    fs::remove_file(store.seal(1)).unwrap();
    assert_eq!(is_right(&store)["unsealed_segments"], 1);
}

/// Somebody who knows the format writes an entry anew, checksum and all.
#[test]
fn an_entry_that_was_written_anew_breaks_the_chain() {
    let store = Store::with(3);
    Store::changes(&store.segment(1), |bytes| {
        let frame = &bytes[HEADER_BYTES..];
        let end = FRAME_BYTES + usize::try_from(u32::from_le_bytes(*frame[4..].first_chunk().unwrap())).unwrap();
        bytes[HEADER_BYTES + end - 1] ^= 1;
        let frame = &bytes[HEADER_BYTES..HEADER_BYTES + end];
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&frame[4..8]), &frame[12..]);
        bytes[HEADER_BYTES + 8..HEADER_BYTES + 12].copy_from_slice(&checksum.to_le_bytes());
    });
    let report = store.json("check");
    let told = &report["disagreements"]["told"];
    assert_eq!((&told[0]["what"], &told[0]["segment"]), (&json!("chain-broken"), &json!(1)));
    assert!(told.as_array().unwrap().iter().filter(|one| one["what"] == "chain-broken").count() == 1, "{report:#}");
    assert_eq!(report["state"], "journal-damaged");
}

#[test]
fn another_stores_segment_is_told() {
    let (store, other) = (Store::with(12), Store::with(12));
    fs::copy(other.segment(2), store.segment(2)).unwrap();
    check(&store, &[("segment-unreadable", Some(2))]);
}

/// What is told of keys: what, kind, key, what is there, what should be.
#[track_caller]
fn keys(store: &Store) -> Vec<[String; 5]> {
    let report = store.json("check");
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or("-").to_owned();
    let told = report["disagreements"]["told"].as_array().unwrap().iter();
    told.map(|one| ["what", "key_kind", "key", "found", "expected"].map(|name| text(one, name))).collect()
}

#[test]
fn keys_that_nobody_put_into_the_state_are_told() {
    let store = Store::with(3);
    let db = state(&store);
    db.insert(b"dacme\0\0NEVER", b"?").unwrap();
    db.insert(b"xyz", b"").unwrap();
    drop(db);
    let told = keys(&store);
    let said: Vec<_> = told.iter().map(|[what, kind, key, ..]| format!("{what} {kind} {key}")).collect();
    assert_eq!(said, ["key-too-many declaration acme NEVER", "key-too-many unknown 78797a"]);
    assert_eq!((told[0][3].as_str(), told[0][4].as_str()), ("3f", "nothing"));
}

#[test]
fn a_part_of_the_state_that_is_gone_or_spoiled_is_told() {
    for is_gone in [true, false] {
        for part in [&b"P"[..], b"F", b"m runs"] {
            let store = Store::with(3);
            let db = state(&store);
            let (key, value) = db.scan_prefix(part).next().unwrap().unwrap();
            if is_gone {
                db.remove(&key).unwrap();
            } else {
                let mut bytes = value.to_vec();
                *bytes.last_mut().unwrap() ^= 1;
                db.insert(&key, bytes).unwrap();
            }
            drop(db);
            let expected = if is_gone && part == b"m runs" { "watermark-wrong" } else { "state-unreadable" };
            assert_eq!(check(&store, &[(expected, None)])["state"], "unreadable");
            store.tool(&["rebuild"]).said(0, "made anew");
            is_right(&store);
        }
    }
}

#[test]
fn a_state_that_is_gone_behind_or_of_another_store_is_told() {
    let store = Store::with(3);
    let watermark = fs::read_to_string(store.directory().join("watermark")).unwrap();
    let (id, _) = watermark.split_once(' ').unwrap();
    fs::write(store.directory().join("watermark"), format!("{id} 6\n")).unwrap();
    is_right(&store);
    fs::write(store.directory().join("watermark"), format!("{id} 99\n")).unwrap();
    let said = check(&store, &[("watermark-wrong", None), ("entries-lost", Some(2))]);
    assert_eq!(said["state"], "unreadable");
    fs::write(store.directory().join("watermark"), &watermark).unwrap();
    let db = state(&store);
    db.insert(b"m store", &[1; 16]).unwrap();
    drop(db);
    check(&store, &[("state-unreadable", None)]);
    fs::remove_dir_all(store.directory().join("state")).unwrap();
    check(&store, &[("state-gone", None)]);
    fs::remove_file(store.directory().join("watermark")).unwrap();
    assert_eq!(is_right(&store)["state"], "not-made");
}

#[test]
fn as_many_as_were_asked_for_are_told_and_all_are_counted() {
    let store = Store::with(3);
    let db = state(&store);
    for number in 0..7_u8 {
        db.insert([b'x', number], b"").unwrap();
    }
    drop(db);
    let ran = store.tool(&["check", "--limit", "2"]);
    ran.said(1, "7 disagreements, the first 2 told");
    assert_eq!(ran.out.matches("disagrees: unknown key").count(), 2, "{}", ran.out);
}

#[test]
fn what_is_no_store_is_said_in_words() {
    let store = Store::with(1);
    let nowhere = store.home().join("nowhere");
    run(&["store", "check", "--store", nowhere.to_str().unwrap()]).said(2, "nowhere is no store: it is not there");
    assert!(!nowhere.exists());
    fs::create_dir(&nowhere).unwrap();
    run(&["store", "check", "--store", nowhere.to_str().unwrap()]).said(2, "nowhere is no store: it has no journal");
    run(&["store", "check", "--config", nowhere.to_str().unwrap()]).said(2, "the configuration cannot be used");
    assert_eq!(fs::read_dir(nowhere).unwrap().count(), 0);
}

#[test]
fn files_that_may_not_be_read_are_said_in_words() {
    let store = Store::with(1);
    fs::set_permissions(store.segment(1), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(store.segment(1)).is_ok() {
        return; // Nothing is forbidden to this user.
    }
    store.tool(&["check"]).said(2, "cannot open ");
}

#[test]
fn what_cannot_be_read_at_all_is_said_in_words() {
    let store = Store::with(1);
    fs::remove_file(store.segment(1)).unwrap();
    fs::create_dir(store.segment(1)).unwrap();
    store.tool(&["check"]).said(2, "check that it is there and that you may");
}
