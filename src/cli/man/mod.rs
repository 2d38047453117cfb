//! `lodged man`: the manual pages, made of what the program knows and of the manual in `docs/`, so that nothing is written
//! twice.
//!
//! Start with [`PAGES`]. A page is a list of [`block::Block`]s: those of `lodged(8)` come from the command line, those of
//! the others from a page of the manual; [`roff`] writes them down for man(1).

// What a page is made of, and where that comes from.
mod block;
mod commands;
mod markdown;

// How it is written.
mod roff;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use block::Block;

use super::{Outcome, Trouble};

/// A manual page.
struct Page {
    name: &'static str,
    section: u8,
    purpose: &'static str,
    /// A page of `docs/`.
    manual: &'static str,
    /// Whether the commands of the program go behind what stands in front of the first heading of it.
    is_of_commands: bool,
}

/// Every manual page.
const PAGES: &[Page] = &[
    Page {
        name: "lodged",
        section: 8,
        purpose: "an export reporting gateway",
        manual: include_str!("../../../docs/commands.md"),
        is_of_commands: true,
    },
    page("lodged.toml", 5, "the settings of lodged and its partners", include_str!("../../../docs/configuration.md")),
    page("lodged-grammar", 5, "the notation of grammars", include_str!("../../../docs/grammar-notation.md")),
    page("lodged-findings", 7, "what is wrong with a declaration, by code", include_str!("../../../docs/findings.md")),
    page("lodged-operating", 7, "installing, watching, backing up", include_str!("../../../docs/operating.md")),
];

const fn page(name: &'static str, section: u8, purpose: &'static str, manual: &'static str) -> Page {
    Page { name, section, purpose, manual, is_of_commands: false }
}

/// Prints a manual page, or writes all of them into a directory.
///
/// To read one: `lodged man lodged.toml | man -l -`
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The page
    #[arg(value_name = "NAME", default_value = PAGES[0].name, value_parser = names())]
    name: String,
    /// Where all pages are written instead, one file for each; made when it is not there
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    to: Option<PathBuf>,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(PAGES.iter().map(|page| page.name))
}

impl Man {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        match &self.to {
            None => {
                for page in PAGES.iter().filter(|page| page.name == self.name) {
                    out.write_all(page.roff().as_bytes())?;
                }
            }
            Some(directory) => {
                let unwritable = |path: &PathBuf| {
                    let path = path.clone();
                    move |source| Trouble::Unwritable { path, source }
                };
                fs::create_dir_all(directory).map_err(unwritable(directory))?;
                for page in PAGES {
                    let path = directory.join(format!("{}.{}", page.name, page.section));
                    fs::write(&path, page.roff()).map_err(unwritable(&path))?;
                }
            }
        }
        Ok(Outcome::Clean)
    }
}

impl Page {
    fn roff(&self) -> String {
        let mut blocks =
            vec![Block::Section("Name".to_owned()), Block::Paragraph(format!("`{}` - {}", self.name, self.purpose))];
        if self.is_of_commands {
            let introduction = self.manual.split("\n## ").next().unwrap_or_default();
            blocks.extend(commands::synopsis());
            blocks.extend(self.described(introduction));
            blocks.extend(commands::all());
        } else {
            blocks.extend(self.described(self.manual));
        }
        blocks.extend(self.see_also());
        roff::write(self.name, self.section, &blocks)
    }

    /// A page of the manual, whose first words describe.
    fn described(&self, manual: &str) -> Vec<Block> {
        let mut blocks = vec![Block::Section("Description".to_owned())];
        blocks.extend(markdown::read(manual));
        blocks
    }

    fn see_also(&self) -> [Block; 2] {
        let others = PAGES.iter().filter(|page| page.name != self.name);
        let others: Vec<_> = others.map(|page| format!("`{}`({})", page.name, page.section)).collect();
        [Block::Section("See also".to_owned()), Block::Paragraph(others.join(", "))]
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::config::Config;

    /// What man(1) shows of a page, and what it has to say of it.
    fn shown(page: &Page) -> (String, String) {
        let mut man = Command::new("man");
        man.args(["--warnings", "-E", "UTF-8", "-l", "-"]).env("MANROFFSEQ", "").env("MANWIDTH", "100");
        man.env("LC_ALL", "C.UTF-8").env("MAN_KEEP_FORMATTING", "").env_remove("MANPAGER").env("PAGER", "cat");
        man.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut man = man.spawn().unwrap();
        let (mut input, text) = (man.stdin.take().unwrap(), page.roff());
        let writing = std::thread::spawn(move || input.write_all(text.as_bytes()));
        let output = man.wait_with_output().unwrap();
        writing.join().unwrap().unwrap();
        let plain = String::from_utf8(output.stdout).unwrap();
        (plain, String::from_utf8(output.stderr).unwrap())
    }

    fn of(name: &str) -> &'static Page {
        PAGES.iter().find(|page| page.name == name).unwrap()
    }

    #[test]
    #[cfg_attr(not(have_man), ignore = "man is not on this machine")]
    fn man_shows_every_page_without_a_warning() {
        for page in PAGES {
            let (plain, warnings) = shown(page);
            assert_eq!(warnings, "", "{}", page.name);
            assert!(plain.contains(page.purpose) && plain.contains("SEE ALSO"), "{plain}");
        }
    }

    #[test]
    fn every_command_has_its_section() {
        let page = of("lodged").roff();
        for command in ["lodged serve", "lodged config check", "lodged store restore", "lodged man"] {
            assert!(page.contains(&format!(".SS \"{}\"", command.replace('-', "\\-"))), "{command}");
        }
        assert!(page.contains("\\fB\\-\\-verify\\fR"));
    }

    #[test]
    fn every_setting_has_its_paragraph() {
        let page = of("lodged.toml").roff();
        let settings = serde_json::to_value(Config::default()).unwrap();
        for (section, keys) in settings.as_object().unwrap() {
            for key in keys.as_object().unwrap().keys() {
                assert!(page.contains(&format!(".TP\n\\fB{section}.{key}\\fR\n")), "{section}.{key}");
            }
        }
    }

    #[test]
    fn every_finding_has_its_section() {
        let page = of("lodged-findings").roff();
        let codes = include_str!("../../../docs/findings.md").lines().filter_map(|line| line.strip_prefix("### "));
        assert!(codes.clone().count() > 50);
        codes.for_each(|code| assert!(page.contains(&format!(".SS \"{code}\"")), "{code}"));
    }
}
