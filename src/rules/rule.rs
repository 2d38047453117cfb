//! What a rule is: an entry with a code, a sentence and a remedy in both languages, and a check.

use std::fmt::{Display, Write};

use super::Context;
use super::classification::Doubt;
use super::cutting::{FINDINGS_MAX, Findings, Order};
use crate::declaration::{Draft, LineDraft, Listed, RuleFinding, Severity, Stated, StatedAt};
use crate::language::Language;

/// A text in both languages. `{name}` stands for a value, and what stands between `[` and `]` is only said when all
/// its values are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    /// In English.
    pub english: &'static str,
    /// In French.
    pub french: &'static str,
}

impl Sentence {
    /// A text in both languages.
    pub(super) const fn new(english: &'static str, french: &'static str) -> Self {
        Self { english, french }
    }

    /// The text in this language.
    #[must_use]
    pub fn in_language(self, language: Language) -> &'static str {
        language.choose(self.english, self.french)
    }

    /// The sentence with the values in it.
    pub(super) fn fill(self, language: Language, values: &[Value<'_>]) -> String {
        let mut rest = self.in_language(language);
        let mut text = String::with_capacity(rest.len() + VALUE_LENGTH_MAX);
        // Where the clause begins that is being written, and whether all its values were known so far.
        let (mut begin, mut is_whole) = (0, true);
        while let Some((before, mark, behind)) = next_mark(rest) {
            text.push_str(before);
            rest = behind;
            match mark {
                '[' => (begin, is_whole) = (text.len(), true),
                ']' if !is_whole => text.truncate(begin),
                '{' => {
                    let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
                    let value = values.iter().find(|(known, _)| *known == name);
                    is_whole &= value.is_some_and(|(_, value)| push_value(&mut text, value));
                    rest = after;
                }
                _ => {}
            }
        }
        text.push_str(rest);
        text
    }
}

/// A value of a sentence, by its name. One that is written as nothing is not known.
pub(super) type Value<'a> = (&'static str, &'a dyn Display);

/// Characters of a value that a sentence shows; a longer one is cut, so that sentences stay short whatever was sent.
const VALUE_LENGTH_MAX: usize = 70;

/// The first mark of a template, with what stands before and behind it: where a value or a clause begins, or a clause
/// ends.
fn next_mark(template: &'static str) -> Option<(&'static str, char, &'static str)> {
    let (before, marked) = template.split_at_checked(memchr::memchr3(b'{', b'[', b']', template.as_bytes())?)?;
    let mut behind = marked.chars();
    Some((before, behind.next()?, behind.as_str()))
}

/// Writes a value, cut where it is long, and says whether it is written as anything.
fn push_value(text: &mut String, value: &dyn Display) -> bool {
    let begin = text.len();
    let is_written = write!(text, "{value}").is_ok() && text.len() > begin;
    let may_be_long = text.get(begin..).filter(|value| value.len() > VALUE_LENGTH_MAX);
    if let Some((end, _)) = may_be_long.and_then(|value| value.char_indices().nth(VALUE_LENGTH_MAX)) {
        text.truncate(begin + end);
        text.push_str("...");
    }
    is_written
}

/// A rule: what a finding with its code means, how bad it is, and who gives it.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The stable code, a letter and three digits. The letter is the family.
    pub code: &'static str,
    /// How bad a breach is, unless a setting says otherwise.
    pub severity: Severity,
    /// What is said.
    pub sentence: Sentence,
    /// What the sender should do.
    pub remedy: Sentence,
    /// The setting that decides the severity, where an operator may.
    pub setting: Option<SeveritySetting>,
    /// Who gives it.
    pub(super) origin: Origin,
}

/// A setting that decides how bad a breach is.
#[derive(Debug, Clone, Copy)]
pub struct SeveritySetting {
    /// The key in the configuration.
    pub key: &'static str,
    pub(super) read: fn(&Context<'_>) -> Severity,
}

/// Who gives a finding.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin {
    /// [`judge`](super::judge), by this check.
    Check(fn(&Draft<'_>, &Context<'_>, &mut Report<'_>)),
    /// [`judge`](super::judge), by this check of every line whose classification is in doubt.
    Doubt(fn(&Doubt<'_>, &Context<'_>, &mut Report<'_>)),
    /// The implementation guide, while the message is read.
    Guide,
    /// [`judge`](super::judge), for every value that the guide wants in a code list with this rule's code.
    Listed,
    /// The record, in the commit.
    Record,
    /// The cutting of what an answer would not carry.
    Cut,
}

impl Rule {
    const fn begun(code: &'static str, severity: Severity) -> Self {
        let nothing = Sentence::new("", "");
        Self { code, severity, sentence: nothing, remedy: nothing, setting: None, origin: Origin::Guide }
    }

    /// A rule whose breach refuses the declaration.
    pub(super) const fn error(code: &'static str) -> Self {
        Self::begun(code, Severity::Error)
    }

    /// A rule whose breach is probably a mistake.
    pub(super) const fn warning(code: &'static str) -> Self {
        Self::begun(code, Severity::Warning)
    }

    /// A rule that only tells.
    pub(super) const fn notice(code: &'static str) -> Self {
        Self::begun(code, Severity::Notice)
    }

    /// What is said, in English and in French.
    pub(super) const fn says(self, english: &'static str, french: &'static str) -> Self {
        self.says_sentence(Sentence::new(english, french))
    }

    /// What is said, when several rules say the same.
    pub(super) const fn says_sentence(mut self, sentence: Sentence) -> Self {
        self.sentence = sentence;
        self
    }

    /// What the sender should do, in English and in French.
    pub(super) const fn remedy(mut self, english: &'static str, french: &'static str) -> Self {
        self.remedy = Sentence::new(english, french);
        self
    }

    /// The setting that decides the severity.
    pub(super) const fn weighed_by(mut self, key: &'static str, read: fn(&Context<'_>) -> Severity) -> Self {
        self.setting = Some(SeveritySetting { key, read });
        self
    }

    /// The check that finds a breach.
    pub(super) const fn checked_by(mut self, check: fn(&Draft<'_>, &Context<'_>, &mut Report<'_>)) -> Self {
        self.origin = Origin::Check(check);
        self
    }

    /// The check that finds a breach on a line whose classification is in doubt.
    pub(super) const fn checked_in_doubt_by(mut self, check: fn(&Doubt<'_>, &Context<'_>, &mut Report<'_>)) -> Self {
        self.origin = Origin::Doubt(check);
        self
    }

    /// Somebody else finds a breach.
    pub(super) const fn given_by(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Whether it judges values that a guide wants in a code list.
    #[must_use]
    pub fn judges_lists(&self) -> bool {
        matches!(self.origin, Origin::Listed)
    }

    /// How bad a breach is here.
    #[must_use]
    pub fn severity_in(&self, context: &Context<'_>) -> Severity {
        self.setting.map_or(self.severity, |setting| (setting.read)(context))
    }

    /// A finding by this rule.
    pub(super) fn finding(
        &self,
        severity: Severity,
        language: Language,
        spot: Spot,
        values: &[Value<'_>],
    ) -> RuleFinding {
        RuleFinding {
            code: self.code.to_owned(),
            severity,
            line: spot.line,
            segment: spot.at.map(|at| at.point()),
            span: spot.at.map(|at| at.span()).unwrap_or_default(),
            text: self.sentence.fill(language, values),
        }
    }
}

/// Where in a declaration a finding points. What is missing has no place of its own; its finding points at the
/// statement that demands it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    line: Option<u32>,
    at: Option<StatedAt>,
}

impl Spot {
    /// The declaration as a whole.
    pub(super) const DECLARATION: Self = Self { line: None, at: None };

    /// A statement of the header.
    pub(super) fn header<T>(stated: &Stated<T>) -> Self {
        Self { line: None, at: Some(stated.at) }
    }

    /// A value that must be in a code list.
    pub(super) fn listed(listed: &Listed<'_>) -> Self {
        Self { line: listed.line, at: Some(listed.stated.at) }
    }

    /// A statement of a line. Lines are named by their place among the lines: what number they state may be wrong.
    pub(super) fn line<T>(line: &LineDraft<'_>, stated: &Stated<T>) -> Self {
        Self { line: Some(line.ordinal), at: Some(stated.at) }
    }

    fn order(&self) -> Order {
        (self.line, self.at.map_or(0, |at| at.span().start))
    }
}

/// Takes the findings of one rule.
pub(super) struct Report<'a> {
    rule: &'a Rule,
    context: &'a Context<'a>,
    findings: &'a mut Findings,
    /// How often the rule is broken.
    said: usize,
}

impl<'a> Report<'a> {
    /// For this rule, after what others have said.
    pub(super) fn new(rule: &'a Rule, context: &'a Context<'a>, findings: &'a mut Findings) -> Self {
        Self { rule, context, findings, said: 0 }
    }

    /// The rule is broken here.
    pub(super) fn say(&mut self, spot: Spot, values: &[Value<'_>]) {
        let Self { rule, context, .. } = *self;
        let severity = rule.severity_in(context);
        self.said += 1;
        self.findings.push(severity, spot.order(), || rule.finding(severity, context.language, spot, values));
    }

    /// Whether it is worth while to look for what the sender may have meant: not for what is left out anyway. A message
    /// full of wrong codes should cost no more than one with some.
    pub(super) fn wants_suggestion(&self, spot: Spot) -> bool {
        self.said < FINDINGS_MAX && self.findings.carries(spot.order())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &'static str, values: &[Value<'_>], expected: &str) {
        assert_eq!(Sentence::new(template, "").fill(Language::En, values), expected);
    }

    #[test]
    fn values_stand_where_they_are_named() {
        check("{a} of {b}, {a}", &[("b", &2), ("a", &"one")], "one of 2, one");
    }

    #[test]
    fn a_clause_is_said_when_all_its_values_are_known() {
        check("no {a}[; did you mean {b}?]", &[("a", &1), ("b", &2)], "no 1; did you mean 2?");
        check("no {a}[; did you mean {b}?]", &[("a", &1)], "no 1");
        check("no {a}[; did you mean {b}?] here", &[("a", &1), ("b", &"")], "no 1 here");
    }

    #[test]
    fn a_value_with_braces_is_only_a_value() {
        check("{a}[, {b}]", &[("a", &"{b}[x]"), ("b", &"{a}")], "{b}[x], {a}");
    }

    #[test]
    fn a_long_value_is_cut() {
        check("{a}", &[("a", &"é".repeat(71))], &format!("{}...", "é".repeat(70)));
    }
}
