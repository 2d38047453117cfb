//! What the directory has at the place of a finding: the segment that stands there, its place in the table, and the
//! definition of the element.
//!
//! Start with [`Site::at`]. Where something has no place in the table, what stands in front of it has one.

use std::ops::Range;

use super::place::Spot;
use crate::edifact::{Component, Element, ElementPlace, Interchange, Message, Segment, ServiceTag, SyntaxVersion};
use crate::grammar::{
    Catalogue, CodeList, ElementSpec, Examined as Structure, GroupId, Match, MessageGrammar, PlaceId, SegmentSpec,
    SegmentTable, TablePlace, ValueSpec,
};

/// The place of a finding, with everything that the directory says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) interchange: &'a Interchange<'a>,
    pub(super) grammar: Option<&'a MessageGrammar>,
    /// The segment that stands there.
    pub(super) segment: Option<Segment<'a>>,
    /// Its definition.
    pub(super) definition: Option<(&'a SegmentTable, &'a SegmentSpec)>,
    /// Its place in the table of the message; none for service segments outside of it, and for what has no place.
    pub(super) place: Option<PlaceId>,
    /// The last place of the table in front of it, or its own.
    pub(super) last: Option<PlaceId>,
    element: Option<ElementPlace>,
}

impl<'a> Site<'a> {
    pub(super) fn at(
        catalogue: &'a Catalogue,
        interchange: &'a Interchange<'a>,
        structures: &'a [Option<Structure>],
        spot: &Spot,
    ) -> Self {
        let message = spot.message.and_then(|number| nth(&interchange.messages, number));
        let structure = spot.message.and_then(|number| nth(structures, number)).and_then(Option::as_ref);
        let grammar = message.and_then(|message| catalogue.message(&message.kind));
        let version = interchange.envelope.version;
        let segment = segment(interchange, message, spot);
        let (place, last) = match (structure, position(message, spot, interchange)) {
            (Some(structure), Some(position)) => placed(structure, position),
            _ => (None, None),
        };
        let definition = place
            .and_then(|place| grammar?.segment(place, version))
            .or_else(|| defined(catalogue, version, segment.as_ref()?, spot));
        Self { interchange, grammar, segment, definition, place, last, element: spot.element }
    }

    /// Its place in the table of the message.
    pub(super) fn table_place(&self) -> Option<&'a TablePlace> {
        self.grammar?.place(self.place?)
    }

    /// The definition of the element.
    pub(super) fn element_spec(&self) -> Option<&'a ElementSpec> {
        let (table, segment) = self.definition?;
        table.elements(segment).get(usize::from(self.element?.element.checked_sub(2)?))
    }

    /// The definition of the component, or of a stand-alone element.
    pub(super) fn value_spec(&self) -> Option<&'a ValueSpec> {
        let (element, (table, _)) = (self.element_spec()?, self.definition?);
        let values = table.values(element);
        match self.element?.component {
            Some(component) => values.get(usize::from(component.checked_sub(1)?)),
            None => values.first().filter(|_| !element.id.is_composite()),
        }
    }

    /// The element as it stands there.
    pub(super) fn stated(&self) -> Option<Element<'a>> {
        self.segment?.element(self.element?.element)
    }

    /// The component as it stands there, empty or not.
    pub(super) fn component(&self) -> Option<Component<'a>> {
        let place = self.element?;
        let repetition = usize::try_from(place.occurrence.unwrap_or(1)).ok()?.checked_sub(1)?;
        let repetition = self.stated()?.repetitions().nth(repetition)?;
        repetition.components().nth(usize::from(place.component?.checked_sub(1)?))
    }

    /// The codes of the value in its directory.
    pub(super) fn code_list(&self) -> Option<&'a CodeList> {
        let ((table, _), value) = (self.definition?, self.value_spec()?);
        table.codes(value.id)
    }

    /// Where exactly something is missing: in its component when there is room for it, else behind its element.
    pub(super) fn gap(&self) -> Option<Range<usize>> {
        if let Some(component) = self.component() {
            return component.is_empty().then(|| component.span());
        }
        let end = self.stated()?.span().end;
        Some(end..end)
    }

    /// The name of a segment of the message, in the words of the directory.
    pub(super) fn name_of(&self, place: PlaceId) -> Option<&'a str> {
        let (_, segment) = self.grammar?.segment(place, self.interchange.envelope.version)?;
        Some(segment.name.as_str()).filter(|name| !name.is_empty())
    }
}

/// What a segment table allows behind one of its places, the nearest first. What is mandatory ends the row.
pub(super) fn following(grammar: &MessageGrammar, from: PlaceId) -> Vec<&TablePlace> {
    let Some(start) = grammar.place(from) else { return Vec::new() };
    let mut found: Vec<&TablePlace> = Vec::new();
    if start.repetitions_max > 1 && !start.is_trigger {
        found.push(start);
    }
    let mut level = start.group;
    loop {
        for (_, place) in grammar.places().filter(|(id, _)| *id > from) {
            let entered = place.group.filter(|_| place.is_trigger).and_then(|group| grammar.group(group));
            let is_segment = place.group == level && !place.is_trigger;
            let is_group = entered.is_some_and(|group| is_level(group.parent, level, grammar));
            if is_segment || is_group {
                found.push(place);
                if entered.map_or(place.is_mandatory, |group| group.is_mandatory) {
                    return found;
                }
            }
        }
        let Some((id, group)) = level.and_then(|id| Some((id, grammar.group(id)?))) else { return found };
        let trigger = grammar.places().find(|(_, place)| place.is_trigger && place.group == Some(id));
        found.extend(trigger.map(|(_, place)| place).filter(|_| group.repetitions_max > 1));
        level = group.parent.filter(|parent| grammar.group(*parent).is_some_and(|parent| !parent.path.is_empty()));
    }
}

/// Whether a group's parent is this level; the message itself is a group to groups, and none to places.
fn is_level(parent: Option<GroupId>, level: Option<GroupId>, grammar: &MessageGrammar) -> bool {
    let parent = parent.filter(|parent| grammar.group(*parent).is_some_and(|parent| !parent.path.is_empty()));
    parent == level
}

fn nth<T>(of: &[T], number: u32) -> Option<&T> {
    of.get(usize::try_from(number).ok()?)
}

/// The segment that a spot names.
fn segment<'a>(interchange: &'a Interchange<'a>, message: Option<&'a Message>, spot: &Spot) -> Option<Segment<'a>> {
    if let Some(message) = message {
        let mut segments = interchange.segments_of(message);
        return match (spot.position, spot.service) {
            (Some(position), _) => segments.nth(usize::try_from(position.checked_sub(1)?).ok()?),
            (None, Some(ServiceTag::Unh | ServiceTag::Uno)) => segments.next(),
            (None, Some(ServiceTag::Unt | ServiceTag::Unp)) => segments.next_back(),
            _ => None,
        };
    }
    let service = spot.service?;
    if let Some(group) = spot.group {
        let mut ends = interchange.envelope_of(nth(&interchange.groups, group)?);
        return ends.find(|segment| segment.tag().as_str() == service.as_str());
    }
    match service {
        ServiceTag::Unb => interchange.header(),
        ServiceTag::Unz => interchange.trailer(),
        ServiceTag::Una
        | ServiceTag::Ung
        | ServiceTag::Unh
        | ServiceTag::Unt
        | ServiceTag::Uno
        | ServiceTag::Unp
        | ServiceTag::Une => None,
    }
}

/// The position in the message (0096), of UNH and UNT too.
fn position(message: Option<&Message>, spot: &Spot, interchange: &Interchange<'_>) -> Option<u32> {
    match (spot.position, spot.service) {
        (Some(position), _) => Some(position),
        (None, Some(ServiceTag::Unh)) => Some(1),
        (None, Some(ServiceTag::Unt)) => u32::try_from(interchange.segments_of(message?).len()).ok(),
        _ => None,
    }
}

/// The place of the segment at a position, and the last place up to it.
fn placed(structure: &Structure, position: u32) -> (Option<PlaceId>, Option<PlaceId>) {
    let behind = structure.matches.partition_point(|known: &Match| known.position <= position);
    let last = behind.checked_sub(1).and_then(|index| structure.matches.get(index));
    (last.filter(|last| last.position == position).map(|last| last.place), last.map(|last| last.place))
}

/// The definition of a service segment, which no table needs to have.
fn defined<'a>(
    catalogue: &'a Catalogue,
    version: SyntaxVersion,
    segment: &Segment<'_>,
    spot: &Spot,
) -> Option<(&'a SegmentTable, &'a SegmentSpec)> {
    spot.service?;
    let table = catalogue.service(version);
    Some((table, table.segment(segment.tag())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What may stand behind the first place of this path in CUSDEC.
    fn check(path: &str, expected: &str) {
        let catalogue = Catalogue::embedded();
        let kind = catalogue.message_types().find(|kind| kind.kind == "CUSDEC").unwrap();
        let grammar = catalogue.message(kind).unwrap();
        let from = *grammar.find(path).first().unwrap();
        let found: Vec<String> = following(grammar, from).into_iter().map(ToString::to_string).collect();
        assert_eq!(found.join(" "), expected);
    }

    #[test]
    fn behind_a_header_stands_what_must() {
        check("UNH", "BGM");
    }

    #[test]
    fn behind_a_trigger_stand_its_group_and_what_comes_after_it() {
        check("SG4/TDT", "SG4/TPL SG4/TDT SG5/DOC SG6/NAD SG7/TOD SG8/MOA UNS");
    }
}
