//! The floor of the record: what lies below it is not kept any more.
//!
//! Whatever looks at the state holds what it finds against the [`Floor`], so what was dropped is gone for everybody at one
//! moment, and its keys can stay where they are until they are next written.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::identifier::RecordNumber;

use super::state::{self, Pointer, StandingDeclaration, Waiting};

/// Up to where the record is dropped, and repeats are forgotten. Nothing is below the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Floor {
    /// The last segment that was dropped; 0 for none.
    pub(crate) segment: u64,
    /// The last entry in it; 0 for none.
    pub(crate) entry: RecordNumber,
    /// What all entries up to that one come to.
    pub(crate) chain: [u8; 32],
    /// The last entry that is no longer known as the first under its repeat key, or as a refusal; never below `entry`.
    pub(crate) forgotten: RecordNumber,
}

impl Default for Floor {
    fn default() -> Self {
        Self { segment: 0, entry: RecordNumber(0), chain: [0; 32], forgotten: RecordNumber(0) }
    }
}

impl Floor {
    /// Whether something lies below this one and not below the other.
    pub(crate) fn is_above(&self, other: &Self) -> bool {
        self.entry > other.entry || self.forgotten > other.forgotten
    }

    /// The first entry that is kept.
    pub(crate) fn first(&self) -> RecordNumber {
        RecordNumber(self.entry.0.saturating_add(1))
    }

    /// Whether a key of the state, which holds this, speaks of something that is kept. Of one that cannot be read it is
    /// said, so that whoever reads it meets the trouble.
    ///
    /// What a key held before speaks of an earlier entry, so when the latest is not live, none is.
    pub(crate) fn is_live(&self, key: &[u8], value: &[u8]) -> bool {
        if self.forgotten.0 == 0 {
            return true;
        }
        let (entry, bottom) = match key.first() {
            Some(b'n' | b's') => (state::number(key), self.entry),
            Some(b'u') => (state::act_number(key), self.entry),
            Some(b'd') => (read::<StandingDeclaration>(value).map(|standing| standing.pointer.number), self.entry),
            Some(b'o') => (read::<Waiting>(value).map(|waiting| waiting.pointer.number), self.entry),
            Some(b'p') => (read::<Pointer>(value).map(|pointer| pointer.number), self.entry),
            Some(b'r') => (read::<Pointer>(value).map(|pointer| pointer.number), self.forgotten),
            Some(_) | None => return true,
        };
        entry.is_none_or(|entry| entry > bottom)
    }
}

fn read<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    state::read(value).ok()
}

#[cfg(test)]
mod tests {
    use crate::identifier::{DeclarationReference, ProofForm, ProofOfReportNumber};
    use crate::record::{AnswerKind, AnswerReference};
    use crate::store::sample::{partner, sent};
    use crate::store::state::{Change, Series};

    use super::*;

    const FLOOR: Floor = Floor { segment: 1, entry: RecordNumber(5), chain: [0; 32], forgotten: RecordNumber(7) };

    /// Up to which of the entries 1 to 9 a key that such an entry puts is not live.
    #[track_caller]
    fn check(put: impl Fn(Pointer) -> Change, expected: u64) {
        let is_live = |entry: &u64| {
            let pointer = Pointer { number: RecordNumber(*entry), segment: 1, offset: 96, length: 100 };
            let Change { key, value } = put(pointer);
            FLOOR.is_live(&key, &value.unwrap())
        };
        assert!((1..=9).filter(|entry| !is_live(entry)).eq(1..=expected));
    }

    fn proof() -> ProofOfReportNumber {
        ProofOfReportNumber {
            form: ProofForm::Cers,
            is_practice: false,
            authorization_id: "AB1234".parse().unwrap(),
            period: ProofForm::Cers.period(jiff::civil::date(2026, 11, 21)),
            sequence: 1,
        }
    }

    #[test]
    fn what_points_at_a_dropped_entry_is_not_live() {
        let put = |key: Vec<u8>| move |pointer: Pointer| Change::put(key.clone(), &pointer).unwrap();
        check(|pointer| put(state::interchange(pointer.number))(pointer), 5);
        check(|pointer| put(state::act(pointer.number))(pointer), 5);
        check(|pointer| Change::mark(state::numbered(b"scNORTH\0".to_vec(), pointer.number)), 5);
        check(put(state::report(&proof())), 5);
        let declaration = state::declaration(&partner("maple"), false, &DeclarationReference("A".into()));
        let standing = |pointer| StandingDeclaration { proof: proof(), version: 1, pointer };
        check(|pointer| Change::put(declaration.clone(), &standing(pointer)).unwrap(), 5);
        let waiting = |pointer| Waiting { kind: AnswerKind::Contrl, pointer };
        let outbox = state::outbox(&partner("maple"), AnswerReference(1));
        check(|pointer| Change::put(outbox.clone(), &waiting(pointer)).unwrap(), 5);
    }

    #[test]
    fn a_repeat_is_forgotten_before_the_entry_is_dropped() {
        let key = state::first_under(&sent("1").repeat_key.unwrap());
        check(|pointer| Change::put(key.clone(), &pointer).unwrap(), 7);
    }

    #[test]
    fn counters_are_kept_for_ever() {
        check(|_| Change::put(state::counter(Series::of(&proof())), &1_u64).unwrap(), 0);
        check(|_| Change::put(state::answer_counter(&partner("maple")), &1_u64).unwrap(), 0);
    }

    #[test]
    fn what_cannot_be_read_is_left_to_whoever_reads_it() {
        assert!(FLOOR.is_live(b"rmaple\0", b""));
    }
}
