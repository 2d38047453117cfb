//! One code list, and looking things up in it.

use std::{
    cmp::Reverse,
    path::{Path, PathBuf},
    str::Chars,
};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::language::Language;

/// Most codes that are compared with an unknown one in search of the nearest. A longer list is searched around the place
/// where the unknown code would stand, so that many wrong codes cannot keep the gateway busy.
const NEAREST_CANDIDATES_MAX: usize = 512;

/// Codes, their names and the days on which they are valid.
#[derive(Debug, Clone)]
pub struct CodeList {
    name: &'static str,
    file: PathBuf,
    is_sample: bool,
    /// By code, then by the day from which they are valid.
    codes: Vec<Code>,
    /// What each of `codes` begins with, as a number, in the same order: what a look-up goes by.
    keys: Vec<u64>,
    /// How many codes there are, those of several periods counted once.
    count: usize,
}

/// One row of a list: a code for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The code.
    pub code: Box<str>,
    /// Its English name.
    pub english: Box<str>,
    /// Its French name.
    pub french: Box<str>,
    /// The first day on which it is valid; always was, when `None`.
    pub from: Option<Date>,
    /// The first day on which it is not valid any more; no end is known, when `None`.
    pub until: Option<Date>,
    /// What hangs on it.
    pub detail: Detail,
    /// Its line in the file.
    #[serde(skip)]
    pub(super) line: u64,
}

/// What hangs on a code, in the lists that have such a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Nothing.
    None,
    /// The unit in which a quantity is stated, if any (`hs-export-codes`).
    Unit(Option<Box<str>>),
    /// The decimal places of an amount, if any apply (`currencies`).
    MinorUnits(Option<u8>),
    /// Canadian dollars for one unit, above zero (`exchange-rates`).
    Rate(Decimal),
}

impl CodeList {
    pub(super) fn new(name: &'static str, file: &Path, is_sample: bool, mut codes: Vec<Code>) -> Self {
        codes.sort_by(|one, other| (&one.code, one.from).cmp(&(&other.code, other.from)));
        let keys = codes.iter().map(|entry| key(&entry.code)).collect();
        let count = codes.chunk_by(|one, other| one.code == other.code).count();
        Self { name, file: file.to_owned(), is_sample, codes, keys, count }
    }

    /// Its name, as guides and commands use it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The file that it was read from.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether the file says of itself that it is a sample, to be replaced before real use.
    #[must_use]
    pub fn is_sample(&self) -> bool {
        self.is_sample
    }

    /// Whether a code is valid on a day.
    #[must_use]
    pub fn is_valid(&self, code: &str, on: Date) -> bool {
        self.entry(code, on).is_some()
    }

    /// What the list says of a code on a day.
    #[must_use]
    pub fn entry(&self, code: &str, on: Date) -> Option<&Code> {
        self.periods(code).iter().find(|entry| entry.is_valid(on))
    }

    /// All that the list says of a code, earliest period first.
    #[must_use]
    pub fn periods(&self, code: &str) -> &[Code] {
        let key = key(code);
        let begin = self.keys.partition_point(|known| *known < key);
        let rest = self.codes.get(begin..).unwrap_or_default();
        // Codes of more bytes than a key has may begin alike.
        let before = rest.iter().take_while(|entry| &*entry.code < code).count();
        let rest = rest.get(before..).unwrap_or_default();
        let count = rest.iter().take_while(|entry| &*entry.code == code).count();
        rest.get(..count).unwrap_or_default()
    }

    /// Whether a code is or was or will be valid.
    #[must_use]
    pub fn knows(&self, code: &str) -> bool {
        !self.periods(code).is_empty()
    }

    /// The code that somebody who wrote this one may have meant: written with other letter case or blanks, by its name,
    /// or with one slip of the hand in three characters or more. Codes that end are not proposed, and nothing is
    /// proposed for a code that the list knows.
    #[must_use]
    pub fn nearest(&self, code: &str) -> Option<&str> {
        let meant = code.trim();
        if meant.is_empty() || self.knows(code) {
            return None;
        }
        let upper = meant.to_ascii_uppercase();
        self.candidates(meant)
            .iter()
            .filter(|entry| entry.until.is_none())
            .filter_map(|entry| Some((entry.likeness(meant, &upper)?, entry)))
            .max_by_key(|(likeness, entry)| (*likeness, Reverse(&entry.code)))
            .map(|(_, entry)| &*entry.code)
    }

    /// Every row, by code and by the day from which it is valid.
    pub fn iter(&self) -> impl Iterator<Item = &Code> {
        self.codes.iter()
    }

    /// How many codes it has, those of several periods counted once.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it has no code at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// Every row whose code begins with this, by code and by the day from which it is valid.
    pub fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = &Code> {
        let begin = self.codes.partition_point(|entry| &*entry.code < prefix);
        let rest = self.codes.get(begin..).unwrap_or_default();
        rest.iter().take_while(move |entry| entry.code.starts_with(prefix))
    }

    /// The rows around the place where a code would stand.
    fn candidates(&self, code: &str) -> &[Code] {
        if self.codes.len() <= NEAREST_CANDIDATES_MAX {
            return &self.codes;
        }
        let place = self.codes.partition_point(|entry| &*entry.code < code);
        let end = place.saturating_add(NEAREST_CANDIDATES_MAX / 2).min(self.codes.len());
        self.codes.get(end.saturating_sub(NEAREST_CANDIDATES_MAX)..end).unwrap_or_default()
    }
}

impl Code {
    /// Its name in a language.
    #[must_use]
    pub fn name_in(&self, language: Language) -> &str {
        language.choose(&self.english, &self.french)
    }

    /// Whether it is valid on a day.
    #[must_use]
    pub fn is_valid(&self, on: Date) -> bool {
        self.from.is_none_or(|from| from <= on) && self.until.is_none_or(|until| on < until)
    }

    /// Whether there is a day on which both are valid.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let begins_in_time = |one: &Self, other: &Self| match (one.from, other.until) {
            (Some(from), Some(until)) => from < until,
            (None, _) | (_, None) => true,
        };
        begins_in_time(self, other) && begins_in_time(other, self)
    }

    /// Whether it is still valid when the other is not any more.
    pub(super) fn ends_after(&self, other: &Self) -> bool {
        other.until.is_some_and(|end| self.until.is_none_or(|until| end < until))
    }

    /// How much this is what somebody meant, more being more; `None` when it is not. `upper` is the same in upper case.
    fn likeness(&self, meant: &str, upper: &str) -> Option<u8> {
        if self.code.eq_ignore_ascii_case(meant) {
            Some(3)
        } else if [&self.english, &self.french].into_iter().any(|name| is_same_name(name, meant)) {
            Some(2)
        } else {
            let is_slip =
                self.code.len() >= 3 && meant.len().abs_diff(self.code.len()) <= 1 && is_one_slip(&self.code, upper);
            is_slip.then_some(1)
        }
    }
}

/// The first eight bytes of a code as a number, which sorts as they do. No form of code is longer.
fn key(code: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(code.bytes()).for_each(|(key, byte)| *key = byte);
    u64::from_be_bytes(bytes)
}

/// Whether one slip of the hand lies between two texts: a character too many, too few or wrong, or two swapped.
fn is_one_slip(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.chars(), other.chars());
    loop {
        let (from_one, from_other) = (one.clone(), other.clone());
        let (first, second) = (one.next(), other.next());
        if first != second {
            let is_swapped = |mut one: Chars<'_>, mut other: Chars<'_>| {
                one.next() == second && other.next() == first && one.eq(other)
            };
            return one.clone().eq(other.clone())
                || one.clone().eq(from_other)
                || other.clone().eq(from_one)
                || is_swapped(one, other);
        }
        if first.is_none() {
            return false;
        }
    }
}

/// Whether two names differ at most in letter case.
fn is_same_name(one: &str, other: &str) -> bool {
    // Most names differ in their first letter already.
    let first = |name: &str| name.bytes().next().filter(u8::is_ascii).map(|byte| byte.to_ascii_lowercase());
    if first(one).zip(first(other)).is_some_and(|(one, other)| one != other) {
        return false;
    }
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn code(code: &str, from: Option<Date>, until: Option<Date>) -> Code {
        let name = format!("Name of {code}").into_boxed_str();
        Code { code: code.into(), english: name.clone(), french: name, from, until, detail: Detail::None, line: 1 }
    }

    fn list(codes: Vec<Code>) -> CodeList {
        CodeList::new("units", Path::new("units.csv"), false, codes)
    }

    fn check_nearest(code: &str, expected: Option<&str>) {
        let lists = super::super::CodeLists::embedded();
        let nearest = ["countries", "units", "hs-export-codes"].map(|name| lists.list(name).unwrap().nearest(code));
        assert_eq!(nearest.into_iter().flatten().next(), expected, "{code}");
    }

    #[test]
    fn the_first_day_is_in_and_the_last_is_out() {
        let entry = code("AAA", Some(date(2026, 1, 1)), Some(date(2026, 2, 1)));
        let days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)];
        assert_eq!(days.map(|day| entry.is_valid(day)), [false, true, true, false]);
    }

    #[test]
    fn a_code_may_have_a_gap() {
        let list = list(vec![
            code("AAA", Some(date(2026, 1, 1)), None),
            code("AAA", None, Some(date(2024, 1, 1))),
            code("BBB", None, None),
        ]);
        assert!(list.is_valid("AAA", date(2023, 12, 31)));
        assert!(!list.is_valid("AAA", date(2025, 1, 1)));
        assert!(list.is_valid("AAA", date(2026, 1, 1)));
        assert_eq!((list.len(), list.iter().count(), list.periods("AAA").len()), (2, 3, 2));
    }

    #[test]
    fn codes_that_begin_alike_are_told_apart() {
        let list = list(vec![code("12345678A", None, None), code("12345678", None, None), code("AB", None, None)]);
        for known in ["12345678", "12345678A", "AB"] {
            assert_eq!(list.periods(known).len(), 1, "{known}");
        }
        for unknown in ["1234567", "123456789", "AB\0", "A", "", "ZZ"] {
            assert!(!list.knows(unknown), "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn one_slip_is_a_distance_of_one(one in "[abé]{0,5}", other in "[abé]{0,5}") {
            prop_assert_eq!(is_one_slip(&one, &other), strsim::osa_distance(&one, &other) == 1);
        }
    }

    #[test]
    fn periods_that_touch_do_not_overlap() {
        let day = date(2026, 1, 1);
        let before = code("AAA", None, Some(day));
        assert!(!before.overlaps(&code("AAA", Some(day), None)));
        assert!(before.overlaps(&code("AAA", Some(date(2025, 12, 31)), None)));
        assert!(before.overlaps(&code("AAA", None, None)));
    }

    #[test]
    fn other_letter_case_and_blanks_are_seen_through() {
        check_nearest("ca", Some("CA"));
        check_nearest(" kgm ", Some("KGM"));
    }

    #[test]
    fn a_name_is_as_good_as_a_code() {
        check_nearest("Canada", Some("CA"));
        check_nearest("états-unis d’amérique", Some("US"));
    }

    #[test]
    fn one_slip_is_forgiven_in_longer_codes_only() {
        check_nearest("KMG", Some("KGM"));
        check_nearest("84717001", Some("84717000"));
        check_nearest("8471700", Some("84717000"));
        check_nearest("Q", None);
    }

    #[test]
    fn far_codes_and_known_ones_have_no_nearest() {
        check_nearest("", None);
        check_nearest("QQQQQQQQQQ", None);
        assert_eq!(list(vec![code("AAA", None, None), code("AAB", None, None)]).nearest("AAA"), None);
    }

    #[test]
    fn ended_codes_are_not_proposed() {
        assert_eq!(list(vec![code("AAA", None, Some(date(2020, 1, 1)))]).nearest("AAB"), None);
    }

    #[test]
    fn long_lists_are_searched_nearby() {
        let long = list((10_000_000..10_002_000).map(|number| code(&number.to_string(), None, None)).collect());
        assert_eq!(long.candidates("10001000").len(), NEAREST_CANDIDATES_MAX);
        assert_eq!(long.candidates("99999999").len(), NEAREST_CANDIDATES_MAX / 2 + NEAREST_CANDIDATES_MAX / 2);
        assert_eq!(long.nearest("1000100X"), Some("10001000"));
    }
}
