//! The other end: a request from a command to the gateway.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::request::{
    ANSWER_BYTES_MAX, Answered, Asked, OnTheWay, PROTOCOL, REACHED_BYTES_MAX, Reached, Replied, Reply, Request,
};

/// How long a gateway may take to take a request.
const WRITE_SECONDS_MAX: Duration = Duration::from_secs(10);
/// Most bytes of the line of an answer that has others behind it.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// The gateway could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskTrouble {
    /// Nobody is there.
    #[error(
        "no gateway answers at {}; start it, name its configuration with --config or its socket with --socket",
        path.display()
    )]
    Nobody {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The socket is not for this user.
    #[error(
        "you may not speak to the gateway at {}; ask as root, as its own user, or as one that admin.user_ids names",
        path.display()
    )]
    Forbidden {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It ended in the middle.
    #[error(
        "the gateway at {} did not answer; `lodged audit` tells whether what was asked for was done",
        path.display()
    )]
    Unanswered {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What came is no answer of this version.
    #[error("what answers at {} speaks otherwise; use the program of the gateway's version", path.display())]
    Unknown {
        /// The socket.
        path: PathBuf,
        /// What was not understood.
        source: io::Error,
    },
}

/// Asks the gateway whose socket this is, and waits for its answer however long it takes: what was begun is better waited for
/// than guessed at.
///
/// # Errors
/// [`AskTrouble`] when nobody is there, or no answer came.
pub fn ask(path: &Path, request: &Request) -> Result<Reply, AskTrouble> {
    ask_watching(path, request, &mut |_| ())
}

/// Asks for something that takes a while, as [`ask`] does, and hears meanwhile how far it is, when the request wants that told.
///
/// # Errors
/// [`AskTrouble`] when nobody is there, or no answer came.
pub fn ask_watching(path: &Path, request: &Request, watch: &mut dyn FnMut(Reached)) -> Result<Reply, AskTrouble> {
    let (stream, mut written) = connect_and_write(path, request)?;
    let mut answer = BufReader::new(stream.take(ANSWER_BYTES_MAX));
    loop {
        let line = read_line(path, &mut answer, std::mem::replace(&mut written, Ok(())))?;
        match reached(&line) {
            Some(reached) => watch(reached),
            None => return read_reply(path, &line),
        }
    }
}

/// How far it is, when a line says that.
fn reached(line: &[u8]) -> Option<Reached> {
    let on_the_way: OnTheWay = serde_json::from_slice(line.get(..REACHED_BYTES_MAX).unwrap_or(line)).ok()?;
    Some(on_the_way.reached)
}

/// Asks for something that has bytes behind the line of its answer, at most so many, and waits for so long at most that nothing
/// comes.
///
/// # Errors
/// [`AskTrouble`] when nobody is there, or no answer came in time.
pub fn ask_for_bytes(
    path: &Path,
    request: &Request,
    silence_max: Duration,
    bytes_max: u64,
) -> Result<Answered, AskTrouble> {
    let unanswered = |source| AskTrouble::Unanswered { path: path.to_owned(), source };
    let (stream, written) = connect_and_write(path, request)?;
    stream.set_read_timeout(Some(silence_max)).map_err(unanswered)?;
    let mut answer = BufReader::new(stream.take(LINE_BYTES_MAX.saturating_add(bytes_max)));
    let reply = read_reply(path, &read_line(path, &mut answer, written)?)?;
    let mut bytes = Vec::new();
    answer.read_to_end(&mut bytes).map_err(unanswered)?;
    Ok(Answered { reply, bytes })
}

/// A connection on which the request is written, as far as it was taken.
fn connect_and_write(path: &Path, request: &Request) -> Result<(UnixStream, io::Result<()>), AskTrouble> {
    let owned = || path.to_owned();
    let mut stream = UnixStream::connect(path).map_err(|source| {
        if source.kind() == io::ErrorKind::PermissionDenied {
            AskTrouble::Forbidden { path: owned(), source }
        } else {
            AskTrouble::Nobody { path: owned(), source }
        }
    })?;
    let unanswered = |source| AskTrouble::Unanswered { path: owned(), source };
    stream.set_write_timeout(Some(WRITE_SECONDS_MAX)).map_err(unanswered)?;
    let line = serde_json::to_vec(&Asked { protocol: PROTOCOL, request });
    let mut line = line.map_err(|error| AskTrouble::Unknown { path: owned(), source: error.into() })?;
    line.push(b'\n');
    // A gateway that refuses us says so without reading; its answer counts, and not that the request went nowhere.
    let written = stream.write_all(&line);
    Ok((stream, written))
}

/// A line of the answer to a request that was written so.
fn read_line(path: &Path, answer: &mut impl BufRead, written: io::Result<()>) -> Result<Vec<u8>, AskTrouble> {
    let unanswered = |source| AskTrouble::Unanswered { path: path.to_owned(), source };
    let mut line = Vec::new();
    answer.read_until(b'\n', &mut line).map_err(unanswered)?;
    if !line.ends_with(b"\n") {
        let ended = || io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended before the answer did");
        return Err(unanswered(written.err().unwrap_or_else(ended)));
    }
    Ok(line)
}

fn read_reply(path: &Path, line: &[u8]) -> Result<Reply, AskTrouble> {
    let replied: Result<Replied, _> = serde_json::from_slice(line);
    let unknown = |error: serde_json::Error| AskTrouble::Unknown { path: path.to_owned(), source: error.into() };
    replied.map(|replied| replied.reply).map_err(unknown)
}
