//! How fast an interchange is read and judged on one thread, beside what the machine gives to simpler work on the same
//! bytes in the same run.
//!
//! `limit` copies the bytes, or looks each of them up in a table of 256 entries. `tokenise` reads the envelopes and every
//! component. `examine` judges by syntax and directory; `whole` by guide, code lists and rules too. `small` are one-line
//! interchanges from the bytes that come to the answers that go back, without the record between.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that cannot go on has nothing better to do")]

#[path = "../tests/house/mod.rs"]
mod house;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lodged::edifact::{Frame, FrameFinder, Interchange};
use lodged::gateway::judge_syntax;
use lodged::identifier::RecordNumber;
use lodged::record::{Answer, AnswerKind, AnswerReference, Examination, Recorded, Verdict};
use lodged::reply;

/// Declarations in the large interchange: 2.8 MB.
const DECLARATIONS: usize = 2_600;

/// Bytes that divide or release, as a table.
fn table() -> [bool; 256] {
    let mut table = [false; 256];
    for byte in b"+:'?" {
        table[usize::from(*byte)] = true;
    }
    table
}

/// Every component of every segment is looked at.
fn tokenise(bytes: &[u8]) -> usize {
    let (interchange, _) = Interchange::read(bytes).unwrap();
    let elements = interchange.segments().flat_map(|segment| segment.elements());
    elements.flat_map(|element| element.components()).map(|component| component.raw().len()).sum()
}

fn large(criterion: &mut Criterion) {
    let bytes = house::many_declarations(DECLARATIONS);
    let table = table();
    let mut group = criterion.benchmark_group("large");
    group.throughput(Throughput::Bytes(u64::try_from(bytes.len()).unwrap()));
    group.sample_size(10);
    group.bench_function("limit/copy", |bencher| bencher.iter(|| black_box(&bytes).to_vec()));
    group.bench_function("limit/table", |bencher| {
        bencher.iter(|| black_box(&bytes).iter().filter(|byte| table[usize::from(**byte)]).count());
    });
    group.bench_function("frame", |bencher| {
        bencher.iter(|| assert!(matches!(FrameFinder::default().find(black_box(&bytes)), Frame::Interchange(_))));
    });
    group.bench_function("read", |bencher| {
        bencher.iter(|| black_box(Interchange::read(black_box(&bytes)).unwrap().0.messages.len()));
    });
    group.bench_function("tokenise", |bencher| bencher.iter(|| black_box(tokenise(black_box(&bytes)))));
    group.bench_function("examine", |bencher| {
        bencher.iter(|| {
            let (interchange, findings) = Interchange::read(black_box(&bytes)).unwrap();
            let syntax = judge_syntax(&interchange, findings, &house::RULEBOOK.catalogue);
            assert!(syntax.findings.is_empty());
        });
    });
    group.bench_function("whole", |bencher| {
        bencher.iter(|| assert_eq!(house::examined(black_box(&bytes)).facts.judgements.len(), DECLARATIONS));
    });
    group.finish();
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
    let bytes = house::one_line_declaration(1);
    let mut group = criterion.benchmark_group("small");
    group.throughput(Throughput::Elements(1));
    group.bench_function("examine and answer", |bencher| {
        bencher.iter(|| {
            let recorded = recorded(house::examined(black_box(&bytes)));
            for Answer { reference, kind } in recorded.answers() {
                black_box(reply::compose(&recorded, kind, reference));
            }
        });
    });
    group.bench_function("examine and CONTRL", |bencher| {
        bencher.iter(|| {
            let recorded = recorded(house::examined(black_box(&bytes)));
            black_box(reply::compose(&recorded, AnswerKind::Contrl, AnswerReference(1)));
        });
    });
    group.finish();
}

criterion_group!(benches, large, small);
criterion_main!(benches);
