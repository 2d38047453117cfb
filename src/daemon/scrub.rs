//! The record read again from end to end, slowly and now and then, so that damage is told before anybody needs the bytes.
//!
//! It is what `lodged store check` does beside a daemon: every frame, the chain of all entries, every seal. It changes
//! nothing and stops nothing: what is damaged is told with its place, counted, and left for an administrator.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::event;
use crate::store::{self, CheckReport, InspectTrouble, Step, Watch};

/// A start has other things to do first.
const FIRST_AFTER: Duration = Duration::from_secs(5);
/// How many disagreements are told; all are counted.
const TOLD_MAX: usize = 100;

/// What is read, how often and how fast.
pub(super) struct Scrub {
    directory: PathBuf,
    every: Duration,
    bytes_per_second: u64,
    clock: Arc<dyn Clock>,
}

impl Scrub {
    /// As the settings want it; none when they want none.
    pub(super) fn new(settings: &StoreSettings, clock: Arc<dyn Clock>) -> Option<Self> {
        let every = Duration::from_secs(settings.scrub_hours.checked_mul(60 * 60).filter(|seconds| *seconds > 0)?);
        let (directory, bytes_per_second) = (settings.directory.clone(), settings.scrub_bytes_per_second);
        Some(Self { directory, every, bytes_per_second, clock })
    }

    /// Reads it soon after the start, and then as often as it is wanted. Never returns.
    pub(super) async fn repeat(self) {
        tokio::time::sleep(FIRST_AFTER.min(self.every)).await;
        loop {
            self.once().await;
            tokio::time::sleep(self.every).await;
        }
    }

    /// On a thread of its own, which nobody waits for when the gateway ends.
    async fn once(&self) {
        let (reply, found) = oneshot::channel();
        let (directory, mut pace) = (self.directory.clone(), Pace::new(self.bytes_per_second));
        let reading = thread::Builder::new().name("scrub".to_owned()).spawn(move || {
            // Nobody hears of it only when the gateway has ended.
            drop(reply.send(store::check(&directory, TOLD_MAX, &mut pace)));
        });
        if let Err(trouble) = reading {
            warn!(%trouble, "the record is not read again this time: no thread for it");
            return;
        }
        match found.await {
            Ok(outcome) => self.tell(outcome),
            Err(_) => error!("a fault of the gateway ended the reading of the record"),
        }
    }

    fn tell(&self, outcome: Result<CheckReport, InspectTrouble>) {
        let report = match outcome {
            Ok(report) => report,
            Err(trouble) => {
                metrics::gauge!(event::STORE_DISAGREEMENTS).set(1.0);
                error!(%trouble, "the record cannot be read again");
                return;
            }
        };
        for disagreement in &report.disagreements.told {
            error!(%disagreement, "the record is damaged, restore the segment from a backup (`lodged store check` says more)");
        }
        let total = u32::try_from(report.disagreements.total).unwrap_or(u32::MAX);
        metrics::gauge!(event::STORE_DISAGREEMENTS).set(f64::from(total));
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay exact for longer than anybody counts")]
        metrics::gauge!(event::STORE_SCRUBBED).set(self.clock.now().as_second() as f64);
        let CheckReport { entries, segments, journal_bytes, .. } = report;
        info!(entries, segments, journal_bytes, disagreements = total, "the record was read again from end to end");
    }
}

/// Sleeps whenever more was read than the time allows.
struct Pace {
    begun: Instant,
    bytes_per_second: u64,
}

impl Pace {
    fn new(bytes_per_second: u64) -> Self {
        Self { begun: Instant::now(), bytes_per_second }
    }

    /// When so much may have been read.
    fn due(&self, bytes: u64) -> Duration {
        let seconds = bytes / self.bytes_per_second.max(1);
        let rest = bytes % self.bytes_per_second.max(1) * 1_000 / self.bytes_per_second.max(1);
        Duration::from_secs(seconds) + Duration::from_millis(rest)
    }
}

impl Watch for Pace {
    fn reached(&mut self, step: Step, done: u64, _total: Option<u64>) {
        if step == Step::Journal {
            thread::sleep(self.due(done).saturating_sub(self.begun.elapsed()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_settings() {
        let pace = Pace::new(4);
        assert_eq!(pace.due(0), Duration::ZERO);
        assert_eq!(pace.due(10), Duration::from_millis(2_500));
        assert_eq!(Pace::new(0).due(3), Duration::from_secs(3));
    }

    #[test]
    fn no_hours_mean_never() {
        let clock: Arc<dyn Clock> = Arc::new(crate::clock::SystemClock);
        let settings = StoreSettings { scrub_hours: 0, ..StoreSettings::default() };
        assert!(Scrub::new(&settings, clock).is_none());
    }
}
