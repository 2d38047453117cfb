//! What was changed by hand: who, what, when, before, after; and it is true whenever the gateway dies.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::gateway::Gateway;
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
    assert!(told.starts_with("reloaded ") && told.contains("  + partner birch: \"birch\", ServiceProvider"), "{told}");
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
    assert_eq!(gateway.home.acts().len(), 1);
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
