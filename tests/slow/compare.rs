//! What both readers say of the same bytes, compared; it panics where they differ.

use lodged::edifact::{Frame, FrameFinder, Interchange, MessageType, Segment};

use super::envelope::{Finding, Interchange as Slow};
use super::reader;

/// Most findings that the gateway tells of one interchange; beyond them only that there are more is told.
const FINDINGS_MAX: usize = 1_000;

/// Both find the same interchanges in a stream; each of them, what is left, and all of it as if it were one, is read the
/// same.
pub(crate) fn compare_stream(stream: &[u8]) {
    compare(stream);
    let mut rest = stream;
    loop {
        let mut finder = FrameFinder::default();
        let found = match finder.find(rest) {
            Frame::Interchange(range) => Some((range.start, range.end)),
            Frame::Incomplete | Frame::Garbage => None,
        };
        assert_eq!(found, reader::frame(rest), "{}", rest.escape_ascii());
        let Some((start, end)) = found else { break };
        compare(&rest[start..end]);
        rest = &rest[end..];
    }
    compare(rest);
}

/// Both readers read one interchange the same.
pub(crate) fn compare(bytes: &[u8]) {
    let text = bytes.escape_ascii();
    match (Interchange::read(bytes), Slow::read(bytes)) {
        (None, None) => {}
        (Some((fast, findings)), Some(slow)) => {
            compare_segments(&fast, &slow, bytes);
            compare_envelopes(&fast, &slow);
            let found = findings.iter().map(|found| (found.span.start, found.error.number(), found.place));
            let found: Vec<Finding> = found.collect();
            assert!(findings.is_sorted_by_key(|found| found.span.start), "{text}");
            if slow.findings.len() < FINDINGS_MAX {
                assert_eq!(sorted(found), sorted(slow.findings), "{text}");
            } else {
                assert_eq!(found.len(), FINDINGS_MAX, "{text}");
            }
        }
        (fast, slow) => panic!("fast {}, slow {}: {text}", fast.is_some(), slow.is_some()),
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

/// A component with everything that places it: element, repetition, component, span, value.
type Placed = (u16, u32, u16, usize, usize, Vec<u8>);

fn compare_segments(fast: &Interchange<'_>, slow: &Slow<'_>, bytes: &[u8]) {
    assert_eq!(fast.segments().len(), slow.segments.len(), "{}", bytes.escape_ascii());
    for (fast, slow) in fast.segments().zip(&slow.segments) {
        assert_eq!(fast.span(), slow.start..slow.end, "{fast:?}");
        assert_eq!(fast.raw(), &bytes[slow.start..slow.end]);
        assert_eq!(fast.tag().as_str(), slow.tag(bytes).unwrap_or_default(), "{fast:?}");
        let expected = placed(slow);
        assert_eq!(level_by_level(&fast), expected, "{fast:?}");
        let in_one_pass: Vec<Placed> = fast
            .values()
            .map(|value| {
                let (start, end) = (value.span().start, value.span().end);
                (value.element, value.occurrence, value.component, start, end, value.unreleased().into_owned())
            })
            .collect();
        let behind_the_tag: Vec<Placed> = expected.into_iter().filter(|(element, ..)| *element > 1).collect();
        assert_eq!(in_one_pass, behind_the_tag, "{fast:?}");
    }
}

fn placed(segment: &reader::Segment) -> Vec<Placed> {
    let mut found = Vec::new();
    for (element, position) in segment.elements.iter().zip(1..) {
        for (repetition, occurrence) in element.iter().zip(1..) {
            for (component, number) in repetition.iter().zip(1..) {
                found.push((position, occurrence, number, component.start, component.end, component.value.clone()));
            }
        }
    }
    found
}

fn level_by_level(segment: &Segment<'_>) -> Vec<Placed> {
    let mut found = Vec::new();
    for element in std::iter::once(segment.tag_element()).chain(segment.elements()) {
        for repetition in element.repetitions() {
            for component in repetition.components() {
                let (start, end) = (component.span().start, component.span().end);
                let value = component.unreleased().into_owned();
                found.push((element.position(), repetition.occurrence(), component.position(), start, end, value));
            }
        }
    }
    found
}

fn compare_envelopes(fast: &Interchange<'_>, slow: &Slow<'_>) {
    let service = fast.service();
    let characters = (service.component, service.element, service.release, service.repetition, service.terminator);
    let expected = slow.characters;
    let expected = (expected.component, expected.element, expected.release, expected.repetition, expected.terminator);
    assert_eq!(characters, expected);
    assert_eq!(fast.envelope.repertoire.as_str(), slow.repertoire);
    assert_eq!(fast.envelope.version.as_str(), slow.version.to_string());
    assert_eq!(fast.trailer().map(|unz| unz.span().start), slow.trailer.map(|unz| slow.segments[unz].start));
    let starts = |segments: &[usize]| segments.iter().map(|index| slow.segments[*index].start).collect::<Vec<_>>();
    assert_eq!(fast.messages.len(), slow.messages.len());
    for (message, expected) in fast.messages.iter().zip(&slow.messages) {
        assert_eq!(message.group, expected.group);
        assert_eq!(message.package.is_some(), expected.package.is_some());
        let segments: Vec<usize> = fast.segments_of(message).map(|segment| segment.span().start).collect();
        assert_eq!(segments, starts(&expected.segments));
    }
    assert_eq!(fast.groups.len(), slow.groups.len());
    for (group, expected) in fast.groups.iter().zip(&slow.groups) {
        let segments: Vec<usize> = fast.envelope_of(group).map(|segment| segment.span().start).collect();
        assert_eq!(segments, starts(&expected.segments));
    }
    compare_texts(fast, slow);
}

/// What UNB, UNG and UNH say. The slow reader has no tables for the parts of ISO 8859 above 1.
fn compare_texts(fast: &Interchange<'_>, slow: &Slow<'_>) {
    let is_read = |text: &str| text.is_ascii() || ["UNOA", "UNOB", "UNOC", "UNOY"].contains(&slow.repertoire);
    let check = |text: &str, expected: &str| {
        if is_read(expected) {
            assert_eq!(text, expected);
        }
    };
    let envelope = &fast.envelope;
    let unb = |element, component| slow.text(0, element, component);
    check(&envelope.sender.identification, &unb(3, 1));
    check(envelope.sender.qualifier.as_deref().unwrap_or_default(), &unb(3, 2));
    check(envelope.sender.internal.as_deref().unwrap_or_default(), &unb(3, 3));
    check(envelope.sender.internal_sub.as_deref().unwrap_or_default(), &unb(3, 4));
    check(&envelope.recipient.identification, &unb(4, 1));
    check(envelope.recipient.qualifier.as_deref().unwrap_or_default(), &unb(4, 2));
    check(&envelope.reference.0, &unb(6, 1));
    check(envelope.application_reference.as_deref().unwrap_or_default(), &unb(8, 1));
    assert_eq!(envelope.acknowledgement.is_wanted(), ["1", "2"].contains(&unb(10, 1).as_str()));
    check(envelope.agreement.as_deref().unwrap_or_default(), &unb(11, 1));
    assert_eq!(envelope.is_practice, unb(12, 1) == "1");
    for (message, expected) in fast.messages.iter().zip(&slow.messages) {
        check(&message.reference, &expected.reference);
        let package = message.package.iter().flat_map(|package| [&package.qualifier, &package.identification]);
        package.zip(expected.package.iter().flatten()).for_each(|(text, expected)| check(text, expected));
        let MessageType { kind, version, release, agency, association } = MessageType::clone(&message.kind);
        for (text, expected) in
            [kind, version, release, agency, association.unwrap_or_default()].iter().zip(&expected.kind)
        {
            check(text, expected);
        }
    }
    for (group, expected) in fast.groups.iter().zip(&slow.groups) {
        check(&group.reference, &expected.reference);
    }
}
