//! EDI over mutual TLS: a partner connects, is known by its certificate, sends interchanges one after another, and takes
//! its answers.
//!
//! Start with [`Listener::serve`] and [`Door`], which holds the [`Terms`]: our certificate, the partners', the [`Limits`].
//! `docs/channel-tls.md` is the partner's side of it. Nothing here reads a segment, and nothing leaves before the record is
//! durable.

// Who gets in.
mod certificate;
mod door;
mod listener;
mod places;

// Under which terms.
mod limits;
mod terms;

// One connection: the stream and the interchanges in it, what becomes of them, and the answers.
mod session;

mod inlet;
mod pipeline;
mod receive;
mod wire;

// What is remembered of a partner across its connections.
mod desk;

pub use door::Door;
pub use limits::Limits;
pub use listener::Listener;
pub use terms::{Identity, IdentityTrouble, Terms, TermsTrouble};
