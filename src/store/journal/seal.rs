//! Seals: what a segment is once nothing more goes into it, in a small file beside it.
//!
//! A sealed segment is never changed again: a copy of it is a backup of it, and its seal says whether a copy is right. The
//! seal is made behind the writer's back, from what can be read again and not from what was written.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use crate::event;
use crate::identifier::RecordNumber;
use crate::record::Digest;

use super::chain::Chain;
use super::disk::{self, Disk};
use super::scan::{self, Ending};
use super::segment::{self, Header};
use super::shelves::Shelves;
use super::trouble::JournalTrouble;

/// Longest seal that is read, in bytes; one is less than 300.
const BYTES_MAX: u64 = 4096;

/// What a seal begins with: what it is, and its version.
const TITLE: &str = "lodged seal 1";

/// What a sealed segment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seal {
    /// The number of the segment.
    pub(crate) segment: u64,
    /// The number of its first entry.
    pub(crate) first: u64,
    /// The number of the first entry behind it.
    pub(crate) next: u64,
    /// What all entries up to its last one come to.
    pub(crate) chain: Chain,
    /// The SHA-256 of the file.
    pub(crate) digest: [u8; 32],
}

/// The file of a seal.
pub(crate) fn path(directory: &Path, number: u64) -> PathBuf {
    segment::path(directory, number).with_extension(EXTENSION)
}

/// The extension of seals.
const EXTENSION: &str = "seal";

/// The number in the name of a seal; none for any other file.
pub(crate) fn number(path: &Path) -> Option<u64> {
    let is_seal = path.extension().is_some_and(|extension| extension == EXTENSION);
    path.file_stem().filter(|_| is_seal)?.to_str()?.parse().ok()
}

impl Seal {
    /// Reads a segment and says what it is, when it is right and the one that begins with `next` follows it.
    ///
    /// # Errors
    /// [`JournalTrouble`] when it cannot be read, or is not what was written.
    pub(crate) fn make(
        disk: &dyn Disk,
        shelves: &Shelves,
        header: &Header,
        next: &Header,
    ) -> Result<Self, JournalTrouble> {
        let (bytes, path) = shelves.read(disk, header)?;
        let Ok(contents) = scan::frames(&bytes, header, |_, _| Ok::<_, std::convert::Infallible>(()));
        let is_right = contents.ending == Ending::Clean && contents.next == next.first && contents.chain == next.chain;
        if !is_right {
            return Err(JournalTrouble::Damaged { path, offset: contents.end, number: RecordNumber(contents.next) });
        }
        let (segment, first, next, chain) = (header.number, header.first, contents.next, contents.chain);
        let Digest(digest) = Digest::of([bytes.as_slice()]);
        Ok(Self { segment, first, next, chain, digest })
    }

    /// Whether it is the seal of this segment, and the other one follows it.
    pub(crate) fn is_of(&self, header: &Header, next: &Header) -> bool {
        (self.segment, self.first, self.next, self.chain) == (header.number, header.first, next.first, next.chain)
    }

    /// The seal beside a segment; none when there is none.
    ///
    /// # Errors
    /// [`JournalTrouble`] when it cannot be read, or is no seal.
    pub(crate) fn read(disk: &dyn Disk, directory: &Path, number: u64) -> Result<Option<Self>, JournalTrouble> {
        let path = path(directory, number);
        if !path.exists() {
            return Ok(None);
        }
        let file = disk.open(&path).map_err(JournalTrouble::io("open", &path))?;
        let length = file.bytes().map_err(JournalTrouble::io("measure", &path))?.min(BYTES_MAX);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        file.read_at(&mut bytes, 0).map_err(JournalTrouble::io("read", &path))?;
        let seal = std::str::from_utf8(&bytes).ok().and_then(Self::parse);
        seal.map(Some).ok_or(JournalTrouble::Header { path, reason: "its seal cannot be read" })
    }

    /// Writes it beside its segment, on stable storage.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`].
    pub(crate) fn write(&self, disk: &dyn Disk, directory: &Path) -> Result<(), JournalTrouble> {
        disk::write_whole(disk, &path(directory, self.segment), &self.to_text())
    }

    /// What stands in its file.
    pub(crate) fn to_text(&self) -> String {
        let Self { segment, first, next, chain, digest } = self;
        let digest = hexadecimal(digest);
        format!("{TITLE}\nsegment {segment}\nfirst {first}\nnext {next}\nchain {chain}\nsha256 {digest}\n")
    }

    /// The seal that this text is; none when it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        lines.next().filter(|title| *title == TITLE)?;
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let seal = Self {
            segment: field("segment")?.parse().ok()?,
            first: field("first")?.parse().ok()?,
            next: field("next")?.parse().ok()?,
            chain: Chain(from_digits(field("chain")?)?),
            digest: from_digits(field("sha256")?)?,
        };
        // What is written otherwise is no seal of ours.
        (seal.to_text() == text).then_some(seal)
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that hexadecimal digits are.
pub(crate) fn from_digits<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (at, byte) in (0..).step_by(2).zip(&mut bytes) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Segments that may wait to be sealed before the writer does: a disk that reads this much more slowly than it writes slows
/// the record down, and the queue does not grow.
const QUEUE_SEGMENTS: usize = 64;

/// Makes seals behind the writer's back.
pub(crate) struct Sealer {
    /// None only while it is dropped.
    sealed: Option<SyncSender<(Header, Header)>>,
    thread: Option<JoinHandle<()>>,
}

impl Sealer {
    /// Begins to wait for segments to seal. What cannot be sealed is told to operators: the segment may be damaged, and the
    /// next start tries again.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`] when there is no thread for it.
    pub(crate) fn start(disk: Arc<dyn Disk>, shelves: &Shelves) -> Result<Self, JournalTrouble> {
        let (sealed, segments) = sync_channel::<(Header, Header)>(QUEUE_SEGMENTS);
        let no_thread = JournalTrouble::io("start a thread for", shelves.journal());
        let shelves = shelves.clone();
        let run = move || {
            for (header, next) in segments {
                let made = Seal::make(&*disk, &shelves, &header, &next);
                let made = made.and_then(|seal| seal.write(&*disk, shelves.journal()));
                if let Err(trouble) = made {
                    metrics::counter!(event::STORE_UNSEALED).increment(1);
                    tracing::error!(segment = header.number, %trouble, "a segment of the journal could not be sealed");
                }
            }
        };
        let thread = thread::Builder::new().name("lodged-seal".into()).spawn(run).map_err(no_thread)?;
        Ok(Self { sealed: Some(sealed), thread: Some(thread) })
    }

    /// Lets this segment be sealed, which the other one follows. It waits when too many are not sealed yet.
    pub(crate) fn seal(&self, header: Header, next: Header) {
        if let Some(sealed) = &self.sealed
            && sealed.send((header, next)).is_err()
        {
            tracing::error!(segment = header.number, "the thread that seals has ended; the next start seals it");
        }
    }
}

impl Drop for Sealer {
    /// The next owner of the directory must not meet a thread of this one.
    fn drop(&mut self) {
        drop(self.sealed.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that seals panicked; the next start seals what is left");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: Seal = Seal { segment: 3, first: 41, next: 77, chain: Chain([0xab; 32]), digest: [0x01; 32] };

    #[test]
    fn a_seal_is_read_as_it_was_written() {
        let text = SEAL.to_text();
        assert_eq!(
            text,
            format!(
                "lodged seal 1\nsegment 3\nfirst 41\nnext 77\nchain {}\nsha256 {}\n",
                "ab".repeat(32),
                "01".repeat(32)
            )
        );
        assert_eq!(Seal::parse(&text), Some(SEAL));
    }

    #[test]
    fn what_is_written_otherwise_is_no_seal() {
        let text = SEAL.to_text();
        for other in [
            String::new(),
            text.replace("seal 1", "seal 2"),
            text.replace("41", "041"),
            text.replace("ab", "AB"),
            text.replace("ab", "a"),
            format!("{text}more\n"),
            text.trim_end().to_owned(),
        ] {
            assert_eq!(Seal::parse(&other), None, "{other}");
        }
    }
}
