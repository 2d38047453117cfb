//! What a later version left is refused by everything, in words, and nothing of it is changed: not a byte, not a name, not a
//! time.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use lodged::store::EmbeddedStore;

use crate::keys::Keys;
use crate::marker::{marker, sha256, signed};
use crate::store::{HEADER_BYTES, Store, run};

const WORDS: &str = "has a format that this version does not know; use the version that wrote it, or a later one";

/// Everything that can be told of a file.
type Told = (PathBuf, u32, u64, (i64, i64), (i64, i64), Vec<u8>);

fn everything_below(directory: &Path) -> Vec<Told> {
    let entries = walkdir::WalkDir::new(directory).sort_by_file_name().into_iter();
    let tell = |path: PathBuf| {
        let data = fs::symlink_metadata(&path).unwrap();
        let bytes = if data.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        let (modified, changed) = ((data.mtime(), data.mtime_nsec()), (data.ctime(), data.ctime_nsec()));
        (path, data.mode(), data.len(), modified, changed, bytes)
    };
    entries.map(|entry| tell(entry.unwrap().into_path())).collect()
}

/// A home in which something of a later version lies, and what is in it.
struct Newer {
    store: Store,
    before: Vec<Told>,
}

impl Newer {
    /// With this change, by which it becomes one of a later version.
    fn by(change: impl FnOnce(&Store)) -> Self {
        let store = Store::with(12);
        fs::create_dir(store.home().join("partners")).unwrap();
        Keys::mint(store.home(), "gateway");
        Keys::mint(&store.home().join("partners"), "acme");
        let settings = "[tls]\nlisten = \"127.0.0.1:0\"\ncertificate = \"gateway.pem\"\nprivate_key = \"gateway.key\"\n\
                        [watch]\nlisten = \"127.0.0.1:0\"\n[store]\ndirectory = \"record\"\n";
        fs::write(store.home().join("lodged.toml"), settings).unwrap();
        change(&store);
        let before = everything_below(store.home());
        Self { store, before }
    }

    fn path(&self, name: &str) -> String {
        self.store.home().join(name).to_str().unwrap().to_owned()
    }

    /// It is refused with exit code 2 and these words, and everything is as it was.
    #[track_caller]
    fn refuses(&self, arguments: &[&str], words: &str) {
        let ran = run(arguments);
        assert!(everything_below(self.store.home()) == self.before, "{arguments:?} changed something: {ran:?}");
        ran.said(2, words);
    }

    #[track_caller]
    fn refuses_to_serve(&self) {
        self.refuses(&["serve", "--config", &self.path("lodged.toml")], WORDS);
    }
}

/// Makes a segment one of the next format.
fn raise(segment: &Path) {
    Store::changes(segment, |bytes| {
        bytes[8..12].copy_from_slice(&(EmbeddedStore::FORMAT + 1).to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..HEADER_BYTES - 4]);
        bytes[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
    });
}

/// As an upgrade leaves a store.
fn raise_last(store: &Store) {
    raise(&store.segment(store.segments()));
}

fn raise_first(store: &Store) {
    raise(&store.segment(1));
}

#[test]
fn a_store_of_a_later_version_is_refused_by_everything() {
    for raise in [raise_last as fn(&Store), raise_first] {
        let newer = Newer::by(|store| {
            raise(store);
            // Whatever a later version, or a hand that copied it, left or not.
            fs::write(store.directory().join("journal/next.new"), "half a segment").unwrap();
            fs::remove_file(store.directory().join("lock")).unwrap();
        });
        let record = newer.path("record");
        newer.refuses_to_serve();
        for verb in ["check", "stats", "export", "rebuild", "compact"] {
            newer.refuses(&["store", verb, "--store", &record], WORDS);
        }
        newer.refuses(&["store", "backup", &newer.path("backup"), "--store", &record], WORDS);
        newer.refuses(&["store", "follow", &record, "--socket", &newer.path("none")], WORDS);
        newer.refuses(&["store", "promote", &record], WORDS);
    }
}

/// A backup beside the store.
fn back_up(store: &Store) -> PathBuf {
    let backup = store.home().join("backup");
    store.tool(&["backup", backup.to_str().unwrap()]).said(0, "read back and is right");
    backup
}

/// Changes the manifest, and puts it under its digest again.
fn change_manifest(backup: &Path, change: impl FnOnce(&str) -> String) {
    let manifest = backup.join("manifest");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(manifest, signed(&change(text.split_at(text.find("sha256 ").unwrap()).0))).unwrap();
}

#[test]
fn a_backup_of_a_later_version_is_neither_restored_nor_continued() {
    let manifest = |backup: &Path| change_manifest(backup, |lines| lines.replace("backup 1", "backup 2"));
    let segment = |backup: &Path| raise(&backup.join("segments/00000001.seg"));
    for change in [&manifest as &dyn Fn(&Path), &segment] {
        let newer = Newer::by(|store| {
            change(&back_up(store));
            fs::create_dir(store.home().join("empty")).unwrap();
        });
        let (backup, empty) = (newer.path("backup"), newer.path("empty"));
        newer.refuses(&["store", "restore", &backup, &newer.path("restored")], WORDS);
        newer.refuses(&["store", "backup", &backup, "--store", &newer.path("record")], WORDS);
        newer.refuses(&["store", "restore", &backup, &empty], WORDS);
    }
}

#[test]
fn the_open_segment_in_a_backup_has_a_format_too() {
    let newer = Newer::by(|store| {
        let backup = back_up(store);
        let files = fs::read_dir(backup.join("segments")).unwrap().map(|entry| entry.unwrap().path());
        let tail = files.into_iter().find(|path| path.extension().is_some_and(|end| end == "tail")).unwrap();
        raise(&tail);
        let digits = sha256(&fs::read(&tail).unwrap());
        change_manifest(&backup, |lines| {
            let kept = lines.lines().filter(|line| !line.starts_with("tail ")).map(|line| format!("{line}\n"));
            format!("{}tail {digits}\n", kept.collect::<String>())
        });
    });
    newer.refuses(&["store", "restore", &newer.path("backup"), &newer.path("restored")], WORDS);
}

/// Makes a standby of the store itself: it has the same segments.
fn make_standby(store: &Store, version: u32) {
    let report = store.json("stats");
    let (name, entries) = (report["store"].as_str().unwrap(), report["entries"].as_u64().unwrap());
    fs::write(store.directory().join("standby"), marker(version, name, entries)).unwrap();
}

#[test]
fn a_standby_of_a_later_version_is_neither_followed_nor_promoted() {
    let by_marker = Newer::by(|store| {
        make_standby(store, 2);
        fs::remove_file(store.directory().join("lock")).unwrap();
    });
    let by_segment = Newer::by(|store| {
        make_standby(store, 1);
        raise(&store.segment(store.segments()));
        fs::remove_file(store.directory().join("lock")).unwrap();
    });
    for newer in [by_marker, by_segment] {
        let standby = newer.path("record");
        newer.refuses(&["store", "follow", &standby, "--socket", &newer.path("none")], WORDS);
        newer.refuses(&["store", "promote", &standby], WORDS);
    }
}

#[test]
fn a_standby_of_a_later_version_is_no_store() {
    let newer = Newer::by(|store| make_standby(store, 2));
    newer.refuses(&["serve", "--config", &newer.path("lodged.toml")], "is a standby that follows another gateway");
    for verb in ["rebuild", "compact"] {
        newer.refuses(&["store", verb, "--store", &newer.path("record")], "is a standby that follows another gateway");
    }
}
