//! Whether what is in the state is what the journal says.

use std::path::Path;
use std::process::Command;

/// Fails unless `lodged store check` says that the journal in this directory is whole and that the state beside it is the
/// one that it makes, key by key. The store is closed; nothing in it changes.
pub(crate) fn agrees(record: &Path) {
    let checked = Command::new(env!("CARGO_BIN_EXE_lodged"))
        .args(["store", "check", "--json", "--store"])
        .arg(record)
        .output()
        .unwrap();
    let (said, complained) = (String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success(), "{said}{complained}");
    assert!(said.contains("\"state\": \"compared\""), "{said}");
}
