//! What an operator sees of everything that happens.

use std::io::Write as _;
use std::net::TcpStream;

use lodged::event::METRICS;
use lodged::identifier::ProofForm;
use lodged::partner::PartnerId;
use lodged::record::{Channel, Delivery, Evidence};
use lodged::store::{EmbeddedStore, Numbering, Store as _, StoreOptions};

use crate::gateway::{Gateway, Home, until};
use crate::interchange::{declaration, with};

/// A record of 2010 and 2015, some of which is dropped and some of which is due.
#[tokio::main(flavor = "current_thread")]
async fn has_an_old_record(home: &Home) {
    let numbering = Numbering { form: ProofForm::Cers, zone: jiff::tz::TimeZone::UTC };
    let options = StoreOptions { segment_bytes: 8 << 10, ..StoreOptions::new(home.path().join("record"), numbering) };
    let store = EmbeddedStore::open(options.clone()).unwrap();
    for (year, entries) in [(2010, 20), (2015, 20)] {
        for _ in 0..entries {
            let partner = PartnerId::new("acme").unwrap();
            let received_at = format!("{year}-01-01T00:00:00Z").parse().unwrap();
            let delivery = Delivery { partner, channel: Channel::EdiTls, received_at, bytes: vec![b'?'; 1_000].into() };
            store.keep(Evidence { delivery, reason: "no readable UNB".into() }).await.unwrap();
        }
    }
    drop(store);
    // Everything that is full is sealed now.
    let store = EmbeddedStore::open(options).unwrap();
    let dropped = store.prune("2018-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
    assert!((7..20).contains(&dropped.entries), "{dropped:?}");
    store.close().await.unwrap();
}

#[test]
fn every_figure_is_there_once_what_it_counts_has_happened() {
    let home = Home::new("archive = \"archive\"\n");
    std::fs::create_dir(home.path().join("feeds")).unwrap();
    for (consumer, directory) in [("customs", "out"), ("nowhere", "../lodged.toml")] {
        let text = format!("directory = \"{directory}\"\n");
        std::fs::write(home.path().join(format!("feeds/{consumer}.toml")), text).unwrap();
    }
    has_an_old_record(&home);
    let backup = home.path().join("backup");
    home.asks(&["store", "backup", backup.to_str().unwrap()]).done();
    let gateway = Gateway::at(home);
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    partner.gets_contrl();
    partner.gets_cusres();
    partner.sends(&with(&declaration("FOREIGN"), "AB1234", "CD5678"));
    partner.gets_contrl();
    assert_eq!(partner.gets_cusres().subject(), "FOREIGN");
    partner.leaves();
    TcpStream::connect(gateway.edi).unwrap().write_all(b"no handshake").unwrap();
    gateway.reloads();
    gateway.home.asks(&["status"]).done();
    let standby = gateway.home.path().join("standby");
    let mut follower = gateway.home.command(&["store", "follow", "--json", standby.to_str().unwrap()]);
    let mut follower = follower.stdout(std::process::Stdio::null()).spawn().unwrap();
    until("the handshake was refused", || {
        gateway.metric("lodged_refused_connections_total{reason=\"handshake\"}") == 1
    });
    until("the record was read again", || gateway.log().contains("was read again"));
    until("one consumer takes it", || gateway.metric("lodged_feed_declarations_total{consumer=\"customs\"}") == 1);
    until("the other cannot", || gateway.metric("lodged_feed_failures_total{consumer=\"nowhere\"}") > 0);
    until("what is due is dropped", || gateway.page("/metrics").contains("lodged_store_dropped_entries_total "));
    until("the standby is told of", || gateway.page("/metrics").contains("lodged_follow_behind"));
    follower.kill().unwrap();
    follower.wait().unwrap();
    until("the archive is told of", || gateway.page("/metrics").contains("lodged_store_archive_failing 0\n"));
    until("the state follows", || gateway.page("/metrics").contains("lodged_store_applied_lag 0\n"));
    let page = gateway.page("/metrics");
    let is_shown = |name: &str| {
        page.lines().any(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ', '_']) && !rest.starts_with("_total"))
        })
    };
    let missing: Vec<_> = METRICS.iter().map(|metric| metric.name).filter(|name| !is_shown(name)).collect();
    assert!(missing.is_empty(), "{missing:?} of\n{page}");
    assert_eq!(gateway.metric("lodged_examination_seconds_count"), 2);
    assert_eq!(gateway.metric("lodged_answer_seconds_count{channel=\"edi-tls\"}"), 2);
    assert_eq!(gateway.metric("lodged_queue_depth"), 0);
    for (verdict, count) in [("accepted", 1), ("refused", 1)] {
        let name = format!("lodged_declarations_total{{partner=\"acme\",verdict=\"{verdict}\"}}");
        assert_eq!(gateway.metric(&name), count);
    }
    assert!(gateway.metric("lodged_store_dropped_entries_total") > 7);
    assert!(gateway.metric("lodged_feed_skipped_entries_total{consumer=\"customs\"}") > 7);
    assert!(gateway.log().contains("what is older than the record is kept was dropped"), "{}", gateway.log());
    assert_eq!(gateway.metric("lodged_security_events_total{kind=\"foreign-exporter\"}"), 1);
}

/// The first step of a counter that was not there before is no increase to Prometheus.
#[test]
fn counters_that_are_watched_are_there_before_they_count() {
    let gateway = Gateway::started();
    let page = gateway.page("/metrics");
    let lines = [
        "lodged_panics_total 0",
        "lodged_reloads_total{result=\"refused\"} 0",
        "lodged_refused_connections_total{reason=\"connections-max\"} 0",
        "lodged_security_events_total{kind=\"foreign-sender\"} 0",
    ];
    for line in lines {
        assert!(page.contains(&format!("\n{line}\n")), "{line} is not in\n{page}");
    }
}

#[test]
fn a_state_that_is_made_anew_is_told() {
    let name = "lodged_store_state_made_anew_timestamp_seconds";
    let mut gateway = Gateway::started();
    assert!(gateway.page("/metrics").contains(&format!("\n{name} 0\n")));
    let mut partner = gateway.partner();
    partner.sends(&declaration("ONE"));
    partner.gets_contrl();
    partner.gets_cusres();
    gateway.is_killed();
    assert!(!gateway.log().contains("the state could not be used"));
    std::fs::remove_dir_all(gateway.home.path().join("record/state")).unwrap();
    gateway.is_started_again();
    assert!(gateway.metric(name) > 1_700_000_000);
    gateway.says("the state cannot be used; it is made anew from all of the journal before anybody is let in");
    gateway.says("the state could not be used and was made anew");
}

/// When the record was last backed up, as the gateway shows it.
fn backed_up(gateway: &Gateway) -> Option<i64> {
    let page = gateway.page("/metrics");
    page.lines().find_map(|line| line.strip_prefix("lodged_store_backed_up_timestamp_seconds ")?.parse().ok())
}

#[test]
fn a_backup_is_known_whoever_made_it_and_after_a_new_start_too() {
    let mut gateway = Gateway::started();
    until("none is known", || backed_up(&gateway) == Some(0));
    let to = gateway.home.path().join("backup");
    let document = gateway.home.asks_json(&["store", "backup", to.to_str().unwrap()]);
    let made = document["made"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    until("the one beside it is known", || backed_up(&gateway) == Some(made.as_second()));
    gateway.is_killed_and_started_again();
    until("it still is", || backed_up(&gateway) == Some(made.as_second()));
    std::thread::sleep(std::time::Duration::from_secs(1));
    gateway.home.asks(&["store", "backup", to.to_str().unwrap(), "--daemon"]).done();
    until("its own is known", || backed_up(&gateway) > Some(made.as_second()));
    let note = gateway.home.path().join("record/backed-up");
    std::fs::write(note, "tomorrow").unwrap();
    until("a changed note counts as none", || backed_up(&gateway) == Some(0));
    gateway.says("when the record was last backed up is not known");
}
