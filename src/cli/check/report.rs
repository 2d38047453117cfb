//! What `lodged check` found, as data: the document that `--format json` prints, and what people's output is made of.
//!
//! `docs/check-json.md` and `docs/check.schema.json` describe it; a test holds the three together. Keys are added, never
//! taken away or given another meaning, as long as the number of the document stays the same.

use std::collections::BTreeMap;

use serde::Serialize;

use super::text::Excerpt;
use crate::cli::Outcome;
use crate::declaration::Severity;

/// Most messages of a file that are listed with their interchanges; the others are counted.
const MESSAGES_LISTED_MAX: usize = 100_000;

/// Everything that was found in one file.
#[derive(Debug, Serialize)]
pub(super) struct FileReport {
    /// The name as it was given; `-` is standard input.
    pub(super) file: String,
    #[serde(flatten)]
    pub(super) counts: Counts,
    /// How often each code was found, also where the finding is left out.
    pub(super) codes: BTreeMap<String, usize>,
    /// Findings that are counted and not told: there were more than are told of one file.
    pub(super) left_out: usize,
    /// What could not be read at all.
    pub(super) unreadable: Option<Unreadable>,
    pub(super) interchanges: Vec<InterchangeReport>,
    /// In the order of the file.
    pub(super) findings: Vec<Finding>,
    /// What was taken although the standard does not have it.
    pub(super) notes: Vec<NoteReport>,
    #[serde(skip)]
    findings_max: usize,
}

/// What came and what was found, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) notices: usize,
    #[serde(rename = "interchange_count")]
    pub(super) interchanges: usize,
    #[serde(rename = "message_count")]
    pub(super) messages: usize,
    /// Messages that would be refused.
    #[serde(rename = "refused_count")]
    pub(super) refused: usize,
}

/// All files together.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Summary {
    pub(super) files: usize,
    /// Files that could not be read to their end.
    pub(super) unreadable_files: usize,
    #[serde(flatten)]
    pub(super) counts: Counts,
}

impl Summary {
    /// How a command ends that found this.
    pub(super) fn outcome(&self) -> Outcome {
        if self.unreadable_files > 0 { Outcome::Undone } else { Outcome::clean_if(self.counts.errors == 0) }
    }

    pub(super) fn add(&mut self, report: &FileReport) {
        let (sum, of) = (&mut self.counts, &report.counts);
        self.files += 1;
        self.unreadable_files += usize::from(report.unreadable.is_some());
        sum.errors += of.errors;
        sum.warnings += of.warnings;
        sum.notices += of.notices;
        sum.interchanges += of.interchanges;
        sum.messages += of.messages;
        sum.refused += of.refused;
    }
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
    /// Where; none when the file could not be opened, or nothing is in it.
    pub(super) place: Option<FilePlace>,
    /// What stands there.
    pub(super) source_line: Option<String>,
    #[serde(skip)]
    pub(super) excerpt: Excerpt,
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
    /// The number of 0085, or the stable code of a rule.
    pub(super) code: String,
    pub(super) family: Family,
    pub(super) severity: Severity,
    pub(super) sentence: String,
    /// What the directory says of it, in English.
    pub(super) detail: Option<String>,
    /// What would have been right.
    pub(super) expected: Option<String>,
    /// What stands there.
    pub(super) found: Option<String>,
    /// What to do.
    pub(super) hint: Option<String>,
    pub(super) place: FilePlace,
    /// The line of the place, or as much around it as is shown.
    pub(super) source_line: String,
    /// The interchange, counted from 1.
    pub(super) interchange: usize,
    /// The functional group, counted from 1 in the interchange.
    pub(super) group: Option<u32>,
    /// The message, counted from 1 in the interchange.
    pub(super) message: Option<u32>,
    pub(super) segment: Option<SegmentReport>,
    /// The segment's place in the table of its message: the segment groups around it, and its tag.
    pub(super) path: Option<String>,
    /// Position of the element in the segment; the tag is 1 (0098).
    pub(super) element: Option<u16>,
    /// Position of the component in the element, first = 1 (0104).
    pub(super) component: Option<u16>,
    /// Repetition of the element, first = 1 (0136).
    pub(super) occurrence: Option<u32>,
    /// The commodity that it concerns.
    pub(super) commodity: Option<u32>,
    #[serde(skip)]
    pub(super) excerpt: Excerpt,
    /// Type and reference of the message.
    #[serde(skip)]
    pub(super) message_name: Option<(String, String)>,
    /// It is behind the segment that something is missing: CONTRL counts it there.
    #[serde(skip)]
    pub(super) is_behind: bool,
    /// What the directory calls the element.
    #[serde(skip)]
    pub(super) element_name: Option<String>,
}

/// Where in a file: lines and columns are counted from 1, columns in characters, bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FilePlace {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) offset: usize,
    pub(super) length: usize,
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SegmentReport {
    pub(super) tag: String,
    /// Position in the message, UNH = 1 (0096); none for the service segments outside messages.
    pub(super) position: Option<u32>,
}

impl FileReport {
    /// Nothing yet; of what is found, at most so much is told.
    pub(super) fn new(file: &str, findings_max: usize) -> Self {
        Self {
            file: file.to_owned(),
            counts: Counts::default(),
            codes: BTreeMap::new(),
            left_out: 0,
            unreadable: None,
            interchanges: Vec::new(),
            findings: Vec::new(),
            notes: Vec::new(),
            findings_max,
        }
    }

    /// Another interchange of so many messages.
    pub(super) fn begin(&mut self, summary: impl FnOnce() -> InterchangeReport, messages: usize) {
        self.counts.interchanges += 1;
        self.counts.messages += messages;
        if self.counts.messages <= MESSAGES_LISTED_MAX && self.counts.interchanges <= MESSAGES_LISTED_MAX {
            self.interchanges.push(summary());
        }
    }

    /// Adds a note to that of the same tolerance: there are never more than tolerances.
    pub(super) fn take_note(&mut self, note: NoteReport) {
        match self.notes.iter_mut().find(|known| known.tolerance == note.tolerance) {
            Some(known) => known.count += note.count,
            None => self.notes.push(note),
        }
    }

    /// Counts a finding, and keeps it while there is room. Findings come in the order of the file.
    pub(super) fn tell(&mut self, code: &str, severity: Severity, finding: impl FnOnce() -> Finding) {
        *match severity {
            Severity::Error => &mut self.counts.errors,
            Severity::Warning => &mut self.counts.warnings,
            Severity::Notice => &mut self.counts.notices,
        } += 1;
        match self.codes.get_mut(code) {
            Some(count) => *count += 1,
            None => _ = self.codes.insert(code.to_owned(), 1),
        }
        if self.findings.len() < self.findings_max {
            self.findings.push(finding());
        } else {
            self.left_out += 1;
        }
    }
}

/// Sentences of rules begin with a capital letter, and so do all others that stand beside them.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
