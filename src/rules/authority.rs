//! Family A, authority: who reports, under which numbers, and whether the partner may file for it.

use super::rule::{Report, Rule, Spot};
use super::{Context, value};
use crate::declaration::Draft;
use crate::identifier::{AuthorizationId, BusinessNumber, BusinessNumberFault};
use crate::partner::PartnerKind;

/// The code of a declaration for an exporter that the partner may not file for.
pub const FOREIGN_EXPORTER: &str = "A110";

pub(super) const RULES: &[Rule] = &[
    Rule::error("A101")
        .says(
            "Business number {value} is not nine digits, RM and four digits",
            "Le numéro d'entreprise {value} n'est pas formé de neuf chiffres, de RM et de quatre chiffres",
        )
        .remedy(
            "State the exporter's import-export account in fifteen characters without blanks, as in 123456782RM0001",
            "Indiquez le compte d'importation-exportation de l'exportateur en quinze caractères sans espace, comme \
             123456782RM0001",
        )
        .checked_by(business_number_form),
    Rule::error("A102")
        .says(
            "Business number {value} is not of programme RM (import-export)",
            "Le numéro d'entreprise {value} n'est pas du programme RM (importations-exportations)",
        )
        .remedy(
            "State the exporter's RM account; RT, RP, RC and others are accounts for other programmes",
            "Indiquez le compte RM de l'exportateur; RT, RP, RC et les autres sont des comptes d'autres programmes",
        )
        .checked_by(business_number_programme),
    Rule::error("A103")
        .says(
            "The check digit of business number {value} is wrong",
            "Le chiffre de contrôle du numéro d'entreprise {value} est inexact",
        )
        .remedy(
            "Compare the number with the exporter's registration; a digit is wrong or two are transposed",
            "Comparez le numéro avec l'inscription de l'exportateur; un chiffre est erroné ou deux sont inversés",
        )
        .checked_by(business_number_check_digit),
    Rule::error("A104")
        .says(
            "Authorization ID {value} is not two letters and four digits",
            "L'identificateur d'autorisation {value} n'est pas formé de deux lettres et de quatre chiffres",
        )
        .remedy(
            "State the ID that was given to the exporter, in capital letters and without blanks, as in AB1234",
            "Indiquez l'identificateur attribué à l'exportateur, en majuscules et sans espace, comme AB1234",
        )
        .checked_by(authorization_form),
    Rule::error("A105")
        .says(
            "Authorization ID {value} is for one shipment only, which only a service provider may report",
            "L'identificateur d'autorisation {value} ne vaut que pour un seul envoi, que seul un fournisseur de services \
             peut déclarer",
        )
        .remedy(
            "State the exporter's own authorization ID; a Z in second place marks one for a single shipment",
            "Indiquez l'identificateur propre à l'exportateur; un Z en deuxième place marque celui d'un envoi unique",
        )
        .checked_by(one_time_authorization),
    Rule::error(FOREIGN_EXPORTER)
        .says(
            "You may not report for business number {number} under authorization ID {authorization}",
            "Vous ne pouvez pas déclarer pour le numéro d'entreprise {number} sous l'identificateur d'autorisation \
             {authorization}",
        )
        .remedy(
            "Check that both numbers belong to the same exporter; if they do, ask the administration to associate you \
             with it",
            "Vérifiez que les deux numéros sont du même exportateur; si oui, demandez à l'administration de vous y \
             associer",
        )
        .checked_by(authority),
];

fn business_number_form(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    business_number(draft, BusinessNumberFault::Form, report);
}

fn business_number_programme(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    business_number(draft, BusinessNumberFault::Programme, report);
}

/// Never less than an error, whatever the settings: a number with a wrong check digit is nobody's, so nobody has
/// authority for it.
fn business_number_check_digit(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    business_number(draft, BusinessNumberFault::CheckDigit, report);
}

fn business_number(draft: &Draft<'_>, fault: BusinessNumberFault, report: &mut Report<'_>) {
    if let Some(stated) = &draft.business_number
        && BusinessNumber::check(stated.value) == Err(fault)
    {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

fn authorization_form(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.authorization_id
        && AuthorizationId::check(stated.value).is_err()
    {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

/// The second letter is never Z, except in an authorization for one shipment; and that shipment is reported under the
/// service provider's own business number (CERS participant's guide, Appendix A, elements 1.1 and 1.2). We read this as:
/// only a service provider may use one. The other reading, that an exporter may be given one for itself, would leave the
/// sentence on the service provider's number without meaning.
fn one_time_authorization(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.authorization_id
        && AuthorizationId::is_one_time(stated.value)
        && context.partner.kind != PartnerKind::ServiceProvider
    {
        report.say(Spot::header(stated), &[("value", &stated.value)]);
    }
}

/// Silent when either number has a fault of its own.
fn authority(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &draft.authorization_id
        && let Some(business_number) = value(&draft.business_number)
        && !context.partner.may_file_for(stated.value, business_number)
        && AuthorizationId::check(stated.value).is_ok()
        && BusinessNumber::check(business_number).is_ok()
    {
        report.say(Spot::header(stated), &[("number", business_number), ("authorization", &stated.value)]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{check, set};
    use crate::partner::PartnerKind;

    #[test]
    fn a_business_number_has_fifteen_characters() {
        check(|case| set(&mut case.draft.business_number, "123456782"), "A101 @ NAD 6.2.1");
        check(|case| set(&mut case.draft.business_number, "123456782 RM 0001"), "A101 @ NAD 6.2.1");
    }

    #[test]
    fn an_exporter_reports_under_its_rm_account() {
        check(|case| set(&mut case.draft.business_number, "123456782RT0001"), "A102 @ NAD 6.2.1");
    }

    #[test]
    fn the_check_digit_of_a_business_number_holds() {
        check(|case| set(&mut case.draft.business_number, "123456789RM0001"), "A103 @ NAD 6.2.1");
    }

    #[test]
    fn an_authorization_id_is_two_letters_and_four_digits() {
        check(|case| set(&mut case.draft.authorization_id, "AB123"), "A104 @ RFF 5.2.2");
    }

    #[test]
    fn a_one_time_authorization_is_not_for_an_exporter() {
        check(
            |case| {
                set(&mut case.draft.authorization_id, "AZ1234");
                case.may_file("AZ1234", "123456782RM0001");
            },
            "A105 @ RFF 5.2.2",
        );
    }

    #[test]
    fn a_one_time_authorization_is_for_a_service_provider() {
        check(
            |case| {
                set(&mut case.draft.authorization_id, "AZ1234");
                case.may_file("AZ1234", "123456782RM0001");
                case.partner.kind = PartnerKind::ServiceProvider;
                case.names_a_service_provider();
            },
            "",
        );
    }

    #[test]
    fn a_z_in_first_place_is_a_letter_like_any_other() {
        check(
            |case| {
                set(&mut case.draft.authorization_id, "ZA1234");
                case.may_file("ZA1234", "123456782RM0001");
            },
            "",
        );
    }

    #[test]
    fn a_partner_files_for_those_who_gave_it_authority() {
        check(|case| set(&mut case.draft.authorization_id, "CD5678"), "A110 @ RFF 5.2.2");
        check(|case| set(&mut case.draft.business_number, "100000009RM0001"), "A110 @ RFF 5.2.2");
    }

    #[test]
    fn authority_is_for_the_pair_and_not_for_each_of_the_two() {
        check(
            |case| {
                case.may_file("CD5678", "100000009RM0001");
                set(&mut case.draft.authorization_id, "CD5678");
            },
            "A110 @ RFF 5.2.2",
        );
    }
}
