//! Opening a store that was looked at: journal, state, and the state brought up to the journal. In this order; the first
//! thing that is not right stops the start, and says so. The journal is read before the state is touched; one of a former format
//! or of which a state is to be made is read whole, and the former one goes on in a segment of the present format.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::background;
use crate::identifier::RecordNumber;
use crate::store::entry::Entry;
use crate::store::floor::Floor;
use crate::store::flush::NotFlushing;
use crate::store::guard::Unfit;
use crate::store::index::{Index, IndexTrouble, OpenedIndex};
#[cfg(test)]
use crate::store::journal::Disk;
use crate::store::journal::dropping;
use crate::store::journal::segment::OTHER_FORMAT;
use crate::store::journal::{ArchiveTrouble, Contents, Journal, JournalTrouble, Opened, RealDisk, remedy};
use crate::store::overlay::Overlay;
use crate::store::state::Pointer;
use crate::store::watermark::known_entry;
use crate::store::{Numbering, Retention, Unavailable};

use super::EmbeddedStore;
use super::applier::{Applier, NOT_REMOVED};
use super::flushing::Flushing;
use super::look::Unopened;
use super::pace::APPLY_KEYS;
use super::shared::Shared;
use super::writer::Writer;

/// Requests that may wait for the writer before callers do.
const QUEUE_REQUESTS: usize = 1024;

/// What is told before a state is made anew: all of the journal is read twice for it.
const MADE_ANEW: &str = "the state cannot be used; it is made anew from all of the journal before anybody is let in";

/// Where and how a store is kept.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Its directory, made when it is not there. Nothing else may be in it.
    pub directory: PathBuf,
    /// The length of a journal segment, in bytes, from [`StoreOptions::SEGMENT_BYTES_MIN`] up. An entry that is longer
    /// gets a segment of its own, up to 256 MiB.
    pub segment_bytes: u64,
    /// The cache of the state, in bytes. The state really uses some times as much, and its filters beside it.
    pub cache_bytes: u64,
    /// How proof-of-report numbers are drawn.
    pub numbering: Numbering,
    /// How long the record is kept, and repeats are known.
    pub retention: Retention,
    /// The directory to which old sealed segments move, made when it is not there; none when they stay. What moved to one
    /// before is found there all the same.
    pub archive: Option<PathBuf>,
    /// Whether a start checks every entry of the journal, or only those that the state may not hold yet and the whole of
    /// the last segment. Every read checks its entry in any case.
    pub checks_everything: bool,
}

impl StoreOptions {
    /// The shortest segments.
    pub const SEGMENT_BYTES_MIN: u64 = 4 << 10;
    /// The length of segments when nothing else is said.
    pub const SEGMENT_BYTES: u64 = 64 << 20;
    /// The cache when nothing else is said. New keys are kept from pages by filters and pages are read one behind the other,
    /// so more of it saves reading and hardly any work.
    pub const CACHE_BYTES: u64 = 8 << 20;

    /// A store in this directory, with the ordinary sizes and retention, checked whole at a start.
    #[must_use]
    pub fn new(directory: PathBuf, numbering: Numbering) -> Self {
        let (segment_bytes, cache_bytes) = (Self::SEGMENT_BYTES, Self::CACHE_BYTES);
        let retention = Retention::default();
        Self { directory, segment_bytes, cache_bytes, numbering, retention, archive: None, checks_everything: true }
    }
}

/// What a start found, for the log.
#[derive(Debug, Clone, PartialEq)]
pub struct StartSummary {
    /// Entries up to the last one, those that were dropped too.
    pub records: u64,
    /// Segments of the journal.
    pub segments: usize,
    /// Those of them that are neither in the journal nor in its archive: the archive is away, or has lost them.
    pub absent_segments: Vec<u64>,
    /// Entries that were applied to the state again.
    pub replayed: u64,
    /// The format that the journal had until this start, when it goes on in another one.
    pub upgraded_from: Option<u32>,
    /// Why the state was made anew from the journal, when it was, and has something in it.
    pub rebuilt: Option<String>,
    /// Whether an interrupted last write was found, of which nothing was acknowledged, and overwritten.
    pub had_torn_tail: bool,
    /// Whether there was no record here, and one was begun.
    pub is_new: bool,
    /// How long it took.
    pub took: Duration,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenTrouble {
    /// Another process has it.
    #[error("{} is in use by another process; stop that one first", .0.display())]
    InUse(PathBuf),
    /// The directory is not fit for a store.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The archive that is named cannot be that of this store.
    #[error(transparent)]
    Archive(#[from] ArchiveTrouble),
    /// The state's flushes would not reach the disk.
    #[error(transparent)]
    NotFlushing(#[from] NotFlushing),
    /// An option cannot be followed.
    #[error("segments of {0} bytes are too short; use {min} or more", min = StoreOptions::SEGMENT_BYTES_MIN)]
    SegmentTooShort(u64),
    /// The operating system said no.
    #[error("cannot {doing} {}: {source}{}", path.display(), remedy(source))]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
    /// The journal is not as it was written.
    #[error("the journal cannot be used: {0}")]
    Journal(String),
    /// The journal is not there, but a state that was made from one is.
    #[error("{} has a state but no journal; restore the journal from a backup", .0.display())]
    JournalMissing(PathBuf),
    /// Journal and watermark are those of two stores: one of them lies here by mistake, and numbers would be given twice.
    #[error(
        "the journal in {} is that of store {journal}, but the watermark beside it says that the record here is store \
         {watermark}: one of them lies here by mistake; put the journal of {watermark} back from a backup, or, where \
         this journal is the record, make a state of it with `lodged store rebuild`", directory.display()
    )]
    OtherStore {
        /// The directory.
        directory: PathBuf,
        /// Which store the journal is of, in hexadecimal.
        journal: String,
        /// The same of the watermark.
        watermark: String,
    },
    /// Entries that were on stable storage are not in the journal any more.
    #[error("the journal ends at entry {found}, but entry {known} was recorded; restore the journal from a backup")]
    JournalCut {
        /// Its last entry.
        found: u64,
        /// The last one that the state has.
        known: u64,
    },
    /// The state can neither be used nor made anew.
    #[error("the state cannot be made: {0}")]
    State(String),
}

impl OpenTrouble {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

impl From<JournalTrouble> for OpenTrouble {
    fn from(trouble: JournalTrouble) -> Self {
        if let JournalTrouble::Header { path, reason: OTHER_FORMAT } = trouble {
            return Unfit::OtherFormat(path).into();
        }
        Self::Journal(trouble.to_string())
    }
}

impl From<IndexTrouble> for OpenTrouble {
    fn from(trouble: IndexTrouble) -> Self {
        Self::State(trouble.to_string())
    }
}

impl From<Unavailable> for OpenTrouble {
    fn from(Unavailable(reason): Unavailable) -> Self {
        Self::Journal(reason)
    }
}

/// A store on the file system, looked at.
pub(super) fn look(options: StoreOptions) -> Result<Unopened, OpenTrouble> {
    Unopened::look(Arc::new(RealDisk), options)
}

/// Opens a store whose journal is on this disk.
#[cfg(test)]
pub(super) fn open_on(disk: &Arc<dyn Disk>, options: StoreOptions) -> Result<EmbeddedStore, OpenTrouble> {
    Unopened::look(Arc::clone(disk), options)?.open()
}

impl Unopened {
    /// Opens the store, or makes one where there is none. It blocks until everything is checked and applied.
    ///
    /// # Errors
    /// [`OpenTrouble`] when the store is in use, damaged, or cannot be kept safe here. When it is the journal that is not
    /// right, nothing was changed, but for what sled wrote to a state that it had to open to find it spoiled.
    pub fn open(mut self) -> Result<EmbeddedStore, OpenTrouble> {
        let started = Instant::now();
        let (lock, there) = self.take()?;
        let is_new = there.is_none();
        let mut found = there.map_or_else(|| self.make_journal(), Ok)?;
        let Self { disk, options, archive, .. } = self;
        let StoreOptions { directory, cache_bytes, numbering, retention, checks_everything, .. } = options;
        let upgraded_from = found.former_format();
        let (store, mut is_state_new) = (found.store(), false);
        let mut check = Check::of(&mut found, &directory, checks_everything)?;
        let OpenedIndex { index, applied, known, rebuilt } = Index::open(&directory, store, cache_bytes, || {
            is_state_new = true;
            if check.contents.last().0 > 0 {
                tracing::warn!("{MADE_ANEW}");
            }
            check.whole()
        })?;
        let Check { contents, .. } = check;
        if !is_state_new {
            check_beginning(&mut found, &index.floor(), applied)?;
        }
        let mut replay = Replay { index: &index, changes: Overlay::default(), up_to: applied, entries: 0 };
        let contents = match contents.next > applied.0.saturating_add(1) {
            true => found.read(applied, false, |pointer, payload| replay.entry(pointer, payload))?,
            false => contents,
        };
        let last = contents.last();
        check_end(last, known)?;
        let replayed = replay.finish(rebuilt.is_some())?;
        finish_dropping(&mut found, &index)?;
        if let Some(archive) = &archive {
            archive.settle(&*disk, found.shelves().journal(), store)?;
        }
        let segments = found.segments() + usize::from(upgraded_from.is_some());
        let absent_segments = found.absent().to_vec();
        let (journal, reader) = found.resume(&contents)?;
        let archives = archive.is_some_and(|archive| archive.is_named());
        let summary = StartSummary {
            records: last.0,
            segments,
            absent_segments,
            replayed,
            upgraded_from,
            // That of a record without an entry was not finished when its first start was interrupted.
            rebuilt: rebuilt.filter(|_| last.0 > 0),
            had_torn_tail: contents.is_torn(),
            is_new,
            took: started.elapsed(),
        };
        start(journal, Shared::new(reader, index, retention, (last, archives), lock), numbering, summary)
    }
}

/// What is asked of the journal before anything is changed, the files of sled too: sled writes to them as soon as it opens
/// them.
struct Check<'a> {
    found: &'a mut Opened,
    /// The last entry that surely was on stable storage.
    known: RecordNumber,
    /// How the journal ends.
    contents: Contents,
    /// Whether all of it was read.
    is_whole: bool,
}

impl<'a> Check<'a> {
    /// Reads what the state may not hold, and all of it when that is wanted, when a former version wrote it, or when the
    /// state is surely made anew.
    fn of(found: &'a mut Opened, directory: &Path, checks_everything: bool) -> Result<Self, OpenTrouble> {
        let store = found.store();
        let known = known_entry(&directory.join("watermark"), store);
        let promised = Index::promised(directory, store).filter(|_| found.former_format().is_none());
        let (contents, is_whole) = match promised {
            None => (read_whole(found)?, true),
            Some(promised) => (read_behind(found, promised, checks_everything)?, false),
        };
        check_end(contents.last(), known)?;
        Ok(Self { found, known, contents, is_whole })
    }

    /// Reads all of it, unless that was done: a state is to be made of it.
    fn whole(&mut self) -> Result<(), OpenTrouble> {
        if !self.is_whole {
            self.contents = read_whole(self.found)?;
            self.is_whole = true;
        }
        check_end(self.contents.last(), self.known)
    }
}

/// Reads all of a journal of which a state can be made: it begins where it may, is as it was written, down to what the entries
/// say.
fn read_whole(found: &mut Opened) -> Result<Contents, OpenTrouble> {
    check_beginning(found, &Floor::default(), RecordNumber(0))?;
    found.read(RecordNumber(0), true, understood)
}

/// Reads the entries that a state may not hold, and, when that is wanted, all of it. What is left of segments that were
/// dropped may be as it is; where the floor is, only the state can say at once.
fn read_behind(found: &mut Opened, promised: RecordNumber, is_whole: bool) -> Result<Contents, OpenTrouble> {
    let trouble = match found.read(promised, is_whole, understood) {
        Err(trouble) if is_whole => trouble,
        read => return read,
    };
    let Ok(Some(floor)) = found.latest(Entry::floor) else { return Err(trouble) };
    let begins = found.begins().number;
    may_begin(found, &floor)?;
    if begins > floor.segment { Err(trouble) } else { found.read(promised, is_whole, understood) }
}

fn understood(_: Pointer, payload: &[u8]) -> Result<(), OpenTrouble> {
    Entry::decode(payload)?;
    Ok(())
}

/// Whether entries in front of those that are there were dropped, and not lost: the state says so, or where it does not, the
/// journal. Before this is known nothing may be applied to the state. A state that has everything that was applied has the
/// floor below which files were removed; a new one is not made of what is left of them.
fn check_beginning(found: &mut Opened, floor: &Floor, applied: RecordNumber) -> Result<(), OpenTrouble> {
    let (is_whole, is_made_anew) = (may_begin(found, floor).is_ok(), applied.0 == 0);
    if is_whole && !(is_made_anew && found.begins_absent()) {
        return Ok(());
    }
    let floor = found.latest(Entry::floor)?.unwrap_or_default();
    Ok(may_begin(found, &floor)?)
}

fn may_begin(found: &mut Opened, floor: &Floor) -> Result<(), JournalTrouble> {
    found.begin_behind(floor);
    dropping::check_beginning(found.shelves(), &found.begins(), floor)
}

/// Removes segments that were to be dropped when the process ended. The state must have the floor on stable storage first.
fn finish_dropping(found: &mut Opened, index: &Index) -> Result<(), OpenTrouble> {
    let floor = index.floor();
    if found.has_through(floor.segment) {
        index.checkpoint()?;
        match found.drop_through(floor.segment) {
            // It keeps nobody from recording.
            Err(trouble) if found.shelves().is_away(&trouble) => tracing::warn!(%trouble, "{NOT_REMOVED}"),
            outcome => outcome?,
        }
    }
    Ok(())
}

/// What was on stable storage is still in the journal.
fn check_end(last: RecordNumber, known: RecordNumber) -> Result<(), OpenTrouble> {
    if last < known { Err(OpenTrouble::JournalCut { found: last.0, known: known.0 }) } else { Ok(()) }
}

/// Applies entries to the state again, many at a time.
struct Replay<'a> {
    index: &'a Index,
    changes: Overlay,
    up_to: RecordNumber,
    entries: u64,
}

impl Replay<'_> {
    fn entry(&mut self, pointer: Pointer, payload: &[u8]) -> Result<(), OpenTrouble> {
        self.changes.add(Entry::decode(payload)?.changes(pointer)?);
        self.up_to = pointer.number;
        self.entries += 1;
        if self.changes.len() >= APPLY_KEYS { self.apply() } else { Ok(()) }
    }

    fn apply(&mut self) -> Result<(), OpenTrouble> {
        self.index.apply(std::mem::take(&mut self.changes).in_order(), self.up_to)?;
        Ok(())
    }

    fn finish(mut self, is_rebuilt: bool) -> Result<u64, OpenTrouble> {
        if self.entries > 0 || is_rebuilt {
            self.apply()?;
            self.index.checkpoint()?;
        }
        Ok(self.entries)
    }
}

/// Starts the threads.
fn start(
    journal: Journal,
    shared: Shared,
    numbering: Numbering,
    summary: StartSummary,
) -> Result<EmbeddedStore, OpenTrouble> {
    let trouble = |source| OpenTrouble::Io { doing: "start a thread for", path: "the store".into(), source };
    let shared = Arc::new(shared);
    let (last, retention) = (shared.committed(), shared.retention);
    let applying = Applier::new(&shared, last, journal.segment()).map_err(trouble)?;
    let applying = background::spawn("lodged-state", move || applying.run()).map_err(trouble)?;
    let (sender, requests) = mpsc::channel(QUEUE_REQUESTS);
    let flushing = Flushing::start(&shared, sender.downgrade()).map_err(trouble)?;
    let writer = Writer {
        journal,
        shared: Arc::clone(&shared),
        numbering,
        retention,
        requests,
        applying: Some(applying),
        unwritten: Overlay::default(),
        raising: None,
        waiters: Vec::new(),
        flushing,
        payload: Vec::new(),
    };
    let writer = thread::Builder::new().name("lodged-journal".into()).spawn(move || writer.run()).map_err(trouble)?;
    Ok(EmbeddedStore { shared, summary, requests: Some(sender), writer: Some(writer) })
}
