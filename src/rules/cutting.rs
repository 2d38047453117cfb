//! Putting findings in order, and cutting them where an answer would grow too long.

use super::rule::{Origin, Rule, Spot};
use crate::declaration::{RuleFinding, Severity};
use crate::language::Language;

/// Findings of one declaration that an answer carries at most.
pub const FINDINGS_MAX: usize = 50;

/// Findings of the declarations of one interchange that its answer carries at most: of a declaration behind that, no more
/// than how many there are (G950).
pub const FINDINGS_OF_INTERCHANGE_MAX: usize = 20_000;

pub(super) const RULES: &[Rule] = &[MORE];

const MORE: Rule = Rule::error("G950")
    .says("{count} more findings were left out", "{count} autres constatations ont été omises")
    .remedy(
        "Correct what is named and report again; the rest will then be named",
        "Corrigez ce qui est nommé et déclarez de nouveau; le reste sera alors nommé",
    )
    .given_by(Origin::Cut);

/// Where in an answer a finding stands: the header's before the lines', each by its place in the message.
pub(super) type Order = (Option<u32>, usize);

/// The findings of a declaration as they are found, in the order of the answer. What the answer does not carry is only
/// counted, and its sentence is never written.
#[derive(Debug)]
pub(super) struct Findings {
    /// How many are carried at most, at least one.
    most: usize,
    carried: Vec<RuleFinding>,
    /// How many are left out.
    rest: usize,
    /// How bad the worst of them is.
    worst: Option<Severity>,
}

impl Findings {
    /// None yet, of which so many will be carried.
    pub(super) fn at_most(most: usize) -> Self {
        Self { most: most.max(1), carried: Vec::new(), rest: 0, worst: None }
    }

    /// Takes a finding; of two at the same place the first one that came is the first.
    pub(super) fn push(&mut self, severity: Severity, order: Order, finding: impl FnOnce() -> RuleFinding) {
        if !self.carries(order) {
            return self.leave_out(severity);
        }
        if self.carried.len() == self.most {
            self.leave_last_out();
        }
        let at = self.carried.partition_point(|found| order_of(found) <= order);
        self.carried.insert(at, finding());
    }

    /// Whether a finding with this place would be carried, as far as is known.
    pub(super) fn carries(&self, order: Order) -> bool {
        let last = self.carried.last().filter(|_| self.carried.len() == self.most);
        last.is_none_or(|last| order < order_of(last))
    }

    /// All of them, as many as are carried. If there are more, the last one says how many (G950), and is as bad as the
    /// worst of them: a refusal always shows its error.
    pub(super) fn into_vec(mut self, language: Language) -> Vec<RuleFinding> {
        if self.rest > 0 {
            self.leave_last_out();
            let severity = self.worst.unwrap_or(Severity::Notice);
            self.carried.push(MORE.finding(severity, language, Spot::DECLARATION, &[("count", &self.rest)]));
        }
        self.carried
    }

    fn leave_last_out(&mut self) {
        if let Some(last) = self.carried.pop() {
            self.leave_out(last.severity);
        }
    }

    fn leave_out(&mut self, severity: Severity) {
        self.rest += 1;
        self.worst = self.worst.max(Some(severity));
    }
}

fn order_of(finding: &RuleFinding) -> Order {
    (finding.line, finding.span.start)
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

    fn cut(findings: Vec<RuleFinding>, language: Language) -> Vec<RuleFinding> {
        cut_to(FINDINGS_MAX, findings, language)
    }

    fn cut_to(most: usize, findings: Vec<RuleFinding>, language: Language) -> Vec<RuleFinding> {
        let mut taken = Findings::at_most(most);
        for finding in findings {
            taken.push(finding.severity, order_of(&finding), || finding);
        }
        taken.into_vec(language)
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
    fn where_none_is_carried_it_is_said_how_many_there_are() {
        let of = |severity, start| finding(severity, None, start);
        let found = vec![of(Severity::Warning, 1), of(Severity::Error, 2), of(Severity::Notice, 3)];
        let cut = cut_to(0, found, Language::En);
        assert_eq!((codes(&cut), cut[0].severity), (vec!["G950"], Severity::Error));
        assert_eq!(cut[0].text, "3 more findings were left out");
        assert_eq!(codes(&cut_to(1, vec![of(Severity::Error, 2)], Language::En)), ["X2"]);
    }

    #[test]
    fn the_header_comes_before_the_lines_and_places_in_order() {
        let of = |line, start| finding(Severity::Error, line, start);
        let cut = cut(vec![of(Some(2), 40), of(None, 90), of(Some(1), 31), of(Some(1), 30), of(None, 2)], Language::En);
        assert_eq!(codes(&cut), ["X2", "X90", "X30", "X31", "X40"]);
    }

    #[test]
    fn of_two_at_one_place_the_first_stays_the_first() {
        let findings =
            ["A", "B"].map(|code| RuleFinding { code: code.to_owned(), ..finding(Severity::Error, None, 1) });
        assert_eq!(codes(&cut(findings.to_vec(), Language::En)), ["A", "B"]);
    }

    #[test]
    fn what_is_not_carried_is_not_written() {
        let mut findings = Findings::at_most(FINDINGS_MAX);
        let mut written = 0;
        for start in 0..1_000 {
            findings.push(Severity::Error, (None, start), || {
                written += 1;
                finding(Severity::Error, None, start)
            });
        }
        assert_eq!(written, FINDINGS_MAX);
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
