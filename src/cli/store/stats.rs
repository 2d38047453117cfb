//! `lodged store stats`: what is in a store, in figures.

use std::io::{self, Write};

use clap::Args;

use super::Which;
use super::check::write_disagreements;
use super::waiting::Waiting;
use crate::cli::format::write_json;
use crate::cli::paint::Paint;
use crate::cli::safe::visible;
use crate::cli::{Outcome, Trouble};
use crate::store::{self, StatsReport};

/// Most things that could not be read and are told; `check` tells more.
const DISAGREEMENTS_TOLD: usize = 10;

/// Counts what is in a store: entries, interchanges, declarations, partners, and how long its files are.
///
/// The whole journal is read for it, also while a daemon runs: then up to the last whole entry.
///
/// Exit code 0, 1 when part of the journal cannot be read and is not in the figures, 2 when none of it can.
#[derive(Debug, Args)]
pub(super) struct Stats {
    #[command(flatten)]
    which: Which,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Stats {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let mut waiting = Waiting::new();
        let report = store::stats(&self.which.directory()?, DISAGREEMENTS_TOLD, &mut waiting);
        waiting.clear();
        let report = report?;
        if self.json { write_json(out, &report) } else { write(out, &report) }?;
        Ok(Outcome::clean_if(report.disagreements.total == 0))
    }
}

fn write(out: &mut dyn Write, report: &StatsReport) -> io::Result<()> {
    let moment =
        |moment: Option<jiff::Timestamp>| moment.map_or_else(|| "none".to_owned(), |moment| moment.to_string());
    writeln!(out, "store                    {}", report.store)?;
    writeln!(out, "first received           {}", moment(report.first_received_at))?;
    writeln!(out, "last received            {}\n", moment(report.last_received_at))?;
    let figures = [
        ("entries", report.entries),
        ("  interchanges", report.interchanges),
        ("  evidence", report.evidence),
        ("  delivery notes", report.deliveries),
        ("  acts", report.acts),
        ("  notes of dropping", report.prunings),
        ("entries dropped", report.dropped_entries),
        ("interchanges accepted", report.interchanges_accepted),
        ("  refused", report.interchanges_refused),
        ("  of both for practice", report.interchanges_practice),
        ("declarations accepted", report.declarations_accepted),
        ("  refused", report.declarations_refused),
        ("bytes as they came", report.interchange_bytes),
        ("  as entries", report.entry_bytes),
        ("segments", report.segments),
        ("  sealed", report.sealed_segments),
        ("  in the archive", report.archived_segments),
        ("bytes of the journal", report.sizes.journal_bytes),
        ("  of the archive", report.sizes.archive_bytes),
        ("  of the state", report.sizes.state_bytes),
        ("  of states put aside", report.sizes.aside_bytes),
    ];
    for (name, figure) in figures {
        writeln!(out, "{name:23}  {figure:>14}")?;
    }
    if let Some(archive) = &report.archive {
        writeln!(out, "\nthe archive is {}", visible(&archive.display().to_string()))?;
    }
    writeln!(out, "\n{:32}  {:>14}  {:>14}  {:>14}", "partner", "interchanges", "accepted", "refused")?;
    for (partner, of) in &report.partners {
        let (accepted, refused) = (of.declarations_accepted, of.declarations_refused);
        writeln!(out, "{:32}  {:>14}  {accepted:>14}  {refused:>14}", visible(partner), of.interchanges)?;
    }
    if report.disagreements.total > 0 {
        writeln!(out, "\nnot in the figures, since it cannot be read (`lodged store check` says more):")?;
        write_disagreements(out, Paint::of_output(), &report.disagreements)?;
    }
    Ok(())
}
