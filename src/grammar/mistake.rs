//! What is wrong with a grammar file: file, line, column, a sentence, a hint.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer};

/// Whether a grammar with this mistake can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It cannot be compiled, or would not mean what it says.
    Error,
    /// It can be used, but something in it serves nobody.
    Warning,
}

/// One mistake in a grammar file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mistake {
    /// The file.
    #[serde(serialize_with = "as_shown")]
    pub file: PathBuf,
    /// The line, first = 1.
    pub line: u32,
    /// The column in characters, first = 1.
    pub column: u32,
    /// Whether the grammar can be used all the same.
    pub severity: Severity,
    /// What is wrong, without a full stop.
    pub sentence: String,
    /// What to do, when something is likely.
    pub hint: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}:{}:{}: {severity}: {}", self.file.display(), self.line, self.column, self.sentence)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// A path as it is printed: one that is no UTF-8 is no reason to say nothing.
fn as_shown<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// Everything a linter says of the grammars of a folder, in the order of files and lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LintReport {
    /// The mistakes.
    pub mistakes: Vec<Mistake>,
}

impl LintReport {
    /// Whether the grammars cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.mistakes.iter().any(|mistake| mistake.severity == Severity::Error)
    }
}

impl fmt::Display for LintReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

/// Most mistakes of one reading: the files may be anything.
const MISTAKES_MAX: usize = 1_000;

/// A place in the files that were read: the number of the file, the line and the column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) file: usize,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Something with the place where it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located<T> {
    pub(super) at: At,
    pub(super) value: T,
}

/// The mistakes of one reading, by place; files get their names at the end.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<(At, Severity, String, Option<String>)>);

impl Mistakes {
    pub(super) fn error(&mut self, at: At, sentence: impl Into<String>, hint: Option<String>) {
        self.push(at, Severity::Error, sentence.into(), hint);
    }

    pub(super) fn warning(&mut self, at: At, sentence: impl Into<String>, hint: Option<String>) {
        self.push(at, Severity::Warning, sentence.into(), hint);
    }

    fn push(&mut self, at: At, severity: Severity, sentence: String, hint: Option<String>) {
        match self.0.len() {
            length if length + 1 < MISTAKES_MAX => self.0.push((at, severity, sentence, hint)),
            length if length < MISTAKES_MAX => {
                let sentence = format!("more than {MISTAKES_MAX} mistakes were found; the rest is left out");
                self.0.push((at, Severity::Error, sentence, None));
            }
            _ => {}
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds those of another reading that are errors.
    pub(super) fn append_errors(&mut self, other: Self) {
        for (at, severity, sentence, hint) in
            other.0.into_iter().filter(|(_, severity, ..)| *severity == Severity::Error)
        {
            self.push(at, severity, sentence, hint);
        }
    }

    /// The report, in the order of files and lines.
    pub(super) fn into_report(self, files: &[PathBuf]) -> LintReport {
        let mistakes = self.0.into_iter().map(|(at, severity, sentence, hint)| Mistake {
            file: files.get(at.file).cloned().unwrap_or_default(),
            line: at.line,
            column: at.column,
            severity,
            sentence,
            hint,
        });
        let mut mistakes: Vec<_> = mistakes.collect();
        mistakes.sort();
        LintReport { mistakes }
    }
}

/// The known name that is nearest to one that is not known, as a hint.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let distance = |known: &str| strsim::damerau_levenshtein(&name.to_uppercase(), &known.to_uppercase());
    let (distance, known) = known.into_iter().map(|known| (distance(known), known)).min()?;
    // More than half of the letters wrong is another word.
    (distance * 2 <= name.chars().count()).then(|| format!("{known} is known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32) -> At {
        At { file: 0, line, column: 1 }
    }

    #[test]
    fn mistakes_are_told_a_line_each_in_the_order_of_the_file() {
        let mut mistakes = Mistakes::default();
        mistakes.warning(at(3), "odd", None);
        assert_eq!(mistakes.len(), 1);
        mistakes.error(at(2), "wrong", Some("mend it".to_owned()));
        assert_eq!(mistakes.len(), 2);
        let report = mistakes.into_report(&["a".into()]);
        assert_eq!(report.to_string(), "a:2:1: error: wrong\n  hint: mend it\na:3:1: warning: odd");
        assert!(report.has_errors());
    }

    #[test]
    fn of_another_reading_only_errors_count() {
        let (mut mistakes, mut other) = (Mistakes::default(), Mistakes::default());
        other.warning(at(1), "odd", None);
        mistakes.append_errors(other);
        assert_eq!(mistakes.into_report(&[]), LintReport::default());
    }

    #[test]
    fn the_nearest_name_has_half_of_the_letters_at_least() {
        #[track_caller]
        fn check(name: &str, expected: Option<&str>) {
            assert_eq!(nearest(name, ["BGM", "SEGMENT"]), expected.map(|known| format!("{known} is known")));
        }
        check("bg", Some("BGM"));
        check("sgemnt", Some("SEGMENT"));
        check("xbgmxx", Some("BGM"));
        check("xbgxxx", None);
        check("", None);
    }
}
