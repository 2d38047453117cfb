//! The values of a segment in one pass: what a reader uses that wants all of them.
//!
//! [`Segment::element`] and its like find one value and divide the segment each time; here it is divided once.

use std::{borrow::Cow, ops::Range};

use super::scan::{BLOCK, Scan, block_at};
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
    /// From the first byte of the segment on, beyond its end.
    ahead: &'a [u8],
    length: usize,
    offset: usize,
    service: ServiceChars,
    /// Where the block begins whose separators are known.
    block: usize,
    /// Its separators that lie ahead, and the end of the segment.
    stops: u64,
    /// Its last byte releases the first of the next one.
    is_released: bool,
    /// The release character, once one was met.
    release: Option<u8>,
    /// Where the next value begins; behind the end when there is none.
    start: usize,
    element: u16,
    occurrence: u32,
    component: u16,
}

impl<'a> Values<'a> {
    #[inline]
    pub(super) fn of(segment: &Segment<'a>) -> Self {
        let mut values = Self {
            ahead: segment.ahead(),
            length: segment.raw().len(),
            offset: segment.span().start,
            service: *segment.service(),
            block: 0,
            stops: 0,
            is_released: false,
            release: None,
            start: 0,
            element: 2,
            occurrence: 1,
            component: 1,
        };
        values.scan_block();
        values.pass_tag();
        values
    }

    /// The tag ends at the first separator of elements; what else divides it is not for readers of values.
    #[inline]
    fn pass_tag(&mut self) {
        while self.start <= self.length {
            let end = self.stop();
            self.start = end + 1;
            if self.ahead.get(end) == Some(&self.service.element) {
                break;
            }
        }
    }

    /// Finds the separators of the block, and marks the end of the segment when it lies in it.
    #[inline]
    fn scan_block(&mut self) {
        let service = &self.service;
        let separators = [service.component, service.element, service.repetition.unwrap_or(service.element)];
        let scan = Scan::new(separators, service.release);
        let masks = scan.masks(&block_at(self.ahead, self.block), self.is_released);
        let left = self.length.saturating_sub(self.block);
        let end = if left < BLOCK { 1 << left } else { 0 };
        let inside = u64::wrapping_sub(end, 1);
        self.stops = masks.stops & inside | end;
        self.is_released = masks.releases_next;
        if masks.releases & inside != 0 {
            self.release = service.release;
        }
    }

    /// Where the next value ends.
    #[inline]
    fn stop(&mut self) -> usize {
        while self.stops == 0 {
            self.block += BLOCK;
            self.scan_block();
        }
        let at = self.block + self.stops.trailing_zeros() as usize;
        self.stops &= self.stops - 1;
        at
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        if self.start > self.length {
            return None;
        }
        let start = self.start;
        let end = self.stop();
        let value = Value {
            raw: self.ahead.get(start..end).unwrap_or_default(),
            offset: self.offset + start,
            element: self.element,
            occurrence: self.occurrence,
            component: self.component,
            release: self.release,
        };
        self.start = end + 1;
        // Without branches, which nobody could foretell: what divides is one kind of separator now, another then.
        let separator = self.ahead.get(end).copied().unwrap_or_default();
        let (is_component, is_element) = (separator == self.service.component, separator == self.service.element);
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
        fn of_any_bytes(text in "[A-C+:*?']{0,200}") {
            let segment = Segment::new(V4, 7, text.as_bytes());
            prop_assert_eq!(in_one_pass(&segment), one_by_one(&segment));
        }
    }
}
