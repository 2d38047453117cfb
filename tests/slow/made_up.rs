//! Interchanges made up at random: mostly right, with every mistake that can be made in envelopes now and then, in all
//! repertoires and syntax versions, with any service characters.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::slow::repertoire;

/// Six characters of UNA, or none.
pub(crate) fn advice() -> impl Strategy<Value = Option<[u8; 6]>> {
    let signs: Vec<u8> = (b'!'..=b'~').filter(u8::is_ascii_punctuation).collect();
    let shuffled =
        (Just(signs).prop_shuffle(), prop_oneof![Just(b'.'), Just(b','), Just(b' ')]).prop_map(|(signs, mark)| {
            let [component, element, release, repetition, terminator] = *signs.first_chunk().unwrap();
            Some([component, element, mark, release, repetition, terminator])
        });
    prop_oneof![
        6 => Just(None),
        2 => Just(Some(*b":+.? '")),
        2 => Just(Some(*b":+,?*'")),
        1 => Just(Some(*b":+.  '")),
        1 => Just(Some(*b":+.?*\n")),
        1 => Just(Some(*b"\x1f\x1d.?\x1e\x1c")),
        1 => any::<[u8; 6]>().prop_map(Some),
        4 => shuffled,
    ]
}

/// Bytes that are written with the default characters, with others. A release character that is none is left out.
pub(crate) fn translated(text: &[u8], advice: Option<[u8; 6]>) -> Vec<u8> {
    let Some(una) = advice else { return text.to_vec() };
    let mut bytes = [b"UNA".as_slice(), &una].concat();
    bytes.extend(text.iter().filter_map(|byte| match byte {
        b':' => Some(una[0]),
        b'+' => Some(una[1]),
        b'?' => (una[3] != b' ').then_some(una[3]),
        b'*' => Some(una[4]),
        b'\'' => Some(una[5]),
        other => Some(*other),
    }));
    bytes
}

/// A value: mostly plain characters, sometimes any byte, a released character or a line break.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => "[A-Z0-9 .,-]{0,6}".prop_map(String::into_bytes),
        1 => "[ -~é\u{a0}-\u{17f}]{0,4}".prop_map(|text| text.replace(['\'', '+'], "?'").into_bytes()),
        1 => vec(any::<u8>(), 0..4),
        1 => prop_oneof![Just("??"), Just("?'"), Just("?+?:"), Just("?A"), Just("\r\n"), Just("\u{85}")].prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(prop_oneof![Just(0xc2u8), Just(0x80), Just(0x9f), Just(0xa0), Just(0xe2), Just(b'A'), Just(1)], 1..5),
    ]
}

/// A segment of a message: a tag and values between separators.
fn segment() -> impl Strategy<Value = Vec<u8>> {
    let tag = prop_oneof![
        20 => "[A-Z]{3}",
        1 => "[A-Z:*a?]{0,4}",
        1 => "US[A-Z]",
        1 => "UN[AEGHOPTZ][!:*?a\u{e9}=]",
        1 => prop_oneof![Just("UNT"), Just("UNE"), Just("UNH"), Just("UNS"), Just("UNB"), Just("UNO"), Just("UNP"), Just("UNZ")].prop_map(str::to_owned),
    ];
    let separator = prop_oneof![6 => Just(b'+'), 3 => Just(b':'), 1 => Just(b'*')];
    (tag, vec((separator, value()), 0..6)).prop_map(|(tag, values)| {
        let mut bytes = tag.into_bytes();
        for (separator, value) in values {
            bytes.push(separator);
            bytes.extend(value);
        }
        bytes.push(b'\'');
        bytes
    })
}

/// The same thing most of the time, else the other.
fn mostly<T: std::fmt::Debug + Clone + 'static>(usual: T, other: T) -> impl Strategy<Value = T> + Clone {
    prop_oneof![12 => Just(usual), 1 => Just(other)]
}

/// How a trailer is written: whether at all, how it counts, whether it repeats the reference.
#[derive(Debug, Clone, Copy)]
struct Trailer {
    is_there: bool,
    count: u8,
    repeats: bool,
}

impl Trailer {
    fn write(self, tag: &str, counted: usize, reference: &str) -> Vec<u8> {
        let count = match self.count {
            0 => counted.to_string(),
            1 => format!("00{counted}"),
            2 => (counted + 1).to_string(),
            3 => String::new(),
            _ => "1A".to_owned(),
        };
        let reference = if self.repeats { reference } else { "OTHER" };
        if self.is_there { format!("{tag}+{count}+{reference}'").into_bytes() } else { Vec::new() }
    }
}

/// Counts right and repeats the reference, mostly.
fn trailer() -> impl Strategy<Value = Trailer> {
    let count = prop_oneof![12 => Just(0), 4 => 1..5u8];
    (mostly(true, false), count, mostly(true, false)).prop_map(|(is_there, count, repeats)| Trailer {
        is_there,
        count,
        repeats,
    })
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![4 => Just("CUSDEC:D:96B:UN"), 1 => Just("CUSRES:D:96B:UN:EXP1"), 1 => Just("")];
    // Behind the last number stands none: it is left out.
    (0..30u8, kind, vec(segment(), 0..6), trailer()).prop_map(|(reference, kind, body, trailer)| {
        let reference = if reference == 29 { String::new() } else { reference.to_string() };
        let header = format!("UNH+{reference}+{kind}'").into_bytes();
        let count = body.len() + 2;
        [header, body.concat(), trailer.write("UNT", count, &reference)].concat()
    })
}

/// A package: mostly UNO says how long its object is and how many segments stand in front of it.
fn package() -> impl Strategy<Value = Vec<u8>> {
    let object = prop_oneof![vec(any::<u8>(), 0..20), vec(segment(), 0..4).prop_map(|segments| segments.concat())];
    let wrong = prop_oneof![8 => Just(None), 1 => "[0-9]{0,2}".prop_map(Some), 1 => Just(Some("?+3".to_owned()))];
    (object, vec(segment(), 0..3), wrong, any::<bool>(), mostly(true, false)).prop_map(
        |(object, before, wrong, counts, has_trailer)| {
            let length = wrong.unwrap_or(object.len().to_string());
            let between = if counts { format!(":{}", before.len()) } else { String::new() };
            let header = format!("UNO+P1+AA:R?+1:X+1+{length}{between}'").into_bytes();
            let trailer = if has_trailer { format!("UNP+{length}+P1'").into_bytes() } else { Vec::new() };
            [header, before.concat(), object, trailer].concat()
        },
    )
}

fn group() -> impl Strategy<Value = Vec<u8>> {
    let stray = prop_oneof![8 => Just(Vec::new()), 1 => segment()];
    let part = prop_oneof![12 => message().boxed(), 1 => package().boxed()];
    (0..9u8, vec(part, 0..4), stray, trailer()).prop_map(|(reference, messages, stray, trailer)| {
        let reference = if reference == 8 { String::new() } else { format!("G{reference}") };
        let header = format!("UNG+CUSDEC+A+B:ZZ+261121:2045+{reference}+UN+D:96B'").into_bytes();
        [header, messages.concat(), stray, trailer.write("UNE", messages.len(), &reference)].concat()
    })
}

/// An interchange in which most things are right.
pub(crate) fn interchange() -> impl Strategy<Value = Vec<u8>> {
    let names = repertoire::NAMES.to_vec();
    let syntax =
        prop_oneof![20 => proptest::sample::select(names), 1 => Just("UNOX"), 1 => Just(""), 1 => Just("unoa")];
    let version = prop_oneof![8 => Just("3"), 8 => Just("4"), 1 => Just("1"), 1 => Just("2"), 1 => Just("5"), 1 => Just(""), 1 => Just("?4")];
    let body = prop_oneof![
        6 => vec(message(), 0..4).prop_map(|messages| (messages.len(), messages.concat())),
        2 => vec(prop_oneof![message().boxed(), package().boxed()], 0..4)
            .prop_map(|messages| (messages.len(), messages.concat())),
        4 => vec(group(), 0..4).prop_map(|groups| (groups.len(), groups.concat())),
        1 => (vec(prop_oneof![message(), group(), segment()], 0..6)).prop_map(|parts| (parts.len(), parts.concat())),
    ];
    let rest = prop_oneof![Just(""), Just("+++++1"), Just("++REF++1+AGREED+1"), Just("++++2++0")];
    let behind = prop_oneof![12 => Just(Vec::new()), 1 => message(), 1 => Just(b"\r\nX".to_vec())];
    (syntax, version, rest, body, trailer(), advice(), any::<bool>(), behind).prop_map(
        |(syntax, version, rest, (count, body), trailer, advice, has_breaks, behind)| {
            let header = format!("UNB+{syntax}:{version}+SENDER:ZZ:A:B+RECIPIENT+261121:2045+REF{rest}'").into_bytes();
            let mut bytes = [header, body, trailer.write("UNZ", count, "REF"), behind].concat();
            if has_breaks {
                bytes = bytes.split_inclusive(|byte| *byte == b'\'').collect::<Vec<_>>().join(b"\r\n".as_slice());
            }
            translated(&bytes, advice)
        },
    )
}

/// One change: where (of 65,536 parts), what, and with which byte or length.
pub(crate) type Change = (u16, u8, u8);

/// These bytes with something replaced, put in, taken out, repeated or changed about.
pub(crate) fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for (at, what, byte) in changes {
        if bytes.is_empty() {
            return bytes;
        }
        let at = usize::from(*at) * bytes.len() / 65_536;
        let end = (at + usize::from(*byte) / 4 + 1).min(bytes.len());
        match what % 7 {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.splice(at..at, bytes[at..end].to_vec()).for_each(drop),
            4 => bytes.insert(at, b"'+:?*\n"[usize::from(*byte) % 6]),
            5 => bytes[at] = b"'+:?*\n"[usize::from(*byte) % 6],
            _ => bytes.swap(at, end - 1),
        }
    }
    bytes
}

/// A few changes.
pub(crate) fn changes() -> impl Strategy<Value = Vec<Change>> {
    vec(any::<Change>(), 0..8)
}
