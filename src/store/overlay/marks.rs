//! Keys that hold nothing, one behind the other: they are half of all keys, and none of them is worth memory of its own.

/// Such keys, in the order in which they came; some may be here twice.
#[derive(Debug, Default)]
pub(super) struct Marks {
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Marks {
    pub(super) fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn extend(&mut self, later: &Self) {
        let before = self.bytes.len();
        self.bytes.extend_from_slice(&later.bytes);
        self.ends.extend(later.ends.iter().map(|end| before + end));
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| self.bytes.get(begin..*end).unwrap_or_default())
    }

    /// Forgets everything, and keeps memory for so many keys and bytes.
    pub(super) fn clear(&mut self, keys: usize, bytes: usize) {
        self.ends.clear();
        self.ends.shrink_to(keys);
        self.bytes.clear();
        self.bytes.shrink_to(bytes);
    }
}
