//! What is printed of a run: a table for people, a document for programs.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::idle::Idle;
use super::lodging::Wanted;
use super::plan::Shape;
use super::tally::{Counts, Tally};

/// Everything that was seen.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Where the gateway is.
    pub(super) gateway: String,
    /// What was sent and answered; none where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) load: Option<Load>,
    /// Connections that said nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) idle: Option<Idle>,
    /// The gateway's resident size, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resident: Option<Resident>,
}

/// The resident size of a gateway, in bytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Resident {
    /// Before anything was opened.
    pub(super) before: u64,
    /// At the end, with every idle connection open.
    pub(super) after: u64,
}

/// A load, and what came of it.
#[derive(Debug, Serialize)]
pub(super) struct Load {
    /// Connections that sent.
    connections: u64,
    /// Interchanges that might be unanswered on each.
    window: usize,
    /// Interchanges that were due in a second; none in a closed loop.
    rate: Option<f64>,
    /// Whether it was practice.
    is_practice: bool,
    /// Whether a CONTRL was asked for too.
    wants_contrl: bool,
    sizes: Sizes,
    /// How long it went on before it counted.
    warm_up_seconds: f64,
    /// How long it was measured.
    seconds: f64,
    counts: Counts,
    /// Interchanges that were answered in a second.
    interchanges_per_second: f64,
    /// Their declarations.
    declarations_per_second: f64,
    latency_milliseconds: Latency,
}

/// What an interchange had.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Sizes {
    pub(super) declarations: usize,
    /// Commodities of each declaration.
    pub(super) lines: usize,
    /// From UNB to UNZ.
    pub(super) bytes: usize,
}

/// From when an interchange was due to its last answer, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
struct Latency {
    mean: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    p99_9: f64,
    max: f64,
}

impl Load {
    pub(super) fn new(shape: &Shape, sizes: Sizes, wanted: &Wanted, tally: &Tally, measured: Duration) -> Self {
        let per_second = per_second(tally.in_time, measured);
        Self {
            connections: shape.connections,
            window: shape.window,
            rate: shape.rate,
            is_practice: wanted.is_practice,
            wants_contrl: wanted.wants_contrl,
            sizes,
            warm_up_seconds: shape.warm_up.as_secs_f64(),
            seconds: measured.as_secs_f64(),
            counts: tally.counts,
            interchanges_per_second: per_second,
            declarations_per_second: per_second * as_float(sizes.declarations),
            latency_milliseconds: Latency {
                mean: tally.mean(),
                p50: tally.percentile(50.0),
                p90: tally.percentile(90.0),
                p99: tally.percentile(99.0),
                p99_9: tally.percentile(99.9),
                max: tally.longest(),
            },
        }
    }
}

/// How many there were in a second.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn per_second(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn as_float(count: usize) -> f64 {
    count as f64
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "gateway       {}", self.gateway)?;
        if let Some(load) = &self.load {
            write!(f, "{load}")?;
        }
        if let Some(Idle { opened, seconds, lost }) = &self.idle {
            writeln!(f, "idle          {opened} connections, opened in {seconds:.1} s, {lost} of them lost")?;
        }
        if let Some(Resident { before, after }) = &self.resident {
            let megabytes = |bytes: &u64| Duration::from_micros(*bytes).as_secs_f64();
            write!(f, "resident      {:.1} MB before, {:.1} MB at the end", megabytes(before), megabytes(after))?;
            match self.idle.map(|idle| u64::try_from(idle.opened).unwrap_or(u64::MAX)) {
                Some(opened) if self.load.is_none() => {
                    let each = after.saturating_sub(*before).checked_div(opened).unwrap_or_default();
                    writeln!(f, ", {each} bytes for each idle connection")?;
                }
                _ => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, window, sizes, counts, latency_milliseconds: latency, .. } = self;
        match self.rate {
            Some(rate) => write!(f, "open loop     {rate} due in a second on {connections} connections")?,
            None => write!(f, "closed loop   {connections} connections")?,
        }
        writeln!(f, ", at most {window} unanswered on each{}", if self.is_practice { ", practice" } else { "" })?;
        let Sizes { declarations, lines, bytes } = sizes;
        let contrl = if self.wants_contrl { ", with a CONTRL" } else { "" };
        writeln!(f, "interchanges  {bytes} bytes, declarations {declarations}, commodities {lines} in each{contrl}")?;
        writeln!(f, "measured      {:.1} s after {:.1} s of warm-up", self.seconds, self.warm_up_seconds)?;
        writeln!(f)?;
        let (interchanges, each) = (self.interchanges_per_second, self.declarations_per_second);
        writeln!(f, "answered      {} of {} sent", counts.answered, counts.sent)?;
        writeln!(f, "throughput    {interchanges:.0} interchanges per second, {each:.0} declarations per second")?;
        let Latency { mean, p50, p90, p99, p99_9, max } = latency;
        writeln!(
            f,
            "latency       p50 {p50:.2} ms, p90 {p90:.2} ms, p99 {p99:.2} ms, p99.9 {p99_9:.2} ms, max {max:.2} ms, mean {mean:.2} ms"
        )?;
        writeln!(f, "accepted      {}", counts.accepted)?;
        writeln!(f, "refused       {}", counts.refused)?;
        writeln!(f, "repeated      {}", counts.repeated)?;
        writeln!(f, "otherwise     {}", counts.otherwise)?;
        writeln!(f, "unanswered    {}", counts.unanswered)?;
        writeln!(f, "strays        {}", counts.strays)?;
        writeln!(f, "waiting       {}", counts.waiting)?;
        writeln!(f, "reconnected   {}", counts.reconnected)
    }
}
