//! How long the record is kept, and how long a repeat is known.

use jiff::{SignedDuration, Timestamp};

/// For how many days, each of 24 hours, what was received counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How long the record is kept, at least; 0 for ever.
    pub retention_days: u32,
    /// How long the first interchange under a repeat key is known as such.
    pub repeat_days: u32,
}

impl Default for Retention {
    /// Six years, and somewhat more than one.
    fn default() -> Self {
        Self { retention_days: Self::RETENTION_DAYS, repeat_days: Self::REPEAT_DAYS }
    }
}

impl Retention {
    /// How long the record is kept when nothing else is said: six years, two of them leap years.
    pub const RETENTION_DAYS: u32 = 2_192;
    /// How long repeats are known when nothing else is said.
    pub const REPEAT_DAYS: u32 = 400;

    /// Whether what is of this moment need not be kept any more.
    pub(crate) fn is_over(self, moment: Timestamp, now: Timestamp) -> bool {
        self.retention_days > 0 && is_older(moment, self.retention_days, now)
    }

    /// Whether what was received at the first of these moments is known no more as the first under its key to what is
    /// received at the other.
    pub(crate) fn is_forgotten(self, received_at: Timestamp, now: Timestamp) -> bool {
        is_older(received_at, self.repeat_days, now)
    }

    /// The same whatever the clock says within a day: then keys of repeats are of no use any more.
    pub(crate) fn is_surely_forgotten(self, received_at: Timestamp, now: Timestamp) -> bool {
        is_older(received_at, self.repeat_days.saturating_add(1), now)
    }
}

/// Whether a moment is more than so many days back.
fn is_older(moment: Timestamp, days: u32, now: Timestamp) -> bool {
    now.duration_since(moment) > SignedDuration::from_hours(24 * i64::from(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_kept_for_so_many_days_or_for_ever() {
        let of = |retention_days| Retention { retention_days, ..Retention::default() };
        let received: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
        let [last, later] = ["2026-11-22T03:00:00Z", "2026-11-22T03:00:01Z"].map(|now| now.parse().unwrap());
        assert!(!of(1).is_over(received, last) && of(1).is_over(received, later));
        assert!(!of(0).is_over(received, Timestamp::MAX));
    }

    #[test]
    fn a_first_interchange_is_known_for_so_many_days_to_the_second() {
        let retention = Retention { repeat_days: 2, ..Retention::default() };
        let first: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
        for (now, is_forgotten) in
            [("2026-11-23T03:00:00Z", false), ("2026-11-23T03:00:01Z", true), ("2020-01-01T00:00:00Z", false)]
        {
            assert_eq!(retention.is_forgotten(first, now.parse().unwrap()), is_forgotten, "{now}");
        }
    }
}
