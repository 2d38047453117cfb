//! Every metric by name, and the few words that its labels may say.
//!
//! Start with [`METRICS`]. Labels are fixed sets or short names of configured partners, never anything that came over the
//! wire, so that nobody outside can make the gateway count without bound. `docs/metrics.md` explains each to an operator.

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name; the unit is in it.
    pub name: &'static str,
    /// What is measured with it.
    pub kind: MetricKind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
}

/// The kinds of metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MetricKind {
    /// Only ever grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts into buckets with these upper bounds.
    Histogram(&'static [f64]),
}

/// Bounds for what happens in memory: 50 microseconds to 1 second.
pub const MEMORY_SECONDS: &[f64] =
    &[0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

/// Bounds for what waits for a disk or a network: 250 microseconds to 10 seconds.
pub const WAITING_SECONDS: &[f64] =
    &[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bounds for how many share one thing: 1 to 512.
pub const SHARERS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Turns the table into one constant per metric and [`METRICS`], so that none is described without a name or named
/// without a description.
macro_rules! metrics {
    ($(#[doc = $help:literal] $constant:ident = $name:literal, $kind:expr, [$($label:literal),*];)+) => {
        $(
            #[doc = $help]
            #[doc = ""]
            #[doc = concat!("`", $name, "`: ", stringify!($kind), "; labels:" $(, " `", $label, "`")*, ".")]
            pub const $constant: &str = $name;
        )+

        /// Every metric of the gateway.
        pub const METRICS: &[Metric] = &[
            $(Metric { name: $name, kind: $kind, labels: &[$($label),*], help: $help },)+
        ];
    };
}

use MetricKind::{Counter, Gauge, Histogram};

metrics! {
    /// Interchanges, by what became of them ([`Outcome`]).
    INTERCHANGES = "lodged_interchanges_total", Counter, ["channel", "partner", "outcome"];
    /// Declarations that were judged ([`JudgedAs`]).
    DECLARATIONS = "lodged_declarations_total", Counter, ["partner", "verdict"];
    /// Interchanges in which a deviation was taken, by the switch of `[tolerances]` that takes it.
    TOLERANCES_USED = "lodged_tolerances_used_total", Counter, ["partner", "tolerance"];
    /// Seconds of one examination: reading, structure, code lists and rules, without the disk.
    EXAMINATION_SECONDS = "lodged_examination_seconds", Histogram(MEMORY_SECONDS), [];
    /// Seconds from the last byte of an interchange to the last byte of its answers on the wire.
    ANSWER_SECONDS = "lodged_answer_seconds", Histogram(WAITING_SECONDS), ["channel"];
    /// Connections that are open now.
    CONNECTIONS = "lodged_connections", Gauge, ["channel"];
    /// Connections that were turned away, or closed by a limit ([`TurnedAway`]).
    REFUSED_CONNECTIONS = "lodged_refused_connections_total", Counter, ["reason"];
    /// Interchanges that are examined and wait to be recorded.
    QUEUE_DEPTH = "lodged_queue_depth", Gauge, [];
    /// Interchanges that are read and wait for their turn to be examined and recorded.
    TURNS_AWAITED = "lodged_turns_awaited", Gauge, [];
    /// Seconds from the start of one write to the journal until it is on stable storage.
    STORE_FLUSH_SECONDS = "lodged_store_flush_seconds", Histogram(WAITING_SECONDS), [];
    /// Journal entries that are on stable storage.
    STORE_COMMITS = "lodged_store_commits_total", Counter, [];
    /// Journal entries that shared one flush.
    STORE_BATCH = "lodged_store_batch_size", Histogram(SHARERS), [];
    /// Journal entries on stable storage that the state has not taken over yet.
    STORE_LAG = "lodged_store_applied_lag", Gauge, [];
    /// Segments that could not be sealed: they, or the disk under them, may be damaged.
    STORE_UNSEALED = "lodged_store_unsealed_segments_total", Counter, [];
    /// What was wrong with the record when it was last read from end to end.
    STORE_DISAGREEMENTS = "lodged_store_disagreements", Gauge, [];
    /// When the record was last read from end to end, in seconds since 1970.
    STORE_SCRUBBED = "lodged_store_scrubbed_timestamp_seconds", Gauge, [];
    /// When the state could not be used and was made anew by this start, in seconds since 1970; 0 when it could.
    STORE_STATE_MADE = "lodged_store_state_made_anew_timestamp_seconds", Gauge, [];
    /// When the last backup of the record that ended well was made, in seconds since 1970; 0 when none is known.
    STORE_BACKED_UP = "lodged_store_backed_up_timestamp_seconds", Gauge, [];
    /// Entries of the journal that were dropped, older than the record is kept.
    STORE_DROPPED_ENTRIES = "lodged_store_dropped_entries_total", Counter, [];
    /// Answers that were dropped with what they answer, and that their partners never confirmed.
    STORE_DROPPED_ANSWERS = "lodged_store_dropped_answers_total", Counter, [];
    /// Segments of the journal in the archive.
    STORE_ARCHIVE_SEGMENTS = "lodged_store_archive_segments", Gauge, [];
    /// Bytes of the segments in the archive.
    STORE_ARCHIVE_BYTES = "lodged_store_archive_bytes", Gauge, [];
    /// Segments of the journal that are neither in its directory nor in the archive: what is in them cannot be read.
    STORE_ARCHIVE_ABSENT = "lodged_store_archive_absent_segments", Gauge, [];
    /// Whether old segments could not be moved to the archive when that was last tried: 1, else 0.
    STORE_ARCHIVE_FAILING = "lodged_store_archive_failing", Gauge, [];
    /// When old segments could last not be moved, in seconds since 1970; 0 when they always could since the start.
    STORE_ARCHIVE_FAILED = "lodged_store_archive_failed_timestamp_seconds", Gauge, [];
    /// Entries of the record that a consumer of the feed was not handed yet.
    FEED_BEHIND = "lodged_feed_behind", Gauge, ["consumer"];
    /// Declarations that a consumer of the feed took.
    FEED_DECLARATIONS = "lodged_feed_declarations_total", Counter, ["consumer"];
    /// Times that a consumer of the feed did not take what it was handed.
    FEED_FAILURES = "lodged_feed_failures_total", Counter, ["consumer"];
    /// Entries that were dropped, older than the record is kept, before a consumer of the feed took them.
    FEED_SKIPPED = "lodged_feed_skipped_entries_total", Counter, ["consumer"];
    /// Entries of the record that a standby does not have on stable storage yet.
    FOLLOW_BEHIND = "lodged_follow_behind", Gauge, ["follower"];
    /// Seconds of acknowledgements that a standby may lack: how long ago it was last known to have everything.
    FOLLOW_LAG_SECONDS = "lodged_follow_lag_seconds", Gauge, ["follower"];
    /// Whole days until a certificate ends, the one that ends last of each partner; negative once it ended.
    CERTIFICATE_DAYS_LEFT = "lodged_certificate_days_left", Gauge, ["partner"];
    /// Whole days until the gateway's own certificate ends; negative once it ended.
    OWN_CERTIFICATE_DAYS_LEFT = "lodged_own_certificate_days_left", Gauge, [];
    /// Things that somebody may have meant ill ([`SecurityEvent`]).
    SECURITY_EVENTS = "lodged_security_events_total", Counter, ["kind"];
    /// Reloads of grammars, partners and certificates ([`ReloadResult`]).
    RELOADS = "lodged_reloads_total", Counter, ["result"];
    /// Requests over the socket for administration ([`AdminResult`]).
    ADMIN_REQUESTS = "lodged_admin_requests_total", Counter, ["result"];
    /// Panics that were contained to one session; every one of them is a fault of the gateway.
    PANICS = "lodged_panics_total", Counter, [];
}

/// Tells the recorder what each metric is. Call it once, after a recorder was installed.
pub fn describe() {
    metrics::gauge!(TURNS_AWAITED).set(0.0); // It is only counted up and down, and mostly nobody waits.
    for metric in METRICS {
        if metric.kind == Counter && metric.labels.is_empty() {
            metrics::counter!(metric.name).increment(0); // Shown from the start, so that its first step is seen.
        }
        let help = metric.help.trim();
        match metric.kind {
            Counter => metrics::describe_counter!(metric.name, help),
            Gauge => metrics::describe_gauge!(metric.name, help),
            Histogram(_) => metrics::describe_histogram!(metric.name, help),
        }
    }
    // So are those whose words are known.
    let show = |name, label, word| metrics::counter!(name, label => word).increment(0);
    ReloadResult::ALL.iter().for_each(|word| show(RELOADS, "result", word.as_str()));
    TurnedAway::ALL.iter().for_each(|word| show(REFUSED_CONNECTIONS, "reason", word.as_str()));
    SecurityEvent::ALL.iter().for_each(|word| show(SECURITY_EVENTS, "kind", word.as_str()));
}

/// The words of one label.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)+
        }

        impl $name {
            /// Every word that the label may say.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words! {
    /// What became of an interchange: `outcome` of [`INTERCHANGES`].
    Outcome {
        /// Recorded, and nothing in it was refused.
        Accepted = "accepted",
        /// Recorded, and something in it was refused.
        PartlyRefused = "partly-refused",
        /// Recorded, and refused as a whole.
        Refused = "refused",
        /// It came before; the first answer went back.
        Repeat = "repeat",
        /// Nobody could be answered; its bytes are kept.
        Evidence = "evidence",
        /// The record was unavailable; nothing was recorded and nothing acknowledged.
        Unavailable = "unavailable",
        /// The connection ended in the middle of it; nothing was recorded.
        Unfinished = "unfinished",
        /// A fault of the gateway ended it; its bytes are kept, and nothing was acknowledged.
        Panicked = "panicked",
    }
}

words! {
    /// What was decided of a declaration: `verdict` of [`DECLARATIONS`].
    JudgedAs {
        /// Accepted under a proof-of-report number.
        Accepted = "accepted",
        /// Refused.
        Refused = "refused",
    }
}

words! {
    /// Why a connection was turned away, or closed by a limit: `reason` of [`REFUSED_CONNECTIONS`].
    TurnedAway {
        /// The gateway has as many connections as it may.
        ConnectionsMax = "connections-max",
        /// The partner has as many connections as it may.
        PartnerConnectionsMax = "partner-connections-max",
        /// As many connections are in the handshake as may be.
        HandshakesMax = "handshakes-max",
        /// As many connections from this address are in the handshake as may be.
        HandshakesPerAddressMax = "handshakes-per-address-max",
        /// The TLS handshake failed or took too long.
        Handshake = "handshake",
        /// The certificate belongs to no partner, or not now.
        UnknownCertificate = "unknown-certificate",
        /// The gateway is draining.
        Draining = "draining",
        /// An interchange is longer than it may be.
        InterchangeBytesMax = "interchange-bytes-max",
        /// An interchange takes longer than it may.
        InterchangeSecondsMax = "interchange-seconds-max",
        /// Nothing came for longer than it may be.
        IdleSecondsMax = "idle-seconds-max",
        /// The partner takes longer than it may to take an answer.
        WriteSecondsMax = "write-seconds-max",
    }
}

words! {
    /// Something that somebody may have meant ill: `kind` of [`SECURITY_EVENTS`].
    SecurityEvent {
        /// A certificate that belongs to no partner.
        UnknownCertificate = "unknown-certificate",
        /// A partner's certificate outside the time in which it is taken.
        CertificateOutOfTime = "certificate-out-of-time",
        /// An interchange under an identity that is not the partner's.
        ForeignSender = "foreign-sender",
        /// A declaration for an exporter that the partner may not file for.
        ForeignExporter = "foreign-exporter",
        /// Bytes that are no interchange.
        Unreadable = "unreadable",
        /// More interchanges in a minute than the partner may send.
        RateExceeded = "rate-exceeded",
        /// A user of the machine who may not administer.
        ForeignUser = "foreign-user",
    }
}

words! {
    /// How a reload ended: `result` of [`RELOADS`].
    ReloadResult {
        /// What was loaded is in force.
        Taken = "taken",
        /// Something was wrong; what was in force before still is.
        Refused = "refused",
    }
}

words! {
    /// How a request for administration ended: `result` of [`ADMIN_REQUESTS`].
    AdminResult {
        /// It was answered.
        Answered = "answered",
        /// It could not be done as it was asked.
        Refused = "refused",
        /// Something of the gateway's own was not as it has to be.
        Trouble = "trouble",
        /// Its user may not administer.
        ForeignUser = "foreign-user",
        /// It was no request, or none of this version.
        Unreadable = "unreadable",
        /// It took too long to come.
        TooSlow = "too-slow",
        /// Too many others were being answered.
        Busy = "busy",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const MANUAL: &str = include_str!("../docs/metrics.md");

    #[test]
    fn every_metric_is_in_the_manual_with_its_labels() {
        for metric in METRICS {
            let row = MANUAL.lines().find(|line| line.starts_with(&format!("| `{}` |", metric.name)));
            let row = row.unwrap_or_else(|| panic!("docs/metrics.md says nothing of {}", metric.name));
            assert!(metric.labels.iter().all(|label| row.contains(&format!("`{label}`"))), "{row}");
        }
    }

    #[test]
    fn every_word_of_a_label_is_in_the_manual() {
        let words = [
            Outcome::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>(),
            JudgedAs::ALL.iter().map(|word| word.as_str()).collect(),
            TurnedAway::ALL.iter().map(|word| word.as_str()).collect(),
            SecurityEvent::ALL.iter().map(|word| word.as_str()).collect(),
            ReloadResult::ALL.iter().map(|word| word.as_str()).collect(),
            AdminResult::ALL.iter().map(|word| word.as_str()).collect(),
        ];
        for word in words.into_iter().flatten() {
            assert!(MANUAL.contains(&format!("| `{word}` |")), "docs/metrics.md says nothing of {word}");
        }
    }

    #[test]
    fn no_name_stands_twice() {
        let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
    }

    #[test]
    fn names_say_what_they_count() {
        for metric in METRICS {
            let is_total = metric.name.ends_with("_total");
            assert_eq!(is_total, metric.kind == Counter, "{}", metric.name);
            assert!(metric.name.starts_with("lodged_"), "{}", metric.name);
        }
    }

    #[test]
    fn buckets_grow() {
        for metric in METRICS {
            if let Histogram(bounds) = metric.kind {
                assert!(bounds.is_sorted() && !bounds.is_empty(), "{}", metric.name);
            }
        }
    }
}
