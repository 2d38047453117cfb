//! What the implementation guide says of a breach of it. The guide has the codes; the sentences are here.

use super::rule::Sentence;
use crate::language::Language;

/// How a statement breaks the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach<'a> {
    /// It is mandatory and not there.
    Missing,
    /// It does not have its form.
    Format {
        /// The form, as the guide writes it: `an..35`.
        expected: &'a str,
    },
    /// It is a code that its list does not hold.
    NotInList {
        /// The name of the list.
        list: &'a str,
        /// What may have been meant.
        nearest: Option<&'a str>,
    },
    /// It is there more often than the guide allows.
    TooMany {
        /// How often it may be there.
        max: u32,
    },
    /// The directory allows it, and the guide has no use for it.
    NotUsed,
}

impl Breach<'_> {
    pub(super) const MISSING: Sentence =
        Sentence::new("Missing: {label}[ ({detail})]", "Élément manquant : {label}[ ({detail})]");
    pub(super) const FORMAT: Sentence = Sentence::new(
        "Ill-formed: {label}[ {detail}], expected {expected}",
        "Forme incorrecte : {label}[ {detail}], forme attendue {expected}",
    );
    pub(super) const NOT_IN_LIST: Sentence = Sentence::new(
        "Not in list {list}: {label}[ {detail}][; the nearest is {nearest}]",
        "Absent de la liste {list} : {label}[ {detail}][; le plus proche est {nearest}]",
    );
    pub(super) const TOO_MANY: Sentence = Sentence::new(
        "Stated too often: {label}[ ({detail})], at most {max} allowed",
        "Indiqué trop souvent : {label}[ ({detail})], au plus {max} permis",
    );
    pub(super) const NOT_USED: Sentence = Sentence::new(
        "Not used by the guide and not read: {label}[ ({detail})]",
        "Non utilisé par le guide et non lu : {label}[ ({detail})]",
    );
}

/// The sentence for a breach of the guide. `label` names the element in the partner's language; `detail` is what was
/// stated, or empty.
#[must_use]
pub fn breach(kind: Breach<'_>, label: &str, detail: &str, language: Language) -> String {
    let fill = |sentence: Sentence, name, value: &str, other, second: &str| {
        let values = &[("label", &label as _), ("detail", &detail as _), (name, &value as _), (other, &second as _)];
        sentence.fill(language, values)
    };
    match kind {
        Breach::Missing => fill(Breach::MISSING, "", "", "", ""),
        Breach::Format { expected } => fill(Breach::FORMAT, "expected", expected, "", ""),
        Breach::NotInList { list, nearest } => {
            fill(Breach::NOT_IN_LIST, "list", list, "nearest", nearest.unwrap_or_default())
        }
        Breach::TooMany { max } => fill(Breach::TOO_MANY, "max", &max.to_string(), "", ""),
        Breach::NotUsed => fill(Breach::NOT_USED, "", "", "", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Breach<'_>, detail: &str, english: &str, french: &str) {
        assert_eq!(breach(kind, "Vessel", detail, Language::En), english);
        assert_eq!(breach(kind, "Vessel", detail, Language::Fr), french);
    }

    #[test]
    fn missing() {
        check(Breach::Missing, "", "Missing: Vessel", "Élément manquant : Vessel");
    }

    #[test]
    fn ill_formed() {
        check(
            Breach::Format { expected: "an..35" },
            "X",
            "Ill-formed: Vessel X, expected an..35",
            "Forme incorrecte : Vessel X, forme attendue an..35",
        );
    }

    #[test]
    fn not_in_list() {
        let breach = |nearest| Breach::NotInList { list: "modes", nearest };
        check(
            breach(Some("4")),
            "AIR",
            "Not in list modes: Vessel AIR; the nearest is 4",
            "Absent de la liste modes : Vessel AIR; le plus proche est 4",
        );
        check(breach(None), "X", "Not in list modes: Vessel X", "Absent de la liste modes : Vessel X");
    }

    #[test]
    fn too_many() {
        check(
            Breach::TooMany { max: 9 },
            "12",
            "Stated too often: Vessel (12), at most 9 allowed",
            "Indiqué trop souvent : Vessel (12), au plus 9 permis",
        );
    }

    #[test]
    fn not_used() {
        check(
            Breach::NotUsed,
            "FTX",
            "Not used by the guide and not read: Vessel (FTX)",
            "Non utilisé par le guide et non lu : Vessel (FTX)",
        );
    }
}
