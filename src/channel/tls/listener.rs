//! Where partners connect, and how the door closes behind the last of them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::door::Door;
use crate::store::Store;

/// How long the listener waits when the system lets it open no more connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An open listener for EDI over TLS.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Lets partners in at a socket that is listened on.
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

    /// Lets partners in until `shutdown`. Then nobody new gets in, what was received is answered, and after `drain_max`
    /// at the latest every connection that is left is cut; its answers wait for the next one.
    pub async fn serve<S: Store>(self, door: Arc<Door<S>>, shutdown: CancellationToken, drain_max: Duration) {
        let (connections, cut) = (TaskTracker::new(), CancellationToken::new());
        while let Some((stream, address)) = self.next(&shutdown).await {
            let admitting = Arc::clone(&door).admit(stream, address, shutdown.clone());
            connections.spawn(cut.clone().run_until_cancelled_owned(admitting));
        }
        drop(self.listener);
        connections.close();
        info!(connections = connections.len(), "draining");
        door.gateway.drain();
        if timeout(drain_max, connections.wait()).await.is_err() {
            warn!(connections = connections.len(), "drain.seconds_max is over, the connections that are left are cut");
            cut.cancel();
            connections.wait().await;
        }
    }

    /// The next connection; none once `shutdown` is cancelled.
    async fn next(&self, shutdown: &CancellationToken) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => {
                    // Answers leave in whole pieces; nothing is gained by waiting for more.
                    if let Err(trouble) = stream.set_nodelay(true) {
                        tracing::debug!(%trouble, %address, "a connection was gone before it began");
                        continue;
                    }
                    return Some((stream, address));
                }
                Err(trouble) => {
                    // Out of file descriptors, or a connection that was gone already: those that are open go on.
                    warn!(%trouble, "a connection cannot be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}
