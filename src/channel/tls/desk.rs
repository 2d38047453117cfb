//! What the door remembers of a partner across its connections: how fast it may go, and which answers are on their way.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota};
use tokio::sync::{Notify, RwLock};

use crate::partner::PartnerId;
use crate::record::{Answer, AnswerReference};

/// The desks of all partners that came since the start; as many as there are partners in the configuration.
#[derive(Debug, Default)]
pub(super) struct Desks(Mutex<HashMap<PartnerId, Arc<Desk>>>);

impl Desks {
    /// The desk of this partner.
    pub(super) fn of(&self, partner: &PartnerId) -> Arc<Desk> {
        let mut desks = locked(&self.0);
        Arc::clone(desks.entry(partner.clone()).or_default())
    }
}

/// The desk of one partner.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// How often an answer is on its way. An answer that a live connection holds is not offered on another one.
    claims: Mutex<HashMap<AnswerReference, usize>>,
    rate: Mutex<Option<Rate>>,
    /// Held shared while an interchange becomes a record and its answers are claimed, and alone while the waiting answers
    /// are looked up: so nobody takes an answer for waiting that its own connection is about to claim.
    pub(super) settling: RwLock<()>,
    /// Told when a claim is gone and its answer was not delivered: it may wait again.
    released: Notify,
}

#[derive(Debug)]
struct Rate {
    per_minute_max: u32,
    limiter: DefaultDirectRateLimiter,
}

impl Rate {
    fn new(per_minute_max: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute_max).unwrap_or(NonZeroU32::MIN));
        Self { per_minute_max, limiter: DefaultDirectRateLimiter::direct(quota) }
    }
}

impl Desk {
    /// Lets one more interchange in, or says how long it has to wait. A minute's worth may come at once.
    pub(super) fn admit(&self, per_minute_max: u32) -> Result<(), Duration> {
        let mut rate = locked(&self.rate);
        let rate = match rate.take() {
            Some(held) if held.per_minute_max == per_minute_max => rate.insert(held),
            Some(_) | None => rate.insert(Rate::new(per_minute_max)),
        };
        rate.limiter.check().map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }

    /// Claims an answer for the connection that sends it, whoever else does.
    pub(super) fn claim(self: &Arc<Self>, answer: Answer) -> Claim {
        *locked(&self.claims).entry(answer.reference).or_default() += 1;
        Claim { desk: Arc::clone(self), answer, is_delivered: false }
    }

    /// The answers that live connections hold.
    pub(super) fn claimed(&self) -> HashSet<AnswerReference> {
        locked(&self.claims).keys().copied().collect()
    }

    /// Waits until a claim is gone, or was since the last time.
    pub(super) async fn released(&self) {
        self.released.notified().await;
    }
}

/// An answer on its way. When it is dropped, the answer is free to be offered again, unless it was delivered.
#[derive(Debug)]
pub(super) struct Claim {
    desk: Arc<Desk>,
    answer: Answer,
    is_delivered: bool,
}

impl Claim {
    pub(super) fn answer(&self) -> Answer {
        self.answer
    }

    /// Lets go of an answer that was noted as delivered. Nobody has to look for it.
    pub(super) fn let_go(mut self) {
        self.is_delivered = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = locked(&self.desk.claims);
        let left = claims.get_mut(&self.answer.reference).map(|count| {
            *count -= 1;
            *count
        });
        if left == Some(0) {
            claims.remove(&self.answer.reference);
            if !self.is_delivered {
                self.desk.released.notify_one();
            }
        }
    }
}

/// Nothing between lock and release can leave a desk half-changed, so a panic elsewhere does not spoil it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::AnswerKind;

    fn desk() -> Arc<Desk> {
        Desks::default().of(&PartnerId::new("maple").unwrap())
    }

    #[test]
    fn a_partner_has_one_desk() {
        let desks = Desks::default();
        let (maple, birch) = (PartnerId::new("maple").unwrap(), PartnerId::new("birch").unwrap());
        assert!(Arc::ptr_eq(&desks.of(&maple), &desks.of(&maple)));
        assert!(!Arc::ptr_eq(&desks.of(&maple), &desks.of(&birch)));
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_the_next_waits() {
        let desk = desk();
        assert!((0..60).all(|_| desk.admit(60).is_ok()));
        let wait = desk.admit(60).unwrap_err();
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
    }

    #[test]
    fn another_rate_holds_from_the_next_interchange_on() {
        let desk = desk();
        assert!(desk.admit(1).is_ok() && desk.admit(1).is_err());
        assert!(desk.admit(2).is_ok() && desk.admit(2).is_ok() && desk.admit(2).is_err());
    }

    #[tokio::test]
    async fn whoever_waits_for_claims_hears_of_those_that_were_not_delivered() {
        let (desk, answers) = (
            desk(),
            [7, 8].map(|reference| Answer { reference: AnswerReference(reference), kind: AnswerKind::Cusres }),
        );
        let [delivered, lost] = answers.map(|answer| desk.claim(answer));
        delivered.let_go();
        let hears = async || tokio::time::timeout(Duration::from_millis(5), desk.released()).await.is_ok();
        assert!(!hears().await);
        drop(lost);
        assert!(hears().await);
    }

    #[test]
    fn an_answer_is_claimed_until_the_last_claim_is_gone() {
        let (desk, reference) = (desk(), AnswerReference(7));
        let answer = Answer { reference, kind: AnswerKind::Cusres };
        let (first, second) = (desk.claim(answer), desk.claim(answer));
        drop(first);
        assert_eq!(desk.claimed(), HashSet::from([reference]));
        drop(second);
        assert_eq!(desk.claimed(), HashSet::new());
    }
}
