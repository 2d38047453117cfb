//! One connection of a partner, on which the other end may die at any byte.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use tokio_rustls::rustls::ClientConfig;

pub(crate) use crate::connection::End;

use crate::connection::{Connection, ended};
use crate::gateway::LIMIT;
use crate::interchange::Answer;

/// A connection.
pub(crate) struct Line(Connection);

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// [`End::Gone`].
    pub(crate) fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> Result<Self, End> {
        let connected = TcpStream::connect(address).and_then(|tcp| Connection::over(tcp, config, LIMIT));
        connected.map(Self).map_err(|trouble| ended(&trouble))
    }

    /// Sends these bytes.
    ///
    /// # Errors
    /// [`End::Gone`].
    pub(crate) fn sends(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.0.sends(bytes).map_err(|trouble| ended(&trouble))
    }

    /// The next answer.
    ///
    /// # Errors
    /// How the connection ended when there is none.
    pub(crate) fn gets(&mut self) -> Result<Answer, End> {
        self.0.gets().map(Answer::new)
    }

    /// Says `close_notify`, and waits until the gateway does. Answers that are still under way come back, however it ends;
    /// [`End::Gone`] when the gateway does not say it.
    pub(crate) fn closes(&mut self) -> (Vec<Answer>, Result<(), End>) {
        let mut rest = Vec::new();
        if let Err(trouble) = self.0.closes_its_side() {
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
