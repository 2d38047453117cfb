//! A segment read a piece at a time, as long as nothing is wrong with it: whoever reads a journal from end to end holds a piece
//! of it and not a segment.

use std::path::PathBuf;
use std::sync::Arc;

use super::InspectTrouble;
use super::journal::Segments;
use crate::record::{Digest, Digesting};
use crate::store::journal::JournalFile;
use crate::store::journal::frame::Frame;
use crate::store::journal::scan::{self, Contents, Ending};
use crate::store::journal::segment::{FIRST_FRAME, Header};
use crate::store::state::Pointer;

/// How much is held, in bytes. What a longer frame begins is read as a whole.
const PIECE_BYTES: u64 = 1 << 20;

/// A segment, as far as it was read.
pub(super) struct Read {
    /// Its frames, up to the first thing that is none.
    pub(super) contents: Contents,
    /// The digest of the file when nothing but zeroes follows them. None otherwise: then the rest is to be read as a whole.
    pub(super) digest: Option<Digest>,
}

impl Segments {
    /// Reads the frames of a segment, and whether zeroes follow.
    ///
    /// # Errors
    /// [`InspectTrouble`] when it cannot be read, or what `each` returns.
    pub(super) fn read_in_pieces(
        &self,
        header: &Header,
        each: &mut dyn FnMut(Pointer, &Frame<'_>) -> Result<(), InspectTrouble>,
    ) -> Result<Read, InspectTrouble> {
        let mut pieces = Pieces::of(self.open(header.number)?)?;
        pieces.read(0, FIRST_FRAME)?;
        let mut contents = Contents::start(header);
        loop {
            let before = contents.end;
            let piece = pieces.read(before, PIECE_BYTES)?;
            contents = scan::whole_frames(piece, header, contents, &mut *each)?;
            if contents.ending != Ending::Clean {
                return Ok(Read { contents, digest: None });
            }
            if contents.end == before {
                break;
            }
        }
        let digest = if pieces.are_zeroes_from(contents.end)? { Some(pieces.digesting.finish()) } else { None };
        Ok(Read { contents, digest })
    }
}

/// A file that is read from its front, with its digest.
struct Pieces {
    file: Arc<dyn JournalFile>,
    path: PathBuf,
    length: u64,
    /// What was read last.
    piece: Vec<u8>,
    digesting: Digesting,
    /// How much of the file is digested, in bytes.
    digested: u64,
}

impl Pieces {
    fn of((file, path): (Arc<dyn JournalFile>, PathBuf)) -> Result<Self, InspectTrouble> {
        let length = file.bytes().map_err(InspectTrouble::io("measure", &path))?;
        Ok(Self { file, path, length, piece: Vec::new(), digesting: Digesting::default(), digested: 0 })
    }

    /// What stands there, at most so many bytes of it. It may begin where something before it was read already, and not behind.
    fn read(&mut self, start: u64, bytes_max: u64) -> Result<&[u8], InspectTrouble> {
        let bytes = self.length.saturating_sub(start).min(bytes_max);
        self.piece.resize(usize::try_from(bytes).unwrap_or(usize::MAX), 0);
        self.file.read_at(&mut self.piece, start).map_err(InspectTrouble::io("read", &self.path))?;
        let fresh = usize::try_from(self.digested.saturating_sub(start)).ok().and_then(|known| self.piece.get(known..));
        self.digesting.update(fresh.unwrap_or_default());
        self.digested = self.digested.max(start.saturating_add(bytes));
        Ok(&self.piece)
    }

    /// Whether there are zeroes from here to the end.
    fn are_zeroes_from(&mut self, start: u64) -> Result<bool, InspectTrouble> {
        let mut at = start;
        while at < self.length {
            let piece = self.read(at, PIECE_BYTES)?;
            if piece.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            at = at.saturating_add(PIECE_BYTES);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::store::battery::options;
    use crate::store::inspect::{CheckReport, Step, Watch, check};
    use crate::store::sample::evidence;
    use crate::store::{EmbeddedStore, Store as _, StoreOptions};

    struct Nobody;

    impl Watch for Nobody {
        fn reached(&mut self, _: Step, _: u64, _: Option<u64>) {}
    }

    static BYTES: [u8; 2_500_000] = [b'x'; 2_500_000];

    /// Frames that end in a piece, over the end of one, and that are longer than one.
    const LENGTHS: [usize; 8] = [3, 700_000, 700_000, 900_000, 5, 2_500_000, 1 << 19, 7];

    #[tokio::test]
    async fn whatever_lengths_frames_have_everything_is_read_and_damage_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let options = StoreOptions { segment_bytes: 3 << 20, ..options(directory.path()) };
        let store = EmbeddedStore::open(options).unwrap();
        for length in LENGTHS {
            store.keep(evidence(BYTES.get(..length).unwrap())).await.unwrap();
        }
        store.close().await.unwrap();
        drop(store);
        let place = directory.path().join("store");
        let checked = || check(&place, 10, &mut Nobody).unwrap();
        let CheckReport { entries, segments, sealed_segments, disagreements, .. } = checked();
        assert_eq!((entries, segments, sealed_segments, disagreements.total), (8, 2, 1, 0), "{disagreements:?}");
        for (segment, places) in [(1, [700, 900_000, 1_500_000]), (2, [700, 1_200_000, 2_900_000])] {
            let path = place.join(format!("journal/{segment:08}.seg"));
            let right = fs::read(&path).unwrap();
            for place in places {
                let mut bytes = right.clone();
                bytes[place] ^= 1;
                fs::write(&path, bytes).unwrap();
                assert!(!checked().is_right(), "byte {place} of segment {segment}");
            }
            fs::write(&path, right).unwrap();
        }
        assert!(checked().is_right());
    }
}
