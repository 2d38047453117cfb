//! Looking at a store before it is opened: what is said here is said before anything is changed.

use std::fmt;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::flush;
use crate::store::guard::{self, ROOT};
use crate::store::journal::{self, Archive, Disk, Opened, Place, RealDisk, Shelves, StoreId};
use crate::store::lock::{self, LockTrouble};
use crate::store::watermark::of_another;

use super::open::{OpenTrouble, StoreOptions};

/// A store that was looked at and not opened: nothing in its directory was changed, and where there was a store, nobody else
/// can take it as long as this is kept.
pub struct Unopened {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) options: StoreOptions,
    pub(super) archive: Option<Archive>,
    lock: Option<File>,
    journal: Option<Opened>,
}

impl fmt::Debug for Unopened {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Unopened").field("directory", &self.options.directory).finish_non_exhaustive()
    }
}

impl Unopened {
    /// Whether a store may be opened here, as far as that is said without reading entries: whose the directory is and what is
    /// in it, whether somebody has it, whether its segments fit together.
    pub(super) fn look(disk: Arc<dyn Disk>, options: StoreOptions) -> Result<Self, OpenTrouble> {
        if options.segment_bytes < StoreOptions::SEGMENT_BYTES_MIN {
            return Err(OpenTrouble::SegmentTooShort(options.segment_bytes));
        }
        let directory = &options.directory;
        let ours = guard::user();
        guard::guard_of(directory, ours)?;
        guard::refuse_strangers(directory, options.archive.as_deref())?;
        let archive = Archive::find(directory, options.archive.as_deref(), ours)?;
        flush::self_test()?;
        let lock = lock::take_again(directory).map_err(|trouble| taken(directory, trouble))?;
        let mut unopened = Self { disk, options, archive, lock, journal: None };
        unopened.journal = unopened.find_journal()?;
        Ok(unopened)
    }

    /// The same while somebody may have the store, for nobody: nothing is kept from anybody. Root is not asked whose it is, for
    /// the gateway has a user of its own. What does not fit together is left to whoever has it, who may be changing it.
    pub(super) fn try_look(disk: Arc<dyn Disk>, options: StoreOptions) -> Result<Option<String>, OpenTrouble> {
        let directory = options.directory.clone();
        let ours = guard::user().filter(|user| *user != ROOT);
        guard::guard_of(&directory, ours)?;
        guard::refuse_strangers(&directory, options.archive.as_deref())?;
        let archive = Archive::find(&directory, options.archive.as_deref(), ours)?;
        let mut unopened = Self { disk, options, archive, lock: None, journal: None };
        match unopened.find_journal() {
            Err(_) if matches!(lock::hold(&directory), Err(LockTrouble::InUse)) => {}
            found => unopened.journal = found?,
        }
        Ok(unopened.identity())
    }

    /// Which store it is, in hexadecimal; none when there is none yet.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        self.journal.as_ref().map(|journal| journal.store().to_string())
    }

    /// Makes its directory when it is not there, for what else is kept in it.
    ///
    /// # Errors
    /// [`OpenTrouble::Io`].
    pub fn make_directory(&self) -> Result<(), OpenTrouble> {
        make(&self.options.directory)
    }

    /// Takes the directory, made when it is not there, and flushes the journal that is in it; none when none is.
    pub(super) fn take(&mut self) -> Result<(File, Option<Opened>), OpenTrouble> {
        let (lock, journal) = match (self.lock.take(), self.journal.take()) {
            (Some(lock), journal) => (lock, journal),
            // Until now somebody else could write it.
            (None, _) => (self.take_anew()?, self.find_journal()?),
        };
        if let Some(journal) = &journal {
            journal.flush()?;
        }
        Ok((lock, journal))
    }

    /// The directory is ours as long as the file is open.
    fn take_anew(&self) -> Result<File, OpenTrouble> {
        let directory = &self.options.directory;
        make(&directory.join("journal"))?;
        lock::take(directory).map_err(|trouble| taken(directory, trouble))
    }

    /// The journal that is there; none where nothing is.
    fn find_journal(&self) -> Result<Option<Opened>, OpenTrouble> {
        let directory = &self.options.directory;
        let there = if directory.join("journal").exists() { journal::find(self.place())? } else { None };
        if there.is_none() && ["state", "watermark"].iter().any(|name| directory.join(name).exists()) {
            return Err(OpenTrouble::JournalMissing(directory.clone()));
        }
        let store = there.as_ref().map(Opened::store);
        if let Some(store) = store
            && let Some(watermark) = of_another(&directory.join("watermark"), store)
        {
            let (directory, journal) = (directory.clone(), store.to_string());
            return Err(OpenTrouble::OtherStore { directory, journal, watermark });
        }
        Ok(there)
    }

    /// A journal where none is.
    pub(super) fn make_journal(&self) -> Result<Opened, OpenTrouble> {
        // Of a store whose directory was taken before, it may have been removed with all that was in it.
        make(&self.options.directory.join("journal"))?;
        let store = StoreId::draw().ok_or_else(|| OpenTrouble::Journal("the machine gives no random bytes".into()))?;
        Ok(Opened::create(self.place(), store)?)
    }

    fn place(&self) -> Place {
        let journal = self.options.directory.join("journal");
        let shelves = match &self.archive {
            Some(archive) => archive.shelves(journal),
            None => Shelves::of(journal),
        };
        Place { disk: Arc::clone(&self.disk), shelves, segment_bytes: self.options.segment_bytes }
    }
}

/// See [`EmbeddedStore::would_open`](super::EmbeddedStore::would_open).
pub(super) fn would_open(options: StoreOptions) -> Result<Option<String>, OpenTrouble> {
    Unopened::try_look(Arc::new(RealDisk), options)
}

fn taken(directory: &Path, trouble: LockTrouble) -> OpenTrouble {
    match trouble {
        LockTrouble::InUse => OpenTrouble::InUse(directory.to_owned()),
        LockTrouble::Io { doing, path, source } => OpenTrouble::Io { doing, path, source },
    }
}

/// Makes a directory and those above it that are missing, for nobody else, all of them on stable storage.
fn make(directory: &Path) -> Result<(), OpenTrouble> {
    let directory = std::path::absolute(directory).map_err(OpenTrouble::io("find", directory))?;
    let missing: Vec<PathBuf> = directory.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(OpenTrouble::io("create", &directory))?;
    for path in missing.iter().filter_map(|path| path.parent()) {
        File::open(path).and_then(|parent| parent.sync_all()).map_err(OpenTrouble::io("flush", path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::EmbeddedStore;
    use crate::store::battery::options;

    #[test]
    fn where_nothing_is_nothing_is_made() {
        let home = tempfile::tempdir().unwrap();
        let unopened = EmbeddedStore::look(options(home.path())).unwrap();
        assert_eq!((unopened.identity(), home.path().read_dir().unwrap().count()), (None, 0));
        let store = unopened.open().unwrap();
        let identity = store.identity();
        drop(store);
        assert_eq!(EmbeddedStore::look(options(home.path())).unwrap().identity(), Some(identity));
    }

    #[test]
    fn a_store_that_is_looked_at_is_nobody_elses() {
        let home = tempfile::tempdir().unwrap();
        drop(EmbeddedStore::open(options(home.path())).unwrap());
        let unopened = EmbeddedStore::look(options(home.path())).unwrap();
        assert!(matches!(EmbeddedStore::look(options(home.path())), Err(OpenTrouble::InUse(_))));
        let _store = unopened.open().unwrap();
        assert!(matches!(EmbeddedStore::look(options(home.path())), Err(OpenTrouble::InUse(_))));
    }

    #[test]
    fn whether_it_would_open_is_said_beside_who_has_it() {
        let home = tempfile::tempdir().unwrap();
        let would_open = || EmbeddedStore::would_open(options(home.path()));
        assert_eq!(would_open().unwrap(), None);
        assert_eq!(home.path().read_dir().unwrap().count(), 0, "something was made");
        let store = EmbeddedStore::open(options(home.path())).unwrap();
        let directory = options(home.path()).directory;
        let (watermark, aside) = (directory.join("watermark"), home.path().join("aside"));
        assert_eq!(would_open().unwrap(), Some(store.identity()));
        std::fs::rename(directory.join("journal"), &aside).unwrap();
        assert_eq!(would_open().unwrap(), None);
        drop(store);
        assert!(watermark.exists() && matches!(would_open(), Err(OpenTrouble::JournalMissing(_))));
        std::fs::rename(&aside, directory.join("journal")).unwrap();
        would_open().unwrap();
        drop(EmbeddedStore::open(options(home.path())).unwrap());
    }

    #[test]
    fn of_two_that_find_a_store_without_a_lock_one_opens_it() {
        let home = tempfile::tempdir().unwrap();
        drop(EmbeddedStore::open(options(home.path())).unwrap());
        std::fs::remove_file(options(home.path()).directory.join("lock")).unwrap();
        let [one, other] = [(); 2].map(|()| EmbeddedStore::look(options(home.path())).unwrap());
        let _store = one.open().unwrap();
        assert!(matches!(other.open(), Err(OpenTrouble::InUse(_))));
    }
}
