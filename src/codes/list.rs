//! One code list, and looking things up in it.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use super::nearest::Nearest;
use super::slots::{Slot, Slots};
use crate::language::Language;

/// Codes, their names and the days on which they are valid.
#[derive(Debug, Clone)]
pub struct CodeList {
    name: &'static str,
    file: PathBuf,
    is_sample: bool,
    /// By code, then by the day from which they are valid.
    codes: Vec<Code>,
    /// Where in `codes` each of them begins: what a look-up goes by.
    slots: Slots,
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
        let slots = Slots::of(&codes);
        let count = codes.chunk_by(|one, other| one.code == other.code).count();
        let nearest = Nearest::new(&codes);
        Self { name, file: file.to_owned(), is_sample, codes, slots, count, nearest }
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

    /// Whether a code is valid on every day there is: one of its rows has neither a first day nor a last.
    ///
    /// It is the cheapest look-up there is. Where it says yes, [`CodeList::is_valid`] does so on any day; where it says no,
    /// the code is unknown, or it takes a day to judge it. So whoever reads many values need keep only the latter until
    /// their day is known.
    #[inline]
    #[must_use]
    pub fn is_always_valid(&self, code: &str) -> bool {
        self.slot(code).is_some_and(|slot| slot.is_always_valid)
    }

    /// Whether a code is valid on a day.
    #[inline]
    #[must_use]
    pub fn is_valid(&self, code: &str, on: Date) -> bool {
        self.slot(code).is_some_and(|slot| slot.is_always_valid || self.entry_at(slot, on).is_some())
    }

    /// What the list says of a code on a day.
    #[inline]
    #[must_use]
    pub fn entry(&self, code: &str, on: Date) -> Option<&Code> {
        self.entry_at(self.slot(code)?, on)
    }

    /// All that the list says of a code, earliest period first.
    #[must_use]
    pub fn periods(&self, code: &str) -> &[Code] {
        let rest = self.slot(code).and_then(|slot| self.codes.get(slot.row()..)).unwrap_or_default();
        let count = rest.iter().take_while(|entry| &*entry.code == code).count();
        rest.get(..count).unwrap_or_default()
    }

    /// Whether a code is or was or will be valid.
    #[must_use]
    pub fn knows(&self, code: &str) -> bool {
        self.slot(code).is_some()
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
        let begin = self.codes.partition_point(|entry| &*entry.code < prefix);
        let rest = self.codes.get(begin..).unwrap_or_default();
        rest.iter().take_while(move |entry| entry.code.starts_with(prefix))
    }

    #[inline]
    fn slot(&self, code: &str) -> Option<&Slot> {
        self.slots.find(&self.codes, code)
    }

    /// The row that is valid on a day, of the code that has this slot.
    #[inline]
    fn entry_at(&self, slot: &Slot, on: Date) -> Option<&Code> {
        let first = self.codes.get(slot.row())?;
        if first.is_valid(on) { Some(first) } else { self.later_entry(slot.row(), on) }
    }

    /// The row that is valid on a day, of the code of this row, which is not.
    fn later_entry(&self, row: usize, on: Date) -> Option<&Code> {
        let (first, rest) = self.codes.get(row..)?.split_first()?;
        rest.iter().take_while(|entry| entry.code == first.code).find(|entry| entry.is_valid(on))
    }
}

impl Code {
    /// Its name in a language.
    #[must_use]
    pub fn name_in(&self, language: Language) -> &str {
        language.choose(&self.english, &self.french)
    }

    /// Whether it is valid on a day.
    #[inline]
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

    /// Whether it is valid on every day there is.
    pub(super) fn is_always_valid(&self) -> bool {
        self.from.is_none() && self.until.is_none()
    }
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
    fn a_code_is_always_valid_when_it_neither_begins_nor_ends() {
        let day = date(2026, 1, 1);
        let list = list(vec![
            code("AAA", None, None),
            code("BBB", Some(day), None),
            code("CCC", None, Some(day)),
            code("DDD", None, Some(day)),
            code("DDD", Some(day), None),
        ]);
        assert_eq!(
            ["AAA", "BBB", "CCC", "DDD", "EEE"].map(|code| list.is_always_valid(code)),
            [true, false, false, false, false]
        );
        assert!([Date::MIN, day, Date::MAX].iter().all(|on| list.is_valid("AAA", *on) && list.is_valid("DDD", *on)));
    }

    #[test]
    fn rows_are_found_by_what_their_codes_begin_with() {
        let list = list(vec![code("12", None, None), code("123", None, None), code("13", None, None)]);
        let beginning_with = |prefix| list.beginning_with(prefix).map(|entry| &*entry.code).collect::<Vec<_>>();
        assert_eq!(beginning_with("12"), ["12", "123"]);
        assert_eq!(beginning_with("2"), [""; 0]);
        assert_eq!(beginning_with("").len(), 3);
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
