//! The record: what was lodged stays lodged.
//!
//! Start with [`Store`], the verbs of the trade. Nothing is acknowledged before [`Store::record`] has returned, and it
//! returns only what is on stable storage. Engines differ in where they keep it; what an examination becomes once it
//! meets what is known already is settled in one place for all of them, and one battery of properties holds them to it.
//! This room never asks the time of day and never judges what was declared.

// What an examination becomes, what the journal keeps of it, and what the state then knows.
mod entry;
mod exported;
mod floor;
mod refusals;
mod retention;
mod settle;
mod state;

// What was accepted, found by what it states.
mod search;

// The engine for tests.
mod memory;

// The engine on a disk: a journal that is the commit point, and the state behind it.
mod embedded;
mod flush;
mod guard;
mod index;
mod journal;
mod lock;
mod overlay;
mod runs;
mod signed;
mod watermark;

// Whether a directory lies in one that is a whole of its own.
mod within;

// What stands beside the journal until a gateway writes it there, or reads it again.
mod in_force;
mod left;

// Looking at a store from outside of the daemon.
mod inspect;

// Making anew what can be made anew, and keeping a copy of what cannot.
mod backup;
mod follow;
mod rebuild;

// One contract for every engine, and the bytes of entries.
#[cfg(test)]
mod battery;
#[cfg(test)]
mod encoding;
#[cfg(test)]
mod model;
#[cfg(test)]
mod sample;

pub use backup::{BackedUp, BackupReport, BackupTrouble, RestoreReport, backed_up, backup, last_backup, restore};
pub use embedded::{
    Accepted, Archived, Dropped, EmbeddedStore, OpenTrouble, Progress, StartSummary, StoreOptions, Unopened,
};
pub use exported::ExportedDeclaration;
pub use flush::NotFlushing;
pub use follow::{FollowTrouble, PromoteReport, PromoteTrouble, Standby, Taken, promote};
pub use guard::{Unfit, readable_by_all};
pub use in_force::{InForce, StagedBy};
pub use inspect::{
    CheckReport, Disagreement, Disagreements, Exported, InspectTrouble, KeyCount, KeyKind, PartnerStats, Sizes,
    StateCheck, StatsReport, Step, Tail, Watch, What, check, export, sizes, stats,
};
pub use journal::{Along, ArchiveTrouble, Shipped, Wanted};
pub use left::{By, LeaveTrouble, Left, LeftAct, leave, left_acts, make_place};
pub use memory::Memory;
pub use rebuild::{RebuildReport, RebuildTrouble, rebuild};
pub use retention::Retention;
pub use search::{FOUND_MAX, Found, FoundAt, FoundPage, Search};
pub use within::Within;

use std::collections::HashSet;
use std::future::Future;

use bytes::Bytes;

use crate::identifier::{DeclarationReference, ProofForm, ProofOfReportNumber, RecordNumber};
use crate::partner::PartnerId;
use crate::record::{Act, Answer, AnswerReference, Evidence, Examination, Recorded, RepeatKey};

/// How proof-of-report numbers are drawn.
#[derive(Debug, Clone)]
pub struct Numbering {
    /// The form of new numbers.
    pub form: ProofForm,
    /// The zone whose day a number carries; `America/Toronto` by default.
    pub zone: jiff::tz::TimeZone,
}

/// What the record answers to an examination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What stands: the new record, or the first one if this interchange came before.
    pub recorded: Recorded,
    /// Whether it came before.
    pub is_repeat: bool,
}

/// An answer that its partner has not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingAnswer {
    /// Which answer.
    pub answer: Answer,
    /// The record it is composed from.
    pub recorded: Recorded,
}

/// An interchange as it came, and what stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lodged {
    /// What came, as it came.
    pub bytes: Bytes,
    /// What stands.
    pub recorded: Recorded,
}

/// The record could not be kept, or not be read. Our own trouble: nothing is acknowledged, the partner may come again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record is unavailable: {0}")]
pub struct Unavailable(pub String);

/// How much of the journal is read for the answers that wait for one partner at one time, in bytes: the records of few
/// long interchanges can take as much memory as those of many short ones.
pub const WAITING_BYTES_MAX: u64 = 64 << 20;

/// The record, in the verbs of the trade. Every engine keeps the same contract (see `battery`).
pub trait Store: Send + Sync + 'static {
    /// Records an examination, durably and as one atomic thing, and returns what stands.
    ///
    /// The first interchange under a repeat key stands for [`Retention::repeat_days`]: the same bytes again return it
    /// unchanged, other bytes under the same key are recorded as refused with 0085 = 26. What is received later is the first
    /// under the key again. Numbers are drawn here, in the same commit.
    ///
    /// # Errors
    /// [`Unavailable`] when it is not known to be on stable storage. Then no number was given and nothing may be
    /// acknowledged. Should a disk that failed hold it after all, the same bytes get the one answer that stands.
    fn record(&self, examination: Examination) -> impl Future<Output = Result<Standing, Unavailable>> + Send;

    /// Keeps bytes that nobody can be answered for.
    ///
    /// # Errors
    /// [`Unavailable`] when they are not on stable storage.
    fn keep(&self, evidence: Evidence) -> impl Future<Output = Result<RecordNumber, Unavailable>> + Send;

    /// Notes that these answers reached the partner. Durable before the next `waiting` on a fresh start says so; an
    /// answer that is noted twice, or was never waiting, is no mistake.
    ///
    /// # Errors
    /// [`Unavailable`] when the note is not on stable storage; the answers are then offered again.
    fn delivered(
        &self,
        partner: &PartnerId,
        answers: &[Answer],
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// The answers that wait for this partner and are none of `except`, in the order of their references: at most
    /// `limit`, and no more than the journal holds in [`WAITING_BYTES_MAX`] bytes, but one in any case. What is excepted
    /// is not read at all.
    ///
    /// # Errors
    /// [`Unavailable`] when the record cannot be read.
    fn waiting(
        &self,
        partner: &PartnerId,
        limit: usize,
        except: HashSet<AnswerReference>,
    ) -> impl Future<Output = Result<Vec<WaitingAnswer>, Unavailable>> + Send;

    /// The record behind a proof-of-report number.
    ///
    /// # Errors
    /// [`Unavailable`] when the record cannot be read.
    fn report(&self, proof: &ProofOfReportNumber)
    -> impl Future<Output = Result<Option<Recorded>, Unavailable>> + Send;

    /// The accepted declarations that are looked for, the latest first: at most `limit` and at most [`FOUND_MAX`]. There
    /// may be more as long as the answer names a [`FoundPage::next`].
    ///
    /// # Errors
    /// [`Unavailable`] when the record cannot be read.
    fn find(&self, search: &Search, limit: usize) -> impl Future<Output = Result<FoundPage, Unavailable>> + Send;

    /// The declaration that stands under this reference of a partner: the interchange that made its latest version.
    ///
    /// # Errors
    /// [`Unavailable`] when the record cannot be read.
    fn declared(
        &self,
        partner: &PartnerId,
        is_practice: bool,
        reference: &DeclarationReference,
    ) -> impl Future<Output = Result<Option<Recorded>, Unavailable>> + Send;

    /// The first interchange under a repeat key.
    ///
    /// # Errors
    /// [`Unavailable`] when the record cannot be read.
    fn interchange(&self, key: &RepeatKey) -> impl Future<Output = Result<Option<Lodged>, Unavailable>> + Send;

    /// How many answers wait for this partner; no more than `limit` are counted.
    ///
    /// # Errors
    /// [`Unavailable`] when the record cannot be read.
    fn count_waiting(
        &self,
        partner: &PartnerId,
        limit: usize,
    ) -> impl Future<Output = Result<usize, Unavailable>> + Send;

    /// Notes an act of an administrator. Nothing that was done is confirmed before this has returned.
    ///
    /// # Errors
    /// [`Unavailable`] when it is not on stable storage.
    fn note(&self, act: Act) -> impl Future<Output = Result<RecordNumber, Unavailable>> + Send;

    /// The acts of administrators behind this entry, in their order, at most `limit`.
    ///
    /// # Errors
    /// [`Unavailable`] when the record cannot be read.
    fn acts(
        &self,
        behind: RecordNumber,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(RecordNumber, Act)>, Unavailable>> + Send;

    /// Whether the record takes new entries: the reason why not, when it does not.
    ///
    /// # Errors
    /// [`Unavailable`] with the reason.
    fn ready(&self) -> Result<(), Unavailable>;
}
