//! What a message states, element by element, before anybody knows whether it is a declaration.
//!
//! A [`Draft`] holds what could be read, each value with the place it was read from; what was missing or ill-formed is
//! simply not there, and has its finding already. Rules judge drafts, so that one mistake does not hide the next.
//! [`Draft::complete`] makes the [`Declaration`] when nothing that it needs is lacking.

use std::mem;
use std::ops::Range;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::finding::SegmentPoint;
use super::{Certifier, Declaration, Exporter, Function, Line, Measure, Party, TransportDocument};
use crate::edifact::{ElementPlace, Tag};
use crate::identifier::DeclarationReference;

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
    position: u32,
    /// Position of the element (0098); 0 for the segment as a whole.
    element: u16,
    /// Position in the composite (0104); 0 where there is none.
    component: u16,
    tag: Tag,
}

impl StatedAt {
    /// A segment at its position in the message (0096), whose bytes these are. An interchange has less than 4 GiB.
    #[must_use]
    pub fn segment(tag: Tag, position: u32, span: Range<usize>) -> Self {
        let (start, length) = (narrow(span.start), narrow(span.len()));
        Self { start, length, position, element: 0, component: 0, tag }
    }

    /// An element (0098) of that segment and its component (0104), 0 when it is no composite, in `length` bytes from
    /// `start` on.
    #[inline]
    #[must_use]
    pub fn element(self, element: u16, component: u16, start: u32, length: u32) -> Self {
        Self { start, length, element, component, ..self }
    }

    /// The position of the segment in the message, UNH = 1 (0096).
    #[must_use]
    pub fn position(&self) -> u32 {
        self.position
    }

    /// The segment and element.
    #[must_use]
    pub fn point(&self) -> SegmentPoint {
        let component = Some(self.component).filter(|component| *component > 0);
        let element = ElementPlace { element: self.element, component, occurrence: None };
        let element = (self.element > 0).then_some(element);
        SegmentPoint { tag: self.tag, position: self.position, element }
    }

    /// The bytes in the interchange.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.length as usize
    }
}

#[inline]
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
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
        let emptied = |texts: &mut Vec<_>| {
            texts.clear();
            mem::take(texts)
        };
        let (mut listed, mut lines) = (mem::take(&mut self.listed), mem::take(&mut self.lines));
        listed.clear();
        lines.clear();
        *self = Self {
            containers: emptied(&mut self.containers),
            exporter_references: emptied(&mut self.exporter_references),
            permits: emptied(&mut self.permits),
            listed,
            lines,
            ..Self::default()
        };
    }

    /// Whether any goods are said to be controlled, in the header or on a line.
    #[must_use]
    pub fn has_controlled_goods(&self) -> bool {
        let is_set = |field: &Field<bool>| field.as_ref().is_some_and(|stated| stated.value);
        is_set(&self.is_controlled) || self.lines.iter().any(|line| is_set(&line.is_controlled))
    }

    /// The declaration, when everything it needs is here and well-formed.
    ///
    /// Whether it is *true* is what rules have said before; this only carries what they let through.
    #[must_use]
    pub fn complete(&self) -> Option<Declaration> {
        Some(Declaration {
            reference: DeclarationReference(text(&self.reference)?),
            version: value(&self.version).unwrap_or(1),
            function: function(&self.function.as_ref()?.value)?,
            submission_reason: text(&self.submission_reason),
            exporter: Exporter {
                business_number: self.business_number.as_ref()?.value.parse().ok()?,
                authorization_id: self.authorization_id.as_ref()?.value.parse().ok()?,
                party: self.exporter.complete()?,
            },
            consignee: self.consignee.complete()?,
            parties_are_related: value(&self.parties_are_related)?,
            service_provider: self.service_provider.complete(),
            carrier_name: text(&self.carrier_name)?,
            transport_document: text(&self.transport_document).map(|number| TransportDocument {
                kind: text(&self.transport_document_kind).unwrap_or_default(),
                number,
            }),
            mode: text(&self.mode)?,
            vessel: text(&self.vessel),
            conveyance: text(&self.conveyance),
            export_date: value(&self.export_date)?,
            planned_loading: value(&self.planned_loading),
            exit_office: text(&self.exit_office)?,
            destination: text(&self.destination)?,
            packages: value(&self.packages)?,
            package_type: text(&self.package_type)?,
            is_containerised: value(&self.is_containerised)?,
            containers: texts(&self.containers),
            exporter_references: self
                .exporter_references
                .iter()
                .chain(self.lines.iter().flat_map(|line| &line.references))
                .map(|stated| stated.value.to_owned())
                .collect(),
            permits: texts(&self.permits),
            is_controlled: self.has_controlled_goods(),
            currency: text(&self.currency)?,
            freight: value(&self.freight)?,
            gross_weight: measure(&self.gross_weight, &self.gross_weight_unit)?,
            total_value: value(&self.total_value)?,
            reason_for_export: text(&self.reason_for_export),
            lease_months: value(&self.lease_months),
            certifier: Certifier {
                name: text(&self.certifier_name)?,
                company: text(&self.certifier_company),
                telephone: text(&self.certifier_telephone),
                date: value(&self.certification_date),
                place: text(&self.certification_place),
            },
            lines: self.lines.iter().map(LineDraft::complete).collect::<Option<_>>()?,
        })
    }
}

impl PartyDraft<'_> {
    /// Whether nothing of it was stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn complete(&self) -> Option<Party> {
        Some(Party {
            identification: text(&self.identification),
            name: text(&self.name)?,
            street: self
                .street
                .as_ref()
                .map(|street| street.value.lines().map(str::to_owned).collect())
                .unwrap_or_default(),
            city: text(&self.city).unwrap_or_default(),
            region: text(&self.region),
            postal_code: text(&self.postal_code),
            country: text(&self.country).unwrap_or_default(),
            contact: text(&self.contact),
            telephone: text(&self.telephone),
            email: text(&self.email),
        })
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

    fn complete(&self) -> Option<Line> {
        Some(Line {
            number: value(&self.number)?,
            hs_code: text(&self.hs_code)?,
            description: text(&self.description)?,
            origin: text(&self.origin)?,
            province: text(&self.province),
            quantity: measure(&self.quantity, &self.quantity_unit),
            value: value(&self.value)?,
            gross_weight: measure(&self.gross_weight, &self.gross_weight_unit),
            permits: texts(&self.permits),
            vehicles: texts(&self.vehicles),
            is_controlled: value(&self.is_controlled).unwrap_or_default(),
        })
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

fn text(field: &Field<Text<'_>>) -> Option<String> {
    field.as_ref().map(|stated| stated.value.to_owned())
}

fn value<T: Copy>(field: &Field<T>) -> Option<T> {
    field.as_ref().map(|stated| stated.value)
}

fn texts(fields: &[Stated<Text<'_>>]) -> Vec<String> {
    fields.iter().map(|stated| stated.value.to_owned()).collect()
}

fn measure(number: &Field<Decimal>, unit: &Field<Text<'_>>) -> Option<Measure> {
    Some(Measure { value: value(number)?, unit: text(unit)? })
}
