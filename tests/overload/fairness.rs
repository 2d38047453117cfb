//! One greedy partner does not spoil the others' day.
//!
//! Told with a program that was built for release: one for debugging examines so slowly that the processors are what is short,
//! whoever is served. `cargo test --release --test overload fairness` builds and takes it; a test that was built for debugging
//! takes the one that `LODGED_OVERLOAD_PROGRAM` names.

use std::env;
use std::ffi::OsString;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::bench::{GENEROUS, QUIET, command_of, end};
use crate::gateway::{Gateway, Home, until};
use crate::keys::Keys;

/// How much longer the slowest hundredth may take while somebody is greedy.
const FACTOR: f64 = 2.0;
/// Milliseconds that are no harm whatever it was before: twice what a quick machine takes quietly, where a single moment of the
/// machine's own in a window is as much.
const HARMLESS: f64 = 6.0;
/// How often it is measured, quietly and beside the greedy one by turns: what else a machine does comes and goes meanwhile, and
/// the medians of both are compared.
const WINDOWS: usize = 3;
/// How many such rounds there are at most, on a machine that has much else to do.
const ROUNDS: usize = 4;

/// What the quiet partner does: a pace that leaves the gateway idle most of the time.
const PACE: &str = "--rate 400 --warm-up 1 --connections 2 --timeout 60";

/// A load that ends with this.
struct Greedy(Child);

impl Greedy {
    /// It goes on from before the quiet one comes until after it went.
    fn begins(gateway: &Gateway, options: &str, seconds: u32) -> Self {
        let options = format!("{options} --warm-up 0 --seconds {}", seconds + 3);
        let load = command_of(program(), gateway, &gateway.home.acme, "ACMEFWD:ZZ", &options);
        // The time that its own processors need is not the gateway's.
        let mut nice = Command::new("nice");
        nice.args(["-n", "19"]).arg(load.get_program()).args(load.get_args());
        nice.stdin(Stdio::null()).stdout(Stdio::null());
        Self(nice.spawn().unwrap())
    }

    fn is_there(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Greedy {
    fn drop(&mut self) {
        let _ended = self.0.wait();
    }
}

/// The program that is judged.
fn program() -> OsString {
    let named = env::var_os("LODGED_OVERLOAD_PROGRAM");
    assert!(named.is_some() || !cfg!(debug_assertions), "LODGED_OVERLOAD_PROGRAM names no program built for release");
    named.unwrap_or_else(|| env!("CARGO_BIN_EXE_lodged").into())
}

/// Two partners, and a gateway that both of them load.
struct Scene {
    gateway: Gateway,
    birch: Keys,
}

impl Scene {
    fn new() -> Self {
        let home = Home::new(GENEROUS);
        let birch = Keys::mint(&home.path().join("partners"), "birch");
        home.has_partner("birch", "BIRCH", "");
        let gateway = Gateway::under(home, |home| {
            let mut command = Command::new(program());
            command.args(["serve", "--config"]).arg(home.config()).stdin(Stdio::null());
            command
        });
        Self { gateway, birch }
    }

    /// The p99 of so many seconds of the quiet partner, in milliseconds.
    fn p99(&self, seconds: u32) -> f64 {
        let options = format!("{PACE} --seconds {seconds}");
        let said = end(command_of(program(), &self.gateway, &self.birch, "BIRCH:ZZ", &options).spawn().unwrap());
        assert_eq!(said.code, 0, "{} {}", said.report, said.talk);
        said.milliseconds("p99")
    }

    /// The same beside a greedy one, and how many interchanges of that were accepted.
    fn p99_beside(&self, options: &str, seconds: u32) -> (f64, u64) {
        let before = self.answered();
        let mut greedy = Greedy::begins(&self.gateway, options, seconds);
        until("somebody is greedy", || self.answered() > before);
        let p99 = self.p99(seconds);
        let beside = self.answered() - before;
        assert!(greedy.is_there(), "the greedy one went before the quiet one");
        drop(greedy);
        // What came last is brought up in the state by then.
        thread::sleep(Duration::from_millis(500));
        (p99, beside)
    }

    /// Interchanges of the greedy partner that were accepted.
    fn answered(&self) -> u64 {
        self.gateway.metric("lodged_interchanges_total{channel=\"edi-tls\",partner=\"acme\",outcome=\"accepted\"}")
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Beside somebody who does this, the median of the p99 of so many seconds is at most twice the quiet one, or harmless.
fn check(options: &str, seconds: u32) {
    let _alone = QUIET.write();
    let scene = Scene::new();
    let mut seen = Vec::new();
    for _ in 0..ROUNDS {
        let (mut quiet, mut beside, mut greedily) = (Vec::new(), Vec::new(), 0);
        for _ in 0..WINDOWS {
            quiet.push(scene.p99(seconds));
            let (p99, accepted) = scene.p99_beside(options, seconds);
            beside.push(p99);
            greedily += accepted;
        }
        println!("{options}: p99 in ms {quiet:?} alone, {beside:?} beside {greedily} of acme");
        let (quiet, beside) = (median(quiet), median(beside));
        println!("{options}: median {quiet:.2} ms alone, {beside:.2} ms beside, {:.2} ×", beside / quiet);
        if beside <= HARMLESS.max(FACTOR * quiet) {
            return;
        }
        seen.push((quiet, beside));
    }
    panic!("median of the p99 alone and beside {options}, in milliseconds: {seen:?}");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a program built for release: LODGED_OVERLOAD_PROGRAM")]
fn many_short_interchanges_of_a_greedy_partner_do_not_double_the_latency_of_the_others() {
    check("--connections 20 --window 32", 1);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a program built for release: LODGED_OVERLOAD_PROGRAM")]
fn long_interchanges_of_a_greedy_partner_do_not_double_the_latency_of_the_others() {
    check("--connections 2 --window 2 --declarations 80", 1);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a program built for release: LODGED_OVERLOAD_PROGRAM")]
fn interchanges_of_megabytes_of_a_greedy_partner_do_not_double_the_latency_of_the_others() {
    // One of them comes each three seconds.
    check("--connections 2 --window 2 --declarations 1650", 6);
}
