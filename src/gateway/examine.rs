//! The examination: pure, from bytes to what stands in them.

use crate::partner::Partner;
use crate::record::{Delivery, Evidence, Examination};

use super::rulebook::Rulebook;

/// What an examination comes to.
#[derive(Debug)]
pub enum Examined {
    /// An interchange that can be recorded and answered.
    Interchange(Box<Examination>),
    /// Bytes that nobody can be answered for.
    Unreadable(Evidence),
}

/// Examines one interchange. No socket, no disk, no clock; it never stops at the first mistake.
#[must_use]
pub fn examine(delivery: Delivery, _partner: &Partner, _rulebook: &Rulebook) -> Examined {
    Examined::Unreadable(Evidence { delivery, reason: "there is no UNB".to_owned() })
}

/// x
pub fn judge_everything() {}
