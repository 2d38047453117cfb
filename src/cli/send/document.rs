//! What `lodged send` tells programs: what became of each interchange, and the answers segment by segment.

use serde::Serialize;

use super::Answered;
use crate::admin::socket::text_of;
use crate::cli::exchange::{Explained, Said, explain_answer};

/// The number of the document. Another one means that something in it has another meaning.
const NUMBER: u32 = 1;
/// Most bytes of answers that stand in one document; those behind them are counted.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Answers as they came, as far as they find room.
#[derive(Debug, Default)]
pub(super) struct Kept {
    answers: Vec<Vec<u8>>,
    bytes: usize,
    left_out: u64,
}

/// The document.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    document: u32,
    interchanges: Vec<Interchange<'a>>,
    /// What earlier interchanges were told, whose answers were waiting.
    earlier: usize,
    answers: Vec<Answer>,
    /// Answers that found no room in `answers`.
    answers_left_out: u64,
}

/// What became of an interchange.
#[derive(Debug, Serialize)]
struct Interchange<'a> {
    reference: &'a str,
    /// Empty when no answer came.
    said: Vec<Verdict<'a>>,
}

#[derive(Debug, Serialize)]
struct Verdict<'a> {
    kind: &'static str,
    declaration: Option<&'a str>,
    proof: Option<&'a str>,
    findings: &'a [String],
}

/// An answer as it came.
#[derive(Debug, Serialize)]
struct Answer {
    /// One character for each byte.
    text: String,
    segments: Vec<Explained>,
}

impl Kept {
    pub(super) fn keep(&mut self, answer: &[u8]) {
        if self.bytes.saturating_add(answer.len()) > ANSWER_BYTES_MAX {
            self.left_out += 1;
            return;
        }
        self.bytes += answer.len();
        self.answers.push(answer.to_vec());
    }

    /// The document of these answers, which say this.
    pub(super) fn document<'a>(&self, answered: &Answered<'a>) -> Document<'a> {
        let interchanges = answered.about.iter().map(|(reference, said)| Interchange {
            reference,
            said: said.iter().map(|said| Verdict::of(said)).collect(),
        });
        let answers =
            self.answers.iter().map(|answer| Answer { text: text_of(answer), segments: explain_answer(answer) });
        Document {
            document: NUMBER,
            interchanges: interchanges.collect(),
            earlier: answered.earlier,
            answers: answers.collect(),
            answers_left_out: self.left_out,
        }
    }
}

impl<'a> Verdict<'a> {
    fn of(said: &'a Said) -> Self {
        let verdict = |kind| Self { kind, declaration: None, proof: None, findings: &[] };
        match said {
            Said::Acknowledged { .. } => verdict("acknowledged"),
            Said::SyntaxRefused { findings, .. } => Self { findings, ..verdict("syntax-refused") },
            Said::Refused { reference, findings } => {
                Self { declaration: Some(reference), findings, ..verdict("refused") }
            }
            Said::Accepted { reference, proof } => {
                Self { declaration: Some(reference), proof: Some(proof), ..verdict("accepted") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut kept = Kept { bytes: ANSWER_BYTES_MAX - 3, ..Kept::default() };
        kept.keep(b"four");
        kept.keep(b"two");
        assert_eq!((kept.answers.len(), kept.left_out), (1, 1));
    }

    #[test]
    fn every_answer_has_its_kind() {
        let text = |text: &str| text.to_owned();
        let said = [
            Said::Acknowledged { reference: text("1") },
            Said::SyntaxRefused { reference: text("1"), findings: vec![text("a")] },
            Said::Refused { reference: text("D"), findings: vec![text("b")] },
            Said::Accepted { reference: text("D"), proof: text("P") },
        ];
        let heard = said.map(|said| Heard { about: text("1"), said });
        let sent = [text("1"), text("2")];
        let document = serde_json::to_value(Kept::default().document(&Answered::of(&sent, &heard))).unwrap();
        let expected = serde_json::json!([
            { "reference": "1", "said": [
                { "kind": "acknowledged", "declaration": null, "proof": null, "findings": [] },
                { "kind": "syntax-refused", "declaration": null, "proof": null, "findings": ["a"] },
                { "kind": "refused", "declaration": "D", "proof": null, "findings": ["b"] },
                { "kind": "accepted", "declaration": "D", "proof": "P", "findings": [] },
            ] },
            { "reference": "2", "said": [] },
        ]);
        assert_eq!(document["interchanges"], expected);
    }
}
