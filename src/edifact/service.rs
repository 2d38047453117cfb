//! The service characters: what separates, releases and ends (ISO 9735, clause on the service string advice UNA).

use serde::{Deserialize, Serialize};

use super::finding::SyntaxError;

/// Length of a service string advice: `UNA` and six characters.
pub const UNA_LENGTH: usize = 9;

/// The six service characters of one interchange.
///
/// They come from UNA, or are the defaults of the syntax. Nothing outside this file knows them as literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceChars {
    /// Separates the components of a composite.
    pub component: u8,
    /// Separates data elements.
    pub element: u8,
    /// The decimal mark, a full stop or a comma. Syntax 4 ignores it and takes both.
    pub decimal_mark: u8,
    /// Takes the meaning from the service character after it. `None` where UNA has a space.
    pub release: Option<u8>,
    /// Separates repetitions of a data element. Only syntax 4 has it.
    pub repetition: Option<u8>,
    /// Ends a segment.
    pub terminator: u8,
}

impl ServiceChars {
    /// The defaults without UNA. The repetition separator is there once UNB has named syntax 4.
    pub const DEFAULT: Self = Self {
        component: b':',
        element: b'+',
        decimal_mark: b'.',
        release: Some(b'?'),
        repetition: None,
        terminator: b'\'',
    };

    /// The default repetition separator of syntax 4.
    pub const DEFAULT_REPETITION: u8 = b'*';

    /// Reads the service characters of an interchange that begins with UNA; the defaults when it does not. Whether the
    /// decimal mark is one depends on the syntax version: [`has_decimal_mark`](Self::has_decimal_mark) says it.
    ///
    /// # Errors
    /// [`SyntaxError::InvalidServiceCharacter`] when UNA is cut off, repeats a character, or makes a letter, a digit
    /// or a control character a service character. A line break may end segments, and IS4 to IS1 of level B may do anything.
    pub fn read(bytes: &[u8]) -> Result<Self, SyntaxError> {
        if !bytes.starts_with(b"UNA") {
            return Ok(Self::DEFAULT);
        }
        let Some(&[_, _, _, component, element, decimal_mark, release, repetition, terminator]) =
            bytes.first_chunk::<UNA_LENGTH>()
        else {
            return Err(SyntaxError::InvalidServiceCharacter);
        };
        let chars = Self {
            component,
            element,
            decimal_mark,
            release: (release != b' ').then_some(release),
            repetition: (repetition != b' ').then_some(repetition),
            terminator,
        };
        if chars.are_legal() { Ok(chars) } else { Err(SyntaxError::InvalidServiceCharacter) }
    }

    /// The same characters as UNB's syntax version has them: the repetition separator only in syntax 4.
    #[must_use]
    pub fn for_version(self, has_repetition: bool, has_una: bool) -> Self {
        let repetition = match (has_repetition, has_una) {
            (false, _) => None,
            (true, true) => self.repetition,
            (true, false) => Some(Self::DEFAULT_REPETITION),
        };
        Self { repetition, ..self }
    }

    /// Whether the decimal mark is one that the syntax knows. Syntax 4 does not look at it.
    #[must_use]
    pub fn has_decimal_mark(&self) -> bool {
        matches!(self.decimal_mark, b'.' | b',')
    }

    /// The service string advice that says these characters.
    #[must_use]
    pub fn advice(&self) -> [u8; UNA_LENGTH] {
        let space = |character: Option<u8>| character.unwrap_or(b' ');
        [
            b'U',
            b'N',
            b'A',
            self.component,
            self.element,
            self.decimal_mark,
            space(self.release),
            space(self.repetition),
            self.terminator,
        ]
    }

    /// Whether this byte must be released to stand in a value.
    #[must_use]
    pub fn needs_release(&self, byte: u8) -> bool {
        byte == self.component
            || byte == self.element
            || byte == self.terminator
            || Some(byte) == self.release
            || Some(byte) == self.repetition
    }

    /// Distinct, and no letter or digit (a value could not be written), no control character but a line break.
    fn are_legal(&self) -> bool {
        let separators =
            [Some(self.component), Some(self.element), self.release, self.repetition, Some(self.terminator)];
        let is_break = |byte: u8| matches!(byte, b'\r' | b'\n');
        let legal = |byte: u8| {
            byte.is_ascii_punctuation() || matches!(byte, 0x1c..=0x1f) || (is_break(byte) && byte == self.terminator)
        };
        let mut seen = [false; 256];
        separators.into_iter().flatten().all(|byte| {
            let was_seen = seen.get_mut(usize::from(byte)).is_none_or(|seen| std::mem::replace(seen, true));
            !was_seen && legal(byte)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &str, expected: Option<&str>) {
        let found = ServiceChars::read(bytes.as_bytes()).ok().map(|chars| chars.advice());
        assert_eq!(found.map(|una| String::from_utf8_lossy(&una).into_owned()).as_deref(), expected);
    }

    #[test]
    fn without_una_the_defaults_hold() {
        check("UNB+UNOA:3", Some("UNA:+.? '"));
    }

    #[test]
    fn any_legal_separators_are_taken() {
        check("UNA|^,!*~UNB", Some("UNA|^,!*~"));
    }

    #[test]
    fn a_space_switches_the_release_character_off() {
        check("UNA:+.  'UNB", Some("UNA:+.  '"));
    }

    #[test]
    fn the_same_character_twice_is_refused() {
        check("UNA++.? 'UNB", None);
    }

    #[test]
    fn a_letter_is_no_service_character() {
        check("UNA:+.?A'UNB", None);
    }

    #[test]
    fn whether_the_decimal_mark_is_one_is_asked_apart() {
        let mark = |una: &[u8]| ServiceChars::read(una).map(|chars| chars.has_decimal_mark());
        assert_eq!(mark(b"UNA:+,? 'UNB"), Ok(true));
        assert_eq!(mark(b"UNA:+ ?*'UNB"), Ok(false));
    }

    #[test]
    fn a_cut_una_is_refused() {
        check("UNA:+.", None);
    }
}
