//! The door: who gets in, and how many at one time.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{CertificateError, Error};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, error, info, info_span, warn};

use super::certificate::fingerprint;
use super::desk::Desks;
use super::places::{Full, Place, Places};
use super::session::Session;
use super::terms::Terms;
use super::wire::Wire;
use crate::channel::contained::contained;
use crate::channel::tally;
use crate::clock::Clock;
use crate::event::{self, SecurityEvent, TurnedAway};
use crate::gateway::Gateway;
use crate::partner::{Partner, PartnerId};
use crate::record::Channel;
use crate::store::Store;

/// What all connections share.
pub struct Door<S> {
    pub(super) gateway: Arc<Gateway<S>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) desks: Desks,
    terms: ArcSwap<Terms>,
    handshakes: Places<IpAddr>,
    connections: Places<PartnerId>,
}

impl<S: Store> Door<S> {
    /// A door to this gateway, under these terms.
    pub fn new(gateway: Arc<Gateway<S>>, clock: Arc<dyn Clock>, terms: Terms) -> Arc<Self> {
        Arc::new(Self {
            gateway,
            clock,
            desks: Desks::default(),
            terms: ArcSwap::from_pointee(terms),
            handshakes: Places::default(),
            connections: Places::default(),
        })
    }

    /// The terms of this moment.
    pub(super) fn terms(&self) -> Arc<Terms> {
        self.terms.load_full()
    }

    /// Other terms for everybody: new connections at once, open ones from their next interchange on.
    pub fn replace_terms(&self, terms: Terms) {
        self.terms.store(Arc::new(terms));
    }

    /// Partners that are connected, and with how many connections, in no order.
    pub fn connections(&self) -> Vec<(PartnerId, usize)> {
        self.connections.taken()
    }

    /// One connection, from its first byte to its end. What only its beginning needs goes with that: connections are many, and
    /// most of the time they say nothing.
    pub(super) async fn admit(self: Arc<Self>, stream: TcpStream, address: SocketAddr, shutdown: CancellationToken) {
        if let Some((_place, session, span)) = Box::pin(self.begin(stream, address, &shutdown)).await {
            hold(session, &shutdown).instrument(span).await;
        }
    }

    /// A connection whose partner is known, with its place among all and what it is called in the log; none when it is turned
    /// away.
    async fn begin(
        self: Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        shutdown: &CancellationToken,
    ) -> Option<(Place<PartnerId>, Box<Session<S>>, Span)> {
        let terms = self.terms();
        let stream = self.shake_hands(&terms, stream, address, shutdown).await?;
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(fingerprint);
        // The handshake has found the partner; its certificate can have run out only just now.
        let known = certificate.and_then(|certificate| {
            let partner = terms.partners.find_by_certificate(&certificate, self.clock.now())?;
            Some((Arc::clone(partner), certificate))
        });
        let Some((partner, certificate)) = known else {
            turn_away(TurnedAway::UnknownCertificate);
            return None;
        };
        let span = info_span!("connection", partner = %partner.id, %address);
        let place = span.in_scope(|| self.take_place(&terms, &partner))?;
        let session = Session::new(self, terms, (partner, certificate), Wire::new(stream));
        Some((place, Box::new(session), span))
    }

    async fn shake_hands(
        &self,
        terms: &Terms,
        stream: TcpStream,
        address: SocketAddr,
        shutdown: &CancellationToken,
    ) -> Option<TlsStream<TcpStream>> {
        let limits = &terms.limits;
        let place = match self.handshakes.take(whose(address), limits.handshakes_max, limits.handshakes_per_address_max)
        {
            Ok(place) => place,
            Err(Full::All) => return refuse(TurnedAway::HandshakesMax, address),
            Err(Full::Own) => return refuse(TurnedAway::HandshakesPerAddressMax, address),
        };
        let accepting = TlsAcceptor::from(Arc::clone(&terms.server)).accept(stream);
        let shaken = tokio::select! {
            biased;
            () = shutdown.cancelled() => return refuse(TurnedAway::Draining, address),
            shaken = timeout(limits.handshake_seconds_max, accepting) => shaken,
        };
        drop(place);
        match shaken {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(trouble)) => {
                tell_failed(&trouble, address);
                None
            }
            Err(_) => refuse(TurnedAway::Handshake, address),
        }
    }

    /// A place for one more connection of a partner; none when there are too many.
    fn take_place(&self, terms: &Terms, partner: &Partner) -> Option<Place<PartnerId>> {
        let limits = terms.limits.for_partner(&partner.limits);
        let taken =
            self.connections.take(partner.id.clone(), limits.connections_max, limits.connections_per_partner_max);
        match taken {
            Ok(place) => Some(place),
            Err(Full::All) => {
                warn!("the gateway is at limits.connections_max, the connection is closed");
                turn_away(TurnedAway::ConnectionsMax);
                None
            }
            Err(Full::Own) => {
                warn!("the partner is at limits.connections_per_partner_max, the connection is closed");
                turn_away(TurnedAway::PartnerConnectionsMax);
                None
            }
        }
    }
}

/// Holds a connection until it ends.
async fn hold<S: Store>(session: Box<Session<S>>, shutdown: &CancellationToken) {
    let _open = Open::new();
    info!("a partner is connected");
    match contained(Box::pin(session.hold(shutdown))).await {
        Ok(()) => info!("the connection ended"),
        Err(panicked) => {
            error!("a fault of the gateway ended the connection");
            tracing::debug!(message = panicked.message, "what the fault said");
        }
    }
}

/// Counts a connection that is turned away, or closed by a limit.
pub(super) fn turn_away(reason: TurnedAway) {
    metrics::counter!(event::REFUSED_CONNECTIONS, "reason" => reason.as_str()).increment(1);
}

fn refuse<T>(reason: TurnedAway, address: SocketAddr) -> Option<T> {
    turn_away(reason);
    warn!(reason = reason.as_str(), %address, "a connection is turned away");
    None
}

/// Says why a handshake failed, and counts it.
fn tell_failed(trouble: &io::Error, address: SocketAddr) {
    let cause = trouble.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
    let Some(Error::InvalidCertificate(certificate)) = cause else {
        turn_away(TurnedAway::Handshake);
        warn!(%trouble, %address, "a handshake failed");
        return;
    };
    turn_away(TurnedAway::UnknownCertificate);
    let is_out_of_time = matches!(certificate, CertificateError::Expired | CertificateError::NotValidYet);
    let kind = if is_out_of_time { SecurityEvent::CertificateOutOfTime } else { SecurityEvent::UnknownCertificate };
    tally::count_security(kind);
    warn!(kind = kind.as_str(), %address, "a certificate is not taken");
}

/// Who stands behind an address: with IPv6 whoever has one address has its /64.
fn whose(address: SocketAddr) -> IpAddr {
    match address.ip().to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

/// A connection in the gauge, as long as it lasts.
struct Open;

impl Open {
    fn new() -> Self {
        metrics::gauge!(event::CONNECTIONS, "channel" => Channel::EdiTls.as_str()).increment(1.0);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!(event::CONNECTIONS, "channel" => Channel::EdiTls.as_str()).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, is_same: bool) {
        let whose = |address: &str| whose(SocketAddr::new(address.parse().unwrap(), 4443));
        assert_eq!(whose(one) == whose(other), is_same);
    }

    #[test]
    fn every_address_of_version_4_is_somebody() {
        check("192.0.2.1", "192.0.2.1", true);
        check("192.0.2.1", "192.0.2.2", false);
        check("192.0.2.1", "::ffff:192.0.2.1", true);
    }

    #[test]
    fn every_network_of_64_bits_of_version_6_is_somebody() {
        check("2001:db8::1", "2001:db8::ffff:1", true);
        check("2001:db8::1", "2001:db8:0:1::1", false);
    }
}
