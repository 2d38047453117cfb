//! The real binary over the small library, in a home that outlives it.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_rustls::rustls::ClientConfig;

use crate::interchange::{AUTHORIZATIONS, identity};
use crate::keys::{Keys, client};
use crate::line::{End, Line};
use crate::preload::Preload;

/// How long anything may take on a machine that has much else to do.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// How many partners there are.
pub(crate) const PARTNERS: usize = 3;

/// Short segments, so that new ones are frequent, and no limit on what a partner may do.
const SETTINGS: &str = "[tls]\nlisten = \"127.0.0.1:0\"\ncertificate = \"gateway.pem\"\nprivate_key = \"gateway.key\"\n\
     [watch]\nlisten = \"127.0.0.1:0\"\n\
     [store]\ndirectory = \"record\"\nsegment_bytes = 1048576\ncache_bytes = 16777216\n\
     [limits]\ninterchange_bytes_max = 262144\ninterchanges_per_minute_max = 10000000\n\
     unconfirmed_answers_max = 1000000\nwaiting_answers_max = 100000\n\
     [log]\nfilter = \"warn,lodged::daemon=info\"\nformat = \"json\"\n";

/// Configuration, keys, and the record of a gateway that may die.
pub(crate) struct Home {
    directory: TempDir,
    /// The TLS of each partner.
    clients: Vec<Arc<ClientConfig>>,
    pub(crate) preload: Preload,
    /// Whether everything that happens to the record is written down.
    pub(crate) is_recorded: bool,
}

impl Home {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::create_dir(path.join("partners")).unwrap();
        fs::write(path.join("lodged.toml"), SETTINGS).unwrap();
        let gateway = Keys::mint(path, "gateway");
        let clients = (0..PARTNERS).map(|partner| {
            let id = format!("partner-{partner}");
            let authorities = AUTHORIZATIONS.map(|authorization| {
                format!(
                    "[[authority]]\nauthorization_id = \"{authorization}\"\nbusiness_number = \"123456782RM0001\"\n"
                )
            });
            let file = format!(
                "name = \"{id}\"\nkind = \"service-provider\"\n\
                 [[identity]]\nidentification = \"{}\"\nqualifier = \"ZZ\"\n\
                 [[certificate]]\nfile = \"{id}.pem\"\n{}",
                identity(partner),
                authorities.concat()
            );
            fs::write(path.join("partners").join(format!("{id}.toml")), file).unwrap();
            client(&gateway, Some(&Keys::mint(&path.join("partners"), &id)), false)
        });
        let clients = clients.collect();
        let preload = Preload::made(path);
        Self { clients, preload, is_recorded: false, directory }
    }

    /// Where the record is.
    pub(crate) fn record(&self) -> PathBuf {
        self.directory.path().join("record")
    }

    /// The file with its settings.
    pub(crate) fn settings(&self) -> PathBuf {
        self.directory.path().join("lodged.toml")
    }

    /// Where it is written down what happens to it.
    pub(crate) fn log(&self) -> PathBuf {
        self.directory.path().join("operations")
    }

    /// A place for copies.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Begins to start a gateway.
    pub(crate) fn spawns(&self) -> Gateway {
        let program = env::var_os("LODGED_TORTURE_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_lodged").into());
        let mut command = Command::new(program);
        command.args(["serve", "--config"]).arg(self.settings());
        let log = self.is_recorded.then(|| self.log());
        self.preload.goes_under(&mut command, &self.record(), log.as_deref());
        Gateway::spawned(command, &self.clients)
    }

    /// A gateway that listens.
    pub(crate) fn starts(&self) -> Gateway {
        let mut gateway = self.spawns();
        gateway.listens().unwrap_or_else(|said| panic!("the gateway does not start: {said}"));
        gateway
    }
}

/// How much of what a gateway said is shown when a test fails: it says the same for each partner that it refuses.
const LINES_SHOWN: usize = 12;

/// A gateway that runs, or did.
pub(crate) struct Gateway {
    process: Arc<Mutex<Child>>,
    clients: Vec<Arc<ClientConfig>>,
    said: Arc<Mutex<String>>,
    /// Lines of its standard output; they end with it.
    lines: Mutex<Receiver<String>>,
    /// Ends when its standard error does, which is when it has ended.
    ended: Mutex<Receiver<()>>,
    edi: Option<SocketAddr>,
    watch: Option<SocketAddr>,
}

impl Gateway {
    fn spawned(mut command: Command, clients: &[Arc<ClientConfig>]) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let (error, said) = (process.stderr.take().unwrap(), Arc::<Mutex<String>>::default());
        let (kept, (alive, ended)) = (Arc::clone(&said), channel());
        thread::spawn(move || {
            for line in BufReader::new(error).split(b'\n').map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&String::from_utf8_lossy(&line));
                kept.push('\n');
            }
            drop(alive);
        });
        let (output, (sender, lines)) = (process.stdout.take().unwrap(), channel());
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let process = Arc::new(Mutex::new(process));
        let (lines, ended) = (Mutex::new(lines), Mutex::new(ended));
        Self { process, clients: clients.to_vec(), said, lines, ended, edi: None, watch: None }
    }

    /// Waits until it listens.
    ///
    /// # Errors
    /// What it said when it ended before.
    pub(crate) fn listens(&mut self) -> Result<(), String> {
        for door in ["edi-tls", "watch"] {
            let line = match self.lines.get_mut().unwrap().recv_timeout(LIMIT) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => {
                    self.waits_for_its_end();
                    return Err(self.said());
                }
                Err(RecvTimeoutError::Timeout) => panic!("the gateway neither listens nor ends: {}", self.said()),
            };
            let address = line.strip_prefix(&format!("listening {door} ")).map(|address| address.parse().unwrap());
            assert!(address.is_some(), "no address of {door}: {line}");
            *(if door == "watch" { &mut self.watch } else { &mut self.edi }) = address;
        }
        Ok(())
    }

    /// A connection of a partner.
    ///
    /// # Errors
    /// [`End`] when nobody takes it.
    pub(crate) fn line(&self, partner: usize) -> Result<Line, End> {
        Line::connect(self.door(), Arc::clone(&self.clients[partner]))
    }

    /// Something that kills it, for another thread.
    pub(crate) fn killer(&self) -> impl Fn() + Send + use<> {
        let process = Arc::clone(&self.process);
        move || process.lock().unwrap().kill().unwrap()
    }

    /// Kills it, if it is not dead.
    pub(crate) fn is_killed(&self) {
        self.killer()();
        self.waits_for_its_end();
    }

    /// Asks it to end in order, and waits until it did.
    pub(crate) fn is_ended(&self) {
        let status = self.is_asked_to_end();
        assert!(status.success(), "the gateway did not end in order ({status}): {}", self.said());
    }

    /// Asks it to end, and waits until it did, whatever comes of it.
    pub(crate) fn is_asked_to_end(&self) -> ExitStatus {
        let command = format!("kill -TERM {}", self.process.lock().unwrap().id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
        self.waits_for_its_end()
    }

    /// Waits until it has ended by SIGKILL.
    pub(crate) fn was_killed(&self) {
        let status = self.waits_for_its_end();
        assert_eq!(status.signal(), Some(9), "it ended otherwise ({status}): {}", self.said());
    }

    fn waits_for_its_end(&self) -> ExitStatus {
        if self.ended.lock().unwrap().recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            panic!("the gateway does not end: {}", self.said());
        }
        self.process.lock().unwrap().wait().unwrap()
    }

    /// Where it listens for partners.
    pub(crate) fn door(&self) -> SocketAddr {
        self.edi.expect("it listens")
    }

    /// Kilobytes of memory that it holds, at most until now.
    pub(crate) fn memory_peak_kilobytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.lock().unwrap().id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Whether it runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.process.lock().unwrap().try_wait().unwrap().is_none()
    }

    /// What the watching door says.
    pub(crate) fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.watch.expect("it listens")).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }

    /// What it said so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said this: its log and its listening come by different ways.
    pub(crate) fn says(&self, what: &str) {
        let begun = Instant::now();
        while !self.said().contains(what) {
            assert!(begun.elapsed() < LIMIT, "it does not say \"{what}\": {}", self.said());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Why this start made the state anew from the journal, if it did.
    pub(crate) fn made_state_anew(&self) -> Option<String> {
        let said = self.said();
        let (_, why) = said.split_once("rebuilt: Some(\\\"")?;
        why.split_once("\\\")").map(|(why, _)| why.to_owned())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap();
        // It may have ended before.
        if process.kill().is_ok() {
            process.wait().unwrap();
        }
        if thread::panicking() {
            let said = self.said();
            let lines: Vec<_> = said.lines().collect();
            let last = lines.len().saturating_sub(LINES_SHOWN);
            println!("---- what the gateway said last ----\n{}", lines[last..].join("\n"));
        }
    }
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}
