//! For whom an output is, and in which language: arguments that several commands take.

use std::fmt::Display;
use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::language::Language;

/// The number of the documents that have no number of their own. Another one means that something in them has another meaning.
const NUMBER: u32 = 1;

/// For whom an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// For programs: one JSON document
    Json,
}

#[derive(Debug, Args)]
pub(super) struct FormatArgument {
    /// For people or for programs
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Human)]
    format: Format,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

impl FormatArgument {
    /// For whom the output is.
    pub(super) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    /// Writes what prints itself for people and can be a document with the number of its description.
    pub(super) fn write_numbered(&self, out: &mut dyn Write, said: &(impl Display + Serialize)) -> io::Result<()> {
        write_numbered(out, self.format() == Format::Json, said)
    }

    /// Writes what prints itself for people and can be a document.
    pub(super) fn write(&self, out: &mut dyn Write, said: &(impl Display + Serialize)) -> io::Result<()> {
        match self.format() {
            Format::Human => write!(out, "{said}"),
            Format::Json => write_json(out, said),
        }
    }
}

/// A document with the number of its description.
#[derive(Debug, Serialize)]
struct Numbered<T> {
    document: u32,
    #[serde(flatten)]
    said: T,
}

/// What prints itself for people, or as a document with the number of its description.
pub(super) fn write_numbered(out: &mut dyn Write, is_json: bool, said: &(impl Display + Serialize)) -> io::Result<()> {
    if is_json { write_json(out, &Numbered { document: NUMBER, said }) } else { write!(out, "{said}") }
}

/// A document for programs, on lines, with a line break at its end.
pub(super) fn write_json(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    writeln!(out)
}

#[derive(Debug, Args)]
pub(super) struct LanguageArgument {
    /// The language of the sentences
    #[arg(long, value_enum, value_name = "LANGUAGE", default_value_t = Tongue::En)]
    language: Tongue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tongue {
    /// English
    En,
    /// French
    Fr,
}

impl LanguageArgument {
    pub(super) fn language(&self) -> Language {
        match self.language {
            Tongue::En => Language::En,
            Tongue::Fr => Language::Fr,
        }
    }
}
