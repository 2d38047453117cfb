//! The reader and the examiner against a second opinion, the slow reader in `tests/slow`: over the corpus, the cases and
//! interchanges made up at random, both find the same segments and values, the same envelopes, and the same mistakes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

#[path = "slow/made_up.rs"]
mod made_up;
mod slow;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use lodged::edifact::{Interchange, Place, SyntaxFinding};
use lodged::grammar::{Catalogue, Examined};
use made_up::{advice, changed, changes, interchange, translated};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use slow::compare::{compare, compare_stream};
use slow::{element, envelope, notation, structure};

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn files_in(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_in(&path, files) } else { files.push(path) }
    }
    files.sort();
}

/// What came in the cases.
static CASES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut files = Vec::new();
    files_in(&path("testdata"), &mut files);
    files.retain(|file| file.extension().is_some_and(|extension| extension == "edi"));
    files.iter().map(|file| fs::read(file).unwrap()).collect()
});

// What is in files.

#[test]
fn every_case_is_read_the_same() {
    assert!(CASES.len() > 100, "the cases are lost");
    CASES.iter().for_each(|case| compare_stream(case));
}

#[test]
#[cfg_attr(not(have_corpus), ignore = "needs ../shared/corpus")]
fn the_corpus_is_read_the_same() {
    let mut files = Vec::new();
    files_in(&path("../shared/corpus"), &mut files);
    files.retain(|file| file.extension().is_none_or(|extension| extension != "tsv"));
    assert!(files.len() > 600, "the corpus is lost");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        compare_stream(&bytes);
        // Behind a byte order mark or a preamble too.
        let begins = |window: &[u8]| window == b"UNA" || window == b"UNB";
        compare_stream(&bytes[bytes.windows(3).position(begins).unwrap_or_default()..]);
    }
}

#[test]
fn what_stumbled_once_is_read_the_same() {
    // Syntax 4 as long as nothing repeats, and then none.
    compare_stream(b"UNB+U*NOY:4+A+B+261121:2045+1'UNZ+0+1'");
    compare_stream(b"UNB+UNOA:?4+A*B+C+20261121:2045+1'UNH+1+X'UNT+2+1'UNZ+1+1'");
    compare_stream(b"UNA++.?*'UNB+UNOA:4+A*B+C+20261121:2045+1'UNZ+0+1'");
    compare_stream(b"UNA:+.?*'UNB+*UNOA:4+A*B+C+20261121:2045+1'UNZ+0+1'");
    // Repetitions of S001 in a syntax without them.
    compare_stream(b"UNA:+.?*\nUNB+*UNOA:3+A+B+261121:2045+1\nUNZ+0+1\n");
    // No character at all in front of one that is none of the repertoire.
    compare_stream(b"UNB+UNOY:4+A+B+20261121:2045+1'UNH+1+X'FTX+\x80\x00'UNT+3+1'UNZ+1+1'");
    compare_stream(
        b"UNB+UNOY:4+A+B+20261121:2045+1'UNH+1+X'FTX+\xc2\x85\x00\xff+\xff\xc2\x85+\x00\xc2\x85'UNT+3+1'UNZ+1+1'",
    );
    // References that are left out, and types that change back and forth.
    let message = "UNH++X:D:96B:UN'UNT+2'UNH++Y:D:96B:UN'UNT+2'";
    let group = format!("UNG+X+A+B+261121:2045++UN+D:96B'{}UNE+6'", message.repeat(3));
    compare_stream(format!("UNB+UNOA:3+A+B+261121:2045+1'{}UNZ+2+1'", group.repeat(2)).as_bytes());
    // A message behind UNZ, which lacks its trailer, and something without a terminator.
    compare_stream(b"UNB+UNOA:3+A+B+261121:2045+1'UNH+1+X'UNT+2+1'UNZ+1+1'UNH+1+X'");
    compare_stream(b"UNB+UNOA:3+A+B+261121:2045+1'UNH+1+X'UNT+2+1'UNZ+1+1'\r\nX");
    // Packages: one whose object holds terminators, one whose UNP begins in a segment of its object.
    compare_stream(b"UNB+UNOA:4+A+B+20261121:2045+1'UNO+P1+AA:R+1+4:1'USH+1'UNH'UNP+4+P1'UNZ+1+1'");
    compare_stream(b"UNB+UNOA:4+A+B+20261121:2045+1'UNO+P1+AA:R+1+5'a'b?'UNP+5+P1'UNZ+1+1'");
    // A package whose UNP stands where it should and has no terminator, which makes it none.
    compare(b"UNB+UNOA:4+A+B+20261121:2045+1'UNO+P1+AA:R+1+3'ab'UNP+3+P1");
    // Characters of a segment that stands in a group and in no message.
    compare_stream(b"UNB+UNOA:3+A+B+261121:2045+1'UNG+X+A+B+261121:2045+1+UN+D:96B'AAA+a'UNE+0+1'UNZ+1+1'");
}

// What is made up.

/// So many inputs, the same ones every time. `PROPTEST_CASES=100000` makes as many others up.
fn made_up(cases: u32) -> ProptestConfig {
    let others = std::env::var_os("PROPTEST_CASES").is_some();
    let usual = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if others { usual } else { ProptestConfig { cases, rng_seed: RngSeed::Fixed(9735), ..usual } }
}

fn case() -> impl Strategy<Value = Vec<u8>> {
    let short: Vec<Vec<u8>> = CASES.iter().filter(|case| case.len() < 8_192).cloned().collect();
    proptest::sample::select(short)
}

proptest! {
    #![proptest_config(made_up(1_500))]

    #[test]
    fn what_is_made_up_is_read_the_same(bytes in interchange()) {
        compare_stream(&bytes);
    }

    #[test]
    fn what_is_made_up_and_damaged_is_read_the_same(bytes in interchange(), changes in changes()) {
        compare_stream(&changed(bytes, &changes));
    }

    #[test]
    fn a_damaged_case_is_read_the_same(bytes in case(), changes in changes()) {
        compare_stream(&changed(bytes, &changes));
    }

    #[test]
    fn segments_of_nothing_but_separators_are_read_the_same(bytes in "[A-B+:*?'\n]{0,60}", version in 3..=4u8, una in advice()) {
        let text = format!("UNB+UNOB:{version}+A+B+261121:2045+1'{bytes}");
        compare_stream(&translated(text.as_bytes(), una));
    }
}

// The segment table.

const ENVELOPE: &str = "UNB+UNOA:3+A+B+261121:2045+1'";

fn read_directory(name: &str) -> notation::Directory {
    let mut files = Vec::new();
    files_in(&path("grammars").join(name), &mut files);
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    notation::Directory::read(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

static D96B: LazyLock<notation::Directory> = LazyLock::new(|| read_directory("d96b"));
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);

/// Examines a message of D.96B that consists of these segments, UNH and UNT among them.
fn examined(kind: &str, tags: &[String]) -> (Vec<String>, Examined) {
    let segments =
        tags.iter().map(|tag| if tag == "UNH" { format!("UNH+1+{kind}:D:96B:UN'") } else { format!("{tag}+1'") });
    let text = format!("{ENVELOPE}{}UNZ+1+1'", segments.collect::<String>());
    let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
    let message = &interchange.messages[0];
    let grammar = CATALOGUE.message(&message.kind).unwrap();
    let examined = grammar.examine(&interchange.envelope, 0, interchange.segments_of(message));
    let places = examined.matches.iter().map(|found| grammar.place(found.place).unwrap().to_string()).collect();
    (places, examined)
}

/// Whether the gateway takes a message exactly when its table describes it, and puts its segments where the table has them.
fn compare_structure(kind: &str, tags: &[String]) {
    let table = &D96B.messages[kind];
    let (places, examined) = examined(kind, tags);
    let structural = |place: Place| matches!(place, Place::Segment { element: None, .. });
    let mistakes: Vec<_> = examined
        .findings
        .iter()
        .filter(|found| structural(found.place) && [13, 15, 35, 36].contains(&found.error.number()))
        .collect();
    assert_eq!(mistakes.is_empty(), structure::accepts(table, tags), "{kind} {tags:?}: {mistakes:?}");
    if mistakes.is_empty() {
        assert_eq!(places.len(), tags.len());
        assert!(structure::accepts(table, &places), "{kind} {places:?}");
    }
}

/// A message of the table, with its inner segments changed: taken out, repeated, changed about, or another put in.
fn changed_message(kind: &str, choices: &[u8], changes: &[(u16, u8, u16)]) -> Vec<String> {
    let mut tags = Vec::new();
    structure::walk(&D96B.messages[kind], &mut choices.iter().copied(), &mut tags);
    let known: Vec<&String> = D96B.segments.keys().collect();
    for (at, what, other) in changes {
        if tags.len() < 3 {
            break;
        }
        let inside = |number: &u16| 1 + usize::from(*number) * (tags.len() - 2) / 65_536;
        let (at, other_at) = (inside(at), inside(other));
        match what % 4 {
            0 => drop(tags.remove(at)),
            1 => tags.insert(at, tags[at].clone()),
            2 => tags.swap(at, other_at),
            _ => tags.insert(at, known[usize::from(*other) % known.len()].clone()),
        }
    }
    tags
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just("CUSDEC"), 1 => Just("CUSRES"), 1 => Just("REQDOC")]
}

proptest! {
    #![proptest_config(made_up(600))]

    #[test]
    fn what_the_table_describes_is_taken(kind in kind(), choices in vec(any::<u8>(), 0..400)) {
        compare_structure(kind, &changed_message(kind, &choices, &[]));
    }

    #[test]
    fn what_the_table_does_not_describe_is_refused(
        kind in kind(),
        choices in vec(any::<u8>(), 0..400),
        changes in vec(any::<(u16, u8, u16)>(), 1..4),
    ) {
        compare_structure(kind, &changed_message(kind, &choices, &changes));
    }
}

// The elements.

/// Elements that repeat, which came with syntax 4 and D.96B has none of.
const REPEATING: &str = "
directory D:96B:UN
segment REP
  M 1000 x2
  C C507 x3
  C 5004
  C 3035 x2
";

/// The directory D.96B with a message in which every segment may stand.
struct Trial {
    directory: notation::Directory,
    catalogue: Catalogue,
    tags: Vec<String>,
}

static TRIAL: LazyLock<Trial> = LazyLock::new(|| {
    let texts = ["elements", "composites", "segments"]
        .map(|name| fs::read_to_string(path("grammars/d96b").join(format!("{name}.grammar"))).unwrap());
    let parts = [texts[0].as_str(), texts[1].as_str(), texts[2].as_str(), REPEATING];
    let directory = notation::Directory::read(&parts);
    let tags: Vec<String> = directory.segments.keys().cloned().collect();
    let lines: String = tags.iter().map(|tag| format!("  C {tag}\n")).collect();
    let table = format!("directory D:96B:UN\nmessage TRIAL\n  M UNH\n{lines}  M UNT\n");
    let folder = tempfile::tempdir().unwrap();
    for (text, number) in parts.into_iter().chain([table.as_str()]).zip(0..) {
        fs::write(folder.path().join(format!("{number}.grammar")), text).unwrap();
    }
    let catalogue = Catalogue::load(folder.path()).unwrap();
    Trial { directory, catalogue, tags }
});

/// The gateway finds in the elements of a segment what the slow examiner finds.
fn compare_elements(segment: &str, syntax: &str, una: &str) {
    let text = format!("{una}UNB+{syntax}+A+B+261121:2045+1'UNH+1+TRIAL:D:96B:UN'{segment}'UNT+3+1'UNZ+1+1'");
    let slow = envelope::Interchange::read(text.as_bytes()).unwrap();
    let rules = element::Rules {
        is_syntax_4: slow.version == 4,
        mark: slow.characters.mark,
        has_repetitions: slow.characters.repetition.is_some(),
        is_utf8: slow.repertoire == "UNOY",
    };
    let judged = &slow.segments[2];
    // In syntax 3 what seems a repetition of the tag is a part of it, and no segment has such a tag.
    let Some(tag) = judged.tag(text.as_bytes()) else { return };
    let lines = &TRIAL.directory.segments[tag];
    let expected = element::judge(&TRIAL.directory, lines, judged, rules);
    let (fast, _) = Interchange::read(text.as_bytes()).unwrap();
    let grammar = TRIAL.catalogue.message(&fast.messages[0].kind).unwrap();
    let examined = grammar.examine(&fast.envelope, 0, fast.segments_of(&fast.messages[0]));
    let place = |finding: &SyntaxFinding| {
        let Place::Segment { message: 0, position: 2, element } = finding.place else {
            panic!("{finding:?} in {text}")
        };
        (finding.error.number(), element)
    };
    let found: Vec<element::Finding> = examined.findings.iter().map(place).collect();
    let found_once: BTreeSet<element::Finding> = found.iter().copied().collect();
    assert_eq!(found_once.len(), found.len(), "told twice in {text}: {found:?}");
    assert_eq!(found_once, expected, "{text}");
}

/// A value that nearly fits: some digits, some letters, some marks, or nothing.
fn near_value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        4 => "[0-9]{1,4}",
        3 => "[A-Z]{1,4}",
        2 => "-?[0-9]{0,3}[.,]?[0-9]{0,3}",
        1 => "[A-Z0-9é .,-]{1,40}",
        1 => "(\\?[+:?*'A1.-]|[-A1.,]){1,5}",
    ]
}

proptest! {
    #![proptest_config(made_up(4_000))]

    #[test]
    fn elements_are_judged_the_same(
        tag in 0..200usize,
        values in vec((prop_oneof![6 => Just('+'), 6 => Just(':'), 1 => Just('*')], near_value()), 0..14),
        syntax in proptest::sample::select(vec!["UNOA:3", "UNOC:2", "UNOC:4", "UNOY:4"]),
        una in proptest::sample::select(vec!["", "UNA:+,?*'", "UNA:+.? '"]),
    ) {
        // Every third segment is one with elements that repeat.
        let tag = if tag % 3 == 0 { "REP" } else { &TRIAL.tags[tag % TRIAL.tags.len()] };
        let values: String = values.into_iter().map(|(separator, value)| format!("{separator}{value}")).collect();
        compare_elements(&format!("{tag}{values}"), syntax, una);
    }
}
