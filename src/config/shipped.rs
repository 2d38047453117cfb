//! The shipped files and the manual hold together with the keys and the defaults.

use std::collections::BTreeMap;

use super::Config;
use super::key::{PARTNER, SETTINGS};
use super::reading::leaves;
use super::sample::Home;
use super::shape::{Form, Key};

const SHIPPED: &str = include_str!("../../conf/lodged.toml");
const SAMPLE: &str = include_str!("../../conf/partners/example.toml.sample");
const MANUAL: &str = include_str!("../../docs/configuration.md");

/// A shipped file as it is when every key is taken into use.
fn uncommented(text: &str) -> String {
    let keys = text.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.starts_with(' ') => key,
        _ => line,
    });
    keys.collect::<Vec<_>>().join("\n")
}

/// Every key of a text with its value as TOML writes it.
fn written(text: &str) -> BTreeMap<String, String> {
    let mut section = String::new();
    let mut keys = BTreeMap::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            let name = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
            keys.insert(name, value.to_owned());
        }
    }
    keys
}

fn names(keys: &[Key]) -> Vec<String> {
    let mut names: Vec<_> = leaves(keys, "").into_iter().map(|(name, _)| name).collect();
    names.sort();
    names
}

#[test]
fn every_field_is_a_key_and_every_key_is_a_field() {
    let values = serde_json::to_value(Config::default()).unwrap();
    let fields = values
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(section, keys)| keys.as_object().unwrap().keys().map(move |key| format!("{section}.{key}")));
    let mut fields: Vec<_> = fields.collect();
    fields.sort();
    assert_eq!(fields, names(SETTINGS));
}

#[test]
fn the_shipped_file_has_every_key_and_no_other() {
    let keys: Vec<_> = written(&uncommented(SHIPPED)).into_keys().collect();
    assert_eq!(keys, names(SETTINGS));
}

#[test]
fn the_shipped_file_changes_nothing() {
    let home = Home::new(SHIPPED);
    assert_eq!(home.load().unwrap().config, Config::default().relative_to(home.path()));
    assert!(written(SHIPPED).is_empty());
}

#[test]
fn the_shipped_file_states_the_defaults() {
    let home = Home::new(&uncommented(SHIPPED));
    for directory in ["partners", "feeds"] {
        std::fs::create_dir(home.path().join(directory)).unwrap();
    }
    assert_eq!(home.load().unwrap().config, Config::default().relative_to(home.path()));
}

#[test]
fn the_shipped_file_and_the_manual_state_the_bounds() {
    for (name, form) in leaves(SETTINGS, "") {
        if let Form::Whole(min, max, unit) = form {
            let bounds = format!("{min} to {max} {unit}");
            let row = row(&name);
            assert!(row.contains(&bounds), "{row}");
            assert!(SHIPPED.replace("\n# ", " ").contains(&bounds), "{name}");
        }
    }
}

#[test]
fn the_manual_has_every_key_with_its_default() {
    for (name, default) in written(&uncommented(SHIPPED)) {
        let row = row(&name);
        assert!(row.starts_with(&format!("| `{name}` | `{default}` |")), "{row}");
    }
}

#[test]
fn the_sample_of_a_partner_has_every_key_and_no_other() {
    let keys: Vec<_> = written(&uncommented(SAMPLE)).into_keys().collect();
    assert_eq!(keys, names(PARTNER));
}

#[test]
fn the_sample_of_a_partner_can_be_taken_into_use() {
    let home = Home::new("");
    home.certificate("partners/example.pem", 2025, 2027);
    home.partner("example", &uncommented(SAMPLE));
    assert_eq!(home.mistakes(), "");
}

#[test]
fn the_manual_has_every_key_of_a_partner() {
    for name in names(PARTNER) {
        row(&name);
    }
}

fn row(name: &str) -> &'static str {
    let row = MANUAL.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
    row.unwrap_or_else(|| panic!("docs/configuration.md says nothing of {name}"))
}
