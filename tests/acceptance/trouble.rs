//! The gateway's own troubles: a record that fails, a disk that is full, a fault in the program.
//!
//! A disk that is full is played to the real binary, by files that may not grow. A record that fails at a certain call, or
//! panics, cannot be had from outside: those two stories put the same door and the same spine before such a record, in
//! this process, and are told over the same TLS.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use lodged::channel::tls::{Door, Identity, Limits, Listener, Terms};
use lodged::clock::SystemClock;
use lodged::config::Config;
use lodged::daemon::load_rulebook;
use lodged::identifier::{DeclarationReference, ProofOfReportNumber, RecordNumber};
use lodged::partner::PartnerId;
use lodged::record::{Act, Answer, AnswerReference, Evidence, Examination, Recorded, RepeatKey};
use lodged::store::{FoundPage, Lodged, Memory, Search, Standing, Store, Unavailable, WaitingAnswer};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::gateway::{DEADLINE, Gateway, Home};
use crate::interchange::declaration;
use crate::keys::client;
use crate::partner::{End, Partner};

/// The door before a record of the story's own.
struct Inside {
    home: Home,
    address: SocketAddr,
    _runtime: Runtime,
}

impl Inside {
    fn before<S: Store>(store: impl FnOnce(Memory) -> S) -> Self {
        let home = Home::new("");
        let loaded = Config::load(&home.config()).unwrap();
        let store = store(Memory::new(loaded.numbering.clone()));
        let identity = Identity::read(&loaded.config.tls.certificate, &loaded.config.tls.private_key).unwrap();
        let (clock, partners) = (Arc::new(SystemClock), Arc::new(loaded.partners.clone()));
        let terms = Terms::new(identity, partners, Limits::default(), clock.clone()).unwrap();
        let gateway = Arc::new(lodged::gateway::Gateway::new(
            load_rulebook(&loaded.config, loaded.numbering.zone.clone()).unwrap(),
            store,
        ));
        let door = Door::new(gateway, clock, terms);
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let listener = Listener::of(listener).unwrap();
        let address = listener.address();
        runtime.spawn(listener.serve(door, CancellationToken::new(), DEADLINE));
        Self { home, address, _runtime: runtime }
    }

    fn partner(&self) -> Partner {
        Partner::connect(self.address, client(&self.home.keys, Some(&self.home.acme), false))
    }
}

#[test]
fn a_record_that_fails_at_any_call_gets_no_answer_and_draws_no_number() {
    // On each connection: 1 looks for what waits, 2 records, 3 notes what was delivered.
    for call in 1..=3 {
        let door = Inside::before(|memory| memory.failing_at(call));
        let mut partner = door.partner();
        partner.tries_to_send(&declaration("ONE")).unwrap_or_default();
        let answers = if call < 3 {
            partner.gets_nothing_more(End::Gone);
            drop(partner);
            let mut again = door.partner();
            again.sends(&declaration("ONE"));
            [again.gets_contrl(), again.gets_cusres()]
        } else {
            let first = [partner.gets_contrl(), partner.gets_cusres()];
            // A clean end would say that it was noted.
            partner.closes_its_side();
            partner.gets_nothing_more(End::Gone);
            let mut again = door.partner();
            let offered = [again.gets_contrl(), again.gets_cusres()];
            assert_eq!(offered, first);
            again.leaves();
            offered
        };
        assert_eq!(answers[0].action(), "7");
        // No number was drawn by what failed: this is the first of its day.
        let proof = answers[1].proof();
        assert!(proof.len() == 15 && proof.ends_with('1'), "failing at call {call}: {proof}");
    }
}

#[test]
fn a_record_that_fails_does_not_take_the_answers_before_it() {
    let door = Inside::before(|memory| memory.failing_at(3));
    let mut partner = door.partner();
    partner.sends(&declaration("ONE"));
    assert_eq!(partner.gets_contrl().answers(), "ONE");
    partner.gets_cusres();
    partner.sends(&declaration("TWO"));
    partner.gets_nothing_more(End::Gone);
}

type Pauses = Arc<std::sync::Mutex<Vec<(Sender<()>, Receiver<()>)>>>;

/// A record that panics at what it is told to record, counts the evidence it is given, and takes its time to say what
/// waits.
#[derive(Clone)]
struct Faulty {
    memory: Memory,
    /// Between looking for what waits and saying it: whom it tells that it looked, and whose word it waits for.
    pauses: Pauses,
    evidence: Arc<std::sync::Mutex<Vec<Evidence>>>,
}

impl Store for Faulty {
    async fn record(&self, examination: Examination) -> Result<Standing, Unavailable> {
        assert!(examination.facts.envelope.reference.0 != "FAULT", "a fault that the story asked for");
        self.memory.record(examination).await
    }

    async fn keep(&self, evidence: Evidence) -> Result<RecordNumber, Unavailable> {
        self.evidence.lock().unwrap().push(evidence.clone());
        self.memory.keep(evidence).await
    }

    async fn delivered(&self, partner: &PartnerId, answers: &[Answer]) -> Result<(), Unavailable> {
        self.memory.delivered(partner, answers).await
    }

    async fn waiting(
        &self,
        partner: &PartnerId,
        limit: usize,
        except: HashSet<AnswerReference>,
    ) -> Result<Vec<WaitingAnswer>, Unavailable> {
        let waiting = self.memory.waiting(partner, limit, except).await;
        let pause = self.pauses.lock().unwrap().pop();
        if let Some((looked, go_on)) = pause {
            looked.send(()).unwrap();
            tokio::task::block_in_place(|| go_on.recv_timeout(DEADLINE)).unwrap();
        }
        waiting
    }

    async fn report(&self, proof: &ProofOfReportNumber) -> Result<Option<Recorded>, Unavailable> {
        self.memory.report(proof).await
    }

    async fn find(&self, search: &Search, limit: usize) -> Result<FoundPage, Unavailable> {
        self.memory.find(search, limit).await
    }

    async fn declared(
        &self,
        partner: &PartnerId,
        is_practice: bool,
        reference: &DeclarationReference,
    ) -> Result<Option<Recorded>, Unavailable> {
        self.memory.declared(partner, is_practice, reference).await
    }

    async fn interchange(&self, key: &RepeatKey) -> Result<Option<Lodged>, Unavailable> {
        self.memory.interchange(key).await
    }

    async fn count_waiting(&self, partner: &PartnerId, limit: usize) -> Result<usize, Unavailable> {
        self.memory.count_waiting(partner, limit).await
    }

    async fn note(&self, act: Act) -> Result<RecordNumber, Unavailable> {
        self.memory.note(act).await
    }

    async fn acts(&self, behind: RecordNumber, limit: usize) -> Result<Vec<(RecordNumber, Act)>, Unavailable> {
        self.memory.acts(behind, limit).await
    }

    fn ready(&self) -> Result<(), Unavailable> {
        self.memory.ready()
    }
}

#[test]
fn a_fault_of_the_gateway_ends_one_connection_and_keeps_the_interchange() {
    let kept: Arc<std::sync::Mutex<Vec<Evidence>>> = Arc::default();
    let door = Inside::before(|memory| Faulty { memory, pauses: Arc::default(), evidence: Arc::clone(&kept) });
    let mut other = door.partner();
    let mut partner = door.partner();
    partner.sends(&declaration("FAULT"));
    partner.gets_nothing_more(End::Gone);
    assert_eq!(kept.lock().unwrap().len(), 1);
    assert_eq!(kept.lock().unwrap()[0].delivery.bytes, declaration("FAULT").trim_ascii_end());
    other.sends(&declaration("ONE"));
    assert_eq!(other.gets_contrl().action(), "7");
    other.gets_cusres();
    other.leaves();
}

#[test]
fn an_answer_that_arrives_while_another_connection_looks_is_not_offered_there() {
    let pauses: Pauses = Arc::default();
    let door = Inside::before(|memory| Faulty { memory, pauses: Arc::clone(&pauses), evidence: Arc::default() });
    let mut first = door.partner();
    first.sends(&declaration("ONE"));
    assert_eq!(first.gets_contrl().answers(), "ONE");
    first.gets_cusres();
    let ((looked, has_looked), (goes_on, go_on)) = (channel(), channel());
    pauses.lock().unwrap().push((looked, go_on));
    let mut second = door.partner();
    has_looked.recv_timeout(DEADLINE).unwrap();
    first.leaves();
    goes_on.send(()).unwrap();
    second.sends(&declaration("TWO"));
    assert_eq!(second.gets_contrl().answers(), "TWO");
}

#[test]
fn on_a_full_disk_nothing_is_acknowledged_that_is_not_recorded() {
    let mut gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&declaration("BEFORE"));
    let before = [partner.gets_contrl(), partner.gets_cusres()];
    partner.leaves();
    gateway.is_killed_and_started_again_with_files_of(Some(256));
    let mut answered = Vec::new();
    'full: for connection in 0..200 {
        let mut partner = gateway.partner();
        for number in 0..10 {
            let reference = format!("FULL{connection}N{number}");
            if partner.tries_to_send(&declaration(&reference)).is_err() {
                break 'full;
            }
            let Ok(contrl) = partner.gets() else { break 'full };
            let Ok(cusres) = partner.gets() else { break 'full };
            answered.push((reference, [contrl, cusres]));
        }
    }
    assert!(answered.len() < 2_000, "the disk was not full");
    assert!(gateway.page("/readyz").contains("503"), "{}", gateway.page("/readyz"));
    // With room again, everything that was acknowledged is there.
    gateway.is_killed_and_started_again_with_files_of(None);
    let mut partner = gateway.partner();
    partner.sends(&declaration("BEFORE"));
    let mut answers = Vec::new();
    partner.sends(&answered.iter().flat_map(|(reference, _)| declaration(reference)).collect::<Vec<_>>());
    partner.closes_its_side();
    answers.extend(partner.gets_the_rest());
    let expected: Vec<_> = before.into_iter().chain(answered.into_iter().flat_map(|(_, answers)| answers)).collect();
    assert!(expected.iter().all(|answer| answers.contains(answer)));
}
