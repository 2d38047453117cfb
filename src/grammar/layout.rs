//! From the lines of a segment table to its levels: each level becomes one stretch of the row of entries.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use super::{
    compile::check_repetitions,
    mistake::{At, Mistakes, nearest},
    outline::{Entry as Line, MessageDefinition},
    spec::SegmentTable,
    table::{Entry, GroupId, MessageGrammar, PlaceId, SegmentGroup, SpecRef, TablePlace},
};
use crate::edifact::Tag;

/// Most places of a segment table.
const PLACES_MAX: usize = 2_000;

/// Compiles one segment table and finds places that no message can reach; none when it cannot be used.
pub(super) fn message_grammar(
    message: &MessageDefinition,
    tables: [Arc<SegmentTable>; 3],
    mistakes: &mut Mistakes,
) -> Option<MessageGrammar> {
    let (grammar, lines) = table_of(message, tables, mistakes)?;
    for place in grammar.unreachable() {
        let Some((place, at)) = grammar.place(place).zip(lines.get(usize::from(place.0))) else { continue };
        let hint = format!(
            "an earlier {} always takes the segment; a mandatory segment between the two would tell them apart",
            place.tag
        );
        mistakes.error(*at, format!("{place} can never be reached"), Some(hint));
    }
    Some(grammar)
}

/// Compiles one segment table, and says where each place is written; none when it cannot be used.
pub(super) fn table_of(
    message: &MessageDefinition,
    tables: [Arc<SegmentTable>; 3],
    mistakes: &mut Mistakes,
) -> Option<(MessageGrammar, Vec<At>)> {
    let grammar = MessageGrammar {
        kind: message.kind.value.clone(),
        name: message.name.clone(),
        places: Vec::new(),
        groups: vec![SegmentGroup {
            path: String::new(),
            parent: None,
            is_mandatory: true,
            repetitions_max: 1,
            entries: 0..0,
        }],
        entries: Vec::new(),
        steps: OnceLock::new(),
        separators: OnceLock::new(),
        tables,
    };
    let mut compiler = TableCompiler { mistakes, grammar, lines: Vec::new(), names: HashSet::new(), is_whole: true };
    compiler.check_ends(message);
    compiler.level(&message.entries, GroupId(0));
    let TableCompiler { grammar, lines, is_whole, .. } = compiler;
    is_whole.then_some((grammar, lines))
}

struct TableCompiler<'m> {
    mistakes: &'m mut Mistakes,
    grammar: MessageGrammar,
    /// Where each place is written.
    lines: Vec<At>,
    /// The names of the groups.
    names: HashSet<String>,
    is_whole: bool,
}

impl TableCompiler<'_> {
    fn refuse(&mut self, at: At, sentence: impl Into<String>, hint: Option<String>) {
        self.is_whole = false;
        self.mistakes.error(at, sentence, hint);
    }

    /// A table begins with UNH and ends with UNT.
    fn check_ends(&mut self, message: &MessageDefinition) {
        let is_once =
            |entry: &Line, tag| entry.id.value == tag && entry.is_mandatory && entry.repetitions_max.value == 1;
        let begins = message.entries.first().is_some_and(|entry| is_once(entry, "UNH"));
        let ends = message.entries.last().is_some_and(|entry| is_once(entry, "UNT"));
        if !begins || !ends {
            let sentence = format!(
                "the table of {} must begin with UNH and end with UNT, each mandatory and once",
                message.kind.value
            );
            self.refuse(message.kind.at, sentence, None);
        }
    }

    /// Compiles the entries of one level, then those of its groups, so that a level is one stretch of the row.
    fn level(&mut self, lines: &[Line], group: GroupId) {
        let from = self.grammar.entries.len();
        let mut groups = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            check_repetitions(&line.repetitions_max, self.mistakes);
            // The place of a group is that of its trigger, which is compiled with the group.
            let place = PlaceId(0);
            let (is_mandatory, repetitions_max) = (line.is_mandatory, line.repetitions_max.value);
            let entry = Entry { tag: Tag::MALFORMED, is_mandatory, repetitions_max, place, group: None };
            self.grammar.entries.push(entry);
            groups.push((from + index, line));
        }
        if let Some(group) = self.grammar.groups.get_mut(usize::from(group.0)) {
            group.entries = from..self.grammar.entries.len();
        }
        for (at, line) in groups {
            let is_trigger = group != GroupId(0) && at == from;
            let (place, child) = match &line.group {
                Some(lines) => self.group(line, lines, group),
                None => (self.place(line, group, is_trigger), None),
            };
            let tag = self.grammar.place(place).map_or(Tag::MALFORMED, |place| place.tag);
            if let Some(entry) = self.grammar.entries.get_mut(at) {
                (entry.tag, entry.place, entry.group) = (tag, place, child);
            }
        }
    }

    /// Compiles a group; its place is that of its trigger, which comes first.
    fn group(&mut self, line: &Line, lines: &[Line], parent: GroupId) -> (PlaceId, Option<GroupId>) {
        let name = &line.id;
        if !self.names.insert(name.value.clone()) {
            self.refuse(name.at, format!("group {} is there twice", name.value), None);
        }
        match lines.first() {
            None => self.refuse(name.at, format!("group {} is empty", name.value), None),
            Some(first) if first.group.is_some() || !first.is_mandatory || first.repetitions_max.value != 1 => {
                let hint = "the first segment tells that the group is there".to_owned();
                self.refuse(first.id.at, "a group begins with a segment that is mandatory and stands once", Some(hint));
            }
            Some(_) => {}
        }
        let path = match self.grammar.group(parent).map(|parent| parent.path.as_str()) {
            Some("") | None => name.value.clone(),
            Some(path) => format!("{path}/{}", name.value),
        };
        let place = PlaceId(u16::try_from(self.grammar.places.len()).unwrap_or(u16::MAX));
        let id = GroupId(u16::try_from(self.grammar.groups.len()).unwrap_or(u16::MAX));
        let (is_mandatory, repetitions_max) = (line.is_mandatory, line.repetitions_max.value);
        self.grammar.groups.push(SegmentGroup {
            path,
            parent: Some(parent),
            is_mandatory,
            repetitions_max,
            entries: 0..0,
        });
        self.level(lines, id);
        (place, Some(id))
    }

    fn place(&mut self, line: &Line, group: GroupId, is_trigger: bool) -> PlaceId {
        let id = PlaceId(u16::try_from(self.grammar.places.len()).unwrap_or(u16::MAX));
        if self.grammar.places.len() == PLACES_MAX {
            self.refuse(line.id.at, format!("the table has more than {PLACES_MAX} places"), None);
        }
        let tag = Tag::read(line.id.value.as_bytes());
        let specs = self.specs(line, tag);
        self.lines.push(line.id.at);
        self.grammar.places.push(TablePlace {
            tag,
            path: self.grammar.group(group).map(|group| group.path.clone()).unwrap_or_default(),
            group: Some(group).filter(|group| *group != GroupId(0)),
            is_trigger,
            is_mandatory: line.is_mandatory,
            repetitions_max: line.repetitions_max.value,
            specs,
        });
        id
    }

    /// The segment of a place. Tags that begin with UN are the envelope's: the syntax of the interchange defines them.
    fn specs(&mut self, line: &Line, tag: Tag) -> [SpecRef; 2] {
        let is_envelope = tag.0.starts_with(b"UN");
        let chosen: [u8; 2] = if is_envelope { [1, 2] } else { [0, 0] };
        let found = chosen.map(|table| {
            let segments = self.grammar.tables.get(usize::from(table));
            let segment = segments.and_then(|segments| segments.index(tag));
            Some(SpecRef { table, segment: u16::try_from(segment?).ok()? })
        });
        match found {
            [Some(older), Some(newer)] => [older, newer],
            _ => {
                let [own, ..] = &self.grammar.tables;
                let hint = nearest(&line.id.value, own.segments().iter().map(|segment| segment.tag.as_str()));
                self.refuse(line.id.at, format!("there is no segment {}", line.id.value), hint);
                [SpecRef { table: 0, segment: 0 }; 2]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::mistakes;

    /// A segment table over segments AAA, BBB and CCC.
    fn check(table: &str, expected: &[&str]) {
        let text = format!("directory T:1:UN\nsegment AAA\nsegment BBB\nsegment CCC\nmessage TEST\n{table}");
        assert_eq!(mistakes(&text), expected);
    }

    #[test]
    fn a_table_begins_with_unh_and_ends_with_unt() {
        let expected = "5:9: error: the table of TEST must begin with UNH and end with UNT, each mandatory and once";
        check("  M AAA\n  M UNT\n", &[expected]);
        check("  M UNH\n  C UNT\n", &[expected]);
        check("", &[expected]);
    }

    #[test]
    fn segments_must_be_known() {
        check("  M UNH\n  C AAB\n  M UNT\n", &["7:5: error: there is no segment AAB\n  hint: AAA is known"]);
    }

    #[test]
    fn a_group_begins_with_its_trigger() {
        let expected = "8:7: error: a group begins with a segment that is mandatory and stands once\n  hint: the first segment tells that the group is there";
        check("  M UNH\n  C group SG1\n    C AAA\n  M UNT\n", &[expected]);
        check("  M UNH\n  C group SG1\n    M AAA x2\n  M UNT\n", &[expected]);
    }

    #[test]
    fn a_group_is_neither_empty_nor_there_twice() {
        check("  M UNH\n  C group SG1\n  M UNT\n", &["7:11: error: group SG1 is empty"]);
        check(
            "  M UNH\n  C group SG1\n    M AAA\n  C group SG1\n    M BBB\n  M UNT\n",
            &["9:11: error: group SG1 is there twice"],
        );
    }

    #[test]
    fn a_place_that_an_earlier_one_always_takes_is_reported() {
        let hint = "an earlier AAA always takes the segment; a mandatory segment between the two would tell them apart";
        check(
            "  M UNH\n  C AAA x9\n  C AAA x2\n  M UNT\n",
            &[&format!("8:5: error: AAA can never be reached\n  hint: {hint}")],
        );
        check(
            "  M UNH\n  C AAA x9\n  C group SG1\n    M AAA\n  M UNT\n",
            &[&format!("9:7: error: SG1/AAA can never be reached\n  hint: {hint}")],
        );
    }

    #[test]
    fn a_place_that_is_reached_over_something_mandatory_is_not_reached() {
        let hint = "an earlier BBB always takes the segment; a mandatory segment between the two would tell them apart";
        check(
            "  M UNH\n  M group SG1\n    M AAA\n    C BBB x9\n  C BBB\n  M UNT\n",
            &[&format!("10:5: error: BBB can never be reached\n  hint: {hint}")],
        );
    }

    #[test]
    fn no_group_is_inside_itself() {
        check(
            "  M UNH\n  C group SG1\n    M AAA\n    C group SG1\n      M BBB\n  M UNT\n",
            &["9:13: error: group SG1 is there twice"],
        );
    }

    #[test]
    fn millions_of_repetitions_cost_nothing() {
        let mut text = "  M UNH\n".to_owned();
        for depth in 1..=16 {
            let indentation = "  ".repeat(depth);
            let group = format!("C group G{depth:02} x9999999\n");
            text.extend([&indentation, group.as_str(), &indentation, "  M AAA\n"]);
        }
        check(&(text + &"  ".repeat(17) + "C BBB x9999999\n  M UNT\n"), &[]);
    }

    #[test]
    fn the_longest_table_is_compiled_and_a_longer_one_refused() {
        let places = |count: usize| {
            let alternating = (0..count).map(|number| if number % 2 == 0 { "  C AAA\n" } else { "  C BBB\n" });
            format!("  M UNH\n{}  M UNT\n", alternating.collect::<String>())
        };
        check(&places(1_998), &[]);
        check(&places(1_999), &["2006:5: error: the table has more than 2000 places"]);
    }

    #[test]
    fn the_same_tag_may_stand_where_something_tells_the_places_apart() {
        check("  M UNH\n  C AAA x9\n  M BBB\n  C AAA x9\n  M UNT\n", &[]);
        check("  M UNH\n  C AAA x9\n  C BBB\n  C AAA x9\n  M UNT\n", &[]);
        check("  M UNH\n  C AAA\n  C AAA x9\n  M UNT\n", &[]);
        check("  M UNH\n  C group SG1 x9\n    M AAA\n    C AAA x9\n    C BBB\n  M UNT\n", &[]);
    }
}
