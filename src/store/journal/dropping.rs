//! Dropping segments from the front of the journal, and whether what is left begins where it may.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::store::floor::Floor;

use super::chain::Chain;
use super::disk::Disk;
use super::seal;
use super::segment::{self, Header};
use super::trouble::JournalTrouble;

/// What is wrong with a first segment that does not go on where the dropped ones end.
const UNLINKED: &str = "its entries do not follow those that were dropped";

/// Whether a journal may begin with this segment: with the first one of all, or behind what was dropped. Segments that
/// were to be dropped may still be there.
///
/// # Errors
/// [`JournalTrouble`] when segments are missing in front of it, or it does not follow those that were dropped.
pub(crate) fn check_beginning(directory: &Path, header: &Header, floor: &Floor) -> Result<(), JournalTrouble> {
    let first_kept = floor.segment.saturating_add(1);
    if header.number > first_kept {
        return Err(JournalTrouble::Missing { directory: directory.to_owned(), number: first_kept });
    }
    if header.number < first_kept || header.number == 1 || follows(header, floor) {
        return Ok(());
    }
    Err(JournalTrouble::Header { path: segment::path(directory, header.number), reason: UNLINKED })
}

/// Whether a segment goes on where the dropped ones end.
pub(crate) fn follows(header: &Header, floor: &Floor) -> bool {
    (header.first, header.chain) == (floor.first().0, Chain(floor.chain))
}

/// Removes the segments up to this one with their seals, the oldest first, each on stable storage before the next one: so
/// whatever stops it, those that are left have no gap. How many segments that were.
///
/// # Errors
/// [`JournalTrouble::Io`]; doing it again goes on where it was.
pub(crate) fn remove_through(disk: &dyn Disk, directory: &Path, through: u64) -> Result<u64, JournalTrouble> {
    let paths: io::Result<Vec<PathBuf>> =
        fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let paths = paths.map_err(JournalTrouble::io("list", directory))?;
    let mut numbers: Vec<_> = paths.iter().filter_map(|path| segment::number(path)).collect();
    numbers.retain(|number| *number <= through);
    numbers.sort_unstable();
    let mut removed = 0;
    for number in numbers {
        let seal = seal::path(directory, number);
        if seal.exists() {
            disk.remove(&seal).map_err(JournalTrouble::io("remove", &seal))?;
        }
        let path = segment::path(directory, number);
        disk.remove(&path).map_err(JournalTrouble::io("remove", &path))?;
        disk.sync_directory(directory).map_err(JournalTrouble::io("flush", directory))?;
        removed += 1;
    }
    Ok(removed)
}
