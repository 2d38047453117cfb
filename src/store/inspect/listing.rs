//! Which segments are in a directory, and what their headers say.

use std::path::Path;
use std::sync::Arc;

use super::InspectTrouble;
use crate::store::journal::segment::{self, Header};
use crate::store::journal::{Disk, JournalFile, JournalTrouble, ReadOnlyDisk, seal};

/// The numbers of the segments in order, and the highest number of a seal.
pub(super) fn list(directory: &Path) -> Result<(Vec<u64>, u64), InspectTrouble> {
    let (mut numbers, mut sealed) = (Vec::new(), 0);
    for entry in std::fs::read_dir(directory).map_err(InspectTrouble::io("list", directory))? {
        let path = entry.map_err(InspectTrouble::io("list", directory))?.path();
        numbers.extend(segment::number(&path));
        sealed = sealed.max(seal::number(&path).unwrap_or(0));
    }
    numbers.sort_unstable();
    Ok((numbers, sealed))
}

/// The header of a segment, whose number is that of its name and whose length is the one it states; a tail is shorter.
pub(super) fn header(directory: &Path, number: u64, tail: Option<&Path>) -> Result<Header, JournalTrouble> {
    let path = tail.map_or_else(|| segment::path(directory, number), Path::to_owned);
    let file: Arc<dyn JournalFile> = ReadOnlyDisk.open(&path).map_err(JournalTrouble::io("open", &path))?;
    let header = match tail {
        Some(_) => Header::of_any_length(&*file, &path)?.0,
        None => Header::of(&*file, &path)?,
    };
    let reason = "its number is not that of its name";
    if header.number == number { Ok(header) } else { Err(JournalTrouble::Header { path, reason }) }
}
