//! Consumers of the feed that would get into each other's way, or into that of the record.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::Config;
use super::mistake::{Mistake, Place};
use crate::feed::{Consumer, Target};

/// A consumer, and where its file says where declarations go.
pub(super) type Placed = (Consumer, Place);

/// Every consumer that takes what is another's place, at the place of the later one.
pub(super) fn collisions(config: &Config, consumers: &[Placed]) -> Vec<Mistake> {
    let mut found = Vec::new();
    for (at, (consumer, place)) in consumers.iter().enumerate() {
        let former = consumers.iter().take(at).map(|(former, _)| former);
        if let Some(former) = former.into_iter().find(|former| is_same(&former.target, &consumer.target)) {
            let what = format!("{} is where consumer {} takes its declarations too", consumer.target, former.name);
            let hint = "give each consumer a directory or an address of its own, or take one of them away";
            found.push(Mistake::new(place.clone(), what).hint(hint));
        }
        if let Target::Directory(directory) = &consumer.target {
            found.extend(whose(config, directory).map(|whose| {
                let what = format!("directory {} {whose}", directory.display());
                Mistake::new(place.clone(), what).hint("name a directory that holds nothing else")
            }));
        }
    }
    found
}

fn is_same(one: &Target, other: &Target) -> bool {
    match (one, other) {
        (Target::Directory(one), Target::Directory(other)) => real(one) == real(other),
        (Target::Http(one), Target::Http(other)) => one.is_same_address(other),
        _ => false,
    }
}

/// What a directory is part of, when that is not for a consumer; or what is part of it.
fn whose(config: &Config, directory: &Path) -> Option<String> {
    let directory = real(directory);
    let archive = config.store.archive.as_ref().map(|archive| ("store.archive", archive));
    for (name, part) in [("store.directory", &config.store.directory)].into_iter().chain(archive) {
        let part = real(part);
        if directory.starts_with(&part) {
            return Some(format!("is in `{name}`, {}", part.display()));
        }
        if part.starts_with(&directory) {
            return Some(format!("has `{name}` in it, {}", part.display()));
        }
    }
    let read =
        [("feeds.directory", Some(&config.feeds.directory)), ("partners.directory", Some(&config.partners.directory))];
    let read = read.into_iter().chain([("grammars.directory", config.grammars.directory.as_ref())]);
    let same = read.into_iter().find(|(_, path)| path.is_some_and(|path| real(path) == directory));
    if let Some((name, _)) = same {
        return Some(format!("is `{name}`"));
    }
    let is_backup = |path: &&Path| path.join("manifest").is_file() && path.join("segments").is_dir();
    directory.ancestors().find(is_backup).map(|backup| format!("is in a backup of a record, {}", backup.display()))
}

/// Where a path leads that may not be there yet: what is there of it is followed, the rest is taken by its words.
pub(super) fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (mut there, mut rest) = (path.as_path(), Vec::<OsString>::new());
    let known = loop {
        match (there.canonicalize(), there.parent()) {
            (Ok(known), _) => break known,
            (Err(_), None) => break there.to_owned(),
            (Err(_), Some(parent)) => {
                rest.extend(there.components().next_back().map(|part| part.as_os_str().to_owned()));
                there = parent;
            }
        }
    };
    rest.iter().rev().fold(known, |mut path, part| {
        match Path::new(part).components().next() {
            Some(Component::ParentDir) => drop(path.pop()),
            _ => path.push(part),
        }
        path
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::super::sample::Home;

    fn check(home: &Home, expected: &[&str]) {
        let said = home.mistakes();
        assert_eq!(said.is_empty(), expected.is_empty(), "{said}");
        expected.iter().for_each(|words| assert!(said.contains(words), "{said}"));
        assert!(!home.path().join("record").exists(), "something was made");
    }

    fn home() -> Home {
        Home::new("[store]\ndirectory = \"record\"\narchive = \"old\"\n")
    }

    #[test]
    fn consumers_take_their_declarations_in_different_places() {
        let home = home();
        home.consumer("customs", "directory = \"out\"\n");
        home.consumer("statistics", "directory = \"../out\"\n");
        check(&home, &[]);
        home.consumer("tax", "practice = true\ndirectory = \"../feeds/./out\"\n");
        check(
            &home,
            &["is where consumer customs takes its declarations too (feeds/tax.toml:2:13)\n  hint: give each"],
        );
    }

    #[test]
    fn a_link_leads_to_the_same_place() {
        let home = home();
        home.consumer("customs", "directory = \"out/a\"\n");
        home.consumer("tax", "directory = \"link/a\"\n");
        check(&home, &[]);
        fs::create_dir(home.path().join("feeds/out")).unwrap();
        symlink(home.path().join("feeds/out"), home.path().join("feeds/link")).unwrap();
        check(&home, &["link/a is where consumer customs takes its declarations too"]);
    }

    #[test]
    fn an_address_is_one_consumers_however_it_is_written() {
        let home = home();
        home.consumer("customs", "url = \"http://127.0.0.1/feed\"\n");
        home.consumer("other", "url = \"http://127.0.0.1/feed?of=all\"\n");
        check(&home, &[]);
        home.consumer("tax", "url = \"http://127.0.0.1:80/feed\"\n");
        check(
            &home,
            &[
                "address http://127.0.0.1:80/feed is where consumer customs takes its declarations too (feeds/tax.toml:1:7)",
            ],
        );
    }

    #[test]
    fn declarations_do_not_go_into_the_record() {
        for (directory, words) in [
            ("../record", "is in `store.directory`, "),
            ("../record/feeds", "is in `store.directory`, "),
            ("../old/declarations", "is in `store.archive`, "),
            ("..", "has `store.directory` in it, "),
            (".", "is `feeds.directory`"),
            ("../partners", "is `partners.directory`"),
        ] {
            let home = home();
            home.consumer("customs", &format!("directory = \"{directory}\"\n"));
            check(&home, &[words, "(feeds/customs.toml:1:13)", "hint: name a directory that holds nothing else"]);
        }
    }

    #[test]
    fn declarations_do_not_go_into_a_backup() {
        let home = home();
        home.consumer("customs", "directory = \"../backup/out\"\n");
        fs::create_dir_all(home.path().join("backup/segments")).unwrap();
        check(&home, &[]);
        fs::write(home.path().join("backup/manifest"), "").unwrap();
        check(&home, &["is in a backup of a record, "]);
    }
}
