//! What a record knows of its backups: a small file beside the journal, which each backup that ended well writes anew.
//!
//! It lets a gateway say how old its last backup is, whoever made that and wherever it lies. It is no part of the record: a
//! store that is restored, or a standby that is promoted, has none until its own first backup.

use std::path::Path;

use jiff::Timestamp;

use super::BackupTrouble;
use super::file;
use crate::store::guard::{ROOT, Unfit, guard_part};
use crate::store::signed::{Fields, SignedText, SignedTrouble};

/// The name of the file.
const NAME: &str = "backed-up";

/// The last backup of a record that ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackedUp {
    /// When it was made.
    pub made: Timestamp,
    /// Entries in it.
    pub entries: u64,
}

/// The last backup of the record in this directory that ended well; none when there was none.
///
/// # Errors
/// [`BackupTrouble`] when the note of it cannot be read, a later version wrote it, or it was changed.
pub fn last_backup(store: &Path) -> Result<Option<BackedUp>, BackupTrouble> {
    let path = store.join(NAME);
    BackedUp::read(&path).map_err(|trouble| match trouble {
        SignedTrouble::Io(source) => BackupTrouble::Io { doing: "read", path, source },
        SignedTrouble::OtherFormat => Unfit::OtherFormat(path).into(),
        SignedTrouble::Damaged => BackupTrouble::Note(path),
    })
}

impl BackedUp {
    /// Notes it beside the journal, in the place of the one before. The note belongs to whom the store belongs to.
    ///
    /// # Errors
    /// [`BackupTrouble::Unfit`] when the store is another user's, who could not read the note unless root makes it;
    /// [`BackupTrouble::Io`].
    pub(super) fn write(&self, store: &Path) -> Result<(), BackupTrouble> {
        match guard_part(store) {
            Ok(()) | Err(Unfit::Foreign { ours: ROOT, .. }) => {}
            Err(unfit) => return Err(unfit.into()),
        }
        file::write(&store.join(NAME), self.to_text().as_bytes(), 0)
    }
}

impl SignedText for BackedUp {
    const TITLE: &'static str = "lodged backed-up";
    const VERSION: u32 = 1;

    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("made", self.made.to_string()), ("entries", self.entries.to_string())]
    }

    fn of(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { made: fields.next("made")?.parse().ok()?, entries: fields.next("entries")?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written_and_a_changed_one_is_told() {
        let store = tempfile::tempdir().unwrap();
        assert_eq!(last_backup(store.path()).unwrap(), None);
        let note = BackedUp { made: "2026-11-23T01:00:00.5Z".parse().unwrap(), entries: 41 };
        note.write(store.path()).unwrap();
        assert_eq!(last_backup(store.path()).unwrap(), Some(note));
        let path = store.path().join(NAME);
        fs::write(&path, fs::read_to_string(&path).unwrap().replace("41", "42")).unwrap();
        assert!(matches!(last_backup(store.path()), Err(BackupTrouble::Note(_))));
        fs::write(&path, "lodged backed-up 2\nmade tomorrow\n").unwrap();
        assert!(matches!(last_backup(store.path()), Err(BackupTrouble::Unfit(_))));
    }
}
