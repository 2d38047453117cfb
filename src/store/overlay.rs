//! What the journal knows and the state does not hold yet.
//!
//! Two of these stand in front of the state: one private to the writer, of entries not yet on stable storage, and one
//! for everybody, of entries that are. Read the overlay first and the state behind it: a change leaves the overlay only
//! after the state has it.

use std::collections::BTreeMap;

use crate::identifier::RecordNumber;

use super::state::Change;

/// Changes by key, the latest of each.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    changes: BTreeMap<Vec<u8>, Pending>,
}

/// The latest change of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// The entry that makes it.
    number: RecordNumber,
    /// What the key holds; none when it is removed.
    pub(crate) value: Option<Vec<u8>>,
}

impl Overlay {
    /// Takes over what an entry changes.
    pub(crate) fn add(&mut self, number: RecordNumber, changes: impl IntoIterator<Item = Change>) {
        self.changes.extend(changes.into_iter().map(|Change { key, value }| (key, Pending { number, value })));
    }

    /// Takes over everything of a later overlay, and returns it once more for whoever applies it.
    pub(crate) fn merge(&mut self, later: Self) -> Vec<Change> {
        let copies =
            later.changes.iter().map(|(key, pending)| Change { key: key.clone(), value: pending.value.clone() });
        let copies = copies.collect();
        self.changes.extend(later.changes);
        copies
    }

    /// The latest change of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Pending> {
        self.changes.get(key)
    }

    /// The latest changes of all keys that begin so, in order.
    pub(crate) fn beginning_with<'a>(&'a self, prefix: &'a [u8]) -> impl Iterator<Item = (&'a Vec<u8>, &'a Pending)> {
        self.changes.range(prefix.to_vec()..).take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// Forgets these keys, which the state holds now, unless an entry after `applied` changed them again.
    pub(crate) fn forget<'a>(&mut self, applied: RecordNumber, keys: impl IntoIterator<Item = &'a Vec<u8>>) {
        for key in keys {
            if self.changes.get(key).is_some_and(|pending| pending.number <= applied) {
                self.changes.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, value: Option<&str>) -> Change {
        Change { key: key.into(), value: value.map(Into::into) }
    }

    #[test]
    fn what_was_changed_again_is_not_forgotten() {
        let mut overlay = Overlay::default();
        overlay.add(RecordNumber(1), [change("a", Some("1")), change("b", Some("1"))]);
        overlay.add(RecordNumber(2), [change("a", None)]);
        overlay.forget(RecordNumber(1), &[b"a".to_vec(), b"b".to_vec()]);
        assert_eq!(overlay.get(b"a"), Some(&Pending { number: RecordNumber(2), value: None }));
        assert_eq!(overlay.get(b"b"), None);
    }

    #[test]
    fn only_keys_of_the_prefix_are_listed() {
        let mut overlay = Overlay::default();
        overlay.add(RecordNumber(1), ["a1", "b1", "b2", "c1"].map(|key| change(key, Some(""))));
        let keys: Vec<_> = overlay.beginning_with(b"b").map(|(key, _)| key.as_slice()).collect();
        assert_eq!(keys, [b"b1", b"b2"]);
    }
}
