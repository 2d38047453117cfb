//! What a partner got wrong in syntax: a code, a place, a span of bytes. Data, never an error.
//!
//! Start with [`SyntaxFinding`]. The codes are those of data element 0085; which syntax version knows which, and which
//! level of CONTRL may carry which, stands in one table below.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::envelope::SyntaxVersion;

/// Something the partner got wrong. Data: we go on and tell all of it at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyntaxFinding {
    /// What is wrong (0085).
    pub error: SyntaxError,
    /// Where, counted as CONTRL counts.
    pub place: Place,
    /// The bytes of the interchange that show it, for people.
    pub span: Range<usize>,
    /// What was expected or found, in plain words, when the code alone does not say it.
    pub detail: String,
}

/// A finding with its parts in the order in which they are known.
pub(super) fn finding(error: SyntaxError, place: Place, span: Range<usize>, detail: &str) -> SyntaxFinding {
    SyntaxFinding { error, place, span, detail: detail.to_owned() }
}

/// Where CONTRL reports a finding: the lowest level that it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// The interchange as a whole: UNA, UNB or UNZ (UCI).
    Interchange {
        /// The service segment at fault (0013), when it is one.
        segment: Option<ServiceTag>,
        /// The element of it.
        element: Option<ElementPlace>,
    },
    /// A functional group, counted from 0 in the interchange (UCF).
    FunctionalGroup {
        /// Which one.
        group: u32,
        /// UNG or UNE (0013).
        segment: Option<ServiceTag>,
        /// The element of it.
        element: Option<ElementPlace>,
    },
    /// A message or package, counted from 0 in the interchange (UCM).
    Message {
        /// Which one.
        message: u32,
        /// UNH or UNT, UNO or UNP (0013).
        segment: Option<ServiceTag>,
        /// The element of it.
        element: Option<ElementPlace>,
    },
    /// A segment of a message (UCS), or an element of it (UCD).
    Segment {
        /// The message, counted from 0 in the interchange.
        message: u32,
        /// Position in the message, UNH = 1 (0096).
        position: u32,
        /// The element, when the segment itself is not at fault.
        element: Option<ElementPlace>,
    },
}

impl Place {
    /// The message that this place lies in.
    #[must_use]
    pub fn message(&self) -> Option<u32> {
        match *self {
            Self::Message { message, .. } | Self::Segment { message, .. } => Some(message),
            Self::Interchange { .. } | Self::FunctionalGroup { .. } => None,
        }
    }
}

/// An element in its segment (S011): 0098, 0104 and 0136.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ElementPlace {
    /// Position of the data element in the segment; the tag is 1, the first data element 2 (0098).
    pub element: u16,
    /// Position of the component in its composite, first = 1; none when the whole element is meant (0104).
    pub component: Option<u16>,
    /// Which repetition of a repeating element, first = 1; only syntax 4 (0136).
    pub occurrence: Option<u32>,
}

impl ElementPlace {
    /// A whole data element. The tag is 1, the first data element 2.
    #[must_use]
    pub fn element(element: u16) -> Self {
        Self { element, component: None, occurrence: None }
    }

    /// A component of a composite, both counted as CONTRL counts.
    #[must_use]
    pub fn component(element: u16, component: u16) -> Self {
        Self { element, component: Some(component), occurrence: None }
    }
}

/// A service segment that CONTRL can name in 0013 (syntax 4: 0135).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are the tags of ISO 9735 and say themselves")]
pub enum ServiceTag {
    Una,
    Unb,
    Ung,
    Unh,
    Unt,
    Uno,
    Unp,
    Une,
    Unz,
}

impl ServiceTag {
    /// The tag as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Una => "UNA",
            Self::Unb => "UNB",
            Self::Ung => "UNG",
            Self::Unh => "UNH",
            Self::Unt => "UNT",
            Self::Uno => "UNO",
            Self::Unp => "UNP",
            Self::Une => "UNE",
            Self::Unz => "UNZ",
        }
    }
}

/// A level of the CONTRL message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// UCI.
    Interchange,
    /// UCF.
    FunctionalGroup,
    /// UCM.
    Message,
    /// UCS.
    Segment,
    /// UCD.
    Element,
}

impl Level {
    /// All of them, from the outermost in.
    pub const ALL: [Self; 5] = [Self::Interchange, Self::FunctionalGroup, Self::Message, Self::Segment, Self::Element];

    /// The segment of CONTRL that reports it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interchange => "UCI",
            Self::FunctionalGroup => "UCF",
            Self::Message => "UCM",
            Self::Segment => "UCS",
            Self::Element => "UCD",
        }
    }

    /// Its letter in the table below.
    fn letter(self) -> char {
        match self {
            Self::Interchange => 'I',
            Self::FunctionalGroup => 'F',
            Self::Message => 'M',
            Self::Segment => 'S',
            Self::Element => 'D',
        }
    }
}

macro_rules! syntax_errors {
    ($($code:literal $name:ident $older:literal $newer:literal $english:literal $french:literal)*) => {
        /// The syntax errors of data element 0085 that this gateway can find.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum SyntaxError {
            $(#[doc = $english] $name,)*
        }

        impl SyntaxError {
            /// All of them, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            fn row(self) -> (u8, &'static str, &'static str, &'static str, &'static str) {
                match self { $(Self::$name => ($code, $older, $newer, $english, $french),)* }
            }
        }
    };
}

// Which of UCI, UCF, UCM, UCS and UCD (I F M S D) may carry a code: in syntax 1 to 3, then in syntax 4; where none may, the
// version's list has no such code. Syntax 4: ISO 9735-4 Annex A. Syntax 3: the segment layouts of EANCOM 1997, whose UCF
// and UCM go by Annex A. 41 to 43 of syntax 3 are what a network says of a transfer, and are never found here.
syntax_errors! {
     2 UnsupportedSyntax       "I"     "I"     "the syntax version or level is not supported" "la version ou le niveau de syntaxe n'est pas pris en charge"
     7 NotTheRecipient         "I"     "I"     "the recipient named in UNB is not this one" "le destinataire nommé dans UNB n'est pas celui-ci"
    12 InvalidValue            "IFMSD" "IFMSD" "the value is not valid here" "la valeur n'est pas valide ici"
    13 Missing                 "IFMSD" "IFMSD" "a mandatory part is missing" "une partie obligatoire manque"
    14 ValueNotSupported       "IFMSD" "IFMSD" "the value is not supported in this position" "la valeur n'est pas prise en charge à cette position"
    15 NotSupported            "IFMSD" "IFMSD" "this is not supported in this position" "ceci n'est pas pris en charge à cette position"
    16 TooManyConstituents     "IFMSD" "IFMSD" "there are more parts than the grammar allows" "il y a plus de parties que la grammaire n'en permet"
    17 NoAgreement             "IFM"   "IFMS"  "there is no agreement for this" "il n'y a pas d'accord pour ceci"
    18 Unspecified             "IFMSD" "IFMSD" "an error without a code of its own" "une erreur sans code propre"
    19 InvalidDecimalNotation  "ID"    ""      "the decimal mark is not the one UNA names" "la marque décimale n'est pas celle que nomme UNA"
    20 InvalidServiceCharacter "I"     "I"     "a character of UNA cannot be a service character" "un caractère de UNA ne peut être un caractère de service"
    21 InvalidCharacter        "IFMSD" "IFMSD" "a character is outside the repertoire" "un caractère est hors du répertoire"
    22 InvalidServiceUse       "IFMSD" "IFMSD" "a service character is used wrongly" "un caractère de service est mal employé"
    23 UnknownSender           "I"     "I"     "the sender is unknown, or is not the one this channel belongs to" "l'expéditeur est inconnu ou n'est pas celui de ce canal"
    24 TooOld                  "IF"    "IF"    "the interchange is too old" "l'interchange est trop ancien"
    25 TestNotSupported        "IFM"   "IFMS"  "this test indicator is not supported" "cet indicateur d'essai n'est pas pris en charge"
    26 Duplicate               "IFM"   "IFM"   "the reference was used before" "la référence a déjà été employée"
    27 SecurityNotSupported    "IFMSD" ""      "a security function is not supported" "une fonction de sécurité n'est pas prise en charge"
    28 ReferencesDoNotMatch    "IFM"   "IFM"   "the reference does not match that of the header" "la référence ne correspond pas à celle de l'en-tête"
    29 CountDoesNotMatch       "IFM"   "IFM"   "the control count does not match what arrived" "le compte de contrôle ne correspond pas à ce qui est arrivé"
    30 GroupsAndMessagesMixed  "IFM"   "IFM"   "functional groups and messages are mixed" "des groupes fonctionnels et des messages sont mêlés"
    31 MoreThanOneMessageType  "F"     ""      "a functional group has more than one message type" "un groupe fonctionnel a plus d'un type de message"
    32 LowerLevelEmpty         "IF"    "IF"    "there is nothing inside" "il n'y a rien à l'intérieur"
    33 OutsideMessage          "IF"    "IF"    "a segment stands outside a message or functional group" "un segment se trouve hors d'un message ou d'un groupe fonctionnel"
    34 NestingIndicator        "SD"    ""      "explicit nesting is not allowed" "l'imbrication explicite n'est pas permise"
    35 TooManyRepetitions      "MS"    "MSD"   "it is repeated more often than the grammar allows" "il est répété plus souvent que la grammaire ne le permet"
    36 TooManyGroupRepetitions "S"     "S"     "the segment group is repeated more often than the grammar allows" "le groupe de segments est répété plus souvent que la grammaire ne le permet"
    37 InvalidCharacterType    "IFMD"  "IFMD"  "the characters are not of the type demanded" "les caractères ne sont pas du type demandé"
    38 MissingDigit            "D"     ""      "there is no digit in front of the decimal mark" "il manque un chiffre devant la marque décimale"
    39 TooLong                 "IFMD"  "IFMD"  "the value is too long" "la valeur est trop longue"
    40 TooShort                "IFMD"  "IFMD"  "the value is too short" "la valeur est trop courte"
    45 TrailingSeparator       ""      "IFMS"  "there is a separator without anything after it" "il y a un séparateur sans rien derrière"
    46 UnsupportedCharacterSet ""      "I"     "the character set is not supported" "le jeu de caractères n'est pas pris en charge"
    47 UnsupportedEnvelope     ""      "FM"    "this kind of envelope is not supported" "cette forme d'enveloppe n'est pas prise en charge"
    48 DependencyViolated      ""      "FMSD"  "a dependency between elements is broken" "une dépendance entre éléments n'est pas respectée"
}

impl SyntaxError {
    /// The code (0085) as the list of this syntax version has it.
    ///
    /// A code that the version does not know becomes the nearest one that it does: 19, 27, 31, 34 and 38 were dropped by
    /// syntax 4; 45 to 48 are new in it.
    #[must_use]
    pub fn code(self, version: SyntaxVersion) -> u8 {
        if self.is_known_to(version) {
            return self.number();
        }
        match self.number() {
            19 | 38 => Self::InvalidCharacterType.number(),
            27 | 45 | 48 => Self::NotSupported.number(),
            46 => Self::UnsupportedSyntax.number(),
            47 => Self::Unspecified.number(),
            _ => Self::InvalidValue.number(),
        }
    }

    /// The code of the union list, whatever the syntax version.
    #[must_use]
    pub fn number(self) -> u8 {
        self.row().0
    }

    /// Whether the list of this syntax version has the code.
    #[must_use]
    pub fn is_known_to(self, version: SyntaxVersion) -> bool {
        !self.levels(version).is_empty()
    }

    /// Whether this level of CONTRL may carry the code towards this syntax version.
    #[must_use]
    pub fn stands_at(self, level: Level, version: SyntaxVersion) -> bool {
        self.levels(version).contains(level.letter())
    }

    /// Whether this level of CONTRL may carry the code towards any syntax version.
    #[must_use]
    pub fn may_stand_at(self, level: Level) -> bool {
        [SyntaxVersion::V3, SyntaxVersion::V4].into_iter().any(|version| self.stands_at(level, version))
    }

    fn levels(self, version: SyntaxVersion) -> &'static str {
        let (_, older, newer, ..) = self.row();
        if version == SyntaxVersion::V4 { newer } else { older }
    }

    /// One sentence in English, without a full stop.
    #[must_use]
    pub fn english(self) -> &'static str {
        self.row().3
    }

    /// One sentence in French, without a full stop.
    #[must_use]
    pub fn french(self) -> &'static str {
        self.row().4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_subjects_syntax_version() {
        for (error, older, newer) in [
            (SyntaxError::InvalidDecimalNotation, 19, 37),
            (SyntaxError::SecurityNotSupported, 27, 15),
            (SyntaxError::MoreThanOneMessageType, 31, 12),
            (SyntaxError::MissingDigit, 38, 37),
            (SyntaxError::TrailingSeparator, 15, 45),
            (SyntaxError::UnsupportedCharacterSet, 2, 46),
            (SyntaxError::UnsupportedEnvelope, 18, 47),
            (SyntaxError::DependencyViolated, 15, 48),
        ] {
            assert_eq!((error.code(SyntaxVersion::V3), error.code(SyntaxVersion::V4)), (older, newer), "{error:?}");
        }
    }

    #[test]
    fn levels_are_the_segments_of_contrl() {
        assert_eq!(Level::ALL.map(Level::as_str), ["UCI", "UCF", "UCM", "UCS", "UCD"]);
    }

    #[test]
    fn every_error_has_a_sentence_of_its_own_in_each_language() {
        let sentences = SyntaxError::ALL.iter().flat_map(|error| [error.english(), error.french()]);
        assert_eq!(sentences.collect::<std::collections::BTreeSet<_>>().len(), 2 * SyntaxError::ALL.len());
    }

    #[test]
    fn every_replacement_is_known_to_the_version_that_gets_it() {
        for version in [SyntaxVersion::V1, SyntaxVersion::V2, SyntaxVersion::V3, SyntaxVersion::V4] {
            for error in SyntaxError::ALL {
                let code = error.code(version);
                let known = SyntaxError::ALL.iter().find(|known| known.number() == code);
                assert!(known.is_some_and(|known| known.is_known_to(version)), "{error:?} {version:?} {code}");
            }
        }
    }
}
