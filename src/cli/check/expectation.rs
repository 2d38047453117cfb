//! What would have been right at the place of a finding, and what stands there, each in a few words.
//!
//! The finding says what is wrong; here the directory, the code lists and the bytes are asked what it wanted.

use std::ops::Range;

use super::site::{Site, following};
use super::text::{columns, first};
use crate::cli::safe::visible;
use crate::edifact::{Message, MessageType, Place, SyntaxError, SyntaxFinding};
use crate::grammar::{CodeList, Representation, ValueKind};
use crate::language::Language;

/// Columns of a value that are repeated; a longer one is cut.
const VALUE_COLUMNS_MAX: usize = 40;
/// Most segments that are listed where another one was expected.
const TAGS_MAX: usize = 10;

/// What was expected and what was found, in words; either may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Expectation {
    pub(super) expected: Option<String>,
    pub(super) found: Option<String>,
}

impl Expectation {
    fn new(expected: impl Into<Option<String>>, found: impl Into<Option<String>>) -> Self {
        Self { expected: expected.into(), found: found.into() }
    }
}

/// What syntax and directory expected, and what they found.
pub(super) fn of_syntax(finding: &SyntaxFinding, site: &Site<'_>, language: Language) -> Expectation {
    let found = || stated(site, &finding.span);
    match finding.error {
        SyntaxError::Missing if finding.place.element().is_some() => missing_element(site, language),
        SyntaxError::Missing => missing_segment(finding, site, language),
        SyntaxError::NotSupported if finding.place.element().is_none() => unplaced(site, language),
        SyntaxError::TooLong | SyntaxError::TooShort => length(finding, site, language),
        SyntaxError::InvalidDecimalNotation if finding.place.element().is_none() => {
            let (english, french) =
                ("a full stop or a comma as decimal mark", "un point ou une virgule comme marque décimale");
            Expectation::new(language.choose(english, french).to_owned(), found())
        }
        SyntaxError::InvalidCharacterType | SyntaxError::InvalidDecimalNotation | SyntaxError::MissingDigit => {
            let spec = site.value_spec();
            Expectation::new(spec.map(|spec| written(spec.representation, language)), found())
        }
        SyntaxError::TooManyConstituents => constituents(site, language),
        SyntaxError::TooManyRepetitions | SyntaxError::TooManyGroupRepetitions => {
            Expectation::new(repetitions(finding, site, language), None)
        }
        SyntaxError::CountDoesNotMatch | SyntaxError::ReferencesDoNotMatch => {
            Expectation::new(right_value(finding, site), found())
        }
        SyntaxError::ValueNotSupported => match message(site, finding.place) {
            Some(message) if matches!(finding.place, Place::Message { .. }) => {
                Expectation::new(None, written_type(&message.kind))
            }
            _ => Expectation::new(None, found()),
        },
        SyntaxError::InvalidValue => {
            let codes = directory_codes(finding, site).map(|list| codes(list, site, language));
            Expectation::new(codes, found())
        }
        SyntaxError::SecurityNotSupported => Expectation::new(None, tag(site)),
        SyntaxError::InvalidCharacter => {
            let repertoire = site.interchange.envelope.repertoire.as_str();
            let expected =
                language.choose(format!("a character of {repertoire}"), format!("un caractère de {repertoire}"));
            Expectation::new(expected, byte(site, &finding.span, language))
        }
        SyntaxError::TestNotSupported => {
            Expectation::new(language.choose("nothing, or 1", "rien, ou 1").to_owned(), found())
        }
        SyntaxError::UnsupportedSyntax
        | SyntaxError::NotTheRecipient
        | SyntaxError::NotSupported
        | SyntaxError::UnknownSender
        | SyntaxError::UnsupportedCharacterSet
        | SyntaxError::Duplicate => Expectation::new(None, found()),
        SyntaxError::NoAgreement
        | SyntaxError::Unspecified
        | SyntaxError::InvalidServiceCharacter
        | SyntaxError::InvalidServiceUse
        | SyntaxError::TooOld
        | SyntaxError::GroupsAndMessagesMixed
        | SyntaxError::MoreThanOneMessageType
        | SyntaxError::LowerLevelEmpty
        | SyntaxError::OutsideMessage
        | SyntaxError::NestingIndicator
        | SyntaxError::TrailingSeparator
        | SyntaxError::UnsupportedEnvelope
        | SyntaxError::DependencyViolated => Expectation::default(),
    }
}

/// The value that stands in these bytes, as it was meant: without release characters, in quotes.
pub(super) fn stated(site: &Site<'_>, span: &Range<usize>) -> Option<String> {
    let is_there = site.interchange.bytes().get(span.clone()).is_some_and(|raw| !raw.is_empty());
    is_there.then(|| quoted(&value(site, span)))
}

/// A value in quotes, cut when it is long.
fn quoted(value: &str) -> String {
    let value = visible(value);
    let shown = first(&value, VALUE_COLUMNS_MAX);
    let ellipsis = if columns(shown) < columns(&value) { "…" } else { "" };
    format!("\"{shown}{ellipsis}\"")
}

/// A data element as people call it: its name and its number.
pub(super) fn named(name: &str, id: &str) -> String {
    if name.is_empty() { id.to_owned() } else { format!("{name} ({id})") }
}

/// How a value is written: its representation, and what that means.
fn written(representation: Representation, language: Language) -> String {
    let most = representation.length_max;
    let bound = match representation.length_min == most {
        true => language.choose("exactly", "exactement"),
        false => language.choose("at most", "au plus"),
    };
    let meant = match representation.kind {
        ValueKind::Alphanumeric => {
            let [character, characters] = language.choose(["character", "characters"], ["caractère", "caractères"]);
            format!("{bound} {most} {}", if most == 1 { character } else { characters })
        }
        ValueKind::Alphabetic => language.choose(
            format!("{bound} {most} characters, none of them a digit"),
            format!("{bound} {most} caractères, dont aucun chiffre"),
        ),
        ValueKind::Numeric => language
            .choose(format!("a number of {bound} {most} digits"), format!("un nombre d'{bound} {most} chiffres")),
    };
    format!("{representation}: {meant}")
}

fn missing_element(site: &Site<'_>, language: Language) -> Expectation {
    let found = language.choose("nothing", "rien").to_owned();
    let expected = match (site.value_spec(), site.element_spec()) {
        (Some(value), _) => Some(format!("{}, {}", named(&value.name, value.id.as_str()), value.representation)),
        (None, Some(element)) => Some(named(&element.name, element.id.as_str())),
        (None, None) => None,
    };
    Expectation::new(expected, found)
}

/// The grammar says which segment or group is mandatory, and the bytes which segment stands there instead.
fn missing_segment(finding: &SyntaxFinding, site: &Site<'_>, language: Language) -> Expectation {
    let (detail, terminator) = (&finding.detail, char::from(site.interchange.service().terminator));
    if detail == "the last segment has no terminator" {
        let (english, french) = (format!("{terminator} at the end of UNZ"), format!("{terminator} à la fin de UNZ"));
        return Expectation::new(language.choose(english, french), None);
    }
    let behind = detail.split_once(" is missing at the end").or_else(|| detail.split_once(" is missing behind"));
    if let Some((tag, _)) = behind {
        return Expectation::new(language.choose(format!("{tag} behind it"), format!("{tag} derrière")), None);
    }
    let Some(path) = missing_path(&finding.detail) else { return Expectation::default() };
    let place = site.grammar.and_then(|grammar| grammar.find(path).first().copied());
    let name = place.and_then(|place| site.name_of(place)).map(|name| format!(" ({name})")).unwrap_or_default();
    let expected = language.choose(format!("{path}{name} in front of it"), format!("{path}{name} devant"));
    let instead = site.interchange.bytes().get(finding.span.clone()).unwrap_or_default();
    let tag = instead.get(..3).map(|tag| String::from_utf8_lossy(tag).into_owned());
    Expectation::new(expected, tag.map(|tag| visible(&tag)))
}

/// The path of what the grammar says is missing: `BGM is mandatory here`, or
/// `segment group SG6 is mandatory here, and begins with NAD`.
pub(super) fn missing_path(detail: &str) -> Option<&str> {
    let (path, _) = detail.split_once(" is mandatory here").or_else(|| detail.split_once(" is missing before"))?;
    Some(detail.split_once(", and begins with ").map_or(path, |(_, tag)| tag))
}

/// A segment that cannot stand here: which ones could.
fn unplaced(site: &Site<'_>, language: Language) -> Expectation {
    let found = tag(site);
    let (Some(grammar), Some(last)) = (site.grammar, site.last) else { return Expectation::new(None, found) };
    let mut tags: Vec<String> = Vec::new();
    for place in following(grammar, last) {
        let tag = place.tag.to_string();
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Expectation::new(Some(listed(&tags, language)).filter(|_| !tags.is_empty()), found)
}

/// The tag that stands here.
fn tag(site: &Site<'_>) -> Option<String> {
    site.segment.map(|segment| visible(&String::from_utf8_lossy(segment.tag_bytes())))
}

/// A message type with its directory, as UNH states it.
pub(super) fn written_type(kind: &MessageType) -> String {
    format!("{}:{}:{}:{}", kind.kind, kind.version, kind.release, kind.agency)
}

/// The codes of the directory that this value is not one of.
pub(super) fn directory_codes<'a>(finding: &SyntaxFinding, site: &Site<'a>) -> Option<&'a CodeList> {
    let list = site.code_list().filter(|_| finding.error == SyntaxError::InvalidValue)?;
    list.name(&value(site, &finding.span)).is_none().then_some(list)
}

/// All codes of a list when they are few, else how many there are.
fn codes(list: &CodeList, site: &Site<'_>, language: Language) -> String {
    if list.len() <= TAGS_MAX {
        let all: Vec<String> = list.iter().map(|(code, _)| code).collect();
        return listed(&all, language);
    }
    let count = list.len();
    let name = site.value_spec().map(|spec| named(&spec.name, spec.id.as_str())).unwrap_or_default();
    language.choose(format!("one of the {count} codes of {name}"), format!("un des {count} codes de {name}"))
}

/// `A, B or C`, and `…` where there are more.
fn listed(names: &[String], language: Language) -> String {
    let or = language.choose("or", "ou");
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [front @ .., last] if names.len() <= TAGS_MAX => format!("{} {or} {last}", front.join(", ")),
        _ => {
            let shown = names.get(..TAGS_MAX).unwrap_or_default().join(", ");
            format!("{shown}, …")
        }
    }
}

fn length(finding: &SyntaxFinding, site: &Site<'_>, language: Language) -> Expectation {
    let expected = site.value_spec().map(|spec| written(spec.representation, language));
    let is_number = site.value_spec().is_some_and(|spec| spec.representation.kind == ValueKind::Numeric);
    let found = stated(site, &finding.span).map(|value| {
        let count = match is_number {
            true => digits(site, &finding.span),
            false => characters(site, &finding.span),
        };
        let unit = match is_number {
            true => language.choose(["digit", "digits"], ["chiffre", "chiffres"]),
            false => language.choose(["character", "characters"], ["caractère", "caractères"]),
        };
        let [one, several] = unit;
        format!("{count} {}: {value}", if count == 1 { one } else { several })
    });
    Expectation::new(expected, found)
}

/// The value in these bytes.
pub(super) fn value(site: &Site<'_>, span: &Range<usize>) -> String {
    let component = site.component().filter(|component| component.span() == *span);
    let raw = site.interchange.bytes().get(span.clone()).unwrap_or_default();
    let bytes = component.map_or_else(|| unreleased(site, raw).into(), |component| component.unreleased());
    site.interchange.envelope.repertoire.decode(&bytes).into_owned()
}

/// The bytes without release characters: each stands for the one behind it.
fn unreleased(site: &Site<'_>, raw: &[u8]) -> Vec<u8> {
    let release = site.interchange.service().release;
    let mut bytes = raw.iter().copied();
    std::iter::from_fn(|| {
        bytes.next().map(|byte| if Some(byte) == release { bytes.next().unwrap_or(byte) } else { byte })
    })
    .collect()
}

fn characters(site: &Site<'_>, span: &Range<usize>) -> usize {
    value(site, span).chars().count()
}

fn digits(site: &Site<'_>, span: &Range<usize>) -> usize {
    value(site, span).bytes().filter(u8::is_ascii_digit).count()
}

fn constituents(site: &Site<'_>, language: Language) -> Expectation {
    if let (Some(element), Some(stated), Some((table, _))) = (site.element_spec(), site.stated(), site.definition) {
        let (most, count) = (table.values(element).len(), stated.components().count());
        let name = named(&element.name, element.id.as_str());
        return match element.id.is_composite() {
            true => Expectation::new(
                language.choose(
                    format!("at most {most} components of {name}"),
                    format!("au plus {most} composants de {name}"),
                ),
                language.choose(format!("{count} components"), format!("{count} composants")),
            ),
            false => Expectation::new(
                language.choose(format!("{name} without components"), format!("{name} sans composants")),
                language.choose(format!("{count} components"), format!("{count} composants")),
            ),
        };
    }
    let (Some(segment), Some((table, spec))) = (site.segment, site.definition) else { return Expectation::default() };
    let elements = |count: usize| {
        let [one, several] =
            language.choose(["data element", "data elements"], ["élément de données", "éléments de données"]);
        format!("{count} {}", if count == 1 { one } else { several })
    };
    let (tag, most, count) = (spec.tag, elements(table.elements(spec).len()), segment.elements().count());
    let expected = language.choose(format!("at most {most} of {tag}"), format!("au plus {most} de {tag}"));
    Expectation::new(expected, elements(count))
}

fn repetitions(finding: &SyntaxFinding, site: &Site<'_>, language: Language) -> Option<String> {
    let (name, most) = match (site.element_spec(), finding.error) {
        (Some(element), _) => (named(&element.name, element.id.as_str()), element.repetitions_max),
        (None, SyntaxError::TooManyGroupRepetitions) => {
            let group = site.grammar?.group(site.table_place()?.group?)?;
            (group.path.clone(), group.repetitions_max)
        }
        (None, _) => (site.table_place()?.to_string(), site.table_place()?.repetitions_max),
    };
    Some(match most {
        1 => language.choose(format!("{name} once"), format!("{name} une fois")),
        _ => language.choose(format!("{name} at most {most} times"), format!("{name} au plus {most} fois")),
    })
}

/// The first byte of a place, as its number.
fn byte(site: &Site<'_>, span: &Range<usize>, language: Language) -> Option<String> {
    let byte = *site.interchange.bytes().get(span.start)?;
    let shown = match byte.is_ascii_graphic() {
        true => format!(" \"{}\"", char::from(byte)),
        false => String::new(),
    };
    Some(language.choose(format!("byte {byte:02X}{shown}"), format!("l'octet {byte:02X}{shown}")))
}

/// The message of a place.
fn message<'a>(site: &Site<'a>, place: Place) -> Option<&'a Message> {
    site.interchange.messages.get(usize::try_from(place.message()?).ok()?)
}

/// The count or reference that the trailer should have.
pub(super) fn right_value(finding: &SyntaxFinding, site: &Site<'_>) -> Option<String> {
    let interchange = site.interchange;
    let (groups, messages) = (&interchange.groups, &interchange.messages);
    let index = |number: u32| usize::try_from(number).ok();
    let count = |message: &Message| interchange.segments_of(message).len();
    match (finding.error, finding.place) {
        (SyntaxError::CountDoesNotMatch, Place::Message { .. }) => {
            Some(count(message(site, finding.place)?).to_string())
        }
        (SyntaxError::CountDoesNotMatch, Place::FunctionalGroup { group, .. }) => {
            Some(messages.iter().filter(|message| message.group == Some(group)).count().to_string())
        }
        (SyntaxError::CountDoesNotMatch, Place::Interchange { .. }) => {
            Some(if groups.is_empty() { messages.len() } else { groups.len() }.to_string())
        }
        (SyntaxError::ReferencesDoNotMatch, Place::Message { .. }) => {
            Some(message(site, finding.place)?.reference.to_string())
        }
        (SyntaxError::ReferencesDoNotMatch, Place::FunctionalGroup { group, .. }) => {
            Some(groups.get(index(group)?)?.reference.clone())
        }
        (SyntaxError::ReferencesDoNotMatch, Place::Interchange { .. }) => {
            Some(interchange.envelope.reference.0.clone())
        }
        _ => None,
    }
}
