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

#[cfg(test)]
mod tests {
    use serde::{Serialize, de::DeserializeOwned};

    use super::*;

    #[track_caller]
    fn check<T: Serialize + DeserializeOwned + PartialEq>(identifier: &T, text: &str) {
        let recorded = postcard::to_stdvec(text).unwrap();
        assert_eq!(postcard::to_stdvec(identifier).unwrap(), recorded);
        assert!(postcard::from_bytes::<T>(&recorded).is_ok_and(|found| found == *identifier));
        let written = serde_json::to_string(text).unwrap();
        assert_eq!(serde_json::to_string(identifier).unwrap(), written);
        assert!(serde_json::from_str::<T>(&written).is_ok_and(|found| found == *identifier));
    }

    #[test]
    fn each_is_recorded_as_its_text() {
        check(&"AB1234".parse::<AuthorizationId>().unwrap(), "AB1234");
        check(&"123456782RM0001".parse::<BusinessNumber>().unwrap(), "123456782RM0001");
        check(&"CSQU3054383".parse::<ContainerNumber>().unwrap(), "CSQU3054383");
        check(&DeclarationReference("ACME-2026-000417-OF-THE-THIRTIETH".into()), "ACME-2026-000417-OF-THE-THIRTIETH");
        check(&ProofForm::Cers.period(jiff::civil::date(2026, 11, 21)), "20261121");
    }
}
