//! The values of one segment by their places, divided once for everything that is read from it.

use std::borrow::Cow;

use super::{Condition, ValueAt};
use crate::declaration::draft::Text;
use crate::edifact::{Repertoire, Segment, Value};

/// The values of a segment. What repeats an element is left out: a guide places first occurrences.
#[derive(Debug, Default)]
pub(super) struct SegmentValues<'a> {
    values: Vec<Value<'a>>,
    /// Where the values of each element begin, the first data element at 0; and where those of the last one end.
    begins: Vec<usize>,
}

impl<'a> SegmentValues<'a> {
    /// Takes the values of a segment in the place of those of the last one.
    pub(super) fn take(&mut self, segment: &Segment<'a>) {
        self.values.clear();
        self.begins.clear();
        for value in segment.values().filter(|value| value.occurrence == 1) {
            if value.component == 1 {
                self.begins.push(self.values.len());
            }
            self.values.push(value);
        }
        self.begins.push(self.values.len());
    }

    /// The components of the element at this position (0098); none when the segment ends before it.
    pub(super) fn element(&self, position: u16) -> &[Value<'a>] {
        let index = usize::from(position).wrapping_sub(2);
        match self.begins.get(index..index.wrapping_add(2)) {
            Some([begin, end]) => self.values.get(*begin..*end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// A component of an element; none when it is empty.
    pub(super) fn component(&self, element: u16, component: u16) -> Option<&Value<'a>> {
        let index = usize::from(component).wrapping_sub(1);
        self.element(element).get(index).filter(|value| !value.is_empty())
    }

    /// Whether the segment says everything that these conditions ask.
    pub(super) fn hold(&self, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| {
            self.component(condition.element, condition.component).is_some_and(|component| {
                let said = component.unreleased();
                condition.values.iter().any(|value| value.as_bytes() == &*said)
            })
        })
    }

    /// The components of a value from the first that says something, and whether they stand in a composite.
    pub(super) fn components(&self, at: &ValueAt) -> Option<(&[Value<'a>], bool)> {
        let (first, last) = at.components;
        let components = self.element(at.element);
        let is_composite = components.len() > 1 || first > 1;
        let range = usize::from(first).checked_sub(1)?..usize::from(last).min(components.len());
        let components = components.get(range)?;
        let said = components.iter().position(|component| !component.is_empty())?;
        Some((components.get(said..)?, is_composite))
    }
}

/// The text of a value, blanks around it taken off.
pub(super) fn text<'a>(value: &Value<'a>, repertoire: Repertoire) -> Text<'a> {
    match value.unreleased() {
        Cow::Borrowed(bytes) => trimmed(repertoire.decode(bytes)),
        Cow::Owned(bytes) => Cow::Owned(trimmed(repertoire.decode(&bytes)).into_owned()),
    }
}

/// The text without the blanks around it. Most texts have none, which their first and last byte say.
fn trimmed(text: Text<'_>) -> Text<'_> {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edifact::ServiceChars;

    /// What stands at a place, component by component.
    #[track_caller]
    fn check(segment: &str, components: (u16, u16), expected: Option<(&str, bool)>) {
        let mut values = SegmentValues::default();
        values.take(&Segment::new(ServiceChars::DEFAULT, 0, b"TAG+what+was+there+before"));
        values.take(&Segment::new(ServiceChars::DEFAULT, 0, segment.as_bytes()));
        let at = ValueAt { element: 3, components, joined_by: ' ', format_at: None };
        let said = values.components(&at).map(|(components, is_composite)| {
            let texts: Vec<_> = components.iter().map(|value| text(value, Repertoire::Unoa)).collect();
            (texts.join("|"), is_composite)
        });
        assert_eq!(said.as_ref().map(|(texts, is_composite)| (texts.as_str(), *is_composite)), expected);
    }

    #[test]
    fn components_that_say_something_are_found_in_order() {
        check("NAD+EX+A::B:C+D", (1, 3), Some(("A||B", true)));
        check("NAD+EX+A::B:C+D", (2, 2), None);
        check("NAD+EX+:A::B:C+D", (1, 4), Some(("A||B", true)));
        check("NAD+EX+A+D", (1, 5), Some(("A", false)));
    }

    #[test]
    fn nothing_stands_behind_the_end() {
        check("NAD+EX", (1, 1), None);
        check("NAD+EX+A", (2, 3), None);
        check("NAD", (1, 1), None);
    }

    #[test]
    fn blanks_and_release_characters_are_taken_off() {
        check("NAD+EX+ A ?+B ", (1, 1), Some(("A +B", false)));
        check("NAD+EX+  ", (1, 1), Some(("", false)));
    }
}
