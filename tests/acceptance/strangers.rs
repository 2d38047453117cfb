//! Who does not get in.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::gateway::{DEADLINE, Gateway, until};
use crate::interchange::declaration;
use crate::keys::{Keys, client, client_with_foreign_key};
use crate::partner::{End, Partner};

fn is_refused(gateway: &Gateway, reason: &str) {
    let metric = format!("lodged_refused_connections_total{{reason=\"{reason}\"}}");
    until(&metric, || gateway.metric(&metric) > 0);
    assert_eq!(gateway.metric("lodged_connections{channel=\"edi-tls\"}"), 0);
    // And it is none the worse for it.
    let mut partner = gateway.partner();
    partner.sends(&declaration("AFTER"));
    assert_eq!(partner.gets_contrl().action(), "7");
}

#[test]
fn a_certificate_of_nobody() {
    let gateway = Gateway::started();
    let stranger = Keys::mint(gateway.home.path(), "stranger");
    gateway.partner_with(&stranger).gets_nothing_more(End::Gone);
    is_refused(&gateway, "unknown-certificate");
    assert_eq!(gateway.metric("lodged_security_events_total{kind=\"unknown-certificate\"}"), 1);
}

#[test]
fn a_partners_certificate_without_its_key() {
    let gateway = Gateway::started();
    let stranger = Keys::mint(gateway.home.path(), "stranger");
    for is_tls12 in [false, true] {
        let config = client_with_foreign_key(&gateway.home.keys, &gateway.home.acme, &stranger, is_tls12);
        if let Ok(mut thief) = Partner::try_connect(gateway.edi, config) {
            thief.gets_nothing_more(End::Gone);
        }
    }
    is_refused(&gateway, "unknown-certificate");
}

#[test]
fn no_certificate() {
    let gateway = Gateway::started();
    let mut nobody = Partner::connect(gateway.edi, client(&gateway.home.keys, None, false));
    nobody.gets_nothing_more(End::Gone);
    is_refused(&gateway, "handshake");
}

#[test]
fn a_certificate_before_its_time() {
    let gateway = Gateway::started();
    let early = Keys::mint(&gateway.home.path().join("partners"), "early");
    gateway.home.has_partner("early", "EARLY", "");
    let file = gateway.home.path().join("partners/early.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("file = \"early.pem\"", "file = \"early.pem\"\nfrom = 2099-01-01")).unwrap();
    gateway.reloads();
    gateway.partner_with(&early).gets_nothing_more(End::Gone);
    is_refused(&gateway, "unknown-certificate");
    assert_eq!(gateway.metric("lodged_security_events_total{kind=\"certificate-out-of-time\"}"), 1);
}

#[test]
fn tls_1_1() {
    let gateway = Gateway::started();
    let mut stream = TcpStream::connect(gateway.edi).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(&client_hello_of_tls_1_1()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    // RFC 5246, 7.2: nothing but a fatal alert, handshake_failure or protocol_version.
    assert!(matches!(answer.as_slice(), [21, 3, _, 0, 2, 2, 40 | 70]), "{answer:?}");
    is_refused(&gateway, "handshake");
}

/// RFC 4346, 7.4.1.2: version 3.2, no session, two cipher suites, no compression.
fn client_hello_of_tls_1_1() -> Vec<u8> {
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 4, 0xc0, 0x13, 0x00, 0x2f, 1, 0]);
    let length = u8::try_from(hello.len()).unwrap();
    let handshake = [&[1, 0, 0, length], hello.as_slice()].concat();
    let length = u8::try_from(handshake.len()).unwrap();
    [&[22, 3, 1, 0, length], handshake.as_slice()].concat()
}

#[test]
fn no_tls_at_all() {
    let gateway = Gateway::started();
    let mut stream = TcpStream::connect(gateway.edi).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(&declaration("ONE")).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap_or_default();
    is_refused(&gateway, "handshake");
}

#[test]
fn a_handshake_that_never_goes_on() {
    let gateway = Gateway::with("[limits]\nhandshake_seconds_max = 1\n");
    let mut stream = TcpStream::connect(gateway.edi).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    assert_eq!(stream.read(&mut [0; 16]).unwrap_or_default(), 0);
    is_refused(&gateway, "handshake");
}

#[test]
fn a_stranger_who_takes_many_places_takes_only_his_own() {
    let gateway = Gateway::with("[limits]\nhandshakes_per_address_max = 3\nhandshake_seconds_max = 1\n");
    let held: Vec<_> = (0..4).map(|_| TcpStream::connect(gateway.edi).unwrap()).collect();
    let metric = "lodged_refused_connections_total{reason=\"handshakes-per-address-max\"}";
    until(metric, || gateway.metric(metric) > 0);
    drop(held);
    is_refused(&gateway, "handshakes-per-address-max");
}

#[test]
fn a_sender_that_is_not_the_certificates() {
    let gateway = Gateway::started();
    Keys::mint(&gateway.home.path().join("partners"), "birch");
    gateway.home.has_partner("birch", "BIRCHFWD", "");
    gateway.reloads();
    let mut partner = gateway.partner();
    partner.sends(&crate::interchange::with(&declaration("ONE"), "ACMEFWD:ZZ", "BIRCHFWD:ZZ"));
    let contrl = partner.gets_contrl();
    assert_eq!((contrl.action(), contrl.error()), ("4", "23"));
    partner.leaves();
    assert_eq!(gateway.metric("lodged_security_events_total{kind=\"foreign-sender\"}"), 1);
}
