//! What the answers call a declaration: its reference and its version, as BGM states them.

use compact_str::CompactString;

use crate::declaration::{Draft, Field};
use crate::edifact::{Interchange, Message, Segment, Tag};
use crate::identifier::DeclarationReference;

/// BGM, and its position in a message (UNH = 1) wherever there is no other before it.
const BEGIN: (Tag, u32) = (Tag(*b"BGM"), 2);

/// The identification (C106) in BGM.
const IDENTIFIED: u16 = 3;

/// The submitter's reference (1004) and the version of it (1056), as BGM states them. Blanks around them are no part of
/// them, as everywhere in a declaration: a declaration is not another one for a blank behind its reference.
pub(super) fn reference(
    interchange: &Interchange<'_>,
    message: &Message,
    draft: &Draft<'_>,
) -> (DeclarationReference, CompactString) {
    let (reference, version) = match reference_read(interchange, draft) {
        Some((reference, version)) => (reference.into(), version.into()),
        None => reference_stated(interchange, message),
    };
    (DeclarationReference(reference), version)
}

/// Both, where they lie as the reader has found them.
fn reference_read<'a>(interchange: &Interchange<'a>, draft: &Draft<'_>) -> Option<(&'a str, &'a str)> {
    let (reference, end) = identified(interchange, &draft.reference, 1)?;
    let is_version_stated = interchange.bytes().get(end) == Some(&interchange.service().component);
    let (version, _) = if is_version_stated { identified(interchange, &draft.version, 2)? } else { ("", end) };
    Some((reference, version))
}

/// What a reader has found in this component of BGM, and where it ends in the interchange; none when that is more than
/// characters that stand for themselves.
fn identified<'a, T>(interchange: &Interchange<'a>, field: &Field<T>, component: u16) -> Option<(&'a str, usize)> {
    let at = field.as_ref()?.at;
    let (point, span) = (at.point(), at.span());
    let place = point.element.filter(|place| (place.element, place.component.unwrap_or(1)) == (IDENTIFIED, component));
    let is_there = place.is_some() && (point.tag, point.position) == BEGIN;
    let raw = interchange.bytes().get(span.clone()).filter(|_| is_there)?;
    let service = interchange.service();
    let is_itself = |byte: &u8| byte.is_ascii_graphic() && *byte != service.component && Some(*byte) != service.release;
    let text = std::str::from_utf8(raw).ok().filter(|text| text.as_bytes().iter().all(is_itself))?;
    Some((text, span.end))
}

/// Both, whatever they look like: of a message that is refused, too, the answer names them.
fn reference_stated(interchange: &Interchange<'_>, message: &Message) -> (CompactString, CompactString) {
    let bgm = interchange.segments_of(message).find(|segment| segment.tag() == BEGIN.0);
    let (mut reference, mut version) = (CompactString::default(), CompactString::default());
    for value in bgm.iter().flat_map(Segment::values).take_while(|value| value.element <= IDENTIFIED) {
        let stated = match (value.element, value.occurrence, value.component) {
            (IDENTIFIED, 1, 1) => &mut reference,
            (IDENTIFIED, 1, 2) => &mut version,
            _ => continue,
        };
        *stated = interchange.envelope.repertoire.decode(&value.unreleased()).trim().into();
    }
    (reference, version)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::codes::CodeLists;
    use crate::declaration::guide::{Guide, TextStore};
    use crate::grammar::Catalogue;

    const SAMPLE: &str = "BGM+830+ACME-2026-000417:1+9'";

    /// What is said of a sample with this BGM, and whether the reader had all of it.
    #[track_caller]
    fn check(bgm: &str, expected: (&str, &str), is_read: bool) {
        let sample = include_bytes!("../../testdata/export-original.edi").map(char::from);
        let text = String::from_iter(sample).replace(SAMPLE, bgm);
        let bytes: Vec<u8> = text.chars().map(|character| u8::try_from(character).unwrap()).collect();
        let (catalogue, zone) = (Catalogue::embedded(), TimeZone::UTC);
        let guide = Guide::embedded(&catalogue).unwrap();
        let (interchange, _) = Interchange::read(&bytes).unwrap();
        let message = &interchange.messages[0];
        let grammar = catalogue.message(&message.kind).unwrap();
        let structure = grammar.examine(&interchange.envelope, 0, interchange.segments_of(message));
        let texts = TextStore::default();
        let codes = CodeLists::embedded();
        let mut reader = guide.reader(&interchange, (&zone, &codes), &texts);
        let draft = &reader.read(message, &structure).draft;
        let (reference, version) = reference(&interchange, message, draft);
        assert_eq!((reference.0.as_str(), version.as_str()), expected);
        assert_eq!(reference_read(&interchange, draft).is_some(), is_read);
        let stated = reference_stated(&interchange, message);
        assert_eq!((stated.0.as_str(), stated.1.as_str()), expected);
    }

    #[test]
    fn what_stands_for_itself_is_taken_from_the_reader() {
        check(SAMPLE, ("ACME-2026-000417", "1"), true);
        check("BGM+830+A+9'", ("A", ""), true);
        check("BGM+830+A:007+9'", ("A", "007"), true);
        check("BGM+830+A'", ("A", ""), true);
    }

    #[test]
    fn what_is_ill_formed_or_too_long_is_said_all_the_same() {
        let long = "A".repeat(40);
        check(&format!("BGM+830+{long}:1+9'"), (&long, "1"), false);
        check("BGM+830+A:first+9'", ("A", "first"), false);
        check("BGM+830+:2+9'", ("", "2"), false);
        check("BGM+830+:+9'", ("", ""), false);
        check("BGM+830'", ("", ""), false);
    }

    #[test]
    fn blanks_and_release_characters_are_no_part_of_it() {
        check("BGM+830+ A :1+9'", ("A", "1"), false);
        check("BGM+830+A: 1+9'", ("A", "1"), false);
        check("BGM+830+A?+B:1+9'", ("A+B", "1"), false);
        check("BGM+830+A:?1+9'", ("A", "1"), false);
        check("BGM+830+A B+9'", ("A B", ""), false);
        check("BGM+830+\u{c9}:1+9'", ("\u{c9}", "1"), false);
    }
}
