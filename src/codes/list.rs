//! One code list, and looking things up in it.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use super::nearest::Nearest;
use crate::language::Language;

/// Bytes of a code that a look-up goes by first. No form of code is longer.
const KEY_LENGTH: usize = size_of::<u64>();

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
    /// Where to look for what somebody meant.
    nearest: Nearest,
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
        let nearest = Nearest::new(&codes);
        Self { name, file: file.to_owned(), is_sample, codes, keys, count, nearest }
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
        self.alike(key(code)).iter().find(|entry| entry.is_called(code) && entry.is_valid(on))
    }

    /// All that the list says of a code, earliest period first.
    #[must_use]
    pub fn periods(&self, code: &str) -> &[Code] {
        let alike = self.alike(key(code)).split(|entry| !entry.is_called(code));
        alike.into_iter().find(|periods| !periods.is_empty()).unwrap_or_default()
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
        if meant.is_empty() || self.knows(code) { None } else { self.nearest.find(&self.codes, meant) }
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
        let key = key(prefix);
        let begin = self.keys.partition_point(|known| *known < key);
        let rest = self.codes.get(begin..).unwrap_or_default();
        rest.iter()
            .skip_while(move |entry| &*entry.code < prefix)
            .take_while(move |entry| entry.code.starts_with(prefix))
    }

    /// The rows whose codes have this key: those of one code, unless codes are longer than a key.
    fn alike(&self, key: u64) -> &[Code] {
        let begin = self.keys.partition_point(|known| *known < key);
        let rest = self.keys.get(begin..).unwrap_or_default();
        let count = rest.iter().take_while(|known| **known == key).count();
        self.codes.get(begin..begin + count).unwrap_or_default()
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

    /// Whether this is the code of a row with the same key.
    fn is_called(&self, code: &str) -> bool {
        self.code.len() == code.len() && (code.len() <= KEY_LENGTH || &*self.code == code)
    }
}

/// What a code begins with as a number, which sorts as they do.
fn key(code: &str) -> u64 {
    let begin = code.bytes().take(KEY_LENGTH).fold(0, |key, byte| key << 8 | u64::from(byte));
    let lacking = KEY_LENGTH.saturating_sub(code.len());
    if lacking == KEY_LENGTH { 0 } else { begin << (8 * lacking) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn code(code: &str, from: Option<Date>, until: Option<Date>) -> Code {
        let name = format!("Name of {code}").into_boxed_str();
        Code { code: code.into(), english: name.clone(), french: name, from, until, detail: Detail::None, line: 1 }
    }

    fn list(codes: Vec<Code>) -> CodeList {
        CodeList::new("units", Path::new("units.csv"), false, codes)
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

    #[test]
    fn periods_that_touch_do_not_overlap() {
        let day = date(2026, 1, 1);
        let before = code("AAA", None, Some(day));
        assert!(!before.overlaps(&code("AAA", Some(day), None)));
        assert!(before.overlaps(&code("AAA", Some(date(2025, 12, 31)), None)));
        assert!(before.overlaps(&code("AAA", None, None)));
    }
}
