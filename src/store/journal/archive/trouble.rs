//! What keeps a directory from being the archive of a store, or a segment from being moved to it.

use std::io;
use std::path::{Path, PathBuf};

use crate::store::guard::Unfit;
use crate::store::journal::JournalTrouble;

/// The archive cannot be used, or not now. No original was removed for it.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveTrouble {
    /// Who clears one would clear the other.
    #[error("the archive {} is in the record itself; name a directory outside of {}", path.display(), within.display())]
    Inside {
        /// The archive.
        path: PathBuf,
        /// In what it is.
        within: PathBuf,
    },
    /// It is something else than a directory.
    #[error("the archive {} is no directory; name one, or one that is not there yet", .0.display())]
    NoDirectory(PathBuf),
    /// It is not fit to keep a record.
    #[error("the archive cannot be used: {0}")]
    Unfit(#[from] Unfit),
    /// Something else is in it.
    #[error("{} is no archive and not empty; name an empty directory, or one that is not there yet", .0.display())]
    NotEmpty(PathBuf),
    /// It is another store's.
    #[error("{} is the archive of store {found}, and this is {store}; give each store an archive of its own", path.display())]
    OtherStore {
        /// The archive.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Which store asks.
        store: String,
    },
    /// Segments are in another one.
    #[error(
        "segments of the journal are in the archive {}, and {} is none; move that one here with everything in it, or name it \
         again", noted.display(), path.display()
    )]
    Elsewhere {
        /// The one that is named.
        path: PathBuf,
        /// The one that has them.
        noted: PathBuf,
    },
    /// Nothing is where it was.
    #[error("the archive {} is away: it has no file `archive` that can be read; mount its disk there", .0.display())]
    Away(PathBuf),
    /// Another process moves something there.
    #[error("the archive {} is in use by another process; stop that one first", .0.display())]
    InUse(PathBuf),
    /// The original is damaged.
    #[error("{} does not have the digest of its seal and stays where it is; restore it from a backup", .0.display())]
    Original(PathBuf),
    /// The copy reads back otherwise than it was written.
    #[error("the copy {} reads back otherwise than it was written; its disk cannot be trusted", .0.display())]
    ReadBack(PathBuf),
    /// Under the name of the copy is another segment, with a seal of its own.
    #[error(
        "{} is another segment than that of the journal, as of a store that was restored since; keep it elsewhere, or name \
         another archive", .0.display()
    )]
    OtherSegment(PathBuf),
    /// A file was changed.
    #[error("{} is not as it was written; restore it from a backup", .0.display())]
    Changed(PathBuf),
    /// A later version wrote it.
    #[error("{} has a format that this version does not know; use the version that wrote it, or a later one", .0.display())]
    OtherFormat(PathBuf),
    /// The path cannot be written down.
    #[error("the archive {} has a name that is no line of text; give it another one", .0.display())]
    Name(PathBuf),
    /// The operating system said no.
    #[error("cannot {doing} {}: {source}; look at the disk of the archive, its permissions and its free space", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
    /// The journal cannot be read.
    #[error("{0}")]
    Journal(String),
    /// There is no thread for it, or it panicked.
    #[error("the thread that moves segments to the archive did not end as it should")]
    Thread,
}

impl ArchiveTrouble {
    /// For `map_err`: what was tried, and where.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

impl From<JournalTrouble> for ArchiveTrouble {
    fn from(trouble: JournalTrouble) -> Self {
        match trouble {
            JournalTrouble::Io { doing, path, source } => Self::Io { doing, path, source },
            JournalTrouble::Header { .. }
            | JournalTrouble::Missing { .. }
            | JournalTrouble::Absent { .. }
            | JournalTrouble::Damaged { .. }
            | JournalTrouble::TooLong { .. }
            | JournalTrouble::NotPrepared { .. } => Self::Journal(trouble.to_string()),
        }
    }
}
