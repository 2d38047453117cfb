//! Work that goes on side by side and comes out in the order in which it went in.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The interchanges of one connection that are being received.
///
/// Every round polls all of them from the first to the last. So they reach the record in the order in which they came,
/// although each waits there for its flush together with the others: the first poll examines an interchange and hands
/// it to the record, which takes its callers in turn.
pub(super) struct Pipeline<T> {
    places: VecDeque<Place<T>>,
}

enum Place<T> {
    Running(Pin<Box<dyn Future<Output = T> + Send>>),
    Ended(T),
}

impl<T> Pipeline<T> {
    pub(super) fn new() -> Self {
        Self { places: VecDeque::new() }
    }

    /// Begins with the next round.
    pub(super) fn push(&mut self, work: impl Future<Output = T> + Send + 'static) {
        self.places.push_back(Place::Running(Box::pin(work)));
    }

    /// Gives up what is still running.
    pub(super) fn clear(&mut self) {
        self.places.clear();
    }

    /// What the first one came to. Nothing is lost when this is cancelled; it waits for ever while there is no first one.
    pub(super) async fn next(&mut self) -> T {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<T> {
        // What ended in the last round comes out first: a batch of answers costs one round and not one for each.
        if matches!(self.places.front(), Some(Place::Ended(_)))
            && let Some(Place::Ended(output)) = self.places.pop_front()
        {
            return Poll::Ready(output);
        }
        for place in &mut self.places {
            if let Place::Running(work) = place
                && let Poll::Ready(output) = work.as_mut().poll(context)
            {
                *place = Place::Ended(output);
            }
        }
        match self.places.pop_front() {
            Some(Place::Ended(output)) => Poll::Ready(output),
            Some(running @ Place::Running(_)) => {
                self.places.push_front(running);
                Poll::Pending
            }
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn what_ends_first_waits_for_what_came_first() {
        let mut pipeline = Pipeline::new();
        let (end_first, first) = oneshot::channel();
        let (end_second, second) = oneshot::channel();
        pipeline.push(async { first.await.unwrap() });
        pipeline.push(async { second.await.unwrap() });
        end_second.send(2).unwrap();
        assert!(timeout(Duration::from_millis(5), pipeline.next()).await.is_err());
        end_first.send(1).unwrap();
        assert_eq!((pipeline.next().await, pipeline.next().await), (1, 2));
        assert!(pipeline.places.is_empty());
    }
}
