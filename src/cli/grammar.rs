//! `lodged grammar`: whether a directory of grammars can be used.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::outcome::guide_lines;
use super::{Outcome, Trouble};
use crate::declaration::guide::Guide;
use crate::grammar::{Catalogue, files, lint};

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
}

impl GrammarCommand {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let Verb::Check { directory } = &self.verb;
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
            let text = fs::read_to_string(path).map_err(|source| Trouble::Unreadable { path: path.clone(), source })?;
            if let Err(mistakes) = Guide::load(&text, &catalogue) {
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
}
