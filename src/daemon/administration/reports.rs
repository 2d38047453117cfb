//! What is in the record: reports, interchanges, and what was changed by hand.

use std::collections::{BTreeMap, VecDeque};

use super::partners::identity;
use super::{Office, ill, partner_id, refused, shown};
use crate::admin::socket::{
    ActView, AnswerView, AuditView, AuthorityView, DOCUMENT, FindingView, Found, InterchangeView, Reply,
    ReportListView, ReportView, Since, VerdictView, VersionView, Which, text_of,
};
use crate::declaration::{RuleFinding, Severity};
use crate::edifact::{ElementPlace, PartyId, Place, SyntaxFinding};
use crate::identifier::{ProofOfReportNumber, RecordNumber};
use crate::record::{AnswerKind, Decision, Judgement, Recorded, RepeatKey, Verdict};
use crate::reply;
use crate::store::{Lodged, Store as _};

/// Acts that are read at one time.
const ACTS_PAGE: usize = 256;
/// Most bytes of texts of acts in one answer.
const ACTS_BYTES_MAX: usize = 64 << 20;

impl Office {
    /// Reports by number, or by what they state.
    pub(super) async fn reports(&self, found: Found) -> Result<Reply, Reply> {
        let Some(proof) = &found.proof else { return self.find_reports(&found).await };
        let readings = ProofOfReportNumber::readings(proof);
        if readings.is_empty() {
            return Err(Reply::refused(format!("{proof:?} is no proof-of-report number"), "such as AB1234202611211"));
        }
        let mut views = BTreeMap::new();
        for proof in readings {
            let recorded = self.gateway.store().report(&proof).await.map_err(|unavailable| ill(&unavailable))?;
            let view = recorded.and_then(|recorded| report(&recorded, |given, _| *given == proof));
            views.extend(
                view.map(|view| ((view.versions.first().map(|version| version.entry), proof.to_string()), view)),
            );
        }
        Ok(Reply::answer(&ReportListView { document: DOCUMENT, reports: views.into_values().collect(), next: None }))
    }

    /// An interchange with its findings and answers.
    pub(super) async fn interchange(&self, which: Which) -> Result<Reply, Reply> {
        let partner = partner_id(&which.partner)?;
        let senders = match &which.sender {
            Some([identification, qualifier]) => vec![PartyId {
                identification: identification.clone(),
                qualifier: Some(qualifier.clone()).filter(|qualifier| !qualifier.is_empty()),
                ..PartyId::default()
            }],
            None => {
                let loaded = self.reload.in_force();
                loaded.dossier(partner.as_str()).map_err(|mistake| refused(&mistake))?.partner.identities.clone()
            }
        };
        for sender in senders {
            let (partner, reference) = (partner.clone(), which.reference.clone());
            let key = RepeatKey { partner, sender, reference, is_practice: which.practice };
            let lodged = self.gateway.store().interchange(&key).await.map_err(|unavailable| ill(&unavailable))?;
            if let Some(lodged) = lodged {
                return Ok(Reply::answer(&interchange(&lodged)));
            }
        }
        let (kind, other) = match which.practice {
            true => ("practice ", "what is no practice is found without --practice"),
            false => ("", "practice takes --practice"),
        };
        Err(Reply::refused(
            format!("there is no {kind}interchange {} of partner {}", which.reference, which.partner),
            format!("compare the reference (0020); {other}, another identity takes --sender"),
        ))
    }

    /// What was changed by hand, the newest last.
    pub(super) async fn audit(&self, since: &Since) -> Result<Reply, Reply> {
        let limit = usize::try_from(since.limit).unwrap_or(usize::MAX);
        let (mut acts, mut bytes, mut behind) = (VecDeque::new(), 0, RecordNumber(0));
        let (mut left_out, length) = (0, |act: &ActView| act.before.len() + act.after.len());
        loop {
            let page = self.gateway.store().acts(behind, ACTS_PAGE).await.map_err(|unavailable| ill(&unavailable))?;
            let Some((last, _)) = page.last() else { break };
            behind = *last;
            // The clock may have been set back, so a later act may have an earlier moment.
            let wanted = page.into_iter().filter(|(_, act)| since.since.is_none_or(|since| act.at >= since));
            for (number, act) in wanted {
                let act = shown(number, act);
                bytes += length(&act);
                acts.push_back(act);
                while acts.len() > limit || bytes > ACTS_BYTES_MAX {
                    bytes -= acts.pop_front().as_ref().map_or(bytes, length);
                    left_out += 1;
                }
            }
        }
        Ok(Reply::answer(&AuditView { document: DOCUMENT, acts: acts.into(), left_out }))
    }
}

/// The report in an interchange whose number and judgement are meant.
pub(super) fn report(
    recorded: &Recorded,
    is_meant: impl Fn(&ProofOfReportNumber, &Judgement) -> bool,
) -> Option<ReportView> {
    let Recorded { facts, verdicts, partner, number, received_at, .. } = recorded;
    facts.judgements.iter().zip(verdicts).find_map(|(judgement, verdict)| {
        let Verdict::Accepted { proof, version } = verdict else { return None };
        let Decision::Accept(declaration) = &judgement.decision else { return None };
        is_meant(proof, judgement).then_some(())?;
        let message = usize::try_from(judgement.message).ok().and_then(|index| facts.messages.get(index));
        let version = VersionView {
            version: *version,
            entry: number.0,
            received_at: *received_at,
            interchange: facts.envelope.reference.0.clone(),
            message: message.map(|message| message.reference.to_string()).unwrap_or_default(),
            export_date: declaration.export_date,
            carrier: declaration.carrier_name.to_string(),
            transport_document: declaration.transport_document.as_ref().map(|document| document.number.to_string()),
            containers: declaration.containers.iter().map(ToString::to_string).collect(),
            findings: judgement.findings.iter().map(|finding| of_rule(judgement.message, finding)).collect(),
            answers: answers(recorded),
        };
        Some(ReportView {
            proof: proof.to_string(),
            is_practice: proof.is_practice,
            partner: partner.to_string(),
            reference: judgement.reference.to_string(),
            exporter: AuthorityView {
                authorization_id: declaration.exporter.authorization_id.to_string(),
                business_number: declaration.exporter.business_number.to_string(),
            },
            versions: vec![version],
        })
    })
}

fn interchange(Lodged { bytes, recorded }: &Lodged) -> InterchangeView {
    let Recorded { facts, verdicts, partner, number, received_at, .. } = recorded;
    let mut findings: Vec<_> = facts.findings.iter().map(|finding| of_syntax(finding, recorded)).collect();
    for (index, judgement) in facts.judgements.iter().enumerate() {
        let of_record = verdicts.get(index).map_or(&[][..], |verdict| match verdict {
            Verdict::Refused { findings } => findings,
            Verdict::Accepted { .. } => &[],
        });
        findings.extend(judgement.findings.iter().chain(of_record).map(|finding| of_rule(judgement.message, finding)));
    }
    findings.sort_by_key(|finding| finding.begins);
    let decided = facts.judgements.iter().zip(verdicts).map(|(judgement, verdict)| VerdictView {
        message: u64::from(judgement.message) + 1,
        reference: judgement.reference.to_string(),
        proof: match verdict {
            Verdict::Accepted { proof, .. } => Some(proof.to_string()),
            Verdict::Refused { .. } => None,
        },
    });
    InterchangeView {
        document: DOCUMENT,
        partner: partner.to_string(),
        sender: identity(&facts.envelope.sender),
        reference: facts.envelope.reference.0.clone(),
        is_practice: facts.envelope.is_practice,
        entry: number.0,
        received_at: *received_at,
        is_refused: facts.is_refused(),
        text: text_of(bytes),
        findings,
        verdicts: decided.collect(),
        answers: answers(recorded),
    }
}

fn answers(recorded: &Recorded) -> Vec<AnswerView> {
    let answer = |answer: crate::record::Answer| AnswerView {
        kind: match answer.kind {
            AnswerKind::Contrl => "CONTRL".to_owned(),
            AnswerKind::Cusres => "CUSRES".to_owned(),
        },
        reference: answer.reference.to_string(),
        text: text_of(&reply::compose(recorded, answer.kind, answer.reference)),
    };
    recorded.answers().map(answer).collect()
}

fn of_syntax(finding: &SyntaxFinding, recorded: &Recorded) -> FindingView {
    let SyntaxFinding { error, place, span, detail } = finding;
    let (segment, element) = match *place {
        Place::Interchange { element, .. }
        | Place::FunctionalGroup { element, .. }
        | Place::Message { element, .. } => (None, element),
        Place::Segment { position, element, .. } => (Some(position), element),
    };
    let (message, sentence) = (place.message(), error.english());
    let text = if detail.is_empty() { sentence.to_owned() } else { format!("{sentence}: {detail}") };
    let code = error.code(recorded.facts.envelope.version).to_string();
    view(Told { code, severity: Severity::Error, text }, (message, segment, element), span)
}

fn of_rule(message: u32, finding: &RuleFinding) -> FindingView {
    let point = finding.segment.as_ref();
    let told = Told { code: finding.code.clone(), severity: finding.severity, text: finding.text.clone() };
    let place = (Some(message), point.map(|point| point.position), point.and_then(|point| point.element));
    view(told, place, &finding.span)
}

/// What is said of a finding, wherever it is.
struct Told {
    code: String,
    severity: Severity,
    text: String,
}

fn view(
    Told { code, severity, text }: Told,
    (message, segment, element): (Option<u32>, Option<u32>, Option<ElementPlace>),
    span: &std::ops::Range<usize>,
) -> FindingView {
    let severity = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
    };
    FindingView {
        code,
        severity: severity.to_owned(),
        text,
        message: message.map(|message| u64::from(message) + 1),
        segment: segment.map(u64::from),
        element: element.map(|place| u64::from(place.element)),
        component: element.and_then(|place| place.component).map(u64::from),
        begins: super::count(span.start),
        ends: super::count(span.end),
    }
}
