//! `lodged send`: lodges a file over mutual TLS and shows what comes back.

mod document;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::check::read;
use super::dialing::Dialing;
use super::exchange::{Heard, Said, hear, write_answer};
use super::format::write_json;
use super::paint::Paint;
use super::safe::visible;
use super::wire::{Line, WireTrouble};
use super::{Outcome, Trouble};
use crate::edifact::{Frame, FrameFinder, Reading, Tolerances, mend};
use document::Kept;

/// Lodges a file and shows the answers segment by segment.
///
/// The connection is mutual TLS: the gateway knows the partner by its certificate, and the partner knows the gateway by
/// the file given with --server-cert. Sending the same bytes again does no harm: the first answers come back.
///
/// Exit code 0 when everything was accepted, 1 when something was refused, 2 when it could not be sent or was not answered.
#[derive(Debug, Args)]
pub(super) struct Send {
    /// The file with one or more interchanges; - is standard input
    file: PathBuf,
    #[command(flatten)]
    dialing: Dialing,
    /// How long it may take until the gateway has answered everything
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Print the answers as they came, and nothing else
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// Print one JSON document, at the end
    #[arg(long)]
    json: bool,
}

impl Send {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let bytes = read(&self.file)?;
        let line = Line::new(self.dialing.to.clone(), self.dialing.keys())?;
        let paint = Paint::of_output();
        let (mut heard, mut kept, mut written) = (Vec::new(), Kept::default(), Ok(()));
        let mut take = |answer: &[u8]| {
            heard.extend(hear(answer));
            match () {
                () if self.json => kept.keep(answer),
                () if written.is_err() => {}
                () if self.raw => written = out.write_all(answer),
                () => written = show(out, paint, answer),
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(WireTrouble::Runtime)?;
        let sent = runtime.block_on(line.send(&bytes, Duration::from_secs(self.timeout), &mut take));
        written?;
        let references = references(&bytes);
        let answered = Answered::of(&references, &heard);
        match () {
            () if self.json => write_json(out, &kept.document(&answered))?,
            () if self.raw => {}
            () => answered.write(out, paint)?,
        }
        sent?;
        Ok(answered.outcome())
    }
}

fn show(out: &mut dyn Write, paint: Paint, answer: &[u8]) -> io::Result<()> {
    write_answer(out, paint, answer)?;
    writeln!(out)
}

/// The interchanges (0020) of a file, each with whether an answer is owed to it. What the gateway tolerates is not known
/// here, so everything that it might read counts.
fn references(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut finder, mut references) = (bytes, FrameFinder::new(Tolerances::ALL), Vec::new());
    loop {
        let range = match finder.find(rest) {
            Frame::Interchange(range) => Some(range),
            Frame::Incomplete => finder.last(rest),
            Frame::Garbage => None,
        };
        let Some(range) = range else { return references };
        let mended = mend(rest.get(range.clone()).unwrap_or_default(), &Tolerances::ALL);
        if let Some(Reading { interchange, .. }) = mended.read() {
            let is_acknowledgement = interchange.messages.iter().all(|message| message.kind.kind == "CONTRL");
            if !is_acknowledgement || interchange.messages.is_empty() {
                references.push(interchange.envelope.reference.0);
            }
        }
        rest = rest.get(range.end..).unwrap_or_default();
    }
}

/// What became of each interchange that was sent.
struct Answered<'a> {
    about: Vec<(&'a str, Vec<&'a Said>)>,
    /// Answers to earlier interchanges that were waiting.
    earlier: usize,
}

impl<'a> Answered<'a> {
    fn of(sent: &'a [String], heard: &'a [Heard]) -> Self {
        let said = |reference: &'a String| heard.iter().filter(move |heard| heard.about == *reference);
        let about = sent.iter().map(|sent| (sent.as_str(), said(sent).map(|heard| &heard.said).collect())).collect();
        let earlier = heard.iter().filter(|heard| !sent.contains(&heard.about)).count();
        Self { about, earlier }
    }

    fn outcome(&self) -> Outcome {
        let is_refusal = |said: &&&Said| matches!(said, Said::Refused { .. } | Said::SyntaxRefused { .. });
        if self.about.iter().any(|(_, said)| said.is_empty()) {
            return Outcome::Undone;
        }
        Outcome::clean_if(self.about.iter().all(|(_, said)| said.iter().find(is_refusal).is_none()))
    }

    fn write(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.earlier > 0 {
            writeln!(out, "answers to earlier interchanges that were waiting: {}", self.earlier)?;
        }
        for (reference, said) in &self.about {
            if said.is_empty() {
                let what = "no answer came; send the same bytes again, nothing can happen twice";
                writeln!(out, "{}: {}", visible(reference), paint.red(what))?;
            }
            for said in said {
                write_said(out, paint, reference, said)?;
            }
        }
        Ok(())
    }
}

fn write_said(out: &mut dyn Write, paint: Paint, interchange: &str, said: &Said) -> io::Result<()> {
    let interchange = visible(interchange);
    let mut refused = |what: String, findings: &[String]| {
        writeln!(out, "{interchange}: {}", paint.red(&what))?;
        findings.iter().try_for_each(|finding| writeln!(out, "  {}", visible(finding)))
    };
    match said {
        Said::Acknowledged { .. } => writeln!(out, "{interchange}: well built"),
        Said::SyntaxRefused { findings, .. } => refused("refused by syntax or directory".to_owned(), findings),
        Said::Refused { reference, findings } => {
            refused(format!("declaration {} refused", visible(reference)), findings)
        }
        Said::Accepted { reference, proof } => {
            let (reference, proof) = (visible(reference), paint.green(&visible(proof)));
            writeln!(out, "{interchange}: declaration {reference} accepted, proof of report {proof}")
        }
    }
}
