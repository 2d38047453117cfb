//! Arguments of a command that speaks to a gateway as a partner: where it is, and with which keys.

use std::path::PathBuf;

use clap::Args;

use super::wire::{Keys, Target};

/// Where the gateway is, and who speaks to it.
#[derive(Debug, Args)]
pub(super) struct Dialing {
    /// Where the gateway is: tls://host:port
    #[arg(long, value_name = "URL")]
    pub(super) to: Target,
    /// The partner's certificate, in PEM
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// The private key of that certificate, in PEM
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The gateway's certificate, in PEM: this one is trusted and no other
    #[arg(long, value_name = "FILE", visible_alias = "ca")]
    server_cert: PathBuf,
}

impl Dialing {
    /// What the two sides know each other by.
    pub(super) fn keys(&self) -> Keys<'_> {
        Keys { certificate: &self.cert, key: &self.key, server: &self.server_cert }
    }
}
