//! What was changed by hand: who, what, when, before, after; and it is true whenever the gateway dies.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::following::store;
use crate::gateway::{Gateway, Home, serve, until};
use crate::keys::Keys;

#[test]
fn an_act_says_who_did_what_and_when() {
    let gateway = Gateway::started();
    assert_eq!(gateway.home.asks(&["audit"]).done(), "nothing was changed by hand\n");
    gateway.home.asks(&["partner", "disable", "acme"]).done();
    let document = gateway.home.asks_json(&["audit"]);
    let act = &document["acts"][0];
    let uid = gateway.home.config().metadata().unwrap().uid();
    assert_eq!(act["who"]["user"]["uid"], uid);
    assert_eq!((&act["deed"], &act["subject"]), (&"partner-disabled".into(), &"acme".into()));
    assert_eq!((&act["before"], &act["after"]), (&"disabled = false".into(), &"disabled = true".into()));
    let told = gateway.home.asks(&["audit"]).done();
    assert!(
        told.contains("partner-disabled acme  by ") && told.contains("\n  - disabled = false\n  + disabled = true\n"),
        "{told}"
    );
    gateway.says("changed by hand");
    assert!(!gateway.log().contains("disabled ="), "what it was changed to is for whoever asks");
}

#[test]
fn a_reload_says_what_it_changed_whoever_asked_for_it() {
    let gateway = Gateway::started();
    gateway.home.sets("[limits]\nconnections_max = 77\n");
    gateway.reloads();
    Keys::mint(&gateway.home.path().join("partners"), "birch");
    gateway.home.has_partner("birch", "BIRCHFWD", "");
    let told = gateway.home.asks(&["reload"]).done();
    assert!(told.starts_with("reloaded ") && told.contains("  + partner birch: \"birch\", service-provider"), "{told}");
    let document = gateway.home.asks_json(&["audit"]);
    let [first, second] = [&document["acts"][0], &document["acts"][1]];
    assert_eq!((&first["who"]["signal"], &first["deed"]), (&"SIGHUP".into(), &"reloaded".into()));
    assert_eq!(first["before"], "limits.connections_max = 10000");
    assert_eq!(first["after"], "limits.connections_max = 77");
    assert!(second["who"]["user"].is_object());
    gateway.home.asks(&["reload"]).done();
    assert_eq!(gateway.home.asks_json(&["audit"])["acts"][2]["after"], "", "nothing had changed");
}

#[test]
fn a_reload_that_is_refused_is_no_act() {
    let gateway = Gateway::started();
    fs::write(gateway.home.path().join("partners/cedar.toml"), "name = 1\n").unwrap();
    let before = gateway.home.acts();
    gateway.home.is_refused(&["reload"], "cedar.toml");
    assert!(gateway.home.asks(&["reload"]).error.contains("what was in force stays in force"));
    let told = gateway.home.asks(&["reload", "--socket", "x"]);
    assert_eq!(told.code, 2, "a configuration and a socket are one too many: {told:?}");
    gateway.gets_signal("HUP");
    gateway.says("the reload is refused");
    assert_eq!(gateway.home.acts(), before);
}

#[test]
fn acts_outlive_the_gateway_and_are_told_from_a_moment_on() {
    let mut gateway = Gateway::started();
    gateway.home.asks(&["partner", "disable", "acme"]).done();
    gateway.is_killed_and_started_again();
    gateway.home.asks(&["partner", "enable", "acme"]).done();
    let words: Vec<_> = gateway.home.acts().into_iter().map(|(deed, _)| deed).collect();
    assert_eq!(words, ["partner-disabled", "partner-enabled"]);
    let second = gateway.home.asks_json(&["audit"])["acts"][1]["at"].as_str().unwrap().to_owned();
    let since = gateway.home.asks_json(&["audit", "--since", &second]);
    assert_eq!(since["acts"].as_array().unwrap().len(), 1);
    let newest = gateway.home.asks_json(&["audit", "--limit", "1"]);
    assert_eq!((&newest["acts"][0]["deed"], &newest["left_out"]), (&"partner-enabled".into(), &1.into()));
    assert!(gateway.home.asks(&["audit", "--limit", "1"]).done().starts_with("1 earlier are not shown"));
    assert_eq!(gateway.home.asks_json(&["audit", "--since", "2999-01-01"])["acts"].as_array().unwrap().len(), 0);
    assert_eq!(gateway.home.asks(&["audit", "--since", "yesterday"]).code, 2);
}

#[test]
fn the_tools_of_the_record_know_acts() {
    let mut gateway = Gateway::started();
    gateway.home.asks(&["partner", "disable", "acme"]).done();
    gateway.gets_signal("TERM");
    assert!(gateway.ends().success());
    let checked = gateway.home.asks_json(&["store", "check"]);
    assert_eq!(checked["disagreements"]["total"], 0);
    let acts = checked["keys"].as_array().unwrap().iter().find(|count| count["kind"] == "act").unwrap();
    assert_eq!((&acts["in_state"], &acts["in_journal"]), (&1.into(), &1.into()));
    assert_eq!(gateway.home.asks_json(&["store", "stats"])["acts"], 1);
    gateway.home.asks(&["store", "rebuild"]).done();
    assert_eq!(gateway.home.asks(&["store", "export"]).code, 0);
    gateway.is_started_again();
    assert_eq!(deeds(&gateway.home), ["partner-disabled", "rebuilt"]);
}

#[test]
fn a_backup_that_the_gateway_makes_is_an_act() {
    let gateway = Gateway::started();
    let backup = gateway.home.path().join("backup");
    let arguments = ["store", "backup", backup.to_str().unwrap(), "--daemon"];
    let told = gateway.home.asks(&arguments).done();
    assert!(told.contains("entries   0\n") && told.ends_with("noted as entry 1 of the record\n"), "{told}");
    let document = gateway.home.asks_json(&arguments);
    assert_eq!((&document["entries"], &document["act"]["deed"]), (&1.into(), &"backed-up".into()));
    assert_eq!(document["act"]["before"], "entries 0");
    let inside = gateway.home.path().join("record/backup");
    let told = gateway.home.asks(&["store", "backup", inside.to_str().unwrap(), "--daemon"]);
    assert!(told.code == 2 && told.error.contains("is in the store itself"), "{told:?}");
    assert_eq!(gateway.home.acts().len(), 2);
}

/// The acts of a gateway: who did what, before and after.
fn told(home: &Home) -> Vec<Value> {
    home.asks_json(&["audit"])["acts"].as_array().unwrap().clone()
}

fn deeds(home: &Home) -> Vec<String> {
    home.acts().into_iter().map(|(deed, _)| deed).collect()
}

impl Gateway {
    fn stops(&mut self) {
        self.gets_signal("TERM");
        assert!(self.ends().success());
    }
}

#[test]
fn a_start_says_what_was_changed_while_no_gateway_ran() {
    let mut gateway = Gateway::started();
    gateway.stops();
    gateway.is_started_again();
    assert_eq!(gateway.home.acts(), [], "nothing was changed");
    gateway.stops();
    gateway.home.sets("[limits]\nconnections_max = 77\n");
    Keys::mint(&gateway.home.path().join("partners"), "birch");
    gateway.home.has_partner("birch", "BIRCHFWD", "");
    fs::create_dir(gateway.home.path().join("feeds")).unwrap();
    let consumer = "url = \"http://127.0.0.1:9/feed?key=s3cret\"\n";
    fs::write(gateway.home.path().join("feeds/customs.toml"), consumer).unwrap();
    gateway.is_started_again();
    gateway.says("started with other settings or partners");
    let [act] = told(&gateway.home).try_into().unwrap();
    let uid = gateway.home.config().metadata().unwrap().uid();
    assert_eq!((&act["deed"], &act["who"]["user"]["uid"]), (&"started".into(), &uid.into()));
    assert_eq!(act["subject"], gateway.home.config().to_str().unwrap());
    assert_eq!(act["before"], "limits.connections_max = 10000");
    let after = act["after"].as_str().unwrap();
    assert!(after.starts_with("limits.connections_max = 77\npartner birch: \"birch\", service-provider"), "{after}");
    assert!(after.ends_with("\nconsumer customs: address http://127.0.0.1:9/feed, practice false"), "{after}");
    let human = gateway.home.asks(&["audit"]).done();
    assert!(human.contains("started ") && human.contains("\n  - limits.connections_max = 10000\n"), "{human}");
    gateway.is_killed_and_started_again();
    assert_eq!(deeds(&gateway.home), ["started"], "it is told once");
}

#[test]
fn what_a_reload_or_a_command_told_no_start_tells_again() {
    let mut gateway = Gateway::started();
    gateway.home.sets("[limits]\nconnections_max = 77\n");
    gateway.reloads();
    gateway.home.asks(&["partner", "disable", "acme"]).done();
    gateway.is_killed_and_started_again();
    assert_eq!(deeds(&gateway.home), ["reloaded", "partner-disabled"]);
}

#[test]
fn what_comes_into_force_with_a_change_of_a_partner_is_told_as_well() {
    let gateway = Gateway::started();
    gateway.home.sets("[limits]\nconnections_max = 77\n");
    gateway.home.asks(&["partner", "disable", "acme"]).done();
    let acts = told(&gateway.home);
    assert_eq!(deeds(&gateway.home), ["reloaded", "partner-disabled"]);
    assert_eq!(acts[0]["after"], "limits.connections_max = 77");
    assert_eq!((&acts[0]["who"], &acts[1]["after"]), (&acts[1]["who"], &"disabled = true".into()));
}

/// Kills the gateway while it starts with other settings: later each time.
#[test]
fn whenever_a_start_dies_its_act_is_noted_once() {
    let mut gateway = Gateway::started();
    gateway.stops();
    let rounds = 20_u64;
    for round in 1..=rounds {
        gateway.home.sets(&format!("[limits]\nconnections_max = {}\n", 100 + round));
        let mut command = serve(&gateway.home);
        let mut starting = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(round * 12));
        starting.kill().unwrap();
        starting.wait().unwrap();
    }
    gateway.is_started_again();
    let acts = told(&gateway.home);
    let of =
        |act: &Value, key: &str| act[key].as_str().unwrap().trim_start_matches("limits.connections_max = ").to_owned();
    let last = acts.last().map(|act| of(act, "after"));
    assert_eq!(last, Some((100 + rounds).to_string()));
    let mut before = "10000".to_owned();
    for act in &acts {
        assert_eq!((act["deed"].as_str(), of(act, "before")), (Some("started"), before), "{acts:?}");
        before = of(act, "after");
    }
    println!("{} of {rounds} starts were noted", acts.len());
}

#[test]
fn what_tools_do_without_the_gateway_is_noted_by_its_next_start() {
    let mut gateway = Gateway::started();
    gateway.stops();
    let (record, backup) = (gateway.home.path().join("record"), gateway.home.path().join("backup"));
    gateway.home.asks(&["store", "rebuild"]).done();
    gateway.home.asks(&["store", "compact"]).done();
    gateway.home.asks(&["store", "backup", backup.to_str().unwrap()]).done();
    gateway.is_started_again();
    let acts = told(&gateway.home);
    assert_eq!(deeds(&gateway.home), ["rebuilt", "compacted", "backed-up"]);
    let uid = gateway.home.config().metadata().unwrap().uid();
    assert!(acts.iter().all(|act| act["who"]["user"]["uid"] == uid));
    assert_eq!(
        (&acts[0]["subject"], &acts[0]["after"]),
        (&record.to_str().unwrap().into(), &"entries 0\nkeys 0".into())
    );
    assert!(acts[0]["before"].as_str().unwrap().starts_with("bytes "), "{acts:?}");
    assert_eq!((&acts[2]["subject"], &acts[2]["before"]), (&backup.to_str().unwrap().into(), &"".into()));
    assert!(acts[2]["after"].as_str().unwrap().starts_with("entries 0\nchain "), "{acts:?}");
    assert_eq!(fs::read_dir(record.join("acts")).unwrap().count(), 0);
    assert_eq!(gateway.home.asks_json(&["store", "check"])["disagreements"]["total"], 0);
}

#[test]
fn a_note_that_a_gateway_died_before_removing_is_noted_once() {
    let mut gateway = Gateway::started();
    gateway.stops();
    gateway.home.asks(&["store", "compact"]).done();
    let acts = gateway.home.path().join("record/acts");
    let kept: Vec<_> = fs::read_dir(&acts).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [note] = kept.as_slice() else { panic!("{kept:?}") };
    let text = fs::read(note).unwrap();
    for _ in 0..2 {
        gateway.is_started_again();
        assert!(!note.exists());
        assert_eq!(deeds(&gateway.home), ["compacted"]);
        gateway.is_killed();
        fs::write(note, &text).unwrap();
    }
    fs::write(note, [&text[..], b"more"].concat()).unwrap();
    gateway.is_started_again();
    gateway.says("an act was left for the record that cannot be read");
    assert_eq!(deeds(&gateway.home), ["compacted"]);
}

#[test]
fn a_backup_made_beside_the_gateway_is_noted_while_it_runs() {
    let gateway = Gateway::started();
    let backup = gateway.home.path().join("backup");
    gateway.home.asks(&["store", "backup", backup.to_str().unwrap()]).done();
    until("it is noted", || deeds(&gateway.home) == ["backed-up"]);
    assert_eq!(backup.metadata().unwrap().mode() & 0o777, 0o700, "it is for nobody else");
}

#[test]
fn a_restored_record_says_of_what_it_was_made_once_a_gateway_starts_on_it() {
    let mut gateway = Gateway::started();
    gateway.home.asks(&["partner", "disable", "acme"]).done();
    let (backup, restored) = (gateway.home.path().join("backup"), gateway.home.path().join("restored"));
    gateway.home.asks(&["store", "backup", backup.to_str().unwrap()]).done();
    until("it is noted", || gateway.home.acts().len() == 2);
    store(&["restore", backup.to_str().unwrap()], &restored).done();
    let stats: Value = serde_json::from_str(&store(&["stats", "--json", "--store"], &restored).done()).unwrap();
    assert_eq!(stats["entries"], 1, "the journal is that of the backup");
    gateway.stops();
    let mut command = serve(&gateway.home);
    command.env("LODGED__STORE__DIRECTORY", &restored);
    gateway.is_killed_and_started_again_by(command);
    let socket = restored.join("admin.sock");
    let document = Home::asks_at(&socket, &["audit", "--json"]);
    let acts: Value = serde_json::from_str(&document).unwrap();
    let deeds: Vec<_> = acts["acts"].as_array().unwrap().iter().map(|act| act["deed"].as_str().unwrap()).collect();
    assert_eq!(deeds, ["partner-disabled", "restored", "started"]);
    let made = acts["acts"][1]["after"].as_str().unwrap();
    assert!(
        made.starts_with(&format!("backup {}, made ", backup.display())) && made.contains("\nentries 1\nchain "),
        "{made}"
    );
    let started = &acts["acts"][2];
    assert!(started["before"] == "" && started["after"].as_str().unwrap().contains("\npartner acme: "), "{started}");
}

/// Kills the gateway while a partner is being added: later each time.
#[test]
fn whenever_the_gateway_dies_a_change_is_whole_or_nowhere_and_the_audit_tells_it() {
    let mut gateway = Gateway::started();
    let directory = gateway.home.path().join("partners");
    let (mut whole, mut nowhere) = (0, 0);
    for round in 0..24_u64 {
        let (id, keys) = (format!("partner-{round}"), gateway.home.path().join("minted"));
        fs::create_dir_all(&keys).unwrap();
        let minted = Keys::mint(&keys, &id);
        let certificate = minted.certificate.to_str().unwrap();
        let arguments = ["partner", "add", &id, "--name", "P", "--kind", "carrier", "--certificate", certificate];
        let mut command = gateway.home.command(&arguments);
        let mut asking = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(round * 4));
        gateway.is_killed();
        let was_confirmed = asking.wait().unwrap().success();
        gateway.is_started_again();
        let is_recorded = gateway.home.acts().iter().any(|(_, subject)| *subject == id);
        let names: Vec<_> =
            fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let own = names
            .iter()
            .filter(|name| name.starts_with(&format!("{id}.")) || name.starts_with(&format!("{id}-")))
            .count();
        assert_eq!(own, if is_recorded { 2 } else { 0 }, "{round}: {names:?}");
        assert!(!names.iter().any(|name| name.starts_with(".pending")), "{names:?}");
        assert_eq!(gateway.home.asks(&["partner", "show", &id]).code, if is_recorded { 0 } else { 1 });
        assert!(is_recorded || !was_confirmed, "{round}: it was confirmed, and is not there");
        if is_recorded { whole += 1 } else { nowhere += 1 }
    }
    println!("{whole} whole, {nowhere} nowhere");
}
