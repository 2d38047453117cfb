//! What one journal entry holds, how it becomes bytes, and what the state learns from it.
//!
//! Start with [`Entry`]. The state is nothing but the sum of [`Entry::changes`] over the journal, in order: an engine
//! applies them behind each commit, and a start applies those it missed, by the same function.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identifier::{ProofOfReportNumber, RecordNumber};
use crate::partner::PartnerId;
use crate::record::{
    Act, Answer, AnswerReference, Counted, Delivery, Digest, Evidence, Facts, Recorded, RepeatKey, Verdict,
};

use super::floor::Floor;
use super::search;
use super::settle::ORIGINAL;
use super::state::{self, Change, Pointer, Series};
use super::{Lodged, Unavailable};

/// What most entries fit in, in bytes.
const USUAL_BYTES: usize = 2 << 10;

/// What an entry with an interchange begins with: the place of [`Entry::Interchange`] among the kinds.
const INTERCHANGE: u32 = 0;

/// The first byte of an entry that says what is dropped.
const PRUNED: u8 = 4;

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// An interchange, with everything its answers say.
    Interchange(Box<LodgedInterchange>),
    /// Bytes that nobody can be answered for.
    Evidence(Evidence),
    /// These answers reached the partner.
    Delivered {
        /// The partner.
        partner: PartnerId,
        /// The answers, all of which waited until this entry.
        answers: Vec<Answer>,
    },
    /// Something was changed by hand.
    Act(Box<Act>),
    /// Part of the record is not kept any more.
    Pruned(Box<Pruned>),
}

/// What is dropped from the front of the record, and what the rest of it could not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pruned {
    /// When it was found to be old enough.
    pub(crate) at: Timestamp,
    /// What is below it is dropped from this entry on; none when more counters follow in the next one.
    pub(crate) floor: Option<Floor>,
    /// Counters with what they hold here. In a state that is whole they change nothing.
    pub(crate) counters: Vec<(Bytes, Bytes)>,
}

/// The facts of an examination as they stand in an entry. Whoever asks for it to be recorded writes them: they are most of the
/// entry, and the one thread that records keeps all others waiting.
#[derive(Debug)]
pub(crate) struct WrittenFacts(Vec<u8>);

impl WrittenFacts {
    /// Writes them.
    ///
    /// # Errors
    /// [`Unavailable`] when a value cannot be written; no value of these types is such.
    pub(crate) fn of(facts: &Facts) -> Result<Self, Unavailable> {
        written(facts, Vec::with_capacity(USUAL_BYTES / 2)).map(Self)
    }
}

/// An interchange as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LodgedInterchange {
    /// What came, as it came.
    pub(crate) bytes: Bytes,
    /// How a repeat of it is known, when it used its reference up.
    pub(crate) remembered: Option<Remembered>,
    /// What stands.
    pub(crate) recorded: Recorded,
}

/// How a repeat is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Remembered {
    /// It was the first under the key.
    First {
        /// The key.
        key: RepeatKey,
        /// What a repeat has in common with it.
        counted: Counted,
    },
    /// It came with other bytes than the first, and was refused with 0085 = 26.
    Other {
        /// The key.
        key: RepeatKey,
        /// Of what a repeat has in common with it.
        digest: Digest,
    },
}

impl Entry {
    /// The bytes of the entry (postcard).
    ///
    /// # Errors
    /// [`Unavailable`] when a value cannot be written; no value of these types is such.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Unavailable> {
        written(self, Vec::with_capacity(USUAL_BYTES))
    }

    /// The entry that these bytes are.
    ///
    /// # Errors
    /// [`Unavailable`] when they are none, which under a right checksum means another version wrote them.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Unavailable> {
        postcard::from_bytes(bytes)
            .map_err(|error| Unavailable(format!("an entry of the journal is not one of this version: {error}")))
    }

    /// The interchange in this entry.
    ///
    /// # Errors
    /// [`Unavailable`] when the entry is of another kind: the state points at the wrong place.
    pub(crate) fn into_interchange(self) -> Result<LodgedInterchange, Unavailable> {
        match self {
            Self::Interchange(interchange) => Ok(*interchange),
            Self::Evidence(_) | Self::Delivered { .. } | Self::Act(_) | Self::Pruned(_) => {
                Err(Unavailable("the state names an entry that is no interchange; move it aside to rebuild it".into()))
            }
        }
    }

    /// What came through a door, as it came; none for a note of ours.
    pub(crate) fn into_delivery(self) -> Option<Delivery> {
        match self {
            Self::Interchange(interchange) => {
                let LodgedInterchange { bytes, recorded, .. } = *interchange;
                let Recorded { partner, channel, received_at, .. } = recorded;
                Some(Delivery { partner, channel, received_at, bytes })
            }
            Self::Evidence(evidence) => Some(evidence.delivery),
            Self::Delivered { .. } | Self::Act(_) | Self::Pruned(_) => None,
        }
    }

    /// The act in this entry.
    ///
    /// # Errors
    /// [`Unavailable`] when the entry is of another kind: the state points at the wrong place.
    pub(crate) fn into_act(self) -> Result<Act, Unavailable> {
        match self {
            Self::Act(act) => Ok(*act),
            Self::Interchange(_) | Self::Evidence(_) | Self::Delivered { .. } | Self::Pruned(_) => {
                Err(Unavailable("the state names an entry that is no act; move it aside to rebuild it".into()))
            }
        }
    }

    /// The number that the entry itself states; none for those that do not.
    pub(crate) fn number(&self) -> Option<RecordNumber> {
        match self {
            Self::Interchange(interchange) => Some(interchange.recorded.number),
            Self::Evidence(_) | Self::Delivered { .. } | Self::Act(_) | Self::Pruned(_) => None,
        }
    }

    /// The moment that the entry is of; none for a note of what was delivered.
    pub(crate) fn moment(&self) -> Option<Timestamp> {
        match self {
            Self::Interchange(interchange) => Some(interchange.recorded.received_at),
            Self::Evidence(evidence) => Some(evidence.delivery.received_at),
            Self::Delivered { .. } => None,
            Self::Act(act) => Some(act.at),
            Self::Pruned(pruned) => Some(pruned.at),
        }
    }

    /// The floor that these bytes raise, when they are an entry that does. Of any other entry no more than the first byte
    /// is read.
    pub(crate) fn floor(bytes: &[u8]) -> Option<Floor> {
        bytes.first().filter(|first| **first == PRUNED)?;
        match Self::decode(bytes) {
            Ok(Self::Pruned(pruned)) => pruned.floor,
            Ok(_) | Err(_) => None,
        }
    }

    /// What the state learns from this entry, which stands at `pointer`.
    ///
    /// # Errors
    /// [`Unavailable`] when a value cannot be written; no value of these types is such.
    pub(crate) fn changes(&self, pointer: Pointer) -> Result<Vec<Change>, Unavailable> {
        match self {
            Self::Interchange(interchange) => interchange.changes(pointer),
            Self::Evidence(_) => Ok(Vec::new()),
            Self::Delivered { partner, answers } => {
                Ok(answers.iter().map(|answer| Change::remove(state::outbox(partner, answer.reference))).collect())
            }
            Self::Act(_) => Ok(vec![Change::put(state::act(pointer.number), &pointer)?]),
            Self::Pruned(pruned) => pruned.changes(),
        }
    }
}

impl LodgedInterchange {
    /// The bytes of the entry with this interchange, whose facts are written already unless settling changed them: values
    /// stand one behind the other in it. They go into memory with nothing in it, so that megabytes need not be found for each
    /// long one.
    ///
    /// # Errors
    /// [`Unavailable`] when a value cannot be written; no value of these types is such.
    pub(crate) fn encode(
        &self,
        WrittenFacts(written_facts): &WrittenFacts,
        mut empty: Vec<u8>,
    ) -> Result<Vec<u8>, Unavailable> {
        let Self { bytes, remembered, recorded } = self;
        let Recorded { number, partner, channel, received_at, facts, verdicts, contrl, cusres } = recorded;
        empty.reserve(bytes.len() + written_facts.len() + USUAL_BYTES / 2);
        let head = (INTERCHANGE, bytes, remembered, number, partner, channel, received_at);
        let mut entry = written(&head, empty)?;
        let is_changed = facts.is_refused() || matches!(remembered, Some(Remembered::Other { .. }));
        if is_changed {
            entry = written(facts, entry)?;
        } else {
            entry.extend_from_slice(written_facts);
        }
        written(&(verdicts, contrl, cusres), entry)
    }
}

/// A value behind what is there already (postcard).
fn written(value: &impl Serialize, behind: Vec<u8>) -> Result<Vec<u8>, Unavailable> {
    postcard::to_extend(value, behind).map_err(|error| Unavailable(format!("the entry cannot be encoded: {error}")))
}

impl Pruned {
    fn changes(&self) -> Result<Vec<Change>, Unavailable> {
        let held = |(key, value): &(Bytes, Bytes)| Change { key: key.to_vec(), value: Some(value.to_vec()) };
        let mut changes: Vec<_> = self.counters.iter().map(held).collect();
        if let Some(floor) = &self.floor {
            changes.push(Change::put(state::FLOOR.to_vec(), floor)?);
        }
        Ok(changes)
    }
}

impl From<LodgedInterchange> for Lodged {
    fn from(LodgedInterchange { bytes, recorded, .. }: LodgedInterchange) -> Self {
        Self { bytes, recorded }
    }
}

impl LodgedInterchange {
    fn changes(&self, pointer: Pointer) -> Result<Vec<Change>, Unavailable> {
        let mut changes = Vec::with_capacity(16);
        changes.push(Change::put(state::interchange(pointer.number), &pointer)?);
        let remembered = self.remembered.as_ref().map(|remembered| match remembered {
            Remembered::First { key, .. } => state::first_under(key),
            Remembered::Other { key, digest } => state::other_bytes(key, digest),
        });
        if let Some(key) = remembered {
            changes.push(Change::put(key, &pointer)?);
        }
        self.changes_of_declarations(pointer, &mut changes)?;
        self.changes_of_answers(pointer, &mut changes)?;
        changes.extend(search::keys(&self.recorded).into_iter().map(Change::mark));
        Ok(changes)
    }

    /// Numbers are drawn in order, so the last of a series is its highest, and of numbers of one series that stand one behind
    /// the other only the last is put.
    fn changes_of_declarations(&self, pointer: Pointer, changes: &mut Vec<Change>) -> Result<(), Unavailable> {
        let Recorded { partner, facts: Facts { envelope, judgements, .. }, verdicts, .. } = &self.recorded;
        let mut drawn: Option<&ProofOfReportNumber> = None;
        for (judgement, verdict) in judgements.iter().zip(verdicts) {
            let Verdict::Accepted { proof, version } = verdict else { continue };
            let declaration = state::declaration(partner, envelope.is_practice, &judgement.reference);
            let standing = state::StandingDeclaration { proof: proof.clone(), version: *version, pointer };
            changes.push(Change::put(declaration, &standing)?);
            changes.push(Change::put(state::report(proof), &pointer)?);
            // A later version has the number of the first one: none was drawn for it.
            if *version == ORIGINAL {
                let before = drawn.replace(proof).filter(|before| Series::of(before) != Series::of(proof));
                changes.extend(before.map(counted).transpose()?);
            }
        }
        changes.extend(drawn.map(counted).transpose()?);
        Ok(())
    }

    fn changes_of_answers(&self, pointer: Pointer, changes: &mut Vec<Change>) -> Result<(), Unavailable> {
        let partner = &self.recorded.partner;
        let mut last = None;
        for answer in self.recorded.answers() {
            let waiting = state::Waiting { kind: answer.kind, pointer };
            changes.push(Change::put(state::outbox(partner, answer.reference), &waiting)?);
            last = last.max(Some(answer.reference));
        }
        if let Some(AnswerReference(last)) = last {
            changes.push(Change::put(state::answer_counter(partner), &last)?);
        }
        let acknowledged = self.recorded.facts.acknowledges.iter();
        changes.extend(acknowledged.map(|reference| Change::remove(state::outbox(partner, *reference))));
        Ok(())
    }
}

/// So many numbers of this series are drawn.
fn counted(last: &ProofOfReportNumber) -> Result<Change, Unavailable> {
    Change::put(state::counter(Series::of(last)), &last.sequence)
}

impl Recorded {
    /// What stands, from everything that was settled.
    pub(crate) fn settled(number: RecordNumber, delivery: Delivery, facts: Facts) -> (Self, Bytes) {
        let Delivery { partner, channel, received_at, bytes } = delivery;
        let recorded =
            Self { number, partner, channel, received_at, facts, verdicts: Vec::new(), contrl: None, cusres: None };
        (recorded, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample::{NOW, evidence};

    #[test]
    fn a_floor_is_known_by_the_first_byte() {
        let floor = Floor { segment: 3, entry: RecordNumber(7), chain: [9; 32], forgotten: RecordNumber(8) };
        let entry = |floor| {
            let pruned = Pruned { at: NOW.parse().unwrap(), floor, counters: Vec::new() };
            Entry::Pruned(Box::new(pruned)).encode().unwrap()
        };
        assert_eq!(Entry::floor(&entry(Some(floor))), Some(floor));
        assert_eq!(Entry::floor(&entry(None)), None);
        assert_eq!(Entry::floor(&Entry::Evidence(evidence(b"?")).encode().unwrap()), None);
    }
}
