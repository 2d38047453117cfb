//! Family C, cross-field: what is demanded under a condition: permits, the length of a lease, the service provider.

use super::rule::{Report, Rule, Spot};
use super::{Context, judged_lines, value};
use crate::declaration::{Draft, Field, LineDraft, Stated};
use crate::partner::PartnerKind;

pub(super) const RULES: &[Rule] = &[
    Rule::error("C430")
        .says(
            "The permit is missing, though the goods are said to be controlled",
            "Le permis manque, alors que les marchandises sont déclarées contrôlées",
        )
        .remedy(
            "State the permit, licence or certificate; of a general permit its number",
            "Indiquez le permis, la licence ou le certificat; d'une licence générale, son numéro",
        )
        .checked_by(permit_missing),
    Rule::warning("C431")
        .says(
            "Permit {value} is stated, though no goods are said to be controlled",
            "Le permis {value} est indiqué, alors qu'aucune marchandise n'est déclarée contrôlée",
        )
        .remedy(
            "Say which goods are controlled, or leave the permit out",
            "Indiquez quelles marchandises sont contrôlées, ou omettez le permis",
        )
        .checked_by(permit_unexpected),
    Rule::warning("C432")
        .says(
            "The line is said to be controlled, though the header says that nothing is",
            "L'article est déclaré contrôlé, alors que l'en-tête indique que rien ne l'est",
        )
        .remedy(
            "Say the same in header and lines; the goods are taken to be controlled",
            "Indiquez la même chose dans l'en-tête et aux articles; les marchandises sont tenues pour contrôlées",
        )
        .checked_by(control_contradicted),
    Rule::error("C440")
        .says(
            "The length of the lease is missing, though the reason for export is {reason}",
            "La durée de la location manque, alors que le motif d'exportation est {reason}",
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
            "Le fournisseur de services manque, alors que vous déclarez en cette qualité",
        )
        .remedy("State your name and address", "Indiquez vos nom et adresse")
        .checked_by(service_provider),
];

/// The reason for export of goods that are leased or rented, as the list `reasons-for-export` names it.
const LEASE: &str = "LEA";

/// A permit of the header covers every line; a permit of a line covers that line, and the header when no line is said
/// to be controlled by itself.
fn permit_missing(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
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
fn permit_unexpected(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    let of_header = draft.permits.first().map(|stated| (Spot::header(stated), stated));
    let of_lines = || {
        judged_lines(draft)
            .iter()
            .find_map(|line| line.permits.first().map(|stated| (Spot::line(line, stated), stated)))
    };
    if let Some((spot, stated)) = of_header.or_else(of_lines)
        && !draft.has_controlled_goods()
    {
        report.say(spot, &[("value", &stated.value)]);
    }
}

fn control_contradicted(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if value(&draft.is_controlled) != Some(&false) {
        return;
    }
    for (line, stated) in controlled_lines(draft) {
        report.say(Spot::line(line, stated), &[]);
    }
}

fn lease_missing(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.reason_for_export
        && stated.value == LEASE
        && value(&draft.lease_months).is_none_or(|months| *months == 0)
    {
        report.say(Spot::header(stated), &[("reason", &stated.value)]);
    }
}

fn lease_unexpected(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.lease_months
        && value(&draft.reason_for_export).is_none_or(|reason| *reason != LEASE)
    {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

/// Whoever files for others is named beside those it files for.
fn service_provider(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    if context.partner.kind == PartnerKind::ServiceProvider && draft.service_provider.is_empty() {
        report.say(Spot::DECLARATION, &[]);
    }
}

/// The lines that say of themselves that they are controlled, and where.
fn controlled_lines<'d>(draft: &'d Draft<'d>) -> impl Iterator<Item = (&'d LineDraft<'d>, &'d Stated<bool>)> {
    judged_lines(draft).iter().filter_map(|line| Some((line, affirmed(&line.is_controlled)?)))
}

/// A statement that says yes.
fn affirmed(field: &Field<bool>) -> Option<&Stated<bool>> {
    field.as_ref().filter(|stated| stated.value)
}

#[cfg(test)]
mod tests {
    use super::super::case::{check, put, set, stated};
    use crate::partner::PartnerKind;

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
