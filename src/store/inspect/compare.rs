//! The state beside what it should hold, key by key in one order.

use std::collections::BTreeMap;
use std::iter::Peekable;

use super::expected::{Expected, InOrder};
use super::{Disagreement, Disagreements, InspectTrouble, KeyKind, Step, Watch, What};
use crate::store::floor::Floor;
use crate::store::index::{Index, IndexTrouble, contained};
use crate::store::state::Pair;

/// Keys between two words about how far it is.
const KEYS_BETWEEN: u64 = 1024;

/// How many keys of each kind there are: in the state, and by the journal.
pub(crate) type KeyCounts = BTreeMap<KeyKind, (u64, u64)>;

/// Compares the state with what it should hold above its floor; none when it cannot be read to its end, which is noted.
///
/// # Errors
/// [`InspectTrouble::Temporary`] when what it should hold cannot be read.
pub(crate) fn compare(
    index: &Index,
    expected: InOrder<'_>,
    found: &mut Disagreements,
    watch: &mut dyn Watch,
) -> Result<Option<KeyCounts>, InspectTrouble> {
    let (counts, floor) = (KeyCounts::new(), index.floor());
    let comparison = Comparison { counts, floor, found: &mut *found, watch, keys: 0 };
    match contained(|| comparison.run(index, expected)) {
        Ok(counts) => counts.map(Some).map_err(InspectTrouble::Temporary),
        Err(trouble) => {
            found.add(Disagreement::new(What::StateUnreadable).found(trouble.to_string()));
            Ok(None)
        }
    }
}

struct Comparison<'a> {
    counts: KeyCounts,
    floor: Floor,
    found: &'a mut Disagreements,
    watch: &'a mut dyn Watch,
    keys: u64,
}

impl Comparison<'_> {
    fn run(mut self, index: &Index, expected: InOrder<'_>) -> Result<std::io::Result<KeyCounts>, IndexTrouble> {
        let mut stored = index.pairs().peekable();
        for item in expected {
            let (key, expected) = match item {
                Ok(item) => item,
                Err(error) => return Ok(Err(error)),
            };
            while let Some((more, value)) = next_before(&mut stored, Some(&key))? {
                self.too_many(&more, &value);
            }
            let value = match stored.next_if(|pair| pair.as_ref().map_or(true, |(stored, _)| *stored == key)) {
                Some(pair) => Some(pair?.1),
                None => None,
            };
            self.key(&key, value.as_deref(), &expected);
        }
        while let Some((more, value)) = next_before(&mut stored, None)? {
            self.too_many(&more, &value);
        }
        Ok(Ok(self.counts))
    }

    fn key(&mut self, key: &[u8], value: Option<&[u8]>, expected: &Expected) {
        let kind = KeyKind::of(key);
        let live = |value: &&[u8]| self.floor.is_live(key, value);
        let (last, right) = (expected.last().filter(live), expected.settled().filter(live));
        self.count(kind, value.is_some(), last.is_some());
        if right == value {
            return;
        }
        let what = match (value, right) {
            (None, _) => What::KeyMissing,
            (Some(_), None) => What::KeyTooMany,
            (Some(_), Some(_)) => What::KeyDiffers,
        };
        let said = |value: Option<&[u8]>| value.map_or_else(|| "nothing".to_owned(), |value| kind.value(value));
        self.note(what, kind, key, said(value), said(right));
    }

    fn too_many(&mut self, key: &[u8], value: &[u8]) {
        let kind = KeyKind::of(key);
        self.count(kind, true, false);
        self.note(What::KeyTooMany, kind, key, kind.value(value), "nothing".to_owned());
    }

    fn note(&mut self, what: What, kind: KeyKind, key: &[u8], found: String, expected: String) {
        let disagreement = Disagreement::new(what).found(found).expected(expected);
        self.found.add(Disagreement { key_kind: Some(kind), key: Some(kind.parts(key)), ..disagreement });
    }

    fn count(&mut self, kind: KeyKind, is_in_state: bool, is_in_journal: bool) {
        let (in_state, in_journal) = self.counts.entry(kind).or_default();
        *in_state += u64::from(is_in_state);
        *in_journal += u64::from(is_in_journal);
        self.keys += 1;
        if self.keys.is_multiple_of(KEYS_BETWEEN) {
            self.watch.reached(Step::Compare, self.keys, None);
        }
    }
}

/// The next pair in front of a key, or at all.
fn next_before(
    stored: &mut Peekable<impl Iterator<Item = Result<Pair, IndexTrouble>>>,
    key: Option<&[u8]>,
) -> Result<Option<Pair>, IndexTrouble> {
    let is_before = |pair: &Result<Pair, IndexTrouble>| {
        pair.as_ref().map_or(true, |(stored, _)| key.is_none_or(|key| stored.as_slice() < key))
    };
    stored.next_if(is_before).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::RecordNumber;
    use crate::store::inspect::Gathered;
    use crate::store::journal::StoreId;
    use crate::store::state::Change;

    struct Nobody;

    impl Watch for Nobody {
        fn reached(&mut self, _: Step, _: u64, _: Option<u64>) {}
    }

    #[test]
    fn keys_that_are_missing_too_many_or_hold_something_else_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let [state, watermark] = ["state", "watermark"].map(|name| directory.path().join(name));
        let index = Index::make(&state, &watermark, StoreId([7; 16]), 8 << 20).unwrap();
        let held: [(&[u8], _); 3] = [(b"aacme\0", &[9][..]), (b"dacme\0\0NEVER", b"?"), (b"n12345678", b"1")];
        index.apply(held.map(|(key, value)| (key, Some(value))), RecordNumber(2)).unwrap();
        let mut gathered = Gathered::new(RecordNumber(2));
        let put = |key: &[u8], value: &[u8]| Change { key: key.to_vec(), value: Some(value.to_vec()) };
        let changes = vec![put(b"aacme\0", &[8]), put(b"dacme\0\0DOC", b"1"), put(b"n12345678", b"1")];
        gathered.add(RecordNumber(1), changes).unwrap();
        let mut found = Disagreements::new(10);
        let counts = compare(&index, gathered.in_order().unwrap(), &mut found, &mut Nobody).unwrap().unwrap();
        let said: Vec<_> = found.told.iter().map(ToString::to_string).collect();
        let expected = [
            "answer counter, acme: the key holds something else",
            "declaration, acme DOC: the key is missing in the state",
            "declaration, acme NEVER: the state has a key too many",
        ];
        assert_eq!(said, expected);
        assert_eq!(found.told[0].found.as_deref(), Some("00000000000009"));
        assert_eq!(found.told[0].expected.as_deref(), Some("00000000000008"));
        assert_eq!(counts[&KeyKind::Declaration], (1, 1));
    }
}
