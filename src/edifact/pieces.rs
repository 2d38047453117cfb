//! Where the pieces of segments end: found for a whole message at once, and kept for everybody who reads it.
//!
//! [`Pieces`] is one row for all segments of a message. Segments that follow each other are divided together, because a
//! segment is shorter than a block: to begin anew at each of them costs more than to divide it. The memory is used again
//! for the next message.

use std::ops::Range;

use super::scan::{BLOCK, Scan, block_at};
use super::segment::Segment;
use super::service::ServiceChars;

/// Longest message that is divided here, in bytes: what its pieces have room to say.
const BYTES_MAX: usize = (1 << 30) - 1;

/// Where a piece ends: a component, or a data element or tag without components. It begins one byte behind the end of
/// the piece before, or where its segment begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceEnd(u32);

impl PieceEnd {
    const ENDS_ELEMENT: u32 = 1;
    const HAS_SERVICE: u32 = 2;

    /// The end of a piece in which service characters may stand, as nobody has looked for them; none where it is too far
    /// away.
    pub(crate) fn unlooked(end: usize, ends_element: bool) -> Option<Self> {
        let end = u32::try_from(end).ok().filter(|_| end <= BYTES_MAX)?;
        Some(Self(end << 2 | u32::from(ends_element) | Self::HAS_SERVICE))
    }

    /// Behind its last byte, counted from the [origin](Pieces::origin): less than 2^30.
    #[inline]
    #[must_use]
    pub fn end(self) -> usize {
        (self.0 >> 2) as usize
    }

    /// Whether its data element ends here too, or it is the tag; else another component follows.
    #[inline]
    #[must_use]
    pub fn ends_element(self) -> bool {
        self.0 & Self::ENDS_ELEMENT != 0
    }

    /// Whether a service character stands in it: one that releases others, or separates repetitions.
    #[inline]
    #[must_use]
    pub fn has_service(self) -> bool {
        self.0 & Self::HAS_SERVICE != 0
    }
}

/// The pieces of one segment in the row of its message. It means something only beside the [`Pieces`] that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stretch {
    begin: u32,
    count: u16,
}

impl Stretch {
    /// So many pieces from this one on; nothing where they are too many to be counted.
    #[inline]
    pub(crate) fn of(begin: usize, count: usize) -> Option<Self> {
        Some(Self { begin: u32::try_from(begin).ok()?, count: u16::try_from(count).ok()? })
    }

    /// Which pieces of its row they are.
    #[inline]
    pub(crate) fn range(self) -> Range<usize> {
        let begin = self.begin as usize;
        begin..begin + usize::from(self.count)
    }

    /// The first of them.
    #[inline]
    pub(crate) fn begin(self) -> u32 {
        self.begin
    }

    /// Whether nothing is known of the segment: who reads it divides it.
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.count == 0
    }
}

/// Where the pieces of a message's segments end: four bytes for each piece, so at most four for each byte.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    ends: Vec<PieceEnd>,
    origin: usize,
}

impl Pieces {
    /// The byte of the interchange from which ends are counted: the first one of the message.
    #[inline]
    #[must_use]
    pub fn origin(&self) -> usize {
        self.origin
    }

    /// Those of a segment, the tag first; none where nothing is known of it.
    #[inline]
    #[must_use]
    pub fn of(&self, stretch: Stretch) -> &[PieceEnd] {
        self.ends.get(stretch.range()).unwrap_or_default()
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[PieceEnd] {
        &self.ends
    }

    /// Those from this one on.
    #[inline]
    pub(crate) fn from(&self, begin: usize) -> &[PieceEnd] {
        self.ends.get(begin..).unwrap_or_default()
    }

    /// Forgets everything; the memory stays.
    pub(crate) fn clear(&mut self) {
        self.ends.clear();
    }

    /// Divides the bytes from the first to the last of segments that lie one behind the other, in the place of what was
    /// divided before. Nothing is divided where these are too many.
    pub(crate) fn divide(&mut self, divider: &Divider, first: &Segment<'_>, last: &Segment<'_>) {
        self.clear();
        self.origin = first.span().start;
        let length = last.span().end.saturating_sub(self.origin);
        let Some(mut left) = u32::try_from(length).ok().filter(|_| length <= BYTES_MAX) else { return };
        let (mut at, mut scanned) = (0, Scanned::default());
        loop {
            scanned = divider.scan(&block_at(first.ahead(), at as usize), left, &scanned);
            self.add(at, &scanned);
            if left < BLOCK_BYTES {
                break;
            }
            (at, left) = (at + BLOCK_BYTES, left - BLOCK_BYTES);
        }
    }

    /// Adds the pieces that end in the block that begins here.
    #[inline]
    fn add(&mut self, at: u32, scanned: &Scanned) {
        let (before, mut stops) = (self.ends.len(), scanned.stops);
        self.ends.extend((0..stops.count_ones()).map(|_| {
            let stop = stops.trailing_zeros();
            stops &= stops - 1;
            let ends_element = scanned.components >> stop & 1 == 0;
            PieceEnd((at + stop) << 2 | u32::from(ends_element))
        }));
        if scanned.service != 0 {
            mark(self.ends.get_mut(before..).unwrap_or_default(), at as usize, scanned.service);
        }
    }
}

/// Marks the pieces in which service characters stand, a bit for each byte from `at` on. What stands behind the last of
/// them is in none.
#[cold]
fn mark(ends: &mut [PieceEnd], at: usize, mut service: u64) {
    for piece in ends {
        let inside = ((1u64 << (piece.end() - at)) - 1) | 1;
        if service & inside != 0 {
            piece.0 |= PieceEnd::HAS_SERVICE;
        }
        service &= !inside;
    }
}

/// As many bytes as are looked at together.
const BLOCK_BYTES: u32 = u64::BITS;

/// What divides the segments of an interchange, ready to be looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Divider {
    stops: Scan<3>,
    components: Scan<1>,
    repetitions: Option<Scan<1>>,
}

/// What a block holds: a bit for each byte, the first byte's the lowest.
#[derive(Default)]
struct Scanned {
    /// Where pieces end.
    stops: u64,
    /// Where another component follows.
    components: u64,
    /// Release characters, and separators of repetitions. The first bit stands too for those of the block before that are
    /// in the same piece.
    service: u64,
    /// The last byte releases the first of the next block.
    releases_next: bool,
}

impl Divider {
    pub(crate) fn new(service: &ServiceChars) -> Self {
        Self {
            stops: Scan::new([service.component, service.element, service.terminator], service.release),
            components: Scan::new([service.component], None),
            repetitions: service.repetition.map(|repetition| Scan::new([repetition], None)),
        }
    }

    /// Looks at a block with `left` bytes of the message before its end.
    #[inline]
    fn scan(&self, bytes: &[u8; BLOCK], left: u32, before: &Scanned) -> Scanned {
        let end = 1u64.checked_shl(left).unwrap_or_default();
        let inside = end.wrapping_sub(1);
        let masks = self.stops.masks(bytes, before.releases_next);
        let repetitions = self.repetitions.map_or(0, |scan| scan.masks(bytes, false).stops);
        Scanned {
            stops: masks.stops & inside | end,
            components: self.components.masks(bytes, false).stops & inside,
            service: (masks.releases | repetitions) & inside | before.service_behind(),
            releases_next: masks.releases_next,
        }
    }
}

impl Scanned {
    /// One, when service characters stand behind the last piece that ends here.
    #[inline]
    fn service_behind(&self) -> u64 {
        if self.service == 0 {
            return 0;
        }
        let behind = u64::MAX.checked_shl(u64::BITS - self.stops.leading_zeros()).unwrap_or_default();
        u64::from(self.service & behind != 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    /// Where pieces end, whether an element ends there, and whether service characters stand in it.
    type Ends = Vec<(usize, bool, bool)>;

    fn divided(pieces: &mut Pieces, segments: &[Segment<'_>]) -> Ends {
        let (first, last) = (segments.first().unwrap(), segments.last().unwrap());
        pieces.divide(&Divider::new(first.service()), first, last);
        assert_eq!(pieces.origin(), first.span().start);
        pieces.from(0).iter().map(|piece| (piece.end(), piece.ends_element(), piece.has_service())).collect()
    }

    /// The same by the cuts of each segment, put together again where the separator is one of repetitions.
    fn cut(segments: &[Segment<'_>]) -> Ends {
        let (mut ends, origin) = (Vec::new(), segments.first().unwrap().span().start);
        for segment in segments {
            let (service, mut cuts, mut has_service) = (segment.service(), segment.cuts(), false);
            while let Some(piece) = cuts.next() {
                let is_last = cuts.is_last(&piece);
                has_service |= cuts.bytes(&piece).iter().any(|byte| service.release == Some(*byte));
                if !is_last && service.repetition == Some(piece.separator) {
                    has_service = true;
                    continue;
                }
                let end = segment.span().start - origin + piece.end;
                ends.push((end, is_last || piece.separator == service.element, has_service));
                has_service = false;
            }
        }
        ends
    }

    #[track_caller]
    fn check(segment: &str, expected: &[(usize, bool, bool)]) {
        let service = ServiceChars { repetition: Some(b'*'), ..ServiceChars::DEFAULT };
        assert_eq!(divided(&mut Pieces::default(), &[Segment::new(service, 7, segment.as_bytes())]), expected);
    }

    #[test]
    fn elements_and_components_end_at_their_separators() {
        let [element, component] = [true, false].map(|ends_element| move |end| (end, ends_element, false));
        check("DTM+137:2026:102+X", &[element(3), component(7), component(12), element(16), element(18)]);
        check("NAD++:", &[element(3), element(4), component(5), element(6)]);
        check("UNS", &[element(3)]);
        check("", &[element(0)]);
    }

    #[test]
    fn service_characters_inside_of_pieces_are_told() {
        check("FTX+A?+B+C", &[(3, true, false), (8, true, true), (10, true, false)]);
        check("ABC+D*E", &[(3, true, false), (7, true, true)]);
    }

    #[test]
    fn a_stretch_is_a_part_of_the_row() {
        let mut pieces = Pieces::default();
        divided(&mut pieces, &[Segment::new(ServiceChars::DEFAULT, 0, b"A+B+C")]);
        let ends = |stretch| pieces.of(stretch).iter().map(|piece| piece.end()).collect::<Vec<_>>();
        assert_eq!(ends(Stretch::of(1, 2).unwrap()), [3, 5]);
        assert!(ends(Stretch::default()).is_empty());
        assert!(ends(Stretch::of(2, 2).unwrap()).is_empty(), "it is of other pieces");
        assert!(Stretch::default().is_empty() && !Stretch::of(1, 2).unwrap().is_empty());
    }

    #[test]
    fn an_end_has_room_for_the_longest_message() {
        assert_eq!(PieceEnd(u32::try_from(BYTES_MAX).unwrap() << 2).end(), BYTES_MAX);
    }

    proptest! {
        #[test]
        fn pieces_end_where_the_segments_are_cut(texts in proptest::collection::vec("([A-C+:*']|\\?.|[A-C]{9,40}){0,30}", 1..5)) {
            let mut pieces = Pieces::default();
            for repetition in [None, Some(b'*')] {
                let service = ServiceChars { repetition, ..ServiceChars::DEFAULT };
                let text = format!("UNB+UNOC:{}+A'{}'", if repetition.is_some() { 4 } else { 3 }, texts.join("'"));
                let (interchange, _) = crate::edifact::Interchange::read(text.as_bytes()).unwrap();
                prop_assert_eq!(interchange.service(), &service);
                let segments: Vec<_> = interchange.segments().collect();
                for from in 0..segments.len() {
                    let segments = segments.get(from..).unwrap();
                    prop_assert_eq!(divided(&mut pieces, segments), cut(segments));
                }
            }
        }
    }
}
