//! One connection of a partner, on which the other end may die at any byte.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use lodged::edifact::{Frame, FrameFinder};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::gateway::LIMIT;
use crate::interchange::Answer;

/// A connection.
pub(crate) struct Line {
    stream: StreamOwned<ClientConnection, TcpStream>,
    received: Vec<u8>,
    finder: FrameFinder,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The gateway said `close_notify`.
    Clean,
    /// It ended without a word.
    Gone,
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// [`End::Gone`].
    pub(crate) fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> Result<Self, End> {
        Self::open(address, config).map_err(|trouble| ended(&trouble))
    }

    fn open(address: SocketAddr, config: Arc<ClientConfig>) -> io::Result<Self> {
        let tcp = TcpStream::connect(address)?;
        tcp.set_read_timeout(Some(LIMIT))?;
        tcp.set_write_timeout(Some(LIMIT))?;
        tcp.set_nodelay(true)?;
        let connection = ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, tcp);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(Self { stream, received: Vec::new(), finder: FrameFinder::default() })
    }

    /// Sends these bytes.
    ///
    /// # Errors
    /// [`End::Gone`].
    pub(crate) fn sends(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).map_err(|trouble| ended(&trouble))
    }

    /// The next answer.
    ///
    /// # Errors
    /// How the connection ended when there is none.
    pub(crate) fn gets(&mut self) -> Result<Answer, End> {
        loop {
            if let Frame::Interchange(range) = self.finder.find(&self.received) {
                let rest = self.received.split_off(range.end);
                let mut answer = std::mem::replace(&mut self.received, rest);
                return Ok(Answer::new(answer.split_off(range.start)));
            }
            let mut piece = [0; 16 * 1024];
            match self.stream.read(&mut piece) {
                Ok(0) => {
                    assert!(self.received.is_empty(), "half an answer: {}", self.received.escape_ascii());
                    return Err(End::Clean);
                }
                Ok(count) => self.received.extend_from_slice(&piece[..count]),
                Err(trouble) => return Err(ended(&trouble)),
            }
        }
    }

    /// Says `close_notify`, and waits until the gateway does. Answers that are still under way come back, however it ends;
    /// [`End::Gone`] when the gateway does not say it.
    pub(crate) fn closes(&mut self) -> (Vec<Answer>, Result<(), End>) {
        let mut rest = Vec::new();
        self.stream.conn.send_close_notify();
        if let Err(trouble) = self.stream.conn.complete_io(&mut self.stream.sock) {
            return (rest, Err(ended(&trouble)));
        }
        loop {
            match self.gets() {
                Ok(answer) => rest.push(answer),
                Err(End::Clean) => return (rest, Ok(())),
                Err(End::Gone) => return (rest, Err(End::Gone)),
            }
        }
    }
}

fn ended(trouble: &io::Error) -> End {
    let is_late = matches!(trouble.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    assert!(!is_late, "neither an answer nor an end in {LIMIT:?}");
    End::Gone
}
