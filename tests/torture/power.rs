//! Power cuts: a loaded run is written down operation by operation, and gateways are started on what disks could have
//! kept of it at one point or another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::agreement::agrees;
use crate::gateway::Home;
use crate::ledger::{Ledger, Tally};
use crate::line::End;
use crate::load::Scene;
use crate::preload::{Effect, Fault, Operation};
use crate::random::{Random, setting};
use crate::replay::{Disk, Kept, Log};

/// Cuts when nothing else is said.
const CUTS: u64 = 20;

/// How many declarations each connection lodges in each of the two lives, in a short run and in a long one.
const SHORT: usize = 8;
const LONG: usize = 40;

#[test]
fn power_cuts() {
    let mut random = Random::seeded("power cuts");
    let cuts = setting("LODGED_TORTURE_CUTS").unwrap_or(CUTS);
    let mut home = Home::new();
    let ledger = writes_down(&mut home, if cuts > CUTS { LONG } else { SHORT }, &mut random);
    home.is_recorded = false;
    let log = Log::read(&home.log());
    misses_nothing(&home, &log, &mut random);

    let (mut disk, mut tally, mut checked) = (Disk::new(&log), Tally::default(), 0);
    let mut anew = BTreeMap::<_, u32>::new();
    let points = points(&log, cuts, &mut random);
    for (point, kept) in points.iter().zip([Kept::All, Kept::Nothing, Kept::Half].into_iter().cycle()) {
        disk.goes_on_to(*point);
        fs::remove_dir_all(home.record()).unwrap();
        disk.is_left(kept, &mut random, &home.record());
        let then = ledger.as_of(log.length_before(*point));
        checked += then.acknowledged();
        let (of_cut, made_anew) = stands(&home, then, &mut random, &format!("{kept:?} at record {point}"));
        tally.repeats += of_cut.repeats;
        tally.waiting += of_cut.waiting;
        if let Some(why) = made_anew {
            *anew.entry(why).or_default() += 1;
        }
    }
    println!(
        "power cuts: {cuts} cuts ({} kept all, {} nothing, {} half) in a run of {} operations and {} acknowledgements; \
         {checked} acknowledgements checked, {} repeats, {} waiting answers taken, state made anew {} times {anew:?}, failures 0",
        cuts.div_ceil(3),
        (cuts + 1) / 3,
        cuts / 3,
        log.records(),
        ledger.acknowledged(),
        tally.repeats,
        tally.waiting,
        anew.values().sum::<u32>()
    );
}

/// A life that ends by a kill in the middle of a load, and one that ends in order.
fn writes_down(home: &mut Home, count: usize, random: &mut Random) -> Ledger {
    home.is_recorded = true;
    let (home, ledger) = (&*home, Mutex::default());
    let gateway = home.starts();
    let scene = Scene::new(home, &gateway, &ledger);
    scene.each_partner(random, |partner, random| scene.lodges(partner, count, random)).unwrap();
    // At an operation, so that everything that happened is written down.
    let (operation, effect) = (Operation::SegmentFlush, Effect::DiesBefore);
    home.preload.arm(Fault { operation, effect, countdown: 3, is_lasting: false });
    let end = scene.each_partner(random, |partner, random| scene.lodges(partner, usize::MAX, random));
    assert_eq!(end, Err(End::Gone));
    gateway.was_killed();
    home.preload.disarm();

    let gateway = home.starts();
    let scene = Scene::new(home, &gateway, &ledger);
    let done = scene.each_partner(random, |partner, random| {
        scene.takes_what_waits(partner)?;
        scene.catches_up(partner, 5, random)?;
        scene.lodges(partner, count, random)
    });
    assert_eq!(done, Ok(()), "{}", gateway.said());
    gateway.is_ended();
    let ledger = ledger.into_inner().unwrap();
    ledger.holds();
    ledger
}

/// With everything kept, the disk at the end of the log is the one that is there.
fn misses_nothing(home: &Home, log: &Log, random: &mut Random) {
    let (mut disk, made) = (Disk::new(log), home.beside("made"));
    disk.goes_on_to(log.records());
    disk.is_left(Kept::All, random, &made);
    let (made, real) = (files(&made), files(&home.record()));
    assert_eq!(made.keys().collect::<Vec<_>>(), real.keys().collect::<Vec<_>>(), "names in the log and on the disk");
    for (name, path) in &made {
        let is_same = path.is_dir() || fs::read(path).unwrap() == fs::read(&real[name]).unwrap();
        assert!(is_same, "{} is not what was written down", name.display());
    }
}

fn files(top: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let entries = walkdir::WalkDir::new(top).into_iter().map(|entry| entry.unwrap().into_path());
    entries.map(|path| (path.strip_prefix(top).unwrap().to_owned(), path)).collect()
}

/// Where the power is cut, in order: every other time where names, lengths or flushes are near.
fn points(log: &Log, cuts: u64, random: &mut Random) -> Vec<usize> {
    let turns = log.turns();
    let mut points: Vec<usize> = (0..cuts)
        .map(|cut| match cut % 2 {
            0 => random.index(log.records() + 1),
            _ => (turns[random.index(turns.len())] + random.index(2)).min(log.records()),
        })
        .collect();
    points.sort_unstable();
    points
}

/// The gateway starts on what is left; everything that was acknowledged is there and waits or comes again, and what is
/// lodged anew gets the numbers that follow.
fn stands(home: &Home, then: Ledger, random: &mut Random, what: &str) -> (Tally, Option<String>) {
    let ledger = Mutex::new(then);
    let mut gateway = home.spawns();
    if let Err(said) = gateway.listens() {
        panic!("after a cut ({what}) the gateway does not start: {said}");
    }
    let scene = Scene::new(home, &gateway, &ledger);
    let done = scene.each_partner(random, |partner, random| {
        scene.takes_what_waits(partner)?;
        scene.catches_up(partner, usize::MAX, random)
    });
    assert_eq!(done, Ok(()), "after a cut ({what}): {}", gateway.said());
    gateway.is_killed();
    let ledger = ledger.into_inner().unwrap();
    ledger.holds_after(what);
    ledger.is_whole();
    agrees(&home.record());
    (ledger.tally, gateway.made_state_anew())
}
