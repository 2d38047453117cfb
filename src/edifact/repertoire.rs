//! Character repertoires: which bytes an interchange may hold, and what they mean (data element 0001).

use std::{borrow::Cow, sync::LazyLock};

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

/// A repertoire that UNB can name in its syntax identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Repertoire {
    /// Upper-case letters, digits and some signs.
    Unoa,
    /// The same with lower-case letters.
    Unob,
    /// ISO 8859-1.
    Unoc,
    /// ISO 8859-2.
    Unod,
    /// ISO 8859-5.
    Unoe,
    /// ISO 8859-7.
    Unof,
    /// ISO 8859-3.
    Unog,
    /// ISO 8859-4.
    Unoh,
    /// ISO 8859-6.
    Unoi,
    /// ISO 8859-8.
    Unoj,
    /// ISO 8859-9.
    Unok,
    /// ISO 10646 as UTF-8.
    Unoy,
}

/// The six code points in which ISO 8859-9 differs from ISO 8859-1.
const TURKISH: [(u8, char); 6] = [(0xd0, 'Ğ'), (0xdd, 'İ'), (0xde, 'Ş'), (0xf0, 'ğ'), (0xfd, 'ı'), (0xfe, 'ş')];

impl Repertoire {
    /// All that are supported, in the order of their letters. UNOX (ISO 2022 code extension) is not.
    pub const ALL: [Self; 12] = [
        Self::Unoa,
        Self::Unob,
        Self::Unoc,
        Self::Unod,
        Self::Unoe,
        Self::Unof,
        Self::Unog,
        Self::Unoh,
        Self::Unoi,
        Self::Unoj,
        Self::Unok,
        Self::Unoy,
    ];

    /// The repertoire of this name, when it is supported.
    #[must_use]
    pub fn read(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|repertoire| repertoire.as_str().as_bytes() == name)
    }

    /// Its name in UNB.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unoa => "UNOA",
            Self::Unob => "UNOB",
            Self::Unoc => "UNOC",
            Self::Unod => "UNOD",
            Self::Unoe => "UNOE",
            Self::Unof => "UNOF",
            Self::Unog => "UNOG",
            Self::Unoh => "UNOH",
            Self::Unoi => "UNOI",
            Self::Unoj => "UNOJ",
            Self::Unok => "UNOK",
            Self::Unoy => "UNOY",
        }
    }

    /// Which bytes may stand in a value: an entry per byte. For UNOY it says nothing of sequences.
    #[must_use]
    pub fn allowed_bytes(self) -> &'static [bool; 256] {
        const NONE: &[bool; 256] = &[false; 256];
        static TABLES: LazyLock<Vec<[bool; 256]>> = LazyLock::new(|| {
            let table = |repertoire: Repertoire| {
                std::array::from_fn(|byte| u8::try_from(byte).is_ok_and(|byte| repertoire.allows(byte)))
            };
            Repertoire::ALL.into_iter().map(table).collect()
        });
        TABLES.get(self as usize).unwrap_or(NONE)
    }

    /// Whether all of these are characters that it shares with ASCII: a quick look, before the table is asked.
    #[must_use]
    pub fn is_plain(self, bytes: &[u8]) -> bool {
        #[expect(clippy::wildcard_enum_match_arm, reason = "all but the two oldest have the whole of ASCII")]
        match self {
            // Letters, digits and the signs of ISO 9735:1988, level A; level B has small letters too.
            Self::Unoa => are_within(bytes, [(b' ', b'"'), (b'%', b'?'), (b'A', b'Z')]),
            Self::Unob => are_within(bytes, [(b' ', b'"'), (b'%', b'?'), (b'A', b'Z'), (b'a', b'z')]),
            _ => are_within(bytes, [(b' ', b'~')]),
        }
    }

    /// Whether this byte may stand in a value.
    fn allows(self, byte: u8) -> bool {
        let is_more = match self {
            Self::Unoa | Self::Unob => false,
            Self::Unoy => !byte.is_ascii(),
            Self::Unoc
            | Self::Unod
            | Self::Unoe
            | Self::Unof
            | Self::Unog
            | Self::Unoh
            | Self::Unoi
            | Self::Unoj
            | Self::Unok => byte >= 0xa0 && self.character(byte).is_some(),
        };
        is_more || self.is_plain(&[byte])
    }

    /// Where bytes of UNOY stop being text: at a broken sequence, or at a control character of the second set (U+0080 to
    /// U+009F), which [`allowed_bytes`](Self::allowed_bytes) cannot see. None for all other repertoires.
    #[must_use]
    pub fn fault_in_sequences(self, bytes: &[u8]) -> Option<usize> {
        if self != Self::Unoy || bytes.is_ascii() {
            return None;
        }
        // A control character of the second set is C2 and a byte below A0, and nothing else that is whole has those two.
        let control = bytes.windows(2).position(|pair| matches!(pair, [0xc2, 0x80..=0x9f]));
        let broken = std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
        control.into_iter().chain(broken).min()
    }

    /// The text that these bytes mean. Bytes without a meaning become the replacement character.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() || self == Self::Unoy => Cow::Borrowed(text),
            _ if self == Self::Unoy => String::from_utf8_lossy(bytes),
            _ if self == Self::Unoc && !bytes.iter().any(|byte| (0x80..0xa0).contains(byte)) => {
                encoding_rs::mem::decode_latin1(bytes)
            }
            _ => bytes.iter().map(|byte| self.character(*byte).unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
        }
    }

    /// The bytes of a text. What the repertoire cannot say is transliterated: accents fall off, level A gets upper-case
    /// letters, and what is left over becomes a full stop.
    #[must_use]
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        if self.is_plain(text.as_bytes()) {
            return text.as_bytes().into();
        }
        if self == Self::Unoy {
            return text.replace(char::is_control, ".").into_bytes().into();
        }
        let allowed = self.allowed_bytes();
        let is_allowed = |byte: &u8| allowed.get(usize::from(*byte)).copied().unwrap_or_default();
        let mut bytes = Vec::with_capacity(text.len());
        for character in text.chars() {
            match self.byte(character).filter(is_allowed) {
                Some(byte) => bytes.push(byte),
                None if character.is_control() => bytes.push(b'.'),
                None => {
                    let plain = deunicode::deunicode_char(character).unwrap_or(".");
                    let plain =
                        plain.bytes().map(|byte| if self == Self::Unoa { byte.to_ascii_uppercase() } else { byte });
                    bytes.extend(plain.map(|byte| if is_allowed(&byte) { byte } else { b'.' }));
                }
            }
        }
        bytes.into()
    }

    /// The character of one byte, none where the repertoire leaves the code point undefined.
    fn character(self, byte: u8) -> Option<char> {
        if byte < 0xa0 {
            return byte.is_ascii().then_some(char::from(byte));
        }
        match self.encoding() {
            Some(encoding) => {
                let byte = [byte];
                let text = encoding.decode_without_bom_handling_and_without_replacement(&byte)?;
                text.chars().next()
            }
            None if self == Self::Unok => {
                let special = TURKISH.iter().find(|(code, _)| *code == byte);
                Some(special.map_or(char::from(byte), |(_, character)| *character))
            }
            None => Some(char::from(byte)),
        }
    }

    /// The byte of one character.
    fn byte(self, character: char) -> Option<u8> {
        if character.is_ascii() {
            return u8::try_from(character).ok();
        }
        (0xa0..=u8::MAX).find(|byte| self.character(*byte) == Some(character))
    }

    /// The tables of the parts of ISO 8859 that are not nearly ISO 8859-1.
    fn encoding(self) -> Option<&'static Encoding> {
        match self {
            Self::Unod => Some(encoding_rs::ISO_8859_2),
            Self::Unoe => Some(encoding_rs::ISO_8859_5),
            Self::Unof => Some(encoding_rs::ISO_8859_7),
            Self::Unog => Some(encoding_rs::ISO_8859_3),
            Self::Unoh => Some(encoding_rs::ISO_8859_4),
            Self::Unoi => Some(encoding_rs::ISO_8859_6),
            Self::Unoj => Some(encoding_rs::ISO_8859_8),
            Self::Unoa | Self::Unob | Self::Unoc | Self::Unok | Self::Unoy => None,
        }
    }
}

/// Whether each byte is in one of these ranges. There is no way out at the first that is not: so the compiler looks at
/// many at once.
fn are_within<const N: usize>(bytes: &[u8], ranges: [(u8, u8); N]) -> bool {
    let is_within =
        |byte: u8| ranges.iter().fold(false, |found, (first, last)| found | (*first..=*last).contains(&byte));
    bytes.iter().fold(true, |are_within, byte| are_within & is_within(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for repertoire in Repertoire::ALL {
            assert_eq!(Repertoire::read(repertoire.as_str().as_bytes()), Some(repertoire));
        }
        assert_eq!(Repertoire::read(b"UNOX"), None);
    }

    #[test]
    fn level_a_has_no_small_letters_and_no_number_sign() {
        let allowed = Repertoire::Unoa.allowed_bytes();
        assert!(allowed[usize::from(b'A')] && allowed[usize::from(b'%')]);
        assert!(!allowed[usize::from(b'a')] && !allowed[usize::from(b'#')] && !allowed[usize::from(b'\n')]);
    }

    #[test]
    fn plain_bytes_are_those_of_the_table_that_ascii_has() {
        for repertoire in Repertoire::ALL {
            for byte in 0..=u8::MAX {
                let is_allowed = repertoire.allowed_bytes()[usize::from(byte)];
                assert_eq!(repertoire.is_plain(&[byte]), byte.is_ascii() && is_allowed, "{repertoire:?} {byte:02x}");
            }
        }
    }

    #[test]
    fn undefined_code_points_are_not_allowed() {
        assert!(!Repertoire::Unog.allowed_bytes()[0xa5], "ISO 8859-3 leaves A5 undefined");
        assert!(Repertoire::Unoc.allowed_bytes()[0xa5]);
        assert!(!Repertoire::Unoc.allowed_bytes()[0x85], "C1 controls are no characters");
    }

    #[test]
    fn every_defined_character_is_written_as_it_was_read() {
        for repertoire in Repertoire::ALL.into_iter().filter(|repertoire| *repertoire != Repertoire::Unoy) {
            let allowed = repertoire.allowed_bytes();
            let bytes: Vec<u8> = (0..=u8::MAX).filter(|byte| allowed[usize::from(*byte)]).collect();
            assert_eq!(repertoire.encode(&repertoire.decode(&bytes)), bytes, "{repertoire:?}");
        }
    }

    /// The bytes from A0 on that a repertoire leaves undefined, in hexadecimal.
    fn check_undefined(repertoire: Repertoire, expected: &str) {
        let allowed = repertoire.allowed_bytes();
        let undefined = (0xa0..=u8::MAX).filter(|byte| !allowed[usize::from(*byte)]);
        let found: Vec<String> = undefined.map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(found.join(" "), expected, "{repertoire:?}");
    }

    #[test]
    fn undefined_code_points_are_those_of_iso_8859() {
        for whole in [Repertoire::Unoc, Repertoire::Unod, Repertoire::Unoe, Repertoire::Unoh, Repertoire::Unok] {
            check_undefined(whole, "");
        }
        check_undefined(Repertoire::Unof, "AE D2 FF");
        check_undefined(Repertoire::Unog, "A5 AE BE C3 D0 E3 F0");
        check_undefined(
            Repertoire::Unoi,
            "A1 A2 A3 A5 A6 A7 A8 A9 AA AB AE AF B0 B1 B2 B3 B4 B5 B6 B7 B8 B9 BA BC BD BE C0 DB DC DD DE DF \
             F3 F4 F5 F6 F7 F8 F9 FA FB FC FD FE FF",
        );
        check_undefined(
            Repertoire::Unoj,
            "A1 BF C0 C1 C2 C3 C4 C5 C6 C7 C8 C9 CA CB CC CD CE CF D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 DA DB DC DD DE \
             FB FC FF",
        );
    }

    #[test]
    fn levels_a_and_b_have_exactly_the_characters_of_the_standard() {
        let characters = |repertoire: Repertoire| {
            let allowed = repertoire.allowed_bytes();
            (0..=u8::MAX).filter(|byte| allowed[usize::from(*byte)]).map(char::from).collect::<String>()
        };
        assert_eq!(characters(Repertoire::Unoa), " !\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        assert_eq!(
            characters(Repertoire::Unob),
            " !\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        );
    }

    #[test]
    fn sequences_of_utf8_are_whole_and_no_controls() {
        let fault = |text: &[u8]| Repertoire::Unoy.fault_in_sequences(text);
        assert_eq!(fault("Société".as_bytes()), None);
        assert_eq!(fault(b"a\xffb"), Some(1));
        assert_eq!(fault("ab\u{85}".as_bytes()), Some(2));
        assert_eq!(fault(b"a\xc2\x85b\xff"), Some(1));
        assert_eq!(fault(b"a\xffb\xc2\x85"), Some(1));
        assert_eq!(Repertoire::Unoc.fault_in_sequences(b"a\xffb"), None);
    }

    #[test]
    fn what_cannot_be_said_is_transliterated() {
        assert_eq!(*Repertoire::Unoc.encode("Société"), *b"Soci\xe9t\xe9");
        assert_eq!(*Repertoire::Unob.encode("Société d'Été"), *b"Societe d'Ete");
        assert_eq!(*Repertoire::Unoa.encode("Société nº 1"), *b"SOCIETE NO 1");
        assert_eq!(*Repertoire::Unoa.encode("a\nb"), *b"A.B");
    }

    #[test]
    fn iso_8859_9_has_the_turkish_letters() {
        assert_eq!(Repertoire::Unok.decode(b"\xd0\xdd\xde\xf0\xfd\xfe \xe9"), "ĞİŞğış é");
        assert_eq!(*Repertoire::Unok.encode("ĞİŞğış é"), *b"\xd0\xdd\xde\xf0\xfd\xfe \xe9");
    }

    #[test]
    fn texts_that_are_ascii_are_not_copied() {
        for repertoire in Repertoire::ALL {
            assert!(matches!(repertoire.decode(b"ACME 1"), Cow::Borrowed("ACME 1")), "{repertoire:?}");
        }
    }

    #[test]
    fn broken_utf8_is_shown_as_such() {
        assert_eq!(Repertoire::Unoy.decode(b"a\xffb"), "a\u{fffd}b");
    }
}
