//! Declarations in requests: `POST` of lines of JSON.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Batch, NotTaken};
use crate::secret::{SecretFile, SecretTrouble};

/// How long one request may take, from the first byte of the connection to the status of the answer.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// The same for the same lines: a consumer that knows it took them already.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Where requests go.
#[derive(Clone)]
pub struct Endpoint {
    uri: Uri,
    host: String,
    port: u16,
    /// None without TLS.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    authorization: Option<HeaderValue>,
}

/// An endpoint that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointTrouble {
    /// The address is none.
    #[error("the address is not one of the form https://host:port/path")]
    Address,
    /// Declarations would go over a network for everybody to read.
    #[error("http:// is taken on this machine only, to 127.0.0.1 or [::1]; use https:// and `ca`")]
    Plain,
    /// Nobody could be trusted.
    #[error("https:// needs `ca`, the certificates that the consumer's is issued by")]
    NoCa,
    /// The certificates cannot be used.
    #[error("{} holds no certificate that can be used: {reason}", path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretTrouble),
    /// The secret is more than one line of ASCII.
    #[error("{} does not hold one line that can be a header", path.display())]
    Authorization {
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for Endpoint {
    /// The address without what may be a secret: who asks, and what stands behind the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}{}", self.host, self.port, self.uri.path())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("uri", &self.uri).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// An address, the certificates that may have issued the consumer's, and the file with what `Authorization` says.
    ///
    /// # Errors
    /// [`EndpointTrouble`].
    pub fn new(url: &str, ca: Option<&PathBuf>, authorization: Option<&SecretFile>) -> Result<Self, EndpointTrouble> {
        let uri: Uri = url.parse().map_err(|_| EndpointTrouble::Address)?;
        let host = uri.host().ok_or(EndpointTrouble::Address)?.trim_matches(['[', ']']).to_owned();
        let (tls, port) = match (uri.scheme_str(), ca) {
            (Some("http"), _) if host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) => (None, 80),
            (Some("http"), _) => return Err(EndpointTrouble::Plain),
            (Some("https"), Some(ca)) => {
                let name = ServerName::try_from(host.clone()).map_err(|_| EndpointTrouble::Address)?;
                (Some((connector(ca)?, name)), 443)
            }
            (Some("https"), None) => return Err(EndpointTrouble::NoCa),
            _ => return Err(EndpointTrouble::Address),
        };
        let port = uri.port_u16().unwrap_or(port);
        Ok(Self { uri, host, port, tls, authorization: authorization.map(header).transpose()? })
    }

    /// Whether requests to both go to the same place, by their addresses.
    #[must_use]
    pub fn is_same_address(&self, other: &Self) -> bool {
        let place =
            |of: &Self| (of.host.to_ascii_lowercase(), of.port, of.uri.path_and_query().map(ToString::to_string));
        place(self) == place(other)
    }

    /// Asks the consumer to take a batch. Every status from 200 to 299 says that it did.
    pub(super) async fn post(&self, batch: &Batch) -> Result<(), NotTaken> {
        let asked = timeout(REQUEST_MAX, self.ask(batch)).await;
        asked.map_err(|_| NotTaken(format!("no answer within {} seconds", REQUEST_MAX.as_secs())))?
    }

    async fn ask(&self, batch: &Batch) -> Result<(), NotTaken> {
        let connecting = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = connecting.map_err(NotTaken::when(&format!("connect to {}:{}", self.host, self.port)))?;
        match &self.tls {
            None => self.send(stream, batch).await,
            Some((tls, name)) => {
                let greeted = tls.connect(name.clone(), stream).await;
                self.send(greeted.map_err(NotTaken::when("agree on TLS"))?, batch).await
            }
        }
    }

    async fn send(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        batch: &Batch,
    ) -> Result<(), NotTaken> {
        let request = self.request(batch).map_err(NotTaken::when("write the request"))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(NotTaken::when("speak HTTP"))?;
        let mut asking = pin!(async { sender.send_request(request).await.map(|response| response.status()) });
        // The connection works as long as it is asked; it may end in the moment in which the answer is there.
        let answered = tokio::select! {
            answered = &mut asking => answered,
            _ = connection => asking.await,
        };
        let status = answered.map_err(NotTaken::when("get an answer"))?;
        if status.is_success() { Ok(()) } else { Err(NotTaken(format!("it answered {status}"))) }
    }

    fn request(&self, batch: &Batch) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let Batch { store, first, last, lines } = batch;
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::post(path)
            .header(HOST, authority)
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/x-ndjson")
            .header(IDEMPOTENCY_KEY, format!("{store}-{first}-{last}"));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        request.body(Full::new(lines.clone()))
    }
}

fn connector(ca: &PathBuf) -> Result<TlsConnector, EndpointTrouble> {
    let trouble = |reason: String| EndpointTrouble::Ca { path: ca.clone(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(|cause| trouble(cause.to_string()))? {
        let certificate = certificate.map_err(|cause| trouble(cause.to_string()))?;
        roots.add(certificate).map_err(|cause| trouble(cause.to_string()))?;
    }
    if roots.is_empty() {
        return Err(trouble("it is empty".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| trouble(cause.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// What the file holds, as a header that no log shows.
fn header(file: &SecretFile) -> Result<HeaderValue, EndpointTrouble> {
    let secret = file.read()?;
    let trouble = || EndpointTrouble::Authorization { path: file.path().to_owned() };
    let mut header = HeaderValue::from_bytes(secret.expose().trim_ascii()).map_err(|_| trouble())?;
    header.set_sensitive(true);
    Ok(header)
}
