//! `lodged reload`: what SIGHUP does, with an answer.

use std::io::Write;

use clap::Args;

use super::asking::Asking;
use super::{Outcome, Trouble};
use crate::admin::socket::Request;

/// Has the gateway load grammars, guides, code lists, partners, certificates and limits anew, all or nothing.
///
/// It is what SIGHUP does, and says what came of it: what is in force now and was not before, or everything that is wrong.
///
/// Exit code 0 when it is in force, 1 when something is wrong and nothing was replaced, 2 when no gateway answers.
#[derive(Debug, Args)]
pub(super) struct Reload {
    #[command(flatten)]
    asking: Asking,
}

impl Reload {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        self.asking.change(&Request::Reload {}, out)
    }
}
