//! What is taken although the standard does not have it: a named switch each, and a note whenever one is used.
//!
//! Start with [`mend()`], the stage in front of the reader: it gives the bytes as the reader wants them, copied only when
//! there is something to mend, and [`Mended::read`] reads them. Every switch stands once, in the table below. Nothing
//! here decides what an interchange says; what is switched off and met is a finding like any other.

// What stands in front of an interchange; the frame finder asks the same.
mod front;

// From the bytes that came to the bytes that are read, and the way back.
mod mend;
mod rewrite;

// What the reader itself can read, and is a deviation all the same.
mod met;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::language::Language;

pub(super) use front::{Front, Implied, front, implied_terminator, next_content};
pub use mend::{Mended, Reading, mend};

macro_rules! tolerances {
    ($($name:ident $variant:ident $default:literal $english:literal $french:literal)*) => {
        /// A deviation that can be taken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Tolerance {
            $(#[doc = $english] $variant,)*
        }

        /// Which deviations are taken: `[tolerances]` of the configuration, a switch for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Tolerances {
            $(#[doc = $english] pub $name: bool,)*
        }

        impl Default for Tolerances {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Tolerances {
            /// The standard and nothing else.
            pub const NONE: Self = Self { $($name: false,)* };
            /// Everything that can be taken.
            pub const ALL: Self = Self { $($name: true,)* };

            /// Whether this deviation is taken.
            #[must_use]
            pub fn takes(&self, tolerance: Tolerance) -> bool {
                match tolerance { $(Tolerance::$variant => self.$name,)* }
            }

            /// The same with this switch in another position.
            #[must_use]
            pub fn with(mut self, tolerance: Tolerance, is_on: bool) -> Self {
                match tolerance { $(Tolerance::$variant => self.$name = is_on,)* }
                self
            }
        }

        impl Tolerance {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            fn row(self) -> (&'static str, &'static str, &'static str) {
                match self { $(Self::$variant => (stringify!($name), $english, $french),)* }
            }
        }
    };
}

// What changes no value, or has one reading only, is on; what guesses what a sender meant is off. docs/tolerances.md
// argues each.
tolerances! {
    line_breaks_between_segments LineBreaksBetweenSegments true
        "line breaks stand between segments" "des sauts de ligne séparent les segments"
    newline_terminator NewlineTerminator true
        "a line break ends the segments" "un saut de ligne termine les segments"
    wrapped_lines WrappedLines false
        "lines are wrapped within segments" "des lignes sont coupées au milieu de segments"
    byte_order_mark ByteOrderMark true
        "a byte order mark stands in front of the interchange" "une marque d'ordre des octets précède l'interchange"
    preamble Preamble false
        "something else stands in front of the interchange" "autre chose précède l'interchange"
    several_interchanges SeveralInterchanges true
        "several interchanges follow each other" "plusieurs interchanges se suivent"
    release_before_ordinary ReleaseBeforeOrdinary true
        "a release character stands before an ordinary character" "un caractère d'échappement précède un caractère ordinaire"
    utf8_under_unoc Utf8UnderUnoc false
        "the text is UTF-8 although UNB names UNOC" "le texte est en UTF-8 bien que UNB annonce UNOC"
    trailing_separators TrailingSeparators true
        "separators stand with nothing after them" "des séparateurs ne sont suivis de rien"
    missing_last_terminator MissingLastTerminator false
        "the last segment has no terminator" "le dernier segment n'a pas de terminateur"
}

impl Tolerance {
    /// The name of its switch in `[tolerances]`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// What is said behind a refusal that this switch would have spared.
    #[must_use]
    pub fn hint(self) -> String {
        format!("; tolerances.{} is off and would take it", self.name())
    }

    /// One sentence that says what was met, without a full stop.
    #[must_use]
    pub fn sentence(self, language: Language) -> &'static str {
        language.choose(self.row().1, self.row().2)
    }
}

impl Tolerances {
    /// The switch that is off and would let these bytes be read, when it is only that: they begin with no interchange, or
    /// their segments have no end.
    #[must_use]
    pub fn would_allow(&self, bytes: &[u8]) -> Option<Tolerance> {
        const FRONT: [Tolerance; 3] = [Tolerance::ByteOrderMark, Tolerance::Preamble, Tolerance::NewlineTerminator];
        let can_begin = |tolerances: &Self| match front(tolerances, bytes) {
            Front::At(start) => front::has_terminator(tolerances, bytes.get(start..).unwrap_or_default()),
            Front::Undecided | Front::Nothing => false,
        };
        let off = FRONT.into_iter().filter(|tolerance| !self.takes(*tolerance));
        if can_begin(self) { None } else { off.into_iter().find(|tolerance| can_begin(&self.with(*tolerance, true))) }
    }
}

/// A tolerance that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Which one.
    pub tolerance: Tolerance,
    /// How often in the interchange, at least once.
    pub count: usize,
    /// Where first, in the bytes as they came.
    pub first: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_is_known_by_its_name() {
        let switches = serde_json::to_value(Tolerances::default()).unwrap();
        let names: Vec<_> = Tolerance::ALL.iter().map(|tolerance| tolerance.name()).collect();
        assert_eq!(switches.as_object().map(serde_json::Map::len), Some(names.len()));
        for tolerance in Tolerance::ALL {
            let is_on = Tolerances::default().takes(*tolerance);
            assert_eq!(switches.get(tolerance.name()), Some(&is_on.into()), "{tolerance:?}");
            assert!(Tolerances::NONE.with(*tolerance, true).takes(*tolerance));
        }
    }

    #[test]
    fn every_switch_has_words_of_its_own() {
        let words = Tolerance::ALL.iter().flat_map(|tolerance| {
            let [english, french] =
                [Language::En, Language::Fr].map(|language| tolerance.sentence(language).to_owned());
            [tolerance.hint(), english, french]
        });
        assert_eq!(words.collect::<std::collections::BTreeSet<_>>().len(), 3 * Tolerance::ALL.len());
        let hint = Tolerance::Preamble.hint();
        assert_eq!(hint, "; tolerances.preamble is off and would take it");
    }

    #[track_caller]
    fn check_allowed(bytes: &[u8], tolerances: Tolerances, expected: Option<Tolerance>) {
        assert_eq!(tolerances.would_allow(bytes), expected);
    }

    #[test]
    fn the_switch_that_would_help_is_named() {
        let none = Tolerances::NONE;
        check_allowed(b"\xef\xbb\xbfUNB+UNOA:3'", none, Some(Tolerance::ByteOrderMark));
        check_allowed(b"From: somebody\nUNB+UNOA:3'", none, Some(Tolerance::Preamble));
        check_allowed(b"UNB+UNOA:3+A\nUNH+1\nUNT\n", none, Some(Tolerance::NewlineTerminator));
    }

    #[test]
    fn nothing_helps_where_nothing_is_missing_or_nothing_is_there() {
        check_allowed(b"UNB+UNOA:3'", Tolerances::NONE, None);
        check_allowed(b"EHLO mail.example\r\n", Tolerances::NONE, None);
        check_allowed(b"\xef\xbb\xbfUNB+UNOA:3'", Tolerances::ALL, None);
    }
}
