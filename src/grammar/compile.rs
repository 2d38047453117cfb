//! From definitions to tables: what does not fit is a mistake at the line that says it.
//!
//! A message whose segments are not all known is not compiled, and the mistakes say why. Cycles cannot be written: a
//! composite holds data elements only, and groups nest by indentation.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use super::{
    codes::{Code, CodeList, Coding, DirectoryCodes},
    layout::message_grammar,
    mistake::{Located, Mistakes, nearest},
    notation::{Home, MessageKey},
    outline::{CodesDefinition, ElementDefinition, Entry as Line, MessageDefinition, Outline, Parts},
    quick::QuickSegment,
    spec::{DataId, DirectoryKey, ElementSpec, Representation, SegmentSpec, SegmentTable, ValueSpec},
    table::MessageGrammar,
};
use crate::edifact::{MessageType, Tag};

/// Most repetitions that a place, a group or an element may have.
const REPETITIONS_MAX: u32 = 9_999_999;

/// Most components of a composite.
const COMPONENTS_MAX: usize = 64;

/// Most elements of a segment.
const ELEMENTS_MAX: usize = 999;

/// Everything the files say, compiled.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) directories: BTreeMap<DirectoryKey, Arc<SegmentTable>>,
    /// Service segments of syntax 1 to 3, and of syntax 4.
    pub(super) services: [Arc<SegmentTable>; 2],
    pub(super) messages: Vec<(MessageType, Arc<MessageGrammar>)>,
}

/// Compiles the definitions of all homes.
pub(super) fn compile(homes: &BTreeMap<Home, Outline>, lists: DirectoryCodes, mistakes: &mut Mistakes) -> Compiled {
    let mut compiled = Compiled::default();
    let mut tables: Vec<(&Home, Arc<SegmentTable>)> = Vec::new();
    for (home, outline) in homes {
        let table = Arc::new(segment_table(outline, lists, mistakes));
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
pub(super) fn segment_table(outline: &Outline, lists: DirectoryCodes, mistakes: &mut Mistakes) -> SegmentTable {
    let elements = by_id(outline.elements.iter().map(|element| (element.id, element)), "element", mistakes);
    let composites = by_id(outline.composites.iter().map(|composite| (composite.id, composite)), "composite", mistakes);
    let segments = by_id(outline.segments.iter().map(|segment| (segment.id, segment)), "segment", mistakes);
    for composite in &outline.composites {
        check_composite(composite, &elements, mistakes);
    }
    let mut table = SegmentTable { codes: code_lists(outline, &elements, mistakes), ..SegmentTable::default() };
    table.codes.sort_by_key(CodeList::element);
    let codings = codings(outline, &table, lists, &elements, mistakes);
    let mut compiler = SegmentCompiler { mistakes, table, used: HashSet::new(), values: HashMap::new(), codings };
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

/// The code lists of a home.
fn code_lists(
    outline: &Outline,
    elements: &HashMap<DataId, &ElementDefinition>,
    mistakes: &mut Mistakes,
) -> Vec<CodeList> {
    let lists = by_id(outline.codes.iter().map(|list| (list.id, list)), "the code list of", mistakes);
    lists.into_values().map(|list| code_list(list, elements, mistakes)).collect()
}

fn code_list(
    list: &CodesDefinition,
    elements: &HashMap<DataId, &ElementDefinition>,
    mistakes: &mut Mistakes,
) -> CodeList {
    let id = list.id.value;
    let representation = elements.get(&id).map(|element| element.representation);
    if representation.is_none() {
        let hint = nearest(id.as_str(), elements.keys().map(DataId::as_str));
        mistakes.error(list.id.at, format!("there is no data element {id}"), hint);
    }
    if list.codes.is_empty() {
        mistakes.error(list.id.at, format!("the code list of {id} is empty"), None);
    }
    let mut known = HashSet::new();
    let mut codes = Vec::new();
    for definition in &list.codes {
        let Located { at, value } = &definition.value;
        let length = u16::try_from(value.chars().count()).unwrap_or(u16::MAX);
        if let Some(representation) = representation.filter(|known| length > known.length_max) {
            mistakes.error(*at, format!("{value} is longer than {representation}, which {id} is"), None);
        }
        if !known.insert(value) {
            mistakes.error(*at, format!("{value} is twice in the code list of {id}"), None);
        }
        codes.extend(Code::read(value.bytes()).map(|code| (code, definition.name.as_str().into())));
    }
    CodeList::new(id, codes)
}

/// The part that code lists have in each data element.
fn codings(
    outline: &Outline,
    table: &SegmentTable,
    lists: DirectoryCodes,
    elements: &HashMap<DataId, &ElementDefinition>,
    mistakes: &mut Mistakes,
) -> HashMap<DataId, Coding> {
    let mut codings: HashMap<DataId, Coding> =
        table.codes.iter().zip(0..).map(|(list, index)| (list.element(), Coding::Listed(index))).collect();
    let mut known = HashSet::new();
    for definition in &outline.elsewhere {
        let Located { at, value: id } = definition.id;
        if !elements.contains_key(&id) {
            let hint = nearest(id.as_str(), elements.keys().map(DataId::as_str));
            mistakes.error(at, format!("there is no data element {id}"), hint);
        }
        if !known.insert(id) {
            mistakes.error(at, format!("{id} names other lists twice"), None);
        }
        let own = definition.own.as_ref().and_then(|own| Code::read(own.bytes()));
        codings.insert(id, Coding::Elsewhere(own));
    }
    if lists == DirectoryCodes::Judged { codings } else { HashMap::new() }
}

/// The components of a composite that are data elements at all.
fn components(composite: &Parts<DataId>) -> Vec<(bool, DataId)> {
    composite.parts.iter().filter_map(|part| Some((part.is_mandatory, DataId::read(&part.id.value)?))).collect()
}

fn check_composite(composite: &Parts<DataId>, elements: &HashMap<DataId, &ElementDefinition>, mistakes: &mut Mistakes) {
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
        if !DataId::read(&part.id.value).is_some_and(|id| elements.contains_key(&id)) {
            let hint = nearest(&part.id.value, elements.keys().map(DataId::as_str));
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
    codings: HashMap<DataId, Coding>,
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
        let compiled = self.table.elements.get(elements.clone()).unwrap_or_default().iter();
        let compiled: Vec<_> = compiled.map(|element| (element, self.table.values(element))).collect();
        let quick = Arc::new(QuickSegment::of(&compiled, &self.table.codes));
        self.table.segments.push(SegmentSpec { tag: segment.id.value, name: segment.name.clone(), elements, quick });
    }

    fn coding(&self, id: DataId) -> Coding {
        self.codings.get(&id).copied().unwrap_or(Coding::Free)
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
                self.table.values.push(ValueSpec {
                    id,
                    name: name.clone(),
                    is_mandatory: true,
                    representation: *representation,
                    coding: self.coding(id),
                });
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
                        coding: self.coding(*component),
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

pub(super) fn check_repetitions(repetitions_max: &Located<u32>, mistakes: &mut Mistakes) {
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

#[cfg(test)]
mod tests {
    use super::super::trial::mistakes;
    use super::{COMPONENTS_MAX, ELEMENTS_MAX};

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(mistakes(&format!("directory T:1:UN\n{text}")), expected);
    }

    #[test]
    fn what_is_not_known_gets_the_nearest_known_name() {
        check(
            "element 1000 an..3\nsegment AAA\n  M 1000\n  M 1001\n",
            &["5:5: error: there is no data element 1001\n  hint: 1000 is known"],
        );
        check("segment AAA\n  M C507\n", &["3:5: error: there is no composite C507"]);
        check("composite C100\n  M 1000\nsegment AAA\n  M C100\n", &["3:5: error: there is no data element 1000"]);
    }

    #[test]
    fn nothing_is_defined_twice() {
        check(
            "element 1000 an..3\nelement 1000 an..3\nsegment AAA\n  M 1000\nsegment AAA\n  M 1000\n",
            &["3:9: error: element 1000 is defined twice", "6:9: error: segment AAA is defined twice"],
        );
        check(
            "message TEST\n  M UNH\n  M UNT\nmessage TEST\n  M UNH\n  M UNT\n",
            &["5:9: error: TEST T:1:UN is defined twice"],
        );
    }

    #[test]
    fn a_code_list_belongs_to_an_element_and_has_each_code_once() {
        check(
            "element 1000 an..3\ncodes 1001\n  A\ncodes 1000\n  ABCD\n  A One\n  A Two\nsegment AAA\n  M 1000\n",
            &[
                "3:7: error: there is no data element 1001\n  hint: 1000 is known",
                "6:3: error: ABCD is longer than an..3, which 1000 is",
                "8:3: error: A is twice in the code list of 1000",
            ],
        );
        check(
            "element 1000 an..3\ncodes 1000\ncodes 1000\n  A\nsegment AAA\n  M 1000\n",
            &["4:7: error: the code list of 1000 is defined twice"],
        );
        check(
            "element 1000 an..3\ncodes 1000\nsegment AAA\n  M 1000\n",
            &["3:7: error: the code list of 1000 is empty"],
        );
    }

    #[test]
    fn no_composite_is_inside_itself() {
        check(
            "element 1000 an..3\ncomposite C100\n  M 1000\n  C C100\nsegment AAA\n  M C100\n",
            &["5:5: error: there is no data element C100\n  hint: 1000 is known"],
        );
    }

    #[test]
    fn what_names_other_lists_is_known_and_said_once() {
        check(
            "element 1131 an..3\nelsewhere 1132\nelsewhere 1131\nelsewhere 1131\nsegment AAA\n  M 1131\n",
            &[
                "3:11: error: there is no data element 1132\n  hint: 1131 is known",
                "5:11: error: 1131 names other lists twice",
            ],
        );
    }

    #[test]
    fn what_no_segment_uses_is_a_warning() {
        check(
            "element 1000 an..3\ncomposite C100\n  M 1000\n",
            &[
                "2:9: warning: element 1000 is used by no segment",
                "3:11: warning: composite C100 is used by no segment",
            ],
        );
    }

    #[test]
    fn composites_have_components_that_stand_once() {
        check("composite C100\nsegment AAA\n  M C100\n", &["2:11: error: composite C100 has no components"]);
        check(
            "element 1000 an..3\ncomposite C100\n  M 1000 x2\nsegment AAA\n  M C100\n",
            &["4:10: error: a component does not repeat\n  hint: list it several times"],
        );
    }

    #[test]
    fn composites_and_segments_have_bounds() {
        let composite = |count: usize| {
            format!("element 1000 an..3\ncomposite C100\n{}segment AAA\n  M C100\n", "  C 1000\n".repeat(count))
        };
        check(&composite(COMPONENTS_MAX), &[]);
        let error = format!("3:11: error: composite C100 has more than {COMPONENTS_MAX} components");
        check(&composite(COMPONENTS_MAX + 1), &[&error]);
        let segment = |count: usize| format!("element 1000 an..3\nsegment AAA\n{}", "  C 1000\n".repeat(count));
        check(&segment(ELEMENTS_MAX), &[]);
        let error = format!("3:9: error: segment AAA has more than {ELEMENTS_MAX} elements");
        check(&segment(ELEMENTS_MAX + 1), &[&error]);
    }

    #[test]
    fn a_message_of_a_syntax_says_which_it_is() {
        let found = mistakes("syntax 3\nmessage TEST\n  M UNH\n  M UNT\n");
        let error = "2:9: error: a message of the syntax needs a key\n  hint: write `key D:3:UN` below it";
        assert!(found.iter().any(|mistake| mistake == error), "{found:?}");
    }

    #[test]
    fn repetitions_have_bounds() {
        check(
            "element 1000 an..3\nsegment AAA\n  M 1000 x0\n",
            &["4:10: error: what may stand here no time at all need not be written\n  hint: leave the line out"],
        );
        check(
            "element 1000 an..3\nsegment AAA\n  M 1000 x10000000\n",
            &["4:10: error: nothing repeats more than 9999999 times"],
        );
        check("element 1000 an..3\nsegment AAA\n  M 1000 x9999999\n", &[]);
    }
}
