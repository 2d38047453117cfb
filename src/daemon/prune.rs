//! What is older than the record is kept goes: soon after the start, and once a day.

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info};

use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::store::{Dropped, EmbeddedStore};

/// A start has other things to do first.
const FIRST_AFTER: Duration = Duration::from_secs(1);
/// How often it is looked at; a segment that is due some hours longer harms nobody.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Looks at it now and then. Never returns.
pub(super) async fn repeat(gateway: Arc<Gateway<EmbeddedStore>>, clock: Arc<dyn Clock>) {
    tokio::time::sleep(FIRST_AFTER).await;
    loop {
        match gateway.store().prune(clock.now()).await {
            Ok(dropped) if dropped == Dropped::default() => {}
            Ok(Dropped { segments, entries, interchanges, declarations, answers }) => {
                info!(
                    segments,
                    entries,
                    interchanges,
                    declarations,
                    answers,
                    "what is older than the record is kept was dropped; the answers are those that nobody confirmed"
                );
            }
            Err(unavailable) => error!(%unavailable, "what is older than the record is kept could not be dropped"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
