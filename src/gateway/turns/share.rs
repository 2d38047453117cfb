//! What one partner may have on its way to the record: much as long as it is alone, little beside others, and of that as much
//! to the disk as a flush is long.

use std::time::{Duration, Instant};

use crate::gateway::intake::LONG_BYTES;
use crate::partner::PartnerId;

/// Interchanges and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amount {
    /// How many.
    pub(super) interchanges: usize,
    /// Of how many bytes together.
    pub(super) bytes: usize,
}

/// What one partner may have at one time, or one interchange of any length, as long as nobody else asks. With so many to a
/// flush of 4 ms it can have 30,000 in a second.
pub(super) const ALONE: Amount = Amount { interchanges: 128, bytes: 512 << 10 };

/// What one partner may have that is not examined yet as soon as somebody else asks: what is in front of another's interchange
/// for the processors is a fraction of a millisecond. It may have as much on the way to the disk for each [`FLUSH`] that a flush
/// takes, since all that share one are answered in one go, and that is in front of another's answer: on a disk with this flush six
/// let the p99 of the others come to somewhat more than twice its quiet value, sixteen to three times, 128 to nine times; on a
/// slower one the quiet value is higher, and with more to a flush one partner still has some 15,000 in a second.
pub(super) const BESIDE_OTHERS: Amount = Amount { interchanges: 4, bytes: 64 << 10 };

/// A flush of a quick disk, with the threads that are woken for it.
pub(super) const FLUSH: Duration = Duration::from_micros(250);

/// How long the quickest way to the disk counts for the time that a flush takes, at least; at most twice as long.
const FLUSH_COUNTS: Duration = Duration::from_secs(1);

/// How long nobody else must have asked for a partner to be alone.
pub(super) const ALONE_AFTER: Duration = Duration::from_secs(10);

impl Amount {
    /// Whether one more fits. A single one always does.
    pub(super) fn has_room(self, bytes: usize, most: Self) -> bool {
        self.interchanges == 0
            || (self.interchanges < most.interchanges && self.bytes.saturating_add(bytes) <= most.bytes)
    }

    pub(super) fn add(&mut self, bytes: usize) {
        self.interchanges += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    pub(super) fn remove(&mut self, bytes: usize) {
        self.interchanges = self.interchanges.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// How long the long ones of a partner rest, beside others, behind the beginning of one of so many bytes; none when it is not
/// long. Others feel what it takes of the one thread that settles and of the disk in one go, some 4.5 ms for each megabyte: the
/// longer, the more rarely it may be, for their p99 to be one that met none. So the rest grows with the square, about a second
/// for a mebibyte, but not beyond what it takes to be alone.
pub(super) fn rest_behind(bytes: usize) -> Option<Duration> {
    let kibibytes = u64::try_from(bytes >> 10).unwrap_or(u64::MAX);
    let rest = Duration::from_micros(kibibytes.saturating_mul(kibibytes));
    (bytes >= LONG_BYTES).then_some(rest.min(ALONE_AFTER))
}

/// What one partner may have at one time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// From the examination until it is on stable storage.
    pub(super) running: Amount,
    /// That of it which is not examined yet.
    pub(super) unexamined: Amount,
    /// Whether long ones rest behind one another.
    pub(super) rests: bool,
}

impl Share {
    /// What a partner may have that is alone.
    pub(super) const ALONE: Self = Self { running: ALONE, unexamined: ALONE, rests: false };
}

/// How long a flush takes: the quickest way from the examination to stable storage that was seen lately, since the others
/// waited for one another.
#[derive(Debug, Default)]
pub(super) struct Flushes {
    /// The quickest of this stretch of time, and when that began.
    quickest: Option<(Duration, Instant)>,
    /// The quickest of the stretch before.
    before: Option<Duration>,
}

impl Flushes {
    pub(super) fn note(&mut self, taken: Duration, now: Instant) {
        match &mut self.quickest {
            Some((quickest, since)) if now.saturating_duration_since(*since) < FLUSH_COUNTS => {
                *quickest = taken.min(*quickest);
            }
            stretch => self.before = stretch.replace((taken, now)).map(|(quickest, _)| quickest),
        }
    }

    /// What a partner may have beside others.
    pub(super) fn share(&self) -> Share {
        let quickest = self.quickest.map(|(quickest, _)| quickest);
        let flush = quickest.into_iter().chain(self.before).min().unwrap_or(FLUSH);
        let times = usize::try_from(flush.as_micros() / FLUSH.as_micros()).unwrap_or(usize::MAX).max(1);
        let running = Amount {
            interchanges: BESIDE_OTHERS.interchanges.saturating_mul(times).min(ALONE.interchanges),
            bytes: BESIDE_OTHERS.bytes.saturating_mul(times).min(ALONE.bytes),
        };
        Share { running, unexamined: BESIDE_OTHERS, rests: true }
    }
}

/// Who asked last.
#[derive(Debug, Default)]
pub(super) struct LastAsked {
    /// The last one who did, and when.
    last: Option<(PartnerId, Instant)>,
    /// When the last one did who is another.
    other: Option<Instant>,
}

impl LastAsked {
    pub(super) fn note(&mut self, partner: &PartnerId, now: Instant) {
        match &mut self.last {
            Some((last, at)) if last == partner => *at = now,
            last => self.other = last.replace((partner.clone(), now)).map(|(_, at)| at),
        }
    }

    /// Whether nobody else asked lately.
    pub(super) fn is_alone(&self, partner: &PartnerId, now: Instant) -> bool {
        let by_others = match &self.last {
            Some((last, at)) if last != partner => Some(*at),
            Some(_) | None => self.other,
        };
        by_others.is_none_or(|at| now.saturating_duration_since(at) >= ALONE_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quickest_way_to_the_disk_counts_for_a_while() {
        let (mut flushes, now) = (Flushes::default(), Instant::now());
        let running = |flushes: &Flushes| flushes.share().running.interchanges;
        assert_eq!(running(&flushes), BESIDE_OTHERS.interchanges);
        for times in [9, 4, 20] {
            flushes.note(FLUSH * times, now);
        }
        assert_eq!(running(&flushes), 4 * BESIDE_OTHERS.interchanges);
        flushes.note(FLUSH * 7, now + FLUSH_COUNTS);
        assert_eq!(running(&flushes), 4 * BESIDE_OTHERS.interchanges);
        flushes.note(FLUSH * 8, now + 2 * FLUSH_COUNTS);
        assert_eq!(running(&flushes), 7 * BESIDE_OTHERS.interchanges);
        flushes.note(Duration::MAX, now + 3 * FLUSH_COUNTS);
        flushes.note(Duration::MAX, now + 4 * FLUSH_COUNTS);
        assert_eq!(running(&flushes), ALONE.interchanges);
    }
}
