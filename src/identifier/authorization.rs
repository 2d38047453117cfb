//! The authorization ID: two letters and four digits.

use std::{fmt, str::FromStr};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// An exporter's authorization ID, `AA9999` (CERS participant's guide, Appendix A, element 1.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct AuthorizationId(CompactString);

impl AuthorizationId {
    /// Its length, in characters.
    pub const LENGTH: usize = 6;

    /// The text, six characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is one.
    ///
    /// # Errors
    /// What it would have to be.
    pub fn check(text: &str) -> Result<(), &'static str> {
        let bytes = text.as_bytes();
        let (letters, digits) =
            bytes.split_at_checked(2).ok_or("an authorization ID is two letters and four digits")?;
        let is_formed =
            digits.len() == 4 && letters.iter().all(u8::is_ascii_uppercase) && digits.iter().all(u8::is_ascii_digit);
        if is_formed { Ok(()) } else { Err("an authorization ID is two letters and four digits") }
    }

    /// Whether a text is one for one shipment: a `Z` in second place marks it.
    #[must_use]
    pub fn is_one_time(text: &str) -> bool {
        Self::check(text).is_ok() && text.as_bytes().get(1) == Some(&b'Z')
    }
}

impl FromStr for AuthorizationId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::check(text).map(|()| Self(text.into()))
    }
}

impl TryFrom<CompactString> for AuthorizationId {
    type Error = &'static str;

    fn try_from(text: CompactString) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AuthorizationId> for CompactString {
    fn from(id: AuthorizationId) -> Self {
        id.0
    }
}

impl fmt::Display for AuthorizationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_and_four_digits() {
        assert!("AB1234".parse::<AuthorizationId>().is_ok());
        for wrong in ["", "A1234", "ab1234", "AB123", "AB12345", "ABC123", "É1234"] {
            assert!(wrong.parse::<AuthorizationId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_z_in_second_place_marks_a_one_time_authorization() {
        assert!(AuthorizationId::is_one_time("AZ1234"));
        assert!(!AuthorizationId::is_one_time("ZA1234"));
        assert!(!AuthorizationId::is_one_time("AZ"));
    }
}
