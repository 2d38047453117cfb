//! The values of one segment by their places, divided once for everything that is read from it.

use std::borrow::Cow;

use super::{Condition, ValueAt};
use crate::declaration::draft::Text;
use crate::edifact::{Repertoire, Segment, Value};

/// The values of a segment. What repeats an element is left out: a guide places first occurrences.
#[derive(Debug, Default)]
pub(super) struct SegmentValues<'a> {
    values: Vec<Value<'a>>,
    /// Where the values of each element begin, the first data element at 0.
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
    }

    /// The components of the element at this position (0098); none when the segment ends before it.
    pub(super) fn element(&self, position: u16) -> &[Value<'a>] {
        let index = usize::from(position).wrapping_sub(2);
        let Some(begin) = self.begins.get(index) else { return &[] };
        let end = self.begins.get(index + 1).copied().unwrap_or(self.values.len());
        self.values.get(*begin..end).unwrap_or_default()
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

    /// The components of a value that say something, and whether they stand in a composite.
    pub(super) fn components(&self, at: &ValueAt) -> (impl Iterator<Item = &Value<'a>> + Clone, bool) {
        let (first, last) = at.components;
        let components = self.element(at.element);
        let from = components.get(usize::from(first).saturating_sub(1)..).unwrap_or_default();
        let count = usize::from(last.saturating_sub(first)) + 1;
        (from.iter().take(count).filter(|value| !value.is_empty()), components.len() > 1 || first > 1)
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
    let is_bare =
        [text.as_bytes().first(), text.as_bytes().last()].iter().flatten().all(|byte| byte.is_ascii_graphic());
    match text {
        text if is_bare => text,
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edifact::ServiceChars;

    /// What stands at a place, component by component.
    #[track_caller]
    fn check(segment: &str, components: (u16, u16), expected: (&[&str], bool)) {
        let mut values = SegmentValues::default();
        values.take(&Segment::new(ServiceChars::DEFAULT, 0, b"TAG+what+was+there+before"));
        values.take(&Segment::new(ServiceChars::DEFAULT, 0, segment.as_bytes()));
        let at = ValueAt { element: 3, components, joined_by: ' ', format_at: None };
        let (found, is_composite) = values.components(&at);
        let texts: Vec<_> = found.map(|value| text(value, Repertoire::Unoa)).collect();
        assert_eq!((texts, is_composite), (expected.0.iter().map(|text| Text::Borrowed(*text)).collect(), expected.1));
    }

    #[test]
    fn components_that_say_something_are_found_in_order() {
        check("NAD+EX+A::B:C+D", (1, 3), (&["A", "B"], true));
        check("NAD+EX+A::B:C+D", (2, 2), (&[], true));
        check("NAD+EX+A+D", (1, 5), (&["A"], false));
    }

    #[test]
    fn nothing_stands_behind_the_end() {
        check("NAD+EX", (1, 1), (&[], false));
        check("NAD+EX+A", (2, 3), (&[], true));
        check("NAD", (1, 1), (&[], false));
    }

    #[test]
    fn blanks_and_release_characters_are_taken_off() {
        check("NAD+EX+ A ?+B ", (1, 1), (&["A +B"], false));
        check("NAD+EX+  ", (1, 1), (&[""], false));
    }
}
