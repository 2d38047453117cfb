//! `lodged serve`: the gateway itself.

use std::path::PathBuf;

use clap::Args;

use super::{Outcome, Trouble, config};
use crate::daemon;

/// Runs the gateway until it is told to end.
///
/// It says on standard output where it listens, one line each, and logs to standard error. SIGTERM drains: whatever was
/// received is answered, then the gateway ends. SIGHUP reloads grammars, guides, code lists, partners and certificates,
/// all or nothing.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
}

impl Serve {
    pub(super) fn run(&self) -> Result<Outcome, Trouble> {
        daemon::run(&self.config)?;
        Ok(Outcome::Clean)
    }
}
