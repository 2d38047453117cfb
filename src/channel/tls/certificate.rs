//! Which certificates open the door.
//!
//! A partner registers its certificate, and exactly that certificate opens the door: it is found by the SHA-256 of its
//! DER, within the time for which it was registered and is valid. There is no chain and no authority to trust. An
//! authority would let in whoever it certifies next, and would have to be asked what it revoked; here the operator takes a
//! file away and reloads. That the partner holds the key is proved by the signature over the handshake, which is
//! verified with the provider's algorithms as for any other certificate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::time_provider::TimeProvider;
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use crate::clock::Clock;
use crate::partner::PartnerBook;

/// SHA-256 of a certificate's DER.
pub(super) type Fingerprint = [u8; 32];

/// The fingerprint of a certificate.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(digest(&SHA256, certificate.as_ref()).as_ref());
    fingerprint
}

/// Takes the certificates of the partners, and no others.
#[derive(Debug)]
pub(super) struct PinnedCertificates {
    partners: Arc<PartnerBook>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinnedCertificates {
    pub(super) fn new(partners: Arc<PartnerBook>, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { partners, algorithms }
    }

    fn check(&self, fingerprint: &Fingerprint, at: Timestamp) -> Result<(), CertificateError> {
        if self.partners.find_by_certificate(fingerprint, at).is_some() {
            return Ok(());
        }
        let holder = self.partners.find_holder(fingerprint).ok_or(CertificateError::UnknownIssuer)?;
        let held = holder.certificates.iter().find(|held| held.fingerprint == *fingerprint);
        let is_early = held.is_some_and(|held| at < held.from);
        Err(if is_early { CertificateError::NotValidYet } else { CertificateError::Expired })
    }
}

impl ClientCertVerifier for PinnedCertificates {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let at = Timestamp::from_second(seconds).map_err(|_| Error::FailedToGetCurrentTime)?;
        self.check(&fingerprint(end_entity), at)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The clock of the house, as TLS asks for it.
pub(super) struct HandshakeTime(pub(super) Arc<dyn Clock>);

impl fmt::Debug for HandshakeTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandshakeTime")
    }
}

impl TimeProvider for HandshakeTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::partner::{Agreement, Partner, PartnerCertificate, PartnerId, PartnerKind, PartnerLimits};

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn check(fingerprint: Fingerprint, at: &str) -> Result<(), CertificateError> {
        let certificate = PartnerCertificate {
            fingerprint: [1; 32],
            der: Vec::new(),
            from: moment("2026-01-01T00:00:00Z"),
            until: moment("2027-01-01T00:00:00Z"),
        };
        let maple = Partner {
            id: PartnerId::new("maple").unwrap(),
            name: "Maple".to_owned(),
            kind: PartnerKind::Exporter,
            identities: Vec::new(),
            certificates: vec![certificate],
            authority: Vec::new(),
            language: Language::En,
            agreement: Agreement::default(),
            limits: PartnerLimits::default(),
        };
        let book = Arc::new(PartnerBook::new(vec![maple]).unwrap());
        let algorithms = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        PinnedCertificates::new(book, algorithms).check(&fingerprint, moment(at))
    }

    #[test]
    fn a_registered_certificate_in_its_time_opens() {
        assert_eq!(check([1; 32], "2026-06-01T00:00:00Z"), Ok(()));
    }

    #[test]
    fn a_certificate_of_nobody_does_not() {
        assert_eq!(check([2; 32], "2026-06-01T00:00:00Z"), Err(CertificateError::UnknownIssuer));
    }

    #[test]
    fn a_registered_certificate_out_of_its_time_does_not() {
        assert_eq!(check([1; 32], "2025-12-31T23:59:59Z"), Err(CertificateError::NotValidYet));
        assert_eq!(check([1; 32], "2027-01-01T00:00:00Z"), Err(CertificateError::Expired));
    }
}
