//! Family H, header content: addresses in Canada.

use super::rule::{Report, Rule, Spot};
use super::{Context, check_listed};
use crate::declaration::{Draft, PartyDraft, Stated, Text};

pub(super) const RULES: &[Rule] = &[
    Rule::error("H217")
        .says(
            "Province {value} of an address in Canada is not in the list on {date}[; the nearest is {nearest}]",
            "La province {value} d'une adresse au Canada n'est pas dans la liste au {date}[; la plus proche est {nearest}]",
        )
        .remedy(
            "State the province or territory by its two capital letters, as in ON",
            "Indiquez la province ou le territoire par ses deux lettres majuscules, comme QC",
        )
        .checked_by(address_province),
    Rule::error("H218")
        .says("An address in Canada lacks its province", "La province manque dans une adresse au Canada")
        .remedy(
            "State the province or territory of the exporter and of the service provider",
            "Indiquez la province ou le territoire de l'exportateur et du fournisseur de services",
        )
        .checked_by(address_province_missing),
    Rule::error("H219")
        .says("An address in Canada lacks its postal code", "Le code postal manque dans une adresse au Canada")
        .remedy(
            "State the postal code of the exporter and of the service provider",
            "Indiquez le code postal de l'exportateur et du fournisseur de services",
        )
        .checked_by(postal_code_missing),
    Rule::warning("H220")
        .says(
            "Postal code {value} of an address in Canada is not of the form A9A 9A9",
            "Le code postal {value} d'une adresse au Canada n'est pas de la forme A9A 9A9",
        )
        .remedy("Compare it with the address", "Comparez-le avec l'adresse")
        .checked_by(postal_code),
];

fn address_province(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let Some(provinces) = context.lists.provinces else { return };
    let on = context.day_of_export(draft);
    for stated in canadian_parties(draft).filter_map(|(party, _)| party.region.as_ref()) {
        check_listed(provinces, stated, Spot::header(stated), on, report);
    }
}

fn address_province_missing(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    for (_, country) in canadian_parties(draft).filter(|(party, _)| party.region.is_none()) {
        report.say(Spot::header(country), &[]);
    }
}

fn postal_code_missing(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    for (_, country) in canadian_parties(draft).filter(|(party, _)| party.postal_code.is_none()) {
        report.say(Spot::header(country), &[]);
    }
}

fn postal_code(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    for stated in canadian_parties(draft).filter_map(|(party, _)| party.postal_code.as_ref()) {
        if !is_canadian_postal_code(stated.value) {
            report.say(Spot::header(stated), &[("value", &stated.value)]);
        }
    }
}

/// The parties whose address is in Canada and has to be whole, with the statement of their country. A consignee in
/// Canada is a rare thing, and its address is what it is.
fn canadian_parties<'d>(draft: &'d Draft<'d>) -> impl Iterator<Item = (&'d PartyDraft<'d>, &'d Stated<Text<'d>>)> {
    [&draft.exporter, &draft.service_provider]
        .into_iter()
        .filter_map(|party| Some((party, party.country.as_ref()?)))
        .filter(|(_, country)| country.value == "CA")
}

/// `A9A 9A9`, with or without the blank, in the letters that Canada Post uses.
fn is_canadian_postal_code(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_uppercase() && !matches!(byte, b'D' | b'F' | b'I' | b'O' | b'Q' | b'U');
    let is_first = |byte: u8| is_letter(byte) && !matches!(byte, b'W' | b'Z');
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let mut code = text.bytes().filter(|byte| *byte != b' ');
    let mut next = |is_allowed: &dyn Fn(u8) -> bool| code.next().is_some_and(is_allowed);
    let is_formed = next(&is_first)
        && next(&is_digit)
        && next(&is_letter)
        && next(&is_digit)
        && next(&is_letter)
        && next(&is_digit);
    is_formed && code.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::super::case::{check, set};
    use super::is_canadian_postal_code;

    #[test]
    fn an_address_in_canada_has_a_province_of_the_list() {
        check(|case| set(&mut case.draft.exporter.region, "PQ"), "H217 @ NAD 6.7");
        check(|case| case.draft.exporter.region = None, "H218 @ NAD 6.9");
    }

    #[test]
    fn an_address_in_canada_has_a_postal_code() {
        check(|case| case.draft.exporter.postal_code = None, "H219 @ NAD 6.9");
        check(|case| set(&mut case.draft.exporter.postal_code, "90210"), "H220 @ NAD 6.8");
    }

    #[test]
    fn an_exporter_abroad_has_an_address_as_it_is_abroad() {
        check(
            |case| {
                set(&mut case.draft.exporter.country, "US");
                case.draft.exporter.region = None;
                case.draft.exporter.postal_code = None;
            },
            "",
        );
    }

    #[test]
    fn postal_codes() {
        for right in ["K1A 0B1", "K1A0B1", "M5V 3L9"] {
            assert!(is_canadian_postal_code(right), "{right}");
        }
        for wrong in ["", "K1A", "k1a 0b1", "D1A 0B1", "Z1A 0B1", "K1A 0O1", "11A 0B1", "K1A 0B11", "K1AA 0B1"] {
            assert!(!is_canadian_postal_code(wrong), "{wrong}");
        }
    }
}
