//! SIGHUP: grammars, guides, code lists, partners, certificates and limits are replaced together, or nothing is.
//!
//! So is what an administrator changes: one change at a time, each in the record before it is in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tracing::{error, info, warn};

use super::administration::{Pending, settle};
use super::audit::note_in_force;
use super::load::{Prepared, prepare, prepare_changed};
use super::standing::{difference, is_of_partner, standing};
use super::trouble::Trouble;
use super::validity::Validity;
use crate::admin::socket::{Refusal, Reply};
use crate::channel::tls::Door;
use crate::clock::Clock;
use crate::config::{Config, Edit, Loaded};
use crate::event::{self, ReloadResult};
use crate::gateway::{Gateway, Rulebook};
use crate::identifier::RecordNumber;
use crate::partner::PartnerId;
use crate::record::{Act, Actor, Deed};
use crate::store::{EmbeddedStore, InForce, Store as _, Unavailable};

/// What a reload replaces, and where.
pub(super) struct Reload {
    started_with: Loaded,
    gateway: Arc<Gateway<EmbeddedStore>>,
    door: Arc<Door<EmbeddedStore>>,
    clock: Arc<dyn Clock>,
    validity: Arc<ArcSwap<Validity>>,
    in_force: ArcSwap<Loaded>,
    /// One change at a time: what is judged must be what is there when it is written.
    turn: Mutex<()>,
}

/// Why nothing was replaced.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotReplaced {
    /// What is on the disk cannot be used.
    #[error(transparent)]
    Refused(#[from] Trouble),
    /// The record does not take the act.
    #[error(transparent)]
    Record(#[from] Unavailable),
    /// A thread of ours panicked.
    #[error("a fault of the gateway ended it, what was in force stays in force")]
    Fault,
}

impl NotReplaced {
    /// What an administrator is told.
    pub(super) fn reply(&self) -> Reply {
        match self {
            Self::Refused(trouble) => Reply::Refused(Refusal {
                what: format!("the configuration cannot be used; what was in force stays in force\n{trouble}"),
                hint: None,
            }),
            Self::Record(_) | Self::Fault => Reply::trouble(self.to_string()),
        }
    }
}

impl Reload {
    pub(super) fn new(
        started_with: Loaded,
        gateway: Arc<Gateway<EmbeddedStore>>,
        door: Arc<Door<EmbeddedStore>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let validity = Arc::new(ArcSwap::from_pointee(Validity::of(&started_with)));
        let in_force = ArcSwap::from_pointee(started_with.clone());
        Self { started_with, gateway, door, clock, validity, in_force, turn: Mutex::default() }
    }

    /// When the certificates in force end.
    pub(super) fn validity(&self) -> Arc<ArcSwap<Validity>> {
        Arc::clone(&self.validity)
    }

    /// The configuration that is in force.
    pub(super) fn in_force(&self) -> Arc<Loaded> {
        self.in_force.load_full()
    }

    /// Partners that are connected, and with how many connections.
    pub(super) fn connections(&self) -> Vec<(PartnerId, usize)> {
        self.door.connections()
    }

    /// Loads everything anew, and only then puts it in force. With any mistake what was in force stays. Gives back the act as
    /// it stands in the record.
    ///
    /// Rulebook and terms are swapped one after the other, so an interchange in between may meet the new rules from a
    /// partner of the old terms, as one that came a moment earlier does.
    ///
    /// # Errors
    /// [`NotReplaced`], which is told in the log.
    pub(super) async fn all_or_nothing(&self, who: Actor) -> Result<(RecordNumber, Act), NotReplaced> {
        let _turn = self.turn.lock().await;
        let replaced = self.replace(who).await;
        let result = match &replaced {
            Ok(_) => ReloadResult::Taken,
            Err(trouble) => {
                error!(%trouble, "the reload is refused, what was in force stays in force");
                ReloadResult::Refused
            }
        };
        metrics::counter!(event::RELOADS, "result" => result.as_str()).increment(1);
        replaced
    }

    async fn replace(&self, who: Actor) -> Result<(RecordNumber, Act), NotReplaced> {
        let (path, clock) = (self.path(), Arc::clone(&self.clock));
        let loading = spawn_blocking(move || prepare(&path, clock)).await;
        let prepared = loading.map_err(|_| NotReplaced::Fault)??;
        let noted = self.note_reload(who, &standing(&prepared.loaded, &prepared.rulebook)).await?;
        self.put_in_force(prepared);
        Ok(noted)
    }

    /// Notes that these lines are in force from now on, with what differs.
    async fn note_reload(&self, who: Actor, lines: &[String]) -> Result<(RecordNumber, Act), Unavailable> {
        let [before, after] = difference(&self.standing(), lines);
        let act = self.act(who, Deed::Reloaded, self.path().display().to_string(), [&before, &after]);
        let number = note_in_force(&self.beside(), self.gateway.store(), lines, &act).await?;
        tell(number, &act);
        Ok((number, act))
    }

    fn standing(&self) -> Vec<String> {
        standing(&self.in_force(), &self.gateway.rulebook())
    }

    /// Where what is in force lies beside the record.
    fn beside(&self) -> InForce {
        InForce::of(&self.started_with.config.store.directory)
    }

    /// Makes an edit of what is on the disk now, judges the whole configuration as it would be, records it, writes it, and
    /// puts it in force. Whatever does not go well before it is recorded leaves everything as it was.
    ///
    /// # Errors
    /// What is to be told to whoever wanted it.
    pub(super) async fn change(
        &self,
        who: Actor,
        (deed, partner): (Deed, String),
        edit: impl FnOnce(&Loaded, Timestamp) -> Result<Edit, Reply> + Send + 'static,
    ) -> Result<(RecordNumber, Act, Vec<String>), Reply> {
        let _turn = self.turn.lock().await;
        let ill = |unavailable: Unavailable| Reply::trouble(unavailable.to_string());
        self.gateway.store().ready().map_err(ill)?;
        let home = self.in_force().config.partners.directory.clone();
        let settled = settle(&home, self.gateway.store()).await;
        settled.map_err(|trouble| Reply::trouble(trouble.to_string()))?;
        let (path, clock) = (self.path(), Arc::clone(&self.clock));
        let judging = spawn_blocking(move || judged(&path, edit, clock)).await;
        let (edit, prepared) = judging.map_err(|_| NotReplaced::Fault.reply())??;
        let home = prepared.loaded.config.partners.directory.clone();
        let act = self.act(who, deed, partner, [&edit.before, &edit.after]);
        let (staged, changes) = (act.clone(), edit.changes);
        let staging = spawn_blocking(move || Pending::stage(&home, &staged, &changes)).await;
        let pending = staging.map_err(|_| NotReplaced::Fault.reply())?.map_err(|trouble| {
            Reply::trouble(format!("the directory of the partners cannot be written, nothing was changed: {trouble}"))
        })?;
        let lines = standing(&prepared.loaded, &prepared.rulebook);
        // What else was changed on the disk comes into force with it, and is told first.
        let others = others(&self.standing(), &lines, &act.subject);
        if let Some(lines) = others {
            self.note_reload(act.who.clone(), &lines).await.map_err(ill)?;
        }
        // Whether a note that fails is on the disk is not known; the next start sees, and settles the change by it.
        let number = note_in_force(&self.beside(), self.gateway.store(), &lines, &act).await.map_err(ill)?;
        let committing = spawn_blocking(move || pending.commit()).await;
        committing.map_err(|_| NotReplaced::Fault.reply())?.map_err(|trouble| {
            Reply::trouble(format!(
                "the change is recorded and not in its files: {trouble}; the next start finishes it"
            ))
        })?;
        tell(number, &act);
        self.put_in_force(prepared);
        metrics::counter!(event::RELOADS, "result" => ReloadResult::Taken.as_str()).increment(1);
        Ok((number, act, edit.cautions))
    }

    fn path(&self) -> PathBuf {
        self.started_with.path.clone()
    }

    fn act(&self, who: Actor, deed: Deed, subject: String, [before, after]: [&str; 2]) -> Act {
        Act { at: self.clock.now(), who, deed, subject, before: Act::text(before), after: Act::text(after) }
    }

    /// Notes an act.
    pub(super) async fn note(
        &self,
        who: Actor,
        deed: Deed,
        subject: String,
        texts: [&str; 2],
    ) -> Result<(RecordNumber, Act), Unavailable> {
        let act = self.act(who, deed, subject, texts);
        let number = self.gateway.store().note(act.clone()).await?;
        tell(number, &act);
        Ok((number, act))
    }

    fn put_in_force(&self, prepared: Prepared) {
        let Prepared { loaded, rulebook, terms } = prepared;
        // The record numbers by the day it was opened with; what is judged goes by the same day until the next start.
        let zone = self.started_with.numbering.zone.clone();
        self.gateway.replace_rulebook(Rulebook { zone, ..rulebook });
        self.door.replace_terms(terms);
        Validity::replace(&self.validity, &loaded, self.clock.now());
        info!(partners = loaded.partners.partners().len(), "the reload is in force");
        for section in needing_a_start(&self.started_with.config, &loaded.config) {
            warn!(section, "a change in this section takes a new start");
        }
        self.in_force.store(Arc::new(loaded));
    }
}

/// Says in the log that something was changed by hand. What it was and is stands in the record alone.
pub(super) fn tell(entry: RecordNumber, Act { who, deed, subject, .. }: &Act) {
    info!(%entry, %who, deed = deed.as_str(), subject, "changed by hand");
}

/// The edit of what is on the disk, and everything as it would be with it.
fn judged(
    path: &Path,
    edit: impl FnOnce(&Loaded, Timestamp) -> Result<Edit, Reply>,
    clock: Arc<dyn Clock>,
) -> Result<(Edit, Prepared), Reply> {
    let loaded = Config::load(path);
    let loaded = loaded.map_err(|trouble| NotReplaced::Refused(trouble.into()).reply())?;
    let edit = edit(&loaded, clock.now())?;
    let prepared = prepare_changed(path, &edit.changes, clock);
    Ok((edit, prepared.map_err(|trouble| NotReplaced::Refused(trouble).reply())?))
}

/// What would be in force if this partner were as it was; none when nothing else differs.
fn others(before: &[String], after: &[String], partner: &str) -> Option<Vec<String>> {
    let is_its = |line: &String| is_of_partner(line, partner);
    let rest = |lines: &[String]| lines.iter().filter(|line| !is_its(line)).cloned().collect::<Vec<_>>();
    let (own, others) = (before.iter().filter(|line| is_its(line)).cloned(), rest(after));
    (rest(before) != others).then(|| others.into_iter().chain(own).collect())
}

/// The sections that differ and are only read at a start.
fn needing_a_start(old: &Config, new: &Config) -> Vec<&'static str> {
    let sections = [
        ("tls.listen", old.tls.listen != new.tls.listen),
        ("watch", old.watch != new.watch),
        ("admin", old.admin != new.admin),
        ("store", old.store != new.store),
        ("proof", old.proof != new.proof),
        ("drain", old.drain != new.drain),
        ("log", old.log != new.log),
    ];
    sections.into_iter().filter(|(_, is_changed)| *is_changed).map(|(section, _)| section).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_else_was_changed_is_told_apart_from_the_partner() {
        let lines = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let before = lines(&["a = 1", "partner birch: old", "partner birch-2: old"]);
        let its = lines(&["a = 1", "partner birch: new", "partner birch-2: old"]);
        assert_eq!(others(&before, &its, "birch"), None);
        let both = lines(&["a = 2", "partner birch: new", "partner birch-2: old"]);
        let told = others(&before, &both, "birch");
        assert_eq!(told, Some(lines(&["a = 2", "partner birch-2: old", "partner birch: old"])));
    }

    #[test]
    fn what_a_reload_replaces_takes_no_new_start() {
        let mut new = Config::default();
        new.limits.connections_max = 5;
        new.edi.identity = "OTHER".to_owned();
        assert!(needing_a_start(&Config::default(), &new).is_empty());
    }

    #[test]
    fn what_is_only_read_at_a_start_is_named() {
        let mut new = Config::default();
        new.drain.seconds_max = 5;
        new.store.cache_bytes += 1;
        assert_eq!(needing_a_start(&Config::default(), &new), ["store", "drain"]);
    }
}
