//! Family C, cross-field: sums, counts and currencies of header, lines and summary.

use rust_decimal::Decimal;

use super::rule::{Report, Rule, Spot};
use super::{Context, judged_lines, value};
use crate::declaration::{Draft, LineDraft};

pub(super) const RULES: &[Rule] = &[
    Rule::error("C401")
        .says(
            "The total value is {value}, but the values of the lines sum to {sum}",
            "La valeur totale est de {value}, mais la somme des valeurs des articles est de {sum}",
        )
        .remedy("Correct the total or the lines", "Corrigez le total ou les articles")
        .checked_by(total_value),
    Rule::error("C402")
        .says(
            "The value of the line is in {value}, but the declared currency is {currency}",
            "La valeur de l'article est en {value}, mais la devise déclarée est {currency}",
        )
        .remedy("State all values in one currency", "Indiquez toutes les valeurs dans une seule devise")
        .checked_by(line_currency),
    Rule::error("C403")
        .says(
            "Freight is in {value}, but the declared currency is {currency}",
            "Les frais de transport sont en {value}, mais la devise déclarée est {currency}",
        )
        .remedy(
            "State freight in the currency of the values",
            "Indiquez les frais de transport dans la devise des valeurs",
        )
        .checked_by(freight_currency),
    Rule::error("C404")
        .says(
            "Freight {value} is more than the total value {total}, of which it is a part",
            "Les frais de transport {value} dépassent la valeur totale {total}, dont ils font partie",
        )
        .remedy(
            "Include the freight to the place of exit in the value; leave out what comes after",
            "Incluez dans la valeur les frais de transport jusqu'au lieu de sortie; omettez ce qui vient ensuite",
        )
        .checked_by(freight),
    Rule::error("C405")
        .says(
            "The total gross weight is {value} {unit}, but the weights of the lines sum to {sum} {unit}",
            "Le poids brut total est de {value} {unit}, mais la somme des poids des articles est de {sum} {unit}",
        )
        .remedy("Correct the total or the lines", "Corrigez le total ou les articles")
        .checked_by(total_weight),
    Rule::error("C406")
        .says(
            "The summary counts {value} lines, but there are {count}",
            "Le résumé compte {value} articles, mais il y en a {count}",
        )
        .remedy(
            "Correct the count, or see whether lines were lost on the way",
            "Corrigez le nombre, ou voyez si des articles se sont perdus en route",
        )
        .checked_by(line_count),
    Rule::error("C407")
        .says(
            "The summary counts {value} packages, but the header states {count}",
            "Le résumé compte {value} colis, mais l'en-tête en indique {count}",
        )
        .remedy("State the same number twice", "Indiquez deux fois le même nombre")
        .checked_by(package_count),
];

/// Silent when the value of any line could not be read: it has a finding, and the sum would only be another.
fn total_value(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.total_value
        && let Some(sum) = sum(draft.lines.iter().map(|line| value(&line.value).copied()))
        && sum != stated.value
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("sum", &sum)]);
    }
}

fn line_currency(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    let Some(currency) = value(&draft.currency) else { return };
    for line in judged_lines(draft) {
        if let Some(stated) = line.currency.as_ref().filter(|stated| stated.value != *currency) {
            report.say(Spot::line(line, stated), &[("value", &stated.value), ("currency", currency)]);
        }
    }
}

fn freight_currency(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.freight_currency
        && let Some(currency) = value(&draft.currency)
        && stated.value != *currency
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("currency", currency)]);
    }
}

fn freight(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.freight
        && let Some(total) = value(&draft.total_value)
        && value(&draft.freight_currency).is_none_or(|currency| Some(currency) == value(&draft.currency))
        && stated.value > *total
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("total", total)]);
    }
}

/// The total may be more than the lines, which need not state their weights, but never less. The sum is cut to the
/// decimals of the total, so that a rounded total is not taken for a wrong one. Silent when a unit cannot be converted.
fn total_weight(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    let Some(stated) = &draft.gross_weight else { return };
    let Some(unit) = value(&draft.gross_weight_unit) else { return };
    let weights = draft.lines.iter().filter(|line| line.gross_weight.is_some()).map(|line| weight_in(unit, line));
    if let Some(sum) = sum(weights)
        && sum > stated.value
        && let sum = sum.trunc_with_scale(stated.value.scale())
        && sum > stated.value
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("unit", unit), ("sum", &sum)]);
    }
}

fn line_count(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.line_count
        && u32::try_from(draft.lines.len()) != Ok(stated.value)
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("count", &draft.lines.len())]);
    }
}

fn package_count(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.package_count
        && let Some(count) = value(&draft.packages)
        && stated.value != *count
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("count", count)]);
    }
}

/// The sum, when all of them are known and it is a number.
fn sum(values: impl Iterator<Item = Option<Decimal>>) -> Option<Decimal> {
    values.into_iter().try_fold(Decimal::ZERO, |sum, value| sum.checked_add(value?))
}

/// The gross weight of a line in a unit, mostly its own.
#[inline]
fn weight_in(unit: &str, line: &LineDraft<'_>) -> Option<Decimal> {
    let weight = *value(&line.gross_weight)?;
    let own = value(&line.gross_weight_unit)?;
    if *own == unit { Some(weight) } else { converted(weight, own, unit) }
}

/// A weight in another unit.
fn converted(weight: Decimal, from: &str, to: &str) -> Option<Decimal> {
    weight.checked_mul(kilograms(from)?)?.checked_div(kilograms(to)?)
}

/// Kilograms in a unit of mass (UN/ECE Recommendation 20).
fn kilograms(unit: &str) -> Option<Decimal> {
    match unit {
        "MGM" => Some(Decimal::new(1, 6)),
        "CTM" => Some(Decimal::new(2, 4)),
        "GRM" => Some(Decimal::new(1, 3)),
        "HGM" => Some(Decimal::new(1, 1)),
        "LBR" => Some(Decimal::new(45_359_237, 8)),
        "KGM" => Some(Decimal::ONE),
        "DTN" => Some(Decimal::ONE_HUNDRED),
        "TNE" => Some(Decimal::ONE_THOUSAND),
        "KTN" => Some(Decimal::new(1_000_000, 0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::super::case::{Case, amount, check, set};

    fn with_weights(total: (Decimal, &'static str), lines: [(Decimal, &'static str); 2]) -> impl FnOnce(&mut Case) {
        move |case| {
            set(&mut case.draft.gross_weight, total.0);
            set(&mut case.draft.gross_weight_unit, total.1);
            for (line, (weight, unit)) in case.draft.lines.iter_mut().zip(lines) {
                set(&mut line.gross_weight, weight);
                set(&mut line.gross_weight_unit, unit);
            }
        }
    }

    #[test]
    fn the_total_is_the_sum_of_the_lines() {
        check(|case| set(&mut case.draft.total_value, amount("17000.01")), "C401 @ MOA 22.2.2");
        check(|case| set(&mut case.draft.total_value, amount("17000")), "");
    }

    #[test]
    fn a_line_without_value_leaves_the_sum_unknown() {
        check(|case| case.draft.lines[0].value = None, "");
    }

    #[test]
    fn a_sum_beyond_all_numbers_is_no_sum() {
        check(
            |case| {
                for line in &mut case.draft.lines {
                    set(&mut line.value, Decimal::MAX);
                }
            },
            "",
        );
    }

    #[test]
    fn all_values_are_in_one_currency() {
        check(|case| set(&mut case.draft.lines[1].currency, "USD"), "C402 @ line 2 MOA 44.2.3");
        check(|case| set(&mut case.draft.freight_currency, "USD"), "C403 @ MOA 23.2.3");
    }

    #[test]
    fn freight_is_a_part_of_the_value() {
        check(|case| set(&mut case.draft.freight, amount("17000.01")), "C404 @ MOA 23.2.2");
        check(|case| set(&mut case.draft.freight, amount("17000")), "");
    }

    #[test]
    fn the_total_weight_is_not_less_than_that_of_the_lines() {
        check(with_weights((amount("10"), "KGM"), [(amount("6"), "KGM"), (amount("5"), "KGM")]), "C405 @ MEA 21.4.2");
        check(with_weights((amount("12"), "KGM"), [(amount("6"), "KGM"), (amount("5"), "KGM")]), "");
    }

    #[test]
    fn weights_are_compared_across_units() {
        check(with_weights((amount("1"), "TNE"), [(amount("600"), "KGM"), (amount("400000"), "GRM")]), "");
        check(
            with_weights((amount("1"), "KGM"), [(amount("600"), "KGM"), (amount("400000"), "GRM")]),
            "C405 @ MEA 21.4.2",
        );
    }

    #[test]
    fn a_rounded_total_is_not_taken_for_a_wrong_one() {
        check(with_weights((amount("0.011"), "TNE"), [(amount("6"), "KGM"), (amount("5.9"), "KGM")]), "");
        check(
            with_weights((amount("0.011"), "TNE"), [(amount("6"), "KGM"), (amount("6"), "KGM")]),
            "C405 @ MEA 21.4.2",
        );
    }

    #[test]
    fn a_weight_in_a_unit_that_is_no_mass_leaves_the_sum_unknown() {
        check(with_weights((amount("1"), "KGM"), [(amount("600"), "MTR"), (amount("4"), "KGM")]), "");
    }

    #[test]
    fn the_summary_counts_right() {
        check(|case| set(&mut case.draft.line_count, 3_u32), "C406 @ CNT 51.2.2");
        check(|case| set(&mut case.draft.package_count, 3_u32), "C407 @ CNT 52.2.2");
    }
}
