//! `lodged man`: the manual pages of the commands.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_mangen::generate_to;

use super::{CommandLine, Outcome, Trouble};

/// Prints the manual page of the program, or writes those of every command into a directory.
///
/// To read it: `lodged man | man -l -`
#[derive(Debug, Args)]
pub(super) struct Man {
    /// Where the pages of all commands are written, one file for each; made when it is not there
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        match &self.directory {
            None => clap_mangen::Man::new(CommandLine::command()).render(&mut &mut *out)?,
            Some(directory) => {
                fs::create_dir_all(directory)
                    .and_then(|()| generate_to(CommandLine::command(), directory))
                    .map_err(|source| Trouble::Unwritable { path: directory.clone(), source })?;
            }
        }
        Ok(Outcome::Clean)
    }
}
