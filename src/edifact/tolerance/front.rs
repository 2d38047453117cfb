//! Where an interchange begins, behind what may stand in front of it; and whether its lines are its segments.
//!
//! The answers depend on the first bytes only, and are final once they are given: the frame finder asks while the bytes
//! are still coming.

use memchr::{memchr, memchr3};

use super::Tolerances;
use crate::edifact::service::{ServiceChars, UNA_LENGTH};

/// The byte order mark of UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Longest preamble that is looked behind, in bytes. Those that were seen, headers of mail and of transfer programs, are
/// a tenth of that; a stream of something else must not be searched for ever.
pub(super) const PREAMBLE_BYTES_MAX: usize = 4_096;

/// UNB and the line behind it stand within so many bytes.
const FIRST_LINES_BYTES_MAX: usize = 1_024;

/// What stands at the front of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::edifact) enum Front {
    /// More bytes are needed to tell.
    Undecided,
    /// No interchange, and nothing that may stand in front of one.
    Nothing,
    /// UNA or UNB stands here.
    At(usize),
}

/// Where the interchange at the front of these bytes begins.
pub(in crate::edifact) fn front(tolerances: &Tolerances, bytes: &[u8]) -> Front {
    let mut start = next_content(bytes, 0);
    if tolerances.byte_order_mark {
        let rest = bytes.get(start..).unwrap_or_default();
        if rest.starts_with(BYTE_ORDER_MARK) {
            start = next_content(bytes, start + BYTE_ORDER_MARK.len());
        } else if BYTE_ORDER_MARK.starts_with(rest) {
            return Front::Undecided;
        }
    }
    let rest = bytes.get(start..).unwrap_or_default();
    let seen = rest.get(..3).unwrap_or(rest);
    if seen == b"UNA" || seen == b"UNB" {
        Front::At(start)
    } else if b"UNA".starts_with(seen) || b"UNB".starts_with(seen) {
        Front::Undecided
    } else if tolerances.preamble {
        behind_preamble(bytes, start)
    } else {
        Front::Nothing
    }
}

/// The first place behind a preamble where an interchange begins beyond doubt.
fn behind_preamble(bytes: &[u8], from: usize) -> Front {
    let limit = from + PREAMBLE_BYTES_MAX;
    let mut at = from;
    while let Some(found) = memchr(b'U', bytes.get(at..limit.min(bytes.len())).unwrap_or_default()) {
        at += found;
        match begins(bytes.get(at..).unwrap_or_default()) {
            Some(true) => return Front::At(at),
            Some(false) => at += 1,
            None => return Front::Undecided,
        }
    }
    if bytes.len() < limit { Front::Undecided } else { Front::Nothing }
}

/// Whether these bytes begin with an UNB in the default characters that names its repertoire, or with a legal UNA and an
/// UNB behind it. None while more bytes are needed to tell.
fn begins(bytes: &[u8]) -> Option<bool> {
    const HEADER: &[u8] = b"UNB+UNO";
    if HEADER.starts_with(bytes) || b"UNA".starts_with(bytes) {
        return (bytes == HEADER).then_some(true);
    }
    if bytes.starts_with(HEADER) {
        return Some(true);
    }
    if !bytes.starts_with(b"UNA") {
        return Some(false);
    }
    if bytes.len() < UNA_LENGTH {
        return None;
    }
    let Ok(service) = ServiceChars::read(bytes) else { return Some(false) };
    let header = [b'U', b'N', b'B', service.element];
    let rest = bytes.get(UNA_LENGTH..).unwrap_or_default();
    // A line break, in its longest form two bytes, may stand behind UNA.
    let breaks = next_content(rest, 0);
    let rest = rest.get(breaks..).unwrap_or_default();
    match rest.get(..header.len()) {
        Some(found) => Some(found == header && breaks <= 2),
        None if header.starts_with(rest) && breaks <= 2 => None,
        None => Some(false),
    }
}

/// Whether the lines of an interchange are its segments, although no UNA says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::edifact) enum Implied {
    /// More bytes are needed to tell.
    Undecided,
    /// They are not: the terminator is the one that UNA names, or the default.
    No,
    /// They are; this is the first byte of each line break.
    Terminator(u8),
}

/// Looks whether the line of UNB and the line of UNH or UNG behind it both end before any terminator was seen. `content`
/// begins behind UNA, where there is one.
pub(in crate::edifact) fn implied_terminator(service: &ServiceChars, content: &[u8]) -> Implied {
    if is_line_break(service.terminator) {
        return Implied::No;
    }
    let content = content.get(next_content(content, 0)..).unwrap_or_default();
    let undecided = if content.len() < FIRST_LINES_BYTES_MAX { Implied::Undecided } else { Implied::No };
    let window = content.get(..FIRST_LINES_BYTES_MAX).unwrap_or(content);
    let end = |line: &[u8]| memchr3(service.terminator, b'\r', b'\n', line).and_then(|at| Some((at, *line.get(at)?)));
    let Some((first, byte)) = end(window) else { return undecided };
    if byte == service.terminator {
        return Implied::No;
    }
    let second = window.get(next_content(window, first)..).unwrap_or_default();
    let is_header = |tag: &[u8; 3]| {
        let header = [tag[0], tag[1], tag[2], service.element];
        let seen = second.get(..header.len()).unwrap_or(second);
        header.starts_with(seen).then_some(seen.len() == header.len())
    };
    match is_header(b"UNH").or(is_header(b"UNG")) {
        Some(true) => {}
        Some(false) => return undecided,
        None => return Implied::No,
    }
    match end(second) {
        Some((_, found)) if found == service.terminator => Implied::No,
        Some(_) => Implied::Terminator(byte),
        None => undecided,
    }
}

/// Whether something ends the first segment of these bytes, which begin with UNA or UNB.
pub(super) fn has_terminator(tolerances: &Tolerances, bytes: &[u8]) -> bool {
    let has_una = bytes.starts_with(b"UNA");
    let service = ServiceChars::read(bytes).unwrap_or(ServiceChars::DEFAULT);
    let content = bytes.get(if has_una { UNA_LENGTH } else { 0 }..).unwrap_or_default();
    let is_implied = || matches!(implied_terminator(&service, content), Implied::Terminator(_));
    memchr(service.terminator, content).is_some() || (tolerances.newline_terminator && is_implied())
}

/// Bytes between interchanges and between segments that mean nothing.
pub(super) fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The first byte from here on that is no line break.
pub(in crate::edifact) fn next_content(bytes: &[u8], from: usize) -> usize {
    let breaks = bytes.get(from..).unwrap_or_default().iter().take_while(|byte| is_line_break(**byte)).count();
    from + breaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], tolerances: Tolerances, expected: Front) {
        assert_eq!(front(&tolerances, bytes), expected, "{}", bytes.escape_ascii());
    }

    #[test]
    fn una_or_unb_begin_an_interchange() {
        check(b"UNB+", Tolerances::NONE, Front::At(0));
        check(b"\r\nUNA:", Tolerances::NONE, Front::At(2));
        check(b"UN", Tolerances::NONE, Front::Undecided);
        check(b"UNX", Tolerances::NONE, Front::Nothing);
    }

    #[test]
    fn a_byte_order_mark_is_looked_behind_when_it_may_stand_there() {
        check(b"\xef\xbb\xbf\nUNB", Tolerances::ALL, Front::At(4));
        check(b"\xef\xbb", Tolerances::ALL, Front::Undecided);
        check(b"\xef\xbb\xbfUNB", Tolerances::NONE, Front::Nothing);
    }

    #[test]
    fn a_preamble_ends_where_an_interchange_begins_beyond_doubt() {
        check(b"DOC+1=UNA+2UNA:+,? '\nUNB+UNOL", Tolerances::ALL, Front::At(11));
        check(b"the UNB segment: UNB+UNOA:3", Tolerances::ALL, Front::At(17));
        check(b"UNIT UNB+UNX UNB+UN", Tolerances::ALL, Front::Undecided);
        check(&[b'x'; PREAMBLE_BYTES_MAX - 1], Tolerances::ALL, Front::Undecided);
        check(&[b'x'; PREAMBLE_BYTES_MAX], Tolerances::ALL, Front::Nothing);
    }

    #[test]
    fn what_begins_within_the_longest_preamble_may_end_behind_it() {
        let check = |text: &[u8], expected| {
            check(&[&[b'x'; PREAMBLE_BYTES_MAX - 1], text].concat(), Tolerances::ALL, expected);
        };
        let begun: [&[u8]; 6] = [b"U", b"UNB+UN", b"UNA:+.?", b"UNA:+.? '", b"UNA:+.? '\r\n", b"UNA:+.? 'UN"];
        begun.into_iter().for_each(|text| check(text, Front::Undecided));
        check(b"UNB+UNO", Front::At(PREAMBLE_BYTES_MAX - 1));
        check(b"UNA:+.? '\r\nUNB+", Front::At(PREAMBLE_BYTES_MAX - 1));
        let others: [&[u8]; 6] =
            [b"UNB-UN", b"UNA++.? '", b"UNA:+.? 'X", b"UNA:+.? '\n\n\n", b"UNA:+.? '\n\n\nUNB+", b"UNA:+.? 'UNX+"];
        others.into_iter().for_each(|text| check(text, Front::Nothing));
    }

    #[track_caller]
    fn check_implied(text: &str, expected: Implied) {
        assert_eq!(implied_terminator(&ServiceChars::DEFAULT, text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn lines_are_segments_when_two_of_them_have_no_other_end() {
        check_implied("UNB+UNOA:1+A+B\r\nUNH+1+X\r\n", Implied::Terminator(b'\r'));
        check_implied("UNB+UNOA:1+A+B\nUNG+1+X\nUNH+1'", Implied::Terminator(b'\n'));
        check_implied("UNB+UNOA:1+A+B\nUNH+1+X", Implied::Undecided);
    }

    #[test]
    fn a_wrapped_line_and_a_forgotten_terminator_are_neither() {
        check_implied("UNB+UNOA:1+A+B\n+REF'UNH+1'", Implied::No);
        check_implied("UNB+UNOA:1+A+B\nUNH+1'\nBGM'", Implied::No);
        check_implied("UNB+UNOA:1+A'\nUNH+1\nBGM\n", Implied::No);
        check_implied(&"A".repeat(FIRST_LINES_BYTES_MAX), Implied::No);
        check_implied(&"A".repeat(FIRST_LINES_BYTES_MAX - 1), Implied::Undecided);
    }
}
