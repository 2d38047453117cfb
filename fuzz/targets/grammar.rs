//! Any file of a grammar is loaded or refused with its mistakes, and any message is held against what was loaded: in
//! bounded time and without a panic.
//!
//! An input is the file, and behind a line with `%%` the segments of a message.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lodged::edifact::Interchange;
use lodged::grammar::{Catalogue, FINDINGS_MAX, lint};
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder for grammars"));

fuzz_target!(|input: &str| {
    let (file, message) = input.split_once("\n%%\n").unwrap_or((input, "AAA+1'BBB'AAA'"));
    fs::write(FOLDER.path().join("one.grammar"), file).expect("room for a grammar");
    let report = lint(FOLDER.path()).expect("the grammar can be read");
    assert_eq!(report.to_string().lines().next().is_some(), !report.mistakes.is_empty());
    let loaded = Catalogue::load(FOLDER.path());
    assert_eq!(loaded.is_err(), report.has_errors());
    let Ok(catalogue) = loaded else { return };
    let text = format!("UNB+UNOC:3+A+B+261121:2045+1'UNH+1'{message}'UNT+3+1'UNZ+1+1'");
    let Some((interchange, _)) = Interchange::read(text.as_bytes()) else { return };
    let Some(read) = interchange.messages.first() else { return };
    for kind in catalogue.message_types().take(8) {
        let grammar = catalogue.message(kind).expect("what is listed is there");
        let examined = grammar.examine(&interchange.envelope, 0, interchange.segments_of(read));
        assert!(examined.findings.len() <= FINDINGS_MAX);
        assert!(examined.matches.is_sorted_by_key(|found| found.position));
        assert!(examined.matches.iter().all(|found| grammar.place(found.place).is_some()));
    }
});
