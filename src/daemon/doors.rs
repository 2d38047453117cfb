//! The doors: claimed before the record is touched, opened once there is somebody behind them.
//!
//! A start that cannot have its doors has changed nothing, and nobody waits at one behind which nothing is served yet.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use super::handed::{self, Handed};
use super::trouble::Trouble;
use crate::admin::Watch;
use crate::admin::socket::{Socket, SocketClaim};
use crate::channel::tls::Listener;
use crate::config::Config;
use crate::store::Unopened;

/// Connections that may wait to be let in, as far as the kernel allows it (`net.core.somaxconn`).
const BACKLOG: u32 = 1024;

/// Doors that are ours, at which nobody is let in yet.
pub(super) struct Claimed {
    edi: Claim,
    watch: Claim,
    socket: SocketClaim,
}

/// Doors that are open.
pub(super) struct Doors {
    pub(super) listener: Listener,
    pub(super) watch: Watch,
    pub(super) socket: Socket,
}

impl Claimed {
    /// Claims the doors of this configuration; sockets that were handed over take the place of addresses.
    ///
    /// # Errors
    /// [`Trouble`] when one of them is somebody else's, or cannot be had here.
    pub(super) fn of(config: &Config, handed: &mut Handed, unopened: &Unopened) -> Result<Self, Trouble> {
        Ok(Self {
            watch: Claim::of("watch", config.watch.listen, handed.tcp(handed::WATCH)?)?,
            edi: Claim::of("tls", config.tls.listen, handed.tcp(handed::EDI)?)?,
            socket: claim_socket(config, unopened)?,
        })
    }

    /// Opens them. Call it within the runtime.
    ///
    /// # Errors
    /// [`Trouble`] when somebody was quicker with a door that two could claim.
    pub(super) fn open(self) -> Result<Doors, Trouble> {
        let socket = self.socket.open()?;
        let watch = self.watch.open(Watch::of)?;
        let listener = self.edi.open(Listener::of)?;
        Ok(Doors { listener, watch, socket })
    }
}

/// The socket for administration may lie in the directory of the record, which is made for it when it is not there yet.
fn claim_socket(config: &Config, unopened: &Unopened) -> Result<SocketClaim, Trouble> {
    let path = config.admin_socket();
    Socket::look(&path)?;
    if path.parent() == Some(&config.store.directory) {
        unopened.make_directory()?;
    }
    Ok(Socket::claim(&path, &config.admin.user_ids.0)?)
}

/// The address of a door.
struct Claim {
    /// The section of the configuration.
    section: &'static str,
    address: SocketAddr,
    held: Held,
}

enum Held {
    /// The service manager listens already: whoever comes waits.
    Handed(std::net::TcpListener),
    /// Whoever comes is refused.
    Bound(TcpSocket),
}

impl Claim {
    fn of(section: &'static str, address: SocketAddr, handed: Option<std::net::TcpListener>) -> Result<Self, Trouble> {
        let held = match handed {
            Some(listener) => Held::Handed(listener),
            None => Held::Bound(bind(address).map_err(Trouble::listen(section, address))?),
        };
        Ok(Self { section, address, held })
    }

    fn open<T>(self, door: impl FnOnce(TcpListener) -> io::Result<T>) -> Result<T, Trouble> {
        let Self { section, address, held } = self;
        let opened = match held {
            Held::Handed(listener) => listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener)),
            Held::Bound(socket) => listen(socket),
        };
        opened.and_then(door).map_err(Trouble::listen(section, address))
    }
}

/// Takes an address. With `SO_REUSEADDR` two processes may be bound to one as long as neither listens, so it is asked for only
/// when the address is not to be had without it: connections of a process that is gone may still be closing there.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = socket(address)?;
    match socket.bind(address) {
        Err(cause) if cause.kind() == io::ErrorKind::AddrInUse => {
            let socket = self::socket(address)?;
            socket.set_reuseaddr(true)?;
            socket.bind(address).map(|()| socket)
        }
        bound => bound.map(|()| socket),
    }
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
}

/// Connections take `SO_REUSEADDR` from here: when they outlive this process, the next one can have the address.
fn listen(socket: TcpSocket) -> io::Result<TcpListener> {
    socket.set_reuseaddr(true)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn here(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn claims(address: SocketAddr) -> Result<Claim, Trouble> {
        Claim::of("tls", address, None)
    }

    /// An address that is claimed, and its claim.
    fn claimed() -> (SocketAddr, Claim) {
        let claim = claims(here(0)).unwrap();
        let Held::Bound(socket) = &claim.held else { panic!("nobody handed it over") };
        (socket.local_addr().unwrap(), claim)
    }

    fn is_taken(claimed: Result<Claim, Trouble>) -> bool {
        claimed.err().is_some_and(|trouble| trouble.to_string().contains("stop what listens there"))
    }

    #[test]
    fn nobody_is_let_in_at_an_address_that_is_claimed_and_nobody_else_can_have_it() {
        let (address, _claim) = claimed();
        assert_eq!(TcpStream::connect(address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert!(is_taken(claims(address)));
    }

    #[tokio::test]
    async fn what_was_claimed_is_opened() {
        let (address, claim) = claimed();
        let listener = claim.open(Listener::of).unwrap();
        assert_eq!(listener.address(), address);
        assert!(TcpStream::connect(address).is_ok());
        assert!(is_taken(claims(address)));
    }

    #[tokio::test]
    async fn an_address_at_which_connections_are_closing_can_be_had_again() {
        let (address, claim) = claimed();
        let listener = claim.open(Ok).unwrap();
        let _partner = TcpStream::connect(address).unwrap();
        // This end closes first, so it is this address at which the connection waits for its end.
        drop(listener.accept().await.unwrap());
        drop(listener);
        assert!(claims(address).unwrap().open(Ok).is_ok());
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        let trouble = claims("192.0.2.1:0".parse().unwrap()).err().map(|trouble| trouble.to_string()).unwrap();
        assert!(trouble.contains("192.0.2.1:0") && trouble.contains("change tls.listen"), "{trouble}");
    }
}
