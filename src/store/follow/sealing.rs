//! Sealing full segments of a standby while it goes on: each is read back, checked, and held against the gateway's own seal.

use std::sync::Arc;
use std::thread::JoinHandle;

use super::FollowTrouble;
use crate::store::background;
use crate::store::journal::seal::Seal;
use crate::store::journal::segment::Header;
use crate::store::journal::{Disk, Shelves};

/// Seals one segment at a time.
#[derive(Default)]
pub(super) struct Sealing {
    thread: Option<JoinHandle<Result<(), FollowTrouble>>>,
}

impl Sealing {
    /// Lets a segment be sealed, which the other one follows; waits for the one before.
    ///
    /// # Errors
    /// [`FollowTrouble`] when the one before could not be sealed, or there is no thread.
    pub(super) fn begin(
        &mut self,
        disk: &Arc<dyn Disk>,
        shelves: &Shelves,
        (header, next): (Header, Header),
        gateways: Option<Seal>,
    ) -> Result<(), FollowTrouble> {
        self.end()?;
        let (place, disk, of_thread) = (shelves.journal(), Arc::clone(disk), shelves.clone());
        let run = move || seal(&*disk, &of_thread, &header, &next, gateways.as_ref());
        let thread = background::spawn("lodged-seal", run);
        self.thread = Some(thread.map_err(FollowTrouble::io("start a thread for", place))?);
        Ok(())
    }

    /// Says what became of it, once it is done.
    ///
    /// # Errors
    /// [`FollowTrouble`] when it could not be sealed.
    pub(super) fn look(&mut self) -> Result<(), FollowTrouble> {
        if self.thread.as_ref().is_some_and(JoinHandle::is_finished) { self.end() } else { Ok(()) }
    }

    /// Waits until everything is sealed.
    ///
    /// # Errors
    /// [`FollowTrouble`] when it could not be sealed.
    pub(super) fn end(&mut self) -> Result<(), FollowTrouble> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        // A panic is told where it happened; the next opening seals.
        thread.join().unwrap_or(Ok(()))
    }
}

impl Drop for Sealing {
    /// The next owner of the directory must not meet a thread of this one.
    fn drop(&mut self) {
        if let Err(trouble) = self.end() {
            tracing::warn!(%trouble, "a segment of the standby could not be sealed; the next opening tries again");
        }
    }
}

/// Reads a segment back and seals it; its bytes must be those that the gateway sealed.
///
/// # Errors
/// [`FollowTrouble`] when it is not what was written, or other bytes than the gateway's.
pub(super) fn seal(
    disk: &dyn Disk,
    shelves: &Shelves,
    header: &Header,
    next: &Header,
    gateways: Option<&Seal>,
) -> Result<(), FollowTrouble> {
    let journal = shelves.journal();
    let seal = Seal::make(disk, shelves, header, next)?;
    if gateways.is_some_and(|gateways| *gateways != seal) {
        let path = journal.parent().unwrap_or(journal).to_owned();
        let reason = format!("segment {} does not have the digest of the gateway's seal", header.number);
        return Err(FollowTrouble::Diverged { path, reason });
    }
    Ok(seal.write(disk, journal)?)
}
