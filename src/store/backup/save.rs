//! Making a backup: what is sealed and not there yet, then the open segment as far as it goes, then the manifest.

use std::collections::HashSet;
use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::BackupTrouble;
use super::file::{self, as_length, digest_of, sha256};
use super::manifest::{self, Manifest};
use super::note::BackedUp;
use crate::identifier::RecordNumber;
use crate::store::guard::Unfit;
use crate::store::inspect::{Disagreements, InspectTrouble, Segments, Step, StorePlace, Watch};
use crate::store::journal::scan::{self, Contents, Ending};
use crate::store::journal::seal::{self, Seal};
use crate::store::journal::segment::{Header, OTHER_FORMAT};
use crate::store::journal::{JournalTrouble, Listed, ReadOnlyDisk, RealDisk, Shelves};
use crate::store::within::refuse_within;

/// The number of the description of [`BackupReport`].
const DOCUMENT: u32 = 1;

/// What a backup is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReport {
    /// The number of this description.
    pub document: u32,
    /// Which store it is of.
    pub store: String,
    /// When it was made.
    pub made: Timestamp,
    /// Entries in it.
    pub entries: u64,
    /// The digest of all of them.
    pub chain: String,
    /// Sealed segments that were copied.
    pub copied_segments: u64,
    /// Sealed segments that were there.
    pub kept_segments: u64,
    /// Of the copied ones, those whose copy was there and damaged.
    pub replaced_segments: u64,
    /// Bytes that were copied.
    pub copied_bytes: u64,
    /// Bytes of the open segment among them.
    pub tail_bytes: u64,
    /// Whether an earlier backup to this directory was interrupted.
    pub was_half: bool,
    /// Why the record could not be told of this backup, which is whole all the same; none when it was told.
    pub not_noted: Option<String>,
}

impl BackupReport {
    /// What the audit tells of it: how many entries the backup had, when there was one, and what it has.
    #[must_use]
    pub fn told(&self, before: Option<u64>) -> [String; 2] {
        let Self { entries, chain, .. } = self;
        let before = before.map(|entries| format!("entries {entries}")).unwrap_or_default();
        [before, format!("entries {entries}\nchain {chain}")]
    }
}

/// Copies what a backup does not have yet, and checks it. A daemon may write meanwhile. That it was done is noted beside the
/// journal ([`last_backup`](super::last_backup)).
///
/// A copy that is there is taken for right when its length and its seal are; all copies are read again when `reads_copies`.
///
/// # Errors
/// [`BackupTrouble`]; then the backup is what it was before.
pub fn backup(
    store: &Path,
    to: &Path,
    reads_copies: bool,
    now: Timestamp,
    watch: &mut dyn Watch,
) -> Result<BackupReport, BackupTrouble> {
    let place = StorePlace::find(store)?;
    Saving::find(&place, to, now, watch)?;
    file::make_directory(to)?;
    let lock = file::lock(to)?;
    // Whoever had it until now may have made a backup there.
    let (mut saving, before) = Saving::find(&place, to, now, watch)?;
    saving.reads_copies = reads_copies;
    file::make_part(&manifest::segments(to))?;
    saving.report.was_half = before.is_none() && !file::list(&manifest::segments(to))?.is_empty();
    saving.check_copies()?;
    let manifest = saving.run(now)?;
    manifest.write(to)?;
    saving.tidy(&manifest)?;
    drop(lock);
    let entries = manifest.next.saturating_sub(1);
    let noted = BackedUp { made: manifest.made, entries }.write(&place.directory);
    Ok(BackupReport {
        store: manifest.store.to_string(),
        entries,
        not_noted: noted.err().map(|trouble| with_cause(&trouble)),
        chain: manifest.chain.to_string(),
        ..saving.report
    })
}

/// How many entries the backup in a directory has, as its manifest says; none when there is no backup.
///
/// # Errors
/// [`BackupTrouble`] when its manifest cannot be read.
pub fn backed_up(to: &Path) -> Result<Option<u64>, BackupTrouble> {
    Ok(Manifest::find(to)?.map(|manifest| manifest.next.saturating_sub(1)))
}

fn with_cause(trouble: &BackupTrouble) -> String {
    trouble.source().map_or_else(|| trouble.to_string(), |cause| format!("{trouble}: {cause}"))
}

fn report(made: Timestamp) -> BackupReport {
    BackupReport {
        document: DOCUMENT,
        store: String::new(),
        made,
        entries: 0,
        chain: String::new(),
        copied_segments: 0,
        kept_segments: 0,
        replaced_segments: 0,
        copied_bytes: 0,
        tail_bytes: 0,
        was_half: false,
        not_noted: None,
    }
}

/// The backup that is there, as its manifest says. What is there and is no backup is left alone.
fn look(place: &StorePlace, shelves: &Shelves, to: &Path) -> Result<Option<Manifest>, BackupTrouble> {
    let whole = |path: &Path| fs::canonicalize(path).map_err(BackupTrouble::io("find", path));
    let parent = std::path::absolute(to).map_err(BackupTrouble::io("find", to))?;
    let nearest = if to.exists() { whole(to)? } else { whole(parent.parent().unwrap_or(&parent))? };
    let archive = shelves.archive().filter(|archive| archive.exists());
    for part in [Some(place.directory.as_path()), archive].into_iter().flatten() {
        if nearest.starts_with(whole(part)?) {
            return Err(BackupTrouble::InStore(to.to_owned()));
        }
    }
    refuse_within(to)?;
    if !to.exists() {
        return Ok(None);
    }
    let known = ["manifest", "manifest.new", "segments", "lock"];
    let is_stray = |path: &PathBuf| !known.iter().any(|name| path.ends_with(name));
    match file::list_own(to)?.into_iter().find(is_stray) {
        Some(stray) if manifest::is_backup(to) => Err(BackupTrouble::Stray { backup: to.to_owned(), stray }),
        Some(_) => Err(BackupTrouble::NoBackup(to.to_owned())),
        None => Manifest::find(to),
    }
}

struct Saving<'a> {
    shelves: Shelves,
    segments: Segments,
    to: PathBuf,
    reads_copies: bool,
    watch: &'a mut dyn Watch,
    report: BackupReport,
}

impl<'a> Saving<'a> {
    /// What is to be saved, and the backup that is there, which this store goes on from.
    fn find(
        place: &StorePlace,
        to: &Path,
        now: Timestamp,
        watch: &'a mut dyn Watch,
    ) -> Result<(Self, Option<Manifest>), BackupTrouble> {
        let shelves = place.shelves()?;
        let mut found = Disagreements::new(1);
        let segments = Segments::find(&shelves, true, &mut found)?;
        found.refuse()?;
        let before = look(place, &shelves, to)?;
        let saving = Self { shelves, segments, to: to.to_owned(), reads_copies: false, watch, report: report(now) };
        saving.check_continuation(before.as_ref())?;
        Ok((saving, before))
    }
}

impl Saving<'_> {
    /// The store must go on where the backup ends.
    fn check_continuation(&self, before: Option<&Manifest>) -> Result<(), BackupTrouble> {
        let Some(before) = before else { return Ok(()) };
        let store = self.segments.store();
        if before.store != store {
            let path = self.to.join("manifest");
            return Err(BackupTrouble::OtherStore { path, found: before.store.to_string(), store: store.to_string() });
        }
        let last = before.next.saturating_sub(1);
        if before.next < self.segments.floor().first().0 {
            return Err(
                self.not_continued(format!("it ends at entry {last}, behind which the store dropped some more"))
            );
        }
        match self.segments.chain_before(before.next)? {
            Some(chain) if chain == before.chain => Ok(()),
            Some(_) => Err(self.not_continued(format!("entry {last} of it is not that of the store"))),
            None => Err(self.not_continued(format!("it has entries up to {last}, and the store has fewer"))),
        }
    }

    /// Where copies of sealed segments are.
    fn copies(&self) -> Shelves {
        Shelves::of(manifest::segments(&self.to))
    }

    fn not_continued(&self, reason: String) -> BackupTrouble {
        BackupTrouble::NotContinued { path: self.to.clone(), reason }
    }

    /// Whatever copies are there, by a manifest or left by an interrupted backup, are of this store.
    fn check_copies(&self) -> Result<(), BackupTrouble> {
        let store = self.segments.store();
        let copies = self.copies();
        for number in copies.list()?.segments {
            let (opened, path) = copies.open(&ReadOnlyDisk, number)?;
            let header = match Header::of(&*opened, &path) {
                Ok(header) => header,
                Err(JournalTrouble::Header { path, reason: OTHER_FORMAT }) => {
                    return Err(Unfit::OtherFormat(path).into());
                }
                // A copy that is damaged is replaced.
                Err(_) => continue,
            };
            if header.store != store {
                return Err(BackupTrouble::OtherStore {
                    path,
                    found: header.store.to_string(),
                    store: store.to_string(),
                });
            }
            if number >= self.segments.last() {
                return Err(self.not_continued(format!("it has segment {number}, which the store has not filled yet")));
            }
        }
        Ok(())
    }

    fn run(&mut self, made: Timestamp) -> Result<Manifest, BackupTrouble> {
        let (mut done, total) = (0, self.segments.bytes());
        let sealed = self.segments.last().saturating_sub(1);
        self.watch.reached(Step::Copy, done, Some(total));
        for number in self.segments.begins()..=sealed {
            if self.segments.header(number).is_none() && self.has_absent(number)? {
                self.report.kept_segments += 1;
                continue;
            }
            let (header, next) = (self.header(number)?, self.header(number + 1)?);
            self.save_sealed(&header, &next)?;
            done += header.bytes;
            self.watch.reached(Step::Copy, done, Some(total));
        }
        self.save_tail(sealed, made)
    }

    fn header(&self, number: u64) -> Result<Header, BackupTrouble> {
        Ok(self.segments.header(number).copied().ok_or_else(|| self.shelves.absent(number))?)
    }

    /// Whether the backup has a segment that the store cannot get at, by the seal in the journal: while the archive is away,
    /// what is new is backed up all the same.
    fn has_absent(&self, number: u64) -> Result<bool, BackupTrouble> {
        let copies = self.copies();
        let own = Seal::read(&ReadOnlyDisk, self.shelves.journal(), number)?;
        let there = match Seal::read(&ReadOnlyDisk, copies.journal(), number) {
            Err(JournalTrouble::Header { .. }) => None,
            seal => seal?,
        };
        let Some(seal) = own.filter(|own| there.as_ref() == Some(own) && copies.path(number).exists()) else {
            return Ok(false);
        };
        let (file, path) = copies.open(&ReadOnlyDisk, number)?;
        let is_right = !self.reads_copies || digest_of(&path)?.0 == seal.digest;
        Ok(is_right && Header::of(&*file, &path).is_ok())
    }

    fn save_sealed(&mut self, header: &Header, next: &Header) -> Result<(), BackupTrouble> {
        let number = header.number;
        let copies = self.copies();
        let copy = copies.path(number);
        let is_there = copy.exists();
        if is_there && self.is_kept(header, next, &copies)? {
            self.report.kept_segments += 1;
            return Ok(());
        }
        let seal = match Seal::read(&ReadOnlyDisk, self.shelves.journal(), number)? {
            Some(seal) if seal.is_of(header, next) => seal,
            Some(_) => {
                let (_, path) = self.shelves.open(&ReadOnlyDisk, number)?;
                return Err(JournalTrouble::Header { path, reason: "its seal is of another one" }.into());
            }
            None => Seal::make(&ReadOnlyDisk, &self.shelves, header, next)?,
        };
        let (bytes, path) = self.shelves.read(&ReadOnlyDisk, header)?;
        if sha256(&bytes) != seal.digest {
            return Err(JournalTrouble::Header { path, reason: "it does not have the digest of its seal" }.into());
        }
        file::write(&copy, &bytes, 0)?;
        seal.write(&RealDisk, copies.journal())?;
        read_back(&copy, seal.digest, header.bytes)?;
        if Seal::read(&ReadOnlyDisk, copies.journal(), number)?.as_ref() != Some(&seal) {
            return Err(BackupTrouble::ReadBack(seal::path(copies.journal(), number)));
        }
        self.report.copied_segments += 1;
        self.report.replaced_segments += u64::from(is_there);
        self.report.copied_bytes += header.bytes;
        Ok(())
    }

    /// Whether a copy that is there stays.
    fn is_kept(&self, header: &Header, next: &Header, copies: &Shelves) -> Result<bool, BackupTrouble> {
        let seal = match Seal::read(&ReadOnlyDisk, copies.journal(), header.number) {
            Ok(Some(seal)) => seal,
            Ok(None) | Err(JournalTrouble::Header { .. }) => return Ok(false),
            Err(trouble) => return Err(trouble.into()),
        };
        if !seal.is_of(header, next) {
            return Err(
                self.not_continued(format!("segment {} of it has other entries than that of the store", header.number))
            );
        }
        let copy = copies.path(header.number);
        if self.reads_copies {
            return Ok(digest_of(&copy)? == (seal.digest, header.bytes));
        }
        let length = fs::metadata(&copy).map_err(BackupTrouble::io("measure", &copy))?.len();
        let own = Seal::read(&ReadOnlyDisk, self.shelves.journal(), header.number)?;
        Ok(length == header.bytes && own.is_none_or(|own| own.digest == seal.digest))
    }

    /// The open segment up to its last whole frame: a file of its own for every length, so that the one that the manifest
    /// speaks of stays.
    fn save_tail(&mut self, sealed: u64, made: Timestamp) -> Result<Manifest, BackupTrouble> {
        let header = self.header(sealed + 1)?;
        let (mut bytes, contents) = self.segments.read(&header, Contents::start(&header), &mut |_, _| Ok(()))?;
        if contents.ending == Ending::Damaged {
            let (_, path) = self.shelves.open(&ReadOnlyDisk, header.number)?;
            let (offset, number) = (contents.end, RecordNumber(contents.next));
            return Err(JournalTrouble::Damaged { path, offset, number }.into());
        }
        bytes.truncate(usize::try_from(contents.end).unwrap_or(usize::MAX));
        let Contents { next, chain, .. } = contents;
        let (begins, store, tail) = (self.segments.begins(), self.segments.store(), sha256(&bytes));
        let manifest = Manifest { made, store, begins, sealed, next, chain, tail };
        let copy = manifest.tail_path(&self.to);
        file::write(&copy, &bytes, 0)?;
        read_back(&copy, manifest.tail, contents.end)?;
        self.check_tail(&copy, &header, &manifest)?;
        self.report.tail_bytes = as_length(&bytes);
        self.report.copied_bytes += self.report.tail_bytes;
        Ok(manifest)
    }

    /// The frames of the copy and their chain, once more.
    fn check_tail(&self, copy: &Path, header: &Header, manifest: &Manifest) -> Result<(), BackupTrouble> {
        let bytes = fs::read(copy).map_err(BackupTrouble::io("read", copy))?;
        let contents = scan::frames(&bytes, header, |_, _| Ok::<_, InspectTrouble>(()))?;
        let is_right = (contents.next, contents.chain) == (manifest.next, manifest.chain);
        if is_right { Ok(()) } else { Err(BackupTrouble::ReadBack(copy.to_owned())) }
    }

    /// Removes what the manifest does not speak of any more: what the store dropped, too.
    fn tidy(&self, manifest: &Manifest) -> Result<(), BackupTrouble> {
        let (tail, copies) = (manifest.tail_path(&self.to), self.copies());
        let Listed { segments, seals } = copies.list()?;
        let segments = segments.into_iter().map(|number| (number, copies.path(number)));
        let seals = seals.into_iter().map(|number| (number, seal::path(copies.journal(), number)));
        let dropped: HashSet<PathBuf> =
            segments.chain(seals).filter(|(number, _)| *number < manifest.begins).map(|(_, path)| path).collect();
        for path in file::list(copies.journal())? {
            let is_tail = path.extension().is_some_and(|extension| extension == "tail");
            if (is_tail && path != tail) || dropped.contains(&path) || file::is_unfinished(&path) {
                fs::remove_file(&path).map_err(BackupTrouble::io("remove", &path))?;
            }
        }
        Ok(())
    }
}

fn read_back(copy: &Path, digest: [u8; 32], bytes: u64) -> Result<(), BackupTrouble> {
    if digest_of(copy)? == (digest, bytes) { Ok(()) } else { Err(BackupTrouble::ReadBack(copy.to_owned())) }
}
