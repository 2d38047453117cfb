//! A partner's side of the wire: one connection over mutual TLS, interchanges out, answers in.
//!
//! Start with [`Line`], or with [`Gate`] to hold connections. The gateway is known by its certificate, exactly that one, as the gateway knows its partners:
//! there is no authority to trust, and no name to compare.

use std::fmt;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs::default_provider, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};

use crate::edifact::{Frame, FrameFinder};
use crate::secret::{SecretFile, SecretTrouble};

/// Most bytes of answers that are kept while their interchange is not whole.
const PENDING_BYTES_MAX: usize = 64 << 20;
/// Bytes that are read at once.
const READ_BYTES: usize = 16 << 10;

/// Where a gateway is: `tls://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    host: String,
    port: u16,
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "write tls://host:port, for example tls://gateway.example:4443";
        let Some(rest) = text.strip_prefix("tls://") else {
            return Err(if text.contains("://") { "this build knows tls://host:port and nothing else" } else { form });
        };
        let (host, port) = rest.trim_end_matches('/').rsplit_once(':').ok_or(form)?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or(form)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_host = ServerName::try_from(host).is_ok();
        is_host.then(|| Self { host: host.to_owned(), port }).ok_or(form)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => write!(f, "tls://[{address}]:{}", self.port),
            _ => write!(f, "tls://{}:{}", self.host, self.port),
        }
    }
}

/// Why a gateway could not be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum WireTrouble {
    /// A certificate file cannot be read.
    #[error("{} cannot be read; check that it is there and that you may read it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A certificate file holds none.
    #[error("{} holds no certificate that can be read; it must be PEM and begin with -----BEGIN CERTIFICATE-----", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: pem::Error,
    },
    /// The key cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretTrouble),
    /// The key file holds none.
    #[error("{} holds no private key that can be read; it must be PEM and have no password", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// Key and certificate cannot be used together.
    #[error("the key does not go with the certificate, or cannot be used; name the two that were made together")]
    Unusable(#[source] rustls::Error),
    /// Nobody answers there.
    #[error("{target} cannot be reached; check host and port, and that the gateway runs")]
    Unreachable {
        /// Where.
        target: String,
        /// What the system says.
        source: io::Error,
    },
    /// The two sides do not accept one another.
    #[error(
        "{target} and this side do not accept one another; check that --server-cert is the gateway's certificate and that \
         the gateway knows yours"
    )]
    Handshake {
        /// Where.
        target: String,
        /// What TLS says.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to {target} broke; whatever was not answered may be sent again, the same bytes do no harm")]
    Broken {
        /// Where.
        target: String,
        /// What the system says.
        source: io::Error,
    },
    /// It took too long.
    #[error("{target} did not end within {seconds} seconds; send the same bytes again, or allow more with --timeout")]
    TooSlow {
        /// Where.
        target: String,
        /// How long was allowed.
        seconds: u64,
    },
    /// What comes back is no interchange, or has no end.
    #[error("{target} answers with something that is no interchange")]
    NoInterchange {
        /// Where.
        target: String,
    },
    /// The runtime could not be started.
    #[error("the network cannot be used")]
    Runtime(#[source] io::Error),
}

/// A gateway with what opens it: the way to a connection.
#[derive(Clone)]
pub(super) struct Gate {
    target: Target,
    connector: TlsConnector,
}

/// A gateway to which bytes are sent, once.
pub(super) struct Line(Gate);

/// The three files that open a gateway.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys<'a> {
    /// The partner's certificate.
    pub(super) certificate: &'a Path,
    /// Its private key.
    pub(super) key: &'a Path,
    /// The gateway's certificate.
    pub(super) server: &'a Path,
}

impl Gate {
    /// Reads the files; connects nowhere yet.
    pub(super) fn new(target: Target, keys: Keys<'_>) -> Result<Self, WireTrouble> {
        let chain = certificates(keys.certificate)?;
        let secret = SecretFile::new(keys.key).read()?;
        let key = PrivateKeyDer::from_pem_slice(secret.expose())
            .map_err(|_| WireTrouble::NoKey { path: keys.key.to_owned() })?;
        let provider = Arc::new(default_provider());
        let pinned =
            Pinned { certificates: certificates(keys.server)?, algorithms: provider.signature_verification_algorithms };
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(WireTrouble::Unusable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pinned))
            .with_client_auth_cert(chain, key)
            .map_err(WireTrouble::Unusable)?;
        Ok(Self { target, connector: TlsConnector::from(Arc::new(config)) })
    }

    /// Connects, and proves who it is. That a certificate is refused is only told afterwards, as the first thing that is
    /// read ([`is_alert`]).
    pub(super) async fn connect(&self) -> Result<TlsStream<TcpStream>, WireTrouble> {
        let Target { host, port } = &self.target;
        let unreachable = |source| WireTrouble::Unreachable { target: self.target.to_string(), source };
        let name = ServerName::try_from(host.clone())
            .map_err(|cause| unreachable(io::Error::new(io::ErrorKind::InvalidInput, cause)))?;
        let tcp = TcpStream::connect((host.as_str(), *port)).await.map_err(unreachable)?;
        tcp.set_nodelay(true).map_err(unreachable)?;
        self.connector.connect(name, tcp).await.map_err(|source| self.refused(source))
    }

    /// The two sides do not accept one another.
    pub(super) fn refused(&self, source: io::Error) -> WireTrouble {
        WireTrouble::Handshake { target: self.target.to_string(), source }
    }
}

impl Line {
    /// Reads the files; connects nowhere yet.
    pub(super) fn new(target: Target, keys: Keys<'_>) -> Result<Self, WireTrouble> {
        Gate::new(target, keys).map(Self)
    }

    /// Sends these bytes, closes its own side, and hands each interchange that comes back to `hear`, until the gateway
    /// closes too.
    pub(super) async fn send(
        &self,
        bytes: &[u8],
        patience: Duration,
        hear: &mut impl FnMut(&[u8]),
    ) -> Result<(), WireTrouble> {
        let talk = timeout(patience, self.talk(bytes, hear));
        let target = || self.0.target.to_string();
        talk.await.unwrap_or_else(|_| Err(WireTrouble::TooSlow { target: target(), seconds: patience.as_secs() }))
    }

    async fn talk(&self, bytes: &[u8], hear: &mut impl FnMut(&[u8])) -> Result<(), WireTrouble> {
        let target = || self.0.target.to_string();
        let stream = self.0.connect().await?;
        let (mut reader, mut writer) = split(stream);
        let sending = async {
            writer.write_all(bytes).await?;
            writer.shutdown().await
        };
        let mut ear = Ear::default();
        let receiving = async {
            while ear.fill(&mut reader).await? {
                if !ear.hear(hear) {
                    return Ok(false);
                }
            }
            io::Result::Ok(true)
        };
        // A refused certificate is only told after the handshake of TLS 1.3, as the first thing that is read.
        let ended = tokio::try_join!(sending, receiving);
        match ended {
            Ok(((), true)) if ear.is_empty() => Ok(()),
            Ok(_) => Err(WireTrouble::NoInterchange { target: target() }),
            Err(source) if is_alert(&source) => Err(self.0.refused(source)),
            Err(source) => Err(WireTrouble::Broken { target: target(), source }),
        }
    }
}

/// Whether TLS itself said no.
pub(super) fn is_alert(cause: &io::Error) -> bool {
    let inner = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::AlertReceived(_)))
}

/// What has come and is not a whole interchange yet.
#[derive(Default)]
struct Ear {
    buffer: Vec<u8>,
    finder: FrameFinder,
}

impl Ear {
    /// Reads once; false at the end of the stream.
    async fn fill(&mut self, reader: &mut (impl AsyncReadExt + Unpin)) -> io::Result<bool> {
        let mut piece = vec![0; READ_BYTES];
        let length = reader.read(&mut piece).await?;
        self.buffer.extend_from_slice(piece.get(..length).unwrap_or_default());
        Ok(length > 0)
    }

    /// Hands on what is whole; false when what came cannot become an interchange.
    fn hear(&mut self, hear: &mut impl FnMut(&[u8])) -> bool {
        loop {
            match self.finder.find(&self.buffer) {
                Frame::Interchange(range) => {
                    hear(self.buffer.get(range.clone()).unwrap_or_default());
                    self.buffer.drain(..range.end);
                }
                Frame::Incomplete => return self.buffer.len() <= PENDING_BYTES_MAX,
                Frame::Garbage => return false,
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.finder.rest(&self.buffer).is_none()
    }
}

/// Every certificate of a PEM file; at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, WireTrouble> {
    let none = |source| WireTrouble::NoCertificate { path: path.to_owned(), source };
    let bytes = fs::read(path).map_err(|source| WireTrouble::Unreadable { path: path.to_owned(), source })?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(none)?;
    if found.is_empty() { Err(none(pem::Error::NoItemsFound)) } else { Ok(found) }
}

/// Takes the gateway's certificate and no other; that it holds the key is proved by its signature.
#[derive(Debug)]
struct Pinned {
    certificates: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.certificates.iter().any(|pinned| pinned == certificate) {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let target = text.parse::<Target>().map(|target| target.to_string());
        assert_eq!(target.as_deref().map_err(|said| *said), expected);
    }

    #[test]
    fn a_target_is_host_and_port() {
        check("tls://localhost:4443", Ok("tls://localhost:4443"));
        check("tls://127.0.0.1:4443/", Ok("tls://127.0.0.1:4443"));
        check("tls://[::1]:4443", Ok("tls://[::1]:4443"));
    }

    #[test]
    fn another_protocol_is_refused_with_words() {
        check("as2+https://localhost:8443/as2", Err("this build knows tls://host:port and nothing else"));
    }

    #[test]
    fn anything_else_is_told_the_form() {
        for text in ["localhost:4443", "tls://localhost", "tls://localhost:0", "tls://:4443", "tls://a b:1"] {
            check(text, Err("write tls://host:port, for example tls://gateway.example:4443"));
        }
    }

    #[test]
    fn answers_are_heard_one_by_one_however_they_come() {
        let stream = b"UNB+A'UNZ+1'UNB+B'UNZ+2'";
        for piece in 1..=stream.len() {
            let (mut ear, mut heard) = (Ear::default(), Vec::new());
            for bytes in stream.chunks(piece) {
                ear.buffer.extend_from_slice(bytes);
                assert!(ear.hear(&mut |answer| heard.push(answer.to_vec())));
            }
            assert!(ear.is_empty());
            assert_eq!(heard, [&stream[..12], &stream[12..]]);
        }
    }
}
