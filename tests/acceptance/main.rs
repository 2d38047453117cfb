//! Acceptance: stories of partners and of those who wish it no good, told to the real binary on a port of its own, with
//! keys minted for the story.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a story that cannot be told fails, and says what the gateway said"
)]

#[path = "../house/mod.rs"]
mod house;

// Who plays.
#[path = "../connection/mod.rs"]
mod connection;
mod gateway;
mod interchange;
mod keys;
mod partner;
mod teller;

// What is told.
mod administering;
mod answering;
mod archiving;
mod auditing;
mod bad_input;
mod claiming;
mod draining;
mod feeding;
mod following;
mod limits;
mod metrics;
mod openssl;
mod partners_changing;
mod refusing;
mod reloading;
mod service;
mod strangers;
mod tolerating;
mod trouble;
mod upgrading;
