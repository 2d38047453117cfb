//! What is taken from partners although the standard does not have it, and what an operator hears of it.

use crate::gateway::{Gateway, until};
use crate::interchange::declaration;
use crate::partner::End;

fn used(tolerance: &str) -> String {
    format!("lodged_tolerances_used_total{{partner=\"acme\",tolerance=\"{tolerance}\"}}")
}

fn outcome(word: &str) -> String {
    format!("lodged_interchanges_total{{channel=\"edi-tls\",partner=\"acme\",outcome=\"{word}\"}}")
}

/// A declaration without what stands at its end: the terminator of UNZ, and line breaks.
fn unended(reference: &str) -> Vec<u8> {
    let mut bytes = declaration(reference);
    bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\'').unwrap());
    bytes
}

#[test]
fn what_is_taken_is_told_and_counted_for_each_interchange() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    for reference in ["ONE", "TWO"] {
        partner.sends(&[b"\xef\xbb\xbf", declaration(reference).as_slice()].concat());
        assert_eq!(partner.gets_contrl().action(), "7");
        partner.gets_cusres();
    }
    partner.leaves();
    assert_eq!(gateway.metric(&used("byte_order_mark")), 2);
    assert_eq!(gateway.metric(&used("line_breaks_between_segments")), 2);
    gateway.says("a tolerance was used");
}

#[test]
fn a_preamble_is_evidence_until_it_is_tolerated() {
    let sent = [b"To: LODGED\r\n\r\n", declaration("MAIL").as_slice()].concat();
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&sent);
    partner.gets_nothing_more(End::Clean);
    assert_eq!(gateway.metric(&outcome("evidence")), 1);
    gateway.says("tolerances.preamble is off and would take it");
    let gateway = Gateway::with("[tolerances]\npreamble = true\n");
    let mut partner = gateway.partner();
    partner.sends(&[sent.as_slice(), &declaration("BEHIND")].concat());
    for _ in 0..2 {
        assert_eq!(partner.gets_contrl().action(), "7");
        partner.gets_cusres();
    }
    partner.leaves();
    assert_eq!(gateway.metric(&used("preamble")), 1);
}

#[test]
fn a_missing_last_terminator_is_taken_from_a_partner_that_closed_in_order() {
    let gateway = Gateway::with("[tolerances]\nmissing_last_terminator = true\n");
    let mut partner = gateway.partner();
    partner.sends(&[declaration("ONE"), unended("TWO")].concat());
    partner.closes_its_side();
    assert_eq!(partner.gets_the_rest().len(), 4);
    assert_eq!(gateway.metric(&used("missing_last_terminator")), 1);
    let mut partner = gateway.partner();
    partner.sends(&unended("THREE"));
    partner.breaks();
    until("it is counted", || gateway.metric(&outcome("unfinished")) == 1);
    assert_eq!(gateway.metric(&outcome("accepted")), 2);
}

#[test]
fn a_missing_last_terminator_is_nothing_recorded_where_it_is_not_tolerated() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&unended("ONE"));
    partner.closes_its_side();
    assert_eq!(partner.gets_the_rest().len(), 0);
    assert_eq!(gateway.metric(&outcome("unfinished")), 1);
}

#[test]
fn a_connection_takes_one_interchange_where_no_more_may_follow() {
    let gateway = Gateway::with("[tolerances]\nseveral_interchanges = false\n");
    let mut partner = gateway.partner();
    partner.sends(&[declaration("ONE"), declaration("TWO")].concat());
    assert_eq!(partner.gets_the_rest().len(), 2);
    assert_eq!(gateway.metric(&outcome("accepted")), 1);
    gateway.says("tolerances.several_interchanges is off and would take it");
}
