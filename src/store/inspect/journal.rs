//! The journal read from end to end: every frame, every seal, and whether they are one journal.
//!
//! Start with [`Segments::find`], then [`Segments::walk`]. Unlike a start, which ends at the first thing that is wrong,
//! the walk notes it and goes on behind it; and it opens nothing to write. While a daemon writes, the last segment is read
//! up to its last whole frame.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use super::beginning::is_gone;
use super::listing::header;
use super::pieces::Read;
use super::{Disagreement, Disagreements, InspectTrouble, Step, Watch, What};
use crate::identifier::RecordNumber;
use crate::record::Digest;
use crate::store::entry::Entry;
use crate::store::floor::Floor;
use crate::store::guard::Unfit;
use crate::store::journal::dropping;
use crate::store::journal::frame::Frame;
use crate::store::journal::scan::{self, Contents, Ending};
use crate::store::journal::seal::{Seal, hexadecimal};
use crate::store::journal::segment::{FORMAT, Header, OTHER_FORMAT};
use crate::store::journal::{Chain, Disk, JournalFile, JournalTrouble, ReadOnlyDisk, Shelves, StoreId};
use crate::store::state::Pointer;

/// Who takes the entries: where each stands, and its frame.
pub(crate) type Each<'a> = dyn FnMut(Pointer, &Frame<'_>, &mut Disagreements) -> Result<(), InspectTrouble> + 'a;

/// The segments of a journal, as their headers say.
#[derive(Debug)]
pub(crate) struct Segments {
    pub(super) shelves: Shelves,
    /// The numbers of the files, in order.
    pub(super) numbers: Vec<u64>,
    /// By their numbers; those that cannot be used are missing.
    pub(super) headers: BTreeMap<u64, Header>,
    /// What is below it was dropped, as the journal says; asked only where the first segment of all is not there.
    pub(super) floor: Floor,
    /// The highest number.
    pub(super) last: u64,
    store: StoreId,
    /// Whether somebody may write into the last one meanwhile.
    pub(super) is_live: bool,
    /// The file that stands for the last one, without the zeroes at its end.
    tail: Option<PathBuf>,
    /// Segments without entries from this one on are not read.
    since: u64,
}

/// What was found in a journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walked {
    /// The number that the next entry would have.
    pub(crate) next: u64,
    /// What all entries come to.
    pub(crate) chain: Chain,
    /// Where the last segment ends: its number, and the byte behind its last frame.
    pub(crate) end: (u64, u64),
    /// Whether something that is no whole frame lies behind it.
    pub(crate) is_torn: bool,
    /// Whether every entry was there and followed the one before.
    pub(crate) is_whole: bool,
    /// Segments with a seal.
    pub(crate) sealed: u64,
    /// Segments but the last without one.
    pub(crate) unsealed: u64,
    /// What is below it is not kept any more, as the last entry says that raises it.
    pub(crate) floor: Floor,
}

impl Segments {
    /// The segments that are there. `is_live` when a daemon may write meanwhile.
    ///
    /// # Errors
    /// [`InspectTrouble`] when they cannot be listed or read, there is none, or a later version wrote one.
    pub(crate) fn find(shelves: &Shelves, is_live: bool, found: &mut Disagreements) -> Result<Self, InspectTrouble> {
        Self::with_tail(shelves, is_live, None, found)
    }

    /// The same where the segments are these alone, and a file stands for the last of them.
    ///
    /// # Errors
    /// As [`Segments::find`].
    pub(crate) fn with_tail(
        shelves: &Shelves,
        is_live: bool,
        tail: Option<(RangeInclusive<u64>, PathBuf)>,
        found: &mut Disagreements,
    ) -> Result<Self, InspectTrouble> {
        match Self::look(shelves, is_live, tail.clone(), found) {
            // One that was dropped while they were listed; once more does not find it.
            Err(trouble) if is_live && is_gone(&trouble) => Self::look(shelves, is_live, tail, found),
            segments => segments,
        }
    }

    fn look(
        shelves: &Shelves,
        is_live: bool,
        tail: Option<(RangeInclusive<u64>, PathBuf)>,
        found: &mut Disagreements,
    ) -> Result<Self, InspectTrouble> {
        let list = || shelves.list().map(|listed| (listed.segments, listed.seals.last().copied().unwrap_or(0)));
        let (mut numbers, mut sealed) = list()?;
        let [first, last] = [numbers.first(), numbers.last()].map(|number| number.copied().unwrap_or(0));
        let is_without_gap = numbers.iter().copied().eq(first..=last);
        if is_live && !(is_without_gap && sealed < last) {
            // Segments that are begun while they are listed may be missed; once more finds those.
            (numbers, sealed) = list()?;
        }
        if let Some((range, _)) = &tail {
            // What a backup that was interrupted left in front of it or behind it does not belong to it.
            numbers.retain(|number| range.contains(number) && number != range.end());
            numbers.push(*range.end());
            sealed = 0;
        }
        let no_store = || InspectTrouble::NoStore { path: shelves.journal().to_owned(), reason: "it has no segment" };
        // A seal says that a segment follows the one it is of.
        let last = numbers.last().copied().ok_or_else(no_store)?.max(if sealed > 0 { sealed + 1 } else { 0 });
        let tail = tail.map(|(_, path)| path);
        let mut headers = BTreeMap::new();
        for number in numbers.iter().copied() {
            let is_tail = tail.as_deref().filter(|_| number == last);
            match header(shelves, number, is_tail) {
                Ok(header) => {
                    headers.insert(number, header);
                }
                Err(JournalTrouble::Header { path, reason: OTHER_FORMAT }) => {
                    return Err(Unfit::OtherFormat(path).into());
                }
                Err(JournalTrouble::Header { reason, .. }) => {
                    found.add(Disagreement::new(What::SegmentUnreadable).in_segment(number).found(reason));
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
        let store = headers.values().next().map(|header: &Header| header.store);
        let store = store.ok_or_else(|| InspectTrouble::Damaged {
            first: format!("no segment in {} can be used", shelves.journal().display()),
        })?;
        headers.retain(|number, header| {
            let is_ours = header.store == store;
            if !is_ours {
                let foreign = Disagreement::new(What::SegmentUnreadable).in_segment(*number);
                found.add(foreign.found(format!("store {}", header.store)).expected(format!("store {store}")));
            }
            is_ours
        });
        let (shelves, floor) = (shelves.clone(), Floor::default());
        let segments = Self { shelves, numbers, headers, floor, last, store, is_live, tail, since: 0 };
        segments.with_floor()
    }

    /// The same for whoever wants entries from `since` on only: segments in front of them are not read.
    pub(crate) fn since(self, since: u64) -> Self {
        Self { since, ..self }
    }

    /// The store that they belong to.
    pub(crate) fn store(&self) -> StoreId {
        self.store
    }

    /// The format of the last one that can be used.
    pub(crate) fn format(&self) -> u32 {
        self.headers.values().next_back().map_or(FORMAT, |header| header.format)
    }

    /// How long they are together, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.headers.values().map(|header| header.bytes).sum()
    }

    /// The header of one.
    pub(crate) fn header(&self, number: u64) -> Option<&Header> {
        self.headers.get(&number)
    }

    /// What all entries in front of this one come to; none when the journal does not reach that far, or begins behind it.
    ///
    /// # Errors
    /// [`InspectTrouble`] when it cannot be read.
    pub(crate) fn chain_before(&self, next: u64) -> Result<Option<Chain>, InspectTrouble> {
        let Some(header) = self.headers.values().rev().find(|header| header.first <= next) else { return Ok(None) };
        let mut chain = (header.first == next).then_some(header.chain);
        let (_, contents) = self.read(header, Contents::start(header), &mut |_, frame| {
            if frame.number.0.checked_add(1) == Some(next) {
                chain = Some(frame.chain);
            }
            Ok(())
        })?;
        if chain.is_none() && contents.ending == Ending::Damaged {
            let (_, path) = self.open(header.number)?;
            let (offset, number) = (contents.end, RecordNumber(contents.next));
            return Err(JournalTrouble::Damaged { path, offset, number }.into());
        }
        Ok(chain)
    }

    /// The bytes of a segment, and what its frames are up to the first thing that is none, from behind what was read of it
    /// before. What is written meanwhile is read up to the last whole frame.
    ///
    /// # Errors
    /// [`InspectTrouble`] when it cannot be read, or what `each` returns.
    pub(crate) fn read(
        &self,
        header: &Header,
        from: Contents,
        each: &mut dyn FnMut(Pointer, &Frame<'_>) -> Result<(), InspectTrouble>,
    ) -> Result<(Vec<u8>, Contents), InspectTrouble> {
        let (file, path) = self.open(header.number)?;
        let length = file.bytes().map_err(InspectTrouble::io("measure", &path))?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        file.read_at(&mut bytes, 0).map_err(InspectTrouble::io("read", &path))?;
        let mut contents = scan::frames_from(&bytes, header, from, &mut *each)?;
        // A frame of a later write can be read before the one in front of it only when both were written meanwhile.
        while self.is_live && header.number == self.last && contents.ending != Ending::Clean {
            let before = contents;
            let behind = usize::try_from(before.end).ok().and_then(|end| bytes.get_mut(end..)).unwrap_or_default();
            file.read_at(behind, before.end).map_err(InspectTrouble::io("read", &path))?;
            contents = scan::frames_from(&bytes, header, before, &mut *each)?;
            if contents.end == before.end {
                break;
            }
        }
        Ok((bytes, contents))
    }

    /// Reads all of them, and hands over every entry that can be read, in order.
    ///
    /// # Errors
    /// [`InspectTrouble`] when a file cannot be read, or what `each` returns.
    pub(crate) fn walk(
        &self,
        found: &mut Disagreements,
        watch: &mut dyn Watch,
        each: &mut Each<'_>,
    ) -> Result<Walked, InspectTrouble> {
        let chain = Chain::of_store(self.store);
        let (next, end) = (1, (0, 0));
        let (is_torn, is_whole, mut floor) = (false, true, self.floor);
        let mut walked = Walked { next, chain, end, is_torn, is_whole, sealed: 0, unsealed: 0, floor };
        let (mut done, total, mut expected) = (0_u64, self.bytes(), self.begins());
        let mut each = |pointer: Pointer, frame: &Frame<'_>, found: &mut Disagreements| {
            floor = Entry::floor(frame.payload).unwrap_or(floor);
            each(pointer, frame, found)
        };
        for number in self.numbers.iter().copied() {
            self.check_gap(expected, number, &mut walked, found);
            expected = number.saturating_add(1);
            let Some(header) = self.headers.get(&number) else {
                walked.is_whole = false;
                continue;
            };
            let following = self.headers.get(&expected);
            if following.is_none_or(|following| following.first > self.since) {
                self.check_beginning(header, &mut walked, found);
                let visit = Visit { segments: self, header, following, walked: &mut walked, found, each: &mut each };
                match visit.read() {
                    Err(trouble) if is_gone(&trouble) && self.is_dropped(number)? => {}
                    outcome => outcome?,
                }
            }
            done = done.saturating_add(header.bytes);
            watch.reached(Step::Journal, done, Some(total));
        }
        self.check_gap(expected, self.last.saturating_add(1), &mut walked, found);
        Ok(Walked { floor, ..walked })
    }

    /// Segments from `expected` on are missing when another one follows.
    fn check_gap(&self, expected: u64, number: u64, walked: &mut Walked, found: &mut Disagreements) {
        // Segments that are in front of everything that is wanted are not read.
        let is_wanted = self.headers.get(&number).is_none_or(|header| header.first > self.since);
        if number > expected && is_wanted {
            walked.is_whole = false;
            let missing = Disagreement::new(What::SegmentMissing).in_segment(expected);
            let missing = missing.expected(range("segment", "segments", expected, number.saturating_sub(1)));
            found.add(match self.shelves.archive() {
                Some(archive) => missing.found(format!(
                    "nothing in {} and nothing in the archive {}",
                    self.shelves.journal().display(),
                    archive.display()
                )),
                None => missing,
            });
        }
    }

    /// The first segment follows nothing, or what was dropped; that others follow theirs is looked at when that one is read.
    fn check_beginning(&self, header: &Header, walked: &mut Walked, found: &mut Disagreements) {
        let (follows, chain) = match header.number {
            1 => ((header.first, header.chain) == (1, Chain::of_store(self.store)), Chain::of_store(self.store)),
            _ => (dropping::follows(header, &self.floor), Chain(self.floor.chain)),
        };
        let is_first = header.number == 1 || self.floor.segment.checked_add(1) == Some(header.number);
        if is_first && !follows {
            walked.is_whole = false;
            let wrong = Disagreement::new(What::ChainBroken).in_segment(header.number).entry(header.first);
            found.add(wrong.found(header.chain.to_string()).expected(chain.to_string()));
        }
    }

    pub(super) fn open(&self, number: u64) -> Result<(Arc<dyn JournalFile>, PathBuf), InspectTrouble> {
        let Some(tail) = self.tail.clone().filter(|_| number == self.last) else {
            return Ok(self.shelves.open(&ReadOnlyDisk, number)?);
        };
        let file = ReadOnlyDisk.read(&tail).map_err(InspectTrouble::io("open", &tail))?;
        Ok((file, tail))
    }
}

/// One segment while it is read.
struct Visit<'a, 'e> {
    segments: &'a Segments,
    header: &'a Header,
    following: Option<&'a Header>,
    walked: &'a mut Walked,
    found: &'a mut Disagreements,
    each: &'a mut Each<'e>,
}

impl Visit<'_, '_> {
    fn read(mut self) -> Result<(), InspectTrouble> {
        let Self { segments, header, each, found, .. } = &mut self;
        let mut each = |pointer: Pointer, frame: &Frame<'_>| each(pointer, frame, found);
        let Read { mut contents, digest } = segments.read_in_pieces(header, &mut each)?;
        let digest = match digest {
            Some(digest) => digest,
            None => {
                let (bytes, behind) = segments.read(header, contents, &mut each)?;
                contents = self.go_behind_damage(&bytes, behind)?;
                Digest::of([bytes.as_slice()])
            }
        };
        self.check_following(&contents);
        if self.header.number < self.segments.last {
            self.check_seal(digest)?;
        }
        self.walked.is_torn = contents.ending != Ending::Clean && self.is_tail(&contents);
        self.walked.end = (self.header.number, contents.end);
        (self.walked.next, self.walked.chain) = (contents.next, contents.chain);
        Ok(())
    }

    /// Reads what can be read behind whatever is none of a frame, and notes that.
    fn go_behind_damage(&mut self, bytes: &[u8], mut contents: Contents) -> Result<Contents, InspectTrouble> {
        while contents.ending != Ending::Clean && !self.is_tail(&contents) {
            match self.behind_damage(bytes, &contents)? {
                Some(behind) => contents = self.frames(bytes, behind)?,
                None => break,
            }
        }
        Ok(contents)
    }

    fn frames(&mut self, bytes: &[u8], from: Contents) -> Result<Contents, InspectTrouble> {
        let Self { each, found, .. } = self;
        scan::frames_from(bytes, self.header, from, |pointer, frame| each(pointer, frame, found))
    }

    /// Whether what lies behind is that of a write that was interrupted, or is under way.
    fn is_tail(&self, contents: &Contents) -> bool {
        self.header.number == self.segments.last && self.segments.tail.is_none() && contents.ending == Ending::Torn
    }

    /// Notes what cannot be read here, and goes behind it; none when nothing that can be read follows in this segment.
    fn behind_damage(&mut self, bytes: &[u8], contents: &Contents) -> Result<Option<Contents>, InspectTrouble> {
        let rest = usize::try_from(contents.end).ok().and_then(|end| bytes.get(end..)).unwrap_or_default();
        let number = self.header.number;
        let are_all_there =
            self.following.is_some_and(|next| (next.first, next.chain) == (contents.next, contents.chain));
        if are_all_there {
            let place =
                rest.iter().position(|byte| *byte != 0).and_then(|place| u64::try_from(place).ok()).unwrap_or(0);
            self.found.add(Disagreement::new(What::NotZeroes).in_segment(number).at(contents.end + place));
            return Ok(None);
        }
        self.walked.is_whole = false;
        let damaged = Disagreement::new(What::EntriesDamaged).in_segment(number).at(contents.end).entry(contents.next);
        let following = Frame::all(rest, self.header.generation()).find(|(_, frame)| frame.number.0 >= contents.next);
        let Some((place, frame)) = following else {
            let until = self.following.map_or(contents.next, |next| next.first.saturating_sub(1));
            self.found.add(damaged.expected(entries(contents.next, until)));
            return Ok(None);
        };
        if place == 0 && frame.number.0 == contents.next {
            let link = contents.chain.follow(frame.number, frame.payload);
            let broken = Disagreement { what: What::ChainBroken, ..damaged };
            self.found.add(broken.found(frame.chain.to_string()).expected(link.to_string()));
        } else {
            self.found.add(damaged.expected(entries(contents.next, frame.number.0.saturating_sub(1))));
        }
        let offset = contents.end.saturating_add(u64::try_from(place).unwrap_or(u64::MAX));
        let length = u32::try_from(frame.length()).unwrap_or(u32::MAX);
        (self.each)(Pointer { number: frame.number, segment: number, offset, length }, &frame, self.found)?;
        let (end, next) = (offset.saturating_add(length.into()), frame.number.0.saturating_add(1));
        Ok(Some(Contents { end, next, chain: frame.chain, ending: Ending::Clean }))
    }

    /// Whether the next segment goes on where this one ends.
    fn check_following(&mut self, contents: &Contents) {
        let Some(next) = self.following.filter(|next| (next.first, next.chain) != (contents.next, contents.chain))
        else {
            return;
        };
        self.walked.is_whole = false;
        if next.first > contents.next && contents.ending == Ending::Clean {
            let lost = Disagreement::new(What::EntriesDamaged).in_segment(self.header.number).at(contents.end);
            let expected = entries(contents.next, next.first.saturating_sub(1));
            self.found.add(lost.entry(contents.next).found("zeroes").expected(expected));
        } else if next.first <= contents.next {
            let broken = Disagreement::new(What::ChainBroken).in_segment(next.number).entry(next.first);
            let found = format!("entry {} behind {}", next.first, next.chain);
            self.found.add(broken.found(found).expected(format!("entry {} behind {}", contents.next, contents.chain)));
        }
    }

    /// Whether the seal is there, is that of this segment, and has its digest.
    fn check_seal(&mut self, digest: Digest) -> Result<(), InspectTrouble> {
        let wrong = |what| Disagreement::new(what).in_segment(self.header.number);
        let seal = match Seal::read(&ReadOnlyDisk, self.segments.shelves.journal(), self.header.number) {
            Ok(None) => {
                self.walked.unsealed += 1;
                return Ok(());
            }
            Ok(Some(seal)) => seal,
            Err(JournalTrouble::Header { reason, .. }) => {
                self.found.add(wrong(What::SealWrong).found(reason));
                return Ok(());
            }
            Err(trouble) => return Err(trouble.into()),
        };
        self.walked.sealed += 1;
        if let Some(next) = self.following.filter(|next| !seal.is_of(self.header, next)) {
            let of = |segment, first, next, chain: Chain| {
                format!("segment {segment}, entries {first} to {next}, chain {chain}")
            };
            let expected = of(self.header.number, self.header.first, next.first.saturating_sub(1), next.chain);
            let Seal { segment, first, next, chain, .. } = seal;
            self.found.add(
                wrong(What::SealWrong).found(of(segment, first, next.saturating_sub(1), chain)).expected(expected),
            );
        }
        let (found, expected) = (hexadecimal(&digest.0), hexadecimal(&seal.digest));
        if found != expected {
            self.found.add(wrong(What::DigestWrong).found(found).expected(expected));
        }
        Ok(())
    }
}

/// Entries by their numbers, in words.
fn entries(from: u64, to: u64) -> String {
    range("entry", "entries", from, to)
}

fn range(one: &str, several: &str, from: u64, to: u64) -> String {
    if from >= to { format!("{one} {from}") } else { format!("{several} {from} to {to}") }
}

impl Walked {
    /// The last entry.
    pub(crate) fn last(&self) -> RecordNumber {
        RecordNumber(self.next.saturating_sub(1))
    }
}
