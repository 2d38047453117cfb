//! Once a day and at the start, what is old of the record moves to the archive.
//!
//! Nothing waits for it, and whatever goes wrong is told and tried again: an archive that is full or away keeps nobody from
//! lodging.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::event;
use crate::gateway::Gateway;
use crate::store::{Archived, EmbeddedStore};

/// Between two looks for what is old.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// The same where segments move as soon as they are sealed.
const EVERY_AT_ONCE: Duration = Duration::from_secs(60);
/// The same after a look that failed.
const AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

/// What is moved, and how often it is looked for.
pub(super) struct Archiving {
    gateway: Arc<Gateway<EmbeddedStore>>,
    clock: Arc<dyn Clock>,
    /// After which time something is old.
    age: SignedDuration,
    every: Duration,
}

impl Archiving {
    /// As the settings want it; none when the record has no archive. One that is not named any more is only told of.
    pub(super) fn new(
        settings: &StoreSettings,
        gateway: Arc<Gateway<EmbeddedStore>>,
        clock: Arc<dyn Clock>,
    ) -> Option<Self> {
        let days = i64::try_from(settings.archive_days).unwrap_or(i64::MAX);
        let age = SignedDuration::from_secs(days.saturating_mul(24 * 60 * 60));
        let every = if days == 0 { EVERY_AT_ONCE } else { EVERY };
        gateway.store().archive_directory().is_some().then_some(Self { gateway, clock, age, every })
    }

    /// Moves what is old now, and then as often as it is looked for. Never returns.
    pub(super) async fn repeat(self) {
        metrics::gauge!(event::STORE_ARCHIVE_FAILED).set(0.0);
        loop {
            let is_done = self.once().await;
            tokio::time::sleep(if is_done { self.every } else { AGAIN_AFTER.min(self.every) }).await;
        }
    }

    /// Whether all that is old is there now.
    async fn once(&self) -> bool {
        let now = self.clock.now();
        // A clock that is so far back has nothing that is old.
        let Ok(older_than) = now.checked_sub(self.age) else { return true };
        match self.gateway.store().archive(older_than).await {
            Ok(Archived { moved, segments, bytes, absent }) => {
                tell_absent(self.gateway.store(), &absent);
                if moved > 0 {
                    info!(moved, segments, bytes, "old segments of the journal were moved to the archive");
                }
                absent.is_empty()
            }
            Err(trouble) => {
                #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay exact for long enough")]
                metrics::gauge!(event::STORE_ARCHIVE_FAILED).set(now.as_second() as f64);
                warn!(%trouble, "old segments of the journal are not moved to the archive");
                false
            }
        }
    }
}

/// Says which segments cannot be read at the moment.
pub(super) fn tell_absent(store: &EmbeddedStore, absent: &[u64]) {
    if let (Some(first), Some(last), Some(archive)) = (absent.first(), absent.last(), store.archive_directory()) {
        let (segments, archive) = (absent.len(), archive.display());
        error!(
            segments,
            first,
            last,
            %archive,
            "segments of the journal are neither in its directory nor in the archive, what is in them cannot be read; mount the \
             archive"
        );
    }
}
