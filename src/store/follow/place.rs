//! The directory of a standby: found or made, and taken, so that nobody else writes into it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::FollowTrouble;
use super::marker::Marker;
use super::segment::Active;
use crate::store::guard::{self, OF_THE_FILE_SYSTEM};
use crate::store::journal::segment::Header;
use crate::store::journal::{self, Disk, Place, RealDisk, Shelves, write_zeroes};
use crate::store::lock;
use crate::store::within::refuse_within;

/// A standby that was found or made, and is ours.
pub(super) struct Found {
    /// The directory.
    pub(super) directory: PathBuf,
    /// What it says of itself; none when nothing came yet.
    pub(super) marker: Option<Marker>,
    /// The segment that is written; none when nothing came yet.
    pub(super) active: Option<Active>,
    /// Segments that have no seal yet, each with the one that follows it.
    pub(super) unsealed: Vec<(Header, Header)>,
    /// It is ours as long as this is open.
    pub(super) lock: File,
}

impl Found {
    /// The standby in a directory, which is made when it is not there.
    ///
    /// # Errors
    /// [`FollowTrouble`] when something else is there, another process has it, or it is not what it was.
    pub(super) fn at(directory: &Path) -> Result<Self, FollowTrouble> {
        refuse_within(directory)?;
        make(directory)?;
        guard::guard_standby(directory)?;
        Marker::find(directory)?; // One of a later version is refused before anything is touched.
        let lock = lock::take(directory).map_err(FollowTrouble::lock(directory))?;
        let marker = Marker::find(directory)?;
        if marker.is_none() {
            refuse_others(directory)?;
        }
        let mut found = Self { directory: directory.to_owned(), marker, active: None, unsealed: Vec::new(), lock };
        found.find_journal()?;
        Ok(found)
    }

    /// The end of the journal, behind which nothing is left of an interrupted write.
    fn find_journal(&mut self) -> Result<(), FollowTrouble> {
        let journal = self.directory.join("journal");
        let Some(marker) = &self.marker else { return Ok(()) };
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let place = Place { disk: Arc::clone(&disk), shelves: Shelves::of(&journal), segment_bytes: 0 };
        let damaged = |reason| FollowTrouble::Damaged { path: self.directory.clone(), reason };
        let opened = if journal.exists() { journal::open(place)? } else { None };
        let Some(mut opened) = opened else {
            return if marker.entry == 0 { Ok(()) } else { Err(damaged("its journal is gone".to_owned())) };
        };
        if opened.store() != marker.store {
            return Err(damaged(format!("its journal is that of store {}", opened.store())));
        }
        let begins = opened.begins().number;
        if begins > marker.begins {
            return Err(damaged(format!("segment {} is missing", marker.begins)));
        }
        if begins < marker.begins {
            opened.drop_through(marker.begins.saturating_sub(1))?;
        }
        let active = Active::find(&*disk, &Shelves::of(journal), opened.last())?;
        if active.last_entry() < marker.entry {
            let reason = format!("it had entry {}, and its journal ends at {}", marker.entry, active.last_entry());
            return Err(damaged(reason));
        }
        // Whatever lies behind is what we were writing when we were killed: the gateway has it, and sends it again.
        if !active.is_clean() {
            let path = &active.path;
            write_zeroes(&*active.file, active.end(), active.header.bytes).map_err(FollowTrouble::io("write", path))?;
            active.file.sync().map_err(FollowTrouble::io("flush", path))?;
        }
        opened.tidy()?;
        self.unsealed = opened.unsealed().to_vec();
        self.active = Some(active);
        Ok(())
    }
}

/// Makes a directory in one that is there, for nobody else, on stable storage.
fn make(directory: &Path) -> Result<(), FollowTrouble> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => {
            let directory = std::path::absolute(directory).map_err(FollowTrouble::io("find", directory))?;
            let parent = directory.parent().unwrap_or(&directory);
            RealDisk.sync_directory(parent).map_err(FollowTrouble::io("flush", parent))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        Err(source) => Err(FollowTrouble::Io { doing: "create", path: directory.to_owned(), source }),
    }
}

/// What is there and is no standby is left alone. A standby that was killed before anything came has its lock alone;
/// the root of a disk has something of its own.
fn refuse_others(directory: &Path) -> Result<(), FollowTrouble> {
    if directory.join("journal").exists() {
        return Err(FollowTrouble::Store(directory.to_owned()));
    }
    for entry in fs::read_dir(directory).map_err(FollowTrouble::io("list", directory))? {
        let name = entry.map_err(FollowTrouble::io("list", directory))?.file_name();
        if ![OF_THE_FILE_SYSTEM, "lock", "standby.new"].iter().any(|own| name == *own) {
            return Err(FollowTrouble::NotEmpty(directory.to_owned()));
        }
    }
    Ok(())
}

/// Makes the directory of the journal in a standby.
pub(super) fn make_journal(directory: &Path) -> Result<PathBuf, FollowTrouble> {
    let journal = directory.join("journal");
    make(&journal)?;
    Ok(journal)
}
