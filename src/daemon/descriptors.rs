//! How many files and connections a process may have open at one time: asked for at the start, and told when it is too
//! few.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Limits;

/// Raises the limit of the daemon, and tells once when its connections do not fit.
pub(super) fn prepare(limits: &Limits) {
    let connections =
        [limits.connections_max, limits.handshakes_max].map(|most| u64::try_from(most).unwrap_or(u64::MAX));
    let [partners, handshakes] = connections;
    if let Some((needed, allowed)) = Descriptors::raised_for(partners.saturating_add(handshakes)).lacking() {
        tracing::warn!(
            needed,
            allowed,
            "limits.connections_max does not fit below the hard limit of open files: connections beyond it wait until others \
             end; raise LimitNOFILE of the unit, or `ulimit -Hn`, or lower limits.connections_max"
        );
    }
}

/// What a process needs besides its connections: the journal, the state, the log, listeners, watchers.
const BESIDES: u64 = 256;

/// How many descriptors this process may have now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Descriptors {
    /// Those that it needs.
    needed: u64,
    /// Those that it may have; none for no limit.
    allowed: Option<u64>,
}

impl Descriptors {
    /// Raises the soft limit of this process to the hard one, which anybody may, for so many connections. Where there is
    /// no hard limit, it is raised to what is needed.
    pub(crate) fn raised_for(connections: u64) -> Self {
        let needed = connections.saturating_add(BESIDES);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = maximum.or_else(|| current.map(|current| current.max(needed)));
        if current != wanted
            && let Err(trouble) = setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum })
        {
            tracing::debug!(%trouble, "the limit of open files stays as it is");
        }
        Self { needed, allowed: getrlimit(Resource::Nofile).current }
    }

    /// What is needed and what is allowed, when the one does not fit into the other.
    pub(crate) fn lacking(self) -> Option<(u64, u64)> {
        let Self { needed, allowed } = self;
        allowed.filter(|allowed| *allowed < needed).map(|allowed| (needed, allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(needed: u64, allowed: Option<u64>, expected: Option<(u64, u64)>) {
        assert_eq!(Descriptors { needed, allowed }.lacking(), expected);
    }

    #[test]
    fn what_fits_lacks_nothing() {
        check(20_000, Some(20_000), None);
        check(u64::MAX, None, None);
    }

    #[test]
    fn what_does_not_fit_is_told_with_both_figures() {
        check(20_001, Some(20_000), Some((20_001, 20_000)));
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        let raised = Descriptors::raised_for(1);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(raised.allowed, current);
        assert!(maximum.is_none() || current == maximum);
    }
}
