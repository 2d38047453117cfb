//! What the rules need not say again.

use crate::declaration::{RuleFinding, Severity};
use crate::edifact::{ElementPlace, Place, SyntaxFinding};

/// Whether guide or rules only say again what the directory said: of the same element, or that a segment is not used in
/// which something is wrong already.
pub(super) fn is_echo(syntax: &[SyntaxFinding], index: u32, finding: &RuleFinding) -> bool {
    let Some(point) = &finding.segment else { return false };
    let is_same = |said: Option<ElementPlace>| match (said, point.element) {
        (Some(said), Some(element)) => {
            said.element == element.element && (said.component.is_none() || said.component == element.component)
        }
        (_, None) => finding.severity == Severity::Notice,
        (None, Some(_)) => false,
    };
    syntax.iter().any(|said| match said.place {
        Place::Segment { message, position, element } => {
            message == index && position == point.position && is_same(element)
        }
        Place::Interchange { .. } | Place::FunctionalGroup { .. } | Place::Message { .. } => false,
    })
}
