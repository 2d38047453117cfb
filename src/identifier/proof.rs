//! The proof-of-report number, in the forms that an administration can choose.

use std::fmt;

use compact_str::{CompactString, ToCompactString};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::AuthorizationId;

/// The forms in which new numbers are drawn. The form is kept beside the number: it cannot be told from its shape, since
/// a CERS number with a sequence of three digits looks like a G7 number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProofForm {
    /// Authorization ID, `YYYYMMDD`, and 1 to 99,999,999,999 without padding, per authorization ID and day.
    Cers,
    /// Authorization ID, `YYYYMM`, and five digits, per authorization ID and month.
    G7,
}

impl ProofForm {
    /// The highest sequence number of one period; after it there is no legal number.
    #[must_use]
    pub fn sequence_max(self) -> u64 {
        match self {
            Self::Cers => 99_999_999_999,
            Self::G7 => 99_999,
        }
    }

    /// The period that numbers of this form count in: `YYYYMMDD` or `YYYYMM` of the day.
    #[must_use]
    pub fn period(self, day: Date) -> ReportingPeriod {
        let text = match self {
            Self::Cers => day.strftime("%Y%m%d").to_compact_string(),
            Self::G7 => day.strftime("%Y%m").to_compact_string(),
        };
        ReportingPeriod(text)
    }
}

/// The day (`YYYYMMDD`) or month (`YYYYMM`) that a sequence of numbers belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportingPeriod(CompactString);

impl ReportingPeriod {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A proof-of-report number: without it the carrier may not load.
///
/// It is drawn in the commit that accepts a declaration, given once, and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProofOfReportNumber {
    /// The form it was drawn in.
    pub form: ProofForm,
    /// A practice number; it begins with `TEST`, so it can never pass for a real one.
    pub is_practice: bool,
    /// The exporter's authorization ID, as the declaration states it.
    pub authorization_id: AuthorizationId,
    /// The day or month it counts in.
    pub period: ReportingPeriod,
    /// The number within the period, from 1.
    pub sequence: u64,
}

impl ProofOfReportNumber {
    /// What this text can be: none when it is no number, several when both forms write it so.
    #[must_use]
    pub fn readings(text: &str) -> Vec<Self> {
        let (is_practice, rest) = text.strip_prefix("TEST").map_or((false, text), |rest| (true, rest));
        let Some((authorization_id, digits)) = rest.split_at_checked(AuthorizationId::LENGTH) else {
            return Vec::new();
        };
        let Ok(authorization_id) = authorization_id.parse::<AuthorizationId>() else { return Vec::new() };
        let readings = [(ProofForm::Cers, "YYYYMMDD".len()), (ProofForm::G7, "YYYYMM".len())];
        let read = |(form, period): (ProofForm, usize)| {
            let (period, sequence) = digits.split_at_checked(period)?;
            let day = if form == ProofForm::Cers { "" } else { "01" };
            Date::strptime("%Y%m%d", format!("{period}{day}")).ok()?;
            let number = Self {
                form,
                is_practice,
                authorization_id: authorization_id.clone(),
                period: ReportingPeriod(period.into()),
                sequence: sequence.parse().ok().filter(|sequence| *sequence <= form.sequence_max())?,
            };
            // Only what is written as numbers are: no sign, and zeroes only where the form has them.
            (digits.bytes().all(|byte| byte.is_ascii_digit()) && number.to_string() == text).then_some(number)
        };
        readings.into_iter().filter_map(read).collect()
    }
}

impl fmt::Display for ProofOfReportNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_practice {
            f.write_str("TEST")?;
        }
        write!(f, "{}{}", self.authorization_id, self.period.as_str())?;
        match self.form {
            ProofForm::Cers => write!(f, "{}", self.sequence),
            ProofForm::G7 => write!(f, "{:05}", self.sequence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: ProofForm, is_practice: bool, sequence: u64, expected: &str) {
        let number = ProofOfReportNumber {
            form,
            is_practice,
            authorization_id: "AB1234".parse().unwrap(),
            period: form.period(Date::constant(2026, 11, 21)),
            sequence,
        };
        assert_eq!(number.to_string(), expected);
    }

    #[test]
    fn the_cers_form_is_not_padded() {
        check(ProofForm::Cers, false, 1, "AB1234202611211");
        check(ProofForm::Cers, false, ProofForm::Cers.sequence_max(), "AB12342026112199999999999");
    }

    #[test]
    fn the_g7_form_counts_by_month_in_five_digits() {
        check(ProofForm::G7, false, 345, "AB123420261100345");
    }

    #[test]
    fn a_number_is_read_as_it_is_written() {
        for (text, forms) in [
            ("AB1234202611211", &[ProofForm::Cers][..]),
            ("TESTAB12342026112117", &[ProofForm::Cers]),
            ("AB123420261100345", &[ProofForm::G7]),
            ("AB123420261121345", &[ProofForm::Cers, ProofForm::G7]),
            ("AB12342026112101", &[]),
            ("AB1234", &[]),
            ("AB12342026112", &[]),
            ("ÉB1234202611211", &[]),
            ("AB1234202611+11", &[]),
            ("", &[]),
        ] {
            let readings = ProofOfReportNumber::readings(text);
            assert_eq!(readings.iter().map(|number| number.form).collect::<Vec<_>>(), forms, "{text}");
            assert!(readings.iter().all(|number| number.to_string() == text));
        }
    }

    #[test]
    fn a_practice_number_cannot_pass_for_a_real_one() {
        check(ProofForm::Cers, true, 7, "TESTAB1234202611217");
    }
}
