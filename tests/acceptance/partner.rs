//! A partner's system, as simple as one can be: it writes interchanges and reads answers on one TLS connection.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

use lodged::edifact::{Frame, FrameFinder};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::gateway::DEADLINE;
use crate::interchange::Answer;

/// One connection.
pub(crate) struct Partner {
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
    Abrupt,
}

impl Partner {
    /// Connects. With TLS 1.3 a refused certificate shows only when something is read.
    pub(crate) fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        Self::try_connect(address, config).unwrap()
    }

    pub(crate) fn try_connect(address: SocketAddr, config: Arc<ClientConfig>) -> io::Result<Self> {
        Self::over(TcpStream::connect(address)?, config)
    }

    /// Connects with little room for what it does not read.
    pub(crate) fn connect_narrowly(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let tcp = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            socket.connect(address).await.unwrap().into_std().unwrap()
        });
        tcp.set_nonblocking(false).unwrap();
        Self::over(tcp, config).unwrap()
    }

    fn over(tcp: TcpStream, config: Arc<ClientConfig>) -> io::Result<Self> {
        tcp.set_read_timeout(Some(DEADLINE))?;
        tcp.set_write_timeout(Some(DEADLINE))?;
        tcp.set_nodelay(true)?;
        let connection = ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, tcp);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(Self { stream, received: Vec::new(), finder: FrameFinder::default() })
    }

    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        self.tries_to_send(bytes).unwrap();
    }

    pub(crate) fn tries_to_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// The next answer; how the connection ended when there is none.
    pub(crate) fn gets(&mut self) -> Result<Answer, End> {
        self.gets_bytes().map(Answer::new)
    }

    /// The next answer, as it came.
    pub(crate) fn gets_bytes(&mut self) -> Result<Vec<u8>, End> {
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
                Err(trouble) if matches!(trouble.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("no answer in time")
                }
                Err(_) => return Err(End::Abrupt),
            }
        }
    }

    pub(crate) fn gets_contrl(&mut self) -> Answer {
        let answer = self.gets().unwrap();
        assert!(answer.is("CONTRL"), "{answer}");
        answer
    }

    pub(crate) fn gets_cusres(&mut self) -> Answer {
        let answer = self.gets().unwrap();
        assert!(answer.is("CUSRES"), "{answer}");
        answer
    }

    /// What still comes until the connection ends in order.
    pub(crate) fn gets_the_rest(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        loop {
            match self.gets() {
                Ok(answer) => answers.push(answer),
                Err(end) => {
                    assert_eq!(end, End::Clean);
                    return answers;
                }
            }
        }
    }

    pub(crate) fn gets_nothing_more(&mut self, end: End) {
        assert_eq!(self.gets().unwrap_err(), end);
    }

    /// Says `close_notify` and goes on reading.
    pub(crate) fn closes_its_side(&mut self) {
        self.stream.conn.send_close_notify();
        self.stream.conn.complete_io(&mut self.stream.sock).map(drop).unwrap_or_default();
    }

    /// Says `close_notify`, and sees the gateway do the same with nothing before it.
    pub(crate) fn leaves(mut self) {
        self.closes_its_side();
        assert_eq!(self.gets_the_rest(), []);
    }

    /// Is gone without a word.
    pub(crate) fn breaks(self) {
        self.stream.sock.shutdown(Shutdown::Both).unwrap();
    }
}
