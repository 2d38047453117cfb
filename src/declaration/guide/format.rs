//! How a value is written, and the value that it then is.

use jiff::{Timestamp, civil, tz::TimeZone};
use rust_decimal::Decimal;

use super::notation::Format;
use crate::language::Language;

/// Date (2379): CCYYMMDD.
const DATE: &str = "102";
/// Moment (2379): CCYYMMDDHHMM, in the zone of the gateway.
const LOCAL_MOMENT: &str = "203";
/// Moment (2379): CCYYMMDDHHMMZZZ; only UTC is understood.
const ZONED_MOMENT: &str = "303";

impl Format {
    /// Whether a text has this form.
    pub(super) fn accepts_text(self, text: &str) -> bool {
        match self {
            Self::Text { is_alphabetic, least, most } => {
                let length = text.chars().count();
                let is_long_enough = (usize::from(least)..=usize::from(most)).contains(&length);
                is_long_enough && (!is_alphabetic || text.bytes().all(|byte| byte.is_ascii_alphabetic()))
            }
            Self::Whole { .. } | Self::Decimal { .. } | Self::Date | Self::Moment | Self::Flag { .. } => true,
        }
    }

    /// The whole number that this text is; leading zeros mean nothing.
    pub(super) fn whole(self, text: &str) -> Option<u32> {
        let Self::Whole { most } = self else { return None };
        let is_written = (1..=usize::from(most)).contains(&text.len()) && is_digits(text);
        is_written.then(|| text.parse().ok()).flatten()
    }

    /// The number that this text is, with a full stop or a comma as its mark. No sign but a minus; no exponent.
    pub(super) fn amount(self, text: &str) -> Option<Decimal> {
        let Self::Decimal { digits, places } = self else { return None };
        let number = text.strip_prefix('-').unwrap_or(text);
        let (whole, behind) = number.split_once(['.', ',']).unwrap_or((number, ""));
        let are_digits = [whole, behind].into_iter().all(is_digits);
        let has_mark = whole.len() < number.len();
        let is_written = are_digits
            && !whole.is_empty()
            && (!has_mark || !behind.is_empty())
            && whole.len() + behind.len() <= usize::from(digits)
            && behind.len() <= usize::from(places);
        is_written.then(|| text.replace(',', ".").parse().ok()).flatten()
    }

    /// The date that this text is in this format (2379).
    pub(super) fn date(self, text: &str, format: &str) -> Option<civil::Date> {
        let is_written = self == Self::Date && format == DATE && text.len() == 8 && is_digits(text);
        is_written.then(|| civil::Date::strptime("%Y%m%d", text).ok()).flatten()
    }

    /// The moment that this text is in this format (2379).
    pub(super) fn moment(self, text: &str, format: &str, zone: &TimeZone) -> Option<Timestamp> {
        let (digits, zone) = match format {
            LOCAL_MOMENT => (text, zone.clone()),
            ZONED_MOMENT => (text.strip_suffix("UTC")?, TimeZone::UTC),
            _ => return None,
        };
        if self != Self::Moment || digits.len() != 12 || !is_digits(digits) {
            return None;
        }
        let local = civil::DateTime::strptime("%Y%m%d%H%M", digits).ok()?;
        local.to_zoned(zone).ok().map(|zoned| zoned.timestamp())
    }

    /// The yes or no that this text is.
    pub(super) fn flag(self, text: &str) -> Option<bool> {
        match (self, text.as_bytes()) {
            (Self::Flag { yes, .. }, [code]) if *code == yes => Some(true),
            (Self::Flag { no, .. }, [code]) if *code == no => Some(false),
            _ => None,
        }
    }

    /// The form in words, as it follows "must be".
    #[must_use]
    pub fn describe(self, language: Language) -> String {
        let french = language == Language::Fr;
        match self {
            Self::Text { is_alphabetic, least, most } => {
                let what = match (is_alphabetic, french) {
                    (true, false) => "letters",
                    (true, true) => "lettres",
                    (false, false) => "characters",
                    (false, true) => "caractères",
                };
                match (least == most, french) {
                    (true, false) => format!("exactly {most} {what}"),
                    (true, true) => format!("exactement {most} {what}"),
                    (false, false) => format!("at most {most} {what}"),
                    (false, true) => format!("au plus {most} {what}"),
                }
            }
            Self::Whole { most } => language.choose(
                format!("a whole number of at most {most} digits"),
                format!("un nombre entier d'au plus {most} chiffres"),
            ),
            Self::Decimal { digits, places } => language.choose(
                format!("a number of at most {digits} digits, {places} of them behind the mark"),
                format!("un nombre d'au plus {digits} chiffres, dont {places} décimales"),
            ),
            Self::Date => {
                language.choose("a date CCYYMMDD with format 102", "une date SSAAMMJJ au format 102").to_owned()
            }
            Self::Moment => language
                .choose(
                    "a moment CCYYMMDDHHMM with format 203, or 303 with UTC",
                    "un moment SSAAMMJJHHMM au format 203, ou 303 avec UTC",
                )
                .to_owned(),
            Self::Flag { yes, no } => {
                let (yes, no) = (char::from(yes), char::from(no));
                language.choose(format!("{yes} or {no}"), format!("{yes} ou {no}"))
            }
        }
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMOUNT: Format = Format::Decimal { digits: 7, places: 2 };

    #[test]
    fn amounts_are_decimal() {
        assert_eq!(AMOUNT.amount("1999.99"), Some(Decimal::new(199_999, 2)));
        assert_eq!(AMOUNT.amount("-0,5"), Some(Decimal::new(-5, 1)));
        for wrong in ["", ".5", "5.", "1.234", "12345678", "1e3", "+1", "1.2.3", "--1"] {
            assert_eq!(AMOUNT.amount(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_are_real_days() {
        assert_eq!(Format::Date.date("20261121", "102"), Some(civil::date(2026, 11, 21)));
        assert_eq!(Format::Date.date("20260230", "102"), None);
        assert_eq!(Format::Date.date("20261121", "101"), None);
        assert_eq!(Format::Date.date("+2026121", "102"), None);
        assert_eq!(Format::Date.date("2026 121", "102"), None);
    }

    #[test]
    fn moments_are_local_or_utc() {
        let toronto = TimeZone::get("America/Toronto").unwrap();
        let moment = |text, format| Format::Moment.moment(text, format, &toronto).map(|moment| moment.to_string());
        assert_eq!(moment("202611211200", "203").as_deref(), Some("2026-11-21T17:00:00Z"));
        assert_eq!(moment("202611211200UTC", "303").as_deref(), Some("2026-11-21T12:00:00Z"));
        assert_eq!(moment("202611211200EST", "303"), None);
    }

    #[test]
    fn whole_numbers_are_digits() {
        let whole = |text| Format::Whole { most: 3 }.whole(text);
        assert_eq!(whole("007"), Some(7));
        assert_eq!((whole("1000"), whole("-1"), whole(""), whole("1.0")), (None, None, None, None));
    }

    #[test]
    fn forms_are_described_in_both_languages() {
        let form = Format::Text { is_alphabetic: true, least: 2, most: 2 };
        assert_eq!(form.describe(Language::En), "exactly 2 letters");
        assert_eq!(form.describe(Language::Fr), "exactement 2 lettres");
    }
}
