//! Reads well-built messages by the guide: a draft of each declaration, and which of the guide's demands it breaks.

use std::mem;
use std::ops::Range;

use jiff::tz::TimeZone;

use super::breach::{BreachKind, Reading, breach};
use super::place::{Check, Place, Slot, ToRead};
use super::texts::{TextStore, Texts};
use super::values::{Found, SegmentValues};
use super::{Element, Guide, Status};
use crate::codes::{CodeList, CodeLists};
use crate::declaration::draft::{LineDraft, Listed, Stated, StatedAt, Text};
use crate::declaration::from_message::Sink;
use crate::edifact::{Interchange, Message, Tag};
use crate::grammar::{Examined, Match};

/// The segment that what is missing in the header is reported at.
const BEGIN: Tag = Tag(*b"BGM");

impl Guide {
    /// A reader of the messages of an interchange, which `texts` is kept for. `zone` is the one in which local moments are
    /// stated, and values that their lists in `codes` hold on every day need no second look.
    #[must_use]
    pub fn reader<'a, 'i>(
        &'a self,
        interchange: &'i Interchange<'a>,
        (zone, codes): (&'a TimeZone, &'a CodeLists),
        texts: &'a TextStore,
    ) -> Reader<'a, 'i> {
        let list = |element: &Element| element.list.as_ref().and_then(|(list, _)| codes.list(list));
        Reader {
            guide: self,
            interchange,
            zone,
            texts: Texts::new(interchange.bytes(), interchange.envelope.repertoire, texts),
            values: SegmentValues::new(interchange.bytes(), interchange.service().release, self.unwanted),
            answers: vec![false; self.questions.len()],
            counts: vec![Count::default(); self.elements.len()],
            lists: self.elements.iter().map(list).collect(),
            unused: None,
            reading: Reading::default(),
            room: Vec::new(),
            told: None,
        }
    }

    /// Which elements the segments of a message state, for people: the position of each segment (UNH = 1) with an element
    /// that it states, in the order of the message.
    pub fn explain(
        &self,
        interchange: &Interchange<'_>,
        message: &Message,
        structure: &Examined,
        codes: &CodeLists,
    ) -> Vec<(u32, &Element)> {
        // What a moment is does not matter here, only where it stands.
        let (zone, texts) = (TimeZone::UTC, TextStore::default());
        let mut reader = self.reader(interchange, (&zone, codes), &texts);
        reader.told = Some(Vec::new());
        reader.read(message, structure);
        let told = reader.told.unwrap_or_default().into_iter();
        told.filter_map(|(position, index)| Some((position, self.elements.get(index)?))).collect()
    }
}

impl Element {
    /// Whether each segment in which it may stand calls for it: it depends on nothing around that segment.
    pub(super) fn is_called_for_where_it_stands(&self) -> bool {
        self.status == Status::Dependent && self.depends_on.is_none()
    }
}

/// How often an element was stated, and how often its group called for it.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    stated: u32,
    called_for: u32,
}

/// Reads the messages of one interchange by a guide, one after the other in the same memory.
#[derive(Debug)]
pub struct Reader<'a, 'i> {
    guide: &'a Guide,
    interchange: &'i Interchange<'a>,
    zone: &'a TimeZone,
    texts: Texts<'a>,
    /// Those of the segment that is being read.
    values: SegmentValues<'a>,
    /// What the last trigger said to each of the guide's questions. A segment within a group comes after its trigger, so
    /// what stands here is the answer of the group that is open.
    answers: Vec<bool>,
    /// For each element of the guide; those of a line begin anew with each line.
    counts: Vec<Count>,
    /// For each element of the guide its code list.
    lists: Vec<Option<&'a CodeList>>,
    /// The segments that nothing places: how many, and the first.
    unused: Option<(u32, StatedAt)>,
    reading: Reading<'a>,
    /// Empty lists for the texts of lines, with the room that those of earlier messages took.
    room: Vec<Vec<Stated<Text<'a>>>>,
    /// Which segment stated which element, when somebody asks.
    told: Option<Vec<(u32, usize)>>,
}

impl<'a> Reader<'a, '_> {
    /// The guide it reads by.
    #[must_use]
    pub fn guide(&self) -> &'a Guide {
        self.guide
    }

    /// Reads a message that was examined to this.
    pub fn read(&mut self, message: &Message, structure: &Examined) -> &Reading<'a> {
        self.clear();
        self.counts.fill(Count::default());
        self.values.begin(&structure.pieces);
        for found in &structure.matches {
            self.take(message, structure.pieces.origin(), found);
        }
        self.finish(message);
        &self.reading
    }

    /// Nothing of the last message is left, but the room that its lists took.
    fn clear(&mut self) {
        let Reading { draft, breaches } = &mut self.reading;
        let lists =
            draft.lines.iter_mut().flat_map(|line| [&mut line.permits, &mut line.references, &mut line.vehicles]);
        self.room.extend(lists.filter(|texts| texts.capacity() > 0).map(|texts| {
            texts.clear();
            mem::take(texts)
        }));
        draft.clear();
        breaches.clear();
    }

    fn take(&mut self, message: &Message, origin: usize, found: &Match) {
        let guide = self.guide;
        let Some(place) = guide.places.get(found.place.index()) else { return };
        let known = self.values.take(found.pieces, origin, place.unwanted);
        let Some(span) = known.or_else(|| self.divide(message, found, place)) else { return };
        let at = StatedAt::segment(place.tag, found.position, span);
        if found.place == guide.lines.trigger {
            self.begin_line(at);
        }
        let mut is_used = place.is_structure;
        if place.is_asked {
            let case = self.values.with_code(place.switch, |code| place.case(code));
            for question in &place.asks {
                self.answers.get_mut(*question).into_iter().for_each(|answer| *answer = false);
            }
            for (question, checks) in &case.asks {
                is_used |= self.ask(*question, checks);
            }
            for reading in &case.readings {
                if self.stands_here(reading) {
                    is_used = true;
                    call_for(&reading.calls_for, &mut self.counts);
                    for slot in &reading.slots {
                        self.read_value(slot, &at);
                    }
                }
            }
        }
        if !is_used {
            let (count, _) = self.unused.get_or_insert((0, at));
            *count += 1;
        }
    }

    /// Takes the values of a segment that nobody has divided yet; says where it lies.
    #[cold]
    fn divide(&mut self, message: &Message, found: &Match, place: &Place) -> Option<Range<usize>> {
        let segment = self.interchange.segment_of(message, found.position)?;
        if place.is_asked {
            self.values.divide(&segment, place.unwanted);
        }
        Some(segment.span())
    }

    /// Asks a trigger whether it says something, and notes the elements that must be there if it does.
    fn ask(&mut self, index: usize, checks: &[Check]) -> bool {
        let guide = self.guide;
        let Some((question, answer)) = guide.questions.get(index).zip(self.answers.get_mut(index)) else {
            return false;
        };
        *answer = checks.is_empty() || self.values.hold(checks);
        if *answer {
            call_for(&question.calls_for, &mut self.counts);
        }
        *answer
    }

    fn stands_here(&self, reading: &ToRead) -> bool {
        let is_yes = |question: &usize| self.answers.get(*question).copied().unwrap_or_default();
        (reading.checks.is_empty() || self.values.hold(&reading.checks)) && reading.around.iter().all(is_yes)
    }

    fn begin_line(&mut self, at: StatedAt) {
        self.end_line();
        let guide = self.guide;
        let ordinal = u32::try_from(self.reading.draft.lines.len()).unwrap_or(u32::MAX).saturating_add(1);
        if ordinal == guide.lines.most.saturating_add(1) {
            let kind = BreachKind::TooManyLines { most: guide.lines.most };
            self.reading.breaches.push(breach(&guide.lines.many_code, kind, Some(ordinal), at));
        }
        self.reading.draft.lines.push(LineDraft::begun(ordinal, at));
        for element in &guide.of_line {
            if let Some(count) = self.counts.get_mut(*element) {
                *count = Count::default();
            }
        }
    }

    fn end_line(&mut self) {
        let Some(line) = self.reading.draft.lines.last() else { return };
        let (ordinal, at) = (line.ordinal, line.at);
        let [_, needed] = &self.guide.needed;
        self.check_presence(needed, Some(ordinal), at);
    }

    fn check_presence(&mut self, needed: &[usize], line: Option<u32>, at: StatedAt) {
        let guide = self.guide;
        for index in needed {
            let Some((element, count)) = guide.elements.get(*index).zip(self.counts.get(*index)) else { continue };
            let least = if element.status == Status::Mandatory { 1 } else { count.called_for };
            if count.stated < least {
                let kind = BreachKind::Missing { path: &element.path };
                self.reading.breaches.push(element.breach(kind, line, at));
            }
        }
    }

    #[inline]
    fn read_value(&mut self, slot: &Slot, segment: &StatedAt) {
        let Some(found) = self.values.text(slot, &mut self.texts) else { return };
        let Some(count) = self.counts.get_mut(slot.element) else { return };
        count.stated += 1;
        let stated = count.stated;
        if let Some(told) = &mut self.told {
            told.push((segment.position(), slot.element));
        }
        if stated > slot.most {
            if stated == slot.most + 1 {
                self.break_with(slot, segment, |_| BreachKind::TooMany { most: slot.most });
            }
        } else if self.put(slot, &found, segment).is_none() {
            self.break_with(slot, segment, |value| BreachKind::IllFormed { value, expected: slot.format });
        }
    }

    /// Notes that this value breaks a demand. It is looked up again, so that of the many that break none nothing is kept.
    #[cold]
    fn break_with(&mut self, slot: &Slot, segment: &StatedAt, kind: impl FnOnce(Text<'a>) -> BreachKind<'a>) {
        let (guide, line) = (self.guide, self.line_of(slot));
        let Some(found) = self.values.text(slot, &mut self.texts) else { return };
        let (kind, at) = (kind(found.text), found.at(slot, segment));
        self.reading.breaches.extend(guide.elements.get(slot.element).map(|element| element.breach(kind, line, at)));
    }

    /// The line that a value is stated in, from 1; none for the header.
    fn line_of(&self, slot: &Slot) -> Option<u32> {
        let lines = self.reading.draft.lines.len();
        slot.sink.is_of_line().then(|| u32::try_from(lines).ok()).flatten()
    }

    /// Puts a value where it belongs; none when it is not written as it must be.
    #[inline]
    fn put(&mut self, slot: &Slot, found: &Found<'a>, segment: &StatedAt) -> Option<()> {
        let (format, text) = (&slot.format, found.text);
        if !format.accepts_text(text) {
            return None;
        }
        if slot.is_listed {
            self.list(slot, text, segment);
        }
        let at = found.at(slot, segment);
        let draft = &mut self.reading.draft;
        match slot.sink {
            Sink::Text(field) => *field(draft) = Some(Stated { value: text, at }),
            Sink::LineText(field) => *field(draft.lines.last_mut()?) = Some(Stated { value: text, at }),
            Sink::Texts(fields) => fields(draft).push(Stated { value: text, at }),
            Sink::LineTexts(fields) => {
                let texts = fields(draft.lines.last_mut()?);
                if texts.is_empty() {
                    *texts = self.room.pop().unwrap_or_default();
                }
                texts.push(Stated { value: text, at });
            }
            Sink::Whole(field) => *field(draft) = Some(Stated { value: format.whole(text)?, at }),
            Sink::LineWhole(field) => {
                *field(draft.lines.last_mut()?) = Some(Stated { value: format.whole(text)?, at });
            }
            Sink::Amount(field) => *field(draft) = Some(Stated { value: format.amount(text)?, at }),
            Sink::LineAmount(field) => {
                *field(draft.lines.last_mut()?) = Some(Stated { value: format.amount(text)?, at });
            }
            Sink::Flag(field) => *field(draft) = Some(Stated { value: format.flag(text)?, at }),
            Sink::LineFlag(field) => *field(draft.lines.last_mut()?) = Some(Stated { value: format.flag(text)?, at }),
            Sink::Date(field) => {
                let value = format.date(text, &self.values.date_format(slot))?;
                *field(draft) = Some(Stated { value, at });
            }
            Sink::Moment(field) => {
                let value = format.moment(text, &self.values.date_format(slot), self.zone)?;
                *field(draft) = Some(Stated { value, at });
            }
        }
        Some(())
    }

    /// Notes a value that must be in a code list, unless it is there on every day. Whether a list that nobody knows holds
    /// it is not asked.
    #[inline]
    fn list(&mut self, slot: &Slot, text: Text<'a>, segment: &StatedAt) {
        if let Some(Some(list)) = self.lists.get(slot.element)
            && !list.is_always_valid(text)
        {
            self.note_listed(slot, segment);
        }
    }

    #[cold]
    fn note_listed(&mut self, slot: &Slot, segment: &StatedAt) {
        let guide = self.guide;
        let Some(found) = self.values.text(slot, &mut self.texts) else { return };
        let stated = Stated { value: found.text, at: found.at(slot, segment) };
        let Some((list, code)) = guide.elements.get(slot.element).and_then(|element| element.list.as_ref()) else {
            return;
        };
        let line = self.line_of(slot);
        self.reading.draft.listed.push(Listed { list, code, line, stated });
    }

    /// The message has ended: what its header, or its last line, lacks.
    fn finish(&mut self, message: &Message) {
        self.end_line();
        let guide = self.guide;
        let mut segments = (1..).zip(self.interchange.segments_of(message));
        let first = segments.clone().next();
        if let Some((position, begin)) = segments.find(|(_, segment)| segment.tag() == BEGIN).or(first) {
            let at = StatedAt::segment(begin.tag(), position, begin.span());
            let [needed, _] = &guide.needed;
            self.check_presence(needed, None, at);
            if self.reading.draft.lines.is_empty() {
                let none = breach(&guide.lines.none_code, BreachKind::NoLines, None, at);
                self.reading.breaches.push(none);
            }
        }
        let unused =
            self.unused.take().map(|(count, at)| breach(&guide.unused_code, BreachKind::Unused { count }, None, at));
        self.reading.breaches.extend(unused);
        self.reading.breaches.sort_by_key(|breach| breach.span.start);
    }
}

/// Notes that these elements must be there.
fn call_for(elements: &[usize], counts: &mut [Count]) {
    for element in elements {
        if let Some(count) = counts.get_mut(*element) {
            count.called_for += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Breach;
    use super::*;
    use crate::edifact::Interchange;
    use crate::grammar::Catalogue;

    const SAMPLE: &[u8] = include_bytes!("../../../testdata/export-original.edi");

    /// Reads the sample with some of its text replaced.
    fn read<T>(changes: &[(&str, &str)], ask: impl FnOnce(&Reading<'_>, &[u8]) -> T) -> T {
        let mut text: String = SAMPLE.iter().map(|byte| char::from(*byte)).collect();
        for (old, new) in changes {
            assert!(text.contains(old), "the sample has no {old}");
            text = text.replacen(old, new, 1);
        }
        let bytes: Vec<u8> = text.chars().map(|character| u8::try_from(character).unwrap()).collect();
        let catalogue = Catalogue::embedded();
        let guide = Guide::embedded(&catalogue).unwrap();
        let (interchange, _) = Interchange::read(&bytes).unwrap();
        let message = &interchange.messages[0];
        let grammar = catalogue.message(&message.kind).unwrap();
        let structure = grammar.examine(&interchange.envelope, 0, interchange.segments_of(message));
        let zone = TimeZone::UTC;
        let texts = TextStore::default();
        let codes = CodeLists::embedded();
        let mut reader = guide.reader(&interchange, (&zone, &codes), &texts);
        // What was divided already says the same as what is divided here.
        let divided_here = reader.read(message, &structure.without_pieces()).clone();
        // Nothing of a message is left in the next one.
        let reading = reader.read(message, &structure);
        assert_eq!(*reading, divided_here);
        ask(reading, &bytes)
    }

    /// The breaches as `code kind line tag position bytes`.
    fn check(changes: &[(&str, &str)], expected: &[&str]) {
        read(changes, |reading, bytes| {
            let found: Vec<String> = reading.breaches.iter().map(|breach| told(breach, bytes)).collect();
            assert_eq!(found, expected);
        });
    }

    fn told(breach: &Breach<'_>, bytes: &[u8]) -> String {
        let kind = match &breach.kind {
            BreachKind::Missing { path } => format!("missing at {path}"),
            BreachKind::IllFormed { value, .. } => format!("ill-formed {value}"),
            BreachKind::TooMany { most } => format!("more than {most}"),
            BreachKind::Unused { count } => format!("unused {count}"),
            BreachKind::NoLines => "no lines".to_owned(),
            BreachKind::TooManyLines { most } => format!("more than {most} lines"),
        };
        let line = breach.line.map(|line| format!(" line {line}")).unwrap_or_default();
        let point = breach.point.map(|point| format!("{} {}", point.tag, point.position)).unwrap_or_default();
        format!("{} {kind}{line} {point} {}", breach.code, bytes[breach.span.clone()].escape_ascii())
    }

    #[test]
    fn the_sample_states_a_whole_declaration() {
        let declaration = read(&[], |reading, _| {
            assert_eq!(reading.breaches, []);
            reading.draft.complete().unwrap()
        });
        assert_eq!(declaration.exporter.party.name, "ÉRABLIÈRE DU NORD INC");
        assert_eq!(declaration.exporter.party.contact.as_deref(), Some("BUREAU D'EXPORTATION"));
        assert_eq!(declaration.consignee.street, ["1-2-3 KAIGAN", "MINATO-KU"]);
        assert_eq!(declaration.certifier.name, "EXPORT DESK");
        assert_eq!(declaration.vessel.as_deref(), Some("MV SAINT LAURENT"));
        assert_eq!(declaration.total_value.to_string(), "96250.00");
        assert_eq!(declaration.lines.len(), 2);
        assert_eq!(declaration.lines[1].hs_code, "17022000");
        assert_eq!(declaration.lines[0].province.as_deref(), Some("QC"));
        assert_eq!(declaration.exporter_references, ["PO 88213"]);
    }

    #[test]
    fn what_is_missing_is_said_with_its_path() {
        check(&[("LOC+36+JP'", "")], &["H201 missing at LOC(3227=36) C517.3225 BGM 2 BGM+830+ACME-2026-000417:1+9"]);
        check(&[("LOC+27+CA+QC'", "")], &["L303 missing at SG30/LOC(3227=27) C517.3225 line 1 CST 31 CST+1+17022000"]);
    }

    #[test]
    fn a_party_belongs_to_its_own_group() {
        check(
            &[("RFF+ABP:AB1234'", "")],
            &["H201 missing at SG6(NAD 3035=EX)/RFF(1153=ABP) C506.1154 BGM 2 BGM+830+ACME-2026-000417:1+9"],
        );
    }

    #[test]
    fn what_a_group_calls_for_is_dependent() {
        check(
            &[("++ACME FORWARDING LTD+400", "+++400")],
            &["H201 missing at SG6/NAD(3035=AE) C080.3036 BGM 2 BGM+830+ACME-2026-000417:1+9"],
        );
        check(&[("NAD+AE+802005116RM0001++ACME FORWARDING LTD+400 PLACE YOUVILLE+MONTREAL+QC+H2Y 2C2+CA'\n", "")], &[]);
    }

    #[test]
    fn what_is_ill_formed_is_said_with_its_value() {
        check(&[("129:20261201:102", "129:20261301:102")], &["H202 ill-formed 20261301 DTM 6 20261301"]);
        check(&[("LOC+36+JP", "LOC+36+J1")], &["H202 ill-formed J1 LOC 4 J1"]);
        check(&[("MOA+63:5000.00", "MOA+63:5000.001")], &["L304 ill-formed 5000.001 line 2 MOA 42 5000.001"]);
    }

    #[test]
    fn what_stands_too_often_is_said_once() {
        check(&[("LOC+36+JP'", "LOC+36+JP'LOC+36+US'LOC+36+FR'")], &["H203 more than 1 LOC 5 US"]);
    }

    #[test]
    fn segments_that_nothing_places_are_a_notice() {
        check(&[("EQD+CN+CSQU3054383'", "EQD+CN+CSQU3054383'SEL+1'SEL+2'")], &["H290 unused 2 SEL 13 SEL+1"]);
    }

    #[test]
    fn lines_have_a_number_of_their_own() {
        let many: String =
            (3..=1_000).map(|number| format!("CST+{number}+17049090'FTX+AAA+++X'LOC+27+US'MOA+63:1:CAD'")).collect();
        read(&[("UNS+S'", &format!("{many}UNS+S'"))], |reading, _| {
            let codes: Vec<_> = reading.breaches.iter().map(|breach| (breach.code, breach.line)).collect();
            assert_eq!(codes, [("L302", Some(1_000))]);
        });
    }

    #[test]
    fn a_declaration_without_lines_is_none() {
        let text: String = SAMPLE.iter().map(|byte| char::from(*byte)).collect();
        let (_, from_lines) = text.split_once("UNS+D'").unwrap();
        let (lines, _) = from_lines.split_once("UNS+S'").unwrap();
        check(&[(lines, "")], &["L301 no lines BGM 2 BGM+830+ACME-2026-000417:1+9"]);
    }
}
