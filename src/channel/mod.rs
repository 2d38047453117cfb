//! The doors through which interchanges come and answers leave.
//!
//! Start with [`tls`], EDI over mutual TLS. A door knows bytes, partners and limits; what an interchange says is decided
//! behind it, by [`Gateway::receive`](crate::gateway::Gateway::receive), and no door has a check of its own. What every
//! door shares stands here: how a panic is contained, and what is counted.

mod contained;
mod tally;
pub mod tls;
