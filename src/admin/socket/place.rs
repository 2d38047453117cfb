//! The socket's place in the file system: claimed under a hidden name before anything else is begun, named once somebody
//! answers behind it, without a moment in which others could reach it; taken over from a process that is gone, never from one
//! that runs or is about to.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener as StdListener, UnixStream};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use super::user::Users;

/// Most bytes of the path of a socket: 107 (`sun_path`, without its zero), and the name under which it is made has five more.
const PATH_BYTES_MAX: usize = 102;

/// The socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SocketTrouble {
    /// Somebody answers there.
    #[error("another gateway administers at {}; end it, or name another socket in admin.socket", .0.display())]
    InUse(PathBuf),
    /// Something else is there.
    #[error("{} is there and is no socket; move it away, or name another place in admin.socket", .0.display())]
    NoSocket(PathBuf),
    /// The system takes no socket with so long a path.
    #[error("the path {} is longer than the {PATH_BYTES_MAX} bytes that a socket may have; name a shorter one in admin.socket", .0.display())]
    TooLong(PathBuf),
    /// The system does not let us.
    #[error("cannot {doing} the socket {}: {source}; look at its directory, or name another place in admin.socket", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SocketTrouble {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

/// Whether a socket may be put at this path. Nothing is made for it.
///
/// # Errors
/// [`SocketTrouble`] when somebody answers there or is about to, something else is there, or the path is none for a socket.
pub(super) fn look(path: &Path) -> Result<(), SocketTrouble> {
    if path.as_os_str().len() > PATH_BYTES_MAX {
        return Err(SocketTrouble::TooLong(path.to_owned()));
    }
    free(path, path)?;
    free(&beside(path), path)
}

/// A socket under a name at which nobody looks for it: its place is ours, and nobody comes yet. It listens all the same,
/// so that another gateway that wants the place is answered.
#[derive(Debug)]
pub(super) struct Claim {
    listener: StdListener,
    name: Name,
    path: PathBuf,
}

impl Claim {
    /// Makes the socket that is to be at this path, for the users whom the configuration names beside its own; gives back who
    /// may come.
    ///
    /// # Errors
    /// [`SocketTrouble`] as from [`look`], or when the system does not let us.
    pub(super) fn new(path: &Path, named: &[u32]) -> Result<(Self, Users), SocketTrouble> {
        look(path)?;
        let fresh = beside(path);
        remove(&fresh).map_err(SocketTrouble::io("remove what was left of", &fresh))?;
        let listener = StdListener::bind(&fresh).map_err(SocketTrouble::io("open", path))?;
        let data = fresh.symlink_metadata().map_err(SocketTrouble::io("look at", path))?;
        let name = Name { path: fresh, inode: data.ino() };
        let users = Users { own: data.uid(), named: named.to_vec() };
        let mode = Permissions::from_mode(users.mode());
        fs::set_permissions(&name.path, mode).map_err(SocketTrouble::io("name", path))?;
        listener.set_nonblocking(true).map_err(SocketTrouble::io("open", path))?;
        Ok((Self { listener, name, path: path.to_owned() }, users))
    }

    /// Gives it the name at which it is looked for. Call it within the runtime.
    ///
    /// # Errors
    /// [`SocketTrouble`] when somebody else has the name meanwhile, or the system does not let us.
    pub(super) fn open(self) -> Result<Place, SocketTrouble> {
        let Self { listener, mut name, path } = self;
        free(&path, &path)?;
        let listener = UnixListener::from_std(listener).map_err(SocketTrouble::io("open", &path))?;
        fs::rename(&name.path, &path).map_err(SocketTrouble::io("name", &path))?;
        name.path = path;
        Ok(Place { listener, _name: name })
    }
}

/// A socket that listens, and is taken away with this.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) listener: UnixListener,
    _name: Name,
}

/// The name of a socket, taken away with this.
#[derive(Debug)]
struct Name {
    path: PathBuf,
    /// Which file it is, so that no other one is taken away.
    inode: u64,
}

impl Drop for Name {
    fn drop(&mut self) {
        if self.path.symlink_metadata().is_ok_and(|data| data.ino() == self.inode)
            && let Err(trouble) = fs::remove_file(&self.path)
        {
            tracing::debug!(%trouble, "the socket stays behind; the next start takes its place");
        }
    }
}

/// Whether `name` may be used for the socket at `path`: nothing is there, or a socket that nobody answers at.
fn free(name: &Path, path: &Path) -> Result<(), SocketTrouble> {
    let data = match name.symlink_metadata() {
        Ok(data) => data,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(SocketTrouble::io("look at", path)(cause)),
    };
    if !data.file_type().is_socket() {
        return Err(SocketTrouble::NoSocket(name.to_owned()));
    }
    match UnixStream::connect(name) {
        Err(cause) if matches!(cause.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => Ok(()),
        // A full queue is that of somebody who listens.
        Ok(_) => Err(SocketTrouble::InUse(path.to_owned())),
        Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => Err(SocketTrouble::InUse(path.to_owned())),
        Err(cause) => Err(SocketTrouble::io("look who answers at", path)(cause)),
    }
}

/// The name under which a socket is made: hidden, in the same directory.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path, named: &[u32]) -> Result<(Place, Users), SocketTrouble> {
        let (claim, users) = Claim::new(path, named)?;
        Ok((claim.open()?, users))
    }

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().unwrap().permissions().mode() & 0o777
    }

    /// What is said when a socket is opened where this has been prepared.
    fn check(prepare: impl FnOnce(&Path), expected: Option<&str>) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("admin.sock");
        prepare(&path);
        let opened = open(&path, &[]);
        assert_eq!(
            opened.as_ref().err().map(|trouble| trouble.to_string().contains(expected.unwrap_or("?"))),
            expected.map(|_| true)
        );
        if opened.is_ok() {
            assert_eq!(mode(&path), 0o600);
            assert_eq!(home.path().read_dir().unwrap().count(), 1, "nothing else is left");
        }
    }

    #[tokio::test]
    async fn a_socket_is_for_its_owner_alone() {
        check(|_| {}, None);
    }

    #[tokio::test]
    async fn the_socket_of_a_process_that_is_gone_is_replaced() {
        check(|path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()), None);
    }

    #[tokio::test]
    async fn the_socket_of_a_process_that_runs_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("admin.sock");
        let (held, _) = open(&path, &[]).unwrap();
        assert!(matches!(open(&path, &[]), Err(SocketTrouble::InUse(_))));
        assert!(UnixStream::connect(&path).is_ok(), "and it is still the first one's");
        drop(held);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_place_that_is_claimed_is_nobody_elses_and_nobody_comes_yet() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("admin.sock");
        let (claim, _) = Claim::new(&path, &[]).unwrap();
        assert!(!path.exists());
        assert_eq!(mode(&beside(&path)), 0o600);
        for other in [look(&path), Claim::new(&path, &[]).map(drop)] {
            assert!(matches!(other, Err(SocketTrouble::InUse(at)) if at == path));
        }
        drop(claim);
        assert_eq!(home.path().read_dir().unwrap().count(), 0, "nothing is left of it");
        assert!(look(&path).is_ok());
    }

    #[tokio::test]
    async fn a_claim_of_a_process_that_is_gone_is_replaced() {
        check(|path| drop(StdListener::bind(beside(path)).unwrap()), None);
    }

    #[tokio::test]
    async fn a_place_that_somebody_took_meanwhile_is_theirs() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("admin.sock");
        let (claim, _) = Claim::new(&path, &[]).unwrap();
        let _other = StdListener::bind(&path).unwrap();
        assert!(matches!(claim.open(), Err(SocketTrouble::InUse(_))));
        assert!(UnixStream::connect(&path).is_ok() && !beside(&path).exists());
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        check(|path| fs::write(path, "mine").unwrap(), Some("is no socket"));
        check(|path| fs::create_dir(path).unwrap(), Some("is no socket"));
        check(|path| std::os::unix::fs::symlink("/dev/null", path).unwrap(), Some("is no socket"));
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_is_refused_in_words() {
        let path = Path::new("/tmp").join("a".repeat(PATH_BYTES_MAX));
        assert!(matches!(open(&path, &[]), Err(SocketTrouble::TooLong(_))));
    }

    #[tokio::test]
    async fn what_took_its_place_is_not_taken_away() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("admin.sock");
        let (held, users) = open(&path, &[7]).unwrap();
        assert_eq!(
            (mode(&path), users.admit(7), users.admit(users.own), users.admit(8)),
            (0o666, true, true, users.own == 8)
        );
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another").unwrap();
        drop(held);
        assert!(path.exists());
    }
}
