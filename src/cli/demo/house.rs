//! The files of the throwaway gateway: its configuration, its partners, everybody's keys, and what is lodged.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{ToSpan as _, Zoned};
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use tempfile::TempDir;

use crate::cli::Trouble;
use crate::cli::sample::{SAMPLE, as_of};
use crate::cli::wire::Keys;

/// The same with five mistakes.
const MISTAKES: &[u8] = include_bytes!("../../../testdata/five-mistakes.edi");

/// How long the certificates are good for.
const CERTIFICATE_DAYS: i64 = 90;

const CONFIGURATION: &str = r#"# The throwaway gateway of `lodged demo`. Every other setting has its default: see `lodged config show`.

[edi]
identity = "LODGED"

[tls]
listen = "127.0.0.1:0"
certificate = "../certs/gateway.pem"
private_key = "../certs/gateway.key"

[store]
directory = "../record"
segment_bytes = 33554432

[watch]
listen = "127.0.0.1:0"

[log]
format = "json"
"#;

/// Somebody who takes part.
#[derive(Debug)]
pub(super) struct Party {
    /// The short name.
    pub(super) id: &'static str,
    /// What it is in the trade, for people.
    pub(super) role: &'static str,
    /// The name for people.
    pub(super) name: &'static str,
    /// What it does here.
    pub(super) remark: &'static str,
    file: &'static str,
}

/// Everybody but the gateway. They are those whom the sample names.
pub(super) const PARTIES: [Party; 3] = [
    Party {
        id: "erabliere",
        role: "exporter",
        name: "ÉRABLIÈRE DU NORD INC",
        remark: "reports under AB1234 and 123456782RM0001",
        file: r#"name = "ÉRABLIÈRE DU NORD INC"
kind = "exporter"
language = "fr"

[[identity]]
identification = "ERABLIERE"
qualifier = "ZZ"

[[certificate]]
file = "erabliere.pem"

[[authority]]
authorization_id = "AB1234"
business_number = "123456782RM0001"
"#,
    },
    Party {
        id: PROVIDER,
        role: "service provider",
        name: "ACME FORWARDING LTD",
        remark: "sends as ACMEFWD:ZZ and may file for the exporter",
        file: r#"name = "ACME FORWARDING LTD"
kind = "service-provider"

[[identity]]
identification = "ACMEFWD"
qualifier = "ZZ"

[[certificate]]
file = "acme.pem"

[[authority]]
authorization_id = "AB1234"
business_number = "123456782RM0001"
"#,
    },
    Party {
        id: "nal",
        role: "carrier",
        name: "NORTH ATLANTIC LINES",
        remark: "loads what was reported",
        file: r#"name = "NORTH ATLANTIC LINES"
kind = "carrier"

[[identity]]
identification = "NALINES"
qualifier = "ZZ"

[[certificate]]
file = "nal.pem"
"#,
    },
];

/// Who lodges the sample.
const PROVIDER: &str = "acme";
const GATEWAY: &str = "gateway";

/// A directory with everything in it, which goes away with this.
#[derive(Debug)]
pub(super) struct House {
    directory: TempDir,
    certificate: PathBuf,
    key: PathBuf,
    server: PathBuf,
}

impl House {
    /// Makes the directory, mints the keys, and writes configuration, partners and interchanges as of this moment.
    pub(super) fn build(now: &Zoned) -> Result<Self, Trouble> {
        let directory = tempfile::Builder::new().prefix("lodged-demo-").tempdir();
        let directory = directory.map_err(|cause| trouble("its directory", cause))?;
        let path = |relative: &str| directory.path().join(relative);
        for name in ["conf/partners", "certs"] {
            fs::create_dir_all(path(name)).map_err(|cause| trouble("its directories", cause))?;
        }
        write(&path("conf/lodged.toml"), CONFIGURATION.as_bytes())?;
        mint(GATEWAY, &path("certs/gateway.pem"), &path("certs/gateway.key"), now.date())?;
        for party in &PARTIES {
            let home = path("conf/partners");
            write(&home.join(format!("{}.toml", party.id)), party.file.as_bytes())?;
            let key = path(&format!("certs/{}.key", party.id));
            mint(party.id, &home.join(format!("{}.pem", party.id)), &key, now.date())?;
        }
        write(&path("export.edi"), &as_of(SAMPLE, now))?;
        write(&path("mistakes.edi"), &as_of(MISTAKES, now))?;
        let (certificate, key) = (path("conf/partners/acme.pem"), path("certs/acme.key"));
        let server = path("certs/gateway.pem");
        Ok(Self { directory, certificate, key, server })
    }

    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    /// What opens the gateway to the service provider.
    pub(super) fn keys(&self) -> Keys<'_> {
        Keys { certificate: &self.certificate, key: &self.key, server: &self.server }
    }

    /// What the service provider lodges.
    pub(super) fn export(&self) -> Result<Vec<u8>, Trouble> {
        let path = self.path("export.edi");
        fs::read(&path).map_err(|source| Trouble::Unreadable { path, source })
    }
}

/// Makes a key and a certificate for it, signed by itself; nobody else can read the key.
fn mint(name: &str, certificate: &Path, key: &Path, today: Date) -> Result<(), Trouble> {
    let midnight =
        |date: Date| date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs());
    let minted = || -> Result<(String, String), rcgen::Error> {
        let pair = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = midnight(today.saturating_sub(1.day()));
        params.not_after = midnight(today.saturating_add(CERTIFICATE_DAYS.days()));
        Ok((params.self_signed(&pair)?.pem(), pair.serialize_pem()))
    };
    let (pem, secret) = minted().map_err(|cause| trouble("its keys", cause))?;
    write(certificate, pem.as_bytes())?;
    write_secret(key, secret.as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    fs::write(path, bytes).map_err(|source| Trouble::Unwritable { path: path.to_owned(), source })
}

fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes));
    written.map_err(|source| Trouble::Unwritable { path: path.to_owned(), source })
}

fn trouble(what: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> Trouble {
    Trouble::Demo { what, source: Box::new(cause) }
}
