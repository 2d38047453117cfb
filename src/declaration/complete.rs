//! What a message states becomes the declaration that it is, where everything is there. Texts are copied here, and
//! nowhere before.

use std::iter;

use compact_str::CompactString;
use memchr::memchr;
use rust_decimal::Decimal;

use super::draft::{Draft, Field, LineDraft, PartyDraft, Stated, Text, function};
use super::{Certifier, Declaration, Exporter, Line, Measure, Party, TransportDocument};
use crate::identifier::DeclarationReference;

impl Draft<'_> {
    /// The declaration, when everything it needs is here and well-formed; boxed, for it is large.
    ///
    /// Whether it is *true* is what rules have said before; this only carries what they let through.
    #[must_use]
    pub fn complete(&self) -> Option<Box<Declaration>> {
        Some(Box::new(Declaration {
            reference: DeclarationReference(text(&self.reference)?),
            version: value(&self.version).unwrap_or(1),
            function: function(self.function.as_ref()?.value)?,
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
            exporter_references: self.complete_references(),
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
            lines: self.complete_lines()?,
        }))
    }

    /// Those of the header, then those of the lines.
    fn complete_references(&self) -> Vec<CompactString> {
        let of_each = || iter::once(&self.exporter_references).chain(self.lines.iter().map(|line| &line.references));
        // What is kept takes no more room than it needs.
        let mut all = Vec::with_capacity(of_each().map(Vec::len).sum());
        of_each().for_each(|references| all.extend(references.iter().map(small)));
        all
    }

    fn complete_lines(&self) -> Option<Vec<Line>> {
        // All of them or none: the room for all is taken at once, which `collect` into an option cannot know.
        let mut lines = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            lines.push(line.complete()?);
        }
        Some(lines)
    }
}

impl PartyDraft<'_> {
    fn complete(&self) -> Option<Party> {
        Some(Party {
            identification: text(&self.identification),
            name: text(&self.name)?,
            street: self.street.as_ref().map(|street| lines(street.value)).unwrap_or_default(),
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
    #[inline]
    fn complete(&self) -> Option<Line> {
        // What must be there comes first, so that nothing half made is ever taken apart.
        let (number, value) = (value(&self.number)?, value(&self.value)?);
        let (hs_code, description) = (self.hs_code.as_ref()?, self.description.as_ref()?);
        let origin = self.origin.as_ref()?;
        Some(Line {
            number,
            hs_code: small(hs_code),
            description: small(description),
            origin: small(origin),
            province: text(&self.province),
            quantity: measure(&self.quantity, &self.quantity_unit),
            value,
            gross_weight: measure(&self.gross_weight, &self.gross_weight_unit),
            permits: texts(&self.permits),
            vehicles: texts(&self.vehicles),
            is_controlled: self.is_controlled.as_ref().is_some_and(|stated| stated.value),
        })
    }
}

#[inline]
fn text(field: &Field<Text<'_>>) -> Option<CompactString> {
    field.as_ref().map(small)
}

#[inline]
fn small(stated: &Stated<Text<'_>>) -> CompactString {
    CompactString::new(stated.value)
}

fn value<T: Copy>(field: &Field<T>) -> Option<T> {
    field.as_ref().map(|stated| stated.value)
}

/// The lines of a text, which mostly is one.
fn lines(text: &str) -> Vec<CompactString> {
    match memchr(b'\n', text.as_bytes()) {
        None if text.is_empty() => Vec::new(),
        None => vec![text.into()],
        Some(_) => text.lines().map(CompactString::new).collect(),
    }
}

#[inline]
fn texts(fields: &[Stated<Text<'_>>]) -> Vec<CompactString> {
    // Nearly all are empty, which is known before a collection is begun.
    if fields.is_empty() { Vec::new() } else { fields.iter().map(small).collect() }
}

#[inline]
fn measure(number: &Field<Decimal>, unit: &Field<Text<'_>>) -> Option<Measure> {
    let (number, unit) = number.as_ref().zip(unit.as_ref())?;
    Some(Measure { value: number.value, unit: small(unit) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_street_has_a_line_for_each_component() {
        for text in ["", "400 PLACE YOUVILLE", "1-2-3 KAIGAN\nMINATO-KU", "A\r\nB\n"] {
            assert!(lines(text).iter().eq(text.lines()), "{text:?}");
        }
    }
}
