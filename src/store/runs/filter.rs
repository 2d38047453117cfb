//! A filter: what tells of most keys that a run does not have them, without looking at a page.
//!
//! A Bloom filter of blocks as long as a line of the processor's cache, so that a question costs one of them. The bits
//! are kept in sled, so how they are found from a key is part of the format.

/// Bits for each key: three of ten thousand keys that are not there are looked for all the same. Whoever settles an
/// interchange waits for each of them, and sled may let him wait for a flush.
const BITS_PER_KEY: usize = 20;

/// Words of a block: 64 bytes. Each key sets one bit in each.
const BLOCK_WORDS: usize = 8;

/// Most keys of one filter, so that a leaf of them fits what sled keeps in its segments.
pub(super) const FILTER_KEYS_MAX: usize = 8 << 10;

/// How long such a filter is, in bytes.
pub(crate) const FILTER_BYTES_MAX: usize = FILTER_KEYS_MAX * BITS_PER_KEY / 8;

/// The golden ratio in 64 bits, odd: what is multiplied by it is spread over all of them.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// What stands for a key.
pub(super) fn hash(key: &[u8]) -> u64 {
    let (words, rest) = key.as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let length = u64::try_from(key.len()).unwrap_or(u64::MAX);
    let hash = words.iter().chain([&last]).fold(length, |hash, word| {
        let mixed = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(MULTIPLIER);
        mixed ^ (mixed >> 32)
    });
    // The finalizer of SplitMix64: each bit changes half of the bits.
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Some bits of a filter: what one question is answered by.
pub(super) type Block = [u64; BLOCK_WORDS];

/// A key that several filters are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    hash: u64,
    bits: Block,
}

impl Probe {
    /// Asks for the key of this hash.
    pub(super) fn of(hash: u64) -> Self {
        Self { hash, bits: bits(hash) }
    }

    /// Whether the key may be among those of the filter that this block is of; when not, it is not.
    pub(super) fn may_be_in(&self, block: &Block) -> bool {
        block.iter().zip(&self.bits).fold(0, |missing, (word, bits)| missing | (bits & !word)) == 0
    }
}

/// The bits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter(Box<[Block]>);

impl Filter {
    /// The filter of these keys.
    pub(super) fn of(hashes: &[u64]) -> Self {
        let blocks = (hashes.len() * BITS_PER_KEY).div_ceil(BLOCK_WORDS * 64).max(1);
        let mut filter = Self(vec![[0; BLOCK_WORDS]; blocks].into());
        for hash in hashes {
            let block = filter.place(*hash);
            if let Some(block) = filter.0.get_mut(block) {
                block.iter_mut().zip(bits(*hash)).for_each(|(word, bits)| *word |= bits);
            }
        }
        filter
    }

    /// The block in which the key's bits are when it is among them. It mostly lies far off in memory: whoever asks several
    /// filters finds all blocks first, so that the processor gets them together.
    pub(super) fn block(&self, probe: &Probe) -> Option<&Block> {
        self.0.get(self.place(probe.hash))
    }

    /// How much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.len() * BLOCK_WORDS * 8
    }

    pub(super) fn write(&self) -> Vec<u8> {
        self.0.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// The filter that was written so; none when it is cut.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let words: Vec<u64> = words.iter().copied().map(u64::from_le_bytes).collect();
        let (blocks, cut) = words.as_chunks::<BLOCK_WORDS>();
        (rest.is_empty() && cut.is_empty() && !blocks.is_empty()).then(|| Self(blocks.into()))
    }

    /// The block of a key: the upper half of its hash, scaled.
    fn place(&self, hash: u64) -> usize {
        let blocks = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        usize::try_from(((hash >> 32) * blocks) >> 32).unwrap_or(usize::MAX)
    }
}

/// The bits of a key in its block, one for each word: six bits of the hash say which.
fn bits(hash: u64) -> Block {
    std::array::from_fn(|word| 1 << ((hash >> (6 * word)) & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(keys: std::ops::Range<u32>) -> Vec<u64> {
        keys.map(|key| hash(&key.to_be_bytes())).collect()
    }

    #[test]
    fn every_key_is_known_and_most_others_are_not() {
        for count in [1, 10, 1000, 30_000] {
            let filter = Filter::of(&hashes(0..count));
            let filter = Filter::read(&filter.write()).unwrap();
            let may_hold = |hash| {
                let probe = Probe::of(hash);
                filter.block(&probe).is_some_and(|block| probe.may_be_in(block))
            };
            assert!(hashes(0..count).into_iter().all(may_hold));
            let others = hashes(1_000_000..1_100_000);
            let in_vain = others.iter().filter(|hash| may_hold(**hash)).count();
            assert!(in_vain < 100, "{in_vain} of 100000");
        }
    }

    #[test]
    fn the_bits_of_a_key_never_change() {
        assert_eq!(hash(b"a key"), 128_410_233_776_212_058);
        assert_eq!(hash(b"a key that is longer"), 2_916_674_742_368_253_656);
        assert_eq!(Filter::of(&[hash(b"a key")]).write()[..8], [0, 0, 0, 4, 0, 0, 0, 0]);
    }

    #[test]
    fn a_cut_filter_is_none() {
        let bytes = Filter::of(&hashes(0..100)).write();
        for end in (0..bytes.len()).filter(|end| *end == 0 || end % 64 != 0) {
            assert_eq!(Filter::read(&bytes[..end]), None, "cut at {end}");
        }
    }
}
