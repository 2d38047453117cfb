//! Where a journal begins: with its first segment, or behind what was dropped from its front.

use std::io;

use super::journal::Segments;
use super::{Disagreements, InspectTrouble};
use crate::store::entry::Entry;
use crate::store::floor::Floor;
use crate::store::journal::Contents;

impl Segments {
    /// The same with the floor, where something must have been dropped: the last segment that speaks of it says it.
    pub(super) fn with_floor(mut self) -> Result<Self, InspectTrouble> {
        if self.numbers.first().is_some_and(|first| *first > 1) {
            for header in self.headers.values().rev() {
                let mut floor = None;
                self.read(header, Contents::start(header), &mut |_, frame| {
                    floor = Entry::floor(frame.payload).or(floor);
                    Ok(())
                })?;
                if let Some(floor) = floor {
                    self.floor = floor;
                    break;
                }
            }
        }
        Ok(self)
    }

    /// The number of the first one that is there.
    pub(crate) fn first(&self) -> u64 {
        self.numbers.first().copied().unwrap_or(self.last)
    }

    /// The first that should be there, or that is there all the same.
    pub(crate) fn begins(&self) -> u64 {
        let first_kept = self.floor.segment.saturating_add(1);
        self.numbers.first().map_or(first_kept, |first| first_kept.min(*first))
    }

    /// The number of the last one.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Up to where the journal was dropped when they were listed.
    pub(crate) fn floor(&self) -> Floor {
        self.floor
    }

    /// How many there should be.
    pub(crate) fn count(&self) -> u64 {
        self.last.saturating_add(1).saturating_sub(self.begins())
    }

    /// Whether a segment that was there when they were listed was dropped since.
    pub(super) fn is_dropped(&self, number: u64) -> Result<bool, InspectTrouble> {
        let is_below = |segments: Self| segments.floor.segment >= number;
        if self.is_live { Self::find(&self.shelves, true, &mut Disagreements::new(0)).map(is_below) } else { Ok(false) }
    }
}

/// Whether a file may not be there any more. One that is not in the archive either is said to be so.
pub(super) fn is_gone(trouble: &InspectTrouble) -> bool {
    matches!(trouble, InspectTrouble::Damaged { .. })
        || matches!(trouble, InspectTrouble::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}
