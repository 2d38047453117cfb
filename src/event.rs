//! The names of what is counted and measured, in one place.
//!
//! Each is recorded where it happens, by its constant; units are in the names.

/// Histogram: seconds from the start of one write to the journal until it is on stable storage.
pub const STORE_FLUSH_SECONDS: &str = "lodged_store_flush_seconds";

/// Counter: journal entries that are on stable storage.
pub const STORE_COMMITS: &str = "lodged_store_commits_total";

/// Histogram: journal entries that shared one flush.
pub const STORE_BATCH: &str = "lodged_store_batch_size";

/// Gauge: journal entries on stable storage that the state has not taken over yet.
pub const STORE_LAG: &str = "lodged_store_applied_lag";
