//! A backup that the daemon makes, so that the record tells of it.

use std::path::Path;

use tokio::task::spawn_blocking;

use super::{Office, ill, shown};
use crate::admin::socket::{BackupView, Reply};
use crate::record::{Actor, Deed};
use crate::store::{self, Step, Watch};

/// Nobody sees how far it is.
struct Unwatched;

impl Watch for Unwatched {
    fn reached(&mut self, _step: Step, _done: u64, _total: Option<u64>) {}
}

impl Office {
    pub(super) async fn backup(&self, who: Actor, directory: &str, verify: bool) -> Result<Reply, Reply> {
        let to = Path::new(directory).to_owned();
        if !to.is_absolute() {
            let hint = "name the directory from the root on: the gateway has another one that it works in";
            return Err(Reply::refused(format!("{directory} is no absolute path"), hint));
        }
        let from = self.reload.in_force().config.store.directory.clone();
        let before = store::backed_up(&to).map_err(|trouble| Reply::trouble(trouble.to_string()))?;
        let now = self.clock.now();
        let done = spawn_blocking(move || store::backup(&from, &to, verify, now, &mut Unwatched)).await;
        let done = done.map_err(|_| Reply::trouble("a fault of the gateway ended the backup"))?;
        let report = done.map_err(|trouble| Reply::trouble(chain(&trouble)))?;
        let told = report.told(before);
        let noted =
            self.reload.note(who, Deed::BackedUp, directory.to_owned(), told.each_ref().map(String::as_str)).await;
        let (number, act) = noted.map_err(|unavailable| ill(&unavailable))?;
        Ok(Reply::answer(&BackupView { report, act: shown(number, act) }))
    }
}

/// A trouble with its causes.
fn chain(trouble: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(trouble.source(), |cause| cause.source());
    std::iter::once(trouble.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}
