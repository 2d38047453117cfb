//! A message's segment table, compiled flat: places, segment groups, and the entries of each level in one row.
//!
//! Start with [`MessageGrammar`]: [`MessageGrammar::examine`] holds a message against the table, and
//! [`MessageGrammar::find`] turns a path such as `SG30/SG33/MOA` into places.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

use super::{
    spec::{SegmentSpec, SegmentTable},
    steps::Steps,
};
use crate::edifact::{SyntaxVersion, Tag};

/// A place of a segment table. It means something only beside the grammar that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId(pub(super) u16);

impl PlaceId {
    /// Its number in the order of the table, from 0: an index for what is kept beside the places of a grammar.
    #[inline]
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A segment group of a segment table. It means something only beside the grammar that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub(super) u16);

/// A place of a segment table: where a segment may stand.
#[derive(Debug, Clone)]
pub struct TablePlace {
    /// The segment.
    pub tag: Tag,
    /// The segment groups around it, outermost first, for example `SG30/SG33`; empty outside of groups.
    pub path: String,
    /// The innermost of these groups.
    pub group: Option<GroupId>,
    /// Whether it opens an occurrence of its group: it is the group's first segment.
    pub is_trigger: bool,
    /// Whether it must be there.
    pub is_mandatory: bool,
    /// How often it may stand here.
    pub repetitions_max: u32,
    /// Its segment, for syntax 1 to 3 and for syntax 4.
    pub(super) specs: [SpecRef; 2],
}

impl fmt::Display for TablePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { write!(f, "{}", self.tag) } else { write!(f, "{}/{}", self.path, self.tag) }
    }
}

/// A segment group.
#[derive(Debug, Clone)]
pub struct SegmentGroup {
    /// Its path, for example `SG30/SG33`; empty for the message itself.
    pub path: String,
    /// The group around it.
    pub parent: Option<GroupId>,
    /// Whether it must be there.
    pub is_mandatory: bool,
    /// How often it may stand in its parent.
    pub repetitions_max: u32,
    /// Its entries.
    pub(super) entries: Range<usize>,
}

/// A segment in one of the tables that a grammar uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpecRef {
    pub(super) table: u8,
    pub(super) segment: u16,
}

/// One entry of a level: a segment, or a group under its trigger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) tag: Tag,
    pub(super) is_mandatory: bool,
    pub(super) repetitions_max: u32,
    /// The segment's place, or that of the group's trigger.
    pub(super) place: PlaceId,
    /// The group, when it is one.
    pub(super) group: Option<GroupId>,
}

/// A message's segment table with the segments it uses.
#[derive(Debug, Clone)]
pub struct MessageGrammar {
    /// The message type (0065).
    pub kind: String,
    /// Its name in plain words; empty where the grammar gives none.
    pub name: String,
    pub(super) places: Vec<TablePlace>,
    /// The message itself is the first.
    pub(super) groups: Vec<SegmentGroup>,
    pub(super) entries: Vec<Entry>,
    /// Where tags lead from each entry, worked out when the first message comes.
    pub(super) steps: OnceLock<Steps>,
    /// The section separators outside of groups, found when the first message comes.
    pub(super) separators: OnceLock<Box<[PlaceId]>>,
    /// The directory's segments, the service segments of syntax 1 to 3, those of syntax 4.
    pub(super) tables: [Arc<SegmentTable>; 3],
}

impl MessageGrammar {
    /// All places in the order of the table, UNH and UNT among them.
    pub fn places(&self) -> impl ExactSizeIterator<Item = (PlaceId, &TablePlace)> {
        self.places.iter().enumerate().map(|(index, place)| (PlaceId(u16::try_from(index).unwrap_or(u16::MAX)), place))
    }

    /// A place of this table.
    #[must_use]
    pub fn place(&self, id: PlaceId) -> Option<&TablePlace> {
        self.places.get(usize::from(id.0))
    }

    /// A segment group of this table.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&SegmentGroup> {
        self.groups.get(usize::from(id.0))
    }

    /// The places of a path such as `SG30/SG33/MOA`: several where the table has the same tag twice on one level.
    #[must_use]
    pub fn find(&self, path: &str) -> Vec<PlaceId> {
        let (path, tag) = path.rsplit_once('/').unwrap_or(("", path));
        let tag = Tag::read(tag.as_bytes());
        self.places().filter(|(_, place)| place.tag == tag && place.path == path).map(|(id, _)| id).collect()
    }

    #[inline]
    pub(super) fn steps(&self) -> &Steps {
        self.steps.get_or_init(|| Steps::of(self))
    }

    /// The segment of a place with the table it is in, as this syntax version knows it.
    #[must_use]
    pub fn segment(&self, id: PlaceId, version: SyntaxVersion) -> Option<(&SegmentTable, &SegmentSpec)> {
        let [older, newer] = self.place(id)?.specs;
        let spec = if version == SyntaxVersion::V4 { newer } else { older };
        let table = self.tables.get(usize::from(spec.table))?;
        Some((table, table.segments.get(usize::from(spec.segment))?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{catalogue, grammar};
    use crate::edifact::SyntaxVersion;

    const TABLE: &str = "directory T:1:UN
segment AAA
segment BBB
message TEST
  M UNH
  C AAA
  C group SG1 x9
    M BBB
    C AAA
    M BBB
    C AAA
  M UNT
";

    /// The numbers of the places that have this path.
    #[track_caller]
    fn check(path: &str, expected: &[usize]) {
        let catalogue = catalogue(TABLE);
        let found = grammar(&catalogue).find(path);
        assert_eq!(found.iter().map(|id| id.index()).collect::<Vec<_>>(), expected, "{path}");
        assert!(found.iter().all(|id| grammar(&catalogue).place(*id).unwrap().to_string() == path));
    }

    #[test]
    fn places_are_found_by_their_paths() {
        check("UNH", &[0]);
        check("AAA", &[1]);
        check("SG1/BBB", &[2, 4]);
        check("SG1/AAA", &[3, 5]);
        for path in ["BBB", "SG2/AAA", "SG1/CCC", "SG1", "aaa", ""] {
            check(path, &[]);
        }
    }

    #[test]
    fn service_segments_are_those_of_the_syntax_version() {
        let catalogue = catalogue(TABLE);
        let elements = |version| {
            let (table, unh) = grammar(&catalogue).segment(grammar(&catalogue).find("UNH")[0], version).unwrap();
            assert!(std::ptr::eq(table, catalogue.service(version)));
            table.elements(unh).len()
        };
        assert_eq!(elements(SyntaxVersion::V1), elements(SyntaxVersion::V3));
        assert!(elements(SyntaxVersion::V3) < elements(SyntaxVersion::V4));
    }
}
