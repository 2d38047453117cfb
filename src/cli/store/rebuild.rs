//! `lodged store rebuild` and `lodged store compact`: the state, made anew from the journal.

use std::io::{self, Write};

use clap::Args;

use super::waiting::{Waiting, quiet_sled};
use super::{Which, counted};
use crate::cli::format::write_json;
use crate::cli::{Outcome, Trouble};
use crate::store::{self, By, RebuildReport, StoreOptions};

/// Makes the state anew from the journal, and moves the old one aside.
///
/// The journal is read and checked first, the new state is made beside the old one and compared with the journal, and only
/// then takes its place; whatever stops it leaves everything as it was. The old state is kept as `state.aside-1` or the next
/// free name. No daemon may have the store. The next start notes it among what was changed by hand.
///
/// Exit code 0, 2 when it was not done.
#[derive(Debug, Args)]
pub(super) struct Rebuild {
    #[command(flatten)]
    which: Which,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Makes the state anew as `rebuild` does, and removes the old one: sled gives no space back by itself.
///
/// States that were moved aside before stay. No daemon may have the store. Both states need room at the same time. The next
/// start notes it among what was changed by hand.
///
/// Exit code 0, 2 when it was not done.
#[derive(Debug, Args)]
pub(super) struct Compact {
    #[command(flatten)]
    which: Which,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Rebuild {
    pub(super) fn run(&self, by: &By, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        run(&self.which, self.json, true, by, out)
    }
}

impl Compact {
    pub(super) fn run(&self, by: &By, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        run(&self.which, self.json, false, by, out)
    }
}

fn run(which: &Which, is_json: bool, keeps_old: bool, by: &By, out: &mut dyn Write) -> Result<Outcome, Trouble> {
    quiet_sled();
    let mut waiting = Waiting::new();
    let report = store::rebuild(&which.directory()?, StoreOptions::CACHE_BYTES, keeps_old, by, &mut waiting);
    waiting.clear();
    let report = report?;
    if is_json { write_json(out, &report) } else { write(out, &report) }?;
    Ok(Outcome::Clean)
}

fn write(out: &mut dyn Write, report: &RebuildReport) -> io::Result<()> {
    let RebuildReport { entries, keys, bytes_before, bytes_after, aside, .. } = report;
    let (entries, keys) = (counted(*entries, "entry", "entries"), counted(*keys, "key", "keys"));
    writeln!(out, "the state was made anew from {entries}: {keys}, compared with the journal")?;
    writeln!(out, "bytes before  {bytes_before:>14}")?;
    writeln!(out, "bytes now     {bytes_after:>14}")?;
    aside.as_ref().map_or(Ok(()), |aside| writeln!(out, "the old one is {}", aside.display()))
}
