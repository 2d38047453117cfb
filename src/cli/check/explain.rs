//! `lodged check --explain CODE`: what a code means, when it is sent, an example, what its sender should do.
//!
//! Codes of CONTRL (0085) come from [`syntax_code`](super::syntax_code), codes of findings from the rules and from
//! `docs/findings.md`, which is built in; tests hold page and rules together.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::report::{Family, capitalised};
use super::syntax_code::{NetworkCode, SyntaxCode};
use super::text::columns;
use crate::declaration::Severity;
use crate::edifact::{Level, SyntaxError, SyntaxVersion};
use crate::language::Language;
use crate::rules::{self, Rule};

/// The page with a paragraph for every rule.
const FINDINGS: &str = include_str!("../../../docs/findings.md");

/// Columns of a text.
const COLUMNS: usize = 96;

/// The levels of CONTRL with their segments, in both languages.
const LEVELS: [(Level, &str, &str); 5] = [
    (Level::Interchange, "interchange (UCI)", "interchange (UCI)"),
    (Level::FunctionalGroup, "functional group (UCF)", "groupe fonctionnel (UCF)"),
    (Level::Message, "message (UCM)", "message (UCM)"),
    (Level::Segment, "segment (UCS)", "segment (UCS)"),
    (Level::Element, "data element (UCD)", "élément de données (UCD)"),
];

/// Everything that is to be said of one code.
#[derive(Debug, Serialize)]
pub(super) struct Explanation {
    code: String,
    family: Family,
    severity: Severity,
    /// What is said when it is found; `{value}` stands for what was stated.
    sentence: String,
    /// What it means and when it is sent.
    meaning: String,
    /// The levels of CONTRL that can carry it here; none where it is a rule's, or a network's.
    levels: Vec<&'static str>,
    /// The syntax versions whose list (0085) has it.
    syntax_versions: Vec<u8>,
    /// The setting that decides the severity, where an operator may.
    setting: Option<&'static str>,
    wrong: Option<&'static str>,
    right: Option<&'static str>,
    /// What its sender should do.
    remedy: String,
    #[serde(skip)]
    language: Language,
}

impl Explanation {
    /// What is to be said of a code, written as people write it: `13`, `S13`, `h211`.
    pub(super) fn of(code: &str, language: Language) -> Option<Self> {
        let code = code.trim().to_uppercase();
        if let Some(rule) = rules::explain(&code) {
            return Some(Self::of_rule(rule, language));
        }
        let number: u8 = code.trim_start_matches('S').parse().ok()?;
        if let Some(code) = NetworkCode::of(number) {
            return Some(Self::of_network(code, language));
        }
        let error = SyntaxError::ALL.iter().find(|error| error.number() == number)?;
        Self::of_syntax(SyntaxCode::of(*error)?, language)
    }

    /// All codes that can be found, those of CONTRL first.
    pub(super) fn all(language: Language) -> Vec<Self> {
        let syntax = SyntaxError::ALL.iter().filter_map(|error| Self::of_syntax(SyntaxCode::of(*error)?, language));
        syntax.chain(rules::rules().iter().map(|rule| Self::of_rule(rule, language))).collect()
    }

    fn of_syntax(code: &SyntaxCode, language: Language) -> Option<Self> {
        let error = code.error;
        let levels = LEVELS.iter().filter(|(level, ..)| error.may_stand_at(*level));
        let versions = [SyntaxVersion::V1, SyntaxVersion::V2, SyntaxVersion::V3, SyntaxVersion::V4];
        let knows = |version: &SyntaxVersion| error.code(*version) == error.number();
        Some(Self {
            code: error.number().to_string(),
            family: Family::Syntax,
            severity: Severity::Error,
            sentence: capitalised(language.choose(error.english(), error.french())),
            meaning: code.meaning(language).to_owned(),
            levels: levels.map(|(_, english, french)| language.choose(*english, *french)).collect(),
            syntax_versions: (1..)
                .zip(versions)
                .filter(|(_, version)| knows(version))
                .map(|(number, _)| number)
                .collect(),
            setting: None,
            wrong: code.wrong,
            right: code.right,
            remedy: capitalised(code.remedy(language)),
            language,
        })
    }

    fn of_network(code: &NetworkCode, language: Language) -> Self {
        let never = language.choose("It is never sent here", "Il n'est jamais envoyé d'ici");
        Self {
            code: code.number.to_string(),
            family: Family::Syntax,
            severity: Severity::Error,
            sentence: capitalised(code.sentence(language)),
            meaning: format!("{never}: {}.", code.why(language)),
            levels: Vec::new(),
            syntax_versions: vec![1, 2, 3],
            setting: None,
            wrong: None,
            right: None,
            remedy: language.choose("Ask the network that sent it", "Interrogez le réseau qui l'a envoyé").to_owned(),
            language,
        }
    }

    fn of_rule(rule: &Rule, language: Language) -> Self {
        Self {
            code: rule.code.to_owned(),
            family: Family::Content,
            severity: rule.severity,
            sentence: rule.sentence.in_language(language).to_owned(),
            meaning: paragraph(rule.code).unwrap_or_default(),
            levels: Vec::new(),
            syntax_versions: Vec::new(),
            setting: rule.setting.map(|setting| setting.key),
            wrong: None,
            right: None,
            remedy: rule.remedy.in_language(language).to_owned(),
            language,
        }
    }

    /// Who says it, and what it does.
    fn effect(&self) -> &'static str {
        let (english, french) = match (self.family, self.severity) {
            (Family::Syntax, _) if self.levels.is_empty() => (
                "0085 in a CONTRL of a network; never sent here",
                "0085 dans un CONTRL d'un réseau; jamais envoyé d'ici",
            ),
            (Family::Syntax, _) => (
                "0085 in CONTRL; what the level below names is refused",
                "0085 dans CONTRL; ce que nomme le niveau ci-dessous est refusé",
            ),
            (Family::Content, Severity::Error) => {
                ("error in CUSRES; the declaration is refused", "erreur dans CUSRES; la déclaration est refusée")
            }
            (Family::Content, Severity::Warning) => (
                "warning in CUSRES; the declaration is accepted, and something in it is probably wrong",
                "avertissement dans CUSRES; la déclaration est acceptée, et contient sans doute une faute",
            ),
            (Family::Content, Severity::Notice) => (
                "notice in CUSRES; the declaration is accepted, and this is said of it",
                "avis dans CUSRES; la déclaration est acceptée, et ceci en est dit",
            ),
        };
        self.language.choose(english, french)
    }
}

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n", self.code, self.sentence)?;
        for paragraph in self.meaning.split("\n\n") {
            writeln!(f, "{}\n", wrapped(paragraph))?;
        }
        let say = |english, french| self.language.choose(english, french);
        let joined = |texts: &[&str]| (!texts.is_empty()).then(|| texts.join(", "));
        let versions = match self.syntax_versions.as_slice() {
            [] => None,
            [one] => Some(one.to_string()),
            [first, .., last] => Some(format!("{first} {} {last}", say("to", "à"))),
        };
        let rows = [
            (say("is", "est"), Some(self.effect().to_owned())),
            (say("level", "niveau"), joined(&self.levels)),
            (say("syntax", "syntaxe"), versions),
            (say("set by", "réglé par"), self.setting.map(str::to_owned)),
            (say("wrong", "faux"), self.wrong.map(str::to_owned)),
            (say("right", "juste"), self.right.map(str::to_owned)),
            (say("to do", "à faire"), Some(self.remedy.clone())),
        ];
        for (name, value) in rows.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            writeln!(f, "  {name:<9}  {value}")?;
        }
        Ok(())
    }
}

/// Every code with its sentence, a line each.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Overview(pub(super) Vec<Explanation>);

impl Display for Overview {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|known| writeln!(f, "{:>4}  {}", known.code, known.sentence))
    }
}

/// The codes that somebody may have meant who wrote this one, the nearest first.
pub(super) fn nearest(code: &str) -> Vec<String> {
    let meant = code.trim().to_uppercase();
    let numbers = SyntaxError::ALL.iter().map(|error| error.number().to_string());
    let codes = numbers.chain(rules::rules().iter().map(|rule| rule.code.to_owned()));
    let mut near: Vec<(usize, String)> = codes
        .map(|known| (strsim::osa_distance(&known, &meant), known))
        .filter(|(distance, _)| *distance <= 1)
        .collect();
    near.sort();
    near.into_iter().map(|(_, known)| known).collect()
}

/// What the page says of a rule, without its head and its remedy.
fn paragraph(code: &str) -> Option<String> {
    let (_, section) = FINDINGS.split_once(&format!("\n### {code}\n"))?;
    let body = section.split("\n\nWhat to do: ").next()?;
    let blocks = body.split("\n\n").map(str::trim).filter(|block| !block.is_empty() && !block.starts_with('>'));
    // The first block is the severity, which is told in its own words.
    Some(blocks.skip(1).collect::<Vec<_>>().join("\n\n"))
}

/// A paragraph on lines of one width; what is a list or a table stays as it is.
fn wrapped(paragraph: &str) -> String {
    if paragraph.starts_with(['|', '-', '`']) {
        return paragraph.to_owned();
    }
    let (mut text, mut taken) = (String::new(), 0);
    for word in paragraph.split_whitespace() {
        let width = columns(word);
        if taken > 0 && taken + 1 + width > COLUMNS {
            text.push('\n');
            taken = 0;
        } else if taken > 0 {
            text.push(' ');
            taken += 1;
        }
        text.push_str(word);
        taken += width;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_meaning_and_a_remedy_in_both_languages() {
        for language in [Language::En, Language::Fr] {
            for known in Explanation::all(language) {
                assert!(!known.meaning.is_empty() && !known.remedy.is_empty(), "{}", known.code);
                assert!(!known.meaning.contains("###") && !known.meaning.starts_with('>'), "{}", known.code);
                assert!(known.family == Family::Content || !known.levels.is_empty(), "{}", known.code);
            }
        }
    }

    #[test]
    fn codes_are_found_as_people_write_them() {
        for (written, code) in [("13", "13"), ("S13", "13"), ("s02", "2"), (" h211 ", "H211")] {
            assert_eq!(Explanation::of(written, Language::En).unwrap().code, code);
        }
        assert!(Explanation::of("H999", Language::En).is_none() && Explanation::of("99", Language::En).is_none());
    }

    #[test]
    fn an_unknown_code_has_neighbours() {
        assert_eq!(nearest("a11o"), ["A110"]);
        assert_eq!(nearest("nonsense"), [""; 0]);
    }

    #[test]
    fn texts_are_wrapped_between_words() {
        let text = "word ".repeat(40);
        assert!(wrapped(&text).lines().all(|line| line.len() <= COLUMNS && !line.ends_with(' ')));
    }
}
