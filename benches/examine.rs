//! How fast an interchange is read and judged on one thread, beside what the machine gives to simpler work on the same
//! bytes in the same run, and beside another reader of EDIFACT.
//!
//! `cargo bench --bench examine` measures with criterion. `cargo bench --bench examine -- --peers-input FILE` prints a table
//! for any interchange; without a file, for 48 MB of declarations that are accepted (`input.rs`).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on has nothing better to do, and prints what it found"
)]

#[path = "../tests/house/mod.rs"]
mod house;
mod input;

use std::hint::black_box;
use std::sync::{LazyLock, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput};
use edifact_rs::{ServiceStringAdvice, Tokenizer};
use lodged::edifact::{Frame, FrameFinder, Interchange, Tolerances, mend};
use lodged::gateway::{Examined, Identities, Rulebook, judge_syntax};
use lodged::identifier::RecordNumber;
use lodged::partner::Partner;
use lodged::record::{
    Answer, AnswerKind, AnswerReference, Channel, Delivery, Examination, Facts, MessageFacts, Recorded, Verdict,
};
use lodged::reply;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Messages of the interchange on which peers were measured.
const MESSAGES: u32 = 19_105;

/// Rounds of a table; the best counts, as nothing makes a program faster than it is.
const ROUNDS: u32 = 7;

/// One kind of work on the bytes of an interchange; what it gives back keeps the compiler from leaving it out, and is 0
/// where the bytes are refused.
type Work = fn(&Bytes) -> usize;

/// What is measured, the least work first.
const WORK: [(&str, Work); 11] = [
    ("limit: copy", |bytes| bytes.to_vec().len()),
    ("limit: look each byte up in a table", |bytes| bytes.iter().filter(|byte| STOPS[usize::from(**byte)]).count()),
    ("limit: index of the segments", |bytes| segments(bytes).len()),
    ("edifact-rs: tokens", |bytes| {
        let advice = ServiceStringAdvice::from_bytes(bytes).unwrap_or_default();
        Tokenizer::new(bytes, advice).try_fold(0, |count, token| token.map(|_| count + 1)).unwrap_or_default()
    }),
    ("edifact-rs: segments", |bytes| {
        edifact_rs::from_bytes(bytes).try_fold(0, |count, segment| segment.map(|_| count + 1)).unwrap_or_default()
    }),
    ("read: envelopes and characters", |bytes| Interchange::read(bytes).unwrap().0.messages.len()),
    ("tokenise: read, and every piece of every segment", |bytes| tokenise(bytes)),
    ("mend: the same reading behind the tolerances", |bytes| {
        mend(bytes, &Tolerances::default()).read().unwrap().interchange.messages.len()
    }),
    ("examine: by syntax and directory", |bytes| examine(bytes)),
    ("contrl: by syntax and directory, with its CONTRL", |bytes| contrl(bytes).len()),
    ("whole: by guide, code lists and rules too", |bytes| whole(bytes).facts.messages.len()),
];

/// Bytes that divide or release, as a table.
static STOPS: [bool; 256] = {
    let mut table = [false; 256];
    table[b'+' as usize] = true;
    table[b':' as usize] = true;
    table[b'\'' as usize] = true;
    table[b'?' as usize] = true;
    table
};

/// Where the segments end, nothing else: what finding them costs with the search for one byte that others use.
fn segments(bytes: &[u8]) -> Vec<usize> {
    memchr::memchr_iter(b'\'', bytes).collect()
}

/// Every piece of every segment is looked at.
fn tokenise(bytes: &[u8]) -> usize {
    let (interchange, _) = Interchange::read(bytes).unwrap();
    let pieces = |segment: lodged::edifact::Segment<'_>| {
        segment.cuts().map(|piece| piece.end - piece.start + usize::from(piece.separator)).sum::<usize>()
    };
    interchange.segments().map(pieces).sum()
}

fn examine(bytes: &[u8]) -> usize {
    let (interchange, findings) = Interchange::read(bytes).unwrap();
    judge_syntax(&interchange, findings, &house::RULEBOOK.catalogue).structures.len()
}

/// The CONTRL that answers what syntax and directory say.
fn contrl(bytes: &[u8]) -> Vec<u8> {
    let (interchange, findings) = Interchange::read(bytes).unwrap();
    let (partner, rulebook) = house_of(bytes);
    let findings = judge_syntax(&interchange, findings, &rulebook.catalogue).findings;
    let facts = Facts {
        envelope: interchange.envelope,
        gateway: rulebook.identities.real.clone(),
        language: partner.language,
        agreement: partner.agreement.clone(),
        groups: Vec::new(),
        messages: interchange
            .messages
            .into_iter()
            .map(|message| MessageFacts {
                reference: message.reference,
                kind: message.kind,
                group: message.group,
                package: message.package,
            })
            .collect(),
        findings,
        judgements: Vec::new(),
        acknowledges: Vec::new(),
        is_acknowledgement: false,
    };
    let recorded = Recorded {
        number: RecordNumber(1),
        partner: partner.id.clone(),
        channel: Channel::EdiTls,
        received_at: *NOW,
        facts,
        verdicts: Vec::new(),
        contrl: Some(AnswerReference(1)),
        cusres: None,
    };
    reply::compose(&recorded, AnswerKind::Contrl, AnswerReference(1)).to_vec()
}

/// Whoever sent the bytes is our partner, and we are whoever they are for.
static HOUSE: OnceLock<(Partner, Rulebook)> = OnceLock::new();

fn house_of(bytes: &[u8]) -> &'static (Partner, Rulebook) {
    HOUSE.get_or_init(|| {
        let envelope = Interchange::read(bytes).unwrap().0.envelope;
        let partner = Partner { identities: vec![envelope.sender], ..house::partner() };
        let identities = Identities { real: envelope.recipient, practice: None };
        (partner, Rulebook { identities, segments_max: usize::MAX, ..house::rulebook() })
    })
}

/// Everything that the gateway finds, before it records it.
fn whole(bytes: &Bytes) -> Examination {
    let (partner, rulebook) = house_of(bytes);
    let delivery = Delivery {
        partner: partner.id.clone(),
        channel: Channel::EdiTls,
        received_at: *NOW,
        bytes: bytes.clone(), // As a door hands them on: shared, not copied.
    };
    match lodged::gateway::examine(delivery, partner, rulebook) {
        Examined::Interchange(examination) => *examination,
        Examined::Unreadable(evidence) => panic!("{}", evidence.reason),
    }
}

static NOW: LazyLock<jiff::Timestamp> = LazyLock::new(|| "2026-11-21T20:45:00Z".parse().unwrap());

/// The same work on interchanges of several sizes, and with several numbers of mistakes.
fn large(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("size");
    group.sample_size(10);
    for (name, count) in [("1 KB", 0), ("10 KB", 4), ("1 MB", 400), ("50 MB", MESSAGES)] {
        let bytes = if count == 0 { house::one_line_declaration(1).into() } else { accepted(count) };
        group.throughput(Throughput::Bytes(u64::try_from(bytes.len()).unwrap()));
        for (work, measured) in &WORK[6..] {
            let id = BenchmarkId::new(work.split(':').next().unwrap(), name);
            group.bench_with_input(id, &bytes, |bencher, bytes| bencher.iter(|| measured(black_box(bytes))));
        }
    }
    group.finish();
    let mut group = criterion.benchmark_group("mistakes");
    for count in [0, 1, 10, 100, 1_000] {
        let bytes = with_mistakes(accepted(400), count);
        group.throughput(Throughput::Bytes(u64::try_from(bytes.len()).unwrap()));
        group.bench_with_input(BenchmarkId::new("examine", count), &bytes, |bencher, bytes| {
            bencher.iter(|| examine(black_box(bytes)));
        });
    }
    group.finish();
}

/// So many declarations in one interchange that guide and rules accept.
fn accepted(count: u32) -> Bytes {
    input::declarations(count, &house::RULEBOOK.codes).into()
}

/// So many places (LOC+27) lose their qualifier, spread over the interchange.
fn with_mistakes(bytes: Bytes, count: usize) -> Bytes {
    let mut text = String::from_utf8(bytes.into()).unwrap();
    let places: Vec<usize> = text.match_indices("LOC+27+").map(|(at, _)| at).collect();
    for chosen in 0..count {
        let at = places[chosen * places.len() / count];
        text.replace_range(at + 4..at + 6, "??");
    }
    text.into()
}

/// The record that would stand, so that its answers can be composed.
fn recorded(examination: Examination) -> Recorded {
    let verdicts = examination.facts.judgements.iter().map(|_| Verdict::Refused { findings: Vec::new() }).collect();
    Recorded {
        number: RecordNumber(1),
        partner: examination.delivery.partner,
        channel: examination.delivery.channel,
        received_at: examination.delivery.received_at,
        facts: examination.facts,
        verdicts,
        contrl: Some(AnswerReference(1)),
        cusres: Some(AnswerReference(2)),
    }
}

fn small(criterion: &mut Criterion) {
    let bytes = house::one_line_declaration(1).into();
    let mut group = criterion.benchmark_group("small");
    group.throughput(Throughput::Elements(1));
    group.bench_function("examine and answer", |bencher| {
        bencher.iter(|| {
            let recorded = recorded(whole(black_box(&bytes)));
            for Answer { reference, kind } in recorded.answers() {
                black_box(reply::compose(&recorded, kind, reference));
            }
        });
    });
    group.bench_function("examine and CONTRL", |bencher| {
        bencher.iter(|| {
            let recorded = recorded(whole(black_box(&bytes)));
            black_box(reply::compose(&recorded, AnswerKind::Contrl, AnswerReference(1)));
        });
    });
    group.finish();
}

/// The interchanges that a file holds.
fn interchanges(mut bytes: Bytes) -> Vec<Bytes> {
    let mut found = Vec::new();
    while let Frame::Interchange(range) = FrameFinder::default().find(&bytes) {
        found.push(bytes.slice(range.clone()));
        bytes = bytes.slice(range.end..);
    }
    found
}

/// Prints what each kind of work makes of these bytes, interchange by interchange: the best of some rounds.
fn table(bytes: Vec<u8>) {
    let size = bytes.len();
    let interchanges = interchanges(bytes.into());
    let messages: usize = interchanges.iter().map(|bytes| Interchange::read(bytes).unwrap().0.messages.len()).sum();
    println!("{size} bytes, {} interchanges, {messages} messages\n", interchanges.len());
    println!("| what | MB/s | messages per second |\n|---|---|---|");
    for (name, work) in WORK {
        let mut done = 0;
        let best = (0..ROUNDS).map(|_| {
            let begun = Instant::now();
            done = black_box(interchanges.iter().map(|bytes| work(black_box(bytes))).sum());
            begun.elapsed().as_secs_f64()
        });
        let best = best.fold(f64::INFINITY, f64::min);
        if done == 0 {
            println!("| {name} | refused | |");
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a figure of three digits")]
        let (size, count) = (size as f64, messages as f64);
        println!("| {name} | {:.0} | {:.0} |", size / best / 1e6, count / best);
    }
}

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--peers-input");
    if arguments.next().is_some() {
        match arguments.next().filter(|file| !file.starts_with('-')) {
            Some(file) => table(std::fs::read(file).unwrap()),
            None => table(accepted(MESSAGES).into()),
        }
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    large(&mut criterion);
    small(&mut criterion);
    criterion.final_summary();
}
