//! Keys and values of the state in words. How they are made is said in `state`.

use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::identifier::RecordNumber;
use crate::record::{AnswerKind, AnswerReference};
use crate::store::floor::Floor;
use crate::store::search::Term;
use crate::store::state::{self, Pointer, StandingDeclaration, Waiting};

/// The kinds of key, in the order of their letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// The last answer reference drawn for a partner.
    AnswerCounter,
    /// The last number drawn in a series.
    NumberCounter,
    /// A declaration that stands.
    Declaration,
    /// Where an interchange stands.
    Interchange,
    /// An answer that waits.
    WaitingAnswer,
    /// The interchange behind a proof-of-report number.
    ProofOfReport,
    /// How a repeat is known.
    RepeatKey,
    /// How an accepted declaration is found.
    SearchKey,
    /// An act of an administrator.
    Act,
    /// Up to where the record is dropped.
    Floor,
    /// None of ours.
    Unknown,
}

impl KeyKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::AnswerCounter,
        Self::NumberCounter,
        Self::Declaration,
        Self::Interchange,
        Self::WaitingAnswer,
        Self::ProofOfReport,
        Self::RepeatKey,
        Self::SearchKey,
        Self::Act,
        Self::Floor,
        Self::Unknown,
    ];

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AnswerCounter => "answer counter",
            Self::NumberCounter => "number counter",
            Self::Declaration => "declaration",
            Self::Interchange => "interchange",
            Self::WaitingAnswer => "waiting answer",
            Self::ProofOfReport => "proof of report",
            Self::RepeatKey => "repeat key",
            Self::SearchKey => "search key",
            Self::Act => "act",
            Self::Floor => "floor",
            Self::Unknown => "unknown key",
        }
    }

    /// The kind of a key.
    pub(crate) fn of(key: &[u8]) -> Self {
        match key.first() {
            Some(b'a') => Self::AnswerCounter,
            Some(b'c') => Self::NumberCounter,
            Some(b'd') => Self::Declaration,
            Some(b'f') => Self::Floor,
            Some(b'n') => Self::Interchange,
            Some(b'o') => Self::WaitingAnswer,
            Some(b'p') => Self::ProofOfReport,
            Some(b'r') => Self::RepeatKey,
            Some(b's') => Self::SearchKey,
            Some(b'u') => Self::Act,
            Some(_) | None => Self::Unknown,
        }
    }

    /// The readable parts of a key of this kind; as it lies when it is not made like one.
    pub(crate) fn parts(self, key: &[u8]) -> String {
        let rest = key.get(1..).unwrap_or_default();
        let parts = match self {
            Self::AnswerCounter => {
                partner(rest).filter(|(_, rest)| rest.is_empty()).map(|(partner, _)| partner.to_owned())
            }
            Self::NumberCounter => series(rest),
            Self::Declaration => declaration(rest),
            Self::Interchange => {
                numbered(rest).filter(|(rest, _)| rest.is_empty()).map(|(_, entry)| format!("entry {entry}"))
            }
            Self::WaitingAnswer => waiting(rest),
            Self::ProofOfReport => proof(rest),
            Self::RepeatKey => repeat(rest),
            Self::SearchKey => search(rest),
            Self::Act => state::act_number(key).map(|number| number.to_string()),
            Self::Floor if rest.is_empty() => Some("of the record".to_owned()),
            Self::Floor | Self::Unknown => None,
        };
        parts.unwrap_or_else(|| as_it_lies(key))
    }

    /// What a key of this kind holds; as it lies when it cannot be read.
    pub(crate) fn value(self, value: &[u8]) -> String {
        let said = match self {
            Self::AnswerCounter => read(value).map(|last| AnswerReference(last).to_string()),
            Self::NumberCounter => read::<u64>(value).map(|last| last.to_string()),
            Self::Declaration => read(value).map(|StandingDeclaration { proof, version, pointer }| {
                format!("{proof}, version {version}, {}", place(pointer))
            }),
            Self::WaitingAnswer => {
                read(value).map(|Waiting { kind, pointer }| format!("{} of {}", message(kind), place(pointer)))
            }
            Self::Interchange | Self::ProofOfReport | Self::RepeatKey | Self::Act => read(value).map(place),
            Self::SearchKey if value.is_empty() => Some("a mark".to_owned()),
            Self::Floor => read(value).map(|Floor { segment, entry, forgotten, .. }| {
                format!("entries up to {entry} dropped with segment {segment}, repeats up to {forgotten} forgotten")
            }),
            Self::SearchKey | Self::Unknown => None,
        };
        said.unwrap_or_else(|| as_it_lies(value))
    }
}

/// A value as what it is, when all of it is that.
fn read<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    postcard::take_from_bytes(value).ok().filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

fn message(kind: AnswerKind) -> &'static str {
    match kind {
        AnswerKind::Contrl => "CONTRL",
        AnswerKind::Cusres => "CUSRES",
    }
}

fn place(Pointer { number: RecordNumber(number), segment, offset, length }: Pointer) -> String {
    format!("entry {number} (segment {segment}, byte {offset}, {length} bytes)")
}

/// The partner in front of a key's other parts, and these.
fn partner(rest: &[u8]) -> Option<(&str, &[u8])> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    let (partner, rest) = rest.split_at_checked(end)?;
    Some((std::str::from_utf8(partner).ok()?, rest.get(1..)?))
}

fn practice(byte: u8) -> Option<&'static str> {
    match byte {
        0 => Some(""),
        1 => Some(" practice"),
        _ => None,
    }
}

/// Form, practice, authorization ID, and the period in its last digits: a day or a month.
fn series(rest: &[u8]) -> Option<String> {
    let (form, rest) = rest.split_first()?;
    let (is_practice, rest) = rest.split_first()?;
    let (form, period_length) = match form {
        0 => ("CERS", 8),
        1 => ("G7", 6),
        _ => return None,
    };
    let text = std::str::from_utf8(rest).ok()?;
    let (authorization_id, period) = text.split_at_checked(text.len().checked_sub(period_length)?)?;
    Some(format!("{authorization_id} {period} {form}{}", practice(*is_practice)?))
}

fn declaration(rest: &[u8]) -> Option<String> {
    let (partner, rest) = partner(rest)?;
    let (is_practice, reference) = rest.split_first()?;
    Some(format!("{partner} {}{}", std::str::from_utf8(reference).ok()?, practice(*is_practice)?))
}

fn waiting(rest: &[u8]) -> Option<String> {
    let (partner, reference) = partner(rest)?;
    Some(format!("{partner} {}", AnswerReference(u64::from_be_bytes(reference.try_into().ok()?))))
}

fn proof(rest: &[u8]) -> Option<String> {
    let (rest, sequence) = rest.split_last_chunk::<8>()?;
    Some(format!("{} number {}", series(rest)?, u64::from_be_bytes(*sequence)))
}

/// Sender, its qualifier where there is one, and reference; then the digest of other bytes, where it is of such.
fn repeat(rest: &[u8]) -> Option<String> {
    let (partner, rest) = partner(rest)?;
    let (is_practice, rest) = rest.split_first()?;
    let (sender, rest) = text(rest)?;
    let (qualifier, rest) = text(rest)?;
    let (reference, digest) = text(rest)?;
    let qualifier = qualifier.map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
    let digest = match digest.len() {
        0 => String::new(),
        32 => format!(" other bytes {}", as_it_lies(digest)),
        _ => return None,
    };
    Some(format!("{partner} {}{qualifier} {}{}{digest}", sender?, reference?, practice(*is_practice)?))
}

/// What a declaration states, and the entry that it is in.
fn search(rest: &[u8]) -> Option<String> {
    let (rest, entry) = numbered(rest)?;
    let (letter, text) = rest.strip_suffix(&[0])?.split_first()?;
    let term = Term::ALL.into_iter().find(|term| term.letter() == *letter)?;
    let term = match term {
        Term::Carrier => "carrier",
        Term::Date => "date of export",
        Term::Exporter => "exporter",
        Term::Container => "container",
        Term::Partner => "partner",
        Term::TransportDocument => "transport document",
    };
    Some(format!("{term} {}, entry {entry}", std::str::from_utf8(text).ok()?))
}

/// The number of an entry at the end, and what is in front of it.
fn numbered(rest: &[u8]) -> Option<(&[u8], RecordNumber)> {
    let (front, _) = rest.split_last_chunk::<8>()?;
    Some((front, state::number(rest)?))
}

/// A text behind its length, none behind a length of ones, and what follows.
fn text(rest: &[u8]) -> Option<(Option<&str>, &[u8])> {
    let (length, rest) = rest.split_first_chunk::<4>()?;
    match u32::from_be_bytes(*length) {
        u32::MAX => Some((None, rest)),
        length => {
            let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            Some((Some(std::str::from_utf8(text).ok()?), rest))
        }
    }
}

fn as_it_lies(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        _ = write!(text, "{byte:02x}"); // Writing to a string cannot fail.
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::edifact::PartyId;
    use crate::identifier::{DeclarationReference, ProofForm, ProofOfReportNumber};
    use crate::partner::PartnerId;
    use crate::record::{Digest, RepeatKey};
    use crate::store::state::Series;

    use super::*;

    fn check(key: &[u8], kind: KeyKind, parts: &str) {
        assert_eq!((KeyKind::of(key), KeyKind::of(key).parts(key).as_str()), (kind, parts));
    }

    fn maple() -> PartnerId {
        PartnerId::new("maple").unwrap()
    }

    #[test]
    fn keys_of_partners_are_said_by_their_parts() {
        check(&state::answer_counter(&maple()), KeyKind::AnswerCounter, "maple");
        let reference = DeclarationReference("DOC-1".into());
        check(&state::declaration(&maple(), true, &reference), KeyKind::Declaration, "maple DOC-1 practice");
        check(&state::outbox(&maple(), AnswerReference(7)), KeyKind::WaitingAnswer, "maple 00000000000007");
    }

    #[test]
    fn keys_of_numbers_are_said_by_their_parts() {
        for (form, said) in [(ProofForm::Cers, "AB1234 20261121 CERS"), (ProofForm::G7, "AB1234 202611 G7")] {
            let proof = ProofOfReportNumber {
                form,
                is_practice: false,
                authorization_id: "AB1234".parse().unwrap(),
                period: form.period(jiff::civil::date(2026, 11, 21)),
                sequence: 345,
            };
            check(&state::counter(Series::of(&proof)), KeyKind::NumberCounter, said);
            check(&state::report(&proof), KeyKind::ProofOfReport, &format!("{said} number 345"));
        }
    }

    #[test]
    fn keys_of_repeats_are_said_by_their_parts() {
        let sender = PartyId { identification: "MAPLE".into(), qualifier: Some("ZZ".into()), ..PartyId::default() };
        let repeat = RepeatKey { partner: maple(), sender, reference: "1".into(), is_practice: false };
        check(&state::first_under(&repeat), KeyKind::RepeatKey, "maple MAPLE:ZZ 1");
        let other = format!("maple MAPLE:ZZ 1 other bytes {}", "01".repeat(32));
        check(&state::other_bytes(&repeat, &Digest([1; 32])), KeyKind::RepeatKey, &other);
    }

    #[test]
    fn keys_of_interchanges_and_searches_are_said_by_their_parts() {
        check(&state::interchange(RecordNumber(7)), KeyKind::Interchange, "entry 7");
        let key = [&b"scNORTH SHIPPING\0"[..], &(!7_u64).to_be_bytes()].concat();
        check(&key, KeyKind::SearchKey, "carrier NORTH SHIPPING, entry 7");
        assert_eq!(KeyKind::SearchKey.value(b""), "a mark");
    }

    #[test]
    fn what_is_made_otherwise_is_said_as_it_lies() {
        check(b"xyz", KeyKind::Unknown, "78797a");
        check(b"c\x09", KeyKind::NumberCounter, "6309");
        assert_eq!(KeyKind::RepeatKey.value(b"\x01"), "01");
    }
}
