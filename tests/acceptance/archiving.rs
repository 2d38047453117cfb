//! Old segments of the journal on another disk, and that disk away.

use std::collections::HashSet;
use std::fs;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lodged::identifier::ProofForm;
use lodged::partner::PartnerId;
use lodged::store::{EmbeddedStore, Numbering, Store as _, StoreOptions};
use tokio::runtime::Runtime;

use crate::gateway::{Gateway, Home, until};
use crate::house::{examined, one_line_declaration};
use crate::interchange::declaration;

/// A gateway with a record of years ago in short segments, which moves them to its archive as soon as they are sealed.
fn home() -> Home {
    let home = Home::new("archive = \"archive\"\narchive_days = 0\nretention_days = 0\n");
    let numbering = Numbering { form: ProofForm::Cers, zone: TimeZone::get("America/Toronto").unwrap() };
    let options = StoreOptions { segment_bytes: 8 << 10, ..StoreOptions::new(home.path().join("record"), numbering) };
    let store = EmbeddedStore::open(options).unwrap();
    Runtime::new().unwrap().block_on(async {
        for number in 1..=40 {
            let mut examination = examined(&one_line_declaration(number));
            examination.delivery.received_at = "2020-11-21T20:45:00Z".parse::<Timestamp>().unwrap();
            store.record(examination).await.unwrap();
        }
        // All answers are delivered but those to the first interchange, so that something waits of what is archived.
        let acme = PartnerId::new("acme").unwrap();
        let waiting = store.waiting(&acme, usize::MAX, HashSet::new()).await.unwrap();
        let answers: Vec<_> = waiting.iter().skip(2).map(|waiting| waiting.answer).collect();
        store.delivered(&acme, &answers).await.unwrap();
        store.close().await.unwrap();
    });
    home
}

/// The first interchange of the record, which is in the archive.
const OLD: [&str; 4] = ["interchange", "show", "acme", "ACME0000000001"];

#[test]
fn a_gateway_goes_on_while_its_archive_is_away_and_says_so() {
    let mut gateway = Gateway::at(home());
    let [archive, away] = ["archive", "away"].map(|name| gateway.home.path().join(name));
    gateway.says("old segments of the journal were moved to the archive");
    let segments = gateway.metric("lodged_store_archive_segments");
    assert!(segments > 3 && gateway.metric("lodged_store_archive_bytes") == segments * (8 << 10));
    assert_eq!(gateway.metric("lodged_store_archive_failing"), 0);
    gateway.home.asks(&OLD).done();
    let status = gateway.home.asks_json(&["status"]);
    assert!(status["store"]["archive_bytes"].as_u64().unwrap() > 0);

    gateway.is_killed();
    fs::rename(&archive, &away).unwrap();
    gateway.is_started_again();
    gateway.says("what is in them cannot be read; mount the archive");
    until("moving fails", || gateway.metric("lodged_store_archive_failed_timestamp_seconds") > 0);
    assert_eq!(gateway.metric("lodged_store_archive_failing"), 1);
    assert_eq!(gateway.metric("lodged_store_archive_absent_segments"), segments);
    let mut partner = gateway.partner();
    partner.sends(&declaration("WHILE-AWAY"));
    partner.gets_contrl();
    partner.gets_cusres();
    let told = gateway.home.asks(&OLD);
    assert!(told.code != 0 && told.error.contains("mount the archive there"), "{told:?}");
    assert!(!archive.exists(), "nothing is made where a disk is to be mounted");

    fs::rename(&away, &archive).unwrap();
    gateway.home.asks(&OLD).done();
    gateway.is_killed_and_started_again();
    until("moving goes on", || gateway.page("/metrics").contains("lodged_store_archive_failing 0\n"));
    assert_eq!(gateway.metric("lodged_store_archive_absent_segments"), 0);
}

#[test]
fn an_archive_that_is_not_fit_keeps_a_gateway_from_starting() {
    let mut gateway = Gateway::at(home());
    gateway.is_killed();
    let other = gateway.home.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("something"), "else").unwrap();
    gateway.home.sets("archive = \"other\"\n");
    let said = gateway.does_not_start();
    assert!(said.contains("segments of the journal are in the archive") || said.contains("is no archive"), "{said}");
}
