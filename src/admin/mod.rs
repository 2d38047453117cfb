//! The doors for those who run the gateway.
//!
//! Start with [`Watch`], the door for watching: figures, life and readiness over HTTP. It changes nothing and shows no
//! declaration; who may reach it is decided by the address it listens on.

mod watch;

pub use watch::{Check, Readiness, Watch, install_metrics};
