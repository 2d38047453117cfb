//! The envelope of every answer: it mirrors the subject's, with sender and recipient changed over.

use jiff::{Timestamp, tz::TimeZone};

use super::copied::Copier;
use crate::edifact::{InterchangeWriter, ServiceChars, SyntaxVersion};
use crate::record::{AnswerReference, Recorded};

/// A moment in UTC: CCYYMMDDHHMM.
pub(super) fn moment(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    format!("{:04}{:02}{:02}{:02}{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

/// Begins an answer: UNB in the subject's syntax version and, unless the agreement says otherwise, its repertoire.
///
/// The moment of preparation is that of the subject's reception, in UTC, so that the bytes depend on the record alone.
pub(super) fn begin(recorded: &Recorded, reference: AnswerReference) -> InterchangeWriter {
    let facts = &recorded.facts;
    let version = facts.envelope.version;
    let is_v4 = version == SyntaxVersion::V4;
    let service = ServiceChars::DEFAULT.for_version(is_v4, false);
    let copier = Copier::new(facts);
    let mut writer = InterchangeWriter::new(service, copier.repertoire(), &reference.to_string());
    let moment = moment(recorded.received_at);
    let (date, time) = moment.split_at_checked(8).unwrap_or_default();
    let date = if is_v4 { date } else { date.get(2..).unwrap_or_default() };
    writer.segment("UNB", |unb| {
        unb.syntax(version);
        unb.party(&copier.party(&facts.gateway));
        // The subject's address for reverse routing (0008) becomes the routing address (0014).
        unb.party(&copier.party(&facts.envelope.sender));
        unb.composite(&[date, time]);
        unb.element(&reference.to_string());
        unb.skip(); // S005 password
        unb.skip(); // 0026 application reference
        unb.skip(); // 0029 priority
        unb.element(if facts.agreement.answers_want_acknowledgement { "1" } else { "" });
        unb.skip(); // 0032 agreement
        unb.element(if facts.envelope.is_practice { "1" } else { "" });
    });
    writer
}
