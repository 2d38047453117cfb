//! One bit anywhere: what `check` says of it.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::store::Store;

/// How many bits are flipped in one run.
const CASES: u32 = 48;

static STORE: LazyLock<std::sync::Mutex<Store>> = LazyLock::new(|| std::sync::Mutex::new(Store::with(24)));

/// The files in a directory of the store, but one that is no segment yet.
fn files(store: &Store, directory: &str) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(store.directory().join(directory)).sort_by_file_name();
    entries
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file() && !path.ends_with("next.new"))
        .collect()
}

/// What `check` says with a bit of a file flipped, in bytes that are not zeroes when there are any behind the place.
fn flipped(
    directory: &str,
    which: prop::sample::Index,
    place: prop::sample::Index,
    bit: u32,
) -> (serde_json::Value, String) {
    let store = STORE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = which.get(&files(&store, directory)).clone();
    let whole = fs::read(&path).unwrap();
    let used: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0 || at % 512 == 0).collect();
    if used.is_empty() {
        return (serde_json::json!({ "disagreements": { "total": 1 } }), String::new());
    }
    let at = *place.get(&used);
    let mut bytes = whole.clone();
    bytes[at] ^= 1 << bit;
    fs::write(&path, bytes).unwrap();
    let ran = store.tool(&["check", "--json"]);
    fs::write(&path, whole).unwrap();
    assert!(matches!(ran.code, Some(0 | 1)), "{} byte {at} bit {bit}: {ran:?}", path.display());
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    (ran.json(), format!("{} byte {at} bit {bit}: {}", path.display(), ran.out))
}

/// Some at each run; as many as `PROPTEST_CASES` says by hand.
fn settings() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let failure_persistence = Some(Box::new(FileFailurePersistence::Off) as Box<_>);
    ProptestConfig { failure_persistence, max_shrink_iters: 0, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(settings())]

    /// Behind the last entry of the last segment it looks like an interrupted write, and is told as one.
    #[test]
    fn of_the_journal_is_found(which: prop::sample::Index, place: prop::sample::Index, bit in 0..8_u32) {
        let (report, said) = flipped("journal", which, place, bit);
        prop_assert!(report["disagreements"]["total"] != 0 || report["tail"].is_object(), "{}", said);
    }

    /// It is found, or keeps the state from being opened; or every key holds what it should all the same, since sled does
    /// not use the place.
    #[test]
    fn of_the_state_is_found_or_changes_nothing(which: prop::sample::Index, place: prop::sample::Index, bit in 0..8_u32) {
        let (report, said) = flipped("state", which, place, bit);
        prop_assert!(report["disagreements"]["total"] != 0 || report["state"] == "compared", "{}", said);
    }
}
