//! What was told to a store, and what it answered: everything that has to be so for ever.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::house;
use crate::store::run;

/// A store that was closed, as its partners and administrators know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Interchanges in their order.
    pub(crate) came: Vec<Came>,
    /// The references of the answers that wait, by partner.
    pub(crate) waiting: BTreeMap<String, Vec<u64>>,
    /// The numbers of the acts' entries, and what was done.
    pub(crate) acts: Vec<(u64, String)>,
    /// What the tools say of it.
    pub(crate) counted: BTreeMap<String, Value>,
}

/// An interchange and its answers. Bytes are characters of the same number here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Came {
    pub(crate) partner: String,
    pub(crate) bytes: String,
    /// The number of its entry; none when it was kept as evidence.
    pub(crate) entry: Option<u64>,
    pub(crate) is_repeat: bool,
    pub(crate) answers: Vec<String>,
    /// The proof-of-report numbers that stand for it.
    pub(crate) proofs: Vec<String>,
}

/// What of the documents of `check` and `stats` does not depend on the machine.
const COUNTED: [&str; 16] = [
    "store",
    "chain",
    "entries",
    "segments",
    "sealed_segments",
    "interchanges",
    "evidence",
    "deliveries",
    "acts",
    "interchanges_accepted",
    "interchanges_refused",
    "interchanges_practice",
    "declarations_accepted",
    "declarations_refused",
    "partners",
    "keys",
];

/// What the tools say of a store that nobody has open.
pub(crate) fn counted(record: &Path) -> BTreeMap<String, Value> {
    let mut counted = BTreeMap::new();
    for verb in ["check", "stats"] {
        let document = run(&["store", verb, "--json", "--store", record.to_str().unwrap()]).json();
        assert_eq!(document["disagreements"]["total"], 0, "{document:#}");
        counted.extend(COUNTED.iter().filter_map(|name| Some(((*name).to_owned(), document.get(*name)?.clone()))));
    }
    counted
}

/// Bytes as text, each the character of its number.
pub(crate) fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes that such a text is.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character).unwrap()).collect()
}

/// The folder of a format.
pub(crate) fn folder(format: u32) -> PathBuf {
    house::path("testdata/stores").join(format!("format-{format}"))
}

impl Told {
    pub(crate) fn of(format: u32) -> Self {
        serde_json::from_str(&fs::read_to_string(folder(format).join("told.json")).unwrap()).unwrap()
    }

    pub(crate) fn is_kept(&self, folder: &Path) {
        fs::write(folder.join("told.json"), serde_json::to_string_pretty(self).unwrap() + "\n").unwrap();
    }
}
