//! One connection of a partner, from its first byte to its end.
//!
//! One task holds both directions: it reads, receives and answers at the same time, and never waits for one of them while
//! another could go on. Everything it holds has a limit, and reading stops where a limit is near, so that what is too much
//! waits at the partner's end of the network.

use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::certificate::Fingerprint;
use super::desk::{Claim, Desk};
use super::door::{Door, turn_away};
use super::inlet::{Found, Inlet};
use super::limits::Limits;
use super::pipeline::Pipeline;
use super::receive::{self, Answered};
use super::terms::Terms;
use super::wire::{Turn, Wire};
use crate::channel::contained::contained;
use crate::channel::tally;
use crate::event::{self, Outcome, SecurityEvent, TurnedAway};
use crate::gateway::Reply;
use crate::partner::Partner;
use crate::record::{Answer, AnswerReference, Channel, Delivery};
use crate::store::Store;

/// When the gateway wants to end a connection, it still reads what is on its way: until nothing came for so long.
const LAST_CALL: Duration = Duration::from_millis(100);

/// What comes back from the wire when an answer has left.
pub(super) struct Sent {
    claim: Claim,
    /// The interchange that this was the last answer to; none for the others, and for answers that waited.
    completes: Option<Taken>,
}

/// An interchange that was taken off the stream.
#[derive(Debug, Clone, Copy)]
struct Taken {
    since: Instant,
    bytes: usize,
}

/// Why nothing more is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The partner closed its side; whether it said `close_notify`.
    Partner { is_clean: bool },
    /// The gateway wants to end, in order.
    Gateway,
    /// The gateway cannot go on: it ends without a word, so that nobody takes the end for an answer.
    Trouble,
}

/// What is due when the time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// The partner is within its rate again.
    Admission,
    /// Nothing more came.
    LastCall,
    /// A limit is reached.
    Limit(TurnedAway),
}

/// A connection whose partner is known.
pub(super) struct Session<S> {
    door: Arc<Door<S>>,
    terms: Arc<Terms>,
    limits: Limits,
    fingerprint: Fingerprint,
    partner: Arc<Partner>,
    desk: Arc<Desk>,
    wire: Wire<Sent>,

    // What comes.
    inlet: Inlet,
    /// An interchange that came too fast, and when the partner is within its rate again.
    held: Option<(Bytes, Instant)>,
    /// Bytes that are still read although the gateway wants to end.
    last_call: Option<usize>,
    ending: Option<Ending>,

    // What is being answered.
    pipeline: Pipeline<(Taken, Answered)>,
    unanswered: usize,
    unanswered_bytes: usize,
    /// Answers that waited and were sent here. The first repeat that asks for one has it already.
    offered: HashSet<AnswerReference>,
    /// When this connection began, another one held answers that wait: they come here if that one loses them.
    is_expecting: bool,
    /// Every answer that has left here, claimed until it is noted as delivered or free to be offered again.
    sent: Vec<Claim>,
    /// How many of them had left before the partner closed its side.
    confirmed: usize,
}

impl<S: Store> Session<S> {
    pub(super) fn new(
        door: Arc<Door<S>>,
        terms: Arc<Terms>,
        (partner, fingerprint): (Arc<Partner>, Fingerprint),
        wire: Wire<Sent>,
    ) -> Self {
        Self {
            limits: terms.limits.for_partner(&partner.limits),
            desk: door.desks.of(&partner.id),
            door,
            terms,
            fingerprint,
            partner,
            wire,
            inlet: Inlet::new(Instant::now()),
            held: None,
            last_call: None,
            ending: None,
            pipeline: Pipeline::new(),
            unanswered: 0,
            unanswered_bytes: 0,
            offered: HashSet::new(),
            is_expecting: false,
            sent: Vec::new(),
            confirmed: 0,
        }
    }

    /// Holds the connection until it ends, and notes what was delivered. When `drain` is cancelled, what was received is
    /// still answered.
    pub(super) async fn hold(mut self, drain: &CancellationToken) {
        self.offer_waiting().await;
        let conversed = self.converse(drain).await;
        // Work that was given up lets go of the desk before anything else is waited for.
        self.pipeline.clear();
        // What the partner has confirmed is noted before we close our side, so that it may rely on it when it sees that.
        self.note_delivered(self.confirmed).await;
        match conversed {
            Ok(()) => {
                if self.close().await {
                    self.note_delivered(self.sent.len()).await;
                }
            }
            Err(trouble) => debug!(%trouble, "the connection broke"),
        }
    }

    /// Sends the answers that wait, except those that another connection is sending.
    async fn offer_waiting(&mut self) {
        let desk = Arc::clone(&self.desk);
        let _alone = desk.settling.write().await;
        let limit = self.limits.waiting_answers_max;
        let looking = self.door.gateway.waiting(&self.partner.id, limit.saturating_add(desk.claimed_count()));
        let replies = match contained(looking).await {
            Ok(Ok(replies)) => replies,
            Ok(Err(unavailable)) => {
                error!(%unavailable, "the answers that wait cannot be read");
                return self.give_up();
            }
            Err(_) => return self.give_up(),
        };
        let (held, free): (Vec<_>, Vec<_>) =
            replies.into_iter().partition(|reply| desk.is_claimed(reply.answer.reference));
        self.is_expecting = !held.is_empty();
        if !free.is_empty() {
            info!(answers = free.len().min(limit), "answers that waited are sent");
        }
        for reply in free.into_iter().take(limit) {
            let claim = desk.claim(reply.answer);
            self.offered.insert(reply.answer.reference);
            self.wire.send(reply.bytes, Sent { claim, completes: None });
        }
    }

    /// Reads, receives and answers, until nothing more is to come and everything has left.
    async fn converse(&mut self, drain: &CancellationToken) -> io::Result<()> {
        loop {
            self.take_interchanges();
            if self.is_finished() {
                self.tell_unfinished();
                return Ok(());
            }
            let wants_input = self.wants_input();
            let due = self.next_due(wants_input);
            tokio::select! {
                biased;
                () = drain.cancelled(), if self.last_call.is_none() => self.call_last(),
                (taken, answered) = self.pipeline.next() => self.answer(taken, answered),
                turn = self.wire.turn(wants_input) => self.step(turn?),
                due = reached(due) => self.end_patience(due)?,
                // With nothing of its own at the desk, so that it cannot wait for itself.
                () = self.desk.released(), if self.is_expecting && self.unanswered == 0 => self.offer_waiting().await,
            }
        }
    }

    fn step(&mut self, turn: Turn<Sent>) {
        match turn {
            Turn::Received(count) => {
                self.inlet.note_received(&mut self.wire.received, Instant::now());
                self.last_call = self.last_call.map(|left| left.saturating_sub(count));
            }
            Turn::Ended { is_clean } => {
                self.confirmed = if is_clean { self.sent.len() } else { 0 };
                self.ending = Some(Ending::Partner { is_clean });
            }
            Turn::Left(sent) => self.note_sent(sent),
        }
    }
}

/// What comes.
impl<S: Store> Session<S> {
    /// Takes every interchange that is whole, as far as there is room.
    fn take_interchanges(&mut self) {
        while self.has_room()
            && let Some(bytes) = self.next_interchange()
        {
            let now = self.door.clock.now();
            if !self.is_still_welcome(now) {
                return self.stop_reading();
            }
            let delivery = self.delivery(bytes, now);
            let (gateway, desk) = (Arc::clone(&self.door.gateway), Arc::clone(&self.desk));
            let taken = Taken { since: Instant::now(), bytes: delivery.bytes.len() };
            self.begin(taken, receive::receive(gateway, desk, Arc::clone(&self.partner), delivery));
        }
    }

    fn next_interchange(&mut self) -> Option<Bytes> {
        let (bytes, is_held) = match self.held.take() {
            Some((bytes, _)) => (bytes, true),
            None => match self.inlet.take(&mut self.wire.received, self.limits.interchange_bytes_max) {
                Found::Interchange(bytes) => (bytes, false),
                Found::Nothing => return None,
                Found::Garbage => return self.refuse_rest("it is no interchange: neither UNA nor UNB begins it"),
                Found::TooLong => {
                    turn_away(TurnedAway::InterchangeBytesMax);
                    return self.refuse_rest("it is longer than limits.interchange_bytes_max");
                }
            },
        };
        match self.desk.admit(self.limits.interchanges_per_minute_max) {
            Ok(()) => Some(bytes),
            Err(wait) => {
                if !is_held {
                    tally::count_security(SecurityEvent::RateExceeded);
                    warn!("the partner is at limits.interchanges_per_minute_max, its next interchange is read later");
                }
                self.held = Some((bytes, Instant::now() + wait));
                None
            }
        }
    }

    /// Keeps what stands there as evidence and reads no further. The rate holds for evidence too, or a partner could fill
    /// the disk with it.
    fn refuse_rest(&mut self, reason: &'static str) -> Option<Bytes> {
        let bytes = self.wire.received.split().freeze();
        self.stop_reading();
        if self.desk.admit(self.limits.interchanges_per_minute_max).is_ok() {
            let taken = Taken { since: Instant::now(), bytes: bytes.len() };
            let delivery = self.delivery(bytes, self.door.clock.now());
            let keeping = receive::keep(Arc::clone(&self.door.gateway), Arc::clone(&self.partner), delivery, reason);
            self.begin(taken, keeping);
        } else {
            tally::count_security(SecurityEvent::RateExceeded);
            warn!(reason, "nobody can be answered, and too much came for the bytes to be kept");
        }
        None
    }

    fn delivery(&self, bytes: Bytes, received_at: Timestamp) -> Delivery {
        Delivery { partner: self.partner.id.clone(), channel: Channel::EdiTls, received_at, bytes }
    }

    fn begin(&mut self, taken: Taken, work: impl Future<Output = Answered> + Send + 'static) {
        self.unanswered += 1;
        self.unanswered_bytes += taken.bytes;
        self.pipeline.push(async move { (taken, work.await) });
    }

    /// Whether the certificate still opens the door: terms may have been replaced, or its time be over, since it came.
    fn is_still_welcome(&mut self, now: Timestamp) -> bool {
        let terms = self.door.terms();
        let Some(partner) = terms.partners.find_by_certificate(&self.fingerprint, now) else {
            turn_away(TurnedAway::UnknownCertificate);
            warn!("the certificate is no longer taken, nothing more is read");
            return false;
        };
        if partner.id != self.partner.id {
            turn_away(TurnedAway::UnknownCertificate);
            warn!(now = %partner.id, "the certificate belongs to another partner now, nothing more is read");
            return false;
        }
        if !Arc::ptr_eq(&terms, &self.terms) {
            self.partner = Arc::clone(partner);
            self.limits = terms.limits.for_partner(&self.partner.limits);
            self.terms = terms;
        }
        true
    }

    /// Whether one more interchange may be begun before the next answer has left.
    fn has_room(&self) -> bool {
        self.unanswered == 0
            || (self.unanswered < self.limits.pipelined_interchanges_max
                && self.unanswered_bytes < self.limits.interchange_bytes_max)
    }

    fn wants_input(&self) -> bool {
        self.ending.is_none() && self.held.is_none() && self.has_room()
    }

    /// Reads what is on its way, and then no more.
    fn call_last(&mut self) {
        self.last_call = Some(self.limits.interchange_bytes_max);
        self.inlet.note_sent(Instant::now());
    }

    /// Reads no more and forgets what was read. What is being received is still answered.
    fn stop_reading(&mut self) {
        self.wire.received.clear();
        self.held = None;
        self.ending = self.ending.or(Some(Ending::Gateway));
    }

    /// Ends without a word: nothing that is not on its way yet is answered.
    fn give_up(&mut self) {
        self.stop_reading();
        self.pipeline.clear();
        self.unanswered = 0;
        self.ending = Some(Ending::Trouble);
    }

    /// An interchange that its partner did not end is not recorded, and nobody can be answered.
    fn tell_unfinished(&mut self) {
        let bytes = self.wire.received.len();
        if bytes > 0 {
            tally::count(Channel::EdiTls, &self.partner.id, Outcome::Unfinished);
            warn!(bytes, "the connection ended in the middle of an interchange, nothing of it is recorded");
        }
    }
}

/// What is due.
impl<S: Store> Session<S> {
    fn next_due(&mut self, wants_input: bool) -> Option<(Instant, Due)> {
        let writing = self
            .wire
            .writing_since()
            .map(|since| (since + self.limits.write_seconds_max, Due::Limit(TurnedAway::WriteSecondsMax)));
        let admission = self.held.as_ref().map(|(_, at)| (*at, Due::Admission));
        let reading = self.next_due_of_reading(wants_input);
        [writing, admission, reading].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn next_due_of_reading(&mut self, wants_input: bool) -> Option<(Instant, Due)> {
        if !wants_input {
            self.inlet.pause(Instant::now());
            return None;
        }
        if let Some(left) = self.last_call {
            let at = if left == 0 { Instant::now() } else { self.inlet.quiet_since() + LAST_CALL };
            return Some((at, Due::LastCall));
        }
        if self.unanswered > 0 && self.wire.received.is_empty() {
            return None;
        }
        let (at, limit) = self.inlet.patience(&self.wire.received, &self.limits, Instant::now());
        Some((at, Due::Limit(limit)))
    }

    fn end_patience(&mut self, due: Due) -> io::Result<()> {
        match due {
            Due::Admission => {}
            Due::LastCall => self.ending = self.ending.or(Some(Ending::Gateway)),
            Due::Limit(TurnedAway::WriteSecondsMax) => {
                turn_away(TurnedAway::WriteSecondsMax);
                warn!("the partner is at limits.write_seconds_max, its answers keep waiting");
                return Err(io::ErrorKind::TimedOut.into());
            }
            Due::Limit(limit) => {
                turn_away(limit);
                info!(limit = limit.as_str(), "the partner is at a limit of time, nothing more is read");
                self.ending = self.ending.or(Some(Ending::Gateway));
            }
        }
        Ok(())
    }
}

/// What is answered.
impl<S: Store> Session<S> {
    fn answer(&mut self, taken: Taken, answered: Answered) {
        match answered {
            Answered::Replies { replies, is_repeat } => self.send(taken, replies, is_repeat),
            Answered::Unreadable => {
                self.complete(taken);
                self.stop_reading();
            }
            Answered::NotNow => self.give_up(),
        }
    }

    fn send(&mut self, taken: Taken, mut replies: Vec<(Reply, Claim)>, is_repeat: bool) {
        if is_repeat {
            // What waited and went down this connection is not sent twice because its interchange was repeated meanwhile.
            replies.retain(|(reply, _)| !self.offered.remove(&reply.answer.reference));
        }
        let Some((last_reply, last_claim)) = replies.pop() else {
            return self.complete(taken);
        };
        for (reply, claim) in replies {
            self.wire.send(reply.bytes, Sent { claim, completes: None });
        }
        self.wire.send(last_reply.bytes, Sent { claim: last_claim, completes: Some(taken) });
    }

    fn note_sent(&mut self, sent: Vec<Sent>) {
        self.inlet.note_sent(Instant::now());
        for Sent { claim, completes } in sent {
            self.sent.push(claim);
            if let Some(taken) = completes {
                metrics::histogram!(event::ANSWER_SECONDS, "channel" => Channel::EdiTls.as_str())
                    .record(taken.since.elapsed().as_secs_f64());
                self.complete(taken);
            }
        }
        if self.sent.len() >= self.limits.unconfirmed_answers_max && self.last_call.is_none() {
            info!(
                "the connection is at limits.unconfirmed_answers_max, it is closed so that the partner confirms them"
            );
            self.call_last();
        }
    }

    fn complete(&mut self, taken: Taken) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.unanswered_bytes = self.unanswered_bytes.saturating_sub(taken.bytes);
    }

    fn is_finished(&self) -> bool {
        self.ending.is_some() && self.held.is_none() && self.unanswered == 0 && self.wire.is_written()
    }

    /// Closes our side, and says whether what was sent and is not confirmed yet can be taken for delivered.
    async fn close(&mut self) -> bool {
        let ending = self.ending.unwrap_or(Ending::Trouble);
        if ending == Ending::Trouble || self.wire.close(self.limits.write_seconds_max).await.is_err() {
            return false;
        }
        match ending {
            _ if self.sent.is_empty() => false,
            Ending::Partner { is_clean: true } => self.wire.is_ended().await,
            Ending::Gateway => self.wire.is_closed_cleanly().await,
            Ending::Partner { is_clean: false } | Ending::Trouble => false,
        }
    }

    /// Notes that so many of the answers were delivered, the first ones.
    async fn note_delivered(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let claims: Vec<Claim> = self.sent.drain(..count).collect();
        self.confirmed = 0;
        let delivered: Vec<Answer> = claims.iter().map(Claim::answer).collect();
        match contained(self.door.gateway.delivered(&self.partner.id, &delivered)).await {
            Ok(Ok(())) => debug!(answers = count, "answers are delivered"),
            Ok(Err(unavailable)) => warn!(%unavailable, "delivered answers are not noted, they are offered again"),
            Err(_) => error!("a fault of the gateway: delivered answers are not noted, they are offered again"),
        }
    }
}

/// What is due, when its time has come; never when nothing is.
async fn reached(due: Option<(Instant, Due)>) -> Due {
    match due {
        Some((at, due)) => {
            sleep_until(at).await;
            due
        }
        None => std::future::pending().await,
    }
}
