//! What `check` says of a store, in short.

use serde_json::Value;

use crate::store::Store;

/// Each disagreement: what, segment, byte and entry.
#[track_caller]
pub(crate) fn check(store: &Store, expected: &[(&str, Option<u64>)]) -> Value {
    let ran = store.tool(&["check", "--json"]);
    let report = ran.json();
    let told = report["disagreements"]["told"].as_array().unwrap();
    let said: Vec<_> = told.iter().map(|one| (one["what"].as_str().unwrap(), one["segment"].as_u64())).collect();
    assert_eq!(said, expected, "{report:#}");
    assert_eq!(ran.code, Some(i32::from(!expected.is_empty())));
    assert_eq!(report["disagreements"]["total"], told.len());
    report
}

/// Nothing disagrees.
#[track_caller]
pub(crate) fn is_right(store: &Store) -> Value {
    check(store, &[])
}
