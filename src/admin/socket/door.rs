//! The door: who comes, how many at one time, how long a request may be and take.

use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::place::{self, Claim, Place, SocketTrouble};
use super::request::{Answered, OnTheWay, PROTOCOL, REQUEST_BYTES_MAX, Reached, Replied, Reply, Request};
use super::user::{Users, name_of};
use crate::event::{self, AdminResult, SecurityEvent};
use crate::record::Actor;

/// Visits at one time; one more is told to come again.
const VISITS_MAX: usize = 16;
/// How long a request may take from the first moment of the visit to its line break.
const REQUEST_SECONDS_MAX: Duration = Duration::from_secs(10);
/// How long whoever asked may take to take the answer.
const ANSWER_SECONDS_MAX: Duration = Duration::from_secs(30);
/// How long the door rests when the process has no file descriptors left.
const REST: Duration = Duration::from_secs(1);

/// Whoever answers behind the door.
pub trait Administration: Send + Sync + 'static {
    /// Does what is asked, or says why not. What changes something is in the record before this returns. Whoever asked hears
    /// how far it is by `on_the_way`.
    fn answer(&self, who: Actor, request: Request, on_the_way: OnTheWayTo) -> impl Future<Output = Answered> + Send;
}

/// The way to somebody who waits, for how far it is. Only the latest is kept for them.
#[derive(Debug, Clone)]
pub struct OnTheWayTo(watch::Sender<Option<Reached>>);

impl OnTheWayTo {
    /// It is so far.
    pub fn reached(&self, reached: Reached) {
        self.0.send_replace(Some(reached));
    }
}

/// The socket's place is ours, and nobody finds it there yet.
#[derive(Debug)]
pub struct SocketClaim {
    claim: Claim,
    users: Users,
}

/// The socket, open.
#[derive(Debug)]
pub struct Socket {
    place: Place,
    users: Users,
}

impl SocketClaim {
    /// The same socket, where it is looked for. Call it within the runtime.
    ///
    /// # Errors
    /// [`SocketTrouble`] when somebody took the place meanwhile, or the system does not let us.
    pub fn open(self) -> Result<Socket, SocketTrouble> {
        Ok(Socket { place: self.claim.open()?, users: self.users })
    }
}

impl Socket {
    /// Whether the socket may be at this path, as far as that can be said without making anything.
    ///
    /// # Errors
    /// [`SocketTrouble`] when a gateway that runs or starts has it, or something else is there.
    pub fn look(path: &Path) -> Result<(), SocketTrouble> {
        place::look(path)
    }

    /// Claims the socket at this path, for root, the user of this process, and the users that are named. Whoever claims it
    /// later is refused; whoever asks there is not heard before it is opened.
    ///
    /// # Errors
    /// [`SocketTrouble`] as from [`Self::look`], or when the system does not let us.
    pub fn claim(path: &Path, named: &[u32]) -> Result<SocketClaim, SocketTrouble> {
        let (claim, users) = Claim::new(path, named)?;
        Ok(SocketClaim { claim, users })
    }

    /// Answers until `shutdown`; what was asked by then is still answered.
    pub async fn serve(self, administration: impl Administration, shutdown: CancellationToken) {
        let Self { place, users } = self;
        let door = Arc::new(Door { administration, users, request_seconds_max: REQUEST_SECONDS_MAX });
        let (room, visits) = (Arc::new(Semaphore::new(VISITS_MAX)), TaskTracker::new());
        while let Some(accepted) = shutdown.run_until_cancelled(place.listener.accept()).await {
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(trouble) => {
                    warn!(%trouble, "nobody can be let in for administration");
                    sleep(REST).await;
                    continue;
                }
            };
            // Who may not come takes no place from those who may.
            let Some(who) = door.admit(&stream) else { continue };
            let Ok(visit) = Arc::clone(&room).try_acquire_owned() else {
                count(AdminResult::Busy);
                tell_at_once(&stream, Reply::refused("too many commands are being answered", "try again"));
                continue;
            };
            let (door, shutdown) = (Arc::clone(&door), shutdown.clone());
            visits.spawn(async move {
                door.visit(stream, who, &shutdown).await;
                drop(visit);
            });
        }
        visits.close();
        visits.wait().await;
    }
}

/// What all visits share.
struct Door<A> {
    administration: A,
    users: Users,
    request_seconds_max: Duration,
}

impl<A: Administration> Door<A> {
    /// Who is at the other end, when they may be.
    fn admit(&self, stream: &UnixStream) -> Option<Actor> {
        let uid = match stream.peer_cred() {
            Ok(credentials) => credentials.uid(),
            Err(trouble) => {
                count(AdminResult::ForeignUser);
                warn!(%trouble, "somebody whom the kernel does not tell is refused");
                return None;
            }
        };
        let name = name_of(uid);
        if !self.users.admit(uid) {
            count(AdminResult::ForeignUser);
            metrics::counter!(event::SECURITY_EVENTS, "kind" => SecurityEvent::ForeignUser.as_str()).increment(1);
            warn!(uid, name, "a user who may not administer is refused");
            let what = format!("user {uid} may not administer this gateway");
            tell_at_once(
                stream,
                Reply::refused(what, "ask as root, as the user of the gateway, or as one that admin.user_ids names"),
            );
            return None;
        }
        Some(Actor::User { uid, name })
    }

    /// One request and its answer.
    async fn visit(&self, stream: UnixStream, who: Actor, shutdown: &CancellationToken) {
        let (from, mut to) = stream.into_split();
        let mut line = Vec::new();
        let mut limited = BufReader::new(from.take(REQUEST_BYTES_MAX));
        let reading = timeout(self.request_seconds_max, limited.read_until(b'\n', &mut line));
        let Some(read) = shutdown.run_until_cancelled(reading).await else { return };
        let answered = match read {
            Err(_) => {
                count(AdminResult::TooSlow);
                warn!(%who, "a request for administration took too long");
                return;
            }
            Ok(Err(trouble)) => {
                count(AdminResult::Unreadable);
                return debug!(%who, %trouble, "a request for administration broke off");
            }
            Ok(Ok(_)) if !line.ends_with(b"\n") => {
                count(AdminResult::Unreadable);
                let what = match u64::try_from(line.len()) {
                    Ok(REQUEST_BYTES_MAX) => format!("the request is longer than {REQUEST_BYTES_MAX} bytes"),
                    Ok(_) | Err(_) => "the request ended before its line break".to_owned(),
                };
                Reply::refused(what, "docs/administration.md describes requests").into()
            }
            Ok(Ok(_)) => {
                let (way, reached) = watch::channel(None);
                // Whoever does not listen any more keeps nothing from being done.
                let answering = self.answer(who.clone(), &line, OnTheWayTo(way));
                let (answered, listening) = tokio::join!(answering, tell_on_the_way(to, reached));
                let Some(back) = listening else { return debug!(%who, "whoever asked went away") };
                to = back;
                answered
            }
        };
        match timeout(ANSWER_SECONDS_MAX, write(&mut to, answered)).await {
            Ok(Ok(())) => {}
            Ok(Err(trouble)) => debug!(%who, %trouble, "whoever asked went away"),
            Err(_) => warn!(%who, "an answer was not taken in time"),
        }
    }

    async fn answer(&self, who: Actor, line: &[u8], on_the_way: OnTheWayTo) -> Answered {
        match Request::read(line) {
            Err(reply) => {
                count(AdminResult::Unreadable);
                reply.into()
            }
            Ok(request) => {
                let answered = Box::pin(self.administration.answer(who, request, on_the_way)).await;
                count(match &answered.reply {
                    Reply::Answer(_) => AdminResult::Answered,
                    Reply::Refused(_) => AdminResult::Refused,
                    Reply::Trouble(_) => AdminResult::Trouble,
                });
                answered
            }
        }
    }
}

fn count(result: AdminResult) {
    metrics::counter!(event::ADMIN_REQUESTS, "result" => result.as_str()).increment(1);
}

/// A reply as a line.
fn line(reply: Reply) -> io::Result<Vec<u8>> {
    as_line(&Replied { protocol: PROTOCOL, reply })
}

fn as_line(said: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    Ok(line)
}

/// Tells how far it is until nobody does any more, and gives the way to whoever asked back; none when they do not listen.
async fn tell_on_the_way<W: AsyncWrite + Unpin>(mut to: W, mut way: watch::Receiver<Option<Reached>>) -> Option<W> {
    while way.changed().await.is_ok() {
        let Some(reached) = *way.borrow_and_update() else { continue };
        let line = as_line(&OnTheWay { protocol: PROTOCOL, reached }).ok()?;
        timeout(ANSWER_SECONDS_MAX, to.write_all(&line)).await.ok()?.ok()?;
    }
    Some(to)
}

async fn write(to: &mut (impl AsyncWrite + Unpin), Answered { reply, bytes }: Answered) -> io::Result<()> {
    to.write_all(&line(reply)?).await?;
    to.write_all(&bytes).await?;
    to.shutdown().await
}

/// Says something short to somebody who is not waited for.
fn tell_at_once(stream: &UnixStream, reply: Reply) {
    if let Err(trouble) = line(reply).and_then(|line| stream.try_write(&line)) {
        debug!(%trouble, "whoever is refused does not hear it");
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;
    use tokio::task::{JoinHandle, spawn_blocking};

    use super::super::ask::{ask, ask_for_bytes, ask_watching};
    use super::super::request::JournalFrom;
    use super::*;

    const DEADLINE: Duration = Duration::from_secs(20);

    /// How far it is with a backup.
    const REACHED: Reached = Reached { bytes: 7, bytes_total: Some(9) };

    /// Answers with what was asked, as text.
    struct Echo;

    impl Administration for Echo {
        async fn answer(&self, _who: Actor, request: Request, on_the_way: OnTheWayTo) -> Answered {
            if let Request::Backup { progress: true, .. } = &request {
                on_the_way.reached(REACHED);
                tokio::task::yield_now().await;
            }
            let bytes_max = if let Request::Journal(from) = &request { from.bytes_max } else { 0 };
            let bytes = vec![b'\n'; usize::try_from(bytes_max).unwrap()];
            Answered { reply: Reply::answer(&request), bytes }
        }
    }

    struct Open {
        _home: TempDir,
        path: PathBuf,
        shutdown: CancellationToken,
        serving: JoinHandle<()>,
    }

    fn open() -> Open {
        let home = tempfile::tempdir().unwrap();
        let (path, shutdown) = (home.path().join("admin.sock"), CancellationToken::new());
        let serving = tokio::spawn(Socket::claim(&path, &[]).unwrap().open().unwrap().serve(Echo, shutdown.clone()));
        Open { _home: home, path, shutdown, serving }
    }

    /// What comes back for these bytes.
    async fn said(path: &Path, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(path).await.unwrap();
        // What is too long is refused before all of it is written.
        stream.write_all(bytes).await.unwrap_or_default();
        stream.shutdown().await.unwrap_or_default();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.unwrap_or_default();
        String::from_utf8(said).unwrap()
    }

    #[tokio::test]
    async fn a_request_is_answered() {
        let open = open();
        let path = open.path.clone();
        let reply = spawn_blocking(move || ask(&path, &Request::Status {})).await.unwrap().unwrap();
        assert_eq!(reply, Reply::answer(&Request::Status {}));
        open.shutdown.cancel();
        open.serving.await.unwrap();
        assert!(!open.path.exists());
    }

    #[tokio::test]
    async fn bytes_come_behind_the_line_of_an_answer() {
        let open = open();
        let path = open.path.clone();
        let (follower, wait_milliseconds) = ("standby".to_owned(), 0);
        let from =
            JournalFrom { follower, entry: 0, segment: 1, offset: 0, next: 1, bytes_max: 300_000, wait_milliseconds };
        let asked = Request::Journal(from);
        let expected = Reply::answer(&asked);
        let got = spawn_blocking(move || ask_for_bytes(&path, &asked, DEADLINE, 300_000)).await.unwrap().unwrap();
        assert_eq!((got.reply, got.bytes), (expected, vec![b'\n'; 300_000]));
    }

    #[tokio::test]
    async fn how_far_it_is_comes_in_front_of_the_answer_for_who_asks_to_be_told() {
        let open = open();
        for progress in [true, false] {
            let (path, directory) = (open.path.clone(), "/backup".to_owned());
            let asked = Request::Backup { directory, verify: false, progress };
            let expected = Reply::answer(&asked);
            let heard = spawn_blocking(move || {
                let mut heard = Vec::new();
                let reply = ask_watching(&path, &asked, &mut |reached| heard.push(reached)).unwrap();
                (reply, heard)
            });
            let told = if progress { vec![REACHED] } else { Vec::new() };
            assert_eq!(heard.await.unwrap(), (expected, told));
        }
    }

    #[tokio::test]
    async fn who_does_not_listen_any_more_is_not_waited_for() {
        let (to, from) = tokio::io::duplex(8);
        drop(from);
        let (way, reached) = watch::channel(None);
        OnTheWayTo(way).reached(REACHED);
        assert!(tell_on_the_way(to, reached).await.is_none());
    }

    #[tokio::test]
    async fn what_is_no_request_is_refused_in_words() {
        let open = open();
        for (bytes, expected) in [
            (&b"hello\n"[..], "this is no request"),
            (b"{\"protocol\":1,", "the request ended before its line break"),
            (b"", "the request ended before its line break"),
        ] {
            let said = said(&open.path, bytes).await;
            assert!(said.contains(expected) && said.ends_with('\n'), "{said}");
        }
    }

    #[tokio::test]
    async fn a_request_that_is_too_long_is_refused() {
        let open = open();
        let long = vec![b' '; usize::try_from(REQUEST_BYTES_MAX).unwrap() + 1];
        let said = said(&open.path, &long).await;
        assert!(said.contains("longer than 524288 bytes"), "{said}");
    }

    #[tokio::test]
    async fn who_says_nothing_is_closed_and_keeps_nobody_out() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("admin.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let users = Users { own: 0, named: Vec::new() };
        let door = Door { administration: Echo, users, request_seconds_max: Duration::from_millis(1) };
        let mut silent = UnixStream::connect(&path).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        door.visit(stream, Actor::Signal("test".to_owned()), &CancellationToken::new()).await;
        assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn one_visit_too_many_is_told_to_come_again() {
        let open = open();
        let mut silent = Vec::new();
        for _ in 0..VISITS_MAX {
            silent.push(UnixStream::connect(&open.path).await.unwrap());
        }
        let said = said(&open.path, b"").await;
        assert!(said.contains("too many commands"), "{said}");
        drop(silent);
    }

    #[tokio::test]
    async fn a_user_who_may_not_is_refused_without_being_heard() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("admin.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        // Root may always, so a test that root runs is let in.
        let own = std::os::unix::fs::MetadataExt::uid(&path.symlink_metadata().unwrap());
        let door = |own, named| Door { administration: Echo, users: Users { own, named }, request_seconds_max: REST };
        let mut client = UnixStream::connect(&path).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        assert!(door(own, vec![]).admit(&stream).is_some());
        assert!(door(own + 1, vec![own]).admit(&stream).is_some());
        assert_eq!(door(own + 1, vec![]).admit(&stream).is_some(), own == 0);
        drop(stream);
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert_eq!(said.contains("may not administer this gateway"), own != 0, "{said}");
    }
}
