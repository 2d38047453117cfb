//! The codes of CONTRL (0085) in words: what each means, an example, what its sender should do.
//!
//! This is the one table behind the hints of `lodged check`, behind `--explain` and behind the texts of
//! `docs/contrl-codes.md`, which `tests/contrl_codes.rs` holds against it; [`SyntaxError`] has the numbers, the short
//! sentences, the syntax versions and the levels.

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
            "The syntax version (0002) is none of 1 to 4, its release (0076) is not one of syntax 4, or, towards syntax 1 to 3, the syntax identifier (0001) is none of UNOA to UNOK and UNOY: those versions have no code of its own for a repertoire.",
            "La version de syntaxe (0002) n'est aucune de 1 à 4, sa révision (0076) n'en est pas une de la syntaxe 4, ou, envers les syntaxes 1 à 3, l'identifiant de syntaxe (0001) n'est ni UNOA à UNOK ni UNOY: ces versions n'ont pas de code propre pour un répertoire.",
        ],
        ["UNB+UNOC:9+…", "UNB+UNOC:3+…"],
        [
            "write UNOA to UNOK or UNOY, a version from 1 to 4 and, where a release is stated at all, 01 or 02",
            "écrivez UNOA à UNOK ou UNOY, une version de 1 à 4 et, si une révision est indiquée, 01 ou 02",
        ],
    ),
    code(
        SyntaxError::NotTheRecipient,
        [
            "S003 of UNB names somebody else than this gateway. The test indicator belongs to it: where practice has an identity of its own, real interchanges to it are not for it.",
            "S003 de UNB nomme quelqu'un d'autre que cette passerelle. L'indicateur d'essai en fait partie: là où les essais ont leur propre identité, de vrais interchanges qui lui sont adressés ne sont pas pour elle.",
        ],
        ["UNB+UNOC:3+ACMEFWD:ZZ+SOMEBODY+…", "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+…"],
        [
            "address the interchange to the identity in the interchange agreement, with its qualifier",
            "adressez l'interchange à l'identité de l'accord d'interchange, avec son qualifiant",
        ],
    ),
    code(
        SyntaxError::InvalidValue,
        [
            "A value has the right form and still cannot be: a day or time that does not exist (S004), an acknowledgement request that is neither 1 nor 2 (0031), a status of the transfer that is neither C nor F (0073), a section that is neither D nor S (0081), or a code that the list of its directory does not have, where values are held against those lists. Towards syntax 4 it also stands for explicit nesting, which that version does not know.",
            "Une valeur a la bonne forme et ne peut pourtant pas être: un jour ou une heure qui n'existent pas (S004), une demande d'accusé qui n'est ni 1 ni 2 (0031), un état du transfert qui n'est ni C ni F (0073), une section qui n'est ni D ni S (0081), ou un code que la liste de son répertoire n'a pas, là où les valeurs sont comparées à ces listes. Envers la syntaxe 4, il vaut aussi pour l'imbrication explicite, que cette version ne connaît pas.",
        ],
        ["UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261321:0045+…", "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:0045+…"],
        [
            "write a value that there is: a day of the calendar, a code of its list",
            "écrivez une valeur qui existe: un jour du calendrier, un code de sa liste",
        ],
    ),
    code(
        SyntaxError::Missing,
        [
            "Something mandatory is not there: a trailer, a segment, an element, a component. A missing segment is reported at the last one processed before the place where it was expected (0096), a missing segment group as its first segment.",
            "Quelque chose d'obligatoire n'est pas là: une fin, un segment, un élément, un composant. Un segment manquant est compté au dernier traité avant l'endroit où il était attendu (0096), un groupe de segments manquant comme son premier segment.",
        ],
        ["RFF+:PO 88213'", "RFF+ON:PO 88213'"],
        ["put it in where it was expected", "ajoutez-le là où il était attendu"],
    ),
    code(
        SyntaxError::ValueNotSupported,
        [
            "The value is good and not for here: a message type or version that is not processed (UNH), or the section identification of another section (UNS).",
            "La valeur est bonne et n'est pas pour ici: un type ou une version de message qui n'est pas traité (UNH), ou l'identification d'une autre section (UNS).",
        ],
        ["UNH+1+CUSDEC:D:95B:UN'", "UNH+1+CUSDEC:D:96B:UN'"],
        [
            "send what the implementation guide names, in the version it names; put D before the goods and S behind them",
            "envoyez ce que nomme le guide, dans la version qu'il nomme; mettez D devant les marchandises et S derrière",
        ],
    ),
    code(
        SyntaxError::NotSupported,
        [
            "A segment has no place where it stands: the message has no such segment, or not there. Segments have an order.",
            "Un segment n'a pas de place là où il se trouve: le message n'a pas ce segment, ou pas à cet endroit. Les segments ont un ordre.",
        ],
        ["RFX+CU:PO 88214'", "RFF+CU:PO 88214'"],
        [
            "take it out, or put it where the segment table has it",
            "retirez-le, ou placez-le là où la table des segments le prévoit",
        ],
    ),
    code(
        SyntaxError::TooManyConstituents,
        [
            "There are more elements in a segment, or more components in an element, than are defined. Often a separator in a text was not released.",
            "Il y a plus d'éléments dans un segment, ou plus de composants dans un élément, que ce qui est défini. Souvent un séparateur dans un texte n'a pas été annulé.",
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
            "The interchange names an agreement (0032) that is not the one with this partner. An operator states that one as agreement.identifier; without it, what is named is not compared.",
            "L'interchange nomme un accord (0032) qui n'est pas celui conclu avec ce partenaire. Un exploitant l'indique dans agreement.identifier; sans lui, ce qui est nommé n'est pas comparé.",
        ],
        ["", ""],
        ["name the agreement that was concluded, or none", "nommez l'accord qui a été conclu, ou aucun"],
    ),
    code(
        SyntaxError::Unspecified,
        [
            "An error without a code of its own. Here it notes that something was cut: more than 99 element errors in one segment (then at UCS), more than 999 segments in error or 1,000 findings in a message (UCM), more findings or segments in an interchange than are looked at (UCI). What was cut was refused with the level.",
            "Une erreur sans code propre. Ici il note que quelque chose a été coupé: plus de 99 erreurs d'éléments dans un segment (alors à UCS), plus de 999 segments fautifs ou 1 000 constats dans un message (UCM), plus de constats ou de segments dans un interchange qu'on n'en examine (UCI). Ce qui a été coupé a été refusé avec le niveau.",
        ],
        ["", ""],
        [
            "correct what is reported and send it again: the rest is reported then",
            "corrigez ce qui est signalé et renvoyez: le reste sera signalé alors",
        ],
    ),
    code(
        SyntaxError::InvalidDecimalNotation,
        [
            "A number uses another decimal mark than UNA names, or UNA names one that is neither full stop nor comma. Without UNA it is the full stop. Syntax 4 takes both marks whatever UNA says.",
            "Un nombre emploie une autre marque décimale que celle que nomme UNA, ou UNA en nomme une qui n'est ni le point ni la virgule. Sans UNA c'est le point. La syntaxe 4 prend les deux marques quoi que dise UNA.",
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
            "UNA makes a character a service character that cannot be one: a letter, a digit, a blank that is none of the optional ones, or one that has another role already. The default characters are read with, as far as they go.",
            "UNA fait un caractère de service d'un caractère qui ne peut l'être: une lettre, un chiffre, une espace qui n'est pas l'une des facultatives, ou un caractère qui a déjà un autre rôle. On lit avec les caractères par défaut, aussi loin qu'ils mènent.",
        ],
        ["UNA::.? '", "UNA:+.? '"],
        [
            "choose different characters, neither letters nor digits; UNA:+.? ' is usual",
            "choisissez des caractères différents, ni lettres ni chiffres; UNA:+.? ' est d'usage",
        ],
    ),
    code(
        SyntaxError::InvalidCharacter,
        [
            "A byte is none of the repertoire that UNB names: a small letter under UNOA, a control character, an undefined code point of UNOC to UNOK, a broken sequence of UTF-8 under UNOY.",
            "Un octet n'est pas du répertoire que nomme UNB: une minuscule sous UNOA, un caractère de commande, un point de code indéfini de UNOC à UNOK, une séquence brisée d'UTF-8 sous UNOY.",
        ],
        ["UNB+UNOA:3+…'…'CTA+IC+:É. Roy'", "UNB+UNOC:3+…'…'CTA+IC+:É. Roy'"],
        [
            "write another character, or name the repertoire in UNB that has it",
            "écrivez un autre caractère, ou nommez dans UNB le répertoire qui le contient",
        ],
    ),
    code(
        SyntaxError::InvalidServiceUse,
        [
            "Behind a tag stands something that is no service character of this interchange: it was written with other separators than UNA names, or than the default ones. A tag that begins the envelope is taken for it all the same, so that one mistake is one finding.",
            "Derrière une étiquette se trouve quelque chose qui n'est pas un caractère de service de cet interchange: il a été écrit avec d'autres séparateurs que ceux que nomme UNA, ou que ceux par défaut. Une étiquette qui ouvre l'enveloppe est prise pour elle quand même, afin qu'une faute soit un seul constat.",
        ],
        ["LOC*36*JP'", "LOC+36+JP'"],
        [
            "write the separators of UNA, or announce yours in UNA",
            "écrivez les séparateurs de UNA, ou annoncez les vôtres dans UNA",
        ],
    ),
    code(
        SyntaxError::UnknownSender,
        [
            "S002 of UNB names a sender that the certificate of the connection does not belong to. Nothing is used up by it.",
            "S002 de UNB nomme un expéditeur à qui le certificat de la connexion n'appartient pas. Rien n'en est consommé.",
        ],
        ["UNB+UNOC:3+SOMEBODY:ZZ+LODGED+…", "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+…"],
        [
            "name the identity in the interchange agreement, with its qualifier",
            "nommez l'identité de l'accord d'interchange, avec son qualifiant",
        ],
    ),
    code(
        SyntaxError::TooOld,
        [
            "The interchange or functional group was prepared (S004) longer ago than the agreement allows (agreement.age_days_max); without such a limit, any age is taken.",
            "L'interchange ou le groupe fonctionnel a été préparé (S004) il y a plus longtemps que l'accord ne le permet (agreement.age_days_max); sans cette limite, tout âge est pris.",
        ],
        ["", ""],
        [
            "prepare it again, with a new reference and moment, if it is still meant",
            "préparez-le de nouveau, avec une nouvelle référence et un nouveau moment, s'il vaut encore",
        ],
    ),
    code(
        SyntaxError::TestNotSupported,
        [
            "The test indicator (0035) is something else than 1. Here 1 marks practice, and an empty element what is meant.",
            "L'indicateur d'essai (0035) est autre chose que 1. Ici 1 marque un essai, et un élément vide ce qui est pour de bon.",
        ],
        ["UNB+…+ACME0000000001++++++2'", "UNB+…+ACME0000000001++++++1'"],
        ["write 1 for practice and nothing for real", "écrivez 1 pour un essai et rien pour de bon"],
    ),
    code(
        SyntaxError::Duplicate,
        [
            "A reference was used before: that of an interchange by this sender with other bytes, that of a functional group or message in the same interchange. The same interchange again is no duplicate: it gets its first answers.",
            "Une référence a déjà été employée: celle d'un interchange de cet expéditeur avec d'autres octets, celle d'un groupe fonctionnel ou d'un message du même interchange. Le même interchange une seconde fois n'est pas un doublon: il reçoit ses premières réponses.",
        ],
        ["UNH+1+…  UNT+46+1'  UNH+1+…", "UNH+1+…  UNT+46+1'  UNH+2+…"],
        [
            "give each interchange, group and message a reference of its own",
            "donnez à chaque interchange, groupe et message une référence propre",
        ],
    ),
    code(
        SyntaxError::SecurityNotSupported,
        [
            "A security segment (USH, USA and so on) of ISO 9735-5 stands in the interchange, and none is processed here.",
            "Un segment de sécurité (USH, USA et ainsi de suite) de l'ISO 9735-5 se trouve dans l'interchange, et aucun n'est traité ici.",
        ],
        ["UNH+1+…'USH+…'BGM+…", "UNH+1+…'BGM+…"],
        [
            "leave security segments out: the channel is what is secured",
            "omettez les segments de sécurité: c'est le canal qui est sécurisé",
        ],
    ),
    code(
        SyntaxError::ReferencesDoNotMatch,
        [
            "The trailer does not repeat the reference of its header: UNT that of UNH (0062), UNE that of UNG (0048), UNZ that of UNB (0020).",
            "La fin ne répète pas la référence de son en-tête: UNT celle de UNH (0062), UNE celle de UNG (0048), UNZ celle de UNB (0020).",
        ],
        ["UNH+1+…  UNT+46+2'", "UNH+1+…  UNT+46+1'"],
        ["repeat the reference of the header", "répétez la référence de l'en-tête"],
    ),
    code(
        SyntaxError::CountDoesNotMatch,
        [
            "The trailer counts something else than what arrived: UNT segments with UNH and UNT, UNE messages and packages, UNZ functional groups or, without those, messages and packages.",
            "La fin compte autre chose que ce qui est arrivé: UNT les segments avec UNH et UNT, UNE les messages et paquets, UNZ les groupes fonctionnels ou, sans eux, les messages et paquets.",
        ],
        ["UNH+1+…'BGM+…'UNT+5+1'", "UNH+1+…'BGM+…'UNT+3+1'"],
        [
            "count again; perhaps a part got lost on the way",
            "recomptez; peut-être une partie s'est-elle perdue en chemin",
        ],
    ),
    code(
        SyntaxError::GroupsAndMessagesMixed,
        [
            "Functional groups stand beside messages or packages outside of groups.",
            "Des groupes fonctionnels se trouvent à côté de messages ou de paquets hors de tout groupe.",
        ],
        ["UNG+…'UNH+…'UNT+…'UNE+…'UNH+…'UNT+…'", "UNG+…'UNH+…'UNT+…'UNH+…'UNT+…'UNE+…'"],
        ["put all messages into groups, or none", "mettez tous les messages dans des groupes, ou aucun"],
    ),
    code(
        SyntaxError::MoreThanOneMessageType,
        [
            "A functional group holds messages of two types or more, which syntax 4 allows and the older versions do not. It is told once.",
            "Un groupe fonctionnel contient des messages de deux types ou plus, ce que permet la syntaxe 4 et non les versions antérieures. C'est dit une fois.",
        ],
        ["UNG+CUSDEC+…'UNH+1+CUSRES:D:96B:UN'", "UNG+CUSDEC+…'UNH+1+CUSDEC:D:96B:UN'"],
        ["begin another group for the other type", "commencez un autre groupe pour l'autre type"],
    ),
    code(
        SyntaxError::LowerLevelEmpty,
        [
            "The interchange has no group, message or package, or a group no message.",
            "L'interchange n'a ni groupe, ni message, ni paquet, ou un groupe n'a pas de message.",
        ],
        ["UNB+…'UNZ+0+1'", "UNB+…'UNH+…'…UNT+…'UNZ+1+1'"],
        ["put one in, or send nothing", "mettez-en un, ou n'envoyez rien"],
    ),
    code(
        SyntaxError::OutsideMessage,
        [
            "A segment stands between messages or between groups, or something behind UNZ. It is reported at the level above.",
            "Un segment se trouve entre des messages ou entre des groupes, ou quelque chose suit UNZ. Il est signalé au niveau au-dessus.",
        ],
        ["UNT+46+1'RFF+ON:1'UNZ+1+1'", "RFF+ON:1'UNT+47+1'UNZ+1+1'"],
        ["put it between UNH and UNT, or take it out", "placez-le entre UNH et UNT, ou retirez-le"],
    ),
    code(
        SyntaxError::NestingIndicator,
        [
            "Explicit nesting: something stands behind a component separator in the tag.",
            "L'imbrication explicite: quelque chose se trouve derrière un séparateur de composants dans l'étiquette.",
        ],
        ["LOC:1+36+JP'", "LOC+36+JP'"],
        ["leave the indicator behind the tag out", "omettez l'indicateur après l'étiquette"],
    ),
    code(
        SyntaxError::TooManyRepetitions,
        [
            "A segment stands more often than the table allows or, in syntax 4, an element repeats more often than its segment allows.",
            "Un segment se trouve plus souvent que la table ne le permet ou, dans la syntaxe 4, un élément est répété plus souvent que son segment ne le permet.",
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
            "A segment group begins more often than the table allows.",
            "Un groupe de segments commence plus souvent que la table ne le permet.",
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
            "Letters stand in a number or digits in letters, or what stands there is no number: two marks, a sign that is not in front, a mark with no digit behind it.",
            "Des lettres se trouvent dans un nombre ou des chiffres parmi des lettres, ou ce qui s'y trouve n'est pas un nombre: deux marques, un signe qui n'est pas devant, une marque sans chiffre derrière elle.",
        ],
        ["CNT+5:two'", "CNT+5:2'"],
        ["write only what the element takes", "n'écrivez que ce que prend l'élément"],
    ),
    code(
        SyntaxError::MissingDigit,
        [
            "A number begins with its decimal mark. Syntax 4 allows that.",
            "Un nombre commence par sa marque décimale. La syntaxe 4 le permet.",
        ],
        ["MEA+WT+AAD+KGM:.5'", "MEA+WT+AAD+KGM:0.5'"],
        ["write a zero in front: 0.5", "écrivez un zéro devant: 0.5"],
    ),
    code(
        SyntaxError::TooLong,
        [
            "A value is longer than its element; in numbers neither sign nor decimal mark counts, and release characters never do.",
            "Une valeur est plus longue que son élément; dans les nombres ni le signe ni la marque décimale ne comptent, et les caractères d'annulation jamais.",
        ],
        ["LOC+36+JAPAN0123456789ABCDEFGHIJKL'", "LOC+36+JP'"],
        ["shorten it to the length of the directory", "raccourcissez-la à la longueur du répertoire"],
    ),
    code(
        SyntaxError::TooShort,
        ["A value is shorter than its element.", "Une valeur est plus courte que son élément."],
        ["UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:45+…", "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:0045+…"],
        ["complete it to the length of the directory", "complétez-la à la longueur du répertoire"],
    ),
    code(
        SyntaxError::TrailingSeparator,
        [
            "A separator stands with nothing behind it, which syntax 4 forbids.",
            "Un séparateur n'a rien derrière lui, ce que la syntaxe 4 interdit.",
        ],
        ["LOC+36+JP++'", "LOC+36+JP'"],
        [
            "leave out separators at the end of elements and segments",
            "omettez les séparateurs à la fin d'éléments et de segments",
        ],
    ),
    code(
        SyntaxError::UnsupportedCharacterSet,
        [
            "The syntax identifier (0001) is none of UNOA to UNOK and UNOY, or the encoding stated beside it (0133) is not that of the repertoire.",
            "L'identifiant de syntaxe (0001) n'est ni UNOA à UNOK ni UNOY, ou le codage indiqué à côté (0133) n'est pas celui du répertoire.",
        ],
        ["UNB+UNOX:4+…", "UNB+UNOY:4+…"],
        ["name one of these repertoires, and leave 0133 out", "nommez un de ces répertoires, et omettez 0133"],
    ),
    code(
        SyntaxError::UnsupportedEnvelope,
        [
            "The envelope is one that is not processed: a package (UNO to UNP), whose object is not looked at, or security segments of a functional group. Where an interchange ends is found before packages are known: an object that holds a segment terminator and behind it UNZ, UNA or UNB cuts the interchange there, and its parts are refused for what they lack.",
            "L'enveloppe en est une qui n'est pas traitée: un paquet (UNO à UNP), dont l'objet n'est pas examiné, ou des segments de sécurité d'un groupe fonctionnel. La fin d'un interchange est trouvée avant que les paquets soient connus: un objet qui contient un terminateur de segment suivi de UNZ, UNA ou UNB y coupe l'interchange, et ses parties sont refusées pour ce qui leur manque.",
        ],
        ["UNB+…'UNO+…'UNP+…'UNZ+1+1'", "UNB+…'UNH+…'UNT+…'UNZ+1+1'"],
        [
            "send messages in UNB, UNG and UNH, without packages and security segments",
            "envoyez des messages dans UNB, UNG et UNH, sans paquets ni segments de sécurité",
        ],
    ),
    code(
        SyntaxError::DependencyViolated,
        [
            "A dependency note is broken: UNG states one of 0038, 0051 and S008 and not all three (ISO 9735-10, UNG, note D2(010,060,070)).",
            "Une note de dépendance n'est pas respectée: UNG indique l'un de 0038, 0051 et S008 et non les trois (ISO 9735-10, UNG, note D2(010,060,070)).",
        ],
        ["UNG+CUSDEC+A+B+261121:0045+1'", "UNG+CUSDEC+A+B+261121:0045+1+UN+D:96B'"],
        ["state all of them or none", "indiquez-les tous ou aucun"],
    ),
];

/// A code that only a network between the parties can say; it is in the list of syntax 1 to 3, and is never sent here.
#[derive(Debug)]
pub(super) struct NetworkCode {
    pub(super) number: u8,
    sentence: Both,
    why: Both,
}

impl NetworkCode {
    /// The entry of a number of 0085.
    pub(super) fn of(number: u8) -> Option<&'static Self> {
        NETWORK_CODES.iter().find(|code| code.number == number)
    }

    /// What it says, without a capital letter and without a full stop.
    pub(super) fn sentence(&self, language: Language) -> &'static str {
        let [english, french] = self.sentence;
        language.choose(english, french)
    }

    /// Why it is never sent, without a capital letter and without a full stop.
    pub(super) fn why(&self, language: Language) -> &'static str {
        let [english, french] = self.why;
        language.choose(english, french)
    }
}

/// Why there is no error of a network here.
const TRANSFERRED: Both = [
    "a network reports it of a transfer that it could not make; what arrives here has been transferred",
    "un réseau le signale d'un transfert qu'il n'a pu faire; ce qui arrive ici a été transféré",
];

/// The codes of networks, in the words of the page.
const NETWORK_CODES: &[NetworkCode] = &[
    NetworkCode {
        number: 41,
        sentence: ["permanent communication network error", "erreur permanente du réseau de communication"],
        why: TRANSFERRED,
    },
    NetworkCode {
        number: 42,
        sentence: ["temporary communication network error", "erreur temporaire du réseau de communication"],
        why: TRANSFERRED,
    },
    NetworkCode {
        number: 43,
        sentence: ["unknown interchange recipient", "destinataire de l'interchange inconnu"],
        why: [
            "a network reports it of an address that it does not know; a recipient that is not this gateway is 7",
            "un réseau le signale d'une adresse qu'il ne connaît pas; un destinataire qui n'est pas cette passerelle est 7",
        ],
    },
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
