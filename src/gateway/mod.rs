//! The spine: from the bytes that came to the bytes that go back, one way for every door.
//!
//! [`examine`] is pure and says what an interchange is; [`Gateway::receive`] puts the record between it and the answers.
//! Nothing leaves before the record is durable, and `Err` is only ever our own trouble. Doors ask for a turn first
//! ([`Gateway::ask_turn`]), so that no partner is served at the cost of the others.

mod examine;
mod intake;
mod reference;
mod refused;
mod rulebook;
mod syntax;
mod turns;

pub use examine::{Examined, NO_INTERACTIVE, examine};
pub use intake::{Gateway, Received, Reply};
pub use refused::Refused;
pub use rulebook::{Identities, Rulebook, check_guide};
pub use syntax::{FINDINGS_MAX, Seen, Syntax, judge_each, judge_syntax};
pub use turns::{Asked, Turn, Waiting};
