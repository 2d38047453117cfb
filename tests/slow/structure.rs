//! Whether a message is one that its segment table describes: every way to read it is tried.

use std::collections::BTreeSet;

use super::notation::Line;

/// Whether the segments are all of the table, in its order. A segment may be given by its tag, or by tag and groups as
/// in `SG30/SG33/MOA`; then it stands in these groups.
pub(crate) fn accepts(table: &[Line], segments: &[String]) -> bool {
    ends_of_all(table, "", segments, 0).contains(&segments.len())
}

/// Where reading may stand behind all these lines, when they begin at `from`.
fn ends_of_all(lines: &[Line], path: &str, segments: &[String], from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::from([from]);
    for line in lines {
        reached = reached.into_iter().flat_map(|from| ends_of_repeats(line, path, segments, from)).collect();
    }
    reached
}

/// The same behind one line that may be left out or repeated.
fn ends_of_repeats(line: &Line, path: &str, segments: &[String], from: usize) -> BTreeSet<usize> {
    let mut ends = BTreeSet::new();
    let mut reached = BTreeSet::from([from]);
    if !line.is_mandatory {
        ends.insert(from);
    }
    for _ in 0..line.max {
        reached = reached.into_iter().flat_map(|from| ends_of_one(line, path, segments, from)).collect();
        if reached.is_empty() {
            break;
        }
        ends.extend(&reached);
    }
    ends
}

/// The same behind one occurrence of a line.
fn ends_of_one(line: &Line, path: &str, segments: &[String], from: usize) -> BTreeSet<usize> {
    let whole = format!("{path}{}", line.name);
    if line.is_group {
        return ends_of_all(&line.lines, &format!("{whole}/"), segments, from);
    }
    let stands_here = segments.get(from).is_some_and(|segment| *segment == line.name || *segment == whole);
    stands_here.then_some(from + 1).into_iter().collect()
}

/// A message of this table. `choices` decides what stands in it and how often.
pub(crate) fn walk(table: &[Line], choices: &mut impl Iterator<Item = u8>, tags: &mut Vec<String>) {
    for line in table {
        let least = usize::from(line.is_mandatory);
        let times = match choices.next().unwrap_or(255) {
            0..40 => 1,
            40..48 => 2,
            48..54 => line.max.min(12),
            _ => least,
        };
        for _ in 0..times.clamp(least, line.max) {
            if line.is_group {
                walk(&line.lines, choices, tags);
            } else {
                tags.push(line.name.clone());
            }
        }
    }
}
