//! Which bytes are characters of a repertoire (0001), and which text they are.

/// The repertoires that are supported. UNOX is not.
pub(crate) const NAMES: [&str; 12] =
    ["UNOA", "UNOB", "UNOC", "UNOD", "UNOE", "UNOF", "UNOG", "UNOH", "UNOI", "UNOJ", "UNOK", "UNOY"];

/// Signs of levels A and B beside letters, digits and space.
const SIGNS: &[u8] = b".,-()/=!\"%&*;<>'+:?";

/// Code points that these parts of ISO 8859 leave undefined.
fn is_undefined(name: &str, byte: u8) -> bool {
    match name {
        // ISO 8859-3
        "UNOG" => [0xa5, 0xae, 0xbe, 0xc3, 0xd0, 0xe3, 0xf0].contains(&byte),
        // ISO 8859-6
        "UNOI" => {
            !matches!(byte, 0xa0 | 0xa4 | 0xac | 0xad | 0xbb | 0xbf)
                && !(0xc1..=0xda).contains(&byte)
                && !(0xe0..=0xf2).contains(&byte)
        }
        // ISO 8859-7:2003
        "UNOF" => [0xae, 0xd2, 0xff].contains(&byte),
        // ISO 8859-8:1999
        "UNOJ" => byte == 0xa1 || (0xbf..=0xde).contains(&byte) || [0xfb, 0xfc, 0xff].contains(&byte),
        _ => false,
    }
}

/// Whether a byte may stand in a value. Of UNOY it says nothing of sequences.
pub(crate) fn allows(name: &str, byte: u8) -> bool {
    match name {
        "UNOA" => byte == b' ' || byte.is_ascii_uppercase() || byte.is_ascii_digit() || SIGNS.contains(&byte),
        "UNOB" => allows("UNOA", byte) || byte.is_ascii_lowercase(),
        "UNOY" => byte >= b' ' && byte != 0x7f,
        _ => (b' '..=b'~').contains(&byte) || (byte >= 0xa0 && !is_undefined(name, byte)),
    }
}

/// Where bytes of UNOY stop being characters: at the first that begins no sequence of UTF-8, or begins that of a control
/// character (U+0080 to U+009F).
pub(crate) fn first_broken(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < bytes.len() {
        let longest = &bytes[at..bytes.len().min(at + 4)];
        let character = (1..=longest.len()).find_map(|length| std::str::from_utf8(&longest[..length]).ok());
        let control = |text: &&str| !text.chars().all(|one| ('\u{80}'..='\u{9f}').contains(&one));
        let Some(character) = character.filter(control) else { return Some(at) };
        at += character.len();
    }
    None
}

/// The text of a value, so that two values are the same text when they mean the same. The parts of ISO 8859 above 1 are
/// read as ISO 8859-1, which is another text but tells the same values apart.
pub(crate) fn text(name: &str, value: &[u8]) -> String {
    if name == "UNOY" {
        return String::from_utf8_lossy(value).into_owned();
    }
    let character = |byte: &u8| {
        if byte.is_ascii() || (*byte >= 0xa0 && !is_undefined(name, *byte)) {
            char::from(*byte)
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    value.iter().map(character).collect()
}
