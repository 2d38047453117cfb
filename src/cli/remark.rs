//! What is said of an interchange, and below which of its segments it stands.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::edifact::{Interchange, Mended};

/// Something that is said of an interchange, in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    /// The bytes as they came that show it; empty when none do.
    pub(super) span: Range<usize>,
    /// The message it is of, counted from 1.
    pub(super) message: Option<usize>,
    /// The segment of that message, counted from 1.
    pub(super) segment: Option<usize>,
    /// What is said.
    pub(super) line: String,
}

/// What is said below each segment, by where that begins in the mended bytes; below none, what is said of no segment.
///
/// A remark stands where its own bytes say, else at its segment, else at the beginning of its message.
pub(super) fn placed<'r>(
    remarks: &'r [Remark],
    interchange: &Interchange<'_>,
    mended: &Mended<'_>,
) -> BTreeMap<Option<usize>, Vec<&'r str>> {
    // As they came, and as they are read.
    let begins: Vec<(usize, usize)> =
        interchange.segments().map(|segment| (mended.original(&segment.span()).start, segment.span().start)).collect();
    let mut placed: BTreeMap<Option<usize>, Vec<&str>> = BTreeMap::new();
    for remark in remarks {
        let place = if remark.span.is_empty() {
            remark.message.and_then(|number| {
                let message = interchange.messages.get(number.checked_sub(1)?)?;
                let position = remark.segment.unwrap_or(1).checked_sub(1)?;
                interchange.segments_of(message).nth(position).map(|segment| segment.span().start)
            })
        } else {
            let behind = begins.partition_point(|(came, _)| *came <= remark.span.start);
            behind.checked_sub(1).and_then(|index| begins.get(index)).map(|(_, read)| *read)
        };
        placed.entry(place).or_default().push(&remark.line);
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edifact::{Tolerances, mend};

    const CAME: &[u8] = b"UNB+UNOC:3+A+B+261121:1530+1'\nUNH+1+CUSDEC:D:96B:UN'\nBGM+830'\nUNT+3+1'\nUNZ+1+1'";

    /// The tag of the segment that this remark stands below; none when it stands below none.
    fn check(span: Range<usize>, message: Option<usize>, segment: Option<usize>, expected: Option<&str>) {
        let mended = mend(CAME, &Tolerances::default());
        let interchange = mended.read().unwrap().interchange;
        let remarks = [Remark { span, message, segment, line: "said".to_owned() }];
        let placed = placed(&remarks, &interchange, &mended);
        let (place, lines) = placed.first_key_value().unwrap();
        assert_eq!(lines, &["said"]);
        let found = interchange.segments().find(|segment| Some(segment.span().start) == *place);
        assert_eq!(found.map(|segment| String::from_utf8_lossy(segment.tag_bytes()).into_owned()).as_deref(), expected);
    }

    #[test]
    fn its_own_bytes_say_where_it_stands() {
        let bgm = CAME.windows(3).position(|window| window == b"BGM").unwrap();
        check(bgm..bgm + 3, Some(1), Some(1), Some("BGM"));
        check(bgm + 4..bgm + 7, None, None, Some("BGM"));
        check(bgm - 1..bgm, None, None, Some("UNH"));
        check(CAME.len()..CAME.len() + 1, None, None, Some("UNZ"));
    }

    #[test]
    fn without_bytes_it_stands_at_its_segment_or_its_message() {
        check(0..0, Some(1), Some(3), Some("UNT"));
        check(0..0, Some(1), None, Some("UNH"));
    }

    #[test]
    fn what_is_of_no_segment_stands_at_the_end() {
        check(0..0, None, None, None);
        check(0..0, Some(2), Some(1), None);
        check(0..0, Some(1), Some(9), None);
    }
}
