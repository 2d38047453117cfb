//! Properties of the reader, the writer and the frame finder: what was written is read, what is read is written the
//! same, and nothing that comes over a wire makes them stumble.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

use lodged::edifact::{
    Frame, FrameFinder, Interchange, InterchangeWriter, MessageType, Repertoire, Segment, ServiceChars, SyntaxVersion,
};
use proptest::collection::vec;
use proptest::prelude::*;

const SAMPLE: &[u8] = include_bytes!("../testdata/export-original.edi");

/// A segment as values: its elements, each its components.
type Values = Vec<Vec<String>>;

/// Any six characters that are legal together.
fn service_chars() -> impl Strategy<Value = ServiceChars> {
    let legal: Vec<u8> = (b'!'..=b'~').filter(u8::is_ascii_punctuation).collect();
    (Just(legal).prop_shuffle(), prop_oneof![Just(b'.'), Just(b',')]).prop_map(|(chars, decimal_mark)| ServiceChars {
        component: chars[0],
        element: chars[1],
        decimal_mark,
        release: Some(chars[2]),
        repetition: None,
        terminator: chars[3],
    })
}

/// A value of ISO 8859-1, service characters among them.
fn value() -> impl Strategy<Value = String> {
    "[ -~\u{a0}-\u{ff}]{0,12}"
}

fn segments() -> impl Strategy<Value = Vec<Values>> {
    vec(vec(vec(value(), 1..4), 0..5), 0..8)
}

fn kind() -> MessageType {
    let text = str::to_owned;
    MessageType {
        kind: text("TESTER"),
        version: text("D"),
        release: text("96B"),
        agency: text("UN"),
        association: None,
    }
}

fn write(service: ServiceChars, segments: &[Values]) -> Vec<u8> {
    let mut writer = InterchangeWriter::new(service, Repertoire::Unoc, "REF1");
    writer.advice();
    writer.segment("UNB", |unb| {
        unb.syntax(SyntaxVersion::V3);
        unb.element("A");
        unb.element("B");
        unb.composite(&["261121", "2045"]);
        unb.element("REF1");
    });
    writer.begin_message("1", &kind());
    for values in segments {
        writer.segment("XYZ", |segment| {
            for components in values {
                segment.composite(&components.iter().map(String::as_str).collect::<Vec<_>>());
            }
        });
    }
    writer.finish()
}

/// The values without what normal form leaves out: empty components and elements at the end.
fn trimmed(values: &Values) -> Values {
    let last = |list: &[bool]| list.iter().rposition(|is_filled| *is_filled).map_or(0, |last| last + 1);
    let trim = |components: &Vec<String>| {
        let filled: Vec<bool> = components.iter().map(|component| !component.is_empty()).collect();
        components[..last(&filled)].to_vec()
    };
    let elements: Values = values.iter().map(trim).collect();
    let filled: Vec<bool> = elements.iter().map(|components| !components.is_empty()).collect();
    elements[..last(&filled)].to_vec()
}

fn values_of(segment: &Segment<'_>) -> Values {
    let decode = |bytes: &[u8]| Repertoire::Unoc.decode(bytes).into_owned();
    let values = segment
        .elements()
        .map(|element| element.components().map(|component| decode(&component.unreleased())).collect())
        .collect();
    trimmed(&values)
}

fn normal_form(interchange: &Interchange<'_>) -> Vec<u8> {
    let mut bytes = interchange.service().advice().to_vec();
    interchange.segments().for_each(|segment| segment.write_normal(&mut bytes));
    bytes
}

/// All interchanges of a stream that comes in these pieces, and whether garbage was met.
fn frames(stream: &[u8], cuts: &[usize]) -> (Vec<Vec<u8>>, bool) {
    let (mut buffer, mut finder, mut found, mut at) = (Vec::new(), FrameFinder::default(), Vec::new(), 0);
    for cut in cuts.iter().copied().chain([stream.len()]) {
        buffer.extend_from_slice(&stream[at..cut]);
        at = cut;
        loop {
            match finder.find(&buffer) {
                Frame::Incomplete => break,
                Frame::Garbage => return (found, true),
                Frame::Interchange(range) => {
                    found.push(buffer[range.clone()].to_vec());
                    buffer.drain(..range.end);
                }
            }
        }
    }
    (found, false)
}

/// The sample with some bytes replaced, taken out or put in.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    vec((0..SAMPLE.len(), any::<u8>(), 0..3u8), 0..6).prop_map(|changes| {
        let mut bytes = SAMPLE.to_vec();
        for (at, byte, change) in changes {
            let at = at.min(bytes.len() - 1);
            match change {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn what_was_written_is_read(service in service_chars(), segments in segments()) {
        let bytes = write(service, &segments);
        let (interchange, findings) = Interchange::read(&bytes).expect("an interchange");
        prop_assert_eq!(&findings, &[]);
        let read: Vec<Values> = interchange.segments_of(&interchange.messages[0]).map(|segment| values_of(&segment)).collect();
        let expected: Vec<Values> = segments.iter().map(trimmed).collect();
        prop_assert_eq!(&read[1..read.len() - 1], &expected[..]);
    }

    #[test]
    fn what_was_written_is_its_own_normal_form(service in service_chars(), segments in segments()) {
        let bytes = write(service, &segments);
        let (interchange, _) = Interchange::read(&bytes).expect("an interchange");
        prop_assert_eq!(normal_form(&interchange), bytes);
    }

    #[test]
    fn normal_form_is_reached_once(bytes in damaged()) {
        if let Some((interchange, _)) = Interchange::read(&bytes) {
            let once = normal_form(&interchange);
            let (again, _) = Interchange::read(&once).expect("an interchange");
            prop_assert_eq!(normal_form(&again), once);
        }
    }

    #[test]
    fn damage_is_found_inside_the_bytes_and_told_in_their_order(bytes in damaged()) {
        if let Some((_, findings)) = Interchange::read(&bytes) {
            prop_assert!(findings.iter().all(|finding| finding.span.start <= finding.span.end && finding.span.end <= bytes.len()));
            prop_assert!(findings.is_sorted_by_key(|finding| finding.span.start));
        }
    }

    #[test]
    fn any_bytes_can_be_read(bytes in vec(any::<u8>(), 0..200)) {
        drop(Interchange::read(&bytes));
        let mut prefixed = b"UNB+UNOC:3+".to_vec();
        prefixed.extend(&bytes);
        drop(Interchange::read(&prefixed));
    }

    #[test]
    fn cutting_the_stream_changes_nothing(bytes in damaged(), mut cuts in vec(0..SAMPLE.len(), 0..20)) {
        cuts.retain(|cut| *cut <= bytes.len());
        cuts.sort_unstable();
        let twice = [bytes.as_slice(), SAMPLE].concat();
        prop_assert_eq!(frames(&twice, &cuts), frames(&twice, &[]));
    }
}

#[test]
fn the_sample_is_found_however_it_is_cut() {
    let whole = frames(SAMPLE, &[]);
    assert_eq!(whole.0.len(), 1);
    for cut in 0..=SAMPLE.len() {
        assert_eq!(frames(SAMPLE, &[cut]), whole, "cut at {cut}");
    }
    let bytes: Vec<usize> = (0..SAMPLE.len()).collect();
    assert_eq!(frames(SAMPLE, &bytes), whole, "byte by byte");
}
