//! The engine for tests: the contract of the record without a disk.
//!
//! It settles as every engine does and forgets everything with its last clone. It can be told to fail, so that the
//! floors above can show what they do then.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::identifier::{DeclarationReference, ProofOfReportNumber, RecordNumber};
use crate::partner::PartnerId;
use crate::record::{Act, Answer, AnswerReference, Delivery, Evidence, Examination, Recorded, RepeatKey};

use super::entry::{Entry, LodgedInterchange};
use super::search::{self, Listing};
use super::settle::{self, Settled};
use super::state::{self, Knowledge, Pointer, StandingDeclaration, Waiting};
use super::{FoundPage, Lodged, Numbering, Retention, Search, Standing, Store, Unavailable, WaitingAnswer};

/// A record in memory. Clones are the same record.
#[derive(Debug, Clone)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    numbering: Numbering,
    retention: Retention,
    entries: Vec<Entry>,
    state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Calls of the trait's verbs so far.
    calls: u64,
    failing: Option<Failing>,
}

/// Which call fails.
#[derive(Debug, Clone, Copy)]
enum Failing {
    /// This one, and the next ones no more.
    Once(u64),
    /// This one and all after it, as an engine does whose disk failed.
    From(u64),
}

impl Memory {
    /// An empty record, with the ordinary [`Retention`].
    #[must_use]
    pub fn new(numbering: Numbering) -> Self {
        let retention = Retention::default();
        let inner =
            Inner { numbering, retention, entries: Vec::new(), state: BTreeMap::new(), calls: 0, failing: None };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Fails at the `n`-th call of the verbs, counted from 1 and from now, and at no other.
    #[must_use]
    pub fn failing_at(self, n: u64) -> Self {
        self.inner().fail(Failing::Once, n);
        self
    }

    /// Fails at the `n`-th call of the verbs, counted from 1 and from now, and is not ready from then on.
    #[must_use]
    pub fn failing_from(self, n: u64) -> Self {
        self.inner().fail(Failing::From, n);
        self
    }

    /// What came under this number, as it came.
    #[must_use]
    pub fn delivery(&self, number: RecordNumber) -> Option<Delivery> {
        self.inner().entry(number).ok().and_then(|entry| entry.clone().into_delivery())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self) -> Result<MutexGuard<'_, Inner>, Unavailable> {
        let mut inner = self.inner();
        inner.calls += 1;
        inner.check(inner.calls)?;
        Ok(inner)
    }
}

impl Inner {
    fn fail(&mut self, when: fn(u64) -> Failing, n: u64) {
        self.failing = Some(when(self.calls.saturating_add(n)));
    }

    fn check(&self, call: u64) -> Result<(), Unavailable> {
        let fails = match self.failing {
            None => false,
            Some(Failing::Once(n)) => call == n,
            Some(Failing::From(n)) => call >= n,
        };
        if fails { Err(Unavailable(format!("call {call} was told to fail"))) } else { Ok(()) }
    }

    fn next_number(&self) -> RecordNumber {
        RecordNumber(u64::try_from(self.entries.len()).unwrap_or(u64::MAX).saturating_add(1))
    }

    fn entry(&self, RecordNumber(number): RecordNumber) -> Result<&Entry, Unavailable> {
        let position = number.checked_sub(1).and_then(|position| usize::try_from(position).ok());
        let entry = position.and_then(|position| self.entries.get(position));
        entry.ok_or_else(|| Unavailable(format!("there is no entry {number}")))
    }

    fn commit(&mut self, entry: Entry) -> Result<RecordNumber, Unavailable> {
        let number = self.next_number();
        for change in entry.changes(Pointer { number, segment: 1, offset: 0, length: 0 })? {
            match change.value {
                Some(value) => self.state.insert(change.key, value),
                None => self.state.remove(&change.key),
            };
        }
        self.entries.push(entry);
        Ok(number)
    }
}

impl Knowledge for Inner {
    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable> {
        Ok(self.state.get(key).cloned())
    }

    fn lodged(&self, pointer: Pointer) -> Result<LodgedInterchange, Unavailable> {
        self.entry(pointer.number)?.clone().into_interchange()
    }
}

impl Listing for Inner {
    fn keys(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Unavailable> {
        let keys = self.state.range(prefix.max(from).to_vec()..).map(|(key, _)| key);
        Ok(keys.take_while(|key| key.starts_with(prefix)).take(limit).cloned().collect())
    }

    fn is_dropped(&self, _: RecordNumber) -> bool {
        false
    }
}

impl Store for Memory {
    async fn record(&self, examination: Examination) -> Result<Standing, Unavailable> {
        let mut inner = self.call()?;
        match settle::settle(&*inner, &inner.numbering, inner.retention, inner.next_number(), examination)? {
            Settled::Repeat(recorded) => Ok(Standing { recorded: *recorded, is_repeat: true }),
            Settled::New(interchange) => {
                let recorded = interchange.recorded.clone();
                inner.commit(Entry::Interchange(interchange))?;
                Ok(Standing { recorded, is_repeat: false })
            }
        }
    }

    async fn keep(&self, evidence: Evidence) -> Result<RecordNumber, Unavailable> {
        self.call()?.commit(Entry::Evidence(evidence))
    }

    async fn delivered(&self, partner: &PartnerId, answers: &[Answer]) -> Result<(), Unavailable> {
        let mut inner = self.call()?;
        let answers = settle::still_waiting(&*inner, partner, answers)?;
        if !answers.is_empty() {
            inner.commit(Entry::Delivered { partner: partner.clone(), answers })?;
        }
        Ok(())
    }

    async fn waiting(
        &self,
        partner: &PartnerId,
        limit: usize,
        except: HashSet<AnswerReference>,
    ) -> Result<Vec<WaitingAnswer>, Unavailable> {
        let inner = self.call()?;
        let prefix = state::outbox_of(partner);
        let waiting = inner.state.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        let is_wanted = |key: &[u8]| state::outbox_reference(key).is_ok_and(|reference| !except.contains(&reference));
        waiting
            .filter(|(key, _)| is_wanted(key))
            .take(limit)
            .map(|(key, value)| {
                let Waiting { kind, pointer } = state::read(value)?;
                let answer = Answer { reference: state::outbox_reference(key)?, kind };
                Ok(WaitingAnswer { answer, recorded: inner.recorded(pointer)? })
            })
            .collect()
    }

    async fn report(&self, proof: &ProofOfReportNumber) -> Result<Option<Recorded>, Unavailable> {
        let inner = self.call()?;
        let pointer: Option<Pointer> = inner.find(&state::report(proof))?;
        pointer.map(|pointer| inner.recorded(pointer)).transpose()
    }

    async fn find(&self, search: &Search, limit: usize) -> Result<FoundPage, Unavailable> {
        search::find(&*self.call()?, search, limit)
    }

    async fn declared(
        &self,
        partner: &PartnerId,
        is_practice: bool,
        reference: &DeclarationReference,
    ) -> Result<Option<Recorded>, Unavailable> {
        let inner = self.call()?;
        let standing: Option<StandingDeclaration> = inner.find(&state::declaration(partner, is_practice, reference))?;
        standing.map(|standing| inner.recorded(standing.pointer)).transpose()
    }

    async fn interchange(&self, key: &RepeatKey) -> Result<Option<Lodged>, Unavailable> {
        let inner = self.call()?;
        let pointer: Option<Pointer> = inner.find(&state::first_under(key))?;
        pointer.map(|pointer| inner.lodged(pointer).map(Into::into)).transpose()
    }

    async fn count_waiting(&self, partner: &PartnerId, limit: usize) -> Result<usize, Unavailable> {
        let inner = self.call()?;
        let prefix = state::outbox_of(partner);
        let waiting = inner.state.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        Ok(waiting.take(limit).count())
    }

    async fn note(&self, act: Act) -> Result<RecordNumber, Unavailable> {
        self.call()?.commit(Entry::Act(Box::new(act)))
    }

    async fn acts(&self, behind: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Act)>, Unavailable> {
        let inner = self.call()?;
        let later = inner.state.range(state::act(RecordNumber(behind.0.saturating_add(1)))..);
        let numbers = later.map_while(|(key, _)| state::act_number(key)).take(limit);
        numbers.map(|number| Ok((number, inner.entry(number)?.clone().into_act()?))).collect()
    }

    fn ready(&self) -> Result<(), Unavailable> {
        let inner = self.inner();
        match inner.failing {
            Some(Failing::From(_)) => inner.check(inner.calls),
            Some(Failing::Once(_)) | None => Ok(()),
        }
    }
}
