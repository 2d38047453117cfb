//! Every limit of the door, by name.

use std::time::Duration;

use crate::partner::PartnerLimits;

/// What the door bears, at most. Each limit that is reached is named in the log and counted under its name; the
/// configuration sets them under the same names in `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections of partners at one time. One more is closed after its handshake.
    pub connections_max: usize,
    /// Connections of one partner at one time. One more is closed after its handshake.
    pub connections_per_partner_max: usize,
    /// Connections in the handshake at one time, which anybody may begin. One more is closed at once.
    pub handshakes_max: usize,
    /// Connections in the handshake at one time from one address (IPv6: one /64), so that no single stranger can take
    /// the place of everybody.
    pub handshakes_per_address_max: usize,
    /// Time of one handshake.
    pub handshake_seconds_max: Duration,
    /// Time in which a connection may stay silent: nothing comes, and nothing is being answered.
    pub idle_seconds_max: Duration,
    /// Time from the first byte of an interchange to its last.
    pub interchange_seconds_max: Duration,
    /// Bytes of one interchange.
    pub interchange_bytes_max: usize,
    /// Interchanges that a partner may send in a minute, over all its connections. More are read later: the door stops
    /// reading until the partner is within its rate again.
    pub interchanges_per_minute_max: u32,
    /// Interchanges of one connection that are read and not yet answered. More are read later.
    pub pipelined_interchanges_max: usize,
    /// Time in which a partner takes an answer off the wire. Longer breaks the connection; the answers keep waiting.
    pub write_seconds_max: Duration,
    /// Waiting answers that go down one new connection. More go down the next one.
    pub waiting_answers_max: usize,
    /// Answers that one connection carries before the door closes it, so that the partner confirms them by closing too.
    pub unconfirmed_answers_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_partner_max: 100,
            handshakes_max: 256,
            handshakes_per_address_max: 64,
            handshake_seconds_max: Duration::from_secs(10),
            idle_seconds_max: Duration::from_secs(300),
            interchange_seconds_max: Duration::from_secs(120),
            interchange_bytes_max: 10 * 1024 * 1024,
            interchanges_per_minute_max: 60_000,
            pipelined_interchanges_max: 64,
            write_seconds_max: Duration::from_secs(30),
            waiting_answers_max: 1_000,
            unconfirmed_answers_max: 20_000,
        }
    }
}

impl Limits {
    /// The limits that hold for a partner: its own where it has any, ours otherwise.
    #[must_use]
    pub(super) fn for_partner(&self, own: &PartnerLimits) -> Self {
        Self {
            connections_per_partner_max: own.connections_max.unwrap_or(self.connections_per_partner_max),
            interchange_bytes_max: own.interchange_bytes_max.unwrap_or(self.interchange_bytes_max),
            interchanges_per_minute_max: own.interchanges_per_minute_max.unwrap_or(self.interchanges_per_minute_max),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partner_without_own_limits_has_ours() {
        assert_eq!(Limits::default().for_partner(&PartnerLimits::default()), Limits::default());
    }

    #[test]
    fn own_limits_of_a_partner_win() {
        let own = PartnerLimits {
            interchanges_per_minute_max: Some(5),
            interchange_bytes_max: Some(6),
            connections_max: Some(7),
        };
        let limits = Limits::default().for_partner(&own);
        assert_eq!(limits.interchanges_per_minute_max, 5);
        assert_eq!(limits.interchange_bytes_max, 6);
        assert_eq!(limits.connections_per_partner_max, 7);
        assert_eq!(limits.connections_max, Limits::default().connections_max);
    }
}
