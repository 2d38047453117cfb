//! Finding a code among the rows of a list: by a hash of the number that its bytes are, mostly with one look.

use super::list::Code;

/// Most bytes of a code that its number holds whole. No form of code is longer; codes that are would be compared byte by
/// byte.
const WHOLE_BYTES_MAX: usize = size_of::<u64>();

/// Multiplies a number so that its upper bits depend on all of it: the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// The codes of a list by a hash of theirs, at most every second slot taken. Made once with the list.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    /// A power of two of them, at least two.
    slots: Box<[Option<Slot>]>,
    /// How far a hash is shifted down to be a slot.
    shift: u32,
}

/// One code, whatever number of rows it has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    number: u64,
    /// The first of its rows.
    row: u32,
    /// Its bytes; of a longer code than any number holds it may be less.
    length: u16,
    /// Whether one of its rows has neither a first day nor a last.
    pub(super) is_always_valid: bool,
}

impl Slots {
    /// For these rows, sorted by code.
    pub(super) fn of(codes: &[Code]) -> Self {
        let count = (2 * codes.len()).next_power_of_two().max(2);
        let mut slots = Self { slots: vec![None; count].into(), shift: u64::BITS - count.trailing_zeros() };
        for (row, entry) in (0..).zip(codes) {
            slots.take(codes, row, entry);
        }
        slots
    }

    /// Where a code of these rows, for which the slots were made, stands.
    #[inline]
    pub(super) fn find(&self, codes: &[Code], code: &str) -> Option<&Slot> {
        let number = number(code);
        match code.len() <= WHOLE_BYTES_MAX {
            true => self.find_where(number, |slot| slot.is_of_number(number, code)),
            false => self.find_longer(codes, number, code),
        }
    }

    /// The same of a code that no number holds whole: apart, so that finding others stays short.
    #[cold]
    fn find_longer(&self, codes: &[Code], number: u64, code: &str) -> Option<&Slot> {
        self.find_where(number, |slot| slot.is_of(codes, number, code))
    }

    #[inline]
    fn find_where(&self, number: u64, is_found: impl Fn(&Slot) -> bool) -> Option<&Slot> {
        let mut place = self.first_place(number);
        // There is always a free slot that ends this: at most every second one is taken.
        while let Some(slot) = self.slots.get(place & self.mask())?.as_ref() {
            if is_found(slot) {
                return Some(slot);
            }
            place += 1;
        }
        None
    }

    /// Makes a row the first of its code, or one more of it.
    fn take(&mut self, codes: &[Code], row: u32, entry: &Code) {
        let number = number(&entry.code);
        let length = u16::try_from(entry.code.len()).unwrap_or(u16::MAX);
        let first = self.first_place(number);
        let mut places = (0..=self.mask()).map(|step| (first + step) & self.mask());
        let is_place = |slot: &Option<Slot>| slot.is_none_or(|slot| slot.is_of(codes, number, &entry.code));
        let place = places.find(|place| self.slots.get(*place).is_some_and(is_place));
        if let Some(slot) = place.and_then(|place| self.slots.get_mut(place)) {
            let slot = slot.get_or_insert(Slot { number, row, length, is_always_valid: false });
            slot.is_always_valid |= entry.is_always_valid();
        }
    }

    /// The slot in which a code is looked for first; then it is the next, and behind the last the first of all.
    #[inline]
    fn first_place(&self, number: u64) -> usize {
        usize::try_from(number.wrapping_mul(MULTIPLIER) >> self.shift).unwrap_or_default()
    }

    /// The bits of a place.
    #[inline]
    fn mask(&self) -> usize {
        self.slots.len() - 1
    }
}

impl Slot {
    /// The first row of its code.
    #[inline]
    pub(super) fn row(self) -> usize {
        self.row as usize
    }

    /// Whether this is the slot of a code with this number.
    fn is_of(self, codes: &[Code], number: u64, code: &str) -> bool {
        match code.len() <= WHOLE_BYTES_MAX {
            true => self.is_of_number(number, code),
            false => codes.get(self.row()).is_some_and(|entry| &*entry.code == code),
        }
    }

    /// The same for a code that the number holds whole. A length tells apart what only zero bytes do.
    #[inline]
    fn is_of_number(self, number: u64, code: &str) -> bool {
        self.number == number && usize::from(self.length) == code.len()
    }
}

/// The bytes of a code as a number, the last byte lowest; what is beyond the bytes of a number is mixed in. The lengths
/// that codes have are read at once.
#[inline]
fn number(code: &str) -> u64 {
    match *code.as_bytes() {
        [] => 0,
        [only] => u64::from(only),
        [a, b] => u64::from(u16::from_be_bytes([a, b])),
        [a, b, c] => u64::from(u32::from_be_bytes([0, a, b, c])),
        [a, b, c, d] => u64::from(u32::from_be_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        ref bytes => number_of_any(bytes),
    }
}

/// The same for bytes of any length.
#[cold]
fn number_of_any(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number: u64, byte| number.rotate_left(u8::BITS) ^ u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::super::list::Detail;
    use super::*;

    fn rows(codes: impl IntoIterator<Item = String>) -> Vec<Code> {
        let mut rows: Vec<Code> = codes
            .into_iter()
            .map(|code| Code {
                code: code.into(),
                english: "".into(),
                french: "".into(),
                from: None,
                until: None,
                detail: Detail::None,
                line: 1,
            })
            .collect();
        rows.sort_by(|one, other| one.code.cmp(&other.code));
        rows
    }

    fn row_of(rows: &[Code], code: &str) -> Option<usize> {
        Slots::of(rows).find(rows, code).map(|slot| slot.row())
    }

    proptest! {
        #[test]
        fn every_code_has_its_first_row_and_nothing_else_has_one(
            codes in vec("[\\x00AB1é]{0,12}", 0..40),
            asked in "[\\x00AB1é]{0,12}",
        ) {
            let rows = rows(codes);
            for code in rows.iter().map(|entry| &*entry.code).chain([&*asked]) {
                prop_assert_eq!(row_of(&rows, code), rows.iter().position(|entry| &*entry.code == code));
            }
        }

        #[test]
        fn a_length_that_is_read_at_once_is_read_as_any_other(code in any::<String>()) {
            prop_assert_eq!(number(&code), number_of_any(code.as_bytes()));
        }
    }

    #[test]
    fn codes_as_long_as_a_number_differ_by_it() {
        let codes: Vec<String> = (10_000_000..10_010_000).map(|code: u32| code.to_string()).collect();
        let numbers: HashSet<u64> = codes.iter().map(|code| number(code)).collect();
        assert_eq!(numbers.len(), codes.len());
        let rows = rows(codes);
        let slots = Slots::of(&rows);
        assert!(
            (0..).zip(&rows).all(|(row, entry)| slots.find(&rows, &entry.code).map(|slot| slot.row()) == Some(row))
        );
    }
}
