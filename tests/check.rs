//! `lodged check` with what people really have: directories, long files, files of one line, files that are no files.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The moment at which files are taken to come.
const AT: &str = "2026-11-21T20:45:00Z";
const RIGHT: &str = "testdata/export-original.edi";
const FIVE: &str = "testdata/five-mistakes.edi";

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lodged"));
    program.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LODGED__")) {
        program.env_remove(name);
    }
    program
}

/// What `lodged check` says of some files in a folder, and how it ends.
fn check(folder: &Path, arguments: &[&str]) -> (String, i32) {
    let output = program().current_dir(folder).args(["check", "--at", AT]).args(arguments).output().unwrap();
    said(&output)
}

/// The same of bytes on standard input.
fn check_bytes(bytes: &[u8], arguments: &[&str]) -> (String, i32) {
    let mut command = program();
    command.args(["check", "--at", AT]).args(arguments).arg("-");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A program that has heard enough closes its end.
        scope.spawn(move || drop(input.write_all(bytes)));
        said(&child.wait_with_output().unwrap())
    })
}

/// Times are left out.
fn said(output: &Output) -> (String, i32) {
    let text = String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8_lossy(&output.stderr);
    let line = |line: &str| match line.rsplit_once(" (") {
        Some((line, time)) if time.ends_with(" ms)") => format!("{line}\n"),
        _ => format!("{line}\n"),
    };
    (text.lines().map(line).collect(), output.status.code().unwrap())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn read(file: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn page(name: &str) -> String {
    String::from_utf8(read(name)).unwrap()
}

/// An interchange of so many messages, each with this in it.
fn messages(count: usize, body: &str) -> Vec<u8> {
    let segments = body.matches('\'').count() + 2;
    let message = |number| format!("UNH+{number}+CUSDEC:D:96B:UN'{body}UNT+{segments}+{number}'");
    let all: String = (1..=count).map(message).collect();
    format!("UNB+UNOC:3+A+B+261121:1530+1'{all}UNZ+{count}+1'").into_bytes()
}

#[test]
fn the_example_of_the_first_page_is_what_is_printed() {
    let page = page("README.md");
    let (_, rest) = page.split_once("```console\n$ sed '").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let (command, shown) = block.split_once('\n').unwrap();
    let (change, command) = command.split_once("' ").unwrap();
    let (file, command) = command.split_once(" | cargo run --release --quiet -- check ").unwrap();
    let [_, old, new, _] = change.split('/').collect::<Vec<_>>()[..] else { panic!("{change}") };
    let bytes: String = read(file).into_iter().map(char::from).collect();
    assert!(bytes.contains(old) && !bytes.contains('\u{fffd}'));
    let changed: Vec<u8> = bytes.replace(old, new).chars().map(|letter| u8::try_from(letter).unwrap()).collect();
    assert!(command.ends_with(" -") && command.contains(AT), "{command}");
    let shown = said(&Output { stdout: shown.as_bytes().to_vec(), stderr: Vec::new(), status: Default::default() }).0;
    assert_eq!(check_bytes(&changed, &[]), (shown, 1));
}

#[test]
fn the_example_of_the_page_about_the_document_is_what_is_printed() {
    let page = page("docs/check-json.md");
    let (_, rest) = page.split_once("## An example\n\n`lodged ").unwrap();
    let (command, rest) = rest.split_once('`').unwrap();
    let (_, shown) = rest.split_once("```json\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let output = program().args(command.split_whitespace()).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), shown);
}

#[test]
fn a_directory_and_a_pattern_are_their_files_and_a_line_sums_them_up() {
    let (right, five) = (read(RIGHT), read(FIVE));
    let folder = folder(&[("in/b.edi", &right), ("in/deep/a.edi", &five), ("in/notes.md", b"not this"), ("c", &right)]);
    let expected = "in/b.edi: no findings in 1 interchange, 1 message\n\
        in/deep/a.edi: 5 errors in 1 interchange, 1 message; 1 refused\n\n\
        2 files: 5 errors in 2 interchanges, 2 messages; 1 refused\n";
    for named in ["in", "in/**/*.edi"] {
        let (text, code) = check(folder.path(), &["--limit", "0", named]);
        let summary: Vec<&str> =
            text.lines().filter(|line| !line.contains("not shown") && !line.starts_with("note[")).collect();
        assert_eq!(
            (summary.join("\n").replace("message\n\nin/", "message\nin/") + "\n", code),
            (expected.to_owned(), 1)
        );
    }
}

#[test]
fn a_file_of_a_directory_that_is_no_interchange_is_passed_over_and_one_that_is_named_is_read() {
    let folder = folder(&[("in/a.edi", &read(RIGHT)), ("in/notes.txt", b"hello"), ("in/b.txt", &read(RIGHT))]);
    let (text, code) = check(folder.path(), &["in"]);
    assert!(text.ends_with("\n2 files: no findings in 2 interchanges, 2 messages\n") && code == 0, "{text}");
    assert!(!text.contains("notes.txt"), "{text}");
    let (text, code) = check(folder.path(), &["in/notes.txt"]);
    assert!(text.contains("Here is no interchange") && code == 2, "{text}");
}

#[test]
fn imported_grammars_are_enough_for_syntax_alone() {
    let folder = folder(&[("a.edi", b"UNB+UNOA:3+A+B+261121:1530+1'UNH+1+EXAMPL:T:01:UN'UNT+2+1'UNZ+1+1'")]);
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tables/t01");
    let import = ["grammar", "import", "--directory", "T:01:UN", "--out", "own"];
    let output = program().current_dir(folder.path()).args(import).arg(tables).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let (text, code) = check(folder.path(), &["--syntax-only", "--grammars", "own", "a.edi"]);
    assert!(text.contains("error[13]") && code == 1, "{text}");
    let (text, code) = check(folder.path(), &["--grammars", "own", "a.edi"]);
    assert_eq!(code, 2);
    for words in ["there is no *.guide in own", "say --syntax-only", "or put a guide there (docs/guide-notation.md)"] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
}

#[test]
fn what_cannot_be_read_does_not_keep_the_others_from_being_judged() {
    let folder = folder(&[("a.edi", &read(RIGHT)), ("empty.edi", b""), ("z.edi", &read(RIGHT))]);
    fs::create_dir(folder.path().join("bare")).unwrap();
    let (text, code) = check(folder.path(), &["a.edi", "nowhere.edi", "bare", "empty.edi", "z.edi"]);
    assert_eq!(code, 2);
    for words in [
        "a.edi: no findings",
        "nowhere.edi cannot be read",
        "bare has no file that ends or begins like an interchange",
        "unreadable: There is nothing in it",
        "z.edi: no findings",
        "5 files, 3 not read to the end: no findings in 2 interchanges, 2 messages",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
}

#[test]
fn things_that_people_take_for_interchanges_are_named() {
    for (bytes, words) in [
        (&b"\xef\xbb\xbfUNB+UNOY:4"[..], "Here begins an interchange whose UNB cannot be read"),
        (b"\xef\xbb\xbf<?xml version=\"1.0\"?>", "This is XML"),
        (b"UIB+UNOA:4+1'", "Here is an interactive interchange (UIB to UIZ)"),
        (b"PK\x03\x04", "This is a ZIP archive"),
        (b"ISA*00*", "This is an interchange of ANSI X12"),
        (b"UNH+1+CUSDEC:D:96B:UN'", "A message stands here without an interchange around it"),
        (b"UNA:+.? '\r\nUNH+1+CUSDEC:D:96B:UN'", "A message stands here without an interchange around it"),
        (b"\x7fELF\x02\x01\0\0", "Here is no interchange"),
        (b"UN", "Here begins an interchange whose UNB cannot be read"),
        (b"\r\n\r\n", "There is nothing in it"),
    ] {
        let (text, code) = check_bytes(bytes, &[]);
        assert!(text.contains(words) && code == 2, "{text}");
    }
}

#[test]
fn what_a_tolerance_would_take_names_its_switch() {
    let config = "[tolerances]\nbyte_order_mark = false\nseveral_interchanges = false\n";
    let right = read(RIGHT);
    let marked = [&b"\xef\xbb\xbf"[..], &right].concat();
    let folder = folder(&[
        ("lodged.toml", config.as_bytes()),
        ("marked.edi", &marked),
        ("two.edi", &right.repeat(2)),
        ("mail.edi", &[&b"From: somebody\n\n"[..], &right].concat()),
    ]);
    for (name, line, switch) in
        [("marked", 1, "byte_order_mark"), ("two", 49, "several_interchanges"), ("mail", 1, "preamble")]
    {
        let (text, code) = check(folder.path(), &["--config", "lodged.toml", &format!("{name}.edi")]);
        assert!(text.contains(&format!("{name}.edi:{line}:1\n")), "{text}");
        assert!(text.contains(&format!(", or switch tolerances.{switch} on\n")) && code == 2, "{text}");
    }
    let (text, code) = check(folder.path(), &["marked.edi"]);
    assert!(text.starts_with("note[byte_order_mark]: A byte order mark stands in front") && code == 0, "{text}");
}

#[test]
fn a_byte_order_mark_is_no_column_and_utf_8_under_unoc_is_read_as_it_is_seen() {
    let text: String = read(FIVE).into_iter().map(char::from).collect();
    let folder = folder(&[
        ("lodged.toml", b"[tolerances]\nutf8_under_unoc = true\n"),
        ("five.edi", &read(FIVE)),
        ("five-utf8.edi", format!("\u{feff}{}", text.replace('\n', "\r\n")).as_bytes()),
    ]);
    let told = |file| check(folder.path(), &["--config", "lodged.toml", file]).0;
    let findings = |text: &str| text.split("note[").next().unwrap().to_owned();
    let seen = findings(&told("five-utf8.edi"));
    assert_eq!(seen.replace("five-utf8", "five"), findings(&told("five.edi")));
    assert!(
        told("five-utf8.edi").contains("note[utf8_under_unoc]: The text is UTF-8 although UNB names UNOC (4 times")
    );
}

#[test]
fn code_lists_of_the_directory_count_when_they_are_asked_for() {
    let right = String::from_utf8(read(RIGHT).into_iter().filter(u8::is_ascii).collect()).unwrap();
    let changed = right.replace("BGM+830", "BGM+837");
    let (text, _) = check_bytes(changed.as_bytes(), &["--code-lists", "--syntax-only"]);
    for words in [
        "error[12]: The value is not valid here",
        "^^^ expected one of the ",
        "= hint: The nearest in the list: 830 (Goods declaration for exportation), ",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    let (far, _) = check_bytes(right.replace("NAD+EX", "NAD+Q9").as_bytes(), &["--code-lists", "--syntax-only"]);
    let hint = "= hint: Write one of the codes that the directory has for 3035; none of them is near\n";
    assert!(far.contains(hint), "{far}");
    let (_, code) = check_bytes(changed.as_bytes(), &["--syntax-only"]);
    assert_eq!(code, 0);
    let (text, code) = check_bytes(&read(RIGHT), &["--code-lists"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_message_of_another_directory_is_told_where_its_type_is_known() {
    let insrpt =
        |directory: &str| format!("UNB+UNOA:1+A+B+961121:1530+1'UNH+1+{directory}'BGM+1'UNT+3+1'UNZ+1+1'").into_bytes();
    let (text, code) = check_bytes(&insrpt("INSRPT:D:96A:UN"), &["--syntax-only"]);
    let hint = "= hint: INSRPT is known here in D:99B; `lodged grammar import` makes grammars of other directories";
    assert!(text.contains("error[14]") && text.contains(hint) && code == 1, "{text}");
    assert!(!text.contains("expected") && !text.contains("Perhaps"), "{text}");
    let (text, _) = check_bytes(&insrpt("INSRPP:D:99B:UN"), &["--syntax-only"]);
    assert!(text.contains("= hint: Perhaps INSRPT:D:99B:UN was meant"), "{text}");
}

#[test]
fn carets_stand_right_in_every_repertoire_and_whatever_ends_the_lines() {
    let check = |syntax: &str, name: &[u8], shown: &str, under: &str| {
        let interchange = [
            format!("UNB+{syntax}+A+B+261121:1530+1'\r\nUNH+1+CUSDEC:D:96B:UN'\r\nBGM+830+1+9'\r\n").as_bytes(),
            &[&b"FTX+AAA+++"[..], name, b"+LONG'\r\n"].concat(),
            b"UNS+D'\r\nUNS+S'\r\nUNT+6+1'\r\nUNZ+1+1'\r\n",
        ]
        .concat();
        let (text, _) = check_bytes(&interchange, &["--syntax-only"]);
        assert!(text.contains(&format!("\n4 | {shown}\n  | {under} expected an..3: at most 3 characters\n")), "{text}");
    };
    check("UNOC:3", b"\xc9t\xe9", "FTX+AAA+++Été+LONG'", "              ^^^^");
    check("UNOY:3", "Été".as_bytes(), "FTX+AAA+++Été+LONG'", "              ^^^^");
    check("UNOY:3", "東京".as_bytes(), "FTX+AAA+++東京+LONG'", "               ^^^^");
    check("UNOY:3", b"\xc3", "FTX+AAA+++\u{fffd}+LONG'", "            ^^^^");
    check("UNOE:3", b"\xb0", "FTX+AAA+++А+LONG'", "            ^^^^");
    check("UNOC:3", b"A?+B\t", "FTX+AAA+++A?+B␉+LONG'", "                ^^^^");
}

#[test]
fn more_findings_than_the_limit_are_counted() {
    let bytes = messages(300, "BGM+830'XYZ'UNS+D'UNS+S'");
    let (text, code) = check_bytes(&bytes, &["--syntax-only"]);
    assert_eq!(text.matches("error[15]").count(), 100);
    assert!(text.contains("\n200 more not shown (--limit 100); all together: 15 300×\n"), "{text}");
    assert!(text.ends_with("-: 300 errors in 1 interchange, 300 messages; 300 refused\n") && code == 1);
    let (text, _) = check_bytes(&bytes, &["--syntax-only", "--limit", "7", "--format", "json"]);
    let file = &json(&text)["files"][0];
    assert_eq!(file["findings"].as_array().unwrap().len(), 7);
    assert_eq!((&file["left_out"], &file["codes"]["15"]), (&Value::from(293), &Value::from(300)));
}

#[test]
fn many_interchanges_on_one_line_have_their_lines_and_columns() {
    let one = String::from_utf8(messages(1, "BGM+830'XYZ'UNS+D'UNS+S'")).unwrap();
    let (text, _) = check_bytes(one.repeat(50).as_bytes(), &["--syntax-only", "--format", "json"]);
    let report = json(&text);
    let findings = report["files"][0]["findings"].as_array().unwrap();
    let at = one.find("XYZ").unwrap();
    for (number, finding) in findings.iter().enumerate() {
        let offset = number * one.len() + at;
        assert_eq!((&finding["place"]["line"], &finding["place"]["column"]), (&1.into(), &(offset + 1).into()));
        assert_eq!((&finding["place"]["offset"], &finding["interchange"]), (&offset.into(), &(number + 1).into()));
    }
    assert_eq!(findings.len(), 50);
}

#[test]
fn what_is_said_of_a_declaration_does_not_depend_on_those_before_it() {
    let (right, five) = (read(RIGHT), read(FIVE));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let latin1 = |text: &str| text.replace('\u{fffd}', "E").into_bytes();
    let change = |old: &str, new: &str| latin1(&text(&right).replace(old, new));
    let alone = [
        change("ABP:AB1234", "ABP:CD5678"),
        change("ABP:AB1234", "ABP:AZ1234"),
        change("ABP:AB1234", "ABP:A1234"),
        latin1(&text(&five)),
        latin1(&text(&right)),
    ];
    let findings = |bytes: &[u8]| -> Vec<String> {
        let report = json(&check_bytes(bytes, &["--format", "json"]).0);
        let findings = report["files"][0]["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| format!("{} {}", finding["code"], finding["sentence"])).collect()
    };
    let one_by_one: Vec<String> = alone.iter().flat_map(|bytes| findings(bytes)).collect();
    assert_eq!(findings(&alone.concat()), one_by_one);
    let backwards: Vec<String> = alone.iter().rev().flat_map(|bytes| findings(bytes)).collect();
    assert_eq!(findings(&alone.iter().rev().flatten().copied().collect::<Vec<u8>>()), backwards);
}

/// Two gigabytes, of which hardly any are on the disk.
fn two_gigabytes(beginning: &[u8]) -> TempDir {
    let folder = folder(&[("big.edi", beginning)]);
    let file = File::options().write(true).open(folder.path().join("big.edi")).unwrap();
    file.set_len(2 << 30).unwrap();
    folder
}

/// Runs `lodged check big.edi` with no more memory than this, and no longer than a minute.
fn check_within(folder: &Path, kilobytes: usize) -> (String, i32) {
    let program = env!("CARGO_BIN_EXE_lodged");
    let script = format!("ulimit -v {kilobytes}; exec '{program}' check big.edi");
    let began = Instant::now();
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder).output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(60));
    said(&output)
}

#[test]
fn an_interchange_of_two_gigabytes_is_refused_with_the_name_of_the_limit() {
    let folder = two_gigabytes(b"UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:1530+1'UNH+1+CUSDEC:D:96B:UN'FTX+AAA+++");
    let (text, code) = check_within(folder.path(), 600_000);
    let words = "The interchange that begins here is longer than interchange_bytes_max, 67108864 bytes";
    assert!(text.contains(words) && text.contains("big.edi:1:1\n") && code == 2, "{text}");
}

#[test]
fn two_gigabytes_that_are_no_interchange_are_refused_at_once() {
    let folder = two_gigabytes(b"");
    let (text, code) = check_within(folder.path(), 200_000);
    assert!(text.contains("Here is no interchange") && code == 2, "{text}");
}

#[test]
fn the_limit_of_an_interchange_is_that_of_the_configuration_or_of_the_command() {
    let folder = folder(&[
        ("lodged.toml", b"[limits]\ninterchange_bytes_max = 1024\n"),
        ("partners/readme.txt", b""),
        ("right.edi", &read(RIGHT)),
    ]);
    let refused = |arguments: &[&str], bytes: &str| {
        let (text, code) = check(folder.path(), &[arguments, &["right.edi"]].concat());
        assert!(text.contains(&format!("longer than interchange_bytes_max, {bytes} bytes")) && code == 2, "{text}");
    };
    refused(&["--interchange-bytes-max", "1100"], "1100");
    refused(&["--config", "lodged.toml"], "1024");
    let (_, code) =
        check(folder.path(), &["--config", "lodged.toml", "--interchange-bytes-max", "100000", "right.edi"]);
    assert_eq!(code, 0);
}

#[test]
fn every_code_of_the_page_of_findings_and_of_contrl_can_be_explained() {
    let output = program().args(["check", "--explain", "--format", "json"]).output().unwrap();
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes: Vec<&str> = all.as_array().unwrap().iter().map(|known| known["code"].as_str().unwrap()).collect();
    let findings = page("docs/findings.md");
    for code in findings.lines().filter_map(|line| line.strip_prefix("### ")).chain(["2", "13", "48"]) {
        assert!(codes.contains(&code), "{code}");
        let output = program().args(["check", "--explain", code]).output().unwrap();
        assert!(output.status.success() && output.stdout.starts_with(format!("{code}: ").as_bytes()));
    }
}

#[test]
fn the_page_about_the_document_names_every_key_of_an_explanation() {
    let output = program().args(["check", "--explain", "13", "--format", "json"]).output().unwrap();
    let explanation: Value = serde_json::from_slice(&output.stdout).unwrap();
    let page = page("docs/check-json.md");
    let (_, section) = page.split_once("## An explanation\n").expect("docs/check-json.md explains explanations");
    for key in explanation.as_object().unwrap().keys() {
        assert!(section.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn every_case_of_syntax_says_what_was_expected() {
    let told = ["13", "15", "16", "19", "21", "28", "29", "35", "36", "37", "38", "39", "40"];
    let output = program().args(["check", "--syntax-only", "--format", "json", "testdata/cases"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["files"].as_array().unwrap().iter().flat_map(|file| file["findings"].as_array().unwrap());
    let mut seen: Vec<&str> = Vec::new();
    for finding in findings.filter(|finding| told.contains(&finding["code"].as_str().unwrap())) {
        assert!(finding["expected"].is_string(), "{finding}");
        seen.push(finding["code"].as_str().unwrap());
    }
    assert!(told.iter().all(|code| seen.contains(code)), "{seen:?}");
}

#[test]
fn an_unknown_code_has_neighbours() {
    let (text, code) = said(&program().args(["check", "--explain", "A11O"]).output().unwrap());
    assert_eq!(text, "lodged: no finding has the code A11O (perhaps A110?); `lodged check --explain` lists all\n");
    assert_eq!(code, 2);
}
