//! What was last in force, in lines beside the journal: so a start says what was changed while no gateway ran.
//!
//! Start with [`InForce`]. New lines are put beside the former ones before the act that tells of them is recorded, and take
//! their place behind that; the record decides what becomes of lines that a process which died left between the two.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Unavailable;
use super::journal::seal::{from_digits, hexadecimal};
use super::journal::{JournalTrouble, RealDisk, write_whole};
use super::signed::{Fields, SignedText, SignedTrouble};
use crate::identifier::RecordNumber;
use crate::record::{Act, Digest};

/// The file, in the directory of a store.
const NAME: &str = "in-force";
/// The file with lines that are not in force before their act is recorded.
const STAGED: &str = "in-force.next";

/// Where the lines of a store are.
#[derive(Debug, Clone)]
pub struct InForce {
    directory: PathBuf,
}

/// The act that decides whether staged lines count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedBy {
    /// The last entry before it was to be recorded.
    pub behind: RecordNumber,
    digest: [u8; 32],
}

impl StagedBy {
    /// Whether it is this act.
    #[must_use]
    pub fn is(&self, act: &Act) -> bool {
        self.digest == digest(act)
    }
}

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
struct Lines {
    staged_by: Option<StagedBy>,
    lines: Vec<String>,
}

impl SignedText for Lines {
    const TITLE: &'static str = "lodged in force";
    const VERSION: u32 = 1;
    /// A hundred thousand partners.
    const BYTES_MAX: u64 = 64 << 20;

    fn fields(&self) -> Vec<(&'static str, String)> {
        let staged_by = self
            .staged_by
            .iter()
            .flat_map(|StagedBy { behind, digest }| [("behind", behind.to_string()), ("act", hexadecimal(digest))]);
        // Without line breaks, which a name may have.
        let lines = self.lines.iter().map(|line| ("line", serde_json::Value::from(line.as_str()).to_string()));
        staged_by.chain(lines).collect()
    }

    fn of(fields: &mut Fields<'_>) -> Option<Self> {
        let staged_by = match fields.next("behind") {
            None => None,
            Some(behind) => {
                let (behind, digest) = (RecordNumber(behind.parse().ok()?), from_digits(fields.next("act")?)?);
                Some(StagedBy { behind, digest })
            }
        };
        let mut lines = Vec::new();
        while let Some(line) = fields.next("line") {
            lines.push(serde_json::from_str(line).ok()?);
        }
        Some(Self { staged_by, lines })
    }
}

impl InForce {
    /// Of the store in this directory.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// The lines that were last in force; none when that is not known, or what says so was changed.
    ///
    /// # Errors
    /// [`Unavailable`] when the file cannot be read.
    pub fn lines(&self) -> Result<Option<Vec<String>>, Unavailable> {
        Ok(self.read(NAME)?.map(|file| file.lines))
    }

    /// Which act decides about lines that were staged; none when there are no such lines.
    ///
    /// # Errors
    /// [`Unavailable`] when the file cannot be read.
    pub fn staged_by(&self) -> Result<Option<StagedBy>, Unavailable> {
        Ok(self.read(STAGED)?.and_then(|file| file.staged_by))
    }

    /// Notes lines of which no act has to tell.
    ///
    /// # Errors
    /// [`Unavailable`]; then what was noted before is noted.
    pub fn begin(&self, lines: &[String]) -> Result<(), Unavailable> {
        self.write(NAME, &Lines { staged_by: None, lines: lines.to_vec() })
    }

    /// Puts lines beside those in force: they take their place once this act is recorded, behind this entry.
    ///
    /// # Errors
    /// [`Unavailable`]; then the lines in force are those that they were.
    pub fn stage(&self, lines: &[String], act: &Act, behind: RecordNumber) -> Result<(), Unavailable> {
        let staged_by = Some(StagedBy { behind, digest: digest(act) });
        self.write(STAGED, &Lines { staged_by, lines: lines.to_vec() })
    }

    /// The act is recorded: its lines are those in force.
    ///
    /// # Errors
    /// [`Unavailable`]; then the next start does it.
    pub fn commit(&self) -> Result<(), Unavailable> {
        let [staged, path] = [STAGED, NAME].map(|name| self.directory.join(name));
        fs::rename(&staged, path).map_err(|source| trouble(&staged, &source))?;
        self.sync()
    }

    /// The act is not recorded: its lines never were in force.
    ///
    /// # Errors
    /// [`Unavailable`]; then they are still there.
    pub fn discard(&self) -> Result<(), Unavailable> {
        let staged = self.directory.join(STAGED);
        match fs::remove_file(&staged) {
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(|source| trouble(&staged, &source)).and_then(|()| self.sync()),
        }
    }

    fn sync(&self) -> Result<(), Unavailable> {
        let synced = fs::File::open(&self.directory).and_then(|directory| directory.sync_all());
        synced.map_err(|source| trouble(&self.directory, &source))
    }

    fn read(&self, name: &str) -> Result<Option<Lines>, Unavailable> {
        let path = self.directory.join(name);
        match Lines::read(&path) {
            Err(SignedTrouble::Io(source)) => Err(trouble(&path, &source)),
            Err(SignedTrouble::Damaged | SignedTrouble::OtherFormat) => {
                tracing::warn!(path = %path.display(), "is not as it was written; what was last in force is not known");
                Ok(None)
            }
            Ok(file) => Ok(file),
        }
    }

    fn write(&self, name: &str, file: &Lines) -> Result<(), Unavailable> {
        write_whole(&RealDisk, &self.directory.join(name), &file.to_text())
            .map_err(|cause: JournalTrouble| Unavailable(format!("what is in force cannot be noted: {cause}")))
    }
}

fn trouble(path: &Path, source: &io::Error) -> Unavailable {
    Unavailable(format!("what is in force cannot be noted in {}: {source}", path.display()))
}

/// The moment of an act is as long as a nanosecond, so two acts are never the same.
fn digest(act: &Act) -> [u8; 32] {
    Digest::of([serde_json::to_string(act).unwrap_or_default().as_bytes()]).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Deed;
    use crate::store::sample::by;

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn lines_count_once_their_act_is_recorded() {
        let home = tempfile::tempdir().unwrap();
        let in_force = InForce::of(home.path());
        assert_eq!((in_force.lines(), in_force.staged_by()), (Ok(None), Ok(None)));
        let (former, next) = (lines(&["a = 1", "name \"two\nlines\" act 1"]), lines(&["a = 2"]));
        in_force.begin(&former).unwrap();
        let act = by().act(Deed::Started, home.path(), ["a = 1", "a = 2"]);
        in_force.stage(&next, &act, RecordNumber(7)).unwrap();
        assert_eq!(in_force.lines(), Ok(Some(former.clone())));
        let staged_by = in_force.staged_by().unwrap().unwrap();
        assert!(staged_by.is(&act) && staged_by.behind == RecordNumber(7));
        assert!(!staged_by.is(&Act { deed: Deed::Reloaded, ..act.clone() }));
        in_force.discard().unwrap();
        assert_eq!((in_force.lines(), in_force.staged_by()), (Ok(Some(former)), Ok(None)));
        in_force.stage(&next, &act, RecordNumber(7)).unwrap();
        in_force.commit().unwrap();
        assert_eq!((in_force.lines(), in_force.staged_by()), (Ok(Some(next)), Ok(None)));
    }

    #[test]
    fn what_was_changed_is_not_believed() {
        let home = tempfile::tempdir().unwrap();
        let in_force = InForce::of(home.path());
        in_force.begin(&lines(&["a = 1"])).unwrap();
        let path = home.path().join(NAME);
        fs::write(&path, fs::read_to_string(&path).unwrap().replace("a = 1", "a = 2")).unwrap();
        assert_eq!(in_force.lines(), Ok(None));
    }
}
