//! The embedded engine: the journal is the commit point, the state follows behind it.
//!
//! Start with [`EmbeddedStore::open`]. One thread settles and gathers what is to be recorded, one puts it into the journal
//! and answers after the flush, one applies what was committed to the state; readers see what is on stable storage, whether
//! it is applied or not. It never answers from memory what the disk might not have, and never goes on after a failed write.

// How a store is found again, and what can be in the way.
mod look;
mod open;

// The threads, and what they share with readers.
mod accepted;
mod applier;
mod archiving;
mod flushing;
mod outbox;
mod pace;
mod pruning;
mod shared;
mod shipping;
mod writer;

#[cfg(test)]
mod pruned;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod upgrading;

pub use accepted::Accepted;
pub use archiving::Archived;
pub use look::Unopened;
pub use open::{OpenTrouble, StartSummary, StoreOptions};
pub use pruning::Dropped;

use std::collections::HashSet;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use crate::background;
use crate::identifier::{DeclarationReference, ProofOfReportNumber, RecordNumber};
use crate::partner::PartnerId;
use crate::record::{Act, Answer, AnswerReference, Delivery, Evidence, Examination, Recorded, RepeatKey};

use super::entry::WrittenFacts;
use super::journal::Along;
use super::journal::segment::FORMAT;
use super::{FoundPage, Lodged, Search, Standing, Store, Unavailable, WaitingAnswer, state};
use shared::Shared;
use writer::Request;

/// The facts of more judgements than so many are written beside the threads that serve everybody.
const LONG_JUDGEMENTS: usize = 64;

/// A record on the disk of this machine.
///
/// Dropping it without [`EmbeddedStore::close`] is as safe as a kill: what was acknowledged is there at the next start.
/// It waits until the threads have ended, so that the directory is free then.
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    summary: StartSummary,
    /// None only while it is dropped.
    requests: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
}

/// How far a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The last entry on stable storage.
    pub committed: RecordNumber,
    /// The last entry that the state has taken over.
    pub applied: RecordNumber,
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedStore").field("summary", &self.summary).finish_non_exhaustive()
    }
}

impl EmbeddedStore {
    /// The format of what is written: of new segments of the journal.
    pub const FORMAT: u32 = FORMAT;

    /// Opens the store in a directory, or makes one where there is none. It blocks until everything is checked and
    /// applied.
    ///
    /// # Errors
    /// [`OpenTrouble`] when the store is in use, damaged, or cannot be kept safe here.
    pub fn open(options: StoreOptions) -> Result<Self, OpenTrouble> {
        Self::look(options)?.open()
    }

    /// Looks at the store in a directory, or where one would be made, and changes nothing. It reads no entry.
    ///
    /// # Errors
    /// [`OpenTrouble`] when the directory is not fit for a store, somebody has it, or its segments do not fit together.
    pub fn look(options: StoreOptions) -> Result<Unopened, OpenTrouble> {
        open::look(options)
    }

    /// Whether a start would refuse the store in a directory, asked beside whoever has it: it may be in use. It reads no entry,
    /// changes nothing, and keeps nobody from taking it. Root is not asked whose it is. Returns which store it is, in hexadecimal;
    /// none when there is none yet, or when that cannot be said while it is in use.
    ///
    /// # Errors
    /// [`OpenTrouble`] when the directory is not fit for a store, or its segments do not fit together.
    pub fn would_open(options: StoreOptions) -> Result<Option<String>, OpenTrouble> {
        look::would_open(options)
    }

    /// What was found at the start.
    #[must_use]
    pub fn summary(&self) -> &StartSummary {
        &self.summary
    }

    /// How many entries on stable storage the state does not hold yet.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.shared.lag()
    }

    /// Takes nothing more, finishes what was taken, and leaves nothing for the next start to apply.
    ///
    /// # Errors
    /// [`Unavailable`] when the store had stopped, or the state could not be written; the journal holds what was
    /// acknowledged all the same.
    pub async fn close(&self) -> Result<(), Unavailable> {
        self.ask(Request::Close).await
    }

    /// Which store it is, in hexadecimal; drawn once, when it was made.
    #[must_use]
    pub fn identity(&self) -> String {
        self.shared.reader.store().to_string()
    }

    /// The last entry on stable storage.
    #[must_use]
    pub fn last(&self) -> RecordNumber {
        self.shared.committed()
    }

    /// What was accepted, real or practice, from `along` on, until there are `bytes_max` bytes of it; an interchange is not
    /// divided. Nothing that is not on stable storage is in it; what is not kept any more is passed over and counted.
    ///
    /// # Errors
    /// [`Unavailable`] when the journal cannot be read.
    pub async fn accepted(&self, along: Along, is_practice: bool, bytes_max: usize) -> Result<Accepted, Unavailable> {
        self.read(move |shared| shared.accepted(along, is_practice, bytes_max)).await
    }

    /// What came under this number, as it came; none for a note of ours, a number not given yet, or what is not kept any more. It reads a whole
    /// segment: for people and tools, not for every interchange.
    ///
    /// # Errors
    /// [`Unavailable`] when the journal cannot be read.
    pub async fn delivery(&self, number: RecordNumber) -> Result<Option<Delivery>, Unavailable> {
        self.read(move |shared| shared.delivery(number)).await
    }

    /// How far it is at this moment.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let applied = self.shared.applied(); // It is asked first, so that it is never ahead.
        Progress { committed: self.shared.committed(), applied }
    }

    /// Hands the writer a request and waits for its answer. The queue is bounded: a full one makes callers wait.
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, Unavailable>>) -> Request,
    ) -> Result<T, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(|| self.shared.unanswered())?;
        requests.send(request(reply)).await.map_err(|_| self.shared.unanswered())?;
        answer.await.unwrap_or_else(|_| Err(self.shared.unanswered()))
    }

    /// Reads from the disk where it blocks nobody.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Shared) -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let shared = Arc::clone(&self.shared);
        let outcome = spawn_blocking(move || read(&shared)).await;
        outcome.unwrap_or_else(|_| Err(Unavailable("reading the record was interrupted".into())))
    }
}

impl Store for EmbeddedStore {
    async fn record(&self, examination: Examination) -> Result<Standing, Unavailable> {
        let asked = Box::new(write_facts(examination).await?);
        self.ask(|reply| Request::Record(asked, reply)).await
    }

    async fn keep(&self, evidence: Evidence) -> Result<RecordNumber, Unavailable> {
        let evidence = Box::new(evidence);
        self.ask(|reply| Request::Keep(evidence, reply)).await
    }

    async fn delivered(&self, partner: &PartnerId, answers: &[Answer]) -> Result<(), Unavailable> {
        self.ask(|reply| Request::Delivered(partner.clone(), answers.to_vec(), reply)).await
    }

    async fn waiting(
        &self,
        partner: &PartnerId,
        limit: usize,
        except: HashSet<AnswerReference>,
    ) -> Result<Vec<WaitingAnswer>, Unavailable> {
        let partner = partner.clone();
        self.read(move |shared| shared.waiting(&partner, limit, &except)).await
    }

    async fn report(&self, proof: &ProofOfReportNumber) -> Result<Option<Recorded>, Unavailable> {
        let proof = proof.clone();
        self.read(move |shared| shared.report(&proof)).await
    }

    async fn find(&self, search: &Search, limit: usize) -> Result<FoundPage, Unavailable> {
        let search = search.clone();
        self.read(move |shared| shared.find_declarations(&search, limit)).await
    }

    async fn declared(
        &self,
        partner: &PartnerId,
        is_practice: bool,
        reference: &DeclarationReference,
    ) -> Result<Option<Recorded>, Unavailable> {
        let key = state::declaration(partner, is_practice, reference);
        self.read(move |shared| shared.declared(&key)).await
    }

    async fn interchange(&self, key: &RepeatKey) -> Result<Option<Lodged>, Unavailable> {
        let key = state::first_under(key);
        self.read(move |shared| shared.first_under(&key)).await
    }

    async fn count_waiting(&self, partner: &PartnerId, limit: usize) -> Result<usize, Unavailable> {
        let partner = partner.clone();
        self.read(move |shared| shared.count_waiting(&partner, limit)).await
    }

    async fn note(&self, act: Act) -> Result<RecordNumber, Unavailable> {
        self.ask(|reply| Request::Note(Box::new(act), reply)).await
    }

    async fn acts(&self, behind: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Act)>, Unavailable> {
        self.read(move |shared| shared.acts(behind, limit)).await
    }

    fn ready(&self) -> Result<(), Unavailable> {
        self.shared.ready()
    }
}

/// Writes the facts of an examination; those of a long one where it keeps nobody else waiting.
async fn write_facts(examination: Examination) -> Result<(Examination, WrittenFacts), Unavailable> {
    let write = |examination: Examination| WrittenFacts::of(&examination.facts).map(|facts| (examination, facts));
    if examination.facts.judgements.len() <= LONG_JUDGEMENTS {
        return write(examination);
    }
    let done = background::run("lodged-long", move || write(examination)).await;
    let done = done.map_err(|error| Unavailable(format!("a long interchange cannot be worked on: {error}")))?;
    done.unwrap_or_else(|panic| resume_unwind(panic))
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.shared.abandon();
        drop(self.requests.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the thread that writes the record panicked");
        }
    }
}
