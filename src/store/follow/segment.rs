//! The segment that a standby writes: frames that follow, one write and one flush for all that came.

use std::path::PathBuf;
use std::sync::Arc;

use super::FollowTrouble;
use crate::identifier::RecordNumber;
use crate::store::entry::Entry;
use crate::store::floor::Floor;
use crate::store::journal::frame::{self, Frame};
use crate::store::journal::scan::{self, Contents, Ending};
use crate::store::journal::segment::{HEADER_BYTES, Header};
use crate::store::journal::{Disk, JournalFile, JournalTrouble, Preparing, Shelves, name};

/// A segment that is written.
pub(super) struct Active {
    /// The file.
    pub(super) file: Arc<dyn JournalFile>,
    /// Where that is.
    pub(super) path: PathBuf,
    /// What it says of itself.
    pub(super) header: Header,
    /// What it holds on stable storage.
    contents: Contents,
    /// Where its last frame begins and the number of that entry; the header and its first entry where there is no frame.
    last: (u64, u64),
}

/// What some bytes behind the end of a segment are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Followed {
    /// How many of them are frames that follow, in bytes.
    pub(super) bytes: usize,
    /// How many frames.
    pub(super) frames: u64,
    /// What the segment holds with them.
    contents: Contents,
    /// Where the last of them begins, and its number.
    last: (u64, u64),
    /// The floor that the last of them raises that does.
    pub(super) floor: Option<Floor>,
}

impl Active {
    /// A segment that is there, up to the first thing that is no frame that follows.
    pub(super) fn find(disk: &dyn Disk, shelves: &Shelves, header: Header) -> Result<Self, FollowTrouble> {
        let (bytes, path) = shelves.read(disk, &header)?;
        let mut last = (0, header.first);
        let Ok(contents) = scan::frames(&bytes, &header, |pointer, _| {
            last = (pointer.offset, pointer.number.0);
            Ok::<_, std::convert::Infallible>(())
        });
        let file = disk.open(&path).map_err(FollowTrouble::io("open", &path))?;
        Ok(Self { file, path, header, contents, last })
    }

    /// Makes a segment with this header, on stable storage before it has its name.
    pub(super) fn make(
        disk: &dyn Disk,
        preparing: &mut Preparing,
        shelves: &Shelves,
        header: Header,
    ) -> Result<Self, FollowTrouble> {
        let (prepared, file) = preparing.take(header.bytes)?;
        let path = shelves.path(header.number);
        name(disk, &*file, &prepared, &path, &header)?;
        Ok(Self { file, path, header, contents: Contents::start(&header), last: (0, header.first) })
    }

    /// Whether nothing lies behind its end.
    pub(super) fn is_clean(&self) -> bool {
        self.contents.ending == Ending::Clean
    }

    /// Behind its last frame, in bytes.
    pub(super) fn end(&self) -> u64 {
        self.contents.end
    }

    /// The number of the entry that comes next.
    pub(super) fn next(&self) -> u64 {
        self.contents.next
    }

    /// The last entry that is in it or in front of it.
    pub(super) fn last_entry(&self) -> u64 {
        self.contents.next.saturating_sub(1)
    }

    /// Where its last frame begins, and the number of that entry.
    pub(super) fn last(&self) -> (u64, u64) {
        self.last
    }

    /// Whether this header is that of the segment behind it.
    pub(super) fn is_followed_by(&self, header: &Header) -> bool {
        let Contents { next, chain, .. } = self.contents;
        let expected = (self.header.store, self.header.number.saturating_add(1), next, chain);
        (header.store, header.number, header.first, header.chain) == expected
    }

    /// The beginning of its last frame, or its header: all that was recorded up to there is bound in it.
    pub(super) fn head(&self) -> Result<Vec<u8>, FollowTrouble> {
        let (offset, _) = self.last;
        let mut head = vec![0; if offset == 0 { HEADER_BYTES } else { frame::HEADER_BYTES }];
        self.file.read_at(&mut head, offset).map_err(FollowTrouble::io("read", &self.path))?;
        Ok(head)
    }

    /// Which of these bytes, that stand behind its end in another journal, are frames that follow.
    ///
    /// # Errors
    /// None when a whole frame does not follow what is here.
    pub(super) fn follow(&self, bytes: &[u8]) -> Option<Followed> {
        let generation = self.header.generation();
        let Contents { end, mut next, mut chain, .. } = self.contents;
        let (mut rest, mut frames, mut last) = (bytes, 0, self.last);
        let (mut at, mut floor) = (end, None);
        while let Some(frame) = Frame::read(rest, generation) {
            chain = chain.follow(RecordNumber(next), frame.payload);
            let is_next = frame.number.0 == next && frame.chain == chain;
            if !is_next {
                return None;
            }
            floor = Entry::floor(frame.payload).or(floor);
            last = (at, next);
            at = at.saturating_add(u64::try_from(frame.length()).unwrap_or(u64::MAX));
            rest = rest.get(frame.length()..).unwrap_or_default();
            (next, frames) = (next.saturating_add(1), frames + 1);
        }
        let contents = Contents { end: at, next, chain, ending: Ending::Clean };
        (at <= self.header.bytes).then_some(Followed { bytes: bytes.len() - rest.len(), frames, contents, last, floor })
    }

    /// Puts frames that follow on stable storage: one write, one flush.
    ///
    /// # Errors
    /// [`FollowTrouble::Io`]; then what is on the disk is unknown, and nothing may be written any more.
    pub(super) fn append(&mut self, bytes: &[u8], followed: Followed) -> Result<(), FollowTrouble> {
        self.file.write_at(bytes, self.contents.end).map_err(JournalTrouble::io("write", &self.path))?;
        self.file.sync().map_err(JournalTrouble::io("flush", &self.path))?;
        (self.contents, self.last) = (followed.contents, followed.last);
        Ok(())
    }
}
