//! Putting findings in order, and cutting them where an answer would grow too long.

use super::rule::{Origin, Rule, Spot};
use crate::declaration::{RuleFinding, Severity};
use crate::language::Language;

/// Findings of one declaration that an answer carries at most.
pub const FINDINGS_MAX: usize = 50;

pub(super) const RULES: &[Rule] = &[MORE];

const MORE: Rule = Rule::error("G950")
    .says("{count} more findings were left out", "{count} autres constatations ont été omises")
    .remedy(
        "Correct what is named and report again; the rest will then be named",
        "Corrigez ce qui est nommé et déclarez de nouveau; le reste sera alors nommé",
    )
    .given_by(Origin::Cut);

/// The findings in order, the header's before the lines', each by its place in the message. Beyond [`FINDINGS_MAX`] the
/// last one says how many more there are (G950), and is as bad as the worst of them: a refusal always shows its error.
#[must_use]
pub fn cut(mut findings: Vec<RuleFinding>, language: Language) -> Vec<RuleFinding> {
    findings.sort_by_key(|finding| (finding.line, finding.span.start));
    if findings.len() > FINDINGS_MAX {
        let rest = findings.split_off(FINDINGS_MAX - 1);
        let severity = rest.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Notice);
        findings.push(MORE.finding(severity, language, Spot::DECLARATION, &[("count", &rest.len())]));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity, line: Option<u32>, start: usize) -> RuleFinding {
        RuleFinding {
            code: format!("X{start}"),
            severity,
            line,
            segment: None,
            span: start..start + 1,
            text: String::new(),
        }
    }

    fn codes(findings: &[RuleFinding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.code.as_str()).collect()
    }

    fn check_last(count: usize, severities: fn(usize) -> Severity, expected: (&str, Severity, &str)) {
        let findings = (0..count).rev().map(|start| finding(severities(start), None, start)).collect();
        let cut = cut(findings, Language::En);
        let last = cut.last().unwrap();
        assert_eq!(cut.len(), count.min(FINDINGS_MAX));
        assert_eq!((last.code.as_str(), last.severity, last.text.as_str()), expected);
    }

    #[test]
    fn the_header_comes_before_the_lines_and_places_in_order() {
        let of = |line, start| finding(Severity::Error, line, start);
        let cut = cut(vec![of(Some(2), 40), of(None, 90), of(Some(1), 31), of(Some(1), 30), of(None, 2)], Language::En);
        assert_eq!(codes(&cut), ["X2", "X90", "X30", "X31", "X40"]);
    }

    #[test]
    fn fifty_are_whole() {
        check_last(50, |_| Severity::Error, ("X49", Severity::Error, ""));
    }

    #[test]
    fn of_fifty_one_the_last_says_how_many_more() {
        check_last(51, |_| Severity::Notice, ("G950", Severity::Notice, "2 more findings were left out"));
        check_last(1000, |_| Severity::Warning, ("G950", Severity::Warning, "951 more findings were left out"));
    }

    #[test]
    fn an_error_that_is_cut_is_still_one() {
        let last_is_error = |start| if start == 59 { Severity::Error } else { Severity::Notice };
        check_last(60, last_is_error, ("G950", Severity::Error, "11 more findings were left out"));
    }
}
