//! The export declaration, typed: what was reported, once syntax and guide are behind us.
//!
//! Start with [`Declaration`]. The data elements are those of an export declaration of the trade; where in a message each
//! stands is the guide's business (see `guide`), and `from_message` is the only place that joins the two.
//! Amounts are decimal, dates are dates, references are their own types.

mod complete;
mod draft;
mod finding;
mod from_message;
pub mod guide;

pub use draft::{Draft, Field, LineDraft, Listed, PartyDraft, Stated, StatedAt, Text, function};
pub use finding::{RuleFinding, SegmentPoint, Severity};

use compact_str::CompactString;
use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::identifier::{AuthorizationId, BusinessNumber, DeclarationReference};

/// One export declaration as its sender stated it.
///
/// Codes (countries, modes, units, packages) are texts here: whether a code is in its list on a date is a rule's
/// business, and an accepted declaration keeps what was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declaration {
    /// The submitter's reference (C106 1004), unique per partner.
    pub reference: DeclarationReference,
    /// The version of it (1056), as sent; 1 when it is not.
    pub version: u32,
    /// What the message does (1225).
    pub function: Function,
    /// Why it is sent when not in the ordinary course, for example during an outage.
    pub submission_reason: Option<CompactString>,
    /// The exporter, with the two numbers it reports under.
    pub exporter: Exporter,
    /// The ultimate consignee.
    pub consignee: Party,
    /// Whether exporter and consignee are related.
    pub parties_are_related: bool,
    /// The customs service provider, when one files.
    pub service_provider: Option<Party>,
    /// The exporting carrier's name.
    pub carrier_name: CompactString,
    /// Bill of lading, air waybill, cargo control number or the carrier's own code.
    pub transport_document: Option<TransportDocument>,
    /// Mode of transport (8067, UN/ECE Recommendation 19).
    pub mode: CompactString,
    /// Vessel name.
    pub vessel: Option<CompactString>,
    /// Voyage, flight, trailer or railcar.
    pub conveyance: Option<CompactString>,
    /// Date of export.
    pub export_date: Date,
    /// Planned moment of loading, from which the time limits are counted when it is stated.
    pub planned_loading: Option<Timestamp>,
    /// Office at the place of exit, four digits.
    pub exit_office: CompactString,
    /// Country of final destination, ISO 3166-1 alpha-2.
    pub destination: CompactString,
    /// Number of packages.
    pub packages: u32,
    /// Kind of packages (7065, UN/ECE Recommendation 21).
    pub package_type: CompactString,
    /// Whether the goods are in containers.
    pub is_containerised: bool,
    /// The containers, 0 to 999.
    pub containers: Vec<CompactString>,
    /// The exporter's references, 0 to 999.
    pub exporter_references: Vec<CompactString>,
    /// Permits, licences and certificates of the whole declaration, 0 to 999.
    pub permits: Vec<CompactString>,
    /// Whether any goods are controlled, prohibited or regulated.
    pub is_controlled: bool,
    /// Currency of the declared values, ISO 4217.
    pub currency: CompactString,
    /// Freight to the place of exit, part of the value.
    #[serde(with = "rust_decimal::serde::str")]
    pub freight: Decimal,
    /// Total gross weight.
    pub gross_weight: Measure,
    /// Total value free on board at the place of exit.
    #[serde(with = "rust_decimal::serde::str")]
    pub total_value: Decimal,
    /// Why goods that were not sold are exported.
    pub reason_for_export: Option<CompactString>,
    /// Length of a lease or rental, in months.
    pub lease_months: Option<u32>,
    /// Who certifies the declaration.
    pub certifier: Certifier,
    /// The commodities, 1 to 999.
    pub lines: Vec<Line>,
}

/// What a message does to a declaration (1225).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Function {
    /// First statement.
    Original,
    /// Correction of what was accepted.
    Amendment,
    /// Withdrawal of what was accepted.
    Void,
}

/// The exporter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exporter {
    /// Business number with programme account.
    pub business_number: BusinessNumber,
    /// Authorization ID, under which proof-of-report numbers are drawn.
    pub authorization_id: AuthorizationId,
    /// Name, address and contact.
    pub party: Party,
}

/// A party with its address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Party {
    /// Identification of a service provider (its business number), when stated.
    pub identification: Option<CompactString>,
    /// Name, joined from its pieces.
    pub name: CompactString,
    /// Street lines.
    pub street: Vec<CompactString>,
    /// City.
    pub city: CompactString,
    /// Province or state.
    pub region: Option<CompactString>,
    /// Postal code.
    pub postal_code: Option<CompactString>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: CompactString,
    /// Name of a contact.
    pub contact: Option<CompactString>,
    /// Telephone of the contact.
    pub telephone: Option<CompactString>,
    /// E-mail of the contact.
    pub email: Option<CompactString>,
}

/// The transport document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransportDocument {
    /// What kind of number it is, as the guide names it.
    pub kind: CompactString,
    /// The number.
    pub number: CompactString,
}

/// Who certifies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Certifier {
    /// Name of the person.
    pub name: CompactString,
    /// Company.
    pub company: Option<CompactString>,
    /// Telephone.
    pub telephone: Option<CompactString>,
    /// Date of certification.
    pub date: Option<Date>,
    /// Place of certification.
    pub place: Option<CompactString>,
}

/// A number with its unit of measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// The number.
    #[serde(with = "rust_decimal::serde::str")]
    pub value: Decimal,
    /// The unit (6411, UN/ECE Recommendation 20).
    pub unit: CompactString,
}

/// One commodity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, from 1.
    pub number: u32,
    /// HS export code, eight digits.
    pub hs_code: CompactString,
    /// Description of the goods.
    pub description: CompactString,
    /// Country of origin, ISO 3166-1 alpha-2.
    pub origin: CompactString,
    /// Province of origin, when the origin is Canada.
    pub province: Option<CompactString>,
    /// Quantity in the unit that the HS code demands.
    pub quantity: Option<Measure>,
    /// Value free on board at the place of exit, in the declaration's currency.
    #[serde(with = "rust_decimal::serde::str")]
    pub value: Decimal,
    /// Gross weight of this commodity.
    pub gross_weight: Option<Measure>,
    /// Permits of this commodity.
    pub permits: Vec<CompactString>,
    /// Vehicle identification numbers.
    pub vehicles: Vec<CompactString>,
    /// Whether this commodity is controlled.
    pub is_controlled: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A party as records have held it since the first one.
    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Recorded {
        identification: Option<String>,
        name: String,
        street: Vec<String>,
        city: String,
        region: Option<String>,
        postal_code: Option<String>,
        country: String,
        contact: Option<String>,
        telephone: Option<String>,
        email: Option<String>,
    }

    /// Texts lie inline or not, which nobody can tell from what is written.
    #[track_caller]
    fn check(text: &str) {
        let of = |text: &str| Party {
            name: text.into(),
            street: vec![text.into(), "".into()],
            region: Some(text.into()),
            ..Party::default()
        };
        let recorded = Recorded {
            identification: None,
            name: text.to_owned(),
            street: vec![text.to_owned(), String::new()],
            city: String::new(),
            region: Some(text.to_owned()),
            postal_code: None,
            country: String::new(),
            contact: None,
            telephone: None,
            email: None,
        };
        let (binary, json) = (postcard::to_stdvec(&recorded).unwrap(), serde_json::to_string(&recorded).unwrap());
        assert_eq!(postcard::to_stdvec(&of(text)).unwrap(), binary);
        assert_eq!(serde_json::to_string(&of(text)).unwrap(), json);
        assert_eq!(postcard::from_bytes::<Party>(&binary), Ok(of(text)));
        assert_eq!(serde_json::from_str::<Party>(&json).unwrap(), of(text));
    }

    #[test]
    fn a_text_is_recorded_as_a_string_is() {
        for length in [0, 1, 23, 24, 25, 35, 512] {
            check(&"A".repeat(length));
        }
        check("É\u{10ffff} \"'\\\n");
    }
}
