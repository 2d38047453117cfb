//! `lodged completions`: what a shell needs to complete the commands.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{CommandLine, Outcome, Trouble};

/// Prints the completions for a shell.
///
/// For bash: `lodged completions bash > ~/.local/share/bash-completion/completions/lodged`
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        // The generator panics when its writer fails, so it writes to memory.
        let mut script = Vec::new();
        generate(self.shell, &mut CommandLine::command(), "lodged", &mut script);
        out.write_all(&script)?;
        Ok(Outcome::Clean)
    }
}
