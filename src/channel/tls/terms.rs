//! What the door goes by: everything that a reload replaces, in one piece.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::NoServerSessionStorage;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ServerConfig};

use super::certificate::{HandshakeTime, PinnedCertificates};
use super::limits::Limits;
use crate::clock::Clock;
use crate::partner::PartnerBook;
use crate::secret::{SecretFile, SecretTrouble};

/// The gateway's own certificate chain, and its key.
#[derive(Debug)]
pub struct Identity {
    /// The file of the chain.
    chain_path: PathBuf,
    /// The file of the key, as it was named.
    key_path: PathBuf,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// The gateway's own certificate or key could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum IdentityTrouble {
    /// The file of the chain cannot be read.
    #[error(
        "the certificate cannot be read from {}: {cause}; check that it is there and that the gateway's user may read it, \
         tls.certificate names it", path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file of the chain holds something else.
    #[error("{} holds no PEM certificate: {cause}", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What was found.
        cause: pem::Error,
    },
    /// The key's file cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretTrouble),
    /// The key's file holds something else.
    #[error("{} holds no PEM private key (PKCS #8, PKCS #1 or SEC 1)", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
}

impl Identity {
    /// Reads the chain, the gateway's own certificate first, and the key.
    ///
    /// # Errors
    /// [`IdentityTrouble`] names the file. Whether key and certificate belong together is seen by [`Terms::new`].
    pub fn read(chain: &Path, key: &SecretFile) -> Result<Self, IdentityTrouble> {
        let text =
            std::fs::read(chain).map_err(|cause| IdentityTrouble::Unreadable { path: chain.to_owned(), cause })?;
        let no_certificate = |cause| IdentityTrouble::NoCertificate { path: chain.to_owned(), cause };
        let certificates =
            CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>().map_err(no_certificate)?;
        if certificates.is_empty() {
            return Err(no_certificate(pem::Error::NoItemsFound));
        }
        let secret = key.read()?;
        // What was found instead of a key is not said: it may be most of a key.
        let key_path = key.path();
        let key = PrivateKeyDer::from_pem_slice(secret.expose())
            .map_err(|_| IdentityTrouble::NoKey { path: key_path.to_owned() })?;
        Ok(Self { chain_path: chain.to_owned(), key_path: key_path.to_owned(), chain: certificates, key })
    }

    /// The gateway's own certificate, in DER.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        self.chain.first().map(AsRef::as_ref)
    }
}

/// Our certificate, the partners' certificates and the limits, replaced whole or not at all.
#[derive(Debug)]
pub struct Terms {
    pub(super) server: Arc<ServerConfig>,
    pub(super) partners: Arc<PartnerBook>,
    pub(super) limits: Limits,
}

/// Certificate and key cannot be used together.
#[derive(Debug, thiserror::Error)]
#[error(
    "the private key in {} and the certificate in {} cannot be used together: {reason}; put the key of that certificate \
     there, or a certificate of that key", key.display(), certificate.display()
)]
pub struct TermsTrouble {
    /// The file of the key, as it was named.
    key: PathBuf,
    /// The file of the certificate.
    certificate: PathBuf,
    /// What TLS says. It is part of the sentence, and no source that would be told a second time.
    reason: rustls::Error,
}

impl Terms {
    /// The terms under which these partners may come.
    ///
    /// # Errors
    /// [`TermsTrouble`] when certificate and key do not belong together or the key is of a kind that TLS does not know.
    pub fn new(
        identity: Identity,
        partners: Arc<PartnerBook>,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TermsTrouble> {
        let (key, certificate) = (identity.key_path.clone(), identity.chain_path.clone());
        let server = server_config(identity, Arc::clone(&partners), clock).map_err(|reason| TermsTrouble {
            key,
            certificate,
            reason,
        })?;
        Ok(Self { server: Arc::new(server), partners, limits })
    }
}

fn server_config(
    identity: Identity,
    partners: Arc<PartnerBook>,
    clock: Arc<dyn Clock>,
) -> Result<ServerConfig, rustls::Error> {
    let provider: CryptoProvider = aws_lc_rs::default_provider();
    let pinned = PinnedCertificates::new(partners, provider.signature_verification_algorithms);
    let mut config = ServerConfig::builder_with_details(Arc::new(provider), Arc::new(HandshakeTime(clock)))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_client_cert_verifier(Arc::new(pinned))
        .with_single_cert(identity.chain, identity.key)?;
    // No session is resumed: every connection proves anew that the partner holds the key, and a certificate that was
    // taken away stays away. Connections are few and long, so the handshake is not what they cost.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn minted() -> (String, String) {
        let minted = rcgen::generate_simple_self_signed(vec!["gateway".to_owned()]).unwrap();
        (minted.cert.pem(), minted.signing_key.serialize_pem())
    }

    fn check(certificate: &str, key: &str) -> Result<Terms, String> {
        let home = tempfile::tempdir().unwrap();
        let (certificate_path, key_path) = (home.path().join("gateway.pem"), home.path().join("gateway.key"));
        std::fs::write(&certificate_path, certificate).unwrap();
        std::fs::write(&key_path, key).unwrap();
        std::fs::set_permissions(&key_path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let identity = Identity::read(&certificate_path, &SecretFile::new(key_path)).map_err(|why| why.to_string())?;
        Terms::new(identity, Arc::default(), Limits::default(), Arc::new(SystemClock)).map_err(|why| why.to_string())
    }

    #[test]
    fn a_certificate_and_its_key_are_taken() {
        let (certificate, key) = minted();
        assert!(check(&certificate, &key).is_ok());
    }

    #[test]
    fn the_key_of_another_certificate_is_not() {
        let trouble = check(&minted().0, &minted().1).unwrap_err();
        for words in
            ["the private key in /", "gateway.key and the certificate in /", "; put the key of that certificate"]
        {
            assert!(trouble.contains(words), "{trouble}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let trouble = check("hello", &minted().1).unwrap_err();
        assert!(trouble.contains("gateway.pem holds no PEM certificate"), "{trouble}");
    }

    #[test]
    fn what_is_no_key_is_named_and_not_shown() {
        let trouble = check(&minted().0, "-----BEGIN NONSENSE-----\nAAAA\n-----END NONSENSE-----\n").unwrap_err();
        assert!(trouble.contains("gateway.key holds no PEM private key"), "{trouble}");
        assert!(!trouble.contains("AAAA"));
    }
}
