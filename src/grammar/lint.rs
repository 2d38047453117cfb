//! What the linter finds by walking a compiled table: places that no message can reach.

use std::collections::{HashMap, HashSet};

use super::{
    matching::Position,
    table::{MessageGrammar, PlaceId},
};
use crate::edifact::Tag;

impl MessageGrammar {
    /// The places that a segment never gets to, because an earlier place with the same tag always takes it.
    ///
    /// Follows every tag from every place that can be reached. A place that may be repeated is never taken to be full:
    /// what is only reached when it overflows is told apart by nothing but counting. A tag whose places are all reached
    /// is followed no more, so that the work is that of the places that are left.
    pub(super) fn unreachable(&self) -> Vec<PlaceId> {
        let mut left: HashMap<Tag, usize> = HashMap::new();
        for place in &self.places {
            *left.entry(place.tag).or_default() += 1;
        }
        let mut reached: HashSet<PlaceId> = HashSet::new();
        let mut waiting = vec![Position::start(self)];
        while let Some(position) = waiting.pop() {
            for (tag, left) in left.iter_mut().filter(|(_, left)| **left > 0) {
                let mut next = position.clone();
                if next.follow(*tag).is_some_and(|place| reached.insert(place)) {
                    *left -= 1;
                    waiting.push(next);
                }
            }
        }
        self.places().map(|(id, _)| id).filter(|id| !reached.contains(id)).collect()
    }
}
