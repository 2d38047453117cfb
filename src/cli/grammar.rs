//! `lodged grammar`: whether a directory of grammars can be used, and grammars from the tables of a UN directory.

use std::fmt::{self, Display};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::format::write_numbered;
use super::{Outcome, Trouble};
use crate::declaration::guide::{self, Guide};
use crate::grammar::{Catalogue, DirectoryKey, Import, Mistake, Severity, files, import, lint};

/// Looks after grammars and implementation guides.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(super) struct GrammarCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Finds mistakes in every *.grammar and *.guide of a directory and the directories in it.
    ///
    /// Every mistake is a line `file:line:column: error: …` with a hint where there is one. Exit code 0 when they can be
    /// used, 1 when they cannot.
    Check {
        /// The directory, such as grammars
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    Import(ImportArgs),
}

/// Makes grammar files from the tables of an EDIFACT directory.
///
/// DIR holds five tables: values between tabs, one row on a line, and the first row names the columns.
///
///   elements.tsv    element representation name
///   composites.tsv  composite position element status representation
///   segments.tsv    segment position id status kind representation
///   codes.tsv       element code name
///   messages.tsv    message pos inside kind id status max
///
/// Status is M or C, kind is element or composite, and in messages.tsv segment or group; inside is the path of the groups
/// around a row such as SG1/SG2, or - outside of them. Every mistake is a line `file:line:column: error: …` with a hint
/// where there is one; then nothing is written, and the exit code is 1. `docs/grammar-notation.md` explains the files.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, about = "Makes grammar files from the tables of an EDIFACT directory")]
struct ImportArgs {
    /// The directory of the tables
    #[arg(value_name = "DIR")]
    tables: PathBuf,
    /// Where the grammar files go, over those of the same name; ./d96b for D:96B:UN when it is left out
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Whose tables they are, such as D:96B:UN; when it is left out, what the name of DIR says, such as d96b
    #[arg(long, value_name = "KEY", value_parser = key)]
    directory: Option<DirectoryKey>,
    /// Only these messages, such as CUSDEC,CUSRES; all of them when it is left out
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    messages: Vec<String>,
    /// Leave out these messages and the code lists of these data elements, such as DESTIM,7161, and what is wrong with them
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    without: Vec<String>,
    /// Grammars whose names are taken where the tables have none; may be given several times, the first one first
    #[arg(long, value_name = "FOLDER")]
    names: Vec<PathBuf>,
    /// Leave all code lists out; codes.tsv is not read, and need not be there
    #[arg(long)]
    no_codes: bool,
    /// The third column of codes.tsv describes the codes and does not name them: leave it out
    #[arg(long)]
    no_code_names: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What is said of grammars and guides.
#[derive(Serialize)]
struct Checked {
    directory: String,
    /// Those of the guides are looked for when the grammars can be used.
    mistakes: Vec<Mistake>,
    /// How many messages there are; none when the grammars cannot be used.
    messages: Option<usize>,
    /// How many guides there are; none when the grammars cannot be used.
    guides: Option<usize>,
}

/// What is said of tables.
#[derive(Serialize)]
struct Told {
    tables: String,
    /// Whose tables they are.
    directory: String,
    mistakes: Vec<Mistake>,
    /// Where the files were written; none when they were not.
    folder: Option<String>,
    /// Their names.
    files: Vec<String>,
}

impl GrammarCommand {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        match &self.verb {
            Verb::Check { directory, json } => {
                let checked = check(directory)?;
                write_numbered(out, *json, &checked)?;
                Ok(Outcome::clean_if(checked.is_clean()))
            }
            Verb::Import(arguments) => arguments.run(out),
        }
    }
}

fn check(directory: &Path) -> Result<Checked, Trouble> {
    let report = lint(directory)?;
    let (name, has_errors) = (directory.display().to_string(), report.has_errors());
    let mistakes = report.mistakes;
    let mut checked = Checked { directory: name, mistakes, messages: None, guides: None };
    if has_errors {
        return Ok(checked);
    }
    let catalogue = Catalogue::load(directory)?;
    let guides = files(directory, "guide")?;
    for path in &guides {
        let bytes = fs::read(path).map_err(|source| Trouble::Unreadable { path: path.clone(), source })?;
        let mistakes = load_guide(&bytes, &catalogue).err().unwrap_or_default();
        checked.mistakes.extend(mistakes.into_iter().map(|mistake| of_guide(path, mistake)));
    }
    (checked.messages, checked.guides) = (Some(catalogue.message_types().len()), Some(guides.len()));
    Ok(checked)
}

/// A mistake of a guide as one of a grammar.
fn of_guide(path: &Path, guide::Mistake { line, column, text }: guide::Mistake) -> Mistake {
    let [line, column] = [line, column].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    Mistake { file: path.to_owned(), line, column, severity: Severity::Error, sentence: text, hint: None }
}

impl Checked {
    fn is_clean(&self) -> bool {
        self.mistakes.iter().all(|mistake| mistake.severity != Severity::Error)
    }
}

impl Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistakes.iter().try_for_each(|mistake| writeln!(f, "{mistake}"))?;
        let Self { directory, messages, guides, .. } = self;
        match messages.zip(*guides) {
            None => writeln!(f, "{directory}: these grammars cannot be used"),
            Some(_) if !self.is_clean() => writeln!(f, "{directory}: these guides cannot be used"),
            Some((messages, guides)) => writeln!(f, "{directory}: messages {messages}, guides {guides}, no errors"),
        }
    }
}

impl Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistakes.iter().try_for_each(|mistake| writeln!(f, "{mistake}"))?;
        match &self.folder {
            None => writeln!(f, "{}: these tables cannot be used; nothing was written", self.tables),
            Some(folder) => writeln!(f, "{folder}: {} files of {}", self.files.len(), self.directory),
        }
    }
}

/// A guide of a file with these bytes.
fn load_guide(bytes: &[u8], catalogue: &Catalogue) -> Result<Guide, Vec<guide::Mistake>> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let line = bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        vec![guide::Mistake { line, column: 1, text: format!("the file is not UTF-8 at byte {at}") }]
    })?;
    Guide::load(text, catalogue)
}

impl ImportArgs {
    fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let directory = self.directory.clone().or_else(|| named(&self.tables));
        let directory = directory.ok_or_else(|| Trouble::NamelessDirectory(self.tables.clone()))?;
        let wanted = Import {
            directory,
            messages: self.messages.clone(),
            without: self.without.clone(),
            names: self.names.clone(),
            has_codes: !self.no_codes,
            has_code_names: !self.no_code_names,
        };
        let imported = import(&self.tables, &wanted)?;
        let (is_clean, tables) = (!imported.report.has_errors(), self.tables.display().to_string());
        let folder = is_clean.then(|| self.written(&wanted.directory, &imported.files)).transpose()?;
        let told = Told {
            tables,
            directory: wanted.directory.to_string(),
            mistakes: imported.report.mistakes,
            folder: folder.map(|folder| folder.display().to_string()),
            files: imported.files.into_iter().map(|(name, _)| name).collect(),
        };
        write_numbered(out, self.json, &told)?;
        Ok(Outcome::clean_if(is_clean))
    }

    /// Writes the files, and says where.
    fn written(&self, directory: &DirectoryKey, files: &[(String, String)]) -> Result<PathBuf, Trouble> {
        let DirectoryKey { version, release, .. } = directory;
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{version}{release}").to_lowercase()));
        let unwritable = |path: &Path, source| Trouble::Unwritable { path: path.to_owned(), source };
        fs::create_dir_all(&folder).map_err(|source| unwritable(&folder, source))?;
        for (name, text) in files {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|source| unwritable(&path, source))?;
        }
        Ok(folder)
    }
}

fn key(text: &str) -> Result<DirectoryKey, String> {
    DirectoryKey::read(text).ok_or_else(|| "a directory is named version:release:agency, such as D:96B:UN".to_owned())
}

/// The directory of the United Nations that a folder is named after: d96b is D:96B:UN.
fn named(folder: &Path) -> Option<DirectoryKey> {
    let name = folder.file_name()?.to_str()?.to_uppercase();
    let (version, release) = name.split_at_checked(1)?;
    let is_release = release.len() == 3 && release.starts_with(|digit: char| digit.is_ascii_digit());
    DirectoryKey::read(&format!("{version}:{release}:UN")).filter(|_| is_release)
}
