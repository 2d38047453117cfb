//! The corpus: every synthetic case has exactly the findings that are expected of it, and nothing collected from the
//! world makes the reader or a grammar panic.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use lodged::{
    edifact::{ElementPlace, Frame, FrameFinder, Interchange, Message, Place, SyntaxFinding, SyntaxVersion},
    grammar::{Catalogue, Examined},
};

/// Level, message (first = 1), 0096, 0098, 0104, 0085; none where CONTRL states none.
type Coordinates = (&'static str, Option<u32>, Option<u32>, Option<u16>, Option<u16>, u8);

#[test]
#[cfg_attr(not(have_corpus), ignore = "needs ../shared/corpus")]
fn every_synthetic_case_has_exactly_the_findings_expected() {
    let catalogue = Catalogue::embedded();
    let folder = corpus().join("synthetic");
    let expected = fs::read_to_string(folder.join("expected.tsv")).unwrap();
    let mut deviations = Vec::new();
    let mut cases = 0;
    for row in expected.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let [path, _, _, level, message, position, _, element, component, code, _] = fields[..] else { continue };
        cases += 1;
        let mut wanted = BTreeSet::new();
        if level != "-" {
            let level = ["UCI", "UCF", "UCM", "UCS", "UCD"].into_iter().find(|known| *known == level).unwrap();
            let (element, component) = (element.parse().ok(), component.parse().ok());
            wanted.insert((
                level,
                message.parse().ok(),
                position.parse().ok(),
                element,
                component,
                code.parse().unwrap(),
            ));
        }
        let bytes = fs::read(folder.join(path)).unwrap();
        let found = judge(&catalogue, &bytes);
        if found != wanted {
            deviations.push(format!("{path}: wanted {wanted:?}, found {found:?}"));
        }
    }
    assert!(cases > 170, "the table has lost its cases");
    assert!(deviations.is_empty(), "{} of {cases}:\n{}", deviations.len(), deviations.join("\n"));
}

#[test]
#[cfg_attr(not(have_corpus), ignore = "needs ../shared/corpus")]
fn whatever_was_collected_is_eaten_without_a_panic() {
    let catalogue = Catalogue::embedded();
    let mut files = Vec::new();
    files_in(&corpus().join("collected"), &mut files);
    assert!(files.len() > 100, "the collection has lost its files");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for interchange in interchanges(&bytes) {
            judge(&catalogue, interchange);
        }
    }
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus")
}

fn files_in(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_in(&path, files) } else { files.push(path) }
    }
}

/// The interchanges of a file, and what is left at its end.
fn interchanges(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut finder, mut found) = (bytes, FrameFinder::default(), Vec::new());
    loop {
        match finder.find(rest) {
            Frame::Interchange(range) => {
                found.push(&rest[range.clone()]);
                rest = &rest[range.end..];
            }
            Frame::Garbage => {
                found.push(rest);
                return found;
            }
            Frame::Incomplete => {
                found.extend(finder.rest(rest).map(|range| &rest[range]));
                return found;
            }
        }
    }
}

/// Everything that reader, service segments and directory say of an interchange.
fn judge(catalogue: &Catalogue, bytes: &[u8]) -> BTreeSet<Coordinates> {
    let Some((interchange, mut findings)) = Interchange::read(bytes) else { return BTreeSet::new() };
    findings.extend(catalogue.check_service(&interchange));
    let examine = |(message, number): (&Message, u32)| {
        let grammar = catalogue.message(&message.kind)?;
        Some(grammar.examine(&interchange.envelope, number, interchange.segments_of(message)))
    };
    let structures: Vec<Option<Examined>> = interchange.messages.iter().zip(0..).map(examine).collect();
    findings.extend(structures.iter().flatten().flat_map(|examined| examined.findings.clone()));
    catalogue.name_simple_elements(&interchange, &structures, &mut findings);
    for finding in &findings {
        assert!(bytes.get(finding.span.clone()).is_some(), "{finding:?} points outside");
    }
    findings.iter().map(|finding| coordinates(finding, interchange.envelope.version)).collect()
}

fn coordinates(finding: &SyntaxFinding, version: SyntaxVersion) -> Coordinates {
    let (level, message, position, element) = match finding.place {
        Place::Interchange { element, .. } => ("UCI", None, None, element),
        Place::FunctionalGroup { element, .. } => ("UCF", None, None, element),
        Place::Message { message, element, .. } => ("UCM", Some(message), None, element),
        Place::Segment { message, position, element: None } => ("UCS", Some(message), Some(position), None),
        Place::Segment { message, position, element } => ("UCD", Some(message), Some(position), element),
    };
    let ElementPlace { element, component, .. } = element.unwrap_or(ElementPlace::element(0));
    let element = Some(element).filter(|element| *element > 0);
    (level, message.map(|message| message + 1), position, element, component, finding.error.code(version))
}
