//! The socket for administration: who may, how much, and what is shown over it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::gateway::{DEADLINE, Gateway, Home, until};
use crate::interchange::{declaration, with};
use crate::teller::Told;

fn socket(home: &Home) -> PathBuf {
    home.path().join("record/admin.sock")
}

/// What the socket answers to these bytes.
fn says(gateway: &Gateway, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(socket(&gateway.home)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // What is refused need not be read to its end.
    stream.write_all(bytes).unwrap_or_default();
    stream.shutdown(std::net::Shutdown::Write).unwrap_or_default();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap_or_default();
    String::from_utf8(said).unwrap()
}

#[test]
fn a_backup_tells_how_far_it_is_to_whoever_asks_for_it() {
    let gateway = Gateway::started();
    let directory = gateway.home.path().join("backup");
    let lines = |more: &str| {
        let asked = format!("{{\"ask\":\"backup\",\"directory\":{directory:?},\"verify\":false{more}}}");
        let told = says(&gateway, format!("{{\"protocol\":1,\"request\":{asked}}}\n").as_bytes());
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let told = lines(",\"progress\":true");
    let [reached @ .., answer] = told.as_slice() else { panic!("nothing was said") };
    assert!(answer["answer"]["act"].is_object() && !reached.is_empty(), "{told:?}");
    for line in reached {
        assert!(line["reached"]["bytes"].as_u64() <= line["reached"]["bytes_total"].as_u64(), "{line}");
    }
    assert_eq!(lines("").len(), 1);
}

#[test]
fn status_says_how_the_gateway_is() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    partner.gets_contrl();
    partner.gets_cusres();
    let status = gateway.home.asks_json(&["status"]);
    assert_eq!(
        (&status["document"], &status["is_ready"], &status["version"]),
        (&1.into(), &true.into(), &env!("CARGO_PKG_VERSION").into())
    );
    assert_eq!(status["process_id"], gateway.process_id());
    assert_eq!(status["connections"][0]["partner"], "acme");
    assert_eq!(status["waiting"][0]["answers"], 2);
    assert_eq!((&status["store"]["last_entry"], &status["store"]["backed_up"]), (&1.into(), &Value::Null));
    assert_eq!(status["guides"][0], "CUSDEC:D:96B:UN");
    assert!(status["code_lists"].as_array().unwrap().len() > 5 && status["grammars"].as_array().unwrap().len() > 1);
    let doors: Vec<_> = status["listeners"].as_array().unwrap().iter().map(|of| of["door"].as_str().unwrap()).collect();
    assert_eq!(doors, ["edi-tls", "watch", "admin"]);
    let told = gateway.home.asks(&["status"]).done();
    for words in [
        "is ready\n",
        "last entry   1,",
        "partner  connections\nacme               1\n",
        "answers waiting\nacme                   2\n",
    ] {
        assert!(told.contains(words), "{words:?} is not in\n{told}");
    }
    assert!(told.contains("backed up    never"), "{told}");
    let backup = gateway.home.path().join("backup");
    gateway.home.asks(&["store", "backup", backup.to_str().unwrap(), "--daemon"]).done();
    let status = gateway.home.asks_json(&["status"]);
    let entries = status["store"]["backed_up"]["entries"].as_u64().unwrap();
    let made = status["store"]["backed_up"]["made_at"].as_str().unwrap();
    let told = gateway.home.asks(&["status"]).done();
    let line = format!("backed up    {}", made.get(..19).unwrap());
    assert!(entries > 0 && told.contains(&line) && told.contains(&format!("Z, {entries} entries\n")), "{told}");
}

#[test]
fn a_gateway_that_is_not_ready_says_why() {
    let mut gateway = Gateway::started();
    gateway.is_killed_and_started_again_with_files_of(Some(1));
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    until("the record stops", || gateway.page("/readyz").contains("store: not ready"));
    let told = gateway.home.asks(&["status"]);
    assert!(told.code == 1 && told.out.contains("is not ready\n  store: "), "{told:?}");
    assert_eq!(gateway.home.asks_json(&["status"])["checks"][0]["is_ready"], false);
    let told = gateway.home.asks(&["partner", "disable", "acme"]);
    assert!(told.code == 2 && told.error.contains("the record is unavailable"), "{told:?}");
    let file = fs::read_to_string(gateway.home.path().join("partners/acme.toml")).unwrap();
    assert!(!file.contains("disabled"), "{file}");
}

#[test]
fn without_a_gateway_the_command_says_what_to_do() {
    let mut gateway = Gateway::started();
    gateway.is_killed();
    let told = gateway.home.asks(&["status"]);
    assert!(
        told.code == 2 && told.error.contains("no gateway answers at") && told.error.contains("start it"),
        "{told:?}"
    );
    let told = Told::of(
        Command::new(env!("CARGO_BIN_EXE_lodged")).args(["status", "--socket", "/nowhere/at.all"]).output().unwrap(),
    );
    assert!(told.code == 2 && told.error.contains("/nowhere/at.all"), "{told:?}");
}

#[test]
fn the_socket_is_for_its_owner_and_goes_with_the_gateway() {
    let mut gateway = Gateway::started();
    let path = socket(&gateway.home);
    assert_eq!(path.symlink_metadata().unwrap().permissions().mode() & 0o777, 0o600);
    gateway.gets_signal("TERM");
    assert!(gateway.ends().success());
    assert!(!path.exists());
}

#[test]
fn the_socket_of_a_gateway_that_was_killed_is_replaced() {
    let mut gateway = Gateway::started();
    gateway.is_killed();
    assert!(socket(&gateway.home).exists(), "nobody took it away");
    gateway.is_started_again();
    gateway.home.asks(&["status"]).done();
}

/// What a start in this home says that comes to nothing.
fn refused_start(home: &Home) -> String {
    let told = Told::of(home.command(&["serve"]).output().unwrap());
    assert_eq!(told.code, 2, "{told:?}");
    told.error
}

#[test]
fn a_second_gateway_does_not_take_the_socket_of_the_first() {
    let first = Gateway::started();
    let said = refused_start(&first.home);
    assert!(said.contains("is in use"), "the record comes first: {said}");
    let second = Home::new("");
    second.sets(&format!("[admin]\nsocket = {:?}\n", socket(&first.home)));
    let said = refused_start(&second);
    assert!(said.contains("another gateway administers at"), "{said}");
    first.home.asks(&["status"]).done();
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let home = Home::new("[admin]\nsocket = \"mine\"\n");
    fs::write(home.path().join("mine"), "precious").unwrap();
    let said = refused_start(&home);
    assert!(said.contains("mine is there and is no socket"), "{said}");
    assert_eq!(fs::read_to_string(home.path().join("mine")).unwrap(), "precious");
    home.sets(&format!("[admin]\nsocket = \"{}\"\n", "long/".repeat(40)));
    assert!(refused_start(&home).contains("longer than the 102 bytes"));
}

#[test]
fn users_who_are_named_reach_the_socket() {
    let gateway = Gateway::with("[admin]\nuser_ids = \"4242 4243\"\n");
    assert_eq!(socket(&gateway.home).metadata().unwrap().permissions().mode() & 0o777, 0o666);
    gateway.home.sets("[admin]\nuser_ids = \"somebody\"\n");
    let told = gateway.home.asks(&["config", "check"]);
    assert!(told.code == 1 && told.out.contains("`admin.user_ids` cannot be \"somebody\""), "{told:?}");
}

/// `lodged status` as another user, where this one may become it and can be let through to the socket.
fn as_user(gateway: &Gateway, uid: &str) -> Option<Told> {
    let is_root = gateway.home.path().metadata().unwrap().uid() == 0;
    let program = gateway.home.path().join("lodged");
    for path in [gateway.home.path(), &gateway.home.path().join("record")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // Another process writes it: what is open for writing here, a child of another test has open too until it is another
    // program, and nobody may start what somebody writes.
    assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_lodged")).arg(&program).status().unwrap().success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid", uid, "--regid", uid, "--clear-groups"]).arg(program).args(["status", "--socket"]);
    let output = command.arg(socket(&gateway.home)).output().ok().filter(|_| is_root)?;
    Some(Told::of(output))
}

#[test]
fn a_user_who_may_not_is_refused_and_counted() {
    // The mode lets everybody through; the kernel's word does not.
    let gateway = Gateway::with("[admin]\nuser_ids = \"4242\"\n");
    let Some(told) = as_user(&gateway, "4243") else { return };
    assert!(told.code == 1 && told.error.contains("user 4243 may not administer this gateway"), "{told:?}");
    assert_eq!(gateway.metric("lodged_admin_requests_total{result=\"foreign-user\"}"), 1);
    assert_eq!(gateway.metric("lodged_security_events_total{kind=\"foreign-user\"}"), 1);
    gateway.says("a user who may not administer is refused");
    as_user(&gateway, "4242").unwrap().done();
}

#[test]
fn the_mode_of_the_socket_keeps_others_out() {
    let gateway = Gateway::started();
    let Some(told) = as_user(&gateway, "4243") else { return };
    assert!(told.code == 2 && told.error.contains("you may not speak to the gateway"), "{told:?}");
}

#[test]
fn a_request_has_its_limits() {
    let gateway = Gateway::started();
    assert!(says(&gateway, &vec![b'x'; 600 * 1024]).contains("the request is longer than 524288 bytes"));
    assert!(says(&gateway, b"hello\n").contains("this is no request"));
    assert!(says(&gateway, b"{\"protocol\":9,\"request\":{}}\n").contains("the request is of protocol 9"));
    assert!(
        says(&gateway, b"{\"protocol\":1,\"request\":{\"ask\":\"status\"}}\n")
            .starts_with("{\"protocol\":1,\"answer\":{")
    );
    assert_eq!(gateway.metric("lodged_admin_requests_total{result=\"unreadable\"}"), 3);
}

#[test]
fn who_says_nothing_keeps_nobody_waiting() {
    let gateway = Gateway::started();
    let silent: Vec<_> = (0..8).map(|_| UnixStream::connect(socket(&gateway.home)).unwrap()).collect();
    gateway.home.asks(&["status"]).done();
    let mut half = UnixStream::connect(socket(&gateway.home)).unwrap();
    half.write_all(b"{\"protocol\":1,").unwrap();
    gateway.home.asks(&["status"]).done();
    drop((silent, half));
}

#[test]
fn a_gateway_that_ends_does_not_wait_for_who_says_nothing() {
    let mut gateway = Gateway::started();
    let _silent = UnixStream::connect(socket(&gateway.home)).unwrap();
    gateway.home.asks(&["status"]).done();
    gateway.gets_signal("TERM");
    assert!(gateway.ends().success());
}

#[test]
fn what_answers_otherwise_is_not_believed() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("other.sock");
    let listener = UnixListener::bind(&path).unwrap();
    for (answer, words) in [("HTTP/1.1 200 OK\n", "speaks otherwise"), ("", "did not answer")] {
        let child = Command::new(env!("CARGO_BIN_EXE_lodged"))
            .args(["status", "--socket"])
            .arg(&path)
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        stream.read(&mut [0; 4096]).map(drop).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        drop(stream);
        let told = Told::of(child.wait_with_output().unwrap());
        assert!(told.code == 2 && told.error.contains(words), "{told:?}");
    }
}

#[test]
fn a_report_is_shown_with_its_answers() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    partner.gets_contrl();
    let proof = partner.gets_cusres().proof().to_owned();
    let document = gateway.home.asks_json(&["report", "show", &proof]);
    let report = &document["reports"][0];
    assert_eq!((&report["proof"], &report["partner"]), (&proof.as_str().into(), &"acme".into()));
    assert_eq!((&report["reference"], &report["is_practice"]), (&"DOC-ONE".into(), &false.into()));
    let version = &report["versions"][0];
    assert_eq!(
        (&version["version"], &version["interchange"], &version["message"]),
        (&1.into(), &"ONE".into(), &"1".into())
    );
    assert!(version["answers"][1]["text"].as_str().unwrap().contains(&format!("RFF+ABT:{proof}'")));
    let told = gateway.home.asks(&["report", "show", &proof]).done();
    for words in
        [&*format!("proof of report  {proof}\n"), "version 1, received ", "PROOF OF REPORT", "CONTRL 00000000000001\n"]
    {
        assert!(told.contains(words), "{words:?} is not in\n{told}");
    }
    let found = gateway.home.asks_json(&["report", "find", "--partner", "acme", "--reference", "DOC-ONE"]);
    assert_eq!(found, document);
    assert_eq!(gateway.home.asks_json(&["report", "find", "--proof", &proof]), document);
    let told = gateway.home.asks(&["report", "find", "--proof", &proof]).done();
    assert!(told.lines().nth(1).unwrap().starts_with(&proof), "{told}");
}

#[test]
fn reports_are_found_by_what_they_state() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    let two = with(&declaration("TWO"), "NORTH ATLANTIC LINES", "SOUTHERN LINES");
    for interchange in [declaration("ONE"), with(&two, "MTRL26110417", "MTRL26110418")] {
        partner.sends(&interchange);
        partner.gets_contrl();
        partner.gets_cusres().proof();
    }
    let asks = |conditions: &[&str]| gateway.home.asks_json(&[&["report", "find"], conditions].concat());
    let day =
        asks(&["--reference", "DOC-ONE"])["reports"][0]["versions"][0]["export_date"].as_str().unwrap().to_owned();
    let (until, behind) = (format!("2020-01-01..{day}"), format!("..{}", "2020-01-01"));
    for (conditions, expected) in [
        (&["--partner", "acme"][..], &["DOC-TWO", "DOC-ONE"][..]),
        (&["--reference", "DOC-TWO"], &["DOC-TWO"]),
        (&["--exporter", "123456782RM0001"], &["DOC-TWO", "DOC-ONE"]),
        (&["--carrier", "north  Atlantic lines"], &["DOC-ONE"]),
        (&["--carrier", "NORTH"], &[]),
        (&["--transport-document", "MTRL26110418"], &["DOC-TWO"]),
        (&["--container", "CSQU3054383"], &["DOC-TWO", "DOC-ONE"]),
        (&["--exported", &day], &["DOC-TWO", "DOC-ONE"]),
        (&["--exported", &until], &["DOC-TWO", "DOC-ONE"]),
        (&["--exported", &behind], &[]),
        (&["--container", "CSQU3054383", "--carrier", "SOUTHERN LINES", "--exported", &day], &["DOC-TWO"]),
        (&["--transport-document", "MTRL26110418", "--carrier", "NORTH ATLANTIC LINES"], &[]),
        (&["--partner", "acme", "--practice"], &[]),
    ] {
        let document = asks(conditions);
        let found = document["reports"].as_array().unwrap();
        let references: Vec<_> = found.iter().map(|report| report["reference"].as_str().unwrap()).collect();
        assert_eq!(references, expected, "{conditions:?}");
        assert!(document["next"].is_null());
        let told = gateway.home.asks(&[&["report", "find"], conditions].concat());
        assert_eq!(
            (told.code, told.out.lines().count()),
            if expected.is_empty() { (1, 1) } else { (0, 1 + expected.len()) }
        );
    }
}

#[test]
fn more_than_is_told_at_one_time_is_found_page_by_page() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    for reference in ["ONE", "TWO", "THREE"] {
        partner.sends(&declaration(reference));
        partner.gets_contrl();
        partner.gets_cusres().proof();
    }
    let find = ["report", "find", "--container", "CSQU3054383"];
    let first = gateway.home.asks_json(&[&find[..], &["--limit", "2"]].concat());
    let next = first["next"].as_str().unwrap();
    let second = gateway.home.asks_json(&[&find[..], &["--before", next]].concat());
    let references =
        [&first, &second].map(|page| page["reports"].as_array().unwrap().iter().map(|report| &report["reference"]));
    assert!(references.into_iter().flatten().eq(["DOC-THREE", "DOC-TWO", "DOC-ONE"]));
    assert!(second["next"].is_null());
    let told = gateway.home.asks(&[&find[..], &["--limit", "2"]].concat()).done();
    assert_eq!(told.lines().last(), Some(&*format!("there may be more: go on with --before {next}")));
}

/// Every key of a document, and of what is in it.
fn keys(value: &Value) -> Vec<String> {
    let own =
        value.as_object().into_iter().flatten().flat_map(|(key, inner)| [vec![key.clone()], keys(inner)].concat());
    own.chain(value.as_array().into_iter().flatten().flat_map(keys)).collect()
}

#[test]
fn the_manual_describes_every_key_of_the_documents() {
    let manual = include_str!("../../docs/administration.md");
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&with(&declaration("ONE"), "123456782RM0001", "123456789RM0001"));
    partner.sends(&declaration("TWO"));
    partner.gets_contrl();
    partner.gets_cusres();
    partner.gets_contrl();
    let proof = partner.gets_cusres().proof().to_owned();
    for arguments in [
        &["status"][..],
        &["partner", "list"],
        &["partner", "show", "acme"],
        &["partner", "disable", "acme"],
        &["partner", "disable", "acme"],
        &["report", "show", &proof],
        &["interchange", "show", "acme", "ONE"],
        &["reload"],
        &["audit"],
    ] {
        let document = gateway.home.asks_json(arguments);
        assert_eq!(document["document"], 1, "{arguments:?}");
        for key in keys(&document) {
            assert!(
                manual.contains(&format!("`{key}`")) || manual.contains(&format!("\"{key}\"")),
                "docs/administration.md says nothing of {key}"
            );
        }
    }
}

#[test]
fn a_report_that_is_not_there_is_not_found() {
    let gateway = Gateway::started();
    for arguments in [
        &["report", "show", "AB1234202611211"][..],
        &["report", "find", "--partner", "acme", "--reference", "NONE"],
        &["report", "find", "--partner", "acme", "--reference", "NONE", "--practice"],
    ] {
        let told = gateway.home.asks(arguments);
        assert!(told.code == 1 && told.out.contains("no report"), "{told:?}");
        assert_eq!(gateway.home.asks_json(arguments)["reports"].as_array().unwrap().len(), 0);
    }
    gateway.home.is_refused(&["report", "show", "hello"], "is no proof-of-report number");
    gateway.home.is_refused(&["report", "find", "--partner", "A", "--reference", "1"], "is no short name");
    gateway.home.is_refused(&["report", "find", "--exporter", "12"], "is no business number");
    gateway.home.is_refused(&["report", "find", "--carrier", "A", "--before", "1"], "is no place to go on from");
    for arguments in [
        &["report", "find"][..],
        &["report", "find", "--practice"],
        &["report", "find", "--exported", "tomorrow"],
        &["report", "find", "--carrier", "A", "--limit", "0"],
        &["report", "find", "--carrier", "A", "--proof", "AB1234202611211"],
    ] {
        assert_eq!(gateway.home.asks(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn an_interchange_is_shown_with_its_findings_at_their_places() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&with(&declaration("ONE"), "123456782RM0001", "123456789RM0001"));
    partner.gets_contrl();
    partner.gets_cusres();
    let document = gateway.home.asks_json(&["interchange", "show", "acme", "ONE"]);
    assert_eq!((&document["reference"], &document["sender"]["identification"]), (&"ONE".into(), &"ACMEFWD".into()));
    assert_eq!((&document["is_refused"], &document["verdicts"][0]["proof"]), (&false.into(), &().into()));
    assert!(document["text"].as_str().unwrap().contains("ÉRABLIÈRE"), "each byte is a character");
    let findings = document["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["code"] == "A103").unwrap();
    assert_eq!((&finding["severity"], &finding["message"]), (&"error".into(), &1.into()));
    assert_eq!(document["answers"].as_array().unwrap().len(), 2);
    let told = gateway.home.asks(&["interchange", "show", "acme", "ONE"]).done();
    let mut lines = told.lines().skip_while(|line| !line.trim_start().starts_with("NAD+EX+123456789RM0001"));
    assert!(lines.next().is_some(), "{told}");
    let below: Vec<_> = lines.take_while(|line| line.starts_with("    ")).collect();
    assert!(below.iter().any(|line| line.contains("error[A103]: The check digit of")), "{told}");
    for words in ["interchange ONE of acme (ACMEFWD:ZZ)\n", "declaration DOC-ONE: refused", "which finding"] {
        assert!(told.contains(words), "{words:?} is not in\n{told}");
    }
}

#[test]
fn an_interchange_that_is_refused_as_a_whole_is_shown_too() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&with(&declaration("ONE"), "UNZ+1+ONE", "UNZ+2+ONE"));
    partner.gets_contrl();
    let told = gateway.home.asks(&["interchange", "show", "acme", "ONE"]).done();
    assert!(told.contains("the interchange is refused as a whole"), "{told}");
    let mut lines = told.lines().skip_while(|line| !line.trim_start().starts_with("UNZ+2+ONE"));
    lines.next();
    assert!(lines.next().is_some_and(|line| line.starts_with("    error[29]: ")), "{told}");
}

#[test]
fn an_interchange_that_is_not_there_is_refused_with_words() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    partner.gets_contrl();
    gateway.home.is_refused(&["interchange", "show", "acme", "TWO"], "there is no interchange TWO of partner acme");
    gateway.home.is_refused(&["interchange", "show", "acme", "TWO"], "; practice takes --practice, another identity");
    gateway.home.is_refused(&["interchange", "show", "acme", "ONE", "--practice"], "there is no practice interchange");
    let hint = "; what is no practice is found without --practice, another identity takes --sender";
    gateway.home.is_refused(&["interchange", "show", "acme", "ONE", "--practice"], hint);
    gateway.home.is_refused(&["interchange", "show", "acme", "ONE", "--sender", "OTHER:ZZ"], "--sender");
    gateway.home.is_refused(&["interchange", "show", "birch", "ONE"], "there is no partner \"birch\"");
    gateway.home.asks(&["interchange", "show", "acme", "ONE", "--sender", "ACMEFWD:ZZ"]).done();
}
