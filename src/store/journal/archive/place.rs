//! Whether a directory may be the archive of a store: looked at before anything is changed, and made once all else is right.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::ArchiveTrouble;
use super::note::{Marker, Note};
use crate::store::guard::{self, OF_THE_FILE_SYSTEM};
use crate::store::journal::segment::Header;
use crate::store::journal::{Disk, ReadOnlyDisk, Shelves, StoreId};

/// What a directory may have in it that is to become an archive: what a disk has at its root, and what was left by a start
/// that was killed.
const EMPTY: [&str; 3] = [OF_THE_FILE_SYSTEM, "lock", "archive.new"];

/// The archive of a store, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archive {
    directory: PathBuf,
    /// What the journal says of it.
    note: Option<Note>,
    /// Whether segments are moved to it from now on.
    is_named: bool,
    /// Whether it must be made an archive first.
    is_new: bool,
}

impl Archive {
    /// The archive that is named for the store in this directory, or the one that its journal notes; none when it has none.
    /// It has to be this user's, where one is given.
    ///
    /// # Errors
    /// [`ArchiveTrouble`] when the one that is named cannot be its archive. One that is away is no trouble.
    pub(crate) fn find(store: &Path, named: Option<&Path>, ours: Option<u32>) -> Result<Option<Self>, ArchiveTrouble> {
        let journal = store.join("journal");
        let note = Note::read(&journal)?;
        let Some(named) = named else {
            let noted = |note: Note| Self {
                directory: note.directory.clone(),
                note: Some(note),
                is_named: false,
                is_new: false,
            };
            return Ok(note.map(noted));
        };
        let directory = std::path::absolute(named).map_err(ArchiveTrouble::io("find", named))?;
        refuse_inside(&directory, store)?;
        let is_noted = note.as_ref().is_some_and(|note| note.directory == directory);
        let marker = match Marker::read(&directory) {
            // Where it was and is not, its disk is away; nothing is made in the place where that is to be mounted.
            Ok(None) | Err(ArchiveTrouble::Io { .. }) if is_noted => None,
            Err(ArchiveTrouble::Io { .. }) if directory.exists() && !directory.is_dir() => {
                return Err(ArchiveTrouble::NoDirectory(directory));
            }
            marker => Some(marker?),
        };
        match (marker, &note) {
            (None, _) => {}
            (Some(Some(marker)), _) => {
                guard::guard_part_of(&directory, ours)?;
                check_owner(&directory, marker, note.as_ref(), &journal)?;
            }
            (Some(None), Some(note)) if note.up_to > 0 => {
                return Err(ArchiveTrouble::Elsewhere { path: directory, noted: note.directory.clone() });
            }
            (Some(None), _) => {
                guard::guard_part_of(&directory, ours)?;
                refuse_others(&directory)?;
            }
        }
        Ok(Some(Self { directory, note, is_named: true, is_new: marker == Some(None) }))
    }

    /// Where segments are, when this is the archive of this store.
    pub(crate) fn shelves(&self, journal: PathBuf) -> Shelves {
        Shelves::of(journal).with_archive(self.directory.clone(), self.note.as_ref())
    }

    /// Whether segments are moved to it.
    pub(crate) fn is_named(&self) -> bool {
        self.is_named
    }

    /// Makes it when it is not there, and notes in the journal where it is.
    ///
    /// # Errors
    /// [`ArchiveTrouble`] when that cannot be written.
    pub(crate) fn settle(&self, disk: &dyn Disk, journal: &Path, store: StoreId) -> Result<(), ArchiveTrouble> {
        let Self { directory, note: noted, is_new, .. } = self;
        if *is_new {
            make(disk, directory)?;
            Marker { store }.write(disk, directory)?;
        }
        let up_to = noted.as_ref().map_or(0, |noted| noted.up_to);
        let note = Note { store, directory: directory.clone(), up_to };
        if noted.as_ref() == Some(&note) { Ok(()) } else { note.write(disk, journal) }
    }
}

/// Says whether the archive is there and that of this store.
///
/// # Errors
/// [`ArchiveTrouble`] when it is away, or another store's.
pub(super) fn check(directory: &Path, store: StoreId) -> Result<(), ArchiveTrouble> {
    match Marker::read(directory) {
        Ok(None) | Err(ArchiveTrouble::Io { .. }) => Err(ArchiveTrouble::Away(directory.to_owned())),
        Ok(Some(marker)) if marker.store == store => Ok(()),
        Ok(Some(marker)) => Err(other_store(directory, marker, store.to_string())),
        Err(trouble) => Err(trouble),
    }
}

/// Whether the archive is there, and that of this store.
pub(in crate::store::journal) fn is_there(directory: &Path, store: StoreId) -> bool {
    check(directory, store).is_ok()
}

/// An archive in the journal would be listed as a part of it, and one in the state would go with it.
fn refuse_inside(archive: &Path, store: &Path) -> Result<(), ArchiveTrouble> {
    let real = |path: &Path| match fs::canonicalize(path) {
        // It may not be there yet; then its parent says where it will be.
        Err(_) => path
            .parent()
            .and_then(|parent| fs::canonicalize(parent).ok())
            .map_or_else(|| path.to_owned(), |parent| parent.join(path.file_name().unwrap_or_default())),
        Ok(path) => path,
    };
    let store = std::path::absolute(store).map_err(ArchiveTrouble::io("find", store))?;
    let archive_is = real(archive);
    let parts = ["journal", "state"].map(|part| store.join(part));
    let within = parts.iter().find(|part| archive_is.starts_with(real(part)));
    let within = within.or_else(|| (archive_is == real(&store)).then_some(&store));
    match within {
        Some(within) => Err(ArchiveTrouble::Inside { path: archive.to_owned(), within: within.clone() }),
        None => Ok(()),
    }
}

fn check_owner(directory: &Path, marker: Marker, note: Option<&Note>, journal: &Path) -> Result<(), ArchiveTrouble> {
    let store = match note {
        Some(note) => Some(note.store),
        // What cannot be read of the journal is said by whoever opens it.
        None if !journal.exists() => None,
        None => match identity(journal) {
            Ok(store) => store,
            Err(_) => return Ok(()),
        },
    };
    if store == Some(marker.store) {
        return Ok(());
    }
    let store = store.map_or_else(|| "a new one".to_owned(), |store| format!("store {store}"));
    Err(other_store(directory, marker, store))
}

fn other_store(directory: &Path, marker: Marker, store: String) -> ArchiveTrouble {
    ArchiveTrouble::OtherStore { path: directory.to_owned(), found: marker.store.to_string(), store }
}

/// Which store a journal belongs to; none when it has no segment.
fn identity(journal: &Path) -> Result<Option<StoreId>, ArchiveTrouble> {
    let shelves = Shelves::of(journal);
    let Some(number) = shelves.list()?.segments.last().copied() else { return Ok(None) };
    let (file, path) = shelves.open(&ReadOnlyDisk, number)?;
    Ok(Some(Header::of_any_length(&*file, &path)?.0.store))
}

/// What is there and is no archive is left alone.
fn refuse_others(directory: &Path) -> Result<(), ArchiveTrouble> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(ArchiveTrouble::io("list", directory))?,
    };
    for entry in entries {
        let name = entry.map_err(ArchiveTrouble::io("list", directory))?.file_name();
        if !EMPTY.iter().any(|own| name == *own) {
            return Err(ArchiveTrouble::NotEmpty(directory.to_owned()));
        }
    }
    Ok(())
}

/// Makes a directory in one that is there, for nobody else, on stable storage.
fn make(disk: &dyn Disk, directory: &Path) -> Result<(), ArchiveTrouble> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => {
            let parent = directory.parent().unwrap_or(directory);
            disk.sync_directory(parent).map_err(ArchiveTrouble::io("flush", parent))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        Err(source) => Err(ArchiveTrouble::Io { doing: "create", path: directory.to_owned(), source }),
    }
}
