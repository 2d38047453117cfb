//! When the record was last backed up, as the note beside the journal says: told as long as the gateway runs, so that a backup
//! that does not happen is noticed whatever keeps it from happening.

use std::path::PathBuf;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, warn};

use crate::event;
use crate::store::{self, BackedUp, BackupTrouble};

/// How often it is looked at: backups are made by other processes, which do not tell.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks at it now and then, in the directory of the record. Never returns.
pub(super) async fn watch(record: PathBuf) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_read = true;
    loop {
        ticks.tick().await;
        let directory = record.clone();
        match spawn_blocking(move || store::last_backup(&directory)).await {
            Ok(found) => was_read = tell(found, was_read),
            Err(_) => error!("a fault of the gateway kept it from looking for the last backup"),
        }
    }
}

/// Sets the figure, and returns whether the note could be read. One that cannot is said once, and counts as none.
fn tell(found: Result<Option<BackedUp>, BackupTrouble>, was_read: bool) -> bool {
    let is_read = found.is_ok();
    let last = found.unwrap_or_else(|trouble| {
        if was_read {
            warn!(%trouble, "when the record was last backed up is not known");
        }
        None
    });
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay exact for longer than anybody counts")]
    metrics::gauge!(event::STORE_BACKED_UP).set(last.map_or(0.0, |last| last.made.as_second() as f64));
    is_read
}
