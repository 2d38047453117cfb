//! From the files and the environment to a configuration that can be used.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use config::{File, FileFormat};
use jiff::{Timestamp, tz::TimeZone};
use serde::de::DeserializeOwned;
use toml_edit::{Item, TableLike};

use super::collision::collisions;
use super::contradiction::contradictions;
use super::key::SETTINGS;
use super::mistake::{ConfigTrouble, Mistake, Place};
use super::partner_file::{Dossier, Roll};
use super::reading::Reading;
use super::source::{Changes, Source, file};
use super::{Config, Feeds, Partners, certificate, feed_file, partner_file};
use crate::feed::Consumer;
use crate::partner::PartnerBook;
use crate::store::Numbering;

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings, with relative paths made relative to the file.
    pub config: Config,
    /// The partners.
    pub partners: PartnerBook,
    /// The consumers of the feed.
    pub consumers: Vec<Consumer>,
    /// How numbers are drawn: the form and the zone of `[proof]`.
    pub numbering: Numbering,
    /// Everything that the partners' files say, of those too that are not let in.
    pub dossiers: Vec<Dossier>,
    /// The file.
    pub path: PathBuf,
    /// Where each value that is not the default comes from, by its full name.
    pub(super) places: BTreeMap<String, Place>,
}

/// The variables of the environment that are settings: `LODGED__SECTION__KEY`.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    const PREFIX: &'static str = "LODGED";
    const SEPARATOR: &'static str = "__";

    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        // A name that is not UTF-8 is none of ours.
        Self(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect())
    }

    /// The variables of ours, known or not.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        let prefix = Self::variable("");
        let variables = self.0.iter().map(|(name, value)| (name.as_str(), value.as_os_str()));
        variables.filter(move |(name, _)| name.starts_with(&prefix))
    }

    /// The variable for a key: `LODGED__LIMITS__IDLE_SECONDS_MAX` for `limits.idle_seconds_max`.
    pub(super) fn variable(key: &str) -> String {
        let key = key.replace('.', Self::SEPARATOR).to_uppercase();
        format!("{}{}{key}", Self::PREFIX, Self::SEPARATOR)
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Config {
    /// Reads the file, its partners, and the environment of this process above them.
    ///
    /// # Errors
    /// [`ConfigTrouble`] with every mistake in all of them.
    pub fn load(path: &Path) -> Result<Loaded, ConfigTrouble> {
        Self::load_with(path, &Environment::of_process())
    }

    /// The same with another environment.
    ///
    /// # Errors
    /// [`ConfigTrouble`] with every mistake in all of them.
    pub fn load_with(path: &Path, environment: &Environment) -> Result<Loaded, ConfigTrouble> {
        Self::load_changed(path, environment, &Changes::default())
    }

    /// The settings of the file, with the environment of this process above them; what partners' files say does not count.
    ///
    /// # Errors
    /// [`ConfigTrouble`] with every mistake in them.
    pub fn load_settings(path: &Path) -> Result<Self, ConfigTrouble> {
        let source = settings(path, &Changes::default())?;
        let mut reading = Reading::default();
        reading.read_file(&source, SETTINGS, source.parse()?.as_table());
        let variables = reading.read_environment(SETTINGS, &Environment::of_process());
        refuse_any(reading.mistakes)?;
        let config = deserialize::<Self>(&source, variables.into_iter().collect())?;
        Ok(config.relative_to(path.parent().unwrap_or(Path::new(""))))
    }

    /// The configuration as it would be if files were changed, before any of them is.
    ///
    /// # Errors
    /// [`ConfigTrouble`] with every mistake in all of them.
    pub fn load_changed(path: &Path, environment: &Environment, changes: &Changes) -> Result<Loaded, ConfigTrouble> {
        let source = settings(path, changes)?;
        let document = source.parse()?;
        let mut reading = Reading::default();
        reading.read_file(&source, SETTINGS, document.as_table());
        let variables = reading.read_environment(SETTINGS, environment);
        let Reading { mut mistakes, places } = reading;

        // Partners are read even when a setting is wrong, so that everything is said at once.
        let directory = path.parent().unwrap_or(Path::new(""));
        let named = |key, default| directory.join(named_directory(key, document.as_table(), &variables, default));
        let partners_directory = named(PARTNERS_DIRECTORY, Partners::default().directory);
        let roll = partner_file::load_all(&partners_directory, places.get(PARTNERS_DIRECTORY), changes)
            .map_err(|found| mistakes.extend(found))
            .unwrap_or_default();
        let feeds_directory = named(FEEDS_DIRECTORY, Feeds::default().directory);
        let consumers = feed_file::load_all(&feeds_directory, places.get(FEEDS_DIRECTORY))
            .map_err(|found| mistakes.extend(found))
            .unwrap_or_default();
        refuse_any(mistakes)?;
        let Roll { partners, dossiers } = roll;

        let config = deserialize::<Self>(&source, variables.into_iter().collect())?.relative_to(directory);
        let mut mistakes = disagreements(&config, &partners, &places, path);
        mistakes.extend(collisions(&config, &consumers));
        refuse_any(mistakes)?;
        let consumers = consumers.into_iter().map(|(consumer, _)| consumer).collect();
        let zone = TimeZone::get(&config.proof.time_zone).map_err(|_| {
            let what = format!("this machine does not know the time zone {}", config.proof.time_zone);
            Mistake::new(file(path), what).hint("install the time zone data of the system")
        })?;
        let numbering = Numbering { form: config.proof.form, zone };
        Ok(Loaded { config, partners, consumers, numbering, dossiers, path: path.to_owned(), places })
    }
}

impl Loaded {
    /// First moment at which the gateway's own certificate is no longer valid.
    ///
    /// # Errors
    /// A [`Mistake`] when its file cannot be read or holds no certificate.
    pub fn own_certificate_until(&self) -> Result<Timestamp, Mistake> {
        let chain = certificate::read_chain(&self.config.tls.certificate, &Changes::default())?;
        chain.first().map(|own| own.until).ok_or_else(|| certificate::none_in(&self.config.tls.certificate))
    }
}

const PARTNERS_DIRECTORY: &str = "partners.directory";
const FEEDS_DIRECTORY: &str = "feeds.directory";

/// The directory under a key `section.name`, as far as it can be told.
fn named_directory(key: &str, root: &dyn TableLike, variables: &BTreeMap<String, String>, default: PathBuf) -> PathBuf {
    let from_file = || {
        let (section, name) = key.split_once('.')?;
        root.get(section).and_then(Item::as_table_like)?.get(name)?.as_str()
    };
    let from_environment = variables.get(&Environment::variable(key)).map(String::as_str);
    from_environment.or_else(from_file).map_or(default, PathBuf::from)
}

/// Settings that are right, each for itself, and do not go together.
fn disagreements(
    config: &Config,
    partners: &PartnerBook,
    places: &BTreeMap<String, Place>,
    path: &Path,
) -> Vec<Mistake> {
    let place =
        |names: [&str; 2]| names.iter().find_map(|name| places.get(*name)).cloned().unwrap_or_else(|| file(path));
    let too_long = |bytes_max: usize, place: Place| {
        let segment = config.store.segment_bytes;
        u64::try_from(bytes_max).is_ok_and(|bytes_max| bytes_max > segment / 2).then(|| {
            let what = format!("an interchange of {bytes_max} bytes does not go with `store.segment_bytes`, {segment}");
            Mistake::new(place, what).hint("make the segment at least twice as long")
        })
    };
    let own = place(["store.segment_bytes", "limits.interchange_bytes_max"]);
    let of_partners = partners.partners().iter().filter_map(|partner| {
        let home = config.partners.directory.join(format!("{}.toml", partner.id));
        too_long(partner.limits.interchange_bytes_max?, file(&home))
    });
    let (tls, watch) = (config.tls.listen, config.watch.listen);
    let shared_address = (tls == watch && tls.port() != 0).then(|| {
        Mistake::new(place(["watch.listen", "tls.listen"]), format!("`tls.listen` and `watch.listen` are both {tls}"))
            .hint("give one of them another port")
    });
    let lengths = too_long(config.limits.interchange_bytes_max, own).into_iter().chain(of_partners);
    lengths.chain(shared_address).chain(contradictions(config, places, path)).collect()
}

/// The values of a text whose keys and shapes were checked, with these variables above it.
pub(super) fn deserialize<T: DeserializeOwned>(
    source: &Source,
    variables: HashMap<String, String>,
) -> Result<T, Mistake> {
    let environment =
        config::Environment::with_prefix(Environment::PREFIX).separator(Environment::SEPARATOR).source(Some(variables));
    config::Config::builder()
        .add_source(File::from_str(&source.text, FileFormat::Toml))
        .add_source(environment)
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(|cause| Mistake::new(file(&source.path), cause.to_string()))
}

/// The file of the settings. Who forgot to name it is told how to.
fn settings(path: &Path, changes: &Changes) -> Result<Source, Mistake> {
    Source::read(path, changes).map_err(|mistake| {
        let is_there = path.exists() || mistake.hint.is_some();
        let hint = "name the configuration with --config; that of the package is /etc/lodged/conf/lodged.toml";
        if is_there { mistake } else { mistake.hint(hint) }
    })
}

fn refuse_any(mistakes: Vec<Mistake>) -> Result<(), ConfigTrouble> {
    if mistakes.is_empty() { Ok(()) } else { Err(ConfigTrouble { mistakes }) }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Home;
    use super::*;

    fn check(settings: &str, expected: &str) {
        assert_eq!(Home::new(settings).mistakes(), expected);
    }

    fn check_environment(variable: &str, value: &str, expected: &str) {
        assert_eq!(Home::new("").with(variable, value).mistakes(), expected);
    }

    #[test]
    fn an_empty_file_is_a_whole_configuration() {
        check("", "");
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_key() {
        check(
            "[limits]\nidle_second_max = 60\n",
            "unknown key `limits.idle_second_max` (lodged.toml:2:1)\n  hint: did you mean `limits.idle_seconds_max`?",
        );
    }

    #[test]
    fn an_unknown_section_names_the_nearest_one() {
        check("[limit]\n", "unknown key `limit` (lodged.toml:1:2)\n  hint: did you mean `limits`?");
    }

    #[test]
    fn a_key_in_the_wrong_section_is_told_where_it_belongs() {
        check(
            "[edi]\nlisten = \"127.0.0.1:0\"\n",
            "unknown key `edi.listen` (lodged.toml:2:1)\n  hint: this key stands in `tls.listen` and `watch.listen`",
        );
    }

    #[test]
    fn a_key_like_no_other_gets_no_hint() {
        check("[edi]\nzebra = 1\n", "unknown key `edi.zebra` (lodged.toml:2:1)");
    }

    #[test]
    fn a_value_of_the_wrong_type_says_what_is_wanted() {
        check(
            "[limits]\nconnections_max = \"many\"\n",
            "`limits.connections_max` is text, not a whole number (lodged.toml:2:19)\n  \
             hint: write a whole number from 1 to 100000 (connections)",
        );
        check(
            "edi = 1\n",
            "`edi` is a whole number, which does not go here (lodged.toml:1:7)\n  hint: write [edi] and its keys below it",
        );
    }

    #[test]
    fn a_number_out_of_its_bounds_says_the_bounds() {
        check(
            "[limits]\n\n  connections_max = 0\n",
            "`limits.connections_max` is 0, out of its bounds (lodged.toml:3:21)\n  \
             hint: write a whole number from 1 to 100000 (connections)",
        );
    }

    #[test]
    fn a_word_that_is_no_choice_is_told_the_choices() {
        check(
            "[proof]\nform = \"caed\"\n",
            "`proof.form` cannot be \"caed\" (lodged.toml:2:8)\n  hint: write \"cers\" or \"g7\"",
        );
    }

    #[test]
    fn texts_with_a_form_are_read() {
        for wrong in [
            "[tls]\nlisten = \"localhost\"",
            "[proof]\ntime_zone = \"Canada\"",
            "[log]\nfilter = \"lodged=much\"",
            "[edi]\nidentity = \"\"",
            "[edi]\nqualifier = \"ABCDE\"",
        ] {
            let said = Home::new(wrong).mistakes();
            assert!(said.contains(" cannot be ") && said.contains("(lodged.toml:2:"), "{said}");
        }
    }

    #[test]
    fn what_is_no_toml_names_its_line() {
        let said = Home::new("[edi]\nidentity = \n").mistakes();
        assert!(said.starts_with("this is not TOML: ") && said.contains("(lodged.toml:2:"), "{said}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let trouble = Config::load_with(Path::new("nowhere.toml"), &Environment::default()).unwrap_err();
        assert!(trouble.to_string().starts_with("cannot be read: "), "{trouble}");
        assert!(
            trouble.to_string().contains(" (nowhere.toml)\n  hint: name the configuration with --config"),
            "{trouble}"
        );
    }

    #[test]
    fn every_mistake_is_said_at_once() {
        let home = Home::new("[edi]\nidentiti = 1\n[watch]\nlisten = 1\n").with("LODGED__LOG__FORMAT", "loud");
        home.partner("maple", "kind = \"exporter\"\n");
        let places: Vec<_> =
            home.load().unwrap_err().mistakes.iter().map(|mistake| home.shorten(&mistake.place)).collect();
        let expected =
            ["lodged.toml:2:1", "lodged.toml:4:10", "environment LODGED__LOG__FORMAT", "partners/maple.toml"];
        assert_eq!(places, expected);
    }

    #[test]
    fn the_environment_wins() {
        let home = Home::new("[limits]\nidle_seconds_max = 60\n").with("LODGED__LIMITS__IDLE_SECONDS_MAX", "70");
        assert_eq!(home.load().unwrap().config.limits.idle_seconds_max, 70);
    }

    #[test]
    fn digits_of_a_text_stay_as_they_are() {
        let home = Home::new("").with("LODGED__EDI__IDENTITY", "0012").with("LODGED__EDI__QUALIFIER", "01");
        let identity = home.load().unwrap().config.edi.identity();
        assert_eq!((identity.identification.as_str(), identity.qualifier.as_deref()), ("0012", Some("01")));
    }

    #[test]
    fn an_empty_text_is_none() {
        let home = Home::new("[edi]\npractice_identity = \"PRACTICE\"\n").with("LODGED__EDI__PRACTICE_IDENTITY", "");
        assert_eq!(home.load().unwrap().config.edi.practice_identity(), None);
    }

    #[test]
    fn an_unknown_variable_is_a_mistake() {
        check_environment(
            "LODGED__LIMITS__IDLE_SECOND_MAX",
            "60",
            "unknown variable `LODGED__LIMITS__IDLE_SECOND_MAX` (environment LODGED__LIMITS__IDLE_SECOND_MAX)\n  \
             hint: did you mean `LODGED__LIMITS__IDLE_SECONDS_MAX`?",
        );
        check_environment(
            "LODGED__watch__listen",
            "127.0.0.1:0",
            "unknown variable `LODGED__watch__listen` (environment LODGED__watch__listen)",
        );
        check_environment(
            "LODGED__STROE__DIRECTORY",
            "record",
            "unknown variable `LODGED__STROE__DIRECTORY` (environment LODGED__STROE__DIRECTORY)\n  \
             hint: did you mean `LODGED__STORE__DIRECTORY`?",
        );
    }

    #[test]
    fn a_variable_of_a_known_table_is_told_of_no_other_key_that_is_like_it() {
        check_environment(
            "LODGED__STORE__FOO",
            "1",
            "unknown variable `LODGED__STORE__FOO` (environment LODGED__STORE__FOO)",
        );
        check_environment(
            "LODGED__EDI__LISTEN",
            "127.0.0.1:0",
            "unknown variable `LODGED__EDI__LISTEN` (environment LODGED__EDI__LISTEN)\n  \
             hint: this key stands in `LODGED__TLS__LISTEN` and `LODGED__WATCH__LISTEN`",
        );
    }

    #[test]
    fn a_variable_of_the_wrong_type_is_named() {
        check_environment(
            "LODGED__LIMITS__CONNECTIONS_MAX",
            "many",
            "`limits.connections_max` is text, not a whole number (environment LODGED__LIMITS__CONNECTIONS_MAX)\n  \
             hint: write a whole number from 1 to 100000 (connections)",
        );
    }

    #[test]
    fn variables_of_others_are_none_of_ours() {
        check_environment("LODGED_HOME", "/", "");
        check_environment("PATH", "/", "");
    }

    #[test]
    fn a_secret_in_the_place_of_its_file_is_not_repeated() {
        let said = Home::new("[tls]\nprivate_key = \"\"\"\n-----BEGIN PRIVATE KEY-----\nsesame\n\"\"\"\n").mistakes();
        assert!(
            said.starts_with("`tls.private_key` is no path (lodged.toml:2:15)") && !said.contains("sesame"),
            "{said}"
        );
    }

    #[test]
    fn relative_paths_begin_at_the_file() {
        let home = Home::new("[store]\ndirectory = \"record\"\n[grammars]\ndirectory = \"/etc/grammars\"\n");
        let config = home.load().unwrap().config;
        assert_eq!(config.store.directory, home.path().join("record"));
        assert_eq!(config.grammars.directory, Some("/etc/grammars".into()));
    }

    #[test]
    fn an_interchange_must_fit_into_a_segment_of_the_journal() {
        check(
            "[store]\nsegment_bytes = 16777216\n",
            "an interchange of 10485760 bytes does not go with `store.segment_bytes`, 16777216 (lodged.toml:2:17)\n  \
             hint: make the segment at least twice as long",
        );
    }

    #[test]
    fn an_interchange_of_a_partner_must_fit_as_well() {
        let home = Home::new("");
        home.partner("maple", "name = \"Maple\"\nkind = \"carrier\"\n[limits]\ninterchange_bytes_max = 50000000\n");
        let expected = "an interchange of 50000000 bytes does not go with `store.segment_bytes`, 67108864 \
                        (partners/maple.toml)\n  hint: make the segment at least twice as long";
        assert_eq!(home.mistakes(), expected);
    }

    #[test]
    fn two_doors_cannot_listen_on_one_address() {
        check(
            "[tls]\nlisten = \"127.0.0.1:9464\"\n",
            "`tls.listen` and `watch.listen` are both 127.0.0.1:9464 (lodged.toml:2:10)\n  \
             hint: give one of them another port",
        );
        check("[tls]\nlisten = \"127.0.0.1:0\"\n[watch]\nlisten = \"127.0.0.1:0\"\n", "");
    }

    #[test]
    fn numbers_are_drawn_as_the_settings_say() {
        let numbering = Home::new("[proof]\nform = \"g7\"\n").load().unwrap().numbering;
        assert_eq!(numbering.form, crate::identifier::ProofForm::G7);
        assert_eq!(numbering.zone.iana_name(), Some("America/Toronto"));
    }
}
