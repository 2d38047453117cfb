//! What the record itself refuses of an interchange. What it refuses of a declaration has its sentences among the rules.

use crate::edifact::{ElementPlace, Place, ServiceTag, SyntaxError, SyntaxFinding};
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
