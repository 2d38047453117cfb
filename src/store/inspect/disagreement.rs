//! What is not as it should be: where it is, what is there, what should be.

use std::fmt;

use serde::Serialize;

use super::{InspectTrouble, KeyKind};

/// One thing in a store that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// What kind of thing.
    pub what: What,
    /// The number of the segment.
    pub segment: Option<u64>,
    /// The byte in the file of the segment, from 0.
    pub byte: Option<u64>,
    /// The number of the entry.
    pub entry: Option<u64>,
    /// The kind of the key.
    pub key_kind: Option<KeyKind>,
    /// The readable parts of the key.
    pub key: Option<String>,
    /// What is there.
    pub found: Option<String>,
    /// What should be there.
    pub expected: Option<String>,
}

/// The kinds of disagreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A segment is not there, and others behind it are.
    SegmentMissing,
    /// A file is no segment of this journal.
    SegmentUnreadable,
    /// Entries cannot be read.
    EntriesDamaged,
    /// An entry is whole and does not follow those before it.
    ChainBroken,
    /// Bytes behind the last frame are not zeroes.
    NotZeroes,
    /// An entry is whole and cannot be understood.
    EntryNotUnderstood,
    /// The journal ends before an entry that was recorded.
    EntriesLost,
    /// A seal cannot be read or is of another segment.
    SealWrong,
    /// A segment does not have the digest of its seal.
    DigestWrong,
    /// The state is not there, and was.
    StateGone,
    /// The state cannot be read.
    StateUnreadable,
    /// State and watermark do not go together.
    WatermarkWrong,
    /// A key is not there.
    KeyMissing,
    /// A key is there and should not be.
    KeyTooMany,
    /// A key holds something else.
    KeyDiffers,
}

impl What {
    /// What happened, in words.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::SegmentMissing => "the segment is missing",
            Self::SegmentUnreadable => "the file is no segment of this journal",
            Self::EntriesDamaged => "entries cannot be read",
            Self::ChainBroken => "the entry does not follow those before it",
            Self::NotZeroes => "bytes behind the last entry are not zeroes",
            Self::EntryNotUnderstood => "the entry is none of this version",
            Self::EntriesLost => "entries at the end are lost",
            Self::SealWrong => "the seal is not that of the segment",
            Self::DigestWrong => "the segment does not have the digest of its seal",
            Self::StateGone => "the state is gone",
            Self::StateUnreadable => "the state cannot be read",
            Self::WatermarkWrong => "state and watermark do not go together",
            Self::KeyMissing => "the key is missing in the state",
            Self::KeyTooMany => "the state has a key too many",
            Self::KeyDiffers => "the key holds something else",
        }
    }
}

impl Disagreement {
    /// Without a place yet.
    pub(crate) fn new(what: What) -> Self {
        let (segment, byte, entry) = (None, None, None);
        Self { what, segment, byte, entry, key_kind: None, key: None, found: None, expected: None }
    }

    /// In this segment.
    pub(crate) fn in_segment(self, segment: u64) -> Self {
        Self { segment: Some(segment), ..self }
    }

    /// At this byte of it.
    pub(crate) fn at(self, byte: u64) -> Self {
        Self { byte: Some(byte), ..self }
    }

    /// About this entry.
    pub(crate) fn entry(self, entry: u64) -> Self {
        Self { entry: Some(entry), ..self }
    }

    /// What is there.
    pub(crate) fn found(self, found: impl Into<String>) -> Self {
        Self { found: Some(found.into()), ..self }
    }

    /// What should be there.
    pub(crate) fn expected(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (name, number) in [("segment", self.segment), ("byte", self.byte), ("entry", self.entry)] {
            if let Some(number) = number {
                write!(f, "{comma}{name} {number}")?;
                comma = ", ";
            }
        }
        match (self.key_kind, &self.key) {
            (Some(kind), Some(key)) => write!(f, "{comma}{}, {key}: ", kind.name())?,
            _ if comma.is_empty() => {}
            _ => f.write_str(": ")?,
        }
        f.write_str(self.what.sentence())
    }
}

/// All of them counted, the first ones kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreements {
    /// How many there are.
    pub total: u64,
    /// The first of them, in the order of the journal and then of the keys.
    pub told: Vec<Disagreement>,
    #[serde(skip)]
    limit: usize,
}

impl Disagreements {
    /// None yet; so many will be kept.
    pub(crate) fn new(limit: usize) -> Self {
        Self { total: 0, told: Vec::new(), limit }
    }

    pub(crate) fn add(&mut self, disagreement: Disagreement) {
        self.total = self.total.saturating_add(1);
        if self.told.len() < self.limit {
            self.told.push(disagreement);
        }
    }

    /// What is damaged is neither answered from nor passed over.
    ///
    /// # Errors
    /// [`InspectTrouble::Damaged`] with the first of them, when there is any.
    pub(crate) fn refuse(&self) -> Result<(), InspectTrouble> {
        self.told.first().map_or(Ok(()), |first| Err(InspectTrouble::Damaged { first: first.to_string() }))
    }
}
