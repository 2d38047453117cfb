//! What the implementation guide says of a breach of it. The guide has the codes and names; the sentences are here.

use super::cutting::Findings;
use super::explain;
use super::rule::Sentence;
use crate::declaration::guide::{Breach, BreachKind};
use crate::declaration::{RuleFinding, Severity};
use crate::language::Language;

pub(super) const MISSING: Sentence =
    Sentence::new("Missing: {label}, which stands at {path}", "Élément manquant: {label}, dont la place est {path}");
pub(super) const FORMAT: Sentence = Sentence::new(
    "Ill-formed: {label} {value} must be {expected}",
    "Forme incorrecte: {label} {value} doit être {expected}",
);
pub(super) const TOO_MANY: Sentence = Sentence::new(
    "Stated too often: {label}, at most {most} allowed",
    "Indiqué trop souvent: {label}, au plus {most} permis",
);
pub(super) const NOT_USED: Sentence = Sentence::new(
    "Not used by the guide and not read: {count} segments, this one and others after it",
    "Non utilisés par le guide et non lus: {count} segments, celui-ci et d'autres après lui",
);
pub(super) const ONE_NOT_USED: Sentence =
    Sentence::new("Not used by the guide and not read: this segment", "Non utilisé par le guide et non lu: ce segment");
pub(super) const NO_LINES: Sentence = Sentence::new("There is no line", "Il n'y a aucune ligne");
pub(super) const TOO_MANY_LINES: Sentence =
    Sentence::new("There are more than {most} lines", "Il y a plus de {most} lignes");

/// Takes what the guide says.
pub(super) fn report(breaches: &[Breach<'_>], language: Language, findings: &mut Findings) {
    for breach in breaches {
        let severity = severity_of(breach);
        findings.push(severity, (breach.line, breach.span.start), || finding_of(breach, severity, language));
    }
}

/// The finding for a breach of the guide.
fn finding_of(breach: &Breach<'_>, severity: Severity, language: Language) -> RuleFinding {
    RuleFinding {
        code: breach.code.to_owned(),
        severity,
        line: breach.line,
        segment: breach.point,
        span: breach.span.clone(),
        text: sentence(breach, language),
    }
}

/// How bad a breach of the guide is: as bad as the rule with its code says; a code that no rule has refuses the
/// declaration.
fn severity_of(breach: &Breach<'_>) -> Severity {
    explain(breach.code).map_or(Severity::Error, |rule| rule.severity)
}

fn sentence(breach: &Breach<'_>, language: Language) -> String {
    let [english, french] = &breach.labels;
    let label = language.choose(english, french);
    match &breach.kind {
        BreachKind::Missing { path } => MISSING.fill(language, &[("label", label), ("path", path)]),
        BreachKind::IllFormed { value, expected } => {
            let expected = expected.describe(language);
            FORMAT.fill(language, &[("label", label), ("value", value), ("expected", &expected)])
        }
        BreachKind::TooMany { most } => TOO_MANY.fill(language, &[("label", label), ("most", most)]),
        BreachKind::Unused { count: 1 } => ONE_NOT_USED.fill(language, &[]),
        BreachKind::Unused { count } => NOT_USED.fill(language, &[("count", count)]),
        BreachKind::NoLines => NO_LINES.fill(language, &[]),
        BreachKind::TooManyLines { most } => TOO_MANY_LINES.fill(language, &[("most", most)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declaration::guide::Format;

    #[track_caller]
    fn check(code: &str, kind: BreachKind<'_>, severity: Severity, english: &str, french: &str) {
        let labels = ["Vessel name", "Nom du navire"];
        let breach = Breach { code, kind, labels, line: None, point: None, span: 0..0 };
        let said = |language| finding_of(&breach, severity, language).text;
        assert_eq!((said(Language::En), said(Language::Fr)), (english.to_owned(), french.to_owned()));
        assert_eq!(severity_of(&breach), severity);
    }

    #[test]
    fn missing() {
        check(
            "H201",
            BreachKind::Missing { path: "SG4/TDT C222.8212" },
            Severity::Error,
            "Missing: Vessel name, which stands at SG4/TDT C222.8212",
            "Élément manquant: Nom du navire, dont la place est SG4/TDT C222.8212",
        );
    }

    #[test]
    fn ill_formed() {
        check(
            "H202",
            BreachKind::IllFormed { value: "X", expected: Format::Date },
            Severity::Error,
            "Ill-formed: Vessel name X must be a date CCYYMMDD with format 102",
            "Forme incorrecte: Nom du navire X doit être une date SSAAMMJJ au format 102",
        );
    }

    #[test]
    fn too_many() {
        check(
            "H203",
            BreachKind::TooMany { most: 9 },
            Severity::Error,
            "Stated too often: Vessel name, at most 9 allowed",
            "Indiqué trop souvent: Nom du navire, au plus 9 permis",
        );
    }

    #[test]
    fn not_used() {
        check(
            "H290",
            BreachKind::Unused { count: 2 },
            Severity::Notice,
            "Not used by the guide and not read: 2 segments, this one and others after it",
            "Non utilisés par le guide et non lus: 2 segments, celui-ci et d'autres après lui",
        );
    }

    #[test]
    fn a_code_that_no_rule_has_refuses() {
        check("Q999", BreachKind::NoLines, Severity::Error, "There is no line", "Il n'y a aucune ligne");
    }
}
