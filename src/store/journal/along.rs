//! Reading along the journal while it is written, from any entry on, some of it at a time.

use std::ops::ControlFlow;
use std::sync::PoisonError;

use crate::identifier::RecordNumber;

use super::disk::JournalFile;
use super::frame::{self, Frame};
use super::reader::Reader;
use super::segment::FIRST_FRAME;
use super::trouble::JournalTrouble;

/// How much is read at a time, in bytes; a longer entry is read by itself.
const WINDOW_BYTES: u64 = 1 << 20;

/// Where somebody who reads along the journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Along {
    /// The entry that comes next.
    next: RecordNumber,
    /// The segment and the byte in it where it stands, once that is known.
    place: Option<(u64, u64)>,
}

impl Along {
    /// In front of this entry, which need not be written yet.
    #[must_use]
    pub fn from(next: RecordNumber) -> Self {
        Self { next, place: None }
    }

    /// The entry that comes next.
    #[must_use]
    pub fn next(self) -> RecordNumber {
        self.next
    }
}

impl Reader {
    /// Hands over every entry from `along` to `until`, both included, or until `each` has had enough; returns where it
    /// stands then. Whoever calls sees to it that `until` is on stable storage. Each frame is checked; the chain is not
    /// followed, since that would begin with the segment.
    ///
    /// # Errors
    /// [`JournalTrouble`] when a file cannot be read, or does not hold the next entry where it should.
    pub(crate) fn along(
        &self,
        mut along: Along,
        until: RecordNumber,
        mut each: impl FnMut(&Frame<'_>) -> ControlFlow<()>,
    ) -> Result<Along, JournalTrouble> {
        let mut window = Vec::new();
        while along.next <= until {
            let (segment, offset) = self.place(along)?;
            let (file, path) = self.shelves.open(&*self.disk, segment)?;
            let read = |window: &mut Vec<u8>, bytes| fill(&*file, window, offset, bytes);
            read(&mut window, WINDOW_BYTES).map_err(JournalTrouble::io("read", &path))?;
            if let Some(longer) = frame::announced(&window).filter(|bytes| *bytes > WINDOW_BYTES) {
                read(&mut window, longer).map_err(JournalTrouble::io("read", &path))?;
            }
            let (mut rest, mut at) = (window.as_slice(), offset);
            let generation = self.store.generation(segment);
            while let Some(frame) = Frame::read(rest, generation).filter(|frame| frame.number == along.next) {
                rest = rest.get(frame.length()..).unwrap_or_default();
                at = offset + u64::try_from(window.len() - rest.len()).unwrap_or(u64::MAX);
                along = Along { next: RecordNumber(frame.number.0 + 1), place: Some((segment, at)) };
                if each(&frame).is_break() || along.next > until {
                    return Ok(along);
                }
            }
            if at == offset {
                return Err(JournalTrouble::Damaged { path, offset, number: along.next });
            }
        }
        Ok(along)
    }

    /// Where the next entry stands: at the start of the segment that begins with it, behind the one before it, or, when
    /// nothing was read yet, wherever it is found.
    fn place(&self, along: Along) -> Result<(u64, u64), JournalTrouble> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let begun = segments.get(&along.next.0).map(|segment| (*segment, FIRST_FRAME));
        drop(segments);
        if let Some(place) = begun.or(along.place) {
            return Ok(place);
        }
        let found = self.find(along.next)?.map(|pointer| (pointer.segment, pointer.offset));
        let missing =
            || JournalTrouble::Damaged { path: self.shelves.journal().to_owned(), offset: 0, number: along.next };
        found.ok_or_else(missing)
    }
}

/// Fills the window with so many bytes of the file, fewer at its end.
pub(super) fn fill(file: &dyn JournalFile, window: &mut Vec<u8>, offset: u64, bytes: u64) -> std::io::Result<()> {
    let there = file.bytes()?.saturating_sub(offset).min(bytes);
    window.resize(usize::try_from(there).unwrap_or(usize::MAX), 0);
    file.read_at(window, offset)
}
