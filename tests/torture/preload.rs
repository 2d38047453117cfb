//! The small library below the gateway (`preload.c`), and the words by which it is told what to do.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which operation meets a fault: the numbers are those of `preload.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    SegmentWrite = 1,
    SegmentFlush,
    PreparedWrite,
    PreparedFlush,
    SegmentName,
    DirectoryFlush,
    StateWrite,
    StateFlush,
    Any,
}

/// What it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    None = 0,
    /// EIO, and nothing is done.
    Fails,
    /// Half is written, then EIO.
    HalfFails,
    /// EIO, and what was to be flushed is gone.
    FailsAndLoses,
    /// ENOSPC.
    NoSpace,
    /// Half is written, which is no error.
    Half,
    /// SIGKILL before it.
    DiesBefore,
    /// SIGKILL behind it.
    DiesAfter,
    /// SIGKILL when half is written.
    DiesAmid,
}

/// A fault that waits for its operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) operation: Operation,
    pub(crate) effect: Effect,
    /// At which of these operations from now, from 1.
    pub(crate) countdown: u64,
    /// Whether those behind it meet it too.
    pub(crate) is_lasting: bool,
}

/// Fields of `struct control`, eight bytes each.
const CLOCK_SECONDS: u64 = 0;
const OPERATION: u64 = 1;
const EFFECT: u64 = 2;
const COUNTDOWN: u64 = 3;
const IS_LASTING: u64 = 4;
const MET: u64 = 5;
const FLUSHES_AFTER: u64 = 6;
const WRITES_AFTER: u64 = 7;
const FLUSH_DELAY: u64 = 8;
/// How many there are.
const FIELDS: usize = 9;

/// The library, compiled, and what it shares with a gateway.
#[derive(Debug)]
pub(crate) struct Preload {
    library: PathBuf,
    shared: PathBuf,
    control: File,
}

impl Preload {
    /// Compiles it into this directory.
    pub(crate) fn made(directory: &Path) -> Self {
        let (library, shared) = (directory.join("preload.so"), directory.join("control"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/torture/preload.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&library).arg(source);
        let compiled = compiler.args(["-ldl", "-lpthread"]).output().expect("cc is here");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        fs::write(&shared, [0; FIELDS * 8]).unwrap();
        let control = OpenOptions::new().read(true).write(true).open(&shared).unwrap();
        Self { library, shared, control }
    }

    /// Puts it under a program that keeps its files in this directory, which it writes down in `log`, if there is one.
    pub(crate) fn goes_under(&self, program: &mut Command, directory: &Path, log: Option<&Path>) {
        program.env("LD_PRELOAD", &self.library).env("TORTURE_DIRECTORY", directory);
        program.env("TORTURE_CONTROL", &self.shared);
        if let Some(log) = log {
            program.env("TORTURE_LOG", log);
        }
    }

    /// Lets this happen, and counts from now.
    pub(crate) fn arm(&self, fault: Fault) {
        self.disarm();
        self.set(OPERATION, fault.operation as u64);
        self.set(COUNTDOWN, fault.countdown);
        self.set(IS_LASTING, fault.is_lasting.into());
        self.set(EFFECT, fault.effect as u64);
    }

    /// Nothing fails any more.
    pub(crate) fn disarm(&self) {
        for field in [EFFECT, MET, FLUSHES_AFTER, WRITES_AFTER] {
            self.set(field, Effect::None as u64);
        }
    }

    /// How often the fault was met.
    pub(crate) fn met(&self) -> u64 {
        self.get(MET)
    }

    /// How often a segment was written or flushed after it.
    pub(crate) fn touched_after(&self) -> (u64, u64) {
        (self.get(WRITES_AFTER), self.get(FLUSHES_AFTER))
    }

    /// Moves the gateway's time of day by so many seconds from the right one.
    pub(crate) fn set_clock(&self, seconds: i64) {
        self.write(CLOCK_SECONDS, seconds.to_le_bytes());
    }

    /// Lets every flush take so many milliseconds longer.
    pub(crate) fn slow_flushes(&self, milliseconds: u64) {
        self.set(FLUSH_DELAY, milliseconds);
    }

    fn set(&self, field: u64, value: u64) {
        self.write(field, value.to_le_bytes());
    }

    fn write(&self, field: u64, bytes: [u8; 8]) {
        self.control.write_all_at(&bytes, field * 8).unwrap();
    }

    fn get(&self, field: u64) -> u64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, field * 8).unwrap();
        u64::from_le_bytes(bytes)
    }
}
