//! Where interchanges begin and end in a stream of bytes.
//!
//! [`FrameFinder`] looks at each byte once however the stream is cut, so a slow sender costs no more than a fast one. It
//! knows UNA, UNB and UNZ, the terminator and the release character, and what its [`Tolerances`] let stand around them.

use std::ops::Range;

use memchr::memchr2;

use super::service::{ServiceChars, UNA_LENGTH};
use super::tolerance::{Front, Implied, Tolerance, Tolerances, front, implied_terminator, next_content};

/// What the finder says of the bytes it has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// No whole interchange yet.
    Incomplete,
    /// One interchange, from what is tolerated in front of UNA or UNB to the terminator of UNZ, or to the next UNA or UNB
    /// where UNZ is missing.
    Interchange(Range<usize>),
    /// What stands here is no interchange: neither UNA nor UNB begins it, or no more may follow.
    Garbage,
}

/// Finds interchanges in a buffer that grows at its end and is cut at its front.
///
/// Call [`find`](Self::find) with everything that is buffered; after a [`Frame::Interchange`], cut the buffer at the end
/// of its range and call again.
#[derive(Debug, Clone, Default)]
pub struct FrameFinder {
    tolerances: Tolerances,
    /// Where the interchange begins, once UNA or UNB was seen, with its service characters.
    begun: Option<(usize, ServiceChars)>,
    /// Everything before is known not to end a segment.
    scanned: usize,
    /// Where the segment begins that `scanned` stands in.
    segment: usize,
    /// The header was passed: an UNA or UNB from here on begins another interchange.
    has_header: bool,
    /// An interchange was found.
    has_found: bool,
}

impl FrameFinder {
    /// A finder that takes what these tolerances take.
    #[must_use]
    pub fn new(tolerances: Tolerances) -> Self {
        Self { tolerances, ..Self::default() }
    }

    /// Looks for the end of the interchange at the front of `buffer`.
    pub fn find(&mut self, buffer: &[u8]) -> Frame {
        let (start, service) = match self.begun {
            Some(begun) => begun,
            None => match self.begin(buffer) {
                Ok(begun) => begun,
                Err(frame) => return frame,
            },
        };
        while let Some(end) = self.segment_end(&service, buffer) {
            let tag = self.tag(buffer.get(self.segment..end).unwrap_or_default());
            if self.has_header && (tag == *b"UNA" || tag == *b"UNB") {
                return self.found(start..self.segment);
            }
            self.has_header |= tag == *b"UNB";
            self.scanned = end + 1;
            if tag == *b"UNZ" {
                return self.found(start..self.scanned);
            }
            self.segment = next_content(buffer, self.scanned);
            self.scanned = self.segment;
        }
        Frame::Incomplete
    }

    /// What remains when the stream has ended: an interchange without its UNZ, or nothing.
    #[must_use]
    pub fn rest(&self, buffer: &[u8]) -> Option<Range<usize>> {
        let start = self.begun.map_or_else(|| next_content(buffer, 0), |(start, _)| start);
        (start < buffer.len()).then_some(start..buffer.len())
    }

    /// The interchange that remains when the stream has ended in order and only the terminator of its UNZ is missing, where
    /// that is tolerated.
    #[must_use]
    pub fn last(&self, buffer: &[u8]) -> Option<Range<usize>> {
        let (_, service) = self.begun.filter(|_| self.tolerances.missing_last_terminator && self.has_header)?;
        let trailer = buffer.get(self.segment..)?;
        let has_elements = trailer.contains(&service.element);
        (self.tag(trailer) == *b"UNZ" && has_elements).then(|| self.rest(buffer)).flatten()
    }

    /// The switch that is off and would let stand what was called [`Frame::Garbage`].
    #[must_use]
    pub fn would_allow(&self, buffer: &[u8]) -> Option<Tolerance> {
        if self.has_found && !self.tolerances.several_interchanges {
            Some(Tolerance::SeveralInterchanges)
        } else {
            self.tolerances.would_allow(buffer)
        }
    }

    fn found(&mut self, range: Range<usize>) -> Frame {
        *self = Self { has_found: true, ..Self::new(self.tolerances) };
        Frame::Interchange(range)
    }

    /// Looks behind what may stand in front and reads the service characters, as soon as enough bytes are there to tell.
    fn begin(&mut self, buffer: &[u8]) -> Result<(usize, ServiceChars), Frame> {
        // More line breaks where nothing has begun yet tell nothing, however many come.
        if next_content(buffer, self.scanned) == buffer.len() {
            self.scanned = buffer.len();
            return Err(Frame::Incomplete);
        }
        let begun = self.begin_anew(buffer);
        if begun == Err(Frame::Incomplete) && matches!(buffer.last(), Some(b'\r' | b'\n')) {
            self.scanned = buffer.len();
        }
        begun
    }

    /// The same, of all that is buffered; more than line breaks is.
    fn begin_anew(&mut self, buffer: &[u8]) -> Result<(usize, ServiceChars), Frame> {
        let start = next_content(buffer, 0);
        if self.has_found && !self.tolerances.several_interchanges {
            return Err(Frame::Garbage);
        }
        let header = match front(&self.tolerances, buffer) {
            Front::At(header) => header,
            Front::Undecided => return Err(Frame::Incomplete),
            Front::Nothing => return Err(Frame::Garbage),
        };
        let content = buffer.get(header..).unwrap_or_default();
        let has_una = content.starts_with(b"UNA");
        if has_una && content.len() < UNA_LENGTH {
            return Err(Frame::Incomplete);
        }
        // An illegal UNA is a finding of the reader; here the default characters find the end.
        let mut service = ServiceChars::read(content).unwrap_or(ServiceChars::DEFAULT);
        let first = header + if has_una { UNA_LENGTH } else { 0 };
        // What is known to be line breaks is not looked at again when more bytes are needed to tell.
        self.segment = next_content(buffer, self.segment.max(first));
        if self.tolerances.newline_terminator {
            match implied_terminator(&service, buffer.get(self.segment..).unwrap_or_default()) {
                Implied::Terminator(terminator) => service.terminator = terminator,
                Implied::Undecided => return Err(Frame::Incomplete),
                Implied::No => {}
            }
        }
        self.begun = Some((start, service));
        self.scanned = self.segment;
        Ok((start, service))
    }

    /// The terminator of the segment at `self.segment`, when it is in the buffer.
    fn segment_end(&mut self, service: &ServiceChars, buffer: &[u8]) -> Option<usize> {
        self.segment = if self.scanned == self.segment { next_content(buffer, self.segment) } else { self.segment };
        self.scanned = self.scanned.max(self.segment);
        let release = service.release.unwrap_or(service.terminator);
        while let Some(found) = memchr2(service.terminator, release, buffer.get(self.scanned..)?) {
            let at = self.scanned + found;
            self.scanned = at;
            if buffer.get(at) == Some(&service.terminator) {
                return Some(at);
            }
            let released = if self.is_wrapping(service) { next_content(buffer, at + 1) } else { at + 1 };
            if released >= buffer.len() {
                return None;
            }
            self.scanned = released + 1;
        }
        self.scanned = buffer.len();
        None
    }

    /// The first three bytes of a segment; lines may be wrapped between them.
    fn tag(&self, segment: &[u8]) -> [u8; 3] {
        let wraps = self.tolerances.wrapped_lines;
        let mut letters = segment.iter().filter(|byte| !(wraps && matches!(byte, b'\r' | b'\n')));
        [(); 3].map(|()| letters.next().copied().unwrap_or_default())
    }

    /// Whether a line break may stand between a release character and what it releases.
    fn is_wrapping(&self, service: &ServiceChars) -> bool {
        self.tolerances.wrapped_lines && !matches!(service.terminator, b'\r' | b'\n')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the stream in pieces of this size and says what was found, separated by `|`.
    fn frames(tolerances: Tolerances, stream: &[u8], piece: usize) -> String {
        let (mut buffer, mut finder, mut found) = (Vec::new(), FrameFinder::new(tolerances), Vec::new());
        for bytes in stream.chunks(piece) {
            buffer.extend_from_slice(bytes);
            loop {
                match finder.find(&buffer) {
                    Frame::Incomplete => break,
                    Frame::Garbage => return "garbage".to_owned(),
                    Frame::Interchange(range) => {
                        found.push(buffer[range.clone()].escape_ascii().to_string());
                        buffer.drain(..range.end);
                    }
                }
            }
        }
        if let Some(rest) = finder.rest(&buffer) {
            let word = if finder.last(&buffer).is_some() { "last" } else { "rest" };
            found.push(format!("{word} {}", buffer[rest].escape_ascii()));
        }
        found.join(" | ")
    }

    #[track_caller]
    fn check_with(tolerances: Tolerances, stream: &str, expected: &str) {
        for piece in 1..=stream.len() {
            assert_eq!(frames(tolerances, stream.as_bytes(), piece), expected, "in pieces of {piece}");
        }
    }

    #[track_caller]
    fn check(stream: &str, expected: &str) {
        check_with(Tolerances::default(), stream, expected);
    }

    #[test]
    fn one_interchange() {
        check("UNB+A'UNZ+1'", r"UNB+A\'UNZ+1\'");
    }

    #[test]
    fn line_breaks_around_segments_mean_nothing() {
        check("\r\nUNB+A'\r\nUNZ+1'\nUNB+B'UNZ+2'\r\n", r"UNB+A\'\r\nUNZ+1\' | UNB+B\'UNZ+2\'");
    }

    #[test]
    fn released_terminators_and_released_release_characters() {
        check("UNB+A?'UNZ+0??'UNZ+1'", r"UNB+A?\'UNZ+0??\'UNZ+1\'");
    }

    #[test]
    fn characters_of_una_hold() {
        for tolerances in [Tolerances::default(), Tolerances::NONE] {
            check_with(tolerances, "UNA:+.? ~UNB+A'UNZ+1~UNZ+1~", "UNA:+.? ~UNB+A\\'UNZ+1~UNZ+1~");
        }
    }

    #[test]
    fn an_interchange_without_trailer_ends_where_the_next_begins() {
        check("UNB+A'UNH+1'UNB+B'UNZ+1'", r"UNB+A\'UNH+1\' | UNB+B\'UNZ+1\'");
        check("UNB+A'UNA:+.? 'UNB+B'UNZ+1'", r"UNB+A\' | UNA:+.? \'UNB+B\'UNZ+1\'");
    }

    #[test]
    fn an_unfinished_interchange_is_the_rest() {
        check("UNB+A'UNH+1'", r"rest UNB+A\'UNH+1\'");
    }

    #[test]
    fn anything_else_is_garbage() {
        check("HELO mail", "garbage");
        check("UNX+1'", "garbage");
        check("\0UNB+A'", "garbage");
    }

    #[test]
    fn nothing_but_line_breaks_is_nothing() {
        check("\r\n\r\n", "");
    }

    #[test]
    fn what_may_stand_in_front_belongs_to_the_interchange() {
        let stream = "\r\n\u{feff}UNB+A'UNZ+1'\n\u{feff}UNB+B'UNZ+2'";
        check(stream, r"\xef\xbb\xbfUNB+A\'UNZ+1\' | \xef\xbb\xbfUNB+B\'UNZ+2\'");
        check_with(Tolerances::NONE, stream, "garbage");
        let stream = "To: UNA\nUNB+UNOA'UNZ+1'\nTo: B\nUNA:+.? 'UNB+B'UNZ+2'";
        check_with(Tolerances::ALL, stream, r"To: UNA\nUNB+UNOA\'UNZ+1\' | To: B\nUNA:+.? \'UNB+B\'UNZ+2\'");
        check(stream, "garbage");
    }

    #[test]
    fn line_breaks_that_come_one_by_one_are_looked_at_once() {
        let (mut finder, mut buffer) = (FrameFinder::default(), b"\xef\xbb\xbf".to_vec());
        for _ in 0..200_000 {
            buffer.push(b'\n');
            assert_eq!(finder.find(&buffer), Frame::Incomplete);
            assert_eq!(finder.scanned, buffer.len());
        }
        buffer.extend_from_slice(b"UNB+A'UNZ+1'");
        assert_eq!(finder.find(&buffer), Frame::Interchange(0..buffer.len()));
    }

    #[test]
    fn lines_that_are_segments_end_with_their_line_breaks() {
        let stream = "UNB+A\r\nUNH+1\r\nUNZ+1\r\nUNB+B\r\nUNH+2\r\nUNZ+2\r\n";
        check(stream, r"UNB+A\r\nUNH+1\r\nUNZ+1\r | UNB+B\r\nUNH+2\r\nUNZ+2\r");
        check_with(Tolerances::NONE, stream, &format!("rest {}", stream.escape_default()));
        check("UNA:+.? \nUNB+A\nUNZ+1\n\n", r"UNA:+.? \nUNB+A\nUNZ+1\n");
    }

    #[test]
    fn tags_and_what_is_released_may_be_wrapped() {
        let stream = "UNB+A?\n'UNZ+'UN\r\nZ+1'UNB+B'UNZ+2'";
        check_with(Tolerances::ALL, stream, r"UNB+A?\n\'UNZ+\'UN\r\nZ+1\' | UNB+B\'UNZ+2\'");
        check_with(Tolerances::NONE, "UNB+A?\n'UNZ+1'", r"UNB+A?\n\'UNZ+1\'");
    }

    #[test]
    fn an_interchange_is_the_last_when_it_lacks_but_its_terminator() {
        check_with(Tolerances::ALL, "UNB+A'UNZ+1+R\r\n", r"last UNB+A\'UNZ+1+R\r\n");
        check_with(Tolerances::ALL, "UNB+A'UNZ", r"rest UNB+A\'UNZ");
        check("UNB+A'UNZ+1+R", r"rest UNB+A\'UNZ+1+R");
    }

    #[test]
    fn one_interchange_only_is_followed_by_nothing() {
        let one = Tolerances { several_interchanges: false, ..Tolerances::default() };
        check_with(one, "UNB+A'UNZ+1'\r\n", r"UNB+A\'UNZ+1\'");
        check_with(one, "UNB+A'UNZ+1'\r\nUNB", "garbage");
    }

    #[test]
    fn the_switch_that_would_let_it_stand_is_named() {
        let mut finder = FrameFinder::new(Tolerances::NONE);
        assert_eq!(finder.would_allow(b"\xef\xbb\xbfUNB+A'"), Some(Tolerance::ByteOrderMark));
        assert!(matches!(finder.find(b"UNB+A'UNZ+1'"), Frame::Interchange(_)));
        assert_eq!(finder.would_allow(b"UNB+A'"), Some(Tolerance::SeveralInterchanges));
    }
}
