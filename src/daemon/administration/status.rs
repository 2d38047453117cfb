//! How the gateway is, at this moment.

use tokio::task::spawn_blocking;

use super::{Office, count, ill};
use crate::admin::Readiness as _;
use crate::admin::socket::{
    BackedUpView, CheckView, CodeListView, ConnectionsView, DOCUMENT, EndingView, ListenerView, Reply, StatusView,
    StoreView, WaitingView,
};
use crate::config::{ENDING_DAYS, Loaded};
use crate::edifact::MessageType;
use crate::partner::{PartnerId, days_until};
use crate::store::{self, BackedUp, Progress, Store as _};

impl Office {
    pub(super) async fn status(&self) -> Result<Reply, Reply> {
        let (loaded, rulebook, now) = (self.reload.in_force(), self.gateway.rulebook(), self.clock.now());
        let checks = self.ready.checks().into_iter().map(|check| CheckView {
            name: check.name.to_owned(),
            is_ready: check.state.is_ok(),
            reason: check.state.err(),
        });
        let checks: Vec<_> = checks.collect();
        let mut waiting = Vec::new();
        for dossier in &loaded.dossiers {
            let view = self.waiting(&dossier.partner.id).await?;
            waiting.extend((view.answers > 0).then_some(view));
        }
        let lists = rulebook.codes.iter().map(|list| CodeListView {
            name: list.name().to_owned(),
            codes: count(list.len()),
            is_sample: list.is_sample(),
        });
        let listeners = self.listeners.iter();
        Ok(Reply::answer(&StatusView {
            document: DOCUMENT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process_id: std::process::id(),
            started_at: self.started_at,
            uptime_seconds: now.duration_since(self.started_at).as_secs(),
            is_ready: checks.iter().all(|check| check.is_ready),
            checks,
            listeners: listeners
                .map(|(door, address)| ListenerView { door: (*door).to_owned(), address: address.clone() })
                .collect(),
            connections: self.connections(),
            store: self.store(&loaded).await?,
            followers: self.followers.views(self.gateway.store().last().0, now),
            waiting,
            certificates_ending: self.ending(&loaded),
            certificates_missing: missing(&loaded),
            grammars: rulebook.catalogue.message_types().map(written).collect(),
            guides: rulebook.guides.iter().map(|guide| written(&guide.message)).collect(),
            code_lists: lists.collect(),
        }))
    }

    /// How many answers wait for a partner.
    pub(super) async fn waiting(&self, partner: &PartnerId) -> Result<WaitingView, Reply> {
        let found = self.gateway.store().count_waiting(partner, super::WAITING_MAX + 1).await;
        let found = found.map_err(|unavailable| ill(&unavailable))?;
        let are_more = found > super::WAITING_MAX;
        Ok(WaitingView { partner: partner.to_string(), answers: count(found.min(super::WAITING_MAX)), are_more })
    }

    /// Partners with connections, in the order of their short names.
    pub(super) fn connections(&self) -> Vec<ConnectionsView> {
        let open = self.reload.connections().into_iter();
        let mut open: Vec<_> = open
            .map(|(partner, connections)| ConnectionsView {
                partner: partner.to_string(),
                connections: count(connections),
            })
            .collect();
        open.sort_by(|one, other| one.partner.cmp(&other.partner));
        open
    }

    async fn store(&self, loaded: &Loaded) -> Result<StoreView, Reply> {
        let directory = loaded.config.store.directory.clone();
        let Progress { committed, applied } = self.gateway.store().progress();
        let measured = {
            let directory = directory.clone();
            spawn_blocking(move || (store::sizes(&directory), store::last_backup(&directory))).await
        };
        let (sizes, backed_up) =
            measured.map_err(|_| Reply::trouble("a fault of the gateway kept it from measuring the record"))?;
        let sizes = sizes.map_err(|trouble| Reply::trouble(trouble.to_string()))?;
        Ok(StoreView {
            directory: directory.display().to_string(),
            last_entry: committed.0,
            lag: committed.0.saturating_sub(applied.0),
            journal_bytes: sizes.journal_bytes,
            archive_bytes: sizes.archive_bytes,
            state_bytes: sizes.state_bytes,
            aside_bytes: sizes.aside_bytes,
            // A note of it that cannot be read is in the log, and as good as none.
            backed_up: backed_up
                .ok()
                .flatten()
                .map(|BackedUp { made, entries }| BackedUpView { made_at: made, entries }),
        })
    }

    /// Certificates that ended or end soon: the gateway's own, and those by which partners are let in.
    fn ending(&self, loaded: &Loaded) -> Vec<EndingView> {
        let now = self.clock.now();
        let own = loaded.own_certificate_until().ok().map(|until| (None, until));
        let partners = loaded.partners.partners().iter();
        let of_partners = partners
            .flat_map(|partner| partner.certificates.iter().map(|held| (Some(partner.id.to_string()), held.until)));
        let all = own.into_iter().chain(of_partners);
        all.map(|(partner, until)| EndingView { partner, until, days_left: days_until(until, now) })
            .filter(|ending| ending.days_left < ENDING_DAYS)
            .collect()
    }
}

/// Partners that are let in and have no certificate to come with.
fn missing(loaded: &Loaded) -> Vec<String> {
    let partners = loaded.partners.partners().iter();
    partners.filter(|partner| partner.certificates.is_empty()).map(|partner| partner.id.to_string()).collect()
}

/// `CUSDEC:D:96B:UN`
fn written(MessageType { kind, version, release, agency, association }: &MessageType) -> String {
    let parts = [kind, version, release, agency].into_iter().chain(association);
    parts.map(String::as_str).collect::<Vec<_>>().join(":")
}
