//! What partners sent and were told: every answer is held against what was said before, as it comes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::gateway::PARTNERS;
use crate::interchange::{Answer, Kind, Reference};

/// How far an answer got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// It has to come by itself on the next connection after a start.
    Waits,
    /// It was confirmed, and the confirmation may be lost: it may come, or not.
    Unsure,
    /// Its confirmation was recorded when the log of operations was this long: it may not come again by itself.
    Confirmed(u64),
}

/// An answer as it came first.
#[derive(Debug, Clone)]
struct Heard {
    answer: Answer,
    delivery: Delivery,
    /// How long the log of operations was when it had been read.
    at: u64,
}

/// Everything that partners know.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    /// Interchanges that were sent, with an answer or without.
    lodged: BTreeSet<Reference>,
    /// References under which other bytes were sent too.
    contested: BTreeSet<Reference>,
    heard: HashMap<(Reference, Kind), Heard>,
    /// Whose a proof-of-report number is.
    proofs: HashMap<String, Reference>,
    /// Which answer has a number among those to a partner.
    numbers: HashMap<(usize, u64), (Reference, Kind)>,
    drawn: [u64; PARTNERS],
    /// What may not be.
    faults: Vec<String>,
    pub(crate) tally: Tally,
}

/// What was proved, for the last line.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// Answers that were read for the first time.
    pub(crate) acknowledgements: u64,
    /// Answers that were compared with their first occurrence because their interchange was repeated.
    pub(crate) repeats: u64,
    /// Answers that came by themselves.
    pub(crate) waiting: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledgements, repeats, waiting } = self;
        write!(f, "{acknowledgements} acknowledgements, {repeats} repeats, {waiting} waiting answers taken")
    }
}

impl Ledger {
    /// A reference that was never used.
    pub(crate) fn draws(&mut self, partner: usize) -> Reference {
        self.drawn[partner] += 1;
        Reference { partner, number: self.drawn[partner] }
    }

    /// Notes what is about to be sent.
    pub(crate) fn sends(&mut self, reference: Reference) {
        self.lodged.insert(reference);
    }

    /// Notes that other bytes are about to be sent.
    pub(crate) fn contests(&mut self, reference: Reference) {
        self.contested.insert(reference);
    }

    /// Takes an answer, when the log of operations is so long. `is_asked` when its interchange was sent on the same
    /// connection.
    pub(crate) fn hears(&mut self, answer: Answer, is_asked: bool, at: u64) {
        let key = (answer.subject, answer.kind);
        if !self.lodged.contains(&answer.subject) {
            return self.fault(format!("an answer to {}, which was never sent", answer.subject));
        }
        self.tally.waiting += u64::from(!is_asked);
        if let Some(first) = self.heard.get(&key) {
            self.tally.repeats += u64::from(is_asked);
            let (is_same, is_over) = (first.answer == answer, matches!(first.delivery, Delivery::Confirmed(_)));
            if !is_same {
                let (first, now) = (first.answer.bytes.escape_ascii(), answer.bytes.escape_ascii());
                return self.fault(format!("another {key:?} than the first time:\n{first}\n{now}"));
            }
            if is_over && !is_asked {
                self.fault(format!("{key:?} came by itself although it was confirmed"));
            }
            return;
        }
        if let Some(proof) = &answer.proof
            && let Some(other) = self.proofs.insert(proof.clone(), answer.subject)
        {
            self.faults.push(format!("{proof} is the number of {other} and of {}", answer.subject));
        }
        if let Some(other) = self.numbers.insert((answer.subject.partner, answer.reference), key) {
            self.faults.push(format!("answer {} is that of {other:?} and of {key:?}", answer.reference));
        }
        self.tally.acknowledgements += 1;
        self.heard.insert(key, Heard { answer, delivery: Delivery::Waits, at });
    }

    /// Notes how far answers got.
    pub(crate) fn delivers(&mut self, keys: &[(Reference, Kind)], delivery: Delivery) {
        for key in keys {
            if let Some(heard) = self.heard.get_mut(key)
                && !matches!(heard.delivery, Delivery::Confirmed(_))
            {
                heard.delivery = delivery;
            }
        }
    }

    /// The answers that have to come to a partner by themselves.
    pub(crate) fn waiting(&self, partner: usize) -> BTreeSet<(Reference, Kind)> {
        let waiting = self.heard.iter().filter(|(_, heard)| heard.delivery == Delivery::Waits);
        waiting.map(|(key, _)| *key).filter(|(reference, _)| reference.partner == partner).collect()
    }

    /// What a partner sent and has not all answers to.
    pub(crate) fn unanswered(&self, partner: usize) -> Vec<Reference> {
        self.of(&self.lodged, partner).into_iter().filter(|reference| !self.is_answered(*reference)).collect()
    }

    /// What a partner sent and has all answers to.
    pub(crate) fn answered(&self, partner: usize) -> Vec<Reference> {
        self.of(&self.lodged, partner).into_iter().filter(|reference| self.is_answered(*reference)).collect()
    }

    /// References of a partner under which other bytes were sent.
    pub(crate) fn contested(&self, partner: usize) -> Vec<Reference> {
        self.of(&self.contested, partner)
    }

    fn of(&self, references: &BTreeSet<Reference>, partner: usize) -> Vec<Reference> {
        references.iter().copied().filter(|reference| reference.partner == partner).collect()
    }

    fn is_answered(&self, reference: Reference) -> bool {
        reference.kinds().iter().all(|kind| self.heard.contains_key(&(reference, *kind)))
    }

    /// How many answers were heard.
    pub(crate) fn acknowledged(&self) -> usize {
        self.heard.len()
    }

    /// What partners knew when the log of operations was so long; what they had sent by then and later stays sent.
    pub(crate) fn as_of(&self, length: u64) -> Self {
        let mut then = Self { lodged: self.lodged.clone(), contested: self.contested.clone(), ..Self::default() };
        then.drawn = self.drawn;
        for (key, heard) in self.heard.iter().filter(|(_, heard)| heard.at <= length) {
            let delivery = match heard.delivery {
                Delivery::Confirmed(at) if at > length => Delivery::Unsure,
                delivery @ (Delivery::Waits | Delivery::Unsure | Delivery::Confirmed(_)) => delivery,
            };
            then.numbers.insert((key.0.partner, heard.answer.reference), *key);
            if let Some(proof) = &heard.answer.proof {
                then.proofs.insert(proof.clone(), key.0);
            }
            then.heard.insert(*key, Heard { delivery, ..heard.clone() });
        }
        then
    }

    /// What partners know of a record that was restored, which has everything that they knew `before`, and perhaps some of
    /// what came since: what was sent stays sent, and what waited may have been confirmed.
    pub(crate) fn restored(&self, before: &Self) -> Self {
        let mut then = before.clone();
        (then.lodged, then.contested, then.drawn) = (self.lodged.clone(), self.contested.clone(), self.drawn);
        for heard in then.heard.values_mut().filter(|heard| heard.delivery == Delivery::Waits) {
            heard.delivery = Delivery::Unsure;
        }
        then
    }

    /// Notes what may not be.
    pub(crate) fn fault(&mut self, what: String) {
        self.faults.push(what);
    }

    /// Nothing was that may not be.
    pub(crate) fn holds(&self) {
        self.holds_after("");
    }

    /// Nothing was that may not be, after this.
    pub(crate) fn holds_after(&self, what: &str) {
        assert!(self.faults.is_empty(), "{what}\n{}", self.faults.join("\n"));
    }

    /// Everything that was sent has its answers, and nothing is skipped: the numbers of each authorization ID and day,
    /// and those of the answers to each partner, are 1 to their count.
    pub(crate) fn is_whole(&self) {
        self.holds();
        for partner in 0..PARTNERS {
            assert_eq!(self.unanswered(partner), [], "sent, repeated, and not answered");
        }
        for contested in &self.contested {
            assert!(self.heard.contains_key(&(*contested, Kind::OtherBytes)), "{contested} took other bytes");
        }
        let mut sequences = BTreeMap::<String, BTreeSet<u64>>::new();
        for proof in self.proofs.keys() {
            let (day, sequence) = proof.split_at("AB1234YYYYMMDD".len());
            sequences.entry(day.to_owned()).or_default().insert(sequence.parse().unwrap());
        }
        for (partner, number) in self.numbers.keys() {
            sequences.entry(format!("the answers to partner {partner}")).or_default().insert(*number);
        }
        for (of_what, numbers) in sequences {
            let skipped: Vec<u64> =
                (1..).zip(&numbers).filter(|(at, number)| at != *number).map(|(at, _)| at).collect();
            assert!(skipped.is_empty(), "numbers of {of_what} were skipped, the first is {}", skipped[0]);
        }
    }

    /// How many days have numbers.
    pub(crate) fn days(&self) -> usize {
        self.proofs.keys().map(|proof| &proof["AB1234".len().."AB1234YYYYMMDD".len()]).collect::<BTreeSet<_>>().len()
    }
}
