//! `lodged report find`: reports by what is known of them.

use std::io::{self, Write};

use clap::{ArgGroup, Args, value_parser};
use jiff::civil::Date;

use crate::admin::socket::{Found, ReportListView, Request};
use crate::cli::asking::Asking;
use crate::cli::paint::Paint;
use crate::cli::safe::visible;
use crate::cli::table::Table;
use crate::cli::{Outcome, Trouble};

/// Finds reports by their number, or by what they state; one to a line, the latest first.
///
/// All conditions that are given must hold. Texts are compared whole, whatever their case.
///
/// Exit code 0 when something is found, 1 when nothing is, 2 when no gateway answers.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(WHAT)))]
pub(super) struct Find {
    /// The proof-of-report number
    #[arg(long, value_name = "POR", conflicts_with_all = BESIDE_PROOF)]
    proof: Option<String>,
    /// The short name of the partner that lodged it
    #[arg(long, value_name = "ID")]
    partner: Option<String>,
    /// The reference that the partner gave the declaration (1004)
    #[arg(long, value_name = "REFERENCE")]
    reference: Option<String>,
    /// The exporter's business number
    #[arg(long, value_name = "BN")]
    exporter: Option<String>,
    /// The exporting carrier's name
    #[arg(long, value_name = "NAME")]
    carrier: Option<String>,
    /// The number of the transport document
    #[arg(long, value_name = "NUMBER")]
    transport_document: Option<String>,
    /// One of the containers
    #[arg(long, value_name = "NUMBER")]
    container: Option<String>,
    /// The date of export, or a first and a last one: 2026-11-30 or 2026-11-01..2026-11-30; either may be left out
    #[arg(long, value_name = "DAYS", value_parser = days)]
    exported: Option<Days>,
    /// What was declared for practice, and nothing else
    #[arg(long)]
    practice: bool,
    /// At most so many, up to 1000
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1000), default_value_t = 100)]
    limit: u32,
    /// Go on behind what was found so far: the place that the last answer named
    #[arg(long, value_name = "PLACE")]
    before: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

/// What something of has to be given.
const WHAT: [&str; 8] =
    ["proof", "partner", "reference", "exporter", "carrier", "transport_document", "container", "exported"];

/// What a number needs nothing of.
const BESIDE_PROOF: [&str; 8] =
    ["partner", "reference", "exporter", "carrier", "transport_document", "container", "exported", "before"];

/// From a first day to a last one, as far as they are known.
type Days = (Option<Date>, Option<Date>);

/// A day, or two of which one may be left out.
fn days(text: &str) -> Result<Days, String> {
    let day = |text: &str| text.parse::<Date>().map(Some).map_err(|_| MEANT.to_owned());
    let or_open = |text: &str| if text.is_empty() { Ok(None) } else { day(text) };
    match text.split_once("..") {
        None => day(text).map(|day| (day, day)),
        Some(("", "")) => Err(MEANT.to_owned()),
        Some((from, until)) => Ok((or_open(from)?, or_open(until)?)),
    }
}

const MEANT: &str = "write a day such as 2026-11-30, or days such as 2026-11-01..2026-11-30";

impl Find {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let (exported_from, exported_until) = self.exported.unwrap_or_default();
        let request = Request::Report(Found {
            proof: self.proof.clone(),
            partner: self.partner.clone(),
            reference: self.reference.clone(),
            exporter: self.exporter.clone(),
            carrier: self.carrier.clone(),
            transport_document: self.transport_document.clone(),
            container: self.container.clone(),
            exported_from,
            exported_until,
            practice: self.practice,
            before: self.before.clone(),
            limit: Some(self.limit),
        });
        let means = |list: &ReportListView| Outcome::clean_if(!list.reports.is_empty());
        self.asking.ask(&request, out, means, |out, paint, list| Ok(write(out, paint, list)?))
    }
}

fn write(out: &mut dyn Write, paint: Paint, list: &ReportListView) -> io::Result<()> {
    write_reports(out, paint, list)?;
    let Some(next) = &list.next else { return Ok(()) };
    writeln!(out, "there may be more: go on with --before {}", visible(next))
}

fn write_reports(out: &mut dyn Write, paint: Paint, list: &ReportListView) -> io::Result<()> {
    if list.reports.is_empty() {
        return writeln!(out, "no report is found");
    }
    let mut table =
        Table::new(["proof of report", "version", "partner", "reference", "exporter", "exported", "received"]);
    for report in &list.reports {
        for version in &report.versions {
            table.row([
                report.proof.clone(),
                version.version.to_string(),
                report.partner.clone(),
                report.reference.clone(),
                report.exporter.authorization_id.clone(),
                version.export_date.to_string(),
                format!("{:.3}", version.received_at),
            ]);
        }
    }
    table.write(out, paint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<[Option<&str>; 2]>) {
        let day = |day: Option<&str>| day.map(|day| day.parse().unwrap());
        assert_eq!(days(text).ok(), expected.map(|[from, until]| (day(from), day(until))), "{text:?}");
    }

    #[test]
    fn days_may_be_one_or_two_or_open() {
        let (first, last) = (Some("2026-11-01"), Some("2026-11-30"));
        check("2026-11-01", Some([first, first]));
        check("2026-11-01..2026-11-30", Some([first, last]));
        check("2026-11-01..", Some([first, None]));
        check("..2026-11-30", Some([None, last]));
        for text in ["", "..", "yesterday", "2026-11-01...2026-11-30"] {
            check(text, None);
        }
    }
}
