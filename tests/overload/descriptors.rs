//! The system lets a process have only so many connections.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::bench::QUIET;
use crate::gateway::Home;

/// A command under a hard limit of open files.
fn limited(files: u32, arguments: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_lodged")]);
    shell.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

#[test]
fn a_load_that_needs_more_does_not_begin() {
    let _shared = QUIET.read();
    let home = Home::new("");
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let files = [&home.acme.certificate, &home.acme.key, &home.keys.certificate].map(|file| path(file));
    let [cert, key, ca] = files.each_ref().map(String::as_str);
    let arguments = ["bench", "--to", "tls://localhost:1", "--cert", cert, "--key", key, "--ca", ca, "--idle", "1000"];
    let output = limited(300, &arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("1257 open files and connections are needed, and the hard limit is 300"), "{said}");
}

#[test]
fn a_gateway_says_once_that_its_connections_do_not_fit_and_what_to_do() {
    let _shared = QUIET.read();
    let home = Home::new("");
    let mut process = limited(1024, &["serve", "--config", home.config().to_str().unwrap()]).spawn().unwrap();
    let mut listening = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut listening).unwrap();
    process.kill().unwrap();
    let said = String::from_utf8(process.wait_with_output().unwrap().stderr).unwrap();
    assert!(listening.starts_with("listening edi-tls"), "{said}");
    assert_eq!(said.matches("limits.connections_max does not fit below the hard limit").count(), 1, "{said}");
    assert!(said.contains("raise LimitNOFILE of the unit"), "{said}");
}
