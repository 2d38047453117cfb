//! Acts that no request tells of: those that tools left for the journal, and what was changed while no gateway ran.
//!
//! A start notes them before it opens a door; what tools leave beside a gateway that runs is taken within ten seconds. Each is
//! noted once, wherever the process dies: what is in the record decides.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tracing::{error, info, warn};

use super::load::Prepared;
use super::reload::tell;
use super::standing::{difference, standing};
use crate::admin::socket::own_user;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::identifier::RecordNumber;
use crate::record::{Act, Deed};
use crate::store::{self, EmbeddedStore, InForce, LeaveTrouble, Left, Store, Unavailable};

/// How often it is looked for what tools left.
const EVERY: Duration = Duration::from_secs(10);
/// Acts that are read at one time.
const ACTS_PAGE: usize = 256;

/// An act was done beside the gateway, or by its start, and cannot be noted.
#[derive(Debug, thiserror::Error)]
pub enum AuditTrouble {
    /// What was left.
    #[error(transparent)]
    Left(#[from] LeaveTrouble),
    /// The record.
    #[error("what was done before this start cannot be noted: {0}")]
    Record(#[from] Unavailable),
}

/// Whether an act behind this entry is the one that is meant.
///
/// # Errors
/// [`Unavailable`] when the record cannot be read.
pub(super) async fn is_recorded(
    store: &impl Store,
    mut behind: RecordNumber,
    is_meant: impl Fn(&Act) -> bool,
) -> Result<bool, Unavailable> {
    loop {
        let page = store.acts(behind, ACTS_PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(false) };
        behind = *last;
        if page.iter().any(|(_, act)| is_meant(act)) {
            return Ok(true);
        }
    }
}

/// Notes what tools left in the directory of the record, in the order in which it was done.
///
/// # Errors
/// [`AuditTrouble`]; what is not noted then is there the next time.
pub(super) async fn take_left(directory: &Path, store: &impl Store) -> Result<(), AuditTrouble> {
    let home = directory.to_owned();
    let Left { acts, unread } = on_the_disk(move || store::left_acts(&home)).await??;
    for path in unread {
        error!(path = %path.display(), "an act was left for the record that cannot be read; it is kept for people to look at");
    }
    for left in acts {
        // A process that died may have noted it, and not removed it.
        if !is_recorded(store, left.behind, |act| *act == left.act).await? {
            let number = store.note(left.act.clone()).await?;
            tell(number, &left.act);
        }
        on_the_disk(move || left.remove()).await??;
    }
    Ok(())
}

/// Takes what tools leave, as long as the gateway runs. Never returns.
pub(super) async fn keep_taking(directory: PathBuf, gateway: Arc<Gateway<EmbeddedStore>>) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(trouble) = take_left(&directory, gateway.store()).await {
            warn!(%trouble, "an act that was left for the record is not noted yet");
        }
    }
}

/// Notes what differs from what was last in force. A record that has no entry yet begins with what is there now.
///
/// # Errors
/// [`AuditTrouble`]; nothing is in force then.
pub(super) async fn note_start(
    prepared: &Prepared,
    store: &EmbeddedStore,
    clock: &dyn Clock,
) -> Result<(), AuditTrouble> {
    let Prepared { loaded, rulebook, .. } = prepared;
    let in_force = InForce::of(&loaded.config.store.directory);
    settle_staged(&in_force, store).await?;
    let (now, before) = (standing(loaded, rulebook), in_force.lines()?);
    if before.is_none() && store.last() == RecordNumber(0) {
        return Ok(in_force.begin(&now)?);
    }
    let [before, after] = difference(&before.unwrap_or_default(), &now);
    if before.is_empty() && after.is_empty() {
        return Ok(());
    }
    let subject = loaded.path.display().to_string();
    let (before, after) = (Act::text(&before), Act::text(&after));
    let act = Act { at: clock.now(), who: own_user(), deed: Deed::Started, subject, before, after };
    let number = note_in_force(&in_force, store, &now, &act).await?;
    info!(%number, "started with other settings or partners than those that were last in force");
    tell(number, &act);
    Ok(())
}

/// What a process that died had staged is in force when its act is in the record, and never was when it is not.
async fn settle_staged(in_force: &InForce, store: &impl Store) -> Result<(), Unavailable> {
    let Some(staged_by) = in_force.staged_by()? else { return in_force.discard() };
    let is_noted = is_recorded(store, staged_by.behind, |act| staged_by.is(act)).await?;
    if is_noted { in_force.commit() } else { in_force.discard() }
}

/// Notes an act with what is in force since: both, or neither, wherever the process dies.
///
/// # Errors
/// [`Unavailable`] when either cannot be written.
pub(super) async fn note_in_force(
    in_force: &InForce,
    store: &EmbeddedStore,
    lines: &[String],
    act: &Act,
) -> Result<RecordNumber, Unavailable> {
    let (staging, lines, staged, last) = (in_force.clone(), lines.to_vec(), act.clone(), store.last());
    on_the_disk(move || staging.stage(&lines, &staged, last)).await??;
    let number = store.note(act.clone()).await?;
    let committing = in_force.clone();
    if let Err(trouble) = on_the_disk(move || committing.commit()).await.flatten() {
        warn!(%trouble, "what is in force is recorded, and not beside the record; the next start mends it");
    }
    Ok(number)
}

/// Works where it keeps nobody else waiting.
async fn on_the_disk<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unavailable> {
    spawn_blocking(work).await.map_err(|_| Unavailable("a fault of the gateway ended it".to_owned()))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::identifier::ProofForm;
    use crate::store::{By, Memory, Numbering};

    #[tokio::test]
    async fn the_record_decides_what_was_last_in_force() {
        let (home, store) =
            (tempfile::tempdir().unwrap(), Memory::new(Numbering { form: ProofForm::Cers, zone: TimeZone::UTC }));
        let (in_force, by) =
            (InForce::of(home.path()), By { who: own_user(), at: "2026-11-21T20:45:00Z".parse().unwrap() });
        let lines = |text: &str| vec![text.to_owned()];
        in_force.begin(&lines("a = 1")).unwrap();
        let act = by.act(Deed::Started, home.path(), ["a = 1", "a = 2"]);
        for is_noted in [false, true] {
            in_force.stage(&lines("a = 2"), &act, RecordNumber(0)).unwrap();
            if is_noted {
                store.note(act.clone()).await.unwrap();
            }
            settle_staged(&in_force, &store).await.unwrap();
            let expected = if is_noted { "a = 2" } else { "a = 1" };
            assert_eq!((in_force.lines(), in_force.staged_by()), (Ok(Some(lines(expected))), Ok(None)));
        }
    }
}
