//! Files of partners on their way to their places, so that a change is whole or not at all whenever the process dies.
//!
//! A change is first written beside the partners, into a hidden directory with a description of the act; then the act goes
//! into the record; then the files are renamed into their places. The record decides: what a process that died left behind
//! is finished when its act is in the record, and thrown away when it is not.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::config::Changes;
use crate::daemon::audit::is_recorded;
use crate::identifier::RecordNumber;
use crate::record::Act;
use crate::store::{Store, Unavailable};

/// A change that is written as a whole, and not in its place.
const PENDING: &str = ".pending";
/// A change that is being written.
const UNFINISHED: &str = ".pending.new";
/// The description of the act, among its files.
const ACT: &str = "act";
/// Most bytes of that description.
const ACT_BYTES_MAX: u64 = 1 << 20;

/// A change that is on the disk and in no place.
#[derive(Debug)]
pub(in crate::daemon) struct Pending {
    /// The directory of the partners.
    home: PathBuf,
}

/// What became of a change that was left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::daemon) enum Settled {
    /// There was none.
    Nothing,
    /// It is in the record, and now in its files.
    Finished,
    /// It is not in the record, and now nowhere.
    Discarded,
}

/// A change that was left behind could not be settled.
#[derive(Debug, thiserror::Error)]
pub enum PendingTrouble {
    /// A file.
    #[error("a change that was interrupted cannot be settled in {}: {source}; the gateway must be able to write there", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The record.
    #[error("a change that was interrupted cannot be settled: {0}")]
    Record(#[from] Unavailable),
}

impl Pending {
    /// Writes a change beside the partners in this directory. All of its files are theirs.
    ///
    /// # Errors
    /// What the system says; then nothing that counts was written.
    pub(in crate::daemon) fn stage(home: &Path, act: &Act, changes: &Changes) -> io::Result<Self> {
        let unfinished = home.join(UNFINISHED);
        remove(&unfinished)?;
        fs::create_dir(&unfinished)?;
        for (path, bytes) in changes.iter() {
            let name = path.file_name().filter(|_| path.parent() == Some(home));
            let name = name.ok_or_else(|| io::Error::other(format!("{} is elsewhere", path.display())))?;
            let staged = unfinished.join(name);
            write(&staged, bytes)?;
            if let Ok(data) = path.metadata() {
                fs::set_permissions(&staged, data.permissions())?;
            }
        }
        write(&unfinished.join(ACT), &serde_json::to_vec(act)?)?;
        sync(&unfinished)?;
        fs::rename(&unfinished, home.join(PENDING))?;
        sync(home)?;
        Ok(Self { home: home.to_owned() })
    }

    /// Puts the files in their places, those that others name first. Doing it twice is harmless.
    ///
    /// # Errors
    /// What the system says; the next start goes on from there.
    pub(in crate::daemon) fn commit(self) -> io::Result<()> {
        let pending = self.home.join(PENDING);
        let names = fs::read_dir(&pending)?.map(|entry| entry.map(|entry| entry.file_name()));
        let mut names: Vec<_> = names.collect::<io::Result<_>>()?;
        names.retain(|name| name != ACT);
        names.sort_by_key(|name| Path::new(name).extension().is_some_and(|extension| extension == "toml"));
        for name in names {
            fs::rename(pending.join(&name), self.home.join(&name))?;
        }
        sync(&self.home)?;
        self.discard()
    }

    /// Throws it away, as far as it is not in its places.
    ///
    /// # Errors
    /// What the system says.
    pub(in crate::daemon) fn discard(self) -> io::Result<()> {
        let pending = self.home.join(PENDING);
        // Without the description nothing of the rest counts any more, and the other way round it would be finished again.
        let act = pending.join(ACT);
        if act.exists() {
            fs::rename(&pending, self.home.join(UNFINISHED))?;
            sync(&self.home)?;
        }
        remove(&self.home.join(UNFINISHED))
    }
}

/// Settles what a process that died left behind.
///
/// # Errors
/// [`PendingTrouble`] when files or record cannot be read or written.
pub(in crate::daemon) async fn settle(home: &Path, store: &impl Store) -> Result<Settled, PendingTrouble> {
    let trouble = |source| PendingTrouble::Io { path: home.to_owned(), source };
    remove(&home.join(UNFINISHED)).map_err(trouble)?;
    let Some(act) = read(&home.join(PENDING).join(ACT)).map_err(trouble)? else { return Ok(Settled::Nothing) };
    let pending = Pending { home: home.to_owned() };
    if is_recorded(store, RecordNumber(0), |noted| *noted == act).await? {
        pending.commit().map_err(trouble)?;
        Ok(Settled::Finished)
    } else {
        pending.discard().map_err(trouble)?;
        Ok(Settled::Discarded)
    }
}

/// The description of an act; none when there is no change.
fn read(path: &Path) -> io::Result<Option<Act>> {
    let file = match File::open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(ACT_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Removes a directory with what is in it, when it is there.
fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use tempfile::TempDir;

    use super::*;
    use crate::config::{Config, Environment};
    use crate::identifier::ProofForm;
    use crate::partner::{NewPartner, PartnerKind};
    use crate::record::{Actor, Deed};
    use crate::store::{Memory, Numbering};

    const NOW: &str = "2026-11-21T20:45:00Z";

    /// A configuration with an empty directory for partners.
    fn home() -> (TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("lodged.toml"), "").unwrap();
        let partners = home.path().join("partners");
        fs::create_dir(&partners).unwrap();
        (home, partners)
    }

    fn store() -> Memory {
        Memory::new(Numbering { form: ProofForm::Cers, zone: TimeZone::UTC })
    }

    fn act() -> Act {
        Act {
            at: NOW.parse().unwrap(),
            who: Actor::User { uid: 0, name: None },
            deed: Deed::PartnerAdded,
            subject: "birch".to_owned(),
            before: String::new(),
            after: "name = \"Birch\"".to_owned(),
        }
    }

    /// Files of a partner with a certificate.
    fn birch(home: &Path) -> Changes {
        let loaded = Config::load_with(&home.join("lodged.toml"), &Environment::default()).unwrap();
        let minted = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let new = NewPartner {
            partner: "birch".to_owned(),
            name: "Birch".to_owned(),
            kind: PartnerKind::Carrier,
            language: "en".to_owned(),
            identities: Vec::new(),
            authority: Vec::new(),
            certificates: vec![minted.cert.pem()],
        };
        loaded.adding(&new, NOW.parse().unwrap()).unwrap().changes
    }

    /// They are written beside their places.
    fn staged(home: &Path, partners: &Path) -> Pending {
        Pending::stage(partners, &act(), &birch(home)).unwrap()
    }

    /// The endings of the names that are there, hidden ones as they are.
    fn there(partners: &Path) -> Vec<String> {
        let names = fs::read_dir(partners).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.map(|name| name.rsplit('.').next().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn what_is_not_recorded_is_undone() {
        let (home, partners) = home();
        drop(staged(home.path(), &partners));
        assert_eq!(there(&partners), ["pending"]);
        assert_eq!(settle(&partners, &store()).await.unwrap(), Settled::Discarded);
        assert_eq!(there(&partners), [""; 0]);
        assert_eq!(settle(&partners, &store()).await.unwrap(), Settled::Nothing);
    }

    #[tokio::test]
    async fn what_is_recorded_is_finished() {
        let (home, partners) = home();
        let store = store();
        drop(staged(home.path(), &partners));
        store.note(Act { subject: "another".to_owned(), ..act() }).await.unwrap();
        store.note(act()).await.unwrap();
        assert_eq!(settle(&partners, &store).await.unwrap(), Settled::Finished);
        assert_eq!(there(&partners), ["pem", "toml"]);
        assert_eq!(settle(&partners, &store).await.unwrap(), Settled::Nothing);
    }

    #[tokio::test]
    async fn what_is_half_in_its_place_is_finished() {
        let (home, partners) = home();
        let store = store();
        drop(staged(home.path(), &partners));
        store.note(act()).await.unwrap();
        let pem = fs::read_dir(partners.join(PENDING)).unwrap().map(|entry| entry.unwrap().path());
        let pem = pem.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "pem")).unwrap();
        fs::rename(&pem, partners.join(pem.file_name().unwrap())).unwrap();
        assert_eq!(settle(&partners, &store).await.unwrap(), Settled::Finished);
        assert_eq!(there(&partners), ["pem", "toml"]);
    }

    #[tokio::test]
    async fn what_is_half_written_or_half_removed_is_removed() {
        let (_home, partners) = home();
        fs::create_dir(partners.join(UNFINISHED)).unwrap();
        fs::write(partners.join(UNFINISHED).join("birch.toml"), "na").unwrap();
        assert_eq!(settle(&partners, &store()).await.unwrap(), Settled::Nothing);
        assert_eq!(there(&partners), [""; 0]);
    }

    #[tokio::test]
    async fn without_partners_there_is_nothing_to_settle() {
        let settled = settle(Path::new("/nowhere/at/all"), &store()).await;
        assert_eq!(settled.unwrap(), Settled::Nothing);
    }

    #[tokio::test]
    async fn a_change_is_not_settled_without_the_record() {
        let (home, partners) = home();
        drop(staged(home.path(), &partners));
        assert!(settle(&partners, &store().failing_from(1)).await.is_err());
        assert_eq!(there(&partners), ["pending"]);
    }

    #[test]
    fn files_elsewhere_are_not_written() {
        let (home, partners) = home();
        let below = partners.join("below");
        fs::create_dir(&below).unwrap();
        let staged = Pending::stage(&below, &act(), &birch(home.path()));
        assert!(staged.is_err_and(|cause| cause.to_string().ends_with("is elsewhere")));
    }
}
