//! Places that can be taken at one time: so many in all, and so many by one owner.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Places for owners of one kind: addresses, partners.
#[derive(Debug)]
pub(super) struct Places<K: Eq + Hash>(Arc<Mutex<Taken<K>>>);

#[derive(Debug)]
struct Taken<K> {
    all: usize,
    /// Only owners that have a place.
    by_owner: HashMap<K, usize>,
}

/// Which places are all taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// Those of everybody.
    All,
    /// Those of this owner.
    Own,
}

/// A place, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place<K: Eq + Hash> {
    owner: K,
    places: Arc<Mutex<Taken<K>>>,
}

impl<K: Eq + Hash> Default for Places<K> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Taken { all: 0, by_owner: HashMap::new() })))
    }
}

impl<K: Eq + Hash + Clone> Places<K> {
    /// Takes a place, when fewer than `max` are taken in all and fewer than `own_max` by this owner.
    pub(super) fn take(&self, owner: K, max: usize, own_max: usize) -> Result<Place<K>, Full> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= max {
            return Err(Full::All);
        }
        if taken.by_owner.get(&owner).is_some_and(|own| *own >= own_max) {
            return Err(Full::Own);
        }
        taken.all += 1;
        *taken.by_owner.entry(owner.clone()).or_default() += 1;
        Ok(Place { owner, places: Arc::clone(&self.0) })
    }
}

impl<K: Eq + Hash + Clone> Places<K> {
    /// Every owner that has places, and how many.
    pub(super) fn taken(&self) -> Vec<(K, usize)> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.by_owner.iter().map(|(owner, own)| (owner.clone(), *own)).collect()
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        let left = taken.by_owner.get_mut(&self.owner).map(|own| {
            *own = own.saturating_sub(1);
            *own
        });
        if left == Some(0) {
            taken.by_owner.remove(&self.owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_in_all() {
        let places = Places::default();
        let _held = (places.take("a", 2, 9).unwrap(), places.take("b", 2, 9).unwrap());
        assert_eq!(places.take("c", 2, 9).unwrap_err(), Full::All);
    }

    #[test]
    fn there_are_so_many_for_one_owner() {
        let places = Places::default();
        let _held = (places.take("a", 9, 2).unwrap(), places.take("a", 9, 2).unwrap());
        assert_eq!(places.take("a", 9, 2).unwrap_err(), Full::Own);
        assert!(places.take("b", 9, 2).is_ok());
    }

    #[test]
    fn who_has_places_is_told() {
        let places = Places::default();
        let _held = (places.take("a", 9, 2).unwrap(), places.take("a", 9, 2).unwrap());
        assert_eq!(places.taken(), [("a", 2)]);
    }

    #[test]
    fn a_place_is_free_again_when_it_is_dropped() {
        let places = Places::default();
        let held = places.take("a", 1, 1).unwrap();
        assert!(places.take("a", 1, 1).is_err());
        drop(held);
        assert!(places.take("a", 1, 1).is_ok());
        assert!(places.0.lock().unwrap().by_owner.is_empty());
    }
}
