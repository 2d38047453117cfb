//! Code lists: which codes are valid on which day, what they are called in two languages, and the few facts that hang
//! on them (the unit of an export code, the decimal places of a currency, the rate to the Canadian dollar).
//!
//! Start with [`CodeLists`]. The lists are CSV files that an operator may replace; [`check`], [`show`] and [`import`]
//! stand behind the commands that do it. A set of lists is read whole or not at all, and never changes afterwards: a
//! reload makes a new one. Nothing here asks for the time: every look-up takes the day.

// What a list is, and looking things up in it.
mod list;
mod nearest;
mod shape;
mod slots;

// From files to lists, and every mistake in them.
mod directory;
mod mistake;
mod reading;

// Behind the commands.
mod import;
mod report;

use std::path::Path;

use jiff::civil::Date;
use rust_decimal::Decimal;

pub use import::{ImportReport, ImportTrouble, import};
pub use list::{Code, CodeList, Detail};
pub use mistake::{CodeListTrouble, Fault, Mistake, UnknownList};
pub use report::{CheckReport, ListCount, Shown, ShownCode, check, show};
pub use shape::{FILE_BYTES_MAX, ROWS_MAX};

use shape::{SHAPES, Shape};

/// All code lists, read at one moment.
#[derive(Debug, Clone)]
pub struct CodeLists {
    lists: Vec<CodeList>,
}

impl CodeLists {
    /// The lists in a directory: one file for each name in [`CodeLists::names`], and no other `.csv` file.
    ///
    /// # Errors
    /// Every mistake of every file at once. A set of lists with a mistake is not used.
    pub fn load(dir: &Path) -> Result<Self, CodeListTrouble> {
        match directory::read_directory(dir) {
            (lists, mistakes) if mistakes.is_empty() => Ok(lists),
            (_, mistakes) => Err(CodeListTrouble { mistakes }),
        }
    }

    /// The lists as they were shipped with this program.
    ///
    /// # Panics
    /// Never in a program whose tests passed: they read the same files.
    #[must_use]
    pub fn embedded() -> Self {
        let (lists, mistakes) = directory::read_shipped();
        assert!(mistakes.is_empty(), "a shipped code list is wrong: {mistakes:?}");
        lists
    }

    /// The names of all lists, in the order in which they are shown.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHAPES.iter().map(|shape| shape.name)
    }

    /// The list of this name.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<&CodeList> {
        self.lists.iter().find(|list| list.name() == name)
    }

    /// The list of this name, for a person who may have mistyped it.
    ///
    /// # Errors
    /// No list has this name; the trouble knows the nearest one.
    pub fn list_or_hint(&self, name: &str) -> Result<&CodeList, UnknownList> {
        self.list(name).ok_or_else(|| UnknownList::new(name))
    }

    /// All lists, in the order of [`CodeLists::names`].
    pub fn iter(&self) -> impl Iterator<Item = &CodeList> {
        self.lists.iter()
    }

    /// The unit in which the quantity of goods of this export code is stated. The outer `None`: the code is not valid
    /// that day; the inner one: it is, and its goods have no unit.
    #[must_use]
    pub fn unit_of(&self, hs_export_code: &str, on: Date) -> Option<Option<&str>> {
        match &self.list(shape::HS_EXPORT_CODES)?.entry(hs_export_code, on)?.detail {
            Detail::Unit(unit) => Some(unit.as_deref()),
            Detail::None | Detail::MinorUnits(_) | Detail::Rate(_) => None,
        }
    }

    /// The decimal places of amounts in this currency. The outer `None`: the currency is not valid that day; the inner
    /// one: ISO 4217 says that none apply.
    #[must_use]
    pub fn minor_units_of(&self, currency: &str, on: Date) -> Option<Option<u8>> {
        match self.list(shape::CURRENCIES)?.entry(currency, on)?.detail {
            Detail::MinorUnits(places) => Some(places),
            Detail::None | Detail::Unit(_) | Detail::Rate(_) => None,
        }
    }

    /// Canadian dollars for one unit of this currency that day. `None` when no rate is known.
    #[must_use]
    pub fn rate_to_cad(&self, currency: &str, on: Date) -> Option<Decimal> {
        if currency == shape::CANADIAN_DOLLAR {
            return Some(Decimal::ONE);
        }
        match self.list(shape::EXCHANGE_RATES)?.entry(currency, on)?.detail {
            Detail::Rate(rate) => Some(rate),
            Detail::None | Detail::Unit(_) | Detail::MinorUnits(_) => None,
        }
    }

    /// The same lists, with this one in the place of the one of the same name.
    fn with(mut self, replacement: &CodeList) -> Self {
        for list in self.lists.iter_mut().filter(|list| list.name() == replacement.name()) {
            list.clone_from(replacement);
        }
        self
    }

    /// What a list says of another that the other does not know: units and currencies.
    fn strangers(&self) -> Vec<Mistake> {
        let knows = |name, code: &str| self.list(name).is_some_and(|list| list.knows(code));
        let fault = |entry: &Code| match &entry.detail {
            Detail::Unit(Some(unit)) => {
                (!knows(shape::UNITS, unit)).then(|| Fault::UnknownUnit { unit: unit.to_string() })
            }
            Detail::Rate(_) => (!knows(shape::CURRENCIES, &entry.code))
                .then(|| Fault::UnknownCurrency { currency: entry.code.to_string() }),
            Detail::None | Detail::Unit(None) | Detail::MinorUnits(_) => None,
        };
        self.lists
            .iter()
            .flat_map(|list| list.iter().map(move |entry| (list, entry)))
            .filter_map(|(list, entry)| Some(Mistake::at(list.file(), entry.line, fault(entry)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 6, 1);

    fn check(list: &str, code: &str, on: Date, is_valid: bool) {
        let lists = CodeLists::embedded();
        assert_eq!(lists.list(list).unwrap().is_valid(code, on), is_valid, "{list} {code} {on}");
    }

    fn check_count(list: &str, expected: usize) {
        assert_eq!(CodeLists::embedded().list(list).unwrap().len(), expected, "{list}");
    }

    fn check_names(list: &str, code: &str, english: &str, french: &str) {
        let lists = CodeLists::embedded();
        let entry = lists.list(list).unwrap().entry(code, TODAY).unwrap();
        assert_eq!((&*entry.english, &*entry.french), (english, french));
    }

    #[test]
    fn every_shipped_file_is_without_mistake() {
        let (lists, mistakes) = directory::read_shipped();
        assert_eq!(mistakes, []);
        assert_eq!(lists.iter().count(), CodeLists::names().count());
    }

    #[test]
    fn the_shipped_directory_is_what_is_embedded() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars/codes");
        let loaded = CodeLists::load(&dir).unwrap();
        for (loaded, embedded) in loaded.iter().zip(CodeLists::embedded().iter()) {
            assert!(loaded.iter().eq(embedded.iter()), "{}", loaded.name());
        }
    }

    #[test]
    fn whole_lists_have_all_their_codes() {
        check_count("countries", 250);
        check_count("provinces", 13);
        check_count("currencies", 181);
        check_count("modes", 10);
        check_count("units", 63);
        check_count("package-types", 405);
    }

    #[test]
    fn samples_say_that_they_are() {
        let lists = CodeLists::embedded();
        let samples: Vec<&str> = lists.iter().filter(|list| list.is_sample()).map(CodeList::name).collect();
        assert_eq!(samples, ["cbsa-offices", "hs-export-codes", "reasons-for-export", "exchange-rates"]);
    }

    #[test]
    fn codes_of_every_list_are_known() {
        check("countries", "CA", TODAY, true);
        check("countries", "XK", TODAY, true);
        check("countries", "UK", TODAY, false);
        check("provinces", "QC", TODAY, true);
        check("provinces", "PQ", TODAY, false);
        check("modes", "1", TODAY, true);
        check("units", "KGM", TODAY, true);
        check("package-types", "PX", TODAY, true);
        check("cbsa-offices", "0497", TODAY, true);
        check("reasons-for-export", "LEA", TODAY, true);
    }

    #[test]
    fn a_currency_ends_the_day_it_ends() {
        check("currencies", "HRK", date(2023, 1, 14), true);
        check("currencies", "HRK", date(2023, 1, 15), false);
    }

    #[test]
    fn a_currency_begins_the_day_it_begins() {
        check("currencies", "XCG", date(2025, 3, 30), false);
        check("currencies", "XCG", date(2025, 3, 31), true);
    }

    #[test]
    fn codes_are_compared_as_they_stand() {
        check("countries", "ca", TODAY, false);
        check("countries", " CA", TODAY, false);
        check("countries", "", TODAY, false);
    }

    #[test]
    fn french_names_have_their_accents() {
        check_names("countries", "DE", "Germany", "Allemagne");
        check_names("countries", "US", "United States of America", "États-Unis d’Amérique");
        check_names("provinces", "PE", "Prince Edward Island", "Île-du-Prince-Édouard");
        check_names("currencies", "CHF", "Swiss franc", "Franc suisse");
        check_names("modes", "4", "Air transport", "Transport aérien");
        check_names("units", "NMB", "number", "nombre");
        check_names("package-types", "DR", "Drum", "Fût");
        check_names("reasons-for-export", "REP", "Repair", "Réparation");
    }

    #[test]
    fn french_is_not_english_copied() {
        for (list, same_max) in [("countries", 110), ("modes", 0), ("package-types", 20), ("hs-export-codes", 5)] {
            let lists = CodeLists::embedded();
            let same = lists.list(list).unwrap().iter().filter(|entry| entry.english == entry.french).count();
            assert!(same <= same_max, "{list}: {same}");
        }
    }

    #[test]
    fn an_export_code_has_its_unit() {
        let lists = CodeLists::embedded();
        assert_eq!(lists.unit_of("84717000", TODAY), Some(Some("NMB")));
        assert_eq!(lists.unit_of("90189000", TODAY), Some(None));
        assert_eq!(lists.unit_of("77000000", TODAY), None);
        assert_eq!(lists.unit_of("97012100", date(2021, 12, 31)), None);
    }

    #[test]
    fn a_currency_has_its_decimal_places() {
        let lists = CodeLists::embedded();
        assert_eq!(lists.minor_units_of("CAD", TODAY), Some(Some(2)));
        assert_eq!(lists.minor_units_of("JPY", TODAY), Some(Some(0)));
        assert_eq!(lists.minor_units_of("XAU", TODAY), Some(None));
        assert_eq!(lists.minor_units_of("ZZZ", TODAY), None);
    }

    #[test]
    fn the_canadian_dollar_needs_no_rate() {
        let lists = CodeLists::embedded();
        assert_eq!(lists.rate_to_cad("CAD", TODAY), Some(Decimal::ONE));
        assert_eq!(lists.rate_to_cad("USD", TODAY), None);
    }

    #[test]
    fn an_unknown_list_name_has_a_hint() {
        let trouble = CodeLists::embedded().list_or_hint("contries").unwrap_err();
        assert_eq!(trouble.nearest, Some("countries"));
    }
}
