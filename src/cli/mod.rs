//! The commands: one file for each, and what they share.
//!
//! Start with [`CommandLine`]. Data goes to standard output, talk and troubles to standard error; what was asked about
//! and found wrong is an [`Outcome`], and only what kept a command from its work is a [`Trouble`]. No command decides
//! anything about an interchange: each asks the rooms below and says what they said.

// The gateway, and a gateway to throw away.
mod demo;
mod serve;

// For those who write and send interchanges.
mod bench;
mod check;
mod send;

// For those who administer a gateway that runs.
mod audit;
mod interchange;
mod partner;
mod reload;
mod report;
mod status;

// For those who look after a gateway.
mod codes;
mod config;
mod grammar;
mod store;

// About the program itself.
mod completions;
mod man;

// What they share: asking a gateway, exit codes and troubles, forms of output, colour, progress, a partner's side of the
// wire, the sample of the manual, an exchange for people.
mod asking;
mod dialing;
mod exchange;
mod format;
mod outcome;
mod paint;
mod progress;
mod remark;
mod safe;
mod sample;
mod table;
mod wire;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use jiff::tz::TimeZone;
use rustix::fs::Mode;
use rustix::process::umask;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;

use crate::clock::SystemClock;
use crate::config::Config;

pub use outcome::{Outcome, Trouble};

/// An export reporting gateway: declarations come in as EDIFACT, proof-of-report numbers go back.
///
/// `lodged demo` shows everything once, with a gateway that is thrown away afterwards. `lodged check` says what is wrong
/// with a file, `lodged send` lodges it.
#[derive(Debug, Parser)]
#[command(name = "lodged", version, arg_required_else_help = true, subcommand_required = true, max_term_width = 120)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Check(check::Check),
    Send(send::Send),
    Bench(Box<bench::Bench>),
    Config(config::ConfigCommand),
    Grammar(grammar::GrammarCommand),
    Codes(codes::CodesCommand),
    Store(store::StoreCommand),
    Status(status::Status),
    Partner(partner::PartnerCommand),
    Report(report::ReportCommand),
    Interchange(interchange::InterchangeCommand),
    Audit(audit::Audit),
    Reload(reload::Reload),
    Man(man::Man),
    Completions(completions::Completions),
}

/// Runs the command that this process was started with, and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    keep_files_from_others();
    // Fails only when there is one already, which would then be ours.
    drop(default_provider().install_default());
    let ended = CommandLine::parse().run(&mut io::stdout());
    ended.unwrap_or_else(|trouble| trouble.tell()).into()
}

/// What is made from here on can be written by nobody else, whatever the shell allows: a record that others can write is
/// refused by the next start.
fn keep_files_from_others() {
    let others = Mode::WGRP | Mode::WOTH;
    let former = umask(others);
    umask(former | others);
}

impl CommandLine {
    /// Runs the command; its data goes to `out`.
    ///
    /// # Errors
    /// [`Trouble`] when something kept it from its work. What it was asked about and found wrong is no trouble.
    pub fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let outcome = match &self.command {
            Command::Serve(serve) => serve.run(),
            Command::Demo(demo) => demo.run(&SystemClock, out),
            Command::Check(check) => check.run(&SystemClock, out),
            Command::Send(send) => send.run(out),
            Command::Bench(bench) => bench.run(&SystemClock, out),
            Command::Config(config) => config.run(&SystemClock, out),
            Command::Grammar(grammar) => grammar.run(out),
            Command::Codes(codes) => codes.run(&SystemClock, out),
            Command::Store(store) => store.run(&SystemClock, out),
            Command::Status(status) => status.run(out),
            Command::Partner(partner) => partner.run(out),
            Command::Report(report) => report.run(out),
            Command::Interchange(interchange) => interchange.run(out),
            Command::Audit(audit) => audit.run(out),
            Command::Reload(reload) => reload.run(out),
            Command::Man(man) => man.run(out),
            Command::Completions(completions) => completions.run(out),
        }?;
        out.flush()?;
        Ok(outcome)
    }
}

/// The zone in which a configuration counts days.
fn time_zone(config: &Config) -> Result<TimeZone, Trouble> {
    let name = &config.proof.time_zone;
    TimeZone::get(name).map_err(|source| Trouble::Zone { name: name.clone(), source })
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::*;

    /// Commands that do not take --json, each with why.
    const OTHERWISE: [(&str, &str); 4] = [
        ("lodged serve", "it is the gateway, whose log is JSON by log.format"),
        ("lodged demo", "it shows an exchange to people; the commands that it names take --json"),
        ("lodged man", "what it prints is for man(1)"),
        ("lodged completions", "what it prints is for a shell"),
    ];

    /// Every command that has none below it, and whether it takes --json.
    fn leaves(command: &Command, name: &str) -> Vec<(String, bool)> {
        if !command.has_subcommands() {
            let takes_json = command.get_arguments().any(|argument| argument.get_long() == Some("json"));
            return vec![(name.to_owned(), takes_json)];
        }
        let below = command.get_subcommands();
        below.flat_map(|command| leaves(command, &format!("{name} {}", command.get_name()))).collect()
    }

    #[test]
    fn every_command_takes_json_except_those_that_have_a_reason() {
        let leaves = leaves(&CommandLine::command(), "lodged");
        assert!(leaves.len() > 30, "{leaves:?}");
        let without: Vec<&str> =
            leaves.iter().filter(|(_, takes_json)| !takes_json).map(|(name, _)| name.as_str()).collect();
        assert_eq!(without, OTHERWISE.map(|(name, _)| name));
    }

    #[test]
    fn the_manual_says_which_commands_do_not_take_json() {
        let manual = include_str!("../../docs/commands.md");
        let (_, said) = manual.split_once("`--json` is taken by every command except ").unwrap();
        let (said, _) = said.split_once('.').unwrap();
        for (name, _) in OTHERWISE {
            assert!(said.contains(&format!("`{}`", name.trim_start_matches("lodged "))), "{name}: {said}");
        }
    }
}
