//! Family L, lines: what each commodity says by itself.

use super::rule::{Origin, Report, Rule, Spot};
use super::{Context, breach, each_line, is_above_zero, is_below_zero, judged_lines, say_unlisted, value};
use crate::declaration::Draft;

pub(super) const RULES: &[Rule] = &[
    Rule::error("L301")
        .says_sentence(breach::NO_LINES)
        .remedy("State at least one commodity", "Indiquez au moins une marchandise")
        .given_by(Origin::Guide),
    Rule::error("L302")
        .says_sentence(breach::TOO_MANY_LINES)
        .remedy(
            "Report what is beyond in a second declaration",
            "Déclarez le surplus dans une deuxième déclaration",
        )
        .given_by(Origin::Guide),
    Rule::error("L303")
        .says_sentence(breach::MISSING)
        .remedy("State it on each line; the guide names its place", "Indiquez-le à chaque article; le guide en donne la place")
        .given_by(Origin::Guide),
    Rule::error("L304")
        .says_sentence(breach::FORMAT)
        .remedy("Write it in the form that the guide gives", "Écrivez-le dans la forme que donne le guide")
        .given_by(Origin::Guide),
    Rule::error("L305")
        .says_sentence(breach::TOO_MANY)
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
    Rule::error("L320")
        .says(
            "The province of origin is missing, though the origin is Canada",
            "La province d'origine manque, alors que l'origine est le Canada",
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
        .given_by(Origin::Listed),
    Rule::error("L324")
        .says(
            "Unit {value} is not in the list on {date}[; the nearest is {nearest}]",
            "L'unité {value} n'est pas dans la liste au {date}[; la plus proche est {nearest}]",
        )
        .remedy(
            "State the unit by its three letters, as in NMB for number and KGM for kilogram",
            "Indiquez l'unité par ses trois lettres, comme NMB pour nombre et KGM pour kilogramme",
        )
        .given_by(Origin::Listed),
    Rule::error("L325")
        .says(
            "Currency {value} is not in the list on {date}[; the nearest is {nearest}]",
            "La devise {value} n'est pas dans la liste au {date}[; la plus proche est {nearest}]",
        )
        .remedy(
            "State the currency by its three capital letters (ISO 4217)",
            "Indiquez la devise par ses trois lettres majuscules (ISO 4217)",
        )
        .given_by(Origin::Listed),
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

/// Letters that a description has at least; with fewer it is a number or a mark.
const DESCRIPTION_LETTERS_MIN: usize = 3;

fn number(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    each_line(
        draft,
        |line| line.number.as_ref(),
        |line, stated| {
            if stated.value != line.ordinal {
                report.say(Spot::line(line, stated), &[("value", &stated.value), ("expected", &line.ordinal)]);
            }
        },
    );
}

fn province_missing(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    each_line(
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
fn province_abroad(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    each_line(
        draft,
        |line| line.province.as_ref(),
        |line, stated| {
            if let Some(origin) = value(&line.origin)
                && *origin != "CA"
            {
                report.say(Spot::line(line, stated), &[("value", &stated.value), ("origin", origin)]);
            }
        },
    );
}

fn province(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let Some(provinces) = context.lists.provinces else { return };
    let on = context.day_of_export(draft);
    each_line(
        draft,
        |line| line.province.as_ref(),
        |line, stated| {
            let is_canadian = || value(&line.origin).is_none_or(|origin| *origin == "CA");
            if !provinces.is_valid(stated.value, on) && is_canadian() {
                say_unlisted(provinces, stated, Spot::line(line, stated), on, report);
            }
        },
    );
}

/// Zero is a quantity only where the classification does not count.
fn quantity(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let on = context.day_of_export(draft);
    each_line(
        draft,
        |line| line.quantity.as_ref(),
        |line, stated| {
            let is_counted =
                || value(&line.hs_code).is_none_or(|hs_code| context.codes.unit_of(hs_code, on) != Some(None));
            if is_below_zero(&stated.value) || stated.value.is_zero() && is_counted() {
                report.say(Spot::line(line, stated), &[("value", &stated.value)]);
            }
        },
    );
}

fn gross_weight(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    each_line(
        draft,
        |line| line.gross_weight.as_ref(),
        |line, stated| {
            if !is_above_zero(&stated.value) {
                report.say(Spot::line(line, stated), &[("value", &stated.value)]);
            }
        },
    );
}

fn worth(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    each_line(
        draft,
        |line| line.value.as_ref(),
        |line, stated| {
            if !is_above_zero(&stated.value) {
                report.say(Spot::line(line, stated), &[("value", &stated.value)]);
            }
        },
    );
}

fn description(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    each_line(
        draft,
        |line| line.description.as_ref(),
        |line, stated| {
            if !has_words(stated.value) {
                report.say(Spot::line(line, stated), &[("value", &stated.value)]);
            }
        },
    );
}

/// Most descriptions begin with letters of ASCII, which are told without decoding.
#[inline]
fn has_words(description: &str) -> bool {
    let begins_with_letters = |bytes: &[u8; DESCRIPTION_LETTERS_MIN]| bytes.iter().all(u8::is_ascii_alphabetic);
    description.as_bytes().first_chunk().is_some_and(begins_with_letters) || has_letters(description)
}

fn has_letters(description: &str) -> bool {
    description.chars().filter(|letter| letter.is_alphabetic()).nth(DESCRIPTION_LETTERS_MIN - 1).is_some()
}

fn vehicles(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    for line in judged_lines(draft) {
        for stated in line.vehicles.iter().filter(|stated| !is_vehicle_number(stated.value)) {
            report.say(Spot::line(line, stated), &[("value", &stated.value)]);
        }
    }
}

/// Seventeen capital letters and digits without I, O and Q (ISO 3779).
fn is_vehicle_number(text: &str) -> bool {
    let is_used = |byte: u8| (byte.is_ascii_uppercase() || byte.is_ascii_digit()) && !b"IOQ".contains(&byte);
    text.len() == 17 && text.bytes().all(is_used)
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, amount, check, first_line as first, put, set, stated, texts};
    use crate::declaration::LineDraft;
    use crate::language::Language;

    #[test]
    fn lines_count_from_one_without_gaps() {
        check(first(|line| set(&mut line.number, 2_u32)), "L306 @ line 1 CST 31.2");
        check(|case| set(&mut case.draft.lines[1].number, 3_u32), "L306 @ line 2 CST 41.2");
        check(first(|line| line.number = None), "");
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
    fn what_may_have_been_meant_is_said_of_all_that_is_not_cut() {
        let many = |case: &mut Case| {
            let line = case.draft.lines.remove(1);
            case.draft.lines = (1..=999).map(|ordinal| LineDraft { ordinal, ..line.clone() }).collect();
            for line in &mut case.draft.lines {
                set(&mut line.origin, "my");
                line.number = None;
                line.value = None;
                line.gross_weight = None;
            }
            case.draft.line_count = None;
        };
        let text = texts(many, Language::En);
        let expected = "Country of origin my is not in the list on 2026-11-30; the nearest is MY\n".repeat(49);
        assert_eq!(text, format!("{expected}950 more findings were left out"));
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
        for words in ["Vin", "12 fûts", "Été"] {
            check(first(|line| set(&mut line.description, words)), "");
        }
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
