//! Modes of transport (8067, UN/ECE Recommendation 19) as far as rules tell them apart.

use super::RuleSettings;

/// A mode of transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// 1, at sea.
    Maritime,
    /// 2.
    Rail,
    /// 3.
    Road,
    /// 4.
    Air,
    /// 5.
    Mail,
    /// 8, on rivers, canals and lakes.
    InlandWater,
    /// Multimodal, fixed installations, and whatever else a list holds.
    Other,
}

impl Mode {
    /// The mode that a code stands for.
    pub(super) fn of(code: &str) -> Self {
        match code {
            "1" => Self::Maritime,
            "2" => Self::Rail,
            "3" => Self::Road,
            "4" => Self::Air,
            "5" => Self::Mail,
            "8" => Self::InlandWater,
            _ => Self::Other,
        }
    }

    /// How many hours before loading a declaration has to be here. The Regulations speak of loading on a vessel,
    /// wherever it sails, so inland water has the limit of the sea.
    pub(super) fn limit_hours(self, settings: &RuleSettings) -> u16 {
        match self {
            Self::Maritime | Self::InlandWater => settings.marine_hours,
            Self::Air => settings.air_hours,
            Self::Rail => settings.rail_hours,
            Self::Mail => settings.mail_hours,
            Self::Road | Self::Other => settings.other_hours,
        }
    }
}
