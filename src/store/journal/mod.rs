//! The journal: entries one after the other in files of one size, each under a checksum, never changed.
//!
//! It is the commit point: what is here stands, and everything else can be made from it. Start with [`Journal`], which
//! appends (one write and one flush for everything that waits), and [`Reader`], which checks every frame it reads.
//! Old segments may lie in an [archive](Archive); [`Shelves`] finds them there.
//! Bytes and files are all it knows, no entry's meaning. `docs/journal-format.md` has the layout.

// How bytes lie: a frame and how it follows the one before, a segment, and what a segment holds when it is read from the
// start.
mod chain;
pub(crate) mod frame;
pub(crate) mod scan;
pub(crate) mod seal;
pub(crate) mod segment;

// The files, and the seam at which tests make them fail.
mod direct;
mod disk;
mod prepare;
mod shelves;

// Old segments on another disk.
mod archive;

// Writing at the end, dropping at the front, reading anywhere, handing on what is on stable storage, and finding all of it again at a start.
mod along;
mod append;
pub(crate) mod dropping;
mod open;
mod reader;
mod shipping;
mod trouble;

pub use along::Along;
pub(crate) use append::{Journal, Place, Write, name};
pub use archive::ArchiveTrouble;
pub(crate) use archive::{Archive, Mover, is_archive};
pub(crate) use chain::Chain;
pub(crate) use disk::{Disk, JournalFile, ReadOnlyDisk, RealDisk, write_whole, write_zeroes};
pub(crate) use open::{Opened, find, open, unknown};
pub(crate) use prepare::Preparing;
pub(crate) use reader::Reader;
pub(crate) use scan::Contents;
pub(crate) use segment::{StoreId, has_segments};
pub(crate) use shelves::{Listed, Shelves};
pub use shipping::{Shipped, Wanted};
pub(crate) use trouble::{JournalTrouble, remedy};

#[cfg(test)]
mod carried;
#[cfg(test)]
pub(crate) use disk::faulty::{Fault, FaultyDisk};
