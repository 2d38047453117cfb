//! What was found as one document, written while it is found: of many files, one at a time is held.

use std::cell::{Cell, RefCell};
use std::io::{self, BufWriter, Write};

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use super::report::{FileReport, Summary};
use crate::cli::format::write_json;

/// The number of the document. Another one means that something in it has another meaning.
const NUMBER: u32 = 1;

/// The document of the files whose reports come from here.
pub(super) struct Document<I> {
    files: RefCell<I>,
    summary: Cell<Summary>,
}

impl<I: Iterator<Item = FileReport>> Document<I> {
    pub(super) fn new(files: I) -> Self {
        Self { files: RefCell::new(files), summary: Cell::default() }
    }

    /// Writes it, once; `then` is called in front of whatever is written.
    pub(super) fn write(&self, out: &mut dyn Write, then: impl Fn()) -> io::Result<()> {
        let mut out = BufWriter::new(Announced { out, then });
        write_json(&mut out, self)?;
        out.flush()
    }

    /// The sum over the files that were written.
    pub(super) fn summary(&self) -> Summary {
        self.summary.get()
    }
}

impl<I: Iterator<Item = FileReport>> Serialize for Document<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Document", 3)?;
        document.serialize_field("document", &NUMBER)?;
        document.serialize_field("files", &Files(self))?;
        document.serialize_field("summary", &self.summary())?;
        document.end()
    }
}

struct Files<'a, I>(&'a Document<I>);

impl<I: Iterator<Item = FileReport>> Serialize for Files<'_, I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(document) = self;
        let mut files = serializer.serialize_seq(None)?;
        for report in document.files.borrow_mut().by_ref() {
            let mut summary = document.summary.get();
            summary.add(&report);
            document.summary.set(summary);
            files.serialize_element(&report)?;
        }
        files.end()
    }
}

/// Says that something will be written, so that what stands on the same terminal can go away.
struct Announced<'a, F> {
    out: &'a mut dyn Write,
    then: F,
}

impl<F: Fn()> Write for Announced<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.then)();
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
