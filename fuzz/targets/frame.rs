//! How a stream is cut never changes what is found in it, and what is found is what the slow reader finds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lodged::edifact::{Frame, FrameFinder};

#[path = "../../tests/slow/mod.rs"]
#[allow(dead_code, reason = "a target uses its own part of the slow reader")]
mod slow;

/// Everything that is found in a stream that comes in pieces of these lengths, over and over, and how it ended.
fn found(stream: &[u8], lengths: &[usize]) -> (Vec<Vec<u8>>, Option<Vec<u8>>) {
    let (mut buffer, mut finder, mut found) = (Vec::new(), FrameFinder::default(), Vec::new());
    let (mut rest, mut lengths) = (stream, lengths.iter().cycle());
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at((*lengths.next().unwrap()).min(rest.len()));
        buffer.extend_from_slice(piece);
        rest = behind;
        loop {
            match finder.find(&buffer) {
                Frame::Incomplete => break,
                Frame::Garbage => return (found, None),
                Frame::Interchange(range) => {
                    assert!(range.start < range.end);
                    found.push(buffer[range.clone()].to_vec());
                    buffer.drain(..range.end);
                }
            }
        }
    }
    let left = finder.rest(&buffer).map(|range| buffer[range].to_vec());
    (found, Some(left.unwrap_or_default()))
}

fuzz_target!(|stream: &[u8]| {
    let whole = found(stream, &[stream.len().max(1)]);
    let middle = stream.len() / 2 + 1;
    let uneven = [1, 2, 1 + stream.first().map_or(0, |byte| usize::from(*byte) % 64), 3, 17];
    for lengths in [&[1][..], &[2], &[3, 1], &[middle], &uneven] {
        assert_eq!(found(stream, lengths), whole, "in pieces of {lengths:?}");
    }
    slow::compare::compare_stream(stream);
});
