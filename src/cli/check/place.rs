//! A place as a finding states it, taken apart.

use crate::declaration::RuleFinding;
use crate::edifact::{ElementPlace, Place, ServiceTag};

/// A place, taken apart. Groups and messages are counted from 0, as the record counts them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spot {
    pub(super) group: Option<u32>,
    pub(super) message: Option<u32>,
    /// Position in the message, UNH = 1 (0096).
    pub(super) position: Option<u32>,
    pub(super) service: Option<ServiceTag>,
    pub(super) element: Option<ElementPlace>,
}

impl From<&Place> for Spot {
    fn from(place: &Place) -> Self {
        match *place {
            Place::Interchange { segment, element } => Self { service: segment, element, ..Self::default() },
            Place::FunctionalGroup { group, segment, element } => {
                Self { group: Some(group), service: segment, element, ..Self::default() }
            }
            Place::Message { message, segment, element } => {
                Self { message: Some(message), service: segment, element, ..Self::default() }
            }
            Place::Segment { message, position, element } => {
                Self { message: Some(message), position: Some(position), element, ..Self::default() }
            }
        }
    }
}

impl Spot {
    /// Where a rule points in a message.
    pub(super) fn of_rule(message: u32, finding: &RuleFinding) -> Self {
        let point = finding.segment.as_ref();
        Self {
            message: Some(message),
            position: point.map(|point| point.position),
            element: point.and_then(|point| point.element),
            ..Self::default()
        }
    }
}
