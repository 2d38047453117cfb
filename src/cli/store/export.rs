//! `lodged store export`: what was accepted, for other systems.

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::Args;

use super::Which;
use super::waiting::Waiting;
use crate::cli::{Outcome, Trouble};
use crate::store::{self, Step, Watch};

/// Prints every accepted version of a declaration as a line of JSON, in the order of acceptance.
///
/// docs/store.md explains the keys, docs/export.schema.json is their schema. It works while a daemon runs, up to the last
/// whole entry. Real declarations are printed, or practice with --practice, never both. Behind the last line it says on
/// standard error with which --since the next export goes on.
///
/// Exit code 0; 2 when the journal cannot be read or is damaged, then everything in front of the damage was printed.
#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    which: Which,
    /// Begin at the entry of this number
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    since: u64,
    /// Print what was accepted for practice, and nothing else
    #[arg(long)]
    practice: bool,
    /// Lines of JSON are printed in any case; this says the same
    #[arg(long = "json")]
    _json: bool,
}

impl Export {
    #[expect(clippy::print_stderr, reason = "what to do next is talk, and standard output is for declarations")]
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let mut out = BufWriter::new(out);
        let mut waiting = Waiting::new();
        let mut watch = Unless { is_so: io::stdout().is_terminal(), waiting: &mut waiting };
        let exported =
            store::export(&self.which.directory()?, self.since, self.practice, &mut watch, &mut |declaration| {
                serde_json::to_writer(&mut out, declaration)?;
                out.write_all(b"\n")
            });
        waiting.clear();
        // What was accepted in front of a damage is right.
        out.flush()?;
        let exported = exported?;
        if exported.dropped > 0 {
            let dropped = super::counted(exported.dropped, "entry", "entries");
            eprintln!("{dropped} in front of them no longer kept");
        }
        eprintln!(
            "{} exported; go on with --since {}",
            super::counted(exported.declarations, "declaration", "declarations"),
            exported.next
        );
        Ok(Outcome::Clean)
    }
}

/// Shows nothing where the lines themselves are seen.
struct Unless<'a> {
    is_so: bool,
    waiting: &'a mut Waiting,
}

impl Watch for Unless<'_> {
    fn reached(&mut self, step: Step, done: u64, total: Option<u64>) {
        if !self.is_so {
            self.waiting.reached(step, done, total);
        }
    }
}
