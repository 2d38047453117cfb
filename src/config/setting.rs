//! The settings, typed, with their defaults. `conf/lodged.toml` says the same in words; a test holds the two together.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::ParseIntError;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::edifact::{PartyId, Tolerances};
use crate::identifier::ProofForm;
use crate::rules::RuleSettings;
use crate::secret::SecretFile;
use crate::store::{Numbering, Retention, StoreOptions};

/// Everything that can be set. Paths are as written until [`Config::load`] has made them relative to the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who the gateway is in an interchange.
    pub edi: Edi,
    /// What is taken although the standard does not have it.
    pub tolerances: Tolerances,
    /// EDI over TLS.
    pub tls: Tls,
    /// What is too much.
    pub limits: Limits,
    /// Stopping.
    pub drain: Drain,
    /// The record.
    pub store: StoreSettings,
    /// Proof-of-report numbers.
    pub proof: Proof,
    /// The rules of the trade.
    pub rules: RuleSettings,
    /// The grammars.
    pub grammars: Grammars,
    /// The partners.
    pub partners: Partners,
    /// The feed.
    pub feeds: Feeds,
    /// Watching over HTTP.
    pub watch: Watching,
    /// Administration over a Unix socket.
    pub admin: Admin,
    /// What is said while running.
    pub log: Log,
}

/// `[edi]`: who the gateway is in an interchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Edi {
    /// The identification of the gateway (0010), 1 to 35 characters.
    pub identity: String,
    /// Its qualifier (0007), at most 4 characters.
    #[serde(with = "empty_is_none")]
    pub qualifier: Option<String>,
    /// A second identification under which practice may be sent.
    #[serde(with = "empty_is_none")]
    pub practice_identity: Option<String>,
}

impl Default for Edi {
    fn default() -> Self {
        Self { identity: "LODGED".to_owned(), qualifier: None, practice_identity: None }
    }
}

impl Edi {
    /// The gateway as recipient (S003).
    #[must_use]
    pub fn identity(&self) -> PartyId {
        self.party(&self.identity)
    }

    /// The gateway as recipient of practice, where it has another identity for it. The qualifier is the same.
    #[must_use]
    pub fn practice_identity(&self) -> Option<PartyId> {
        self.practice_identity.as_deref().map(|identification| self.party(identification))
    }

    fn party(&self, identification: &str) -> PartyId {
        PartyId { identification: identification.to_owned(), qualifier: self.qualifier.clone(), ..PartyId::default() }
    }
}

/// `[tls]`: EDI over TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Where it listens.
    pub listen: SocketAddr,
    /// PEM file with the gateway's certificate and those that lead to its root, its own first.
    pub certificate: PathBuf,
    /// PEM file with its private key, or the credential that holds it.
    pub private_key: SecretFile,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4443)),
            certificate: "../certs/gateway.pem".into(),
            private_key: SecretFile::new("../certs/gateway.key"),
        }
    }
}

/// `[limits]`: what is too much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at one time, all partners together.
    pub connections_max: usize,
    /// Connections of one partner at one time.
    pub connections_per_partner_max: usize,
    /// Connections in the TLS handshake at one time.
    pub handshakes_max: usize,
    /// Connections in the TLS handshake at one time from one address.
    pub handshakes_per_address_max: usize,
    /// Bytes of one interchange, UNA to UNZ.
    pub interchange_bytes_max: usize,
    /// Segments of one interchange, service segments included.
    pub interchange_segments_max: usize,
    /// Interchanges of one partner in a minute.
    pub interchanges_per_minute_max: u32,
    /// Interchanges of one connection that are read and not yet answered.
    pub pipelined_interchanges_max: usize,
    /// Waiting answers that are offered on one new connection.
    pub waiting_answers_max: usize,
    /// Answers that one connection carries before the gateway closes it.
    pub unconfirmed_answers_max: usize,
    /// Bytes that are kept of what nobody can be answered for.
    pub evidence_bytes_max: usize,
    /// Seconds that the TLS handshake may take.
    pub handshake_seconds_max: u64,
    /// Seconds in which nothing comes before a connection is closed.
    pub idle_seconds_max: u64,
    /// Seconds from the first byte of an interchange to its last.
    pub interchange_seconds_max: u64,
    /// Seconds that a partner may take to take an answer from the wire.
    pub write_seconds_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_partner_max: 100,
            handshakes_max: 256,
            handshakes_per_address_max: 64,
            interchange_bytes_max: 10 * 1024 * 1024,
            interchange_segments_max: 250_000,
            interchanges_per_minute_max: 60_000,
            pipelined_interchanges_max: 64,
            waiting_answers_max: 1_000,
            unconfirmed_answers_max: 20_000,
            evidence_bytes_max: 64 * 1024,
            handshake_seconds_max: 10,
            idle_seconds_max: 300,
            interchange_seconds_max: 120,
            write_seconds_max: 30,
        }
    }
}

/// `[drain]`: stopping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Drain {
    /// Seconds in which what was received is answered after SIGTERM.
    pub seconds_max: u64,
}

impl Default for Drain {
    fn default() -> Self {
        Self { seconds_max: 30 }
    }
}

/// `[store]`: the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// Where it is kept.
    pub directory: PathBuf,
    /// Bytes of one journal file.
    pub segment_bytes: u64,
    /// Bytes of memory for pages of the state.
    pub cache_bytes: u64,
    /// Days that the record is kept, 400 or more; 0 for ever.
    pub retention_days: u32,
    /// Days that the first interchange under a reference is known, so that the same one again is a repeat.
    pub repeat_days: u32,
    /// Where old segments move; none when they stay.
    #[serde(with = "empty_is_none")]
    pub archive: Option<PathBuf>,
    /// Days after which a segment is old, counted from its last entry; 0 as soon as it is sealed.
    pub archive_days: u64,
    /// Whether a start reads the whole record, and not only what is not sealed and what the state has not.
    pub check_at_start: bool,
    /// Hours between two readings of the whole record by a running gateway; 0 for none.
    pub scrub_hours: u64,
    /// How fast it is read then.
    pub scrub_bytes_per_second: u64,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            directory: "/var/lib/lodged".into(),
            segment_bytes: StoreOptions::SEGMENT_BYTES,
            cache_bytes: StoreOptions::CACHE_BYTES,
            retention_days: Retention::RETENTION_DAYS,
            repeat_days: Retention::REPEAT_DAYS,
            archive: None,
            archive_days: 90,
            check_at_start: false,
            scrub_hours: 168,
            scrub_bytes_per_second: 16 * 1024 * 1024,
        }
    }
}

impl StoreSettings {
    /// How a start opens the record.
    #[must_use]
    pub fn options(&self, numbering: Numbering) -> StoreOptions {
        StoreOptions {
            directory: self.directory.clone(),
            segment_bytes: self.segment_bytes,
            cache_bytes: self.cache_bytes,
            numbering,
            retention: Retention { retention_days: self.retention_days, repeat_days: self.repeat_days },
            archive: self.archive.clone(),
            checks_everything: self.check_at_start,
        }
    }
}

/// `[proof]`: proof-of-report numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proof {
    /// The form of new numbers.
    pub form: ProofForm,
    /// The IANA name of the zone whose day a number carries.
    pub time_zone: String,
}

impl Default for Proof {
    fn default() -> Self {
        Self { form: ProofForm::Cers, time_zone: "America/Toronto".to_owned() }
    }
}

/// `[grammars]`: directories of messages, the implementation guide, code lists.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grammars {
    /// Where they are; none for those that are compiled in.
    #[serde(with = "empty_is_none")]
    pub directory: Option<PathBuf>,
    /// Whether values are held against the code lists of the directory of their message.
    pub directory_codes: bool,
}

/// `[partners]`: where partners are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Partners {
    /// The directory whose `*.toml` are partners.
    pub directory: PathBuf,
}

impl Default for Partners {
    fn default() -> Self {
        Self { directory: "partners".into() }
    }
}

/// `[feeds]`: where the consumers of the feed are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feeds {
    /// The directory whose `*.toml` are consumers.
    pub directory: PathBuf,
}

impl Default for Feeds {
    fn default() -> Self {
        Self { directory: "feeds".into() }
    }
}

/// `[watch]`: watching over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watching {
    /// Where `/metrics`, `/healthz` and `/readyz` are.
    pub listen: SocketAddr,
}

impl Default for Watching {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)) }
    }
}

/// `[admin]`: administration over a Unix socket.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// Where the socket is; none for `admin.sock` in the directory of the record.
    #[serde(with = "empty_is_none")]
    pub socket: Option<PathBuf>,
    /// Users who may administer, beside root and the user of the gateway.
    pub user_ids: UserIds,
}

/// Numbers of users.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserIds(pub Vec<u32>);

impl TryFrom<String> for UserIds {
    type Error = ParseIntError;

    fn try_from(text: String) -> Result<Self, ParseIntError> {
        text.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl From<UserIds> for String {
    fn from(UserIds(ids): UserIds) -> Self {
        ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// `[log]`: what is said while running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For whom.
    pub format: LogFormat,
    /// How much, in the directives of `tracing`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Auto, filter: "info".to_owned() }
    }
}

/// For whom the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people on a terminal, for machines otherwise.
    Auto,
    /// For people.
    Human,
    /// For machines, one object per line.
    Json,
}

impl Config {
    /// The name of the socket for administration in the directory of the record, where no other place is named.
    const SOCKET: &str = "admin.sock";

    /// Where the socket for administration is.
    #[must_use]
    pub fn admin_socket(&self) -> PathBuf {
        self.admin.socket.clone().unwrap_or_else(|| self.store.directory.join(Self::SOCKET))
    }

    /// Where it is noted how far consumers of the feed came.
    #[must_use]
    pub fn feed_places(&self) -> PathBuf {
        self.store.directory.join("feeds")
    }

    /// The same with relative paths made relative to this directory.
    pub(super) fn relative_to(mut self, directory: &Path) -> Self {
        self.tls.certificate = directory.join(self.tls.certificate);
        self.tls.private_key = self.tls.private_key.relative_to(directory);
        self.store.directory = directory.join(self.store.directory);
        self.store.archive = self.store.archive.map(|path| directory.join(path));
        self.grammars.directory = self.grammars.directory.map(|path| directory.join(path));
        self.partners.directory = directory.join(self.partners.directory);
        self.feeds.directory = directory.join(self.feeds.directory);
        self.admin.socket = self.admin.socket.map(|path| directory.join(path));
        self
    }
}

/// TOML has no word for "none", so an empty text stands for it, and every key can be written with its default.
mod empty_is_none {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => value.serialize(serializer),
            None => "".serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, T: From<String>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok((!text.is_empty()).then(|| T::from(text)))
    }
}
