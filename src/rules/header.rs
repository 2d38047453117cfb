//! Family H, header content: each value by itself, codes against their lists.

use super::rule::{Origin, Report, Rule, Spot};
use super::{Context, breach, is_above_zero, is_below_zero, value};
use crate::declaration::Draft;

pub(super) const RULES: &[Rule] = &[
    Rule::error("H201")
        .says_sentence(breach::MISSING)
        .remedy("State it; the guide names its place", "Indiquez-le; le guide en donne la place")
        .given_by(Origin::Guide),
    Rule::error("H202")
        .says_sentence(breach::FORMAT)
        .remedy("Write it in the form that the guide gives", "Écrivez-le dans la forme que donne le guide")
        .given_by(Origin::Guide),
    Rule::error("H203")
        .says_sentence(breach::TOO_MANY)
        .remedy(
            "Leave out the repetitions, or state them on the lines where the guide allows it",
            "Supprimez les répétitions, ou indiquez-les aux articles où le guide le permet",
        )
        .given_by(Origin::Guide),
    Rule::error("H206")
        .says(
            "Reference {value} begins or ends with a blank or is longer than {limit} characters",
            "La référence {value} commence ou finit par un espace ou dépasse {limit} caractères",
        )
        .remedy(
            "Give each declaration a reference of its own without blanks around it",
            "Donnez à chaque déclaration une référence propre, sans espace autour",
        )
        .checked_by(reference),
    Rule::error("H207")
        .says(
            "Document code {value} is not that of an export declaration, 830",
            "Le code de document {value} n'est pas celui d'une déclaration d'exportation, 830",
        )
        .remedy("State 830 as the document name code", "Indiquez 830 comme code de document")
        .checked_by(document),
    Rule::warning("H210")
        .says(
            "Office of exit {value} is not in the list on {date}[; the nearest is {nearest}]",
            "Le bureau de sortie {value} n'est pas dans la liste au {date}[; le plus proche est {nearest}]",
        )
        .remedy(
            "State the office at the place of exit in four digits; if it is right, nothing is to be done",
            "Indiquez en quatre chiffres le bureau du lieu de sortie; s'il est exact, rien n'est à faire",
        )
        .weighed_by("office_unknown", |context| {
            context.settings.office_unknown.unwrap_or_else(|| context.severity_of_unknown(OFFICES))
        })
        .given_by(Origin::Listed),
    Rule::error("H211")
        .says(
            "Country {value} is not in the list on {date}[; the nearest is {nearest}]",
            "Le pays {value} n'est pas dans la liste au {date}[; le plus proche est {nearest}]",
        )
        .remedy(
            "State the country by its two capital letters (ISO 3166-1)",
            "Indiquez le pays par ses deux lettres majuscules (ISO 3166-1)",
        )
        .given_by(Origin::Listed),
    Rule::error("H212")
        .says(
            "Mode of transport {value} is not in the list on {date}[; the nearest is {nearest}]",
            "Le mode de transport {value} n'est pas dans la liste au {date}[; le plus proche est {nearest}]",
        )
        .remedy(
            "State the mode by the digit of UN/ECE Recommendation 19: 1 maritime, 2 rail, 3 road, 4 air, 5 mail; the \
             digits of customs forms are others",
            "Indiquez le mode par le chiffre de la recommandation 19 de la CEE-ONU : 1 maritime, 2 rail, 3 route, 4 air, \
             5 poste; ceux des formulaires douaniers sont différents",
        )
        .given_by(Origin::Listed),
    Rule::error("H213")
        .says(
            "Currency {value} is not in the list on {date}[; the nearest is {nearest}]",
            "La devise {value} n'est pas dans la liste au {date}[; la plus proche est {nearest}]",
        )
        .remedy(
            "State the currency by its three capital letters (ISO 4217)",
            "Indiquez la devise par ses trois lettres majuscules (ISO 4217)",
        )
        .given_by(Origin::Listed),
    Rule::error("H214")
        .says(
            "Unit {value} of the gross weight is not in the list on {date}[; the nearest is {nearest}]",
            "L'unité {value} du poids brut n'est pas dans la liste au {date}[; la plus proche est {nearest}]",
        )
        .remedy(
            "State the weight in kilograms (KGM) or another unit of the list",
            "Indiquez le poids en kilogrammes (KGM) ou dans une autre unité de la liste",
        )
        .given_by(Origin::Listed),
    Rule::error("H215")
        .says(
            "Package type {value} is not in the list on {date}[; the nearest is {nearest}]",
            "Le genre de colis {value} n'est pas dans la liste au {date}[; le plus proche est {nearest}]",
        )
        .remedy(
            "State the kind of packages by its code of UN/ECE Recommendation 21, as in CT for carton",
            "Indiquez le genre de colis par son code de la recommandation 21 de la CEE-ONU, comme CT pour carton",
        )
        .given_by(Origin::Listed),
    Rule::error("H216")
        .says(
            "Reason for export {value} is not in the list on {date}[; the nearest is {nearest}]",
            "Le motif d'exportation {value} n'est pas dans la liste au {date}[; le plus proche est {nearest}]",
        )
        .remedy(
            "State why goods that were not sold are exported, by a code of the list; leave it out for sold goods",
            "Indiquez par un code de la liste pourquoi des marchandises non vendues sont exportées; omettez-le si elles \
             sont vendues",
        )
        .given_by(Origin::Listed),
    Rule::warning("H221")
        .says("The country of final destination is Canada", "Le pays de destination finale est le Canada")
        .remedy(
            "State the country where the goods are to be used; goods that only pass through another country on their way \
             back to Canada need no declaration",
            "Indiquez le pays où les marchandises seront utilisées; celles qui ne font que passer par un autre pays avant \
             de revenir au Canada n'ont pas à être déclarées",
        )
        .checked_by(destination),
    Rule::error("H222")
        .says(
            "The number of packages is 0, though package type {kind} is not for goods in bulk",
            "Le nombre de colis est 0, alors que le genre de colis {kind} n'est pas celui de marchandises en vrac",
        )
        .remedy(
            "Count the outermost packages; 0 is for goods in bulk",
            "Comptez les colis extérieurs; 0 est réservé aux marchandises en vrac",
        )
        .checked_by(packages),
    Rule::error("H223")
        .says(
            "The total gross weight {value} is not more than zero",
            "Le poids brut total {value} n'est pas supérieur à zéro",
        )
        .remedy("State the weight of the goods with their packing", "Indiquez le poids des marchandises emballées")
        .checked_by(gross_weight),
    Rule::error("H224")
        .says("The total value {value} is not more than zero", "La valeur totale {value} n'est pas supérieure à zéro")
        .remedy(
            "State the value free on board at the place of exit; goods that were not sold have the value they would be \
             sold for",
            "Indiquez la valeur franco à bord au lieu de sortie; celle de marchandises non vendues est leur prix de vente \
             éventuel",
        )
        .checked_by(total_value),
    Rule::error("H225")
        .says("Freight {value} is less than zero", "Les frais de transport {value} sont inférieurs à zéro")
        .remedy(
            "State the freight to the place of exit, 0 when there is none",
            "Indiquez les frais de transport jusqu'au lieu de sortie, 0 s'il n'y en a pas",
        )
        .checked_by(freight),
    Rule::notice("H290")
        .says_sentence(breach::NOT_USED)
        .remedy(
            "Leave it out, or see in the guide where its content belongs",
            "Supprimez-le, ou voyez dans le guide où va son contenu",
        )
        .given_by(Origin::Guide),
];

/// Longest reference, in characters (C106 1004, an..35).
const REFERENCE_LENGTH_MAX: usize = 35;

/// The list of offices of exit.
const OFFICES: &str = "cbsa-offices";

/// The document name code (C002 1001) of an export declaration.
const EXPORT_DECLARATION: &str = "830";

/// Codes of UN/ECE Recommendation 21 for goods without packages: bulk of every kind, and unpacked.
const BULK: [&str; 8] = ["VG", "VL", "VO", "VQ", "VR", "VS", "VY", "NE"];

/// Two references that differ only in blanks around them would look the same to everybody who reads one.
fn reference(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.reference
        && (stated.value.trim().len() < stated.value.len() || is_longer(stated.value, REFERENCE_LENGTH_MAX))
    {
        report.say(Spot::header(stated), &[("value", &stated.value), ("limit", &REFERENCE_LENGTH_MAX)]);
    }
}

/// Whether a text has more characters than that; fewer bytes cannot be more characters.
fn is_longer(text: &str, characters: usize) -> bool {
    text.len() > characters && text.chars().nth(characters).is_some()
}

fn document(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.document
        && stated.value != EXPORT_DECLARATION
    {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

fn destination(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.destination
        && stated.value == "CA"
    {
        report.say(Spot::header(stated), &[]);
    }
}

fn packages(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.packages
        && stated.value == 0
        && let Some(kind) = value(&draft.package_type)
        && !BULK.contains(&&**kind)
    {
        report.say(Spot::header(stated), &[("kind", kind)]);
    }
}

fn gross_weight(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    for stated in draft.gross_weight.iter().filter(|stated| !is_above_zero(&stated.value)) {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

fn total_value(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    for stated in draft.total_value.iter().filter(|stated| !is_above_zero(&stated.value)) {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

fn freight(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    for stated in draft.freight.iter().filter(|stated| is_below_zero(&stated.value)) {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::super::case::{check, put, set};
    use crate::declaration::Severity;

    /// One character more than a reference may have.
    const LONG: &str = "REFERENCE-OF-THIRTY-SIX-CHARACTERS-A";

    #[test]
    fn a_reference_has_no_blanks_around_it() {
        check(|case| set(&mut case.draft.reference, "REF-1 "), "H206 @ BGM 2.3.1");
        check(|case| set(&mut case.draft.reference, LONG), "H206 @ BGM 2.3.1");
        check(|case| set(&mut case.draft.reference, LONG.trim_start_matches('R')), "");
        check(|case| set(&mut case.draft.reference, "ÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉÉ"), "");
    }

    #[test]
    fn the_document_is_an_export_declaration() {
        check(|case| set(&mut case.draft.document, "914"), "H207 @ BGM 2.2.1");
    }

    #[test]
    fn an_unknown_office_is_a_warning_while_the_list_is_a_sample() {
        check(|case| set(&mut case.draft.exit_office, "9999"), "H210 @ LOC 10.3.1");
        check(
            |case| {
                set(&mut case.draft.exit_office, "9999");
                case.settings.office_unknown = Some(Severity::Error);
            },
            "H210 (error) @ LOC 10.3.1",
        );
    }

    #[test]
    fn countries_are_in_their_list() {
        check(|case| set(&mut case.draft.destination, "JQ"), "H211 @ LOC 11.3.1");
        check(|case| set(&mut case.draft.consignee.country, "jp"), "H211 @ NAD 7.9");
    }

    #[test]
    fn modes_are_in_their_list() {
        check(
            |case| {
                set(&mut case.draft.mode, "99");
                case.draft.vessel = None;
            },
            "H212 @ TDT 9.4.1",
        );
    }

    #[test]
    fn currencies_are_in_their_list() {
        check(
            |case| {
                for currency in case.currencies() {
                    set(currency, "XQQ");
                }
            },
            "H213 @ MOA 22.2.3, H213 @ MOA 23.2.3, L325 @ line 1 MOA 34.2.3, L325 @ line 2 MOA 44.2.3",
        );
    }

    #[test]
    fn units_of_weight_are_in_their_list() {
        check(|case| set(&mut case.draft.gross_weight_unit, "KGS"), "H214 @ MEA 21.4.1");
    }

    #[test]
    fn package_types_are_in_their_list() {
        check(|case| set(&mut case.draft.package_type, "??"), "H215 @ PAC 15.4.1");
    }

    #[test]
    fn reasons_for_export_are_in_their_list() {
        check(|case| put(&mut case.draft.reason_for_export, "WHY", "GIS", 17), "H216 @ GIS 17");
    }

    #[test]
    fn goods_do_not_leave_for_canada() {
        check(|case| set(&mut case.draft.destination, "CA"), "H221 @ LOC 11.3.1");
    }

    #[test]
    fn only_goods_in_bulk_have_no_packages() {
        let without_packages = |kind: &'static str| {
            move |case: &mut super::super::case::Case| {
                set(&mut case.draft.packages, 0_u32);
                set(&mut case.draft.package_count, 0_u32);
                set(&mut case.draft.package_type, kind);
            }
        };
        check(without_packages("CT"), "H222 @ PAC 15.2");
        check(without_packages("VR"), "");
    }

    #[test]
    fn weight_is_more_than_zero() {
        check(
            |case| {
                set(&mut case.draft.gross_weight, Decimal::ZERO);
                for line in &mut case.draft.lines {
                    line.gross_weight = None;
                }
            },
            "H223 @ MEA 21.4.2",
        );
    }

    #[test]
    fn value_is_more_than_zero() {
        check(
            |case| {
                case.worth(Decimal::ZERO, "CAD");
                set(&mut case.draft.freight, Decimal::ZERO);
            },
            "H224 @ MOA 22.2.2, N702 @ MOA 22.2.2, L332 @ line 1 MOA 34.2.2",
        );
    }

    #[test]
    fn freight_may_be_zero_but_not_less() {
        check(|case| set(&mut case.draft.freight, Decimal::ZERO), "");
        check(|case| set(&mut case.draft.freight, Decimal::NEGATIVE_ONE), "H225 @ MOA 23.2.2");
    }
}
