//! `lodged partner`: who may speak to the gateway, looked at and changed.
//!
//! Start with [`PartnerCommand`]. Each command is a request to the gateway that runs: it judges, records, writes and reloads;
//! here are arguments and what is printed.

mod add;
mod certificate;
mod list;
mod show;
mod switch;

use std::io::Write;

use clap::{Args, Subcommand};

use super::{Outcome, Trouble};
pub(super) use add::{Pair, pair};

/// Lists, shows, adds, disables and enables partners and their certificates.
///
/// A change is judged with the whole configuration before anything is on the disk. Then it is in the record, in the partner's
/// file, and in force, or nowhere.
///
/// Exit code 0 when it is done, 1 when it is refused, 2 when no gateway answers or it could not be done.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(super) struct PartnerCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::List),
    Show(show::Show),
    Add(add::Add),
    Disable(switch::Disable),
    Enable(switch::Enable),
    Certificate(certificate::CertificateCommand),
}

impl PartnerCommand {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        match &self.verb {
            Verb::List(list) => list.run(out),
            Verb::Show(show) => show.run(out),
            Verb::Add(add) => add.run(out),
            Verb::Disable(disable) => disable.run(out),
            Verb::Enable(enable) => enable.run(out),
            Verb::Certificate(certificate) => certificate.run(out),
        }
    }
}
