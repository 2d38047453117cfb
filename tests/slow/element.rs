//! What a directory forbids in the elements of one segment (ISO 9735-1, clauses on data elements, on their omission and
//! on numeric representation; the places and codes of ISO 9735-4).

use std::collections::BTreeSet;

use lodged::edifact::ElementPlace;

use super::notation::{Directory, Line, Representation};
use super::reader::{Component, Element, Segment};

/// What is wrong (0085), and the element; none when it is the segment.
pub(crate) type Finding = (u8, Option<ElementPlace>);

/// How values are read: by which rules, with which decimal mark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) is_syntax_4: bool,
    pub(crate) mark: u8,
    pub(crate) has_repetitions: bool,
    pub(crate) is_utf8: bool,
}

/// Everything that is wrong with this segment.
pub(crate) fn judge(directory: &Directory, lines: &[Line], segment: &Segment, rules: Rules) -> BTreeSet<Finding> {
    let mut found = BTreeSet::new();
    let elements = &segment.elements[1..];
    if segment.elements[0][0].len() > 1 {
        found.insert((34, None));
    }
    if elements.iter().skip(lines.len()).any(has_content) {
        found.insert((16, None));
    }
    for (line, position) in lines.iter().zip(2u16..) {
        match elements.get(usize::from(position) - 2) {
            Some(element) if has_content(element) => {
                judge_element(directory, line, element, position, rules, &mut found);
            }
            _ if line.is_mandatory => drop(found.insert((13, Some(ElementPlace::element(position))))),
            _ => {}
        }
    }
    let defined = &elements[..elements.len().min(lines.len())];
    let ends_empty = elements.last().is_some_and(|last| last.len() == 1 && last[0].len() == 1 && !has_content(last));
    if rules.is_syntax_4 && (ends_empty || defined.iter().any(ends_with_separator)) {
        found.insert((45, None));
    }
    found
}

fn has_content(element: &Element) -> bool {
    element.iter().flatten().any(|component| !component.is_empty())
}

/// Whether a separator stands at the end of the element or of one of its repetitions.
fn ends_with_separator(element: &Element) -> bool {
    let is_empty = |repetition: &Vec<Component>| repetition.iter().all(Component::is_empty);
    let ends_in_components = |one: &Vec<Component>| one.len() > 1 && one.last().is_some_and(Component::is_empty);
    element.iter().any(ends_in_components) || (element.len() > 1 && element.last().is_some_and(is_empty))
}

fn judge_element(
    directory: &Directory,
    line: &Line,
    element: &Element,
    position: u16,
    rules: Rules,
    found: &mut BTreeSet<Finding>,
) {
    let composite = directory.composites.get(&line.name);
    let simple = Line { is_mandatory: false, lines: Vec::new(), ..line.clone() };
    let parts = composite.cloned().unwrap_or_else(|| vec![simple]);
    let mut has_excess = false;
    for (repetition, occurrence) in element.iter().zip(1u32..) {
        let place = ElementPlace {
            element: position,
            component: None,
            occurrence: rules.has_repetitions.then_some(occurrence),
        };
        if repetition.iter().all(Component::is_empty) {
            continue;
        }
        if occurrence as usize > line.max && !std::mem::replace(&mut has_excess, true) {
            found.insert((35, Some(place)));
        }
        if repetition.iter().skip(parts.len()).any(|component| !component.is_empty()) {
            found.insert((16, Some(place)));
        }
        for (part, number) in parts.iter().zip(1u16..) {
            let place = ElementPlace { component: composite.map(|_| number), ..place };
            match repetition.get(usize::from(number) - 1).filter(|component| !component.is_empty()) {
                Some(component) => {
                    let codes = judge_value(&directory.elements[&part.name], &component.value, rules);
                    found.extend(codes.into_iter().map(|code| (code, Some(place))));
                }
                None if part.is_mandatory => drop(found.insert((13, Some(place)))),
                None => {}
            }
        }
    }
}

fn judge_value(representation: &Representation, value: &[u8], rules: Rules) -> Vec<u8> {
    let mut codes = Vec::new();
    let mut length = if rules.is_utf8 { String::from_utf8_lossy(value).chars().count() } else { value.len() };
    match representation.kind.as_str() {
        "a" if value.iter().any(u8::is_ascii_digit) => codes.push(37),
        "n" => {
            codes.extend(judge_number(value, rules));
            length -= value.iter().filter(|byte| matches!(byte, b'-' | b'.' | b',')).count();
        }
        _ => {}
    }
    if length > representation.max {
        codes.push(39);
    } else if length < representation.min && length > 0 {
        // What has no digit at all is no number, and that is said once.
        codes.push(40);
    }
    codes
}

/// A number is digits; a minus sign may stand in front and one decimal mark inside. Syntax 4 takes either mark and wants
/// no digit in front of it.
fn judge_number(value: &[u8], rules: Rules) -> Option<u8> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let marks: Vec<usize> = (0..digits.len()).filter(|at| matches!(digits[*at], b'.' | b',')).collect();
    let is_plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
    if !digits.iter().all(is_plain) || marks.len() > 1 || digits.len() == marks.len() {
        return Some(37);
    }
    let mark = *marks.first()?;
    if !rules.is_syntax_4 && digits[mark] != rules.mark {
        Some(19)
    } else if !rules.is_syntax_4 && mark == 0 {
        Some(38)
    } else if mark + 1 == digits.len() {
        Some(37)
    } else {
        None
    }
}
