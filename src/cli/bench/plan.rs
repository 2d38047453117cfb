//! What is sent when: how many connections, at which pace, from when on it counts, and when it ends.
//!
//! Start with [`Plan::next`]. In a closed loop a connection sends as soon as fewer interchanges than its window are
//! unanswered. In an open loop each interchange has a moment at which it is due, whatever was answered by then; its
//! latency counts from that moment, so that a gateway that lets its partners wait cannot hide it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::lodging::Asked;

/// What a run is to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// Connections.
    pub(super) connections: u64,
    /// Most interchanges that are unanswered on each of them.
    pub(super) window: usize,
    /// How many interchanges are due in a second, on all connections; none in a closed loop.
    pub(super) rate: Option<f64>,
    /// How long it goes on before it counts.
    pub(super) warm_up: Duration,
    /// When it ends.
    pub(super) end: End,
    /// Of a hundred interchanges, so many are to be refused.
    pub(super) refused: u64,
    /// Of a hundred interchanges, so many came before.
    pub(super) repeated: u64,
}

/// When a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// So long after it began to count.
    After(Duration),
    /// When so many interchanges were sent, those of the warm-up among them.
    Count(u64),
}

/// A run that has begun.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    shape: Shape,
    began: Instant,
    /// How many have been sent.
    sent: Arc<AtomicU64>,
}

/// What a connection does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It sends this one, which was due then.
    Send(u64, Instant),
    /// The next one is due then.
    Wait(Instant),
    /// It has sent all that it was to send.
    Nothing,
}

/// What is sent under a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An interchange that did not come before.
    Fresh(Asked),
    /// One that did, where there is one that was answered.
    Repeat,
}

impl Plan {
    /// The run of this shape that began then. `sent` is counted by all who take part.
    pub(super) fn new(shape: &Shape, began: Instant, sent: &Arc<AtomicU64>) -> Self {
        Self { shape: shape.clone(), began, sent: Arc::clone(sent) }
    }

    /// What a connection does at this moment that has room for one more. `own` counts what it sent, and is counted here.
    pub(super) fn next(&self, connection: u64, own: &mut u64, now: Instant) -> Next {
        let Some(rate) = self.shape.rate else { return self.next_at_once(now) };
        // The interchanges are dealt out one by one, so that every connection has the same pace.
        let number = own.saturating_mul(self.shape.connections).saturating_add(connection);
        let due = self.began + Duration::from_secs_f64(as_float(number) / rate);
        let is_over = match self.shape.end {
            End::After(_) => due >= self.ends().unwrap_or(due),
            End::Count(count) => number >= count,
        };
        match () {
            () if is_over => Next::Nothing,
            () if due > now => Next::Wait(due),
            () => {
                *own += 1;
                self.sent.fetch_add(1, Ordering::Relaxed);
                Next::Send(number, due)
            }
        }
    }

    fn next_at_once(&self, now: Instant) -> Next {
        if self.ends().is_some_and(|end| now >= end) {
            return Next::Nothing;
        }
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        match self.shape.end {
            End::Count(count) if number >= count => {
                self.sent.fetch_sub(1, Ordering::Relaxed);
                Next::Nothing
            }
            End::Count(_) | End::After(_) => Next::Send(number, now),
        }
    }

    /// Most interchanges that are unanswered on a connection.
    pub(super) fn window(&self) -> usize {
        self.shape.window
    }

    /// From when on it counts.
    pub(super) fn counts_from(&self) -> Instant {
        self.began + self.shape.warm_up
    }

    /// When nothing more is sent; none where a count says so.
    pub(super) fn ends(&self) -> Option<Instant> {
        match self.shape.end {
            End::After(time) => Some(self.counts_from() + time),
            End::Count(_) => None,
        }
    }

    /// What is sent under a number. Of each hundred numbers in a row the shares are exact.
    pub(super) fn kind(&self, number: u64) -> Kind {
        // 37 and 100 have no divisor in common: shares are spread, and the same in every run.
        let place = number % 100 * 37 % 100;
        match () {
            () if place < self.shape.refused => Kind::Fresh(Asked::Refusal),
            () if place < self.shape.refused + self.shape.repeated => Kind::Repeat,
            () => Kind::Fresh(Asked::Acceptance),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of interchanges are far below 2^52")]
fn as_float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(rate: Option<f64>, end: End) -> Shape {
        let warm_up = Duration::from_secs(1);
        Shape { connections: 2, window: 1, rate, warm_up, end, refused: 3, repeated: 20 }
    }

    /// What connection 1 does so many milliseconds after the beginning, one after another.
    fn check(shape: &Shape, moments: &[(u64, &str)]) {
        let began = Instant::now();
        let plan = Plan::new(shape, began, &Arc::default());
        let mut own = 0;
        for (milliseconds, expected) in moments {
            let said = match plan.next(1, &mut own, began + Duration::from_millis(*milliseconds)) {
                Next::Send(number, due) => format!("send {number}, due {}", (due - began).as_millis()),
                Next::Wait(due) => format!("wait until {}", (due - began).as_millis()),
                Next::Nothing => "nothing".to_owned(),
            };
            assert_eq!(said, *expected);
        }
    }

    #[test]
    fn a_closed_loop_sends_at_once_until_it_ends() {
        let shape = shape(None, End::After(Duration::from_secs(2)));
        check(&shape, &[(0, "send 0, due 0"), (7, "send 1, due 7"), (2_999, "send 2, due 2999"), (3_000, "nothing")]);
    }

    #[test]
    fn a_closed_loop_sends_so_many() {
        check(
            &shape(None, End::Count(2)),
            &[(0, "send 0, due 0"), (1, "send 1, due 1"), (2, "nothing"), (3, "nothing")],
        );
    }

    #[test]
    fn an_open_loop_counts_from_when_it_was_due_however_late_it_is() {
        let shape = shape(Some(100.0), End::After(Duration::from_secs(2)));
        let late = [(5, "wait until 10"), (500, "send 1, due 10"), (501, "send 3, due 30"), (502, "send 5, due 50")];
        check(&shape, &late);
    }

    #[test]
    fn an_open_loop_ends_with_what_is_due_before_its_end() {
        let shape = shape(Some(1.0), End::After(Duration::from_secs(2)));
        check(&shape, &[(9_000, "send 1, due 1000"), (9_000, "nothing")]);
    }

    #[test]
    fn shares_are_exact() {
        let plan = Plan::new(&shape(None, End::Count(1)), Instant::now(), &Arc::default());
        let kinds: Vec<Kind> = (700..800).map(|number| plan.kind(number)).collect();
        let count = |kind| kinds.iter().filter(|found| **found == kind).count();
        assert_eq!((count(Kind::Fresh(Asked::Refusal)), count(Kind::Repeat)), (3, 20));
    }
}
