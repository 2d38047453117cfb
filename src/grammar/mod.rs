//! Grammars are data: what a directory allows, read from files in a notation of our own and held against messages.
//!
//! Start with [`Catalogue`]: it is loaded once, gives the [`MessageGrammar`] of a message by what UNH says, and judges
//! the service segments of an interchange. [`MessageGrammar::examine`] then says at which place of its table each
//! segment stands, and what the directory forbids. This room names no message and no code: what a value means is for the
//! guide one floor up. It never looks at text of a grammar while messages are examined.

// In reading order: the notation, its lines, its definitions, what is wrong with them.
mod mistake;
mod notation;
mod outline;

// Compiled: segments and elements, segment tables, all of them together.
mod catalogue;
mod codes;
mod compile;
mod layout;
mod lint;
mod shipped;
mod spec;
mod table;

// Held against a message: structure, elements, the service segments around it.
mod characters;
mod element;
mod envelope;
mod findings;
mod header;
mod matching;
mod quick;
mod section;
mod simple;
mod steps;

// From tables.
mod import;

#[cfg(test)]
mod trial;

pub use catalogue::{Catalogue, GrammarTrouble, files, lint};
pub use codes::{CodeList, DirectoryCodes};
pub use envelope::ServiceCheck;
pub use findings::FINDINGS_MAX;
pub use import::{Import, Imported, import};
pub use matching::{Examined, Match};
pub use mistake::{LintReport, Mistake, Severity};
pub use spec::{DataId, DirectoryKey, ElementSpec, Representation, SegmentSpec, SegmentTable, ValueKind, ValueSpec};
pub use table::{GroupId, MessageGrammar, PlaceId, SegmentGroup, TablePlace};
