//! Chance that can be repeated.

use std::env;

use lodged::clock::{Clock as _, SystemClock};

/// Numbers that look random and follow from a seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// From `LODGED_TORTURE_SEED`, or from the time of day. The seed is printed, which a failed test shows.
    pub(crate) fn seeded(torment: &str) -> Self {
        let drawn = || SystemClock.now().as_microsecond().unsigned_abs() % 1_000_000_000;
        let seed = setting("LODGED_TORTURE_SEED").unwrap_or_else(drawn);
        println!("{torment}: LODGED_TORTURE_SEED={seed}");
        Self(seed)
    }

    /// Numbers of its own for somebody who draws at the same time.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to one less than the limit, which is not 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// As an index.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap())).unwrap()
    }

    /// Once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// So many of these, or all of them, in no order.
    pub(crate) fn sample<T: Clone>(&mut self, all: &[T], count: usize) -> Vec<T> {
        let mut left = all.to_vec();
        (0..count.min(all.len())).map(|_| left.swap_remove(self.index(left.len()))).collect()
    }
}

/// A number in the environment.
pub(crate) fn setting(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}
