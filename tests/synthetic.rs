//! The corpus: every synthetic case has exactly the findings that are expected of it, and `docs/collected.md` has what
//! `lodged check --syntax-only` says of everything that was collected from the world. `UPDATE_EXPECT=1` writes that page
//! anew.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
};

use lodged::{
    edifact::{
        ElementPlace, Frame, FrameFinder, Interchange, Message, MessageType, Place, SyntaxFinding, SyntaxVersion,
        Tolerances, mend,
    },
    grammar::{Catalogue, DirectoryCodes, DirectoryKey, Examined, Import, MessageGrammar, import},
};
use serde_json::Value;

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
#[cfg_attr(not(all(have_corpus, have_shared)), ignore = "needs ../shared/corpus and ../shared/directories")]
fn the_verdicts_on_what_was_collected_are_those_of_the_page() {
    let collected = fs::read_to_string(corpus().join("collected.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = collected.lines().skip(1).map(|row| row.split('\t').collect()).collect();
    let folder = corpus().join("collected");
    let mut check = Command::new(env!("CARGO_BIN_EXE_lodged"));
    check.current_dir(&folder).args(["check", "--syntax-only", "--format", "json"]).args(rows.iter().map(|row| row[0]));
    let report: Value = serde_json::from_slice(&check.output().unwrap().stdout).unwrap();
    let directories = Directory::all();
    let mut judged = BTreeMap::new();
    for (row, file) in rows.iter().zip(report["files"].as_array().unwrap()) {
        assert_eq!(file["file"], row[0]);
        let what = format!("{} {}", row[4], row[5]).replace('|', "/");
        judged.insert(row[0], (what, row[6], Verdict::of(file, &folder.join(row[0]), &directories)));
    }
    assert_eq!(judged.len(), rows.len(), "every file has its verdict");
    let refused: Vec<&&str> = judged
        .iter()
        .filter(|(_, (_, label, of))| *label == "valid" && of.name == REFUSED)
        .map(|(path, _)| path)
        .collect();
    assert!(refused.is_empty(), "the page says that none of these is refused for what it says: {refused:?}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/collected.md");
    let told = fs::read_to_string(&page).unwrap();
    let (head, _) = told.split_once(SUMS).unwrap();
    let wanted = format!("{head}{SUMS}{}", tables(&judged));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&page, &wanted).unwrap();
    }
    let told = fs::read_to_string(&page).unwrap();
    for (told, wanted) in told.lines().zip(wanted.lines()) {
        assert_eq!(told, wanted, "the page, and the verdict of today");
    }
    assert!(told == wanted, "the page has other rows");
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
        for bytes in interchanges(&bytes) {
            let Some((interchange, found)) = findings(&catalogue, bytes) else { continue };
            assert!(found.is_empty(), "{path}: {found:?}");
            judged +=
                usize::from(interchange.messages.iter().all(|message| catalogue.message(&message.kind).is_some()));
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

/// Where the tables of the page begin.
const SUMS: &str = "| verdict | valid | invalid | unknown | all |\n|---|---|---|---|---|\n";

/// What the page calls the verdicts, in the order of its sums.
const VERDICTS: [&str; 6] = [ACCEPTED, WELL_BUILT, OTHERWISE, UNKNOWN, REFUSED, NOTHING];
const ACCEPTED: &str = "accepted";
const WELL_BUILT: &str = "refused, not built in, well built";
const OTHERWISE: &str = "refused, not built in, not built so";
const UNKNOWN: &str = "refused, not built in, unknown";
const REFUSED: &str = "refused";
const NOTHING: &str = "no interchange";

/// What `lodged check` says of a file.
struct Verdict {
    /// One of [`VERDICTS`].
    name: &'static str,
    /// In words.
    reason: String,
}

impl Verdict {
    fn of(file: &Value, path: &Path, directories: &[Directory]) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if file["unreadable"].is_object() {
            return Self { name: NOTHING, reason: text(&file["unreadable"]["sentence"]) };
        }
        let findings = file["findings"].as_array().unwrap();
        if let Some(first) =
            findings.iter().find(|finding| finding["code"] != "14" || finding["segment"]["tag"] != "UNH")
        {
            let segment = &first["segment"]["position"];
            let places =
                places([&first["message"], segment, &first["element"], &first["component"]].map(Value::as_u64));
            let tag = first["segment"]["tag"].as_str().filter(|_| segment.is_null()).map(|tag| format!(" {tag}"));
            let said = [&first["detail"], &first["sentence"]].into_iter().find_map(Value::as_str).unwrap_or_default();
            let others = and_more(findings.len());
            let code = text(&first["code"]);
            return Self {
                name: REFUSED,
                reason: format!("{code} at{}{places}: {said}{others}", tag.unwrap_or_default()),
            };
        }
        match findings.first() {
            None => Self { name: ACCEPTED, reason: String::new() },
            Some(unknown) => {
                let (name, nearest) = by_the_nearest(&fs::read(path).unwrap(), directories);
                Self { name, reason: format!("14: {}; {nearest}", text(&unknown["detail"])) }
            }
        }
    }
}

/// A directory that messages of directories that are not built in can be compared with.
struct Directory {
    release: &'static str,
    catalogue: Rc<Catalogue>,
}

impl Directory {
    /// Those that are built in, and those whose tables are at hand.
    fn all() -> Vec<Self> {
        let embedded = Rc::new(Catalogue::embedded());
        let shipped = ["96B", "99B"].map(|release| Self { release, catalogue: Rc::clone(&embedded) });
        let imported = ["96A", "01B", "04A", "13B"].map(|release| {
            let wanted = Import {
                directory: DirectoryKey::read(&format!("D:{release}:UN")).unwrap(),
                messages: Vec::new(),
                without: Vec::new(),
                names: Vec::new(),
                has_codes: false,
                has_code_names: false,
            };
            let tables = corpus().join("../directories").join(format!("d{}", release.to_lowercase()));
            let folder = tempfile::tempdir().unwrap();
            for (name, text) in import(&tables, &wanted).unwrap().files {
                fs::write(folder.path().join(name), text).unwrap();
            }
            Self { release, catalogue: Rc::new(Catalogue::load(folder.path()).unwrap()) }
        });
        shipped.into_iter().chain(imported).collect()
    }

    fn message(&self, kind: &MessageType) -> Option<&MessageGrammar> {
        let kind = MessageType { release: self.release.to_owned(), association: None, ..kind.clone() };
        self.catalogue.message(&kind)
    }
}

/// How directories of the United Nations follow each other: D.93A, D.99B, D.00A, D.01C.
fn order(release: &str) -> Option<u32> {
    let (year, letter) = release.split_at_checked(2)?;
    let year: u32 = year.parse().ok()?;
    let letter = ["A", "B", "C"].iter().position(|known| *known == letter)?;
    Some((year + if year < 90 { 100 } else { 0 }) * 3 + u32::try_from(letter).unwrap())
}

/// What the directory says of the messages of a file that is nearest to their own of those that have them.
fn by_the_nearest(bytes: &[u8], directories: &[Directory]) -> (&'static str, String) {
    let (tolerances, mut names) = (Tolerances::default(), BTreeSet::new());
    for bytes in interchanges(bytes) {
        let mended = mend(bytes, &tolerances);
        let interchange = mended.read().unwrap().interchange;
        for (number, message) in (0..).zip(&interchange.messages) {
            let kind = &message.kind;
            let own = order(&kind.release).filter(|_| kind.version == "D" && kind.agency == "UN");
            let near = own.and_then(|own| {
                let known =
                    directories.iter().filter_map(|directory| Some((directory.release, directory.message(kind)?)));
                known.min_by_key(|(release, _)| order(release).map(|other| other.abs_diff(own)))
            });
            let Some((release, grammar)) = near else {
                return (UNKNOWN, "no directory here has it".to_owned());
            };
            let examined = grammar.examine(&interchange.envelope, number, interchange.segments_of(message));
            let whose = if release == kind.release { "by its own directory" } else { "by the nearest directory" };
            if let Some(first) = examined.findings.first() {
                let version = interchange.envelope.version;
                let (_, message, position, element, component, code) = coordinates(first, version);
                let numbers = [message, position, element.map(u32::from), component.map(u32::from)];
                let (places, others) =
                    (places(numbers.map(|number| number.map(u64::from))), and_more(examined.findings.len()));
                return (OTHERWISE, format!("{whose}, D.{release}, {code} at{places}: {}{others}", first.detail));
            }
            names.insert(format!("well built {whose}, D.{release}"));
        }
    }
    (WELL_BUILT, names.into_iter().collect::<Vec<_>>().join(", "))
}

/// Message, segment, element and component, as far as they are known.
fn places(numbers: [Option<u64>; 4]) -> String {
    let named = ["message", "segment", "element", "component"].into_iter().zip(numbers);
    named.filter_map(|(what, number)| Some(format!(" {what} {}", number?))).collect()
}

/// How many findings there are behind the first one.
fn and_more(findings: usize) -> String {
    if findings > 1 { format!(", and {} more", findings - 1) } else { String::new() }
}

/// The sums of the page, and its files.
fn tables(judged: &BTreeMap<&str, (String, &str, Verdict)>) -> String {
    let count = |verdict: Option<&str>, label: Option<&str>| {
        let is_counted = |(_, is, of): &&(String, &str, Verdict)| {
            verdict.is_none_or(|name| of.name == name) && label.is_none_or(|label| label == *is)
        };
        judged.values().filter(is_counted).count()
    };
    let mut text = String::new();
    for (name, verdict) in VERDICTS.map(|name| (name, Some(name))).into_iter().chain([("all", None)]) {
        let [valid, invalid, unknown] = ["valid", "invalid", "unknown"].map(|label| count(verdict, Some(label)));
        writeln!(text, "| {name} | {valid} | {invalid} | {unknown} | {} |", count(verdict, None)).unwrap();
    }
    text += "\n| file | message | its source says | verdict | reason |\n|---|---|---|---|---|\n";
    for (path, (what, label, Verdict { name, reason })) in judged {
        // What is not printable, or would end a cell, does not belong on a page.
        let is_plain = |letter: char| " !".contains(letter) || letter.is_ascii_graphic() && letter != '|';
        let reason: String = reason.chars().map(|letter| if is_plain(letter) { letter } else { '.' }).collect();
        writeln!(text, "| `{path}` | {what} | {label} | {name} | {reason} |").unwrap();
    }
    text
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
