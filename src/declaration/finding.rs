//! What is wrong with what a declaration says: a stable code, a severity, a place and a sentence. Data, never an error.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::edifact::ElementPlace;

/// Something in a declaration that the guide, a code list or a rule does not accept, or that its sender should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFinding {
    /// The stable code, a letter and three digits: `H201`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The commodity it concerns, by its number; none for the header.
    pub line: Option<u32>,
    /// The segment it concerns, when it concerns one.
    pub segment: Option<SegmentPoint>,
    /// The bytes of the interchange that show it, for people; empty when nothing shows it.
    pub span: Range<usize>,
    /// The sentence, in the partner's language, with the values in it.
    pub text: String,
}

/// The segment and element that a finding points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentPoint {
    /// Its tag.
    pub tag: String,
    /// Its position in the message, UNH = 1 (0096).
    pub position: u32,
    /// The element, when it is one.
    pub element: Option<ElementPlace>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Said, nothing more.
    Notice,
    /// The declaration is accepted, and something in it is probably wrong.
    Warning,
    /// The declaration is refused.
    Error,
}
