//! Threads whose work nobody waits for: they leave the processors to those whose work somebody does.

use std::io;
use std::thread::{self, JoinHandle};

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
}
