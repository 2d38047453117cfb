//! Segments, data elements, repetitions and components, read where they lie in the bytes.
//!
//! Nothing is copied and nothing is allocated: a [`Segment`] is a slice, and each level below it is an iterator over
//! that slice. Positions are counted as CONTRL counts them: the tag is 1, the first data element 2, the first component
//! 1, the first repetition 1.

use std::{borrow::Cow, fmt, ops::Range};

use nom::{IResult, Parser, bytes::complete::take_till};
use serde::{Deserialize, Serialize};

use super::cuts::Cuts;
use super::service::ServiceChars;
use super::value::Values;

/// A segment tag: three upper-case letters or digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tag(pub [u8; 3]);

impl Tag {
    /// Stands for every tag that is not three upper-case letters or digits; no grammar knows it.
    pub const MALFORMED: Self = Self(*b"\0\0\0");

    /// The tag in these bytes.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let is_legal = |byte: &u8| byte.is_ascii_uppercase() | byte.is_ascii_digit();
        match <[u8; 3]>::try_from(bytes) {
            Ok(tag) if tag.iter().fold(true, |are_legal, byte| are_legal & is_legal(byte)) => Self(tag),
            _ => Self::MALFORMED,
        }
    }

    /// The tag as a number.
    #[inline]
    pub(crate) const fn number(self) -> TagNumber {
        let Self([first, second, third]) = self;
        TagNumber(u32::from_le_bytes([first, second, third, 0]))
    }

    /// Whether it is that of a security segment (ISO 9735-5, -7, -9 and -10).
    #[must_use]
    pub fn is_security(self) -> bool {
        matches!(&self.0, [b'U', b'S', b'A'..=b'F' | b'H' | b'L' | b'R' | b'T' | b'U' | b'X' | b'Y'])
    }

    /// The tag as text, empty when it is malformed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        if *self == Self::MALFORMED { "" } else { std::str::from_utf8(&self.0).unwrap_or_default() }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A tag as a number below 2^24, which is faster to look up and to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagNumber(pub(crate) u32);

/// One segment: its tag and its data elements, without the terminator.
#[derive(Clone, Copy)]
pub struct Segment<'a> {
    /// From its first byte on, beyond its end.
    ahead: &'a [u8],
    length: usize,
    offset: usize,
    service: ServiceChars,
}

impl<'a> Segment<'a> {
    /// The segment that these bytes are, `offset` bytes into the interchange. The terminator is not among them.
    #[must_use]
    pub fn new(service: ServiceChars, offset: usize, bytes: &'a [u8]) -> Self {
        Self { ahead: bytes, length: bytes.len(), offset, service }
    }

    /// The segment in this part of the bytes of an interchange.
    #[inline]
    pub(super) fn at(service: ServiceChars, interchange: &'a [u8], span: Range<usize>) -> Self {
        let ahead = interchange.get(span.start..).unwrap_or_default();
        Self { ahead, length: span.len().min(ahead.len()), offset: span.start, service }
    }

    /// Its tag; [`Tag::MALFORMED`] when it has none that a grammar could know.
    #[must_use]
    pub fn tag(&self) -> Tag {
        // No service character is a letter or digit, so three of those in front of a separator are the tag.
        match self.raw() {
            [a, b, c] => Tag::read(&[*a, *b, *c]),
            [a, b, c, next, ..] if *next == self.service.element => Tag::read(&[*a, *b, *c]),
            _ => Tag::read(self.tag_bytes()),
        }
    }

    /// Its tag as a number to look up: nobody has asked whether it is made of capital letters and digits.
    #[inline]
    pub(crate) fn tag_number(&self) -> TagNumber {
        match self.ahead.first_chunk::<4>() {
            Some(bytes @ [_, _, _, next]) if self.length == 3 || (self.length > 3 && *next == self.service.element) => {
                TagNumber(u32::from_le_bytes(*bytes) & 0xff_ffff)
            }
            _ => self.tag().number(),
        }
    }

    /// The tag that it begins with, when what stands behind that is neither a service character nor a letter or digit.
    #[must_use]
    pub fn tag_with_wrong_separator(&self) -> Option<Tag> {
        let (tag, rest) = self.raw().split_first_chunk::<3>()?;
        let next = rest.first().filter(|next| !next.is_ascii_alphanumeric())?;
        let is_service = [Some(self.service.component), Some(self.service.element), self.service.repetition];
        Some(Tag::read(tag)).filter(|tag| *tag != Tag::MALFORMED && !is_service.contains(&Some(*next)))
    }

    /// The bytes before the first separator.
    #[must_use]
    pub fn tag_bytes(&self) -> &'a [u8] {
        self.tag_element().components().next().map(|component| component.raw()).unwrap_or_default()
    }

    /// The tag as an element: position 1. More than one component in it is explicit nesting.
    #[must_use]
    pub fn tag_element(&self) -> Element<'a> {
        let piece = self.pieces().next().unwrap_or(Piece { raw: &[], offset: self.offset, service: self.service });
        Element { piece, position: 1 }
    }

    /// Its data elements in order, the first at position 2.
    #[must_use]
    pub fn elements(&self) -> Elements<'a> {
        let mut pieces = self.pieces();
        pieces.next(); // The tag.
        Elements { pieces, position: 1 }
    }

    /// The values of its data elements in one pass, in order, empty ones too; the tag is not among them.
    #[inline]
    #[must_use]
    pub fn values(&self) -> Values<'a> {
        Values::of(self)
    }

    /// Where its separators divide it, whatever kind they are of.
    #[inline]
    #[must_use]
    pub fn cuts(&self) -> Cuts<'a> {
        Cuts::of(self)
    }

    fn pieces(&self) -> Pieces<'a> {
        Piece { raw: self.raw(), offset: self.offset, service: self.service }.divided(Some(self.service.element))
    }

    /// The data element at this position (first = 2); none when the segment ends before it.
    #[must_use]
    pub fn element(&self, position: u16) -> Option<Element<'a>> {
        self.elements().nth(usize::from(position.checked_sub(2)?))
    }

    /// A component of the first repetition of an element; none when the segment ends before it, or it is empty.
    #[must_use]
    pub fn component(&self, element: u16, component: u16) -> Option<Component<'a>> {
        let wanted = (element, 1, component);
        let mut values = self.values().take_while(|value| value.element <= element);
        let value = values.find(|value| (value.element, value.occurrence, value.component) == wanted)?;
        let piece = Piece { raw: value.raw, offset: value.offset, service: self.service };
        Some(Component { piece, position: component }).filter(|component| !component.is_empty())
    }

    /// Where it lies in the interchange, without the terminator.
    #[inline]
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.offset..self.offset + self.length
    }

    /// Its bytes, without the terminator.
    #[inline]
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.ahead.get(..self.length).unwrap_or_default()
    }

    /// How many bytes it has, without the terminator.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The same bytes, and those behind it: blocks may reach over its end.
    #[inline]
    pub(crate) fn ahead(&self) -> &'a [u8] {
        self.ahead
    }

    /// The service characters it is read with.
    #[inline]
    #[must_use]
    pub fn service(&self) -> &ServiceChars {
        &self.service
    }
}

impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw().escape_ascii())
    }
}

/// A stretch of bytes with the characters that divide it.
#[derive(Clone, Copy)]
struct Piece<'a> {
    raw: &'a [u8],
    offset: usize,
    service: ServiceChars,
}

impl<'a> Piece<'a> {
    fn span(&self) -> Range<usize> {
        self.offset..self.offset + self.raw.len()
    }

    /// What this separator divides it into; one piece where there is no such separator.
    fn divided(self, separator: Option<u8>) -> Pieces<'a> {
        Pieces { rest: Some(self.raw), offset: self.offset, service: self.service, separator }
    }
}

/// What a separator divides a stretch of bytes into.
#[derive(Clone)]
struct Pieces<'a> {
    rest: Option<&'a [u8]>,
    offset: usize,
    service: ServiceChars,
    separator: Option<u8>,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let input = self.rest?;
        let (rest, raw) = match self.separator {
            Some(separator) => up_to(separator, self.service.release, input),
            None => (&[][..], input),
        };
        let piece = Piece { raw, offset: self.offset, service: self.service };
        self.rest = rest.split_first().map(|(_, rest)| rest);
        self.offset += raw.len() + 1;
        Some(piece)
    }
}

/// What elements, repetitions and components have in common.
macro_rules! lies_in_bytes {
    ($($level:ident)*) => {
        $(impl<'a> $level<'a> {
            /// Whether nothing stands in it.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.piece.raw.is_empty()
            }

            /// Its bytes as they came, release characters and all.
            #[must_use]
            pub fn raw(&self) -> &'a [u8] {
                self.piece.raw
            }

            /// Where it lies in the interchange.
            #[must_use]
            pub fn span(&self) -> Range<usize> {
                self.piece.span()
            }
        })*
    };
}

lies_in_bytes! { Element Repetition Component }

/// One data element with all its repetitions.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    piece: Piece<'a>,
    position: u16,
}

impl<'a> Element<'a> {
    /// Its position in the segment: the tag is 1, the first data element 2 (0098).
    #[must_use]
    pub fn position(&self) -> u16 {
        self.position
    }

    /// Its repetitions; exactly one where the syntax knows no repetition separator.
    #[must_use]
    pub fn repetitions(&self) -> Repetitions<'a> {
        Repetitions { pieces: self.piece.divided(self.piece.service.repetition), occurrence: 0 }
    }

    /// The components of its first repetition.
    #[must_use]
    pub fn components(&self) -> Components<'a> {
        let first = self.piece.divided(self.piece.service.repetition).next().unwrap_or(self.piece);
        Components { pieces: first.divided(Some(first.service.component)), position: 0 }
    }
}

/// One repetition of a data element.
#[derive(Clone, Copy)]
pub struct Repetition<'a> {
    piece: Piece<'a>,
    occurrence: u32,
}

impl<'a> Repetition<'a> {
    /// Which one, first = 1 (0136).
    #[must_use]
    pub fn occurrence(&self) -> u32 {
        self.occurrence
    }

    /// Its components in order.
    #[must_use]
    pub fn components(&self) -> Components<'a> {
        Components { pieces: self.piece.divided(Some(self.piece.service.component)), position: 0 }
    }
}

/// One component, or a simple data element as its only component.
#[derive(Clone, Copy)]
pub struct Component<'a> {
    piece: Piece<'a>,
    position: u16,
}

impl<'a> Component<'a> {
    /// Its position in the composite, first = 1 (0104).
    #[must_use]
    pub fn position(&self) -> u16 {
        self.position
    }

    /// Its bytes without release characters, copied only when there are some.
    #[must_use]
    pub fn unreleased(&self) -> Cow<'a, [u8]> {
        match self.piece.service.release {
            Some(release) if self.piece.raw.contains(&release) => unrelease(release, self.piece.raw).into(),
            _ => self.piece.raw.into(),
        }
    }
}

/// Takes the release characters out: each stands for the character after it.
pub(crate) fn unrelease(release: u8, raw: &[u8]) -> Vec<u8> {
    let mut bytes = raw.iter().copied();
    let mut value = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        value.push(if byte == release { bytes.next().unwrap_or(byte) } else { byte });
    }
    value
}

/// `value = *( character / release-character character )`, up to `end`, which is left in the rest.
fn up_to(end: u8, release: Option<u8>, input: &[u8]) -> (&[u8], &[u8]) {
    let mut length = 0;
    loop {
        let rest = input.get(length..).unwrap_or_default();
        let stops = |byte: u8| byte == end || Some(byte) == release;
        let stretch: IResult<&[u8], &[u8]> = take_till(stops).parse(rest);
        let Ok((rest, taken)) = stretch else { return (&[], input) };
        length += taken.len();
        match rest.first() {
            Some(byte) if Some(*byte) == release => length = (length + 2).min(input.len()),
            _ => break,
        }
    }
    let (value, rest) = input.split_at(length);
    (rest, value)
}

/// The data elements of a segment.
#[derive(Clone)]
pub struct Elements<'a> {
    pieces: Pieces<'a>,
    position: u16,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let piece = self.pieces.next()?;
        self.position = self.position.saturating_add(1);
        Some(Element { piece, position: self.position })
    }
}

/// The repetitions of a data element.
#[derive(Clone)]
pub struct Repetitions<'a> {
    pieces: Pieces<'a>,
    occurrence: u32,
}

impl<'a> Iterator for Repetitions<'a> {
    type Item = Repetition<'a>;

    fn next(&mut self) -> Option<Repetition<'a>> {
        let piece = self.pieces.next()?;
        self.occurrence = self.occurrence.saturating_add(1);
        Some(Repetition { piece, occurrence: self.occurrence })
    }
}

/// The components of one repetition.
#[derive(Clone)]
pub struct Components<'a> {
    pieces: Pieces<'a>,
    position: u16,
}

impl<'a> Iterator for Components<'a> {
    type Item = Component<'a>;

    fn next(&mut self) -> Option<Component<'a>> {
        let piece = self.pieces.next()?;
        self.position = self.position.saturating_add(1);
        Some(Component { piece, position: self.position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: ServiceChars = ServiceChars { repetition: Some(b'*'), ..ServiceChars::DEFAULT };

    /// Writes what was read with ` | ` between elements, ` * ` between repetitions and ` : ` between components.
    fn check(service: ServiceChars, segment: &str, expected: &str) {
        let segment = Segment::new(service, 100, segment.as_bytes());
        let mut found = vec![segment.tag().to_string()];
        for element in segment.elements() {
            let repetitions = element.repetitions().map(|repetition| {
                let components = repetition
                    .components()
                    .map(|component| String::from_utf8(component.unreleased().into_owned()).unwrap());
                components.collect::<Vec<_>>().join(" : ")
            });
            found.push(repetitions.collect::<Vec<_>>().join(" * "));
        }
        assert_eq!(found.join(" | "), expected);
    }

    #[test]
    fn elements_and_components_are_divided() {
        check(ServiceChars::DEFAULT, "DTM+137:20261121:102+X", "DTM | 137 : 20261121 : 102 | X");
    }

    #[test]
    fn a_released_terminator_does_not_end_the_segment() {
        check(ServiceChars::DEFAULT, "FTX+AAA+O?'NEIL", "FTX | AAA | O'NEIL");
    }

    #[test]
    fn a_released_release_character_stands_for_itself() {
        check(ServiceChars::DEFAULT, "FTX+A??+B", "FTX | A? | B");
    }

    #[test]
    fn a_release_character_at_the_end_releases_nothing() {
        check(ServiceChars::DEFAULT, "FTX+A?", "FTX | A?");
    }

    #[test]
    fn empty_elements_and_components_keep_their_positions() {
        check(ServiceChars::DEFAULT, "NAD+EX++:X", "NAD | EX |  |  : X");
    }

    #[test]
    fn only_syntax_four_has_repetitions() {
        check(V4, "ABC+A*B:C+D", "ABC | A * B : C | D");
        check(ServiceChars::DEFAULT, "ABC+A*B", "ABC | A*B");
    }

    #[test]
    fn a_segment_without_elements_is_its_tag() {
        check(ServiceChars::DEFAULT, "UNS", "UNS");
    }

    #[test]
    fn a_tag_that_is_none_is_malformed() {
        check(ServiceChars::DEFAULT, "un+1", " | 1");
        check(ServiceChars::DEFAULT, "", "");
    }

    #[test]
    fn the_number_of_a_tag_is_that_of_its_letters() {
        for (bytes, length, expected) in [
            ("BGM'", 3, Tag(*b"BGM")),
            ("BGM", 3, Tag(*b"BGM")),
            ("BGM+1'", 5, Tag(*b"BGM")),
            ("BGM:1+X'", 7, Tag(*b"BGM")),
            ("BGMX+1'", 6, Tag::MALFORMED),
            ("BG'+'", 2, Tag::MALFORMED),
            ("'", 0, Tag::MALFORMED),
        ] {
            let segment = Segment::at(ServiceChars::DEFAULT, bytes.as_bytes(), 0..length);
            assert_eq!((segment.tag_number(), segment.tag()), (expected.number(), expected), "{bytes}");
        }
    }

    #[test]
    fn only_what_is_no_service_character_is_a_wrong_separator() {
        let tag = |text: &str| Segment::new(V4, 0, text.as_bytes()).tag_with_wrong_separator();
        assert_eq!(tag("UNH!1"), Some(Tag(*b"UNH")));
        for text in ["UNH", "UNH+1", "UNH:1", "UNH*1", "UNHX1", "unh!1"] {
            assert_eq!(tag(text), None, "{text}");
        }
    }

    #[test]
    fn values_are_copied_when_something_in_them_is_released() {
        let segment = Segment::new(V4, 0, b"FTX+A+B?+");
        let is_copied = |element| matches!(segment.component(element, 1).unwrap().unreleased(), Cow::Owned(_));
        assert_eq!([is_copied(2), is_copied(3)], [false, true]);
    }

    #[test]
    fn tags_and_segments_are_shown_as_they_are_written() {
        assert_eq!(format!("{:?} {:?}", Tag(*b"BGM"), Segment::new(V4, 0, b"BGM+\xe9")), r"BGM BGM+\xe9");
    }

    #[test]
    fn spans_point_into_the_interchange() {
        let segment = Segment::new(V4, 100, b"AB1+x?+y:z*w");
        let element = segment.element(2).unwrap();
        assert_eq!(element.span(), 104..112);
        assert_eq!(segment.component(2, 2).unwrap().span(), 109..110);
        assert_eq!(element.repetitions().nth(1).unwrap().span(), 111..112);
        assert!(segment.element(3).is_none());
    }
}
