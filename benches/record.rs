//! How many declarations a second are on stable storage, beside what the disk gives to a bare append of the same size.
//!
//! `raw` is the limit: one write into a file full of zeroes and one `fdatasync` for 1, 16 or 256 entries at a time.
//! `embedded` is [`EmbeddedStore::record`] with as many callers at one time, each waiting for its answer; at half of what
//! 256 callers reach, records come at their times whether those before them are answered or not, and each is timed from
//! the moment at which it was due. `one by one` is what sled takes of the same keys when each is a key of its own. All are
//! measured in the same run, since disks differ by the hour.
//!
//! `cargo bench --bench record -- --seconds 60` measures 256 callers and half load that long (3 unless it is said, so that
//! a run in CI is short). `-- --growth 1000000 --csv FILE` records so many declarations, notes every 10,000 what the process
//! and the files take, ends without a word as a kill does, and measures the next start; `benches/growth.py` makes a chart
//! of the file.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing better to do")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../tests/house/mod.rs"]
mod house;
mod raw;

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use lodged::daemon::hold_little_memory;
use lodged::declaration::Declaration;
use lodged::identifier::{DeclarationReference, ProofForm};
use lodged::partner::PartnerId;
use lodged::record::{Decision, Examination};
use lodged::store::{EmbeddedStore, Numbering, Store, StoreOptions};
use raw::Raw;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many entries share a flush, or how many callers wait at one time.
const AT_ONE_TIME: [u64; 3] = [1, 16, 256];

/// Records a second in the open loop: half of what is demanded.
const HALF: f64 = 25_000.0;

/// Rounds of what is compared in turn; the median counts.
const ROUNDS: usize = 3;

/// Declarations between two notes of what they take.
const NOTED_EVERY: u64 = 10_000;

/// What a run was told.
struct Arguments {
    seconds: u64,
    growth: Option<u64>,
    csv: PathBuf,
    /// Where to grow: this is the process that ends without a word.
    grows_in: Option<PathBuf>,
}

impl Arguments {
    fn read() -> Self {
        let csv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("growth.csv");
        let mut arguments = Self { seconds: 3, growth: None, csv, grows_in: None };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--seconds" => arguments.seconds = words.next().unwrap().parse().unwrap(),
                "--growth" => arguments.growth = Some(words.next().unwrap().parse().unwrap()),
                "--csv" => arguments.csv = words.next().unwrap().into(),
                "--grows-in" => arguments.grows_in = Some(words.next().unwrap().into()),
                _ => {} // What cargo says.
            }
        }
        arguments
    }
}

/// Latencies in microseconds.
#[derive(Default)]
struct Latencies(Vec<u32>);

impl From<Vec<Duration>> for Latencies {
    fn from(taken: Vec<Duration>) -> Self {
        let mut latencies = Self::default();
        taken.into_iter().for_each(|taken| latencies.add(taken));
        latencies
    }
}

impl Latencies {
    fn add(&mut self, taken: Duration) {
        self.0.push(u32::try_from(taken.as_micros()).unwrap());
    }

    fn in_words(mut self) -> String {
        self.0.sort_unstable();
        let last = self.0.len() - 1;
        let at = |per_mille: usize| f64::from(*self.0.get(last * per_mille / 1000).unwrap()) / 1000.0;
        format!("p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, longest {:.2} ms", at(500), at(990), at(999), at(1000))
    }
}

/// What a load came to.
struct Loaded {
    rate: f64,
    latencies: Latencies,
    lag_most: u64,
}

/// So many callers record declarations one after the other, until so many were begun or the time is over.
async fn closed_loop(
    store: &Arc<EmbeddedStore>,
    next: &Arc<AtomicU64>,
    callers: u64,
    end: u64,
    time: Duration,
) -> Loaded {
    let (started, first) = (Instant::now(), next.load(Ordering::Relaxed));
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (store, next) = (Arc::clone(store), Arc::clone(next));
            tokio::spawn(async move {
                let (mut latencies, mut lag_most) = (Latencies::default(), 0);
                while started.elapsed() < time {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        break;
                    }
                    let examination = examination(number);
                    let asked = Instant::now();
                    black_box(store.record(examination).await.unwrap());
                    latencies.add(asked.elapsed());
                    if number.is_multiple_of(1000) {
                        lag_most = lag_most.max(store.lag());
                    }
                }
                (latencies, lag_most)
            })
        })
        .collect();
    let mut loaded = Loaded { rate: 0.0, latencies: Latencies::default(), lag_most: 0 };
    for caller in callers {
        let (latencies, lag_most) = caller.await.unwrap();
        loaded.latencies.0.extend(latencies.0);
        loaded.lag_most = loaded.lag_most.max(lag_most);
    }
    let done = next.load(Ordering::Relaxed).min(end) - first;
    loaded.rate = done as f64 / started.elapsed().as_secs_f64();
    loaded
}

/// Records come at their times, whether those before them are answered or not.
async fn open_loop(store: &Arc<EmbeddedStore>, next: &Arc<AtomicU64>, rate: f64, time: Duration) -> Loaded {
    let latencies = Arc::new(Mutex::new(Latencies::default()));
    let (started, mut sent, mut lag_most) = (Instant::now(), 0_u64, 0);
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    while started.elapsed() < time {
        ticks.tick().await;
        while (sent as f64) < started.elapsed().as_secs_f64() * rate {
            let due = started + Duration::from_secs_f64(sent as f64 / rate);
            let (store, latencies) = (Arc::clone(store), Arc::clone(&latencies));
            let number = next.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                black_box(store.record(examination(number)).await.unwrap());
                latencies.lock().unwrap().add(due.elapsed());
            });
            sent += 1;
        }
        lag_most = lag_most.max(store.lag());
    }
    while u64::try_from(latencies.lock().unwrap().0.len()).unwrap() != sent {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let latencies = std::mem::take(&mut *latencies.lock().unwrap());
    Loaded { rate: sent as f64 / started.elapsed().as_secs_f64(), latencies, lag_most }
}

fn options(directory: &Path) -> StoreOptions {
    let numbering = Numbering { form: ProofForm::Cers, zone: TimeZone::UTC };
    StoreOptions { checks_everything: false, ..StoreOptions::new(directory.join("store"), numbering) }
}

/// How many bytes of the journal one declaration takes.
fn entry_bytes(directory: &Path) -> usize {
    let store = EmbeddedStore::open(options(directory)).unwrap();
    Runtime::new().unwrap().block_on(store.record(examination(1))).unwrap();
    drop(store);
    let segment = fs::read(directory.join("store/journal/00000001.seg")).unwrap();
    segment.iter().rposition(|byte| *byte != 0).unwrap() + 1 - 96
}

/// An examined interchange with one declaration of one commodity, which is accepted; each has references, a transport
/// document and a container of its own, and one of some carriers and exporters.
fn examination(number: u64) -> Examination {
    static EXAMINED: LazyLock<Examination> = LazyLock::new(|| house::examined(&house::one_line_declaration(0)));
    let mut examination = EXAMINED.clone();
    let partner = PartnerId::new(&format!("partner-{}", number % 100)).unwrap();
    let reference = format!("REF{number:09}");
    examination.delivery.partner = partner.clone();
    examination.facts.envelope.reference.0.clone_from(&reference);
    for judgement in &mut examination.facts.judgements {
        judgement.reference = DeclarationReference(reference.as_str().into());
        if let Decision::Accept(declaration) = &mut judgement.decision {
            differ(declaration, number, &judgement.reference);
        }
    }
    if let Some(key) = &mut examination.repeat_key {
        key.partner = partner;
        key.reference = reference;
    }
    examination
}

fn differ(declaration: &mut Declaration, number: u64, reference: &DeclarationReference) {
    declaration.reference = reference.clone();
    declaration.carrier_name = carrier(number).into();
    declaration.containers = vec![compact_str::format_compact!("ABCU{:07}", number % 10_000_000)];
    declaration.export_date =
        declaration.export_date.saturating_add(jiff::Span::new().days(i64::try_from(number % 30).unwrap()));
    if let Some(document) = &mut declaration.transport_document {
        document.number = compact_str::format_compact!("BL{number:010}");
    }
}

fn carrier(number: u64) -> &'static str {
    CARRIERS.get(usize::try_from(number % 10).unwrap()).unwrap()
}

const CARRIERS: [&str; 10] = [
    "NORTH SHIPPING",
    "SOUTH SHIPPING",
    "EAST LINES",
    "WEST LINES",
    "GREAT LAKES CARRIERS",
    "ATLANTIC FREIGHT",
    "PACIFIC FREIGHT",
    "PRAIRIE RAIL",
    "MAPLE AIR CARGO",
    "BOREAL TRUCKING",
];

/// What sled takes when each of the keys of a record is a key of its own: twelve of them, of the lengths that they have,
/// by one thread, without a journal.
fn one_by_one(directory: &Path, time: Duration) -> f64 {
    let config = sled::Config::new().path(directory.join("sled")).segment_size(8 << 20);
    let db = config.cache_capacity(128 << 20).flush_every_ms(Some(500)).open().unwrap();
    let (started, mut number) = (Instant::now(), 0_u64);
    while started.elapsed() < time {
        number += 1;
        let (partner, entry) = (format!("partner-{}\0", number % 100), (!number).to_be_bytes());
        let keys = [
            format!("r{partner}\0....MAPLE-FWD....ZZ....REF{number:09}").into_bytes(),
            format!("d{partner}\0REF{number:09}").into_bytes(),
            [&b"p\0\0AB123420261121"[..], &number.to_be_bytes()].concat(),
            [&b"n"[..], &entry].concat(),
            [format!("o{partner}").as_bytes(), &(2 * number).to_be_bytes()].concat(),
            [format!("o{partner}").as_bytes(), &(2 * number + 1).to_be_bytes()].concat(),
            [&b"se123456782RM0001\0"[..], &entry].concat(),
            [format!("sc{}\0", carrier(number)).as_bytes(), &entry].concat(),
            [format!("stBL{number:010}\0").as_bytes(), &entry].concat(),
            [format!("skABCU{:07}\0", number % 10_000_000).as_bytes(), &entry].concat(),
            [format!("sd202611{:02}\0", number % 30).as_bytes(), &entry].concat(),
            [format!("sp{partner}").as_bytes(), &entry].concat(),
        ];
        for key in keys {
            db.insert(key, &entry).unwrap();
        }
    }
    number as f64 / started.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    *rates.get(rates.len() / 2).unwrap()
}

fn measure(arguments: &Arguments) {
    let [directory, scratch] = [(); 2].map(|()| tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
    let entry_bytes = entry_bytes(scratch.path());
    println!("{entry_bytes} bytes of the journal for a declaration");
    let mut disk = Raw::new(directory.path());
    let runtime = Runtime::new().unwrap();
    let store = Arc::new(EmbeddedStore::open(options(directory.path())).unwrap());
    let next = Arc::new(AtomicU64::new(1));
    let short = Duration::from_millis(700);
    for many in AT_ONE_TIME {
        let (mut raw, mut embedded) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            disk.calm();
            raw.push(disk.rate(many, entry_bytes, short));
            disk.calm();
            embedded.push(runtime.block_on(closed_loop(&store, &next, many, u64::MAX, short)).rate);
        }
        let (raw, embedded) = (median(raw), median(embedded));
        println!(
            "{many:>4} at one time: raw {raw:>8.0} per second, embedded {embedded:>7.0} per second ({:.1} us each), {:.2} x raw",
            1e6 / embedded,
            raw / embedded
        );
    }
    let time = Duration::from_secs(arguments.seconds);
    disk.calm();
    let Loaded { rate, latencies, lag_most } = runtime.block_on(closed_loop(&store, &next, 256, u64::MAX, time));
    println!(
        "256 callers for {} s: {rate:.0} per second, {}, lag at most {lag_most}",
        time.as_secs(),
        latencies.in_words()
    );
    disk.calm();
    let Loaded { rate, latencies, lag_most } = runtime.block_on(open_loop(&store, &next, HALF, time));
    println!(
        "open loop for {} s: {rate:.0} per second, {}, lag at most {lag_most}",
        time.as_secs(),
        latencies.in_words()
    );
    disk.calm();
    let latencies: Latencies = disk.paced(Duration::from_secs_f64(1.0 / HALF), entry_bytes, time).into();
    println!("the same appended and flushed, and nothing else: {}", latencies.in_words());
    runtime.block_on(store.close()).unwrap();
    drop(store);
    disk.calm();
    println!(
        "keys one by one, by sled alone: {:.0} records per second",
        one_by_one(directory.path(), time.min(Duration::from_secs(10)))
    );
}

/// Bytes that the files in a directory take on the disk.
fn disk_bytes(directory: &Path) -> u64 {
    let entries = walkdir::WalkDir::new(directory).into_iter().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|file| file.blocks() * 512)
        .sum()
}

fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Records so many declarations and ends as a kill does.
fn grow(directory: &Path, declarations: u64, csv: &Path) {
    let runtime = Runtime::new().unwrap();
    let store = Arc::new(EmbeddedStore::open(options(directory)).unwrap());
    let next = Arc::new(AtomicU64::new(1));
    let mut lines = "declarations,seconds,resident_bytes,journal_bytes,state_bytes,lag\n".to_owned();
    let started = Instant::now();
    for end in (1..=declarations.div_ceil(NOTED_EVERY)).map(|part| part * NOTED_EVERY + 1) {
        runtime.block_on(closed_loop(&store, &next, 256, end, Duration::MAX));
        next.store(end, Ordering::Relaxed);
        let [journal, state] = ["journal", "state"].map(|part| disk_bytes(&directory.join("store").join(part)));
        let (seconds, resident, lag) = (started.elapsed().as_secs_f64(), resident_bytes(), store.lag());
        writeln!(lines, "{},{seconds:.2},{resident},{journal},{state},{lag}", end - 1).unwrap();
    }
    fs::write(csv, lines).unwrap();
    std::process::abort();
}

/// Lets another process record, and measures the start after it.
fn growth(declarations: u64, csv: &Path) {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut grows = Command::new(std::env::current_exe().unwrap());
    grows.args(["--growth", &declarations.to_string(), "--csv"]).arg(csv).arg("--grows-in").arg(directory.path());
    grows.status().unwrap();
    print!("{}", fs::read_to_string(csv).unwrap());
    let started = Instant::now();
    let store = EmbeddedStore::open(options(directory.path())).unwrap();
    println!("ready again in {:.2} s: {:?}", started.elapsed().as_secs_f64(), store.summary());
    let repeat = Runtime::new().unwrap().block_on(store.record(examination(declarations / 2))).unwrap();
    assert!(repeat.is_repeat, "what was recorded is not known");
}

fn main() {
    hold_little_memory();
    let arguments = Arguments::read();
    match (&arguments.grows_in, arguments.growth) {
        (Some(directory), Some(declarations)) => grow(directory, declarations, &arguments.csv),
        (None, Some(declarations)) => growth(declarations, &arguments.csv),
        (_, None) => measure(&arguments),
    }
}
