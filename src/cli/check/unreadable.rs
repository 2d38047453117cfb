//! What stands where an interchange was expected: why it is none, and what to do.

use super::report::{Unreadable, capitalised};
use super::text::{BYTE_ORDER_MARK, Excerpt};
use crate::edifact::{Interchange, Tolerance};
use crate::language::Language;

/// How things begin that people take for an interchange, what each is, and what to do about it, in both languages.
const BEGINNINGS: &[(&[u8], [&str; 2], [&str; 2])] = &[
    (
        b"\xff\xfe",
        ["This is UTF-16, which no interchange is written in", "Ceci est de l'UTF-16, qui n'écrit aucun interchange"],
        ["Save the file in the repertoire that UNB names", "Enregistrez le fichier dans le répertoire que nomme UNB"],
    ),
    (
        b"PK\x03\x04",
        ["This is a ZIP archive", "Ceci est une archive ZIP"],
        ["Take the interchange out of it first", "Sortez-en d'abord l'interchange"],
    ),
    (
        b"\x1f\x8b",
        ["This is compressed with gzip", "Ceci est comprimé par gzip"],
        ["Write `gunzip --stdout FILE | lodged check -`", "Écrivez `gunzip --stdout FICHIER | lodged check -`"],
    ),
    (
        b"<?xml",
        ["This is XML", "Ceci est du XML"],
        ["Only UN/EDIFACT interchanges are read here", "Seuls des interchanges UN/EDIFACT sont lus ici"],
    ),
    (
        b"ISA*",
        ["This is an interchange of ANSI X12", "Ceci est un interchange ANSI X12"],
        ["Only UN/EDIFACT interchanges are read here", "Seuls des interchanges UN/EDIFACT sont lus ici"],
    ),
    (
        b"UNH",
        ["A message stands here without an interchange around it", "Un message se trouve ici sans interchange autour"],
        ["Put UNB in front of it and UNZ behind it", "Mettez UNB devant et UNZ derrière"],
    ),
    (
        b"UNG",
        [
            "A functional group stands here without an interchange",
            "Un groupe fonctionnel se trouve ici sans interchange",
        ],
        ["Put UNB in front of it and UNZ behind it", "Mettez UNB devant et UNZ derrière"],
    ),
    (
        b"\x1a",
        [
            "An end-of-file character of DOS (1A) stands here",
            "Un caractère de fin de fichier de DOS (1A) se trouve ici",
        ],
        ["Take it out", "Retirez-le"],
    ),
];

/// What these bytes are, where no interchange can be read: a sentence and a hint. `switch` is the tolerance that would let
/// them be read.
pub(super) fn unknown(bytes: &[u8], switch: Option<Tolerance>, language: Language) -> [String; 2] {
    if Interchange::is_interactive(bytes) {
        let [sentence, hint] = language.choose(
            ["Here is an interactive interchange (UIB to UIZ)", "Only batch interchanges are processed: UNB to UNZ"],
            ["Voici un interchange interactif (UIB à UIZ)", "Seuls les interchanges par lots sont traités: UNB à UNZ"],
        );
        return [sentence.to_owned(), hint.to_owned()];
    }
    if let Some(switch) = switch {
        return intolerant(switch, language);
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let behind_advice = bytes.strip_prefix(b"UNA").and_then(|rest| rest.get(6..)).map(<[u8]>::trim_ascii_start);
    let known = BEGINNINGS.iter().find(|(beginning, ..)| behind_advice.unwrap_or(bytes).starts_with(beginning));
    if let Some((_, [english, french], [hint, conseil])) = known {
        return [language.choose(*english, *french).to_owned(), language.choose(*hint, *conseil).to_owned()];
    }
    let beginning = bytes.get(..3).unwrap_or(bytes);
    if !beginning.is_empty() && [b"UNA", b"UNB"].iter().any(|tag| tag.starts_with(beginning)) {
        return cut_off(language);
    }
    [
        language
            .choose(
                "Here is no interchange: neither UNA nor UNB can be read",
                "Il n'y a pas d'interchange ici: ni UNA ni UNB ne peuvent être lus",
            )
            .to_owned(),
        envelope(language),
    ]
}

/// A tolerance that is switched off would take it.
fn intolerant(switch: Tolerance, language: Language) -> [String; 2] {
    let name = switch.name();
    if switch == Tolerance::SeveralInterchanges {
        return [
            language
                .choose("Another interchange came before this one", "Un autre interchange précède celui-ci")
                .to_owned(),
            language.choose(
                format!("Send one interchange only, or switch tolerances.{name} on"),
                format!("N'envoyez qu'un interchange, ou activez tolerances.{name}"),
            ),
        ];
    }
    [
        capitalised(switch.sentence(language)),
        language.choose(
            format!("Send nothing but interchanges, or switch tolerances.{name} on"),
            format!("N'envoyez que des interchanges, ou activez tolerances.{name}"),
        ),
    ]
}

/// It begins like an interchange, and has no UNB that could be read.
fn cut_off(language: Language) -> [String; 2] {
    let sentence = language.choose(
        "Here begins an interchange whose UNB cannot be read",
        "Ici commence un interchange dont UNB ne peut être lu",
    );
    [sentence.to_owned(), envelope(language)]
}

/// An interchange is longer than may be.
pub(super) fn too_long(bytes_max: usize, language: Language) -> [String; 2] {
    [
        language.choose(
            format!("The interchange that begins here is longer than interchange_bytes_max, {bytes_max} bytes"),
            format!("L'interchange qui commence ici dépasse interchange_bytes_max, {bytes_max} octets"),
        ),
        language
            .choose(
                "Divide it into several, or see whether its UNZ is missing; --interchange-bytes-max sets the limit",
                "Divisez-le, ou voyez si son UNZ manque; --interchange-bytes-max fixe la limite",
            )
            .to_owned(),
    ]
}

/// There is nothing in a file.
pub(super) fn nothing(language: Language) -> Unreadable {
    let sentence = language.choose("There is nothing in it", "Il n'y a rien dedans").to_owned();
    Unreadable { sentence, hint: envelope(language), place: None, source_line: None, excerpt: Excerpt::default() }
}

fn envelope(language: Language) -> String {
    language
        .choose(
            "An interchange begins with UNB, or with UNA in front of it, and ends with UNZ",
            "Un interchange commence par UNB, ou par UNA devant lui, et finit par UNZ",
        )
        .to_owned()
}
