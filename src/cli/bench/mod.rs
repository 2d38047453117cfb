//! `lodged bench`: loads a gateway over mutual TLS, and says how fast it answers.
//!
//! Start with [`Bench`]. [`lodging`] has what is sent, [`plan`] when, [`line`] holds one connection, [`idle`] those that
//! say nothing; [`report`] is what is printed. Nothing of an answer is taken for granted: each is held against what was
//! asked.

// What is sent, and when.
mod container;
mod lodging;
mod plan;

// Who sends it, and who is only there.
mod idle;
mod line;

// What comes of it.
mod report;
mod tally;

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::RangedU64ValueParser;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::dialing::Dialing;
use super::format::FormatArgument;
use super::progress::Progress;
use super::wire::{Gate, WireTrouble};
use super::{Outcome, Trouble, time_zone};
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::Descriptors;
use crate::edifact::PartyId;

use idle::{Held, resident_bytes};
use line::{Caller, Run, locked};
use lodging::{Forms, References, Wanted};
use plan::{End, Plan, Shape};
use report::{Report, Resident, Sizes};
use tally::Tally;

/// How often it is shown how far a run is.
const SHOWN_EVERY: Duration = Duration::from_millis(100);
/// How long idle connections are held, and a load lasts, unless it is said.
const SECONDS: u64 = 10;
/// Interchanges of an open loop that may be unanswered on one connection: what a gateway takes unless it is told otherwise.
const OPEN_WINDOW: usize = 64;

/// Loads a gateway over mutual TLS and says how fast it answers.
///
/// Without --rate every connection sends as soon as an answer makes room (closed loop); with it, so many interchanges are
/// due in a second whatever the gateway does, and each latency counts from when it was due (open loop).
///
/// Declarations are those of the manual, for practice (0035 = 1) unless --real is given. Each has a reference, a transport
/// document and a container of its own, so that the record gets as many keys as in life: interchange, reference,
/// proof-of-report number, answers that wait, and what is searched by (exporter, carrier, transport document, container,
/// date of export, partner). Exporter, carrier and date are the same in all of them. How long an interchange is, and how
/// many declarations and commodities it has, stands in the report.
///
/// The gateway must let the partner do it (`limits.interchanges_per_minute_max`, `limits.connections_per_partner_max`).
///
/// Exit code 0 when every answer came and was as asked, 1 when one did not come, was another one, or belonged to nothing
/// that was asked, 2 when the gateway could not be reached.
#[derive(Debug, Args)]
pub(super) struct Bench {
    #[command(flatten)]
    dialing: Dialing,
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    sent: Sent,
    /// Hold so many connections open that say nothing; without --connections, --rate or --count there is no other load
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = connections(0))]
    idle: u64,
    /// The gateway's process, when it runs on this machine: its resident size is told
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    #[command(flatten)]
    format: FormatArgument,
}

/// How much, how fast, and how long.
#[derive(Debug, Args)]
struct Load {
    /// Connections that send [default: 1]
    #[arg(long, value_name = "NUMBER", value_parser = connections(1))]
    connections: Option<u64>,
    /// Interchanges that may be unanswered on each connection [default: 1, with --rate 64]
    #[arg(long, value_name = "NUMBER", value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    window: Option<usize>,
    /// Interchanges that are due in a second, on all connections: an open loop
    #[arg(long, value_name = "PER_SECOND", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rate: Option<u64>,
    /// How long it is measured, and idle connections are held [default: 10]
    #[arg(long, value_name = "SECONDS", conflicts_with = "count", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: Option<u64>,
    /// Send so many interchanges instead, those of the warm-up among them
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=2_000_000_000))]
    count: Option<u64>,
    /// How long it goes on before it is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=3_600))]
    warm_up: u64,
    /// How long an answer may take after the last interchange was sent
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    timeout: u64,
    /// Threads that share the connections
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=256))]
    threads: u64,
}

/// What is sent.
#[derive(Debug, Args)]
struct Sent {
    /// Declarations of an interchange
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    declarations: usize,
    /// Commodities of a declaration
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=999))]
    lines: usize,
    /// Of a hundred interchanges, so many are to be refused, by guide and rules
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=100))]
    refused: u64,
    /// Of a hundred interchanges, so many came before; their answers have to be the same bytes again
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=100))]
    repeated: u64,
    /// Ask for a CONTRL too (0031 = 1)
    #[arg(long)]
    contrl: bool,
    /// Lodge real declarations instead of practice: they get real proof-of-report numbers
    #[arg(long)]
    real: bool,
    /// The sender (0004), with its qualifier (0007) behind a colon
    #[arg(long, value_name = "PARTY", default_value = "ACMEFWD:ZZ", value_parser = party)]
    sender: PartyId,
    /// The gateway as recipient (0010), with its qualifier (0007) behind a colon
    #[arg(long, value_name = "PARTY", default_value = "LODGED", value_parser = party)]
    recipient: PartyId,
    /// The authorization ID under which the partner may report
    #[arg(long, value_name = "ID", default_value = "AB1234")]
    authorization: String,
    /// The business number of the exporter
    #[arg(long, value_name = "NUMBER", default_value = "123456782RM0001")]
    exporter: String,
}

fn connections(least: u64) -> RangedU64ValueParser {
    RangedU64ValueParser::new().range(least..=1_000_000)
}

fn party(text: &str) -> Result<PartyId, &'static str> {
    let (identification, qualifier) =
        text.split_once(':').map_or((text, None), |(id, qualifier)| (id, Some(qualifier)));
    let fits = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    if !fits(identification, 35) || qualifier.is_some_and(|qualifier| !fits(qualifier, 4)) {
        return Err(
            "write an identification of at most 35 characters, and where there is one its qualifier, such as ACMEFWD:ZZ",
        );
    }
    let (identification, qualifier) = (identification.to_owned(), qualifier.map(str::to_owned));
    Ok(PartyId { identification, qualifier, ..PartyId::default() })
}

impl Bench {
    pub(super) fn run(&self, clock: &impl Clock, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let connections = self.load.connections.unwrap_or(1);
        let descriptors = Descriptors::raised_for(self.idle.saturating_add(connections));
        if let Some((needed, allowed)) = descriptors.lacking() {
            return Err(Trouble::Descriptors { needed, allowed });
        }
        let gate = Gate::new(self.dialing.to.clone(), self.dialing.keys())?;
        if self.sent.real {
            warn_of_real_ones();
        }
        let progress = Progress::new();
        let before = self.pid.map(resident_bytes).transpose()?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(WireTrouble::Runtime)?;
        let count = usize::try_from(self.idle).unwrap_or(usize::MAX);
        let opened = |opened| progress.count("connections opened", u64::try_from(opened).unwrap_or(u64::MAX));
        let mut held = runtime.block_on(Held::open(&gate, count, opened))?;
        progress.clear();
        let (report, wrong) = if self.has_load() {
            let shape = self.shape(connections);
            let (report, is_right) = self.load(&gate, &shape, clock, &progress)?;
            (Some(report), !is_right)
        } else {
            let seconds = Duration::from_secs(self.load.seconds.unwrap_or(SECONDS));
            runtime.block_on(async { tokio::time::sleep(seconds).await });
            (None, false)
        };
        let idle = (count > 0).then(|| runtime.block_on(held.look()));
        let resident = match (self.pid, before) {
            (Some(pid), Some(before)) => Some(Resident { before, after: resident_bytes(pid)? }),
            _ => None,
        };
        drop(held);
        let report = Report { gateway: self.dialing.to.to_string(), load: report, idle, resident };
        progress.clear();
        self.format.write_numbered(out, &report)?;
        let has_lost = idle.is_some_and(|idle| idle.lost > 0);
        Ok(Outcome::clean_if(!wrong && !has_lost))
    }

    /// Whether anything is sent.
    fn has_load(&self) -> bool {
        let Load { connections, rate, count, .. } = &self.load;
        self.idle == 0 || connections.is_some() || rate.is_some() || count.is_some()
    }

    fn shape(&self, connections: u64) -> Shape {
        let Load { window, rate, seconds, count, warm_up, .. } = self.load;
        let seconds = Duration::from_secs(seconds.unwrap_or(SECONDS));
        Shape {
            connections,
            window: window.unwrap_or(if rate.is_some() { OPEN_WINDOW } else { 1 }),
            rate: rate.map(|rate| f64::from(u32::try_from(rate).unwrap_or(u32::MAX))),
            warm_up: Duration::from_secs(warm_up),
            end: count.map_or(End::After(seconds), End::Count),
            refused: self.sent.refused,
            repeated: self.sent.repeated,
        }
    }

    /// Sends and hears, and says what came of it, and whether all of it was right.
    fn load(
        &self,
        gate: &Gate,
        shape: &Shape,
        clock: &impl Clock,
        progress: &Progress,
    ) -> Result<(report::Load, bool), Trouble> {
        let now = clock.now();
        let wanted = self.wanted();
        let forms = Forms::write(&wanted, &now.to_zoned(time_zone(&Config::default())?));
        let sizes = Sizes { declarations: wanted.declarations, lines: wanted.lines, bytes: forms.bytes() };
        let run = Arc::new(Run {
            gate: gate.clone(),
            forms,
            references: References::of(u64::try_from(now.as_millisecond()).unwrap_or_default()),
            declarations: wanted.declarations,
            answers: if wanted.wants_contrl { 2 } else { 1 },
            patience: Duration::from_secs(self.load.timeout),
            sent: Arc::default(),
            answered: AtomicU64::new(0),
            has_lost: AtomicBool::new(false),
            trouble: Mutex::default(),
        });
        let (tally, began) = perform(&run, shape, self.load.threads, progress);
        if let Some(trouble) = locked(&run.trouble).take() {
            return Err(trouble.into());
        }
        let plan = Plan::new(shape, began, &run.sent);
        let seconds = plan.ends().or(tally.last).map(|end| end.saturating_duration_since(plan.counts_from()));
        let report = report::Load::new(shape, sizes, &wanted, &tally, seconds.unwrap_or_default());
        Ok((report, tally.counts.are_right()))
    }

    fn wanted(&self) -> Wanted {
        let sent = &self.sent;
        Wanted {
            sender: sent.sender.clone(),
            recipient: sent.recipient.clone(),
            authority: (sent.authorization.clone(), sent.exporter.clone()),
            declarations: sent.declarations,
            lines: sent.lines,
            is_practice: !sent.real,
            wants_contrl: sent.contrl,
        }
    }
}

/// Lets threads share the connections, and shows how far they are. Says what was counted, and when it began.
fn perform(run: &Arc<Run>, shape: &Shape, threads: u64, progress: &Progress) -> (Tally, Instant) {
    let threads = threads.min(shape.connections);
    let start = Start { barrier: Barrier::new(usize::try_from(threads).unwrap_or(usize::MAX)), began: OnceLock::new() };
    thread::scope(|scope| {
        let (ended, tallies) = channel();
        for thread in 0..threads {
            let (ended, start) = (ended.clone(), &start);
            scope.spawn(move || {
                let own = (thread..shape.connections).step_by(usize::try_from(threads).unwrap_or(1));
                // Whoever listens does until everybody has ended.
                drop(ended.send(call(run, shape, own, start)));
            });
        }
        drop(ended);
        let mut all = Tally::new();
        loop {
            match tallies.recv_timeout(SHOWN_EVERY) {
                Ok(tally) => all.add(&tally),
                Err(RecvTimeoutError::Timeout) => show(run, shape, &start, progress),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        (all, start.began())
    })
}

/// Where all threads wait until everybody is connected.
struct Start {
    barrier: Barrier,
    began: OnceLock<Instant>,
}

impl Start {
    /// The moment at which all begin.
    fn began(&self) -> Instant {
        *self.began.get_or_init(Instant::now)
    }
}

/// Holds some of the connections on this thread, and says what was counted.
fn call(run: &Arc<Run>, shape: &Shape, numbers: impl Iterator<Item = u64>, start: &Start) -> Tally {
    let tally = Arc::new(Mutex::new(Tally::new()));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(WireTrouble::Runtime);
    let connected = runtime.and_then(|runtime| {
        let streams = numbers.map(|number| Ok((number, runtime.block_on(run.gate.connect())?)));
        streams.collect::<Result<Vec<_>, WireTrouble>>().map(|streams| (runtime, streams))
    });
    let connected = connected.map_err(|trouble| drop(locked(&run.trouble).replace(trouble))).ok();
    start.barrier.wait();
    let has_trouble = locked(&run.trouble).is_some();
    if let Some((runtime, streams)) = connected.filter(|_| !has_trouble) {
        let callers = streams.into_iter().map(|(number, stream)| {
            let plan = Plan::new(shape, start.began(), &run.sent);
            Caller::new(Arc::clone(run), plan, Arc::clone(&tally), number).call(stream)
        });
        runtime.block_on(async { callers.collect::<JoinSet<()>>().join_all().await });
    }
    std::mem::replace(&mut *locked(&tally), Tally::new())
}

fn show(run: &Run, shape: &Shape, start: &Start, progress: &Progress) {
    let Some(began) = start.began.get() else { return };
    let answered = run.answered.load(Ordering::Relaxed);
    let elapsed = began.elapsed();
    let per_second = report::per_second(answered, elapsed);
    let said = format!("{answered} answered, {per_second:.0} per second");
    match shape.end {
        End::Count(count) => progress.toward(&said, count, run.sent.load(Ordering::Relaxed)),
        End::After(time) => progress.toward(&said, milliseconds(shape.warm_up + time), milliseconds(elapsed)),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::print_stderr, reason = "a warning is talk, and the report is data")]
fn warn_of_real_ones() {
    eprintln!(
        "lodged: --real lodges declarations that count: each gets a proof-of-report number that is never given again"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, Option<&str>)>) {
        let found = party(text).ok();
        let found = found.as_ref().map(|party| (party.identification.as_str(), party.qualifier.as_deref()));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_party_has_a_qualifier_or_none() {
        check("ACMEFWD:ZZ", Some(("ACMEFWD", Some("ZZ"))));
        check("LODGED", Some(("LODGED", None)));
    }

    #[test]
    fn what_cannot_stand_in_an_envelope_is_no_party() {
        check("", None);
        check("A:", None);
        check("A:QUALIFIER", None);
    }
}
