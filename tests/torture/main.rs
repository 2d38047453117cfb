//! Torture: the real binary is killed, lied to by its disk and cut from its power while partners load it, and every
//! promise of `docs/reliability.md` is then held against what they saw.
//!
//! In its short form it is part of `cargo test`. By hand, with a seed that is printed and can be given again:
//!
//! ```sh
//! LODGED_TORTURE_KILLS=200 LODGED_TORTURE_CUTS=300 LODGED_TORTURE_HALVES=200 cargo test --release --test torture -- --nocapture
//! LODGED_TORTURE_SECONDS=3600 cargo test --release --test torture kills -- --nocapture
//! ```

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "what cannot go on fails, and says with which seed"
)]

// Who is tormented, by whom, and with what.
#[expect(dead_code, reason = "nobody breaks off without a word here but by being dropped")]
#[path = "../connection/mod.rs"]
mod connection;
mod gateway;
mod interchange;
#[expect(dead_code, reason = "nobody comes with a stolen certificate here")]
#[path = "../acceptance/keys.rs"]
mod keys;
mod line;
mod load;
mod preload;
mod random;

// What must hold.
mod agreement;
mod ledger;

// The torments.
mod damage;
mod faults;
mod halves;
mod kills;
mod power;
mod replay;
mod slow;
