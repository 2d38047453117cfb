//! `lodged store restore`: a store from a backup.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::counted;
use super::waiting::Waiting;
use crate::cli::format::write_json;
use crate::cli::{Outcome, Trouble};
use crate::store::{self, By, RestoreReport};

/// Makes a store of a backup, in a directory that is empty or not there, and in no store, standby, backup or archive.
///
/// All of the backup is checked before anything is written, and all of the store after it was; when anything is not right,
/// nothing is left behind. The state is made when a gateway first starts on the store. A gateway that goes on from a backup
/// does not know what was recorded after it, and would give those numbers again: restore the latest one. The first start
/// notes it among what was changed by hand.
///
/// Exit code 0, 2 when it was not done.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// The directory of the store
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(super) fn run(&self, by: &By, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let mut waiting = Waiting::new();
        let report = store::restore(&self.backup, &self.directory, by, &mut waiting);
        waiting.clear();
        let report = report?;
        if self.json { write_json(out, &report) } else { write(out, &report) }?;
        Ok(Outcome::Clean)
    }
}

fn write(out: &mut dyn Write, report: &RestoreReport) -> io::Result<()> {
    let RestoreReport { store, made, entries, chain, segments, .. } = report;
    writeln!(out, "store     {store}")?;
    writeln!(out, "backup    of {made}")?;
    writeln!(out, "entries   {entries} in {}", counted(*segments, "segment", "segments"))?;
    writeln!(out, "chain     {chain}")?;
    writeln!(out, "the journal is whole and right; the state is made at the first start")
}
