//! What commands print for programs says what they say to people.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const MANUAL: &str = include_str!("../docs/commands.md");

fn lodged(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lodged"));
    program.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LODGED__")) {
        program.env_remove(name);
    }
    program.args(arguments).output().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Both forms of a command that says something end alike; `retell` makes the one for people of the document.
#[track_caller]
fn check(arguments: &[&str], code: i32, retell: impl Fn(&Value) -> String) -> Value {
    let (human, json) = (lodged(arguments), lodged(&[arguments, &["--json"]].concat()));
    assert_eq!((human.status.code(), json.status.code()), (Some(code), Some(code)), "{}", text(json.stderr));
    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(document["document"], 1);
    assert_eq!(retell(&document), text(human.stdout));
    is_described(&document);
    document
}

/// The manual has every key of a document.
#[track_caller]
fn is_described(document: &Value) {
    for key in keys(document) {
        assert!(MANUAL.contains(&format!("`{key}`")), "docs/commands.md says nothing of {key}");
    }
}

/// Every key of a document and of what is in it; the names of settings are none.
fn keys(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (key, inner) in value.as_object().into_iter().flatten() {
        found.extend(Some(key.clone()).filter(|key| !key.contains('.')));
        found.extend(keys(inner));
    }
    found.extend(list(value).iter().flat_map(keys));
    found
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A value as people read it: a text without its quotes.
fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn hint(mistake: &Value) -> String {
    mistake["hint"].as_str().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default()
}

fn place(place: &Value) -> String {
    match (&place["variable"], &place["line"]) {
        (Value::String(name), _) => format!("environment {name}"),
        (_, Value::Null) => said(&place["file"]),
        (_, line) => format!("{}:{line}:{}", said(&place["file"]), place["column"]),
    }
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn name(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn retold_check(document: &Value) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (word, key) in [("mistake", "mistakes"), ("caution", "cautions")] {
        for mistake in list(&document[key]) {
            let (what, place) = (said(&mistake["what"]), place(&mistake["place"]));
            lines.push(format!("{word}: {what} ({place}){}\n", hint(mistake)));
        }
    }
    for listener in list(&document["listeners"]) {
        lines.push(format!("{} listens on {}\n", said(&listener["door"]), said(&listener["address"])));
    }
    for ending in list(&document["certificates"]) {
        let [holder, until] = ["holder", "until"].map(|key| said(&ending[key]));
        lines.push(format!("certificate of {holder}: {} days left, until {until}\n", ending["days_left"]));
    }
    lines.push(format!("partners: {}\n", document["partners"]));
    lines.concat()
}

#[test]
fn a_checked_configuration_is_told_to_programs() {
    let minted = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let settings = "[tls]\ncertificate = \"gateway.pem\"\nprivate_key = \"none.key\"\n";
    let home = folder(&[("lodged.toml", settings), ("gateway.pem", &minted)]);
    let config = name(&home.path().join("lodged.toml"));
    let document = check(&["config", "check", "--config", &config], 1, retold_check);
    assert_eq!((list(&document["mistakes"]).len(), list(&document["certificates"]).len()), (1, 1), "{document}");
    fs::write(&config, "[edi]\nidentiti = \"X\"\n[wach]\n").unwrap();
    let document = check(&["config", "check", "--config", &config], 1, retold_check);
    assert_eq!(list(&document["mistakes"]).len(), 2, "{document}");
}

#[test]
fn what_is_set_is_told_to_programs() {
    let maple = "name = \"Maple\"\nkind = \"carrier\"\n";
    let home = folder(&[("lodged.toml", "[limits]\nidle_seconds_max = 60\n"), ("partners/maple.toml", maple)]);
    let config = name(&home.path().join("lodged.toml"));
    let human = text(lodged(&["config", "show", "--config", &config]).stdout);
    let retell = |document: &Value| {
        // Sections come in another order, so each line is looked for.
        let mut section = String::new();
        let mut lines: Vec<String> = Vec::new();
        let mut left = document["settings"].as_object().unwrap().len();
        for line in human.lines() {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
            } else if let Some((name, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
                let setting = &document["settings"][format!("{section}.{name}")];
                let from = if setting["place"].is_null() { "default".to_owned() } else { place(&setting["place"]) };
                lines.push(format!("{:<60} # {from}\n", format!("{name} = {}", setting["value"])));
                left -= 1;
                continue;
            } else if line.starts_with("# partner") {
                break;
            }
            lines.push(format!("{line}\n"));
        }
        assert_eq!(left, 0, "a setting is not told to people");
        for partner in list(&document["partners"]) {
            let [id, name] = ["partner", "name"].map(|key| said(&partner[key]));
            let [identities, certificates, authority] =
                ["identities", "certificates", "authority"].map(|key| &partner[key]);
            lines.push(format!("# partner {id}: {name}, identities {identities}, "));
            lines.push(format!("certificates {certificates}, may file for {authority}\n"));
        }
        lines.concat()
    };
    let document = check(&["config", "show", "--config", &config], 0, retell);
    assert_eq!(document["settings"]["limits.idle_seconds_max"]["value"], 60);
    assert_eq!(list(&document["partners"]).len(), 1);
}

fn retold_mistakes(document: &Value) -> String {
    let line = |mistake: &Value| {
        let [file, severity, sentence] = ["file", "severity", "sentence"].map(|key| said(&mistake[key]));
        let hint = hint(mistake);
        format!("{file}:{}:{}: {severity}: {sentence}{hint}\n", mistake["line"], mistake["column"])
    };
    list(&document["mistakes"]).iter().map(line).collect()
}

fn retold_grammars(document: &Value) -> String {
    let (mistakes, directory) = (retold_mistakes(document), said(&document["directory"]));
    match (&document["messages"], &document["guides"]) {
        (Value::Null, Value::Null) => format!("{mistakes}{directory}: these grammars cannot be used\n"),
        _ if mistakes.contains(": error: ") => format!("{mistakes}{directory}: these guides cannot be used\n"),
        (messages, guides) => format!("{mistakes}{directory}: messages {messages}, guides {guides}, no errors\n"),
    }
}

#[test]
fn checked_grammars_are_told_to_programs() {
    check(&["grammar", "check", "grammars"], 0, retold_grammars);
    let wrong = folder(&[("own.grammar", "nonsense here\n")]);
    check(&["grammar", "check", &name(wrong.path())], 1, retold_grammars);
    let wrong = folder(&[("own.guide", "\nnonsense\n")]);
    let document = check(&["grammar", "check", &name(wrong.path())], 1, retold_grammars);
    assert!(list(&document["mistakes"]).iter().any(|mistake| mistake["line"] == 2), "{document}");
    assert_eq!(document["guides"], 1);
}

fn retold_tables(document: &Value) -> String {
    let (mistakes, folder) = (retold_mistakes(document), &document["folder"]);
    if folder.is_null() {
        return format!("{mistakes}{}: these tables cannot be used; nothing was written\n", said(&document["tables"]));
    }
    let (files, directory) = (list(&document["files"]).len(), said(&document["directory"]));
    format!("{mistakes}{}: {files} files of {directory}\n", said(folder))
}

#[test]
fn imported_tables_are_told_to_programs() {
    let out = tempfile::tempdir().unwrap();
    let to = name(&out.path().join("own"));
    let import = |tables: &str, key: &str, code| {
        check(&["grammar", "import", tables, "--directory", key, "--out", &to], code, retold_tables)
    };
    import("testdata/tables/faulty", "T:02:UN", 1);
    assert!(!Path::new(&to).exists());
    let document = import("testdata/tables/t01", "T:01:UN", 0);
    let files = list(&document["files"]);
    assert!(!files.is_empty() && files.iter().all(|file| out.path().join("own").join(said(file)).exists()));
}

#[test]
fn json_is_short_for_the_format() {
    let right = ["check", "--at", "2026-11-21T20:45:00Z", "testdata/five-mistakes.edi"];
    let list = folder(&[("countries.csv", "")]);
    let directory = name(list.path());
    let lists = ["codes", "check", "--directory", &directory];
    let commands: [&[&str]; 4] =
        [&right, &["codes", "check"], &["codes", "show", "currencies", "HRK", "--on", "2026-11-21"], &lists];
    for command in commands {
        let [short, long] = [&["--json"][..], &["--format", "json"]].map(|more| lodged(&[command, more].concat()));
        assert_eq!((short.status.code(), &short.stdout), (long.status.code(), &long.stdout), "{command:?}");
        let document: Value = serde_json::from_slice(&short.stdout).unwrap();
        assert_eq!(document["document"], 1, "{command:?}");
        if command.first() == Some(&"codes") {
            is_described(&document);
        }
    }
}

#[test]
fn troubles_are_words_for_programs_too() {
    for command in [
        &["config", "show", "--config", "nowhere.toml"][..],
        &["grammar", "check", "nowhere"],
        &["grammar", "import", "testdata/tables"],
        &["codes", "show", "contries"],
    ] {
        let (human, json) = (lodged(command), lodged(&[command, &["--json"]].concat()));
        assert_eq!((human.status.code(), json.status.code()), (Some(2), Some(2)), "{command:?}");
        assert_eq!((text(json.stdout), json.stderr), (String::new(), human.stderr), "{command:?}");
    }
}
