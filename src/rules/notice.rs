//! Family N, notices: the goods need no declaration. Whoever declares them all the same is not refused.

use rust_decimal::Decimal;

use super::rule::{Report, Rule, Spot};
use super::{Context, judged_lines, value};
use crate::declaration::{Draft, Stated, Text};

pub(super) const RULES: &[Rule] = &[
    Rule::notice("N701")
        .says(
            "Goods for the United States that are not controlled need no declaration (NDR 1)",
            "Les marchandises non contrôlées destinées aux États-Unis n'ont pas à être déclarées (ADR 1)",
        )
        .remedy(
            "Nothing, if you report of your own accord; a declaration is needed for goods that only pass through the \
             United States",
            "Rien, si vous déclarez de votre gré; une déclaration est requise pour les marchandises qui ne font que \
             transiter par les États-Unis",
        )
        .checked_by(united_states),
    Rule::notice("N702")
        .says(
            "Goods worth CAD {value}, less than CAD {limit}, that are not controlled need no declaration (NDR 2)",
            "Les marchandises non contrôlées d'une valeur de {value} CAD, inférieure à {limit} CAD, n'ont pas à être \
             déclarées (ADR 2)",
        )
        .remedy("Nothing, if you report of your own accord", "Rien, si vous déclarez de votre gré")
        .checked_by(small_value),
    Rule::notice("N703")
        .says(
            "Controlled goods for the United States need a permit, but no declaration",
            "Les marchandises contrôlées destinées aux États-Unis exigent un permis, mais n'ont pas à être déclarées",
        )
        .remedy(
            "See that the permit is there when the goods leave",
            "Veillez à ce que le permis soit présent au départ des marchandises",
        )
        .checked_by(controlled_to_united_states),
];

/// Decimal places of an amount in Canadian dollars.
const CENTS: u32 = 2;

fn united_states(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.destination
        && is_united_states(stated)
        && !draft.has_controlled_goods()
        && !judged_lines(draft).iter().filter_map(|line| value(&line.hs_code)).any(|hs_code| is_rolling_stock(hs_code))
    {
        report.say(Spot::header(stated), &[]);
    }
}

/// Silent without a rate of the day of receipt: a guess would be worse than nothing.
fn small_value(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let is_elsewhere = draft.destination.as_ref().is_some_and(|stated| !is_united_states(stated));
    if let Some(stated) = &draft.total_value
        && is_elsewhere
        && let Some(currency) = value(&draft.currency)
        && let Some(rate) = context.codes.rate_to_cad(currency, context.today)
        && let Some(dollars) = stated.value.checked_mul(rate)
        && let limit = context.settings.value_threshold_cad
        && dollars < Decimal::from(limit)
        && !draft.has_controlled_goods()
    {
        let dollars = dollars.trunc_with_scale(CENTS);
        report.say(Spot::header(stated), &[("value", &dollars), ("limit", &limit)]);
    }
}

fn controlled_to_united_states(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.destination
        && is_united_states(stated)
        && draft.has_controlled_goods()
    {
        report.say(Spot::header(stated), &[]);
    }
}

/// With Puerto Rico and the US Virgin Islands (Reporting of Exported Goods Regulations, section 7).
fn is_united_states(destination: &Stated<Text<'_>>) -> bool {
    matches!(destination.value, "US" | "PR" | "VI")
}

/// Headings 86.01 to 86.06, locomotives and railcars: the exemption of section 7 leaves them out.
fn is_rolling_stock(hs_code: &str) -> bool {
    matches!(hs_code.get(..4), Some("8601" | "8602" | "8603" | "8604" | "8605" | "8606"))
}

#[cfg(test)]
mod tests {
    use super::super::case::{amount, check, put, set, stated};

    #[test]
    fn goods_for_the_united_states_need_no_declaration() {
        for destination in ["US", "PR", "VI"] {
            check(|case| set(&mut case.draft.destination, destination), "N701 @ LOC 11.3.1");
        }
    }

    #[test]
    fn goods_of_small_value_for_the_united_states_are_told_once() {
        check(
            |case| {
                set(&mut case.draft.destination, "US");
                case.worth(amount("1999.99"), "CAD");
            },
            "N701 @ LOC 11.3.1",
        );
    }

    #[test]
    fn rolling_stock_for_the_united_states_is_declared() {
        check(
            |case| {
                set(&mut case.draft.destination, "US");
                set(&mut case.draft.lines[1].hs_code, "86021000");
            },
            "",
        );
    }

    #[test]
    fn controlled_goods_for_the_united_states_need_a_permit() {
        check(
            |case| {
                set(&mut case.draft.destination, "US");
                set(&mut case.draft.is_controlled, true);
            },
            "N703 @ LOC 11.3.1, C430 @ GIS 16.2",
        );
        check(
            |case| {
                set(&mut case.draft.destination, "US");
                set(&mut case.draft.is_controlled, true);
                case.draft.permits.push(stated("P-1", "RFF", 63, Some(2), Some(2)));
            },
            "N703 @ LOC 11.3.1",
        );
    }

    #[test]
    fn goods_under_two_thousand_dollars_need_no_declaration() {
        check(|case| case.worth(amount("1999.99"), "CAD"), "N702 @ MOA 22.2.2");
        check(|case| case.worth(amount("2000.00"), "CAD"), "");
    }

    #[test]
    fn controlled_goods_are_declared_whatever_their_value() {
        check(
            |case| {
                case.worth(amount("1"), "CAD");
                set(&mut case.draft.freight, amount("0"));
                put(&mut case.draft.lines[0].is_controlled, true, "GIS", 61);
                set(&mut case.draft.is_controlled, true);
                case.draft.permits.push(stated("P-1", "RFF", 63, Some(2), Some(2)));
            },
            "",
        );
    }

    #[test]
    fn without_a_rate_nobody_guesses() {
        check(|case| case.worth(amount("100"), "USD"), "C404 @ MOA 23.2.2");
    }
}
