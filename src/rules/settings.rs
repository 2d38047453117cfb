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
    pub hs_unknown: Option<Severity>,
    /// How bad an office of exit is that the list does not hold (H210); the default is found in the same way.
    pub office_unknown: Option<Severity>,
    /// Days between the day of receipt and the date of export at most (T510), 0 to 65,535; 180 by default.
    pub days_ahead_max: u16,
    /// Value in whole Canadian dollars below which a declaration is not required (N702); 2,000 by default, 0 for never.
    pub value_threshold_cad: u32,
    /// How long before loading a declaration has to be here.
    pub limits: TimeLimits,
}

impl Default for RuleSettings {
    fn default() -> Self {
        Self {
            late: Severity::Warning,
            container_check_digit: Severity::Warning,
            hs_unknown: None,
            office_unknown: None,
            days_ahead_max: 180,
            value_threshold_cad: 2_000,
            limits: TimeLimits::default(),
        }
    }
}

/// Time limits by mode, each in hours before the planned loading, 0 to 65,535 (Reporting of Exported Goods Regulations,
/// section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeLimits {
    /// Before the goods are loaded on the vessel, at sea and on inland waters; 48 by default.
    pub marine_hours: u16,
    /// Before the goods are loaded on the aircraft; 2 by default.
    pub air_hours: u16,
    /// Before the railcar is assembled into the export train; 2 by default.
    pub rail_hours: u16,
    /// Before the goods are handed to the post office; 2 by default.
    pub mail_hours: u16,
    /// Road and every other mode; 0 by default, immediately before export.
    pub other_hours: u16,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self { marine_hours: 48, air_hours: 2, rail_hours: 2, mail_hours: 2, other_hours: 0 }
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
        let settings: RuleSettings = serde_json::from_str(r#"{"late":"error","limits":{"air_hours":4}}"#).unwrap();
        let limits = TimeLimits { air_hours: 4, ..TimeLimits::default() };
        assert_eq!(settings, RuleSettings { late: Severity::Error, limits, ..RuleSettings::default() });
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert!(serde_json::from_str::<RuleSettings>(r#"{"lat":"error"}"#).is_err());
    }
}
