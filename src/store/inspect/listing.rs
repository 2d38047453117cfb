//! What the headers of segments say.

use std::path::Path;

use crate::store::journal::segment::Header;
use crate::store::journal::{Disk, JournalTrouble, ReadOnlyDisk, Shelves};

/// The header of a segment, whose number is that of its name and whose length is the one it states; a tail is shorter.
pub(super) fn header(shelves: &Shelves, number: u64, tail: Option<&Path>) -> Result<Header, JournalTrouble> {
    let (header, path) = match tail {
        Some(tail) => {
            let file = ReadOnlyDisk.read(tail).map_err(JournalTrouble::io("open", tail))?;
            (Header::of_any_length(&*file, tail)?.0, tail.to_owned())
        }
        None => {
            let (file, path) = shelves.open(&ReadOnlyDisk, number)?;
            (Header::of(&*file, &path)?, path)
        }
    };
    let reason = "its number is not that of its name";
    if header.number == number { Ok(header) } else { Err(JournalTrouble::Header { path, reason }) }
}
