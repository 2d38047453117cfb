//! `lodged report`: declarations that were reported, found in the record.

mod find;
mod show;

use std::io::Write;

use clap::{Args, Subcommand};

use super::{Outcome, Trouble};
pub(super) use show::{told, write_answers};

/// Shows reports, by their number or by what the partner called them.
///
/// Exit code 0 when something is found, 1 when nothing is, 2 when no gateway answers.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(super) struct ReportCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Show(show::Show),
    Find(find::Find),
}

impl ReportCommand {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        match &self.verb {
            Verb::Show(show) => show.run(out),
            Verb::Find(find) => find.run(out),
        }
    }
}
