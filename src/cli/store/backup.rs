//! `lodged store backup`: a copy of the journal in another directory.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::waiting::Waiting;
use super::{Which, counted};
use crate::admin::socket::{BackupView, Reached, Request};
use crate::cli::asking::Asking;
use crate::cli::format::write_json;
use crate::cli::safe::visible;
use crate::cli::{Outcome, Trouble};
use crate::identifier::RecordNumber;
use crate::record::Deed;
use crate::store::{self, BackupReport, By, LeaveTrouble, Step, Watch as _};

/// Brings a backup up to the journal, also while a daemon writes.
///
/// Sealed segments that the backup does not have are copied, then the open segment up to its last whole entry; everything
/// that was written is flushed, read back and compared, and a manifest is written last. What was there before stays usable
/// until then. Copies that are there are known by their length and their seal; with --verify they are read.
///
/// A backup of another store, or one that this store does not go on from, is refused, and so is a directory that lies in a
/// store, a standby, another backup or an archive. The state is not copied: it is made from the journal. The record is told
/// when it was backed up, for the gateway's metrics; and the gateway notes it among what was changed by hand, within ten
/// seconds or at its next start. Where the user who makes it may not write into the store, a warning says that it is not
/// noted.
///
/// Exit code 0, 2 when it was not done.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The directory of the backup; it is made when it is not there, in a directory that is
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    which: Which,
    /// Read all copies, and replace those that are damaged
    #[arg(long)]
    verify: bool,
    /// Have the gateway that runs make it, as its own user, and note it at once
    #[arg(long, conflicts_with = "store")]
    daemon: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) fn run(&self, by: &By, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        if self.daemon {
            return self.have_made(out);
        }
        let mut waiting = Waiting::new();
        let store = self.which.directory()?;
        let before = store::backed_up(&self.directory)?;
        let report = store::backup(&store, &self.directory, self.verify, by.at, &mut waiting);
        waiting.clear();
        let report = report?;
        let act = by.act(Deed::BackedUp, &self.directory, report.told(before).each_ref().map(String::as_str));
        if let Err(trouble) = store::leave(&store, act, RecordNumber(report.entries)) {
            tell_unnoted(&trouble);
        }
        if self.json { write_json(out, &report) } else { write(out, &report) }?;
        Ok(Outcome::Clean)
    }

    /// Asks the gateway for it.
    fn have_made(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let unreadable = |source| Trouble::Unreadable { path: self.directory.clone(), source };
        let directory = std::path::absolute(&self.directory).map_err(unreadable)?;
        let mut waiting = Waiting::new();
        let (verify, progress) = (self.verify, waiting.is_watched());
        let request = Request::Backup { directory: directory.display().to_string(), verify, progress };
        let asking = Asking::of(self.which.config.clone(), self.json);
        let mut watch = |reached: Option<Reached>| match reached {
            Some(Reached { bytes, bytes_total }) => waiting.reached(Step::Copy, bytes, bytes_total),
            None => waiting.clear(),
        };
        asking.ask_watching(
            &request,
            out,
            &mut watch,
            |_| Outcome::Clean,
            |out, _, view: &BackupView| {
                write(out, &view.report)?;
                Ok(writeln!(out, "noted as entry {} of the record", view.act.entry)?)
            },
        )
    }
}

/// Who may read the record may copy it, and need not write there.
#[expect(clippy::print_stderr, reason = "a warning is talk, and standard output is for data")]
fn tell_unnoted(trouble: &LeaveTrouble) {
    eprintln!("lodged: the backup is made, and {}", visible(&trouble.to_string()));
}

fn write(out: &mut dyn Write, report: &BackupReport) -> io::Result<()> {
    let BackupReport { copied_segments, kept_segments, replaced_segments, copied_bytes, tail_bytes, .. } = report;
    if report.was_half {
        writeln!(out, "an earlier backup to this directory was interrupted; this one went on from it")?;
    }
    writeln!(out, "store     {}", report.store)?;
    writeln!(out, "entries   {}", report.entries)?;
    writeln!(out, "chain     {}", report.chain)?;
    let copied = counted(*copied_segments, "sealed segment", "sealed segments");
    writeln!(out, "copied    {copied} and {tail_bytes} bytes of the open one; {copied_bytes} bytes in all")?;
    writeln!(out, "kept      {}", counted(*kept_segments, "sealed segment", "sealed segments"))?;
    if *replaced_segments > 0 {
        let replaced = counted(*replaced_segments, "copy was damaged", "copies were damaged");
        writeln!(out, "replaced  {replaced}; look at the disk of the backup")?;
    }
    writeln!(out, "everything that was written was read back and is right")?;
    match &report.not_noted {
        Some(reason) => {
            writeln!(out, "the record could not be told of this backup: {reason}")?;
            writeln!(out, "for the gateway the one before is the last; make it as the record's user, or with --daemon")
        }
        None => Ok(()),
    }
}
