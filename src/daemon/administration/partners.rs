//! Who the partners are, as they are in force.

use super::{Office, count, partner_id, refused};
use crate::admin::socket::{
    AuthorityView, CertificateView, DOCUMENT, IdentityView, PartnerLine, PartnerListView, PartnerView, Reply,
};
use crate::config::Dossier;
use crate::edifact::PartyId;
use crate::language::Language;
use crate::partner::PartnerKind;

impl Office {
    pub(super) async fn partners(&self) -> Result<Reply, Reply> {
        let loaded = self.reload.in_force();
        let mut partners = Vec::new();
        for dossier in &loaded.dossiers {
            partners.push(self.line(dossier).await?);
        }
        Ok(Reply::answer(&PartnerListView { document: DOCUMENT, partners }))
    }

    pub(super) async fn partner(&self, partner: &str) -> Result<Reply, Reply> {
        let loaded = self.reload.in_force();
        let dossier = loaded.dossier(partner_id(partner)?.as_str()).map_err(|mistake| refused(&mistake))?;
        let Dossier { partner, path, .. } = dossier;
        let now = self.clock.now();
        let certificates = dossier.held().map(|(certificate, held)| CertificateView {
            fingerprint: certificate.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect(),
            file: held.file.display().to_string(),
            from: certificate.from,
            until: certificate.until,
            days_left: certificate.days_left(now),
            is_disabled: held.is_disabled,
        });
        let authority = partner.authority.iter().map(|pair| AuthorityView {
            authorization_id: pair.authorization_id.to_string(),
            business_number: pair.business_number.to_string(),
        });
        Ok(Reply::answer(&PartnerView {
            document: DOCUMENT,
            line: self.line(dossier).await?,
            language: match partner.language {
                Language::En => "en".to_owned(),
                Language::Fr => "fr".to_owned(),
            },
            path: path.display().to_string(),
            identities: partner.identities.iter().map(identity).collect(),
            certificates_held: certificates.collect(),
            authority: authority.collect(),
            interchanges_per_minute_max: partner.limits.interchanges_per_minute_max.map(u64::from),
            interchange_bytes_max: partner.limits.interchange_bytes_max.map(count),
            connections_max: partner.limits.connections_max.map(count),
            agreement: partner.agreement.identifier.clone(),
        }))
    }

    async fn line(&self, dossier: &Dossier) -> Result<PartnerLine, Reply> {
        let Dossier { partner, is_disabled, .. } = dossier;
        let now = self.clock.now();
        let taken = || dossier.held().filter(|(_, held)| !held.is_disabled);
        let open = self.connections().into_iter().find(|open| open.partner == partner.id.as_str());
        Ok(PartnerLine {
            partner: partner.id.to_string(),
            name: partner.name.clone(),
            kind: match partner.kind {
                PartnerKind::Exporter => "exporter".to_owned(),
                PartnerKind::ServiceProvider => "service-provider".to_owned(),
                PartnerKind::Carrier => "carrier".to_owned(),
            },
            is_disabled: *is_disabled,
            certificates: count(taken().count()),
            days_left: taken().map(|(certificate, _)| certificate.days_left(now)).max(),
            connections: open.map_or(0, |open| open.connections),
            waiting: self.waiting(&partner.id).await?,
        })
    }
}

pub(super) fn identity(party: &PartyId) -> IdentityView {
    IdentityView { identification: party.identification.clone(), qualifier: party.qualifier.clone() }
}
