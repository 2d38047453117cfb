//! What comes: interchanges are taken off the stream as far as there is room, within the partner's rate.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;
use tracing::warn;

use super::{Ending, Session, Taken};
use crate::channel::tally;
use crate::channel::tls::door::turn_away;
use crate::channel::tls::inlet::Found;
use crate::channel::tls::receive::{self, Answered};
use crate::edifact::{Interchange, Tolerance};
use crate::event::{Outcome, SecurityEvent, TurnedAway};
use crate::gateway::{Asked, NO_INTERACTIVE, Turn, Waiting};
use crate::record::{Channel, Delivery};
use crate::store::Store;

impl<S: Store> Session<S> {
    /// Takes every interchange that is whole, as far as there is room.
    pub(super) fn take_interchanges(&mut self) {
        while self.has_room()
            && let Some(bytes) = self.next_interchange()
        {
            let now = self.door.clock.now();
            if !self.is_still_welcome(now) {
                return self.stop_reading();
            }
            let delivery = self.delivery(bytes, now);
            let taken = Taken { since: Instant::now(), bytes: delivery.bytes.len() };
            match self.door.gateway.ask_turn(&self.partner.id, taken.bytes) {
                Asked::Granted(turn) => self.receive(turn, taken, delivery),
                Asked::Waiting(waiting) => self.awaiting = Some((taken, delivery, waiting)),
            }
        }
    }

    /// The turn has come that an interchange waited for.
    pub(super) fn begin_in_turn(&mut self, turn: Turn) {
        if let Some((taken, delivery, _)) = self.awaiting.take() {
            self.receive(turn, taken, delivery);
        }
    }

    fn receive(&mut self, turn: Turn, taken: Taken, delivery: Delivery) {
        let (gateway, desk) = (Arc::clone(&self.door.gateway), Arc::clone(&self.desk));
        self.begin(taken, receive::receive((gateway, turn), desk, Arc::clone(&self.partner), delivery));
    }

    fn next_interchange(&mut self) -> Option<Bytes> {
        let (bytes, is_held) = match self.held.take() {
            Some((bytes, _)) => (bytes, true),
            None => match self.inlet.take(&mut self.wire.received, self.limits.interchange_bytes_max) {
                Found::Interchange(bytes) => (bytes, false),
                Found::Nothing => (self.last_interchange()?, false),
                Found::Garbage(switch) => {
                    let is_interactive = Interchange::is_interactive(&self.wire.received);
                    let what = match switch {
                        Some(Tolerance::SeveralInterchanges) => "another interchange came before it",
                        _ if is_interactive => NO_INTERACTIVE,
                        _ => "it is no interchange: neither UNA nor UNB begins it",
                    };
                    let hint = switch.map(Tolerance::hint).unwrap_or_default();
                    return self.refuse_rest(format!("{what}{hint}"));
                }
                Found::TooLong => {
                    turn_away(TurnedAway::InterchangeBytesMax);
                    return self.refuse_rest("it is longer than limits.interchange_bytes_max".to_owned());
                }
            },
        };
        match self.desk.admit(self.limits.interchanges_per_minute_max) {
            Ok(()) => Some(bytes),
            Err(wait) => {
                if !is_held {
                    tally::count_security(SecurityEvent::RateExceeded);
                    warn!("the partner is at limits.interchanges_per_minute_max, its next interchange is read later");
                }
                self.held = Some((bytes, Instant::now() + wait));
                None
            }
        }
    }

    /// What is whole but for its last terminator, once the partner has ended its side in order.
    fn last_interchange(&mut self) -> Option<Bytes> {
        let is_over = matches!(self.ending, Some(Ending::Partner { is_clean: true }));
        is_over.then(|| self.inlet.take_last(&mut self.wire.received)).flatten()
    }

    /// Keeps what stands there as evidence and reads no further. The rate holds for evidence too, or a partner could fill
    /// the disk with it.
    fn refuse_rest(&mut self, reason: String) -> Option<Bytes> {
        let bytes = self.wire.received.split().freeze();
        self.stop_reading();
        if self.desk.admit(self.limits.interchanges_per_minute_max).is_ok() {
            let taken = Taken { since: Instant::now(), bytes: bytes.len() };
            let delivery = self.delivery(bytes, self.door.clock.now());
            let keeping = receive::keep(Arc::clone(&self.door.gateway), Arc::clone(&self.partner), delivery, reason);
            self.begin(taken, keeping);
        } else {
            tally::count_security(SecurityEvent::RateExceeded);
            warn!(reason, "nobody can be answered, and too much came for the bytes to be kept");
        }
        None
    }

    fn delivery(&self, bytes: Bytes, received_at: Timestamp) -> Delivery {
        Delivery { partner: self.partner.id.clone(), channel: Channel::EdiTls, received_at, bytes }
    }

    fn begin(&mut self, taken: Taken, work: impl Future<Output = Answered> + Send + 'static) {
        self.unanswered += 1;
        self.unanswered_bytes += taken.bytes;
        self.pipeline.push(async move { (taken, work.await) });
    }

    /// Whether the certificate still opens the door: terms may have been replaced, or its time be over, since it came.
    fn is_still_welcome(&mut self, now: Timestamp) -> bool {
        let terms = self.door.terms();
        let Some(partner) = terms.partners.find_by_certificate(&self.fingerprint, now) else {
            turn_away(TurnedAway::UnknownCertificate);
            warn!("the certificate is no longer taken, nothing more is read");
            return false;
        };
        if partner.id != self.partner.id {
            turn_away(TurnedAway::UnknownCertificate);
            warn!(now = %partner.id, "the certificate belongs to another partner now, nothing more is read");
            return false;
        }
        if !Arc::ptr_eq(&terms, &self.terms) {
            self.partner = Arc::clone(partner);
            self.limits = terms.limits.for_partner(&self.partner.limits);
            self.terms = terms;
        }
        true
    }

    /// Whether one more interchange may be begun before the next answer has left.
    fn has_room(&self) -> bool {
        let is_first = self.unanswered == 0;
        let is_within = self.unanswered < self.limits.pipelined_interchanges_max
            && self.unanswered_bytes < self.limits.interchange_bytes_max;
        // While one waits for its turn, what is behind it waits in the network.
        self.awaiting.is_none() && (is_first || is_within)
    }

    pub(super) fn wants_input(&self) -> bool {
        self.ending.is_none() && self.held.is_none() && self.has_room()
    }

    /// Reads what is on its way, and then no more.
    pub(super) fn call_last(&mut self) {
        self.last_call = Some(self.limits.interchange_bytes_max);
        self.inlet.note_sent(Instant::now());
    }

    /// Reads no more and forgets what was read. What is being received is still answered.
    pub(super) fn stop_reading(&mut self) {
        self.wire.received.clear();
        (self.held, self.awaiting) = (None, None);
        self.ending = self.ending.or(Some(Ending::Gateway));
    }

    /// Ends without a word: nothing that is not on its way yet is answered.
    pub(super) fn give_up(&mut self) {
        self.stop_reading();
        self.pipeline.clear();
        self.unanswered = 0;
        self.ending = Some(Ending::Trouble);
    }

    /// An interchange that its partner did not end is not recorded, and nobody can be answered.
    pub(super) fn tell_unfinished(&mut self) {
        let bytes = self.wire.received.len();
        if bytes > 0 {
            tally::count(Channel::EdiTls, &self.partner.id, Outcome::Unfinished);
            warn!(bytes, "the connection ended in the middle of an interchange, nothing of it is recorded");
        }
    }
}

/// The turn that an interchange waits for; it never comes where none does.
pub(super) async fn granted(awaiting: &mut Option<(Taken, Delivery, Waiting)>) -> Turn {
    match awaiting {
        Some((.., waiting)) => waiting.await,
        None => std::future::pending().await,
    }
}
