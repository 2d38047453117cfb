//! The state as it was left, looked at in a copy: sled writes as soon as it opens, and removes what it takes for torn.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Disagreement, Disagreements, InspectTrouble, Step, StorePlace, Watch, What, bytes_in};
use crate::identifier::RecordNumber;
use crate::store::index::{Index, IndexTrouble, contained};
use crate::store::journal::StoreId;
use crate::store::watermark::of_another;

/// The cache of the copy, in bytes: it is read once and in order.
pub(crate) const CACHE_BYTES: u64 = 32 << 20;

/// What there is of a state.
#[derive(Debug)]
pub(super) enum Looked {
    /// None, and none was made yet.
    NotMade,
    /// One that can be compared.
    Opened(Box<Opened>),
    /// What is wrong with it was noted.
    Wrong,
}

/// A copy of the state.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) index: Index,
    /// The last entry that it surely holds.
    pub(super) applied: RecordNumber,
    copy: TempDir,
}

impl Opened {
    /// Takes the copy away.
    ///
    /// # Errors
    /// [`InspectTrouble::Temporary`] when that is not possible.
    pub(super) fn close(self) -> Result<(), InspectTrouble> {
        // What a copy does not flush is no matter.
        drop(contained(|| {
            drop(self.index);
            Ok(())
        }));
        self.copy.close().map_err(InspectTrouble::Temporary)
    }
}

/// The state of the store, which nobody may have in use.
///
/// # Errors
/// [`InspectTrouble`] when it cannot be copied.
pub(super) fn look(
    place: &StorePlace,
    store: StoreId,
    found: &mut Disagreements,
    watch: &mut dyn Watch,
) -> Result<Looked, InspectTrouble> {
    if !place.state().exists() {
        if !place.watermark().exists() {
            return Ok(Looked::NotMade);
        }
        found.add(Disagreement::new(What::StateGone).found("a watermark without a state"));
        return Ok(Looked::Wrong);
    }
    let copy = tempfile::Builder::new().prefix("lodged-state-").tempdir().map_err(InspectTrouble::Temporary)?;
    let state = copy.path().join("state");
    let mut copying = Copying { done: 0, total: bytes_in(&place.state())?, watch };
    copying.copy(&place.state(), &state)?;
    let disagreement = match contained(|| Index::reopen(&state, &place.watermark(), store, CACHE_BYTES)) {
        Ok((index, applied)) => return Ok(Looked::Opened(Box::new(Opened { index, applied, copy }))),
        Err(IndexTrouble::Behind { applied, watermark }) => Disagreement::new(What::WatermarkWrong)
            .found(format!("a state with entries up to {applied}"))
            .expected(format!("one with entries up to {watermark}, as the watermark file says")),
        Err(IndexTrouble::Io { path, source, .. }) if path == place.watermark() => {
            Disagreement::new(What::WatermarkWrong).found(format!("no watermark file that can be read ({source})"))
        }
        Err(trouble) => match of_another(&place.watermark(), store) {
            Some(other) => Disagreement::new(What::WatermarkWrong)
                .found(format!("the watermark of store {other}"))
                .expected(format!("that of store {store}, whose journal this is")),
            None => Disagreement::new(What::StateUnreadable).found(trouble.to_string()),
        },
    };
    found.add(disagreement);
    Ok(Looked::Wrong)
}

struct Copying<'a> {
    done: u64,
    total: u64,
    watch: &'a mut dyn Watch,
}

impl Copying<'_> {
    fn copy(&mut self, from: &Path, to: &Path) -> Result<(), InspectTrouble> {
        fs::create_dir(to).map_err(InspectTrouble::Temporary)?;
        for entry in fs::read_dir(from).map_err(InspectTrouble::io("list", from))? {
            let entry = entry.map_err(InspectTrouble::io("list", from))?;
            let (path, to) = (entry.path(), to.join(entry.file_name()));
            if path.is_dir() {
                self.copy(&path, &to)?;
            } else {
                drop(fs::File::open(&path).map_err(InspectTrouble::io("read", &path))?);
                let bytes = fs::copy(&path, &to).map_err(InspectTrouble::Temporary)?;
                self.done = self.done.saturating_add(bytes);
                self.watch.reached(Step::CopyState, self.done, Some(self.total));
            }
        }
        Ok(())
    }
}
