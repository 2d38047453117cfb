//! `lodged check`: everything that is wrong with a file, each with its place, before anybody sends it.
//!
//! Start with [`Check`]. Files are judged by the same functions as interchanges that come through a door; here is only
//! what people and programs are told of it. [`report`] is the data, [`human`] one way to show it.

mod human;
mod judge;
mod remedy;
mod report;
mod text;

use std::error::Error as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use jiff::Timestamp;

use super::format::{Format, FormatArgument, LanguageArgument, write_json};
use super::paint::Paint;
use super::{Outcome, Trouble, time_zone};
use crate::clock::Clock;
use crate::config::{Config, Loaded};
use crate::daemon::load_rulebook;
use crate::partner::{Partner, PartnerId};
use human::Style;
use judge::Judge;
use report::{DOCUMENT, FileReport, Report, Unreadable, capitalised};

/// Most bytes of one file: as long as the longest interchange that a gateway can be set to take.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Says what is wrong with files of interchanges: every mistake, with its place and what to do.
///
/// Syntax, directory, implementation guide, code lists and rules are held against every interchange, as the gateway does
/// it. Codes that begin with S are those of a CONTRL (0085), the others those of a CUSRES. Elements and components are
/// counted as CONTRL counts them: the tag of a segment is 1, its first data element 2.
///
/// Exit code 0 when no finding is an error, 1 when some are, 2 when a file or part of it could not be read.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The files; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    language: LanguageArgument,
    /// Leave guide, code lists and rules out
    #[arg(long)]
    syntax_only: bool,
    /// The moment at which the files are taken to come; now when it is not given
    #[arg(long, value_name = "TIMESTAMP")]
    at: Option<Timestamp>,
    /// The directory of grammars, guides and code lists; those that are compiled in when it is not given
    #[arg(long, value_name = "DIR")]
    grammars: Option<PathBuf>,
    /// Judge by the grammars and settings of this configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Judge as if this partner had sent the files: who it may be and for whom it may file; needs --config
    #[arg(long, value_name = "ID", requires = "config")]
    partner: Option<String>,
}

impl Check {
    pub(super) fn run(&self, clock: &impl Clock, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let judge = self.judge(clock)?;
        let style = Style { paint: Paint::of_output(), language: judge.language };
        let mut report = Report { document: DOCUMENT, files: Vec::new() };
        for path in &self.files {
            let began = Instant::now();
            let name = path.display().to_string();
            let (found, bytes) = match read(path) {
                Ok(bytes) => (judge.judge(&name, &bytes), bytes),
                Err(trouble) => (not_read(&name, &trouble), Vec::new()),
            };
            if self.format.format == Format::Human {
                human::write(out, style, &found, &bytes, began.elapsed())?;
            }
            report.files.push(found);
        }
        if self.format.format == Format::Json {
            write_json(out, &report)?;
        }
        Ok(report.files.iter().map(outcome).max().unwrap_or(Outcome::Clean))
    }

    fn judge(&self, clock: &impl Clock) -> Result<Judge, Trouble> {
        let loaded = self.config.as_deref().map(Config::load).transpose()?;
        let mut config = loaded.as_ref().map(|loaded| loaded.config.clone()).unwrap_or_default();
        config.grammars.directory = self.grammars.clone().or(config.grammars.directory);
        let zone = loaded.as_ref().map_or_else(|| time_zone(&config), |loaded| Ok(loaded.numbering.zone.clone()))?;
        let partner =
            self.partner.as_deref().zip(loaded.as_ref()).map(|(id, loaded)| partner(loaded, id)).transpose()?;
        Ok(Judge {
            rulebook: load_rulebook(&config, zone)?,
            partner,
            at: self.at.unwrap_or_else(|| clock.now()),
            language: self.language.language(),
            is_syntax_only: self.syntax_only,
        })
    }
}

/// A partner of the configuration.
fn partner(loaded: &Loaded, id: &str) -> Result<Partner, Trouble> {
    let found = PartnerId::new(id).and_then(|id| loaded.partners.find(&id).map(|partner| partner.as_ref().clone()));
    found.ok_or_else(|| {
        let known: Vec<&str> = loaded.partners.partners().iter().map(|partner| partner.id.as_str()).collect();
        let known = match known.len() {
            0 => format!("put one into {}", loaded.config.partners.directory.display()),
            _ => format!("it knows {}", known.join(", ")),
        };
        Trouble::UnknownPartner { config: loaded.path.clone(), id: id.to_owned(), known }
    })
}

/// The bytes of a file, or of standard input.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    let unreadable = |source| Trouble::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let mut read = |from: &mut dyn Read| from.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    match path == Path::new("-") {
        true => read(&mut io::stdin().lock()),
        false => File::open(path).and_then(|mut file| read(&mut file)),
    }
    .map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= FILE_BYTES_MAX) {
        Ok(bytes)
    } else {
        Err(Trouble::TooLong { path: path.to_owned(), bytes_max: FILE_BYTES_MAX })
    }
}

/// The report of a file that could not be read: the others are judged all the same.
fn not_read(name: &str, trouble: &Trouble) -> FileReport {
    let told = trouble.to_string();
    let (what, hint) = told.split_once("; ").unwrap_or((&told, ""));
    let cause = trouble.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let unreadable = Unreadable { sentence: format!("{what}{cause}"), hint: capitalised(hint), place: None };
    FileReport { unreadable: Some(unreadable), ..FileReport::new(name) }
}

fn outcome(report: &FileReport) -> Outcome {
    match report.unreadable {
        Some(_) => Outcome::Undone,
        None => Outcome::clean_if(report.errors == 0),
    }
}
