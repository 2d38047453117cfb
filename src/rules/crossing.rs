//! Family C, cross-field: what one statement demands of another.

use std::collections::HashSet;

use rust_decimal::Decimal;

use super::mode::Mode;
use super::rule::{Report, Rule, Spot};
use super::{Context, judged_lines, value};
use crate::declaration::{Draft, Field, LineDraft, Stated};
use crate::identifier::{ContainerFault, ContainerNumber};
use crate::partner::PartnerKind;

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
            "La valeur de l'article est en {value}, mais la monnaie déclarée est {currency}",
        )
        .remedy("State all values in one currency", "Indiquez toutes les valeurs dans une seule monnaie")
        .checked_by(line_currency),
    Rule::error("C403")
        .says(
            "Freight is in {value}, but the declared currency is {currency}",
            "Le fret est en {value}, mais la monnaie déclarée est {currency}",
        )
        .remedy("State freight in the currency of the values", "Indiquez le fret dans la monnaie des valeurs")
        .checked_by(freight_currency),
    Rule::error("C404")
        .says(
            "Freight {value} is more than the total value {total}, of which it is a part",
            "Le fret {value} dépasse la valeur totale {total}, dont il fait partie",
        )
        .remedy(
            "Include the freight to the place of exit in the value; leave out what comes after",
            "Incluez dans la valeur le fret jusqu'au lieu de sortie; omettez ce qui vient ensuite",
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
    Rule::error("C410")
        .says(
            "The goods are said to be in containers, but no container is stated",
            "Les marchandises sont dites en conteneurs, mais aucun conteneur n'est indiqué",
        )
        .remedy(
            "State each container, or that the goods are not in containers",
            "Indiquez chaque conteneur, ou que les marchandises ne sont pas en conteneurs",
        )
        .checked_by(containers_missing),
    Rule::error("C411")
        .says(
            "Container {value} is stated, but the goods are said not to be in containers",
            "Le conteneur {value} est indiqué, mais les marchandises sont dites hors conteneurs",
        )
        .remedy(
            "State that the goods are in containers, or leave the containers out",
            "Indiquez que les marchandises sont en conteneurs, ou omettez les conteneurs",
        )
        .checked_by(containers_unexpected),
    Rule::error("C412")
        .says(
            "Container number {value} is not four letters and seven digits",
            "Le numéro de conteneur {value} n'est pas formé de quatre lettres et de sept chiffres",
        )
        .remedy(
            "State owner code, category, serial number and check digit without blanks, as in CSQU3054383",
            "Indiquez sans espace le code du propriétaire, la catégorie, le numéro de série et le chiffre de contrôle, \
             comme CSQU3054383",
        )
        .checked_by(container_form),
    Rule::warning("C413")
        .says(
            "The check digit of container number {value} is wrong (ISO 6346)",
            "Le chiffre de contrôle du numéro de conteneur {value} est inexact (ISO 6346)",
        )
        .remedy("Compare the number with the container", "Comparez le numéro avec le conteneur")
        .weighed_by("container_check_digit", |context| context.settings.container_check_digit)
        .checked_by(container_check_digit),
    Rule::warning("C414")
        .says("Container {value} is stated more than once", "Le conteneur {value} est indiqué plus d'une fois")
        .remedy("State each container once", "Indiquez chaque conteneur une seule fois")
        .checked_by(container_repeated),
    Rule::error("C420")
        .says("The vessel is missing, though the goods leave by water", "Il manque le navire, alors que les marchandises partent par eau")
        .remedy("State the name of the vessel", "Indiquez le nom du navire")
        .checked_by(vessel_missing),
    Rule::error("C421")
        .says("The voyage is missing, though the goods leave by sea", "Il manque le voyage, alors que les marchandises partent par mer")
        .remedy("State the voyage as the conveyance number", "Indiquez le voyage comme numéro du moyen de transport")
        .checked_by(voyage_missing),
    Rule::warning("C422")
        .says(
            "Vessel {value} is stated, though mode {mode} is not by water",
            "Le navire {value} est indiqué, alors que le mode {mode} n'est pas par eau",
        )
        .remedy(
            "Check the mode: 1 is maritime and 8 inland water; else leave the vessel out",
            "Vérifiez le mode: 1 est maritime et 8 par eaux intérieures; sinon, omettez le navire",
        )
        .checked_by(vessel_unexpected),
    Rule::warning("C424")
        .says(
            "The transport document is missing, though mode {mode} has one",
            "Il manque le document de transport, alors que le mode {mode} en comporte un",
        )
        .remedy(
            "State the bill of lading, air waybill or cargo control number, or the code that the carrier gave in its place",
            "Indiquez le connaissement, la lettre de transport aérien ou le numéro de contrôle du fret, ou le code que le \
             transporteur a donné à sa place",
        )
        .checked_by(transport_document),
    Rule::error("C430")
        .says(
            "The permit is missing, though the goods are said to be controlled",
            "Il manque le permis, alors que les marchandises sont dites contrôlées",
        )
        .remedy(
            "State the permit, licence or certificate; of a general permit its number",
            "Indiquez le permis, la licence ou le certificat; d'une licence générale, son numéro",
        )
        .checked_by(permit_missing),
    Rule::warning("C431")
        .says(
            "Permit {value} is stated, though no goods are said to be controlled",
            "Le permis {value} est indiqué, alors qu'aucune marchandise n'est dite contrôlée",
        )
        .remedy(
            "Say which goods are controlled, or leave the permit out",
            "Indiquez quelles marchandises sont contrôlées, ou omettez le permis",
        )
        .checked_by(permit_unexpected),
    Rule::warning("C432")
        .says(
            "The line is said to be controlled, though the header says that nothing is",
            "L'article est dit contrôlé, alors que l'en-tête dit que rien ne l'est",
        )
        .remedy(
            "Say the same in header and lines; the goods are taken to be controlled",
            "Dites la même chose dans l'en-tête et aux articles; les marchandises sont tenues pour contrôlées",
        )
        .checked_by(control_contradicted),
    Rule::error("C440")
        .says(
            "The length of the lease is missing, though the reason for export is {reason}",
            "Il manque la durée de la location, alors que le motif d'exportation est {reason}",
        )
        .remedy("State the length of the lease in months", "Indiquez la durée de la location en mois")
        .checked_by(lease_missing),
    Rule::error("C441")
        .says(
            "A lease of {value} months is stated, though the reason for export is not a lease",
            "Une location de {value} mois est indiquée, alors que le motif d'exportation n'est pas une location",
        )
        .remedy(
            "State the lease as the reason for export, or leave the months out",
            "Indiquez la location comme motif d'exportation, ou omettez les mois",
        )
        .checked_by(lease_unexpected),
    Rule::error("C450")
        .says(
            "The service provider is missing, though you file as one",
            "Il manque le prestataire de services, alors que vous déclarez en cette qualité",
        )
        .remedy("State your name and address", "Indiquez vos nom et adresse")
        .checked_by(service_provider),
];

/// The reason for export of goods that are leased or rented, as the list `reasons-for-export` names it.
const LEASE: &str = "LEA";

/// Silent when the value of any line could not be read: it has a finding, and the sum would only be another.
fn total_value(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.total_value
        && let Some(sum) = sum(draft.lines.iter().map(|line| value(&line.value).copied()))
        && sum != stated.value
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("sum", &sum)]);
    }
}

fn line_currency(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    let Some(currency) = value(&draft.currency) else { return };
    for line in judged_lines(draft) {
        if let Some(stated) = line.currency.as_ref().filter(|stated| stated.value != *currency) {
            report.say(Spot::line(line, stated), &[("value", &stated.value), ("currency", currency)]);
        }
    }
}

fn freight_currency(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.freight_currency
        && let Some(currency) = value(&draft.currency)
        && stated.value != *currency
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("currency", currency)]);
    }
}

fn freight(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
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
fn total_weight(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    let Some(stated) = &draft.gross_weight else { return };
    let Some(unit) = value(&draft.gross_weight_unit) else { return };
    let weights = draft.lines.iter().filter(|line| line.gross_weight.is_some()).map(|line| weight_in(unit, line));
    if let Some(sum) = sum(weights)
        && let sum = sum.trunc_with_scale(stated.value.scale())
        && sum > stated.value
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("unit", unit), ("sum", &sum)]);
    }
}

fn line_count(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.line_count
        && u32::try_from(draft.lines.len()) != Ok(stated.value)
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("count", &draft.lines.len())]);
    }
}

fn package_count(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.package_count
        && let Some(count) = value(&draft.packages)
        && stated.value != *count
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("count", count)]);
    }
}

fn containers_missing(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.is_containerised
        && stated.value
        && draft.containers.is_empty()
    {
        report.say(Spot::header(stated), &[]);
    }
}

/// Said once, at the first container.
fn containers_unexpected(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if value(&draft.is_containerised) == Some(&false)
        && let Some(stated) = draft.containers.first()
    {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

fn container_form(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    containers_with(ContainerFault::Form, draft, report);
}

fn container_check_digit(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    containers_with(ContainerFault::CheckDigit, draft, report);
}

fn containers_with(fault: ContainerFault, draft: &Draft, report: &mut Report<'_>) {
    for stated in &draft.containers {
        if stated.value.parse::<ContainerNumber>() == Err(fault) {
            report.say(Spot::header(stated), &[("value", &stated.value)]);
        }
    }
}

fn container_repeated(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    let mut seen = HashSet::with_capacity(draft.containers.len());
    for stated in &draft.containers {
        if !seen.insert(stated.value.as_str()) {
            report.say(Spot::header(stated), &[("value", &stated.value)]);
        }
    }
}

fn vessel_missing(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.mode
        && matches!(Mode::of(&stated.value), Mode::Maritime | Mode::InlandWater)
        && draft.vessel.is_none()
    {
        report.say(Spot::header(stated), &[]);
    }
}

/// On inland waters a vessel often sails without a numbered voyage.
fn voyage_missing(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.mode
        && Mode::of(&stated.value) == Mode::Maritime
        && draft.conveyance.is_none()
    {
        report.say(Spot::header(stated), &[]);
    }
}

/// In multimodal transport and the like a vessel may well take part.
fn vessel_unexpected(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.vessel
        && let Some(mode) = value(&draft.mode)
        && matches!(Mode::of(mode), Mode::Rail | Mode::Road | Mode::Air | Mode::Mail)
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("mode", mode)]);
    }
}

/// A warning: carriers that book only against a proof-of-report number give their document after it.
fn transport_document(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.mode
        && matches!(Mode::of(&stated.value), Mode::Maritime | Mode::Rail | Mode::Air)
        && draft.transport_document.is_none()
    {
        report.say(Spot::header(stated), &[("mode", &stated.value)]);
    }
}

/// A permit of the header covers every line; a permit of a line covers that line, and the header when no line is said
/// to be controlled by itself.
fn permit_missing(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if !draft.permits.is_empty() {
        return;
    }
    let mut has_controlled_lines = false;
    for (line, stated) in controlled_lines(draft) {
        has_controlled_lines = true;
        if line.permits.is_empty() {
            report.say(Spot::line(line, stated), &[]);
        }
    }
    if let Some(stated) = affirmed(&draft.is_controlled)
        && !has_controlled_lines
        && draft.lines.iter().all(|line| line.permits.is_empty())
    {
        report.say(Spot::header(stated), &[]);
    }
}

/// Said once, at the first permit.
fn permit_unexpected(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if draft.has_controlled_goods() {
        return;
    }
    let of_header = draft.permits.first().map(|stated| (Spot::header(stated), stated));
    let of_lines =
        || judged_lines(draft).find_map(|line| line.permits.first().map(|stated| (Spot::line(line, stated), stated)));
    let first = of_header.or_else(of_lines);
    if let Some((spot, stated)) = first {
        report.say(spot, &[("value", &stated.value)]);
    }
}

fn control_contradicted(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if value(&draft.is_controlled) != Some(&false) {
        return;
    }
    for (line, stated) in controlled_lines(draft) {
        report.say(Spot::line(line, stated), &[]);
    }
}

fn lease_missing(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.reason_for_export
        && stated.value == LEASE
        && value(&draft.lease_months).is_none_or(|months| *months == 0)
    {
        report.say(Spot::header(stated), &[("reason", &stated.value)]);
    }
}

fn lease_unexpected(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.lease_months
        && value(&draft.reason_for_export).is_none_or(|reason| reason != LEASE)
    {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

/// Whoever files for others is named beside those it files for.
fn service_provider(draft: &Draft, context: &Context<'_>, report: &mut Report<'_>) {
    if context.partner.kind == PartnerKind::ServiceProvider && draft.service_provider.is_empty() {
        report.say(Spot::DECLARATION, &[]);
    }
}

/// The lines that say of themselves that they are controlled, and where.
fn controlled_lines(draft: &Draft) -> impl Iterator<Item = (&LineDraft, &Stated<bool>)> {
    judged_lines(draft).filter_map(|line| Some((line, affirmed(&line.is_controlled)?)))
}

/// A statement that says yes.
fn affirmed(field: &Field<bool>) -> Option<&Stated<bool>> {
    field.as_ref().filter(|stated| stated.value)
}

/// The sum, when all of them are known and it is a number.
fn sum(values: impl Iterator<Item = Option<Decimal>>) -> Option<Decimal> {
    values.into_iter().try_fold(Decimal::ZERO, |sum, value| sum.checked_add(value?))
}

/// The gross weight of a line in another unit.
fn weight_in(unit: &str, line: &LineDraft) -> Option<Decimal> {
    let weight = *value(&line.gross_weight)?;
    let own = value(&line.gross_weight_unit)?;
    if own == unit {
        return Some(weight);
    }
    weight.checked_mul(kilograms(own)?)?.checked_div(kilograms(unit)?)
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

    use super::super::case::{Case, amount, check, put, set, stated};
    use crate::declaration::Severity;
    use crate::partner::PartnerKind;

    /// Another mode, without what only the sea has.
    fn by(case: &mut Case, mode: &str) {
        set(&mut case.draft.mode, mode);
        case.draft.vessel = None;
        case.draft.conveyance = None;
    }

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

    #[test]
    fn goods_in_containers_name_them() {
        check(|case| case.draft.containers.clear(), "C410 @ GIS 14.2");
        check(|case| set(&mut case.draft.is_containerised, false), "C411 @ EQD 13.3");
    }

    #[test]
    fn container_numbers_are_iso_6346() {
        check(|case| case.draft.containers[0].value = "CSQU305438".into(), "C412 @ EQD 13.3");
        check(|case| case.draft.containers[0].value = "CSQU3054384".into(), "C413 @ EQD 13.3");
    }

    #[test]
    fn an_administration_may_refuse_wrong_check_digits_of_containers() {
        check(
            |case| {
                case.draft.containers[0].value = "CSQU3054384".into();
                case.settings.container_check_digit = Severity::Error;
            },
            "C413 (error) @ EQD 13.3",
        );
    }

    #[test]
    fn a_container_is_stated_once() {
        check(|case| case.draft.containers.push(stated("CSQU3054383", "EQD", 60, Some(3), None)), "C414 @ EQD 60.3");
    }

    #[test]
    fn goods_by_water_have_a_vessel() {
        check(|case| case.draft.vessel = None, "C420 @ TDT 9.4.1");
        check(|case| by(case, "8"), "C420 @ TDT 9.4.1");
    }

    #[test]
    fn goods_by_sea_have_a_voyage() {
        check(|case| case.draft.conveyance = None, "C421 @ TDT 9.4.1");
    }

    #[test]
    fn goods_by_land_have_no_vessel() {
        check(|case| set(&mut case.draft.mode, "3"), "C422 @ TDT 9.9.4");
        check(|case| set(&mut case.draft.mode, "6"), "");
    }

    #[test]
    fn sea_rail_and_air_have_a_transport_document() {
        let without_document = |mode: &'static str| {
            move |case: &mut Case| {
                by(case, mode);
                case.draft.transport_document = None;
            }
        };
        check(without_document("2"), "C424 @ TDT 9.4.1");
        check(without_document("4"), "C424 @ TDT 9.4.1");
        check(without_document("3"), "");
        check(without_document("5"), "");
    }

    #[test]
    fn controlled_goods_have_a_permit() {
        check(|case| set(&mut case.draft.is_controlled, true), "C430 @ GIS 16.2");
    }

    #[test]
    fn the_permit_of_one_line_does_not_cover_another() {
        check(
            |case| {
                set(&mut case.draft.is_controlled, true);
                for (line, position) in case.draft.lines.iter_mut().zip([61, 62]) {
                    put(&mut line.is_controlled, true, "GIS", position);
                }
                case.draft.lines[0].permits.push(stated("P-1", "RFF", 63, Some(2), Some(2)));
            },
            "C430 @ line 2 GIS 62",
        );
    }

    #[test]
    fn the_permit_of_the_header_covers_all_lines() {
        check(
            |case| {
                set(&mut case.draft.is_controlled, true);
                put(&mut case.draft.lines[1].is_controlled, true, "GIS", 62);
                case.draft.permits.push(stated("P-1", "RFF", 63, Some(2), Some(2)));
            },
            "",
        );
    }

    #[test]
    fn a_permit_without_controlled_goods_is_probably_a_mistake() {
        check(|case| case.draft.permits.push(stated("P-1", "RFF", 63, Some(2), Some(2))), "C431 @ RFF 63.2.2");
        check(
            |case| case.draft.lines[1].permits.push(stated("P-1", "RFF", 63, Some(2), Some(2))),
            "C431 @ line 2 RFF 63.2.2",
        );
    }

    #[test]
    fn header_and_lines_agree_on_control() {
        check(
            |case| {
                put(&mut case.draft.lines[1].is_controlled, true, "GIS", 62);
                case.draft.lines[1].permits.push(stated("P-1", "RFF", 63, Some(2), Some(2)));
            },
            "C432 @ line 2 GIS 62",
        );
    }

    #[test]
    fn a_lease_has_a_length() {
        check(|case| put(&mut case.draft.reason_for_export, "LEA", "GIS", 17), "C440 @ GIS 17");
        check(
            |case| {
                put(&mut case.draft.reason_for_export, "LEA", "GIS", 17);
                put(&mut case.draft.lease_months, 24_u32, "DTM", 18);
            },
            "",
        );
    }

    #[test]
    fn what_is_no_lease_has_no_length() {
        check(|case| put(&mut case.draft.lease_months, 24_u32, "DTM", 18), "C441 @ DTM 18");
        check(
            |case| {
                put(&mut case.draft.reason_for_export, "REP", "GIS", 17);
                put(&mut case.draft.lease_months, 24_u32, "DTM", 18);
            },
            "C441 @ DTM 18",
        );
    }

    #[test]
    fn a_service_provider_names_itself() {
        check(|case| case.partner.kind = PartnerKind::ServiceProvider, "C450 @ declaration");
        check(
            |case| {
                case.partner.kind = PartnerKind::ServiceProvider;
                case.names_a_service_provider();
            },
            "",
        );
    }
}
