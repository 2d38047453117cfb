//! Holds a message against its segment table: which segment stands at which place, and what cannot stand at all.
//!
//! For each segment the candidates are looked for from the innermost open group outward: the current place again, later
//! places of the level, and a new occurrence of the group through its trigger. A candidate that skips nothing mandatory
//! and exceeds no maximum wins; else one that exceeds a maximum; else one that skips. There is no recursion and no way
//! back, so the work for a segment is bounded by the size of the table.
//!
//! A stray segment must not pull the rest of the message out of its sections: a candidate that would skip section
//! separators (UNS) is none while the message still has more of them to come than the table has behind the candidate.

use std::{cell::OnceCell, ops::Range};

use super::{
    characters::Characters,
    element::check_elements,
    findings::Findings,
    outline::GROUP_DEPTH_MAX,
    quick::Quick,
    steps::{JUDGED_ELSEWHERE, Steps},
    table::{Entry, GroupId, MessageGrammar, PlaceId, TablePlace},
};
use crate::edifact::{
    Envelope, Pieces, Place, Segment, ServiceChars, Stretch, SyntaxError, SyntaxFinding, SyntaxVersion, Tag, TagNumber,
};

/// Separates the sections of a message.
const SEPARATOR: Tag = Tag(*b"UNS");

/// One segment at its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Position in the message, UNH = 1 (0096).
    pub position: u32,
    /// Its place.
    pub place: PlaceId,
    /// Whether it opens a new occurrence of its group.
    pub opens_group: bool,
    /// Where its pieces end, in [`Examined::pieces`]; empty where a quick look did not find it right.
    pub pieces: Stretch,
}

/// What the table says of a message.
#[derive(Debug, Clone, Default)]
pub struct Examined {
    /// The segments that have a place, in order. A segment without one is a finding and no match.
    pub matches: Vec<Match>,
    /// Where the pieces of these segments end.
    pub pieces: Pieces,
    /// What the table forbids, in the order of the message.
    pub findings: Vec<SyntaxFinding>,
}

impl Examined {
    /// The same in memory of its own, without where pieces end: for who keeps those of many messages.
    #[must_use]
    pub fn without_pieces(&self) -> Self {
        Self { matches: self.matches.clone(), pieces: Pieces::default(), findings: self.findings.clone() }
    }

    fn clear(&mut self) {
        self.matches.clear();
        self.pieces.clear();
        self.findings.clear();
    }
}

impl MessageGrammar {
    /// Examines one message of the interchange with this envelope: structure first, then the elements of each segment.
    ///
    /// `message` counts from 0; its segments lie in the bytes of the interchange one behind the other, as
    /// [`Interchange::segments_of`](crate::edifact::Interchange::segments_of) gives them. The elements of UNH and UNT are judged with the other service segments, and a missing
    /// UNT is a finding of the reader.
    pub fn examine<'a>(
        &self,
        envelope: &Envelope,
        message: u32,
        segments: impl IntoIterator<Item = Segment<'a>, IntoIter: Clone>,
    ) -> Examined {
        let mut examined = Examined::default();
        self.examine_into(&mut examined, envelope, message, segments);
        examined
    }

    /// The same into the memory of a message that was examined before, of which nothing is left.
    pub fn examine_into<'a>(
        &self,
        examined: &mut Examined,
        envelope: &Envelope,
        message: u32,
        segments: impl IntoIterator<Item = Segment<'a>, IntoIter: Clone>,
    ) {
        let segments = segments.into_iter();
        let mut walk = Walk::new(self, examined, envelope, message, segments.clone());
        for (segment, position) in segments.zip(1u32..) {
            if walk.findings.is_full() {
                break;
            }
            walk.segment(segment, position);
        }
        walk.finish();
    }
}

/// An open segment group: the message itself is the outermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frame {
    group: GroupId,
    /// The entry last matched, in the row of all entries.
    at: usize,
    /// How often it was matched; 0 only before the first segment.
    count: u32,
}

/// Where a segment could stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Candidate {
    /// The frame whose level it is on.
    depth: usize,
    /// The entry, in the row of all entries.
    at: usize,
    /// Whether something mandatory would be skipped.
    skips: bool,
    /// Whether it would stand there too often.
    exceeds: bool,
}

/// The open groups of a message, innermost last.
#[derive(Debug, Clone)]
pub(super) struct Position<'g> {
    grammar: &'g MessageGrammar,
    open: Vec<Frame>,
}

impl<'g> Position<'g> {
    /// Before the first segment.
    pub(super) fn start(grammar: &'g MessageGrammar) -> Self {
        let mut open = Vec::with_capacity(GROUP_DEPTH_MAX + 1);
        open.push(Frame { group: GroupId(0), at: 0, count: 0 });
        Self { grammar, open }
    }

    /// The best place for this tag, unless it lies behind separators that are still to come; `separators` counts those.
    fn searched(&self, tag: Tag, separators: impl FnOnce() -> usize) -> Option<Candidate> {
        let stays = |candidate: &Candidate| !candidate.skips || !self.leaves_separators(*candidate, separators);
        self.nearest(tag).filter(stays)
    }

    /// Goes to the nearest entry with this tag, when it is known that nothing is skipped and nothing exceeded.
    #[inline]
    fn step(&mut self, steps: &Steps, tag: TagNumber) -> Option<&'g Entry> {
        let depth = self.open.len().checked_sub(1)?;
        let innermost = self.open.get(depth)?;
        if innermost.count == 0 {
            return None;
        }
        let step = steps.step(innermost.at, tag)?;
        let (at, depth) = (usize::from(step.at), depth.checked_sub(usize::from(step.leaves))?);
        let (entry, frame) = (self.grammar.entries.get(at)?, self.open.get_mut(depth)?);
        let before = if step.is_again { frame.count } else { 0 };
        if before >= entry.repetitions_max {
            return None;
        }
        (frame.at, frame.count) = (at, before + 1);
        self.open.truncate(depth + 1);
        self.enter(entry)
    }

    /// Whether more separators are to come than the table has from the candidate on.
    fn leaves_separators(&self, candidate: Candidate, separators: impl FnOnce() -> usize) -> bool {
        let count = |entries: &[Entry]| entries.iter().filter(|entry| entry.tag == SEPARATOR).count();
        let skipped = self.missing(Some(candidate)).filter(|entry| entry.tag == SEPARATOR).count();
        let ahead = self.grammar.entries.get(candidate.at..self.end()).unwrap_or_default();
        skipped > 0 && separators() > count(ahead)
    }

    /// The end of the outermost level.
    fn end(&self) -> usize {
        self.grammar.group(GroupId(0)).map_or(0, |group| group.entries.end)
    }

    fn nearest(&self, tag: Tag) -> Option<Candidate> {
        let (mut skips, mut exceeding) = (false, None::<Candidate>);
        for (depth, frame) in self.open.iter().enumerate().rev() {
            let level = &self.grammar.group(frame.group)?.entries;
            let entries = self.grammar.entries.get(frame.at..level.end)?;
            for (at, entry) in (frame.at..).zip(entries) {
                let is_current = at == frame.at && frame.count > 0;
                // A trigger never repeats within its group: it opens another occurrence of it, one level further out.
                let is_trigger = depth > 0 && at == level.start;
                if entry.tag == tag && !is_trigger {
                    let exceeds = is_current && frame.count >= entry.repetitions_max;
                    let candidate = Candidate { depth, at, skips, exceeds };
                    match (skips, exceeds) {
                        (false, false) => return Some(candidate),
                        (true, false) => return exceeding.filter(|found| !found.skips).or(Some(candidate)),
                        (_, true) => exceeding = exceeding.or(Some(candidate)),
                    }
                }
                skips |= entry.is_mandatory && !is_current;
            }
        }
        exceeding
    }

    /// The mandatory entries between here and the candidate, innermost level first; up to the end without one.
    fn missing(&self, candidate: Option<Candidate>) -> impl Iterator<Item = &'g Entry> {
        let outermost = candidate.map_or(0, |candidate| candidate.depth);
        let frames = self.open.iter().enumerate().skip(outermost).rev();
        let grammar = self.grammar;
        frames.flat_map(move |(depth, frame)| {
            let end = match candidate {
                Some(candidate) if candidate.depth == depth => candidate.at,
                _ => grammar.group(frame.group).map_or(0, |group| group.entries.end),
            };
            let from = if frame.count > 0 { frame.at + 1 } else { frame.at };
            grammar.entries.get(from..end).unwrap_or_default().iter().filter(|entry| entry.is_mandatory)
        })
    }

    /// Goes to the candidate and says which entry it is.
    #[cold]
    fn take(&mut self, candidate: Candidate) -> Option<&'g Entry> {
        self.open.truncate(candidate.depth + 1);
        let entry = self.grammar.entries.get(candidate.at)?;
        let frame = self.open.last_mut()?;
        frame.count = if frame.at == candidate.at { frame.count.saturating_add(1) } else { 1 };
        frame.at = candidate.at;
        self.enter(entry)
    }

    /// Opens the group that the entry is, if it is one.
    #[inline(always)]
    fn enter(&mut self, entry: &'g Entry) -> Option<&'g Entry> {
        if let Some(id) = entry.group {
            let at = self.grammar.group(id)?.entries.start;
            self.open.push(Frame { group: id, at, count: 1 });
        }
        Some(entry)
    }

    /// Goes on to this tag where nothing is skipped and nothing exceeded; says at which place it then stands.
    pub(super) fn follow(&mut self, tag: Tag) -> Option<PlaceId> {
        let candidate = self.nearest(tag).filter(|candidate| !candidate.skips && !candidate.exceeds)?;
        // How often does not matter to who asks, unless it is once.
        let entry = self.take(candidate)?;
        if let Some(frame) = self.open.get_mut(candidate.depth) {
            frame.count = 1;
        }
        Some(entry.place)
    }
}

/// The walk along the segments of one message.
struct Walk<'g, I> {
    position: Position<'g>,
    steps: &'g Steps,
    envelope: &'g Envelope,
    is_syntax_4: bool,
    message: u32,
    /// All of its segments.
    segments: I,
    /// Section separators in it, once somebody asked, and those that were passed.
    separators: OnceCell<usize>,
    separators_passed: usize,
    quick: Quick,
    /// The pieces from this one on are of segments to come.
    next_piece: usize,
    /// What its bytes mean, once a quick look was not enough.
    characters: Option<Characters>,
    /// The last segment that had a place: 0096 of what is missing after it.
    last: u32,
    examined: &'g mut Examined,
    findings: Findings,
}

impl<'a, 'g, I: Iterator<Item = Segment<'a>> + Clone> Walk<'g, I> {
    fn new(
        grammar: &'g MessageGrammar,
        examined: &'g mut Examined,
        envelope: &'g Envelope,
        message: u32,
        segments: I,
    ) -> Self {
        examined.clear();
        examined.matches.reserve(segments.size_hint().0);
        let ends = segments.clone().next().zip(segments.clone().last());
        let quick = Quick::new(ends.as_ref().map_or(&ServiceChars::DEFAULT, |(first, _)| first.service()), envelope);
        if let Some((first, last)) = &ends {
            examined.pieces.divide(quick.divider(), first, last);
        }
        Self {
            position: Position::start(grammar),
            steps: grammar.steps(),
            envelope,
            is_syntax_4: envelope.version == SyntaxVersion::V4,
            message,
            separators: OnceCell::new(),
            separators_passed: 0,
            quick,
            next_piece: 0,
            characters: None,
            last: 1,
            examined,
            findings: Findings::of(Place::Message { message, segment: None, element: None }),
            segments,
        }
    }

    #[inline]
    fn segment(&mut self, segment: Segment<'a>, position: u32) {
        let tag = segment.tag_number();
        self.separators_passed += usize::from(tag == SEPARATOR.number());
        let Some(entry) = self.position.step(self.steps, tag).or_else(|| self.search(segment, position)) else {
            return;
        };
        self.last = position;
        // What stands for a group is its trigger.
        let (place, opens_group) = (entry.place, entry.group.is_some());
        let pieces = self.elements(segment, place, position);
        self.examined.matches.push(Match { position, place, opens_group, pieces });
    }

    /// Judges the elements of a segment; says where its pieces end when a quick look was enough.
    #[inline]
    fn elements(&mut self, segment: Segment<'a>, place: PlaceId, position: u32) -> Stretch {
        let pieces = &self.examined.pieces;
        let stretch = self
            .steps
            .definition(place, self.is_syntax_4)
            .and_then(|definition| self.quick.look_at(definition, &segment, pieces, &mut self.next_piece));
        stretch.unwrap_or_else(|| self.look_closely(segment, place, position))
    }

    #[cold]
    fn look_closely(&mut self, segment: Segment<'a>, place: PlaceId, position: u32) -> Stretch {
        let definition = self.position.grammar.segment(place, self.envelope.version);
        if let Some((table, spec)) = definition.filter(|(_, spec)| !JUDGED_ELSEWHERE.contains(&spec.tag)) {
            let characters = self.characters.get_or_insert_with(|| Characters::new(segment.service(), self.envelope));
            let place = Place::Segment { message: self.message, position, element: None };
            check_elements(characters, table, spec, &segment, place, &mut self.findings);
        }
        Stretch::default()
    }

    /// Finds a place for what is not simply the next, and reports what is wrong with it.
    #[cold]
    fn search(&mut self, segment: Segment<'a>, position: u32) -> Option<&'g Entry> {
        let Some(candidate) = self.position.searched(segment.tag(), || self.separators_ahead()) else {
            self.report_unplaced(&segment, position);
            return None;
        };
        if candidate.skips {
            self.report_missing(Some(candidate), segment.span());
        }
        let entry = self.position.take(candidate)?;
        if candidate.exceeds {
            self.report_exceeding(*entry, position, segment.span());
        }
        Some(entry)
    }

    fn separators_ahead(&self) -> usize {
        let count = || self.segments.clone().filter(|segment| segment.tag() == SEPARATOR).count();
        self.separators.get_or_init(count).saturating_sub(self.separators_passed)
    }

    fn finish(mut self) {
        let last = self.segments.clone().last().map(|last| last.span());
        self.report_missing(None, last.unwrap_or_default());
        self.examined.findings = self.findings.into_vec();
    }

    fn report(&mut self, error: SyntaxError, position: u32, span: Range<usize>, detail: impl FnOnce() -> String) {
        let place = Place::Segment { message: self.message, position, element: None };
        self.findings.push(error, place, span, detail);
    }

    /// Reports what is missing before the candidate at the last segment that had a place; a group by its trigger.
    fn report_missing(&mut self, candidate: Option<Candidate>, span: Range<usize>) {
        let missing: Vec<Entry> = self.position.missing(candidate).copied().collect();
        let is_end = candidate.is_none();
        for entry in missing {
            let Some(place) = self.position.grammar.place(entry.place) else { continue };
            // Without UNT the reader says so, of the message.
            if is_end && entry.tag == Tag(*b"UNT") {
                continue;
            }
            let detail = match entry.group {
                Some(_) => format!("segment group {} is mandatory here, and begins with {}", place.path, place.tag),
                None => format!("{place} is mandatory here"),
            };
            self.report(SyntaxError::Missing, self.last, span.clone(), || detail);
        }
    }

    fn report_exceeding(&mut self, entry: Entry, position: u32, span: Range<usize>) {
        let Some(place) = self.position.grammar.place(entry.place) else { return };
        let max = entry.repetitions_max;
        if entry.group.is_some() {
            let detail = || format!("segment group {} may stand here {}", place.path, times(max));
            self.report(SyntaxError::TooManyGroupRepetitions, position, span, detail);
        } else {
            let detail = || format!("{place} may stand here {}", times(max));
            self.report(SyntaxError::TooManyRepetitions, position, span, detail);
        }
    }

    fn report_unplaced(&mut self, segment: &Segment<'_>, position: u32) {
        let grammar = self.position.grammar;
        let is_known = grammar.places.iter().any(|place| place.tag == segment.tag());
        let last = self.examined.matches.last().and_then(|last| grammar.place(last.place)).map(TablePlace::to_string);
        let detail = || {
            let tag = segment.tag_bytes().escape_ascii();
            match (is_known, last) {
                (true, Some(last)) => format!("{tag} cannot stand after {last}"),
                (true, None) => format!("{tag} cannot stand first"),
                (false, _) => format!("{} has no segment {tag}", grammar.kind),
            }
        };
        self.report(SyntaxError::NotSupported, position, segment.span(), detail);
    }
}

/// A maximum in words.
pub(super) fn times(max: u32) -> String {
    if max == 1 { "once".to_owned() } else { format!("at most {max} times") }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::{prop_assert_eq, proptest};

    use super::super::{
        Catalogue,
        trial::{catalogue, examine, grammar, told},
    };
    use super::{Examined, Position, Tag};
    use crate::edifact::{Interchange, MessageType, SyntaxError};

    static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);

    /// Two levels that share tags, as the declarations of the trade have them.
    const TABLE: &str = "
  M UNH
  M AAA
  C BBB x2
  C group SG1 x2
    M CCC
    C BBB
    C group SG2
      M DDD
      C BBB
  M EEE
  C group SG3
    M CCC
    M FFF
  C BBB
  M UNT
";

    fn tables() -> Catalogue {
        let segments = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF"].map(|tag| format!("segment {tag}\n"));
        catalogue(&format!("directory T:1:UN\n{}message TEST{TABLE}", segments.concat()))
    }

    /// Examines a message given by its tags: the places it gets, and its findings.
    fn check(tags: &str, places: &str, findings: &[&str]) {
        let catalogue = tables();
        let grammar = grammar(&catalogue);
        let body: String = tags.split_whitespace().map(|tag| format!("{tag}'")).collect();
        let (text, examined) = examine(grammar, "UNOA:3", &body);
        let found: Vec<String> =
            examined.matches.iter().map(|one| grammar.place(one.place).unwrap().to_string()).collect();
        assert_eq!(found.join(" "), format!("UNH {places} UNT"));
        let found: Vec<String> =
            examined.findings.iter().map(|finding| format!("{}: {}", told(&text, finding), finding.detail)).collect();
        assert_eq!(found, findings);
    }

    #[test]
    fn a_right_message_has_no_findings() {
        check("AAA BBB BBB CCC EEE CCC FFF BBB", "AAA BBB BBB SG1/CCC EEE SG3/CCC SG3/FFF BBB", &[]);
    }

    #[test]
    fn the_innermost_open_group_takes_a_segment_first() {
        check("AAA CCC BBB EEE", "AAA SG1/CCC SG1/BBB EEE", &[]);
        check("AAA CCC DDD BBB EEE BBB", "AAA SG1/CCC SG1/SG2/DDD SG1/SG2/BBB EEE BBB", &[]);
    }

    #[test]
    fn a_trigger_opens_another_occurrence() {
        check("AAA CCC BBB CCC BBB EEE", "AAA SG1/CCC SG1/BBB SG1/CCC SG1/BBB EEE", &[]);
    }

    #[test]
    fn the_same_trigger_later_opens_the_later_group() {
        check("AAA EEE CCC FFF", "AAA EEE SG3/CCC SG3/FFF", &[]);
    }

    #[test]
    fn a_missing_segment_is_reported_at_the_last_one_processed() {
        check("EEE", "EEE", &["13 1 EEE: AAA is mandatory here"]);
        check("AAA BBB", "AAA BBB", &["13 3 UNT+2+1: EEE is mandatory here"]);
    }

    #[test]
    fn too_many_of_a_place_are_reported_each() {
        check(
            "AAA BBB BBB BBB BBB EEE",
            "AAA BBB BBB BBB BBB EEE",
            &["35 5 BBB: BBB may stand here at most 2 times", "35 6 BBB: BBB may stand here at most 2 times"],
        );
        check("AAA AAA EEE", "AAA AAA EEE", &["35 3 AAA: AAA may stand here once"]);
    }

    #[test]
    fn too_many_of_a_group_are_reported_at_the_trigger() {
        check(
            "AAA CCC CCC CCC BBB EEE",
            "AAA SG1/CCC SG1/CCC SG1/CCC SG1/BBB EEE",
            &["36 5 CCC: segment group SG1 may stand here at most 2 times"],
        );
    }

    #[test]
    fn a_mandatory_segment_of_an_open_group_is_missed_where_the_group_ends() {
        check("AAA EEE CCC BBB", "AAA EEE SG3/CCC BBB", &["13 4 BBB: SG3/FFF is mandatory here"]);
        check("AAA EEE CCC", "AAA EEE SG3/CCC", &["13 4 UNT+2+1: SG3/FFF is mandatory here"]);
    }

    #[test]
    fn what_has_no_place_leaves_everything_as_it_was() {
        check("AAA XYZ EEE", "AAA EEE", &["15 3 XYZ: TEST has no segment XYZ"]);
        check("AAA EEE DDD BBB", "AAA EEE BBB", &["15 4 DDD: DDD cannot stand after EEE"]);
        check("AAA XYZ", "AAA", &["15 3 XYZ: TEST has no segment XYZ", "13 2 UNT+2+1: EEE is mandatory here"]);
    }

    /// The same for a message of three sections.
    fn check_sections(tags: &str, places: &str, findings: &[&str]) {
        let table = "  M UNH\n  C AAA x9\n  M UNS\n  C BBB x9\n  M UNS\n  C CCC x9\n  M UNT\n";
        let segments = ["AAA", "BBB", "CCC"].map(|tag| format!("segment {tag}\n"));
        let catalogue = catalogue(&format!("directory T:1:UN\n{}message TEST\n{table}", segments.concat()));
        let body: String = tags.split_whitespace().map(|tag| format!("{tag}'")).collect();
        let (text, examined) = examine(grammar(&catalogue), "UNOA:3", &body);
        let place = |one: &super::Match| grammar(&catalogue).place(one.place).unwrap().to_string();
        assert_eq!(examined.matches.iter().map(place).collect::<Vec<_>>().join(" "), format!("UNH {places} UNT"));
        let structure = examined.findings.iter().filter(|finding| !finding.detail.contains("0081"));
        assert_eq!(structure.map(|finding| told(&text, finding)).collect::<Vec<_>>(), findings);
    }

    #[test]
    fn a_stray_segment_does_not_leave_its_section() {
        check_sections("AAA CCC AAA UNS BBB UNS CCC", "AAA AAA UNS BBB UNS CCC", &["15 3 CCC"]);
        check_sections("AAA BBB UNS BBB UNS CCC", "AAA UNS BBB UNS CCC", &["15 3 BBB"]);
        check_sections("UNS BBB CCC BBB UNS", "UNS BBB BBB UNS", &["15 4 CCC"]);
    }

    #[test]
    fn a_missing_separator_is_missed_where_its_section_begins() {
        check_sections("AAA BBB BBB UNS CCC", "AAA BBB BBB UNS CCC", &["13 2 BBB"]);
        check_sections("AAA UNS BBB CCC", "AAA UNS BBB CCC", &["13 4 CCC"]);
        check_sections("AAA CCC", "AAA CCC", &["13 2 CCC", "13 2 CCC"]);
    }

    #[test]
    fn what_skips_no_separator_is_taken_however_many_are_to_come() {
        let table = "  M UNH\n  M AAA\n  C BBB\n  M UNS\n  C CCC\n  M UNT\n";
        let segments = ["AAA", "BBB", "CCC"].map(|tag| format!("segment {tag}\n"));
        let catalogue = catalogue(&format!("directory T:1:UN\n{}message TEST\n{table}", segments.concat()));
        let (text, examined) = examine(grammar(&catalogue), "UNOA:3", "BBB'UNS+D'CCC'UNS+S'");
        let found: Vec<String> = examined.findings.iter().map(|finding| told(&text, finding)).collect();
        assert_eq!(found, ["13 1 BBB", "15 5 UNS+S"]);
    }

    /// What is wrong with the segments of the first message of an interchange, the first `left_out` left out.
    #[track_caller]
    fn check_torn(segments: &str, left_out: usize, expected: &[&str]) {
        let text = format!("UNB+UNOA:3+A+B+261121:2045+1'{segments}UNZ+1+1'");
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let segments = interchange.segments_of(&interchange.messages[0]).skip(left_out);
        let examined = grammar(&tables()).examine(&interchange.envelope, 0, segments);
        assert_eq!(examined.findings.iter().map(|finding| told(&text, finding)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn without_its_trailer_a_message_lacks_all_but_that() {
        check_torn("UNH+1+TEST:T:1:UN'AAA'", 0, &["13 2 AAA"]);
        check_torn("UNH+1+TEST:T:1:UN'AAA'EEE'", 0, &[]);
    }

    #[test]
    fn without_its_header_a_message_lacks_it() {
        check_torn("UNH+1+TEST:T:1:UN'AAA'EEE'UNT+4+1'", 1, &["13 1 AAA"]);
    }

    #[test]
    fn a_malformed_tag_has_no_place() {
        check("AAA aa EEE", "AAA EEE", &["15 3 aa: TEST has no segment aa"]);
    }

    #[test]
    fn a_mandatory_group_is_missed_by_its_trigger() {
        let catalogue =
            catalogue("directory T:1:UN\nsegment AAA\nmessage TEST\n  M UNH\n  M group SG1\n    M AAA\n  M UNT\n");
        let (text, examined) = examine(grammar(&catalogue), "UNOA:3", "");
        let found: Vec<String> = examined.findings.iter().map(|finding| told(&text, finding)).collect();
        assert_eq!(found, ["13 1 UNT+2+1"]);
        assert_eq!(examined.findings[0].detail, "segment group SG1 is mandatory here, and begins with AAA");
    }

    #[test]
    fn an_endless_row_of_mistakes_is_cut() {
        let catalogue = catalogue("directory T:1:UN\nmessage TEST\n  M UNH\n  M UNT\n");
        let (_, examined) = examine(grammar(&catalogue), "UNOA:3", &"XYZ'".repeat(5_000));
        assert_eq!(examined.findings.len(), super::super::FINDINGS_MAX);
        let last = examined.findings.last().unwrap();
        assert_eq!(last.detail, "more than 1000 mistakes were found; the rest is left out");
    }

    /// Goes along a table with these choices of what its next entries offer, and holds each step against the search.
    fn check_steps(grammar: &super::MessageGrammar, choices: &[usize]) {
        let tags: Vec<Tag> = grammar.places().map(|(_, place)| place.tag).collect();
        let mut position = Position::start(grammar);
        for choice in choices {
            for tag in &tags {
                let (mut stepped, mut searched) = (position.clone(), position.clone());
                let Some(entry) = stepped.step(grammar.steps(), tag.number()) else { continue };
                let plain = position.nearest(*tag).filter(|candidate| !candidate.skips && !candidate.exceeds);
                let found = plain.and_then(|candidate| searched.take(candidate));
                assert!(found.is_some_and(|found| std::ptr::eq(found, entry)), "{tag}: {plain:?}");
                assert_eq!(stepped.open, searched.open, "{tag}");
            }
            let offered: Vec<_> = tags.iter().filter_map(|tag| position.searched(*tag, || 0)).collect();
            let Some(candidate) = offered.get(choice % offered.len().max(1)) else { break };
            position.take(*candidate);
        }
    }

    #[test]
    fn a_step_is_there_where_nothing_is_left_out() {
        let catalogue = tables();
        let mut position = Position::start(grammar(&catalogue));
        for tag in [*b"UNH", *b"AAA", *b"BBB", *b"BBB", *b"CCC", *b"CCC", *b"DDD", *b"BBB", *b"EEE", *b"UNT"] {
            let stepped = position.clone().step(grammar(&catalogue).steps(), Tag(tag).number());
            assert_eq!(stepped.is_some(), tag != *b"UNH", "{:?}", Tag(tag));
            position.take(position.nearest(Tag(tag)).unwrap());
        }
    }

    #[test]
    fn what_is_plainly_right_has_its_pieces_and_nothing_else_has() {
        let table = "element 1000 an..3\nsegment AAA\n  M 1000\n  C 1000\nmessage TEST\n  M UNH\n  C AAA x9\n  M UNT\n";
        let catalogue = catalogue(&format!("directory T:1:UN\n{table}"));
        let (text, examined) = examine(grammar(&catalogue), "UNOA:3", "AAA+x'XYZ+x'AAA'\r\nAAA+?++yz'");
        let ends = examined.matches.iter().map(|one| {
            let ends = examined.pieces.of(one.pieces).iter().map(|piece| examined.pieces.origin() + piece.end());
            ends.map(|end| text.get(..end).and_then(|text| text.get(end - 2..)).unwrap()).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(ends.collect::<Vec<_>>(), ["", "AA +x", "", "AA ?+ yz", ""]);
        let kept = examined.without_pieces();
        assert_eq!((&kept.matches, &kept.findings), (&examined.matches, &examined.findings));
        assert!(kept.matches.iter().all(|one| kept.pieces.of(one.pieces).is_empty()));
    }

    #[test]
    fn memory_that_is_used_again_keeps_nothing() {
        let catalogue = tables();
        let grammar = grammar(&catalogue);
        let text =
            "UNB+UNOA:3+A+B+261121:2045+1'UNH+1+TEST:T:1:UN'XYZ'UNT+3+1'UNH+2+TEST:T:1:UN'AAA'EEE'UNT+4+2'UNZ+2+1'";
        let (interchange, _) = Interchange::read(text.as_bytes()).unwrap();
        let mut used = Examined::default();
        for message in &interchange.messages {
            grammar.examine_into(&mut used, &interchange.envelope, 0, interchange.segments_of(message));
            let fresh = grammar.examine(&interchange.envelope, 0, interchange.segments_of(message));
            assert_eq!((&used.matches, &used.findings), (&fresh.matches, &fresh.findings));
        }
        assert!(used.findings.is_empty());
    }

    #[test]
    fn only_triggers_open_groups() {
        let table = "  M UNH\n  C group SG1 x9\n    M AAA\n    C BBB\n  M UNT\n";
        let catalogue = catalogue(&format!("directory T:1:UN\nsegment AAA\nsegment BBB\nmessage TEST\n{table}"));
        let (_, examined) = examine(grammar(&catalogue), "UNOA:3", "AAA'BBB'AAA'");
        let opens: Vec<bool> = examined.matches.iter().map(|one| one.opens_group).collect();
        assert_eq!(opens, [false, true, false, true, false]);
    }

    proptest! {
        #[test]
        fn steps_are_what_the_search_finds(choices in proptest::collection::vec(0..100_usize, 0..40)) {
            check_steps(grammar(&tables()), &choices);
            let catalogue = &*BUILT_IN;
            let is_large = |kind: &&MessageType| ["CUSDEC", "IFCSUM", "INVOIC"].contains(&kind.kind.as_str());
            for kind in catalogue.message_types().filter(is_large) {
                check_steps(catalogue.message(kind).unwrap(), &choices);
            }
        }

        #[test]
        fn every_segment_has_a_place_or_is_reported(body in "((AAA|BBB|CCC|DDD|EEE|FFF|XYZ)'){0,30}") {
            let catalogue = tables();
            let (_, examined) = examine(grammar(&catalogue), "UNOA:3", &body);
            let unplaced = examined.findings.iter().filter(|finding| finding.error == SyntaxError::NotSupported).count();
            prop_assert_eq!(examined.matches.len() + unplaced, body.matches('\'').count() + 2);
        }
    }
}
