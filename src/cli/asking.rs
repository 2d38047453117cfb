//! A command that asks the gateway that runs: which one, and for whom the answer is.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::format::write_json;
use super::paint::Paint;
use super::safe::visible;
use super::{Outcome, Trouble, config};
use crate::admin::socket::{ChangeView, DOCUMENT, Reached, Refusal, Reply, Request, ask, ask_watching};
use crate::config::Config;

/// Which gateway is asked, and for whom the answer is.
#[derive(Debug, Args)]
pub(super) struct Asking {
    /// The configuration of the gateway
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// The socket of the gateway, without a configuration
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    socket: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Asking {
    /// The gateway of a configuration.
    pub(super) fn of(config: PathBuf, json: bool) -> Self {
        Self { config, socket: None, json }
    }

    /// The gateway of a configuration, or at a socket.
    pub(super) fn at(config: PathBuf, socket: Option<PathBuf>, json: bool) -> Self {
        Self { config, socket, json }
    }

    /// The configuration of the gateway; its defaults where only a socket is named.
    pub(super) fn configuration(&self) -> Result<Config, Trouble> {
        match &self.socket {
            Some(_) => Ok(Config::default()),
            // A mistake in a partner's file is no reason not to ask.
            None => Ok(Config::load_settings(&self.config)?),
        }
    }

    /// Where the gateway is asked.
    pub(super) fn socket(&self) -> Result<PathBuf, Trouble> {
        match &self.socket {
            Some(socket) => Ok(socket.clone()),
            None => Ok(self.configuration()?.admin_socket()),
        }
    }

    /// Asks, and tells the answer: as it came with --json, else by `tell`, which says what it means too.
    pub(super) fn ask<V: DeserializeOwned>(
        &self,
        request: &Request,
        out: &mut dyn Write,
        means: impl FnOnce(&V) -> Outcome,
        tell: impl FnOnce(&mut dyn Write, Paint, &V) -> Result<(), Trouble>,
    ) -> Result<Outcome, Trouble> {
        self.tell_reply(ask(&self.socket()?, request)?, out, means, tell)
    }

    /// The same with something that takes a while: `watch` hears meanwhile how far it is, and then that it is over.
    pub(super) fn ask_watching<V: DeserializeOwned>(
        &self,
        request: &Request,
        out: &mut dyn Write,
        watch: &mut dyn FnMut(Option<Reached>),
        means: impl FnOnce(&V) -> Outcome,
        tell: impl FnOnce(&mut dyn Write, Paint, &V) -> Result<(), Trouble>,
    ) -> Result<Outcome, Trouble> {
        let reply = ask_watching(&self.socket()?, request, &mut |reached| watch(Some(reached)));
        watch(None);
        self.tell_reply(reply?, out, means, tell)
    }

    fn tell_reply<V: DeserializeOwned>(
        &self,
        reply: Reply,
        out: &mut dyn Write,
        means: impl FnOnce(&V) -> Outcome,
        tell: impl FnOnce(&mut dyn Write, Paint, &V) -> Result<(), Trouble>,
    ) -> Result<Outcome, Trouble> {
        match reply {
            Reply::Answer(document) => {
                let view: V = serde_json::from_value(document.clone()).map_err(Trouble::Answer)?;
                match self.json {
                    true => write_json(out, &document)?,
                    false => tell(out, Paint::of_output(), &view)?,
                }
                Ok(means(&view))
            }
            Reply::Refused(refusal) if self.json => {
                write_json(out, &Refused { document: DOCUMENT, refused: refusal })?;
                Ok(Outcome::Refused)
            }
            Reply::Refused(refusal) => {
                tell_refusal(&refusal);
                Ok(Outcome::Refused)
            }
            Reply::Trouble(Refusal { what, .. }) => Err(Trouble::Gateway(what)),
        }
    }

    /// Asks for a change, and tells what was changed.
    pub(super) fn change(&self, request: &Request, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        self.ask(request, out, |_| Outcome::Clean, |out, paint, change| Ok(write_change(out, paint, change)?))
    }
}

/// A refusal as a document.
#[derive(Debug, Serialize)]
struct Refused {
    document: u32,
    refused: Refusal,
}

/// What a change came to.
fn write_change(out: &mut dyn Write, paint: Paint, ChangeView { act, cautions, .. }: &ChangeView) -> io::Result<()> {
    let head = format!("{} {}", act.deed.as_str(), visible(&act.subject));
    writeln!(out, "{}, by {}, entry {} of the record", paint.green(&head), visible(&act.who.to_string()), act.entry)?;
    write_texts(out, paint, &act.before, &act.after)?;
    cautions.iter().try_for_each(|caution| writeln!(out, "{}: {}", paint.yellow("caution"), visible(caution)))
}

/// The lines before and after a change.
pub(super) fn write_texts(out: &mut dyn Write, paint: Paint, before: &str, after: &str) -> io::Result<()> {
    let mut write = |sign: &str, text: &str| {
        text.lines().filter(|line| !line.is_empty()).try_for_each(|line| {
            let line = format!("  {sign} {}", visible(line));
            writeln!(out, "{}", if sign == "-" { paint.red(&line) } else { paint.green(&line) })
        })
    };
    write("-", before)?;
    write("+", after)
}

#[expect(clippy::print_stderr, reason = "a refusal is talk, and standard output is for data")]
fn tell_refusal(Refusal { what, hint }: &Refusal) {
    let lines = |text: &str| text.lines().map(visible).collect::<Vec<_>>().join("\n");
    eprintln!("refused: {}", lines(what));
    if let Some(hint) = hint {
        eprintln!("  hint: {}", lines(hint));
    }
}
