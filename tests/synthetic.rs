//! The corpus: every synthetic case has exactly the findings that are expected of it, and `docs/collected.md` has the
//! verdict on everything that was collected from the world. `UPDATE_EXPECT=1` writes that page anew.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    fs,
    path::{Path, PathBuf},
};

use lodged::{
    edifact::{
        ElementPlace, Frame, FrameFinder, Interchange, Message, MessageType, Place, SyntaxFinding, SyntaxVersion,
    },
    grammar::{Catalogue, DirectoryCodes, Examined},
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
fn the_verdicts_on_what_was_collected_are_those_of_the_page() {
    let catalogue = Catalogue::embedded();
    let collected = fs::read_to_string(corpus().join("collected.tsv")).unwrap();
    let mut rows = BTreeMap::new();
    for row in collected.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let [path, _, _, _, messages, directories, label, ..] = fields[..] else {
            panic!("a row of nine values: {row}")
        };
        let bytes = fs::read(corpus().join("collected").join(path)).unwrap();
        let found: Vec<Verdict> = interchanges(&bytes).into_iter().map(|bytes| verdict(&catalogue, bytes)).collect();
        let verdict = found.into_iter().max().unwrap_or(Verdict::Nothing);
        let what = format!("{messages} {directories}").replace('|', "/");
        rows.insert(path.to_owned(), (what, label.to_owned(), verdict));
    }
    assert!(rows.len() > 400, "the collection has lost its files");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/collected.md");
    let told = fs::read_to_string(&page).unwrap();
    let (head, _) = told.split_once(TABLE_HEAD).unwrap();
    let mut wanted = format!("{head}{TABLE_HEAD}");
    for (path, (what, label, verdict)) in rows {
        writeln!(wanted, "| `{path}` | {what} | {label} | {verdict} |").unwrap();
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&page, &wanted).unwrap();
    }
    for (told, wanted) in fs::read_to_string(&page).unwrap().lines().zip(wanted.lines()) {
        assert_eq!(told, wanted, "the verdict of the page, and the one of today");
    }
}

/// The lists judge only where somebody says so, and then they must not refuse what is right.
#[test]
#[cfg_attr(not(have_corpus), ignore = "needs ../shared/corpus")]
fn code_lists_refuse_nothing_that_its_source_calls_valid() {
    let catalogue = Catalogue::embedded_with(DirectoryCodes::Judged);
    let collected = fs::read_to_string(corpus().join("collected.tsv")).unwrap();
    let mut judged = 0;
    for row in collected.lines().filter(|row| row.split('\t').nth(6) == Some("valid")) {
        let path = row.split('\t').next().unwrap();
        let bytes = fs::read(corpus().join("collected").join(path)).unwrap();
        for interchange in interchanges(&bytes) {
            let verdict = verdict(&catalogue, interchange);
            assert!(!matches!(verdict, Verdict::Refused(_)), "{path} is {verdict}");
            judged += usize::from(verdict == Verdict::Accepted);
        }
    }
    assert!(judged > 4, "the collection has lost the messages of these directories");
}

#[test]
fn code_lists_refuse_nothing_of_our_own_but_what_is_no_code() {
    // A date in a format that no list has, and a letter that UNOA has not.
    const WRONG: [&str; 2] = ["s14-message-not-processed", "s21-character-in-a-simple-element"];
    let (spared, judged) = (Catalogue::embedded(), Catalogue::embedded_with(DirectoryCodes::Judged));
    let mut refused = Vec::new();
    for case in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases")).unwrap() {
        let case = case.unwrap();
        let bytes = fs::read(case.path().join("in.edi")).unwrap();
        if interchanges(&bytes).iter().any(|bytes| judge(&spared, bytes) != judge(&judged, bytes)) {
            refused.push(case.file_name().into_string().unwrap());
        }
    }
    refused.sort();
    assert_eq!(refused, WRONG);
}

/// Where the table of the page begins.
const TABLE_HEAD: &str = "| file | message | label | verdict |\n|---|---|---|---|\n";

/// What becomes of an interchange, the worst last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Accepted,
    /// Only the envelope could be judged: the message type is not known in this version.
    Unknown(String),
    Nothing,
    /// The first finding: its place, its code, and what is wrong.
    Refused(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Unknown(what) => write!(f, "envelope accepted; there is no grammar for {what}"),
            Self::Nothing => f.write_str("no interchange is in it"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

fn verdict(catalogue: &Catalogue, bytes: &[u8]) -> Verdict {
    let Some((interchange, mut findings)) = findings(catalogue, bytes) else { return Verdict::Nothing };
    findings.sort_by_key(|finding| finding.span.start);
    if let Some(finding) = findings.first() {
        let version = interchange.envelope.version;
        let (level, message, position, element, component, code) = coordinates(finding, version);
        let place = [
            ("message", message),
            ("segment", position),
            ("element", element.map(u32::from)),
            ("component", component.map(u32::from)),
        ];
        let place: String = place.iter().filter_map(|(what, number)| Some(format!(" {what} {}", (*number)?))).collect();
        let what = if finding.detail.is_empty() { finding.error.english() } else { &finding.detail };
        // What is not printable, or would end a cell, does not belong on a page.
        let what: String = what
            .chars()
            .map(
                |letter| if " !".contains(letter) || letter.is_ascii_graphic() && letter != '|' { letter } else { '.' },
            )
            .collect();
        return Verdict::Refused(format!("{code} at {level}{place}, {what}"));
    }
    let unknown = interchange.messages.iter().find(|message| catalogue.message(&message.kind).is_none());
    unknown.map_or(Verdict::Accepted, |message| {
        let MessageType { kind, version, release, agency, .. } = &*message.kind;
        Verdict::Unknown(format!("{kind} {version}:{release}:{agency}"))
    })
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus")
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
    let Some((interchange, findings)) = findings(catalogue, bytes) else { return BTreeSet::new() };
    findings.iter().map(|finding| coordinates(finding, interchange.envelope.version)).collect()
}

fn findings<'a>(catalogue: &Catalogue, bytes: &'a [u8]) -> Option<(Interchange<'a>, Vec<SyntaxFinding>)> {
    let (interchange, mut findings) = Interchange::read(bytes)?;
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
    Some((interchange, findings))
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
