//! A file as interchanges, one after the other: read in pieces, so that a file may be longer than the memory.
//!
//! Start with [`Stream`]. Most of what is held at one time is one interchange with its context, and an interchange has a
//! limit with a name.

use std::io::{self, Read};
use std::ops::Range;

use super::text::{CONTEXT_BYTES, Point, Stretch};
use crate::edifact::{Frame, FrameFinder, Repertoire, Tolerance, Tolerances};

/// Bytes that are asked for at one time.
const CHUNK_BYTES: usize = 1 << 20;
/// An interchange of more bytes gets room for all that may still come of it at once: a buffer that grows is there twice.
const LONG_BYTES: usize = 4 * CHUNK_BYTES;

/// What comes next in a file.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// An interchange, whole or without its end.
    Interchange(Stretch<'a>),
    /// Something else, and the tolerance that would take it; the rest of the file is not read.
    Garbage(Stretch<'a>, Option<Tolerance>),
    /// An interchange that is longer than the limit; the rest of the file is not read.
    TooLong(Stretch<'a>),
}

/// Finds the interchanges of a file.
pub(super) struct Stream<'r> {
    from: &'r mut dyn Read,
    /// Bytes of the file, where that is known.
    length: Option<usize>,
    /// Longest interchange, in bytes.
    bytes_max: usize,
    finder: FrameFinder,
    buffer: Vec<u8>,
    is_over: bool,
    /// Where the buffer begins in the file.
    base: usize,
    /// Where the next interchange begins in the buffer.
    at: usize,
    /// The same in lines and columns.
    point: Point,
}

impl<'r> Stream<'r> {
    pub(super) fn new(from: &'r mut dyn Read, length: Option<u64>, bytes_max: usize, tolerances: Tolerances) -> Self {
        let finder = FrameFinder::new(tolerances);
        let length = length.and_then(|length| usize::try_from(length).ok());
        Self {
            from,
            length,
            bytes_max,
            finder,
            buffer: Vec::new(),
            is_over: false,
            base: 0,
            at: 0,
            point: Point::START,
        }
    }

    /// What comes next; none at the end of the file.
    ///
    /// After an interchange, [`go_on`](Self::go_on) must be called with its end. After anything else the file has ended.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        if !self.skip_line_breaks()? {
            return Ok(None);
        }
        let at = self.at;
        let found = loop {
            match self.finder.find(self.buffer.get(at..).unwrap_or_default()) {
                Frame::Interchange(range) => break Some(range.end),
                Frame::Garbage => break None,
                Frame::Incomplete if self.is_over => break Some(self.buffer.len() - at),
                Frame::Incomplete if self.buffer.len() - at > self.bytes_max => break Some(self.buffer.len() - at),
                Frame::Incomplete => self.read_more()?,
            }
        };
        let end = at + found.unwrap_or_default();
        while !self.is_over && self.buffer.len() < end + CONTEXT_BYTES {
            self.read_more()?;
        }
        Ok(Some(match found {
            None => {
                let switch = self.finder.would_allow(self.buffer.get(at..).unwrap_or_default());
                Piece::Garbage(self.stretch(at..at), switch)
            }
            Some(length) if length > self.bytes_max => Piece::TooLong(self.stretch(at..at)),
            Some(_) => Piece::Interchange(self.stretch(at..end)),
        }))
    }

    /// Goes on behind an interchange of this length, which ends at this point.
    pub(super) fn go_on(&mut self, length: usize, point: Point) {
        self.at += length;
        self.point = point;
        let surplus = self.at.saturating_sub(CONTEXT_BYTES);
        // Bytes that are done with go when they are as many as those that stay: so each is moved at most once or so.
        if surplus > self.buffer.len() - surplus {
            self.buffer.drain(..surplus);
            self.base += surplus;
            self.at -= surplus;
        }
    }

    /// Goes to the next byte that is no line break; whether there is one.
    fn skip_line_breaks(&mut self) -> io::Result<bool> {
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let breaks = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let is_content = breaks < rest.len();
            let point = self.point.after(rest.get(..breaks).unwrap_or_default(), Repertoire::Unoc);
            self.go_on(breaks, point);
            if is_content || self.is_over {
                return Ok(is_content);
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        if let Some(length) = self.length.filter(|_| self.buffer.len() >= LONG_BYTES) {
            let most = self.at + self.bytes_max + CHUNK_BYTES + CONTEXT_BYTES;
            // One more byte, so that the end of the file is noticed without more room.
            let wanted = (length.saturating_sub(self.base) + 1).min(most);
            self.buffer.reserve_exact(wanted.saturating_sub(self.buffer.len()));
        }
        let mut chunk = self.from.take(CHUNK_BYTES as u64);
        self.is_over = chunk.read_to_end(&mut self.buffer)? < CHUNK_BYTES;
        Ok(())
    }

    fn stretch(&self, range: Range<usize>) -> Stretch<'_> {
        let start = range.start.saturating_sub(CONTEXT_BYTES);
        let end = (range.end + CONTEXT_BYTES).min(self.buffer.len());
        Stretch {
            bytes: self.buffer.get(start..end).unwrap_or_default(),
            whole: range.start - start..range.end - start,
            offset: self.base + range.start,
            point: self.point,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in these bytes when an interchange may have so many, with line and offset.
    #[track_caller]
    fn check(bytes: &[u8], bytes_max: usize, expected: &[&str]) {
        check_with(Tolerances::default(), bytes, bytes_max, expected);
    }

    #[track_caller]
    fn check_with(tolerances: Tolerances, bytes: &[u8], bytes_max: usize, expected: &[&str]) {
        let mut from = bytes;
        let mut stream = Stream::new(&mut from, None, bytes_max, tolerances);
        let mut found = Vec::new();
        while let Some(piece) = stream.next().unwrap() {
            let (kind, stretch) = match &piece {
                Piece::Interchange(stretch) => (String::new(), stretch),
                Piece::Garbage(stretch, None) => ("garbage ".to_owned(), stretch),
                Piece::Garbage(stretch, Some(switch)) => (format!("without {} ", switch.name()), stretch),
                Piece::TooLong(stretch) => ("too long ".to_owned(), stretch),
            };
            let text = String::from_utf8_lossy(&stretch.bytes[stretch.whole.clone()]).into_owned();
            found.push(format!("{kind}{}@{} {text}", stretch.point.line, stretch.offset));
            let (length, point) = (stretch.whole.len(), stretch.point.after(text.as_bytes(), Repertoire::Unoc));
            if !matches!(piece, Piece::Interchange(_)) {
                break;
            }
            stream.go_on(length, point);
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn interchanges_come_one_by_one_with_their_places() {
        check(b"\r\n\nUNB+A'UNZ'\r\nUNB+B'\nUNZ'\n", 100, &["3@3 UNB+A'UNZ'", "4@15 UNB+B'\nUNZ'"]);
    }

    #[test]
    fn an_interchange_without_end_is_one() {
        check(b"UNB+A'UNH+1", 100, &["1@0 UNB+A'UNH+1"]);
    }

    #[test]
    fn what_is_no_interchange_ends_the_file() {
        check(b"UNB+A'UNZ'\nhello", 100, &["1@0 UNB+A'UNZ'", "garbage 2@11 "]);
        check(b"", 100, &[]);
    }

    #[test]
    fn what_no_tolerance_takes_ends_the_file_and_names_its_switch() {
        let strict = Tolerances::NONE;
        check_with(strict, b"UNB+A'UNZ'\nUNB+B'UNZ'", 100, &["1@0 UNB+A'UNZ'", "without several_interchanges 2@11 "]);
        check_with(strict, b"\xef\xbb\xbfUNB+A'UNZ'", 100, &["without byte_order_mark 1@0 "]);
        check(b"\xef\xbb\xbfUNB+A'UNZ'", 100, &["1@0 \u{feff}UNB+A'UNZ'"]);
    }

    #[test]
    fn an_interchange_may_be_as_long_as_the_limit_and_no_longer() {
        check(b"UNB+A'UNZ'", 10, &["1@0 UNB+A'UNZ'"]);
        check(b"UNB+A'UNZ'", 9, &["too long 1@0 "]);
    }

    #[test]
    fn a_long_file_is_never_held_whole() {
        let one = b"UNB+A'UNH+1'UNT+2+1'UNZ+1+1'\n";
        let mut from = io::repeat(0).take(0).chain(io::Cursor::new(one.repeat(4 * CHUNK_BYTES / one.len())));
        let mut stream = Stream::new(&mut from, None, 1_000, Tolerances::default());
        let mut count = 0;
        while let Some(piece) = stream.next().unwrap() {
            let Piece::Interchange(stretch) = piece else { panic!("{piece:?}") };
            assert_eq!(stretch.offset, count * one.len());
            let (length, point) = (stretch.whole.len(), stretch.point);
            stream.go_on(length, point);
            count += 1;
            assert!(stream.buffer.len() <= 3 * CHUNK_BYTES);
        }
        assert_eq!(count, 4 * CHUNK_BYTES / one.len());
    }

    #[test]
    fn an_interchange_without_end_costs_no_more_memory_than_the_limit() {
        let mut from = (&b"UNB+A'"[..]).chain(io::repeat(b'A'));
        let mut stream = Stream::new(&mut from, None, 3 * CHUNK_BYTES, Tolerances::default());
        assert!(matches!(stream.next().unwrap(), Some(Piece::TooLong(_))));
        assert!(stream.buffer.len() <= 5 * CHUNK_BYTES);
    }

    #[test]
    fn a_long_interchange_has_its_room_at_once_and_no_more() {
        let length = 2 * LONG_BYTES + 3;
        let mut from = (&b"UNB+A'"[..]).chain(io::repeat(b'A')).take(length as u64);
        let mut stream = Stream::new(&mut from, Some(length as u64), 1 << 30, Tolerances::default());
        let Some(Piece::Interchange(stretch)) = stream.next().unwrap() else { panic!("it is an interchange") };
        assert_eq!(stretch.whole.len(), length);
        assert!(stream.buffer.capacity() <= length + 64);
    }
}
