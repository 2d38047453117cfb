//! How long certificates are still good for, told before they end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tracing::warn;

use crate::clock::Clock;
use crate::config::Loaded;
use crate::event;
use crate::partner::{PartnerId, days_until};

/// How often it is looked at: days are told, so hours do.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);
/// Days before the end from which it is said in the log.
const WARN_DAYS: i64 = 14;

/// When the certificates end.
#[derive(Debug)]
pub(super) struct Validity {
    /// The file of the gateway's own, and when it ends.
    own: Option<(PathBuf, Timestamp)>,
    partners: Vec<OfPartner>,
}

/// The certificate of a partner that ends last; none when it has none.
#[derive(Debug)]
struct OfPartner {
    partner: PartnerId,
    /// The partner's file.
    path: PathBuf,
    until: Option<Timestamp>,
}

impl Validity {
    /// Of everything that is in force.
    pub(super) fn of(loaded: &Loaded) -> Self {
        let own = loaded.own_certificate_until().inspect_err(|mistake| warn!(%mistake, "when does it end?")).ok();
        let own = own.map(|until| (loaded.config.tls.certificate.clone(), until));
        let partners = loaded.partners.partners().iter().map(|partner| OfPartner {
            partner: partner.id.clone(),
            path: loaded.config.partners.directory.join(format!("{}.toml", partner.id)),
            until: partner.certificates.iter().map(|held| held.until).max(),
        });
        Self { own, partners: partners.collect() }
    }

    fn tell(&self, now: Timestamp) {
        for of_partner in &self.partners {
            of_partner.tell(now);
        }
        if let Some((path, until)) = &self.own {
            let (days, path) = (days_until(*until, now), path.display());
            metrics::gauge!(event::OWN_CERTIFICATE_DAYS_LEFT).set(gauge(days));
            if days < WARN_DAYS {
                warn!(
                    %path,
                    %until,
                    days,
                    "the gateway's own certificate {}; put a new one in its place and reload: systemctl reload lodged, or \
                     SIGHUP; a new key that systemd hands over takes a new start",
                    ends(*until, now)
                );
            }
        }
    }
}

impl OfPartner {
    fn tell(&self, now: Timestamp) {
        let Self { partner, path, until } = self;
        let path = path.display();
        // A partner without a certificate cannot connect, as one whose certificate ends today.
        let days = until.map_or(0, |until| days_until(until, now));
        metrics::gauge!(event::CERTIFICATE_DAYS_LEFT, "partner" => partner.as_str().to_owned()).set(gauge(days));
        match until {
            None => warn!(
                %partner,
                %path,
                "a partner has no certificate, so it cannot connect; add one: lodged partner certificate add"
            ),
            Some(until) if days < WARN_DAYS => warn!(
                %partner,
                %path,
                %until,
                days,
                "the certificate of a partner {}; add its next one: lodged partner certificate add",
                ends(*until, now)
            ),
            Some(_) => {}
        }
    }
}

/// What a certificate does that is near its end or behind it.
fn ends(until: Timestamp, now: Timestamp) -> &'static str {
    if until <= now { "has ended" } else { "ends soon" }
}

/// Days fit a gauge exactly; what does not is an age.
fn gauge(days: i64) -> f64 {
    i32::try_from(days).map_or(f64::INFINITY, f64::from)
}

/// Tells it now and then, always of what is in force. Never returns.
pub(super) async fn watch(validity: Arc<ArcSwap<Validity>>, clock: Arc<dyn Clock>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        validity.load().tell(clock.now());
    }
}

impl Validity {
    /// Tells what another configuration changed, without waiting for the next look.
    pub(super) fn replace(shared: &ArcSwap<Self>, loaded: &Loaded, now: Timestamp) {
        let validity = Self::of(loaded);
        validity.tell(now);
        shared.store(Arc::new(validity));
    }
}
