//! Family L, lines: the HS export code, and the quantity that it demands.

use jiff::civil::Date;

use super::rule::{Report, Rule, Spot, Value};
use super::{Context, judged_lines, value};
use crate::codes::{Code, CodeList, Detail};
use crate::declaration::{Draft, LineDraft, Stated, Text};

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
        .checked_in_doubt_by(hs_code),
    Rule::error("L311")
        .says(
            "The quantity is stated in {value}, but HS export code {hs} is counted in {unit}",
            "La quantité est indiquée en {value}, mais le code SH d'exportation {hs} se compte en {unit}",
        )
        .remedy(
            "State the quantity in the unit that the export classification demands",
            "Indiquez la quantité dans l'unité qu'exige la classification des exportations",
        )
        .checked_in_doubt_by(unit_of_hs_code),
    Rule::error("L312")
        .says("HS export code {value} is not eight digits", "Le code SH d'exportation {value} n'a pas huit chiffres")
        .remedy(
            "State eight digits without points; export codes are shorter than import codes",
            "Indiquez huit chiffres sans points; les codes d'exportation sont plus courts que ceux d'importation",
        )
        .checked_in_doubt_by(hs_form),
    Rule::error("L313")
        .says(
            "HS export code {value} begins with chapter {chapter}, which the Harmonized System does not have",
            "Le code SH d'exportation {value} commence par le chapitre {chapter}, que le Système harmonisé ne compte pas",
        )
        .remedy("State a code of chapters 01 to 97", "Indiquez un code des chapitres 01 à 97")
        .checked_in_doubt_by(hs_chapter),
    Rule::warning("L314")
        .says(
            "HS export code {value} is of chapter {chapter}, which is for special transactions only",
            "Le code SH d'exportation {value} est du chapitre {chapter}, réservé aux opérations spéciales",
        )
        .remedy(
            "Classify the goods by what they are, unless the chapter is meant",
            "Classez les marchandises d'après leur nature, sauf si ce chapitre est voulu",
        )
        .checked_in_doubt_by(hs_special_chapter),
    Rule::warning("L316")
        .says(
            "A quantity is stated, but HS export code {hs} is not counted",
            "Une quantité est indiquée, mais le code SH d'exportation {hs} ne se compte pas",
        )
        .remedy("Leave quantity and unit out", "Omettez la quantité et l'unité")
        .checked_in_doubt_by(quantity_not_counted),
    Rule::error("L317")
        .says(
            "The quantity is missing; HS export code {hs} is counted in {unit}",
            "La quantité manque; le code SH d'exportation {hs} se compte en {unit}",
        )
        .remedy("State quantity and unit", "Indiquez la quantité et l'unité")
        .checked_in_doubt_by(quantity_missing),
];

/// The list of the export classification.
pub(super) const HS_EXPORT_CODES: &str = "hs-export-codes";

/// A line whose classification is not plainly right: what the rules of this file look at. The HS code of each line is
/// looked up once for all of them, and most lines are right.
#[derive(Debug)]
pub(super) struct Doubt<'d> {
    line: &'d LineDraft<'d>,
    /// The HS export code that it states.
    stated: &'d Stated<Text<'d>>,
    /// The day on which it has to be valid.
    on: Date,
    /// What the list says of it that day.
    entry: Option<&'d Code>,
}

/// The lines whose classification is in doubt.
pub(super) fn doubts<'d>(draft: &'d Draft<'d>, on: Date, context: &Context<'d>) -> Vec<Doubt<'d>> {
    let list = context.lists.hs_export_codes;
    judged_lines(draft).iter().filter_map(|line| Doubt::of(line, list, on)).filter(|doubt| !doubt.is_right()).collect()
}

impl<'d> Doubt<'d> {
    /// What is to be known of a line that states a code; whether there is a doubt remains to be seen.
    #[inline]
    fn of(line: &'d LineDraft<'d>, list: Option<&'d CodeList>, on: Date) -> Option<Self> {
        let stated = line.hs_code.as_ref()?;
        Some(Self { line, stated, on, entry: list.and_then(|list| list.entry(stated.value, on)) })
    }

    /// Whether nothing is to be said of it: a code of the list, which therefore has the form of one, outside the special
    /// chapters, and a quantity in its unit when its goods are counted and none when they are not.
    #[inline]
    fn is_right(&self) -> bool {
        let is_counted_right = |unit| match unit {
            Some(unit) => {
                self.line.quantity.is_some() && value(&self.line.quantity_unit).is_some_and(|stated| *stated == unit)
            }
            None => self.line.quantity.is_none(),
        };
        self.unit().is_some_and(is_counted_right) && !is_special_chapter(self.code())
    }

    fn code(&self) -> &'d str {
        self.stated.value
    }

    /// The first two digits.
    fn chapter(&self) -> &'d str {
        self.code().get(..2).unwrap_or_default()
    }

    /// The unit in which its goods are counted. The outer `None`: the list does not hold the code; the inner one: they
    /// are not counted.
    #[inline]
    fn unit(&self) -> Option<Option<&'d str>> {
        match &self.entry?.detail {
            Detail::Unit(unit) => Some(unit.as_deref()),
            Detail::None | Detail::MinorUnits(_) | Detail::Rate(_) => None,
        }
    }

    /// Where the code stands.
    fn spot(&self) -> Spot {
        Spot::line(self.line, self.stated)
    }
}

fn hs_code(doubt: &Doubt<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    let Some(list) = context.lists.hs_export_codes else { return };
    let code = doubt.code();
    if doubt.entry.is_none() && is_hs_form(code) && !is_no_chapter(code) {
        let (subheading, nearest) = match report.wants_suggestion(doubt.spot()) {
            true => (known_subheading(list, code, doubt.on), list.nearest(code).unwrap_or_default()),
            false => ("", ""),
        };
        let values: [Value<'_>; 4] =
            [("value", &code), ("date", &doubt.on), ("subheading", &subheading), ("nearest", &nearest)];
        report.say(doubt.spot(), &values);
    }
}

/// The first six digits of a code, when the list holds a code under them on that day; else nothing.
fn known_subheading<'c>(list: &CodeList, code: &'c str, on: Date) -> &'c str {
    let subheading = code.get(..6).unwrap_or(code);
    let is_known = list.beginning_with(subheading).any(|entry| entry.is_valid(on));
    if is_known { subheading } else { "" }
}

fn unit_of_hs_code(doubt: &Doubt<'_>, context: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &doubt.line.quantity_unit
        && let Some(Some(unit)) = doubt.unit()
        && unit != stated.value
        && context.lists.units.is_some_and(|units| units.is_valid(stated.value, doubt.on))
    {
        let values: [Value<'_>; 3] = [("value", &stated.value), ("hs", &doubt.code()), ("unit", &unit)];
        report.say(Spot::line(doubt.line, stated), &values);
    }
}

fn hs_form(doubt: &Doubt<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if !is_hs_form(doubt.code()) {
        report.say(doubt.spot(), &[("value", &doubt.code())]);
    }
}

fn hs_chapter(doubt: &Doubt<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if is_hs_form(doubt.code()) && is_no_chapter(doubt.code()) {
        report.say(doubt.spot(), &[("value", &doubt.code()), ("chapter", &doubt.chapter())]);
    }
}

fn hs_special_chapter(doubt: &Doubt<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if is_hs_form(doubt.code()) && is_special_chapter(doubt.code()) {
        report.say(doubt.spot(), &[("value", &doubt.code()), ("chapter", &doubt.chapter())]);
    }
}

fn quantity_not_counted(doubt: &Doubt<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    if let Some(stated) = &doubt.line.quantity
        && doubt.unit() == Some(None)
        && !stated.value.is_zero()
    {
        report.say(Spot::line(doubt.line, stated), &[("hs", &doubt.code())]);
    }
}

/// A quantity without a unit says as little as none.
fn quantity_missing(doubt: &Doubt<'_>, _: &Context<'_>, report: &mut Report<'_>) {
    let is_whole = doubt.line.quantity.is_some() && doubt.line.quantity_unit.is_some();
    if !is_whole && let Some(Some(unit)) = doubt.unit() {
        report.say(doubt.spot(), &[("hs", &doubt.code()), ("unit", &unit)]);
    }
}

/// Eight digits: six of the Harmonized System and two of the export classification.
fn is_hs_form(code: &str) -> bool {
    code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// There is no chapter 00, and chapter 77 is reserved for the future of the Harmonized System.
fn is_no_chapter(code: &str) -> bool {
    code.starts_with("00") || code.starts_with("77")
}

/// Chapters 98 and 99 are for each country to use as it likes.
fn is_special_chapter(code: &str) -> bool {
    matches!(code.as_bytes(), [b'9', b'8' | b'9', ..])
}

#[cfg(test)]
mod tests {
    use super::super::case::{Case, amount, check, first_line as first, set, texts};
    use super::super::cutting::{FINDINGS_MAX, Findings};
    use super::super::rule::Origin;
    use super::*;
    use crate::declaration::{LineDraft, Severity};
    use crate::language::Language;

    #[test]
    fn no_rule_of_doubt_speaks_of_a_line_that_is_right() {
        let mut right = 0;
        for hs_code in ["84717000", "90189000", "97012100", "99080000", "77000000", "94069999", "847170", ""] {
            for (quantity, unit) in [None, Some("0"), Some("1")]
                .iter()
                .flat_map(|quantity| [None, Some("NMB"), Some("KGM"), Some("QQQ")].map(|unit| (*quantity, unit)))
            {
                let mut case = Case::new();
                let line = &mut case.draft.lines[0];
                set(&mut line.hs_code, hs_code);
                line.quantity = line.quantity.take().filter(|_| quantity.is_some());
                line.quantity_unit = line.quantity_unit.take().filter(|_| unit.is_some());
                quantity.into_iter().for_each(|quantity| set(&mut line.quantity, amount(quantity)));
                unit.into_iter().for_each(|unit| set(&mut line.quantity_unit, unit));
                right += u32::from(check_right(&case));
            }
        }
        // Two counted codes with either quantity, and an uncounted one with whatever unit and none.
        assert_eq!(right, 2 * 2 + 4);
    }

    /// Whether the first line is right; then every rule must be silent about it.
    #[track_caller]
    fn check_right(case: &Case) -> bool {
        case.with_context(Language::En, |context| {
            let on = context.day_of_export(&case.draft);
            let doubt = Doubt::of(&case.draft.lines[0], context.lists.hs_export_codes, on).unwrap();
            let mut findings = Findings::at_most(FINDINGS_MAX);
            for rule in RULES {
                let Origin::Doubt(check) = rule.origin else { panic!("{} sees every line", rule.code) };
                check(&doubt, context, &mut Report::new(rule, context, &mut findings));
            }
            let findings = findings.into_vec(Language::En);
            assert!(!doubt.is_right() || findings.is_empty(), "{findings:#?}");
            doubt.is_right()
        })
    }

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
