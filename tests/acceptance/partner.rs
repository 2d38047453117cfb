//! A partner's system, as simple as one can be: it writes interchanges and reads answers on one TLS connection.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use tokio_rustls::rustls::ClientConfig;

pub(crate) use crate::connection::End;

use crate::connection::Connection;
use crate::gateway::DEADLINE;
use crate::interchange::Answer;

/// One connection.
pub(crate) struct Partner(Connection);

impl Partner {
    /// Connects. With TLS 1.3 a refused certificate shows only when something is read.
    pub(crate) fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        Self::try_connect(address, config).unwrap()
    }

    pub(crate) fn try_connect(address: SocketAddr, config: Arc<ClientConfig>) -> io::Result<Self> {
        Connection::over(TcpStream::connect(address)?, config, DEADLINE).map(Self)
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
        Self(Connection::over(tcp, config, DEADLINE).unwrap())
    }

    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        self.tries_to_send(bytes).unwrap();
    }

    pub(crate) fn tries_to_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.sends(bytes)
    }

    /// The next answer; how the connection ended when there is none.
    pub(crate) fn gets(&mut self) -> Result<Answer, End> {
        self.gets_bytes().map(Answer::new)
    }

    /// The next answer, as it came.
    pub(crate) fn gets_bytes(&mut self) -> Result<Vec<u8>, End> {
        self.0.gets()
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
        self.0.closes_its_side().unwrap_or_default();
    }

    /// Says `close_notify`, and sees the gateway do the same with nothing before it.
    pub(crate) fn leaves(mut self) {
        self.closes_its_side();
        assert_eq!(self.gets_the_rest(), []);
    }

    /// Is gone without a word.
    pub(crate) fn breaks(self) {
        self.0.breaks();
    }
}
