//! What an administration may decide about the rules.

use serde::{Deserialize, Serialize};

use crate::declaration::Severity;

/// Where the trade's facts are uncertain, or an administration may hold its own view, it says so here.
///
/// Severities are `notice`, `warning` or `error`. No value is out of bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSettings {
    /// How bad a declaration is that comes after its time limit (T501, T502); `warning` by default, since lateness is
    /// penalised rather than refused.
    pub late: Severity,
    /// How bad a wrong check digit of a container number is (C413); `warning` by default: containers outside ISO 6346
    /// travel, and goods in them have to be reported too.
    pub container_check_digit: Severity,
    /// How bad an HS export code is that the list does not hold on the day of export (L310). By default `warning` while
    /// the list says of itself that it is a sample, since what is missing in it may well exist, and `error` with a whole
    /// list.
    #[serde(with = "auto")]
    pub hs_unknown: Option<Severity>,
    /// How bad an office of exit is that the list does not hold (H210); the default is found in the same way.
    #[serde(with = "auto")]
    pub office_unknown: Option<Severity>,
    /// Days between the day of receipt and the date of export at most (T510), 0 to 65,535; 180 by default.
    pub export_days_ahead_max: u16,
    /// Value in whole Canadian dollars below which a declaration is not required (N702); 2,000 by default, 0 for never.
    pub value_threshold_cad: u32,
    /// Hours before the goods are loaded on the vessel, at sea and on inland waters; 48 by default. This limit and those
    /// below are those of the Reporting of Exported Goods Regulations, section 3.
    pub marine_hours: u16,
    /// Hours before the goods are loaded on the aircraft; 2 by default.
    pub air_hours: u16,
    /// Hours before the railcar is assembled into the export train; 2 by default.
    pub rail_hours: u16,
    /// Hours before the goods are handed to the post office; 2 by default.
    pub mail_hours: u16,
    /// Hours for road and every other mode; 0 by default, immediately before export.
    pub other_hours: u16,
}

impl Default for RuleSettings {
    fn default() -> Self {
        Self {
            late: Severity::Warning,
            container_check_digit: Severity::Warning,
            hs_unknown: None,
            office_unknown: None,
            export_days_ahead_max: 180,
            value_threshold_cad: 2_000,
            marine_hours: 48,
            air_hours: 2,
            rail_hours: 2,
            mail_hours: 2,
            other_hours: 0,
        }
    }
}

/// A severity that is `auto` where the list itself decides.
mod auto {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Severity;

    /// What is written: `auto`, or the severity.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Written {
        Auto,
        #[serde(untagged)]
        Severity(Severity),
    }

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(super) fn serialize<S: Serializer>(value: &Option<Severity>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map_or(Written::Auto, Written::Severity).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Severity>, D::Error> {
        Written::deserialize(deserializer).map(|written| match written {
            Written::Auto => None,
            Written::Severity(severity) => Some(severity),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_is_the_default() {
        assert_eq!(serde_json::from_str::<RuleSettings>("{}").unwrap(), RuleSettings::default());
    }

    #[test]
    fn one_thing_set_leaves_the_rest() {
        let settings: RuleSettings = serde_json::from_str(r#"{"late":"error","air_hours":4}"#).unwrap();
        assert_eq!(settings, RuleSettings { late: Severity::Error, air_hours: 4, ..RuleSettings::default() });
    }

    #[test]
    fn what_a_list_decides_is_auto() {
        let read = |text| serde_json::from_str::<RuleSettings>(text).unwrap().hs_unknown;
        assert_eq!(read(r#"{"hs_unknown":"auto"}"#), None);
        assert_eq!(read(r#"{"hs_unknown":"error"}"#), Some(Severity::Error));
        let written = serde_json::to_value(RuleSettings::default()).unwrap();
        assert_eq!(written["hs_unknown"], "auto");
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert!(serde_json::from_str::<RuleSettings>(r#"{"lat":"error"}"#).is_err());
    }
}
