//! A backup that the daemon makes, so that the record tells of it.

use std::path::Path;

use tokio::task::spawn_blocking;

use super::{Office, ill, shown};
use crate::admin::socket::{BackupView, OnTheWayTo, Reached, Reply};
use crate::record::{Actor, Deed};
use crate::store::{self, Step, Watch};

/// Whoever asked for it hears how far it is, when they want to.
struct Watched(Option<OnTheWayTo>);

impl Watch for Watched {
    fn reached(&mut self, _step: Step, bytes: u64, bytes_total: Option<u64>) {
        if let Some(way) = &self.0 {
            way.reached(Reached { bytes, bytes_total });
        }
    }
}

impl Office {
    pub(super) async fn backup(
        &self,
        who: Actor,
        directory: &str,
        verify: bool,
        on_the_way: Option<OnTheWayTo>,
    ) -> Result<Reply, Reply> {
        let to = Path::new(directory).to_owned();
        if !to.is_absolute() {
            let hint = "name the directory from the root on: the gateway has another one that it works in";
            return Err(Reply::refused(format!("{directory} is no absolute path"), hint));
        }
        let from = self.reload.in_force().config.store.directory.clone();
        let before = store::backed_up(&to).map_err(|trouble| Reply::trouble(trouble.to_string()))?;
        let (now, mut watched) = (self.clock.now(), Watched(on_the_way));
        let done = spawn_blocking(move || store::backup(&from, &to, verify, now, &mut watched)).await;
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
