//! The business number with its programme account: nine digits, `RM`, four digits.

use std::{fmt, str::FromStr};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// An exporter's business number, `999999999RM9999`, with a right check digit (CERS guide, Appendix A, element 1.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct BusinessNumber(CompactString);

/// Why a text is no business number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BusinessNumberFault {
    /// Not nine digits, two letters and four digits.
    #[error("a business number is nine digits, RM and four digits")]
    Form,
    /// The programme letters are not RM, import and export.
    #[error("the programme of an exporter's business number is RM")]
    Programme,
    /// The ninth digit is not the Luhn digit of the eight before it.
    #[error("the check digit of the business number is wrong")]
    CheckDigit,
}

impl BusinessNumber {
    /// The text, fifteen characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is one.
    ///
    /// # Errors
    /// Why it is none.
    pub fn check(text: &str) -> Result<(), BusinessNumberFault> {
        let (number, account) = text.as_bytes().split_at_checked(9).ok_or(BusinessNumberFault::Form)?;
        let (programme, reference) = account.split_at_checked(2).ok_or(BusinessNumberFault::Form)?;
        let is_formed = number.iter().all(u8::is_ascii_digit)
            && programme.iter().all(u8::is_ascii_uppercase)
            && reference.len() == 4
            && reference.iter().all(u8::is_ascii_digit);
        if !is_formed {
            Err(BusinessNumberFault::Form)
        } else if programme != b"RM" {
            Err(BusinessNumberFault::Programme)
        } else if !luhn_holds(number) {
            Err(BusinessNumberFault::CheckDigit)
        } else {
            Ok(())
        }
    }
}

impl FromStr for BusinessNumber {
    type Err = BusinessNumberFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::check(text).map(|()| Self(text.into()))
    }
}

/// Luhn, modulus 10, over ASCII digits, the last one being the check digit.
fn luhn_holds(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip(0_u32..)
        .map(|(digit, place)| {
            // Every second digit counts twice, the one before the check digit first.
            let value = u32::from(digit.wrapping_sub(b'0')) << (place % 2);
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

impl TryFrom<CompactString> for BusinessNumber {
    type Error = BusinessNumberFault;

    fn try_from(text: CompactString) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BusinessNumber> for CompactString {
    fn from(number: BusinessNumber) -> Self {
        number.0
    }
}

impl fmt::Display for BusinessNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), BusinessNumberFault>) {
        assert_eq!(text.parse::<BusinessNumber>().map(drop), expected, "{text}");
    }

    #[test]
    fn right_check_digits() {
        for number in ["123456782", "100000009", "700012347", "802005116", "119223345", "999999998"] {
            check(&format!("{number}RM0001"), Ok(()));
        }
    }

    #[test]
    fn wrong_check_digits() {
        check("123456789RM0001", Err(BusinessNumberFault::CheckDigit));
        check("700012345RM0001", Err(BusinessNumberFault::CheckDigit));
    }

    #[test]
    fn another_programme() {
        check("123456782RT0001", Err(BusinessNumberFault::Programme));
    }

    #[test]
    fn other_forms() {
        for wrong in ["", "123456782", "123456782RM001", "123456782RM00011", "12345678ARM0001", "123456782rm0001"] {
            check(wrong, Err(BusinessNumberFault::Form));
        }
    }
}
