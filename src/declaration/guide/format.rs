//! How a value is written, and the value that it then is.

use jiff::{Timestamp, civil, tz::TimeZone};
use rust_decimal::Decimal;

use super::notation::Format;
use crate::language::Language;

/// Date (2379): CCYYMMDD.
const DATE: &[u8] = b"102";
/// Moment (2379): CCYYMMDDHHMM, in the zone of the gateway.
const LOCAL_MOMENT: &[u8] = b"203";
/// Moment (2379): CCYYMMDDHHMMZZZ; only UTC is understood.
const ZONED_MOMENT: &[u8] = b"303";

/// Most digits of a number that is read in one go: as many as an `i64` surely holds.
const DIGITS_AT_ONCE: usize = 18;

impl Format {
    /// Whether a text has this form.
    #[inline]
    pub(super) fn accepts_text(&self, text: &str) -> bool {
        match *self {
            Self::Text { is_alphabetic, least, most } => {
                let is_as_long = |length: usize| (usize::from(least)..=usize::from(most)).contains(&length);
                if is_alphabetic {
                    return is_as_long(text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic());
                }
                // A text has no more characters than bytes; they are counted only where that does not answer it.
                (least <= 1 && is_as_long(text.len())) || is_as_long(text.chars().count())
            }
            Self::Whole { .. } | Self::Decimal { .. } | Self::Date | Self::Moment | Self::Flag { .. } => true,
        }
    }

    /// The whole number that this text is; leading zeros mean nothing.
    pub(super) fn whole(self, text: &str) -> Option<u32> {
        let Self::Whole { most } = self else { return None };
        let is_written = (1..=usize::from(most)).contains(&text.len()) && is_digits(text.as_bytes());
        is_written.then(|| text.parse().ok()).flatten()
    }

    /// The number that this text is, with a full stop or a comma as its mark. No sign but a minus; no exponent.
    pub(super) fn amount(self, text: &str) -> Option<Decimal> {
        let Self::Decimal { digits, places } = self else { return None };
        if let Some(read) = PlainNumber::read(text.as_bytes()) {
            return (read.digits <= u32::from(digits) && read.places <= u32::from(places)).then(|| read.decimal());
        }
        let number = text.strip_prefix('-').unwrap_or(text);
        let mut parts = number.as_bytes().splitn(2, |byte| matches!(byte, b'.' | b','));
        let (whole, behind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let are_digits = is_digits(whole) && is_digits(behind);
        let has_mark = whole.len() < number.len();
        let is_written = are_digits
            && !whole.is_empty()
            && (!has_mark || !behind.is_empty())
            && whole.len() + behind.len() <= usize::from(digits)
            && behind.len() <= usize::from(places);
        is_written.then(|| text.replace(',', ".").parse().ok()).flatten()
    }

    /// The date that this text is in this format (2379).
    pub(super) fn date(self, text: &str, format: &[u8]) -> Option<civil::Date> {
        (self == Self::Date && format == DATE).then(|| date(text)).flatten()
    }

    /// The moment that this text is in this format (2379).
    pub(super) fn moment(self, text: &str, format: &[u8], zone: &TimeZone) -> Option<Timestamp> {
        if self != Self::Moment {
            return None;
        }
        match format {
            LOCAL_MOMENT => zone.to_timestamp(date_time(text)?).ok(),
            ZONED_MOMENT => TimeZone::UTC.to_timestamp(date_time(text.strip_suffix("UTC")?)?).ok(),
            _ => None,
        }
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

fn is_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

/// A number as nearly all are written: digits, among them at most one mark, with digits in front of it and behind.
struct PlainNumber {
    /// Its digits without the mark.
    number: i64,
    digits: u32,
    /// How many of them stand behind the mark.
    places: u32,
}

impl PlainNumber {
    /// None where the text is anything else, or has more digits than are read in one go.
    #[inline]
    fn read(text: &[u8]) -> Option<Self> {
        let (mut number, mut digits, mut mark) = (0i64, 0u32, None);
        for byte in text.iter().take(DIGITS_AT_ONCE + 2) {
            if byte.is_ascii_digit() {
                number = number.wrapping_mul(10).wrapping_add(i64::from(byte - b'0'));
                digits += 1;
            } else if matches!(byte, b'.' | b',') && mark.is_none() && digits > 0 {
                mark = Some(digits);
            } else {
                return None;
            }
        }
        let places = mark.map_or(0, |before| digits - before);
        let is_plain = (1..=DIGITS_AT_ONCE).contains(&(digits as usize)) && (mark.is_none() || places > 0);
        is_plain.then_some(Self { number, digits, places })
    }

    fn decimal(&self) -> Decimal {
        Decimal::new(self.number, self.places)
    }
}

/// CCYYMMDD.
fn date(text: &str) -> Option<civil::Date> {
    let (century, rest) = two_digits(text.as_bytes())?;
    let (year, rest) = two_digits(rest)?;
    let (month, rest) = two_digits(rest)?;
    let (day, rest) = two_digits(rest)?;
    let year = i16::from(century) * 100 + i16::from(year);
    rest.is_empty().then(|| civil::Date::new(year, month, day).ok()).flatten()
}

/// CCYYMMDDHHMM.
fn date_time(text: &str) -> Option<civil::DateTime> {
    let (day, time) = text.split_at_checked(8)?;
    let (hour, rest) = two_digits(time.as_bytes())?;
    let (minute, rest) = two_digits(rest)?;
    let time = civil::Time::new(hour, minute, 0, 0).ok()?;
    rest.is_empty().then(|| date(day)).flatten().map(|date| date.to_datetime(time))
}

/// The number of the first two digits, and what follows them.
fn two_digits(text: &[u8]) -> Option<(i8, &[u8])> {
    let ([tens, ones], rest) = text.split_first_chunk()?;
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i8::try_from(byte - b'0').ok()).flatten();
    Some((digit(tens)? * 10 + digit(ones)?, rest))
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
    fn a_number_read_in_one_go_is_the_number_read_at_leisure() {
        let wide = Format::Decimal { digits: 30, places: 5 };
        for text in [
            "0",
            "0.00",
            "007.50",
            "999999999999999.999",
            "-0",
            "-0.0",
            "1234567890123456789",
            "12345678901234567890,5",
        ] {
            let slow: Option<Decimal> = text.replace(',', ".").parse().ok();
            let said = |number: Option<Decimal>| number.map(|number| (number.to_string(), number.serialize()));
            assert_eq!(said(wide.amount(text)), said(slow), "{text}");
        }
    }

    #[test]
    fn dates_are_real_days() {
        assert_eq!(Format::Date.date("20261121", b"102"), Some(civil::date(2026, 11, 21)));
        assert_eq!(Format::Date.date("20260230", b"102"), None);
        assert_eq!(Format::Date.date("20261121", b"101"), None);
        assert_eq!(Format::Date.date("+2026121", b"102"), None);
        assert_eq!(Format::Date.date("2026 121", b"102"), None);
    }

    #[test]
    fn moments_are_local_or_utc() {
        let toronto = TimeZone::get("America/Toronto").unwrap();
        let moment =
            |text, format: &[u8]| Format::Moment.moment(text, format, &toronto).map(|moment| moment.to_string());
        assert_eq!(moment("202611211200", b"203").as_deref(), Some("2026-11-21T17:00:00Z"));
        assert_eq!(moment("202611211200UTC", b"303").as_deref(), Some("2026-11-21T12:00:00Z"));
        assert_eq!(moment("202611211200EST", b"303"), None);
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
