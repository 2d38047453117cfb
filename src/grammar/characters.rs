//! The characters of values: separators, lengths and kinds, found in one pass over the bytes.
//!
//! A value is looked at again, by [`Number`], only when it is a number with more than digits in it.

use crate::edifact::{Envelope, Repertoire, ServiceChars, SyntaxVersion};

// What a byte is, in a value. The first four and OTHER are kinds of characters.
pub(super) const DIGIT: u8 = 1;
const MINUS: u8 = 2;
const MARK: u8 = 4;
const WRONG_MARK: u8 = 8;
const OTHER: u8 = 16;
/// A service character.
const SERVICE: u8 = 32;
/// The second or a later byte of a character of UTF-8: it does not count.
const CONTINUED: u8 = 64;

/// What the bytes of one interchange mean: its service characters, repertoire and syntax version in one table.
#[derive(Debug)]
pub(super) struct Characters {
    classes: [u8; 256],
    pub(super) service: ServiceChars,
    pub(super) is_syntax_4: bool,
}

impl Characters {
    pub(super) fn new(service: &ServiceChars, envelope: &Envelope) -> Self {
        let is_syntax_4 = envelope.version == SyntaxVersion::V4;
        let mut classes = [OTHER; 256];
        for (byte, class) in (0..=u8::MAX).zip(&mut classes) {
            *class = match byte {
                b'0'..=b'9' => DIGIT,
                b'-' => MINUS,
                // Syntax 4 takes either mark, whatever UNA says (ISO 9735-1:2002, 10.1).
                b'.' | b',' if is_syntax_4 || byte == service.decimal_mark => MARK,
                b'.' | b',' => WRONG_MARK,
                0x80..=0xbf if envelope.repertoire == Repertoire::Unoy => OTHER | CONTINUED,
                _ => OTHER,
            };
            let separators = [Some(service.component), Some(service.element), service.release, service.repetition];
            if separators.contains(&Some(byte)) {
                *class |= SERVICE;
            }
        }
        Self { classes, service: *service, is_syntax_4 }
    }

    fn class(&self, byte: u8) -> u8 {
        self.classes.get(usize::from(byte)).copied().unwrap_or(OTHER)
    }

    /// `value = *( character / release-character character )`, from here to the next separator or the end.
    #[inline]
    pub(super) fn value(&self, raw: &[u8], start: usize) -> Value {
        let (mut end, mut length, mut kinds) = (start, 0u32, 0u8);
        let ending = loop {
            let Some(&byte) = raw.get(end) else { break Ending::Segment };
            let mut class = self.class(byte);
            if class & SERVICE != 0 {
                if Some(byte) != self.service.release {
                    break self.ending(byte);
                }
                // At the very end a release character releases nothing and stands for itself.
                if let Some(&released) = raw.get(end + 1) {
                    end += 1;
                    class = self.class(released);
                }
            }
            kinds |= class & !SERVICE;
            length += u32::from(class & CONTINUED == 0);
            end += 1;
        };
        Value { start, end, length, kinds, ending }
    }

    fn ending(&self, byte: u8) -> Ending {
        if byte == self.service.component {
            Ending::Component
        } else if byte == self.service.element {
            Ending::Element
        } else {
            Ending::Repetition
        }
    }
}

/// What stands behind a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Component,
    Repetition,
    Element,
    Segment,
}

/// One value in the bytes of its segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    pub(super) start: usize,
    pub(super) end: usize,
    /// In characters, release characters left out.
    pub(super) length: u32,
    /// The kinds of its characters.
    pub(super) kinds: u8,
    pub(super) ending: Ending,
}

impl Value {
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// What a numeric value is made of.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a clause of the standard that may be broken")]
pub(super) struct Number {
    /// Something stands in it, or stands there in an order, that no number has.
    pub(super) is_broken: bool,
    pub(super) has_wrong_mark: bool,
    pub(super) has_mark: bool,
    pub(super) has_digit_before: bool,
    pub(super) has_digit_after: bool,
    /// Everything but signs and marks.
    pub(super) length: u32,
}

impl Number {
    /// What these bytes are made of, release characters left out.
    pub(super) fn read(characters: &Characters, raw: &[u8]) -> Self {
        let mut number = Self::default();
        let mut bytes = raw.iter();
        let mut is_first = true;
        while let Some(&byte) = bytes.next() {
            let is_release = Some(byte) == characters.service.release;
            let byte = if is_release { bytes.next().copied().unwrap_or(byte) } else { byte };
            let class = characters.class(byte);
            match class & !SERVICE {
                DIGIT if number.has_mark => number.has_digit_after = true,
                DIGIT => number.has_digit_before = true,
                MINUS => number.is_broken |= !is_first,
                MARK | WRONG_MARK => {
                    number.is_broken |= number.has_mark;
                    number.has_mark = true;
                    number.has_wrong_mark |= class & WRONG_MARK != 0;
                }
                _ => number.is_broken = true,
            }
            let counts = class & (MINUS | MARK | WRONG_MARK | CONTINUED) == 0;
            number.length += u32::from(counts);
            is_first = false;
        }
        number.is_broken |= !number.has_digit_before && !number.has_digit_after;
        number
    }
}
