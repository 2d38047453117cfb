//! What to do about a finding: the value or name that would be right where it is known, else what is generally done.

use jiff::civil::Date;

use super::expectation::{directory_codes, right_value, value};
use super::site::Site;
use super::syntax_code::SyntaxCode;
use crate::codes::CodeList;
use crate::edifact::{MessageType, Place, Repertoire, Segment, SyntaxError, SyntaxFinding};
use crate::grammar::{Catalogue, MessageGrammar, ValueKind};
use crate::language::Language;

/// Most codes that are proposed for one that a list does not hold.
const PROPOSALS_MAX: usize = 3;
/// Most codes of a list that are compared; a longer list is searched around the place where the code would stand.
const CANDIDATES_MAX: usize = 512;

/// What to do about a finding of syntax or directory.
pub(super) fn remedy(finding: &SyntaxFinding, site: &Site<'_>, catalogue: &Catalogue, language: Language) -> String {
    let write = |right: String| language.choose(format!("write {right}"), format!("écrivez {right}"));
    let meant = |name: String| {
        language.choose(format!("perhaps {name} was meant"), format!("peut-être fallait-il écrire {name}"))
    };
    let known = right_value(finding, site).or_else(|| right_number(finding, site)).map(write);
    let known = known.or_else(|| nearest(finding, site, catalogue).map(meant));
    let known = known.or_else(|| {
        let list = directory_codes(finding, site)?;
        nearest_named(list.iter(), &value(site, &finding.span), language)
    });
    let known = known.or_else(|| right_length(finding, site, language)).or_else(|| repertoire(finding, site, language));
    known.unwrap_or_else(|| {
        SyntaxCode::of(finding.error).map(|code| code.remedy(language)).unwrap_or_default().to_owned()
    })
}

/// The number that was meant, where only its notation is wrong.
fn right_number(finding: &SyntaxFinding, site: &Site<'_>) -> Option<String> {
    let mark = char::from(site.interchange.service().decimal_mark);
    let stated = value(site, &finding.span);
    let right = if finding.error == SyntaxError::InvalidDecimalNotation {
        stated.replace(['.', ','], &mark.to_string())
    } else if finding.error == SyntaxError::MissingDigit {
        stated.replacen(mark, &format!("0{mark}"), 1)
    } else {
        return None;
    };
    let is_number = right.chars().all(|letter| letter.is_ascii_digit() || letter == mark || letter == '-');
    (is_number && right.matches(mark).count() == 1 && right != stated).then_some(right)
}

fn right_length(finding: &SyntaxFinding, site: &Site<'_>, language: Language) -> Option<String> {
    let representation = site.value_spec()?.representation;
    let unit = match representation.kind == ValueKind::Numeric {
        true => language.choose("digits", "chiffres"),
        false => language.choose("characters", "caractères"),
    };
    let (least, most) = (representation.length_min, representation.length_max);
    if finding.error == SyntaxError::TooLong {
        let (english, french) = (format!("shorten it to {most} {unit}"), format!("raccourcissez-la à {most} {unit}"));
        Some(language.choose(english, french))
    } else if finding.error == SyntaxError::TooShort {
        let (english, french) = (format!("lengthen it to {least} {unit}"), format!("allongez-la à {least} {unit}"));
        Some(language.choose(english, french))
    } else {
        None
    }
}

/// The repertoire that has a character which this one has not.
fn repertoire(finding: &SyntaxFinding, site: &Site<'_>, language: Language) -> Option<String> {
    if finding.error != SyntaxError::InvalidCharacter {
        return None;
    }
    let (byte, own) = (*site.interchange.bytes().get(finding.span.start)?, site.interchange.envelope.repertoire);
    let has = |repertoire: &Repertoire| repertoire.allowed_bytes().get(usize::from(byte)).copied().unwrap_or_default();
    // The first three hold each other; whether a byte above them is meant in one part of ISO 8859 or another, nobody knows.
    let wider = [Repertoire::Unob, Repertoire::Unoc].into_iter().find(has)?.as_str();
    matches!(own, Repertoire::Unoa | Repertoire::Unob).then(|| {
        language.choose(
            format!("write another character, or {wider} in UNB, which has it"),
            format!("écrivez un autre caractère, ou {wider} dans UNB, qui le contient"),
        )
    })
}

/// The segment or message type that was perhaps meant.
fn nearest(finding: &SyntaxFinding, site: &Site<'_>, catalogue: &Catalogue) -> Option<String> {
    match (finding.error, finding.place, site.grammar) {
        (SyntaxError::NotSupported, Place::Segment { element: None, .. }, Some(grammar)) => {
            nearest_tag(&site.segment?, grammar)
        }
        (SyntaxError::ValueNotSupported, Place::Message { message, .. }, None) => {
            let message = site.interchange.messages.get(usize::try_from(message).ok()?)?;
            nearest_type(&message.kind, catalogue)
        }
        _ => None,
    }
}

/// The tag of the message's table that differs in one letter from one that the table does not have.
fn nearest_tag(segment: &Segment<'_>, grammar: &MessageGrammar) -> Option<String> {
    let said = String::from_utf8_lossy(segment.tag_bytes()).to_uppercase();
    let tags = || grammar.places().map(|(_, place)| place.tag.as_str());
    if tags().any(|tag| tag.as_bytes() == segment.tag_bytes()) {
        return None;
    }
    tags().find(|tag| strsim::osa_distance(tag, &said) <= 1).map(str::to_owned)
}

fn nearest_type(kind: &MessageType, catalogue: &Catalogue) -> Option<String> {
    let written = |kind: &MessageType| format!("{}:{}:{}:{}", kind.kind, kind.version, kind.release, kind.agency);
    let said = written(kind);
    let known = catalogue.message_types().map(written).map(|known| (strsim::osa_distance(&known, &said), known));
    known.min().filter(|(distance, _)| *distance <= said.len() / 3).map(|(_, known)| known)
}

/// The codes of a list that are nearest to one that it does not hold on a day, each with its name.
pub(super) fn nearest_codes(list: &CodeList, code: &str, on: Date, language: Language) -> Option<String> {
    let valid = list.iter().filter(|entry| entry.is_valid(on));
    let mut known: Vec<(&str, &str)> = valid.map(|entry| (&*entry.code, entry.name_in(language))).collect();
    known.dedup_by_key(|(code, _)| *code);
    let middle = known.partition_point(|(known, _)| *known < &*code.trim().to_uppercase());
    let from = middle.saturating_sub(CANDIDATES_MAX / 2).min(known.len().saturating_sub(CANDIDATES_MAX));
    nearest_named(known.into_iter().skip(from).take(CANDIDATES_MAX), code, language)
}

/// The codes that are nearest to one that is none of them, each with its name.
fn nearest_named<C: AsRef<str>, N: AsRef<str>>(
    known: impl Iterator<Item = (C, N)>,
    code: &str,
    language: Language,
) -> Option<String> {
    let meant = code.trim().to_uppercase();
    let mut near: Vec<((usize, bool, usize), C, N)> = known
        .map(|(code, name)| {
            let is_elsewhere = code.as_ref().chars().next() != meant.chars().next();
            let distance = strsim::osa_distance(code.as_ref(), &meant);
            ((distance, is_elsewhere, code.as_ref().len().abs_diff(meant.len())), code, name)
        })
        .filter(|((distance, ..), ..)| *distance <= (meant.chars().count() / 2).min(2))
        .collect();
    if near.iter().any(|((distance, ..), ..)| *distance == 0) {
        near.retain(|((distance, ..), ..)| *distance == 0);
    }
    near.sort_by_key(|(order, ..)| *order);
    let named = near.iter().take(PROPOSALS_MAX).map(|(.., code, name)| match (code.as_ref(), name.as_ref()) {
        (code, "") => code.to_owned(),
        (code, name) => format!("{code} ({name})"),
    });
    let named = named.collect::<Vec<_>>().join(", ");
    (!named.is_empty()).then(|| {
        language.choose(format!("the nearest in the list: {named}"), format!("les plus proches de la liste: {named}"))
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::codes::CodeLists;

    #[test]
    fn a_mistyped_tag_has_a_neighbour() {
        let catalogue = Catalogue::embedded();
        let grammar = catalogue.message(&cusdec("96B")).unwrap();
        let nearest =
            |bytes: &'static [u8]| nearest_tag(&Segment::new(crate::edifact::ServiceChars::DEFAULT, 0, bytes), grammar);
        assert_eq!(nearest(b"LOX+1").as_deref(), Some("LOC"));
        assert_eq!(nearest(b"loc+1").as_deref(), Some("LOC"));
        assert_eq!(nearest(b"LOC+1"), None);
        assert_eq!(nearest(b"QQQ+1"), None);
    }

    #[test]
    fn a_mistyped_message_type_has_a_neighbour() {
        let catalogue = Catalogue::embedded();
        assert_eq!(nearest_type(&cusdec("95B"), &catalogue).as_deref(), Some("CUSDEC:D:96B:UN"));
    }

    #[test]
    fn a_code_that_a_list_does_not_hold_has_neighbours() {
        let codes = CodeLists::embedded();
        let check = |list, code, expected: Option<&str>| {
            let found = nearest_codes(codes.list(list).unwrap(), code, date(2026, 11, 21), Language::En);
            assert_eq!(found.as_deref(), expected);
        };
        check("provinces", "QX", Some("the nearest in the list: QC (Quebec)"));
        check("countries", "jp", Some("the nearest in the list: JP (Japan)"));
        check("units", "QQQQQQQQ", None);
    }

    fn cusdec(release: &str) -> MessageType {
        MessageType {
            kind: "CUSDEC".to_owned(),
            version: "D".to_owned(),
            release: release.to_owned(),
            agency: "UN".to_owned(),
            association: None,
        }
    }
}
