//! What syntax and directory refuse, and what the rules need not say again.

use std::collections::HashSet;

use crate::declaration::{RuleFinding, Severity};
use crate::edifact::{ElementPlace, Message, Place, SyntaxFinding};

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

/// What syntax and directory refuse.
#[derive(Default)]
pub(super) struct Refused {
    is_whole: bool,
    groups: HashSet<u32>,
    messages: HashSet<u32>,
}

impl Refused {
    pub(super) fn by(findings: &[SyntaxFinding]) -> Self {
        let mut refused = Self::default();
        for finding in findings {
            match finding.place {
                Place::Interchange { .. } => refused.is_whole = true,
                Place::FunctionalGroup { group, .. } => _ = refused.groups.insert(group),
                Place::Message { message, .. } | Place::Segment { message, .. } => {
                    refused.messages.insert(message);
                }
            }
        }
        refused
    }

    /// Whether this message is refused, by itself or with what it stands in.
    pub(super) fn has(&self, index: u32, message: &Message) -> bool {
        let is_in_group = message.group.is_some_and(|group| self.groups.contains(&group));
        self.is_whole || is_in_group || self.messages.contains(&index)
    }
}
