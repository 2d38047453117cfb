//! Where files come from: standard input, files, directories, and patterns that no shell has expanded.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::text::BYTE_ORDER_MARK;
use crate::cli::Trouble;

/// Most bytes of a file that is held whole.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Deepest directory that is looked into.
const DEPTH_MAX: usize = 64;

/// How the names of files end that hold interchanges and nothing else, in small letters.
const ENDINGS: &[&str] = &["edi", "edifact", "edf"];

/// Bytes of a file in which its beginning is looked for, behind a byte order mark, blanks and line breaks.
const BEGINNING_BYTES: u64 = 4_096;

/// Standard input, as arguments name it.
const STANDARD_INPUT: &str = "-";

/// Everything that arguments name, in their order: a directory is its files, and so is a pattern, each in the order of
/// their names. What is not there stays as it was named, so that opening it says so.
///
/// In a directory are looked at: files that end like an interchange, and files that begin like one. All others are passed
/// over.
pub(super) fn expand(named: &[PathBuf]) -> Vec<Result<PathBuf, Trouble>> {
    named.iter().flat_map(|path| expand_one(path)).collect()
}

fn expand_one(path: &Path) -> Vec<Result<PathBuf, Trouble>> {
    if path != Path::new(STANDARD_INPUT) && path.is_dir() {
        return files_of(path);
    }
    // A file whose name has such a letter in it is that file.
    let pattern = path.to_str().filter(|text| text.contains(['*', '?', '[']) && !path.exists());
    let Some(Ok(found)) = pattern.map(glob::glob) else { return vec![Ok(path.to_owned())] };
    let found: Vec<_> = found
        .map(|found| found.map_err(|error| unreadable(error.path().to_owned(), error.into())))
        .flat_map(|found| match found {
            Ok(path) if path.is_dir() => files_of(&path),
            other => vec![other],
        })
        .collect();
    if found.is_empty() { vec![Ok(path.to_owned())] } else { found }
}

/// The interchanges of a directory and of those in it. One without any is a trouble: nobody names a directory for nothing.
fn files_of(directory: &Path) -> Vec<Result<PathBuf, Trouble>> {
    let walk = WalkDir::new(directory).max_depth(DEPTH_MAX).sort_by_file_name();
    let found: Vec<_> = walk
        .into_iter()
        .filter_map(|entry| match entry {
            Ok(entry) => {
                let is_wanted =
                    entry.file_type().is_file() && (ends_like_one(entry.path()) || begins_like_one(entry.path()));
                is_wanted.then(|| Ok(entry.into_path()))
            }
            Err(error) => {
                let path = error.path().unwrap_or(directory).to_owned();
                Some(Err(unreadable(path, error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into()))))
            }
        })
        .collect();
    if found.is_empty() { vec![Err(Trouble::NothingInside { path: directory.to_owned() })] } else { found }
}

fn ends_like_one(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

fn begins_like_one(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING_BYTES).read_to_end(&mut beginning));
    let text = beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&beginning).trim_ascii_start();
    read.is_ok() && (text.starts_with(b"UNA") || text.starts_with(b"UNB"))
}

fn unreadable(path: PathBuf, source: io::Error) -> Trouble {
    Trouble::Unreadable { path, source }
}

/// An open file, or standard input, and how many bytes it has, when that is known.
pub(super) fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), Trouble> {
    if path == Path::new(STANDARD_INPUT) {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let file = File::open(path).map_err(|source| unreadable(path.to_owned(), source))?;
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
    Ok((Box::new(file), length))
}

/// All bytes of a file, or of standard input, for what cannot be done piece by piece.
pub(in crate::cli) fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    let bytes_max = FILE_BYTES_MAX;
    let (file, _) = open(path)?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|source| unreadable(path.to_owned(), source))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
        Ok(bytes)
    } else {
        Err(Trouble::TooLong { path: path.to_owned(), bytes_max })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What is found for a name in a folder with some files, without the folder's own path.
    #[track_caller]
    fn check(named: &str, expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("inner/empty")).unwrap();
        for (name, content) in [
            ("b.edi", ""),
            ("a.EDI", ""),
            ("notes.md", "UNNOTICED"),
            ("no-ending", "UNA:+.? '"),
            ("hello.txt", "hello"),
            ("mark.txt", "\u{feff}\r\n  UNB+"),
            ("message.dat", "UNH+"),
            ("inner/c.md", "UNB+"),
            ("inner/[d].edi", "UNB+"),
        ] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let found = expand(&[folder.path().join(named)]).into_iter().map(|found| match found {
            Ok(path) => path.strip_prefix(folder.path()).unwrap().display().to_string(),
            Err(trouble) => trouble.to_string().replace(&folder.path().display().to_string(), "…"),
        });
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_directory_is_its_interchanges_in_the_order_of_their_names() {
        check("", &["a.EDI", "b.edi", "inner/[d].edi", "inner/c.md", "mark.txt", "no-ending"]);
        check("inner", &["inner/[d].edi", "inner/c.md"]);
    }

    #[test]
    fn a_directory_with_nothing_in_it_is_a_trouble() {
        check(
            "inner/empty",
            &["…/inner/empty has no file that ends or begins like an interchange; name the file itself"],
        );
    }

    #[test]
    fn what_is_named_is_read_whatever_it_is() {
        check("hello.txt", &["hello.txt"]);
        check("h*.txt", &["hello.txt"]);
    }

    #[test]
    fn a_pattern_is_what_it_matches() {
        check("*.edi", &["b.edi"]);
        check("**/*.md", &["inner/c.md", "notes.md"]);
    }

    #[test]
    fn a_file_with_signs_of_a_pattern_in_its_name_is_that_file() {
        check("inner/[d].edi", &["inner/[d].edi"]);
    }

    #[test]
    fn what_is_not_there_stays_as_it_was_named() {
        check("nothing.edi", &["nothing.edi"]);
        check("nothing*.edi", &["nothing*.edi"]);
    }
}
