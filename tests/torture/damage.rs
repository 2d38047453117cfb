//! Bits that flip, blocks that are lost, files that are gone, while no gateway looks: whatever it then says, it says no
//! other thing than before. What neither the start nor a read tells of, `lodged store check` tells, or it is of no consequence:
//! the byte was written anew since, or it lies where sled has nothing, and every key of the state holds what it should.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::agreement::Checked;
use crate::gateway::{Home, LIMIT, PARTNERS, copy};
use crate::ledger::Ledger;
use crate::load::Scene;
use crate::random::{Random, setting};

/// Flipped bits when nothing else is said.
const FLIPS: u64 = 8;

/// How many answered interchanges of each partner are repeated on a damaged record.
const SAMPLE: usize = 8;

/// A block of a disk.
const BLOCK: usize = 4096;

/// What a damage led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The start was refused, with words.
    Refused,
    /// The start said that the state cannot be used, and made it anew.
    Remade,
    /// It started, and some of what was asked was not answered, with words.
    Silent,
    /// Everything that was asked was answered.
    Answered,
}

/// Who told of flipped bits, and how often.
#[derive(Debug, Default)]
struct Told {
    /// The start, which was refused.
    refused: u64,
    /// The start, which made the state anew.
    remade: u64,
    /// A read.
    read: u64,
    /// `store check`.
    check: u64,
    /// Nobody: the byte, or its file, was written anew or removed by the start.
    written_anew: u64,
    /// Nobody: every key of the state holds what it should.
    unused: u64,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { refused, remade, read, check, written_anew, unused } = self;
        write!(
            f,
            "told by a start that was refused {refused}, by one that made the state anew {remade}, by a read {read}, by store \
             check {check}; written anew by the start {written_anew}, of no consequence for any key of the state {unused}"
        )
    }
}

#[test]
fn damage() {
    let mut random = Random::seeded("damage");
    let (home, ledger) = (Home::new(), Mutex::default());
    fills(&home, &ledger, &mut random);
    let (ledger, whole) = (ledger.into_inner().unwrap(), home.beside("whole"));
    copy(&home.record(), &whole);
    let trial = Trial { home: &home, whole: &whole, ledger: &ledger };
    trial.torn_block_is_refused(&mut random);
    trial.lost_states_are_made_anew(&mut random);
    trial.reading_again_tells_what_a_start_did_not_read(&mut random);
    let mut told = Told::default();
    let flips = setting("LODGED_TORTURE_FLIPS").unwrap_or(FLIPS);
    for _ in 0..flips {
        trial.flips_a_bit(&mut random, &mut told);
    }
    println!("damage: {flips} flipped bits: {told}; wrong answers 0");
}

/// A record of three segments, closed in order, some of its answers not confirmed.
fn fills(home: &Home, ledger: &Mutex<Ledger>, random: &mut Random) {
    let gateway = home.starts();
    let scene = Scene::new(home, &gateway, ledger);
    while !home.record().join("journal/00000003.seg").exists() {
        scene.each_partner(random, |partner, random| scene.lodges(partner, 10, random)).unwrap();
    }
    gateway.is_ended();
    let (gateway, all) = (home.starts(), usize::MAX);
    let scene = Scene::new(home, &gateway, ledger);
    let done = scene.each_partner(random, |partner, random| scene.catches_up(partner, all, random));
    assert_eq!(done, Ok(()));
    ledger.lock().unwrap().is_whole();
    scene.each_partner(random, |partner, random| scene.lodges(partner, 1, random)).unwrap();
    gateway.is_ended();
}

struct Trial<'a> {
    home: &'a Home,
    /// The record before anything was damaged.
    whole: &'a Path,
    /// What partners know of it.
    ledger: &'a Ledger,
}

impl Trial<'_> {
    /// The record as it was, and what partners know of it.
    fn restores(&self) -> Mutex<Ledger> {
        fs::remove_dir_all(self.home.record()).unwrap();
        copy(self.whole, &self.home.record());
        Mutex::new(self.ledger.clone())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.record().join(name)
    }

    /// Starts on the record as it is, and asks.
    fn asks(&self, ledger: &Mutex<Ledger>, random: &mut Random, what: &str) -> Outcome {
        let mut gateway = self.home.spawns();
        if let Err(said) = gateway.listens() {
            let is_told = said.contains("journal") || said.contains("state") || said.contains("watermark");
            assert!(is_told, "{what}: refused without a reason: {said}");
            return Outcome::Refused;
        }
        let scene = Scene::new(self.home, &gateway, ledger);
        let mut unanswered = 0;
        for partner in 0..PARTNERS {
            unanswered += usize::from(scene.takes_what_waits(partner).is_err());
            let references = random.sample(&self.ledger.answered(partner), SAMPLE);
            if scene.repeats(partner, &references).is_err() {
                // One of them ended the connection; what is said of the others?
                let failed = references.iter().filter(|reference| scene.repeats(partner, &[**reference]).is_err());
                unanswered += failed.count();
            }
        }
        gateway.is_killed();
        let said = gateway.said();
        ledger.lock().unwrap().holds_after(what);
        assert!(unanswered == 0 || said.contains("unavailable"), "{what}: silent without a reason: {said}");
        if unanswered > 0 {
            Outcome::Silent
        } else if gateway.made_state_anew().is_some() {
            Outcome::Remade
        } else {
            Outcome::Answered
        }
    }

    /// Everything is as it was, once the damage is mended.
    fn is_well(&self, ledger: &Mutex<Ledger>, random: &mut Random, what: &str) {
        let gateway = self.home.starts();
        let scene = Scene::new(self.home, &gateway, ledger);
        let done = scene.each_partner(random, |partner, random| {
            scene.takes_what_waits(partner)?;
            scene.catches_up(partner, SAMPLE, random)
        });
        assert_eq!(done, Ok(()), "{what}: {}", gateway.said());
        ledger.lock().unwrap().holds_after(what);
        gateway.is_killed();
    }

    /// A start reads the last segment and what the state may not hold; a running gateway reads the rest.
    fn reading_again_tells_what_a_start_did_not_read(&self, random: &mut Random) {
        let ledger = self.restores();
        let first = self.segments().remove(0);
        let mut bytes = fs::read(&first).unwrap();
        let middle = used(&bytes) / 2;
        bytes[middle] ^= 1;
        fs::write(&first, bytes).unwrap();
        let gateway = self.home.starts();
        gateway.says("the record is damaged");
        gateway.says("segment 1, byte ");
        let begun = Instant::now();
        let told = |line: &str| line.strip_prefix("lodged_store_disagreements ").is_some_and(|number| number != "0");
        let is_counted = |page: &str| page.lines().any(told);
        while !is_counted(&gateway.page("/metrics")) {
            assert!(begun.elapsed() < LIMIT, "nothing is counted: {}", gateway.page("/metrics"));
            thread::sleep(Duration::from_millis(10));
        }
        gateway.is_killed();
        fs::copy(self.whole.join("journal/00000001.seg"), &first).unwrap();
        self.is_well(&ledger, random, "after a segment was restored");
    }

    /// The last block of what was acknowledged is gone.
    fn torn_block_is_refused(&self, random: &mut Random) {
        let ledger = self.restores();
        let last = self.segments().pop().unwrap();
        let mut bytes = fs::read(&last).unwrap();
        let end = used(&bytes);
        bytes[(end - 1) / BLOCK * BLOCK..end].fill(0);
        fs::write(&last, bytes).unwrap();
        assert_eq!(self.asks(&ledger, random, "a torn last block"), Outcome::Refused);
    }

    /// Whatever becomes of the state, the journal has everything.
    fn lost_states_are_made_anew(&self, random: &mut Random) {
        let (state, watermark) = (self.path("state"), self.path("watermark"));
        let losses: [(&str, &dyn Fn()); 4] = [
            ("no state", &|| fs::remove_dir_all(&state).unwrap()),
            ("an empty state", &|| {
                fs::remove_dir_all(&state).unwrap();
                fs::create_dir(&state).unwrap();
            }),
            ("half a state", &|| {
                let database = fs::read(state.join("db")).unwrap();
                fs::write(state.join("db"), &database[..database.len() / 2]).unwrap();
            }),
            ("no watermark", &|| fs::remove_file(&watermark).unwrap()),
        ];
        for (what, lose) in losses {
            let ledger = self.restores();
            lose();
            self.is_well(&ledger, random, what);
        }
    }

    fn flips_a_bit(&self, random: &mut Random, told: &mut Told) {
        let ledger = self.restores();
        let path = self.victim(random);
        let mut bytes = fs::read(&path).unwrap();
        // Where nothing was written yet there is little to spoil.
        let end = if random.once_in(8) { bytes.len() } else { used(&bytes) };
        let (at, bit) = (random.index(end), random.below(8));
        bytes[at] ^= 1 << bit;
        fs::write(&path, &bytes).unwrap();
        let name = path.strip_prefix(self.home.record()).unwrap().to_owned();
        let what = format!("bit {bit} of byte {at} of {}", name.display());
        let outcome = self.asks(&ledger, random, &what);
        match outcome {
            Outcome::Refused => told.refused += 1,
            Outcome::Remade => told.remade += 1,
            Outcome::Silent => told.read += 1,
            Outcome::Answered => self.is_told_or_harmless(&path, at, bytes[at], &what, told),
        }
        if name.starts_with("state") {
            assert_ne!(outcome, Outcome::Refused, "{what}: the state is never the only copy");
            fs::remove_dir_all(self.path("state")).unwrap();
            self.is_well(&ledger, random, &what);
        } else if name.starts_with("journal") && !self.is_last(&path) {
            fs::copy(self.whole.join(&name), &path).unwrap();
            self.is_well(&ledger, random, &what);
        }
    }

    /// Neither the start nor a read told of this byte, which had become another: `store check` does, or nothing depends on it.
    fn is_told_or_harmless(&self, path: &Path, at: usize, flipped: u8, what: &str, told: &mut Told) {
        let checked = Checked::of(&self.home.record());
        if checked.tells() {
            told.check += 1;
            return;
        }
        // The journal is whole, and the state is what it makes.
        assert!(checked.agrees(), "{what}: {}", checked.said);
        if path.starts_with(self.path("state")) {
            told.unused += 1;
        } else {
            let is_there = fs::read(path).is_ok_and(|bytes| bytes.get(at) == Some(&flipped));
            assert!(!is_there, "{what}: nobody tells of it: {}", checked.said);
            told.written_anew += 1;
        }
    }

    /// A file of the record that is not empty, half of the time a segment.
    fn victim(&self, random: &mut Random) -> PathBuf {
        let segments = self.segments();
        if random.once_in(2) {
            return segments[random.index(segments.len())].clone();
        }
        let mut others: Vec<_> = [self.path(""), self.path("journal"), self.path("state")]
            .iter()
            .flat_map(|directory| fs::read_dir(directory).unwrap())
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file() && !segments.contains(path) && fs::metadata(path).unwrap().len() > 0)
            .collect();
        others.sort();
        others[random.index(others.len())].clone()
    }

    fn segments(&self) -> Vec<PathBuf> {
        let paths = fs::read_dir(self.path("journal")).unwrap().map(|entry| entry.unwrap().path());
        let mut segments: Vec<_> =
            paths.filter(|path| path.extension().is_some_and(|extension| extension == "seg")).collect();
        segments.sort();
        segments
    }

    fn is_last(&self, path: &Path) -> bool {
        self.segments().last().is_some_and(|last| last == path)
    }
}

/// Behind the last byte that is not zero.
fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(bytes.len(), |last| last + 1)
}
