//! SIGHUP: grammars, guides, code lists, partners, certificates and limits are replaced together, or nothing is.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::task::spawn_blocking;
use tracing::{error, info, warn};

use super::load::{Prepared, prepare};
use super::validity::Validity;
use crate::channel::tls::Door;
use crate::clock::Clock;
use crate::config::{Config, Loaded};
use crate::event::{self, ReloadResult};
use crate::gateway::{Gateway, Rulebook};
use crate::store::Store;

/// What a reload replaces, and where.
pub(super) struct Reload<S> {
    started_with: Loaded,
    gateway: Arc<Gateway<S>>,
    door: Arc<Door<S>>,
    clock: Arc<dyn Clock>,
    validity: Arc<ArcSwap<Validity>>,
}

impl<S: Store> Reload<S> {
    pub(super) fn new(
        started_with: Loaded,
        gateway: Arc<Gateway<S>>,
        door: Arc<Door<S>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let validity = Arc::new(ArcSwap::from_pointee(Validity::of(&started_with)));
        Self { started_with, gateway, door, clock, validity }
    }

    /// When the certificates in force end.
    pub(super) fn validity(&self) -> Arc<ArcSwap<Validity>> {
        Arc::clone(&self.validity)
    }

    /// Loads everything anew, and only then puts it in force. With any mistake what was in force stays.
    ///
    /// Rulebook and terms are swapped one after the other, so an interchange in between may meet the new rules from a
    /// partner of the old terms, as one that came a moment earlier does.
    pub(super) async fn all_or_nothing(&self) -> ReloadResult {
        let (path, clock) = (self.started_with.path.clone(), Arc::clone(&self.clock));
        let result = match spawn_blocking(move || prepare(&path, clock)).await {
            Ok(Ok(prepared)) => {
                self.put_in_force(prepared);
                ReloadResult::Taken
            }
            Ok(Err(trouble)) => {
                error!(%trouble, "the reload is refused, what was in force stays in force");
                ReloadResult::Refused
            }
            Err(_) => {
                error!("a fault of the gateway ended the reload, what was in force stays in force");
                ReloadResult::Refused
            }
        };
        metrics::counter!(event::RELOADS, "result" => result.as_str()).increment(1);
        result
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
    }
}

/// The sections that differ and are only read at a start.
fn needing_a_start(old: &Config, new: &Config) -> Vec<&'static str> {
    let sections = [
        ("tls.listen", old.tls.listen != new.tls.listen),
        ("watch", old.watch != new.watch),
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
