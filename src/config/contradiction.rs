//! Settings that are right, each for itself, and cannot both be meant.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::collision::real;
use super::mistake::{Mistake, Place};
use super::source::file;
use super::{Config, Limits, StoreSettings};

/// Every contradiction in a configuration, at the place of the second word.
pub(super) fn contradictions(config: &Config, places: &BTreeMap<String, Place>, path: &Path) -> Vec<Mistake> {
    let place = |name: &str| places.get(name).cloned().unwrap_or_else(|| file(path));
    let is_stated = |names: [&str; 2]| names.iter().all(|name| places.contains_key(*name));
    let mut found = Vec::new();
    for ((name, part), (whole_name, whole)) in parts(&config.limits) {
        // A default beyond a limit that somebody set lower is meant by nobody.
        if part > whole && is_stated([name, whole_name]) {
            let what = format!("`{name}`, {part}, is more than `{whole_name}`, {whole}");
            found.push(Mistake::new(place(name), what).hint("a part cannot be more than the whole; lower it"));
        }
    }
    if config.edi.practice_identity.as_deref() == Some(config.edi.identity.as_str()) {
        let what = format!("`edi.practice_identity` and `edi.identity` are both {:?}", config.edi.identity);
        let hint = "give practice another identity, or \"\" to tell it by 0035 alone";
        found.push(Mistake::new(place("edi.practice_identity"), what).hint(hint));
    }
    if overlap(config.tls.listen, config.watch.listen) {
        let what = format!("`watch.listen`, {}, is part of `tls.listen`, {}", config.watch.listen, config.tls.listen);
        found.push(Mistake::new(place("watch.listen"), what).hint("give one of them another port"));
    }
    found.extend(of_retention(&config.store, place));
    for (name, other) in directories(config) {
        if real(&config.store.directory) == real(other) {
            let what = format!("`store.directory` and `{name}` are both {}", other.display());
            found.push(Mistake::new(place("store.directory"), what).hint("the record has a directory of its own"));
        }
    }
    found.extend(within_the_record(config, path).map(|(what, inner)| {
        let what = format!("`store.directory`, {}, has {what} in it, {inner}", config.store.directory.display());
        Mistake::new(place("store.directory"), what).hint("the record has a directory of its own; name another one")
    }));
    if let Some(archive) = &config.store.archive {
        let (store, own) = (real(&config.store.directory), real(archive));
        let parts = ["journal", "state"].map(|part| store.join(part));
        if own != store && store.starts_with(&own) {
            let what = format!("`store.archive`, {}, has `store.directory` in it", archive.display());
            let hint = "name a directory of its own, best on another disk";
            found.push(Mistake::new(place("store.archive"), what).hint(hint));
        }
        if own == store || parts.iter().any(|part| own.starts_with(part)) {
            let what = format!("`store.archive`, {}, is in the record itself", archive.display());
            found.push(
                Mistake::new(place("store.archive"), what).hint("name a directory of its own, best on another disk"),
            );
        }
    }
    found.extend(of_archive(config, place));
    found
}

/// What the record has in its directory and is none of its parts, and where that is: the first such thing. An archive may be
/// in it, so that a disk is mounted there, and so may the socket for administration.
fn within_the_record(config: &Config, path: &Path) -> Option<(String, String)> {
    let store = real(&config.store.directory);
    let key = Some(config.tls.private_key.path()).filter(|_| config.tls.private_key.credential().is_none());
    let files = [("tls.certificate", Some(config.tls.certificate.as_path())), ("tls.private_key", key)];
    let files = files.into_iter().filter_map(|(name, file)| Some((name, file?)));
    // The same directory is a mistake of its own.
    let apart = directories(config).map(|(name, path)| (name, path.as_path())).filter(|(_, path)| real(path) != store);
    let named = files.chain(apart).map(|(name, inner)| (format!("`{name}`"), inner));
    let all = std::iter::once(("this configuration".to_owned(), path)).chain(named);
    let mut inside = all.filter(|(_, inner)| real(inner).starts_with(&store));
    inside.next().map(|(what, inner)| (what, inner.display().to_string()))
}

/// An archive in a directory that is read for something else.
fn of_archive(config: &Config, place: impl Fn(&str) -> Place) -> Option<Mistake> {
    let archive = config.store.archive.as_ref()?;
    let (name, _) = directories(config).find(|(_, other)| real(archive) == real(other))?;
    let what = format!("`store.archive` and `{name}` are both {}", archive.display());
    Some(Mistake::new(place("store.archive"), what).hint("the archive has a directory of its own"))
}

/// The shortest time that a record is kept, in days: all that is asked of repeats within a year, and some weeks.
const RETENTION_DAYS_MIN: u32 = 400;

/// A record that is kept for too short a time, or for a shorter one than repeats are known.
fn of_retention(store: &StoreSettings, place: impl Fn(&str) -> Place) -> Option<Mistake> {
    let StoreSettings { retention_days, repeat_days, .. } = *store;
    if (1..RETENTION_DAYS_MIN).contains(&retention_days) {
        let what = format!("`store.retention_days`, {retention_days}, is too short a time to keep a record for");
        let hint = format!("write {RETENTION_DAYS_MIN} or more, or 0 for ever");
        return Some(Mistake::new(place("store.retention_days"), what).hint(hint));
    }
    (retention_days > 0 && repeat_days > retention_days).then(|| {
        let what = format!("`store.repeat_days`, {repeat_days}, is more than `store.retention_days`, {retention_days}");
        Mistake::new(place("store.repeat_days"), what).hint("a repeat is known from the record; lower it")
    })
}

/// A limit with its name.
type Limit = (&'static str, usize);

/// Limits with those that they are a part of.
fn parts(limits: &Limits) -> [(Limit, Limit); 3] {
    let connections = ("limits.connections_max", limits.connections_max);
    let handshakes = ("limits.handshakes_max", limits.handshakes_max);
    [
        (("limits.connections_per_partner_max", limits.connections_per_partner_max), connections),
        (handshakes, connections),
        (("limits.handshakes_per_address_max", limits.handshakes_per_address_max), handshakes),
    ]
}

/// Whether one of two different addresses is every address of the machine, and the port is the same.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let is_wide = one.ip().is_unspecified() || other.ip().is_unspecified();
    one != other && one.port() == other.port() && one.port() != 0 && is_wide
}

fn directories(config: &Config) -> impl Iterator<Item = (&'static str, &PathBuf)> {
    let grammars = config.grammars.directory.as_ref().map(|path| ("grammars.directory", path));
    let others = [("partners.directory", &config.partners.directory), ("feeds.directory", &config.feeds.directory)];
    others.into_iter().chain(grammars)
}

#[cfg(test)]
mod tests {
    use super::super::sample::Home;

    fn check(settings: &str, expected: &str) {
        assert_eq!(Home::new(settings).mistakes(), expected);
    }

    #[test]
    fn a_part_is_not_more_than_the_whole() {
        check(
            "[limits]\nconnections_max = 10\nconnections_per_partner_max = 20\n",
            "`limits.connections_per_partner_max`, 20, is more than `limits.connections_max`, 10 (lodged.toml:3:31)\n  \
             hint: a part cannot be more than the whole; lower it",
        );
        check(
            "[limits]\nhandshakes_max = 10\nhandshakes_per_address_max = 20\n",
            "`limits.handshakes_per_address_max`, 20, is more than `limits.handshakes_max`, 10 (lodged.toml:3:30)\n  \
             hint: a part cannot be more than the whole; lower it",
        );
    }

    #[test]
    fn the_archive_is_not_in_the_record() {
        let said =
            |path: &str| Home::new(&format!("[store]\ndirectory = \"record\"\narchive = \"{path}\"\n")).mistakes();
        for path in ["record", "record/journal", "record/journal/old", "record/state"] {
            assert!(
                said(path).contains(&format!("{path}, is in the record itself (lodged.toml:3:11)")),
                "{}",
                said(path)
            );
        }
        assert_eq!(said("record/archive"), "");
        assert_eq!(said(""), "");
    }

    #[test]
    fn the_record_is_not_in_its_archive() {
        check(
            "[store]\ndirectory = \"disk/record\"\narchive = \"disk\"\n",
            "`store.archive`, disk, has `store.directory` in it (lodged.toml:3:11)\n  hint: name a directory of its own, best \
             on another disk",
        );
    }

    #[test]
    fn nothing_else_is_in_the_record() {
        let said = |directory: &str, more: &str| {
            let home = Home::new(&format!("[store]\ndirectory = \"{directory}\"\n{more}"));
            for named in ["other", "records", "record/partners", "record/feeds"] {
                std::fs::create_dir_all(home.path().join(named)).unwrap();
            }
            home.mistakes()
        };
        assert!(
            said(".", "")
                .contains(" has this configuration in it, lodged.toml (lodged.toml:2:13)\n  hint: the record ")
        );
        for (key, value) in [
            ("tls.certificate", "record/gateway.pem"),
            ("tls.private_key", "record/certs/gateway.key"),
            ("partners.directory", "record/partners"),
            ("feeds.directory", "record/feeds"),
            ("grammars.directory", "./other/../record/grammars"),
        ] {
            let (table, key) = key.split_once('.').unwrap();
            let said = said("record", &format!("[{table}]\n{key} = \"{value}\"\n"));
            assert!(said.starts_with(&format!("`store.directory`, record, has `{table}.{key}` in it, ")), "{said}");
        }
        assert_eq!(
            said("record", "[tls]\nprivate_key = \"credential:gateway.key\"\n[admin]\nsocket = \"record/a.sock\"\n"),
            ""
        );
        // A name that only begins alike is another one.
        assert_eq!(said("record", "[partners]\ndirectory = \"records\"\n"), "");
    }

    #[test]
    fn a_default_contradicts_nobody() {
        check("[limits]\nconnections_max = 10\n", "");
    }

    #[test]
    fn practice_has_an_identity_of_its_own() {
        check(
            "[edi]\npractice_identity = \"LODGED\"\n",
            "`edi.practice_identity` and `edi.identity` are both \"LODGED\" (lodged.toml:2:21)\n  \
             hint: give practice another identity, or \"\" to tell it by 0035 alone",
        );
    }

    #[test]
    fn every_address_is_also_this_one() {
        check(
            "[tls]\nlisten = \"0.0.0.0:9464\"\n",
            "`watch.listen`, 127.0.0.1:9464, is part of `tls.listen`, 0.0.0.0:9464 (lodged.toml)\n  \
             hint: give one of them another port",
        );
        check("[tls]\nlisten = \"0.0.0.0:4443\"\n", "");
    }

    #[test]
    fn a_record_is_kept_for_400_days_or_for_ever() {
        check(
            "[store]\nretention_days = 399\n",
            "`store.retention_days`, 399, is too short a time to keep a record for (lodged.toml:2:18)\n  \
             hint: write 400 or more, or 0 for ever",
        );
        check("[store]\nretention_days = 0\nrepeat_days = 36500\n", "");
        check("[store]\nretention_days = 400\n", "");
    }

    #[test]
    fn a_repeat_is_not_known_for_longer_than_the_record_is_kept() {
        check(
            "[store]\nretention_days = 400\nrepeat_days = 401\n",
            "`store.repeat_days`, 401, is more than `store.retention_days`, 400 (lodged.toml:3:15)\n  \
             hint: a repeat is known from the record; lower it",
        );
    }

    #[test]
    fn the_record_has_a_directory_of_its_own() {
        let home = Home::new("[store]\ndirectory = \"partners\"\n");
        std::fs::create_dir(home.path().join("partners")).unwrap();
        let said = home.mistakes();
        assert!(said.starts_with("`store.directory` and `partners.directory` are both "), "{said}");
        let home = Home::new("[feeds]\ndirectory = \"record\"\n[store]\ndirectory = \"record\"\n");
        std::fs::create_dir(home.path().join("record")).unwrap();
        let said = home.mistakes();
        assert!(said.contains("`store.directory` and `feeds.directory` are both "), "{said}");
        let home = Home::new("[store]\ndirectory = \"./other/../partners\"\n");
        std::fs::create_dir_all(home.path().join("partners")).unwrap();
        std::fs::create_dir_all(home.path().join("other")).unwrap();
        let said = home.mistakes();
        assert!(said.contains("`store.directory` and `partners.directory` are both "), "{said}");
    }

    #[test]
    fn the_archive_has_a_directory_of_its_own() {
        let home = Home::new("[store]\narchive = \"partners\"\n");
        std::fs::create_dir(home.path().join("partners")).unwrap();
        let said = home.mistakes();
        assert!(said.starts_with("`store.archive` and `partners.directory` are both "), "{said}");
    }
}
