//! Family L, lines: the HS export code, and the quantity that it demands.

use jiff::civil::Date;

use super::rule::{Report, Rule, Spot};
use super::{Context, each_line, value};
use crate::codes::CodeList;
use crate::declaration::Draft;

pub(super) const RULES: &[Rule] = &[
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
            "La quantité manque; le code SH d'exportation {hs} se compte en {unit}",
        )
        .remedy("State quantity and unit", "Indiquez la quantité et l'unité")
        .checked_by(quantity_missing),
];

/// The list of the export classification.
const HS_EXPORT_CODES: &str = "hs-export-codes";

fn hs_code(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let Some(list) = context.codes.list(HS_EXPORT_CODES) else { return };
    let on = context.day_of_export(draft);
    each_line(
        draft,
        |line| line.hs_code.as_ref(),
        |line, stated| {
            let code = &*stated.value;
            if is_hs_form(code) && !is_no_chapter(code) && !list.is_valid(code, on) {
                let spot = Spot::line(line, stated);
                let (subheading, nearest) = match report.wants_suggestion(spot) {
                    true => (known_subheading(list, code, on), list.nearest(code).unwrap_or_default()),
                    false => ("", ""),
                };
                report
                    .say(spot, &[("value", &code), ("date", &on), ("subheading", &subheading), ("nearest", &nearest)]);
            }
        },
    );
}

/// The first six digits of a code, when the list holds a code under them on that day; else nothing.
fn known_subheading<'c>(list: &CodeList, code: &'c str, on: Date) -> &'c str {
    let subheading = code.get(..6).unwrap_or(code);
    let is_known = list.beginning_with(subheading).any(|entry| entry.is_valid(on));
    if is_known { subheading } else { "" }
}

fn unit_of_hs_code(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let Some(units) = context.codes.list("units") else { return };
    let on = context.day_of_export(draft);
    each_line(
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

fn hs_form(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    each_line(
        draft,
        |line| line.hs_code.as_ref(),
        |line, stated| {
            if !is_hs_form(&stated.value) {
                report.say(Spot::line(line, stated), &[("value", &stated.value)]);
            }
        },
    );
}

fn hs_chapter(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    each_line(
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
fn hs_special_chapter(draft: &Draft<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    each_line(
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

fn quantity_not_counted(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let on = context.day_of_export(draft);
    each_line(
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
fn quantity_missing(draft: &Draft<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let on = context.day_of_export(draft);
    each_line(
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

/// Eight digits: six of the Harmonized System and two of the export classification.
fn is_hs_form(code: &str) -> bool {
    code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// There is no chapter 00, and chapter 77 is reserved for the future of the Harmonized System.
fn is_no_chapter(code: &str) -> bool {
    code.starts_with("00") || code.starts_with("77")
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, check, first_line as first, set, texts};
    use crate::declaration::{LineDraft, Severity};
    use crate::language::Language;

    /// A code whose goods the list does not count.
    fn uncounted(line: &mut LineDraft<'_>) {
        set(&mut line.hs_code, "90189000");
        line.quantity = None;
        line.quantity_unit = None;
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
}
