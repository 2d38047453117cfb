//! A store of some segments, and the program that is run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use lodged::identifier::ProofForm;
use lodged::partner::PartnerId;
use lodged::record::{Evidence, Examination};
use lodged::store::{Dropped, EmbeddedStore, Numbering, OpenTrouble, Store as _, StoreOptions};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::house::{examined, one_line_declaration};

/// Short, so that few entries fill one.
pub(crate) const SEGMENT_BYTES: u64 = 8 << 10;

/// The length of a segment's header and of a frame's.
pub(crate) const HEADER_BYTES: usize = 96;
/// See [`HEADER_BYTES`].
pub(crate) const FRAME_BYTES: usize = 60;

/// A store that nobody has open.
pub(crate) struct Store {
    home: TempDir,
}

pub(crate) fn options(directory: &Path) -> StoreOptions {
    let zone = TimeZone::get("America/Toronto").unwrap();
    let numbering = Numbering { form: ProofForm::Cers, zone };
    StoreOptions {
        segment_bytes: SEGMENT_BYTES,
        cache_bytes: 8 << 20,
        ..StoreOptions::new(directory.into(), numbering)
    }
}

/// An interchange with one declaration, of references of its own.
pub(crate) fn declaration(number: usize) -> Examination {
    examined(&one_line_declaration(number))
}

pub(crate) fn practice(number: usize) -> Examination {
    let mut examination = declaration(number);
    examination.facts.envelope.is_practice = true;
    examination.repeat_key.as_mut().unwrap().is_practice = true;
    examination
}

impl Store {
    /// With so many declarations and one of each other kind of entry, closed.
    pub(crate) fn with(declarations: usize) -> Self {
        let store = Self { home: tempfile::tempdir().unwrap() };
        let open = store.open();
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            record(&open, 1..=declarations).await;
            open.record(practice(1)).await.unwrap();
            let again = declaration(2);
            let mut other = declaration(1);
            other.repeat_key = again.repeat_key;
            open.record(other).await.unwrap();
            let delivery = declaration(1).delivery;
            open.keep(Evidence { delivery, reason: "a test".to_owned() }).await.unwrap();
            let partner = PartnerId::new("acme").unwrap();
            let waiting = open.waiting(&partner, 1, std::collections::HashSet::new()).await.unwrap();
            open.delivered(&partner, &[waiting[0].answer]).await.unwrap();
            open.close().await.unwrap();
        });
        store
    }

    /// Opened by this process, as a daemon has it.
    pub(crate) fn open(&self) -> EmbeddedStore {
        // A process that another test starts has our files open for the moment before it becomes another program.
        let mut tries = (0..500).map(|_| match EmbeddedStore::open(options(&self.directory())) {
            Err(OpenTrouble::InUse(_)) => {
                thread::sleep(Duration::from_millis(10));
                None
            }
            opened => Some(opened.unwrap()),
        });
        tries.find_map(|opened| opened).unwrap()
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.home.path().join("record")
    }

    pub(crate) fn segment(&self, number: u64) -> PathBuf {
        self.directory().join(format!("journal/{number:08}.seg"))
    }

    pub(crate) fn seal(&self, number: u64) -> PathBuf {
        self.segment(number).with_extension("seal")
    }

    /// The number of the last segment.
    pub(crate) fn segments(&self) -> u64 {
        let first = (1..).find(|number| self.segment(*number).exists()).unwrap();
        (first..).take_while(|number| self.segment(*number).exists()).last().unwrap()
    }

    /// Drops everything in full segments, as after many years; how much that is.
    pub(crate) fn drops_what_is_full(&self) -> Dropped {
        let open = self.open();
        let runtime = Runtime::new().unwrap();
        let dropped = runtime.block_on(open.prune("2060-01-01T00:00:00Z".parse().unwrap())).unwrap();
        runtime.block_on(open.close()).unwrap();
        assert!(dropped.segments > 1 && dropped.entries > 2, "{dropped:?}");
        dropped
    }

    /// Changes the bytes of a file.
    pub(crate) fn changes(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    }

    /// The program, told to look at this store.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Ran {
        let directory = self.directory();
        let store = ["--store", directory.to_str().unwrap()];
        run(&[&["store"], arguments, &store].concat())
    }

    pub(crate) fn json(&self, verb: &str) -> Value {
        self.tool(&[verb, "--json"]).json()
    }

    /// Every file, to see that nothing was changed.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        for entry in walkdir::WalkDir::new(self.home.path()).sort_by_file_name() {
            let path = entry.unwrap().into_path();
            files.push((path.clone(), if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() }));
        }
        files
    }
}

pub(crate) async fn record(store: &EmbeddedStore, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        assert!(!store.record(declaration(number)).await.unwrap().is_repeat);
    }
}

/// The state of a store that nobody has open.
pub(crate) fn state(store: &Store) -> sled::Db {
    let settings = sled::Config::new().path(store.directory().join("state")).segment_size(2 << 20);
    // The threads of sled let go of its lock a moment after whoever opened it did.
    let mut tries = (0..500).map(|_| settings.open().inspect_err(|_| thread::sleep(Duration::from_millis(10))));
    tries.find_map(Result::ok).unwrap()
}

/// What a run of the program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lodged"));
    program.stdin(Stdio::null());
    program
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    Ran::of(program().args(arguments).output().unwrap())
}

/// Run with files of at most so many blocks of 512 bytes, as on a disk that is full.
pub(crate) fn run_with_files_of(blocks: u32, arguments: &[&str]) -> Ran {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    Ran::of(shell.args(["-c", &script, env!("CARGO_BIN_EXE_lodged")]).args(arguments).output().unwrap())
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It ended so, and said this on either output.
    #[track_caller]
    pub(crate) fn said(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.out.contains(words) || self.err.contains(words), "{words}\n{}\n{}", self.out, self.err);
    }
}
