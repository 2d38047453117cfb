//! From the text of a guide to its compiled form: names are looked up, paths become places, all mistakes are told.

use super::notation::{
    self, ConditionEntry, ElementEntry, Format, GroupStep, GuideText, Located, Mistake, PathEntry, Status, ValueEntry,
};
use super::place::{Place, Position, Stand, Value, Wishes};
use super::{Condition, Element, GroupCondition, Guide, Lines, Named, Question};
use crate::declaration::from_message::{ELEMENTS, Sink};
use crate::edifact::{MessageType, SyntaxVersion, Tag};
use crate::grammar::{Catalogue, DataId, MessageGrammar, PlaceId};

/// Segments that a guide need not place: they carry the message, not the declaration.
const STRUCTURE: [Tag; 3] = [Tag(*b"UNH"), Tag(*b"UNT"), Tag(*b"UNS")];

/// The data element that says how a date or moment is written.
const DATE_FORMAT: &str = "2379";

impl Guide {
    /// Compiles the text of a guide against the grammars.
    ///
    /// # Errors
    /// Every mistake in it, each with line and column.
    pub fn load(text: &str, catalogue: &Catalogue) -> Result<Self, Vec<Mistake>> {
        let (written, mut mistakes) = notation::read(text);
        let compiled = compile(&written, catalogue, &mut mistakes);
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        compiled.filter(|_| mistakes.is_empty()).ok_or(mistakes)
    }
}

fn compile(written: &GuideText, catalogue: &Catalogue, mistakes: &mut Vec<Mistake>) -> Option<Guide> {
    let mut missing =
        |what: &str| mistakes.push(Mistake { line: 1, column: 1, text: format!("the guide has no `{what}` entry") });
    let header = written.message.as_ref().or_else(|| {
        missing("guide");
        None
    });
    let lines = written.lines.as_ref().or_else(|| {
        missing("lines");
        None
    });
    let codes = written.header_codes.as_ref().zip(written.line_codes.as_ref()).or_else(|| {
        missing("codes header` and `codes line");
        None
    });
    let unused = written.unused_code.as_ref().or_else(|| {
        missing("codes unused");
        None
    });
    let (header, lines, (header_codes, line_codes), unused) = (header?, lines?, codes?, unused?);
    let [kind, version, release, agency] = header.entry.clone();
    let message = MessageType { kind, version, release, agency, association: None };
    let Some(grammar) = catalogue.message(&message) else {
        mistakes.push(at(header.line, "there is no grammar of this message"));
        return None;
    };
    let Some((trigger, group)) = trigger(grammar, &lines.entry.group) else {
        mistakes.push(at(lines.line, &format!("the message has no segment group {}", lines.entry.group)));
        return None;
    };
    let lines = Lines {
        trigger,
        group,
        most: lines.entry.most,
        none_code: lines.entry.none_code.clone(),
        many_code: lines.entry.many_code.clone(),
    };
    let wishes = grammar.places().map(|(_, place)| {
        let tag = place.tag;
        Wishes { tag, is_structure: STRUCTURE.contains(&tag), asks: Vec::new(), stands: Vec::new() }
    });
    let mut compiler = Compiler {
        grammar,
        codes: [header_codes.entry.clone(), line_codes.entry.clone()],
        wishes: wishes.collect(),
        guide: Guide {
            message,
            elements: Vec::new(),
            places: Vec::new(),
            unwanted: 0,
            questions: Vec::new(),
            needed: [Vec::new(), Vec::new()],
            of_line: Vec::new(),
            lines,
            unused_code: unused.entry.clone(),
            names: names(written),
        },
        mistakes,
    };
    written.elements.iter().for_each(|element| compiler.place(element));
    compiler.check_complete();
    let Compiler { mut guide, wishes, .. } = compiler;
    guide.places = wishes.iter().map(|wishes| Place::of(wishes, &guide.questions, &guide.elements)).collect();
    guide.unwanted = guide.places.iter().map(|place| place.unwanted).max().unwrap_or_default();
    Some(guide)
}

/// The codes and code lists that a guide names, in the order of its lines.
fn names(written: &GuideText) -> Vec<Named> {
    let code = |line, code: &String| Named { line, code: code.clone(), list: None };
    let mut names = Vec::new();
    if let Some(lines) = &written.lines {
        names.extend([&lines.entry.none_code, &lines.entry.many_code].map(|named| code(lines.line, named)));
    }
    for codes in [&written.header_codes, &written.line_codes].into_iter().flatten() {
        names.extend(codes.entry.iter().map(|named| code(codes.line, named)));
    }
    names.extend(written.unused_code.iter().map(|unused| code(unused.line, &unused.entry)));
    for element in &written.elements {
        names.extend(element.entry.codes.iter().flatten().map(|named| code(element.line, named)));
        let list = element.entry.list.clone();
        names.extend(list.map(|[list, code]| Named { line: element.line, code, list: Some(list) }));
    }
    names
}

fn at(line: usize, text: &str) -> Mistake {
    Mistake { line, column: 1, text: text.to_owned() }
}

/// The trigger of a segment group, and the group.
fn trigger(grammar: &MessageGrammar, path: &str) -> Option<(PlaceId, crate::grammar::GroupId)> {
    let (id, place) = grammar.places().find(|(_, place)| place.is_trigger && place.path == path)?;
    Some((id, place.group?))
}

struct Compiler<'a> {
    grammar: &'a MessageGrammar,
    /// For the header, and for lines.
    codes: [Vec<String>; 2],
    /// What is wanted of each place of the grammar.
    wishes: Vec<Wishes>,
    guide: Guide,
    mistakes: &'a mut Vec<Mistake>,
}

/// A mistake without its line.
type Wrong = String;

impl Compiler<'_> {
    fn place(&mut self, element: &Located<ElementEntry>) {
        if let Err(text) = self.try_place(&element.entry) {
            let line = element.entry.path.as_ref().map_or(element.line, |path| path.line);
            self.mistakes.push(at(line, &format!("{}: {text}", element.entry.name)));
        }
    }

    fn try_place(&mut self, entry: &ElementEntry) -> Result<(), Wrong> {
        let (name, sink) = known(&entry.name)?;
        if self.guide.elements.iter().any(|element| element.name == name) {
            return Err("it is placed twice".to_owned());
        }
        let path = entry.path.as_ref().ok_or("it has no `at`")?;
        let format = entry.format.ok_or("it has no `as`")?;
        check_kind(sink, format)?;
        let (places, groups) = self.places(&path.entry)?;
        let is_of_line = groups.iter().any(|group| group.group == self.guide.lines.group)
            || places.contains(&self.guide.lines.trigger)
            || path.entry.groups.iter().any(|step| step.group == self.lines_path());
        if is_of_line != sink.is_of_line() {
            return Err("a line's element stands in the group of lines, and no other element does".to_owned());
        }
        let default = self.codes.get(usize::from(is_of_line)).cloned().unwrap_or_default();
        let codes = entry.codes.clone().unwrap_or(default);
        let index = self.guide.elements.len();
        let around: Vec<usize> = groups.into_iter().map(|group| self.question(group)).collect();
        let depends_on = around.last().copied().filter(|_| entry.status == Status::Dependent);
        for place in places {
            self.stand(place, &path.entry, &around, index)?;
        }
        self.note_need(index, entry.status, depends_on, is_of_line);
        self.guide.elements.push(Element {
            name,
            status: entry.status,
            most: entry.most,
            labels: entry.labels.clone().ok_or("it has no `name`")?,
            path: written(&path.entry),
            format,
            list: entry.list.clone().map(|[list, code]| (list, code)),
            codes: codes.try_into().map_err(|_| "it needs three codes")?,
            sink,
            depends_on,
        });
        Ok(())
    }

    fn lines_path(&self) -> &str {
        self.grammar.place(self.guide.lines.trigger).map(|place| place.path.as_str()).unwrap_or_default()
    }

    /// The places of a path, and what the triggers around them must say.
    fn places(&self, path: &PathEntry) -> Result<(Vec<PlaceId>, Vec<GroupCondition>), Wrong> {
        let (mut prefix, mut groups) = (String::new(), Vec::new());
        for step in &path.groups {
            prefix = if prefix.is_empty() { step.group.clone() } else { format!("{prefix}/{}", step.group) };
            let (trigger, group) =
                trigger(self.grammar, &prefix).ok_or(format!("the message has no segment group {prefix}"))?;
            let tag = self.grammar.place(trigger).map(|place| place.tag.to_string()).unwrap_or_default();
            if step.trigger.as_ref().is_some_and(|said| *said != tag) {
                return Err(format!("{prefix} begins with {tag}"));
            }
            if !step.conditions.is_empty() {
                let conditions = self.conditions(trigger, &step.conditions)?;
                groups.push(GroupCondition { group, trigger, conditions });
            }
        }
        let full = if prefix.is_empty() { path.segment.clone() } else { format!("{prefix}/{}", path.segment) };
        let places = self.grammar.find(&full);
        if places.is_empty() { Err(format!("the message has no place {full}")) } else { Ok((places, groups)) }
    }

    fn conditions(&self, place: PlaceId, entries: &[ConditionEntry]) -> Result<Vec<Condition>, Wrong> {
        let condition = |entry: &ConditionEntry| {
            let (element, (component, _)) = self.position(place, &entry.element)?;
            Ok(Condition { at: Position { element, component }, values: entry.values.clone() })
        };
        entries.iter().map(condition).collect()
    }

    /// The question whether a trigger says this: the one that is asked already, else a new one.
    fn question(&mut self, condition: GroupCondition) -> usize {
        let questions = &mut self.guide.questions;
        let known = questions.iter().position(|question| question.condition == condition);
        known.unwrap_or_else(|| {
            let index = questions.len();
            if let Some(wishes) = self.wishes.get_mut(condition.trigger.index()) {
                wishes.asks.push(index);
            }
            questions.push(Question { condition, calls_for: Vec::new() });
            index
        })
    }

    /// Adds an element's value to what can stand at a place.
    fn stand(&mut self, place: PlaceId, path: &PathEntry, around: &[usize], element: usize) -> Result<(), Wrong> {
        let own = self.conditions(place, &path.conditions)?;
        let value = self.value(place, &path.value, element)?;
        let Some(Wishes { stands, .. }) = self.wishes.get_mut(place.index()) else { return Ok(()) };
        match stands.iter_mut().find(|stand| stand.own == own && stand.around == around) {
            Some(stand) => stand.values.push(value),
            None => stands.push(Stand { own, around: around.to_vec(), values: vec![value] }),
        }
        Ok(())
    }

    /// Notes when it has to be asked whether an element is there.
    fn note_need(&mut self, element: usize, status: Status, depends_on: Option<usize>, is_of_line: bool) {
        let [header, line] = &mut self.guide.needed;
        if matches!(status, Status::Mandatory | Status::Dependent) {
            if is_of_line { line } else { header }.push(element);
        }
        if is_of_line {
            self.guide.of_line.push(element);
        }
        if let Some(question) = depends_on.and_then(|index| self.guide.questions.get_mut(index)) {
            question.calls_for.push(element);
        }
    }

    fn value(&self, place: PlaceId, entry: &ValueEntry, stated: usize) -> Result<Value, Wrong> {
        let (element, (first, last)) = self.position(place, &entry.element)?;
        let last = if entry.joined_by.is_some() { last } else { first };
        let composite = entry.element.split_once('.').map(|(composite, _)| composite);
        let format_at =
            composite.and_then(|composite| self.position(place, &format!("{composite}.{DATE_FORMAT}")).ok());
        Ok(Value {
            element: stated,
            first: Position { element, component: first },
            more: last.saturating_sub(first),
            joined_by: entry.joined_by.unwrap_or(' '),
            format_at: format_at.map(|(element, (component, _))| Position { element, component }),
        })
    }

    /// Where in the segment of a place `C507.2380` or `2005` stands: element, first and last component of that number.
    fn position(&self, place: PlaceId, path: &str) -> Result<(u16, (u16, u16)), Wrong> {
        let unknown = || format!("the segment has no {path}");
        let (composite, id) = path.split_once('.').map_or((None, path), |(composite, id)| (Some(composite), id));
        let id = DataId::read(id).ok_or_else(unknown)?;
        let (table, segment) = self.grammar.segment(place, SyntaxVersion::V3).ok_or_else(unknown)?;
        for (position, element) in (2u16..).zip(table.elements(segment)) {
            if composite.is_some_and(|composite| element.id.as_str() != composite) {
                continue;
            }
            let components: Vec<u16> = (1u16..)
                .zip(table.values(element))
                .filter(|(_, value)| value.id == id)
                .map(|(component, _)| component)
                .collect();
            if let (Some(first), Some(last)) = (components.first(), components.last()) {
                return Ok((position, (*first, *last)));
            }
        }
        Err(unknown())
    }

    /// Every element that a declaration cannot do without must be placed.
    fn check_complete(&mut self) {
        for (name, is_needed, _) in ELEMENTS {
            if *is_needed && !self.guide.elements.iter().any(|element| element.name == *name) {
                self.mistakes.push(at(1, &format!("{name}: a declaration needs it, and the guide does not place it")));
            }
        }
    }
}

/// The element of this name; the nearest one in the hint when there is none.
fn known(name: &str) -> Result<(&'static str, Sink), Wrong> {
    let found = ELEMENTS.iter().find(|(known, ..)| *known == name);
    found.map(|(name, _, sink)| (*name, *sink)).ok_or_else(|| {
        let nearest =
            ELEMENTS.iter().min_by_key(|(known, ..)| strsim::levenshtein(known, name)).map(|(known, ..)| *known);
        format!("there is no such data element; the nearest is {}", nearest.unwrap_or_default())
    })
}

fn check_kind(sink: Sink, format: Format) -> Result<(), Wrong> {
    let (fits, wanted) = match sink {
        Sink::Text(_) | Sink::Texts(_) | Sink::LineText(_) | Sink::LineTexts(_) => {
            (matches!(format, Format::Text { .. }), "a text: an..35 or a2")
        }
        Sink::Whole(_) | Sink::LineWhole(_) => (matches!(format, Format::Whole { .. }), "a whole number: n..8"),
        Sink::Amount(_) | Sink::LineAmount(_) => (matches!(format, Format::Decimal { .. }), "a decimal: decimal..13,2"),
        Sink::Date(_) => (format == Format::Date, "a date"),
        Sink::Moment(_) => (format == Format::Moment, "a moment"),
        Sink::Flag(_) | Sink::LineFlag(_) => (matches!(format, Format::Flag { .. }), "a flag: flag Y N"),
    };
    if fits { Ok(()) } else { Err(format!("it must be written as {wanted}")) }
}

/// The path as a guide writes it.
fn written(path: &PathEntry) -> String {
    let conditions = |entries: &[ConditionEntry]| {
        let texts: Vec<String> =
            entries.iter().map(|entry| format!("{}={}", entry.element, entry.values.join("|"))).collect();
        texts.join(",")
    };
    let step = |step: &GroupStep| match &step.trigger {
        Some(trigger) if step.conditions.is_empty() => format!("{}({trigger})/", step.group),
        Some(trigger) => format!("{}({trigger} {})/", step.group, conditions(&step.conditions)),
        None => format!("{}/", step.group),
    };
    let groups: String = path.groups.iter().map(step).collect();
    let own = if path.conditions.is_empty() { String::new() } else { format!("({})", conditions(&path.conditions)) };
    format!("{groups}{}{own} {}", path.segment, path.value.element)
}
