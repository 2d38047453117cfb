//! Whether what is in the state is what the journal says.

use std::path::Path;
use std::process::Command;

/// What `lodged store check` says of a record.
pub(crate) struct Checked {
    /// The exit code; 0 when nothing disagrees, 1 when something does.
    code: Option<i32>,
    /// What it said.
    pub(crate) said: String,
}

impl Checked {
    /// Looks at the record in this directory. The store is closed; nothing in it changes.
    pub(crate) fn of(record: &Path) -> Self {
        let checked = Command::new(env!("CARGO_BIN_EXE_lodged"))
            .args(["store", "check", "--json", "--store"])
            .arg(record)
            .output()
            .unwrap();
        let said = [checked.stdout, checked.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        Self { code: checked.status.code(), said }
    }

    /// Whether the journal is whole, and the state beside it the one that it makes, key by key.
    pub(crate) fn agrees(&self) -> bool {
        self.code == Some(0) && self.said.contains("\"state\": \"compared\"")
    }

    /// Whether something was found that is not as it should be.
    pub(crate) fn tells(&self) -> bool {
        self.code == Some(1)
    }
}

/// Fails unless the journal in this directory is whole, and the state beside it the one that it makes, key by key.
pub(crate) fn agrees(record: &Path) {
    let checked = Checked::of(record);
    assert!(checked.agrees(), "{}", checked.said);
}
