//! `lodged status`: how the gateway that runs is.

use std::collections::BTreeMap;
use std::io::{self, Write};

use clap::Args;

use super::asking::Asking;
use super::paint::Paint;
use super::safe::visible;
use super::table::Table;
use super::{Outcome, Trouble};
use crate::admin::socket::{BackedUpView, FollowerView, Request, StatusView};

/// Says how the gateway that runs is: whether it takes interchanges, where it listens, what it goes by.
///
/// It is asked over its socket, which is for root, the gateway's own user, and users that `admin.user_ids` names.
///
/// Exit code 0 when it is ready, 1 when it is not, 2 when no gateway answers.
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    asking: Asking,
}

impl Status {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let means = |status: &StatusView| Outcome::clean_if(status.is_ready);
        self.asking.ask(&Request::Status {}, out, means, |out, paint, status| Ok(write(out, paint, status)?))
    }
}

fn write(out: &mut dyn Write, paint: Paint, status: &StatusView) -> io::Result<()> {
    let state = if status.is_ready { paint.green("ready") } else { paint.red("not ready") };
    writeln!(out, "lodged {} is {state}", visible(&status.version))?;
    for check in status.checks.iter().filter(|check| !check.is_ready) {
        writeln!(out, "  {}: {}", visible(&check.name), visible(check.reason.as_deref().unwrap_or_default()))?;
    }
    writeln!(out, "\nprocess      {}", status.process_id)?;
    writeln!(out, "started      {:.0}, {} ago", status.started_at, duration(status.uptime_seconds))?;
    for listener in &status.listeners {
        writeln!(out, "{:11}  {}", visible(&listener.door), visible(&listener.address))?;
    }
    let store = &status.store;
    writeln!(out, "\nrecord       {}", visible(&store.directory))?;
    writeln!(out, "last entry   {}, the state is {} behind", store.last_entry, store.lag)?;
    let (journal, state, aside) = (store.journal_bytes, store.state_bytes, store.aside_bytes);
    writeln!(out, "on the disk  journal {journal} bytes, state {state} bytes, put aside {aside} bytes")?;
    if store.archive_bytes > 0 {
        writeln!(out, "archive      {} bytes", store.archive_bytes)?;
    }
    match &store.backed_up {
        Some(BackedUpView { made_at, entries }) => writeln!(out, "backed up    {made_at:.0}, {entries} entries")?,
        None => writeln!(out, "backed up    never, as far as is known")?,
    }
    for FollowerView { follower, last_entry, behind, heard_at, .. } in &status.followers {
        writeln!(
            out,
            "standby      {} has entry {last_entry}, {behind} behind, heard {heard_at:.0}",
            visible(follower)
        )?;
    }
    writeln!(out, "\ngrammars     {}", list(&by_directory(&status.grammars)))?;
    writeln!(out, "guides       {}", list(&status.guides))?;
    let lists = status.code_lists.iter();
    let lists =
        lists.map(|list| format!("{} {}{}", list.name, list.codes, if list.is_sample { " (sample)" } else { "" }));
    writeln!(out, "code lists   {}", list(&lists.collect::<Vec<_>>()))?;
    write_partners(out, paint, status)
}

fn write_partners(out: &mut dyn Write, paint: Paint, status: &StatusView) -> io::Result<()> {
    let mut connections = Table::new(["partner", "connections"]);
    for open in &status.connections {
        connections.row([open.partner.clone(), open.connections.to_string()]);
    }
    let mut waiting = Table::new(["partner", "answers waiting"]);
    for of in &status.waiting {
        waiting.row([of.partner.clone(), format!("{}{}", of.answers, if of.are_more { "+" } else { "" })]);
    }
    let mut ending = Table::new(["certificate of", "ends", "days left"]);
    for certificate in &status.certificates_ending {
        let holder = certificate.partner.clone().unwrap_or_else(|| "the gateway".to_owned());
        ending.row([holder, certificate.until.to_string(), certificate.days_left.to_string()]);
    }
    let said = [
        (status.connections.is_empty(), "nobody is connected"),
        (status.waiting.is_empty(), "no answer waits"),
        (status.certificates_ending.is_empty(), "no certificate ends within 30 days"),
    ];
    writeln!(out)?;
    said.iter().filter(|(is_empty, _)| *is_empty).try_for_each(|(_, sentence)| writeln!(out, "{sentence}"))?;
    if !status.certificates_missing.is_empty() {
        writeln!(out, "without a certificate, so cannot connect: {}", list(&status.certificates_missing))?;
    }
    connections.write(out, paint)?;
    waiting.write(out, paint)?;
    ending.write(out, paint)
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { visible(&items.join(", ")) }
}

/// How many messages there are of each version and release: the kinds themselves are hundreds, and `--json` has them.
fn by_directory(kinds: &[String]) -> Vec<String> {
    let mut counts = BTreeMap::<String, usize>::new();
    for kind in kinds {
        let directory = kind.split(':').skip(1).take(2).collect::<Vec<_>>().join(":");
        *counts.entry(directory).or_default() += 1;
    }
    counts.into_iter().map(|(directory, count)| format!("{directory} {count}")).collect()
}

/// Seconds in the two largest units that they fill.
fn duration(seconds: i64) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let mut rest = seconds.max(0);
    let counted = units.map(|(name, length)| {
        let count = rest / length;
        rest %= length;
        (count, name)
    });
    let first = counted.iter().position(|(count, _)| *count > 0).unwrap_or(units.len() - 1);
    let shown = counted.iter().skip(first).take(2);
    shown.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammars_are_counted_by_directory() {
        let kinds = ["APERAK:D:96B:UN", "CONTRL:4:1:UN", "CUSDEC:D:96B:UN"].map(ToOwned::to_owned);
        assert_eq!(by_directory(&kinds), ["4:1 1", "D:96B 2"]);
    }

    #[test]
    fn a_duration_is_told_in_its_two_largest_units() {
        let cases =
            [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7_200, "2 h 0 min"), (90_061, "1 d 1 h"), (-5, "0 s")];
        for (seconds, expected) in cases {
            assert_eq!(duration(seconds), expected);
        }
    }
}
