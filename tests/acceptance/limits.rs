//! Limits that a partner reaches while it does nothing wrong.

use std::time::{Duration, Instant};

use crate::gateway::{DEADLINE, Gateway, until};
use crate::interchange::{declaration, segments_of_nothing};
use crate::keys::client;
use crate::partner::{End, Partner};

fn closed_by(limit: &str) -> String {
    format!("lodged_refused_connections_total{{reason=\"{limit}\"}}")
}

#[test]
fn one_connection_too_many_of_a_partner_is_closed() {
    let gateway = Gateway::with("[limits]\nconnections_per_partner_max = 2\n");
    let held = [gateway.partner(), gateway.partner()];
    until("both are open", || gateway.metric("lodged_connections{channel=\"edi-tls\"}") == 2);
    gateway.partner().gets_nothing_more(End::Gone);
    assert_eq!(gateway.metric(&closed_by("partner-connections-max")), 1);
    held.into_iter().for_each(Partner::leaves);
    until("both are gone", || gateway.metric("lodged_connections{channel=\"edi-tls\"}") == 0);
    gateway.partner().leaves();
}

#[test]
fn one_connection_too_many_of_all_is_closed() {
    let gateway = Gateway::with("[limits]\nconnections_max = 1\n");
    let held = gateway.partner();
    until("it is open", || gateway.metric("lodged_connections{channel=\"edi-tls\"}") == 1);
    gateway.partner().gets_nothing_more(End::Gone);
    assert_eq!(gateway.metric(&closed_by("connections-max")), 1);
    held.leaves();
}

#[test]
fn a_partners_own_length_of_an_interchange_holds() {
    let gateway = Gateway::started();
    gateway.home.has_partner("acme", "ACMEFWD", "[limits]\ninterchange_bytes_max = 1024\n");
    gateway.reloads();
    let mut partner = gateway.partner();
    partner.tries_to_send(&declaration("LONG")).unwrap_or_default();
    partner.gets_nothing_more(End::Clean);
    assert_eq!(gateway.metric(&closed_by("interchange-bytes-max")), 1);
}

#[test]
fn an_interchange_of_too_many_segments_is_refused_and_says_by_which_limit() {
    let gateway = Gateway::with("[limits]\ninterchange_segments_max = 40\n");
    let mut partner = gateway.partner();
    partner.sends(&declaration("MANY"));
    let answer = partner.gets_contrl();
    assert_eq!((answer.answers(), answer.action()), ("MANY", "4"));
    partner.sends(&segments_of_nothing("FEW", 30));
    assert_eq!(partner.gets_contrl().action(), "7");
    partner.leaves();
    gateway.says("limits.interchange_segments_max is 40");
}

#[test]
fn who_sends_too_fast_is_read_more_slowly_and_loses_nothing() {
    let gateway = Gateway::with("[limits]\ninterchanges_per_minute_max = 30\n");
    let mut partner = gateway.partner();
    let begun = Instant::now();
    let stream: Vec<u8> = (0..31).flat_map(|number| declaration(&format!("FAST{number}"))).collect();
    partner.sends(&stream);
    partner.closes_its_side();
    assert_eq!(partner.gets_the_rest().len(), 62);
    // The thirty-first comes in when a thirtieth of a minute is over.
    assert!(begun.elapsed() > Duration::from_millis(1_500), "{:?}", begun.elapsed());
    assert_eq!(gateway.metric("lodged_security_events_total{kind=\"rate-exceeded\"}"), 1);
}

#[test]
fn who_does_not_take_its_answers_finds_them_waiting() {
    let gateway = Gateway::with("[limits]\nwrite_seconds_max = 1\ninterchange_bytes_max = 65536\n");
    let mut partner =
        Partner::connect_narrowly(gateway.edi, client(&gateway.home.keys, Some(&gateway.home.acme), false));
    let asking = segments_of_nothing("FIRST", 900);
    partner.sends(&asking);
    let first = partner.gets_contrl();
    // The answers to the repeats fill every buffer between the gateway and a partner that does not read.
    let (begun, repeats) = (Instant::now(), asking.repeat(50));
    while partner.tries_to_send(&repeats).is_ok() {
        // Megabytes fit into the buffers of the system, and each repeat is examined.
        assert!(begun.elapsed() < 6 * DEADLINE);
    }
    gateway.says("the connection ended");
    assert_eq!(gateway.metric(&closed_by("write-seconds-max")), 1);
    let mut partner = gateway.partner();
    assert_eq!(partner.gets_contrl(), first);
    partner.leaves();
}
