//! What `lodged check` found, as data: the document that `--format json` prints, and what people's output is made of.
//!
//! `docs/check-json.md` and `docs/check.schema.json` describe it; a test holds the three together. Keys are added, never
//! taken away or given another meaning, as long as the number of the document stays the same.

use std::ops::Range;

use serde::Serialize;

use crate::declaration::Severity;
use crate::edifact::Repertoire;

/// The number of the document. Another one means that something in it has another meaning.
pub(super) const DOCUMENT: u32 = 1;

/// Everything that was found in all files.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) document: u32,
    pub(super) files: Vec<FileReport>,
}

/// Everything that was found in one file.
#[derive(Debug, Serialize)]
pub(super) struct FileReport {
    /// The name as it was given; `-` is standard input.
    pub(super) file: String,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) notices: usize,
    /// What could not be read at all.
    pub(super) unreadable: Option<Unreadable>,
    pub(super) interchanges: Vec<InterchangeReport>,
    /// In the order of the file.
    pub(super) findings: Vec<Finding>,
    /// What was taken although the standard does not have it.
    pub(super) notes: Vec<NoteReport>,
}

/// A tolerance that was used in a file.
#[derive(Debug, Serialize)]
pub(super) struct NoteReport {
    /// The name of its switch in `[tolerances]`.
    pub(super) tolerance: &'static str,
    pub(super) sentence: String,
    /// How often in the file.
    pub(super) count: usize,
    /// Where first.
    pub(super) place: FilePlace,
    /// In which interchange first, counted from 1.
    pub(super) interchange: usize,
}

/// Why a file, or the rest of it, could not be read.
#[derive(Debug, Serialize)]
pub(super) struct Unreadable {
    pub(super) sentence: String,
    pub(super) hint: String,
    /// Where; none when the file could not be opened.
    pub(super) place: Option<FilePlace>,
}

/// One interchange of a file.
#[derive(Debug, Serialize)]
pub(super) struct InterchangeReport {
    pub(super) reference: String,
    pub(super) sender: String,
    pub(super) recipient: String,
    pub(super) is_practice: bool,
    pub(super) line: usize,
    pub(super) messages: Vec<MessageReport>,
}

/// One message of an interchange.
#[derive(Debug, Serialize)]
pub(super) struct MessageReport {
    pub(super) reference: String,
    /// Type, version, release and agency, and the association code when there is one.
    pub(super) kind: String,
    /// Whether an implementation guide applied to it; else only syntax and directory were held against it.
    pub(super) is_declaration: bool,
}

/// Who forbids something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Family {
    /// Syntax and directory: a CONTRL would say it.
    Syntax,
    /// Guide, code lists and rules: a CUSRES would say it.
    Content,
}

/// One finding.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// `S` and the number of 0085, or the stable code of a rule.
    pub(super) code: String,
    pub(super) family: Family,
    pub(super) severity: Severity,
    pub(super) sentence: String,
    /// What was expected or found, when the sentence alone does not say it.
    pub(super) detail: Option<String>,
    /// What to do.
    pub(super) hint: Option<String>,
    pub(super) place: FilePlace,
    /// The interchange, counted from 1.
    pub(super) interchange: usize,
    /// The functional group, counted from 1 in the interchange.
    pub(super) group: Option<u32>,
    /// The message, counted from 1 in the interchange.
    pub(super) message: Option<u32>,
    pub(super) segment: Option<SegmentReport>,
    /// Position of the element in the segment; the tag is 1 (0098).
    pub(super) element: Option<u16>,
    /// Position of the component in the element, first = 1 (0104).
    pub(super) component: Option<u16>,
    /// Repetition of the element, first = 1 (0136).
    pub(super) occurrence: Option<u32>,
    /// The commodity that it concerns.
    pub(super) commodity: Option<u32>,
    #[serde(skip)]
    pub(super) repertoire: Repertoire,
}

/// Where in a file: lines and columns are counted from 1, columns in characters, bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FilePlace {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) offset: usize,
    pub(super) length: usize,
}

impl FilePlace {
    pub(super) fn span(&self) -> Range<usize> {
        self.offset..self.offset.saturating_add(self.length)
    }
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SegmentReport {
    pub(super) tag: String,
    /// Position in the message, UNH = 1 (0096); none for the service segments outside messages.
    pub(super) position: Option<u32>,
}

impl FileReport {
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            errors: 0,
            warnings: 0,
            notices: 0,
            unreadable: None,
            interchanges: Vec::new(),
            findings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Puts the findings in the order of the file and counts them.
    pub(super) fn settle(&mut self) {
        self.findings.sort_by_key(|finding| (finding.place.offset, finding.family == Family::Content));
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        (self.errors, self.warnings, self.notices) =
            (count(Severity::Error), count(Severity::Warning), count(Severity::Notice));
    }

    /// Adds a note to those of the same tolerance.
    pub(super) fn take_note(&mut self, note: NoteReport) {
        match self.notes.iter_mut().find(|known| known.tolerance == note.tolerance) {
            Some(known) => known.count += note.count,
            None => self.notes.push(note),
        }
    }

    pub(super) fn message_count(&self) -> usize {
        self.interchanges.iter().map(|interchange| interchange.messages.len()).sum()
    }
}

/// Sentences of rules begin with a capital letter, and so do all others that stand beside them.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
