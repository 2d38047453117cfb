//! What is due: every wait of a session has an end, and each end a name.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::{Ending, Session};
use crate::channel::tls::door::turn_away;
use crate::event::TurnedAway;
use crate::store::Store;

/// When the gateway wants to end a connection, it still reads what is on its way: until nothing came for so long.
const LAST_CALL: Duration = Duration::from_millis(100);

/// What is due when the time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// The partner is within its rate again.
    Admission,
    /// Nothing more came.
    LastCall,
    /// A limit is reached.
    Limit(TurnedAway),
}

impl<S: Store> Session<S> {
    pub(super) fn next_due(&mut self, wants_input: bool) -> Option<(Instant, Due)> {
        let writing = self
            .wire
            .writing_since()
            .map(|since| (since + self.limits.write_seconds_max, Due::Limit(TurnedAway::WriteSecondsMax)));
        let admission = self.held.as_ref().map(|(_, at)| (*at, Due::Admission));
        let reading = self.next_due_of_reading(wants_input);
        [writing, admission, reading].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn next_due_of_reading(&mut self, wants_input: bool) -> Option<(Instant, Due)> {
        if !wants_input {
            self.inlet.pause(Instant::now());
            return None;
        }
        if let Some(left) = self.last_call {
            let at = if left == 0 { Instant::now() } else { self.inlet.quiet_since() + LAST_CALL };
            return Some((at, Due::LastCall));
        }
        if self.unanswered > 0 && self.wire.received.is_empty() {
            return None;
        }
        let (at, limit) = self.inlet.patience(&self.wire.received, &self.limits, Instant::now());
        Some((at, Due::Limit(limit)))
    }

    pub(super) fn end_patience(&mut self, due: Due) -> io::Result<()> {
        match due {
            Due::Admission => {}
            Due::LastCall => self.ending = self.ending.or(Some(Ending::Gateway)),
            Due::Limit(TurnedAway::WriteSecondsMax) => {
                turn_away(TurnedAway::WriteSecondsMax);
                warn!("the partner is at limits.write_seconds_max, its answers keep waiting");
                return Err(io::ErrorKind::TimedOut.into());
            }
            Due::Limit(limit) => {
                turn_away(limit);
                info!(limit = limit.as_str(), "the partner is at a limit of time, nothing more is read");
                self.ending = self.ending.or(Some(Ending::Gateway));
            }
        }
        Ok(())
    }
}

/// What is due, when its time has come; never when nothing is.
pub(super) async fn reached(due: Option<(Instant, Due)>) -> Due {
    match due {
        Some((at, due)) => {
            sleep_until(at).await;
            due
        }
        None => std::future::pending().await,
    }
}
