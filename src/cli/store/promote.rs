//! `lodged store promote`: a store from a standby.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::counted;
use super::waiting::{Waiting, quiet_sled};
use crate::cli::format::write_json;
use crate::cli::{Outcome, Trouble};
use crate::store::{self, By, PromoteReport, StoreOptions};

/// Makes a store of a standby, so that a gateway starts on it.
///
/// All of its journal is read and checked, the state is made of it and compared with it, and only then the standby is one no
/// more; whatever stops that before leaves the standby as it was. It says how far the journal goes, and what the gateway
/// that was followed may have acknowledged behind it. Make sure that that one never starts again on its own record: two
/// gateways would give the same numbers. The first start notes it among what was changed by hand.
///
/// A store that is no standby stays as it is. Exit code 0, 2 when it was not done.
#[derive(Debug, Args)]
pub(super) struct Promote {
    /// The directory of the standby
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Promote {
    pub(super) fn run(&self, by: &By, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        quiet_sled();
        let mut waiting = Waiting::new();
        let report = store::promote(&self.directory, StoreOptions::CACHE_BYTES, by, &mut waiting);
        waiting.clear();
        let report = report?;
        if self.json { write_json(out, &report) } else { write(out, &report) }?;
        Ok(Outcome::Clean)
    }
}

fn write(out: &mut dyn Write, report: &PromoteReport) -> io::Result<()> {
    let PromoteReport { store, entries, chain, missing_entries, .. } = report;
    writeln!(out, "store     {store}")?;
    writeln!(out, "entries   {entries}, {}", received(report.last_received_at))?;
    writeln!(out, "chain     {chain}")?;
    let (Some(heard), Some(known), Some(keys)) = (report.heard_at, report.known_entry, report.keys) else {
        return writeln!(out, "it is a store already; nothing was changed");
    };
    writeln!(out, "heard     the gateway was last heard at {heard}, when it had entries up to {known}")?;
    let keys = counted(keys, "key", "keys");
    writeln!(out, "the journal is whole and right; the state was made of it: {keys}, compared with the journal")?;
    if *missing_entries > 0 {
        let missing = counted(*missing_entries, "entry", "entries");
        writeln!(
            out,
            "{missing} that the gateway had then {}",
            if *missing_entries == 1 { "is missing" } else { "are missing" }
        )?;
    }
    writeln!(
        out,
        "what the gateway acknowledged after that moment may be missing: before a gateway starts here, look on the"
    )?;
    writeln!(out, "old machine (`lodged store export --since {}`), or ask the partners", entries.saturating_add(1))
}

fn received(last: Option<Timestamp>) -> String {
    last.map_or_else(
        || "no interchange in the last of them".to_owned(),
        |last| format!("the last one received at {last}"),
    )
}
