//! Signs of life for the watchdog of the service manager, as long as there is life.
//!
//! A sign means that the runtime turns, that the record takes what comes, and that its writing thread answered a question
//! that was put behind everything else. A record that stopped, or a disk that never comes back from a flush, leaves the
//! signs out, and the manager starts the gateway anew; nothing that was acknowledged is lost by that.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{error, info};

use super::manager::Manager;
use crate::gateway::Gateway;
use crate::partner::PartnerId;
use crate::store::{Store, Unavailable};

/// Gives a sign twice in the time that the manager waits for one. Never returns.
pub(super) async fn beat<S: Store>(gateway: Arc<Gateway<S>>, manager: Manager, watchdog: Duration, status: String) {
    let every = watchdog / 2;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_alive = true;
    loop {
        ticks.tick().await;
        let answer = timeout(every, answers(gateway.store())).await;
        let answer = answer.unwrap_or_else(|_| Err(Unavailable(format!("it gave no answer in {every:?}"))));
        if answer.is_ok() {
            manager.alive();
        }
        if answer.is_ok() != was_alive {
            was_alive = answer.is_ok();
            manager.says(&tell(&answer).map_or(status.clone(), |trouble| format!("no sign of life: {trouble}")));
        }
    }
}

/// Asks the writing thread to note the delivery of nothing, which it answers in its turn and writes nowhere.
async fn answers<S: Store>(store: &S) -> Result<(), Unavailable> {
    store.ready()?;
    match PartnerId::new("nobody") {
        Some(nobody) => store.delivered(&nobody, &[]).await,
        None => Ok(()),
    }
}

/// Tells the log, and gives back what is wrong.
fn tell(answer: &Result<(), Unavailable>) -> Option<&Unavailable> {
    match answer {
        Ok(()) => info!("the record answers again"),
        Err(reason) => error!(%reason, "no sign of life is given, the watchdog will end this gateway"),
    }
    answer.as_ref().err()
}
