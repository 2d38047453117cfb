//! Which references were used before, of the messages of one interchange.

use std::collections::HashSet;

use compact_str::CompactString;

use super::Message;

/// The references of messages (0062), which are unique within their functional group, or among the messages outside of
/// groups.
///
/// Senders count, so that nearly always each reference comes behind all before it: groups in their order, then shorter
/// ones first, then by their characters. As long as that is so none can be there twice, and nothing has to be kept. When
/// one breaks the row, those before it are gathered.
#[derive(Debug, Default)]
pub(super) struct References {
    /// The message with the last one in that order.
    last: Option<usize>,
    gathered: Option<HashSet<(Option<u32>, CompactString)>>,
}

impl References {
    /// Whether the reference of this message, which comes behind `before`, is not used by one of these. What is left out is
    /// not used twice: it is missing.
    pub(super) fn are_new_with(&mut self, message: &Message, before: &[Message]) -> bool {
        if message.reference.is_empty() {
            return true;
        }
        if self.gathered.is_none() {
            let last = self.last.and_then(|last| before.get(last));
            if last.is_none_or(|last| order(last) < order(message)) {
                self.last = Some(before.len());
                return true;
            }
        }
        let gather = || before.iter().filter(|message| is_message(message)).map(key).collect();
        self.gathered.get_or_insert_with(gather).insert(key(message))
    }
}

fn order(message: &Message) -> (Option<u32>, usize, &str) {
    (message.group, message.reference.len(), &message.reference)
}

fn key(message: &Message) -> (Option<u32>, CompactString) {
    (message.group, message.reference.clone())
}

/// Packages have references of their own.
fn is_message(message: &Message) -> bool {
    message.package.is_none()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;
    use crate::edifact::{MessageType, PackageReference};

    fn message(group: Option<u32>, reference: &str, is_package: bool) -> Message {
        let package = is_package.then(Box::<PackageReference>::default);
        let kind = Arc::new(MessageType::default());
        Message { reference: reference.into(), kind, group, package, first: 0, end: 0 }
    }

    /// Which of these messages, packages left out, are new.
    fn new_ones(messages: &[Message]) -> Vec<bool> {
        let mut references = References::default();
        let indexed = messages.iter().enumerate().filter(|(_, message)| is_message(message));
        indexed.map(|(index, message)| references.are_new_with(message, &messages[..index])).collect()
    }

    #[track_caller]
    fn check(references: &[&str], expected: &[bool]) {
        let messages: Vec<Message> = references.iter().map(|reference| message(None, reference, false)).collect();
        assert_eq!(new_ones(&messages), expected, "{references:?}");
    }

    #[test]
    fn whoever_counts_uses_none_twice() {
        check(&["8", "9", "10", "11"], &[true; 4]);
        check(&["8", "9", "9", "10"], &[true, true, false, true]);
    }

    #[test]
    fn nothing_is_kept_of_whoever_counts() {
        let groups = [(None, "8"), (None, "9"), (None, "10"), (Some(0), "2"), (Some(0), "3"), (Some(1), "1")];
        let messages = groups.map(|(group, reference)| message(group, reference, false));
        let mut references = References::default();
        for (index, message) in messages.iter().enumerate() {
            assert!(references.are_new_with(message, &messages[..index]));
        }
        assert!(references.gathered.is_none());
    }

    #[test]
    fn what_breaks_the_row_is_held_against_all_before_it() {
        check(&["1", "5", "3", "5", "4", "1", "6"], &[true, true, true, false, true, false, true]);
    }

    #[test]
    fn what_is_left_out_is_not_used() {
        check(&["5", "", "5", ""], &[true, true, false, true]);
    }

    #[test]
    fn groups_and_packages_have_references_of_their_own() {
        let messages = [
            message(Some(0), "2", false),
            message(Some(0), "3", true),
            message(Some(0), "3", false),
            message(Some(1), "2", false),
            message(Some(1), "1", false),
            message(None, "2", false),
            message(Some(1), "2", false),
        ];
        assert_eq!(new_ones(&messages), [true, true, true, true, true, false]);
    }

    proptest! {
        #[test]
        fn the_same_are_new_as_when_all_are_kept(references in proptest::collection::vec(("[12]{0,2}", any::<Option<bool>>(), any::<bool>()), 0..20)) {
            let messages: Vec<Message> = references
                .iter()
                .map(|(reference, group, is_package)| message(group.map(u32::from), reference, *is_package))
                .collect();
            let mut seen = HashSet::new();
            let kept = messages.iter().filter(|message| is_message(message));
            let expected: Vec<bool> =
                kept.map(|message| message.reference.is_empty() || seen.insert(key(message))).collect();
            prop_assert_eq!(new_ones(&messages), expected);
        }
    }
}
