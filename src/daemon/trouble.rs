//! Why the daemon cannot start, or a reload is refused.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use metrics_exporter_prometheus::BuildError;

use super::administration::PendingTrouble;
use super::audit::AuditTrouble;
use crate::admin::socket::SocketTrouble;
use crate::channel::tls::{IdentityTrouble, TermsTrouble};
use crate::codes::CodeListTrouble;
use crate::config::{ConfigTrouble, LogTrouble};
use crate::declaration::guide;
use crate::feed::CursorTrouble;
use crate::grammar::GrammarTrouble;
use crate::store::OpenTrouble;

/// Something of ours is not as it has to be.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The configuration or a partner.
    #[error(transparent)]
    Config(#[from] ConfigTrouble),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogTrouble),
    /// The message grammars.
    #[error(transparent)]
    Grammar(#[from] GrammarTrouble),
    /// An implementation guide.
    #[error("the guide {} cannot be used; correct these lines{}", path.display(), lines(mistakes))]
    Guide {
        /// The file.
        path: PathBuf,
        /// Every mistake in it.
        mistakes: Vec<guide::Mistake>,
    },
    /// A file or folder of the grammars.
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The folder of the grammars has no guide.
    #[error("there is no *.guide in {}, so no message would be a declaration", .0.display())]
    NoGuide(PathBuf),
    /// The code lists.
    #[error(transparent)]
    Codes(#[from] CodeListTrouble),
    /// The gateway's certificate or key.
    #[error(transparent)]
    Identity(#[from] IdentityTrouble),
    /// The gateway's certificate with its key.
    #[error(transparent)]
    Terms(#[from] TermsTrouble),
    /// The record.
    #[error(transparent)]
    Store(#[from] OpenTrouble),
    /// The state of the record.
    #[error(
        "the state in {} cannot be made: {reason}; make room where its disk is full, else look at the disk: the next start \
         makes the state from the journal, of which nothing is lost", path.display()
    )]
    State {
        /// Where it is kept.
        path: PathBuf,
        /// What is in the way.
        reason: String,
    },
    /// The place of a consumer of the feed.
    #[error(transparent)]
    Feed(#[from] CursorTrouble),
    /// A door cannot be opened.
    #[error("cannot listen on {address}: {cause}; change {section}.listen, or stop what listens there")]
    Listen {
        /// The section of the configuration.
        section: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// A socket that the service manager handed over cannot be used.
    #[error(
        "the socket {name:?} that was handed over cannot be used: {cause}; let the socket unit name it with \
         FileDescriptorName=edi or FileDescriptorName=watch, each once, and ListenStream= an address and a port"
    )]
    Handed {
        /// The name that came with it.
        name: String,
        /// What is wrong.
        cause: String,
    },
    /// The socket for administration.
    #[error(transparent)]
    Socket(#[from] SocketTrouble),
    /// A change of partners that was interrupted.
    #[error(transparent)]
    Pending(#[from] PendingTrouble),
    /// What was done while no gateway ran.
    #[error(transparent)]
    Audit(#[from] AuditTrouble),
    /// The metrics.
    #[error("the metrics cannot be counted: {0}")]
    Metrics(#[from] BuildError),
    /// The runtime, or its signals.
    #[error("the system gives no threads or signals: {0}")]
    Runtime(io::Error),
}

impl Trouble {
    /// What kept the record in this directory from being opened.
    pub(super) fn opening(directory: &Path) -> impl FnOnce(OpenTrouble) -> Self {
        move |trouble| {
            if let OpenTrouble::State(reason) = trouble {
                return Self::State { path: directory.join("state"), reason };
            }
            trouble.into()
        }
    }

    pub(super) fn listen(section: &'static str, address: SocketAddr) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Listen { section, address, cause }
    }
}

fn lines(mistakes: &[guide::Mistake]) -> String {
    mistakes.iter().map(|mistake| format!("\n  {}:{}: {}", mistake.line, mistake.column, mistake.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_without_room_is_told_with_its_place_and_what_to_do() {
        let record = Path::new("/var/lib/lodged");
        let said = Trouble::opening(record)(OpenTrouble::State("No space left on device".to_owned())).to_string();
        assert!(
            said.starts_with("the state in /var/lib/lodged/state cannot be made: No space left on device; "),
            "{said}"
        );
        assert!(said.contains("; make room where its disk is full"), "{said}");
        let other = OpenTrouble::InUse(record.to_owned());
        let said = other.to_string();
        assert_eq!(Trouble::opening(record)(other).to_string(), said);
    }
}
