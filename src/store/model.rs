//! The engine in memory is the model: whatever happens to the embedded one, it does the same.

use std::collections::HashSet;

use proptest::prelude::*;
use tokio::runtime;

use crate::identifier::DeclarationReference;
use crate::record::{Answer, Examination};

use super::battery::{options, record};
use super::sample::{evidence, numbering, partner, sent};
use super::{EmbeddedStore, FoundPage, Memory, Search, Standing, Store, WaitingAnswer};

/// One thing that happens to a store.
#[derive(Debug, Clone)]
enum Step {
    Record(Box<Examination>),
    Keep,
    /// This many of a partner's answers are delivered.
    Deliver(&'static str, usize),
    /// A CONTRL for this many of them.
    Acknowledge(&'static str, usize, u8),
    Close,
    Drop,
}

/// What makes an examination another one.
type Mark = fn(Examination) -> Examination;

const PARTNERS: [&str; 2] = ["maple", "birch"];

fn examination() -> impl Strategy<Value = Examination> {
    let declarations = prop::collection::vec((0..2_usize, 0..5_u8, prop::bool::weighted(0.8)), 0..4);
    let marks = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.1), prop::bool::weighted(0.1), any::<bool>());
    let bytes = (1..3_u8, prop::sample::select(&["261120:2159", "20261121:0300"][..]));
    (0..2_usize, 0..6_u8, bytes, declarations, marks).prop_map(|(from, reference, bytes, declarations, marks)| {
        let (is_mended, is_practice, is_refused, is_unkeyed, asks_nothing) = marks;
        let mut examination = sent(&reference.to_string()).from(PARTNERS[from]).prepared(bytes.0, bytes.1);
        for (exporter, reference, is_accepted) in declarations {
            let reference = reference.to_string();
            examination = match is_accepted {
                true => examination.declaring_for(["AB1234", "CD5678"][exporter], &reference),
                false => examination.refusing(&reference),
            };
        }
        let marks: [(bool, Mark); 5] = [
            (is_mended, Examination::mended),
            (is_practice, Examination::for_practice),
            (is_refused, Examination::refused),
            (is_unkeyed, Examination::without_key),
            (asks_nothing, Examination::asking_nothing),
        ];
        marks.into_iter().filter(|(is_so, _)| *is_so).fold(examination, |examination, (_, mark)| mark(examination))
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => examination().prop_map(|examination| Step::Record(Box::new(examination))),
        1 => Just(Step::Keep),
        3 => (prop::sample::select(&PARTNERS[..]), 0..4_usize).prop_map(|(name, many)| Step::Deliver(name, many)),
        2 => (prop::sample::select(&PARTNERS[..]), 0..4_usize, any::<u8>())
            .prop_map(|(name, many, reference)| Step::Acknowledge(name, many, reference)),
        1 => Just(Step::Close),
        1 => Just(Step::Drop),
    ]
}

/// What is looked for after each step.
fn searches() -> [Search; 3] {
    let carrier = Some("NORTH SHIPPING".to_owned());
    let reference = Some(DeclarationReference("1".into()));
    [
        Search { carrier, ..Search::default() },
        Search { reference, ..Search::default() },
        Search { is_practice: Some(true), ..Search::default() },
    ]
}

/// What a step shows to whoever takes it.
async fn take(store: &impl Store, step: Step) -> (Option<Standing>, Vec<WaitingAnswer>, Vec<FoundPage>) {
    let first = async |name, many| -> Vec<Answer> {
        let waiting = store.waiting(&partner(name), many, HashSet::new()).await.unwrap();
        waiting.into_iter().map(|waiting| waiting.answer).collect()
    };
    let standing = match step {
        Step::Record(examination) => Some(record(store, *examination).await),
        Step::Acknowledge(name, many, reference) => {
            let answers = first(name, many).await;
            Some(record(store, sent(&format!("C{reference}")).from(name).acknowledging(&answers)).await)
        }
        Step::Deliver(name, many) => {
            store.delivered(&partner(name), &first(name, many).await).await.unwrap();
            None
        }
        Step::Keep => {
            store.keep(evidence(b"?")).await.unwrap();
            None
        }
        Step::Close | Step::Drop => None,
    };
    let mut waiting = Vec::new();
    for name in PARTNERS {
        waiting.extend(store.waiting(&partner(name), 1000, HashSet::new()).await.unwrap());
    }
    let mut found = Vec::new();
    for search in searches() {
        found.push(store.find(&search, 5).await.unwrap());
    }
    (standing, waiting, found)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn the_embedded_engine_does_what_the_one_in_memory_does(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::new(numbering());
        let mut embedded = EmbeddedStore::open(options(directory.path())).unwrap();
        for step in steps {
            let reopens = matches!(step, Step::Close | Step::Drop);
            if let Step::Close = step {
                runtime.block_on(embedded.close()).unwrap();
            }
            if reopens {
                drop(embedded);
                embedded = EmbeddedStore::open(options(directory.path())).unwrap();
            }
            let expected = runtime.block_on(take(&memory, step.clone()));
            let found = runtime.block_on(take(&embedded, step));
            prop_assert_eq!(found, expected);
        }
    }
}
