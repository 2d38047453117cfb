//! What goes back: CONTRL for syntax and directory, CUSRES for everything that a declaration says.
//!
//! [`compose`] is the only way to an answer's bytes. It is pure: the same record always yields the same bytes, so a
//! repeat is answered byte for byte. It asks no clock, no partner and no code list; all it says is in the record.

mod contrl;
mod copied;
mod cusres;
mod envelope;

use bytes::Bytes;

use crate::record::{AnswerKind, AnswerReference, Recorded};

/// The bytes of one answer of a record: one interchange, from UNB to UNZ.
#[must_use]
pub fn compose(recorded: &Recorded, kind: AnswerKind, reference: AnswerReference) -> Bytes {
    let writer = match kind {
        AnswerKind::Contrl => contrl::write(recorded, reference),
        AnswerKind::Cusres => cusres::write(recorded, reference),
    };
    writer.finish().into()
}
