//! What a gateway does not start with, and what it warns of: whose files these are, which version wrote them, what was
//! restored by half, who else is there. Nothing on the disk is changed before it says so.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use jiff::tz::TimeZone;
use lodged::identifier::ProofForm;
use lodged::store::{EmbeddedStore, Numbering, Store as _, StoreOptions};

use crate::gateway::{Gateway, Home, ended, serve};
use crate::house;
use crate::interchange::declaration;
use crate::keys::Keys;

/// The gateway refuses to start here, says all of this, and leaves everything as it was.
fn check(home: &Home, said: &[&str]) {
    is_refused(home, serve(home), said);
}

/// The same of a gateway that this starts.
pub(crate) fn is_refused(home: &Home, command: Command, said: &[&str]) {
    let before = contents(home.path());
    let output = ended(command);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(said.iter().all(|part| text.contains(part)), "{text}");
    assert_eq!(contents(home.path()), before, "something was changed on the disk");
}

/// What `lodged config check` says here, with this exit code.
fn config_says(home: &Home, code: i32) -> String {
    let mut checking = Command::new(env!("CARGO_BIN_EXE_lodged"));
    let checked = checking.args(["config", "check", "--config"]).arg(home.config()).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert_eq!(checked.status.code(), Some(code), "{said}");
    said
}

/// The same where no gateway runs: it leaves everything as it was.
fn config_check(home: &Home, code: i32) -> String {
    let before = contents(home.path());
    let said = config_says(home, code);
    assert_eq!(contents(home.path()), before, "something was changed on the disk");
    said
}

/// The gateway refuses to start here, and `lodged config check` says the same before.
fn check_both(home: &Home, said: &[&str]) {
    let told = config_check(home, 1);
    assert!(said.iter().all(|part| told.contains(part)), "{told}");
    check(home, said);
}

/// Every file and directory: the checksum of its bytes, its permissions, when it was changed last.
pub(crate) fn contents(directory: &Path) -> BTreeMap<String, (u32, u32, i64, i64)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let data = path.symlink_metadata().unwrap();
        let bytes = if data.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        let checksum = crc32c::crc32c(&bytes);
        found.insert(path.display().to_string(), (checksum, data.mode(), data.mtime(), data.mtime_nsec()));
        if data.is_dir() {
            found.extend(contents(&path));
        }
    }
    found
}

/// A home with a record in which one declaration is.
pub(crate) fn lodged() -> Home {
    let mut gateway = Gateway::started();
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    assert_eq!(partner.gets_contrl().action(), "7");
    partner.gets_cusres();
    partner.leaves();
    gateway.gets_signal("TERM");
    assert!(gateway.ends().success());
    gateway.leaves_its_home()
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn lodged_store(verb: &str, arguments: &[&Path]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lodged"));
    command.args(["store", verb]).args(arguments);
    command
}

#[test]
fn a_private_key_that_others_can_read_is_refused() {
    let home = Home::new("");
    allow(&home.keys.key, 0o640);
    check(&home, &["gateway.key", "its mode is 0640", "chmod 0600"]);
    allow(&home.keys.key, 0o604);
    check(&home, &["its mode is 0604"]);
    assert!(!home.path().join("record").exists());
}

#[test]
fn a_record_that_others_can_write_is_refused() {
    let home = lodged();
    allow(&home.path().join("record"), 0o777);
    check_both(&home, &["record can be written by others", "0777", "chmod go-w"]);
    allow(&home.path().join("record"), 0o755);
    allow(&home.path().join("record/journal"), 0o720);
    check_both(&home, &["record/journal can be written by others"]);
    allow(&home.path().join("record/journal"), 0o755);
    allow(&home.path().join("record/journal/00000001.seg"), 0o666);
    check_both(&home, &["00000001.seg can be written by others", "0666"]);
    assert!(!config_check(&home, 1).contains("everybody on this machine can read"));
}

#[test]
fn a_record_in_use_is_right_for_who_checks_the_configuration() {
    let mut gateway = Gateway::started();
    let said = config_says(&gateway.home, 0);
    assert!(!said.contains("mistake"), "{said}");
    gateway.gets_signal("TERM");
    assert!(gateway.ends().success());
    config_check(&gateway.home, 0);
}

#[test]
fn a_file_is_no_record() {
    let home = Home::new("");
    fs::write(home.path().join("record"), "").unwrap();
    check_both(
        &home,
        &["record is no directory; name the directory of the record in store.directory, or move that file"],
    );
    fs::remove_file(home.path().join("record")).unwrap();
    fs::create_dir(home.path().join("record")).unwrap();
    fs::write(home.path().join("record/journal"), "").unwrap();
    check_both(&home, &["record/journal is no directory, as a journal is; put the journal back"]);
}

#[test]
fn a_key_of_another_certificate_is_told_with_both_files() {
    let home = Home::new("");
    fs::copy(home.path().join("partners/acme.pem"), home.path().join("gateway.pem")).unwrap();
    let said = ["gateway.key and the certificate in ", "gateway.pem cannot be used together", "; put the key of that"];
    check(&home, &said);
    let told = String::from_utf8(serve(&home).output().unwrap().stderr).unwrap();
    assert_eq!(told.matches("KeyMismatch").count(), 1, "{told}");
    fs::remove_file(&home.keys.key).unwrap();
    check(&home, &["gateway.key: No such file", "; check that it is there and that the gateway's user may read it"]);
}

#[test]
fn a_record_of_somebody_else_is_refused() {
    let home = lodged();
    let record = home.path().join("record");
    // Only root may give files away; others cannot come into this.
    if std::os::unix::fs::chown(&record, Some(12_345), None).is_ok() {
        check(&home, &["belongs to user 12345", "runuser -u"]);
        // Root is not asked whose it is: the service has a user of its own.
        config_check(&home, 0);
        let rebuilding = lodged_store("rebuild", &[]).arg("--store").arg(&record).output().unwrap();
        assert_eq!(rebuilding.status.code(), Some(2));
    }
}

#[test]
fn a_record_of_a_later_version_is_refused() {
    let home = lodged();
    let journal = home.path().join("record/journal");
    let segment = fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    let file = fs::OpenOptions::new().read(true).write(true).open(segment).unwrap();
    // The header: eight bytes of what it is, four of the format, and the checksum of it all at the end.
    let mut header = [0; 96];
    file.read_exact_at(&mut header, 0).unwrap();
    header[8..12].copy_from_slice(&(EmbeddedStore::FORMAT + 1).to_le_bytes());
    let checksum = crc32c::crc32c(&header[..92]);
    header[92..].copy_from_slice(&checksum.to_le_bytes());
    file.write_all_at(&header, 0).unwrap();
    drop(file);
    check_both(
        &home,
        &["has a format that this version does not know", "use the version that wrote it, or a later one"],
    );
}

#[test]
fn a_restore_that_was_interrupted_is_no_record() {
    let home = lodged();
    let (record, backup) = (home.path().join("record"), home.path().join("backup"));
    let saved = lodged_store("backup", &[&backup]).arg("--store").arg(&record).output().unwrap();
    assert!(saved.status.success(), "{}", String::from_utf8_lossy(&saved.stderr));
    fs::remove_dir_all(&record).unwrap();
    // What a restore leaves behind that is killed while it copies.
    fs::create_dir_all(record.join("journal.restoring")).unwrap();
    fs::write(record.join("journal.restoring/00000001.seg"), "half").unwrap();
    let unfinished = ["holds a restore that was not finished", "run `lodged store restore` again"];
    check_both(&home, &unfinished);
    for verb in ["check", "stats", "rebuild"] {
        let output = lodged_store(verb, &[]).arg("--store").arg(&record).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && unfinished.iter().all(|words| said.contains(words)), "{said}");
    }
    let restored = lodged_store("restore", &[&backup]).arg(&record).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let gateway = Gateway::at(home);
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    assert!(partner.gets_contrl().answers() == "ONE" && partner.gets_cusres().proof().ends_with('1'));
    partner.leaves();
}

#[test]
fn a_backup_is_no_record() {
    let home = lodged();
    let backup = home.path().join("backup");
    let saved = lodged_store("backup", &[&backup]).arg("--store").arg(home.path().join("record")).output().unwrap();
    assert!(saved.status.success());
    fs::remove_dir_all(home.path().join("record")).unwrap();
    fs::rename(backup, home.path().join("record")).unwrap();
    check_both(&home, &["is a backup and no store", "lodged store restore"]);
}

#[test]
fn a_record_without_its_last_segments_is_refused() {
    let home = lodged();
    let journal = home.path().join("record/journal");
    for entry in fs::read_dir(&journal).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    check_both(&home, &["has a state but no journal; restore the journal from a backup"]);
    fs::remove_dir(&journal).unwrap();
    fs::write(home.path().join("record/notes.txt"), "").unwrap();
    check_both(&home, &["has a state but no journal; restore the journal from a backup"]);
}

#[test]
fn a_journal_of_another_record_is_refused() {
    let (home, other) = (lodged(), lodged());
    let journals = [&home, &other].map(|home| home.path().join("record/journal"));
    fs::remove_dir_all(&journals[0]).unwrap();
    fs::rename(&journals[1], &journals[0]).unwrap();
    check_both(&home, &["is that of store ", "one of them lies here by mistake", "lodged store rebuild"]);
    let record = home.path().join("record");
    let checked = lodged_store("check", &[]).arg("--store").arg(&record).output().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.code() == Some(1) && said.contains("the watermark of store "), "{said}");
    // Where it is the record, it is made one.
    let rebuilt = lodged_store("rebuild", &[]).arg("--store").arg(&record).output().unwrap();
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    Gateway::at(home).partner().leaves();
}

#[test]
fn a_record_is_not_begun_among_other_things() {
    let home = Home::new("");
    fs::create_dir_all(home.path().join("record/photographs")).unwrap();
    check_both(&home, &["record has no record in it, but it has photographs", "correct store.directory"]);
    fs::rename(home.path().join("record/photographs"), home.path().join("record/lost+found")).unwrap();
    let gateway = Gateway::at(home);
    gateway.says("there was no record here, so a new one is begun");
}

/// A record of some segments, of which the first one is spoiled.
pub(crate) async fn spoiled(record: &Path) {
    let numbering = Numbering { form: ProofForm::Cers, zone: TimeZone::UTC };
    let segment_bytes = StoreOptions::SEGMENT_BYTES_MIN;
    let options = StoreOptions { segment_bytes, ..StoreOptions::new(record.to_owned(), numbering) };
    let store = EmbeddedStore::open(options).unwrap();
    for number in 0..8 {
        store.record(house::examined(&house::one_line_declaration(number))).await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    let segment = record.join("journal/00000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[1000] ^= 1;
    fs::write(&segment, bytes).unwrap();
}

#[tokio::test]
async fn a_spoiled_sealed_segment_is_found_by_a_start_that_reads_everything() {
    let home = Home::new("check_at_start = true\n");
    let sockets = tempfile::tempdir().unwrap();
    spoiled(&home.path().join("record")).await;
    let mut serving = serve(&home);
    serving.env("LODGED__ADMIN__SOCKET", sockets.path().join("admin.sock"));
    is_refused(&home, serving, &["00000001.seg is damaged at byte "]);
    home.sets("");
    let gateway = Gateway::at(home);
    gateway.says("the record is damaged");
}

#[test]
fn a_second_gateway_on_the_same_record_is_refused() {
    let gateway = Gateway::started();
    check(&gateway.home, &["record is in use by another process; stop that one first"]);
    gateway.partner().leaves();
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let home =
        Home::new("[limits]\nconnections_max = 10\nhandshakes_max = 20\n[edi]\npractice_identity = \"LODGED\"\n");
    check(&home, &["`limits.handshakes_max`, 20, is more than", "`edi.practice_identity` and `edi.identity` are both"]);
    assert!(!home.path().join("record").exists());
}

#[test]
fn a_record_around_its_configuration_is_refused() {
    let home = Home::new("");
    let settings = fs::read_to_string(home.config()).unwrap();
    fs::write(home.config(), settings.replace("directory = \"record\"", "directory = \".\"")).unwrap();
    check_both(&home, &["has this configuration in it, ", "the record has a directory of its own"]);
}

#[test]
fn a_certificate_that_ends_tomorrow_is_warned_of_and_used() {
    let home = Home::new("");
    Keys::mint_until_tomorrow(home.path(), "gateway");
    Keys::mint_until_tomorrow(&home.path().join("partners"), "acme");
    let said = config_check(&home, 0);
    for holder in ["the gateway", "partner acme"] {
        assert!(said.contains(&format!("caution: a certificate of {holder} ends in ")), "{said}");
    }
    home.has_partner("birch", "BIRCH", "");
    let file = home.path().join("partners/birch.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("[[certificate]]\nfile = \"birch.pem\"\n", "")).unwrap();
    let gateway = Gateway::at(home);
    gateway.says(
        "the gateway's own certificate ends soon; put a new one in its place and reload: systemctl reload lodged",
    );
    gateway.says("the certificate of a partner ends soon; add its next one: lodged partner certificate add");
    gateway.says("a partner has no certificate, so it cannot connect; add one: lodged partner certificate add");
    for (words, files) in
        [("own certificate ends soon", "gateway.pem"), ("of a partner ends soon", "partners/acme.toml")]
    {
        let log = gateway.log();
        let line = log.lines().find(|line| line.contains(words)).unwrap();
        assert!([files, "until", "days"].iter().all(|part| line.contains(part)), "{line}");
    }
    let mut asking = Command::new(env!("CARGO_BIN_EXE_lodged"));
    let status = asking.args(["status", "--config"]).arg(gateway.home.config()).output().unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains("\nwithout a certificate, so cannot connect: birch\n"), "{status}");
    assert!(gateway.metric("lodged_own_certificate_days_left") <= 1);
    gateway.partner().leaves();
}
