//! Finding the journal again at a start: which segments there are, whether they fit together, where they end.
//!
//! A torn tail is allowed in the last segment only, since the next one is begun after the last write of the one before
//! is on stable storage. Anything else that is not as it was written stops the start, with words. Only what moved to an archive
//! may be away: a start needs nothing of it as long as the state has it, and reads of it are refused.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::identifier::RecordNumber;
use crate::store::floor::Floor;
use crate::store::state::Pointer;

use super::append::{self, Active, Behind, Journal, Place};
use super::chain::Chain;
use super::disk::{Disk as _, ReadOnlyDisk, write_zeroes};
use super::dropping;
use super::prepare::PREPARED;
use super::reader::Reader;
use super::scan::{self, Contents, Ending};
use super::seal::{self, Seal, Sealer};
use super::segment::{FIRST_FRAME, FORMAT, Header, OTHER_FORMAT, StoreId};
use super::shelves::{Shelves, paths_in};
use super::trouble::JournalTrouble;

/// What is wrong with a segment whose chain is not that of the one before it.
const UNLINKED: &str = "its entries do not follow those in front of it";

/// What stands for a chain that cannot be read. No digest is known to be it.
const UNKNOWN: Chain = Chain([0; 32]);

/// A journal that is found and not read yet.
pub(crate) struct Opened {
    place: Place,
    /// In order; at least one.
    headers: Vec<Header>,
    last: Header,
    /// Those that have no seal yet, each with the one that follows it.
    unsealed: Vec<(Header, Header)>,
    /// The numbers of those that are neither in the journal nor in its archive.
    absent: Vec<u64>,
    /// The lowest number of which a file is in the journal.
    lowest: u64,
}

/// The first segment in a directory whose format this version does not know; none when it knows all of them. What else is
/// wrong with a segment is not looked at.
///
/// # Errors
/// [`JournalTrouble::Io`] when the directory cannot be listed.
pub(crate) fn unknown(directory: &Path) -> Result<Option<PathBuf>, JournalTrouble> {
    let shelves = Shelves::of(directory);
    let mut paths = shelves.list_journal()?.segments.into_iter().map(|number| shelves.path(number));
    Ok(paths.find(|path| {
        let header = ReadOnlyDisk.open(path).ok().map(|file| Header::of_any_length(&*file, path));
        matches!(header, Some(Err(JournalTrouble::Header { reason: OTHER_FORMAT, .. })))
    }))
}

/// The segments in a directory; none when there is none. Whether they may begin where they do is for the caller to say
/// ([`Opened::begins`]). What is there is on stable storage from now on.
///
/// # Errors
/// Those of [`find`] and [`Opened::flush`].
pub(crate) fn open(place: Place) -> Result<Option<Opened>, JournalTrouble> {
    let opened = find(place)?;
    opened.map(|opened| opened.flush().map(|()| opened)).transpose()
}

/// The same as they are: nothing is written and nothing flushed.
///
/// # Errors
/// [`JournalTrouble`] when one of them is missing, unreadable, or of another journal.
pub(crate) fn find(place: Place) -> Result<Option<Opened>, JournalTrouble> {
    let listed = place.shelves.list_journal()?;
    let numbers: BTreeSet<u64> = listed.segments.into_iter().collect();
    let (Some(first), Some(last)) = (numbers.first().copied(), numbers.last().copied()) else { return Ok(None) };
    // Of one that moved to the archive the seal stayed.
    let begins = listed.seals.first().map_or(first, |sealed| first.min(*sealed));
    let mut headers = Vec::new();
    for number in begins..=last {
        if !numbers.contains(&number) {
            headers.push(archived(&place, headers.last(), number)?);
            continue;
        }
        let (file, path) = place.shelves.open(&*place.disk, number)?;
        let header = Header::of(&*file, &path)?;
        check_next(headers.last(), &header, number).map_err(|reason| JournalTrouble::Header { path, reason })?;
        headers.push(header);
    }
    let Some(last) = headers.last().copied() else { return Ok(None) };
    let unsealed = unsealed(&place, &headers)?;
    // An archive that cannot be read has nothing: that keeps nobody from recording.
    let held = place.shelves.held().unwrap_or_default().segments;
    let is_absent = |number: &u64| !numbers.contains(number) && held.binary_search(number).is_err();
    let absent = (begins..=last.number).filter(is_absent).collect();
    Ok(Some(Opened { place, headers, last, unsealed, absent, lowest: begins }))
}

/// What the header of a segment that moved to the archive says, but for its length and its format: its seal stayed, and the archive need not
/// be there. Whoever reads the segment holds its own header against it. What the first one behind dropped ones follows stands
/// in itself alone, and in the floor.
fn archived(place: &Place, before: Option<&Header>, number: u64) -> Result<Header, JournalTrouble> {
    let (journal, store) = (place.shelves.journal(), place.shelves.archived_of(number));
    let seal = Seal::read(&*place.disk, journal, number)?;
    let (Some(store), Some(seal)) = (store, seal) else {
        return Err(JournalTrouble::Missing { directory: journal.to_owned(), number });
    };
    let before_it = before.map(|before| Seal::read(&*place.disk, journal, before.number)).transpose()?.flatten();
    let chain = match before_it {
        Some(before) => before.chain,
        None if number == 1 => Chain::of_store(store),
        None => own_chain(place, number).unwrap_or(UNKNOWN),
    };
    let header = Header { format: FORMAT, store, number, first: seal.first, bytes: 0, chain };
    let wrong = |reason| JournalTrouble::Header { path: seal::path(journal, number), reason };
    check_next(before, &header, number).map_err(wrong)?;
    Ok(header)
}

/// What a segment says that it follows; none when it cannot be read.
fn own_chain(place: &Place, number: u64) -> Option<Chain> {
    let (file, path) = place.shelves.open(&*place.disk, number).ok()?;
    Header::of(&*file, &path).ok().map(|header| header.chain)
}

/// The segments but the last that have no seal, each with the one that follows it. Seals that are there must be theirs.
fn unsealed(place: &Place, headers: &[Header]) -> Result<Vec<(Header, Header)>, JournalTrouble> {
    let mut unsealed = Vec::new();
    for (header, next) in headers.iter().zip(headers.iter().skip(1)) {
        match Seal::read(&*place.disk, place.shelves.journal(), header.number)? {
            None => unsealed.push((*header, *next)),
            Some(seal) if seal.is_of(header, next) => {}
            Some(_) => {
                let path = place.shelves.path(header.number);
                return Err(JournalTrouble::Header { path, reason: "its seal is of another one" });
            }
        }
    }
    Ok(unsealed)
}

impl Opened {
    /// A new journal.
    ///
    /// # Errors
    /// [`JournalTrouble`] when its first segment cannot be made.
    pub(crate) fn create(place: Place, store: StoreId) -> Result<Self, JournalTrouble> {
        let prepared = place.shelves.journal().join(PREPARED);
        let file =
            place.disk.create(&prepared, place.segment_bytes).map_err(JournalTrouble::io("create", &prepared))?;
        let chain = Chain::of_store(store);
        let header = Header { format: FORMAT, store, number: 1, first: 1, bytes: place.segment_bytes, chain };
        append::name(&*place.disk, &*file, &prepared, &place.shelves.path(1), &header)?;
        Ok(Self { place, headers: vec![header], last: header, unsealed: Vec::new(), absent: Vec::new(), lowest: 1 })
    }

    /// Puts the last segment and the names of all of them on stable storage. Those before it were, before it was begun. A
    /// process that was killed between a write and its flush left bytes that every reader sees and a power cut would take away.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`].
    pub(crate) fn flush(&self) -> Result<(), JournalTrouble> {
        let Self { place, last, .. } = self;
        let path = place.shelves.path(last.number);
        let file = place.disk.open(&path).map_err(JournalTrouble::io("open", &path))?;
        file.sync().map_err(JournalTrouble::io("flush", &path))?;
        let journal = place.shelves.journal();
        place.disk.sync_directory(journal).map_err(JournalTrouble::io("flush", journal))
    }

    /// The first segment that is there. Only the first one of all may be so without a word about those in front of it.
    pub(crate) fn begins(&self) -> Header {
        self.headers.first().copied().unwrap_or(self.last)
    }

    /// The latest entry in which something is found: the last segment is looked at first. What is damaged is passed over;
    /// whoever reads all of it tells. What is away is passed over as well, when it is found elsewhere.
    ///
    /// # Errors
    /// [`JournalTrouble`] when a segment cannot be read.
    pub(crate) fn latest<T>(&self, mut find: impl FnMut(&[u8]) -> Option<T>) -> Result<Option<T>, JournalTrouble> {
        let (mut bytes, mut away) = (Vec::new(), None);
        for header in self.headers.iter().rev() {
            let mut found = None;
            let read = self.read_segment(header, &mut bytes, RecordNumber(0), &mut |_, payload| {
                found = find(payload).or(found.take());
                Ok::<_, JournalTrouble>(())
            });
            match read {
                Err(trouble) if self.shelves().is_away(&trouble) => away = Some(trouble),
                read => {
                    read?;
                }
            }
            if found.is_some() {
                return Ok(found);
            }
        }
        away.map_or(Ok(None), Err)
    }

    /// Passes over what is below the floor: its removal may have been interrupted. The first segment goes on where that ends,
    /// as far as it does not say so itself because it is away.
    pub(crate) fn begin_behind(&mut self, floor: &Floor) {
        self.pass_over(floor.segment);
        if let Some(first) = self.headers.first_mut()
            && first.chain == UNKNOWN
            && floor.segment.checked_add(1) == Some(first.number)
        {
            first.chain = Chain(floor.chain);
        }
    }

    /// Removes the segments up to this one. They are not spoken of any more, whether that can be done or not.
    ///
    /// # Errors
    /// [`JournalTrouble`]; doing it again goes on where it was.
    pub(crate) fn drop_through(&mut self, through: u64) -> Result<(), JournalTrouble> {
        self.pass_over(through);
        dropping::remove_through(&*self.place.disk, &self.place.shelves, self.last.store, through)
    }

    fn pass_over(&mut self, through: u64) {
        self.headers.retain(|header| header.number > through);
        self.unsealed.retain(|(header, _)| header.number > through);
        self.absent.retain(|number| *number > through);
    }

    /// Whether something is left of the segments up to this one.
    pub(crate) fn has_through(&self, through: u64) -> bool {
        self.lowest <= through
    }

    /// Whether the first segment is in neither place.
    pub(crate) fn begins_absent(&self) -> bool {
        self.absent.first() == Some(&self.begins().number)
    }

    /// The store it belongs to.
    pub(crate) fn store(&self) -> StoreId {
        self.last.store
    }

    /// The segment that is written.
    pub(crate) fn last(&self) -> Header {
        self.last
    }

    /// Segments that have no seal yet, each with the one that follows it.
    pub(crate) fn unsealed(&self) -> &[(Header, Header)] {
        &self.unsealed
    }

    /// The format in which it is written so far, when new segments have a later one.
    pub(crate) fn former_format(&self) -> Option<u32> {
        Some(self.last.format).filter(|format| *format < FORMAT)
    }

    /// Segments that are neither in the journal nor in its archive, which may be away: what is in them cannot be read.
    pub(crate) fn absent(&self) -> &[u64] {
        &self.absent
    }

    /// Where its segments are.
    pub(crate) fn shelves(&self) -> &Shelves {
        &self.place.shelves
    }

    /// How many segments there are.
    pub(crate) fn segments(&self) -> usize {
        self.headers.len()
    }

    /// Hands every entry after `after` to `each`, in order, and says how the last segment ends.
    ///
    /// Segments without such an entry are read only when `is_whole`; the last one is read always.
    ///
    /// # Errors
    /// What `each` returns, or a [`JournalTrouble`] when an entry is not what was written.
    pub(crate) fn read<E: From<JournalTrouble>>(
        &self,
        after: RecordNumber,
        is_whole: bool,
        mut each: impl FnMut(Pointer, &[u8]) -> Result<(), E>,
    ) -> Result<Contents, E> {
        let mut bytes = Vec::new();
        for (header, next) in self.headers.iter().zip(self.headers.iter().skip(1)) {
            if is_whole || next.first > after.0.saturating_add(1) {
                let contents = self.read_segment(header, &mut bytes, after, &mut each)?;
                if contents.ending != Ending::Clean || contents.next != next.first {
                    return Err(self.damaged(header, &contents).into());
                }
                if contents.chain != next.chain {
                    let path = self.place.shelves.place(next.number);
                    return Err(JournalTrouble::Header { path, reason: UNLINKED }.into());
                }
            }
        }
        let contents = self.read_segment(&self.last, &mut bytes, after, &mut each)?;
        match contents.ending {
            Ending::Clean | Ending::Torn => Ok(contents),
            Ending::Damaged => Err(self.damaged(&self.last, &contents).into()),
        }
    }

    fn read_segment<E: From<JournalTrouble>>(
        &self,
        header: &Header,
        bytes: &mut Vec<u8>,
        after: RecordNumber,
        each: &mut impl FnMut(Pointer, &[u8]) -> Result<(), E>,
    ) -> Result<Contents, E> {
        let (file, path) = self.place.shelves.open(&*self.place.disk, header.number)?;
        let own = Header::of(&*file, &path)?;
        if (Header { format: header.format, bytes: header.bytes, ..own }) != *header {
            return Err(JournalTrouble::Header { path, reason: UNLINKED }.into());
        }
        bytes.resize(usize::try_from(own.bytes).unwrap_or(usize::MAX), 0);
        file.read_at(bytes, 0).map_err(JournalTrouble::io("read", &path))?;
        scan::frames(
            bytes,
            header,
            |pointer, payload| if pointer.number > after { each(pointer, payload) } else { Ok(()) },
        )
    }

    fn damaged(&self, header: &Header, contents: &Contents) -> JournalTrouble {
        JournalTrouble::Damaged {
            path: self.place.shelves.place(header.number),
            offset: contents.end,
            number: RecordNumber(contents.next),
        }
    }

    /// Removes files that were not segments yet.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`].
    pub(crate) fn tidy(&self) -> Result<(), JournalTrouble> {
        let journal = self.place.shelves.journal();
        let paths = paths_in(journal).map_err(JournalTrouble::io("list", journal))?;
        let mut unfinished = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "new"));
        unfinished.try_for_each(|path| fs::remove_file(path).map_err(JournalTrouble::io("remove", path)))
    }

    /// The journal, to write behind what [`Opened::read`] found. A torn tail is overwritten with zeroes first. Behind a
    /// segment of a former format it goes on in a new one: a version that does not know the entries that may come now meets
    /// a segment that it refuses, and nothing that it would misread.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`] when the last segment cannot be written.
    pub(crate) fn resume(self, contents: &Contents) -> Result<(Journal, Arc<Reader>), JournalTrouble> {
        self.tidy()?;
        let is_of_former_format = self.former_format().is_some();
        let Self { place, headers, last, unsealed, .. } = self;
        let path = place.shelves.path(last.number);
        let file = place.disk.open(&path).map_err(JournalTrouble::io("open", &path))?;
        if contents.ending == Ending::Torn {
            write_zeroes(&*file, contents.end.max(FIRST_FRAME), last.bytes)
                .map_err(JournalTrouble::io("write", &path))?;
            file.sync().map_err(JournalTrouble::io("flush", &path))?;
        }
        let reader = Arc::new(Reader::new(Arc::clone(&place.disk), place.shelves.clone(), last.store));
        headers.iter().for_each(|header| reader.learn(header.first, header.number));
        let sealer = Sealer::start(Arc::clone(&place.disk), &place.shelves)?;
        unsealed.into_iter().for_each(|(header, next)| sealer.seal(header, next));
        let active = Active { file, header: last, end: contents.end };
        let behind = Behind { reader: Arc::clone(&reader), sealer };
        let mut journal = Journal::new(place, behind, active, (contents.next, contents.chain))?;
        if is_of_former_format {
            journal.roll(0)?;
        }
        Ok((journal, reader))
    }
}

/// Whether a segment follows the one before it.
fn check_next(before: Option<&Header>, header: &Header, number: u64) -> Result<(), &'static str> {
    if header.number != number {
        return Err("its number is not that of its name");
    }
    match before {
        None if number > 1 => Ok(()),
        None if header.first != 1 => Err("the entries before it are missing"),
        None if header.chain != Chain::of_store(header.store) => Err(UNLINKED),
        Some(before) if before.store != header.store => Err("it belongs to another store"),
        Some(before) if before.first > header.first => Err("it begins before the one in front of it"),
        None | Some(_) => Ok(()),
    }
}
