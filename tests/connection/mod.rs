//! One TLS connection of a partner, as simple as one can be: it writes bytes and reads interchanges.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use lodged::edifact::{Frame, FrameFinder};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

/// A connection.
pub(crate) struct Connection {
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

impl Connection {
    /// Shakes hands. What takes longer than that from now on fails the test. With TLS 1.3 a refused certificate shows only
    /// when something is read.
    pub(crate) fn over(tcp: TcpStream, config: Arc<ClientConfig>, patience: Duration) -> io::Result<Self> {
        tcp.set_read_timeout(Some(patience))?;
        tcp.set_write_timeout(Some(patience))?;
        tcp.set_nodelay(true)?;
        let connection = ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, tcp);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(Self { stream, received: Vec::new(), finder: FrameFinder::default() })
    }

    /// Sends these bytes.
    pub(crate) fn sends(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// The next answer, as it came.
    ///
    /// # Errors
    /// How the connection ended when there is none.
    pub(crate) fn gets(&mut self) -> Result<Vec<u8>, End> {
        loop {
            if let Frame::Interchange(range) = self.finder.find(&self.received) {
                let rest = self.received.split_off(range.end);
                let mut answer = std::mem::replace(&mut self.received, rest);
                return Ok(answer.split_off(range.start));
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

    /// Says `close_notify`; answers still come.
    pub(crate) fn closes_its_side(&mut self) -> io::Result<()> {
        self.stream.conn.send_close_notify();
        self.stream.conn.complete_io(&mut self.stream.sock).map(drop)
    }

    /// Is gone without a word.
    pub(crate) fn breaks(self) {
        self.stream.sock.shutdown(Shutdown::Both).unwrap();
    }
}

/// The end that a trouble is; waiting in vain is none.
pub(crate) fn ended(trouble: &io::Error) -> End {
    let is_late = matches!(trouble.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    assert!(!is_late, "neither an answer nor an end in time");
    End::Gone
}
