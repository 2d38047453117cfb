//! Reading a segment from its first frame, and judging how it ends.

use crate::identifier::RecordNumber;
use crate::store::state::Pointer;

use super::chain::Chain;
use super::frame::Frame;
use super::segment::{FIRST_FRAME, Header};

/// What a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Behind the last whole frame, in bytes from the start of the file.
    pub(crate) end: u64,
    /// The number that the next entry would have.
    pub(crate) next: u64,
    /// What all entries up to there come to.
    pub(crate) chain: Chain,
    /// What lies behind it.
    pub(crate) ending: Ending,
}

impl Contents {
    /// What a segment holds in front of its first frame.
    pub(crate) fn start(header: &Header) -> Self {
        Self { end: FIRST_FRAME, next: header.first, chain: header.chain, ending: Ending::Clean }
    }

    /// The last entry.
    pub(crate) fn last(&self) -> RecordNumber {
        RecordNumber(self.next.saturating_sub(1))
    }

    /// Whether an interrupted write lies behind it.
    pub(crate) fn is_torn(&self) -> bool {
        self.ending == Ending::Torn
    }
}

/// What lies behind the last whole frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Zeroes.
    Clean,
    /// What an interrupted write left. Nothing of that write was acknowledged.
    Torn,
    /// A frame that is not what was written: one of a later write, which began only after the missing one was on stable
    /// storage, so that one was lost since; or one that does not follow what stands before it.
    Damaged,
}

/// Reads the frames of a segment in order. `bytes` is the whole file.
///
/// # Errors
/// What `each` returns; nothing is read after it.
pub(crate) fn frames<E>(
    bytes: &[u8],
    header: &Header,
    mut each: impl FnMut(Pointer, &[u8]) -> Result<(), E>,
) -> Result<Contents, E> {
    frames_from(bytes, header, Contents::start(header), |pointer, frame| each(pointer, frame.payload))
}

/// Reads the frames of a segment in order from behind what was read of it before.
///
/// # Errors
/// What `each` returns; nothing is read after it.
pub(crate) fn frames_from<E>(
    bytes: &[u8],
    header: &Header,
    from: Contents,
    each: impl FnMut(Pointer, &Frame<'_>) -> Result<(), E>,
) -> Result<Contents, E> {
    let behind = |end: u64| usize::try_from(end).ok().and_then(|end| bytes.get(end..)).unwrap_or_default();
    let contents = whole_frames(behind(from.end), header, from, each)?;
    Ok(match contents.ending {
        Ending::Clean => {
            let ending = ending(behind(contents.end), header.generation(), contents.next);
            Contents { ending, ..contents }
        }
        Ending::Torn | Ending::Damaged => contents,
    })
}

/// Reads the whole frames at the front of a piece of a segment, which stands behind what was read of it before. What lies behind
/// them is not looked at, but a frame that does not follow is damage.
///
/// # Errors
/// What `each` returns; nothing is read after it.
pub(crate) fn whole_frames<E>(
    piece: &[u8],
    header: &Header,
    from: Contents,
    mut each: impl FnMut(Pointer, &Frame<'_>) -> Result<(), E>,
) -> Result<Contents, E> {
    let generation = header.generation();
    let Contents { mut end, mut next, mut chain, .. } = from;
    let mut rest = piece;
    while let Some(frame) = Frame::read(rest, generation).filter(|frame| frame.number.0 == next) {
        let link = chain.follow(frame.number, frame.payload);
        if link != frame.chain {
            // Whole and under a right checksum: no interrupted write leaves that.
            return Ok(Contents { end, next, chain, ending: Ending::Damaged });
        }
        let length = u32::try_from(frame.length()).unwrap_or(u32::MAX);
        each(Pointer { number: frame.number, segment: header.number, offset: end, length }, &frame)?;
        rest = rest.get(frame.length()..).unwrap_or_default();
        end += u64::from(length);
        (next, chain) = (next + 1, link);
    }
    Ok(Contents { end, next, chain, ending: Ending::Clean })
}

/// What the bytes behind the last whole frame are, when `next` would be the next entry.
fn ending(rest: &[u8], generation: u32, next: u64) -> Ending {
    if rest.iter().all(|byte| *byte == 0) {
        Ending::Clean
    } else if Frame::find(rest, generation, |frame| frame.first_of_write() > next).is_some() {
        Ending::Damaged
    } else {
        Ending::Torn
    }
}

/// Where this entry stands in a segment; none when it does not.
pub(crate) fn find(bytes: &[u8], header: &Header, number: RecordNumber) -> Option<Pointer> {
    let found = frames(bytes, header, |pointer, _| if pointer.number == number { Err(pointer) } else { Ok(()) });
    found.err()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::super::chain::CHAIN_BYTES;
    use super::super::frame::HEADER_BYTES;
    use super::super::segment::{FORMAT, StoreId};
    use super::*;

    const HEADER: Header = Header {
        format: FORMAT,
        store: StoreId([7; 16]),
        number: 1,
        first: 5,
        bytes: 1024,
        chain: Chain([9; CHAIN_BYTES]),
    };

    /// Bytes of the frame of an entry.
    const FRAME: usize = HEADER_BYTES + b"entry".len();

    /// A segment in which each write had this many entries.
    fn segment(writes: &[u32]) -> Vec<u8> {
        let mut bytes = HEADER.write();
        let (mut number, mut chain) = (HEADER.first, HEADER.chain);
        for entries in writes {
            for behind in 0..*entries {
                chain = chain.follow(RecordNumber(number), b"entry");
                let frame = Frame { number: RecordNumber(number), behind, chain, payload: b"entry" };
                frame.write(HEADER.generation(), &mut bytes).unwrap();
                number += 1;
            }
        }
        bytes.resize(1024, 0);
        bytes
    }

    /// The place of an entry, counted from 0.
    fn place(entry: usize) -> usize {
        usize::try_from(FIRST_FRAME).unwrap() + entry * FRAME
    }

    fn check(bytes: &[u8], entries: u64, ending: Ending) {
        let mut seen = Vec::new();
        let contents = frames(bytes, &HEADER, |pointer, payload| {
            assert_eq!(payload, b"entry");
            seen.push(pointer.number.0);
            Ok::<_, Infallible>(())
        });
        let Ok(contents) = contents;
        assert_eq!(seen, (5..5 + entries).collect::<Vec<_>>());
        assert_eq!((contents.next, contents.ending), (5 + entries, ending));
    }

    #[test]
    fn zeroes_end_a_segment() {
        check(&segment(&[]), 0, Ending::Clean);
        check(&segment(&[1, 2]), 3, Ending::Clean);
    }

    #[test]
    fn a_cut_last_frame_is_torn() {
        let mut bytes = segment(&[1, 1]);
        bytes[place(2) - 3..].fill(0);
        check(&bytes, 1, Ending::Torn);
    }

    #[test]
    fn a_hole_inside_the_last_write_is_torn() {
        let mut bytes = segment(&[1, 3]);
        bytes[place(2)..place(3)].fill(0);
        check(&bytes, 2, Ending::Torn);
    }

    #[test]
    fn a_hole_before_a_later_write_is_damage() {
        let mut bytes = segment(&[1, 3, 1]);
        bytes[place(2)..place(3)].fill(0);
        check(&bytes, 2, Ending::Damaged);
        bytes[place(0) + 8] ^= 1;
        check(&bytes, 0, Ending::Damaged);
    }

    #[test]
    fn a_whole_frame_that_does_not_follow_is_damage() {
        let mut bytes = segment(&[1, 1]);
        let frame = Frame { number: RecordNumber(6), behind: 0, chain: HEADER.chain, payload: b"entry" };
        let mut other = Vec::new();
        frame.write(HEADER.generation(), &mut other).unwrap();
        bytes[place(1)..place(2)].copy_from_slice(&other);
        check(&bytes, 1, Ending::Damaged);
    }

    #[test]
    fn an_entry_is_found_by_its_number() {
        let bytes = segment(&[2, 1]);
        let pointer = find(&bytes, &HEADER, RecordNumber(6)).unwrap();
        assert_eq!((pointer.offset, pointer.length), (place(1) as u64, u32::try_from(FRAME).unwrap()));
        assert_eq!(find(&bytes, &HEADER, RecordNumber(8)), None);
    }
}
