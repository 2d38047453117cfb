//! Keys that are asked for as they are, with what they hold, in one piece of memory. With memory of their own they take twice as
//! much, and another thread than took it has to give it back.

use std::fmt;
use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Keys and what each of them holds, the latest.
#[derive(Default)]
pub(super) struct Held {
    /// Each key in front of what it holds; what a key held before may still be here.
    bytes: Vec<u8>,
    places: HashTable<Place>,
    hashes: RandomState,
}

/// Where a key begins, where what it holds does, and where that ends.
#[derive(Debug, Clone, Copy)]
struct Place {
    key: usize,
    value: usize,
    end: usize,
}

impl Place {
    fn key(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.key..self.value).unwrap_or_default()
    }

    fn value(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.value..self.end).unwrap_or_default()
    }

    /// Behind everything that is there.
    fn behind(bytes: &mut Vec<u8>, key: &[u8], value: &[u8]) -> Self {
        let begin = bytes.len();
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
        Self { key: begin, value: begin + key.len(), end: bytes.len() }
    }
}

impl Held {
    /// The key holds this from now on.
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) {
        let Self { bytes, places, hashes } = self;
        let hash = hashes.hash_one(key);
        match places.entry(hash, |place| place.key(bytes) == key, |place| hashes.hash_one(place.key(bytes))) {
            Entry::Vacant(vacant) => {
                vacant.insert(Place::behind(bytes, key, value));
            }
            // Counters are put anew with each interchange, and mostly with as many bytes.
            Entry::Occupied(mut occupied) => match bytes.get_mut(occupied.get().value..occupied.get().end) {
                Some(before) if before.len() == value.len() => before.copy_from_slice(value),
                _ => *occupied.get_mut() = Place::behind(bytes, key, value),
            },
        }
    }

    /// Takes over what each key of a later one holds.
    pub(super) fn extend(&mut self, later: &Self) {
        later.iter().for_each(|(key, value)| self.put(key, value));
    }

    /// What a key holds.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let is_it = |place: &Place| place.key(&self.bytes) == key;
        self.places.find(self.hashes.hash_one(key), is_it).map(|place| place.value(&self.bytes))
    }

    /// Every key with what it holds, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.places.iter().map(|place| (place.key(&self.bytes), place.value(&self.bytes)))
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Forgets everything, and keeps memory for so many keys and bytes.
    pub(super) fn clear(&mut self, keys: usize, bytes: usize) {
        self.places.clear();
        self.places.shrink_to(keys, |_| 0);
        self.bytes.clear();
        self.bytes.shrink_to(bytes);
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn pairs() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
        let bytes = || prop::collection::vec(0..3_u8, 0..3);
        prop::collection::vec((bytes(), bytes()), 0..40)
    }

    fn held(pairs: &[(Vec<u8>, Vec<u8>)]) -> Held {
        let mut held = Held::default();
        pairs.iter().for_each(|(key, value)| held.put(key, value));
        held
    }

    proptest! {
        #[test]
        fn a_key_holds_what_was_put_last(earlier in pairs(), later in pairs()) {
            let expected: BTreeMap<_, _> = earlier.iter().chain(&later).cloned().collect();
            let mut both = held(&earlier);
            both.extend(&held(&later));
            let found: BTreeMap<_, _> = both.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(both.len(), expected.len());
            prop_assert!(expected.iter().all(|(key, value)| both.get(key) == Some(value)));
            prop_assert_eq!(both.get(b"another"), None);
            both.clear(8, 8);
            prop_assert_eq!((both.len(), both.get(b"")), (0, None));
        }
    }

    #[test]
    fn what_was_forgotten_leaves_no_more_memory_than_is_kept() {
        let pairs: Vec<_> = (0..1000).map(|number: u32| (number.to_be_bytes().to_vec(), vec![0; 10])).collect();
        let mut held = held(&pairs);
        held.clear(100, 64);
        assert!((100..200).contains(&held.places.capacity()) && held.bytes.capacity() == 64);
        held.put(b"key", b"value");
        assert_eq!(held.get(b"key"), Some(&b"value"[..]));
    }
}
