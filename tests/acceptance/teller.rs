//! Commands of an administrator, asked of the gateway of a home.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::gateway::Home;

/// What a command said.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl Home {
    /// Runs the program with these arguments, and the configuration of this home behind them.
    pub(crate) fn asks(&self, arguments: &[&str]) -> Told {
        Told::of(self.command(arguments).output().unwrap())
    }

    /// The same with `--json`: the document, which is the same answer as without it.
    pub(crate) fn asks_json(&self, arguments: &[&str]) -> Value {
        let told = self.asks(&[arguments, &["--json"]].concat());
        serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {told:?}"))
    }

    /// A command that is refused with these words, in both forms; nothing of it is in the record.
    pub(crate) fn is_refused(&self, arguments: &[&str], words: &str) {
        let before = self.acts();
        let told = self.asks(arguments);
        assert!(told.code == 1 && told.error.starts_with("refused: ") && told.error.contains(words), "{told:?}");
        assert_eq!(told.out, "");
        let document = self.asks_json(arguments);
        let [what, hint] = ["what", "hint"].map(|key| document["refused"][key].as_str().unwrap_or_default());
        assert!(!what.is_empty() && format!("{what}\n{hint}").contains(words), "{document}");
        assert_eq!(self.acts(), before);
    }

    /// What was changed by hand: deed and subject, the newest last.
    pub(crate) fn acts(&self) -> Vec<(String, String)> {
        let document = self.asks_json(&["audit"]);
        let text = |act: &Value, key: &str| act[key].as_str().unwrap().to_owned();
        document["acts"].as_array().unwrap().iter().map(|act| (text(act, "deed"), text(act, "subject"))).collect()
    }

    /// What a gateway whose socket is elsewhere answers.
    pub(crate) fn asks_at(socket: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lodged"));
        Told::of(command.args(arguments).arg("--socket").arg(socket).output().unwrap()).done()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lodged"));
        command.args(arguments).arg("--config").arg(self.config()).env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }
}

impl Told {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), out: text(output.stdout), error: text(output.stderr) }
    }

    /// It was done; what it said.
    pub(crate) fn done(self) -> String {
        assert!(self.code == 0 && self.error.is_empty(), "{self:?}");
        self.out
    }
}
