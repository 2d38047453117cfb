//! A disk that fails below the gateway, and a clock that jumps.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use lodged::clock::{Clock as _, SystemClock};

use crate::gateway::{Gateway, Home, LIMIT};
use crate::kills::proves_everything;
use crate::ledger::Ledger;
use crate::line::End;
use crate::load::Scene;
use crate::preload::{Effect, Fault, Operation};
use crate::random::Random;

/// How many answered interchanges of each partner are repeated after a fault.
const SAMPLE: usize = 12;

/// More than can be lodged before a fault.
const MORE: usize = 1_000_000;

/// What fails, and most operations before it.
const FAULTS: [(Operation, Effect, u64); 8] = [
    (Operation::SegmentWrite, Effect::Fails, 40),
    (Operation::SegmentWrite, Effect::HalfFails, 40),
    (Operation::SegmentFlush, Effect::Fails, 40),
    (Operation::SegmentFlush, Effect::FailsAndLoses, 40),
    (Operation::PreparedWrite, Effect::NoSpace, 1),
    (Operation::PreparedFlush, Effect::Fails, 2),
    (Operation::DirectoryFlush, Effect::Fails, 1),
    (Operation::StateWrite, Effect::Fails, 3),
];

#[test]
fn faults() {
    let mut random = Random::seeded("faults");
    let (home, ledger) = (Home::new(), Mutex::default());
    for (number, (operation, effect, most)) in FAULTS.into_iter().enumerate() {
        let countdown = 1 + random.below(most);
        let fault = Fault { operation, effect, countdown, is_lasting: effect == Effect::NoSpace };
        stops_and_starts(&home, &ledger, fault, &mut random, number % 2 == 0);
    }
    says_that_the_state_cannot_be_flushed(&home, &ledger, &mut random);
    does_not_start_on_a_journal_that_cannot_be_flushed(&home);
    goes_on_with_short_writes(&home, &ledger, &mut random);
    proves_everything(&home, &ledger, &mut random);
    let tally = ledger.into_inner().unwrap().tally;
    println!("faults: {} faults, {tally}, losses 0", FAULTS.len() + 3);
}

/// A life in which an operation fails under load, and what a life without the fault finds.
fn stops_and_starts(home: &Home, ledger: &Mutex<Ledger>, fault: Fault, random: &mut Random, is_killed: bool) {
    let gateway = home.starts();
    home.preload.arm(fault);
    let scene = Scene::new(home, &gateway, ledger);
    let loaded = scene.each_partner(random, |partner, random| scene.lodges(partner, MORE, random));
    assert_eq!(loaded, Err(End::Gone), "{fault:?}");
    assert!(home.preload.met() > 0, "connections ended before {fault:?}: {}", gateway.said());
    says_why(&gateway, fault);
    // Nothing is acknowledged any more, and the disk is not tried again.
    let again = scene.each_partner(random, |partner, _| scene.takes_what_waits(partner));
    assert_eq!(again, Err(End::Gone), "{fault:?}");
    if matches!(fault.operation, Operation::SegmentWrite | Operation::SegmentFlush) {
        assert_eq!(home.preload.touched_after(), (0, 0), "writes and flushes of segments after {fault:?}");
    }
    if is_killed {
        gateway.is_killed();
    } else {
        gateway.is_ended();
    }
    home.preload.disarm();
    has_everything(home, ledger, random, &format!("after {fault:?}"));
}

/// A life without a fault.
fn has_everything(home: &Home, ledger: &Mutex<Ledger>, random: &mut Random, what: &str) {
    let gateway = home.starts();
    let scene = Scene::new(home, &gateway, ledger);
    let done = scene.each_partner(random, |partner, random| {
        scene.takes_what_waits(partner)?;
        scene.catches_up(partner, SAMPLE, random)
    });
    assert_eq!(done, Ok(()), "{what}: {}", gateway.said());
    ledger.lock().unwrap().is_whole();
    gateway.is_ended();
}

/// `/readyz` says that nothing is taken, and why.
fn says_why(gateway: &Gateway, fault: Fault) {
    let begun = Instant::now();
    while !gateway.page("/readyz").contains(" 503 ") {
        assert!(begun.elapsed() < LIMIT, "the gateway is ready after {fault:?}: {}", gateway.page("/readyz"));
        thread::sleep(Duration::from_millis(10));
    }
    let page = gateway.page("/readyz");
    assert!(page.contains("the record is unavailable: "), "{page}");
    assert!(gateway.is_alive());
}

/// sled says nothing when its periodic flush fails. The checkpoint hears of it, says so, and has the state made again.
fn says_that_the_state_cannot_be_flushed(home: &Home, ledger: &Mutex<Ledger>, random: &mut Random) {
    let gateway = home.starts();
    let (operation, effect) = (Operation::StateFlush, Effect::FailsAndLoses);
    let fault = Fault { operation, effect, countdown: 1 + random.below(3), is_lasting: false };
    home.preload.arm(fault);
    let scene = Scene::new(home, &gateway, ledger);
    let loaded = scene.each_partner(random, |partner, random| scene.lodges(partner, 20, random));
    let is_told = loaded == Err(End::Gone) && gateway.page("/readyz").contains(" 503 ");
    assert!(loaded == Ok(()) || is_told, "{loaded:?}: {}", gateway.said());
    let begun = Instant::now();
    while home.preload.met() == 0 {
        assert!(begun.elapsed() < LIMIT, "the state is not flushed: {}", gateway.said());
        thread::sleep(Duration::from_millis(10));
    }
    gateway.is_asked_to_end();
    assert!(gateway.said().contains("the record is unavailable: "), "{fault:?}: {}", gateway.said());
    home.preload.disarm();
    let gateway = home.starts();
    gateway.says("the disk could not keep all of the state");
    gateway.is_killed();
    has_everything(home, ledger, random, "after a flush of the state that failed");
}

fn does_not_start_on_a_journal_that_cannot_be_flushed(home: &Home) {
    let (operation, effect) = (Operation::SegmentFlush, Effect::Fails);
    home.preload.arm(Fault { operation, effect, countdown: 1, is_lasting: false });
    let said = home.spawns().listens().expect_err("it cannot know what is on the disk");
    assert!(said.contains("cannot flush"), "{said}");
    home.preload.disarm();
}

fn goes_on_with_short_writes(home: &Home, ledger: &Mutex<Ledger>, random: &mut Random) {
    let gateway = home.starts();
    home.preload.arm(Fault { operation: Operation::Any, effect: Effect::Half, countdown: 1, is_lasting: true });
    let scene = Scene::new(home, &gateway, ledger);
    let done = scene.each_partner(random, |partner, random| {
        scene.takes_what_waits(partner)?;
        scene.lodges(partner, 10, random)
    });
    assert_eq!(done, Ok(()), "{}", gateway.said());
    gateway.is_ended();
    home.preload.disarm();
}

/// How many answers are heard between two jumps of the clock.
const ANSWERS: usize = 200;

#[test]
fn clock() {
    let mut random = Random::seeded("clock");
    let (home, ledger) = (Home::new(), Mutex::default());
    let gateway = home.starts();
    let scene = Scene::new(&home, &gateway, &ledger);
    let midnight = seconds_to_midnight();
    thread::scope(|scope| {
        let loading =
            scope.spawn(|| scene.each_partner(&mut random, |partner, random| scene.lodges(partner, MORE, random)));
        // An hour back, over midnight, back over it by an hour, forward again, and another day.
        let jumps = [(-3600, 1), (midnight + 60, 2), (midnight - 3540, 2), (midnight + 120, 2), (midnight + 86_400, 3)];
        hears_some(&ledger, 1);
        for (seconds, days) in jumps {
            home.preload.set_clock(seconds);
            hears_some(&ledger, days);
        }
        gateway.is_killed();
        assert_eq!(loading.join().unwrap(), Err(End::Gone));
    });
    // The right time again, which is two days before the last number.
    home.preload.set_clock(0);
    proves_everything(&home, &ledger, &mut random);
    let ledger = ledger.into_inner().unwrap();
    assert!(ledger.days() >= 3, "numbers of {} days only", ledger.days());
    println!("clock: 6 jumps, {} days, {}, losses 0", ledger.days(), ledger.tally);
}

/// Waits for answers, until there are numbers of so many days among all.
fn hears_some(ledger: &Mutex<Ledger>, days: usize) {
    let begun = Instant::now();
    let enough = ledger.lock().unwrap().acknowledged() + ANSWERS;
    let has_heard = |ledger: &Ledger| ledger.acknowledged() >= enough && ledger.days() >= days;
    while !has_heard(&ledger.lock().unwrap()) {
        assert!(begun.elapsed() < LIMIT, "no {ANSWERS} answers with numbers of {days} days in {LIMIT:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn seconds_to_midnight() -> i64 {
    let now = SystemClock.now().to_zoned(TimeZone::get("America/Toronto").unwrap());
    let midnight = now.tomorrow().unwrap().start_of_day().unwrap();
    now.duration_until(&midnight).as_secs()
}
