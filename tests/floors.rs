//! The house stands on floors: a room uses those below its own, and no room of its own floor or above.
//!
//! Every `crate::…` path of the source is read, outside of tests: those may look anywhere.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The floors from the ground up, each with its rooms. Rooms on one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["background", "clock", "event", "language", "secret"],
    &["edifact"],
    &["grammar"],
    &["identifier"],
    &["codes"],
    &["declaration", "partner"],
    &["rules"],
    &["record"],
    &["reply", "store"],
    &["gateway"],
    &["admin", "channel", "feed"],
    &["config"],
    &["daemon"],
    &["cli"],
    &["main"],
];

#[test]
fn a_room_uses_only_the_floors_below() {
    let mut breaches = BTreeSet::new();
    for file in sources() {
        let room = room_of(&file);
        let text = fs::read_to_string(&file).unwrap();
        for used in rooms_used(&without_tests(&text), &room) {
            let is_below = matches!((floor(&room), floor(&used)), (Some(own), Some(other)) if other < own);
            if used != room && !is_below {
                let file = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
                breaches.insert(format!("{} ({room}) uses {used}", file.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "a look upwards or sideways:\n{}", Vec::from_iter(breaches).join("\n"));
}

#[test]
fn every_room_has_a_floor_and_every_floor_has_rooms() {
    let library = fs::read_to_string(source().join("lib.rs")).unwrap();
    let declared: BTreeSet<&str> = library
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .chain(["main"])
        .collect();
    let standing: BTreeSet<&str> = FLOORS.iter().copied().flatten().copied().collect();
    assert_eq!(declared, standing);
}

#[test]
fn no_room_stands_on_two_floors() {
    let mut seen = BTreeMap::new();
    for (number, room) in
        FLOORS.iter().enumerate().flat_map(|(number, rooms)| rooms.iter().map(move |room| (number, room)))
    {
        assert_eq!(seen.insert(room, number), None, "{room}");
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file but the list of rooms.
fn sources() -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![source()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && path != source().join("lib.rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// `src/store/index.rs` and `src/store.rs` belong to `store`.
fn room_of(file: &Path) -> String {
    let inside = file.strip_prefix(source()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// The text without comments and without what is compiled for tests alone: a module in braces, or a file named by a line.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let code = line.split_once("//").map_or(line, |(code, _)| code);
        if code.trim() != "#[cfg(test)]" {
            kept.push_str(code);
            kept.push('\n');
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        for skipped in lines.by_ref() {
            if skipped == end
                || (skipped.trim_end().ends_with(';') && skipped.len() - skipped.trim_start().len() == indent)
            {
                break;
            }
        }
    }
    kept
}

/// The rooms that a text names by `crate::room` or `crate::{room, …}`; the program names the library `lodged`.
fn rooms_used(text: &str, room: &str) -> BTreeSet<String> {
    let root = if room == "main" { "lodged::" } else { "crate::" };
    let mut used = BTreeSet::new();
    for (at, _) in text.match_indices(root) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$') {
            continue;
        }
        let rest = &text[at + root.len()..];
        match rest.strip_prefix('{') {
            Some(list) => used.extend(first_names(list)),
            None => used.extend(name(rest)),
        }
    }
    used.remove("self");
    used
}

/// The first name of each entry of a list in braces, lists within it left out.
fn first_names(list: &str) -> Vec<String> {
    let (mut names, mut depth, mut is_new) = (Vec::new(), 0, true);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return names,
            '}' => depth -= 1,
            ',' if depth == 0 => is_new = true,
            _ if is_new && !letter.is_whitespace() => {
                names.extend(name(&list[at..]));
                is_new = false;
            }
            _ => {}
        }
    }
    names
}

/// The name that a path begins with. Macros and items of the root are no rooms.
fn name(path: &str) -> Option<String> {
    let name: String = path.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
    (!name.is_empty()).then_some(name)
}

mod reading {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let used = rooms_used(&without_tests(text), "anything");
        assert_eq!(used.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn paths_and_lists_are_read() {
        check("use crate::edifact::{Tag, Place};\nfn f() -> crate::store::Standing {}", &["edifact", "store"]);
        check("use crate::{clock::{Clock, SystemClock}, edifact};", &["clock", "edifact"]);
    }

    #[test]
    fn tests_and_comments_are_not() {
        check("#[cfg(test)]\nmod tests {\n    use crate::cli;\n}\nuse crate::clock;", &["clock"]);
        check("#[cfg(test)]\nmod sample;\n/// [`crate::cli`]\nuse crate::clock; // crate::cli", &["clock"]);
    }
}
