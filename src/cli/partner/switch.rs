//! `lodged partner disable` and `enable`: whether one is let in.

use std::io::Write;

use clap::Args;

use crate::admin::socket::Request;
use crate::cli::asking::Asking;
use crate::cli::{Outcome, Trouble};

/// Keeps a partner out, and leaves everything else as it is.
///
/// New connections of it are refused at once, open ones end before their next interchange. What it lodged stays, and answers
/// keep waiting for it.
#[derive(Debug, Args)]
pub(super) struct Disable {
    /// The short name of the partner
    partner: String,
    #[command(flatten)]
    asking: Asking,
}

/// Lets a partner in again that was disabled.
#[derive(Debug, Args)]
pub(super) struct Enable {
    /// The short name of the partner
    partner: String,
    #[command(flatten)]
    asking: Asking,
}

impl Disable {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        self.asking.change(&Request::PartnerDisable { partner: self.partner.clone() }, out)
    }
}

impl Enable {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        self.asking.change(&Request::PartnerEnable { partner: self.partner.clone() }, out)
    }
}
