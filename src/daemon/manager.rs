//! What the service manager is told, as `sd_notify(3)` has it: when the gateway is ready, reloads, stops and is alive, and
//! in one line what it does. Where nobody asked for it (`$NOTIFY_SOCKET`), nothing is said.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use sd_notify::NotifyState::{self, ExtendTimeoutUsec, Ready, Reloading, Status, Stopping, Watchdog};
use tracing::debug;

/// How often more time is asked for while the record is opened.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// How much more is asked for: a start that stands still for this long is ended by the manager.
const MORE_TIME: Duration = Duration::from_secs(60);

/// The service manager, when there is one.
#[derive(Debug, Clone)]
pub(super) struct Manager {
    socket: Option<PathBuf>,
}

impl Manager {
    /// The one that started this process.
    pub(super) fn of_process() -> Self {
        Self { socket: env::var_os("NOTIFY_SOCKET").map(PathBuf::from) }
    }

    /// How long it waits for a sign of life; none when it wants none.
    pub(super) fn watchdog() -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }

    /// Everything is open, and partners are let in. Ends a reload too.
    pub(super) fn ready(&self, status: &str) {
        self.tell(&[Ready, Status(status)]);
    }

    /// A reload begins; [`Self::ready`] ends it. The moment is what `Type=notify-reload` demands.
    pub(super) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(moment) => self.tell(&[Reloading, moment, Status("reloading")]),
            Err(trouble) => debug!(%trouble, "the machine does not tell its monotonic time"),
        }
    }

    /// The end begins, and may take so long.
    pub(super) fn stopping(&self, seconds_max: Duration) {
        let time = ExtendTimeoutUsec(micros(seconds_max.saturating_add(MORE_TIME)));
        self.tell(&[Stopping, time, Status("draining: what was received is answered, nobody new gets in")]);
    }

    /// A sign of life, for the watchdog.
    pub(super) fn alive(&self) {
        self.tell(&[Watchdog]);
    }

    /// What goes on, in one line.
    pub(super) fn says(&self, status: &str) {
        self.tell(&[Status(status.lines().next().unwrap_or_default())]);
    }

    /// Asks for more time as long as what this gives is kept and the process works.
    pub(super) fn opening(&self) -> Opening {
        self.asking(ASK_EVERY)
    }

    fn asking(&self, every: Duration) -> Opening {
        let (until, ended) = channel();
        if self.socket.is_some() {
            let manager = self.clone();
            // Without the thread nobody asks, and the manager's ordinary patience has to do.
            let asking = thread::Builder::new().name("lodged-opening".into());
            drop(asking.spawn(move || manager.ask_for_time(&ended, every)));
        }
        Opening { _until: until }
    }

    fn ask_for_time(&self, ended: &Receiver<()>, every: Duration) {
        let (begun, mut done) = (Instant::now(), work_done());
        self.ask("opening the record");
        while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            let before = std::mem::replace(&mut done, work_done());
            if done > before {
                self.ask(&format!("opening the record, for {} s now", begun.elapsed().as_secs()));
            }
        }
    }

    fn ask(&self, status: &str) {
        self.tell(&[ExtendTimeoutUsec(micros(MORE_TIME)), Status(status)]);
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        let Some(socket) = &self.socket else { return };
        let text: String = states.iter().map(|state| format!("{state}\n")).collect();
        let sent = UnixDatagram::unbound().and_then(|end| end.send_to(text.as_bytes(), socket));
        if let Err(trouble) = sent {
            debug!(%trouble, "the service manager does not listen");
        }
    }
}

/// Asks for more time until it is dropped.
#[derive(Debug)]
pub(super) struct Opening {
    _until: Sender<()>,
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// Hundredths of a second of processor time that this process had; 0 where the system does not say so. A start that
/// waits for a disk that never answers has none.
fn work_done() -> u64 {
    fs::read_to_string("/proc/self/stat").map_or(0, |line| ticks(&line))
}

/// User and system time of a line of proc(5). The name of the program is in parentheses and may hold anything.
fn ticks(line: &str) -> u64 {
    let fields = line.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a manager hears.
    struct Heard {
        _home: tempfile::TempDir,
        socket: UnixDatagram,
        manager: Manager,
    }

    impl Heard {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join("notify");
            let socket = UnixDatagram::bind(&path).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            Self { _home: home, socket, manager: Manager { socket: Some(path) } }
        }

        fn next(&self) -> String {
            let mut bytes = [0; 1024];
            let length = self.socket.recv(&mut bytes).unwrap();
            String::from_utf8(bytes[..length].to_vec()).unwrap()
        }
    }

    fn check(say: impl FnOnce(&Manager), expected: &str) {
        let heard = Heard::new();
        say(&heard.manager);
        assert_eq!(heard.next(), expected);
    }

    #[test]
    fn every_word_is_a_line() {
        check(|manager| manager.ready("takes interchanges"), "READY=1\nSTATUS=takes interchanges\n");
        check(Manager::alive, "WATCHDOG=1\n");
        check(|manager| manager.says("one\ntwo"), "STATUS=one\n");
    }

    #[test]
    fn a_reload_says_when_it_began() {
        let heard = Heard::new();
        heard.manager.reloading();
        let said = heard.next();
        let moment = said.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|rest| rest.split_once('\n')).unwrap();
        assert!(moment.0.parse::<u64>().unwrap() > 0, "{said}");
    }

    #[test]
    fn the_end_may_take_as_long_as_it_is_allowed_to() {
        let heard = Heard::new();
        heard.manager.stopping(Duration::from_secs(30));
        assert!(heard.next().starts_with("STOPPING=1\nEXTEND_TIMEOUT_USEC=90000000\n"));
    }

    #[test]
    fn a_long_opening_asks_for_more_time_while_it_works() {
        let heard = Heard::new();
        let opening = heard.manager.asking(Duration::from_millis(200));
        assert!(heard.next().starts_with("EXTEND_TIMEOUT_USEC=60000000\n"));
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(300) {
            std::hint::black_box(begun.elapsed());
        }
        assert!(heard.next().contains("STATUS=opening the record, for "));
        drop(opening);
    }

    #[test]
    fn nobody_is_told_where_nobody_asked() {
        let nobody = Manager { socket: None };
        nobody.ready("takes interchanges");
        drop(nobody.opening());
    }

    #[test]
    fn work_is_user_and_system_time() {
        assert_eq!(ticks("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0 20"), 42);
        assert_eq!(ticks(""), 0);
    }
}
