//! The state behind the journal: which keys it has and what they hold.
//!
//! One ordered collection of small values, the same in every engine. A key begins with the letter of its kind, then the
//! partner or the series, so that what is read together stands together. Bodies stay in the journal; the state holds a
//! [`Pointer`] to them. Whoever settles an examination reads it through [`Knowledge`].
//!
//! | key | holds |
//! |---|---|
//! | `a` partner | the last answer reference drawn |
//! | `c` form, practice, authorization ID, period | the last number drawn |
//! | `d` partner, practice, declaration reference | [`StandingDeclaration`] |
//! | `f` | the [`Floor`](super::floor::Floor) |
//! | `n` number of an interchange's entry, the last one first | [`Pointer`] to it |
//! | `o` partner, answer reference | [`Waiting`] |
//! | `p` form, practice, authorization ID, period, sequence | [`Pointer`] |
//! | `r` partner, practice, sender, control reference | [`Pointer`] to the first interchange |
//! | the same, then a digest | [`Pointer`] to the refusal of other bytes |
//! | `s` what an accepted declaration states, number of the entry, the last one first | nothing |
//! | `u` entry number | [`Pointer`] to an act of an administrator |
//!
//! The only keys that are removed are those of answers that wait, and none of them is ever put a second time: a put and a
//! removal that come together come to nothing. A key of a repeat is put again when a later interchange is the first under
//! it; what is put last counts. Keys that speak of what is below the floor are there for nobody, and are left out whenever
//! the state is written anew.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::identifier::{
    AuthorizationId, DeclarationReference, ProofForm, ProofOfReportNumber, RecordNumber, ReportingPeriod,
};
use crate::partner::PartnerId;
use crate::record::{AnswerKind, AnswerReference, Digest, Recorded, RepeatKey};

use super::Unavailable;
use super::entry::LodgedInterchange;

/// Where an entry stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pointer {
    /// The number of the entry.
    pub(crate) number: RecordNumber,
    /// The number of the segment.
    pub(crate) segment: u64,
    /// Where its frame begins in the segment, in bytes.
    pub(crate) offset: u64,
    /// The length of its frame, in bytes.
    pub(crate) length: u32,
}

/// An accepted declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StandingDeclaration {
    /// Its number.
    pub(crate) proof: ProofOfReportNumber,
    /// Its latest version.
    pub(crate) version: u32,
    /// The interchange that made this version.
    pub(crate) pointer: Pointer,
}

/// An answer that its partner has not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    /// What is in it.
    pub(crate) kind: AnswerKind,
    /// The interchange it answers.
    pub(crate) pointer: Pointer,
}

/// A key and what it holds.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// One change of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The key.
    pub(crate) key: Vec<u8>,
    /// What it holds from now on; none when it is removed.
    pub(crate) value: Option<Vec<u8>>,
}

impl Change {
    /// The key holds this from now on.
    ///
    /// # Errors
    /// [`Unavailable`] when the value cannot be written.
    pub(crate) fn put(key: Vec<u8>, value: &impl Serialize) -> Result<Self, Unavailable> {
        let value = postcard::to_extend(value, Vec::with_capacity(USUAL_VALUE_BYTES))
            .map_err(|error| Unavailable(format!("a value of the state cannot be encoded: {error}")))?;
        Ok(Self { key, value: Some(value) })
    }

    /// The key is there from now on and holds nothing.
    pub(crate) fn mark(key: Vec<u8>) -> Self {
        Self { key, value: Some(Vec::new()) }
    }

    /// The key is gone.
    pub(crate) fn remove(key: Vec<u8>) -> Self {
        Self { key, value: None }
    }
}

/// What most values fit in, in bytes.
const USUAL_VALUE_BYTES: usize = 24;

/// What most keys fit in, in bytes.
const USUAL_KEY_BYTES: usize = 64;

/// What settling an examination needs to know.
pub(crate) trait Knowledge {
    /// What the key holds.
    ///
    /// # Errors
    /// [`Unavailable`] when the state cannot be read.
    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable>;

    /// The interchange at this place, read again from where it stands, whether it is on stable storage yet or not.
    ///
    /// # Errors
    /// [`Unavailable`] when the journal cannot be read.
    fn lodged(&self, pointer: Pointer) -> Result<LodgedInterchange, Unavailable>;

    /// What stands for the interchange at this place.
    ///
    /// # Errors
    /// [`Unavailable`] when the journal cannot be read.
    fn recorded(&self, pointer: Pointer) -> Result<Recorded, Unavailable> {
        Ok(self.lodged(pointer)?.recorded)
    }

    /// What the key holds, as what it is.
    ///
    /// # Errors
    /// [`Unavailable`] when the state cannot be read, or holds something else.
    fn find<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Unavailable> {
        self.value(key)?.map(|value| read(&value)).transpose()
    }
}

/// A value of the state, as what it is.
///
/// # Errors
/// [`Unavailable`] when it is something else.
pub(crate) fn read<T: DeserializeOwned>(value: &[u8]) -> Result<T, Unavailable> {
    postcard::from_bytes(value).map_err(|error| {
        Unavailable(format!("a value of the state cannot be read ({error}); move the state aside to rebuild it"))
    })
}

/// Numbers that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Series<'a> {
    /// The form of the numbers.
    pub(crate) form: ProofForm,
    /// Practice or real.
    pub(crate) is_practice: bool,
    /// The exporter.
    pub(crate) authorization_id: &'a AuthorizationId,
    /// The day or month.
    pub(crate) period: &'a ReportingPeriod,
}

impl<'a> Series<'a> {
    /// The series of a number.
    pub(crate) fn of(proof: &'a ProofOfReportNumber) -> Self {
        let ProofOfReportNumber { form, is_practice, authorization_id, period, .. } = proof;
        Self { form: *form, is_practice: *is_practice, authorization_id, period }
    }

    fn key(self, kind: u8) -> Vec<u8> {
        let form = match self.form {
            ProofForm::Cers => 0,
            ProofForm::G7 => 1,
        };
        let mut key = Vec::with_capacity(USUAL_KEY_BYTES);
        key.extend_from_slice(&[kind, form, u8::from(self.is_practice)]);
        key.extend_from_slice(self.authorization_id.as_str().as_bytes());
        key.extend_from_slice(self.period.as_str().as_bytes());
        key
    }
}

/// Whether keys of this kind are looked for one by one and often: for each interchange, mostly in vain, or for each answer
/// that was delivered.
pub(crate) fn is_asked_often(key: &[u8]) -> bool {
    matches!(key.first(), Some(b'a' | b'c' | b'd' | b'o' | b'r'))
}

/// The key of the floor.
pub(crate) const FLOOR: &[u8] = b"f";

/// Whether keys of this kind count what was drawn.
pub(crate) fn is_counter(key: &[u8]) -> bool {
    matches!(key.first(), Some(b'a' | b'c'))
}

/// Whether keys of this kind may be removed, and are asked for by how they begin.
pub(crate) fn is_of_outbox(key: &[u8]) -> bool {
    key.first() == Some(&b'o')
}

/// Whether keys of this kind hold nothing, and are asked for only by how they begin.
pub(crate) fn is_of_search(key: &[u8]) -> bool {
    key.first() == Some(&b's')
}

/// Where the interchange with a number stands.
pub(crate) fn interchange(number: RecordNumber) -> Vec<u8> {
    let mut key = Vec::with_capacity(USUAL_KEY_BYTES);
    key.extend_from_slice(INTERCHANGES);
    numbered(key, number)
}

/// What every key of [`interchange`] begins with.
pub(crate) const INTERCHANGES: &[u8] = b"n";

/// What every key of an outbox begins with.
pub(crate) const OUTBOXES: &[u8] = b"o";

/// What every key of [`answer_counter`] begins with.
pub(crate) const ANSWER_COUNTERS: &[u8] = b"a";

/// The partner of an answer counter.
pub(crate) fn partner_of_counter(key: &[u8]) -> Option<PartnerId> {
    let partner = key.strip_prefix(ANSWER_COUNTERS)?.strip_suffix(&[0])?;
    PartnerId::new(std::str::from_utf8(partner).ok()?)
}

/// A key that ends with the number of an entry, so that later entries stand in front of earlier ones.
pub(crate) fn numbered(mut prefix: Vec<u8>, RecordNumber(number): RecordNumber) -> Vec<u8> {
    prefix.extend_from_slice(&(!number).to_be_bytes());
    prefix
}

/// The number at the end of such a key.
pub(crate) fn number(key: &[u8]) -> Option<RecordNumber> {
    key.last_chunk().copied().map(u64::from_be_bytes).map(|number| RecordNumber(!number))
}

/// The last number drawn in a series.
pub(crate) fn counter(series: Series<'_>) -> Vec<u8> {
    series.key(b'c')
}

/// The interchange behind a number.
pub(crate) fn report(proof: &ProofOfReportNumber) -> Vec<u8> {
    let mut key = Series::of(proof).key(b'p');
    key.extend_from_slice(&proof.sequence.to_be_bytes());
    key
}

/// The last answer reference drawn for a partner.
pub(crate) fn answer_counter(partner: &PartnerId) -> Vec<u8> {
    of_partner(b'a', partner)
}

/// The declaration that has this reference.
pub(crate) fn declaration(partner: &PartnerId, is_practice: bool, reference: &DeclarationReference) -> Vec<u8> {
    let mut key = of_partner(b'd', partner);
    key.push(u8::from(is_practice));
    key.extend_from_slice(reference.0.as_bytes());
    key
}

/// The answers that wait for a partner: what every key of one begins with.
pub(crate) fn outbox_of(partner: &PartnerId) -> Vec<u8> {
    of_partner(b'o', partner)
}

/// An answer that waits.
pub(crate) fn outbox(partner: &PartnerId, AnswerReference(reference): AnswerReference) -> Vec<u8> {
    let mut key = outbox_of(partner);
    key.extend_from_slice(&reference.to_be_bytes());
    key
}

/// The reference at the end of an outbox key.
///
/// # Errors
/// [`Unavailable`] when the key is none of an outbox.
pub(crate) fn outbox_reference(key: &[u8]) -> Result<AnswerReference, Unavailable> {
    let reference = key.last_chunk().copied().map(u64::from_be_bytes).map(AnswerReference);
    reference.ok_or_else(|| Unavailable("the state holds a key that names no answer; move it aside".into()))
}

/// The first interchange under a repeat key. Addresses for routing say nothing of who sent it.
pub(crate) fn first_under(repeat: &RepeatKey) -> Vec<u8> {
    let mut key = of_partner(b'r', &repeat.partner);
    key.push(u8::from(repeat.is_practice));
    for text in [Some(&repeat.sender.identification), repeat.sender.qualifier.as_ref(), Some(&repeat.reference)] {
        push_text(&mut key, text);
    }
    key
}

/// The refusal of other bytes under a repeat key.
pub(crate) fn other_bytes(repeat: &RepeatKey, digest: &Digest) -> Vec<u8> {
    let mut key = first_under(repeat);
    key.extend_from_slice(&digest.0);
    key
}

/// What every key of an act begins with.
pub(crate) const ACTS: &[u8] = b"u";

/// An act of an administrator.
pub(crate) fn act(RecordNumber(number): RecordNumber) -> Vec<u8> {
    [ACTS, &number.to_be_bytes()].concat()
}

/// The number of the entry at the end of the key of an act; none when the key is no such.
pub(crate) fn act_number(key: &[u8]) -> Option<RecordNumber> {
    let number = key.strip_prefix(ACTS)?.try_into().ok()?;
    Some(RecordNumber(u64::from_be_bytes(number)))
}

/// A short name has no zero byte in it, so no partner's keys begin with those of another.
fn of_partner(kind: u8, partner: &PartnerId) -> Vec<u8> {
    let mut key = Vec::with_capacity(USUAL_KEY_BYTES);
    key.push(kind);
    key.extend_from_slice(partner.as_str().as_bytes());
    key.push(0);
    key
}

/// A text with its length in front, so that no two sequences of texts are the same bytes; four bytes of ones for none.
fn push_text(key: &mut Vec<u8>, text: Option<&String>) {
    let length = text.map_or(u32::MAX, |text| u32::try_from(text.len()).unwrap_or(u32::MAX));
    key.extend_from_slice(&length.to_be_bytes());
    key.extend_from_slice(text.map_or(&[], String::as_bytes));
}

#[cfg(test)]
mod tests {
    use crate::edifact::PartyId;

    use super::*;

    fn repeat(identification: &str, qualifier: Option<&str>, reference: &str) -> RepeatKey {
        RepeatKey {
            partner: PartnerId::new("maple").unwrap(),
            sender: PartyId {
                identification: identification.into(),
                qualifier: qualifier.map(Into::into),
                ..PartyId::default()
            },
            reference: reference.into(),
            is_practice: false,
        }
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        let keys = [
            repeat("AB", None, "C"),
            repeat("A", None, "BC"),
            repeat("A", Some("B"), "C"),
            repeat("A", Some(""), "BC"),
            repeat("", Some("AB"), "C"),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().map(first_under).collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn addresses_for_routing_are_no_part_of_a_repeat_key() {
        let mut routed = repeat("A", None, "1");
        routed.sender.internal = Some("DESK 4".into());
        assert_eq!(first_under(&routed), first_under(&repeat("A", None, "1")));
    }

    #[test]
    fn one_partners_outbox_is_no_part_of_anothers() {
        let [short, long] = ["maple", "maple-2"].map(|name| PartnerId::new(name).unwrap());
        assert!(!outbox(&long, AnswerReference(1)).starts_with(&outbox_of(&short)));
    }

    #[test]
    fn answers_stand_in_the_order_of_their_references() {
        let partner = PartnerId::new("maple").unwrap();
        assert!(outbox(&partner, AnswerReference(255)) < outbox(&partner, AnswerReference(256)));
    }
}
