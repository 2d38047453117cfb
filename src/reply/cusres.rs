//! CUSRES D.96B: what guide, code lists, rules and the record say of each declaration.

use super::copied::Copier;
use super::envelope;
use crate::declaration::{RuleFinding, Severity};
use crate::edifact::{InterchangeWriter, MessageType};
use crate::language::Language;
use crate::record::{AnswerReference, Judgement, Recorded, Verdict};

/// Document name (1001): general response of customs.
const GENERAL_RESPONSE: &str = "961";
/// Document name (1001): error response of customs.
const ERROR_RESPONSE: &str = "963";
/// Message function (1225): response.
const RESPONSE: &str = "11";

/// Longest piece of free text (4440) and most pieces (C108).
const TEXT_LENGTH_MAX: usize = 70;
const TEXT_PIECES_MAX: usize = 5;

/// Writes the interchange with one CUSRES per declaration of a record, in the order of the input.
pub(super) fn write(recorded: &Recorded, reference: AnswerReference) -> InterchangeWriter {
    let mut writer = envelope::begin(recorded, reference);
    for (number, (judgement, verdict)) in recorded.facts.judgements.iter().zip(&recorded.verdicts).enumerate() {
        writer.begin_message(&(number + 1).to_string(), &message_type());
        write_response(&mut writer, recorded, judgement, verdict);
    }
    writer
}

fn message_type() -> MessageType {
    MessageType {
        kind: "CUSRES".to_owned(),
        version: "D".to_owned(),
        release: "96B".to_owned(),
        agency: "UN".to_owned(),
        association: None,
    }
}

fn write_response(writer: &mut InterchangeWriter, recorded: &Recorded, judgement: &Judgement, verdict: &Verdict) {
    let status = Status::of(judgement, verdict);
    let copier = Copier::new(&recorded.facts);
    writer.segment("BGM", |bgm| {
        bgm.element(status.document);
        bgm.composite(&[&copier.cut(&judgement.reference.0, 35), &copier.cut(&judgement.version, 9)]);
        bgm.element(RESPONSE);
        bgm.element(status.response);
    });
    // Format 303: CCYYMMDDHHMM and the zone.
    let moment = format!("{}UTC", envelope::moment(recorded.received_at));
    writer.segment("DTM", |dtm| dtm.composite(&[status.moment, &moment, "303"]));
    writer.segment("GIS", |gis| gis.element(status.indicator));
    write_references(writer, recorded, judgement, verdict);
    let later = match verdict {
        Verdict::Accepted { .. } => &[],
        Verdict::Refused { findings } => findings.as_slice(),
    };
    for finding in judgement.findings.iter().chain(later) {
        write_finding(writer, finding, recorded.facts.language, copier);
    }
}

/// The number (ABT), then what the answer belongs to: the subject's interchange (ACW) and message (AGO).
fn write_references(writer: &mut InterchangeWriter, recorded: &Recorded, judgement: &Judgement, verdict: &Verdict) {
    if let Verdict::Accepted { proof, .. } = verdict {
        writer.segment("RFF", |rff| rff.composite(&["ABT", &proof.to_string()]));
    }
    let copier = Copier::new(&recorded.facts);
    writer.segment("RFF", |rff| rff.composite(&["ACW", &copier.cut(&recorded.facts.envelope.reference.0, 35)]));
    let message = usize::try_from(judgement.message).ok().and_then(|index| recorded.facts.messages.get(index));
    if let Some(message) = message {
        writer.segment("RFF", |rff| rff.composite(&["AGO", &copier.cut(&message.reference, 35)]));
    }
}

/// One segment group 4: where (ERP), which code (ERC), and the sentence with its severity (FTX).
fn write_finding(writer: &mut InterchangeWriter, finding: &RuleFinding, language: Language, copier: Copier) {
    let line = finding.line.map(|line| line.to_string()).unwrap_or_default();
    let section = if finding.line.is_some() { "10" } else { "1" };
    writer.segment("ERP", |erp| {
        erp.composite(&[section, &line]);
        if let Some(point) = &finding.segment {
            erp.composite(&[point.tag.as_str(), &point.position.to_string()]);
        }
    });
    writer.segment("ERC", |erc| erc.composite(&[&finding.code, "", "ZZZ"]));
    let pieces = pieces(&copier.said(&finding.text));
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    writer.segment("FTX", |ftx| {
        ftx.element("AAO");
        ftx.skip();
        ftx.composite(&[severity(finding.severity), "", "ZZZ"]);
        ftx.composite(&pieces);
        ftx.element(language.choose("EN", "FR"));
    });
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "NOTICE",
        Severity::Warning => "WARNING",
        Severity::Error => "ERROR",
    }
}

/// A sentence, as the repertoire can say it, in pieces of at most 70 characters, divided at blanks where there are some; what does not fit into five
/// pieces is cut.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        while !rest.is_empty() {
            let used = pieces.last().map_or(0, |piece| piece.chars().count());
            let blank = usize::from(used > 0);
            if used + blank + rest.len() > TEXT_LENGTH_MAX && used > 0 {
                pieces.push(String::new());
                continue;
            }
            let taken: String = rest.drain(..rest.len().min(TEXT_LENGTH_MAX)).collect();
            if let Some(piece) = pieces.last_mut() {
                piece.extend((blank > 0).then_some(' '));
                piece.push_str(&taken);
            }
        }
    }
    pieces.truncate(TEXT_PIECES_MAX);
    pieces
}

/// How a verdict is said: document name, response type (4343), which moment (2005), and the indicator (7365).
struct Status {
    document: &'static str,
    response: &'static str,
    moment: &'static str,
    indicator: &'static str,
}

impl Status {
    fn of(judgement: &Judgement, verdict: &Verdict) -> Self {
        match verdict {
            // 148 acceptance; 1 content accepted, 66 accepted with comments.
            Verdict::Accepted { .. } => Self {
                document: GENERAL_RESPONSE,
                response: "AP",
                moment: "148",
                indicator: if judgement.findings.is_empty() { "1" } else { "66" },
            },
            // 9 processing; 2 content rejected with comment.
            Verdict::Refused { .. } => Self { document: ERROR_RESPONSE, response: "RE", moment: "9", indicator: "2" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_divided_at_blanks() {
        let text = "a ".repeat(60);
        let pieces = pieces(&text);
        assert_eq!(pieces.iter().map(|piece| piece.chars().count()).collect::<Vec<_>>(), [69, 49]);
    }

    #[test]
    fn a_word_without_end_is_cut_hard() {
        let pieces = pieces(&"x".repeat(1_000));
        assert_eq!(pieces.len(), TEXT_PIECES_MAX);
        assert!(pieces.iter().all(|piece| piece.chars().count() == TEXT_LENGTH_MAX));
    }
}
