//! `lodged audit`: what was changed by hand, when and by whom.

use std::io::{self, Write};

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::asking::{Asking, write_texts};
use super::paint::Paint;
use super::safe::visible;
use super::{Outcome, Trouble};
use crate::admin::socket::{AuditView, Request, Since};

/// Lists what administrators and signals changed, the newest last: who, when, what, how it was before and how it is since.
///
/// What was changed while no gateway ran is among it. It is read from the record, where each act was before it was confirmed;
/// what `lodged store` did comes there at the next start, or within ten seconds.
///
/// Exit code 0, 2 when no gateway answers.
#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Nothing before this moment, or this day in UTC: 2026-01-31 or 2026-01-31T08:00:00-05:00
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// At most so many, the newest
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    asking: Asking,
}

impl Audit {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let request = Request::Audit(Since { since: self.since, limit: self.limit });
        self.asking.ask(&request, out, |_| Outcome::Clean, |out, paint, audit| Ok(write(out, paint, audit)?))
    }
}

fn write(out: &mut dyn Write, paint: Paint, audit: &AuditView) -> io::Result<()> {
    if audit.left_out > 0 {
        writeln!(out, "{} earlier are not shown (--limit)\n", audit.left_out)?;
    }
    if audit.acts.is_empty() {
        return writeln!(out, "nothing was changed by hand");
    }
    for act in &audit.acts {
        let (head, who) = (format!("{} {}", act.deed.as_str(), visible(&act.subject)), visible(&act.who.to_string()));
        writeln!(out, "{:.3}  {}  by {who}, entry {}", act.at, paint.bold(&head), act.entry)?;
        write_texts(out, paint, &act.before, &act.after)?;
    }
    Ok(())
}

/// A moment, or the first one of a day in UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let moment = text.parse().ok().or_else(day);
    moment.ok_or_else(|| "write a day such as 2026-01-31, or a moment such as 2026-01-31T08:00:00-05:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_utc() {
        assert_eq!(moment("2026-01-31").map(|moment| moment.to_string()), Ok("2026-01-31T00:00:00Z".to_owned()));
        assert!(moment("yesterday").is_err());
    }
}
