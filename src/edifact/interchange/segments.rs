//! Where segments lie: found a block at a time, and made from their ends when somebody goes along them.

use std::ops::Range;
use std::{mem, slice};

use crate::edifact::repertoire::Repertoire;
use crate::edifact::scan::{BLOCK, Finder, Masks, Scan, block_at};
use crate::edifact::segment::Segment;
use crate::edifact::service::ServiceChars;

/// Bytes of a segment and its terminator, as they come on average: a first guess, and no limit.
const BYTES_PER_SEGMENT: usize = 24;

/// What the tags of all segments of the envelopes begin with.
const SERVICE_LETTER: u8 = b'U';

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

/// The blocks of an interchange, each with where it begins and the terminators in it.
fn blocks<'a>(
    service: &ServiceChars,
    bytes: &'a [u8],
    content: usize,
) -> impl Iterator<Item = (usize, [u8; BLOCK], Masks)> + use<'a> {
    let scan = Scan::new([service.terminator], service.release);
    let mut is_released = false;
    (content..bytes.len()).step_by(BLOCK).map(move |at| {
        let block = block_at(bytes, at);
        let masks = scan.masks(&block, is_released);
        is_released = masks.releases_next;
        (at, block, masks)
    })
}

/// Where the first segment ends.
pub(super) fn first_end(service: &ServiceChars, bytes: &[u8], content: usize) -> Option<usize> {
    let (at, _, masks) = blocks(service, bytes, content).find(|(_, _, masks)| masks.stops != 0)?;
    Some(at + masks.stops.trailing_zeros() as usize)
}

/// What an interchange is divided into, and what was seen on the way.
#[derive(Debug, Default)]
pub(super) struct Divided {
    /// Where each segment ends, at the terminators; bytes behind the last one are no segment.
    pub(super) ends: Vec<u32>,
    /// Where the blocks begin that hold more than the plain characters of the repertoire.
    pub(super) suspects: Vec<u32>,
    /// Which segments begin right behind a terminator as those of the envelopes do, in order. Where there are traces of line
    /// breaks, others may be of the envelopes, too.
    pub(super) services: Vec<u32>,
    pub(super) traces: Traces,
}

/// What the bytes of an interchange may hold: where there is no trace of something, nobody need look for it.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::edifact) struct Traces {
    /// Line breaks, perhaps as terminators.
    pub(in crate::edifact) line_breaks: bool,
    /// Characters that release.
    pub(in crate::edifact) releases: bool,
    /// Separators in front of one that ends more than they do. Looked for in syntax 1 to 3 only.
    pub(in crate::edifact) trailing: bool,
}

/// Divides an interchange into its segments; `is_older` says that it is one of syntax 1 to 3.
pub(super) fn divide(
    service: &ServiceChars,
    bytes: &[u8],
    content: usize,
    repertoire: Repertoire,
    is_older: bool,
) -> Divided {
    let mut divided = Divided { ends: Vec::with_capacity(bytes.len() / BYTES_PER_SEGMENT), ..Divided::default() };
    let Divided { ends, suspects, services, traces } = &mut divided;
    let (first_letter, mut is_behind) = (Finder::new(SERVICE_LETTER), 0);
    let mut separators = is_older.then(|| Separators::new(service));
    traces.line_breaks = bytes.get(..content).unwrap_or_default().iter().any(is_line_break);
    for (at, block, Masks { mut stops, releases, .. }) in blocks(service, bytes, content) {
        let at = count(at);
        if !repertoire.is_plain(&block) {
            suspects.push(at);
            traces.line_breaks = traces.line_breaks || block.iter().any(is_line_break);
        }
        traces.releases |= releases != 0;
        if let Some(separators) = &mut separators {
            traces.trailing |= separators.are_trailing(&block, stops);
        }
        let mut begins = (stops << 1 | is_behind) & first_letter.find(&block);
        is_behind = stops >> (BLOCK - 1);
        while begins != 0 {
            let before = stops & (begins & begins.wrapping_neg()).wrapping_sub(1);
            services.push(count(ends.len()) + before.count_ones());
            begins &= begins - 1;
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
    divided
}

/// The separators of the blocks of an interchange, released or not.
struct Separators {
    components: Finder,
    elements: Finder,
    /// Those of the block before: their last ones stand in front of this block.
    before: [u64; 2],
}

impl Separators {
    fn new(service: &ServiceChars) -> Self {
        Self { components: Finder::new(service.component), elements: Finder::new(service.element), before: [0; 2] }
    }

    /// Whether a separator of components stands in front of one of elements, or either in front of a terminator.
    #[inline]
    fn are_trailing(&mut self, block: &[u8; BLOCK], terminators: u64) -> bool {
        let (components, elements) = (self.components.find(block), self.elements.find(block));
        let [components_before, elements_before] = mem::replace(&mut self.before, [components, elements]);
        let behind = |before: u64, masks: u64| masks << 1 | before >> (BLOCK - 1);
        let ends = [
            behind(components_before, components) & (elements | terminators),
            behind(elements_before, elements) & terminators,
        ];
        ends != [0; 2]
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What there are traces of in these bytes: line breaks, release characters, separators with nothing behind them.
    #[track_caller]
    fn check(bytes: &str, expected: [bool; 3]) {
        let service = ServiceChars::DEFAULT.for_version(false, false);
        let Traces { line_breaks, releases, trailing } =
            divide(&service, bytes.as_bytes(), skip_line_breaks(bytes.as_bytes(), 0), Repertoire::Unoa, true).traces;
        assert_eq!([line_breaks, releases, trailing], expected);
    }

    #[test]
    fn nothing_leaves_no_trace() {
        check("", [false; 3]);
        check("UNB+UNOA:3++A::B'", [false; 3]);
    }

    #[test]
    fn traces_are_seen_wherever_they_lie() {
        for before in 0..2 * BLOCK {
            let before = "A".repeat(before);
            let behind = "A".repeat(BLOCK);
            check(&format!("{before}\n{behind}'"), [true, false, false]);
            check(&format!("{before}?A{behind}'"), [false, true, false]);
            for pair in [":+", ":'", "+'"] {
                check(&format!("{before}{pair}{behind}'"), [false, false, true]);
            }
            for pair in ["+:", "++", "::", "'+", "':", "''"] {
                check(&format!("{before}{pair}{behind}'"), [false; 3]);
            }
        }
    }

    /// Which segments of these bytes may be of the envelopes.
    #[track_caller]
    fn check_services(bytes: &str, expected: &[u32]) {
        let service = ServiceChars::DEFAULT.for_version(false, false);
        assert_eq!(divide(&service, bytes.as_bytes(), 0, Repertoire::Unoa, true).services, expected);
    }

    #[test]
    fn segments_of_the_envelopes_are_those_that_begin_like_them() {
        check_services("UNB+A'UNH+U'BGM+U?'U'UNT+2'", &[1, 3]);
        check_services("UNB+A'UNZ", &[1]);
        for length in 0..2 * BLOCK {
            let long = "A".repeat(length);
            check_services(&format!("UNB+{long}'BGM+{long}'UNH+U'UNT'{long}'U'"), &[2, 3, 5]);
        }
    }

    #[test]
    fn syntax_4_leaves_trailing_separators_to_the_grammars() {
        let service = ServiceChars::DEFAULT;
        assert!(!divide(&service, b"BGM+A:'", 0, Repertoire::Unoa, false).traces.trailing);
    }
}
