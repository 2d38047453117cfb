//! What keeps a standby from following.

use std::io;
use std::path::{Path, PathBuf};

use crate::store::guard::Unfit;
use crate::store::journal::JournalTrouble;
use crate::store::journal::segment::OTHER_FORMAT;
use crate::store::lock::LockTrouble;
use crate::store::within::Within;

/// A standby cannot go on. What it has is as it was.
#[derive(Debug, thiserror::Error)]
pub enum FollowTrouble {
    /// The directory is not fit for a store.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It lies in a store, another standby, a backup or an archive.
    #[error(transparent)]
    Within(#[from] Within),
    /// Another process has it.
    #[error("{} is in use by another process; stop that one first", .0.display())]
    InUse(PathBuf),
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
    /// A store is never followed into.
    #[error(
        "{} is a store and no standby: it was promoted, or a gateway made it; follow into an empty directory, or one that is \
         not there yet", .0.display()
    )]
    Store(PathBuf),
    /// It is of something else.
    #[error("{} is no standby and not empty; name an empty directory, or one that is not there yet", .0.display())]
    NotEmpty(PathBuf),
    /// It follows another store.
    #[error(
        "{} is a standby of store {found}, and this gateway has store {store}; give each store a directory of its own",
        path.display()
    )]
    OtherStore {
        /// The standby.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Whose the gateway is.
        store: String,
    },
    /// What the gateway has does not go on from what the standby has.
    #[error(
        "{} and the journal of the gateway went different ways: {reason}; one of them was restored to an earlier moment, or \
         written since; keep both, find out which one is right, and follow into an empty directory", path.display()
    )]
    Diverged {
        /// The standby.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The standby is not what it was.
    #[error("the standby {} is damaged ({reason}); move it away, and follow into an empty directory", path.display())]
    Damaged {
        /// The standby.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The gateway does not keep what the standby lacks.
    #[error(
        "{} ends in segment {segment}, which the gateway has dropped since, older than its record is kept; move it away, and \
         follow into an empty directory", path.display()
    )]
    Dropped {
        /// The standby.
        path: PathBuf,
        /// Its last segment.
        segment: u64,
    },
    /// The gateway is of a later version.
    #[error(
        "segment {segment} of the gateway has a format that this version does not know; bring this machine to the version of \
         the gateway, and follow again"
    )]
    Later {
        /// The segment.
        segment: u64,
    },
    /// What came is not what a journal holds.
    #[error(
        "what the gateway has at byte {offset} of segment {segment} cannot be taken ({reason}); run `lodged store check` where \
         the gateway is"
    )]
    NotTaken {
        /// The segment.
        segment: u64,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        reason: &'static str,
    },
}

impl FollowTrouble {
    /// For `map_err`: what was tried, and where.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// Of a lock that was not had.
    pub(super) fn lock(directory: &Path) -> impl FnOnce(LockTrouble) -> Self {
        move |trouble| match trouble {
            LockTrouble::InUse => Self::InUse(directory.to_owned()),
            LockTrouble::Io { doing, path, source } => Self::Io { doing, path, source },
        }
    }
}

impl From<JournalTrouble> for FollowTrouble {
    fn from(trouble: JournalTrouble) -> Self {
        // The file of a segment lies two levels below the standby, its directory one.
        let above = |path: &Path, levels| path.ancestors().nth(levels).unwrap_or(path).to_owned();
        match trouble {
            JournalTrouble::Io { doing, path, source } => Self::Io { doing, path, source },
            JournalTrouble::Header { path, reason: OTHER_FORMAT } => Unfit::OtherFormat(path).into(),
            JournalTrouble::Header { path, reason } => {
                Self::Damaged { reason: format!("{}: {reason}", path.display()), path: above(&path, 2) }
            }
            JournalTrouble::Damaged { path, offset, .. } => {
                Self::Damaged { reason: format!("byte {offset} of {}", path.display()), path: above(&path, 2) }
            }
            JournalTrouble::Absent { number, journal: directory, .. }
            | JournalTrouble::Missing { directory, number } => {
                Self::Damaged { path: above(&directory, 1), reason: format!("segment {number} is missing") }
            }
            JournalTrouble::NotPrepared { directory } => {
                let source = io::Error::other("the thread that does it panicked");
                Self::Io { doing: "prepare a segment in", path: directory, source }
            }
            JournalTrouble::TooLong { .. } => {
                Self::NotTaken { segment: 0, offset: 0, reason: "an entry is longer than a journal takes" }
            }
        }
    }
}
