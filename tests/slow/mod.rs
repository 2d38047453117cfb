//! A second opinion: an EDIFACT reader and examiner that is slow, plain and independent of the one in `src`.
//!
//! It is written from ISO 9735 and the directory's tables, takes one character at a time, copies everything, and shares
//! no code with what it judges but the types in which findings name their places. Where it and the gateway disagree one
//! of them is wrong. It never says why something is wrong, only what and where.

// In reading order: characters to segments, segments to envelopes, the notation of grammars, what they allow.
pub(crate) mod element;
pub(crate) mod envelope;
pub(crate) mod notation;
pub(crate) mod reader;
pub(crate) mod repertoire;
pub(crate) mod structure;

// Against the gateway.
pub(crate) mod compare;
