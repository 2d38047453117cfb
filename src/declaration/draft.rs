//! What a message states, element by element, before anybody knows whether it is a declaration.
//!
//! A [`Draft`] holds what could be read, each value with the place it was read from; what was missing or ill-formed is
//! simply not there, and has its finding already. Rules judge drafts, so that one mistake does not hide the next.
//! [`Draft::complete`] makes the [`Declaration`](super::Declaration) when nothing that it needs is lacking.

use std::ops::Range;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::Function;
use super::finding::SegmentPoint;
use crate::edifact::{ElementPlace, Tag};

/// A value with the place where it was stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stated<T> {
    /// The value.
    pub value: T,
    /// Where it was stated.
    pub at: StatedAt,
}

/// The segment, the element and the bytes that a value was read from. A draft has hundreds of values, so this takes 20
/// bytes; what it says is told by [`point`](Self::point) and [`span`](Self::span).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedAt {
    start: u32,
    length: u32,
    /// Position of the element (0098); 0 for the segment as a whole.
    element: u16,
    /// Position in the composite (0104); 0 where there is none.
    component: u16,
    segment: SegmentAt,
}

/// A segment, by its tag and its position in the message (0096). What is stated in it takes both over as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SegmentAt {
    position: u32,
    tag: Tag,
}

impl StatedAt {
    /// A segment at its position in the message (0096), whose bytes these are. An interchange has less than 4 GiB.
    #[must_use]
    pub fn segment(tag: Tag, position: u32, span: Range<usize>) -> Self {
        let (start, length) = (narrow(span.start), narrow(span.len()));
        Self { start, length, element: 0, component: 0, segment: SegmentAt { position, tag } }
    }

    /// An element (0098) of that segment and its component (0104), 0 when it is no composite, in these bytes.
    #[inline]
    #[must_use]
    pub fn element(self, element: u16, component: u16, span: Range<usize>) -> Self {
        Self { start: narrow(span.start), length: narrow(span.len()), element, component, ..self }
    }

    /// The position of the segment in the message, UNH = 1 (0096).
    #[must_use]
    pub fn position(&self) -> u32 {
        self.segment.position
    }

    /// The segment and element.
    #[must_use]
    pub fn point(&self) -> SegmentPoint {
        let component = Some(self.component).filter(|component| *component > 0);
        let element = ElementPlace { element: self.element, component, occurrence: None };
        let element = (self.element > 0).then_some(element);
        SegmentPoint { tag: self.segment.tag, position: self.segment.position, element }
    }

    /// The bytes in the interchange.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.length as usize
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "an interchange has less than 4 GiB, see Interchange::BYTES_MAX")]
fn narrow(number: usize) -> u32 {
    number as u32
}

impl<T> Stated<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Stated<U> {
        Stated { value: change(self.value), at: self.at }
    }
}

/// A value that may not be there.
pub type Field<T> = Option<Stated<T>>;

/// A text as it lies in the interchange, or in a [`TextStore`](super::guide::TextStore) when the repertoire or a release
/// character demands a copy.
pub type Text<'a> = &'a str;

/// A party as stated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields are those of `Party`")]
pub struct PartyDraft<'a> {
    pub identification: Field<Text<'a>>,
    pub name: Field<Text<'a>>,
    pub street: Field<Text<'a>>,
    pub city: Field<Text<'a>>,
    pub region: Field<Text<'a>>,
    pub postal_code: Field<Text<'a>>,
    pub country: Field<Text<'a>>,
    pub contact: Field<Text<'a>>,
    pub telephone: Field<Text<'a>>,
    pub email: Field<Text<'a>>,
}

/// A value that must be in a code list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The list, by its name.
    pub list: &'a str,
    /// The stable code of a value that is not in it.
    pub code: &'a str,
    /// The line it stands in, from 1; none for the header.
    pub line: Option<u32>,
    /// The value.
    pub stated: Stated<Text<'a>>,
}

/// A declaration as stated. Texts whose form only a rule judges (numbers with check digits, codes) are texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields are those of `Declaration`")]
pub struct Draft<'a> {
    pub document: Field<Text<'a>>,
    pub reference: Field<Text<'a>>,
    pub version: Field<u32>,
    pub function: Field<Text<'a>>,
    pub submission_reason: Field<Text<'a>>,
    pub business_number: Field<Text<'a>>,
    pub authorization_id: Field<Text<'a>>,
    pub exporter: PartyDraft<'a>,
    pub consignee: PartyDraft<'a>,
    pub parties_are_related: Field<bool>,
    pub service_provider: PartyDraft<'a>,
    pub carrier_name: Field<Text<'a>>,
    pub transport_document_kind: Field<Text<'a>>,
    pub transport_document: Field<Text<'a>>,
    pub mode: Field<Text<'a>>,
    pub vessel: Field<Text<'a>>,
    pub conveyance: Field<Text<'a>>,
    pub export_date: Field<Date>,
    pub planned_loading: Field<Timestamp>,
    pub exit_office: Field<Text<'a>>,
    pub destination: Field<Text<'a>>,
    pub packages: Field<u32>,
    pub package_type: Field<Text<'a>>,
    pub is_containerised: Field<bool>,
    pub containers: Vec<Stated<Text<'a>>>,
    pub exporter_references: Vec<Stated<Text<'a>>>,
    pub permits: Vec<Stated<Text<'a>>>,
    pub is_controlled: Field<bool>,
    pub currency: Field<Text<'a>>,
    pub freight: Field<Decimal>,
    pub freight_currency: Field<Text<'a>>,
    pub gross_weight: Field<Decimal>,
    pub gross_weight_unit: Field<Text<'a>>,
    pub total_value: Field<Decimal>,
    pub reason_for_export: Field<Text<'a>>,
    pub lease_months: Field<u32>,
    pub certifier_name: Field<Text<'a>>,
    pub certifier_company: Field<Text<'a>>,
    pub certifier_telephone: Field<Text<'a>>,
    pub certification_date: Field<Date>,
    pub certification_place: Field<Text<'a>>,
    /// Number of lines as the summary section counts them (CNT 5).
    pub line_count: Field<u32>,
    /// Number of packages as the summary section counts them (CNT 11).
    pub package_count: Field<u32>,
    /// The values that must be in code lists, wherever the guide demands it.
    pub listed: Vec<Listed<'a>>,
    pub lines: Vec<LineDraft<'a>>,
}

/// A commodity as stated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of `Line`")]
pub struct LineDraft<'a> {
    /// The segment that begins the line, for what the line lacks.
    pub at: StatedAt,
    /// Which line of the message it is, from 1, whatever number it states.
    pub ordinal: u32,
    pub number: Field<u32>,
    pub hs_code: Field<Text<'a>>,
    pub description: Field<Text<'a>>,
    pub origin: Field<Text<'a>>,
    pub province: Field<Text<'a>>,
    pub quantity: Field<Decimal>,
    pub quantity_unit: Field<Text<'a>>,
    pub value: Field<Decimal>,
    pub currency: Field<Text<'a>>,
    pub gross_weight: Field<Decimal>,
    pub gross_weight_unit: Field<Text<'a>>,
    pub permits: Vec<Stated<Text<'a>>>,
    pub references: Vec<Stated<Text<'a>>>,
    pub vehicles: Vec<Stated<Text<'a>>>,
    pub is_controlled: Field<bool>,
}

impl Draft<'_> {
    /// Takes everything out, for the next message; what was room for lists stays room for lists.
    pub(super) fn clear(&mut self) {
        // Each field by itself: a draft is large, and a second one would have to be copied over it. One that is forgotten
        // does not compile without a warning.
        let Self {
            document,
            reference,
            version,
            function,
            submission_reason,
            business_number,
            authorization_id,
            exporter,
            consignee,
            parties_are_related,
            service_provider,
            carrier_name,
            transport_document_kind,
            transport_document,
            mode,
            vessel,
            conveyance,
            export_date,
            planned_loading,
            exit_office,
            destination,
            packages,
            package_type,
            is_containerised,
            containers,
            exporter_references,
            permits,
            is_controlled,
            currency,
            freight,
            freight_currency,
            gross_weight,
            gross_weight_unit,
            total_value,
            reason_for_export,
            lease_months,
            certifier_name,
            certifier_company,
            certifier_telephone,
            certification_date,
            certification_place,
            line_count,
            package_count,
            listed,
            lines,
        } = self;
        empty([document, reference, function, submission_reason, business_number, authorization_id]);
        empty([carrier_name, transport_document_kind, transport_document, mode, vessel, conveyance]);
        empty([
            exit_office,
            destination,
            package_type,
            currency,
            freight_currency,
            gross_weight_unit,
            reason_for_export,
        ]);
        empty([certifier_name, certifier_company, certifier_telephone, certification_place]);
        empty([version, packages, lease_months, line_count, package_count]);
        empty([parties_are_related, is_containerised, is_controlled]);
        empty([freight, gross_weight, total_value]);
        empty([export_date, certification_date]);
        empty([planned_loading]);
        [exporter, consignee, service_provider].into_iter().for_each(PartyDraft::clear);
        [containers, exporter_references, permits].into_iter().for_each(Vec::clear);
        listed.clear();
        lines.clear();
    }

    /// Whether any goods are said to be controlled, in the header or on a line.
    #[must_use]
    pub fn has_controlled_goods(&self) -> bool {
        let is_set = |field: &Field<bool>| field.as_ref().is_some_and(|stated| stated.value);
        is_set(&self.is_controlled) || self.lines.iter().any(|line| is_set(&line.is_controlled))
    }
}

impl PartyDraft<'_> {
    /// Whether nothing of it was stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn clear(&mut self) {
        let Self { identification, name, street, city, region, postal_code, country, contact, telephone, email } = self;
        empty([identification, name, street, city, region, postal_code, country, contact, telephone, email]);
    }
}

impl LineDraft<'_> {
    /// A line that has only begun.
    #[must_use]
    pub fn begun(ordinal: u32, at: StatedAt) -> Self {
        Self {
            at,
            ordinal,
            number: None,
            hs_code: None,
            description: None,
            origin: None,
            province: None,
            quantity: None,
            quantity_unit: None,
            value: None,
            currency: None,
            gross_weight: None,
            gross_weight_unit: None,
            permits: Vec::new(),
            references: Vec::new(),
            vehicles: Vec::new(),
            is_controlled: None,
        }
    }
}

/// What the message function (1225) means here: 9 original, 4 change and 5 replace amendment, 1 and 50 void.
#[must_use]
pub fn function(code: &str) -> Option<Function> {
    match code {
        "9" => Some(Function::Original),
        "4" | "5" => Some(Function::Amendment),
        "1" | "50" => Some(Function::Void),
        _ => None,
    }
}

/// Takes out what stands in these fields.
fn empty<T, const N: usize>(fields: [&mut Field<T>; N]) {
    for field in fields {
        *field = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::from_message::{ELEMENTS, Sink};
    use super::*;

    /// A draft in which every element of the header is stated, and a line.
    fn full() -> Draft<'static> {
        let at = StatedAt::segment(Tag(*b"BGM"), 2, 0..1);
        let mut draft = Draft::default();
        for (_, _, sink) in ELEMENTS {
            match *sink {
                Sink::Text(field) => *field(&mut draft) = Some(Stated { value: "A", at }),
                Sink::Texts(fields) => fields(&mut draft).push(Stated { value: "A", at }),
                Sink::Whole(field) => *field(&mut draft) = Some(Stated { value: 1, at }),
                Sink::Amount(field) => *field(&mut draft) = Some(Stated { value: Decimal::ONE, at }),
                Sink::Date(field) => *field(&mut draft) = Some(Stated { value: Date::MIN, at }),
                Sink::Moment(field) => *field(&mut draft) = Some(Stated { value: Timestamp::MIN, at }),
                Sink::Flag(field) => *field(&mut draft) = Some(Stated { value: true, at }),
                Sink::LineText(_)
                | Sink::LineTexts(_)
                | Sink::LineWhole(_)
                | Sink::LineAmount(_)
                | Sink::LineFlag(_) => {}
            }
        }
        let listed = Listed { list: "country", code: "H301", line: None, stated: Stated { value: "A", at } };
        draft.listed.push(listed);
        draft.lines.push(LineDraft::begun(1, at));
        draft
    }

    #[test]
    fn nothing_is_left_of_a_draft_that_was_cleared() {
        let mut draft = full();
        draft.clear();
        assert_eq!(draft, Draft::default());
    }
}
