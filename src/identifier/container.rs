//! The container number with its check digit.

use std::{fmt, str::FromStr};

use compact_str::{CompactString, format_compact};
use serde::{Deserialize, Serialize};

/// A freight container's number, `AAAA9999999` (ISO 6346): owner code, category, serial number, check digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct ContainerNumber(CompactString);

/// Why a text is no container number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContainerFault {
    /// Not four letters and seven digits.
    #[error("a container number is four letters and seven digits")]
    Form,
    /// The last digit is not the check digit of ISO 6346.
    #[error("the check digit of the container number is wrong")]
    CheckDigit,
}

impl ContainerNumber {
    /// The text, eleven characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is one.
    ///
    /// # Errors
    /// Why it is none.
    pub fn check(text: &str) -> Result<(), ContainerFault> {
        let (letters, digits) = text.as_bytes().split_at_checked(4).ok_or(ContainerFault::Form)?;
        let (serial, check) = digits.split_at_checked(6).ok_or(ContainerFault::Form)?;
        let is_formed =
            letters.iter().all(u8::is_ascii_uppercase) && digits.len() == 7 && digits.iter().all(u8::is_ascii_digit);
        if !is_formed {
            return Err(ContainerFault::Form);
        }
        if check == [check_digit(letters, serial)] { Ok(()) } else { Err(ContainerFault::CheckDigit) }
    }

    /// The number with this serial number, of this owner and category: four upper-case letters.
    ///
    /// # Errors
    /// [`ContainerFault::Form`] when they are none, or the serial number has more than six digits.
    pub fn of(owner: &str, serial: u32) -> Result<Self, ContainerFault> {
        let serial = format!("{serial:06}");
        let digit = check_digit(owner.as_bytes(), serial.as_bytes());
        format_compact!("{owner}{serial}{}", char::from(digit)).parse()
    }
}

impl FromStr for ContainerNumber {
    type Err = ContainerFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::check(text).map(|()| Self(text.into()))
    }
}

/// The check digit as a character, for four letters and six digits; of anything else, something.
fn check_digit(letters: &[u8], serial: &[u8]) -> u8 {
    let of_letters = letters.iter().map(|letter| letter_value(*letter));
    let of_serial = serial.iter().map(|digit| u32::from(digit.wrapping_sub(b'0')));
    let sum = of_letters.chain(of_serial).zip(0_u32..10).map(|(value, power)| value << power).sum::<u32>();
    b"0123456789".get(usize::try_from(sum % 11 % 10).unwrap_or_default()).copied().unwrap_or(b'0')
}

/// A = 10 and upwards, leaving out the multiples of 11 (ISO 6346, Annex A).
fn letter_value(letter: u8) -> u32 {
    let skipped = match letter {
        b'A' => 0,
        b'B'..=b'K' => 1,
        b'L'..=b'U' => 2,
        _ => 3,
    };
    u32::from(letter.wrapping_sub(b'A')) + 10 + skipped
}

impl TryFrom<CompactString> for ContainerNumber {
    type Error = ContainerFault;

    fn try_from(text: CompactString) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ContainerNumber> for CompactString {
    fn from(number: ContainerNumber) -> Self {
        number.0
    }
}

impl fmt::Display for ContainerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), ContainerFault>) {
        assert_eq!(text.parse::<ContainerNumber>().map(drop), expected, "{text}");
    }

    #[test]
    fn letters_skip_the_multiples_of_eleven() {
        let values: Vec<u32> = (b'A'..=b'Z').map(letter_value).collect();
        let expected: Vec<u32> = (10..=38).filter(|value| value % 11 != 0).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn right_and_wrong_check_digits() {
        check("CSQU3054383", Ok(()));
        check("CSQU3054384", Err(ContainerFault::CheckDigit));
    }

    #[test]
    fn a_remainder_of_ten_is_written_as_zero() {
        let zero = (0..1_000_000).map(|serial| format!("MSKU{serial:06}")).find(|stem| {
            let sum: u32 = stem
                .bytes()
                .map(|byte| if byte.is_ascii_digit() { u32::from(byte - b'0') } else { letter_value(byte) })
                .zip(0..)
                .map(|(value, power): (u32, u32)| value << power)
                .sum();
            sum % 11 == 10
        });
        check(&format!("{}0", zero.unwrap()), Ok(()));
    }

    #[test]
    fn a_number_is_made_with_its_check_digit() {
        let made = |owner, serial| ContainerNumber::of(owner, serial).map(|number| number.to_string());
        assert_eq!(made("CSQU", 305_438), Ok("CSQU3054383".to_owned()));
        assert_eq!(made("ABCU", 7).map(|number| number.len()), Ok(11));
        for (owner, serial) in [("CSQU", 1_000_000), ("CSQ", 1), ("csqu", 1), ("CSQUU", 1)] {
            assert_eq!(made(owner, serial), Err(ContainerFault::Form));
        }
    }

    #[test]
    fn other_forms() {
        for wrong in ["", "CSQU305438", "CSQU30543833", "CSQ33054383", "csqu3054383"] {
            check(wrong, Err(ContainerFault::Form));
        }
    }
}
