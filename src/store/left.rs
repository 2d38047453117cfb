//! Acts that are done to a store without its gateway: each is left as a note beside the journal until a gateway writes it
//! there. So nobody but a gateway writes the journal, and a store that was restored is what its backup was until it starts.
//!
//! Start with [`leave`], which a tool does before the last step of its work, or behind it where the step is not its own to
//! undo. A gateway takes [`left_acts`], and removes each once it is in the journal.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, lchown};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::signed::{Fields, SignedText, SignedTrouble};
use crate::identifier::RecordNumber;
use crate::record::{Act, Actor, Deed};

/// Where notes lie, in the directory of a store.
pub(crate) const DIRECTORY: &str = "acts";
/// The end of the name of a note.
const ENDING: &str = "act";
/// The same while it is written.
const UNFINISHED: &str = "new";
/// The same of one that cannot be read and is kept for people.
const UNREAD: &str = "unread";

/// Most notes that are taken at one time; the others wait for the next time.
const TAKEN_MAX: usize = 1_000;

/// Who does something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub who: Actor,
    /// When.
    pub at: Timestamp,
}

impl By {
    /// What they do, to what, how it was before and how it is since.
    #[must_use]
    pub fn act(&self, deed: Deed, subject: &Path, [before, after]: [&str; 2]) -> Act {
        let subject = std::path::absolute(subject).unwrap_or_else(|_| subject.to_owned());
        let (before, after) = (Act::text(before), Act::text(after));
        Act { at: self.at, who: self.who.clone(), deed, subject: subject.display().to_string(), before, after }
    }
}

/// An act cannot be noted, or its note not be taken.
#[derive(Debug, thiserror::Error)]
#[error(
    "what is done cannot be noted for the audit: cannot {doing} {}: {source}; check that you may write there, and the free space",
    path.display()
)]
pub struct LeaveTrouble {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl LeaveTrouble {
    fn when(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { doing, path: path.to_owned(), source }
    }
}

/// An act that was left for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftAct {
    /// The act.
    pub act: Act,
    /// An entry that the store had when the act was done: the act can stand behind it only.
    pub behind: RecordNumber,
    path: PathBuf,
}

/// What was left: acts in their order, and notes that cannot be read.
#[derive(Debug, Default)]
pub struct Left {
    /// The acts.
    pub acts: Vec<LeftAct>,
    /// Notes that were changed, or that a later version wrote, under the names that they have now.
    pub unread: Vec<PathBuf>,
}

/// What a note says.
struct Note {
    behind: RecordNumber,
    act: Act,
}

impl SignedText for Note {
    const TITLE: &'static str = "lodged act";
    const VERSION: u32 = 1;
    /// Two texts of an act, each of whose characters may take six.
    const BYTES_MAX: u64 = 256 * 1024;

    fn fields(&self) -> Vec<(&'static str, String)> {
        // An act is written without line breaks, and always can be.
        let act = serde_json::to_string(&self.act).unwrap_or_default();
        vec![("behind", self.behind.to_string()), ("act", act)]
    }

    fn of(fields: &mut Fields<'_>) -> Option<Self> {
        let behind = RecordNumber(fields.next("behind")?.parse().ok()?);
        Some(Self { behind, act: serde_json::from_str(fields.next("act")?).ok()? })
    }
}

/// Leaves an act for the journal of the store in a directory, on stable storage. It belongs to whom the store belongs to.
///
/// # Errors
/// [`LeaveTrouble`]; then nothing that counts was left.
pub fn leave(store: &Path, act: Act, behind: RecordNumber) -> Result<LeftAct, LeaveTrouble> {
    let directory = store.join(DIRECTORY);
    make_place(store)?;
    let path = directory.join(name(&act));
    let (new, note) = (path.with_extension(UNFINISHED), Note { behind, act });
    let written =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new).and_then(|mut file| {
            file.write_all(note.to_text().as_bytes())?;
            file.sync_all()
        });
    written.map_err(LeaveTrouble::when("write", &new))?;
    hand_over(&new, store)?;
    fs::rename(&new, &path).map_err(LeaveTrouble::when("rename", &new))?;
    sync(&directory)?;
    Ok(LeftAct { act: note.act, behind, path })
}

/// Makes the place for notes in the directory of a store, where it is missing.
///
/// # Errors
/// [`LeaveTrouble`].
pub fn make_place(store: &Path) -> Result<(), LeaveTrouble> {
    let directory = store.join(DIRECTORY);
    match DirBuilder::new().mode(0o700).create(&directory) {
        Ok(()) => {
            hand_over(&directory, store)?;
            sync(store)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(LeaveTrouble { doing: "create", path: directory, source }),
    }
}

/// A store becomes one only once: another attempt takes the place of one that was interrupted.
fn name(act: &Act) -> String {
    let deed = act.deed.as_str();
    if matches!(act.deed, Deed::Restored | Deed::Promoted) {
        return format!("{deed}.{ENDING}");
    }
    format!("{deed}-{}-{}.{ENDING}", act.at.as_nanosecond(), std::process::id())
}

/// Gives a file to whom the store belongs to: root may have made it, and the gateway has to read and remove it. What others put
/// in its place is not given away: no link is followed.
fn hand_over(path: &Path, store: &Path) -> Result<(), LeaveTrouble> {
    let owner = |data: Metadata| (data.uid(), data.gid());
    let (own, of_store) = (fs::symlink_metadata(path).map(owner), fs::metadata(store).map(owner));
    let (own, of_store) =
        (own.map_err(LeaveTrouble::when("look at", path))?, of_store.map_err(LeaveTrouble::when("look at", store))?);
    if own.0 == of_store.0 {
        return Ok(());
    }
    lchown(path, Some(of_store.0), Some(of_store.1)).map_err(LeaveTrouble::when("hand over", path))
}

fn sync(directory: &Path) -> Result<(), LeaveTrouble> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(LeaveTrouble::when("flush", directory))
}

impl LeftAct {
    /// Takes the note away: the act is in the journal, or was not done after all.
    ///
    /// # Errors
    /// [`LeaveTrouble`]; then the note is there.
    pub fn remove(&self) -> Result<(), LeaveTrouble> {
        match fs::remove_file(&self.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(LeaveTrouble { doing: "remove", path: self.path.clone(), source })
            }
            _ => sync(self.path.parent().unwrap_or(&self.path)),
        }
    }
}

/// What was left in the directory of a store, at most so many notes at one start. Notes that cannot be read are renamed, so that
/// they are told once.
///
/// # Errors
/// [`LeaveTrouble`] when the notes cannot be listed or read.
pub fn left_acts(store: &Path) -> Result<Left, LeaveTrouble> {
    let directory = store.join(DIRECTORY);
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Left::default()),
        entries => entries.map_err(LeaveTrouble::when("list", &directory))?,
    };
    let mut left = Left::default();
    for entry in entries {
        let path = entry.map_err(LeaveTrouble::when("list", &directory))?.path();
        if path.extension().is_none_or(|extension| extension != ENDING) {
            continue;
        }
        match Note::read(&path) {
            Ok(Some(Note { behind, act })) => left.acts.push(LeftAct { act, behind, path }),
            Ok(None) => {}
            Err(SignedTrouble::Io(source)) => return Err(LeaveTrouble { doing: "read", path, source }),
            Err(SignedTrouble::OtherFormat | SignedTrouble::Damaged) => {
                let aside = path.with_extension(UNREAD);
                fs::rename(&path, &aside).map_err(LeaveTrouble::when("rename", &path))?;
                left.unread.push(aside);
            }
        }
        if left.acts.len() + left.unread.len() >= TAKEN_MAX {
            break;
        }
    }
    left.acts.sort_by(|one, other| (one.act.at, &one.path).cmp(&(other.act.at, &other.path)));
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample::by;

    fn backed_up(after: &str) -> Act {
        by().act(Deed::BackedUp, Path::new("/backup"), ["entries 3", after])
    }

    #[test]
    fn what_is_left_is_found_until_it_is_removed() {
        let store = tempfile::tempdir().unwrap();
        assert!(left_acts(store.path()).unwrap().acts.is_empty());
        let left = leave(store.path(), backed_up("entries 7\nchain é\u{7}"), RecordNumber(7)).unwrap();
        let found = left_acts(store.path()).unwrap();
        assert_eq!((found.acts.as_slice(), found.unread.len()), ([left.clone()].as_slice(), 0));
        assert_eq!(found.acts[0].act, backed_up("entries 7\nchain é\u{7}"));
        left.remove().unwrap();
        left.remove().unwrap();
        assert!(left_acts(store.path()).unwrap().acts.is_empty());
    }

    #[test]
    fn acts_come_in_the_order_in_which_they_were_done() {
        let store = tempfile::tempdir().unwrap();
        let at = |second: i64| Act { at: Timestamp::from_second(second).unwrap(), ..backed_up("") };
        for second in [9, 1_000, 80] {
            leave(store.path(), at(second), RecordNumber(0)).unwrap();
        }
        let found = left_acts(store.path()).unwrap().acts.into_iter().map(|left| left.act.at.as_second());
        assert_eq!(found.collect::<Vec<_>>(), [9, 80, 1_000]);
    }

    #[test]
    fn a_store_is_promoted_once_however_often_it_is_tried() {
        let store = tempfile::tempdir().unwrap();
        for second in [1, 2] {
            let act = Act { at: Timestamp::from_second(second).unwrap(), deed: Deed::Promoted, ..backed_up("") };
            leave(store.path(), act, RecordNumber(7)).unwrap();
        }
        let found = left_acts(store.path()).unwrap().acts;
        assert_eq!((found.len(), found[0].act.at.as_second()), (1, 2));
    }

    #[test]
    fn the_longest_act_is_read_again() {
        let store = tempfile::tempdir().unwrap();
        let text = "\u{1}".repeat(Act::TEXT_BYTES_MAX);
        let left = leave(store.path(), by().act(Deed::Rebuilt, store.path(), [&text, &text]), RecordNumber(1)).unwrap();
        assert_eq!(left_acts(store.path()).unwrap().acts, [left]);
    }

    #[test]
    fn what_was_changed_is_put_aside_and_told_once() {
        let store = tempfile::tempdir().unwrap();
        let left = leave(store.path(), backed_up("entries 7"), RecordNumber(7)).unwrap();
        let text = fs::read_to_string(&left.path).unwrap();
        fs::write(&left.path, text.replace("entries 7", "entries 8")).unwrap();
        let found = left_acts(store.path()).unwrap();
        assert!(found.acts.is_empty() && found.unread[0].exists(), "{found:?}");
        assert!(left_acts(store.path()).unwrap().unread.is_empty());
    }
}
