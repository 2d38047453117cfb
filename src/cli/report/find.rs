//! `lodged report find`: reports by what is known of them.

use std::io::{self, Write};

use clap::Args;

use crate::admin::socket::{Found, ReportListView, Request};
use crate::cli::asking::Asking;
use crate::cli::paint::Paint;
use crate::cli::table::Table;
use crate::cli::{Outcome, Trouble};

/// Finds reports by their number, or by the reference that a partner gave its declaration; one to a line.
#[derive(Debug, Args)]
pub(super) struct Find {
    /// The proof-of-report number
    #[arg(long, value_name = "POR", conflicts_with_all = ["partner", "reference"], required_unless_present = "reference")]
    proof: Option<String>,
    /// The short name of the partner that lodged it
    #[arg(long, value_name = "ID")]
    partner: Option<String>,
    /// The reference that the partner gave the declaration (1004); needs --partner
    #[arg(long, value_name = "REFERENCE", requires = "partner")]
    reference: Option<String>,
    /// What was declared for practice, and nothing else
    #[arg(long)]
    practice: bool,
    #[command(flatten)]
    asking: Asking,
}

impl Find {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let request = Request::Report(Found {
            proof: self.proof.clone(),
            partner: self.partner.clone(),
            reference: self.reference.clone(),
            practice: self.practice,
        });
        let means = |list: &ReportListView| Outcome::clean_if(!list.reports.is_empty());
        self.asking.ask(&request, out, means, |out, paint, list| Ok(write(out, paint, list)?))
    }
}

fn write(out: &mut dyn Write, paint: Paint, list: &ReportListView) -> io::Result<()> {
    if list.reports.is_empty() {
        return writeln!(out, "no report is found");
    }
    let mut table = Table::new(["proof of report", "version", "partner", "reference", "exporter", "received"]);
    for report in &list.reports {
        for version in &report.versions {
            table.row([
                report.proof.clone(),
                version.version.to_string(),
                report.partner.clone(),
                report.reference.clone(),
                report.exporter.authorization_id.clone(),
                format!("{:.3}", version.received_at),
            ]);
        }
    }
    table.write(out, paint)
}
