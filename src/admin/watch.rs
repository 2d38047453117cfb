//! `/metrics`, `/healthz` and `/readyz`: one request per visit, few visits at a time, none of them long.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use crate::event::{self, METRICS, MetricKind};

/// Visits at one time; the next one waits.
const VISITS_MAX: usize = 32;
/// How long one visit may take, from its first byte to its last.
const VISIT_SECONDS_MAX: Duration = Duration::from_secs(10);
/// How often samples of histograms are counted into their buckets; uncounted ones are kept one by one.
const UPKEEP_SECONDS: Duration = Duration::from_secs(5);

/// Whether the gateway can take interchanges. Asked at every visit of `/readyz`, so it should be quick.
pub trait Readiness: Send + Sync + 'static {
    /// Every check, in the order in which it is shown.
    fn checks(&self) -> Vec<Check>;
}

/// One check of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What is checked: `store`, `grammars`.
    pub name: &'static str,
    /// Why it is not ready, when it is not. The sentence is shown to whoever can reach the door.
    pub state: Result<(), String>,
}

/// The recorder of this process, with every metric described and every histogram in buckets.
///
/// # Errors
/// When a recorder was installed before.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    let handle = builder()?.install_recorder()?;
    event::describe();
    Ok(handle)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    METRICS.iter().try_fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        MetricKind::Histogram(bounds) => builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds),
        MetricKind::Counter | MetricKind::Gauge => Ok(builder),
    })
}

/// The watching door.
#[derive(Debug)]
pub struct Watch {
    listener: TcpListener,
    address: SocketAddr,
}

impl Watch {
    /// The door at a socket that is listened on.
    ///
    /// # Errors
    /// When the system does not say its address.
    pub fn of(listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`, then ends the visits that have begun and returns. Keeps the histograms of `metrics` in
    /// shape meanwhile.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(
        self,
        metrics: PrometheusHandle,
        readiness: impl Readiness,
        shutdown: CancellationToken,
    ) -> io::Result<()> {
        let router = router(Arc::new(Shown { metrics: metrics.clone(), readiness: Box::new(readiness) }));
        let visits = Visits { listener: self.listener, room: Arc::new(Semaphore::new(VISITS_MAX)) };
        let serving = axum::serve(visits, router).with_graceful_shutdown(shutdown.cancelled_owned());
        tokio::select! {
            result = async { serving.await } => result,
            () = keep_up(&metrics) => Ok(()),
        }
    }
}

/// Never returns.
async fn keep_up(metrics: &PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_SECONDS);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// What the pages are made of.
struct Shown {
    metrics: PrometheusHandle,
    readiness: Box<dyn Readiness>,
}

/// A whole page: status, headers, text.
type Page = (StatusCode, [(HeaderName, &'static str); 3], String);

fn page(status: StatusCode, kind: &'static str, text: String) -> Page {
    (status, [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store"), (CONNECTION, "close")], text)
}

const PLAIN: &str = "text/plain; charset=utf-8";
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

fn router(shown: Arc<Shown>) -> Router {
    Router::new()
        .route("/metrics", get(metrics_page))
        .route("/healthz", get(async || page(StatusCode::OK, PLAIN, "alive\n".to_owned())))
        .route("/readyz", get(readiness_page))
        .method_not_allowed_fallback(async || page(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET\n".to_owned()))
        .fallback(async || page(StatusCode::NOT_FOUND, PLAIN, "/metrics /healthz /readyz\n".to_owned()))
        .with_state(shown)
}

async fn metrics_page(State(shown): State<Arc<Shown>>) -> Page {
    page(StatusCode::OK, EXPOSITION, shown.metrics.render())
}

async fn readiness_page(State(shown): State<Arc<Shown>>) -> Page {
    let checks = shown.readiness.checks();
    let is_ready = checks.iter().all(|check| check.state.is_ok());
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let text = checks.iter().map(|check| match &check.state {
        Ok(()) => format!("{}: ready\n", check.name),
        Err(reason) => format!("{}: not ready: {reason}\n", check.name),
    });
    page(status, PLAIN, text.collect())
}

/// Lets in as many visits at one time as there is room for.
struct Visits {
    listener: TcpListener,
    room: Arc<Semaphore>,
}

impl axum::serve::Listener for Visits {
    type Io = Visit;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visit, SocketAddr) {
        // The semaphore is never closed; if it were, the visit would only be uncounted.
        let place = Arc::clone(&self.room).acquire_owned().await.ok();
        // The listener of axum waits and tries again when the process is out of file descriptors.
        let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
        (Visit { stream, deadline: Box::pin(tokio::time::sleep(VISIT_SECONDS_MAX)), _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that fails when it lasts too long, and gives its place back when it is gone.
struct Visit {
    stream: TcpStream,
    deadline: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Visit {
    /// The stream, as long as there is time.
    fn in_time(&mut self, context: &mut Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        match self.deadline.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(Pin::new(&mut self.stream)),
        }
    }
}

impl AsyncRead for Visit {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.in_time(context)?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Visit {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.in_time(context)?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(context)?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(context)?.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    struct Fixed(Vec<Check>);

    impl Readiness for Fixed {
        fn checks(&self) -> Vec<Check> {
            self.0.clone()
        }
    }

    fn ready(name: &'static str) -> Check {
        Check { name, state: Ok(()) }
    }

    /// Opens the door on a free port, sends these bytes, and gives back what came until the door closed.
    async fn visit(request: &str, checks: Vec<Check>) -> String {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            event::describe();
            metrics::counter!(event::PANICS).increment(3);
            metrics::histogram!(event::EXAMINATION_SECONDS).record(0.0007);
        });
        let watch = Watch::of(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        let (address, shutdown) = (watch.address(), CancellationToken::new());
        let serving = tokio::spawn(watch.serve(recorder.handle(), Fixed(checks), shutdown.clone()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        shutdown.cancel();
        serving.await.unwrap().unwrap();
        answer
    }

    async fn check(line: &str, checks: Vec<Check>, status: &str, text: &str) {
        let answer = visit(&format!("{line} HTTP/1.1\r\nHost: gateway\r\n\r\n"), checks).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert!(answer.contains(text), "{answer}");
    }

    #[tokio::test]
    async fn a_process_that_answers_is_alive() {
        check("GET /healthz", vec![], "200 OK", "\r\n\r\nalive\n").await;
    }

    #[tokio::test]
    async fn it_is_ready_when_every_check_is() {
        let checks = vec![ready("store"), ready("grammars")];
        check("GET /readyz", checks, "200 OK", "\r\n\r\nstore: ready\ngrammars: ready\n").await;
    }

    #[tokio::test]
    async fn one_check_that_fails_says_why() {
        let failing = Check { name: "store", state: Err("the disk is full".to_owned()) };
        let text = "store: not ready: the disk is full\ngrammars: ready\n";
        check("GET /readyz", vec![failing, ready("grammars")], "503 Service Unavailable", text).await;
    }

    #[tokio::test]
    async fn counters_are_shown_with_their_sentence() {
        check("GET /metrics", vec![], "200 OK", "# TYPE lodged_panics_total counter\nlodged_panics_total 3\n").await;
        check("GET /metrics", vec![], "200 OK", "# HELP lodged_panics_total Panics that were contained").await;
    }

    #[tokio::test]
    async fn histograms_are_shown_in_buckets() {
        check("GET /metrics", vec![], "200 OK", "lodged_examination_seconds_bucket{le=\"0.0005\"} 0\n").await;
        check("GET /metrics", vec![], "200 OK", "lodged_examination_seconds_bucket{le=\"0.001\"} 1\n").await;
    }

    #[tokio::test]
    async fn other_pages_do_not_exist() {
        check("GET /", vec![], "404 Not Found", "/metrics /healthz /readyz").await;
        check("GET /metrics/", vec![], "404 Not Found", "").await;
    }

    #[tokio::test]
    async fn other_methods_are_refused() {
        check("POST /metrics", vec![], "405 Method Not Allowed", "only GET").await;
        check("DELETE /healthz", vec![], "405 Method Not Allowed", "only GET").await;
    }

    #[tokio::test]
    async fn a_visit_that_lasts_too_long_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (_silent, stream) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), async {
            listener.accept().await.unwrap().0
        });
        let mut visit = Visit { stream, deadline: Box::pin(tokio::time::sleep(Duration::ZERO)), _place: None };
        assert_eq!(visit.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
