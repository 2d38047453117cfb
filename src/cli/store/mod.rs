//! `lodged store`: whether the record is right, what is in it, and looking after its files.
//!
//! Start with [`StoreCommand`]. Here are arguments and what is printed; everything that is read, compared or copied is the
//! record's own business (`crate::store`). Every command but those that make the state anew works while a daemon runs.
//! What changes something, and a backup, is left for the journal, where `lodged audit` finds it.

// One for each command.
mod backup;
mod check;
mod export;
mod follow;
mod promote;
mod rebuild;
mod restore;
mod stats;

// What they share.
mod waiting;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Outcome, Trouble, config};
use crate::admin::socket::own_user;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::By;

/// Looks after the record: checks it, counts and exports what is in it, backs it up, follows it on another machine.
///
/// The store is the one that the configuration names, or the directory given with --store. What takes a while shows on a
/// terminal how far it is.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(super) struct StoreCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(check::Check),
    Stats(stats::Stats),
    Export(export::Export),
    Rebuild(rebuild::Rebuild),
    Compact(rebuild::Compact),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Follow(follow::Follow),
    Promote(promote::Promote),
}

impl StoreCommand {
    pub(super) fn run(&self, clock: &impl Clock, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        match &self.verb {
            Verb::Check(check) => check.run(out),
            Verb::Stats(stats) => stats.run(out),
            Verb::Export(export) => export.run(out),
            Verb::Rebuild(rebuild) => rebuild.run(&by(clock), out),
            Verb::Compact(compact) => compact.run(&by(clock), out),
            Verb::Backup(backup) => backup.run(&by(clock), out),
            Verb::Restore(restore) => restore.run(&by(clock), out),
            Verb::Follow(follow) => follow.run(clock, out),
            Verb::Promote(promote) => promote.run(&by(clock), out),
        }
    }
}

/// Whoever runs the command.
fn by(clock: &impl Clock) -> By {
    By { who: own_user(), at: clock.now() }
}

/// Which store.
#[derive(Debug, Args)]
struct Which {
    /// The configuration that names the store
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// The directory of the store, without a configuration
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    store: Option<PathBuf>,
}

impl Which {
    fn directory(&self) -> Result<PathBuf, Trouble> {
        match &self.store {
            Some(directory) => Ok(directory.clone()),
            None => Ok(Config::load(&self.config)?.config.store.directory),
        }
    }
}

/// One of something, or several.
fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
