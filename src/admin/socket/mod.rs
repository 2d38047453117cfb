//! Administration over a Unix socket: one request, one answer, as lines of JSON; the journal follows its line as it is.
//!
//! Start with [`Socket`], the door, and [`Administration`], whoever answers behind it; [`ask`] is the other end. Who comes is
//! told by the kernel, never by the request. The door knows who may come and how long anything may be; what a request means
//! is not its business. `docs/administration.md` describes what goes over it.

// What is asked and answered.
mod request;
mod text;
mod view;

// Where the socket is, and who may come.
mod place;
mod user;

// Both ends of it.
mod ask;
mod door;

pub use ask::{AskTrouble, ask, ask_for_bytes, ask_watching};
pub use door::{Administration, OnTheWayTo, Socket, SocketClaim};
pub use place::SocketTrouble;
pub use request::{
    Answered, CertificateOf, Found, JournalFrom, PROTOCOL, Reached, Refusal, Reply, Request, Since, Which,
};
pub use text::{bytes_of, text_of};
pub use user::{Users, name_of, own_user};
pub use view::{
    ActView, AnswerView, AuditView, AuthorityView, BackedUpView, BackupView, CertificateView, ChangeView, CheckView,
    CodeListView, ConnectionsView, DOCUMENT, EndingView, FindingView, FollowerView, IdentityView, InterchangeView,
    ListenerView, PartnerLine, PartnerListView, PartnerView, ReportListView, ReportView, StatusView, StoreView,
    VerdictView, VersionView, WaitingView,
};
