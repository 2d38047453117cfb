//! What the state has to be, when the journal is right.

use super::check::{check_end, take};
use super::journal::{Segments, Walked};
use super::{Disagreements, Gathered, InspectTrouble, StorePlace, Watch};
use crate::identifier::RecordNumber;
use crate::store::journal::StoreId;
use crate::store::watermark::known_entry;

/// The sum of the entries' changes.
#[derive(Debug)]
pub(crate) struct Sum {
    /// The store.
    pub(crate) store: StoreId,
    /// How far the journal goes.
    pub(crate) walked: Walked,
    /// Each key with what it holds.
    pub(crate) gathered: Gathered,
}

impl Sum {
    /// Reads the journal of a store that nobody writes.
    ///
    /// # Errors
    /// [`InspectTrouble`] when anything of it is not as it was written, or it ends before what was recorded.
    pub(crate) fn of(place: &StorePlace, watch: &mut dyn Watch) -> Result<Self, InspectTrouble> {
        let mut found = Disagreements::new(1);
        let segments = Segments::find(&place.shelves()?, false, &mut found)?;
        let mut gathered = Gathered::new(RecordNumber(u64::MAX));
        let walked = segments
            .walk(&mut found, watch, &mut |pointer, frame, found| take(pointer, frame, Some(&mut gathered), found))?;
        check_end(&walked, known_entry(&place.watermark(), segments.store()).0, &mut found);
        found.refuse()?;
        Ok(Self { store: segments.store(), walked, gathered })
    }
}
