//! From definitions to tables: what does not fit is a mistake at the line that says it.
//!
//! A message whose segments are not all known is not compiled, and the mistakes say why. Cycles cannot be written: a
//! composite holds data elements only, and groups nest by indentation.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use super::{
    mistake::{At, Located, Mistakes, nearest},
    notation::{Home, MessageKey},
    outline::{Entry as Line, MessageDefinition, Outline, Parts},
    spec::{DataId, DirectoryKey, ElementSpec, Representation, SegmentSpec, SegmentTable, ValueSpec},
    table::{Entry, GroupId, MessageGrammar, PlaceId, SegmentGroup, SpecRef, TablePlace},
};
use crate::edifact::{MessageType, Tag};

/// Most repetitions that a place, a group or an element may have.
pub(super) const REPETITIONS_MAX: u32 = 9_999_999;

/// Most components of a composite.
pub(super) const COMPONENTS_MAX: usize = 64;

/// Most elements of a segment.
pub(super) const ELEMENTS_MAX: usize = 999;

/// Most places of a segment table.
pub(super) const PLACES_MAX: usize = 9_999;

/// Everything the files say, compiled.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) directories: BTreeMap<DirectoryKey, Arc<SegmentTable>>,
    /// Service segments of syntax 1 to 3, and of syntax 4.
    pub(super) services: [Arc<SegmentTable>; 2],
    pub(super) messages: Vec<(MessageType, Arc<MessageGrammar>)>,
}

/// Compiles the definitions of all homes.
pub(super) fn compile(homes: &BTreeMap<Home, Outline>, mistakes: &mut Mistakes) -> Compiled {
    let mut compiled = Compiled::default();
    let mut tables: Vec<(&Home, Arc<SegmentTable>)> = Vec::new();
    for (home, outline) in homes {
        let table = Arc::new(segment_table(outline, mistakes));
        match home {
            Home::Syntax(version) => {
                let [older, newer] = &mut compiled.services;
                *(if *version == 4 { newer } else { older }) = Arc::clone(&table);
            }
            Home::Directory(key) => {
                compiled.directories.insert(key.clone(), Arc::clone(&table));
            }
        }
        tables.push((home, table));
    }
    let mut keys: HashSet<MessageType> = HashSet::new();
    for ((home, own), outline) in tables.into_iter().zip(homes.values()) {
        let [older, newer] = &compiled.services;
        let tables = [own, Arc::clone(older), Arc::clone(newer)];
        for message in &outline.messages {
            let names = message_types(home, message, &mut keys, mistakes);
            if let Some(grammar) = message_grammar(message, tables.clone(), mistakes) {
                let grammar = Arc::new(grammar);
                compiled.messages.extend(names.into_iter().map(|name| (name, Arc::clone(&grammar))));
            }
        }
    }
    compiled
}

/// What UNH says of this message: its keys, or its directory.
fn message_types(
    home: &Home,
    message: &MessageDefinition,
    known: &mut HashSet<MessageType>,
    mistakes: &mut Mistakes,
) -> Vec<MessageType> {
    let own = match home {
        Home::Directory(directory) if message.keys.is_empty() => {
            Some(Located { at: message.kind.at, value: MessageKey { directory: directory.clone(), association: None } })
        }
        Home::Syntax(_) if message.keys.is_empty() => {
            let hint = "write `key D:3:UN` below it".to_owned();
            mistakes.error(message.kind.at, "a message of the syntax needs a key", Some(hint));
            None
        }
        Home::Directory(_) | Home::Syntax(_) => None,
    };
    let mut names = Vec::new();
    for Located { at, value } in message.keys.iter().chain(&own) {
        let name = MessageType {
            kind: message.kind.value.clone(),
            version: value.directory.version.clone(),
            release: value.directory.release.clone(),
            agency: value.directory.agency.clone(),
            association: value.association.clone(),
        };
        if known.insert(name.clone()) {
            names.push(name);
        } else {
            let association = value.association.as_deref().map(|code| format!(":{code}")).unwrap_or_default();
            let sentence = format!("{} {}{association} is defined twice", message.kind.value, value.directory);
            mistakes.error(*at, sentence, None);
        }
    }
    names
}

/// Definitions by their identifier; a second one is a mistake.
fn by_id<'a, T: Copy + Eq + std::hash::Hash + std::fmt::Display, D>(
    definitions: impl IntoIterator<Item = (Located<T>, &'a D)>,
    what: &str,
    mistakes: &mut Mistakes,
) -> HashMap<T, &'a D> {
    let mut known = HashMap::new();
    for (id, definition) in definitions {
        if known.insert(id.value, definition).is_some() {
            mistakes.error(id.at, format!("{what} {} is defined twice", id.value), None);
        }
    }
    known
}

/// Compiles the segments of one home, and warns of elements and composites that none of them uses.
fn segment_table(outline: &Outline, mistakes: &mut Mistakes) -> SegmentTable {
    let elements = by_id(outline.elements.iter().map(|element| (element.id, element)), "element", mistakes);
    let composites = by_id(outline.composites.iter().map(|composite| (composite.id, composite)), "composite", mistakes);
    let segments = by_id(outline.segments.iter().map(|segment| (segment.id, segment)), "segment", mistakes);
    for composite in &outline.composites {
        check_composite(composite, &elements.keys().map(|id| id.as_str().to_owned()).collect::<Vec<_>>(), mistakes);
    }
    let mut compiler =
        SegmentCompiler { mistakes, table: SegmentTable::default(), used: HashSet::new(), values: HashMap::new() };
    for (id, element) in &elements {
        compiler.values.insert(*id, (element.name.clone(), Shape::Single(element.representation)));
    }
    for (id, composite) in &composites {
        compiler.values.insert(*id, (composite.name.clone(), Shape::Composite(components(composite))));
    }
    let mut ordered: Vec<_> = segments.into_iter().collect();
    ordered.sort_by_key(|(tag, _)| *tag);
    for (_, segment) in ordered {
        compiler.segment(segment);
    }
    let SegmentCompiler { table, used, .. } = compiler;
    for (id, what) in outline
        .elements
        .iter()
        .map(|one| (one.id, "element"))
        .chain(outline.composites.iter().map(|one| (one.id, "composite")))
    {
        if !used.contains(&id.value) {
            mistakes.warning(id.at, format!("{what} {} is used by no segment", id.value), None);
        }
    }
    table
}

/// The components of a composite that are data elements at all.
fn components(composite: &Parts<DataId>) -> Vec<(bool, DataId)> {
    composite.parts.iter().filter_map(|part| Some((part.is_mandatory, DataId::read(&part.id.value)?))).collect()
}

fn check_composite(composite: &Parts<DataId>, elements: &[String], mistakes: &mut Mistakes) {
    if composite.parts.is_empty() {
        mistakes.error(composite.id.at, format!("composite {} has no components", composite.id.value), None);
    }
    if composite.parts.len() > COMPONENTS_MAX {
        mistakes.error(
            composite.id.at,
            format!("composite {} has more than {COMPONENTS_MAX} components", composite.id.value),
            None,
        );
    }
    for part in &composite.parts {
        if !elements.contains(&part.id.value) {
            let hint = nearest(&part.id.value, elements.iter().map(String::as_str));
            mistakes.error(part.id.at, format!("there is no data element {}", part.id.value), hint);
        }
        if part.repetitions_max.value != 1 {
            mistakes.error(
                part.repetitions_max.at,
                "a component does not repeat",
                Some("list it several times".to_owned()),
            );
        }
    }
}

/// What an identifier stands for.
enum Shape {
    Single(Representation),
    Composite(Vec<(bool, DataId)>),
}

struct SegmentCompiler<'m> {
    mistakes: &'m mut Mistakes,
    table: SegmentTable,
    used: HashSet<DataId>,
    values: HashMap<DataId, (String, Shape)>,
}

impl SegmentCompiler<'_> {
    fn segment(&mut self, segment: &Parts<Tag>) {
        let from = self.table.elements.len();
        if segment.parts.len() > ELEMENTS_MAX {
            self.mistakes.error(
                segment.id.at,
                format!("segment {} has more than {ELEMENTS_MAX} elements", segment.id.value),
                None,
            );
        }
        for part in &segment.parts {
            check_repetitions(&part.repetitions_max, self.mistakes);
            self.element(part);
        }
        let elements = from..self.table.elements.len();
        self.table.segments.push(SegmentSpec { tag: segment.id.value, name: segment.name.clone(), elements });
    }

    fn element(&mut self, part: &Line) {
        let found = DataId::read(&part.id.value).and_then(|id| Some((id, self.values.get(&id)?)));
        let Some((id, (name, shape))) = found else {
            let hint = nearest(&part.id.value, self.values.keys().map(DataId::as_str));
            let is_composite = part.id.value.starts_with(|letter: char| letter.is_ascii_uppercase());
            let what = if is_composite { "composite" } else { "data element" };
            return self.mistakes.error(part.id.at, format!("there is no {what} {}", part.id.value), hint);
        };
        let from = self.table.values.len();
        let mut mandatory = 0;
        match shape {
            Shape::Single(representation) => {
                let value = ValueSpec { id, name: name.clone(), is_mandatory: true, representation: *representation };
                self.table.values.push(value);
            }
            Shape::Composite(components) => {
                for ((is_mandatory, component), bit) in components.iter().zip(0..COMPONENTS_MAX) {
                    self.used.insert(*component);
                    let Some((name, Shape::Single(representation))) = self.values.get(component) else { continue };
                    mandatory |= u64::from(*is_mandatory) << bit;
                    let value = ValueSpec {
                        id: *component,
                        name: name.clone(),
                        is_mandatory: *is_mandatory,
                        representation: *representation,
                    };
                    self.table.values.push(value);
                }
            }
        }
        let values = from..self.table.values.len();
        let (name, is_mandatory, repetitions_max) = (name.clone(), part.is_mandatory, part.repetitions_max.value);
        self.used.insert(id);
        self.table.elements.push(ElementSpec { id, name, is_mandatory, repetitions_max, mandatory, values });
    }
}

fn check_repetitions(repetitions_max: &Located<u32>, mistakes: &mut Mistakes) {
    if repetitions_max.value == 0 {
        mistakes.error(
            repetitions_max.at,
            "what may stand here no time at all need not be written",
            Some("leave the line out".to_owned()),
        );
    }
    if repetitions_max.value > REPETITIONS_MAX {
        mistakes.error(repetitions_max.at, format!("nothing repeats more than {REPETITIONS_MAX} times"), None);
    }
}

/// Compiles one segment table; none when it cannot be used.
fn message_grammar(
    message: &MessageDefinition,
    tables: [Arc<SegmentTable>; 3],
    mistakes: &mut Mistakes,
) -> Option<MessageGrammar> {
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
        tables,
    };
    let mut compiler = TableCompiler { mistakes, grammar, lines: Vec::new(), names: HashSet::new(), is_whole: true };
    compiler.check_ends(message);
    compiler.level(&message.entries, GroupId(0));
    let TableCompiler { mistakes, grammar, lines, is_whole, .. } = compiler;
    if !is_whole {
        return None;
    }
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
