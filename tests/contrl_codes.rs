//! Holds `docs/contrl-codes.md` against the table of the codes (0085) and against the cases: every code that a syntax
//! version knows stands on the page at every level that may carry it, with a case whose answer carries exactly that, or with
//! the reason why none ever does. What no page says, no answer says either. Its texts are those of `lodged check --explain`;
//! `UPDATE_EXPECT=1` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use expect_test::expect_file;
use lodged::edifact::{Frame, FrameFinder, Interchange, Level, Segment, SyntaxError, SyntaxVersion};

const PAGE: &str = "docs/contrl-codes.md";

/// A code (0085) at a level towards a syntax version; 1 and 2 are answered like 3.
type Said = (u8, SyntaxVersion, Level);

/// The syntax versions as the page has them.
const VERSIONS: [(&str, SyntaxVersion); 2] = [("1 to 3", SyntaxVersion::V3), ("4", SyntaxVersion::V4)];

/// Codes of the older lists that only a network could say.
const NEVER: [u8; 3] = [41, 42, 43];

#[test]
fn the_page_has_every_code_at_every_level_that_may_carry_it() {
    let page = page();
    let expected: Vec<String> =
        SyntaxError::ALL.iter().map(|error| format!("{} {}", error.number(), error.english())).collect();
    let sections = sections(&page);
    let found: Vec<&str> = sections.iter().map(|(heading, _)| *heading).collect();
    assert_eq!(found, expected, "{PAGE} has other codes than the table");
    for (error, (_, rows)) in SyntaxError::ALL.iter().zip(&sections) {
        let places: Vec<Said> = rows.iter().map(|(version, level, _)| (error.number(), *version, *level)).collect();
        assert_eq!(places, legal(*error).collect::<Vec<_>>(), "{PAGE} has other levels of {error:?} than the table");
    }
}

#[test]
fn the_page_says_what_explain_says() {
    let written = explained().into_iter().fold(page(), |page, [code, meaning, remedy]| {
        let (front, section) = page.split_once(&format!("\n### {code} ")).unwrap();
        let (heading, text) = section.split_once("\n\n").unwrap();
        let (_, table) = text.split_once("\n\n| syntax ").unwrap();
        format!("{front}\n### {code} {heading}\n\n{meaning}\n\n**What to do:** {remedy}.\n\n| syntax {table}")
    });
    expect_file![path(PAGE)].assert_eq(&written);
}

#[test]
fn codes_of_networks_are_explained_in_the_words_of_the_page() {
    let page = page();
    for code in NEVER {
        let row = page.lines().find(|line| line.starts_with(&format!("| {code} |"))).unwrap();
        let [_, meaning, why] = row.trim_matches(['|', ' ']).split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let arguments = ["check", "--format", "json", "--explain", &code.to_string()];
        let output = Command::new(env!("CARGO_BIN_EXE_lodged")).args(arguments).output().unwrap();
        let explained: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let sentence = explained["sentence"].as_str().unwrap().to_lowercase();
        assert_eq!(format!("{sentence} (syntax 1 to 3)"), meaning);
        assert_eq!(explained["meaning"], format!("It is never sent here: {why}."));
    }
}

#[test]
fn every_case_on_the_page_provokes_its_code_and_no_other() {
    let cases = cases();
    for (error, (_, rows)) in SyntaxError::ALL.iter().zip(sections(&page())) {
        for (version, level, cell) in rows {
            let said = (error.number(), version, level);
            match cell.strip_prefix("– ") {
                Some(reason) => {
                    assert!(!reason.is_empty(), "{said:?} has no reason");
                    let sayers: Vec<&String> =
                        cases.iter().filter(|(_, answers)| answers.contains(&said)).map(|(name, _)| name).collect();
                    assert!(sayers.is_empty(), "{said:?} is never said, says {PAGE}, and {sayers:?} say it");
                }
                None => {
                    let name = cell.split('`').nth(1).unwrap_or_default();
                    let answers = cases.get(name).unwrap_or_else(|| panic!("{said:?}: there is no case {cell}"));
                    assert!(answers.contains(&said), "{name} does not provoke {said:?} but {answers:?}");
                    // What 18 notes the cutting of stands beside it.
                    let is_alone = answers.len() == 1 || *error == SyntaxError::Unspecified;
                    assert!(is_alone, "{name} provokes more than {said:?}: {answers:?}");
                }
            }
        }
    }
}

#[test]
fn every_code_that_a_version_knows_has_a_case() {
    let provoked: BTreeSet<Said> = cases().into_values().flatten().collect();
    for error in SyntaxError::ALL {
        for (_, version) in VERSIONS {
            let has_case = provoked.iter().any(|(code, of, _)| (*code, *of) == (error.number(), version));
            assert_eq!(has_case, error.is_known_to(version), "{error:?} towards {version:?}");
        }
    }
}

#[test]
fn no_answer_carries_a_code_that_its_level_or_version_does_not_have() {
    let table: BTreeSet<Said> = SyntaxError::ALL.iter().flat_map(|error| legal(*error)).collect();
    for (name, answers) in cases() {
        let illegal: Vec<&Said> = answers.difference(&table).collect();
        assert!(illegal.is_empty(), "{name}: {illegal:?}");
    }
}

#[test]
fn the_codes_of_networks_stand_on_the_page_and_nowhere_else() {
    let page = page();
    let (_, never) = page.split_once("## Codes that are never sent\n").unwrap();
    let listed: Vec<u8> = never.lines().filter_map(|line| line.split('|').nth(1)?.trim().parse().ok()).collect();
    assert_eq!(listed, NEVER);
    assert!(SyntaxError::ALL.iter().all(|error| !NEVER.contains(&error.number())));
}

/// The places that the table allows a code, in the order of the page.
fn legal(error: SyntaxError) -> impl Iterator<Item = Said> {
    let levels = move |version| Level::ALL.into_iter().filter(move |level| error.stands_at(*level, version));
    VERSIONS
        .into_iter()
        .flat_map(move |(_, version)| levels(version).map(move |level| (error.number(), version, level)))
}

/// Code, meaning and remedy of every code of CONTRL, as `lodged check --explain` tells them.
fn explained() -> Vec<[String; 3]> {
    let output = Command::new(env!("CARGO_BIN_EXE_lodged")).args(["check", "--explain", "--format", "json"]).output();
    let all: Vec<serde_json::Value> = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    let syntax = all.iter().filter(|known| known["family"] == "syntax");
    syntax.map(|known| ["code", "meaning", "remedy"].map(|key| known[key].as_str().unwrap().to_owned())).collect()
}

fn page() -> String {
    fs::read_to_string(path(PAGE)).unwrap()
}

fn path(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// A row of the page: version, level, and what stands in the last cell.
type Row<'a> = (SyntaxVersion, Level, &'a str);

/// The headings of the codes, each with its rows.
fn sections(page: &str) -> Vec<(&str, Vec<Row<'_>>)> {
    let (_, codes) = page.split_once("## The codes\n").unwrap();
    let (codes, _) = codes.split_once("\n## ").unwrap();
    codes.split("\n### ").skip(1).map(|section| (section.lines().next().unwrap_or_default(), rows(section))).collect()
}

fn rows(section: &str) -> Vec<Row<'_>> {
    section.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut cells = line.split('|').skip(1).map(str::trim);
    let (version, level, cell) = (cells.next()?, cells.next()?, cells.next()?);
    let (_, version) = VERSIONS.into_iter().find(|(name, _)| *name == version)?;
    Some((version, Level::ALL.into_iter().find(|known| known.as_str() == level)?, cell))
}

/// What the answers of every case say, by the name of its folder.
fn cases() -> BTreeMap<String, BTreeSet<Said>> {
    let folders = fs::read_dir(path("testdata/cases")).unwrap().map(|entry| entry.unwrap());
    folders
        .filter_map(|folder| {
            let answers = fs::read(folder.path().join("answers.txt")).ok()?;
            Some((folder.file_name().into_string().unwrap(), said(&answers)))
        })
        .collect()
}

fn said(answers: &[u8]) -> BTreeSet<Said> {
    let (mut rest, mut said) = (answers, BTreeSet::new());
    while let Frame::Interchange(range) = FrameFinder::default().find(rest) {
        let (answer, after) = rest.split_at(range.end);
        let (interchange, _) = Interchange::read(answer.get(range.start..).unwrap()).unwrap();
        let version = interchange.envelope.version.max(SyntaxVersion::V3);
        let contrl = interchange.messages.iter().filter(|message| message.kind.kind == "CONTRL");
        let segments = contrl.flat_map(|message| interchange.segments_of(message));
        said.extend(segments.filter_map(|segment| code(&segment)).map(|(code, level)| (code, version, level)));
        rest = after;
    }
    said
}

/// The code in a segment of CONTRL that has one.
fn code(segment: &Segment<'_>) -> Option<(u8, Level)> {
    let level = Level::ALL.into_iter().find(|level| level.as_str() == segment.tag().as_str())?;
    let position = match level {
        Level::Interchange | Level::FunctionalGroup => 6,
        Level::Message => 5,
        Level::Segment => 3,
        Level::Element => 2,
    };
    let code = segment.component(position, 1)?;
    Some((std::str::from_utf8(code.raw()).ok()?.parse().ok()?, level))
}
