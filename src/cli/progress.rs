//! How far it is, where somebody waits for it: on standard error, when that is a terminal and it takes a while.

use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal, Read};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long nothing is shown: most files are done by then.
const PATIENCE: Duration = Duration::from_millis(300);

/// What is shown of bytes whose number is known, and of others.
const KNOWN: &str = "{msg} [{bar:40}] {bytes}/{total_bytes} {eta}";
/// See [`KNOWN`].
const UNKNOWN: &str = "{msg} {spinner} {bytes}";
/// See [`KNOWN`]; of what is no bytes.
const COUNTED: &str = "{msg} {spinner} {human_pos}";

/// See [`KNOWN`]; of what ends by itself.
const TOWARD: &str = "{msg} [{bar:40}] {eta}";

/// Shows how much has been done.
#[derive(Debug)]
pub(super) struct Progress {
    bar: RefCell<Option<ProgressBar>>,
    began: Instant,
    is_watched: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { bar: RefCell::new(None), began: Instant::now(), is_watched: io::stderr().is_terminal() }
    }

    /// Whether somebody sees it.
    pub(super) fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// The same bytes, and how many of them have been read is shown.
    pub(super) fn watch<R: Read>(&self, name: &str, from: R, length: Option<u64>) -> Watched<'_, R> {
        Watched { from, progress: self, name: name.to_owned(), length, read: Cell::new(0) }
    }

    /// Takes away what is shown, so that something else can be written.
    pub(super) fn clear(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    /// So many bytes have been read.
    pub(super) fn show(&self, name: &str, length: Option<u64>, read: u64) {
        self.show_with(if length.is_some() { KNOWN } else { UNKNOWN }, name, length, read);
    }

    /// So many things have been counted.
    pub(super) fn count(&self, name: &str, done: u64) {
        self.show_with(COUNTED, name, None, done);
    }

    /// So much of a whole is over; what is said beside it changes.
    pub(super) fn toward(&self, said: &str, whole: u64, done: u64) {
        self.show_with(TOWARD, said, Some(whole), done);
        if let Some(bar) = self.bar.borrow().as_ref() {
            bar.set_message(said.to_owned());
        }
    }

    fn show_with(&self, template: &str, name: &str, length: Option<u64>, done: u64) {
        if !self.is_watched || self.began.elapsed() < PATIENCE {
            return;
        }
        let mut bar = self.bar.borrow_mut();
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(name.to_owned());
            bar
        });
        bar.set_position(done);
    }
}

/// Bytes that are counted while they are read.
#[derive(Debug)]
pub(super) struct Watched<'a, R> {
    from: R,
    progress: &'a Progress,
    name: String,
    length: Option<u64>,
    read: Cell<u64>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.read.set(self.read.get().saturating_add(u64::try_from(count).unwrap_or(u64::MAX)));
        self.progress.show(&self.name, self.length, self.read.get());
        Ok(count)
    }
}
