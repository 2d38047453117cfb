//! The text by which a directory is a standby, as `docs/journal-format.md` has it.

use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 of bytes, in digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text under the digest of its lines.
pub(crate) fn signed(lines: &str) -> String {
    format!("{lines}sha256 {}\n", sha256(lines.as_bytes()))
}

/// Of a standby of this store that surely has so many entries.
pub(crate) fn marker(version: u32, store: &str, entries: u64) -> String {
    signed(&format!(
        "lodged standby {version}\nstore {store}\nentry {entries}\nknown {entries}\nheard 2026-11-21T20:45:00Z\n"
    ))
}
