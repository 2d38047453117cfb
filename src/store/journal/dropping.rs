//! Dropping segments from the front of the journal, and whether what is left begins where it may.

use std::collections::BTreeSet;
use std::path::Path;

use crate::store::floor::Floor;

use super::archive::{self, Note};
use super::chain::Chain;
use super::disk::Disk;
use super::seal;
use super::segment::{self, Header, StoreId};
use super::shelves::{Listed, Shelves};
use super::trouble::JournalTrouble;

/// What is wrong with a first segment that does not go on where the dropped ones end.
const UNLINKED: &str = "its entries do not follow those that were dropped";

/// Whether a journal may begin with this segment: with the first one of all, or behind what was dropped. Segments that
/// were to be dropped may still be there.
///
/// # Errors
/// [`JournalTrouble`] when segments are missing in front of it, or it does not follow those that were dropped.
pub(crate) fn check_beginning(shelves: &Shelves, header: &Header, floor: &Floor) -> Result<(), JournalTrouble> {
    let first_kept = floor.segment.saturating_add(1);
    if header.number > first_kept {
        return Err(JournalTrouble::Missing { directory: shelves.journal().to_owned(), number: first_kept });
    }
    if header.number < first_kept || header.number == 1 || follows(header, floor) {
        return Ok(());
    }
    Err(JournalTrouble::Header { path: shelves.place(header.number), reason: UNLINKED })
}

/// Whether a segment goes on where the dropped ones end.
pub(crate) fn follows(header: &Header, floor: &Floor) -> bool {
    (header.first, header.chain) == (floor.first().0, Chain(floor.chain))
}

/// Removes the segments up to this one with their seals, the oldest first, each on stable storage before the next one: so
/// whatever stops it, those that are left have no gap. What moved to the archive goes there first, since the seal in the
/// journal says that it was there.
///
/// # Errors
/// [`JournalTrouble`], also while an archive is away that has some of them; doing it again goes on where it was.
pub(crate) fn remove_through(
    disk: &dyn Disk,
    shelves: &Shelves,
    store: StoreId,
    through: u64,
) -> Result<(), JournalTrouble> {
    let mut numbers = numbers(shelves, through)?;
    let archive = archive(shelves, store, numbers.first().copied())?;
    if let Some(archive) = &archive {
        numbers.extend(self::numbers(archive, through)?);
    }
    for number in numbers {
        if let Some(archive) = &archive {
            remove(disk, archive.journal(), number)?;
        }
        remove(disk, shelves.journal(), number)?;
    }
    Ok(())
}

/// The numbers of segments and seals in a directory, up to this one.
fn numbers(shelves: &Shelves, through: u64) -> Result<BTreeSet<u64>, JournalTrouble> {
    let Listed { segments, seals } = shelves.list_journal()?;
    Ok(segments.into_iter().chain(seals).filter(|number| *number <= through).collect())
}

/// The archive, when it is there; none when nothing from `first` on can be in it.
fn archive(shelves: &Shelves, store: StoreId, first: Option<u64>) -> Result<Option<Shelves>, JournalTrouble> {
    let Some(archive) = shelves.archive() else { return Ok(None) };
    if archive::is_there(archive, store) {
        return Ok(Some(Shelves::of(archive)));
    }
    // While it cannot be said what moved, everything may have.
    let moved = Note::read(shelves.journal()).map_or(u64::MAX, |note| note.map_or(0, |note| note.up_to));
    match first.filter(|first| *first <= moved) {
        Some(first) => Err(shelves.absent(first)),
        None => Ok(None),
    }
}

/// Removes the seal and the segment of this number from a directory, where they are.
fn remove(disk: &dyn Disk, directory: &Path, number: u64) -> Result<(), JournalTrouble> {
    let paths = [seal::path(directory, number), segment::path(directory, number)];
    let there: Vec<_> = paths.into_iter().filter(|path| path.exists()).collect();
    for path in &there {
        disk.remove(path).map_err(JournalTrouble::io("remove", path))?;
    }
    if there.is_empty() {
        return Ok(());
    }
    disk.sync_directory(directory).map_err(JournalTrouble::io("flush", directory))
}
