//! The configuration that is in force, and where each value comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::key::SETTINGS;
use super::mistake::{ConfigTrouble, Place};
use super::reading::leaves;
use super::{Config, Environment, Loaded};
use crate::partner::Partner;

/// The configuration that is in force. It prints itself as TOML; a comment behind each value says where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Every setting, by its name: `section.setting`.
    pub settings: BTreeMap<String, SettingLine>,
    /// The partners.
    pub partners: Vec<PartnerLine>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingLine {
    /// Its value; of a secret, the file that holds it.
    pub value: Value,
    /// Where it comes from; `None` when it is the default.
    pub place: Option<Place>,
}

/// A partner, in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartnerLine {
    /// Its short name.
    pub partner: String,
    /// What it is called.
    pub name: String,
    /// How many identities it has.
    pub identities: usize,
    /// How many certificates it has.
    pub certificates: usize,
    /// For how many exporters it may file.
    pub authority: usize,
}

/// The configuration that this file and this environment give. A secret is shown as the file that holds it.
///
/// # Errors
/// [`ConfigTrouble`] when it cannot be used.
pub fn show(path: &Path, environment: &Environment) -> Result<Shown, ConfigTrouble> {
    let loaded = Config::load_with(path, environment)?;
    let names = SETTINGS.iter().flat_map(|key| names(key.name).map(|name| (key.name, name)));
    let settings = names.map(|(section, name)| (format!("{section}.{name}"), setting(&loaded, section, &name)));
    Ok(Shown { settings: settings.collect(), partners: partners(&loaded) })
}

/// The settings of a section, in their order.
fn names(section: &str) -> impl Iterator<Item = String> {
    let own = format!("{section}.");
    leaves(SETTINGS, "").into_iter().filter_map(move |(name, _)| name.strip_prefix(&own).map(str::to_owned))
}

fn setting(loaded: &Loaded, section: &str, name: &str) -> SettingLine {
    let value = value(&loaded.config, section, name).unwrap_or_default();
    SettingLine { value, place: loaded.places.get(&format!("{section}.{name}")).cloned() }
}

fn value(config: &Config, section: &str, name: &str) -> Option<Value> {
    let values = serde_json::to_value(config).ok()?;
    values.get(section)?.get(name).cloned()
}

fn partners(loaded: &Loaded) -> Vec<PartnerLine> {
    let line = |partner: &Partner| PartnerLine {
        partner: partner.id.to_string(),
        name: partner.name.clone(),
        identities: partner.identities.len(),
        certificates: partner.certificates.len(),
        authority: partner.authority.len(),
    };
    loaded.partners.partners().iter().map(|partner| line(partner)).collect()
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in SETTINGS {
            writeln!(f, "[{}]", key.name)?;
            for name in names(key.name) {
                let Some(SettingLine { value, place }) = self.settings.get(&format!("{}.{name}", key.name)) else {
                    continue;
                };
                let origin = place.as_ref().map_or("default".to_owned(), Place::to_string);
                // Texts, numbers and flags look the same in JSON and in TOML.
                writeln!(f, "{:<60} # {origin}", format!("{name} = {value}"))?;
            }
            writeln!(f)?;
        }
        for PartnerLine { partner, name, identities, certificates, authority } in &self.partners {
            let figures = format!("identities {identities}, certificates {certificates}, may file for {authority}");
            writeln!(f, "# partner {partner}: {name}, {figures}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Home;
    use super::*;

    fn check(home: &Home, expected: &str) {
        let shown = home.shorten(show(&home.file(), &home.environment()).unwrap());
        let squeezed: Vec<_> =
            shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert!(squeezed.iter().any(|line| line == expected), "{expected} is not in\n{shown}");
    }

    #[test]
    fn every_value_names_where_it_comes_from() {
        let home = Home::new("[limits]\nidle_seconds_max = 60\n").with("LODGED__EDI__QUALIFIER", "ZZ");
        check(&home, "identity = \"LODGED\" # default");
        check(&home, "idle_seconds_max = 60 # lodged.toml:2:20");
        check(&home, "qualifier = \"ZZ\" # environment LODGED__EDI__QUALIFIER");
    }

    #[test]
    fn a_secret_is_shown_as_its_file() {
        let home = Home::new("[tls]\nprivate_key = \"gateway.key\"\n");
        let key = home.certificate("gateway.pem", 2026, 2027);
        std::fs::write(home.path().join("gateway.key"), &key).unwrap();
        check(&home, "private_key = \"gateway.key\" # lodged.toml:2:15");
        let secret = key.lines().nth(1).unwrap();
        assert!(!show(&home.file(), &home.environment()).unwrap().to_string().contains(secret));
        assert!(!format!("{:?}", home.load().unwrap()).contains(secret));
    }

    #[test]
    fn partners_are_named() {
        let home = Home::new("");
        home.partner("maple", "name = \"Maple\"\nkind = \"carrier\"\n");
        check(&home, "# partner maple: Maple, identities 0, certificates 0, may file for 0");
    }

    #[test]
    fn what_is_shown_is_a_configuration_again() {
        let home =
            Home::new("[limits]\nidle_seconds_max = 60\n[partners]\ndirectory = \".\"\n[feeds]\ndirectory = \".\"\n");
        std::fs::rename(home.file(), home.path().join("settings.conf")).unwrap();
        let file = home.path().join("settings.conf");
        let shown = show(&file, &home.environment()).unwrap();
        let before = Config::load_with(&file, &home.environment()).unwrap().config;
        std::fs::write(&file, shown.to_string()).unwrap();
        assert_eq!(Config::load_with(&file, &home.environment()).unwrap().config, before);
    }
}
