//! What a reader makes of a message: a draft, and the demands of the guide that the message breaks.

use std::ops::Range;

use super::Element;
use crate::declaration::draft::{Draft, StatedAt, Text};
use crate::declaration::finding::SegmentPoint;

/// What a message states, by the guide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading<'a> {
    /// Everything that could be read.
    pub draft: Draft<'a>,
    /// What the guide demands and the message does not give, in the order of the message.
    pub breaches: Vec<Breach<'a>>,
}

/// A demand of the guide that a message breaks. The sentence for it is made by the rules' floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach<'a> {
    /// The stable code.
    pub code: &'a str,
    /// What is wrong.
    pub kind: BreachKind<'a>,
    /// The names of the element in English and French; empty when it is about no element.
    pub labels: [&'a str; 2],
    /// The line it concerns, by its place in the message, from 1.
    pub line: Option<u32>,
    /// The segment and element.
    pub point: Option<SegmentPoint>,
    /// The bytes that show it.
    pub span: Range<usize>,
}

/// What kind of demand is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreachKind<'a> {
    /// It must be there, and is not; the path says where it would stand.
    Missing {
        /// The path, as the guide writes it.
        path: &'a str,
    },
    /// It is not written as it must be.
    IllFormed {
        /// The value, as stated.
        value: Text<'a>,
        /// How it must be written.
        expected: super::Format,
    },
    /// It is there more often than it may be.
    TooMany {
        /// How often it may be there.
        most: u32,
    },
    /// The directory allows these segments, the guide does not use them.
    Unused {
        /// How many there are; the place is that of the first.
        count: u32,
    },
    /// There is no line.
    NoLines,
    /// There are more lines than there may be.
    TooManyLines {
        /// How many there may be.
        most: u32,
    },
}

impl Element {
    /// This element breaks a demand of the guide.
    pub(super) fn breach<'a>(&'a self, kind: BreachKind<'a>, line: Option<u32>, at: StatedAt) -> Breach<'a> {
        let [missing, ill_formed, too_many] = &self.codes;
        let code = match kind {
            BreachKind::IllFormed { .. } => ill_formed,
            BreachKind::TooMany { .. } => too_many,
            BreachKind::Missing { .. }
            | BreachKind::Unused { .. }
            | BreachKind::NoLines
            | BreachKind::TooManyLines { .. } => missing,
        };
        Breach { labels: self.labels.each_ref().map(String::as_str), ..breach(code, kind, line, at) }
    }
}

/// A demand that is about no element.
pub(super) fn breach<'a>(code: &'a str, kind: BreachKind<'a>, line: Option<u32>, at: StatedAt) -> Breach<'a> {
    Breach { code, kind, labels: ["", ""], line, point: Some(at.point()), span: at.span() }
}
