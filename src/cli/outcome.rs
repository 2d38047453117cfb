//! How a command ends: by what it found, or by what kept it from its work. Exit codes stand here and nowhere else.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::wire::WireTrouble;
use crate::admin::socket::AskTrouble;
use crate::codes::{CodeListTrouble, ImportTrouble, UnknownList};
use crate::config::ConfigTrouble;
use crate::daemon;
use crate::grammar::GrammarTrouble;
use crate::store::{BackupTrouble, FollowTrouble, InspectTrouble, PromoteTrouble, RebuildTrouble};

/// How a command ended that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing is wrong: exit code 0.
    Clean,
    /// What was asked about is wrong, or was refused: exit code 1.
    Refused,
    /// It could not be looked at, or could not be done: exit code 2.
    Undone,
    /// Whoever read the output went away: exit code 141, as a shell says it of a program that a closed pipe ended.
    Unheard,
}

impl Outcome {
    /// [`Outcome::Clean`], or [`Outcome::Refused`].
    pub(super) fn clean_if(is_clean: bool) -> Self {
        if is_clean { Self::Clean } else { Self::Refused }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Clean => Self::SUCCESS,
            Outcome::Refused => Self::from(1),
            Outcome::Undone => Self::from(2),
            Outcome::Unheard => Self::from(141),
        }
    }
}

/// What kept a command from its work: what happened, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The output cannot be written. Only writing to it may become this by `?`.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
    /// A file cannot be read.
    #[error("{} cannot be read; check that it is there and that you may read it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written; check its directory, your permissions and the free space", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is longer than a command takes.
    #[error("{} is longer than {bytes_max} bytes; cut it into several files", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Most bytes.
        bytes_max: u64,
    },
    /// A directory has nothing to look at.
    #[error("{} has no file that ends or begins like an interchange; name the file itself", path.display())]
    NothingInside {
        /// The directory.
        path: PathBuf,
    },
    /// No finding has this code.
    #[error("no finding has the code {code}{}; `lodged check --explain` lists all", perhaps(nearest))]
    UnknownCode {
        /// The code that was given.
        code: String,
        /// Codes that are nearly the same.
        nearest: Vec<String>,
    },
    /// The configuration cannot be used.
    #[error("the configuration cannot be used; correct this and run `lodged config check`\n{0}")]
    Config(ConfigTrouble),
    /// The grammars cannot be used.
    #[error(transparent)]
    Grammars(#[from] GrammarTrouble),
    /// The grammars have no guide, and one is needed.
    #[error(
        "there is no *.guide in {}, so no message would be a declaration; say --syntax-only to judge by syntax and \
         directory alone, or put a guide there (docs/guide-notation.md)",
        directory.display()
    )]
    NoGuide {
        /// Their folder.
        directory: PathBuf,
    },
    /// A folder of tables does not say which directory it is of.
    #[error("{} is not named after a directory, such as d96b; say `--directory D:96B:UN`", .0.display())]
    NamelessDirectory(PathBuf),
    /// The code lists cannot be used.
    #[error(transparent)]
    Codes(#[from] CodeListTrouble),
    /// There is no such code list.
    #[error(transparent)]
    UnknownList(#[from] UnknownList),
    /// A code list was not replaced.
    #[error(transparent)]
    Import(#[from] ImportTrouble),
    /// The zone is not known to this machine.
    #[error("this machine does not know the time zone {name}; install the time zone data of the system")]
    Zone {
        /// Its IANA name.
        name: String,
        /// What the system says.
        source: jiff::Error,
    },
    /// The configuration has no such partner.
    #[error("{} knows no partner {id}; {known}", config.display())]
    UnknownPartner {
        /// The configuration.
        config: PathBuf,
        /// The short name that was given.
        id: String,
        /// Who is known, in words.
        known: String,
    },
    /// A store cannot be looked at.
    #[error(transparent)]
    Store(InspectTrouble),
    /// The state of a store was not made anew.
    #[error(transparent)]
    Rebuild(#[from] RebuildTrouble),
    /// A backup was not made, or not restored.
    #[error(transparent)]
    Backup(#[from] BackupTrouble),
    /// A standby cannot go on.
    #[error(transparent)]
    Follow(#[from] FollowTrouble),
    /// A standby was not promoted.
    #[error(transparent)]
    Promote(#[from] PromoteTrouble),
    /// No gateway that runs answered.
    #[error(transparent)]
    Ask(#[from] AskTrouble),
    /// The gateway that runs could not do it.
    #[error("the gateway could not do it: {0}")]
    Gateway(String),
    /// What a gateway answered is none of this version's answers.
    #[error("the gateway answered otherwise than this program expects; use the program of its version")]
    Answer(#[source] serde_json::Error),
    /// The gateway could not be spoken to.
    #[error(transparent)]
    Wire(#[from] WireTrouble),
    /// A load needs more connections than the system allows this process.
    #[error(
        "{needed} open files and connections are needed, and the hard limit is {allowed}; raise it (`ulimit -Hn`, or \
         LimitNOFILE of a unit), or ask for fewer"
    )]
    Descriptors {
        /// What is needed.
        needed: u64,
        /// The hard limit of this process.
        allowed: u64,
    },
    /// The gateway could not be started, or what it judges by could not be loaded.
    #[error(transparent)]
    Daemon(#[from] daemon::Trouble),
    /// The throwaway gateway could not be set up.
    #[error("the throwaway gateway cannot be set up: {what}")]
    Demo {
        /// What could not be made.
        what: &'static str,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

// Its sentences are in the trouble's own, so it is no cause that would be told a second time.
impl From<ConfigTrouble> for Trouble {
    fn from(trouble: ConfigTrouble) -> Self {
        Self::Config(trouble)
    }
}

// Who is told and does not listen is the output's trouble, whoever wrote to it.
impl From<InspectTrouble> for Trouble {
    fn from(trouble: InspectTrouble) -> Self {
        if let InspectTrouble::Output(source) = trouble { Self::Output(source) } else { Self::Store(trouble) }
    }
}

/// What was perhaps meant, in brackets.
fn perhaps(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!(" (perhaps {}?)", nearest.join(", ")) }
}

impl Trouble {
    /// The file or directory that it is about.
    pub(super) fn path(&self) -> Option<&Path> {
        if let Self::Unreadable { path, .. } | Self::TooLong { path, .. } | Self::NothingInside { path } = self {
            Some(path)
        } else {
            None
        }
    }

    /// Tells the trouble on standard error, with its causes, and gives the outcome that it is.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "this is the one place where a command talks to people about its trouble")]
    pub fn tell(&self) -> Outcome {
        if matches!(self, Self::Output(cause) if cause.kind() == io::ErrorKind::BrokenPipe) {
            return Outcome::Unheard;
        }
        eprintln!("lodged: {self}");
        let mut cause = self.source();
        while let Some(error) = cause {
            eprintln!("  because: {error}");
            cause = error.source();
        }
        Outcome::Undone
    }
}
