//! `lodged store export`: one line for each accepted declaration.

use std::process::Stdio;

use serde_json::Value;

use crate::schema::agree;
use crate::store::{FRAME_BYTES, HEADER_BYTES, Ran, Store, program};

const SCHEMA: &str = include_str!("../../docs/export.schema.json");

fn lines(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_accepted_declaration_is_a_line_as_the_schema_says() {
    let store = Store::with(12);
    let ran = store.tool(&["export"]);
    ran.said(0, "12 declarations exported; go on with --since 17");
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for (line, number) in lines(&ran).iter().zip(1..) {
        agree(line, &schema, &schema, "$");
        assert_eq!(line["entry"], number);
        assert_eq!(line["proof"], format!("AB123420261121{number}"));
        assert_eq!(line["reference"], format!("ACME-{number:010}"));
        assert_eq!(line["declaration"]["reference"], line["reference"]);
    }
    assert_eq!(lines(&ran).len(), 12);
}

#[test]
fn lines_of_json_are_printed_whether_json_is_asked_for_or_not() {
    let store = Store::with(3);
    let (plain, asked) = (store.tool(&["export"]), store.tool(&["export", "--json"]));
    asked.said(0, "3 declarations exported; go on with --since");
    assert_eq!((asked.out.lines().count(), asked.out), (3, plain.out));
}

#[test]
fn an_export_goes_on_where_the_last_one_ended() {
    let store = Store::with(12);
    let all = lines(&store.tool(&["export"]));
    assert_eq!(lines(&store.tool(&["export", "--since", "9"])), all[8..]);
    assert_eq!(lines(&store.tool(&["export", "--since", "17"])), [0; 0]);
}

#[test]
fn practice_is_exported_apart() {
    let store = Store::with(2);
    let practice = lines(&store.tool(&["export", "--practice"]));
    assert_eq!(practice.len(), 1);
    assert!(practice[0]["proof"].as_str().unwrap().starts_with("TEST"));
}

#[test]
fn the_last_chain_is_that_of_the_journal() {
    let store = Store::with(12);
    let open = store.open();
    tokio::runtime::Runtime::new().unwrap().block_on(crate::store::record(&open, 20..=20));
    let exported = lines(&store.tool(&["export"]));
    assert_eq!(exported.last().unwrap()["chain"], store.json("check")["chain"]);
}

#[test]
fn damage_ends_an_export_behind_what_is_right() {
    let store = Store::with(12);
    Store::changes(&store.segment(2), |bytes| bytes[HEADER_BYTES + FRAME_BYTES] ^= 1);
    let ran = store.tool(&["export"]);
    ran.said(2, "the journal is not as it was written (segment 2, byte 96, entry ");
    let count = lines(&ran).len();
    assert!(count > 0 && count < 12);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let store = Store::with(40);
    let mut child = program()
        .args(["store", "export", "--store", store.directory().to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (Some(141), ""));
}

#[test]
fn an_export_begins_behind_what_was_dropped() {
    let store = Store::with(12);
    let all = lines(&store.tool(&["export"]));
    let dropped = store.drops_what_is_full().entries;
    let ran = store.tool(&["export"]);
    ran.said(0, &format!("{dropped} entries in front of them no longer kept"));
    let left = lines(&ran);
    assert!(left.len() < all.len() && left == all[all.len() - left.len()..]);
    let since = (dropped + 1).to_string();
    let ran = store.tool(&["export", "--since", &since]);
    assert!(lines(&ran) == left && !ran.err.contains("no longer kept"), "{ran:?}");
}
