//! How the thread that applies keeps pace with the one that writes: what waits to be applied, and who waits for whom.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Keys that are put into the state at one time, when so many wait: a run of that many. Those that wait and those that are
/// being put away are in memory twice; with 128 Ki of them the process held some 30 MB more and recorded no faster.
pub(crate) const APPLY_KEYS: usize = 48 << 10;

/// Keys that may wait before the writer does.
const WAITING_KEYS_MAX: usize = 4 * APPLY_KEYS;

/// How long keys wait for others before they are put into the state all the same.
const APPLY_AFTER: Duration = Duration::from_secs(1);

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    state: Mutex<State>,
    /// For the thread that applies: there is something to do.
    due: Condvar,
    /// For the writer: there is room.
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    keys: usize,
    /// Since when.
    since: Option<Instant>,
    /// No more keys will come.
    is_over: bool,
    /// Nobody applies any more.
    is_stopped: bool,
}

/// What the thread that applies is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Put into the state what waits.
    Apply,
    /// Nothing came for so long as it was willing to wait.
    Nothing,
    /// No more keys come; what waits is the last.
    Last,
}

impl Pace {
    /// More keys wait. When too many do, it waits until there is room: whether anybody still applies them.
    pub(crate) fn more(&self, keys: usize) -> bool {
        let mut state = self.lock();
        let before = state.keys;
        state.keys = before.saturating_add(keys);
        // Whoever applies wakes for the first of them and for the last that were missing, not for each between.
        if state.since.is_none() || (before < APPLY_KEYS && state.keys >= APPLY_KEYS) {
            state.since.get_or_insert_with(Instant::now);
            self.due.notify_one();
        }
        let is_full = |state: &mut State| state.keys > WAITING_KEYS_MAX && !state.is_stopped;
        let state = self.room.wait_while(state, is_full).unwrap_or_else(PoisonError::into_inner);
        !state.is_stopped
    }

    /// Waits until there is something to do, and no longer than that.
    pub(crate) fn next(&self, longest: Duration) -> Due {
        let end = Instant::now() + longest;
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let until = state.since.map_or(end, |since| since + APPLY_AFTER);
            if state.is_over {
                return Due::Last;
            }
            if state.since.is_some() && (state.keys >= APPLY_KEYS || until <= now) {
                return Due::Apply;
            }
            if end <= now {
                return Due::Nothing;
            }
            let wait = until.min(end).saturating_duration_since(now);
            state = self.due.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What waits now is being applied: what comes from now on waits anew.
    pub(crate) fn taken(&self) -> usize {
        let mut state = self.lock();
        state.since = None;
        state.keys
    }

    /// So many keys are in the state.
    pub(crate) fn applied(&self, keys: usize) {
        let mut state = self.lock();
        state.keys = state.keys.saturating_sub(keys);
        self.room.notify_one();
    }

    /// No more keys come.
    pub(crate) fn end(&self) {
        self.lock().is_over = true;
        self.due.notify_one();
    }

    /// Nobody applies any more.
    pub(crate) fn stop(&self) {
        self.lock().is_stopped = true;
        self.room.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_keys_wait_for_others_and_many_do_not() {
        let pace = Pace::default();
        assert_eq!(pace.next(Duration::ZERO), Due::Nothing);
        assert!(pace.more(1));
        assert_eq!(pace.next(Duration::ZERO), Due::Nothing);
        assert!(pace.more(APPLY_KEYS));
        assert_eq!(pace.next(Duration::ZERO), Due::Apply);
        assert_eq!(pace.taken(), APPLY_KEYS + 1);
        pace.applied(APPLY_KEYS + 1);
        assert_eq!(pace.next(Duration::ZERO), Due::Nothing);
        pace.end();
        assert_eq!(pace.next(Duration::ZERO), Due::Last);
    }

    #[test]
    fn a_single_key_is_applied_after_a_while() {
        let pace = Pace::default();
        assert!(pace.more(1));
        assert_eq!(pace.next(10 * APPLY_AFTER), Due::Apply);
    }

    #[test]
    fn the_last_key_that_was_missing_wakes_who_applies() {
        let pace = Pace::default();
        std::thread::scope(|scope| {
            let applying = scope.spawn(|| {
                let begun = Instant::now();
                (pace.next(10 * APPLY_AFTER), begun.elapsed() < APPLY_AFTER)
            });
            assert!(pace.more(1));
            assert!(pace.more(APPLY_KEYS - 1));
            assert_eq!(applying.join().unwrap(), (Due::Apply, true));
        });
    }

    #[test]
    fn the_writer_waits_for_room_and_not_for_the_dead() {
        let pace = Pace::default();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| [(); 2].map(|()| pace.more(WAITING_KEYS_MAX + 1)));
            assert_eq!(pace.next(10 * APPLY_AFTER), Due::Apply);
            pace.applied(pace.taken());
            assert_eq!(pace.next(10 * APPLY_AFTER), Due::Apply);
            pace.stop();
            assert!(!writer.join().unwrap()[1]);
        });
    }
}
