//! The doors for those who run the gateway.
//!
//! Start with [`Watch`], the door for watching: figures, life and readiness over HTTP. It changes nothing and shows no
//! declaration; who may reach it is decided by the address it listens on. Behind [`socket`] administrators ask and change
//! things; who may is told by the kernel.

pub mod socket;
mod watch;

pub use watch::{Check, Readiness, Watch, install_metrics};
