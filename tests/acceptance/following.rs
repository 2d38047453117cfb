//! What a second machine may rely on: a standby that has what it said it has, wherever it or the gateway was killed.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use lodged::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::gateway::{Gateway, Home, serve, until};
use crate::interchange::declaration;
use crate::keys::client;
use crate::partner::Partner;
use crate::teller::Told;

/// Partners that lodge at one time.
const LODGERS: usize = 3;

/// `lodged store follow`, while it runs.
struct Follower {
    process: Child,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Follower {
    fn of(home: &Home) -> Self {
        let mut command = home.command(&["store", "follow", "--json"]);
        let mut process = command.arg(standby(home)).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (output, lines) = (BufReader::new(process.stdout.take().unwrap()), Arc::<Mutex<Vec<Value>>>::default());
        let kept = Arc::clone(&lines);
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Self { process, lines }
    }

    /// The last entry that it said it has.
    fn entry(&self) -> u64 {
        self.lines.lock().unwrap().last().map_or(0, |line| line["entry"].as_u64().unwrap())
    }

    fn has(&self, entry: u64) {
        until(&format!("the standby has entry {entry}"), || self.entry() >= entry);
    }

    /// `kill -9`; what it said that it has.
    fn dies(mut self) -> u64 {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.entry()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended before.
        if self.process.kill().is_ok() {
            self.process.wait().unwrap();
        }
    }
}

fn standby(home: &Home) -> PathBuf {
    home.path().join("standby")
}

/// `lodged store …` on a directory, without a gateway.
pub(crate) fn store(arguments: &[&str], directory: &Path) -> Told {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lodged"));
    Told::of(command.arg("store").args(arguments).arg(directory).env("NO_COLOR", "1").output().unwrap())
}

/// An interchange that was acknowledged: its reference, the answers, and when the last of them was there.
struct Acknowledged {
    reference: String,
    answers: [Vec<u8>; 2],
    at: Timestamp,
}

/// Somebody who lodges one declaration after the other until told to stop, or the gateway is gone.
fn lodges(gateway: &Gateway, who: usize, stop: &Arc<AtomicBool>) -> JoinHandle<Vec<Acknowledged>> {
    let (edi, config) = (gateway.edi, client(&gateway.home.keys, Some(&gateway.home.acme), false));
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let (mut partner, mut acknowledged) = (Partner::connect(edi, config), Vec::new());
        while !stop.load(Ordering::Relaxed) {
            let reference = format!("F{who}N{:08}", acknowledged.len());
            if partner.tries_to_send(&declaration(&reference)).is_err() {
                break;
            }
            let (Ok(contrl), Ok(cusres)) = (partner.gets_bytes(), partner.gets_bytes()) else { break };
            acknowledged.push(Acknowledged { reference, answers: [contrl, cusres], at: SystemClock.now() });
        }
        acknowledged
    })
}

/// The entries of the accepted interchanges in a store, by their references.
fn entries(directory: &Path) -> Vec<(String, u64)> {
    let told = store(&["export", "--store"], directory);
    assert_eq!(told.code, 0, "{}", told.error);
    let lines = told.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["interchange"].as_str().unwrap().to_owned(), line["entry"].as_u64().unwrap())).collect()
}

fn entry_of(entries: &[(String, u64)], reference: &str) -> Option<u64> {
    entries.iter().find(|(known, _)| known == reference).map(|(_, entry)| *entry)
}

#[test]
fn a_standby_takes_over_with_everything_that_it_said_it_had() {
    let mut gateway = Gateway::started();
    let stop = Arc::default();
    let lodgers: Vec<_> = (0..LODGERS).map(|who| lodges(&gateway, who, &stop)).collect();
    let mut follower = Follower::of(&gateway.home);
    for round in 0..6 {
        let before = follower.entry();
        follower.has(before + 1);
        thread::sleep(Duration::from_millis(17 + 31 * round));
        let entry = follower.dies();
        follower = Follower::of(&gateway.home);
        follower.has(entry + 1);
    }
    gateway.is_killed();
    let acknowledged: Vec<_> = lodgers.into_iter().flat_map(|lodger| lodger.join().unwrap()).collect();
    let confirmed = follower.dies();
    assert!(confirmed > 10 && acknowledged.len() > 10);
    let home = gateway.leaves_its_home();
    let report: Value = serde_json::from_str(&store(&["promote", "--json"], &standby(&home)).done()).unwrap();
    assert!(report["was_standby"] == true && report["entries"].as_u64().unwrap() >= confirmed, "{report}");
    let (recorded, kept) = (entries(&home.path().join("record")), entries(&standby(&home)));
    for Acknowledged { reference, .. } in &acknowledged {
        let entry = entry_of(&recorded, reference).expect("what was acknowledged is recorded");
        assert!(entry > confirmed || entry_of(&kept, reference) == Some(entry), "{reference}, entry {entry}");
    }
    // From here on the standby is the gateway.
    let promoted = Gateway::under(home, |home| {
        let mut command = serve(home);
        command.env("LODGED__STORE__DIRECTORY", standby(home));
        command
    });
    let acts = Home::asks_at(&standby(&promoted.home).join("admin.sock"), &["audit", "--json"]);
    let acts: Value = serde_json::from_str(&acts).unwrap();
    let [noted, started] = [&acts["acts"][0], &acts["acts"][1]];
    assert_eq!((&noted["deed"], &started["deed"]), (&"promoted".into(), &"started".into()));
    assert_eq!(noted["subject"], standby(&promoted.home).to_str().unwrap());
    assert!(noted["before"].as_str().unwrap().starts_with("standby, heard "), "{noted}");
    assert!(noted["after"].as_str().unwrap().contains(&format!("\nentries {}\n", report["entries"])), "{noted}");
    takes_what_waits(&promoted);
    let mut partner = promoted.partner();
    for Acknowledged { reference, answers, .. } in &acknowledged {
        if entry_of(&kept, reference).is_some() {
            partner.sends(&declaration(reference));
            assert_eq!([partner.gets_bytes().unwrap(), partner.gets_bytes().unwrap()], *answers, "{reference}");
        }
    }
    partner.sends(&declaration("AFTERWARDS"));
    partner.gets_contrl();
    assert_eq!(partner.gets_cusres().subject(), "AFTERWARDS");
}

/// Takes all answers that wait; no more than a thousand of them are offered on one connection.
fn takes_what_waits(gateway: &Gateway) {
    loop {
        let mut command = gateway.home.command(&["status", "--json"]);
        let told = Told::of(command.env("LODGED__STORE__DIRECTORY", standby(&gateway.home)).output().unwrap());
        let status: Value = serde_json::from_str(&told.out).unwrap();
        let Some(waiting) = status["waiting"][0]["answers"].as_u64() else { return };
        let mut partner = gateway.partner();
        (0..waiting.min(1000)).for_each(|_| drop(partner.gets_bytes().unwrap()));
        partner.leaves();
    }
}

#[test]
fn what_a_standby_may_lack_is_milliseconds() {
    let gateway = Gateway::started();
    let follower = Follower::of(&gateway.home);
    let stop = Arc::default();
    let lodgers: Vec<_> = (0..LODGERS).map(|who| lodges(&gateway, who, &stop)).collect();
    until("there is something to measure", || follower.entry() > 100);
    stop.store(true, Ordering::Relaxed);
    let acknowledged: Vec<_> = lodgers.into_iter().flat_map(|lodger| lodger.join().unwrap()).collect();
    follower.has(gateway.home.asks_json(&["status"])["store"]["last_entry"].as_u64().unwrap());
    let recorded = entries(&gateway.home.path().join("record"));
    let lines = follower.lines.lock().unwrap().clone();
    let mut windows: Vec<_> = acknowledged
        .iter()
        .map(|of| {
            let entry = entry_of(&recorded, &of.reference).unwrap();
            let line = lines.iter().find(|line| line["entry"].as_u64().unwrap() >= entry).unwrap();
            let at: Timestamp = line["at"].as_str().unwrap().parse().unwrap();
            at.duration_since(of.at).as_micros().max(0)
        })
        .collect();
    windows.sort_unstable();
    let [half, most] = [50, 99].map(|percent| windows[(windows.len() - 1) * percent / 100]);
    println!("{} acknowledged; on the standby's disk after {half} µs (p50), {most} µs (p99)", windows.len());
    assert!(most < 5_000_000, "{most} µs");
}

#[test]
fn it_waits_for_a_gateway_that_is_away_and_says_how_far_it_is() {
    let mut gateway = Gateway::started();
    let follower = Follower::of(&gateway.home);
    // Nobody confirms what was answered, so it comes again before the next answers.
    let lodge = |gateway: &Gateway, reference: &str, before: usize| {
        let mut partner = gateway.partner();
        partner.sends(&declaration(reference));
        for _ in 0..=before {
            partner.gets_contrl();
            partner.gets_cusres();
        }
    };
    lodge(&gateway, "ONE", 0);
    follower.has(1);
    until("the gateway knows", || {
        gateway.page("/metrics").contains("lodged_follow_behind{follower=\"standby\"} 0\n")
            && gateway.page("/metrics").contains("lodged_follow_lag_seconds{follower=\"standby\"} 0\n")
    });
    let told = gateway.home.asks(&["status"]).done();
    assert!(told.contains("\nstandby      standby has entry 1, 0 behind, heard "), "{told}");
    gateway.is_killed();
    until("it says that nobody answers", || {
        follower
            .lines
            .lock()
            .unwrap()
            .iter()
            .any(|line| line["trouble"].as_str().is_some_and(|said| said.contains("no gateway")))
    });
    gateway.is_started_again();
    lodge(&gateway, "TWO", 1);
    follower.has(gateway.home.asks_json(&["status"])["store"]["last_entry"].as_u64().unwrap());
    assert_eq!(follower.lines.lock().unwrap().last().unwrap()["trouble"], Value::Null);
    // It is gone, and the gateway says so.
    follower.dies();
    lodge(&gateway, "THREE", 2);
    until("the gateway says that it is behind", || gateway.metric("lodged_follow_behind{follower=\"standby\"}") > 0);
}

#[test]
fn what_is_no_standby_of_this_gateway_is_refused() {
    let gateway = Gateway::started();
    gateway.partner().sends(&declaration("ONE"));
    until("it is recorded", || gateway.home.asks_json(&["status"])["store"]["last_entry"] != 0);
    let at = standby(&gateway.home);
    let follow = |home: &Home, at: &Path| {
        let mut command = home.command(&["store", "follow", "--once"]);
        Told::of(command.arg(at).output().unwrap())
    };
    let told = follow(&gateway.home, &at).done();
    assert!(told.contains("is level with the gateway at entry "), "{told}");
    // Nobody else's, and no gateway's.
    let other = Gateway::started();
    other.partner().sends(&declaration("ONE"));
    let told = follow(&other.home, &at);
    assert!(told.code == 2 && told.error.contains("give each store a directory of its own"), "{told:?}");
    let told = follow(&gateway.home, &gateway.home.path().join("record"));
    assert!(told.code == 2 && told.error.contains("is in use by another process"), "{told:?}");
    let told = store(&["rebuild", "--store"], &at);
    assert!(told.code == 2 && told.error.contains("lodged store promote"), "{told:?}");
    let home = Home::new("");
    fs::rename(&at, home.path().join("record")).unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_lodged")).args(["serve", "--config"]).arg(home.config()).output();
    let said = String::from_utf8(refused.unwrap().stderr).unwrap();
    assert!(said.contains("is a standby that follows another gateway"), "{said}");
    let at = home.path().join("record");
    assert!(store(&["check", "--store"], &at).done().contains("nothing disagrees"));
    // A store that was one.
    let told = store(&["promote"], &at).done();
    assert!(told.contains("the gateway was last heard at ") && told.contains("--since "), "{told}");
    let told = store(&["promote"], &at).done();
    assert!(told.contains("it is a store already; nothing was changed"), "{told}");
    let told = follow(&gateway.home, &at);
    assert!(told.code == 2 && told.error.contains("is a store and no standby"), "{told:?}");
    assert!(store(&["check", "--store"], &at).done().contains("compared; it surely holds everything"));
}
