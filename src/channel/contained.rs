//! A panic ends with the work that it happened in.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::event;

/// Work ended in a panic, which was counted. Every panic is a fault of the gateway, never the partner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panicked {
    /// What it said. It may quote what a partner sent, so it is for debugging and not for the log.
    pub(crate) message: String,
}

/// Does the work and turns a panic in it into a value. What the work held is dropped, so nothing half-changed is seen
/// again: what is shared behind it has to be whole between any two steps, as it has to be for a cancelled task.
pub(crate) async fn contained<W: Future>(work: W) -> Result<W::Output, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(payload) => {
            metrics::counter!(event::PANICS).increment(1);
            Poll::Ready(Err(Panicked { message: message(payload.as_ref()) }))
        }
    })
    .await
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it said nothing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_ends_well_is_untouched() {
        assert_eq!(contained(async { 7 }).await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_becomes_a_value() {
        let work = async {
            tokio::task::yield_now().await;
            panic!("the table is {}", "gone")
        };
        assert_eq!(contained(work).await, Err::<(), _>(Panicked { message: "the table is gone".to_owned() }));
    }
}
