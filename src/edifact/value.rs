//! The values of a segment in one pass: what a reader uses that wants all of them.
//!
//! [`Segment::element`] and its like find one value and divide the segment each time; here it is divided once.

use std::{borrow::Cow, ops::Range};

use super::cuts::Cuts;
use super::segment::{Segment, unrelease};

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
    /// The release character, when one stands in it or in front of it in the segment.
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

    /// How many bytes it has without release characters: in all repertoires but UNOY these are its characters.
    #[inline]
    #[must_use]
    pub fn length(&self) -> usize {
        match self.release {
            Some(release) if self.raw.contains(&release) => unrelease(release, self.raw).len(),
            _ => self.raw.len(),
        }
    }

    /// Its bytes without release characters, copied only when there are some.
    #[must_use]
    pub fn unreleased(&self) -> Cow<'a, [u8]> {
        match self.release {
            Some(release) if self.raw.contains(&release) => unrelease(release, self.raw).into(),
            _ => self.raw.into(),
        }
    }
}

/// The values of a segment, from the first data element on.
#[derive(Debug, Clone)]
pub struct Values<'a> {
    cuts: Cuts<'a>,
    /// Of the segment in the interchange.
    offset: usize,
    element: u16,
    occurrence: u32,
    component: u16,
}

impl<'a> Values<'a> {
    #[inline]
    pub(super) fn of(segment: &Segment<'a>) -> Self {
        let mut cuts = segment.cuts();
        // The tag ends at the first separator of elements; what else divides it is not for readers of values.
        while cuts.next().is_some_and(|tag| tag.separator != cuts.service.element || cuts.is_last(&tag)) {}
        Self { cuts, offset: segment.span().start, element: 2, occurrence: 1, component: 1 }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        let cut = self.cuts.next()?;
        let value = Value {
            offset: self.offset + cut.start,
            element: self.element,
            occurrence: self.occurrence,
            component: self.component,
            release: self.cuts.release,
            raw: self.cuts.bytes(&cut),
        };
        // Without branches, which nobody could foretell: what divides is one kind of separator now, another then.
        let service = &self.cuts.service;
        let (is_component, is_element) = (cut.separator == service.component, cut.separator == service.element);
        let counted = |count: u32, counts| if counts { count + 1 } else { count };
        self.component = if is_component { self.component.saturating_add(1) } else { 1 };
        self.element = self.element.saturating_add(u16::from(is_element));
        self.occurrence = if is_element { 1 } else { counted(self.occurrence, !is_component) };
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;
    use crate::edifact::ServiceChars;

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

    #[test]
    fn release_characters_are_left_out_and_counted_out() {
        let segment = Segment::new(V4, 0, b"FTX+A?+B++AB");
        let values: Vec<_> = segment
            .values()
            .map(|value| (value.length(), value.is_empty(), matches!(value.unreleased(), Cow::Owned(_))))
            .collect();
        assert_eq!(values, [(3, false, true), (0, true, false), (2, false, false)]);
    }

    proptest! {
        #[test]
        fn of_any_bytes(text in "[A-C+:*?']{0,200}") {
            let segment = Segment::new(V4, 7, text.as_bytes());
            prop_assert_eq!(in_one_pass(&segment), one_by_one(&segment));
        }
    }
}
