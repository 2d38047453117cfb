//! `lodged partner show`: one of them.

use std::io::{self, Write};

use clap::Args;

use super::list::waiting;
use crate::admin::socket::{PartnerView, Request};
use crate::cli::asking::Asking;
use crate::cli::paint::Paint;
use crate::cli::safe::visible;
use crate::cli::table::Table;
use crate::cli::{Outcome, Trouble};

/// Digits of a fingerprint that are shown: enough to name it by.
const DIGITS: usize = 16;

/// Shows a partner as it is in force: identities, certificates, for whom it may file, limits.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The short name of the partner
    partner: String,
    #[command(flatten)]
    asking: Asking,
}

impl Show {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let request = Request::PartnerShow { partner: self.partner.clone() };
        let tell = |out: &mut dyn Write, paint, partner: &PartnerView| Ok(write(out, paint, partner)?);
        self.asking.ask(&request, out, |_| Outcome::Clean, tell)
    }
}

fn write(out: &mut dyn Write, paint: Paint, view: &PartnerView) -> io::Result<()> {
    let PartnerView { line, .. } = view;
    writeln!(out, "partner      {} ({})", paint.bold(&visible(&line.partner)), visible(&line.name))?;
    writeln!(out, "kind         {}", visible(&line.kind))?;
    let state = if line.is_disabled { paint.red("disabled") } else { "yes".to_owned() };
    writeln!(out, "is let in    {state}")?;
    writeln!(out, "language     {}", visible(&view.language))?;
    writeln!(out, "file         {}", visible(&view.path))?;
    writeln!(out, "connections  {}", line.connections)?;
    writeln!(out, "waiting      {} answers", waiting(line))?;
    if let Some(agreement) = &view.agreement {
        writeln!(out, "agreement    {}", visible(agreement))?;
    }
    let limits = [
        ("interchanges per minute", view.interchanges_per_minute_max),
        ("bytes of an interchange", view.interchange_bytes_max),
        ("connections at one time", view.connections_max),
    ];
    for (name, limit) in limits {
        limit.into_iter().try_for_each(|limit| writeln!(out, "limit        {limit} {name}"))?;
    }
    write_tables(out, paint, view)
}

fn write_tables(out: &mut dyn Write, paint: Paint, view: &PartnerView) -> io::Result<()> {
    let mut identities = Table::new(["identity", "qualifier"]);
    for identity in &view.identities {
        identities.row([identity.identification.clone(), identity.qualifier.clone().unwrap_or_default()]);
    }
    let mut certificates = Table::new(["certificate", "taken from", "until", "days left", "is taken", "file"]);
    for held in &view.certificates_held {
        certificates.row([
            held.fingerprint.get(..DIGITS).unwrap_or(&held.fingerprint).to_owned(),
            held.from.to_string(),
            held.until.to_string(),
            held.days_left.to_string(),
            if held.is_disabled { "disabled".to_owned() } else { "yes".to_owned() },
            held.file.clone(),
        ]);
    }
    let mut authority = Table::new(["may file for", "business number"]);
    for pair in &view.authority {
        authority.row([pair.authorization_id.clone(), pair.business_number.clone()]);
    }
    let blank = |out: &mut dyn Write, has_rows: bool| if has_rows { writeln!(out) } else { Ok(()) };
    blank(out, !view.identities.is_empty())?;
    identities.write(out, paint)?;
    blank(out, !view.certificates_held.is_empty())?;
    certificates.write(out, paint)?;
    blank(out, !view.authority.is_empty())?;
    authority.write(out, paint)
}
