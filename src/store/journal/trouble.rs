//! What can go wrong with the journal.

use std::io;
use std::path::{Path, PathBuf};

use crate::identifier::RecordNumber;

/// The journal could not be written or read, or is not what it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalTrouble {
    /// The operating system said no.
    #[error("cannot {doing} {}: {source}{}", path.display(), remedy(source))]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
    /// A file in the journal's place is no segment of it.
    #[error("{} is no segment of this journal ({reason}); restore it from a backup", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: &'static str,
    },
    /// A segment is not there.
    #[error("segment {number} of the journal in {} is missing; restore it from a backup", directory.display())]
    Missing {
        /// Where it should be.
        directory: PathBuf,
        /// Which one.
        number: u64,
    },
    /// A segment is in neither place.
    #[error(
        "segment {number} of the journal is neither in {} nor in the archive {}; mount the archive there, or restore the \
         segment from a backup", journal.display(), archive.display()
    )]
    Absent {
        /// Which one.
        number: u64,
        /// Where it was once.
        journal: PathBuf,
        /// Where it should be.
        archive: PathBuf,
    },
    /// Bytes that stood in the journal are not what was written.
    #[error(
        "{} is damaged at byte {offset}, where entry {number} should be; restore the segment from a backup",
        path.display()
    )]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where its frame begins.
        offset: u64,
        /// The entry that cannot be read.
        number: RecordNumber,
    },
    /// An entry is longer than [`super::frame::PAYLOAD_BYTES_MAX`].
    #[error("an entry of {bytes} bytes is longer than the journal takes ({} bytes)", super::frame::PAYLOAD_BYTES_MAX)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The thread that prepares the next segment is not there.
    #[error("the next segment of the journal in {} could not be prepared", directory.display())]
    NotPrepared {
        /// The journal.
        directory: PathBuf,
    },
}

impl JournalTrouble {
    /// For `map_err`: what was tried, and where.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

/// What to do about an answer of the operating system that says so, behind the words of it.
pub(crate) fn remedy(answer: &io::Error) -> &'static str {
    let is_full = matches!(answer.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    if is_full { "; make room there" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_with_what_to_do() {
        let told = |number| JournalTrouble::io("create", Path::new("journal"))(io::Error::from_raw_os_error(number));
        let said = told(28).to_string();
        assert_eq!(said, "cannot create journal: No space left on device (os error 28); make room there");
        assert_eq!(told(5).to_string(), "cannot create journal: Input/output error (os error 5)");
    }
}
