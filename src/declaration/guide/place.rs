//! What the guide wants of one place of a message: arranged for a reader that goes through the segment once.

use super::{Condition, Question};
use crate::edifact::Tag;

/// Bytes of a code that are compared in one go; few qualifiers have more than three.
const HEAD: usize = 8;

/// A component of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Position of the element (0098), the first data element 2.
    pub element: u16,
    /// Position in the composite (0104), from 1.
    pub component: u16,
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
    pub values: Vec<Slot>,
}

/// Where in a segment the value of an element stands.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// The element of the guide.
    pub element: usize,
    /// Its first component.
    pub first: Position,
    /// How many more there are.
    pub more: usize,
    /// What joins several components.
    pub joined_by: char,
    /// The component with the format of a date (2379).
    pub format_at: Option<Position>,
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
    /// The component that says which case it is.
    pub switch: Position,
    cases: Vec<(Code<Box<[u8]>>, Case)>,
    otherwise: Case,
}

/// What is left to do with a segment that says a certain code.
#[derive(Debug)]
pub(super) struct Case {
    /// The questions that may be answered with yes, and what else must hold.
    pub asks: Vec<(usize, Vec<Condition>)>,
    /// What may stand there.
    pub readings: Vec<ToRead>,
}

/// Values to read where some conditions hold.
#[derive(Debug)]
pub(super) struct ToRead {
    pub checks: Vec<Condition>,
    /// The questions that the triggers around have to have answered with yes.
    pub around: Vec<usize>,
    pub slots: Vec<Slot>,
}

impl Place {
    /// Arranges what is wanted.
    pub(super) fn of(wishes: &Wishes, questions: &[Question]) -> Self {
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
        let case = |code: Option<&str>| Case::of(wishes, &asks, switch.map(|at| (at, code)));
        Self {
            tag: wishes.tag,
            is_structure: wishes.is_structure,
            asks: wishes.asks.clone(),
            switch: switch.unwrap_or(Position { element: 2, component: 1 }),
            cases: codes.into_iter().map(|code| (Code::of(Box::from(code.as_bytes())), case(Some(code)))).collect(),
            otherwise: case(None),
        }
    }

    /// Whether anything is to be read from its segments.
    pub(super) fn is_asked(&self) -> bool {
        !(self.cases.is_empty() && self.otherwise.readings.is_empty())
    }

    /// What is left to do, given what a segment says.
    #[inline]
    pub(super) fn case(&self, said: &Code<impl AsRef<[u8]>>) -> &Case {
        self.cases.iter().find(|(code, _)| code.is(said)).map_or(&self.otherwise, |(_, case)| case)
    }
}

impl Case {
    /// What is left of the wishes when the component that decides says a code, or none that is asked about.
    fn of(wishes: &Wishes, asks: &[(usize, &[Condition])], decided: Option<(Position, Option<&str>)>) -> Self {
        let checks = |conditions: &[Condition]| left(conditions, decided);
        let reading = |stand: &Stand| {
            Some(ToRead { checks: checks(&stand.own)?, around: stand.around.clone(), slots: stand.values.clone() })
        };
        Self {
            asks: asks.iter().filter_map(|(index, conditions)| Some((*index, checks(conditions)?))).collect(),
            readings: wishes.stands.iter().filter_map(reading).collect(),
        }
    }
}

/// The conditions that are still to be checked; none when one of them does not hold.
fn left(conditions: &[Condition], decided: Option<(Position, Option<&str>)>) -> Option<Vec<Condition>> {
    let mut checks = Vec::new();
    for condition in conditions {
        match decided.filter(|(at, _)| *at == condition.at) {
            Some((_, code)) => {
                condition.values.iter().any(|value| Some(value.as_str()) == code).then_some(())?;
            }
            None => checks.push(condition.clone()),
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
    fn is(&self, other: &Code<impl AsRef<[u8]>>) -> bool {
        let (bytes, said) = (self.bytes.as_ref(), other.bytes.as_ref());
        self.head == other.head && bytes.len() == said.len() && (bytes.len() <= HEAD || bytes == said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, code: &str, expected: bool) {
        assert_eq!(Code::of(code.as_bytes()).is(&Code::of(said.as_bytes())), expected, "{said:?} {code}");
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
