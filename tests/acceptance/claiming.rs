//! What a start has to have before it touches the record: its doors, the places of the feed in this very record, a journal that
//! is right. Where one of them is missing, nothing on the disk is another than before.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use crate::gateway::{Gateway, Home, ended, serve};
use crate::refusing::{contents, is_refused, lodged, spoiled};
use crate::upgrading::former;

/// `lodged serve` in this home with one setting of its own.
fn serve_with(home: &Home, setting: &str, value: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = serve(home);
    command.env(format!("LODGED__{setting}"), value);
    command
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_touched() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (setting, key) in [("TLS__LISTEN", "tls.listen"), ("WATCH__LISTEN", "watch.listen")] {
        let words = [format!("cannot listen on {address}: "), format!("change {key}, or stop what listens there")];
        for home in [Home::new(""), lodged(), former()] {
            is_refused(&home, serve_with(&home, setting, &address), &words.each_ref().map(String::as_str));
        }
    }
}

#[test]
fn an_address_of_another_machine_is_told_before_anything_is_touched() {
    let home = former();
    is_refused(&home, serve_with(&home, "TLS__LISTEN", "192.0.2.1:4443"), &["192.0.2.1:4443", "change tls.listen"]);
}

#[test]
fn a_socket_that_cannot_be_made_is_told_before_anything_is_touched() {
    for home in [Home::new(""), former()] {
        let nowhere = home.path().join("nowhere/admin.sock");
        let doing = format!("cannot open the socket {}: ", nowhere.display());
        is_refused(&home, serve_with(&home, "ADMIN__SOCKET", &nowhere), &[&doing, "look at its directory"]);
        let config = home.config();
        let words = [&*format!("{} is there and is no socket", config.display()), "move it away"];
        is_refused(&home, serve_with(&home, "ADMIN__SOCKET", &config), &words);
        let long = home.path().join("record").join("a".repeat(100));
        is_refused(&home, serve_with(&home, "ADMIN__SOCKET", &long), &["name a shorter one in admin.socket"]);
    }
}

#[test]
fn the_socket_of_a_gateway_that_runs_is_told_before_anything_is_touched() {
    let gateway = Gateway::started();
    let socket = gateway.home.path().join("record/admin.sock");
    for home in [Home::new(""), lodged(), former()] {
        let words = ["another gateway administers at", "name another socket in admin.socket"];
        is_refused(&home, serve_with(&home, "ADMIN__SOCKET", &socket), &words);
    }
    assert!(UnixStream::connect(&socket).is_ok(), "it is still the first one's");
}

#[test]
fn a_place_in_another_record_is_told_before_anything_is_touched() {
    for home in [Home::new(""), lodged(), former()] {
        fs::create_dir(home.path().join("feeds")).unwrap();
        fs::write(home.path().join("feeds/customs.toml"), "directory = \"out\"\n").unwrap();
        let places = home.path().join("record/feeds");
        fs::create_dir_all(&places).unwrap();
        fs::write(places.join("customs.place"), "0ddba11 7\n").unwrap();
        let words = ["customs.place is a place in the store 0ddba11, and this one is ", "remove it"];
        is_refused(&home, serve(&home), &words);
    }
}

/// What can be wrong with a state.
fn spoil_state(record: &Path, how: &str) {
    let (watermark, database) = (record.join("watermark"), record.join("state/db"));
    match how {
        "not kept" => {
            let text = fs::read_to_string(&watermark).unwrap();
            fs::write(watermark, format!("{} not-kept\n", text.trim_end())).unwrap();
        }
        "no watermark" => fs::remove_file(watermark).unwrap(),
        "gone" => fs::remove_dir_all(record.join("state")).unwrap(),
        _ => {
            let bytes: Vec<_> = fs::read(&database).unwrap().iter().map(|byte| !byte).collect();
            fs::write(database, bytes).unwrap();
        }
    }
}

#[tokio::test]
async fn a_spoiled_state_stays_where_it_is_when_the_journal_is_damaged_too() {
    let sockets = tempfile::tempdir().unwrap();
    let socket = sockets.path().join("admin.sock");
    for (how, settings) in
        [("not kept", ""), ("no watermark", ""), ("gone", ""), ("unreadable", "check_at_start = true\n")]
    {
        let home = Home::new(settings);
        let record = home.path().join("record");
        spoiled(&record).await;
        spoil_state(&record, how);
        is_refused(&home, serve_with(&home, "ADMIN__SOCKET", &socket), &["00000001.seg is damaged at byte "]);
    }
}

#[tokio::test]
async fn a_state_that_sled_alone_finds_spoiled_is_not_moved_before_the_journal_was_read() {
    let home = Home::new("");
    let record = home.path().join("record");
    spoiled(&record).await;
    spoil_state(&record, "unreadable");
    let before = contents(&record.join("journal"));
    let output = ended(serve(&home));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("00000001.seg is damaged at byte "), "{said}");
    assert_eq!(contents(&record.join("journal")), before);
    let names = fs::read_dir(&record).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names.map(|name| name.into_string().unwrap()).any(|name| name.contains("aside")));
    assert!(record.join("state/db").exists());
}
