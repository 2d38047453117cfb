//! Threads that stand behind the others for the processors: what nobody waits for, and what takes so long that others must
//! not wait for it.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

/// How far such a thread stands behind the others (`nice(2)`, 0 to 19): beside one that never rests it still gets a tenth of
/// a processor, so that it never stops.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Starts a thread that stands behind the others.
///
/// # Errors
/// What the operating system says when there is no thread to be had.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        stand_behind();
        work()
    })
}

/// Does some work on a thread that stands behind the others; inside, a panic that ended it.
///
/// # Errors
/// What the operating system says when there is no thread to be had.
pub(crate) async fn run<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<thread::Result<T>> {
    let (reply, done) = oneshot::channel();
    spawn(name, move || {
        // Whoever waited may have gone.
        _ = reply.send(panic::catch_unwind(AssertUnwindSafe(work)));
    })?;
    done.await.map_err(|_| io::ErrorKind::Interrupted.into())
}

/// On Linux the priority that this call calls that of a process is that of the calling thread.
#[cfg(target_os = "linux")]
fn stand_behind() {
    let priority = rustix::process::getpriority_process(None).map(|priority| priority.saturating_add(NICE));
    if let Err(error) = priority.and_then(|priority| rustix::process::setpriority_process(None, priority)) {
        tracing::debug!(%error, "a thread could not be put behind the others; it works all the same");
    }
}

/// Elsewhere it would be the whole process.
#[cfg(not(target_os = "linux"))]
fn stand_behind() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_stands_behind_the_others() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let before = own();
        let behind = spawn("behind", own).unwrap().join().unwrap();
        assert_eq!((own(), behind), (before, (before + NICE).min(19)));
    }

    #[tokio::test]
    async fn what_ends_in_a_panic_is_told_to_whoever_waits() {
        assert_eq!(run("long", || 7).await.unwrap().unwrap(), 7);
        let ended: thread::Result<()> = run("long", || panic!("a test")).await.unwrap();
        assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"a test"));
    }
}
