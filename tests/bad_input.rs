//! Interchanges made to cost more than they bring: what examination and answer of them take is counted, and grows no
//! faster than their bytes.
//!
//! Work is counted in allocations and in bytes held at once, which say the same on every machine. The clock only guards
//! against a loop without an end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod house;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use house::{House, is_valid};
use lodged::edifact::{Frame, FrameFinder, Interchange};
use lodged::rules::FINDINGS_OF_INTERCHANGE_MAX;

/// Counts what the thread allocates that asked for it.
struct Counting;

#[derive(Debug, Clone, Copy, Default)]
struct Work {
    allocations: u64,
    held: i64,
    held_most: i64,
}

thread_local! {
    static WORK: Cell<Work> = const { Cell::new(Work { allocations: 0, held: 0, held_most: 0 }) };
}

/// Notes that so many bytes more, or fewer, are held.
fn note(allocations: u64, bytes: i64) {
    let noted = WORK.try_with(|cell| {
        let mut work = cell.get();
        work.allocations += allocations;
        work.held += bytes;
        work.held_most = work.held_most.max(work.held);
        cell.set(work);
    });
    // There is none to note it in at the end of a thread.
    noted.unwrap_or_default();
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[expect(unsafe_code, reason = "only the allocator sees what is allocated; it hands everything on")]
// SAFETY: every call is handed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, signed(layout.size()));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(0, -signed(layout.size()));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, signed(size) - signed(layout.size()));
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Parts of the smaller and of the larger of two inputs of the same kind.
const FEW: usize = 25_000;
const MANY: usize = 100_000;

/// How much faster than the bytes work may grow, in per cent; tables and buffers double.
const GROWTH_PERCENT_MAX: u64 = 150;
/// What may be held for each byte that came, and beside that: grammars are compiled, findings have their limit.
const HELD_FOR_A_BYTE_MAX: usize = 30;
const HELD_BESIDE_MAX: usize = 8 * 1024 * 1024;
/// Longest answers: a CONTRL has its limits for segments and elements.
const ANSWERS_BYTES_MAX: usize = 1024 * 1024;
/// Only an examination without an end takes this long.
const HANG: Duration = Duration::from_secs(30);

/// What examining, recording and answering this takes.
fn work(bytes: &[u8]) -> Work {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut house = House::new();
    let (begun, before) = (Instant::now(), Work { allocations: 0, held_most: 0, ..WORK.get() });
    WORK.set(Work { held_most: before.held, ..before });
    let replies = runtime.block_on(house.receives(bytes));
    let after = WORK.get();
    assert!(begun.elapsed() < HANG, "{:?}", begun.elapsed());
    let length: usize = replies.iter().map(Vec::len).sum();
    assert!(length <= ANSWERS_BYTES_MAX, "answered with {length} bytes");
    replies.iter().for_each(|reply| is_valid(reply));
    Work { held: after.held - before.held, held_most: after.held_most - before.held, ..after }
}

/// Inputs of this kind take work in proportion to their bytes, and have an answer or are kept.
fn check(input: impl Fn(usize) -> Vec<u8>) {
    let (few, many) = (input(FEW), input(MANY));
    let (less, more) = (work(&few), work(&many));
    let held = usize::try_from(more.held_most).unwrap();
    assert!(held <= many.len() * HELD_FOR_A_BYTE_MAX + HELD_BESIDE_MAX, "{held} bytes held for {}", many.len());
    let times = u64::try_from(many.len() / few.len() + 1).unwrap();
    let allowed = (less.allocations + 10_000) * times * GROWTH_PERCENT_MAX / 100;
    assert!(more.allocations <= allowed, "{} allocations, then {}", less.allocations, more.allocations);
}

/// An interchange that the gateway would answer, with this between UNB and UNZ.
fn interchange(syntax: &str, body: &str) -> Vec<u8> {
    format!("UNB+{syntax}+ACMEFWD:ZZ+LODGED+261121:1530+STORM++++1'{body}UNZ+1+STORM'").into_bytes()
}

/// The same with this in a declaration, behind its first segment.
fn declaration(syntax: &str, segments: &str) -> Vec<u8> {
    interchange(syntax, &format!("UNH+1+CUSDEC:D:96B:UN'BGM+830+REF:1+9'{segments}UNT+1+1'"))
}

#[test]
fn the_same_segment_over_and_over() {
    check(|times| declaration("UNOC:3", &"LOC+36+US'".repeat(times)));
}

#[test]
fn a_segment_group_over_and_over() {
    check(|times| declaration("UNOC:3", &"RFF+ABE:1'PAC+1'PCI+1'".repeat(times / 3)));
    check(|times| declaration("UNOC:3", &format!("UNS+D'{}", "CST+1+X'".repeat(times))));
}

#[test]
fn every_deeper_segment_group_again_and_again() {
    let item = "DMS+1'LIN+1'ALC+A'CUX+1'DTM+1'PAC+1'PCI+1'RFF+A'TOD+1'";
    check(|times| declaration("UNOC:3", &format!("UNS+D'{}", item.repeat(times / 9))));
}

#[test]
fn empty_segments() {
    check(|times| interchange("UNOC:3", &"'".repeat(times)));
    check(|times| declaration("UNOC:3", &"'".repeat(times)));
}

#[test]
fn segments_without_a_tag_that_can_be_one() {
    check(|times| declaration("UNOC:3", &"a+1'".repeat(times)));
    check(|times| declaration("UNOC:3", &format!("{}+1'", "A".repeat(times))));
}

#[test]
fn a_storm_of_component_separators() {
    check(|times| declaration("UNOC:3", &format!("FTX+AAA{}'", ":".repeat(times * 10))));
    check(|times| declaration("UNOC:3", &format!("FTX+AAA{}'", ":x".repeat(times * 5))));
    check(|times| declaration("UNOC:4", &"FTX+AAA+++::::::'".repeat(times / 10)));
}

#[test]
fn a_storm_of_element_separators() {
    check(|times| declaration("UNOC:3", &format!("FTX+AAA{}'", "+".repeat(times * 10))));
    check(|times| declaration("UNOC:3", &format!("FTX+AAA{}'", "+x".repeat(times * 5))));
}

#[test]
fn a_storm_of_repetition_separators() {
    check(|times| declaration("UNOC:4", &format!("FTX+AAA{}'", "*".repeat(times * 10))));
    check(|times| declaration("UNOC:4", &format!("FTX+AAA{}'", "*x".repeat(times * 5))));
}

#[test]
fn a_storm_of_release_characters() {
    check(|times| declaration("UNOC:3", &format!("FTX+AAA+++{}'", "??".repeat(times * 5))));
    check(|times| declaration("UNOC:3", &format!("FTX+AAA+++{}'", "?'".repeat(times * 5))));
}

#[test]
fn separators_behind_the_tags_of_the_envelopes() {
    check(|times| interchange("UNOC:3", &format!("UNH{}'UNT+2+1'", ":".repeat(times * 10))));
    check(|times| interchange(&format!("UNOC:3{}", ":".repeat(times * 10)), ""));
}

#[test]
fn one_value_without_an_end() {
    check(|times| declaration("UNOC:3", &format!("FTX+AAA+++{}'", "X".repeat(times * 20))));
    check(|times| declaration("UNOC:3", &format!("MOA+63:{}'", "1".repeat(times * 20))));
    check(|times| interchange("UNOC:3", &format!("UNH+{}+CUSDEC:D:96B:UN'UNT+2+1'", "1".repeat(times * 20))));
}

#[test]
fn messages_that_never_end() {
    check(|times| interchange("UNOC:3", &"UNH+1+CUSDEC:D:96B:UN'".repeat(times)));
}

#[test]
fn trailers_without_headers() {
    check(|times| interchange("UNOC:3", &"UNT+2+1'".repeat(times)));
    check(|times| interchange("UNOC:3", &"UNE+1+1'".repeat(times)));
}

#[test]
fn messages_of_nothing() {
    check(|times| {
        let messages: String =
            (0..times / 2).map(|number| format!("UNH+{number}+CUSDEC:D:96B:UN'UNT+2+{number}'")).collect();
        interchange("UNOC:3", &messages)
    });
}

#[test]
fn functional_groups_of_nothing() {
    check(|times| interchange("UNOC:3", &"UNG+CUSDEC+A+B+261121:1530+1+UN+D:96B'UNE+0+1'".repeat(times / 2)));
    check(|times| {
        let groups = (0..times / 2).map(|number| format!("UNG+X+A+B+261121:1530+{number}+UN+D:96B'UNE+0+{number}'"));
        interchange("UNOC:3", &groups.collect::<String>())
    });
}

#[test]
fn messages_of_two_types_in_one_functional_group() {
    let pair = "UNH+1+CUSDEC:D:96B:UN'UNT+2+1'UNH+1+CUSRES:D:96B:UN'UNT+2+1'";
    check(|times| {
        let group = format!("UNG+X+A+B+261121:1530+1+UN+D:96B'{}UNE+1+1'", pair.repeat(times / 4));
        interchange("UNOC:3", &group)
    });
}

#[test]
fn section_separators_over_and_over() {
    check(|times| declaration("UNOC:3", &"UNS+D'".repeat(times)));
    check(|times| declaration("UNOC:3", &"UNS+S'CNT+5:1'UNS+D'".repeat(times / 3)));
}

#[test]
fn nothing_but_characters_that_are_none() {
    check(|times| {
        let mut bytes = declaration("UNOY:4", &format!("FTX+AAA+++{}'", "X".repeat(times * 10)));
        bytes.iter_mut().filter(|byte| **byte == b'X').for_each(|byte| *byte = 0xff);
        bytes
    });
    check(|times| declaration("UNOA:3", &"FTX+a:b:c+d'".repeat(times / 2)));
}

#[test]
fn line_breaks_between_all_segments() {
    check(|times| declaration("UNOC:3", &"LOC+36+US'\r\n\r\n\r\n".repeat(times)));
}

#[test]
fn line_breaks_without_an_end_between_two_segments() {
    check(|times| declaration("UNOC:3", &format!("LOC+36+US'{}", "\n".repeat(times * 40))));
}

#[test]
fn lines_of_goods_that_each_break_every_rule() {
    let line = "CST+1+0:122'LOC+27+ZZ'MEA+AAE+AAD+QQQ:0'PAC+0++QQ'MOA+63:-1:QQQ'";
    check(|times| {
        let lines = line.repeat(times / 10);
        declaration("UNOC:3", &format!("LOC+36+ZZ'DTM+137:99999999:102'UNS+D'{lines}UNS+S'CNT+5:0'"))
    });
}

#[test]
fn more_segments_than_are_read() {
    check(|times| declaration("UNOC:3", &"LOC+36+US'".repeat(times * 3)));
}

#[test]
fn a_stream_that_comes_byte_by_byte() {
    for storm in ["?", "??'", "\r\n", "X'\n", "UNZ?'", "UN"] {
        let stream = format!("UNB+{}", storm.repeat(1_000_000 / storm.len()));
        let (mut finder, begun) = (FrameFinder::default(), Instant::now());
        let is_incomplete = (0..stream.len()).all(|end| finder.find(&stream.as_bytes()[..end]) == Frame::Incomplete);
        assert!(is_incomplete, "{storm:?}");
        assert!(begun.elapsed() < HANG, "{storm:?}: {:?}", begun.elapsed());
    }
}

#[test]
fn declarations_that_say_nothing() {
    const COUNT: usize = 2_000;
    let messages: String = (1..=COUNT)
        .map(|number| format!("UNH+{number}+CUSDEC:D:96B:UN'BGM+830+{number}+9'UNS+D'UNS+S'UNT+5+{number}'"))
        .collect();
    let text = format!("UNB+UNOC:3+ACMEFWD:ZZ+LODGED+261121:1530+STORM++++1'{messages}UNZ+{COUNT}+STORM'");
    let judgements = house::examined(text.as_bytes()).facts.judgements;
    let carried: usize = judgements.iter().map(|judgement| judgement.findings.len()).sum();
    assert_eq!(judgements.len(), COUNT);
    assert!(carried <= FINDINGS_OF_INTERCHANGE_MAX + COUNT, "{carried} findings");
    let last = &judgements[COUNT - 1].findings;
    assert_eq!(last.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(), ["G950"]);
    assert!(judgements[COUNT - 1].has_errors(), "what is left out still refuses");
}

#[test]
fn what_is_kept_of_an_interchange_while_it_is_read_is_small() {
    const KEPT_PERCENT_MAX: usize = 60;
    let bytes = house::declarations(400, 14);
    let before = WORK.get();
    WORK.set(Work { held_most: before.held, ..before });
    let (interchange, findings) = Interchange::read(&bytes).unwrap();
    assert_eq!((interchange.messages.len(), findings.len()), (400, 0));
    let held = usize::try_from(WORK.get().held_most - before.held).unwrap();
    assert!(held * 100 <= bytes.len() * KEPT_PERCENT_MAX, "{held} bytes for {}", bytes.len());
}
