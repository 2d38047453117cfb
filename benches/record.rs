//! How many declarations a second are on stable storage, beside what the disk gives to a bare append of the same size.
//!
//! `raw` is the limit: one write into a file full of zeroes and one `fdatasync` for 1, 16 or 256 entries at a time.
//! `embedded` is [`EmbeddedStore::record`] with as many callers at one time, each waiting for its answer. Both are
//! measured in the same run, since disks differ by the hour.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing better to do")]

#[path = "../tests/house/mod.rs"]
mod house;

use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use lodged::identifier::{DeclarationReference, ProofForm};
use lodged::partner::PartnerId;
use lodged::record::Examination;
use lodged::store::{EmbeddedStore, Numbering, Store, StoreOptions};
use tokio::runtime::Runtime;

/// How many entries share a flush, or how many callers wait at one time.
const AT_ONE_TIME: [u64; 3] = [1, 16, 256];

/// The file of the bare append: as long as a segment, and written round and round.
const RAW_BYTES: usize = 64 << 20;

/// Most flushes until the disk counts as calm whatever they take.
const CALM_FLUSHES: u32 = 2000;

/// The file of the bare append.
struct Raw {
    file: File,
    offset: usize,
}

impl Raw {
    fn new(directory: &Path) -> Self {
        let path = directory.join("raw");
        fs::write(&path, vec![0; RAW_BYTES]).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.sync_all().unwrap();
        Self { file, offset: 0 }
    }

    fn append(&mut self, bytes: &[u8]) {
        self.offset = if self.offset + bytes.len() > RAW_BYTES { 0 } else { self.offset };
        self.file.write_all_at(bytes, u64::try_from(self.offset).unwrap()).unwrap();
        self.file.sync_data().unwrap();
        self.offset += bytes.len();
    }

    /// Flushes until twenty small flushes in a row were quick: what the measurement before wrote must not slow the next.
    fn calm(&mut self) {
        let mut quick = 0;
        for _ in 0..CALM_FLUSHES {
            let started = Instant::now();
            self.append(b"x");
            quick = if started.elapsed() < Duration::from_micros(300) { quick + 1 } else { 0 };
            if quick == 20 {
                return;
            }
        }
    }

    /// So many entries, so many of them with each flush.
    fn measure(&mut self, entries: u64, batch: u64, entry_bytes: usize) -> Duration {
        let bytes = vec![b'x'; entry_bytes * usize::try_from(batch).unwrap()];
        let started = Instant::now();
        for _ in 0..entries.div_ceil(batch) {
            self.append(&bytes);
        }
        scaled(started.elapsed(), entries, batch)
    }
}

/// The time of whole batches, as that of the entries asked for.
fn scaled(elapsed: Duration, entries: u64, batch: u64) -> Duration {
    elapsed.mul_f64(entries as f64 / (entries.div_ceil(batch) * batch) as f64)
}

/// So many callers record so many declarations each, one after the other.
async fn record(store: &Arc<EmbeddedStore>, next: &Arc<AtomicU64>, callers: u64, each: u64) -> Duration {
    let started = Instant::now();
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (store, next) = (Arc::clone(store), Arc::clone(next));
            tokio::spawn(async move {
                for _ in 0..each {
                    let examination = examination(next.fetch_add(1, Ordering::Relaxed));
                    black_box(store.record(examination).await.unwrap());
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    started.elapsed()
}

fn options(directory: &Path) -> StoreOptions {
    let numbering = Numbering { form: ProofForm::Cers, zone: TimeZone::UTC };
    StoreOptions::new(directory.join("store"), numbering)
}

/// How many bytes of the journal one declaration takes.
fn entry_bytes(directory: &Path) -> usize {
    let store = EmbeddedStore::open(options(directory)).unwrap();
    Runtime::new().unwrap().block_on(store.record(examination(1))).unwrap();
    drop(store);
    let segment = fs::read(directory.join("store/journal/00000001.seg")).unwrap();
    segment.iter().rposition(|byte| *byte != 0).unwrap() + 1 - 96
}

/// An examined interchange with one declaration of one commodity, which is accepted; each has references of its own.
fn examination(number: u64) -> Examination {
    static EXAMINED: LazyLock<Examination> = LazyLock::new(|| house::examined(&house::one_line_declaration(0)));
    let mut examination = EXAMINED.clone();
    let partner = PartnerId::new(&format!("partner-{}", number % 100)).unwrap();
    let reference = format!("REF{number:09}");
    examination.delivery.partner = partner.clone();
    examination.facts.envelope.reference.0.clone_from(&reference);
    for judgement in &mut examination.facts.judgements {
        judgement.reference = DeclarationReference(reference.as_str().into());
    }
    if let Some(key) = &mut examination.repeat_key {
        key.partner = partner;
        key.reference = reference;
    }
    examination
}

fn benches(criterion: &mut Criterion) {
    let [directory, scratch] = [(); 2].map(|()| tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
    let entry_bytes = entry_bytes(scratch.path());
    let mut disk = Raw::new(directory.path());
    let runtime = Runtime::new().unwrap();
    let store = Arc::new(EmbeddedStore::open(options(directory.path())).unwrap());
    let next = Arc::new(AtomicU64::new(1));
    for many in AT_ONE_TIME {
        let mut group = criterion.benchmark_group(format!("{many} at one time"));
        group.throughput(Throughput::Elements(1));
        disk.calm();
        group.bench_function("raw", |bencher| bencher.iter_custom(|entries| disk.measure(entries, many, entry_bytes)));
        disk.calm();
        group.bench_function("embedded", |bencher| {
            bencher.iter_custom(|entries| {
                let elapsed = runtime.block_on(record(&store, &next, many, entries.div_ceil(many)));
                scaled(elapsed, entries, many)
            });
        });
        group.finish();
    }
    runtime.block_on(store.close()).unwrap();
}

criterion_group! {
    name = short;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = benches
}
criterion_main!(short);
