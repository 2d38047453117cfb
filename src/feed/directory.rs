//! Declarations in files of a directory.

use std::path::PathBuf;

use tokio::task::spawn_blocking;

use super::cursor::replace;
use super::{Batch, NotTaken};

/// Writes a file, named by the first and the last entry that it covers: `00000000000000000017-00000000000000000023.jsonl`.
/// It has its name only when it is whole and on stable storage; hidden files are none yet. A consumer removes what it took.
pub(super) async fn write(directory: PathBuf, batch: Batch) -> Result<(), NotTaken> {
    let path = directory.join(format!("{:020}-{:020}.jsonl", batch.first.0, batch.last.0));
    let doing = format!("write {}", path.display());
    let written = spawn_blocking(move || replace(&path, &batch.lines)).await;
    written.map_err(NotTaken::when(&doing))?.map_err(NotTaken::when(&doing))
}
