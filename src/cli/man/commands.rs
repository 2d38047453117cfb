//! The command line as blocks: every command with its words and options.

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory};

use super::block::Block;
use super::markdown;
use crate::cli::CommandLine;

fn program() -> Command {
    let mut program = CommandLine::command();
    program.build();
    program
}

/// How the program is called.
pub(super) fn synopsis() -> Vec<Block> {
    vec![Block::Section("Synopsis".to_owned()), Block::Verbatim(vec![usage(&mut program())])]
}

/// Every command, those below others behind them.
pub(super) fn all() -> Vec<Block> {
    let mut blocks = vec![Block::Section("Commands".to_owned())];
    program()
        .get_subcommands_mut()
        .filter(|command| is_told(command))
        .for_each(|command| describe(command, &mut blocks));
    blocks
}

fn is_told(command: &Command) -> bool {
    command.get_name() != "help" && !command.is_hide_set()
}

fn describe(command: &mut Command, blocks: &mut Vec<Block>) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    blocks.push(Block::Subsection(name));
    blocks.push(Block::Verbatim(vec![usage(command)]));
    blocks.extend(words(command.get_long_about().or_else(|| command.get_about())));
    let options = command.get_arguments().filter(|option| !option.is_hide_set() && option.get_id() != "help");
    blocks.extend(options.map(option));
    command.get_subcommands_mut().filter(|command| is_told(command)).for_each(|command| describe(command, blocks));
}

fn usage(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    usage.trim_start_matches("Usage:").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn words(text: Option<&StyledStr>) -> Vec<Block> {
    text.map(|text| markdown::read(&text.to_string())).unwrap_or_default()
}

fn option(option: &Arg) -> Block {
    let said = option.get_long_help().or_else(|| option.get_help()).map(ToString::to_string).unwrap_or_default();
    let values: Vec<_> = option.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let default = if values.is_empty() || !option.get_action().takes_values() {
        String::new()
    } else {
        format!(" (default: {})", values.join(" "))
    };
    Block::Item(format!("`{option}`"), format!("{}{default}", said.replace('\n', " ")))
}
