//! The configuration: one file of settings, one file per partner, and the environment above both.
//!
//! Start with [`Config::load`], which gives a [`Loaded`] or every mistake at once, each with its place and a hint; for
//! people there are [`check`] and [`show`]. Changes of partners are made as an [`Edit`] and judged by
//! [`Config::load_changed`]. A secret never stands in a setting, only the file that holds it, and nothing here writes a file
//! or the environment.

// What can be set, with its defaults.
mod setting;

// What may stand where, and reading it with places.
mod key;
mod reading;
mod shape;
mod source;

// What is wrong.
mod mistake;

// From files to values.
mod certificate;
mod collision;
mod contradiction;
mod feed_file;
mod load;
mod partner_file;

// From what an administrator asks for to files as they would be.
mod edit;
mod partner_text;

// For people.
mod check;
mod show;

// What is said while running.
mod log;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod shipped;

pub use check::{ENDING_DAYS, Ending, Listener, Report, check};
pub use edit::Edit;
pub use load::{Environment, Loaded};
pub use log::{LogTrouble, start as start_log};
pub use mistake::{ConfigTrouble, Mistake, Place};
pub use partner_file::{Dossier, Held};
pub use setting::{
    Admin, Config, Drain, Edi, Feeds, Grammars, Limits, Log, LogFormat, Partners, Proof, StoreSettings, Tls, UserIds,
    Watching,
};
pub use show::{PartnerLine, SettingLine, Shown, show};
pub use source::Changes;
