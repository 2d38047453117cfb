//! What was accepted, some of it at a time, for those who read along while it is written.

use std::ops::ControlFlow;

use super::shared::Shared;
use crate::identifier::RecordNumber;
use crate::store::Unavailable;
use crate::store::entry::Entry;
use crate::store::exported::hand_over;
use crate::store::journal::{Along, Chain};

/// How many entries are looked at in one go, for when nothing in them is wanted.
const ENTRIES_MAX: u64 = 10_000;

/// Some of what was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// One line of JSON for each declaration, as `lodged store export` writes it.
    pub lines: Vec<u8>,
    /// How many there are.
    pub declarations: u64,
    /// Where the next ones begin.
    pub next: Along,
    /// Entries in front of them that were asked for and are not kept any more.
    pub skipped: u64,
}

impl Shared {
    /// What stands on stable storage from `along` on, until there are so many bytes of it; an interchange is not divided.
    pub(crate) fn accepted(&self, along: Along, is_practice: bool, bytes_max: usize) -> Result<Accepted, Unavailable> {
        let (asked, mut along) = (along.next().0, along);
        loop {
            let first = self.index.floor().first();
            if along.next() < first {
                along = Along::from(first);
            }
            match self.accepted_from(along, is_practice, bytes_max) {
                // The segment was dropped while it was read.
                Err(_) if along.next() < self.index.floor().first() => {}
                accepted => {
                    let skipped = along.next().0.saturating_sub(asked);
                    return accepted.map(|accepted| Accepted { skipped, ..accepted });
                }
            }
        }
    }

    fn accepted_from(&self, along: Along, is_practice: bool, bytes_max: usize) -> Result<Accepted, Unavailable> {
        let (mut lines, mut declarations, mut outcome) = (Vec::new(), 0, Ok(()));
        let until = RecordNumber(self.committed().0.min(along.next().0.saturating_add(ENTRIES_MAX)));
        let next = self.reader.along(along, until, |frame| {
            match lines_of(frame.payload, frame.chain, is_practice, &mut lines) {
                Ok(count) => declarations += count,
                Err(trouble) => outcome = Err(trouble),
            }
            if outcome.is_ok() && lines.len() < bytes_max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        outcome.map(|()| Accepted { lines, declarations, next, skipped: 0 })
    }
}

/// Appends the lines of one entry; returns how many.
fn lines_of(payload: &[u8], chain: Chain, is_practice: bool, lines: &mut Vec<u8>) -> Result<u64, Unavailable> {
    let Entry::Interchange(lodged) = Entry::decode(payload)? else { return Ok(0) };
    if lodged.recorded.facts.envelope.is_practice != is_practice {
        return Ok(0);
    }
    let written = hand_over(&lodged.recorded, chain, &mut |declaration| {
        serde_json::to_writer(&mut *lines, declaration)?;
        lines.push(b'\n');
        Ok(())
    });
    written.map_err(|trouble| Unavailable(format!("a declaration cannot be written as JSON: {trouble}")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use serde_json::Value;

    use super::*;
    use crate::declaration::Function;
    use crate::record::{Decision, Verdict};
    use crate::store::battery::options;
    use crate::store::entry::LodgedInterchange;
    use crate::store::inspect::{self, Step, Watch};
    use crate::store::journal::{self, JournalTrouble, Place, RealDisk, Shelves};
    use crate::store::sample::{evidence, sent};
    use crate::store::{EmbeddedStore, ExportedDeclaration, Store as _};

    async fn with(declarations: u32) -> (tempfile::TempDir, EmbeddedStore) {
        let directory = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(options(directory.path())).unwrap();
        for reference in 1..=declarations {
            let reference = reference.to_string();
            store.record(sent(&reference).declaring(&reference)).await.unwrap();
            store.keep(evidence(b"rubbish")).await.unwrap();
        }
        (directory, store)
    }

    fn entries(accepted: &Accepted) -> Vec<u64> {
        let lines = accepted.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice::<Value>(line).unwrap()["entry"].as_u64().unwrap()).collect()
    }

    /// All there is, by batches of so many bytes.
    async fn read(store: &EmbeddedStore, first: u64, bytes_max: usize) -> Vec<u64> {
        let (mut found, mut along) = (Vec::new(), Along::from(RecordNumber(first)));
        while along.next() <= store.last() {
            let accepted = store.accepted(along, false, bytes_max).await.unwrap();
            assert_eq!(entries(&accepted).len() as u64, accepted.declarations);
            assert!(accepted.next.next() > along.next());
            found.extend(entries(&accepted));
            along = accepted.next;
        }
        found
    }

    #[tokio::test]
    async fn everything_comes_in_order_however_much_at_a_time() {
        let (_directory, store) = with(40).await;
        let expected: Vec<_> = (0..40).map(|number| 2 * number + 1).collect();
        for bytes_max in [1, 5_000, usize::MAX] {
            assert_eq!(read(&store, 1, bytes_max).await, expected, "{bytes_max}");
        }
        assert_eq!(read(&store, 20, 1).await, expected[10..]);
    }

    #[tokio::test]
    async fn what_is_not_there_yet_is_waited_for() {
        let (_directory, store) = with(1).await;
        let end = Along::from(RecordNumber(3));
        let nothing = store.accepted(end, false, 1).await.unwrap();
        assert_eq!((nothing.declarations, nothing.next), (0, end));
        store.record(sent("2").declaring("2")).await.unwrap();
        assert_eq!(entries(&store.accepted(nothing.next, false, 1).await.unwrap()), [3]);
    }

    #[tokio::test]
    async fn practice_and_real_are_apart() {
        let (_directory, store) = with(2).await;
        let accepted = store.accepted(Along::from(RecordNumber(1)), true, usize::MAX).await.unwrap();
        assert_eq!((accepted.declarations, accepted.next.next()), (0, RecordNumber(5)));
    }

    /// What a version of the gateway writes that takes amendments and voids: an interchange with a declaration of this function
    /// and version, under the number that the first one has.
    fn later(first: &LodgedInterchange, number: RecordNumber, function: Function, version: u32) -> Entry {
        let mut later = first.clone();
        (later.remembered, later.recorded.contrl, later.recorded.cusres) = (None, None, None);
        later.recorded.number = number;
        let Verdict::Accepted { version: stands, .. } = &mut later.recorded.verdicts[0] else {
            panic!("it is refused")
        };
        *stands = version;
        let judgement = &mut later.recorded.facts.judgements[0];
        let Decision::Accept(declaration) = &mut judgement.decision else { panic!("it is refused") };
        (declaration.function, declaration.version) = (function, version);
        Entry::Interchange(Box::new(later))
    }

    /// Writes such versions of the first declaration of a closed store into its journal.
    fn writes(directory: &Path, versions: &[(Function, u32)]) {
        let shelves = Shelves::of(directory.join("store/journal"));
        let place = Place { disk: Arc::new(RealDisk), shelves, segment_bytes: options(directory).segment_bytes };
        let found = journal::open(place).unwrap().unwrap();
        let mut first = None;
        let contents = found.read(RecordNumber(0), true, |_, payload| {
            first.get_or_insert_with(|| Entry::decode(payload).unwrap().into_interchange().unwrap());
            Ok::<_, JournalTrouble>(())
        });
        let (mut journal, _) = found.resume(&contents.unwrap()).unwrap();
        for (function, version) in versions {
            let entry = later(first.as_ref().unwrap(), journal.next_number(), *function, *version).encode().unwrap();
            if !journal.has_room(entry.len()).unwrap() {
                journal.take().flush().unwrap();
                journal.roll(entry.len()).unwrap();
            }
            journal.gather(&entry).unwrap();
        }
        journal.take().flush().unwrap();
    }

    /// Function, version and proof-of-report number of each line.
    fn versions(lines: &[u8]) -> Vec<(String, u64, String)> {
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let line = |line: &[u8]| {
            let line: Value = serde_json::from_slice(line).unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&line["declaration"]["function"]), line["version"].as_u64().unwrap(), text(&line["proof"]))
        };
        lines.map(line).collect()
    }

    struct Nobody;

    impl Watch for Nobody {
        fn reached(&mut self, _: Step, _: u64, _: Option<u64>) {}
    }

    #[tokio::test]
    async fn amendments_and_voids_come_in_the_order_of_the_record() {
        let (directory, store) = with(2).await;
        store.close().await.unwrap();
        drop(store);
        writes(directory.path(), &[(Function::Amendment, 2), (Function::Amendment, 3), (Function::Void, 4)]);
        let store = EmbeddedStore::open(options(directory.path())).unwrap();
        store.record(sent("3").declaring("3")).await.unwrap();
        let expected = [
            ("Original", 1, "AB1234202611201"),
            ("Original", 1, "AB1234202611202"),
            ("Amendment", 2, "AB1234202611201"),
            ("Amendment", 3, "AB1234202611201"),
            ("Void", 4, "AB1234202611201"),
            ("Original", 1, "AB1234202611203"),
        ]
        .map(|(function, version, proof)| (function.to_owned(), version, proof.to_owned()));
        for bytes_max in [1, usize::MAX] {
            let (mut lines, mut along) = (Vec::new(), Along::from(RecordNumber(1)));
            while along.next() <= store.last() {
                let accepted = store.accepted(along, false, bytes_max).await.unwrap();
                lines.extend(accepted.lines);
                along = accepted.next;
            }
            assert_eq!(versions(&lines), expected, "{bytes_max}");
        }
        store.close().await.unwrap();
        drop(store);
        let (place, mut exported) = (directory.path().join("store"), Vec::new());
        let line = &mut |declaration: &ExportedDeclaration<'_>| {
            serde_json::to_writer(&mut exported, declaration)?;
            exported.push(b'\n');
            Ok(())
        };
        inspect::export(&place, 1, false, &mut Nobody, line).unwrap();
        assert_eq!(versions(&exported), expected);
        let checked = inspect::check(&place, 10, &mut Nobody).unwrap();
        assert!(checked.is_right(), "{:?}", checked.disagreements);
    }

    #[tokio::test]
    async fn damage_ends_it() {
        let (directory, store) = with(2).await;
        let path = directory.path().join("store/journal/00000001.seg");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[200] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert!(store.accepted(Along::from(RecordNumber(1)), false, 1).await.is_err());
    }
}
