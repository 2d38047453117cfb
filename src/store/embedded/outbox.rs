//! From where on answers wait for each partner: what is in front of that was delivered, and nobody walks over it again.
//!
//! An answer that was delivered stays in the state until its run is merged. Without a mark everybody who looks for what
//! waits would pass all of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::shared::Shared;
use crate::partner::PartnerId;
use crate::record::AnswerReference;
use crate::store::Unavailable;
use crate::store::state::{self, Knowledge as _};

/// The lowest reference that may wait for each partner who was asked for. References are drawn upwards and no answer waits a
/// second time, so these only ever rise.
#[derive(Debug, Default)]
pub(super) struct Lowest(Mutex<HashMap<PartnerId, AnswerReference>>);

impl Lowest {
    fn of(&self, partner: &PartnerId) -> AnswerReference {
        let lowest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lowest.get(partner).copied().unwrap_or(AnswerReference(0))
    }

    fn raise(&self, partner: &PartnerId, to: AnswerReference) {
        let mut lowest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lowest = lowest.entry(partner.clone()).or_insert(to);
        *lowest = to.max(*lowest);
    }
}

impl Shared {
    /// The key in front of which no answer waits for a partner.
    pub(super) fn outbox_from(&self, partner: &PartnerId) -> Result<Vec<u8>, Unavailable> {
        // Whatever is drawn after this is looked for by those who come later.
        let last: Option<u64> = self.find(&state::answer_counter(partner))?;
        let from = state::outbox(partner, self.lowest.of(partner));
        let first = self.beginning_with(&state::outbox_of(partner), &from, 1, |_| true)?;
        let lowest = match first.first() {
            Some((key, _)) => state::outbox_reference(key)?,
            None => AnswerReference(last.map_or(0, |last| last.saturating_add(1))),
        };
        self.lowest.raise(partner, lowest);
        Ok(state::outbox(partner, lowest))
    }

    /// How many answers wait for a partner, up to a limit.
    pub(crate) fn count_waiting(&self, partner: &PartnerId, limit: usize) -> Result<usize, Unavailable> {
        let from = self.outbox_from(partner)?;
        Ok(self.beginning_with(&state::outbox_of(partner), &from, limit, |_| true)?.len())
    }
}
