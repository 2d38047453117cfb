//! The values of a segment in one pass: what a reader uses that wants all of them.
//!
//! [`Segment::element`] and its like find one value and divide the segment each time; here it is divided once.

use std::{borrow::Cow, ops::Range};

use super::segment::{Segment, unrelease};
use super::service::ServiceChars;

/// One component, or a simple data element, with its place in the segment.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    /// Its bytes as they came, release characters and all.
    pub raw: &'a [u8],
    /// Where it begins in the interchange, in bytes.
    pub offset: usize,
    /// Position of its data element: the tag is 1, the first data element 2 (0098).
    pub element: u16,
    /// Which repetition of the element, first = 1 (0136).
    pub occurrence: u32,
    /// Its position in the composite, first = 1 (0104); 1 for a simple data element.
    pub component: u16,
    /// The release character, when one stands in it.
    release: Option<u8>,
}

impl<'a> Value<'a> {
    /// Whether nothing stands in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// Where it lies in the interchange.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.offset..self.offset + self.raw.len()
    }

    /// Its bytes without release characters, copied only when there are some.
    #[must_use]
    pub fn unreleased(&self) -> Cow<'a, [u8]> {
        match self.release {
            Some(release) => unrelease(release, self.raw).into(),
            None => self.raw.into(),
        }
    }
}

/// The values of a segment, from the first data element on.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    segment: &'a [u8],
    offset: usize,
    service: ServiceChars,
    /// Where the separator stands in front of the next value; none behind the last one.
    separator: Option<usize>,
    element: u16,
    occurrence: u32,
    component: u16,
}

impl<'a> Values<'a> {
    pub(super) fn of(segment: &Segment<'a>) -> Self {
        let tag = segment.tag_element();
        let end = tag.span().end - segment.span().start;
        Self {
            segment: segment.raw(),
            offset: segment.span().start,
            service: *segment.service(),
            separator: (end < segment.raw().len()).then_some(end),
            element: 1,
            occurrence: 1,
            component: 0,
        }
    }

    /// Where the value ends that begins here, and whether a release character stands in it.
    fn end(&self, start: usize) -> (usize, bool) {
        let (mut end, mut has_release) = (start, false);
        while let Some(&byte) = self.segment.get(end) {
            if Some(byte) == self.service.release {
                has_release = true;
                end += 2;
            } else if byte == self.service.component
                || byte == self.service.element
                || Some(byte) == self.service.repetition
            {
                break;
            } else {
                end += 1;
            }
        }
        (end.min(self.segment.len()), has_release)
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let separator = self.separator?;
        let byte = self.segment.get(separator).copied()?;
        if byte == self.service.element {
            (self.element, self.occurrence, self.component) = (self.element.saturating_add(1), 1, 1);
        } else if byte == self.service.component {
            self.component = self.component.saturating_add(1);
        } else {
            (self.occurrence, self.component) = (self.occurrence.saturating_add(1), 1);
        }
        let start = separator + 1;
        let (end, has_release) = self.end(start);
        self.separator = (end < self.segment.len()).then_some(end);
        Some(Value {
            raw: self.segment.get(start..end).unwrap_or_default(),
            offset: self.offset + start,
            element: self.element,
            occurrence: self.occurrence,
            component: self.component,
            release: self.service.release.filter(|_| has_release),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    const V4: ServiceChars = ServiceChars { repetition: Some(b'*'), ..ServiceChars::DEFAULT };

    /// Every value with its place, as the lazy readers of elements, repetitions and components find them.
    fn one_by_one(segment: &Segment<'_>) -> Vec<String> {
        let mut found = Vec::new();
        for element in segment.elements() {
            for repetition in element.repetitions() {
                for component in repetition.components() {
                    let at = (element.position(), repetition.occurrence(), component.position());
                    found.push(format!("{at:?} {:?} {:?}", component.span(), component.unreleased()));
                }
            }
        }
        found
    }

    fn in_one_pass(segment: &Segment<'_>) -> Vec<String> {
        let place = |value: &Value<'_>| (value.element, value.occurrence, value.component);
        segment
            .values()
            .map(|value| format!("{:?} {:?} {:?}", place(&value), value.span(), value.unreleased()))
            .collect()
    }

    fn check(segment: &str) {
        for service in [V4, ServiceChars::DEFAULT, ServiceChars { release: None, ..V4 }] {
            let segment = Segment::new(service, 100, segment.as_bytes());
            assert_eq!(in_one_pass(&segment), one_by_one(&segment), "{segment:?} {service:?}");
        }
    }

    #[test]
    fn values_are_those_that_the_levels_give_one_by_one() {
        check("DTM+137:20261121:102+X");
        check("NAD+EX++:X+A*B:C**+");
        check("FTX+A?+B??:C?");
        check("UNS");
        check("UNS+");
        check("AB:1*2+X");
        check("");
    }

    proptest! {
        #[test]
        fn of_any_bytes(text in "[A-C+:*?']{0,40}") {
            let segment = Segment::new(V4, 7, text.as_bytes());
            prop_assert_eq!(in_one_pass(&segment), one_by_one(&segment));
        }
    }
}
