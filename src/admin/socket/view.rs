//! What is answered: documents that commands show as tables, and print as they are with `--json`.
//!
//! Every document has a number, `document`: keys may be added under the same number, none is taken away or given another
//! meaning. Every key is always there; what does not apply is `null`.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::record::{Actor, Deed};
use crate::store::BackupReport;

/// The number of all documents of this version.
pub const DOCUMENT: u32 = 1;

/// How a gateway is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// The number of this description.
    pub document: u32,
    /// The version of the program.
    pub version: String,
    /// The process.
    pub process_id: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long ago that was, in seconds.
    pub uptime_seconds: i64,
    /// Whether it takes interchanges.
    pub is_ready: bool,
    /// Every check of that.
    pub checks: Vec<CheckView>,
    /// Where it listens.
    pub listeners: Vec<ListenerView>,
    /// Partners with connections, and how many.
    pub connections: Vec<ConnectionsView>,
    /// The record.
    pub store: StoreView,
    /// Standbys that were heard since the start.
    pub followers: Vec<FollowerView>,
    /// Partners for whom answers wait, and how many.
    pub waiting: Vec<WaitingView>,
    /// Certificates that ended or end within 30 days.
    pub certificates_ending: Vec<EndingView>,
    /// Partners without a certificate, who cannot connect.
    pub certificates_missing: Vec<String>,
    /// Messages that have a grammar.
    pub grammars: Vec<String>,
    /// Messages that a guide makes declarations.
    pub guides: Vec<String>,
    /// The code lists.
    pub code_lists: Vec<CodeListView>,
}

/// One check of readiness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// What is checked.
    pub name: String,
    /// Whether it is as it has to be.
    pub is_ready: bool,
    /// Why not, when it is not.
    pub reason: Option<String>,
}

/// A door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerView {
    /// Its name.
    pub door: String,
    /// Where it is.
    pub address: String,
}

/// How many connections a partner has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionsView {
    /// Its short name.
    pub partner: String,
    /// How many.
    pub connections: u64,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreView {
    /// Where it is.
    pub directory: String,
    /// The last entry on stable storage.
    pub last_entry: u64,
    /// Entries that the state has not taken over yet.
    pub lag: u64,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// What the archive takes, in bytes; 0 when there is none.
    pub archive_bytes: u64,
    /// Bytes of the state.
    pub state_bytes: u64,
    /// Bytes of states that were moved aside.
    pub aside_bytes: u64,
    /// The last backup that ended well; none when none is known.
    pub backed_up: Option<BackedUpView>,
}

/// A backup that ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUpView {
    /// When it was made.
    pub made_at: Timestamp,
    /// Entries in it.
    pub entries: u64,
}

/// How far a standby is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowerView {
    /// The name that it gives itself.
    pub follower: String,
    /// The last entry that it has on stable storage.
    pub last_entry: u64,
    /// How many entries it lacks.
    pub behind: u64,
    /// How long ago it was last known to have everything, in milliseconds; 0 when it has.
    pub lag_milliseconds: u64,
    /// When it was last heard.
    pub heard_at: Timestamp,
}

/// How many answers wait for a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingView {
    /// Its short name.
    pub partner: String,
    /// How many, as far as they are counted.
    pub answers: u64,
    /// Whether there are more.
    pub are_more: bool,
}

/// When a certificate ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndingView {
    /// The short name of the partner; none for the gateway itself.
    pub partner: Option<String>,
    /// First moment at which it is no longer taken.
    pub until: Timestamp,
    /// Whole days until then; negative once it ended.
    pub days_left: i64,
}

/// A code list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeListView {
    /// Its name.
    pub name: String,
    /// How many codes it has.
    pub codes: u64,
    /// Whether it is a sample.
    pub is_sample: bool,
}

/// Who the partners are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerListView {
    /// The number of this description.
    pub document: u32,
    /// In the order of the short names.
    pub partners: Vec<PartnerLine>,
}

/// A partner in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerLine {
    /// The short name.
    pub partner: String,
    /// The name for people.
    pub name: String,
    /// What it is in the trade.
    pub kind: String,
    /// Whether it is not let in.
    pub is_disabled: bool,
    /// Certificates that are not disabled.
    pub certificates: u64,
    /// Whole days until the last of them ends; none without one.
    pub days_left: Option<i64>,
    /// Connections at this moment.
    pub connections: u64,
    /// Answers that wait.
    pub waiting: WaitingView,
}

/// What is known of a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerView {
    /// The number of this description.
    pub document: u32,
    /// What a list says of it.
    #[serde(flatten)]
    pub line: PartnerLine,
    /// The language of its answers.
    pub language: String,
    /// Its file.
    pub path: String,
    /// Under which identities it may send.
    pub identities: Vec<IdentityView>,
    /// Its certificates, disabled ones too.
    pub certificates_held: Vec<CertificateView>,
    /// For whom it may file.
    pub authority: Vec<AuthorityView>,
    /// Its own limits; none where the gateway's counts.
    pub interchanges_per_minute_max: Option<u64>,
    /// See above.
    pub interchange_bytes_max: Option<u64>,
    /// See above.
    pub connections_max: Option<u64>,
    /// The interchange agreement (0032); none when what is named is not compared.
    pub agreement: Option<String>,
}

/// An identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityView {
    /// 0004
    pub identification: String,
    /// 0007
    pub qualifier: Option<String>,
}

/// A certificate of a partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateView {
    /// SHA-256 of the DER, in hexadecimal digits.
    pub fingerprint: String,
    /// Its file, as the partner's file names it.
    pub file: String,
    /// First moment at which it is taken.
    pub from: Timestamp,
    /// First moment at which it is no longer taken.
    pub until: Timestamp,
    /// Whole days until then; negative once it ended.
    pub days_left: i64,
    /// Whether it is not taken.
    pub is_disabled: bool,
}

/// An exporter that a partner may file for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityView {
    /// The exporter's authorization ID.
    pub authorization_id: String,
    /// The exporter's business number.
    pub business_number: String,
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// The number of this description.
    pub document: u32,
    /// The act, as it stands in the record.
    pub act: ActView,
    /// What deserves a look.
    pub cautions: Vec<String>,
}

/// What was changed by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditView {
    /// The number of this description.
    pub document: u32,
    /// The newest last.
    pub acts: Vec<ActView>,
    /// Older ones that are not among them.
    pub left_out: u64,
}

/// An act of an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActView {
    /// The entry of the journal.
    pub entry: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Who did it: `user` with `uid` and `name`, or `signal`.
    pub who: Actor,
    /// What was done.
    pub deed: Deed,
    /// What it was done to.
    pub subject: String,
    /// How it was before.
    pub before: String,
    /// How it is since.
    pub after: String,
}

/// A backup that the gateway made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupView {
    /// What was copied, as `lodged store backup --json` says it.
    #[serde(flatten)]
    pub report: BackupReport,
    /// The act, as it stands in the record.
    pub act: ActView,
}

/// Reports that were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportListView {
    /// The number of this description.
    pub document: u32,
    /// By their number: in the order of their entries. By what they state: the latest first, each version by itself.
    pub reports: Vec<ReportView>,
    /// What to look [before](super::Found::before) for more; none when everything was looked at.
    pub next: Option<String>,
}

/// A declaration that was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportView {
    /// Its proof-of-report number.
    pub proof: String,
    /// Practice or real.
    pub is_practice: bool,
    /// The partner that lodged it.
    pub partner: String,
    /// The submitter's reference (1004).
    pub reference: String,
    /// The exporter: authorization ID and business number.
    pub exporter: AuthorityView,
    /// Its versions, the first one first.
    pub versions: Vec<VersionView>,
}

/// One version of a declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionView {
    /// 1 for an original.
    pub version: u32,
    /// The entry of the journal that accepted it.
    pub entry: u64,
    /// When it was received.
    pub received_at: Timestamp,
    /// The interchange (0020).
    pub interchange: String,
    /// The message (0062).
    pub message: String,
    /// The date of export.
    pub export_date: Date,
    /// The exporting carrier's name.
    pub carrier: String,
    /// The number of the transport document.
    pub transport_document: Option<String>,
    /// The containers.
    pub containers: Vec<String>,
    /// What was said of it.
    pub findings: Vec<FindingView>,
    /// What went back for its interchange.
    pub answers: Vec<AnswerView>,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingView {
    /// The code: a number is one of CONTRL (0085), another one of CUSRES.
    pub code: String,
    /// `error`, `warning` or `notice`.
    pub severity: String,
    /// The sentence.
    pub text: String,
    /// The message, counted from 1; none for the interchange as a whole.
    pub message: Option<u64>,
    /// The segment in its message, UNH = 1; none for the message as a whole.
    pub segment: Option<u64>,
    /// The element as CONTRL counts it.
    pub element: Option<u64>,
    /// The component.
    pub component: Option<u64>,
    /// Its first byte in the interchange as it came, counted from 0.
    pub begins: u64,
    /// The byte behind its last one.
    pub ends: u64,
}

/// An answer of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerView {
    /// `CONTRL` or `CUSRES`.
    pub kind: String,
    /// Its control reference (0020).
    pub reference: String,
    /// Its bytes, each as the character of its number.
    pub text: String,
}

/// An interchange with everything that was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterchangeView {
    /// The number of this description.
    pub document: u32,
    /// The partner that brought it.
    pub partner: String,
    /// The identity it was sent under.
    pub sender: IdentityView,
    /// Its control reference (0020).
    pub reference: String,
    /// Practice or real.
    pub is_practice: bool,
    /// The entry of the journal.
    pub entry: u64,
    /// When it was received.
    pub received_at: Timestamp,
    /// Whether it was refused as a whole.
    pub is_refused: bool,
    /// Its bytes as they came, each as the character of its number.
    pub text: String,
    /// What was found, in the order of the bytes.
    pub findings: Vec<FindingView>,
    /// What was decided of its declarations, in order.
    pub verdicts: Vec<VerdictView>,
    /// What went back.
    pub answers: Vec<AnswerView>,
}

/// What was decided of a declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictView {
    /// The message, counted from 1.
    pub message: u64,
    /// The submitter's reference (1004).
    pub reference: String,
    /// Its proof-of-report number; none when it was refused.
    pub proof: Option<String>,
}
