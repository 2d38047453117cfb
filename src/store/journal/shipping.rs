//! Handing the journal on as it lies in its files, for a standby: what is on stable storage, and never a byte more.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::along::fill;
use super::reader::Reader;
use super::seal::Seal;
use super::trouble::JournalTrouble;

/// The number of the description of [`Shipped`].
const DOCUMENT: u32 = 1;

/// How far a journal is on stable storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct End {
    /// The segment that is written.
    pub(crate) segment: u64,
    /// Behind its last frame on stable storage, in bytes from the start of the file.
    pub(crate) offset: u64,
    /// The number of that frame's entry; 0 when there is none in the whole journal.
    pub(crate) last: u64,
}

/// From where on somebody wants the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The segment.
    pub segment: u64,
    /// The byte in it.
    pub offset: u64,
    /// The number of the entry that comes next there: when the segment has no more, the one that begins with it follows.
    pub next: u64,
}

/// What is handed on: so many bytes of a segment from a place on, and how far the journal is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipped {
    /// The number of this description.
    pub document: u32,
    /// Which store it is.
    pub store: String,
    /// The segment: the one that was asked for, the next one when that one has no more entries, or the first one that is
    /// kept when that one is not.
    pub segment: u64,
    /// Where in it the bytes begin.
    pub offset: u64,
    /// How many bytes there are.
    pub bytes: u64,
    /// The seal of the segment that was asked for, when that one has no more entries and is sealed.
    pub seal: Option<String>,
    /// The segment that is written at the moment.
    pub last_segment: u64,
    /// The last entry on stable storage.
    pub last_entry: u64,
}

impl Wanted {
    /// Whether there is nothing behind it yet.
    pub(crate) fn is_at(&self, end: &End) -> bool {
        (self.segment, self.offset) == (end.segment, end.offset)
    }
}

impl Reader {
    /// How far the journal is on stable storage, to read or to wait for.
    pub(crate) fn end(&self) -> watch::Receiver<End> {
        self.end.subscribe()
    }

    /// At most so many bytes from a place on, as they lie in the file, and what is told of them. A place behind the end has
    /// none. What they are is not looked at: whoever gets them does.
    ///
    /// # Errors
    /// [`JournalTrouble`] when the segment is not there or cannot be read.
    pub(crate) fn ship(&self, wanted: &Wanted, bytes_max: u64) -> Result<(Shipped, Vec<u8>), JournalTrouble> {
        let end = *self.end.borrow();
        let following = self.following(wanted).filter(|number| *number <= end.segment);
        let begins = Some(self.begins.load(Ordering::Acquire)).filter(|number| wanted.segment < *number);
        let (segment, offset) = following.or(begins).map_or((wanted.segment, wanted.offset), |number| (number, 0));
        // One that cannot be read is told by whoever checks the record; the standby makes its own.
        let seal =
            following.and_then(|_| Seal::read(&*self.disk, self.shelves.journal(), wanted.segment).ok().flatten());
        let written = if segment < end.segment { u64::MAX } else { end.offset };
        let mut bytes = Vec::new();
        if segment <= end.segment && offset < written {
            let (file, path) = self.shelves.open(&*self.disk, segment)?;
            let read = fill(&*file, &mut bytes, offset, bytes_max.min(written - offset));
            read.map_err(JournalTrouble::io("read", &path))?;
        }
        let shipped = Shipped {
            document: DOCUMENT,
            store: self.store.to_string(),
            segment,
            offset,
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            seal: seal.map(|seal| seal.to_text()),
            last_segment: end.segment,
            last_entry: end.last,
        };
        Ok((shipped, bytes))
    }

    /// The segment behind the one that is wanted, when it begins with the entry that is. Whoever wants a header wants that
    /// one, also when no entry is behind it.
    fn following(&self, wanted: &Wanted) -> Option<u64> {
        if wanted.offset == 0 {
            return None;
        }
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.get(&wanted.next).copied().filter(|number| Some(*number) == wanted.segment.checked_add(1))
    }
}
