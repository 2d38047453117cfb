//! How many declarations a second are on stable storage, beside what the disk gives to a bare append of the same size.
//!
//! `raw` is the limit: one write into a file full of zeroes and one `fdatasync` for 1, 16 or 256 entries at a time.
//! `embedded` is [`EmbeddedStore::record`] with as many callers at one time, each waiting for its answer. Both are
//! measured in the same run, since disks differ by the hour.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has nothing better to do")]

use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{Timestamp, civil::date, tz::TimeZone};
use lodged::declaration::{Certifier, Declaration, Exporter, Function, Line, Measure, Party};
use lodged::edifact::{
    AcknowledgementRequest, ControlReference, Envelope, MessageType, PartyId, Repertoire, SyntaxVersion,
};
use lodged::identifier::{DeclarationReference, ProofForm};
use lodged::language::Language;
use lodged::partner::{Agreement, PartnerId};
use lodged::record::{Channel, Decision, Delivery, Digest, Examination, Facts, Judgement, MessageFacts, RepeatKey};
use lodged::store::{EmbeddedStore, Numbering, Store, StoreOptions};
use tokio::runtime::Runtime;

/// How many entries share a flush, or how many callers wait at one time.
const AT_ONE_TIME: [u64; 3] = [1, 16, 256];

/// The bytes of an interchange with one declaration of one commodity, more or less.
const INTERCHANGE_BYTES: usize = 1400;

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
    segment.iter().rposition(|byte| *byte != 0).unwrap() + 1 - 64
}

/// An examined interchange with one declaration of one commodity, which is accepted.
fn examination(number: u64) -> Examination {
    let partner = PartnerId::new(&format!("partner-{}", number % 100)).unwrap();
    let reference = format!("REF{number:09}");
    let sender = PartyId { identification: "MAPLE".into(), qualifier: Some("ZZ".into()), ..PartyId::default() };
    let repeat_key = RepeatKey {
        partner: partner.clone(),
        sender: sender.clone(),
        reference: reference.clone(),
        is_practice: false,
    };
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_le_bytes());
    let delivery = Delivery {
        partner,
        channel: Channel::EdiTls,
        received_at: Timestamp::constant(1_795_000_000, 0),
        bytes: Bytes::from(vec![b'+'; INTERCHANGE_BYTES]),
    };
    Examination { delivery, facts: facts(sender, &reference), repeat_key: Some(repeat_key), digest: Digest(digest) }
}

fn facts(sender: PartyId, reference: &str) -> Facts {
    let envelope = Envelope {
        repertoire: Repertoire::Unoc,
        version: SyntaxVersion::V3,
        sender,
        recipient: PartyId { identification: "LODGED".into(), ..PartyId::default() },
        reference: ControlReference(reference.into()),
        application_reference: None,
        acknowledgement: AcknowledgementRequest::Acknowledgement,
        agreement: None,
        is_practice: false,
    };
    let judgement = Judgement {
        message: 0,
        reference: DeclarationReference(reference.into()),
        document: "830".into(),
        findings: Vec::new(),
        decision: Decision::Accept(Box::new(declaration(reference))),
    };
    let message = MessageFacts {
        reference: "1".into(),
        kind: MessageType {
            kind: "CUSDEC".into(),
            version: "D".into(),
            release: "96B".into(),
            agency: "UN".into(),
            association: None,
        },
        group: None,
    };
    Facts {
        envelope,
        language: Language::En,
        agreement: Agreement::default(),
        groups: Vec::new(),
        messages: vec![message],
        findings: Vec::new(),
        judgements: vec![judgement],
        acknowledges: Vec::new(),
        is_acknowledgement: false,
    }
}

fn declaration(reference: &str) -> Declaration {
    let measure = |value: u32, unit: &str| Measure { value: value.into(), unit: unit.into() };
    let party = |name: &str, country: &str| Party {
        name: name.into(),
        street: vec!["1 WHARF ROAD".into()],
        city: "VANCOUVER".into(),
        region: Some("BC".into()),
        postal_code: Some("V6B1A1".into()),
        country: country.into(),
        ..Party::default()
    };
    let exporter = Exporter {
        business_number: "123456782RM0001".parse().unwrap(),
        authorization_id: "AB1234".parse().unwrap(),
        party: party("MAPLE GRAIN", "CA"),
    };
    let line = Line {
        number: 1,
        hs_code: "10019910".into(),
        description: "WHEAT, OTHER THAN DURUM".into(),
        origin: "CA".into(),
        province: Some("SK".into()),
        quantity: Some(measure(20, "TNE")),
        value: 5000.into(),
        gross_weight: Some(measure(20, "TNE")),
        permits: Vec::new(),
        vehicles: Vec::new(),
        is_controlled: false,
    };
    Declaration {
        reference: DeclarationReference(reference.into()),
        version: 1,
        function: Function::Original,
        submission_reason: None,
        exporter,
        consignee: party("HARBOUR MILLS", "JP"),
        parties_are_related: false,
        service_provider: None,
        carrier_name: "NORTH SHIPPING".into(),
        transport_document: None,
        mode: "1".into(),
        vessel: Some("NORTH STAR".into()),
        conveyance: Some("12W".into()),
        export_date: date(2026, 11, 30),
        planned_loading: None,
        exit_office: "0809".into(),
        destination: "JP".into(),
        packages: 1,
        package_type: "VR".into(),
        is_containerised: false,
        containers: Vec::new(),
        exporter_references: vec!["ORDER 1".into()],
        permits: Vec::new(),
        is_controlled: false,
        currency: "CAD".into(),
        freight: 100.into(),
        gross_weight: measure(20, "TNE"),
        total_value: 5000.into(),
        reason_for_export: None,
        lease_months: None,
        certifier: Certifier { name: "THE EXPORTER".into(), ..Certifier::default() },
        lines: vec![line],
    }
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
