//! Code lists: which values a coded data element takes in its directory.
//!
//! A code is so short that it fits a number, and a list is a sorted row of those: looking one up touches nothing but the
//! row. A list holds for a value unless its composite says that the value comes from another one
//! (`docs/grammar-notation.md` argues when it does).

use std::sync::Arc;

use super::spec::DataId;

/// Longest code, in bytes.
pub(super) const CODE_BYTES_MAX: usize = 8;

/// Whether values are held against the code lists of their directory.
///
/// Not unless somebody says so: between partners who agreed on values of their own without saying so in the message, a
/// right message would be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DirectoryCodes {
    /// The lists are there for their names, and judge nothing.
    #[default]
    Named,
    /// A value that its list does not have is an invalid value (0085 is 12).
    Judged,
}

/// The part that code lists have in one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// None.
    Free,
    /// It must be in this list of its table.
    Listed(usize),
    /// It says where the codes of its composite come from: from elsewhere, unless it is this code.
    Elsewhere(Option<Code>),
}

/// One code: its bytes as a number, the last byte lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Code(u64);

impl Code {
    /// The code that these bytes are; none when there are more than any code has.
    #[inline]
    pub(super) fn read(bytes: impl IntoIterator<Item = u8>) -> Option<Self> {
        let (mut code, mut length) = (0, 0);
        for byte in bytes {
            length += 1;
            code = code << 8 | u64::from(byte);
        }
        (length <= CODE_BYTES_MAX).then_some(Self(code))
    }

    fn written(self) -> String {
        self.0.to_be_bytes().into_iter().filter(|byte| *byte != 0).map(char::from).collect()
    }
}

/// The codes of a data element.
#[derive(Debug, Clone)]
pub struct CodeList {
    element: DataId,
    /// In order.
    codes: Vec<Code>,
    /// The name of each.
    names: Vec<Box<str>>,
    set: Arc<CodeSet>,
}

impl CodeList {
    /// The list of these codes with their names.
    pub(super) fn new(element: DataId, codes: impl IntoIterator<Item = (Code, Box<str>)>) -> Self {
        let mut codes: Vec<_> = codes.into_iter().collect();
        codes.sort();
        let (codes, names): (Vec<Code>, _) = codes.into_iter().unzip();
        let set = Arc::new(CodeSet::of(&codes));
        Self { element, codes, names, set }
    }

    /// The data element whose codes these are.
    #[must_use]
    pub fn element(&self) -> DataId {
        self.element
    }

    /// How many codes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are none; a list that was read from a file has one at least.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The name of a code, empty where the grammar gives none; none when it is not in the list.
    #[must_use]
    pub fn name(&self, code: &str) -> Option<&str> {
        let index = self.codes.binary_search(&Code::read(code.bytes())?).ok()?;
        self.names.get(index).map(AsRef::as_ref)
    }

    /// All codes, each with its name; the shorter ones first.
    pub fn iter(&self) -> impl Iterator<Item = (String, &str)> {
        self.codes.iter().map(|code| code.written()).zip(self.names.iter().map(AsRef::as_ref))
    }

    /// The codes without what only words need.
    pub(super) fn set(&self) -> &Arc<CodeSet> {
        &self.set
    }

    pub(super) fn has(&self, code: Code) -> bool {
        self.set.has(code)
    }
}

/// Codes by a hash of theirs, at most every second slot taken: whether one is there is mostly one look.
#[derive(Debug, Clone)]
pub(super) struct CodeSet {
    /// A power of two of them, at least two.
    codes: Box<[Option<Code>]>,
    /// How far a hash is shifted down to be a slot.
    shift: u32,
}

impl CodeSet {
    fn of(codes: &[Code]) -> Self {
        let count = (2 * codes.len()).next_power_of_two().max(2);
        let mut slots = Self { codes: vec![None; count].into(), shift: u64::BITS - count.trailing_zeros() };
        for code in codes {
            let free = slots.from(*code).find(|at| slots.codes.get(*at).is_some_and(Option::is_none));
            let slot = free.and_then(|at| slots.codes.get_mut(at));
            slot.into_iter().for_each(|slot| *slot = Some(*code));
        }
        slots
    }

    /// The slots in which a code is looked for, one after the other.
    #[inline]
    fn from(&self, Code(code): Code) -> impl Iterator<Item = usize> + use<> {
        let first = usize::try_from(code.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift).unwrap_or_default();
        let mask = self.codes.len() - 1;
        (0..=mask).map(move |step| (first + step) & mask)
    }

    #[inline]
    pub(super) fn has(&self, code: Code) -> bool {
        let found = self.from(code).map_while(|at| self.codes.get(at).copied().flatten());
        found.into_iter().any(|found| found == code)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::catalogue;
    use super::{Code, CodeList, CodeSet};
    use crate::grammar::{DataId, DirectoryKey};

    fn check(code: &str, expected: Option<&str>) {
        let catalogue =
            catalogue("directory T:1:UN\nelement 1000 an..8\ncodes 1000\n  B Second\n  A\n  12345678 Longest\n");
        let table = catalogue.directory(&DirectoryKey::read("T:1:UN").unwrap()).unwrap();
        let list = table.codes(DataId::read("1000").unwrap()).unwrap();
        assert_eq!((list.len(), list.is_empty()), (3, false));
        assert_eq!(list.name(code), expected);
        let all: Vec<(String, &str)> = list.iter().collect();
        assert_eq!(
            all,
            [("A", ""), ("B", "Second"), ("12345678", "Longest")].map(|(code, name)| (code.to_owned(), name))
        );
    }

    #[test]
    fn a_code_has_the_name_that_its_line_gives() {
        check("B", Some("Second"));
        check("A", Some(""));
        check("12345678", Some("Longest"));
    }

    #[test]
    fn a_set_has_its_codes_and_no_others() {
        for count in 0..200 {
            let codes: Vec<Code> = (0..count).map(|number| Code(number * 7)).collect();
            let set = CodeSet::of(&codes);
            for number in 0..count * 7 + 7 {
                assert_eq!(set.has(Code(number)), number % 7 == 0 && number / 7 < count, "{number} of {count}");
            }
        }
    }

    #[test]
    fn a_list_without_codes_is_empty() {
        assert!(CodeList::new(DataId::read("1000").unwrap(), []).is_empty());
    }

    #[test]
    fn what_is_not_in_the_list_has_none() {
        check("b", None);
        check("", None);
        check("012345678", None);
    }
}
