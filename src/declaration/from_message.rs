//! Which data element of a declaration is which field: the one place that joins the guide's names with the types.
//!
//! The table below is all there is. Positions and qualifiers stand in the guide; this file knows none.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::draft::{Draft, Field, LineDraft, Stated, Text};

/// Where a value of an element goes, which also says what kind of value it must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sink {
    /// A text of the header.
    Text(for<'d, 'a> fn(&'d mut Draft<'a>) -> &'d mut Field<Text<'a>>),
    /// One of several texts of the header.
    Texts(for<'d, 'a> fn(&'d mut Draft<'a>) -> &'d mut Vec<Stated<Text<'a>>>),
    /// A whole number of the header.
    Whole(for<'d> fn(&'d mut Draft<'_>) -> &'d mut Field<u32>),
    /// An amount or weight of the header.
    Amount(for<'d> fn(&'d mut Draft<'_>) -> &'d mut Field<Decimal>),
    /// A date of the header.
    Date(for<'d> fn(&'d mut Draft<'_>) -> &'d mut Field<Date>),
    /// A moment of the header.
    Moment(for<'d> fn(&'d mut Draft<'_>) -> &'d mut Field<Timestamp>),
    /// A yes or no of the header.
    Flag(for<'d> fn(&'d mut Draft<'_>) -> &'d mut Field<bool>),
    /// A text of a line.
    LineText(for<'d, 'a> fn(&'d mut LineDraft<'a>) -> &'d mut Field<Text<'a>>),
    /// One of several texts of a line.
    LineTexts(for<'d, 'a> fn(&'d mut LineDraft<'a>) -> &'d mut Vec<Stated<Text<'a>>>),
    /// A whole number of a line.
    LineWhole(for<'d> fn(&'d mut LineDraft<'_>) -> &'d mut Field<u32>),
    /// An amount, weight or quantity of a line.
    LineAmount(for<'d> fn(&'d mut LineDraft<'_>) -> &'d mut Field<Decimal>),
    /// A yes or no of a line.
    LineFlag(for<'d> fn(&'d mut LineDraft<'_>) -> &'d mut Field<bool>),
}

impl Sink {
    /// Whether it belongs to a line.
    pub(super) fn is_of_line(self) -> bool {
        match self {
            Self::LineText(_) | Self::LineTexts(_) | Self::LineWhole(_) | Self::LineAmount(_) | Self::LineFlag(_) => {
                true
            }
            Self::Text(_)
            | Self::Texts(_)
            | Self::Whole(_)
            | Self::Amount(_)
            | Self::Date(_)
            | Self::Moment(_)
            | Self::Flag(_) => false,
        }
    }
}

/// Every data element that a guide can place. The second column says whether a guide must.
pub(super) const ELEMENTS: &[(&str, bool, Sink)] = &[
    ("document", true, Sink::Text(|draft| &mut draft.document)),
    ("reference", true, Sink::Text(|draft| &mut draft.reference)),
    ("version", false, Sink::Whole(|draft| &mut draft.version)),
    ("function", true, Sink::Text(|draft| &mut draft.function)),
    ("submission_reason", false, Sink::Text(|draft| &mut draft.submission_reason)),
    ("business_number", true, Sink::Text(|draft| &mut draft.business_number)),
    ("authorization_id", true, Sink::Text(|draft| &mut draft.authorization_id)),
    ("exporter_name", true, Sink::Text(|draft| &mut draft.exporter.name)),
    ("exporter_street", false, Sink::Text(|draft| &mut draft.exporter.street)),
    ("exporter_city", false, Sink::Text(|draft| &mut draft.exporter.city)),
    ("exporter_region", false, Sink::Text(|draft| &mut draft.exporter.region)),
    ("exporter_postal_code", false, Sink::Text(|draft| &mut draft.exporter.postal_code)),
    ("exporter_country", false, Sink::Text(|draft| &mut draft.exporter.country)),
    ("exporter_contact", false, Sink::Text(|draft| &mut draft.exporter.contact)),
    ("exporter_telephone", false, Sink::Text(|draft| &mut draft.exporter.telephone)),
    ("exporter_email", false, Sink::Text(|draft| &mut draft.exporter.email)),
    ("consignee_name", true, Sink::Text(|draft| &mut draft.consignee.name)),
    ("consignee_street", false, Sink::Text(|draft| &mut draft.consignee.street)),
    ("consignee_city", false, Sink::Text(|draft| &mut draft.consignee.city)),
    ("consignee_region", false, Sink::Text(|draft| &mut draft.consignee.region)),
    ("consignee_postal_code", false, Sink::Text(|draft| &mut draft.consignee.postal_code)),
    ("consignee_country", false, Sink::Text(|draft| &mut draft.consignee.country)),
    ("provider_number", false, Sink::Text(|draft| &mut draft.service_provider.identification)),
    ("provider_name", false, Sink::Text(|draft| &mut draft.service_provider.name)),
    ("provider_street", false, Sink::Text(|draft| &mut draft.service_provider.street)),
    ("provider_city", false, Sink::Text(|draft| &mut draft.service_provider.city)),
    ("provider_region", false, Sink::Text(|draft| &mut draft.service_provider.region)),
    ("provider_postal_code", false, Sink::Text(|draft| &mut draft.service_provider.postal_code)),
    ("provider_country", false, Sink::Text(|draft| &mut draft.service_provider.country)),
    ("provider_contact", false, Sink::Text(|draft| &mut draft.service_provider.contact)),
    ("provider_telephone", false, Sink::Text(|draft| &mut draft.service_provider.telephone)),
    ("provider_email", false, Sink::Text(|draft| &mut draft.service_provider.email)),
    ("parties_are_related", true, Sink::Flag(|draft| &mut draft.parties_are_related)),
    ("carrier_name", true, Sink::Text(|draft| &mut draft.carrier_name)),
    ("transport_document_kind", false, Sink::Text(|draft| &mut draft.transport_document_kind)),
    ("transport_document", false, Sink::Text(|draft| &mut draft.transport_document)),
    ("mode", true, Sink::Text(|draft| &mut draft.mode)),
    ("vessel", false, Sink::Text(|draft| &mut draft.vessel)),
    ("conveyance", false, Sink::Text(|draft| &mut draft.conveyance)),
    ("export_date", true, Sink::Date(|draft| &mut draft.export_date)),
    ("planned_loading", false, Sink::Moment(|draft| &mut draft.planned_loading)),
    ("exit_office", true, Sink::Text(|draft| &mut draft.exit_office)),
    ("destination", true, Sink::Text(|draft| &mut draft.destination)),
    ("packages", true, Sink::Whole(|draft| &mut draft.packages)),
    ("package_type", true, Sink::Text(|draft| &mut draft.package_type)),
    ("is_containerised", true, Sink::Flag(|draft| &mut draft.is_containerised)),
    ("containers", false, Sink::Texts(|draft| &mut draft.containers)),
    ("exporter_references", false, Sink::Texts(|draft| &mut draft.exporter_references)),
    ("permits", false, Sink::Texts(|draft| &mut draft.permits)),
    ("is_controlled", false, Sink::Flag(|draft| &mut draft.is_controlled)),
    ("currency", true, Sink::Text(|draft| &mut draft.currency)),
    ("freight", true, Sink::Amount(|draft| &mut draft.freight)),
    ("freight_currency", false, Sink::Text(|draft| &mut draft.freight_currency)),
    ("gross_weight", true, Sink::Amount(|draft| &mut draft.gross_weight)),
    ("gross_weight_unit", true, Sink::Text(|draft| &mut draft.gross_weight_unit)),
    ("total_value", true, Sink::Amount(|draft| &mut draft.total_value)),
    ("reason_for_export", false, Sink::Text(|draft| &mut draft.reason_for_export)),
    ("lease_months", false, Sink::Whole(|draft| &mut draft.lease_months)),
    ("certifier_name", true, Sink::Text(|draft| &mut draft.certifier_name)),
    ("certifier_company", false, Sink::Text(|draft| &mut draft.certifier_company)),
    ("certifier_telephone", false, Sink::Text(|draft| &mut draft.certifier_telephone)),
    ("certification_date", false, Sink::Date(|draft| &mut draft.certification_date)),
    ("certification_place", false, Sink::Text(|draft| &mut draft.certification_place)),
    ("line_count", false, Sink::Whole(|draft| &mut draft.line_count)),
    ("package_count", false, Sink::Whole(|draft| &mut draft.package_count)),
    ("line_number", true, Sink::LineWhole(|line| &mut line.number)),
    ("hs_code", true, Sink::LineText(|line| &mut line.hs_code)),
    ("description", true, Sink::LineText(|line| &mut line.description)),
    ("origin", true, Sink::LineText(|line| &mut line.origin)),
    ("province", false, Sink::LineText(|line| &mut line.province)),
    ("quantity", false, Sink::LineAmount(|line| &mut line.quantity)),
    ("quantity_unit", false, Sink::LineText(|line| &mut line.quantity_unit)),
    ("value", true, Sink::LineAmount(|line| &mut line.value)),
    ("value_currency", false, Sink::LineText(|line| &mut line.currency)),
    ("line_weight", false, Sink::LineAmount(|line| &mut line.gross_weight)),
    ("line_weight_unit", false, Sink::LineText(|line| &mut line.gross_weight_unit)),
    ("line_permits", false, Sink::LineTexts(|line| &mut line.permits)),
    ("line_references", false, Sink::LineTexts(|line| &mut line.references)),
    ("vehicles", false, Sink::LineTexts(|line| &mut line.vehicles)),
    ("line_is_controlled", false, Sink::LineFlag(|line| &mut line.is_controlled)),
];
