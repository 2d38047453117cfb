//! Sockets that the service manager opened before the start (`sd_listen_fds(3)`): nobody is refused while the gateway is
//! started anew, and it needs no right to open a low port.

use std::env;
use std::net::TcpListener;

use listenfd::ListenFd;

use super::trouble::Trouble;

/// The names that a socket unit may give (`FileDescriptorName=`), one for each door.
pub(super) const EDI: &str = "edi";
/// See [`EDI`].
pub(super) const WATCH: &str = "watch";

/// What was handed over.
pub(super) struct Handed {
    names: Vec<String>,
    sockets: ListenFd,
}

impl Handed {
    /// Takes what was handed to this process. Call it once, before there is any thread.
    ///
    /// # Errors
    /// [`Trouble::Handed`] when a socket has a name that no door has, or two have the same.
    pub(super) fn take() -> Result<Self, Trouble> {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let sockets = ListenFd::from_env();
        let names = names_of(&names, sockets.len())?;
        Ok(Self { names, sockets })
    }

    /// The socket of this name; none when none was handed over.
    ///
    /// # Errors
    /// [`Trouble::Handed`] when it is no listening TCP socket.
    pub(super) fn tcp(&mut self, name: &str) -> Result<Option<TcpListener>, Trouble> {
        let Some(index) = self.names.iter().position(|handed| handed == name) else { return Ok(None) };
        self.sockets.take_tcp_listener(index).map_err(|cause| trouble(name, &cause.to_string()))
    }
}

/// The names of so many sockets.
fn names_of(names: &str, count: usize) -> Result<Vec<String>, Trouble> {
    let given = names.split(':').map(str::to_owned);
    let names: Vec<_> = given.chain(std::iter::repeat_n(String::new(), count)).take(count).collect();
    for (index, name) in names.iter().enumerate() {
        if ![EDI, WATCH].contains(&name.as_str()) {
            return Err(trouble(name, "no door has this name"));
        }
        if names.iter().take(index).any(|other| other == name) {
            return Err(trouble(name, "another one has the same name"));
        }
    }
    Ok(names)
}

fn trouble(name: &str, cause: &str) -> Trouble {
    Trouble::Handed { name: name.to_owned(), cause: cause.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &str, count: usize, expected: Result<&[&str], &str>) {
        let found = names_of(names, count).map_err(|trouble| trouble.to_string());
        match expected {
            Ok(expected) => assert_eq!(found.unwrap(), expected),
            Err(part) => assert!(found.as_ref().is_err_and(|said| said.contains(part)), "{found:?}"),
        }
    }

    #[test]
    fn every_socket_has_the_name_of_a_door() {
        check("edi", 1, Ok(&["edi"]));
        check("watch:edi", 2, Ok(&["watch", "edi"]));
        check("", 0, Ok(&[]));
    }

    #[test]
    fn other_names_are_refused() {
        check("lodged.socket", 1, Err("FileDescriptorName=edi"));
        check("edi", 2, Err("no door has this name"));
        check("", 1, Err("no door has this name"));
    }

    #[test]
    fn one_door_has_one_socket() {
        check("edi:edi", 2, Err("another one has the same name"));
    }
}
