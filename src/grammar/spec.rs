//! What a directory says of its segments, compiled flat: segments, their elements, the values of those.
//!
//! Start with [`SegmentTable::segment`]. Elements and values of all segments stand in one row each, and a segment or
//! composite is a stretch of it. Code lists have a file of their own.

use std::{fmt, ops::Range, sync::Arc};

use super::{
    codes::{CodeList, Coding},
    quick::QuickSegment,
};
use crate::edifact::Tag;

/// A directory: version, release, controlling agency (0052, 0054, 0051).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryKey {
    /// Version (0052), for example D.
    pub version: String,
    /// Release (0054), for example 96B.
    pub release: String,
    /// Controlling agency (0051), for example UN.
    pub agency: String,
}

impl DirectoryKey {
    /// The directory that `D:96B:UN` names; none when it is not three parts of one to three characters.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let [version, release, agency] = *parts.as_slice() else { return None };
        let is_part =
            |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        ([version, release, agency].into_iter().all(is_part)).then(|| Self {
            version: version.to_owned(),
            release: release.to_owned(),
            agency: agency.to_owned(),
        })
    }
}

impl fmt::Display for DirectoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.version, self.release, self.agency)
    }
}

/// The identifier of a data element (2380) or a composite (C507).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataId([u8; 4]);

impl DataId {
    /// The identifier in this text: four digits, or a capital letter and three digits.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let id = <[u8; 4]>::try_from(text.as_bytes()).ok()?;
        let [first, rest @ ..] = id;
        let is_one = rest.iter().all(u8::is_ascii_digit) && (first.is_ascii_uppercase() || first.is_ascii_digit());
        is_one.then_some(Self(id))
    }

    /// Whether it names a composite.
    #[must_use]
    pub fn is_composite(self) -> bool {
        self.0.first().is_some_and(u8::is_ascii_uppercase)
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for DataId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DataId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The characters that a data element takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// a: anything but digits.
    Alphabetic,
    /// n: digits, a minus sign in front, a decimal mark inside.
    Numeric,
    /// an: anything.
    Alphanumeric,
}

/// The representation of a data element, for example `an..35`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Representation {
    /// The characters it takes.
    pub kind: ValueKind,
    /// Fewest characters of a value; 1 where the length varies.
    pub length_min: u16,
    /// Most characters of a value; sign and decimal mark of a number do not count.
    pub length_max: u16,
}

impl fmt::Display for Representation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ValueKind::Alphabetic => "a",
            ValueKind::Numeric => "n",
            ValueKind::Alphanumeric => "an",
        };
        let dots = if self.length_min == self.length_max { "" } else { ".." };
        write!(f, "{kind}{dots}{}", self.length_max)
    }
}

/// One value: a stand-alone data element, or a component of a composite.
#[derive(Debug, Clone)]
pub struct ValueSpec {
    /// The data element.
    pub id: DataId,
    /// Its name in plain words; empty where the grammar gives none.
    pub name: String,
    /// Whether a composite that is there must have it.
    pub is_mandatory: bool,
    /// The values it takes.
    pub representation: Representation,
    /// Whether a code list says which values it takes.
    pub(super) coding: Coding,
}

/// One position of a segment: a stand-alone data element or a composite.
#[derive(Debug, Clone)]
pub struct ElementSpec {
    /// The data element or composite.
    pub id: DataId,
    /// Its name in plain words; empty where the grammar gives none.
    pub name: String,
    /// Whether the segment must have it.
    pub is_mandatory: bool,
    /// How often it may be repeated within its position; more than 1 only in syntax 4.
    pub repetitions_max: u32,
    /// The bits of the components that a composite must have, the first component lowest.
    pub(super) mandatory: u64,
    /// Its values.
    pub(super) values: Range<usize>,
}

/// One segment.
#[derive(Debug, Clone)]
pub struct SegmentSpec {
    /// Its tag.
    pub tag: Tag,
    /// Its name in plain words; empty where the grammar gives none.
    pub name: String,
    /// Its elements.
    pub(super) elements: Range<usize>,
    /// The same for the quick look.
    pub(super) quick: Arc<QuickSegment>,
}

/// The segments of a directory, or the service segments of a syntax.
#[derive(Debug, Clone, Default)]
pub struct SegmentTable {
    /// In the order of their tags.
    pub(super) segments: Vec<SegmentSpec>,
    pub(super) elements: Vec<ElementSpec>,
    pub(super) values: Vec<ValueSpec>,
    /// In the order of their data elements.
    pub(super) codes: Vec<CodeList>,
}

impl SegmentTable {
    /// All segments, in the order of their tags.
    #[must_use]
    pub fn segments(&self) -> &[SegmentSpec] {
        &self.segments
    }

    /// The segment with this tag.
    #[must_use]
    pub fn segment(&self, tag: Tag) -> Option<&SegmentSpec> {
        self.segments.get(self.index(tag)?)
    }

    /// The elements and composites of a segment of this table, in order.
    #[must_use]
    pub fn elements(&self, segment: &SegmentSpec) -> &[ElementSpec] {
        self.elements.get(segment.elements.clone()).unwrap_or_default()
    }

    /// The components of a composite of this table, in order; one value for a stand-alone data element.
    #[must_use]
    pub fn values(&self, element: &ElementSpec) -> &[ValueSpec] {
        self.values.get(element.values.clone()).unwrap_or_default()
    }

    /// The code list of a data element, whether values are held against it or not.
    #[must_use]
    pub fn codes(&self, element: DataId) -> Option<&CodeList> {
        let index = self.codes.binary_search_by_key(&element, CodeList::element).ok()?;
        self.codes.get(index)
    }

    pub(super) fn index(&self, tag: Tag) -> Option<usize> {
        self.segments.binary_search_by_key(&tag, |segment| segment.tag).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_three_short_words() {
        for text in ["D:96B:UN", "1:2:3", "ABC:DEF:GHI"] {
            assert_eq!(DirectoryKey::read(text).map(|key| key.to_string()).as_deref(), Some(text));
        }
        for text in ["", "D:96B", "D:96B:UN:X", "D::UN", "ABCD:1:UN", "D:9-B:UN", "D:96B:\u{e9}"] {
            assert_eq!(DirectoryKey::read(text), None, "{text}");
        }
    }

    #[test]
    fn elements_are_four_digits_and_composites_begin_with_a_letter() {
        for (text, is_composite) in [("2380", false), ("C507", true)] {
            let id = DataId::read(text).unwrap();
            assert_eq!(
                (id.as_str(), id.is_composite(), format!("{id} {id:?}")),
                (text, is_composite, format!("{text} {text}"))
            );
        }
        for text in ["", "238", "23800", "c507", "CC07", "238A", "-123"] {
            assert_eq!(DataId::read(text), None, "{text}");
        }
    }
}
