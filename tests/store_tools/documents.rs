//! What the manual says of the JSON documents.

use serde_json::Value;

use crate::store::{Store, run};

/// Every key of a document, and of what is in it; the names of partners are none.
fn keys(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (key, inner) in value.as_object().into_iter().flatten() {
        found.push(key.clone());
        let inner = if key == "partners" { &inner["acme"] } else { inner };
        found.extend(keys(inner));
    }
    for inner in value.as_array().into_iter().flatten() {
        found.extend(keys(inner));
    }
    found
}

#[test]
fn the_manual_describes_every_key_of_the_documents() {
    let manual = include_str!("../../docs/store.md");
    let store = Store::with(3);
    let (backup, restored) = (store.home().join("backup"), store.home().join("restored"));
    let (backup, restored) = (backup.to_str().unwrap(), restored.to_str().unwrap());
    Store::changes(&store.directory().join("watermark"), |text| text[33] = b'9');
    let mut documents = vec![store.json("check"), store.json("stats")];
    documents.push(store.tool(&["backup", backup, "--json"]).json());
    documents.push(run(&["store", "restore", backup, restored, "--json"]).json());
    documents.push(run(&["store", "rebuild", "--store", restored, "--json"]).json());
    documents.push(run(&["store", "check", "--store", restored, "--json"]).json());
    for (number, document) in documents.iter().enumerate() {
        assert_eq!(document["document"], 1, "{number}");
        for key in keys(document) {
            assert!(manual.contains(&format!("`{key}`")), "docs/store.md says nothing of {key}");
        }
    }
}
