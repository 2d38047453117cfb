//! A configuration in a directory of its own, for the tests of this room.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::{Config, ConfigTrouble, Environment, Loaded};

pub(super) struct Home {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

impl Home {
    /// A directory with `lodged.toml`.
    pub(super) fn new(settings: &str) -> Self {
        let home = Self { directory: tempfile::tempdir().unwrap(), variables: Vec::new() };
        fs::write(home.file(), settings).unwrap();
        home
    }

    /// The same with a variable in the environment.
    pub(super) fn with(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn file(&self) -> std::path::PathBuf {
        self.path().join("lodged.toml")
    }

    pub(super) fn environment(&self) -> Environment {
        self.variables.iter().cloned().collect()
    }

    /// Adds the file of a partner.
    pub(super) fn partner(&self, id: &str, text: &str) {
        fs::create_dir_all(self.path().join("partners")).unwrap();
        fs::write(self.path().join(format!("partners/{id}.toml")), text).unwrap();
    }

    /// Adds the file of a consumer of the feed.
    pub(super) fn consumer(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path().join("feeds")).unwrap();
        fs::write(self.path().join(format!("feeds/{name}.toml")), text).unwrap();
    }

    /// Mints a certificate for the first of January of one year to that of another; gives back its key in PEM.
    pub(super) fn certificate(&self, name: &str, from: i32, until: i32) -> String {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, params.self_signed(&key).unwrap().pem()).unwrap();
        key.serialize_pem()
    }

    pub(super) fn load(&self) -> Result<Loaded, ConfigTrouble> {
        Config::load_with(&self.file(), &self.environment())
    }

    /// What is wrong, with paths as seen from the directory; empty when nothing is.
    pub(super) fn mistakes(&self) -> String {
        self.load().err().map(|trouble| self.shorten(trouble)).unwrap_or_default()
    }

    /// A text with paths as seen from the directory.
    pub(super) fn shorten(&self, text: impl Display) -> String {
        text.to_string().replace(&format!("{}/", self.path().display()), "")
    }
}
