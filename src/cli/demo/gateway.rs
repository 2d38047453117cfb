//! The throwaway gateway while it runs: `lodged serve` in a process of its own, ended with this.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::cli::Trouble;

/// Most bytes of a page.
const PAGE_BYTES_MAX: u64 = 1 << 20;
/// How long the watching door may take for a page.
const PAGE_SECONDS_MAX: Duration = Duration::from_secs(5);

/// A gateway that runs.
#[derive(Debug)]
pub(super) struct Gateway {
    /// EDI over TLS.
    pub(super) door: SocketAddr,
    /// Metrics and health.
    pub(super) watch: SocketAddr,
    said: Option<BufReader<ChildStdout>>,
    _process: Ending,
}

/// A process that ends with this. Nothing in it is worth keeping, so it is not asked.
#[derive(Debug)]
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // Either it is gone already, or it is now.
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

impl Gateway {
    /// Starts a gateway by this configuration, and waits until it says where it listens. Its log goes to a file.
    pub(super) fn start(config: &Path, log: &Path) -> Result<Self, Trouble> {
        let failed = |source: io::Error| Trouble::Demo { what: "its process", source: Box::new(source) };
        let told = File::create(log).map_err(|source| Trouble::Unwritable { path: log.to_owned(), source })?;
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.arg("serve").arg("--config").arg(config).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(told);
        // Settings from the environment are meant for another gateway.
        let settings = std::env::vars_os().map(|(name, _)| name);
        for name in settings.filter(|name| name.to_string_lossy().starts_with("LODGED__")) {
            command.env_remove(name);
        }
        let mut process = Ending(command.spawn().map_err(failed)?);
        let mut said = process.0.stdout.take().map(BufReader::new);
        let door = listening(&mut said, "edi-tls");
        let watch = listening(&mut said, "watch");
        match (door, watch) {
            (Some(door), Some(watch)) => Ok(Self { door, watch, said, _process: process }),
            _ => Err(failed(io::Error::other(fs::read_to_string(log).unwrap_or_default()))),
        }
    }

    /// What it says until it ends, for whoever waits for that.
    pub(super) fn take_output(&mut self) -> Option<BufReader<ChildStdout>> {
        self.said.take()
    }

    /// A page of the watching door.
    pub(super) fn page(&self, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.watch, PAGE_SECONDS_MAX)?;
        stream.set_read_timeout(Some(PAGE_SECONDS_MAX))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.watch)?;
        let mut page = String::new();
        stream.take(PAGE_BYTES_MAX).read_to_string(&mut page)?;
        Ok(page.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }
}

/// The address of a door, from the next line of `lodged serve`: `listening edi-tls 127.0.0.1:4443`.
fn listening(said: &mut Option<BufReader<ChildStdout>>, door: &str) -> Option<SocketAddr> {
    let mut line = String::new();
    said.as_mut()?.read_line(&mut line).ok()?;
    line.strip_prefix("listening ")?.strip_prefix(door)?.trim().parse().ok()
}
