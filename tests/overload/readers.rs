//! Partners that ask and do not listen.

use std::thread;

use crate::bench::QUIET;
use crate::gateway::Gateway;
use crate::interchange::segments_of_nothing;
use crate::keys::client;
use crate::partner::Partner;

/// How many there are.
const READERS: usize = 2;
/// By how much the gateway may grow, in kilobytes: what may be unanswered on each connection, a piece on the wire, and what
/// memory is handed out in.
const GROWTH_MAX: u64 = 64 << 10;

#[test]
fn slow_readers_are_bounded_and_dropped_and_their_answers_are_kept() {
    let _shared = QUIET.read();
    let settings = "[limits]\nwrite_seconds_max = 2\ninterchange_bytes_max = 65536\n\
                    interchanges_per_minute_max = 10000000\n[log]\nfilter = \"warn\"\n";
    let gateway = Gateway::with(settings);
    let tls = client(&gateway.home.keys, Some(&gateway.home.acme), false);
    let mut readers: Vec<(Partner, Vec<u8>)> = (0..READERS)
        .map(|number| {
            let mut partner = Partner::connect_narrowly(gateway.edi, tls.clone());
            let asking = segments_of_nothing(&format!("SLOW{number}"), 900);
            partner.sends(&asking);
            partner.gets_contrl();
            (partner, asking)
        })
        .collect();
    let before = gateway.memory_peak_kilobytes();
    thread::scope(|scope| {
        for (partner, asking) in &mut readers {
            // The answers to the repeats fill every buffer between the gateway and a partner that does not read.
            scope.spawn(move || while partner.tries_to_send(&asking.repeat(4)).is_ok() {});
        }
    });
    let dropped = gateway.metric("lodged_refused_connections_total{reason=\"write-seconds-max\"}");
    assert_eq!(usize::try_from(dropped).unwrap(), READERS, "{}", gateway.log());
    // The system counts pages in advance and takes some of them back.
    let growth = gateway.memory_peak_kilobytes().saturating_sub(before);
    println!("{before} kB before, {growth} kB more with {READERS} slow readers");
    assert!(growth < GROWTH_MAX, "from {before} kB by {growth} kB");
    drop(readers);
    crate::gateway::until("all of them are gone", || gateway.metric("lodged_connections{channel=\"edi-tls\"}") == 0);
    let mut next = gateway.partner();
    let mut kept: Vec<String> = (0..READERS).map(|_| next.gets_contrl().answers().to_owned()).collect();
    kept.sort();
    assert_eq!(kept, (0..READERS).map(|number| format!("SLOW{number}")).collect::<Vec<_>>());
    next.leaves();
}
