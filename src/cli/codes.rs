//! `lodged codes`: whether code lists can be used, what is in them, and replacing one.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::format::{FormatArgument, LanguageArgument};
use super::{Outcome, Trouble};
use crate::clock::Clock;
use crate::codes::{self, CodeLists};

/// Where code lists are when no directory is named, as seen from the directory of the project.
const DEFAULT_DIRECTORY: &str = "grammars/codes";

/// Checks code lists, shows them, or replaces one.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(super) struct CodesCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Finds mistakes in every list of a directory and says how many codes each has.
    ///
    /// Exit code 0 when the lists can be taken into use, 1 when they cannot.
    Check {
        #[command(flatten)]
        home: Home,
        #[command(flatten)]
        format: FormatArgument,
    },
    /// Shows the codes of a list that are valid on a day, or all periods of one code.
    ///
    /// Exit code 0 when there are some, 1 when there are none.
    Show {
        /// The list, such as countries or hs-export-codes
        list: String,
        /// One code; all its periods are shown, those that are over too
        code: Option<String>,
        /// The day; today when it is not given
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<Date>,
        #[command(flatten)]
        language: LanguageArgument,
        /// The directory of the lists; those that are compiled in when it is not given
        #[arg(long, value_name = "DIR")]
        directory: Option<PathBuf>,
        #[command(flatten)]
        format: FormatArgument,
    },
    /// Replaces a list by a file, when that is right in itself and goes well with the other lists.
    ///
    /// The former file is kept beside it with `.bak` behind its name. The gateway takes the new one at its next reload.
    ///
    /// Exit code 0, 2 when it was not replaced.
    Import {
        /// The list, such as countries or hs-export-codes
        list: String,
        /// The new file
        file: PathBuf,
        #[command(flatten)]
        home: Home,
        #[command(flatten)]
        format: FormatArgument,
    },
}

#[derive(Debug, Args)]
struct Home {
    /// The directory of the lists
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DIRECTORY)]
    directory: PathBuf,
}

impl CodesCommand {
    pub(super) fn run(&self, clock: &impl Clock, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        match &self.verb {
            Verb::Check { home, format } => {
                let report = codes::check(&home.directory);
                format.write_numbered(out, &report)?;
                Ok(Outcome::clean_if(report.is_clean()))
            }
            Verb::Show { list, code, on, language, directory, format } => {
                let lists = load(directory.as_deref())?;
                let on = on.unwrap_or_else(|| TimeZone::system().to_datetime(clock.now()).date());
                let shown = codes::show(&lists, list, code.as_deref(), on, language.language())?;
                format.write_numbered(out, &shown)?;
                Ok(Outcome::clean_if(!shown.codes.is_empty()))
            }
            Verb::Import { list, file, home, format } => {
                let from = File::open(file).map_err(|source| Trouble::Unreadable { path: file.clone(), source })?;
                let report = codes::import(list, file, from, &home.directory)?;
                format.write_numbered(out, &report)?;
                Ok(Outcome::Clean)
            }
        }
    }
}

fn load(directory: Option<&Path>) -> Result<CodeLists, Trouble> {
    Ok(directory.map_or_else(|| Ok(CodeLists::embedded()), CodeLists::load)?)
}
