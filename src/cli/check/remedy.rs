//! What to do about a finding: the value or name that would be right where it is known, else what is generally done.

use jiff::civil::Date;

use super::expectation::{directory_codes, right_value, value, written_type};
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
    let known = known.or_else(|| not_here(unprocessed(finding, site, catalogue)?, catalogue, language));
    let known = known.or_else(|| {
        let list = directory_codes(finding, site)?;
        nearest_named(list.iter(), &value(site, &finding.span), language).or_else(|| of_the_list(site, language))
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
        (SyntaxError::ValueNotSupported, ..) => nearest_type(unprocessed(finding, site, catalogue)?, catalogue),
        _ => None,
    }
}

/// The message type that this finding is about, when there is no grammar for it.
fn unprocessed<'a>(finding: &SyntaxFinding, site: &Site<'a>, catalogue: &Catalogue) -> Option<&'a MessageType> {
    let (SyntaxError::ValueNotSupported, Place::Message { message, .. }) = (finding.error, finding.place) else {
        return None;
    };
    let message = site.interchange.messages.get(usize::try_from(message).ok()?)?;
    catalogue.message(&message.kind).is_none().then_some(&*message.kind)
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

/// The type that differs in one letter from this one, of the same directory or of one where this one names none.
fn nearest_type(kind: &MessageType, catalogue: &Catalogue) -> Option<String> {
    let distance = |known: &str, said: &str| strsim::osa_distance(known, &said.to_uppercase());
    let is_near = |known: &&MessageType| {
        let directory = distance(&known.version, &kind.version) + distance(&known.release, &kind.release);
        let is_agency = distance(&known.agency, &kind.agency) == 0;
        is_agency
            && distance(&known.kind, &kind.kind) + directory <= 1
            && (directory == 0 || !is_directory(&kind.version, &kind.release))
    };
    catalogue.message_types().find(is_near).map(written_type)
}

/// Whether a directory of the United Nations has this name, be there grammars for it or not: D.96A and S.93A, and the
/// numbers that came before them.
fn is_directory(version: &str, release: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match version {
        "D" | "S" => {
            release == "01C" || release.strip_suffix(['A', 'B']).is_some_and(|year| year.len() == 2 && is_number(year))
        }
        _ => is_number(version) && is_number(release),
    }
}

/// Where a message type is known that has no grammar in its directory, and how grammars of others are made.
fn not_here(kind: &MessageType, catalogue: &Catalogue, language: Language) -> Option<String> {
    const PAGE: &str = "docs/commands.md";
    let namesakes = catalogue.message_types().filter(|known| known.kind == kind.kind);
    let known: Vec<String> = namesakes.map(|known| directory_of(known, &kind.agency)).collect();
    let [first, others @ ..] = known.as_slice() else {
        return Some(language.choose(
            format!("`lodged grammar import` makes grammars of other messages and directories ({PAGE})"),
            format!("`lodged grammar import` fait les grammaires d'autres messages et répertoires ({PAGE})"),
        ));
    };
    let and = language.choose(" and ", " et ");
    let known = match others {
        [] => first.clone(),
        [middle @ .., last] => {
            [first].into_iter().chain(middle).map(String::as_str).collect::<Vec<_>>().join(", ") + and + last
        }
    };
    let kind = &kind.kind;
    Some(language.choose(
        format!("{kind} is known here in {known}; `lodged grammar import` makes grammars of other directories ({PAGE})"),
        format!("{kind} est connu ici dans {known}; `lodged grammar import` fait les grammaires d'autres répertoires ({PAGE})"),
    ))
}

/// The directory of a known type; whose it is goes without saying when that is said of the one that is not known.
fn directory_of(known: &MessageType, agency: &str) -> String {
    let MessageType { version, release, .. } = known;
    let whose = known.association.as_ref().map(|association| format!(":{}:{association}", known.agency));
    let whose = whose.or_else(|| (known.agency != agency).then(|| format!(":{}", known.agency)));
    format!("{version}:{release}{}", whose.unwrap_or_default())
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

/// Where none of its codes is near.
fn of_the_list(site: &Site<'_>, language: Language) -> Option<String> {
    let of = site.value_spec()?.id;
    Some(language.choose(
        format!("write one of the codes that the directory has for {of}; none of them is near"),
        format!("écrivez un des codes que le répertoire a pour {of}; aucun n'est proche"),
    ))
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
        let grammar = catalogue.message(&message_type("CUSDEC:D:96B:UN")).unwrap();
        let nearest =
            |bytes: &'static [u8]| nearest_tag(&Segment::new(crate::edifact::ServiceChars::DEFAULT, 0, bytes), grammar);
        assert_eq!(nearest(b"LOX+1").as_deref(), Some("LOC"));
        assert_eq!(nearest(b"loc+1").as_deref(), Some("LOC"));
        assert_eq!(nearest(b"LOC+1"), None);
        assert_eq!(nearest(b"QQQ+1"), None);
    }

    #[test]
    fn a_mistyped_message_type_has_a_neighbour_and_one_of_another_directory_has_none() {
        let catalogue = Catalogue::embedded();
        let check = |written: &str, expected: Option<&str>| {
            assert_eq!(nearest_type(&message_type(written), &catalogue).as_deref(), expected, "{written}");
        };
        check("CUSDEX:D:96B:UN", Some("CUSDEC:D:96B:UN"));
        check("CUSDEC:E:96B:UN", Some("CUSDEC:D:96B:UN"));
        check("CUSDEC:D:9B:UN", Some("CUSDEC:D:96B:UN"));
        check("cusdec:d:96b:UN", Some("CUSDEC:D:96B:UN"));
        for written in ["CUSDEC:D:95B:UN", "CUSDEC:D:96A:UN", "CUSDEC:D:01C:UN", "CUSDEC:1:912:UN", "CUSDEX:D:95B:UN"] {
            check(written, None);
        }
    }

    #[test]
    fn a_message_type_of_another_directory_is_told_where_it_is_known() {
        let catalogue = Catalogue::embedded();
        let check = |written: &str, expected: &str| {
            assert_eq!(
                not_here(&message_type(written), &catalogue, Language::En).as_deref(),
                Some(expected),
                "{written}"
            );
        };
        let import = "`lodged grammar import` makes grammars of other";
        check(
            "CUSDEC:D:96A:UN",
            &format!("CUSDEC is known here in D:96B and D:99B; {import} directories (docs/commands.md)"),
        );
        check(
            "CONTRL:D:4:EN",
            &format!("CONTRL is known here in 2:2:UN, 4:1:UN and D:3:UN; {import} directories (docs/commands.md)"),
        );
        check("NOSUCH:D:96A:UN", &format!("{import} messages and directories (docs/commands.md)"));
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

    fn message_type(written: &str) -> MessageType {
        let [kind, version, release, agency] =
            written.split(':').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
        MessageType { kind, version, release, agency, association: None }
    }
}
