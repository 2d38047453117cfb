//! How far a consumer came: one line in a file, `<identity of the store> <next entry>`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::NotTaken;
use crate::identifier::RecordNumber;

/// It is not known where a consumer stands.
#[derive(Debug, thiserror::Error)]
pub enum CursorTrouble {
    /// The operating system said no.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
    /// It says something else than a place.
    #[error("{} does not say where a consumer stands; remove it to hand everything over again", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
    },
    /// It is a place in another store.
    #[error(
        "{} is a place in the store {found}, and this one is {expected}; remove it to hand everything over",
        path.display()
    )]
    OtherStore {
        /// Which file.
        path: PathBuf,
        /// The store that it names.
        found: String,
        /// The one that is open.
        expected: String,
    },
}

/// The file.
#[derive(Debug)]
pub(super) struct Cursor {
    path: PathBuf,
    store: String,
}

impl Cursor {
    /// Where this consumer stands in this store; in front of the first entry when it took nothing yet.
    ///
    /// # Errors
    /// [`CursorTrouble`].
    pub(super) fn read(places: &Path, name: &str, store: &str) -> Result<(Self, RecordNumber), CursorTrouble> {
        let path = places.join(format!("{name}.place"));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => {
                return Ok((Self { path, store: store.to_owned() }, RecordNumber(1)));
            }
            Err(source) => return Err(CursorTrouble::Io { path, source }),
        };
        let parts = text.trim_end().split_once(' ').and_then(|(of, next)| Some((of, next.parse().ok()?)));
        match parts {
            None => Err(CursorTrouble::Unreadable { path }),
            Some((found, _)) if found != store => {
                Err(CursorTrouble::OtherStore { path, found: found.to_owned(), expected: store.to_owned() })
            }
            Some((_, next)) => Ok((Self { path, store: store.to_owned() }, RecordNumber(next))),
        }
    }

    /// Notes the entry that comes next, on stable storage.
    ///
    /// # Errors
    /// [`NotTaken`]; what was handed over is then handed over again.
    pub(super) async fn write(&self, next: RecordNumber) -> Result<(), NotTaken> {
        let (path, line) = (self.path.clone(), format!("{} {next}\n", self.store));
        let written = spawn_blocking(move || replace(&path, line.as_bytes())).await;
        written.map_err(NotTaken::when("note the place"))?.map_err(NotTaken::when("note the place"))
    }
}

/// Puts a file with these bytes in the place of the one that was there, on stable storage: whoever looks sees all of the
/// one or all of the other. Missing directories are made.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = directory.join(format!(".{name}.new"));
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(places: &Path) -> Result<u64, String> {
        Cursor::read(places, "customs", "5eed").map(|(_, next)| next.0).map_err(|trouble| trouble.to_string())
    }

    #[test]
    fn who_took_nothing_begins_with_the_first_entry() {
        assert_eq!(read(tempfile::tempdir().unwrap().path()), Ok(1));
    }

    #[tokio::test]
    async fn a_place_is_read_as_it_was_noted() {
        let places = tempfile::tempdir().unwrap();
        let (cursor, _) = Cursor::read(places.path(), "customs", "5eed").unwrap();
        cursor.write(RecordNumber(42)).await.unwrap();
        assert_eq!(read(places.path()), Ok(42));
    }

    #[test]
    fn a_place_in_another_store_is_none() {
        let places = tempfile::tempdir().unwrap();
        fs::write(places.path().join("customs.place"), "0ddd 7\n").unwrap();
        assert!(read(places.path()).unwrap_err().contains("is a place in the store 0ddd, and this one is 5eed"));
    }

    #[test]
    fn what_is_no_place_is_said() {
        let places = tempfile::tempdir().unwrap();
        fs::write(places.path().join("customs.place"), "5eed seven\n").unwrap();
        assert!(read(places.path()).unwrap_err().contains("does not say where a consumer stands"));
    }
}
