//! The other end: a request from a command to the gateway.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::request::{ANSWER_BYTES_MAX, Asked, PROTOCOL, Replied, Reply, Request};

/// How long a gateway may take to take a request.
const WRITE_SECONDS_MAX: Duration = Duration::from_secs(10);

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
    let owned = || path.to_owned();
    let unanswered = |source| AskTrouble::Unanswered { path: owned(), source };
    let unknown = |source| AskTrouble::Unknown { path: owned(), source };
    let mut stream = UnixStream::connect(path).map_err(|source| {
        if source.kind() == io::ErrorKind::PermissionDenied {
            AskTrouble::Forbidden { path: owned(), source }
        } else {
            AskTrouble::Nobody { path: owned(), source }
        }
    })?;
    stream.set_write_timeout(Some(WRITE_SECONDS_MAX)).map_err(unanswered)?;
    let mut line = serde_json::to_vec(&Asked { protocol: PROTOCOL, request }).map_err(|error| unknown(error.into()))?;
    line.push(b'\n');
    // A gateway that refuses us says so without reading; its answer counts, and not that the request went nowhere.
    let written = stream.write_all(&line);
    let mut answer = Vec::new();
    BufReader::new(stream.take(ANSWER_BYTES_MAX)).read_until(b'\n', &mut answer).map_err(unanswered)?;
    if !answer.ends_with(b"\n") {
        let ended = || io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended before the answer did");
        return Err(unanswered(written.err().unwrap_or_else(ended)));
    }
    let replied: Replied = serde_json::from_slice(&answer).map_err(|error| unknown(error.into()))?;
    Ok(replied.reply)
}
