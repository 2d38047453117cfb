//! `lodged demo`: a gateway to throw away, and one declaration lodged with it, from the bytes that go to the bytes that
//! come back.
//!
//! Start with [`Demo`]. Nothing here is a stand-in: the gateway is `lodged serve` in a process of its own, the wire is
//! mutual TLS, and the record is on the disk until it is thrown away with the rest.

mod gateway;
mod house;

use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::exchange::{Said, hear, write_answer, write_declaration};
use super::paint::Paint;
use super::wire::{Line, Target, WireTrouble};
use super::{Outcome, Trouble, time_zone};
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::load_rulebook;
use crate::gateway::Rulebook;
use gateway::Gateway;
use house::{House, PARTIES};

/// How long the gateway may take for its answers.
const PATIENCE: Duration = Duration::from_secs(30);
/// The metrics that are shown, by how their lines begin.
const SHOWN_METRICS: [&str; 5] = [
    "lodged_interchanges_total",
    "lodged_declarations_total",
    "lodged_examination_seconds_sum",
    "lodged_answer_seconds_sum",
    "lodged_own_certificate_days_left",
];

/// Shows everything once: a gateway to throw away, and a declaration lodged with it.
///
/// It makes a directory of its own with minted keys, an exporter, a service provider and a carrier, starts a gateway
/// there, lodges a declaration over mutual TLS and shows the exchange segment by segment. Nothing is left behind.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Keep the gateway running until Ctrl-C, with commands to try
    #[arg(long)]
    stay: bool,
}

/// The parts of the demonstration.
struct Show<'a> {
    out: &'a mut dyn Write,
    paint: Paint,
    house: House,
    gateway: Gateway,
    rulebook: Rulebook,
}

impl Demo {
    pub(super) fn run(&self, clock: &impl Clock, out: &mut dyn Write) -> Result<Outcome, Trouble> {
        let config = Config::default();
        let zone = time_zone(&config)?;
        let house = House::build(&clock.now().to_zoned(zone.clone()))?;
        let gateway = Gateway::start(&house.path("conf/lodged.toml"), &house.path("gateway.log"))?;
        let rulebook = load_rulebook(&config, zone)?;
        let mut show = Show { out, paint: Paint::of_output(), house, gateway, rulebook };
        show.introduce()?;
        let outcome = show.lodge()?;
        show.count()?;
        show.propose(self.stay)?;
        if self.stay {
            show.stay()?;
        }
        Ok(outcome)
    }
}

impl Show<'_> {
    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}\n", self.paint.bold(text))
    }

    fn introduce(&mut self) -> io::Result<()> {
        self.heading("A gateway to throw away")?;
        let mut row = |role: &str, name: &str, remark: &str| writeln!(self.out, "  {role:<16}  {name:<21}  {remark}");
        row("gateway", "LODGED", &format!("EDI over mutual TLS on {}", self.gateway.door))?;
        PARTIES.iter().try_for_each(|party| row(party.role, party.name, party.remark))
    }

    /// Lodges the declaration and shows what goes and what comes.
    fn lodge(&mut self) -> Result<Outcome, Trouble> {
        let export = self.house.export()?;
        self.heading("The service provider lodges a declaration")?;
        write_declaration(self.out, self.paint, &export, &self.rulebook)?;
        let runtime = Runtime::new().map_err(WireTrouble::Runtime)?;
        let line = Line::new(target(&self.gateway)?, self.house.keys())?;
        let (mut answers, began) = (Vec::new(), Instant::now());
        runtime.block_on(line.send(&export, PATIENCE, &mut |answer| answers.push(answer.to_vec())))?;
        let took = began.elapsed();
        let mut proof = None;
        for answer in &answers {
            let heard = hear(answer);
            self.heading(answer_heading(heard.first().map(|heard| &heard.said)))?;
            write_answer(self.out, self.paint, answer)?;
            proof = proof.or(heard.into_iter().find_map(|heard| match heard.said {
                Said::Accepted { proof, .. } => Some(proof),
                Said::Refused { .. } | Said::SyntaxRefused { .. } | Said::Acknowledged { .. } => None,
            }));
        }
        let milliseconds = took.as_secs_f64() * 1_000.0;
        let said = proof.as_ref().map_or_else(
            || self.paint.red("There is no proof of report: the declaration was refused."),
            |proof| self.paint.green(&format!("Proof of report: {proof}")),
        );
        writeln!(self.out, "\n  {said}  (handshake, examination, disk and answers in {milliseconds:.0} ms)")?;
        Ok(Outcome::clean_if(proof.is_some()))
    }

    fn count(&mut self) -> io::Result<()> {
        self.heading("What the gateway counted")?;
        let page = self.gateway.page("/metrics")?;
        let is_shown = |line: &&str| SHOWN_METRICS.iter().any(|metric| line.starts_with(metric));
        page.lines().filter(is_shown).try_for_each(|line| writeln!(self.out, "  {line}"))
    }

    fn propose(&mut self, stays: bool) -> io::Result<()> {
        self.heading("What to try next")?;
        let program = program();
        if !stays {
            let mistakes = Path::new("testdata/five-mistakes.edi");
            self.command("keep the gateway running, with commands to try", &format!("{program} demo --stay"))?;
            if mistakes.exists() {
                let check = format!("{program} check {}", mistakes.display());
                self.command("see what a file with five mistakes is told", &check)?;
            }
            return self.command("see every command", &format!("{program} --help"));
        }
        let [home, keys, server] =
            ["", "certs/acme.key", "certs/gateway.pem"].map(|relative| self.house.path(relative).display().to_string());
        let certificate = self.house.path("conf/partners/acme.pem").display().to_string();
        let home = home.trim_end_matches('/');
        let (door, watch) = (self.gateway.door, self.gateway.watch);
        let send = format!("--to tls://{door} --cert {certificate} --key {keys} --server-cert {server}");
        self.command(
            "lodge the same again: the same answers, the same number",
            &format!("{program} send {home}/export.edi {send}"),
        )?;
        self.command("see what a file with five mistakes is told", &format!("{program} check {home}/mistakes.edi"))?;
        self.command("lodge it all the same", &format!("{program} send {home}/mistakes.edi {send}"))?;
        self.command(
            "do it without this program",
            &format!(
                "(cat {home}/export.edi; sleep 1) | openssl s_client -quiet -no_ign_eof -connect {door} -cert {certificate} \
                 -key {keys} -CAfile {server}"
            ),
        )?;
        self.command("watch", &format!("curl http://{watch}/metrics"))?;
        self.command("see what is set", &format!("{program} config show --config {home}/conf/lodged.toml"))?;
        self.command("read the log", &format!("cat {home}/gateway.log"))
    }

    fn command(&mut self, what: &str, command: &str) -> io::Result<()> {
        writeln!(self.out, "  {}\n    {command}", self.paint.dim(&format!("# {what}")))
    }

    /// Waits until somebody ends it, or the gateway ends.
    fn stay(&mut self) -> Result<(), Trouble> {
        writeln!(self.out, "\nThe gateway runs until you press Ctrl-C; then everything is thrown away.")?;
        self.out.flush()?;
        let runtime = Runtime::new().map_err(WireTrouble::Runtime)?;
        let output = self.gateway.take_output();
        let waited = runtime.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt()).map_err(WireTrouble::Runtime)?;
            let mut terminate = signal(SignalKind::terminate()).map_err(WireTrouble::Runtime)?;
            let ended =
                tokio::task::spawn_blocking(|| output.map(|mut output| output.read_to_string(&mut String::new())));
            tokio::select! {
                _ = interrupt.recv() => Ok(()),
                _ = terminate.recv() => Ok(()),
                _ = ended => Ok(()),
            }
        });
        // The thread that waits for the gateway's output ends with the gateway.
        runtime.shutdown_background();
        waited.map_err(Trouble::Wire)
    }
}

fn answer_heading(said: Option<&Said>) -> &'static str {
    match said {
        Some(Said::Acknowledged { .. }) => "The gateway answers with a CONTRL: the interchange is well built",
        Some(Said::SyntaxRefused { .. }) => "The gateway answers with a CONTRL: something is not well built",
        Some(Said::Accepted { .. }) => "The gateway answers with a CUSRES: the declaration is accepted and recorded",
        Some(Said::Refused { .. }) => "The gateway answers with a CUSRES: the declaration is refused",
        None => "The gateway answers",
    }
}

fn target(gateway: &Gateway) -> Result<Target, Trouble> {
    let trouble = |cause: &'static str| Trouble::Demo { what: "its address", source: cause.into() };
    format!("tls://{}", gateway.door).parse().map_err(trouble)
}

/// This program, as a person would type it from here.
fn program() -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("lodged"));
    let here = std::env::current_dir().ok();
    let nearer = here.and_then(|here| program.strip_prefix(here).ok().map(Path::to_owned));
    nearer.unwrap_or(program).display().to_string()
}
