//! What the journal knows and the state does not hold yet.
//!
//! One of these is private to the writer, of entries not yet on stable storage; of entries that are, one gathers what is
//! committed while the one before it is put into the state. Read the latest first and the state last.

mod held;
mod marks;

use std::collections::BTreeMap;
use std::ops::Bound;

use self::held::Held;
use self::marks::Marks;
use super::state::{self, Change};

/// How many keys of a kind memory is kept for, and for how many bytes of them: what is mostly put into the state at one time.
const KEPT_KEYS: usize = 48 << 10;
const KEPT_BYTES: usize = 3 << 20;

/// Changes by key, the latest of each.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// Keys that are asked for as they are.
    held: Held,
    /// Answers that wait, and answers that wait no more and were put before this overlay.
    waiting: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Search keys, which people alone ask for; some may be here twice.
    marks: Marks,
}

impl Overlay {
    /// Forgets everything and keeps the memory, but for that of a rush, in which the next changes need not be moved each time
    /// it doubles.
    pub(crate) fn clear(&mut self) {
        self.held.clear(KEPT_KEYS, KEPT_BYTES);
        self.waiting.clear();
        self.marks.clear(KEPT_KEYS, KEPT_BYTES);
    }

    /// Takes over what an entry changes.
    pub(crate) fn add(&mut self, changes: impl IntoIterator<Item = Change>) {
        for Change { key, value } in changes {
            if state::is_of_search(&key) {
                self.marks.push(&key);
            } else if state::is_of_outbox(&key) {
                self.change_waiting(key, value);
            } else if let Some(value) = value {
                self.held.put(&key, &value);
            }
        }
    }

    /// Takes over everything of a later overlay.
    pub(crate) fn merge(&mut self, later: Self) {
        self.held.extend(&later.held);
        self.marks.extend(&later.marks);
        for (key, value) in later.waiting {
            self.change_waiting(key, value);
        }
    }

    /// A key of an answer is put once in its life, so when its put is here, nothing holds it behind this overlay.
    fn change_waiting(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let is_put_here = self.waiting.get(&key).is_some_and(Option::is_some);
        if value.is_none() && is_put_here {
            self.waiting.remove(&key);
        } else {
            self.waiting.insert(key, value);
        }
    }

    /// How many keys it has, roughly: what it takes to keep it and to put it into the state.
    pub(crate) fn len(&self) -> usize {
        self.held.len() + self.waiting.len() + self.marks.len()
    }

    /// What it says of a key: nothing, that it is removed, or what it holds. Of search keys it says nothing.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        if state::is_of_outbox(key) {
            return self.waiting.get(key).map(Option::as_deref);
        }
        self.held.get(key).map(Some)
    }

    /// What it says of the keys that begin so, from `from` on, in no order. For any but those of answers it looks at all
    /// keys that it has.
    pub(crate) fn beginning_with(&self, prefix: &[u8], from: &[u8]) -> Vec<(&[u8], Option<&[u8]>)> {
        let is_asked_for = |key: &[u8]| key.starts_with(prefix) && key >= from;
        if state::is_of_outbox(prefix) {
            let behind = (Bound::Included(prefix.max(from)), Bound::Unbounded);
            let waiting = self.waiting.range::<[u8], _>(behind).take_while(|(key, _)| key.starts_with(prefix));
            return waiting.map(|(key, value)| (key.as_slice(), value.as_deref())).collect();
        }
        if state::is_of_search(prefix) {
            return self.marks.iter().filter(|key| is_asked_for(key)).map(|key| (key, Some(&[][..]))).collect();
        }
        let held = self.held.iter().filter(|(key, _)| is_asked_for(key));
        held.map(|(key, value)| (key, Some(value))).collect()
    }

    /// Everything in the order of the keys, each once.
    pub(crate) fn in_order(&self) -> Vec<(&[u8], Option<&[u8]>)> {
        let mut changes: Vec<(&[u8], Option<&[u8]>)> = Vec::with_capacity(self.len());
        changes.extend(self.held.iter().map(|(key, value)| (key, Some(value))));
        changes.extend(self.marks.iter().map(|key| (key, Some(&[][..]))));
        changes.sort_unstable_by_key(|(key, _)| *key);
        // No other kind of key begins with their letter, and these are in order already.
        let at = changes.partition_point(|(key, _)| *key < state::OUTBOXES);
        let waiting = self.waiting.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
        changes.splice(at..at, waiting);
        changes.dedup_by_key(|(key, _)| *key);
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, value: Option<&str>) -> Change {
        Change { key: key.into(), value: value.map(Into::into) }
    }

    fn of(changes: &[(&str, Option<&str>)]) -> Overlay {
        let mut overlay = Overlay::default();
        overlay.add(changes.iter().map(|(key, value)| change(key, *value)));
        overlay
    }

    fn check(overlay: &Overlay, expected: &[(&str, Option<&str>)]) {
        let expected: Vec<_> = expected.iter().map(|(key, value)| (key.as_bytes(), value.map(str::as_bytes))).collect();
        assert_eq!(overlay.in_order(), expected);
    }

    #[test]
    fn the_latest_change_of_a_key_counts() {
        let mut overlay = of(&[("d1", Some("1")), ("a", Some("1"))]);
        overlay.merge(of(&[("a", Some("2")), ("a", Some("3"))]));
        check(&overlay, &[("a", Some("3")), ("d1", Some("1"))]);
        assert_eq!((overlay.get(b"a"), overlay.get(b"x")), (Some(Some(&b"3"[..])), None));
    }

    #[test]
    fn an_answer_that_came_and_went_is_not_there() {
        check(&of(&[("o1", Some("1")), ("o1", None)]), &[]);
        let mut overlay = of(&[("o1", Some("1"))]);
        overlay.merge(of(&[("o1", None), ("o2", None)]));
        check(&overlay, &[("o2", None)]);
        assert_eq!((overlay.get(b"o1"), overlay.get(b"o2")), (None, Some(None)));
    }

    #[test]
    fn keys_of_a_search_are_there_once() {
        let mut overlay = of(&[("se2", Some("")), ("se1", Some(""))]);
        overlay.merge(of(&[("se1", Some(""))]));
        check(&overlay, &[("se1", Some("")), ("se2", Some(""))]);
    }

    #[test]
    fn only_keys_of_the_prefix_are_listed() {
        for kind in ["d", "o", "s"] {
            let keys = ["a1", "b1", "b2", "c1"].map(|key| format!("{kind}{key}"));
            let overlay = of(&keys.each_ref().map(|key| (key.as_str(), Some(""))));
            for (from, expected) in [("", &keys[1..3]), (keys[2].as_str(), &keys[2..3])] {
                let mut found = overlay.beginning_with(format!("{kind}b").as_bytes(), from.as_bytes());
                found.sort_unstable();
                assert!(found.iter().map(|(key, _)| *key).eq(expected.iter().map(String::as_bytes)));
            }
        }
    }
}
