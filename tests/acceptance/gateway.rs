//! The real binary, in a home of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::keys::{Keys, client};
use crate::partner::Partner;

/// How long anything may take before a story fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Where a gateway lives: its configuration, its record, its keys, and those of the partner `acme`.
pub(crate) struct Home {
    directory: TempDir,
    pub(crate) keys: Keys,
    pub(crate) acme: Keys,
}

impl Home {
    /// With these lines in its configuration.
    pub(crate) fn new(settings: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::create_dir(path.join("partners")).unwrap();
        let keys = Keys::mint(path, "gateway");
        let acme = Keys::mint(&path.join("partners"), "acme");
        let home = Self { directory, keys, acme };
        home.sets(settings);
        home.has_partner("acme", "ACMEFWD", "");
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("lodged.toml")
    }

    /// Writes the configuration, with these sections in it. Sections of its own are `tls`, `watch` and `store`.
    pub(crate) fn sets(&self, settings: &str) {
        let fixed = "[tls]\nlisten = \"127.0.0.1:0\"\ncertificate = \"gateway.pem\"\nprivate_key = \"gateway.key\"\n\
                     [watch]\nlisten = \"127.0.0.1:0\"\n\
                     [store]\ndirectory = \"record\"\nsegment_bytes = 33554432\n";
        fs::write(self.config(), format!("{fixed}{settings}")).unwrap();
    }

    /// Writes the file of a partner whose certificate is `<id>.pem`.
    pub(crate) fn has_partner(&self, id: &str, identity: &str, more: &str) {
        let file = format!(
            "name = \"{id}\"\nkind = \"service-provider\"\n\
             [[identity]]\nidentification = \"{identity}\"\nqualifier = \"ZZ\"\n\
             [[certificate]]\nfile = \"{id}.pem\"\n\
             [[authority]]\nauthorization_id = \"AB1234\"\nbusiness_number = \"123456782RM0001\"\n{more}"
        );
        fs::write(self.path().join("partners").join(format!("{id}.toml")), file).unwrap();
    }
}

/// What a command says that is to end by itself; one that does not is killed.
pub(crate) fn ended(mut command: Command) -> Output {
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while process.try_wait().unwrap().is_none() {
        if begun.elapsed() > DEADLINE {
            process.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(10));
    }
    process.wait_with_output().unwrap()
}

/// A gateway that runs.
pub(crate) struct Gateway {
    pub(crate) home: Home,
    /// Blocks of 512 bytes that its files may have, when that is limited.
    file_blocks_max: Option<u64>,
    process: Child,
    pub(crate) edi: SocketAddr,
    pub(crate) watch: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Gateway {
    pub(crate) fn started() -> Self {
        Self::with("")
    }

    /// Started with these sections in its configuration.
    pub(crate) fn with(settings: &str) -> Self {
        Self::at(Home::new(settings))
    }

    pub(crate) fn at(home: Home) -> Self {
        Self::under(home, serve)
    }

    /// Started by this command.
    pub(crate) fn under(home: Home, command: impl FnOnce(&Home) -> Command) -> Self {
        let log = Arc::default();
        let (process, edi, watch) = start(command(&home), &log);
        Self { home, file_blocks_max: None, process, edi, watch, log }
    }

    /// A connection of the partner `acme`.
    pub(crate) fn partner(&self) -> Partner {
        self.partner_with(&self.home.acme)
    }

    /// A connection with these keys.
    pub(crate) fn partner_with(&self, keys: &Keys) -> Partner {
        Partner::connect(self.edi, client(&self.home.keys, Some(keys), false))
    }

    /// `kill -9`, and a new start.
    pub(crate) fn is_killed_and_started_again(&mut self) {
        self.is_killed();
        self.is_started_again();
    }

    /// The same by this command.
    pub(crate) fn is_killed_and_started_again_by(&mut self, command: Command) {
        self.is_killed();
        self.starts(command);
    }

    /// Starts again with files of at most so many blocks of 512 bytes, as on a disk that is full.
    pub(crate) fn is_killed_and_started_again_with_files_of(&mut self, blocks: Option<u64>) {
        self.file_blocks_max = blocks;
        self.is_killed_and_started_again();
    }

    /// Starts again, which it refuses; returns what it says.
    pub(crate) fn does_not_start(&self) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lodged"));
        command.args(["serve", "--config"]).arg(self.home.config());
        let ended = ended(command);
        assert!(!ended.status.success());
        String::from_utf8(ended.stderr).unwrap()
    }

    pub(crate) fn gets_signal(&self, signal: &str) {
        let command = format!("kill -{signal} {}", self.process_id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// `kill -9`.
    pub(crate) fn is_killed(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// A new start after its end.
    pub(crate) fn is_started_again(&mut self) {
        let limit = self.file_blocks_max;
        self.starts(limit.map_or_else(|| serve(&self.home), |blocks| serve_limited(&self.home, blocks)));
    }

    fn starts(&mut self, command: Command) {
        (self.process, self.edi, self.watch) = start(command, &self.log);
    }

    /// SIGHUP, and waits until it was followed.
    pub(crate) fn reloads(&self) {
        let said = |word: &str| self.metric(&format!("lodged_reloads_total{{result=\"{word}\"}}"));
        let count = || said("taken") + said("refused");
        let before = count();
        self.gets_signal("HUP");
        until("the reload is over", || count() > before);
    }

    pub(crate) fn ends(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < DEADLINE, "the gateway does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// A figure of `/metrics`; 0 when it is not there yet.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let page = self.page("/metrics");
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// What the watching door says.
    pub(crate) fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.watch).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Kilobytes of memory that it holds, at most until now.
    pub(crate) fn memory_peak_kilobytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process_id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Once it has ended: where it lived.
    pub(crate) fn leaves_its_home(mut self) -> Home {
        std::mem::replace(&mut self.home, Home::new(""))
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn says(&self, text: &str) {
        until(text, || self.log().contains(text));
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended before.
        if self.process.kill().is_ok() {
            self.process.wait().unwrap();
        }
        if thread::panicking() {
            println!("---- what the gateway said ----\n{}", self.log());
        }
    }
}

/// `lodged serve` in this home.
pub(crate) fn serve(home: &Home) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lodged"));
    command.args(["serve", "--config"]).arg(home.config()).stdin(Stdio::null());
    command
}

/// The same by a shell that does this first.
pub(crate) fn serve_behind(home: &Home, first: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{first}; exec \"$0\" \"$@\"")]).arg(env!("CARGO_BIN_EXE_lodged"));
    command.args(["serve", "--config"]).arg(home.config()).stdin(Stdio::null());
    command
}

/// The same with files of at most so many blocks of 512 bytes. Without a handler for the signal, a write that goes too far
/// is an error, as it is on a disk that is full.
pub(crate) fn serve_limited(home: &Home, blocks: u64) -> Command {
    serve_behind(home, &format!("trap '' XFSZ; ulimit -f {blocks}"))
}

fn start(mut command: Command, log: &Arc<Mutex<String>>) -> (Child, SocketAddr, SocketAddr) {
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut said, kept) = (BufReader::new(process.stderr.take().unwrap()), Arc::clone(log));
    thread::spawn(move || {
        let mut line = Vec::new();
        while said.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            kept.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut listening = |door: &str| {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix(&format!("listening {door} ")).map(|address| address.parse().unwrap());
        address.unwrap_or_else(|| panic!("the gateway does not start: {}", log.lock().unwrap()))
    };
    let (edi, watch) = (listening("edi-tls"), listening("watch"));
    (process, edi, watch)
}

/// Waits until something is so, and fails at the deadline.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < DEADLINE, "not in time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
