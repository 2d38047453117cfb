//! Where segments lie: found a block at a time, and made from their ends when somebody goes along them.

use std::ops::Range;
use std::{mem, slice};

use crate::edifact::repertoire::Repertoire;
use crate::edifact::scan::{BLOCK, Scan, block_at};
use crate::edifact::segment::Segment;
use crate::edifact::service::ServiceChars;

/// Bytes of a segment and its terminator, as they come on average: a first guess, and no limit.
const BYTES_PER_SEGMENT: usize = 24;

/// Segments that follow each other.
#[derive(Clone)]
pub(super) struct Segments<'a, 'i> {
    pub(super) bytes: &'a [u8],
    pub(super) service: ServiceChars,
    /// Where the first of them may begin.
    pub(super) start: usize,
    pub(super) ends: slice::Iter<'i, u32>,
}

impl<'a> Segments<'a, '_> {
    /// The segment that ends here and begins behind the end of the one before.
    #[inline]
    fn segment(&self, behind: usize, end: usize) -> Segment<'a> {
        Segment::at(self.service, self.bytes, skip_line_breaks(self.bytes, behind)..end)
    }
}

impl<'a> Iterator for Segments<'a, '_> {
    type Item = Segment<'a>;

    #[inline]
    fn next(&mut self) -> Option<Segment<'a>> {
        let end = *self.ends.next()? as usize;
        let behind = mem::replace(&mut self.start, end + 1);
        Some(self.segment(behind, end))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ends.size_hint()
    }

    fn nth(&mut self, count: usize) -> Option<Segment<'a>> {
        if let Some(skipped) = count.checked_sub(1) {
            self.start = *self.ends.nth(skipped)? as usize + 1;
        }
        self.next()
    }

    fn last(mut self) -> Option<Segment<'a>> {
        self.next_back()
    }
}

impl DoubleEndedIterator for Segments<'_, '_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let end = *self.ends.next_back()? as usize;
        let behind = self.ends.as_slice().last().map_or(self.start, |before| *before as usize + 1);
        Some(self.segment(behind, end))
    }
}

impl ExactSizeIterator for Segments<'_, '_> {}

/// The blocks of an interchange with the terminators in them, a bit for each.
fn blocks<'a>(
    service: &ServiceChars,
    bytes: &'a [u8],
    content: usize,
) -> impl Iterator<Item = (usize, [u8; BLOCK], u64)> + use<'a> {
    let scan = Scan::new([service.terminator], service.release);
    let mut is_released = false;
    (content..bytes.len()).step_by(BLOCK).map(move |at| {
        let block = block_at(bytes, at);
        let masks = scan.masks(&block, is_released);
        is_released = masks.releases_next;
        (at, block, masks.stops)
    })
}

/// Where the first segment ends.
pub(super) fn first_end(service: &ServiceChars, bytes: &[u8], content: usize) -> Option<usize> {
    let (at, _, stops) = blocks(service, bytes, content).find(|(_, _, stops)| *stops != 0)?;
    Some(at + stops.trailing_zeros() as usize)
}

/// Where each segment ends, at the terminators (bytes behind the last one are no segment); and where the blocks begin
/// that hold more than the plain characters of the repertoire.
pub(super) fn divide(
    service: &ServiceChars,
    bytes: &[u8],
    content: usize,
    repertoire: Repertoire,
) -> (Vec<u32>, Vec<u32>) {
    let mut ends = Vec::with_capacity(bytes.len() / BYTES_PER_SEGMENT);
    let mut suspects = Vec::new();
    for (at, block, mut stops) in blocks(service, bytes, content) {
        let at = count(at);
        if !repertoire.is_plain(&block) {
            suspects.push(at);
        }
        while stops != 0 {
            ends.push(at + stops.trailing_zeros());
            stops &= stops - 1;
        }
    }
    if is_line_break(&service.terminator) {
        // Where a line break ends a segment, those between segments end none.
        let mut start = content;
        ends.retain(|end| {
            let is_segment = start <= *end as usize;
            start = if is_segment { skip_line_breaks(bytes, *end as usize + 1) } else { start };
            is_segment
        });
    }
    (ends, suspects)
}

/// A segment's bytes, without the terminator.
#[inline]
pub(super) fn span(bytes: &[u8], ends: &[u32], content: usize, index: usize) -> Option<Range<usize>> {
    let end = *ends.get(index)? as usize;
    let behind = match index.checked_sub(1) {
        Some(before) => *ends.get(before)? as usize + 1,
        None => content,
    };
    Some(skip_line_breaks(bytes, behind)..end)
}

/// The first byte from here on that is no line break.
#[inline]
pub(super) fn skip_line_breaks(bytes: &[u8], from: usize) -> usize {
    match bytes.get(from) {
        Some(byte) if is_line_break(byte) => {
            from + bytes.get(from..).unwrap_or_default().iter().take_while(|byte| is_line_break(byte)).count()
        }
        _ => from,
    }
}

pub(super) fn is_line_break(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// A count of the standard: more than 4,294,967,295 cannot stand in an interchange that can be read.
pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
