//! Family C, cross-field: what the mode of transport and the containers demand.

use std::collections::HashSet;

use super::mode::Mode;
use super::rule::{Report, Rule, Spot};
use super::{Context, value};
use crate::declaration::{Draft, Stated, Text};
use crate::identifier::{ContainerFault, ContainerNumber};

/// Containers that are compared with each other; of more, each is looked up among those before.
const FEW: usize = 16;

pub(super) const RULES: &[Rule] = &[
    Rule::error("C410")
        .says(
            "The goods are said to be in containers, but no container is stated",
            "Les marchandises sont déclarées en conteneurs, mais aucun conteneur n'est indiqué",
        )
        .remedy(
            "State each container, or that the goods are not in containers",
            "Indiquez chaque conteneur, ou que les marchandises ne sont pas en conteneurs",
        )
        .checked_by(containers_missing),
    Rule::error("C411")
        .says(
            "Container {value} is stated, but the goods are said not to be in containers",
            "Le conteneur {value} est indiqué, mais les marchandises sont déclarées hors conteneurs",
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
        .says("The vessel is missing, though the goods leave by water", "Le nom du navire manque, alors que les marchandises partent par eau")
        .remedy("State the name of the vessel", "Indiquez le nom du navire")
        .checked_by(vessel_missing),
    Rule::error("C421")
        .says("The voyage is missing, though the goods leave by sea", "Le numéro de voyage manque, alors que les marchandises partent par mer")
        .remedy("State the voyage as the conveyance number", "Indiquez le voyage comme numéro du moyen de transport")
        .checked_by(voyage_missing),
    Rule::warning("C422")
        .says(
            "Vessel {value} is stated, though mode {mode} is not by water",
            "Le navire {value} est indiqué, alors que le mode {mode} n'est pas par eau",
        )
        .remedy(
            "Check the mode: 1 is maritime and 8 inland water; else leave the vessel out",
            "Vérifiez le mode : 1 est maritime et 8 par eaux intérieures; sinon, omettez le navire",
        )
        .checked_by(vessel_unexpected),
    Rule::warning("C424")
        .says(
            "The transport document is missing, though mode {mode} has one",
            "Le document de transport manque, alors que le mode {mode} en comporte un",
        )
        .remedy(
            "State the bill of lading, air waybill or cargo control number, or the code that the carrier gave in its place",
            "Indiquez le connaissement, la lettre de transport aérien ou le numéro de contrôle du fret, ou le code que le \
             transporteur a donné à sa place",
        )
        .checked_by(transport_document),
];

fn containers_missing(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.is_containerised
        && stated.value
        && draft.containers.is_empty()
    {
        report.say(Spot::header(stated), &[]);
    }
}

/// Said once, at the first container.
fn containers_unexpected(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if value(&draft.is_containerised) == Some(&false)
        && let Some(stated) = draft.containers.first()
    {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

fn container_form(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    containers_with(ContainerFault::Form, draft, report);
}

fn container_check_digit(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    containers_with(ContainerFault::CheckDigit, draft, report);
}

fn containers_with(fault: ContainerFault, draft: &Draft<'_>, report: &mut Report<'_>) {
    for stated in &draft.containers {
        if ContainerNumber::check(stated.value) == Err(fault) {
            report.say(Spot::header(stated), &[("value", &stated.value)]);
        }
    }
}

fn container_repeated(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    let containers = &draft.containers;
    let mut say = |stated| report.say(Spot::header(stated), &[("value", &stated.value)]);
    if containers.len() <= FEW {
        let is_repeated = |(index, stated): &(usize, &Stated<Text<'_>>)| {
            containers.iter().take(*index).any(|before| before.value == stated.value)
        };
        containers.iter().enumerate().filter(is_repeated).for_each(|(_, stated)| say(stated));
    } else {
        let mut seen = HashSet::with_capacity(containers.len());
        containers.iter().filter(|stated| !seen.insert(stated.value)).for_each(say);
    }
}

fn vessel_missing(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.mode
        && matches!(Mode::of(stated.value), Mode::Maritime | Mode::InlandWater)
        && draft.vessel.is_none()
    {
        report.say(Spot::header(stated), &[]);
    }
}

/// On inland waters a vessel often sails without a numbered voyage.
fn voyage_missing(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.mode
        && Mode::of(stated.value) == Mode::Maritime
        && draft.conveyance.is_none()
    {
        report.say(Spot::header(stated), &[]);
    }
}

/// In multimodal transport and the like a vessel may well take part.
fn vessel_unexpected(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.vessel
        && let Some(mode) = value(&draft.mode)
        && matches!(Mode::of(mode), Mode::Rail | Mode::Road | Mode::Air | Mode::Mail)
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("mode", mode)]);
    }
}

/// A warning: carriers that book only against a proof-of-report number give their document after it.
fn transport_document(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.mode
        && matches!(Mode::of(stated.value), Mode::Maritime | Mode::Rail | Mode::Air)
        && draft.transport_document.is_none()
    {
        report.say(Spot::header(stated), &[("mode", &stated.value)]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, check, set, stated};
    use crate::declaration::Severity;

    /// Another mode, without what only the sea has.
    fn by(case: &mut Case, mode: &'static str) {
        set(&mut case.draft.mode, mode);
        case.draft.vessel = None;
        case.draft.conveyance = None;
    }

    #[test]
    fn goods_in_containers_name_them() {
        check(|case| case.draft.containers.clear(), "C410 @ GIS 14.2");
        check(|case| set(&mut case.draft.is_containerised, false), "C411 @ EQD 13.3");
    }

    #[test]
    fn container_numbers_are_iso_6346() {
        check(|case| case.draft.containers[0].value = "CSQU305438", "C412 @ EQD 13.3");
        check(|case| case.draft.containers[0].value = "CSQU3054384", "C413 @ EQD 13.3");
    }

    #[test]
    fn an_administration_may_refuse_wrong_check_digits_of_containers() {
        check(
            |case| {
                case.draft.containers[0].value = "CSQU3054384";
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
}
