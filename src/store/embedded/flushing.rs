//! Putting what the writer gathered on stable storage, and telling those who wait for it.
//!
//! Start with [`Flushing`]. A batch of some entries goes to a thread of its own, so that the writer gathers the next one
//! while the disk works; a smaller one is not worth the way to another thread. There is one flush at a time, and one batch
//! is never put on the disk before the one in front of it is there.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tokio::sync::mpsc::WeakSender;

use crate::event;
use crate::identifier::RecordNumber;
use crate::store::Unavailable;
use crate::store::floor::Floor;
use crate::store::journal::Write;

use super::shared::Shared;
use super::writer::{Request, StopOnPanic};

/// A batch with more entries goes to the other thread.
const HERE_ENTRIES_MAX: u32 = 8;

/// An answer that waits for the flush.
pub(super) type Waiter = Box<dyn FnOnce(Result<(), Unavailable>) + Send>;

/// What shares a flush.
pub(super) struct Batch {
    /// The entries; none when everything in it was there already.
    pub(super) written: Option<Written>,
    /// Who is answered once they are on stable storage.
    pub(super) waiters: Vec<Waiter>,
}

/// Entries to be put on stable storage. [`Shared`] holds what they change.
pub(super) struct Written {
    pub(super) write: Write,
    /// How many.
    pub(super) entries: u32,
    /// The last of them.
    pub(super) up_to: RecordNumber,
    /// The segment that they go to.
    pub(super) segment: u64,
    /// How many keys they change.
    pub(super) keys: usize,
    /// Where they raise the floor to.
    pub(super) raises: Option<Floor>,
}

/// The one who flushes.
pub(super) struct Flushing {
    shared: Arc<Shared>,
    /// None only while it is dropped.
    batches: Option<SyncSender<Batch>>,
    thread: Option<JoinHandle<()>>,
    busy: Arc<Busy>,
}

/// Whether the thread has a batch.
#[derive(Default)]
struct Busy {
    is_busy: Mutex<bool>,
    ended: Condvar,
}

impl Flushing {
    /// Starts the thread. When it ends a batch it says so with a [`Request::Flushed`], unless so many requests wait that the
    /// writer looks anyway.
    pub(super) fn start(shared: &Arc<Shared>, requests: WeakSender<Request>) -> std::io::Result<Self> {
        let (batches, waiting) = sync_channel(1);
        let busy = Arc::<Busy>::default();
        let thread = {
            let (shared, busy) = (Arc::clone(shared), Arc::clone(&busy));
            thread::Builder::new()
                .name("lodged-flush".into())
                .spawn(move || run(&shared, &waiting, &busy, &requests))?
        };
        Ok(Self { shared: Arc::clone(shared), batches: Some(batches), thread: Some(thread), busy })
    }

    /// Whether a batch is on its way.
    pub(super) fn is_busy(&self) -> bool {
        *self.busy.lock()
    }

    /// Waits until no batch is on its way.
    pub(super) fn wait(&self) {
        let busy = self.busy.ended.wait_while(self.busy.lock(), |is_busy| *is_busy);
        drop(busy.unwrap_or_else(PoisonError::into_inner));
    }

    /// Puts a batch on stable storage, or lets it be put there while the caller goes on, when the one before it is there.
    pub(super) fn commit(&self, batch: Batch) {
        self.wait();
        if batch.written.as_ref().is_none_or(|written| written.entries <= HERE_ENTRIES_MAX) {
            commit(&self.shared, batch);
            return;
        }
        *self.busy.lock() = true;
        if let Some(batches) = &self.batches
            && batches.send(batch).is_err()
        {
            // Whoever waits hears of it, since what was to tell them is gone.
            *self.busy.lock() = false;
            self.shared.stop("the thread that flushes the journal has ended; start again");
        }
    }
}

impl Drop for Flushing {
    /// The next owner of the directory must not meet a thread of this one.
    fn drop(&mut self) {
        drop(self.batches.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that flushes the journal panicked");
        }
    }
}

impl Busy {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(shared: &Arc<Shared>, batches: &Receiver<Batch>, busy: &Busy, requests: &WeakSender<Request>) {
    for batch in batches {
        let ended = Ended(busy, requests);
        let guard = StopOnPanic(Arc::clone(shared));
        commit(shared, batch);
        drop(guard);
        drop(ended);
    }
}

/// Says that a batch has ended, well or not.
struct Ended<'a>(&'a Busy, &'a WeakSender<Request>);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let Self(busy, requests) = self;
        *busy.lock() = false;
        busy.ended.notify_all();
        if let Some(requests) = requests.upgrade() {
            _ = requests.try_send(Request::Flushed); // A full queue wakes the writer as well.
        }
    }
}

/// One write, one flush; then the answers; then the state.
fn commit(shared: &Shared, Batch { written, waiters }: Batch) {
    let keys = written.as_ref().map(|written| written.keys);
    let outcome = written.map_or_else(|| shared.ready(), |written| flush(shared, written));
    let is_committed = outcome.is_ok();
    for waiter in waiters {
        waiter(outcome.clone());
    }
    if is_committed && keys.is_some_and(|keys| !shared.pace.more(keys)) {
        shared.stop("the state cannot be written; the journal holds everything, start again");
    }
}

fn flush(shared: &Shared, written: Written) -> Result<(), Unavailable> {
    shared.ready()?;
    let Written { write, entries, up_to, segment, keys: _, raises } = written;
    let started = Instant::now();
    write.flush().map_err(|trouble| {
        let reason = Unavailable::from(trouble);
        shared.stop(&reason.0);
        reason
    })?;
    metrics::histogram!(event::STORE_FLUSH_SECONDS).record(started.elapsed().as_secs_f64());
    metrics::histogram!(event::STORE_BATCH).record(f64::from(entries));
    metrics::counter!(event::STORE_COMMITS).increment(entries.into());
    // It is raised first: whoever applies the entry that says so removes files.
    raises.into_iter().for_each(|floor| shared.index.raise(floor));
    shared.publish(up_to, segment);
    Ok(())
}
