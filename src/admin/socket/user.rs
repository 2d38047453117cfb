//! Who may administer. The kernel tells who is at the other end of a socket; what a request says of it does not count.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::record::Actor;

/// Most bytes of the list of users that are looked at.
const PASSWD_BYTES_MAX: u64 = 4 << 20;
/// Where the machine lists its users.
const PASSWD: &str = "/etc/passwd";

/// Root, the user of the gateway, and those whom the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Users {
    /// The user of the gateway.
    pub own: u32,
    /// Users whom the configuration names.
    pub named: Vec<u32>,
}

impl Users {
    /// Whether this user may administer.
    #[must_use]
    pub fn admit(&self, uid: u32) -> bool {
        uid == 0 || uid == self.own || self.named.contains(&uid)
    }

    /// Permissions of the socket. For its owner alone, unless others are named: those would not reach the door that asks who
    /// they are.
    pub(super) fn mode(&self) -> u32 {
        if self.named.iter().all(|uid| *uid == 0 || *uid == self.own) { 0o600 } else { 0o666 }
    }
}

/// The user that this process acts as: who started it, or whom the service manager started it as.
#[must_use]
pub fn own_user() -> Actor {
    let uid = rustix::process::geteuid().as_raw();
    Actor::User { uid, name: name_of(uid) }
}

/// The name of a user, when the machine lists one.
#[must_use]
pub fn name_of(uid: u32) -> Option<String> {
    name_in(Path::new(PASSWD), uid)
}

fn name_in(list: &Path, uid: u32) -> Option<String> {
    let mut text = Vec::new();
    fs::File::open(list).ok()?.take(PASSWD_BYTES_MAX).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text);
    let found = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    found.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own: u32, named: &[u32], uid: u32, is_admitted: bool) {
        let users = Users { own, named: named.to_vec() };
        assert_eq!(users.admit(uid), is_admitted);
    }

    #[test]
    fn root_and_the_gateways_own_user_may() {
        check(990, &[], 0, true);
        check(990, &[], 990, true);
    }

    #[test]
    fn users_that_are_named_may_and_others_may_not() {
        check(990, &[1000, 1001], 1001, true);
        check(990, &[1000, 1001], 1002, false);
        check(990, &[], 1000, false);
    }

    #[test]
    fn nobody_else_reaches_the_socket_unless_others_are_named() {
        assert_eq!(Users { own: 990, named: vec![] }.mode(), 0o600);
        assert_eq!(Users { own: 990, named: vec![0, 990] }.mode(), 0o600);
        assert_eq!(Users { own: 990, named: vec![1000] }.mode(), 0o666);
    }

    #[test]
    fn names_are_those_of_the_machine() {
        let home = tempfile::tempdir().unwrap();
        let list = home.path().join("passwd");
        fs::write(&list, "root:x:0:0:root:/root:/bin/sh\n\nclerk:x:1000:1000::/:/bin/sh\n:x:7:7:::\n").unwrap();
        let names = [0, 1000, 7, 8].map(|uid| name_in(&list, uid));
        assert_eq!(names, [Some("root".to_owned()), Some("clerk".to_owned()), None, None]);
        assert_eq!(name_in(&home.path().join("none"), 0), None);
    }
}
