//! The journal as it lies in its files, for a standby that follows.

use crate::store::journal::{Shipped, Wanted};
use crate::store::{EmbeddedStore, Unavailable};

impl EmbeddedStore {
    /// At most so many bytes of the journal from a place on, of what is on stable storage.
    ///
    /// # Errors
    /// [`Unavailable`] when the segment is not there or cannot be read.
    pub async fn ship(&self, wanted: Wanted, bytes_max: u64) -> Result<(Shipped, Vec<u8>), Unavailable> {
        self.read(move |shared| Ok(shared.reader.ship(&wanted, bytes_max)?)).await
    }

    /// Returns once there is something behind this place on stable storage, or the place is not at the end at all.
    pub async fn grows_beyond(&self, wanted: Wanted) {
        // It can fail only when the journal is gone, and then there is nothing to wait for.
        drop(self.shared.reader.end().wait_for(|end| !wanted.is_at(end)).await);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::store::Store as _;
    use crate::store::battery::options;
    use crate::store::embedded::open::open_on;
    use crate::store::journal::{Disk, FaultyDisk};
    use crate::store::sample::sent;

    const START: Wanted = Wanted { segment: 1, offset: 0, next: 1 };

    /// Where the journal ends after `START`.
    async fn end(store: &EmbeddedStore) -> Wanted {
        let (shipped, bytes) = store.ship(START, u64::MAX).await.unwrap();
        assert_eq!(shipped.bytes, bytes.len() as u64);
        Wanted { offset: shipped.bytes, next: shipped.last_entry + 1, ..START }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_is_handed_on_before_its_flush() {
        let directory = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::default();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let store = Arc::new(open_on(&shared, options(directory.path())).unwrap());
        let before = end(&store).await;
        let (begun, lets_go) = disk.hold();
        let recording = tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.record(sent("1")).await.unwrap() }
        });
        begun.recv().unwrap();
        assert_eq!(end(&store).await, before, "written and not flushed");
        assert!(timeout(Duration::from_millis(20), store.grows_beyond(before)).await.is_err());
        drop(lets_go);
        recording.await.unwrap();
        store.grows_beyond(before).await;
        assert_eq!(end(&store).await.next, 2);
    }

    #[tokio::test]
    async fn a_place_behind_the_end_has_nothing_and_is_not_waited_at() {
        let directory = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(options(directory.path())).unwrap();
        store.record(sent("1")).await.unwrap();
        for wanted in [Wanted { offset: u64::MAX, ..START }, Wanted { segment: u64::MAX, offset: 0, next: 2 }] {
            store.grows_beyond(wanted).await;
            let (shipped, bytes) = store.ship(wanted, u64::MAX).await.unwrap();
            assert_eq!((shipped.last_segment, shipped.last_entry, bytes), (1, 1, vec![]));
        }
    }
}
