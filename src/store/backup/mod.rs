//! Backups: what the journal is, in another directory, copied while a daemon writes and without its help.
//!
//! Start with [`backup`] and [`restore`]. A backup is a directory with the sealed segments and their seals, the open segment
//! up to its last whole frame, and a manifest, which is written last and says how far the backup goes. What the manifest
//! does not speak of does not count, so an interrupted backup leaves the one before it as it was. The state is not in it: it
//! is made from the journal.

// What a backup says of itself, what the record then knows of it, and how their files are written.
mod file;
mod manifest;
mod note;
mod trouble;

// Both ways.
mod restore;
mod save;

pub(crate) use manifest::is_backup;
pub use note::{BackedUp, last_backup};
pub(crate) use restore::STAGING;
pub use restore::{RestoreReport, restore};
pub use save::{BackupReport, backed_up, backup};
pub use trouble::BackupTrouble;
