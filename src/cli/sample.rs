//! The interchange of the manual, as if it had been written now.

use jiff::civil::Date;
use jiff::{ToSpan, Zoned};

/// The declaration of the manual, as of the day on which it was written.
pub(super) const SAMPLE: &[u8] = include_bytes!("../../testdata/export-original.edi");

/// What the sample says of time: when it was prepared, certified, exported and loaded.
const PREPARED: &str = "261121:1530";
const CERTIFIED: &str = "20261121";
const LOADED: &str = "202612010600";
const EXPORTED: &str = "20261201";
/// Days from today to the export: no time limit is near.
const DAYS_AHEAD: i64 = 10;

/// An interchange with the moments of the sample as if it had been written now, for an export some days ahead.
pub(super) fn as_of(bytes: &[u8], now: &Zoned) -> Vec<u8> {
    let export: Date = now.date().saturating_add(DAYS_AHEAD.days());
    let moments = [
        (PREPARED, now.strftime("%y%m%d:%H%M").to_string()),
        (LOADED, export.strftime("%Y%m%d0600").to_string()),
        (EXPORTED, export.strftime("%Y%m%d").to_string()),
        (CERTIFIED, now.strftime("%Y%m%d").to_string()),
    ];
    moments.into_iter().fold(bytes.to_vec(), |bytes, (old, new)| replace(&bytes, old.as_bytes(), new.as_bytes()))
}

/// Every `old` becomes `new`.
fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let (mut rest, mut replaced) = (bytes, Vec::with_capacity(bytes.len()));
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        let (before, from) = rest.split_at(at);
        replaced.extend_from_slice(before);
        replaced.extend_from_slice(new);
        rest = from.get(old.len()..).unwrap_or_default();
    }
    replaced.extend_from_slice(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same with five mistakes.
    const MISTAKES: &[u8] = include_bytes!("../../testdata/five-mistakes.edi");

    #[test]
    fn the_sample_says_each_moment_that_is_moved() {
        for moment in [PREPARED, LOADED, EXPORTED, CERTIFIED] {
            for bytes in [SAMPLE, MISTAKES] {
                assert!(bytes.windows(moment.len()).any(|window| window == moment.as_bytes()), "{moment}");
            }
        }
    }

    #[test]
    fn a_sample_is_as_long_on_every_day() {
        let now: Zoned = "2031-02-03T04:05:00-05:00[America/Toronto]".parse().unwrap();
        let moved = as_of(SAMPLE, &now);
        assert_eq!(moved.len(), SAMPLE.len());
        for moment in ["310203:0405", "203102130600", "20310213", "20310203"] {
            assert!(moved.windows(moment.len()).any(|window| window == moment.as_bytes()), "{moment}");
        }
    }
}
