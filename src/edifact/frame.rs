//! Where interchanges begin and end in a stream of bytes.
//!
//! [`FrameFinder`] looks at each byte once however the stream is cut, so a slow sender costs no more than a fast one. It
//! knows UNA, UNB and UNZ, the terminator and the release character, and nothing else.

use std::ops::Range;

use super::service::{ServiceChars, UNA_LENGTH};

/// What the finder says of the bytes it has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// No whole interchange yet.
    Incomplete,
    /// One interchange, from UNA or UNB to the terminator of UNZ, or to the next UNA or UNB where UNZ is missing.
    Interchange(Range<usize>),
    /// What stands here is no interchange: neither UNA nor UNB begins it.
    Garbage,
}

/// Finds interchanges in a buffer that grows at its end and is cut at its front.
///
/// Call [`find`](Self::find) with everything that is buffered; after a [`Frame::Interchange`], cut the buffer at the end
/// of its range and call again.
#[derive(Debug, Clone, Default)]
pub struct FrameFinder {
    /// Where the interchange begins, once UNA or UNB was seen, with its service characters.
    begun: Option<(usize, ServiceChars)>,
    /// Everything before is known not to end a segment.
    scanned: usize,
    /// Where the segment begins that `scanned` stands in.
    segment: usize,
    /// The header was passed: an UNA or UNB from here on begins another interchange.
    has_header: bool,
}

/// Bytes between interchanges and between segments that mean nothing.
fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

impl FrameFinder {
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
            let head = buffer.get(self.segment..end).unwrap_or_default();
            if self.has_header && (head.starts_with(b"UNA") || head.starts_with(b"UNB")) {
                return self.found(start..self.segment);
            }
            let is_trailer = head.starts_with(b"UNZ");
            self.has_header |= head.starts_with(b"UNB");
            self.scanned = end + 1;
            if is_trailer {
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

    fn found(&mut self, range: Range<usize>) -> Frame {
        *self = Self::default();
        Frame::Interchange(range)
    }

    /// Skips line breaks and reads the service characters, as soon as enough bytes are there to tell.
    fn begin(&mut self, buffer: &[u8]) -> Result<(usize, ServiceChars), Frame> {
        let start = next_content(buffer, 0);
        let content = buffer.get(start..).unwrap_or_default();
        let seen = content.get(..3).unwrap_or(content);
        if !b"UNA".starts_with(seen) && !b"UNB".starts_with(seen) {
            return Err(Frame::Garbage);
        }
        let has_una = seen == b"UNA";
        if seen.len() < 3 || (has_una && content.len() < UNA_LENGTH) {
            return Err(Frame::Incomplete);
        }
        // An illegal UNA is a finding of the reader; here the default characters find the end.
        let service = ServiceChars::read(content).unwrap_or(ServiceChars::DEFAULT);
        self.begun = Some((start, service));
        self.segment = next_content(buffer, start + if has_una { UNA_LENGTH } else { 0 });
        self.scanned = self.segment;
        Ok((start, service))
    }

    /// The terminator of the segment at `self.segment`, when it is in the buffer.
    fn segment_end(&mut self, service: &ServiceChars, buffer: &[u8]) -> Option<usize> {
        self.segment = if self.scanned == self.segment { next_content(buffer, self.segment) } else { self.segment };
        self.scanned = self.scanned.max(self.segment);
        let stops = |byte: &u8| *byte == service.terminator || Some(*byte) == service.release;
        while let Some(found) = buffer.get(self.scanned..)?.iter().position(stops) {
            let at = self.scanned + found;
            if buffer.get(at) == Some(&service.terminator) {
                self.scanned = at;
                return Some(at);
            }
            if at + 1 == buffer.len() {
                self.scanned = at;
                return None;
            }
            self.scanned = at + 2;
        }
        self.scanned = buffer.len();
        None
    }
}

/// The first byte from here on that is no line break.
fn next_content(buffer: &[u8], from: usize) -> usize {
    let breaks = buffer.get(from..).unwrap_or_default().iter().take_while(|byte| is_line_break(**byte)).count();
    from + breaks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the stream in pieces of this size and says what was found, separated by `|`.
    fn frames(stream: &[u8], piece: usize) -> String {
        let (mut buffer, mut finder, mut found) = (Vec::new(), FrameFinder::default(), Vec::new());
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
            found.push(format!("rest {}", buffer[rest].escape_ascii()));
        }
        found.join(" | ")
    }

    fn check(stream: &str, expected: &str) {
        for piece in 1..=stream.len() {
            assert_eq!(frames(stream.as_bytes(), piece), expected, "in pieces of {piece}");
        }
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
        check("UNA:+.? ~UNB+A'UNZ+1~UNZ+1~", "UNA:+.? ~UNB+A\\'UNZ+1~UNZ+1~");
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
}
