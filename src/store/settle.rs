//! Settling: what an examination becomes once it meets what is known already. Pure, and the same in every engine.
//!
//! Start with [`settle`]. It reads through [`Knowledge`], changes nothing, and returns the entry that the journal is to
//! keep; what the state learns from it is the entry's own business.

use std::collections::{HashMap, HashSet};

use crate::declaration::Declaration;
use crate::identifier::{AuthorizationId, DeclarationReference, ProofOfReportNumber, RecordNumber, ReportingPeriod};
use crate::language::Language;
use crate::partner::PartnerId;
use crate::record::{
    Answer, AnswerReference, Counted, Decision, Delivery, Digest, Examination, Facts, Judgement, Recorded, RepeatKey,
    Verdict,
};

use super::entry::{LodgedInterchange, Remembered};
use super::state::{self, Knowledge, Pointer, Series, StandingDeclaration, Waiting};
use super::{Numbering, Retention, Unavailable, refusals};
use crate::rules;

/// The version of a declaration that was not amended yet.
pub(super) const ORIGINAL: u32 = 1;

/// What an examination becomes.
#[derive(Debug)]
pub(crate) enum Settled {
    /// It came before; this stands, and nothing is to be kept.
    Repeat(Box<Recorded>),
    /// It is new; this is to be kept.
    New(Box<LodgedInterchange>),
}

/// Settles an examination that would become the entry `number`.
///
/// # Errors
/// [`Unavailable`] when what is known cannot be read; then nothing was drawn.
pub(crate) fn settle(
    knowledge: &impl Knowledge,
    numbering: &Numbering,
    retention: Retention,
    number: RecordNumber,
    examination: Examination,
) -> Result<Settled, Unavailable> {
    let Examination { delivery, mut facts, repeat_key, counted, notes: _ } = examination;
    let remembered = match repeat_key {
        None => None,
        Some(key) => match known_as(knowledge, retention, &key, &counted, &delivery)? {
            KnownAs::New => Some(Remembered::First { key, counted }),
            KnownAs::Repeat(recorded) => return Ok(Settled::Repeat(recorded)),
            KnownAs::OtherBytes(digest) => {
                facts = refusals::used_before(facts);
                Some(Remembered::Other { key, digest })
            }
        },
    };
    if facts.is_refused() {
        facts.judgements.clear();
    }
    let (mut recorded, bytes) = Recorded::settled(number, delivery, facts);
    recorded.verdicts = Drawing::new(knowledge, numbering, &recorded).verdicts()?;
    draw_answers(knowledge, &mut recorded)?;
    Ok(Settled::New(Box::new(LodgedInterchange { bytes, remembered, recorded })))
}

/// Which of these answers still wait: the others need no note that they were delivered.
///
/// # Errors
/// [`Unavailable`] when what is known cannot be read.
pub(crate) fn still_waiting(
    knowledge: &impl Knowledge,
    partner: &PartnerId,
    answers: &[Answer],
) -> Result<Vec<Answer>, Unavailable> {
    let (mut waiting, mut seen) = (Vec::with_capacity(answers.len()), HashSet::with_capacity(answers.len()));
    for answer in answers {
        let known: Option<Waiting> = knowledge.find(&state::outbox(partner, answer.reference))?;
        if known.is_some_and(|known| known.kind == answer.kind) && seen.insert(answer) {
            waiting.push(*answer);
        }
    }
    Ok(waiting)
}

/// What is known under a repeat key.
enum KnownAs {
    New,
    /// The same bytes came before, and this was recorded of them.
    Repeat(Box<Recorded>),
    /// Other bytes came before, and these, of this digest, did not.
    OtherBytes(Digest),
}

/// Whether an interchange came before. Under a new key nothing is read again and no digest is made.
///
/// A first interchange that was received too long ago is no longer one, and neither are the refusals under it: those that
/// stand in front of the first one that counts are of one before it.
fn known_as(
    knowledge: &impl Knowledge,
    retention: Retention,
    key: &RepeatKey,
    counted: &Counted,
    Delivery { received_at, bytes, .. }: &Delivery,
) -> Result<KnownAs, Unavailable> {
    let Some(first) = knowledge.find::<Pointer>(&state::first_under(key))? else { return Ok(KnownAs::New) };
    let LodgedInterchange { bytes: first_bytes, remembered, recorded } = knowledge.lodged(first)?;
    let Some(Remembered::First { counted: first_counted, .. }) = remembered else {
        let reason = "the state names an entry that is not the first under its reference; move it aside to rebuild it";
        return Err(Unavailable(reason.into()));
    };
    if retention.is_forgotten(recorded.received_at, *received_at) {
        return Ok(KnownAs::New);
    }
    if first_bytes == bytes && first_counted == *counted {
        return Ok(KnownAs::Repeat(Box::new(recorded)));
    }
    let (of_first, digest) = (digest(&first_counted, &first_bytes)?, digest(counted, bytes)?);
    if of_first == digest {
        return Ok(KnownAs::Repeat(Box::new(recorded)));
    }
    let refused = knowledge.find::<Pointer>(&state::other_bytes(key, &digest))?;
    Ok(match refused.filter(|refused| refused.number > first.number) {
        Some(refused) => KnownAs::Repeat(Box::new(knowledge.recorded(refused)?)),
        None => KnownAs::OtherBytes(digest),
    })
}

fn digest(counted: &Counted, bytes: &[u8]) -> Result<Digest, Unavailable> {
    let digest = counted.digest(bytes);
    digest.ok_or_else(|| Unavailable("what counts of an interchange is said to lie outside of its bytes".into()))
}

/// Draws the references of the answers that go back.
fn draw_answers(knowledge: &impl Knowledge, recorded: &mut Recorded) -> Result<(), Unavailable> {
    let wants_contrl = recorded.facts.wants_contrl();
    let wants_cusres = !recorded.verdicts.is_empty() && !recorded.facts.is_acknowledgement;
    if wants_contrl || wants_cusres {
        let last: Option<u64> = knowledge.find(&state::answer_counter(&recorded.partner))?;
        let mut references = (last.unwrap_or(0)..).skip(1).map(AnswerReference);
        recorded.contrl = if wants_contrl { references.next() } else { None };
        recorded.cusres = if wants_cusres { references.next() } else { None };
    }
    Ok(())
}

/// The numbers and references of one interchange while its declarations are settled one after the other.
struct Drawing<'a, K> {
    knowledge: &'a K,
    numbering: &'a Numbering,
    partner: &'a PartnerId,
    judgements: &'a [Judgement],
    language: Language,
    is_practice: bool,
    period: ReportingPeriod,
    /// References taken by declarations of this interchange.
    taken: HashMap<&'a DeclarationReference, ProofOfReportNumber>,
    /// The last number drawn, where this interchange drew one.
    drawn: HashMap<&'a AuthorizationId, u64>,
}

impl<'a, K: Knowledge> Drawing<'a, K> {
    fn new(knowledge: &'a K, numbering: &'a Numbering, recorded: &'a Recorded) -> Self {
        let day = recorded.received_at.to_zoned(numbering.zone.clone()).date();
        let Facts { envelope, language, judgements, .. } = &recorded.facts;
        Self {
            knowledge,
            numbering,
            partner: &recorded.partner,
            judgements,
            language: *language,
            is_practice: envelope.is_practice,
            period: numbering.form.period(day),
            taken: HashMap::new(),
            drawn: HashMap::new(),
        }
    }

    fn verdicts(mut self) -> Result<Vec<Verdict>, Unavailable> {
        let judgements = self.judgements;
        judgements
            .iter()
            .map(|judgement| match &judgement.decision {
                Decision::Accept(declaration) => self.accept(&judgement.reference, declaration),
                Decision::Refuse => Ok(Verdict::Refused { findings: Vec::new() }),
            })
            .collect()
    }

    /// A number for the declaration, unless its reference is taken or no number is left.
    fn accept(
        &mut self,
        reference: &'a DeclarationReference,
        declaration: &'a Declaration,
    ) -> Result<Verdict, Unavailable> {
        let authorization_id = &declaration.exporter.authorization_id;
        if let Some(first) = self.holder(reference)? {
            let finding = rules::reference_used(reference, Some(&first), self.language);
            return Ok(Verdict::Refused { findings: vec![finding] });
        }
        let Some(sequence) = self.next_sequence(authorization_id)? else {
            let finding = rules::numbers_exhausted(self.numbering.form, &self.period, self.language);
            return Ok(Verdict::Refused { findings: vec![finding] });
        };
        let proof = ProofOfReportNumber {
            form: self.numbering.form,
            is_practice: self.is_practice,
            authorization_id: authorization_id.clone(),
            period: self.period.clone(),
            sequence,
        };
        self.drawn.insert(authorization_id, sequence);
        self.taken.insert(reference, proof.clone());
        Ok(Verdict::Accepted { proof, version: ORIGINAL })
    }

    /// The number of the declaration that has this reference already.
    fn holder(&self, reference: &DeclarationReference) -> Result<Option<ProofOfReportNumber>, Unavailable> {
        if let Some(proof) = self.taken.get(reference) {
            return Ok(Some(proof.clone()));
        }
        let key = state::declaration(self.partner, self.is_practice, reference);
        let standing: Option<StandingDeclaration> = self.knowledge.find(&key)?;
        Ok(standing.map(|standing| standing.proof))
    }

    /// The next number of the exporter's series; none when there is none left.
    fn next_sequence(&self, authorization_id: &AuthorizationId) -> Result<Option<u64>, Unavailable> {
        let last = match self.drawn.get(authorization_id) {
            Some(last) => *last,
            None => {
                let Numbering { form, .. } = *self.numbering;
                let series = Series { form, is_practice: self.is_practice, authorization_id, period: &self.period };
                self.knowledge.find(&state::counter(series))?.unwrap_or(0)
            }
        };
        Ok(last.checked_add(1).filter(|next| *next <= self.numbering.form.sequence_max()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZone;

    use crate::identifier::ProofForm;
    use crate::store::sample::{numbering, sent};

    use super::*;

    /// What is known, and a journal of this one interchange, if any.
    #[derive(Default)]
    struct Known(BTreeMap<Vec<u8>, Vec<u8>>, Option<LodgedInterchange>);

    impl Knowledge for Known {
        fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable> {
            Ok(self.0.get(key).cloned())
        }

        fn lodged(&self, pointer: Pointer) -> Result<LodgedInterchange, Unavailable> {
            self.1.clone().ok_or_else(|| Unavailable(format!("{pointer:?}")))
        }
    }

    /// Everything drawn so far in the month of G7 numbers for the exporter of the samples.
    fn drawn(last: u64) -> Known {
        let authorization_id = crate::store::sample::EXPORTER.parse().unwrap();
        let period = ProofForm::G7.period(jiff::civil::date(2026, 11, 20));
        let series =
            Series { form: ProofForm::G7, is_practice: false, authorization_id: &authorization_id, period: &period };
        Known(BTreeMap::from([(state::counter(series), postcard::to_stdvec(&last).unwrap())]), None)
    }

    /// What is known behind the first interchange, of which the journal holds what is made of it.
    fn behind(first: Examination, held: impl FnOnce(&mut LodgedInterchange)) -> Known {
        let key = state::first_under(first.repeat_key.as_ref().unwrap());
        let Settled::New(mut interchange) =
            settle(&Known::default(), &numbering(), Retention::default(), RecordNumber(1), first).unwrap()
        else {
            panic!("the first is a repeat")
        };
        held(&mut interchange);
        let pointer = Pointer { number: RecordNumber(1), segment: 1, offset: 64, length: 100 };
        Known(BTreeMap::from([(key, postcard::to_stdvec(&pointer).unwrap())]), Some(*interchange))
    }

    /// What comes behind such a first interchange is neither new nor a repeat: it cannot be said, for this reason.
    #[track_caller]
    fn check_unavailable(held: impl FnOnce(&mut LodgedInterchange), which: u8, reason: &str) {
        let following = sent("1").with_other_bytes(which);
        let outcome = settle(&behind(sent("1"), held), &numbering(), Retention::default(), RecordNumber(2), following);
        assert!(outcome.as_ref().is_err_and(|Unavailable(said)| said.contains(reason)), "{outcome:?}");
    }

    fn settled(known: &Known, numbering: &Numbering, examination: Examination) -> Recorded {
        match settle(known, numbering, Retention::default(), RecordNumber(1), examination).unwrap() {
            Settled::New(interchange) => interchange.recorded,
            Settled::Repeat(recorded) => panic!("{recorded:?} is a repeat"),
        }
    }

    /// The numbers given, or the sentences of the refusals.
    fn check(known: &Known, numbering: &Numbering, examination: Examination, expected: &[&str]) {
        let verdicts = settled(known, numbering, examination).verdicts;
        let said = verdicts.into_iter().map(|verdict| match verdict {
            Verdict::Accepted { proof, .. } => proof.to_string(),
            Verdict::Refused { findings } => {
                findings.iter().map(|finding| format!("{} {}", finding.code, finding.text)).collect()
            }
        });
        assert_eq!(said.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_day_is_that_of_the_zone() {
        check(&Known::default(), &numbering(), sent("1").declaring("A"), &["AB1234202611201"]);
        let utc = Numbering { zone: TimeZone::UTC, ..numbering() };
        check(&Known::default(), &utc, sent("1").declaring("A"), &["AB1234202611211"]);
    }

    #[test]
    fn an_exhausted_sequence_refuses() {
        let numbering = Numbering { form: ProofForm::G7, ..numbering() };
        let said = ["AB123420261199999", "R690 No proof-of-report number is left in period 202611; 99999 were given"];
        check(&drawn(99_998), &numbering, sent("1").declaring("A").declaring("B"), &said);
    }

    #[test]
    fn refusals_are_in_the_partners_language() {
        let numbering = Numbering { form: ProofForm::G7, ..numbering() };
        let said =
            "R690 Il ne reste aucun numéro de preuve de déclaration dans la période 202611; 99999 ont été donnés";
        check(&drawn(99_999), &numbering, sent("1").declaring("A").in_french(), &[said]);
        let said = [
            "AB123420261100001",
            "R603 La référence A a déjà servi; son numéro de preuve de déclaration est AB123420261100001",
        ];
        check(&Known::default(), &numbering, sent("1").declaring("A").declaring("A").in_french(), &said);
    }

    #[test]
    fn a_first_interchange_that_is_known_and_cannot_be_read_makes_no_other_new() {
        let known = Known(behind(sent("1"), |_| ()).0, None);
        for which in [1, 2] {
            let following = sent("1").with_other_bytes(which);
            assert!(settle(&known, &numbering(), Retention::default(), RecordNumber(2), following).is_err());
        }
    }

    #[test]
    fn an_entry_that_is_not_the_first_under_its_reference_is_not_taken_for_it() {
        check_unavailable(|held| held.remembered = None, 1, "not the first under its reference");
        let refused = |held: &mut LodgedInterchange| {
            let key = sent("1").repeat_key.unwrap();
            held.remembered = Some(Remembered::Other { key, digest: Digest([0; 32]) });
        };
        check_unavailable(refused, 1, "not the first under its reference");
    }

    #[test]
    fn stretches_that_the_bytes_do_not_have_are_compared_with_nothing() {
        check_unavailable(|held| held.bytes.truncate(4), 1, "outside of its bytes");
        check_unavailable(|held| held.bytes.truncate(4), 2, "outside of its bytes");
    }

    #[test]
    fn an_interchange_that_asks_nothing_and_declares_nothing_gets_no_answer() {
        let recorded = settled(&Known::default(), &numbering(), sent("1").asking_nothing());
        assert_eq!(recorded.answers().count(), 0);
    }
}
