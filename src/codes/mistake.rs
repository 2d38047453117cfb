//! What can be wrong in a code list file: where, what, and what to do about it.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::{CodeLists, FILE_BYTES_MAX, ROWS_MAX};

/// The code lists of a directory cannot be used; the ones in use stay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the code lists have mistakes; nothing was changed:{}", listed(.mistakes))]
pub struct CodeListTrouble {
    /// All of them, file by file, line by line.
    pub mistakes: Vec<Mistake>,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{}{}: {fault}", .file.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1, comments counted; `None` when it concerns the file as a whole.
    pub line: Option<u64>,
    /// What is wrong.
    #[serde(serialize_with = "as_sentence")]
    pub fault: Fault,
}

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what the sentence above them names")]
pub enum Fault {
    /// The file is not there, or the system does not give it.
    #[error("the file cannot be read ({reason}); put it there and let this program read it")]
    Unreadable { reason: String },
    /// The file is longer than [`FILE_BYTES_MAX`].
    #[error("the file is longer than {FILE_BYTES_MAX} bytes; make it shorter")]
    TooLarge,
    /// The file has more rows than [`ROWS_MAX`].
    #[error("the file has more than {ROWS_MAX} rows; those from here on were not read")]
    TooManyRows,
    /// The file is in another encoding.
    #[error("this line is not UTF-8; save the file as UTF-8")]
    NotUtf8,
    /// A `.csv` file that is no list.
    #[error("no code list has this name{}; rename the file or take it away", hint(.nearest.as_deref()))]
    UnknownFile { nearest: Option<String> },
    /// There is no header, or it stands elsewhere.
    #[error("the header is missing; begin with the line {columns}")]
    NoHeader { columns: String },
    /// The values are separated by semicolons.
    #[error("the values are separated by semicolons; separate them by commas")]
    Semicolons,
    /// A column that the list does not have.
    #[error("the column {column:?} is unknown; the columns are {columns}")]
    UnknownColumn { column: String, columns: String },
    /// A column that the list must have.
    #[error("the column {column:?} is missing; the columns are {columns}")]
    MissingColumn { column: String, columns: String },
    /// A column that stands twice.
    #[error("the column {column:?} stands twice; take one away")]
    RepeatedColumn { column: String },
    /// A row with too many or too few values.
    #[error("the row has {found} values and the header {expected}; put values with commas in quotation marks")]
    Width { found: usize, expected: usize },
    /// A value with a line break in it, mostly because a quotation mark is not closed.
    #[error(
        "a value in the column {column} holds a control character; close its quotation mark, or take the character out"
    )]
    ControlCharacter { column: &'static str },
    /// A code that cannot be one of this list.
    #[error("the code {code:?} has the wrong form; a code of this list is {form}")]
    Form { code: String, form: String },
    /// No name.
    #[error("the {column} name of {code} is empty; write it")]
    NameMissing { code: String, column: &'static str },
    /// No date.
    #[error("{value:?} in the column {column} is no date; write YYYY-MM-DD, or nothing")]
    Date { column: &'static str, value: String },
    /// A period without a day in it.
    #[error("{code} ends on {until}, which is not after it begins on {from}; correct one of them")]
    Period { code: String, from: Date, until: Date },
    /// Two rows for one code on one day.
    #[error("{code} is valid on the same day here and on line {line}; end one before the other begins")]
    Overlap { code: String, line: u64 },
    /// No number of decimal places.
    #[error("{value:?} is no number of decimal places; write 0 to {max}, or nothing")]
    MinorUnits { value: String, max: u8 },
    /// No rate.
    #[error("{value:?} is no rate; write Canadian dollars for one unit, above zero, with a decimal point")]
    Rate { value: String },
    /// A unit that `units.csv` does not know.
    #[error("the unit {unit:?} is not in units.csv; add it there first, or correct it")]
    UnknownUnit { unit: String },
    /// A currency that `currencies.csv` does not know.
    #[error("the currency {currency:?} is not in currencies.csv; add it there first, or correct it")]
    UnknownCurrency { currency: String },
    /// More mistakes than are listed for one file.
    #[error("{count} more mistakes are not listed; correct these first")]
    More { count: usize },
}

/// No code list has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no code list is called {name:?}{}; the lists are {}", hint(*.nearest), known())]
pub struct UnknownList {
    /// The name.
    pub name: String,
    /// The name that was perhaps meant.
    pub nearest: Option<&'static str>,
}

impl Mistake {
    pub(super) fn at(file: &Path, line: u64, fault: Fault) -> Self {
        Self { file: file.to_owned(), line: Some(line), fault }
    }

    pub(super) fn of_file(file: &Path, fault: Fault) -> Self {
        Self { file: file.to_owned(), line: None, fault }
    }
}

impl UnknownList {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), nearest: nearest_list(name) }
    }
}

/// The list whose name is most like this one, if any is like it.
pub(super) fn nearest_list(name: &str) -> Option<&'static str> {
    CodeLists::names()
        .map(|known| (strsim::osa_distance(known, name), known))
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .min()
        .map(|(_, known)| known)
}

/// In machine-readable outputs, too, what is wrong is the sentence.
fn as_sentence<S: Serializer>(fault: &Fault, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(fault)
}

/// The mistakes under one another, two blanks before each.
fn listed(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|mistake| format!("\n  {mistake}")).collect()
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(" (perhaps {name}?)")).unwrap_or_default()
}

fn known() -> String {
    CodeLists::names().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(nearest_list(name), expected, "{name}");
    }

    #[test]
    fn a_slip_in_a_list_name_is_seen() {
        check("unit", Some("units"));
        check("currency", Some("currencies"));
        check("hs-export-code", Some("hs-export-codes"));
    }

    #[test]
    fn something_else_is_no_list() {
        check("holidays", None);
    }

    #[test]
    fn a_mistake_is_a_sentence_for_machines_too() {
        let mistake = Mistake::at(Path::new("units.csv"), 2, Fault::NotUtf8);
        assert_eq!(
            serde_json::to_string(&mistake).unwrap(),
            r#"{"file":"units.csv","line":2,"fault":"this line is not UTF-8; save the file as UTF-8"}"#
        );
    }

    #[test]
    fn a_mistake_says_where_what_and_what_to_do() {
        let mistake = Mistake::at(Path::new("codes/units.csv"), 12, Fault::UnknownUnit { unit: "KG".to_owned() });
        assert_eq!(
            mistake.to_string(),
            "codes/units.csv:12: the unit \"KG\" is not in units.csv; add it there first, or correct it"
        );
    }
}
