//! What partners do: take what waits, repeat, lodge, confirm or not, and lose their connections.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use crate::gateway::{Gateway, Home, PARTNERS};
use crate::interchange::{Kind, Reference, acknowledgement};
use crate::ledger::{Delivery, Ledger};
use crate::line::{End, Line};
use crate::random::Random;

/// How many interchanges a connection keeps unanswered.
const UNANSWERED_MAX: usize = 8;

/// How many connections of each partner load the gateway.
const LINES: usize = 3;

/// Partners before a gateway, with one ledger.
pub(crate) struct Scene<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) ledger: &'a Mutex<Ledger>,
    log: Option<PathBuf>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(home: &Home, gateway: &'a Gateway, ledger: &'a Mutex<Ledger>) -> Self {
        Self { gateway, ledger, log: home.is_recorded.then(|| home.log()) }
    }

    /// How long the log of operations is: whatever was answered is in it by now.
    fn log_length(&self) -> u64 {
        self.log.as_ref().map_or(0, |log| fs::metadata(log).unwrap().len())
    }

    /// All partners at the same time; the first one for which it ended says how.
    ///
    /// # Errors
    /// [`End`] of a connection that it needed.
    pub(crate) fn each_partner(
        &self,
        random: &mut Random,
        act: impl Fn(usize, &mut Random) -> Result<(), End> + Sync,
    ) -> Result<(), End> {
        let act = &act;
        thread::scope(|scope| {
            let partners = (0..PARTNERS).map(|partner| (partner, random.fork()));
            let acting = partners.map(|(partner, mut random)| scope.spawn(move || act(partner, &mut random)));
            acting.collect::<Vec<_>>().into_iter().try_for_each(|acting| acting.join().unwrap())
        })
    }

    /// Takes what waits, right after a start: everything that was not confirmed comes by itself, before anything else
    /// and in order.
    ///
    /// # Errors
    /// How the connection ended.
    pub(crate) fn takes_what_waits(&self, partner: usize) -> Result<(), End> {
        let (waiting, marker) = {
            let mut ledger = self.ledger.lock().unwrap();
            (ledger.waiting(partner), ledger.draws(partner))
        };
        let mut talk = Talk::opened(self, partner)?;
        talk.sends(marker)?;
        talk.hears_all()?;
        let came: HashSet<_> = talk.came.iter().collect();
        let mut ledger = self.ledger.lock().unwrap();
        for (reference, kind) in waiting.iter().filter(|key| !came.contains(key)) {
            ledger.fault(format!("the {kind:?} to {reference} waited and did not come"));
        }
        if !talk.unasked.is_sorted() {
            ledger.fault(format!("answers that waited came out of order: {:?}", talk.unasked));
        }
        drop(ledger);
        talk.closes()
    }

    /// Sends these again.
    ///
    /// # Errors
    /// How the connection ended.
    pub(crate) fn repeats(&self, partner: usize, references: &[Reference]) -> Result<(), End> {
        let mut talk = Talk::opened(self, partner)?;
        for reference in references {
            talk.has_room(2 * UNANSWERED_MAX)?;
            talk.sends(*reference)?;
        }
        talk.hears_all()?;
        talk.closes()
    }

    /// Sends other bytes under references that were answered.
    ///
    /// # Errors
    /// How the connection ended.
    pub(crate) fn contests(&self, partner: usize, references: &[Reference]) -> Result<(), End> {
        let mut talk = Talk::opened(self, partner)?;
        for reference in references {
            talk.has_room(UNANSWERED_MAX)?;
            talk.contests(*reference)?;
        }
        talk.hears_all()?;
        talk.closes()
    }

    /// Repeats everything without an answer, and so many of the rest, or all of it.
    ///
    /// # Errors
    /// How a connection ended.
    pub(crate) fn catches_up(&self, partner: usize, sample: usize, random: &mut Random) -> Result<(), End> {
        let (mut references, contested) = {
            let ledger = self.ledger.lock().unwrap();
            let mut references = random.sample(&ledger.answered(partner), sample);
            references.extend(ledger.unanswered(partner));
            (references, random.sample(&ledger.contested(partner), sample))
        };
        references.sort_unstable();
        self.repeats(partner, &references)?;
        self.contests(partner, &contested)
    }

    /// Lodges new declarations on several connections of a partner, until the gateway is gone or so many were lodged on
    /// each.
    ///
    /// # Errors
    /// [`End`] when the gateway is gone.
    pub(crate) fn lodges(&self, partner: usize, count: usize, random: &mut Random) -> Result<(), End> {
        thread::scope(|scope| {
            let lodge = |mut random: Random| {
                let mut left = count;
                while left > 0 {
                    let some = left.min(5 + random.index(40));
                    self.lodges_some(partner, some, &mut random)?;
                    left -= some;
                }
                Ok(())
            };
            let lines: Vec<_> =
                (0..LINES).map(|_| random.fork()).map(|random| scope.spawn(move || lodge(random))).collect();
            lines.into_iter().try_for_each(|line| line.join().unwrap())
        })
    }

    /// One connection, which ends in order or without a word.
    fn lodges_some(&self, partner: usize, count: usize, random: &mut Random) -> Result<(), End> {
        let mut talk = Talk::opened(self, partner)?;
        for _ in 0..count {
            talk.has_room(UNANSWERED_MAX)?;
            if random.once_in(6) {
                talk.acknowledges()?;
            }
            let reference = self.ledger.lock().unwrap().draws(partner);
            talk.sends(reference)?;
        }
        if random.once_in(3) {
            return Ok(()); // It breaks with answers under way.
        }
        talk.hears_all()?;
        talk.closes()
    }
}

/// One connection of a partner.
struct Talk<'a> {
    scene: &'a Scene<'a>,
    partner: usize,
    line: Line,
    /// Answers that have to come because of what was sent here.
    expected: HashSet<(Reference, Kind)>,
    /// Answers that came here.
    came: Vec<(Reference, Kind)>,
    /// The numbers of those that nobody had asked for here.
    unasked: Vec<u64>,
    /// The last answer that came, and the ones that were acknowledged by CONTRL before what was sent last.
    last: Option<crate::interchange::Answer>,
    acknowledged: Vec<((Reference, Kind), Reference)>,
}

impl<'a> Talk<'a> {
    fn opened(scene: &'a Scene<'a>, partner: usize) -> Result<Self, End> {
        let line = scene.gateway.line(partner)?;
        let (expected, came, unasked, acknowledged) = (HashSet::new(), Vec::new(), Vec::new(), Vec::new());
        Ok(Self { scene, partner, line, expected, came, unasked, last: None, acknowledged })
    }

    fn ledger(&self) -> std::sync::MutexGuard<'a, Ledger> {
        self.scene.ledger.lock().unwrap()
    }

    fn sends(&mut self, reference: Reference) -> Result<(), End> {
        self.ledger().sends(reference);
        // What waited and came down this connection does not come again for the first repeat.
        let kinds = reference.kinds().iter().map(|kind| (reference, *kind)).filter(|key| !self.came.contains(key));
        self.expected.extend(kinds.collect::<Vec<_>>());
        self.line.sends(&reference.bytes())
    }

    fn contests(&mut self, reference: Reference) -> Result<(), End> {
        self.ledger().contests(reference);
        self.expected.insert((reference, Kind::OtherBytes));
        self.line.sends(&reference.other_bytes())
    }

    /// Acknowledges the last answer by CONTRL. It is sure once something sent behind it is answered.
    fn acknowledges(&mut self) -> Result<(), End> {
        let Some(answer) = self.last.take() else { return Ok(()) };
        let key = (answer.subject, answer.kind);
        let mut ledger = self.ledger();
        let witness = ledger.draws(self.partner);
        ledger.delivers(&[key], Delivery::Unsure);
        drop(ledger);
        self.acknowledged.push((key, witness));
        self.line.sends(&acknowledgement(self.partner, witness.number, &answer))?;
        self.sends(witness)
    }

    /// Hears until fewer than so many interchanges are unanswered.
    fn has_room(&mut self, unanswered_max: usize) -> Result<(), End> {
        while self.expected.len() >= unanswered_max {
            self.hears()?;
        }
        Ok(())
    }

    fn hears_all(&mut self) -> Result<(), End> {
        self.has_room(1)
    }

    fn hears(&mut self) -> Result<(), End> {
        let answer = self.line.gets()?;
        self.takes(answer);
        Ok(())
    }

    fn takes(&mut self, answer: crate::interchange::Answer) {
        let (key, at) = ((answer.subject, answer.kind), self.scene.log_length());
        let is_asked = self.expected.remove(&key);
        if !is_asked {
            self.unasked.push(answer.reference);
        }
        self.came.push(key);
        self.last = Some(answer.clone());
        let mut ledger = self.ledger();
        ledger.hears(answer, is_asked, at);
        let sure = self.acknowledged.extract_if(.., |(_, witness)| *witness == key.0).map(|(key, _)| key);
        let sure: Vec<_> = sure.collect();
        ledger.delivers(&sure, Delivery::Confirmed(at));
    }

    /// Ends in order, which confirms everything that came.
    fn closes(mut self) -> Result<(), End> {
        self.ledger().delivers(&self.came, Delivery::Unsure);
        let (rest, end) = self.line.closes();
        // What comes behind our own end may have left before the gateway saw that end, and is confirmed then, even if the
        // gateway could not end in order any more.
        let confirmed = std::mem::take(&mut self.came);
        rest.into_iter().for_each(|answer| self.takes(answer));
        self.ledger().delivers(&self.came, Delivery::Unsure);
        end?;
        let at = self.scene.log_length();
        self.ledger().delivers(&confirmed, Delivery::Confirmed(at));
        Ok(())
    }
}
