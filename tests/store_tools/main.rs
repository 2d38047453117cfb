//! The tools of the record: the real program on stores that were really written, and then really damaged.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a story that cannot be told fails")]

#[path = "../house/mod.rs"]
mod house;
#[expect(dead_code, reason = "nobody connects here")]
#[path = "../acceptance/keys.rs"]
mod keys;
#[path = "../schema/mod.rs"]
mod schema;

// A store, the program, and what it says.
mod agreement;
mod marker;
mod store;

// What is told.
mod archiving;
mod backing_up;
mod checking;
mod counting;
mod documents;
mod exporting;
mod flipping;
mod former;
mod newer;
mod rebuilding;
