//! What a service manager sees and does: it is told when the gateway is ready, reloads, stops and lives, and hands sockets
//! and keys over. The manager is this test, at the other end of `$NOTIFY_SOCKET`.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::gateway::{DEADLINE, Gateway, Home, serve, serve_behind, serve_limited};
use crate::interchange::declaration;
use crate::partner::Partner;

/// How often a sign of life has to come, in the stories of the watchdog.
const WATCHDOG: Duration = Duration::from_secs(2);

/// The end at which the manager listens.
struct Manager(UnixDatagram);

impl Manager {
    fn of(home: &Home) -> Self {
        let socket = UnixDatagram::bind(home.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(socket)
    }

    /// The next thing that it is told.
    fn hears(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.0.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    /// What it is told until this is part of it.
    fn waits_for(&self, part: &str) -> String {
        let begun = Instant::now();
        loop {
            let said = self.hears();
            if said.contains(part) {
                return said;
            }
            assert!(begun.elapsed() < DEADLINE, "nobody said {part}");
        }
    }

    /// Whether a sign of life comes within so much time; other things may be said.
    fn feels_a_pulse_within(&self, time: Duration) -> bool {
        let begun = Instant::now();
        self.0.set_read_timeout(Some(time)).unwrap();
        let mut bytes = [0; 4096];
        let mut is_felt = false;
        while !is_felt && begun.elapsed() < time {
            is_felt = self.0.recv(&mut bytes).is_ok_and(|length| bytes[..length].starts_with(b"WATCHDOG=1\n"));
        }
        self.0.set_read_timeout(Some(DEADLINE)).unwrap();
        is_felt
    }

    /// Forgets what it was told and did not hear.
    fn forgets(&self) {
        self.0.set_nonblocking(true).unwrap();
        let mut bytes = [0; 4096];
        while self.0.recv(&mut bytes).is_ok() {}
        self.0.set_nonblocking(false).unwrap();
    }
}

fn notified(home: &Home) -> Command {
    let mut command = serve(home);
    command.env("NOTIFY_SOCKET", home.path().join("notify"));
    command
}

fn watched(home: &Home) -> Command {
    let mut command = notified(home);
    command.env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
    command
}

#[test]
fn the_manager_hears_how_things_stand_from_start_to_end() {
    let home = Home::new("");
    let manager = Manager::of(&home);
    let mut gateway = Gateway::under(home, notified);
    assert_eq!(manager.hears(), "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=opening the record\n");
    assert_eq!(manager.hears(), format!("READY=1\nSTATUS=takes interchanges on {}\n", gateway.edi));
    gateway.reloads();
    let reloading = manager.hears();
    let moment = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|rest| rest.split_once('\n')).unwrap();
    assert!(moment.0.parse::<u64>().unwrap() > 0, "{reloading}");
    assert_eq!(manager.hears(), format!("READY=1\nSTATUS=takes interchanges on {}\n", gateway.edi));
    fs::write(gateway.home.path().join("gateway.pem"), "hello").unwrap();
    gateway.reloads();
    assert!(manager.hears().starts_with("RELOADING=1\n"));
    assert!(manager.hears().ends_with("; the last reload was refused\n"));
    gateway.gets_signal("TERM");
    assert!(manager.hears().starts_with("STOPPING=1\nEXTEND_TIMEOUT_USEC=90000000\nSTATUS=draining"));
    assert!(gateway.ends().success());
}

#[test]
fn a_start_that_fails_says_why() {
    let home = Home::new("[store]\ndirectory = \"record\"\n");
    let manager = Manager::of(&home);
    let output = notified(&home).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(manager.hears().starts_with("STATUS="));
}

#[test]
fn a_gateway_that_lives_gives_signs_of_it() {
    let home = Home::new("");
    let manager = Manager::of(&home);
    let gateway = Gateway::under(home, watched);
    manager.waits_for("READY=1");
    for _ in 0..4 {
        assert!(manager.feels_a_pulse_within(WATCHDOG), "{}", gateway.log());
    }
}

#[test]
fn a_process_that_stands_still_gives_none() {
    let home = Home::new("");
    let manager = Manager::of(&home);
    let gateway = Gateway::under(home, watched);
    assert!(manager.feels_a_pulse_within(DEADLINE));
    gateway.gets_signal("STOP");
    manager.forgets();
    assert!(!manager.feels_a_pulse_within(2 * WATCHDOG));
    gateway.gets_signal("CONT");
    assert!(manager.feels_a_pulse_within(DEADLINE));
}

#[test]
fn a_flush_that_does_not_come_back_lets_the_watchdog_bite() {
    let home = Home::new("");
    let (library, wedge) = (made(home.path()), home.path().join("wedge"));
    let manager = Manager::of(&home);
    let gateway = Gateway::under(home, |home| {
        let mut command = watched(home);
        command.env("LD_PRELOAD", &library).env("WEDGE", &wedge);
        command
    });
    let mut partner = gateway.partner();
    assert!(manager.feels_a_pulse_within(DEADLINE));
    fs::write(&wedge, "").unwrap();
    partner.sends(&declaration("ONE"));
    manager.waits_for("STATUS=no sign of life: the record is unavailable: it gave no answer in 1s");
    manager.forgets();
    assert!(!manager.feels_a_pulse_within(2 * WATCHDOG));
    gateway.says("the watchdog will end this gateway");
    // The disk comes back before the manager has ended the gateway: nothing was lost.
    fs::remove_file(&wedge).unwrap();
    assert!(manager.feels_a_pulse_within(DEADLINE));
    assert_eq!(partner.gets_contrl().action(), "7");
    partner.gets_cusres();
    partner.leaves();
}

/// Compiles the disk that does not come back.
fn made(directory: &Path) -> std::path::PathBuf {
    let library = directory.join("wedge.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/acceptance/wedge.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(compiler.status().unwrap().success(), "cc is here");
    library
}

#[test]
fn a_record_that_stopped_lets_the_watchdog_bite() {
    let mut gateway = Gateway::started();
    let manager = Manager::of(&gateway.home);
    let mut full = serve_limited(&gateway.home, 256);
    full.env("NOTIFY_SOCKET", gateway.home.path().join("notify"));
    full.env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
    gateway.is_killed_and_started_again_by(full);
    assert!(manager.feels_a_pulse_within(DEADLINE));
    let mut partner = gateway.partner();
    let is_taken = |partner: &mut Partner, number: u32| {
        let is_sent = partner.tries_to_send(&declaration(&format!("FULL{number}"))).is_ok();
        is_sent && partner.gets().is_ok() && partner.gets().is_ok()
    };
    assert!((0..2_000).any(|number| !is_taken(&mut partner, number)), "the disk was not full");
    manager.waits_for("STATUS=no sign of life: ");
    manager.forgets();
    assert!(!manager.feels_a_pulse_within(2 * WATCHDOG));
}

#[test]
fn a_socket_that_was_handed_over_is_listened_on() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut gateway = Gateway::under(Home::new(""), |home| handed(home, socket.try_clone().unwrap(), "edi"));
    assert_eq!(gateway.edi, address);
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    assert_eq!(partner.gets_contrl().action(), "7");
    partner.gets_cusres();
    partner.leaves();
    gateway.gets_signal("TERM");
    assert!(gateway.ends().success());
    // The manager still has it, so whoever comes meanwhile waits for the next gateway.
    let waiting = std::net::TcpStream::connect(address).unwrap();
    drop(waiting);
    let second = Gateway::under(Home::new(""), |home| handed(home, socket, "edi"));
    second.partner().leaves();
}

#[test]
fn a_socket_of_another_name_keeps_the_gateway_from_starting() {
    let home = Home::new("");
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = handed(&home, socket, "lodged.socket").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("\"lodged.socket\"") && said.contains("FileDescriptorName=edi"), "{said}");
    assert!(!home.path().join("record").exists());
}

/// The gateway with this socket as a manager hands it over: descriptor 3, and who it is for in the environment.
fn handed(home: &Home, socket: TcpListener, name: &str) -> Command {
    let first = format!("exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={name}");
    let mut command = serve_behind(home, &format!("{first}; export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES"));
    command.stdin(Stdio::from(OwnedFd::from(socket)));
    command
}

#[test]
fn a_key_that_was_handed_over_is_used() {
    let home = Home::new("");
    let credentials = home.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::rename(&home.keys.key, credentials.join("gateway.key")).unwrap();
    // As the manager shows it: readable by the group, where it is an access list that lets the gateway in.
    fs::set_permissions(credentials.join("gateway.key"), fs::Permissions::from_mode(0o440)).unwrap();
    let gateway = Gateway::under(home, |home| {
        let mut command = serve(home);
        command.env("CREDENTIALS_DIRECTORY", &credentials);
        command.env("LODGED__TLS__PRIVATE_KEY", "credential:gateway.key");
        command
    });
    gateway.partner().leaves();
}

#[test]
fn a_key_that_was_not_handed_over_is_named() {
    let home = Home::new("");
    let output = serve(&home).env("LODGED__TLS__PRIVATE_KEY", "credential:gateway.key").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("LoadCredential=gateway.key:FILE"), "{said}");
    assert!(!home.path().join("record").exists());
}
