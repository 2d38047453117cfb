//! SIGHUP: all or nothing.

use std::fs;

use crate::gateway::{Gateway, until};
use crate::interchange::{declaration, with};
use crate::keys::Keys;
use crate::partner::End;

const TAKEN: &str = "lodged_reloads_total{result=\"taken\"}";
const REFUSED: &str = "lodged_reloads_total{result=\"refused\"}";

fn has_birch(gateway: &Gateway) -> Keys {
    let keys = Keys::mint(&gateway.home.path().join("partners"), "birch");
    gateway.home.has_partner("birch", "BIRCHFWD", "");
    keys
}

#[test]
fn a_new_partner_gets_in() {
    let gateway = Gateway::started();
    let birch = has_birch(&gateway);
    gateway.partner_with(&birch).gets_nothing_more(End::Gone);
    gateway.reloads();
    assert_eq!(gateway.metric(TAKEN), 1);
    let mut partner = gateway.partner_with(&birch);
    partner.sends(&with(&declaration("ONE"), "ACMEFWD:ZZ", "BIRCHFWD:ZZ"));
    assert_eq!(partner.gets_contrl().action(), "7");
    assert!(partner.gets_cusres().proof().starts_with("AB1234"));
    partner.leaves();
}

#[test]
fn a_broken_partner_file_changes_nothing() {
    let gateway = Gateway::started();
    let birch = has_birch(&gateway);
    fs::write(gateway.home.path().join("partners/cedar.toml"), "name = \"Cedar\"\nkind = \"exproter\"\n").unwrap();
    gateway.home.sets("[limits]\nconnections_per_partner_max = 1\n");
    gateway.reloads();
    assert_eq!((gateway.metric(TAKEN), gateway.metric(REFUSED)), (0, 1));
    gateway.says("cedar.toml");
    gateway.partner_with(&birch).gets_nothing_more(End::Gone);
    let held = gateway.partner();
    gateway.partner().leaves();
    held.leaves();
}

#[test]
fn a_broken_certificate_of_our_own_changes_nothing() {
    let gateway = Gateway::started();
    let birch = has_birch(&gateway);
    fs::write(gateway.home.path().join("gateway.pem"), "hello").unwrap();
    gateway.reloads();
    assert_eq!((gateway.metric(TAKEN), gateway.metric(REFUSED)), (0, 1));
    fs::write(gateway.home.path().join("gateway.pem"), fs::read(&gateway.home.acme.certificate).unwrap()).unwrap();
    gateway.reloads();
    assert_eq!((gateway.metric(TAKEN), gateway.metric(REFUSED)), (0, 2));
    gateway.says("cannot be used together");
    drop(birch);
}

#[test]
fn a_new_certificate_of_our_own_is_shown_to_new_connections() {
    let gateway = Gateway::started();
    let mut old = gateway.partner();
    Keys::mint(gateway.home.path(), "gateway");
    gateway.reloads();
    // The story's partners trust what now stands in the file.
    gateway.partner().leaves();
    old.sends(&declaration("ONE"));
    assert_eq!(old.gets_contrl().action(), "7");
    old.gets_cusres();
    old.leaves();
}

#[test]
fn a_partner_that_is_gone_is_not_heard_any_more() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    let answers = [partner.gets_contrl(), partner.gets_cusres()];
    assert_eq!(answers[0].action(), "7");
    has_birch(&gateway);
    fs::remove_file(gateway.home.path().join("partners/acme.toml")).unwrap();
    gateway.reloads();
    partner.sends(&declaration("TWO"));
    partner.gets_nothing_more(End::Clean);
    gateway.partner().gets_nothing_more(End::Gone);
    until("it is counted", || gateway.metric("lodged_refused_connections_total{reason=\"unknown-certificate\"}") == 2);
}

#[test]
fn a_partner_may_have_two_certificates_while_it_changes_them() {
    let gateway = Gateway::started();
    let next = Keys::mint(&gateway.home.path().join("partners"), "next");
    gateway.home.has_partner("acme", "ACMEFWD", "[[certificate]]\nfile = \"next.pem\"\n");
    gateway.reloads();
    gateway.partner().leaves();
    gateway.partner_with(&next).leaves();
}

#[test]
fn other_rules_hold_from_the_next_interchange_on() {
    let gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    assert_eq!(partner.gets_contrl().action(), "7");
    partner.gets_cusres();
    gateway.home.sets("[edi]\nidentity = \"OTHER\"\n");
    gateway.reloads();
    partner.sends(&declaration("TWO"));
    let contrl = partner.gets_contrl();
    assert_eq!((contrl.action(), contrl.error()), ("4", "7"));
    partner.leaves();
}
