//! The built-in grammars against the tables of facts: every segment, composite, element, code list and segment table of
//! D.96B and D.99B, the service segments and CONTRL of both syntaxes. What a table has wrong is in
//! `docs/directory-notes.md`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test may panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use lodged::{
    edifact::{MessageType, SyntaxVersion, Tag},
    grammar::{Catalogue, CodeList, DataId, DirectoryKey, Import, MessageGrammar, SegmentTable, import, lint},
};

/// Service segments: the directory's tables have those of syntax 4, which the syntax defines here.
const SERVICE: [&str; 3] = ["UNH", "UNS", "UNT"];

/// The folders of the directories, their keys, and what is left out of them because its table is wrong.
const DIRECTORIES: [(&str, &str, &[&str]); 2] =
    [("d96b", "D:96B:UN", &["DESTIM", "7161"]), ("d99b", "D:99B:UN", &["BOPBNK", "4471", "6311", "6313"])];

#[test]
#[cfg_attr(not(have_shared), ignore = "needs ../shared/directories")]
fn the_segments_are_those_of_the_directory() {
    for (folder, key, _) in DIRECTORIES {
        let elements = table(folder, "elements").into_iter().map(|row| (row[0].clone(), row[1].clone()));
        let representations: BTreeMap<String, String> = elements.collect();
        let mut composites: BTreeMap<String, String> = BTreeMap::new();
        for row in table(folder, "composites") {
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
        for row in table(folder, "segments").iter().filter(|row| !SERVICE.contains(&row[0].as_str())) {
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
        compare(&described(catalogue.directory(&DirectoryKey::read(key).unwrap()).unwrap()), &wanted);
    }
}

#[test]
#[cfg_attr(not(have_shared), ignore = "needs ../shared/directories")]
fn the_segment_tables_are_those_of_the_directory() {
    let catalogue = Catalogue::embedded();
    for (folder, key, without) in DIRECTORIES {
        let mut wanted: BTreeMap<String, String> = BTreeMap::new();
        for row in table(folder, "messages") {
            let path = if row[2] == "-" { row[4].clone() } else { format!("{}/{}", row[2], row[4]) };
            writeln!(wanted.entry(row[0].clone()).or_default(), "{path} {} {}", row[5], row[6]).unwrap();
        }
        for (kind, wanted) in wanted.iter().filter(|(kind, _)| !without.contains(&kind.as_str())) {
            compare(&laid_out(catalogue.message(&message_type(kind, key)).unwrap()), wanted);
        }
    }
}

#[test]
#[cfg_attr(not(have_shared), ignore = "needs ../shared/directories")]
fn the_code_lists_are_those_of_the_directory() {
    let catalogue = Catalogue::embedded();
    for (folder, key, without) in DIRECTORIES {
        let directory = catalogue.directory(&DirectoryKey::read(key).unwrap()).unwrap();
        let mut wanted: BTreeMap<DataId, Vec<String>> = BTreeMap::new();
        let elements: BTreeSet<String> = table(folder, "elements").into_iter().map(|row| row[0].clone()).collect();
        for row in table(folder, "codes") {
            if elements.contains(&row[0]) && !without.contains(&row[0].as_str()) {
                wanted.entry(DataId::read(&row[0]).unwrap()).or_default().push(row[1].clone());
            }
        }
        let values = directory.segments().iter().flat_map(|segment| directory.elements(segment));
        let used: BTreeSet<DataId> =
            values.flat_map(|element| directory.values(element)).map(|value| value.id).collect();
        for element in used {
            let codes = wanted.get(&element).map(Vec::as_slice).unwrap_or_default();
            let list = directory.codes(element);
            assert_eq!(list.map_or(0, CodeList::len), codes.len(), "{folder} {element}");
            assert!(codes.iter().all(|code| list.is_some_and(|list| list.name(code).is_some())), "{folder} {element}");
        }
    }
}

/// A small directory of our own, so that the way from tables to files is tested where the tables of facts are not.
/// `UPDATE_EXPECT=1` writes the files.
#[test]
fn the_tables_of_the_tests_become_the_grammars_beside_them() {
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tables");
    let wanted = Import {
        directory: DirectoryKey::read("T:01:UN").unwrap(),
        messages: vec!["EXAMPL".to_owned()],
        without: vec!["2379".to_owned()],
        names: Vec::new(),
        has_codes: true,
        has_code_names: true,
    };
    let imported = import(&tables.join("t01"), &wanted).unwrap();
    let told: Vec<&str> = imported.report.mistakes.iter().map(|mistake| mistake.sentence.as_str()).collect();
    assert_eq!(told, ["there is no data element 8888; its codes are left out"]);
    let expected = tables.join("t01-grammars");
    for (name, text) in &imported.files {
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::create_dir_all(&expected).unwrap();
            fs::write(expected.join(name), text).unwrap();
        }
        assert_eq!(fs::read_to_string(expected.join(name)).unwrap(), *text, "{name}");
    }
    assert_eq!(fs::read_dir(&expected).unwrap().count(), imported.files.len(), "and nothing else is");
    let catalogue = Catalogue::load(&expected).unwrap();
    assert_eq!(catalogue.message(&message_type("EXAMPL", "T:01:UN")).unwrap().places().len(), 9);
    // What was imported is imported again to the same, its names taken from itself.
    let again = Import { names: vec![expected], ..wanted };
    assert_eq!(import(&tables.join("t01"), &again).unwrap().files, imported.files);
}

/// What `lodged grammar import` makes of the tables, with the names that the grammars have, is what is shipped.
#[test]
#[cfg_attr(not(have_shared), ignore = "needs ../shared/directories")]
fn the_shipped_grammars_are_the_imported_tables() {
    for (folder, key, without) in DIRECTORIES {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars").join(folder);
        let wanted = Import {
            directory: DirectoryKey::read(key).unwrap(),
            messages: Vec::new(),
            without: without.iter().map(|id| (*id).to_owned()).collect(),
            names: vec![shipped.clone()],
            has_codes: true,
            // The third column of D.99B describes what the codes mean, in sentences.
            has_code_names: folder == "d96b",
        };
        let imported = import(&tables().join(folder), &wanted).unwrap();
        assert!(!imported.report.has_errors(), "{}", imported.report);
        for (name, text) in &imported.files {
            assert!(fs::read_to_string(shipped.join(name)).unwrap() == *text, "{folder}/{name} differs");
        }
        assert_eq!(fs::read_dir(&shipped).unwrap().count(), imported.files.len(), "and nothing else is");
    }
}

/// All directories there are tables of are imported, with nothing left out but what `docs/directory-notes.md` explains.
#[test]
#[cfg_attr(not(have_shared), ignore = "needs ../shared/directories")]
fn every_directory_is_imported_and_what_becomes_of_it_has_no_mistakes() {
    const OTHERS: [(&str, &str, &[&str]); 4] = [
        ("d96a", "D:96A:UN", &["7161", "9421"]),
        ("d01b", "D:01B:UN", &[]),
        ("d04a", "D:04A:UN", &[]),
        ("d13b", "D:13B:UN", &[]),
    ];
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/directory-notes.md")).unwrap();
    for (folder, key, without) in DIRECTORIES.into_iter().chain(OTHERS) {
        assert!(without.iter().all(|id| page.contains(id)), "{folder}");
        for has_codes in [true, false] {
            let wanted = Import {
                directory: DirectoryKey::read(key).unwrap(),
                messages: Vec::new(),
                without: without
                    .iter()
                    .filter(|id| has_codes || DataId::read(id).is_none())
                    .map(|id| (*id).to_owned())
                    .collect(),
                names: Vec::new(),
                has_codes,
                has_code_names: matches!(folder, "d96a" | "d96b"),
            };
            let imported = import(&tables().join(folder), &wanted).unwrap();
            assert!(!imported.report.has_errors(), "{}", imported.report);
            assert_eq!(imported.files.iter().any(|(name, _)| name.starts_with("codes-")), has_codes, "{folder}");
            let written = tempfile::tempdir().unwrap();
            for (name, text) in &imported.files {
                fs::write(written.path().join(name), text).unwrap();
            }
            assert_eq!(lint(written.path()).unwrap().to_string(), "", "{folder}");
        }
    }
}

/// What the tables have wrong is told with both rows.
#[test]
#[cfg_attr(not(have_shared), ignore = "needs ../shared/directories")]
fn mistakes_of_the_tables_of_d_96a_are_told_with_both_rows() {
    let wanted = Import {
        directory: DirectoryKey::read("D:96A:UN").unwrap(),
        messages: Vec::new(),
        without: Vec::new(),
        names: Vec::new(),
        has_codes: true,
        has_code_names: true,
    };
    let imported = import(&tables().join("d96a"), &wanted).unwrap();
    let told: Vec<String> =
        imported.report.mistakes.iter().map(|mistake| format!("{}: {}", mistake.line, mistake.sentence)).collect();
    let other = "which says something else";
    assert_eq!(
        told,
        [
            format!("2394: AA is twice in the code list of 7161, here and in row 2146, {other}"),
            "3131: from here on 9329 rows of 133 code lists stand there again, word for word, and say nothing new"
                .to_owned(),
            format!("12409: 1 is twice in the code list of 9421, here and in row 3130, {other}"),
        ]
    );
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

/// The rows of a table of a directory, without its head.
fn table(folder: &str, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(tables().join(folder).join(name).with_extension("tsv")).unwrap();
    text.lines().skip(1).map(|row| row.split('\t').map(str::to_owned).collect()).collect()
}

fn tables() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/directories")
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
