//! Half a backup: of whatever is left of one, a restore makes the whole record that its manifest speaks of, or nothing; and
//! of a whole one everything that was acknowledged before it was made.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::agreement::agrees;
use crate::gateway::{Home, LIMIT, copy};
use crate::ledger::Ledger;
use crate::line::End;
use crate::load::Scene;
use crate::random::{Random, setting};

/// Random losses when nothing else is said.
const HALVES: u64 = 8;

/// Backups, and restores, that are killed at a random instant.
const KILLS: usize = 3;

/// More than can be lodged meanwhile.
const MORE: usize = 1_000_000;

/// A block of a disk.
const BLOCK: usize = 4096;

#[test]
fn halves() {
    let mut random = Random::seeded("halves");
    let (home, ledger) = (Home::new(), Mutex::default());
    let (early, whole) = (home.beside("backup-early"), home.beside("backup"));
    let before = backs_up_under_load(&home, &ledger, (&early, &whole), &mut random);
    let trial = Trial { home: &home, whole: &whole, early: &early };
    let halves = setting("LODGED_TORTURE_HALVES").unwrap_or(HALVES);
    let refused = (0..halves).filter(|_| trial.loses_something(&mut random)).count();
    trial.manifests_and_segments_of_different_backups();
    trial.restores_are_killed(&mut random);
    fs::remove_dir_all(home.record()).unwrap();
    let restored = restores(&whole, &home.record());
    assert!(restored.status.success(), "{restored:?}");
    let ledger = Mutex::new(ledger.into_inner().unwrap().restored(&before));
    has_everything(&home, &ledger, &mut random);
    println!(
        "halves: {halves} random losses, {refused} of them refused and the others without a consequence, {KILLS} killed \
         backups, {KILLS} killed restores; {} acknowledgements in the backup, losses 0",
        before.acknowledged()
    );
}

/// An early backup and a later one, made while partners load the gateway; between them some that are killed. What partners
/// knew right before the later one.
fn backs_up_under_load(
    home: &Home,
    ledger: &Mutex<Ledger>,
    (early, whole): (&Path, &Path),
    random: &mut Random,
) -> Ledger {
    let gateway = home.starts();
    let scene = Scene::new(home, &gateway, ledger);
    let mut loading = random.fork();
    thread::scope(|scope| {
        let loading = scope
            .spawn(move || scene.each_partner(&mut loading, |partner, random| scene.lodges(partner, MORE, random)));
        reaches_segment(home, 2);
        let begun = Instant::now();
        backs_up(home, early);
        let takes = begun.elapsed();
        copy(early, whole);
        backups_are_killed(home, whole, takes, random);
        reaches_segment(home, 3);
        let before = ledger.lock().unwrap().clone();
        backs_up(home, whole);
        gateway.is_killed();
        assert_eq!(loading.join().unwrap(), Err(End::Gone));
        before
    })
}

fn reaches_segment(home: &Home, number: u64) {
    let begun = Instant::now();
    while !home.record().join(format!("journal/{number:08}.seg")).exists() {
        assert!(begun.elapsed() < LIMIT, "the record does not reach segment {number}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Killed at any instant, a backup is the one before it, or the next one, and in no case half of any.
fn backups_are_killed(home: &Home, backup: &Path, takes: Duration, random: &mut Random) {
    let target = home.beside("restored");
    let mut entries = 0;
    for _ in 0..KILLS {
        is_killed(store("backup").arg(backup).arg("--store").arg(home.record()), takes, random);
        let restored = restores(backup, &target);
        assert!(restored.status.success(), "{restored:?}");
        let now = said(&restored, "entries");
        assert!(now >= entries, "the backup went back from entry {entries} to {now}");
        entries = now;
        fs::remove_dir_all(&target).unwrap();
    }
}

fn is_killed(command: &mut Command, takes: Duration, random: &mut Random) {
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let micros = u64::try_from(takes.as_micros()).unwrap().max(1);
    thread::sleep(Duration::from_micros(random.below(micros)));
    process.kill().unwrap(); // It may have ended before.
    process.wait().unwrap();
}

fn store(verb: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lodged"));
    command.args(["store", verb]).stdin(Stdio::null());
    command
}

fn backs_up(home: &Home, to: &Path) {
    let made = store("backup").arg(to).arg("--store").arg(home.record()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
}

fn restores(backup: &Path, to: &Path) -> Output {
    store("restore").args([backup, to]).arg("--json").output().unwrap()
}

/// A number in a document.
fn said(output: &Output, key: &str) -> u64 {
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    document[key].as_u64().unwrap()
}

/// Every file of a backup that counts.
fn files(backup: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = [backup.to_owned(), backup.join("segments")].into_iter().filter(|directory| directory.exists());
    let paths = paths.flat_map(|directory| fs::read_dir(directory).unwrap()).map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.is_file() && !path.ends_with("lock"));
    files.map(|path| (path.strip_prefix(backup).unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

struct Trial<'a> {
    home: &'a Home,
    whole: &'a Path,
    /// One of the same record, of an earlier moment.
    early: &'a Path,
}

impl Trial<'_> {
    fn target(&self) -> PathBuf {
        self.home.beside("restored")
    }

    /// A copy of the whole backup, to spoil.
    fn copied(&self) -> PathBuf {
        let half = self.home.beside("half");
        if half.exists() {
            fs::remove_dir_all(&half).unwrap();
        }
        copy(self.whole, &half);
        half
    }

    /// A random part of the backup is lost; says whether the restore was refused.
    fn loses_something(&self, random: &mut Random) -> bool {
        let half = self.copied();
        let names: Vec<_> = files(&half).into_keys().collect();
        let name = &names[random.index(names.len())];
        let (path, bytes) = (half.join(name), fs::read(half.join(name)).unwrap());
        let at = random.index(bytes.len());
        let what = match random.below(5) {
            0 => {
                fs::remove_file(&path).unwrap();
                format!("{} is gone", name.display())
            }
            1 => {
                fs::write(&path, &bytes[..at]).unwrap();
                format!("{} ends at byte {at}", name.display())
            }
            2 => {
                let (mut bytes, from) = (bytes.clone(), at / BLOCK * BLOCK);
                let end = bytes.len().min(from + BLOCK);
                bytes[from..end].fill(0);
                fs::write(&path, bytes).unwrap();
                format!("the block of byte {at} of {} is lost", name.display())
            }
            3 => {
                let (mut bytes, bit) = (bytes.clone(), random.below(8));
                bytes[at] ^= 1 << bit;
                fs::write(&path, bytes).unwrap();
                format!("bit {bit} of byte {at} of {} is flipped", name.display())
            }
            _ => {
                let lost: Vec<_> = names.iter().filter(|_| random.once_in(2)).collect();
                lost.iter().for_each(|name| fs::remove_file(half.join(name)).unwrap());
                format!("{lost:?} are gone")
            }
        };
        let is_whole = files(&half) == files(self.whole);
        if is_whole {
            self.is_restored(&half, self.whole, &what);
        } else {
            self.is_refused(&half, &what);
        }
        !is_whole
    }

    /// The manifest says what belongs together.
    fn manifests_and_segments_of_different_backups(&self) {
        let half = self.copied();
        fs::copy(self.early.join("manifest"), half.join("manifest")).unwrap();
        self.is_refused(&half, "an old manifest with new segments");
        // As if the later one had been interrupted right before its manifest.
        for (name, bytes) in files(self.early) {
            fs::write(half.join(name), bytes).unwrap();
        }
        self.is_restored(&half, self.early, "an old manifest with everything that it speaks of");
        let half = self.copied();
        fs::remove_dir_all(half.join("segments")).unwrap();
        copy(&self.early.join("segments"), &half.join("segments"));
        self.is_refused(&half, "a new manifest with old segments");
    }

    /// A restore makes the record that a whole backup is of.
    fn is_restored(&self, half: &Path, whole: &Path, what: &str) {
        let (restored, expected) = (restores(half, &self.target()), self.home.beside("expected"));
        assert!(restored.status.success(), "{what}: {restored:?}");
        assert!(restores(whole, &expected).status.success());
        let journal = |record: &Path| files(&record.join("journal"));
        assert!(journal(&self.target()) == journal(&expected), "{what}: another record was restored");
        fs::remove_dir_all(self.target()).unwrap();
        fs::remove_dir_all(expected).unwrap();
    }

    /// A restore says what is wrong and leaves nothing behind, whether the directory was there or not.
    fn is_refused(&self, half: &Path, what: &str) {
        let (before, target) = (files(half), self.target());
        for is_there in [false, true] {
            if is_there {
                fs::create_dir(&target).unwrap();
            }
            let refused = restores(half, &target);
            let words = String::from_utf8_lossy(&refused.stderr);
            assert_eq!(refused.status.code(), Some(2), "{what}: {refused:?}");
            assert!(words.starts_with("lodged: ") && words.contains(half.to_str().unwrap()), "{what}: {words}");
            assert_eq!(target.exists(), is_there, "{what}");
        }
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0, "{what}: something was left behind");
        fs::remove_dir(&target).unwrap();
        assert!(files(half) == before, "{what}: the backup was changed");
    }

    /// Killed at any instant, a restore has made the whole record, or none that a start would take for one; and the next
    /// one makes it.
    fn restores_are_killed(&self, random: &mut Random) {
        let target = self.target();
        let begun = Instant::now();
        assert!(restores(self.whole, &target).status.success());
        let takes = begun.elapsed();
        for _ in 0..KILLS {
            fs::remove_dir_all(&target).unwrap();
            is_killed(store("restore").args([self.whole, &target]), takes, random);
            if !target.join("journal").exists() {
                if target.join("journal.restoring").exists() {
                    self.is_no_record(&target);
                }
                let restored = restores(self.whole, &target);
                assert!(restored.status.success(), "{restored:?}");
            }
            let checked = store("check").arg("--store").arg(&target).output().unwrap();
            assert!(checked.status.success(), "{checked:?}");
        }
        fs::remove_dir_all(target).unwrap();
    }

    /// No gateway starts on half a restore.
    fn is_no_record(&self, target: &Path) {
        let settings = fs::read_to_string(self.home.settings()).unwrap();
        let elsewhere = self.home.settings().with_file_name("elsewhere.toml");
        let directory = format!("directory = {target:?}");
        fs::write(&elsewhere, settings.replace("directory = \"record\"", &directory)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lodged"));
        let started = command.args(["serve", "--config"]).arg(elsewhere).stdin(Stdio::null()).output().unwrap();
        let words = String::from_utf8_lossy(&started.stderr);
        assert_eq!(started.status.code(), Some(2), "{words}");
        assert!(words.contains("holds a restore that was not finished"), "{words}");
    }
}

/// The restored record has everything that was acknowledged before the backup, takes what came later anew, and skips no
/// number.
fn has_everything(home: &Home, ledger: &Mutex<Ledger>, random: &mut Random) {
    let gateway = home.starts();
    let scene = Scene::new(home, &gateway, ledger);
    let done = scene.each_partner(random, |partner, random| {
        scene.takes_what_waits(partner)?;
        scene.catches_up(partner, usize::MAX, random)
    });
    assert_eq!(done, Ok(()), "{}", gateway.said());
    ledger.lock().unwrap().is_whole();
    gateway.is_ended();
    agrees(&home.record());
}
