//! What somebody sees who waits, and what nobody needs to see.

use std::panic;

use crate::cli::progress::Progress;
use crate::store::{Step, Watch};

/// Shows how far it is.
#[derive(Debug)]
pub(super) struct Waiting {
    progress: Progress,
    step: Option<Step>,
}

impl Waiting {
    pub(super) fn new() -> Self {
        Self { progress: Progress::new(), step: None }
    }

    /// Whether somebody sees it.
    pub(super) fn is_watched(&self) -> bool {
        self.progress.is_watched()
    }

    /// Takes away what is shown, so that something else can be written.
    pub(super) fn clear(&self) {
        self.progress.clear();
    }
}

impl Watch for Waiting {
    fn reached(&mut self, step: Step, done: u64, total: Option<u64>) {
        if self.step.replace(step) != Some(step) {
            self.progress.clear();
        }
        let name = match step {
            Step::Journal => "reading the journal",
            Step::CopyState => "copying the state",
            Step::Copy => "copying segments",
            Step::Make => return self.progress.count("making keys", done),
            Step::Compare => return self.progress.count("comparing keys", done),
        };
        self.progress.show(name, total, done);
    }
}

/// sled panics over some damage. That is contained and told in our words, so its own are left out.
pub(super) fn quiet_sled() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        if !panicked.location().is_some_and(|location| location.file().contains("sled-")) {
            usual(panicked);
        }
    }));
}
