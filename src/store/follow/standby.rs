//! Following: what a standby wants next, and what it does with what comes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::FollowTrouble;
use super::marker::Marker;
use super::place::{Found, make_journal};
use super::sealing::{self, Sealing};
use super::segment::Active;
use crate::store::floor::Floor;
use crate::store::journal::dropping;
use crate::store::journal::frame::{self, PAYLOAD_BYTES_MAX};
use crate::store::journal::seal::Seal;
use crate::store::journal::segment::{HEADER_BYTES, Header, OTHER_FORMAT};
use crate::store::journal::{Chain, Disk, Preparing, RealDisk, Shelves, Shipped, Wanted};

/// Most bytes that are wanted at one time: a slow line takes them in the time that a gateway gives for an answer.
const BYTES_MAX: u64 = 1 << 20;

/// How often it is noted how far the standby surely is, while it gets on: what is damaged in front of the note is told from
/// what an interrupted write left behind it.
const NOTE_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// How often it is noted that the gateway was heard, while nothing comes.
const NOTE_IDLE_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// A directory that follows the journal of a gateway. It is ours as long as this is there.
///
/// Dropping it is as safe as a kill: what was taken is there when it is opened again.
pub struct Standby {
    directory: PathBuf,
    shelves: Shelves,
    disk: Arc<dyn Disk>,
    marker: Option<Marker>,
    /// When the marker was written, and with which entry.
    noted: Option<(Timestamp, u64)>,
    active: Option<Active>,
    /// What came behind the last whole frame: the beginning of the next one.
    rest: Vec<u8>,
    /// Whether the gateway was found to have what the standby has.
    is_compared: bool,
    preparing: Preparing,
    sealing: Sealing,
    lock: File,
}

/// What became of what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The last entry that the standby has on stable storage.
    pub entry: u64,
    /// The last entry that the gateway has.
    pub known: u64,
    /// How many entries came.
    pub entries: u64,
}

impl Taken {
    /// Whether the standby has everything that the gateway has.
    #[must_use]
    pub fn is_level(&self) -> bool {
        self.entry >= self.known
    }
}

impl Standby {
    /// Opens the standby in a directory, or makes one where nothing is. What an interrupted write left is taken away.
    ///
    /// # Errors
    /// [`FollowTrouble`] when something else is there, another process has it, or it is not what it was.
    pub fn open(directory: &Path) -> Result<Self, FollowTrouble> {
        let Found { directory, marker, active, unsealed, lock } = Found::at(directory)?;
        let (disk, shelves): (Arc<dyn Disk>, _) = (Arc::new(RealDisk), Shelves::of(directory.join("journal")));
        for (header, next) in &unsealed {
            sealing::seal(&*disk, &shelves, header, next, None)?;
        }
        let preparing = Preparing::new(Arc::clone(&disk), shelves.journal());
        Ok(Self {
            directory,
            shelves,
            disk,
            marker,
            noted: None,
            active,
            rest: Vec::new(),
            is_compared: false,
            preparing,
            sealing: Sealing::default(),
            lock,
        })
    }

    /// The last entry that is on stable storage here; 0 when there is none.
    #[must_use]
    pub fn entry(&self) -> u64 {
        self.active.as_ref().map_or(0, Active::last_entry)
    }

    /// What is wanted next, and at most how many bytes of it. Behind an opening or a pause that is the beginning of the
    /// last entry that is here: the gateway must have the same.
    #[must_use]
    pub fn wants(&self) -> (Wanted, u64) {
        let Some(active) = &self.active else { return (Wanted { segment: 1, offset: 0, next: 1 }, BYTES_MAX) };
        let segment = active.header.number;
        if self.is_compared {
            let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
            (Wanted { segment, offset: active.end().saturating_add(rest), next: active.next() }, BYTES_MAX)
        } else {
            let (offset, next) = active.last();
            (Wanted { segment, offset, next }, u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX))
        }
    }

    /// The gateway was not there for a while: perhaps it is another one now.
    pub fn pause(&mut self) {
        self.is_compared = false;
        self.rest.clear();
    }

    /// Takes what came for [`Standby::wants`], as far as it follows what is here, and puts it on stable storage.
    ///
    /// # Errors
    /// [`FollowTrouble`] when it does not follow or cannot be written; then nothing more may be taken.
    pub fn take(&mut self, shipped: &Shipped, bytes: &[u8], now: Timestamp) -> Result<Taken, FollowTrouble> {
        self.sealing.look()?;
        self.check_store(shipped)?;
        let (wanted, _) = self.wants();
        self.check_there(&wanted, shipped)?;
        let (before, is_next) = (self.entry(), shipped.segment == wanted.segment.saturating_add(1));
        if self.active.is_some() && !self.is_compared {
            self.compare(shipped, bytes)?;
        } else if self.active.is_none() && shipped.offset == 0 {
            self.begin(shipped, bytes, now)?;
        } else if (shipped.segment, shipped.offset) == (wanted.segment, wanted.offset) {
            self.go_on(shipped, bytes)?;
        } else if is_next && shipped.offset == 0 && self.rest.is_empty() {
            self.begin(shipped, bytes, now)?;
        } else {
            return Err(not_taken(shipped, "it is not what was asked for"));
        }
        self.note(shipped.last_entry, now)?;
        let entry = self.entry();
        Ok(Taken { entry, known: shipped.last_entry, entries: entry.saturating_sub(before) })
    }

    /// Leaves the standby as it is, with a note how far it is.
    ///
    /// # Errors
    /// [`FollowTrouble`] when that cannot be written, or a segment could not be sealed.
    pub fn leave(mut self) -> Result<(), FollowTrouble> {
        self.sealing.end()?;
        self.marker.as_ref().map_or(Ok(()), |marker| marker.write(&*self.disk, &self.directory))
    }

    /// Gives up following and keeps the directory: the marker, where there is one, and the lock.
    pub(super) fn into_parts(self) -> (Option<Marker>, File) {
        (self.marker, self.lock)
    }

    fn check_store(&self, shipped: &Shipped) -> Result<(), FollowTrouble> {
        let found = self.marker.as_ref().map(|marker| marker.store.to_string());
        match found.filter(|found| *found != shipped.store) {
            None => Ok(()),
            Some(found) => {
                let (path, store) = (self.directory.clone(), shipped.store.clone());
                Err(FollowTrouble::OtherStore { path, found, store })
            }
        }
    }

    /// What is wanted may be in a segment that the gateway dropped since; then it has nothing to go on from.
    fn check_there(&self, wanted: &Wanted, shipped: &Shipped) -> Result<(), FollowTrouble> {
        let follows = self.is_compared && shipped.segment == wanted.segment.saturating_add(1);
        if self.active.is_some() && shipped.offset == 0 && shipped.segment > wanted.segment && !follows {
            return Err(FollowTrouble::Dropped { path: self.directory.clone(), segment: wanted.segment });
        }
        Ok(())
    }

    /// The gateway has the last entry that is here, and so everything before it; or not.
    fn compare(&mut self, shipped: &Shipped, bytes: &[u8]) -> Result<(), FollowTrouble> {
        let Some(active) = &self.active else { return Ok(()) };
        let (head, last) = (active.head()?, active.last_entry());
        let is_there = shipped.segment == active.header.number && bytes.len() >= head.len();
        if is_there && bytes.starts_with(&head) {
            self.is_compared = true;
            return Ok(());
        }
        Err(self.diverged(if shipped.last_entry < last {
            format!("the gateway has entries up to {}, and the standby up to {last}", shipped.last_entry)
        } else {
            format!("entry {last} of the standby is not that of the gateway")
        }))
    }

    /// Begins a segment: the first one of all, or the one behind a full one.
    fn begin(&mut self, shipped: &Shipped, bytes: &[u8], now: Timestamp) -> Result<(), FollowTrouble> {
        let Some((head, frames)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Err(not_taken(shipped, "it is shorter than the header of a segment"));
        };
        let header = Header::read(head).map_err(|reason| match reason {
            OTHER_FORMAT => FollowTrouble::Later { segment: shipped.segment },
            reason => not_taken(shipped, reason),
        })?;
        if header.store.to_string() != shipped.store || header.number != shipped.segment {
            return Err(not_taken(shipped, "it is the header of another segment"));
        }
        match &self.active {
            Some(active) if active.is_followed_by(&header) => {
                let seal = shipped.seal.as_deref().and_then(Seal::parse);
                self.sealing.begin(&self.disk, &self.shelves, (active.header, header), seal)?;
            }
            Some(active) => {
                let last = active.last_entry();
                return Err(
                    self.diverged(format!("segment {} of the gateway does not follow entry {last}", header.number))
                );
            }
            // Whether something was dropped in front of a later one is for the entries to say, before it is promoted.
            None if header.number > 1 || (header.first, header.chain) == (1, Chain::of_store(header.store)) => {
                // First of all: from now on no gateway starts here.
                let (store, begins) = (header.store, header.number);
                let marker = Marker { store, begins, entry: 0, known: shipped.last_entry, heard: now };
                marker.write(&*self.disk, &self.directory)?;
                self.marker = Some(marker);
                make_journal(&self.directory)?;
                self.is_compared = true;
            }
            None => return Err(not_taken(shipped, "it is not the first segment of a journal")),
        }
        self.active = Some(Active::make(&*self.disk, &mut self.preparing, &self.shelves, header)?);
        self.go_on(shipped, frames)
    }

    /// Takes the frames that are whole, and keeps the beginning of the next one.
    fn go_on(&mut self, shipped: &Shipped, bytes: &[u8]) -> Result<(), FollowTrouble> {
        let Some(active) = &mut self.active else { return Ok(()) };
        self.rest.extend_from_slice(bytes);
        let Some(followed) = active.follow(&self.rest) else {
            let (last, next) = (active.last_entry(), active.next());
            return Err(
                self.diverged(format!("entry {next} of the gateway does not follow entry {last} of the standby"))
            );
        };
        let (frames, length) = (followed.frames, followed.bytes);
        if frames > 0 {
            active.append(self.rest.get(..length).unwrap_or_default(), followed)?;
        }
        if let Some(floor) = followed.floor {
            self.drop_below(&floor)?;
        }
        self.rest.drain(..length);
        let Some(active) = &self.active else { return Ok(()) };
        if active.end() >= active.header.bytes / 4 {
            self.preparing.begin(active.header.bytes);
        }
        self.check_rest(shipped, frames > 0)
    }

    /// Drops what the gateway dropped, as the entry says that is on stable storage here too. The marker goes first: what is
    /// in front of it is removed by the next opening.
    fn drop_below(&mut self, floor: &Floor) -> Result<(), FollowTrouble> {
        let begins = floor.segment.saturating_add(1);
        let Some(marker) = self.marker.as_mut().filter(|marker| marker.begins < begins) else { return Ok(()) };
        marker.begins = begins;
        marker.write(&*self.disk, &self.directory)?;
        let store = marker.store;
        self.sealing.end()?;
        Ok(dropping::remove_through(&*self.disk, &self.shelves, store, floor.segment)?)
    }

    /// What is left is the beginning of a frame, or the zeroes at the end of a full segment.
    fn check_rest(&mut self, shipped: &Shipped, has_frames: bool) -> Result<(), FollowTrouble> {
        let (length, longest) = (self.rest.len(), frame::HEADER_BYTES + PAYLOAD_BYTES_MAX);
        if frame::may_begin(&self.rest) {
            let announced = frame::announced(&self.rest).and_then(|bytes| usize::try_from(bytes).ok());
            return match announced {
                Some(announced) if announced > longest => Err(not_taken(shipped, "an entry is too long")),
                Some(announced) if length >= announced => Err(not_taken(shipped, "an entry is damaged")),
                Some(_) | None => Ok(()),
            };
        }
        if self.rest.iter().any(|byte| *byte != 0) {
            return Err(not_taken(shipped, "it is no entry"));
        }
        // When nothing but zeroes is left, the gateway goes on with the next segment by itself; behind a header too, when no
        // entry had room there.
        let is_over = has_frames || shipped.offset == 0;
        if shipped.segment >= shipped.last_segment || !is_over {
            return Err(not_taken(shipped, "entries are missing"));
        }
        self.rest.clear();
        Ok(())
    }

    /// Notes how far the standby is, when that is due.
    fn note(&mut self, known: u64, now: Timestamp) -> Result<(), FollowTrouble> {
        let entry = self.entry();
        let Some(marker) = &mut self.marker else { return Ok(()) };
        (marker.entry, marker.known, marker.heard) = (entry, known, now);
        let is_due = self.noted.is_none_or(|(at, noted)| {
            let since = now.duration_since(at);
            since >= NOTE_IDLE_EVERY || since.is_negative() || (since >= NOTE_EVERY && noted != entry)
        });
        if is_due {
            marker.write(&*self.disk, &self.directory)?;
            self.noted = Some((now, entry));
        }
        Ok(())
    }

    fn diverged(&self, reason: String) -> FollowTrouble {
        FollowTrouble::Diverged { path: self.directory.clone(), reason }
    }
}

fn not_taken(shipped: &Shipped, reason: &'static str) -> FollowTrouble {
    FollowTrouble::NotTaken { segment: shipped.segment, offset: shipped.offset, reason }
}
