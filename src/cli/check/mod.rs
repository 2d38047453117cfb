//! `lodged check`: everything that is wrong with a file, each with its place, before anybody sends it.
//!
//! Start with [`Check`]. Files are judged by the same functions as interchanges that come through a door; here is only
//! what people and programs are told of it. [`report`] is the data, [`human`] one way to show it. A file is read
//! interchange by interchange and never held whole.

// From names to interchanges.
mod source;
mod stream;
mod unreadable;

// From interchanges to findings with their places, and what would have been right there.
mod echo;
mod expectation;
mod judge;
mod place;
mod remedy;
mod report;
mod site;
mod syntax_code;
mod text;

// What people and programs are told.
mod document;
mod explain;
mod human;

use std::error::Error as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::format::{Format, FormatArgument, LanguageArgument};
use super::paint::Paint;
use super::progress::Progress;
use super::safe::visible;
use super::{Outcome, Trouble, time_zone};
use crate::clock::Clock;
use crate::config::{Config, Loaded};
use crate::daemon::{self, load_rulebook, load_rulebook_of_syntax};
use crate::gateway::Rulebook;
use crate::partner::{Partner, PartnerId};
use document::Document;
use explain::{Explanation, Overview};
use human::Style;
use judge::Judge;
use report::{FileReport, Summary, Unreadable, capitalised};
use text::{COLUMNS, COLUMNS_MAX, COLUMNS_MIN, Excerpt};

pub(super) use source::read;

/// Most findings of one file that are told to people, unless they ask for more.
const FINDINGS_SHOWN: usize = 100;
/// Most findings of one file that are told to programs, unless they ask for more.
const FINDINGS_LISTED: usize = 10_000;
/// Longest interchange that is judged without a configuration: no gateway can be set to take a longer one.
const INTERCHANGE_BYTES_MAX: usize = 64 << 20;
/// Columns in front of a line that is shown, for its number.
const MARGIN: usize = 8;

/// Says what is wrong with files of interchanges: every mistake, with its place and what to do.
///
/// Syntax, directory, implementation guide, code lists and rules are held against every interchange, as the gateway does
/// it. Codes that are numbers are those of a CONTRL (0085), the others those of a CUSRES; --explain says what each means.
/// Elements and components are counted as CONTRL counts them: the tag of a segment is 1, its first data element 2.
///
/// Files are read interchange by interchange and may be longer than the memory; one interchange may have as many bytes as
/// --interchange-bytes-max.
///
/// Exit code 0 when no finding is an error, 1 when some are, 2 when a file or part of it could not be read.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Files, directories or patterns such as 'in/**/*.edi'; - is standard input
    #[arg(value_name = "FILE", required_unless_present = "explain")]
    files: Vec<PathBuf>,
    /// Explain a code such as 13 or H211, or list all of them
    #[arg(long, value_name = "CODE", num_args = 0..=1, conflicts_with = "files")]
    explain: Option<Option<String>>,
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    language: LanguageArgument,
    /// Tell at most so many findings of one file and count the others [default: 100, for programs 10000]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    limit: Option<u32>,
    /// Leave guide, code lists and rules out
    #[arg(long)]
    syntax_only: bool,
    /// The moment at which the files are taken to come, such as 2026-11-21T20:45:00Z; now when it is not given
    #[arg(long, value_name = "TIMESTAMP", value_parser = moment)]
    at: Option<Timestamp>,
    /// The directory of grammars, guides and code lists; those that are compiled in when it is not given
    #[arg(long, value_name = "DIR")]
    grammars: Option<PathBuf>,
    /// Hold values against the code lists of their directory too
    #[arg(long)]
    code_lists: bool,
    /// Judge by the grammars and settings of this configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Judge as if this partner had sent the files: who it may be and for whom it may file; needs --config
    #[arg(long, value_name = "ID", requires = "config")]
    partner: Option<String>,
    /// Longest interchange [default: that of the configuration, without one 67108864]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1_024..))]
    interchange_bytes_max: Option<u32>,
}

impl Check {
    pub(super) fn run(&self, clock: &impl Clock, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        if let Some(code) = &self.explain {
            return self.explain(code.as_deref(), out);
        }
        let judge = self.judge(clock)?;
        let files = source::expand(&self.files);
        let progress = Progress::new();
        let reports = files.iter().map(|path| report(&judge, path, &progress));
        match self.format.format() {
            Format::Human => self.tell(&judge, &progress, files.len() > 1, reports, out),
            Format::Json => {
                let document = Document::new(reports.map(|(report, _)| report));
                document.write(out, || progress.clear())?;
                Ok(document.summary().outcome())
            }
        }
    }

    /// Tells people what was found in each file, and in all of them.
    fn tell(
        &self,
        judge: &Judge,
        progress: &Progress,
        are_several: bool,
        reports: impl Iterator<Item = (FileReport, Instant)>,
        out: &mut dyn Write,
    ) -> Result<Outcome, Trouble> {
        let style = Style { paint: Paint::of_output(), language: judge.language, columns: judge.columns };
        let (began, mut summary) = (Instant::now(), Summary::default());
        let mut out = BufWriter::new(out);
        for (report, began) in reports {
            progress.clear();
            summary.add(&report);
            human::write(&mut out, style, &report, began.elapsed())?;
            out.flush()?;
        }
        if are_several {
            human::write_summary(&mut out, style, &summary, began.elapsed())?;
        }
        out.flush()?;
        Ok(summary.outcome())
    }

    fn explain(&self, code: Option<&str>, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let language = self.language.language();
        let Some(code) = code else {
            self.format.write(out, &Overview(Explanation::all(language)))?;
            return Ok(Outcome::Clean);
        };
        let unknown = || Trouble::UnknownCode { code: visible(code), nearest: explain::nearest(code) };
        self.format.write(out, &Explanation::of(code, language).ok_or_else(unknown)?)?;
        Ok(Outcome::Clean)
    }

    /// Grammars without a guide are enough where only syntax counts.
    fn rulebook(&self, config: &Config, zone: TimeZone) -> Result<Rulebook, Trouble> {
        if self.syntax_only {
            return Ok(load_rulebook_of_syntax(config, zone)?);
        }
        load_rulebook(config, zone).map_err(|trouble| {
            if let daemon::Trouble::NoGuide(directory) = trouble {
                Trouble::NoGuide { directory }
            } else {
                trouble.into()
            }
        })
    }

    fn judge(&self, clock: &impl Clock) -> Result<Judge, Trouble> {
        let loaded = self.config.as_deref().map(Config::load).transpose()?;
        let mut config = loaded.as_ref().map(|loaded| loaded.config.clone()).unwrap_or_default();
        config.grammars.directory = self.grammars.clone().or(config.grammars.directory);
        config.grammars.directory_codes |= self.code_lists;
        let zone = loaded.as_ref().map_or_else(|| time_zone(&config), |loaded| Ok(loaded.numbering.zone.clone()))?;
        let partner =
            self.partner.as_deref().zip(loaded.as_ref()).map(|(id, loaded)| partner(loaded, id)).transpose()?;
        let size = |limit: Option<u32>| limit.and_then(|limit| usize::try_from(limit).ok());
        let configured = loaded.as_ref().map_or(INTERCHANGE_BYTES_MAX, |_| config.limits.interchange_bytes_max);
        let told = if self.format.format() == Format::Human { FINDINGS_SHOWN } else { FINDINGS_LISTED };
        Ok(Judge {
            rulebook: self.rulebook(&config, zone)?,
            partner,
            at: self.at.unwrap_or_else(|| clock.now()),
            language: self.language.language(),
            is_syntax_only: self.syntax_only,
            findings_max: size(self.limit).unwrap_or(told),
            interchange_bytes_max: size(self.interchange_bytes_max).unwrap_or(configured),
            columns: if self.format.format() == Format::Human { shown_columns() } else { COLUMNS },
        })
    }
}

fn moment(text: &str) -> Result<Timestamp, &'static str> {
    text.parse()
        .map_err(|_| "write a moment with its offset, such as 2026-11-21T20:45:00Z or 2026-11-21T15:45:00-05:00")
}

/// Columns for a line on the terminal that the output goes to, when it does.
fn shown_columns() -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    terminal.map_or(COLUMNS, |(width, _)| usize::from(width.0).saturating_sub(MARGIN).clamp(COLUMNS_MIN, COLUMNS_MAX))
}

/// What is found in one file, and when that began. Whatever keeps it from being read is in the report: the other files
/// are judged all the same.
fn report(judge: &Judge, path: &Result<PathBuf, Trouble>, progress: &Progress) -> (FileReport, Instant) {
    let began = Instant::now();
    let path = match path {
        Ok(path) => path,
        Err(trouble) => return (not_read(trouble), began),
    };
    let name = path.display().to_string();
    let mut report = FileReport::new(&name, judge.findings_max);
    let read = source::open(path).and_then(|(file, length)| {
        let mut file = progress.watch(&visible(&name), file, length);
        let unreadable = |source| Trouble::Unreadable { path: path.clone(), source };
        judge.judge(&mut file, length, &mut report).map_err(unreadable)
    });
    if let Err(trouble) = read {
        report.unreadable = Some(unreadable(&trouble));
    }
    (report, began)
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

/// The report of something that could not even be found.
fn not_read(trouble: &Trouble) -> FileReport {
    let name = trouble.path().map(Path::display).map(|path| path.to_string()).unwrap_or_default();
    let mut report = FileReport::new(&name, 0);
    report.unreadable = Some(unreadable(trouble));
    report
}

/// What kept a file from being read.
fn unreadable(trouble: &Trouble) -> Unreadable {
    let told = trouble.to_string();
    let (what, hint) = told.split_once("; ").unwrap_or((&told, ""));
    let cause = trouble.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let (sentence, hint) = (format!("{what}{cause}"), capitalised(hint));
    Unreadable { sentence, hint, place: None, source_line: None, excerpt: Excerpt::default() }
}
