//! SIGKILL, at any instant of a gateway's life, again and again on the same record.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::agreement::agrees;
use crate::gateway::{Home, LIMIT};
use crate::ledger::Ledger;
use crate::line::End;
use crate::load::Scene;
use crate::preload::{Effect, Fault, Operation};
use crate::random::{Random, setting};

/// Kills when nothing else is said.
const KILLS: u64 = 20;

/// How many answered interchanges of each partner are repeated between two kills, and in how many of them under other
/// bytes.
const SAMPLE: usize = 12;
const CONTESTED: usize = 2;

/// More than can be lodged before a kill.
const MORE: usize = 1_000_000;

/// The instant of a kill.
#[derive(Debug, Clone, Copy)]
enum Doom {
    /// So long after the process was made.
    Starting(Duration),
    /// So long after it began to listen.
    Listening(Duration),
    /// At an operation on the record: how each of them is left half done.
    Operating(Fault),
}

/// Most operations that are let pass before one that kills, by what they are: seldom ones come at once.
const OPERATIONS: [(Operation, u64); 9] = [
    (Operation::SegmentWrite, 100),
    (Operation::SegmentFlush, 100),
    (Operation::PreparedWrite, 2),
    (Operation::PreparedFlush, 2),
    (Operation::SegmentName, 1),
    (Operation::DirectoryFlush, 3),
    (Operation::StateWrite, 20),
    (Operation::StateFlush, 20),
    (Operation::Any, 60),
];

impl Doom {
    fn drawn(random: &mut Random, start: Duration) -> Self {
        let start = u64::try_from(start.as_micros()).unwrap();
        match random.below(10) {
            0..=1 => Self::Starting(Duration::from_micros(random.below(start * 5 / 4))),
            2..=5 => Self::Listening(Duration::from_micros(random.below(1_200_000))),
            _ => {
                let (operation, most) = OPERATIONS[random.index(OPERATIONS.len())];
                let effects = [Effect::DiesBefore, Effect::DiesAfter, Effect::DiesAmid];
                let (effect, countdown) = (effects[random.index(effects.len())], 1 + random.below(most));
                Self::Operating(Fault { operation, effect, countdown, is_lasting: false })
            }
        }
    }

    /// Kills in time. Told first when the gateway listens; when nobody can tell any more, there is nothing to kill.
    fn comes(self, told: &Receiver<()>, kill: impl Fn()) {
        let since = match self {
            Self::Starting(_) => Ok(()),
            Self::Listening(_) | Self::Operating(_) => told.recv_timeout(LIMIT),
        };
        let time = match self {
            Self::Starting(time) | Self::Listening(time) => time,
            // Should the operation not come, the clock does.
            Self::Operating(_) => Duration::from_secs(3),
        };
        let due = Instant::now() + time;
        let wait = || told.recv_timeout(due.saturating_duration_since(Instant::now()));
        let waited = since.and_then(|()| wait()).and_then(|()| wait());
        if waited == Err(RecvTimeoutError::Timeout) {
            kill();
        }
    }
}

#[test]
fn kills() {
    let mut random = Random::seeded("kills");
    let seconds = setting("LODGED_TORTURE_SECONDS").map(Duration::from_secs);
    let kills = setting("LODGED_TORTURE_KILLS").unwrap_or(if seconds.is_some() { u64::MAX } else { KILLS });
    let (home, ledger, begun) = (Home::new(), Mutex::default(), Instant::now());
    let gateway = home.starts();
    let start = begun.elapsed();
    gateway.is_killed();
    let (mut done, mut in_starts) = (1, 0);
    while done < kills && seconds.is_none_or(|seconds| begun.elapsed() < seconds) {
        in_starts += u64::from(!lives_and_dies(&home, &ledger, Doom::drawn(&mut random, start), &mut random));
        done += 1;
        ledger.lock().unwrap().holds();
    }
    proves_everything(&home, &ledger, &mut random);
    let tally = ledger.into_inner().unwrap().tally;
    println!("kills: {done} kills ({in_starts} before it listened), {tally}, losses 0");
}

/// One life. Says whether it got as far as listening.
fn lives_and_dies(home: &Home, ledger: &Mutex<Ledger>, doom: Doom, random: &mut Random) -> bool {
    match doom {
        Doom::Operating(fault) => home.preload.arm(fault),
        Doom::Starting(_) | Doom::Listening(_) => home.preload.disarm(),
    }
    let mut gateway = home.spawns();
    let is_doomed = AtomicBool::new(false);
    let (kill, (tell, told)) = (gateway.killer(), channel());
    let listened = thread::scope(|scope| {
        let is_doomed = &is_doomed;
        scope.spawn(move || {
            doom.comes(&told, || {
                is_doomed.store(true, Ordering::SeqCst);
                kill();
            });
        });
        let listened = gateway.listens();
        if listened.is_ok() {
            tell.send(()).unwrap_or_default(); // Killed while it began to listen.
            let scene = Scene::new(home, &gateway, ledger);
            let end = lives(&scene, random).unwrap_err();
            let was_killed = is_doomed.load(Ordering::SeqCst) || home.preload.met() > 0;
            assert!(was_killed, "a connection of a living gateway ended ({end:?}, {doom:?}): {}", gateway.said());
        }
        gateway.was_killed();
        drop(tell);
        listened
    });
    assert_eq!(gateway.made_state_anew(), None, "the kill before this life cost the state");
    if let Err(said) = &listened {
        let was_killed = is_doomed.load(Ordering::SeqCst) || home.preload.met() > 0;
        assert!(was_killed, "the gateway did not start ({doom:?}): {said}");
    }
    home.preload.disarm();
    listened.is_ok()
}

/// What partners do until it is dead.
fn lives(scene: &Scene<'_>, random: &mut Random) -> Result<(), End> {
    scene.each_partner(random, |partner, random| {
        scene.takes_what_waits(partner)?;
        scene.catches_up(partner, SAMPLE, random)?;
        let answered = scene.ledger.lock().unwrap().answered(partner);
        scene.contests(partner, &random.sample(&answered, CONTESTED))?;
        scene.lodges(partner, MORE, random)
    })
}

/// After everything: all answers are there, the same; nothing is skipped; journal and state agree; and a state made anew
/// says the same.
pub(crate) fn proves_everything(home: &Home, ledger: &Mutex<Ledger>, random: &mut Random) {
    home.preload.disarm();
    assert!(!answers_everything(home, ledger, random), "the state was made anew without a reason");
    agrees(&home.record());
    fs::remove_dir_all(home.record().join("state")).unwrap();
    assert!(answers_everything(home, ledger, random), "the state was gone and was not made anew");
}

/// One life in which everything is repeated, and an end in order. Says whether the state was made anew.
fn answers_everything(home: &Home, ledger: &Mutex<Ledger>, random: &mut Random) -> bool {
    let gateway = home.starts();
    let scene = Scene::new(home, &gateway, ledger);
    let done = scene.each_partner(random, |partner, random| {
        scene.takes_what_waits(partner)?;
        scene.catches_up(partner, usize::MAX, random)?;
        // A second time nothing waits any more.
        scene.catches_up(partner, SAMPLE, random)
    });
    assert_eq!(done, Ok(()), "{}", gateway.said());
    ledger.lock().unwrap().is_whole();
    gateway.is_ended();
    gateway.made_state_anew().is_some()
}
