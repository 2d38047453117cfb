//! Declarations a second from a partner's bytes to its answers: the real binary over mutual TLS, with the load generator
//! on the same machine.
//!
//! Each connection sends one-line declarations and keeps so many of them unanswered at a time; a declaration counts once
//! its CUSRES with a number is read. The connections stay; setting them up is not measured.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench that cannot go on has nothing better to do, and it plays with the stories' cast"
)]

#[path = "../tests/connection/mod.rs"]
mod connection;
#[path = "../tests/acceptance/gateway.rs"]
mod gateway;
#[path = "../tests/house/mod.rs"]
mod house;
#[path = "../tests/acceptance/interchange.rs"]
mod interchange;
#[path = "../tests/acceptance/keys.rs"]
mod keys;
#[path = "../tests/acceptance/partner.rs"]
mod partner;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gateway::Gateway;
use partner::Partner;

/// No rate, and answers that need no confirmation for as long as a bench takes.
const SETTINGS: &str =
    "[limits]\ninterchanges_per_minute_max = 10000000\nunconfirmed_answers_max = 1000000\n[log]\nfilter = \"error\"\n";

/// How many connections, and how many declarations each keeps unanswered.
const LOADS: [(usize, usize); 3] = [(1, 1), (16, 1), (16, 16)];

static NEXT: AtomicUsize = AtomicUsize::new(1);

/// Sends so many declarations on one connection and reads their answers.
fn lodge(partner: &mut Partner, declarations: usize, unanswered_max: usize) {
    let first = NEXT.fetch_add(declarations, Ordering::Relaxed);
    let (mut sent, mut answered) = (0, 0);
    while answered < declarations {
        let more = (declarations - sent).min(unanswered_max - (sent - answered));
        let bytes: Vec<u8> = (sent..sent + more).flat_map(|number| unasked(first + number)).collect();
        partner.sends(&bytes);
        sent += more;
        let cusres = partner.gets_bytes().unwrap();
        assert!(cusres.windows(7).any(|bytes| bytes == b"RFF+ABT"), "{}", cusres.escape_ascii());
        answered += 1;
    }
}

/// A declaration that asks for no CONTRL.
fn unasked(number: usize) -> Vec<u8> {
    let text: String = house::one_line_declaration(number).into_iter().map(char::from).collect();
    text.replace("++++1'UNH", "'UNH").chars().map(|character| u8::try_from(character).unwrap()).collect()
}

fn measure(partners: &mut [Partner], declarations: usize, unanswered_max: usize) -> Duration {
    let each = declarations.div_ceil(partners.len());
    let start = Barrier::new(partners.len() + 1);
    let elapsed = thread::scope(|scope| {
        for partner in partners.iter_mut() {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                lodge(partner, each, unanswered_max);
            });
        }
        start.wait();
        Instant::now()
    })
    .elapsed();
    elapsed.mul_f64(declarations as f64 / (each * partners.len()) as f64)
}

fn end_to_end(criterion: &mut Criterion) {
    let gateway = Gateway::with(SETTINGS);
    let mut group = criterion.benchmark_group("end to end");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(4));
    for (connections, unanswered) in LOADS {
        let mut partners: Vec<Partner> = (0..connections).map(|_| gateway.partner()).collect();
        group.bench_function(format!("{connections} connections, {unanswered} unanswered each"), |bencher| {
            bencher
                .iter_custom(|declarations| measure(&mut partners, usize::try_from(declarations).unwrap(), unanswered));
        });
    }
    group.finish();
}

criterion_group!(benches, end_to_end);
criterion_main!(benches);
