//! The configuration that is in force, and where each value comes from.

use std::path::Path;

use serde_json::Value;

use super::key::SETTINGS;
use super::mistake::{ConfigTrouble, Place};
use super::reading::leaves;
use super::{Config, Environment, Loaded};

/// The configuration that this file and this environment give, as TOML; a comment behind each value says where it comes
/// from. A secret is shown as the file that holds it.
///
/// # Errors
/// [`ConfigTrouble`] when it cannot be used.
pub fn show(path: &Path, environment: &Environment) -> Result<String, ConfigTrouble> {
    let loaded = Config::load_with(path, environment)?;
    let mut lines = Vec::new();
    for key in SETTINGS {
        lines.push(format!("[{}]", key.name));
        let own = format!("{}.", key.name);
        let names = leaves(SETTINGS, "").into_iter().filter_map(|(name, _)| name.strip_prefix(&own).map(str::to_owned));
        lines.extend(names.map(|name| line(&loaded, key.name, &name)));
        lines.push(String::new());
    }
    lines.extend(partners(&loaded));
    lines.push(String::new());
    Ok(lines.join("\n"))
}

fn line(loaded: &Loaded, section: &str, name: &str) -> String {
    let value = value(&loaded.config, section, name).unwrap_or_default();
    let origin = loaded.places.get(&format!("{section}.{name}")).map_or("default".to_owned(), Place::to_string);
    format!("{:<60} # {origin}", format!("{name} = {value}"))
}

/// The value as TOML writes it: texts, numbers and flags look the same in JSON.
fn value(config: &Config, section: &str, name: &str) -> Option<String> {
    let values = serde_json::to_value(config).ok()?;
    values.get(section)?.get(name).map(Value::to_string)
}

fn partners(loaded: &Loaded) -> impl Iterator<Item = String> + '_ {
    loaded.partners.partners().iter().map(|partner| {
        format!(
            "# partner {}: {}, identities {}, certificates {}, may file for {}",
            partner.id,
            partner.name,
            partner.identities.len(),
            partner.certificates.len(),
            partner.authority.len()
        )
    })
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
        assert!(!show(&home.file(), &home.environment()).unwrap().contains(secret));
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
        std::fs::write(&file, shown).unwrap();
        assert_eq!(Config::load_with(&file, &home.environment()).unwrap().config, before);
    }
}
