//! A text with its file name, so that a byte of it has a place; and files as they would be after a change.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::Document;

use super::mistake::{Mistake, Place};

/// A file of the configuration.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Source {
    /// Most bytes of one file.
    const BYTES_MAX: usize = 1024 * 1024;

    pub(super) fn read(path: &Path, changes: &Changes) -> Result<Self, Mistake> {
        let bytes = changes.read_at_most(path, Self::BYTES_MAX)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Mistake::new(file(path), "the file is not text in UTF-8").hint("save it as UTF-8"))?;
        Ok(Self { path: path.to_owned(), text })
    }

    /// The TOML in it; the parser stops at the first fault of the notation itself.
    pub(super) fn parse(&self) -> Result<Document<&str>, Mistake> {
        Document::parse(self.text.as_str()).map_err(|fault| {
            Mistake::new(self.place(fault.span()), format!("this is not TOML: {}", fault.message().replace('\n', ", ")))
        })
    }

    /// Where these bytes are.
    pub(super) fn place(&self, span: Option<Range<usize>>) -> Place {
        let Some(before) = span.and_then(|span| self.text.get(..span.start)) else { return file(&self.path) };
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |text| text.chars().count()) + 1;
        Place::Line { path: self.path.clone(), line, column }
    }
}

/// Files as they would be after a change: what is not among them is read from the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<PathBuf, Vec<u8>>);

impl Changes {
    /// The file at this path would hold this.
    pub(super) fn with(mut self, path: PathBuf, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path, bytes.into());
        self
    }

    /// Every file that would be new or another one, with what it would hold.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }

    /// The bytes that a file would have, which must not be longer than this.
    pub(super) fn read_at_most(&self, path: &Path, bytes_max: usize) -> Result<Vec<u8>, Mistake> {
        match self.0.get(path) {
            Some(bytes) if bytes.len() > bytes_max => Err(too_long(path, bytes_max)),
            Some(bytes) => Ok(bytes.clone()),
            None => read_at_most(path, bytes_max),
        }
    }
}

/// A file as a whole.
pub(super) fn file(path: &Path) -> Place {
    Place::File { path: path.to_owned() }
}

/// The bytes of a file that must not be longer than this.
fn read_at_most(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Mistake> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|cause| unreadable(path, &cause))?;
    if bytes.len() > bytes_max {
        return Err(too_long(path, bytes_max));
    }
    Ok(bytes)
}

fn too_long(path: &Path, bytes_max: usize) -> Mistake {
    Mistake::new(file(path), format!("the file is longer than {bytes_max} bytes"))
}

/// Something that cannot be read, as the system says it.
pub(super) fn unreadable(path: &Path, cause: &io::Error) -> Mistake {
    Mistake::new(file(path), format!("cannot be read: {cause}"))
}
