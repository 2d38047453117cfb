//! One contract, and every engine keeps it: each property is a function, and `battery!` runs it on each engine.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::declaration::{Declaration, TransportDocument};
use crate::edifact::{ElementPlace, Place, ServiceTag, SyntaxError};
use crate::identifier::{DeclarationReference, ProofOfReportNumber, RecordNumber};
use crate::record::{Act, Actor, Answer, AnswerReference, Deed, Delivery, Examination, Recorded, RepeatKey, Verdict};

use super::sample::{NOW, evidence, numbering, partner, sent};
use super::{EmbeddedStore, FOUND_MAX, FoundPage, Memory, Retention, Search, Standing, Store, StoreOptions};

/// Options for tests: short segments, so that every test of some length meets the end of one.
pub(super) fn options(directory: &std::path::Path) -> StoreOptions {
    StoreOptions {
        segment_bytes: 8 << 10,
        cache_bytes: 4 << 20,
        ..StoreOptions::new(directory.join("store"), numbering())
    }
}

fn embedded() -> (EmbeddedStore, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (EmbeddedStore::open(options(directory.path())).unwrap(), directory)
}

/// An engine, and what tests alone ask of it.
trait Engine: Store {
    async fn came(&self, number: RecordNumber) -> Option<Delivery>;
}

impl Engine for Memory {
    async fn came(&self, number: RecordNumber) -> Option<Delivery> {
        self.delivery(number)
    }
}

impl Engine for EmbeddedStore {
    async fn came(&self, number: RecordNumber) -> Option<Delivery> {
        self.delivery(number).await.unwrap()
    }
}

macro_rules! battery {
    (@engine $engine:ident $make:expr; { $($property:ident)* }) => {
        mod $engine {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $property() {
                let (store, _directory) = $make;
                super::$property(Arc::new(store)).await;
            })*
        }
    };
    ($properties:tt $($engine:ident: $make:expr;)*) => {
        $(battery!(@engine $engine $make; $properties);)*
    };
}

battery! {
    {
        the_first_answer_stands
        the_first_answer_stands_when_all_come_at_once
        other_bytes_are_refused_and_stay_refused
        other_bytes_are_refused_once_when_all_come_at_once
        what_does_not_count_makes_no_other_interchange
        what_comes_after_the_days_of_repeats_is_the_first_again
        refusals_are_of_the_first_that_counts
        other_bytes_of_an_acknowledgement_are_not_answered
        without_a_key_nothing_is_a_repeat
        practice_and_real_are_apart
        partners_are_apart
        numbers_are_dense_and_given_once
        exporters_by_turns_have_series_of_their_own
        a_reference_is_used_once
        a_reference_is_used_once_in_one_interchange
        a_refused_declaration_draws_no_number
        a_refused_interchange_draws_no_number
        entries_are_numbered_without_a_gap
        answers_wait_until_they_are_delivered
        answers_delivered_twice_are_no_mistake
        answers_of_others_are_not_delivered
        an_acknowledgement_ends_the_waiting
        a_repeat_offers_nothing_again
        only_so_many_answers_as_asked_for
        what_is_excepted_is_not_among_them
        what_came_is_kept
        a_number_leads_to_its_interchange
        declarations_are_found_by_what_they_state
        declarations_of_one_interchange_are_found_by_what_some_of_them_state
        all_that_is_stated_must_hold
        the_latest_is_found_first_and_the_rest_page_by_page
        what_is_not_accepted_is_not_found
        a_reference_leads_to_what_was_declared_under_it
        an_interchange_is_found_by_its_reference
        waiting_answers_are_counted_up_to_a_limit
        acts_are_kept_in_their_order
    }
    memory: (Memory::new(numbering()), ());
    embedded: embedded();
}

pub(super) async fn record(store: &impl Store, examination: Examination) -> Standing {
    store.record(examination).await.unwrap()
}

async fn recorded(store: &impl Store, examination: Examination) -> Recorded {
    record(store, examination).await.recorded
}

async fn waiting(store: &impl Store, name: &str) -> Vec<Answer> {
    let waiting = store.waiting(&partner(name), 100, HashSet::new()).await.unwrap();
    waiting.into_iter().map(|waiting| waiting.answer).collect()
}

/// The numbers given, as they are written; `-` for a refusal.
pub(super) fn proofs(recorded: &Recorded) -> Vec<String> {
    let proof = |verdict: &Verdict| match verdict {
        Verdict::Accepted { proof, .. } => proof.to_string(),
        Verdict::Refused { .. } => "-".into(),
    };
    recorded.verdicts.iter().map(proof).collect()
}

async fn the_first_answer_stands(store: Arc<impl Engine>) {
    let first = record(&*store, sent("1").declaring("A")).await;
    assert!(!first.is_repeat);
    let repeat = record(&*store, sent("1").declaring("A")).await;
    assert_eq!(repeat, Standing { is_repeat: true, ..first });
}

async fn the_first_answer_stands_when_all_come_at_once(store: Arc<impl Engine>) {
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { record(&*store, sent("1").declaring("A")).await })
        })
        .collect();
    let mut standings = Vec::new();
    for task in tasks {
        standings.push(task.await.unwrap());
    }
    assert_eq!(standings.iter().filter(|standing| !standing.is_repeat).count(), 1);
    assert!(standings.iter().all(|standing| standing.recorded == standings[0].recorded));
}

async fn other_bytes_are_refused_and_stay_refused(store: Arc<impl Engine>) {
    let first = recorded(&*store, sent("1").declaring("A")).await;
    let refused = record(&*store, sent("1").declaring("B").with_other_bytes(2)).await;
    assert!(!refused.is_repeat);
    let [finding] = &refused.recorded.facts.findings[..] else { panic!("{:?}", refused.recorded.facts.findings) };
    let place = Place::Interchange { segment: Some(ServiceTag::Unb), element: Some(ElementPlace::element(6)) };
    assert_eq!((finding.error, finding.place), (SyntaxError::Duplicate, place));
    assert_eq!((&refused.recorded.verdicts[..], refused.recorded.cusres), (&[][..], None));
    assert!(refused.recorded.contrl > first.contrl);
    let again = record(&*store, sent("1").declaring("B").with_other_bytes(2)).await;
    assert_eq!(again, Standing { is_repeat: true, ..refused.clone() });
    let others = recorded(&*store, sent("1").declaring("B").with_other_bytes(3)).await;
    assert_ne!(others.number, refused.recorded.number);
    assert_eq!(recorded(&*store, sent("1")).await, first);
}

async fn other_bytes_are_refused_once_when_all_come_at_once(store: Arc<impl Engine>) {
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let (store, which) = (Arc::clone(&store), task % 4);
            tokio::spawn(async move { (which, record(&*store, sent("1").with_other_bytes(which)).await) })
        })
        .collect();
    let mut standing = BTreeMap::new();
    let mut new = 0;
    for task in tasks {
        let (which, Standing { recorded, is_repeat }) = task.await.unwrap();
        new += usize::from(!is_repeat);
        assert_eq!(standing.entry(which).or_insert_with(|| recorded.clone()), &recorded);
    }
    assert_eq!((new, standing.values().filter(|recorded| recorded.facts.is_refused()).count()), (4, 3));
    let numbers: BTreeSet<_> = standing.values().map(|recorded| recorded.number.0).collect();
    assert!(numbers.into_iter().eq(1..=4));
}

async fn what_does_not_count_makes_no_other_interchange(store: Arc<impl Engine>) {
    for (reference, is_mended) in [("1", false), ("2", true)] {
        let came = |which| match is_mended {
            true => sent(reference).with_other_bytes(which).mended(),
            false => sent(reference).with_other_bytes(which),
        };
        for which in [1, 2] {
            let first = record(&*store, came(which)).await;
            assert_eq!((first.is_repeat, first.recorded.facts.is_refused()), (false, which == 2));
            let anew = sent(reference).prepared(which, "20261121:0300");
            for again in [anew.clone(), anew.mended(), sent(reference).with_other_bytes(which), came(which)] {
                assert_eq!(record(&*store, again).await, Standing { is_repeat: true, ..first.clone() });
            }
        }
    }
}

async fn what_comes_after_the_days_of_repeats_is_the_first_again(store: Arc<impl Engine>) {
    let days = i64::from(Retention::REPEAT_DAYS);
    let first = record(&*store, sent("1").declaring("A")).await;
    let last_repeat = sent("1").declaring("A").after_days(days);
    assert_eq!(record(&*store, last_repeat).await, Standing { is_repeat: true, ..first.clone() });
    let newcomer = record(&*store, sent("1").declaring("B").after_days(days + 1)).await;
    assert!(!newcomer.is_repeat && newcomer.recorded.number > first.recorded.number);
    assert!(!newcomer.recorded.facts.is_refused());
    let again = record(&*store, sent("1").declaring("B").after_days(2 * days)).await;
    assert_eq!(again, Standing { is_repeat: true, ..newcomer.clone() });
    let lodged = store.interchange(&sent("1").repeat_key.unwrap()).await.unwrap().unwrap();
    assert_eq!(lodged.recorded, newcomer.recorded);
}

async fn refusals_are_of_the_first_that_counts(store: Arc<impl Engine>) {
    let days = i64::from(Retention::REPEAT_DAYS);
    record(&*store, sent("1")).await;
    let refused = record(&*store, sent("1").with_other_bytes(2).after_days(days)).await;
    assert!(refused.recorded.facts.is_refused());
    assert!(!record(&*store, sent("1").with_other_bytes(3).after_days(days + 1)).await.recorded.facts.is_refused());
    for which in [1, 2] {
        let anew = record(&*store, sent("1").with_other_bytes(which).after_days(days + 2)).await;
        assert!(!anew.is_repeat && anew.recorded.facts.is_refused());
        let again = record(&*store, sent("1").with_other_bytes(which).after_days(days + 2)).await;
        assert_eq!(again, Standing { is_repeat: true, ..anew });
    }
}

async fn other_bytes_of_an_acknowledgement_are_not_answered(store: Arc<impl Engine>) {
    let answered = recorded(&*store, sent("1")).await;
    let answers: Vec<_> = answered.answers().collect();
    record(&*store, sent("2").acknowledging(&[])).await;
    let refused = recorded(&*store, sent("2").acknowledging(&answers).with_other_bytes(2)).await;
    assert_eq!(refused.answers().count(), 0);
    assert_eq!(waiting(&*store, "maple").await, answers);
}

async fn without_a_key_nothing_is_a_repeat(store: Arc<impl Engine>) {
    let first = record(&*store, sent("1").refused().without_key()).await;
    let second = record(&*store, sent("1").refused().without_key()).await;
    assert!(!second.is_repeat);
    assert!(second.recorded.contrl > first.recorded.contrl);
    assert!(!record(&*store, sent("1")).await.is_repeat);
}

async fn practice_and_real_are_apart(store: Arc<impl Engine>) {
    let real = recorded(&*store, sent("1").declaring("A")).await;
    let practice = recorded(&*store, sent("1").declaring("A").for_practice()).await;
    assert_eq!(proofs(&real), ["AB1234202611201"]);
    assert_eq!(proofs(&practice), ["TESTAB1234202611201"]);
}

async fn partners_are_apart(store: Arc<impl Engine>) {
    let first = recorded(&*store, sent("1").declaring("A")).await;
    let second = recorded(&*store, sent("1").declaring("A").from("birch")).await;
    assert_eq!(proofs(&first), ["AB1234202611201"]);
    assert_eq!(proofs(&second), ["AB1234202611202"]);
    assert_eq!((first.contrl, first.cusres), (second.contrl, second.cusres));
}

async fn numbers_are_dense_and_given_once(store: Arc<impl Engine>) {
    const TASKS: u64 = 16;
    const EACH: u64 = 12;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut given = Vec::new();
                for n in 0..EACH {
                    let reference = format!("{task}-{n}");
                    given.push(recorded(&*store, sent(&reference).declaring(&reference)).await);
                }
                given
            })
        })
        .collect();
    let mut sequences = BTreeSet::new();
    let mut answers = BTreeSet::new();
    for task in tasks {
        for recorded in task.await.unwrap() {
            let [Verdict::Accepted { proof, .. }] = &recorded.verdicts[..] else { panic!("{recorded:?}") };
            assert!(sequences.insert(proof.sequence), "{proof} was given twice");
            answers.extend(recorded.answers().map(|answer| answer.reference.0));
        }
    }
    assert!(sequences.into_iter().eq(1..=TASKS * EACH));
    assert!(answers.into_iter().eq(1..=2 * TASKS * EACH));
}

async fn exporters_by_turns_have_series_of_their_own(store: Arc<impl Engine>) {
    for (interchange, first) in [("1", 1), ("2", 4)] {
        let references = ["A", "B", "C", "D", "E"].map(|reference| format!("{interchange}{reference}"));
        let exporters = ["AB1234", "AB1234", "CD5678", "AB1234", "CD5678"];
        let by_turns = references.iter().zip(exporters);
        let declaring =
            |sent: Examination, (reference, exporter): (&String, &str)| sent.declaring_for(exporter, reference);
        let given = proofs(&recorded(&*store, by_turns.fold(sent(interchange), declaring)).await);
        let second = if first == 1 { 1 } else { 3 };
        let expected = [
            ("AB1234", first),
            ("AB1234", first + 1),
            ("CD5678", second),
            ("AB1234", first + 2),
            ("CD5678", second + 1),
        ];
        assert_eq!(given, expected.map(|(exporter, sequence)| format!("{exporter}20261120{sequence}")));
    }
}

async fn a_reference_is_used_once(store: Arc<impl Engine>) {
    record(&*store, sent("1").declaring("A")).await;
    let second = recorded(&*store, sent("2").declaring("A").declaring("B")).await;
    let [Verdict::Refused { findings }, Verdict::Accepted { proof, .. }] = &second.verdicts[..] else {
        panic!("{:?}", second.verdicts)
    };
    assert_eq!(findings[0].code, "R603");
    assert_eq!(findings[0].text, "Reference A was used before; its proof-of-report number is AB1234202611201");
    assert_eq!(proof.sequence, 2);
}

async fn a_reference_is_used_once_in_one_interchange(store: Arc<impl Engine>) {
    let recorded = recorded(&*store, sent("1").declaring("A").declaring("A").declaring_for("CD5678", "B")).await;
    assert_eq!(proofs(&recorded), ["AB1234202611201", "-", "CD5678202611201"]);
}

async fn a_refused_declaration_draws_no_number(store: Arc<impl Engine>) {
    let refused = recorded(&*store, sent("1").refusing("A")).await;
    assert_eq!(refused.verdicts, [Verdict::Refused { findings: Vec::new() }]);
    assert!(refused.cusres.is_some());
    assert_eq!(proofs(&recorded(&*store, sent("2").declaring("A")).await), ["AB1234202611201"]);
}

async fn a_refused_interchange_draws_no_number(store: Arc<impl Engine>) {
    let refused = recorded(&*store, sent("1").declaring("A").refused()).await;
    assert_eq!((&refused.verdicts[..], refused.cusres), (&[][..], None));
    assert!(refused.contrl.is_some());
    assert_eq!(proofs(&recorded(&*store, sent("2").declaring("A")).await), ["AB1234202611201"]);
}

async fn entries_are_numbered_without_a_gap(store: Arc<impl Engine>) {
    assert_eq!(recorded(&*store, sent("1")).await.number, RecordNumber(1));
    assert_eq!(store.keep(evidence(b"?")).await, Ok(RecordNumber(2)));
    let answers = waiting(&*store, "maple").await;
    store.delivered(&partner("maple"), &answers).await.unwrap();
    assert_eq!(recorded(&*store, sent("2")).await.number, RecordNumber(4));
}

async fn answers_wait_until_they_are_delivered(store: Arc<impl Engine>) {
    let first = recorded(&*store, sent("1").declaring("A")).await;
    let second = recorded(&*store, sent("2").asking_nothing().declaring("B")).await;
    let [contrl, cusres, later] = &store.waiting(&partner("maple"), 10, HashSet::new()).await.unwrap()[..] else {
        panic!()
    };
    assert_eq!([&contrl.recorded, &cusres.recorded, &later.recorded], [&first, &first, &second]);
    assert_eq!(vec![contrl.answer, cusres.answer], first.answers().collect::<Vec<_>>());
    store.delivered(&partner("maple"), &[contrl.answer, cusres.answer]).await.unwrap();
    assert_eq!(waiting(&*store, "maple").await, [later.answer]);
}

async fn answers_delivered_twice_are_no_mistake(store: Arc<impl Engine>) {
    let answers: Vec<_> = recorded(&*store, sent("1")).await.answers().collect();
    for _ in 0..2 {
        store.delivered(&partner("maple"), &answers).await.unwrap();
    }
    assert_eq!(waiting(&*store, "maple").await, []);
    assert_eq!(recorded(&*store, sent("2")).await.number, RecordNumber(3));
}

async fn answers_of_others_are_not_delivered(store: Arc<impl Engine>) {
    let answers: Vec<_> = recorded(&*store, sent("1")).await.answers().collect();
    store.delivered(&partner("birch"), &answers).await.unwrap();
    assert_eq!(waiting(&*store, "maple").await, answers);
}

async fn an_acknowledgement_ends_the_waiting(store: Arc<impl Engine>) {
    let first = recorded(&*store, sent("1").declaring("A")).await;
    let answers: Vec<_> = first.answers().collect();
    let acknowledgement = recorded(&*store, sent("2").acknowledging(&answers[..1])).await;
    assert_eq!(acknowledgement.answers().count(), 0);
    assert_eq!(waiting(&*store, "maple").await, answers[1..]);
}

async fn a_repeat_offers_nothing_again(store: Arc<impl Engine>) {
    let answers: Vec<_> = recorded(&*store, sent("1")).await.answers().collect();
    store.delivered(&partner("maple"), &answers).await.unwrap();
    record(&*store, sent("1")).await;
    assert_eq!(waiting(&*store, "maple").await, []);
}

async fn only_so_many_answers_as_asked_for(store: Arc<impl Engine>) {
    for reference in ["1", "2", "3"] {
        record(&*store, sent(reference)).await;
    }
    let first = store.waiting(&partner("maple"), 2, HashSet::new()).await.unwrap();
    assert_eq!(first.iter().map(|waiting| waiting.answer.reference.0).collect::<Vec<_>>(), [1, 2]);
}

async fn what_is_excepted_is_not_among_them(store: Arc<impl Engine>) {
    for reference in ["1", "2", "3"] {
        record(&*store, sent(reference)).await;
    }
    let except = HashSet::from([AnswerReference(1), AnswerReference(7)]);
    let found = store.waiting(&partner("maple"), 1, except).await.unwrap();
    assert_eq!(found.iter().map(|waiting| waiting.answer.reference.0).collect::<Vec<_>>(), [2]);
}

async fn what_came_is_kept(store: Arc<impl Engine>) {
    let number = recorded(&*store, sent("1")).await.number;
    assert_eq!(store.came(number).await, Some(sent("1").delivery));
    let number = store.keep(evidence(b"\xFF\x00?")).await.unwrap();
    assert_eq!(store.came(number).await, Some(evidence(b"\xFF\x00?").delivery));
    assert_eq!(store.came(RecordNumber(number.0 + 1)).await, None);
}

async fn a_number_leads_to_its_interchange(store: Arc<impl Engine>) {
    let recorded = recorded(&*store, sent("1").declaring("A")).await;
    let [Verdict::Accepted { proof, .. }] = &recorded.verdicts[..] else { panic!() };
    assert_eq!(store.report(proof).await, Ok(Some(recorded.clone())));
    let next = ProofOfReportNumber { sequence: proof.sequence + 1, ..proof.clone() };
    assert_eq!(store.report(&next).await, Ok(None));
}

/// The references of what is found, the latest first.
async fn found(store: &impl Store, search: Search) -> Vec<String> {
    let FoundPage { found, next } = store.find(&search, FOUND_MAX).await.unwrap();
    assert_eq!(next, None);
    found.iter().map(|found| found.declaration.reference.to_string()).collect()
}

fn carrying(document: &str, containers: &[&str]) -> impl FnOnce(&mut Declaration) {
    let document = TransportDocument { kind: "705".into(), number: document.into() };
    let containers = containers.iter().map(|container| (*container).into()).collect();
    |declaration| (declaration.transport_document, declaration.containers) = (Some(document), containers)
}

/// Three declarations that differ in everything that is looked for.
async fn some_declarations(store: &impl Store) {
    let first = sent("1").declaring("A").stating(carrying("BL-1", &["ABCU1", "ABCU2"]));
    let second = sent("2").declaring("B").stating(|declaration| {
        carrying("BL-2", &["ABCU2"])(declaration);
        declaration.carrier_name = "SOUTH  Shipping".into();
        declaration.exporter.business_number = "100000009RM0001".parse().unwrap();
        declaration.export_date = jiff::civil::date(2026, 12, 2);
    });
    let third = sent("3").declaring("A").stating(|declaration| carrying("BL-3", &[])(declaration)).for_practice();
    for examination in [first, second, third.from("birch")] {
        record(store, examination).await;
    }
}

async fn declarations_are_found_by_what_they_state(store: Arc<impl Engine>) {
    some_declarations(&*store).await;
    let days = |from, to| Some(jiff::civil::date(2026, 11, from)..=jiff::civil::date(2026, 12, to));
    let all = Search::default;
    for (search, expected) in [
        (all(), &["A", "B", "A"][..]),
        (Search { exporter: Some("123456782RM0001".parse().unwrap()), ..all() }, &["A", "A"]),
        (Search { exporter: Some("100000009RM0001".parse().unwrap()), ..all() }, &["B"]),
        (Search { carrier: Some("North shipping ".into()), ..all() }, &["A", "A"]),
        (Search { carrier: Some("SOUTH SHIPPING".into()), ..all() }, &["B"]),
        (Search { carrier: Some("SOUTH".into()), ..all() }, &[]),
        (Search { transport_document: Some("BL-2".into()), ..all() }, &["B"]),
        (Search { container: Some("ABCU2".into()), ..all() }, &["B", "A"]),
        (Search { export_date: days(30, 2), ..all() }, &["A", "B", "A"]),
        (Search { export_date: days(30, 1), ..all() }, &["A", "A"]),
        (
            Search { export_date: Some(jiff::civil::date(1900, 1, 1)..=jiff::civil::date(2026, 12, 1)), ..all() },
            &["A", "A"],
        ),
        (Search { reference: Some(DeclarationReference("A".into())), ..all() }, &["A", "A"]),
        (Search { reference: Some(DeclarationReference("C".into())), ..all() }, &[]),
        (Search { partner: Some(partner("maple")), ..all() }, &["B", "A"]),
        (Search { is_practice: Some(true), ..all() }, &["A"]),
    ] {
        assert_eq!(found(&*store, search.clone()).await, expected, "{search:?}");
    }
}

async fn declarations_of_one_interchange_are_found_by_what_some_of_them_state(store: Arc<impl Engine>) {
    let by_south = |declaration: &mut Declaration| {
        carrying("BL-2", &["ABCU2"])(declaration);
        declaration.carrier_name = "SOUTH".into();
    };
    let sent = sent("1").declaring("A").stating(carrying("BL-1", &["ABCU1", "ABCU2"]));
    let sent = sent.declaring("B").stating(carrying("BL-1", &["ABCU1", "ABCU2"])).declaring("C").stating(by_south);
    record(&*store, sent.declaring("D").stating(carrying("BL-1", &["ABCU3"]))).await;
    let all = Search::default;
    for (search, expected) in [
        (Search { carrier: Some("NORTH SHIPPING".into()), ..all() }, &["D", "B", "A"][..]),
        (Search { carrier: Some("SOUTH".into()), ..all() }, &["C"]),
        (Search { transport_document: Some("BL-1".into()), ..all() }, &["D", "B", "A"]),
        (Search { transport_document: Some("BL-2".into()), ..all() }, &["C"]),
        (Search { container: Some("ABCU2".into()), ..all() }, &["C", "B", "A"]),
        (Search { container: Some("ABCU3".into()), ..all() }, &["D"]),
        (Search { partner: Some(partner("maple")), ..all() }, &["D", "C", "B", "A"]),
    ] {
        assert_eq!(found(&*store, search.clone()).await, expected, "{search:?}");
    }
}

async fn all_that_is_stated_must_hold(store: Arc<impl Engine>) {
    some_declarations(&*store).await;
    let container = || Search { container: Some("ABCU2".into()), ..Search::default() };
    assert_eq!(found(&*store, Search { transport_document: Some("BL-1".into()), ..container() }).await, ["A"]);
    assert_eq!(found(&*store, Search { transport_document: Some("BL-3".into()), ..container() }).await, [""; 0]);
    assert_eq!(found(&*store, Search { is_practice: Some(true), ..container() }).await, [""; 0]);
    let reference = || Search { reference: Some(DeclarationReference("A".into())), ..Search::default() };
    assert_eq!(found(&*store, Search { partner: Some(partner("birch")), ..reference() }).await, ["A"]);
    assert_eq!(found(&*store, Search { partner: Some(partner("oak")), ..reference() }).await, [""; 0]);
}

async fn the_latest_is_found_first_and_the_rest_page_by_page(store: Arc<impl Engine>) {
    for reference in ["1", "2", "3"] {
        let examination = sent(reference).declaring(&format!("{reference}a")).refusing("R");
        record(&*store, examination.declaring(&format!("{reference}b"))).await;
    }
    for limit in 1..8 {
        let (mut search, mut all) =
            (Search { carrier: Some("NORTH SHIPPING".into()), ..Search::default() }, Vec::new());
        loop {
            let FoundPage { found, next } = store.find(&search, limit).await.unwrap();
            assert!(found.len() <= limit);
            all.extend(found);
            search.before = next;
            if next.is_none() {
                break;
            }
        }
        let references: Vec<_> = all.iter().map(|found| found.declaration.reference.to_string()).collect();
        assert_eq!(references, ["3b", "3a", "2b", "2a", "1b", "1a"], "{limit} at one time");
        let proofs: Vec<_> = all.iter().map(|found| (found.proof.sequence, found.version, found.at.message)).collect();
        assert_eq!(proofs, [(6, 1, 2), (5, 1, 0), (4, 1, 2), (3, 1, 0), (2, 1, 2), (1, 1, 0)]);
    }
}

async fn what_is_not_accepted_is_not_found(store: Arc<impl Engine>) {
    record(&*store, sent("1").declaring("A")).await;
    record(&*store, sent("2").declaring("A").refusing("B")).await;
    record(&*store, sent("3").declaring("C").refused()).await;
    store.keep(evidence(b"?")).await.unwrap();
    let carrier = Search { carrier: Some("NORTH SHIPPING".into()), ..Search::default() };
    for search in [Search::default(), carrier] {
        assert_eq!(found(&*store, search).await, ["A"]);
    }
}

async fn a_reference_leads_to_what_was_declared_under_it(store: Arc<impl Engine>) {
    let recorded = recorded(&*store, sent("1").declaring("A")).await;
    let declared = async |name: &str, is_practice, reference: &str| {
        store.declared(&partner(name), is_practice, &DeclarationReference(reference.into())).await.unwrap()
    };
    assert_eq!(declared("maple", false, "A").await, Some(recorded));
    for (name, is_practice, reference) in [("birch", false, "A"), ("maple", true, "A"), ("maple", false, "B")] {
        assert_eq!(declared(name, is_practice, reference).await, None);
    }
}

async fn an_interchange_is_found_by_its_reference(store: Arc<impl Engine>) {
    let first = recorded(&*store, sent("1").declaring("A")).await;
    recorded(&*store, sent("1").with_other_bytes(2)).await;
    let key = sent("1").repeat_key.unwrap();
    let lodged = store.interchange(&key).await.unwrap().unwrap();
    assert_eq!((lodged.recorded, lodged.bytes), (first, sent("1").declaring("A").delivery.bytes));
    let other = RepeatKey { reference: "2".into(), ..key };
    assert_eq!(store.interchange(&other).await, Ok(None));
}

async fn waiting_answers_are_counted_up_to_a_limit(store: Arc<impl Engine>) {
    recorded(&*store, sent("1").declaring("A")).await;
    recorded(&*store, sent("2")).await;
    for (limit, count) in [(10, 3), (2, 2), (0, 0)] {
        assert_eq!(store.count_waiting(&partner("maple"), limit).await, Ok(count));
    }
    assert_eq!(store.count_waiting(&partner("birch"), 10).await, Ok(0));
}

async fn acts_are_kept_in_their_order(store: Arc<impl Engine>) {
    let act = |subject: &str| Act {
        at: NOW.parse().unwrap(),
        who: Actor::User { uid: 1000, name: Some("clerk".into()) },
        deed: Deed::PartnerDisabled,
        subject: subject.into(),
        before: "disabled = false".into(),
        after: "disabled = true".into(),
    };
    let mut noted = Vec::new();
    for subject in ["a", "b", "c"] {
        noted.push((store.note(act(subject)).await.unwrap(), act(subject)));
        record(&*store, sent(subject)).await;
    }
    assert_eq!(store.acts(RecordNumber(0), 9).await.as_ref(), Ok(&noted));
    assert_eq!(store.acts(RecordNumber(0), 2).await.unwrap(), noted[..2]);
    assert_eq!(store.acts(noted[0].0, 9).await.unwrap(), noted[1..]);
    assert_eq!(store.acts(noted[2].0, 9).await, Ok(Vec::new()));
}

#[tokio::test]
async fn the_store_in_memory_fails_when_it_is_told_to() {
    let store = Memory::new(numbering()).failing_at(2);
    assert!(store.record(sent("1").declaring("A")).await.is_ok());
    assert!(store.record(sent("2").declaring("B")).await.is_err());
    assert_eq!(store.ready(), Ok(()));
    assert_eq!(proofs(&recorded(&store, sent("2").declaring("B")).await), ["AB1234202611202"]);
    let store = store.failing_from(1);
    assert!(store.record(sent("3")).await.is_err());
    assert!(store.keep(evidence(b"?")).await.is_err());
    assert!(store.ready().is_err());
}
