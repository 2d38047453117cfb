//! The limit that everything durable stands beside: bare appends and flushes, in the same run.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The file of the bare append: as long as a segment, and written round and round.
const RAW_BYTES: usize = 64 << 20;

/// Most flushes until the disk counts as calm whatever they take.
const CALM_FLUSHES: u32 = 2000;

/// Most entries that share a flush, as in the journal.
const ENTRIES_MAX: usize = 512;

/// The file of the bare append.
pub(crate) struct Raw {
    file: File,
    offset: usize,
}

impl Raw {
    pub(crate) fn new(directory: &Path) -> Self {
        let path = directory.join("raw");
        fs::write(&path, vec![0; RAW_BYTES]).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.sync_all().unwrap();
        Self { file, offset: 0 }
    }

    fn append(&mut self, bytes: &[u8]) {
        self.offset = if self.offset + bytes.len() > RAW_BYTES { 0 } else { self.offset };
        self.file.write_all_at(bytes, u64::try_from(self.offset).unwrap()).unwrap();
        self.file.sync_data().unwrap();
        self.offset += bytes.len();
    }

    /// Flushes until twenty small flushes in a row were quick: what the measurement before wrote must not slow the next.
    pub(crate) fn calm(&mut self) {
        let mut quick = 0;
        for _ in 0..CALM_FLUSHES {
            let started = Instant::now();
            self.append(b"x");
            quick = if started.elapsed() < Duration::from_micros(300) { quick + 1 } else { 0 };
            if quick == 20 {
                return;
            }
        }
    }

    /// Entries a second, so many of them with each flush.
    pub(crate) fn rate(&mut self, batch: u64, entry_bytes: usize, time: Duration) -> f64 {
        let bytes = vec![b'x'; entry_bytes * usize::try_from(batch).unwrap()];
        let (started, mut entries) = (Instant::now(), 0);
        while started.elapsed() < time {
            self.append(&bytes);
            entries += batch;
        }
        entries as f64 / started.elapsed().as_secs_f64()
    }

    /// How long each of the entries of which one is due so often took from that moment on, when all that are due share a flush
    /// and nothing else is done: what no record can be quicker than.
    pub(crate) fn paced(&mut self, often: Duration, entry_bytes: usize, time: Duration) -> Vec<Duration> {
        let (started, mut taken) = (Instant::now(), Vec::new());
        while started.elapsed() < time {
            let due = usize::try_from(started.elapsed().as_nanos() / often.as_nanos()).unwrap();
            if due == taken.len() {
                thread::sleep(Duration::from_micros(50));
                continue;
            }
            let entries = (due - taken.len()).min(ENTRIES_MAX);
            self.append(&vec![b'x'; entry_bytes * entries]);
            let now = started.elapsed();
            let late = |entry| now.saturating_sub(often * u32::try_from(entry).unwrap());
            taken.extend((taken.len()..taken.len() + entries).map(late));
        }
        taken
    }
}
