//! Those who take the journal as it grows: what each is handed, and how far each is.
//!
//! A follower says with each request what it has on stable storage, so what it may lack is known to the moment: when it was
//! handed everything that there was, and has it by its next request, it lacks at most what came since then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{Office, ill};
use crate::admin::socket::{Answered, FollowerView, JournalFrom, Reply};
use crate::clock::Clock;
use crate::event;
use crate::gateway::Gateway;
use crate::store::{EmbeddedStore, Wanted};

/// Most bytes that are handed on at one time.
const BYTES_MAX: u64 = 1 << 20;
/// Longest wait for something to hand on: as long is a place at the socket taken by somebody who went away.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// Most followers.
const FOLLOWERS_MAX: usize = 4;
/// Longest name of one.
const NAME_LENGTH_MAX: usize = 32;
/// How often it is told how far they are.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How far each of them is, by its name.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Followers(Mutex<BTreeMap<String, Follower>>);

/// How far one of them is.
#[derive(Debug, Clone, Copy)]
struct Follower {
    /// The last entry that it has on stable storage.
    entry: u64,
    /// When it was last heard.
    heard: Timestamp,
    /// It has everything that was there at this moment.
    level_at: Timestamp,
    /// What it was told that there is, and when; until it has that.
    told: Option<(u64, Timestamp)>,
}

impl Follower {
    fn new(now: Timestamp) -> Self {
        Self { entry: 0, heard: now, level_at: now, told: None }
    }

    /// It has everything up to `entry`, and the gateway everything up to `last`.
    fn has(&mut self, entry: u64, last: u64, now: Timestamp) {
        (self.entry, self.heard) = (entry, now);
        if let Some((_, at)) = self.told.take_if(|(told, _)| entry >= *told) {
            self.level_at = at;
        }
        if entry >= last {
            self.level_at = now;
        }
    }

    /// It is told that the gateway has everything up to `last`.
    fn is_told(&mut self, last: u64, now: Timestamp) {
        self.told.get_or_insert((last, now));
    }

    /// How many entries it lacks, and for how many milliseconds there have been some.
    fn behind(&self, last: u64, now: Timestamp) -> (u64, u64) {
        let entries = last.saturating_sub(self.entry);
        let lag = if entries == 0 { 0 } else { now.duration_since(self.level_at).as_millis() };
        (entries, u64::try_from(lag).unwrap_or_default())
    }
}

impl Followers {
    /// A follower was heard. One without a name is not kept.
    ///
    /// # Errors
    /// A refusal when its name is none, or there are too many.
    fn hear(&self, from: &JournalFrom, last: u64, now: Timestamp) -> Result<(), Reply> {
        let name = &from.follower;
        if name.is_empty() {
            return Ok(()); // It does not stay.
        }
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.len() > NAME_LENGTH_MAX || !name.bytes().all(is_letter) {
            let form = format!("lower-case letters, digits and hyphens, at most {NAME_LENGTH_MAX}");
            return Err(Reply::refused(format!("{name:?} is no name of a follower"), form));
        }
        let mut followers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if followers.len() >= FOLLOWERS_MAX && !followers.contains_key(name) {
            let known: Vec<_> = followers.keys().map(String::as_str).collect();
            let what = format!("{FOLLOWERS_MAX} others follow already: {}", known.join(", "));
            return Err(Reply::refused(what, "use the name of one that is gone, or start the gateway anew"));
        }
        followers.entry(name.clone()).or_insert_with(|| Follower::new(now)).has(from.entry, last, now);
        Ok(())
    }

    /// A follower is told how far the gateway is.
    fn told(&self, name: &str, last: u64, now: Timestamp) {
        let mut followers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(follower) = followers.get_mut(name) {
            follower.is_told(last, now);
        }
    }

    /// How far each is, for those who ask.
    pub(super) fn views(&self, last: u64, now: Timestamp) -> Vec<FollowerView> {
        let followers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let views = followers.iter().map(|(name, follower)| FollowerView {
            follower: name.clone(),
            last_entry: follower.entry,
            behind: follower.behind(last, now).0,
            lag_milliseconds: follower.behind(last, now).1,
            heard_at: follower.heard,
        });
        views.collect()
    }

    /// Sets the figures of all of them, now and then. Never returns.
    pub(in crate::daemon) async fn tell(self: Arc<Self>, gateway: Arc<Gateway<EmbeddedStore>>, clock: Arc<dyn Clock>) {
        let mut ticks = interval(TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.set_figures(gateway.store().last().0, clock.now());
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "neither figure is ever so large that it counts")]
    fn set_figures(&self, last: u64, now: Timestamp) {
        for (name, follower) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let (entries, lag) = follower.behind(last, now);
            metrics::gauge!(event::FOLLOW_BEHIND, "follower" => name.clone()).set(entries as f64);
            metrics::gauge!(event::FOLLOW_LAG_SECONDS, "follower" => name.clone()).set(lag as f64 / 1000.0);
        }
    }
}

impl Office {
    pub(super) async fn journal(&self, from: JournalFrom) -> Result<Answered, Reply> {
        let store = self.gateway.store();
        self.followers.hear(&from, store.last().0, self.clock.now())?;
        let JournalFrom { follower, segment, offset, next, bytes_max, wait_milliseconds, .. } = from;
        let wanted = Wanted { segment, offset, next };
        let wait = Duration::from_millis(wait_milliseconds).min(WAIT_MAX);
        // Whether it grows or not, there is an answer; one that ends says what there is.
        drop(timeout(wait, self.ended.run_until_cancelled(store.grows_beyond(wanted))).await);
        let now = self.clock.now();
        let shipped = store.ship(wanted, bytes_max.min(BYTES_MAX)).await;
        let (shipped, bytes) = shipped.map_err(|unavailable| ill(&unavailable))?;
        self.followers.told(&follower, shipped.last_entry, now);
        Ok(Answered { reply: Reply::answer(&shipped), bytes })
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    const BEGIN: &str = "2026-11-21T20:45:00Z";

    fn at(seconds: i64) -> Timestamp {
        BEGIN.parse::<Timestamp>().unwrap() + seconds.seconds()
    }

    fn from(follower: &str, entry: u64) -> JournalFrom {
        let follower = follower.to_owned();
        JournalFrom { follower, entry, segment: 1, offset: 0, next: 1, bytes_max: 0, wait_milliseconds: 0 }
    }

    fn check(follower: &Follower, last: u64, now: i64, expected: (u64, u64)) {
        assert_eq!(follower.behind(last, at(now)), expected);
    }

    #[test]
    fn who_has_everything_lacks_nothing_however_long_ago_that_was_said() {
        let mut follower = Follower::new(at(0));
        follower.has(7, 7, at(1));
        check(&follower, 7, 500, (0, 0));
        check(&follower, 9, 11, (2, 10_000));
    }

    #[test]
    fn who_has_what_it_was_told_of_lacks_at_most_what_came_since() {
        let mut follower = Follower::new(at(0));
        follower.is_told(10, at(2));
        follower.is_told(20, at(3));
        follower.has(9, 30, at(4));
        check(&follower, 30, 5, (21, 5_000));
        follower.has(12, 40, at(5));
        check(&follower, 40, 6, (28, 4_000));
        follower.is_told(40, at(6));
        follower.has(40, 50, at(7));
        check(&follower, 50, 7, (10, 1_000));
    }

    #[test]
    fn names_are_short_and_few() {
        let followers = Followers::default();
        for name in ["Standby", "a b", "a\"b", &"a".repeat(33)] {
            assert!(followers.hear(&from(name, 0), 0, at(0)).is_err(), "{name}");
        }
        for name in ["a", "", "b", "c", "standby-2", "a"] {
            assert_eq!(followers.hear(&from(name, 0), 0, at(0)), Ok(()));
        }
        assert!(matches!(followers.hear(&from("d", 0), 0, at(0)), Err(Reply::Refused(_))));
        assert_eq!(followers.views(5, at(0)).len(), FOLLOWERS_MAX);
    }
}
