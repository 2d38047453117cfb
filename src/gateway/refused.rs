//! What syntax and directory refuse, by their findings.

use std::collections::HashSet;

use crate::edifact::{Message, Place, SyntaxFinding};

/// What findings refuse: the whole, functional groups, messages.
#[derive(Debug, Default)]
pub struct Refused {
    interchange: bool,
    groups: HashSet<u32>,
    messages: HashSet<u32>,
}

impl Refused {
    /// What these findings refuse.
    #[must_use]
    pub fn by<'a>(findings: impl IntoIterator<Item = &'a SyntaxFinding>) -> Self {
        let mut refused = Self::default();
        for finding in findings {
            match finding.place {
                Place::Interchange { .. } => refused.interchange = true,
                Place::FunctionalGroup { group, .. } => _ = refused.groups.insert(group),
                Place::Message { message, .. } | Place::Segment { message, .. } => {
                    refused.messages.insert(message);
                }
            }
        }
        refused
    }

    /// Whether this message, counted from 0, is refused neither by itself nor with what it stands in.
    #[must_use]
    pub fn lets_through(&self, number: u32, message: &Message) -> bool {
        let is_group_refused = message.group.is_some_and(|group| self.groups.contains(&group));
        !self.interchange && !is_group_refused && !self.messages.contains(&number)
    }
}
