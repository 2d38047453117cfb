//! `lodged partner certificate`: by what a partner is known.

use std::fs::File;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::admin::socket::{CertificateOf, Request};
use crate::cli::asking::Asking;
use crate::cli::{Outcome, Trouble};
use crate::partner::NewCertificate;

/// Most bytes of a file with a certificate.
const BYTES_MAX: u64 = 64 * 1024;

/// Adds a certificate of a partner, or has one not taken any more.
///
/// To change a certificate, add the new one, let the partner change over, and disable the old one.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(super) struct CertificateCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Adds a certificate of a partner, in a file of its own, and takes it at once.
    ///
    /// One that ended is refused, and so is one whose key another partner has; one that ends within 30 days is taken with a
    /// caution.
    Add {
        /// The short name of the partner
        partner: String,
        /// The certificate in PEM
        file: PathBuf,
        /// From when on it is taken, such as 2026-01-31; its own beginning when it is not given
        #[arg(long, value_name = "TIME", default_value = "", hide_default_value = true)]
        from: String,
        /// From when on it is not taken any more, such as 2027-01-31; its own end when it is not given
        #[arg(long, value_name = "TIME", default_value = "", hide_default_value = true)]
        until: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Has a certificate of a partner not taken any more, from its next connection and its next interchange on.
    Disable {
        /// The short name of the partner
        partner: String,
        /// The first 8 or more digits of its fingerprint (SHA-256), or its file, as `lodged partner show` says them
        certificate: String,
        #[command(flatten)]
        asking: Asking,
    },
}

impl CertificateCommand {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        match &self.verb {
            Verb::Add { partner, file, from, until, asking } => {
                let (partner, pem) = (partner.clone(), read(file)?);
                let new = NewCertificate { partner, pem, from: from.clone(), until: until.clone() };
                asking.change(&Request::CertificateAdd(new), out)
            }
            Verb::Disable { partner, certificate, asking } => {
                let of = CertificateOf { partner: partner.clone(), certificate: certificate.clone() };
                asking.change(&Request::CertificateDisable(of), out)
            }
        }
    }
}

/// The text of a file with a certificate. Bytes that are no text are none of PEM's.
pub(super) fn read(path: &Path) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|source| Trouble::Unreadable { path: path.to_owned(), source })?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > BYTES_MAX) {
        return Err(Trouble::TooLong { path: path.to_owned(), bytes_max: BYTES_MAX });
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
