//! Certificates in PEM files, and the moments between which they are taken.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use super::mistake::Mistake;
use super::source::{Changes, file};

/// Most bytes of a file of certificates.
const BYTES_MAX: usize = 256 * 1024;

/// A certificate and its own validity.
#[derive(Debug, Clone)]
pub(super) struct Dated {
    pub(super) der: CertificateDer<'static>,
    /// First moment at which it is valid.
    pub(super) from: Timestamp,
    /// First moment at which it is no longer valid.
    pub(super) until: Timestamp,
}

/// Every certificate of a PEM file, in order; at least one.
pub(super) fn read_chain(path: &Path, changes: &Changes) -> Result<Vec<Dated>, Mistake> {
    let bytes = changes.read_at_most(path, BYTES_MAX)?;
    let chain = CertificateDer::pem_slice_iter(&bytes)
        .map(|der| der.ok().and_then(dated).ok_or_else(|| none_in(path)))
        .collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() { Err(none_in(path)) } else { Ok(chain) }
}

/// The one certificate of a PEM file.
pub(super) fn read_one(path: &Path, changes: &Changes) -> Result<Dated, Mistake> {
    let chain = read_chain(path, changes)?;
    let count = chain.len();
    match <[Dated; 1]>::try_from(chain) {
        Ok([one]) => Ok(one),
        Err(_) => Err(Mistake::new(file(path), format!("the file holds {count} certificates")).hint(
            "leave only the partner's own; another one of his goes into a file and a [[certificate]] of its own",
        )),
    }
}

/// What is said of a file that holds no certificate.
pub(super) fn none_in(path: &Path) -> Mistake {
    Mistake::new(file(path), "the file is not a certificate that can be read")
        .hint("it must be PEM and begin with -----BEGIN CERTIFICATE-----")
}

/// The public key of a certificate, in DER: two certificates of one key are the same holder's.
pub(super) fn public_key(der: &[u8]) -> Option<Vec<u8>> {
    Certificate::from_der(der).ok()?.tbs_certificate().subject_public_key_info().to_der().ok()
}

fn dated(der: CertificateDer<'static>) -> Option<Dated> {
    let certificate = Certificate::from_der(&der).ok()?;
    let validity = certificate.tbs_certificate().validity();
    // A certificate without a real end (9999-12-31, RFC 5280 4.1.2.5) ends after the last moment that jiff knows.
    let moment = |time: x509_cert::time::Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    };
    // Its last second belongs to it (RFC 5280, 4.1.2.5).
    let until = moment(validity.not_after).checked_add(1.second()).unwrap_or(Timestamp::MAX);
    Some(Dated { from: moment(validity.not_before), until, der })
}

/// Which end of a stretch of time a date stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Its first moment.
    From,
    /// The first moment after it.
    Until,
}

/// A date with time and offset, or a date, whose day is the day in UTC and belongs to the stretch as a whole.
pub(super) fn moment(text: &str, edge: Edge) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok().filter(|_| text.len() == "2026-01-31".len());
    let first = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let of_date = |date: Date| match edge {
        Edge::From => first(date),
        Edge::Until => first(date.tomorrow().ok()?),
    };
    let moment = text.parse::<Timestamp>().ok().or_else(|| day().and_then(of_date));
    moment.ok_or_else(|| {
        "write a date such as 2026-01-31, or one with time and offset: 2026-01-31T08:00:00-05:00".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, edge: Edge, expected: Option<&str>) {
        assert_eq!(moment(text, edge).ok().map(|moment| moment.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn a_date_belongs_to_the_stretch_as_a_whole() {
        check("2026-01-31", Edge::From, Some("2026-01-31T00:00:00Z"));
        check("2026-01-31", Edge::Until, Some("2026-02-01T00:00:00Z"));
    }

    #[test]
    fn a_moment_is_exact() {
        check("2026-01-31T08:00:00-05:00", Edge::From, Some("2026-01-31T13:00:00Z"));
        check("2026-01-31T08:00:00-05:00", Edge::Until, Some("2026-01-31T13:00:00Z"));
    }

    #[test]
    fn a_time_without_offset_is_no_moment() {
        check("2026-01-31T08:00:00", Edge::From, None);
    }

    #[test]
    fn other_words_are_no_moment() {
        for text in ["", "tomorrow", "2026-02-30", "31.01.2026", "20260131"] {
            check(text, Edge::From, None);
        }
    }
}
