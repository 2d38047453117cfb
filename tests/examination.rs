//! What an examination costs: an interchange of nothing but mistakes is refused before it costs many times its bytes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod house;

use std::fmt::Write as _;

use house::examined;
use lodged::gateway::{Examined, Rulebook, examine};

/// An interchange of so many messages that hold nothing but a segment that no directory knows.
fn messages_of_nothing(count: usize) -> Vec<u8> {
    let mut text = "UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:1530+A1'".to_owned();
    for number in 1..=count {
        write!(text, "UNH+{number}+CUSDEC:D:96B:UN'XXX'UNT+3+{number}'").unwrap();
    }
    write!(text, "UNZ+{count}+A1'").unwrap();
    text.into_bytes()
}

#[test]
fn mistakes_of_all_messages_together_have_a_limit() {
    let few = examined(&messages_of_nothing(100)).facts;
    assert!(!few.is_refused());
    let many = examined(&messages_of_nothing(20_000)).facts;
    assert_eq!(many.findings.len(), 10_000);
    assert!(many.is_refused());
    assert!(many.refusal().unwrap().detail.contains("10000"), "{:?}", many.refusal());
}

#[test]
fn of_an_interchange_with_too_many_segments_nothing_else_is_looked_at() {
    let rulebook = Rulebook { segments_max: 301, ..house::rulebook() };
    let delivery = examined(&messages_of_nothing(100)).delivery;
    let Examined::Interchange(examination) = examine(delivery, &house::partner(), &rulebook) else { panic!() };
    let details: Vec<_> = examination.facts.findings.iter().map(|finding| finding.detail.as_str()).collect();
    assert_eq!(details, ["it has 302 segments, limits.interchange_segments_max is 301"]);
    assert!(examination.facts.wants_contrl());
}
