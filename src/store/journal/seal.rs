//! Seals: what a segment is once nothing more goes into it, in a small file beside it.
//!
//! A sealed segment is never changed again: a copy of it is a backup of it, and its seal says whether a copy is right. The
//! seal is made behind the writer's back, from what can be read again and not from what was written, a piece at a time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::background;
use crate::event;
use crate::identifier::RecordNumber;
use crate::record::Digesting;

use super::along::fill;
use super::chain::Chain;
use super::disk::{self, Disk, JournalFile};
use super::frame::Frame;
use super::segment::{self, FIRST_FRAME, Header};
use super::shelves::Shelves;
use super::trouble::JournalTrouble;

/// How much of a segment is read at a time, in bytes.
const PIECE_BYTES: u64 = 1 << 20;

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
        let (file, path) = shelves.open_through(disk, header.number)?;
        let mut looked = Looked::new(header);
        looked.look(&*file).map_err(JournalTrouble::io("read", &path))?;
        let Looked { next: number, chain, at, .. } = looked;
        if !looked.rest.is_empty() || number != next.first || chain != next.chain {
            return Err(JournalTrouble::Damaged { path, offset: at, number: RecordNumber(number) });
        }
        let (segment, first, digest) = (header.number, header.first, looked.digest.finish().0);
        Ok(Self { segment, first, next: number, chain, digest })
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
        let file = disk.read(&path).map_err(JournalTrouble::io("open", &path))?;
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

/// A segment while it is read for its seal. That each frame follows the one before it is taken from what the frame says,
/// which its checksum covers; whoever checks a whole journal computes the links again.
struct Looked {
    header: Header,
    digest: Digesting,
    /// What was read and is not a whole frame yet.
    rest: Vec<u8>,
    /// Where that begins in the file, in bytes.
    at: u64,
    /// The number of the entry that comes next, and what all before it come to.
    next: u64,
    chain: Chain,
    /// Zeroes were found behind the last frame: nothing else may follow.
    is_behind: bool,
}

impl Looked {
    fn new(header: &Header) -> Self {
        let (digest, rest, at) = (Digesting::default(), Vec::new(), 0);
        Self { header: *header, digest, rest, at, next: header.first, chain: header.chain, is_behind: false }
    }

    /// Reads all of it. What is left then is neither a frame nor zeroes behind the last one.
    fn look(&mut self, file: &dyn JournalFile) -> io::Result<()> {
        let (mut piece, mut offset) = (Vec::new(), 0);
        while offset < self.header.bytes {
            fill(file, &mut piece, offset, PIECE_BYTES.min(self.header.bytes - offset))?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.digest.update(&piece);
            self.rest.extend_from_slice(&piece);
            offset = offset.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            self.take_frames();
        }
        Ok(())
    }

    /// Goes behind the whole frames that were read, and behind zeroes when nothing else follows them.
    fn take_frames(&mut self) {
        let mut rest = self.rest.as_slice();
        if self.at < FIRST_FRAME {
            rest = usize::try_from(FIRST_FRAME).ok().and_then(|first| rest.get(first..)).unwrap_or_default();
        }
        let generation = self.header.generation();
        while !self.is_behind
            && let Some(frame) = Frame::read(rest, generation).filter(|frame| frame.number.0 == self.next)
        {
            (self.next, self.chain) = (self.next + 1, frame.chain);
            rest = rest.get(frame.length()..).unwrap_or_default();
        }
        if rest.iter().all(|byte| *byte == 0) {
            self.is_behind |= !rest.is_empty();
            rest = &[];
        }
        let taken = self.rest.len() - rest.len();
        self.at = self.at.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
        self.rest.drain(..taken);
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
        let thread = background::spawn("lodged-seal", run).map_err(no_thread)?;
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
    use super::super::disk::RealDisk;
    use super::super::frame;
    use super::super::segment::{FORMAT, StoreId};
    use super::*;
    use crate::record::Digest;

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

    /// A segment of four entries, one of them longer than a piece, as a file: its bytes are changed before they are written.
    /// What its seal comes to, and the digest of the file.
    fn sealed(change: impl FnOnce(&mut Vec<u8>)) -> (Result<Seal, JournalTrouble>, [u8; 32]) {
        let store = StoreId([7; 16]);
        let chain = Chain::of_store(store);
        let header = Header { format: FORMAT, store, number: 1, first: 1, bytes: 3 << 20, chain };
        let (mut bytes, mut following) = (header.write(), Header { number: 2, first: 5, ..header });
        for (number, length) in (1..).map(RecordNumber).zip([10, 40_000, 1_500_000, 5]) {
            let payload = vec![b'x'; length];
            following.chain = following.chain.follow(number, &payload);
            let frame = Frame { number, behind: 0, chain: following.chain, payload: &payload };
            frame.write(header.generation(), &mut bytes).unwrap();
        }
        bytes.resize(3 << 20, 0);
        change(&mut bytes);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(segment::path(directory.path(), 1), &bytes).unwrap();
        let seal = Seal::make(&RealDisk, &Shelves::of(directory.path()), &header, &following);
        (seal, Digest::of([bytes.as_slice()]).0)
    }

    #[test]
    fn a_seal_tells_what_the_file_holds() {
        let (seal, digest) = sealed(|_| ());
        let Seal { segment, first, next, digest: found, .. } = seal.unwrap();
        assert_eq!((segment, first, next, found), (1, 1, 5, digest));
    }

    #[test]
    fn nothing_else_than_what_was_written_is_sealed() {
        for place in [100, 200, 50_000, (1 << 20) - 1, 1 << 20, 1_540_500, 1_600_000, (2 << 20) + 5, (3 << 20) - 1] {
            let (seal, _) = sealed(|bytes| bytes[place] ^= 1);
            assert!(matches!(seal, Err(JournalTrouble::Damaged { .. })), "{place}: {seal:?}");
        }
        let (cut, _) = sealed(|bytes| bytes.truncate(2 << 20));
        assert!(matches!(cut, Err(JournalTrouble::Io { .. })), "{cut:?}");
    }

    #[test]
    fn an_entry_behind_zeroes_is_none() {
        let (seal, _) = sealed(|bytes| {
            let last = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1 - frame::HEADER_BYTES - 5;
            let entry = bytes[last..last + frame::HEADER_BYTES + 5].to_vec();
            bytes[last..].fill(0);
            bytes[2 << 20..][..entry.len()].copy_from_slice(&entry);
        });
        assert!(matches!(seal, Err(JournalTrouble::Damaged { .. })), "{seal:?}");
    }
}
