//! Changes of partners: judged as a whole before anything is on the disk, then in the record, then in their files, then in
//! force.

use super::{Office, changed, refused};
use crate::admin::socket::{CertificateOf, Reply};
use crate::config::{Edit, Loaded, Mistake};
use crate::partner::{NewCertificate, NewPartner};
use crate::record::{Actor, Deed};
use jiff::Timestamp;

/// What somebody wants to change.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// A partner more.
    Partner(NewPartner),
    /// A partner that is disabled, or is no longer.
    Disabled(String, bool),
    /// A certificate more.
    Certificate(NewCertificate),
    /// A certificate less.
    CertificateDisabled(CertificateOf),
}

impl Wanted {
    /// The files as they would be.
    fn edit(&self, loaded: &Loaded, now: Timestamp) -> Result<Edit, Mistake> {
        match self {
            Self::Partner(new) => loaded.adding(new, now),
            Self::Disabled(partner, is_disabled) => loaded.disabling(partner, *is_disabled),
            Self::Certificate(new) => loaded.adding_certificate(new, now),
            Self::CertificateDisabled(of) => loaded.disabling_certificate(&of.partner, &of.certificate, now),
        }
    }

    fn deed(&self) -> Deed {
        match self {
            Self::Partner(_) => Deed::PartnerAdded,
            Self::Disabled(_, true) => Deed::PartnerDisabled,
            Self::Disabled(_, false) => Deed::PartnerEnabled,
            Self::Certificate(_) => Deed::CertificateAdded,
            Self::CertificateDisabled(_) => Deed::CertificateDisabled,
        }
    }

    fn partner(&self) -> &str {
        match self {
            Self::Partner(new) => &new.partner,
            Self::Disabled(partner, _) => partner,
            Self::Certificate(new) => &new.partner,
            Self::CertificateDisabled(of) => &of.partner,
        }
    }
}

impl Office {
    pub(super) async fn change(&self, who: Actor, wanted: Wanted) -> Result<Reply, Reply> {
        let (deed, partner) = (wanted.deed(), wanted.partner().to_owned());
        let edit = move |loaded: &Loaded, now| wanted.edit(loaded, now).map_err(|mistake| refused(&mistake));
        let (number, act, cautions) = self.reload.change(who, (deed, partner), edit).await?;
        Ok(changed(number, act, cautions))
    }
}
