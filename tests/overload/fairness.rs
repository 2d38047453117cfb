//! One greedy partner does not spoil the others' day.

use std::process::{Child, Command};

use crate::bench::{GENEROUS, QUIET, Said, command, end};
use crate::gateway::{Gateway, Home};
use crate::keys::Keys;

/// How much longer the slowest hundredth may take while somebody is greedy.
const FACTOR: f64 = 2.0;
/// A latency below which nobody is disturbed, in milliseconds: what two processors that others use as well are good for, and a
/// disk that has moods.
const FLOOR: f64 = 60.0;
/// How often it is tried on a machine that has much else to do.
const ATTEMPTS: usize = 3;

/// What the quiet partner does: a pace that leaves the gateway idle most of the time, and enough of it for a percentile.
const PACE: &str = "--rate 200 --seconds 5 --connections 2 --timeout 60";
/// What the greedy one does, until it is stopped: many connections with much on its way on each, and long interchanges.
const GREEDY: [&str; 2] =
    ["--connections 20 --window 32 --seconds 7", "--connections 2 --window 2 --declarations 80 --seconds 7"];

/// A load that ends with this.
struct Greedy(Vec<Child>);

impl Greedy {
    fn begins(gateway: &Gateway) -> Self {
        let loads = GREEDY.map(|options| {
            let load = command(gateway, &gateway.home.acme, "ACMEFWD:ZZ", options);
            // The time that its own processors need is not the gateway's.
            let mut nice = Command::new("nice");
            nice.args(["-n", "19"]).arg(load.get_program()).args(load.get_args());
            nice.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
            nice.spawn().unwrap()
        });
        Self(loads.into())
    }
}

impl Drop for Greedy {
    fn drop(&mut self) {
        for load in &mut self.0 {
            let _ended = load.wait();
        }
    }
}

#[test]
fn a_greedy_partner_does_not_double_the_latency_of_the_others() {
    let _alone = QUIET.write();
    let home = Home::new(GENEROUS);
    let birch = Keys::mint(&home.path().join("partners"), "birch");
    home.has_partner("birch", "BIRCH", "");
    let gateway = Gateway::at(home);
    let quietly = || -> Said {
        let said = end(command(&gateway, &birch, "BIRCH:ZZ", PACE).spawn().unwrap());
        assert_eq!(said.code, 0, "{} {}", said.report, said.talk);
        said
    };
    let mut seen = Vec::new();
    for _ in 0..ATTEMPTS {
        let quiet = quietly().milliseconds("p99");
        let before = answered(&gateway);
        let greedy = Greedy::begins(&gateway);
        let disturbed = quietly().milliseconds("p99");
        let beside = answered(&gateway) - before;
        drop(greedy);
        println!("p99 {quiet:.2} ms alone, {disturbed:.2} ms beside {beside} of acme");
        assert!(beside > 0, "nobody was greedy");
        if disturbed <= FLOOR.max(FACTOR * quiet) {
            return;
        }
        seen.push((quiet, disturbed));
    }
    panic!("p99 alone and beside a greedy partner, in milliseconds: {seen:?}");
}

/// Interchanges of the greedy partner that were accepted.
fn answered(gateway: &Gateway) -> u64 {
    gateway.metric("lodged_interchanges_total{channel=\"edi-tls\",partner=\"acme\",outcome=\"accepted\"}")
}
