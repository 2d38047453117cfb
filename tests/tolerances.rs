//! Tolerances from outside: what each switch lets pass, what is said where it is off, and that places are the sender's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

mod house;

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use bytes::Bytes;
use lodged::edifact::{Frame, FrameFinder, Mended, Note, Reading, Tolerance, Tolerances, mend};
use lodged::gateway::{Examined, Rulebook, examine};
use lodged::record::{Channel, Counted, Delivery, Digest, Examination};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

const SAMPLE: &[u8] = include_bytes!("../testdata/export-original.edi");

/// One rulebook, since it takes long to load: whoever examines sets the tolerances.
static RULEBOOK: LazyLock<Mutex<Rulebook>> = LazyLock::new(|| Mutex::new(house::rulebook()));

/// The sample without line breaks.
fn sample() -> Vec<u8> {
    SAMPLE.iter().copied().filter(|byte| *byte != b'\n').collect()
}

/// The sample with every occurrence of one text replaced by another.
fn with(old: &[u8], new: &[u8]) -> Vec<u8> {
    let (mut rest, mut bytes) = (sample(), Vec::new());
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        bytes.extend_from_slice(&rest[..at]);
        bytes.extend_from_slice(new);
        rest.drain(..at + old.len());
    }
    assert!(!bytes.is_empty(), "the sample has no {}", old.escape_ascii());
    [bytes, rest].concat()
}

/// The bytes of ISO 8859-1 as UTF-8.
fn utf8(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes()
}

fn examine_with(tolerances: Tolerances, bytes: &[u8]) -> Result<Examination, String> {
    let partner = house::partner();
    let delivery = Delivery {
        partner: partner.id.clone(),
        channel: Channel::EdiTls,
        received_at: "2026-11-21T20:45:00Z".parse().unwrap(),
        bytes: Bytes::copy_from_slice(bytes),
    };
    let mut rulebook = RULEBOOK.lock().unwrap();
    rulebook.tolerances = tolerances;
    match examine(delivery, &partner, &rulebook) {
        Examined::Interchange(examination) => Ok(*examination),
        Examined::Unreadable(evidence) => Err(evidence.reason),
    }
}

/// What is found: each code with the bytes that it shows.
fn found(examination: &Examination) -> Vec<String> {
    let bytes = &examination.delivery.bytes;
    let told = |code: u8, span: &Range<usize>| format!("{code} {}", bytes[span.clone()].escape_ascii());
    let version = examination.facts.envelope.version;
    examination.facts.findings.iter().map(|finding| told(finding.error.code(version), &finding.span)).collect()
}

/// An interchange in which one deviation is met: taken, it is a note, says the same as the sample, and is kept as it came;
/// not taken, this is said.
#[track_caller]
fn check(bytes: &[u8], tolerance: Tolerance, count: usize, off: Result<&[&str], &str>) {
    let taken = examine_with(Tolerances::default().with(tolerance, true), bytes).unwrap();
    let notes: Vec<_> = taken.notes.iter().map(|note| (note.tolerance, note.count)).collect();
    assert_eq!(notes, [(tolerance, count)]);
    assert_eq!(taken.delivery.bytes, bytes);
    let plain = examine_with(Tolerances::default(), &sample()).unwrap();
    assert_eq!(plain.notes, []);
    assert_eq!(taken.facts.findings, []);
    assert_eq!(taken.facts.judgements.len(), 1);
    assert_eq!(taken.facts.judgements[0].decision, plain.facts.judgements[0].decision);
    assert_eq!(taken.repeat_key, plain.repeat_key);
    match (examine_with(Tolerances::default().with(tolerance, false), bytes), off) {
        (Ok(refused), Ok(codes)) => {
            assert_eq!(found(&refused), codes);
            assert!(refused.facts.judgements.is_empty(), "what is refused is not judged");
            assert_eq!(refused.notes, []);
        }
        (Err(reason), Err(expected)) => assert_eq!(reason, expected),
        (other, _) => panic!("{other:?}"),
    }
}

fn is_repeat(bytes: &[u8], tolerances: Tolerances) -> bool {
    let plain = examine_with(tolerances, &sample()).unwrap();
    digest(&examine_with(tolerances, bytes).unwrap()) == digest(&plain)
}

/// The digest of what counts for a repeat.
fn digest(examination: &Examination) -> Digest {
    examination.counted.digest(&examination.delivery.bytes).expect("what counts lies in the bytes that came")
}

#[test]
fn line_breaks_between_segments() {
    let lines = with(b"'UNT", b"'\r\nUNT");
    check(&lines, Tolerance::LineBreaksBetweenSegments, 1, Ok(&[r"21 \r\n"]));
    assert!(is_repeat(&lines, Tolerances::default()));
}

/// What counts for a repeat, where it is said as stretches of the bytes that came.
fn stretches(tolerances: Tolerances, bytes: &[u8]) -> Option<Vec<String>> {
    match examine_with(tolerances, bytes).unwrap().counted {
        Counted::Stretches(stretches) => {
            let shown = |stretch: &Range<u32>| bytes[stretch.start as usize..stretch.end as usize].escape_ascii();
            Some(stretches.iter().map(|stretch| shown(stretch).to_string()).collect())
        }
        Counted::Digest(_) => None,
    }
}

#[test]
fn what_counts_for_a_repeat_stands_around_the_moment_of_preparation() {
    let text = sample().escape_ascii().to_string();
    let (before, behind) = text.split_once("261121:1530").unwrap();
    let expected = ["UNB".to_owned(), before.strip_prefix("UNB").unwrap().to_owned(), behind.to_owned()];
    let expected = Some(expected.to_vec());
    assert_eq!(stretches(Tolerances::NONE, &sample()), expected);
    for front in ["\u{feff}", "\r\n", "To: UNB\n", "UNA:+.? '", "\u{feff}\nTo: B\nUNA:+.? '\r\n"] {
        assert_eq!(stretches(Tolerances::ALL, &[front.as_bytes(), &*sample()].concat()), expected, "{front:?}");
    }
}

#[test]
fn what_counts_for_a_repeat_is_digested_where_it_lies_in_many_stretches() {
    for many in 1..=10 {
        let segments: Vec<_> = sample().splitn(many, |byte| *byte == b'\'').map(<[u8]>::to_vec).collect();
        let lines = segments.join(b"'\r\n".as_slice());
        let lie = stretches(Tolerances::default(), &lines).map(|stretches| stretches.len());
        assert_eq!(lie, Some(many + 2).filter(|lie| *lie <= Counted::STRETCHES_MAX));
        assert!(is_repeat(&lines, Tolerances::default()));
    }
}

#[test]
fn what_counts_for_a_repeat_is_digested_where_bytes_were_mended() {
    for mended in [&utf8(&sample()), &wrapped(&sample(), 80), &sample()[..sample().len() - 1]] {
        assert_eq!(stretches(Tolerances::ALL, mended), None);
    }
}

#[test]
fn another_moment_of_preparation_makes_a_repeat_and_another_byte_does_not() {
    for (old, new, is_same) in [("261121:1530", "20261121:153001", true), ("+JP'", "+KR'", false)] {
        let bytes = with(old.as_bytes(), new.as_bytes());
        assert_eq!(is_repeat(&bytes, Tolerances::default()), is_same, "{new}");
        assert_eq!(is_repeat(&bytes[..bytes.len() - 1], Tolerances::ALL), is_same, "{new}");
        assert_eq!(is_repeat(&[b"UNA:+.? '\n", &*bytes].concat(), Tolerances::default()), is_same, "{new}");
    }
}

/// The sample with its segments ended by other bytes; what it releases only for its own terminator needs that no longer.
fn ended_by(terminator: &[u8]) -> Vec<u8> {
    let (bytes, mut ended, mut at) = (sample(), Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'?' if bytes[at + 1] == b'\'' => ended.push(b'\''),
            b'?' => ended.extend_from_slice(&bytes[at..at + 2]),
            b'\'' => ended.extend_from_slice(terminator),
            byte => ended.push(*byte),
        }
        at += if *byte == b'?' { 2 } else { 1 };
    }
    ended
}

#[test]
fn a_line_break_that_una_names_as_terminator() {
    check(&[b"UNA:+.? \n", &*ended_by(b"\n")].concat(), Tolerance::NewlineTerminator, 1, Ok(&[r"20 \n"]));
    check(&[b"UNA:+.? \r\n", &*ended_by(b"\r\n")].concat(), Tolerance::NewlineTerminator, 1, Ok(&[r"20 \r"]));
}

#[test]
fn lines_that_are_segments_without_una() {
    let off = Err("there is no readable UNB; tolerances.newline_terminator is off and would take it");
    let lines = ended_by(b"\r\n");
    let taken = examine_with(Tolerances::default(), &lines).unwrap();
    assert!(
        taken.notes.iter().any(|note| note.tolerance == Tolerance::NewlineTerminator)
            && taken.facts.findings.is_empty()
    );
    // An apostrophe in a text would end the first segment where lines do not.
    let without: Vec<u8> = lines.into_iter().filter(|byte| *byte != b'\'').collect();
    assert_eq!(examine_with(Tolerances::NONE, &without).map(|_| ()), off.map_err(str::to_owned));
}

/// The bytes in lines of this width.
fn wrapped(bytes: &[u8], width: usize) -> Vec<u8> {
    bytes.chunks(width).collect::<Vec<_>>().join(b"\r\n".as_slice())
}

#[test]
fn wrapped_lines() {
    check(&with(b"SAKURA FOODS", b"SAKURA \nFOODS"), Tolerance::WrappedLines, 1, Ok(&[r"21 \n"]));
    let plain = examine_with(Tolerances::default(), &sample()).unwrap();
    for width in 10..120 {
        let taken = examine_with(Tolerances::ALL, &wrapped(&sample(), width)).unwrap();
        assert_eq!((digest(&taken), taken.facts.findings), (digest(&plain), Vec::new()), "at {width}");
    }
}

#[test]
fn a_byte_order_mark() {
    let bytes = [b"\xef\xbb\xbf", &*sample()].concat();
    let off = Err("there is no readable UNB; tolerances.byte_order_mark is off and would take it");
    check(&bytes, Tolerance::ByteOrderMark, 1, off);
    assert!(is_repeat(&bytes, Tolerances::default()));
}

#[test]
fn a_preamble() {
    let bytes = [b"From: ACME\r\nSubject: UNB\r\n\r\n", &*sample()].concat();
    let off = Err("there is no readable UNB; tolerances.preamble is off and would take it");
    check(&bytes, Tolerance::Preamble, 1, off);
    assert!(is_repeat(&bytes, Tolerances::ALL));
}

#[test]
fn a_release_character_before_an_ordinary_character() {
    check(&with(b"1-2-3", b"1?-2?-3"), Tolerance::ReleaseBeforeOrdinary, 2, Ok(&["22 ?-"]));
}

#[test]
fn utf_8_under_unoc() {
    let bytes = utf8(&sample());
    let off = Ok([r"21 \x89", r"21 \x88"].as_slice());
    check(&bytes, Tolerance::Utf8UnderUnoc, 4, off);
    assert!(is_repeat(&bytes, Tolerances::ALL));
}

#[test]
fn trailing_separators_of_syntax_3() {
    check(&with(b"LOC+36+JP'", b"LOC+36+JP:+'"), Tolerance::TrailingSeparators, 1, Ok(&["15 :"]));
}

#[test]
fn a_missing_last_terminator() {
    let mut bytes = sample();
    bytes.pop();
    check(&bytes, Tolerance::MissingLastTerminator, 1, Ok(&["13 UNT+46+1"]));
    bytes.extend_from_slice(b"\r\n");
    check(&bytes, Tolerance::MissingLastTerminator, 1, Ok(&["13 UNT+46+1"]));
    bytes.truncate(bytes.len() - 4);
    let cut = examine_with(Tolerances::ALL, &bytes).unwrap();
    assert_eq!(found(&cut), ["28 ACME00000000"], "what was cut off inside of UNZ is not taken for whole");
}

#[test]
fn findings_show_the_bytes_of_the_sender() {
    let faulty = utf8(&with(b"+JP'", b"+J\xc9P'"));
    let sent = [b"\xef\xbb\xbfTo: LODGED\n", &*wrapped(&faulty, 10)].concat();
    let examination = examine_with(Tolerances::ALL, &sent).unwrap();
    assert_eq!(examination.facts.findings, []);
    let judged: Vec<_> = examination.facts.judgements.iter().flat_map(|judgement| &judgement.findings).collect();
    assert!(!judged.is_empty());
    for finding in judged {
        let shown = sent[finding.span.clone()].iter().filter(|byte| !b"\r\n".contains(byte)).copied();
        assert_eq!(String::from_utf8(shown.collect()).unwrap(), "J\u{c9}P", "{finding:?}");
    }
}

/// All interchanges of a stream that comes in pieces, and how it ends.
fn frames(tolerances: Tolerances, stream: &[u8], cuts: &[usize]) -> (Vec<Vec<u8>>, String) {
    let (mut buffer, mut finder, mut found, mut at) = (Vec::new(), FrameFinder::new(tolerances), Vec::new(), 0);
    for cut in cuts.iter().copied().chain([stream.len()]) {
        buffer.extend_from_slice(&stream[at..cut]);
        at = cut;
        loop {
            match finder.find(&buffer) {
                Frame::Incomplete => break,
                Frame::Garbage => return (found, "garbage".to_owned()),
                Frame::Interchange(range) => {
                    found.push(buffer[range.clone()].to_vec());
                    buffer.drain(..range.end);
                }
            }
        }
    }
    let (rest, last) = (finder.rest(&buffer), finder.last(&buffer));
    (found, format!("{:?} {:?}", rest.map(|range| buffer[range].to_vec()), last.is_some()))
}

#[test]
fn of_several_interchanges_one_is_taken_where_they_may_not_follow() {
    let stream = [sample(), sample()].concat();
    assert_eq!(frames(Tolerances::default(), &stream, &[]).0.len(), 2);
    let off = Tolerances::default().with(Tolerance::SeveralInterchanges, false);
    let (found, end) = frames(off, &stream, &[]);
    assert_eq!((found.len(), end.as_str()), (1, "garbage"));
}

/// Some of the switches on, the others off.
fn tolerances() -> impl Strategy<Value = Tolerances> {
    subsequence(Tolerance::ALL.to_vec(), 0..=Tolerance::ALL.len())
        .prop_map(|on| on.into_iter().fold(Tolerances::NONE, |tolerances, tolerance| tolerances.with(tolerance, true)))
}

/// What may happen to an interchange on its way.
fn happened(bytes: &[u8], which: usize, width: usize) -> Vec<u8> {
    match which {
        0 => [b"\xef\xbb\xbf", bytes].concat(),
        1 => [b"Subject: UNA and UNB\n", bytes].concat(),
        2 => wrapped(bytes, width),
        3 => utf8(bytes),
        4 => bytes[..bytes.len() - 1].to_vec(),
        5 => [bytes, b"\r\n", bytes].concat(),
        _ => ended_by([b"\n".as_slice(), b"\r\n", b"'\n"][width % 3]),
    }
}

/// The beginning of the sample and its end, with something that happened to it, and some bytes changed or put in.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'?'), Just(b'\''), Just(b'U'), any::<u8>()];
    let short: Vec<u8> = [&sample()[..130], b"'UNT+9+1'UNZ+1+ACME0000000001'"].concat();
    let base = prop_oneof![Just(short), Just(sample())];
    (base, vec((0..7usize, 8..90usize), 0..3), vec((any::<Index>(), bytes, any::<bool>()), 0..4)).prop_map(
        |(base, happenings, changes)| {
            let mut stream = happenings.into_iter().fold(base, |bytes, (which, width)| happened(&bytes, which, width));
            for (at, byte, is_new) in changes {
                let at = at.index(stream.len());
                if is_new { stream.insert(at, byte) } else { stream[at] = byte }
            }
            stream
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn how_a_stream_is_cut_makes_no_difference(tolerances in tolerances(), stream in stream(), cuts in vec(any::<Index>(), 0..8)) {
        let whole = frames(tolerances, &stream, &[]);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(frames(tolerances, &stream, &cuts), whole);
    }

    #[test]
    fn what_was_mended_needs_no_mending(tolerances in tolerances(), bytes in stream()) {
        let once = mend(&bytes, &tolerances);
        let again = mend(once.bytes(), &tolerances);
        prop_assert_eq!(again.bytes(), once.bytes());
        prop_assert_eq!(again.original(&(3..5)), 3..5);
    }

    #[test]
    fn what_counts_for_a_repeat_is_that_of_the_mended_bytes(tolerances in tolerances(), bytes in stream()) {
        let mended = examine_with(tolerances, mend(&bytes, &tolerances).bytes());
        let came = examine_with(tolerances, &bytes);
        prop_assert_eq!(came.ok().as_ref().map(digest), mended.ok().as_ref().map(digest));
    }

    #[test]
    fn every_place_is_one_of_the_bytes_that_came(tolerances in tolerances(), bytes in stream()) {
        let mended = mend(&bytes, &tolerances);
        let mut last = 0;
        for (at, byte) in mended.bytes().iter().enumerate() {
            let original = mended.original(&(at..at + 1));
            prop_assert!(last <= original.start && original.start <= original.end && original.end <= bytes.len());
            last = original.start;
            // What was not put in, and not ISO 8859-1 instead of UTF-8, is itself.
            let is_kept = !original.is_empty() && byte.is_ascii() && original.start >= start_of(&mended);
            prop_assert!(!is_kept || bytes[original.start] == *byte, "{} at {at}", byte.escape_ascii());
        }
        if let Some(Reading { findings, notes, .. }) = mended.read() {
            prop_assert!(findings.iter().all(|finding| bytes.get(mended.original(&finding.span)).is_some()));
            let is_shown = |note: &Note| note.count > 0 && bytes.get(note.first.clone()).is_some();
            prop_assert!(notes.iter().all(is_shown));
            prop_assert!(notes.iter().all(|note| tolerances.takes(note.tolerance)));
        }
    }

    #[test]
    fn what_is_not_taken_is_not_mended(bytes in stream()) {
        let mended = mend(&bytes, &Tolerances::NONE);
        let breaks = bytes.iter().take_while(|byte| b"\r\n".contains(byte)).count();
        prop_assert!(mended.bytes() == bytes || mended.bytes() == &bytes[breaks..], "line breaks in front are nothing");
    }
}

/// Where the segments of the original begin: an UNA in front may be another one.
fn start_of(mended: &Mended<'_>) -> usize {
    mended.original(&(9..9)).start
}

#[test]
fn the_manual_argues_each_switch_with_its_default() {
    let [manual, metrics] =
        ["docs/tolerances.md", "docs/metrics.md"].map(|page| fs::read_to_string(house::path(page)).unwrap());
    for tolerance in Tolerance::ALL {
        let default = if Tolerances::default().takes(*tolerance) { "on" } else { "off" };
        assert!(manual.contains(&format!("\n| `{}` | {default} |", tolerance.name())), "{tolerance:?}");
        assert!(metrics.contains(&format!("\n| `{}` |", tolerance.name())), "{tolerance:?}");
    }
}

fn files_in(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_in(&path, files) } else { files.push(path) }
    }
}

#[test]
fn what_others_collected_is_read_under_every_tolerance() {
    let mut files = Vec::new();
    files_in(&house::path("../shared/corpus/collected"), &mut files);
    let mut used = BTreeSet::new();
    for file in &files {
        let bytes = fs::read(file).unwrap();
        let (found, _) = frames(Tolerances::ALL, &bytes, &[]);
        let rest = FrameFinder::new(Tolerances::ALL).rest(&bytes).filter(|_| found.is_empty());
        for interchange in found.into_iter().chain(rest.map(|range| bytes[range].to_vec())) {
            let mended = mend(&interchange, &Tolerances::ALL);
            let Some(Reading { notes, .. }) = mended.read() else { continue };
            used.extend(notes.iter().map(|note| note.tolerance.name()));
        }
    }
    println!("{used:?} in {} files", files.len());
    assert!(files.is_empty() || used.len() >= 7, "{used:?}");
}

/// What `lodged check` says of these bytes under these settings, in JSON.
fn checked(settings: &str, bytes: &[u8]) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("partners")).unwrap();
    fs::write(folder.path().join("lodged.toml"), settings).unwrap();
    fs::write(folder.path().join("in.edi"), bytes).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_lodged"))
        .current_dir(folder.path())
        .args(["check", "--format", "json", "--at", "2026-11-21T20:45:00Z", "--config", "lodged.toml", "in.edi"])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
    report["files"][0].clone()
}

#[test]
fn check_counts_what_was_taken_in_all_interchanges_of_a_file() {
    let report = checked("", &[b"\xef\xbb\xbf", SAMPLE, SAMPLE, SAMPLE].concat());
    let notes: Vec<_> =
        report["notes"].as_array().unwrap().iter().map(|note| (&note["tolerance"], &note["count"])).collect();
    let said = format!("{notes:?}");
    for (tolerance, count) in
        [("byte_order_mark", 1), ("line_breaks_between_segments", 141), ("several_interchanges", 2)]
    {
        assert!(said.contains(&format!("(String({tolerance:?}), Number({count}))")), "{said}");
    }
    assert_eq!(report["errors"], 0);
}

#[test]
fn check_shows_the_lines_and_columns_of_the_sender() {
    let faulty = utf8(&with(b"+G9A 5H7+CA'", b"+G9A 5H7+C\xc9A'"));
    let (mut sent, mut column) = (b"\xef\xbb\xbfTo: LODGED\n".to_vec(), 0);
    for character in String::from_utf8(faulty).unwrap().chars() {
        sent.extend(character.to_string().bytes());
        column = (column + 1) % 50;
        if column == 0 {
            sent.push(b'\n');
        }
    }
    let settings = "[tolerances]\nwrapped_lines = true\npreamble = true\nutf8_under_unoc = true\n";
    let report = checked(settings, &sent);
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["severity"] == "error").unwrap();
    let number = |key: &str| usize::try_from(finding["place"][key].as_u64().unwrap()).unwrap();
    let shown = &sent[number("offset")..number("offset") + number("length")];
    assert_eq!(String::from_utf8_lossy(shown).replace('\n', ""), "C\u{c9}A", "{finding}");
    let text = String::from_utf8(sent.clone()).unwrap();
    let line = text.lines().nth(number("line") - 1).unwrap();
    assert_eq!(line.chars().nth(number("column") - 1), Some('C'), "{line}");
}

#[test]
fn check_names_the_switch_that_would_help() {
    let report = checked("", &[b"To: LODGED\n", SAMPLE].concat());
    assert_eq!(report["unreadable"]["hint"], "Send nothing but interchanges, or switch tolerances.preamble on");
    let report = checked("[tolerances]\nseveral_interchanges = false\n", &[SAMPLE, SAMPLE].concat());
    assert_eq!(report["interchanges"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["unreadable"]["hint"], "Send one interchange only, or switch tolerances.several_interchanges on");
    assert_eq!(report["unreadable"]["place"]["line"], 49);
}
