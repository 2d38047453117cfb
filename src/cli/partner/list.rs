//! `lodged partner list`: everybody.

use std::io::{self, Write};

use clap::Args;

use crate::admin::socket::{PartnerLine, PartnerListView, Request};
use crate::cli::asking::Asking;
use crate::cli::paint::Paint;
use crate::cli::table::{Table, or_dash};
use crate::cli::{Outcome, Trouble};

/// Lists the partners that are in force, one to a line.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    asking: Asking,
}

impl List {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let tell = |out: &mut dyn Write, paint, list: &PartnerListView| Ok(write(out, paint, list)?);
        self.asking.ask(&Request::PartnerList {}, out, |_| Outcome::Clean, tell)
    }
}

fn write(out: &mut dyn Write, paint: Paint, list: &PartnerListView) -> io::Result<()> {
    if list.partners.is_empty() {
        return writeln!(out, "there is no partner, so nobody can connect");
    }
    let heads = ["partner", "kind", "is let in", "certificates", "days left", "connections", "waiting", "name"];
    let mut table = Table::new(heads);
    for partner in &list.partners {
        table.row([
            partner.partner.clone(),
            partner.kind.clone(),
            if partner.is_disabled { "disabled".to_owned() } else { "yes".to_owned() },
            partner.certificates.to_string(),
            or_dash(partner.days_left),
            partner.connections.to_string(),
            waiting(partner),
            partner.name.clone(),
        ]);
    }
    table.write(out, paint)
}

pub(super) fn waiting(PartnerLine { waiting, .. }: &PartnerLine) -> String {
    format!("{}{}", waiting.answers, if waiting.are_more { "+" } else { "" })
}
