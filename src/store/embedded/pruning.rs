//! Dropping what is older than it is kept: which segments are due, what of them the rest of the journal could not tell, and
//! the entry that says so.
//!
//! In this order: the entry is committed, which raises the floor for everybody; the state takes it over and is flushed;
//! then the files are removed. Whatever stops it in between, the next start finishes it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use bytes::Bytes;
use jiff::Timestamp;

use super::shared::Shared;
use super::writer::Request;
use crate::event;
use crate::identifier::RecordNumber;
use crate::record::Verdict;
use crate::store::entry::{Entry, Pruned};
use crate::store::floor::Floor;
use crate::store::journal::Along;
use crate::store::state::{self, Knowledge, Pointer};
use crate::store::{EmbeddedStore, Unavailable};

/// How many bytes of counters go into one entry, roughly.
const COUNTERS_BYTES_MAX: usize = 1 << 20;

/// What was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Segments of the journal.
    pub segments: u64,
    /// Entries in them.
    pub entries: u64,
    /// Interchanges among these.
    pub interchanges: u64,
    /// Accepted declarations in these.
    pub declarations: u64,
    /// Answers to them that their partners never confirmed.
    pub answers: u64,
}

/// What of a record is due to be dropped or forgotten.
#[derive(Debug)]
pub(crate) struct Due {
    /// When it was found to be.
    now: Timestamp,
    /// The floor above it.
    floor: Floor,
    /// Counters of which it is perhaps the last that speaks.
    counters: BTreeSet<Vec<u8>>,
    dropped: Dropped,
}

impl EmbeddedStore {
    /// Drops sealed segments from the front of the journal of which every entry is older than the record is kept, and
    /// forgets repeats of which every entry in their segment is older than they are known. A delivery note is as old as
    /// what was delivered.
    ///
    /// The floor is raised when this returns; the files go once the state has taken it over.
    ///
    /// # Errors
    /// [`Unavailable`] when the journal cannot be read, or what is dropped cannot be noted.
    pub async fn prune(&self, now: Timestamp) -> Result<Dropped, Unavailable> {
        let mut dropped = Dropped::default();
        while let Some(due) = self.read(move |shared| shared.due(now)).await? {
            let segment = due.dropped;
            self.ask(|reply| Request::Prune(Box::new(due), reply)).await?;
            segment.count();
            dropped.add(segment);
        }
        Ok(dropped)
    }

    /// The first entry that is kept.
    #[must_use]
    pub fn first(&self) -> RecordNumber {
        self.shared.index.floor().first()
    }
}

impl Dropped {
    fn add(&mut self, Self { segments, entries, interchanges, declarations, answers }: Self) {
        self.segments += segments;
        self.entries += entries;
        self.interchanges += interchanges;
        self.declarations += declarations;
        self.answers += answers;
    }

    fn count(self) {
        metrics::counter!(event::STORE_DROPPED_ENTRIES).increment(self.entries);
        metrics::counter!(event::STORE_DROPPED_ANSWERS).increment(self.answers);
    }
}

impl Due {
    /// Where the floor is to be.
    pub(crate) fn floor(&self) -> Floor {
        self.floor
    }

    /// The entries that say so: those with nothing but counters first, and the one with the floor last.
    ///
    /// # Errors
    /// [`Unavailable`] when what is known cannot be read.
    pub(crate) fn entries(&self, knowledge: &impl Knowledge) -> Result<Vec<Entry>, Unavailable> {
        let entry = |floor, counters| Entry::Pruned(Box::new(Pruned { at: self.now, floor, counters }));
        let (mut entries, mut counters, mut bytes) = (Vec::new(), Vec::new(), 0);
        for key in &self.counters {
            let Some(value) = knowledge.value(key)? else { continue };
            bytes += key.len() + value.len();
            counters.push((Bytes::from(key.clone()), Bytes::from(value)));
            if bytes >= COUNTERS_BYTES_MAX {
                entries.push(entry(None, std::mem::take(&mut counters)));
                bytes = 0;
            }
        }
        entries.push(entry(Some(self.floor), counters));
        Ok(entries)
    }

    /// Takes account of an entry that is dropped.
    fn add(&mut self, number: RecordNumber, entry: &Entry, shared: &Shared) -> Result<(), Unavailable> {
        let nowhere = Pointer { number, segment: 0, offset: 0, length: 0 };
        let keys = entry.changes(nowhere)?.into_iter().map(|change| change.key);
        self.counters.extend(keys.filter(|key| state::is_counter(key)));
        self.dropped.entries += 1;
        let Entry::Interchange(interchange) = entry else { return Ok(()) };
        let recorded = &interchange.recorded;
        let accepted = recorded.verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Accepted { .. }));
        self.dropped.interchanges += 1;
        self.dropped.declarations += u64::try_from(accepted.count()).unwrap_or(u64::MAX);
        for answer in recorded.answers() {
            let waits = shared.value(&state::outbox(&recorded.partner, answer.reference))?.is_some();
            self.dropped.answers += u64::from(waits);
        }
        Ok(())
    }
}

impl Shared {
    /// What is due at this moment: at most one segment is dropped at a time. None when nothing is.
    pub(crate) fn due(&self, now: Timestamp) -> Result<Option<Due>, Unavailable> {
        let floor = self.index.floor();
        let (counters, dropped) = (BTreeSet::new(), Dropped::default());
        let mut due = Due { now, floor, counters, dropped };
        if let Some((segment, next)) = self.reader.full(floor.first())
            && (floor.segment + 1..=segment).all(|number| self.reader.is_sealed(number))
        {
            self.drop_segment(segment, next, &mut due)?;
        }
        self.forget(&mut due.floor, now)?;
        Ok(due.floor.is_above(&floor).then_some(due))
    }

    /// Lets this segment, behind which the entry `next` follows, be dropped, when all of it is old enough.
    fn drop_segment(&self, segment: u64, next: RecordNumber, due: &mut Due) -> Result<(), Unavailable> {
        let mut candidate = Due { counters: BTreeSet::new(), ..*due };
        let is_old = self.every(due.floor.first(), next, |number, entry, chain| {
            if entry.moment().is_some_and(|moment| !self.retention.is_over(moment, due.now)) {
                return Ok(false);
            }
            (candidate.floor.entry, candidate.floor.chain) = (number, chain);
            candidate.add(number, entry, self).map(|()| true)
        })?;
        if is_old {
            candidate.floor.segment = segment;
            candidate.floor.forgotten = candidate.floor.forgotten.max(candidate.floor.entry);
            candidate.dropped.segments = segment - due.floor.segment;
            *due = candidate;
        }
        Ok(())
    }

    /// Moves on up to where repeats are known, segment by segment.
    fn forget(&self, floor: &mut Floor, now: Timestamp) -> Result<(), Unavailable> {
        loop {
            let first = RecordNumber(floor.forgotten.0.saturating_add(1));
            let Some((_, next)) = self.reader.full(first) else { return Ok(()) };
            let is_old = |moment| self.retention.is_surely_forgotten(moment, now);
            if !self.every(first, next, |_, entry, _| Ok(entry.moment().is_none_or(is_old)))? {
                return Ok(());
            }
            floor.forgotten = RecordNumber(next.0.saturating_sub(1));
        }
    }

    /// Whether something holds of every entry from one up to another; what comes behind the first for which it does not is
    /// not read.
    fn every(
        &self,
        first: RecordNumber,
        next: RecordNumber,
        mut holds: impl FnMut(RecordNumber, &Entry, [u8; 32]) -> Result<bool, Unavailable>,
    ) -> Result<bool, Unavailable> {
        let mut outcome = Ok(true);
        self.reader.along(Along::from(first), RecordNumber(next.0.saturating_sub(1)), |frame| {
            outcome = Entry::decode(frame.payload).and_then(|entry| holds(frame.number, &entry, frame.chain.0));
            if matches!(outcome, Ok(true)) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        outcome
    }
}
