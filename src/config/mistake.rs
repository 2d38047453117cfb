//! What is wrong with a configuration, where, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

/// A configuration that cannot be used: every mistake in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.mistakes))]
pub struct ConfigTrouble {
    /// The mistakes, in the order in which they were met; never empty.
    pub mistakes: Vec<Mistake>,
}

/// Something that is wrong, or that deserves a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// What happened.
    pub what: String,
    /// Where.
    pub place: Place,
    /// What to do, where that is known.
    pub hint: Option<String>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file as a whole.
    File {
        /// The file.
        path: PathBuf,
    },
    /// A point in a file.
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The character in the line, counted from 1.
        column: usize,
    },
    /// A variable of the environment.
    Variable {
        /// Its name.
        name: String,
    },
}

impl Mistake {
    /// A mistake without a hint.
    pub(super) fn new(place: Place, what: impl Into<String>) -> Self {
        Self { what: what.into(), place, hint: None }
    }

    /// The same mistake with a hint.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl From<Mistake> for ConfigTrouble {
    fn from(mistake: Mistake) -> Self {
        Self { mistakes: vec![mistake] }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, self.place)?;
        self.hint.iter().try_for_each(|hint| write!(f, "\n  hint: {hint}"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path } => write!(f, "{}", path.display()),
            Self::Line { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable { name } => write!(f, "environment {name}"),
        }
    }
}

/// Every key is there; what does not apply is `null`.
impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (file, point, variable) = match self {
            Self::File { path } => (Some(path), None, None),
            Self::Line { path, line, column } => (Some(path), Some((line, column)), None),
            Self::Variable { name } => (None, None, Some(name)),
        };
        let mut place = serializer.serialize_struct("Place", 4)?;
        place.serialize_field("file", &file.map(|path| path.display().to_string()))?;
        place.serialize_field("line", &point.map(|(line, _)| line))?;
        place.serialize_field("column", &point.map(|(_, column)| column))?;
        place.serialize_field("variable", &variable)?;
        place.end()
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(Mistake::to_string).collect::<Vec<_>>().join("\n")
}
