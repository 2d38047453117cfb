//! One connection of a run: it sends what is due, and holds every answer against what was asked.
//!
//! Start with [`Caller::call`]. A connection that ends before the run does is opened again, and what was not answered is
//! sent again, as a partner's system would.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf as _, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_rustls::client::TlsStream;

use super::lodging::{Asked, Forms, Reference, References};
use super::plan::{Kind, Next, Plan};
use super::tally::Tally;
use crate::cli::wire::{Gate, WireTrouble, is_alert};
use crate::edifact::{Frame, FrameFinder};

/// Room for a read.
const READ_BYTES: usize = 16 << 10;
/// How long a connection that was lost waits before it is opened again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);
/// How long the gateway may take to end its side, once this one has.
const CLOSING_SECONDS_MAX: Duration = Duration::from_secs(10);

/// What all connections of a run share.
pub(super) struct Run {
    pub(super) gate: Gate,
    pub(super) forms: Forms,
    pub(super) references: References,
    /// Declarations of an interchange.
    pub(super) declarations: usize,
    /// Answers to an interchange: a CUSRES, and a CONTRL where one is asked for.
    pub(super) answers: usize,
    /// How long after the end answers are waited for.
    pub(super) patience: Duration,
    /// Interchanges that were sent, and that were answered, for whoever watches.
    pub(super) sent: Arc<AtomicU64>,
    pub(super) answered: AtomicU64,
    /// Whether a connection was lost: what it was answered may then come down another one.
    pub(super) has_lost: AtomicBool,
    /// Why the gateway does not let us in.
    pub(super) trouble: Mutex<Option<WireTrouble>>,
}

/// An interchange that is to be answered.
#[derive(Debug)]
struct Pending {
    reference: Reference,
    asked: Asked,
    /// What came back the first time, for one that came before.
    first: Option<Heard>,
    /// When it was due.
    since: Instant,
    heard: Heard,
}

/// What came back for an interchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Heard {
    answers: usize,
    proofs: usize,
    /// The checksum of all bytes.
    checksum: u32,
}

/// An interchange that can be repeated.
#[derive(Debug, Clone, Copy)]
struct Answered {
    reference: Reference,
    asked: Asked,
    heard: Heard,
}

/// One connection.
pub(super) struct Caller {
    run: Arc<Run>,
    plan: Plan,
    tally: Arc<Mutex<Tally>>,
    number: u64,
    /// How many it sent.
    own: u64,
    has_more: bool,
    pending: VecDeque<Pending>,
    /// The last one that was answered, for repeats.
    last: Option<Answered>,
    leaving: Vec<u8>,
    left: usize,
    received: BytesMut,
    finder: FrameFinder,
}

/// How a connection ended.
enum Ended {
    /// Everything was sent and answered.
    Done,
    /// Time was up.
    Late,
    /// The gateway closed it; whether in order.
    ByGateway { is_clean: bool },
    /// The gateway refuses it.
    Refused(io::Error),
}

impl Caller {
    pub(super) fn new(run: Arc<Run>, plan: Plan, tally: Arc<Mutex<Tally>>, number: u64) -> Self {
        Self {
            run,
            plan,
            tally,
            number,
            own: 0,
            has_more: true,
            pending: VecDeque::new(),
            last: None,
            leaving: Vec::new(),
            left: 0,
            received: BytesMut::new(),
            finder: FrameFinder::default(),
        }
    }

    /// Sends and hears until the run is over.
    pub(super) async fn call(mut self, mut stream: TlsStream<TcpStream>) {
        loop {
            match self.converse(&mut stream).await {
                Ended::Done => return close(stream).await,
                Ended::Late => break,
                Ended::Refused(source) => {
                    locked(&self.run.trouble).get_or_insert(self.run.gate.refused(source));
                    break;
                }
                Ended::ByGateway { is_clean } => {
                    if is_clean {
                        close(stream).await;
                    }
                    self.run.has_lost.store(true, Ordering::Relaxed);
                    let Some(again) = self.reconnect().await else { break };
                    self.count(|tally| tally.counts.reconnected += 1);
                    stream = again;
                }
            }
        }
        let unanswered = u64::try_from(self.pending.len()).unwrap_or(u64::MAX);
        self.count(|tally| tally.counts.unanswered += unanswered);
    }

    fn count(&self, count: impl FnOnce(&mut Tally)) {
        count(&mut locked(&self.tally));
    }

    /// Opens the connection again; none when time is up, or nothing is left to do.
    async fn reconnect(&mut self) -> Option<TlsStream<TcpStream>> {
        self.finder = FrameFinder::default();
        self.received.clear();
        self.leaving.clear();
        self.left = 0;
        // Its answer may come by itself now, and then a repeat of it is not answered again.
        self.last = None;
        for pending in &mut self.pending {
            pending.heard = Heard::default();
            self.run.forms.fill(pending.asked, &pending.reference, &mut self.leaving);
        }
        loop {
            if self.is_late(Instant::now()) {
                return None;
            }
            match self.run.gate.connect().await {
                Ok(stream) => return Some(stream),
                Err(trouble) => tracing::debug!(%trouble, "a connection is not opened again yet"),
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Until when answers are waited for; none while a count is not sent yet.
    fn deadline(&self) -> Option<Instant> {
        self.plan.ends().map(|end| end + self.run.patience)
    }

    fn is_late(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| now >= deadline)
    }

    async fn converse(&mut self, stream: &mut TlsStream<TcpStream>) -> Ended {
        loop {
            let now = Instant::now();
            let due = self.send_due(now);
            if !self.has_more && self.pending.is_empty() {
                return Ended::Done;
            }
            // With a count, an answer has its time from the last one on.
            let deadline = self.deadline().unwrap_or(now + self.run.patience);
            let wake = due.map_or(deadline, |due| due.min(deadline));
            tokio::select! {
                biased;
                turn = poll_fn(|context| self.poll_turn(Pin::new(&mut *stream), context)) => match turn {
                    Ok(0) => return Ended::ByGateway { is_clean: true },
                    Ok(_) => if !self.hear() { return Ended::ByGateway { is_clean: false } },
                    Err(source) if is_alert(&source) => return Ended::Refused(source),
                    Err(_) => return Ended::ByGateway { is_clean: false },
                },
                () = sleep_until(wake.into()) => if Instant::now() >= deadline { return Ended::Late },
            }
        }
    }

    /// Writes whatever is due and has room, and says when the next one is due.
    fn send_due(&mut self, now: Instant) -> Option<Instant> {
        while self.has_more && self.pending.len() < self.plan.window() {
            match self.plan.next(self.number, &mut self.own, now) {
                Next::Send(number, due) => self.send(number, due),
                Next::Wait(due) => return Some(due),
                Next::Nothing => self.has_more = false,
            }
        }
        None
    }

    fn send(&mut self, number: u64, since: Instant) {
        let fresh = |asked| (asked, self.run.references.reference(number), None);
        let (asked, reference, first) = match (self.plan.kind(number), self.last) {
            (Kind::Repeat, Some(last)) => (last.asked, last.reference, Some(last.heard)),
            (Kind::Repeat, None) => fresh(Asked::Acceptance),
            (Kind::Fresh(asked), _) => fresh(asked),
        };
        self.run.forms.fill(asked, &reference, &mut self.leaving);
        if since >= self.plan.counts_from() {
            self.count(|tally| tally.counts.sent += 1);
        }
        self.pending.push_back(Pending { reference, asked, first, since, heard: Heard::default() });
    }

    /// Writes what it can, and is ready when something was read: how many bytes.
    fn poll_turn(
        &mut self,
        mut stream: Pin<&mut TlsStream<TcpStream>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        while let Some(rest) = self.leaving.get(self.left..).filter(|rest| !rest.is_empty()) {
            match stream.as_mut().poll_write(context, rest)? {
                Poll::Ready(written) => self.left += written,
                Poll::Pending => break,
            }
        }
        if self.left == self.leaving.len() {
            self.leaving.clear();
            self.left = 0;
        }
        if stream.as_mut().poll_flush(context)?.is_pending() {
            tracing::trace!("the gateway takes no more for now");
        }
        self.received.reserve(READ_BYTES);
        pin!(stream.get_mut().read_buf(&mut self.received)).poll(context)
    }

    /// Hears every answer that is whole; false when what came is no interchange.
    fn hear(&mut self) -> bool {
        loop {
            match self.finder.find(&self.received) {
                Frame::Interchange(range) => {
                    let mut answer = self.received.split_to(range.end);
                    answer.advance(range.start);
                    self.take(&answer);
                }
                Frame::Incomplete => return true,
                Frame::Garbage => return false,
            }
        }
    }

    fn take(&mut self, answer: &[u8]) {
        let about = about(answer);
        let place = about.and_then(|about| self.pending.iter().position(|pending| pending.reference == *about));
        let Some((place, pending)) = place.and_then(|place| Some((place, self.pending.get_mut(place)?))) else {
            return self.take_unasked(about);
        };
        pending.heard.answers += 1;
        pending.heard.proofs += memmem::find_iter(answer, b"'RFF+ABT:").count();
        pending.heard.checksum = crc32c::crc32c_append(pending.heard.checksum, answer);
        if pending.heard.answers == self.run.answers
            && let Some(pending) = self.pending.remove(place)
        {
            self.complete(&pending);
        }
    }

    fn take_unasked(&self, about: Option<&[u8]>) {
        let is_own = about.is_some_and(|about| self.run.references.are_of(about));
        let is_stray = about.is_none() || (is_own && !self.run.has_lost.load(Ordering::Relaxed));
        self.count(|tally| if is_stray { tally.counts.strays += 1 } else { tally.counts.waiting += 1 });
    }

    fn complete(&mut self, pending: &Pending) {
        let now = Instant::now();
        let Pending { reference, asked, first, since, heard } = *pending;
        let (is_accepted, is_refused) = (heard.proofs == self.run.declarations, heard.proofs == 0);
        let is_as_asked = match (first, asked) {
            (Some(first), _) => first == heard,
            (None, Asked::Acceptance) => is_accepted,
            (None, Asked::Refusal) => is_refused,
        };
        self.run.answered.fetch_add(1, Ordering::Relaxed);
        let (from, end) = (self.plan.counts_from(), self.plan.ends());
        let (does_count, is_in_time) = (since >= from, now >= from && end.is_none_or(|end| now <= end));
        self.count(|tally| {
            tally.counts.otherwise += u64::from(!is_as_asked);
            tally.in_time += u64::from(is_in_time);
            if does_count {
                tally.answered(now.saturating_duration_since(since), now);
                tally.counts.repeated += u64::from(first.is_some());
                tally.counts.accepted += u64::from(is_accepted);
                tally.counts.refused += u64::from(is_refused);
            }
        });
        if first.is_none() {
            self.last = Some(Answered { reference, asked, heard });
        }
    }
}

/// The interchange that an answer is about: RFF+ACW of a CUSRES, UCI of a CONTRL.
fn about(answer: &[u8]) -> Option<&[u8]> {
    const NAMES: [&[u8]; 2] = [b"'RFF+ACW:", b"'UCI+"];
    let mut found = NAMES.iter().filter_map(|name| answer.get(memmem::find(answer, name)? + name.len()..));
    let rest = found.next()?;
    rest.get(..memchr::memchr2(b'+', b'\'', rest)?)
}

/// Ends this side, so that the gateway knows that its answers arrived, and waits for its end.
async fn close(mut stream: TlsStream<TcpStream>) {
    let closing = async {
        stream.shutdown().await?;
        let mut scrap = [0; 1024];
        while stream.read(&mut scrap).await? > 0 {}
        io::Result::Ok(())
    };
    if !matches!(timeout(CLOSING_SECONDS_MAX, closing).await, Ok(Ok(()))) {
        tracing::debug!("the gateway did not end its side");
    }
}

/// What is counted is whole between any two steps.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expected: Option<&str>) {
        assert_eq!(about(answer.as_bytes()), expected.map(str::as_bytes));
    }

    #[test]
    fn a_cusres_names_what_it_answers() {
        check("UNH+1+CUSRES:D:96B:UN'BGM+961+A'RFF+ABT:AB1'RFF+ACW:ACME01'RFF+AGO:1'", Some("ACME01"));
    }

    #[test]
    fn a_contrl_names_what_it_answers() {
        check("UNH+1+CONTRL:D:3:UN'UCI+ACME01+ACMEFWD:ZZ+LODGED+7'", Some("ACME01"));
    }

    #[test]
    fn anything_else_names_nothing() {
        check("UNH+1+CUSRES:D:96B:UN'BGM+961+A'", None);
        check("'UCI+", None);
    }
}
