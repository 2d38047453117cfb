//! What opening the record found, told to whoever watches.

use std::path::Path;

use jiff::Timestamp;
use tracing::{info, warn};

use super::archiving;
use crate::event;
use crate::store::{EmbeddedStore, StartSummary, readable_by_all};

/// Writes it into the log.
pub(super) fn tell(store: &EmbeddedStore, directory: &Path) {
    let summary = store.summary();
    if let Some(former) = summary.upgraded_from {
        let now = EmbeddedStore::FORMAT;
        info!(former, now, "the record is upgraded: versions that know the former format alone refuse it from now on");
    }
    info!(?summary, "the record is open");
    let path = directory.display();
    if summary.is_new {
        warn!(
            %path,
            "there was no record here, so a new one is begun and its numbers begin at 1; where one should be, stop the \
             gateway at once and look at store.directory and whether its disk is mounted"
        );
    }
    if let Some(why) = &summary.rebuilt {
        warn!(
            %path,
            why,
            "the state could not be used and was made anew from the journal; nothing is lost, and the old one, where \
             there was one, is kept as state.aside-N; look at the disk, then remove it"
        );
    }
    tell_readable(directory);
    archiving::tell_absent(store, &summary.absent_segments);
}

/// Sets the figure of it, once there are figures.
pub(super) fn measure(summary: &StartSummary, now: Timestamp) {
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay exact for longer than anybody counts")]
    let made = if summary.rebuilt.is_some() { now.as_second() as f64 } else { 0.0 };
    metrics::gauge!(event::STORE_STATE_MADE).set(made);
}

/// What was declared is not for everybody on the machine.
fn tell_readable(directory: &Path) {
    match readable_by_all(directory) {
        Ok(None) => {}
        Ok(Some((path, mode))) => warn!(
            path = %path.display(),
            mode = format_args!("{mode:04o}"),
            "everybody on this machine can read the record; chmod o-rwx {}",
            directory.display()
        ),
        Err(trouble) => warn!(%trouble, "who can read the record?"),
    }
}
