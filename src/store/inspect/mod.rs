//! Looking at a store without changing it: whether it is right, what is in it, and what was accepted.
//!
//! Start with [`check`], [`stats`] and [`export`], each of a store's directory. All of them read the journal as it is
//! written, without the daemon's help; what it writes meanwhile is read up to the last whole frame. What is wrong is data
//! ([`Disagreement`]), and `Err` is only what keeps somebody from looking. Nothing here writes into a store.

// Where a store is, and what can be in the way.
mod place;
mod trouble;

// What is wrong, and how far the reading is.
mod disagreement;
mod watch;

// The journal, frame by frame.
mod beginning;
mod journal;
mod listing;
mod pieces;

// The state, key by key.
mod compare;
mod expected;
mod key;
mod state;
mod sum;

// What is asked of a store.
mod check;
mod export;
mod stats;

pub use check::{CheckReport, KeyCount, StateCheck, Tail, check};
pub use disagreement::{Disagreement, Disagreements, What};
pub use export::{Exported, export};
pub use key::KeyKind;
pub use stats::{PartnerStats, Sizes, StatsReport, sizes, stats};
pub use trouble::InspectTrouble;
pub use watch::{Step, Watch};

pub(crate) use compare::compare;
pub(crate) use journal::Segments;
pub(crate) use place::{StorePlace, bytes_in};
pub(crate) use sum::Sum;

use expected::Gathered;
use place::Hold;
