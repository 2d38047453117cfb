//! What to do about a finding of syntax or directory. Rules bring their own remedies.

use crate::edifact::{Interchange, MessageType, Place, Segment, SyntaxError, SyntaxFinding};
use crate::grammar::{Catalogue, MessageGrammar};
use crate::language::Language;

/// What to do about a finding: the value or name that would be right where it is known, else what is generally done.
pub(super) fn remedy(
    finding: &SyntaxFinding,
    segment: Option<&Segment<'_>>,
    interchange: &Interchange<'_>,
    catalogue: &Catalogue,
    language: Language,
) -> String {
    let right = right_value(finding, interchange)
        .map(|right| language.choose(format!("write {right}"), format!("écrivez {right}")));
    let meant = || nearest(finding, segment, interchange, catalogue);
    let meant = || {
        meant().map(|name| {
            language.choose(format!("perhaps {name} was meant"), format!("peut-être fallait-il écrire {name}"))
        })
    };
    right.or_else(meant).unwrap_or_else(|| general(finding.error, language).to_owned())
}

/// The entry of the table.
fn general(error: SyntaxError, language: Language) -> &'static str {
    let entry = REMEDIES.iter().find(|(known, ..)| *known == error);
    entry.map(|(_, english, french)| language.choose(*english, *french)).unwrap_or_default()
}

/// The count or reference that the trailer should have.
fn right_value(finding: &SyntaxFinding, interchange: &Interchange<'_>) -> Option<String> {
    let Interchange { groups, messages, envelope, .. } = interchange;
    let index = |number: u32| usize::try_from(number).ok();
    match (finding.error, finding.place) {
        (SyntaxError::CountDoesNotMatch, Place::Message { message, .. }) => {
            Some(interchange.segments_of(messages.get(index(message)?)?).len().to_string())
        }
        (SyntaxError::CountDoesNotMatch, Place::FunctionalGroup { group, .. }) => {
            Some(messages.iter().filter(|message| message.group == Some(group)).count().to_string())
        }
        (SyntaxError::CountDoesNotMatch, Place::Interchange { .. }) => {
            Some(if groups.is_empty() { messages.len() } else { groups.len() }.to_string())
        }
        (SyntaxError::ReferencesDoNotMatch, Place::Message { message, .. }) => {
            Some(messages.get(index(message)?)?.reference.clone())
        }
        (SyntaxError::ReferencesDoNotMatch, Place::FunctionalGroup { group, .. }) => {
            Some(groups.get(index(group)?)?.reference.clone())
        }
        (SyntaxError::ReferencesDoNotMatch, Place::Interchange { .. }) => Some(envelope.reference.0.clone()),
        _ => None,
    }
}

/// The segment or message type that was perhaps meant.
fn nearest(
    finding: &SyntaxFinding,
    segment: Option<&Segment<'_>>,
    interchange: &Interchange<'_>,
    catalogue: &Catalogue,
) -> Option<String> {
    let message = interchange.messages.get(usize::try_from(finding.place.message()?).ok()?)?;
    match (finding.error, finding.place, catalogue.message(&message.kind)) {
        (SyntaxError::NotSupported, Place::Segment { element: None, .. }, Some(grammar)) => {
            nearest_tag(segment?, grammar)
        }
        (SyntaxError::ValueNotSupported, Place::Message { .. }, None) => nearest_type(&message.kind, catalogue),
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

/// What is generally done, in English and in French.
const REMEDIES: &[(SyntaxError, &str, &str)] = &[
    (
        SyntaxError::UnsupportedSyntax,
        "write UNOA to UNOK or UNOY and version 1 to 4 in UNB",
        "écrivez UNOA à UNOK ou UNOY et une version de 1 à 4 dans UNB",
    ),
    (
        SyntaxError::NotTheRecipient,
        "write the identity of the gateway into S003 of UNB",
        "écrivez l'identité de la passerelle dans S003 de UNB",
    ),
    (
        SyntaxError::InvalidValue,
        "compare the value with the directory and the guide",
        "comparez la valeur avec le répertoire et le guide",
    ),
    (
        SyntaxError::ValueNotSupported,
        "compare the value with the directory and the guide",
        "comparez la valeur avec le répertoire et le guide",
    ),
    (SyntaxError::Missing, "put it in at this place", "ajoutez-la à cet endroit"),
    (
        SyntaxError::NotSupported,
        "take it out, or put it where the directory has it",
        "retirez-le, ou placez-le là où le répertoire le prévoit",
    ),
    (
        SyntaxError::TooManyConstituents,
        "take out what is too much; perhaps a separator in a text is not released",
        "retirez le surplus; peut-être un séparateur dans un texte n'est-il pas annulé",
    ),
    (
        SyntaxError::NoAgreement,
        "agree with the administration on it first",
        "convenez-en d'abord avec l'administration",
    ),
    (SyntaxError::Unspecified, "correct the other findings first", "corrigez d'abord les autres constats"),
    (
        SyntaxError::InvalidDecimalNotation,
        "write the decimal mark that UNA names, or a full stop without UNA",
        "écrivez la marque décimale que nomme UNA, ou un point sans UNA",
    ),
    (
        SyntaxError::InvalidServiceCharacter,
        "choose six different characters, none of them a letter or a digit; UNA:+.? ' is usual",
        "choisissez six caractères différents, ni lettre ni chiffre; UNA:+.? ' est d'usage",
    ),
    (
        SyntaxError::InvalidCharacter,
        "write another character, or name a repertoire in UNB that has it",
        "écrivez un autre caractère, ou nommez dans UNB un répertoire qui le contient",
    ),
    (
        SyntaxError::InvalidServiceUse,
        "release service characters that stand in texts",
        "annulez les caractères de service qui se trouvent dans des textes",
    ),
    (
        SyntaxError::UnknownSender,
        "write the identity that belongs to this certificate into S002 of UNB",
        "écrivez dans S002 de UNB l'identité qui va avec ce certificat",
    ),
    (
        SyntaxError::TooOld,
        "send it again with a new reference and date",
        "renvoyez-le avec une nouvelle référence et une nouvelle date",
    ),
    (
        SyntaxError::TestNotSupported,
        "leave 0035 empty, or write 1 for practice",
        "laissez 0035 vide, ou écrivez 1 pour un essai",
    ),
    (SyntaxError::Duplicate, "give it a reference of its own", "donnez-lui une référence propre"),
    (
        SyntaxError::SecurityNotSupported,
        "leave security segments out: the channel is what is secured",
        "omettez les segments de sécurité: c'est le canal qui est sécurisé",
    ),
    (SyntaxError::ReferencesDoNotMatch, "repeat the reference of the header", "répétez la référence de l'en-tête"),
    (
        SyntaxError::CountDoesNotMatch,
        "count again: UNT counts segments with UNH and UNT, UNE messages, UNZ groups, or messages without groups",
        "recomptez: UNT compte les segments avec UNH et UNT, UNE les messages, UNZ les groupes, ou les messages sans groupe",
    ),
    (
        SyntaxError::GroupsAndMessagesMixed,
        "put all messages into functional groups, or none",
        "mettez tous les messages dans des groupes fonctionnels, ou aucun",
    ),
    (
        SyntaxError::MoreThanOneMessageType,
        "begin another functional group for the other type",
        "commencez un autre groupe fonctionnel pour l'autre type",
    ),
    (
        SyntaxError::LowerLevelEmpty,
        "put a message in, or leave the envelope out",
        "mettez-y un message, ou omettez l'enveloppe",
    ),
    (
        SyntaxError::OutsideMessage,
        "put it between UNH and UNT, or take it out",
        "placez-le entre UNH et UNT, ou retirez-le",
    ),
    (SyntaxError::NestingIndicator, "leave the indicator behind the tag out", "omettez l'indicateur après l'étiquette"),
    (
        SyntaxError::TooManyRepetitions,
        "take out what is too much, or divide it over several messages",
        "retirez le surplus, ou répartissez-le sur plusieurs messages",
    ),
    (
        SyntaxError::TooManyGroupRepetitions,
        "take out what is too much, or divide it over several messages",
        "retirez le surplus, ou répartissez-le sur plusieurs messages",
    ),
    (
        SyntaxError::InvalidCharacterType,
        "write only characters of the type that the directory demands",
        "n'écrivez que des caractères du type que le répertoire demande",
    ),
    (
        SyntaxError::MissingDigit,
        "write a digit in front of the decimal mark: 0.5",
        "écrivez un chiffre devant la marque décimale: 0.5",
    ),
    (SyntaxError::TooLong, "shorten it to the length of the directory", "raccourcissez-la à la longueur du répertoire"),
    (SyntaxError::TooShort, "lengthen it to the length of the directory", "allongez-la à la longueur du répertoire"),
    (
        SyntaxError::TrailingSeparator,
        "take out separators without anything after them",
        "retirez les séparateurs sans rien derrière",
    ),
    (SyntaxError::UnsupportedCharacterSet, "write UNOA to UNOK or UNOY in UNB", "écrivez UNOA à UNOK ou UNOY dans UNB"),
    (
        SyntaxError::UnsupportedEnvelope,
        "use UNB, UNG and UNH, and no other envelope",
        "utilisez UNB, UNG et UNH, et aucune autre enveloppe",
    ),
    (
        SyntaxError::DependencyViolated,
        "look at the dependency notes of the segment",
        "voyez les notes de dépendance du segment",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_remedy_is_there_in_both_languages() {
        for error in SyntaxError::ALL {
            let [english, french] = [Language::En, Language::Fr].map(|language| general(*error, language));
            assert!(!english.is_empty() && !french.is_empty() && !english.ends_with('.') && !french.ends_with('.'));
        }
    }

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
