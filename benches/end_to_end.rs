//! From a partner's bytes to its answers: the real binary over mutual TLS under its own load generator, which shares the
//! machine with it, beside what the disk gives to a bare append in the same run.
//!
//! `cargo bench --bench end_to_end -- --seconds 60` measures the first closed loop of many connections that long, and the
//! others a sixth of it (3 unless it is said, and then the others one). What stands in the table is one run of
//! one gateway on one record: loads, the same beside a standby, how long a start takes once the gateway was killed with all of
//! that recorded, and then connections that say nothing.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench that cannot go on has nothing better to do, and it plays with the stories' cast"
)]

#[path = "../tests/overload/bench.rs"]
mod bench;
#[path = "../tests/connection/mod.rs"]
mod connection;
#[path = "../tests/acceptance/gateway.rs"]
mod gateway;
#[path = "../tests/acceptance/interchange.rs"]
mod interchange;
#[path = "../tests/acceptance/keys.rs"]
mod keys;
#[path = "../tests/acceptance/partner.rs"]
mod partner;
mod raw;

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bench::{GENEROUS, Said, command, end};
use gateway::{Gateway, Home, until};
use raw::Raw;

/// What the journal takes for a one-line declaration, nearly: the size of a bare append.
const ENTRY_BYTES: usize = 2048;

/// The load that is measured longest.
const MAIN: &str = "--connections 16 --window 16";

/// The others.
const LOADS: [&str; 6] = [
    "--connections 1 --window 1",
    "--connections 16 --window 1",
    "--connections 64 --window 4",
    "--connections 16 --rate 6000",
    "--connections 16 --rate 6000 --contrl --refused 5 --repeated 5",
    "--connections 16 --rate 15000",
];

/// Those that are measured beside a standby, too.
const FOLLOWED: [&str; 2] = [MAIN, "--connections 16 --rate 6000"];

/// How often it is asked how far a standby is.
const ASKED_EVERY: Duration = Duration::from_millis(50);

/// Connections that say nothing.
const IDLE: usize = 10_000;

fn main() {
    let mut words = std::env::args().skip_while(|word| word != "--seconds");
    let seconds = words.nth(1).map_or(3, |word| word.parse().unwrap());
    let limits = format!("[limits]\nconnections_max = {0}\nconnections_per_partner_max = {0}\n", IDLE + 100);
    let home = Home::new(&GENEROUS.replace("[limits]\n", &limits));
    raw(&home);
    let mut gateway = Gateway::at(home);
    println!("{:<76} {:>9} {:>8} {:>8} {:>8} {:>8}", "load", "per s", "p50 ms", "p99 ms", "longest", "MB");
    load(&gateway, MAIN, seconds);
    for options in LOADS {
        load(&gateway, options, seconds / 6);
    }
    followed(&gateway, seconds / 6);
    again(&mut gateway);
    idle(&gateway);
}

/// What the disk gives.
fn raw(home: &Home) {
    let mut disk = Raw::new(home.path());
    for entries in [1, 16, 256] {
        disk.calm();
        let rate = disk.rate(entries, ENTRY_BYTES, Duration::from_millis(700));
        println!("raw: {entries:>3} of {ENTRY_BYTES} bytes appended and flushed at a time, {rate:.0} per second");
    }
}

/// One load, measured so long.
fn load(gateway: &Gateway, options: &str, seconds: u64) {
    let options = format!("{options} --seconds {}", seconds.max(1));
    let all = format!("{options} --warm-up 1 --timeout 60 --pid {}", gateway.process_id());
    let said = end(command(gateway, &gateway.home.acme, "ACMEFWD:ZZ", &all).spawn().unwrap());
    assert_eq!(said.code, 0, "{} {}", said.report, said.talk);
    let rate = said.report["load"]["interchanges_per_second"].as_f64().unwrap();
    let [half, most, longest] = ["p50", "p99", "max"].map(|name| said.milliseconds(name));
    let resident = megabytes(&said, "after");
    println!("{options:<76} {rate:>9.0} {half:>8.1} {most:>8.1} {longest:>8.1} {resident:>8.0}");
}

/// What the gateway holds, as the generator was told.
fn megabytes(said: &Said, when: &str) -> f64 {
    said.report["resident"][when].as_f64().unwrap() / 1e6
}

/// The same beside a standby, and how far it was behind.
fn followed(gateway: &Gateway, seconds: u64) {
    let (standby, started) = (Standby::of(&gateway.home), Instant::now());
    // As long as it takes: everything before is shipped to it.
    while !gateway.page("/metrics").contains("lodged_follow_behind{follower=\"standby\"} 0\n") {
        thread::sleep(ASKED_EVERY);
    }
    let entries = gateway.metric("lodged_store_commits_total");
    println!("beside a standby, which had {entries} entries after {:.1} s:", started.elapsed().as_secs_f64());
    for options in FOLLOWED {
        let is_over = AtomicBool::new(false);
        let mut behind = thread::scope(|scope| {
            let asked = scope.spawn(|| asked(gateway, &is_over));
            load(gateway, options, seconds);
            is_over.store(true, Ordering::Relaxed);
            asked.join().unwrap()
        });
        behind.sort_unstable();
        let at = |percent: usize| behind.get((behind.len() - 1) * percent / 100).unwrap();
        println!("  entries that the standby did not have: p50 {}, p99 {}, most {}", at(50), at(99), at(100));
    }
    drop(standby);
}

/// How far the standby is behind, now and then until the load is over.
fn asked(gateway: &Gateway, is_over: &AtomicBool) -> Vec<u64> {
    let mut behind = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        behind.push(gateway.metric("lodged_follow_behind{follower=\"standby\"}"));
        thread::sleep(ASKED_EVERY);
    }
    behind
}

/// `lodged store follow`, while it runs.
struct Standby(Child);

impl Standby {
    fn of(home: &Home) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lodged"));
        command.args(["store", "follow"]).arg(home.path().join("standby")).arg("--config").arg(home.config());
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Connections that say nothing.
fn idle(gateway: &Gateway) {
    let options = format!("--idle {IDLE} --seconds 1 --pid {}", gateway.process_id());
    let said = end(command(gateway, &gateway.home.acme, "ACMEFWD:ZZ", &options).spawn().unwrap());
    assert_eq!(said.code, 0, "{} {}", said.report, said.talk);
    let [before, after] = ["before", "after"].map(|when| megabytes(&said, when));
    println!(
        "{} connections that say nothing: {before:.0} MB before, {after:.0} MB with them",
        said.report["idle"]["opened"]
    );
}

/// How long it takes from the start of the process until it is ready, after a kill without a word.
fn again(gateway: &mut Gateway) {
    let last = |gateway: &Gateway| gateway.metric("lodged_store_commits_total");
    let recorded = last(gateway);
    gateway.is_killed();
    let started = Instant::now();
    gateway.is_started_again();
    until("it is ready", || gateway.page("/readyz").starts_with("HTTP/1.1 200"));
    println!("killed with {recorded} entries; ready {:.2} s after its start", started.elapsed().as_secs_f64());
}
