//! Whatever comes is examined, recorded and answered; every answer is itself an interchange that reader and grammars have
//! nothing against, and a repeat gets the same ones.

#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use lodged::gateway::{Examined, examine};
use lodged::identifier::ProofForm;
use lodged::language::Language;
use lodged::partner::Partner;
use lodged::record::{Channel, Delivery};
use lodged::reply::compose;
use lodged::store::{Memory, Numbering, Store};
use tokio::runtime::{Builder, Runtime};

#[path = "../../tests/house/mod.rs"]
#[allow(dead_code, reason = "a target uses its own part of the house")]
mod house;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));
static ZONE: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("America/Toronto").expect("the zone"));

fuzz_target!(|bytes: &[u8]| {
    let mut partner = house::partner();
    if bytes.len() % 2 == 1 {
        partner.language = Language::Fr;
    }
    let store = Memory::new(Numbering { form: ProofForm::Cers, zone: ZONE.clone() });
    let Some((answers, has_key)) = answers(&store, &partner, bytes) else { return };
    assert!(answers.len() <= 2);
    answers.iter().for_each(|answer| house::is_valid(answer));
    // Only what its sender may send is known again when it is repeated.
    if has_key {
        let repeated = self::answers(&store, &partner, bytes);
        assert_eq!(repeated, Some((answers, true)), "a repeat is answered as before");
    }
});

/// The answers, and whether a repeat would be known; none for bytes that nobody can be answered for.
fn answers(store: &Memory, partner: &Partner, bytes: &[u8]) -> Option<(Vec<Bytes>, bool)> {
    let delivery = Delivery {
        partner: partner.id.clone(),
        channel: Channel::EdiTls,
        received_at: "2026-11-21T20:45:00Z".parse().expect("a moment"),
        bytes: Bytes::copy_from_slice(bytes),
    };
    let Examined::Interchange(examination) = examine(delivery, partner, &house::RULEBOOK) else { return None };
    for finding in &examination.facts.findings {
        assert!(bytes.get(finding.span.clone()).is_some(), "{finding:?} points outside");
    }
    assert!(examination.facts.findings.is_sorted_by_key(|finding| (finding.span.start, finding.place)));
    let has_key = examination.repeat_key.is_some();
    let standing = RUNTIME.block_on(store.record(*examination)).expect("a record in memory takes everything");
    let recorded = standing.recorded;
    let answers = recorded.answers().map(|answer| compose(&recorded, answer.kind, answer.reference)).collect();
    Some((answers, has_key))
}
