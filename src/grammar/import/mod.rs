//! Grammar files from tables: what a directory says, as five tables in plain text, becomes files in our notation.
//!
//! Start with [`import`]. Tables are read row by row, within limits; what they say goes the same way as what a grammar
//! file says, so that everything the linter finds is found here too, at its row and column. Nothing here writes to disk:
//! the files come back as text, and there are none when the tables have mistakes.

// In reading order: rows, what they say, names from elsewhere, files.
mod names;
mod rows;
mod tables;
mod text;

use std::path::{Path, PathBuf};

use super::{
    catalogue::{GrammarTrouble, Reading},
    mistake::{At, LintReport, nearest},
    notation::Home,
    outline::MessageDefinition,
    spec::DirectoryKey,
};
use names::Names;
use tables::Tables;

/// What to make of a folder of tables.
#[derive(Debug, Clone)]
pub struct Import {
    /// The directory whose tables they are.
    pub directory: DirectoryKey,
    /// The messages that are wanted; all of them when it is empty.
    pub messages: Vec<String>,
    /// Messages and code lists (by their data element) that are left out, with whatever is wrong with them.
    pub without: Vec<String>,
    /// Folders of grammars whose names are taken where the tables have none.
    pub names: Vec<PathBuf>,
    /// Whether the code lists are taken; without them `codes.tsv` is not read, and need not be there.
    pub has_codes: bool,
    /// Whether the third column of `codes.tsv` names the codes; descriptions do not belong there.
    pub has_code_names: bool,
}

impl Import {
    /// Whether a message or a code list is left out.
    fn leaves_out(&self, id: &str) -> bool {
        self.without.iter().any(|left_out| left_out == id)
    }
}

/// What became of the tables.
#[derive(Debug)]
pub struct Imported {
    /// The files by their names, in the order of reading; none when there are mistakes that are errors.
    pub files: Vec<(String, String)>,
    /// What is wrong with the tables.
    pub report: LintReport,
}

/// Reads the tables of a folder: `elements.tsv`, `composites.tsv`, `segments.tsv`, `codes.tsv` and `messages.tsv`.
///
/// # Errors
/// [`GrammarTrouble::Unreadable`] when a table, or a folder of names, cannot be read.
pub fn import(folder: &Path, wanted: &Import) -> Result<Imported, GrammarTrouble> {
    let mut reading = Reading::default();
    let names = Names::read(&wanted.names, &mut reading)?;
    let tables = Tables::read(folder, wanted, &names, &mut reading)?;
    check_wanted(&tables.outline.messages, wanted, tables.messages_file, &mut reading);
    let (outline, used) = (tables.outline, tables.used);
    let (outline, report) = reading.examine(&Home::Directory(wanted.directory.clone()), outline);
    let files = if report.has_errors() { Vec::new() } else { text::files(&wanted.directory, &outline, &used) };
    Ok(Imported { files, report })
}

/// Reports messages that are wanted and not there.
fn check_wanted(messages: &[MessageDefinition], wanted: &Import, file: usize, reading: &mut Reading) {
    for kind in &wanted.messages {
        if !messages.iter().any(|message| message.kind.value == *kind) {
            let hint = nearest(kind, messages.iter().map(|message| message.kind.value.as_str()));
            reading.mistakes.error(At { file, line: 1, column: 1 }, format!("the table has no message {kind}"), hint);
        }
    }
}
