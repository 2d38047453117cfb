//! What is asked, and the three ways in which it is answered.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::partner::{NewCertificate, NewPartner};

/// The version of requests and answers. Requests and keys of answers may be added under the same number; none is taken away
/// or given another meaning.
pub const PROTOCOL: u32 = 1;

/// Most bytes of a request, its line break included: a partner with some certificates fits.
pub(super) const REQUEST_BYTES_MAX: u64 = 512 * 1024;
/// Most bytes of an answer: an interchange of the longest kind fits, with its findings and answers.
pub(super) const ANSWER_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Most bytes of a line that says how far something is.
pub(super) const REACHED_BYTES_MAX: usize = 256;

/// What is asked of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// How it is.
    Status {},
    /// Who its partners are.
    PartnerList {},
    /// What it knows of one.
    PartnerShow {
        /// The short name.
        partner: String,
    },
    /// A partner more.
    PartnerAdd(NewPartner),
    /// A partner that is not let in any more.
    PartnerDisable {
        /// The short name.
        partner: String,
    },
    /// A partner that is let in again.
    PartnerEnable {
        /// The short name.
        partner: String,
    },
    /// A certificate more.
    CertificateAdd(NewCertificate),
    /// A certificate that is not taken any more.
    CertificateDisable(CertificateOf),
    /// Reports by number, or by what they state.
    Report(Found),
    /// An interchange with its findings and answers.
    Interchange(Which),
    /// What was changed by hand.
    Audit(Since),
    /// Loading anew what SIGHUP replaces.
    Reload {},
    /// Bringing a backup up to the journal.
    Backup {
        /// Its directory, as the gateway sees it; absolute.
        directory: String,
        /// Whether all copies are read.
        verify: bool,
        /// Whether lines in front of the answer say how far it is: [`Reached`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        progress: bool,
    },
    /// The journal as it lies in its files, for a standby.
    Journal(JournalFrom),
}

/// Which part of the journal is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalFrom {
    /// Who follows: a short name, which figures are told under.
    pub follower: String,
    /// The last entry that it has on stable storage; 0 when it has none.
    pub entry: u64,
    /// The segment that it wants.
    pub segment: u64,
    /// The byte in it.
    pub offset: u64,
    /// The number of the entry that comes next there.
    pub next: u64,
    /// At most so many bytes.
    pub bytes_max: u64,
    /// How long it waits when there is nothing yet, in milliseconds.
    pub wait_milliseconds: u64,
}

/// A certificate that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateOf {
    /// The short name of the partner.
    pub partner: String,
    /// The first digits of its SHA-256, or its file.
    pub certificate: String,
}

/// Which reports are meant: by number, or by all that is stated here. Texts are compared whole, whatever their case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The proof-of-report number.
    pub proof: Option<String>,
    /// The short name of the partner.
    pub partner: Option<String>,
    /// The submitter's reference (1004).
    pub reference: Option<String>,
    /// The exporter's business number.
    pub exporter: Option<String>,
    /// The exporting carrier's name.
    pub carrier: Option<String>,
    /// The number of the transport document.
    pub transport_document: Option<String>,
    /// One of the containers.
    pub container: Option<String>,
    /// The first date of export.
    pub exported_from: Option<Date>,
    /// The last date of export.
    pub exported_until: Option<Date>,
    /// Practice or real; a number says it itself.
    pub practice: bool,
    /// Only what was accepted before this: the `next` of the answer so far.
    pub before: Option<String>,
    /// At most so many, the latest; a hundred unless it is said.
    pub limit: Option<u32>,
}

/// Which interchange is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The short name of the partner.
    pub partner: String,
    /// Its control reference (0020).
    pub reference: String,
    /// The identity it was sent under (0004, 0007); every identity of the partner is tried when it is not given.
    pub sender: Option<[String; 2]>,
    /// Practice or real.
    pub practice: bool,
}

/// Which acts are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// None that was done before this moment.
    pub since: Option<Timestamp>,
    /// At most so many, the newest.
    pub limit: u32,
}

/// A reply, and the bytes behind its line, which most have none of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The reply; its document says how many bytes follow.
    pub reply: Reply,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl From<Reply> for Answered {
    fn from(reply: Reply) -> Self {
        Self { reply, bytes: Vec::new() }
    }
}

/// How a request ends. All of them are one line of JSON, beside the version of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done: the document.
    Answer(Value),
    /// It cannot be done as it was asked, and nothing was changed.
    Refused(Refusal),
    /// Something of the gateway's own is not as it has to be.
    Trouble(Refusal),
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What happened, and where.
    pub what: String,
    /// What to do, where that is known.
    pub hint: Option<String>,
}

impl Reply {
    /// A document.
    #[must_use]
    pub fn answer(document: &impl Serialize) -> Self {
        serde_json::to_value(document)
            .map_or_else(|error| Self::trouble(format!("the answer cannot be written: {error}")), Self::Answer)
    }

    /// A refusal with what to do about it.
    #[must_use]
    pub fn refused(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused(Refusal { what: what.into(), hint: Some(hint.into()) })
    }

    /// A trouble of our own.
    #[must_use]
    pub fn trouble(what: impl Into<String>) -> Self {
        Self::Trouble(Refusal { what: what.into(), hint: None })
    }
}

/// How far something is that takes a while, for whoever asked to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// So many bytes are done.
    pub bytes: u64,
    /// Of so many, when that is known.
    pub bytes_total: Option<u64>,
}

/// How far it is, on the wire: a line in front of the reply.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OnTheWay {
    pub(super) protocol: u32,
    pub(super) reached: Reached,
}

/// A request on the wire.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Asked<R> {
    pub(super) protocol: u32,
    pub(super) request: R,
}

/// A reply on the wire.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Replied {
    pub(super) protocol: u32,
    #[serde(flatten)]
    pub(super) reply: Reply,
}

impl Request {
    /// The request in a line.
    ///
    /// # Errors
    /// What to answer instead: it is none, or one of another version.
    pub(super) fn read(line: &[u8]) -> Result<Self, Reply> {
        let hint = "docs/administration.md describes requests";
        let asked: Asked<Value> = serde_json::from_slice(line)
            .map_err(|error| Reply::refused(format!("this is no request: {error}"), hint))?;
        if asked.protocol != PROTOCOL {
            let what = format!("the request is of protocol {}, and this gateway speaks {PROTOCOL}", asked.protocol);
            return Err(Reply::refused(what, "use the program of the same version"));
        }
        serde_json::from_value(asked.request)
            .map_err(|error| Reply::refused(format!("this is no request that is known: {error}"), hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Result<Request, &str>) {
        let read = Request::read(line.as_bytes()).map_err(|reply| match reply {
            Reply::Refused(refusal) => refusal.what,
            Reply::Answer(_) | Reply::Trouble(_) => panic!("{reply:?}"),
        });
        match (read, expected) {
            (Err(said), Err(expected)) => assert!(said.starts_with(expected), "{said}"),
            (read, expected) => assert_eq!(read, expected.map_err(str::to_owned)),
        }
    }

    #[test]
    fn a_request_names_its_protocol() {
        check(r#"{"protocol":1,"request":{"ask":"status"}}"#, Ok(Request::Status {}));
        let partner = "acme".to_owned();
        check(
            r#"{"protocol":1,"request":{"ask":"partner-disable","partner":"acme"}}"#,
            Ok(Request::PartnerDisable { partner }),
        );
        check(r#"{"request":{"ask":"status"}}"#, Err("this is no request: missing field `protocol`"));
    }

    #[test]
    fn another_protocol_is_refused_before_its_request_is_read() {
        check(r#"{"protocol":2,"request":["?"]}"#, Err("the request is of protocol 2, and this gateway speaks 1"));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        check("hello", Err("this is no request: "));
        check(r#"{"protocol":1,"request":{"ask":"sell"}}"#, Err("this is no request that is known: unknown variant"));
        check(
            r#"{"protocol":1,"request":{"ask":"partner-show","partner":"a","also":1}}"#,
            Err("this is no request that is known: unknown field"),
        );
    }

    #[test]
    fn a_reply_says_how_it_ended() {
        let replied = |reply| serde_json::to_string(&Replied { protocol: PROTOCOL, reply }).unwrap();
        assert_eq!(replied(Reply::answer(&7)), r#"{"protocol":1,"answer":7}"#);
        let refused = r#"{"protocol":1,"refused":{"what":"no","hint":"ask again"}}"#;
        assert_eq!(replied(Reply::refused("no", "ask again")), refused);
        assert_eq!(replied(Reply::trouble("ill")), r#"{"protocol":1,"trouble":{"what":"ill","hint":null}}"#);
    }
}
