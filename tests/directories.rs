//! The built-in grammars against the tables of facts: every segment, composite, element and segment table of D.96B, the
//! service segments and CONTRL of both syntaxes. What a table has wrong is in `docs/directory-notes.md`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test may panic")]

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use lodged::{
    edifact::{MessageType, SyntaxVersion, Tag},
    grammar::{Catalogue, DirectoryKey, MessageGrammar, SegmentTable},
};

/// Service segments: the directory's tables have those of syntax 4, which the syntax defines here.
const SERVICE: [&str; 3] = ["UNH", "UNS", "UNT"];

#[test]
#[cfg_attr(not(have_shared), ignore = "needs ../shared/directories")]
fn the_segments_of_d96b_are_those_of_the_directory() {
    let representations: BTreeMap<String, String> =
        table("d96b/elements.tsv").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let mut composites: BTreeMap<String, String> = BTreeMap::new();
    for row in table("d96b/composites.tsv") {
        let parts = composites.entry(row[0].clone()).or_default();
        assert_eq!(row[1], (parts.lines().count() + 1).to_string(), "the components are in order");
        let representation = representations.get(&row[2]).map_or("", String::as_str);
        if !row[0].starts_with('S') {
            assert_eq!(row[4], *representation, "the directory has one representation for {}", row[2]);
        }
        writeln!(parts, "    {} {} {}", row[3], row[2], row[4]).unwrap();
    }
    let mut wanted = String::new();
    let mut last = String::new();
    for row in table("d96b/segments.tsv").iter().filter(|row| !SERVICE.contains(&row[0].as_str())) {
        if row[0] != last {
            last.clone_from(&row[0]);
            writeln!(wanted, "{last}").unwrap();
        }
        match row[4].as_str() {
            "composite" => write!(wanted, "  {} {}\n{}", row[3], row[2], composites[&row[2]]).unwrap(),
            _ => writeln!(wanted, "  {} {} {}", row[3], row[2], row[5]).unwrap(),
        }
    }
    let catalogue = Catalogue::embedded();
    let directory = catalogue.directory(&DirectoryKey::read("D:96B:UN").unwrap()).unwrap();
    compare(&described(directory), &wanted);
}

#[test]
#[cfg_attr(not(have_shared), ignore = "needs ../shared/directories")]
fn the_segment_tables_of_d96b_are_those_of_the_directory() {
    let catalogue = Catalogue::embedded();
    let rows = table("d96b/messages.tsv");
    for kind in ["CUSDEC", "CUSRES", "REQDOC"] {
        let mut wanted = String::new();
        for row in rows.iter().filter(|row| row[0] == kind) {
            let path = if row[2] == "-" { row[4].clone() } else { format!("{}/{}", row[2], row[4]) };
            writeln!(wanted, "{path} {} {}", row[5], row[6]).unwrap();
        }
        let grammar = catalogue.message(&message_type(kind, "D:96B:UN")).unwrap();
        compare(&laid_out(grammar), &wanted);
    }
}

/// Message implementation guideline identification, in front of S018 in UNH of syntax 4.
const S017: &str = "  C S017\n    M 0121 an..14\n    C 0122 an..3\n    C 0124 an..3\n    C 0051 an..3\n";

#[test]
#[cfg_attr(not(have_shared), ignore = "needs ../shared/reference")]
fn the_service_segments_are_those_of_the_syntax() {
    let catalogue = Catalogue::embedded();
    let facts = structures();
    for (version, heading) in [(SyntaxVersion::V3, "### Syntax version 3"), (SyntaxVersion::V4, "### Syntax version 4")]
    {
        let section = section(&facts, heading, "\n##");
        let mut wanted: BTreeMap<Tag, String> = BTreeMap::new();
        for block in section.split("\n**").skip(1) {
            let tag = &block[..3];
            let mut text = format!("{tag}\n");
            for cells in cells(block) {
                match cells.as_slice() {
                    ["", "", status, representation, component] => {
                        let id = component.split(' ').nth(1).unwrap();
                        writeln!(text, "    {status} {id} {representation}").unwrap();
                    }
                    [_, element, status, "composite", _] => writeln!(text, "  {status} {}", &element[..4]).unwrap(),
                    [_, element, status, representation, _] => {
                        writeln!(text, "  {status} {} {representation}", &element[..4]).unwrap();
                    }
                    other => panic!("a row of five cells, not {other:?}"),
                }
            }
            // The facts leave S017 out of UNH: see docs/directory-notes.md.
            wanted.insert(Tag::read(tag.as_bytes()), text.replace("  C S018\n", &format!("{S017}  C S018\n")));
        }
        let wanted: String = wanted.into_values().collect();
        compare(&described(catalogue.service(version)), &wanted);
    }
}

#[test]
#[cfg_attr(not(have_shared), ignore = "needs ../shared/reference")]
fn contrl_is_that_of_the_syntax() {
    let catalogue = Catalogue::embedded();
    let facts = structures();
    for (key, heading) in [
        ("D:3:UN", "## CONTRL — syntax version 3"),
        ("2:2:UN", "## CONTRL — syntax version 3"),
        ("4:1:UN", "## CONTRL — syntax version 4"),
    ] {
        let mut wanted = String::new();
        for cells in cells(section(&facts, heading, "\n## ")) {
            let [_, tag, _, status, max, level] = cells[..] else { panic!("a row of six cells, not {cells:?}") };
            let name: String = tag.chars().filter(char::is_ascii_alphanumeric).collect();
            // A group is written with its trigger: SG1 (UCM…).
            let name = if tag.contains('(') { name.trim_end_matches(char::is_alphabetic).to_owned() } else { name };
            let (status, path) = if level == "-" { (status, name) } else { (status, format!("{level}/{name}")) };
            writeln!(wanted, "{path} {status} {max}").unwrap();
        }
        let grammar = catalogue.message(&message_type("CONTRL", key)).unwrap();
        compare(&laid_out(grammar), &wanted);
    }
}

/// Every segment, its elements and their components, a line each.
fn described(table: &SegmentTable) -> String {
    let status = |is_mandatory| if is_mandatory { 'M' } else { 'C' };
    let mut text = String::new();
    for segment in table.segments() {
        writeln!(text, "{}", segment.tag).unwrap();
        for element in table.elements(segment) {
            assert_eq!(element.repetitions_max, 1, "no segment here repeats an element");
            write!(text, "  {} {}", status(element.is_mandatory), element.id).unwrap();
            let values = table.values(element);
            if !element.id.is_composite() {
                writeln!(text, " {}", values[0].representation).unwrap();
                continue;
            }
            writeln!(text).unwrap();
            for value in values {
                writeln!(text, "    {} {} {}", status(value.is_mandatory), value.id, value.representation).unwrap();
            }
        }
    }
    text
}

/// Every group and place of a segment table with its path, a line each.
fn laid_out(grammar: &MessageGrammar) -> String {
    let line = |path: &str, is_mandatory, max| format!("{path} {} {max}\n", if is_mandatory { 'M' } else { 'C' });
    let mut text = String::new();
    for (_, place) in grammar.places() {
        if let Some(group) = place.group.filter(|_| place.is_trigger).and_then(|group| grammar.group(group)) {
            text += &line(&group.path, group.is_mandatory, group.repetitions_max);
        }
        text += &line(&place.to_string(), place.is_mandatory, place.repetitions_max);
    }
    text
}

/// Compares line by line, so that a difference is small to read. One character is written with or without dots.
fn compare(found: &str, wanted: &str) {
    let lines = |text: &str| {
        let text = text.replace("..1\n", "1\n");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (found, wanted) = (lines(found), lines(wanted));
    for (line, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        assert_eq!(found, wanted, "line {line}");
    }
    assert_eq!(found.len(), wanted.len());
}

fn message_type(kind: &str, key: &str) -> MessageType {
    let mut parts = key.split(':').map(str::to_owned);
    let mut next = || parts.next().unwrap();
    MessageType { kind: kind.to_owned(), version: next(), release: next(), agency: next(), association: None }
}

/// The rows of a table of the directories, without its head.
fn table(name: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/directories").join(name);
    let text = fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|row| row.split('\t').map(str::to_owned).collect()).collect()
}

fn structures() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/edifact-structures.md");
    fs::read_to_string(path).unwrap()
}

/// The text from a heading to the next.
fn section<'a>(text: &'a str, heading: &str, next: &str) -> &'a str {
    let from = text.find(heading).unwrap() + heading.len();
    let rest = &text[from..];
    rest.find(next).map_or(rest, |end| &rest[..end])
}

/// The cells of the rows of a table in Markdown, without its head.
fn cells(text: &str) -> Vec<Vec<&str>> {
    let rows =
        text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|--") && !line.starts_with("| pos"));
    rows.map(|row| row.trim().trim_matches('|').split('|').map(str::trim).collect()).collect()
}
