//! The intake: examine, record, answer. Every door uses this and nothing else.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use arc_swap::ArcSwap;
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use super::examine::{Examined, examine};
use super::rulebook::Rulebook;
use super::turns::{Asked, Turn, Turns};
use crate::background;
use crate::edifact::Note;
use crate::event;
use crate::partner::{Partner, PartnerId};
use crate::record::{Answer, AnswerReference, Delivery, Evidence, Recorded};
use crate::reply;
use crate::store::{Standing, Store, Unavailable};

/// One answer, ready to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Which answer it is; [`Gateway::delivered`] wants it back.
    pub answer: Answer,
    /// The interchange, from UNB to UNZ.
    pub bytes: Bytes,
}

/// What became of a delivery.
#[derive(Debug)]
pub enum Received {
    /// It stands in the record; these answers go back, in this order.
    Recorded {
        /// What stands.
        recorded: Box<Recorded>,
        /// Whether it came before; its answers are then the first ones again.
        is_repeat: bool,
        /// The answers.
        replies: Vec<Reply>,
    },
    /// Nobody can be answered; it is kept as evidence, and the door closes.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// The gateway: what it goes by, and the record.
#[derive(Debug)]
pub struct Gateway<S> {
    rulebook: ArcSwap<Rulebook>,
    turns: Turns,
    /// Threads that examine long interchanges; one processor is left to all the others.
    long: Semaphore,
    store: S,
}

/// From so many bytes on an interchange is long: it is examined beside the threads that serve everybody, which it would hold up,
/// and beside others its partner rests behind it.
pub(crate) const LONG_BYTES: usize = 64 << 10;

/// With more verdicts than so many the answers to an interchange are composed there too.
const LONG_VERDICTS: usize = 64;

/// Answers that waited and are composed before others have their turn on this thread.
const REPLIES_AT_ONCE: usize = 32;

impl<S: Store> Gateway<S> {
    /// A gateway that goes by this rulebook and keeps this record.
    pub fn new(rulebook: Rulebook, store: S) -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let long = Semaphore::new(processors.saturating_sub(1).max(1));
        Self { rulebook: ArcSwap::from_pointee(rulebook), turns: Turns::default(), long, store }
    }

    /// What it goes by at this moment.
    pub fn rulebook(&self) -> Arc<Rulebook> {
        self.rulebook.load_full()
    }

    /// Goes by another rulebook from the next interchange on. What is being examined ends by the one it began with.
    pub fn replace_rulebook(&self, rulebook: Rulebook) {
        self.rulebook.store(Arc::new(rulebook));
    }

    /// The record.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Asks for the turn of an interchange of so many bytes. A door that has to wait reads no further meanwhile.
    pub fn ask_turn(&self, partner: &PartnerId, bytes: usize) -> Asked {
        self.turns.ask(partner, bytes)
    }

    /// The gateway is about to end: nobody rests between long interchanges any more, so that what was received is answered soon.
    pub fn drain(&self) {
        self.turns.drain();
    }

    /// One interchange, from the bytes that came to the bytes that go back, when it is its turn.
    ///
    /// Whatever the partner got wrong is in the answers.
    ///
    /// # Errors
    /// [`Unavailable`] is only ever our own trouble: then nothing was recorded and nothing may be acknowledged.
    pub async fn receive(&self, partner: &Partner, delivery: Delivery) -> Result<Received, Unavailable> {
        let turn = self.ask_turn(&partner.id, delivery.bytes.len()).granted().await;
        self.receive_in_turn(turn, partner, delivery).await
    }

    /// The same for a door that has waited for the turn already.
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub async fn receive_in_turn(
        &self,
        mut turn: Turn,
        partner: &Partner,
        delivery: Delivery,
    ) -> Result<Received, Unavailable> {
        let examined = self.examine(partner, delivery).await?;
        turn.note_examined();
        match examined {
            Examined::Unreadable(evidence) => self.keep(evidence).await,
            Examined::Interchange(examination) => {
                examination.notes.iter().for_each(|note| tell(&partner.id, note));
                let queued = Queued::new();
                let Standing { recorded, is_repeat } = self.store.record(*examination).await?; // The disk before the wire.
                drop(queued);
                // A repeat waits for no flush.
                if is_repeat {
                    drop(turn);
                } else {
                    turn.note_recorded();
                }
                let (recorded, replies) = self.compose(recorded).await?;
                Ok(Received::Recorded { recorded, is_repeat, replies })
            }
        }
    }

    async fn examine(&self, partner: &Partner, delivery: Delivery) -> Result<Examined, Unavailable> {
        let examined = if delivery.bytes.len() < LONG_BYTES {
            examine_timed(delivery, partner, &self.rulebook.load())
        } else {
            let (partner, rulebook) = (partner.clone(), self.rulebook());
            self.beside(move || examine_timed(delivery, &partner, &rulebook)).await?
        };
        Ok(examined)
    }

    /// The answers that go back.
    async fn compose(&self, recorded: Recorded) -> Result<(Box<Recorded>, Vec<Reply>), Unavailable> {
        let compose = |recorded: Box<Recorded>| {
            let replies = recorded.answers().map(|answer| reply(&recorded, answer)).collect();
            (recorded, replies)
        };
        let recorded = Box::new(recorded);
        if recorded.verdicts.len() <= LONG_VERDICTS {
            return Ok(compose(recorded));
        }
        self.beside(move || compose(recorded)).await
    }

    /// Does what takes long beside the threads that serve everybody, and behind them.
    async fn beside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unavailable> {
        let _place = self.long.acquire().await.map_err(|_| Unavailable("the gateway is ending".into()))?;
        let done = background::run("lodged-long", work).await;
        let done = done.map_err(|error| Unavailable(format!("a long interchange cannot be worked on: {error}")))?;
        // A panic is contained by the door, as if it had happened here.
        Ok(done.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Keeps bytes that nobody can be answered for.
    ///
    /// # Errors
    /// [`Unavailable`] when they could not be kept.
    pub async fn keep(&self, evidence: Evidence) -> Result<Received, Unavailable> {
        let reason = evidence.reason.clone();
        let limit = self.rulebook.load().evidence_bytes_max;
        let bytes = evidence.delivery.bytes.slice(..evidence.delivery.bytes.len().min(limit));
        self.store
            .keep(Evidence { delivery: Delivery { bytes, ..evidence.delivery }, reason: evidence.reason })
            .await?;
        Ok(Received::Unreadable { reason })
    }

    /// The answers that still wait for a partner and are none of `except`, oldest first: at most `limit`, and no more than
    /// [`WAITING_BYTES_MAX`](crate::store::WAITING_BYTES_MAX) lets be read at one time.
    ///
    /// # Errors
    /// [`Unavailable`] when the record cannot be read.
    pub async fn waiting(
        &self,
        partner: &PartnerId,
        limit: usize,
        except: HashSet<AnswerReference>,
    ) -> Result<Vec<Reply>, Unavailable> {
        let waiting = self.store.waiting(partner, limit, except).await?;
        let mut replies = Vec::with_capacity(waiting.len());
        for some in waiting.chunks(REPLIES_AT_ONCE) {
            replies.extend(some.iter().map(|waiting| reply(&waiting.recorded, waiting.answer)));
            yield_now().await;
        }
        Ok(replies)
    }

    /// Notes that these answers reached their partner.
    ///
    /// # Errors
    /// [`Unavailable`] when the note could not be kept; the answers are then offered again.
    pub async fn delivered(&self, partner: &PartnerId, answers: &[Answer]) -> Result<(), Unavailable> {
        if answers.is_empty() { Ok(()) } else { self.store.delivered(partner, answers).await }
    }
}

fn examine_timed(delivery: Delivery, partner: &Partner, rulebook: &Rulebook) -> Examined {
    let begun = Instant::now();
    let examined = examine(delivery, partner, rulebook);
    metrics::histogram!(event::EXAMINATION_SECONDS).record(begun.elapsed().as_secs_f64());
    examined
}

/// Tells operators what was taken although the standard does not have it.
fn tell(partner: &PartnerId, note: &Note) {
    let (tolerance, first) = (note.tolerance.name(), note.first.start);
    tracing::info!(%partner, tolerance, count = note.count, first, "a tolerance was used");
    let labels = [("partner", partner.as_str().to_owned()), ("tolerance", tolerance.to_owned())];
    metrics::counter!(event::TOLERANCES_USED, &labels).increment(1);
}

/// An interchange in the gauge, as long as it waits to be recorded or is given up.
struct Queued;

impl Queued {
    fn new() -> Self {
        metrics::gauge!(event::QUEUE_DEPTH).increment(1.0);
        Self
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        metrics::gauge!(event::QUEUE_DEPTH).decrement(1.0);
    }
}

fn reply(recorded: &Recorded, answer: Answer) -> Reply {
    Reply { answer, bytes: reply::compose(recorded, answer.kind, answer.reference) }
}
