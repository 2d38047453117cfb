//! The feed: every declaration that was accepted is handed to the administration's own systems, in the order of the record
//! and at least once.
//!
//! Start with [`Consumer`], one system and where it takes its declarations, and [`Feed`], which serves it: it reads along
//! the record, hands over some lines of JSON at a time, and notes how far it came only when they were taken. Consumers do
//! not wait for one another, and the gateway waits for none of them: what one has not taken is in the record. It never
//! hands over what is not on stable storage, never skips what is kept, and never changes the order.

mod cursor;

// Where declarations go.
mod directory;
mod http;

pub use cursor::CursorTrouble;
pub use http::{Endpoint, EndpointTrouble};

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;
use tracing::{error, warn};

use crate::event;
use crate::gateway::Gateway;
use crate::identifier::RecordNumber;
use crate::store::{Accepted, Along, EmbeddedStore};
use cursor::Cursor;

/// How many bytes of lines are handed over at a time; the declarations of one interchange stay together.
const BATCH_BYTES: usize = 1 << 20;
/// How long it waits for something new: what comes meanwhile is handed over together.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long it waits after the first refusal; after each further one twice as long.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest it waits after a refusal.
const RETRY_MAX: Duration = Duration::from_secs(300);

/// What stands for the identity of a store that is not made yet: no place names it.
const NEW_STORE: &str = "a new one";

/// A system that takes what was accepted.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// Its short name, by which its place in the record is kept: letters, digits and hyphens.
    pub name: String,
    /// Whether it takes practice rather than real declarations.
    pub is_practice: bool,
    /// Where it takes them.
    pub target: Target,
}

/// Where a consumer takes declarations.
#[derive(Debug, Clone)]
pub enum Target {
    /// In files of a directory.
    Directory(PathBuf),
    /// In requests.
    Http(Endpoint),
}

/// Some declarations on their way to a consumer.
#[derive(Debug, Clone)]
struct Batch {
    /// Which store they are of.
    store: String,
    /// The first entry that was looked at.
    first: RecordNumber,
    /// The last one.
    last: RecordNumber,
    /// A line of JSON for each declaration.
    lines: Bytes,
}

/// What a consumer did not take, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotTaken(String);

impl NotTaken {
    /// For `map_err`: what was tried.
    fn when<E: fmt::Display>(doing: &str) -> impl FnOnce(E) -> Self {
        move |trouble| Self(format!("cannot {doing}: {trouble}"))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(directory) => write!(f, "directory {}", directory.display()),
            Self::Http(endpoint) => write!(f, "address {endpoint}"),
        }
    }
}

impl Target {
    async fn take(&self, batch: &Batch) -> Result<(), NotTaken> {
        match self {
            Self::Directory(directory) => directory::write(directory.clone(), batch.clone()).await,
            Self::Http(endpoint) => endpoint.post(batch).await,
        }
    }
}

/// Serves one consumer.
pub struct Feed {
    gateway: Arc<Gateway<EmbeddedStore>>,
    consumer: Consumer,
    cursor: Cursor,
    along: Along,
}

/// Whether all consumers stand in this store, as their places in this directory say; in a new one when it has no identity
/// yet. Nothing is changed.
///
/// # Errors
/// [`CursorTrouble`] when a place cannot be read, or is one in another store.
pub fn check_places(consumers: &[Consumer], places: &Path, store: Option<&str>) -> Result<(), CursorTrouble> {
    let store = store.unwrap_or(NEW_STORE);
    consumers.iter().try_for_each(|consumer| Cursor::read(places, &consumer.name, store).map(drop))
}

impl Feed {
    /// From where the consumer stands, which is kept in this directory; a new one begins with the first entry.
    ///
    /// # Errors
    /// [`CursorTrouble`] when its place cannot be read, or is one in another store.
    pub fn new(gateway: Arc<Gateway<EmbeddedStore>>, consumer: Consumer, places: &Path) -> Result<Self, CursorTrouble> {
        let (cursor, next) = Cursor::read(places, &consumer.name, &gateway.store().identity())?;
        Ok(Self { gateway, consumer, cursor, along: Along::from(next) })
    }

    /// Hands over what there is, and then whatever comes. Never returns.
    pub async fn run(mut self) {
        loop {
            self.tell_how_far_behind();
            let store = self.gateway.store();
            match store.accepted(self.along, self.consumer.is_practice, BATCH_BYTES).await {
                Ok(accepted) => {
                    let is_there_more = accepted.next.next() <= store.last();
                    if accepted.next.next() != self.along.next() {
                        self.hand_over(accepted).await;
                    }
                    if !is_there_more {
                        sleep(LOOK_EVERY).await;
                    }
                }
                Err(unavailable) => {
                    error!(consumer = self.consumer.name, %unavailable, "the feed cannot read the record");
                    sleep(RETRY_MAX).await;
                }
            }
        }
    }

    /// Until it is taken, and its place noted.
    async fn hand_over(&mut self, Accepted { lines, declarations, next, skipped }: Accepted) {
        if skipped > 0 {
            self.tell_skipped(skipped);
        }
        let last = RecordNumber(next.next().0.saturating_sub(1));
        let store = self.gateway.store().identity();
        let batch = Batch { store, first: self.along.next(), last, lines: lines.into() };
        let mut pause = RETRY_MIN;
        while let Err(trouble) = self.try_once(&batch, declarations, next).await {
            let Consumer { name, .. } = &self.consumer;
            metrics::counter!(event::FEED_FAILURES, "consumer" => name.clone()).increment(1);
            warn!(consumer = name, %trouble, seconds = pause.as_secs(), "a consumer did not take what was accepted; it is tried again");
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(RETRY_MAX);
            self.tell_how_far_behind();
        }
        self.along = next;
        metrics::counter!(event::FEED_DECLARATIONS, "consumer" => self.consumer.name.clone()).increment(declarations);
    }

    async fn try_once(&self, batch: &Batch, declarations: u64, next: Along) -> Result<(), NotTaken> {
        if declarations > 0 {
            self.consumer.target.take(batch).await?;
        }
        self.cursor.write(next.next()).await
    }

    /// What was dropped before the consumer took it is lost to it, and it goes on behind that.
    fn tell_skipped(&self, entries: u64) {
        let Consumer { name, .. } = &self.consumer;
        metrics::counter!(event::FEED_SKIPPED, "consumer" => name.clone()).increment(entries);
        error!(
            consumer = name,
            entries, "entries are no longer kept that a consumer never took; it goes on behind them"
        );
    }

    fn tell_how_far_behind(&self) {
        let behind = (self.gateway.store().last().0 + 1).saturating_sub(self.along.next().0);
        let behind = u32::try_from(behind).unwrap_or(u32::MAX);
        metrics::gauge!(event::FEED_BEHIND, "consumer" => self.consumer.name.clone()).set(f64::from(behind));
    }
}
