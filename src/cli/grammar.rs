//! `lodged grammar`: whether a directory of grammars can be used, and grammars from the tables of a UN directory.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::outcome::guide_lines;
use super::{Outcome, Trouble};
use crate::declaration::guide::{Guide, Mistake};
use crate::grammar::{Catalogue, DirectoryKey, Import, files, import, lint};

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
        /// The directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
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
}

impl GrammarCommand {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        match &self.verb {
            Verb::Check { directory } => check(directory, out),
            Verb::Import(arguments) => arguments.run(out),
        }
    }
}

fn check(directory: &Path, out: &mut dyn Write) -> Result<Outcome, Trouble> {
    let report = lint(directory)?;
    for mistake in &report.mistakes {
        writeln!(out, "{mistake}")?;
    }
    if report.has_errors() {
        writeln!(out, "{}: these grammars cannot be used", directory.display())?;
        return Ok(Outcome::Refused);
    }
    let catalogue = Catalogue::load(directory)?;
    let mut is_clean = true;
    let guides = files(directory, "guide")?;
    for path in &guides {
        let bytes = fs::read(path).map_err(|source| Trouble::Unreadable { path: path.clone(), source })?;
        if let Err(mistakes) = guide(&bytes, &catalogue) {
            writeln!(out, "{}", guide_lines(path, &mistakes).trim_start())?;
            is_clean = false;
        }
    }
    let (messages, guides) = (catalogue.message_types().len(), guides.len());
    if is_clean {
        writeln!(out, "{}: messages {messages}, guides {guides}, no errors", directory.display())?;
    } else {
        writeln!(out, "{}: these guides cannot be used", directory.display())?;
    }
    Ok(Outcome::clean_if(is_clean))
}

/// A guide of a file with these bytes.
fn guide(bytes: &[u8], catalogue: &Catalogue) -> Result<Guide, Vec<Mistake>> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let line = bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        vec![Mistake { line, column: 1, text: format!("the file is not UTF-8 at byte {at}") }]
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
        for mistake in &imported.report.mistakes {
            writeln!(out, "{mistake}")?;
        }
        if imported.report.has_errors() {
            writeln!(out, "{}: these tables cannot be used; nothing was written", self.tables.display())?;
            return Ok(Outcome::Refused);
        }
        let DirectoryKey { version, release, .. } = &wanted.directory;
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{version}{release}").to_lowercase()));
        let unwritable = |path: &Path, source| Trouble::Unwritable { path: path.to_owned(), source };
        fs::create_dir_all(&folder).map_err(|source| unwritable(&folder, source))?;
        for (name, text) in &imported.files {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|source| unwritable(&path, source))?;
        }
        writeln!(out, "{}: {} files of {}", folder.display(), imported.files.len(), wanted.directory)?;
        Ok(Outcome::Clean)
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
