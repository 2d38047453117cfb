//! Connections that are held and say nothing: what they cost a gateway.

use std::fs;
use std::future::{Future as _, poll_fn};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use serde::Serialize;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::client::TlsStream;

use crate::cli::Trouble;
use crate::cli::wire::{Gate, WireTrouble};

/// Handshakes at one time: fewer than a gateway takes from one address.
const HANDSHAKES: usize = 32;

/// Connections that are open and silent.
#[derive(Debug)]
pub(super) struct Held {
    streams: Vec<TlsStream<TcpStream>>,
    seconds: f64,
}

/// What was seen of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Idle {
    /// How many were opened.
    pub(super) opened: usize,
    /// How long that took.
    pub(super) seconds: f64,
    /// How many the gateway ended before they were let go.
    pub(super) lost: usize,
}

impl Held {
    /// Opens so many connections.
    pub(super) async fn open(gate: &Gate, count: usize, mut opened: impl FnMut(usize)) -> Result<Self, WireTrouble> {
        let (begun, places, mut opening) = (Instant::now(), Arc::new(Semaphore::new(HANDSHAKES)), JoinSet::new());
        for _ in 0..count {
            let (gate, places) = (gate.clone(), Arc::clone(&places));
            opening.spawn(async move {
                let _place = places.acquire().await;
                gate.connect().await
            });
        }
        let mut streams = Vec::with_capacity(count);
        while let Some(joined) = opening.join_next().await {
            streams.push(joined.map_err(|cause| gate.refused(cause.into()))??);
            opened(streams.len());
        }
        Ok(Self { streams, seconds: begun.elapsed().as_secs_f64() })
    }

    /// Looks which of them are still open.
    pub(super) async fn look(&mut self) -> Idle {
        let mut lost = 0;
        for stream in &mut self.streams {
            // Nobody asked anything here, so what is read is an end, or answers that waited.
            let mut scrap = [0; 1024];
            let read = poll_fn(|context| Poll::Ready(pin!(stream.read(&mut scrap)).poll(context))).await;
            lost += usize::from(matches!(read, Poll::Ready(Ok(0) | Err(_))));
        }
        Idle { opened: self.streams.len(), seconds: self.seconds, lost }
    }
}

/// The resident size of a process, in bytes.
pub(super) fn resident_bytes(process: u32) -> Result<u64, Trouble> {
    let path = PathBuf::from(format!("/proc/{process}/status"));
    let status = fs::read_to_string(&path).map_err(|source| Trouble::Unreadable { path, source })?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = kilobytes.and_then(|size| size.trim().trim_end_matches("kB").trim_end().parse::<u64>().ok());
    // A process that has ended and was not taken notice of has no size.
    Ok(kilobytes.unwrap_or_default().saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_size() {
        assert!(resident_bytes(std::process::id()).unwrap() > 1 << 20);
    }

    #[test]
    fn a_process_that_is_not_there_is_named() {
        assert!(resident_bytes(u32::MAX).unwrap_err().to_string().contains("/proc/4294967295/status"));
    }
}
