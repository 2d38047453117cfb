//! What a partner may rely on.

use crate::gateway::Gateway;
use crate::interchange::{Answer, declaration, with};
use crate::keys::client;
use crate::partner::{End, Partner};

fn sends_and_gets(partner: &mut Partner, interchange: &[u8]) -> [Answer; 2] {
    partner.sends(interchange);
    [partner.gets_contrl(), partner.gets_cusres()]
}

#[test]
fn an_accepted_declaration_gets_a_proof_of_report_number() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    let [contrl, cusres] = sends_and_gets(&mut partner, &declaration("ONE"));
    assert_eq!((contrl.answers(), contrl.action()), ("ONE", "7"));
    assert!(cusres.proof().starts_with("AB1234"), "{cusres}");
    partner.leaves();
    assert_eq!(gateway.metric("lodged_declarations_total{partner=\"acme\",verdict=\"accepted\"}"), 1);
}

#[test]
fn tls_1_2_is_as_good() {
    let gateway = Gateway::started();
    let mut partner = Partner::connect(gateway.edi, client(&gateway.home.keys, Some(&gateway.home.acme), true));
    let [contrl, _] = sends_and_gets(&mut partner, &declaration("ONE"));
    assert_eq!(contrl.action(), "7");
    partner.leaves();
}

#[test]
fn the_same_bytes_get_the_same_answers() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    let first = sends_and_gets(&mut partner, &declaration("ONE"));
    assert_eq!(sends_and_gets(&mut partner, &declaration("ONE")), first);
    partner.leaves();
    let mut partner = gateway.partner();
    assert_eq!(sends_and_gets(&mut partner, &declaration("ONE")), first);
    partner.leaves();
    assert_eq!(gateway.metric("lodged_declarations_total{partner=\"acme\",verdict=\"accepted\"}"), 1);
}

#[test]
fn a_kill_between_two_repeats_changes_nothing() {
    let mut gateway = Gateway::started();
    let mut partner = gateway.partner();
    let first = sends_and_gets(&mut partner, &declaration("ONE"));
    partner.closes_its_side();
    gateway.is_killed_and_started_again();
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    partner.closes_its_side();
    assert_eq!(partner.gets_the_rest(), first);
}

#[test]
fn a_kill_before_the_answers_were_delivered_does_not_double_them() {
    let mut gateway = Gateway::started();
    let mut partner = gateway.partner();
    let first = sends_and_gets(&mut partner, &declaration("ONE"));
    gateway.is_killed_and_started_again();
    drop(partner);
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    partner.closes_its_side();
    assert_eq!(partner.gets_the_rest(), first);
    assert_eq!(gateway.metric("lodged_interchanges_total{channel=\"edi-tls\",partner=\"acme\",outcome=\"repeat\"}"), 1);
}

#[test]
fn other_bytes_under_a_used_reference_are_refused() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    sends_and_gets(&mut partner, &declaration("ONE"));
    partner.sends(&with(&declaration("ONE"), "SAKURA", "SAKARA"));
    let contrl = partner.gets_contrl();
    assert_eq!((contrl.action(), contrl.error()), ("4", "26"));
    partner.leaves();
}

#[test]
fn a_partner_that_closes_its_side_at_once_gets_everything() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&[declaration("ONE"), declaration("TWO")].concat());
    partner.closes_its_side();
    let answers = partner.gets_the_rest();
    assert_eq!(answers.len(), 4);
    drop(partner);
    // A side that was closed early counts once the connection has ended without an error.
    gateway.says("the connection ended");
    gateway.partner().leaves();
}

#[test]
fn answers_that_were_not_delivered_wait_for_the_next_connection() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    let answers = sends_and_gets(&mut partner, &declaration("ONE"));
    partner.breaks();
    gateway.says("the connection ended");
    let mut partner = gateway.partner();
    assert_eq!([partner.gets_contrl(), partner.gets_cusres()], answers);
    partner.leaves();
    gateway.partner().leaves();
}

#[test]
fn answers_wait_over_a_kill() {
    let mut gateway = Gateway::started();
    let answers = sends_and_gets(&mut gateway.partner(), &declaration("ONE"));
    gateway.is_killed_and_started_again();
    let mut partner = gateway.partner();
    assert_eq!([partner.gets_contrl(), partner.gets_cusres()], answers);
    partner.leaves();
    gateway.is_killed_and_started_again();
    gateway.partner().leaves();
}

#[test]
fn an_answer_goes_down_one_connection_at_a_time() {
    let gateway = Gateway::started();
    let mut first = gateway.partner();
    let answers = sends_and_gets(&mut first, &declaration("ONE"));
    gateway.partner().leaves();
    // The next one is there before the first one breaks, and then it is its turn.
    let mut second = gateway.partner();
    second.sends(&declaration("TWO"));
    assert_eq!(second.gets_contrl().answers(), "TWO");
    second.gets_cusres();
    first.breaks();
    assert_eq!([second.gets_contrl(), second.gets_cusres()], answers);
    gateway.partner().leaves();
    second.leaves();
}

#[test]
fn an_interchange_may_come_byte_by_byte() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    for byte in declaration("ONE") {
        partner.sends(&[byte]);
    }
    assert_eq!(partner.gets_contrl().action(), "7");
    partner.gets_cusres();
    partner.leaves();
}

#[test]
fn fifty_interchanges_may_come_at_once_and_are_answered_in_order() {
    let gateway = Gateway::with("[limits]\npipelined_interchanges_max = 7\n");
    let mut partner = gateway.partner();
    let references: Vec<String> = (0..50).map(|number| format!("MANY{number}")).collect();
    let stream: Vec<u8> = references.iter().flat_map(|reference| declaration(reference)).collect();
    partner.sends(&stream);
    for reference in &references {
        assert_eq!(partner.gets_contrl().answers(), reference);
        assert_eq!(partner.gets_cusres().subject(), reference);
    }
    partner.leaves();
}

#[test]
fn line_breaks_between_interchanges_mean_nothing() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&[b"\r\n\n", declaration("ONE").as_slice(), b"\r\n\r\n\r\n", &declaration("TWO"), b"\n"].concat());
    partner.closes_its_side();
    assert_eq!(partner.gets_the_rest().len(), 4);
    assert_eq!(
        gateway.metric("lodged_interchanges_total{channel=\"edi-tls\",partner=\"acme\",outcome=\"unfinished\"}"),
        0
    );
}

#[test]
fn a_connection_that_carried_enough_answers_is_closed_so_that_they_are_confirmed() {
    let gateway = Gateway::with("[limits]\nunconfirmed_answers_max = 4\n");
    let mut partner = gateway.partner();
    sends_and_gets(&mut partner, &declaration("ONE"));
    sends_and_gets(&mut partner, &declaration("TWO"));
    partner.gets_nothing_more(End::Clean);
    partner.closes_its_side();
    gateway.says("the connection ended");
    gateway.partner().leaves();
}
