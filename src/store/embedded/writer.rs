//! The one thread that settles what is to be recorded: it takes everything that waits, in order, and hands it on to be put
//! on stable storage with one flush. Nobody is answered before that.
//!
//! There is no timer: while one flush runs, the next batch gathers. After the first error it takes nothing any more, for
//! after a failed flush nobody knows what is on the disk, and a second one would lie.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use crate::identifier::RecordNumber;
use crate::partner::PartnerId;
use crate::record::{Act, Answer, Evidence, Examination};
use crate::store::entry::{Entry, LodgedInterchange, WrittenFacts};
use crate::store::floor::Floor;
use crate::store::journal::Journal;
use crate::store::overlay::Overlay;
use crate::store::settle::{self, Settled};
use crate::store::state::{Knowledge, Pointer};
use crate::store::{Numbering, Retention, Standing, Unavailable};

use super::flushing::{Batch, Flushing, Waiter, Written};
use super::pruning::Due;
use super::shared::Shared;

/// Most entries that share one flush.
const BATCH_ENTRIES_MAX: usize = 512;

/// A batch this long is written without waiting for more, in bytes.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// How much memory is kept for the entry that is gathered next, in bytes.
const KEPT_BYTES: usize = 4 << 20;

/// Where an outcome goes.
type Reply<T> = oneshot::Sender<Result<T, Unavailable>>;

/// What callers want of the writer.
pub(crate) enum Request {
    Record(Box<(Examination, WrittenFacts)>, Reply<Standing>),
    Keep(Box<Evidence>, Reply<RecordNumber>),
    Delivered(PartnerId, Vec<Answer>, Reply<()>),
    Note(Box<Act>, Reply<RecordNumber>),
    Prune(Box<Due>, Reply<()>),
    Close(Reply<()>),
    /// What was handed on is on stable storage, so that the next batch may follow. Nobody but the writer's own side says so.
    Flushed,
}

/// The thread's own things.
pub(crate) struct Writer {
    pub(crate) journal: Journal,
    pub(crate) shared: Arc<Shared>,
    pub(crate) numbering: Numbering,
    pub(crate) retention: Retention,
    pub(crate) requests: mpsc::Receiver<Request>,
    /// The thread that applies; none once it has ended.
    pub(crate) applying: Option<JoinHandle<Result<(), Unavailable>>>,
    /// What the gathered entries change.
    pub(crate) unwritten: Overlay,
    /// Where they raise the floor to.
    pub(crate) raising: Option<Floor>,
    /// Who is answered after the flush.
    pub(crate) waiters: Vec<Waiter>,
    pub(crate) flushing: Flushing,
    /// Memory for the entry that is gathered next.
    pub(crate) payload: Vec<u8>,
}

impl Writer {
    /// Works until the store is closed, dropped, or stops.
    pub(crate) fn run(mut self) {
        let guard = StopOnPanic(Arc::clone(&self.shared));
        let mut closing = None;
        while let Some(request) = self.requests.blocking_recv() {
            self.take(request, &mut closing);
            self.take_waiting(&mut closing);
            if self.shared.ready().is_err() {
                break;
            }
            // While a flush runs the batch grows; the end of the flush is a request too.
            if self.is_full() || !self.flushing.is_busy() {
                self.commit();
            }
        }
        self.commit();
        self.flushing.wait();
        self.refuse_the_rest(&mut closing);
        let ended = self.end_applier();
        if let Some(reply) = closing {
            let outcome = self.shared.ready().and(ended);
            self.shared.stop("the record is closed");
            tell(reply, outcome);
        }
        drop(guard);
    }

    /// Takes what waits, as long as it fits one batch.
    fn take_waiting(&mut self, closing: &mut Option<Reply<()>>) {
        while !self.is_full()
            && let Ok(request) = self.requests.try_recv()
        {
            self.take(request, closing);
        }
    }

    /// Whether what is gathered is to be written whatever else waits.
    fn is_full(&self) -> bool {
        self.waiters.len() >= BATCH_ENTRIES_MAX || self.journal.gathered_bytes() >= BATCH_BYTES_MAX
    }

    fn take(&mut self, request: Request, closing: &mut Option<Reply<()>>) {
        match request {
            Request::Record(asked, reply) => {
                let outcome = self.record(*asked);
                self.answer_after_flush(reply, outcome);
            }
            Request::Keep(evidence, reply) => {
                let outcome = self.gather(&Entry::Evidence(*evidence));
                self.answer_after_flush(reply, outcome);
            }
            Request::Delivered(partner, answers, reply) => {
                let outcome = self.delivered(partner, &answers);
                self.answer_after_flush(reply, outcome);
            }
            Request::Note(act, reply) => {
                let outcome = self.gather(&Entry::Act(act));
                self.answer_after_flush(reply, outcome);
            }
            Request::Prune(due, reply) => {
                let outcome = self.prune(&due);
                self.answer_after_flush(reply, outcome);
            }
            Request::Close(reply) => {
                self.requests.close(); // What waits is still taken, then the loop ends.
                *closing = Some(reply);
            }
            Request::Flushed => {}
        }
    }

    fn record(&mut self, (examination, facts): (Examination, WrittenFacts)) -> Result<Standing, Unavailable> {
        self.shared.ready()?;
        let number = self.journal.next_number();
        match settle::settle(&self.knowledge(), &self.numbering, self.retention, number, examination)? {
            Settled::Repeat(recorded) => Ok(Standing { recorded: *recorded, is_repeat: true }),
            Settled::New(interchange) => {
                let payload = interchange.encode(&facts, std::mem::take(&mut self.payload))?;
                let entry = Entry::Interchange(interchange);
                debug_assert_eq!(payload, entry.encode()?, "facts were changed that are taken for those examined");
                self.gather_payload(&entry, &payload)?;
                self.payload = emptied(payload);
                Ok(Standing { recorded: entry.into_interchange()?.recorded, is_repeat: false })
            }
        }
    }

    fn delivered(&mut self, partner: PartnerId, answers: &[Answer]) -> Result<(), Unavailable> {
        let answers = settle::still_waiting(&self.knowledge(), &partner, answers)?;
        if !answers.is_empty() {
            self.gather(&Entry::Delivered { partner, answers })?;
        }
        Ok(())
    }

    /// Notes where the floor is from the next flush on, with the counters as they stand at this place in the journal.
    fn prune(&mut self, due: &Due) -> Result<(), Unavailable> {
        // Another one may be on its way; the floor never sinks.
        self.commit();
        self.flushing.wait();
        self.shared.ready()?;
        if !due.floor().is_above(&self.shared.index.floor()) {
            return Ok(());
        }
        for entry in due.entries(&self.knowledge())? {
            self.gather(&entry)?;
        }
        self.raising = Some(due.floor());
        Ok(())
    }

    fn knowledge(&self) -> WithUnwritten<'_> {
        WithUnwritten { journal: &self.journal, unwritten: &self.unwritten, shared: &self.shared }
    }

    /// Gathers an entry for the next flush. A full segment is flushed first, since a batch never spans two of them.
    fn gather(&mut self, entry: &Entry) -> Result<RecordNumber, Unavailable> {
        self.gather_payload(entry, &entry.encode()?)
    }

    /// The same of an entry that is written already.
    fn gather_payload(&mut self, entry: &Entry, payload: &[u8]) -> Result<RecordNumber, Unavailable> {
        self.shared.ready()?;
        if !self.journal.has_room(payload.len())? {
            self.commit();
            self.flushing.wait();
            self.shared.ready()?;
            self.journal.roll(payload.len()).map_err(|trouble| self.stop(trouble.into()))?;
        }
        let pointer = self.journal.gather(payload)?;
        // An entry that the state could not learn of must not be written either.
        let changes = entry.changes(pointer).map_err(|reason| self.stop(reason))?;
        self.unwritten.add(changes);
        Ok(pointer.number)
    }

    /// Hands on what is gathered, once what was handed on before is on stable storage.
    fn commit(&mut self) {
        if self.waiters.is_empty() && self.journal.gathered_entries() == 0 {
            return;
        }
        self.flushing.wait();
        let written = (self.journal.gathered_entries() > 0).then(|| self.written());
        self.flushing.commit(Batch { written, waiters: std::mem::take(&mut self.waiters) });
    }

    /// Everything gathered, on its way to the disk. From now on what it changes is known from what is shared.
    fn written(&mut self) -> Written {
        let changes = std::mem::take(&mut self.unwritten);
        let (entries, keys, segment) = (self.journal.gathered_entries(), changes.len(), self.journal.segment());
        let up_to = RecordNumber(self.journal.next_number().0.saturating_sub(1));
        self.shared.write(changes);
        Written { write: self.journal.take(), entries, up_to, segment, keys, raises: self.raising.take() }
    }

    /// Stops for good.
    fn stop(&self, reason: Unavailable) -> Unavailable {
        self.shared.stop(&reason.0);
        reason
    }

    /// An outcome that went well waits for the flush; one that did not, does not.
    fn answer_after_flush<T: Send + 'static>(&mut self, reply: Reply<T>, outcome: Result<T, Unavailable>) {
        match outcome {
            Err(_) => tell(reply, outcome),
            Ok(value) => self.waiters.push(Box::new(move |flushed| tell(reply, flushed.map(|()| value)))),
        }
    }

    /// Nobody is left without an answer: they hear why.
    fn refuse_the_rest(&mut self, closing: &mut Option<Reply<()>>) {
        self.requests.close();
        while let Ok(request) = self.requests.try_recv() {
            let reason = self.shared.unanswered();
            match request {
                Request::Record(_, reply) => tell(reply, Err(reason)),
                Request::Keep(_, reply) => tell(reply, Err(reason)),
                Request::Delivered(_, _, reply) => tell(reply, Err(reason)),
                Request::Note(_, reply) => tell(reply, Err(reason)),
                Request::Prune(_, reply) => tell(reply, Err(reason)),
                Request::Close(reply) => *closing = Some(reply),
                Request::Flushed => {}
            }
        }
    }

    /// Lets the other thread finish, and waits for it.
    fn end_applier(&mut self) -> Result<(), Unavailable> {
        self.shared.pace.end();
        let ended = self.applying.take().map(JoinHandle::join);
        ended.unwrap_or(Ok(Ok(()))).unwrap_or_else(|_| Err(Unavailable("the state could not be written".into())))
    }
}

/// What the writer knows: what it gathered, and what stands.
struct WithUnwritten<'a> {
    journal: &'a Journal,
    unwritten: &'a Overlay,
    shared: &'a Shared,
}

impl Knowledge for WithUnwritten<'_> {
    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable> {
        match self.unwritten.get(key) {
            Some(said) => Ok(said.map(<[u8]>::to_vec)),
            None => self.shared.value_to_be(key),
        }
    }

    fn lodged(&self, pointer: Pointer) -> Result<LodgedInterchange, Unavailable> {
        match self.journal.unwritten_entry(pointer) {
            Some(payload) => Entry::decode(payload)?.into_interchange(),
            None => self.shared.lodged(pointer),
        }
    }
}

/// A thread that panics must not leave a store that looks ready.
pub(crate) struct StopOnPanic(pub(crate) Arc<Shared>);

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop("a thread of the record panicked; start again, and move the state aside to rebuild it if that does not help");
        }
    }
}

/// Memory with nothing in it, but for that of a rare one.
fn emptied(mut payload: Vec<u8>) -> Vec<u8> {
    payload.clear();
    payload.shrink_to(KEPT_BYTES);
    payload
}

fn tell<T>(reply: Reply<T>, outcome: Result<T, Unavailable>) {
    if reply.send(outcome).is_err() {
        tracing::debug!("a caller left before its answer was there");
    }
}
