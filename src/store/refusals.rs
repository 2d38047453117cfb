//! What the record itself refuses, and the sentences that say so.

use crate::declaration::{RuleFinding, Severity};
use crate::edifact::{ElementPlace, Place, ServiceTag, SyntaxError, SyntaxFinding};
use crate::identifier::{AuthorizationId, DeclarationReference, ProofOfReportNumber, ReportingPeriod};
use crate::language::Language;
use crate::record::Facts;

/// The position of 0020 in UNB, the tag being 1 (0098).
const REFERENCE_ELEMENT: u16 = 6;

/// What stands of an interchange whose reference was used before for other bytes: the envelope and what is in it, the
/// one finding (0085 = 26), nothing judged and nothing acknowledged.
pub(crate) fn used_before(facts: Facts) -> Facts {
    let finding = SyntaxFinding {
        error: SyntaxError::Duplicate,
        place: Place::Interchange {
            segment: Some(ServiceTag::Unb),
            element: Some(ElementPlace::element(REFERENCE_ELEMENT)),
        },
        span: 0..0,
        detail: facts
            .language
            .choose(
                "another interchange with other content was recorded under this reference",
                "un autre échange au contenu différent est consigné sous cette référence",
            )
            .to_owned(),
    };
    Facts { findings: vec![finding], judgements: Vec::new(), acknowledges: Vec::new(), ..facts }
}

/// R603: a declaration with this reference stands already, under the number named.
pub(crate) fn reference_taken(
    language: Language,
    reference: &DeclarationReference,
    first: &ProofOfReportNumber,
) -> RuleFinding {
    let english = format!("The reference {reference} belongs to the declaration reported under {first}");
    let french = format!("La référence {reference} appartient à la déclaration consignée sous {first}");
    refusal("R603", language.choose(english, french))
}

/// R690: every number of this period is drawn.
pub(crate) fn numbers_exhausted(
    language: Language,
    authorization_id: &AuthorizationId,
    period: &ReportingPeriod,
) -> RuleFinding {
    let period = period.as_str();
    let english = format!("No proof-of-report number is left for {authorization_id} in {period}");
    let french = format!("Il ne reste aucun numéro de preuve de déclaration pour {authorization_id} en {period}");
    refusal("R690", language.choose(english, french))
}

fn refusal(code: &str, text: String) -> RuleFinding {
    RuleFinding { code: code.to_owned(), severity: Severity::Error, line: None, segment: None, span: 0..0, text }
}
