//! The chain: each frame carries a digest of its entry and of all entries before it.
//!
//! So one value says what the whole journal was up to an entry: nothing in front of it can be changed, left out, put in or
//! put elsewhere without another value behind it. It is made of entries alone, not of the files they lie in.

use std::fmt;

use crate::identifier::RecordNumber;
use crate::record::Digest;

use super::segment::StoreId;

/// Bytes of a link.
pub(crate) const CHAIN_BYTES: usize = 32;

/// The digest (SHA-256) of an entry and of all entries before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chain(pub(crate) [u8; CHAIN_BYTES]);

impl Chain {
    /// What the first entry of a store follows.
    pub(crate) fn of_store(store: StoreId) -> Self {
        Self(Digest::of([store.0.as_slice()]).0)
    }

    /// The link of the entry that follows: the digest of this link, its number (little-endian) and its payload.
    pub(crate) fn follow(&self, number: RecordNumber, payload: &[u8]) -> Self {
        Self(Digest::of([self.0.as_slice(), &number.0.to_le_bytes(), payload]).0)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: StoreId = StoreId([7; 16]);

    fn chain(entries: &[(u64, &str)]) -> Chain {
        let follow =
            |chain: Chain, (number, entry): &(u64, &str)| chain.follow(RecordNumber(*number), entry.as_bytes());
        entries.iter().fold(Chain::of_store(STORE), follow)
    }

    #[test]
    fn a_link_stands_for_everything_before_it() {
        let all = chain(&[(1, "A"), (2, "B"), (3, "C")]);
        assert_eq!(all, chain(&[(1, "A"), (2, "B"), (3, "C")]));
        for other in [
            &[(1, "A"), (2, "B")][..],
            &[(2, "B"), (3, "C")],
            &[(1, "B"), (2, "A"), (3, "C")],
            &[(1, "A"), (2, "BB"), (3, "C")],
            &[(1, "A"), (3, "B"), (3, "C")],
        ] {
            assert_ne!(chain(other), all);
        }
    }

    #[test]
    fn stores_have_chains_of_their_own() {
        assert_ne!(Chain::of_store(STORE), Chain::of_store(StoreId([8; 16])));
    }
}
