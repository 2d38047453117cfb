//! The identifiers of export reporting, one type each, so that mixing two of them does not compile.
//!
//! Start with [`ProofOfReportNumber`]. Each type is checked once, where a text becomes one, and remembers that it was.

mod authorization;
mod business_number;
mod container;
mod proof;
mod reference;

pub use authorization::AuthorizationId;
pub use business_number::{BusinessNumber, BusinessNumberFault};
pub use container::{ContainerFault, ContainerNumber};
pub use proof::{ProofForm, ProofOfReportNumber, ReportingPeriod};
pub use reference::{DeclarationReference, RecordNumber};
