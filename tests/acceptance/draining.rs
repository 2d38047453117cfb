//! Stopping in order.

use std::net::TcpStream;

use crate::gateway::{Gateway, until};
use crate::interchange::declaration;
use crate::partner::End;

#[test]
fn sigterm_answers_what_was_received() {
    let mut gateway = Gateway::started();
    let mut partner = gateway.partner();
    let stream: Vec<u8> = (0..20).flat_map(|number| declaration(&format!("LAST{number}"))).collect();
    partner.sends(&stream);
    gateway.gets_signal("TERM");
    let answers = partner.gets_the_rest();
    assert_eq!(answers.len(), 40);
    partner.closes_its_side();
    assert!(gateway.ends().success());
    assert!(TcpStream::connect(gateway.edi).is_err());
}

#[test]
fn what_was_answered_last_is_known_after_the_next_start() {
    let mut gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    let first = [partner.gets_contrl(), partner.gets_cusres()];
    gateway.gets_signal("TERM");
    partner.gets_nothing_more(End::Clean);
    partner.closes_its_side();
    assert!(gateway.ends().success());
    gateway.is_killed_and_started_again();
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    assert_eq!([partner.gets_contrl(), partner.gets_cusres()], first);
    partner.leaves();
}

#[test]
fn an_idle_connection_does_not_hold_it_up() {
    let mut gateway = Gateway::started();
    let mut partner = gateway.partner();
    until("it is open", || gateway.metric("lodged_connections{channel=\"edi-tls\"}") == 1);
    gateway.gets_signal("INT");
    partner.gets_nothing_more(End::Clean);
    partner.closes_its_side();
    assert!(gateway.ends().success());
}

#[test]
fn who_holds_it_up_is_cut_when_the_time_is_over() {
    let mut gateway = Gateway::with("[drain]\nseconds_max = 1\n[limits]\ninterchanges_per_minute_max = 1\n");
    let mut partner = gateway.partner();
    partner.sends(&[declaration("ONE"), declaration("TWO")].concat());
    partner.gets_contrl();
    partner.gets_cusres();
    gateway.gets_signal("TERM");
    partner.gets_nothing_more(End::Gone);
    assert!(gateway.ends().success());
    gateway.says("drain.seconds_max is over");
}

#[test]
fn it_is_not_ready_while_it_drains() {
    let gateway = Gateway::with("[limits]\ninterchanges_per_minute_max = 1\n");
    let page = gateway.page("/readyz");
    assert!(page.contains("200 OK") && page.contains("store: ready\ngrammars: ready\nedi-tls: ready"), "{page}");
    let mut partner = gateway.partner();
    partner.sends(&[declaration("ONE"), declaration("TWO")].concat());
    partner.gets_contrl();
    gateway.gets_signal("TERM");
    until("it is not ready", || gateway.page("/readyz").contains("edi-tls: not ready: it is draining"));
}
