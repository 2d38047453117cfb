//! Several runs as one: of each key what the latest of them says.

use std::cmp::Ordering;
use std::sync::Arc;

use super::run::{Cursor, Run};
use crate::store::index::IndexTrouble;

/// Goes along several runs at one time, in the order of the keys.
#[derive(Debug)]
pub(super) struct Merged {
    /// The runs that have pairs left, the one with the next pair last; each with how many are later.
    heads: Vec<(usize, Box<Cursor>)>,
    /// The key of the pair before.
    key: Vec<u8>,
    is_begun: bool,
}

impl Merged {
    /// In front of the first pair from a key on. The runs come from the latest to the earliest.
    pub(super) fn seek(db: &sled::Db, runs: &[Arc<Run>], from: &[u8]) -> Result<Self, IndexTrouble> {
        let mut merged = Self { heads: Vec::with_capacity(runs.len()), key: Vec::new(), is_begun: false };
        for (age, run) in runs.iter().enumerate() {
            if let Some(cursor) = Cursor::seek(db, run, from)? {
                merged.insert(age, Box::new(cursor));
            }
        }
        Ok(merged)
    }

    /// Goes on to the next key: whether there is one.
    pub(super) fn advance(&mut self) -> Result<bool, IndexTrouble> {
        if self.is_begun {
            self.key.clear();
            self.key.extend_from_slice(self.heads.last().map_or(&[], |(_, cursor)| cursor.key()));
            while let Some((age, mut cursor)) = self.heads.pop_if(|(_, cursor)| cursor.key() == self.key) {
                if cursor.advance()? {
                    self.insert(age, cursor);
                }
            }
        }
        self.is_begun = true;
        Ok(!self.heads.is_empty())
    }

    /// The key.
    pub(super) fn key(&self) -> &[u8] {
        self.heads.last().map_or(&[], |(_, cursor)| cursor.key())
    }

    /// What it holds; none when it is removed.
    pub(super) fn value(&self) -> Option<&[u8]> {
        self.heads.last().and_then(|(_, cursor)| cursor.value())
    }

    fn insert(&mut self, age: usize, cursor: Box<Cursor>) {
        let is_later = |(other_age, other): &(usize, Box<Cursor>)| {
            other.key().cmp(cursor.key()).then(other_age.cmp(&age)) == Ordering::Greater
        };
        let at = self.heads.partition_point(is_later);
        self.heads.insert(at, (age, cursor));
    }
}
