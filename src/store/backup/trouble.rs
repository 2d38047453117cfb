//! What keeps a backup from being made, or a store from being restored.

use std::io;
use std::path::{Path, PathBuf};

use crate::store::guard::Unfit;
use crate::store::inspect::InspectTrouble;
use crate::store::journal::JournalTrouble;
use crate::store::left::LeaveTrouble;
use crate::store::within::Within;

/// A backup was not made, or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupTrouble {
    /// The store cannot be looked at, or its journal is damaged.
    #[error(transparent)]
    Inspect(#[from] InspectTrouble),
    /// The operating system said no.
    #[error("cannot {doing} {}; check its directory, your permissions and the free space", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
    /// It cannot be noted for the audit.
    #[error(transparent)]
    Leave(#[from] LeaveTrouble),
    /// The directory is of something else.
    #[error("{} is no backup and not empty; name an empty directory, or one that is not there yet", .0.display())]
    NoBackup(PathBuf),
    /// It is a backup, and something else lies in it.
    #[error("{} is no part of the backup {}; move it away, and make the backup again", stray.display(), backup.display())]
    Stray {
        /// The backup.
        backup: PathBuf,
        /// What does not belong there, the first by its name.
        stray: PathBuf,
    },
    /// A backup in the store would be lost with it.
    #[error("{} is in the store itself; name a directory elsewhere, best on another machine", .0.display())]
    InStore(PathBuf),
    /// What is made would lie in a store, a standby, a backup or an archive.
    #[error(transparent)]
    Within(#[from] Within),
    /// Somebody else writes into it.
    #[error("{} is being written by another process; wait until that one has ended", .0.display())]
    InUse(PathBuf),
    /// It was interrupted, or files of it are gone.
    #[error("{} is half a backup: {reason}; let one be made to its end, or take another one", path.display())]
    Half {
        /// The backup.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A later version wrote it.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The manifest is not as it was written.
    #[error("{} is no manifest, or was changed; take another backup", .0.display())]
    Manifest(PathBuf),
    /// What the record says of its last backup is not as it was written.
    #[error("{} is not as it was written; the next backup writes it anew", .0.display())]
    Note(PathBuf),
    /// It is of another store.
    #[error("{} holds a backup of store {found}, and this is store {store}; give each store a directory of its own", path.display())]
    OtherStore {
        /// The file that says so.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Whose it should be.
        store: String,
    },
    /// The store does not go on where the backup ends.
    #[error("{} does not go on in this store: {reason}; keep it, and back up to another directory", path.display())]
    NotContinued {
        /// The backup.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// What was written reads back otherwise.
    #[error("{} reads back otherwise than it was written; its disk cannot be trusted", .0.display())]
    ReadBack(PathBuf),
    /// Something in the backup is not as it was written.
    #[error("the backup in {} is not right ({first}); nothing was restored; take another one", path.display())]
    NotRight {
        /// The backup.
        path: PathBuf,
        /// The first thing that is wrong.
        first: String,
    },
    /// A store is never restored over something else.
    #[error("{} is not empty; a store is restored into an empty directory, or one that is not there yet", .0.display())]
    NotEmpty(PathBuf),
}

impl BackupTrouble {
    /// For `map_err`: what was tried, and where.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

impl From<JournalTrouble> for BackupTrouble {
    fn from(trouble: JournalTrouble) -> Self {
        Self::Inspect(trouble.into())
    }
}
