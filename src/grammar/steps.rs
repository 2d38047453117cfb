//! Where a tag leads from each entry of a segment table when nothing is left out: worked out once, looked up for each
//! segment.
//!
//! Steps say the same as the search along the table that [`matching`](super::matching) makes, for the one outcome that is
//! common: the nearest entry with the tag, nothing mandatory before it. All else they leave to the search.

use std::sync::Arc;

use super::{
    quick::QuickSegment,
    table::{Entry, GroupId, MessageGrammar, PlaceId, TablePlace},
};
use crate::edifact::{SyntaxVersion, Tag, TagNumber};

/// Most steps of a table, four bytes each; a larger table is searched for every segment.
const STEPS_MAX: usize = 1 << 20;

/// UNH and UNT are judged with the other service segments.
pub(super) const JUDGED_ELSEWHERE: [Tag; 2] = [Tag(*b"UNH"), Tag(*b"UNT")];

/// Where one tag leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// The entry, in the row of all entries.
    pub(super) at: u16,
    /// How many open groups it leaves.
    pub(super) leaves: u8,
    /// Whether it is the entry last matched on its level, again.
    pub(super) is_again: bool,
}

/// All steps of a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    tags: TagNumbers,
    /// For each entry one for each tag.
    rows: Vec<Option<Step>>,
    /// The segment of each place, for syntax 1 to 3 and for syntax 4; none for those that are judged elsewhere.
    definitions: Vec<[Option<Arc<QuickSegment>>; 2]>,
}

impl Steps {
    pub(super) fn of(grammar: &MessageGrammar) -> Self {
        let tags = TagNumbers::of(grammar.entries.iter().map(|entry| entry.tag));
        let (entries, width) = (grammar.entries.len(), tags.tags.len());
        if entries.saturating_mul(width) > STEPS_MAX {
            return Self { definitions: definitions(grammar), ..Self::default() };
        }
        let around = Around::of(grammar);
        let mut steps = Self { tags, rows: vec![None; entries * width], definitions: definitions(grammar) };
        for from in 0..entries {
            for (tag, step) in around.reachable(grammar, from) {
                let row = steps.tags.number(tag.number()).and_then(|tag| steps.rows.get_mut(from * width + tag));
                row.into_iter().for_each(|row| *row = row.or(Some(step)));
            }
        }
        steps
    }

    /// The step from an entry with a tag; none where only the search can tell.
    #[inline]
    pub(super) fn step(&self, from: usize, tag: TagNumber) -> Option<Step> {
        let tag = self.tags.number(tag)?;
        *self.rows.get(from * self.tags.tags.len() + tag)?
    }

    /// What a quick look at the segment of a place must know; none where it is not judged with its message.
    #[inline]
    pub(super) fn definition(&self, place: PlaceId, is_syntax_4: bool) -> Option<&QuickSegment> {
        let [older, newer] = self.definitions.get(place.index())?;
        if is_syntax_4 { newer.as_deref() } else { older.as_deref() }
    }
}

fn definitions(grammar: &MessageGrammar) -> Vec<[Option<Arc<QuickSegment>>; 2]> {
    let definition = |place, version| Some(Arc::clone(&grammar.segment(place, version)?.1.quick));
    let both = |place| [SyntaxVersion::V3, SyntaxVersion::V4].map(|version| definition(place, version));
    let is_judged = |place: &TablePlace| !JUDGED_ELSEWHERE.contains(&place.tag);
    grammar.places().map(|(id, place)| if is_judged(place) { both(id) } else { [None, None] }).collect()
}

/// The levels around the entries.
struct Around {
    /// The level that each entry is on.
    levels: Vec<GroupId>,
    /// The entry that each group is on the level around it.
    entries: Vec<usize>,
}

impl Around {
    fn of(grammar: &MessageGrammar) -> Self {
        let (mut levels, mut entries) = (vec![GroupId(0); grammar.entries.len()], vec![0; grammar.groups.len()]);
        for (group, id) in grammar.groups.iter().zip(0..) {
            levels.get_mut(group.entries.clone()).into_iter().for_each(|level| level.fill(GroupId(id)));
        }
        for (entry, at) in grammar.entries.iter().zip(0..) {
            let group = entry.group.and_then(|group| entries.get_mut(usize::from(group.0)));
            group.into_iter().for_each(|group| *group = at);
        }
        Self { levels, entries }
    }

    /// What can follow an entry without anything mandatory being left out, the nearest first.
    fn reachable(&self, grammar: &MessageGrammar, from: usize) -> Vec<(Tag, Step)> {
        let (mut found, mut current) = (Vec::new(), from);
        for leaves in 0..=u8::MAX {
            let Some(group) = self.levels.get(current).copied() else { break };
            let Some(level) = grammar.group(group).map(|group| group.entries.clone()) else { break };
            for (at, entry) in (current..level.end).zip(grammar.entries.get(current..level.end).unwrap_or_default()) {
                let is_again = at == current;
                // A trigger never repeats within its group.
                let is_trigger = group != GroupId(0) && at == level.start;
                if !is_trigger {
                    found.extend(step(entry, at, leaves, is_again));
                }
                if entry.is_mandatory && !is_again {
                    return found;
                }
            }
            if group == GroupId(0) {
                break;
            }
            current = self.entries.get(usize::from(group.0)).copied().unwrap_or_default();
        }
        found
    }
}

fn step(entry: &Entry, at: usize, leaves: u8, is_again: bool) -> Option<(Tag, Step)> {
    Some((entry.tag, Step { at: u16::try_from(at).ok()?, leaves, is_again }))
}

/// The tags of a table numbered, through a hash without collisions.
#[derive(Debug, Clone, Default)]
struct TagNumbers {
    tags: Vec<Tag>,
    multiplier: u32,
    /// How far a hash is shifted down to be a slot.
    shift: u32,
    slots: Vec<TagSlot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TagSlot {
    tag: TagNumber,
    number: u32,
}

impl TagSlot {
    /// No tag is in it: none has a number that high.
    const FREE: Self = Self { tag: TagNumber(u32::MAX), number: 0 };
}

impl TagNumbers {
    fn of(tags: impl Iterator<Item = Tag>) -> Self {
        let mut tags: Vec<Tag> = tags.collect();
        tags.sort_unstable();
        tags.dedup();
        // Twice the square of the tags: then every other multiplier is free of collisions.
        let bits = (2 * tags.len() * tags.len()).next_power_of_two().trailing_zeros().clamp(1, 20);
        let multipliers = (0..u32::from(u8::MAX)).map(|number| 0x9e37_79b1_u32.wrapping_mul(2 * number + 1));
        let numbers = multipliers.map(|multiplier| Self {
            tags: tags.clone(),
            multiplier,
            shift: u32::BITS - bits,
            slots: vec![TagSlot::FREE; 1 << bits],
        });
        numbers.into_iter().find_map(Self::filled).unwrap_or_default()
    }

    /// Puts each tag in its slot; none when two want the same one.
    fn filled(mut self) -> Option<Self> {
        for (number, tag) in (0..).zip(self.tags.clone()) {
            let tag = tag.number();
            let slot = self.slot(tag);
            let slot = self.slots.get_mut(slot).filter(|slot| **slot == TagSlot::FREE)?;
            *slot = TagSlot { tag, number };
        }
        Some(self)
    }

    #[inline]
    fn slot(&self, TagNumber(tag): TagNumber) -> usize {
        (tag.wrapping_mul(self.multiplier) >> self.shift) as usize
    }

    #[inline]
    fn number(&self, tag: TagNumber) -> Option<usize> {
        let slot = self.slots.get(self.slot(tag))?;
        (slot.tag == tag).then_some(slot.number as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{catalogue, examine, grammar};
    use super::*;

    #[test]
    fn every_tag_has_a_number_of_its_own_and_no_other_tag_has() {
        let tags = |letters: std::ops::RangeInclusive<u8>| letters.map(|letter| Tag([b'A', letter, b'Z']));
        let numbers = TagNumbers::of(tags(b'A'..=b'Z').chain(tags(b'A'..=b'C')));
        let found: Vec<_> = tags(b'A'..=b'Z').map(|tag| numbers.number(tag.number())).collect();
        assert_eq!(found, (0..26).map(Some).collect::<Vec<_>>());
        assert_eq!(numbers.number(Tag(*b"ZAA").number()), None);
        assert_eq!(numbers.number(Tag::MALFORMED.number()), None);
    }

    #[test]
    fn a_table_with_too_many_steps_is_searched() {
        let tags: Vec<String> =
            ('A'..='K').flat_map(|first| (10..=99).map(move |rest| format!("{first}{rest}"))).collect();
        let segments: String = tags.iter().map(|tag| format!("segment {tag}\n")).collect();
        let check = |count: usize, has_steps: bool| {
            let places: String = tags.iter().take(count).map(|tag| format!("  C {tag}\n")).collect();
            let text = format!("directory T:1:UN\n{segments}message TEST\n  M UNH\n{places}{places}  M UNT\n");
            let catalogue = catalogue(&text);
            assert_eq!(!grammar(&catalogue).steps().rows.is_empty(), has_steps, "{count}");
            let (_, examined) = examine(grammar(&catalogue), "UNOA:3", "A10'A11'A10'");
            assert_eq!((examined.matches.len(), examined.findings.len()), (5, 0));
            let undivided = examined.matches.iter().filter(|one| one.pieces.is_empty()).count();
            assert_eq!(undivided, 2, "only UNH and UNT are not looked at");
        };
        check(720, true);
        check(725, false);
    }

    #[test]
    fn no_tags_have_no_numbers() {
        assert_eq!(TagNumbers::of(std::iter::empty()).number(Tag(*b"AAA").number()), None);
    }
}
