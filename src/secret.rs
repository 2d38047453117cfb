//! Secrets: they come from files, never from a setting, and do not print themselves.
//!
//! Start with [`SecretFile`], which a setting names, and [`SecretFile::read`], which gives the [`Secret`]. A file is its
//! owner's alone; where systemd hands a secret over, the setting names the credential instead: `credential:gateway.key`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{env, fmt};

use serde::{Deserialize, Serialize};

/// What a setting begins with that names a credential.
const CREDENTIAL: &str = "credential:";
/// Where the service manager put the credentials of this process.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
/// What the mode of a secret's file may have for nobody but its owner.
const OTHERS: u32 = 0o077;

/// The file that holds a secret, or the name of a credential. The path is no secret; what stands in the file is never part of a setting.
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

    /// Where it is, as it was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The name of the credential, when it is one.
    #[must_use]
    pub fn credential(&self) -> Option<&str> {
        self.0.to_str()?.strip_prefix(CREDENTIAL)
    }

    /// The same with a relative path made relative to this directory. A credential has none.
    #[must_use]
    pub fn relative_to(self, directory: &Path) -> Self {
        if self.credential().is_some() { self } else { Self(directory.join(self.0)) }
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// [`SecretTrouble`] when the file cannot be read, others than its owner may use it, it is empty or holds more than
    /// [`Self::BYTES_MAX`] bytes, or the credential was not handed over.
    pub fn read(&self) -> Result<Secret, SecretTrouble> {
        match self.credential() {
            None => Self::read_file(&self.0, false),
            Some(name) => Self::read_file(&handed(name, env::var_os(CREDENTIALS_DIRECTORY))?, true),
        }
    }

    fn read_file(path: &Path, is_credential: bool) -> Result<Secret, SecretTrouble> {
        let unreadable = |cause| SecretTrouble::Unreadable { path: path.to_owned(), cause };
        // Room for all of it from the start: a growing buffer would leave pieces of the secret behind when it moves.
        let mut secret = Secret(vec![0; Self::BYTES_MAX + 1]);
        let mut file = File::open(path).map_err(unreadable)?;
        if let Some(mode) = mode_for_others(&file).map_err(unreadable)?.filter(|_| !is_credential) {
            return Err(SecretTrouble::Shared { path: path.to_owned(), mode });
        }
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
            0 => Err(SecretTrouble::Empty { path: path.to_owned() }),
            1..=Self::BYTES_MAX => {
                secret.0.truncate(length);
                Ok(secret)
            }
            _ => Err(SecretTrouble::TooLong { path: path.to_owned() }),
        }
    }
}

/// The mode of a file that others than its owner may use.
fn mode_for_others(file: &File) -> io::Result<Option<u32>> {
    let mode = file.metadata()?.permissions().mode() & 0o777;
    Ok((mode & OTHERS != 0).then_some(mode))
}

/// The file of a credential. Its name is that of a file and nothing else.
fn handed(name: &str, directory: Option<OsString>) -> Result<PathBuf, SecretTrouble> {
    let is_name = Path::new(name).file_name() == Some(OsStr::new(name));
    let directory = directory.filter(|_| is_name);
    directory
        .map(|directory| Path::new(&directory).join(name))
        .ok_or_else(|| SecretTrouble::NotHanded { name: name.to_owned() })
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
    #[error(
        "a secret cannot be read from {}: {cause}; check that it is there and that the gateway's user may read it",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Others than its owner may use the file.
    #[error(
        "the secret in {} can be used by others, its mode is {mode:04o}; chmod 0600 {}, and make a new one if somebody \
         may have read it", path.display(), path.display()
    )]
    Shared {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// No service manager handed the credential over.
    #[error(
        "the credential {name:?} was not handed over; start the gateway as a service with LoadCredential={name}:FILE, or \
         name a file instead of credential:{name}"
    )]
    NotHanded {
        /// Its name.
        name: String,
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
        write(&path, content, 0o600);
        SecretFile::new(path).read()
    }

    fn write(path: &Path, content: &[u8], mode: u32) {
        std::fs::write(path, content).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
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
    fn a_secret_that_others_may_use_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("secret");
        for mode in [0o644, 0o640, 0o620, 0o601] {
            write(&path, b"open sesame", mode);
            let said = SecretFile::new(&path).read().unwrap_err().to_string();
            assert!(said.contains(&format!("its mode is {mode:04o}; chmod 0600")), "{said}");
        }
        write(&path, b"open sesame", 0o400);
        assert!(SecretFile::new(&path).read().is_ok());
    }

    #[test]
    fn a_credential_is_a_file_where_the_manager_puts_them() {
        let path = handed("gateway.key", Some("/run/credentials/lodged".into())).unwrap();
        assert_eq!(path, Path::new("/run/credentials/lodged/gateway.key"));
        let home = tempfile::tempdir().unwrap();
        write(&home.path().join("gateway.key"), b"open sesame", 0o440);
        assert!(SecretFile::read_file(&home.path().join("gateway.key"), true).is_ok(), "its mode is the manager's");
    }

    #[test]
    fn a_credential_that_was_not_handed_over_says_how_it_is() {
        let said = SecretFile::new("credential:gateway.key").read().unwrap_err().to_string();
        assert!(said.contains("LoadCredential=gateway.key:FILE"), "{said}");
        for name in ["", "..", "../shadow", "/etc/shadow", "a/b"] {
            assert!(handed(name, Some("/run".into())).is_err(), "{name}");
        }
    }

    #[test]
    fn a_credential_is_relative_to_nothing() {
        let (named, file) = (SecretFile::new("credential:gateway.key"), SecretFile::new("gateway.key"));
        assert_eq!(named.clone().relative_to(Path::new("/etc")), named);
        assert_eq!(file.relative_to(Path::new("/etc")).path(), Path::new("/etc/gateway.key"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let trouble = SecretFile::new("/nowhere/key.pem").read().unwrap_err().to_string();
        assert!(trouble.starts_with("a secret cannot be read from /nowhere/key.pem: "), "{trouble}");
        assert!(trouble.ends_with("; check that it is there and that the gateway's user may read it"), "{trouble}");
    }
}
