//! `lodged`, an export reporting gateway: declarations come in as UN/EDIFACT interchanges over secure channels, are
//! checked, recorded for good, and answered with an acknowledgement that carries a proof-of-report number.
//!
//! The rooms stand on floors; each uses those below it and none above (`tests/floors.rs` reads the `use` lines).
//! `ARCHITECTURE.md` follows one interchange from the bytes that came to the bytes that go back.

// The ground: time, events, secrets, threads.
mod background;
pub mod clock;
pub mod event;
pub mod language;
pub mod secret;

// What was said, and is it well built?
pub mod edifact;
pub mod grammar;

// The trade.
pub mod identifier;

pub mod codes;
pub mod declaration;
pub mod partner;

// Is it true?
pub mod rules;

// What is kept, for good, and what is said of it.
pub mod record;
pub mod reply;
pub mod store;

// The spine, and the doors to it.
pub mod admin;
pub mod channel;
pub mod feed;
pub mod gateway;

// The daemon and its commands.
pub mod cli;
pub mod config;
pub mod daemon;
