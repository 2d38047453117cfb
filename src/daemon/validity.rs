//! How long certificates are still good for, told before they end.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tracing::warn;

use crate::clock::Clock;
use crate::config::Loaded;
use crate::event;
use crate::partner::{PartnerCertificate, PartnerId};

/// How often it is looked at: days are told, so hours do.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);
/// Days before the end from which it is said in the log.
const WARN_DAYS: i64 = 14;

/// When the certificates end.
#[derive(Debug)]
pub(super) struct Validity {
    own: Option<Timestamp>,
    partners: Vec<(PartnerId, Option<PartnerCertificate>)>,
}

impl Validity {
    /// Of everything that is in force.
    pub(super) fn of(loaded: &Loaded) -> Self {
        let own = loaded.own_certificate_until().inspect_err(|mistake| warn!(%mistake, "when does it end?")).ok();
        let last = |certificates: &[PartnerCertificate]| certificates.iter().max_by_key(|held| held.until).cloned();
        let partners = loaded.partners.partners().iter();
        Self { own, partners: partners.map(|partner| (partner.id.clone(), last(&partner.certificates))).collect() }
    }

    fn tell(&self, now: Timestamp) {
        for (partner, certificate) in &self.partners {
            // A partner without a certificate cannot connect, as one whose certificate ends today.
            let days = certificate.as_ref().map_or(0, |held| held.days_left(now));
            metrics::gauge!(event::CERTIFICATE_DAYS_LEFT, "partner" => partner.as_str().to_owned()).set(gauge(days));
            if days < WARN_DAYS {
                warn!(%partner, days, "the certificate of a partner ends soon, or has ended");
            }
        }
        if let Some(until) = self.own {
            let days = until.duration_since(now).as_secs().div_euclid(24 * 60 * 60);
            metrics::gauge!(event::OWN_CERTIFICATE_DAYS_LEFT).set(gauge(days));
            if days < WARN_DAYS {
                warn!(days, "the gateway's own certificate ends soon, or has ended");
            }
        }
    }
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
