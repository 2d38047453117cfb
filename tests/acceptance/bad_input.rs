//! What a partner may send, by mistake or by design, without harm to anybody else.

use std::thread;
use std::time::{Duration, Instant};

use crate::gateway::{Gateway, until};
use crate::interchange::{declaration, segments_of_nothing, with};
use crate::partner::End;

fn outcome(word: &str) -> String {
    format!("lodged_interchanges_total{{channel=\"edi-tls\",partner=\"acme\",outcome=\"{word}\"}}")
}

fn closed_by(limit: &str) -> String {
    format!("lodged_refused_connections_total{{reason=\"{limit}\"}}")
}

/// Whatever happened, the gateway answers as ever, and nothing panicked.
fn is_well(gateway: &Gateway) {
    let mut partner = gateway.partner();
    partner.sends(&declaration("AFTER"));
    assert_eq!(partner.gets_contrl().action(), "7");
    partner.gets_cusres();
    partner.leaves();
    assert_eq!(gateway.metric("lodged_panics_total"), 0);
}

#[test]
fn garbage_before_unb_is_kept_as_evidence_and_closes_the_connection() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(b"EHLO mail.example\r\n");
    partner.gets_nothing_more(End::Clean);
    assert_eq!(gateway.metric(&outcome("evidence")), 1);
    assert_eq!(gateway.metric("lodged_security_events_total{kind=\"unreadable\"}"), 1);
    is_well(&gateway);
}

#[test]
fn garbage_behind_an_interchange_does_not_take_its_answers() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&[declaration("ONE").as_slice(), b"and now something else"].concat());
    assert_eq!(partner.gets_contrl().action(), "7");
    partner.gets_cusres();
    partner.gets_nothing_more(End::Clean);
    assert_eq!(gateway.metric(&outcome("evidence")), 1);
    is_well(&gateway);
}

#[test]
fn a_header_that_nobody_can_be_answered_for_closes_the_connection() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(b"UNB+'UNZ'");
    partner.gets_nothing_more(End::Clean);
    assert_eq!(gateway.metric(&outcome("evidence")), 1);
    is_well(&gateway);
}

#[test]
fn a_gigabyte_without_a_terminator_is_read_up_to_the_limit() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    let (begun, piece) = (Instant::now(), vec![b'A'; 1024 * 1024]);
    partner.sends(b"UNB+UNOC:3+");
    let sent = (0..1024).take_while(|_| partner.tries_to_send(&piece).is_ok()).count();
    assert!(sent < 64, "{sent} MB were taken");
    assert!(begun.elapsed() < Duration::from_secs(10));
    until("the limit is counted", || gateway.metric(&closed_by("interchange-bytes-max")) == 1);
    assert_eq!(gateway.metric(&outcome("evidence")), 1);
    assert!(gateway.memory_peak_kilobytes() < 256 * 1024, "{} KB", gateway.memory_peak_kilobytes());
    is_well(&gateway);
}

#[test]
fn a_gigabyte_of_line_breaks_takes_no_room() {
    let gateway = Gateway::with("[limits]\nidle_seconds_max = 5\n");
    let mut partner = gateway.partner();
    let (begun, piece) = (Instant::now(), vec![b'\n'; 1024 * 1024]);
    let before = gateway.memory_peak_kilobytes();
    while begun.elapsed() < Duration::from_secs(2) && partner.tries_to_send(&piece).is_ok() {}
    assert!(gateway.memory_peak_kilobytes() < before + 16 * 1024);
    is_well(&gateway);
}

#[test]
fn a_slow_sender_has_so_much_time_for_one_interchange() {
    let gateway = Gateway::with("[limits]\ninterchange_seconds_max = 1\n");
    let mut partner = gateway.partner();
    let begun = Instant::now();
    for byte in declaration("SLOW").into_iter().cycle() {
        if partner.tries_to_send(&[byte]).is_err() || begun.elapsed() > Duration::from_secs(10) {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    until("the limit is counted", || gateway.metric(&closed_by("interchange-seconds-max")) == 1);
    assert_eq!(gateway.metric(&outcome("unfinished")), 1);
    is_well(&gateway);
}

#[test]
fn a_slow_sender_keeps_nobody_waiting() {
    let gateway = Gateway::started();
    let mut slow: Vec<_> = (0..20).map(|_| gateway.partner()).collect();
    slow.iter_mut().for_each(|partner| partner.sends(b"UNB+UNOC:3+ACME"));
    is_well(&gateway);
}

#[test]
fn a_silent_connection_is_closed() {
    let gateway = Gateway::with("[limits]\nidle_seconds_max = 5\n");
    gateway.partner().gets_nothing_more(End::Clean);
    assert_eq!(gateway.metric(&closed_by("idle-seconds-max")), 1);
}

#[test]
fn ten_thousand_segments_of_nothing_are_refused() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&segments_of_nothing("MANY", 10_000));
    let contrl = partner.gets_contrl();
    assert!(contrl.segment("UCM+").contains("+4"), "{contrl}");
    partner.leaves();
    let mut partner = gateway.partner();
    partner.sends(
        format!("UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:1530+EMPTY++++1'{}UNZ+0+EMPTY'", "'".repeat(10_000)).as_bytes(),
    );
    assert_eq!(partner.gets_contrl().action(), "4");
    partner.leaves();
    is_well(&gateway);
}

#[test]
fn broken_utf_8_is_told_with_its_place() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    let mut interchange = with(&declaration("UTF"), "UNOC:3", "UNOY:4");
    interchange = with(&interchange, "SAKURA", "SA\u{ff}URA");
    partner.sends(&interchange);
    let contrl = partner.gets_contrl();
    assert_eq!(contrl.answers(), "UTF");
    assert!(!contrl.is("CUSRES"));
    partner.leaves();
    is_well(&gateway);
}

#[test]
fn counts_that_lie_refuse_what_they_count() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&with(&declaration("UNZ"), "UNZ+1+", "UNZ+2+"));
    let contrl = partner.gets_contrl();
    assert_eq!((contrl.action(), contrl.error()), ("4", "29"));
    partner.sends(&with(&declaration("UNT"), "UNT+46+", "UNT+45+"));
    let contrl = partner.gets_contrl();
    assert_eq!(contrl.action(), "7");
    assert!(contrl.segment("UCM+").contains("+4+29"), "{contrl}");
    partner.leaves();
    is_well(&gateway);
}

#[test]
fn an_interchange_that_is_cut_off_is_not_recorded() {
    let mut gateway = Gateway::started();
    let whole = declaration("CUT");
    let half = &whole[..whole.len() / 2];
    let mut partner = gateway.partner();
    partner.sends(half);
    partner.closes_its_side();
    partner.gets_nothing_more(End::Clean);
    let mut partner = gateway.partner();
    partner.sends(half);
    partner.breaks();
    until("both are counted", || gateway.metric(&outcome("unfinished")) == 2);
    gateway.is_killed_and_started_again();
    let mut partner = gateway.partner();
    partner.sends(&whole);
    assert_eq!(partner.gets_contrl().action(), "7");
    assert!(partner.gets_cusres().proof().ends_with('1'));
    partner.leaves();
    assert_eq!(gateway.metric(&outcome("accepted")), 1);
}

#[test]
fn a_cut_off_interchange_does_not_take_the_answers_before_it() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&[declaration("ONE").as_slice(), b"UNB+UNOC:3+ACMEFWD"].concat());
    partner.closes_its_side();
    assert_eq!(partner.gets_the_rest().len(), 2);
    is_well(&gateway);
}
