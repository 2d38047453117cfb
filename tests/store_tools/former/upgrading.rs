//! Former stores, looked at, opened and carried about by this version: nothing that was told is another thing now.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lodged::identifier::{ProofForm, ProofOfReportNumber, RecordNumber};
use lodged::partner::PartnerId;
use lodged::record::AnswerReference;
use lodged::store::{EmbeddedStore, OpenTrouble, Store as _};
use serde_json::Value;
use tempfile::TempDir;

use super::telling::{Teller, partners, short_segments};
use super::told::{Told, bytes, counted, folder, text};
use crate::house::{is_valid, one_line_declaration};
use crate::marker::marker;
use crate::store::{Ran, run};

/// A former store in a place of its own.
struct Former {
    format: u32,
    told: Told,
    home: TempDir,
}

/// One of every format that is kept; of those before this one none may be missing.
fn formers() -> impl Iterator<Item = Former> {
    let is_needed = |format: &u32| *format < EmbeddedStore::FORMAT || folder(*format).exists();
    (1..=EmbeddedStore::FORMAT).filter(is_needed).map(Former::of)
}

impl Former {
    fn of(format: u32) -> Self {
        let former = Self { format, told: Told::of(format), home: tempfile::tempdir().unwrap() };
        former.is_as_it_was();
        former
    }

    fn record(&self) -> PathBuf {
        self.home.path().join("record")
    }

    fn is_as_it_was(&self) {
        if self.record().exists() {
            fs::remove_dir_all(self.record()).unwrap();
        }
        copy(&folder(self.format).join("record"), &self.record());
    }

    /// The format that a start upgrades it from.
    fn upgraded_from(&self) -> Option<u32> {
        Some(self.format).filter(|format| *format < EmbeddedStore::FORMAT)
    }

    fn opens(&self) -> EmbeddedStore {
        opens(&self.record())
    }

    fn tool(&self, arguments: &[&str]) -> Ran {
        let record = self.record();
        run(&[&["store"], arguments, &["--store", record.to_str().unwrap()]].concat())
    }

    /// The segments and seals that it had, and has.
    fn segments_stand(&self, record: &Path) {
        for (name, bytes) in files(&folder(self.format).join("record/journal")) {
            let is_there = fs::read(record.join("journal").join(&name)).is_ok_and(|there| there == bytes);
            assert!(is_there || name.ends_with("next.new"), "{} is another one", name.display());
        }
    }

    /// Everything that was told is told again, and asked for in every way.
    async fn stands(&self, teller: &mut Teller) {
        let (told, partners) = (&self.told, partners());
        for partner in &partners {
            assert_eq!(teller.waiting(partner).await, told.waiting[partner.id.as_str()]);
        }
        assert_eq!(teller.acts().await, told.acts);
        for came in told.came.iter().filter(|came| came.entry.is_some()) {
            let partner = partners.iter().find(|partner| partner.id.as_str() == came.partner).unwrap();
            let again = teller.tells(partner, &bytes(&came.bytes)).await;
            let (answers, proofs) = (&again.answers, &again.proofs);
            assert!(again.is_repeat, "{}", came.bytes);
            assert_eq!((again.entry, answers, proofs), (came.entry, &came.answers, &came.proofs));
            answers.iter().for_each(|answer| is_valid(&bytes(answer)));
            let number = RecordNumber(came.entry.unwrap());
            let store = teller.gateway.store();
            if !came.is_repeat {
                assert_eq!(text(&store.delivery(number).await.unwrap().unwrap().bytes), came.bytes);
            }
            for proof in &came.proofs {
                let mut readings = ProofOfReportNumber::readings(proof);
                readings.retain(|proof| proof.form == ProofForm::Cers);
                let report = store.report(&readings[0]).await.unwrap().unwrap();
                assert_eq!(report.number, number, "{proof}");
            }
        }
    }

    /// The answers that wait are those that were given, byte for byte.
    async fn answers_wait(&self, teller: &Teller) {
        for (partner, references) in &self.told.waiting {
            let partner = PartnerId::new(partner).unwrap();
            let waiting = teller.gateway.waiting(&partner, usize::MAX, HashSet::new()).await.unwrap();
            let given: HashSet<_> = self.told.came.iter().flat_map(|came| &came.answers).collect();
            assert_eq!(waiting.len(), references.len());
            assert!(waiting.iter().all(|reply| given.contains(&text(&reply.bytes))));
        }
    }

    /// The next number and the next answer follow the last ones.
    async fn goes_on(&self, teller: &mut Teller, number: usize) {
        let [acme, _] = partners();
        let last = AnswerReference(teller.waiting(&acme).await.pop().unwrap());
        let sequence = self.last_sequence(teller);
        let came = teller.tells(&acme, &one_line_declaration(number)).await.clone();
        assert_eq!(came.proofs, [format!("AB123420261121{}", sequence + 1)]);
        let waiting = teller.waiting(&acme).await;
        assert!(waiting.ends_with(&[last.0 + 1, last.0 + 2]), "{waiting:?}");
    }

    /// What the last number ended with that was given.
    fn last_sequence(&self, teller: &Teller) -> u64 {
        let told = teller.came.iter().chain(&self.told.came).flat_map(|came| &came.proofs);
        told.filter_map(|proof| proof.strip_prefix("AB123420261121")?.parse().ok()).max().unwrap()
    }

    /// The tools count what was counted; kinds of keys that came later are empty.
    fn is_counted(&self, record: &Path) {
        let now = counted(record);
        for (name, then) in &self.told.counted {
            match then.as_array() {
                Some(kinds) => assert!(kinds.iter().all(|kind| has(&now[name], kind)), "{name}: {now:#?}"),
                None => assert_eq!(now[name], *then, "{name}"),
            }
        }
    }
}

fn has(all: &Value, one: &Value) -> bool {
    all.as_array().is_some_and(|all| all.contains(one))
}

fn opens(record: &Path) -> EmbeddedStore {
    // A process that another test starts has our files open for the moment before it becomes another program.
    let mut tries = (0..100).map(|_| EmbeddedStore::open(short_segments(record)));
    tries.find(|opened| !matches!(opened, Err(OpenTrouble::InUse(_)))).unwrap().unwrap()
}

/// For nobody else, whatever the checkout says.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(directory).into_iter().map(|entry| entry.unwrap().into_path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.strip_prefix(directory).unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

#[tokio::test]
async fn everything_that_was_told_stands_and_numbers_go_on() {
    for former in formers() {
        let store = former.opens();
        let summary = store.summary().clone();
        assert_eq!((summary.upgraded_from, summary.rebuilt, summary.replayed), (former.upgraded_from(), None, 0));
        let mut teller = Teller::new(store);
        former.answers_wait(&teller).await;
        former.stands(&mut teller).await;
        former.goes_on(&mut teller, 9001).await;
        teller.gateway.store().close().await.unwrap();
        drop(teller);
        former.segments_stand(&former.record());
        former.tool(&["check"]).said(0, "nothing disagrees");

        let store = former.opens();
        assert_eq!((store.summary().upgraded_from, &store.summary().rebuilt), (None, &None));
        let mut teller = Teller::new(store);
        let [acme, _] = partners();
        assert!(teller.tells(&acme, &one_line_declaration(9001)).await.is_repeat);
        former.goes_on(&mut teller, 9002).await;
    }
}

/// The counters of what is dropped stand in an entry that the former version did not know.
#[tokio::test]
async fn a_former_store_is_dropped_from_and_gives_no_number_again() {
    for former in formers() {
        let store = former.opens();
        let dropped = store.prune("2060-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
        let first = store.first();
        assert!(dropped.segments > 1 && dropped.declarations > 1, "{dropped:?}");
        assert_eq!(first, RecordNumber(dropped.entries + 1));
        let (mut teller, [acme, _]) = (Teller::new(store), partners());
        let sequence = former.last_sequence(&teller);
        let came = teller.tells(&acme, &one_line_declaration(9001)).await.clone();
        assert_eq!(came.proofs, [format!("AB123420261121{}", sequence + 1)]);
        teller.gateway.store().close().await.unwrap();
        drop(teller);
        for (name, extension) in (1..=dropped.segments).flat_map(|number| [(number, "seg"), (number, "seal")]) {
            assert!(!former.record().join(format!("journal/{name:08}.{extension}")).exists());
        }
        former.tool(&["check"]).said(0, "nothing disagrees");
        former.tool(&["rebuild"]).said(0, "compared with the journal");
        let mut teller = Teller::new(former.opens());
        assert_eq!((teller.gateway.store().first(), teller.gateway.store().summary().upgraded_from), (first, None));
        assert_eq!(teller.gateway.store().delivery(RecordNumber(1)).await.unwrap(), None);
        assert!(teller.tells(&acme, &one_line_declaration(9001)).await.is_repeat);
    }
}

#[tokio::test]
async fn a_former_state_is_not_needed() {
    for former in formers() {
        fs::remove_dir_all(former.record().join("state")).unwrap();
        let mut teller = Teller::new(former.opens());
        assert!(teller.gateway.store().summary().rebuilt.is_some());
        former.stands(&mut teller).await;
        former.goes_on(&mut teller, 9001).await;
    }
}

#[test]
fn the_tools_read_a_former_store_and_leave_it_as_it_is() {
    for former in formers() {
        let before = files(&former.record());
        former.is_counted(&former.record());
        former.tool(&["check"]).said(0, &format!("; format {}\n", former.format));
        let exported = former.tool(&["export"]);
        let practice = former.tool(&["export", "--practice"]);
        let accepted = former.told.counted["declarations_accepted"].as_u64().unwrap();
        let lines = exported.out.lines().count() + practice.out.lines().count();
        assert_eq!(u64::try_from(lines).unwrap(), accepted);
        assert!(files(&former.record()) == before, "something was changed");
    }
}

#[tokio::test]
async fn a_former_store_is_rebuilt_and_compacted() {
    for former in formers() {
        for verb in ["rebuild", "compact"] {
            former.is_as_it_was();
            former.tool(&[verb]).said(0, "compared with the journal");
            former.segments_stand(&former.record());
            former.is_counted(&former.record());
        }
        former.stands(&mut Teller::new(former.opens())).await;
    }
}

#[tokio::test]
async fn a_backup_of_a_former_store_is_restored_and_goes_on_behind_an_upgrade() {
    for former in formers() {
        let (backup, restored) = (former.home.path().join("backup"), former.home.path().join("restored"));
        let back_up = |record: &Path| {
            run(&["store", "backup", backup.to_str().unwrap(), "--store", record.to_str().unwrap(), "--json"]).json()
        };
        let restore = || run(&["store", "restore", backup.to_str().unwrap(), restored.to_str().unwrap()]);
        back_up(&former.record());
        restore().said(0, "the journal is whole and right");
        former.segments_stand(&restored);
        let mut teller = Teller::new(opens(&restored));
        former.stands(&mut teller).await;
        former.goes_on(&mut teller, 9001).await;
        teller.gateway.store().close().await.unwrap();
        drop(teller);
        // What was backed up before is kept, the segment that was open then has become a sealed one.
        let report = back_up(&restored);
        assert_eq!(report["kept_segments"], former.told.counted["sealed_segments"]);
        assert!(report["copied_segments"].as_u64() <= Some(1), "{report:#}");
        fs::remove_dir_all(&restored).unwrap();
        restore().said(0, "the journal is whole and right");
        let [acme, _] = partners();
        assert!(Teller::new(opens(&restored)).tells(&acme, &one_line_declaration(9001)).await.is_repeat);
    }
}

#[tokio::test]
async fn a_standby_of_a_former_gateway_is_promoted() {
    for former in formers() {
        for name in ["state", "watermark"] {
            let path = former.record().join(name);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
        let counted = |name: &str| former.told.counted[name].clone();
        let text = marker(1, counted("store").as_str().unwrap(), counted("entries").as_u64().unwrap());
        fs::write(former.record().join("standby"), text).unwrap();
        run(&["store", "promote", former.record().to_str().unwrap()]).said(0, "the journal is whole and right");
        former.segments_stand(&former.record());
        former.is_counted(&former.record());
        let mut teller = Teller::new(former.opens());
        assert_eq!(teller.gateway.store().summary().upgraded_from, former.upgraded_from());
        former.stands(&mut teller).await;
        former.goes_on(&mut teller, 9001).await;
    }
}
