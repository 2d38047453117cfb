//! Finding the journal again at a start: which segments there are, whether they fit together, where they end.
//!
//! A torn tail is allowed in the last segment only, since the next one is begun after the last write of the one before
//! is on stable storage. Anything else that is not as it was written stops the start, with words.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::identifier::RecordNumber;
use crate::store::state::Pointer;

use super::append::{self, Active, Behind, Journal, Place};
use super::chain::Chain;
use super::disk::write_zeroes;
use super::dropping;
use super::prepare::PREPARED;
use super::reader::Reader;
use super::scan::{self, Contents, Ending};
use super::seal::{Seal, Sealer};
use super::segment::{self, FIRST_FRAME, Header, StoreId};
use super::trouble::JournalTrouble;

/// What is wrong with a segment whose chain is not that of the one before it.
const UNLINKED: &str = "its entries do not follow those in front of it";

/// A journal that is found and not read yet.
pub(crate) struct Opened {
    place: Place,
    /// In order; at least one.
    headers: Vec<Header>,
    last: Header,
    /// Those that have no seal yet, each with the one that follows it.
    unsealed: Vec<(Header, Header)>,
}

/// The segments in a directory; none when there is none. Whether they may begin where they do is for the caller to say
/// ([`Opened::begins`]). What is there is on stable storage from now on: a process that
/// was killed between a write and its flush left bytes that every reader sees and a power cut would take away.
///
/// # Errors
/// [`JournalTrouble`] when one of them is missing, unreadable, or of another journal, or the last one cannot be flushed.
pub(crate) fn open(place: Place) -> Result<Option<Opened>, JournalTrouble> {
    let mut numbers = segments(&place.directory)?;
    numbers.sort_unstable();
    let mut headers = Vec::with_capacity(numbers.len());
    let begins = numbers.first().copied().unwrap_or(1);
    for (number, expected) in numbers.into_iter().zip(begins..) {
        if number != expected {
            return Err(JournalTrouble::Missing { directory: place.directory, number: expected });
        }
        let path = segment::path(&place.directory, number);
        let file = place.disk.open(&path).map_err(JournalTrouble::io("open", &path))?;
        let header = Header::of(&*file, &path)?;
        check_next(headers.last(), &header, number).map_err(|reason| JournalTrouble::Header { path, reason })?;
        headers.push(header);
    }
    let Some(last) = headers.last().copied() else { return Ok(None) };
    flush(&place, &last)?;
    let unsealed = unsealed(&place, &headers)?;
    Ok(Some(Opened { place, headers, last, unsealed }))
}

/// The segments but the last that have no seal, each with the one that follows it. Seals that are there must be theirs.
fn unsealed(place: &Place, headers: &[Header]) -> Result<Vec<(Header, Header)>, JournalTrouble> {
    let mut unsealed = Vec::new();
    for (header, next) in headers.iter().zip(headers.iter().skip(1)) {
        match Seal::read(&*place.disk, &place.directory, header.number)? {
            None => unsealed.push((*header, *next)),
            Some(seal) if seal.is_of(header, next) => {}
            Some(_) => {
                let path = segment::path(&place.directory, header.number);
                return Err(JournalTrouble::Header { path, reason: "its seal is of another one" });
            }
        }
    }
    Ok(unsealed)
}

/// Puts the last segment and the names of all of them on stable storage. Those before it were, before it was begun.
fn flush(place: &Place, last: &Header) -> Result<(), JournalTrouble> {
    let path = segment::path(&place.directory, last.number);
    let file = place.disk.open(&path).map_err(JournalTrouble::io("open", &path))?;
    file.sync().map_err(JournalTrouble::io("flush", &path))?;
    place.disk.sync_directory(&place.directory).map_err(JournalTrouble::io("flush", &place.directory))
}

impl Opened {
    /// A new journal.
    ///
    /// # Errors
    /// [`JournalTrouble`] when its first segment cannot be made.
    pub(crate) fn create(place: Place, store: StoreId) -> Result<Self, JournalTrouble> {
        let prepared = place.directory.join(PREPARED);
        let file =
            place.disk.create(&prepared, place.segment_bytes).map_err(JournalTrouble::io("create", &prepared))?;
        let chain = Chain::of_store(store);
        let header = Header { store, number: 1, first: 1, bytes: place.segment_bytes, chain };
        append::name(&*place.disk, &*file, &prepared, &segment::path(&place.directory, 1), &header)?;
        Ok(Self { place, headers: vec![header], last: header, unsealed: Vec::new() })
    }

    /// The first segment that is there. Only the first one of all may be so without a word about those in front of it.
    pub(crate) fn begins(&self) -> Header {
        self.headers.first().copied().unwrap_or(self.last)
    }

    /// The latest entry in which something is found: the last segment is looked at first. What is damaged is passed over;
    /// whoever reads all of it tells.
    ///
    /// # Errors
    /// [`JournalTrouble`] when a segment cannot be read.
    pub(crate) fn latest<T>(&self, mut find: impl FnMut(&[u8]) -> Option<T>) -> Result<Option<T>, JournalTrouble> {
        let mut bytes = Vec::new();
        for header in self.headers.iter().rev() {
            let mut found = None;
            self.read_segment(header, &mut bytes, RecordNumber(0), &mut |_, payload| {
                found = find(payload).or(found.take());
                Ok::<_, JournalTrouble>(())
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Removes the segments up to this one.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`]; doing it again goes on where it was.
    pub(crate) fn drop_through(&mut self, through: u64) -> Result<(), JournalTrouble> {
        dropping::remove_through(&*self.place.disk, &self.place.directory, through)?;
        self.headers.retain(|header| header.number > through);
        self.unsealed.retain(|(header, _)| header.number > through);
        Ok(())
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
                    let path = segment::path(&self.place.directory, next.number);
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
        let path = segment::path(&self.place.directory, header.number);
        bytes.resize(usize::try_from(header.bytes).unwrap_or(usize::MAX), 0);
        let file = self.place.disk.open(&path).map_err(JournalTrouble::io("open", &path))?;
        file.read_at(bytes, 0).map_err(JournalTrouble::io("read", &path))?;
        scan::frames(
            bytes,
            header,
            |pointer, payload| if pointer.number > after { each(pointer, payload) } else { Ok(()) },
        )
    }

    fn damaged(&self, header: &Header, contents: &Contents) -> JournalTrouble {
        JournalTrouble::Damaged {
            path: segment::path(&self.place.directory, header.number),
            offset: contents.end,
            number: RecordNumber(contents.next),
        }
    }

    /// The journal, to write behind what [`Opened::read`] found. A torn tail is overwritten with zeroes first.
    ///
    /// # Errors
    /// [`JournalTrouble::Io`] when the last segment cannot be written.
    pub(crate) fn resume(self, contents: &Contents) -> Result<(Journal, Arc<Reader>), JournalTrouble> {
        let Self { place, headers, last, unsealed } = self;
        let path = segment::path(&place.directory, last.number);
        let file = place.disk.open(&path).map_err(JournalTrouble::io("open", &path))?;
        if contents.ending == Ending::Torn {
            write_zeroes(&*file, contents.end.max(FIRST_FRAME), last.bytes)
                .map_err(JournalTrouble::io("write", &path))?;
            file.sync().map_err(JournalTrouble::io("flush", &path))?;
        }
        let reader = Arc::new(Reader::new(Arc::clone(&place.disk), place.directory.clone(), last.store));
        headers.iter().for_each(|header| reader.learn(header.first, header.number));
        let sealer = Sealer::start(Arc::clone(&place.disk), &place.directory)?;
        unsealed.into_iter().for_each(|(header, next)| sealer.seal(header, next));
        let active = Active { file, header: last, end: contents.end };
        let behind = Behind { reader: Arc::clone(&reader), sealer };
        let journal = Journal::new(place, behind, active, (contents.next, contents.chain));
        Ok((journal, reader))
    }
}

/// The numbers of the segments in a directory. Files that were not segments yet are removed.
fn segments(directory: &Path) -> Result<Vec<u64>, JournalTrouble> {
    let paths: io::Result<Vec<PathBuf>> =
        fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let paths = paths.map_err(JournalTrouble::io("list", directory))?;
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "new")) {
        fs::remove_file(path).map_err(JournalTrouble::io("remove", path))?;
    }
    Ok(paths.iter().filter_map(|path| segment::number(path)).collect())
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
