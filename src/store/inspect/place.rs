//! Where a store is, and whether somebody has it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::InspectTrouble;
use crate::store::guard;
use crate::store::journal::Shelves;
use crate::store::lock::{self, LockTrouble};

/// In what the system counts what a file takes, whatever the blocks of the disk are.
const BLOCK_BYTES: u64 = 512;

/// The directory of a store that is there.
#[derive(Debug, Clone)]
pub(crate) struct StorePlace {
    /// The directory.
    pub(crate) directory: PathBuf,
}

/// Whether a store is ours for a while.
#[derive(Debug)]
pub(crate) enum Hold {
    /// Nobody else has it; nobody can take it as long as the file is open, where there is one.
    Ours { _lock: Option<File> },
    /// Another process has it.
    InUse,
}

impl StorePlace {
    /// The store in this directory.
    ///
    /// # Errors
    /// [`InspectTrouble`] when there is none.
    pub(crate) fn find(directory: &Path) -> Result<Self, InspectTrouble> {
        let no_store = |reason| InspectTrouble::NoStore { path: directory.to_owned(), reason };
        let place = Self { directory: directory.to_owned() };
        let is_directory = |path: &Path| match fs::metadata(path) {
            Ok(metadata) => Ok(Some(metadata.is_dir())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(InspectTrouble::Io { doing: "look at", path: path.to_owned(), source }),
        };
        match is_directory(directory)? {
            None => return Err(no_store("it is not there")),
            Some(false) => return Err(no_store("it is no directory")),
            Some(true) => {}
        }
        match is_directory(&place.journal())? {
            Some(true) => Ok(place),
            Some(false) | None => {
                guard::refuse_copies(directory)?;
                Err(no_store(if place.state().exists() {
                    "it has a state but no journal"
                } else {
                    "it has no journal"
                }))
            }
        }
    }

    /// The directory of the segments.
    pub(crate) fn journal(&self) -> PathBuf {
        self.directory.join("journal")
    }

    /// Where its segments are.
    ///
    /// # Errors
    /// [`InspectTrouble::Archive`] when what the journal says of its archive cannot be read.
    pub(crate) fn shelves(&self) -> Result<Shelves, InspectTrouble> {
        Ok(Shelves::find(self.journal())?)
    }

    /// The directory of the state.
    pub(crate) fn state(&self) -> PathBuf {
        self.directory.join("state")
    }

    /// The file of the watermark.
    pub(crate) fn watermark(&self) -> PathBuf {
        self.directory.join("watermark")
    }

    /// Takes the store for whoever changes it.
    ///
    /// # Errors
    /// [`InspectTrouble::InUse`] when another process has it, [`InspectTrouble::Unfit`] when it is not fit for a store.
    pub(crate) fn take(&self) -> Result<File, InspectTrouble> {
        guard::guard(&self.directory)?;
        lock::take(&self.directory).map_err(|trouble| self.trouble(trouble))
    }

    /// Keeps others from taking the store, unless one has it. Nothing is written for it.
    ///
    /// # Errors
    /// [`InspectTrouble::Io`] when it cannot be told.
    pub(crate) fn hold(&self) -> Result<Hold, InspectTrouble> {
        match lock::hold(&self.directory) {
            Ok(_lock) => Ok(Hold::Ours { _lock }),
            Err(LockTrouble::InUse) => Ok(Hold::InUse),
            Err(trouble) => Err(self.trouble(trouble)),
        }
    }

    fn trouble(&self, trouble: LockTrouble) -> InspectTrouble {
        match trouble {
            LockTrouble::InUse => InspectTrouble::InUse(self.directory.clone()),
            LockTrouble::Io { doing, path, source } => InspectTrouble::Io { doing, path, source },
        }
    }
}

/// How much of the disk the files in a directory and in those within it take, in bytes; 0 when it is not there. A file that
/// goes away meanwhile counts nothing.
///
/// # Errors
/// [`InspectTrouble::Io`] when it cannot be listed.
pub(crate) fn bytes_in(directory: &Path) -> Result<u64, InspectTrouble> {
    let mut blocks = 0_u64;
    for entry in WalkDir::new(directory) {
        let metadata = entry.and_then(|entry| entry.metadata());
        match metadata {
            Ok(metadata) if metadata.is_file() => blocks = blocks.saturating_add(metadata.blocks()),
            Ok(_) => {}
            Err(error) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) => {}
            Err(error) => {
                return Err(InspectTrouble::Io { doing: "list", path: directory.to_owned(), source: error.into() });
            }
        }
    }
    Ok(blocks.saturating_mul(BLOCK_BYTES))
}
