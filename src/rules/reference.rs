//! Family R, reference and state: what a message does to a declaration, and what the record knows of it.

use super::rule::{Origin, Report, Rule, Spot};
use super::{Context, value};
use crate::declaration::{Draft, Function, RuleFinding, function};
use crate::identifier::{DeclarationReference, ProofForm, ProofOfReportNumber, ReportingPeriod};
use crate::language::Language;

pub(super) const RULES: &[Rule] = &[
    Rule::error("R601")
        .says(
            "Message function {value} is not taken yet; only originals (9) are",
            "La fonction de message {value} n'est pas encore admise; seuls les originaux (9) le sont",
        )
        .remedy(
            "State 9; to correct or withdraw what was accepted, ask the administration",
            "Indiquez 9; pour corriger ou retirer ce qui a été accepté, adressez-vous à l'administration",
        )
        .checked_by(function_is_original),
    Rule::error("R602")
        .says("An original has version 1, not {value}", "Un original porte la version 1, et non {value}")
        .remedy("State version 1, or leave it out", "Indiquez la version 1, ou omettez-la")
        .checked_by(version),
    REFERENCE_USED,
    NUMBERS_EXHAUSTED,
];

const REFERENCE_USED: Rule = Rule::error("R603")
    .says(
        "Reference {reference} was used before[; its proof-of-report number is {proof}]",
        "La référence {reference} a déjà servi[; son numéro de preuve de déclaration est {proof}]",
    )
    .remedy(
        "If it is the same declaration, it is reported already; if it is another, give it a reference of its own",
        "Si c'est la même déclaration, elle est déjà faite; si c'en est une autre, donnez-lui une référence propre",
    )
    .given_by(Origin::Record);

const NUMBERS_EXHAUSTED: Rule = Rule::error("R690")
    .says(
        "No proof-of-report number is left in period {period}; {limit} were given",
        "Il ne reste aucun numéro de preuve de déclaration dans la période {period}; {limit} ont été donnés",
    )
    .remedy(
        "Report again in the next period, and tell the administration",
        "Déclarez de nouveau à la période suivante, et avisez l'administration",
    )
    .given_by(Origin::Record);

/// A second original under a reference (R603). The first one has a number when it was accepted.
#[must_use]
pub fn reference_used(
    reference: &DeclarationReference,
    first: Option<&ProofOfReportNumber>,
    language: Language,
) -> RuleFinding {
    let proof = first.map(ToString::to_string).unwrap_or_default();
    let values = &[("reference", reference as _), ("proof", &proof as _)];
    REFERENCE_USED.finding(REFERENCE_USED.severity, language, Spot::DECLARATION, values)
}

/// All numbers of a period are given (R690); nothing is accepted under this authorization ID until the next one.
#[must_use]
pub fn numbers_exhausted(form: ProofForm, period: &ReportingPeriod, language: Language) -> RuleFinding {
    let limit = form.sequence_max();
    let values = &[("period", &period.as_str() as _), ("limit", &limit as _)];
    NUMBERS_EXHAUSTED.finding(NUMBERS_EXHAUSTED.severity, language, Spot::DECLARATION, values)
}

/// Amendments and voids, and functions that nobody knows.
fn function_is_original(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.function
        && function(stated.value) != Some(Function::Original)
    {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

fn version(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.version
        && value(&draft.function).is_some_and(|code| function(code) == Some(Function::Original))
        && stated.value != 1
    {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{check, set};
    use super::*;

    #[test]
    fn only_originals_are_taken() {
        for function in ["1", "4", "5", "50", "20"] {
            check(|case| set(&mut case.draft.function, function), "R601 @ BGM 2.4");
        }
    }

    #[test]
    fn an_original_has_version_one_or_none() {
        check(|case| set(&mut case.draft.version, 2_u32), "R602 @ BGM 2.3.2");
        check(|case| case.draft.version = None, "");
    }

    #[test]
    fn the_version_of_what_is_no_original_is_not_judged() {
        check(
            |case| {
                set(&mut case.draft.function, "4");
                set(&mut case.draft.version, 2_u32);
            },
            "R601 @ BGM 2.4",
        );
    }

    #[test]
    fn a_reference_used_before_names_the_number_it_was_given() {
        let proof = ProofOfReportNumber {
            form: ProofForm::Cers,
            is_practice: false,
            authorization_id: "AB1234".parse().unwrap(),
            period: ProofForm::Cers.period(jiff::civil::date(2026, 11, 21)),
            sequence: 7,
        };
        let reference = DeclarationReference("REF-1".into());
        let text = |first| reference_used(&reference, first, Language::En).text;
        assert_eq!(text(None), "Reference REF-1 was used before");
        assert_eq!(
            text(Some(&proof)),
            "Reference REF-1 was used before; its proof-of-report number is AB1234202611217"
        );
    }

    #[test]
    fn exhausted_numbers_name_their_period_and_limit() {
        let period = ProofForm::G7.period(jiff::civil::date(2026, 11, 21));
        assert_eq!(
            numbers_exhausted(ProofForm::G7, &period, Language::En).text,
            "No proof-of-report number is left in period 202611; 99999 were given"
        );
    }
}
