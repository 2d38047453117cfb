//! UN/EDIFACT as ISO 9735 defines it: bytes in, segments and envelopes out, and back.
//!
//! This room knows bytes and the standard, no partner and no customs: it could be somebody else's library. Start with
//! [`Interchange::read`]; what is wrong with an interchange comes back beside it as [`SyntaxFinding`]s, each with its
//! 0085 code and a place counted as CONTRL counts. Values stay where they are in the bytes until somebody asks for one.

// In reading order: the characters, where interchanges begin and end in a stream, segments, envelopes.
mod cuts;
mod envelope;
mod frame;
mod interchange;
mod pieces;
mod repertoire;
mod scan;
mod segment;
mod service;
mod value;

// What is taken although the standard does not have it.
mod tolerance;

// What is wrong, and the way back to bytes.
mod finding;
mod writer;

pub use cuts::{Cuts, Piece};
pub use envelope::{
    AcknowledgementRequest, ControlReference, Envelope, MessageType, PartyId, SyntaxVersion, preparation_day,
};
pub use finding::{ElementPlace, Level, Place, ServiceTag, SyntaxError, SyntaxFinding};
pub use frame::{Frame, FrameFinder};
pub use interchange::{FunctionalGroup, Interchange, Message, PackageReference};
pub(crate) use pieces::Divider;
pub use pieces::{PieceEnd, Pieces, Stretch};
pub use repertoire::Repertoire;
pub(crate) use scan::no_digits;
pub use segment::{Component, Element, Repetition, Segment, Tag};
pub(crate) use segment::{TagNumber, unrelease};
pub use service::{ServiceChars, UNA_LENGTH};
pub use tolerance::{Mended, Note, Reading, Tolerance, Tolerances, mend};
pub use value::{Value, Values};
pub use writer::{InterchangeWriter, SegmentWriter};
