//! The seam between the journal and its files, at which tests let the disk fail.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::trouble::JournalTrouble;

/// How many zeroes are written at a time.
const ZEROES: usize = 1 << 20;

/// Where the journal's files are.
pub(crate) trait Disk: Send + Sync + 'static {
    /// A file of this many zeroes, on stable storage with its length; one that was there is replaced.
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn JournalFile>>;
    /// A file that is there, to read and write.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>>;
    /// Gives a file another name in its directory.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Puts the names in a directory on stable storage.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// A file of the journal.
pub(crate) trait JournalFile: Send + Sync {
    /// Its length.
    fn bytes(&self) -> io::Result<u64>;
    /// Fills the buffer from this offset.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of the bytes at this offset.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Puts what was written on stable storage.
    fn sync(&self) -> io::Result<()>;
}

/// The file system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn JournalFile>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        // Piece by piece, since the flushes of commits wait for whatever else the disk has been given.
        for from in (0..bytes).step_by(ZEROES) {
            write_zeroes(&file, from, bytes.min(from + ZEROES as u64))?;
            file.sync_data()?;
        }
        file.sync_all()?;
        Ok(Arc::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        Ok(Arc::new(OpenOptions::new().read(true).write(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// The file system for whoever only looks: nothing can be made, renamed or removed, and files are opened to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadOnlyDisk;

impl Disk for ReadOnlyDisk {
    fn create(&self, _path: &Path, _bytes: u64) -> io::Result<Arc<dyn JournalFile>> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        Ok(Arc::new(File::open(path)?))
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync_directory(&self, _path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}

impl JournalFile for File {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Writes a small file that is whole or not there: under another name (`.new`), flushed, renamed, and its directory flushed.
///
/// # Errors
/// [`JournalTrouble::Io`].
pub(crate) fn write_whole(disk: &dyn Disk, path: &Path, text: &str) -> Result<(), JournalTrouble> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let (new, directory) = (path.with_file_name(name), path.parent().unwrap_or(path));
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let file = disk.create(&new, length).map_err(JournalTrouble::io("create", &new))?;
    file.write_at(text.as_bytes(), 0).map_err(JournalTrouble::io("write", &new))?;
    file.sync().map_err(JournalTrouble::io("flush", &new))?;
    disk.rename(&new, path).map_err(JournalTrouble::io("rename", &new))?;
    disk.sync_directory(directory).map_err(JournalTrouble::io("flush", directory))
}

/// Writes zeroes from one offset to another. Not a hole: the blocks must be there before a commit needs them.
pub(crate) fn write_zeroes(file: &dyn JournalFile, from: u64, to: u64) -> io::Result<()> {
    let zeroes = vec![0; ZEROES];
    let mut at = from;
    while at < to {
        let length = usize::try_from(to - at).map_or(ZEROES, |left| left.min(ZEROES));
        let piece = zeroes.get(..length).unwrap_or(&zeroes);
        file.write_at(piece, at)?;
        at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod faulty {
    //! A disk that fails or waits when it is told to.

    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// How a disk fails.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Fault {
        /// Nothing is written.
        Write,
        /// Half is written.
        ShortWrite,
        /// Everything is written, and the flush fails.
        Sync,
        /// No file can be made: the disk is full.
        Full,
        /// A file is not removed.
        Remove,
    }

    /// The file system, until it fails.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct FaultyDisk {
        plan: Arc<Mutex<Option<(Fault, u32)>>>,
        held: Arc<Mutex<Option<Held>>>,
    }

    /// The ends, within a flush, of what holds it.
    #[derive(Debug)]
    struct Held {
        begun: Sender<()>,
        waits: Receiver<()>,
    }

    impl FaultyDisk {
        /// Fails at the `n`-th operation of the kind from now, counted from 1.
        pub(crate) fn fail(&self, fault: Fault, n: u32) {
            *self.plan.lock().unwrap() = Some((fault, n));
        }

        /// Holds the next flush: the one end hears when it has begun, the other lets it go on when it is dropped.
        pub(crate) fn hold(&self) -> (Receiver<()>, Sender<()>) {
            let ((begun, hears), (lets_go, waits)) = (channel(), channel());
            *self.held.lock().unwrap() = Some(Held { begun, waits });
            (hears, lets_go)
        }

        fn due(&self, kinds: &[Fault]) -> Option<Fault> {
            let mut plan = self.plan.lock().unwrap();
            let (fault, left) = plan.as_mut().filter(|(fault, _)| kinds.contains(fault))?;
            *left = left.saturating_sub(1);
            (*left == 0).then_some(*fault)
        }
    }

    impl Disk for FaultyDisk {
        fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn JournalFile>> {
            match self.due(&[Fault::Full]) {
                Some(_) => Err(io::ErrorKind::StorageFull.into()),
                None => Ok(Arc::new(FaultyFile { file: RealDisk.create(path, bytes)?, disk: self.clone() })),
            }
        }

        fn open(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
            Ok(Arc::new(FaultyFile { file: RealDisk.open(path)?, disk: self.clone() }))
        }

        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            RealDisk.rename(from, to)
        }

        fn remove(&self, path: &Path) -> io::Result<()> {
            match self.due(&[Fault::Remove]) {
                Some(_) => Err(io::Error::other("the disk was told to fail")),
                None => RealDisk.remove(path),
            }
        }

        fn sync_directory(&self, path: &Path) -> io::Result<()> {
            RealDisk.sync_directory(path)
        }
    }

    struct FaultyFile {
        file: Arc<dyn JournalFile>,
        disk: FaultyDisk,
    }

    impl JournalFile for FaultyFile {
        fn bytes(&self) -> io::Result<u64> {
            self.file.bytes()
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
            self.file.read_at(buffer, offset)
        }

        fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
            match self.disk.due(&[Fault::Write, Fault::ShortWrite]) {
                None => self.file.write_at(bytes, offset),
                Some(Fault::ShortWrite) => {
                    self.file.write_at(&bytes[..bytes.len() / 2], offset)?;
                    Err(io::ErrorKind::WriteZero.into())
                }
                Some(Fault::Write | Fault::Sync | Fault::Full | Fault::Remove) => {
                    Err(io::Error::other("the disk was told to fail"))
                }
            }
        }

        fn sync(&self) -> io::Result<()> {
            let held = self.disk.held.lock().unwrap().take();
            if let Some(Held { begun, waits }) = held {
                begun.send(()).unwrap();
                assert!(waits.recv().is_err(), "nothing is sent, only dropped");
            }
            match self.disk.due(&[Fault::Sync]) {
                None => self.file.sync(),
                Some(_) => Err(io::Error::other("the disk was told to fail")),
            }
        }
    }
}
