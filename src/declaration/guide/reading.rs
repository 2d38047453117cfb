//! Reads a well-built message by the guide: a draft of the declaration, and which of the guide's demands it breaks.

use std::ops::Range;

use jiff::tz::TimeZone;

use super::{Condition, Element, GroupCondition, Guide, Stand, Status, ValueAt};
use crate::declaration::draft::{Draft, LineDraft, Listed, Stated};
use crate::declaration::finding::SegmentPoint;
use crate::declaration::from_message::Sink;
use crate::edifact::{ElementPlace, Repertoire, Segment, Tag};
use crate::grammar::{GroupId, Match, MessageGrammar};

/// Segments that a guide need not place: they carry the message, not the declaration.
const STRUCTURE: [Tag; 3] = [Tag(*b"UNH"), Tag(*b"UNT"), Tag(*b"UNS")];

/// What a message states, by the guide.
#[derive(Debug)]
pub struct Reading {
    /// Everything that could be read.
    pub draft: Draft,
    /// What the guide demands and the message does not give, in the order of the message.
    pub breaches: Vec<Breach>,
}

/// A demand of the guide that a message breaks. The sentence for it is made by the rules' floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The stable code.
    pub code: String,
    /// What is wrong.
    pub kind: BreachKind,
    /// The names of the element in English and French; empty when it is about no element.
    pub labels: [String; 2],
    /// The line it concerns, by its place in the message, from 1.
    pub line: Option<u32>,
    /// The segment and element.
    pub point: Option<SegmentPoint>,
    /// The bytes that show it.
    pub span: Range<usize>,
}

/// What kind of demand is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreachKind {
    /// It must be there, and is not; the path says where it would stand.
    Missing {
        /// The path, as the guide writes it.
        path: String,
    },
    /// It is not written as it must be.
    IllFormed {
        /// The value, as stated.
        value: String,
        /// How it must be written.
        expected: super::Format,
    },
    /// It is there more often than it may be.
    TooMany {
        /// How often it may be there.
        most: u32,
    },
    /// The directory allows these segments, the guide does not use them.
    Unused {
        /// How many there are; the place is that of the first.
        count: u32,
    },
    /// There is no line.
    NoLines,
    /// There are more lines than there may be.
    TooManyLines {
        /// How many there may be.
        most: u32,
    },
}

impl Guide {
    /// Reads a message whose segments stand at these places.
    ///
    /// `zone` is the one in which local moments are stated.
    pub fn read<'a>(
        &self,
        grammar: &MessageGrammar,
        segments: &[Segment<'a>],
        matches: &[Match],
        repertoire: Repertoire,
        zone: &TimeZone,
    ) -> Reading {
        let mut reader = Reader::new(self, grammar, repertoire, zone);
        reader.take_all(segments, matches);
        reader.finish(segments)
    }

    /// Which elements the segments of a message state, for people: the position of each segment (UNH = 1) with an element
    /// that it states, in the order of the message.
    pub fn explain(
        &self,
        grammar: &MessageGrammar,
        segments: &[Segment<'_>],
        matches: &[Match],
        repertoire: Repertoire,
    ) -> Vec<(u32, &Element)> {
        let zone = TimeZone::UTC; // What a moment is does not matter here, only where it stands.
        let mut reader = Reader::new(self, grammar, repertoire, &zone);
        reader.told = Some(Vec::new());
        reader.take_all(segments, matches);
        let told = reader.told.unwrap_or_default().into_iter();
        told.filter_map(|(position, index)| Some((position, self.elements.get(index)?))).collect()
    }
}

/// How often an element was stated, and how often its group called for it.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    stated: u32,
    called_for: u32,
}

struct Reader<'a, 'g> {
    guide: &'g Guide,
    grammar: &'g MessageGrammar,
    repertoire: Repertoire,
    zone: &'g TimeZone,
    /// The open segment groups, outermost first, each with its trigger.
    open: Vec<(GroupId, Segment<'a>)>,
    header: Vec<Count>,
    line: Vec<Count>,
    /// The segments that nothing places: how many, and the first.
    unused: Option<(u32, SegmentPoint, Range<usize>)>,
    draft: Draft,
    breaches: Vec<Breach>,
    /// Which segment stated which element, when somebody asks.
    told: Option<Vec<(u32, usize)>>,
}

impl<'a, 'g> Reader<'a, 'g> {
    fn new(guide: &'g Guide, grammar: &'g MessageGrammar, repertoire: Repertoire, zone: &'g TimeZone) -> Self {
        Self {
            guide,
            grammar,
            repertoire,
            zone,
            open: Vec::new(),
            header: vec![Count::default(); guide.elements.len()],
            line: vec![Count::default(); guide.elements.len()],
            unused: None,
            draft: Draft::default(),
            breaches: Vec::new(),
            told: None,
        }
    }

    fn take_all(&mut self, segments: &[Segment<'a>], matches: &[Match]) {
        for found in matches {
            let index = usize::try_from(found.position).unwrap_or(usize::MAX).wrapping_sub(1);
            if let Some(segment) = segments.get(index) {
                self.take(segment, found);
            }
        }
    }

    fn take(&mut self, segment: &Segment<'a>, found: &Match) {
        let Some(place) = self.grammar.place(found.place) else { return };
        self.leave_groups(place.group, found.opens_group);
        if let (Some(group), true) = (place.group, found.opens_group) {
            self.open.push((group, *segment));
            self.call_for(group, segment);
        }
        if found.place == self.guide.lines.trigger {
            self.begin_line(segment, found.position);
        }
        let guide = self.guide;
        let stands = guide.stands.get(found.place.index()).map(Vec::as_slice).unwrap_or_default();
        let mut is_used = STRUCTURE.contains(&place.tag) || (found.opens_group && self.is_condition(found));
        for stand in stands {
            if !self.stands_here(stand, segment) {
                continue;
            }
            is_used = true;
            for (element, value) in &stand.values {
                self.read_value(*element, value, segment, found.position);
            }
        }
        if !is_used {
            let point = point(segment, found.position, None);
            let (count, ..) = self.unused.get_or_insert((0, point, segment.span()));
            *count += 1;
        }
    }

    /// Closes the groups that do not lie around this place, and the last occurrence of its own when a new one opens.
    fn leave_groups(&mut self, group: Option<GroupId>, opens: bool) {
        let mut around = Vec::new();
        let mut next = group;
        while let Some(id) = next {
            around.push(id);
            next = self.grammar.group(id).and_then(|group| group.parent);
        }
        let stays = |id: &GroupId| around.contains(id) && !(opens && Some(*id) == group);
        let kept = self.open.iter().take_while(|(id, _)| stays(id)).count();
        self.open.truncate(kept);
    }

    /// Notes the elements that must be there now that their group is.
    fn call_for(&mut self, group: GroupId, trigger: &Segment<'a>) {
        let guide = self.guide;
        for (index, element) in guide.elements.iter().enumerate() {
            let calls = element
                .group
                .as_ref()
                .is_some_and(|needed| needed.group == group && holds(&needed.conditions, trigger));
            if calls && let Some(count) = self.count(index, element) {
                count.called_for += 1;
            }
        }
    }

    /// Whether some path asks something of this trigger: then the segment is used, though no value stands in it.
    fn is_condition(&self, found: &Match) -> bool {
        let asks = |group: &GroupCondition| group.trigger == found.place;
        let is_asked = self.guide.stands.iter().flatten().any(|stand| stand.groups.iter().any(asks));
        is_asked
            && self.open.last().is_some_and(|(_, trigger)| {
                let groups = self.guide.stands.iter().flatten().flat_map(|stand| &stand.groups);
                groups.filter(|group| asks(group)).any(|group| holds(&group.conditions, trigger))
            })
    }

    fn stands_here(&self, stand: &Stand, segment: &Segment<'a>) -> bool {
        let around = |needed: &GroupCondition| {
            let trigger = self.open.iter().find(|(group, _)| *group == needed.group);
            trigger.is_some_and(|(_, trigger)| holds(&needed.conditions, trigger))
        };
        holds(&stand.own, segment) && stand.groups.iter().all(around)
    }

    fn begin_line(&mut self, segment: &Segment<'a>, position: u32) {
        self.end_line();
        let ordinal = u32::try_from(self.draft.lines.len()).unwrap_or(u32::MAX).saturating_add(1);
        let point = point(segment, position, None);
        if ordinal == self.guide.lines.most.saturating_add(1) {
            let kind = BreachKind::TooManyLines { most: self.guide.lines.most };
            self.report(
                self.guide.lines.many_code.clone(),
                kind,
                None,
                Some(ordinal),
                Some(point.clone()),
                segment.span(),
            );
        }
        self.draft.lines.push(LineDraft::begun(ordinal, point, segment.span()));
        self.line.fill(Count::default());
    }

    fn end_line(&mut self) {
        let Some(line) = self.draft.lines.last() else { return };
        let (ordinal, point, span) = (line.ordinal, line.point.clone(), line.span.clone());
        let guide = self.guide;
        for (element, count) in
            guide.elements.iter().zip(self.line.clone()).filter(|(element, _)| element.sink.is_of_line())
        {
            self.check_presence(element, count, Some(ordinal), &point, &span);
        }
    }

    fn check_presence(
        &mut self,
        element: &'g Element,
        count: Count,
        line: Option<u32>,
        point: &SegmentPoint,
        span: &Range<usize>,
    ) {
        let needed = match element.status {
            Status::Mandatory => 1,
            Status::Dependent => count.called_for,
            Status::Conditional | Status::Optional => 0,
        };
        if count.stated < needed {
            let [missing, ..] = &element.codes;
            let kind = BreachKind::Missing { path: element.path.clone() };
            self.report(missing.clone(), kind, Some(element), line, Some(point.clone()), span.clone());
        }
    }

    fn count(&mut self, index: usize, element: &Element) -> Option<&mut Count> {
        if element.sink.is_of_line() { self.line.get_mut(index) } else { self.header.get_mut(index) }
    }

    fn read_value(&mut self, index: usize, at: &ValueAt, segment: &Segment<'a>, position: u32) {
        let guide = self.guide;
        let Some(element) = guide.elements.get(index) else { return };
        let value = stated(segment, at, position, self.repertoire);
        let depends_on_this = element.status == Status::Dependent && element.group.is_none();
        let line =
            element.sink.is_of_line().then_some(self.draft.lines.len()).and_then(|line| u32::try_from(line).ok());
        let Some(count) = self.count(index, element) else { return };
        count.called_for += u32::from(depends_on_this);
        let Some(value) = value else { return };
        count.stated += 1;
        let stated = count.stated;
        self.told.iter_mut().for_each(|told| told.push((position, index)));
        if stated > element.most {
            let is_first = stated == element.most + 1;
            if is_first {
                let [_, _, many] = &element.codes;
                let kind = BreachKind::TooMany { most: element.most };
                self.report(many.clone(), kind, Some(element), line, Some(value.point), value.span);
            }
            return;
        }
        let date_format = at.format_at.and_then(|component| segment.component(at.element, component));
        let date_format = date_format
            .map(|component| self.repertoire.decode(&component.unreleased()).into_owned())
            .unwrap_or_default();
        if let Some(unread) = self.put(element, value, &date_format, line) {
            let [_, ill_formed, _] = &element.codes;
            let kind = BreachKind::IllFormed { value: unread.value, expected: element.format };
            self.report(ill_formed.clone(), kind, Some(element), line, Some(unread.point), unread.span);
        }
    }

    /// Puts a value where it belongs; gives it back when it is not written as it must be.
    fn put(
        &mut self,
        element: &'g Element,
        value: Stated<String>,
        date_format: &str,
        line: Option<u32>,
    ) -> Option<Stated<String>> {
        let (draft, format) = (&mut self.draft, element.format);
        let text = value.value.clone();
        if !format.accepts_text(&text) {
            return Some(value);
        }
        if let Some((list, code)) = &element.list {
            draft.listed.push(Listed {
                list: list.clone(),
                code: code.clone(),
                labels: element.labels.clone(),
                line,
                stated: value.clone(),
            });
        }
        let whole = || format.whole(&text);
        let amount = || format.amount(&text);
        match element.sink {
            Sink::Text(put) => put(draft, value),
            Sink::Whole(put) => return give(whole(), value, |stated| put(draft, stated)),
            Sink::Amount(put) => return give(amount(), value, |stated| put(draft, stated)),
            Sink::Date(put) => return give(format.date(&text, date_format), value, |stated| put(draft, stated)),
            Sink::Moment(put) => {
                return give(format.moment(&text, date_format, self.zone), value, |stated| put(draft, stated));
            }
            Sink::Flag(put) => return give(format.flag(&text), value, |stated| put(draft, stated)),
            Sink::LineText(put) => put(draft.lines.last_mut()?, value),
            Sink::LineWhole(put) => {
                return give(whole(), value, |stated| {
                    draft.lines.last_mut().into_iter().for_each(|line| put(line, stated.clone()));
                });
            }
            Sink::LineAmount(put) => {
                return give(amount(), value, |stated| {
                    draft.lines.last_mut().into_iter().for_each(|line| put(line, stated.clone()));
                });
            }
            Sink::LineFlag(put) => {
                return give(format.flag(&text), value, |stated| {
                    draft.lines.last_mut().into_iter().for_each(|line| put(line, stated.clone()));
                });
            }
        }
        None
    }

    fn report(
        &mut self,
        code: String,
        kind: BreachKind,
        element: Option<&Element>,
        line: Option<u32>,
        point: Option<SegmentPoint>,
        span: Range<usize>,
    ) {
        let labels = element.map(|element| element.labels.clone()).unwrap_or_default();
        self.breaches.push(Breach { code, kind, labels, line, point, span });
    }

    /// The message has ended: what its header, or its last line, lacks.
    fn finish(mut self, segments: &[Segment<'a>]) -> Reading {
        self.end_line();
        let begin = segments.iter().find(|segment| segment.tag() == Tag(*b"BGM")).or(segments.first());
        if let Some(segment) = begin {
            let point = point(segment, if segment.tag() == Tag(*b"BGM") { 2 } else { 1 }, None);
            let guide = self.guide;
            for (element, count) in
                guide.elements.iter().zip(self.header.clone()).filter(|(element, _)| !element.sink.is_of_line())
            {
                self.check_presence(element, count, None, &point, &segment.span());
            }
            if self.draft.lines.is_empty() {
                self.report(
                    guide.lines.none_code.clone(),
                    BreachKind::NoLines,
                    None,
                    None,
                    Some(point),
                    segment.span(),
                );
            }
        }
        if let Some((count, point, span)) = self.unused.take() {
            self.report(self.guide.unused_code.clone(), BreachKind::Unused { count }, None, None, Some(point), span);
        }
        self.breaches.sort_by_key(|breach| breach.span.start);
        Reading { draft: self.draft, breaches: self.breaches }
    }
}

/// Hands a value on when it could be read, back when it could not.
fn give<T>(read: Option<T>, value: Stated<String>, put: impl FnOnce(Stated<T>)) -> Option<Stated<String>> {
    match read {
        Some(read) => {
            put(value.map(|_| read));
            None
        }
        None => Some(value),
    }
}

/// Whether a segment says everything that these conditions ask.
fn holds(conditions: &[Condition], segment: &Segment<'_>) -> bool {
    conditions.iter().all(|condition| {
        let component = segment.component(condition.element, condition.component);
        component
            .is_some_and(|component| condition.values.iter().any(|value| value.as_bytes() == &*component.unreleased()))
    })
}

fn point(segment: &Segment<'_>, position: u32, element: Option<ElementPlace>) -> SegmentPoint {
    SegmentPoint { tag: segment.tag().to_string(), position, element }
}

/// The text that stands here, blanks around it taken off; none when nothing does.
fn stated(segment: &Segment<'_>, at: &ValueAt, position: u32, repertoire: Repertoire) -> Option<Stated<String>> {
    let (first, last) = at.components;
    let element = segment.element(at.element)?;
    let mut components =
        element.components().filter(|found| (first..=last).contains(&found.position()) && !found.is_empty()).peekable();
    let start = components.peek()?.span().start;
    let (mut text, mut end) = (String::new(), start);
    for component in components {
        if !text.is_empty() {
            text.push(at.joined_by);
        }
        text.push_str(repertoire.decode(&component.unreleased()).trim());
        end = component.span().end;
    }
    let is_composite = element.components().nth(1).is_some() || first > 1;
    let place =
        if is_composite { ElementPlace::component(at.element, first) } else { ElementPlace::element(at.element) };
    (!text.is_empty()).then(|| Stated { value: text, point: point(segment, position, Some(place)), span: start..end })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edifact::Interchange;
    use crate::grammar::Catalogue;

    const SAMPLE: &[u8] = include_bytes!("../../../testdata/export-original.edi");

    /// Reads the sample with some of its text replaced.
    fn reading(changes: &[(&str, &str)]) -> (Reading, Vec<u8>) {
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
        let segments: Vec<_> = interchange.segments_of(message).collect();
        let reading = guide.read(grammar, &segments, &structure.matches, Repertoire::Unoc, &TimeZone::UTC);
        (reading, bytes.clone())
    }

    /// The breaches as `code kind line tag position bytes`.
    fn check(changes: &[(&str, &str)], expected: &[&str]) {
        let (reading, bytes) = reading(changes);
        let found: Vec<String> = reading
            .breaches
            .iter()
            .map(|breach| {
                let kind = match &breach.kind {
                    BreachKind::Missing { path } => format!("missing at {path}"),
                    BreachKind::IllFormed { value, .. } => format!("ill-formed {value}"),
                    BreachKind::TooMany { most } => format!("more than {most}"),
                    BreachKind::Unused { count } => format!("unused {count}"),
                    BreachKind::NoLines => "no lines".to_owned(),
                    BreachKind::TooManyLines { most } => format!("more than {most} lines"),
                };
                let line = breach.line.map(|line| format!(" line {line}")).unwrap_or_default();
                let point =
                    breach.point.as_ref().map(|point| format!("{} {}", point.tag, point.position)).unwrap_or_default();
                format!("{} {kind}{line} {point} {}", breach.code, bytes[breach.span.clone()].escape_ascii())
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_sample_states_a_whole_declaration() {
        let (reading, _) = reading(&[]);
        assert_eq!(reading.breaches, []);
        let declaration = reading.draft.complete().unwrap();
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
        let (reading, _) = reading(&[("UNS+S'", &format!("{many}UNS+S'"))]);
        let codes: Vec<_> = reading.breaches.iter().map(|breach| (breach.code.as_str(), breach.line)).collect();
        assert_eq!(codes, [("L302", Some(1_000))]);
    }

    #[test]
    fn a_declaration_without_lines_is_none() {
        let text: String = SAMPLE.iter().map(|byte| char::from(*byte)).collect();
        let (_, from_lines) = text.split_once("UNS+D'").unwrap();
        let (lines, _) = from_lines.split_once("UNS+S'").unwrap();
        check(&[(lines, "")], &["L301 no lines BGM 2 BGM+830+ACME-2026-000417:1+9"]);
    }
}
