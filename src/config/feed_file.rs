//! `conf/feeds/<short name>.toml`: one consumer of the feed in each.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::collision::Placed;
use super::key::FEED;
use super::load::deserialize;
use super::mistake::{Mistake, Place};
use super::partner_file::toml_files;
use super::reading::Reading;
use super::source::{Changes, Source, file, unreadable};
use crate::feed::{Consumer, Endpoint, Target};
use crate::secret::SecretFile;

/// Most characters of a short name.
const NAME_LENGTH_MAX: usize = 32;

/// The consumers of every `*.toml` in this directory. A directory that nobody named (`named` says where it was) may be
/// missing and then holds none.
pub(super) fn load_all(directory: &Path, named: Option<&Place>) -> Result<Vec<Placed>, Vec<Mistake>> {
    if named.is_none() && !directory.exists() {
        return Ok(Vec::new());
    }
    let paths = toml_files(directory, &Changes::default())
        .map_err(|cause| vec![unreadable(directory, &cause).hint("`feeds.directory` must name a directory")])?;
    let mut mistakes = Vec::new();
    let loaded = paths.iter().filter_map(|path| load(path).map_err(|found| mistakes.extend(found)).ok());
    let consumers = loaded.collect();
    if mistakes.is_empty() { Ok(consumers) } else { Err(mistakes) }
}

/// The file as it is written. Every value has passed its shape before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    directory: Option<PathBuf>,
    url: Option<String>,
    ca: Option<PathBuf>,
    authorization: Option<PathBuf>,
    #[serde(default)]
    practice: bool,
}

fn load(path: &Path) -> Result<Placed, Vec<Mistake>> {
    let one = |mistake| vec![mistake];
    let source = Source::read(path, &Changes::default()).map_err(one)?;
    let document = source.parse().map_err(one)?;
    let mut reading = Reading::default();
    reading.read_file(&source, FEED, document.as_table());
    let Reading { mut mistakes, places } = reading;
    let name = path.file_stem().and_then(|stem| stem.to_str()).filter(|name| is_short(name));
    if name.is_none() {
        let form = format!("lower-case letters, digits and hyphens, at most {NAME_LENGTH_MAX}");
        mistakes.push(Mistake::new(file(path), "the name of the file is no short name of a consumer").hint(form));
    }
    let (Some(name), true) = (name, mistakes.is_empty()) else { return Err(mistakes) };
    let written: Written = deserialize(&source, HashMap::new()).map_err(one)?;
    let is_practice = written.practice;
    let target = written
        .target(path.parent().unwrap_or(Path::new("")))
        .map_err(|(key, what)| one(Mistake::new(places.get(key).cloned().unwrap_or_else(|| file(path)), what)))?;
    let place = ["directory", "url"].iter().find_map(|key| places.get(*key)).cloned().unwrap_or_else(|| file(path));
    Ok((Consumer { name: name.to_owned(), is_practice, target }, place))
}

fn is_short(name: &str) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME_LENGTH_MAX).contains(&name.len()) && name.bytes().all(is_of_it)
}

impl Written {
    /// Where declarations go; or the key that is wrong, and what.
    fn target(self, home: &Path) -> Result<Target, (&'static str, String)> {
        match (self.directory, self.url) {
            (Some(_), Some(_)) => Err(("url", "`directory` and `url` do not go together: take one away".to_owned())),
            (None, None) => Err(("", "`directory` or `url` is missing".to_owned())),
            (Some(_), None) if self.ca.is_some() => Err(("ca", "`ca` goes with `url` only".to_owned())),
            (Some(_), None) if self.authorization.is_some() => {
                Err(("authorization", "`authorization` goes with `url` only".to_owned()))
            }
            (Some(directory), None) => Ok(Target::Directory(home.join(directory))),
            (None, Some(url)) => {
                let (ca, secret) =
                    (self.ca.map(|path| home.join(path)), self.authorization.map(|path| home.join(path)));
                let endpoint = Endpoint::new(&url, ca.as_ref(), secret.map(SecretFile::new).as_ref());
                endpoint.map(Target::Http).map_err(|trouble| ("url", trouble.to_string()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Home;
    use super::*;

    fn check(text: &str, expected: &str) {
        let home = Home::new("");
        home.consumer("customs", text);
        assert_eq!(home.mistakes(), expected);
    }

    #[test]
    fn a_directory_is_taken_from_where_the_file_is() {
        let home = Home::new("");
        home.consumer("customs", "directory = \"out\"\n");
        let loaded = home.load().unwrap();
        let [Consumer { name, is_practice: false, target: Target::Directory(directory) }] = loaded.consumers.as_slice()
        else {
            panic!("{:?}", loaded.consumers)
        };
        assert_eq!((name.as_str(), directory), ("customs", &home.path().join("feeds/out")));
    }

    #[test]
    fn it_goes_to_one_place() {
        check("practice = true\n", "`directory` or `url` is missing (feeds/customs.toml)");
        check(
            "directory = \"out\"\nurl = \"http://127.0.0.1/\"\n",
            "`directory` and `url` do not go together: take one away (feeds/customs.toml:2:7)",
        );
        check("directory = \"out\"\nca = \"ca.pem\"\n", "`ca` goes with `url` only (feeds/customs.toml:2:6)");
    }

    #[test]
    fn declarations_do_not_go_over_a_network_in_plain() {
        check(
            "url = \"http://customs.example/feed\"\n",
            "http:// is taken on this machine only, to 127.0.0.1 or [::1]; use https:// and `ca` (feeds/customs.toml:1:7)",
        );
        check("url = \"http://127.0.0.1:8080/feed\"\n", "");
        check("url = \"http://[::1]:8080/feed\"\n", "");
    }

    #[test]
    fn tls_needs_somebody_to_trust() {
        check(
            "url = \"https://customs.example/feed\"\n",
            "https:// needs `ca`, the certificates that the consumer's is issued by (feeds/customs.toml:1:7)",
        );
        let home = Home::new("");
        home.certificate("feeds/ca.pem", 2026, 2027);
        home.consumer("customs", "url = \"https://customs.example/feed\"\nca = \"ca.pem\"\n");
        assert_eq!(home.mistakes(), "");
    }

    #[test]
    fn a_name_is_short() {
        let home = Home::new("");
        home.consumer("Customs", "directory = \"out\"\n");
        assert!(
            home.mistakes().starts_with("the name of the file is no short name of a consumer (feeds/Customs.toml)")
        );
    }
}
