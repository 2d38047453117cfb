//! Is it true? Rules judge what a declaration states: by itself, against the code lists, against the clock, and against
//! what the partner may do.
//!
//! Start with [`judge`]; [`Rule`] is what one is, and each family's file begins with its table. A rule is an entry with a
//! stable code, a sentence and a remedy in both languages, and a check; its case stands in the same file and its
//! paragraph in `docs/findings.md`. Rules look at a [`Draft`], so what is missing or ill-formed has its finding from the
//! guide, and a rule is silent about it. Nothing here stops at the first mistake, asks for the time, or reads a file.

// What a rule is, what may be set, and what the guide says.
mod breach;
mod mode;
mod rule;
mod settings;

// A, authority.
mod authority;

// C, cross-field.
mod condition;
mod total;
mod transport;

// G, the gateway's own.
mod cutting;

// H, header.
mod address;
mod header;

// L, lines.
mod classification;
mod line;

// N, notices; R, reference and state; T, time.
mod notice;
mod reference;
mod time;

#[cfg(test)]
mod case;

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use rust_decimal::Decimal;

pub use authority::FOREIGN_EXPORTER;
pub use cutting::{FINDINGS_MAX, FINDINGS_OF_INTERCHANGE_MAX};
pub use reference::{numbers_exhausted, reference_used};
pub use rule::{Rule, Sentence, SeveritySetting};
pub use settings::RuleSettings;

use crate::codes::{CodeList, CodeLists};
use crate::declaration::guide::Reading;
use crate::declaration::{Draft, Field, LineDraft, Listed, RuleFinding, Severity, Stated, Text};
use crate::language::Language;
use crate::partner::Partner;
use classification::HS_EXPORT_CODES;
use cutting::Findings;
use rule::{Origin, Report, Spot};

/// Lines that are judged one by one. More than that the guide refuses (L302), and what a message may cost has an end.
const LINES_MAX: usize = 999;

/// All rules, sorted by code.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let tables = [
        authority::RULES,
        condition::RULES,
        total::RULES,
        transport::RULES,
        cutting::RULES,
        address::RULES,
        header::RULES,
        classification::RULES,
        line::RULES,
        notice::RULES,
        reference::RULES,
        time::RULES,
    ];
    let mut rules = tables.concat();
    rules.sort_by_key(|rule| rule.code);
    rules
});

/// What rules know besides the declaration.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    codes: &'a CodeLists,
    lists: Lists<'a>,
    partner: &'a Partner,
    received_at: Timestamp,
    /// The day of receipt.
    today: Date,
    zone: &'a TimeZone,
    settings: &'a RuleSettings,
    language: Language,
    /// Findings of one declaration that are carried.
    findings_max: usize,
}

/// The lists that rules ask for on every line, found once.
#[derive(Debug, Clone, Copy)]
struct Lists<'a> {
    hs_export_codes: Option<&'a CodeList>,
    provinces: Option<&'a CodeList>,
    units: Option<&'a CodeList>,
}

impl<'a> Lists<'a> {
    fn of(codes: &'a CodeLists) -> Self {
        Self {
            hs_export_codes: codes.list(HS_EXPORT_CODES),
            provinces: codes.list("provinces"),
            units: codes.list("units"),
        }
    }
}

impl<'a> Context<'a> {
    /// For the declarations of one interchange of this partner: the code lists in force, what the administration decided,
    /// when the last byte was here and the zone whose days count, and the language of the sentences.
    #[must_use]
    pub fn new(
        (codes, settings): (&'a CodeLists, &'a RuleSettings),
        partner: &'a Partner,
        (received_at, zone): (Timestamp, &'a TimeZone),
        language: Language,
    ) -> Self {
        let today = zone.to_datetime(received_at).date();
        let lists = Lists::of(codes);
        Self { codes, lists, partner, received_at, today, zone, settings, language, findings_max: FINDINGS_MAX }
    }

    /// The same where no more than so many findings of one declaration are carried: at most [`FINDINGS_MAX`], at least one.
    #[must_use]
    pub fn carrying(self, findings_max: usize) -> Self {
        Self { findings_max: findings_max.clamp(1, FINDINGS_MAX), ..self }
    }

    /// The day on which codes have to be valid: that of export, or of receipt when none is stated.
    fn day_of_export(&self, draft: &Draft<'_>) -> Date {
        value(&draft.export_date).copied().unwrap_or(self.today)
    }

    /// How bad a code is that a list does not hold: a sample does not know everything.
    fn severity_of_unknown(&self, list: &str) -> Severity {
        match self.codes.list(list) {
            Some(list) if !list.is_sample() => Severity::Error,
            _ => Severity::Warning,
        }
    }
}

/// What guide, code lists and rules have to say of a message: in its order, the header before the lines, and at most
/// [`FINDINGS_MAX`], or what [`Context::carrying`] says. A last one then says how many more there are.
#[must_use]
pub fn judge(reading: &Reading<'_>, context: &Context<'_>) -> Vec<RuleFinding> {
    let Reading { draft, breaches } = reading;
    let mut findings = Findings::at_most(context.findings_max);
    breach::report(breaches, context.language, &mut findings);
    let on = context.day_of_export(draft);
    let unlisted = unlisted(draft, on, context);
    let doubts = classification::doubts(draft, on, context);
    for rule in rules() {
        let report = &mut Report::new(rule, context, &mut findings);
        match rule.origin {
            Origin::Check(check) => check(draft, context, report),
            Origin::Doubt(check) => doubts.iter().for_each(|doubt| check(doubt, context, report)),
            Origin::Listed => report_unlisted(rule, &unlisted, on, report),
            Origin::Guide | Origin::Record | Origin::Cut => {}
        }
    }
    findings.into_vec(context.language)
}

/// The values that the guide wants in code lists and that are not in them on a day, each with its list. Values that are
/// always valid may be among those of the draft, or left out of them.
fn unlisted<'d>(draft: &'d Draft<'d>, on: Date, context: &Context<'d>) -> Vec<(&'d Listed<'d>, &'d CodeList)> {
    let is_judged = |line| usize::try_from(line).is_ok_and(|line| line <= LINES_MAX);
    let mut unlisted = Vec::new();
    for listed in draft.listed.iter().filter(|listed| listed.line.is_none_or(is_judged)) {
        if let Some(list) = context.codes.list(listed.list)
            && !list.is_valid(listed.stated.value, on)
        {
            unlisted.push((listed, list));
        }
    }
    unlisted
}

/// The values that are not in their lists, and that the guide refuses with this rule's code.
fn report_unlisted(rule: &Rule, unlisted: &[(&Listed<'_>, &CodeList)], on: Date, report: &mut Report<'_>) {
    for (listed, list) in unlisted.iter().filter(|(listed, _)| listed.code == rule.code) {
        say_unlisted(list, &listed.stated, Spot::listed(listed), on, report);
    }
}

/// All rules, sorted by code: everything that a finding of a declaration can say, whoever gives it.
#[must_use]
pub fn rules() -> &'static [Rule] {
    &RULES
}

/// The rule behind a code.
#[must_use]
pub fn explain(code: &str) -> Option<&'static Rule> {
    let number = number_of(code)?;
    let index = rules().binary_search_by_key(&Some(number), |rule| number_of(rule.code)).ok()?;
    rules().get(index)
}

/// The four bytes of a code as a number, which sorts as they do.
fn number_of(code: &str) -> Option<u32> {
    code.as_bytes().try_into().map(u32::from_be_bytes).ok()
}

/// The lines that are judged one by one.
fn judged_lines<'d>(draft: &'d Draft<'d>) -> &'d [LineDraft<'d>] {
    draft.lines.get(..LINES_MAX).unwrap_or(&draft.lines)
}

/// Each line that states this.
fn each_line<'d, T: 'd>(
    draft: &'d Draft<'d>,
    statement: impl Fn(&'d LineDraft<'d>) -> Option<&'d Stated<T>>,
    mut check: impl FnMut(&'d LineDraft<'d>, &'d Stated<T>),
) {
    for line in judged_lines(draft) {
        if let Some(stated) = statement(line) {
            check(line, stated);
        }
    }
}

/// What a field states.
fn value<T>(field: &Field<T>) -> Option<&T> {
    field.as_ref().map(|stated| &stated.value)
}

/// Whether a number is more than zero. A sign and a look at the digits is all that it takes, unlike a comparison.
fn is_above_zero(number: &Decimal) -> bool {
    number.is_sign_positive() && !number.is_zero()
}

/// Whether a number is less than zero.
fn is_below_zero(number: &Decimal) -> bool {
    number.is_sign_negative() && !number.is_zero()
}

/// A code that its list does not hold on a day breaks the rule that asks.
#[inline]
fn check_listed(list: &CodeList, stated: &Stated<Text<'_>>, spot: Spot, on: Date, report: &mut Report<'_>) {
    if !list.is_valid(stated.value, on) {
        say_unlisted(list, stated, spot, on, report);
    }
}

/// A code is not in its list.
fn say_unlisted(list: &CodeList, stated: &Stated<Text<'_>>, spot: Spot, on: Date, report: &mut Report<'_>) {
    let nearest = report.wants_suggestion(spot).then(|| list.nearest(stated.value)).flatten().unwrap_or_default();
    report.say(spot, &[("value", &stated.value), ("date", &on), ("nearest", &nearest)]);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The files in which each rule that is checked here has its case.
    const CASES: [&str; 11] = [
        include_str!("authority.rs"),
        include_str!("total.rs"),
        include_str!("transport.rs"),
        include_str!("condition.rs"),
        include_str!("header.rs"),
        include_str!("address.rs"),
        include_str!("line.rs"),
        include_str!("classification.rs"),
        include_str!("notice.rs"),
        include_str!("reference.rs"),
        include_str!("time.rs"),
    ];

    const MANUAL: &str = include_str!("../../docs/findings.md");

    /// What a rule's section of the manual begins with, and what it ends with. Its paragraph stands between.
    fn entry(rule: &Rule) -> (String, String) {
        let severity = match rule.severity {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let setting = rule.setting.map(|setting| format!(", set by `{}`", setting.key)).unwrap_or_default();
        let Rule { code, sentence, remedy, .. } = rule;
        let begin = format!("### {code}\n\n{severity}{setting}\n\n> {}\\\n> {}\n\n", sentence.english, sentence.french);
        (begin, format!("\n\nWhat to do: {}.\\\nQue faire : {}.\n", remedy.english, remedy.french))
    }

    #[test]
    fn a_right_declaration_has_no_findings() {
        case::check(|_| (), "");
    }

    #[test]
    fn a_declaration_that_states_nothing_is_left_to_the_guide() {
        case::check(|case| case.draft = Draft::default(), "");
    }

    #[test]
    fn a_value_that_its_list_always_holds_need_not_be_in_the_draft() {
        let mut case = case::Case::new();
        case::set(&mut case.draft.exit_office, "9999");
        case::set(&mut case.draft.currency, "HRK");
        case.draft.listed = case::listed(&case.draft);
        let judged = |draft: &Draft<'_>| {
            let reading = Reading { draft: draft.clone(), breaches: Vec::new() };
            case.with_context(Language::En, |context| judge(&reading, context))
        };
        let all = judged(&case.draft);
        let mut draft = case.draft.clone();
        case.with_context(Language::En, |context| {
            let is_open = |listed: &Listed<'_>| {
                context.codes.list(listed.list).is_some_and(|list| !list.is_always_valid(listed.stated.value))
            };
            draft.listed.retain(is_open);
        });
        assert_eq!(draft.listed.iter().map(|listed| listed.code).collect::<Vec<_>>(), ["H210", "H213"]);
        assert_eq!(judged(&draft), all);
    }

    #[test]
    fn codes_are_unique_and_sorted() {
        assert!(rules().is_sorted_by(|one, other| one.code < other.code));
    }

    #[test]
    fn every_code_is_a_letter_and_three_digits() {
        for Rule { code, .. } in rules() {
            let (letter, digits) = code.split_at(1);
            assert!("ACGHLNRT".contains(letter) && digits.len() == 3, "{code}");
            assert!(digits.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
        }
    }

    #[test]
    fn every_code_can_be_explained() {
        assert!(rules().iter().all(|rule| explain(rule.code).is_some_and(|found| found.code == rule.code)));
        assert!(explain("Z999").is_none());
    }

    #[test]
    fn every_rule_has_a_case_that_provokes_it() {
        let without_case: Vec<&str> = rules()
            .iter()
            .filter(|rule| matches!(rule.origin, Origin::Check(_) | Origin::Doubt(_)))
            .map(|rule| rule.code)
            .filter(|code| !CASES.iter().any(|file| file.contains(&format!("{code} @ "))))
            .collect();
        assert_eq!(without_case, [""; 0]);
    }

    #[test]
    fn both_languages_say_the_same_values() {
        let names = |text: &str| -> BTreeSet<String> {
            text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name.to_owned()).collect()
        };
        for rule in rules() {
            assert_eq!(names(rule.sentence.english), names(rule.sentence.french), "{}", rule.code);
        }
    }

    #[test]
    fn sentences_are_one_liners_and_remedies_are_there() {
        for Rule { code, sentence, remedy, .. } in rules() {
            for text in [sentence.english, sentence.french, remedy.english, remedy.french] {
                assert!(!text.is_empty() && !text.ends_with('.') && !text.contains("  "), "{code}: {text}");
            }
        }
    }

    #[test]
    fn sentences_can_be_written_in_latin_1() {
        for Rule { code, sentence, .. } in rules() {
            assert!(sentence.french.chars().all(|letter| u32::from(letter) < 256), "{code}");
        }
    }

    #[test]
    fn a_setting_left_alone_is_the_severity_of_the_table() {
        let case = case::Case::new();
        case.with_context(Language::En, |context| {
            for rule in rules() {
                assert_eq!(rule.severity_in(context), rule.severity, "{}", rule.code);
            }
        });
    }

    #[test]
    fn the_manual_has_a_paragraph_for_every_rule() {
        for rule in rules() {
            let (begin, end) = entry(rule);
            let (_, section) = MANUAL.split_once(&begin).unwrap_or_else(|| panic!("docs/findings.md lacks:\n{begin}"));
            let (paragraph, _) = section.split_once(&end).unwrap_or_else(|| panic!("docs/findings.md lacks:\n{end}"));
            assert!(!paragraph.is_empty() && !paragraph.contains("###"), "{} has no paragraph", rule.code);
        }
    }

    #[test]
    fn the_manual_has_no_rule_that_is_not_there() {
        let documented: Vec<&str> = MANUAL.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let known: Vec<&str> = rules().iter().map(|rule| rule.code).collect();
        assert_eq!(documented, known);
    }
}
