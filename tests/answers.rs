//! Whatever comes, what goes back is valid under our own grammars: damaged interchanges, every repertoire, any sentence.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

mod house;

use house::{House, is_valid};
use lodged::declaration::{RuleFinding, Severity};
use lodged::edifact::{Interchange, Repertoire, ServiceChars};
use lodged::gateway::{NO_INTERACTIVE, Received, Rulebook};
use lodged::identifier::RecordNumber;
use lodged::record::{AnswerKind, AnswerReference, Channel, Delivery, Recorded, Verdict};
use lodged::reply;
use proptest::prelude::*;

const SAMPLE: &[u8] = include_bytes!("../testdata/export-original.edi");

/// The answers to these bytes, all of them valid, in one line.
fn answers(repertoire: Option<Repertoire>, bytes: &[u8]) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut house = House::new();
    house.partner.agreement.answer_repertoire = repertoire;
    let replies = runtime.block_on(house.receives(bytes));
    replies.iter().for_each(|reply| is_valid(reply));
    replies.iter().map(|reply| reply.iter().map(|byte| char::from(*byte)).collect::<String>()).collect()
}

/// Gives this body to the partner's UNB of this syntax, and says which segments the CONTRL has after UCI's beginning.
fn check(syntax: &str, body: &str, expected: &str) {
    let date = if syntax.ends_with('4') { "20261121" } else { "261121" };
    let text = format!("UNB+{syntax}+ACMEFWD:ZZ+LODGED+{date}:2045+IC1'{body}");
    let answer = answers(None, text.as_bytes());
    let (from, to) = (answer.find("UCI+").unwrap(), answer.find("UNT+").unwrap());
    assert_eq!(answer.get(from..to), Some(expected));
}

#[test]
fn a_message_without_reference_or_type_is_named_by_full_stops() {
    check("UNOC:3", "UNH++CUSDEC:D'UNT+2'UNZ+1+IC1'", "UCI+IC1+ACMEFWD:ZZ+LODGED+7'UCM+.+CUSDEC:D:.:.+4+13+UNH+2'");
    check("UNOC:4", "UNH'UNT+2'UNZ+1+IC1'", "UCI+IC1+ACMEFWD:ZZ+LODGED+7'UCM+.+.:.:.:.+4+13+UNH+2'");
}

#[tokio::test]
async fn an_interactive_interchange_is_kept_as_evidence_in_words() {
    for text in ["UIB+UNOA:4+D1'UIZ+D1+1'", "UNA:+.? 'UIB+UNOA:4+D1'UIZ+D1+1'"] {
        let house = House::new();
        let delivery = Delivery {
            partner: house.partner.id.clone(),
            channel: Channel::EdiTls,
            received_at: house.now,
            bytes: text.into(),
        };
        let received = house.gateway.receive(&house.partner, delivery).await.unwrap();
        assert!(matches!(received, Received::Unreadable { reason } if reason == NO_INTERACTIVE), "{text}");
    }
}

#[test]
fn what_is_too_long_to_be_copied_is_cut() {
    check(
        "UNOC:3",
        "UNH+123456789012345+CUSDECX:DDDD:96BB:UNO:ABCDEFG'UNT+2+123456789012345'UNZ+1+IC1'",
        "UCI+IC1+ACMEFWD:ZZ+LODGED+7'UCM+12345678901234+CUSDEC:DDD:96B:UN:ABCDEF+4+39+UNH+2'",
    );
}

#[test]
fn a_functional_group_without_anything_is_named_by_full_stops() {
    check("UNOC:3", "UNG'UNE'UNZ+1+IC1'", "UCI+IC1+ACMEFWD:ZZ+LODGED+7'UCF+.+.+.+4+13+UNG+2'");
    check("UNOC:4", "UNG'UNE'UNZ+1+IC1'", "UCI+IC1+ACMEFWD:ZZ+LODGED+7'UCF+.+++4+13+UNG+6'");
}

#[tokio::test]
async fn more_segments_than_are_taken_refuse_the_interchange() {
    let mut house = House::new();
    house.gateway.replace_rulebook(Rulebook { segments_max: 40, ..house::rulebook() });
    let replies = house.receives(SAMPLE).await;
    let [contrl] = replies.as_slice() else { panic!("{} answers", replies.len()) };
    is_valid(contrl);
    let text = String::from_utf8_lossy(contrl);
    assert!(text.contains("UCI+ACME0000000001+ACMEFWD:ZZ+LODGED+4+18'UNT+3+1'"), "{text}");
}

#[tokio::test]
async fn a_good_message_behind_too_many_bad_ones_is_not_accepted() {
    let sample: String = SAMPLE.iter().map(|byte| char::from(*byte)).collect();
    let bad: String = (2..1_200).map(|number| format!("UNH+{number}+CUSDEC:D::UN'UNT+2+{number}'")).collect();
    let text = sample.replace("UNH+1+", &format!("{bad}UNH+1+")).replace("UNZ+1+", "UNZ+1199+");
    let bytes: Vec<u8> = text.chars().map(|character| u8::try_from(character).unwrap()).collect();
    let replies = House::new().receives(&bytes).await;
    let [contrl] = replies.as_slice() else { panic!("{} answers", replies.len()) };
    is_valid(contrl);
    assert!(String::from_utf8_lossy(contrl).contains("UCI+ACME0000000001+ACMEFWD:ZZ+LODGED+4+18'"));
}

#[test]
fn an_element_that_cannot_be_counted_is_the_segments_fault() {
    let body = format!("UNH+1+CUSDEC:D:96B:UN'XYZ{}\t'UNT+3+1'UNZ+1+IC1'", "+".repeat(1_500));
    let answer = answers(None, format!("UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:2045+IC1'{body}").as_bytes());
    assert!(answer.contains("UCS+2+15'UCS+2+21'"), "{answer}");
}

fn repertoire() -> impl Strategy<Value = Repertoire> {
    proptest::sample::select(Repertoire::ALL.to_vec())
}

/// The sample with some of its segments damaged: bytes replaced, put in and taken out, segments repeated and lost.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let pieces =
        proptest::sample::select(vec!["", "+", ":", "'", "?", "UNH", "UNG+A", "UNZ", "\u{fd}", "4", "X+Y", "*"]);
    let damage = (0..SAMPLE.len(), 0..4usize, pieces, any::<bool>());
    (
        proptest::collection::vec(damage, 0..8),
        proptest::sample::select(vec!["UNOC:3", "UNOA:3", "UNOC:4", "UNOY:4", "UNOB:1"]),
    )
        .prop_map(|(damages, syntax)| {
            let mut bytes: Vec<u8> = SAMPLE.to_vec();
            for (at, taken, piece, is_early) in damages {
                // Half of the damage is done to the envelopes in front.
                let at = if is_early { at % 90 + 10 } else { at }.min(bytes.len());
                let end = (at + taken).min(bytes.len());
                bytes.splice(at..end, piece.bytes());
            }
            let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
            let text = text.replace("UNOC:3", syntax);
            text.chars().map(|character| u8::try_from(character).unwrap_or(b'.')).collect()
        })
}

/// What stands in the record for the sample, refused with this sentence.
fn refused(text: &str, repertoire: Repertoire, reference: &str) -> Recorded {
    let examination = house::examined(SAMPLE);
    let mut facts = examination.facts;
    facts.agreement.answer_repertoire = Some(repertoire);
    facts.envelope.reference.0 = reference.chars().take(14).collect();
    for judgement in &mut facts.judgements {
        judgement.reference.0 = reference.chars().take(35).collect();
    }
    let (code, severity) = ("H201".to_owned(), Severity::Error);
    let finding = RuleFinding { code, severity, line: None, segment: None, span: 0..0, text: text.to_owned() };
    Recorded {
        number: RecordNumber(1),
        partner: examination.delivery.partner,
        channel: Channel::EdiTls,
        received_at: examination.delivery.received_at,
        facts,
        verdicts: vec![Verdict::Refused { findings: vec![finding] }],
        contrl: None,
        cusres: Some(AnswerReference(1)),
    }
}

proptest! {
    #[test]
    fn answers_to_damaged_interchanges_are_valid(bytes in damaged(), repertoire in proptest::option::of(repertoire())) {
        answers(repertoire, &bytes);
    }

    #[test]
    fn any_sentence_in_any_repertoire_fits(text in "\\PC{0,600}|[½ß€㎯Æ⑴]{0,400}", repertoire in repertoire()) {
        let answer = reply::compose(&refused(&text, repertoire, &text), AnswerKind::Cusres, AnswerReference(1));
        is_valid(&answer);
        let (interchange, _) = Interchange::read(&answer).unwrap();
        for ftx in interchange.segments().filter(|segment| segment.tag().as_str() == "FTX") {
            for piece in ftx.element(5).into_iter().flat_map(|element| element.components()) {
                prop_assert!(repertoire.decode(&piece.unreleased()).chars().count() <= 70);
            }
        }
        prop_assert_eq!(interchange.service().terminator, ServiceChars::DEFAULT.terminator);
    }
}
