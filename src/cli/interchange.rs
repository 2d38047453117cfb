//! `lodged interchange`: an interchange as it came, with what was said of it.

use std::io::Write;

use clap::{Args, Subcommand};

use super::asking::Asking;
use super::exchange::write_judged;
use super::paint::Paint;
use super::partner::{Pair, pair};
use super::remark::Remark;
use super::report::{told, write_answers};
use super::safe::visible;
use super::{Outcome, Trouble, time_zone};
use crate::admin::socket::{InterchangeView, Request, Which, bytes_of};
use crate::daemon::load_rulebook;

/// Shows interchanges that are in the record.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(super) struct InterchangeCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Show(Show),
}

/// Shows an interchange segment by segment, with what was found at each place, and the answers.
///
/// Findings are those that were recorded, whatever rules hold today. The words beside segments come from the guides of the
/// configuration, or those that are compiled in.
///
/// Exit code 0 when it is there, 1 when it is not, 2 when no gateway answers.
#[derive(Debug, Args)]
struct Show {
    /// The short name of the partner that sent it
    partner: String,
    /// Its control reference (0020)
    #[arg(value_name = "REF")]
    reference: String,
    /// The identity it was sent under, where it is none that the partner has now
    #[arg(long, value_name = "ID[:QUALIFIER]", value_parser = pair)]
    sender: Option<Pair>,
    /// It was sent for practice
    #[arg(long)]
    practice: bool,
    #[command(flatten)]
    asking: Asking,
}

impl InterchangeCommand {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        match &self.verb {
            Verb::Show(show) => show.run(out),
        }
    }
}

impl Show {
    fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let request = Request::Interchange(Which {
            partner: self.partner.clone(),
            reference: self.reference.clone(),
            sender: self.sender.as_ref().map(|Pair(pair)| pair.clone()),
            practice: self.practice,
        });
        self.asking.ask(&request, out, |_| Outcome::Clean, |out, paint, view| self.write(out, paint, view))
    }

    fn write(&self, out: &mut dyn Write, paint: Paint, view: &InterchangeView) -> Result<(), Trouble> {
        let config = self.asking.configuration()?;
        let rulebook = load_rulebook(&config, time_zone(&config)?)?;
        let sender = &view.sender;
        let qualifier = sender.qualifier.as_ref().map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
        let sender = visible(&format!("{}{qualifier}", sender.identification));
        let practice = if view.is_practice { ", practice" } else { "" };
        let reference = paint.bold(&visible(&view.reference));
        writeln!(out, "interchange {reference} of {} ({sender}){practice}", visible(&view.partner))?;
        writeln!(out, "received {:.3}, entry {}\n", view.received_at, view.entry)?;
        let remarks = view.findings.iter().map(|finding| Remark {
            span: index(finding.begins)..index(finding.ends),
            message: finding.message.map(index),
            segment: finding.segment.map(index),
            line: told(paint, finding),
        });
        let bytes = bytes_of(&view.text).unwrap_or_default();
        write_judged(out, paint, &bytes, &rulebook, &remarks.collect::<Vec<_>>())?;
        writeln!(out)?;
        if view.is_refused {
            writeln!(out, "{}", paint.red("the interchange is refused as a whole"))?;
        }
        for verdict in &view.verdicts {
            let said = match &verdict.proof {
                Some(proof) => format!("accepted, proof of report {}", paint.green(&visible(proof))),
                None => paint.red("refused"),
            };
            writeln!(out, "message {}, declaration {}: {said}", verdict.message, visible(&verdict.reference))?;
        }
        Ok(write_answers(out, paint, &view.answers)?)
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
