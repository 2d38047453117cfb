//! `lodged bench` as somebody types it.

use std::ffi::OsString;
use std::process::{Child, Command, Stdio};
use std::sync::RwLock;

use serde_json::Value;

use crate::gateway::Gateway;
use crate::keys::Keys;

/// Limits that a load does not reach.
pub(crate) const GENEROUS: &str =
    "[limits]\ninterchanges_per_minute_max = 10000000\nunconfirmed_answers_max = 1000000\n[log]\nfilter = \"warn\"\n";

/// Held alone by a story that measures time, and shared by the others.
pub(crate) static QUIET: RwLock<()> = RwLock::new(());

/// What a run said, and how it ended.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) report: Value,
    pub(crate) talk: String,
}

impl Said {
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.report["load"]["counts"][name].as_u64().unwrap_or_else(|| panic!("no {name}: {}", self.report))
    }

    pub(crate) fn milliseconds(&self, name: &str) -> f64 {
        self.report["load"]["latency_milliseconds"][name].as_f64().unwrap()
    }
}

/// The command of a partner, with these options.
pub(crate) fn command(gateway: &Gateway, keys: &Keys, sender: &str, options: &str) -> Command {
    command_of(env!("CARGO_BIN_EXE_lodged").into(), gateway, keys, sender, options)
}

/// The same of another build of the program.
pub(crate) fn command_of(program: OsString, gateway: &Gateway, keys: &Keys, sender: &str, options: &str) -> Command {
    let mut command = Command::new(program);
    command.arg("bench").arg("--to").arg(format!("tls://{}", gateway.edi)).args(["--json", "--sender", sender]);
    command.arg("--cert").arg(&keys.certificate).arg("--key").arg(&keys.key);
    command.arg("--ca").arg(&gateway.home.keys.certificate).args(options.split_whitespace());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A run of the partner `acme`, to its end.
pub(crate) fn run(gateway: &Gateway, options: &str) -> Said {
    end(command(gateway, &gateway.home.acme, "ACMEFWD:ZZ", options).spawn().unwrap())
}

/// Waits for its end.
pub(crate) fn end(process: Child) -> Said {
    let output = process.wait_with_output().unwrap();
    let talk = String::from_utf8(output.stderr).unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    Said { code: output.status.code().unwrap_or(-1), report, talk }
}
