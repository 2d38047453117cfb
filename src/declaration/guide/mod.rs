//! The implementation guide: at which place of a message each data element of a declaration stands.
//!
//! A guide is a file that an administration swaps (`docs/guide-notation.md` says how it is written). [`Guide::load`]
//! compiles it against a message grammar, once; a [`Reader`] then turns each well-built message into a
//! [`Draft`](super::Draft), and says which demands of the guide it does not meet. It judges presence and form; whether
//! what is said is true is a rule's business.

mod breach;
mod compile;
mod format;
mod notation;
mod place;
mod reading;
mod texts;
mod values;

pub use breach::{Breach, BreachKind, Reading};
pub use notation::{Format, Mistake, Status};
pub use reading::Reader;
pub use texts::TextStore;

use crate::edifact::MessageType;
use crate::grammar::{Catalogue, GroupId, PlaceId};

use super::from_message::Sink;
use place::{Place, Position};

/// A compiled implementation guide of one message.
#[derive(Debug)]
pub struct Guide {
    /// The message it guides: type, version, release and agency.
    pub message: MessageType,
    /// Everything it places, in the order of the file.
    elements: Vec<Element>,
    /// What it wants to know of a place of the message grammar, in the order of the grammar.
    places: Vec<Place>,
    /// Elements of which no place wants anything begin here (0098).
    unwanted: usize,
    /// What the triggers of segment groups are asked, each thing once.
    questions: Vec<Question>,
    /// The elements whose absence may be a breach: those of the header, and those of a line.
    needed: [Vec<usize>; 2],
    /// The elements of a line, which are counted anew in each.
    of_line: Vec<usize>,
    /// Where a commodity begins.
    lines: Lines,
    /// The code for segments that it does not use.
    unused_code: String,
    /// What it only names, and others have.
    names: Vec<Named>,
}

/// A name in a guide that others must know: whoever knows them checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The line of the guide, from 1.
    pub line: usize,
    /// The code of a finding.
    pub code: String,
    /// The code list whose values have that finding when they are not in it.
    pub list: Option<String>,
}

/// The guide that is built in, for tools and tests that have no folder of grammars.
const EMBEDDED: &str = include_str!("../../../grammars/export/cusdec.guide");

impl Guide {
    /// Compiles the guide that is built in.
    ///
    /// # Errors
    /// Every mistake in it; against the grammars that are built in there is none.
    pub fn embedded(catalogue: &Catalogue) -> Result<Self, Vec<Mistake>> {
        Self::load(EMBEDDED, catalogue)
    }

    /// Whether it guides this message. The association code (0057) does not matter: an unknown one falls back to the
    /// directory's message.
    #[must_use]
    pub fn applies_to(&self, message: &MessageType) -> bool {
        let guided = &self.message;
        (&guided.kind, &guided.version, &guided.release, &guided.agency)
            == (&message.kind, &message.version, &message.release, &message.agency)
    }

    /// The codes of findings and the code lists that it names.
    pub fn names(&self) -> impl Iterator<Item = &Named> {
        self.names.iter()
    }

    /// What it places, for documents and tools: name, status, names for people, path, form, code list.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.elements.iter()
    }
}

/// One data element as the guide places it.
#[derive(Debug)]
pub struct Element {
    /// Its name in the table of data elements.
    pub name: &'static str,
    /// Whether it must be there.
    pub status: Status,
    /// How often it may be there, in the header or in a line.
    pub most: u32,
    /// Its names in English and French.
    pub labels: [String; 2],
    /// Its path as the guide writes it.
    pub path: String,
    /// How it is written.
    pub format: Format,
    /// Its code list, and the code of a value that is not in it.
    pub list: Option<(String, String)>,
    /// The codes for what is missing, ill-formed and too many.
    codes: [String; 3],
    sink: Sink,
    /// What the trigger of the innermost segment group it depends on is asked (status D).
    depends_on: Option<usize>,
}

/// Whether the trigger of a segment group says something, asked whenever one comes.
#[derive(Debug)]
struct Question {
    condition: GroupCondition,
    /// The dependent elements that must be there once it says so.
    calls_for: Vec<usize>,
}

/// What the trigger of a segment group must say.
#[derive(Debug, Clone, PartialEq, Eq)]
struct GroupCondition {
    group: GroupId,
    trigger: PlaceId,
    conditions: Vec<Condition>,
}

/// A component that must be one of some values.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    at: Position,
    values: Vec<String>,
}

/// Where commodities are, and how many there may be.
#[derive(Debug)]
struct Lines {
    trigger: PlaceId,
    group: GroupId,
    most: u32,
    none_code: String,
    many_code: String,
}
