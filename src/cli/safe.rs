//! Text from a file, made safe for a terminal: what would move the cursor, ring, hide or turn around is shown instead.

/// The same text with a visible sign for each character that a terminal would obey rather than show. One character
/// stays one character, so that columns hold.
pub(super) fn visible(text: &str) -> String {
    text.chars().map(sign).collect()
}

fn sign(character: char) -> char {
    match character {
        // The pictures of control characters (U+2400 to U+2421).
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(character)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '\u{2421}',
        // C1 controls, invisible characters, and those that turn the direction of writing.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(visible(text), expected);
        assert_eq!(text.chars().count(), expected.chars().count());
    }

    #[test]
    fn letters_stay_as_they_are() {
        check("ÉRABLIÈRE DU NORD", "ÉRABLIÈRE DU NORD");
    }

    #[test]
    fn control_characters_are_pictures_of_themselves() {
        check("\x1b[2J\t\r\x7f", "␛[2J␉␍␡");
    }

    #[test]
    fn what_hides_or_turns_around_is_marked() {
        check("a\u{202e}b\u{200b}\u{9b}c", "a\u{fffd}b\u{fffd}\u{fffd}c");
    }
}
