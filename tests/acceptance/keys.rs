//! Certificates and keys, minted for one story.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::aws_lc_rs::{default_provider, sign};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, ServerConfig, ServerConnection, SignatureScheme,
    client::WantsClientCert,
};

/// A certificate that signs itself, with its key, in two files.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Keys {
    /// New ones, `<name>.pem` and `<name>.key` in this directory.
    pub(crate) fn mint(directory: &Path, name: &str) -> Self {
        Self::mint_with(directory, name, &CertificateParams::new(vec!["localhost".to_owned()]).unwrap())
    }

    /// The same, until the day after tomorrow begins.
    pub(crate) fn mint_until_tomorrow(directory: &Path, name: &str) -> Self {
        let end = jiff::Zoned::now().date().saturating_add(jiff::ToSpan::days(2));
        let part = |number: i8| u8::try_from(number).unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(end.year().into(), part(end.month()), part(end.day()));
        Self::mint_with(directory, name, &params)
    }

    fn mint_with(directory: &Path, name: &str, params: &CertificateParams) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let signing_key = KeyPair::generate().unwrap();
        let keys =
            Self { certificate: directory.join(format!("{name}.pem")), key: directory.join(format!("{name}.key")) };
        std::fs::write(&keys.certificate, params.self_signed(&signing_key).unwrap().pem()).unwrap();
        std::fs::write(&keys.key, signing_key.serialize_pem()).unwrap();
        std::fs::set_permissions(&keys.key, std::fs::Permissions::from_mode(0o600)).unwrap();
        keys
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from_pem_file(&self.certificate).unwrap()]
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_file(&self.key).unwrap()
    }
}

/// TLS as a partner does it: it trusts the gateway's certificate and shows its own, when it has one.
pub(crate) fn client(gateway: &Keys, own: Option<&Keys>, is_tls12: bool) -> Arc<ClientConfig> {
    let builder = trusting(gateway, is_tls12);
    Arc::new(match own {
        Some(own) => builder.with_client_auth_cert(own.chain(), own.private_key()).unwrap(),
        None => builder.with_no_client_auth(),
    })
}

/// TLS as a thief does it: the certificate, which everybody may know, is the partner's, and the key is not.
pub(crate) fn client_with_foreign_key(
    gateway: &Keys,
    partner: &Keys,
    thief: &Keys,
    is_tls12: bool,
) -> Arc<ClientConfig> {
    let key = sign::any_supported_type(&thief.private_key()).unwrap();
    let shown = Shown(Arc::new(CertifiedKey::new(partner.chain(), key)));
    Arc::new(trusting(gateway, is_tls12).with_client_cert_resolver(Arc::new(shown)))
}

/// TLS as a consumer of the feed does it.
pub(crate) fn server(keys: &Keys) -> ServerConnection {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    ServerConnection::new(Arc::new(builder.with_single_cert(keys.chain(), keys.private_key()).unwrap())).unwrap()
}

fn trusting(gateway: &Keys, is_tls12: bool) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    gateway.chain().into_iter().for_each(|certificate| roots.add(certificate).unwrap());
    let version = if is_tls12 { &TLS12 } else { &TLS13 };
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots)
}

#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
