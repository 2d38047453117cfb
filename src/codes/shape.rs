//! The one table of all code lists: their names, columns, the form of their codes, and the files that are shipped.

use rust_decimal::Decimal;

use super::{list::Detail, mistake::Fault};

/// Most rows of one list. The whole export classification has a tenth of them.
pub const ROWS_MAX: usize = 200_000;

/// Most bytes of one file.
pub const FILE_BYTES_MAX: usize = 64 << 20;

/// Most decimal places of an amount: ISO 4217 has four.
const MINOR_UNITS_MAX: u8 = 4;

pub(super) const CURRENCIES: &str = "currencies";
pub(super) const UNITS: &str = "units";
pub(super) const HS_EXPORT_CODES: &str = "hs-export-codes";
pub(super) const EXCHANGE_RATES: &str = "exchange-rates";

/// The currency of which one unit is always one Canadian dollar.
pub(super) const CANADIAN_DOLLAR: &str = "CAD";

/// What is particular to one list.
#[derive(Debug)]
pub(super) struct Shape {
    /// Its name, and with `.csv` the name of its file.
    pub(super) name: &'static str,
    /// The column of the codes.
    pub(super) key: &'static str,
    /// Whether its codes have names; those of the other lists stand for themselves.
    pub(super) is_named: bool,
    /// The column that only this list has.
    pub(super) extra: Option<Extra>,
    /// What its codes look like.
    pub(super) form: Form,
    /// The file as shipped.
    pub(super) shipped: &'static str,
}

/// A column that not every list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    /// The unit of an export code, or nothing.
    Unit,
    /// The decimal places of a currency, or nothing.
    MinorUnits,
    /// Canadian dollars for one unit of a currency.
    Rate,
}

/// What a code looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// This many upper-case letters.
    Letters(usize),
    /// This many digits.
    Digits(usize),
    /// This many upper-case letters or digits.
    LettersOrDigits(usize),
    /// Eight digits that begin with a chapter of the Harmonized System (01 to 97 without 77, 98 and 99 for special use).
    ExportCode,
}

/// Every list there is.
pub(super) const SHAPES: [Shape; 10] = [
    plain("countries", Form::Letters(2), include_str!("../../grammars/codes/countries.csv")),
    plain("provinces", Form::Letters(2), include_str!("../../grammars/codes/provinces.csv")),
    Shape {
        extra: Some(Extra::MinorUnits),
        ..plain(CURRENCIES, Form::Letters(3), include_str!("../../grammars/codes/currencies.csv"))
    },
    plain("modes", Form::Digits(1), include_str!("../../grammars/codes/modes.csv")),
    plain(UNITS, Form::Letters(3), include_str!("../../grammars/codes/units.csv")),
    plain("package-types", Form::LettersOrDigits(2), include_str!("../../grammars/codes/package-types.csv")),
    plain("cbsa-offices", Form::Digits(4), include_str!("../../grammars/codes/cbsa-offices.csv")),
    Shape {
        extra: Some(Extra::Unit),
        ..plain(HS_EXPORT_CODES, Form::ExportCode, include_str!("../../grammars/codes/hs-export-codes.csv"))
    },
    plain("reasons-for-export", Form::Letters(3), include_str!("../../grammars/codes/reasons-for-export.csv")),
    Shape {
        key: "currency",
        is_named: false,
        extra: Some(Extra::Rate),
        ..plain(EXCHANGE_RATES, Form::Letters(3), include_str!("../../grammars/codes/exchange-rates.csv"))
    },
];

/// A list with names and no column of its own.
const fn plain(name: &'static str, form: Form, shipped: &'static str) -> Shape {
    Shape { name, key: "code", is_named: true, extra: None, form, shipped }
}

impl Shape {
    /// The list of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        SHAPES.iter().find(|shape| shape.name == name)
    }

    /// The name of its file.
    pub(super) fn file_name(&self) -> String {
        format!("{}.csv", self.name)
    }

    /// The columns that its file has, each once.
    pub(super) fn columns(&self) -> Vec<&'static str> {
        let names: &[&str] = if self.is_named { &["english", "french"] } else { &[] };
        [self.key]
            .into_iter()
            .chain(names.iter().copied())
            .chain(["from", "until"])
            .chain(self.extra.map(Extra::column))
            .collect()
    }
}

impl Extra {
    /// Its name in the header.
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::MinorUnits => "minor_units",
            Self::Rate => "rate",
        }
    }

    /// What a value of this column says.
    pub(super) fn read(self, value: &str) -> Result<Detail, Fault> {
        match self {
            Self::Unit => Ok(Detail::Unit((!value.is_empty()).then(|| value.into()))),
            Self::MinorUnits if value.is_empty() => Ok(Detail::MinorUnits(None)),
            Self::MinorUnits => match value.parse() {
                Ok(places) if places <= MINOR_UNITS_MAX => Ok(Detail::MinorUnits(Some(places))),
                _ => Err(Fault::MinorUnits { value: value.to_owned(), max: MINOR_UNITS_MAX }),
            },
            Self::Rate => match Decimal::from_str_exact(value) {
                Ok(rate) if rate > Decimal::ZERO => Ok(Detail::Rate(rate)),
                _ => Err(Fault::Rate { value: value.to_owned() }),
            },
        }
    }
}

impl Form {
    /// Whether a code looks like this.
    pub(super) fn holds(self, code: &str) -> bool {
        let is_made_of =
            |length, is_allowed: fn(&u8) -> bool| code.len() == length && code.bytes().all(|b| is_allowed(&b));
        match self {
            Self::Letters(length) => is_made_of(length, u8::is_ascii_uppercase),
            Self::Digits(length) => is_made_of(length, u8::is_ascii_digit),
            Self::LettersOrDigits(length) => {
                is_made_of(length, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            }
            Self::ExportCode => is_made_of(8, u8::is_ascii_digit) && !code.starts_with("00") && !code.starts_with("77"),
        }
    }

    /// The same in words, to stand after "a code is".
    pub(super) fn words(self) -> String {
        match self {
            Self::Letters(length) => format!("{length} upper-case letters"),
            Self::Digits(1) => "1 digit".to_owned(),
            Self::Digits(length) => format!("{length} digits"),
            Self::LettersOrDigits(length) => format!("{length} upper-case letters or digits"),
            Self::ExportCode => "8 digits that begin with a chapter, 01 to 99 without 77".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: Form, code: &str, expected: bool) {
        assert_eq!(form.holds(code), expected, "{form:?} {code}");
    }

    #[test]
    fn letters_are_upper_case_and_counted() {
        check(Form::Letters(2), "CA", true);
        for wrong in ["", "C", "CAN", "ca", "C1", "É"] {
            check(Form::Letters(2), wrong, false);
        }
    }

    #[test]
    fn digits_keep_their_leading_zeros() {
        check(Form::Digits(4), "0497", true);
        check(Form::Digits(4), "497", false);
    }

    #[test]
    fn package_types_may_begin_with_a_digit() {
        check(Form::LettersOrDigits(2), "1A", true);
        check(Form::LettersOrDigits(2), "1a", false);
    }

    #[test]
    fn chapter_seventy_seven_is_reserved() {
        check(Form::ExportCode, "84717000", true);
        check(Form::ExportCode, "77010000", false);
        check(Form::ExportCode, "00010000", false);
        check(Form::ExportCode, "847170", false);
    }

    #[test]
    fn rates_are_decimals_above_zero() {
        assert_eq!(Extra::Rate.read("1.3705").ok(), Some(Detail::Rate(Decimal::new(13_705, 4))));
        for wrong in ["", "0", "-1", "1,3705", "one"] {
            assert!(Extra::Rate.read(wrong).is_err(), "{wrong}");
        }
    }
}
