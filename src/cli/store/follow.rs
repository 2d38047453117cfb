//! `lodged store follow`: a standby, kept level with a gateway that runs.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use crate::admin::socket::{Answered, AskTrouble, JournalFrom, Refusal, Reply, Request, ask_for_bytes};
use crate::cli::asking::Asking;
use crate::cli::progress::Progress;
use crate::cli::safe::visible;
use crate::cli::{Outcome, Trouble, config};
use crate::clock::Clock;
use crate::store::{Shipped, Standby, Taken};

/// The number of the description of a [`Line`].
const DOCUMENT: u32 = 1;

/// How long the gateway waits for something new before it says that there is nothing.
const WAIT: Duration = Duration::from_secs(5);

/// How much longer than that nothing may come.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// How long it rests before the gateway is asked again, at first and at most.
const RESTS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Keeps a directory level with the record of a gateway that runs: a standby, which can become a store.
///
/// The gateway is asked over its socket for what is new on its disk, and waits with the answer until there is something.
/// What comes is checked (every frame, the chain of digests over all of them, every seal), written and flushed. It goes on
/// where it stopped, whatever stopped it, and asks again for as long as the gateway is away. The directory is made when it
/// is not there, in a directory that is.
///
/// A directory that is a store, lies in one, in a standby, a backup or an archive, follows another one, or does not go on in
/// the gateway's journal is refused. No gateway
/// starts on a standby; `lodged store promote` makes a store of it.
///
/// It ends when it is told to. Exit code 2 when it cannot go on.
#[derive(Debug, Args)]
pub(super) struct Follow {
    /// The directory of the standby
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The configuration of the gateway
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// The socket of the gateway, without a configuration
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    socket: Option<PathBuf>,
    /// The name under which the gateway tells how far this standby is
    #[arg(long, value_name = "NAME", default_value = "standby")]
    name: String,
    /// End once everything is here that the gateway has; the gateway does not tell how far such a standby is
    #[arg(long)]
    once: bool,
    /// Print a JSON document on a line for everything that came
    #[arg(long)]
    json: bool,
}

/// How far a standby is, as a line of JSON.
#[derive(Debug, Serialize)]
struct Line<'a> {
    document: u32,
    at: Timestamp,
    entry: u64,
    known: u64,
    trouble: Option<&'a str>,
}

impl Follow {
    pub(super) fn run(&self, clock: &impl Clock, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let socket = Asking::at(self.config.clone(), self.socket.clone(), self.json).socket()?;
        let mut standby = Standby::open(&self.directory)?;
        let mut telling = Telling::new(self, out);
        let mut rest = RESTS.0;
        loop {
            match self.ask(&socket, &standby) {
                Ok((shipped, bytes)) => {
                    rest = RESTS.0;
                    let taken = standby.take(&shipped, &bytes, clock.now()).inspect_err(|_| telling.clear())?;
                    telling.took(taken, clock.now())?;
                    if self.once && taken.is_level() {
                        telling.clear();
                        standby.leave()?;
                        return Ok(Outcome::Clean);
                    }
                }
                Err(NotNow::Never(trouble)) => return Err(trouble.into()),
                Err(NotNow::Later(trouble)) => {
                    standby.pause();
                    telling.lost(&trouble, standby.entry(), clock.now())?;
                    sleep(rest);
                    rest = (rest * 2).min(RESTS.1);
                }
            }
        }
    }

    /// What the gateway has for the standby.
    fn ask(&self, socket: &Path, standby: &Standby) -> Result<(Shipped, Vec<u8>), NotNow> {
        let (wanted, bytes_max) = standby.wants();
        let wait = if self.once { Duration::ZERO } else { WAIT };
        let request = Request::Journal(JournalFrom {
            // Nobody has to be told that one is away which was never to stay.
            follower: if self.once { String::new() } else { self.name.clone() },
            entry: standby.entry(),
            segment: wanted.segment,
            offset: wanted.offset,
            next: wanted.next,
            bytes_max,
            wait_milliseconds: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        });
        let Answered { reply, bytes } = ask_for_bytes(socket, &request, wait + SILENCE_MAX, bytes_max)?;
        match reply {
            Reply::Answer(document) => {
                let shipped: Shipped = serde_json::from_value(document).map_err(|error| later(&error.to_string()))?;
                match u64::try_from(bytes.len()) {
                    Ok(count) if count == shipped.bytes => Ok((shipped, bytes)),
                    Ok(_) | Err(_) => Err(later("the connection ended before the answer did")),
                }
            }
            Reply::Refused(Refusal { what, hint }) => Err(later(&match hint {
                Some(hint) => format!("the gateway refuses: {what}; {hint}"),
                None => format!("the gateway refuses: {what}"),
            })),
            Reply::Trouble(Refusal { what, .. }) => Err(later(&format!("the gateway could not do it: {what}"))),
        }
    }
}

/// Why nothing came.
enum NotNow {
    /// It may come later.
    Later(String),
    /// It never will, unless somebody changes something.
    Never(AskTrouble),
}

impl From<AskTrouble> for NotNow {
    fn from(trouble: AskTrouble) -> Self {
        match trouble {
            AskTrouble::Forbidden { .. } | AskTrouble::Unknown { .. } => Self::Never(trouble),
            AskTrouble::Nobody { path, source } => {
                later(&format!("no gateway answers at {}: {source}", path.display()))
            }
            AskTrouble::Unanswered { path, source } => {
                later(&format!("the gateway at {} did not answer: {source}", path.display()))
            }
        }
    }
}

fn later(trouble: &str) -> NotNow {
    NotNow::Later(trouble.to_owned())
}

/// Tells people and programs how far it is.
struct Telling<'a> {
    out: &'a mut dyn Write,
    progress: Progress,
    is_json: bool,
    directory: &'a Path,
    /// Whether it was said that the standby is level, since the last trouble.
    is_level: bool,
    /// The trouble that was told last, until the gateway answers again.
    trouble: Option<String>,
    known: u64,
}

impl<'a> Telling<'a> {
    fn new(follow: &'a Follow, out: &'a mut dyn Write) -> Self {
        let (is_json, directory) = (follow.json, follow.directory.as_path());
        Self { out, progress: Progress::new(), is_json, directory, is_level: false, trouble: None, known: 0 }
    }

    /// Something came, or nothing for a while.
    fn took(&mut self, taken: Taken, now: Timestamp) -> Result<(), Trouble> {
        let Taken { entry, known, entries } = taken;
        let was_lost = self.trouble.take().is_some();
        let is_news = entries > 0 || was_lost || (taken.is_level() && !self.is_level);
        self.known = known;
        if self.is_json && is_news {
            self.line(entry, None, now)?;
        } else if !self.is_json && taken.is_level() && !self.is_level {
            self.clear();
            writeln!(self.out, "{} is level with the gateway at entry {entry}", self.directory.display())?;
            self.out.flush()?;
        }
        self.is_level |= taken.is_level();
        // Where the lines are seen, they say it.
        if !(self.is_json && io::stdout().is_terminal()) {
            self.progress.toward(&format!("entry {entry} of {known}"), known, entry);
        }
        Ok(())
    }

    /// Nothing came, for this reason; it is told once.
    fn lost(&mut self, trouble: &str, entry: u64, now: Timestamp) -> Result<(), Trouble> {
        self.is_level = false;
        if self.trouble.replace(trouble.to_owned()).as_deref() == Some(trouble) {
            return Ok(());
        }
        self.clear();
        if self.is_json {
            return self.line(entry, Some(trouble), now);
        }
        tell_trouble(trouble, entry);
        Ok(())
    }

    fn line(&mut self, entry: u64, trouble: Option<&str>, at: Timestamp) -> Result<(), Trouble> {
        let line = Line { document: DOCUMENT, at, entry, known: self.known, trouble };
        serde_json::to_writer(&mut *self.out, &line).map_err(io::Error::from)?;
        self.out.write_all(b"\n")?;
        Ok(self.out.flush()?)
    }

    fn clear(&self) {
        self.progress.clear();
    }
}

#[expect(clippy::print_stderr, reason = "what keeps it waiting is talk, and standard output is for data")]
fn tell_trouble(trouble: &str, entry: u64) {
    eprintln!("lodged: {}; asking again (the standby has entry {entry})", visible(trouble));
}
