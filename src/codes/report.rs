//! What `lodged codes check` and `lodged codes show` say. Each report is data and prints itself for people.

use std::{fmt, path::Path};

use jiff::civil::Date;
use serde::Serialize;

use super::{Code, CodeList, CodeLists, Detail, Mistake, UnknownList, directory};
use crate::language::Language;

/// What a directory of code lists holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Each list, as far as it could be read.
    pub lists: Vec<ListCount>,
    /// Every mistake. Lists with any are not taken into use.
    pub mistakes: Vec<Mistake>,
}

/// How much is in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListCount {
    /// Its name.
    pub name: &'static str,
    /// How many codes it has.
    pub codes: usize,
    /// Whether it says of itself that it is a sample.
    pub is_sample: bool,
}

/// What a list, or one code of it, says on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown<'a> {
    /// The list.
    pub list: &'static str,
    /// The day.
    pub on: Date,
    /// The codes that are valid that day; or all periods of the code that was asked for.
    pub codes: Vec<ShownCode<'a>>,
    /// The code that was perhaps meant, when the one asked for is unknown.
    pub nearest: Option<&'a str>,
}

/// One row that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownCode<'a> {
    /// The code.
    pub code: &'a str,
    /// Its name in the language asked for.
    pub name: &'a str,
    /// The first day on which it is valid.
    pub from: Option<Date>,
    /// The first day on which it is not valid any more.
    pub until: Option<Date>,
    /// Whether it is valid on the day asked for.
    pub is_valid: bool,
    /// What hangs on it.
    pub detail: &'a Detail,
}

/// Reads every list of a directory and tells what is in it and what is wrong with it.
#[must_use]
pub fn check(dir: &Path) -> CheckReport {
    let (lists, mistakes) = directory::read_directory(dir);
    let count = |list: &CodeList| ListCount { name: list.name(), codes: list.len(), is_sample: list.is_sample() };
    CheckReport { lists: lists.iter().map(count).collect(), mistakes }
}

/// The codes of a list that are valid on a day; or, when a code is given, all its periods, valid that day or not.
///
/// # Errors
/// No list has this name.
pub fn show<'a>(
    lists: &'a CodeLists,
    name: &str,
    code: Option<&str>,
    on: Date,
    language: Language,
) -> Result<Shown<'a>, UnknownList> {
    let list = lists.list_or_hint(name)?;
    let row = |entry: &'a Code| ShownCode {
        code: &entry.code,
        name: entry.name_in(language),
        from: entry.from,
        until: entry.until,
        is_valid: entry.is_valid(on),
        detail: &entry.detail,
    };
    let codes = match code {
        Some(code) => list.periods(code).iter().map(row).collect(),
        None => list.iter().filter(|entry| entry.is_valid(on)).map(row).collect(),
    };
    Ok(Shown { list: list.name(), on, codes, nearest: code.and_then(|code| list.nearest(code)) })
}

impl CheckReport {
    /// Whether the lists can be taken into use.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for list in &self.lists {
            let remark = if list.is_sample { "  a sample: replace it before real use" } else { "" };
            writeln!(f, "{:<20}{:>8}{remark}", list.name, list.codes)?;
        }
        for mistake in &self.mistakes {
            writeln!(f, "{mistake}")?;
        }
        match self.mistakes.len() {
            0 => writeln!(f, "no mistakes"),
            1 => writeln!(f, "1 mistake; these lists would not be taken into use"),
            count => writeln!(f, "{count} mistakes; these lists would not be taken into use"),
        }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for code in &self.codes {
            writeln!(f, "{code}")?;
        }
        match self.nearest {
            Some(nearest) => writeln!(f, "unknown in {}; perhaps {nearest}?", self.list),
            None if self.codes.is_empty() => writeln!(f, "nothing in {} on {}", self.list, self.on),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ShownCode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10}{}", self.code, self.name)?;
        match self.detail {
            Detail::None | Detail::Unit(None) | Detail::MinorUnits(None) => {}
            Detail::Unit(Some(unit)) => write!(f, "  in {unit}")?,
            Detail::MinorUnits(Some(places)) => write!(f, "  {places} decimal places")?,
            Detail::Rate(rate) => write!(f, "  {rate} CAD")?,
        }
        if let Some(from) = self.from {
            write!(f, "  from {from}")?;
        }
        if let Some(until) = self.until {
            write!(f, "  until {until}")?;
        }
        if self.is_valid { Ok(()) } else { f.write_str("  not valid") }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use jiff::civil::date;

    use super::*;

    fn check_shown(list: &str, code: Option<&str>, language: Language, expected: &Expect) {
        let lists = CodeLists::embedded();
        expected.assert_eq(&show(&lists, list, code, date(2026, 6, 1), language).unwrap().to_string());
    }

    #[test]
    fn a_list_shows_what_is_valid_that_day() {
        check_shown(
            "provinces",
            None,
            Language::Fr,
            &expect![[r#"
            AB        Alberta
            BC        Colombie-Britannique
            MB        Manitoba
            NB        Nouveau-Brunswick
            NL        Terre-Neuve-et-Labrador
            NS        Nouvelle-Écosse
            NT        Territoires du Nord-Ouest
            NU        Nunavut
            ON        Ontario
            PE        Île-du-Prince-Édouard
            QC        Québec
            SK        Saskatchewan
            YT        Yukon
        "#]],
        );
    }

    #[test]
    fn a_code_shows_its_periods_even_when_they_are_over() {
        check_shown(
            "currencies",
            Some("HRK"),
            Language::En,
            &expect![[r#"
            HRK       Kuna  2 decimal places  until 2023-01-15  not valid
        "#]],
        );
        check_shown(
            "hs-export-codes",
            Some("84717000"),
            Language::En,
            &expect![[r#"
            84717000  Storage units for data processing machines  in NMB
        "#]],
        );
    }

    #[test]
    fn an_unknown_code_shows_what_was_perhaps_meant() {
        check_shown(
            "units",
            Some("kgm"),
            Language::En,
            &expect![[r#"
            unknown in units; perhaps KGM?
        "#]],
        );
        check_shown(
            "units",
            Some("???"),
            Language::En,
            &expect![[r#"
            nothing in units on 2026-06-01
        "#]],
        );
    }

    #[test]
    fn the_shipped_lists_check_clean_and_name_their_samples() {
        let report = check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars/codes"));
        assert!(report.is_clean());
        expect![[r#"
            countries                250
            provinces                 13
            currencies               181
            modes                     10
            units                     63
            package-types            405
            cbsa-offices              23  a sample: replace it before real use
            hs-export-codes           95  a sample: replace it before real use
            reasons-for-export        11  a sample: replace it before real use
            exchange-rates             0  a sample: replace it before real use
            no mistakes
        "#]]
        .assert_eq(&report.to_string());
    }

    #[test]
    fn missing_and_misnamed_files_are_told() {
        let dir = tempfile::tempdir().unwrap();
        for shape in super::super::SHAPES.iter().filter(|shape| shape.name != "units") {
            std::fs::write(dir.path().join(shape.file_name()), shape.shipped).unwrap();
        }
        std::fs::write(dir.path().join("unit.csv"), "").unwrap();
        let report = check(dir.path());
        let said: Vec<String> = report.mistakes.iter().map(ToString::to_string).collect();
        assert!(
            said[0].ends_with(
                "unit.csv: no code list has this name (perhaps units.csv?); rename the file or take it away"
            )
        );
        assert!(said[1].contains("units.csv: the file cannot be read"));
        assert_eq!(said.len(), 2, "units are not looked for in a list that could not be read");
    }

    #[test]
    fn a_unit_that_no_list_knows_is_told_at_its_line() {
        let dir = tempfile::tempdir().unwrap();
        for shape in &super::super::SHAPES {
            std::fs::write(dir.path().join(shape.file_name()), shape.shipped.replace("NMB", "NUM")).unwrap();
        }
        std::fs::write(
            dir.path().join("hs-export-codes.csv"),
            "code,english,french,from,until,unit\n84717000,a,b,,,NMB\n",
        )
        .unwrap();
        let said = check(dir.path()).to_string();
        assert!(said.contains("hs-export-codes.csv:2: the unit \"NMB\" is not in units.csv"), "{said}");
    }
}
