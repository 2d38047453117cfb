//! Whatever comes is read without a panic, as the slow reader reads it; findings lie inside of it, in its order, and all
//! levels of a segment agree with each other.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lodged::edifact::{Interchange, SyntaxError, SyntaxFinding};

#[path = "../../tests/slow/mod.rs"]
#[allow(dead_code, reason = "a target uses its own part of the slow reader")]
mod slow;

fuzz_target!(|bytes: &[u8]| {
    if let Some((interchange, findings)) = Interchange::read(bytes) {
        assert!(findings.is_sorted_by_key(|finding| (finding.span.start, finding.place)));
        for finding in &findings {
            assert!(bytes.get(finding.span.clone()).is_some(), "{finding:?} points outside");
        }
        if has_normal_form(&interchange, &findings) {
            let once = normal_form(&interchange);
            let (again, _) = Interchange::read(&once).expect("normal form is read");
            assert_eq!(normal_form(&again), once, "normal form is its own");
        }
    }
    slow::compare::compare(bytes);
});

/// Of a syntax that nobody knows it cannot be said which characters separate; where a line break ends segments, one of
/// nothing but separators becomes one of nothing, which is none; and the object of a package is no segments at all.
fn has_normal_form(interchange: &Interchange<'_>, findings: &[SyntaxFinding]) -> bool {
    let is_known = findings.iter().all(|finding| finding.error != SyntaxError::UnsupportedSyntax);
    let has_objects = interchange.messages.iter().any(|message| message.package.is_some());
    is_known && !has_objects && !matches!(interchange.service().terminator, b'\r' | b'\n')
}

fn normal_form(interchange: &Interchange<'_>) -> Vec<u8> {
    let mut bytes = interchange.service().advice().to_vec();
    interchange.segments().for_each(|segment| segment.write_normal(&mut bytes));
    bytes
}
