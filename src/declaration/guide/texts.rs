//! The texts of an interchange, borrowed from its bytes wherever these say the same in every repertoire.

use std::borrow::Cow;
use std::ops::Range;

use bumpalo::Bump;

use crate::declaration::draft::Text;
use crate::edifact::Repertoire;

/// Most bytes that are looked through at once, as far as they are plain. Values lie a few bytes apart, so what is found for
/// one serves many.
const STRETCH: usize = 4_096;

/// Bytes that are looked at together.
const BLOCK: usize = 256;

/// Keeps the texts of one interchange that say something else than its bytes: decoded, without release characters, or
/// joined. It grows with the bytes that they are made of, a few for each, and is dropped as a whole.
#[derive(Debug, Default)]
pub struct TextStore(Bump);

/// Makes texts of the values of one interchange.
#[derive(Debug)]
pub(super) struct Texts<'a> {
    /// The interchange.
    bytes: &'a [u8],
    repertoire: Repertoire,
    store: &'a TextStore,
    /// ASCII, as it lies in the interchange.
    plain: &'a str,
    /// Where that begins, in bytes.
    offset: usize,
}

impl<'a> Texts<'a> {
    /// For an interchange in this repertoire.
    pub(super) fn new(bytes: &'a [u8], repertoire: Repertoire, store: &'a TextStore) -> Self {
        Self { bytes, repertoire, store, plain: "", offset: 0 }
    }

    /// The text of a value without release characters: what stands at these places, without the blanks around it.
    #[inline]
    pub(super) fn text(&mut self, span: Range<usize>) -> Text<'a> {
        match self.known(&span) {
            Some(text) => without_blanks(text),
            None => self.look(&span),
        }
    }

    /// The same where the text is not known yet: finds the plain text that begins here.
    #[cold]
    fn look(&mut self, span: &Range<usize>) -> Text<'a> {
        let ahead = self.bytes.get(span.start..).unwrap_or_default();
        (self.plain, self.offset) = (plain(ahead.get(..STRETCH).unwrap_or(ahead)), span.start);
        match self.known(span) {
            Some(text) => without_blanks(text),
            None => self.decoded(ahead.get(..span.len()).unwrap_or_default()),
        }
    }

    /// The text of a value from which release characters have been taken.
    #[cold]
    pub(super) fn released(&self, bytes: &[u8]) -> Text<'a> {
        self.keep(without_blanks(&self.repertoire.decode(bytes)))
    }

    /// Some text that no interchange has.
    pub(super) fn keep(&self, text: &str) -> Text<'a> {
        self.store.0.alloc_str(text)
    }

    #[inline]
    fn known(&self, span: &Range<usize>) -> Option<&'a str> {
        self.plain.get(span.start.wrapping_sub(self.offset)..span.end.wrapping_sub(self.offset))
    }

    fn decoded(&self, bytes: &'a [u8]) -> Text<'a> {
        match self.repertoire.decode(bytes) {
            Cow::Borrowed(text) => without_blanks(text),
            Cow::Owned(text) => self.keep(without_blanks(&text)),
        }
    }
}

/// The ASCII that these bytes begin with.
fn plain(bytes: &[u8]) -> &str {
    let blocks = bytes.chunks(BLOCK).position(|block| !block.is_ascii());
    let end = blocks.map_or(bytes.len(), |blocks| {
        let begin = blocks * BLOCK;
        let rest = bytes.get(begin..).unwrap_or_default().iter();
        begin + rest.take_while(|byte| byte.is_ascii()).count()
    });
    bytes.get(..end).and_then(|plain| std::str::from_utf8(plain).ok()).unwrap_or_default()
}

/// The text without the blanks around it. Most texts have none, which their first and last byte say.
#[inline]
fn without_blanks(text: &str) -> &str {
    let is_graphic = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    let bytes = text.as_bytes();
    if is_graphic(bytes.first()) && is_graphic(bytes.last()) { text } else { text.trim() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_what_the_repertoire_makes_of_its_bytes(text in "[A é\u{a0}Ã©]{0,400}", cuts in proptest::collection::vec(0_usize..400, 0..20)) {
            let latin: Vec<u8> = text.chars().map(|character| u8::try_from(character).unwrap()).collect();
            for (repertoire, bytes) in [(Repertoire::Unoc, latin.as_slice()), (Repertoire::Unoy, text.as_bytes())] {
                let (before, store) = ([b"before ", bytes].concat(), TextStore::default());
                let mut texts = Texts::new(&before, repertoire, &store);
                for pair in cuts.windows(2) {
                    let (start, end) = (pair[0].min(pair[1]).min(bytes.len()), pair[0].max(pair[1]).min(bytes.len()));
                    let found = texts.text(7 + start..7 + end);
                    let expected = repertoire.decode(&bytes[start..end]);
                    prop_assert_eq!(found, expected.trim());
                }
            }
        }
    }
}
