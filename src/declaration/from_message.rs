//! Which data element of a declaration is which field: the one place that joins the guide's names with the types.
//!
//! The table below is all there is. Positions and qualifiers stand in the guide; this file knows none.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::draft::{Draft, LineDraft, Stated, Text};

/// Where a value of an element goes, which also says what kind of value it must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sink {
    /// A text of the header.
    Text(for<'a> fn(&mut Draft<'a>, Stated<Text<'a>>)),
    /// A whole number of the header.
    Whole(fn(&mut Draft<'_>, Stated<u32>)),
    /// An amount or weight of the header.
    Amount(fn(&mut Draft<'_>, Stated<Decimal>)),
    /// A date of the header.
    Date(fn(&mut Draft<'_>, Stated<Date>)),
    /// A moment of the header.
    Moment(fn(&mut Draft<'_>, Stated<Timestamp>)),
    /// A yes or no of the header.
    Flag(fn(&mut Draft<'_>, Stated<bool>)),
    /// A text of a line.
    LineText(for<'a> fn(&mut LineDraft<'a>, Stated<Text<'a>>)),
    /// A whole number of a line.
    LineWhole(fn(&mut LineDraft<'_>, Stated<u32>)),
    /// An amount, weight or quantity of a line.
    LineAmount(fn(&mut LineDraft<'_>, Stated<Decimal>)),
    /// A yes or no of a line.
    LineFlag(fn(&mut LineDraft<'_>, Stated<bool>)),
}

impl Sink {
    /// Whether it belongs to a line.
    pub(super) fn is_of_line(self) -> bool {
        matches!(self, Self::LineText(_) | Self::LineWhole(_) | Self::LineAmount(_) | Self::LineFlag(_))
    }
}

/// Every data element that a guide can place. The second column says whether a guide must.
pub(super) const ELEMENTS: &[(&str, bool, Sink)] = &[
    ("document", true, Sink::Text(|draft, stated| draft.document = Some(stated))),
    ("reference", true, Sink::Text(|draft, stated| draft.reference = Some(stated))),
    ("version", false, Sink::Whole(|draft, stated| draft.version = Some(stated))),
    ("function", true, Sink::Text(|draft, stated| draft.function = Some(stated))),
    ("submission_reason", false, Sink::Text(|draft, stated| draft.submission_reason = Some(stated))),
    ("business_number", true, Sink::Text(|draft, stated| draft.business_number = Some(stated))),
    ("authorization_id", true, Sink::Text(|draft, stated| draft.authorization_id = Some(stated))),
    ("exporter_name", true, Sink::Text(|draft, stated| draft.exporter.name = Some(stated))),
    ("exporter_street", false, Sink::Text(|draft, stated| draft.exporter.street = Some(stated))),
    ("exporter_city", false, Sink::Text(|draft, stated| draft.exporter.city = Some(stated))),
    ("exporter_region", false, Sink::Text(|draft, stated| draft.exporter.region = Some(stated))),
    ("exporter_postal_code", false, Sink::Text(|draft, stated| draft.exporter.postal_code = Some(stated))),
    ("exporter_country", false, Sink::Text(|draft, stated| draft.exporter.country = Some(stated))),
    ("exporter_contact", false, Sink::Text(|draft, stated| draft.exporter.contact = Some(stated))),
    ("exporter_telephone", false, Sink::Text(|draft, stated| draft.exporter.telephone = Some(stated))),
    ("exporter_email", false, Sink::Text(|draft, stated| draft.exporter.email = Some(stated))),
    ("consignee_name", true, Sink::Text(|draft, stated| draft.consignee.name = Some(stated))),
    ("consignee_street", false, Sink::Text(|draft, stated| draft.consignee.street = Some(stated))),
    ("consignee_city", false, Sink::Text(|draft, stated| draft.consignee.city = Some(stated))),
    ("consignee_region", false, Sink::Text(|draft, stated| draft.consignee.region = Some(stated))),
    ("consignee_postal_code", false, Sink::Text(|draft, stated| draft.consignee.postal_code = Some(stated))),
    ("consignee_country", false, Sink::Text(|draft, stated| draft.consignee.country = Some(stated))),
    ("provider_number", false, Sink::Text(|draft, stated| draft.service_provider.identification = Some(stated))),
    ("provider_name", false, Sink::Text(|draft, stated| draft.service_provider.name = Some(stated))),
    ("provider_street", false, Sink::Text(|draft, stated| draft.service_provider.street = Some(stated))),
    ("provider_city", false, Sink::Text(|draft, stated| draft.service_provider.city = Some(stated))),
    ("provider_region", false, Sink::Text(|draft, stated| draft.service_provider.region = Some(stated))),
    ("provider_postal_code", false, Sink::Text(|draft, stated| draft.service_provider.postal_code = Some(stated))),
    ("provider_country", false, Sink::Text(|draft, stated| draft.service_provider.country = Some(stated))),
    ("provider_contact", false, Sink::Text(|draft, stated| draft.service_provider.contact = Some(stated))),
    ("provider_telephone", false, Sink::Text(|draft, stated| draft.service_provider.telephone = Some(stated))),
    ("provider_email", false, Sink::Text(|draft, stated| draft.service_provider.email = Some(stated))),
    ("parties_are_related", true, Sink::Flag(|draft, stated| draft.parties_are_related = Some(stated))),
    ("carrier_name", true, Sink::Text(|draft, stated| draft.carrier_name = Some(stated))),
    ("transport_document_kind", false, Sink::Text(|draft, stated| draft.transport_document_kind = Some(stated))),
    ("transport_document", false, Sink::Text(|draft, stated| draft.transport_document = Some(stated))),
    ("mode", true, Sink::Text(|draft, stated| draft.mode = Some(stated))),
    ("vessel", false, Sink::Text(|draft, stated| draft.vessel = Some(stated))),
    ("conveyance", false, Sink::Text(|draft, stated| draft.conveyance = Some(stated))),
    ("export_date", true, Sink::Date(|draft, stated| draft.export_date = Some(stated))),
    ("planned_loading", false, Sink::Moment(|draft, stated| draft.planned_loading = Some(stated))),
    ("exit_office", true, Sink::Text(|draft, stated| draft.exit_office = Some(stated))),
    ("destination", true, Sink::Text(|draft, stated| draft.destination = Some(stated))),
    ("packages", true, Sink::Whole(|draft, stated| draft.packages = Some(stated))),
    ("package_type", true, Sink::Text(|draft, stated| draft.package_type = Some(stated))),
    ("is_containerised", true, Sink::Flag(|draft, stated| draft.is_containerised = Some(stated))),
    ("containers", false, Sink::Text(|draft, stated| draft.containers.push(stated))),
    ("exporter_references", false, Sink::Text(|draft, stated| draft.exporter_references.push(stated))),
    ("permits", false, Sink::Text(|draft, stated| draft.permits.push(stated))),
    ("is_controlled", false, Sink::Flag(|draft, stated| draft.is_controlled = Some(stated))),
    ("currency", true, Sink::Text(|draft, stated| draft.currency = Some(stated))),
    ("freight", true, Sink::Amount(|draft, stated| draft.freight = Some(stated))),
    ("freight_currency", false, Sink::Text(|draft, stated| draft.freight_currency = Some(stated))),
    ("gross_weight", true, Sink::Amount(|draft, stated| draft.gross_weight = Some(stated))),
    ("gross_weight_unit", true, Sink::Text(|draft, stated| draft.gross_weight_unit = Some(stated))),
    ("total_value", true, Sink::Amount(|draft, stated| draft.total_value = Some(stated))),
    ("reason_for_export", false, Sink::Text(|draft, stated| draft.reason_for_export = Some(stated))),
    ("lease_months", false, Sink::Whole(|draft, stated| draft.lease_months = Some(stated))),
    ("certifier_name", true, Sink::Text(|draft, stated| draft.certifier_name = Some(stated))),
    ("certifier_company", false, Sink::Text(|draft, stated| draft.certifier_company = Some(stated))),
    ("certifier_telephone", false, Sink::Text(|draft, stated| draft.certifier_telephone = Some(stated))),
    ("certification_date", false, Sink::Date(|draft, stated| draft.certification_date = Some(stated))),
    ("certification_place", false, Sink::Text(|draft, stated| draft.certification_place = Some(stated))),
    ("line_count", false, Sink::Whole(|draft, stated| draft.line_count = Some(stated))),
    ("package_count", false, Sink::Whole(|draft, stated| draft.package_count = Some(stated))),
    ("line_number", true, Sink::LineWhole(|line, stated| line.number = Some(stated))),
    ("hs_code", true, Sink::LineText(|line, stated| line.hs_code = Some(stated))),
    ("description", true, Sink::LineText(|line, stated| line.description = Some(stated))),
    ("origin", true, Sink::LineText(|line, stated| line.origin = Some(stated))),
    ("province", false, Sink::LineText(|line, stated| line.province = Some(stated))),
    ("quantity", false, Sink::LineAmount(|line, stated| line.quantity = Some(stated))),
    ("quantity_unit", false, Sink::LineText(|line, stated| line.quantity_unit = Some(stated))),
    ("value", true, Sink::LineAmount(|line, stated| line.value = Some(stated))),
    ("value_currency", false, Sink::LineText(|line, stated| line.currency = Some(stated))),
    ("line_weight", false, Sink::LineAmount(|line, stated| line.gross_weight = Some(stated))),
    ("line_weight_unit", false, Sink::LineText(|line, stated| line.gross_weight_unit = Some(stated))),
    ("line_permits", false, Sink::LineText(|line, stated| line.permits.push(stated))),
    ("line_references", false, Sink::LineText(|line, stated| line.references.push(stated))),
    ("vehicles", false, Sink::LineText(|line, stated| line.vehicles.push(stated))),
    ("line_is_controlled", false, Sink::LineFlag(|line, stated| line.is_controlled = Some(stated))),
];
