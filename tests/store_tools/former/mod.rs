//! Stores as versions before this one left them, kept in `testdata/stores`: one folder for each format of the journal, with
//! the files of the store in `record/` and everything that was sent and answered in `told.json`.
//!
//! What a version of this format tells its first store is in [`telling`]; that a later one understands it, in `upgrading`.

mod telling;
mod told;
mod upgrading;
