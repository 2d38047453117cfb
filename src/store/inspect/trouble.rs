//! What keeps somebody from looking at a store.

use std::io;
use std::path::{Path, PathBuf};

use crate::store::guard::Unfit;
use crate::store::journal::{ArchiveTrouble, JournalTrouble};

/// A store cannot be looked at. What is wrong with one that can be is a [`super::Disagreement`].
#[derive(Debug, thiserror::Error)]
pub enum InspectTrouble {
    /// There is no store.
    #[error("{} is no store: {reason}; name the directory in which a gateway keeps its record", path.display())]
    NoStore {
        /// The directory.
        path: PathBuf,
        /// What it lacks.
        reason: &'static str,
    },
    /// Another process has it.
    #[error("{} is in use by another process; stop that one first", .0.display())]
    InUse(PathBuf),
    /// The directory is not fit for a store.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// What the journal says of its archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveTrouble),
    /// The operating system said no.
    #[error("cannot {doing} {}; check that it is there and that you may", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
    /// The room for what is sorted or copied meanwhile.
    #[error("cannot keep what is compared in the directory for temporary files; free some space there, or set TMPDIR")]
    Temporary(#[source] io::Error),
    /// Something is wrong with the journal, so that what was asked cannot be answered from it.
    #[error(
        "the journal is not as it was written ({first}); check all of it, and restore what is damaged from a backup"
    )]
    Damaged {
        /// The first thing that is wrong.
        first: String,
    },
    /// Who is told does not listen.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
}

impl InspectTrouble {
    /// For `map_err`: what was tried, and where.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

impl From<JournalTrouble> for InspectTrouble {
    fn from(trouble: JournalTrouble) -> Self {
        match trouble {
            JournalTrouble::Io { doing, path, source } => Self::Io { doing, path, source },
            JournalTrouble::Header { .. }
            | JournalTrouble::Missing { .. }
            | JournalTrouble::Absent { .. }
            | JournalTrouble::Damaged { .. }
            | JournalTrouble::TooLong { .. }
            | JournalTrouble::NotPrepared { .. } => Self::Damaged { first: trouble.to_string() },
        }
    }
}
