//! The codes of CONTRL (0085) in words: what each means, an example, what its sender should do.
//!
//! This is the one table behind the hints of `lodged check` and behind `--explain`; [`SyntaxError`] has the numbers, the
//! short sentences, the syntax versions and the levels.

use crate::edifact::SyntaxError;
use crate::language::Language;

/// A text in English and in French.
type Both = [&'static str; 2];

/// What is to be said of one code.
#[derive(Debug)]
pub(super) struct SyntaxCode {
    pub(super) error: SyntaxError,
    meaning: Both,
    /// What has this mistake; none where no bytes alone show it.
    pub(super) wrong: Option<&'static str>,
    /// The same without the mistake.
    pub(super) right: Option<&'static str>,
    remedy: Both,
}

impl SyntaxCode {
    /// The entry of a code.
    pub(super) fn of(error: SyntaxError) -> Option<&'static Self> {
        CODES.iter().find(|code| code.error == error)
    }

    /// When it is sent, in whole sentences.
    pub(super) fn meaning(&self, language: Language) -> &'static str {
        let [english, french] = self.meaning;
        language.choose(english, french)
    }

    /// What is generally done, without a capital letter and without a full stop.
    pub(super) fn remedy(&self, language: Language) -> &'static str {
        let [english, french] = self.remedy;
        language.choose(english, french)
    }
}

/// The lines of an entry in the order in which they are read.
const fn code(error: SyntaxError, meaning: Both, example: [&'static str; 2], remedy: Both) -> SyntaxCode {
    let [wrong, right] = example;
    let wrong = if wrong.is_empty() { None } else { Some(wrong) };
    let right = if right.is_empty() { None } else { Some(right) };
    SyntaxCode { error, meaning, wrong, right, remedy }
}

/// All codes, in the order of their numbers.
const CODES: &[SyntaxCode] = &[
    code(
        SyntaxError::UnsupportedSyntax,
        [
            "UNB names a syntax identifier or a syntax version (S001) that is not known here. Known are UNOA to UNOK and UNOY in versions 1 to 4.",
            "UNB nomme un identifiant ou une version de syntaxe (S001) inconnus ici. Sont connus UNOA à UNOK et UNOY, en versions 1 à 4.",
        ],
        ["UNB+UNOC:9+…", "UNB+UNOC:3+…"],
        [
            "write UNOA to UNOK or UNOY and version 1 to 4 in UNB",
            "écrivez UNOA à UNOK ou UNOY et une version de 1 à 4 dans UNB",
        ],
    ),
    code(
        SyntaxError::NotTheRecipient,
        [
            "The recipient in UNB (S003) is neither the identity nor the practice identity of this gateway. Nothing of the interchange is processed: it may be meant for somebody else.",
            "Le destinataire de UNB (S003) n'est ni l'identité de cette passerelle ni son identité d'essai. Rien n'est traité: l'interchange est peut-être pour quelqu'un d'autre.",
        ],
        ["UNB+UNOC:3+ACMEFWD:ZZ+SOMEBODY+…", "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+…"],
        ["write the identity of the gateway into S003 of UNB", "écrivez l'identité de la passerelle dans S003 de UNB"],
    ),
    code(
        SyntaxError::InvalidValue,
        [
            "A value is not one that can stand here, and no other code says more exactly why. Syntax 3 also gets this code where its own list has none.",
            "Une valeur ne peut se trouver ici, et aucun autre code ne dit mieux pourquoi. La syntaxe 3 reçoit aussi ce code là où sa propre liste n'en a pas.",
        ],
        ["UNT+three+1'", "UNT+3+1'"],
        ["compare the value with the directory and the guide", "comparez la valeur avec le répertoire et le guide"],
    ),
    code(
        SyntaxError::Missing,
        [
            "A segment, a data element or a component is not there, and the directory says that it must be. What is missing after a segment is counted at that segment.",
            "Un segment, un élément de données ou un composant n'est pas là, et le répertoire l'exige. Ce qui manque après un segment est compté à ce segment.",
        ],
        ["RFF+:PO 88213'", "RFF+ON:PO 88213'"],
        ["put it in at this place", "ajoutez-la à cet endroit"],
    ),
    code(
        SyntaxError::ValueNotSupported,
        [
            "The value is well formed, but not one that is processed here: above all a message type, or a version of it, without a grammar or a guide.",
            "La valeur est bien formée, mais n'est pas traitée ici: surtout un type de message, ou une de ses versions, sans grammaire ou sans guide.",
        ],
        ["UNH+1+CUSDEC:D:95B:UN'", "UNH+1+CUSDEC:D:96B:UN'"],
        ["compare the value with the directory and the guide", "comparez la valeur avec le répertoire et le guide"],
    ),
    code(
        SyntaxError::NotSupported,
        [
            "A segment or an element stands where the directory has none: its tag is unknown to the message, or it comes too early or too late. Segments have an order.",
            "Un segment ou un élément se trouve là où le répertoire n'en prévoit pas: son étiquette est inconnue du message, ou il vient trop tôt ou trop tard. Les segments ont un ordre.",
        ],
        ["RFX+CU:PO 88214'", "RFF+CU:PO 88214'"],
        [
            "take it out, or put it where the directory has it",
            "retirez-le, ou placez-le là où le répertoire le prévoit",
        ],
    ),
    code(
        SyntaxError::TooManyConstituents,
        [
            "A segment has more data elements, or a data element more components, than the directory gives it. Often a separator in a text was not released.",
            "Un segment a plus d'éléments de données, ou un élément plus de composants, que le répertoire n'en prévoit. Souvent un séparateur dans un texte n'a pas été annulé.",
        ],
        ["FTX+AAA+++NUTS:BOLTS:SCREWS:NAILS:PINS:TACKS'", "FTX+AAA+++NUTS?: BOLTS, SCREWS'"],
        [
            "take out what is too much; perhaps a separator in a text is not released",
            "retirez le surplus; peut-être un séparateur dans un texte n'est-il pas annulé",
        ],
    ),
    code(
        SyntaxError::NoAgreement,
        [
            "What came would need an agreement between the partners, and there is none.",
            "Ce qui est venu demanderait un accord entre les partenaires, et il n'y en a pas.",
        ],
        ["", ""],
        ["agree with the administration on it first", "convenez-en d'abord avec l'administration"],
    ),
    code(
        SyntaxError::Unspecified,
        [
            "Something keeps the gateway from going on that has no code of its own: more mistakes than are told, more segments than are taken. The sentence beside the code says which limit it was.",
            "Quelque chose empêche la passerelle de continuer et n'a pas de code propre: plus de fautes qu'on n'en dit, plus de segments qu'on n'en prend. La phrase à côté du code dit quelle limite c'était.",
        ],
        ["", ""],
        ["correct the other findings first", "corrigez d'abord les autres constats"],
    ),
    code(
        SyntaxError::InvalidDecimalNotation,
        [
            "A number has a decimal mark that is not the one of UNA. Without UNA it is the full stop in syntax 1 to 3; in syntax 4 both full stop and comma are right.",
            "Un nombre a une marque décimale qui n'est pas celle de UNA. Sans UNA c'est le point dans les syntaxes 1 à 3; dans la syntaxe 4 point et virgule sont justes.",
        ],
        ["MOA+63:48250,75:CAD'", "MOA+63:48250.75:CAD'"],
        [
            "write the decimal mark that UNA names, or a full stop without UNA",
            "écrivez la marque décimale que nomme UNA, ou un point sans UNA",
        ],
    ),
    code(
        SyntaxError::InvalidServiceCharacter,
        [
            "UNA names a character twice, or one that cannot be a service character, so the interchange cannot be divided with certainty.",
            "UNA nomme un caractère deux fois, ou un qui ne peut être un caractère de service; l'interchange ne peut être divisé avec certitude.",
        ],
        ["UNA::.? '", "UNA:+.? '"],
        [
            "choose six different characters, none of them a letter or a digit; UNA:+.? ' is usual",
            "choisissez six caractères différents, ni lettre ni chiffre; UNA:+.? ' est d'usage",
        ],
    ),
    code(
        SyntaxError::InvalidCharacter,
        [
            "A byte is no character of the repertoire that UNB names: small letters in UNOA, letters with accents in UNOB, broken UTF-8 in UNOY, control characters anywhere.",
            "Un octet n'est pas un caractère du répertoire que nomme UNB: des minuscules en UNOA, des lettres accentuées en UNOB, de l'UTF-8 brisé en UNOY, des caractères de commande où que ce soit.",
        ],
        ["UNB+UNOA:3+…'…'CTA+IC+:É. Roy'", "UNB+UNOC:3+…'…'CTA+IC+:É. Roy'"],
        [
            "write another character, or name a repertoire in UNB that has it",
            "écrivez un autre caractère, ou nommez dans UNB un répertoire qui le contient",
        ],
    ),
    code(
        SyntaxError::InvalidServiceUse,
        [
            "A service character stands where it divides nothing that could be divided.",
            "Un caractère de service se trouve là où il ne divise rien qui puisse l'être.",
        ],
        ["FTX+AAA+++O'NEIL'", "FTX+AAA+++O?'NEIL'"],
        [
            "release service characters that stand in texts",
            "annulez les caractères de service qui se trouvent dans des textes",
        ],
    ),
    code(
        SyntaxError::UnknownSender,
        [
            "The sender in UNB (S002) is nobody's identity, or not one of the partner whose certificate opened the channel.",
            "L'expéditeur de UNB (S002) n'est l'identité de personne, ou n'est pas celle du partenaire dont le certificat a ouvert le canal.",
        ],
        ["UNB+UNOC:3+SOMEBODY:ZZ+LODGED+…", "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+…"],
        [
            "write the identity that belongs to this certificate into S002 of UNB",
            "écrivez dans S002 de UNB l'identité qui va avec ce certificat",
        ],
    ),
    code(
        SyntaxError::TooOld,
        [
            "The interchange was prepared longer ago than is taken.",
            "L'interchange a été préparé il y a plus longtemps que ce qui est pris.",
        ],
        ["", ""],
        ["send it again with a new reference and date", "renvoyez-le avec une nouvelle référence et une nouvelle date"],
    ),
    code(
        SyntaxError::TestNotSupported,
        [
            "The test indicator (0035) has a value other than 1. Here 1 marks practice, and an empty element what is meant.",
            "L'indicateur d'essai (0035) a une autre valeur que 1. Ici 1 marque un essai, et un élément vide ce qui est pour de bon.",
        ],
        ["UNB+…+ACME0000000001++++++2'", "UNB+…+ACME0000000001++++++1'"],
        ["leave 0035 empty, or write 1 for practice", "laissez 0035 vide, ou écrivez 1 pour un essai"],
    ),
    code(
        SyntaxError::Duplicate,
        [
            "A reference that has to be one of a kind came before: of a message in its interchange, or of an interchange with other content.",
            "Une référence qui doit être unique est déjà venue: d'un message dans son interchange, ou d'un interchange au contenu différent.",
        ],
        ["UNH+1+…  UNT+46+1'  UNH+1+…", "UNH+1+…  UNT+46+1'  UNH+2+…"],
        ["give it a reference of its own", "donnez-lui une référence propre"],
    ),
    code(
        SyntaxError::ReferencesDoNotMatch,
        [
            "The trailer repeats another reference than its header: UNT that of UNH (0062), UNE that of UNG (0048), UNZ that of UNB (0020).",
            "La fin répète une autre référence que l'en-tête: UNT celle de UNH (0062), UNE celle de UNG (0048), UNZ celle de UNB (0020).",
        ],
        ["UNH+1+…  UNT+46+2'", "UNH+1+…  UNT+46+1'"],
        ["repeat the reference of the header", "répétez la référence de l'en-tête"],
    ),
    code(
        SyntaxError::CountDoesNotMatch,
        [
            "The trailer counts otherwise than what came. Segments between two counts may have been lost on the way, so nothing of that level is believed.",
            "La fin compte autre chose que ce qui est venu. Des segments ont pu se perdre en chemin, et rien de ce niveau n'est cru.",
        ],
        ["UNH+1+…'BGM+…'UNT+5+1'", "UNH+1+…'BGM+…'UNT+3+1'"],
        [
            "count again: UNT counts segments with UNH and UNT, UNE messages, UNZ groups, or messages without groups",
            "recomptez: UNT compte les segments avec UNH et UNT, UNE les messages, UNZ les groupes, ou les messages sans groupe",
        ],
    ),
    code(
        SyntaxError::GroupsAndMessagesMixed,
        [
            "Some messages stand in functional groups and others outside of any.",
            "Des messages se trouvent dans des groupes fonctionnels et d'autres en dehors.",
        ],
        ["UNG+…'UNH+…'UNT+…'UNE+…'UNH+…'UNT+…'", "UNG+…'UNH+…'UNT+…'UNH+…'UNT+…'UNE+…'"],
        [
            "put all messages into functional groups, or none",
            "mettez tous les messages dans des groupes fonctionnels, ou aucun",
        ],
    ),
    code(
        SyntaxError::MoreThanOneMessageType,
        [
            "A functional group has messages of several types; UNG names one type (0038), and syntax 1 to 3 allows no other in it.",
            "Un groupe fonctionnel a des messages de plusieurs types; UNG en nomme un (0038), et les syntaxes 1 à 3 n'en admettent pas d'autre.",
        ],
        ["UNG+CUSDEC+…'UNH+1+CUSRES:D:96B:UN'", "UNG+CUSDEC+…'UNH+1+CUSDEC:D:96B:UN'"],
        [
            "begin another functional group for the other type",
            "commencez un autre groupe fonctionnel pour l'autre type",
        ],
    ),
    code(
        SyntaxError::LowerLevelEmpty,
        [
            "An interchange or a functional group has its header and its trailer and no message between them.",
            "Un interchange ou un groupe fonctionnel a son en-tête et sa fin, et aucun message entre les deux.",
        ],
        ["UNB+…'UNZ+0+1'", "UNB+…'UNH+…'…UNT+…'UNZ+1+1'"],
        ["put a message in, or leave the envelope out", "mettez-y un message, ou omettez l'enveloppe"],
    ),
    code(
        SyntaxError::OutsideMessage,
        [
            "A segment stands between UNT and the next UNH, where only service segments can.",
            "Un segment se trouve entre UNT et le UNH suivant, où seuls des segments de service peuvent se trouver.",
        ],
        ["UNT+46+1'RFF+ON:1'UNZ+1+1'", "RFF+ON:1'UNT+47+1'UNZ+1+1'"],
        ["put it between UNH and UNT, or take it out", "placez-le entre UNH et UNT, ou retirez-le"],
    ),
    code(
        SyntaxError::NestingIndicator,
        [
            "Components stand behind the tag of a segment: explicit nesting, which nobody uses and which is not taken here.",
            "Des composants se trouvent derrière l'étiquette d'un segment: l'imbrication explicite, que personne n'emploie et qui n'est pas prise ici.",
        ],
        ["LOC:1+36+JP'", "LOC+36+JP'"],
        ["leave the indicator behind the tag out", "omettez l'indicateur après l'étiquette"],
    ),
    code(
        SyntaxError::TooManyRepetitions,
        [
            "A segment, or in syntax 4 a data element, is repeated more often than the directory allows.",
            "Un segment, ou un élément de données dans la syntaxe 4, est répété plus souvent que le répertoire ne le permet.",
        ],
        ["BGM+830+A'BGM+830+B'", "BGM+830+A'"],
        [
            "take out what is too much, or divide it over several messages",
            "retirez le surplus, ou répartissez-le sur plusieurs messages",
        ],
    ),
    code(
        SyntaxError::TooManyGroupRepetitions,
        [
            "A segment group begins once more than the directory allows.",
            "Un groupe de segments commence une fois de plus que le répertoire ne le permet.",
        ],
        ["", ""],
        [
            "take out what is too much, or divide it over several messages",
            "retirez le surplus, ou répartissez-le sur plusieurs messages",
        ],
    ),
    code(
        SyntaxError::InvalidCharacterType,
        [
            "A number has something in it that is no number, or a value of letters has digits. A number is digits, a minus sign in front, a decimal mark inside.",
            "Un nombre contient autre chose qu'un nombre, ou une valeur de lettres contient des chiffres. Un nombre est fait de chiffres, d'un signe moins devant, d'une marque décimale à l'intérieur.",
        ],
        ["CNT+5:two'", "CNT+5:2'"],
        [
            "write only characters of the type that the directory demands",
            "n'écrivez que des caractères du type que le répertoire demande",
        ],
    ),
    code(
        SyntaxError::MissingDigit,
        [
            "A number begins with its decimal mark. Syntax 1 to 3 wants a digit in front of it.",
            "Un nombre commence par sa marque décimale. Les syntaxes 1 à 3 veulent un chiffre devant elle.",
        ],
        ["MEA+WT+AAD+KGM:.5'", "MEA+WT+AAD+KGM:0.5'"],
        ["write a digit in front of the decimal mark: 0.5", "écrivez un chiffre devant la marque décimale: 0.5"],
    ),
    code(
        SyntaxError::TooLong,
        [
            "A value has more characters than its representation allows: an..35 takes at most 35. Release characters do not count; of a number only the digits do.",
            "Une valeur a plus de caractères que sa représentation n'en permet: an..35 en prend au plus 35. Les caractères d'annulation ne comptent pas; d'un nombre, seuls les chiffres comptent.",
        ],
        ["LOC+36+JAPAN0123456789ABCDEFGHIJKL'", "LOC+36+JP'"],
        ["shorten it to the length of the directory", "raccourcissez-la à la longueur du répertoire"],
    ),
    code(
        SyntaxError::TooShort,
        [
            "A value has fewer characters than its representation demands: an4 takes exactly four.",
            "Une valeur a moins de caractères que sa représentation n'en exige: an4 en prend exactement quatre.",
        ],
        ["UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:45+…", "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:0045+…"],
        ["lengthen it to the length of the directory", "allongez-la à la longueur du répertoire"],
    ),
    code(
        SyntaxError::TrailingSeparator,
        [
            "A separator has nothing behind it. Syntax 4 wants such separators left out; syntax 1 to 3 tolerates them.",
            "Un séparateur n'a rien derrière lui. La syntaxe 4 veut qu'on l'omette; les syntaxes 1 à 3 le tolèrent.",
        ],
        ["LOC+36+JP++'", "LOC+36+JP'"],
        ["take out separators without anything after them", "retirez les séparateurs sans rien derrière"],
    ),
    code(
        SyntaxError::UnsupportedCharacterSet,
        [
            "UNB of syntax 4 names a repertoire that is not known here, UNOX for one. Syntax 3 has no such code and gets 2.",
            "UNB de la syntaxe 4 nomme un répertoire inconnu ici, UNOX par exemple. La syntaxe 3 n'a pas ce code et reçoit 2.",
        ],
        ["UNB+UNOX:4+…", "UNB+UNOY:4+…"],
        ["write UNOA to UNOK or UNOY in UNB", "écrivez UNOA à UNOK ou UNOY dans UNB"],
    ),
    code(
        SyntaxError::UnsupportedEnvelope,
        [
            "An envelope of syntax 4 that is not taken here: packages (UNO), groups of objects, interactive interchanges.",
            "Une enveloppe de la syntaxe 4 qui n'est pas prise ici: paquets (UNO), groupes d'objets, interchanges interactifs.",
        ],
        ["UNB+…'UNO+…'UNP+…'UNZ+1+1'", "UNB+…'UNH+…'UNT+…'UNZ+1+1'"],
        ["use UNB, UNG and UNH, and no other envelope", "utilisez UNB, UNG et UNH, et aucune autre enveloppe"],
    ),
    code(
        SyntaxError::DependencyViolated,
        [
            "Elements of a segment depend on each other by a note of the directory, and these do not agree with it.",
            "Des éléments d'un segment dépendent l'un de l'autre par une note du répertoire, et ceux-ci ne s'y tiennent pas.",
        ],
        ["", ""],
        ["look at the dependency notes of the segment", "voyez les notes de dépendance du segment"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_entry_in_the_order_of_the_standard() {
        let known: Vec<SyntaxError> = CODES.iter().map(|code| code.error).collect();
        assert_eq!(known, SyntaxError::ALL);
    }

    #[test]
    fn meanings_are_sentences_and_remedies_are_not() {
        for code in CODES {
            for language in [Language::En, Language::Fr] {
                let (meaning, remedy) = (code.meaning(language), code.remedy(language));
                assert!(meaning.ends_with('.') && !remedy.is_empty() && !remedy.ends_with('.'), "{:?}", code.error);
                assert!(remedy.starts_with(|letter: char| letter.is_lowercase()), "{:?}", code.error);
            }
            assert_eq!(code.wrong.is_some(), code.right.is_some(), "{:?}", code.error);
        }
    }
}
