//! The warm standby: another directory that takes the journal of a gateway as it grows, and that can become a store.
//!
//! Start with [`Standby`], which says what it wants next and takes what comes, and [`promote`], which makes a store of it.
//! Nothing is taken that does not follow what is there, frame by frame; what was taken is flushed before it is said to be
//! there. How the bytes come is not its business. A file in the directory says that it is a standby, and no gateway starts on
//! it as long as that file is there.

// What a standby says of itself, and what can be in its way.
mod marker;
mod trouble;

// Following, segment by segment.
mod place;
mod sealing;
mod segment;
mod standby;

// Becoming a store.
mod promote;

#[cfg(test)]
mod tests;

pub(crate) use marker::is_standby;
pub use promote::{PromoteReport, PromoteTrouble, promote};
pub use standby::{Standby, Taken};
pub use trouble::FollowTrouble;
