//! What is wrong with what a declaration says: a stable code, a severity, a place and a sentence. Data, never an error.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::edifact::{ElementPlace, Tag};

/// Something in a declaration that the guide, a code list or a rule does not accept, or that its sender should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFinding {
    /// The stable code, a letter and three digits: `H201`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The commodity it concerns, by its number; none for the header.
    pub line: Option<u32>,
    /// The segment it concerns, when it concerns one.
    pub segment: Option<SegmentPoint>,
    /// The bytes of the interchange that show it, for people; empty when nothing shows it.
    pub span: Range<usize>,
    /// The sentence, in the partner's language, with the values in it.
    pub text: String,
}

/// The segment and element that a finding points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentPoint {
    /// Its tag.
    #[serde(with = "tag_as_text")]
    pub tag: Tag,
    /// Its position in the message, UNH = 1 (0096).
    pub position: u32,
    /// The element, when it is one.
    pub element: Option<ElementPlace>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Said, nothing more.
    Notice,
    /// The declaration is accepted, and something in it is probably wrong.
    Warning,
    /// The declaration is refused.
    Error,
}

/// In records a tag is a text, as it always was.
mod tag_as_text {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::edifact::Tag;

    pub(super) fn serialize<S: Serializer>(tag: &Tag, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(tag.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tag, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|text| Tag::read(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point as journals have held it since the first one.
    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Recorded {
        tag: String,
        position: u32,
        element: Option<ElementPlace>,
    }

    #[track_caller]
    fn check(tag: &str) {
        let element = Some(ElementPlace::component(2, 1));
        let recorded = postcard::to_stdvec(&Recorded { tag: tag.to_owned(), position: 7, element }).unwrap();
        let point = SegmentPoint { tag: Tag::read(tag.as_bytes()), position: 7, element };
        assert_eq!(postcard::to_stdvec(&point).unwrap(), recorded);
        assert_eq!(postcard::from_bytes::<SegmentPoint>(&recorded), Ok(point));
    }

    #[test]
    fn a_point_is_recorded_with_its_tag_as_text() {
        check("BGM");
        check("");
    }
}
