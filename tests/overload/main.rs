//! Overload: the real binary under the load of its own generator, which is tested here too, and what one partner can do to
//! the others.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a story that cannot be told fails, and says what the gateway said"
)]

// Who plays.
mod bench;
#[path = "../connection/mod.rs"]
mod connection;
#[expect(dead_code, reason = "stories of overload start a gateway and look at it")]
#[path = "../acceptance/gateway.rs"]
mod gateway;
#[expect(dead_code, reason = "most of what is sent here comes from the generator")]
#[path = "../acceptance/interchange.rs"]
mod interchange;
#[expect(dead_code, reason = "nobody comes with a stolen certificate here")]
#[path = "../acceptance/keys.rs"]
mod keys;
#[expect(dead_code, reason = "most partners are processes here")]
#[path = "../acceptance/partner.rs"]
mod partner;

// What is told.
mod descriptors;
mod fairness;
mod generator;
mod readers;
