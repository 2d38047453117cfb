//! What the guide wants of one place of a message: arranged for a reader that goes through the segment once.

use super::{Condition, Element, Format, Question};
use crate::declaration::from_message::Sink;
use crate::edifact::Tag;

/// Bytes of a code that are compared in one go; few qualifiers have more than three.
const HEAD: usize = 8;

/// A component of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// Position of the element (0098), the first data element 2.
    pub element: u16,
    /// Position in the composite (0104), from 1.
    pub component: u16,
}

impl Position {
    /// Where the first value of a segment stands.
    pub(super) const FIRST: Self = Self { element: 2, component: 1 };

    /// The component that stands so many behind it in its element.
    #[inline]
    pub(super) fn and(self, more: u16) -> Self {
        Self { component: self.component.saturating_add(more), ..self }
    }
}

/// What is wanted of a place, as the lines of the guide say it.
#[derive(Debug)]
pub(super) struct Wishes {
    /// The tag of its segments.
    pub tag: Tag,
    /// Whether its segments carry the message, not the declaration: a guide need not place them.
    pub is_structure: bool,
    /// What its segments are asked as triggers of their group.
    pub asks: Vec<usize>,
    /// What can stand there.
    pub stands: Vec<Stand>,
}

/// What may stand at a place, given what the segment and the triggers of its groups say.
#[derive(Debug)]
pub(super) struct Stand {
    pub own: Vec<Condition>,
    /// The questions that the triggers around it have to have answered with yes.
    pub around: Vec<usize>,
    /// The elements whose values stand here: index, and where in the segment.
    pub values: Vec<Value>,
}

/// Where in a segment the value of an element stands.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// The element of the guide.
    pub element: usize,
    /// Its first component.
    pub first: Position,
    /// How many more there are.
    pub more: u16,
    /// What joins several components.
    pub joined_by: char,
    /// The component with the format of a date (2379).
    pub format_at: Option<Position>,
}

/// A value of an element, and where it stands; with what a reader asks about the element for each value.
#[derive(Debug)]
pub(super) struct Slot {
    /// The element of the guide.
    pub element: usize,
    /// Its first component.
    pub first: Position,
    /// How many more components belong to it.
    pub more: u16,
    /// What joins several components.
    pub joined_by: char,
    /// The component with the format of a date (2379).
    pub format_at: Option<Position>,
    /// How often the element may be there.
    pub most: u32,
    pub format: Format,
    pub sink: Sink,
    /// Whether its values are in a code list.
    pub is_listed: bool,
}

/// A component that must say one of some codes.
#[derive(Debug)]
pub(super) struct Check {
    pub at: Position,
    pub codes: Vec<Code<Box<[u8]>>>,
}

/// A place of the message grammar, as a reader uses it.
#[derive(Debug)]
pub(super) struct Place {
    /// The tag of its segments.
    pub tag: Tag,
    /// Whether its segments carry the message, not the declaration: a guide need not place them.
    pub is_structure: bool,
    /// What its segments are asked as triggers of their group.
    pub asks: Vec<usize>,
    /// Whether anything is to be read from its segments.
    pub is_asked: bool,
    /// Elements of which nothing is wanted begin here (0098), and at the latest behind the last one.
    pub unwanted: usize,
    /// The component that says which case it is.
    pub switch: Position,
    cases: Vec<(Code<Box<[u8]>>, Case)>,
    otherwise: Case,
}

/// What is left to do with a segment that says a certain code.
#[derive(Debug)]
pub(super) struct Case {
    /// The questions that may be answered with yes, and what else must hold.
    pub asks: Vec<(usize, Vec<Check>)>,
    /// What may stand there.
    pub readings: Vec<ToRead>,
}

/// Values to read where some conditions hold.
#[derive(Debug)]
pub(super) struct ToRead {
    pub checks: Vec<Check>,
    /// The questions that the triggers around have to have answered with yes.
    pub around: Vec<usize>,
    /// The elements that must be stated here.
    pub calls_for: Vec<usize>,
    pub slots: Vec<Slot>,
}

impl Place {
    /// Arranges what is wanted.
    pub(super) fn of(wishes: &Wishes, questions: &[Question], elements: &[Element]) -> Self {
        let asks = wishes.asks.iter().filter_map(|index| Some((*index, questions.get(*index)?)));
        let asks: Vec<(usize, &[Condition])> =
            asks.map(|(index, question)| (index, question.condition.conditions.as_slice())).collect();
        let conditions = || {
            let of_stands = wishes.stands.iter().map(|stand| stand.own.as_slice());
            asks.iter().map(|(_, conditions)| *conditions).chain(of_stands).flatten()
        };
        let switch = conditions().next().map(|condition| condition.at);
        let mut codes: Vec<&str> = Vec::new();
        for code in conditions().filter(|condition| Some(condition.at) == switch).flat_map(|found| &found.values) {
            if !codes.contains(&code.as_str()) {
                codes.push(code);
            }
        }
        let values = || wishes.stands.iter().flat_map(|stand| &stand.values);
        let wanted = conditions().map(|condition| condition.at).chain(values().flat_map(Value::components));
        let unwanted = wanted.map(|at| usize::from(at.element) + 1).max().unwrap_or_default();
        let case = |code: Option<&str>| Case::of(wishes, &asks, elements, switch.map(|at| (at, code)));
        let cases: Vec<_> =
            codes.into_iter().map(|code| (Code::of(Box::from(code.as_bytes())), case(Some(code)))).collect();
        let otherwise = case(None);
        Self {
            tag: wishes.tag,
            is_structure: wishes.is_structure,
            asks: wishes.asks.clone(),
            is_asked: !(cases.is_empty() && otherwise.readings.is_empty()),
            unwanted,
            switch: switch.unwrap_or(Position::FIRST),
            cases,
            otherwise,
        }
    }

    /// What is left to do, given what a segment says.
    #[inline]
    pub(super) fn case(&self, said: &Code<impl AsRef<[u8]>>) -> &Case {
        self.cases.iter().find(|(code, _)| code.is(said)).map_or(&self.otherwise, |(_, case)| case)
    }
}

impl Case {
    /// What is left of the wishes when the component that decides says a code, or none that is asked about.
    fn of(
        wishes: &Wishes,
        asks: &[(usize, &[Condition])],
        elements: &[Element],
        decided: Option<(Position, Option<&str>)>,
    ) -> Self {
        let checks = |conditions: &[Condition]| left(conditions, decided);
        let is_called_for = |index: &usize| elements.get(*index).is_some_and(Element::is_called_for_where_it_stands);
        let reading = |stand: &Stand| {
            Some(ToRead {
                checks: checks(&stand.own)?,
                around: stand.around.clone(),
                calls_for: stand.values.iter().map(|value| value.element).filter(is_called_for).collect(),
                slots: stand.values.iter().filter_map(|value| value.slot(elements)).collect(),
            })
        };
        Self {
            asks: asks.iter().filter_map(|(index, conditions)| Some((*index, checks(conditions)?))).collect(),
            readings: wishes.stands.iter().filter_map(reading).collect(),
        }
    }
}

impl Value {
    /// The components that it is read from.
    fn components(&self) -> impl Iterator<Item = Position> {
        (0..=self.more).map(|more| self.first.and(more)).chain(self.format_at)
    }

    fn slot(&self, elements: &[Element]) -> Option<Slot> {
        let Self { element, first, more, joined_by, format_at } = *self;
        let Element { most, format, sink, list, .. } = elements.get(element)?;
        let (most, format, sink, is_listed) = (*most, *format, *sink, list.is_some());
        Some(Slot { element, first, more, joined_by, format_at, most, format, sink, is_listed })
    }
}

/// The conditions that are still to be checked; none when one of them does not hold.
fn left(conditions: &[Condition], decided: Option<(Position, Option<&str>)>) -> Option<Vec<Check>> {
    let mut checks = Vec::new();
    for condition in conditions {
        match decided.filter(|(at, _)| *at == condition.at) {
            Some((_, code)) => {
                condition.values.iter().any(|value| Some(value.as_str()) == code).then_some(())?;
            }
            None => checks.push(Check {
                at: condition.at,
                codes: condition.values.iter().map(|value| Code::of(Box::from(value.as_bytes()))).collect(),
            }),
        }
    }
    Some(checks)
}

/// A code that the guide names, or that a segment says.
#[derive(Debug)]
pub(super) struct Code<Bytes> {
    head: u64,
    bytes: Bytes,
}

impl<Bytes: AsRef<[u8]>> Code<Bytes> {
    #[inline]
    pub(super) fn of(bytes: Bytes) -> Self {
        let head = bytes.as_ref().iter().take(HEAD).fold(0, |head, byte| head << 8 | u64::from(*byte));
        Self { head, bytes }
    }

    #[inline]
    pub(super) fn is(&self, other: &Code<impl AsRef<[u8]>>) -> bool {
        let (bytes, said) = (self.bytes.as_ref(), other.bytes.as_ref());
        self.head == other.head && bytes.len() == said.len() && (bytes.len() <= HEAD || bytes == said)
    }
}

impl<'a> Code<&'a [u8]> {
    /// The first `length` bytes of what lies ahead.
    #[inline]
    pub(super) fn ahead(ahead: &'a [u8], length: usize) -> Self {
        let bytes = ahead.get(..length).unwrap_or_default();
        match ahead.first_chunk::<HEAD>() {
            Some(head) if (1..=HEAD).contains(&length) => {
                Self { head: u64::from_be_bytes(*head) >> (8 * (HEAD - length)), bytes }
            }
            _ => Self::of(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, code: &str, expected: bool) {
        let code = Code::of(code.as_bytes());
        assert_eq!(code.is(&Code::of(said.as_bytes())), expected, "{said:?} {code:?}");
        let ahead = format!("{said}+and more");
        assert_eq!(code.is(&Code::ahead(ahead.as_bytes(), said.len())), expected, "{said:?} {code:?}");
    }

    #[test]
    fn a_segment_says_a_code_when_all_its_bytes_are_the_same() {
        check("EX", "EX", true);
        check("EX", "CN", false);
        check("EX", "EXP", false);
        check("", "EX", false);
        check("\0EX", "EX", false);
    }

    #[test]
    fn long_codes_are_compared_to_their_ends() {
        check("FREIGHT-TO-EXIT", "FREIGHT-TO-EXIT", true);
        check("FREIGHT-TO-EXIT", "FREIGHT-TO-PORT", false);
        check("FREIGHT-", "FREIGHT-TO-EXIT", false);
    }
}
