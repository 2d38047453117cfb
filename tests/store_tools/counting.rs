//! `lodged store stats`: what is counted.

use serde_json::json;

use crate::store::{FRAME_BYTES, HEADER_BYTES, Store};

#[test]
fn everything_in_a_store_is_counted() {
    let store = Store::with(12);
    let report = store.json("stats");
    for (name, count) in [
        ("entries", 16),
        ("interchanges", 14),
        ("evidence", 1),
        ("deliveries", 1),
        ("interchanges_accepted", 13),
        ("interchanges_refused", 1),
        ("interchanges_practice", 1),
        ("declarations_accepted", 13),
        ("declarations_refused", 0),
        ("segments", store.segments()),
        ("sealed_segments", store.segments() - 1),
    ] {
        assert_eq!(report[name], count, "{name}");
    }
    assert_eq!(report["first_received_at"], "2026-11-21T20:45:00Z");
    let acme = json!({ "interchanges": 14, "declarations_accepted": 13, "declarations_refused": 0 });
    assert_eq!(report["partners"], json!({ "acme": acme }));
    assert!(report["sizes"]["state_bytes"].as_u64() > Some(0));
    store.tool(&["stats"]).said(0, "acme  ");
}

#[test]
fn it_counts_while_a_daemon_has_the_store() {
    let store = Store::with(2);
    let _open = store.open();
    assert_eq!(store.json("stats")["entries"], 6);
}

#[test]
fn what_cannot_be_read_is_left_out_and_said() {
    let store = Store::with(12);
    Store::changes(&store.segment(1), |bytes| bytes[HEADER_BYTES + FRAME_BYTES] ^= 1);
    let ran = store.tool(&["stats"]);
    ran.said(1, "not in the figures");
    ran.said(1, "segment 1, byte 96, entry 1: entries cannot be read");
}

#[test]
fn what_was_dropped_is_said_beside_what_is_left() {
    let store = Store::with(12);
    let dropped = store.drops_what_is_full();
    let report = store.json("stats");
    assert_eq!(report["dropped_entries"], dropped.entries);
    assert_eq!((&report["prunings"], &report["sealed_segments"]), (&json!(dropped.segments), &json!(0)));
    assert_eq!(report["entries"].as_u64().unwrap(), 16 - dropped.entries + dropped.segments);
    let said = format!("entries dropped          {:>14}", dropped.entries);
    store.tool(&["stats"]).said(0, &said);
}
