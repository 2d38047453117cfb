//! What the guide wants of one place of a message: arranged for a reader that goes through the segment once.

use super::{Condition, Question};

/// Bytes of a code that are compared in one go; few qualifiers have more than three.
const HEAD: usize = 8;

/// A component of a segment, in the order in which they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position(u64);

impl Position {
    /// The first component of the first data element.
    pub(super) const FIRST: Self = Self::of(2, 1);

    /// Where components of an element begin that repeat it: behind all of its first occurrence, which is all that counts.
    const REPEATED: u64 = 1 << 31;

    /// The component at these positions (0098, 0104), of the first occurrence of the element.
    pub(super) const fn of(element: u16, component: u16) -> Self {
        Self((element as u64) << 32 | component as u64)
    }

    /// The component behind this one.
    pub(super) fn next_component(self) -> Self {
        Self(self.0 + 1)
    }

    /// The first component of the element behind this one.
    pub(super) fn next_element(self) -> Self {
        Self((self.0 >> 32) + 1 << 32 | 1)
    }

    /// The first component that repeats this element.
    pub(super) fn repeated(self) -> Self {
        Self((self.0 | Self::REPEATED) + 1)
    }

    /// The positions of element and component.
    fn parts(self) -> (u16, u16) {
        let part = |number: u64| u16::try_from(number).unwrap_or(u16::MAX);
        (part(self.0 >> 32), part(self.0 & (Self::REPEATED - 1)))
    }
}

/// What is wanted of a place, as the lines of the guide say it.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub is_structure: bool,
    pub asks: Vec<usize>,
    pub stands: Vec<Stand>,
}

/// What may stand at a place, given what the segment and the triggers of its groups say.
#[derive(Debug)]
pub(super) struct Stand {
    pub own: Vec<Condition>,
    /// The questions that the triggers around it have to have answered with yes.
    pub around: Vec<usize>,
    /// The elements whose values stand here: index, and where in the segment.
    pub values: Vec<(usize, ValueAt)>,
}

/// Where in a segment a value stands.
#[derive(Debug)]
pub(super) struct ValueAt {
    /// Its first component.
    pub first: Position,
    /// Its last component.
    pub last: Position,
    /// What joins several components.
    pub joined_by: char,
    /// The component with the format of a date (2379).
    pub format_at: Option<Position>,
}

/// A place of the message grammar, as a reader uses it. Components are counted among those that are wanted.
#[derive(Debug)]
pub(super) struct Place {
    /// Whether its segments carry the message, not the declaration: a guide need not place them.
    pub is_structure: bool,
    /// The components that somebody wants, in their order.
    pub wanted: Vec<Position>,
    /// What its segments are asked as triggers of their group.
    pub asks: Vec<usize>,
    /// The component that says which case it is.
    pub switch: usize,
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
    pub slots: Vec<Slot>,
}

/// A component that must be one of some values.
#[derive(Debug)]
pub(super) struct Check {
    pub component: usize,
    pub values: Vec<String>,
}

/// An element whose value stands in a segment.
#[derive(Debug)]
pub(super) struct Slot {
    /// The element of the guide.
    pub element: usize,
    /// Positions (0098, 0104) of its first component.
    pub at: (u16, u16),
    /// Its first and last component.
    pub first: usize,
    pub last: usize,
    /// What joins several components.
    pub joined_by: char,
    /// The component with the format of a date (2379).
    pub format: Option<usize>,
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
        let mut wanted: Vec<Position> = conditions().map(|condition| condition.at).collect();
        for (_, value) in wishes.stands.iter().flat_map(|stand| &stand.values) {
            let components = std::iter::successors(Some(value.first), |at| Some(at.next_component()));
            wanted.extend(components.take_while(|at| *at <= value.last).chain(value.format_at));
        }
        wanted.sort_unstable();
        wanted.dedup();
        let switch = conditions().next().map(|condition| condition.at);
        let mut codes: Vec<&str> = Vec::new();
        for code in conditions().filter(|condition| Some(condition.at) == switch).flat_map(|found| &found.values) {
            if !codes.contains(&code.as_str()) {
                codes.push(code);
            }
        }
        let case = |code: Option<&str>| Case::of(wishes, &asks, &wanted, switch.map(|at| (at, code)));
        Self {
            is_structure: wishes.is_structure,
            asks: wishes.asks.clone(),
            switch: switch.map_or(usize::MAX, |at| index(&wanted, at)),
            cases: codes.into_iter().map(|code| (Code::of(Box::from(code.as_bytes())), case(Some(code)))).collect(),
            otherwise: case(None),
            wanted,
        }
    }

    /// What is left to do, given what a segment says.
    #[inline]
    pub(super) fn case(&self, said: &[u8]) -> &Case {
        let said = Code::of(said);
        self.cases.iter().find(|(code, _)| code.is(&said)).map_or(&self.otherwise, |(_, case)| case)
    }
}

impl Case {
    /// What is left of the wishes when the component that decides says a code, or none that is asked about.
    fn of(
        wishes: &Wishes,
        asks: &[(usize, &[Condition])],
        wanted: &[Position],
        decided: Option<(Position, Option<&str>)>,
    ) -> Self {
        let checks = |conditions: &[Condition]| left(conditions, wanted, decided);
        let reading = |stand: &Stand| {
            let slots = stand.values.iter().map(|(element, at)| Slot::of(*element, at, wanted)).collect();
            Some(ToRead { checks: checks(&stand.own)?, around: stand.around.clone(), slots })
        };
        Self {
            asks: asks.iter().filter_map(|(index, conditions)| Some((*index, checks(conditions)?))).collect(),
            readings: wishes.stands.iter().filter_map(reading).collect(),
        }
    }
}

/// The conditions that are still to be checked; none when one of them does not hold.
fn left(
    conditions: &[Condition],
    wanted: &[Position],
    decided: Option<(Position, Option<&str>)>,
) -> Option<Vec<Check>> {
    let mut checks = Vec::new();
    for condition in conditions {
        match decided.filter(|(at, _)| *at == condition.at) {
            Some((_, code)) => {
                condition.values.iter().any(|value| Some(value.as_str()) == code).then_some(())?;
            }
            None => {
                checks.push(Check { component: index(wanted, condition.at), values: condition.values.clone() });
            }
        }
    }
    Some(checks)
}

impl Slot {
    fn of(element: usize, at: &ValueAt, wanted: &[Position]) -> Self {
        Self {
            element,
            at: at.first.parts(),
            first: index(wanted, at.first),
            last: index(wanted, at.last),
            joined_by: at.joined_by,
            format: at.format_at.map(|at| index(wanted, at)),
        }
    }
}

/// Which of the wanted components this one is.
fn index(wanted: &[Position], at: Position) -> usize {
    wanted.binary_search(&at).unwrap_or(usize::MAX)
}

/// A code that the guide names, or that a segment says.
#[derive(Debug)]
struct Code<Bytes> {
    head: u64,
    bytes: Bytes,
}

impl<Bytes: AsRef<[u8]>> Code<Bytes> {
    #[inline]
    fn of(bytes: Bytes) -> Self {
        let head = bytes.as_ref().iter().take(HEAD).fold(0, |head, byte| head << 8 | u64::from(*byte));
        Self { head, bytes }
    }

    #[inline]
    fn is(&self, other: &Code<&[u8]>) -> bool {
        let bytes = self.bytes.as_ref();
        self.head == other.head && bytes.len() == other.bytes.len() && (bytes.len() <= HEAD || bytes == other.bytes)
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

    #[test]
    fn positions_are_in_the_order_of_the_segment() {
        let first = Position::FIRST;
        let order = [first, first.next_component(), first.repeated(), first.repeated().next_component()];
        assert!(order.is_sorted());
        assert_eq!(first.next_component(), Position::of(2, 2));
        assert_eq!(first.repeated().next_element(), Position::of(3, 1));
        assert_eq!(Position::of(7, 3).parts(), (7, 3));
    }
}
