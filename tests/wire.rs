//! Replays every example of `docs/wire.md`: what the page says goes back is what goes back, byte for byte.
//!
//! `UPDATE_EXPECT=1 cargo test --test wire` writes the answers into the page; read the difference before you commit it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod house;

use std::fs;

use house::{House, is_valid};

const PAGE: &str = "docs/wire.md";

#[tokio::test]
async fn the_page_says_what_goes_over_the_wire() {
    let path = house::path(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let mut house = House::new();
    let (mut replayed, mut sent, mut said) = (String::new(), Vec::new(), String::new());
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        replayed.push_str(line);
        replayed.push('\n');
        let Some(kind) = line.strip_prefix("```").filter(|kind| !kind.is_empty()) else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let content = match kind {
            "sent" => {
                sent = latin1(&block.join("\n"));
                said = answers(&mut house, &sent).await;
                block.join("\n")
            }
            "sent-file" => {
                sent = changed(&block);
                said = answers(&mut house, &sent).await;
                block.join("\n")
            }
            "shown" => text(&sent).trim_end().to_owned(),
            "answered" => said.clone(),
            _ => block.join("\n"),
        };
        replayed.push_str(&content);
        replayed.push_str(if content.is_empty() { "```\n" } else { "\n```\n" });
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &replayed).unwrap();
    } else {
        assert_eq!(page, replayed);
    }
}

/// The answers to one interchange, a segment to a line, with an empty line between two interchanges.
async fn answers(house: &mut House, sent: &[u8]) -> String {
    let mut answers = Vec::new();
    for reply in house.receives(sent).await {
        is_valid(&reply);
        assert!(!reply.contains(&b'\n'));
        let lines = text(&reply).replace('\'', "'\n").replace("?'\n", "?'");
        answers.push(lines.trim_end().to_owned());
    }
    answers.join("\n\n")
}

/// A file with `old → new` carried out, first occurrence by first occurrence except where it stands in several.
fn changed(block: &[&str]) -> Vec<u8> {
    let (file, changes) = block.split_first().unwrap();
    let mut content = text(&fs::read(house::path(file)).unwrap());
    for change in changes {
        let (old, new) = change.split_once(" → ").unwrap();
        assert!(content.contains(old), "{file} has no {old}");
        content = content.replace(old, new);
    }
    latin1(&content)
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character).unwrap()).collect()
}
