//! `lodged store check`: whether journal and state are right.

use std::io::{self, Write};

use clap::Args;

use super::waiting::{Waiting, quiet_sled};
use super::{Which, counted};
use crate::cli::format::write_json;
use crate::cli::paint::Paint;
use crate::cli::safe::visible;
use crate::cli::{Outcome, Trouble};
use crate::store::{self, CheckReport, Disagreement, Disagreements, StateCheck, Tail};

/// Most disagreements that are told, unless more are asked for.
const DISAGREEMENTS_TOLD: u32 = 100;

/// Says exactly what in a store is not as it should be, and changes nothing.
///
/// Every frame of every segment is read (checksum, number, segment, the chain of digests over all of them), every seal and
/// the digest of its segment, the zeroes behind the last frame, and every entry. Then the state is compared with what the
/// entries say: every key and what it holds, keys too many and keys missing, watermark and identity.
///
/// While a daemon has the store, the journal alone is checked, up to the last whole entry. While it is checked, no daemon
/// can start on it.
///
/// It takes memory for one segment, some 128 MiB of keys, and what sled takes for its pages, however long the store is. In
/// the directory for temporary files (TMPDIR) it takes room for a copy of the state, since sled writes when it opens one,
/// and for the keys where they are more than that.
///
/// Exit code 0 when everything is right, 1 when something disagrees, 2 when it cannot be read.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    which: Which,
    /// Tell at most so many disagreements and count the others
    #[arg(long, value_name = "NUMBER", default_value_t = DISAGREEMENTS_TOLD)]
    limit: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        quiet_sled();
        let mut waiting = Waiting::new();
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let report = store::check(&self.which.directory()?, limit, &mut waiting);
        waiting.clear();
        let report = report?;
        if self.json { write_json(out, &report) } else { write(out, Paint::of_output(), &report) }?;
        Ok(Outcome::clean_if(report.is_right()))
    }
}

fn write(out: &mut dyn Write, paint: Paint, report: &CheckReport) -> io::Result<()> {
    let CheckReport { entries, format, segments, sealed_segments, journal_bytes, .. } = report;
    writeln!(out, "store     {}", report.store)?;
    writeln!(
        out,
        "journal   {} in {}, {sealed_segments} sealed; {journal_bytes} bytes; format {format}",
        counted(*entries, "entry", "entries"),
        counted(*segments, "segment", "segments"),
    )?;
    if report.dropped_entries > 0 {
        let dropped = counted(report.dropped_entries, "entry", "entries");
        writeln!(out, "dropped   the first {dropped}, older than the record is kept")?;
    }
    writeln!(out, "chain     {}", report.chain)?;
    if report.unsealed_segments > 0 {
        let unsealed = counted(report.unsealed_segments, "full segment has", "full segments have");
        writeln!(out, "seals     {unsealed} none yet; a running daemon or the next start makes it")?;
    }
    if let Some(Tail { segment, byte }) = report.tail {
        let what = match report.is_in_use {
            true => "something is being written; the journal was checked up to there",
            false => "is what an interrupted write left; nothing of it was acknowledged, and the next start removes it",
        };
        writeln!(out, "tail      behind byte {byte} of segment {segment} {what}")?;
    }
    writeln!(out, "state     {}", state(report))?;
    if !report.keys.is_empty() {
        writeln!(out, "\n{:16}  {:>14}  {:>14}", "keys", "in the state", "by the journal")?;
        for count in &report.keys {
            writeln!(out, "{:16}  {:>14}  {:>14}", count.kind.name(), count.in_state, count.in_journal)?;
        }
    }
    writeln!(out)?;
    write_disagreements(out, paint, &report.disagreements)
}

fn state(report: &CheckReport) -> String {
    match (report.state, report.applied) {
        (StateCheck::Compared, Some(applied)) => format!("compared; it surely holds everything up to entry {applied}"),
        (StateCheck::Compared, None) => "compared".to_owned(),
        (StateCheck::InUse, _) => "not compared: a daemon has the store in use".to_owned(),
        (StateCheck::NotMade, _) => "not there yet; the next start makes it".to_owned(),
        (StateCheck::JournalDamaged, _) => "not compared: the journal cannot be read whole".to_owned(),
        (StateCheck::Unreadable, _) => "not compared; the next start makes it anew".to_owned(),
    }
}

/// What disagrees, and how much of it is not told.
pub(super) fn write_disagreements(out: &mut dyn Write, paint: Paint, found: &Disagreements) -> io::Result<()> {
    for disagreement in &found.told {
        let Disagreement { found, expected, .. } = disagreement;
        writeln!(out, "{} {}", paint.red("disagrees:"), visible(&disagreement.to_string()))?;
        for (name, text) in [("there is ", found), ("should be", expected)] {
            if let Some(text) = text {
                writeln!(out, "  {name}  {}", visible(text))?;
            }
        }
    }
    let told = u64::try_from(found.told.len()).unwrap_or(u64::MAX);
    match found.total {
        0 => writeln!(out, "{}", paint.green("nothing disagrees")),
        total if total == told => writeln!(out, "{}", counted(total, "disagreement", "disagreements")),
        total => writeln!(out, "{}, the first {told} told", counted(total, "disagreement", "disagreements")),
    }
}
