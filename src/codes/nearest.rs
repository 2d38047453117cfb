//! What somebody may have meant by a code that a list does not know.

use std::ops::Range;
use std::str::Chars;

use super::list::Code;

/// Most codes among which the nearest is looked for. A longer list is searched around the place where the unknown code
/// would stand.
const CANDIDATES_MAX: usize = 512;

/// Characters that a code has at least when a slip of the hand in it is forgiven.
const SLIP_LENGTH_MIN: usize = 3;

/// Most bytes at the end of a code that are looked for.
const TAIL_LENGTH_MAX: usize = size_of::<u64>();

/// Where to look in a list, made once with it, so that many wrong codes cannot keep the gateway busy.
///
/// A slip of the hand leaves the head of a code whole or its tail, and codes with this head stand together anyway.
#[derive(Debug, Clone, Default)]
pub(super) struct Nearest {
    /// The keys of all names, each with its row.
    names: Vec<(u64, usize)>,
    /// What the codes end with, each with its row.
    tails: Vec<(u64, usize)>,
    /// Bytes of a head.
    head: usize,
    /// Bytes of a tail.
    tail: usize,
}

impl Nearest {
    /// For these rows, sorted by code.
    pub(super) fn new(codes: &[Code]) -> Self {
        let forgiven = || codes.iter().zip(0..).filter(|(entry, _)| entry.code.len() >= SLIP_LENGTH_MIN);
        let shortest = forgiven().map(|(entry, _)| entry.code.len()).min().unwrap_or_default();
        let head = shortest / 2;
        let tail = shortest.saturating_sub(head + 1).min(TAIL_LENGTH_MAX);
        let mut tails: Vec<_> =
            forgiven().filter_map(|(entry, row)| Some((tail_key(&entry.code, tail)?, row))).collect();
        let keys = |(entry, row): (&Code, usize)| [&entry.english, &entry.french].map(|name| (name_key(name), row));
        let mut names: Vec<_> = codes.iter().zip(0..).flat_map(keys).collect();
        tails.sort_unstable();
        names.sort_unstable();
        names.dedup();
        Self { names, tails, head, tail }
    }

    /// The code that was meant, among the rows that this was made for; of several that are as near, the first. Codes that
    /// end are not proposed.
    pub(super) fn find<'c>(&self, codes: &'c [Code], meant: &str) -> Option<&'c str> {
        let near = Near { codes, rows: rows_around(codes, meant) };
        let upper = meant.to_ascii_uppercase();
        near.in_upper_case(&upper).or_else(|| self.named(&near, meant)).or_else(|| self.slipped(&near, &upper))
    }

    /// The code of this name.
    fn named<'c>(&self, near: &Near<'c>, meant: &str) -> Option<&'c str> {
        let is_named = |entry: &Code| [&entry.english, &entry.french].into_iter().any(|name| is_same_name(name, meant));
        near.first(near.among(&self.names, name_key(meant)), is_named)
    }

    /// The code that one slip of the hand makes the one that was written, in upper case.
    fn slipped<'c>(&self, near: &Near<'c>, upper: &str) -> Option<&'c str> {
        let (head, tail) = upper.as_bytes().get(..self.head).zip(tail_key(upper, self.tail))?;
        let rows = near.beginning_with(head).chain(near.among(&self.tails, tail));
        near.first(rows, |entry| {
            let length = entry.code.len();
            length >= SLIP_LENGTH_MIN && upper.len().abs_diff(length) <= 1 && is_one_slip(&entry.code, upper)
        })
    }
}

/// The rows that are looked through.
struct Near<'c> {
    codes: &'c [Code],
    rows: Range<usize>,
}

impl<'c> Near<'c> {
    /// The code that is written so. Every form of code is in upper case.
    fn in_upper_case(&self, upper: &str) -> Option<&'c str> {
        self.first(self.beginning_with(upper.as_bytes()), |entry| &*entry.code == upper)
    }

    /// The rows whose codes begin so.
    fn beginning_with(&self, head: &[u8]) -> impl Iterator<Item = usize> {
        let rows = self.codes.get(self.rows.clone()).unwrap_or_default();
        let begin = rows.partition_point(|entry| entry.code.as_bytes() < head);
        let rest = rows.get(begin..).unwrap_or_default();
        let count = rest.iter().take_while(|entry| entry.code.as_bytes().starts_with(head)).count();
        (self.rows.start + begin..).take(count)
    }

    /// The rows that have this key in an index.
    fn among(&self, index: &[(u64, usize)], key: u64) -> impl Iterator<Item = usize> {
        let begin = index.partition_point(|known| *known < (key, self.rows.start));
        let rest = index.get(begin..).unwrap_or_default();
        rest.iter().take_while(move |known| **known < (key, self.rows.end)).map(|(_, row)| *row)
    }

    /// The first code of these rows that has no end and is the one.
    fn first(&self, rows: impl Iterator<Item = usize>, is_meant: impl Fn(&Code) -> bool) -> Option<&'c str> {
        let is_proposed =
            |row: &usize| self.codes.get(*row).is_some_and(|entry| entry.until.is_none() && is_meant(entry));
        self.codes.get(rows.filter(is_proposed).min()?).map(|entry| &*entry.code)
    }
}

/// The rows around the place where a code would stand.
fn rows_around(codes: &[Code], code: &str) -> Range<usize> {
    if codes.len() <= CANDIDATES_MAX {
        return 0..codes.len();
    }
    let place = codes.partition_point(|entry| &*entry.code < code);
    let end = place.saturating_add(CANDIDATES_MAX / 2).min(codes.len());
    end.saturating_sub(CANDIDATES_MAX)..end
}

/// The last bytes of a code as a number; none when it has fewer.
fn tail_key(code: &str, length: usize) -> Option<u64> {
    let begin = code.len().checked_sub(length)?;
    Some(code.bytes().skip(begin).fold(0, |key, byte| key << 8 | u64::from(byte)))
}

/// A number that names have in common which differ at most in letter case (FNV-1a, by characters).
fn name_key(name: &str) -> u64 {
    let letters = name.chars().flat_map(char::to_lowercase);
    letters.fold(0xcbf2_9ce4_8422_2325, |key, letter| (key ^ u64::from(letter)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Whether two names differ at most in letter case.
fn is_same_name(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
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

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::path::Path;

    use jiff::civil::{Date, date};
    use proptest::collection::vec;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::super::list::{CodeList, Detail};
    use super::*;

    fn code(code: &str, name: &str, until: Option<Date>) -> Code {
        let name = name.to_owned().into_boxed_str();
        Code {
            code: code.into(),
            english: name.clone(),
            french: name,
            from: None,
            until,
            detail: Detail::None,
            line: 1,
        }
    }

    fn list(codes: Vec<Code>) -> CodeList {
        CodeList::new("units", Path::new("units.csv"), false, codes)
    }

    fn check_nearest(code: &str, expected: Option<&str>) {
        let lists = super::super::CodeLists::embedded();
        let nearest = ["countries", "units", "hs-export-codes"].map(|name| lists.list(name).unwrap().nearest(code));
        assert_eq!(nearest.into_iter().flatten().next(), expected, "{code}");
    }

    /// The same, found without an index: every row around is weighed.
    fn weighed<'c>(codes: &'c [Code], meant: &str) -> Option<&'c str> {
        let upper = meant.to_ascii_uppercase();
        let weight = |entry: &Code| {
            let is_slip = || {
                let is_forgiven = entry.code.len() >= 3 && entry.code.len().abs_diff(upper.len()) <= 1;
                is_forgiven && strsim::osa_distance(&entry.code, &upper) == 1
            };
            match () {
                () if entry.code.eq_ignore_ascii_case(meant) => Some(3),
                () if is_same_name(&entry.english, meant) => Some(2),
                () => is_slip().then_some(1),
            }
        };
        let around = codes.get(rows_around(codes, meant)).unwrap_or_default();
        let proposed = around.iter().filter(|entry| entry.until.is_none());
        let weighed = proposed.filter_map(|entry| Some((weight(entry)?, Reverse(&*entry.code))));
        weighed.max().map(|(_, Reverse(code))| code)
    }

    proptest! {
        #[test]
        fn the_index_finds_what_weighing_every_row_finds(
            codes in vec("[AB1]{2,9}", 1..20),
            meant in "[ABab1é]{1,10}",
        ) {
            let name = |code: &str| code.get(1..).unwrap_or_default().to_lowercase();
            let mut codes: Vec<Code> = codes.iter().map(|text| code(text, &name(text), None)).collect();
            codes.sort_by(|one, other| one.code.cmp(&other.code));
            prop_assert_eq!(Nearest::new(&codes).find(&codes, &meant), weighed(&codes, &meant));
        }

        #[test]
        fn one_slip_is_a_distance_of_one(one in "[abé]{0,5}", other in "[abé]{0,5}") {
            prop_assert_eq!(is_one_slip(&one, &other), strsim::osa_distance(&one, &other) == 1);
        }
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
        assert_eq!(list(vec![code("AAA", "", None), code("AAB", "", None)]).nearest("AAA"), None);
    }

    #[test]
    fn ended_codes_are_not_proposed() {
        assert_eq!(list(vec![code("AAA", "", Some(date(2020, 1, 1)))]).nearest("AAB"), None);
    }

    #[test]
    fn long_lists_are_searched_nearby() {
        let codes: Vec<Code> = (10_000_000..10_002_000).map(|number| code(&number.to_string(), "", None)).collect();
        assert_eq!(rows_around(&codes, "10001000").len(), CANDIDATES_MAX);
        assert_eq!(rows_around(&codes, "99999999"), 2_000 - CANDIDATES_MAX..2_000);
        let long = list(codes);
        assert_eq!(long.nearest("1000100X"), Some("10001000"));
        assert_eq!(long.nearest("00001999"), None);
    }
}
