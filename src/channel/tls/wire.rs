//! The bytes of one connection, both ways at once.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::io;
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::server::TlsStream;

/// Room for a read while nothing is pending, so that an idle connection stays small.
const IDLE_READ_BYTES: usize = 4 * 1024;
/// Room for a read within an interchange: one TLS record.
const READ_BYTES: usize = 16 * 1024;
/// Answers leave together in pieces of about this size.
const PIECE_BYTES: usize = 16 * 1024;
/// How long the door waits for the partner's end of a connection that it has closed itself.
const CLOSING_SECONDS_MAX: Duration = Duration::from_secs(5);

/// One step.
#[derive(Debug)]
pub(super) enum Turn<T> {
    /// More bytes are in `received`.
    Received(usize),
    /// The partner has closed its side, with a `close_notify` or without.
    Ended {
        /// Whether it said so: TCP alone can be ended by anybody on the way.
        is_clean: bool,
    },
    /// The last bytes of these were handed over.
    Left(Vec<T>),
}

/// One connection: what has come and is not taken yet, and what is to leave, each piece with something of the caller's
/// that comes back when its last byte was handed over.
pub(super) struct Wire<T> {
    stream: TlsStream<TcpStream>,
    /// What has come. The caller takes it off the front.
    pub(super) received: BytesMut,
    leaving: VecDeque<(Bytes, T)>,
    piece: Piece<T>,
}

/// What is being written now.
struct Piece<T> {
    bytes: BytesMut,
    held: Vec<T>,
    since: Instant,
}

impl<T> Wire<T> {
    pub(super) fn new(stream: TlsStream<TcpStream>) -> Self {
        let piece = Piece { bytes: BytesMut::new(), held: Vec::new(), since: Instant::now() };
        Self { stream, received: BytesMut::new(), leaving: VecDeque::new(), piece }
    }

    /// Sends these bytes after everything that leaves already.
    pub(super) fn send(&mut self, bytes: Bytes, held: T) {
        self.leaving.push_back((bytes, held));
    }

    /// Whether everything has left.
    pub(super) fn is_written(&self) -> bool {
        self.leaving.is_empty() && self.piece.held.is_empty()
    }

    /// Since when the partner is taking the present piece off the wire.
    pub(super) fn writing_since(&self) -> Option<Instant> {
        (!self.piece.held.is_empty()).then_some(self.piece.since)
    }

    /// The next step, whichever can be done first; it reads only when asked to. Nothing is lost when this is cancelled.
    pub(super) async fn turn(&mut self, wants_input: bool) -> io::Result<Turn<T>> {
        poll_fn(|context| {
            if let Poll::Ready(left) = self.poll_leave(context)? {
                return Poll::Ready(Ok(Turn::Left(left)));
            }
            if wants_input { self.poll_receive(context) } else { Poll::Pending }
        })
        .await
    }

    fn poll_leave(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Vec<T>>> {
        self.fill_piece();
        if self.piece.held.is_empty() {
            return Poll::Pending;
        }
        while !self.piece.bytes.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.piece.bytes))?;
            self.piece.bytes.advance(written);
        }
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // A connection that says nothing holds no buffer.
        self.piece.bytes = BytesMut::new();
        Poll::Ready(Ok(mem::take(&mut self.piece.held)))
    }

    fn fill_piece(&mut self) {
        if !self.piece.held.is_empty() || self.leaving.is_empty() {
            return;
        }
        self.piece = Piece { bytes: BytesMut::new(), held: Vec::new(), since: Instant::now() };
        while self.piece.bytes.len() < PIECE_BYTES
            && let Some((bytes, held)) = self.leaving.pop_front()
        {
            self.piece.bytes.extend_from_slice(&bytes);
            self.piece.held.push(held);
        }
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Turn<T>>> {
        self.received.reserve(if self.received.is_empty() { IDLE_READ_BYTES } else { READ_BYTES });
        let read = pin!(self.stream.read_buf(&mut self.received)).poll(context);
        if read.is_pending() && self.received.is_empty() {
            self.received = BytesMut::new();
        }
        match ready!(read) {
            Ok(0) => Poll::Ready(Ok(Turn::Ended { is_clean: true })),
            Ok(count) => Poll::Ready(Ok(Turn::Received(count))),
            Err(trouble) if trouble.kind() == io::ErrorKind::UnexpectedEof => {
                Poll::Ready(Ok(Turn::Ended { is_clean: false }))
            }
            Err(trouble) => Poll::Ready(Err(trouble)),
        }
    }

    /// Says `close_notify` and ends our side.
    pub(super) async fn close(&mut self, within: Duration) -> io::Result<()> {
        timeout(within, self.stream.shutdown()).await?
    }

    /// Waits until the partner says `close_notify` after we did, and passes over what still comes.
    pub(super) async fn is_closed_cleanly(&mut self) -> bool {
        let ending = async {
            let mut scrap = [0; 1024];
            while self.stream.read(&mut scrap).await? > 0 {}
            io::Result::Ok(())
        };
        matches!(timeout(CLOSING_SECONDS_MAX, ending).await, Ok(Ok(())))
    }

    /// Waits until the connection of a partner has ended that said `close_notify` before we did: without an error, as
    /// nothing was lost on the way.
    pub(super) async fn is_ended(&mut self) -> bool {
        let ending = async {
            let mut scrap = [0; 1024];
            while self.stream.get_mut().0.read(&mut scrap).await? > 0 {}
            io::Result::Ok(())
        };
        matches!(timeout(CLOSING_SECONDS_MAX, ending).await, Ok(Ok(())))
    }
}
