//! Secrets: they come from files, never from a setting, and do not print themselves.
//!
//! Start with [`SecretFile`], which a setting names, and [`SecretFile::read`], which gives the [`Secret`].

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The file that holds a secret. The path is no secret; what stands in the file is never part of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretFile(PathBuf);

impl SecretFile {
    /// Most bytes that a secret may have: a chain of keys fits, a mistaken path to a log or a device does not.
    pub const BYTES_MAX: usize = 64 * 1024;

    /// The secret in this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// [`SecretTrouble`] when the file cannot be read, is empty or holds more than [`Self::BYTES_MAX`] bytes.
    pub fn read(&self) -> Result<Secret, SecretTrouble> {
        let unreadable = |cause| SecretTrouble::Unreadable { path: self.0.clone(), cause };
        // Room for all of it from the start: a growing buffer would leave pieces of the secret behind when it moves.
        let mut secret = Secret(vec![0; Self::BYTES_MAX + 1]);
        let mut file = File::open(&self.0).map_err(unreadable)?;
        let mut length = 0;
        while let Some(rest) = secret.0.get_mut(length..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(unreadable(cause)),
            }
        }
        match length {
            0 => Err(SecretTrouble::Empty { path: self.0.clone() }),
            1..=Self::BYTES_MAX => {
                secret.0.truncate(length);
                Ok(secret)
            }
            _ => Err(SecretTrouble::TooLong { path: self.0.clone() }),
        }
    }
}

/// A secret in memory. It has no `Display`, its `Debug` says nothing, and it is overwritten when it is dropped.
///
/// Overwriting is a precaution and no promise: what [`Secret::expose`] hands out may have been copied.
pub struct Secret(Vec<u8>);

impl Secret {
    /// The bytes. The name is long so that a reader stops at it.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // Keeps the optimiser from leaving the writes out because nobody reads them.
        std::hint::black_box(&self.0);
    }
}

/// A secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretTrouble {
    /// The file cannot be opened or read.
    #[error("a secret cannot be read from {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file is empty.
    #[error("the file {} holds no secret, it is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is longer than a secret may be.
    #[error("the file {} is longer than a secret may be ({} bytes)", path.display(), SecretFile::BYTES_MAX)]
    TooLong {
        /// The file.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &[u8]) -> Result<Secret, SecretTrouble> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("secret");
        std::fs::write(&path, content).unwrap();
        SecretFile::new(path).read()
    }

    #[test]
    fn a_secret_is_the_whole_file() {
        assert_eq!(check(b"open sesame\n").unwrap().expose(), b"open sesame\n");
        assert_eq!(check(&[7; SecretFile::BYTES_MAX]).unwrap().expose().len(), SecretFile::BYTES_MAX);
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        assert_eq!(format!("{:?}", check(b"open sesame").unwrap()), "Secret(not shown)");
    }

    #[test]
    fn an_empty_file_is_no_secret() {
        assert!(matches!(check(b""), Err(SecretTrouble::Empty { .. })));
    }

    #[test]
    fn a_file_that_is_too_long_is_no_secret() {
        assert!(matches!(check(&[7; SecretFile::BYTES_MAX + 1]), Err(SecretTrouble::TooLong { .. })));
    }

    #[test]
    fn a_missing_file_is_named() {
        let trouble = SecretFile::new("/nowhere/key.pem").read().unwrap_err().to_string();
        assert!(trouble.starts_with("a secret cannot be read from /nowhere/key.pem: "), "{trouble}");
    }
}
