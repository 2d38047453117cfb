//! Whether the gateway could start with this configuration, and what it would be.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::certificate::{self, Dated};
use super::mistake::Mistake;
use super::source::{Changes, file, unreadable};
use super::{Config, Environment, Loaded};
use crate::feed::check_places;
use crate::partner::{Partner, PartnerKind, days_until};
use crate::secret::SecretTrouble;
use crate::store::{EmbeddedStore, OpenTrouble, readable_by_all};

/// Days before its end from which a certificate is spoken of.
pub const ENDING_DAYS: i64 = 30;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What must be mended.
    pub mistakes: Vec<Mistake>,
    /// What deserves a look.
    pub cautions: Vec<Mistake>,
    /// Where the gateway would listen.
    pub listeners: Vec<Listener>,
    /// The certificates, the gateway's own first.
    pub certificates: Vec<Ending>,
    /// How many partners there are.
    pub partners: usize,
}

/// A door of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Listener {
    /// The section that has its settings.
    pub door: &'static str,
    /// Where it would listen.
    pub address: SocketAddr,
}

/// When a certificate ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// Whose it is.
    pub holder: String,
    /// First moment at which it is no longer taken.
    pub until: Timestamp,
    /// Whole days until then; negative once it ended.
    pub days_left: i64,
}

impl Report {
    /// Whether nothing must be mended.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }
}

/// Checks this file, its partners, this environment, and every file they name, as of this moment.
///
/// It is stricter than a start: a partner's certificate that ended keeps nobody else from being served, but it must be
/// mended.
#[must_use]
pub fn check(path: &Path, environment: &Environment, now: Timestamp) -> Report {
    let mut report = Report::default();
    match Config::load_with(path, environment) {
        Ok(loaded) => report.examine(&loaded, now),
        Err(trouble) => report.mistakes = trouble.mistakes,
    }
    report
}

impl Report {
    fn examine(&mut self, loaded: &Loaded, now: Timestamp) {
        let config = &loaded.config;
        let doors = [("tls", config.tls.listen), ("watch", config.watch.listen)];
        self.listeners = doors.map(|(door, address)| Listener { door, address }).to_vec();
        self.partners = loaded.partners.partners().len();
        self.own_certificate(loaded, now);
        self.grammars(config);
        self.record(loaded);
        if self.partners == 0 {
            let what = "there is no partner, so nobody can connect";
            self.cautions.push(Mistake::new(file(&config.partners.directory), what));
        }
        for partner in loaded.partners.partners() {
            self.partner(partner, &config.partners.directory.join(format!("{}.toml", partner.id)), now);
        }
    }

    fn own_certificate(&mut self, loaded: &Loaded, now: Timestamp) {
        let config = &loaded.config;
        let chain = certificate::read_chain(&config.tls.certificate, &Changes::default());
        if let Some(own) = chain.as_ref().ok().and_then(|chain| chain.first()) {
            let remedy = "put a new one in its place and reload: `systemctl reload lodged`, or SIGHUP";
            self.ending("the gateway", own.until, (&config.tls.certificate, remedy), now);
        }
        let key = self.key(loaded);
        match (chain, key) {
            (Ok(chain), Some(key)) => self.mistakes.extend(disagreement(chain, key, config)),
            (Ok(_), None) => {}
            (Err(mistake), _) if mistake.hint.is_some() => self.mistakes.push(mistake),
            (Err(mistake), _) => self.mistakes.push(mistake.hint("`tls.certificate` names the file")),
        }
    }

    fn key(&mut self, loaded: &Loaded) -> Option<PrivateKeyDer<'static>> {
        let file_of_key = &loaded.config.tls.private_key;
        let path = file_of_key.path();
        let secret = match file_of_key.read() {
            Err(SecretTrouble::NotHanded { name }) => {
                let what = format!("the private key is the credential {name}, which only the service is handed");
                self.cautions.push(Mistake::new(file(path), what));
                return None;
            }
            Err(SecretTrouble::Shared { mode, .. }) => {
                let what = format!("the private key can be used by others, its mode is {mode:04o}");
                Err(Mistake::new(file(path), what).hint(format!("chmod 0600 {}", path.display())))
            }
            read => read.map_err(|trouble| {
                let place = loaded.places.get("tls.private_key").cloned();
                Mistake::new(place.unwrap_or_else(|| file(&loaded.path)), trouble.to_string())
                    .hint("`tls.private_key` names the file")
            }),
        };
        let key = secret.and_then(|secret| {
            PrivateKeyDer::from_pem_slice(secret.expose()).map_err(|_| {
                Mistake::new(file(path), "the file is not a private key that can be read")
                    .hint("it must be PEM and hold a PRIVATE KEY without a password")
            })
        });
        key.map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    fn grammars(&mut self, config: &Config) {
        let grammars = config.grammars.directory.iter().filter_map(|path| match path.read_dir() {
            Ok(_) => None,
            Err(cause) => Some(unreadable(path, &cause).hint("`grammars.directory` must name a directory, or be \"\"")),
        });
        self.mistakes.extend(grammars);
    }

    /// Asks what the start asks before it changes anything.
    fn record(&mut self, loaded: &Loaded) {
        let settings = &loaded.config.store;
        let store = &settings.directory;
        let refused = |named: &str, why: String| {
            let place = loaded.places.get(named).cloned().unwrap_or_else(|| file(&loaded.path));
            Mistake::new(place, why)
        };
        let identity = match EmbeddedStore::would_open(settings.options(loaded.numbering.clone())) {
            Ok(identity) => identity,
            Err(trouble) => {
                let named =
                    if matches!(trouble, OpenTrouble::Archive(_)) { "store.archive" } else { "store.directory" };
                self.mistakes.push(refused(named, trouble.to_string()));
                return;
            }
        };
        if identity.is_some() || !store.join("journal").exists() {
            let places = check_places(&loaded.consumers, &loaded.config.feed_places(), identity.as_deref());
            self.mistakes.extend(places.err().map(|trouble| refused("store.directory", trouble.to_string())));
        }
        if !store.exists() {
            self.cautions.push(Mistake::new(file(store), "there is no record yet; the first start makes it"));
        }
        // What cannot be looked at is told by the start.
        if let Ok(Some((path, mode))) = readable_by_all(store) {
            let what =
                format!("everybody on this machine can read the record, the mode of {} is {mode:04o}", path.display());
            self.cautions.push(Mistake::new(file(store), what).hint(format!("chmod o-rwx {}", store.display())));
        }
    }

    fn partner(&mut self, partner: &Partner, home: &Path, now: Timestamp) {
        let misses = [
            (partner.certificates.is_empty(), "has no certificate, so it cannot connect"),
            (partner.identities.is_empty(), "has no identity, so it cannot send"),
            (partner.authority.is_empty() && partner.kind != PartnerKind::Carrier, "may file for nobody"),
        ];
        let cautions = misses.into_iter().filter(|(is_missing, _)| *is_missing);
        self.cautions
            .extend(cautions.map(|(_, what)| Mistake::new(file(home), format!("partner {} {what}", partner.id))));
        for certificate in &partner.certificates {
            let remedy = format!("put a new one beside it: `lodged partner certificate add {} FILE`", partner.id);
            self.ending(&format!("partner {}", partner.id), certificate.until, (home, &remedy), now);
        }
    }

    /// Notes when a certificate ends, and says so when it is near or past.
    fn ending(&mut self, holder: &str, until: Timestamp, (home, remedy): (&Path, &str), now: Timestamp) {
        let days_left = days_until(until, now);
        let said = |what| Mistake::new(file(home), format!("a certificate of {holder} {what}")).hint(remedy);
        if until <= now {
            self.mistakes.push(said(format!("ended at {until}")));
        } else if days_left < ENDING_DAYS {
            self.cautions.push(said(format!("ends in {}, at {until}", days(days_left))));
        }
        self.certificates.push(Ending { holder: holder.to_owned(), until, days_left });
    }
}

/// So many whole days.
pub(super) fn days(count: i64) -> String {
    match count {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        _ => format!("{count} days"),
    }
}

/// The mistake of a key that is not the certificate's.
fn disagreement(chain: Vec<Dated>, key: PrivateKeyDer<'static>, config: &Config) -> Option<Mistake> {
    let chain = chain.into_iter().map(|dated| dated.der).collect();
    CertifiedKey::from_der(chain, key, &default_provider()).err().map(|cause| {
        let path = config.tls.private_key.path();
        let what = format!("the private key does not go with {}: {cause}", config.tls.certificate.display());
        Mistake::new(file(path), what).hint("put the key of that certificate there, or a certificate of that key")
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistakes.iter().try_for_each(|mistake| writeln!(f, "mistake: {mistake}"))?;
        self.cautions.iter().try_for_each(|caution| writeln!(f, "caution: {caution}"))?;
        for Listener { door, address } in &self.listeners {
            writeln!(f, "{door} listens on {address}")?;
        }
        for Ending { holder, until, days_left } in &self.certificates {
            writeln!(f, "certificate of {holder}: {} left, until {until}", days(*days_left))?;
        }
        writeln!(f, "partners: {}", self.partners)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::sample::Home;
    use super::*;

    const TLS: &str =
        "[tls]\ncertificate = \"gateway.pem\"\nprivate_key = \"gateway.key\"\n[store]\ndirectory = \"record\"\n";

    /// A gateway with a certificate of its own and one partner.
    fn home() -> Home {
        let home = Home::new(TLS);
        write_key(&home, &home.certificate("gateway.pem", 2025, 2027), 0o600);
        home.certificate("partners/maple.pem", 2026, 2027);
        maple(&home, "[[certificate]]\nfile = \"maple.pem\"\n");
        fs::create_dir(home.path().join("record")).unwrap();
        home
    }

    fn write_key(home: &Home, key: &str, mode: u32) {
        let path = home.path().join("gateway.key");
        fs::write(&path, key).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn maple(home: &Home, lines: &str) {
        let text = "name = \"Maple\"\nkind = \"carrier\"\n[[identity]]\nidentification = \"MAPLE\"\n";
        home.partner("maple", &format!("{text}{lines}"));
    }

    fn report(home: &Home, now: &str) -> Report {
        check(&home.file(), &home.environment(), now.parse().unwrap())
    }

    fn said(home: &Home, mistakes: &[Mistake]) -> Vec<String> {
        mistakes.iter().map(|mistake| home.shorten(mistake)).collect()
    }

    #[test]
    fn a_gateway_that_can_start_is_summed_up() {
        let home = home();
        let report = report(&home, "2026-11-21T00:00:00Z");
        let expected = "tls listens on 127.0.0.1:4443\nwatch listens on 127.0.0.1:9464\n\
                        certificate of the gateway: 41 days left, until 2027-01-01T00:00:01Z\n\
                        certificate of partner maple: 41 days left, until 2027-01-01T00:00:01Z\npartners: 1\n";
        assert_eq!(report.to_string(), expected);
        assert!(report.is_clean());
    }

    #[test]
    fn a_certificate_that_ends_soon_deserves_a_look() {
        let home = home();
        let report = report(&home, "2026-12-12T00:00:00Z");
        let expected = "a certificate of partner maple ends in 20 days, at 2027-01-01T00:00:01Z (partners/maple.toml)\n  \
                        hint: put a new one beside it: `lodged partner certificate add maple FILE`";
        assert!(said(&home, &report.cautions).contains(&expected.to_owned()), "{report}");
        let expected = "a certificate of the gateway ends in 20 days, at 2027-01-01T00:00:01Z (gateway.pem)\n  \
                        hint: put a new one in its place and reload: `systemctl reload lodged`, or SIGHUP";
        assert!(said(&home, &report.cautions).contains(&expected.to_owned()), "{report}");
        assert!(report.is_clean());
    }

    #[test]
    fn one_day_is_one_day() {
        let home = home();
        for (now, expected) in [("2026-12-30T00:00:02Z", "1 day"), ("2026-12-31T00:00:02Z", "less than a day")] {
            let said = report(&home, now).to_string();
            assert!(said.contains(&format!("a certificate of the gateway ends in {expected}, at 2027")), "{said}");
            assert!(said.contains(&format!("certificate of the gateway: {expected} left, until 2027")), "{said}");
        }
    }

    #[test]
    fn a_certificate_that_ended_must_be_mended() {
        let home = home();
        let report = report(&home, "2027-01-01T00:00:01Z");
        let said = said(&home, &report.mistakes);
        assert!(
            said[0].starts_with("a certificate of the gateway ended at 2027-01-01T00:00:01Z (gateway.pem)"),
            "{report}"
        );
        assert!(said[1].starts_with("a certificate of partner maple ended at 2027-01-01T00:00:01Z"), "{report}");
        assert_eq!(report.certificates[0].days_left, 0);
    }

    #[test]
    fn a_private_key_that_others_can_read_must_be_mended() {
        let home = home();
        for mode in [0o644, 0o640] {
            fs::set_permissions(home.path().join("gateway.key"), Permissions::from_mode(mode)).unwrap();
            let report = report(&home, "2026-11-21T00:00:00Z");
            let expected = format!(
                "the private key can be used by others, its mode is {mode:04o} (gateway.key)\n  hint: chmod 0600 gateway.key"
            );
            assert_eq!(said(&home, &report.mistakes), [expected]);
        }
    }

    #[test]
    fn a_private_key_that_only_the_service_gets_cannot_be_looked_at() {
        let home = home().with("LODGED__TLS__PRIVATE_KEY", "credential:gateway.key");
        let report = report(&home, "2026-11-21T00:00:00Z");
        let expected = "the private key is the credential gateway.key, which only the service is handed \
                        (credential:gateway.key)";
        assert_eq!((said(&home, &report.cautions), report.is_clean()), (vec![expected.to_owned()], true));
    }

    #[test]
    fn a_private_key_of_another_certificate_must_be_mended() {
        let home = home();
        write_key(&home, &home.certificate("other.pem", 2025, 2027), 0o600);
        let said = said(&home, &report(&home, "2026-11-21T00:00:00Z").mistakes);
        assert!(said[0].contains("the private key does not go with"), "{said:?}");
        assert!(
            said[0].ends_with("hint: put the key of that certificate there, or a certificate of that key"),
            "{said:?}"
        );
    }

    #[test]
    fn missing_files_are_all_named() {
        let home = Home::new(&format!("{TLS}[grammars]\ndirectory = \"none\"\n"));
        let places: Vec<_> = report(&home, "2026-11-21T00:00:00Z")
            .mistakes
            .into_iter()
            .map(|mistake| home.shorten(mistake.place))
            .collect();
        assert_eq!(places, ["lodged.toml:3:15", "gateway.pem", "none"]);
    }

    #[test]
    fn a_file_that_is_no_key_is_not_shown() {
        let home = home();
        write_key(&home, "open sesame", 0o600);
        let report = report(&home, "2026-11-21T00:00:00Z");
        assert!(report.to_string().contains("the file is not a private key that can be read"), "{report}");
        assert!(!report.to_string().contains("sesame"), "{report}");
    }

    #[test]
    fn a_partner_that_cannot_do_anything_deserves_a_look() {
        let home = home();
        home.partner("oak", "name = \"Oak\"\nkind = \"exporter\"\n");
        let said = said(&home, &report(&home, "2026-11-21T00:00:00Z").cautions);
        assert_eq!(
            said,
            [
                "partner oak has no certificate, so it cannot connect (partners/oak.toml)",
                "partner oak has no identity, so it cannot send (partners/oak.toml)",
                "partner oak may file for nobody (partners/oak.toml)",
            ]
        );
    }

    #[test]
    fn a_gateway_without_partners_deserves_a_look() {
        let home = home();
        fs::remove_dir_all(home.path().join("partners")).unwrap();
        let said = said(&home, &report(&home, "2026-11-21T00:00:00Z").cautions);
        assert_eq!(said, ["there is no partner, so nobody can connect (partners)"]);
    }

    #[test]
    fn a_record_that_everybody_can_read_deserves_a_look() {
        let home = home();
        let (record, journal) = (home.path().join("record"), home.path().join("record/journal"));
        let file = journal.join("readable");
        fs::create_dir(&journal).unwrap();
        fs::write(&file, "").unwrap();
        for (path, mode) in [(&record, 0o755), (&journal, 0o755), (&file, 0o644)] {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        let told = said(&home, &report(&home, "2026-11-21T00:00:00Z").cautions);
        let words = "everybody on this machine can read the record, the mode of record/journal/readable is 0644 (record)\n  \
                     hint: chmod o-rwx record";
        assert_eq!(told, [words]);
        fs::set_permissions(journal, Permissions::from_mode(0o700)).unwrap();
        assert_eq!(report(&home, "2026-11-21T00:00:00Z").cautions, []);
    }

    #[test]
    fn a_record_that_the_start_refuses_must_be_mended() {
        let check = |words: &str, spoil: fn(&Path)| {
            let home = home();
            spoil(&home.path().join("record"));
            let before = walkdir::WalkDir::new(home.path()).into_iter().count();
            let said = said(&home, &report(&home, "2026-11-21T00:00:00Z").mistakes);
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].contains(words) && said[0].ends_with(" (lodged.toml:5:13)"), "{said:?}");
            assert_eq!(walkdir::WalkDir::new(home.path()).into_iter().count(), before, "something was made");
        };
        fn allow(path: &Path, mode: u32) {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        check("record can be written by others, its mode is 0777", |record| allow(record, 0o777));
        check("00000001.seg can be written by others, its mode is 0666", |record| {
            fs::create_dir(record.join("journal")).unwrap();
            fs::write(record.join("journal/00000001.seg"), "").unwrap();
            allow(&record.join("journal/00000001.seg"), 0o666);
        });
        check("holds a restore that was not finished", |record| {
            fs::create_dir(record.join("journal.restoring")).unwrap();
        });
        check("is a standby that follows another gateway", |record| fs::write(record.join("standby"), "").unwrap());
        check("is a backup and no store", |record| {
            fs::create_dir(record.join("segments")).unwrap();
            fs::write(record.join("manifest"), "").unwrap();
        });
        check("record is no directory; name the directory", |record| {
            fs::remove_dir(record).unwrap();
            fs::write(record, "").unwrap();
        });
        check("record/journal is no directory, as a journal is", |record| {
            fs::write(record.join("journal"), "").unwrap();
        });
        check("record/feeds/customs.place is a place in the store 00", |record| {
            let feeds = record.with_file_name("feeds");
            fs::create_dir(&feeds).unwrap();
            fs::write(feeds.join("customs.toml"), "directory = \"out\"\n").unwrap();
            fs::create_dir(record.join("feeds")).unwrap();
            fs::write(record.join("feeds/customs.place"), "00 4711\n").unwrap();
        });
        check("has a state but no journal", |record| fs::create_dir(record.join("state")).unwrap());
    }

    #[test]
    fn a_configuration_that_cannot_be_used_is_all_mistakes() {
        let home = Home::new("[edi]\nidentiti = 1\n[wach]\n");
        let report = report(&home, "2026-11-21T00:00:00Z");
        assert_eq!((report.mistakes.len(), report.listeners.len()), (2, 0));
    }
}
