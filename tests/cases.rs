//! The corpus of cases: each folder of `testdata/cases` is a sentence, with what came (`in.edi`) and what goes back
//! (`answers.txt`, a segment to a line).
//!
//! Each case is eaten whole, byte by byte, and cut at every position; the answers must not know the difference.
//! A case whose `exporter.txt` names an authorization ID comes from an exporter, all others from a service provider.
//! `UPDATE_EXPECT=1 cargo test --test cases` writes the answers; read the difference before you commit it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod house;

use std::fs;
use std::path::PathBuf;

use expect_test::expect_file;
use house::{House, is_valid};
use lodged::edifact::{Frame, FrameFinder};

fn cases() -> Vec<PathBuf> {
    let folders = fs::read_dir(house::path("testdata/cases")).unwrap();
    let mut cases: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

/// The interchanges of a stream that comes in these pieces. A file ends where it ends: what has no UNZ counts, so that
/// a case can show what is missing.
fn interchanges(stream: &[u8], cuts: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    let (mut buffer, mut finder, mut found, mut at) = (Vec::new(), FrameFinder::default(), Vec::new(), 0);
    for cut in cuts.into_iter().chain([stream.len()]) {
        buffer.extend_from_slice(&stream[at..cut]);
        at = cut;
        loop {
            match finder.find(&buffer) {
                Frame::Incomplete => break,
                Frame::Garbage => return found,
                Frame::Interchange(range) => {
                    found.push(buffer[range.clone()].to_vec());
                    buffer.drain(..range.end);
                }
            }
        }
    }
    found.extend(finder.rest(&buffer).map(|range| buffer[range].to_vec()));
    found
}

#[tokio::test]
async fn every_case_gets_its_answers() {
    for case in cases() {
        let stream = fs::read(case.join("in.edi")).unwrap();
        let mut house = House::new();
        // A case with this file comes from an exporter that files for itself, under the authorization ID in the file.
        if let Ok(authorization_id) = fs::read_to_string(case.join("exporter.txt")) {
            house.files_for_itself(authorization_id.trim());
        }
        let mut answers = String::new();
        for interchange in interchanges(&stream, []) {
            for reply in house.receives(&interchange).await {
                is_valid(&reply);
                let text: String = reply.iter().map(|byte| char::from(*byte)).collect();
                answers.push_str(&text.replace('\'', "'\n").replace("?'\n", "?'"));
                answers.push('\n');
            }
        }
        expect_file![case.join("answers.txt")].assert_eq(&answers);
    }
}

#[test]
fn how_a_case_is_cut_makes_no_difference() {
    for case in cases() {
        let stream = fs::read(case.join("in.edi")).unwrap();
        let whole = interchanges(&stream, []);
        assert_eq!(interchanges(&stream, 0..stream.len()), whole, "{} byte by byte", case.display());
        // The one case of a thousand lines is cut at every 97th byte: quadratic work on it would say nothing new.
        let step = if stream.len() > 8_192 { 97 } else { 1 };
        for cut in (0..=stream.len()).step_by(step) {
            assert_eq!(interchanges(&stream, [cut]), whole, "{} cut at {cut}", case.display());
        }
    }
}

#[tokio::test]
async fn a_case_cut_off_anywhere_is_no_trouble() {
    for case in cases() {
        let stream = fs::read(case.join("in.edi")).unwrap();
        let step = (stream.len() / 40).max(1);
        let mut house = House::new();
        for end in (0..stream.len()).step_by(step) {
            for interchange in interchanges(&stream[..end], []) {
                for reply in house.receives(&interchange).await {
                    is_valid(&reply);
                }
            }
        }
    }
}
