//! The seam between the journal and its files, at which tests let the disk fail.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::direct::Direct;
use super::trouble::JournalTrouble;

/// How many zeroes are written at a time.
const ZEROES: usize = 1 << 20;

/// Where the journal's files are.
pub(crate) trait Disk: Send + Sync + 'static {
    /// A file of this many zeroes, on stable storage with its length; one that was there is replaced.
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn JournalFile>>;
    /// A file that is there, to read and write.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>>;
    /// A file that is there, to read.
    fn read(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>>;
    /// A file that is there, to read once from end to end.
    fn read_through(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>>;
    /// Gives a file another name in its directory.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a file away.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// From now on its owner alone may read a file, and nobody may write it.
    fn protect(&self, path: &Path) -> io::Result<()>;
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
        let mut file = RealFile::to_read(file);
        // Piece by piece, since the flushes of commits wait for whatever else the disk has been given.
        for from in (0..bytes).step_by(ZEROES) {
            write_zeroes(&file, from, bytes.min(from + ZEROES as u64))?;
            file.sync()?;
            if from == 0 {
                file.past_memory = Direct::open(path, true);
            }
        }
        file.through_memory.sync_all()?;
        Ok(Arc::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        let file = RealFile::to_read(OpenOptions::new().read(true).write(true).open(path)?);
        Ok(Arc::new(RealFile { past_memory: Direct::open(path, true), ..file }))
    }

    fn read(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        Ok(Arc::new(RealFile::to_read(File::open(path)?)))
    }

    fn read_through(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        Ok(Arc::new(RealFile { past_memory: Direct::open(path, false), ..RealFile::to_read(File::open(path)?) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn protect(&self, path: &Path) -> io::Result<()> {
        fs::set_permissions(path, Permissions::from_mode(0o400))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// The file system for whoever only looks: nothing can be made, renamed or removed, and files are opened to read, whatever is
/// asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadOnlyDisk;

impl Disk for ReadOnlyDisk {
    fn create(&self, _path: &Path, _bytes: u64) -> io::Result<Arc<dyn JournalFile>> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        self.read(path)
    }

    fn read(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        RealDisk.read(path)
    }

    fn read_through(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
        RealDisk.read_through(path)
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn protect(&self, _path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync_directory(&self, _path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}

/// A file. Whole pages are written and read past the memory of the operating system where that is to be had, and all else
/// through it.
struct RealFile {
    through_memory: File,
    past_memory: Option<Direct>,
    /// Something went through memory since the last flush.
    is_in_memory: AtomicBool,
}

impl RealFile {
    fn to_read(file: File) -> Self {
        Self { through_memory: file, past_memory: None, is_in_memory: AtomicBool::new(false) }
    }
}

impl JournalFile for RealFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.through_memory.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self.past_memory.as_ref().filter(|_| Direct::takes(buffer, offset)) {
            Some(direct) => direct.read_at(buffer, offset),
            None => self.through_memory.read_exact_at(buffer, offset),
        }
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self.past_memory.as_ref().filter(|_| Direct::takes(bytes, offset)) {
            Some(direct) => direct.write_at(bytes, offset),
            None => {
                self.is_in_memory.store(true, Ordering::Release);
                self.through_memory.write_all_at(bytes, offset)
            }
        }
    }

    /// Either way puts all of the file on stable storage. The way that was written is taken, since each of them hears of a
    /// write that failed behind its back.
    fn sync(&self) -> io::Result<()> {
        match self.past_memory.as_ref().filter(|_| !self.is_in_memory.swap(false, Ordering::AcqRel)) {
            Some(direct) => direct.sync(),
            None => self.through_memory.sync_data(),
        }
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
#[cfg(target_os = "linux")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The length of the file that is written, in bytes: pages, and a piece of one.
    const BYTES: usize = 5 * 4096 + 700;

    /// What happens to a file.
    #[derive(Debug, Clone)]
    enum Step {
        /// So many bytes are written from there on, each of them this one.
        Write(usize, usize, u8),
        /// So many bytes are read from there on.
        Read(usize, usize),
        Flush,
        /// It is opened anew.
        Reopen,
    }

    /// A place and a length, one of two times whole pages.
    fn stretch() -> impl Strategy<Value = (usize, usize)> {
        let pages = (0..5_usize, 1..4_usize).prop_map(|(at, pages)| (at * 4096, pages * 4096));
        let any = (0..BYTES, 1..9000_usize);
        prop_oneof![pages, any].prop_map(|(at, bytes)| (at, bytes.min(BYTES - at)))
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (stretch(), any::<u8>()).prop_map(|((at, bytes), byte)| Step::Write(at, bytes, byte)),
            3 => stretch().prop_map(|(at, bytes)| Step::Read(at, bytes)),
            1 => Just(Step::Flush),
            1 => Just(Step::Reopen),
        ];
        prop::collection::vec(step, 1..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn whichever_way_bytes_go_everybody_sees_the_same_file(steps in steps()) {
            let beside = std::env::current_exe().unwrap();
            let directory = tempfile::tempdir_in(beside.parent().unwrap()).unwrap();
            let path = directory.path().join("file");
            let mut file = RealDisk.create(&path, BYTES as u64).unwrap();
            prop_assert!(Direct::open(&path, false).is_some(), "there is no way past memory here");
            let mut expected = vec![0; BYTES];
            for step in steps {
                match step {
                    Step::Write(at, bytes, byte) => {
                        file.write_at(&vec![byte; bytes], at as u64).unwrap();
                        expected[at..at + bytes].fill(byte);
                    }
                    Step::Read(at, bytes) => {
                        for file in [&file, &RealDisk.read(&path).unwrap(), &RealDisk.read_through(&path).unwrap()] {
                            let mut read = vec![1; bytes];
                            file.read_at(&mut read, at as u64).unwrap();
                            prop_assert!(read == expected[at..at + bytes], "{bytes} bytes from {at} on");
                        }
                    }
                    Step::Flush => file.sync().unwrap(),
                    Step::Reopen => file = RealDisk.open(&path).unwrap(),
                }
            }
            file.sync().unwrap();
            prop_assert!(fs::read(&path).unwrap() == expected);
        }
    }
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
        /// All is written but the end of what is new.
        ShortWrite,
        /// Everything is written, and the flush fails.
        Sync,
        /// No file can be made: the disk is full.
        Full,
        /// A file is not removed.
        Remove,
        /// One bit of what is written is another.
        Flip,
        /// The process is killed: whatever would change something is not done, nor anything behind it. Of a write the end is missing.
        Kill,
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

        fn lives(&self) -> io::Result<()> {
            self.due(&[Fault::Kill]).map_or(Ok(()), |_| Err(told()))
        }
    }

    impl Disk for FaultyDisk {
        fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn JournalFile>> {
            match self.due(&[Fault::Full, Fault::Kill]) {
                Some(_) => Err(io::ErrorKind::StorageFull.into()),
                None => Ok(Arc::new(FaultyFile { file: RealDisk.create(path, bytes)?, disk: self.clone() })),
            }
        }

        fn open(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
            Ok(Arc::new(FaultyFile { file: RealDisk.open(path)?, disk: self.clone() }))
        }

        fn read(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
            Ok(Arc::new(FaultyFile { file: RealDisk.read(path)?, disk: self.clone() }))
        }

        fn read_through(&self, path: &Path) -> io::Result<Arc<dyn JournalFile>> {
            Ok(Arc::new(FaultyFile { file: RealDisk.read_through(path)?, disk: self.clone() }))
        }

        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.lives().and_then(|()| RealDisk.rename(from, to))
        }

        fn remove(&self, path: &Path) -> io::Result<()> {
            match self.due(&[Fault::Remove]) {
                Some(_) => Err(told()),
                None => self.lives().and_then(|()| RealDisk.remove(path)),
            }
        }

        fn protect(&self, path: &Path) -> io::Result<()> {
            self.lives().and_then(|()| RealDisk.protect(path))
        }

        fn sync_directory(&self, path: &Path) -> io::Result<()> {
            self.lives().and_then(|()| RealDisk.sync_directory(path))
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
            match self.disk.due(&[Fault::Write, Fault::ShortWrite, Fault::Flip, Fault::Kill]) {
                None => self.file.write_at(bytes, offset),
                Some(Fault::ShortWrite | Fault::Kill) => {
                    // What is new stands last, and zeroes behind it.
                    let new = bytes.iter().rposition(|byte| *byte != 0).unwrap_or_default();
                    self.file.write_at(&bytes[..new], offset)?;
                    Err(io::ErrorKind::WriteZero.into())
                }
                Some(Fault::Flip) => {
                    let mut bytes = bytes.to_vec();
                    bytes[0] ^= 1;
                    self.file.write_at(&bytes, offset)
                }
                Some(Fault::Write | Fault::Sync | Fault::Full | Fault::Remove) => Err(told()),
            }
        }

        fn sync(&self) -> io::Result<()> {
            let held = self.disk.held.lock().unwrap().take();
            if let Some(Held { begun, waits }) = held {
                begun.send(()).unwrap();
                assert!(waits.recv().is_err(), "nothing is sent, only dropped");
            }
            match self.disk.due(&[Fault::Sync, Fault::Kill]) {
                None => self.file.sync(),
                Some(_) => Err(told()),
            }
        }
    }

    fn told() -> io::Error {
        io::Error::other("the disk was told to fail")
    }
}
