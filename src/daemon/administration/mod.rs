//! What stands behind the socket for administration: every request, answered from what is in force and from the record.
//!
//! Start with [`Office`]. What changes something goes through [`Reload`](super::reload::Reload), as SIGHUP does, and is in the
//! record before anybody hears of it. Nothing here decides who may ask.

// What is only looked at.
mod finding;
mod partners;
mod reports;
mod status;

// Who follows.
mod followers;

// What changes something.
mod backup;
mod change;
mod pending;

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::readiness::Ready;
use super::reload::Reload;
use crate::admin::socket::{
    ActView, Administration, Answered, ChangeView, DOCUMENT, OnTheWayTo, Refusal, Reply, Request,
};
use crate::clock::Clock;
use crate::config::Mistake;
use crate::gateway::Gateway;
use crate::identifier::RecordNumber;
use crate::partner::PartnerId;
use crate::record::{Act, Actor};
use crate::store::{EmbeddedStore, Unavailable};
use change::Wanted;

pub(super) use followers::Followers;
pub use pending::PendingTrouble;
pub(super) use pending::{Pending, Settled, settle};

/// Most answers that are counted for one partner.
const WAITING_MAX: usize = 100_000;

/// Whoever answers.
pub(super) struct Office {
    pub(super) gateway: Arc<Gateway<EmbeddedStore>>,
    pub(super) reload: Arc<Reload>,
    pub(super) ready: Ready<EmbeddedStore>,
    pub(super) clock: Arc<dyn Clock>,
    /// When the process began.
    pub(super) started_at: Timestamp,
    /// The doors, with where they are.
    pub(super) listeners: Vec<(&'static str, String)>,
    /// Who takes the journal as it grows.
    pub(super) followers: Arc<Followers>,
    /// When nobody is kept waiting any more.
    pub(super) ended: CancellationToken,
}

impl Administration for Office {
    async fn answer(&self, who: Actor, request: Request, on_the_way: OnTheWayTo) -> Answered {
        let answered = match request {
            Request::Status {} => self.status().await,
            Request::PartnerList {} => self.partners().await,
            Request::PartnerShow { partner } => self.partner(&partner).await,
            Request::PartnerAdd(new) => self.change(who, Wanted::Partner(new)).await,
            Request::PartnerDisable { partner } => self.change(who, Wanted::Disabled(partner, true)).await,
            Request::PartnerEnable { partner } => self.change(who, Wanted::Disabled(partner, false)).await,
            Request::CertificateAdd(new) => self.change(who, Wanted::Certificate(new)).await,
            Request::CertificateDisable(of) => self.change(who, Wanted::CertificateDisabled(of)).await,
            Request::Report(found) => self.reports(found).await,
            Request::Interchange(which) => self.interchange(which).await,
            Request::Audit(since) => self.audit(&since).await,
            Request::Reload {} => self.reload(who).await,
            Request::Backup { directory, verify, progress } => {
                self.backup(who, &directory, verify, progress.then_some(on_the_way)).await
            }
            Request::Journal(from) => return self.journal(from).await.unwrap_or_else(Answered::from),
        };
        answered.unwrap_or_else(|reply| reply).into()
    }
}

impl Office {
    async fn reload(&self, who: Actor) -> Result<Reply, Reply> {
        let (number, act) = self.reload.all_or_nothing(who).await.map_err(|trouble| trouble.reply())?;
        Ok(changed(number, act, Vec::new()))
    }
}

/// What is said of a change that is done.
fn changed(number: RecordNumber, act: Act, cautions: Vec<String>) -> Reply {
    Reply::answer(&ChangeView { document: DOCUMENT, act: shown(number, act), cautions })
}

fn shown(RecordNumber(entry): RecordNumber, act: Act) -> ActView {
    let Act { at, who, deed, subject, before, after } = act;
    ActView { entry, at, who, deed, subject, before, after }
}

fn ill(unavailable: &Unavailable) -> Reply {
    Reply::trouble(unavailable.to_string())
}

fn refused(mistake: &Mistake) -> Reply {
    Reply::Refused(Refusal { what: format!("{} ({})", mistake.what, mistake.place), hint: mistake.hint.clone() })
}

/// The short name that a request means, when it is one.
fn partner_id(text: &str) -> Result<PartnerId, Reply> {
    PartnerId::new(text).ok_or_else(|| {
        let form = format!("lower-case letters, digits and hyphens, at most {}", PartnerId::LENGTH_MAX);
        Reply::refused(format!("{text:?} is no short name of a partner"), form)
    })
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
