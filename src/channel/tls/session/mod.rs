//! One connection of a partner, from its first byte to its end.
//!
//! One task holds both directions: it reads, receives and answers at the same time, and never waits for one of them while
//! another could go on. Everything it holds has a limit, and reading stops where a limit is near, so that what is too much
//! waits at the partner's end of the network.

mod patience;
mod reading;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::channel::contained::contained;
use crate::channel::tls::certificate::Fingerprint;
use crate::channel::tls::desk::{Claim, Desk};
use crate::channel::tls::door::Door;
use crate::channel::tls::inlet::Inlet;
use crate::channel::tls::limits::Limits;
use crate::channel::tls::pipeline::Pipeline;
use crate::channel::tls::receive::Answered;
use crate::channel::tls::terms::Terms;
use crate::channel::tls::wire::{Turn, Wire};
use crate::event;
use crate::gateway::{Reply, Waiting};
use crate::partner::Partner;
use crate::record::{Answer, AnswerReference, Channel, Delivery};
use crate::store::Store;

use patience::reached;
use reading::granted;

/// How many answers are noted as delivered at one time: about as long as a flush takes.
const NOTED_AT_ONCE: usize = 512;

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
    /// An interchange that waits for its turn.
    awaiting: Option<(Taken, Delivery, Waiting)>,
    /// Bytes that are still read although the gateway wants to end.
    last_call: Option<usize>,
    ending: Option<Ending>,

    // What is being answered.
    pipeline: Pipeline<(Taken, Answered)>,
    unanswered: usize,
    unanswered_bytes: usize,
    /// Answers that waited and were sent here. The first repeat that asks for one has it already.
    offered: HashSet<AnswerReference>,
    /// When this connection last looked, answers were on their way: they come here if their connection loses them.
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
            inlet: Inlet::new(Instant::now(), door.gateway.rulebook().tolerances),
            door,
            terms,
            fingerprint,
            partner,
            wire,
            held: None,
            awaiting: None,
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
    pub(super) async fn hold(mut self: Box<Self>, drain: &CancellationToken) {
        self.offer_waiting().await;
        let conversed = self.converse(drain).await;
        // Work that was given up lets go of the desk before anything else is waited for.
        self.pipeline.clear();
        // What the partner has confirmed is noted before we close our side, so that it may rely on it when it sees that.
        // Where it could not be noted, our side is not closed: the connection ends without a word.
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
        // What is claimed now is not looked for: by the time it is found to wait, its connection may have noted that it was
        // delivered and let go of it, and it would be offered although it arrived.
        let claimed = desk.claimed();
        self.is_expecting = !claimed.is_empty();
        let looking = self.door.gateway.waiting(&self.partner.id, self.limits.waiting_answers_max, claimed);
        let replies = match contained(looking).await {
            Ok(Ok(replies)) => replies,
            Ok(Err(unavailable)) => {
                error!(%unavailable, "the answers that wait cannot be read");
                return self.give_up();
            }
            Err(_) => return self.give_up(),
        };
        if !replies.is_empty() {
            info!(answers = replies.len(), "answers that waited are sent");
        }
        for reply in replies {
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
                turn = granted(&mut self.awaiting) => self.begin_in_turn(turn),
                turn = self.wire.turn(wants_input) => self.step(turn?),
                due = reached(due) => self.end_patience(due)?,
                // With nothing of its own at the desk or before it, so that neither it nor a turn waits for itself.
                () = self.desk.released(), if self.may_offer() => self.offer_waiting().await,
            }
        }
    }

    fn may_offer(&self) -> bool {
        self.is_expecting && self.unanswered == 0 && self.awaiting.is_none()
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
        self.ending.is_some()
            && self.held.is_none()
            && self.awaiting.is_none()
            && self.unanswered == 0
            && self.wire.is_written()
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

    /// Notes that so many of the answers were delivered, the first ones: some at a time, so that what others record goes
    /// in between.
    async fn note_delivered(&mut self, mut count: usize) {
        self.confirmed = 0;
        while count > 0 {
            let claims: Vec<Claim> = self.sent.drain(..count.min(NOTED_AT_ONCE)).collect();
            count -= claims.len();
            let delivered: Vec<Answer> = claims.iter().map(Claim::answer).collect();
            match contained(self.door.gateway.delivered(&self.partner.id, &delivered)).await {
                Ok(Ok(())) => {
                    debug!(answers = delivered.len(), "answers are delivered");
                    claims.into_iter().for_each(Claim::let_go);
                }
                Ok(Err(unavailable)) => {
                    warn!(%unavailable, "delivered answers are not noted, they are offered again");
                    return self.give_up();
                }
                Err(_) => {
                    error!("a fault of the gateway: delivered answers are not noted, they are offered again");
                    return self.give_up();
                }
            }
        }
    }
}
