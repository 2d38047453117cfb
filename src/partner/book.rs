//! All partners together, found as the doors find them.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Partner, PartnerId};

/// The partners of one configuration: no two share a short name, a certificate or an identity.
///
/// A reload makes a new book. A connection that is open is looked up again with each of its interchanges.
#[derive(Debug, Clone, Default)]
pub struct PartnerBook {
    /// In the order of their short names.
    partners: Vec<Arc<Partner>>,
    by_id: HashMap<PartnerId, Arc<Partner>>,
    by_fingerprint: HashMap<[u8; 32], Arc<Partner>>,
}

/// Two partners that cannot stand in one book.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("partner {second} has {shared} of partner {first}")]
pub struct Clash {
    /// The one that comes first in the order of short names.
    pub first: PartnerId,
    /// The other one.
    pub second: PartnerId,
    /// What both have.
    pub shared: Shared,
}

/// What two partners may not share. Places count from 0 in the second partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Shared {
    /// The short name.
    #[error("the short name")]
    Id,
    /// A certificate: nobody could say who connects.
    #[error("a certificate")]
    Certificate(usize),
    /// An identity (0004, 0007): nobody could say who sends.
    #[error("an identity")]
    Identity(usize),
}

impl PartnerBook {
    /// A book of these partners.
    ///
    /// # Errors
    /// Every [`Clash`] between two of them.
    pub fn new(mut partners: Vec<Partner>) -> Result<Self, Vec<Clash>> {
        partners.sort_by(|one, other| one.id.cmp(&other.id));
        let clashes = clashes(&partners);
        if !clashes.is_empty() {
            return Err(clashes);
        }
        let partners: Vec<_> = partners.into_iter().map(Arc::new).collect();
        let by_id = partners.iter().map(|partner| (partner.id.clone(), Arc::clone(partner))).collect();
        let by_fingerprint = partners
            .iter()
            .flat_map(|partner| partner.certificates.iter().map(move |held| (held.fingerprint, Arc::clone(partner))))
            .collect();
        Ok(Self { partners, by_id, by_fingerprint })
    }

    /// Every partner, in the order of the short names.
    #[must_use]
    pub fn partners(&self) -> &[Arc<Partner>] {
        &self.partners
    }

    /// The partner of this short name.
    #[must_use]
    pub fn find(&self, id: &PartnerId) -> Option<&Arc<Partner>> {
        self.by_id.get(id)
    }

    /// The partner whose certificate has this SHA-256 of its DER, when the certificate is taken at this moment.
    #[must_use]
    pub fn find_by_certificate(&self, fingerprint: &[u8; 32], at: Timestamp) -> Option<&Arc<Partner>> {
        self.find_holder(fingerprint).filter(|partner| {
            partner.certificates.iter().any(|held| held.fingerprint == *fingerprint && held.is_taken_at(at))
        })
    }

    /// The partner whose certificate this is, whether or not it is taken now: it tells a partner that comes too late
    /// from a stranger.
    #[must_use]
    pub fn find_holder(&self, fingerprint: &[u8; 32]) -> Option<&Arc<Partner>> {
        self.by_fingerprint.get(fingerprint)
    }

    /// Whole days until each partner can no longer connect: the one of its certificates that ends last. A partner
    /// without certificates is left out.
    pub fn days_left(&self, at: Timestamp) -> impl Iterator<Item = (&PartnerId, i64)> {
        let last = move |partner: &Partner| partner.certificates.iter().map(|held| held.days_left(at)).max();
        self.partners.iter().filter_map(move |partner| Some((&partner.id, last(partner)?)))
    }
}

/// Every pair that cannot stand in one book. Partners are few and loading is rare, so each is compared with each.
fn clashes(partners: &[Partner]) -> Vec<Clash> {
    let mut clashes = Vec::new();
    for (place, second) in partners.iter().enumerate() {
        for first in partners.iter().take(place) {
            let clash = |shared| Clash { first: first.id.clone(), second: second.id.clone(), shared };
            clashes.extend((first.id == second.id).then(|| clash(Shared::Id)));
            let certificates = second
                .certificates
                .iter()
                .enumerate()
                .filter(|(_, held)| first.certificates.iter().any(|other| other.fingerprint == held.fingerprint));
            clashes.extend(certificates.map(|(index, _)| clash(Shared::Certificate(index))));
            let identities = second.identities.iter().enumerate().filter(|(_, identity)| first.is_known_as(identity));
            clashes.extend(identities.map(|(index, _)| clash(Shared::Identity(index))));
        }
    }
    clashes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edifact::PartyId;
    use crate::language::Language;
    use crate::partner::{Agreement, PartnerCertificate, PartnerKind, PartnerLimits};

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn partner(id: &str, identity: &str, fingerprint: u8) -> Partner {
        let certificate = PartnerCertificate {
            fingerprint: [fingerprint; 32],
            der: Vec::new(),
            from: moment("2026-01-01T00:00:00Z"),
            until: moment("2027-01-01T00:00:00Z"),
        };
        Partner {
            id: PartnerId::new(id).unwrap(),
            name: id.to_owned(),
            kind: PartnerKind::Exporter,
            identities: vec![PartyId { identification: identity.to_owned(), ..PartyId::default() }],
            certificates: vec![certificate],
            authority: Vec::new(),
            language: Language::En,
            agreement: Agreement::default(),
            limits: PartnerLimits::default(),
        }
    }

    fn check(second: Partner, expected: &[&str]) {
        let book = PartnerBook::new(vec![second, partner("birch", "BIRCH", 1)]);
        let said: Vec<_> = book.err().into_iter().flatten().map(|clash| clash.to_string()).collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn partners_with_nothing_in_common_stand_in_one_book() {
        check(partner("maple", "MAPLE", 2), &[]);
    }

    #[test]
    fn two_partners_cannot_share_a_certificate() {
        check(partner("maple", "MAPLE", 1), &["partner maple has a certificate of partner birch"]);
    }

    #[test]
    fn two_partners_cannot_share_an_identity() {
        check(partner("maple", "BIRCH", 2), &["partner maple has an identity of partner birch"]);
    }

    #[test]
    fn the_qualifier_makes_another_identity() {
        let mut maple = partner("maple", "BIRCH", 2);
        maple.identities[0].qualifier = Some("ZZ".to_owned());
        check(maple, &[]);
    }

    #[test]
    fn every_clash_is_said() {
        let expected = ["the short name", "a certificate", "an identity"];
        check(
            partner("birch", "BIRCH", 1),
            &expected.map(|what| format!("partner birch has {what} of partner birch")).each_ref().map(String::as_str),
        );
    }

    #[test]
    fn a_certificate_is_taken_from_its_first_moment_to_just_before_its_last() {
        let book = PartnerBook::new(vec![partner("birch", "BIRCH", 1)]).unwrap();
        let find = |at| book.find_by_certificate(&[1; 32], moment(at)).is_some();
        assert!(!find("2025-12-31T23:59:59.999999999Z"));
        assert!(find("2026-01-01T00:00:00Z"));
        assert!(find("2026-12-31T23:59:59.999999999Z"));
        assert!(!find("2027-01-01T00:00:00Z"));
    }

    #[test]
    fn one_that_comes_too_late_is_no_stranger() {
        let book = PartnerBook::new(vec![partner("birch", "BIRCH", 1)]).unwrap();
        assert!(book.find_holder(&[1; 32]).is_some_and(|partner| partner.id.as_str() == "birch"));
        assert!(book.find_holder(&[2; 32]).is_none());
    }

    #[test]
    fn the_certificate_that_ends_last_says_how_many_days_are_left() {
        let mut birch = partner("birch", "BIRCH", 1);
        let later = PartnerCertificate { until: moment("2027-02-01T00:00:00Z"), ..birch.certificates[0].clone() };
        birch.certificates.push(later);
        let book = PartnerBook::new(vec![birch]).unwrap();
        let left = |at| book.days_left(moment(at)).map(|(_, days)| days).collect::<Vec<_>>();
        assert_eq!(left("2027-01-30T23:00:00Z"), [1]);
        assert_eq!(left("2027-02-01T00:00:01Z"), [-1]);
    }

    #[test]
    fn a_partner_is_found_by_its_short_name() {
        let book = PartnerBook::new(vec![partner("maple", "MAPLE", 2), partner("birch", "BIRCH", 1)]).unwrap();
        assert!(book.find(&PartnerId::new("maple").unwrap()).is_some());
        assert_eq!(book.partners()[0].id.as_str(), "birch");
    }
}
