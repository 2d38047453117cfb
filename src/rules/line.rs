//! Family L, lines: what each commodity says by itself, and whether it goes with the HS export classification.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::rule::{Origin, Report, Rule, Spot};
use super::{Breach, Context, check_listed, judged_lines, value};
use crate::codes::CodeList;
use crate::declaration::{Draft, LineDraft, Stated};

pub(super) const RULES: &[Rule] = &[
    Rule::error("L301")
        .says("The declaration has no lines", "La déclaration n'a aucun article")
        .remedy("State at least one commodity", "Indiquez au moins une marchandise")
        .given_by(Origin::Guide),
    Rule::error("L302")
        .says_sentence(Breach::TOO_MANY)
        .remedy(
            "Report what is beyond in a second declaration",
            "Déclarez le surplus dans une deuxième déclaration",
        )
        .given_by(Origin::Guide),
    Rule::error("L303")
        .says_sentence(Breach::MISSING)
        .remedy("State it on each line; the guide names its place", "Indiquez-le à chaque article; le guide en donne la place")
        .given_by(Origin::Guide),
    Rule::error("L304")
        .says_sentence(Breach::FORMAT)
        .remedy("Write it in the form that the guide gives", "Écrivez-le dans la forme que donne le guide")
        .given_by(Origin::Guide),
    Rule::error("L305")
        .says_sentence(Breach::TOO_MANY)
        .remedy("Leave out the repetitions", "Supprimez les répétitions")
        .given_by(Origin::Guide),
    Rule::error("L306")
        .says(
            "Line number {value} stands where {expected} should",
            "Le numéro d'article {value} est à la place du numéro {expected}",
        )
        .remedy(
            "Number the lines from 1 upwards in the order of the message, without gaps",
            "Numérotez les articles à partir de 1 dans l'ordre du message, sans lacune",
        )
        .checked_by(number),
    Rule::warning("L310")
        .says(
            "HS export code {value} is not in the list on {date}[, though its subheading {subheading} is][; the nearest \
             is {nearest}]",
            "Le code SH d'exportation {value} n'est pas dans la liste au {date}[, bien que sa sous-position {subheading} y \
             soit][; le plus proche est {nearest}]",
        )
        .remedy(
            "State the eight digits of the export classification of the year; import codes share only their first six",
            "Indiquez les huit chiffres de la classification des exportations de l'année; les codes d'importation n'ont \
             en commun que les six premiers",
        )
        .weighed_by("hs_unknown", |context| {
            context.settings.hs_unknown.unwrap_or_else(|| context.severity_of_unknown(HS_EXPORT_CODES))
        })
        .checked_by(hs_code),
    Rule::error("L311")
        .says(
            "The quantity is stated in {value}, but HS export code {hs} is counted in {unit}",
            "La quantité est indiquée en {value}, mais le code SH d'exportation {hs} se compte en {unit}",
        )
        .remedy(
            "State the quantity in the unit that the export classification demands",
            "Indiquez la quantité dans l'unité qu'exige la classification des exportations",
        )
        .checked_by(unit_of_hs_code),
    Rule::error("L312")
        .says("HS export code {value} is not eight digits", "Le code SH d'exportation {value} n'a pas huit chiffres")
        .remedy(
            "State eight digits without points; export codes are shorter than import codes",
            "Indiquez huit chiffres sans points; les codes d'exportation sont plus courts que ceux d'importation",
        )
        .checked_by(hs_form),
    Rule::error("L313")
        .says(
            "HS export code {value} begins with chapter {chapter}, which the Harmonized System does not have",
            "Le code SH d'exportation {value} commence par le chapitre {chapter}, que le Système harmonisé ne compte pas",
        )
        .remedy("State a code of chapters 01 to 97", "Indiquez un code des chapitres 01 à 97")
        .checked_by(hs_chapter),
    Rule::warning("L314")
        .says(
            "HS export code {value} is of chapter {chapter}, which is for special transactions only",
            "Le code SH d'exportation {value} est du chapitre {chapter}, réservé aux opérations spéciales",
        )
        .remedy(
            "Classify the goods by what they are, unless the chapter is meant",
            "Classez les marchandises d'après leur nature, sauf si ce chapitre est voulu",
        )
        .checked_by(hs_special_chapter),
    Rule::warning("L316")
        .says(
            "A quantity is stated, but HS export code {hs} is not counted",
            "Une quantité est indiquée, mais le code SH d'exportation {hs} ne se compte pas",
        )
        .remedy("Leave quantity and unit out", "Omettez la quantité et l'unité")
        .checked_by(quantity_not_counted),
    Rule::error("L317")
        .says(
            "The quantity is missing; HS export code {hs} is counted in {unit}",
            "Il manque la quantité; le code SH d'exportation {hs} se compte en {unit}",
        )
        .remedy("State quantity and unit", "Indiquez la quantité et l'unité")
        .checked_by(quantity_missing),
    Rule::error("L320")
        .says(
            "The province of origin is missing, though the origin is Canada",
            "Il manque la province d'origine, alors que l'origine est le Canada",
        )
        .remedy(
            "State the province where the goods were grown, extracted or made",
            "Indiquez la province où les marchandises ont été cultivées, extraites ou fabriquées",
        )
        .checked_by(province_missing),
    Rule::error("L321")
        .says(
            "Province of origin {value} is stated, though the origin is {origin}",
            "La province d'origine {value} est indiquée, alors que l'origine est {origin}",
        )
        .remedy(
            "Leave the province out, or state CA as the country of origin",
            "Omettez la province, ou indiquez CA comme pays d'origine",
        )
        .checked_by(province_abroad),
    Rule::error("L322")
        .says(
            "Province of origin {value} is not in the list on {date}[; the nearest is {nearest}]",
            "La province d'origine {value} n'est pas dans la liste au {date}[; la plus proche est {nearest}]",
        )
        .remedy(
            "State the province or territory by its two capital letters, as in ON",
            "Indiquez la province ou le territoire par ses deux lettres majuscules, comme QC",
        )
        .checked_by(province),
    Rule::error("L323")
        .says(
            "Country of origin {value} is not in the list on {date}[; the nearest is {nearest}]",
            "Le pays d'origine {value} n'est pas dans la liste au {date}[; le plus proche est {nearest}]",
        )
        .remedy(
            "State the country by its two capital letters (ISO 3166-1)",
            "Indiquez le pays par ses deux lettres majuscules (ISO 3166-1)",
        )
        .checked_by(origin),
    Rule::error("L324")
        .says(
            "Unit {value} is not in the list on {date}[; the nearest is {nearest}]",
            "L'unité {value} n'est pas dans la liste au {date}[; la plus proche est {nearest}]",
        )
        .remedy(
            "State the unit by its three letters, as in NMB for number and KGM for kilogram",
            "Indiquez l'unité par ses trois lettres, comme NMB pour nombre et KGM pour kilogramme",
        )
        .checked_by(units),
    Rule::error("L325")
        .says(
            "Currency {value} is not in the list on {date}[; the nearest is {nearest}]",
            "La monnaie {value} n'est pas dans la liste au {date}[; la plus proche est {nearest}]",
        )
        .remedy(
            "State the currency by its three capital letters (ISO 4217)",
            "Indiquez la monnaie par ses trois lettres majuscules (ISO 4217)",
        )
        .checked_by(currency),
    Rule::error("L330")
        .says("Quantity {value} is not more than zero", "La quantité {value} n'est pas supérieure à zéro")
        .remedy(
            "State how much there is; 0 is only for codes that are not counted",
            "Indiquez combien il y en a; 0 est réservé aux codes qui ne se comptent pas",
        )
        .checked_by(quantity),
    Rule::error("L331")
        .says("Gross weight {value} is not more than zero", "Le poids brut {value} n'est pas supérieur à zéro")
        .remedy(
            "State the weight of the commodity with its packing, or leave it out where the guide allows",
            "Indiquez le poids de la marchandise emballée, ou omettez-le si le guide le permet",
        )
        .checked_by(gross_weight),
    Rule::error("L332")
        .says("Value {value} is not more than zero", "La valeur {value} n'est pas supérieure à zéro")
        .remedy(
            "State the value free on board at the place of exit; goods that were not sold have the value they would be \
             sold for",
            "Indiquez la valeur franco à bord au lieu de sortie; celle de marchandises non vendues est leur prix de vente \
             éventuel",
        )
        .checked_by(worth),
    Rule::warning("L340")
        .says("Description {value} does not say what the goods are", "La désignation {value} ne dit pas ce que sont les marchandises")
        .remedy(
            "Describe the goods in words that somebody at the border understands",
            "Désignez les marchandises en mots que comprend une personne à la frontière",
        )
        .checked_by(description),
    Rule::warning("L341")
        .says(
            "Vehicle identification number {value} is not seventeen letters and digits without I, O and Q",
            "Le numéro d'identification de véhicule {value} n'est pas formé de dix-sept lettres et chiffres sans I, O ni Q",
        )
        .remedy(
            "Compare it with the vehicle; those built before 1981 have shorter numbers",
            "Comparez-le avec le véhicule; ceux d'avant 1981 ont un numéro plus court",
        )
        .checked_by(vehicles),
];

/// The list of the export classification.
const HS_EXPORT_CODES: &str = "hs-export-codes";

/// Letters that a description has at least; with fewer it is a number or a mark.
const DESCRIPTION_LETTERS_MIN: usize = 3;

fn number(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    each(
        draft,
        |line| line.number.as_ref(),
        |line, stated| {
            if stated.value != line.ordinal {
                report.say(Spot::line(line, stated), &[("value", &stated.value), ("expected", &line.ordinal)]);
            }
        },
    );
}

fn hs_code(draft: &Draft, context: &Context<'_>, report: &mut Report<'_>) {
    let Some(list) = context.codes.list(HS_EXPORT_CODES) else { return };
    let on = context.day_of_export(draft);
    each(
        draft,
        |line| line.hs_code.as_ref(),
        |line, stated| {
            let code = stated.value.as_str();
            if is_hs_form(code) && !is_no_chapter(code) && !list.is_valid(code, on) {
                let (subheading, nearest) = match report.wants_suggestion() {
                    true => (known_subheading(list, code, on), list.nearest(code).unwrap_or_default()),
                    false => ("", ""),
                };
                report.say(
                    Spot::line(line, stated),
                    &[("value", &code), ("date", &on), ("subheading", &subheading), ("nearest", &nearest)],
                );
            }
        },
    );
}

/// The first six digits of a code, when the list holds a code under them on that day; else nothing.
fn known_subheading<'c>(list: &CodeList, code: &'c str, on: Date) -> &'c str {
    let subheading = code.get(..6).unwrap_or(code);
    let is_known = list.iter().any(|entry| entry.code.starts_with(subheading) && entry.is_valid(on));
    if is_known { subheading } else { "" }
}

fn unit_of_hs_code(draft: &Draft, context: &Context<'_>, report: &mut Report<'_>) {
    let Some(units) = context.codes.list("units") else { return };
    let on = context.day_of_export(draft);
    each(
        draft,
        |line| line.quantity_unit.as_ref(),
        |line, stated| {
            if let Some(hs_code) = value(&line.hs_code)
                && let Some(Some(unit)) = context.codes.unit_of(hs_code, on)
                && unit != stated.value
                && units.is_valid(&stated.value, on)
            {
                report.say(Spot::line(line, stated), &[("value", &stated.value), ("hs", hs_code), ("unit", &unit)]);
            }
        },
    );
}

fn hs_form(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    each(
        draft,
        |line| line.hs_code.as_ref(),
        |line, stated| {
            if !is_hs_form(&stated.value) {
                report.say(Spot::line(line, stated), &[("value", &stated.value)]);
            }
        },
    );
}

fn hs_chapter(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    each(
        draft,
        |line| line.hs_code.as_ref(),
        |line, stated| {
            if is_hs_form(&stated.value) && is_no_chapter(&stated.value) {
                let chapter = stated.value.get(..2).unwrap_or_default();
                report.say(Spot::line(line, stated), &[("value", &stated.value), ("chapter", &chapter)]);
            }
        },
    );
}

/// Chapters 98 and 99 are for each country to use as it likes.
fn hs_special_chapter(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    each(
        draft,
        |line| line.hs_code.as_ref(),
        |line, stated| {
            let chapter = stated.value.get(..2).unwrap_or_default();
            if is_hs_form(&stated.value) && matches!(chapter, "98" | "99") {
                report.say(Spot::line(line, stated), &[("value", &stated.value), ("chapter", &chapter)]);
            }
        },
    );
}

fn quantity_not_counted(draft: &Draft, context: &Context<'_>, report: &mut Report<'_>) {
    let on = context.day_of_export(draft);
    each(
        draft,
        |line| line.quantity.as_ref(),
        |line, stated| {
            if let Some(hs_code) = value(&line.hs_code)
                && context.codes.unit_of(hs_code, on) == Some(None)
                && !stated.value.is_zero()
            {
                report.say(Spot::line(line, stated), &[("hs", hs_code)]);
            }
        },
    );
}

/// A quantity without a unit says as little as none.
fn quantity_missing(draft: &Draft, context: &Context<'_>, report: &mut Report<'_>) {
    let on = context.day_of_export(draft);
    each(
        draft,
        |line| line.hs_code.as_ref(),
        |line, stated| {
            let is_whole = line.quantity.is_some() && line.quantity_unit.is_some();
            if !is_whole && let Some(Some(unit)) = context.codes.unit_of(&stated.value, on) {
                report.say(Spot::line(line, stated), &[("hs", &stated.value), ("unit", &unit)]);
            }
        },
    );
}

fn province_missing(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    each(
        draft,
        |line| line.origin.as_ref(),
        |line, stated| {
            if stated.value == "CA" && line.province.is_none() {
                report.say(Spot::line(line, stated), &[]);
            }
        },
    );
}

/// An error, since nobody can tell which of the two is meant.
fn province_abroad(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    each(
        draft,
        |line| line.province.as_ref(),
        |line, stated| {
            if let Some(origin) = value(&line.origin)
                && origin != "CA"
            {
                report.say(Spot::line(line, stated), &[("value", &stated.value), ("origin", origin)]);
            }
        },
    );
}

fn province(draft: &Draft, context: &Context<'_>, report: &mut Report<'_>) {
    let is_canadian = |line: &LineDraft| value(&line.origin).is_none_or(|origin| origin == "CA");
    each_listed("provinces", |line| line.province.as_ref().filter(|_| is_canadian(line)), draft, context, report);
}

fn origin(draft: &Draft, context: &Context<'_>, report: &mut Report<'_>) {
    each_listed("countries", |line| line.origin.as_ref(), draft, context, report);
}

fn units(draft: &Draft, context: &Context<'_>, report: &mut Report<'_>) {
    let on = context.day_of_export(draft);
    for line in judged_lines(draft) {
        for stated in [&line.quantity_unit, &line.gross_weight_unit].into_iter().flatten() {
            check_listed("units", stated, Spot::line(line, stated), on, context, report);
        }
    }
}

fn currency(draft: &Draft, context: &Context<'_>, report: &mut Report<'_>) {
    each_listed("currencies", |line| line.currency.as_ref(), draft, context, report);
}

/// Zero is a quantity only where the classification does not count.
fn quantity(draft: &Draft, context: &Context<'_>, report: &mut Report<'_>) {
    let on = context.day_of_export(draft);
    each(
        draft,
        |line| line.quantity.as_ref(),
        |line, stated| {
            let is_counted =
                || value(&line.hs_code).is_none_or(|hs_code| context.codes.unit_of(hs_code, on) != Some(None));
            if stated.value < Decimal::ZERO || stated.value.is_zero() && is_counted() {
                report.say(Spot::line(line, stated), &[("value", &stated.value)]);
            }
        },
    );
}

fn gross_weight(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    each(
        draft,
        |line| line.gross_weight.as_ref(),
        |line, stated| {
            if stated.value <= Decimal::ZERO {
                report.say(Spot::line(line, stated), &[("value", &stated.value)]);
            }
        },
    );
}

fn worth(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    each(
        draft,
        |line| line.value.as_ref(),
        |line, stated| {
            if stated.value <= Decimal::ZERO {
                report.say(Spot::line(line, stated), &[("value", &stated.value)]);
            }
        },
    );
}

fn description(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    each(
        draft,
        |line| line.description.as_ref(),
        |line, stated| {
            if stated.value.chars().filter(|letter| letter.is_alphabetic()).nth(DESCRIPTION_LETTERS_MIN - 1).is_none() {
                report.say(Spot::line(line, stated), &[("value", &stated.value)]);
            }
        },
    );
}

fn vehicles(draft: &Draft, _: &Context<'_>, report: &mut Report<'_>) {
    for line in judged_lines(draft) {
        for stated in line.vehicles.iter().filter(|stated| !is_vehicle_number(&stated.value)) {
            report.say(Spot::line(line, stated), &[("value", &stated.value)]);
        }
    }
}

/// Seventeen capital letters and digits without I, O and Q (ISO 3779).
fn is_vehicle_number(text: &str) -> bool {
    let is_used = |byte: u8| (byte.is_ascii_uppercase() || byte.is_ascii_digit()) && !b"IOQ".contains(&byte);
    text.len() == 17 && text.bytes().all(is_used)
}

/// Eight digits: six of the Harmonized System and two of the export classification.
fn is_hs_form(code: &str) -> bool {
    code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// There is no chapter 00, and chapter 77 is reserved for the future of the Harmonized System.
fn is_no_chapter(code: &str) -> bool {
    code.starts_with("00") || code.starts_with("77")
}

/// Each line that states this.
fn each<'d, T: 'd>(
    draft: &'d Draft,
    statement: impl Fn(&'d LineDraft) -> Option<&'d Stated<T>>,
    mut check: impl FnMut(&'d LineDraft, &'d Stated<T>),
) {
    for line in judged_lines(draft) {
        if let Some(stated) = statement(line) {
            check(line, stated);
        }
    }
}

/// A code of each line against its list on the day of export.
fn each_listed<'d>(
    list: &str,
    code: impl Fn(&'d LineDraft) -> Option<&'d Stated<String>>,
    draft: &'d Draft,
    context: &Context<'_>,
    report: &mut Report<'_>,
) {
    let on = context.day_of_export(draft);
    each(draft, code, |line, stated| check_listed(list, stated, Spot::line(line, stated), on, context, report));
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, amount, check, put, set, stated, texts};
    use crate::declaration::{LineDraft, Severity};
    use crate::language::Language;

    fn first(change: impl FnOnce(&mut LineDraft)) -> impl FnOnce(&mut Case) {
        |case| change(&mut case.draft.lines[0])
    }

    /// A code whose goods the list does not count.
    fn uncounted(line: &mut LineDraft) {
        set(&mut line.hs_code, "90189000");
        line.quantity = None;
        line.quantity_unit = None;
    }

    #[test]
    fn lines_count_from_one_without_gaps() {
        check(first(|line| set(&mut line.number, 2_u32)), "L306 @ line 1 CST 31.2");
        check(|case| set(&mut case.draft.lines[1].number, 3_u32), "L306 @ line 2 CST 41.2");
        check(first(|line| line.number = None), "");
    }

    #[test]
    fn an_unknown_hs_code_is_a_warning_while_the_list_is_a_sample() {
        check(first(|line| set(&mut line.hs_code, "94069999")), "L310 @ line 1 CST 31.3.1");
        check(
            |case| {
                set(&mut case.draft.lines[0].hs_code, "94069999");
                case.settings.hs_unknown = Some(Severity::Error);
            },
            "L310 (error) @ line 1 CST 31.3.1",
        );
    }

    #[test]
    fn an_hs_code_is_looked_up_on_the_day_of_export() {
        let code = |case: &mut Case| {
            set(&mut case.draft.lines[0].hs_code, "97012100");
            set(&mut case.draft.lines[0].quantity_unit, "NMB");
        };
        check(code, "");
        check(
            |case| {
                code(case);
                set(&mut case.draft.export_date, jiff::civil::date(2021, 12, 31));
            },
            "T502 @ DTM 3.2.2, L310 @ line 1 CST 31.3.1",
        );
    }

    #[test]
    fn an_unknown_hs_code_says_whether_its_subheading_is_known() {
        let say = |code: &'static str| texts(first(move |line| set(&mut line.hs_code, code)), Language::En);
        assert_eq!(
            say("84717099"),
            "HS export code 84717099 is not in the list on 2026-11-30, though its subheading 847170 is"
        );
        assert_eq!(
            say("84717001"),
            "HS export code 84717001 is not in the list on 2026-11-30, though its subheading 847170 is; the nearest is \
             84717000"
        );
        assert_eq!(say("94069999"), "HS export code 94069999 is not in the list on 2026-11-30");
    }

    #[test]
    fn the_unit_is_that_of_the_hs_code() {
        check(first(|line| set(&mut line.quantity_unit, "KGM")), "L311 @ line 1 MEA 35.4.1");
    }

    #[test]
    fn an_hs_code_has_eight_digits() {
        for wrong in ["847170", "8471700000", "8471.700", "8471700A", "é847170", ""] {
            check(first(|line| set(&mut line.hs_code, wrong)), "L312 @ line 1 CST 31.3.1");
        }
    }

    #[test]
    fn there_is_no_chapter_0_or_77() {
        check(first(|line| set(&mut line.hs_code, "77000000")), "L313 @ line 1 CST 31.3.1");
        check(first(|line| set(&mut line.hs_code, "00101010")), "L313 @ line 1 CST 31.3.1");
    }

    #[test]
    fn chapters_98_and_99_are_special() {
        check(first(|line| set(&mut line.hs_code, "99080000")), "L310 @ line 1 CST 31.3.1, L314 @ line 1 CST 31.3.1");
    }

    #[test]
    fn goods_that_are_not_counted_have_no_quantity() {
        check(first(uncounted), "");
        check(first(|line| set(&mut line.hs_code, "90189000")), "L316 @ line 1 MEA 35.4.2");
    }

    #[test]
    fn goods_that_are_counted_have_a_quantity_with_its_unit() {
        check(first(|line| line.quantity = None), "L317 @ line 1 CST 31.3.1");
        check(first(|line| line.quantity_unit = None), "L317 @ line 1 CST 31.3.1");
    }

    #[test]
    fn goods_of_canada_have_a_province() {
        check(first(|line| line.province = None), "L320 @ line 1 LOC 33.3.1");
        check(first(|line| set(&mut line.province, "PQ")), "L322 @ line 1 LOC 33.4.1");
    }

    #[test]
    fn goods_of_other_countries_have_none() {
        check(first(|line| set(&mut line.origin, "MY")), "L321 @ line 1 LOC 33.4.1");
    }

    #[test]
    fn countries_of_origin_are_in_their_list() {
        check(|case| set(&mut case.draft.lines[1].origin, "QM"), "L323 @ line 2 LOC 43.3.1");
    }

    #[test]
    fn units_are_in_their_list() {
        check(first(|line| set(&mut line.quantity_unit, "PIECES")), "L324 @ line 1 MEA 35.4.1");
        check(first(|line| set(&mut line.gross_weight_unit, "kgm")), "L324 @ line 1 MEA 36.4.1");
    }

    #[test]
    fn currencies_are_in_their_list() {
        check(
            |case| {
                for currency in case.currencies() {
                    set(currency, "CDN");
                }
            },
            "H213 @ MOA 22.2.3, H213 @ MOA 23.2.3, L325 @ line 1 MOA 34.2.3, L325 @ line 2 MOA 44.2.3",
        );
    }

    #[test]
    fn a_quantity_is_more_than_zero() {
        check(first(|line| set(&mut line.quantity, amount("0"))), "L330 @ line 1 MEA 35.4.2");
        check(first(|line| set(&mut line.quantity, amount("-1"))), "L330 @ line 1 MEA 35.4.2");
    }

    #[test]
    fn zero_is_a_quantity_of_goods_that_are_not_counted() {
        check(
            first(|line| {
                set(&mut line.hs_code, "90189000");
                set(&mut line.quantity, amount("0"));
            }),
            "",
        );
    }

    #[test]
    fn a_line_weighs_something_and_is_worth_something() {
        check(first(|line| set(&mut line.gross_weight, amount("0"))), "L331 @ line 1 MEA 36.4.2");
        check(
            |case| {
                set(&mut case.draft.lines[0].value, amount("0"));
                set(&mut case.draft.total_value, amount("5000"));
            },
            "L332 @ line 1 MOA 34.2.2",
        );
    }

    #[test]
    fn a_description_has_words() {
        check(first(|line| set(&mut line.description, "8471 70")), "L340 @ line 1 FTX 32.5.1");
        check(first(|line| set(&mut line.description, "Vin")), "");
    }

    #[test]
    fn vehicle_numbers_have_seventeen_characters() {
        let with_vehicle =
            |number: &'static str| first(move |line| line.vehicles.push(stated(number, "RFF", 37, Some(2), Some(2))));
        check(with_vehicle("1HGBH41JXMN109186"), "");
        check(with_vehicle("1HGBH41JXMN10918"), "L341 @ line 1 RFF 37.2.2");
        check(with_vehicle("1HGBH41JXMN10918O"), "L341 @ line 1 RFF 37.2.2");
    }

    #[test]
    fn a_line_beyond_the_last_is_not_judged() {
        let lines = |count: u32| {
            move |case: &mut Case| {
                let line = case.draft.lines.remove(1);
                case.draft.lines = (1..=count).map(|ordinal| LineDraft { ordinal, ..line.clone() }).collect();
                for (ordinal, line) in (1_u32..).zip(&mut case.draft.lines) {
                    set(&mut line.number, ordinal);
                    set(&mut line.gross_weight, amount("0.001"));
                }
                set(&mut case.draft.lines.last_mut().unwrap().origin, "QM");
                set(&mut case.draft.line_count, count);
                put(&mut case.draft.total_value, amount("5000") * rust_decimal::Decimal::from(count), "MOA", 22);
            }
        };
        check(lines(999), "L323 @ line 999 LOC 43.3.1");
        check(lines(1000), "");
    }
}
