//! `lodged report show`: one report with everything that was said of it.

use std::io::{self, Write};

use clap::Args;

use crate::admin::socket::{
    AnswerView, FindingView, Found, ReportListView, ReportView, Request, VersionView, bytes_of,
};
use crate::cli::asking::Asking;
use crate::cli::exchange::write_answer;
use crate::cli::paint::Paint;
use crate::cli::safe::visible;
use crate::cli::{Outcome, Trouble};

/// Shows a report by its proof-of-report number: its versions with their findings, and the answers segment by segment.
///
/// Exit code 0 when it is there, 1 when it is not, 2 when no gateway answers.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The proof-of-report number
    #[arg(value_name = "POR")]
    proof: String,
    #[command(flatten)]
    asking: Asking,
}

impl Show {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let request = Request::Report(Found { proof: Some(self.proof.clone()), ..Found::default() });
        let means = |list: &ReportListView| Outcome::clean_if(!list.reports.is_empty());
        let tell = |out: &mut dyn Write, paint, list: &ReportListView| Ok(write(out, paint, &self.proof, list)?);
        self.asking.ask(&request, out, means, tell)
    }
}

fn write(out: &mut dyn Write, paint: Paint, proof: &str, list: &ReportListView) -> io::Result<()> {
    if list.reports.is_empty() {
        return writeln!(out, "there is no report {}", visible(proof));
    }
    list.reports.iter().try_for_each(|report| write_report(out, paint, report))
}

fn write_report(out: &mut dyn Write, paint: Paint, report: &ReportView) -> io::Result<()> {
    writeln!(out, "proof of report  {}", paint.bold(&visible(&report.proof)))?;
    if report.is_practice {
        writeln!(out, "practice         {}", paint.yellow("it reports nothing"))?;
    }
    writeln!(out, "partner          {}", visible(&report.partner))?;
    writeln!(out, "reference        {}", visible(&report.reference))?;
    let exporter = &report.exporter;
    writeln!(out, "exporter         {} {}", visible(&exporter.authorization_id), visible(&exporter.business_number))?;
    report.versions.iter().try_for_each(|version| write_version(out, paint, version))
}

fn write_version(out: &mut dyn Write, paint: Paint, version: &VersionView) -> io::Result<()> {
    let VersionView { version: number, entry, received_at, interchange, message, findings, answers, .. } = version;
    let (interchange, message) = (visible(interchange), visible(message));
    writeln!(out, "\nversion {number}, received {received_at:.3}, entry {entry}")?;
    writeln!(out, "  message {message} of interchange {interchange}")?;
    writeln!(out, "  exported {} by {}{}", version.export_date, visible(&version.carrier), freight(version))?;
    findings.iter().try_for_each(|finding| writeln!(out, "  {}", told(paint, finding)))?;
    if findings.is_empty() {
        writeln!(out, "  no findings")?;
    }
    write_answers(out, paint, answers)
}

/// What it travels under and in, as far as it is known.
fn freight(VersionView { transport_document, containers, .. }: &VersionView) -> String {
    let document = transport_document.iter().map(|number| format!(", transport document {}", visible(number)));
    document.chain(containers.iter().map(|container| format!(", container {}", visible(container)))).collect()
}

/// Answers, segment by segment.
pub(in crate::cli) fn write_answers(out: &mut dyn Write, paint: Paint, answers: &[AnswerView]) -> io::Result<()> {
    for answer in answers {
        writeln!(out, "\n{} {}", visible(&answer.kind), visible(&answer.reference))?;
        write_answer(out, paint, &bytes_of(&answer.text).unwrap_or_default())?;
    }
    Ok(())
}

/// `error[A103]: The check digit … (segment 19, element 3)`
pub(in crate::cli) fn told(paint: Paint, finding: &FindingView) -> String {
    let places = [
        ("message", finding.message),
        ("segment", finding.segment),
        ("element", finding.element),
        ("component", finding.component),
    ];
    let places = places.iter().filter_map(|(name, place)| place.map(|place| format!("{name} {place}")));
    let head = format!("{}[{}]", visible(&finding.severity), visible(&finding.code));
    let head = match finding.severity.as_str() {
        "error" => paint.red(&head),
        "warning" => paint.yellow(&head),
        _ => paint.blue(&head),
    };
    format!("{head}: {} ({})", visible(&finding.text), places.collect::<Vec<_>>().join(", ")).replace(" ()", "")
}
