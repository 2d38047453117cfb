//! What is shipped beside the program holds together with it: units for systemd, alerts, the dashboard, the Debian package.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lodged::event::{JudgedAs, METRICS, MetricKind, Outcome, ReloadResult, SecurityEvent, TurnedAway};

const ALERTS: &str = include_str!("../conf/monitoring/alerts.yml");
const DASHBOARD: &str = include_str!("../conf/monitoring/dashboard.json");
const METRICS_PAGE: &str = include_str!("../docs/metrics.md");
const OPERATING_PAGE: &str = include_str!("../docs/operating.md");
const MANIFEST: &str = include_str!("../Cargo.toml");

/// Most exposure that a unit may have, as systemd-analyze counts it: 0 is a process that can do nothing.
const EXPOSURE_MAX: f64 = 1.5;

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Every metric that a text speaks of, without what Prometheus puts behind the name of a histogram.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let words = text.split(|letter| !is_name(letter)).filter(|word| word.starts_with("lodged_"));
    let histogram = |word: &str| {
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end))?;
        let is_one = METRICS.iter().any(|one| one.name == name && matches!(one.kind, MetricKind::Histogram(_)));
        is_one.then(|| name.to_owned())
    };
    words.map(|word| histogram(word).unwrap_or_else(|| word.to_owned())).collect()
}

fn assert_known(names: &BTreeSet<String>) {
    let known: BTreeSet<_> = METRICS.iter().map(|metric| metric.name.to_owned()).collect();
    let unknown: Vec<_> = names.difference(&known).collect();
    assert!(unknown.is_empty(), "no metric has these names: {unknown:?}");
}

/// The alerts, each with its lines.
fn alerts() -> Vec<(&'static str, &'static str)> {
    let parts = ALERTS.split("- alert: ").skip(1);
    parts.map(|part| part.split_once('\n').unwrap()).collect()
}

/// What stands behind a key of an alert.
fn said<'a>(lines: &'a str, key: &str) -> &'a str {
    let line = lines.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: ")));
    line.unwrap_or_else(|| panic!("{key} is missing in\n{lines}"))
}

#[test]
fn alerts_speak_of_metrics_that_there_are() {
    assert!(alerts().len() > 10);
    assert_known(&alerts().iter().flat_map(|(_, lines)| metrics_in(said(lines, "expr"))).collect());
}

#[test]
fn alerts_speak_of_words_that_labels_say() {
    let words = [
        Outcome::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>(),
        JudgedAs::ALL.iter().map(|word| word.as_str()).collect(),
        TurnedAway::ALL.iter().map(|word| word.as_str()).collect(),
        SecurityEvent::ALL.iter().map(|word| word.as_str()).collect(),
        ReloadResult::ALL.iter().map(|word| word.as_str()).collect(),
    ]
    .concat();
    for (name, lines) in alerts() {
        let expression = said(lines, "expr");
        for label in ["outcome=", "reason=~", "result=", "kind=", "verdict="] {
            let Some((_, value)) = expression.split_once(&format!("{label}\"")) else { continue };
            let value = value.split('"').next().unwrap();
            value.split('|').for_each(|word| assert!(words.contains(&word), "{name}: {word}"));
        }
    }
}

#[test]
fn every_metric_to_be_woken_for_has_an_alert() {
    let (_, woken) = METRICS_PAGE.split_once("## What to be woken for").unwrap();
    let wanted = metrics_in(woken);
    assert_known(&wanted);
    let watched: BTreeSet<_> = alerts().iter().flat_map(|(_, lines)| metrics_in(said(lines, "expr"))).collect();
    let forgotten: Vec<_> = wanted.difference(&watched).collect();
    assert!(!wanted.is_empty() && forgotten.is_empty(), "no alert speaks of {forgotten:?}");
    let unexplained: Vec<_> = watched.difference(&wanted).collect();
    assert!(unexplained.is_empty(), "docs/metrics.md does not say why to be woken for {unexplained:?}");
}

#[test]
fn every_alert_says_what_it_means_and_what_to_do() {
    for (name, lines) in alerts() {
        assert!(["critical", "warning"].contains(&said(lines, "severity")), "{name}");
        assert!(!said(lines, "summary").is_empty() && said(lines, "description").ends_with('.'), "{name}");
        assert_eq!(said(lines, "runbook"), format!("docs/operating.md#{}", name.to_lowercase()));
        assert!(OPERATING_PAGE.contains(&format!("\n### {name}\n")), "docs/operating.md says nothing of {name}");
        assert!(METRICS_PAGE.contains(&format!("`{name}`")), "docs/metrics.md says nothing of {name}");
    }
    let told = OPERATING_PAGE.lines().filter(|line| line.starts_with("### Lodged")).count();
    assert_eq!(told, alerts().len(), "docs/operating.md tells of alerts that there are not");
}

fn promtool(verb: [&str; 2], file: &Path) -> Output {
    Command::new("promtool").args(verb).arg(file).output().unwrap()
}

#[test]
#[cfg_attr(not(have_promtool), ignore = "promtool is not on this machine")]
fn prometheus_takes_the_alerts() {
    let output = promtool(["check", "rules"], &path("conf/monitoring/alerts.yml"));
    assert!(output.status.success(), "{output:?}");
}

/// What `tests/alerts.yml` tells of figures over time raises the alerts that it names, and no others.
#[test]
#[cfg_attr(not(have_promtool), ignore = "promtool is not on this machine")]
fn alerts_are_raised_by_what_they_are_for() {
    let story = path("tests/alerts.yml");
    let output = promtool(["test", "rules"], &story);
    assert!(output.status.success(), "{output:?}");
    let story = fs::read_to_string(story).unwrap();
    let untold: Vec<_> = alerts().into_iter().map(|(name, _)| name).filter(|name| !story.contains(name)).collect();
    assert!(untold.is_empty(), "tests/alerts.yml tells nothing of {untold:?}");
}

#[test]
fn the_dashboard_shows_metrics_that_there_are_and_all_of_them() {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels have the same id");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let shown: BTreeSet<_> = targets.flat_map(|target| metrics_in(target["expr"].as_str().unwrap())).collect();
    assert_known(&shown);
    let missing: Vec<_> = METRICS.iter().filter(|metric| !shown.contains(metric.name)).map(|one| one.name).collect();
    assert!(missing.is_empty(), "not on the dashboard: {missing:?}");
}

/// The units in a directory of their own, with the program that was built in the place of the one that is installed.
fn units() -> (tempfile::TempDir, Vec<PathBuf>) {
    let home = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for entry in fs::read_dir(path("systemd")).unwrap() {
        let file = entry.unwrap().path();
        let is_unit = ["service", "socket", "timer"].iter().any(|end| file.extension().is_some_and(|own| own == *end));
        if is_unit {
            let text = fs::read_to_string(&file).unwrap().replace("/usr/bin/lodged", env!("CARGO_BIN_EXE_lodged"));
            let unit = home.path().join(file.file_name().unwrap());
            fs::write(&unit, text).unwrap();
            units.push(unit);
        }
    }
    assert_eq!(units.len(), 5);
    (home, units)
}

#[test]
#[cfg_attr(not(have_systemd_analyze), ignore = "systemd-analyze is not on this machine")]
fn systemd_takes_every_unit() {
    let (_home, units) = units();
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
}

#[test]
#[cfg_attr(not(have_systemd_analyze), ignore = "systemd-analyze is not on this machine")]
fn services_are_exposed_to_little_and_expose_little() {
    let (_home, units) = units();
    for unit in units.iter().filter(|unit| unit.extension().is_some_and(|end| end == "service")) {
        let output = Command::new("systemd-analyze").args(["security", "--offline=true"]).arg(unit).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let level = text.split("Overall exposure level for ").nth(1).and_then(|rest| rest.split_whitespace().nth(1));
        let level: f64 = level.unwrap_or_else(|| panic!("{text}")).parse().unwrap();
        assert!(level <= EXPOSURE_MAX, "{}: {level}\n{text}", unit.display());
    }
}

#[test]
fn every_file_of_the_package_is_here() {
    let (_, package) = MANIFEST.split_once("[package.metadata.deb]").unwrap();
    let sources = package.lines().filter_map(|line| line.trim().strip_prefix("[\"")?.split('"').next());
    let mut count = 0;
    for source in sources.filter(|source| !source.starts_with("target/")) {
        let pattern = path(source);
        let found = glob::glob(pattern.to_str().unwrap()).unwrap().count();
        assert!(found > 0, "{source} is not here");
        count += 1;
    }
    assert!(count > 10);
}
