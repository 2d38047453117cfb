//! The archive: a second directory, mostly on another disk, to which old sealed segments move.
//!
//! Start with [`Archive::find`], which says before anything is changed whether a directory may be the archive of a store,
//! and [`Mover`], which moves. A segment is in the archive once its copy was read back, has the digest of its seal and is on
//! stable storage under its name; only then the original goes. So it is in one place or in both, whenever the process dies.
//! Seals stay in the journal, so a start needs nothing of the archive. Who is old is said by others.

// What the journal says of its archive, and the archive of its store.
mod note;
mod trouble;

// Whether it may be one, and moving.
mod moving;
mod place;

pub use trouble::ArchiveTrouble;

pub(crate) use moving::Mover;
pub(crate) use note::{Note, is_archive};
pub(crate) use place::Archive;
pub(super) use place::is_there;
