//! What is counted of a run.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest latency that is told apart from longer ones, in microseconds: an hour.
const LONGEST_MICROSECONDS: u64 = 3_600_000_000;
/// Digits of a latency that are kept.
const DIGITS: u8 = 3;

/// How many of what. Interchanges of the warm-up are in none of them, unless something is wrong with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Counts {
    /// Interchanges that were sent.
    pub(super) sent: u64,
    /// Interchanges to which every answer came.
    pub(super) answered: u64,
    /// Of these, those with a number for every declaration.
    pub(super) accepted: u64,
    /// Of these, those whose declarations were refused.
    pub(super) refused: u64,
    /// Of these, those that came before.
    pub(super) repeated: u64,
    /// Answers that are other ones than were asked for: a refusal where nothing is wrong, other bytes for a repeat.
    pub(super) otherwise: u64,
    /// Interchanges to which no answer came.
    pub(super) unanswered: u64,
    /// Answers that nobody here asked for.
    pub(super) strays: u64,
    /// Answers that waited for this partner from before, or came again after a connection was lost.
    pub(super) waiting: u64,
    /// Connections that ended before the run did, and were opened again.
    pub(super) reconnected: u64,
}

impl Counts {
    /// Whether everything was answered, and as it should be.
    pub(super) fn are_right(&self) -> bool {
        self.unanswered + self.strays + self.otherwise == 0
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.repeated += other.repeated;
        self.otherwise += other.otherwise;
        self.unanswered += other.unanswered;
        self.strays += other.strays;
        self.waiting += other.waiting;
        self.reconnected += other.reconnected;
    }
}

/// Counts, and every latency.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    /// In microseconds.
    pub(super) latencies: Histogram<u64>,
    /// Interchanges whose last answer came while it was measured, whenever they were due: what throughput is made of.
    pub(super) in_time: u64,
    /// When the last answer came that counts.
    pub(super) last: Option<Instant>,
}

impl Tally {
    #[expect(clippy::expect_used, reason = "the bounds are constants; a test makes one")]
    pub(super) fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, LONGEST_MICROSECONDS, DIGITS).expect("bounds that make sense");
        Self { counts: Counts::default(), latencies, in_time: 0, last: None }
    }

    /// Counts an answer that came so long after its interchange was due.
    pub(super) fn answered(&mut self, latency: Duration, now: Instant) {
        self.counts.answered += 1;
        self.latencies.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
        self.last = Some(now);
    }

    /// Adds what somebody else counted.
    pub(super) fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.in_time += other.in_time;
        self.last = self.last.max(other.last);
        // Both have the same bounds, so nothing is too long to be added.
        if let Err(trouble) = self.latencies.add(&other.latencies) {
            tracing::debug!(%trouble, "latencies are left out");
        }
    }

    /// The latency that so many of a hundred are not longer than, in milliseconds.
    pub(super) fn percentile(&self, percent: f64) -> f64 {
        as_milliseconds(self.latencies.value_at_quantile(percent / 100.0))
    }

    /// The longest one, in milliseconds.
    pub(super) fn longest(&self) -> f64 {
        as_milliseconds(self.latencies.max())
    }

    /// The mean, in milliseconds.
    pub(super) fn mean(&self) -> f64 {
        self.latencies.mean() / 1_000.0
    }
}

fn as_milliseconds(microseconds: u64) -> f64 {
    Duration::from_micros(microseconds).as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(milliseconds: impl Iterator<Item = u64>) -> Tally {
        let mut tally = Tally::new();
        milliseconds.for_each(|latency| tally.answered(Duration::from_millis(latency), Instant::now()));
        tally
    }

    #[test]
    fn latencies_of_several_are_one_distribution() {
        let mut all = tally(1..=50);
        all.add(&tally(51..=100));
        assert_eq!(all.counts.answered, 100);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 0.1, "{found} {expected}");
        near(all.percentile(50.0), 50.0);
        near(all.percentile(99.0), 99.0);
        near(all.longest(), 100.0);
        near(all.mean(), 50.5);
    }

    #[test]
    fn a_latency_beyond_all_bounds_is_the_longest() {
        assert!(tally([u64::MAX / 1_000].into_iter()).longest() >= 3_600_000.0);
    }

    #[test]
    fn whatever_was_not_answered_rightly_is_wrong() {
        assert!(Counts { waiting: 7, reconnected: 1, refused: 3, ..Counts::default() }.are_right());
        for wrong in [
            Counts { unanswered: 1, ..Counts::default() },
            Counts { strays: 1, ..Counts::default() },
            Counts { otherwise: 1, ..Counts::default() },
        ] {
            assert!(!wrong.are_right());
        }
    }
}
