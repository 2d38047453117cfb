//! `lodged store backup` and `restore`: there, and back again.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use lodged::store::{Store as _, last_backup};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::agreement::is_right;
use crate::store::{FRAME_BYTES, HEADER_BYTES, Ran, Store, declaration, options, record, run, run_with_files_of};

/// A backup of a store, and where to restore it.
struct Backup<'a> {
    store: &'a Store,
    path: PathBuf,
}

impl<'a> Backup<'a> {
    fn of(store: &'a Store) -> Self {
        Self { store, path: store.home().join("backup") }
    }

    fn tries(&self, more: &[&str]) -> Ran {
        self.store.tool(&[&["backup", self.path.to_str().unwrap()], more].concat())
    }

    #[track_caller]
    fn is_made(&self) -> Value {
        self.tries(&["--json"]).json()
    }

    fn copy(&self, number: u64) -> PathBuf {
        self.path.join(format!("segments/{number:08}.seg"))
    }

    fn tail(&self) -> PathBuf {
        let files = fs::read_dir(self.path.join("segments")).unwrap().map(|entry| entry.unwrap().path());
        let mut tails: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "tail")).collect();
        assert_eq!(tails.len(), 1, "{tails:?}");
        tails.remove(0)
    }

    fn tries_to_restore(&self, to: &Path) -> Ran {
        run(&["store", "restore", self.path.to_str().unwrap(), to.to_str().unwrap()])
    }

    /// What is restored is a store with these entries, on which a gateway goes on.
    #[track_caller]
    fn is_restored(&self, entries: u64) {
        let to = self.store.home().join("restored");
        self.tries_to_restore(&to).said(0, "the journal is whole and right");
        run(&["store", "check", "--store", to.to_str().unwrap()]).said(0, "nothing disagrees");
        let open = lodged::store::EmbeddedStore::open(options(&to)).unwrap();
        assert_eq!(open.summary().records, entries);
        assert!(Runtime::new().unwrap().block_on(open.record(declaration(1))).unwrap().is_repeat);
        Runtime::new().unwrap().block_on(record(&open, 9000..=9001));
        drop(open);
        run(&["store", "check", "--store", to.to_str().unwrap()]).said(0, "nothing disagrees");
        fs::remove_dir_all(to).unwrap();
    }

    /// It is refused with these words, and nothing is left behind.
    #[track_caller]
    fn is_not_restored(&self, words: &str) {
        let to = self.store.home().join("restored");
        self.tries_to_restore(&to).said(2, words);
        assert!(!to.exists());
        fs::create_dir(&to).unwrap();
        self.tries_to_restore(&to).said(2, words);
        assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
        fs::remove_dir(to).unwrap();
    }
}

fn writes(store: &Store, numbers: impl IntoIterator<Item = usize>) {
    let open = store.open();
    let runtime = Runtime::new().unwrap();
    runtime.block_on(record(&open, numbers));
    runtime.block_on(open.close()).unwrap();
}

#[test]
fn what_was_backed_up_is_restored() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    let report = backup.is_made();
    assert_eq!((&report["entries"], &report["was_half"]), (&json!(16), &json!(false)));
    assert_eq!((&report["copied_segments"], &report["kept_segments"]), (&json!(store.segments() - 1), &json!(0)));
    assert_eq!(report["chain"], is_right(&store)["chain"]);
    assert_eq!(fs::read(backup.copy(1)).unwrap(), fs::read(store.segment(1)).unwrap());
    backup.is_restored(16);
}

#[test]
fn the_record_knows_of_its_last_backup() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    assert_eq!(last_backup(&store.directory()).unwrap(), None);
    let report = backup.is_made();
    let noted = last_backup(&store.directory()).unwrap().unwrap();
    assert_eq!((json!(noted.made.to_string()), json!(noted.entries)), (report["made"].clone(), json!(16)));
    assert_eq!(report["not_noted"], Value::Null);
    // One that is not made changes nothing.
    writes(&store, 100..=112);
    let (path, directory) = (backup.path.to_str().unwrap(), store.directory());
    run_with_files_of(8, &["store", "backup", path, "--store", directory.to_str().unwrap()]).said(2, "cannot write ");
    assert_eq!(last_backup(&store.directory()).unwrap(), Some(noted));
    // One that cannot be noted is made.
    let blocked = store.directory().join("backed-up.new");
    fs::create_dir(&blocked).unwrap();
    backup.tries(&[]).said(0, "the record could not be told of this backup: cannot write ");
    assert_eq!(last_backup(&store.directory()).unwrap(), Some(noted));
    backup.is_restored(29);
    fs::remove_dir(blocked).unwrap();
    backup.is_made();
    assert_eq!(last_backup(&store.directory()).unwrap().unwrap().entries, 29);
}

#[test]
fn a_second_backup_copies_what_is_new() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    backup.is_made();
    let before = store.segments() - 1;
    writes(&store, 100..=112);
    let report = backup.is_made();
    assert_eq!((&report["kept_segments"], &report["entries"]), (&json!(before), &json!(29)));
    assert!(report["copied_segments"].as_u64() > Some(0));
    backup.tail();
    backup.is_restored(29);
}

#[test]
fn a_store_is_backed_up_while_it_is_written() {
    let store = Store::with(1);
    let (open, backup) = (store.open(), Backup::of(&store));
    thread::scope(|scope| {
        let writing = scope.spawn(|| Runtime::new().unwrap().block_on(record(&open, 100..=220)));
        while !writing.is_finished() {
            let entries = backup.is_made()["entries"].as_u64().unwrap();
            backup.is_restored(entries);
        }
        writing.join().unwrap();
    });
    assert_eq!(backup.is_made()["entries"], 126);
    backup.tries(&["--verify"]).said(0, "126");
}

#[test]
fn a_segment_without_a_seal_is_sealed_in_the_copy() {
    let store = Store::with(12);
    let seal = fs::read(store.seal(1)).unwrap();
    fs::remove_file(store.seal(1)).unwrap();
    let backup = Backup::of(&store);
    backup.is_made();
    assert_eq!(fs::read(backup.copy(1).with_extension("seal")).unwrap(), seal);
    assert_eq!(backup.is_made()["copied_segments"], 0);
    assert!(!store.seal(1).exists());
}

#[test]
fn a_damaged_copy_is_found_when_it_is_read_and_replaced() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    backup.is_made();
    Store::changes(&backup.copy(1), |bytes| bytes[3000] ^= 1);
    assert_eq!(backup.is_made()["replaced_segments"], 0);
    backup.is_not_restored("segment 1");
    backup.tries(&["--verify"]).said(0, "1 copy was damaged");
    backup.is_restored(16);
    Store::changes(&backup.copy(2), |bytes| bytes.truncate(100));
    assert_eq!(backup.is_made()["replaced_segments"], 1);
    backup.is_restored(16);
}

#[test]
fn damage_is_not_copied() {
    let store = Store::with(12);
    Store::changes(&store.segment(1), |bytes| bytes[HEADER_BYTES + FRAME_BYTES] ^= 1);
    let backup = Backup::of(&store);
    backup.tries(&[]).said(2, "it does not have the digest of its seal");
    assert!(!backup.copy(1).exists());
    backup.is_not_restored("half a backup: it has no manifest");
}

#[test]
fn a_backup_that_was_interrupted_is_half_and_the_next_one_goes_on() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    backup.is_made();
    fs::remove_file(backup.path.join("manifest")).unwrap();
    backup.is_not_restored("is half a backup: it has no manifest");
    let report = backup.is_made();
    assert_eq!((&report["was_half"], &report["copied_segments"]), (&json!(true), &json!(0)));
    backup.is_restored(16);
}

#[test]
fn an_interrupted_backup_leaves_the_one_before_it() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    backup.is_made();
    let (manifest, tail) = (fs::read(backup.path.join("manifest")).unwrap(), backup.tail());
    let bytes = fs::read(&tail).unwrap();
    writes(&store, 100..=112);
    backup.is_made();
    // As if it had ended before its manifest.
    fs::remove_file(backup.tail()).unwrap();
    fs::write(backup.path.join("manifest"), manifest).unwrap();
    fs::write(&tail, bytes).unwrap();
    fs::write(backup.path.join("segments/00000009.seg.new"), "half").unwrap();
    backup.is_restored(16);
    assert_eq!(backup.is_made()["copied_segments"], 0);
    assert!(!backup.path.join("segments/00000009.seg.new").exists());
    backup.is_restored(29);
}

#[test]
fn a_full_disk_leaves_what_was_there_before() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    backup.is_made();
    writes(&store, 100..=112);
    let (path, directory) = (backup.path.to_str().unwrap(), store.directory());
    let directory = directory.to_str().unwrap();
    run_with_files_of(8, &["store", "backup", path, "--store", directory]).said(2, "cannot write ");
    backup.is_restored(16);
    backup.is_made();
    let to = store.home().join("restored");
    run_with_files_of(8, &["store", "restore", path, to.to_str().unwrap()]).said(2, "cannot write ");
    assert!(!to.exists());
    backup.is_restored(29);
}

#[test]
fn half_a_backup_and_a_changed_one_are_not_restored() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    backup.is_made();
    let (tail, copy, manifest) = (backup.tail(), backup.copy(2), backup.path.join("manifest"));
    for (path, words) in [(&tail, "tail is missing"), (&copy, "00000002.seg is missing")] {
        let bytes = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        backup.is_not_restored(words);
        fs::write(path, bytes).unwrap();
    }
    for (path, words) in [(&tail, "digest of the manifest"), (&copy, "is not right"), (&manifest, "is no manifest")] {
        let bytes = fs::read(path).unwrap();
        Store::changes(path, |bytes| {
            let place = bytes.len() / 2;
            bytes[place] ^= 1;
        });
        backup.is_not_restored(words);
        fs::write(path, bytes).unwrap();
    }
    let seal = copy.with_extension("seal");
    let bytes = fs::read(&seal).unwrap();
    fs::remove_file(&seal).unwrap();
    backup.is_not_restored("it is not what its manifest says");
    fs::write(seal, bytes).unwrap();
    backup.is_restored(16);
}

#[test]
fn pieces_of_another_store_are_refused() {
    let (store, other) = (Store::with(12), Store::with(12));
    let (backup, foreign) = (Backup::of(&store), Backup::of(&other));
    backup.is_made();
    foreign.is_made();
    let path = backup.path.to_str().unwrap();
    other.tool(&["backup", path]).said(2, "holds a backup of store ");
    fs::copy(foreign.copy(2), backup.copy(2)).unwrap();
    fs::copy(foreign.copy(2).with_extension("seal"), backup.copy(2).with_extension("seal")).unwrap();
    backup.is_not_restored("segment 2: the file is no segment of this journal: store ");
    backup.tries(&[]).said(2, "holds a backup of store ");
}

#[test]
fn a_store_that_does_not_go_on_from_the_backup_is_refused() {
    let store = Store::with(12);
    let early = Backup { store: &store, path: store.home().join("early") };
    early.is_made();
    writes(&store, 100..=112);
    let late = Backup::of(&store);
    late.is_made();
    let restored = store.home().join("restored");
    early.tries_to_restore(&restored).said(0, "right");
    let back_up = || run(&["store", "backup", late.path.to_str().unwrap(), "--store", restored.to_str().unwrap()]);
    back_up().said(2, "it has entries up to 29, and the store has fewer");
    let open = lodged::store::EmbeddedStore::open(options(&restored)).unwrap();
    Runtime::new().unwrap().block_on(record(&open, 500..=530));
    drop(open);
    back_up().said(2, "entry 29 of it is not that of the store");
    late.is_restored_beside(29);
}

impl Backup<'_> {
    /// Restored to a directory of its own.
    #[track_caller]
    fn is_restored_beside(&self, entries: u64) {
        let to = self.store.home().join("beside");
        self.tries_to_restore(&to).said(0, &format!("entries   {entries} in "));
    }
}

#[test]
fn a_store_is_not_restored_over_anything() {
    let store = Store::with(2);
    let backup = Backup::of(&store);
    backup.is_made();
    let before = store.files();
    backup.tries_to_restore(&store.directory()).said(2, "is not empty; a store is restored into an empty directory");
    backup.tries_to_restore(&store.home().join("no/where")).said(2, "cannot create ");
    assert!(store.files() == before, "something was changed");
}

#[test]
fn what_a_killed_restore_left_behind_is_in_nobodys_way() {
    let store = Store::with(2);
    let backup = Backup::of(&store);
    backup.is_made();
    // What there is at each instant, in the order in which it is made.
    for (round, left) in [&[][..], &["lock"], &["lock", "journal.restoring/"], &["lock", "journal.restoring/", "acts/"]]
        .into_iter()
        .enumerate()
    {
        let to = store.home().join(format!("restored{round}"));
        fs::create_dir(&to).unwrap();
        for own in left {
            let path = to.join(own);
            if own.ends_with('/') { fs::create_dir(path) } else { fs::write(path, "") }.unwrap();
        }
        backup.tries_to_restore(&to).said(0, "the journal is whole and right");
    }
    let others = store.home().join("others");
    fs::create_dir(&others).unwrap();
    for name in ["lock", "letter"] {
        fs::write(others.join(name), "").unwrap();
    }
    backup.tries_to_restore(&others).said(2, "is not empty");
}

#[test]
fn what_is_no_backup_is_left_alone() {
    let store = Store::with(2);
    let home = store.home().join("letters");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("letter"), "Dear").unwrap();
    let letters = home.to_str().unwrap();
    store.tool(&["backup", letters]).said(2, "is no backup and not empty");
    run(&["store", "restore", letters, "x"]).said(2, "is no backup");
    run(&["store", "restore", "nowhere", "x"]).said(2, "cannot list nowhere");
    store.tool(&["backup", home.join("a/b").to_str().unwrap()]).said(2, "cannot ");
    let inside = store.directory().join("backup");
    store.tool(&["backup", inside.to_str().unwrap()]).said(2, "is in the store itself");
    assert!(!inside.exists());
    assert_eq!(fs::read_dir(home).unwrap().count(), 1);
}

#[test]
fn what_does_not_belong_in_a_backup_is_named() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    backup.is_made();
    let (first, second) = (backup.path.join("letter"), backup.path.join("notes"));
    fs::create_dir(&second).unwrap();
    fs::write(&first, "Dear").unwrap();
    backup.tries(&[]).said(2, "backup/letter is no part of the backup ");
    fs::remove_file(&first).unwrap();
    backup.tries(&[]).said(2, "move it away, and make the backup again");
    // One that was interrupted is a backup as well.
    fs::remove_file(backup.path.join("manifest")).unwrap();
    backup.tries(&[]).said(2, "backup/notes is no part of the backup ");
    fs::remove_dir(&second).unwrap();
    backup.is_made();
}

#[test]
fn the_root_of_a_disk_is_empty() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    let (kept, restored) = (backup.path.join("lost+found"), store.home().join("restored"));
    fs::create_dir_all(&kept).unwrap();
    backup.is_made();
    assert_eq!(backup.is_made()["copied_segments"], 0);
    fs::create_dir_all(restored.join("lost+found")).unwrap();
    // One that fails, one that was killed, and one that ends.
    let (path, to) = (backup.path.to_str().unwrap(), restored.to_str().unwrap());
    run_with_files_of(8, &["store", "restore", path, to]).said(2, "cannot write ");
    assert_eq!(fs::read_dir(&restored).unwrap().count(), 1, "something was left behind");
    fs::write(restored.join("lock"), "").unwrap();
    fs::create_dir(restored.join("journal.restoring")).unwrap();
    backup.tries_to_restore(&restored).said(0, "the journal is whole and right");
    run(&["store", "check", "--store", to]).said(0, "nothing disagrees");
    drop(lodged::store::EmbeddedStore::open(options(&restored)).unwrap());
    assert!(kept.exists() && restored.join("lost+found").exists());
}

/// The unit makes backups as the user of the record; by hand root makes one.
#[test]
fn a_backup_that_root_makes_of_anothers_record_is_noted_as_theirs() {
    let store = Store::with(2);
    let theirs = 12_345;
    // Only root may give files away; others cannot come into this.
    if chown(store.directory(), Some(theirs), Some(theirs)).is_err() {
        return;
    }
    let report = Backup::of(&store).is_made();
    assert_eq!(report["not_noted"], Value::Null);
    assert_eq!(last_backup(&store.directory()).unwrap().unwrap().entries, report["entries"].as_u64().unwrap());
    let owner = |path: &Path| (path.metadata().unwrap().uid(), path.metadata().unwrap().gid());
    let acts = store.directory().join("acts");
    let act = fs::read_dir(&acts).unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
    for path in [store.directory().join("backed-up"), acts, act] {
        assert_eq!(owner(&path), (theirs, theirs), "{}", path.display());
    }
}

/// Root makes the first one in a directory that is the gateway's user's, who makes the next.
#[test]
fn a_backup_that_root_makes_in_anothers_directory_is_theirs() {
    let store = Store::with(40);
    let backup = Backup::of(&store);
    let theirs = 12_345;
    fs::create_dir(&backup.path).unwrap();
    if chown(&backup.path, Some(theirs), Some(theirs)).is_err() {
        return;
    }
    backup.is_made();
    for path in [backup.path.join("lock"), backup.path.join("manifest"), backup.path.join("segments"), backup.tail()] {
        assert_eq!(path.metadata().unwrap().uid(), theirs, "{}", path.display());
    }
}

/// Two stores are backed up into one directory at one time, and one waits for the other.
#[test]
fn a_backup_that_was_made_meanwhile_is_not_overwritten() {
    let (store, other) = (Store::with(2), Store::with(2));
    let (backup, foreign) = (Backup::of(&store), Backup::of(&other));
    foreign.is_made();
    fs::create_dir_all(backup.path.join("segments")).unwrap();
    let lock = File::create(backup.path.join("lock")).unwrap();
    lock.lock().unwrap();
    let refused = thread::scope(|scope| {
        let waiting = scope.spawn(|| backup.tries(&[]));
        thread::sleep(Duration::from_millis(100));
        for file in ["manifest", foreign.tail().strip_prefix(&foreign.path).unwrap().to_str().unwrap()] {
            fs::copy(foreign.path.join(file), backup.path.join(file)).unwrap();
        }
        drop(lock);
        waiting.join().unwrap()
    });
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let manifests = [&backup, &foreign].map(|backup| fs::read_to_string(backup.path.join("manifest")).unwrap());
    assert_eq!(manifests[0], manifests[1]);
}

#[test]
fn nothing_is_put_into_a_store_or_a_backup() {
    let (store, other) = (Store::with(2), Store::with(2));
    let (backup, foreign) = (Backup::of(&store), Backup::of(&other));
    backup.is_made();
    foreign.is_made();
    let before = store.files();
    for (place, is) in [
        ("record/inner", "record, which is a store"),
        ("record/journal/inner", "record, which is a store"),
        ("backup/inner", "backup, which is a backup"),
        ("backup/segments/inner", "backup, which is a backup"),
    ] {
        let to = store.home().join(place);
        backup.tries_to_restore(&to).said(2, is);
        foreign.tries_to_restore(&to).said(2, "name a directory outside of it");
        other.tool(&["backup", to.to_str().unwrap()]).said(2, is);
    }
    store.tool(&["backup", backup.path.join("inner").to_str().unwrap()]).said(2, "backup, which is a backup");
    assert!(store.files() == before, "something was changed");
}

/// What is restored of a record from whose front so much was dropped is one on which a gateway goes on.
#[track_caller]
fn is_restored_without(backup: &Backup<'_>, dropped: u64, entries: u64) {
    let to = backup.store.home().join("restored");
    backup.tries_to_restore(&to).said(0, "the journal is whole and right");
    let check = || run(&["store", "check", "--store", to.to_str().unwrap()]);
    check().said(0, &format!("the first {dropped} entries, older than the record is kept"));
    let open = lodged::store::EmbeddedStore::open(options(&to)).unwrap();
    assert_eq!((open.first().0, open.summary().records), (dropped + 1, entries));
    Runtime::new().unwrap().block_on(record(&open, 9000..=9001));
    drop(open);
    check().said(0, "nothing disagrees");
    fs::remove_dir_all(to).unwrap();
}

#[test]
fn a_backup_drops_what_the_record_dropped() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    let before = backup.is_made();
    let dropped = store.drops_what_is_full();
    writes(&store, 100..=112);
    let report = backup.is_made();
    assert_eq!(report["kept_segments"], json!(0), "{before} {report}");
    for number in 1..=dropped.segments {
        assert!(!backup.copy(number).exists() && !backup.copy(number).with_extension("seal").exists());
    }
    assert!(backup.copy(dropped.segments + 1).exists());
    backup.tries(&["--verify"]).said(0, "right");
    is_restored_without(&backup, dropped.entries, report["entries"].as_u64().unwrap());
}

#[test]
fn a_first_backup_begins_where_the_record_begins() {
    let store = Store::with(12);
    let dropped = store.drops_what_is_full();
    let backup = Backup::of(&store);
    let report = backup.is_made();
    assert_eq!((&report["copied_segments"], &report["kept_segments"]), (&json!(0), &json!(0)));
    is_restored_without(&backup, dropped.entries, report["entries"].as_u64().unwrap());
    writes(&store, 100..=112);
    let report = backup.is_made();
    is_restored_without(&backup, dropped.entries, report["entries"].as_u64().unwrap());
}

#[test]
fn a_backup_that_ends_in_front_of_what_was_dropped_is_not_gone_on_with() {
    let store = Store::with(1);
    let backup = Backup::of(&store);
    backup.is_made();
    writes(&store, 100..=130);
    store.drops_what_is_full();
    backup.tries(&[]).said(2, "behind which the store dropped some more");
}

/// An interrupted one has segments in front of those that its manifest speaks of.
#[test]
fn what_is_left_of_what_was_dropped_is_not_restored() {
    let store = Store::with(12);
    let backup = Backup::of(&store);
    backup.is_made();
    let first = fs::read(backup.copy(1)).unwrap();
    let dropped = store.drops_what_is_full();
    let report = backup.is_made();
    fs::write(backup.copy(1), first).unwrap();
    is_restored_without(&backup, dropped.entries, report["entries"].as_u64().unwrap());
    backup.is_made();
    assert!(!backup.copy(1).exists());
}
