//! `lodged config`: whether a configuration can be used, and what it is.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::format::write_numbered;
use super::{Outcome, Trouble};
use crate::clock::Clock;
use crate::config::{self, Environment};

/// The file that commands take when none is named.
pub(super) const DEFAULT_FILE: &str = "conf/lodged.toml";

/// Checks the configuration, or shows what is in force.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Finds mistakes in the file, its partners, the environment, and every file they name.
    ///
    /// The record is asked what a start asks before it changes anything: whose it is, who can write it, what is in its directory,
    /// and where consumers of the feed stand.
    /// Nothing is made, changed or kept from a gateway that runs. Root is not asked whose the record is, for the gateway has a
    /// user of its own. Not looked at: whether the ports are free, which a gateway that runs has; what grammars and guides say
    /// (`lodged grammar check`); and what only reading the record finds (`lodged store check`).
    ///
    /// Exit code 0 when the gateway could start, as far as that, and nothing must be mended, 1 when something must.
    Check(File),
    /// Prints every setting that is in force as TOML, with where it comes from.
    ///
    /// A secret is shown as the file that holds it. Exit code 0, 2 when the configuration cannot be used.
    Show(File),
}

#[derive(Debug, Args)]
struct File {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl ConfigCommand {
    pub(super) fn run(&self, clock: &impl Clock, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let environment = Environment::of_process();
        match &self.verb {
            Verb::Check(file) => {
                let report = config::check(&file.config, &environment, clock.now());
                write_numbered(out, file.json, &report)?;
                Ok(Outcome::clean_if(report.is_clean()))
            }
            Verb::Show(file) => {
                write_numbered(out, file.json, &config::show(&file.config, &environment)?)?;
                Ok(Outcome::Clean)
            }
        }
    }
}
