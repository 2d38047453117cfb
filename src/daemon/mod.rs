//! The daemon: everything put together, from the configuration to the doors, and taken down again in order.
//!
//! Start with [`run`]. It loads everything, looks at the record and claims the doors before it changes anything, then opens
//! the record and the doors, says where it listens, and only waits for signals: SIGTERM and SIGINT drain, SIGHUP reloads all or
//! nothing. It decides nothing about interchanges.

// What is loaded at the start and on SIGHUP.
mod load;

// What systemd hands over, and what it is told.
mod handed;
mod manager;
mod prune;
mod pulse;

// What runs.
mod administration;
mod archiving;
mod audit;
mod backups;
mod descriptors;
mod doors;
mod memory;
mod opening;
mod readiness;
mod reload;
mod scrub;
mod standing;
mod trouble;
mod validity;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::admin::install_metrics;
use crate::channel::tls::{Door, Terms};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Loaded, start_log};
use crate::feed::{Consumer, Feed, check_places};
use crate::gateway::Gateway;
use crate::record::Actor;
use crate::store::{EmbeddedStore, make_place};

pub use administration::PendingTrouble;
pub use audit::AuditTrouble;
pub(crate) use descriptors::Descriptors;
pub use load::{load_rulebook, load_rulebook_of_syntax};
pub use memory::hold_little_memory;
pub use trouble::Trouble;

use administration::{Followers, Office, Settled, settle};
use archiving::Archiving;
use doors::{Claimed, Doors};
use handed::Handed;
use load::{Prepared, prepare};
use manager::Manager;
use readiness::Ready;
use reload::Reload;
use scrub::Scrub;

/// Tasks that a busy thread goes on with between two looks at what came from the network. One may answer many interchanges at a
/// time, and with tokio's 61 of them in front of it what another partner sent would not be seen for many milliseconds.
const TASKS_BETWEEN: u32 = 4;

/// Runs the gateway by the configuration in this file until it is told to end.
///
/// On standard output it says where it listens, one line each: `listening edi-tls 127.0.0.1:4443`. Sockets that the
/// service manager handed over take the place of those of the configuration, and it is told how things stand.
///
/// # Errors
/// [`Trouble`] when it cannot start. Once it listens, it ends only when it is told to, and then without an error.
pub fn run(path: &Path) -> Result<(), Trouble> {
    hold_little_memory();
    let manager = Manager::of_process();
    let served = Handed::take().and_then(|handed| serve(path, handed, &manager));
    served.inspect_err(|trouble| manager.says(&trouble.to_string()))
}

fn serve(path: &Path, handed: Handed, manager: &Manager) -> Result<(), Trouble> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let loaded = Config::load(path)?;
    start_log(loaded.config.log.format, &loaded.config.log.filter)?;
    tell_panics();
    descriptors::prepare(&loaded.config.limits);
    let prepared = Prepared::new(loaded, Arc::clone(&clock))?;
    let runtime = runtime().map_err(Trouble::Runtime)?;
    let opening = manager.opening();
    let (claimed, store) = claim_and_open(&prepared, handed)?;
    drop(opening);
    let prepared = runtime.block_on(begun(prepared, &store, &clock))?;
    // The record is dropped behind the runtime: that waits for its threads.
    let gateway = Arc::new(Gateway::new(prepared.rulebook, store));
    let serving = Serving { gateway: Arc::clone(&gateway), loaded: prepared.loaded, clock, manager: manager.clone() };
    let served = runtime.block_on(Box::pin(serving.run(prepared.terms, claimed)));
    drop(runtime);
    served
}

/// The threads that serve everybody.
fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().event_interval(TASKS_BETWEEN).build()
}

/// A panic is told where it happened; what it said may quote what a partner sent.
fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        error!(place, "a fault of the gateway");
        debug!(said = panic.payload().downcast_ref::<&str>(), "what it said");
    }));
}

/// Brings the record up to what was done while no gateway had it, before anybody is let in.
async fn begun(prepared: Prepared, store: &EmbeddedStore, clock: &Arc<dyn Clock>) -> Result<Prepared, Trouble> {
    let directory = &prepared.loaded.config.store.directory;
    // Who makes backups may write there and nowhere else in the record.
    make_place(directory).map_err(AuditTrouble::from)?;
    audit::take_left(directory, store).await?;
    let prepared = settled(prepared, store, clock).await?;
    audit::note_start(&prepared, store, &**clock).await?;
    Ok(prepared)
}

/// Finishes or undoes a change of partners that was interrupted, as the record says, and loads what is there then.
async fn settled(prepared: Prepared, store: &EmbeddedStore, clock: &Arc<dyn Clock>) -> Result<Prepared, Trouble> {
    match settle(&prepared.loaded.config.partners.directory, store).await? {
        Settled::Nothing => Ok(prepared),
        Settled::Discarded => {
            warn!("a change of partners that was interrupted and not recorded is undone");
            Ok(prepared)
        }
        Settled::Finished => {
            info!("a change of partners that was recorded and interrupted is finished");
            prepare(&prepared.loaded.path, Arc::clone(clock))
        }
    }
}

/// Claims the doors and opens the record. Whatever is in the way is told before the first change on the disk, as far as it
/// can be known by then.
fn claim_and_open(prepared: &Prepared, mut handed: Handed) -> Result<(Claimed, EmbeddedStore), Trouble> {
    let Loaded { config, consumers, numbering, .. } = &prepared.loaded;
    let settings = &config.store;
    let unopened = EmbeddedStore::look(settings.options(numbering.clone()))?;
    check_places(consumers, &config.feed_places(), unopened.identity().as_deref())?;
    let claimed = Claimed::of(config, &mut handed, &unopened)?;
    let store = unopened.open().map_err(Trouble::opening(&settings.directory))?;
    opening::tell(&store, &settings.directory);
    Ok((claimed, store))
}

/// The gateway while it runs.
struct Serving {
    gateway: Arc<Gateway<EmbeddedStore>>,
    loaded: Loaded,
    clock: Arc<dyn Clock>,
    manager: Manager,
}

impl Serving {
    async fn run(self, terms: Terms, claimed: Claimed) -> Result<(), Trouble> {
        let metrics = install_metrics()?;
        opening::measure(self.gateway.store().summary(), self.clock.now());
        let signals = Signals::new().map_err(Trouble::Runtime)?;
        let config = &self.loaded.config;
        let feeds = self.feeds()?;
        let tending = self.tending();
        let Doors { listener, watch, socket } = claimed.open()?;
        let drain_max = Duration::from_secs(config.drain.seconds_max);
        let manager = self.manager;
        let door = Door::new(Arc::clone(&self.gateway), Arc::clone(&self.clock), terms);
        let listeners = [("edi-tls", listener.address()), ("watch", watch.address())];
        tell_listeners(&listeners);
        info!(path = %config.admin_socket().display(), "administered");
        let addresses = listeners.map(|(door, address)| (door, address.to_string())).into_iter();
        let addresses = addresses.chain([("admin", config.admin_socket().display().to_string())]).collect();

        let (draining, ended) = (CancellationToken::new(), CancellationToken::new());
        let tasks = TaskTracker::new();
        let ready = Ready { gateway: Arc::clone(&self.gateway), draining: draining.clone() };
        let watching = watch.serve(metrics, ready, ended.clone());
        tasks.spawn(async move {
            if let Err(trouble) = watching.await {
                error!(%trouble, "the watching door is closed");
            }
        });
        let reload = Reload::new(self.loaded, Arc::clone(&self.gateway), Arc::clone(&door), Arc::clone(&self.clock));
        let reload = Arc::new(reload);
        let followers = Arc::new(Followers::default());
        let office = Office {
            gateway: Arc::clone(&self.gateway),
            reload: Arc::clone(&reload),
            ready: Ready { gateway: Arc::clone(&self.gateway), draining: draining.clone() },
            started_at: self.clock.now(),
            clock: Arc::clone(&self.clock),
            listeners: addresses,
            followers: Arc::clone(&followers),
            ended: ended.clone(),
        };
        tasks.spawn(socket.serve(office, ended.clone()));
        let taking = audit::keep_taking(reload.in_force().config.store.directory.clone(), Arc::clone(&self.gateway));
        tasks.spawn(ended.clone().run_until_cancelled_owned(taking));
        tasks.spawn(
            ended.clone().run_until_cancelled_owned(validity::watch(reload.validity(), Arc::clone(&self.clock))),
        );
        feeds.into_iter().for_each(|feed| drop(tasks.spawn(ended.clone().run_until_cancelled_owned(feed.run()))));
        let following = Followers::tell(followers, Arc::clone(&self.gateway), Arc::clone(&self.clock));
        tasks.spawn(ended.clone().run_until_cancelled_owned(following));
        look_after(&tasks, &ended, tending, prune::repeat(Arc::clone(&self.gateway), self.clock));
        let status = format!("takes interchanges on {}", listener.address());
        if let Some(watchdog) = Manager::watchdog() {
            let beating = pulse::beat(Arc::clone(&self.gateway), manager.clone(), watchdog, status.clone());
            tasks.spawn(ended.clone().run_until_cancelled_owned(beating));
        }
        let serving = tasks.spawn(listener.serve(door, draining.clone(), drain_max));
        manager.ready(&status);

        signals.follow(reload, &manager, &status).await;
        manager.stopping(drain_max);
        draining.cancel();
        serving.await.unwrap_or_else(|_| error!("a fault of the gateway ended the door"));
        ended.cancel();
        tasks.close();
        tasks.wait().await;
        if let Err(unavailable) = self.gateway.store().close().await {
            warn!(%unavailable, "the record was not closed, the next start takes longer");
        }
        info!("ended");
        Ok(())
    }
}

impl Serving {
    /// Who takes what is accepted, each from where it stands.
    fn feeds(&self) -> Result<Vec<Feed>, Trouble> {
        let places = self.loaded.config.feed_places();
        let feed = |consumer: &Consumer| Feed::new(Arc::clone(&self.gateway), consumer.clone(), &places);
        Ok(self.loaded.consumers.iter().map(feed).collect::<Result<_, _>>()?)
    }

    /// Reads the record again, moves what is old of it, and tells when it was backed up, as the settings want it.
    fn tending(&self) -> impl Future<Output = ()> + use<> {
        let settings = &self.loaded.config.store;
        let watching = backups::watch(settings.directory.clone());
        let scrub = Scrub::new(settings, Arc::clone(&self.clock));
        let archiving = Archiving::new(settings, Arc::clone(&self.gateway), Arc::clone(&self.clock));
        async move {
            let scrubbing = async {
                if let Some(scrub) = scrub {
                    scrub.repeat().await;
                }
            };
            let archiving = async {
                if let Some(archiving) = archiving {
                    archiving.repeat().await;
                }
            };
            tokio::join!(scrubbing, archiving, watching);
        }
    }
}

/// Lets the record be tended and what is too old be dropped, as long as the gateway runs.
fn look_after(
    tasks: &TaskTracker,
    ended: &CancellationToken,
    tending: impl Future<Output = ()> + Send + 'static,
    pruning: impl Future<Output = ()> + Send + 'static,
) {
    tasks.spawn(ended.clone().run_until_cancelled_owned(pruning));
    tasks.spawn(ended.clone().run_until_cancelled_owned(tending));
}

/// Says where it listens, for those who started it and let the system choose a port.
fn tell_listeners(listeners: &[(&str, SocketAddr)]) {
    let mut output = io::stdout().lock();
    for (door, address) in listeners {
        info!(door, %address, "listening");
        if let Err(trouble) = writeln!(output, "listening {door} {address}").and_then(|()| output.flush()) {
            debug!(%trouble, "nobody reads the standard output");
        }
    }
}

/// The signals that the daemon follows.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Reloads until it is time to end.
    async fn follow(mut self, reload: Arc<Reload>, manager: &Manager, status: &str) {
        loop {
            tokio::select! {
                biased;
                _ = self.terminate.recv() => return info!("told to end by SIGTERM"),
                _ = self.interrupt.recv() => return info!("told to end by SIGINT"),
                // Whatever comes of it is in the log, too.
                _ = self.hang_up.recv() => {
                    manager.reloading();
                    match reload.all_or_nothing(Actor::Signal("SIGHUP".to_owned())).await {
                        Ok(_) => manager.ready(status),
                        Err(_) => manager.ready(&format!("{status}; the last reload was refused")),
                    }
                }
            }
        }
    }
}
