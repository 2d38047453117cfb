//! What the threads of the embedded engine share: reading through overlay, state and journal, and the reason it stopped.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::identifier::{ProofOfReportNumber, RecordNumber};
use crate::partner::PartnerId;
use crate::record::{Act, Answer, AnswerReference, Delivery, Recorded};
use crate::store::entry::{Entry, LodgedInterchange};
use crate::store::index::Index;
use crate::store::journal::{JournalTrouble, Reader};
use crate::store::overlay::Overlay;
use crate::store::search::{self, Listing, Search};
use crate::store::state::{self, Knowledge, Pair, Pointer, StandingDeclaration, Waiting};
use crate::store::{FoundPage, Lodged, Retention, Unavailable, WAITING_BYTES_MAX, WaitingAnswer};

use super::outbox::Lowest;
use super::pace::Pace;

impl From<JournalTrouble> for Unavailable {
    fn from(trouble: JournalTrouble) -> Self {
        Self(trouble.to_string())
    }
}

/// Everything on stable storage, for readers and for the writer.
pub(crate) struct Shared {
    pub(crate) reader: Arc<Reader>,
    pub(crate) index: Index,
    /// How long the record is kept.
    pub(crate) retention: Retention,
    /// How much of what is on stable storage is not in the state.
    pub(crate) pace: Pace,
    /// What that is.
    recent: RwLock<Recent>,
    /// The last entry on stable storage.
    committed: AtomicU64,
    /// From where on answers wait.
    pub(super) lowest: Lowest,
    /// Why nothing is taken any more.
    stopped: OnceLock<String>,
    /// The owner went without closing: what is in the journal is applied at the next start.
    is_abandoned: AtomicBool,
    /// The state is left in as many pieces as it is.
    is_merged: AtomicBool,
    /// Whether old segments move to the archive.
    pub(crate) archives: bool,
    /// Held as long as anything of the store is open, so it comes last.
    _lock: File,
}

/// What the journal has and the state has not.
#[derive(Default)]
struct Recent {
    /// What is on its way to stable storage, and nobody but the writer may know.
    written: Overlay,
    /// What was committed since the other was taken.
    gathered: Overlay,
    /// The last entry of it, and the segment that this went to.
    end: Option<(RecordNumber, u64)>,
    /// What is being put into the state.
    taken: Option<Arc<Taken>>,
}

/// What entries changed, while it is put into the state.
pub(crate) struct Taken {
    pub(crate) changes: Overlay,
    /// The last of them.
    pub(crate) up_to: RecordNumber,
    /// The segment that it went to.
    pub(crate) segment: u64,
}

impl Recent {
    /// From the latest to the earliest.
    fn overlays(&self) -> impl DoubleEndedIterator<Item = &Overlay> {
        [Some(&self.gathered), self.taken.as_ref().map(|taken| &taken.changes)].into_iter().flatten()
    }

    /// What is known of a key: nothing, that it is removed, or what it holds.
    fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        self.overlays().find_map(|overlay| overlay.get(key))
    }
}

impl Shared {
    pub(crate) fn new(
        reader: Arc<Reader>,
        index: Index,
        retention: Retention,
        (committed, archives): (RecordNumber, bool),
        lock: File,
    ) -> Self {
        Self {
            reader,
            index,
            retention,
            pace: Pace::default(),
            recent: RwLock::default(),
            committed: AtomicU64::new(committed.0),
            lowest: Lowest::default(),
            stopped: OnceLock::new(),
            is_abandoned: AtomicBool::new(false),
            is_merged: AtomicBool::new(false),
            archives,
            _lock: lock,
        }
    }

    /// Nothing is taken from now on. The first reason stands.
    pub(crate) fn stop(&self, reason: &str) {
        if self.stopped.set(reason.to_owned()).is_ok() {
            tracing::debug!(reason, "the record takes nothing more");
        }
    }

    /// The reason why nothing is taken, when nothing is.
    pub(crate) fn ready(&self) -> Result<(), Unavailable> {
        self.stopped.get().map_or(Ok(()), |reason| Err(Unavailable(reason.clone())))
    }

    /// What to tell a caller whose question was never answered.
    pub(crate) fn unanswered(&self) -> Unavailable {
        self.ready().err().unwrap_or_else(|| Unavailable("the record is closed".into()))
    }

    /// The owner goes without closing.
    pub(crate) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Release);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Acquire)
    }

    /// The last entry on stable storage.
    pub(crate) fn committed(&self) -> RecordNumber {
        RecordNumber(self.committed.load(Ordering::Acquire))
    }

    /// Whether the state may be put together.
    pub(crate) fn merges(&self) -> bool {
        !self.is_abandoned() && !self.is_merged.load(Ordering::Acquire)
    }

    /// The state is not put together any more.
    pub(crate) fn end_merging(&self) {
        self.is_merged.store(true, Ordering::Release);
    }

    /// How many entries on stable storage the state does not hold.
    pub(crate) fn lag(&self) -> u64 {
        let applied = self.applied();
        self.committed().0.saturating_sub(applied.0)
    }

    /// The last entry that the state holds.
    pub(crate) fn applied(&self) -> RecordNumber {
        self.index.applied()
    }

    /// This is on its way to stable storage, and what was before it is there.
    pub(crate) fn write(&self, changes: Overlay) {
        self.recent.write().unwrap_or_else(PoisonError::into_inner).written = changes;
    }

    /// Everything up to `number`, which went to this segment, is on stable storage: whoever asks from now on sees it.
    pub(crate) fn publish(&self, number: RecordNumber, segment: u64) {
        let recent = &mut *self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.gathered.merge(std::mem::take(&mut recent.written));
        recent.end = Some((number, segment));
        self.committed.store(number.0, Ordering::Release);
    }

    /// What is committed and not in the state, when there is any. It is read here until [`Self::forget_taken`]. What comes
    /// now goes to the memory of `next`, which has nothing in it: nobody waits while memory is found.
    pub(crate) fn take_recent(&self, next: &mut Overlay) -> Option<Arc<Taken>> {
        let recent = &mut *self.recent.write().unwrap_or_else(PoisonError::into_inner);
        let (up_to, segment) = recent.end.take()?;
        let changes = std::mem::replace(&mut recent.gathered, std::mem::take(next));
        Some(Arc::clone(recent.taken.insert(Arc::new(Taken { changes, up_to, segment }))))
    }

    /// The state holds what was taken. Its memory comes back with nothing in it, if nobody else holds it.
    pub(crate) fn forget_taken(&self) -> Overlay {
        let taken = self.recent.write().unwrap_or_else(PoisonError::into_inner).taken.take();
        // A hundred thousand keys are not given back while others wait.
        let mut changes = taken.and_then(Arc::into_inner).map(|taken| taken.changes).unwrap_or_default();
        changes.clear();
        changes
    }

    /// What the key holds once what is on its way is on stable storage: for the writer, whose answers follow it there.
    pub(crate) fn value_to_be(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable> {
        self.value_by(key, |recent| recent.written.get(key).or_else(|| recent.get(key)))
    }

    /// What recent entries say of a key, and if they say nothing, what the state does.
    fn value_by(
        &self,
        key: &[u8],
        said: impl FnOnce(&Recent) -> Option<Option<&[u8]>>,
    ) -> Result<Option<Vec<u8>>, Unavailable> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = said(&recent) {
            let floor = self.index.floor();
            return Ok(said.filter(|value| floor.is_live(key, value)).map(<[u8]>::to_vec));
        }
        drop(recent);
        Ok(self.index.get(key)?)
    }

    /// The entry at this place.
    pub(crate) fn entry(&self, pointer: Pointer) -> Result<Entry, Unavailable> {
        self.reader.entry(pointer, Entry::decode)?
    }

    /// What came under this number, as it came.
    pub(crate) fn delivery(&self, number: RecordNumber) -> Result<Option<Delivery>, Unavailable> {
        if number > self.committed() {
            return Ok(None);
        }
        let find = || self.reader.find(number)?.map(|pointer| self.entry(pointer)).transpose();
        Ok(self.unless_dropped(number, find())?.flatten().and_then(Entry::into_delivery))
    }

    /// What was read of an entry; none when the entry was dropped, perhaps while it was read.
    fn unless_dropped<T>(&self, number: RecordNumber, read: Result<T, Unavailable>) -> Result<Option<T>, Unavailable> {
        if self.is_dropped(number) { Ok(None) } else { read.map(Some) }
    }

    /// The interchange behind a number.
    pub(crate) fn report(&self, proof: &ProofOfReportNumber) -> Result<Option<Recorded>, Unavailable> {
        let pointer: Option<Pointer> = self.find(&state::report(proof))?;
        self.standing(pointer)
    }

    /// What stands for the latest version of the declaration under this key.
    pub(crate) fn declared(&self, key: &[u8]) -> Result<Option<Recorded>, Unavailable> {
        let standing: Option<StandingDeclaration> = self.find(key)?;
        self.standing(standing.map(|standing| standing.pointer))
    }

    /// What stands for the interchange at this place, if it is still there.
    fn standing(&self, pointer: Option<Pointer>) -> Result<Option<Recorded>, Unavailable> {
        pointer.map_or(Ok(None), |pointer| self.unless_dropped(pointer.number, self.recorded(pointer)))
    }

    /// The first interchange under this key, as it came.
    pub(crate) fn first_under(&self, key: &[u8]) -> Result<Option<Lodged>, Unavailable> {
        let pointer: Option<Pointer> = self.find(key)?;
        let Some(pointer) = pointer else { return Ok(None) };
        Ok(self.unless_dropped(pointer.number, self.lodged(pointer))?.map(Into::into))
    }

    /// The acts behind an entry, in their order.
    pub(crate) fn acts(&self, behind: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Act)>, Unavailable> {
        let from = state::act(RecordNumber(behind.0.saturating_add(1)));
        let found = self.beginning_with(state::ACTS, &from, limit, |_| true)?;
        let act = |value: &[u8]| {
            let pointer: Pointer = state::read(value)?;
            let act = self.entry(pointer).and_then(Entry::into_act);
            Ok(self.unless_dropped(pointer.number, act)?.map(|act| (pointer.number, act)))
        };
        found.iter().filter_map(|(_, value)| act(value).transpose()).collect()
    }

    /// The answers that wait for a partner and are not excepted, in the order of their references.
    pub(crate) fn waiting(
        &self,
        partner: &PartnerId,
        limit: usize,
        except: &HashSet<AnswerReference>,
    ) -> Result<Vec<WaitingAnswer>, Unavailable> {
        let is_wanted = |key: &[u8]| state::outbox_reference(key).is_ok_and(|reference| !except.contains(&reference));
        let (outbox, mut from) = (state::outbox_of(partner), self.outbox_from(partner)?);
        loop {
            let page = self.beginning_with(&outbox, &from, limit, is_wanted)?;
            let answers = self.answers(&page)?;
            // Of a page whose interchanges are all away nothing can be told, and those behind it must not wait for them.
            match page.last().filter(|_| answers.is_empty() && page.len() >= limit) {
                Some((last, _)) => from = [last, &[0][..]].concat(),
                None => return Ok(answers),
            }
        }
    }

    /// The answers of a part of an outbox, as far as [`WAITING_BYTES_MAX`] goes, but for those to what is away.
    fn answers(&self, page: &[Pair]) -> Result<Vec<WaitingAnswer>, Unavailable> {
        let mut answers: Vec<WaitingAnswer> = Vec::new();
        let mut bytes = 0_u64;
        for (key, value) in page {
            let Waiting { kind, pointer } = state::read(value)?;
            bytes = bytes.saturating_add(pointer.length.into());
            if bytes > WAITING_BYTES_MAX && !answers.is_empty() {
                break;
            }
            let answer = Answer { reference: state::outbox_reference(key)?, kind };
            let recorded = match answers.last() {
                Some(last) if last.recorded.number == pointer.number => last.recorded.clone(),
                Some(_) | None => {
                    match self.unless_dropped(pointer.number, self.recorded_unless_away(pointer))?.flatten() {
                        Some(recorded) => recorded,
                        None => continue,
                    }
                }
            };
            answers.push(WaitingAnswer { answer, recorded });
        }
        Ok(answers)
    }

    /// The interchange at this place; none while it is in an archive that is away. An answer to it waits on, and keeps nobody
    /// from getting those behind it.
    fn recorded_unless_away(&self, pointer: Pointer) -> Result<Option<Recorded>, Unavailable> {
        match self.reader.entry(pointer, Entry::decode) {
            Err(trouble) if self.reader.shelves().is_away(&trouble) => {
                tracing::debug!(%trouble, "an answer waits until the archive is back");
                Ok(None)
            }
            entry => Ok(Some(entry??.into_interchange()?.recorded)),
        }
    }

    /// The accepted declarations that are looked for.
    pub(crate) fn find_declarations(&self, search: &Search, limit: usize) -> Result<FoundPage, Unavailable> {
        search::find(self, search, limit)
    }

    /// The first `limit` wanted keys that begin so, from `from` on. What is recent is read first: what leaves it meanwhile
    /// is in the state.
    pub(super) fn beginning_with(
        &self,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<Pair>, Unavailable> {
        let floor = self.index.floor();
        let mut latest: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
        {
            let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
            for overlay in recent.overlays().rev() {
                let wanted = overlay.beginning_with(prefix, from).into_iter().filter(|(key, _)| is_wanted(key));
                latest.extend(wanted.map(|(key, value)| {
                    let live = value.filter(|value| floor.is_live(key, value));
                    (key.to_vec(), live.map(<[u8]>::to_vec))
                }));
            }
        }
        // Each recent change can hide at most one key of the state.
        let applied = self.index.beginning_with(prefix, from, limit.saturating_add(latest.len()), &is_wanted)?;
        let mut merged: BTreeMap<_, _> = applied.into_iter().collect();
        for (key, value) in latest {
            match value {
                Some(value) => merged.insert(key, value),
                None => merged.remove(&key),
            };
        }
        Ok(merged.into_iter().take(limit).collect())
    }
}

impl Listing for Shared {
    fn keys(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Unavailable> {
        Ok(self.beginning_with(prefix, from, limit, |_| true)?.into_iter().map(|(key, _)| key).collect())
    }

    fn is_dropped(&self, entry: RecordNumber) -> bool {
        entry <= self.index.floor().entry
    }
}

impl Knowledge for Shared {
    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Unavailable> {
        self.value_by(key, |recent| recent.get(key))
    }

    fn lodged(&self, pointer: Pointer) -> Result<LodgedInterchange, Unavailable> {
        self.entry(pointer)?.into_interchange()
    }
}
