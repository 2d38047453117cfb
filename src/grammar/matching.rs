//! Holds a message against its segment table: which segment stands at which place, and what cannot stand at all.
//!
//! For each segment the candidates are looked for from the innermost open group outward: the current place again, later
//! places of the level, and a new occurrence of the group through its trigger. A candidate that skips nothing mandatory
//! and exceeds no maximum wins; else one that exceeds a maximum; else one that skips. There is no recursion and no way
//! back, so the work for a segment is bounded by the size of the table.

use super::{
    element::{Characters, check_elements},
    findings::Findings,
    table::{Entry, GroupId, MessageGrammar, PlaceId, TablePlace},
};
use crate::edifact::{Envelope, Place, Segment, SyntaxError, SyntaxFinding, SyntaxVersion, Tag};

/// One segment at its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Position in the message, UNH = 1 (0096).
    pub position: u32,
    /// Its place.
    pub place: PlaceId,
    /// Whether it opens a new occurrence of its group.
    pub opens_group: bool,
}

/// What the table says of a message.
#[derive(Debug, Clone, Default)]
pub struct Examined {
    /// The segments that have a place, in order. A segment without one is a finding and no match.
    pub matches: Vec<Match>,
    /// What the table forbids, in the order of the message.
    pub findings: Vec<SyntaxFinding>,
}

impl MessageGrammar {
    /// Examines one message of the interchange with this envelope: structure first, then the elements of each segment.
    ///
    /// `message` counts from 0. The elements of UNH and UNT are judged with the other service segments, and a missing
    /// UNT is a finding of the reader.
    pub fn examine<'a>(
        &self,
        envelope: &Envelope,
        message: u32,
        segments: impl IntoIterator<Item = Segment<'a>>,
    ) -> Examined {
        let mut walk = Walk::new(self, envelope.version, message);
        let mut characters = None;
        for (segment, position) in segments.into_iter().zip(1u32..) {
            if walk.findings.is_full() {
                break;
            }
            let characters = characters.get_or_insert_with(|| Characters::new(segment.service(), envelope));
            walk.segment(characters, &segment, position);
        }
        walk.finish()
    }
}

/// An open segment group: the message itself is the outermost.
#[derive(Debug, Clone, Copy)]
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
        Self { grammar, open: vec![Frame { group: GroupId(0), at: 0, count: 0 }] }
    }

    /// The best place for this tag.
    fn candidate(&self, tag: Tag) -> Option<Candidate> {
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
    fn take(&mut self, candidate: Candidate) -> Option<Entry> {
        self.open.truncate(candidate.depth + 1);
        let entry = *self.grammar.entries.get(candidate.at)?;
        let frame = self.open.last_mut()?;
        frame.count = if frame.at == candidate.at { frame.count.saturating_add(1) } else { 1 };
        frame.at = candidate.at;
        if let Some(id) = entry.group {
            let at = self.grammar.group(id)?.entries.start;
            self.open.push(Frame { group: id, at, count: 1 });
        }
        Some(entry)
    }

    /// Goes on to this tag where nothing is skipped and nothing exceeded; says at which place it then stands.
    pub(super) fn follow(&mut self, tag: Tag) -> Option<PlaceId> {
        let candidate = self.candidate(tag).filter(|candidate| !candidate.skips && !candidate.exceeds)?;
        // How often does not matter to who asks, unless it is once.
        let entry = self.take(candidate)?;
        if let Some(frame) = self.open.get_mut(candidate.depth) {
            frame.count = 1;
        }
        Some(entry.place)
    }
}

/// The walk along the segments of one message.
struct Walk<'g> {
    position: Position<'g>,
    version: SyntaxVersion,
    message: u32,
    /// The last segment that had a place: 0096 of what is missing after it.
    last: u32,
    matches: Vec<Match>,
    findings: Findings,
    /// The bytes of the segment last seen.
    span: std::ops::Range<usize>,
}

impl<'g> Walk<'g> {
    fn new(grammar: &'g MessageGrammar, version: SyntaxVersion, message: u32) -> Self {
        let position = Position::start(grammar);
        Self { position, version, message, last: 1, matches: Vec::new(), findings: Findings::default(), span: 0..0 }
    }

    fn segment(&mut self, characters: &Characters, segment: &Segment<'_>, position: u32) {
        self.span = segment.span();
        let tag = segment.tag();
        let Some(candidate) = self.position.candidate(tag) else {
            return self.report_unplaced(segment, position);
        };
        if candidate.skips {
            self.report_missing(Some(candidate));
        }
        let Some(entry) = self.position.take(candidate) else { return };
        if candidate.exceeds {
            self.report_exceeding(entry, position);
        }
        let grammar = self.position.grammar;
        let opens_group = grammar.place(entry.place).is_some_and(|place| place.is_trigger);
        self.matches.push(Match { position, place: entry.place, opens_group });
        self.last = position;
        if matches!(&tag.0, b"UNH" | b"UNT") {
            return;
        }
        if let Some((table, spec)) = grammar.segment(entry.place, self.version) {
            let place = Place::Segment { message: self.message, position, element: None };
            check_elements(characters, table, spec, segment, place, &mut self.findings);
        }
    }

    fn finish(mut self) -> Examined {
        self.report_missing(None);
        Examined { matches: self.matches, findings: self.findings.into_vec() }
    }

    fn report(&mut self, error: SyntaxError, position: u32, detail: impl FnOnce() -> String) {
        let place = Place::Segment { message: self.message, position, element: None };
        self.findings.push(error, place, self.span.clone(), detail);
    }

    /// Reports what is missing before the candidate at the last segment that had a place; a group by its trigger.
    fn report_missing(&mut self, candidate: Option<Candidate>) {
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
            self.report(SyntaxError::Missing, self.last, || detail);
        }
    }

    fn report_exceeding(&mut self, entry: Entry, position: u32) {
        let Some(place) = self.position.grammar.place(entry.place) else { return };
        let max = entry.repetitions_max;
        if entry.group.is_some() {
            let detail = || format!("segment group {} may stand here {}", place.path, times(max));
            self.report(SyntaxError::TooManyGroupRepetitions, position, detail);
        } else {
            self.report(SyntaxError::TooManyRepetitions, position, || format!("{place} may stand here {}", times(max)));
        }
    }

    fn report_unplaced(&mut self, segment: &Segment<'_>, position: u32) {
        let grammar = self.position.grammar;
        let is_known = grammar.places.iter().any(|place| place.tag == segment.tag());
        let last = self.matches.last().and_then(|last| grammar.place(last.place)).map(TablePlace::to_string);
        let detail = || {
            let tag = segment.tag_bytes().escape_ascii();
            match (is_known, last) {
                (true, Some(last)) => format!("{tag} cannot stand after {last}"),
                (true, None) => format!("{tag} cannot stand first"),
                (false, _) => format!("{} has no segment {tag}", grammar.kind),
            }
        };
        self.report(SyntaxError::NotSupported, position, detail);
    }
}

/// A maximum in words.
pub(super) fn times(max: u32) -> String {
    if max == 1 { "once".to_owned() } else { format!("at most {max} times") }
}
