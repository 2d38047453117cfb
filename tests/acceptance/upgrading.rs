//! A gateway on the record that a former version left: partners and administrators notice nothing.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::gateway::{Gateway, Home};
use crate::interchange::declaration;

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/stores/format-1")
}

/// For nobody else, whatever the checkout says.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() { copy(&path, &to.join(name)) } else { assert!(fs::copy(&path, to.join(name)).is_ok()) }
    }
}

/// Each character is the byte of its number.
fn bytes(text: &Value) -> Vec<u8> {
    text.as_str().unwrap().chars().map(|character| u8::try_from(character).unwrap()).collect()
}

/// A home with such a record.
pub(crate) fn former() -> Home {
    let home = Home::new("");
    copy(&kept().join("record"), &home.path().join("record"));
    home
}

#[test]
fn a_record_of_a_former_version_is_upgraded_and_answers_as_ever() {
    let home = former();
    let told: Value = serde_json::from_slice(&fs::read(kept().join("told.json")).unwrap()).unwrap();
    let came = told["came"].as_array().unwrap().iter().filter(|came| came["partner"] == "acme");
    let came: Vec<_> = came.filter(|came| came["is_repeat"] == false && !came["entry"].is_null()).collect();
    let given: Vec<_> = came.iter().flat_map(|came| came["answers"].as_array().unwrap()).map(bytes).collect();
    let mut gateway = Gateway::at(home);
    gateway.says("the record is upgraded");

    let mut partner = gateway.partner();
    let waiting = told["waiting"]["acme"].as_array().unwrap().len();
    for answer in &given[given.len() - waiting..] {
        assert_eq!(&partner.gets_bytes().unwrap(), answer, "an answer that waited");
    }
    partner.leaves();

    let mut partner = gateway.partner();
    for interchange in &came {
        partner.sends(&bytes(&interchange["bytes"]));
        for answer in interchange["answers"].as_array().unwrap() {
            assert_eq!(partner.gets_bytes().unwrap(), bytes(answer), "{interchange:#}");
        }
    }
    partner.sends(&declaration("NEXT"));
    assert_eq!(partner.gets_contrl().action(), "7");
    partner.gets_cusres();
    partner.leaves();
    gateway.is_killed_and_started_again();
    assert_eq!(gateway.log().matches("the record is upgraded").count(), 1);
}
